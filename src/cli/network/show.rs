//! `polycert network show`: what a network file holds.

use crate::cli::network::setup::ModelArguments;
use crate::cli::terminal::output;
use crate::error::Result;
use crate::files::sha256;
use crate::jobs::json;
use crate::network::model::exact::network_text;
use crate::network::model::graph::{Network, Node};
use crate::network::model::ops::Op;
use crate::network::model::ops::Window;
use crate::network::read::load::Loaded;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Show a network: layers, shapes, parameters, and the depth in activations.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let loaded = a.model.request().load()?;
    let text = if a.json {
        format!("{:#}\n", json::network(&loaded))
    } else {
        words(&loaded)
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

fn window(w: &Window) -> String {
    let mut text = format!("{}x{}", w.kernel[0], w.kernel[1]);
    if w.stride != [1, 1] {
        let _ = write!(text, "/{}", w.stride[0]);
        if w.stride[1] != w.stride[0] {
            let _ = write!(text, "x{}", w.stride[1]);
        }
    }
    if w.padding != [0; 4] {
        let _ = write!(text, " padding {:?}", w.padding);
    }
    if w.dilation != [1, 1] {
        let _ = write!(text, " dilation {:?}", w.dilation);
    }
    text
}

fn detail(op: &Op) -> String {
    match op {
        Op::Conv(c) if c.groups > 1 => format!("{} groups {}", window(&c.window), c.groups),
        Op::Conv(c) => window(&c.window),
        Op::MaxPool(w) | Op::AvgPool { window: w, .. } => window(w),
        Op::Relu { slope } if *slope != 0.0 => format!("slope {slope}"),
        Op::Polynomial(p) => {
            let domain = p.domain.as_ref();
            let domain = domain.map_or(String::new(), |(lo, hi)| format!(", on [{lo}, {hi}]"));
            let channels = if p.is_per_channel() {
                ", one for each channel"
            } else {
                ""
            };
            format!("degree {}{channels}{domain}", p.degree())
        }
        Op::Smooth(f) => f.to_string(),
        Op::Variance { over, epsilon } => format!("{}, epsilon {epsilon:e}", over.words()),
        Op::Normalise(over) => over.words(),
        Op::Subsample { stride } => format!("every {}x{}", stride[0], stride[1]),
        Op::BatchNorm(b) => format!("epsilon {:e}", b.epsilon),
        _ => String::new(),
    }
}

fn sources(network: &Network, id: usize, node: &Node) -> String {
    if node.inputs.as_slice() == [id.wrapping_sub(1)] {
        return String::new();
    }
    let names = node
        .inputs
        .iter()
        .map(|&i| network.nodes[i].name.escape_debug().to_string());
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("of {}", names.join(", "))
    }
}

fn words(loaded: &Loaded) -> String {
    let n = &loaded.network;
    let mut out = format!(
        "network      {} ({}, file sha256 {})\n\
         input        {}\n\
         output       {}\n\
         parameters   {}\n\
         activations  {} layers{}, {} neurons; at most {} on a path (depth)\n",
        n.name.escape_debug(),
        loaded.format,
        loaded.sha256,
        n.input_shape(),
        n.output_shape(),
        n.parameters(),
        n.activations().len(),
        match n.activations().len() - n.replaced() {
            0 => String::new(),
            own => format!(" ({own} of them polynomials already)"),
        },
        n.neurons(),
        n.depth()
    );
    if loaded.states_preprocessing {
        let _ = writeln!(out, "preparation  {}", n.preprocessing.words());
    }
    if n.preprocessing.reversed {
        out.push_str("channels     BGR, the file's reversed\n");
    }
    for note in &loaded.said {
        let _ = writeln!(out, "note         {note}");
    }
    let _ = writeln!(
        out,
        "meaning      sha256 {} (of the exact network)",
        sha256(network_text(n).as_bytes())
    );
    for (key, value) in &loaded.metadata {
        let short: String = value.chars().take(200).collect();
        let _ = writeln!(
            out,
            "metadata     {}: {}",
            key.escape_debug(),
            short.escape_debug()
        );
    }
    out.push('\n');
    let _ = writeln!(
        out,
        "{:>4}  {:<28} {:<11} {:<12} {:>10}  detail",
        "", "name", "operation", "shape", "parameters"
    );
    for (id, node) in n.nodes.iter().enumerate() {
        let line = format!(
            "{id:>4}  {:<28} {:<11} {:<12} {:>10}  {} {}",
            node.name.escape_debug().to_string(),
            node.op.name(),
            node.shape.to_string(),
            node.op.parameters(),
            detail(&node.op),
            sources(n, id, node)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}
