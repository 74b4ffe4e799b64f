//! Descartes' rule in Bernstein form: an upper bound of the number of roots in an interval.
//!
//! The number of sign changes of the Bernstein coefficients of G on [a, b] is at least the number
//! of roots of G in (a, b), with multiplicity, and of the same parity; it is exact when all roots
//! of G are real. With y = (a + b v)/(1 + v), 0 < v < infinity covers (a, b), and the coefficients
//! of (1+v)^n G(y) are those Bernstein coefficients times positive binomials: same signs.
//!
//! **Cost** about n^2 additions and multiplications by small integers, exact.

use rug::{Integer, Rational};

/// A dyadic interval [a, b] over a common power of two: a = lo / 2^shift, b = hi / 2^shift.
#[derive(Debug, Clone)]
pub struct DyadicInterval {
    lo: Integer,
    hi: Integer,
    shift: u32,
}

impl DyadicInterval {
    /// From two dyadic rationals a < b.
    ///
    /// # Panics
    /// Debug builds assert that both are dyadic.
    pub fn new(a: &Rational, b: &Rational) -> Self {
        let bits = |x: &Rational| x.denom().significant_bits() - 1;
        debug_assert!(a.denom().is_power_of_two() && b.denom().is_power_of_two() && a < b);
        let shift = bits(a).max(bits(b));
        let over = |x: &Rational| Integer::from(x.numer() << (shift - bits(x)));
        Self {
            lo: over(a),
            hi: over(b),
            shift,
        }
    }
}

/// Sign changes of the Bernstein coefficients of sum c_i y^i on an interval.
///
/// **Guarantee** at least the number of roots in the open interval, with multiplicity (0 for the
/// zero polynomial, which has no sign to change).
pub fn variations(c: &[Integer], interval: &DyadicInterval) -> usize {
    let n = c.len() - 1;
    let DyadicInterval { lo, hi, shift } = interval;
    let width = Integer::from(hi - lo);
    // b(w) = 2^(shift n) G((lo + width w) / 2^shift), by Horner on polynomials in w.
    let mut b: Vec<Integer> = Vec::with_capacity(n + 1);
    for (i, coefficient) in c.iter().rev().enumerate() {
        b.push(Integer::new());
        for j in (0..b.len()).rev() {
            b[j] *= lo;
            if j > 0 {
                let (low, high) = b.split_at_mut(j);
                high[0] += &low[j - 1] * &width;
            }
        }
        b[0] += Integer::from(coefficient << (shift * i as u32));
    }
    // w = v/(1+v): reverse, then shift by 1 (Pascal's triangle).
    b.reverse();
    for i in 0..n {
        for j in (i..n).rev() {
            let (low, high) = b.split_at_mut(j + 1);
            low[j] += &high[0];
        }
    }
    let mut changes = 0;
    let mut last = 0i8;
    for v in &b {
        let sign = v.cmp0() as i8;
        if sign != 0 {
            changes += usize::from(last != 0 && sign != last);
            last = sign;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// prod (den y - num), so that the roots are known.
    fn with_roots(roots: &[(i32, i32)]) -> Vec<Integer> {
        let mut p = vec![Integer::from(1)];
        for &(num, den) in roots {
            p.push(Integer::new());
            for i in (0..p.len()).rev() {
                let mut v = Integer::from(&p[i] * -num);
                if i > 0 {
                    v += Integer::from(&p[i - 1] * den);
                }
                p[i] = v;
            }
        }
        p
    }

    fn count(p: &[Integer], a: (i32, i32), b: (i32, i32)) -> usize {
        variations(
            p,
            &DyadicInterval::new(&Rational::from(a), &Rational::from(b)),
        )
    }

    #[test]
    fn exact_when_all_roots_are_real() {
        let p = with_roots(&[(1, 3), (1, 3), (5, 7), (-2, 1), (3, 2), (1, 1)]);
        assert_eq!(
            count(&p, (0, 1), (1, 1)),
            3,
            "two at 1/3, one at 5/7; the root at 1 is not inside"
        );
        assert_eq!(count(&p, (0, 1), (2, 1)), 5);
        assert_eq!(count(&p, (-4, 1), (4, 1)), 6);
        assert_eq!(count(&p, (-4, 1), (0, 1)), 1);
        assert_eq!(count(&p, (3, 8), (5, 8)), 0);
    }

    #[test]
    fn zero_and_constant_polynomials() {
        assert_eq!(count(&[Integer::new(), Integer::new()], (0, 1), (1, 1)), 0);
        assert_eq!(count(&[Integer::from(-3)], (0, 1), (1, 1)), 0);
        assert_eq!(
            count(
                &[Integer::from(-1), Integer::from(2), Integer::new()],
                (0, 1),
                (1, 1)
            ),
            1
        );
    }
}
