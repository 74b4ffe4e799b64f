//! Polynomials of the network's own: one for each channel, each evaluated as a stage of a composite is (rule N3).

use crate::core::fault::Checked;
use crate::core::number::Rational;
use crate::network::activation::{check_reach, FixedStage};
use crate::network::balls::Balls;
use num_bigint::BigInt;
use num_traits::Signed;

/// Every element's polynomial of it; neighbouring channels with the same one go together.
///
/// # Errors
/// A rejection of arguments beyond the limit.
pub(crate) fn apply(
    channels: &[Vec<Rational>],
    x: &Balls,
    plane: usize,
    precision: u64,
) -> Checked<Balls> {
    check_reach(&(x.greatest() + x.radius.abs()), precision)?;
    let mut mid = x.mid.clone();
    let mut radius = BigInt::from(0);
    let mut rest = mid.as_mut_slice();
    for same in channels.chunk_by(|a, b| a == b) {
        let (part, after) = rest.split_at_mut((same.len() * plane).min(rest.len()));
        rest = after;
        let coefficients = same.iter().take(1).flatten();
        let fixed = coefficients.map(|c| c.floor_at(precision));
        let mut radii = vec![x.radius.clone(); part.len()];
        FixedStage::new(fixed.collect()).apply(part, &mut radii, precision);
        radius = radii.into_iter().fold(radius, BigInt::max);
    }
    Ok(Balls { mid, radius })
}

/// Units of work of one element.
pub(crate) fn work(channels: &[Vec<Rational>], precision: u64) -> u64 {
    let limbs = precision / 64 + 2;
    let all = channels.iter().flatten();
    let longest = all.map(|c| c.numer().bits()).max().unwrap_or(0) / 64 + limbs;
    let terms = channels.first().map_or(0, Vec::len) as u64;
    (2 * terms + 4) * (limbs * longest + 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Within the radius of the exact values, channel by channel, for points of the ball too.
    #[test]
    fn balls_hold_the_exact_values() {
        let q = |n: i64, d: i64| Rational::raw(BigInt::from(n), BigInt::from(d)).reduced();
        let channels = vec![
            vec![q(1, 3), q(-2, 1), q(5, 7)],
            vec![q(1, 3), q(-2, 1), q(5, 7)],
            vec![q(0, 1), q(1, 1), q(-9, 1)],
            vec![q(0, 1), q(3, 7), q(0, 1), q(-9, 13), q(0, 1), q(1, 3)],
        ];
        let f = 80;
        for (n, bits) in (-20_i64..20).flat_map(|n| [(n, 0_u32), (n, 4), (n, 60)]) {
            let radius: BigInt = (BigInt::from(1) << bits) - 1_u32;
            let x = q(n * 7, 11);
            let middle = x.floor_at(f);
            let x = Balls {
                mid: vec![middle.clone(); 2 * channels.len()],
                radius: radius.clone(),
            };
            let y = apply(&channels, &x, 2, f).unwrap();
            assert!(y.radius < BigInt::from(1) << (bits + 40));
            for end in [&middle - &radius, middle.clone(), &middle + &radius] {
                let at = Rational::dyadic(end, f);
                for (c, powers) in channels.iter().enumerate() {
                    let zero = Rational::integer(0);
                    let exact = powers.iter().rev().fold(zero, |v, p| v.times(&at).plus(p));
                    let (lo, hi) = (exact.floor_at(f), exact.ceil_at(f));
                    for i in [2 * c, 2 * c + 1] {
                        let mid = y.mid.get(i).unwrap();
                        assert!(mid - &y.radius <= lo && hi <= mid + &y.radius, "{n} {c}");
                    }
                }
            }
        }
    }
}
