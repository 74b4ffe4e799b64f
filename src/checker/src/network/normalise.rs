//! Variance and normalisation of groups of elements, on balls with one radius R.
//!
//! Midpoints m_1 .. m_n of a group are integers; S and Q are the sums of them and of their squares, so that n Q - S^2 is exactly n^2
//! times their variance. An exact value is x = m + d with |d_j| <= R, and sqrt(variance) is a seminorm of x: it moves by at most
//! sqrt(variance of d) <= R. Thus |V(x) - V(m)| <= 2 sqrt(V(m)) R + R^2. The mean is within R of that of the midpoints, so that
//! x_i - mean is within 2 R.

use crate::core::fault::{Checked, Fault};
use crate::network::balls::{fixed, shift_up, Balls};
use crate::network::model::layers::{Dyadic, Over};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, Zero};

/// For each group the sum of its midpoints, and of their squares.
fn sums(over: Over, a: &Balls, shape: [usize; 3]) -> Checked<Vec<(BigInt, BigInt)>> {
    let groups: usize = over.reduced(shape).iter().product();
    let mut all = vec![(BigInt::zero(), BigInt::zero()); groups];
    for (i, m) in a.mid.iter().enumerate() {
        let sums = all.get_mut(over.group(shape, i));
        let (sum, squares) = sums.ok_or_else(|| Fault::internal("group"))?;
        *sum += m;
        *squares += m * m;
    }
    Ok(all)
}

/// The variance of each group plus epsilon. Two roundings down; the root is rounded up.
pub(crate) fn variance(
    over: Over,
    epsilon: &Dyadic,
    (a, shape): (&Balls, [usize; 3]),
    precision: u64,
) -> Checked<Balls> {
    let n = BigInt::from(over.size(shape));
    let (epsilon, square) = (fixed(epsilon, precision), &n * &n);
    let mut mid = Vec::new();
    let mut greatest = BigInt::zero();
    for (sum, squares) in sums(over, a, shape)? {
        // Over 2^(2 precision), exactly n^2 times the variance.
        let spread = &n * squares - &sum * &sum;
        greatest = greatest.max(spread.div_ceil(&square));
        let wide = &square << precision;
        mid.push(spread.div_floor(&wide) + &epsilon);
    }
    // Over 2^precision, as R is.
    let root = greatest.sqrt() + 1;
    let moved: BigInt = (root * 2 + &a.radius) * &a.radius;
    Ok(Balls {
        mid,
        radius: shift_up(&moved, precision) + 2,
    })
}

/// (x - mean) s, s one number a group: rounded down once.
pub(crate) fn normalise(
    over: Over,
    (a, shape): (&Balls, [usize; 3]),
    s: &Balls,
    precision: u64,
) -> Checked<Balls> {
    let n = BigInt::from(over.size(shape));
    let sums = sums(over, a, shape)?;
    let wide = &n << precision;
    let mut mid = Vec::with_capacity(a.mid.len());
    let mut farthest = BigInt::zero();
    for (i, m) in a.mid.iter().enumerate() {
        let group = over.group(shape, i);
        let (sum, _) = sums.get(group).ok_or_else(|| Fault::internal("group"))?;
        // n times the distance to the mean.
        let centred = m * &n - sum;
        mid.push((&centred * s.get(group)?).div_floor(&wide));
        farthest = farthest.max(centred.abs());
    }
    let farthest = farthest.div_ceil(&n);
    let twice: BigInt = &a.radius * 2;
    let moved = farthest * &s.radius + (s.greatest() + &s.radius) * twice;
    Ok(Balls {
        mid,
        radius: shift_up(&moved, precision) + 1,
    })
}
