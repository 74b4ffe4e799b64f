//! The noise that the samples with the least margins stand: the greatest of some levels at which all of them keep their class,
//! and how much more than what certificates prove of each activation.

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
/// What is tried beside what certificates prove, from 2^-16 B to 2^-28 B at every activation.
const BESIDE: std::ops::RangeInclusive<u32> = 16..=28;

/// Levels of noise, of every activation of a network.
pub struct Levels {
    /// Each activation's B in its own unit: 1 for a composite, whose unit is B, and for what the network has of its own.
    units: Vec<Rational>,
    /// k of 2^-k B everywhere.
    bits: std::ops::Range<u32>,
    /// What certificates prove of each activation, in units of B; levels of 2^-k B more are tried.
    proved: Option<Vec<Rational>>,
}

impl Levels {
    /// Those of a plan's rows, in a network of so many activations; with what is proved of each row, if anything.
    pub fn of_rows(rows: &[Row], activations: usize, proved: Option<&[Rational]>) -> Self {
        let mut units = vec![Rational::from(1); activations];
        for row in rows.iter().filter(|r| !r.design.block.product) {
            units[row.layer.activation].clone_from(&row.layer.b);
        }
        let proved = proved.map(|proved| {
            let mut each = vec![Rational::new(); activations];
            for (row, bound) in rows.iter().zip(proved) {
                each[row.layer.activation].clone_from(bound);
            }
            each
        });
        // As far as noise of more than 1 in an activation's own unit is not among them.
        let most = units.iter().map(|b| b.to_f64().log2().ceil());
        let first = FIRST.max(most.fold(0.0, f64::max) as u32);
        Self {
            units,
            bits: first..first + LEVELS,
            proved,
        }
    }

    /// Those of one composite everywhere.
    pub fn of_one(activations: usize, proved: Option<&Rational>) -> Self {
        Self {
            units: vec![Rational::from(1); activations],
            bits: FIRST..FIRST + LEVELS,
            proved: proved.map(|bound| vec![bound.clone(); activations]),
        }
    }

    /// In each activation's own unit.
    pub fn noise(&self) -> NoiseLevels {
        let units = &self.units;
        let level = |bits: u32, proved: Option<&[Rational]>| {
            let w = Rational::from(1) >> bits;
            let each = units.iter().enumerate().map(|(k, unit)| {
                let amount = match proved {
                    Some(proved) => Rational::from(&w + &proved[k]),
                    None => w.clone(),
                };
                amount * unit
            });
            Amount(each.collect())
        };
        let proved = self.proved.as_deref();
        let everywhere = self.bits.clone().map(|bits| level(bits, None));
        let beside = proved.map(|proved| BESIDE.map(move |bits| level(bits, Some(proved))));
        NoiseLevels {
            worst: everywhere.chain(beside.into_iter().flatten()).collect(),
            ..NoiseLevels::default()
        }
    }
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

/// Audits the samples under all levels at once.
///
/// **Guarantee** at `bits` every class is proved to stay under any noise of at most 2^-bits B at every activation; at
/// `beside_bits` under any noise of at most what is proved of each activation and 2^-bits B more.
///
/// # Errors
/// What the audit refuses.
pub fn stood(
    request: &audit::Request,
    levels: &Levels,
    progress: &(dyn Fn(audit::Progress) + Sync),
) -> Result<Stood> {
    let answer = audit(request, progress)?;
    let mut certified = answer.summary.levels.iter().map(|l| l.certified);
    let kept: Vec<(u32, usize)> = levels.bits.clone().zip(certified.by_ref()).collect();
    let kept_beside: Vec<(u32, usize)> = BESIDE.zip(certified).collect();
    let samples = request.only.clone().unwrap_or_default();
    let first = |kept: &[(u32, usize)]| {
        let all = kept.iter().find(|(_, n)| *n == samples.len());
        all.map(|(bits, _)| *bits)
    };
    Ok(Stood {
        bits: first(&kept),
        beside_bits: first(&kept_beside),
        samples,
        kept,
        kept_beside,
    })
}
