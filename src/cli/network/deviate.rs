//! `polycert network deviate`: what noise at the activations does to the result.

use crate::cli::network::found::{Found, Row};
use crate::cli::network::noise_levels::{proved_levels, Level, NoiseArguments};
use crate::cli::network::setup::{decimal, InputArguments, ModelArguments, TwinArguments};
use crate::cli::{note, output};
use crate::error::{Error, Result};
use crate::network::forward::{Model, Outcome};
use crate::network::model::tensor::Tensor;
use crate::network::model::tournament;
use crate::network::rows::subject::{Bends, Centre, Start, Subject, Undisturbed};
use crate::network::rows::{attack, Bound, Deviation, Noise, FAILURE_LOG2};
use serde_json::json;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

/// Prove how far noise at the activations moves the polynomial twin's result, on given inputs.
///
/// Noise levels are in units of each activation's B: --worst is a bound of |noise|; --sigma a sub-Gaussian
/// proxy of independent noise of mean 0, whose bounds hold with probability 1 - 2^-32; --evaluation takes
/// what is proved of an encrypted evaluation. One set of backward rows serves all levels. Beside each proved bound stand what random noise did (observed,
/// measured), the first-order estimate, and what an attack inside the noise reaches (estimate): they tell
/// whether a failure is the method's or the network's.
///
/// With --centre relu the undisturbed network is the plaintext one, and the noise is all that a polynomial
/// may differ from ReLU: any function within it (error model Sup). Without levels there are two: what is
/// proved of the table, its greatest error (sup), and its envelope (error at most tau |z| from a zone
/// on). By default the polynomial itself stands there (error model Exact centre).
///
/// Exit code 0 only if, on every sample, every level leaves the class of the plaintext network.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    input: InputArguments,
    /// First sample, from 0.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// Number of samples.
    #[arg(long, default_value_t = 1)]
    count: usize,
    #[command(flatten)]
    noise: NoiseArguments,
    /// What stands undisturbed at the activations: polynomial (Exact centre) or relu (Sup, Envelope).
    #[arg(long, default_value = "polynomial", value_parser = ["polynomial", "relu"])]
    centre: String,
    /// Steps of the attack for each level of --worst; 0 leaves it out.
    #[arg(long, default_value_t = 2)]
    attack: usize,
    /// Threads (all cores if left out).
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// What is the same for all samples.
struct Setting<'a> {
    subject: Subject<'a>,
    levels: Vec<Level>,
    noise: Vec<Noise>,
    threads: usize,
    steps: usize,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let loaded = a.model.load()?;
    let twin = a.twin.load(&loaded.network)?;
    let inputs = a.input.load(&loaded)?;
    let have = inputs.samples.len();
    if a.count == 0 || a.from.checked_add(a.count).is_none_or(|end| end > have) {
        return Err(Error::domain(format!(
            "--from {} --count {}: the file has {have} samples, from 0",
            a.from, a.count
        ))
        .in_file(&a.input.input));
    }
    let centre = if a.centre == "relu" {
        Centre::Relu
    } else {
        Centre::Polynomial
    };
    let mut levels = a.noise.levels(&twin, centre)?;
    if levels.is_empty() {
        if centre == Centre::Polynomial {
            return Err(Error::domain(
                "give noise levels with --worst and --sigma, such as --worst 2^-22,2^-24, or with --evaluation",
            ));
        }
        levels = proved_levels(&twin)?;
    }
    // Max-pooling becomes ReLU of differences: one activation of the original may be several.
    let expanded = tournament::expand(&loaded.network).map_err(|e| e.in_file(&a.model.network))?;
    let bends = Bends::new(&twin.composites, &twin.activations)?;
    let setting = Setting {
        subject: Subject::new(&expanded, &twin.activations, &bends, centre)
            .map_err(|e| e.in_file(&a.model.network))?,
        noise: levels.iter().map(|l| l.noise).collect(),
        levels,
        threads: a.threads.map_or_else(
            || std::thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        ),
        steps: a.attack,
    };
    let (mut all, mut text, mut certified) = (Vec::new(), String::new(), 0);
    for sample in a.from..a.from + a.count {
        let x = inputs
            .samples
            .input(sample, &inputs.preprocessing, inputs.domain.as_ref())
            .map_err(|e| e.in_file(&a.input.input))?;
        let start = Instant::now();
        let result = setting.sample(sample, &x)?;
        let seconds = start.elapsed().as_secs_f64();
        certified += usize::from(result.certified());
        let _ = write!(text, "{}", result.words(sample, seconds));
        all.push(result.json(sample, seconds));
    }
    let statement = format!(
        "{certified} of {} samples certified at every level",
        a.count
    );
    if a.json {
        let value = json!({
            "format": "polycert-deviation/1",
            "network_sha256": loaded.sha256,
            "input_sha256": inputs.sha256,
            "table_sha256": twin.digests,
            "error_model": match centre {
                Centre::Relu => "sup or envelope: any function within the noise of ReLU",
                Centre::Polynomial => "exact centre: the polynomials, and noise at their outputs",
            },
            "failure_probability_log2": FAILURE_LOG2,
            "rests_on": setting.rests_on(),
            "samples": all,
            "certified_at_every_level": certified,
        });
        text = format!("{value:#}\n");
    } else {
        let _ = writeln!(text, "{statement}");
        for (name, rests_on) in setting.rests_on() {
            let _ = writeln!(text, "{name}: {rests_on}");
        }
    }
    output(None, &text)?;
    Ok(if certified == a.count {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Setting<'_> {
    /// What the levels from certificates rest on, by their names.
    fn rests_on(&self) -> Vec<(&str, &str)> {
        let all = self.levels.iter();
        all.filter_map(|l| Some((l.name.as_str(), l.rests_on.as_deref()?)))
            .collect()
    }

    fn sample(&self, sample: usize, x: &Tensor) -> Result<Found> {
        let subject = &self.subject;
        let at = match subject.undisturbed(x)? {
            Start::Decided(at) => at,
            Start::Outside(node, reach) => {
                return Err(Error::domain(format!(
                    "sample {sample}: layer {:?} needs B >= {}, without any noise",
                    subject.network.nodes[node].name,
                    decimal(reach, true)
                )))
            }
            Start::Undecided => {
                return Err(Error::domain(format!(
                    "sample {sample}: the undisturbed class is not decided; see `polycert network evaluate`"
                )))
            }
        };
        let network = match subject.prepared.evaluate(x, Model::Relu, true)? {
            Outcome::Done(e) => e.class(),
            Outcome::Outside(_) => None,
        };
        let begin = Instant::now();
        let found = subject.bound(&at, &self.noise, self.threads, &mut |layer, layers| {
            if begin.elapsed().as_secs() >= 2 {
                note(&format!(
                    "sample {sample}: {layer} of {layers} activations, {:.0} s",
                    begin.elapsed().as_secs_f64()
                ));
            }
        })?;
        // The estimates beside the bounds, in plain f64 but for the polynomials themselves.
        let response = attack::Response {
            value: &|k, z: &[f64]| z.iter().map(|z| subject.estimate_value(k, *z)).collect(),
            slope: &|k, z: &[f64]| {
                let slope = |z: &f64| subject.responses[k].estimate_slope(*z);
                z.iter().map(slope).collect()
            },
        };
        let start = (self.steps > 0).then(|| {
            let start = attack::run(&subject.prepared, &x.hi, response, &mut |_, _| 0.0);
            let slopes = attack::slopes(&start, response);
            (start, slopes)
        });
        let levels = 0..self.noise.len();
        let rows = levels
            .map(|level| self.row(level, x, &at, &found, response, start.as_ref()))
            .collect();
        Ok(Found {
            network,
            class: at.class,
            bound_margin: at.bound_margin(),
            rows,
            computed: found.rows,
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
        let noise = self.noise[level];
        let subject = &self.subject;
        let (mut observed, mut attacked) = (None, None);
        if let Some((start, slopes)) = start {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            let scale = |k: usize| subject.responses[k].scale();
            let moved = attack::run(&subject.prepared, &x.hi, response, &mut |k, _| {
                scale(k) * (noise.worst * random.uniform() + noise.sigma * random.normal())
            });
            let pairs = start.estimate_result.iter().zip(&moved.estimate_result);
            observed = Some(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max));
            if noise.worst > 0.0 {
                // The margin that first order makes smallest.
                let left =
                    |(t, m): &(usize, f64)| m - found.targets[*t][level].estimate_first_order;
                let target = at.margins.iter().min_by(|p, q| left(p).total_cmp(&left(q)));
                let worst: Vec<f64> = (0..subject.responses.len())
                    .map(|k| noise.worst * scale(k))
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
