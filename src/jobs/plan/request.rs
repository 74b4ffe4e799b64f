//! What is asked of a plan.

use crate::ckks::parameters::Parameters;
use crate::jobs::cache;
use crate::jobs::network::{InputFile, Model};
use crate::plan::levels::Objective;
use rug::Rational;
use std::path::PathBuf;

/// A network, inputs, and what is wanted of its encrypted twin.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The file of samples: some choose the plan, others say what it is worth.
    pub input: InputFile,
    /// Labels: .npy, one number for each sample.
    pub labels: Option<PathBuf>,
    /// What the twin is to keep, on the samples that choose.
    pub goal: Goal,
    /// What is to be least.
    pub objective: Objective,
    /// A built-in cost profile's name, or a file (polycert-profile/1).
    pub profile: String,
    /// The kinds of polynomials that may stand at an activation.
    pub designs: Kinds,
    /// So many samples choose; half of them if none.
    pub select: Option<usize>,
    /// So many others state; all that are left if none.
    pub state: Option<usize>,
    /// Which of them: another seed, another choice.
    pub seed: u64,
    /// B of each activation is this times the greatest |input| that was seen.
    pub margin: Rational,
    /// Greatest level that is used, if not all of the profile's.
    pub levels: Option<usize>,
    /// Compare with one composite of so many bits everywhere; with the cheapest that does what is wanted if none.
    pub compare: Option<u32>,
    /// 1 - confidence of the intervals.
    pub risk: f64,
    /// Threads; all cores if none.
    pub threads: Option<usize>,
    /// Write a checked certificate for so many of the samples that state.
    pub certify: usize,
    /// So many of the samples that state, those with the least margins, are bounded under noise.
    pub margins: usize,
    /// Certify each activation on ciphertexts, and hold its noise against what the least margins stand.
    pub encryption: Option<Encryption>,
    /// Folder to write.
    pub output: PathBuf,
    /// Folder that keeps the error curves of composites.
    pub cache: Option<PathBuf>,
    /// What made it, to be named in the result.
    pub command: String,
}

/// What activations are evaluated under.
#[derive(Debug, Clone)]
pub struct Encryption {
    /// The parameters; a level of the plan is a level of their chain.
    pub parameters: Parameters,
    /// Bounds hold but for 2^-k for each ciphertext that goes through an activation; 1 to 80.
    pub k: u32,
}

/// What the twin is to keep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// The class, on this share of the inputs.
    Agreement(f64),
    /// This share of every margin, on all inputs.
    Margin(f64),
    /// Every logit to within this, on all inputs.
    Logits(f64),
}

impl Goal {
    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Agreement(share) => format!("the class stays on {share} of the inputs"),
            Self::Margin(share) => format!("{share} of every margin is left"),
            Self::Logits(most) => format!("every logit stays within {most}"),
        }
    }
}

/// Kinds of polynomials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// x (1 + p(x/B))/2 with a composite p of sign.
    pub composite: bool,
    /// Minimax polynomials of the function itself.
    pub direct: bool,
}

impl Request {
    /// A plan with the defaults: all designs, half of the samples choose, B half as large again as what was seen.
    pub fn new(model: Model, input: InputFile, output: impl Into<PathBuf>) -> Self {
        Self {
            model,
            input,
            labels: None,
            goal: Goal::Agreement(1.0),
            objective: Objective::Cost,
            profile: "own".to_owned(),
            designs: Kinds {
                composite: true,
                direct: true,
            },
            select: None,
            state: None,
            seed: 1,
            margin: Rational::from((3, 2)),
            levels: None,
            compare: None,
            risk: 0.05,
            threads: None,
            certify: 0,
            margins: 4,
            encryption: None,
            output: output.into(),
            cache: cache::folder(),
            command: "polycert plan".to_owned(),
        }
    }
}
