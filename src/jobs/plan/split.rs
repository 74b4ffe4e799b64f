//! Which samples choose and which state: disjoint, drawn by a seed.

use crate::ckks::parameters::rng::Rng;
use crate::error::{Error, Result};
use crate::files::sha256;
use crate::jobs::network::inputs::Inputs;
use crate::jobs::plan::request::Request;
use crate::network::model::exact::input_text;
use std::collections::BTreeMap;

/// Fewest samples that choose, and fewest that state.
const LEAST: usize = 2;

/// The samples of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Those that choose, by number.
    pub selected: Vec<usize>,
    /// Those that state.
    pub stated: Vec<usize>,
    /// Samples left out because they are the same as an earlier one.
    pub repeated: usize,
}

/// SHA-256 of a sample as a network certificate names it.
///
/// # Errors
/// A sample that cannot be read.
pub fn digest(inputs: &Inputs, sample: usize) -> Result<String> {
    Ok(sha256(input_text(&inputs.point(sample)?.exact).as_bytes()))
}

/// Draws the samples: all numbers shuffled by the seed, the first ones choose, those behind them state.
///
/// # Errors
/// Too few samples.
pub fn split(inputs: &Inputs, request: &Request) -> Result<Split> {
    let have = inputs.numbers(0, None)?;
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for &sample in &have {
        first.entry(digest(inputs, sample)?).or_insert(sample);
    }
    let mut all: Vec<usize> = first.into_values().collect();
    all.sort_unstable();
    let repeated = have.len() - all.len();
    let mut rng = Rng::numbered(request.seed, 0);
    for i in (1..all.len()).rev() {
        let j = rng.below(i as u64 + 1) as usize;
        all.swap(i, j);
    }
    let n = all.len();
    let select = request.select.unwrap_or(n / 2);
    let state = request.state.unwrap_or(n.saturating_sub(select));
    if select < LEAST || state < LEAST || select.saturating_add(state) > n {
        return Err(Error::domain(format!(
            "{select} samples to choose and {state} others to state: each takes {LEAST} at least, and the file has {n}{}; \
             a statement about the samples that chose the plan would say nothing of others",
            match repeated {
                0 => String::new(),
                r => format!(" different ones ({r} are repeated)"),
            }
        )));
    }
    let mut selected = all[..select].to_vec();
    let mut stated = all[select..select + state].to_vec();
    selected.sort_unstable();
    stated.sort_unstable();
    Ok(Split {
        selected,
        stated,
        repeated,
    })
}
