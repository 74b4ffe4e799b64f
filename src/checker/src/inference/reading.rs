//! Rule I1: a network read as the sums that its steps take, in order, within limits of work and memory.

use crate::core::fault::{Checked, Fault, Rule};
use crate::inference::rows::Rows;
use crate::inference::sums::Sum;
use crate::network::model::expand::Expanded;
use crate::network::model::layers::Layer;
use std::rc::Rc;

pub(super) const PROGRAM: Rule = Rule::Own("I1 program");
/// Most places, factors and products of all maps, some nanoseconds each; and most factors that are held at a time.
const MAX_WORK: usize = 1 << 31;
const MAX_HELD: usize = 1 << 25;

/// A step of the network: the sum that it takes, and the activation of the original network behind it.
pub(super) struct Wanted {
    pub(super) maps: Vec<(usize, Rc<Rows>)>,
    pub(super) bias: u64,
    pub(super) shape: [usize; 3],
    pub(super) origin: Option<usize>,
}

/// The network as sums of maps, one node after the other.
pub(super) struct Reading<'a> {
    expanded: &'a Expanded,
    /// The node that comes next, and the values so far, by their sizes.
    next: usize,
    sizes: Vec<usize>,
    sums: Vec<Option<Sum>>,
    last: Vec<usize>,
    activations: usize,
    /// Places, factors and products so far, and factors of the sums that are still needed.
    work: usize,
    held: usize,
    done: bool,
}

impl<'a> Reading<'a> {
    pub(super) fn new(expanded: &'a Expanded) -> Checked<Self> {
        let network = &expanded.network;
        let size = network.input.iter().product();
        // What nobody reads is needed by itself alone.
        let mut last: Vec<usize> = (0..=network.nodes.len())
            .map(|k| k.saturating_sub(1))
            .collect();
        for (i, node) in network.nodes.iter().enumerate() {
            for &input in &node.inputs {
                *last.get_mut(input).ok_or_else(|| Fault::internal("node"))? = i;
            }
        }
        *last
            .get_mut(network.output)
            .ok_or_else(|| Fault::internal("output"))? = usize::MAX;
        Ok(Self {
            expanded,
            next: 0,
            sizes: vec![size],
            sums: vec![Some(Sum::value(0, size))],
            last,
            activations: 0,
            work: 0,
            held: 0,
            done: false,
        })
    }

    fn shape(&self, id: usize) -> Checked<[usize; 3]> {
        let network = &self.expanded.network;
        match id.checked_sub(1) {
            None => Ok(network.input),
            Some(i) => {
                let node = network.nodes.get(i);
                Ok(node.ok_or_else(|| Fault::internal("node"))?.shape)
            }
        }
    }

    /// The sum of the next step; none behind the last.
    pub(super) fn step(&mut self) -> Checked<Option<Wanted>> {
        while let Some(node) = self.expanded.network.nodes.get(self.next) {
            self.next += 1;
            let mut from = Vec::new();
            for &i in &node.inputs {
                let sum = self.sums.get(i).and_then(Option::as_ref);
                from.push((sum.ok_or_else(|| Fault::internal("sum"))?, self.shape(i)?));
            }
            let id = self.next;
            let (made, wanted) = match (&node.layer, from.as_slice()) {
                (Layer::Relu { slope }, [(x, _)]) if num_traits::Zero::is_zero(&slope.mantissa) => {
                    let origin = self.expanded.origins.get(self.activations).copied();
                    let origin = origin.ok_or_else(|| Fault::internal("origin"))?;
                    let wanted = self.wanted(x, node.shape, Some(origin))?;
                    self.activations += 1;
                    self.sizes.push(node.shape.iter().product());
                    let value = self.sizes.len() - 1;
                    (Sum::value(value, node.shape.iter().product()), Some(wanted))
                }
                (_, from) => {
                    let sum = Sum::layer(node, from, &self.sizes);
                    (
                        sum.map_err(|fault| fault.in_place(&format!("node {id}")))?,
                        None,
                    )
                }
            };
            self.held = self.held.saturating_add(made.entries());
            let read = wanted
                .iter()
                .flat_map(|w| &w.maps)
                .map(|m| m.1.entries())
                .sum::<usize>();
            self.work = self
                .work
                .saturating_add(made.work)
                .saturating_add(made.entries())
                .saturating_add(read);
            if self.work > MAX_WORK || self.held > MAX_HELD {
                let text = format!(
                    "the linear maps take {} places, factors and products, {} factors at a time, the limits are {MAX_WORK} and {MAX_HELD}",
                    self.work, self.held
                );
                return Err(Fault::rejected(Rule::Limit, text));
            }
            self.sums.push(Some(made));
            for &i in node.inputs.iter().chain([&id]) {
                if self.last.get(i) == Some(&(id - 1)) {
                    let spent = self.sums.get_mut(i).and_then(Option::take);
                    self.held -= spent.map_or(0, |sum| sum.entries());
                }
            }
            if wanted.is_some() {
                return Ok(wanted);
            }
        }
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let output = self.expanded.network.output;
        let sum = self.sums.get(output).and_then(Option::as_ref);
        let sum = sum.ok_or_else(|| Fault::internal("output"))?;
        if sum.alone().is_some() {
            let text = "the result is what an activation makes, with no layer behind it";
            return Err(Fault::rejected(PROGRAM, text));
        }
        self.wanted(sum, self.shape(output)?, None).map(Some)
    }

    fn wanted(&self, sum: &Sum, shape: [usize; 3], origin: Option<usize>) -> Checked<Wanted> {
        Ok(Wanted {
            maps: sum.maps(&self.sizes)?,
            bias: sum.bias.iter().copied().max().unwrap_or(0),
            shape,
            origin,
        })
    }

    pub(super) fn finish(&mut self) -> Checked<()> {
        match self.step()? {
            None => Ok(()),
            Some(_) => Err(Fault::rejected(PROGRAM, "the network has more steps")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::expand::expand;
    use crate::network::model::read::network;

    /// What is said of the first step that is refused.
    fn refusal(nodes: &str) -> String {
        let text = format!("polycert-exact-network/1\n{nodes}");
        let expanded = expand(network(text.as_bytes()).unwrap()).unwrap();
        let mut reading = Reading::new(&expanded).unwrap();
        loop {
            match reading.step() {
                Ok(Some(_)) => (),
                Err(Fault::Rejected { detail, .. }) => return detail,
                other => panic!("{:?}", other.map(|_| ())),
            }
        }
    }

    #[test]
    fn work_is_refused_before_it_is_done() {
        // 2^40 places, of which 2^20 are no padding.
        let padded = "input 1 1 1\navg_pool 0 1024 1024 1 1 1023 1023 1023 1023 1\noutput 1\n";
        assert!(refusal(padded).contains("windows of a layer"));
        // A map of some 2^20 factors that is read by thousands of steps.
        let map = "input 1 37 37\navg_pool 0 37 37 1 1 18 18 18 18 1\n";
        let read = format!("{map}{}output 1\n", "relu 1 0\n".repeat(6000));
        assert!(refusal(&read).contains("the linear maps take"));
    }
}
