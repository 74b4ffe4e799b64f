//! The noise of one operation drawn from the model: errors, ephemerals and uniform residues as the formulas
//! suppose them, without any ciphertext. What is measured on ciphertexts must look the same.

use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::scheme::encode::{Complex, Encoder};
use crate::noise::formula::operations::Primitive;
use rug::{Integer, Rational};

/// Draws of one operation for one secret.
pub struct Simulation<'a> {
    /// The parameters.
    pub parameters: &'a Parameters,
    /// The embedding.
    pub encoder: &'a Encoder,
    /// s(zeta) at every slot.
    secret: Vec<Complex>,
    rng: Rng,
}

/// Fractional bits of a drawn residue.
const RESIDUE_BITS: u32 = 40;

impl<'a> Simulation<'a> {
    /// Draws a secret, with no check of its embedding.
    pub fn new(parameters: &'a Parameters, encoder: &'a Encoder, mut rng: Rng) -> Self {
        let s = rng.secret(parameters.n(), parameters.secret());
        let mut simulation = Self {
            parameters,
            encoder,
            secret: Vec::new(),
            rng,
        };
        simulation.secret = simulation.embed(&s, 1.0);
        simulation
    }

    fn embed(&self, coefficients: &[i64], unit: f64) -> Vec<Complex> {
        let exact: Vec<Integer> = coefficients.iter().map(|&c| c.into()).collect();
        let scale = Rational::from(1);
        let mut slots = self
            .encoder
            .slots(&exact, self.encoder.max_log_slots(), &scale);
        for z in &mut slots {
            z.re *= unit;
            z.im *= unit;
        }
        slots
    }

    /// The embedding of a polynomial uniform in [-width/2, width/2].
    fn uniform(&mut self, width: f64) -> Vec<Complex> {
        let draw = |rng: &mut Rng| (rng.word() as i64) >> (64 - RESIDUE_BITS);
        let c: Vec<i64> = (0..self.parameters.n())
            .map(|_| draw(&mut self.rng))
            .collect();
        self.embed(&c, width * 2f64.powi(-(RESIDUE_BITS as i32)))
    }

    fn error(&mut self) -> Vec<Complex> {
        let e = self.rng.errors(self.parameters.n(), self.parameters.cbd());
        self.embed(&e, 1.0)
    }

    /// e v + e0 + e1 s times a unit.
    fn zero(&mut self, unit: f64) -> Vec<Complex> {
        let v = self.rng.ternary(self.parameters.n());
        let v = self.embed(&v, unit);
        let s = self.secret.clone();
        let mut rest = plus(times(&self.error(), &s), &self.error());
        for z in &mut rest {
            z.re *= unit;
            z.im *= unit;
        }
        plus(times(&self.error(), &v), &rest)
    }

    /// |noise| at every slot that one operation adds at the top level, in units of the ciphertext; none
    /// for an operation that is made of others.
    pub fn draw(&mut self, primitive: Primitive) -> Option<Vec<f64>> {
        let s = self.secret.clone();
        let sum = match primitive {
            Primitive::Encode => self.uniform(1.0),
            Primitive::Rescale => plus(self.uniform(1.0), &times(&self.uniform(1.0), &s)),
            Primitive::FreshSecret => plus(self.error(), &self.uniform(1.0)),
            Primitive::FreshPublic => plus(self.zero(1.0), &self.uniform(1.0)),
            Primitive::FreshPublicExtended => {
                let p = Rational::from(self.parameters.p_product()).to_f64();
                let rounding = plus(self.uniform(1.0), &times(&self.uniform(1.0), &s));
                plus(plus(self.zero(1.0 / p), &rounding), &self.uniform(1.0))
            }
            Primitive::Relinearise | Primitive::Rotate => {
                let p = self.parameters.p_product();
                let mut sum = plus(self.uniform(1.0), &times(&self.uniform(1.0), &s));
                for digit in self.parameters.digits(self.parameters.max_level()) {
                    let q: Integer = self.parameters.q()[digit]
                        .iter()
                        .map(|&q| Integer::from(q))
                        .product();
                    let width = Rational::from((q, p.clone())).to_f64();
                    let d = self.uniform(width);
                    sum = plus(sum, &times(&d, &self.error()));
                }
                sum
            }
            _ => return None,
        };
        Some(sum.iter().map(|z| z.re.hypot(z.im)).collect())
    }
}

fn plus(mut a: Vec<Complex>, b: &[Complex]) -> Vec<Complex> {
    for (a, b) in a.iter_mut().zip(b) {
        a.re += b.re;
        a.im += b.im;
    }
    a
}

fn times(a: &[Complex], b: &[Complex]) -> Vec<Complex> {
    let product = |(a, b): (&Complex, &Complex)| Complex {
        re: a.re * b.re - a.im * b.im,
        im: a.re * b.im + a.im * b.re,
    };
    a.iter().zip(b).map(product).collect()
}
