//! Expressions with their derivatives: every value beside its slope in x, by the chain rule, over intervals.
//!
//! Where an evaluation over an interval has a value, the expression is defined and differentiable on all of it: roots are
//! refused where what stands under them and depends on x may be 0 or less, arc sines where it may be 1 in size, quotients where
//! the divisor may be 0, logarithms where their argument may be.

use crate::arith::mp::Mp;
use crate::function::algebra::{Algebra, Primitive};
use crate::function::expression::Expression;
use crate::function::point::Points;
use rug::Rational;

/// Intervals with slopes.
#[derive(Debug, Clone, Copy)]
pub struct Slopes(pub Points);

type Pair = (Mp, Mp);

impl Slopes {
    fn zero(&self) -> Mp {
        Mp::int(self.0.prec, 0)
    }

    /// (v, s a'), where a' is not 0.
    fn chained(&self, v: Mp, s: Result<Mp, String>, a: &Pair) -> Result<Pair, String> {
        Ok((v, self.0.times(&s?, &a.1)?))
    }
}

fn is_constant(a: &Pair) -> bool {
    a.1.lo.is_zero() && a.1.hi.is_zero()
}

impl Algebra for Slopes {
    type Value = Pair;
    type Fault = String;

    fn constant(&self, c: &Rational) -> Pair {
        (self.0.constant(c), self.zero())
    }

    fn pi(&self) -> Pair {
        (self.0.pi(), self.zero())
    }

    fn plus(&self, a: &Pair, b: &Pair) -> Pair {
        (self.0.plus(&a.0, &b.0), self.0.plus(&a.1, &b.1))
    }

    fn minus(&self, a: &Pair, b: &Pair) -> Pair {
        (self.0.minus(&a.0, &b.0), self.0.minus(&a.1, &b.1))
    }

    fn times(&self, a: &Pair, b: &Pair) -> Result<Pair, String> {
        let k = &self.0;
        let slope = k.plus(&k.times(&a.0, &b.1)?, &k.times(&a.1, &b.0)?);
        Ok((k.times(&a.0, &b.0)?, slope))
    }

    fn inverse(&self, a: &Pair) -> Result<Pair, String> {
        let v = self.0.inverse(&a.0)?;
        let square = self.0.times(&v, &v)?.negated();
        self.chained(v, Ok(square), a)
    }

    fn root(&self, m: u32, a: &Pair) -> Result<Pair, String> {
        let v = self.0.root(m, &a.0)?;
        if is_constant(a) {
            return Ok((v, self.zero()));
        }
        if a.0.lo <= 0 {
            return Err("a root of what may be 0 has no slope".to_owned());
        }
        // v/(m a)
        let share = self.0.constant(&Rational::from((1, m)));
        let over = self.0.times(&self.0.inverse(&a.0)?, &share)?;
        let slope = self.0.times(&v, &over);
        self.chained(v, slope, a)
    }

    fn apply(&self, f: Primitive, a: &Pair) -> Result<Pair, String> {
        let k = &self.0;
        let v = k.apply(f, &a.0)?;
        if is_constant(a) {
            return Ok((v, self.zero()));
        }
        let one = k.constant(&Rational::from(1));
        let slope = match f {
            Primitive::Exp => Ok(v.clone()),
            Primitive::Log => k.inverse(&a.0),
            Primitive::Sin => k.apply(Primitive::Cos, &a.0),
            Primitive::Cos => k.apply(Primitive::Sin, &a.0).map(Mp::negated),
            Primitive::Atan => k.inverse(&k.plus(&one, &square(k, &a.0)?)),
            Primitive::Asin => {
                let left = k.minus(&one, &square(k, &a.0)?);
                if left.lo <= 0 {
                    return Err("asin or acos of what may be 1 in size has no slope".to_owned());
                }
                k.inverse(&k.root(2, &left)?)
            }
            Primitive::Erf => {
                // 2/sqrt(pi) e^(-a^2); where a^2 is beyond the exponents that are taken, e^(-a^2) lies below that at their end.
                let most = k.constant(&Rational::from(crate::function::point::MAX_EXPONENT));
                let mut exponent = square(k, &a.0)?;
                let beyond = exponent.hi > most.lo;
                exponent.lo.min_mut(&most.lo);
                exponent.hi.min_mut(&most.lo);
                let mut bell = k.apply(Primitive::Exp, &exponent.negated())?;
                if beyond {
                    bell.lo = rug::Float::new(k.prec);
                }
                let factor = k.root(2, &k.times(&k.constant(&4.into()), &k.inverse(&k.pi())?)?)?;
                k.times(&factor, &bell)
            }
        };
        self.chained(v, slope, a)
    }
}

/// a^2, which is not below 0.
fn square(k: &Points, a: &Mp) -> Result<Mp, String> {
    let (least, most) = (a.mignitude(), a.magnitude());
    Ok(Mp {
        lo: k.times(&Mp::exact(&least), &Mp::exact(&least))?.lo,
        hi: k.times(&Mp::exact(&most), &Mp::exact(&most))?.hi,
    })
}

impl Expression {
    /// Enclosures of f and of f' over an interval, for an expression of x alone.
    ///
    /// **Guarantee** f is defined and differentiable on all of the interval, and both hold all its values there.
    ///
    /// # Errors
    /// Why that is not known, in words.
    ///
    /// ```
    /// use polycert::arith::mp::Mp;
    /// use polycert::function::{expression::Expression, point::Points};
    /// let f = Expression::parse("tanh(x)", false)?;
    /// let (value, slope) = f.with_slope(Points { prec: 80 }, &Mp::int(80, 0)).unwrap();
    /// assert!(value.lo <= 0 && value.hi >= 0 && slope.lo <= 1 && slope.hi >= 1);
    /// # Ok::<(), polycert::error::Error>(())
    /// ```
    pub fn with_slope(&self, points: Points, x: &Mp) -> Result<(Mp, Mp), String> {
        let x = (x.clone(), Mp::int(points.prec, 1));
        self.value(&Slopes(points), &x, &x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Float;

    fn at(text: &str, x: Mp) -> Result<(Mp, Mp), String> {
        let f = Expression::parse(text, false).unwrap();
        f.with_slope(Points { prec: x.prec() }, &x)
    }

    /// Against quotients of differences in 400 bits: the true slope is within h max|f''| of them.
    #[test]
    fn slopes_are_those_of_difference_quotients() {
        let h = Float::with_val(400, 1) >> 100u32;
        for text in [
            "exp(x)",
            "log(x+5)",
            "sqrt(x+5)",
            "root(3, x + 4)",
            "sin(x)",
            "cos(x)",
            "atan(x)",
            "asin(x/5)",
            "acos(x/5)",
            "erf(x)",
            "tanh(x)",
            "sigmoid(x)",
            "softplus(x)",
            "gelu(x)",
            "gelu_tanh(x)",
            "silu(x)",
            "x^3 - x^-2/(x^2+1)",
            "1/(1+exp(-x*1.702))",
        ] {
            for n in [-17, -5, 1, 4, 23] {
                let x = Float::with_val(400, Rational::from((n, 7)));
                let (_, slope) = at(text, Mp::exact(&x)).unwrap();
                let value = |x: Float| at(text, Mp::exact(&x)).unwrap().0.lo;
                let more = Float::with_val(400, &x + &h);
                let quotient = (value(more) - value(x)) / &h;
                let slack = Float::with_val(400, 1) >> 80u32;
                assert!(
                    slope.lo - &slack <= quotient && quotient <= slope.hi + &slack,
                    "{text} at {n}/7"
                );
            }
        }
    }

    /// Over intervals the slopes of all their points are held.
    #[test]
    fn wide_intervals_hold_the_slopes_inside() {
        for text in ["gelu(x)", "silu(x)", "tanh(x)", "erf(x)", "sin(x)*x", "x^2"] {
            for (n, width) in [(-30, 11), (-4, 8), (0, 1), (9, 30)] {
                let q = |n: i32| Float::with_val(120, Rational::from((n, 10)));
                let (value, slope) = at(text, Mp::new(q(n), q(n + width))).unwrap();
                for k in 0..=width {
                    let (v, s) = at(text, Mp::exact(&q(n + k))).unwrap();
                    assert!(value.contains(&v) && slope.contains(&s), "{text} {n} {k}");
                }
            }
        }
        let far = at("erf(x)", Mp::exact(&Float::with_val(80, 1_000))).unwrap();
        assert!(far.1.lo == 0 && far.1.hi < 1e-300);
    }

    #[test]
    fn where_there_is_no_slope_none_is_told() {
        let across = || Mp::new(Float::with_val(80, -1), Float::with_val(80, 2));
        for text in ["sqrt(x)", "log(x)", "1/x", "asin(x)", "sqrt(x^2)"] {
            assert!(at(text, across()).is_err(), "{text}");
        }
        assert!(at("sqrt(2)*x", across()).is_ok());
    }
}
