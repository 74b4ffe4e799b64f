//! One cell: from the noise of the input to that of the result, stage by stage.

use crate::arith::mp::Mp;
use crate::arith::upper::Upper;
use crate::arith::{const_interval, interval, Interval};
use crate::certify::composite::cascade::Branch;
use crate::circuit::composite::{Block, Output};
use crate::circuit::{Circuit, Id, StageSpan};
use crate::error::{Error, Result};
use crate::noise::composite::fresh::{Noisy, Program};
use crate::noise::composite::slope;
use crate::noise::composite::taylor::Taylor;
use crate::noise::formula::enclose;
use crate::poly::composite::Side;
use rug::float::Round;
use rug::{Float, Rational};

/// A composite's block, ready to carry noise through.
pub struct Carrier<'a> {
    /// The circuit.
    pub circuit: &'a Circuit,
    /// Its nodes for one tier.
    pub program: &'a Program,
    /// The block.
    pub block: &'a Block,
    /// Of every stage's input.
    pub maps: &'a [Map],
    /// B.
    pub domain: Interval,
    /// What stands for the first stage, if it is not evaluated.
    pub before: Option<&'a Before>,
}

/// A sine that stands for the first stage of a composite, and x made of it (`ckks::bootstrap`).
pub struct Before {
    /// The node of the sine, in units of 1.
    pub sine: Id,
    /// The polynomial for x/B.
    pub arcsine: StageSpan,
    /// The same in powers.
    pub powers: Vec<Rational>,
    /// `bound` of the distance of the first stage from the sine.
    pub bound_stage: f64,
    /// `bound` of the distance of the polynomial of the sine from x/B, for sines in [-1, 1].
    pub bound_arcsine: f64,
    /// `bound` of the slope of the arcsine up to 9/8.
    pub bound_steepest: f64,
}

/// A stage's circuit works on u = (y - m)/K.
#[derive(Debug, Clone, Copy)]
pub struct Map {
    /// K.
    pub reach: Interval,
    /// m.
    pub centre: Interval,
}

impl Map {
    /// Of K and m.
    pub fn new((reach, centre): (&Rational, &Rational)) -> Self {
        Self {
            reach: enclose(reach),
            centre: enclose(centre),
        }
    }
}

/// What is proved of a cell.
#[derive(Debug, Clone)]
pub struct Carried {
    /// The block's result.
    pub result: Noisy,
    /// `bound` of the noise of every stage's result, in units of that stage.
    pub bound_stages: Vec<f64>,
}

/// Why a cell is not bounded: noise takes the input of a stage out of what was certified.
#[derive(Debug, Clone, PartialEq)]
pub struct Margin {
    /// The stage, from 1.
    pub stage: usize,
    /// `bound` of the noise of its input.
    pub bound_noise: f64,
    /// Whether they leave it at its lower end.
    pub below: bool,
    /// Where the inputs end with their noise.
    pub reached: f64,
    /// Where the certified domain ends.
    pub certified: f64,
}

impl Margin {
    /// eta: how much wider the stage's domain must be than it is, at least.
    pub fn eta(&self) -> f64 {
        let over = self.reached - self.certified;
        if self.below { -over } else { over }.max(0.0)
    }
}

impl std::fmt::Display for Margin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "stage {}: with a noise of up to {:.3e} its inputs reach {:.6}, and the stage was certified {} to \
             {:.6}; a table whose stages are fitted with a margin eta >= {:.3e}, or parameters with less \
             noise (a larger scale), are needed",
            self.stage,
            self.bound_noise,
            self.reached,
            if self.below { "down" } else { "up" },
            self.certified,
            self.bound_noise.max(self.eta())
        )
    }
}

fn size(x: f64) -> Interval {
    interval!(x, x).unwrap_or(Interval::ENTIRE)
}

fn outward(y: &Mp) -> Interval {
    let (lo, hi) = (y.lo.to_f64_round(Round::Down), y.hi.to_f64_round(Round::Up));
    interval!(lo, hi).unwrap_or(Interval::ENTIRE)
}

impl Carrier<'_> {
    /// Carries what is known of earlier nodes through the block, for |x|/B in a cell inside [0, 1]; for p itself
    /// x is in the cell.
    ///
    /// **Inputs** `values` by node, known up to the block's argument; the rest is overwritten.
    /// **Guarantee** for every x of the branch's side with |x|/B (p itself: x) in the cell, the result is within its
    /// `bound_error` of the exact composite's.
    ///
    /// # Errors
    /// A value that could wrap. A margin that is missing is the inner error.
    pub fn carry(
        &self,
        branch: &Branch,
        cell: &Mp,
        values: &mut [Noisy],
    ) -> Result<std::result::Result<Carried, Margin>> {
        let images = branch.images(cell);
        let mut bound_stages = Vec::with_capacity(branch.stages.len());
        let mut id = match self.before {
            Some(before) => {
                values[before.sine].value = on_side(branch.side, outward(&images[0]));
                before.sine + 1
            }
            None => {
                let x = on_side(branch.side, outward(cell)) * self.domain;
                values[self.block.argument].value = x;
                self.block.argument + 1
            }
        };
        let skipped = usize::from(self.before.is_some());
        while id <= self.block.output {
            if let Some(before) = self.before.filter(|before| before.arcsine.first == id) {
                id = before.arcsine.output;
                values[id] = self.arcsine(before, branch.side, (&images[0], cell), values)?;
                self.program.fits(id, &values[id])?;
                id += 1;
                continue;
            }
            let spans = &self.circuit.stages[self.block.stages.clone()];
            let stage = spans.iter().position(|s| s.first == id);
            if let Some(at) = stage {
                let (span, i) = (&spans[at], at + skipped);
                let exact = if i == 0 { cell } else { &images[i - 1] };
                let map = &self.maps[i];
                let noise = (size(values[span.input].bound_error) * map.reach).sup();
                let held = exact.clone().widened(&Float::with_val(exact.prec(), noise));
                let u = (outward(&held) - map.centre) / map.reach;
                let slope = slope::near(&branch.stages[i], branch.side, exact, noise);
                let (Some(slope), true) = (slope, u.mag() <= 1.0) else {
                    return Ok(Err(self.margin(i, branch, &held, noise)));
                };
                // The nodes of an odd stage have equal bounds at u and at -u.
                let given = Noisy {
                    value: if branch.side == Side::Negative { -u } else { u },
                    bound_aside: (size(noise) / map.reach).sup(),
                    bound_error: 0.0,
                };
                let fresh = self
                    .program
                    .run(span.input, given, span.first, span.output)?;
                let divisor = self.divisor(i);
                let error = size(noise) * size(slope) / divisor + size(fresh.bound_error);
                bound_stages.push((error * divisor).sup());
                let next = self
                    .maps
                    .get(i + 1)
                    .map_or(const_interval!(0.0, 0.0), |m| m.centre);
                values[span.output] = Noisy {
                    value: (on_side(branch.side, outward(&images[i])) - next) / divisor,
                    bound_aside: 0.0,
                    bound_error: error.sup(),
                };
                self.program.fits(span.output, &values[span.output])?;
                id = span.output + 1;
                continue;
            }
            values[id] = self.program.step(id, |a| &values[a]);
            self.program.fits(id, &values[id])?;
            id += 1;
        }
        let result = values[self.block.output];
        if !result.bound_error.is_finite() {
            return Err(Error::domain("the noise has no finite bound"));
        }
        Ok(Ok(Carried {
            result,
            bound_stages,
        }))
    }

    /// x/B from the sine: |A(Y) - m| <= |A(Y) - A(G)| + |A(G) - A(s)| + |A(s) - m|, Y the sine as it is held, G the first stage,
    /// s the sine of m, which may be eta beyond [-1, 1]: there A and the arcsine change by their slopes (EVALUATION.md, B7).
    fn arcsine(
        &self,
        before: &Before,
        side: Side,
        (sine, cell): (&Mp, &Mp),
        values: &[Noisy],
    ) -> Result<Noisy> {
        let exact = outward(sine);
        let aside = Upper::of(values[before.sine].bound_error);
        let beyond = (Upper::of(exact.mag()) + Upper::of(before.bound_stage)).get() - 1.0;
        let beyond = Upper::of(beyond.next_up().max(0.0));
        if beyond > Upper::of(0.125) {
            return Err(Error::domain(
                "the first stage leaves [-9/8, 9/8]: it is no sine over its unit",
            ));
        }
        let off = aside + Upper::of(before.bound_stage) + beyond;
        let slope = Taylor::new(&before.powers, exact).slope(off);
        // Some nodes are cut to [-1, 1], which is right near arguments of that interval alone.
        let cut = |y: f64| y.clamp(-1.0, 1.0);
        let within = interval!(cut(exact.inf()), cut(exact.sup())).unwrap_or(Interval::ENTIRE);
        let given = Noisy {
            // The nodes of an odd stage have equal bounds at y and at -y.
            value: within,
            bound_aside: (aside + beyond).get(),
            bound_error: 0.0,
        };
        let span = &before.arcsine;
        let fresh = self
            .program
            .run(span.input, given, span.first, span.output)?;
        let error = slope * off
            + Upper::of(fresh.bound_error)
            + Upper::of(before.bound_arcsine)
            + Upper::of(before.bound_steepest) * beyond;
        Ok(Noisy {
            value: on_side(side, outward(cell)),
            bound_aside: 0.0,
            bound_error: error.get(),
        })
    }

    /// By what the circuit divides the result of stage i.
    fn divisor(&self, i: usize) -> Interval {
        match (self.maps.get(i + 1), self.block.shape) {
            (Some(map), _) => map.reach,
            (None, Output::Sign) => const_interval!(1.0, 1.0),
            (None, _) => const_interval!(2.0, 2.0),
        }
    }

    fn margin(&self, i: usize, branch: &Branch, held: &Mp, noise: f64) -> Margin {
        let (stage, map) = (&branch.stages[i], &self.maps[i]);
        let lo = stage.value.lo().to_f64_round(Round::Up);
        let lo = lo.max((map.centre - map.reach).sup());
        // An odd stage is prepared from 0 upwards, for both signs.
        let below = branch.side != Side::Both && held.lo < lo;
        let (reached, certified) = if below {
            (held.lo.to_f64_round(Round::Down), lo)
        } else {
            let hi = stage.value.hi().to_f64_round(Round::Down);
            let reached = match branch.side {
                Side::Both => held.magnitude(),
                _ => held.hi.clone(),
            };
            (
                reached.to_f64_round(Round::Up),
                hi.min((map.centre + map.reach).inf()),
            )
        };
        Margin {
            stage: i + 1,
            bound_noise: noise,
            below,
            reached,
            certified,
        }
    }
}

/// y >= 0 as x on a side, or on both.
fn on_side(side: Side, y: Interval) -> Interval {
    match side {
        Side::Positive => y,
        Side::Negative => -y,
        Side::Both => y.convex_hull(-y),
    }
}
