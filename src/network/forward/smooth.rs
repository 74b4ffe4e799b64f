//! Smooth activations on balls.
//!
//! **Method.** f is enclosed at the ball's midpoint by intervals of more bits than the ball has ([`Points`]), and the
//! radius is multiplied by a bound of |f'| over the ball ([`Expression::with_slope`]): the mean value theorem. Where f, or its
//! slope over the ball, is not known to exist the radius is infinite, and the walk ends there.

use crate::arith::ball::{up, Ball, Enclosed};
use crate::arith::mp::Mp;
use crate::function::expression::Expression;
use crate::function::formula::Formula;
use crate::function::point::Points;
use rug::float::Round;
use rug::Float;

/// Bits of an enclosure for f64 midpoints, and for pairs.
const SINGLE: u32 = 64;
const PAIR: u32 = 128;

/// An enclosure of f over an interval, at the interval's precision; none where f is not known to be defined on all of it.
pub fn value(f: &Formula, x: &Mp) -> Option<Mp> {
    let points = Points { prec: x.prec() };
    let f = f.expression();
    // What may be defined up to an end only is refused at that end.
    if f.has_ends() {
        return Some(f.with_slope(points, x).ok()?.0);
    }
    f.value(&points, x, x).ok()
}

/// Upper bound of |f'| over an interval; infinite where none is known.
pub fn bound_slope(f: &Expression, x: &Mp) -> f64 {
    let slope = f.with_slope(Points { prec: x.prec() }, x);
    slope.map_or(f64::INFINITY, |(_, s)| {
        s.magnitude().to_f64_round(Round::Up)
    })
}

/// An interval of so many bits that holds a ball.
pub fn interval(x: Ball, bits: u32) -> Mp {
    let (hi, lo) = x.mid();
    let float = |v: f64| Mp::exact(&Float::with_val(bits.max(53), v));
    let mid = float(hi).plus(&float(lo));
    match x.radius {
        0.0 => mid,
        r => mid.widened(&Float::with_val(53, r)),
    }
}

/// f over a ball; of infinite radius where f is not known there.
///
/// **Guarantee** the result holds f of every number in `x`.
pub fn apply(f: &Formula, x: Ball, double: bool) -> Ball {
    let unknown = Ball::new((0.0, 0.0), f64::INFINITY);
    if !x.is_finite() {
        return unknown;
    }
    let bits = if double { PAIR } else { SINGLE };
    let mid = interval(Ball::new(x.mid(), 0.0), bits);
    let Some(at) = value(f, &mid) else {
        return unknown;
    };
    let y = Ball::from(Enclosed::between(&at.lo, &at.hi));
    if !y.is_finite() {
        return unknown;
    }
    if x.radius == 0.0 {
        return y;
    }
    let slope = bound_slope(f.expression(), &interval(x, SINGLE));
    Ball::new(y.mid(), up(y.radius + up(slope * x.radius)))
}

/// f(x) and |f'(x)| in f64; not a number where there is none. *Estimate*.
pub fn estimate(f: &Formula, x: f64) -> (f64, f64) {
    if !x.is_finite() {
        return (f64::NAN, f64::NAN);
    }
    let x = interval(Ball::exact(x), SINGLE);
    let found = f.expression().with_slope(Points { prec: SINGLE }, &x);
    found.map_or((f64::NAN, f64::NAN), |(v, s)| {
        (v.ball().0.to_f64(), s.ball().0.to_f64().abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Rational;

    #[test]
    fn balls_hold_the_values_of_their_points() {
        for text in [
            "gelu(x)",
            "gelu_tanh(x)",
            "silu(x)",
            "tanh(x)",
            "softplus(x)",
            "exp(x)",
            "erf(x)",
            "sqrt(x+40)",
        ] {
            let f = Formula::function(text).unwrap();
            for n in -30..=30 {
                for radius in [0.0, 1e-20, 1e-9, 0.25] {
                    for double in [false, true] {
                        let x = Ball::rational(&Rational::from((n * 13, 49)));
                        let x = Ball::new(x.mid(), up(x.radius + radius));
                        let y = apply(&f, x, double);
                        let (lo, hi) = y.ends().unwrap();
                        let (from, to) = x.ends().unwrap();
                        for k in 0..=4 {
                            let point =
                                &from + Rational::from(&to - &from) * Rational::from((k, 4));
                            let at = Mp::from_rational(300, &point);
                            let at = value(&f, &at).unwrap();
                            // 300 bits round too, and that absolutely.
                            let slack = Rational::from(1) >> 280u32;
                            let (low, high) =
                                (Rational::from(&lo - &slack), Rational::from(&hi + &slack));
                            assert!(at.lo >= low && at.hi <= high, "{text} {n} {radius} {k}");
                        }
                        if double && radius == 0.0 {
                            assert!(y.radius <= 1e-25 * (1.0 + y.hi.abs()), "{text} {y:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_defined_is_not_told() {
        let f = |text: &str| Formula::function(text).unwrap();
        for (text, x, radius) in [
            ("log(x)", -1.0, 0.0),
            ("sqrt(x)", 0.5, 1.0),
            ("sqrt(x)", 0.0, 0.0),
            ("1/x", 0.0, 1.0),
            ("exp(x)", 5_000.0, 0.0),
            ("exp(x)", 800.0, 0.0),
        ] {
            let y = apply(&f(text), Ball::new((x, 0.0), radius), true);
            assert!(!y.is_finite(), "{text} {y:?}");
        }
        assert!(!apply(&f("tanh(x)"), Ball::new((0.0, 0.0), f64::NAN), true).is_finite());
    }
}
