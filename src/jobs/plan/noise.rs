//! The noise that the samples with the least margins stand: the greatest of some levels at which all of them keep their class.

use crate::error::Result;
use crate::jobs::network::audit::{self, audit};
use crate::jobs::network::{Amount, NoiseLevels};
use crate::jobs::plan::rows::{Row, Stood};
use crate::network::audit::Record;
use rug::Rational;

/// The greatest level that is tried, 2^-16 B at every activation.
const FIRST: u32 = 16;
/// Levels that are tried, each half the one before.
const LEVELS: u32 = 11;

/// The levels: as far as noise of more than 1 in an activation's own unit is not among them.
fn bits(rows: &[Row]) -> std::ops::Range<u32> {
    let direct = rows.iter().filter(|r| !r.design.block.product);
    let most = direct
        .map(|r| r.layer.b.to_f64().log2().ceil())
        .fold(0.0, f64::max);
    let first = FIRST.max(most as u32);
    first..first + LEVELS
}

/// The samples whose class stays with the least proved margins of the twin.
pub fn least_margins(records: &[Record], most: usize) -> Vec<usize> {
    let same = records.iter().filter(|r| r.verdict == "same");
    let mut all: Vec<(f64, usize)> = same
        .filter_map(|r| Some((r.bound_twin_margin?, r.sample)))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.truncate(most);
    let mut samples: Vec<usize> = all.into_iter().map(|(_, s)| s).collect();
    samples.sort_unstable();
    samples
}

/// The levels in each activation's own unit: B for a composite, 1 for a table that is the function itself and for what the
/// network has of its own.
pub fn levels(rows: &[Row], activations: usize) -> NoiseLevels {
    let level = |bits: u32| {
        let w = Rational::from(1) >> bits;
        let mut each = vec![w.clone(); activations];
        for row in rows.iter().filter(|r| !r.design.block.product) {
            each[row.layer.activation] = Rational::from(&w * &row.layer.b);
        }
        Amount(each)
    };
    NoiseLevels {
        worst: bits(rows).map(level).collect(),
        ..NoiseLevels::default()
    }
}

/// Audits the samples under all levels at once.
///
/// **Guarantee** at `bits` every class is proved to stay under any noise of at most 2^-bits B at every activation.
///
/// # Errors
/// What the audit refuses.
pub fn stood(
    request: &audit::Request,
    rows: &[Row],
    progress: &(dyn Fn(audit::Progress) + Sync),
) -> Result<Stood> {
    let answer = audit(request, progress)?;
    let levels = answer.summary.levels.iter().map(|l| l.certified);
    let kept: Vec<(u32, usize)> = bits(rows).zip(levels).collect();
    let samples = request.only.clone().unwrap_or_default();
    let all = kept.iter().find(|(_, n)| *n == samples.len());
    Ok(Stood {
        bits: all.map(|(bits, _)| *bits),
        samples,
        kept,
    })
}
