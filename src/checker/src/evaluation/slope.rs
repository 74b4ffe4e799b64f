//! Rule E5, the slope: noise is a complex number, so |F'| is bounded near the real inputs, not on them.
//!
//! Derivation in `EVALUATION.md`, "Why the slope": within e of y, |F'| exceeds its real values by at most the
//! share e/(E - e) of what it is within E (Cauchy); and if |F'| <= M on a real interval of width 2l, n its
//! degree, it is at most `M exp(n sqrt v)` where `|w - 1| + |w + 1| <= 2 + v`, w the point in units of l from
//! the middle (Bernstein and Walsh).

use crate::core::cascade::{Branch, Side};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::horner::FixedPoly;
use crate::core::polynomial::Parity;
use crate::evaluation::taylor::Powers;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

/// The interval reaches 8^i times the noise beyond the inputs, i up to this.
const REACHES: u64 = 4;
/// E is 2^j times the noise.
const RADII: [u64; 3] = [0, 2, 5];
/// Inputs in an interval of at most so many times the noise are near its middle.
const NARROW: u32 = 32;
/// exp x, x <= 2^HALVINGS, is made of so many squares.
const HALVINGS: u64 = 4;

/// Bound of |F'(z)| for every complex z within `noise` of the interval.
///
/// # Errors
/// Inputs with noise beyond the slope's pieces (R2), or too much noise for the degree.
pub(crate) fn near(
    branch: &Branch,
    stage: usize,
    exact: &Interval,
    noise: &BigInt,
    fixed: &Fixed,
) -> Checked<BigInt> {
    let (df, pieces) = branch.slope(stage)?;
    let (lo, hi) = pieces.domain();
    // The slope of an odd polynomial is even: a branch for both sides is folded at 0.
    let both = branch.side == Side::Both;
    let lo = if both { -hi } else { lo.clone() };
    let on = |y: &Interval| -> Checked<BigInt> {
        let folded = if both {
            Interval::new(y.mig(), y.mag())
        } else {
            y.clone()
        };
        Ok(pieces.image(&folded, df, fixed)?.mag())
    };
    if noise.is_zero() {
        return on(exact);
    }
    let held = Interval::new(&exact.lo - noise, &exact.hi + noise);
    if !held.inside(&lo, hi) {
        let text = "its inputs with noise leave the domain of the slope";
        return Err(Fault::rejected(Rule::Image, text));
    }
    if &exact.hi - &exact.lo <= noise * NARROW {
        return Powers::of(ascending(df))
            .around(exact, fixed)?
            .most(noise, fixed);
    }
    let n = BigInt::from(degree(df).max(1));
    let one = fixed.one();
    let up = |a: BigInt, b: &BigInt| (a << fixed.precision).div_ceil(b);
    let real = on(&held)?;
    let mut best: Option<BigInt> = None;
    for i in 0..=REACHES {
        let r: BigInt = noise << (3 * i);
        let wide = Interval::new(
            (&held.lo - &r).max(lo.clone()),
            (&held.hi + &r).min(hi.clone()),
        );
        let most = on(&wide)?;
        let width: BigInt = &wide.hi - &wide.lo;
        for j in RADII {
            fixed.budget.charge(1_200)?;
            let e: BigInt = noise << j;
            let gap = (&exact.lo - &e - &wide.lo).min(&wide.hi - &exact.hi - &e);
            if gap.is_negative() {
                break;
            }
            let squared: BigInt = &e * &e;
            let mut v = up(&e * 2u32, &width) + up(squared.clone(), &(&width * &width));
            if gap.is_positive() {
                v = v.min(up(squared * 2u32, &(&width * gap)));
            }
            let x = &n * ((v << fixed.precision).sqrt() + 1u32);
            // exp x = (exp y)^16, and exp y <= 1 + y + y^2 for y <= 1.
            let y = x.div_ceil(&(BigInt::one() << HALVINGS));
            if y > one {
                continue;
            }
            let mut growth = &one + &y + fixed.mul_up(&y, &y)?;
            for _ in 0..HALVINGS {
                growth = fixed.mul_up(&growth, &growth)?;
            }
            let near = fixed.mul_up(&growth, &most)?;
            let slope = match j {
                0 => near,
                _ => &real + near.div_ceil(&((BigInt::one() << j) - 1u32)),
            };
            best = Some(match best {
                Some(least) => least.min(slope),
                None => slope,
            });
        }
        if wide.lo == lo && wide.hi == *hi {
            break;
        }
    }
    best.ok_or_else(|| Fault::rejected(Rule::Image, "its noise is too large for its degree"))
}

/// The coefficient of every power, from degree 0 upwards.
fn ascending(p: &FixedPoly) -> Vec<Interval> {
    let mut all = Vec::new();
    for c in p.descending.iter().rev() {
        if p.parity == Parity::Odd {
            all.push(Interval::point(&BigInt::zero()));
        }
        all.push(c.clone());
        if p.parity == Parity::Even {
            all.push(Interval::point(&BigInt::zero()));
        }
    }
    all
}

fn degree(p: &FixedPoly) -> usize {
    let last = p.descending.len().saturating_sub(1);
    match p.parity {
        Parity::General => last,
        Parity::Even => 2 * last,
        Parity::Odd => 2 * last + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::core::cascade::StageHint;
    use crate::core::number::Rational;
    use crate::core::pieces::Segment;
    use crate::core::polynomial::Polynomial;

    /// F = y - y^3/3 at 0: the real slope near 0 is at most 1, and yet F(ie) = i (e + e^3/3).
    #[test]
    fn complex_noise_is_larger_than_the_real_slope_says() {
        let precision = 64;
        let fixed = Fixed {
            precision,
            budget: Budget::new(),
        };
        let c = [0, 3, 0, -1].map(|n| Rational::raw(n.into(), 3.into()));
        let (one, zero) = (Rational::integer(1), Rational::integer(0));
        let p = Polynomial::from_basis(&c, false, &one, &zero, &Budget::new()).unwrap();
        let segment = |lo: i64, hi: i64| Segment {
            lo: BigInt::from(lo) << 60,
            hi: BigInt::from(hi) << 60,
            boxes: vec![],
        };
        for (side, lo) in [(Side::Both, 0), (Side::Positive, -1)] {
            // F is monotone on [-1, 1]; F' turns at 0, on the seam of two segments.
            let parts = |hi| match lo {
                0 => vec![segment(0, hi)],
                _ => vec![segment(-hi, 0), segment(0, hi)],
            };
            let hint = StageHint {
                value: parts(16),
                slope: Some(parts(16)),
            };
            let branch = Branch::prove(side, std::slice::from_ref(&p), &[hint], &fixed).unwrap();
            for bits in [9u64, 12, 20] {
                let noise = fixed.one() >> bits;
                let at = Interval::point(&BigInt::zero());
                let slope = near(&branch, 0, &at, &noise, &fixed).unwrap();
                let e = Rational::dyadic(noise.clone(), precision);
                let cube = e.times(&e).times(&e).times(&c[1]).times(&c[1]);
                let third = Rational::raw(cube.numer().clone(), cube.denom() * BigInt::from(3));
                let reached = e.plus(&third);
                let bound = Rational::dyadic(slope, precision).times(&e);
                assert!(bound >= reached, "{bits}");
                // And not much larger.
                let twice = reached.times(&Rational::integer(2));
                assert!(bound <= twice, "{bits}");
            }
            let noise = fixed.one() * 2;
            let at = Interval::point(&BigInt::zero());
            assert!(near(&branch, 0, &at, &noise, &fixed).is_err());
        }
    }
}
