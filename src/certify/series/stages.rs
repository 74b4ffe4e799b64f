//! Ranges of the stages of a value: what whoever chooses scales has to know.
//!
//! # Method
//! Models of all stages on the same cells. A cell is taken where each of them stays within the values seen at points so
//! far, but for 2^-11 of the largest of these; else it is halved, and the value in its middle counts as seen. So the cells
//! are short only where a stage is near its extremes. Of a model the first three coefficients are bounded exactly, as a
//! quadratic, and the others by their sizes.

use crate::arith::rounding::CoefficientMode;
use crate::certify::series::cells::even;
use crate::certify::series::claim::Series;
use crate::certify::series::model::{ceil, norm, Frame, Model};
use crate::certify::series::subject::Subject;
use crate::error::Result;
use crate::poly::table::Table;
use rug::float::Round;
use rug::{Float, Integer, Rational};

/// Degree of the models.
const DEGREE: usize = 12;
/// Most cells of all parts.
const MAX_CELLS: usize = 4_096;
/// Most work, by an estimate: products of 64-bit words.
const MAX_WORK: u64 = 1 << 33;
/// How much wider than what is seen a range may be, as -log2 of a part of its largest value.
const SLACK_BITS: u32 = 11;
/// Significant bits of published ends.
const END_BITS: u32 = 16;

/// Proved ranges, with their cells.
#[derive(Debug, Clone)]
pub struct Stages {
    /// One for each stage: `p_1`, ..., `p`, names that are bound.
    pub names: Vec<String>,
    /// [lo, hi] of each.
    pub bound_ranges: Vec<(Rational, Rational)>,
    /// Right ends of the cells, for every part.
    pub cells: Vec<Vec<Rational>>,
    /// Degree of the models on each cell.
    pub degree: usize,
}

/// An interval in units.
type Range = (Integer, Integer);

fn hull(a: &mut Range, b: &Range) {
    if b.0 < a.0 {
        a.0.clone_from(&b.0);
    }
    if b.1 > a.1 {
        a.1.clone_from(&b.1);
    }
}

/// The ranges of all stages over the parts of a proved error; none where there are no stages, or no cells are found.
///
/// **Guarantee** every stage lies in its range at every point of the parts at which it is defined. *Estimate*: the ranges
/// are wider than what is taken by a relative 2^-10 at most.
/// **Cost** a model of degree 12 of every stage for each of some tens of cells.
///
/// # Errors
/// What makes no polynomial of the table.
pub fn ranges(table: &Table, mode: CoefficientMode, error: &Series) -> Result<Option<Stages>> {
    let subject = Subject::new(table, &error.difference, mode)?;
    let names = subject.stage_names();
    if names.is_empty() {
        return Ok(None);
    }
    let mut search = Search {
        subject: &subject,
        bits: error.bits,
        seen: Vec::new(),
        found: Vec::new(),
    };
    let each = (128 / error.parts.len()).clamp(2, 64);
    for part in &error.parts {
        let width = Rational::from(&part.to - &part.from);
        for i in 0..=each {
            let x = &width * Rational::from((i, each)) + &part.from;
            search.look(&even(&x, error.bits, false));
        }
    }
    let mut cells = Vec::with_capacity(error.parts.len());
    let words = u64::from(error.bits / 64 + 1).pow(2);
    let each = (DEGREE as u64 + 8).pow(2) * words * subject.operations();
    let mut left = MAX_CELLS.min((MAX_WORK / each) as usize);
    for part in &error.parts {
        let from = even(&part.from, error.bits, false);
        let to = even(&part.to, error.bits, true);
        let Some(ends) = search.cut(from, to, &mut left) else {
            return Ok(None);
        };
        let ends = ends.into_iter().map(|x| Rational::from(x) >> error.bits);
        cells.push(ends.collect());
    }
    let published = |range: &Range| {
        // Room for the roundings of another checker.
        let size = range.0.clone().abs().max(range.1.clone().abs());
        let room = (size >> (SLACK_BITS + 4)) + 4_096u32;
        let end = |x: Integer, round| {
            let x = Float::with_val_round(END_BITS, x, round).0 >> error.bits;
            x.to_rational().unwrap_or_default()
        };
        (
            end(Integer::from(&range.0 - &room), Round::Down),
            end(Integer::from(&range.1 + &room), Round::Up),
        )
    };
    Ok(Some(Stages {
        names,
        bound_ranges: search.found.iter().map(published).collect(),
        cells,
        degree: DEGREE,
    }))
}

struct Search<'a> {
    subject: &'a Subject,
    bits: u32,
    /// *Estimate*: values at points, one range a stage.
    seen: Vec<Range>,
    /// What the cells that were taken allow.
    found: Vec<Range>,
}

impl Search<'_> {
    fn models(&self, degree: usize, middle: &Integer, reach: &Integer) -> Option<Vec<Range>> {
        let frame = Frame {
            bits: self.bits,
            degree,
            slack: true,
        };
        let models = self.subject.stage_models(&frame, middle, reach).ok()?;
        Some(models.iter().map(extent).collect())
    }

    /// The values at a point, where they are known.
    fn look(&mut self, x: &Integer) {
        let Some(values) = self.models(0, x, &Integer::new()) else {
            return;
        };
        if self.seen.is_empty() {
            self.seen = values;
        } else {
            self.seen
                .iter_mut()
                .zip(&values)
                .for_each(|(a, b)| hull(a, b));
        }
    }

    /// Whether all ranges are near enough to what is seen.
    fn suits(&self, ranges: &[Range]) -> bool {
        let near = |(seen, range): (&Range, &Range)| {
            let size = seen.0.clone().abs().max(seen.1.clone().abs());
            let slack = (size >> SLACK_BITS) + 4_096u32;
            Integer::from(&seen.0 - &slack) <= range.0 && range.1 <= Integer::from(&seen.1 + &slack)
        };
        self.seen.iter().zip(ranges).all(near) && self.seen.len() == ranges.len()
    }

    /// The right ends of cells of [from, to]; none if too many are needed.
    fn cut(&mut self, from: Integer, to: Integer, left: &mut usize) -> Option<Vec<Integer>> {
        let mut open = vec![(from, to)];
        let mut ends = Vec::new();
        while let Some((lo, hi)) = open.pop() {
            let middle = Integer::from(&lo + &hi) >> 1u32;
            let reach = Integer::from(&hi - &lo) >> 1u32;
            let models = self.models(DEGREE, &middle, &reach);
            if let Some(ranges) = models.filter(|ranges| self.suits(ranges)) {
                if self.found.is_empty() {
                    self.found = ranges;
                } else {
                    self.found
                        .iter_mut()
                        .zip(&ranges)
                        .for_each(|(a, b)| hull(a, b));
                }
                ends.push(hi);
                continue;
            }
            // An even middle.
            let middle = middle >> 1u32 << 1u32;
            *left = left.checked_sub(1)?;
            if middle <= lo || middle >= hi {
                return None;
            }
            self.look(&middle);
            open.push((middle.clone(), hi));
            open.push((lo, middle));
        }
        Some(ends)
    }
}

/// What a model may take: c_0 + c_1 v + c_2 v^2 over [-1, 1] exactly, the rest by its sizes.
fn extent(model: &Model) -> Range {
    let zero = Integer::new();
    let c = |j: usize| model.c.get(j).unwrap_or(&zero);
    let rest = norm(model.c.get(3..).unwrap_or_default()) + &model.r;
    let even = Integer::from(c(0) + c(2));
    let slope = c(1).clone().abs();
    let mut range = (Integer::from(&even - &slope), even + &slope);
    let bend = Integer::from(c(2) * 4u32);
    if Integer::from(&slope * 2u32) < bend.clone().abs() {
        // Turns at v = -c_1/(2 c_2): there it is c_0 - c_1^2/(4 c_2).
        let size = bend.clone().abs();
        let part = Integer::from(slope.square_ref());
        let up = ceil(part, &size);
        let turn = match bend > 0 {
            true => Integer::from(c(0) - &up),
            false => Integer::from(c(0) + &up),
        };
        hull(&mut range, &(turn.clone(), turn));
    }
    (range.0 - &rest, range.1 + rest)
}
