//! How the primes of Q are grouped: into levels, and into the digits of the key switch (EVALUATION.md, E1).

use crate::core::fault::{Checked, Fault, Rule};
use crate::format::json::{each, Fields, Tree};
use crate::format::numbers::parse_count;

const RULE: Rule = Rule::Own("E1 parameters");
/// Primes that a level adds, at most; a rescale converts from them and the special ones together.
const MAX_LEVEL_PRIMES: u64 = 2;
/// Primes of a digit, at most, where all digits have the same number.
const MAX_DIGIT_PRIMES: u64 = 8;
/// Primes that are converted from together, at most: sums of a base conversion stay exact.
const MAX_SOURCES: usize = 9;

/// The levels and the digits.
#[derive(Debug)]
pub(crate) struct Chain {
    /// How many primes each level adds; empty: one each.
    levels: Vec<usize>,
    /// How many primes each digit has; empty where all have `digit_primes`.
    digits: Vec<usize>,
    digit_primes: usize,
}

fn counts(tree: Tree, most: usize, limit: u64) -> Checked<Vec<usize>> {
    let count = |t: Tree| {
        let count = parse_count(t.text()?, 1, limit)?;
        usize::try_from(count).map_err(|_| Fault::unreadable("too large"))
    };
    each(tree.list_of(1, most)?, count)
}

impl Chain {
    /// Reads `levels`, if there is one, and one of `digit_primes` and `digits`; for so many primes of Q and of P.
    pub(crate) fn read(fields: &mut Fields, q: usize, p: usize) -> Checked<Self> {
        let levels = fields.take_maybe("levels", |t| counts(t, q, MAX_LEVEL_PRIMES))?;
        let digits = fields.take_maybe("digits", |t| counts(t, q, MAX_SOURCES as u64))?;
        let digit_primes = match digits {
            Some(_) => 0,
            None => fields.take("digit_primes", |t| {
                parse_count(t.text()?, 1, MAX_DIGIT_PRIMES)
            })?,
        };
        let chain = Self {
            levels: levels.unwrap_or_default(),
            digits: digits.unwrap_or_default(),
            digit_primes: usize::try_from(digit_primes).unwrap_or(1),
        };
        let wrong = |text: String| Err(Fault::rejected(RULE, text));
        for (name, counts) in [("levels", &chain.levels), ("digits", &chain.digits)] {
            let total: usize = counts.iter().sum();
            if !counts.is_empty() && total != q {
                return wrong(format!("the {name} have {total} primes and q has {q}"));
            }
        }
        let widest = chain.levels.iter().max().copied().unwrap_or(1);
        if widest.saturating_add(p) > MAX_SOURCES {
            return wrong(format!(
                "a level of {widest} primes and {p} special ones: {MAX_SOURCES} are converted from at most"
            ));
        }
        Ok(chain)
    }

    /// The number of primes up to each level and with it, of `q` in all.
    pub(crate) fn ends(&self, q: usize) -> Vec<usize> {
        if self.levels.is_empty() {
            return (1..=q).collect();
        }
        let sum = |end: &mut usize, count: &usize| {
            *end = end.saturating_add(*count);
            Some(*end)
        };
        self.levels.iter().scan(0, sum).collect()
    }

    /// The digits of the first primes of Q.
    pub(crate) fn cut<'a>(&self, mut primes: &'a [u64]) -> Vec<&'a [u64]> {
        if self.digits.is_empty() {
            return primes.chunks(self.digit_primes.max(1)).collect();
        }
        let mut out = Vec::with_capacity(self.digits.len());
        for &count in &self.digits {
            if primes.is_empty() {
                break;
            }
            let (digit, rest) = primes.split_at(count.min(primes.len()));
            out.push(digit);
            primes = rest;
        }
        out
    }

    /// The canonical lines.
    pub(crate) fn lines(&self) -> String {
        let list = |name: &str, counts: &[usize]| {
            let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
            format!("{name} {}\n", counts.join(" "))
        };
        let levels = match self.levels.is_empty() {
            true => String::new(),
            false => list("levels", &self.levels),
        };
        match self.digits.is_empty() {
            true => format!("{levels}digit_primes {}\n", self.digit_primes),
            false => levels + &list("digits", &self.digits),
        }
    }

    /// The digits in words.
    pub(crate) fn words(&self) -> String {
        let list = |counts: &[usize]| {
            let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
            counts.join(", ")
        };
        let digits = match self.digits.is_empty() {
            true => format!("{} primes a digit", self.digit_primes),
            false => format!("digits of {} primes", list(&self.digits)),
        };
        match self.levels.is_empty() {
            true => digits,
            false => format!("{digits}, levels of {} primes", list(&self.levels)),
        }
    }
}
