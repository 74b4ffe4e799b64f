//! Closeness to sign away from 0: |p(x) - sign(x)| <= E for from <= |x| <= to.
//!
//! The image of the cascade is exact, so the bound needs no cells. A witness is found by following
//! the extreme value back: it is taken at an end of the stage's input range or at a critical place,
//! and a point of the domain that leads there exists by the intermediate value theorem, between the
//! points that lead to the two ends of that range.

use crate::arith::mp::Mp;
use crate::certify::composite::cascade::Branch;
use crate::certify::composite::witness::Witness;
use crate::error::{Error, ErrorKind, Result};
use crate::poly::composite::Side;
use rug::float::Round;
use rug::{Float, Rational};

/// Proved closeness on from <= |x| <= to.
#[derive(Debug, Clone)]
pub struct Closeness {
    /// Least |x|.
    pub from: Rational,
    /// Greatest |x|.
    pub to: Rational,
    /// Upper bound of |p - sign|.
    pub bound_hi: Float,
    /// Where, and how much at least.
    pub witness: Witness,
}

/// The interval [from, to], rounded outward.
pub fn interval(branch: &Branch, from: &Rational, to: &Rational) -> Mp {
    Mp {
        lo: Float::with_val_round(branch.prec, from, Round::Down).0,
        hi: Float::with_val_round(branch.prec, to, Round::Up).0,
    }
}

/// Ranges of every stage over from <= |x| <= to, as hulls over the branches.
///
/// **Guarantee** s p_i(...p_1(x)...) lies in `ranges[i]` for s = sign x.
///
/// # Errors
/// [from, to] beyond the reach of the branches.
pub fn stage_ranges(branches: &[Branch], from: &Rational, to: &Rational) -> Result<Vec<Mp>> {
    let mut hull: Option<Vec<Mp>> = None;
    for branch in branches {
        let over = interval(branch, from, to);
        if !branch.stages[0].value.covers(&over) {
            return Err(Error::domain(format!(
                "[{from}, {to}] is beyond the prepared domain"
            )));
        }
        let images = branch.images(&over);
        hull = Some(match hull {
            None => images,
            Some(h) => h.into_iter().zip(&images).map(|(a, b)| a.hull(b)).collect(),
        });
    }
    Ok(hull.unwrap_or_default())
}

/// Upper bound of |p - sign| over from <= |x| <= to, without witness.
///
/// # Errors
/// As [`stage_ranges`].
pub fn bound(branches: &[Branch], from: &Rational, to: &Rational) -> Result<Float> {
    let ranges = stage_ranges(branches, from, to)?;
    let last = ranges
        .last()
        .ok_or_else(|| Error::domain("a composite needs a stage"))?;
    Ok(Mp::int(last.prec(), 1).minus(last).magnitude())
}

/// Encloses the maximum of |p - sign| over from <= |x| <= to.
///
/// **Guarantee** witness.lo <= maximum <= bound_hi.
///
/// # Errors
/// As [`stage_ranges`].
pub fn enclose(branches: &[Branch], from: &Rational, to: &Rational) -> Result<Closeness> {
    let bound_hi = bound(branches, from, to)?;
    let mut witness: Option<Witness> = None;
    for branch in branches {
        // Where from and to are closer than the grid, its points may lie outside.
        for y in extremes(branch, from, to) {
            if y < *from || y > *to {
                continue;
            }
            let jet = branch.jet(&y)?;
            let lo = Mp::int(branch.prec, 1).minus(jet.q()).mignitude();
            if witness.as_ref().is_none_or(|w| lo > w.lo) {
                let x = if branch.side == Side::Negative { -y } else { y };
                witness = Some(Witness { x, lo });
            }
        }
    }
    let witness = witness.ok_or_else(|| {
        let detail = format!("no point to evaluate between {from} and {to}");
        Error::from(ErrorKind::NotConverged(detail))
    })?;
    Ok(Closeness {
        from: from.clone(),
        to: to.clone(),
        bound_hi,
        witness,
    })
}

/// Two points of [from, to] where q is close to its least and its greatest value there.
fn extremes(branch: &Branch, from: &Rational, to: &Rational) -> [Float; 2] {
    let prec = branch.prec;
    // Ends on the grid of hint numbers, inside [from, to].
    let grid = |x: &Rational, round| {
        let scaled = Float::with_val_round(2 * prec, x, round).0 << (prec - 8);
        let whole = if round == Round::Up {
            scaled.ceil()
        } else {
            scaled.floor()
        };
        Float::with_val(prec + 64, whole >> (prec - 8))
    };
    let (mut least, mut most) = (grid(from, Round::Up), grid(to, Round::Down));
    for (i, stage) in branch.stages.iter().enumerate() {
        // Value of the composite of the first i stages, and then of stage i at it.
        let before = |y: &Float| {
            branch.stages[..i]
                .iter()
                .fold(Float::with_val(prec, y), |v, s| s.f[0].approximate(&v))
        };
        let (a, b) = (before(&least), before(&most));
        let (low, high) = if a <= b {
            (a.clone(), b.clone())
        } else {
            (b.clone(), a.clone())
        };
        let mut places = vec![
            (a.clone(), Some(least.clone())),
            (b.clone(), Some(most.clone())),
        ];
        for c in &stage.value.criticals {
            let m = c.place.ball().0;
            if m > low && m < high {
                places.push((m, None));
            }
        }
        let values: Vec<Float> = places
            .iter()
            .map(|(m, _)| stage.f[0].approximate(m))
            .collect();
        let pick = |better: fn(&Float, &Float) -> bool| {
            (1..values.len()).fold(0, |best, k| {
                if better(&values[k], &values[best]) {
                    k
                } else {
                    best
                }
            })
        };
        let reach = |k: usize| match &places[k].1 {
            Some(y) => y.clone(),
            None => preimage(&before, (&least, &a), (&most, &b), &places[k].0),
        };
        let (new_least, new_most) = (reach(pick(|v, w| v < w)), reach(pick(|v, w| v > w)));
        (least, most) = (new_least, new_most);
    }
    [least, most]
}

/// A point between `left` and `right` where f is close to `goal`, which lies between its values
/// there: regula falsi (Illinois) with bisection steps mixed in, on points rounded to the grid.
fn preimage(
    f: &impl Fn(&Float) -> Float,
    left: (&Float, &Float),
    right: (&Float, &Float),
    goal: &Float,
) -> Float {
    let prec = goal.prec();
    let off = |v: &Float| Float::with_val(prec, v - goal);
    let (mut a, mut fa) = (left.0.clone(), off(left.1));
    let (mut b, mut fb) = (right.0.clone(), off(right.1));
    for step in 0..400 {
        let middle = if step % 4 == 3 {
            Float::with_val(a.prec(), &a + &b) >> 1u32
        } else {
            let slope = Float::with_val(prec, &fb - &fa);
            Float::with_val(
                a.prec(),
                &a - Float::with_val(a.prec(), &b - &a) * (fa.clone() / slope),
            )
        };
        let middle = (middle << (prec - 8)).round() >> (prec - 8);
        if middle == a || middle == b || !middle.is_finite() {
            break;
        }
        let fm = off(&f(&middle));
        // The error at an extreme is of second order in this distance.
        let near = fm.is_zero() || fm.get_exp().is_some_and(|e| e < -(prec as i32) / 2 - 4);
        if fm.is_sign_negative() == fb.is_sign_negative() {
            fa >>= 1;
        } else {
            (a, fa) = (b, fb);
        }
        (b, fb) = (middle, fm);
        if near {
            break;
        }
    }
    b
}

/// The least zone found with max |p - sign| <= 2 tau on zone <= |x| <= to, so that
/// |r - ReLU| <= tau |x| there; a dyadic of 12 significant bits, or none below `to`.
///
/// # Errors
/// As [`stage_ranges`].
pub fn zone(branches: &[Branch], to: &Rational, tau: &Float) -> Result<Option<Rational>> {
    let wanted = tau.clone() * 2u32;
    let holds = |z: f64| -> Result<bool> {
        let z = Rational::from_f64(z).unwrap_or_default();
        Ok(z < *to && bound(branches, &z, to)? <= wanted)
    };
    // Bisection on log z, by geometric means (sqrt is exactly rounded everywhere), down to a
    // relative width below 2^-12.
    let top = to.to_f64();
    let short = |z: f64| Float::with_val_round(12, z, Round::Up).0.to_f64();
    let (mut bad, mut good) = (top * 2.0f64.powi(-60), top * (1.0 - 2.0f64.powi(-11)));
    if !holds(short(good))? {
        return Ok(None);
    }
    while good > bad * (1.0 + 2.0f64.powi(-13)) {
        let middle = (good * bad).sqrt();
        if holds(short(middle))? {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Ok(Rational::from_f64(short(good)))
}
