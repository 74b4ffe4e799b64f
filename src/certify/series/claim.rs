//! The enclosure of the maximum error of a value against a smooth function, cell by cell.
//!
//! # Method
//! On a cell the error is within r of a polynomial G(v), -1 <= v <= 1, in which p and f have cancelled coefficient by
//! coefficient. Once the critical points of G are boxed (Descartes) its image is that of its ends and boxes, and the error
//! is within r of that. The lower bound is the error's own value at the best of these points.

use crate::arith::mp::{max, Mp};
use crate::arith::rounding::CoefficientMode;
use crate::certify::published;
use crate::certify::series::cells::{even, Cell, Plan};
use crate::certify::series::subject::Subject;
use crate::certify::stage::pieces::{Pieces, Segment};
use crate::certify::stage::polynomial::Polynomial;
use crate::error::{Error, ErrorKind, Result};
use crate::function::formula::Difference;
use crate::poly::table::Table;
use rug::float::Round;
use rug::{Float, Integer, Rational};

/// The proof on one cell.
#[derive(Debug, Clone)]
pub struct SeriesCell {
    /// Right end; the left one is that of the cell before it.
    pub to: Rational,
    /// Degree of the models.
    pub degree: usize,
    /// Pieces of the error's polynomial in v on [-1, 1].
    pub segments: Vec<Segment>,
}

/// An interval of the domain with its cells.
#[derive(Debug, Clone)]
pub struct SeriesPart {
    /// Left end.
    pub from: Rational,
    /// Right end.
    pub to: Rational,
    /// From left to right.
    pub cells: Vec<SeriesCell>,
}

/// A proved enclosure of the maximum of |error|.
#[derive(Debug, Clone)]
pub struct Series {
    /// What the error is of.
    pub difference: Difference,
    /// The domain.
    pub parts: Vec<SeriesPart>,
    /// Upper bound of the maximum.
    pub bound_hi: Rational,
    /// Where the error is large.
    pub witness_x: Rational,
    /// What it is there at least.
    pub bound_lo: Rational,
    /// Fractional bits that the cells and their models are of.
    pub bits: u32,
}

/// The best point so far: its place on the grid, and the least that the error is there.
type Best = Option<(Integer, Integer)>;

/// Encloses the maximum of |error| over the parts.
///
/// **Inputs** parts in order, from < to in each; the wanted relative gap as -log2.
/// **Guarantee** `bound_lo` <= maximum <= `bound_hi`, over the points of the parts at which the function is defined.
/// **Cost** a few models of degree n a cell, n^2 products of integers for each operation.
///
/// # Errors
/// A point at which the function is not defined; a place near which no bound is found.
pub fn enclose(
    table: &Table,
    difference: &Difference,
    mode: CoefficientMode,
    domain: &[(Rational, Rational)],
    gap_bits: u32,
) -> Result<Series> {
    let subject = Subject::new(table, difference, mode)?;
    // Towards the end of where a root is defined cells grow so short that their ends take more bits.
    let mut last = None;
    for least_bits in [128, 384, 1_024] {
        let mut plan = Plan::new(&subject, domain, gap_bits, least_bits)?;
        match with(&mut plan, difference, domain) {
            Err(e) if matches!(e.kind, ErrorKind::NotConverged(_)) => last = Some(e),
            other => return other,
        }
        // More bits would use the work up on fewer cells.
        if !subject.has_ends() || plan.is_spent() {
            break;
        }
    }
    let none = || ErrorKind::NotConverged("no precision was tried".into()).into();
    Err(last.unwrap_or_else(none))
}

/// The enclosure by one plan.
fn with(
    plan: &mut Plan,
    difference: &Difference,
    domain: &[(Rational, Rational)],
) -> Result<Series> {
    let bits = plan.bits;
    let mut best: Best = None;
    let mut bound = Float::new(bits);
    let mut parts = Vec::with_capacity(domain.len());
    let mut count = 0;
    for (from, to) in domain {
        // Points of the part on the grid.
        let inside = (even(from, bits, true), even(to, bits, false));
        let cells = plan.cut((from, to), count, |plan, cell| {
            let done = proved(plan, &cell, &inside, &mut best)?;
            if done.1 > bound {
                bound.clone_from(&done.1);
            }
            Ok(done.0)
        })?;
        count += cells.len();
        parts.push(SeriesPart {
            from: from.clone(),
            to: to.clone(),
            cells,
        });
    }
    let none = || {
        Error::from(ErrorKind::NotConverged(
            "no point to evaluate in the domain".into(),
        ))
    };
    let (x, lo) = best.ok_or_else(none)?;
    let lo = Float::with_val_round(bits, lo, Round::Down).0 >> bits;
    Ok(Series {
        difference: difference.clone(),
        parts,
        bound_hi: published::upper(&bound),
        witness_x: Rational::from(x) >> bits,
        bound_lo: published::lower(&lo),
        bits,
    })
}

/// The least that the error is proved to be at x, with that place; or so near to it that it makes no difference, where a
/// value is not proved to exist at x itself: an end of where a root is defined that would take an exact value there.
fn witnessed(plan: &Plan, x: &Integer, inside: &(Integer, Integer)) -> Option<(Integer, Integer)> {
    for shift in [0u32, 3, 8, 16, 24] {
        for sign in [1, -1] {
            let moved = match shift {
                0 => x.clone(),
                _ => Integer::from(sign << shift) + x,
            };
            if moved < inside.0 || moved > inside.1 {
                continue;
            }
            if let Ok(at) = plan.at(&moved) {
                // Room for the roundings of another checker.
                let lo = at.middle().abs() - at.r * 4u32 - 4u32;
                return Some((moved, lo.max(Integer::new())));
            }
        }
    }
    None
}

/// The proof on a cell, and the bound of the error there.
fn proved(
    plan: &Plan,
    cell: &Cell,
    inside: &(Integer, Integer),
    best: &mut Best,
) -> Result<(SeriesCell, Float)> {
    let bits = plan.bits;
    let error = &cell.error;
    // Room for the roundings of another checker, and for what it leaves out otherwise.
    let radius = Integer::from(&error.r + &plan.tolerance) + 64u32;
    let radius = Float::with_val_round(bits, radius, Round::Up).0 >> bits;
    let (segments, places, most) = if cell.boxed {
        let size = error.as_box() - &error.r;
        (
            around(plan, &error.c),
            Vec::new(),
            Float::with_val_round(bits, size, Round::Up).0 >> bits,
        )
    } else {
        pieces(plan, cell)?
    };
    let reach = Integer::from(&cell.to - &cell.from) >> 1u32;
    let middle = Integer::from(&cell.from + &cell.to) >> 1u32;
    let frame_at = |v: &Float| -> Integer {
        let offset = Float::with_val(bits + 64, v) * Float::with_val(bits + 64, &reach);
        let offset = offset.to_integer().unwrap_or_default();
        // Hint numbers are even.
        let x = (&middle + offset) >> 1u32 << 1u32;
        x.max(inside.0.clone()).min(inside.1.clone())
    };
    let ends = [-1, 1].map(|v| Float::with_val(bits, v));
    for v in places.iter().chain(&ends) {
        // In units; the error is no larger there.
        let most = (at(&error.c, v, bits).abs() << bits) + &error.r;
        if best.as_ref().is_some_and(|(_, lo)| most <= *lo) {
            continue;
        }
        let found = witnessed(plan, &frame_at(v), inside);
        if let Some(found) = found.filter(|f| best.as_ref().is_none_or(|(_, lo)| f.1 > *lo)) {
            *best = Some(found);
        }
    }
    let mut bound = most;
    rug::ops::AddAssignRound::add_assign_round(&mut bound, &radius, Round::Up);
    let done = SeriesCell {
        to: Rational::from(&cell.to) >> bits,
        degree: cell.degree,
        segments,
    };
    Ok((done, bound))
}

/// *Estimate* of G(v).
fn at(c: &[Integer], v: &Float, bits: u32) -> Float {
    let zero = Float::new(bits);
    let sum = c
        .iter()
        .rev()
        .fold(zero, |sum, c| sum * v + Float::with_val(bits, c));
    sum >> bits
}

/// Two short segments beyond the ends: all of [-1, 1] is in one gap between them, which is bounded as a box. There is to be
/// no critical point of G in them, nor so near that another checker's roundings bring it in.
fn around(plan: &Plan, c: &[Integer]) -> Vec<Segment> {
    let bits = plan.bits;
    let slopes: Vec<Integer> = c
        .iter()
        .enumerate()
        .skip(1)
        .map(|(j, c)| Integer::from(c * j as u32))
        .collect();
    let flat = Float::with_val(bits, &plan.estimate_size) >> (bits + 56);
    let one = Float::with_val(bits, 1);
    let mut found = Vec::new();
    for side in [-1i32, 1] {
        let mut chosen = None;
        for shift in [20u32, 18, 16] {
            let near = Float::with_val(bits, &one + (one.clone() >> shift)) * side;
            let far = Float::with_val(bits, &near + (one.clone() >> (shift + 6)) * side);
            let (a, b) = (at(&slopes, &near, bits), at(&slopes, &far, bits));
            let clear = a.clone().abs() > flat && b.clone().abs() > flat && (a > 0) == (b > 0);
            if clear || chosen.is_none() {
                chosen = Some((near, far));
            }
            if clear {
                break;
            }
        }
        let Some((near, far)) = chosen else { continue };
        let (lo, hi) = if near < far { (near, far) } else { (far, near) };
        found.push(Segment {
            lo,
            hi,
            boxes: Vec::new(),
        });
    }
    found
}

/// Boxes for the critical points of G on [-1, 1]; where they are, and a bound of |G|.
fn pieces(plan: &Plan, cell: &Cell) -> Result<(Vec<Segment>, Vec<Float>, Float)> {
    let bits = plan.bits;
    let c = &cell.error.c;
    // A box of width w is enclosed to about w^2 |G''|, which is to be 2^-46 of the error.
    let bends = c.iter().enumerate().map(|(j, c)| {
        let size = Integer::from(c.abs_ref());
        size * (j * j) as u32
    });
    let bend = bends
        .fold(Integer::new(), |sum, x| sum + x)
        .significant_bits();
    let wide = bend.saturating_sub(plan.estimate_size.significant_bits());
    let box_bits = 24 + wide / 2;
    // What tells the signs of G' at the ends of a box from roundings.
    if box_bits + 24 > plan.estimate_size.significant_bits() {
        return Err(
            ErrorKind::NotConverged("the error's coefficients cancel too much".to_owned()).into(),
        );
    }
    let exact: Vec<Rational> = c.iter().map(|c| Rational::from(c) >> bits).collect();
    // Roundings are relative to the coefficients, which are larger than the error by what cancels; what is asked of them is
    // the sign of G' at the ends of a box, where it is of the error's size times the box's width.
    let most = c.iter().map(Integer::significant_bits).max().unwrap_or(0);
    let cancels = most.saturating_sub(plan.estimate_size.significant_bits());
    let g = Polynomial::new(
        exact,
        (cancels + box_bits + 64).max(128),
        1.0 + 2.0f64.powi(-10),
    );
    let (dg, ddg) = (g.derivative(), g.derivative().derivative());
    let prec = g.prec();
    // A critical point at an end, as that of an even error at 0, is boxed on an interval that is a little wider. Where the
    // slope at its ends is all roundings, another checker might count otherwise.
    let flat = Float::with_val(prec, &plan.estimate_size) >> (bits + 50);
    let mut last = None;
    for margin in [20u32, 14, 11] {
        let one = Float::with_val(prec, 1);
        let hi = one.clone() + (Float::with_val(prec, 1) >> margin);
        let lo = -hi.clone();
        if dg.at(&lo).mignitude() <= flat || dg.at(&hi).mignitude() <= flat {
            continue;
        }
        match Pieces::find_carefully((&g, &dg, &ddg), (&lo, &hi), box_bits) {
            Ok(found) => {
                let all = Mp {
                    lo: -one.clone(),
                    hi: one.clone(),
                };
                let mut image = g.at(&all.lo).hull(&g.at(&all.hi));
                found.extend(&all, &mut image);
                let places = found.criticals.iter().map(|c| c.place.ball().0);
                let places: Vec<Float> = places.filter(|v| v.clone().abs() <= one).collect();
                let most = image.magnitude();
                let most = max(most, Float::new(prec));
                return Ok((found.segments, places, most));
            }
            Err(e) => last = Some(e),
        }
    }
    let none =
        || ErrorKind::NotConverged("the error is too flat at the ends of a cell".into()).into();
    Err(last.unwrap_or_else(none))
}
