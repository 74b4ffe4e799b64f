//! Rules P6 and P8: which inputs a plan was chosen on, which it is stated on, and what is certified of the latter.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::network::report::NetworkReport;
use crate::plan::document::{Certified, PlanDocument};
use crate::plan::tables::Stand;
use std::collections::HashSet;

const DISJOINT: Rule = Rule::Own("P8 inputs");
const CERTIFIED: Rule = Rule::Own("P6 certified inputs");

/// Stated inputs that chose the plan too, and those that are the same as another one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repeated {
    pub(crate) chose: u64,
    pub(crate) all: u64,
}

/// Counts the stated inputs that are no new ones, and holds the count against the stated one.
///
/// Of independent draws some may be equal, so that this is no error; but it is said.
///
/// # Errors
/// A rejection where another number is stated, or where every stated input chose the plan.
pub(crate) fn repeated(document: &PlanDocument) -> Checked<Repeated> {
    let chose: HashSet<&str> = document.selected.iter().map(String::as_str).collect();
    let mut seen = chose.clone();
    let mut found = Repeated { chose: 0, all: 0 };
    for input in &document.stated {
        found.chose += u64::from(chose.contains(input.as_str()));
        found.all += u64::from(!seen.insert(input));
    }
    if found.chose == document.stated.len() as u64 {
        let detail = "every stated input chose the plan: nothing is said of others";
        return Err(Fault::rejected(DISJOINT, detail));
    }
    if found.all != document.repeated {
        let detail = format!(
            "{} stated inputs are the same as another one, and {} is stated",
            found.all, document.repeated
        );
        return Err(Fault::rejected(DISJOINT, detail));
    }
    Ok(found)
}

/// Proves that a network certificate is about this plan's twin and about a stated input; whether its class stays under the
/// noise that is allowed at every activation.
///
/// # Errors
/// A rejection that names the certificate.
pub(crate) fn certified(
    document: &PlanDocument,
    stands: &[Stand],
    row: &Certified,
    report: &NetworkReport,
) -> Checked<bool> {
    let fail = |detail: String| {
        let path = &row.certificate.path;
        Err(Fault::rejected(CERTIFIED, format!("{path}: {detail}")))
    };
    if report.network_sha256 != document.network.sha256 {
        return fail("it is about another network".to_owned());
    }
    if report.input_sha256 != row.input_sha256 {
        return fail("it is about another input than is listed".to_owned());
    }
    if report.class != row.class {
        return fail(format!("it answers class {}", report.class));
    }
    if !document.stated.contains(&row.input_sha256) {
        return fail("its input is none of those that state".to_owned());
    }
    if report.uses.len() != document.activations.len() {
        return fail("it has not the plan's tables".to_owned());
    }
    let one = Rational::integer(1);
    let rows = document.activations.iter().zip(stands).zip(&report.uses);
    for ((activation, stand), (table, function, b)) in rows.clone() {
        let own = if stand.is_direct { &one } else { &activation.b };
        // The digest does not cover what a table stands for: p itself is another twin than x (1 + p)/2.
        let same = match stand.is_direct {
            true => *function == stand.function,
            false => !function.is_of_p_itself(),
        };
        if *table != activation.table_sha256 || b != own || !same {
            let detail = "it has another table, for another function or another B at ";
            return fail(format!("{detail}{}", activation.name));
        }
    }
    // A level in the activation's own unit: B of a composite, 1 of a table that is the function itself.
    let allowed = |level: &Vec<Rational>| {
        let mut all = rows.clone().zip(level);
        level.len() == document.activations.len()
            && all.all(|(((activation, stand), _), w)| {
                let allowed = activation.noise.as_ref().map(|n| match stand.is_direct {
                    true => n.allowed.times(&activation.b),
                    false => n.allowed.clone(),
                });
                allowed.is_some_and(|allowed| *w >= allowed)
            })
    };
    Ok(report.standing.iter().any(allowed))
}

/// Every certified input once.
///
/// # Errors
/// A rejection that names the certificate.
pub(crate) fn once(document: &PlanDocument) -> Checked<()> {
    let mut seen = HashSet::new();
    match document
        .certified
        .iter()
        .find(|row| !seen.insert(&row.input_sha256))
    {
        Some(row) => Err(Fault::rejected(
            CERTIFIED,
            format!("{}: its input is certified twice", row.certificate.path),
        )),
        None => Ok(()),
    }
}
