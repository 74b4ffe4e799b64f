//! Inference: what an encrypted network decrypts to on one input, certified.

mod evaluations;
mod program;

pub use crate::certificate::inference::Certified;
pub use program::Program;

use crate::arith::ball::Ball;
use crate::arith::number::write;
use crate::arith::rounding::CoefficientMode;
use crate::certificate::inference::{inference, Inference};
use crate::certificate::limits::check_network_limits;
use crate::certificate::network::{Sample, Subject};
use crate::encrypted::run::Runner;
use crate::encrypted::simulate::simulate;
use crate::error::{Error, Result};
use crate::jobs::network::compiled::{Chosen, Compiled};
use crate::jobs::network::inputs::{InputFile, Inputs};
use crate::jobs::network::model::Model;
use crate::jobs::network::preparation;
use crate::jobs::network::twin::Polynomials;
use crate::network::forward::compare::{
    compare, estimate_checked_bits, Comparison, Precision, Verdict,
};
use crate::network::forward::Prepared;
use crate::network::model::exact::{input_text, network_text};
use crate::poly::composite::Composite;
use rug::{Integer, Rational};

/// A network, how it is run, and inputs.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials.
    pub polynomials: Polynomials,
    /// The encryption parameters.
    pub parameters: Chosen,
    /// The file of samples.
    pub input: InputFile,
    /// Which of them, from 0.
    pub samples: Vec<usize>,
    /// Reaches of the activations: |x| is certified to be within; one, or one for each; from the samples if none.
    pub within: Vec<Rational>,
    /// But for 2^-k in all.
    pub k: u32,
    /// What was decrypted of each sample, if it was run.
    pub measure_decrypted: Vec<Option<Vec<f64>>>,
    /// Most bits of the evaluations ([`crate::network::forward::compare::MOST_BITS`]).
    pub most_bits: u32,
}

/// What the work is at.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The network is compiled, and its program is certified now.
    Compiled(&'a Compiled),
    /// The program is certified.
    Program(&'a Program),
    /// A sample begins.
    Sample(usize),
    /// So many of so many activations have their bounds under noise.
    Layer(usize, usize),
    /// A sample is done.
    Done(&'a One),
}

/// One input.
#[derive(Debug, Clone)]
pub struct One {
    /// Which.
    pub sample: usize,
    /// Both networks without noise.
    pub comparison: Comparison,
    /// The exact input's text.
    pub input: String,
    /// The certificate; or why there is none.
    pub certified: std::result::Result<Certified, String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Answer {
    /// The network compiled.
    pub compiled: Compiled,
    /// How the samples' numbers became inputs.
    pub input_said: Vec<String>,
    /// The exact network's text.
    pub network: String,
    /// The program.
    pub program: Program,
    /// The samples, in the order in which they were asked.
    pub samples: Vec<One>,
}

/// Shares of B that reaches are taken from.
const SHARES: u32 = 8;
/// How far the steps in the clear stay below a reach: inputs are known there, and others nearly so.
const ROOM: f64 = 9.0 / 8.0;

/// Certifies what an encrypted network decrypts to.
///
/// **Guarantee** the program and every inference were verified by the independent checker.
/// **Cost** for a ResNet-20 at N = 2^16 half a minute and 2 GB for the program, some minutes of two cores an input.
///
/// # Errors
/// Files that cannot be read or do not fit together, what the program's certificate refuses: which step. An input that is not
/// certified says so in its own place.
pub fn certify(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Answer> {
    let compiled = Compiled::new(&request.model, &request.polynomials, &request.parameters)?;
    let network = &compiled.loaded.network;
    let inputs = request.input.load(&compiled.loaded)?;
    let input_said = preparation::said(&inputs, network, request.samples.iter().copied())?;
    let (tables, which) = program::tables(&compiled);
    check_network_limits(network, tables.len(), true)
        .map_err(|e| e.in_file(&request.model.network))?;
    progress(Progress::Compiled(&compiled));
    let text = network_text(network);
    let asked = asked(&compiled, &inputs, request)?;
    let program = {
        let runner = Runner::new(compiled.program.clone(), &compiled.twin, &compiled.scheme)?;
        program::make(&compiled, &runner, &text, &asked)?
    };
    progress(Progress::Program(&program));
    let composites: Vec<Composite> = (tables.iter())
        .map(|t| Composite::new(t, CoefficientMode::Exact))
        .collect::<Result<_>>()?;
    // One for each activation.
    let composites: Vec<Composite> = which.iter().map(|&i| composites[i].clone()).collect();
    let prepared = Prepared::new(network)?;
    let (scales, units) = compiled.twin.scales();
    let mut samples = Vec::new();
    for (i, &sample) in request.samples.iter().enumerate() {
        progress(Progress::Sample(sample));
        let x = inputs.point(sample)?;
        let precision = Precision::PAIRS.up_to(request.most_bits);
        let comparison = compare(&prepared, &compiled.computed, x.given(), precision)?;
        let input = input_text(&x.exact);
        let worst = program.bound_noise.iter().zip(&scales);
        let asked = Inference {
            program: &program.text,
            bound_error: &program.bound_error,
            worst: worst.map(|(noise, b)| Rational::from(noise / b)).collect(),
            measure_decrypted: request.measure_decrypted.get(i).and_then(Option::as_deref),
        };
        let certified = match &comparison.verdict {
            Verdict::Same(_) => {
                let subject = Subject {
                    network: &text,
                    input: &input,
                    tables: &tables,
                    assigned: Some(&which),
                    coefficients: CoefficientMode::Exact,
                    scales: &scales,
                    units: &units,
                    estimate_bits: estimate_checked_bits(&prepared, &compiled.computed, &x.balls)?,
                };
                let given = Sample {
                    network,
                    composites: &composites,
                    twin: &compiled.computed,
                    input: x.given(),
                };
                let told = &mut |layer, layers| progress(Progress::Layer(layer, layers));
                inference(&subject, given, &comparison, &asked, told).map_err(|e| e.to_string())
            }
            other => Err(format!("without noise the verdict is {}", other.word())),
        };
        let one = One {
            sample,
            comparison,
            input,
            certified,
        };
        progress(Progress::Done(&one));
        samples.push(one);
    }
    Ok(Answer {
        compiled,
        input_said,
        network: text,
        program,
        samples,
    })
}

/// Reaches and the input's bound: as they are asked for, or from the samples.
fn asked(compiled: &Compiled, inputs: &Inputs, request: &Request) -> Result<program::Asked> {
    let count = compiled.twin.activations.len();
    let activations = &compiled.computed;
    let respond = |a: usize, v: f64| activations[a].relu(Ball::exact(v)).hi;
    let (mut sizes, mut most) = (vec![0.0f64; count], 0.0f64);
    for &sample in &request.samples {
        let x = inputs.sample(sample)?;
        most = x.hi.iter().fold(most, |m, v| v.abs().max(m));
        let simulated = simulate(&compiled.program, &x.hi, &respond)?;
        for (step, size) in compiled.program.steps.iter().zip(&simulated.estimate_sizes) {
            if let Some(a) = step.activation {
                sizes[a] = sizes[a].max(*size);
            }
        }
    }
    let reach = |(a, size): (usize, f64)| {
        let b = activations[a].scale();
        let share = (size * ROOM / b.to_f64() * f64::from(SHARES)).ceil();
        match share {
            s if s <= f64::from(SHARES) => Ok(b * Rational::from((s.max(1.0) as u32, SHARES))),
            _ if size < activations[a].limit() => Ok(b.clone()),
            _ => Err(Error::domain(format!(
                "activation {a}: its input reaches {size:.6} in size on these samples, and B is {}: a larger --bound is needed",
                write(b)
            ))),
        }
    };
    let within = match request.within.as_slice() {
        [] => sizes
            .into_iter()
            .enumerate()
            .map(reach)
            .collect::<Result<_>>()?,
        [one] => vec![one.clone(); count],
        all if all.len() == count => all.to_vec(),
        all => {
            return Err(Error::domain(format!(
                "{} values of --within; give one, or one for each of the {count} activations",
                all.len()
            )))
        }
    };
    for (a, (within, activation)) in within.iter().zip(activations).enumerate() {
        if *within <= 0u32 || within > activation.scale() {
            return Err(Error::domain(format!(
                "activation {a}: --within {} is not above 0 and at most B = {}",
                write(within),
                write(activation.scale())
            )));
        }
    }
    let up = Rational::from_f64(most).unwrap_or_default();
    // With room for what the checker's ball of it adds.
    let bound_input = Rational::from(Integer::from((up * 1024u32).ceil().numer() + 1u32)) / 1024u32;
    Ok(program::Asked {
        within,
        bound_input,
        k: request.k,
    })
}
