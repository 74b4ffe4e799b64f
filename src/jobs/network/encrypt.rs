//! Encrypt: a network on one encrypted input, or the same steps in the clear.

use crate::arith::ball::Ball;
use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::scheme::keys::SecretKey;
use crate::encrypted::run::{Phase, Runner};
use crate::encrypted::simulate::{simulate, Simulated};
use crate::error::{Error, Result};
use crate::jobs::network::compiled::{Chosen, Compiled};
use crate::jobs::network::inputs::InputFile;
use crate::jobs::network::model::Model;
use crate::jobs::network::preparation;
use crate::jobs::network::twin::Polynomials;
use crate::network::forward::{self, Outcome, Prepared};
use std::time::{Duration, Instant};

/// A network, how it is run, and one input.
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
    pub sample: usize,
    /// The steps in the clear alone.
    pub simulate: bool,
    /// Keys and noise that repeat, for measurements and never for secrets; from the system if none.
    pub seed: Option<u64>,
}

/// What the work is at.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// The network is compiled.
    Compiled(&'a Compiled),
    /// Maps of the bootstrapping are encoded and keys are made.
    Keys,
    /// A step begins, the first is 0.
    Step(usize),
}

/// What a run on ciphertexts gave. Every `measure_` is one observation.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The decrypted outputs.
    pub measure_outputs: Vec<f64>,
    /// Wall time of each phase, of all steps.
    pub measure_phases: Vec<(Phase, Duration)>,
    /// Wall time of the run.
    pub measure_time: Duration,
    /// Bytes of the keys.
    pub key_bytes: u64,
    /// The level of the outputs.
    pub level: usize,
}

/// A network on one input.
#[derive(Debug)]
pub struct Answer {
    /// The network compiled.
    pub compiled: Compiled,
    /// SHA-256 of the file of samples.
    pub input_sha256: String,
    /// How its numbers became inputs.
    pub input_said: Vec<String>,
    /// Enclosures of the outputs of the twin with the polynomials that are computed; none where pairs of f64 do not keep them.
    pub twin: Option<Vec<Ball>>,
    /// The steps in the clear.
    pub simulated: Simulated,
    /// Wall time of the steps in the clear.
    pub measure_simulated: Duration,
    /// The run, if there was one.
    pub measured: Option<Measured>,
}

/// Runs a network on one encrypted input, with new keys; its steps in the clear first.
///
/// **Guarantee** none is given here of the noise: what is decrypted stands beside the twin's enclosures.
/// **Cost** by the schedule, which `progress` is shown before anything is encrypted.
///
/// # Errors
/// What [`schedule`](fn@crate::jobs::network::schedule::schedule) refuses; an input that the steps in the clear take out of
/// \[-B, B\], or to its very end: which layer.
pub fn encrypt(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Answer> {
    let compiled = Compiled::new(&request.model, &request.polynomials, &request.parameters)?;
    let inputs = request.input.load(&compiled.loaded)?;
    let x = inputs.sample(request.sample)?;
    let input_said = preparation::said(&inputs, &compiled.loaded.network, [request.sample])?;
    progress(Progress::Compiled(&compiled));
    let activations = &compiled.computed;
    let start = Instant::now();
    let respond = |a: usize, v: f64| activations[a].relu(Ball::exact(v)).hi;
    let simulated = simulate(&compiled.program, &x.hi, &respond)?;
    let measure_simulated = start.elapsed();
    within(&compiled, &simulated)?;
    let prepared = Prepared::new(&compiled.loaded.network)?;
    let twin = match prepared.evaluate(&x, forward::Model::Twin(activations), true)? {
        Outcome::Done(evaluation) => Some(evaluation.logits),
        _ => None,
    };
    let measured = match request.simulate {
        true => None,
        false => Some(run(&compiled, &x.hi, request.seed, progress)?),
    };
    Ok(Answer {
        compiled,
        input_sha256: inputs.sha256,
        input_said,
        twin,
        simulated,
        measure_simulated,
        measured,
    })
}

/// Refuses what leaves [-B, B] in the clear.
fn within(compiled: &Compiled, simulated: &Simulated) -> Result<()> {
    let steps = compiled.program.steps.iter().zip(&simulated.estimate_sizes);
    for (step, &size) in steps {
        let Some(activation) = step.activation.map(|a| &compiled.computed[a]) else {
            continue;
        };
        if size >= activation.limit() {
            return Err(Error::domain(format!(
                "layer {:?}: its input reaches {size:.6} in size on this sample, and B is {}: a larger --bound is needed",
                step.name,
                activation.scale()
            )));
        }
    }
    Ok(())
}

fn run(
    compiled: &Compiled,
    input: &[f64],
    seed: Option<u64>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Measured> {
    progress(Progress::Keys);
    let runner = Runner::new(compiled.program.clone(), &compiled.twin, &compiled.scheme)?;
    let mut rng = match seed {
        Some(seed) => Rng::numbered(seed, 0),
        None => Rng::from_system()?,
    };
    let secret = SecretKey::generate(runner.ring(), &mut rng);
    let keys = runner.keys(&secret, &mut rng);
    let key_bytes = keys.bytes();
    let evaluator = Evaluator::new(runner.ring(), keys.evaluation)?;
    let a = runner.encrypt(&secret, input, &mut rng)?;
    let phases = [
        Phase::Encode,
        Phase::Linear,
        Phase::Refresh,
        Phase::Activation,
    ];
    let mut measure_phases = phases.map(|p| (p, Duration::ZERO));
    let (start, mut since) = (Instant::now(), None::<(Phase, Instant)>);
    let mut step = None;
    let mut spent = |since: Option<(Phase, Instant)>| {
        let Some((phase, begun)) = since else { return };
        let of = measure_phases.iter_mut().find(|(p, _)| *p == phase);
        of.into_iter()
            .for_each(|(_, time)| *time += begun.elapsed());
    };
    let output = runner.run(&evaluator, keys.refresh.as_ref(), a, &mut |i, phase| {
        spent(since.replace((phase, Instant::now())));
        if step.replace(i) != Some(i) {
            progress(Progress::Step(i));
        }
    })?;
    spent(since);
    let measure_time = start.elapsed();
    Ok(Measured {
        measure_outputs: runner.decrypt(&secret, &output)?,
        measure_phases: measure_phases.to_vec(),
        measure_time,
        key_bytes,
        level: output.level(),
    })
}
