//! EvalMod: what a wrong t, its own operations and its polynomials' distance from cosine and arcsine make of the result.
//!
//! # Method
//! For every I in [-K, K] the interval of u is cut into cells, and each is carried through the circuit, t = I + u/2^r:
//! - **Squares** node by node: 2 z^2 - 1 is off by 4 |z| e + 2 e^2 and what is added (`composite::fresh`); the last over S'.
//! - **Polynomials** as one: |P(y + e) - P(y)| <= |e| sum_k k |c_k| rho^(k-1), c_k the Taylor coefficients at the cell's middle and
//!   rho its half-width plus |e|: the disc around the middle holds all complex y + e. What the operations inside add is
//!   bounded for an exact argument that is |e| aside of a real one in [-1, 1].
//! - **Series** ([`super::series`]): what z is off the cosine, d, becomes 4 |z| d + 2 d^2 at a double angle. Before the arcsine it
//!   joins the noise; the argument meant is then sin(2 pi u/2^r)/S', which S' rounded may take 2^-100 beyond [-1, 1].

use super::maps::above;
use super::series;
use crate::arith::interval;
use crate::arith::rounding::CoefficientMode;
use crate::arith::upper::Upper;
use crate::arith::Interval;
use crate::circuit::{Circuit, Id, Op, StageSpan};
use crate::ckks::bootstrap::mod1::{Mod1, Value};
use crate::ckks::bootstrap::refresh::Refresher;
use crate::error::{Error, Result};
use crate::noise::composite::fresh::{Noisy, Program};
use crate::noise::composite::taylor::Taylor;
use crate::poly::component::{Basis, Component};
use rug::float::{Constant, Round};
use rug::{Float, Rational};

/// Cells for every I.
pub(crate) const CELLS: u32 = 24;
/// Precision of the sine at the ends of a cell.
const PRECISION: u32 = 192;
/// More than S' rounded to 120 bits takes the sine beyond [-1, 1], and the message it stands for off.
const UNIT_OFF: f64 = 1.0 / (1u128 << 100) as f64;

/// What is proved of a cell, or of the worst of all cells for each; in units of the result.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Carried {
    /// `bound` of both.
    pub all: Upper,
    /// `bound` of the noise.
    pub noise: Upper,
    /// `bound` of what the series leave.
    pub series: Upper,
}

/// A circuit ready to carry cells.
pub(super) struct Carrier<'a> {
    pub circuit: &'a Circuit,
    /// The node that it ends at.
    end: Id,
    pub program: &'a Program,
    pub mod1: &'a Mod1,
    /// Powers of every stage that is no square.
    powers: Vec<Option<Vec<Rational>>>,
    cosine: Upper,
    arcsine: Upper,
    /// S'.
    unit: Rational,
}

fn is_square(span: &StageSpan) -> bool {
    span.chebyshev.is_empty() && span.coefficients.len() == 3
}

impl<'a> Carrier<'a> {
    /// # Errors
    /// An angle that the series is not made for.
    pub fn new(refresher: &'a Refresher, program: &'a Program) -> Result<Self> {
        let (circuit, mod1) = (refresher.circuit(), &refresher.literal().mod1);
        let built = refresher.built();
        let powers = |span: &StageSpan| -> Result<Option<Vec<Rational>>> {
            if is_square(span) {
                return Ok(None);
            }
            let component = Component::new(Basis::Chebyshev, span.coefficients.clone());
            component.powers(CoefficientMode::Exact).map(Some)
        };
        Ok(Self {
            powers: circuit.stages.iter().map(powers).collect::<Result<_>>()?,
            cosine: series::bound_cosine(mod1)?,
            arcsine: series::bound_arcsine(mod1),
            // A composite goes on from the sine with cells of its own.
            end: match refresher.value() {
                Value::Message => built.output,
                _ => built.sine,
            },
            unit: mod1.sine_unit(),
            circuit,
            program,
            mod1,
        })
    }

    /// The worst of all cells with t off by `noise`.
    ///
    /// **Inputs** `bound` of |u|, at most 1; the greatest |I|.
    ///
    /// # Errors
    /// A t that leaves what the circuit is made for; a value that could wrap.
    pub fn worst(&self, most: f64, noise: Upper, overflow: u32) -> Result<Carried> {
        let mut worst = Carried::default();
        for i in -(overflow as i32)..=overflow as i32 {
            for cell in 0..CELLS {
                let carried = self.cell(i, cell, most, noise)?;
                worst.noise = worst.noise.max(carried.noise);
                worst.series = worst.series.max(carried.series);
                worst.all = worst.all.max(carried.all);
            }
        }
        if worst.all.get().is_finite() {
            return Ok(worst);
        }
        Err(Error::domain("EvalMod: the noise has no finite bound"))
    }

    /// sin(2 pi u/2^r)/S' for u in an interval, as far as it is in [-1, 1].
    fn sine(&self, u: Interval) -> Interval {
        let turn = Float::with_val(PRECISION, Constant::Pi) << 1u32;
        let at = |u: f64, away: f64, round: Round| {
            let angle = Float::with_val(PRECISION, &turn * u) >> self.mod1.ratio_log2;
            // Off by far less than 2^-100.
            let sine = angle.sin() / &self.unit;
            (sine + away).to_f64_round(round)
        };
        // It grows with u: angles are within pi/4.
        let (lo, hi) = (
            at(u.inf(), -UNIT_OFF, Round::Down),
            at(u.sup(), UNIT_OFF, Round::Up),
        );
        let unit = crate::arith::const_interval!(-1.0, 1.0);
        interval!(lo, hi)
            .unwrap_or(Interval::ENTIRE)
            .intersection(unit)
    }

    fn cell(&self, i: i32, cell: u32, most: f64, noise: Upper) -> Result<Carried> {
        // Ends of cells are f64s in order, whatever they are.
        let end = |k: u32| match k {
            CELLS => most,
            k => -most + 2.0 * most * (f64::from(k) / f64::from(CELLS)),
        };
        let u = interval!(end(cell), end(cell + 1)).unwrap_or(Interval::ENTIRE);
        let ratio = 2f64.powi(self.mod1.ratio_log2 as i32);
        let exact = |x: f64| interval!(x, x).unwrap_or(Interval::ENTIRE);
        let t = exact(f64::from(i)) + u / exact(ratio);
        let nodes = &self.circuit.nodes;
        let mut values: Vec<Noisy> = Vec::with_capacity(nodes.len());
        let mut series = Upper::ZERO;
        let mut before = true;
        let unknown = Noisy {
            value: Interval::ENTIRE,
            bound_aside: 0.0,
            bound_error: f64::INFINITY,
        };
        while values.len() <= self.end {
            let id = values.len();
            let stage = self.circuit.stages.iter().position(|s| s.first == id);
            if let Some(s) = stage {
                let span = &self.circuit.stages[s];
                let y = values[span.input];
                match &self.powers[s] {
                    None => {
                        // a z^2 + b.
                        let a = above(&Rational::from(&span.coefficients[2] * 2u32));
                        let slope = Upper::of(y.value.mag()).scaled(2.0);
                        series = a * (slope * series + series * series);
                    }
                    Some(powers) => {
                        let (exact, own) = match before {
                            true => (y.value, self.cosine),
                            false => (self.sine(u), self.arcsine + Upper::of(UNIT_OFF).scaled(4.0)),
                        };
                        let aside = match before {
                            true => Upper::of(y.bound_error),
                            false => Upper::of(y.bound_error) + series + Upper::of(UNIT_OFF),
                        };
                        let result = self.polynomial((span, powers), exact, aside)?;
                        (series, before) = (own, false);
                        values.resize(span.output, unknown);
                        values.push(result);
                        continue;
                    }
                }
            }
            let v = match &nodes[id].op {
                Op::Input(_) => Noisy {
                    value: t,
                    bound_aside: 0.0,
                    bound_error: noise.get(),
                },
                Op::Units(_, unit) => {
                    if !before {
                        series = series.over(crate::arith::number::f64_below(unit));
                    }
                    self.program.step(id, |a| &values[a])
                }
                _ => self.program.step(id, |a| &values[a]),
            };
            self.program.fits(id, &v)?;
            values.push(v);
        }
        let noise = Upper::of(values[self.end].bound_error);
        let all = noise + series;
        Ok(Carried { all, noise, series })
    }

    /// A stage that is no square, for arguments `aside` of real ones.
    fn polynomial(
        &self,
        (span, powers): (&StageSpan, &[Rational]),
        exact: Interval,
        aside: Upper,
    ) -> Result<Noisy> {
        let beyond = exact.mag();
        if beyond > 1.0 + 2f64.powi(-20) {
            return Err(Error::domain(format!(
                "EvalMod: an argument reaches {beyond:.6}, where its polynomial is made for [-1, 1]: t goes beyond K = {}",
                self.mod1.overflow
            )));
        }
        // What is beyond 1 by less is what intervals are wide.
        let exact = exact.intersection(crate::arith::const_interval!(-1.0, 1.0));
        let taylor = Taylor::new(powers, exact);
        let slope = taylor.slope(aside);
        let given = Noisy {
            value: exact,
            bound_aside: aside.get(),
            bound_error: 0.0,
        };
        let fresh = self
            .program
            .run(span.input, given, span.first, span.output)?;
        let value = taylor.image();
        let error = slope * aside + Upper::of(fresh.bound_error);
        let result = Noisy {
            value,
            bound_aside: 0.0,
            bound_error: error.get(),
        };
        self.program.fits(span.output, &result)?;
        Ok(result)
    }
}
