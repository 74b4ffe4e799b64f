//! Expressions at points: intervals of multiprecision floats, every operation rounded outward.

use crate::arith::mp::Mp;
use crate::arith::number;
use crate::function::algebra::{Algebra, Primitive};
use rug::float::{Constant, Round};
use rug::{Float, Rational};

/// Largest size of an exponential's argument.
pub const MAX_EXPONENT: u32 = 4_096;

/// Largest size of a binary exponent.
const MAX_BINARY: i32 = 1 << 16;

/// Intervals of so many bits.
#[derive(Debug, Clone, Copy)]
pub struct Points {
    /// Precision in bits.
    pub prec: u32,
}

/// Both ends rounded outward, through a function that does not fall.
fn rising(a: &Mp, f: impl Fn(&mut Float, Round)) -> Mp {
    let mut out = a.clone();
    f(&mut out.lo, Round::Down);
    f(&mut out.hi, Round::Up);
    out
}

/// A function of slope at most 1 in size, at the middle and widened.
fn turning(a: &Mp, f: impl Fn(&mut Float, Round)) -> Mp {
    let (mid, radius) = a.ball();
    let at = rising(&Mp::exact(&mid), f);
    if radius == 0.0 {
        return at;
    }
    at.widened(&Float::with_val(a.prec(), radius))
}

fn short(x: &Float) -> String {
    let exact = x.to_rational().unwrap_or_default();
    number::decimal(&exact, 12, false)
}

impl Algebra for Points {
    type Value = Mp;
    type Fault = String;

    fn constant(&self, c: &Rational) -> Mp {
        Mp::from_rational(self.prec, c)
    }

    fn pi(&self) -> Mp {
        Mp {
            lo: Float::with_val_round(self.prec, Constant::Pi, Round::Down).0,
            hi: Float::with_val_round(self.prec, Constant::Pi, Round::Up).0,
        }
    }

    fn plus(&self, a: &Mp, b: &Mp) -> Mp {
        a.clone().plus(b)
    }

    fn minus(&self, a: &Mp, b: &Mp) -> Mp {
        a.clone().minus(b)
    }

    fn times(&self, a: &Mp, b: &Mp) -> Result<Mp, String> {
        let Mp { mut lo, mut hi } = a.times(b);
        let most = |x: &Float| x.is_finite() && x.get_exp().is_none_or(|e| e <= MAX_BINARY);
        if !(most(&lo) && most(&hi)) {
            return Err("a product is too large".to_owned());
        }
        // What is smaller than any number that is written out is rounded outward to 0 or to the least of them.
        let tiny = |x: &Float| x.get_exp().is_some_and(|e| e < -MAX_BINARY);
        let least = |x: &Float| Float::with_val(x.prec(), 1) >> MAX_BINARY;
        if tiny(&lo) {
            lo = match lo.is_sign_negative() {
                true => -least(&lo),
                false => Float::new(lo.prec()),
            };
        }
        if tiny(&hi) {
            hi = match hi.is_sign_negative() {
                true => Float::new(hi.prec()),
                false => least(&hi),
            };
        }
        Ok(Mp { lo, hi })
    }

    fn inverse(&self, a: &Mp) -> Result<Mp, String> {
        if a.sign().is_none() {
            return Err("a divisor is 0".to_owned());
        }
        let over = |x: &Float, round| {
            let mut one = Float::with_val(self.prec, 1);
            rug::ops::DivAssignRound::div_assign_round(&mut one, x, round);
            one
        };
        Ok(Mp {
            lo: over(&a.hi, Round::Down),
            hi: over(&a.lo, Round::Up),
        })
    }

    fn root(&self, m: u32, a: &Mp) -> Result<Mp, String> {
        if a.hi < 0 {
            return Err(format!("root of {}, which is below 0", short(&a.hi)));
        }
        // What is below 0 by rounding alone is no point at which the root is meant.
        let mut a = a.clone();
        if a.lo < 0 {
            a.lo = Float::new(self.prec);
        }
        Ok(rising(&a, |x, round| {
            x.root_round(m, round);
        }))
    }

    fn apply(&self, f: Primitive, a: &Mp) -> Result<Mp, String> {
        match f {
            Primitive::Exp => {
                if a.hi > MAX_EXPONENT || a.lo < -i64::from(MAX_EXPONENT) {
                    let far = if a.hi > MAX_EXPONENT { &a.hi } else { &a.lo };
                    return Err(format!(
                        "exp of {}: arguments go up to {MAX_EXPONENT} in size",
                        short(far)
                    ));
                }
                Ok(rising(a, |x, round| {
                    x.exp_round(round);
                }))
            }
            Primitive::Log => {
                if a.lo <= 0 {
                    return Err(format!("log of {}, which is not above 0", short(&a.lo)));
                }
                Ok(rising(a, |x, round| {
                    x.ln_round(round);
                }))
            }
            Primitive::Sin => Ok(turning(a, |x, round| {
                x.sin_round(round);
            })),
            Primitive::Cos => Ok(turning(a, |x, round| {
                x.cos_round(round);
            })),
            Primitive::Atan => Ok(rising(a, |x, round| {
                x.atan_round(round);
            })),
            Primitive::Asin => {
                if a.lo > 1 || a.hi < -1 {
                    let far = if a.lo > 1 { &a.lo } else { &a.hi };
                    return Err(format!(
                        "asin or acos of {}, which is beyond 1 in size",
                        short(far)
                    ));
                }
                let mut a = a.clone();
                a.lo.max_mut(&Float::with_val(self.prec, -1));
                a.hi.min_mut(&Float::with_val(self.prec, 1));
                Ok(rising(&a, |x, round| {
                    x.asin_round(round);
                }))
            }
            Primitive::Erf => Ok(rising(a, |x, round| {
                x.erf_round(round);
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::expression::Expression;

    fn at(text: &str, x: (i32, i32), prec: u32) -> Result<Mp, String> {
        let k = Points { prec };
        let x = k.constant(&Rational::from(x));
        Expression::parse(text, true).unwrap().value(&k, &x, &x)
    }

    /// The derived names against MPFR's own functions; values at other bits meet.
    #[test]
    fn derived_names_are_what_they_say() {
        for n in -40..=40 {
            let x = (n, 7);
            let own = |f: fn(Float) -> Float| f(Float::with_val(400, Rational::from(x)));
            let logistic = |x: Float| (Float::with_val(400, -x).exp() + 1u32).recip();
            for (text, want) in [
                ("tanh(x)", own(Float::tanh)),
                ("sigmoid(x)", own(logistic)),
                ("silu(x)/x", own(logistic)),
                ("softplus(x)", own(|x| x.exp().ln_1p())),
                (
                    "2*gelu(x)/x - 1",
                    own(|x| (x / Float::with_val(400, 2).sqrt()).erf()),
                ),
                ("acos(x/6)", own(|x| (x / 6u32).acos())),
                ("x^-3", own(|x| x.clone().recip().square() / x)),
            ] {
                if n == 0 && (text.contains("/x") || text.contains('^')) {
                    assert!(at(text, x, 300).unwrap_err().contains("divisor is 0"));
                    continue;
                }
                let got = at(text, x, 300).unwrap();
                let slack = Float::with_val(400, 1) >> 280u32;
                assert!(
                    got.lo.clone() - &slack <= want && want <= got.hi.clone() + &slack,
                    "{text} at {x:?}"
                );
                let rough = at(text, x, 64).unwrap();
                assert!(rough.meets(&got) && Float::with_val(64, &rough.hi - &rough.lo) < 1e-15);
            }
        }
        // Published: GELU with tanh at 1 is 0.841191990608276...
        let g = at("gelu_tanh(x)", (1, 1), 200).unwrap();
        assert!((g.lo.to_f64() - 0.841_191_990_608_276).abs() < 1e-12);
    }

    #[test]
    fn points_outside_are_named() {
        for (text, x, part) in [
            ("log(x)", (0, 1), "log of 0"),
            ("sqrt(x)", (-1, 1), "below 0"),
            ("asin(x)", (2, 1), "beyond 1"),
            ("exp(x)", (5_000, 1), "up to 4096"),
            ("1/(x-1)", (1, 1), "divisor is 0"),
            ("((x^1024)^1024)^1024", (2, 1), "too large"),
        ] {
            let e = at(text, x, 100).unwrap_err();
            assert!(e.contains(part), "{e}");
        }
        let tiny = at("((x^1024)^1024)^1024", (-1, 2), 100).unwrap();
        assert!(tiny.lo == 0 && tiny.hi > 0 && tiny.hi < 1e-300);
        assert!(at("sqrt(1-x)", (1, 1), 100).unwrap().hi == 0);
        assert!(at("asin(x)", (1, 1), 100).is_ok());
    }
}
