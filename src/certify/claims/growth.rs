//! How fast r = x (1 + p(x))/2 changes, and what it does beyond the domain.
//!
//! - Slope: r'(x) - 1/2 = s (q + y q')/2 on side s, so max |q + y q'|/2 bounds |r' - 1/2|.
//! - Magnitude: |r(x)| <= y (1 + |q(y)|)/2 on both sides.
//!
//! Both are bounded cell by cell from the ranges of q and q'. The slope of a composite of large
//! degree oscillates fast, so its bound is loose by a stated factor rather than by 2^-40: the
//! enclosure says by how much.

use crate::arith::mp::Mp;
use crate::arith::number::{f64_above, f64_below};
use crate::arith::{const_interval, interval};
use crate::certify::composite::cascade::{common_reach, Branch, Jet};
use crate::certify::composite::cells::Cells;
use crate::certify::composite::fast::FastBranch;
use crate::certify::composite::witness::{scan, Witness};
use crate::certify::published;
use crate::certify::stage::polynomial::Polynomial;
use crate::error::{Error, ErrorKind, Result};
use crate::poly::composite::{Composite, Side};
use rug::float::Round;
use rug::ops::{AddAssignRound, MulAssignRound};
use rug::{Float, Rational};

/// A bound on a quantity over |x| <= to, with cells of order 0 for every branch.
#[derive(Debug, Clone)]
pub struct Growth {
    /// The domain |x| <= to.
    pub to: Rational,
    /// Upper bound of the maximum.
    pub bound_hi: Float,
    /// Where, and how much at least.
    pub witness: Witness,
    /// Cells for every branch.
    pub cells: Vec<Cells>,
    /// A point beyond `to` where the quantity exceeds `bound_hi`, if one is claimed.
    pub escape: Option<Witness>,
}

/// Which quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantity {
    /// |r' - 1/2|.
    Slope,
    /// |r|.
    Magnitude,
}

impl Quantity {
    /// Upper bound over the cell between two jets, in multiprecision.
    fn bound(self, branch: &Branch, u: &Jet, v: &Jet) -> Float {
        let range = branch.range(u, v);
        match self {
            Self::Slope => {
                let cell = Mp {
                    lo: u.y.clone(),
                    hi: v.y.clone(),
                };
                range
                    .q()
                    .clone()
                    .plus(&cell.times(&range.slope()))
                    .half()
                    .magnitude()
            }
            Self::Magnitude => {
                let mut b = range.q().magnitude();
                b.add_assign_round(1u32, Round::Up);
                b.mul_assign_round(&v.y, Round::Up);
                b >> 1u32
            }
        }
    }

    /// Upper bound over [u, v] in f64 intervals; infinite where they do not suffice.
    fn fast_bound(self, branch: &FastBranch, u: f64, v: f64) -> f64 {
        let (Some((q, slope)), Ok(cell)) = (branch.range(u, v), interval!(u, v)) else {
            return f64::INFINITY;
        };
        let half = const_interval!(0.5, 0.5);
        let size = match self {
            Self::Slope => (q + cell * slope) * half,
            Self::Magnitude => (const_interval!(1.0, 1.0) + q.abs()) * cell * half,
        };
        size.mag()
    }

    /// Lower bound at one point of a branch.
    fn value(self, jet: &Jet, side: Side) -> (Float, f64) {
        let y = Mp::exact(&jet.y);
        match self {
            Self::Slope => (
                jet.q()
                    .clone()
                    .plus(&y.times(&jet.slope()))
                    .half()
                    .mignitude(),
                1.0,
            ),
            Self::Magnitude => {
                let one = Mp::int(jet.q().prec(), 1);
                let plus = y.times(&jet.q().clone().plus(&one)).half().mignitude();
                let minus = y.times(&one.minus(jet.q())).half().mignitude();
                // A branch that serves both sides offers x = y and x = -y.
                match side {
                    Side::Positive => (plus, 1.0),
                    Side::Negative => (minus, -1.0),
                    Side::Both if plus >= minus => (plus, 1.0),
                    Side::Both => (minus, -1.0),
                }
            }
        }
    }
}

/// Bounds |r' - 1/2| over |x| <= to.
///
/// **Guarantee** witness.lo <= maximum <= bound_hi; the ratio of the two is the least of a fixed
/// list that some 150 cells a branch reach.
///
/// # Errors
/// Not converged within a factor 2^40; `to` beyond the reach.
pub fn slope(branches: &[Branch], to: &Rational) -> Result<Growth> {
    enclose(
        branches,
        to,
        Quantity::Slope,
        &[
            1e-3,
            1.0 / 16.0,
            0.25,
            0.5,
            1.0,
            3.0,
            15.0,
            255.0,
            1e6,
            1e12,
        ],
        150,
    )
}

/// Bounds |r| over |x| <= to.
///
/// # Errors
/// As [`slope`].
pub fn magnitude(branches: &[Branch], to: &Rational) -> Result<Growth> {
    enclose(
        branches,
        to,
        Quantity::Magnitude,
        &[1e-9, 1e-6, 1e-3, 1.0 / 16.0, 0.5, 1.0, 15.0, 1e3, 1e12],
        300,
    )
}

/// The overflow margin: the largest `to` found with |r| <= limit on |x| <= to, proved, and a point
/// just beyond where it is proved false.
///
/// **Inputs** `least` <= to searched <= the branches' reach. Returns none if |r| exceeds the limit
/// before `least` already; the escape is missing if |r| stays within the limit up to the reach.
///
/// # Errors
/// As [`slope`].
pub fn overflow(branches: &[Branch], least: &Rational, limit: &Rational) -> Result<Option<Growth>> {
    let Some(first) = branches.first() else {
        return Err(Error::domain("a composite needs a branch"));
    };
    let limit_up = Float::with_val_round(first.prec, limit, Round::Down).0;
    let reach = common_reach(branches);
    let value = |y: f64| -> Result<Option<Witness>> {
        for branch in branches {
            let jet = branch.jet(&Float::with_val(branch.prec, y))?;
            let (lo, sign) = Quantity::Magnitude.value(&jet, branch.side);
            // What is published of lo must still exceed the limit.
            if published::lower(&lo) > *limit {
                return Ok(Some(Witness {
                    x: Float::with_val(branch.prec, sign * y),
                    lo,
                }));
            }
        }
        Ok(None)
    };
    let (mut good, mut bad) = (least.to_f64(), reach);
    if value(good)?.is_some() {
        return Ok(None);
    }
    let mut escape = value(bad)?;
    if escape.is_some() {
        while bad - good > 1e-9 * good {
            let middle = (good + bad) / 2.0;
            match value(middle)? {
                Some(w) => (bad, escape) = (middle, Some(w)),
                None => good = middle,
            }
        }
    } else {
        good = bad;
    }
    // Cells must stay below the limit; step back from the edge until they do.
    for back in [0.0, 1e-9, 1e-7, 1e-5, 1e-3, 1e-2] {
        if back == 0.0 && escape.is_some() {
            continue;
        }
        let to = good * (1.0 - back);
        let Some(to) = Rational::from_f64(to).filter(|t| t >= least) else {
            break;
        };
        if let Some(cells) = covers(branches, &to, &limit_up, Quantity::Magnitude, 300)? {
            let witness = seek(branches, &to, Quantity::Magnitude)?;
            return Ok(Some(Growth {
                to,
                bound_hi: limit_up,
                witness,
                cells,
                escape,
            }));
        }
    }
    Ok(None)
}

fn enclose(
    branches: &[Branch],
    to: &Rational,
    quantity: Quantity,
    gaps: &[f64],
    most: usize,
) -> Result<Growth> {
    let witness = seek(branches, to, quantity)?;
    if witness.lo < Float::with_val(64, 1) >> 64u32 {
        // A checker in fixed point tells nothing from 0 that is much smaller.
        let detail = "the quantity is below 2^-64 wherever it was sampled";
        return Err(ErrorKind::NotConverged(detail.into()).into());
    }
    for gap in gaps {
        let mut limit = witness.lo.clone();
        limit.mul_assign_round(1.0 + gap, Round::Up);
        // Cells are found under a slightly lower limit than is claimed, to leave room for rounding.
        let mut inner = limit.clone();
        inner.mul_assign_round(1.0 - gap.min(1e-3) / 8.0, Round::Down);
        if let Some(cells) = covers(branches, to, &inner, quantity, most)? {
            return Ok(Growth {
                to: to.clone(),
                bound_hi: limit,
                witness,
                cells,
                escape: None,
            });
        }
    }
    let what = if quantity == Quantity::Slope {
        "slope"
    } else {
        "magnitude"
    };
    Err(ErrorKind::NotConverged(format!(
        "no bound of the {what} of r was found with {most} cells"
    ))
    .into())
}

/// Cells for every branch under a limit, or none if they would be too many.
fn covers(
    branches: &[Branch],
    to: &Rational,
    limit: &Float,
    quantity: Quantity,
    most: usize,
) -> Result<Option<Vec<Cells>>> {
    let mut all = Vec::with_capacity(branches.len());
    for branch in branches {
        let end = f64_above(to);
        // f64 intervals first; multiprecision where they are too wide for this limit.
        let fast = FastBranch::new(branch);
        let limit_down = limit.to_f64_round(Round::Down);
        let mut cells = greedy(branch.prec, end, most, |u, v| {
            Ok(quantity.fast_bound(&fast, u, v) <= limit_down)
        })?;
        if cells.is_none() {
            let mut left: Option<(f64, Jet)> = None;
            cells = greedy(branch.prec, end, most, |u, v| {
                let jet = |y: f64| branch.jet(&Float::with_val(branch.prec, y));
                let start = match left.take() {
                    Some((y, jet)) if y == u => jet,
                    _ => jet(u)?,
                };
                let end = jet(v)?;
                let below = quantity.bound(branch, &start, &end) <= *limit;
                // The next cell starts at v if this one stands, else at u again.
                left = Some(if below { (v, end) } else { (u, start) });
                Ok(below)
            })?;
        }
        match cells {
            Some(cells) => all.push(cells),
            None => return Ok(None),
        }
    }
    Ok(Some(all))
}

/// Greedy cells from 0 to `end`: a step doubles on success and is halved on failure.
fn greedy(
    prec: u32,
    end: f64,
    most: usize,
    mut below: impl FnMut(f64, f64) -> Result<bool>,
) -> Result<Option<Cells>> {
    let point = |y: f64| Float::with_val(prec, y);
    let mut cells = Cells {
        points: vec![point(0.0)],
        orders: Vec::new(),
    };
    let (mut u, mut step) = (0.0, end);
    while u < end {
        if cells.orders.len() >= most {
            return Ok(None);
        }
        let v = (u + step).min(end);
        if v > u && below(u, v)? {
            cells.points.push(point(v));
            cells.orders.push(0);
            u = v;
            step *= 2.0;
        } else {
            step /= 2.0;
            if step < end * 2.0f64.powi(-45) {
                return Ok(None);
            }
        }
    }
    Ok(Some(cells))
}

/// The largest value met on a fixed scan, proved at that point (0 where nothing is).
fn seek(branches: &[Branch], to: &Rational, quantity: Quantity) -> Result<Witness> {
    let last = f64_below(to);
    let mut best: Option<Witness> = None;
    for branch in branches {
        let estimate = |y: f64| {
            let (mut q, mut slope) = (y, 1.0);
            for stage in &branch.stages {
                slope *= stage.f[1].estimate(q);
                q = stage.f[0].estimate(q);
            }
            match quantity {
                Quantity::Slope => (q + y * slope).abs(),
                Quantity::Magnitude => y * (1.0 + q.abs()),
            }
        };
        let mut points: Vec<(f64, f64)> = scan(last, 1_024)
            .into_iter()
            .map(|y| (estimate(y), y))
            .collect();
        points.sort_by(|a, b| b.0.total_cmp(&a.0));
        for &(_, y) in points.iter().take(2) {
            let (lo, sign) =
                quantity.value(&branch.jet(&Float::with_val(branch.prec, y))?, branch.side);
            if best.as_ref().is_none_or(|b| lo > b.lo) {
                let sign = if branch.side == Side::Negative {
                    -1.0
                } else {
                    sign
                };
                best = Some(Witness {
                    x: Float::with_val(branch.prec, sign * y),
                    lo,
                });
            }
        }
    }
    best.ok_or_else(|| Error::domain("a composite needs a branch"))
}

/// Where |r| first exceeds the limit beyond `to`: a search at 128 bits, an estimate. The composite
/// may explode just beyond, so the point returned is as close as an f64 can say.
pub fn estimate_overflow(composite: &Composite, to: f64, limit: f64) -> f64 {
    let prec = 128;
    let prepare = |c: &Vec<Rational>| Polynomial::new(c.clone(), prec, to);
    let branches: Vec<Vec<Polynomial>> = composite
        .branches
        .iter()
        .map(|b| b.stages.iter().map(prepare).collect())
        .collect();
    let above = |y: f64| {
        branches.iter().any(|stages| {
            let start = Float::with_val(prec, y);
            let q = stages.iter().fold(start, |y, s| s.approximate(&y)).to_f64();
            let size = y * (1.0 + q.abs()) / 2.0;
            size.is_nan() || size > limit
        })
    };
    let mut rho = 2.0f64.powi(-40);
    while rho < 1.0 && !above(to * (1.0 + rho)) {
        rho *= 1.5;
    }
    if rho >= 1.0 {
        return to * 2.0;
    }
    let (mut good, mut bad) = (to * (1.0 + rho / 1.5), to * (1.0 + rho));
    for _ in 0..64 {
        let middle = (good + bad) / 2.0;
        if middle <= good || middle >= bad {
            break;
        }
        if above(middle) {
            bad = middle;
        } else {
            good = middle;
        }
    }
    bad
}
