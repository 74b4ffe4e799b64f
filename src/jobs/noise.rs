//! Noise: what every operation adds, and a composite, in all tiers.

use crate::certificate::evaluation::{certify, Certified};
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::error::Result;
use crate::jobs::evaluate::{average, Task};
use crate::noise::composite::propagate::Margin;
use crate::noise::flooding::{flooding_ciphertexts, Flooding};
use crate::noise::formula::operations::Primitive;
use crate::noise::formula::{Model, Tier};
use crate::noise::measure::composite::{Experiment, Measured};
use crate::noise::measure::operations::{Lab, Sample};
use crate::poly::table::Table;
use rug::Rational;
use std::sync::Arc;

/// Runs with the same keys.
pub const RUNS_PER_KEY: u64 = 10;

/// What is asked of the noise under encryption parameters.
#[derive(Debug, Clone)]
pub struct Request {
    /// The parameters.
    pub parameters: Parameters,
    /// High probability: but for 2^-k, each operation at all slots, or the whole composite; 1 to 80.
    pub k: u32,
    /// Also measure each operation, and the composite, in so many runs; 0 measures nothing.
    pub measure: u64,
    /// The seed of the measurement, which repeats.
    pub seed: u64,
    /// Also a composite: its table, and the function that it is evaluated for.
    pub composite: Option<(Table, Task)>,
    /// Flooding before decryptions of the composite are shared: bits of statistical security.
    pub flood: u32,
    /// Flooding: number of decryptions that are shared.
    pub queries: u64,
}

impl Request {
    /// Bounds of every operation but for 2^-40, nothing measured.
    pub fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            k: 40,
            measure: 0,
            seed: 1,
            composite: None,
            flood: 40,
            queries: 1024,
        }
    }
}

/// The noise of one operation or composite: |error| in units of the slots.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// **Guarantee** for every outcome.
    pub bound_worst_case: Option<f64>,
    /// **Guarantee** but for 2^-k.
    pub bound_high_probability: Option<f64>,
    /// *Estimate*: the root mean square.
    pub estimate_average_case: Option<f64>,
    /// What was measured.
    pub sample: Option<Sample>,
}

impl Row {
    /// Whether a slot was seen beyond a bound.
    pub fn is_beyond(&self) -> bool {
        let bounds = [self.bound_worst_case, self.bound_high_probability];
        let max = self.sample.map_or(0.0, |s| s.measure_max);
        bounds.into_iter().flatten().any(|bound| max > bound)
    }
}

/// What is proved and measured of a composite.
#[derive(Debug, Clone)]
pub struct Composite {
    /// Inputs uniform in the domain; where it is measured also the hardest inputs.
    pub rows: Vec<Row>,
    /// Why there is no worst case: the margin that is missing.
    pub no_worst_case: Option<Margin>,
    /// What holds with high probability, or the margin that is missing.
    pub high_probability: std::result::Result<HighProbability, Margin>,
}

/// What holds of a composite but for 2^-k.
#[derive(Debug, Clone)]
pub struct HighProbability {
    /// Flooding that the certified noise asks for, over all slots of every decrypted ciphertext.
    pub flooding: Flooding,
    /// Slots of a ciphertext.
    pub slots: u64,
    /// **Guarantee**: bound of |decrypted - function|.
    pub bound_error: Rational,
}

/// The noise of all operations, and of a composite.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Operations in the order of [`Primitive::ALL`].
    pub operations: Vec<Row>,
    /// The composite, if one was asked for.
    pub composite: Option<Composite>,
}

impl Answer {
    /// All rows, operations first.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        let composite = self.composite.iter().flat_map(|c| &c.rows);
        self.operations.iter().chain(composite)
    }
}

/// What the work is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Operations are measured with the keys of this number.
    Operations(u64),
    /// The composite is measured with the keys of this number.
    Composite(u64),
}

/// Bounds, estimates and measures the noise of every operation and of a composite.
///
/// Inputs are fresh encryptions by the public key of slots in [-1, 1].
///
/// **Guarantee** fields named `bound_`; the composite's certificates are verified by the independent checker.
///
/// # Errors
/// What the certifier of evaluations refuses of the table, and the scheme of a measurement.
///
/// ```
/// use polycert::ckks::parameters::{security::Waiver, Literal, Parameters};
/// use polycert::jobs::noise::{noise, Request};
///
/// let mut literal = Literal::new(10, vec![50, 40, 40], vec![50], 40);
/// literal.waiver = Waiver::Insecure; // a ring this small is for examples
/// let request = Request { measure: 1, ..Request::new(Parameters::new(&literal)?) };
/// let answer = noise(&request, &mut |_| ())?;
/// assert!(!answer.rows().any(|row| row.is_beyond()));
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn noise(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Answer> {
    let model = Model::new(&request.parameters);
    let ring = match request.measure {
        0 => None,
        _ => Some(Ring::new(&request.parameters)?),
    };
    let samples = match &ring {
        Some(ring) => primitives(ring, request, progress)?,
        None => Vec::new(),
    };
    let mut operations = Vec::new();
    for (index, (primitive, name)) in Primitive::ALL.into_iter().enumerate() {
        let likely = primitive.high_probability(&model, request.k);
        operations.push(Row {
            name: name.to_owned(),
            bound_worst_case: Some(primitive.bound(&model, Tier::WorstCase)?),
            bound_high_probability: Some(primitive.bound(&model, likely)?),
            estimate_average_case: primitive.estimate_deviation(&model),
            sample: samples.get(index).copied().filter(|s| s.count > 0),
        });
    }
    let composite = request.composite.as_ref();
    let composite = composite
        .map(|(table, task)| composite_rows(table, task, request, ring.as_ref(), progress));
    Ok(Answer {
        operations,
        composite: composite.transpose()?,
    })
}

fn composite_rows(
    table: &Table,
    task: &Task,
    request: &Request,
    ring: Option<&Arc<Ring>>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Composite> {
    let mut row = Row {
        name: format!("{} {}", table.name, task.target.name()),
        ..Row::default()
    };
    let mut hard = None;
    let parameters = &request.parameters;
    let slots = parameters.n() as u64 / 2;
    let no_worst_case = match certify(table, parameters, &task.wanted(table, None))? {
        Ok(made) => {
            row.bound_worst_case = Some(made.bounded.bound_noise);
            None
        }
        Err(margin) => Some(margin),
    };
    let high_probability = match certify(table, parameters, &task.wanted(table, Some(request.k)))? {
        Ok(made) => {
            let bound_noise = made.bounded.bound_noise;
            row.bound_high_probability = Some(bound_noise);
            row.estimate_average_case = Some(average(&made.prepared));
            if let Some(ring) = ring {
                let [uniform, hardest] = measured(ring, task, request, &made, progress)?;
                row.estimate_average_case = Some(uniform.estimate_rms());
                row.sample = Some(uniform.noise);
                hard = Some(Row {
                    name: format!("{}, hardest inputs", row.name),
                    estimate_average_case: Some(hardest.estimate_rms()),
                    sample: Some(hardest.noise),
                    ..row.clone()
                });
            }
            Ok(HighProbability {
                flooding: flooding_ciphertexts(
                    bound_noise,
                    request.flood,
                    request.queries,
                    slots,
                    request.k,
                ),
                slots,
                bound_error: made.bound_error,
            })
        }
        Err(margin) => Err(margin),
    };
    Ok(Composite {
        rows: std::iter::once(row).chain(hard).collect(),
        no_worst_case,
        high_probability,
    })
}

/// Keys number i for `runs` of the runs that are wanted.
fn keys(runs: u64) -> impl Iterator<Item = (u64, u64)> {
    let all = (0..runs.div_ceil(RUNS_PER_KEY)).map(|i| (i, i * RUNS_PER_KEY));
    all.map(move |(i, done)| (i, (runs - done).min(RUNS_PER_KEY)))
}

/// What every primitive adds on ciphertexts, in the order of [`Primitive::ALL`].
fn primitives(
    ring: &Arc<Ring>,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Sample>> {
    let mut samples = vec![Sample::default(); Primitive::ALL.len()];
    for (index, runs) in keys(request.measure) {
        progress(Progress::Operations(index));
        let mut lab = Lab::on(ring, request.seed, index)?;
        for _ in 0..runs {
            for ((primitive, _), sample) in Primitive::ALL.iter().zip(&mut samples) {
                sample.add(lab.measure(*primitive)?);
            }
        }
    }
    Ok(samples)
}

/// A composite on ciphertexts: inputs uniform in the domain, and where noise is expected to be largest.
fn measured(
    ring: &Arc<Ring>,
    task: &Task,
    request: &Request,
    made: &Certified,
    progress: &mut dyn FnMut(Progress),
) -> Result<[Measured; 2]> {
    let truth = task.truth(made);
    let mut measured = [Measured::default(); 2];
    for (index, runs) in keys(request.measure) {
        progress(Progress::Composite(index));
        let lab = Lab::on(ring, request.seed, index)?;
        let domain = task.domain(&made.prepared);
        let mut experiment = Experiment::new(&made.prepared, lab, domain)?;
        for _ in 0..runs {
            let inputs = [experiment.uniform(), experiment.hardest()];
            for (inputs, measured) in inputs.iter().zip(&mut measured) {
                experiment.run(inputs, &truth, measured)?;
            }
        }
    }
    Ok(measured)
}
