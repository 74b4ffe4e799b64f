//! Rule E3: what one operation adds at any slot, as exact numbers rounded up.
//!
//! Derivations are in `EVALUATION.md`, section 3. A rounding of N coefficients to the nearest is at most
//! 0.3184 N at any root of unity; sub-Gaussian sums exceed `sqrt(2 x V N/2)` with probability
//! `e x e^-x <= 2^-kappa` at most.

use crate::core::number::Rational;
use crate::evaluation::parameters::Parameters;
use num_bigint::BigInt;
use num_traits::One;

/// Events of one operation at one slot, at most.
pub(crate) const EVENTS: u64 = 8;
/// Coefficients of a rounding that may be off by one unit.
pub(crate) const STRAYS: u64 = 3;
/// Largest kappa that STRAYS was derived for.
pub(crate) const MAX_KAPPA: u64 = 90;
/// Fractional bits of square roots.
const ROOT_BITS: u64 = 64;

/// What is promised of every operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    WorstCase,
    /// But for probability 2^-kappa each event.
    HighProbability(u64),
}

/// The bounds of one parameter set.
#[derive(Debug)]
pub(crate) struct OperationNoise<'a> {
    parameters: &'a Parameters,
    tier: Tier,
    n: Rational,
}

fn ratio(n: u64, d: u64) -> Rational {
    Rational::raw(n.into(), d.into())
}

fn one() -> Rational {
    ratio(1, 1)
}

/// A square root, rounded up.
fn root(x: &Rational) -> Rational {
    let scaled = x.ceil_at(2 * ROOT_BITS);
    Rational::dyadic(scaled.sqrt() + 1u32, ROOT_BITS)
}

/// Bits of each event, so that `operations` operations at N/2 slots fail with probability 2^-k together.
pub(crate) fn kappa(k: u64, operations: u64, log_n: u64) -> u64 {
    let events = operations.max(1).saturating_mul(EVENTS);
    let bits = u64::from(u64::BITS - events.saturating_sub(1).leading_zeros());
    k + bits + log_n.saturating_sub(1)
}

/// x with `e x e^-x <= 2^-kappa`: kappa ln 2 + 1 + m ln 2 for an m with x <= 2^m.
pub(crate) fn exponent(kappa: u64) -> Rational {
    let ln2 = ratio(6_931_472, 10_000_000);
    let mut m = 0u64;
    loop {
        let x = ratio(kappa + m, 1).times(&ln2).plus(&one());
        if x <= Rational::integer(BigInt::one() << m) || m >= 64 {
            return x.reduced();
        }
        m += 1;
    }
}

impl<'a> OperationNoise<'a> {
    pub(crate) fn new(parameters: &'a Parameters, tier: Tier) -> Self {
        Self {
            parameters,
            tier,
            n: Rational::integer(BigInt::one() << parameters.log_n),
        }
    }

    /// A rounding to the nearest, any coefficients or uniform ones.
    pub(crate) fn rounding(&self) -> Rational {
        match self.tier {
            Tier::WorstCase => self.any_rounding(),
            Tier::HighProbability(kappa) => {
                root(&exponent(kappa).times(&self.n).times(&ratio(2, 24)))
            }
        }
    }

    /// A rounding to the nearest, any coefficients.
    fn any_rounding(&self) -> Rational {
        self.n.times(&ratio(3_184, 10_000))
    }

    /// A rounding that is not quite to the nearest, any coefficients.
    pub(crate) fn any_stray_rounding(&self) -> Rational {
        let more = one().plus(&Rational::dyadic(BigInt::one(), 28));
        self.any_rounding().times(&more)
    }

    /// A rounding that is not quite to the nearest, any coefficients or uniform ones.
    fn stray_rounding(&self) -> Rational {
        match self.tier {
            Tier::WorstCase => self.any_stray_rounding(),
            Tier::HighProbability(_) => self.rounding().plus(&ratio(STRAYS, 1)),
        }
    }

    /// An error polynomial.
    fn error(&self) -> Rational {
        let cbd = self.parameters.cbd;
        match self.tier {
            Tier::WorstCase => self.any_rounding().times(&ratio(2 * cbd, 1)),
            Tier::HighProbability(kappa) => {
                root(&exponent(kappa).times(&ratio(cbd, 2)).times(&self.n))
            }
        }
    }

    /// The square of the largest |s(zeta)|.
    fn secret_squared(&self) -> Rational {
        self.parameters.weight.times(&ratio(18, 1))
    }

    /// 1 + |s(zeta)|.
    pub(crate) fn with_secret(&self) -> Rational {
        one().plus(&root(&self.secret_squared()))
    }

    /// Encoding and encryption by the public key.
    pub(crate) fn fresh_public(&self) -> Rational {
        self.zero().plus(&self.any_rounding())
    }

    /// Encoding, and encryption of zero by the public key mod Q P, divided by P with rounding.
    pub(crate) fn fresh_public_extended(&self) -> Rational {
        let p = Rational::integer(Parameters::product(&self.parameters.p));
        let divided = self.zero().over(&p).plus(&self.rescale());
        divided.plus(&self.any_rounding())
    }

    /// An encryption of zero by the public key, before any division.
    fn zero(&self) -> Rational {
        match self.tier {
            Tier::WorstCase => {
                let v = self.any_rounding().times(&ratio(2, 1));
                self.error().times(&v.plus(&self.with_secret()))
            }
            Tier::HighProbability(kappa) => {
                let given = one().plus(&self.secret_squared()).times(&ratio(3, 2));
                let sum = ratio(kappa, 1)
                    .times(&ratio(6_931_472, 10_000_000))
                    .plus(&ratio(5_103, 1_000))
                    .plus(&given.over(&self.n).times(&ratio(9_025, 10_000)));
                let a = root(&ratio(self.parameters.cbd, 12)).times(&self.n);
                a.times(&sum).over(&ratio(931, 1_000))
            }
        }
    }

    /// Encoding and encryption by the secret key.
    pub(crate) fn fresh_secret(&self) -> Rational {
        self.error().plus(&self.any_rounding())
    }

    /// A rescale.
    pub(crate) fn rescale(&self) -> Rational {
        self.stray_rounding().times(&self.with_secret())
    }

    /// A key switch at a level.
    pub(crate) fn key_switch(&self, level: usize) -> Rational {
        let rounded = self.any_stray_rounding().times(&self.with_secret());
        self.switched(level).plus(&rounded)
    }

    /// sum_j d_j e_j/P of a key switch at a level.
    pub(crate) fn switched(&self, level: usize) -> Rational {
        let digits: Vec<Rational> = (self.parameters.digits_at(level).into_iter())
            .map(|digit| Rational::integer(Parameters::product(digit)))
            .collect();
        let zero = Rational::integer(0);
        let p = Rational::integer(Parameters::product(&self.parameters.p));
        // Digits of any polynomial, of which the errors of the keys are independent (EVALUATION.md, section 3).
        let widths = match self.tier {
            Tier::WorstCase => digits.iter().fold(zero, |sum, q| sum.plus(q)),
            Tier::HighProbability(_) => {
                root(&digits.iter().fold(zero, |sum, q| sum.plus(&q.times(q))))
            }
        };
        let each = self.any_stray_rounding().times(&self.error());
        each.times(&widths).over(&p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_meets_its_inequality() {
        // 1 + ln x <= x - kappa ln 2, with 2^m >= x for ln x.
        for kappa in [30, 60, 90] {
            let x = exponent(kappa);
            let m = (0..64)
                .find(|m| x <= Rational::integer(BigInt::one() << *m))
                .unwrap();
            // ln 2 < 0.6931472, so this is more than is needed.
            let ln2 = ratio(6_931_472, 10_000_000);
            let left = one().plus(&ratio(m, 1).times(&ln2));
            let right = x.plus(&ratio(kappa, 1).times(&ln2).negated());
            assert!(left <= right, "{kappa}");
        }
        assert_eq!(kappa(40, 1, 13), 55);
    }

    #[test]
    fn roots_are_rounded_up() {
        for x in [ratio(2, 1), ratio(1, 3), ratio(144, 1)] {
            let r = root(&x);
            assert!(r.times(&r) >= x);
            let less = r.plus(&Rational::dyadic((-2).into(), ROOT_BITS));
            assert!(less.times(&less) < x);
        }
    }
}
