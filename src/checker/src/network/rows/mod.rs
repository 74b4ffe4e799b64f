//! How far noise at the activations moves the result, on one input: bounds that the checker computes itself.
//!
//! The trajectory without noise is known in balls (rules N1 to N5). With fixed slopes s_k at the activations the
//! deviation of any linear function of a node's values is a sum over the activations before it,
//! sum_k J_k (rho_k + e_k): J is a backward row, rho the remainder of the linearisation
//! ([`response`]), e the noise. Layer by layer every neuron gets its row, and its bound d of |deviation| gives
//! the remainders of the next layers. Rows are integers, and what they are off from the exact rows is
//! paid for ([`pass`]). Slopes and rows do not depend on the noise, so one set serves all levels.
//!
//! **Probability.** Sub-Gaussian noise enters through linear functions with fixed coefficients: each neuron's and
//! each target's deviation, and each neuron's own noise. Each of these exceeds kappa times its proxy
//! with probability exp(-kappa^2/2) at most, on either side. With n neurons and t targets that is 4 n + 4 t
//! events at most, and kappa^2 >= 2 (ln(4 n + 4 t) + 32 ln 2) makes them 2^-32 together. Outside these
//! events every step holds for certain, since no row depends on the noise.

mod amounts;
mod curve;
mod jobs;
pub(crate) mod level;
mod own;
mod pass;
mod plan;
mod response;
pub(crate) mod standing;
mod tile;
pub(crate) mod upper;

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::network::balls::Balls;
use crate::network::model::expand::Expanded;
use crate::network::model::layers::Layer;
use crate::network::rows::amounts::Amounts;
use crate::network::rows::level::{of_activation, NoiseLevel};
use crate::network::rows::pass::{Known, Source};
use crate::network::rows::plan::{Plan, RowStep};
use crate::network::rows::response::Response;
use crate::network::rows::standing::{RowsTable, Standing};
use crate::network::rows::tile::{Tile, LANES};
use crate::network::rows::upper::Upper;

/// Most units of work of the rows, one some two nanoseconds: an hour or two of one core.
const WORK: u64 = 1 << 41;
/// Most elements of all nodes: a tile of rows takes 128 bytes for each, on every thread.
const MAX_ELEMENTS: usize = 1 << 21;
/// The failure probability is 2^-FAILURE.
pub(crate) const FAILURE: u64 = 32;
/// 2 ln 2 < 13862944 / 10^7.
const TWO_LN_2: [u64; 2] = [13_862_944, 10_000_000];

/// What is asked.
pub(crate) struct RowsTask<'a> {
    pub(crate) expanded: &'a Expanded,
    /// The input of every activation, without noise.
    pub(crate) centres: &'a [Balls],
    /// The tables; none where ReLU stands undisturbed.
    pub(crate) tables: Option<&'a [RowsTable<'a>]>,
    /// Table and B of each activation of the original network; no table of the network's own polynomials.
    pub(crate) activations: &'a [(Option<usize>, Rational)],
    pub(crate) levels: &'a [NoiseLevel],
    /// Linear functions of the result: elements and their factors, 1 or -1.
    pub(crate) targets: &'a [Vec<(usize, i64)>],
    pub(crate) precision: u64,
}

/// Upper bounds of |deviation|.
#[derive(Debug)]
pub(crate) struct Bounds {
    /// `[level][activation of the original network]`: the greatest of its inputs (of its matches').
    pub(crate) layers: Vec<Vec<Upper>>,
    /// `[level][target]`.
    pub(crate) targets: Vec<Vec<Upper>>,
}

/// Computes the bounds.
///
/// # Errors
/// A rejection where a bound is vacuous, a layer cannot be passed, or a limit is exceeded.
pub(crate) fn bounds(task: &RowsTask, progress: &mut dyn FnMut(usize, usize)) -> Checked<Bounds> {
    let network = &task.expanded.network;
    let plan = Plan::new(network, task.precision)?;
    limit(&plan, task)?;
    let threads = jobs::threads();
    let mut standing = Vec::new();
    for (i, table) in task.tables.unwrap_or_default().iter().enumerate() {
        let used = task.activations.iter().any(|(table, _)| *table == Some(i));
        standing.push(match used {
            true => Some(Standing::new(table, threads)?),
            false => None,
        });
    }
    let neurons: usize = task.centres.iter().map(|c| c.mid.len()).sum();
    let kappa = kappa(4 * (neurons + task.targets.len()))?;
    let nodes = plan.nodes.len() + 1;
    let mut state = State {
        plan,
        known: Known {
            amounts: vec![vec![Amounts::default(); nodes]; task.levels.len()],
            most: vec![vec![Upper::ZERO; nodes]; task.levels.len()],
            sources: Vec::new(),
            kappa,
            moves: vec![false; nodes],
        },
        layers: vec![vec![Upper::ZERO; task.activations.len()]; task.levels.len()],
        threads,
    };
    for id in 1..nodes {
        let done = state.known.sources.len();
        match state.plan.nodes.get(id - 1).map(|n| &n.step) {
            Some(RowStep::Activation(k)) => {
                let k = *k;
                state.activation(task, id, k, &standing)?;
                progress(done + 1, task.centres.len());
            }
            _ => state.forward(id)?,
        }
    }
    let targets = state.targets(task.targets)?;
    Ok(Bounds {
        layers: state.layers,
        targets,
    })
}

/// An upper bound of sqrt(2 (ln(events) + 32 ln 2)).
fn kappa(events: usize) -> Checked<Upper> {
    let log = u64::from(usize::BITS - events.leading_zeros());
    let [n, d] = TWO_LN_2;
    let square = Rational::raw(((log + FAILURE) * n).into(), d.into());
    Ok(Upper::rational(&square).root())
}

/// Refuses work and memory before they are taken.
fn limit(plan: &Plan, task: &RowsTask) -> Checked<()> {
    let mut elements = 0_usize;
    // What one tile costs from a node on, and all tiles.
    let (mut below, mut units) = (0_u64, 0_u64);
    for node in &plan.nodes {
        let size: usize = node.shape.iter().product();
        elements = elements.saturating_add(size);
        let each = match &node.step {
            RowStep::Linear(l) | RowStep::Means { sums: l, .. } => {
                let taps = l.geometry.kernel[0] * l.geometry.kernel[1];
                2 * (l.inputs as u64).saturating_mul(taps as u64) + 10
            }
            RowStep::Activation(_) => {
                let groups = node.shape[0].div_ceil(LANES) as u64;
                let tiles = (node.shape[1] as u64) * (node.shape[2] as u64) * groups;
                units = units.saturating_add(tiles.saturating_mul(below));
                10 + 2 * task.levels.len() as u64
            }
            _ => 10,
        };
        below = below.saturating_add(each.saturating_mul(size as u64));
    }
    let tiles = task.targets.len().div_ceil(LANES) as u64;
    units = units.saturating_add(tiles.saturating_mul(below));
    for table in task.tables.unwrap_or_default() {
        units = units.saturating_add(curve::work(table.polynomials));
    }
    if elements > MAX_ELEMENTS {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("{elements} elements of all nodes, the limit under noise is {MAX_ELEMENTS}"),
        ));
    }
    if units > WORK {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("{units} units of work for the rows, the limit is {WORK}"),
        ));
    }
    Ok(())
}

struct State {
    plan: Plan,
    known: Known,
    layers: Vec<Vec<Upper>>,
    threads: usize,
}

impl State {
    /// Rows of an activation's input, then what the activation adds to later rows.
    fn activation(
        &mut self,
        task: &RowsTask,
        id: usize,
        k: usize,
        standing: &[Option<Standing>],
    ) -> Checked<()> {
        let inside = || Fault::internal("activation");
        let from = self.plan.nodes.get(id - 1).and_then(|n| n.inputs.first());
        let from = *from.ok_or_else(inside)?;
        let [channels, height, width] = self.plan.shape(from)?;
        let plane = height * width;
        let origin = *task.expanded.origins.get(k).ok_or_else(inside)?;
        let (table, scale) = task.activations.get(origin).ok_or_else(inside)?;
        let centre = task.centres.get(k).ok_or_else(inside)?;
        let node = task.expanded.network.nodes.get(id - 1).map(|n| &n.layer);
        let standing = match (task.tables, table) {
            (Some(_), Some(table)) => {
                let found = standing.get(*table).and_then(Option::as_ref);
                Some(found.ok_or_else(inside)?)
            }
            _ => None,
        };
        let below = self.plan.below.get(k).ok_or_else(inside)?;
        let response = match node {
            Some(Layer::Polynomial { channels }) => {
                Response::own(channels, plane, scale, (centre, task.precision))?
            }
            _ => Response::new(standing, scale, below, (centre, task.precision))?,
        };
        let rows = match self.known.moves.get(from) {
            Some(true) => self.neurons(from)?,
            _ => vec![vec![Upper::ZERO; channels * plane]; task.levels.len()],
        };
        let (mut remainders, mut proxies) = (Vec::new(), Vec::new());
        for (level, (noise, rows)) in task.levels.iter().zip(rows).enumerate() {
            let amounts = self.known.amounts.get_mut(level).ok_or_else(inside)?;
            let worst = of_activation(&noise.worst, origin);
            let proxy = of_activation(&noise.sigma, origin).times(response.scale);
            proxies.push(proxy.times(proxy));
            let tail = proxy.times(self.known.kappa);
            let (mut each, mut list) = (Vec::new(), Vec::new());
            let mut most = Upper::ZERO;
            for (i, d) in rows.iter().enumerate() {
                let element = i % channels * plane + i / channels;
                let change = response.change(element, *d, (worst, &noise.envelope))?;
                most = most.max(*d);
                if change.remainder.is_infinite() {
                    return Err(Fault::rejected(Rule::Own("noise"),
                        format!(
                            "level {level}: at activation {k} the bound is vacuous: element {element} may be carried to where nothing is known"
                        ),
                    ));
                }
                list.push(change.remainder);
                each.push(change.amount.plus(tail));
            }
            remainders.push(list);
            let greatest = self.layers.get_mut(level).and_then(|l| l.get_mut(origin));
            let greatest = greatest.ok_or_else(inside)?;
            *greatest = most.max(*greatest);
            *amounts.get_mut(id).ok_or_else(inside)? = Amounts::new(each);
            // What the rows prove of the activation's input.
            let before = amounts.get_mut(from).ok_or_else(inside)?;
            if before.total.is_some() {
                let pairs = before.each.iter().zip(&rows);
                *before = Amounts::new(pairs.map(|(a, d)| *a.min(d)).collect());
            }
        }
        // In the order of tiles: (place, channel).
        let slopes = (0..channels * plane).map(|i| {
            let s = response.slopes.get(i % channels * plane + i / channels);
            s.copied().ok_or_else(inside)
        });
        let slopes = slopes.collect::<Checked<_>>()?;
        let slopes = (slopes, response.slope_bits);
        let source = Source::new(slopes, &remainders, proxies)?;
        self.known.sources.push(source);
        *self.known.moves.get_mut(id).ok_or_else(inside)? = true;
        Ok(())
    }

    /// Bounds for every element of a node: `[level][(place, channel)]`.
    fn neurons(&self, id: usize) -> Checked<Vec<Vec<Upper>>> {
        let [channels, height, width] = self.plan.shape(id)?;
        let groups = channels.div_ceil(LANES);
        let jobs = height * width * groups;
        let done = jobs::in_order(jobs, self.threads, |job| {
            let (p, first) = (job / groups, job % groups * LANES);
            let mut tile = Tile::zeros([p / width, p % width], [1, 1], channels);
            for (l, v) in tile.data.iter_mut().skip(first).take(LANES).enumerate() {
                if let Some(v) = v.get_mut(l) {
                    *v = 1;
                }
            }
            tile.bits = 1;
            pass::bounds(&self.plan, &self.known, id, tile)
        })?;
        let mut all = vec![Vec::with_capacity(channels * height * width); self.known.amounts.len()];
        for (job, totals) in done.into_iter().enumerate() {
            let lanes = LANES.min(channels - job % groups * LANES);
            for (all, totals) in all.iter_mut().zip(totals?) {
                all.extend(totals.into_iter().take(lanes));
            }
        }
        Ok(all)
    }

    /// Amounts of a node that is no activation.
    fn forward(&mut self, id: usize) -> Checked<()> {
        let inside = || Fault::internal("forward");
        let node = self.plan.nodes.get(id - 1).ok_or_else(inside)?;
        let moves = |i: &usize| self.known.moves.get(*i).copied().unwrap_or(false);
        if !node.inputs.iter().any(moves) {
            return Ok(());
        }
        let levels = self.known.amounts.iter_mut().zip(&mut self.known.most);
        for (amounts, most) in levels {
            let read = node.inputs.iter().map(|&i| {
                let found = amounts.get(i).ok_or_else(inside)?;
                Ok((found, self.plan.shape(i)?))
            });
            let inputs: Vec<(&Amounts, [usize; 3])> = read.collect::<Checked<_>>()?;
            let (made, greatest) = amounts::forward(node, &inputs)?;
            *amounts.get_mut(id).ok_or_else(inside)? = made;
            *most.get_mut(id).ok_or_else(inside)? = greatest;
        }
        *self.known.moves.get_mut(id).ok_or_else(inside)? = true;
        Ok(())
    }

    /// Bounds of linear functions of the result: `[level][target]`.
    fn targets(&self, targets: &[Vec<(usize, i64)>]) -> Checked<Vec<Vec<Upper>>> {
        let [channels, height, width] = self.plan.shape(self.plan.output)?;
        let plane = height * width;
        let mut all = vec![Vec::with_capacity(targets.len()); self.known.amounts.len()];
        for chunk in targets.chunks(LANES) {
            let mut tile = Tile::zeros([0, 0], [height, width], channels);
            for (l, target) in chunk.iter().enumerate() {
                for (i, factor) in target {
                    let v = tile.data.get_mut(i % plane * channels + i / plane);
                    let v = v.and_then(|v| v.get_mut(l));
                    *v.ok_or_else(|| Fault::internal("target"))? += factor;
                }
            }
            tile.bits = 1;
            let totals = pass::bounds(&self.plan, &self.known, self.plan.output, tile)?;
            for (all, totals) in all.iter_mut().zip(totals) {
                all.extend(totals.into_iter().take(chunk.len()));
            }
        }
        Ok(all)
    }
}
