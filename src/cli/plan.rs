//! `polycert plan`: from a network to a precision budget.

mod words;

use crate::cli::network::setup::{InputArguments, ModelArguments};
use crate::cli::params;
use crate::cli::progress::{Clock, Line};
use crate::cli::terminal::{note, output, quoted, rational};
use crate::error::Result;
use crate::jobs::json;
use crate::jobs::network::audit;
use crate::jobs::plan::{plan, Encryption, Goal, Kinds, Outcome, Progress, Request};
use crate::plan::levels::Objective;
use rug::Rational;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

/// Choose a polynomial, B and levels for every activation of a network, and prove what the choice is worth.
///
/// Some of the samples choose: B of each activation is --range-margin times the greatest |input| seen, and designs, levels and
/// bootstraps are the cheapest, by the cost profile (or those of fewest levels, --minimise), with which the twin still does what is wanted (--agreement,
/// --margin or --logits) on these samples. The others state: on each the class is proved to stay or not, and the share
/// of inputs on which it stays is enclosed, for samples drawn independently. A statement about the samples that chose would
/// say nothing of others.
///
/// With --preset (or parameters of your own) each activation's polynomial gets an evaluation certificate, of ciphertexts at
/// the level from which the plan evaluates it, and its noise is held against what the least margins are proved to stand; with
/// --compare that of one design everywhere too. Where it does not close, the layer that binds and the scale that would do are said.
///
/// Levels follow from an exact dynamic programme over the graph, shortcuts and bootstraps inside composites included. Costs are
/// estimates by a profile, and what the profile assumes is said.
///
/// Writes DIR/plan.json, tables with their certificates, and the audits; what an earlier plan left in these folders goes, and an
/// interrupted audit goes on when the same is asked again. Exit code 0 if the class is proved to stay on every sample that states (with --preset also
/// if the noise closes), 1 if not or if there is no plan; then what would help is listed.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    input: InputArguments,
    /// Labels: .npy, one number for each sample.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The class is to stay on this share of the inputs that choose (1 if no goal is given).
    #[arg(long, value_name = "SHARE", conflicts_with_all = ["margin", "logits"])]
    agreement: Option<f64>,
    /// This share of every margin is to be left on all inputs that choose: a reserve for others.
    #[arg(long, value_name = "SHARE", conflicts_with = "logits")]
    margin: Option<f64>,
    /// Every logit is to stay within this.
    #[arg(long, value_name = "TOL")]
    logits: Option<f64>,
    /// What is to be least: cost by the profile, or the levels of all activations (of equally many the cost).
    #[arg(long, default_value = "cost", value_name = "WHAT", value_parser = ["cost", "levels"])]
    minimise: String,
    /// Cost profile: a built-in one's name, or a file (polycert-profile/1).
    #[arg(long, default_value = "own", value_name = "NAME|FILE")]
    profile: String,
    /// Kinds of polynomials: composite, direct, or both separated by a comma.
    #[arg(long, default_value = "composite,direct", value_name = "KINDS", value_parser = kinds)]
    designs: Kinds,
    /// So many samples choose (half of them if left out).
    #[arg(long, value_name = "N")]
    select: Option<usize>,
    /// So many others state (all that are left if left out).
    #[arg(long, value_name = "M")]
    state: Option<usize>,
    /// Which samples choose and which state.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// B is this times the greatest |input| of the activation on the samples that choose.
    #[arg(long, default_value = "3/2", value_name = "M", value_parser = rational)]
    range_margin: Rational,
    /// Greatest level to use (all of the profile's if left out).
    #[arg(long, value_name = "L")]
    levels: Option<usize>,
    /// Compare the cost with that of one composite of so many bits at every layer (if left out, the cheapest one that does what is
    /// wanted), with the greatest B.
    #[arg(long, value_name = "BITS")]
    compare: Option<u32>,
    /// Also write a checked certificate for so many of the samples that state (46 kB and some seconds each for a ResNet-20).
    #[arg(long, default_value_t = 0, value_name = "N")]
    certify: usize,
    /// Bound so many of the samples that state, those with the least margins, under noise of 2^-16 to 2^-26 B at every
    /// activation (27 s of CPU each for a ResNet-20); 0 for none.
    #[arg(long, default_value_t = 4, value_name = "N")]
    margins: usize,
    #[command(flatten)]
    parameters: params::Chosen,
    /// Bounds of the noise hold but for 2^-K for each ciphertext that goes through an activation.
    #[arg(short, default_value_t = 40, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=80))]
    k: u32,
    /// Why the layer has this design: its range, all its designs, what each would cost and lose. By its name; may be repeated.
    #[arg(long, value_name = "LAYER")]
    explain: Vec<String>,
    /// Threads (all cores if left out).
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// 1 - confidence of the intervals.
    #[arg(long, default_value_t = 0.05)]
    risk: f64,
    /// Folder to write.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// List every layer, not only the first ones of each kind.
    #[arg(long)]
    all: bool,
    /// Print the manifest as JSON instead of text.
    #[arg(long)]
    json: bool,
}

fn kinds(text: &str) -> std::result::Result<Kinds, String> {
    let mut kinds = Kinds {
        composite: false,
        direct: false,
    };
    for word in text.split(',') {
        match word.trim() {
            "composite" => kinds.composite = true,
            "direct" => kinds.direct = true,
            other => return Err(format!("{other:?}: composite or direct, or both")),
        }
    }
    Ok(kinds)
}

impl Arguments {
    fn request(&self) -> Result<Request> {
        let words: Vec<String> = std::env::args().skip(1).map(|w| quoted(&w)).collect();
        let goal = match (self.agreement, self.margin, self.logits) {
            (_, Some(share), _) => Goal::Margin(share),
            (_, _, Some(most)) => Goal::Logits(most),
            (share, _, _) => Goal::Agreement(share.unwrap_or(1.0)),
        };
        let mut request = Request::new(self.model.request(), self.input.request()?, &self.output);
        request.labels.clone_from(&self.labels);
        request.goal = goal;
        request.objective = match self.minimise.as_str() {
            "levels" => Objective::Levels,
            _ => Objective::Cost,
        };
        request.profile.clone_from(&self.profile);
        request.designs = self.designs;
        (request.select, request.state, request.seed) = (self.select, self.state, self.seed);
        request.margin.clone_from(&self.range_margin);
        request.levels = self.levels;
        request.compare = self.compare;
        request.risk = self.risk;
        request.threads = self.threads.map(usize::from);
        (request.certify, request.margins) = (self.certify, self.margins);
        if self.parameters.is_given() {
            request.encryption = Some(Encryption {
                parameters: self.parameters.parameters()?,
                k: self.k,
            });
        }
        request.command = format!("polycert {}", words.join(" "));
        Ok(request)
    }
}

/// Runs the subcommand.
pub fn run(a: &Arguments) -> Result<ExitCode> {
    let request = a.request()?;
    let line = Mutex::new(Line::new());
    let clock = Clock::new();
    let show = |text: &str, end: bool| {
        if let Ok(mut line) = line.lock() {
            line.show(text, end);
        }
    };
    let outcome = plan(&request, &|at| match at {
        Progress::Step(step) => show(&step, false),
        Progress::Samples { step, done, of } => {
            show(&format!("{step}: {done} of {of} samples"), done == of);
        }
        Progress::Tried(tried, ms) => show(
            &format!(
                "{tried} plans tried; the last one {:.1} s (estimate)",
                ms / 1e3
            ),
            false,
        ),
        Progress::Audit(audit::Progress::Kept { kept, of }) => {
            note(&format!(
                "{kept} of {of} samples are in the journal already"
            ));
        }
        Progress::Audit(audit::Progress::Done { done, of }) => clock.show(done, of),
        Progress::Audit(audit::Progress::NoSensitivities(_)) => {}
    })?;
    match outcome {
        Outcome::Infeasible(found) => {
            let text = match a.json {
                true => format!("{:#}\n", json::infeasible(&found)),
                false => words::infeasible(&found),
            };
            output(None, &text)?;
            Ok(ExitCode::FAILURE)
        }
        Outcome::Planned(answer) => {
            let mut text = match a.json {
                true => format!("{:#}\n", answer.manifest),
                false => words::screen(&answer, &a.output, a.all),
            };
            for layer in a.explain.iter().filter(|_| !a.json) {
                text.push_str(&words::explain(&answer, layer)?);
            }
            output(None, &text)?;
            Ok(match answer.stays() && answer.closes() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            })
        }
    }
}
