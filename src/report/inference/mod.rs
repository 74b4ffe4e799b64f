//! The page about an encrypted network: its program, and what it decrypts to on inputs.
//!
//! | module | what |
//! |---|---|
//! | [`figures`] | levels over the steps, noise by step, margins against bounds, seconds by step |
//! | [`page`] | the page |

pub mod figures;
pub mod page;

use crate::arith::number;
use crate::error::{Error, Result};
use rug::Rational;
use serde::Deserialize;

/// An evaluation behind steps.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// B.
    pub b: Rational,
    /// The reach.
    pub within: Rational,
    /// `bound` of what its input is off.
    pub bound_off: Rational,
    /// `bound` of its noise.
    pub bound_noise: Rational,
    /// Whether its input is refreshed.
    pub refreshed: bool,
    /// The level of its result.
    pub leaves: usize,
}

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// The values that it reads.
    pub reads: Vec<usize>,
    /// Channels, rows, columns, and the gap.
    pub layout: [usize; 4],
    /// The level of its maps.
    pub level: usize,
    /// The number of its evaluation; none of the result.
    pub evaluation: Option<usize>,
}

/// A logit of an input.
#[derive(Debug, Clone)]
pub struct Logit {
    /// The twin's enclosure.
    pub bound_twin: (Rational, Rational),
    /// `bound` of how far the decrypted one is from the twin's.
    pub bound_moves: Rational,
    /// The decrypted one, if it was run.
    pub measure_decrypted: Option<Rational>,
}

/// An input.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The certificate's file.
    pub file: String,
    /// The class.
    pub class: usize,
    /// The logits.
    pub logits: Vec<Logit>,
    /// For each other logit `bound` of how far the class's difference to it is from the twin's.
    pub bound_margins: Vec<Rational>,
    /// The checker's words.
    pub said: String,
}

impl Sample {
    /// The least difference of the class's logit to another's by the twin's enclosures, and how far that one moves at most.
    #[must_use]
    pub fn least(&self) -> Option<(Rational, &Rational)> {
        let own = &self.logits.get(self.class)?.bound_twin.0;
        let others = (self.logits.iter().enumerate()).filter(|(j, _)| *j != self.class);
        let margins = others.map(|(_, l)| Rational::from(own - &l.bound_twin.1));
        margins
            .zip(&self.bound_margins)
            .min_by(|a, b| a.0.cmp(&b.0))
    }
}

/// What steps took in a run.
#[derive(Debug, Clone)]
pub struct Took {
    /// The layer.
    pub layer: String,
    /// Seconds.
    pub measure_seconds: f64,
    /// Most memory so far, in bytes.
    pub measure_peak_bytes: Option<u64>,
}

/// An encrypted network.
#[derive(Debug, Clone)]
pub struct Encrypted {
    /// But for 2^-k.
    pub k: u32,
    /// log2 of the values of a ciphertext.
    pub log_values: u32,
    /// The level of the encrypted input.
    pub input_level: usize,
    /// The evaluations.
    pub evaluations: Vec<Evaluation>,
    /// The steps.
    pub steps: Vec<Step>,
    /// `bound` of what the result is off.
    pub bound_error: Rational,
    /// The inputs.
    pub samples: Vec<Sample>,
    /// What a run took, step by step; none without one.
    pub took: Vec<Took>,
    /// The checker's words about the program.
    pub said: String,
    /// Digests of the program and of the exact network.
    pub sha256: [String; 2],
}

#[derive(Deserialize)]
struct RawProgram {
    network_sha256: String,
    log_values: String,
    k: String,
    input: RawInput,
    steps: Vec<RawStep>,
    error: String,
    evaluations: Vec<RawEvaluation>,
}

#[derive(Deserialize)]
struct RawInput {
    level: String,
}

#[derive(Deserialize)]
struct RawStep {
    level: String,
    layout: Vec<String>,
    terms: Vec<(String, String)>,
    evaluation: Option<String>,
}

#[derive(Deserialize)]
struct RawEvaluation {
    input: String,
    within: Option<String>,
    noise: String,
    nodes: Vec<Vec<String>>,
    output: String,
    certificate: RawCertificate,
}

#[derive(Deserialize)]
struct RawCertificate {
    claims: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawSample {
    margins: Vec<String>,
    logits: Vec<String>,
    decrypted: Option<Vec<String>>,
    deviation: RawDeviation,
}

#[derive(Deserialize)]
struct RawDeviation {
    class: String,
    twin_logits: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct RawRun {
    samples: Vec<RawRunSample>,
}

#[derive(Deserialize)]
struct RawRunSample {
    encrypted: Option<RawMeasured>,
}

#[derive(Deserialize)]
struct RawMeasured {
    steps: Vec<RawTook>,
}

#[derive(Deserialize)]
struct RawTook {
    layer: String,
    measure_seconds: f64,
    measure_peak_bytes: Option<u64>,
}

fn rational(text: &str) -> Result<Rational> {
    number::parse(text).map_err(|e| Error::parse("", e.to_string()))
}

fn count<T: std::str::FromStr>(text: &str) -> Result<T> {
    let wrong = || Error::parse("", format!("{text:?} is no count"));
    text.parse().map_err(|_| wrong())
}

fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::parse("", e.to_string()))
}

impl Encrypted {
    /// Reads a program that the checker has verified, with its words.
    ///
    /// # Errors
    /// What is not of the format.
    pub fn read(text: &str, said: String, sha256: String) -> Result<Self> {
        let raw: RawProgram = json(text)?;
        Ok(Self {
            k: count(&raw.k)?,
            log_values: count(&raw.log_values)?,
            input_level: count(&raw.input.level)?,
            evaluations: (raw.evaluations.iter())
                .map(Evaluation::read)
                .collect::<Result<_>>()?,
            steps: raw.steps.iter().map(Step::read).collect::<Result<_>>()?,
            bound_error: rational(&raw.error)?,
            samples: Vec::new(),
            took: Vec::new(),
            said,
            sha256: [sha256, raw.network_sha256],
        })
    }

    /// Adds an inference that the checker has verified.
    ///
    /// # Errors
    /// What is not of the format.
    pub fn add(&mut self, file: String, text: &str, said: String) -> Result<()> {
        let raw: RawSample = json(text)?;
        let decrypted = raw.decrypted.unwrap_or_default();
        let logits = raw
            .deviation
            .twin_logits
            .iter()
            .zip(&raw.logits)
            .enumerate();
        let logit = |(j, ((lo, hi), moves)): (usize, (&(String, String), &String))| {
            Ok(Logit {
                bound_twin: (rational(lo)?, rational(hi)?),
                bound_moves: rational(moves)?,
                measure_decrypted: decrypted.get(j).map(|x| rational(x)).transpose()?,
            })
        };
        self.samples.push(Sample {
            file,
            class: count(&raw.deviation.class)?,
            logits: logits.map(logit).collect::<Result<_>>()?,
            bound_margins: (raw.margins.iter())
                .map(|m| rational(m))
                .collect::<Result<_>>()?,
            said,
        });
        Ok(())
    }

    /// Adds what a run took: the answer of `network encrypt --json`, its first sample that was run. Others are left.
    ///
    /// # Errors
    /// What is not of that form.
    pub fn took(&mut self, text: &str) -> Result<()> {
        let raw: RawRun = json(text)?;
        let mut runs = raw.samples.into_iter().filter_map(|s| s.encrypted);
        if let Some(run) = runs.find(|r| r.steps.len() == self.steps.len()) {
            let one = |t: RawTook| Took {
                layer: t.layer,
                measure_seconds: t.measure_seconds,
                measure_peak_bytes: t.measure_peak_bytes,
            };
            self.took = run.steps.into_iter().map(one).collect();
        }
        Ok(())
    }

    /// The name of a step: its layer's, where a run told it.
    #[must_use]
    pub fn name(&self, step: usize) -> String {
        let took = self.took.get(step);
        took.map_or_else(|| format!("step {}", step + 1), |t| t.layer.clone())
    }

    /// Steps that are refreshed.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        let all = self.steps.iter().filter_map(|s| s.evaluation);
        all.filter(|&i| self.evaluations.get(i).is_some_and(|e| e.refreshed))
            .count()
    }

    /// The evaluation behind a step.
    #[must_use]
    pub fn behind(&self, step: &Step) -> Option<&Evaluation> {
        self.evaluations.get(step.evaluation?)
    }
}

impl Evaluation {
    fn read(raw: &RawEvaluation) -> Result<Self> {
        let (kind, off) = raw.input.split_once(':').unwrap_or((&raw.input, "0"));
        let claims = raw.certificate.claims.iter().rev();
        let scale = claims.filter_map(|c| c["scale"].as_str()).next();
        let b = rational(scale.unwrap_or("1"))?;
        Ok(Self {
            within: raw.within.as_deref().map_or(Ok(b.clone()), rational)?,
            bound_off: rational(off)?,
            bound_noise: rational(&raw.noise)?,
            refreshed: kind == "refreshed",
            leaves: level(&raw.nodes, count(&raw.output)?)?,
            b,
        })
    }
}

/// The level of a node.
fn level(nodes: &[Vec<String>], output: usize) -> Result<usize> {
    let mut levels: Vec<usize> = Vec::with_capacity(nodes.len());
    for node in nodes.iter().take(output.saturating_add(1)) {
        let word = |i: usize| node.get(i).map_or("", String::as_str);
        let before = |levels: &[usize]| -> Result<usize> {
            let at: usize = count(word(1))?;
            let known = levels.get(at).copied();
            known.ok_or_else(|| Error::parse("nodes", "an operand is missing"))
        };
        levels.push(match word(0) {
            "input" => count(word(1))?,
            "drop" => count(word(2))?,
            "rescale" => before(&levels)?.saturating_sub(1),
            _ => before(&levels)?,
        });
    }
    let last = levels.get(output).copied();
    last.ok_or_else(|| Error::parse("output", "there is no such node"))
}

impl Step {
    fn read(raw: &RawStep) -> Result<Self> {
        let mut layout = [0; 4];
        for (at, text) in layout.iter_mut().zip(&raw.layout) {
            *at = count(text)?;
        }
        Ok(Self {
            reads: (raw.terms.iter())
                .map(|t| count(&t.0))
                .collect::<Result<_>>()?,
            layout,
            level: count(&raw.level)?,
            evaluation: raw.evaluation.as_deref().map(count).transpose()?,
        })
    }

    /// The layout in words.
    #[must_use]
    pub fn slots(&self) -> String {
        let [c, h, w, gap] = self.layout;
        match gap {
            1 => format!("{c}\u{d7}{h}\u{d7}{w}"),
            _ => format!("{c}\u{d7}{h}\u{d7}{w}, gap {gap}"),
        }
    }
}
