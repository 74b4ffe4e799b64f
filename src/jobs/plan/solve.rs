//! From a request to a choice: everything but what is proved of it.

use crate::error::{Error, Result};
use crate::jobs::network::inputs::Inputs;
use crate::jobs::network::preparation;
use crate::jobs::plan::choose::{Alternatives, Choice, Found};
use crate::jobs::plan::designs::{designs, Design};
use crate::jobs::plan::effects::{Effects, Plain};
use crate::jobs::plan::layers::{layers, slopes, Layer};
use crate::jobs::plan::progress::Progress;
use crate::jobs::plan::request::Request;
use crate::jobs::plan::rows::{Row, Uniform};
use crate::jobs::plan::split::{split, Split};
use crate::jobs::plan::uniform::uniform;
use crate::network::forward::Prepared;
use crate::network::model::graph::NodeId;
use crate::network::model::tournament::expand;
use crate::network::read::load::Loaded;
use crate::plan::flow::{flow, players, prices, rounds};
use crate::plan::levels::{Flow, Kind, Pass, Way};
use crate::plan::profile::Profile;
use crate::plan::ways::{Block, Round};
use rug::Rational;
use std::cell::RefCell;
use std::collections::HashMap;

/// Most effects of designs: 4 bytes each.
const MAX_EFFECTS: usize = 1 << 28;

/// The passes of a block in some rounds.
type Known = HashMap<(Block, Vec<Round>), Vec<Pass>>;

/// What a choice was made from, and the choice.
#[derive(Debug, Clone)]
pub struct Solved {
    /// The network.
    pub loaded: Loaded,
    /// The samples.
    pub inputs: Inputs,
    /// What is to be said of them.
    pub input_said: Vec<String>,
    /// Which choose and which state.
    pub split: Split,
    /// What operations cost.
    pub profile: Profile,
    /// The greatest level that is allowed.
    pub top: usize,
    /// The activations.
    pub layers: Vec<Layer>,
    /// For each layer its designs.
    pub designs: Vec<Vec<Design>>,
    /// The graph; its ways are the layers' designs.
    pub flow: Flow,
    /// The choice; none where nothing that was tried does what is wanted.
    pub found: Option<Found>,
    /// What single layers would have with each design, the others as they are: milliseconds, where levels suffice, and the
    /// greatest share of a margin that is lost to first order. By layer and design; empty where there is no plan. *Estimates*.
    pub estimate_alternatives: Alternatives,
    /// One composite everywhere, the cheapest that does what is wanted.
    pub uniform: Option<Uniform>,
    /// Whether levels suffice, with whatever designs.
    pub fits: bool,
    /// On how many of the samples that choose the most precise designs keep what is wanted. *Estimate*.
    pub estimate_most_kept: usize,
}

/// Chooses.
///
/// # Errors
/// What [`super::plan`] refuses.
pub fn solve(request: &Request, progress: &(dyn Fn(Progress) + Sync)) -> Result<Solved> {
    let named = |e: Error| e.in_file(&request.model.network);
    let profile = Profile::of(&request.profile)?;
    let loaded = request.model.load()?;
    let top = request.levels.unwrap_or(profile.usable_levels);
    if top == 0 || top > profile.usable_levels {
        return Err(Error::domain(format!(
            "--levels {top}: the profile {} has 1 to {}",
            profile.name, profile.usable_levels
        )));
    }
    let inputs = request.input.load(&loaded)?;
    let split = split(&inputs, request)?;
    let input_said = preparation::said(&inputs, &loaded.network, split.selected.iter().copied())?;
    let expanded = expand(&loaded.network).map_err(named)?;
    let network = Prepared::new(&loaded.network).map_err(named)?;
    let told = |step: &'static str| move |done, of| progress(Progress::Samples { step, done, of });
    let seen = told("ranges");
    let layers =
        layers(&network, &inputs, &split.selected, &request.margin, &seen).map_err(named)?;
    let mut by_slope = Vec::new();
    for slope in slopes(&loaded.network) {
        let exact = Rational::from_f64(slope).filter(|s| *s != 0);
        let step = &mut |step: &str| progress(Progress::Step(step.to_owned()));
        by_slope.push((slope, designs(request, exact.as_ref(), step)?));
    }
    let of = |layer: &Layer| {
        let found = by_slope.iter().find(|(s, _)| *s == layer.slope);
        found.map_or(&[][..], |(_, d)| d.as_slice())
    };
    let designs: Vec<&[Design]> = layers.iter().map(of).collect();
    let sample =
        |&s: &usize| -> Result<Vec<f64>> { Ok(inputs.sample(s)?.balls().map(|b| b.hi).collect()) };
    let choosing: Vec<Vec<f64>> = split.selected.iter().map(sample).collect::<Result<_>>()?;
    let prepared = Prepared::new(&expanded.network).map_err(named)?;
    let plain = Plain::new(&prepared, &expanded, &layers);
    let most: usize = designs.iter().map(|d| d.len()).sum();
    let classes = loaded.network.output_shape().len();
    let numbers = most.saturating_mul(classes).saturating_mul(choosing.len());
    if numbers > MAX_EFFECTS {
        return Err(Error::unsupported(format!(
            "{numbers} effects of designs on {} samples; the limit is {MAX_EFFECTS}: lower --select",
            choosing.len()
        )));
    }
    let effects = Effects::estimate(
        &plain,
        &choosing,
        &layers,
        &designs,
        request.goal,
        &told("effects of designs"),
    );
    let prices = prices(&profile, top)?;
    // Layers of one size have the same ways.
    let known: RefCell<Known> = RefCell::default();
    let ways = |k: usize, node: NodeId| -> Vec<Way> {
        let rounds = rounds(&loaded.network, node, profile.slots());
        let way = |design: &Design| {
            let mut known = known.borrow_mut();
            let passes = known
                .entry((design.block.clone(), rounds.clone()))
                .or_insert_with(|| design.block.passes(&rounds, top, &prices));
            let players = players(&loaded.network, node);
            Way {
                weight: 0,
                levels: design.block.cost().of_tournament(players).depth,
                passes: passes.clone(),
            }
        };
        designs[k].iter().map(way).collect()
    };
    let asked = (top, &prices, request.objective);
    let flow = flow(&loaded.network, &profile, asked, &ways).map_err(named)?;
    let choice = Choice {
        plain: &plain,
        inputs: &choosing,
        layers: &layers,
        designs: &designs,
        effects: &effects,
        flow: &flow,
        goal: request.goal,
    };
    let found = choice.choose(&mut |tried, ms| progress(Progress::Tried(tried, ms)))?;
    // The most precise design is the last one.
    let finest: Vec<usize> = designs.iter().map(|d| d.len() - 1).collect();
    let estimate_most_kept = match &found {
        Some(found) => found.estimate_kept,
        None => choice.estimate_kept(&finest),
    };
    let fits = choice.fits()?;
    let uniform = uniform(&choice, &loaded.network, request.compare)?;
    let estimate_alternatives = match &found {
        Some(found) => choice.alternatives(found)?,
        None => Vec::new(),
    };
    let designs = designs.iter().map(|d| d.to_vec()).collect();
    Ok(Solved {
        input_said,
        split,
        profile,
        top,
        designs,
        found,
        uniform,
        estimate_alternatives,
        fits,
        estimate_most_kept,
        flow,
        layers,
        inputs,
        loaded,
    })
}

impl Solved {
    /// A line for each layer; its files are not written yet.
    pub fn rows(&self, found: &Found) -> Vec<Row> {
        let row = |(l, layer): (usize, &Layer)| {
            let done = &found.plan.steps[layer.node];
            let inside = match (&self.flow.steps[layer.node].kind, done.way) {
                (Kind::Choice(ways), Some((w, p))) => ways[w].passes[p].inside.clone(),
                _ => Vec::new(),
            };
            Row {
                layer: layer.clone(),
                design: self.designs[l][found.designs[l]].clone(),
                players: players(&self.loaded.network, layer.node),
                levels: (done.enter, done.leave),
                inside,
                refreshed: done.refreshed,
                bound_error: Rational::new(),
                table: String::new(),
                table_sha256: String::new(),
                certificate: String::new(),
            }
        };
        self.layers.iter().enumerate().map(row).collect()
    }
}
