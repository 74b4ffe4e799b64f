//! Cells: a domain cut into intervals on each of which one Taylor model knows the error well enough.
//!
//! # Method
//! The size of the error is estimated at points first, which also tells the bits that the models need. A cell is taken
//! where its model's radius is a small part of that size, or where all that the model allows is so far below it that the
//! cell does not matter, or at an end of where a root or arc sine is defined, where the model is a constant and the error
//! is largest at the end itself. Else it is halved: towards such an end that gives geometrically shorter cells. Nothing of
//! that is trusted: bounds come from the models of the cells that are taken.

use crate::arith::number::decimal;
use crate::certify::series::model::{norm, Fault, Frame, Model};
use crate::certify::series::subject::Subject;
use crate::error::{Error, ErrorKind, Result};
use rug::{Integer, Rational};

/// Most cells.
const MAX_CELLS: usize = 8_192;
/// Most work: products of 64-bit words, by an estimate.
const MAX_WORK: u64 = 1 << 37;
/// Largest degree that is tried.
const MAX_DEGREE: usize = 240;
/// Most fractional bits.
pub(super) const MAX_BITS: u32 = 2_048;
/// Bits that roundings keep below the error.
const SPARE_BITS: u32 = 60;

/// The domain, how large the error is on it, and how well it is to be known.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    subject: &'a Subject,
    /// Fractional bits.
    pub bits: u32,
    /// *Estimate* of the error's size, in units of 2^-bits; at least 1.
    pub estimate_size: Integer,
    /// A radius that is small enough.
    pub tolerance: Integer,
    /// Degree that is tried.
    degree: usize,
    /// What is left of the work.
    left: u64,
}

/// A cell with its model.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    /// Left end, in units of 2^-bits; even.
    pub from: Integer,
    /// Right end.
    pub to: Integer,
    /// Degree of the models.
    pub degree: usize,
    /// The error.
    pub error: Model,
    /// Whether the error is bounded as one box over the whole cell.
    pub boxed: bool,
}

/// x rounded down or up to an even multiple of 2^-bits.
pub(super) fn even(x: &Rational, bits: u32, up: bool) -> Integer {
    let scaled = Rational::from(x << (bits - 1));
    let rounded = if up { scaled.ceil() } else { scaled.floor() };
    rounded.into_numer_denom().0 << 1
}

/// A place on the grid, for a message.
fn shown(x: &Integer, bits: u32) -> String {
    decimal(&(Rational::from(x) >> bits), 12, false)
}

impl<'a> Plan<'a> {
    /// Looks at the error at points of every part, with `least_bits` or more.
    ///
    /// # Errors
    /// A point at which the function or the error is not defined, an error that needs too many bits.
    pub fn new(
        subject: &'a Subject,
        parts: &[(Rational, Rational)],
        gap_bits: u32,
        least_bits: u32,
    ) -> Result<Self> {
        let each = (200 / parts.len()).clamp(3, 64);
        let mut points = Vec::new();
        for (lo, hi) in parts {
            let width = Rational::from(hi - lo);
            for i in 0..=each {
                // Denser towards the ends.
                let s = i as f64 / each as f64;
                let t = s * s * (3.0 - 2.0 * s);
                let t = Rational::from_f64(t).unwrap_or_default();
                points.push(Rational::from(&width * &t) + lo);
            }
        }
        let mut bits = least_bits;
        // How many bits are needed is learnt at a few of them first.
        let mut step = 8;
        loop {
            let (mut size, mut radius) = (Integer::new(), Integer::new());
            let frame = Frame {
                bits,
                degree: 0,
                slack: true,
            };
            for x in points.iter().step_by(step) {
                let place = even(x, bits, false);
                match subject.error(&frame, &place, &Integer::new()) {
                    Ok(model) => {
                        size = size.max(model.middle().abs());
                        radius = radius.max(model.r);
                    }
                    // At one of the ends the rounded point may be outside, and huge values take more bits.
                    Err(fault) => {
                        subject
                            .at(x, 4 * bits)
                            .map_err(|why| undefined(x, &format!("not defined: {why}")))?;
                        if bits >= MAX_BITS {
                            let detail =
                                format!("not known with {MAX_BITS} fractional bits: {fault}");
                            return Err(undefined(x, &detail));
                        }
                        radius = radius.max(Integer::from(1) << (bits + 64));
                    }
                }
            }
            let have = i64::from(size.significant_bits()) - i64::from(radius.significant_bits());
            let lacking = i64::from(SPARE_BITS + gap_bits.saturating_sub(40)) - have;
            // An error of 0 is never told from roundings.
            let hopeless = size.is_zero() && bits >= 512;
            let enough = lacking <= 0 || hopeless || bits >= MAX_BITS;
            if enough && step > 1 {
                step = 1;
                continue;
            }
            if enough {
                if size.is_zero() {
                    // At a point the radius may be 0, and on a cell not: as under a weight of 0.
                    size = radius.clone().max(Integer::from(1)) << 64u32;
                }
                let tolerance = Integer::from(&size >> (gap_bits + 6)) + radius * 4u32 + 1u32;
                let wanted = (&size + (Integer::from(1) << bits)).significant_bits();
                let digits = wanted.saturating_sub(tolerance.significant_bits());
                return Ok(Self {
                    subject,
                    bits,
                    estimate_size: size.max(Integer::from(1)),
                    tolerance,
                    degree: (digits as usize * 2 / 5).clamp(12, MAX_DEGREE),
                    left: MAX_WORK,
                });
            }
            let more = (lacking.unsigned_abs() as u32).next_multiple_of(64);
            bits = (bits + more).min(MAX_BITS);
        }
    }

    /// Whether all the work that is allowed was done.
    pub fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// The frame of a degree.
    pub fn frame(&self, degree: usize) -> Frame {
        Frame {
            bits: self.bits,
            degree,
            slack: true,
        }
    }

    /// The model on [from, to], if it is good enough.
    fn attempt(&self, from: &Integer, to: &Integer) -> std::result::Result<Option<Cell>, Fault> {
        let middle = Integer::from(from + to) >> 1u32;
        let reach = Integer::from(to - from) >> 1u32;
        let model = |degree| self.subject.error(&self.frame(degree), &middle, &reach);
        let error = model(self.degree)?;
        let half = Integer::from(&self.estimate_size >> 1u32);
        let least = Integer::from(&self.estimate_size + &self.tolerance);
        let size = error.as_box();
        // What does not matter, or is largest at an end of where the function is defined.
        let boxed = size <= least;
        if !boxed && error.r > self.tolerance {
            return Ok(None);
        }
        // What a lower degree leaves out must not matter either.
        let (most, spare) = match (boxed, size <= half) {
            (true, true) => (half.clone(), half >> 3u32),
            _ => (least, Integer::from(&self.tolerance >> 3u32)),
        };
        let kept = |n: &usize| norm(error.c.get(*n + 1..).unwrap_or_default()) <= spare;
        let lower = (1..self.degree).find(kept).unwrap_or(self.degree);
        let mut cell = Cell {
            from: from.clone(),
            to: to.clone(),
            degree: self.degree,
            error,
            boxed,
        };
        for degree in [lower, lower + 2, lower + lower / 4 + 4] {
            if degree >= self.degree {
                break;
            }
            let Ok(error) = model(degree) else { continue };
            let enough = match boxed {
                true => error.as_box() <= most,
                false => error.r <= self.tolerance,
            };
            if enough {
                (cell.degree, cell.error) = (degree, error);
                break;
            }
        }
        Ok(Some(cell))
    }

    /// Cuts [from, to] into cells, each of which `take` can make something of.
    ///
    /// # Errors
    /// A place at which no cell is short enough, with the reason; too many cells.
    pub fn cut<T>(
        &mut self,
        (from, to): (&Rational, &Rational),
        already: usize,
        mut take: impl FnMut(&Self, Cell) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut open = vec![(even(from, self.bits, false), even(to, self.bits, true))];
        let mut taken = Vec::new();
        // Why a value does not exist on the way, rather than that it is not known well enough.
        let mut missing: Option<Fault> = None;
        while let Some((lo, hi)) = open.pop() {
            let rows = (self.degree as u64 + 8).pow(2);
            let words = u64::from(self.bits / 64 + 4).pow(2);
            let work = rows * words * self.subject.operations();
            self.left = self.left.saturating_sub(work);
            let why = match self.attempt(&lo, &hi) {
                Ok(Some(cell)) => match take(self, cell) {
                    Ok(done) => {
                        taken.push(done);
                        continue;
                    }
                    Err(e) => e.to_string(),
                },
                Ok(None) => "the error is not known well enough".to_owned(),
                Err(fault) => {
                    missing = Some(fault);
                    fault.to_owned()
                }
            };
            let width = Integer::from(&hi - &lo);
            // Halves on an even grid, with some bits to spare for what is computed on them.
            let middle = (Integer::from(&lo + &hi) >> 2u32) << 1u32;
            let total = already + taken.len() + open.len();
            let much = total >= MAX_CELLS || self.left == 0;
            if width.significant_bits() < 24 || middle <= lo || middle >= hi || much {
                let place = shown(&middle, self.bits);
                let why = missing.map_or(why, str::to_owned);
                let what = match much {
                    true => "more cells or work than are allowed".to_owned(),
                    false => "no bound is found".to_owned(),
                };
                let done = shown(&lo, self.bits);
                return Err(ErrorKind::NotConverged(format!(
                    "{what} near x = {place}: {why} (proved from {from} to {done} only)"
                ))
                .into());
            }
            open.push((middle.clone(), hi));
            open.push((lo, middle));
        }
        Ok(taken)
    }

    /// The error at a point of the grid, at which it exists.
    pub fn at(&self, x: &Integer) -> std::result::Result<Model, Fault> {
        let frame = Frame {
            slack: false,
            ..self.frame(0)
        };
        self.subject.error(&frame, x, &Integer::new())
    }
}

fn undefined(x: &Rational, why: &str) -> Error {
    Error::domain(format!("at x = {}: {why}", decimal(x, 12, false)))
}
