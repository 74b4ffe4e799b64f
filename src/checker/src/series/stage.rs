//! The table's polynomial on a model, one component after another.

use crate::core::budget::{limbs, size, Budget};
use crate::core::fault::Checked;
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::series::model::{norm, Frame, Model};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Zero;

/// P(y) = Q(scale y + offset).
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) scale: Rational,
    pub(crate) offset: Rational,
    /// Q, with the rounded coefficients, in powers.
    pub(crate) powers: Polynomial,
}

impl Stage {
    /// A component: coefficients of powers or of Chebyshev polynomials of scale y + offset.
    ///
    /// # Errors
    /// A rejection if the exact numbers grow beyond the limits.
    pub(crate) fn new(
        coefficients: &[Rational],
        chebyshev: bool,
        scale: Rational,
        offset: Rational,
        budget: &Budget,
    ) -> Checked<Self> {
        let (one, zero) = (Rational::integer(1), Rational::integer(0));
        let powers = Polynomial::from_basis(coefficients, chebyshev, &one, &zero, budget)?;
        Ok(Self {
            scale,
            offset,
            powers,
        })
    }

    /// P of a model.
    pub(crate) fn on(&self, y: &Model, frame: &Frame) -> Checked<Model> {
        let scaled = frame.multiple(&self.scale, y)?;
        let u = frame.sum(&scaled, &frame.constant(&self.offset)?)?;
        self.horner(&u, frame)
    }

    /// Q(u) by Horner's scheme in u/2^e, at most 1 in size: coefficient j is then c_j 2^(e j), and what a step rounds
    /// is not multiplied by the steps that follow.
    ///
    /// A model that is a line is expanded to the full degree first: the sums on the way have coefficients far above
    /// those of the result, of which only the last are to be left out.
    fn horner(&self, u: &Model, frame: &Frame) -> Checked<Model> {
        let p = frame.precision();
        let e = (norm(&u.c) + &u.r).bits().saturating_sub(p);
        let count = self.powers.numerators.len();
        let cap = match u.c.len() {
            0..=2 => frame.degree.max(count),
            _ => frame.degree,
        };
        let mut sum = frame.made(Vec::new(), BigInt::zero())?;
        for (j, numerator) in self.powers.numerators.iter().enumerate().rev() {
            if !sum.c.is_empty() || !sum.r.is_zero() {
                sum = frame.product_over(&sum, u, p + e, cap)?;
            }
            if numerator.is_zero() {
                continue;
            }
            let up = p + e * j as u64;
            size(numerator.bits() + up)?;
            let work = (limbs(numerator) + up / 64 + 1) * limbs(&self.powers.denominator);
            frame.fixed.budget.charge(2 * work + 100)?;
            let (c, rest) = (numerator << up).div_mod_floor(&self.powers.denominator);
            match sum.c.first_mut() {
                Some(first) => *first += c,
                None => sum.c.push(c),
            }
            sum.r += u32::from(!rest.is_zero());
        }
        frame.cut(sum)
    }
}

/// p of a model: every component after the other.
pub(crate) fn composite(stages: &[Stage], x: &Model, frame: &Frame) -> Checked<Model> {
    let mut y = x.clone();
    for stage in stages {
        y = stage.on(&y, frame)?;
    }
    Ok(y)
}
