//! Rule B1: what the parameters of a bootstrapping must be, and what is said of the sparse secret.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::parameters::Parameters;
use crate::evaluation::refresh::document::{Refresh, Waiver};
use num_bigint::BigInt;
use num_traits::One;

const RULE: Rule = Rule::Own("B1 parameters");
/// The least weight of the sparse secret, and log2 of the largest modulus under it, unless no security is claimed.
const MIN_WEIGHT: u64 = 32;
const MAX_LOG2: u64 = 100;

/// q_0 p_0: everything under the sparse secret is modulo that.
fn modulus(parameters: &Parameters) -> BigInt {
    BigInt::from(parameters.first()) * parameters.p.first().copied().unwrap_or(1)
}

/// # Errors
/// A rejection of parameters that a bootstrapping as described cannot have.
pub(crate) fn check(parameters: &Parameters, refresh: &Refresh) -> Checked<()> {
    let fail = |text: String| Err(Fault::rejected(RULE, text));
    if parameters.present(0).len() != 1 {
        return fail("level 0 has not one prime: the modulus is raised from one".to_owned());
    }
    let first = parameters.p.first().copied().unwrap_or(1);
    if parameters.first() > first.saturating_mul(2) {
        return fail(
            "q_0 is more than twice p_0, which the switch to the sparse secret takes".to_owned(),
        );
    }
    if refresh.unit > Rational::raw(3.into(), 4.into()) {
        return fail("the unit of the sine is above 3/4".to_owned());
    }
    let modulus = modulus(parameters);
    let good = parameters.log_n == 16
        && refresh.weight >= MIN_WEIGHT
        && modulus <= BigInt::one() << MAX_LOG2;
    if !good && refresh.waiver == Waiver::Encapsulated32 {
        return fail(format!(
            "encapsulated-32 is for log_n 16, weight >= {MIN_WEIGHT}, q_0 p_0 <= 2^{MAX_LOG2}: these are {}, {} and {} bits",
            parameters.log_n,
            refresh.weight,
            modulus.bits()
        ));
    }
    Ok(())
}

/// What is said of the sparse secret beside the tables.
pub(crate) fn sentence(parameters: &Parameters, refresh: &Refresh) -> String {
    let bits = modulus(parameters).bits();
    match refresh.waiver {
        Waiver::Encapsulated32 => format!(
            "the ephemeral secret of weight {}, modulo {bits} bits, is OUTSIDE of the tables (waiver encapsulated-32; ePrint \
             2022/024): the security that is named is that of the main secret",
            refresh.weight
        ),
        Waiver::Insecure => "INSECURE: no security is claimed of the ephemeral secret".to_owned(),
    }
}
