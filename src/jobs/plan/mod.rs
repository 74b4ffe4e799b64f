//! Plan: from a network to a precision budget, its statement proved on inputs that did not choose it.
//!
//! | file | what |
//! |---|---|
//! | `request` | what is asked |
//! | `split` | which samples choose, which state |
//! | `layers` | the activations, what they see, B |
//! | `designs`, `response` | the polynomials that may stand there; in plain f64 |
//! | `effects` | what each does to the margins |
//! | `choose` | designs, levels, bootstraps |
//! | `solve` | all of these, one after the other |
//! | `infeasible` | why there is no plan, and what would help |
//! | `uniform` | one design everywhere, for comparison |
//! | `noise` | what noise the least margins stand |
//! | `closing` | what activations add on ciphertexts, held against that |
//! | `ciphertexts` | the same of one design everywhere, and what both rest on |
//! | `described` | what a manifest says of it |
//! | `folder` | tables, certificates |
//! | `manifest` | the manifest, checked |
//! | `rows`, `progress` | what answers and progress are made of |
//! | `answer` | what it comes to |

mod answer;
mod choose;
mod ciphertexts;
mod closing;
mod described;
mod designs;
mod effects;
mod folder;
mod infeasible;
mod layers;
mod manifest;
mod noise;
mod progress;
mod request;
mod response;
mod rows;
mod solve;
mod split;
mod uniform;

pub use crate::ckks::parameters::{Literal, Parameters};
pub use crate::plan::levels::Objective;
pub use answer::{seconds, Answer};
pub use choose::Found;
pub use ciphertexts::{Closing, UniformClosing};
pub use closing::{Budget, Evaluated, Needed, Proved};
pub use designs::Design;
pub use folder::Certified;
pub use layers::Layer;
pub use progress::Progress;
pub use request::{Encryption, Goal, Kinds, Request};
pub use rows::{Row, Stood, Uniform};
pub use solve::Solved;
pub use split::Split;

use crate::error::{Error, Result};
use crate::files::{refuse_overwriting, replaced_in};
use crate::jobs::network::audit;
use crate::jobs::network::{NoiseLevels, Polynomials};
use crate::network::audit::clopper_pearson::LEAST_RISK;
use crate::network::forward::compare::MOST_BITS;
use rug::Rational;
use std::path::PathBuf;

/// A plan, or why there is none and what would help.
#[derive(Debug)]
pub enum Outcome {
    /// A plan.
    Planned(Box<Answer>),
    /// None, with the cures that were found.
    Infeasible(Infeasible),
}

pub use infeasible::{Cure, Infeasible};

/// Plans a network's encrypted twin: a polynomial and B for each activation, levels and bootstraps, and what is proved of it.
///
/// The samples are split by a seed: some choose, the others state. Results are written to the folder of the request.
///
/// **Guarantee** errors of polynomials; on the samples that state the verdict on each, and the intervals, for samples drawn
/// independently. Levels fit, where a linear layer takes one. *Estimate*: that it is the cheapest, what it costs, and that it does what is wanted on the
/// samples that choose.
///
/// # Errors
/// Files that cannot be read or do not fit together, too few samples, layers without designs or costs, a profile that lacks
/// an operation.
pub fn plan(request: &Request, progress: &(dyn Fn(Progress) + Sync)) -> Result<Outcome> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(request.threads.unwrap_or(0));
    let pool = pool.build().map_err(|e| Error::domain(e.to_string()))?;
    pool.install(|| planned(request, progress))
}

fn planned(request: &Request, progress: &(dyn Fn(Progress) + Sync)) -> Result<Outcome> {
    check(request)?;
    refuse_losses(request)?;
    let solved = solve::solve(request, progress)?;
    let Some(found) = solved.found.clone() else {
        return infeasible::infeasible(request, &solved, progress).map(Outcome::Infeasible);
    };
    let mut rows = solved.rows(&found);
    let twin = folder::tables(request, &mut rows, progress)?;
    let evaluated = match &request.encryption {
        Some(encryption) => Some(closing::evaluate(request, encryption, &rows, progress)?),
        None => None,
    };
    let asked = |output: &str, only: Vec<usize>| audit::Request {
        model: request.model.clone(),
        twin: twin.clone(),
        reference: None,
        input: request.input.clone(),
        noise: NoiseLevels::default(),
        sensitivities: false,
        labels: request.labels.clone(),
        from: 0,
        count: None,
        only: Some(only),
        threads: request.threads,
        risk: request.risk,
        most_bits: MOST_BITS,
        output: request.output.join(output),
        csv: None,
        certificates: None,
        command: request.command.clone(),
    };
    let told = |p: audit::Progress| progress(Progress::Audit(p));
    let stated = audit::audit(&asked(folder::AUDIT, solved.split.stated.clone()), &told)?;
    let mut certified = Vec::new();
    if request.certify > 0 {
        let same = stated.records.iter().filter(|r| r.verdict == "same");
        let first: Vec<usize> = same.map(|r| r.sample).take(request.certify).collect();
        if !first.is_empty() {
            progress(Progress::Step(format!("{} certificates", first.len())));
            let asked = audit::Request {
                certificates: Some(request.output.join(folder::CERTIFICATES)),
                ..asked(folder::CERTIFIED, first)
            };
            audit::audit(&asked, &told)?;
            certified = folder::adopt(&request.output)?;
        }
    }
    let least = noise::least_margins(&stated.records, request.margins);
    let activations = solved.loaded.network.activations().len();
    let stands = |levels: &noise::Levels, twin: &Polynomials, output: &str, words: &str| {
        if least.is_empty() {
            return Ok(None);
        }
        progress(Progress::Step(format!(
            "noise on {} samples{words}",
            least.len()
        )));
        let asked = audit::Request {
            noise: levels.noise(),
            twin: twin.clone(),
            ..asked(output, least.clone())
        };
        noise::stood(&asked, levels, &told).map(Some)
    };
    let proved = evaluated.as_deref().and_then(closing::bounds);
    let levels = noise::Levels::of_rows(&rows, activations, proved.as_deref());
    let stood = stands(&levels, &twin, folder::NOISE, "")?;
    let closing = match (&request.encryption, evaluated) {
        (Some(encryption), Some(evaluated)) => {
            let uniform = |twin: &Polynomials, proved: Option<&Rational>| {
                let levels = noise::Levels::of_one(activations, proved);
                let words = ", one design everywhere";
                stands(&levels, twin, ciphertexts::UNIFORM_NOISE, words)
            };
            let stood = stood.as_ref();
            Some(ciphertexts::closing(
                request,
                (encryption, &rows, evaluated, stood),
                solved.uniform.as_ref(),
                &uniform,
            )?)
        }
        _ => None,
    };
    let mut answer = Answer {
        goal: request.goal,
        rows,
        found,
        audit: stated,
        certified,
        stood,
        closing,
        risk: request.risk,
        manifest: serde_json::Value::Null,
        solved,
    };
    let told = |step: &str| progress(Progress::Step(format!("check: {step}")));
    answer.manifest = manifest::write(request, &answer, &mut { told })?;
    Ok(Outcome::Planned(Box::new(answer)))
}

/// What is written is not read by this plan.
fn refuse_losses(request: &Request) -> Result<()> {
    let mut inputs = request.model.files();
    inputs.push(request.input.file.clone());
    inputs.extend(request.labels.clone());
    inputs.push(request.profile.clone().into());
    let mut written = vec![
        request.output.join(folder::PLAN),
        request.output.join(folder::NETWORK),
    ];
    for part in folder::PARTS {
        written.extend(replaced_in(&request.output.join(part), folder::is_ours));
    }
    refuse_overwriting(
        written.iter().map(PathBuf::as_path),
        inputs.iter().map(PathBuf::as_path),
    )
}

fn check(request: &Request) -> Result<()> {
    if !(request.risk >= LEAST_RISK && request.risk < 1.0) {
        return Err(Error::domain(format!(
            "--risk is from {LEAST_RISK:e} to 1, not {}",
            request.risk
        )));
    }
    let wrong = match request.goal {
        Goal::Agreement(share) => !(share > 0.0 && share <= 1.0),
        Goal::Margin(share) => !(0.0..=1.0).contains(&share),
        Goal::Logits(most) => !(most > 0.0 && most.is_finite()),
    };
    if wrong {
        return Err(Error::domain(
            "--agreement and --margin are shares, above 0 and at most 1; --logits is above 0",
        ));
    }
    if request.encryption.is_some() && request.margins == 0 {
        return Err(Error::domain(
            "the noise of ciphertexts is held against what the least margins stand: --margins is 1 at least beside --preset",
        ));
    }
    Ok(())
}
