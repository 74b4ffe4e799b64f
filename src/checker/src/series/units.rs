//! What every file of this room needs: the rule's name, and rounding up.

use crate::core::fault::{Checked, Fault, Rule};
use num_bigint::BigInt;

/// The rule's name.
pub(crate) const SERIES: Rule = Rule::Own("series");

/// A condition of the rule that is not met.
pub(crate) fn fail<T>(detail: impl Into<String>) -> Checked<T> {
    Err(Fault::rejected(SERIES, detail))
}

/// Says where a condition of the rule, or R1 or R2, is not met.
pub(crate) fn placed(fault: Fault, place: &str) -> Fault {
    match fault {
        Fault::Rejected {
            claim,
            rule: rule @ Rule::Own("series" | "stages"),
            detail,
        } => Fault::Rejected {
            claim,
            rule,
            detail: format!("{place}: {detail}"),
        },
        other => other.inside(place),
    }
}

/// x/2^shift rounded up.
pub(crate) fn shift_up(x: BigInt, shift: u64) -> BigInt {
    -(-x >> shift)
}
