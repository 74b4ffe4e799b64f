//! The polynomials that stand in for a network's ReLUs, each for its neuron's own range.

use crate::approx::known::kink::relu_coefficients;
use crate::arith::number::f64_above;
use crate::certify::neuron::kink::Neuron;
use crate::certify::proof::prove;
use crate::certify::request::Request;
use crate::error::{Error, Result};
use crate::function::target::{Function, Target};
use crate::network::boxes::{analyse_with, Bounds, Options, Replacement, StageBounds};
use crate::network::boxes::{attack, stages};
use crate::poly::composite::{horner, Composite};
use crate::poly::table::Table;
use rug::{Float, Rational};
use std::collections::HashMap;
use std::path::Path;

/// The polynomials of one run.
pub(super) enum Kind {
    Degree(usize),
    Composite {
        name: String,
        sha256: String,
        composite: Composite,
        bound_error: f64,
    },
}

/// The polynomial of each neuron (stage, neuron) that has one.
pub(super) type Polynomials = HashMap<(usize, usize), Chosen>;

/// The polynomial that one neuron got.
pub(super) enum Chosen {
    Neuron(Neuron),
    Scale(f64),
}

pub(super) fn composite(path: &Path) -> Result<Kind> {
    let named = |e: Error| e.in_file(path);
    let table = Table::read(path)?;
    table.must_be_sign("a box").map_err(named)?;
    let mut request = Request::new(Target::new(Function::Relu));
    request.only_error = true;
    let proof = prove(&table, &request).map_err(named)?;
    let composite = Composite::new(&table, request.coefficients).map_err(named)?;
    Ok(Kind::Composite {
        name: table.name.clone(),
        sha256: table.sha256(),
        composite,
        bound_error: f64_above(&proof.bound_hi),
    })
}

impl Kind {
    pub(super) fn degree(&self) -> Option<usize> {
        match self {
            Self::Degree(d) => Some(*d),
            Self::Composite { .. } => None,
        }
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Degree(d) => format!("degree {d}"),
            Self::Composite { name, sha256, .. } => format!("{name} ({})", &sha256[..8]),
        }
    }

    /// Analyses the twin whose polynomials are made for the ranges over this box.
    pub(super) fn replace(
        &self,
        stages: &[stages::Stage],
        sides: &[Bounds],
        options: &Options,
    ) -> Result<(Vec<StageBounds>, Polynomials)> {
        let mut chosen = Polynomials::new();
        let found = analyse_with(stages, sides, options, |k, i, lo, hi| {
            if lo >= 0.0 || hi <= 0.0 {
                return Ok(None);
            }
            let (polynomial, replacement) = self.choose(lo, hi)?;
            chosen.insert((k, i), polynomial);
            Ok(Some(replacement))
        })?;
        Ok((found, chosen))
    }

    /// Analyses a given twin over a part of the box that its polynomials were made for: there its
    /// pre-activations stay in the polynomials' ranges, whatever this analysis proves of them.
    pub(super) fn keep(
        &self,
        stages: &[stages::Stage],
        sides: &[Bounds],
        chosen: &Polynomials,
        options: &Options,
    ) -> Result<Vec<StageBounds>> {
        analyse_with(stages, sides, options, |k, i, lo, hi| {
            Ok(match (self, chosen.get(&(k, i))) {
                (_, None) => None,
                (_, Some(Chosen::Neuron(neuron))) => {
                    let part = neuron.part(lo, hi)?;
                    Some(Replacement {
                        bound_apart: part.bound_apart,
                        bound_tilted: Some(part.bound_tilted),
                    })
                }
                (Self::Composite { bound_error, .. }, Some(Chosen::Scale(scale))) => {
                    Some(Replacement::within((bound_error * scale).next_up()))
                }
                (Self::Degree(_), Some(Chosen::Scale(_))) => {
                    return Err(Error::domain("a neuron without its polynomial"))
                }
            })
        })
    }

    fn choose(&self, lo: f64, hi: f64) -> Result<(Chosen, Replacement)> {
        match self {
            Self::Degree(d) => {
                let neuron = Neuron::new(lo, hi, |kink| relu_coefficients(*d, kink))?;
                let replacement = Replacement {
                    bound_tilted: Some(neuron.bound_tilted),
                    ..Replacement::within(neuron.bound_error)
                };
                Ok((Chosen::Neuron(neuron), replacement))
            }
            Self::Composite { bound_error, .. } => {
                let scale = hi.max(-lo);
                let replacement = Replacement::within((bound_error * scale).next_up());
                Ok((Chosen::Scale(scale), replacement))
            }
        }
    }

    /// The twin's value in f64: an estimate.
    fn estimate(&self, chosen: Option<&Chosen>, z: f64) -> f64 {
        match (self, chosen) {
            (_, None) => z.max(0.0),
            (_, Some(Chosen::Neuron(p))) => {
                let t = z / p.range.half + p.range.kink;
                let (mut b1, mut b2) = (0.0, 0.0);
                for c in p.coefficients.iter().skip(1).rev() {
                    (b1, b2) = (2.0 * t * b1 - b2 + c, b1);
                }
                p.range.half * (p.coefficients[0] + t * b1 - b2)
            }
            (Self::Composite { composite, .. }, Some(Chosen::Scale(b))) => {
                let side = usize::from(z < 0.0 && composite.branches.len() > 1);
                let mut y = Rational::from_f64((z / b).abs()).unwrap_or_default();
                for stage in &composite.branches[side].stages {
                    // Exact steps, shortened between stages: the power basis loses too much in f64.
                    let value = Float::with_val(96, horner(stage, &y));
                    y = value.to_rational().unwrap_or_default();
                }
                (z + z.abs() * y.to_f64()) / 2.0
            }
            (Self::Degree(_), Some(Chosen::Scale(_))) => z.max(0.0),
        }
    }
}

/// The greatest output difference found, and the largest share of a proved range that is reached.
pub(super) fn attack(
    starts: usize,
    stages: &[stages::Stage],
    sides: &[Bounds],
    kind: &Kind,
    chosen: &Polynomials,
    found: &[StageBounds],
) -> (f64, f64) {
    let twin = |k: usize, i: usize, z: f64| kind.estimate(chosen.get(&(k, i)), z);
    let mut share = 0.0f64;
    for (k, s) in found.iter().enumerate().skip(1) {
        // The neuron of the widest proved range.
        let size = |b: &Bounds| b.0.abs().max(b.1.abs());
        let widest = (0..s.bound_twin.len())
            .max_by(|&i, &j| size(&s.bound_twin[i]).total_cmp(&size(&s.bound_twin[j])));
        if let Some(i) = widest {
            let (lo, hi) = s.bound_twin[i];
            for (sign, end) in [(1.0, hi), (-1.0, -lo)] {
                if end > 0.0 {
                    share = share
                        .max(attack::greatest(stages, sides, &twin, (k, i), sign, starts) / end);
                }
            }
        }
    }
    (attack::difference(stages, sides, &twin, 4 * starts), share)
}
