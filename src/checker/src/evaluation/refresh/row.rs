//! Rule B4, second part: what an operation adds to one real number that depends on slots linearly.

use crate::core::number::Rational;
use crate::evaluation::noise::{exponent, OperationNoise, STRAYS};
use crate::evaluation::parameters::Parameters;
use crate::evaluation::refresh::upper::Upper;

/// Norms of the weights of slots, at most.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    one: Upper,
    two: Upper,
}

impl Row {
    /// 2^count weights of 2^-modulus.
    pub(crate) fn equal(count: u64, modulus: u64) -> Self {
        Self {
            one: Upper::power(count).halved(modulus),
            two: Upper::power(count).root().halved(modulus),
        }
    }

    /// One slot.
    pub(crate) fn slot() -> Self {
        Self::equal(0, 0)
    }
}

/// What operations add, in units of the ciphertext, but for 2^-kappa each event.
pub(crate) struct Added<'a> {
    parameters: &'a Parameters,
    noise: &'a OperationNoise<'a>,
    kappa: u64,
}

impl<'a> Added<'a> {
    pub(crate) fn new(
        parameters: &'a Parameters,
        noise: &'a OperationNoise<'a>,
        kappa: u64,
    ) -> Self {
        Self {
            parameters,
            noise,
            kappa,
        }
    }

    /// sum_j d_j e_j/P at a level.
    pub(crate) fn switched(&self, level: usize, row: &Row) -> Upper {
        Upper::of(&self.noise.switched(level)).times(&row.two)
    }

    /// A rounding to the nearest, of coefficients that nothing is known of: slot by slot, or by Cauchy and Schwarz
    /// N/sqrt 8 (1 + 2^-39) times the 2-norm.
    fn any(&self, row: &Row) -> Upper {
        let slots = Upper::of(&self.noise.any_stray_rounding()).times(&row.one);
        let energy = Upper::ratio(353_554, 1_000_000);
        let energy = energy.times(&Upper::power(self.parameters.log_n));
        slots.min(energy.times(&row.two))
    }

    /// The same of uniform coefficients (A1).
    fn uniform(&self, row: &Row) -> Upper {
        let own = Upper::of(&self.noise.rounding()).times(&row.two);
        let strays = row.one.scaled(STRAYS);
        own.plus(&strays).min(self.any(row))
    }

    fn with_secret(&self, x: &Upper) -> Upper {
        x.times(&Upper::of(&self.noise.with_secret()))
    }

    /// rho_0 + rho_1 s of a rescale.
    pub(crate) fn rescaled(&self, row: &Row) -> Upper {
        self.with_secret(&self.uniform(row))
    }

    /// A whole key switch.
    pub(crate) fn key_switch(&self, level: usize, row: &Row) -> Upper {
        let divided = self.with_secret(&self.any(row));
        self.switched(level, row).plus(&divided)
    }

    /// A coefficient of d e/p over q_0, d one digit within (1/2 + 2^-40) q_0.
    pub(crate) fn switched_coefficient(&self, p: &Rational) -> Upper {
        let x = Upper::ratio(self.kappa + 1, 1).times(&ln2());
        let spread = x.scaled(self.parameters.cbd);
        let spread = spread.times(&Upper::power(self.parameters.log_n)).root();
        half().times(&spread).over(p)
    }

    /// A coefficient of rho_0 + rho_1 s, `weight` coefficients of s in {-1, 1} at most, the others 0.
    pub(crate) fn divided_coefficient(&self, weight: u64) -> Upper {
        half().scaled(weight + 1)
    }

    /// |sum_i W_i t_i|/|W|_2 of 2n coefficients t_i = (c_1 s' + c_0)/q_0, c_1 uniform modulo q_0; `more` is what else is in t_i.
    pub(crate) fn spread(&self, weight: u64, log_values: u64, more: &Upper) -> Upper {
        let x = Upper::of(&exponent(self.kappa));
        let uniform = x.scaled(2).over(&Rational::integer(12)).root();
        let strays = Upper::ratio(weight, 1).root().scaled(STRAYS);
        let rest = half().plus(more).times(&Upper::power(log_values).root());
        uniform.scaled(weight).plus(&strays).plus(&rest)
    }
}

/// 1/2 + 2^-40.
fn half() -> Upper {
    Upper::ratio(1, 2).plus(&Upper::power(0).halved(40))
}

fn ln2() -> Upper {
    Upper::ratio(6_931_472, 10_000_000)
}
