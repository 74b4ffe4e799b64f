//! A profile: milliseconds by operation and level, of a bootstrap by the level it ends at, memory of keys.
//!
//! Every figure is an *estimate* of what a run takes on the machine that the profile was made on; none enters a proof.

use crate::error::{Error, Result};
use std::collections::BTreeMap;

/// Most usable levels of a profile.
pub const MAX_LEVELS: usize = 256;

/// What is priced. Operands are at the level that the price is asked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Sum of two ciphertexts.
    Add,
    /// Sum of a ciphertext and an encoded plaintext.
    AddPlain,
    /// Product of a ciphertext and an encoded plaintext, without rescale.
    MulPlain,
    /// Product of two ciphertexts, relinearised, without rescale.
    Mul,
    /// Product of two ciphertexts, relinearised and rescaled: libraries that divide once for both take less than for
    /// [`Self::Mul`] and [`Self::Rescale`], which is what a profile without such an entry is taken to need.
    MulRescale,
    /// Rotation of slots.
    Rotate,
    /// Each further rotation of the same ciphertext.
    RotateHoisted,
    /// Division by the last prime: from the level asked at to the one below.
    Rescale,
}

/// All operations, in the order that files and tables list them.
pub const OPERATIONS: [Operation; 8] = [
    Operation::Add,
    Operation::AddPlain,
    Operation::MulPlain,
    Operation::Mul,
    Operation::MulRescale,
    Operation::Rotate,
    Operation::RotateHoisted,
    Operation::Rescale,
];

impl Operation {
    /// As files spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::AddPlain => "add_plain",
            Self::MulPlain => "mul_plain",
            Self::Mul => "mul",
            Self::MulRescale => "mul_rescale",
            Self::Rotate => "rotate",
            Self::RotateHoisted => "rotate_hoisted",
            Self::Rescale => "rescale",
        }
    }
}

/// Where a figure is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Timed by the profile's author on a machine that the source names.
    Measured,
    /// Printed in a paper, a repository or a manual that the source names.
    Published,
    /// Neither: a model, an interpolation, a guess. A total that contains it says so.
    Assumed,
}

impl Status {
    /// As files spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Published => "published",
            Self::Assumed => "assumed",
        }
    }
}

/// Milliseconds by level.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where the figures are from.
    pub status: Status,
    /// Milliseconds at level 0, 1, ..., [`Profile::usable_levels`]; none where the profile has no figure.
    pub ms: Vec<Option<f64>>,
    /// Levels whose figure is assumed although the others are not: filled in by a fit or from a neighbour.
    pub assumed_levels: Vec<usize>,
    /// What the status leaves to say: how levels were filled in, what is taken for what.
    pub note: Option<String>,
}

/// Noise of a bootstrap, in every slot, relative to the bound of the message.
#[derive(Debug, Clone, PartialEq)]
pub struct BootstrapNoise {
    /// Where the figures are from.
    pub status: Status,
    /// log2 of the root mean square.
    pub rms_log2: f64,
    /// log2 of the greatest that was seen or is stated.
    pub max_log2: Option<f64>,
    /// log2 of the probability that a bootstrap fails.
    pub failure_log2: Option<f64>,
    /// Where it is written, or on what it was measured.
    pub source: String,
}

/// Bootstrapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    /// Where the times are from.
    pub status: Status,
    /// Levels that the ciphertext must still have.
    pub from_level: usize,
    /// Milliseconds by the level that it ends at, 0, 1, ..., [`Profile::usable_levels`].
    pub ms: Vec<Option<f64>>,
    /// Its noise, where known.
    pub noise: Option<BootstrapNoise>,
    /// What the status leaves to say.
    pub note: Option<String>,
}

/// Memory of keys, in MB of 10^6 bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// Where the figures are from.
    pub status: Status,
    /// One rotation key.
    pub key_mb: f64,
    /// Keys that are needed beside those of rotations: relinearisation, bootstrapping.
    pub other_mb: f64,
    /// What the status leaves to say.
    pub note: Option<String>,
}

/// What the operations of one library, ring and machine cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// A short name.
    pub name: String,
    /// Where its figures are from: what was measured on which machine, or where they are published.
    pub source: String,
    /// log2 of the ring degree N.
    pub log_n: u32,
    /// log2 of the scale that a level is made for, in bits.
    pub level_bits: Option<f64>,
    /// Rescalings that a ciphertext of the highest level has.
    pub usable_levels: usize,
    /// The figures of each operation that the profile has.
    pub operations: BTreeMap<Operation, Entry>,
    /// Bootstrapping, if the profile has it.
    pub bootstrap: Option<Bootstrap>,
    /// Memory of keys, where known.
    pub memory: Option<Memory>,
}

impl Profile {
    /// *Estimate*: milliseconds of one operation on operands of `level` usable levels.
    ///
    /// **Inputs** `level` from 0 to [`Self::usable_levels`].
    ///
    /// # Errors
    /// The level and the operation that the profile lacks.
    pub fn estimate_ms(&self, operation: Operation, level: usize) -> Result<f64> {
        let known = |o: Operation| self.operations.get(&o)?.ms.get(level).copied().flatten();
        let found = match operation {
            Operation::MulRescale => known(operation)
                .or_else(|| Some(known(Operation::Mul)? + known(Operation::Rescale)?)),
            _ => known(operation),
        };
        found.ok_or_else(|| {
            let name = operation.name();
            Error::domain(if level > self.usable_levels {
                format!(
                    "profile {:?} has levels 0 to {}: there is no {name} at level {level}",
                    self.name, self.usable_levels
                )
            } else {
                format!(
                    "profile {:?} has no figure for {name} at level {level}",
                    self.name
                )
            })
        })
    }

    /// *Estimate*: milliseconds of a bootstrap that ends with `target` usable levels.
    ///
    /// Where the profile has no figure for the target it is that of the next higher level that it has one for: levels
    /// are dropped for nothing. None for level 0, for one above all figures, and without bootstrapping.
    #[must_use]
    pub fn estimate_bootstrap_ms(&self, target: usize) -> Option<f64> {
        if target == 0 {
            return None;
        }
        let ms = &self.bootstrap.as_ref()?.ms;
        ms.get(target..)?.iter().copied().flatten().next()
    }

    /// Usable levels that a ciphertext must still have to be bootstrapped.
    #[must_use]
    pub fn bootstrap_from(&self) -> usize {
        self.bootstrap.as_ref().map_or(0, |b| b.from_level)
    }

    /// Noise of a bootstrap, where known.
    #[must_use]
    pub fn bootstrap_noise(&self) -> Option<&BootstrapNoise> {
        self.bootstrap.as_ref()?.noise.as_ref()
    }

    /// *Estimate*: MB (10^6 bytes) of the keys for so many rotations with those that are always needed, where known.
    #[must_use]
    pub fn estimate_key_mb(&self, rotations: usize) -> Option<f64> {
        let memory = self.memory.as_ref()?;
        Some(memory.other_mb + memory.key_mb * rotations as f64)
    }

    /// Slots of a ciphertext, N/2.
    #[must_use]
    pub fn slots(&self) -> usize {
        1 << self.log_n.saturating_sub(1)
    }

    /// Everything in the profile that is assumed, by name: a total that rests on it says so.
    #[must_use]
    pub fn assumed(&self) -> Vec<String> {
        let mut out = Vec::new();
        let named = |names: &[&str], what: &str, note: &Option<String>| {
            let note = note.as_ref().map_or(String::new(), |n| format!(" ({n})"));
            format!("{}{what}{note}", names.join(", "))
        };
        // Operations that were filled in alike are named together.
        let mut alike: Vec<(String, Option<String>, Vec<&str>)> = Vec::new();
        for operation in OPERATIONS {
            let Some(entry) = self.operations.get(&operation) else {
                continue;
            };
            let what = match (entry.status, entry.assumed_levels.as_slice()) {
                (Status::Assumed, _) => String::new(),
                (_, []) => continue,
                (_, levels) => format!(" at {}", runs(levels)),
            };
            match alike
                .iter_mut()
                .find(|(w, n, _)| (w, n) == (&what, &entry.note))
            {
                Some((_, _, names)) => names.push(operation.name()),
                None => alike.push((what, entry.note.clone(), vec![operation.name()])),
            }
        }
        out.extend(
            alike
                .iter()
                .map(|(what, note, names)| named(names, what, note)),
        );
        if let Some(b) = &self.bootstrap {
            if b.status == Status::Assumed {
                out.push(named(&["bootstrap"], "", &b.note));
            }
            if let Some(noise) = b.noise.as_ref().filter(|n| n.status == Status::Assumed) {
                let source = Some(noise.source.clone());
                out.push(named(&["noise of a bootstrap"], "", &source));
            }
        }
        if let Some(m) = self.memory.as_ref().filter(|m| m.status == Status::Assumed) {
            out.push(named(&["memory of keys"], "", &m.note));
        }
        out
    }
}

/// Levels in ascending order as `level 3` or `levels 0, 2-5`.
#[must_use]
pub fn runs(levels: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &level in levels {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == level => *last = level,
            _ => parts.push((level, level)),
        }
    }
    let part = |&(first, last): &(usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    let words: Vec<String> = parts.iter().map(part).collect();
    let noun = if levels.len() == 1 { "level" } else { "levels" };
    format!("{noun} {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(status: Status, ms: &[f64], assumed_levels: &[usize]) -> Entry {
        Entry {
            status,
            ms: ms.iter().map(|&x| (x > 0.0).then_some(x)).collect(),
            assumed_levels: assumed_levels.to_vec(),
            note: None,
        }
    }

    fn profile() -> Profile {
        let operations = [
            (
                Operation::Mul,
                entry(Status::Published, &[1.0, 2.0, 3.0, 4.0], &[0]),
            ),
            (
                Operation::Rescale,
                entry(Status::Published, &[0.0, 0.5, 0.5, 0.5], &[]),
            ),
            (
                Operation::Rotate,
                entry(Status::Published, &[1.0, 1.0, 1.0, 1.0], &[0]),
            ),
            (
                Operation::RotateHoisted,
                entry(Status::Assumed, &[1.0; 4], &[]),
            ),
        ];
        Profile {
            name: "p".to_owned(),
            source: "s".to_owned(),
            log_n: 13,
            level_bits: None,
            usable_levels: 3,
            operations: operations.into_iter().collect(),
            bootstrap: Some(Bootstrap {
                status: Status::Measured,
                from_level: 1,
                ms: vec![None, None, Some(70.0), None],
                noise: None,
                note: None,
            }),
            memory: None,
        }
    }

    #[test]
    fn a_product_and_its_rescale_are_two_operations_where_no_figure_says_more() {
        let mut p = profile();
        assert_eq!(p.estimate_ms(Operation::MulRescale, 2), Ok(3.5));
        assert!(p.estimate_ms(Operation::MulRescale, 0).is_err());
        p.operations.insert(
            Operation::MulRescale,
            entry(Status::Published, &[0.0, 2.2, 3.1, 4.2], &[]),
        );
        assert_eq!(p.estimate_ms(Operation::MulRescale, 2), Ok(3.1));
    }

    #[test]
    fn what_a_profile_lacks_is_named() {
        let p = profile();
        let said = |o, l| p.estimate_ms(o, l).unwrap_err().to_string();
        assert_eq!(
            said(Operation::Rescale, 0),
            "profile \"p\" has no figure for rescale at level 0"
        );
        assert_eq!(
            said(Operation::Mul, 4),
            "profile \"p\" has levels 0 to 3: there is no mul at level 4"
        );
        assert!(said(Operation::AddPlain, 1).contains("add_plain at level 1"));
    }

    #[test]
    fn a_bootstrap_ends_at_the_next_level_that_is_known() {
        let p = profile();
        let all: Vec<_> = (0..6).map(|t| p.estimate_bootstrap_ms(t)).collect();
        assert_eq!(all, [None, Some(70.0), Some(70.0), None, None, None]);
        assert_eq!((p.bootstrap_from(), p.slots()), (1, 4096));
    }

    #[test]
    fn all_that_is_assumed_is_said() {
        let mut p = profile();
        assert_eq!(p.assumed(), ["mul, rotate at level 0", "rotate_hoisted"]);
        p.bootstrap.as_mut().unwrap().status = Status::Assumed;
        p.bootstrap.as_mut().unwrap().note = Some("a model".to_owned());
        assert_eq!(p.assumed()[2], "bootstrap (a model)");
        assert_eq!(runs(&[0, 2, 3, 4, 9]), "levels 0, 2-4, 9");
    }
}
