//! log, atan, erf and asin of a model, through what is known of their derivatives; and the algebra of expressions.

use crate::certify::series::model::{ceil, shift_up, Fault, Frame, Model};
use crate::certify::series::points::{self, Enclosed};
use crate::function::algebra::{Algebra, Primitive};
use rug::{Integer, Rational};

impl Frame {
    /// f(A) for the polynomial A from a model of f'(A): f(a_0) and the integral of A' f'(A) from 0 to v, which is no
    /// farther off than the integrand, as |v| <= 1.
    fn integral(&self, start: &Enclosed, a: &Model, derivative: &Model) -> Result<Model, Fault> {
        let slopes = a.slopes().split_off(1.min(a.c.len()));
        let slope = self.made(slopes, Integer::new());
        let cap = self.degree.saturating_sub(1);
        let inner = self.product(&slope, derivative, self.bits, cap)?;
        let first = self.enclosed(&start.lo, &start.hi);
        let r = Integer::from(&inner.r + &first.r) + inner.c.len();
        let mut c = vec![first.middle()];
        for (k, x) in inner.c.into_iter().enumerate() {
            c.push(x.div_rem_floor(Integer::from(k + 1)).0);
        }
        self.limited(c, r)
    }

    fn with_radius(&self, mut a: Model, more: Integer) -> Model {
        a.r += more;
        a
    }

    /// log(A). Let K bound 1/A of the polynomial A, which is above 0 in the middle and nowhere 0: it is 1/K at least. What
    /// is within s <= 1/(2K) of it is 1/(2K) at least, so log moves by 2 K s at most.
    fn logarithm(&self, a: &Model) -> Result<Model, Fault> {
        let polynomial = a.exactly();
        let start = points::value(Primitive::Log, &a.middle(), self.bits)?;
        let derivative = self.reciprocal(&polynomial)?;
        let moved = shift_up(derivative.magnitude() * &a.r * 2u32, self.bits);
        if moved > self.one() {
            return Err("log of a value that may not be above 0");
        }
        let value = self.integral(&start, &polynomial, &derivative)?;
        Ok(self.with_radius(value, moved))
    }

    /// atan(A): the derivative 1/(1 + A^2) is 1 at most.
    fn arc_tangent(&self, a: &Model) -> Result<Model, Fault> {
        let polynomial = a.exactly();
        let start = points::value(Primitive::Atan, &a.middle(), self.bits)?;
        let one = self.number(&Rational::from(1));
        let below = self.sum(&one, &self.times(&polynomial, &polynomial)?);
        let value = self.integral(&start, &polynomial, &self.reciprocal(&below)?)?;
        Ok(self.with_radius(value, a.r.clone()))
    }

    /// erf(A): the derivative 2/sqrt(pi) exp(-A^2) is 113/100 at most.
    fn error_function(&self, a: &Model) -> Result<Model, Fault> {
        let polynomial = a.exactly();
        let start = points::value(Primitive::Erf, &a.middle(), self.bits)?;
        let square = self.times(&polynomial, &polynomial)?;
        let bell = self.exponential(&self.negated(&square))?;
        let factor = points::two_over_root_pi(self.bits);
        let derivative = self.times(&bell, &self.enclosed(&factor.lo, &factor.hi))?;
        let value = self.integral(&start, &polynomial, &derivative)?;
        let moved = ceil(Integer::from(&a.r * 113u32), &Integer::from(100));
        Ok(self.with_radius(value, moved))
    }

    /// asin(A), meant where |A| <= 1.
    fn arc_sine(&self, a: &Model) -> Result<Model, Fault> {
        if let Some(found) = self.arc_sine_inside(a)? {
            return Ok(found);
        }
        // At an end of where it is defined: between the values at the ends of A's range.
        let (middle, swing, one) = (a.middle(), a.swing(), self.one());
        let (lo, hi) = (Integer::from(&middle - &swing), middle + swing);
        let beyond = self.beyond() + &one;
        let least = Integer::from(-&one);
        if lo < Integer::from(-&beyond) || hi > beyond || hi < least || lo > one {
            return Err("asin or acos of a value that may be beyond 1 in size");
        }
        let lo = points::value(Primitive::Asin, &lo.max(least), self.bits)?;
        let hi = points::value(Primitive::Asin, &hi.min(one), self.bits)?;
        Ok(self.enclosed(&lo.lo, &hi.hi))
    }

    /// None where the expansion does not prove enough. Let K bound 1/sqrt(1 - A^2) of the polynomial A. Where
    /// 6 s K^2 <= 1 and what is meant is within s of A, its 1 - A^2 is 1/K^2 - 3 s >= 1/(2 K^2) at least, so asin moves by
    /// 2 K s at most.
    fn arc_sine_inside(&self, a: &Model) -> Result<Option<Model>, Fault> {
        let polynomial = a.exactly();
        let one = self.number(&Rational::from(1));
        let square = self.times(&polynomial, &polynomial)?;
        let rest = self.sum(&one, &self.negated(&square));
        if a.middle().abs() >= self.one() || rest.middle() <= 0 {
            return Ok(None);
        }
        let start = points::value(Primitive::Asin, &a.middle(), self.bits)?;
        let Some(root) = self.root_inside(2, &rest)? else {
            return Ok(None);
        };
        let Ok(derivative) = self.reciprocal(&root) else {
            return Ok(None);
        };
        let k = derivative.magnitude();
        if Integer::from(&a.r * &k) * &k * 6u32 > Integer::from(1) << (3 * self.bits) {
            return Ok(None);
        }
        let moved = shift_up(k * &a.r * 2u32, self.bits);
        let value = self.integral(&start, &polynomial, &derivative)?;
        Ok(Some(self.with_radius(value, moved)))
    }
}

impl Algebra for Frame {
    type Value = Model;
    type Fault = Fault;

    fn constant(&self, c: &Rational) -> Model {
        self.number(c)
    }

    fn pi(&self) -> Model {
        let pi = points::pi(self.bits);
        self.enclosed(&pi.lo, &pi.hi)
    }

    fn plus(&self, a: &Model, b: &Model) -> Model {
        self.sum(a, b)
    }

    fn minus(&self, a: &Model, b: &Model) -> Model {
        self.sum(a, &self.negated(b))
    }

    fn times(&self, a: &Model, b: &Model) -> Result<Model, Fault> {
        Frame::times(self, a, b)
    }

    fn multiple(&self, c: &Rational, a: &Model) -> Result<Model, Fault> {
        let product = self.scaled(c, a);
        self.limited(product.c, product.r)
    }

    fn inverse(&self, a: &Model) -> Result<Model, Fault> {
        self.reciprocal(a)
    }

    fn root(&self, m: u32, a: &Model) -> Result<Model, Fault> {
        self.root_of(m, a)
    }

    fn apply(&self, f: Primitive, a: &Model) -> Result<Model, Fault> {
        match f {
            Primitive::Exp => self.exponential(a),
            Primitive::Log => self.logarithm(a),
            Primitive::Sin => Ok(self.turned(a)?.0),
            Primitive::Cos => Ok(self.turned(a)?.1),
            Primitive::Atan => self.arc_tangent(a),
            Primitive::Asin => self.arc_sine(a),
            Primitive::Erf => self.error_function(a),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::expression::Expression;
    use crate::function::point::Points;
    use rug::Float;

    /// The value of the model's polynomial at v = n/16, exactly.
    fn at(model: &Model, n: i32, bits: u32) -> Rational {
        let v = Rational::from((n, 16));
        let sum = model.c.iter().rev();
        sum.fold(Rational::new(), |sum, c| sum * &v + c) >> bits
    }

    /// Every operation on cells of many widths: what MPFR gives at points of a cell is within the radius of the polynomial.
    #[test]
    fn models_hold_values_at_points() {
        let texts = [
            "1/(x + 2)",
            "sqrt(x + 2)",
            "root(5, 1 + x^2)",
            "exp(3*x)",
            "sin(5*x) - cos(x)^3",
            "log(x + 2)",
            "atan(2*x - 1)",
            "asin(x/2)",
            "acos(x^2/3)",
            "erf(x)*pi",
            "gelu(x) + gelu_tanh(x)",
            "silu(x) - softplus(x)*tanh(x)",
            "sqrt(1 - x^2)",
            "x^-2",
        ];
        let mut held = 0;
        for text in texts {
            let e = Expression::parse(text, false).unwrap();
            for bits in [64u32, 192] {
                for (middle, reach) in [(0, 64), (-3, 1), (48, 16), (20, 5), (-63, 1), (7, 0)] {
                    for degree in [0, 3, 12] {
                        let frame = Frame {
                            bits,
                            degree,
                            slack: true,
                        };
                        let on_grid = |n: i32| Integer::from(n) << (bits - 6);
                        let x = frame.made(vec![on_grid(middle), on_grid(reach)], Integer::new());
                        let Ok(model) = e.value(&frame, &x, &x) else {
                            continue;
                        };
                        let radius = Rational::from(&model.r) >> bits;
                        for n in -16..=16 {
                            let place = Rational::from((middle * 16 + reach * n, 64 * 16));
                            let points = Points { prec: 320 };
                            let place = points.constant(&place);
                            let Ok(value) = e.value(&points, &place, &place) else {
                                continue;
                            };
                            let exact = |x: &Float| x.to_rational().unwrap();
                            let g = at(&model, n, bits);
                            let inside = exact(&value.lo) <= Rational::from(&g + &radius)
                                && exact(&value.hi) >= Rational::from(&g - &radius);
                            assert!(
                                inside,
                                "{text} at {n}/16 of {middle} +- {reach}, degree {degree}"
                            );
                            held += 1;
                        }
                    }
                }
            }
        }
        assert!(held > 9_000, "{held}");
    }

    #[test]
    fn radii_are_small_where_they_can_be() {
        let frame = Frame {
            bits: 192,
            degree: 24,
            slack: true,
        };
        for text in [
            "exp(x)",
            "1/(2+x)",
            "log(2+x)",
            "erf(x)",
            "atan(x)",
            "sin(x)",
            "asin(x)",
            "sqrt(2+x)",
        ] {
            let e = Expression::parse(text, false).unwrap();
            let x = vec![Integer::from(1) << 190u32, Integer::from(1) << 187u32];
            let x = frame.made(x, Integer::new());
            let model = e.value(&frame, &x, &x).unwrap();
            // The radius of convergence is 6 half widths at least.
            assert!(
                model.r < Integer::from(1) << 140u32,
                "{text}: {}",
                model.r.significant_bits()
            );
        }
    }
}
