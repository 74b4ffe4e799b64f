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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixed::Fixed;
    use crate::series::points::tests::{number, random};
    use crate::series::points::Points;
    use num_traits::{One, Signed};

    /// sum_j c_j phi_j(u), exactly.
    fn exact(c: &[Rational], chebyshev: bool, u: &Rational) -> Rational {
        let (mut before, mut now) = (Rational::integer(0), Rational::integer(1));
        let mut sum = Rational::integer(0);
        for (j, c) in c.iter().enumerate() {
            sum = sum.plus(&c.times(&now)).reduced();
            let twice = match chebyshev && j > 0 {
                true => Rational::integer(2),
                false => Rational::integer(1),
            };
            let next = twice.times(u).times(&now);
            let next = match chebyshev {
                true => next.plus(&before.negated()),
                false => next,
            };
            before = std::mem::replace(&mut now, next.reduced());
        }
        sum
    }

    /// Random composites on random models, cells narrow and wide, degrees above and below those of the models: exact
    /// values at points of the cell, and at places in the radius, lie within the radius of the result.
    #[test]
    fn exact_values_lie_in_the_models() {
        let mut seed = 23;
        let mut tight = 0;
        for i in 0..500 {
            let precision = 64 + random(&mut seed) % 3 * 64;
            let fixed = Fixed {
                precision,
                budget: Budget::new(),
            };
            let points = Points::new(&fixed);
            let frame = Frame {
                fixed: &fixed,
                points: &points,
                degree: usize::try_from(random(&mut seed) % 30).unwrap(),
                slack: BigInt::zero(),
            };
            let mut stages = Vec::new();
            let mut lists = Vec::new();
            for _ in 0..1 + random(&mut seed) % 2 {
                let chebyshev = random(&mut seed) % 2 == 0;
                let fraction = |seed: &mut u64| {
                    let n = BigInt::from(random(seed) % 2_001) - 1_000;
                    Rational::raw(n, BigInt::from(1 + random(seed) % 999)).reduced()
                };
                let c: Vec<Rational> = (0..1 + random(&mut seed) % 9)
                    .map(|_| fraction(&mut seed))
                    .collect();
                let scale = fraction(&mut seed).plus(&Rational::raw(1.into(), 2_000.into()));
                let offset = fraction(&mut seed);
                let stage = Stage::new(&c, chebyshev, scale, offset, &fixed.budget).unwrap();
                lists.push((c, chebyshev));
                stages.push(stage);
            }
            let bend = match i % 3 {
                0 => BigInt::zero(),
                _ => number(&mut seed, precision, 0) >> 5,
            };
            let c = vec![
                number(&mut seed, precision, 1),
                number(&mut seed, precision, 0) >> (random(&mut seed) % 9),
                bend,
            ];
            let r = match i % 2 {
                0 => BigInt::zero(),
                _ => number(&mut seed, precision, 0).abs() >> 20,
            };
            let x = frame.made(c, r).unwrap();
            let Ok(model) = composite(&stages, &x, &frame) else {
                continue;
            };
            let at = |c: &[BigInt], v: &Rational| {
                let c = c
                    .iter()
                    .rev()
                    .map(|c| Rational::dyadic(c.clone(), precision));
                c.fold(Rational::integer(0), |sum, c| {
                    sum.times(v).plus(&c).reduced()
                })
            };
            for k in -4..=4 {
                let v = Rational::raw(k.into(), 4.into());
                let place = Rational::raw(BigInt::from(random(&mut seed) % 201) - 100, 100.into());
                let shift = place.times(&Rational::dyadic(x.r.clone(), precision));
                let mut y = at(&x.c, &v).plus(&shift).reduced();
                for (stage, (c, chebyshev)) in stages.iter().zip(&lists) {
                    let u = stage.scale.times(&y).plus(&stage.offset).reduced();
                    y = exact(c, *chebyshev, &u);
                }
                let apart = y.plus(&at(&model.c, &v).negated()).abs();
                assert!(apart <= Rational::dyadic(model.r.clone(), precision));
            }
            tight += u32::from(x.r.is_zero() && model.r < BigInt::one() << 20);
        }
        assert!(tight >= 60, "{tight}");
    }
}
