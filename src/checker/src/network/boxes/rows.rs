//! Rows that go back to the input: upper bounds of linear functions of a node (rule B3).
//!
//! A row is a list of coefficients over 2^precision, eight rows side by side. Through a map the sums of products are exact;
//! a coefficient is then rounded down, which leaves less than 2^-precision times the element's value: the sum of the
//! bounds of all values is charged. So is what weights were cut by, and a unit of each bias. The row of a difference
//! carries two lists: of the differences, and of the network's own values.

use crate::core::fault::{Checked, Fault};
use crate::network::boxes::fixed::{product, shift_up, sum, value, SLOPE_BITS};
use crate::network::boxes::lines::{Lines, Planes, Range};
use crate::network::boxes::maps::{Map, Step};

/// Rows side by side.
const ROWS: usize = 8;

/// The quantities that are bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Relu,
    Twin,
    Difference,
    /// The difference, through lines in d alone.
    Alone,
}

impl System {
    /// Whether it is a difference: 0 at the input, and without the biases.
    fn is_difference(self) -> bool {
        matches!(self, Self::Difference | Self::Alone)
    }
}

/// What is proved of a node's elements so far.
pub(crate) struct Known {
    /// Bounds of |value| in the network, its twin and their difference.
    pub(crate) sizes: [Vec<i64>; 3],
    /// Of a ReLU: lines of network and twin, planes of the difference.
    pub(crate) relu: Vec<Lines>,
    pub(crate) twin: Vec<Lines>,
    pub(crate) difference: Vec<Planes>,
}

impl Known {
    fn sizes(&self, system: System) -> &[i64] {
        let [relu, twin, difference] = &self.sizes;
        match system {
            System::Relu => relu,
            System::Twin => twin,
            System::Difference | System::Alone => difference,
        }
    }
}

/// The nodes, what is known of those before the target, and the box.
pub(crate) struct Task<'a> {
    pub(crate) steps: &'a [Step],
    pub(crate) known: &'a [Known],
    pub(crate) sides: &'a [Range],
    pub(crate) precision: u32,
}

/// Coefficients that have come together at each node, eight rows at each element.
type Lists = Vec<Option<Vec<i64>>>;
/// The lists of a node: of its own system, and of the network beside a difference.
type Both = (Option<Vec<i64>>, Option<Vec<i64>>);

impl Task<'_> {
    /// Ranges of all elements of the target, a node without ReLU.
    pub(crate) fn ranges(&self, system: System, target: usize, n: usize) -> Checked<Vec<Range>> {
        let ends: Vec<(usize, i64)> = (0..n).flat_map(|j| [(j, 1), (j, -1)]).collect();
        let mut bounds = Vec::with_capacity(ends.len());
        for chunk in ends.chunks(ROWS) {
            let mut start = vec![0i64; n * ROWS];
            for (r, (j, sign)) in chunk.iter().enumerate() {
                if let Some(q) = start.get_mut(j * ROWS + r) {
                    *q = sign << self.precision;
                }
            }
            let found = self.bounds(system, target, start)?;
            bounds.extend(found.into_iter().take(chunk.len()));
        }
        let pair = |b: &[i64]| match b {
            [above, below] => Ok(Range {
                lo: -below,
                hi: *above,
            }),
            _ => Err(Fault::internal("ends")),
        };
        bounds.chunks(2).map(pair).collect()
    }

    /// Upper bounds of eight rows.
    fn bounds(&self, system: System, target: usize, start: Vec<i64>) -> Checked<Vec<i64>> {
        let mut lists: Lists = vec![None; target + 1];
        let mut others: Lists = vec![None; target + 1];
        let mut totals = [0i128; ROWS];
        put(&mut lists, target, start)?;
        for k in (1..=target).rev() {
            let own = take(&mut lists, k)?;
            let other = take(&mut others, k)?;
            let step = self.steps.get(k).ok_or_else(|| Fault::internal("step"))?;
            match step {
                Step::Linear { maps, bias } => {
                    for (list, to, which) in [
                        (own, &mut lists, system),
                        (other, &mut others, System::Relu),
                    ] {
                        let Some(list) = list else { continue };
                        if !which.is_difference() {
                            add_bias(&list, bias, &mut totals)?;
                        }
                        for map in maps {
                            self.through(&list, map, which, to, &mut totals)?;
                        }
                    }
                }
                Step::Relu { source, .. } => {
                    let (own, other) = self.activation(k, system, own, other, &mut totals)?;
                    for (list, to) in [(own, &mut lists), (other, &mut others)] {
                        if let Some(list) = list {
                            put(to, *source, list)?;
                        }
                    }
                }
            }
        }
        // The difference is 0 at the input.
        let own = take(&mut lists, 0)?.filter(|_| !system.is_difference());
        for list in [own, take(&mut others, 0)?].into_iter().flatten() {
            for (q, side) in list.chunks(ROWS).zip(self.sides) {
                for (q, total) in q.iter().zip(&mut totals) {
                    let most = product(*q, side.lo).max(product(*q, side.hi));
                    *total = sum(*total, most)?;
                }
            }
        }
        let rounded = totals.iter().map(|t| value(shift_up(*t, self.precision)));
        rounded.collect()
    }

    /// Through a map, to its source.
    fn through(
        &self,
        list: &[i64],
        map: &Map,
        system: System,
        to: &mut Lists,
        totals: &mut [i128; ROWS],
    ) -> Checked<()> {
        if map.source == 0 && system.is_difference() {
            return Ok(());
        }
        let known = self.known.get(map.source);
        let sizes = known.ok_or_else(|| Fault::internal("known"))?.sizes(system);
        let all: i128 = sizes.iter().map(|s| i128::from(*s)).sum();
        let mut sums = vec![[0i128; ROWS]; sizes.len()];
        let mut absolute = [0i128; ROWS];
        let outputs = list.chunks_exact(ROWS).skip(map.first);
        for (q, row) in outputs.zip(&map.rows) {
            let q = <[i64; ROWS]>::try_from(q).map_err(|_| Fault::internal("rows"))?;
            if q == [0; ROWS] {
                continue;
            }
            for (a, q) in absolute.iter_mut().zip(q) {
                *a += i128::from(q.abs());
            }
            for (i, w) in row {
                let place = usize::try_from(*i).ok().and_then(|i| sums.get_mut(i));
                let place = place.ok_or_else(|| Fault::internal("element"))?;
                for (s, q) in place.iter_mut().zip(&q) {
                    *s += product(*q, *w);
                }
            }
        }
        let rounded = sums.iter().flatten().map(|s| value(s >> map.shift));
        put(to, map.source, rounded.collect::<Checked<_>>()?)?;
        for (total, absolute) in totals.iter_mut().zip(absolute) {
            if map.shift > 0 {
                *total = sum(*total, all)?;
            }
            if map.cut {
                let lost = absolute.checked_mul(all);
                let lost = lost.ok_or_else(super::fixed::vacuous)?;
                *total = sum(*total, shift_up(lost, map.shift))?;
            }
        }
        Ok(())
    }

    /// From coefficients of an activation's results to those of its inputs.
    fn activation(
        &self,
        k: usize,
        system: System,
        own: Option<Vec<i64>>,
        other: Option<Vec<i64>>,
        totals: &mut [i128; ROWS],
    ) -> Checked<Both> {
        let known = self.known.get(k).ok_or_else(|| Fault::internal("known"))?;
        let Step::Relu { source, .. } = self.steps.get(k).ok_or_else(|| Fault::internal("step"))?
        else {
            return Err(Fault::internal("activation"));
        };
        let before = self.known.get(*source);
        let before = before.ok_or_else(|| Fault::internal("known"))?;
        let mut apply =
            |list: &mut [i64], lines: &mut dyn Iterator<Item = &Lines>, sizes: &[i64]| {
                for ((q, lines), size) in list.chunks_mut(ROWS).zip(lines).zip(sizes) {
                    for (q, total) in q.iter_mut().zip(totals.iter_mut()) {
                        if *q == 0 {
                            continue;
                        }
                        let line = if *q > 0 { lines.above } else { lines.below };
                        // A coefficient is rounded down by less than a unit.
                        *total = sum(*total, product(*q, line.offset) + i128::from(*size))?;
                        *q = value(product(*q, line.slope) >> SLOPE_BITS)?;
                    }
                }
                Ok(())
            };
        let sizes = before.sizes(system);
        let Some(mut own) = own else {
            return Ok((None, other));
        };
        match system {
            System::Relu => apply(&mut own, &mut known.relu.iter(), sizes)?,
            System::Twin => apply(&mut own, &mut known.twin.iter(), sizes)?,
            System::Alone => {
                let mut lines = known.difference.iter().map(|p| &p.alone);
                apply(&mut own, &mut lines, sizes)?;
            }
            System::Difference => {
                let turned = turned(&own, &known.difference)?;
                let mut lines = known.difference.iter().map(|p| &p.lines);
                apply(&mut own, &mut lines, sizes)?;
                let mut other = other.unwrap_or_else(|| vec![0; own.len()]);
                let sizes = before.sizes(System::Relu);
                apply(&mut other, &mut known.relu.iter(), sizes)?;
                let mut any = false;
                let each = other.chunks_mut(ROWS).zip(turned.chunks(ROWS));
                for ((q, t), size) in each.zip(sizes) {
                    for ((q, (t, inexact)), total) in q.iter_mut().zip(t).zip(totals.iter_mut()) {
                        *q = value(i128::from(*q) + i128::from(*t))?;
                        any |= *q != 0;
                        if *inexact {
                            *total = sum(*total, i128::from(*size))?;
                        }
                    }
                }
                return Ok((Some(own), any.then_some(other)));
            }
        }
        Ok((Some(own), None))
    }
}

/// What planes of a difference add to the coefficients of the network's own values, rounded down, and whether that may
/// have changed it.
fn turned(own: &[i64], planes: &[Planes]) -> Checked<Vec<(i64, bool)>> {
    let mut all = Vec::with_capacity(own.len());
    for (q, planes) in own.chunks(ROWS).zip(planes) {
        for q in q {
            let exact = product(*q, planes.z);
            all.push((value(exact >> SLOPE_BITS)?, exact != 0));
        }
    }
    Ok(all)
}

/// Biases are rounded down by less than a unit.
fn add_bias(list: &[i64], bias: &[i64], totals: &mut [i128; ROWS]) -> Checked<()> {
    for (q, b) in list.chunks(ROWS).zip(bias) {
        for (q, total) in q.iter().zip(totals.iter_mut()) {
            *total = sum(*total, product(*q, *b).max(product(*q, b + 1)))?;
        }
    }
    Ok(())
}

fn take(lists: &mut Lists, k: usize) -> Checked<Option<Vec<i64>>> {
    let list = lists.get_mut(k).ok_or_else(|| Fault::internal("list"))?;
    Ok(list.take())
}

/// Adds coefficients to those that a node has.
fn put(lists: &mut Lists, k: usize, more: Vec<i64>) -> Checked<()> {
    let list = lists.get_mut(k).ok_or_else(|| Fault::internal("list"))?;
    match list {
        None => *list = Some(more),
        Some(there) => {
            for (q, m) in there.iter_mut().zip(&more) {
                *q = value(i128::from(*q) + i128::from(*m))?;
            }
        }
    }
    Ok(())
}
