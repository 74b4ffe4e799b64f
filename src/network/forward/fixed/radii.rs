//! Radii of a tensor in ulps of the midpoints, times one power of two.
//!
//! All are upper bounds: sums and products of nonnegative f64, rounded up by [`up`] after every few operations. Its
//! absolute term, 10^-300 units, takes the place of what underflows.

use crate::arith::ball::up;
use crate::arith::fixed::{exp2, scaled_down};
use crate::network::forward::layers::{absolute_conv, Packed};
use crate::network::model::ops::{Conv, TensorShape};

/// Where radii are scaled down again: f64 has room for any sensible layer above it.
const HIGH: f64 = 1e150;
/// By so many powers of two.
const STEP: i32 = 480;

/// One radius for each element.
#[derive(Debug, Clone)]
pub struct Radii {
    /// In units of 2^unit ulps.
    pub values: Vec<f64>,
    /// The unit, log2.
    pub unit: i32,
}

impl Radii {
    /// All the same, in ulps.
    pub fn ulps(count: f64, len: usize) -> Self {
        Self {
            values: vec![count; len],
            unit: 0,
        }
    }

    /// So many ulps in units, rounded up.
    pub fn units(&self, ulps: f64) -> f64 {
        up(scaled_down(ulps, -self.unit))
    }

    /// What a unit is of 1 where `bits` are behind the point, rounded up: times a radius and [`up`].
    pub fn unit_of_one(&self, bits: u32) -> f64 {
        up(exp2(self.unit - bits as i32))
    }

    /// Whether the midpoints are the exact numbers.
    fn is_exact(&self) -> bool {
        self.values.iter().all(|r| *r == 0.0)
    }

    /// Each by a function of it, with so many ulps on top; exact numbers stay exact where there are none.
    #[must_use]
    pub fn map(mut self, ulps: f64, f: impl Fn(usize, f64) -> f64) -> Self {
        if ulps == 0.0 && self.is_exact() {
            return self;
        }
        let more = self.units(ulps);
        for (i, r) in self.values.iter_mut().enumerate() {
            *r = up(f(i, *r) + more);
        }
        self.settled()
    }

    /// Of other elements in the same units, with so many ulps on top.
    fn with(&self, values: Vec<f64>, ulps: f64) -> Self {
        if ulps == 0.0 && self.is_exact() {
            return Self::ulps(0.0, values.len());
        }
        let made = Self {
            values,
            unit: self.unit,
        };
        made.map(ulps, |_, r| r)
    }

    /// Scaled down where they are large.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let most = self.values.iter().copied().fold(0.0, f64::max);
        if most > HIGH {
            let down = exp2(-STEP);
            self.values.iter_mut().for_each(|r| *r = up(*r * down));
            self.unit += STEP;
        }
        self
    }

    /// In a unit that is not below its own.
    fn values_in(&self, unit: i32) -> impl Iterator<Item = f64> + '_ {
        let e = self.unit - unit;
        let moved = move |v: &f64| {
            if *v == 0.0 {
                0.0
            } else {
                up(scaled_down(*v, e))
            }
        };
        self.values.iter().map(moved)
    }

    /// Both in the larger unit.
    pub fn aligned(a: &Self, b: &Self) -> (Self, Self) {
        let unit = a.unit.max(b.unit);
        let at = |r: &Self| {
            if r.unit == unit {
                return r.clone();
            }
            Self {
                values: r.values_in(unit).collect(),
                unit,
            }
        };
        (at(a), at(b))
    }

    /// Of sums.
    pub fn plus(a: &Self, b: &Self) -> Self {
        let (a, b) = Self::aligned(a, b);
        let sum = |(a, b): (&f64, &f64)| if a + b == 0.0 { 0.0 } else { up(a + b) };
        let sums = a.values.iter().zip(&b.values).map(sum);
        let made = Self {
            values: sums.collect(),
            unit: a.unit,
        };
        made.settled()
    }

    /// One after the other.
    pub fn concat(parts: &[&Self]) -> Self {
        let unit = parts.iter().map(|p| p.unit).max().unwrap_or(0);
        Self {
            values: parts.iter().flat_map(|p| p.values_in(unit)).collect(),
            unit,
        }
    }

    /// Behind a convolution whose midpoints are off by so many ulps more.
    pub fn conv(&self, c: &Conv, x: TensorShape, out: TensorShape, ulps: f64) -> Self {
        self.with(absolute_conv(c, &self.values, x, out), ulps)
    }

    /// Behind a dense layer.
    pub fn dense(&self, packed: &Packed, ulps: f64) -> Self {
        self.with(packed.absolute(&self.values), ulps)
    }

    /// Of elements that were others before, or zeros.
    pub fn moved(&self, from: &[Option<usize>]) -> Self {
        let values = from.iter().map(|f| f.map_or(0.0, |i| self.values[i]));
        Self {
            values: values.collect(),
            unit: self.unit,
        }
    }

    /// Of a function of several elements for each output.
    pub fn gathered(&self, values: Vec<f64>, ulps: f64) -> Self {
        self.with(values, ulps)
    }

    /// log2 of the greatest in ulps; -infinity if all are 0. *Estimate* (rounded to nearest).
    pub fn estimate_log2(&self) -> f64 {
        let most = self.values.iter().copied().fold(0.0, f64::max);
        most.log2() + f64::from(self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_change_without_loss() {
        let mut r = Radii::ulps(3.0, 2);
        // 2^4000 times larger, far beyond f64.
        for _ in 0..40 {
            r = r.map(0.0, |_, v| v * exp2(100));
        }
        let off = r.estimate_log2() - 3.0f64.log2() - 4000.0;
        assert!((0.0..1e-6).contains(&off), "{off}");
        assert!(r.unit_of_one(4000) * r.values[0] >= 3.0 && r.values[0] < HIGH);
        // One ulp beside it is next to nothing, but not nothing.
        assert!(r.units(1.0) > 0.0);
        let sum = Radii::plus(&r, &Radii::ulps(1.0, 2));
        assert!(sum.unit == r.unit && sum.values[1] >= r.values[1]);
        assert_eq!(Radii::concat(&[&r, &sum]).values.len(), 4);
        assert!(Radii::concat(&[&Radii::ulps(1.0, 1), &r]).values[0] > 0.0);
    }

    /// Units whose quotient is no f64, where the radius in the larger one is.
    #[test]
    fn units_far_apart_keep_what_f64_can_hold() {
        let low = Radii::ulps(exp2(498), 1);
        let high = Radii {
            values: vec![0.0],
            unit: 3 * STEP,
        };
        let least = exp2(498 - 3 * STEP);
        assert!(least > 1e-290);
        assert!(Radii::plus(&low, &high).values[0] >= least);
        assert!(Radii::concat(&[&low, &high]).values[0] >= least);
        assert!(Radii::aligned(&high, &low).1.values[0] >= least);
        // An input of its own radius at 1,024 bits.
        let wide = Radii {
            values: vec![0.0],
            unit: 1_024,
        };
        let more = wide.map(exp2(60), |_, r| r).values[0];
        assert!(more >= exp2(60 - 1_024) && more < exp2(61 - 1_024));
    }
}
