//! Deviate: what noise at the activations does to the result, on given inputs.

use crate::error::{Error, Result};
use crate::jobs::network::inputs::InputFile;
use crate::jobs::network::levels::{proved_levels, NoiseLevels};
use crate::jobs::network::model::Model;
use crate::jobs::network::preparation;
use crate::jobs::network::reference;
use crate::jobs::network::twin::Polynomials;
use crate::network::audit::level::Level;
use crate::network::forward::compare::{decide, Precision, MOST_BITS};
use crate::network::forward::{Model as Kind, Outcome, Point};
use crate::network::model::tensor::Tensor;
use crate::network::model::tournament;
use crate::network::model::words::decimal;
use crate::network::rows::budget::Spare;
use crate::network::rows::plan::check_passed;
use crate::network::rows::subject::{Bends, Centre, Start, Subject, Undisturbed};
use crate::network::rows::{attack, Bound, Deviation, NoiseLevel};
use std::time::Instant;

/// A network, its twin, inputs, and levels of noise.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials of the twin.
    pub twin: Polynomials,
    /// The file of samples.
    pub input: InputFile,
    /// First sample, from 0.
    pub from: usize,
    /// Number of samples.
    pub count: usize,
    /// The levels; with ReLU as the centre and none of them what is proved of the table.
    pub noise: NoiseLevels,
    /// What stands undisturbed: the polynomials (exact centre), or ReLU (sup and envelope).
    pub centre: Centre,
    /// Find the noise that each layer has to spare; its cost is that of some more sets of rows.
    pub budget: bool,
    /// Steps of the attack for each worst case; 0 leaves attack and random noise out.
    pub attack: usize,
    /// Threads; all cores if none.
    pub threads: Option<usize>,
}

/// What was found on all samples.
#[derive(Debug, Clone)]
pub struct Answer {
    /// SHA-256 of the network's file.
    pub network_sha256: String,
    /// What every answer about the network says of its file.
    pub network_said: Vec<String>,
    /// SHA-256 of the file of samples.
    pub input_sha256: String,
    /// How its numbers became inputs, what was assumed and what looks forgotten: to be said with every answer.
    pub input_said: Vec<String>,
    /// SHA-256 of each table.
    pub table_sha256: Vec<String>,
    /// The levels.
    pub levels: Vec<Level>,
    /// The names of the network's activations.
    pub layers: Vec<String>,
    /// The samples in order.
    pub samples: Vec<Sample>,
}

impl Answer {
    /// On how many samples the class is proved to stay at every level.
    pub fn certified(&self) -> usize {
        self.samples.iter().filter(|s| s.certified()).count()
    }

    /// What the levels from certificates rest on, by their names.
    pub fn rests_on(&self) -> Vec<(&str, &str)> {
        let all = self.levels.iter();
        all.filter_map(|l| Some((l.name.as_str(), l.rests_on.as_deref()?)))
            .collect()
    }
}

/// One level on one sample.
#[derive(Debug, Clone)]
pub struct Row {
    /// The level.
    pub name: String,
    /// How far the logits move, and the first-order *estimate* of it.
    pub bound: Bound,
    /// **Guarantee**: the margin that is left, at least.
    pub bound_margin: f64,
    /// What each activation of the network has to spare, where it was asked for and the class is proved to stay.
    pub spare: Vec<Spare>,
    /// Measured under random noise.
    pub estimate_observed: Option<f64>,
    /// *Estimate*: the margin that an attack inside the noise leaves.
    pub estimate_attacked: Option<f64>,
}

/// What was found on one sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its number, from 0.
    pub sample: usize,
    /// Class of the plaintext network, if it is decided.
    pub network: Option<usize>,
    /// Class of the centre.
    pub class: usize,
    /// **Guarantee**: the undisturbed margin, at least.
    pub bound_margin: f64,
    /// One for each level.
    pub rows: Vec<Row>,
    /// Backward rows that were computed.
    pub computed: usize,
    /// What it took.
    pub seconds: f64,
}

impl Sample {
    /// Whether the class is proved to stay at a level.
    pub fn safe(&self, row: &Row) -> bool {
        row.bound_margin > 0.0 && self.network == Some(self.class)
    }

    /// Whether the class is proved to stay at every level.
    pub fn certified(&self) -> bool {
        self.rows.iter().all(|r| self.safe(r))
    }
}

/// How far the bounds of one sample are.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The sample.
    pub sample: usize,
    /// Activations that are done.
    pub layer: usize,
    /// Of how many.
    pub layers: usize,
    /// Since the bounds of this sample were begun.
    pub seconds: f64,
}

/// Proves how far noise at the activations moves the polynomial twin's result.
///
/// **Guarantee** fields named `bound_`; for sigma but for probability 2^-32.
/// **Cost** a backward row for every neuron and sample; one set of rows serves all levels.
///
/// # Errors
/// Files that cannot be read or do not fit together, no levels, an undisturbed class that is not decided.
///
/// ```
/// use polycert::jobs::network::{deviate, InputFile, Model, NoiseLevels, Polynomials};
/// use polycert::network::rows::subject::Centre;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let layers = r#"[{"op":"dense","name":"one","weights":"a"},{"op":"relu","name":"act"},
/// #     {"op":"dense","name":"two","weights":"c"}]"#;
/// # let graph = format!(r#"{{"format":"polycert-graph/1","input":[2],"layers":{layers}}}"#);
/// # let array = |from: usize| serde_json::json!({"dtype": "F32", "shape": [2, 2], "data_offsets": [from, from + 16]});
/// # let header = serde_json::json!({"__metadata__": {"graph": graph}, "a": array(0), "c": array(16)}).to_string();
/// # let data = |v: &[f32]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
/// # let weights = data(&[4.0, -2.0, 0.0, 1.0, 1.0, 1.0, 0.0, 3.0]);
/// # let network = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &weights].concat();
/// # std::fs::write(folder.path().join("network.safetensors"), network).unwrap();
/// # let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,2,)}\n";
/// # let start = [&b"\x93NUMPY\x01\x00"[..], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
/// # std::fs::write(folder.path().join("input.npy"), [start, data(&[0.5, 0.25])].concat()).unwrap();
/// let table = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu13.json");
/// let noise = NoiseLevels {
///     worst: vec![polycert::arith::number::parse("2^-20")?.into()],
///     ..NoiseLevels::default()
/// };
/// let request = deviate::Request {
///     model: Model::new(folder.path().join("network.safetensors")),
///     twin: Polynomials::new(table, 4),
///     input: InputFile::new(folder.path().join("input.npy")),
///     from: 0,
///     count: 1,
///     noise,
///     centre: Centre::Polynomial,
///     budget: true,
///     attack: 0,
///     threads: None,
/// };
/// assert_eq!(deviate::deviate(&request, &mut |_| ())?.certified(), 1);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn deviate(request: &Request, progress: &mut dyn FnMut(Progress)) -> Result<Answer> {
    let mut loaded = request.model.load()?;
    reference::load(None, &mut loaded)?;
    check_passed(&loaded.network).map_err(|e| e.in_file(&request.model.network))?;
    let twin = request.twin.load(&loaded.network)?;
    let inputs = request.input.load(&loaded)?;
    let have = inputs.samples.len();
    let (from, count) = (request.from, request.count);
    if count == 0 || from.checked_add(count).is_none_or(|end| end > have) {
        return Err(Error::domain(format!(
            "--from {from} --count {count}: the file has {have} samples, from 0"
        ))
        .in_file(&request.input.file));
    }
    let mut levels = request
        .noise
        .levels(&loaded.network, &twin, request.centre)?;
    if levels.is_empty() {
        if request.centre == Centre::Polynomial {
            return Err(Error::domain(
                "give noise levels with --worst and --sigma, such as --worst 2^-22,2^-24, or with --evaluation",
            ));
        }
        levels = proved_levels(&loaded.network, &twin)?;
    }
    // Max-pooling becomes ReLU of differences: one activation of the original may be several.
    let named = |e: Error| e.in_file(&request.model.network);
    let expanded = tournament::expand(&loaded.network).map_err(named)?;
    let bends = Bends::new(&loaded.network, &twin.composites, &twin.activations)?;
    let setting = Setting {
        subject: Subject::new(&expanded, &twin.activations, &bends, request.centre)
            .map_err(named)?,
        noise: levels.iter().map(|l| l.noise.clone()).collect(),
        levels: &levels,
        threads: request
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        steps: request.attack,
        budget: request.budget,
    };
    let mut samples = Vec::with_capacity(count);
    for sample in from..from + count {
        samples.push(setting.sample(sample, &inputs.point(sample)?, progress)?);
    }
    let layers = loaded.network.activations().into_iter();
    let layers = layers.map(|id| loaded.network.nodes[id].name.clone());
    let input_said = preparation::said(&inputs, &loaded.network, from..from + count)?;
    Ok(Answer {
        input_said,
        layers: layers.collect(),
        network_sha256: loaded.sha256,
        network_said: loaded.said,
        input_sha256: inputs.sha256,
        table_sha256: twin.digests,
        levels,
        samples,
    })
}

/// What is the same for all samples.
struct Setting<'a> {
    subject: Subject<'a>,
    levels: &'a [Level],
    noise: Vec<NoiseLevel>,
    threads: usize,
    steps: usize,
    budget: bool,
}

impl Setting<'_> {
    fn sample(
        &self,
        sample: usize,
        point: &Point,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Sample> {
        let start = Instant::now();
        let subject = &self.subject;
        let x = &point.balls;
        let at = match subject.undisturbed(point.given())? {
            Start::Decided(at) => at,
            Start::Outside(node, reach) => {
                return Err(Error::domain(format!(
                    "sample {sample}: layer {:?} needs B >= {}, without any noise",
                    subject.network.nodes[node].name,
                    decimal(reach, true)
                )))
            }
            Start::Exhausted(node) => {
                return Err(Error::domain(format!(
                    "sample {sample}: precision EXHAUSTED at layer {:?}: {MOST_BITS} bits do not tell whether its input stays in [-B, B], or do not hold its numbers",
                    subject.network.nodes[node].name
                )))
            }
            Start::Undecided => {
                return Err(Error::domain(format!(
                    "sample {sample}: the undisturbed class is not decided; see `polycert network evaluate`"
                )))
            }
        };
        let given = point.given();
        let network = match decide(&subject.prepared, given, Kind::Relu, Precision::PAIRS)? {
            (Outcome::Done(e), _) => e.class(),
            (Outcome::Outside(_) | Outcome::Lost(..), _) => None,
        };
        let begin = Instant::now();
        let mut told = |layer, layers| {
            progress(Progress {
                sample,
                layer,
                layers,
                seconds: begin.elapsed().as_secs_f64(),
            });
        };
        let found = subject.bound(&at, &self.noise, self.threads, &mut told)?;
        let mut spare = match self.budget && network == Some(at.class) {
            true => subject.spare(&at, (&self.noise, &found), self.threads, &mut told)?,
            false => Vec::new(),
        };
        spare.resize(self.noise.len(), Vec::new());
        // The estimates beside the bounds, in plain f64 but for the polynomials themselves.
        let response = attack::Response {
            value: &|k, z: &[f64]| {
                let all = z.iter().enumerate();
                all.map(|(i, z)| subject.estimate_value(k, i, *z)).collect()
            },
            slope: &|k, z: &[f64]| {
                let slope = |(i, z): (usize, &f64)| subject.responses[k].estimate_slope(i, *z);
                z.iter().enumerate().map(slope).collect()
            },
        };
        let trajectory = (self.steps > 0).then(|| {
            let start = attack::run(&subject.prepared, &x.hi, response, &mut |_, _| 0.0);
            let slopes = attack::slopes(&start, response);
            (start, slopes)
        });
        let levels = 0..self.noise.len();
        let rows = levels
            .zip(spare)
            .map(|(level, spare)| Row {
                spare,
                ..self.row(level, x, &at, &found, response, trajectory.as_ref())
            })
            .collect();
        Ok(Sample {
            sample,
            network,
            class: at.class,
            bound_margin: at.bound_margin(),
            rows,
            computed: found.rows,
            seconds: start.elapsed().as_secs_f64(),
        })
    }

    /// One level; `start` is the trajectory that attacks start from, and its slopes, if they are wanted.
    fn row(
        &self,
        level: usize,
        x: &Tensor,
        at: &Undisturbed,
        found: &Deviation,
        response: attack::Response,
        start: Option<&(attack::Trajectory, Vec<Vec<f32>>)>,
    ) -> Row {
        let greatest = |f: &dyn Fn(&Bound) -> f64| {
            found.targets[..at.outputs()]
                .iter()
                .map(|t| f(&t[level]))
                .fold(0.0, f64::max)
        };
        let subject = &self.subject;
        let noise = self.noise[level].spread(subject.origins);
        let (mut observed, mut attacked) = (None, None);
        if let Some((start, slopes)) = start {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            let scale = |k: usize| subject.responses[k].scale();
            let moved = attack::run(&subject.prepared, &x.hi, response, &mut |k, _| {
                let noise = noise.at(k);
                scale(k) * (noise.worst * random.uniform() + noise.sigma * random.normal())
            });
            let pairs = start.estimate_result.iter().zip(&moved.estimate_result);
            observed = Some(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max));
            if noise.listed().iter().any(|n| n.worst > 0.0) {
                // The margin that first order makes smallest.
                let left =
                    |(t, m): &(usize, f64)| m - found.targets[*t][level].estimate_first_order;
                let target = at.margins.iter().min_by(|p, q| left(p).total_cmp(&left(q)));
                let worst: Vec<f64> = (0..subject.responses.len())
                    .map(|k| noise.at(k).worst * scale(k))
                    .collect();
                attacked = target.map(|&(t, m)| {
                    m + attack::attack(
                        (&subject.prepared, &subject.plan),
                        &x.hi,
                        response,
                        (start, slopes),
                        &worst,
                        &at.targets[t],
                        self.steps,
                    )
                });
            }
        }
        Row {
            name: self.levels[level].name.clone(),
            bound: Bound {
                bound_deviation: greatest(&|b| b.bound_deviation),
                estimate_first_order: greatest(&|b| b.estimate_first_order),
            },
            bound_margin: at.bound_margin_under(found, level),
            spare: Vec::new(),
            estimate_observed: observed,
            estimate_attacked: attacked,
        }
    }
}

/// xorshift: reproducible noise for measurements.
struct Random(u64);

impl Random {
    /// In [-1, 1].
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Mean 0, variance 1, by twelve uniforms.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() / 2.0
    }
}
