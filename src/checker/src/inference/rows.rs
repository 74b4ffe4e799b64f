//! What is linear between two activations, as one map a value: which elements each element reads, and how large factors are.
//!
//! Factors are upper bounds of sizes, multiples of 2^-40: what a map adds to noise grows with them, and where a map of the network
//! is the one that is run is a matter of which elements meet (rule I2), not of how large their factors are. Where sums cancel
//! exactly an element is still counted.

use crate::core::fault::{Checked, Fault, Rule};
use crate::network::model::layers::{Dyadic, Geometry, Layer, NetworkNode};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::Signed;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Factors are multiples of 2^-BITS.
pub(super) const BITS: u64 = 40;
/// Most factors of the maps of one node, and products that make them.
const MAX_ENTRIES: usize = 1 << 25;
/// Most places of all windows of a layer, those in the padding too.
const MAX_PLACES: usize = 1 << 26;

/// A matrix by its rows: columns, and sizes of factors, rounded up.
#[derive(Debug, Default)]
pub(super) struct Rows {
    ends: Vec<usize>,
    entries: Vec<(u32, u64)>,
}

fn limit() -> Fault {
    let text = format!("a linear map has more than {MAX_ENTRIES} factors, or one of 2^23 and more");
    Fault::rejected(Rule::Limit, text)
}

/// |a b|, rounded up.
fn product(a: u64, b: u64) -> Checked<u64> {
    let shifted = (u128::from(a) * u128::from(b)).div_ceil(1 << BITS);
    small(u64::try_from(shifted).map_err(|_| limit())?)
}

fn small(a: u64) -> Checked<u64> {
    match a >> 63 {
        0 => Ok(a),
        _ => Err(limit()),
    }
}

fn sum(a: u64, b: u64) -> Checked<u64> {
    a.checked_add(b).ok_or_else(limit).and_then(small)
}

/// |x|, rounded up.
fn size(x: &Dyadic) -> Checked<u64> {
    let up = x.exponent.saturating_add(40);
    let m = x.mantissa.abs();
    let scaled = match u64::try_from(up) {
        // Exponents are within 1200.
        Ok(up) => m << up,
        Err(_) => -((-m) >> up.unsigned_abs()),
    };
    small(u64::try_from(&scaled).map_err(|_| limit())?)
}

impl Rows {
    fn with_rows(rows: usize) -> Self {
        Self {
            ends: Vec::with_capacity(rows),
            entries: Vec::new(),
        }
    }

    fn push(&mut self, column: usize, factor: u64) -> Checked<()> {
        if factor == 0 {
            return Ok(());
        }
        if self.entries.len() >= MAX_ENTRIES {
            return Err(limit());
        }
        let column = u32::try_from(column).map_err(|_| limit())?;
        self.entries.push((column, factor));
        Ok(())
    }

    fn end(&mut self) {
        self.ends.push(self.entries.len());
    }

    fn identity(n: usize) -> Checked<Self> {
        let mut out = Self::with_rows(n);
        for i in 0..n {
            out.push(i, 1 << BITS)?;
            out.end();
        }
        Ok(out)
    }

    /// The number of factors.
    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Columns and factors of a row.
    pub(super) fn row(&self, i: usize) -> &[(u32, u64)] {
        let start = i.checked_sub(1).and_then(|i| self.ends.get(i)).copied();
        let end = self.ends.get(i).copied().unwrap_or(0);
        self.entries.get(start.unwrap_or(0)..end).unwrap_or(&[])
    }

    /// The greatest sum of a row.
    pub(super) fn norm(&self) -> Checked<u64> {
        let one = |i| self.row(i).iter().try_fold(0, |s, &(_, f)| sum(s, f));
        (0..self.len()).try_fold(0, |most, i| Ok(one(i)?.max(most)))
    }

    /// The greatest factor.
    pub(super) fn largest(&self) -> u64 {
        self.entries.iter().map(|e| e.1).max().unwrap_or(0)
    }

    /// Products that this map of what another one makes takes.
    fn products(&self, before: &Self) -> usize {
        self.entries.iter().map(|e| before.row(e.0 as usize).len()).sum()
    }

    /// This map of what another one makes, of so many columns.
    fn after(&self, before: &Self, columns: usize) -> Checked<Self> {
        if self.products(before) > MAX_ENTRIES {
            return Err(limit());
        }
        let mut sums = vec![0u64; columns];
        let mut out = Self::with_rows(self.len());
        for i in 0..self.len() {
            let mut touched: Vec<u32> = Vec::new();
            for &(j, factor) in self.row(i) {
                for &(column, inner) in before.row(j as usize) {
                    let at = sums.get_mut(column as usize);
                    let at = at.ok_or_else(|| Fault::internal("column"))?;
                    if *at == 0 {
                        touched.push(column);
                    }
                    // Never 0: both are above.
                    *at = sum(*at, product(factor, inner)?)?;
                }
            }
            touched.sort_unstable();
            for column in touched {
                if let Some(at) = sums.get_mut(column as usize) {
                    out.push(column as usize, std::mem::take(at))?;
                }
            }
            out.end();
        }
        Ok(out)
    }

    fn plus(&self, other: &Self) -> Checked<Self> {
        let mut out = Self::with_rows(self.len());
        for i in 0..self.len().max(other.len()) {
            let mut row: BTreeMap<u32, u64> = BTreeMap::new();
            for &(column, factor) in self.row(i).iter().chain(other.row(i)) {
                let at = row.entry(column).or_insert(0);
                *at = sum(*at, factor)?;
            }
            for (column, factor) in row {
                out.push(column as usize, factor)?;
            }
            out.end();
        }
        Ok(out)
    }

    /// Sizes of the sums, of numbers of these sizes.
    fn of(&self, x: &[u64]) -> Checked<Vec<u64>> {
        let one = |i| {
            let mut row = self.row(i).iter();
            row.try_fold(0, |s, &(j, f)| {
                let x = x.get(j as usize).ok_or_else(|| Fault::internal("row"))?;
                sum(s, product(f, *x)?)
            })
        };
        (0..self.len()).map(one).collect()
    }
}

/// A sum of linear maps of values and a constant.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    /// The map of each value; none is the identity.
    pub(super) terms: BTreeMap<usize, Option<Rc<Rows>>>,
    /// Sizes of the constant.
    pub(super) bias: Vec<u64>,
    /// Places and products that its layer took.
    pub(super) work: usize,
}

impl Sum {
    /// A value itself.
    pub(super) fn value(value: usize, size: usize) -> Self {
        Self {
            terms: BTreeMap::from([(value, None)]),
            bias: vec![0; size],
            work: size,
        }
    }

    /// Factors of its maps, those of an identity apart.
    pub(super) fn entries(&self) -> usize {
        self.terms
            .values()
            .flatten()
            .map(|rows| rows.entries.len())
            .sum()
    }

    /// The value that it is itself.
    pub(super) fn alone(&self) -> Option<usize> {
        let mut terms = self.terms.iter();
        match (terms.next(), terms.next()) {
            (Some((&value, None)), None) if self.bias.iter().all(|b| *b == 0) => Some(value),
            _ => None,
        }
    }

    /// Its maps written out; `sizes` are those of the values.
    pub(super) fn maps(&self, sizes: &[usize]) -> Checked<Vec<(usize, Rc<Rows>)>> {
        let one = |(&value, rows): (&usize, &Option<Rc<Rows>>)| {
            let rows = match rows {
                Some(rows) => rows.clone(),
                None => Rc::new(Rows::identity(sizes.get(value).copied().unwrap_or(0))?),
            };
            Ok((value, rows))
        };
        self.terms.iter().map(one).collect()
    }

    /// What a layer makes of its inputs, of these shapes.
    pub(super) fn layer(
        node: &NetworkNode,
        from: &[(&Self, [usize; 3])],
        sizes: &[usize],
    ) -> Checked<Self> {
        let shapes: Vec<[usize; 3]> = from.iter().map(|f| f.1).collect();
        let places = places(node, &shapes)?;
        let (maps, bias) = layer(node, &shapes)?;
        let n = node.shape.iter().product();
        let mut out = Self {
            terms: BTreeMap::new(),
            bias: bias.unwrap_or_else(|| vec![0; n]),
            work: places,
        };
        for (map, (x, _)) in maps.into_iter().zip(from) {
            let map = map.map(Rc::new);
            let moved = match &map {
                Some(map) => map.of(&x.bias)?,
                None => x.bias.clone(),
            };
            for (b, m) in out.bias.iter_mut().zip(moved) {
                *b = sum(*b, m)?;
            }
            for (&value, before) in &x.terms {
                let columns = sizes.get(value).copied().unwrap_or(0);
                let made = match (&map, before) {
                    (None, before) => before.clone(),
                    (Some(map), None) => Some(map.clone()),
                    (Some(map), Some(before)) => {
                        out.work = out.work.saturating_add(map.products(before)).saturating_add(columns);
                        Some(Rc::new(map.after(before, columns)?))
                    }
                };
                let made = match out.terms.remove(&value) {
                    None => made,
                    Some(there) => {
                        let rows = |m: Option<Rc<Rows>>| match m {
                            Some(rows) => Ok(rows),
                            None => Rows::identity(n).map(Rc::new),
                        };
                        Some(Rc::new(rows(there)?.plus(&*rows(made)?)?))
                    }
                };
                out.terms.insert(value, made);
            }
        }
        Ok(out)
    }
}

/// The places of all windows of a layer, and the elements of what it reads, refused before they are walked: most may be padding.
fn places(node: &NetworkNode, from: &[[usize; 3]]) -> Checked<usize> {
    let size = |shape: &[usize; 3]| shape.iter().product::<usize>();
    let read = from.iter().map(size).fold(0, usize::saturating_add);
    let each = match &node.layer {
        Layer::Conv { weights, .. } | Layer::Dense { weights, .. } => weights.len() / node.shape[0].max(1),
        Layer::AvgPool { geometry, .. } => geometry.kernel[0].saturating_mul(geometry.kernel[1]),
        _ => from.len(),
    };
    let all = size(&node.shape).saturating_mul(each).saturating_add(read);
    match all <= MAX_PLACES {
        true => Ok(all),
        false => Err(Fault::rejected(
            Rule::Limit,
            format!("the windows of a layer have {all} places, the limit is {MAX_PLACES}"),
        )),
    }
}

/// The map of each input, none for the identity, and sizes of the constant, none for zeros.
type Parts = (Vec<Option<Rows>>, Option<Vec<u64>>);

fn layer(node: &NetworkNode, from: &[[usize; 3]]) -> Checked<Parts> {
    let out = node.shape;
    let n: usize = out.iter().product();
    let pixels = out[1] * out[2];
    let x = from
        .first()
        .copied()
        .ok_or_else(|| Fault::internal("input"))?;
    let plane = x[1] * x[2];
    let sizes = |all: &[Dyadic]| all.iter().map(size).collect::<Checked<Vec<u64>>>();
    let each = |all: &[u64]| -> Vec<u64> {
        let spread = all.iter().flat_map(|b| std::iter::repeat_n(*b, pixels));
        spread.collect()
    };
    let scaled = |factors: &[u64]| {
        let mut rows = Rows::with_rows(n);
        for (i, factor) in each(factors).into_iter().enumerate() {
            rows.push(i, factor)?;
            rows.end();
        }
        Ok(rows)
    };
    // One element, or none, for each.
    let picked = |places: &mut dyn FnMut(usize) -> Option<usize>| {
        let mut rows = Rows::with_rows(n);
        for i in 0..n {
            if let Some(j) = places(i) {
                rows.push(j, 1 << BITS)?;
            }
            rows.end();
        }
        Ok(rows)
    };
    let place = |i: usize| [i / pixels, i % pixels / out[2], i % out[2]];
    let one = |rows: Rows| vec![Some(rows)];
    Ok(match &node.layer {
        Layer::Conv {
            groups,
            geometry,
            weights,
            bias,
        } => {
            let weights = sizes(weights)?;
            let rows = convolution(&weights, *groups, geometry, x, out)?;
            (one(rows), Some(each(&sizes(bias)?)))
        }
        Layer::Dense { weights, bias } => {
            let weights = sizes(weights)?;
            let mut rows = Rows::with_rows(n);
            for row in weights.chunks(x.iter().product::<usize>().max(1)) {
                for (j, w) in row.iter().enumerate() {
                    rows.push(j, *w)?;
                }
                rows.end();
            }
            (one(rows), Some(sizes(bias)?))
        }
        Layer::BatchNorm {
            gamma,
            beta,
            mean,
            variance,
            epsilon,
        } => {
            let epsilon = epsilon.first().ok_or_else(|| Fault::internal("epsilon"))?;
            let (mut factors, mut shifts) = (Vec::new(), Vec::new());
            for (((g, b), m), v) in gamma.iter().zip(beta).zip(mean).zip(variance) {
                let factor = norm(g, v, epsilon)?;
                shifts.push(sum(size(b)?, product(size(m)?, factor)?)?);
                factors.push(factor);
            }
            (one(scaled(&factors)?), Some(each(&shifts)))
        }
        Layer::Affine { scale, shift } => {
            (one(scaled(&sizes(scale)?)?), Some(each(&sizes(shift)?)))
        }
        Layer::AvgPool { geometry, inside } => (one(average(geometry, *inside, x, out)?), None),
        Layer::Reshape => (vec![None], None),
        Layer::Add => (vec![None, None], None),
        Layer::Subsample { step } => {
            let rows = picked(&mut |i| {
                let [c, y, z] = place(i);
                Some(c * plane + y * step[0] * x[2] + z * step[1])
            })?;
            (one(rows), None)
        }
        Layer::Pad { before } => {
            let rows = picked(&mut |i| {
                let at = place(i);
                let mut inner = [0; 3];
                for (((inner, at), before), size) in inner.iter_mut().zip(at).zip(before).zip(x) {
                    *inner = at.checked_sub(*before).filter(|i| *i < size)?;
                }
                Some(inner[0] * plane + inner[1] * x[2] + inner[2])
            })?;
            (one(rows), None)
        }
        Layer::Gather { from } => {
            let rows = picked(&mut |i| from.get(i).copied().flatten().map(|j| j as usize))?;
            (one(rows), None)
        }
        Layer::Concat => {
            let (mut maps, mut first) = (Vec::new(), 0);
            for shape in from {
                let own = first..first + shape.iter().product::<usize>();
                first = own.end;
                maps.push(Some(picked(&mut |i| {
                    own.contains(&i).then(|| i - own.start)
                })?));
            }
            (maps, None)
        }
        _ => {
            let text = "is neither linear nor relu of slope 0 nor max_pool";
            return Err(Fault::rejected(Rule::Own("I1 program"), text));
        }
    })
}

/// |gamma|/sqrt(variance + epsilon), rounded up.
fn norm(gamma: &Dyadic, variance: &Dyadic, epsilon: &Dyadic) -> Checked<u64> {
    let sum = variance.rational().plus(&epsilon.rational());
    if !sum.is_positive() {
        let text = "variance + epsilon is not above 0";
        return Err(Fault::rejected(Rule::Own("I1 program"), text));
    }
    let gamma = gamma.rational();
    if gamma.is_zero() {
        return Ok(0);
    }
    // The square's root at twice the bits, rounded up.
    let square = gamma.times(&gamma).over(&sum).ceil_at(2 * BITS);
    let root: BigInt = square.sqrt() + 1u32;
    small(u64::try_from(&root).map_err(|_| limit())?)
}

fn convolution(
    weights: &[u64],
    groups: usize,
    geometry: &Geometry,
    x: [usize; 3],
    out: [usize; 3],
) -> Checked<Rows> {
    let plane = x[1] * x[2];
    let (each, outs) = (x[0] / groups.max(1), (out[0] / groups.max(1)).max(1));
    let taps = geometry.kernel[0] * geometry.kernel[1];
    let mut rows = Rows::with_rows(out.iter().product());
    for channel in 0..out[0] {
        let own = weights.get(channel * each * taps..(channel + 1) * each * taps);
        let own = own.ok_or_else(|| Fault::internal("weights"))?;
        let first = channel / outs * each;
        for row in 0..out[1] {
            for column in 0..out[2] {
                let places = geometry.places(x, row, column);
                for (input, weights) in own.chunks(taps.max(1)).enumerate() {
                    for (place, w) in places.iter().zip(weights) {
                        if let Some(place) = place {
                            rows.push((first + input) * plane + place, *w)?;
                        }
                    }
                }
                rows.end();
            }
        }
    }
    Ok(rows)
}

fn average(geometry: &Geometry, inside: bool, x: [usize; 3], out: [usize; 3]) -> Checked<Rows> {
    let plane = x[1] * x[2];
    let mut rows = Rows::with_rows(out.iter().product());
    for channel in 0..out[0] {
        for row in 0..out[1] {
            for column in 0..out[2] {
                let places = geometry.places(x, row, column);
                let inner: Vec<usize> = places.iter().flatten().copied().collect();
                let count = if inside { inner.len() } else { places.len() };
                let count = u64::try_from(count.max(1)).map_err(|_| limit())?;
                let share = Integer::div_ceil(&(1u64 << BITS), &count);
                for place in inner {
                    rows.push(channel * plane + place, share)?;
                }
                rows.end();
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::read::network;

    fn dyadic(m: i64, exponent: i64) -> Dyadic {
        Dyadic {
            mantissa: m.into(),
            exponent,
        }
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(size(&dyadic(-3, -1)).unwrap(), 3 << 39);
        assert_eq!(size(&dyadic(1, -41)).unwrap(), 1);
        assert_eq!(size(&dyadic(0, -41)).unwrap(), 0);
        assert!(size(&dyadic(1, 23)).is_err());
        assert_eq!(product(1, 1).unwrap(), 1);
        assert_eq!(product(3 << 40, 5 << 40).unwrap(), 15 << 40);
        // 3/sqrt 4, and a unit for the root.
        let root = norm(&dyadic(3, 0), &dyadic(3, 0), &dyadic(1, 0)).unwrap();
        assert_eq!(root, (3 << 39) + 1);
        assert!(norm(&dyadic(3, 0), &dyadic(-1, 0), &dyadic(1, 0)).is_err());
    }

    /// A convolution, a norm of its channels and a shortcut around both are one map.
    #[test]
    fn layers_are_composed() {
        let text = "polycert-exact-network/1\ninput 1 2 2\nconv 0 2 1 2 1 1 1 1 1 1 0 0 0\nweights 1 2 3 4\nbias 1 0\n\
                    batch_norm 1\ngamma -3 1\nbeta 1 1\nmean 2 0\nvariance 3 3\nepsilon 1\npad 0 0 1 0 0 0 0\nadd 2 3\noutput 4\n";
        let network = network(text.as_bytes()).unwrap();
        let mut sums = vec![Sum::value(0, 4)];
        let mut shapes = vec![network.input];
        for node in &network.nodes {
            let from: Vec<_> = node.inputs.iter().map(|&i| (&sums[i], shapes[i])).collect();
            let sum = Sum::layer(node, &from, &[4]).unwrap();
            sums.push(sum);
            shapes.push(node.shape);
        }
        let last = sums.last().unwrap();
        let maps = last.maps(&[4]).unwrap();
        let (value, rows) = &maps[0];
        assert_eq!((*value, rows.len(), maps.len()), (0, 8, 1));
        let near = |have: u64, want: u64| have >= want << 40 && have - (want << 40) < 16;
        // 3/2 times a bottom weight of 2, and the shortcut.
        let first = rows.row(0);
        assert!(first.len() == 1 && near(first[0].1, 4), "{first:?}");
        // Row 1 of channel 1: 1/2 (3 above, 4 below), no shortcut.
        let last_row = rows.row(6);
        let found: Vec<u32> = last_row.iter().map(|e| e.0).collect();
        assert_eq!(found, [0, 2]);
        assert!(near(2 * last_row[0].1, 3) && near(2 * last_row[1].1, 4));
        assert!(near(2 * rows.norm().unwrap(), 11));
        assert_eq!(rows.largest() >> 40, 4);
        // |1 - 2 3/2| is counted as 1 + 3, after 3/2 1.
        assert!(near(2 * last.bias[0], 2 * 4 + 3), "{:?}", last.bias);
        assert!(last.alone().is_none() && sums[0].alone() == Some(0));
    }

    /// A generator of small numbers, for networks that nobody chose.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) as usize) % n
        }

        fn list(&mut self, name: &str, n: usize, least: i64) -> String {
            let one = |_| format!(" {}", self.below(9) as i64 + least);
            format!("{name}{}\n", (0..n).map(one).collect::<String>())
        }
    }

    /// A network of linear layers, each of one or two nodes before it.
    fn network_of(dice: &mut Dice) -> String {
        let input = [1 + dice.below(3), 1 + dice.below(4), 1 + dice.below(4)];
        let [c, h, w] = input;
        let mut text = format!("polycert-exact-network/1\ninput {c} {h} {w}\n");
        let mut count = 1;
        for _ in 0..7 {
            let read = |text: &str, last: usize| network(format!("{text}output {last}\n").as_bytes());
            let net = read(&text, count - 1).unwrap();
            let i = count - 1 - dice.below(count.min(3));
            let [c, h, w] = if i == 0 { input } else { net.nodes[i - 1].shape };
            let line = match dice.below(10) {
                0 | 1 => {
                    let groups = if c % 2 == 0 && dice.below(2) == 0 { 2 } else { 1 };
                    let out = groups * (1 + dice.below(2));
                    let [kh, kw, sh, sw] = [1 + dice.below(3), 1 + dice.below(3), 1 + dice.below(2), 1 + dice.below(2)];
                    let [dh, dw, a, b, d, e] = [1 + dice.below(2), 1, dice.below(3), dice.below(3), dice.below(3), dice.below(3)];
                    format!("conv {i} {out} {groups} {kh} {kw} {sh} {sw} {dh} {dw} {a} {b} {d} {e}\n")
                        + &dice.list("weights", out * c / groups * kh * kw, -4)
                        + &dice.list("bias", out, -4)
                }
                2 if c * h * w < 60 => format!("dense {i} 3\n") + &dice.list("weights", 3 * c * h * w, -4) + &dice.list("bias", 3, -4),
                3 => {
                    format!("batch_norm {i}\n")
                        + &dice.list("gamma", c, -4)
                        + &dice.list("beta", c, -4)
                        + &dice.list("mean", c, -4)
                        + &dice.list("variance", c, 0)
                        + "epsilon 1\n"
                }
                4 => format!("affine {i}\n") + &dice.list("scale", c, -4) + &dice.list("shift", c, -4),
                5 => {
                    let [kh, kw] = [1 + dice.below(3), 1 + dice.below(3)];
                    let [a, b, d, e] = [dice.below(kh), dice.below(kw), dice.below(kh), dice.below(kw)];
                    format!("avg_pool {i} {kh} {kw} {} {} {a} {b} {d} {e} {}\n", 1 + dice.below(2), 1 + dice.below(2), dice.below(2))
                }
                6 => format!("subsample {i} {} {}\n", 1 + dice.below(2), 1 + dice.below(3)),
                7 => format!("pad {i} {} {} {} {} {} {}\n", dice.below(2), dice.below(2), dice.below(2), dice.below(2), dice.below(2), dice.below(2)),
                8 => {
                    let same: Vec<usize> = (0..count).filter(|&j| (if j == 0 { input } else { net.nodes[j - 1].shape }) == [c, h, w]).collect();
                    format!("add {i} {}\n", same[dice.below(same.len())])
                }
                9 if dice.below(2) == 0 => format!("reshape {i} {} {} {}\n", h, w, c),
                _ => format!("concat {i} {i}\n"),
            };
            let longer = format!("{text}{line}");
            if read(&longer, count).is_ok_and(|n| n.nodes[count - 1].shape.iter().product::<usize>() < 400) {
                text = longer;
                count += 1;
            }
        }
        format!("{text}output {}\n", count - 1)
    }

    /// The rows of networks are those that the evaluation has: found by the images of 0 and of every unit vector.
    #[test]
    fn rows_are_those_of_the_evaluation() {
        use crate::network::balls::Balls;
        use crate::network::forward::evaluate;
        const PRECISION: u64 = 160;
        let (mut dice, mut equal, mut met, mut nodes) = (Dice(7), 0, 0, 0);
        for _ in 0..100 {
            let text = network_of(&mut dice);
            let Ok(mut network) = network(text.as_bytes()) else { panic!("{text}") };
            if network.nodes.is_empty() {
                continue;
            }
            let size: usize = network.input.iter().product();
            let mut sums = vec![Sum::value(0, size)];
            let mut shapes = vec![network.input];
            for node in &network.nodes {
                let from: Vec<_> = node.inputs.iter().map(|&i| (&sums[i], shapes[i])).collect();
                let sum = Sum::layer(node, &from, &[size]).unwrap_or_else(|e| panic!("{e:?} {text}"));
                sums.push(sum);
                shapes.push(node.shape);
            }
            for output in 1..shapes.len() {
                network.output = output;
                let image = |unit: Option<usize>| {
                    let mut mid = vec![BigInt::from(0); size];
                    if let Some(j) = unit {
                        mid[j] = BigInt::from(1) << PRECISION;
                    }
                    let x = Balls { mid, radius: BigInt::from(0) };
                    evaluate(&network, &x, None, PRECISION, &mut |_| {}).unwrap()
                };
                nodes += 1;
                let zero = image(None);
                let sum = &sums[output];
                let maps = sum.maps(&[size]).unwrap();
                let slack = |have: u64, want: &BigInt, off: &BigInt| {
                    let have = BigInt::from(have) << (PRECISION - BITS);
                    assert!(have.clone() + off >= want.abs(), "{output}: {have} {want}\n{text}");
                    have - want.abs()
                };
                assert_eq!(sum.bias.len(), zero.mid.len());
                for (bias, zero_mid) in sum.bias.iter().zip(&zero.mid) {
                    slack(*bias, zero_mid, &zero.radius);
                }
                for j in 0..size {
                    let one = image(Some(j));
                    let off = &one.radius + &zero.radius;
                    for (i, (a, b)) in one.mid.iter().zip(&zero.mid).enumerate() {
                        let entry = maps.iter().flat_map(|(_, m)| m.row(i)).find(|e| e.0 as usize == j);
                        let have = entry.map_or(0, |e| e.1);
                        let left = slack(have, &(a - b), &off);
                        if have > 0 {
                            met += 1;
                            equal += usize::from(left < BigInt::from(1) << (PRECISION - BITS + 16));
                        }
                    }
                }
            }
        }
        // Sums that cancel are counted by their sizes; most do not.
        println!("{nodes} nodes, {equal} of {met} factors as large as they are");
        assert!(nodes > 400 && 2 * equal > met);
    }
}
