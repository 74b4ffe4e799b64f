//! The polynomial that stands in for ReLU, on fixed-point balls: a tensor at a time, stage by stage.
//!
//! r(x) = x (1 + p(x/B))/2, p = P_k o ... o P_1, or r = p itself: as in [`crate::network::forward::twin`], with the same mean
//! value form: a stage is evaluated at the midpoint, and the radius times a bound of |P'| over the ball. So a radius grows by
//! the true slope of the composite, not by the product of the stages' greatest slopes.
//!
//! **Rounding of a stage**, in ulps. E bounds a product's error ([`Fixed::PRODUCT_ULPS`]), a >= |y|. Horner's scheme in t (t = y^2
//! times y at the end where P is odd, t = y otherwise) has v_j = v_(j+1) t + c_j for m + 1 coefficients, each low by less than 1;
//! V_j are the exact values at the exact t. Computed values have e_m <= 1 and
//!   e_j <= e_(j+1) |t'| + |V_(j+1)| |t' - t| + E + 1,
//! t' the computed t, |t' - t| <= E where P is odd and 0 otherwise. Written out, with T = max(|t|, |t'|),
//! - the terms E + 1 add up to at most (m + 1) (E + 1) max(1, T)^m;
//! - |V_(j+1)| <= sum_(i > j) |c_i| T^(i-j-1), so sum_j |V_(j+1)| T^j E <= E sum_i i |c_i| T^(i-1). The last product with y makes
//!   |y| i T^(i-1) <= i a^(2i-1) of it, and j = 2i + 1 has j (j - 1) a^(j-2) = (2i + 1) 2i a^(2i-1), 6 times that or more (i >= 1).
//!
//! With a raised so that a^2 >= T, and n the degree, in all: E curves(a) / 6 + (m + 1) (E + 1) max(1, a)^n + E, where
//! curves(a) = sum j (j-1) |c_j| a^(j-2).
//!
//! **Range.** No number on the way is above sum |c_j| max(1, a)^j but for these errors: if one of both is above 2^60, or
//! x (1 + p), the radius becomes infinite, and with it every verdict undecided.

use crate::arith::ball::{up, TINY};
use crate::arith::fixed::{exp2, scaled_down, Fixed};
use crate::network::forward::fixed::radii::Radii;
use crate::network::forward::stage::Runs;
use crate::network::forward::steepness::Steepness;
use crate::network::forward::twin::Activation;
use rug::Rational;

/// Sums of a stage's terms stay below it.
const ROOM: f64 = (1u64 << 60) as f64;

/// One stage in powers of y, or of y^2 times y where it is odd.
#[derive(Debug)]
struct Stage<'a, const N: usize> {
    odd: bool,
    /// From the highest.
    coefficients: Vec<Fixed<N>>,
    steepness: &'a Steepness,
}

/// Midpoints and radii of a list of numbers.
pub type Numbers<const N: usize> = (Vec<Fixed<N>>, Radii);

/// The polynomial of an activation in fixed point.
#[derive(Debug)]
pub struct Polynomial<'a, const N: usize> {
    twin: &'a Activation,
    stages: Vec<Stage<'a, N>>,
    inverse: Fixed<N>,
    bound_inverse: f64,
}

/// Upper bound of |x| over a ball's midpoint.
#[inline(always)]
pub fn size<const N: usize>(x: &Fixed<N>) -> f64 {
    up(x.near().abs())
}

/// Upper bound of all |x|.
pub fn greatest<const N: usize>(x: &[Fixed<N>]) -> f64 {
    x.iter().map(size).fold(0.0, f64::max)
}

impl<'a, const N: usize> Stage<'a, N> {
    /// None where a coefficient is beyond what the numbers hold.
    fn new(powers: &[Rational], steepness: &'a Steepness) -> Option<Self> {
        let odd = powers.iter().step_by(2).all(Rational::is_zero) && powers.len() > 1;
        let used = powers.iter().enumerate().rev();
        let used = used.filter(|(j, _)| !odd || j % 2 == 1);
        Some(Self {
            odd,
            coefficients: used.map(|(_, c)| Fixed::floor(c)).collect::<Option<_>>()?,
            steepness,
        })
    }

    fn value(&self, y: &Fixed<N>) -> Fixed<N> {
        let t = if self.odd { y.times(y) } else { *y };
        let (first, rest) = match self.coefficients.split_first() {
            Some((first, rest)) => (*first, rest),
            None => return Fixed::ZERO,
        };
        let v = rest.iter().fold(first, |v, c| v.times(&t).plus(c));
        if self.odd {
            v.times(y)
        } else {
            v
        }
    }

    fn apply(&self, (mid, radii): &mut Numbers<N>) {
        let steep = self.steepness;
        let unit = radii.unit_of_one(Fixed::<N>::FRACTION);
        let near: Vec<f64> = mid.iter().map(Fixed::near).collect();
        // |y| over all balls; a little more, so that its square is above the computed one.
        let reach = near.iter().zip(&radii.values);
        let reach = reach.fold(0.0f64, |m, (y, r)| m.max(up(up(y.abs()) + unit * r)));
        let reach = up(reach + exp2(-50));
        let most = reach.max(1.0);
        let terms = steep.terms() as i32;
        // `size` bounds sums of up to so many terms; Horner's partial sums are among them.
        let fits = steep.size(most) < ROOM && most < exp2(29);
        if !fits || radii.values.iter().any(|r| !r.is_finite()) {
            mid.fill(Fixed::ZERO);
            radii.values.fill(f64::INFINITY);
            return;
        }
        let bounds = (steep.slopes(reach), steep.curves(reach));
        let e = Fixed::<N>::PRODUCT_ULPS;
        let power = most.powi(terms) * (1.0 + f64::from(terms) * exp2(-50));
        let rounding = e * bounds.1 / 6.0 + f64::from(terms + 1) * (e + 1.0) * power + e;
        // Only with it are Horner's sums within their limbs: a coefficient of next to nothing may be an ulp instead.
        let rounding = up(rounding);
        let fits = scaled_down(rounding, -(Fixed::<N>::FRACTION as i32)) < ROOM;
        let rounding = if fits { rounding } else { f64::INFINITY };
        let rounding = radii.units(rounding);
        for ((m, r), y) in mid.iter_mut().zip(&mut radii.values).zip(near) {
            let drift = up(unit * *r + exp2(-50) * y.abs());
            let slope = steep.over(y, drift, bounds);
            *r = up(slope * *r + rounding);
            *m = self.value(m);
        }
        *radii = std::mem::replace(radii, Radii::ulps(0.0, 0)).settled();
    }
}

impl<'a, const N: usize> Polynomial<'a, N> {
    /// None where a number is beyond what the limbs hold.
    pub fn new(twin: &'a Activation) -> Option<Self> {
        let stages = twin
            .stages()
            .map(|(powers, steep)| Stage::new(powers, steep));
        let inverse = Fixed::floor(&Rational::from(twin.scale().recip_ref()))?;
        Some(Self {
            twin,
            stages: stages.collect::<Option<_>>()?,
            inverse,
            // One ulp more.
            bound_inverse: up(size(&inverse) + exp2(-(Fixed::<N>::FRACTION as i32)).max(TINY)),
        })
    }

    /// Whether it is the polynomial of this activation.
    pub fn is_of(&self, twin: &Activation) -> bool {
        self.twin.is_alike(twin)
    }

    fn composed(&self, mut y: Numbers<N>) -> Numbers<N> {
        for stage in &self.stages {
            stage.apply(&mut y);
        }
        y
    }

    /// r of every number; the caller has proved that they lie in the domain.
    pub fn relu(&self, x: &[Fixed<N>], radii: &Radii) -> Numbers<N> {
        if self.twin.domain().is_some() {
            return self.composed((x.to_vec(), radii.clone()));
        }
        let e = Fixed::<N>::PRODUCT_ULPS;
        let most = greatest(x);
        let y = x.iter().map(|x| x.times(&self.inverse)).collect();
        let scaled = radii
            .clone()
            .map(up(e + most), |_, r| r * self.bound_inverse);
        let (p, of_p) = self.composed((y, scaled));
        let (of_x, of_p) = Radii::aligned(radii, &of_p);
        let unit = of_x.unit_of_one(Fixed::<N>::FRACTION);
        let one = Fixed::integer(1);
        let plus: Vec<Fixed<N>> = p.iter().map(|p| p.plus(&one)).collect();
        // |x (1 + p) - x' (1 + p')| <= |x'| r_p + |1 + p'| r_x + r_x r_p; one product, one half. Where the product is beyond
        // the limbs, nothing is known: p may be anything, if a table says so.
        let radii = of_p.map(e, |i, of_p| {
            let (of_x, x, q) = (of_x.values[i], size(&x[i]), size(&plus[i]));
            if x * q < ROOM {
                0.5 * (x * of_p + q * of_x + unit * of_x * of_p)
            } else {
                f64::INFINITY
            }
        });
        let mid = x.iter().zip(&plus).map(|(x, q)| x.times(q).half());
        (mid.collect(), radii)
    }

    /// slope x + (1 - slope) r(x); p(x) where p is a leaky ReLU itself.
    pub fn leaky(&self, x: &[Fixed<N>], radii: &Radii, slope: f64) -> Numbers<N> {
        let (r, of_r) = self.relu(x, radii);
        if slope == 0.0 || self.twin.is_leaky() {
            return (r, of_r);
        }
        mixed(slope, (x, radii), (&r, &of_r))
    }
}

/// The network's own polynomials of every number; none where a coefficient is beyond what the limbs hold.
pub fn own<const N: usize>(runs: &Runs, x: &[Fixed<N>], radii: &Radii) -> Option<Numbers<N>> {
    let (mut mid, mut parts) = (Vec::with_capacity(x.len()), Vec::new());
    for (part, stage, powers) in runs.parts() {
        let stage = Stage::new(powers, stage.steepness())?;
        let values = radii.values[part.clone()].to_vec();
        let unit = radii.unit;
        let mut numbers = (x[part].to_vec(), Radii { values, unit });
        stage.apply(&mut numbers);
        mid.extend(numbers.0);
        parts.push(numbers.1);
    }
    let parts: Vec<&Radii> = parts.iter().collect();
    Some((mid, Radii::concat(&parts)))
}

/// slope x + (1 - slope) r; infinite radii where the slope is beyond what the limbs hold.
pub fn mixed<const N: usize>(
    slope: f64,
    (x, of_x): (&[Fixed<N>], &Radii),
    (r, of_r): (&[Fixed<N>], &Radii),
) -> Numbers<N> {
    let exact = Rational::from_f64(slope).unwrap_or_default();
    let size_of = slope.abs() * 1.000_001 + 1.0;
    let (most_x, most_r) = (greatest(x), greatest(r));
    let fits = size_of * (most_x + most_r) < ROOM;
    let Some(s) = Fixed::<N>::floor(&exact).filter(|_| fits) else {
        return (
            vec![Fixed::ZERO; x.len()],
            Radii::ulps(f64::INFINITY, x.len()),
        );
    };
    let rest = Fixed::integer(1).minus(&s);
    // The slope is low by less than an ulp, the rest high by the same.
    let (of_x, of_r) = Radii::aligned(of_x, of_r);
    let ulps = up(2.0 * Fixed::<N>::PRODUCT_ULPS + most_x + most_r);
    // An ulp of the slope times a radius, too.
    let thin = exp2(-(Fixed::<N>::FRACTION as i32)).max(TINY);
    let (a, b) = (up(size(&s) + thin), up(size(&rest) + thin));
    let radii = of_r.map(ulps, |i, of_r| a * of_x.values[i] + b * of_r);
    let pairs = x.iter().zip(r);
    let mid = pairs.map(|(x, r)| s.times(x).plus(&rest.times(r)));
    (mid.collect(), radii)
}
