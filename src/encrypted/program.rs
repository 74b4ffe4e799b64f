//! A network as the steps that an evaluator takes.

use crate::encrypted::layout::Layout;
use crate::encrypted::map::SlotMap;

/// A number of a value: 0 is the input, i + 1 what step i makes.
pub type ValueId = usize;

/// A linear map of one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The value that it reads.
    pub value: ValueId,
    /// The map.
    pub map: SlotMap,
}

/// The sum of linear maps of values and a constant, and what stands behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The name of the layer whose input, or result, the sum is.
    pub name: String,
    /// The maps, each of another value.
    pub terms: Vec<Term>,
    /// The constant, one period of slots.
    pub bias: Vec<f64>,
    /// The slots of the result.
    pub layout: Layout,
    /// ReLU: the network's activation, by its number, whose polynomial stands here. None for the result.
    pub activation: Option<usize>,
}

/// A network as steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The network's name.
    pub name: String,
    /// The slots of the input.
    pub input: Layout,
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// The value that is the result.
    pub output: ValueId,
}

impl Program {
    /// The slots of a value.
    #[must_use]
    pub fn layout(&self, value: ValueId) -> &Layout {
        match value {
            0 => &self.input,
            _ => &self.steps[value - 1].layout,
        }
    }

    /// The least period of all values, so many slots a ciphertext holds.
    #[must_use]
    pub fn period(&self) -> usize {
        let all = (0..=self.steps.len()).map(|v| self.layout(v).period());
        all.max().unwrap_or(1)
    }

    /// For each value, the last step that reads it; none for the output and for what nothing reads.
    #[must_use]
    pub fn last_uses(&self) -> Vec<Option<usize>> {
        let mut last = vec![None; self.steps.len() + 1];
        for (i, step) in self.steps.iter().enumerate() {
            step.terms.iter().for_each(|t| last[t.value] = Some(i));
        }
        last[self.output] = None;
        last
    }

    /// The values that are kept when so many steps are finished: what is read later, and the output.
    #[must_use]
    pub fn live(&self, done: usize) -> Vec<ValueId> {
        let last = self.last_uses();
        let kept = |v: &ValueId| match last.get(*v) {
            Some(Some(step)) => *step >= done,
            _ => *v == self.output,
        };
        (0..=done).filter(kept).collect()
    }

    /// Steps with an activation.
    #[must_use]
    pub fn activations(&self) -> usize {
        self.steps.iter().filter(|s| s.activation.is_some()).count()
    }
}
