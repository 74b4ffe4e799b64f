//! Ranges: what is said of every activation's inputs on trial, or chosen from samples and tried on others.

use crate::arith::number::{self, f64_above, f64_below};
use crate::error::{Error, Result};
use crate::files::{refuse_overwriting, write_atomically};
use crate::jobs::network::inputs::{InputFile, Inputs};
use crate::jobs::network::model::Model;
use crate::jobs::network::preparation;
use crate::jobs::network::suggest::chosen;
use crate::jobs::network::twin::Polynomials;
use crate::network::audit::clopper_pearson::LEAST_RISK;
use crate::network::audit::ended::Ended;
use crate::network::boxes::{self, stages};
use crate::network::forward::compare::Precision;
use crate::network::forward::twin::Activation;
use crate::network::forward::Prepared;
use crate::network::model::graph::{Network, NodeId};
use crate::network::ranges::judge::{Judgement, Witness};
use crate::network::ranges::response::bound_log2_response;
use crate::network::ranges::sample::{try_sample, Trial};
use crate::network::ranges::summary::{Layer, Summary};
use crate::network::read::load::Loaded;
use crate::network::read::ranges::{self, Extent, Form, Span};
use crate::poly::role::Role;
use crate::poly::table::Table;
use rayon::prelude::*;
use rug::Rational;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A network, samples, and what is said of its ranges.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The file of samples.
    pub input: InputFile,
    /// Where the ranges come from.
    pub source: Source,
    /// Tables, without B, in place of the activations, each used as far as its layer's range says: what the deployed
    /// program then does.
    pub twin: Option<Polynomials>,
    /// First sample, from 0.
    pub from: usize,
    /// Number of samples; all that follow if none.
    pub count: Option<usize>,
    /// 1 - confidence of the Clopper-Pearson intervals.
    pub risk: f64,
    /// Most bits of the evaluations.
    pub most_bits: u32,
    /// A box of inputs, [lo, hi] in each, on which the ranges are to be proved.
    pub boxed: Option<(Rational, Rational)>,
}

/// Where the ranges come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file, and the samples that a margin is fitted on.
    File {
        /// The file.
        file: PathBuf,
        /// The samples.
        fit: Option<PathBuf>,
    },
    /// The first samples, times a margin; the trial is on the others.
    Chosen(Choice),
}

/// How ranges are chosen.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What the greatest |input| is multiplied with.
    pub margin: Rational,
    /// So many samples choose; half of them if none.
    pub samples: Option<usize>,
    /// A range for each channel.
    pub channels: bool,
    /// File to write (polycert-ranges/1).
    pub output: PathBuf,
}

/// What was proved.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The network.
    pub loaded: Loaded,
    /// SHA-256 of the file of samples.
    pub input_sha256: String,
    /// How its numbers became inputs, what was assumed and what looks forgotten: to be said with every answer.
    pub input_said: Vec<String>,
    /// SHA-256 of the file of ranges, where there is one.
    pub ranges_sha256: Option<String>,
    /// What was assumed, and is to be said with every answer.
    pub said: Vec<String>,
    /// The range of each activation.
    pub stated: Vec<Extent>,
    /// The network's own inputs of its activations.
    pub network: Summary,
    /// The twin's, and what it answers.
    pub twin: Option<Deployed>,
    /// What was proved over a box.
    pub boxed: Option<Vec<OverBox>>,
}

/// The polynomials in the activations' place.
#[derive(Debug, Clone, Serialize)]
pub struct Deployed {
    /// SHA-256 of each table.
    pub table_sha256: Vec<String>,
    /// The twin's inputs of its activations.
    pub ranges: Summary,
    /// Samples on which network and twin are proved to answer one class.
    pub same: usize,
    /// Samples on which they are proved to answer two.
    pub different: usize,
    /// All others.
    pub undecided: usize,
    /// What became of the samples that leave a range.
    pub after: Vec<After>,
}

/// What became of one sample that leaves a range of the twin.
#[derive(Debug, Clone, Serialize)]
pub struct After {
    /// The sample.
    pub sample: usize,
    /// The first activation whose range it leaves.
    pub activation: usize,
    /// Its neuron that is furthest outside.
    pub witness: Witness,
    /// Lower bound of log2 of the size of the polynomial's answer there, where it is known not to be 0.
    pub bound_log2_response: Option<f64>,
    /// Lower bounds of the greatest |input| of it and of the activations behind it, as far as the evaluation went.
    pub bound_reach_behind: Vec<f64>,
    /// The class of the network, where it is proved.
    pub network_class: Option<usize>,
    /// The class of the twin, where it is proved.
    pub twin_class: Option<usize>,
    /// Why the evaluation ended early, if it did.
    pub ended: Option<String>,
}

/// One activation over a box of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OverBox {
    /// Lower bound of its inputs over the box.
    pub bound_lo: f64,
    /// Upper bound.
    pub bound_hi: f64,
    /// Whether its range is proved to hold for every input in the box.
    pub holds: bool,
}

impl Answer {
    /// Whether every range is proved to hold wherever it was tried.
    pub fn holds(&self) -> bool {
        let all = |s: &Summary| s.all_hold == s.samples;
        let boxed = self.boxed.iter().flatten();
        all(&self.network)
            && self
                .twin
                .as_ref()
                .is_none_or(|t| all(&t.ranges) && t.same == self.network.samples)
            && boxed.into_iter().all(|b| b.holds)
    }
}

/// Puts the ranges of a network's activations on trial.
///
/// **Guarantee** HOLDS and VIOLATED are proved of the exact network on the exact samples, the box of every input in it;
/// shares suppose that samples are independent and did not choose the ranges.
///
/// # Errors
/// Files that cannot be read or do not fit together.
pub fn ranges(request: &Request, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Answer> {
    if !(request.risk >= LEAST_RISK && request.risk < 1.0) {
        let risk = request.risk;
        return Err(Error::domain(format!(
            "--risk is from {LEAST_RISK:e} to 1, not {risk}"
        )));
    }
    refuse_losses(request)?;
    let loaded = request.model.load()?;
    let network = &loaded.network;
    let inputs = request.input.load(&loaded)?;
    let mut samples = inputs.numbers(request.from, request.count)?;
    let prepared = Prepared::new(network).map_err(|e| e.in_file(&request.model.network))?;
    let activations = network.activations().len();
    if activations == 0 {
        return Err(Error::domain("the network has no activation").in_file(&request.model.network));
    }
    let run = Run {
        prepared: &prepared,
        most_bits: request.most_bits,
        progress,
    };
    let (mut said, mut ranges_sha256) = (Vec::new(), None);
    let stated = match &request.source {
        Source::File { file, fit } => {
            let read = ranges::read(file)?;
            ranges_sha256 = Some(read.sha256);
            said.extend(read.said);
            let reach = match (&read.form, fit) {
                (Form::Margin(_), Some(fit)) => {
                    let mut of = request.input.clone();
                    of.file.clone_from(fit);
                    let fitted = of.load(&loaded)?;
                    let all: Vec<usize> = (0..fitted.samples.len()).collect();
                    let seen = run.observe(&fitted, &all)?;
                    Some(reaches(&seen))
                }
                (_, Some(_)) => {
                    return Err(Error::domain(
                        "--fit: the ranges are stated by the file, nothing is fitted",
                    ))
                }
                _ => None,
            };
            let bound = read.form.bind(network, reach.as_deref());
            bound.map_err(|e| e.in_file(file))?
        }
        Source::Chosen(choice) => {
            let first = choice.samples.unwrap_or(samples.len() / 2);
            if first == 0 || first >= samples.len() {
                return Err(Error::domain(format!(
                    "--suggest takes {first} of {} samples to choose from: it needs one at least, and one more to try them on",
                    samples.len()
                )));
            }
            let tried = samples.split_off(first);
            let seen = run.observe(&inputs, &samples)?;
            said.push(format!(
                "ranges chosen on {first} samples, tried on the {} others",
                tried.len()
            ));
            samples = tried;
            chosen(&seen, network, &choice.margin, choice.channels)?
        }
    };
    let trials = run.all(&inputs, &samples, &stated, None)?;
    let summary = Summary::new(&trials, activations);
    let twin = match &request.twin {
        None => None,
        Some(polynomials) => Some(deployed(polynomials, &loaded, &stated, &trials, |twin| {
            run.all(&inputs, &samples, &stated, Some(twin))
        })?),
    };
    let boxed = match &request.boxed {
        None => None,
        Some(sides) => {
            Some(over_box(network, sides, &stated).map_err(|e| e.in_file(&request.model.network))?)
        }
    };
    let input_said = preparation::said(&inputs, network, samples.iter().copied())?;
    let answer = Answer {
        input_said,
        input_sha256: inputs.sha256.clone(),
        ranges_sha256,
        said,
        stated,
        network: summary,
        twin,
        boxed,
        loaded,
    };
    if let Source::Chosen(choice) = &request.source {
        write(choice, &answer, samples.len(), request.risk)?;
    }
    Ok(answer)
}

/// What evaluations share.
struct Run<'a> {
    prepared: &'a Prepared<'a>,
    most_bits: u32,
    progress: &'a (dyn Fn(usize, usize) + Sync),
}

impl Run<'_> {
    /// The trials of samples, in their order.
    fn all(
        &self,
        inputs: &Inputs,
        samples: &[usize],
        stated: &[Extent],
        twin: Option<&[Activation]>,
    ) -> Result<Vec<(usize, Trial)>> {
        let done = AtomicUsize::new(0);
        let precision = Precision::BY_NEED.up_to(self.most_bits);
        let one = |&sample: &usize| -> Result<(usize, Trial)> {
            let x = inputs.point(sample)?;
            let trial = try_sample(self.prepared, stated, twin, x.given(), precision)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.progress)(done, samples.len());
            Ok((sample, trial))
        };
        let ended = Ended::default();
        let all = samples.par_iter();
        all.filter_map(|sample| ended.unless(|| one(sample)))
            .collect()
    }

    /// What the network's activations see on samples.
    fn observe(&self, inputs: &Inputs, samples: &[usize]) -> Result<Summary> {
        let network = self.prepared.network();
        let wide = Span::symmetric(Rational::from(1) << 1_000)?;
        let free = vec![Extent::All(wide); network.activations().len()];
        let trials = self.all(inputs, samples, &free, None)?;
        Ok(Summary::new(&trials, free.len()))
    }
}

/// The greatest |input| of each activation: what is surely reached, so that a number that is whole is not rounded up by its own
/// enclosure.
fn reaches(seen: &Summary) -> Vec<Rational> {
    let reach = |l: &Layer| Rational::from_f64(l.bound_least_reach).unwrap_or_default();
    seen.layers.iter().map(reach).collect()
}

/// The polynomials used on the stated ranges.
fn deployed(
    polynomials: &Polynomials,
    loaded: &Loaded,
    stated: &[Extent],
    network: &[(usize, Trial)],
    run: impl FnOnce(&[Activation]) -> Result<Vec<(usize, Trial)>>,
) -> Result<Deployed> {
    for path in &polynomials.tables {
        if Table::read(path)?.role() != Role::Sign {
            let detail = "--table takes tables made of sign, which a range scales: a table that is the function itself has its \
                          own domain, and `network evaluate` asks whether it is left";
            return Err(Error::domain(detail).in_file(path));
        }
    }
    let nodes = &loaded.network.nodes;
    let replaced = |(id, _): &(NodeId, &Extent)| nodes[*id].op.is_replaced();
    let activations = loaded.network.activations().into_iter().zip(stated);
    let scales = activations.filter(replaced).map(|(_, e)| e.reach());
    let scales: Vec<Rational> = scales.collect();
    let twin = polynomials.scaled(scales).load(&loaded.network)?;
    let trials = run(&twin.activations)?;
    let (mut same, mut different) = (0, 0);
    let mut after = Vec::new();
    for ((sample, theirs), (_, ours)) in network.iter().zip(&trials) {
        match (theirs.class, ours.class) {
            (Some(a), Some(b)) if a == b => same += 1,
            (Some(_), Some(_)) => different += 1,
            _ => {}
        }
        let mut violated = ours.seen.iter().enumerate();
        let first = violated.find_map(|(k, s)| match s.judgement {
            Judgement::Violated(witness) => Some((k, witness)),
            _ => None,
        });
        if let Some((first, witness)) = first {
            let behind = ours.seen.iter().skip(first);
            let polynomial = &twin.activations[first];
            after.push(After {
                sample: *sample,
                activation: first,
                witness,
                bound_log2_response: bound_log2_response(
                    polynomial,
                    witness.bound_lo,
                    witness.bound_hi,
                ),
                bound_reach_behind: behind.map(|s| s.bound_least_reach).collect(),
                network_class: theirs.class,
                twin_class: ours.class,
                ended: ours.ended.clone(),
            });
        }
    }
    Ok(Deployed {
        table_sha256: twin.digests,
        ranges: Summary::new(&trials, stated.len()),
        same,
        different,
        undecided: network.len() - same - different,
        after,
    })
}

/// The ranges over a box of inputs.
fn over_box(
    network: &Network,
    (lo, hi): &(Rational, Rational),
    stated: &[Extent],
) -> Result<Vec<OverBox>> {
    if lo > hi {
        return Err(Error::domain(format!("the box [{lo}, {hi}] is empty")));
    }
    let (stages, places) = stages::placed(network)?;
    let sides = vec![(f64_below(lo), f64_above(hi)); stages[0].size];
    let all = boxes::analyse(&stages, &sides, |_, _, _, _| Ok(None))?;
    let layers = network.activations().into_iter().zip(&places).zip(stated);
    Ok(layers
        .map(|((node, places), extent)| {
            let shape = network.nodes[node].shape;
            // Those of all matches of a max-pooling.
            let bounds = places.iter().map(|&s| &all[s].bound_relu);
            let ends = bounds.flat_map(|b| b.iter().copied().enumerate());
            let none = (f64::INFINITY, f64::NEG_INFINITY);
            let hull = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
            let (bound_lo, bound_hi) = ends.clone().map(|(_, b)| b).fold(none, hull);
            let inside = |(i, (lo, hi)): (usize, (f64, f64))| {
                let span = extent.of(i / shape.pixels());
                f64_above(&span.lo) <= lo && hi <= f64_below(&span.hi)
            };
            OverBox {
                bound_lo,
                bound_hi,
                // An activation behind the output has no stage.
                holds: !places.is_empty() && ends.clone().all(inside),
            }
        })
        .collect())
}

fn write(choice: &Choice, answer: &Answer, tried: usize, risk: f64) -> Result<()> {
    let network = &answer.loaded.network;
    let names = network.activations().into_iter();
    let names = names.map(|n| network.nodes[n].name.clone());
    let layers: Vec<(String, Extent)> = names.zip(answer.stated.iter().cloned()).collect();
    let share = answer.network.bound_share(risk);
    let made = serde_json::json!({
        "margin": number::write(&choice.margin),
        "network_sha256": answer.loaded.sha256,
        "data_sha256": answer.input_sha256,
        "said": answer.said,
        "tried_on": tried,
        "all_hold_on": answer.network.all_hold,
        "bound_share": [share.0, share.1],
        "confidence": 1.0 - risk,
    });
    write_atomically(&choice.output, &ranges::write(&layers, made))
}

/// What is written is not read by this run.
fn refuse_losses(request: &Request) -> Result<()> {
    let Source::Chosen(choice) = &request.source else {
        return Ok(());
    };
    let model = request.model.files();
    let mut inputs: Vec<&Path> = model.iter().map(PathBuf::as_path).collect();
    inputs.push(&request.input.file);
    if let Some(twin) = &request.twin {
        inputs.extend(twin.tables.iter().map(PathBuf::as_path));
    }
    refuse_overwriting([choice.output.as_path()], inputs.iter().copied())
}
