//! Encrypt: a network on encrypted inputs in one process, or the same steps in the clear.

use crate::arith::ball::Ball;
use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::scheme::keys::SecretKey;
use crate::encrypted::resources::need_memory;
use crate::encrypted::run::Runner;
use crate::encrypted::simulate::{simulate, Simulated};
use crate::encrypted::state::{Spent, State};
use crate::error::{Error, Result};
use crate::jobs::network::compiled::{Chosen, Compiled};
use crate::jobs::network::inputs::InputFile;
use crate::jobs::network::model::Model;
use crate::jobs::network::preparation;
use crate::jobs::network::twin::Polynomials;
use crate::network::forward::{self, Outcome, Prepared};
use std::path::PathBuf;
use std::time::{Duration, Instant};

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
    /// The steps in the clear alone.
    pub simulate: bool,
    /// Keys and noise that repeat, for measurements and never for secrets; from the system if none.
    pub seed: Option<u64>,
}

impl Request {
    /// The files that are read.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut all = self.model.files();
        all.extend(self.polynomials.tables.clone());
        all.push(self.input.file.clone());
        all
    }
}

/// What the work is at.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The network is compiled.
    Compiled(&'a Compiled),
    /// Maps of the bootstrapping are encoded and keys are made.
    Keys,
    /// A sample is begun: its number in the file.
    Sample(usize),
    /// A step begins, the first is 0.
    Step(usize),
}

/// What a run on ciphertexts gave. Every `measure_` is one observation.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The decrypted outputs.
    pub measure_outputs: Vec<f64>,
    /// What each step took.
    pub spent: Vec<Spent>,
    /// Wall time of the run.
    pub measure_time: Duration,
    /// The level of the outputs.
    pub level: usize,
}

/// A sample in the clear.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its number in the file.
    pub number: usize,
    /// Its numbers, as the network takes them.
    pub input: Vec<f64>,
    /// Enclosures of the outputs of the twin with the polynomials that are computed; none where pairs of f64 do not keep them.
    pub twin: Option<Vec<Ball>>,
    /// The steps in the clear.
    pub simulated: Simulated,
    /// Wall time of the steps in the clear.
    pub measure_simulated: Duration,
}

/// The samples of a request in the clear.
#[derive(Debug, Clone)]
pub struct Samples {
    /// In the order of the request.
    pub all: Vec<Sample>,
    /// SHA-256 of the file.
    pub sha256: String,
    /// How its numbers became inputs.
    pub said: Vec<String>,
}

/// A network on inputs.
#[derive(Debug)]
pub struct Answer {
    /// The network compiled.
    pub compiled: Compiled,
    /// The samples in the clear.
    pub samples: Samples,
    /// The runs of the samples, if there were any.
    pub measured: Option<Vec<Measured>>,
    /// Bytes of the keys; none without a run.
    pub key_bytes: Option<u64>,
}

/// Runs a network on encrypted inputs, with new keys; their steps in the clear first.
///
/// **Guarantee** none is given here of the noise: what is decrypted stands beside the twin's enclosures.
/// **Cost** by the schedule, which `progress` is shown before anything is encrypted.
///
/// # Errors
/// What [`schedule`](fn@crate::jobs::network::schedule::schedule) refuses; an input that the steps in the clear take out of
/// \[-B, B\], or to its very end: which layer; too little memory.
pub fn encrypt(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Answer> {
    let compiled = Compiled::new(&request.model, &request.polynomials, &request.parameters)?;
    let samples = Sample::all(&compiled, request)?;
    progress(Progress::Compiled(&compiled));
    let (measured, key_bytes) = match request.simulate {
        true => (None, None),
        false => {
            let (measured, bytes) = run(&compiled, &samples.all, request.seed, progress)?;
            (Some(measured), Some(bytes))
        }
    };
    Ok(Answer {
        compiled,
        samples,
        measured,
        key_bytes,
    })
}

impl Sample {
    /// The samples of a request, each found to stay in \[-B, B\].
    ///
    /// # Errors
    /// No samples, or those that the file does not have; one that leaves \[-B, B\]: which layer.
    pub fn all(compiled: &Compiled, request: &Request) -> Result<Samples> {
        if request.samples.is_empty() {
            return Err(Error::domain("--sample: no samples"));
        }
        let network = &compiled.loaded.network;
        let inputs = request.input.load(&compiled.loaded)?;
        let points = request.samples.iter().map(|&s| inputs.sample(s));
        let points = points.collect::<Result<Vec<_>>>()?;
        let said = preparation::said(&inputs, network, request.samples.iter().copied())?;
        let activations = &compiled.computed;
        let respond = |a: usize, v: f64| activations[a].relu(Ball::exact(v)).hi;
        let prepared = Prepared::new(network)?;
        let mut all = Vec::with_capacity(points.len());
        for (&number, x) in request.samples.iter().zip(points) {
            let start = Instant::now();
            let simulated = simulate(&compiled.program, &x.hi, &respond)?;
            let measure_simulated = start.elapsed();
            within(compiled, number, &simulated)?;
            let twin = prepared.evaluate(&x, forward::Model::Twin(activations), true)?;
            all.push(Self {
                number,
                twin: match twin {
                    Outcome::Done(evaluation) => Some(evaluation.logits),
                    _ => None,
                },
                input: x.hi,
                simulated,
                measure_simulated,
            });
        }
        Ok(Samples {
            all,
            sha256: inputs.sha256,
            said,
        })
    }
}

/// Refuses what leaves [-B, B] in the clear.
fn within(compiled: &Compiled, sample: usize, simulated: &Simulated) -> Result<()> {
    let steps = compiled.program.steps.iter().zip(&simulated.estimate_sizes);
    for (step, &size) in steps {
        let Some(activation) = step.activation.map(|a| &compiled.computed[a]) else {
            continue;
        };
        if size >= activation.limit() {
            return Err(Error::domain(format!(
                "layer {:?}: its input reaches {size:.6} in size on sample {sample}, and B is {}: a larger --bound is needed",
                step.name,
                activation.scale()
            )));
        }
    }
    Ok(())
}

fn run(
    compiled: &Compiled,
    samples: &[Sample],
    seed: Option<u64>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Vec<Measured>, u64)> {
    need_memory("the run", compiled.schedule.bytes.to_come())?;
    progress(Progress::Keys);
    let runner = Runner::new(compiled.program.clone(), &compiled.twin, &compiled.scheme)?;
    let mut rng = match seed {
        Some(seed) => Rng::numbered(seed, 0),
        None => Rng::from_system()?,
    };
    let secret = SecretKey::generate(runner.ring(), &mut rng);
    let keys = runner.keys(&secret, &mut rng);
    let bytes = keys.bytes();
    let evaluator = Evaluator::new(runner.ring(), keys.evaluation)?;
    let keys = (&evaluator, keys.refresh.as_ref());
    let mut measured = Vec::with_capacity(samples.len());
    for sample in samples {
        progress(Progress::Sample(sample.number));
        let input = (runner.client()).encrypt(&secret, &sample.input, &mut rng)?;
        let start = Instant::now();
        let mut state = State::new(input);
        while state.done() < runner.program().steps.len() {
            progress(Progress::Step(state.done()));
            state.step(&runner, keys)?;
        }
        let measure_time = start.elapsed();
        let spent = state.spent.clone();
        let output = state.output(&runner)?;
        measured.push(Measured {
            measure_outputs: runner.client().decrypt(&secret, &output)?,
            spent,
            measure_time,
            level: output.level(),
        });
    }
    Ok((measured, bytes))
}
