//! Rules P4 and P5: evaluation certificates, their common parameters, and what noise is left for the rest.

use crate::claims::statement::Statement;
use crate::core::fault::{Checked, Fault, Rule};
use crate::plan::document::{Activation, PlanDocument, Step};
use crate::plan::tables::{covers, Stand};
use crate::words::report::Report;

const PARAMETERS: Rule = Rule::Own("P4 parameters");
const NOISE: Rule = Rule::Own("P5 noise");

/// What the evaluation certificates of a plan share.
#[derive(Debug, Default)]
pub(crate) struct Evaluations {
    pub(crate) parameters_sha256: Option<String>,
    pub(crate) security: Option<String>,
    /// The least k of all: each holds but for a probability of 2^-k.
    pub(crate) k: Option<u64>,
    /// Activations that have one.
    pub(crate) count: usize,
    /// The greatest level of the parameters.
    pub(crate) levels: u64,
    /// What the certificates assume, and what inputs they are about.
    pub(crate) assumed: Vec<String>,
    pub(crate) inputs: Vec<String>,
    /// Of them those that are refreshed inside, or of a max-pooling: their certificate is of one passage of one input.
    pub(crate) elsewhere: usize,
}

fn fail<T>(rule: Rule, activation: &Activation, detail: &str) -> Checked<T> {
    Err(Fault::rejected(
        rule,
        format!("{}: {detail}", activation.name),
    ))
}

/// Proves that an evaluation certificate is about what stands at an activation, with no more levels and no more noise.
///
/// # Errors
/// A rejection that names the activation.
pub(crate) fn prove(
    document: &PlanDocument,
    activation: &Activation,
    (stand, is_pool, step): (&Stand, bool, &Step),
    report: &Report,
    found: &mut Evaluations,
) -> Checked<()> {
    let Some(noise) = &activation.noise else {
        return Err(Fault::internal("noise"));
    };
    let Some(decrypted) = report.decrypted() else {
        return fail(PARAMETERS, activation, "its evaluation certificate is none");
    };
    if decrypted.is_refreshed() {
        return fail(
            PARAMETERS,
            activation,
            "its evaluation certificate is about refreshed inputs, which a plan counts apart",
        );
    }
    if report.table_sha256() != activation.table_sha256 {
        return fail(
            PARAMETERS,
            activation,
            "its evaluation certificate is of another table",
        );
    }
    if !decrypted.is_of_whole_domain() {
        return fail(
            PARAMETERS,
            activation,
            "its evaluation certificate is about a part of the domain",
        );
    }
    let function = report.target().function;
    if stand.evaluated != Some(function) {
        return fail(
            PARAMETERS,
            activation,
            "its evaluation certificate is about another function",
        );
    }
    if let Some(Statement::Lines { parts, .. }) = report.statements().get(report.target().cites) {
        if !covers(parts, &activation.b) {
            return fail(
                PARAMETERS,
                activation,
                "its evaluation certificate is not about all of [-B, B]",
            );
        }
    }
    match &found.parameters_sha256 {
        None => {
            found.parameters_sha256 = Some(decrypted.parameters_sha256.clone());
            found.security = Some(decrypted.security.clone());
        }
        Some(first) if *first == decrypted.parameters_sha256 => {}
        Some(_) => {
            return fail(
                PARAMETERS,
                activation,
                "its evaluation certificate has other parameters than those before",
            )
        }
    }
    let planned = stand.block.levels();
    let (from, to) = decrypted.levels;
    if from - to > planned {
        let detail = format!(
            "its circuit takes {} levels, where {planned} are planned",
            from - to
        );
        return fail(PARAMETERS, activation, &detail);
    }
    // Elsewhere the noise may be another: it depends on the modulus that is left.
    let once = !is_pool && step.inside.is_empty();
    if once && (from > step.enter || to < step.leave) {
        let detail = format!(
            "its circuit goes from level {from} to {to}, where it begins at {} and ends at {}",
            step.enter, step.leave
        );
        return fail(PARAMETERS, activation, &detail);
    }
    found.elsewhere += usize::from(!once);
    found.levels = decrypted.top;
    for text in decrypted.assumptions() {
        if !found.assumed.contains(text) {
            found.assumed.push(text.clone());
        }
    }
    if !found.inputs.contains(&decrypted.input) {
        found.inputs.push(decrypted.input.clone());
    }
    found.count += 1;
    found.k = match (found.k, decrypted.k) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    // In units of B. A direct table on [-B, B] is evaluated as it is; a certificate of a composite for one B holds for every
    // other in units of it (EVALUATION.md, section 1).
    let unit = match stand.is_direct {
        true => &activation.b,
        false => &report.target().scale,
    };
    if decrypted.noise > noise.proved.times(unit) {
        return fail(
            NOISE,
            activation,
            "the stated noise is below what its certificate proves",
        );
    }
    let Some(rest) = &document.rest else {
        return fail(
            NOISE,
            activation,
            "no `rest` is stated for what linear layers and bootstraps add",
        );
    };
    if noise.proved.plus(rest) > noise.allowed {
        return fail(
            NOISE,
            activation,
            "its noise, with what linear layers and bootstraps may add, is above what is allowed",
        );
    }
    Ok(())
}
