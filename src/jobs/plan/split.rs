//! Which samples choose and which state: disjoint numbers, drawn by a seed.

use crate::ckks::parameters::rng::Rng;
use crate::error::{Error, Result};
use crate::files::sha256;
use crate::jobs::network::inputs::Inputs;
use crate::jobs::plan::request::Request;
use crate::network::model::exact::input_text;
use std::collections::BTreeSet;

/// Fewest samples that choose, and fewest that state.
const LEAST: usize = 2;

/// The samples of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Those that choose, by number.
    pub selected: Vec<usize>,
    /// Those that state.
    pub stated: Vec<usize>,
    /// SHA-256 of the inputs of the first, as a network certificate names them.
    pub selected_sha256: Vec<String>,
    /// The same of the others.
    pub stated_sha256: Vec<String>,
    /// How many of those that state are the same as one that chose or as another one that states. They stay: of independent
    /// draws some may be equal, and leaving them out would make the others no such draws. But a file that repeats its
    /// samples holds no independent draws.
    pub repeated: usize,
}

/// SHA-256 of a sample as a network certificate names it.
///
/// # Errors
/// A sample that cannot be read.
fn digest(inputs: &Inputs, sample: usize) -> Result<String> {
    Ok(sha256(input_text(&inputs.point(sample)?.exact).as_bytes()))
}

/// Draws the samples: all numbers shuffled by the seed, the first ones choose, those behind them state.
///
/// # Errors
/// Too few samples.
pub fn split(inputs: &Inputs, request: &Request) -> Result<Split> {
    let mut all = inputs.numbers(0, None)?;
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
            "{select} samples to choose and {state} others to state: each takes {LEAST} at least, and the file has {n}; \
             a statement about the samples that chose the plan would say nothing of others",
        )));
    }
    let mut selected = all[..select].to_vec();
    let mut stated = all[select..select + state].to_vec();
    selected.sort_unstable();
    stated.sort_unstable();
    let digests = |all: &[usize]| all.iter().map(|&s| digest(inputs, s)).collect();
    let (of_selected, of_stated): (Result<Vec<String>>, Result<Vec<String>>) =
        (digests(&selected), digests(&stated));
    let (selected_sha256, stated_sha256) = (of_selected?, of_stated?);
    let mut seen: BTreeSet<&String> = selected_sha256.iter().collect();
    let repeated = stated_sha256.iter().filter(|d| !seen.insert(d)).count();
    Ok(Split {
        repeated,
        selected,
        stated,
        selected_sha256,
        stated_sha256,
    })
}
