//! Rules P4 and P5: evaluation certificates, their common parameters, and what noise is left for the rest.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::plan::document::{Activation, PlanDocument};
use crate::plan::tables::Stand;
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
    stand: &Stand,
    report: &Report,
    found: &mut Evaluations,
) -> Checked<()> {
    let Some(noise) = &activation.noise else {
        return Err(Fault::internal("noise"));
    };
    let Some(decrypted) = report.decrypted() else {
        return fail(PARAMETERS, activation, "its evaluation certificate is none");
    };
    if report.table_sha256() != activation.table_sha256 {
        return fail(
            PARAMETERS,
            activation,
            "its evaluation certificate is of another table",
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
    if decrypted.levels > planned {
        let detail = format!(
            "its circuit takes {} levels, where {planned} are planned",
            decrypted.levels
        );
        return fail(PARAMETERS, activation, &detail);
    }
    found.count += 1;
    found.k = match (found.k, decrypted.k) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    // Noise in units of B: of a direct table on [-B, B] its own unit is 1; of a composite it is the target's scale, and an
    // evaluation with another scale is of another circuit.
    let scale = match stand.is_direct {
        true => Rational::integer(1),
        false => report.target().scale.clone(),
    };
    if !stand.is_direct && scale != activation.b {
        return fail(
            NOISE,
            activation,
            "its evaluation certificate has another B",
        );
    }
    let units = noise.proved.times(&activation.b);
    if decrypted.noise > units {
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
