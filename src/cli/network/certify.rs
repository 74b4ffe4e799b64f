//! `polycert network certify`: the certificate of one input, for the independent checker.

use crate::cli::network::evaluate::verdict;
use crate::cli::network::setup::{
    notes, InputArguments, ModelArguments, NoiseArguments, PrecisionArguments, TwinArguments,
};
use crate::cli::terminal::{guard, note, output, rational};
use crate::error::{Error, Result};
use crate::files::write_atomically;
use crate::jobs::network::certify::{certify, ErrorModel, Noise, Request};
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
/// With --worst, --sigma or --evaluation the certificate also states how far noise at every activation's output moves the
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
    #[command(flatten)]
    precision: PrecisionArguments,
    /// Which sample of the input file, from 0.
    #[arg(long, default_value_t = 0)]
    sample: usize,
    #[command(flatten)]
    noise: NoiseArguments,
    /// What stands undisturbed: exact_centre, the polynomials; relu_within, ReLU, for any functions
    /// within --worst of it on [-B, B] in its place (the table is not used then).
    #[arg(long, default_value = "exact_centre", value_parser = ["exact_centre", "relu_within"])]
    error_model: String,
    /// relu_within: besides, at most TAU |x| wherever |x| >= ZONE B.
    #[arg(long, value_name = "TAU,ZONE", value_delimiter = ',', value_parser = rational, allow_hyphen_values = true)]
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
    let [network, input] =
        ["network", "input"].map(|end| PathBuf::from(format!("{}.{end}", a.output.display())));
    let model = a.model.files();
    guard(
        [&a.output, &network, &input].map(Some),
        (model.iter().map(Some).chain(a.twin.files()))
            .chain(a.noise.files())
            .chain([a.input.file()]),
    )?;
    let request = Request {
        model: a.model.request(),
        twin: a.twin.request()?,
        input: a.input.request()?,
        sample: a.sample,
        noise: noise(a)?,
        most_bits: a.precision.most_bits,
    };
    let mut begin = None;
    let answer = certify(&request, &mut |layer, layers| {
        let seconds = begin.get_or_insert_with(Instant::now).elapsed();
        let seconds = seconds.as_secs_f64();
        if seconds >= 2.0 {
            note(&format!("{layer} of {layers} activations, {seconds:.0} s"));
        }
    })?;
    let Some(made) = &answer.certified else {
        let words = verdict(&answer.loaded.network, &answer.comparison);
        let words = notes(&answer.loaded.said, &answer.input_said) + &words;
        output(None, &format!("{words}\nnothing to certify\n"))?;
        return Ok(ExitCode::FAILURE);
    };
    write_atomically(&network, &made.network)?;
    write_atomically(&input, &made.input)?;
    write_atomically(&a.output, &made.certificate)?;
    let said = notes(&answer.loaded.said, &answer.input_said);
    output(None, &format!("{said}{}\n", made.statement))?;
    Ok(if made.stays {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn noise(a: &Arguments) -> Result<Noise> {
    let envelope = match a.envelope.as_slice() {
        [] => None,
        [tau, zone] => Some((tau.clone(), zone.clone())),
        _ => return Err(Error::domain("--envelope takes two numbers: TAU,ZONE")),
    };
    Ok(Noise {
        levels: a.noise.request(),
        error_model: match a.error_model.as_str() {
            "relu_within" => ErrorModel::ReluWithin,
            _ => ErrorModel::ExactCentre,
        },
        envelope,
        margins: a.targets == "margins",
    })
}
