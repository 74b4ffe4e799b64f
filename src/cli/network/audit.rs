//! `polycert network audit`: the verdict on every sample of a data set.

use crate::cli::network::setup::{
    notes, InputArguments, ModelArguments, NoiseArguments, PrecisionArguments, ReferenceArguments,
    TwinArguments,
};
use crate::cli::progress::Clock;
use crate::cli::terminal::{note, output, quoted};
use crate::error::Result;
use crate::jobs::network::audit::{audit, Progress, Request};
use std::path::PathBuf;
use std::process::ExitCode;

/// On how many samples of a data set the polynomial twin is proved to answer as the network does.
///
/// A network whose activations are polynomials already takes no table: counted is then on how many samples its class is
/// proved, or, with --reference, proved to be that of another network.
///
/// Every sample is evaluated as by `network evaluate`; with levels of noise (--worst, --sigma, --evaluation) also
/// bounded as by `network deviate`, which costs a backward row for every neuron. For every layer it estimates,
/// to first order, how much its noise moves the margins, and so the precision that the layer needs.
///
/// Results go to a journal sample by sample; an interrupted run goes on from it when started again with the
/// same settings. Exit code 0 only if the class is proved to stay on every sample, and at every level.
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
    noise: NoiseArguments,
    #[command(flatten)]
    precision: PrecisionArguments,
    /// Leave out how sensitive the margins are to each layer (an estimate): a backward pass a sample.
    #[arg(long)]
    no_sensitivities: bool,
    /// Labels: .npy, one number for each sample.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// First sample, from 0.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// Number of samples (all that follow, if left out).
    #[arg(long)]
    count: Option<usize>,
    /// Threads (all cores if left out).
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// 1 - confidence of the Clopper-Pearson interval.
    #[arg(long, default_value_t = 0.05)]
    risk: f64,
    /// Result to write, JSON with every sample. Its journal is FILE.journal.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// One line for each sample as CSV, with each layer's range and sensitivity.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also write a certificate to DIR for each sample whose class is the same (without noise), verified by the independent
    /// checker, and DIR/manifest.json, which lists them with their digests.
    #[arg(long, value_name = "DIR")]
    certificates: Option<PathBuf>,
    /// Print the summary as JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).map(|w| quoted(&w)).collect();
    let request = Request {
        model: a.model.request(),
        twin: a.twin.request()?,
        reference: a.reference.request(),
        input: a.input.request()?,
        noise: a.noise.request(),
        sensitivities: !a.no_sensitivities,
        labels: a.labels.clone(),
        from: a.from,
        count: a.count,
        only: None,
        threads: a.threads.map(usize::from),
        risk: a.risk,
        most_bits: a.precision.most_bits,
        output: a.output.clone(),
        csv: a.csv.clone(),
        certificates: a.certificates.clone(),
        command: format!("polycert {}", words.join(" ")),
    };
    let clock = Clock::new();
    let answer = audit(&request, &|at| match at {
        Progress::NoSensitivities(e) => note(&format!("no sensitivities: {e}")),
        Progress::Kept { kept, of } => {
            note(&format!(
                "{kept} of {of} samples are in the journal already"
            ));
        }
        Progress::Done { done, of } => clock.show(done, of),
    })?;
    if let Some(made) = &answer.certificates {
        note(&format!(
            "{} certificates, each verified by the independent checker",
            made.count
        ));
        for (sample, why) in made.without.iter().take(5) {
            note(&format!("sample {sample}: no certificate: {why}"));
        }
    }
    let text = if a.json {
        format!("{:#}\n", answer.report)
    } else {
        notes(&answer.loaded.said, &answer.input_said) + &answer.told().words()
    };
    output(None, &text)?;
    Ok(if answer.stays() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
