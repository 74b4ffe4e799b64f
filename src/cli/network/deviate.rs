//! `polycert network deviate`: what noise at the activations does to the result.

use crate::cli::network::found;
use crate::cli::network::setup::{
    notes, InputArguments, ModelArguments, NoiseArguments, TwinArguments,
};
use crate::cli::terminal::{note, output};
use crate::error::Result;
use crate::jobs::json;
use crate::jobs::network::deviate::{deviate, Request};
use crate::network::rows::subject::Centre;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Prove how far noise at the activations moves the polynomial twin's result, on given inputs.
///
/// Noise levels are in units of each activation's B: --worst is a bound of |noise|; --sigma a sub-Gaussian
/// proxy of independent noise of mean 0, whose bounds hold with probability 1 - 2^-32; --evaluation takes
/// what is proved of an encrypted evaluation. One set of backward rows serves all levels. Beside each proved bound stand what random noise did (observed,
/// measured), the first-order estimate, and what an attack inside the noise reaches (estimate): they tell
/// whether a failure is the method's or the network's.
///
/// With --centre relu the undisturbed network is the plaintext one, and the noise is all that a polynomial
/// may differ from ReLU: any function within it (error model Sup). Without levels there are two: what is
/// proved of the table, its greatest error (sup), and its envelope (error at most tau |z| from a zone
/// on). By default the polynomial itself stands there (error model Exact centre).
///
/// Exit code 0 only if, on every sample, every level leaves the class of the plaintext network.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    twin: TwinArguments,
    #[command(flatten)]
    input: InputArguments,
    /// First sample, from 0.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// Number of samples.
    #[arg(long, default_value_t = 1)]
    count: usize,
    #[command(flatten)]
    noise: NoiseArguments,
    /// What stands undisturbed at the activations: polynomial (Exact centre) or relu (Sup, Envelope).
    #[arg(long, default_value = "polynomial", value_parser = ["polynomial", "relu"])]
    centre: String,
    /// Also print how many bits of noise each layer has to spare: by 2^bits times its stated noise at that layer alone, all others
    /// as stated, the class is proved to stay. Takes some ten times as long as the bounds of a network of twenty layers.
    #[arg(long)]
    budget: bool,
    /// Steps of the attack for each level of --worst; 0 leaves it out.
    #[arg(long, default_value_t = 2)]
    attack: usize,
    /// Threads (all cores if left out).
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let centre = if a.centre == "relu" {
        Centre::Relu
    } else {
        Centre::Polynomial
    };
    let request = Request {
        model: a.model.request(),
        twin: a.twin.request()?,
        input: a.input.request()?,
        from: a.from,
        count: a.count,
        noise: a.noise.request(),
        centre,
        budget: a.budget,
        attack: a.attack,
        threads: a.threads.map(usize::from),
    };
    let answer = deviate(&request, &mut |at| {
        if at.seconds >= 2.0 {
            note(&format!(
                "sample {}: {} of {} activations, {:.0} s",
                at.sample, at.layer, at.layers, at.seconds
            ));
        }
    })?;
    let certified = answer.certified();
    let text = if a.json {
        format!("{:#}\n", json::deviate(&answer, centre))
    } else {
        let mut text = notes(&answer.network_said, &answer.input_said);
        text.extend(
            answer
                .samples
                .iter()
                .map(|s| found::words(s, &answer.layers)),
        );
        let _ = writeln!(
            text,
            "{certified} of {} samples certified at every level",
            a.count
        );
        for (name, rests_on) in answer.rests_on() {
            let _ = writeln!(text, "{name}: {rests_on}");
        }
        text
    };
    output(None, &text)?;
    Ok(if certified == a.count {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
