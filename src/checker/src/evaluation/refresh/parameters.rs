//! Rule B1: what the parameters of a bootstrapping must be, and what is said of the sparse secret.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::parameters::Parameters;
use crate::evaluation::refresh::document::Refresh;
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
    if !good && !parameters.claims_nothing() {
        return fail(format!(
            "a sparse secret of weight {} modulo {} bits at log_n {}: weight {MIN_WEIGHT} or more, 2^{MAX_LOG2} and log_n 16 \
             are taken, or no security is claimed (waiver insecure)",
            refresh.weight,
            modulus.bits(),
            parameters.log_n
        ));
    }
    Ok(())
}

/// What is said of the sparse secret beside the tables.
pub(crate) fn sentence(parameters: &Parameters, refresh: &Refresh) -> String {
    format!(
        "the ephemeral secret of weight {}, modulo {} bits, is outside of the tables (ePrint 2022/024)",
        refresh.weight,
        modulus(parameters).bits()
    )
}
