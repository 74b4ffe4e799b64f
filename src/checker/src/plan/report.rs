//! Rule P9: what a plan proves, what it assumes and what it estimates, in this order and never in one line.

use crate::core::budget::Budget;
use crate::core::fault::Checked;
use crate::core::number::Rational;
use crate::plan::document::{PlanDocument, Share};
use crate::plan::inputs::Repeated;
use crate::plan::noise::Evaluations;
use crate::words::judged::Judged;
use crate::words::numerals::Numerals;
use std::fmt;

/// The result of a plan's check.
pub type PlanOutcome = Judged<PlanReport>;

/// What a plan proves, and what not.
#[derive(Debug)]
pub struct PlanReport {
    headline: String,
    proved: Vec<String>,
    /// What the producer's audit found; its digest is right, its verdicts are not checked.
    reported: Vec<String>,
    assumed: Vec<String>,
    estimates: Vec<String>,
}

fn interval(share: &Share, risk: &Rational, n: &Numerals) -> Checked<String> {
    let confidence = Rational::integer(1).plus(&risk.negated());
    Ok(format!(
        "share in [{}, {}] with confidence {}",
        n.decimal(&share.lo, false)?,
        n.decimal(&share.hi, true)?,
        n.down(&confidence)?
    ))
}

/// The statement.
///
/// # Errors
/// Numbers that are too long to be written.
pub(crate) fn report(
    document: PlanDocument,
    evaluations: &Evaluations,
    repeated: &Repeated,
    under_noise: usize,
) -> Checked<PlanReport> {
    let budget = Budget::new();
    let n = Numerals(&budget);
    let (stated, certified) = (document.stated.len(), document.certified.len());
    let mut proved = vec![
        "every polynomial is within its error of its function on [-B, B]; coefficients exact"
            .to_owned(),
    ];
    for row in &document.activations {
        let mut line = format!(
            "  {}: B = {}, error at most {}, {} levels",
            quoted(&row.name),
            n.full(&row.b)?,
            n.up(&row.error)?,
            row.levels
        );
        if let Some(noise) = &row.noise {
            line += &format!(
                "; noise at most {} B, {} B allowed",
                n.up(&noise.proved)?,
                n.down(&noise.allowed)?
            );
        }
        proved.push(line);
    }
    proved.push(format!(
        "levels suffice: from level {} at most, refreshed at level {} or above",
        document.top, document.refresh_from
    ));
    let all = document.activations.len();
    if evaluations.count > 0 {
        let chance = match evaluations.k {
            Some(k) => format!(", each but for a probability of 2^-{k}"),
            None => ", whatever is drawn".to_owned(),
        };
        proved.push(format!(
            "noise of encrypted evaluation as listed, at {} of {all} activations on inputs as their certificates say{chance}; {}",
            evaluations.count,
            evaluations.security.as_deref().unwrap_or("")
        ));
    }
    if certified > 0 {
        proved.push(format!(
            "class stays on {certified} of the {stated} stated inputs, by certificates"
        ));
    }
    if under_noise > 0 {
        proved.push(format!(
            "class stays on {under_noise} of them under all noise that is allowed"
        ));
    }
    let audit = &document.audit;
    let (same, outside) = (
        interval(&document.same, &document.risk, &n)?,
        interval(&document.outside, &document.risk, &n)?,
    );
    let file = quoted(&audit.file.path);
    let mut reported = Vec::new();
    let every = certified == stated && audit.same == stated as u64;
    let lines = [
        format!(
            "class stays on {} of {stated} stated inputs: {same}",
            audit.same
        ),
        format!(
            "outside [-B, B] on {} of {stated}: {outside}",
            audit.outside
        ),
    ];
    // A certificate proves of its input both the class and that nothing is asked outside.
    match every && audit.inside == stated as u64 {
        true => proved.extend(lines),
        false => {
            reported.extend(lines);
            reported.push(format!(
                "by the producer's audit, {file}: the intervals follow from these numbers, and the numbers are not checked{}",
                match certified {
                    0 => String::new(),
                    n => format!(" but for {n} inputs"),
                }
            ));
        }
    }
    Ok(PlanReport {
        headline: format!(
            "a plan: {all} activations with {} levels, {} bootstraps, greatest level {}; exact network sha256 {}",
            document.levels, document.bootstraps, document.top, document.network.sha256
        ),
        proved,
        reported,
        assumed: assumptions(&document, evaluations, repeated, (under_noise, &n))?,
        estimates: document.estimates,
    })
}

/// Text of the producer's, which is not to be taken for the checker's.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "'"))
}

/// What nothing here proves.
fn assumptions(
    document: &PlanDocument,
    evaluations: &Evaluations,
    repeated: &Repeated,
    (under_noise, n): (usize, &Numerals),
) -> Checked<Vec<String>> {
    let mut draws =
        "the stated inputs are drawn independently of each other and of those that chose the plan"
            .to_owned();
    if repeated.all > 0 {
        draws += &format!(
            ", though {} of them are the same as another one ({} chose the plan)",
            repeated.all, repeated.chose
        );
    }
    let mut all = vec![
        draws,
        "the exact network is the user's".to_owned(),
        "linear layers take the levels that PLAN.md lists, by a layout that does so".to_owned(),
    ];
    let activations = document.activations.len();
    if evaluations.count < activations {
        all.push(format!(
            "{} activations take no more levels than polynomials of least depth: ceil(log2(degree + 1)) for each stage, one for the product",
            activations - evaluations.count
        ));
        all.push(format!(
            "what {} activations, linear layers and bootstraps add as noise leaves the class",
            activations - evaluations.count
        ));
    }
    if evaluations.elsewhere > 0 {
        all.push(format!(
            "{} activations that are refreshed inside or are max-poolings add no more noise than their certificates say of one passage of one input",
            evaluations.elsewhere
        ));
    }
    if let Some(rest) = document.rest.as_ref().filter(|_| evaluations.count > 0) {
        // A hypothesis is rounded down: less is assumed than was used.
        all.push(format!(
            "linear layers, bootstraps and inputs that are noisier than certificates say add at most {} B at each activation; certificates are about {}",
            n.down(rest)?,
            evaluations.inputs.join("; or ")
        ));
    }
    if evaluations.count > 0 {
        all.push(
            "a value comes to each activation at the scale at which its certificate begins: a linear layer or a bootstrap between two \
             activations brings it there"
                .to_owned(),
        );
    }
    if evaluations.count == activations && under_noise < document.stated.len() {
        all.push(format!(
            "noise that is allowed leaves the class on {} of the stated inputs, for which no certificate says so",
            document.stated.len() - under_noise
        ));
    }
    all.push(
        "noise behind the last activation, and of the network's own polynomials, leaves the class"
            .to_owned(),
    );
    if evaluations.count > 0 && document.top > evaluations.levels {
        all.push(format!(
            "certificates are of a chain of {} levels, and the plan's has {}",
            evaluations.levels, document.top
        ));
    }
    all.extend(
        evaluations
            .assumed
            .iter()
            .map(|text| format!("of evaluation certificates: {text}")),
    );
    all.push("refreshing a value changes nothing but its level and its noise".to_owned());
    Ok(all)
}

impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VERIFIED {}", self.headline)?;
        let groups = [
            ("PROVED  ", &self.proved),
            ("REPORTED", &self.reported),
            ("ASSUMED ", &self.assumed),
            ("ESTIMATE", &self.estimates),
        ];
        for (word, lines) in groups {
            for line in lines {
                write!(f, "\n  {word}  {line}")?;
            }
        }
        Ok(())
    }
}
