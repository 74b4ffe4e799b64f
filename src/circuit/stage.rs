//! One polynomial in the Chebyshev basis, at least depth, with every scale chosen from the result back.
//!
//! # Method
//! `T_i = 2 T_a T_b - T_(a-b)`, where the factor of `T_(a-b)` is what makes the scales equal. For the
//! polynomial itself the wanted scale goes down the split: `f = q T_g + r` is to have scale `S` before
//! its rescale, so `q` is to have `S / scale(T_g)`, and both `q` and `r` end in sums of constants times
//! `T_i`, whose factors are free. All parts of one depth are summed before they are rescaled, once.
//!
//! `a u^2 + b` needs no constant at its own level: an integer k beside a stands for it exactly at the factor k/a.
//! That is one level where the degree says two, at a scale that is off by k/a.

use crate::circuit::builder::Builder;
use crate::circuit::split;
use crate::circuit::split::Split;
use crate::circuit::{Id, StageSpan};
use crate::error::{Error, Result};
use rug::Rational;
use std::collections::BTreeMap;

struct Powers<'a> {
    b: &'a mut Builder,
    /// Level of the input.
    top: usize,
    /// The `T_i` so far.
    t: BTreeMap<usize, Id>,
}

/// sum_j c_j T_j(u), u the value of `input`, |u| <= 1, at the given scale.
///
/// **Inputs** coefficients from degree 0 upwards; trailing zeros cost nothing. The depth is
/// `ceil(log2(degree + 1))`.
///
/// # Errors
/// A degree that is not evaluated, or a depth that the chain does not have: need and have.
pub fn polynomial(
    b: &mut Builder,
    input: Id,
    coefficients: &[Rational],
    scale: &Rational,
) -> Result<Id> {
    let used = coefficients.iter().rposition(|c| !c.is_zero());
    let degree = used.unwrap_or(0);
    let c = coefficients.get(..=degree).unwrap_or(&[]);
    let (plan, _) = split::best(&split::support(c))?;
    let (need, have) = (split::depth(degree), b.level(input));
    if need > have {
        return Err(Error::unsupported(format!(
            "a polynomial of degree {degree} needs {need} levels, and {have} are left"
        )));
    }
    let first = b.len();
    let mut stage = Powers {
        top: have,
        t: BTreeMap::from([(1, input)]),
        b,
    };
    let before = scale * stage.b.modulus(have + 1 - need)?;
    let sum = stage.before_rescale(c, &plan, need, &before)?;
    let output = stage.b.rescale(sum)?;
    let chebyshev = stage.t.values().copied().filter(|&t| t != input).collect();
    b.stage(StageSpan {
        input,
        first,
        output,
        chebyshev,
        coefficients: c.to_vec(),
    });
    Ok(output)
}

/// a and b of a polynomial a u^2 + b, |a| at least 1/4, from its Chebyshev coefficients.
pub fn as_square(c: &[Rational]) -> Option<(Rational, Rational)> {
    let [b, linear, a] = c else { return None };
    let a = Rational::from(a * 2u32);
    let good = linear.is_zero() && a.clone().abs() * 4u32 >= 1u32;
    good.then(|| {
        let b = b - Rational::from(&a / 2u32);
        (a, b)
    })
}

/// a u^2 + b at one level, u the value of `input`; the scale is that of the input squared, times k/a, over a prime.
///
/// # Errors
/// No level left.
pub fn square(b: &mut Builder, input: Id, (a, c): (Rational, Rational)) -> Result<Id> {
    let first = b.len();
    let product = b.mul(input, input)?;
    let nearest = a.clone().round();
    let k = match nearest.is_zero() {
        true => Rational::from(if a < 0u32 { -1 } else { 1 }),
        false => nearest,
    };
    let factor = k / &a;
    let times = b.mul_constant(product, a.clone(), factor);
    let sum = match c.is_zero() {
        true => times,
        false => b.add_constant(times, c.clone()),
    };
    let output = b.rescale(sum)?;
    let half = Rational::from(&a / 2u32);
    b.stage(StageSpan {
        input,
        first,
        output,
        chebyshev: Vec::new(),
        coefficients: vec![c + &half, Rational::new(), half],
    });
    Ok(output)
}

impl Powers<'_> {
    /// `T_i` at the depth where it is ready.
    fn chebyshev(&mut self, i: usize) -> Result<Id> {
        if let Some(&id) = self.t.get(&i) {
            return Ok(id);
        }
        let (a, b) = split::parts(i);
        let (ta, tb) = (self.chebyshev(a)?, self.chebyshev(b)?);
        let product = self.b.mul(ta, tb)?;
        let twice = self
            .b
            .mul_constant(product, Rational::from(2), Rational::from(1));
        let sum = if a == b {
            self.b.add_constant(twice, Rational::from(-1))
        } else {
            let rest = self.chebyshev(a - b)?;
            let rest = self.b.drop_to(rest, self.b.level(twice))?;
            let scale = self.b.scale(twice).clone();
            let rest = self.b.mul_to_scale(rest, Rational::from(1), &scale);
            self.b.sub(twice, rest)?
        };
        let t = self.b.rescale(sum)?;
        self.t.insert(i, t);
        Ok(t)
    }

    /// The polynomial at depth `by` before its rescale, at the given scale.
    fn before_rescale(
        &mut self,
        c: &[Rational],
        plan: &Split,
        by: usize,
        scale: &Rational,
    ) -> Result<Id> {
        let level = self.top + 1 - by;
        match plan {
            Split::Sum => {
                let mut sum: Option<Id> = None;
                for (i, c) in c.iter().enumerate().skip(1) {
                    if c.is_zero() {
                        continue;
                    }
                    let t = self.chebyshev(i)?;
                    let t = self.b.drop_to(t, level)?;
                    let term = self.b.mul_to_scale(t, c.clone(), scale);
                    sum = Some(match sum {
                        Some(sum) => self.b.add(sum, term)?,
                        None => term,
                    });
                }
                let sum = match sum {
                    Some(sum) => sum,
                    // Something must carry the level and the scale, even of a constant.
                    None => {
                        let t = self.b.drop_to(self.t[&1], level)?;
                        self.b.mul_to_scale(t, Rational::new(), scale)
                    }
                };
                Ok(match c.first() {
                    Some(c0) if !c0.is_zero() => self.b.add_constant(sum, c0.clone()),
                    _ => sum,
                })
            }
            Split::Product { giant, high, low } => {
                let (q, r) = split::divide(c, *giant);
                let t = self.chebyshev(*giant)?;
                let t = self.b.drop_to(t, level)?;
                let q_scale =
                    Rational::from(scale / self.b.scale(t)) * self.b.modulus(level + 1)?;
                let q = self.before_rescale(&q, high, by - 1, &q_scale)?;
                let q = self.b.rescale(q)?;
                let product = self.b.mul(q, t)?;
                let r = self.before_rescale(&r, low, by, scale)?;
                self.b.add(product, r)
            }
        }
    }
}
