//! `polycert network evaluate`: the network and its polynomial twin on one input.

use crate::arith::ball::Ball;
use crate::arith::number;
use crate::cli::network::setup::{
    notes, InputArguments, ModelArguments, PrecisionArguments, ReferenceArguments, TwinArguments,
};
use crate::cli::terminal::output;
use crate::error::Result;
use crate::jobs::network::evaluate::{evaluate, Request};
use crate::network::forward::compare::{Against, Comparison, Excess, Verdict};
use crate::network::forward::range::Range;
use crate::network::forward::twin::Activation;
use crate::network::model::graph::Network;
use crate::network::model::ops::Op;
use crate::network::model::words::{decimal, layer_name};
use rug::Rational;
use serde_json::{json, Value};
use std::fmt::Write as _;
use std::process::ExitCode;

/// Evaluate a network and its polynomial twin on one input, with proved enclosures.
///
/// The twin has r(x) = x (1 + p(x/B))/2 where the network has ReLU, and a tournament of
/// max(a, b) ~ b + r(a - b) where it has max-pooling. Both are evaluated over the reals in ball
/// arithmetic: every logit, and the range of every activation's input. Exit code 0 only if the two
/// are proved to answer the same class.
///
/// A network whose activations are polynomials already (products and powers of a layer's value in its file) takes no
/// table. It is evaluated alone: exit code 0 if its class is proved, and every polynomial is asked inside its --domain, if one
/// is stated; or beside a --reference.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    reference: ReferenceArguments,
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
        reference: a.reference.request(),
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
        value["input_said"] = json!(answer.input_said);
        value["network_said"] = json!(answer.loaded.said);
        format!("{value:#}\n")
    } else {
        notes(&answer.loaded.said, &answer.input_said) + &words(network, activations, comparison)
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
            let (network, twin) = (c.network.margin(*class), decimal(margin, false));
            let network = decimal(network, false);
            match c.against {
                Against::Itself => format!(
                    "CLASS {class}: proved of the polynomial network (margin at least {network})"
                ),
                Against::Network => format!(
                    "SAME CLASS {class}: proved of the network (margin at least {network}) and of its twin (at least {twin})"
                ),
                Against::Reference => format!(
                    "SAME CLASS {class}: proved of the reference (margin at least {network}) and of the network with \
                     polynomials (at least {twin})"
                ),
            }
        }
        Verdict::Different(a, b) => match c.against {
            Against::Reference => format!(
                "DIFFERENT CLASS: proved, the reference answers {a}, the network with polynomials {b}"
            ),
            _ => format!("DIFFERENT CLASS: proved, the network answers {a}, its twin {b}"),
        },
        Verdict::Undecided => {
            let who = match (c.against, c.network.class()) {
                (Against::Reference, None) => "the reference",
                (Against::Reference, Some(_)) => "the network with polynomials",
                (_, None) => "the network",
                _ => "its twin",
            };
            format!("UNDECIDED: the enclosures do not tell which class {who} answers")
        }
        Verdict::Outside(e) => {
            let layer = layer_name(network, e.node);
            let (what, whose) = match network.nodes[e.node].op {
                Op::Polynomial(_) => ("polynomial", "its stated"),
                _ => ("table", "its own"),
            };
            match (&e.domain, e.surely) {
                (Some((lo, hi)), Some(far)) => format!(
                    "OUTSIDE: layer {layer} asks its {what} beyond {whose} domain [{lo}, {hi}]: neuron {} at {}, or farther out",
                    e.neuron,
                    beyond(far.bound_inner, (lo, hi))
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
            let what = match network.nodes[e.node].op {
                Op::Polynomial(_) => "polynomial",
                _ => "table",
            };
            let (place, wider) = match &e.domain {
                Some((lo, hi)) => (
                    format!("[{lo}, {hi}], the domain of its {what}"),
                    "or a wider domain",
                ),
                None => (
                    format!("[-{0}, {0}]", e.scale),
                    "or a B closer to the layers' ranges",
                ),
            };
            format!(
                "EXHAUSTED at layer {layer}: with {} bits whether the input of neuron {} stays in {place} is not decided. \
                 Either the polynomials before it are too steep for this precision, or it lies at the very end: a higher \
                 --max-precision, tables of smaller slope, {wider}, help",
                e.bits, e.neuron
            )
        }
        Verdict::Overflow(lost) => format!(
            "{}; a higher --max-precision helps where these are the error bounds",
            lost.words(network)
        ),
    }
}

/// A number beyond the ends of a domain, in as few digits as show it, rounded towards 0: it is asked that far out at least.
fn beyond(x: f64, (lo, hi): (&Rational, &Rational)) -> String {
    let exact = Rational::from_f64(x).unwrap_or_default();
    let shown = |digits| number::decimal(&exact, digits, x < 0.0);
    let outside = |text: &String| {
        let value = number::parse(text);
        value.is_ok_and(|value| value < *lo || value > *hi)
    };
    let short = [6, 12].into_iter().map(shown).find(outside);
    short.unwrap_or_else(|| shown(17))
}

fn interval(ball: Ball) -> String {
    let (digits, width) = (ball.lower(), ball.upper());
    match (Rational::from_f64(digits), Rational::from_f64(width)) {
        (Some(lo), Some(hi)) => {
            let d = number::decimal;
            format!("[{}, {}]", d(&lo, 12, false), d(&hi, 12, true))
        }
        _ => "unbounded".to_owned(),
    }
}

fn words(network: &Network, twin: &[Activation], c: &Comparison) -> String {
    let mut out = String::new();
    let (lo, its, place, logit, other) = match c.against {
        Against::Itself => ("input lo", "", "domain", "logit", ""),
        Against::Network => (
            "twin input lo",
            "network's",
            "B",
            "network's logit",
            "twin's logit",
        ),
        Against::Reference => ("input lo", "", "B", "reference's logit", "logit"),
    };
    let _ = writeln!(
        out,
        "{:<32} {lo:>14} {:>14} {:>12} {its:>12} {place:>8}",
        "activation", "hi", "reach"
    );
    for (i, id) in network.activations().into_iter().enumerate() {
        let (r, t) = ranges(c, i);
        let show = |x: Option<f64>, up: bool| x.map_or("-".to_owned(), |x| decimal(x, up));
        let reach = match c.against {
            Against::Network => show(r.map(|r| r.bound_reach), true),
            _ => String::new(),
        };
        let _ = writeln!(
            out,
            "{:<32} {:>14} {:>14} {:>12} {reach:>12} {:>8}",
            layer_name(network, id),
            show(t.map(|t| t.bound_lo), false),
            show(t.map(|t| t.bound_hi), true),
            show(t.map(|t| t.bound_reach), true),
            twin[i].place()
        );
    }
    let _ = writeln!(out, "\n{:<8} {logit:<40} {other}", "output");
    for (i, l) in c.network.logits.iter().enumerate() {
        let t = match (&c.twin, c.against) {
            (_, Against::Itself) => String::new(),
            (Some(t), _) => interval(t.logits[i]),
            (None, _) => "-".to_owned(),
        };
        let _ = writeln!(
            out,
            "{}",
            format!("{i:<8} {:<40} {t}", interval(*l)).trim_end()
        );
    }
    if c.against == Against::Itself {
        let _ = writeln!(out, "\n{}", verdict(network, c));
        if let (None, Some(class)) = (&c.twin, c.network.class()) {
            let margin = decimal(c.network.margin(class), false);
            let _ = writeln!(
                out,
                "wherever its polynomials are asked, class {class} is proved of it (margin at least {margin})"
            );
        }
        return out;
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

/// The ranges of an activation in the network as it is, and in its twin, as far as they are known.
fn ranges(c: &Comparison, i: usize) -> (Option<&Range>, Option<&Range>) {
    let (network, twin) = (c.network.ranges.get(i), c.twin_ranges.get(i));
    match c.against {
        // Where a domain is left, the ranges behind it are known all the same.
        Against::Itself => (network, twin.or(network)),
        Against::Network => (network, twin),
        Against::Reference => (None, twin),
    }
}

fn json_value(network: &Network, twin: &[Activation], c: &Comparison) -> Value {
    let ends = |b: &Ball| json!([b.lower(), b.upper()]);
    let activations = network.activations().into_iter().enumerate();
    let ranges: Vec<Value> = activations
        .map(|(i, id)| {
            let (r, t) = ranges(c, i);
            let own = twin[i].is_own();
            json!({
                "layer": network.nodes[id].name,
                "operation": network.nodes[id].op.name(),
                "scale": (!own).then(|| twin[i].scale().to_string()),
                "domain": twin[i].domain().map(|(lo, hi)| [lo.to_string(), hi.to_string()]),
                "bound_network_lo": r.map(|r| r.bound_lo),
                "bound_network_hi": r.map(|r| r.bound_hi),
                "bound_network_reach": r.map(|r| r.bound_reach),
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
        "against": match c.against {
            Against::Itself => "itself",
            Against::Network => "network",
            Against::Reference => "reference",
        },
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
