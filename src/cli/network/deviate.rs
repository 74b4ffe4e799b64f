//! `polycert network deviate`: what noise at the activations does to the result.

use crate::certify::bend::Bend;
use crate::cli::network::setup::{decimal, InputArguments, ModelArguments, TwinArguments};
use crate::cli::{note, output, rational};
use crate::error::{Error, Result};
use crate::network::ball::Ball;
use crate::network::deviation::{attack, plan::Plan, Bound, Deviation, Noise, Response, Target};
use crate::network::evaluate::{Evaluation, Model, Outcome, Prepared};
use crate::network::tensor::Tensor;
use crate::network::twin::Activation;
use crate::network::{deviation, tournament, Network};
use rug::Rational;
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

/// Most noise levels of one run.
const MAX_LEVELS: usize = 64;

/// Prove how far noise at the activations moves the polynomial twin's result, on given inputs.
///
/// Noise levels are in units of each activation's B: --worst is a bound of |noise|; --sigma a sub-Gaussian
/// proxy of independent noise of mean 0, whose bounds hold with probability 1 - 2^-32. One set of
/// backward rows serves all levels. Beside each proved bound stand what random noise did (observed,
/// measured), the first-order estimate, and what an attack inside the noise reaches (estimate): they tell
/// whether a failure is the method's or the network's.
///
/// With --centre relu the noise is all that a polynomial may differ from ReLU (error model Sup), and no
/// table is needed beyond the certified one that states its error; the default is the polynomial itself.
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
    /// Bounds of |noise| in units of B, separated by commas: 2^-22,2^-24.
    #[arg(long, value_delimiter = ',', value_parser = rational)]
    worst: Vec<Rational>,
    /// Sub-Gaussian proxies of the noise in units of B, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = rational)]
    sigma: Vec<Rational>,
    /// What stands undisturbed at the activations: polynomial (exact centre) or relu (Sup).
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
    network: &'a Network,
    prepared: Prepared<'a>,
    plan: Plan,
    activations: Vec<Activation>,
    bends: Vec<Option<&'a Bend>>,
    noise: Vec<Noise>,
    names: Vec<String>,
    threads: usize,
    steps: usize,
}

/// One level on one sample.
struct Row {
    name: String,
    bound: Bound,
    bound_margin: f64,
    estimate_observed: Option<f64>,
    estimate_attacked: Option<f64>,
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
    let (noise, names) = levels(a)?;
    // Max-pooling becomes ReLU of differences: one activation of the original may be several.
    let expanded = tournament::expand(&loaded.network).map_err(|e| e.in_file(&a.model.network))?;
    let relu = a.centre == "relu";
    let mut made: Vec<(usize, Rational, Bend)> = Vec::new();
    let mut which = Vec::new();
    for (i, activation) in twin.activations.iter().enumerate() {
        let scale = activation.scale();
        let table = if twin.composites.len() == 1 { 0 } else { i };
        let known = made.iter().position(|(t, s, _)| *t == table && s == scale);
        let index = match known {
            Some(k) => k,
            None => {
                made.push((
                    table,
                    scale.clone(),
                    Bend::new(&twin.composites[table], exact_scale(scale)?)?,
                ));
                made.len() - 1
            }
        };
        which.push(index);
    }
    let setting = Setting {
        network: &expanded.network,
        prepared: Prepared::new(&expanded.network).map_err(|e| e.in_file(&a.model.network))?,
        plan: Plan::new(&expanded.network).map_err(|e| e.in_file(&a.model.network))?,
        activations: expanded
            .origins
            .iter()
            .map(|&o| twin.activations[o].clone())
            .collect(),
        bends: expanded
            .origins
            .iter()
            .map(|&o| (!relu).then_some(&made[which[o]].2))
            .collect(),
        noise,
        names,
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
            "error_model": if relu { "sup: any function within the noise of ReLU" } else { "exact centre: the polynomials, and noise at their outputs" },
            "failure_probability_log2": deviation::FAILURE_LOG2,
            "samples": all,
            "certified_at_every_level": certified,
        });
        text = format!("{value:#}\n");
    } else {
        let _ = writeln!(text, "{statement}");
    }
    output(None, &text)?;
    Ok(if certified == a.count {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// B as an f64, which it must be.
fn exact_scale(scale: &Rational) -> Result<f64> {
    let near = scale.to_f64();
    if Rational::from_f64(near).as_ref() == Some(scale) {
        return Ok(near);
    }
    Err(Error::unsupported(format!(
        "deviation bounds take a B that is an f64 number, not {scale}"
    )))
}

fn levels(a: &Arguments) -> Result<(Vec<Noise>, Vec<String>)> {
    let (mut noise, mut names) = (Vec::new(), Vec::new());
    for (list, worst) in [(&a.worst, true), (&a.sigma, false)] {
        for level in list {
            // Rounded up: more noise than was asked for.
            let up = rug::Float::with_val_round(53, level, rug::float::Round::Up)
                .0
                .to_f64();
            if !(up >= 0.0 && up <= 1.0) {
                return Err(Error::domain(format!(
                    "a noise level is from 0 to 1 in units of B, not {level}"
                )));
            }
            let (kind, value) = if worst {
                (
                    Noise {
                        worst: up,
                        ..Noise::default()
                    },
                    "worst",
                )
            } else {
                (
                    Noise {
                        sigma: up,
                        ..Noise::default()
                    },
                    "sigma",
                )
            };
            noise.push(kind);
            names.push(format!("{value} {} B", short(level)));
        }
    }
    if noise.is_empty() || noise.len() > MAX_LEVELS {
        return Err(Error::domain(format!(
            "give 1 to {MAX_LEVELS} noise levels with --worst and --sigma, such as --worst 2^-22,2^-24"
        )));
    }
    Ok((noise, names))
}

/// 2^-22 for powers of two, a decimal otherwise.
fn short(level: &Rational) -> String {
    if *level.numer() == 1 && level.denom().is_power_of_two() {
        return format!("2^-{}", level.denom().significant_bits() - 1);
    }
    format!("{:e}", level.to_f64())
}

/// What was found on one sample.
struct Found {
    /// Class of the plaintext network, if it is decided.
    network: Option<usize>,
    /// Class of the centre.
    class: usize,
    bound_margin: f64,
    rows: Vec<Row>,
    computed: usize,
}

impl Setting<'_> {
    fn sample(&self, sample: usize, x: &Tensor) -> Result<Found> {
        let mut centres = Vec::new();
        let model = if self.bends.iter().all(Option::is_some) {
            Model::Twin(&self.activations)
        } else {
            Model::Relu
        };
        let done = self
            .prepared
            .evaluate_with(x, model, true, &mut |_, z| centres.push(z.clone()))?;
        let centre = match done {
            Outcome::Done(e) => e,
            Outcome::Outside(ranges) => {
                let last = ranges.last().map_or(0.0, |r| r.bound_reach);
                let layer = ranges
                    .last()
                    .map_or("?", |r| &self.network.nodes[r.node].name);
                return Err(Error::domain(format!(
                    "sample {sample}: layer {layer:?} needs B >= {}, without any noise",
                    decimal(last, true)
                )));
            }
        };
        let network = match self.prepared.evaluate(x, Model::Relu, true)? {
            Outcome::Done(e) => e.class(),
            Outcome::Outside(_) => None,
        };
        let Some(class) = centre.class() else {
            return Err(Error::domain(format!(
                "sample {sample}: the undisturbed class is not decided; see `polycert network evaluate`"
            )));
        };
        let (targets, margins) = targets(&centre, class);
        let responses: Vec<Response> = self
            .bends
            .iter()
            .zip(&self.activations)
            .map(|(bend, activation)| match bend {
                Some(bend) => Response::Polynomial(bend),
                None => Response::Relu(activation.scale().to_f64().next_up()),
            })
            .collect();
        let begin = Instant::now();
        let found = deviation::bound(
            &self.plan,
            &centres,
            &responses,
            &self.noise,
            &targets,
            self.threads,
            &mut |layer, layers| {
                if begin.elapsed().as_secs() >= 2 {
                    note(&format!(
                        "sample {sample}: {layer} of {layers} activations, {:.0} s",
                        begin.elapsed().as_secs_f64()
                    ));
                }
            },
        )?;
        let rows = (0..self.noise.len())
            .map(|level| self.row(level, x, &found, &targets, &margins, &responses))
            .collect();
        Ok(Found {
            network,
            class,
            bound_margin: margins.iter().map(|m| m.1).fold(f64::INFINITY, f64::min),
            rows,
            computed: found.rows,
        })
    }

    fn row(
        &self,
        level: usize,
        x: &Tensor,
        found: &Deviation,
        targets: &[Target],
        margins: &[(usize, f64)],
        responses: &[Response],
    ) -> Row {
        let outputs = self.network.output_shape().len();
        let greatest = |f: &dyn Fn(&Bound) -> f64| {
            found.targets[..outputs]
                .iter()
                .map(|t| f(&t[level]))
                .fold(0.0, f64::max)
        };
        let after = |&(t, m): &(usize, f64)| m - found.targets[t][level].bound_deviation;
        let bound_margin = margins.iter().map(after).fold(f64::INFINITY, f64::min);
        let noise = self.noise[level];
        let respond = |k: usize, z: &[f64]| -> Vec<(f64, f64)> {
            let value = |z: f64| match responses[k] {
                Response::Relu(_) => (z.max(0.0), f64::from(u8::from(z > 0.0))),
                Response::Polynomial(bend) => {
                    let slope = bend.slope(z).map_or(0.0, |s| f64::from(s.0));
                    (self.activations[k].relu(Ball::exact(z)).hi, slope)
                }
            };
            z.iter().map(|&z| value(z)).collect()
        };
        let (mut observed, mut attacked) = (None, None);
        if self.steps > 0 {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            let scale = |k: usize| responses[k].scale();
            let still = attack::run(&self.prepared, &x.hi, &respond, &mut |_, _| 0.0).0;
            let moved = attack::run(&self.prepared, &x.hi, &respond, &mut |k, _| {
                scale(k) * (noise.worst * random.uniform() + noise.sigma * random.normal())
            });
            let change = still.iter().zip(&moved.0).map(|(a, b)| (a - b).abs());
            observed = Some(change.fold(0.0, f64::max));
            if noise.worst > 0.0 {
                // The margin that first order makes smallest.
                let target = margins.iter().min_by(|p, q| {
                    let left =
                        |(t, m): &(usize, f64)| m - found.targets[*t][level].estimate_first_order;
                    left(p).total_cmp(&left(q))
                });
                attacked = target.map(|&(t, m)| {
                    let worst: Vec<f64> = (0..responses.len())
                        .map(|k| noise.worst * scale(k))
                        .collect();
                    let moved = attack::attack(
                        &self.prepared,
                        &self.plan,
                        &x.hi,
                        &respond,
                        &worst,
                        &targets[t],
                        self.steps,
                    );
                    m + moved.estimate_change
                });
            }
        }
        Row {
            name: self.names[level].clone(),
            bound: Bound {
                bound_deviation: greatest(&|b| b.bound_deviation),
                estimate_first_order: greatest(&|b| b.estimate_first_order),
            },
            bound_margin,
            estimate_observed: observed,
            estimate_attacked: attacked,
        }
    }
}

/// Each output, then each difference of the class to another: with the lower bound of that margin.
fn targets(centre: &Evaluation, class: usize) -> (Vec<Target>, Vec<(usize, f64)>) {
    let n = centre.logits.len();
    let unit = |j: usize| {
        (0..n)
            .map(|i| f32::from(u8::from(i == j)))
            .collect::<Target>()
    };
    let mut all: Vec<Target> = (0..n).map(unit).collect();
    let mut margins = Vec::new();
    if n == 1 {
        let sign = if class == 1 { 1.0 } else { -1.0 };
        margins.push((all.len(), centre.margin(class)));
        all.push(vec![sign]);
        return (all, margins);
    }
    for j in (0..n).filter(|&j| j != class) {
        let mut target = unit(class);
        target[j] = -1.0;
        let apart = centre.logits[class].plus(centre.logits[j].negated());
        margins.push((all.len(), apart.lower()));
        all.push(target);
    }
    (all, margins)
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

impl Found {
    fn safe(&self, row: &Row) -> bool {
        row.bound_margin > 0.0 && self.network == Some(self.class)
    }

    fn certified(&self) -> bool {
        self.rows.iter().all(|r| self.safe(r))
    }

    fn words(&self, sample: usize, seconds: f64) -> String {
        let network = match self.network {
            Some(c) if c == self.class => "as the plaintext network".to_owned(),
            Some(c) => format!("the plaintext network answers {c}"),
            None => "the plaintext network's class is not decided".to_owned(),
        };
        let mut out = format!(
            "sample {sample}: class {} ({network}), undisturbed margin at least {}; {} rows, {seconds:.1} s\n",
            self.class,
            decimal(self.bound_margin, false),
            self.computed
        );
        let _ = writeln!(
            out,
            "  {:<18} {:>12} {:>12} {:>12} {:>14} {:>14}  verdict",
            "noise", "observed", "first order", "proved <=", "attacked", "proved"
        );
        let _ = writeln!(
            out,
            "  {:<18} {:>12} {:>12} {:>12} {:>14} {:>14}",
            "", "(measured)", "(estimate)", "", "margin (est.)", "margin >="
        );
        let show = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.5}"));
        for row in &self.rows {
            let vacuous = !row.bound.bound_deviation.is_finite();
            let verdict = if self.safe(row) {
                "CERTIFIED"
            } else if row.estimate_attacked.is_some_and(|m| m < 0.0) {
                "not certified: the attack changes the class"
            } else {
                "not certified"
            };
            let _ = writeln!(
                out,
                "  {:<18} {:>12} {:>12.5} {:>12} {:>14} {:>14}  {verdict}",
                row.name,
                show(row.estimate_observed),
                row.bound.estimate_first_order,
                if vacuous {
                    "vacuous".to_owned()
                } else {
                    decimal(row.bound.bound_deviation, true)
                },
                show(row.estimate_attacked),
                if vacuous {
                    "-".to_owned()
                } else {
                    decimal(row.bound_margin, false)
                },
            );
        }
        out
    }

    fn json(&self, sample: usize, seconds: f64) -> Value {
        let finite = |x: f64| x.is_finite().then_some(x);
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|r| {
                json!({
                    "noise": r.name,
                    "measure_observed": r.estimate_observed,
                    "estimate_first_order": r.bound.estimate_first_order,
                    "bound_deviation": finite(r.bound.bound_deviation),
                    "estimate_attacked_margin": r.estimate_attacked,
                    "bound_margin": finite(r.bound_margin),
                    "certified": self.safe(r),
                })
            })
            .collect();
        json!({
            "sample": sample,
            "class": self.class,
            "network_class": self.network,
            "bound_undisturbed_margin": self.bound_margin,
            "rows": self.computed,
            "seconds": seconds,
            "levels": rows,
        })
    }
}
