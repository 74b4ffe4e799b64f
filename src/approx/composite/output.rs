//! Exact coefficients of a design: change of basis, scaling, rounding.
//!
//! The multiprecision coefficients are taken as exact rationals, mapped exactly, and only then rounded,
//! each to the nearest multiple of `2^-bits` (ties to even). What the rounding does to the error
//! is for the certifier to say.

use super::Design;
use crate::arith::rounding::nearest_multiple;
use crate::poly::basis::power_to_chebyshev;
use crate::poly::component::{Basis, Component};
use rug::float::Round;
use rug::{Float, Rational};

/// Default number of fractional bits of rounded coefficients.
pub const DEFAULT_BITS: u32 = 100;

/// Significant bits of the short bound `h` on a stage's inputs.
const SCALE_BITS: u32 = 12;

/// Where the ranges of the stages are brought to `[-1, 1]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// Stages as fitted; a Chebyshev stage scales its own input by `input_scale`.
    None,
    /// The convention of Lattigo: every component but the last is divided by the upper end `s` of the next
    /// input interval, and the next absorbs the factor, so that every later stage's input is in `[-1, 1]`.
    Normalized,
}

/// Rounds a design's stages to exact coefficients.
///
/// **Inputs**: `bits` fractional bits, usually [`DEFAULT_BITS`]. With [`Scaling::None`] a Chebyshev stage
/// has input map `y/h`, `h` the upper end of its interval rounded up to 12 significant bits.
/// With [`Scaling::Normalized`] stage `i` becomes `p_i(s_{i-1} y) / s_i` with `s_0 = s_k = 1` and
/// `s_i = 1 + t_i + eta`, to full precision on both sides; the first stage takes `x` itself, up to
/// `1 + eta`. **Guarantee**: each coefficient is the multiple of `2^-bits` nearest to the exact image of
/// the design's coefficient. **Cost**: `O(d^2)` exact products a stage.
/// **Source**: Lattigo `circuits/ckks/minimax` for the normalisation.
///
/// # Examples
/// ```
/// use polycert::approx::{composite, round_design, Scaling};
/// use polycert::poly::component::Basis;
/// use rug::Rational;
/// let design = composite(&[3, 5], &Rational::from((1, 4)), &Rational::new()).unwrap();
/// let rounded = round_design(&design, Basis::Chebyshev, Scaling::None, 100);
/// assert_eq!(rounded[1].coefficients.len(), 6);
/// assert_eq!(rounded[1].coefficients[4], 0);
/// ```
pub fn round_design(design: &Design, basis: Basis, scaling: Scaling, bits: u32) -> Vec<Component> {
    let last = design.stages.len() - 1;
    let mut absorbed = Rational::from(1);
    let mut components = Vec::with_capacity(design.stages.len());
    for (i, stage) in design.stages.iter().enumerate() {
        let mut power = vec![Rational::new(); stage.degree() + 1];
        for (j, c) in stage.polynomial.coefficients().iter().enumerate() {
            power[2 * j + 1] = exact(c);
        }
        let mut input_scale = Rational::from(1);
        match scaling {
            Scaling::Normalized => {
                scale_input(&mut power, &absorbed);
                if i < last {
                    absorbed = exact(&design.stages[i + 1].upper);
                    for c in &mut power {
                        *c /= &absorbed;
                    }
                }
            }
            Scaling::None if basis == Basis::Chebyshev => {
                let bound = short_upper(&stage.upper);
                scale_input(&mut power, &bound);
                input_scale = bound.recip();
            }
            Scaling::None => {}
        }
        let mapped = match basis {
            Basis::Power => power,
            Basis::Chebyshev => power_to_chebyshev(&power),
        };
        let coefficients = mapped
            .iter()
            .map(|c| nearest_multiple(c, -i64::from(bits)))
            .collect();
        let mut component = Component::new(basis, coefficients);
        component.scale = input_scale;
        components.push(component);
    }
    components
}

fn exact(x: &Float) -> Rational {
    // Coefficients and ends of fitted intervals are finite.
    x.to_rational().unwrap_or_default()
}

fn short_upper(end: &Float) -> Rational {
    exact(&Float::with_val_round(SCALE_BITS, end, Round::Up).0)
}

/// `sum c_j (s y)^j` as coefficients of `y`.
fn scale_input(power: &mut [Rational], s: &Rational) {
    let mut factor = Rational::from(1);
    for c in power {
        *c *= &factor;
        factor *= s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approx::composite::composite;
    use crate::arith::rounding::CoefficientMode;

    #[test]
    fn bases_convert_back_and_forth_exactly() {
        let power: Vec<Rational> = (0..12)
            .map(|i| Rational::from((3 * i - 7, i + 2)))
            .collect();
        let there = power_to_chebyshev(&power);
        let back = Component::new(Basis::Chebyshev, there);
        assert_eq!(back.powers(CoefficientMode::Exact).unwrap(), power);
        // y^3 = (3 T_1 + T_3) / 4.
        let cube = [0, 0, 0, 1].map(Rational::from);
        let expected = [(0, 1), (3, 4), (0, 1), (1, 4)].map(Rational::from);
        assert_eq!(power_to_chebyshev(&cube), expected);
    }

    #[test]
    fn scale_is_short_and_covers_the_interval() {
        let eta = Rational::from((1, 1000));
        let design = composite(&[7, 7, 13], &Rational::from((1, 80)), &eta).unwrap();
        let rounded = round_design(&design, Basis::Chebyshev, Scaling::None, DEFAULT_BITS);
        for (component, stage) in rounded.iter().zip(&design.stages) {
            let bound = component.scale.clone().recip();
            assert!(bound >= stage.upper && bound.numer().significant_bits() <= SCALE_BITS);
        }
        let design = composite(&[7], &Rational::from((1, 8)), &Rational::new()).unwrap();
        let rounded = round_design(&design, Basis::Chebyshev, Scaling::None, DEFAULT_BITS);
        assert_eq!(rounded[0].scale, 1);
    }
}
