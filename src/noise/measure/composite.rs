//! A circuit run on ciphertexts, beside what is meant. Every `measure_` is a sample, never a bound.

use crate::arith::number::{f64_above, f64_below};
use crate::ckks::evaluate::run::run;
use crate::ckks::scheme::encrypt::Encryption;
use crate::error::{Error, Result};
use crate::noise::composite::average::Estimator;
use crate::noise::composite::bound::{Input, Prepared, Task};
use crate::noise::measure::operations::{Lab, Sample};
use rug::Rational;

/// Hardest inputs that are kept, of a scan.
const HARDEST: usize = 64;

/// The numbers that inputs are drawn from, and how many inputs there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    /// The least.
    pub lo: f64,
    /// The greatest.
    pub hi: f64,
    /// Inputs of the circuit.
    pub inputs: usize,
}

impl Domain {
    /// The domain of a circuit, its ends rounded inward.
    pub fn of(prepared: &Prepared) -> Self {
        let b = f64_below(&prepared.request.domain);
        let (lo, hi, inputs) = match &prepared.request.task {
            Task::Single(shape) if shape.inputs() == 2 => (0.0, b, 2),
            Task::Single(_) => (-b, b, 1),
            Task::Itself { lo, hi } => (f64_above(lo), f64_below(hi), 1),
            Task::Pool {
                inputs,
                input_scale,
            } => {
                let r = f64_below(&(Rational::from((1, 2)) / input_scale));
                (-r, r, *inputs)
            }
        };
        let (lo, hi) = match prepared.request.within.as_ref().map(f64_below) {
            Some(most) => (lo.max(-most), hi.min(most)),
            None => (lo, hi),
        };
        Self { lo, hi, inputs }
    }

    /// Uniform in the domain, from a word.
    pub fn draw(&self, word: u64) -> f64 {
        let unit = word as f64 * 2f64.powi(-64);
        (self.lo + (self.hi - self.lo) * unit).clamp(self.lo, self.hi)
    }
}

/// What was seen over runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// Runs.
    pub runs: u64,
    /// |decrypted - polynomial|.
    pub noise: Sample,
    /// |decrypted - true function|, where it is approximated.
    pub error: Sample,
    variance: f64,
}

impl Measured {
    /// *Estimate*: the root mean square of |noise| at the very inputs that were measured.
    pub fn estimate_rms(&self) -> f64 {
        (self.variance / self.noise.count.max(1) as f64).sqrt()
    }
}

/// A circuit and keys to run it with.
pub struct Experiment<'a> {
    prepared: &'a Prepared,
    encryption: Encryption,
    estimator: Estimator,
    /// Keys and randomness.
    pub lab: Lab,
    /// What inputs are drawn from.
    pub domain: Domain,
}

impl<'a> Experiment<'a> {
    /// Prepares runs.
    ///
    /// # Errors
    /// Inputs that are not fresh.
    pub fn new(prepared: &'a Prepared, lab: Lab, domain: Domain) -> Result<Self> {
        let Input::Fresh(encryption) = prepared.request.input else {
            return Err(Error::unsupported("only fresh inputs can be measured"));
        };
        Ok(Self {
            estimator: Estimator::new(&prepared.circuit, prepared.model(), &prepared.request.input),
            prepared,
            encryption,
            lab,
            domain,
        })
    }

    /// All slots of all inputs, uniform in the domain.
    pub fn uniform(&mut self) -> Vec<Vec<f64>> {
        let slots = self.lab.ring.n() / 2;
        let (domain, rng) = (self.domain, &mut self.lab.rng);
        let mut input = || (0..slots).map(|_| domain.draw(rng.word())).collect();
        (0..domain.inputs).map(|_| input()).collect()
    }

    /// Inputs where noise is expected to be largest: the first one's by a scan, 0 for the others.
    pub fn hardest(&mut self) -> Vec<Vec<f64>> {
        let (slots, d) = (self.lab.ring.n() / 2, self.domain);
        let rest = vec![d.lo.max(0.0); d.inputs - 1];
        let hard = self.estimator.hardest((d.lo, d.hi), &rest, HARDEST);
        let first = (0..slots).map(|slot| hard[slot % hard.len()]).collect();
        let others = rest.iter().map(|x| vec![*x; slots]);
        std::iter::once(first).chain(others).collect()
    }

    /// One encrypted run.
    ///
    /// **Inputs** slots by input; `truth`: the true function, none where it is not approximated.
    /// **Cost** encryptions, the circuit, a decryption.
    ///
    /// # Errors
    /// Values that do not fit.
    pub fn run(
        &mut self,
        inputs: &[Vec<f64>],
        truth: &dyn Fn(&[f64]) -> Option<f64>,
        measured: &mut Measured,
    ) -> Result<()> {
        let circuit = &self.prepared.circuit;
        let (level, scale) = (circuit.nodes[0].level, &circuit.nodes[0].scale);
        let lab = &mut self.lab;
        let ciphers = inputs
            .iter()
            .map(|x| lab.encrypt_at(x, level, scale, self.encryption))
            .collect::<Result<Vec<_>>>()?;
        let result = run(circuit, &lab.evaluator, &ciphers)?;
        let decrypted = lab.encoder.decode(&lab.secret.decrypt(&result)?)?;
        measured.runs += 1;
        for (slot, z) in decrypted.iter().enumerate() {
            let x: Vec<f64> = inputs.iter().map(|list| list[slot]).collect();
            let (meant, variance) = self.estimator.estimate(&x);
            measured.variance += variance;
            measured.noise.add([(z.re - meant).hypot(z.im)]);
            let off = |truth: f64| (z.re - truth).hypot(z.im);
            measured.error.add(truth(&x).map(off));
        }
        Ok(())
    }
}
