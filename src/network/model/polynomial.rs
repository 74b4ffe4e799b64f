//! A polynomial of every element, one for each channel: an activation that is what the encrypted network computes.

use crate::error::{Error, Result};
use rug::Rational;

/// Highest degree.
pub const MAX_DEGREE: usize = 63;
/// Most coefficients of one layer.
pub const MAX_COEFFICIENTS: usize = 1 << 18;
/// Most bits of a coefficient's numerator, and of its denominator: what the exact network's text holds.
pub const MAX_COEFFICIENT_BITS: u32 = 600;

/// out = sum_j c_j x^j, with coefficients of each channel's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polynomials {
    /// For each channel its coefficients from degree 0, all of one length.
    pub channels: Vec<Vec<Rational>>,
    /// Where it is meant to be used, if the file says so.
    pub domain: Option<(Rational, Rational)>,
}

impl Polynomials {
    /// Of coefficients of any length: as many for each channel, and two at least.
    ///
    /// # Errors
    /// No channel, or a degree above [`MAX_DEGREE`].
    pub fn new(mut channels: Vec<Vec<Rational>>) -> Result<Self> {
        let used = |c: &Vec<Rational>| c.iter().rposition(|c| !c.is_zero()).map_or(0, |j| j + 1);
        let terms = channels.iter().map(used).max().unwrap_or(0).max(2);
        channels
            .iter_mut()
            .for_each(|c| c.resize(terms, Rational::new()));
        let made = Self {
            channels,
            domain: None,
        };
        made.check()?;
        Ok(made)
    }

    /// Highest power.
    pub fn degree(&self) -> usize {
        self.channels.first().map_or(0, |c| c.len() - 1)
    }

    /// Whether channels differ.
    pub fn is_per_channel(&self) -> bool {
        self.channels.windows(2).any(|w| w[0] != w[1])
    }

    /// # Errors
    /// What [`Self::new`] refuses, coefficients longer than [`MAX_COEFFICIENT_BITS`], a domain without numbers.
    pub fn check(&self) -> Result<()> {
        let terms = self.channels.first().map_or(0, Vec::len);
        if !(2..=MAX_DEGREE + 1).contains(&terms) {
            return Err(Error::unsupported(format!(
                "a polynomial of degree {}; read are degrees 1 to {MAX_DEGREE}",
                terms.saturating_sub(1)
            )));
        }
        if self.channels.len().saturating_mul(terms) > MAX_COEFFICIENTS {
            return Err(Error::unsupported(format!(
                "polynomials with more than {MAX_COEFFICIENTS} coefficients in all"
            )));
        }
        for (c, powers) in self.channels.iter().enumerate() {
            if powers.len() != terms {
                return Err(Error::domain(format!(
                    "channel {c} has {} coefficients, channel 0 has {terms}",
                    powers.len()
                )));
            }
            let long = |q: &Rational| {
                q.numer()
                    .significant_bits()
                    .max(q.denom().significant_bits())
                    > MAX_COEFFICIENT_BITS
            };
            if let Some(j) = powers.iter().position(long) {
                return Err(Error::unsupported(format!(
                    "the exact coefficient of x^{j} of channel {c} has a numerator or denominator of more than {MAX_COEFFICIENT_BITS} bits"
                )));
            }
        }
        match &self.domain {
            Some((lo, hi)) if lo >= hi => Err(Error::domain(format!(
                "the domain [{lo}, {hi}] of a polynomial has no inside"
            ))),
            _ => Ok(()),
        }
    }
}

/// p q.
pub fn product(p: &[Rational], q: &[Rational]) -> Vec<Rational> {
    let mut made = vec![Rational::new(); (p.len() + q.len()).saturating_sub(1)];
    for (i, a) in p.iter().enumerate() {
        for (j, b) in q.iter().enumerate() {
            made[i + j] += Rational::from(a * b);
        }
    }
    made
}

/// p + q.
pub fn sum(p: &[Rational], q: &[Rational]) -> Vec<Rational> {
    let (long, short) = if p.len() < q.len() { (q, p) } else { (p, q) };
    let mut made = long.to_vec();
    for (m, s) in made.iter_mut().zip(short) {
        *m += s;
    }
    made
}

/// p o q, by Horner's scheme.
pub fn composed(p: &[Rational], q: &[Rational]) -> Vec<Rational> {
    let mut made = vec![Rational::new()];
    for c in p.iter().rev() {
        made = product(&made, q);
        made = sum(&made, std::slice::from_ref(c));
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::horner;

    fn q(v: &[i32]) -> Vec<Rational> {
        v.iter().map(|&v| Rational::from((v, 3))).collect()
    }

    #[test]
    fn polynomials_are_multiplied_added_and_composed() {
        let (p, r) = (q(&[1, -2, 0, 5]), q(&[4, 3, -1]));
        for n in -4..=4 {
            let x = Rational::from((n, 7));
            let (a, b) = (horner(&p, &x), horner(&r, &x));
            assert_eq!(horner(&product(&p, &r), &x), Rational::from(&a * &b));
            assert_eq!(horner(&sum(&p, &r), &x), Rational::from(&a + &b));
            assert_eq!(horner(&composed(&p, &r), &x), horner(&p, &b));
        }
    }

    #[test]
    fn what_is_no_polynomial_here_is_refused() {
        let made = Polynomials::new(vec![q(&[1]), q(&[1, 2, 3, 0, 0])]).unwrap();
        assert_eq!((made.degree(), made.is_per_channel()), (2, true));
        let x64: Vec<Rational> = (0..=64)
            .map(|j| Rational::from(i32::from(j == 64)))
            .collect();
        let long = Rational::from(1) << 600;
        for (channels, said) in [
            (vec![], "degree 0"),
            (vec![x64], "degree 64"),
            (
                vec![q(&[1, 2]), vec![Rational::new(), long]],
                "x^1 of channel 1",
            ),
        ] {
            let e = Polynomials::new(channels).unwrap_err().to_string();
            assert!(e.contains(said), "{e}");
        }
        let mut made = made;
        made.domain = Some((Rational::from(1), Rational::from(1)));
        assert!(made.check().is_err());
    }
}
