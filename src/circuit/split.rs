//! Baby-step giant-step: which products a polynomial in the Chebyshev basis needs.
//!
//! # Method
//! With the baby steps `T_1, ..., T_(2^l - 1)` (odd ones only, for an odd polynomial) and the giant steps
//! `T_2, T_4, ..., T_(2^(m-1))` at hand, write `f = q T_g + r` for a giant step `g`, `deg r < g`; a part of
//! degree below `2^l` is a plain sum of constants times `T_i`, and costs no product but one level. For an
//! odd polynomial this is the recurrence of ePrint 2020/834 (published degrees and counts to 63), and all
//! `l`, `m`, `g` are tried, for least depth `ceil(log2(d + 1))` and then fewest products.
//!
//! `T_i` that nothing is made of cost nothing: which coefficients are 0 is followed through the division.
//! `c T_j` leaves `T_(j-g)` in q and `T_|j-2g|` in r, so that a parity stays in both, and one odd term beside
//! an even polynomial (x/2 of a ReLU) stays alone in r.

use crate::error::{Error, Result};
use rug::Rational;

/// Largest degree.
pub const MAX_DEGREE: usize = 255;

/// How a polynomial is taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// A sum of constants times `T_i`.
    Sum,
    /// q T_g + r.
    Product {
        /// The giant step.
        giant: usize,
        /// How q is taken apart.
        high: Box<Split>,
        /// How r is taken apart.
        low: Box<Split>,
    },
}

/// `ceil(log2 i)`, the depth at which `T_i` is ready.
pub fn ready(i: usize) -> usize {
    (usize::BITS - i.saturating_sub(1).leading_zeros()) as usize
}

/// `ceil(log2(d + 1))`, the least depth of a polynomial of degree d >= 1.
pub fn depth(degree: usize) -> usize {
    ready(degree + 1)
}

/// The split of least depth with fewest products, and that number.
///
/// **Inputs** which coefficients are not 0, from degree 0 upwards; the last one counts as such.
///
/// # Errors
/// A degree of 0, or beyond [`MAX_DEGREE`].
pub fn best(support: &[bool]) -> Result<(Split, usize)> {
    let degree = support.len().saturating_sub(1);
    if degree == 0 || degree > MAX_DEGREE {
        return Err(Error::unsupported(format!(
            "a stage of degree {degree}; from 1 to {MAX_DEGREE} are evaluated"
        )));
    }
    let total = depth(degree);
    let mut found: Option<(Split, usize)> = None;
    for baby in 1..=total {
        for giants in baby.max(2)..=total.max(2) {
            if let Some((split, _)) = search(degree, total, baby, giants) {
                let products = products(&split, support);
                if found.as_ref().is_none_or(|(_, least)| products < *least) {
                    found = Some((split, products));
                }
            }
        }
    }
    found.ok_or_else(|| Error::unsupported(format!("no split of degree {degree}")))
}

/// Which coefficients are not 0.
pub fn support(c: &[Rational]) -> Vec<bool> {
    c.iter().map(|c| !c.is_zero()).collect()
}

/// Products of a split: its own, and those of every `T_i` that it uses.
fn products(split: &Split, support: &[bool]) -> usize {
    let mut needed = vec![false; 2 * MAX_DEGREE + 2];
    let own = collect(split, support, &mut needed);
    // T_i = 2 T_a T_b - T_(a-b) needs its parts in turn.
    for i in (2..needed.len()).rev() {
        if needed[i] {
            let (a, b) = parts(i);
            for j in [a, b, a - b] {
                needed[j] = true;
            }
        }
    }
    own + needed.iter().skip(2).filter(|n| **n).count()
}

/// The two factors of `T_i = 2 T_a T_b - T_(a-b)`, i >= 2: a the largest power of two below i.
pub fn parts(i: usize) -> (usize, usize) {
    let a = 1 << (ready(i) - 1);
    (a, i - a)
}

fn collect(split: &Split, support: &[bool], needed: &mut [bool]) -> usize {
    match split {
        Split::Sum => {
            let used = support.iter().enumerate().skip(1).filter(|(_, u)| **u);
            used.for_each(|(i, _)| needed[i] = true);
            0
        }
        Split::Product { giant, high, low } => {
            needed[*giant] = true;
            let (q, r) = divided(support, *giant);
            1 + collect(high, &q, needed) + collect(low, &r, needed)
        }
    }
}

/// Which coefficients of q and r are not 0, in general: [`divide`] of coefficients that do not cancel.
fn divided(support: &[bool], g: usize) -> (Vec<bool>, Vec<bool>) {
    let mut r = support.to_vec();
    let mut q = vec![false; support.len().saturating_sub(g).max(1)];
    for j in (g..support.len()).rev() {
        if std::mem::take(&mut r[j]) {
            q[j - g] = true;
            if j > g {
                r[j.abs_diff(2 * g)] = true;
            }
        }
    }
    r.truncate(g);
    (q, r)
}

/// A split of `degree` that is ready at depth `by`, with the fewest products of its own.
fn search(degree: usize, by: usize, baby: usize, giants: usize) -> Option<(Split, usize)> {
    if degree < 1 << baby && ready(degree) < by {
        return Some((Split::Sum, 0));
    }
    let mut found: Option<(Split, usize)> = None;
    for k in (1..giants.min(by)).filter(|k| 1 << k < degree) {
        let giant = 1usize << k;
        let (Some((high, a)), Some((low, b))) = (
            search(degree - giant, by - 1, baby, giants),
            search(giant - 1, by, baby, giants),
        ) else {
            continue;
        };
        let count = a + b + 1;
        if found.as_ref().is_none_or(|(_, least)| count < *least) {
            let (high, low) = (Box::new(high), Box::new(low));
            found = Some((Split::Product { giant, high, low }, count));
        }
    }
    found
}

/// f = q T_g + r in the Chebyshev basis, exactly.
///
/// `c T_j = 2c T_(j-g) T_g - c T_|j-2g|` for j > g, from the highest degree down.
pub fn divide(f: &[Rational], g: usize) -> (Vec<Rational>, Vec<Rational>) {
    let mut r = f.to_vec();
    let mut q = vec![Rational::new(); f.len().saturating_sub(g).max(1)];
    for j in (g..f.len()).rev() {
        let c = std::mem::take(&mut r[j]);
        if j == g {
            q[0] += c;
        } else {
            r[j.abs_diff(2 * g)] -= &c;
            q[j - g] += c * 2u32;
        }
    }
    r.truncate(g);
    (q, r)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_is_exact() {
        let f: Vec<Rational> = (0..24).map(|j| Rational::from((3 * j - 7, 5))).collect();
        for g in [2, 4, 8, 16] {
            let (q, r) = divide(&f, g);
            let mut back = r.clone();
            back.resize(64, Rational::new());
            for (a, c) in q.iter().enumerate() {
                let half = Rational::from(c / 2u32);
                back[a + g] += &half;
                back[a.abs_diff(g)] += &half;
            }
            assert!(
                r.len() <= g && back[..24] == f[..] && back[24..].iter().all(Rational::is_zero)
            );
        }
    }

    /// Degree `d` with the coefficients that `used` says, and the last.
    fn count(d: usize, used: impl Fn(usize) -> bool) -> usize {
        let support: Vec<bool> = (0..=d).map(|j| j == d || used(j)).collect();
        best(&support).unwrap().1
    }

    #[test]
    fn published_counts() {
        let mults = [
            2, 3, 5, 5, 6, 7, 8, 8, 8, 9, 9, 10, 10, 11, 12, 11, 11, 11, 11, 12, 12, 13,
        ];
        for (i, want) in mults.into_iter().enumerate() {
            let d = 2 * i + 3;
            assert_eq!(count(d, |j| j % 2 == 1), want, "degree {d}");
        }
        assert_eq!(best(&[false, true]).unwrap(), (Split::Sum, 0));
        assert!(best(&[true]).is_err() && best(&[true; 257]).is_err());
    }

    /// x/2 beside an even polynomial costs what the even one does.
    #[test]
    fn a_linear_term_beside_an_even_polynomial_costs_nothing() {
        for (d, want) in [(14, 6), (30, 9), (62, 14), (126, 19), (254, 28)] {
            assert_eq!(count(d, |j| j % 2 == 0), want, "even, degree {d}");
            assert_eq!(count(d, |j| j % 2 == 0 || j == 1), want, "degree {d}");
        }
        assert_eq!((count(62, |_| true), count(126, |_| true)), (17, 26));
    }
}
