//! At which level every step of a program is, and which activations are refreshed.
//!
//! **Method** A step takes one level for its maps and the depth of its activation's polynomial. Going forward, an activation is
//! refreshed where its result would have too few levels left for what reads it: a refresh takes its input at one level, and leaves
//! its result at another, whatever came in. The input starts at the lowest level for which the fewest are refreshed.

use crate::encrypted::program::{Program, Step};
use crate::error::{Error, ErrorKind, Result};

/// What a chain of moduli offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The highest level of a fresh ciphertext.
    pub top: usize,
    /// For each activation of the network, by its number, the levels of its polynomial.
    pub depths: Vec<usize>,
    /// What a refresh with an activation offers; none where the chain has no bootstrapping.
    pub refresh: Option<Refresh>,
}

/// Levels of a refreshed activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    /// Its input's.
    pub input: usize,
    /// For each activation of the network, by its number, its result's.
    pub outputs: Vec<usize>,
}

/// Levels of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// Of each value.
    pub values: Vec<usize>,
    /// Of each step's maps: the values are dropped to it.
    pub maps: Vec<usize>,
    /// Whether each step's activation is refreshed.
    pub refreshed: Vec<bool>,
}

impl Levels {
    /// The levels of a program with the fewest refreshes, the input as low as can be.
    ///
    /// # Errors
    /// More depth than the chain has: which layer.
    pub fn new(program: &Program, chain: &Chain) -> Result<Self> {
        let all = (0..=chain.top).map(|input| Self::from(program, chain, input));
        let mut best: Option<Self> = None;
        let mut last = None;
        for found in all {
            match found {
                Ok(levels) => {
                    let better = |b: &Self| levels.refreshes() < b.refreshes();
                    if best.as_ref().is_none_or(better) {
                        best = Some(levels);
                    }
                }
                Err(e) => last = Some(e),
            }
        }
        best.ok_or_else(|| last.unwrap_or_else(|| Error::domain("a program without steps")))
    }

    /// How many activations are refreshed.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.refreshed.iter().filter(|&&r| r).count()
    }

    /// Whether each activation of the network is refreshed, by its number.
    #[must_use]
    pub fn activations(&self, program: &Program, count: usize) -> Vec<bool> {
        let mut out = vec![false; count];
        for (step, &refreshed) in program.steps.iter().zip(&self.refreshed) {
            if let Some(a) = step.activation {
                out[a] |= refreshed;
            }
        }
        out
    }

    /// The levels where the input has one. Of the matches of one max-pooling all are refreshed or none, as one polynomial
    /// stands for it.
    fn from(program: &Program, chain: &Chain, input: usize) -> Result<Self> {
        let mut always = vec![false; chain.depths.len()];
        loop {
            let levels = Self::with(program, chain, input, &always)?;
            let refreshed = levels.activations(program, always.len());
            let mut steps = program.steps.iter().zip(&levels.refreshed);
            let mixed = |(s, &r): (&Step, &bool)| s.activation.is_some_and(|a| !r && refreshed[a]);
            if !steps.any(mixed) {
                return Ok(levels);
            }
            always = refreshed;
        }
    }

    fn with(program: &Program, chain: &Chain, input: usize, always: &[bool]) -> Result<Self> {
        let mut levels = Self {
            values: vec![input],
            maps: Vec::new(),
            refreshed: Vec::new(),
        };
        for (i, step) in program.steps.iter().enumerate() {
            let sources = step.terms.iter().map(|t| levels.values[t.value]);
            let have = sources.min().unwrap_or(0);
            let wanted = left_over(program, chain, i + 1);
            let always = step.activation.is_some_and(|a| always[a]);
            let (map, value, refreshed) = place(step, chain, have, (wanted, always))?;
            levels.maps.push(map);
            levels.values.push(value);
            levels.refreshed.push(refreshed);
        }
        Ok(levels)
    }
}

/// The level that a value needs for what reads it, if everything that can be refreshed is.
fn left_over(program: &Program, chain: &Chain, value: usize) -> usize {
    let readers = program
        .steps
        .iter()
        .filter(|s| s.terms.iter().any(|t| t.value == value));
    let need = |s: &Step| match (&chain.refresh, s.activation) {
        (Some(refresh), Some(_)) => refresh.input + 1,
        _ => 1,
    };
    readers.map(need).max().unwrap_or(0)
}

/// The level of a step's maps and of its result, and whether it is refreshed.
fn place(
    step: &Step,
    chain: &Chain,
    have: usize,
    (wanted, always): (usize, bool),
) -> Result<(usize, usize, bool)> {
    let short = |need: usize| {
        Error::from(ErrorKind::DepthExceeded {
            need,
            have,
            place: format!("layer {:?}", step.name),
        })
    };
    let Some(activation) = step.activation else {
        return match have {
            0 => Err(short(1)),
            _ => Ok((have, have - 1, false)),
        };
    };
    let need = 1 + chain.depths[activation] + wanted;
    match &chain.refresh {
        _ if have >= need && !always => Ok((have, have - 1 - chain.depths[activation], false)),
        Some(refresh) if have > refresh.input => {
            let output = refresh.outputs[activation];
            match output < wanted {
                true => Err(Error::unsupported(format!(
                    "layer {:?}: a refreshed activation leaves {output} levels, what reads it needs {wanted}",
                    step.name
                ))),
                false => Ok((refresh.input + 1, output, true)),
            }
        }
        Some(refresh) => Err(short(refresh.input + 1)),
        None => Err(short(need)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encrypted::layout::Layout;
    use crate::encrypted::map::SlotMap;
    use crate::encrypted::program::Term;
    use crate::network::TensorShape;
    use std::collections::BTreeMap;

    /// Steps that read these values; the last has no activation.
    fn program(reads: &[&[usize]]) -> Program {
        let layout = Layout::plain(TensorShape::flat(1));
        let term = |&value: &usize| Term {
            value,
            map: SlotMap {
                from: 1,
                to: 1,
                diagonals: BTreeMap::new(),
            },
        };
        let step = |(i, own): (usize, &&[usize])| Step {
            name: format!("s{i}"),
            terms: own.iter().map(term).collect(),
            bias: vec![0.0],
            layout,
            activation: (i + 1 < reads.len()).then_some(i),
        };
        let steps: Vec<Step> = reads.iter().enumerate().map(step).collect();
        Program {
            name: "p".to_owned(),
            input: layout,
            output: steps.len(),
            steps,
        }
    }

    fn chain(top: usize, refresh: Option<(usize, usize)>) -> Chain {
        Chain {
            top,
            depths: vec![14; 8],
            refresh: refresh.map(|(input, output)| Refresh {
                input,
                outputs: vec![output; 8],
            }),
        }
    }

    /// As designed: 28 levels, the first ReLU is fed by the input at level 18, all others are refreshed from 2 to 3.
    #[test]
    fn all_but_the_first_are_refreshed() {
        let p = program(&[&[0], &[1], &[1, 2], &[3]]);
        let levels = Levels::new(&p, &chain(28, Some((2, 3)))).unwrap();
        assert_eq!(levels.values, [18, 3, 3, 3, 2]);
        assert_eq!(levels.maps, [18, 3, 3, 3]);
        assert_eq!(levels.refreshed, [false, true, true, false]);
        // A result of higher levels feeds one more.
        let p = program(&[&[0], &[1], &[2], &[3]]);
        let levels = Levels::new(&p, &chain(28, Some((2, 18)))).unwrap();
        assert_eq!(levels.values, [18, 3, 18, 3, 2]);
        assert_eq!(levels.refreshed, [false, true, false, false]);
    }

    /// Steps 1 and 2 are of one max-pooling.
    #[test]
    fn one_polynomial_stands_for_a_max_pooling() {
        let mut p = program(&[&[0], &[1], &[2], &[3]]);
        p.steps[2].activation = Some(1);
        let mut chain = chain(28, Some((2, 3)));
        chain.depths = vec![9; 8];
        let levels = Levels::new(&p, &chain).unwrap();
        assert_eq!(levels.refreshed, [false, true, true, false]);
        assert_eq!(levels.activations(&p, 3), [false, true, false]);
        p.steps[2].activation = Some(2);
        let levels = Levels::new(&p, &chain).unwrap();
        assert_eq!(levels.refreshed, [false, false, true, false]);
    }

    #[test]
    fn without_refreshes_depth_adds_up() {
        let p = program(&[&[0], &[1], &[2]]);
        let levels = Levels::new(&p, &chain(40, None)).unwrap();
        assert_eq!(
            (levels.values, levels.refreshed),
            (vec![31, 16, 1, 0], vec![false; 3])
        );
        let error = Levels::new(&p, &chain(30, None)).unwrap_err().to_string();
        assert!(
            error.contains("\"s1\" needs 16 levels and 15 are left"),
            "{error}"
        );
        let p = program(&[&[0], &[1], &[2], &[3]]);
        let error = Levels::new(&p, &chain(18, Some((2, 2))))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("leaves 2 levels, what reads it needs 3"),
            "{error}"
        );
    }
}
