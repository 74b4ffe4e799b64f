//! A composite over an interval of x of either sign, as the function that it itself stands for.
//!
//! # Method
//! Stages are prepared one after the other: the image of one is what the next is prepared for, each a little
//! wider than it is taken, so that a value with noise is still where the pieces are proved. How much wider is
//! 2^-b of half its width, b growing with the depth of the stage: beyond an interval by that much a polynomial
//! of degree d may grow by cosh(d sqrt(2^(1-b))), which stays below 4 up to degree 127.
//!
//! # Accuracy
//! The working precision is what the worst stage loses in the power basis, and half as much again.

use crate::arith::mp::Mp;
use crate::certify::composite::cascade::{Branch, Stage};
use crate::certify::stage::pieces::Pieces;
use crate::certify::stage::polynomial::Polynomial;
use crate::error::{Error, ErrorKind, Result};
use crate::poly::composite::Side;
use rug::float::Round;
use rug::{Float, Integer, Rational};

/// Working precision at most, in bits: a checker reads 2,048.
const MAX_PRECISION: u32 = 1_536;
/// Fractional bits of a checker, at most.
const MAX_FIXED_BITS: u32 = 2_048;
/// Images of stages that feed others, at most.
const MAX_IMAGE: f64 = 1e15;
/// Depth of a stage up to which the margin is as asked for.
const PLAIN_DEPTH: i32 = 6;
/// A middle and a half width of so many bits together are taken as they are.
const SHORT: u32 = 64;

/// The middle of what a stage takes, and how far it may be from there, noise included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputMap {
    /// m.
    pub centre: Rational,
    /// K > 0.
    pub reach: Rational,
}

/// Stages prepared over [lo, hi].
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The stages P_i themselves, as a branch of the positive side: over negative x too.
    pub branch: Branch,
    /// For every stage; all that it takes, and 2^-b of the half width more, is within K of m.
    pub maps: Vec<InputMap>,
    /// Fractional bits with which a checker in fixed point comes to the same: an estimate.
    pub estimate_fixed_bits: u32,
}

/// Prepares the stages for x in [lo, hi], each with a margin of 2^-`margin` of half the width of its inputs
/// (less for stages of great depth).
///
/// **Guarantee** for every x in [lo, hi] each stage takes what lies in its pieces, and within K of m.
/// **Cost** two Bernstein transforms a stage, and evaluations of all its critical points.
///
/// # Errors
/// lo >= hi; critical points that cannot be boxed; coefficients or images that run away.
pub fn prepare(
    stages: &[Vec<Rational>],
    (lo, hi): (&Rational, &Rational),
    margin: i32,
) -> Result<Prepared> {
    if lo >= hi {
        return Err(Error::domain("an interval of x whose ends are in order"));
    }
    let mut prec = 128;
    loop {
        match attempt(stages, (lo, hi), margin, prec)? {
            Ok(prepared) => return Ok(prepared),
            Err(needed) => prec = needed,
        }
    }
}

/// Prepared, or the precision that a stage needs.
fn attempt(
    stages: &[Vec<Rational>],
    (lo, hi): (&Rational, &Rational),
    margin: i32,
    prec: u32,
) -> Result<std::result::Result<Prepared, u32>> {
    let mut input = (lo.clone(), hi.clone());
    let mut prepared = Prepared {
        branch: Branch {
            side: Side::Positive,
            stages: Vec::with_capacity(stages.len()),
            prec,
        },
        maps: Vec::with_capacity(stages.len()),
        estimate_fixed_bits: 0,
    };
    for (i, c) in stages.iter().enumerate() {
        let depth = (usize::BITS - c.len().saturating_sub(1).leading_zeros()) as i32;
        let bits = (margin + (depth - PLAIN_DEPTH).max(0)) as u32;
        let stage = match stage(c, &input, bits, prec) {
            Ok(Ok((stage, fixed_bits))) => {
                prepared.estimate_fixed_bits = prepared.estimate_fixed_bits.max(fixed_bits);
                stage
            }
            Ok(Err(needed)) => return Ok(Err(needed)),
            Err(e) => return Err(named(e, i)),
        };
        prepared.maps.push(map(&input, bits, vertex(c)));
        let over = Mp {
            lo: Float::with_val_round(prec, &input.0, Round::Down).0,
            hi: Float::with_val_round(prec, &input.1, Round::Up).0,
        };
        let image = stage.image(0, &over);
        prepared.branch.stages.push(stage);
        let size = image.magnitude();
        if !size.is_finite() || (i + 1 < stages.len() && size > MAX_IMAGE) {
            return Err(Error::unsupported(format!(
                "stage {}: values reach {:.3e} on the domain, the limit is {MAX_IMAGE:e}",
                i + 1,
                size.to_f64()
            )));
        }
        let exact = |x: Float| x.to_rational().unwrap_or_default();
        input = (exact(image.lo), exact(image.hi));
        if i + 1 < stages.len() && input.0 >= input.1 {
            let detail = format!("stage {} is constant on the domain", i + 1);
            return Err(Error::unsupported(detail));
        }
    }
    Ok(Ok(prepared))
}

fn named(e: Error, stage: usize) -> Error {
    let at = |d: String| format!("stage {}: {d}", stage + 1);
    match e.kind {
        ErrorKind::NotConverged(d) => ErrorKind::NotConverged(at(d)).into(),
        ErrorKind::Unsupported(d) => Error::unsupported(at(d)),
        _ => e,
    }
}

/// Half the width, and e with 2^e between that and a quarter of it.
fn half_width((lo, hi): &(Rational, Rational)) -> (Rational, i32) {
    let half = Rational::from(hi - lo) / 2u32;
    let exponent = half.numer().significant_bits() as i32 - half.denom().significant_bits() as i32;
    (half, exponent - 1)
}

fn power(exponent: i32) -> Rational {
    let one = Rational::from(1);
    match exponent >= 0 {
        true => one << exponent as u32,
        false => one >> exponent.unsigned_abs(),
    }
}

fn size(x: &Rational) -> u32 {
    x.numer().significant_bits() + x.denom().significant_bits()
}

/// Where a polynomial of degree 2 turns: around there it is a square, and one level less.
fn vertex(c: &[Rational]) -> Option<Rational> {
    let used = c.iter().rposition(|c| !c.is_zero());
    let [_, linear, square] = c.get(..=used?)? else {
        return None;
    };
    let at = Rational::from(-linear) / square / 2u32;
    (size(&at) <= SHORT).then_some(at)
}

/// m and K for inputs in [lo, hi]: as they are where they are short, else on a grid of 2^-(bits + 3) of the width; m is
/// a vertex that is not much farther from the ends.
fn map(input: &(Rational, Rational), bits: u32, vertex: Option<Rational>) -> InputMap {
    let (half, exponent) = half_width(input);
    let middle = Rational::from(&input.0 + &input.1) / 2u32;
    let more = Rational::from(1) + power(-(bits as i32));
    let unit = power(exponent - bits as i32 - 3);
    let on_grid = |x: Rational| x * &unit;
    let far = |m: &Rational| Rational::from(&input.1 - m).max(Rational::from(m - &input.0));
    let near = |v: &Rational| far(v) <= Rational::from(&half * 4u32);
    if let Some(centre) = vertex.filter(near) {
        let far = far(&centre);
        let reach = match size(&far) <= SHORT {
            true => far * more,
            false => on_grid((far * more / &unit).ceil()),
        };
        return InputMap { centre, reach };
    }
    if size(&half) + size(&middle) <= SHORT {
        return InputMap {
            centre: middle,
            reach: half * more,
        };
    }
    let centre = on_grid(Rational::from(&middle / &unit).round());
    let reach = on_grid((far(&centre) * more / &unit).ceil());
    InputMap { centre, reach }
}

/// One stage with its pieces on an interval a little wider than [lo, hi], and the bits of a checker; or the
/// precision that it needs.
fn stage(
    c: &[Rational],
    input: &(Rational, Rational),
    bits: u32,
    prec: u32,
) -> Result<std::result::Result<(Stage, u32), u32>> {
    let (half, exponent) = half_width(input);
    // Ends with few bits keep exact Bernstein transforms cheap.
    let unit = power(exponent - bits as i32 - 3);
    let pad = half >> bits;
    let mut last = None;
    // A critical point just inside an end cannot be boxed, but for a wider interval.
    for extra in [0u32, 5] {
        let lo: Integer =
            (Rational::from(&input.0 - &pad) / &unit).floor().numer() - Integer::from(extra);
        let hi: Integer =
            (Rational::from(&input.1 + &pad) / &unit).ceil().numer() + Integer::from(extra);
        let end = |n: Integer| Float::with_val(prec, Rational::from(n) * &unit);
        let (lo, hi) = (end(lo), end(hi));
        let reach = lo.to_f64_round(Round::Down).abs();
        let reach = reach.max(hi.to_f64_round(Round::Up).abs());
        let f0 = Polynomial::new(c.to_vec(), prec, reach);
        let f1 = f0.derivative();
        let size = f0.bound_magnitude(reach).max(f1.bound_magnitude(reach));
        if !size.is_finite() || size > 1e290 {
            return Err(Error::unsupported(
                "its coefficients in powers of its input are beyond 1e290",
            ));
        }
        let lost = size.log2().max(0.0) as u32;
        let needed = (lost + lost / 2 + 140).next_multiple_of(64);
        if needed > MAX_PRECISION {
            return Err(Error::unsupported(format!(
                "evaluation in powers loses {lost} bits; a lower degree, or several stages, can be certified"
            )));
        }
        if needed > prec {
            return Ok(Err(needed));
        }
        let box_bits = prec.saturating_sub(lost + 40).clamp(24, prec / 2);
        let f2 = f1.derivative();
        let f3 = f2.derivative();
        let value = Pieces::find_carefully((&f0, &f1, &f2), (&lo, &hi), box_bits);
        let slope = Pieces::find_carefully((&f1, &f2, &f3), (&lo, &hi), box_bits);
        match (value, slope) {
            (Ok(value), Ok(slope)) => {
                let growth = (c.len() as f64 * reach.log2().max(0.0)).min(1e5) as u32;
                let fixed_bits = (growth.max(lost) + box_bits + 80).next_multiple_of(64);
                if fixed_bits > MAX_FIXED_BITS {
                    return Err(Error::unsupported(format!(
                        "a checker needs {fixed_bits} fractional bits, and {MAX_FIXED_BITS} is the limit: a lower degree, or \
                         several stages, can be certified"
                    )));
                }
                let f = [f0, f1, f2, f3];
                return Ok(Ok((Stage { f, value, slope }, fixed_bits)));
            }
            (Err(e), _) | (_, Err(e)) => last = Some(e),
        }
    }
    let none = || ErrorKind::NotConverged("no interval was tried".into()).into();
    Err(last.unwrap_or_else(none))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::rounding::CoefficientMode;
    use crate::poly::component::{Basis, Component};
    use crate::poly::composite::horner;

    fn q(c: &[(i32, i32)]) -> Vec<Rational> {
        c.iter().map(|&c| Rational::from(c)).collect()
    }

    /// Two stages on [-1/3, 2], neither odd: exact values lie in the images, which are tight, and within K of m.
    #[test]
    fn images_and_maps_hold_exact_values_on_both_sides_of_0() {
        let stages = [
            q(&[(1, 2), (3, 1), (1, 1), (-1, 1)]),
            q(&[(0, 1), (1, 5), (2, 7)]),
        ];
        let ends = (Rational::from((-1, 3)), Rational::from(2));
        let p = prepare(&stages, (&ends.0, &ends.1), 12).unwrap();
        let whole = Mp {
            lo: Float::with_val_round(128, &ends.0, Round::Down).0,
            hi: Float::with_val_round(128, &ends.1, Round::Up).0,
        };
        let images = p.branch.images(&whole);
        let mut reached = vec![(Rational::from(1_000), Rational::from(-1_000)); 2];
        for k in 0..=4_096 {
            let x = Rational::from(&ends.1 - &ends.0) * k / 4_096 + &ends.0;
            let mut y = x;
            for ((stage, map), (image, reached)) in stages
                .iter()
                .zip(&p.maps)
                .zip(images.iter().zip(&mut reached))
            {
                assert!(Rational::from(&y - &map.centre).abs() < map.reach);
                y = horner(stage, &y);
                assert!(image.lo <= y && image.hi >= y);
                *reached = (
                    y.clone().min(reached.0.clone()),
                    y.clone().max(reached.1.clone()),
                );
            }
        }
        for (image, (lo, hi)) in images.iter().zip(&reached) {
            let near = |a: &Float, b: &Rational| {
                (a.to_rational().unwrap() - b).abs() < Rational::from((1, 100_000))
            };
            assert!(near(&image.lo, lo) && near(&image.hi, hi));
        }
        assert_eq!(p.maps[0].centre, Rational::from((5, 6)));
        assert_eq!(p.maps[0].reach, Rational::from((7 * 4_097, 6 * 4_096)));
    }

    /// T_126 on [-40, 40], which cancels 2^160 in powers: its images are within rounding of [-1, 1].
    #[test]
    fn great_degrees_are_given_the_precision_that_they_need() {
        let mut c = vec![Rational::new(); 127];
        c[126] = Rational::from(1);
        let mut table = Component::new(Basis::Chebyshev, c);
        table.scale = Rational::from((1, 40));
        let c = table.powers(CoefficientMode::Exact).unwrap();
        let b = Rational::from(40);
        let p = prepare(&[c], (&Rational::from(-&b), &b), 12).unwrap();
        assert!(p.branch.prec >= 320, "{}", p.branch.prec);
        let over = |x: f64| Mp {
            lo: Float::with_val(128, -x),
            hi: Float::with_val(128, x),
        };
        let image = p.branch.images(&over(40.0)).remove(0).magnitude();
        assert!(image >= 1 && image < 1.0 + 1e-12, "{image}");
        // Its slope is 126^2/40 at the ends.
        let slope = p.branch.stages[0].image(1, &over(40.0)).magnitude();
        assert!(
            (slope.to_f64() - 126.0 * 126.0 / 40.0).abs() < 1e-6,
            "{slope}"
        );
        assert!(prepare(&[vec![Rational::from(1); 3]], (&b, &b), 12).is_err());
    }
}
