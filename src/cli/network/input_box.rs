//! `polycert network box`: proved ranges and output difference over a box of inputs.

use crate::approx::known::kink::relu_coefficients;
use crate::certify::neuron::kink::Neuron;
use crate::certify::proof::prove;
use crate::certify::request::Request;
use crate::cli::network::setup::{decimal, InputArguments, ModelArguments};
use crate::cli::{output, rational};
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::function::target::{Function, Target};
use crate::network::boxes::{analyse, Bounds, Replacement, StageBounds};
use crate::network::boxes::{attack, stages};
use crate::poly::composite::{horner, Composite};
use crate::poly::table;
use crate::poly::table::Table;
use rug::float::Round;
use rug::{Float, Rational};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Most degrees of one run.
const MAX_DEGREES: usize = 32;

/// Prove the range of every neuron over a box of inputs, and how far network and twin are apart.
///
/// For each of --degrees every neuron's ReLU is replaced by a polynomial of that degree, close to the
/// best one on the neuron's own proved range; with --table by r(x) = x (1 + p(x/b))/2, where b is the
/// neuron's own reach. Proved over the whole box: no polynomial leaves the range that it was made for,
/// and the outputs differ by at most the printed bound. For small networks of dense, convolution and
/// addition layers with ReLU.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Degrees of the neurons' polynomials, separated by commas.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=400))]
    degrees: Vec<u16>,
    /// Tables (polycert-table/1) of composites; may be repeated.
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// The box is [LO, HI] in every input of the network.
    #[arg(long, default_value = "0", value_parser = rational, allow_hyphen_values = true)]
    lo: Rational,
    /// Upper end of every side.
    #[arg(long, default_value = "1", value_parser = rational, allow_hyphen_values = true)]
    hi: Rational,
    /// With --input: the box is the part of [LO, HI] within this L-infinity distance of the sample.
    #[arg(long, value_parser = rational, requires = "input")]
    radius: Option<Rational>,
    /// With --input: make the polynomials for the ranges over the whole [LO, HI], as a network that serves
    /// all inputs has them, and bound the difference within the radius. Without: for the ranges within it.
    #[arg(long, requires = "input")]
    whole: bool,
    /// Which sample of the input file, from 0.
    #[arg(long, default_value_t = 0)]
    sample: usize,
    /// A sample (.npy, PNG, JPEG), prepared as the network's file says; bytes are scaled by 1/255.
    #[arg(long, short, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Starts of the search for inputs that reach the bounds (measured beside what is proved); 0: none.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    attack: u16,
    /// Print JSON instead of text, with the ranges of every neuron.
    #[arg(long)]
    json: bool,
}

/// The polynomials of one run.
enum Kind {
    Degree(usize),
    Composite {
        name: String,
        sha256: String,
        composite: Composite,
        bound_error: f64,
    },
}

/// The polynomial of each neuron (stage, neuron) that has one.
type Polynomials = HashMap<(usize, usize), Chosen>;

/// The polynomial that one neuron got.
enum Chosen {
    Neuron(Neuron),
    Scale(f64),
}

struct Done {
    name: String,
    bound: f64,
    seconds: f64,
    polynomials: usize,
    stages: Vec<StageBounds>,
    reached: Option<(f64, f64)>,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    if a.degrees.is_empty() && a.tables.is_empty() || a.degrees.len() > MAX_DEGREES {
        return Err(Error::domain(format!(
            "give 1 to {MAX_DEGREES} --degrees, such as 2,10,50, or a --table"
        )));
    }
    let loaded = a.model.load()?;
    let stages = stages::stages(&loaded.network).map_err(|e| e.in_file(&a.model.network))?;
    let sides = sides(a, &loaded, stages[0].size)?;
    let mut kinds: Vec<Kind> = a
        .degrees
        .iter()
        .map(|&d| Kind::Degree(usize::from(d)))
        .collect();
    for path in &a.tables {
        kinds.push(composite(path)?);
    }
    let mut all = Vec::new();
    for kind in &kinds {
        let start = Instant::now();
        let whole = vec![whole_side(a); stages[0].size];
        let box_ = if a.whole { &whole } else { &sides };
        let named = |e: Error| e.in_file(&a.model.network);
        let (mut found, chosen) = kind.replace(&stages, box_).map_err(named)?;
        if a.whole {
            found = kind.keep(&stages, &sides, &chosen).map_err(named)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        let bound = found
            .last()
            .map_or(0.0, StageBounds::bound_greatest_difference);
        let reached = (a.attack > 0).then(|| attack(a, &stages, &sides, kind, &chosen, &found));
        all.push(Done {
            name: kind.name(),
            bound,
            seconds,
            polynomials: chosen.len(),
            stages: found,
            reached,
        });
    }
    let text = if a.json {
        let list: Vec<Value> = all.iter().map(|d| d.json(&stages)).collect();
        let value = json!({
            "format": "polycert-box/1",
            "network_sha256": loaded.sha256,
            "box": sides.iter().map(|s| [s.0, s.1]).collect::<Vec<_>>(),
            "runs": list,
        });
        format!("{value:#}\n")
    } else {
        words(a, &all, &stages)
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn down(x: &Rational) -> f64 {
    Float::with_val_round(53, x, Round::Down).0.to_f64()
}

fn up(x: &Rational) -> f64 {
    Float::with_val_round(53, x, Round::Up).0.to_f64()
}

/// [LO, HI], rounded outward.
fn whole_side(a: &Arguments) -> Bounds {
    (down(&a.lo), up(&a.hi))
}

fn sides(
    a: &Arguments,
    loaded: &crate::network::read::load::Loaded,
    n: usize,
) -> Result<Vec<Bounds>> {
    if a.lo > a.hi {
        return Err(Error::domain(format!(
            "the box [{}, {}] is empty",
            a.lo, a.hi
        )));
    }
    let Some(path) = &a.input else {
        return Ok(vec![whole_side(a); n]);
    };
    let inputs = InputArguments::plain(path.clone()).load(loaded)?;
    let have = inputs.samples.len();
    if a.sample >= have {
        return Err(Error::domain(format!(
            "--sample {}: the file has {have}, from 0",
            a.sample
        ))
        .in_file(path));
    }
    // Also refuses numbers that are not finite or outside the domain.
    inputs
        .samples
        .input(a.sample, &inputs.preprocessing, inputs.domain.as_ref())
        .map_err(|e| e.in_file(path))?;
    let pixels = loaded.network.input_shape().pixels();
    let raw = inputs.samples.raw(a.sample).into_iter().enumerate();
    let exact = |(i, v): (usize, f64)| {
        let (scale, offset) = inputs.preprocessing.affine(i / pixels);
        Rational::from_f64(v).unwrap_or_default() * scale + offset
    };
    let centre: Vec<Rational> = raw.map(exact).collect();
    let Some(radius) = a.radius.as_ref().filter(|r| **r >= 0) else {
        return Err(Error::domain("--input needs a --radius of 0 or more"));
    };
    centre
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let (lo, hi) = (
                Rational::from(c - radius).max(a.lo.clone()),
                Rational::from(c + radius).min(a.hi.clone()),
            );
            if lo > hi {
                return Err(Error::domain(format!(
                    "input {i}: {} is further than {radius} from [{}, {}]",
                    c.to_f64(),
                    a.lo,
                    a.hi
                )));
            }
            Ok((down(&lo), up(&hi)))
        })
        .collect()
}

fn composite(path: &Path) -> Result<Kind> {
    let text = read_text(path, table::MAX_BYTES)?;
    let named = |e: Error| e.in_file(path);
    let table = Table::from_json(&text).map_err(named)?;
    let mut request = Request::new(Target::new(Function::Relu));
    request.only_error = true;
    let proof = prove(&table, &request).map_err(named)?;
    let composite = Composite::new(&table, request.coefficients).map_err(named)?;
    Ok(Kind::Composite {
        name: table.name.clone(),
        sha256: table.sha256(),
        composite,
        bound_error: Float::with_val_round(53, &proof.bound_hi, Round::Up)
            .0
            .to_f64(),
    })
}

impl Kind {
    fn name(&self) -> String {
        match self {
            Self::Degree(d) => format!("degree {d}"),
            Self::Composite { name, sha256, .. } => format!("{name} ({})", &sha256[..8]),
        }
    }

    /// Analyses the twin whose polynomials are made for the ranges over this box.
    fn replace(
        &self,
        stages: &[stages::Stage],
        sides: &[Bounds],
    ) -> Result<(Vec<StageBounds>, Polynomials)> {
        let mut chosen = Polynomials::new();
        let found = analyse(stages, sides, |k, i, lo, hi| {
            if lo >= 0.0 || hi <= 0.0 {
                return Ok(None);
            }
            let (polynomial, replacement) = self.choose(lo, hi)?;
            chosen.insert((k, i), polynomial);
            Ok(Some(replacement))
        })?;
        Ok((found, chosen))
    }

    /// Analyses a given twin over a part of the box that its polynomials were made for: there its
    /// pre-activations stay in the polynomials' ranges, whatever this analysis proves of them.
    fn keep(
        &self,
        stages: &[stages::Stage],
        sides: &[Bounds],
        chosen: &Polynomials,
    ) -> Result<Vec<StageBounds>> {
        analyse(stages, sides, |k, i, lo, hi| {
            Ok(match (self, chosen.get(&(k, i))) {
                (_, None) => None,
                (_, Some(Chosen::Neuron(neuron))) => {
                    let part = neuron.part(lo, hi)?;
                    Some(Replacement {
                        bound_apart: part.bound_apart,
                        bound_tilted: Some(part.bound_tilted),
                    })
                }
                (Self::Composite { bound_error, .. }, Some(Chosen::Scale(scale))) => {
                    Some(Replacement::within((bound_error * scale).next_up()))
                }
                (Self::Degree(_), Some(Chosen::Scale(_))) => {
                    return Err(Error::domain("a neuron without its polynomial"))
                }
            })
        })
    }

    fn choose(&self, lo: f64, hi: f64) -> Result<(Chosen, Replacement)> {
        match self {
            Self::Degree(d) => {
                let neuron = Neuron::new(lo, hi, |kink| relu_coefficients(*d, kink))?;
                let replacement = Replacement {
                    bound_tilted: Some(neuron.bound_tilted),
                    ..Replacement::within(neuron.bound_error)
                };
                Ok((Chosen::Neuron(neuron), replacement))
            }
            Self::Composite { bound_error, .. } => {
                let scale = hi.max(-lo);
                let replacement = Replacement::within((bound_error * scale).next_up());
                Ok((Chosen::Scale(scale), replacement))
            }
        }
    }

    /// The twin's value in f64: an estimate.
    fn estimate(&self, chosen: Option<&Chosen>, z: f64) -> f64 {
        match (self, chosen) {
            (_, None) => z.max(0.0),
            (_, Some(Chosen::Neuron(p))) => {
                let t = z / p.range.half + p.range.kink;
                let (mut b1, mut b2) = (0.0, 0.0);
                for c in p.coefficients.iter().skip(1).rev() {
                    (b1, b2) = (2.0 * t * b1 - b2 + c, b1);
                }
                p.range.half * (p.coefficients[0] + t * b1 - b2)
            }
            (Self::Composite { composite, .. }, Some(Chosen::Scale(b))) => {
                let side = usize::from(z < 0.0 && composite.branches.len() > 1);
                let mut y = Rational::from_f64((z / b).abs()).unwrap_or_default();
                for stage in &composite.branches[side].stages {
                    // Exact steps, shortened between stages: the power basis loses too much in f64.
                    let value = Float::with_val(96, horner(stage, &y));
                    y = value.to_rational().unwrap_or_default();
                }
                (z + z.abs() * y.to_f64()) / 2.0
            }
            (Self::Degree(_), Some(Chosen::Scale(_))) => z.max(0.0),
        }
    }
}

/// The greatest output difference found, and the largest share of a proved range that is reached.
fn attack(
    a: &Arguments,
    stages: &[stages::Stage],
    sides: &[Bounds],
    kind: &Kind,
    chosen: &Polynomials,
    found: &[StageBounds],
) -> (f64, f64) {
    let twin = |k: usize, i: usize, z: f64| kind.estimate(chosen.get(&(k, i)), z);
    let starts = usize::from(a.attack);
    let mut share = 0.0f64;
    for (k, s) in found.iter().enumerate().skip(1) {
        // The neuron of the widest proved range.
        let size = |b: &Bounds| b.0.abs().max(b.1.abs());
        let widest = (0..s.bound_twin.len())
            .max_by(|&i, &j| size(&s.bound_twin[i]).total_cmp(&size(&s.bound_twin[j])));
        if let Some(i) = widest {
            let (lo, hi) = s.bound_twin[i];
            for (sign, end) in [(1.0, hi), (-1.0, -lo)] {
                if end > 0.0 {
                    share = share
                        .max(attack::greatest(stages, sides, &twin, (k, i), sign, starts) / end);
                }
            }
        }
    }
    (attack::difference(stages, sides, &twin, 4 * starts), share)
}

fn words(a: &Arguments, all: &[Done], stages: &[stages::Stage]) -> String {
    let mut out = format!(
        "{:<28} {:>16} {:>10} {:>12}{}\n",
        "polynomials",
        "|difference| <=",
        "seconds",
        "replaced",
        if a.attack > 0 {
            "   reached (measured)   share of a range"
        } else {
            ""
        }
    );
    for d in all {
        let _ = write!(
            out,
            "{:<28} {:>16} {:>10.4} {:>12}",
            d.name,
            decimal(d.bound, true),
            d.seconds,
            d.polynomials
        );
        if let Some((difference, share)) = d.reached {
            let _ = write!(out, "   {difference:>18.6}   {share:>16.4}");
        }
        out.push('\n');
    }
    if let Some(last) = all.last() {
        let _ = writeln!(
            out,
            "\nproved pre-activation ranges of the twin, {}:",
            last.name
        );
        for (k, s) in last.stages.iter().enumerate().skip(1) {
            let lo = s
                .bound_twin
                .iter()
                .map(|b| b.0)
                .fold(f64::INFINITY, f64::min);
            let hi = s
                .bound_twin
                .iter()
                .map(|b| b.1)
                .fold(f64::NEG_INFINITY, f64::max);
            let _ = writeln!(
                out,
                "  {:<26} [{}, {}]",
                stages[k].name.escape_debug().to_string(),
                decimal(lo, false),
                decimal(hi, true)
            );
        }
    }
    out
}

impl Done {
    fn json(&self, stages: &[stages::Stage]) -> Value {
        let layers: Vec<Value> = self
            .stages
            .iter()
            .zip(stages)
            .skip(1)
            .map(|(s, stage)| {
                json!({
                    "layer": stage.name,
                    "bound_relu": s.bound_relu,
                    "bound_twin": s.bound_twin,
                    "bound_difference": s.bound_difference,
                    "bound_error": s.bound_error,
                })
            })
            .collect();
        json!({
            "polynomials": self.name,
            "bound_greatest_difference": self.bound,
            "seconds": self.seconds,
            "replaced": self.polynomials,
            "measure_greatest_difference": self.reached.map(|r| r.0),
            "measure_share_of_range": self.reached.map(|r| r.1),
            "layers": layers,
        })
    }
}
