//! One cell: from the noise of the input to that of the result, stage by stage.

use crate::arith::mp::Mp;
use crate::certify::cascade::{Branch, Stage};
use crate::ckks::circuit::composite::{Block, Shape};
use crate::ckks::circuit::{Circuit, Op};
use crate::error::{Error, Result};
use crate::evaluation::fresh::{Noisy, Program};
use crate::poly::composite::Side;
use inari::{const_interval, interval, Interval};
use rug::float::Round;
use rug::Float;

/// A composite's block, ready to carry noise through.
pub struct Carrier<'a> {
    /// The circuit.
    pub circuit: &'a Circuit,
    /// Its nodes for one tier.
    pub program: &'a Program,
    /// The block.
    pub block: &'a Block,
    /// `K_i` of every stage.
    pub reaches: &'a [Interval],
    /// B.
    pub domain: Interval,
}

/// What is proved of a cell.
#[derive(Debug, Clone)]
pub struct Carried {
    /// `bound` of the noise of the result, for |x|/B in the cell.
    pub bound_noise: f64,
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
    /// Where the inputs end with their noise.
    pub reached: f64,
    /// Where the certified domain ends.
    pub certified: f64,
}

fn size(x: f64) -> Interval {
    interval!(x, x).unwrap_or(Interval::ENTIRE)
}

fn outward(y: &Mp) -> Interval {
    let (lo, hi) = (y.lo.to_f64_round(Round::Down), y.hi.to_f64_round(Round::Up));
    interval!(lo, hi).unwrap_or(Interval::ENTIRE)
}

impl Carrier<'_> {
    /// Carries an input noise, in units of x, over a cell of |x|/B inside [0, 1].
    ///
    /// **Guarantee** for every x of the branch's side in the cell, the result is within `bound_noise` of
    /// the exact composite's, if the inputs are within `input_noise` of what is meant.
    ///
    /// # Errors
    /// A value that could wrap. A margin that is missing is the inner error.
    pub fn carry(
        &self,
        branch: &Branch,
        cell: &Mp,
        input_noise: f64,
    ) -> Result<std::result::Result<Carried, Margin>> {
        let images = branch.images(cell);
        // max: the argument is a difference of two inputs.
        let doubled = if self.block.shape == Shape::Max {
            2.0
        } else {
            1.0
        };
        let argument_noise = size(input_noise) * size(doubled);
        let mut noise = (argument_noise / self.domain).sup();
        let mut bound_stages = Vec::with_capacity(branch.stages.len());
        for (i, stage) in branch.stages.iter().enumerate() {
            let exact = if i == 0 { cell } else { &images[i - 1] };
            let prec = exact.prec();
            let held = exact.clone().widened(&Float::with_val(prec, noise));
            let Some(slope) = slope(stage, branch.side, &held) else {
                return Ok(Err(self.margin(i, stage, &held, noise)));
            };
            let u = outward(&held) / self.reaches[i];
            if u.mag() > 1.0 {
                return Ok(Err(self.margin(i, stage, &held, noise)));
            }
            let u = if branch.side == Side::Negative { -u } else { u };
            let span = &self.circuit.stages[self.block.stages.start + i];
            let given = Noisy {
                value: u,
                bound_error: 0.0,
            };
            let fresh = self
                .program
                .run(span.input, given, span.first, span.output)?;
            let divisor = self.divisor(i);
            noise = (size(noise) * size(slope) + size(fresh.bound_error) * divisor).sup();
            bound_stages.push(noise);
        }
        let q = outward(&images[images.len() - 1]);
        let x = (outward(cell) * self.domain).mag();
        let bound_noise = self.product(branch.side, q, x, noise, input_noise)?;
        if !bound_noise.is_finite() {
            return Err(Error::domain("the noise has no finite bound"));
        }
        Ok(Ok(Carried {
            bound_noise,
            bound_stages,
        }))
    }

    /// By what the circuit divides the result of stage i.
    fn divisor(&self, i: usize) -> Interval {
        match (self.reaches.get(i + 1), self.block.shape) {
            (Some(reach), _) => *reach,
            (None, Shape::Sign) => const_interval!(1.0, 1.0),
            (None, _) => const_interval!(2.0, 2.0),
        }
    }

    fn margin(&self, i: usize, stage: &Stage, held: &Mp, noise: f64) -> Margin {
        let reach = self.reaches[i].inf();
        let hi = stage.value.hi().to_f64_round(Round::Down).min(reach);
        Margin {
            stage: i + 1,
            bound_noise: noise,
            reached: held.magnitude().to_f64_round(Round::Up),
            certified: hi,
        }
    }

    /// The result's noise from that of p, in units of the last stage: |p - q| <= noise.
    fn product(&self, side: Side, q: Interval, x: f64, noise: f64, input: f64) -> Result<f64> {
        let b = self.block;
        if b.shape == Shape::Sign {
            return Ok(noise);
        }
        let one = const_interval!(1.0, 1.0);
        let half = const_interval!(0.5, 0.5);
        let half_noise = size(noise) * half;
        let own = size(self.program.bound_added(b.output));
        match b.shape {
            Shape::Relu => {
                // The gate is (1 + p)/2, p = s q on side s.
                let gate = match side {
                    Side::Positive => one + q,
                    Side::Negative => one - q,
                    Side::Both => (one + q).convex_hull(one - q),
                } * half;
                let nothing = Noisy {
                    value: const_interval!(0.0, 0.0),
                    bound_error: 0.0,
                };
                // What the rounded constant 1/2 is off.
                let held = self.program.step(b.sign, |_| &nothing);
                let e = half_noise + size(held.bound_error);
                let Op::Rescale(product) = self.circuit.nodes[b.output].op else {
                    return Err(Error::domain("a ReLU that ends without its rescale"));
                };
                let input = size(input);
                let error = size(x) * e
                    + size(gate.mag()) * input
                    + e * input
                    + size(self.program.bound_added(product))
                    + own;
                let result = Noisy {
                    value: size(x) * gate,
                    bound_error: error.sup(),
                };
                self.program.fits(product, &result)?;
                self.program.fits(b.output, &result)?;
                Ok(error.sup())
            }
            _ => {
                // d h + (a + b)/2 with h = p/2: the inputs' noise comes in as e_a (1/2 + h) + e_b (1/2 - h).
                let h = size((q.abs() * half).sup()) + half_noise;
                let weight = one.max(h * const_interval!(2.0, 2.0));
                let Op::Rescale(whole) = self.circuit.nodes[b.output].op else {
                    return Err(Error::domain("a max that ends without its rescale"));
                };
                let Op::Add(product, mean) = self.circuit.nodes[whole].op else {
                    return Err(Error::domain("a max that ends without its sum"));
                };
                let Op::MulConstant(_, constant) = &self.circuit.nodes[mean].op else {
                    return Err(Error::domain("a max that ends without its mean"));
                };
                let off = size(crate::ckks::noise::formula::enclose(&constant.error()).mag());
                let sum = self.domain * const_interval!(2.0, 2.0)
                    + const_interval!(2.0, 2.0) * size(input);
                let error = size(x) * half_noise
                    + size(input) * weight
                    + off * sum
                    + size(self.program.bound_added(product))
                    + own;
                let result = Noisy {
                    value: self.domain * const_interval!(-2.0, 2.0),
                    bound_error: error.sup(),
                };
                for id in [product, mean, whole, b.output] {
                    self.program.fits(id, &result)?;
                }
                Ok(error.sup())
            }
        }
    }
}

/// Upper bound of |F'| over an interval of a stage's inputs; none outside of what was certified.
///
/// An odd stage's slope is even, so an interval across 0 is folded.
fn slope(stage: &Stage, side: Side, held: &Mp) -> Option<f64> {
    let held = if side == Side::Both {
        let lo = held.mignitude();
        Mp {
            lo,
            hi: held.magnitude(),
        }
    } else {
        held.clone()
    };
    if !stage.slope.covers(&held) || !stage.value.covers(&held) {
        return None;
    }
    Some(stage.image(1, &held).magnitude().to_f64_round(Round::Up))
}
