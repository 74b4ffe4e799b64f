//! `polycert network evaluate`: the network and its polynomial twin on one input.

use crate::arith::ball::Ball;
use crate::cli::network::setup::{
    notes, InputArguments, ModelArguments, PrecisionArguments, TwinArguments,
};
use crate::cli::terminal::output;
use crate::error::Result;
use crate::jobs::network::evaluate::{evaluate, Request};
use crate::network::forward::compare::{Comparison, Excess, Verdict};
use crate::network::forward::twin::Activation;
use crate::network::model::graph::Network;
use crate::network::model::words::{decimal, layer_name};
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::process::ExitCode;

/// Evaluate a network and its polynomial twin on one input, with proved enclosures.
///
/// The twin has r(x) = x (1 + p(x/B))/2 where the network has ReLU, and a tournament of
/// max(a, b) ~ b + r(a - b) where it has max-pooling. Both are evaluated over the reals in ball
/// arithmetic: every logit, and the range of every activation's input. Exit code 0 only if the two
/// are proved to answer the same class.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    precision: PrecisionArguments,
    /// Which sample of the input file, from 0.
    #[arg(long, default_value_t = 0)]
    sample: usize,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let answer = evaluate(&Request {
        model: a.model.request(),
        twin: a.twin.request()?,
        input: a.input.request()?,
        sample: a.sample,
        most_bits: a.precision.most_bits,
    })?;
    let (network, activations) = (&answer.loaded.network, &answer.twin.activations);
    let comparison = &answer.comparison;
    let text = if a.json {
        let mut value = json_value(network, activations, comparison);
        value["network_sha256"] = json!(answer.loaded.sha256);
        value["input_sha256"] = json!(answer.input_sha256);
        value["table_sha256"] = json!(answer.twin.digests);
        value["sample"] = json!(a.sample);
        value["network_said"] = json!(answer.loaded.said);
        format!("{value:#}\n")
    } else {
        notes(&answer.loaded.said) + &words(network, activations, comparison)
    };
    output(None, &text)?;
    Ok(match comparison.verdict {
        Verdict::Same(_) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// The verdict in words.
pub fn verdict(network: &Network, c: &Comparison) -> String {
    match &c.verdict {
        Verdict::Same(class) => {
            let margin = c.twin.as_ref().map_or(0.0, |t| t.margin(*class));
            format!(
                "SAME CLASS {class}: proved of the network (margin at least {}) and of its twin (at least {})",
                decimal(c.network.margin(*class), false),
                decimal(margin, false)
            )
        }
        Verdict::Different(a, b) => {
            format!("DIFFERENT CLASS: proved, the network answers {a}, its twin {b}")
        }
        Verdict::Undecided => {
            let who = if c.network.class().is_none() {
                "the network"
            } else {
                "its twin"
            };
            format!("UNDECIDED: the enclosures do not tell which class {who} answers")
        }
        Verdict::Outside(e) => {
            let layer = layer_name(network, e.node);
            // Rounded towards 0: it is asked that far out at least.
            let at = |x: f64| decimal(x, x < 0.0);
            match (&e.domain, e.surely) {
                (Some((lo, hi)), Some(far)) => format!(
                    "OUTSIDE: layer {layer} asks its table beyond its own domain [{lo}, {hi}]: neuron {} at {}, or farther out",
                    e.neuron,
                    at(far.bound_inner)
                ),
                _ => format!(
                    "OUTSIDE: layer {layer} needs B >= {}: neuron {} may be that far from 0, and B is {} there",
                    decimal(e.bound_reach, true),
                    e.neuron,
                    e.scale
                ),
            }
        }
        Verdict::Exhausted(e) => {
            let layer = layer_name(network, e.node);
            let (place, wider) = match &e.domain {
                Some((lo, hi)) => (
                    format!("[{lo}, {hi}], the domain of its table"),
                    "or a wider domain",
                ),
                None => (
                    format!("[-{0}, {0}]", e.scale),
                    "or a B closer to the layers' ranges",
                ),
            };
            format!(
                "EXHAUSTED at layer {layer}: with {} bits whether the input of neuron {} stays in {place} is not decided. \
                 The polynomials before it are too steep for this precision: a higher --max-precision, tables of smaller \
                 slope, {wider}, help",
                e.bits, e.neuron
            )
        }
        Verdict::Overflow(lost) => format!(
            "{}; a higher --max-precision helps where these are the error bounds",
            lost.words(network)
        ),
    }
}

fn interval(ball: Ball) -> String {
    let (digits, width) = (ball.lower(), ball.upper());
    match (
        rug::Rational::from_f64(digits),
        rug::Rational::from_f64(width),
    ) {
        (Some(lo), Some(hi)) => {
            let d = crate::arith::number::decimal;
            format!("[{}, {}]", d(&lo, 12, false), d(&hi, 12, true))
        }
        _ => "unbounded".to_owned(),
    }
}

fn words(network: &Network, twin: &[Activation], c: &Comparison) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:<32} {:>14} {:>14} {:>12} {:>12} {:>8}",
        "activation", "twin input lo", "hi", "reach", "network's", "B"
    );
    for (i, r) in c.network.ranges.iter().enumerate() {
        let t = c.twin_ranges.get(i);
        let show = |x: Option<f64>, up: bool| x.map_or("-".to_owned(), |x| decimal(x, up));
        let _ = writeln!(
            out,
            "{:<32} {:>14} {:>14} {:>12} {:>12} {:>8}",
            layer_name(network, r.node),
            show(t.map(|t| t.bound_lo), false),
            show(t.map(|t| t.bound_hi), true),
            show(t.map(|t| t.bound_reach), true),
            decimal(r.bound_reach, true),
            twin[i].place()
        );
    }
    let _ = writeln!(
        out,
        "\n{:<8} {:<40} twin's logit",
        "output", "network's logit"
    );
    for (i, l) in c.network.logits.iter().enumerate() {
        let t = c
            .twin
            .as_ref()
            .map_or("-".to_owned(), |t| interval(t.logits[i]));
        let _ = writeln!(out, "{i:<8} {:<40} {t}", interval(*l));
    }
    if let Some(change) = c.bound_change() {
        let _ = writeln!(
            out,
            "\ngreatest change of a logit at most {}",
            decimal(change, true)
        );
    }
    let _ = writeln!(out, "{}", verdict(network, c));
    out
}

fn json_value(network: &Network, twin: &[Activation], c: &Comparison) -> Value {
    let ends = |b: &Ball| json!([b.lower(), b.upper()]);
    let ranges: Vec<Value> = c
        .network
        .ranges
        .iter()
        .enumerate()
        .map(|(i, r)| {
            let t = c.twin_ranges.get(i);
            json!({
                "layer": network.nodes[r.node].name,
                "operation": network.nodes[r.node].op.name(),
                "scale": twin[i].scale().to_string(),
                "domain": twin[i].domain().map(|(lo, hi)| [lo.to_string(), hi.to_string()]),
                "bound_network_lo": r.bound_lo,
                "bound_network_hi": r.bound_hi,
                "bound_network_reach": r.bound_reach,
                "bound_twin_lo": t.map(|t| t.bound_lo),
                "bound_twin_hi": t.map(|t| t.bound_hi),
                "bound_twin_reach": t.map(|t| t.bound_reach),
                "neuron": t.map(|t| t.neuron),
            })
        })
        .collect();
    let domain = |e: &Excess| {
        let ends = e.domain.as_ref();
        ends.map(|(lo, hi)| [lo.to_string(), hi.to_string()])
    };
    let mut value = json!({
        "verdict": c.verdict.word(),
        "network_class": c.network.class(),
        "twin_class": c.twin.as_ref().and_then(|t| t.class()),
        "statement": verdict(network, c),
        "bound_network_logits": c.network.logits.iter().map(ends).collect::<Vec<_>>(),
        "bound_twin_logits": c.twin.as_ref().map(|t| t.logits.iter().map(ends).collect::<Vec<_>>()),
        "bound_change": c.bound_change(),
        "network_bits": c.network.bits,
        "twin_bits": c.twin.as_ref().map(|t| t.bits),
        "activations": ranges,
    });
    if let Verdict::Exhausted(e) = &c.verdict {
        value["exhausted"] = json!({
            "layer": network.nodes[e.node].name,
            "activation": e.activation,
            "neuron": e.neuron,
            "bits": e.bits,
            "scale": e.scale.to_string(),
            "domain": domain(e),
        });
    }
    if let Verdict::Overflow(lost) = &c.verdict {
        value["exhausted"] = json!({
            "layer": network.nodes[lost.node].name,
            "neuron": lost.element,
            "bits": lost.bits,
        });
    }
    if let Verdict::Outside(e) = &c.verdict {
        value["outside"] = json!({
            "layer": network.nodes[e.node].name,
            "activation": e.activation,
            "neuron": e.neuron,
            "bound_needed_scale": e.domain.is_none().then_some(e.bound_reach),
            "scale": e.scale.to_string(),
            "domain": domain(e),
        });
    }
    value
}
