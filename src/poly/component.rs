//! One component of a composite: a basis, an affine input map, exact coefficients.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use rug::{ops::Pow, Integer, Rational};

/// Most coefficients of a component (degree 255).
pub const MAX_COEFFICIENTS: usize = 256;
/// Most bits of the common denominator of a component in powers of y, and of its input map's powers:
/// exact arithmetic on more would take minutes, and no checker would follow it.
pub const MAX_COMMON_BITS: u64 = 1 << 15;

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

    /// Its lines in the digest of a table.
    pub(crate) fn digest(&self, text: &mut String) {
        let w = number::write_canonical;
        let (scale, offset) = (w(&self.scale), w(&self.offset));
        let (basis, count) = (self.basis.name(), self.coefficients.len());
        text.push_str(&format!("component {basis} {scale} {offset} {count}\n"));
        for coefficient in &self.coefficients {
            text.push_str(&w(coefficient));
            text.push('\n');
        }
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
    /// A coefficient overflows the format of `mode`; a basis or input map that would need numbers of
    /// more than [`MAX_COMMON_BITS`] bits.
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
        let mapped = self.scale != 1u32 || !self.offset.is_zero();
        let mut out = if self.basis == Basis::Power && !mapped {
            held
        } else {
            // Over one common denominator everything is exact integer arithmetic.
            let (mut c, mut common) = over_common_denominator(&held)?;
            if self.basis == Basis::Chebyshev {
                c = chebyshev_to_power(&c);
            }
            if mapped {
                common *= substitute(&mut c, &self.scale, &self.offset)?;
            }
            c.into_iter()
                .map(|n| Rational::from((n, common.clone())))
                .collect()
        };
        while out.len() > 1 && out.last().is_some_and(Rational::is_zero) {
            out.pop();
        }
        Ok(out)
    }
}

/// Integers n_j and d with c_j = n_j/d.
fn over_common_denominator(c: &[Rational]) -> Result<(Vec<Integer>, Integer)> {
    let mut common = Integer::from(1);
    for c in c {
        common.lcm_mut(c.denom());
        within_limit("coefficients", "the common denominator", &common)?;
    }
    let over = |c: &Rational| Integer::from(&common / c.denom()) * c.numer();
    Ok((c.iter().map(over).collect(), common))
}

fn within_limit(field: &str, what: &str, n: &Integer) -> Result<()> {
    let bits = u64::from(n.significant_bits());
    if bits > MAX_COMMON_BITS {
        let detail = format!("{what} has {bits} bits, the limit is {MAX_COMMON_BITS}");
        return Err(Error::parse(field, detail));
    }
    Ok(())
}

/// Chebyshev to power coefficients by Clenshaw's recurrence on polynomials:
/// b_j = c_j + 2u b_(j+1) - b_(j+2), sum = c_0 + u b_1 - b_2.
fn chebyshev_to_power(c: &[Integer]) -> Vec<Integer> {
    let n = c.len();
    let (mut b1, mut b2) = (vec![Integer::new(); n + 1], vec![Integer::new(); n + 1]);
    for (j, c) in c.iter().enumerate().rev() {
        // b2 becomes the next b1: each place is read just before it is overwritten.
        let double = u32::from(j > 0);
        for i in (0..n).rev() {
            b2[i + 1] = Integer::from(&b1[i] << double) - &b2[i + 1];
        }
        b2[0] = Integer::from(c - &b2[0]);
        std::mem::swap(&mut b1, &mut b2);
    }
    b1.truncate(n);
    b1
}

/// Coefficients of m^n P(a y + b) from those of P of degree n, by Horner's scheme on polynomials;
/// m is the common denominator of a and b, and m^n is returned.
fn substitute(p: &mut Vec<Integer>, a: &Rational, b: &Rational) -> Result<Integer> {
    let m = Integer::from(a.denom().lcm_ref(b.denom()));
    let over = |x: &Rational| Integer::from(&m / x.denom()) * x.numer();
    let (a, b) = (over(a), over(b));
    let n = p.len().saturating_sub(1) as u32;
    let largest = [&a, &b, &m]
        .map(Integer::significant_bits)
        .into_iter()
        .max()
        .unwrap_or(0);
    let bits = u64::from(largest) * u64::from(n);
    if bits > MAX_COMMON_BITS {
        let detail = format!(
            "its power {n}, the degree, has {bits} bits, the limit is {MAX_COMMON_BITS}: \
             fewer digits in scale and offset"
        );
        return Err(Error::parse("input_map", detail));
    }
    let mut out: Vec<Integer> = Vec::with_capacity(p.len());
    let mut power = Integer::from(1);
    for c in p.iter().rev() {
        // out <- out * (a y + b) + c m^i
        out.push(Integer::new());
        for i in (0..out.len()).rev() {
            let mut v = Integer::from(&out[i] * &b);
            if i > 0 {
                v += &out[i - 1] * &a;
            }
            out[i] = v;
        }
        out[0] += c * &power;
        power *= &m;
    }
    *p = out;
    Ok(m.pow(n))
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
