//! One tile of backward rows on its way to the input, and the bounds that it proves.
//!
//! At every node the tile is a row v of exact integers (times a power of two) with the invariant
//! |<row at the start, deviation there>| <= |<v, deviation here>| + what was summed so far:
//! - **Linear layer** y = W x + b: <v, W dx> = <v W, dx>. The integers W' have |w - W'| <= off, so v W' is off by
//!   at most off sum |v_o| at each element that the outputs o read: off sum_o |v_o| A_o, A_o <= `most`
//!   the sum of the amounts that output o reads.
//! - **Factors**: the same, an output reads one element. Means over windows of different sizes are factors of sums, and
//!   the sum over n elements deviates by n times what the mean does.
//! - **Rounding** to a unit u: u/2 at most at each element, so u/2 times the sum of the node's amounts.
//! - **Activation**: dy = s dz + rho + e, so |<v, dy>| <= |<v s, dz>| + sum |v| (|rho| + |e_1|) + |<v, e_2>|. The
//!   sub-Gaussian parts <v, e_2> of all activations are one linear function of independent (or conditionally
//!   mean 0) noise: outside an event of probability 2 exp(-kappa^2/2) it is at most kappa sqrt(sum (v sigma B)^2).

use crate::core::fault::{Checked, Fault};
use crate::network::rows::amounts::Amounts;
use crate::network::rows::plan::{Plan, RowStep, BLOCK, ROW_BITS};
use crate::network::rows::tile::{accumulate, length, moved, transposed, union, Lane, Tile, LANES};
use crate::network::rows::upper::Upper;

/// Elements whose sums are exact in 64 bits: 26 + 28 + 7 bits.
const CHUNK: usize = 128;
/// Sums take rows to this many bits, rounded up.
const SIZE_BITS: u32 = 26;
/// Bits of remainders.
const SOURCE_BITS: u32 = 28;

/// What an activation adds to the rows that pass it; elements are (place, channel).
#[derive(Debug)]
pub(crate) struct Source {
    /// s 2^slope_bits.
    slopes: Vec<i64>,
    slope_bits: u32,
    /// For each pair of levels the remainders of every element, over 2^exponent.
    remainders: Vec<Vec<[i64; BLOCK]>>,
    exponents: Vec<i64>,
    /// For each level (sigma B)^2.
    proxies: Vec<Upper>,
}

impl Source {
    /// `remainders[level][element]`, finite.
    pub(crate) fn new(
        (slopes, slope_bits): (Vec<i64>, u32),
        remainders: &[Vec<Upper>],
        proxies: Vec<Upper>,
    ) -> Checked<Self> {
        let count = slopes.len();
        let mut pairs = vec![vec![[0; BLOCK]; count]; remainders.len().div_ceil(BLOCK)];
        let mut exponents = Vec::new();
        for (level, list) in remainders.iter().enumerate() {
            let most = list.iter().copied().max().unwrap_or(Upper::ZERO);
            let unit = most.unit(SOURCE_BITS);
            for (i, r) in list.iter().enumerate() {
                let n = r.units(unit).filter(|n| *n <= 1 << SOURCE_BITS);
                let n = n.ok_or_else(|| Fault::internal("remainder"))?;
                let pair = pairs.get_mut(level / BLOCK).and_then(|p| p.get_mut(i));
                let place = pair.and_then(|p| p.get_mut(level % BLOCK));
                *place.ok_or_else(|| Fault::internal("remainder"))? = n;
            }
            exponents.push(unit);
        }
        Ok(Self {
            slopes,
            slope_bits,
            remainders: pairs,
            exponents,
            proxies,
        })
    }
}

/// What is known before a tile starts.
#[derive(Debug)]
pub(crate) struct Known {
    /// `[level][node]`.
    pub(crate) amounts: Vec<Vec<Amounts>>,
    /// `[level][node]`: the greatest sum of amounts that one output of the node reads.
    pub(crate) most: Vec<Vec<Upper>>,
    pub(crate) sources: Vec<Source>,
    pub(crate) kappa: Upper,
    /// Whether an activation comes before the node, or is it.
    pub(crate) moves: Vec<bool>,
}

/// What was summed so far.
struct Pass<'a> {
    known: &'a Known,
    /// `[level][lane]`.
    totals: Vec<[Upper; LANES]>,
    /// `[level][lane]`: sum of (v sigma B)^2.
    squares: Vec<[Upper; LANES]>,
}

/// Bounds of |deviation| of the linear functions that a tile starts with: `[level][lane]`.
pub(crate) fn bounds(
    plan: &Plan,
    known: &Known,
    start: usize,
    tile: Tile,
) -> Checked<Vec<[Upper; LANES]>> {
    let mut pass = Pass {
        known,
        totals: vec![[Upper::ZERO; LANES]; known.amounts.len()],
        squares: vec![[Upper::ZERO; LANES]; known.amounts.len()],
    };
    pass.descend(plan, start, tile)?;
    let Pass {
        mut totals,
        squares,
        ..
    } = pass;
    for (totals, squares) in totals.iter_mut().zip(&squares) {
        for (total, square) in totals.iter_mut().zip(squares) {
            *total = total.plus(known.kappa.times(square.root()));
        }
    }
    Ok(totals)
}

impl Pass<'_> {
    fn descend(&mut self, plan: &Plan, start: usize, tile: Tile) -> Checked<()> {
        let mut waiting: Vec<Option<Tile>> = (0..=start).map(|_| None).collect();
        self.arrive(&mut waiting, start, tile)?;
        for id in (1..=start).rev() {
            let Some(mut tile) = waiting.get_mut(id).and_then(Option::take) else {
                continue;
            };
            let Some(node) = plan.nodes.get(id - 1) else {
                return Err(Fault::internal("node"));
            };
            let Some(&first) = node.inputs.first() else {
                return Err(Fault::internal("no input"));
            };
            match &node.step {
                RowStep::Activation(k) => {
                    self.settle(id, &mut tile, ROW_BITS);
                    self.activation(*k, plan.shape(id)?[2], &mut tile)?;
                    self.arrive(&mut waiting, first, tile)?;
                }
                // Rows of several functions can pass a layer whose input no noise reaches.
                _ if !node.inputs.iter().any(|&i| self.reaches(i)) => {}
                RowStep::Linear(l) => {
                    self.settle(id, &mut tile, l.row_bits);
                    self.inexact(id, &tile, l.off);
                    if let Some(out) = transposed(l, &tile, plan.shape(first)?)? {
                        self.arrive(&mut waiting, first, out)?;
                    }
                }
                RowStep::Scale(factors) => {
                    self.settle(id, &mut tile, ROW_BITS);
                    self.inexact(id, &tile, factors.off);
                    let mut all = 0;
                    for place in tile.data.chunks_mut(factors.values.len().max(1)) {
                        for (v, factor) in place.iter_mut().zip(&factors.values) {
                            v.iter_mut().for_each(|v| *v *= factor);
                            all = union(all, v);
                        }
                    }
                    tile.exponent += factors.exponent;
                    tile.bits = length(all);
                    self.arrive(&mut waiting, first, tile)?;
                }
                RowStep::Add => {
                    for &i in node.inputs.iter().skip(1) {
                        self.arrive(&mut waiting, i, tile.clone())?;
                    }
                    self.arrive(&mut waiting, first, tile)?;
                }
                RowStep::Means {
                    sums,
                    factors,
                    most,
                } => {
                    self.settle(id, &mut tile, ROW_BITS);
                    self.inexact(id, &tile, factors.off);
                    tile.scale_places(factors, plan.shape(id)?[2])?;
                    if let Some(unit) = tile.settle(sums.row_bits) {
                        self.rounded(id, unit, Upper::new(u128::from(*most), 0));
                    }
                    if let Some(out) = transposed(sums, &tile, plan.shape(first)?)? {
                        self.arrive(&mut waiting, first, out)?;
                    }
                }
                RowStep::Move(moves) => {
                    if moves.shared > 0 {
                        self.settle(id, &mut tile, ROW_BITS);
                    }
                    for (&i, list) in node.inputs.iter().zip(&moves.lists) {
                        let list = (list.as_slice(), moves.shared);
                        if let Some(out) = moved(list, node, &tile, plan.shape(i)?)? {
                            self.arrive(&mut waiting, i, out)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn reaches(&self, id: usize) -> bool {
        self.known.moves.get(id).copied().unwrap_or(false)
    }

    /// Rows arrive at a node, and are added to those that are there.
    fn arrive(&mut self, waiting: &mut [Option<Tile>], id: usize, tile: Tile) -> Checked<()> {
        if !self.reaches(id) {
            return Ok(());
        }
        let place = waiting.get_mut(id).ok_or_else(|| Fault::internal("node"))?;
        *place = Some(match place.take() {
            None => tile,
            Some(there) => {
                let (sum, rounded) = there.add(tile)?;
                for unit in rounded.into_iter().flatten() {
                    self.rounded(id, unit, Upper::ONE);
                }
                sum
            }
        });
        Ok(())
    }

    fn settle(&mut self, id: usize, tile: &mut Tile, bits: u32) {
        if let Some(unit) = tile.settle(bits) {
            self.rounded(id, unit, Upper::ONE);
        }
    }

    /// Rows of numbers that are at most `times` a node's own were rounded to multiples of 2^unit.
    fn rounded(&mut self, id: usize, unit: i64, times: Upper) {
        let half = Upper::power(unit.saturating_sub(1)).times(times);
        for (totals, amounts) in self.totals.iter_mut().zip(&self.known.amounts) {
            let sum = amounts.get(id).and_then(|a| a.total);
            let lost = sum.unwrap_or(Upper::INFINITE).times(half);
            totals.iter_mut().for_each(|t| *t = t.plus(lost));
        }
    }

    /// Rows at a node whose weights are within off of the true ones.
    fn inexact(&mut self, id: usize, tile: &Tile, off: Upper) {
        if off == Upper::ZERO {
            return;
        }
        // |v| <= 2^30 and fewer than 2^32 elements.
        let mut sizes: [u64; LANES] = [0; LANES];
        for v in &tile.data {
            for (size, v) in sizes.iter_mut().zip(v) {
                *size += v.unsigned_abs();
            }
        }
        for (totals, most) in self.totals.iter_mut().zip(&self.known.most) {
            let most = most.get(id).copied().unwrap_or(Upper::INFINITE);
            for (total, size) in totals.iter_mut().zip(&sizes) {
                let sum = Upper::new(u128::from(*size), tile.exponent);
                *total = total.plus(sum.times(off).times(most));
            }
        }
    }

    /// Rows of at most 30 bits at an activation's output, of a node with rows of `width` places.
    fn activation(&mut self, k: usize, width: usize, tile: &mut Tile) -> Checked<()> {
        let inside = || Fault::internal("source");
        let known = self.known;
        let source = known.sources.get(k).ok_or_else(inside)?;
        let levels = self.totals.len();
        let mut sums = vec![[0_u128; LANES]; source.remainders.len() * BLOCK];
        let mut squares = [0_u128; LANES];
        let mut sizes = Vec::with_capacity(CHUNK);
        let mut list: Vec<u32> = Vec::with_capacity(CHUNK);
        let mut all = 0;
        let dropped = tile.bits.saturating_sub(SIZE_BITS);
        let up = (1 << dropped) - 1;
        let columns = tile.size[1] * tile.channels;
        for (y, row) in tile.data.chunks_mut(columns.max(1)).enumerate() {
            let start = ((tile.origin[0] + y) * width + tile.origin[1]) * tile.channels;
            for (part, v) in row.chunks_mut(CHUNK).enumerate() {
                let from = start + part * CHUNK;
                let range = from..from + v.len();
                let slopes = source.slopes.get(range.clone()).ok_or_else(inside)?;
                sizes.clear();
                list.clear();
                for ((i, v), s) in (0..).zip(v.iter_mut()).zip(slopes) {
                    if union(0, v) != 0 {
                        list.push(i);
                    }
                    // At most 2^26.
                    sizes.push(v.map(|v| ((v.abs() + up) >> dropped) as i32));
                    v.iter_mut().for_each(|v| *v *= s);
                    all = union(all, v);
                }
                for (pair, sums) in source.remainders.iter().zip(sums.chunks_mut(BLOCK)) {
                    let weights = pair.get(range.clone()).ok_or_else(inside)?;
                    let mut exact: [Lane; BLOCK] = [[0; LANES]; BLOCK];
                    accumulate(&mut exact, &list, &sizes, weights);
                    for (sum, exact) in sums.iter_mut().zip(&exact) {
                        add(sum, exact);
                    }
                }
                let mut exact: Lane = [0; LANES];
                for v in &sizes {
                    for (sum, v) in exact.iter_mut().zip(v) {
                        *sum += i64::from(*v) * i64::from(*v);
                    }
                }
                add(&mut squares, &exact);
            }
        }
        let unit = tile.exponent + i64::from(dropped);
        let parts = sums.iter().zip(&source.exponents).take(levels);
        for (totals, (sums, exponent)) in self.totals.iter_mut().zip(parts) {
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total = total.plus(Upper::new(*sum, unit + exponent));
            }
        }
        for (totals, proxy) in self.squares.iter_mut().zip(&source.proxies) {
            if *proxy == Upper::ZERO {
                continue;
            }
            for (total, sum) in totals.iter_mut().zip(&squares) {
                *total = total.plus(Upper::new(*sum, 2 * unit).times(*proxy));
            }
        }
        tile.exponent -= i64::from(source.slope_bits);
        tile.bits = length(all);
        Ok(())
    }
}

/// Adds sums that are not negative.
fn add(totals: &mut [u128; LANES], exact: &Lane) {
    for (total, sum) in totals.iter_mut().zip(exact) {
        *total += u128::from(sum.unsigned_abs());
    }
}
