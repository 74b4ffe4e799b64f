//! One component of a composite: a basis, an affine input map, exact coefficients.

use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use rug::{Integer, Rational};

/// Most coefficients of a component (degree 255).
pub const MAX_COEFFICIENTS: usize = 256;

/// The polynomials that coefficients multiply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// u^j.
    Power,
    /// T_j(u), Chebyshev polynomials of the first kind.
    Chebyshev,
}

impl Basis {
    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Chebyshev => "chebyshev",
        }
    }
}

/// P(y) = sum_j c_j phi_j(scale y + offset), phi_j of the basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The basis phi.
    pub basis: Basis,
    /// Factor of the input map; not 0.
    pub scale: Rational,
    /// Offset of the input map.
    pub offset: Rational,
    /// c_j, from degree 0 upwards; 1 to [`MAX_COEFFICIENTS`] of them.
    pub coefficients: Vec<Rational>,
}

impl Component {
    /// A component without input map.
    pub fn new(basis: Basis, coefficients: Vec<Rational>) -> Self {
        Self {
            basis,
            scale: Rational::from(1),
            offset: Rational::new(),
            coefficients,
        }
    }

    /// The caps and conditions that a file must hold to.
    ///
    /// # Errors
    /// No or too many coefficients, or an input map of scale 0.
    pub fn validate(&self) -> Result<()> {
        let n = self.coefficients.len();
        if n == 0 || n > MAX_COEFFICIENTS {
            return Err(Error::parse(
                "coefficients",
                format!(
                    "{n} coefficients; from 1 to {MAX_COEFFICIENTS} are accepted (degree {})",
                    MAX_COEFFICIENTS - 1
                ),
            ));
        }
        if self.scale.is_zero() {
            return Err(Error::parse(
                "input_map.scale",
                "is 0; the input would not matter",
            ));
        }
        Ok(())
    }

    /// Nominal degree: the number of coefficients less one.
    pub fn degree(&self) -> usize {
        self.coefficients.len().saturating_sub(1)
    }

    /// The same polynomial in powers of y, after each coefficient was held as `mode` says.
    ///
    /// **Guarantee** exact, but for the rounding that `mode` names. Trailing zeros are removed.
    ///
    /// # Errors
    /// A coefficient overflows the format of `mode`.
    pub fn powers(&self, mode: CoefficientMode) -> Result<Vec<Rational>> {
        let held: Vec<Rational> = self
            .coefficients
            .iter()
            .enumerate()
            .map(|(j, c)| {
                mode.round(c)
                    .map_err(|e| Error::parse(format!("coefficients[{j}]"), e.to_string()))
            })
            .collect::<Result<_>>()?;
        let in_u = match self.basis {
            Basis::Power => held,
            Basis::Chebyshev => chebyshev_to_power(&held),
        };
        let mut out = if self.scale == 1u32 && self.offset.is_zero() {
            in_u
        } else {
            substitute(&in_u, &self.scale, &self.offset)
        };
        while out.len() > 1 && out.last().is_some_and(Rational::is_zero) {
            out.pop();
        }
        Ok(out)
    }
}

/// Chebyshev to power coefficients by Clenshaw's recurrence on polynomials:
/// b_j = c_j + 2u b_(j+1) - b_(j+2), sum = c_0 + u b_1 - b_2.
///
/// Over a common denominator, since the recurrence itself has integer factors only: integers need no
/// greatest common divisor at each of the n^2/2 steps.
fn chebyshev_to_power(c: &[Rational]) -> Vec<Rational> {
    let n = c.len();
    let (numerators, denominator) = over_common_denominator(c);
    let (mut b1, mut b2) = (vec![Integer::new(); n + 1], vec![Integer::new(); n + 1]);
    for (j, numerator) in numerators.iter().enumerate().rev() {
        // b2 becomes the next b1: each place is read just before it is overwritten.
        let double = u32::from(j > 0);
        for i in (0..n).rev() {
            b2[i + 1] = Integer::from(&b1[i] << double) - &b2[i + 1];
        }
        b2[0] = Integer::from(numerator - &b2[0]);
        std::mem::swap(&mut b1, &mut b2);
    }
    b1.truncate(n);
    b1.into_iter()
        .map(|v| Rational::from((v, denominator.clone())))
        .collect()
}

/// Numerators over the least common denominator, and that denominator.
pub fn over_common_denominator(c: &[Rational]) -> (Vec<Integer>, Integer) {
    let mut common = Integer::from(1);
    for c in c {
        common.lcm_mut(c.denom());
    }
    let over = |c: &Rational| Integer::from(&common / c.denom()) * c.numer();
    (c.iter().map(over).collect(), common)
}

/// Coefficients of P(a y + b) from those of P.
fn substitute(p: &[Rational], a: &Rational, b: &Rational) -> Vec<Rational> {
    let mut shifted = if b.is_zero() { p.to_vec() } else { shift(p, b) };
    let mut power = Rational::from(1);
    for c in &mut shifted {
        *c *= &power;
        power *= a;
    }
    shifted
}

/// Coefficients of P(u + b), by Horner's scheme on polynomials.
fn shift(p: &[Rational], b: &Rational) -> Vec<Rational> {
    let mut out: Vec<Rational> = Vec::with_capacity(p.len());
    for c in p.iter().rev() {
        // out <- out * (u + b) + c
        out.push(Rational::new());
        for i in (0..out.len()).rev() {
            out[i] *= b;
            if i > 0 {
                let (low, high) = out.split_at_mut(i);
                high[0] += &low[i - 1];
            }
        }
        out[0] += c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(values: &[i32]) -> Vec<Rational> {
        values.iter().map(|&v| Rational::from(v)).collect()
    }

    #[test]
    fn chebyshev_polynomials_in_powers() {
        for (c, want) in [
            (q(&[0, 0, 1]), q(&[-1, 0, 2])),
            (q(&[0, 0, 0, 1]), q(&[0, -3, 0, 4])),
            (q(&[0, 0, 0, 0, 1]), q(&[1, 0, -8, 0, 8])),
            (q(&[5]), q(&[5])),
            (q(&[1, 2]), q(&[1, 2])),
        ] {
            assert_eq!(
                Component::new(Basis::Chebyshev, c)
                    .powers(CoefficientMode::Exact)
                    .unwrap(),
                want
            );
        }
    }

    #[test]
    fn input_map_is_substituted_exactly() {
        let mut p = Component::new(Basis::Power, q(&[1, 0, 1]));
        p.scale = Rational::from((1, 2));
        p.offset = Rational::from(3);
        // 1 + (y/2 + 3)^2 = 10 + 3y + y^2/4
        assert_eq!(
            p.powers(CoefficientMode::Exact).unwrap(),
            [
                Rational::from(10),
                Rational::from(3),
                Rational::from((1, 4))
            ]
        );
    }

    #[test]
    fn caps() {
        assert!(Component::new(Basis::Power, vec![]).validate().is_err());
        assert!(Component::new(Basis::Power, q(&[0; 257]))
            .validate()
            .is_err());
        let mut p = Component::new(Basis::Power, q(&[1]));
        p.scale = Rational::new();
        assert!(p.validate().is_err());
    }
}
