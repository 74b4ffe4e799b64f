//! `polycert network ranges`: stated ranges of activations on trial.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::cli::network::setup::{notes, InputArguments, ModelArguments, PrecisionArguments};
use crate::cli::progress::Clock;
use crate::cli::terminal::{output, rational};
use crate::error::{Error, Result};
use crate::jobs::json;
use crate::jobs::network::ranges::{ranges, Answer, Choice, Deployed, OverBox, Request, Source};
use crate::jobs::network::Polynomials;
use crate::network::model::words::{decimal, layer_name};
use crate::network::ranges::summary::{Against, Summary};
use crate::network::read::ranges::Extent;
use rug::Rational;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// Most witnesses that are printed a layer; JSON has all.
const PRINTED: usize = 3;

/// Put the ranges of a network's activations on trial, or choose them.
///
/// For every activation and every sample: HOLDS, proved that every input of it lies in the stated range; VIOLATED, proved
/// that one does not, with the sample, the neuron and its value; or undecided at the precision allowed. With --table also
/// what the deployed polynomials then do, each used on its layer's range. Exit code 0 only if every range holds on every
/// sample (and over the --box, and both answer one class).
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    precision: PrecisionArguments,
    /// Ranges: polycert-ranges/1, a CSV (layer,B or layer,lo,hi), ACE's options (-SIHE:relu_vr_def=3:relu_vr=NAME=4;...),
    /// a YAML of Orion (its margin, with --fit), or a text with HEIR's domain_lower and domain_upper.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "suggest",
        conflicts_with = "suggest"
    )]
    ranges: Option<PathBuf>,
    /// Samples that a margin is fitted on (prepared as --input): B = ceil(margin max |x|).
    #[arg(
        long,
        value_name = "FILE",
        requires = "ranges",
        conflicts_with = "suggest"
    )]
    fit: Option<PathBuf>,
    /// Choose ranges [-B, B] (of 1/sqrt and other functions that end at 0 a range above it) on the first samples, try them on the others, and write them to FILE with the share of inputs
    /// on which all hold: proved for samples drawn independently, which the choosing ones do not enter.
    #[arg(long, value_name = "FILE")]
    suggest: Option<PathBuf>,
    /// With --suggest: B is this times the greatest |input| of the samples that choose (rounded up to 3 digits).
    #[arg(long, default_value = "1.25", value_parser = rational, requires = "suggest", conflicts_with = "ranges")]
    margin: Rational,
    /// With --suggest: so many samples choose (half of them, if left out).
    #[arg(
        long,
        value_name = "N",
        requires = "suggest",
        conflicts_with = "ranges"
    )]
    choose: Option<usize>,
    /// With --suggest: a range for each channel.
    #[arg(long, requires = "suggest", conflicts_with = "ranges")]
    per_channel: bool,
    /// Table (polycert-table/1) made of sign, in place of ReLU as x (1 + p(x/B))/2 with B the reach of its layer's range;
    /// repeat it to give one for each activation, in order.
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// The tables' coefficients as a program holds them: exact, f64, f32 or fixed:BITS.
    #[arg(long, default_value = "exact", requires = "tables")]
    coefficients: CoefficientMode,
    /// Also prove the ranges for every input in [LO, HI] in each coordinate of the network's input (small networks, as
    /// `network box`).
    #[arg(long = "box", value_name = "LO,HI", allow_hyphen_values = true)]
    boxed: Option<String>,
    /// First sample, from 0.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// Number of samples (all that follow, if left out).
    #[arg(long)]
    count: Option<usize>,
    /// 1 - confidence of the Clopper-Pearson intervals.
    #[arg(long, default_value_t = 0.05)]
    risk: f64,
    /// Print JSON instead of text, with every witness.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let source = match (&a.suggest, &a.ranges) {
        (Some(output), _) => Source::Chosen(Choice {
            margin: a.margin.clone(),
            samples: a.choose,
            channels: a.per_channel,
            output: output.clone(),
        }),
        (None, Some(file)) => Source::File {
            file: file.clone(),
            fit: a.fit.clone(),
        },
        (None, None) => return Err(Error::domain("give --ranges or --suggest")),
    };
    let boxed = match &a.boxed {
        None => None,
        Some(text) => {
            let ends = text
                .split_once(',')
                .ok_or("takes two numbers, LO,HI".to_owned());
            let read = ends.and_then(|(lo, hi)| Ok((rational(lo)?, rational(hi)?)));
            Some(read.map_err(|e| Error::parse("--box", e))?)
        }
    };
    let twin = (!a.tables.is_empty()).then(|| Polynomials {
        tables: a.tables.clone(),
        scales: Vec::new(),
        coefficients: a.coefficients,
        domains: Vec::new(),
    });
    let request = Request {
        model: a.model.request(),
        input: a.input.request()?,
        source,
        twin,
        from: a.from,
        count: a.count,
        risk: a.risk,
        most_bits: a.precision.most_bits,
        boxed,
    };
    let clock = Clock::new();
    let answer = ranges(&request, &|done, of| clock.show(done, of))?;
    let text = if a.json {
        format!("{:#}\n", json::ranges(&answer, a.risk))
    } else {
        notes(&answer.loaded.said, &answer.input_said) + &words(&answer, a.risk)
    };
    output(None, &text)?;
    Ok(if answer.holds() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A range in a column.
fn stated(extent: &Extent) -> String {
    match extent {
        Extent::All(span) => span.to_string(),
        Extent::Channels(all) => {
            let most = number::decimal(&extent.reach(), 4, true);
            format!("{} channels, at most {most}", all.len())
        }
    }
}

fn interval((lo, hi): (f64, f64)) -> String {
    format!("[{lo:.4}, {hi:.4}]")
}

fn words(answer: &Answer, risk: f64) -> String {
    let mut out = String::new();
    for line in &answer.said {
        let _ = writeln!(out, "ranges: {line}");
    }
    let confidence = 100.0 * (1.0 - risk);
    let _ = writeln!(
        out,
        "{:<32} {:>20} {:>12} {:>12} {:>7} {:>8} {:>9}  share that holds ({confidence} % confidence)",
        "activation", "stated", "seen lo", "hi", "holds", "violated", "undecided"
    );
    let network = &answer.loaded.network;
    let nodes = network.activations();
    for ((node, extent), layer) in nodes.iter().zip(&answer.stated).zip(&answer.network.layers) {
        let _ = writeln!(
            out,
            "{:<32} {:>20} {:>12} {:>12} {:>7} {:>8} {:>9}  {}",
            layer_name(network, *node),
            stated(extent),
            decimal(layer.bound_lo, false),
            decimal(layer.bound_hi, true),
            layer.holds,
            layer.violated,
            layer.undecided,
            interval(layer.bound_share(risk))
        );
    }
    witnesses(&mut out, answer, "", &answer.network);
    let s = &answer.network;
    let verdict = if s.all_hold == s.samples {
        "HOLD"
    } else if s.some_violated > 0 {
        "VIOLATED"
    } else {
        "UNDECIDED"
    };
    let _ = writeln!(
        out,
        "\n{verdict}: all ranges hold on {} of {} samples, some is left on {}; share of inputs on which all hold: {} with {confidence} % confidence",
        s.all_hold,
        s.samples,
        s.some_violated,
        interval(s.bound_share(risk))
    );
    if let Some(deployed) = &answer.twin {
        tell_deployed(&mut out, answer, deployed);
    }
    if let Some(boxed) = &answer.boxed {
        tell_box(&mut out, answer, boxed);
    }
    out
}

/// Each layer that is left: its worst witness, and how many more.
fn witnesses(out: &mut String, answer: &Answer, of: &str, summary: &Summary) {
    let network = &answer.loaded.network;
    let nodes = network.activations();
    for (k, layer) in summary.layers.iter().enumerate() {
        let mut against: Vec<&Against> = layer.against.iter().collect();
        against.sort_by(|a, b| b.witness.bound_beyond.total_cmp(&a.witness.bound_beyond));
        for a in against.iter().take(PRINTED) {
            let w = &a.witness;
            let (channel, row, column) = w.place;
            let _ = writeln!(
                out,
                "VIOLATED {of}{}: sample {}, neuron {} (channel {channel}, row {row}, column {column}) has {} in [{}, {}], stated {}",
                layer_name(network, nodes[k]),
                a.sample,
                w.neuron,
                if matches!(network.nodes[nodes[k]].op, crate::network::model::ops::Op::MaxPool(_)) { "a difference" } else { "its input" },
                decimal(w.bound_lo, false),
                decimal(w.bound_hi, true),
                answer.stated[k].of(channel)
            );
        }
        if against.len() > PRINTED {
            let _ = writeln!(
                out,
                "  and on {} more samples (--json has all)",
                against.len() - PRINTED
            );
        }
    }
}

fn tell_deployed(out: &mut String, answer: &Answer, d: &Deployed) {
    let network = &answer.loaded.network;
    let nodes = network.activations();
    let _ = writeln!(
        out,
        "\nthe polynomials, each on its layer's range: SAME CLASS proved on {} of {} samples, DIFFERENT on {}, not decided on {}; \
         a range of theirs is left on {}",
        d.same, d.ranges.samples, d.different, d.undecided, d.ranges.some_violated
    );
    for after in d.after.iter().take(PRINTED) {
        let reach: Vec<String> = after
            .bound_reach_behind
            .iter()
            .take(4)
            .map(|r| format!("{r:.3e}"))
            .collect();
        let class = |c: Option<usize>| c.map_or("?".to_owned(), |c| c.to_string());
        let _ = writeln!(
            out,
            "  sample {}: leaves the range of {} first (neuron {}, input about {:.6}), where the polynomial answers {}; greatest |input| \
             from there on at least {}; classes {} and {}{}",
            after.sample,
            layer_name(network, nodes[after.activation]),
            after.witness.neuron,
            after.witness.bound_lo,
            after.bound_log2_response.map_or("a number near 0".to_owned(), |e| format!("2^{e:.0} at least in size")),
            reach.join(", "),
            class(after.network_class),
            class(after.twin_class),
            after.ended.as_ref().map_or(String::new(), |e| format!("; {e}"))
        );
    }
    if d.after.len() > PRINTED {
        let _ = writeln!(
            out,
            "  and {} more samples (--json has all)",
            d.after.len() - PRINTED
        );
    }
}

fn tell_box(out: &mut String, answer: &Answer, boxed: &[OverBox]) {
    let network = &answer.loaded.network;
    let _ = writeln!(out, "\nfor every input in the box:");
    for ((node, extent), b) in network.activations().iter().zip(&answer.stated).zip(boxed) {
        let _ = writeln!(
            out,
            "{:<32} {:>20} {:>12} {:>12}  {}",
            layer_name(network, *node),
            stated(extent),
            decimal(b.bound_lo, false),
            decimal(b.bound_hi, true),
            if b.holds { "HOLDS" } else { "not proved" }
        );
    }
}
