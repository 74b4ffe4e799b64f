//! How far the polynomial r is from a line: bounds of |B r''| over ranges, and slopes.
//!
//! r(x) = x (1 + p(y))/2 with y = x/B, so r' = (1 + p + y p')/2 and B r'' = (2 p' + y p'')/2. For x < 0 the
//! stages s P(s u), s = -1, give q(y) = -p(-y) at y = |x|/B, with q' = p'(-y), q'' = -p''(-y): the same formula.
//! If every stage is odd one side serves both.
//!
//! Cells in y cover [0, 1], narrow near 0 where r turns. Over a cell every stage P is written in powers of
//! t = u - c around a dyadic c close to the middle of its argument's range (exactly, in integers);
//! with |t| <= rho the value is within sum_(j>=1) |b_j| rho^j of b_0, and P' and P'' likewise. Then
//! (P o q)' = P'(q) q' and (P o q)'' = P''(q) q'^2 + P'(q) q''.
//!
//! Where the polynomial u is the activation itself (`standing.rs`), B r'' = u''.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::fixed::{Fixed, Interval};
use crate::core::polynomial::{Parity, Polynomial};
use crate::network::rows::jobs::in_order;
use crate::network::rows::upper::Upper;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};

/// Places y are n 2^-PLACE_BITS.
pub(crate) const PLACE_BITS: u32 = 100;
/// Ends of cells are n 2^-EDGE_BITS; cells are at most 2^6 of these wide, and at most 1/256 of their place.
const EDGE_BITS: u32 = 20;
const WIDEST: u32 = 64;
/// Fractional bits of the intervals.
const PRECISION: u64 = 96;
/// Fractional bits of the centres c.
const CENTRE_BITS: u64 = 26;
/// Arguments of stages are at most 2^this.
const REACH_BITS: u64 = 8;
/// Parts of the cells, each with its own budget.
const PARTS: usize = 32;

/// Slopes are s 2^-SLOPE_BITS with |s| < 2^30.
pub(crate) const SLOPE_BITS: u32 = 27;
pub(crate) const MAX_SLOPE: i64 = (1 << 30) - 1;
/// Fractional bits of the evaluation of slopes.
pub(crate) const SLOPE_PRECISION: u64 = 128;

/// Bounds of |B r''| for one table.
#[derive(Debug)]
pub(crate) struct Curve {
    edges: Vec<u32>,
    /// For each side, maxima over 2^k cells from each, k = 0, 1, ...
    sides: Vec<Vec<Vec<Upper>>>,
}

fn edges() -> Vec<u32> {
    let (mut list, mut last) = (vec![0], 0);
    while last < 1 << EDGE_BITS {
        last = (last + (last / 256).clamp(1, WIDEST)).min(1 << EDGE_BITS);
        list.push(last);
    }
    list
}

/// Units of work that the cells of a table take.
pub(crate) fn work(polynomials: &[Polynomial]) -> u64 {
    let stages = polynomials.iter().map(|p| {
        let n = p.numerators.len() as u64;
        let longest = p.numerators.iter().map(BigInt::bits).max().unwrap_or(0);
        let limbs = (longest + n * CENTRE_BITS + p.denominator.bits()) / 64 + 2;
        n * n * (limbs + 20) + n * 600 + 1_500
    });
    2 * edges().len() as u64 * stages.sum::<u64>()
}

impl Curve {
    /// **Cost** some 18,000 cells: about a second.
    pub(crate) fn new(polynomials: &[Polynomial], own: bool, threads: usize) -> Checked<Self> {
        let edges = edges();
        let odd = polynomials.iter().all(|p| p.parity() == Parity::Odd);
        let mut sides = Vec::new();
        for negative in [false, true] {
            if negative && odd {
                break;
            }
            let seen: Vec<Polynomial> = polynomials.iter().map(|p| p.seen_from(negative)).collect();
            let cells: Vec<(u32, u32)> = edges
                .iter()
                .zip(edges.iter().skip(1))
                .map(|(a, b)| (*a, *b))
                .collect();
            let size = cells.len().div_ceil(PARTS).max(1);
            let parts: Vec<&[(u32, u32)]> = cells.chunks(size).collect();
            let done = in_order(parts.len(), threads, |i| {
                let fixed = Fixed {
                    precision: PRECISION,
                    budget: Budget::new(),
                };
                let part = parts.get(i).copied().unwrap_or_default();
                let each = |&(a, b): &(u32, u32)| bend(&seen, own, (a, b), &fixed);
                part.iter().map(each).collect::<Checked<Vec<Upper>>>()
            })?;
            let cells: Vec<Vec<Upper>> = done.into_iter().collect::<Checked<_>>()?;
            sides.push(doubled(cells.concat()));
        }
        Ok(Self { edges, sides })
    }

    /// An upper bound of |B r''| for lo <= y <= hi, places; infinite beyond [-1, 1].
    pub(crate) fn over(&self, lo: i128, hi: i128) -> Upper {
        let one = 1_i128 << PLACE_BITS;
        if lo < -one || hi > one || lo > hi {
            return Upper::INFINITE;
        }
        let mut most = Upper::ZERO;
        if hi >= 0 {
            most = self.side(false, lo.max(0), hi);
        }
        if lo < 0 {
            most = most.max(self.side(true, (-hi).max(0), -lo));
        }
        most
    }

    /// 0 <= lo <= hi <= 1 on one side.
    fn side(&self, negative: bool, lo: i128, hi: i128) -> Upper {
        let levels = match (negative, self.sides.as_slice()) {
            (true, [_, below]) => below,
            (_, [first, ..]) => first,
            _ => return Upper::INFINITE,
        };
        let down = PLACE_BITS - EDGE_BITS;
        // The last cell that begins at or before lo, and the first that ends at or after hi.
        let cells = self.edges.len() - 1;
        let begins = |e: &u32| i128::from(*e) << down <= lo;
        let ends = |e: &u32| i128::from(*e) << down < hi;
        let first = self.edges.partition_point(begins);
        let first = first.saturating_sub(1).min(cells - 1);
        let last = self.edges.partition_point(ends);
        let last = last.saturating_sub(1).clamp(first, cells - 1);
        let level = (last - first + 1).ilog2();
        let at = |i: usize| {
            let list = levels.get(level as usize);
            list.and_then(|l| l.get(i).copied())
                .unwrap_or(Upper::INFINITE)
        };
        at(first).max(at(last + 1 - (1 << level)))
    }
}

/// Maxima over 1, 2, 4, ... cells from each.
fn doubled(cells: Vec<Upper>) -> Vec<Vec<Upper>> {
    let count = cells.len();
    let mut levels = vec![cells];
    let mut step = 1;
    while 2 * step <= count {
        let below = levels.last().map(Vec::as_slice).unwrap_or_default();
        let pairs = below.iter().zip(below.iter().skip(step));
        levels.push(pairs.map(|(a, b)| *a.max(b)).collect());
        step *= 2;
    }
    levels
}

/// |B r''| over the cell [a, b] 2^-EDGE_BITS; infinite where a stage's argument is large.
fn bend(stages: &[Polynomial], own: bool, (a, b): (u32, u32), fixed: &Fixed) -> Checked<Upper> {
    let up = PRECISION - u64::from(EDGE_BITS);
    let y = Interval::new(BigInt::from(a) << up, BigInt::from(b) << up);
    let mut q = y.clone();
    let mut first = Interval::point(&fixed.one());
    let mut second = Interval::point(&BigInt::zero());
    for stage in stages {
        if q.mag().bits() > PRECISION + REACH_BITS {
            return Ok(Upper::INFINITE);
        }
        let [value, slope, bend] = taylor(stage, &q, fixed)?;
        second = fixed
            .mul(&bend, &fixed.square(&first)?)?
            .plus(&fixed.mul(&slope, &second)?);
        first = fixed.mul(&slope, &first)?;
        q = value;
    }
    if own {
        return Ok(Upper::fixed(&second.mag(), PRECISION));
    }
    let sum = first.plus(&first).plus(&fixed.mul(&y, &second)?);
    Ok(Upper::fixed(&sum.mag(), PRECISION + 1))
}

/// Encloses P, P', P'' over an interval.
fn taylor(p: &Polynomial, q: &Interval, fixed: &Fixed) -> Checked<[Interval; 3]> {
    let f = PRECISION;
    // c = n 2^-CENTRE_BITS near the middle.
    let n = (&q.lo + &q.hi) >> (f + 1 - CENTRE_BITS);
    let c = &n << (f - CENTRE_BITS);
    let rho = (&q.hi - &c).max(&c - &q.lo);
    let n = n.to_i64().ok_or_else(|| Fault::internal("centre"))?;
    let top = p.numerators.len().saturating_sub(1);
    // 2^(26 top) D P(c + t) in powers of 2^26 t: synthetic division by an integer, exactly.
    let scaled = |(i, a): (usize, &BigInt)| a << (CENTRE_BITS as usize * (top - i));
    let mut a: Vec<BigInt> = p.numerators.iter().enumerate().map(scaled).collect();
    for k in 0..top {
        let mut above = BigInt::zero();
        for a in a.iter_mut().skip(k).rev() {
            *a += &above * n;
            above.clone_from(a);
        }
    }
    // b_j = a_j / (2^(26 (top - j)) D) over 2^f, rounded down; it is less than 1 below.
    let coefficient = |(j, a): (usize, &BigInt)| {
        let down = CENTRE_BITS as usize * (top - j);
        let f = f as usize;
        let scaled = match f.checked_sub(down) {
            Some(up) => a << up,
            None => a >> (down - f),
        };
        scaled.div_floor(&p.denominator)
    };
    let b: Vec<BigInt> = a.iter().enumerate().map(coefficient).collect();
    let enclose = |k: usize| -> Checked<Interval> {
        // sum over j > k of j!/(j-k)! |b_j| rho^(j-k), by Horner's scheme, rounded up.
        let falling = |j: usize| (0..k).map(|i| (j - i) as u64).product::<u64>();
        let mut spread = BigInt::zero();
        for (j, b) in b.iter().enumerate().skip(k + 1).rev() {
            spread = fixed.mul_up(&(spread + (b.abs() + 1) * falling(j)), &rho)?;
        }
        let (b, factor) = match b.get(k) {
            Some(b) => (b * falling(k), falling(k)),
            None => (BigInt::zero(), 0),
        };
        Ok(Interval::new(&b - &spread, b + factor + spread))
    };
    Ok([enclose(0)?, enclose(1)?, enclose(2)?])
}
