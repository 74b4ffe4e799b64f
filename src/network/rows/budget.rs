//! What noise each layer has to spare: a budget.
//!
//! At one level every activation has its stated noise. How much more may one layer alone have, all others as stated, before
//! the class is not proved any more? Rows and slopes do not depend on the noise, so one more set of rows serves many
//! candidates: for each layer multiples 2^b of its stated noise, b up to what first order leaves room for, first quarters of
//! that room, then quarters of the one in which the answer lies. The greatest that [`Subject::bound`] proves is the answer,
//! with its own remainders: nothing is extrapolated, and a sixteenth of the room is not told apart.
//!
//! First order: a margin m with the bound D at the stated level has m - D left. With |e| <= w B at the layer, which moves it by
//! w B sum |c| =: s, a factor f adds (f - 1) s. With a proxy, sqrt(Q) becomes sqrt(Q + (f^2 - 1) q), Q the sum over all
//! layers and q that of the layer, each times kappa^2.

use crate::error::Result;
use crate::network::rows::asked::{Deviation, Noise, NoiseLevel};
use crate::network::rows::state::kappa;
use crate::network::rows::subject::{Subject, Undisturbed};

/// Parts of the first order's room that are tried first; the first is all but what rounding takes.
const FIRST: [f64; 4] = [0.998, 0.75, 0.5, 0.25];
/// Parts of what is left between the greatest that is proved and the next that is not.
const NEXT: [f64; 3] = [0.25, 0.5, 0.75];
/// Noise that a layer may have is not sought beyond so many bits.
const MOST: f64 = 64.0;
/// Candidates whose bounds are computed together: memory is 8 bytes for each and every neuron.
const TOGETHER: usize = 96;

/// A level, an activation of the original network, and bits of more noise there.
type Candidate = (usize, usize, f64);

/// What one layer has to spare at one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spare {
    /// **Guarantee** with 2^bits times its stated noise at this layer alone, and the others as stated, the class stays.
    /// None where nothing above 0 was proved, or the layer has no noise.
    pub bound_bits: Option<f64>,
    /// What first order leaves room for.
    pub estimate_bits: Option<f64>,
}

impl Subject<'_> {
    /// For each level and each activation of the original network what it has to spare; an empty list at a level where the class
    /// is not proved to stay.
    ///
    /// **Inputs** the levels, and what [`Subject::bound`] found for them.
    /// **Cost** a row for each neuron again for every 96 candidates, at most seven for each level and layer.
    ///
    /// # Errors
    /// As there.
    pub fn spare(
        &self,
        at: &Undisturbed,
        (levels, found): (&[NoiseLevel], &Deviation),
        threads: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Spare>>> {
        let count = self.origins.last().map_or(0, |last| last + 1);
        let mut all: Vec<Vec<Spare>> = Vec::with_capacity(levels.len());
        let mut wanted = Vec::new();
        for (c, level) in levels.iter().enumerate() {
            if at.bound_margin_under(found, c) <= 0.0 {
                all.push(Vec::new());
                continue;
            }
            let rooms = self.rooms(at, (c, level), found, count);
            for (k, room) in rooms.iter().enumerate() {
                let parts = FIRST.map(|part| part * room.unwrap_or(0.0));
                wanted.extend(parts.map(|bits| (c, k, bits)));
            }
            let none = |room: &Option<f64>| Spare {
                bound_bits: None,
                estimate_bits: *room,
            };
            all.push(rooms.iter().map(none).collect());
        }
        let mut tried = self.stays(at, levels, &wanted, threads, progress)?;
        let mut wanted = Vec::new();
        for (c, list) in all.iter().enumerate() {
            for k in 0..list.len() {
                let (proved, open) = between(&tried, c, k);
                if let Some(open) = open {
                    let parts = NEXT.map(|part| proved + part * (open - proved));
                    wanted.extend(parts.map(|bits| (c, k, bits)));
                }
            }
        }
        tried.extend(self.stays(at, levels, &wanted, threads, progress)?);
        for (c, list) in all.iter_mut().enumerate() {
            for (k, spare) in list.iter_mut().enumerate() {
                let (proved, _) = between(&tried, c, k);
                spare.bound_bits = Some(proved).filter(|bits| *bits > 0.0);
            }
        }
        Ok(all)
    }

    /// Whether each candidate leaves the class; those whose noise makes no sense are left out.
    fn stays(
        &self,
        at: &Undisturbed,
        levels: &[NoiseLevel],
        wanted: &[Candidate],
        threads: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<(Candidate, bool)>> {
        let count = self.origins.last().map_or(0, |last| last + 1);
        let made = wanted.iter().filter_map(|&(c, k, bits)| {
            let more = louder(&levels[c], count, k, bits.exp2());
            more.filter(|_| bits > 0.0).map(|more| ((c, k, bits), more))
        });
        let made: Vec<(Candidate, NoiseLevel)> = made.collect();
        let parts = made.len().div_ceil(TOGETHER);
        let mut all = Vec::with_capacity(made.len());
        for (part, chunk) in made.chunks(TOGETHER).enumerate() {
            let noise: Vec<NoiseLevel> = chunk.iter().map(|c| c.1.clone()).collect();
            let mut told = |layer: usize, layers: usize| {
                progress(part * layers + layer, parts * layers);
            };
            let found = self.bound(at, &noise, threads, &mut told)?;
            let each = chunk.iter().enumerate();
            all.extend(each.map(|(i, c)| (c.0, at.bound_margin_under(&found, i) > 0.0)));
        }
        Ok(all)
    }

    /// For each layer the bits by which first order lets its noise grow.
    ///
    /// *Estimate*.
    fn rooms(
        &self,
        at: &Undisturbed,
        (c, level): (usize, &NoiseLevel),
        found: &Deviation,
        count: usize,
    ) -> Vec<Option<f64>> {
        let kappa = kappa(2.0);
        let rows = self.sensitivities(at);
        let room = |k: usize| {
            let noise = level.at(k);
            let each = at
                .margins
                .iter()
                .zip(&rows)
                .map(|(&(target, margin), row)| {
                    let bound = found.targets[target][c];
                    let left = margin - bound.bound_deviation;
                    if noise.worst > 0.0 {
                        let own = row[k].estimate_worst * noise.worst;
                        return 1.0 + left / own;
                    }
                    let own = (kappa * row[k].estimate_sigma * noise.sigma).powi(2);
                    let all = bound.estimate_first_order;
                    (1.0 + ((all + left).powi(2) - all.powi(2)) / own).sqrt()
                });
            let least = each.fold(f64::INFINITY, f64::min);
            let some = noise.envelope.is_none() && noise.worst + noise.sigma > 0.0;
            some.then(|| least.log2().min(MOST))
        };
        (0..count).map(room).collect()
    }
}

/// The greatest bits that are proved of a layer at a level, 0 if none are, and the least above that are not.
fn between(tried: &[(Candidate, bool)], level: usize, layer: usize) -> (f64, Option<f64>) {
    let own = || {
        let of = |c: &&(Candidate, bool)| (c.0 .0, c.0 .1) == (level, layer);
        tried.iter().filter(of)
    };
    let proved = own().filter(|c| c.1).map(|c| c.0 .2).fold(0.0, f64::max);
    let open = own().map(|c| c.0 .2).filter(|bits| *bits > proved);
    (proved, open.reduce(f64::min))
}

/// A level with `times` the noise of one activation; none where that is too much.
fn louder(level: &NoiseLevel, count: usize, k: usize, times: f64) -> Option<NoiseLevel> {
    let mut list: Vec<Noise> = (0..count).map(|k| level.at(k)).collect();
    let own = list.get_mut(k)?;
    // Above what the power and the product may lose: at least so much.
    let times = times * (1.0 + 1e-14);
    (own.worst, own.sigma) = (own.worst * times, own.sigma * times);
    (own.worst + own.sigma <= 1.0).then_some(NoiseLevel::Layers(list))
}
