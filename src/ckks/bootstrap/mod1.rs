//! The sine that takes t = I + m/2^r to m without I, as a circuit.
//!
//! **Method** With w = (t - 1/4)/K_1, K_1 = K + 1/4 + 2^-r, which is in [-1, 1] for |I| <= K and |m| <= 1,
//! ```text
//! sin(2 pi t) = cos(2 pi (t - 1/4)) = cos(2^R a w),   a = 2 pi K_1/2^R
//! y = 2 w^2 - 1        z_0 = g(y) near cos(a w), of half the degree as cos is even        z_i = 2 z_(i-1)^2 - 1, i = 1 .. R
//! ```
//! The rounding of y decides the noise: it arrives times 2^r K_1^2/(4 |t - 1/4|), some thousand at t = 0. So y is made at a level
//! of a larger scale than the rest of a chain has.
//!
//! g and the arcsine are interpolants at Chebyshev nodes; how far they are from cos and arcsin is not proved here.

use crate::circuit::builder::Builder;
use crate::circuit::composite::{Block, Output, Plan};
use crate::circuit::{stage, Circuit, Id};
use crate::error::{Error, Result};
use rug::float::Constant;
use rug::ops::Pow as _;
use rug::{Float, Integer, Rational};
use std::sync::Arc;

/// Bits that interpolants are computed with.
const PRECISION: u32 = 256;
/// Their coefficients are multiples of 2^-COEFFICIENT_BITS.
const COEFFICIENT_BITS: u32 = 120;
/// What the sine as a polynomial leaves, and its coefficients are multiples of 2^-SINE_BITS.
const SINE_LEFT_OUT: i32 = 38;
const SINE_BITS: u32 = 100;
/// The largest K.
pub const MAX_OVERFLOW: u32 = 512;
/// The largest degree of an interpolant.
pub const MAX_DEGREE: usize = 254;

/// What is computed of t.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// y = sin(2 pi m/2^r)/sin(2 pi/2^r), in [-1, 1] for |m| <= 1.
    Sine,
    /// m itself.
    Message,
    /// ReLU of x = B m, p of which has the sine for its first stage.
    Relu(Arc<Activation>),
}

/// An activation that is refreshed: x (1 + p(x/B))/2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// p and B; its first stage stands for the sine, and is not evaluated.
    pub plan: Plan,
    /// The scale of the result.
    pub scale: Rational,
}

impl Activation {
    /// The result for x = B m, as near as f64 is.
    #[must_use]
    pub fn meant(&self, m: f64) -> f64 {
        let mut y = Float::with_val(PRECISION, m);
        for stage in &self.plan.stages {
            let terms = stage.iter().rev();
            y = terms.fold(Float::new(PRECISION), |sum, c| sum * &y + c);
        }
        let x = Float::with_val(PRECISION, &self.plan.domain) * m;
        (x * (y + 1u32) / 2u32).to_f64()
    }
}

/// Where a circuit has what its bounds ask for.
#[derive(Debug, Clone)]
pub struct Built {
    /// The sine.
    pub sine: Id,
    /// m in units of B, where it is computed.
    pub message: Option<Id>,
    /// The composite behind the sine.
    pub block: Option<Block>,
    /// The result.
    pub output: Id,
}

/// The reduction modulo 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mod1 {
    /// K: |I| is at most that.
    pub overflow: u32,
    /// r: |m| <= 1 is read at 1/2^r of the modulus.
    pub ratio_log2: u32,
    /// The degree in w of the polynomial for cos(a w), even.
    pub degree: usize,
    /// R: the number of double angles.
    pub doublings: u32,
    /// The degree of the polynomial for the arcsine, odd.
    pub arcsine: usize,
}

fn pi() -> Float {
    Float::with_val(PRECISION, Constant::Pi)
}

/// The interpolant of f at the degree + 1 Chebyshev nodes of [-1, 1], by its coefficients in the Chebyshev basis.
fn interpolant(f: impl Fn(Float) -> Float, degree: usize) -> Vec<Rational> {
    let n = degree + 1;
    let cosine = |k: usize| (pi() * k as u64 / (2 * n) as u64).cos();
    let values: Vec<Float> = (0..n).map(|i| f(cosine(2 * i + 1))).collect();
    (0..n)
        .map(|j| {
            let mut sum = Float::new(PRECISION);
            for (i, value) in values.iter().enumerate() {
                sum += cosine(j * (2 * i + 1) % (4 * n)) * value;
            }
            let c = sum * if j == 0 { 1u32 } else { 2 } / n as u64;
            let scaled: Integer = (c << COEFFICIENT_BITS).to_integer().unwrap_or_default();
            Rational::from(scaled) >> COEFFICIENT_BITS
        })
        .collect()
}

impl Mod1 {
    /// Refuses what has no circuit.
    ///
    /// # Errors
    /// Which number breaks which limit.
    pub fn check(&self) -> Result<()> {
        let bad = |detail: String| Err(Error::domain(format!("EvalMod: {detail}")));
        if !(1..=MAX_OVERFLOW).contains(&self.overflow) {
            return bad(format!(
                "K is {}: it goes from 1 to {MAX_OVERFLOW}",
                self.overflow
            ));
        }
        if !(3..=20).contains(&self.ratio_log2) {
            return bad(format!(
                "the message ratio is 2^{}: 2^3 to 2^20",
                self.ratio_log2
            ));
        }
        if self.degree % 2 != 0 || !(2..=MAX_DEGREE).contains(&self.degree) {
            return bad(format!("degree {}: even, 2 to {MAX_DEGREE}", self.degree));
        }
        if self.doublings > 8 {
            return bad(format!("{} double angles: at most 8", self.doublings));
        }
        if self.arcsine % 2 != 1 || self.arcsine > 63 {
            return bad(format!(
                "an arcsine of degree {}: odd, at most 63",
                self.arcsine
            ));
        }
        Ok(())
    }

    /// K_1 = K + 1/4 + 2^-r.
    #[must_use]
    pub fn reach(&self) -> Rational {
        let ratio = Integer::from(1) << self.ratio_log2;
        Rational::from((1, 4)) + self.overflow + Rational::from((1, ratio))
    }

    /// g in the Chebyshev basis of y = 2 w^2 - 1.
    #[must_use]
    pub fn cosine(&self) -> Vec<Rational> {
        let a = ((pi() << 1u32) * self.reach()) >> self.doublings;
        // w^2 = (y + 1)/2.
        let even = |y: Float| {
            let square: Float = (y + 1u32) >> 1u32;
            let w = square.max(&Float::new(PRECISION)).sqrt();
            (w * &a).cos()
        };
        interpolant(even, self.degree / 2)
    }

    /// sin(2 pi/2^r).
    fn unit(&self) -> Float {
        let turn: Float = (pi() << 1u32) >> self.ratio_log2;
        turn.sin()
    }

    /// sin(2 pi/2^r) as the circuit has it: rounded to a multiple of 2^-120.
    #[must_use]
    pub fn sine_unit(&self) -> Rational {
        let scaled = (self.unit() << COEFFICIENT_BITS).to_integer();
        Rational::from(scaled.unwrap_or_default()) >> COEFFICIENT_BITS
    }

    /// The polynomial for m in the Chebyshev basis of y, of odd degrees alone.
    #[must_use]
    pub fn arcsine(&self) -> Vec<Rational> {
        let unit = self.unit();
        let amplitude = (Float::with_val(PRECISION, 1) << self.ratio_log2) / (pi() << 1u32);
        let f = |y: Float| (y * &unit).asin() * &amplitude;
        let mut c = interpolant(f, self.arcsine);
        c.iter_mut().step_by(2).for_each(|c| *c = Rational::new());
        c
    }

    /// Levels that it takes.
    #[must_use]
    pub fn depth(&self, value: &Value) -> usize {
        let cosine = crate::circuit::split::depth(self.degree / 2);
        let arcsine = crate::circuit::split::depth(self.arcsine);
        let behind = match value {
            Value::Sine => 0,
            Value::Message => arcsine,
            Value::Relu(activation) => {
                let stages = activation.plan.depth_behind(Output::Relu);
                stages.max(arcsine + 1)
            }
        };
        1 + cosine + self.doublings as usize + behind
    }

    /// The scale that t is to have, for w to have `scale`: w = (t - 1/4)/K_1.
    #[must_use]
    pub fn input_scale(&self, scale: &Rational) -> Rational {
        scale / self.reach()
    }

    /// Adds the circuit; t is the value of `input`. The polynomials' results have the scale that w has.
    ///
    /// # Errors
    /// More depth than there is, parameters that [`Self::check`] refuses.
    pub fn build(&self, b: &mut Builder, input: Id, value: &Value) -> Result<Built> {
        self.check()?;
        b.at("EvalMod");
        let less = b.add_constant(input, Rational::from((-1, 4)));
        let w = b.units(less, &self.reach());
        let scale = b.scale(w).clone();
        let twice = || (Rational::from(2), Rational::from(-1));
        let y = stage::square(b, w, twice())?;
        let mut z = stage::polynomial(b, y, &self.cosine(), &scale)?;
        for _ in 1..self.doublings {
            z = stage::square(b, z, twice())?;
        }
        let unit = self.sine_unit();
        let sine = match self.doublings {
            0 => b.units(z, &unit),
            // In units of S' at once: the integer 5 in place of 2 at r = 4, so that nothing is rounded at a smaller scale.
            _ => {
                let (a, c) = twice();
                stage::square(b, z, (a / &unit, c / &unit))?
            }
        };
        let mut built = Built {
            sine,
            message: None,
            block: None,
            output: sine,
        };
        if *value == Value::Sine {
            return Ok(built);
        }
        b.at("arcsine");
        let scale = b.scale(sine).clone();
        let message = stage::polynomial(b, sine, &self.arcsine(), &scale)?;
        (built.message, built.output) = (Some(message), message);
        if let Value::Relu(activation) = value {
            let plan = &activation.plan;
            let x = b.units(message, &Rational::from(plan.domain.recip_ref()));
            let block = plan.relu_behind(b, (x, sine), &activation.scale)?;
            (built.message, built.output) = (Some(x), block.output);
            built.block = Some(block);
        }
        Ok(built)
    }

    /// The circuit alone, t its input at a level and a scale.
    ///
    /// # Errors
    /// As [`Self::build`].
    pub fn circuit(
        &self,
        moduli: &[Integer],
        level: usize,
        scale: Rational,
        value: &Value,
    ) -> Result<(Circuit, Built)> {
        let mut b = Builder::new(moduli);
        let input = b.input(level, scale)?;
        let built = self.build(&mut b, input, value)?;
        Ok((b.finish(built.output), built))
    }

    /// The sine as a polynomial in m: sum_i (-1)^i c^(2i+1) m^(2i+1)/((2i+1)! S'), c near 2 pi/2^r; in powers, until less than
    /// 2^-SINE_LEFT_OUT is left.
    ///
    /// Put before a composite it makes p(x/B) what p of the sine is; it is never evaluated.
    #[must_use]
    pub fn sine(&self) -> Vec<Rational> {
        let turn: Float = (pi() << 1u32) >> self.ratio_log2;
        let square = Float::with_val(PRECISION, turn.square_ref());
        let mut term = turn / self.unit();
        let mut out = Vec::new();
        let mut i = 1u32;
        while Float::with_val(PRECISION, term.abs_ref()) > 2f64.powi(-SINE_LEFT_OUT) {
            let scaled = Float::with_val(PRECISION, &term << SINE_BITS).to_integer();
            let c = Rational::from(scaled.unwrap_or_default()) >> SINE_BITS;
            out.extend([Rational::new(), c]);
            term *= &square;
            term /= (i + 1) * (i + 2);
            term = -term;
            i += 2;
        }
        out
    }

    /// The greatest 2^r m that is told apart: 2^r.
    #[must_use]
    pub fn ratio(&self) -> Rational {
        Rational::from(2u32).pow(self.ratio_log2 as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::exact::Plain;

    const MOD1: Mod1 = Mod1 {
        overflow: 13,
        ratio_log2: 4,
        degree: 30,
        doublings: 3,
        arcsine: 11,
    };

    fn plain(inputs: &[f64]) -> Plain<'_> {
        Plain {
            inputs,
            trace: Vec::new(),
        }
    }

    /// The circuit in f64 against sin and the message, for every admitted overflow, the last one included.
    #[test]
    fn every_overflow_that_is_admitted_is_taken_away() {
        let moduli: Vec<Integer> = (0..=13).map(|_| Integer::from(1) << 57).collect();
        for (value, most) in [
            (Value::Sine, 2f64.powi(-34)),
            (Value::Message, 2f64.powi(-32)),
        ] {
            let scale = MOD1.input_scale(&(Rational::from(1) << 57));
            let (circuit, _) = MOD1.circuit(&moduli, 13, scale, &value).unwrap();
            assert_eq!(13 - circuit.nodes[circuit.output].level, MOD1.depth(&value));
            for i in -13..=13 {
                for m in [-1.0, -0.7, -1e-3, 0.0, 0.3, 0.999, 1.0] {
                    let t = f64::from(i) + m / 16.0;
                    let got = circuit.run(&mut plain(&[t])).unwrap();
                    let turn = 2.0 * std::f64::consts::PI / 16.0;
                    let want = match value {
                        Value::Sine => (m * turn).sin() / turn.sin(),
                        _ => m,
                    };
                    assert!((got - want).abs() < most, "I {i}, m {m}: {got} {want}");
                }
            }
            // Overflows that are not admitted are not taken away.
            let got = circuit.run(&mut plain(&[22.03])).unwrap();
            assert!((got - 0.5).abs() > 0.1, "{got}");
        }
    }

    #[test]
    fn numbers_beyond_their_limits_are_named() {
        let error = |change: fn(&mut Mod1)| {
            let mut mod1 = MOD1;
            change(&mut mod1);
            mod1.check().unwrap_err().to_string()
        };
        assert!(error(|m| m.overflow = 0).contains("K is 0"));
        assert!(error(|m| m.degree = 31).contains("degree 31: even"));
        assert!(error(|m| m.doublings = 9).contains("9 double angles"));
        assert!(error(|m| m.arcsine = 10).contains("degree 10: odd"));
        assert!(error(|m| m.ratio_log2 = 2).contains("2^2"));
    }
}
