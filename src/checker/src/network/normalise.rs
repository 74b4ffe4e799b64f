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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::points::tests::random;

    /// Every d of the corners and the middle of [-R, R]^n.
    fn corners(n: u32, r: i64) -> impl Iterator<Item = Vec<i64>> {
        (0..3_usize.pow(n)).map(move |k| {
            let digit = |i: u32| i64::try_from(k / 3_usize.pow(i) % 3).unwrap();
            (0..n).map(|i| (digit(i) - 1) * r).collect()
        })
    }

    /// Groups of 2 to 4 elements at 6 bits, radii up to far more than the spread, an epsilon below a unit: what is exact at the
    /// ends of all balls lies inside, and comes near to the radius.
    #[test]
    fn exact_values_lie_in_the_balls() {
        let (p, mut seed, over) = (6, 31, Over([true, false, false]));
        // 3 units of 2^(-2 p).
        let epsilon = Dyadic {
            mantissa: 3.into(),
            exponent: -12,
        };
        let (mut near_variance, mut near_product) = (0, 0);
        for round in 0..1_000 {
            let n = 2 + round % 3;
            let whole = i64::from(n);
            let mut draw = |size: u64| i64::try_from(random(&mut seed) % (2 * size + 1)).unwrap();
            let size = [3, 40, 900][round as usize % 7 % 3];
            let m: Vec<i64> = (0..n).map(|_| draw(size) - size as i64).collect();
            let (r, s, r_s) = (draw(20), draw(100) - 100, draw(9));
            let balls = |mid: &[i64], radius: i64| Balls {
                mid: mid.iter().map(|m| BigInt::from(*m)).collect(),
                radius: radius.into(),
            };
            let shape = [n as usize, 1, 1];
            let (x, s_ball) = (balls(&m, r), balls(&[s], r_s));
            let v = variance(over, &epsilon, (&x, shape), p).unwrap();
            let y = normalise(over, (&x, shape), &s_ball, p).unwrap();
            let number = |b: &BigInt| i64::try_from(b).unwrap();
            let (v_radius, y_radius) = (number(&v.radius), number(&y.radius));
            let (mut v_most, mut y_most) = (0, 0);
            for d in corners(n, r) {
                let at: Vec<i64> = m.iter().zip(&d).map(|(m, d)| m + d).collect();
                let sum: i64 = at.iter().sum();
                let squares: i64 = at.iter().map(|x| x * x).sum();
                // Over n^2 2^(2 p).
                let exact = whole * squares - sum * sum + 3 * whole * whole;
                let off = (exact - ((number(&v.mid[0]) * whole * whole) << p)).abs();
                assert!(off <= (v_radius * whole * whole) << p, "{m:?} {d:?} {r}");
                v_most = v_most.max(off * 100 / ((v_radius * whole * whole) << p));
                for (x, y) in at.iter().zip(&y.mid) {
                    for s in [s - r_s, s + r_s] {
                        // Over n 2^(2 p).
                        let off = ((whole * x - sum) * s - ((number(y) * whole) << p)).abs();
                        assert!(off <= (y_radius * whole) << p, "{m:?} {d:?} {r} {s}");
                        y_most = y_most.max(off * 100 / ((y_radius * whole) << p));
                    }
                }
            }
            near_variance += i32::from(v_most >= 80);
            near_product += i32::from(y_most >= 70);
        }
        assert!(
            near_variance >= 50 && near_product >= 50,
            "{near_variance} {near_product}"
        );
    }
}
