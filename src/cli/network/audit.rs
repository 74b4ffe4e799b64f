//! `polycert network audit`: the verdict on every sample of a data set.

use crate::cli::network::setup::{
    notes, InputArguments, ModelArguments, NoiseArguments, PrecisionArguments, ReferenceArguments,
    TwinArguments,
};
use crate::cli::progress::Clock;
use crate::cli::terminal::{note, output, quoted};
use crate::error::Result;
use crate::jobs::network::audit::{audit, merge, shard, Progress, Request, Share};
use serde_json::json;
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
///
/// On several machines: the same command with --shard 1/N to --shard N/N on each, and with --merge N at last. Shards are written
/// beside the result, as FILE.shard-I-of-N, where the merge finds them; it writes what one run without either writes, byte for byte.
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
    /// Only every N-th sample from the I-th on, from 1, written to FILE.shard-I-of-N; --csv is left to --merge. Exit code 0 once it
    /// is written, whatever is found.
    #[arg(long, value_name = "I/N", conflicts_with = "merge")]
    shard: Option<Share>,
    /// Join the N shards of this command, FILE.shard-1-of-N to FILE.shard-N-of-N, instead of evaluating samples.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    merge: Option<u16>,
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
    let words: Vec<String> = shared(std::env::args().skip(1))
        .map(|w| quoted(&w))
        .collect();
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
    let told = |at: Progress| match at {
        Progress::NoSensitivities(e) => note(&format!("no sensitivities: {e}")),
        Progress::Kept { kept, of } => {
            note(&format!(
                "{kept} of {of} samples are in the journal already"
            ));
        }
        Progress::Done { done, of } => clock.show(done, of),
    };
    if let Some(share) = a.shard {
        return part(&request, share, a.json, &told);
    }
    let answer = match a.merge {
        Some(of) => merge(&request, of.into())?,
        None => audit(&request, &told)?,
    };
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

/// The words that all shards, their merge and a run of all samples have in common: they make one result.
fn shared(words: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut value = false;
    words.filter(move |word| {
        if std::mem::take(&mut value) {
            return false;
        }
        let (name, joined) = match word.split_once('=') {
            Some((name, _)) => (name, true),
            None => (word.as_str(), false),
        };
        let ours = ["--shard", "--merge"].contains(&name);
        value = ours && !joined;
        !ours
    })
}

/// One shard.
fn part(
    request: &Request,
    share: Share,
    as_json: bool,
    told: &(dyn Fn(Progress) + Sync),
) -> Result<ExitCode> {
    let made = shard(request, share, told)?;
    let (file, s) = (made.file.display(), &made.summary);
    if let Some(count) = made.certificates {
        note(&format!(
            "{count} certificates, each verified by the independent checker"
        ));
    }
    let text = if as_json {
        let (shard, of, file) = (share.index(), share.of(), file.to_string());
        let all = json!({"shard": shard, "of": of, "file": file, "kept": made.kept, "summary": s});
        format!("{all:#}\n")
    } else {
        let there = if made.kept {
            "is there already"
        } else {
            "is written"
        };
        format!(
            "{share}: the same class on {} of {} samples; {file} {there}\n\
             once all are: the same command with --merge {of} instead of --shard {index}/{of}\n",
            s.same,
            s.samples,
            of = share.of(),
            index = share.index()
        )
    };
    output(None, &text)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::shared;

    #[test]
    fn what_a_command_is_called_has_no_shard() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for line in [
            "network audit n --shard 1/2 -o a",
            "network audit n -o a --shard=2/2",
            "network audit --merge 2 n -o a",
            "network audit n -o a --merge=2",
        ] {
            let left: Vec<String> = shared(words(line).into_iter()).collect();
            assert_eq!(left, words("network audit n -o a"), "{line}");
        }
    }
}
