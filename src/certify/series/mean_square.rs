//! The mean of the squared error for a density of x: an integral of models, cell by cell.
//!
//! # Method
//! On a cell w E^2 is within r of a polynomial, whose integral is exact. A cell is taken where 2 h r is a small part of
//! what is to be known of the whole, by an estimate of it; else it is halved.

use crate::arith::rounding::CoefficientMode;
use crate::certify::published;
use crate::certify::series::cells::even;
use crate::certify::series::claim::Series;
use crate::certify::series::model::{norm, Frame, Model};
use crate::certify::series::subject::Subject;
use crate::error::{Error, ErrorKind, Result};
use crate::function::formula::Formula;
use crate::poly::table::Table;
use rug::float::Round;
use rug::{Float, Integer, Rational};

/// Degree of the models.
const DEGREE: usize = 32;
/// Most cells of all parts.
const MAX_CELLS: usize = 4_096;
/// Most work, by an estimate: products of 64-bit words.
const MAX_WORK: u64 = 1 << 35;
/// How well the integral is to be known, as -log2 of a part of it.
const GAP_BITS: u32 = 30;

/// A proved enclosure of the integral of the density times the squared error over the parts.
#[derive(Debug, Clone)]
pub struct MeanSquare {
    /// w, in x.
    pub density: Formula,
    /// Lower bound.
    pub bound_lo: Rational,
    /// Upper bound.
    pub bound_hi: Rational,
    /// Right ends of the cells, for every part.
    pub cells: Vec<Vec<Rational>>,
    /// Degree of the models on each cell.
    pub degree: usize,
}

/// Encloses the integral of w E^2 over the parts of a proved error E.
///
/// **Guarantee** the integral, not divided by that of w, lies in [`bound_lo`, `bound_hi`]. *Estimate*: to a relative 2^-30.
/// **Cost** a model of degree 32 for each of some tens of cells.
///
/// # Errors
/// A density or an error that is not defined on all of a part, or not known well enough; a density that is 0 or negative
/// wherever it was looked at.
pub fn mean_square(
    table: &Table,
    mode: CoefficientMode,
    error: &Series,
    density: &Formula,
) -> Result<MeanSquare> {
    let subject = Subject::new(table, &error.difference, mode)?;
    let bits = error.bits;
    // E is scaled to a size near 1, so that its square is not all rounding.
    let size = Float::with_val(64, &error.bound_hi);
    let scale = size.get_exp().map_or(0, |e| (-e).clamp(0, 2_048)) as u32;
    let search = Search {
        subject: &subject,
        density,
        bits,
        scale,
    };
    let estimate = search.estimate(error)?;
    let mut open: Vec<(usize, Integer, Integer)> = Vec::new();
    for (i, part) in error.parts.iter().enumerate().rev() {
        let (from, to) = (even(&part.from, bits, false), even(&part.to, bits, true));
        open.push((i, from, to));
    }
    let width = open
        .iter()
        .fold(Integer::new(), |sum, (_, a, b)| sum + b - a);
    let words = u64::from(bits / 64 + 4).pow(2);
    let each = (DEGREE as u64 + 8).pow(2) * words * (subject.operations() + 8);
    let most = MAX_CELLS.min((MAX_WORK / each) as usize).max(16);
    let mut cells = vec![Vec::new(); error.parts.len()];
    let (mut lo, mut hi) = (Integer::new(), Integer::new());
    let mut count = 0;
    while let Some((part, from, to)) = open.pop() {
        let share = Integer::from(&to - &from) * &estimate / &width;
        let tolerance = Integer::from(&share >> GAP_BITS) + 1_024u32;
        match search.integral(&from, &to) {
            Ok((below, above)) if Integer::from(&above - &below) <= tolerance => {
                lo += below;
                hi += above;
                cells[part].push(Rational::from(&to) >> bits);
                continue;
            }
            other => {
                count += 1;
                let middle = Integer::from(&from + &to) >> 2u32 << 1u32;
                if count > most || middle <= from || middle >= to {
                    let place = Rational::from(&middle) >> bits;
                    let why = other.err().unwrap_or("it is not known well enough");
                    return Err(ErrorKind::NotConverged(format!(
                        "the mean square is not bounded near x = {}: {why}",
                        crate::arith::number::decimal(&place, 12, false)
                    ))
                    .into());
                }
                open.push((part, middle.clone(), to));
                open.push((part, from, middle));
            }
        }
    }
    // Room for the roundings of another checker.
    let room = Integer::from(&hi >> (GAP_BITS + 4)) + 4_096u32;
    let down = Float::with_val_round(bits, lo - &room, Round::Down).0 >> (bits + 2 * scale);
    let up = Float::with_val_round(bits, hi + room, Round::Up).0 >> (bits + 2 * scale);
    let lower = published::lower(&down).max(Rational::new());
    if up <= 0u32 {
        return Err(Error::domain("the density is not above 0 on the domain"));
    }
    Ok(MeanSquare {
        density: density.clone(),
        bound_lo: lower,
        bound_hi: published::upper(&up),
        cells,
        degree: DEGREE,
    })
}

struct Search<'a> {
    subject: &'a Subject,
    density: &'a Formula,
    bits: u32,
    scale: u32,
}

impl Search<'_> {
    /// w (2^scale E)^2 where x = middle + reach v.
    fn integrand(
        &self,
        degree: usize,
        middle: &Integer,
        reach: &Integer,
    ) -> std::result::Result<Model, &'static str> {
        let frame = Frame {
            bits: self.bits,
            degree,
            slack: false,
        };
        let error = self.subject.error(&frame, middle, reach)?;
        let scaled = error.c.into_iter().map(|c| c << self.scale).collect();
        let error = frame.made(scaled, error.r << self.scale);
        let square = frame.times(&error, &error)?;
        let x = frame.made(vec![middle.clone(), reach.clone()], Integer::new());
        let density = self.density.expression().value(&frame, &x, &x)?;
        frame.times(&square, &density)
    }

    /// *Estimate* of the whole, in units: at least 1.
    fn estimate(&self, error: &Series) -> Result<Integer> {
        let each = (256 / error.parts.len()).clamp(8, 128) as u32;
        let mut sum = Rational::new();
        for part in &error.parts {
            let width = Rational::from(&part.to - &part.from);
            for i in 0..each {
                let x = Rational::from((2 * i + 1, 2 * each)) * &width + &part.from;
                let place = even(&x, self.bits, false);
                if let Ok(model) = self.integrand(0, &place, &Integer::new()) {
                    sum += Rational::from(&width / each) * model.middle();
                }
            }
        }
        let whole = sum.floor().into_numer_denom().0;
        Ok(whole.max(Integer::from(1)))
    }

    /// Bounds of the integral over a cell, and of what of it may lie beyond the part.
    fn integral(
        &self,
        from: &Integer,
        to: &Integer,
    ) -> std::result::Result<(Integer, Integer), &'static str> {
        let middle = Integer::from(from + to) >> 1u32;
        let reach = Integer::from(to - from) >> 1u32;
        let g = self.integrand(DEGREE, &middle, &reach)?;
        let mut sum = Integer::new();
        for (j, c) in g.c.iter().enumerate().step_by(2) {
            sum += Integer::from(c * 2u32)
                .div_rem_floor(Integer::from(j + 1))
                .0;
        }
        let off = Integer::from(&g.r * 2u32) + g.c.len();
        let beyond = (((norm(&g.c) + &g.r) * 4u32) >> self.bits) + 2u32;
        let lo = (Integer::from(&sum - &off) * &reach) >> self.bits;
        let hi = (Integer::from(&sum + &off) * &reach) >> self.bits;
        Ok((lo - &beyond, hi + beyond))
    }
}
