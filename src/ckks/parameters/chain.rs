//! How the primes of Q are grouped: into levels, and into the digits of the key switch.
//!
//! A level adds one prime to the modulus, or a few: a rescale divides by the product of all of them at once, with one
//! rounding. So a scale of 2^57 needs no prime above 2^50: two of 28.5 bits make its level.
//!
//! A digit is a run of primes, whatever their levels. Key switches add the less noise the narrower digits are than P, and
//! cost the less the fewer digits there are. With small primes among large ones as many make a digit as leave [`SLACK_LOG2`] bits
//! to P: what is proved of (sum_j d_j e_j)/P, whatever the digits, then is of the size of a rounding.

use crate::error::{Error, ErrorKind, Result};
use rug::Integer;
use std::ops::Range;

/// Most special primes, and most primes of a digit: the sums of a base conversion stay exact.
pub const MAX_P_PRIMES: usize = 8;
/// Most primes of a level.
pub const MAX_LEVEL_PRIMES: usize = 2;
/// Most primes that are converted from together: the special ones and a level's, or a digit's.
pub const MAX_SOURCES: usize = MAX_P_PRIMES + 1;

/// log2 of how much narrower than P digits are at least that are cut by width; most are narrower still. sqrt(x V N) R' sqrt(d) of
/// `noise::formula::tail` is 2^28.5 at N = 2^16 for eight digits as wide as P, and a rounding's bound 2^19.
pub const SLACK_LOG2: u32 = 8;

pub(super) fn fault(detail: String) -> Error {
    ErrorKind::Parameters(detail).into()
}

pub(super) fn in_range(name: &str, value: usize, lo: usize, hi: usize) -> Result<()> {
    if (lo..=hi).contains(&value) {
        return Ok(());
    }
    Err(fault(format!(
        "{name} is {value}: it goes from {lo} to {hi}"
    )))
}

/// The levels and the digits of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// The number of primes up to each level and with it.
    ends: Vec<usize>,
    digits: Vec<Range<usize>>,
    /// The primes of each digit (but the last), where that is one number.
    digit_primes: Option<usize>,
}

impl Shape {
    /// **Inputs** the primes; how many each level has (one each where not said); how many each digit has. Where that is not
    /// said: as many as P has, but with levels of several primes as many as leave [`SLACK_LOG2`] bits to P.
    pub(super) fn new(
        q: &[u64],
        p: &[u64],
        levels: Option<&[usize]>,
        digit_primes: Option<usize>,
    ) -> Result<Self> {
        let ones = vec![1; q.len()];
        let levels = levels.unwrap_or(&ones);
        let most = MAX_LEVEL_PRIMES.min(MAX_SOURCES - p.len());
        for (level, &count) in levels.iter().enumerate() {
            in_range(
                &format!("the number of primes of level {level}"),
                count,
                1,
                most,
            )?;
        }
        let total: usize = levels.iter().sum();
        if total != q.len() {
            return Err(fault(format!(
                "the levels have {total} primes and Q has {}",
                q.len()
            )));
        }
        let ends = (levels.iter())
            .scan(0, |end, count| {
                *end += count;
                Some(*end)
            })
            .collect();
        let single = levels.iter().all(|&count| count == 1);
        let digit_primes = digit_primes.or(single.then_some(p.len()));
        let digits = match digit_primes {
            Some(count) => {
                in_range("digit_primes", count, 1, MAX_P_PRIMES)?;
                (0..q.len())
                    .step_by(count)
                    .map(|start| start..(start + count).min(q.len()))
                    .collect()
            }
            None => as_wide_as(q, p),
        };
        Ok(Self {
            ends,
            digits,
            digit_primes,
        })
    }

    /// The number of levels.
    pub(super) fn levels(&self) -> usize {
        self.ends.len()
    }

    /// How many primes each level adds, where some level adds more than one.
    pub(super) fn counts(&self) -> Option<Vec<usize>> {
        let counts = (0..self.levels()).map(|level| self.own(level).len());
        let counts: Vec<usize> = counts.collect();
        counts.iter().any(|&count| count != 1).then_some(counts)
    }

    /// The number of primes up to a level and with it.
    pub(super) fn limbs(&self, level: usize) -> usize {
        self.ends[level]
    }

    /// The primes that a level adds.
    pub(super) fn own(&self, level: usize) -> Range<usize> {
        let start = level.checked_sub(1).map_or(0, |below| self.ends[below]);
        start..self.ends[level]
    }

    /// The digits of the first so many primes.
    pub(super) fn digits(&self, limbs: usize) -> Vec<Range<usize>> {
        (self.digits.iter())
            .take_while(|digit| digit.start < limbs)
            .map(|digit| digit.start..digit.end.min(limbs))
            .collect()
    }

    /// The primes of each digit, where that is one number.
    pub(super) fn digit_primes(&self) -> Option<usize> {
        self.digit_primes
    }

    /// Lines of the canonical text; chains of one prime a level and digits of one length need no more than that length.
    pub(super) fn canonical(&self) -> String {
        let levels = self.counts().map(|counts| format!("levels {counts:?}\n"));
        let mut out = levels.unwrap_or_default();
        match self.digit_primes {
            Some(count) => out += &format!("digit_primes {count}\n"),
            None => {
                let digits: Vec<usize> = self.digits.iter().map(Range::len).collect();
                out += &format!("digits {digits:?}\n");
            }
        }
        out
    }
}

/// Runs of as many primes as have a product of at most P over 2^[`SLACK_LOG2`]; at least one.
fn as_wide_as(q: &[u64], p: &[u64]) -> Vec<Range<usize>> {
    let p: Integer = p.iter().map(|&x| Integer::from(x)).product();
    let most = p >> SLACK_LOG2;
    let mut digits: Vec<Range<usize>> = Vec::new();
    let mut width = Integer::new();
    for (i, &prime) in q.iter().enumerate() {
        let wider = Integer::from(&width * prime);
        match digits.last_mut() {
            Some(digit) if wider <= most && digit.len() < MAX_SOURCES => {
                digit.end = i + 1;
                width = wider;
            }
            _ => {
                digits.push(i..i + 1);
                width = Integer::from(prime);
            }
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    const Q: [u64; 7] = [
        1 << 40,
        1 << 30,
        1 << 30,
        1 << 20,
        1 << 20,
        1 << 20,
        1 << 20,
    ];

    #[test]
    fn digits_are_as_wide_as_the_special_primes() {
        let p = [1 << 39, 1 << 39];
        let shape = Shape::new(&Q, &p, Some(&[1, 2, 2, 2]), None).unwrap();
        assert_eq!(shape.digits(7), [0..2, 2..5, 5..7]);
        assert_eq!(shape.digits(4), [0..2, 2..4]);
        assert_eq!(
            (shape.limbs(1), shape.own(1), shape.own(0)),
            (3, 1..3, 0..1)
        );
        assert_eq!(shape.canonical(), "levels [1, 2, 2, 2]\ndigits [2, 3, 2]\n");
        let shape = Shape::new(&Q, &p, None, None).unwrap();
        assert_eq!(shape.digits(7), [0..2, 2..4, 4..6, 6..7]);
        assert_eq!(shape.canonical(), "digit_primes 2\n");
    }

    #[test]
    fn levels_that_do_not_fit_are_refused() {
        let error = |levels: &[usize], p: &[u64]| {
            Shape::new(&Q, p, Some(levels), None)
                .unwrap_err()
                .to_string()
        };
        let p = [1 << 50; 3];
        assert!(error(&[1, 2, 2], &p).contains("the levels have 5 primes and Q has 7"));
        assert!(error(&[1, 3, 3], &p).contains("the number of primes of level 1 is 3"));
        assert!(error(&[0, 2, 2, 2, 1], &p).contains("level 0 is 0"));
        assert!(error(&[1, 2, 2, 2], &[1 << 50; 8]).contains("goes from 1 to 1"));
    }
}
