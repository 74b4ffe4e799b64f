//! `polycert network certify`: the certificate of one input, for the independent checker.

use crate::certificate::network::{certify, Subject};
use crate::certificate::publish::write_atomically;
use crate::cli::network::evaluate::verdict;
use crate::cli::network::setup::{InputArguments, ModelArguments, TwinArguments};
use crate::cli::output;
use crate::error::{Error, Result};
use crate::network::compare::{compare, Precision, Verdict};
use crate::network::evaluate::Prepared;
use crate::network::exact::{input_text, network_text};
use std::path::PathBuf;
use std::process::ExitCode;

/// Certify that a network and its polynomial twin answer the same class on one input.
///
/// Writes three files: OUT, the certificate; OUT.network, the exact network; OUT.input, the exact input.
/// The independent checker evaluates both networks again, in integers:
/// polycert-check --network OUT.network --input OUT.input OUT
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
    let prepared = Prepared::new(network).map_err(|e| e.in_file(&a.model.network))?;
    let comparison = compare(&prepared, &twin.activations, &x, Precision::Double)?;
    if !matches!(comparison.verdict, Verdict::Same(_)) {
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
    let (certificate, report) = certify(&subject, &comparison)?;
    let beside = |end: &str| PathBuf::from(format!("{}.{end}", a.output.display()));
    write_atomically(&beside("network"), &exact_network)?;
    write_atomically(&beside("input"), &exact_input)?;
    write_atomically(&a.output, &certificate)?;
    output(None, &format!("{report}\n"))?;
    Ok(ExitCode::SUCCESS)
}
