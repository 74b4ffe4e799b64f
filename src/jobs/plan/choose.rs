//! The choice: which design at each layer, at what levels, with what bootstraps.
//!
//! # Method
//! 1. The programme of [`crate::plan::levels`] with a budget for the sum of squares of what each layer's design takes of the
//!    margins (the worst sample's; as many worst ones left out as the goal allows). The greatest budget at which the
//!    whole twin still does what is wanted, in plain f64, by bisection.
//! 2. From there single layers get a design with which the plan is better while the whole twin still does what is wanted.
//!
//! Better is cheaper, or of fewer levels and then cheaper, as the request has it.
//!
//! *Estimates*: that the plan is the best, and that it does what is wanted. What it does is proved on other samples.

use crate::error::Result;
use crate::jobs::plan::designs::Design;
use crate::jobs::plan::effects::{class, Chosen, Effects, Plain};
use crate::jobs::plan::layers::Layer;
use crate::jobs::plan::request::Goal;
use crate::plan::levels::{Flow, Kind, Plan, Step, Way};
use rayon::prelude::*;

/// Steps of the budget.
const STEPS: usize = 48;
/// Bisections of the budget.
const HALVINGS: usize = 9;
/// Tries of a cheaper design at one layer.
const TRIES: usize = 32;

/// What a choice is made from.
pub struct Choice<'a> {
    /// The network without max-pooling.
    pub plain: &'a Plain<'a>,
    /// The samples that choose.
    pub inputs: &'a [Vec<f64>],
    /// The layers.
    pub layers: &'a [Layer],
    /// For each layer its designs.
    pub designs: &'a [&'a [Design]],
    /// What designs do.
    pub effects: &'a Effects,
    /// The graph; its ways are the layers' designs in order, without weights.
    pub flow: &'a Flow,
    /// What is wanted.
    pub goal: Goal,
}

/// By layer and design: milliseconds, where levels suffice, and the greatest share of a margin that is lost. *Estimates*.
pub type Alternatives = Vec<Vec<(Option<f64>, f64)>>;

/// A better plan: its levels if they count and its price, its designs, itself, and the layer with the design that is another one.
type Better = ((usize, f64), Vec<usize>, Plan, (usize, usize));

/// What was chosen.
#[derive(Debug, Clone)]
pub struct Found {
    /// For each layer its design.
    pub designs: Vec<usize>,
    /// Levels and bootstraps.
    pub plan: Plan,
    /// On how many of the samples that choose the twin does what is wanted. *Estimate*.
    pub estimate_kept: usize,
    /// The greatest share of a margin that is lost, by the sum over the layers. *Estimate*.
    pub estimate_loss: f64,
    /// Whole twins that were tried: milliseconds, and on how many of the samples that choose they do what is wanted. *Estimates*.
    pub tried: Vec<(f64, usize)>,
}

impl Choice<'_> {
    /// Samples that the goal lets go.
    fn left_out(&self) -> usize {
        match self.goal {
            Goal::Agreement(share) => {
                let n = self.inputs.len();
                n - ((share * n as f64).ceil() as usize).min(n)
            }
            _ => 0,
        }
    }

    /// On how many samples the whole twin does what is wanted.
    pub fn estimate_kept(&self, designs: &[usize]) -> usize {
        let chosen: Chosen = designs
            .iter()
            .zip(self.layers)
            .enumerate()
            .map(|(l, (&d, layer))| (&self.designs[l][d], layer.b.to_f64()))
            .collect();
        self.estimate_kept_with(&chosen)
    }

    /// The same, with a B for each layer.
    pub fn estimate_kept_with(&self, chosen: &Chosen) -> usize {
        let kept = |s: &usize| {
            let (logits, inside) = self
                .plain
                .estimate_twin(&self.inputs[*s], self.layers, chosen);
            let was = &self.effects.answers[*s];
            let margin = |all: &[f64]| match all {
                [one] => (2 * was.class) as f64 * one - one,
                all => {
                    let others = (0..all.len()).filter(|&j| j != was.class);
                    let apart = others.map(|j| all[was.class] - all[j]);
                    apart.fold(f64::INFINITY, f64::min)
                }
            };
            inside
                && match self.goal {
                    Goal::Agreement(_) => class(&logits) == was.class,
                    Goal::Margin(share) => margin(&logits) >= share * margin(&was.logits),
                    Goal::Logits(most) => {
                        let each = logits.iter().zip(&was.logits);
                        each.fold(true, |all, (a, b)| all && (a - b).abs() <= most)
                    }
                }
        };
        (0..self.inputs.len()).into_par_iter().filter(kept).count()
    }

    /// Whether that is enough.
    pub fn suffices(&self, kept: usize) -> bool {
        kept + self.left_out() >= self.inputs.len()
    }

    /// The best plan in which the squares sum to no more than `most`; none where levels do not suffice, or no design is
    /// precise enough at a layer.
    ///
    /// # Errors
    /// What the programme refuses.
    pub fn within(&self, most: f64) -> Result<Option<(Vec<usize>, Plan)>> {
        let left_out = self.left_out();
        let weight = |l: usize, d: usize| {
            let share = self.effects.estimate_square(l, d, left_out) / most;
            (share * STEPS as f64).ceil().min(1e9) as usize
        };
        self.solve(&|l, d| Some(weight(l, d)).filter(|w| *w <= STEPS), STEPS)
    }

    /// The best plan with these designs.
    ///
    /// # Errors
    /// What the programme refuses.
    pub fn with(&self, designs: &[usize]) -> Result<Option<(Vec<usize>, Plan)>> {
        self.solve(&|l, d| (designs[l] == d).then_some(0), 0)
    }

    /// For each layer and each of its designs, the others as they are found: the price, and what is lost of a margin.
    ///
    /// # Errors
    /// What the programme refuses.
    pub fn alternatives(&self, found: &Found) -> Result<Alternatives> {
        let one = |l: usize, d: usize| {
            let mut designs = found.designs.clone();
            designs[l] = d;
            let price = self.with(&designs)?.map(|(_, plan)| plan.price);
            let loss = self.effects.estimate_loss(&designs, self.left_out()).1;
            Ok((price, loss))
        };
        let layer = |l: usize| (0..self.designs[l].len()).map(|d| one(l, d)).collect();
        (0..self.layers.len()).into_par_iter().map(layer).collect()
    }

    /// Whether levels suffice, whatever that does to the margins.
    ///
    /// # Errors
    /// What the programme refuses.
    pub fn fits(&self) -> Result<bool> {
        Ok(self.solve(&|_, _| Some(0), 0)?.is_some())
    }

    /// The best plan with the designs that have a weight.
    fn solve(
        &self,
        weight: &dyn Fn(usize, usize) -> Option<usize>,
        budget: usize,
    ) -> Result<Option<(Vec<usize>, Plan)>> {
        // For each layer the design of each way that is left.
        let mut of: Vec<Vec<usize>> = vec![Vec::new(); self.layers.len()];
        let mut left = |node: usize, step: &Step| {
            let layer = self.layers.iter().position(|l| l.node == node);
            let (Some(l), Kind::Choice(ways)) = (layer, &step.kind) else {
                return step.clone();
            };
            let kept = ways.iter().enumerate().filter_map(|(d, way)| {
                let weight = weight(l, d)?;
                of[l].push(d);
                Some(Way {
                    weight,
                    ..way.clone()
                })
            });
            Step {
                reads: step.reads.clone(),
                kind: Kind::Choice(kept.collect()),
                refresh: step.refresh.clone(),
                refresh_from: step.refresh_from,
            }
        };
        let steps = self.flow.steps.iter().enumerate();
        let flow = Flow {
            steps: steps.map(|(node, step)| left(node, step)).collect(),
            top: self.flow.top,
            objective: self.flow.objective,
        };
        let Some(mut plan) = flow.cheapest(budget)? else {
            return Ok(None);
        };
        let mut chosen = Vec::with_capacity(self.layers.len());
        for (layer, of) in self.layers.iter().zip(&of) {
            let done = &mut plan.steps[layer.node];
            let (way, pass) = done.way.unwrap_or_default();
            done.way = Some((of[way], pass));
            chosen.push(of[way]);
        }
        Ok(Some((chosen, plan)))
    }

    /// Chooses; none where nothing that was tried does what is wanted.
    ///
    /// # Errors
    /// What the programme refuses.
    pub fn choose(&self, progress: &mut dyn FnMut(usize, f64)) -> Result<Option<Found>> {
        let key = |plan: &Plan| self.flow.objective.key(plan);
        let mut tried = Vec::new();
        let mut best: Option<Found> = None;
        // log2 of the budget: a share of 2^-6 of each margin, to all of it and more.
        let (mut lo, mut hi) = (-12.0, 6.0);
        for _ in 0..HALVINGS {
            let at: f64 = (lo + hi) / 2.0;
            let Some((designs, plan)) = self.within(at.exp2())? else {
                // Nothing is precise enough at some layer, or no levels suffice at any precision.
                lo = at;
                continue;
            };
            let kept = self.estimate_kept(&designs);
            tried.push((plan.price, kept));
            progress(tried.len(), plan.price);
            if self.suffices(kept) {
                lo = at;
                let better = best.as_ref().is_none_or(|b| key(&plan) < key(&b.plan));
                if better {
                    best = Some(self.found(designs, plan, kept));
                }
            } else {
                hi = at;
            }
        }
        let Some(mut best) = best else {
            return Ok(None);
        };
        self.improve(&mut best, &mut tried, progress)?;
        best.tried = tried;
        Ok(Some(best))
    }

    fn found(&self, designs: Vec<usize>, plan: Plan, kept: usize) -> Found {
        Found {
            estimate_loss: self.effects.estimate_loss(&designs, self.left_out()).1,
            designs,
            plan,
            estimate_kept: kept,
            tried: Vec::new(),
        }
    }

    /// Cheaper designs at single layers, the greatest saving first, while the whole twin does what is wanted.
    fn improve(
        &self,
        best: &mut Found,
        tried: &mut Vec<(f64, usize)>,
        progress: &mut dyn FnMut(usize, f64),
    ) -> Result<()> {
        let key = |plan: &Plan| self.flow.objective.key(plan);
        let mut failed: Vec<(usize, usize)> = Vec::new();
        for _ in 0..TRIES {
            let mut moves: Vec<Better> = Vec::new();
            for l in 0..self.layers.len() {
                for d in 0..self.designs[l].len() {
                    let cost = |d: usize| self.designs[l][d].block.cost();
                    let (now, then) = (cost(best.designs[l]), cost(d));
                    let dearer = then.depth >= now.depth && then.mults >= now.mults;
                    if dearer || failed.contains(&(l, d)) {
                        continue;
                    }
                    let mut designs = best.designs.clone();
                    designs[l] = d;
                    // What the sum of squares rules out is not tried.
                    if self.effects.estimate_loss(&designs, self.left_out()).0 > 1.0 {
                        continue;
                    }
                    if let Some((designs, plan)) = self.with(&designs)? {
                        if key(&plan) < key(&best.plan) {
                            moves.push((key(&plan), designs, plan, (l, d)));
                        }
                    }
                }
            }
            let least =
                |a: &&Better, b: &&Better| a.0 .0.cmp(&b.0 .0).then(a.0 .1.total_cmp(&b.0 .1));
            let Some((_, designs, plan, at)) = moves.iter().min_by(least).cloned() else {
                return Ok(());
            };
            let kept = self.estimate_kept(&designs);
            tried.push((plan.price, kept));
            progress(tried.len(), plan.price);
            match self.suffices(kept) {
                true => *best = self.found(designs, plan, kept),
                false => failed.push(at),
            }
        }
        Ok(())
    }
}
