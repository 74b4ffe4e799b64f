//! The piecewise linear functions that a polynomial may approximate directly, not through sign.

use crate::error::{Error, Result};
use rug::Rational;

/// A piecewise linear function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// -1 for x < 0, 1 for x > 0.
    Sign,
    /// 0 for x < 0, 1 for x > 0.
    Step,
    /// 0 for x < 1/2, 1 for x > 1/2: what cleaning polynomials restore.
    Bit,
    /// max(x, 0).
    Relu,
    /// max(x, 0) + slope min(x, 0).
    LeakyRelu,
    /// |x|.
    Abs,
    /// min(max(x, l), u).
    Clip,
    /// min(max(x, 0), 6).
    Relu6,
}

/// slope x + intercept on [from, to].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Left end.
    pub from: Rational,
    /// Right end.
    pub to: Rational,
    /// Slope.
    pub slope: Rational,
    /// Value at 0 of the line.
    pub intercept: Rational,
}

/// A shape with its parameters: lines from left to right, and the kinks between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// (slope, intercept).
    lines: Vec<(Rational, Rational)>,
    /// One fewer than lines, increasing.
    kinks: Vec<Rational>,
}

impl Shape {
    /// Whether it jumps, so that it can be approximated away from the jump only.
    pub fn jumps(self) -> bool {
        matches!(self, Self::Sign | Self::Step | Self::Bit)
    }

    /// The function with its parameters.
    ///
    /// # Errors
    /// A clip whose ends are not in order.
    pub fn function(self, slope: &Rational, ends: &(Rational, Rational)) -> Result<Function> {
        let n = |value: i32| Rational::from(value);
        let flat = |value: Rational| (n(0), value);
        let ramp = |slope: Rational| (slope, n(0));
        let two = |left, right, kink| Function {
            lines: vec![left, right],
            kinks: vec![kink],
        };
        let (l, u) = ends;
        if self == Self::Clip && l >= u {
            return Err(Error::domain(format!(
                "a clip to [{l}, {u}]: the lower end is not below the upper"
            )));
        }
        let clip = |l: Rational, u: Rational| Function {
            lines: vec![flat(l.clone()), ramp(n(1)), flat(u.clone())],
            kinks: vec![l, u],
        };
        Ok(match self {
            Self::Sign => two(flat(n(-1)), flat(n(1)), n(0)),
            Self::Step => two(flat(n(0)), flat(n(1)), n(0)),
            Self::Bit => two(flat(n(0)), flat(n(1)), Rational::from((1, 2))),
            Self::Relu => two(ramp(n(0)), ramp(n(1)), n(0)),
            Self::LeakyRelu => two(ramp(slope.clone()), ramp(n(1)), n(0)),
            Self::Abs => two(ramp(n(-1)), ramp(n(1)), n(0)),
            Self::Clip => clip(l.clone(), u.clone()),
            Self::Relu6 => clip(n(0), n(6)),
        })
    }
}

impl Function {
    /// Its lines on [lo, hi], without the points closer than `gap` to a kink (0 for a continuous function).
    ///
    /// # Errors
    /// An empty domain, or one that is all gap.
    pub fn on(&self, lo: &Rational, hi: &Rational, gap: &Rational) -> Result<Vec<Line>> {
        let mut parts = Vec::new();
        for (i, (slope, intercept)) in self.lines.iter().enumerate() {
            let left = i
                .checked_sub(1)
                .map(|j| Rational::from(&self.kinks[j] + gap));
            let right = self.kinks.get(i).map(|kink| Rational::from(kink - gap));
            let from = left.map_or_else(|| lo.clone(), |kink| kink.max(lo.clone()));
            let to = right.map_or_else(|| hi.clone(), |kink| kink.min(hi.clone()));
            if from < to {
                parts.push(Line {
                    from,
                    to,
                    slope: slope.clone(),
                    intercept: intercept.clone(),
                });
            }
        }
        if parts.is_empty() {
            return Err(Error::domain(format!(
                "nothing is left of [{lo}, {hi}] without a gap of {gap} around the jump"
            )));
        }
        Ok(parts)
    }

    /// The kinks, increasing.
    pub fn kinks(&self) -> &[Rational] {
        &self.kinks
    }

    /// f(x); at a jump the value from the right.
    pub fn value(&self, x: &Rational) -> Rational {
        let (slope, intercept) = &self.lines[self.kinks.partition_point(|kink| kink <= x)];
        Rational::from(slope * x) + intercept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(n: i32) -> Rational {
        Rational::from((n, 4))
    }

    #[test]
    fn values_and_parts_agree() {
        let ends = (q(-6), q(4));
        let all = [
            (Shape::Sign, [-4, 4]),
            (Shape::Step, [0, 4]),
            (Shape::Bit, [0, 4]),
            (Shape::Relu, [0, 8]),
            (Shape::LeakyRelu, [-2, 8]),
            (Shape::Abs, [8, 8]),
            (Shape::Clip, [-6, 4]),
            (Shape::Relu6, [0, 8]),
        ];
        for (shape, [left, right]) in all {
            let f = shape.function(&q(1), &ends).unwrap();
            assert_eq!(
                [f.value(&q(-8)), f.value(&q(8))],
                [q(left), q(right)],
                "{shape:?}"
            );
            let gap = if shape.jumps() { q(1) } else { q(0) };
            let parts = f.on(&q(-8), &q(8), &gap).unwrap();
            for part in &parts {
                for x in [&part.from, &part.to] {
                    let line = Rational::from(&part.slope * x) + &part.intercept;
                    assert_eq!(line, f.value(x), "{shape:?}");
                }
            }
            let touching = parts.windows(2).all(|w| w[0].to == w[1].from);
            assert_eq!(touching, !shape.jumps());
        }
    }

    #[test]
    fn domains_without_a_point_are_refused() {
        let ends = (q(0), q(1));
        let f = Shape::Bit.function(&q(0), &ends).unwrap();
        assert!(f.on(&q(1), &q(3), &q(1)).is_err());
        assert_eq!(f.on(&q(3), &q(5), &q(1)).unwrap().len(), 1);
        assert!(Shape::Clip.function(&q(0), &(q(1), q(1))).is_err());
    }
}
