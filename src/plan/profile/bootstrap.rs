//! *Estimate*: what a bootstrap would cost this program's own evaluator, by the fitted model of a key switch.
//!
//! **Assumed** the circuit: it is designed and not built. N = 2^16, 2^14 real slots; a sparse secret for the raise (one
//! digit), two rotations to gather; CoeffsToSlots in three linear maps of 32, 31 and 31 diagonals; EvalMod of 8 levels of
//! 57 bits, two primes each, 11 products; the arcsine's 5 products in the highest levels that are left; SlotsToCoeffs in
//! two linear maps of 128 and 127 diagonals, in the two lowest levels. Linear maps are double hoisted: the digits are
//! raised once for the baby steps, and both halves are divided by P once at the end.

use crate::plan::profile::cost::{BootstrapNoise, Operation, Status};
use crate::plan::profile::fit::{Fit, Shape};

/// The ring that the circuit is of.
pub const LOG_N: u32 = 16;
/// Levels below the usable ones, which SlotsToCoeffs takes.
pub const RESERVE: usize = 2;
/// Keys that it has at the top: rotations of three CoeffsToSlots, of gathering and others, conjugation.
pub const KEYS: usize = 37;

/// Special primes, and their size in bits.
const SPECIAL: (usize, f64) = (5, 49.9);
/// Diagonals, baby steps, giant steps.
const TO_SLOTS: [(usize, usize, usize); 3] = [(32, 7, 3), (31, 7, 3), (31, 7, 3)];
const TO_COEFFS: [(usize, usize, usize); 2] = [(128, 15, 7), (127, 15, 7)];
const GATHER: f64 = 2.0;
/// Products by level, from the highest down.
const EVAL_MOD: [usize; 8] = [1, 2, 2, 2, 1, 1, 1, 1];
/// The arcsine's products, levels below the highest usable one.
const ARCSINE: [usize; 5] = [0, 1, 1, 2, 3];
/// Switching to the sparse secret at level 0, in milliseconds.
const TO_SPARSE_MS: f64 = 2.0;

/// The chain: sizes of the primes of each level, level 0 first.
fn chain(levels: usize) -> Vec<Vec<f64>> {
    let mut chain = vec![vec![49.9]];
    chain.extend(vec![vec![47.0]; RESERVE]);
    // The lowest usable level is for linear layers.
    chain.extend(vec![vec![47.0]; levels.min(1)]);
    chain.extend(vec![vec![49.0]; levels.saturating_sub(1)]);
    // The lowest level of EvalMod is at a larger scale, for the change to that of the values.
    chain.push(vec![32.5; 2]);
    chain.extend(vec![vec![28.5; 2]; EVAL_MOD.len() - 1]);
    chain.extend(vec![vec![49.5]; TO_SLOTS.len()]);
    chain
}

fn shape(chain: &[Vec<f64>], level: usize) -> Shape {
    let primes = || chain[..=level].iter().flatten();
    let bits: f64 = primes().sum();
    let (count, size) = SPECIAL;
    Shape {
        primes: primes().count() as f64,
        special: count as f64,
        digits: (bits / (count as f64 * size - 1.0)).ceil(),
    }
}

/// log2(QP) of the whole chain for so many usable levels.
#[must_use]
pub fn log_qp(levels: usize) -> f64 {
    let q: f64 = chain(levels).iter().flatten().sum();
    q + SPECIAL.0 as f64 * SPECIAL.1
}

/// *Estimate*: MB (10^6 bytes) of a switching key at the top of the chain.
#[must_use]
pub fn estimate_key_mb(levels: usize) -> f64 {
    let chain = chain(levels);
    let top = shape(&chain, chain.len() - 1);
    2.0 * top.raised() * f64::from(8u32 << LOG_N) / 1e6
}

/// *Estimate*: the noise that it is designed for.
#[must_use]
pub fn noise() -> BootstrapNoise {
    let source = "what it is designed for; a float prototype of EvalMod, arcsine and ReLU showed rms 2^-33.3 and at most \
                  2^-29.9 in 60,000 slots";
    BootstrapNoise {
        status: Status::Assumed,
        rms_log2: -31.5,
        max_log2: Some(-28.5),
        failure_log2: None,
        source: source.to_owned(),
    }
}

/// *Estimate*: milliseconds of a bootstrap that leaves so many levels.
#[must_use]
pub fn estimate_ms(fit: &Fit, levels: usize) -> f64 {
    let chain = chain(levels);
    let at = |level: usize| shape(&chain, level);
    let switch = |level: usize| fit.estimate_ms(Operation::Rotate, at(level));
    let product = |level: usize| fit.estimate_ms(Operation::MulRescale, at(level));
    let linear =
        |level: usize, (diagonals, babies, giants): (usize, usize, usize), encode: bool| {
            let s = at(level);
            let (up, inner) = (fit.estimate_up_ms(s), fit.estimate_inner_ms(s));
            let giant = fit.estimate_down_ms(s, 1.0) + up + inner;
            let mut ms =
                up + babies as f64 * inner + giants as f64 * giant + fit.estimate_down_ms(s, 2.0);
            ms += diagonals as f64 * 2.0 * s.extended() * fit.estimate_limb_ms(s);
            // Diagonals at low levels are transformed as they are used.
            if encode {
                ms += diagonals as f64 * s.extended() * fit.estimate_transform_ms();
            }
            ms
        };
    let top = chain.len() - 1;
    let first = at(top);
    let one_digit = (fit.estimate_up_ms(first) + fit.estimate_inner_ms(first)) / first.digits;
    let raise = one_digit + fit.estimate_down_ms(first, 2.0) + TO_SPARSE_MS + GATHER * switch(top);
    let to_slots = TO_SLOTS
        .iter()
        .enumerate()
        .map(|(i, &map)| linear(top - i, map, false));
    let conjugate = switch(top + 1 - TO_SLOTS.len());
    let highest = RESERVE + levels;
    let reduced = highest + EVAL_MOD.len();
    let eval_mod = EVAL_MOD
        .iter()
        .enumerate()
        .map(|(i, &n)| n as f64 * product(reduced - i));
    let arcsine = ARCSINE
        .iter()
        .map(|&i| product(highest.saturating_sub(i).max(1)));
    let to_coeffs = TO_COEFFS
        .iter()
        .enumerate()
        .map(|(i, &map)| linear(RESERVE - i, map, true));
    raise
        + to_slots.sum::<f64>()
        + conjugate
        + eval_mod.sum::<f64>()
        + arcsine.sum::<f64>()
        + to_coeffs.sum::<f64>()
        + switch(RESERVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::profile::cost::OPERATIONS;
    use crate::plan::profile::fit::Point;

    /// The model's own figures: 69 ms for 204 transforms of ModUp, 40 ms for 408 products, 16 ms for 68 transforms of
    /// ModDown, at 29 primes.
    fn fit() -> Fit {
        let of = |o: Operation, s: Shape| {
            let (up, inner, down) = (69.0 / 204.0, 40.0 / 408.0, 16.0 / 68.0);
            match o {
                Operation::RotateHoisted => inner * 2.0 * s.raised() + down * 2.0 * s.extended(),
                Operation::Rescale => 0.21 * 2.0 * s.primes,
                Operation::MulPlain => 0.12 * s.primes,
                Operation::Add | Operation::AddPlain => 0.05 * s.primes,
                _ => (up + 2.0 * inner) * s.raised() + down * 2.0 * s.extended(),
            }
        };
        let mut points = Vec::new();
        for (level, digits) in [(4, 1.0), (14, 3.0), (28, 6.0)] {
            let shape = Shape {
                primes: (level + 1) as f64,
                special: 5.0,
                digits,
            };
            points.extend(OPERATIONS.map(|operation| Point {
                operation,
                level,
                shape,
                measure_ms: of(operation, shape),
            }));
        }
        Fit::new(&points).unwrap()
    }

    /// The costed design has 5,782 ms for 15 levels under the same figures, six digits and keys of 264 MB at the top.
    #[test]
    fn it_is_the_costed_design() {
        let fit = fit();
        let (ms, shorter) = (estimate_ms(&fit, 15), estimate_ms(&fit, 12));
        assert!((ms / 5782.0 - 1.0).abs() < 0.001, "{ms}");
        assert!(shorter < 0.92 * ms && shorter > 0.7 * ms, "{shorter} {ms}");
        assert!((log_qp(15) - 1738.9).abs() < 0.01, "{}", log_qp(15));
        assert!(
            (estimate_key_mb(15) / 264.2 - 1.0).abs() < 0.001,
            "{}",
            estimate_key_mb(15)
        );
    }
}
