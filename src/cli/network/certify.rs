//! `polycert network certify`: the certificate of one input, for the independent checker.

use crate::certificate::network::{
    certify, certify_noise, ErrorModel, Level, Noise, Sample, Subject,
};
use crate::certificate::publish::write_atomically;
use crate::cli::network::evaluate::verdict;
use crate::cli::network::setup::{InputArguments, ModelArguments, TwinArguments};
use crate::cli::{note, output, rational};
use crate::error::{Error, Result};
use crate::network::forward::compare::{compare, Precision, Verdict};
use crate::network::forward::Prepared;
use crate::network::model::exact::{input_text, network_text};
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Certify that a network and its polynomial twin answer the same class on one input.
///
/// Writes three files: OUT, the certificate; OUT.network, the exact network; OUT.input, the exact input.
/// The independent checker evaluates both networks again, in integers:
/// polycert-check --network OUT.network --input OUT.input OUT
///
/// With --worst or --sigma the certificate also states how far noise at every activation's output moves the
/// logits (of the differences to the class's logit: the class stays if they stay above 0). The checker proves
/// bounds of its own, and those that are stated must be no smaller. Exit code 0 only if the class is proved
/// to stay at every level; a certificate whose levels leave it open is written all the same.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    input: InputArguments,
    /// Which sample of the input file, from 0.
    #[arg(long, default_value_t = 0)]
    sample: usize,
    /// Bounds of |noise| in units of B, separated by commas: 2^-22,2^-24. Each is a level of its own.
    #[arg(long, value_delimiter = ',', value_parser = rational)]
    worst: Vec<Rational>,
    /// Sub-Gaussian proxies of noise in units of B, separated by commas; bounds hold with probability 1 - 2^-32.
    #[arg(long, value_delimiter = ',', value_parser = rational)]
    sigma: Vec<Rational>,
    /// What stands undisturbed: exact_centre, the polynomials; relu_within, ReLU, for any functions
    /// within --worst of it on [-B, B] in its place (the table is not used then).
    #[arg(long, default_value = "exact_centre", value_parser = ["exact_centre", "relu_within"])]
    error_model: String,
    /// relu_within: besides, at most TAU |x| wherever |x| >= ZONE B.
    #[arg(long, value_name = "TAU,ZONE", value_delimiter = ',', value_parser = rational)]
    envelope: Vec<Rational>,
    /// What is bounded: margins, the class's logit minus each other; or every logit.
    #[arg(long, default_value = "margins", value_parser = ["margins", "logits"])]
    targets: String,
    /// Certificate to write.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let loaded = a.model.load()?;
    let network = &loaded.network;
    let twin = a.twin.load(network)?;
    let inputs = a.input.load(&loaded)?;
    let at_input = |e: Error| e.in_file(&a.input.input);
    if a.sample >= inputs.samples.len() {
        let n = inputs.samples.len();
        return Err(at_input(Error::domain(format!(
            "--sample {}: the file has {n}, from 0",
            a.sample
        ))));
    }
    let domain = inputs.domain.as_ref();
    let x = inputs
        .samples
        .input(a.sample, &inputs.preprocessing, domain)
        .map_err(at_input)?;
    let levels = levels(a)?;
    let prepared = Prepared::new(network).map_err(|e| e.in_file(&a.model.network))?;
    let comparison = compare(&prepared, &twin.activations, &x, Precision::Double)?;
    let model = match a.error_model.as_str() {
        "relu_within" => ErrorModel::ReluWithin,
        _ => ErrorModel::ExactCentre,
    };
    let decided = match model {
        ErrorModel::ReluWithin => comparison.network.class().is_some(),
        ErrorModel::ExactCentre => matches!(comparison.verdict, Verdict::Same(_)),
    };
    if !decided {
        output(
            None,
            &format!("{}\nnothing to certify\n", verdict(network, &comparison)),
        )?;
        return Ok(ExitCode::FAILURE);
    }
    let exact_network = network_text(network);
    let exact_input = input_text(&inputs.samples.exact(a.sample, &inputs.preprocessing));
    let scales: Vec<rug::Rational> = twin.activations.iter().map(|a| a.scale().clone()).collect();
    let subject = Subject {
        network: &exact_network,
        input: &exact_input,
        tables: &twin.tables,
        coefficients: twin.coefficients,
        scales: &scales,
    };
    let (certificate, report, stays) = if levels.is_empty() {
        let (certificate, report) = certify(&subject, &comparison)?;
        (certificate, report, true)
    } else {
        let noise = Noise {
            model,
            levels: &levels,
            margins: a.targets == "margins" && comparison.network.logits.len() > 1,
        };
        let sample = Sample {
            network,
            composites: &twin.composites,
            twin: &twin.activations,
            input: &x,
        };
        let begin = Instant::now();
        certify_noise(
            &subject,
            sample,
            &comparison,
            &noise,
            &mut |layer, layers| {
                let seconds = begin.elapsed().as_secs_f64();
                if seconds >= 2.0 {
                    note(&format!("{layer} of {layers} activations, {seconds:.0} s"));
                }
            },
        )?
    };
    let beside = |end: &str| PathBuf::from(format!("{}.{end}", a.output.display()));
    write_atomically(&beside("network"), &exact_network)?;
    write_atomically(&beside("input"), &exact_input)?;
    write_atomically(&a.output, &certificate)?;
    output(None, &format!("{report}\n"))?;
    Ok(if stays {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One level for each --worst and each --sigma.
fn levels(a: &Arguments) -> Result<Vec<Level>> {
    let envelope = match a.envelope.as_slice() {
        [] => None,
        [tau, zone] => Some((tau.clone(), zone.clone())),
        _ => return Err(Error::domain("--envelope takes two numbers: TAU,ZONE")),
    };
    let relu = a.error_model == "relu_within";
    if envelope.is_some() && !relu {
        return Err(Error::domain(
            "--envelope is of --error-model relu_within: an envelope around ReLU",
        ));
    }
    let level = |worst: &Rational, sigma: &Rational| Level {
        worst: worst.clone(),
        sigma: sigma.clone(),
        envelope: envelope.clone(),
    };
    let none = Rational::new();
    let bounded = a.worst.iter().map(|w| level(w, &none));
    let random = a.sigma.iter().map(|s| level(&none, s));
    let levels: Vec<Level> = bounded.chain(random).collect();
    if levels.is_empty() && relu {
        return Err(Error::domain(
            "--error-model relu_within needs --worst: how far a function may be from ReLU, in units of B",
        ));
    }
    if levels.len() > 8 {
        return Err(Error::domain(format!(
            "{} levels of noise; at most 8",
            levels.len()
        )));
    }
    for level in &levels {
        let (tau, zone) = level.envelope.clone().unwrap_or_default();
        if [&level.worst, &level.sigma, &tau, &zone]
            .iter()
            .any(|x| **x < 0 || **x > 1)
        {
            return Err(Error::domain(
                "levels of noise are from 0 to 1, in units of B",
            ));
        }
    }
    Ok(levels)
}
