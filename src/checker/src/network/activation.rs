//! ReLU, max, and the polynomials that stand in for them, on balls of integers over 2^precision.
//!
//! Each stage P is evaluated at the midpoint by Horner's scheme, rounding down: with coefficients off by
//! less than 1, e_j <= e_(j+1) |y| + 2, so the result is off by at most 2 (n+1) M^n, M = max(1, |y|).
//! An odd stage takes half the products: P = y Q(z) and P' = R(z), z = y^2 rounded down. With n = 2k+1 the rounding is
//! off by at most M 2 (k+1) M^(2k) + 1 <= 2 (n+1) M^n as before, and z, off by less than 1, adds less than
//! M sum j |q_j| M^(2j-2) to the value and sum j (2j+1) |q_j| M^(2j-2) to the slope: each at most the bound of |P''| below.
//! The radius is multiplied by |P'(mid)| plus what P' may change over the ball: the radius times
//! sum j (j-1) |c_j| M^(j-2), M now a bound over the ball (mean value theorem).

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::network::balls::{fixed, shift_up, Balls};
use crate::network::model::layers::Dyadic;
use crate::network::model::layers::Geometry;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

/// A stage is evaluated within 2^64 only: composed powers of larger numbers grow without bound.
const MAX_STAGE_BITS: u64 = 64;

/// p = P_k o ... o P_1 on [-1, 1], used as p(x/B).
#[derive(Debug)]
pub(crate) struct SignPolynomial {
    stages: Vec<FixedStage>,
    scale: Rational,
    precision: u64,
}

/// Coefficients of P over 2^precision, from degree 0, and those that its value and its slope are computed from.
#[derive(Debug)]
pub(crate) struct FixedStage {
    all: Vec<BigInt>,
    /// P = y Q(y^2), P' = R(y^2): Q and R stand for P and P'.
    odd: bool,
    value: Vec<BigInt>,
    slope: Vec<BigInt>,
}

impl SignPolynomial {
    pub(crate) fn new(polynomials: &[Polynomial], scale: &Rational, precision: u64) -> Self {
        let stage = |p: &Polynomial| {
            let fixed = |c: &BigInt| (c << precision).div_floor(&p.denominator);
            FixedStage::new(p.numerators.iter().map(fixed).collect())
        };
        Self {
            stages: polynomials.iter().map(stage).collect(),
            scale: scale.clone(),
            precision,
        }
    }

    /// One polynomial from its coefficients, from degree 0, asked at x itself.
    pub(crate) fn of_powers(powers: &[Rational], precision: u64) -> Self {
        let fixed = powers.iter().map(|c| c.floor_at(precision));
        Self {
            stages: vec![FixedStage::new(fixed.collect())],
            scale: Rational::integer(1),
            precision,
        }
    }

    /// Units of work that one element takes: its products, by the length of their factors.
    pub(crate) fn work(&self) -> u64 {
        let limbs = self.precision / 64 + 2;
        let stages = self.stages.iter().map(|s| {
            let longest = s.all.iter().map(BigInt::bits).max().unwrap_or(0) / 64 + 2;
            (2 * s.value.len() as u64 + 6) * (limbs * limbs.max(longest) + 30)
        });
        stages.sum::<u64>() + 6 * (limbs * limbs + 30)
    }

    /// B over 2^precision, rounded down.
    pub(crate) fn limit(&self) -> BigInt {
        self.scale.floor_at(self.precision)
    }

    /// r(x) = x (1 + p(x/B))/2 for every element.
    ///
    /// # Errors
    /// A rejection if an element may leave [-B, B].
    pub(crate) fn relu(&self, x: &Balls) -> Checked<Balls> {
        let f = self.precision;
        let one = BigInt::one() << f;
        let limit = self.limit();
        if let Some(i) = x.mid.iter().position(|m| m.abs() + &x.radius > limit) {
            return Err(Fault::rejected(
                Rule::Own("domain"),
                format!(
                    "element {i} may leave [-B, B], where the polynomial is not meant to be used"
                ),
            ));
        }
        let (mid, radius) = self.value(x, f)?;
        let mut widest = BigInt::zero();
        let mut out = Vec::with_capacity(mid.len());
        for ((m, p), r) in x.mid.iter().zip(&mid).zip(&radius) {
            let plus = &one + p;
            out.push((m * &plus) >> (f + 1));
            let spread = (m.abs() + &x.radius) * r + plus.abs() * &x.radius;
            widest = widest.max(shift_up(&spread, f + 1) + 1);
        }
        Ok(Balls {
            mid: out,
            radius: widest,
        })
    }

    /// p(x/B) for every element, each with its radius.
    ///
    /// # Errors
    /// A rejection if a stage's argument is too large.
    pub(crate) fn value(&self, x: &Balls, f: u64) -> Checked<(Vec<BigInt>, Vec<BigInt>)> {
        // y = x/B: off by less than 1.
        let (n, d) = (self.scale.numer(), self.scale.denom());
        let mut mid: Vec<BigInt> = x.mid.iter().map(|m| (m * d).div_floor(n)).collect();
        let first = -(-(&x.radius * d)).div_floor(n) + 1;
        let mut radius = vec![first; mid.len()];
        for stage in &self.stages {
            let reach: Option<BigInt> = mid.iter().zip(&radius).map(|(m, r)| m.abs() + r).max();
            check_reach(&reach.unwrap_or_default(), f)?;
            stage.apply(&mut mid, &mut radius, f);
        }
        Ok((mid, radius))
    }
}

/// x y / 2^f, rounded up, of nonnegative numbers.
fn times_up(x: &BigInt, y: &BigInt, f: u64) -> BigInt {
    shift_up(&(x * y), f)
}

fn horner(c: &[BigInt], y: &BigInt, f: u64) -> BigInt {
    let mut v = BigInt::zero();
    // In place: elements are many, and rooms for intermediate values cost more than the products.
    for c in c.iter().rev() {
        v *= y;
        v >>= f;
        v += c;
    }
    v
}

/// What rounding and the second derivative amount to for arguments of at most M.
struct Constants {
    off: BigInt,
    slope_off: BigInt,
    /// Upper bound of |P''|.
    curve: BigInt,
}

/// p and p' at a point, each within its radius.
#[derive(Debug)]
pub(crate) struct Jet {
    pub(crate) value: BigInt,
    pub(crate) radius: BigInt,
    pub(crate) slope: BigInt,
    pub(crate) slope_radius: BigInt,
}

impl FixedStage {
    /// Of coefficients rounded down.
    pub(crate) fn new(all: Vec<BigInt>) -> Self {
        let odd = all.len() > 2 && all.iter().step_by(2).all(Zero::is_zero);
        let step = if odd { 2 } else { 1 };
        let slopes = all.iter().enumerate().skip(1).step_by(step);
        Self {
            odd,
            value: match odd {
                true => all.iter().skip(1).step_by(2).cloned().collect(),
                false => all.clone(),
            },
            slope: slopes.map(|(j, c)| c * j).collect(),
            all,
        }
    }

    /// P and P' at y, each within `off` and `slope_off` of [`FixedStage::constants`].
    fn value_and_slope(&self, y: &BigInt, f: u64) -> (BigInt, BigInt) {
        if !self.odd {
            return (horner(&self.value, y, f), horner(&self.slope, y, f));
        }
        let z = (y * y) >> f;
        let q = horner(&self.value, &z, f);
        ((q * y) >> f, horner(&self.slope, &z, f))
    }

    fn constants(&self, reach: BigInt, f: u64) -> Constants {
        let most = reach.max(BigInt::one() << f);
        // Powers of M, rounded up; then the bounds of rounding and of the second derivative.
        let mut powers = vec![BigInt::one() << f];
        for _ in 0..self.all.len() {
            let next = powers
                .last()
                .map(|p| times_up(p, &most, f))
                .unwrap_or_default();
            powers.push(next);
        }
        let top = powers.get(self.all.len()).cloned().unwrap_or_default();
        let n = self.all.len() + 1;
        let mut curve = BigInt::zero();
        for ((j, c), power) in self.all.iter().enumerate().skip(2).zip(&powers) {
            curve += times_up(&((c.abs() + 1) * (j * (j - 1))), power, f);
        }
        // In units: 2 (n+1) M^n for the value; coefficients j c_j are off by less than j <= n.
        // z is off by less than 1 in an odd stage.
        let z_off = match self.odd {
            true => shift_up(&curve, f),
            false => BigInt::zero(),
        };
        Constants {
            off: shift_up(&(&top * (2 * n)), f) + &z_off,
            slope_off: shift_up(&(&top * (2 * n * n)), f) + &z_off,
            curve,
        }
    }

    pub(crate) fn apply(&self, mid: &mut [BigInt], radius: &mut [BigInt], f: u64) {
        let ends = mid.iter().zip(radius.iter());
        let reach = ends.map(|(m, r)| m.abs() + r).max().unwrap_or_default();
        let known = self.constants(reach, f);
        for (m, r) in mid.iter_mut().zip(radius.iter_mut()) {
            let (value, slope) = self.value_and_slope(m, f);
            let slope = slope.abs() + &known.slope_off + times_up(r, &known.curve, f);
            *r = times_up(&slope, r, f) + &known.off;
            *m = value;
        }
    }
}

impl SignPolynomial {
    /// p and p' at points y over 2^precision, by the chain rule: over the ball of a stage's argument
    /// P' is within slope_off + r |P''| of its value at the midpoint.
    ///
    /// # Errors
    /// A rejection if a stage's argument is too large.
    pub(crate) fn jets(&self, y: &[BigInt]) -> Checked<Vec<Jet>> {
        let f = self.precision;
        let start = |y: &BigInt| Jet {
            value: y.clone(),
            radius: BigInt::zero(),
            slope: BigInt::one() << f,
            slope_radius: BigInt::zero(),
        };
        let mut jets: Vec<Jet> = y.iter().map(start).collect();
        for stage in &self.stages {
            let reach = jets.iter().map(|j| j.value.abs() + &j.radius).max();
            let reach = reach.unwrap_or_default();
            check_reach(&reach, f)?;
            let known = stage.constants(reach, f);
            for j in &mut jets {
                let (value, slope) = stage.value_and_slope(&j.value, f);
                let off = &known.slope_off + times_up(&j.radius, &known.curve, f);
                let steep = slope.abs() + &off;
                j.slope_radius =
                    times_up(&j.slope.abs(), &off, f) + times_up(&j.slope_radius, &steep, f) + 1;
                j.slope = (&j.slope * &slope) >> f;
                j.radius = times_up(&steep, &j.radius, f) + &known.off;
                j.value = value;
            }
        }
        Ok(jets)
    }
}

pub(crate) fn check_reach(reach: &BigInt, f: u64) -> Checked<()> {
    if reach.bits() > f + MAX_STAGE_BITS {
        return Err(Fault::rejected(
            Rule::Limit,
            format!("a stage of the polynomial is asked beyond 2^{MAX_STAGE_BITS}"),
        ));
    }
    Ok(())
}

/// slope x + (1 - slope) r.
pub(crate) fn leaky(slope: &Dyadic, x: &Balls, r: Balls, f: u64) -> Balls {
    if slope.mantissa.is_zero() {
        return r;
    }
    // Off by less than 1.
    let slope = &fixed(slope, f);
    let pairs = x.mid.iter().zip(&r.mid);
    let rest = (BigInt::one() << f) - slope;
    let mid = pairs
        .map(|(x, r)| ((slope * x) >> f) + ((&rest * r) >> f))
        .collect();
    let spread =
        (slope.abs() + 1) * &x.radius + (rest.abs() + 1) * &r.radius + x.greatest() + r.greatest();
    Balls {
        mid,
        radius: shift_up(&spread, f) + 2,
    }
}

/// max(x, 0): it is 1-Lipschitz.
pub(crate) fn exact_relu(x: &Balls) -> Balls {
    Balls {
        mid: x
            .mid
            .iter()
            .map(|m| m.max(&BigInt::zero()).clone())
            .collect(),
        radius: x.radius.clone(),
    }
}

/// The inputs of each output's window, channel by channel.
pub(crate) fn windows(
    x: &Balls,
    shape: [usize; 3],
    out: [usize; 3],
    geometry: &Geometry,
) -> Checked<Vec<Vec<BigInt>>> {
    let plane = shape[1] * shape[2];
    let mut all = Vec::with_capacity(out.iter().product());
    for c in 0..out[0] {
        for row in 0..out[1] {
            for column in 0..out[2] {
                let places = geometry.places(shape, row, column);
                let inside = places.iter().flatten();
                let window: Vec<BigInt> = inside
                    .filter_map(|p| x.mid.get(c * plane + p).cloned())
                    .collect();
                if window.is_empty() {
                    return Err(Fault::internal("empty window"));
                }
                all.push(window);
            }
        }
    }
    Ok(all)
}
