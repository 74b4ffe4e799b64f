//! What a linear layer costs: rotations and products with plaintexts. *Estimates*.
//!
//! Counts are those of multiplexed parallel convolutions (Lee et al., ePrint 2021/1688, section 4), in the form that does not
//! depend on the gap of the packing: a ciphertext holds all channels that fit, a kernel of K taps takes K - 1 rotations of each
//! input, each group of output channels K products with plaintexts and as many rotations as sum its channels up, and each
//! output channel one to its place. Dense layers go by diagonals, baby steps and giant steps.

use crate::error::{Error, Result};
use crate::network::model::ops::{Op, TensorShape};
use crate::plan::profile::{Operation, Profile};

/// Operations of a layer. *Estimates*.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Levels that it takes.
    pub levels: usize,
    /// Rotations of a ciphertext that is rotated several times.
    pub hoisted: usize,
    /// Other rotations.
    pub rotations: usize,
    /// Products with plaintexts.
    pub plain: usize,
    /// Sums.
    pub adds: usize,
    /// Rescales.
    pub rescales: usize,
}

/// Ciphertexts that hold so many numbers.
pub fn ciphertexts(shape: TensorShape, slots: usize) -> usize {
    shape.len().div_ceil(slots.max(1)).max(1)
}

/// ceil(log2 n).
fn log2_up(n: usize) -> usize {
    n.max(1).next_power_of_two().trailing_zeros() as usize
}

impl Work {
    /// What a layer takes; `from` the shapes that it reads, `folded` whether its numbers are part of another layer's.
    ///
    /// # Errors
    /// A layer that is no linear one.
    pub fn estimate(
        op: &Op,
        from: &[TensorShape],
        out: TensorShape,
        slots: usize,
        folded: bool,
    ) -> Result<Self> {
        let x = from.first().copied().unwrap_or(out);
        let (ins, outs) = (ciphertexts(x, slots), ciphertexts(out, slots));
        let none = Self::default();
        let all = |plain: usize, hoisted: usize, rotations: usize| Self {
            levels: 1,
            hoisted,
            rotations,
            plain,
            adds: plain + rotations,
            rescales: outs,
        };
        Ok(match op {
            _ if folded => none,
            Op::Conv(c) => {
                let taps = c.window.len();
                if c.groups == x.channels && c.groups > 1 {
                    return Ok(all(taps * ins, (taps - 1) * ins, 0));
                }
                // Copies of the input that fit into one ciphertext make so many output channels at once.
                let copies = slots / x.len().next_power_of_two().max(1);
                let groups = c.bias.len().div_ceil(copies.max(1));
                let summed = log2_up((x.channels / c.groups).div_ceil(ins));
                let channels = c.bias.len();
                all(
                    taps * groups * ins + channels,
                    (taps - 1) * ins,
                    groups * ins * summed + channels,
                )
            }
            Op::Dense(d) => {
                let diagonals = d.bias.len().next_power_of_two().min(slots);
                let steps = (diagonals as f64).sqrt().ceil() as usize;
                let summed = log2_up(x.len().div_ceil(diagonals));
                all(
                    diagonals * ins,
                    steps * ins,
                    steps * outs + summed,
                )
            }
            Op::BatchNorm(_) | Op::Affine { .. } => all(ins, 0, 0),
            Op::AvgPool { window, .. } => {
                let sums = log2_up(window.kernel[0]) + log2_up(window.kernel[1]);
                all(outs, 0, sums * ins)
            }
            Op::Subsample { .. } => all(x.channels, 0, x.channels),
            Op::Gather { from, .. } => {
                // One masked product for each distance that elements move.
                let moves = from.iter().enumerate();
                let mut moves: Vec<isize> = moves
                    .filter_map(|(i, f)| f.map(|f| f as isize - i as isize))
                    .collect();
                moves.sort_unstable();
                moves.dedup();
                all(moves.len() * ins, moves.len() * ins, 0)
            }
            Op::Pad { .. } => Self {
                rotations: ins,
                ..none
            },
            Op::Concat => Self {
                rotations: from.len(),
                adds: from.len(),
                ..none
            },
            Op::Add => Self { adds: outs, ..none },
            Op::Reshape(_) => none,
            other => {
                return Err(Error::unsupported(format!(
                    "plan: layers of kind {} have no cost here; linear layers, ReLU, leaky ReLU, max-pooling and polynomials do",
                    other.name()
                )))
            }
        })
    }

    /// Milliseconds from a level on; none where levels do not suffice.
    ///
    /// # Errors
    /// An operation that the profile does not have.
    pub fn estimate_ms(&self, level: usize, profile: &Profile) -> Result<Option<f64>> {
        if level < self.levels {
            return Ok(None);
        }
        let parts = [
            (self.hoisted, Operation::RotateHoisted),
            (self.rotations, Operation::Rotate),
            (self.plain, Operation::MulPlain),
            (self.adds, Operation::Add),
            (self.rescales, Operation::Rescale),
        ];
        let mut sum = 0.0;
        for (count, operation) in parts.into_iter().filter(|(n, _)| *n > 0) {
            sum += count as f64 * profile.estimate_ms(operation, level)?;
        }
        Ok(Some(sum))
    }
}
