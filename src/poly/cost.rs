//! What a polynomial costs under encryption: depth and non-scalar multiplications.
//!
//! # Odd polynomials
//! Odd baby-step giant-step of ePrint 2020/834. With baby steps `T_1, T_3, ..., T_(2^l - 1)` and giant
//! steps `T_2, T_4, ..., T_(2^(m-1))` at hand (`2^(l-1) - 1` and `m - 1` multiplications), write
//! `f = q T_g + r`, `g` a giant step, `q` odd of degree `deg f - g`, `r` odd of degree below `g`:
//! ```text
//! F(i, j) = 0                                       i < 2^l and the sum of c T_i is ready at depth j
//! F(i, j) = min_g F(i - g, j - 1) + F(g - 1, j) + 1    g = 2^k < i ready at depth k <= j - 1
//! mults(d) = min over l, m of 2^(l-1) - 1 + m - 1 + F(d, dep(d)),   dep(d) = ceil(log2(d + 1))
//! ```
//! A product with a plaintext scalar is not counted but takes a level, so `c_1 T_1` is ready at depth 1
//! and a sum up to `T_i`, `i >= 3`, at depth `ceil(log2 i) + 1`. The recurrence gives the authors'
//! published counts for every degree from 3 to 63 (a test compares them).
//!
//! # Other polynomials
//! The same recurrence where q and r have any coefficients and every `T_i` below `2^l` is a baby step: the
//! powers at hand cost `2^l - 2` multiplications and one for every giant step from `T_(2^l)` on; a product
//! with a constant `q` costs none.

use crate::poly::component::Component;
use std::collections::HashMap;

/// Multiplicative depth of a polynomial of degree `d`, `ceil(log2(d + 1))`.
///
/// # Examples
/// ```
/// use polycert::poly::cost::depth;
/// assert_eq!([3, 5, 7, 9, 31, 33].map(depth), [2, 3, 3, 4, 5, 6]);
/// ```
pub fn depth(degree: usize) -> usize {
    (usize::BITS - degree.leading_zeros()) as usize
}

/// Non-scalar multiplications of an odd polynomial of degree `d` at its least depth.
///
/// # Examples
/// ```
/// use polycert::poly::cost::mults;
/// assert_eq!([1, 3, 7, 15, 31, 33, 63].map(mults), [0, 2, 5, 8, 12, 11, 17]);
/// ```
pub fn mults(degree: usize) -> usize {
    price(degree, &|_| 1) as usize
}

/// Non-scalar multiplications of any polynomial of degree `d` at its least depth.
///
/// # Examples
/// ```
/// use polycert::poly::cost::general_mults;
/// assert_eq!([1, 2, 3, 4, 7].map(general_mults), [0, 1, 2, 2, 5]);
/// ```
pub fn general_mults(degree: usize) -> usize {
    cheapest(degree, false, &|_| 1) as usize
}

/// Cheapest evaluation of an odd polynomial at least depth, `weight(j)` the price of a product that is
/// ready at depth `j`.
pub fn price(degree: usize, weight: &dyn Fn(usize) -> u64) -> u64 {
    cheapest(degree, true, weight)
}

/// As [`price`], of any polynomial.
pub fn general_price(degree: usize, weight: &dyn Fn(usize) -> u64) -> u64 {
    cheapest(degree, false, weight)
}

fn cheapest(degree: usize, odd: bool, weight: &dyn Fn(usize) -> u64) -> u64 {
    if degree <= 1 {
        return 0;
    }
    let total = depth(degree);
    let mut best = u64::MAX;
    for baby in 1..=total {
        let step = if odd { 2 } else { 1 };
        let babies = (if odd { 3 } else { 2 }..1 << baby).step_by(step);
        let babies: u64 = babies.map(|i| weight(log2_up(i))).sum();
        for giants in baby.max(2)..=total {
            // Giant steps T_2 to T_(2^(giants-1)); even baby steps are some of them.
            let first = if odd { 1 } else { baby };
            let powers: u64 = (first..giants).map(weight).sum();
            let mut splits = Splits {
                odd,
                baby,
                giants,
                weight,
                known: HashMap::new(),
            };
            let split = splits.least(degree, total);
            best = best.min(babies.saturating_add(powers).saturating_add(split));
        }
    }
    best
}

struct Splits<'a> {
    odd: bool,
    baby: usize,
    giants: usize,
    weight: &'a dyn Fn(usize) -> u64,
    known: HashMap<(usize, usize), u64>,
}

impl Splits<'_> {
    /// `F(degree, by)`; out of reach is a price that no sum exceeds.
    fn least(&mut self, degree: usize, by: usize) -> u64 {
        let ready = match degree {
            0 => 0,
            1 => 1,
            _ => log2_up(degree) + 1,
        };
        if degree < 1 << self.baby && ready <= by {
            return 0;
        }
        if let Some(price) = self.known.get(&(degree, by)) {
            return *price;
        }
        let mut best = u64::MAX;
        for k in 1..self.giants.min(by) {
            let g = 1usize << k;
            if g > degree || self.odd && g == degree {
                break;
            }
            // q is a constant where g is the degree: a scalar product, ready a level later.
            let high = match degree - g {
                0 => 0,
                rest => self.least(rest, by - 1).saturating_add((self.weight)(by)),
            };
            let low = self.least(g - 1, by);
            best = best.min(high.saturating_add(low));
        }
        self.known.insert((degree, by), best);
        best
    }
}

/// `ceil(log2 i)`.
fn log2_up(i: usize) -> usize {
    depth(i - 1)
}

/// Depth of a composite of odd degrees, with the final product `x p(x)` of ReLU and max or without.
pub fn composite_depth(degrees: &[usize], product: bool) -> usize {
    degrees.iter().map(|&d| depth(d)).sum::<usize>() + usize::from(product)
}

/// Non-scalar multiplications of a composite of odd degrees, with the final product or without.
pub fn composite_mults(degrees: &[usize], product: bool) -> usize {
    degrees.iter().map(|&d| mults(d)).sum::<usize>() + usize::from(product)
}

/// Levels and matches of a tournament of n inputs: `ceil(log2 n)` and `n - 1`.
pub fn tournament(inputs: usize) -> (usize, usize) {
    (log2_up(inputs.max(1)), inputs.saturating_sub(1))
}

/// Depth and non-scalar multiplications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Levels that a ciphertext loses.
    pub depth: usize,
    /// Products of two ciphertexts.
    pub mults: usize,
}

impl Cost {
    /// Cost of one table's polynomials, applied one after the other: odd ones (every even coefficient exactly
    /// 0, and no offset) as such. Input maps cost nothing: the stage before makes them (or the coefficients
    /// of the first).
    pub fn of(components: &[Component]) -> Self {
        let mut sum = Self { depth: 0, mults: 0 };
        for c in components {
            let degree = c
                .coefficients
                .iter()
                .rposition(|x| !x.is_zero())
                .unwrap_or(0);
            let odd =
                c.offset.is_zero() && c.coefficients.iter().step_by(2).all(rug::Rational::is_zero);
            sum.depth += depth(degree);
            sum.mults += if odd {
                mults(degree)
            } else {
                general_mults(degree)
            };
        }
        sum
    }

    /// Of several, one after the other.
    pub fn sum(all: impl Iterator<Item = Self>) -> Self {
        all.fold(Self { depth: 0, mults: 0 }, |sum, one| Self {
            depth: sum.depth + one.depth,
            mults: sum.mults + one.mults,
        })
    }

    /// With the final product `x p(x)`.
    #[must_use]
    pub fn with_product(self) -> Self {
        Self {
            depth: self.depth + 1,
            mults: self.mults + 1,
        }
    }

    /// Of a tournament of n inputs in which every match costs this.
    #[must_use]
    pub fn of_tournament(self, inputs: usize) -> Self {
        let (levels, matches) = tournament(inputs);
        Self {
            depth: levels * self.depth,
            mults: matches * self.mults,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::component::Basis;
    use rug::Rational;

    #[test]
    fn published_counts_of_every_degree() {
        // ePrint 2020/834, from the authors' code, degrees 3, 5, ..., 63.
        let published = [
            2, 3, 5, 5, 6, 7, 8, 8, 8, 9, 9, 10, 10, 11, 12, 11, 11, 11, 11, 12, 12, 13, 13, 14,
            14, 14, 14, 15, 15, 16, 17,
        ];
        let depths = (3..64).step_by(2).map(depth);
        assert!((3..64).step_by(2).map(mults).eq(published));
        assert!(depths.eq([2, 3, 3, 4, 4, 4, 4]
            .into_iter()
            .chain([5; 8])
            .chain([6; 16])));
    }

    #[test]
    fn general_polynomials_cost_no_less_than_odd_ones() {
        for d in (3..256).step_by(2) {
            let (odd, general) = (mults(d), general_mults(d));
            assert!(odd <= general, "{d}: {odd}, {general}");
            // Never worse than by all powers; never better than by squarings.
            assert!(general < d && general >= depth(d) - 1, "{d}: {general}");
        }
    }

    #[test]
    fn of_components_and_tournaments() {
        let c = |v: &[i32]| {
            Component::new(Basis::Power, v.iter().map(|&v| Rational::from(v)).collect())
        };
        let odd = Cost::of(&[c(&[0, 3, 0, -1, 0, 0]), c(&[0, 2])]);
        assert_eq!(odd, Cost { depth: 3, mults: 2 });
        assert_eq!(odd.with_product(), Cost { depth: 4, mults: 3 });
        assert_eq!(Cost::of(&[c(&[1, 0, 1])]), Cost { depth: 2, mults: 1 });
        assert_eq!(Cost::of(&[c(&[7])]), Cost { depth: 0, mults: 0 });
        let pool = odd.with_product().of_tournament(9);
        assert_eq!(
            pool,
            Cost {
                depth: 16,
                mults: 24
            }
        );
        assert_eq!(
            [2, 4, 9, 16].map(tournament),
            [(1, 1), (2, 3), (4, 8), (4, 15)]
        );
        let mut mapped = c(&[0, 1, 0, 1]);
        mapped.scale = Rational::from((1, 2));
        assert_eq!(Cost::of(&[mapped.clone()]), Cost { depth: 2, mults: 2 });
        mapped.offset = Rational::from(1);
        mapped.coefficients = vec![Rational::from(1); 10];
        assert_eq!(Cost::of(&[mapped]).mults, general_mults(9));
    }
}
