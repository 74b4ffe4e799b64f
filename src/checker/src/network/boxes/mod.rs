//! Certificates of box bounds: over a whole box of inputs no function in place of a ReLU is asked outside its range,
//! and the outputs differ by at most so much. The contract is `certificates/NETWORK.md`.
//!
//! Nothing in the certificate is a hint: node by node the network's values, the twin's and their differences are bounded
//! again by rows that go back to the box ([`rows`]), in machine integers with outward rounding.

mod document;
mod fixed;
mod lines;
mod maps;
pub(crate) mod report;
mod rows;

pub(crate) use document::FORMAT;

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::format::digest::of_bytes;
use crate::format::path::printable;
use crate::network::boxes::document::{BoxDocument, Element};
use crate::network::boxes::fixed::{product, shift_up, value};
use crate::network::boxes::lines::{difference, function, relu, Function, Planes, Range};
use crate::network::boxes::maps::{must_pass, size, steps, Step};
use crate::network::boxes::report::{BoxOutcome, BoxReport};
use crate::network::boxes::rows::{Known, System, Task};
use crate::network::model::expand::expand;
use crate::network::model::read;
use crate::words::numerals::Numerals;

/// Most products of a coefficient and a weight, about a minute for each 2^35.
const WORK: u64 = 1 << 37;

/// Checks a certificate of box bounds against the exact network that it is about.
///
/// **Inputs** the bytes of the two files.
///
/// **Guarantee** [`BoxOutcome::Verified`] only if, over the reals, for every input in the stated box and all functions
/// that have the stated properties on their stated ranges, no function is asked outside its range, and each output of the
/// network with these functions in place of its ReLUs, and of the matches of its max-poolings, differs from the network's
/// by at most what is stated.
///
/// **Cost** about eight rows for each element before an activation, through all nodes before it; limited to some minutes.
pub fn check_box(
    certificate: &[u8],
    network: &[u8],
    progress: &mut dyn FnMut(usize, usize),
) -> BoxOutcome {
    prove(certificate, network, progress).into()
}

fn prove(
    certificate: &[u8],
    network: &[u8],
    progress: &mut dyn FnMut(usize, usize),
) -> Checked<BoxReport> {
    let document = document::read(certificate)?;
    let computed = of_bytes(network);
    if computed != document.network_sha256 {
        let stated = printable(&document.network_sha256);
        return Err(Fault::rejected(
            Rule::Own("digest"),
            format!("the network file's sha256 is {computed}, the certificate is about {stated}"),
        ));
    }
    let network = read::network(network).map_err(|e| e.at("network"))?;
    must_pass(&network)?;
    // With any functions in place of ReLU and of the matches it is the same function.
    let network = expand(network)?.network;
    let mut sizes = vec![size(network.input)];
    sizes.extend(network.nodes.iter().map(|n| size(n.shape)));
    let steps = steps(&network, document.precision)?;
    let wanted = |what: &str, stated: usize, needed: usize| match stated == needed {
        true => Ok(()),
        false => Err(Fault::rejected(
            Rule::Own("network"),
            format!("{stated} {what}, where the network has {needed}"),
        )),
    };
    wanted(
        "sides of the box",
        document.sides.len(),
        network.input.iter().product(),
    )?;
    let activations = steps.iter().filter(|s| matches!(s, Step::Relu { .. }));
    wanted(
        "activations",
        document.activations.len(),
        activations.count(),
    )?;
    let outputs = sizes.get(network.output).copied().unwrap_or(0);
    wanted("differences", document.differences.len(), outputs)?;
    limit_work(&steps, &sizes, network.output)?;
    let mut walk = Walk {
        document: &document,
        steps: &steps,
        sizes: &sizes,
        known: Vec::new(),
        replaced: 0,
    };
    let count = document.activations.len();
    for (id, step) in steps.iter().enumerate().take(network.output + 1) {
        if let Step::Relu { source, activation } = step {
            let ranges = walk.ranges(*source)?;
            walk.activate(*activation, &ranges)?;
            progress(activation + 1, count);
        } else {
            walk.pass(id)?;
        }
    }
    let last = walk.ranges(network.output)?;
    let pairs = last.difference.iter().zip(&document.differences);
    if let Some(i) = pairs
        .clone()
        .position(|(found, stated)| found.size() > *stated)
    {
        return Err(Fault::rejected(
            Rule::Own("differences"),
            format!("output {i}: the stated bound is below what is proved"),
        ));
    }
    let budget = Budget::new();
    let numerals = Numerals(&budget);
    let words = document.stated.iter().map(|d| numerals.decimal(d, true));
    Ok(BoxReport {
        inputs: document.sides.len(),
        replaced: walk.replaced,
        differences: words.collect::<Checked<_>>()?,
        network_sha256: document.network_sha256.clone(),
    })
}

/// Eight rows for each element before an activation, through all nodes before it, and two of them with two lists.
fn limit_work(steps: &[Step], sizes: &[usize], output: usize) -> Checked<()> {
    let (mut before, mut units) = (vec![0u64; steps.len()], 0u64);
    let mut all = 0u64;
    for (id, step) in steps.iter().enumerate() {
        if let Step::Linear { maps, .. } = step {
            // A map makes coefficients of all elements of its source, also where it reads few of them.
            for map in maps {
                let source = sizes.get(map.source).map_or(0, |n| *n as u64);
                let rows = map.rows.iter().map(|r| r.len() as u64 + 1);
                all = rows.fold(all.saturating_add(source), u64::saturating_add);
            }
        }
        if let Some(b) = before.get_mut(id) {
            *b = all;
        }
    }
    let targets = steps.iter().filter_map(|s| match s {
        Step::Relu { source, .. } => Some(*source),
        Step::Linear { .. } => None,
    });
    for target in targets.chain([output]) {
        let pair = sizes.get(target).zip(before.get(target));
        let n = pair.map_or(0, |(n, b)| {
            (*n as u64).saturating_mul(10).saturating_mul(*b)
        });
        units = units.saturating_add(n);
    }
    if units > WORK {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("{units} products, the limit is {WORK}"),
        ));
    }
    Ok(())
}

/// Ranges of a node in the network, its twin, and of their difference.
struct Ranges {
    relu: Vec<Range>,
    twin: Vec<Range>,
    difference: Vec<Range>,
}

/// The nodes so far.
struct Walk<'a> {
    document: &'a BoxDocument,
    steps: &'a [Step],
    sizes: &'a [usize],
    known: Vec<Known>,
    /// Functions in place of ReLU.
    replaced: usize,
}

impl Walk<'_> {
    /// The ranges of a node that is known, or the output.
    fn ranges(&mut self, target: usize) -> Checked<Ranges> {
        let n = self.sizes.get(target).copied().unwrap_or(0);
        let task = Task {
            steps: self.steps,
            known: &self.known,
            sides: &self.document.sides,
            precision: self.document.precision,
        };
        let mut relu = task.ranges(System::Relu, target, n)?;
        let zero = vec![Range::ZERO; n];
        if self.replaced == 0 {
            return self.keep(target, relu.clone(), relu, zero);
        }
        let mut twin = task.ranges(System::Twin, target, n)?;
        let mut apart = task.ranges(System::Difference, target, n)?;
        let mut planes = self.known.iter().flat_map(|k| &k.difference);
        if planes.any(Planes::differ) {
            let alone = task.ranges(System::Alone, target, n)?;
            for (d, other) in apart.iter_mut().zip(&alone) {
                *d = d.meet(other);
            }
        }
        for ((z, u), d) in relu.iter_mut().zip(&mut twin).zip(&mut apart) {
            for _ in 0..2 {
                *u = u.meet(&z.plus(d));
                *d = d.meet(&u.plus(&z.negative()));
                *z = z.meet(&u.plus(&d.negative()));
            }
        }
        self.keep(target, relu, twin, apart)
    }

    /// The ranges bound what rows round off at this node from now on.
    fn keep(
        &mut self,
        target: usize,
        relu: Vec<Range>,
        twin: Vec<Range>,
        difference: Vec<Range>,
    ) -> Checked<Ranges> {
        let known = self.known.get_mut(target);
        let known = known.ok_or_else(|| Fault::internal("known"))?;
        let sizes = |list: &[Range]| list.iter().map(Range::size).collect();
        known.sizes = [sizes(&relu), sizes(&twin), sizes(&difference)];
        Ok(Ranges {
            relu,
            twin,
            difference,
        })
    }

    /// A ReLU whose inputs have these ranges.
    fn activate(&mut self, activation: usize, ranges: &Ranges) -> Checked<()> {
        let stated = self.document.activations.get(activation);
        let stated = stated.ok_or_else(|| Fault::internal("activation"))?;
        if stated.len() != ranges.relu.len() {
            return Err(Fault::rejected(
                Rule::Own("activations"),
                format!(
                    "activation {activation}: {} elements, where it has {}",
                    stated.len(),
                    ranges.relu.len()
                ),
            ));
        }
        let mut known = Known {
            sizes: [Vec::new(), Vec::new(), Vec::new()],
            relu: Vec::new(),
            twin: Vec::new(),
            difference: Vec::new(),
        };
        let each = ranges.relu.iter().zip(&ranges.twin).zip(&ranges.difference);
        for (i, (((z, u), d), element)) in each.zip(stated).enumerate() {
            let f = match element {
                Element::Relu => Function {
                    apart: Range::ZERO,
                    tilted: None,
                },
                Element::Any { range, function } => {
                    if u.lo < range.lo || u.hi > range.hi {
                        return Err(Fault::rejected(
                            Rule::Own("ranges"),
                            format!("activation {activation}, element {i}: its input is not proved to stay in the stated range"),
                        ));
                    }
                    if !function.exists_on(range) {
                        return Err(Fault::rejected(
                            Rule::Own("functions"),
                            format!("activation {activation}, element {i}: no function has the stated properties on its range"),
                        ));
                    }
                    self.replaced += 1;
                    *function
                }
            };
            let off = i128::from(f.apart.size());
            let more = |size: i64| value(i128::from(size) + off);
            let [relus, twins, differences] = &mut known.sizes;
            relus.push(z.size());
            twins.push(more(u.size())?);
            differences.push(more(d.size())?);
            known.relu.push(relu(z)?);
            known.twin.push(function(u, &f)?);
            known.difference.push(difference(z, u, d, &f)?);
        }
        self.known.push(known);
        Ok(())
    }

    /// A sum of maps: what its values can be at most, for what rows round off.
    fn pass(&mut self, id: usize) -> Checked<()> {
        let step = self.steps.get(id).ok_or_else(|| Fault::internal("step"))?;
        let Step::Linear { maps, bias } = step else {
            return Err(Fault::internal("a map"));
        };
        let n = self.sizes.get(id).copied().unwrap_or(0);
        let sides = || {
            self.document
                .sides
                .iter()
                .map(Range::size)
                .collect::<Vec<i64>>()
        };
        let mut sizes = match id {
            0 => [sides(), sides(), vec![0; n]],
            _ => [vec![0; n], vec![0; n], vec![0; n]],
        };
        for (which, sizes) in sizes.iter_mut().enumerate() {
            for map in maps {
                let source = self.known.get(map.source).and_then(|k| k.sizes.get(which));
                let source = source.ok_or_else(|| Fault::internal("known"))?;
                // Weights that were cut to 0 are in no row.
                let all: i128 = source.iter().map(|s| i128::from(*s)).sum();
                let lost = if map.cut { all } else { 0 };
                for (total, row) in sizes.iter_mut().skip(map.first).zip(&map.rows) {
                    let mut most = lost;
                    for (i, w) in row {
                        let a = usize::try_from(*i).ok().and_then(|i| source.get(i));
                        most += product(w.abs(), a.copied().unwrap_or(0));
                    }
                    *total = value(i128::from(*total) + shift_up(most, map.shift))?;
                }
            }
            for (total, b) in sizes.iter_mut().zip(bias).filter(|_| which < 2) {
                *total = value(i128::from(*total) + i128::from(b.abs()) + 1)?;
            }
        }
        self.known.push(Known {
            sizes,
            relu: Vec::new(),
            twin: Vec::new(),
            difference: Vec::new(),
        });
        Ok(())
    }
}
