//! What a program in floating point adds to p: Horner's scheme or Clenshaw's recurrence as coded.
//!
//! # Method
//! The standard bounds, derived at the head of the checker's rule: every operation misses by at most mu |z| + eta. Horner's
//! scheme carries the miss along with the size of the value; a miss of Clenshaw's b_k is one of c_k, and moves p by as much
//! times T_k. All sums are rounded up.

use crate::arith::rounding::CoefficientMode;
use crate::certify::published;
use crate::error::{Error, Result};
use crate::poly::component::{Basis, Component};
use crate::poly::evaluation::Evaluation;
use crate::poly::table::Table;
use rug::float::Round;
use rug::{Float, Rational};

/// Working precision in bits.
const PREC: u32 = 192;

/// A proved bound of what rounding adds.
#[derive(Debug, Clone)]
pub struct Rounding {
    /// How p is evaluated.
    pub evaluation: Evaluation,
    /// Least x.
    pub from: Rational,
    /// Greatest x.
    pub to: Rational,
    /// The program's result is within this of p(x) for every x of the format in [from, to].
    pub bound_hi: Rational,
}

/// Sums and products rounded up, and misses of the format.
struct Format {
    mu: Float,
    eta: Float,
    greatest: Float,
}

fn power(bits: i32) -> Float {
    Float::with_val(PREC, 1) << bits
}

fn size(x: &Rational) -> Float {
    Float::with_val_round(PREC, x.clone().abs(), Round::Up).0
}

fn sum(a: &Float, b: &Float) -> Float {
    Float::with_val_round(PREC, a + b, Round::Up).0
}

fn product(a: &Float, b: &Float) -> Float {
    Float::with_val_round(PREC, a * b, Round::Up).0
}

impl Format {
    fn new(format: CoefficientMode) -> Self {
        let (bits, least, most) = match format {
            CoefficientMode::F32 => (24, 149, 127),
            _ => (53, 1_074, 1_023),
        };
        Self {
            mu: power(-bits),
            eta: power(-least),
            greatest: power(most),
        }
    }

    /// What one rounding of a number of this size misses.
    fn miss(&self, size: &Float) -> Result<Float> {
        if *size >= self.greatest {
            let detail = "as coded, a number on the way may exceed the greatest of the format";
            return Err(Error::domain(detail));
        }
        Ok(sum(&product(&self.mu, size), &self.eta))
    }
}

/// Bounds what rounding adds to p over [from, to].
///
/// **Guarantee** for every x of the format in [from, to], of a program that holds coefficients, scale and offset rounded to
/// nearest, and rounds every sum and product to nearest, in any order of the additions, with or without fused
/// multiply-add: |result - p(x)| <= `bound_hi`, p with the coefficients of the format.
/// **Inputs** `bits`: the checker computes on the grid of 2^-bits.
///
/// # Errors
/// A composite, another basis, numbers beyond the format.
pub fn enclose(
    table: &Table,
    evaluation: Evaluation,
    (from, to): (&Rational, &Rational),
    bits: u32,
) -> Result<Rounding> {
    let [component] = table.components.as_slice() else {
        let detail = "--evaluation is of a table of one polynomial, and this one is a composite";
        return Err(Error::unsupported(detail));
    };
    if component.basis != evaluation.basis {
        let other = Evaluation {
            basis: component.basis,
            ..evaluation
        };
        return Err(Error::domain(format!(
            "--evaluation {evaluation}: the table's basis is that of {other}"
        )));
    }
    let format = Format::new(evaluation.format);
    let rounded = component.coefficients.iter();
    let rounded = rounded.map(|c| Ok(size(&evaluation.format.round(c)?)));
    let sizes = rounded.collect::<Result<Vec<Float>>>()?;
    let (u, d) = argument(component, (from, to), &format)?;
    let bound = match evaluation.basis {
        Basis::Power => horner(&sizes, &u, &d, &format)?,
        Basis::Chebyshev => clenshaw(&sizes, &u, &d, &format)?,
    };
    // The checker's roundings: some of 2^-bits for each product.
    let room = sum(&product(&bound, &power(-40)), &power(40 - bits as i32));
    Ok(Rounding {
        evaluation,
        from: from.clone(),
        to: to.clone(),
        bound_hi: published::upper(&sum(&bound, &room)),
    })
}

/// The greatest |scale x + offset|, and what its computed value may miss.
fn argument(
    component: &Component,
    (from, to): (&Rational, &Rational),
    format: &Format,
) -> Result<(Float, Float)> {
    let (scale, offset) = (&component.scale, &component.offset);
    let at = |x: &Rational| size(&(Rational::from(scale * x) + offset));
    let u = at(from).max(&at(to));
    let x = size(from).max(&size(to));
    let (mut all, mut miss) = (x.clone(), Float::new(PREC));
    if *scale != 1u32 {
        let scale = size(scale);
        all = product(&scale, &x);
        miss = product(&format.miss(&scale)?, &x);
        miss = sum(&miss, &format.miss(&sum(&all, &miss))?);
    }
    if !offset.is_zero() {
        let offset = size(offset);
        all = sum(&all, &offset);
        miss = sum(&miss, &format.miss(&offset)?);
        miss = sum(&miss, &format.miss(&sum(&all, &miss))?);
    }
    Ok((u, miss))
}

fn horner(c: &[Float], u: &Float, d: &Float, format: &Format) -> Result<Float> {
    let mut all = c.iter().rev();
    let mut size = all.next().cloned().unwrap_or_else(|| Float::new(PREC));
    let mut miss = Float::new(PREC);
    let reach = sum(u, d);
    for c in all {
        miss = sum(&product(&miss, &reach), &product(&size, d));
        size = product(&size, u);
        miss = sum(&miss, &format.miss(&sum(&size, &miss))?);
        size = sum(&size, c);
        miss = sum(&miss, &format.miss(&sum(&size, &miss))?);
    }
    Ok(miss)
}

fn clenshaw(c: &[Float], u: &Float, d: &Float, format: &Format) -> Result<Float> {
    let one = power(0);
    let most = sum(u, d).max(&one);
    let twice = Float::with_val(PREC, &most * 2u32);
    // 2 u is a number of its own, also where what it is multiplied with is tiny or 0.
    if c.len() > 1 {
        format.miss(&twice)?;
    }
    // T_i and U_i at m >= 1, of nonnegative terms: T_i = m T_(i-1) + (m^2 - 1) U_(i-2), U_i = m U_(i-1) + T_i.
    let slack = Float::with_val_round(PREC, product(&most, &most) - &one, Round::Up).0;
    let (mut t, mut w) = (vec![one.clone()], vec![one]);
    for i in 1..c.len() {
        let mut next = product(&most, &t[i - 1]);
        if i >= 2 {
            next = sum(&next, &product(&slack, &w[i - 2]));
        }
        w.push(sum(&product(&most, &w[i - 1]), &next));
        t.push(next);
    }
    let mut bounds = vec![Float::new(PREC); c.len() + 2];
    let mut moved = c.to_vec();
    let mut miss = Float::new(PREC);
    for k in (0..c.len()).rev() {
        let times = if k == 0 { &most } else { &twice };
        let all = sum(&sum(&product(times, &bounds[k + 1]), &bounds[k + 2]), &c[k]);
        let mut q = Float::new(PREC);
        // The first step is the last coefficient itself.
        if k + 1 < c.len() {
            for _ in 0..3 {
                q = sum(&q, &format.miss(&sum(&all, &q))?);
            }
        }
        miss = sum(&miss, &product(&q, &t[k]));
        moved[k] = sum(&moved[k], &q);
        let terms = moved[k..].iter().zip(&w);
        bounds[k] = terms.fold(Float::new(PREC), |all, (a, w)| sum(&all, &product(a, w)));
    }
    for j in 1..c.len() {
        let slope = product(&product(&c[j], &w[j - 1]), d);
        miss = sum(&miss, &product(&slope, &Float::with_val(PREC, j as u32)));
    }
    Ok(miss)
}
