//! Sixteen backward rows of a node side by side, within their window of rows and columns.
//!
//! The numbers are v 2^exponent with integers |v| <= 2^bits. Sums and products are exact in 64 bits; numbers
//! that are too long for the next product are rounded to nearest ([`Tile::settle`]), and the caller
//! accounts for half a unit of every element.

use crate::core::fault::{Checked, Fault};
use crate::network::rows::plan::{Linear, Planned, Rounded, BLOCK, NOWHERE};

/// Rows that go together.
pub(crate) const LANES: usize = 16;
/// One number for each row.
pub(crate) type Lane = [i64; LANES];
/// Longest sums of two tiles.
const MERGE_BITS: i64 = 61;

/// Rows at a node, zero outside the window.
#[derive(Debug, Clone)]
pub(crate) struct Tile {
    /// First row and column.
    pub(crate) origin: [usize; 2],
    /// Rows and columns.
    pub(crate) size: [usize; 2],
    pub(crate) channels: usize,
    /// (row * columns + column) * channels + channel, from the origin.
    pub(crate) data: Vec<Lane>,
    pub(crate) exponent: i64,
    pub(crate) bits: u32,
}

/// log2 of the greatest |v|, rounded up, from the union of the bits of all |v|.
pub(crate) fn length(union: u64) -> u32 {
    u64::BITS - union.leading_zeros()
}

/// The union of the bits of |v|.
#[inline(always)]
pub(crate) fn union(all: u64, v: &Lane) -> u64 {
    v.iter().fold(all, |all, v| all | v.unsigned_abs())
}

impl Tile {
    pub(crate) fn zeros(origin: [usize; 2], size: [usize; 2], channels: usize) -> Self {
        Self {
            origin,
            size,
            channels,
            data: vec![[0; LANES]; size[0] * size[1] * channels],
            exponent: 0,
            bits: 0,
        }
    }

    /// Rounds to at most so many bits; the exponent of the new unit if anything was rounded.
    pub(crate) fn settle(&mut self, bits: u32) -> Option<i64> {
        let down = self.bits.checked_sub(bits).filter(|&d| d > 0)?;
        self.shift_right(down);
        self.bits = bits;
        Some(self.exponent)
    }

    /// v 2^e = (v / 2^down) 2^(e + down), rounded to nearest; |v| <= 2^62.
    fn shift_right(&mut self, down: u32) {
        if down > 62 {
            // At most half the new unit.
            self.data.fill([0; LANES]);
        } else {
            let half = 1_i64 << (down - 1);
            for v in self.data.iter_mut().flatten() {
                // The result is at most 2^(bits - down), for down <= bits.
                *v = (*v + half) >> down;
            }
        }
        self.exponent += i64::from(down);
    }

    /// Multiplies rows of at most 30 bits by a factor for each place of the node, which has `width` columns.
    pub(crate) fn scale_places(&mut self, factors: &Rounded, width: usize) -> Checked<()> {
        let mut all = 0;
        let columns = self.size[1].max(1);
        let places = self.data.chunks_mut(self.channels.max(1));
        for (p, place) in places.enumerate() {
            let at = (self.origin[0] + p / columns) * width + self.origin[1] + p % columns;
            let factor = *factors
                .values
                .get(at)
                .ok_or_else(|| Fault::internal("factor"))?;
            for v in place {
                v.iter_mut().for_each(|v| *v *= factor);
                all = union(all, v);
            }
        }
        self.exponent += factors.exponent;
        self.bits = length(all);
        Ok(())
    }

    /// Moves to another exponent; whether it had to be rounded.
    fn rescale(&mut self, exponent: i64) -> bool {
        let apart = exponent - self.exponent;
        if apart <= 0 {
            let up = u32::try_from(-apart).unwrap_or(0);
            self.data.iter_mut().flatten().for_each(|v| *v <<= up);
            self.exponent = exponent;
            self.bits += up;
            return false;
        }
        match u32::try_from(apart) {
            Ok(down) if down <= self.bits => {
                self.shift_right(down);
                self.bits -= down;
            }
            // All below half the new unit.
            _ => {
                self.data.fill([0; LANES]);
                self.bits = 0;
                self.exponent = exponent;
            }
        }
        true
    }

    /// The sum of both, over a window around both; the exponent of the unit for each one that was rounded.
    pub(crate) fn add(mut self, mut other: Self) -> Checked<(Self, [Option<i64>; 2])> {
        // Nothing is added: `bits` stays what it is, however often that happens.
        if other.bits == 0 {
            return Ok((self, [None; 2]));
        }
        if self.bits == 0 {
            return Ok((other, [None; 2]));
        }
        // As fine as the finer one, if the numbers stay short enough.
        let fits = |t: &Self| t.exponent + i64::from(t.bits) - MERGE_BITS;
        let finer = self.exponent.min(other.exponent);
        let exponent = finer.max(fits(&self)).max(fits(&other));
        let mut rounded = [None; 2];
        for (t, r) in [&mut self, &mut other].into_iter().zip(&mut rounded) {
            if t.rescale(exponent) {
                *r = Some(exponent);
            }
        }
        let bits = self.bits.max(other.bits) + 1;
        let low = [0, 1].map(|i| axis(self.origin, i).min(axis(other.origin, i)));
        let high = [0, 1].map(|i| {
            let end = |t: &Self| axis(t.origin, i) + axis(t.size, i);
            end(&self).max(end(&other))
        });
        let size = [high[0] - low[0], high[1] - low[1]];
        let mut all = match (self.origin, self.size) == (low, size) {
            true => {
                let empty = Self::zeros(low, [0, 0], self.channels);
                std::mem::replace(&mut self, empty)
            }
            false => Self::zeros(low, size, self.channels),
        };
        for part in [&self, &other] {
            let width = part.size[1] * part.channels;
            for (y, row) in part.data.chunks(width.max(1)).enumerate() {
                let from = (part.origin[0] + y - low[0]) * size[1] + part.origin[1] - low[1];
                let from = from * part.channels;
                let to = all.data.get_mut(from..from + width);
                let to = to.ok_or_else(|| Fault::internal("window"))?;
                for (a, b) in to.iter_mut().zip(row) {
                    for (a, b) in a.iter_mut().zip(b) {
                        *a += b;
                    }
                }
            }
        }
        all.exponent = exponent;
        all.bits = bits;
        Ok((all, rounded))
    }
}

/// Component i of a pair.
fn axis(pair: [usize; 2], i: usize) -> usize {
    match i {
        0 => pair[0],
        _ => pair[1],
    }
}

/// On one axis: the input positions that outputs from `first` to before `end` read.
fn reads(l: &Linear, i: usize, first: usize, end: usize, size: usize) -> (usize, usize) {
    let [top, left, ..] = l.geometry.padding;
    let padding = axis([top, left], i);
    let stride = axis(l.geometry.stride, i);
    let reach = (axis(l.geometry.kernel, i) - 1) * axis(l.geometry.dilation, i);
    let last = (end - 1) * stride + reach + 1;
    let to = last.saturating_sub(padding).min(size);
    ((first * stride).saturating_sub(padding).min(to), to)
}

/// On one axis: the outputs of the tile that read an input position, as (tap, offset in the tile).
fn readers(l: &Linear, i: usize, tile: &Tile, position: usize) -> Vec<(usize, usize)> {
    let [top, left, ..] = l.geometry.padding;
    let padding = axis([top, left], i);
    let stride = axis(l.geometry.stride, i);
    (0..axis(l.geometry.kernel, i))
        .filter_map(|k| {
            let shifted = (position + padding).checked_sub(k * axis(l.geometry.dilation, i))?;
            let o = (shifted / stride).checked_sub(axis(tile.origin, i))?;
            (shifted % stride == 0 && o < axis(tile.size, i)).then_some((k, o))
        })
        .collect()
}

/// Rows at a linear layer's output, of at most `row_bits`, taken to its input: exact sums.
pub(crate) fn transposed(l: &Linear, tile: &Tile, from: [usize; 3]) -> Checked<Option<Tile>> {
    let [channels, height, width] = from;
    let end = [0, 1].map(|i| axis(tile.origin, i) + axis(tile.size, i));
    let (y0, y1) = reads(l, 0, tile.origin[0], end[0], height);
    let (x0, x1) = reads(l, 1, tile.origin[1], end[1], width);
    if y0 == y1 || x0 == x1 {
        // Outputs that read padding alone.
        return Ok(None);
    }
    let mut out = Tile::zeros([y0, x0], [y1 - y0, x1 - x0], channels);
    let narrow = Narrow::new(tile, l.groups, l.outputs);
    let taps = l.geometry.kernel[0] * l.geometry.kernel[1];
    let columns: Vec<Vec<(usize, usize)>> = (x0..x1).map(|x| readers(l, 1, tile, x)).collect();
    let blocks = l.inputs.div_ceil(BLOCK);
    let mut all = 0;
    let mut places = out.data.chunks_mut(channels);
    let mut parts: Vec<(usize, usize)> = Vec::with_capacity(taps);
    for y in y0..y1 {
        let rows = readers(l, 0, tile, y);
        for columns in &columns {
            parts.clear();
            for &(ky, oy) in &rows {
                let at = |&(kx, ox)| (ky * l.geometry.kernel[1] + kx, oy * tile.size[1] + ox);
                parts.extend(columns.iter().map(at));
            }
            let Some(place) = places.next() else {
                return Err(Fault::internal("place"));
            };
            for (group, to) in place.chunks_mut(l.inputs).enumerate() {
                for (block, to) in to.chunks_mut(BLOCK).enumerate() {
                    let mut sum = [[0; LANES]; BLOCK];
                    for &(tap, place) in &parts {
                        let (list, v) = narrow.part(place, group)?;
                        let first = ((group * blocks + block) * taps + tap) * l.outputs;
                        let w = l.blocks.get(first..first + l.outputs);
                        let w = w.ok_or_else(|| Fault::internal("weights"))?;
                        accumulate(&mut sum, list, v, w);
                    }
                    for (to, sum) in to.iter_mut().zip(&sum) {
                        *to = *sum;
                        all = union(all, sum);
                    }
                }
            }
        }
    }
    out.exponent = tile.exponent + l.exponent;
    out.bits = length(all);
    Ok(Some(out))
}

/// Rows in 32 bits, and where they are not zero.
pub(crate) struct Narrow {
    data: Vec<[i32; LANES]>,
    outputs: usize,
    groups: usize,
    /// For each place and group the outputs, within the group, where a row is not zero.
    lists: Vec<u32>,
    ends: Vec<usize>,
}

impl Narrow {
    /// Of rows of at most 30 bits.
    fn new(tile: &Tile, groups: usize, outputs: usize) -> Self {
        let mut narrow = Self {
            data: Vec::with_capacity(tile.data.len()),
            outputs,
            groups,
            lists: Vec::with_capacity(tile.data.len()),
            ends: vec![0],
        };
        for group in tile.data.chunks(outputs.max(1)) {
            for (o, v) in (0..).zip(group) {
                if union(0, v) != 0 {
                    narrow.lists.push(o);
                }
                // |v| <= 2^30.
                narrow.data.push(v.map(|v| v as i32));
            }
            narrow.ends.push(narrow.lists.len());
        }
        narrow
    }

    /// The list and the rows of a place and group.
    fn part(&self, place: usize, group: usize) -> Checked<(&[u32], &[[i32; LANES]])> {
        let at = place * self.groups + group;
        let ends = self.ends.get(at).zip(self.ends.get(at + 1));
        let list = ends.and_then(|(&a, &b)| self.lists.get(a..b));
        let rows = self.data.get(at * self.outputs..(at + 1) * self.outputs);
        list.zip(rows).ok_or_else(|| Fault::internal("rows"))
    }
}

/// sum_i += v_o w_oi over the outputs o of a list: the kernel where the time goes. Written so that the
/// compiler keeps the sums in registers and multiplies 32-bit numbers to 64 bits, four at a time; the end at
/// an index outside (there is none) is what keeps it from vectorising over the list instead.
#[inline(always)]
#[allow(clippy::indexing_slicing, clippy::needless_range_loop)] // Constant bounds of arrays.
pub(crate) fn accumulate(
    sum: &mut [Lane; BLOCK],
    list: &[u32],
    v: &[[i32; LANES]],
    w: &[[i64; BLOCK]],
) {
    let mut s = *sum;
    for &o in list {
        let (Some(v), Some(w)) = (v.get(o as usize), w.get(o as usize)) else {
            break;
        };
        for i in 0..BLOCK {
            for l in 0..LANES {
                // |w| <= 2^30.
                s[i][l] += i64::from(v[l]) * i64::from(w[i] as i32);
            }
        }
    }
    *sum = s;
}

/// Rows at a node that only moves its input's elements, taken to one input; none where nothing comes from it. An
/// element may be 2^shared others, whose rows, of at most 30 bits then, are added.
pub(crate) fn moved(
    (list, shared): (&[u32], u32),
    node: &Planned,
    tile: &Tile,
    from: [usize; 3],
) -> Checked<Option<Tile>> {
    let [_, height, width] = node.shape;
    let plane = from[1] * from[2];
    let columns = tile.size[1] * tile.channels;
    // (channel, row, column) of the input for an element of the tile.
    let source = |i: usize| {
        let (place, c) = (i / tile.channels, i % tile.channels);
        let y = tile.origin[0] + i / columns;
        let x = tile.origin[1] + place % tile.size[1];
        let j = *list.get((c * height + y) * width + x)?;
        let j = usize::try_from(j).ok().filter(|_| j != NOWHERE)?;
        Some([j / plane, j % plane / from[2], j % from[2]])
    };
    let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
    for [_, y, x] in (0..tile.data.len()).filter_map(source) {
        low = [low[0].min(y), low[1].min(x)];
        high = [high[0].max(y + 1), high[1].max(x + 1)];
    }
    if high[0] == 0 {
        return Ok(None);
    }
    let size = [high[0] - low[0], high[1] - low[1]];
    let mut out = Tile::zeros(low, size, from[0]);
    for (i, v) in tile.data.iter().enumerate() {
        if let Some([c, y, x]) = source(i) {
            let at = ((y - low[0]) * size[1] + x - low[1]) * from[0] + c;
            let to = out.data.get_mut(at);
            let to = to.ok_or_else(|| Fault::internal("moved"))?;
            to.iter_mut().zip(v).for_each(|(to, v)| *to += v);
        }
    }
    out.exponent = tile.exponent;
    out.bits = tile.bits + shared;
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(v: i64, exponent: i64) -> Tile {
        let mut t = Tile::zeros([0, 0], [1, 1], 1);
        t.data[0][0] = v;
        t.exponent = exponent;
        t.bits = length(v.unsigned_abs());
        t
    }

    #[test]
    fn zeros_that_arrive_change_nothing() {
        let m = (1 << 29) + 1;
        let mut sum = tile(m, 3);
        for k in 0..70 {
            let zero = tile(0, k - 35);
            let both = if k % 2 == 0 {
                sum.add(zero)
            } else {
                zero.add(sum)
            };
            let (all, rounded) = both.unwrap();
            assert_eq!((all.bits, rounded), (30, [None; 2]));
            sum = all;
        }
        assert_eq!(sum.settle(30), None);
        assert_eq!((sum.data[0][0], sum.exponent), (m, 3));
    }

    #[test]
    fn sums_of_far_exponents_are_off_by_half_a_unit_at_most() {
        for v in [1_i64 << 62, (1 << 62) - 1, -(1 << 62), 12_345, -7] {
            for apart in [1, 5, 40, 61, 62, 63, 64, 65, 90] {
                let (sum, rounded) = tile(v, 0).add(tile(1 << 61, apart)).unwrap();
                let unit = rounded.into_iter().flatten().max().unwrap_or(sum.exponent);
                let exact = i128::from(v) + (1 << 61 << apart.min(62));
                if apart <= 62 {
                    let off = (i128::from(sum.data[0][0]) << sum.exponent) - exact;
                    assert!(2 * off.abs() <= 2 * (1 << unit), "{v} {apart}");
                    if rounded == [None; 2] {
                        assert_eq!(off, 0);
                    }
                } else {
                    // The small one alone is lost or rounded up: half a unit each.
                    assert!((sum.data[0][0] - (1 << (61 + apart - sum.exponent))).abs() <= 1);
                }
            }
        }
    }
}
