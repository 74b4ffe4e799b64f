//! The piecewise linear functions that p itself may approximate, as lines between their kinks.

use crate::claims::direct::Part;
use crate::core::number::Rational;

/// A piecewise linear function that p itself may approximate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// sign(x)
    Sign,
    /// 1 for x > 0, else 0
    Step,
    /// 1 for x > 1/2, else 0: what cleaning polynomials restore
    Bit,
    /// max(x, 0)
    Relu,
    /// max(x, 0) + slope min(x, 0)
    LeakyRelu,
    /// |x|
    Abs,
    /// min(max(x, lower), upper)
    Clip,
    /// clip with lower = 0, upper = 6
    Relu6,
}

/// The lines of a function, with the points between them.
pub(crate) struct Lines {
    /// slope and intercept, from left to right.
    lines: Vec<(Rational, Rational)>,
    /// Where one line ends and the next begins; one fewer.
    kinks: Vec<Rational>,
}

/// A function as lines; `slope` is of a leaky ReLU, `ends` of a clip.
pub(crate) fn lines(shape: Shape, slope: &Rational, ends: &(Rational, Rational)) -> Lines {
    let n = |value: i64| Rational::integer(value);
    let flat = |value: Rational| (n(0), value);
    let ramp = |slope: Rational| (slope, n(0));
    let two = |left, right, kink| Lines {
        lines: vec![left, right],
        kinks: vec![kink],
    };
    let clip = |lower: Rational, upper: Rational| Lines {
        lines: vec![flat(lower.clone()), ramp(n(1)), flat(upper.clone())],
        kinks: vec![lower, upper],
    };
    match shape {
        Shape::Sign => two(flat(n(-1)), flat(n(1)), n(0)),
        Shape::Step => two(flat(n(0)), flat(n(1)), n(0)),
        Shape::Bit => two(flat(n(0)), flat(n(1)), Rational::raw(1.into(), 2.into())),
        Shape::Relu => two(ramp(n(0)), ramp(n(1)), n(0)),
        Shape::LeakyRelu => two(ramp(slope.clone()), ramp(n(1)), n(0)),
        Shape::Abs => two(ramp(n(-1)), ramp(n(1)), n(0)),
        Shape::Clip => clip(ends.0.clone(), ends.1.clone()),
        Shape::Relu6 => clip(n(0), n(6)),
    }
}

impl Lines {
    /// Whether the part lies between two neighbouring kinks, or beyond the last one, and has the line there.
    ///
    /// Where the lines of both sides do not meet, the function jumps: its value there is that of one line or of
    /// neither (sign(0) = 0), so no part may hold that point.
    pub(crate) fn hold(&self, part: &Part) -> bool {
        self.lines
            .iter()
            .enumerate()
            .any(|(i, (slope, intercept))| {
                let right_of = |j: usize| match self.kinks.get(j) {
                    Some(kink) if self.jumps(j) => part.from > *kink,
                    Some(kink) => part.from >= *kink,
                    None => true,
                };
                let left_of = |j: usize| match self.kinks.get(j) {
                    Some(kink) if self.jumps(j) => part.to < *kink,
                    Some(kink) => part.to <= *kink,
                    None => true,
                };
                let inside = i.checked_sub(1).is_none_or(right_of) && left_of(i);
                inside && part.slope == *slope && part.intercept == *intercept
            })
    }

    /// Whether the two lines at a kink have different values there.
    fn jumps(&self, kink: usize) -> bool {
        let value = |i: usize| {
            let ((slope, intercept), x) = (self.lines.get(i)?, self.kinks.get(kink)?);
            Some(slope.times(x).plus(intercept))
        };
        value(kink) != value(kink + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(n: i64) -> Rational {
        Rational::raw(n.into(), 4.into())
    }

    /// Every shape, from the left end of a part to its right end, both in quarters, and the line there.
    #[test]
    fn parts_have_the_lines_of_their_side() {
        let ends = (r(-4), r(8));
        let holds = |shape, from, to, slope, intercept| {
            let part = Part {
                from: r(from),
                to: r(to),
                slope: r(slope),
                intercept: r(intercept),
            };
            lines(shape, &r(1), &ends).hold(&part)
        };
        for (shape, kink, left, right, jumps) in [
            (Shape::Sign, 0, (0, -4), (0, 4), true),
            (Shape::Step, 0, (0, 0), (0, 4), true),
            (Shape::Bit, 2, (0, 0), (0, 4), true),
            (Shape::Relu, 0, (0, 0), (4, 0), false),
            (Shape::LeakyRelu, 0, (1, 0), (4, 0), false),
            (Shape::Abs, 0, (-4, 0), (4, 0), false),
        ] {
            // A part may end at a kink, and not at a jump: sign(0) is 0, and [x > 0] is 0 there.
            for (gap, held) in [(1, true), (0, !jumps)] {
                let (end, begin) = (kink - gap, kink + gap);
                assert_eq!(
                    holds(shape, kink - 9, end, left.0, left.1),
                    held,
                    "{shape:?}"
                );
                assert_eq!(
                    holds(shape, begin, kink + 9, right.0, right.1),
                    held,
                    "{shape:?}"
                );
            }
            assert!(
                !holds(shape, kink - 9, kink + 1, left.0, left.1),
                "{shape:?}"
            );
            assert!(
                !holds(shape, kink - 1, kink + 9, right.0, right.1),
                "{shape:?}"
            );
            assert!(
                !holds(shape, kink - 9, kink - 1, right.0, right.1),
                "{shape:?}"
            );
            assert!(
                !holds(shape, kink + 1, kink + 9, left.0, left.1),
                "{shape:?}"
            );
            assert!(
                !holds(shape, kink - 9, kink - 1, left.0, left.1 + 1),
                "{shape:?}"
            );
        }
        for (shape, low, high) in [(Shape::Clip, -4, 8), (Shape::Relu6, 0, 24)] {
            assert!(holds(shape, low - 9, low, 0, low) && holds(shape, high, high + 1, 0, high));
            assert!(holds(shape, low, high, 4, 0) && holds(shape, low + 1, high - 1, 4, 0));
            assert!(!holds(shape, low - 1, high, 4, 0) && !holds(shape, low, high + 1, 4, 0));
            assert!(!holds(shape, low, high, 0, low) && !holds(shape, high, high + 1, 0, low));
        }
    }
}
