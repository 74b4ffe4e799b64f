//! What a polynomial answers beyond its range: too large for f64, as a rule, but not for floats with wide exponents.

use crate::arith::mp::Mp;
use crate::network::forward::twin::Activation;
use rug::Rational;

/// Bits of the computation: values at some 10,000 times their relative width of 2^-100 keep most of their digits.
const BITS: u32 = 256;

/// Lower bound of log2 |r(x)| over the numbers from lo to hi, r(x) = x (1 + p(x/B))/2 or p itself.
///
/// **Guarantee** proved, by intervals rounded outward; none where 0 is not excluded, an end is not finite, or the polynomials are the
/// network's own.
pub fn bound_log2_response(polynomial: &Activation, lo: f64, hi: f64) -> Option<f64> {
    // Which of the network's own polynomials is asked is not known here.
    if polynomial.is_own() {
        return None;
    }
    let number = |x: f64| Some(Mp::from_rational(BITS, &Rational::from_f64(x)?));
    let (lo, hi) = (number(lo)?, number(hi)?);
    let x = Mp::new(lo.lo, hi.hi);
    let direct = polynomial.domain().is_some();
    let inverse = Rational::from(polynomial.scale().recip_ref());
    let mut y = x.clone().times(&Mp::from_rational(BITS, &inverse));
    for (powers, _) in polynomial.stages() {
        let mut value = Mp::int(BITS, 0);
        for c in powers.iter().rev() {
            value = value.times(&y).plus(&Mp::from_rational(BITS, c));
        }
        y = value;
    }
    if !direct {
        let half = Mp::from_rational(BITS, &Rational::from((1, 2)));
        y = x.times(&y.plus(&Mp::int(BITS, 1)).times(&half));
    }
    let least = if y.lo > 0 {
        y.lo
    } else if y.hi < 0 {
        -y.hi
    } else {
        return None;
    };
    // 2^(e - 1) <= least < 2^e.
    least.get_exp().map(|e| f64::from(e) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::Composite;

    /// p(y) = y^9 o y^9, B = 2: r(4) = 4 (1 + 2^81)/2, r(-4) = -4 (1 - 2^81)/2.
    #[test]
    fn the_size_beyond_the_range_is_known_to_a_bit() {
        let mut ninth = vec![Rational::new(); 10];
        ninth[9] = Rational::from(1);
        let c = Composite::from_stages(vec![ninth.clone(), ninth]);
        let r = Activation::new(&c, &Rational::from(2)).unwrap();
        assert_eq!(bound_log2_response(&r, 4.0, 4.0), Some(82.0));
        assert_eq!(bound_log2_response(&r, -4.0, -4.0), Some(81.0));
        assert_eq!(bound_log2_response(&r, -1.0, 1.0), None);
        assert_eq!(bound_log2_response(&r, f64::NAN, 1.0), None);
    }
}
