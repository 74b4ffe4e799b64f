//! The left hump of the ReLU error, `h(x) = x (1 - p(x)) / 2` on `[0, eps]`.
//!
//! There `p` rises from 0 to about 1 and `h` has a smooth peak. Where the peak is: each stage is concave
//! up to its first critical point (all roots of `Q` in `p' = Q(x^2)` are real, so `Q` falls before the
//! first) and not above that maximum afterwards, so `p_i(y) <= P_i(0) y`, and with `S = prod P_i(0)`
//! `p(x) <= S x`. Hence the peak is at least `h(1/(2S)) >= 1/(8S)`, and since `h(x) <= x/2` it lies at
//! `x >= 1/(4S)`. A large margin `eta` makes `S eps` huge and the peak narrow: the grid that picks the peak
//! is geometric from `1/(4S)` to `eps`, eight points to the octave; Newton's method inside a bracket then
//! refines it. *Estimate*: relative accuracy of the value about `2^-100`, provided that the grid did
//! not pass over a higher peak.

use crate::approx::composite::design::Design;
use rug::Float;

/// Points of the grid in an octave.
const PER_OCTAVE: u32 = 8;

/// Maximum of `x (1 - p(x)) / 2` over `[0, eps]`. *Estimate*.
#[derive(Debug, Clone, PartialEq)]
pub struct Hump {
    /// Where it is reached, `0 < x <= eps`.
    pub x: Float,
    /// Its value.
    pub value: Float,
}

impl Design {
    /// The ReLU error's hump `max x (1 - p(x)) / 2` over `[0, eps]`. *Estimate*; see [this file](self).
    pub fn estimate_left_hump(&self) -> Hump {
        left_hump(self)
    }

    /// ReLU error on `[-1, 1]`: the larger of the hump and the right region's error. *Estimate*.
    pub fn estimate_relu_error(&self) -> Float {
        self.estimate_right_error()
            .max(&self.estimate_left_hump().value)
    }

    /// `log2` of [`Self::estimate_relu_error`]; its negative is the precision alpha. *Estimate*.
    pub fn estimate_relu_error_log2(&self) -> f64 {
        self.estimate_relu_error().log2().to_f64()
    }
}

/// Finds the left hump of a design. **Cost**: about `8 log2(4 S eps) + 15` evaluations of the composite,
/// usually some 50.
fn left_hump(design: &Design) -> Hump {
    let prec = design.precision();
    let twice_height = |x: &Float| (1 - design.value(x)) * x;
    let ratio = (Float::with_val(64, -1) / PER_OCTAVE).exp2();
    let floor = lowest(design);
    let mut top = Float::with_val(prec, &design.stages[0].lower);
    let mut best = twice_height(&top);
    let mut above = top.clone();
    let mut x = top.clone();
    loop {
        let next = Float::with_val(prec, &x * &ratio);
        if x < floor {
            break;
        }
        let height = twice_height(&next);
        if height > best {
            (above, top, best) = (x, next.clone(), height);
        }
        x = next;
    }
    let below = Float::with_val(prec, &top * &ratio);
    let x = refine(design, below, top, above);
    let value = twice_height(&x) / 2u32;
    Hump { x, value }
}

/// `1 / (4 S)`, below which the peak cannot lie.
fn lowest(design: &Design) -> Float {
    let slope = design
        .stages
        .iter()
        .fold(Float::with_val(64, 4), |product, stage| {
            product * &stage.polynomial.coefficients()[0]
        });
    slope.recip()
}

/// Root of `g = 1 - p - x p'` in `[lo, hi]` from `x`, with `g > 0` to its left; the nearer end if none.
fn refine(design: &Design, mut lo: Float, mut x: Float, mut hi: Float) -> Float {
    let prec = x.prec();
    // A step of relative size 2^-60 leaves 2^-120 in x, and far less in the value at a maximum.
    let tolerance = Float::with_val(prec, &x >> 60u32);
    for _ in 0..200 {
        let [p, p1, p2] = composite_jet(design, &x);
        let g: Float = 1 - p - Float::with_val(prec, &p1 * &x);
        if g.is_sign_positive() {
            lo.clone_from(&x);
        } else {
            hi.clone_from(&x);
        }
        if lo >= hi {
            // Still rising at the end eps.
            return hi;
        }
        let dg = p1 * -2i32 - p2 * &x;
        let newton = Float::with_val(prec, &x - g / dg);
        // A step lost in rounding may land on the bracket's end: that is convergence.
        let settled = Float::with_val(prec, &newton - &x).abs() < tolerance;
        let next = if settled || newton > lo && newton < hi {
            newton
        } else {
            Float::with_val(prec, &lo + &hi) / 2u32
        };
        let step = Float::with_val(prec, &next - &x).abs();
        x = next;
        if step < tolerance {
            break;
        }
    }
    x
}

/// `(p, p', p'')` of the composite by the chain rule.
fn composite_jet(design: &Design, x: &Float) -> [Float; 3] {
    let prec = x.prec();
    let mut jet = [x.clone(), Float::with_val(prec, 1), Float::new(prec)];
    for stage in &design.stages {
        let [value, first, second] = stage.polynomial.jet(&jet[0]);
        let curved = second * Float::with_val(prec, jet[1].square_ref());
        let carried = Float::with_val(prec, &first * &jet[2]);
        let slope = first * &jet[1];
        jet = [value, slope, carried + curved];
    }
    jet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approx::composite::composite;
    use rug::Rational;

    /// One stage of degree 1 is p = 2x/(1+eps): h = x/2 - x^2/(1+eps), with its top at (1+eps)/4.
    #[test]
    fn closed_form_for_degree_one() {
        let inside = composite(&[1], &Rational::from((1, 2)), &Rational::new()).unwrap();
        let hump = inside.estimate_left_hump();
        assert!((hump.x - 0.375f64).abs() < 1e-35);
        assert!((hump.value - 0.09375f64).abs() < 1e-60);
        // eps = 1/5 lies before the top at 3/10: the end itself.
        let end = composite(&[1], &Rational::from((1, 5)), &Rational::new()).unwrap();
        let hump = end.estimate_left_hump();
        assert_eq!(hump.x, end.stages[0].lower);
        assert!((hump.value - 1.0 / 15f64).abs() < 1e-15);
    }

    #[test]
    fn finer_grid_finds_nothing_higher() {
        let design =
            composite(&[15, 15, 27], &Rational::from((7, 4096)), &Rational::new()).unwrap();
        let hump = design.estimate_left_hump();
        for i in 1..=2000u32 {
            let x = Float::with_val(320, &design.stages[0].lower * i) / 2000u32;
            assert!((1 - design.value(&x)) * x / 2u32 <= hump.value);
        }
    }
}
