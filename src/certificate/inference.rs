//! Certificates of encrypted networks: a program whatever the input is, and an inference of one input. The contract is
//! `certificates/INFERENCE.md`.

use crate::arith::mp::short;
use crate::arith::number::write;
use crate::certificate::network::{certify_noise_as, Draft, Judge, Level, Noise, Sample, Subject};
use crate::certificate::network::{ErrorModel, Targets};
use crate::certificate::publish::check_size;
use crate::encrypted::layout::Layout;
use crate::error::{Error, ErrorKind, Result};
use crate::files::sha256;
use crate::network::forward::compare::Comparison;
use polycert_checker::{check_inference, check_program, InferenceOutcome, ProgramOutcome};
use rug::float::Round;
use rug::{Float, Rational};
use serde_json::{json, Value};

/// Significant bits of stated bounds.
const STATED_BITS: u32 = 24;

/// The encrypted input of a program.
#[derive(Debug, Clone)]
pub struct EncryptedInput {
    /// How it is encrypted, by the contract's word.
    pub encryption: &'static str,
    /// Its level.
    pub level: usize,
    /// Its scale.
    pub scale: Rational,
    /// Every element is within this of 0.
    pub bound: Rational,
    /// Its slots.
    pub layout: Layout,
}

/// A step of a program.
#[derive(Debug, Clone)]
pub struct ProgramStep {
    /// The level of its maps.
    pub level: usize,
    /// The slots of its result.
    pub layout: Layout,
    /// The values that it reads, and the baby steps of their maps.
    pub terms: Vec<(usize, usize)>,
    /// The number of the evaluation behind it; or the scale of the result.
    pub behind: std::result::Result<usize, Rational>,
}

/// What a program's certificate states.
#[derive(Debug, Clone)]
pub struct ProgramSubject<'a> {
    /// The exact network's text.
    pub network: &'a str,
    /// Evaluation certificates.
    pub evaluations: &'a [&'a str],
    /// log2 of the values that a ciphertext holds.
    pub log_values: u32,
    /// But for 2^-k in all, and 2^-k of the maps.
    pub k: u32,
    /// The maps' own part.
    pub maps_k: u32,
    /// The input.
    pub input: EncryptedInput,
    /// The steps.
    pub steps: Vec<ProgramStep>,
    /// `bound` of how far the result is from the linear function of what is decrypted before it.
    pub bound_error: Rational,
}

/// The certificate of a program, verified by the independent checker, and the checker's words.
///
/// # Errors
/// [`ErrorKind::SelfCheck`] with the checker's words where it refuses; a document that is too long.
pub fn program(subject: &ProgramSubject) -> Result<(String, String)> {
    let parse = |text: &&str| -> Result<Value> {
        serde_json::from_str(text).map_err(|e| Error::parse("evaluation", e.to_string()))
    };
    let evaluations: Vec<Value> = subject
        .evaluations
        .iter()
        .map(parse)
        .collect::<Result<_>>()?;
    let layout = |l: &Layout| -> Value {
        let all = [
            l.shape.channels,
            l.shape.height,
            l.shape.width,
            l.gap,
            l.grid[0],
            l.grid[1],
        ];
        all.iter().map(usize::to_string).collect()
    };
    let step = |step: &ProgramStep| {
        let term =
            |(value, babies): &(usize, usize)| json!([value.to_string(), babies.to_string()]);
        let mut out = json!({
            "level": step.level.to_string(),
            "layout": layout(&step.layout),
            "terms": step.terms.iter().map(term).collect::<Value>(),
        });
        match &step.behind {
            Ok(evaluation) => out["evaluation"] = json!(evaluation.to_string()),
            Err(scale) => out["scale"] = json!(write(scale)),
        }
        out
    };
    let input = &subject.input;
    let document = json!({
        "format": "polycert-program/1",
        "network_sha256": sha256(subject.network.as_bytes()),
        "log_values": subject.log_values.to_string(),
        "k": subject.k.to_string(),
        "maps_k": subject.maps_k.to_string(),
        "input": {
            "encryption": input.encryption,
            "level": input.level.to_string(),
            "scale": write(&input.scale),
            "bound": write(&input.bound),
            "layout": layout(&input.layout),
        },
        "steps": subject.steps.iter().map(step).collect::<Value>(),
        "error": write(&subject.bound_error),
        "evaluations": evaluations,
    });
    let text = format!("{document}\n");
    check_size(
        &text,
        "fewer reaches of activations (--within) make it shorter",
    )?;
    match check_program(text.as_bytes(), subject.network.as_bytes()) {
        ProgramOutcome::Verified(report) => Ok((text, report.to_string())),
        other => Err(ErrorKind::SelfCheck(other.to_string()).into()),
    }
}

/// What the checker says of a program that is there already.
///
/// # Errors
/// [`ErrorKind::SelfCheck`] with its words where it does not verify it.
pub fn program_said(program: &str, network: &str) -> Result<String> {
    match check_program(program.as_bytes(), network.as_bytes()) {
        ProgramOutcome::Verified(report) => Ok(report.to_string()),
        other => Err(ErrorKind::SelfCheck(other.to_string()).into()),
    }
}

/// What the checker says of an inference that is there already.
///
/// # Errors
/// As [`program_said`].
pub fn inference_said(
    inference: &str,
    program: &str,
    (network, input): (&str, &str),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<String> {
    let files = (network.as_bytes(), input.as_bytes());
    match check_inference(inference.as_bytes(), program.as_bytes(), files, progress) {
        InferenceOutcome::Verified(report) => Ok(report.to_string()),
        other => Err(ErrorKind::SelfCheck(other.to_string()).into()),
    }
}

/// What an inference is about besides its [`Subject`].
#[derive(Debug, Clone)]
pub struct Inference<'a> {
    /// The program's text.
    pub program: &'a str,
    /// `bound` of the program's result, as it is stated there.
    pub bound_error: &'a Rational,
    /// For each activation a bound of its noise, in units of its B.
    pub worst: Vec<Rational>,
    /// What was decrypted, if it was run.
    pub measure_decrypted: Option<&'a [f64]>,
}

/// An inference that the checker has verified.
#[derive(Debug, Clone)]
pub struct Certified {
    /// Its text.
    pub text: String,
    /// The checker's words.
    pub statement: String,
    /// `bound` of how far every decrypted logit is from the twin's.
    pub bound_logits: Vec<Rational>,
    /// `bound` of the same of the differences of the class's logit to the others, in order.
    pub bound_margins: Vec<Rational>,
}

/// The certificate of one input, verified by the independent checker.
///
/// **Cost** that of a deviation certificate: the checker computes every backward row.
///
/// # Errors
/// As [`certify_noise_as`]; a class that the bounds do not decide.
pub fn inference(
    subject: &Subject,
    sample: Sample,
    comparison: &Comparison,
    asked: &Inference,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Certified> {
    let levels = [Level {
        worst: asked.worst.clone(),
        sigma: vec![Rational::new()],
        envelope: None,
    }];
    let noise = Noise {
        model: ErrorModel::ExactCentre,
        levels: &levels,
        targets: Targets::Both,
    };
    let outputs = comparison.network.logits.len();
    let mut last = (Vec::new(), Vec::new());
    let mut draft = |draft: Draft| -> String {
        let deviations = draft.deviations.first().copied().unwrap_or_default();
        let (margins, logits) =
            deviations.split_at(deviations.len().min(outputs.saturating_sub(1)));
        let moved = |list: &[Rational], times: u32| -> Vec<Rational> {
            let more = Rational::from(asked.bound_error * times);
            list.iter()
                .map(|d| above(&Rational::from(d + &more)))
                .collect()
        };
        last = (moved(margins, 2), moved(logits, 1));
        let texts = |list: &[Rational]| -> Value { list.iter().map(write).collect() };
        let mut document = json!({
            "format": "polycert-inference/1",
            "program_sha256": sha256(asked.program.as_bytes()),
            "margins": texts(&last.0),
            "logits": texts(&last.1),
            "deviation": draft.document,
        });
        if let Some(decrypted) = asked.measure_decrypted {
            let exact = decrypted
                .iter()
                .map(|&x| Rational::from_f64(x).unwrap_or_default());
            document["decrypted"] = exact.map(|x| write(&x)).collect();
        }
        format!("{document:#}\n")
    };
    let judge: &mut Judge = &mut |made, progress| {
        let text = draft(made);
        let files = (subject.network.as_bytes(), subject.input.as_bytes());
        match check_inference(text.as_bytes(), asked.program.as_bytes(), files, progress) {
            InferenceOutcome::Verified(report) => Ok((text, report.to_string())),
            InferenceOutcome::Rejected(why) | InferenceOutcome::Unreadable(why) => Err(why),
        }
    };
    let (text, statement, _) =
        certify_noise_as(subject, sample, comparison, &noise, (judge, progress))?;
    Ok(Certified {
        text,
        statement,
        bound_margins: last.0,
        bound_logits: last.1,
    })
}

/// A bound as it is stated.
fn above(x: &Rational) -> Rational {
    short(
        &Float::with_val_round(64, x, Round::Up).0,
        STATED_BITS,
        Round::Up,
    )
}
