//! Evaluate: a network and its polynomial twin on one input, with proved enclosures.

use crate::error::Result;
use crate::jobs::network::inputs::InputFile;
use crate::jobs::network::model::Model;
use crate::jobs::network::preparation;
use crate::jobs::network::reference;
use crate::jobs::network::twin::Polynomials;
use crate::network::forward::compare::{Both, Comparison, Precision};
use crate::network::forward::twin::Twin;
use crate::network::forward::Prepared;
use crate::network::read::load::Loaded;

/// A network, its twin, and one input.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials of the twin.
    pub twin: Polynomials,
    /// A network that the twin is held against, instead of its own with ReLU; on the same prepared input.
    pub reference: Option<Model>,
    /// The file of samples.
    pub input: InputFile,
    /// Which of them, from 0.
    pub sample: usize,
    /// Most bits of the evaluations ([`crate::network::forward::compare::MOST_BITS`]).
    pub most_bits: u32,
}

/// What was proved of both.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The network.
    pub loaded: Loaded,
    /// Its twin.
    pub twin: Twin,
    /// SHA-256 of the file of samples.
    pub input_sha256: String,
    /// How its numbers became inputs, what was assumed and what looks forgotten: to be said with every answer.
    pub input_said: Vec<String>,
    /// Enclosures of all logits and of every activation's input, and the verdict.
    pub comparison: Comparison,
}

/// Evaluates a network and its polynomial twin on one input; a network whose activations are polynomials already alone, or
/// beside a reference.
///
/// **Guarantee** both over the reals, in ball arithmetic: every logit, and the range of every activation's
/// input; verdict `Same` only if the two are proved to answer the same class.
/// **Cost** that of two evaluations in pairs of f64 with their errors, and in fixed point where these do not decide.
///
/// # Errors
/// Files that cannot be read or do not fit together.
///
/// ```
/// use polycert::jobs::network::{evaluate, InputFile, Model, Polynomials};
///
/// let at = |file: &str| format!("{}/certificates/{file}", env!("CARGO_MANIFEST_DIR"));
/// let answer = evaluate::evaluate(&evaluate::Request {
///     model: Model::new(at("networks/fashion/network.safetensors")),
///     twin: Polynomials::new(at("relu13.json"), 20),
///     reference: None,
///     input: InputFile::new(at("networks/fashion/images.npy")),
///     sample: 0,
///     most_bits: 1_024,
/// })?;
/// assert_eq!(answer.comparison.verdict.word(), "same");
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn evaluate(request: &Request) -> Result<Answer> {
    let mut loaded = request.model.load()?;
    let twin = request.twin.load(&loaded.network)?;
    let reference = reference::load(request.reference.as_ref(), &mut loaded)?;
    let inputs = request.input.load(&loaded)?;
    let x = inputs.point(request.sample)?;
    let prepared = Prepared::new(&loaded.network).map_err(|e| e.in_file(&request.model.network))?;
    let meant = reference.as_ref().map(|r| Prepared::new(&r.network));
    let meant = meant.transpose()?;
    let precision = Precision::PAIRS.up_to(request.most_bits);
    let both = Both {
        prepared: &prepared,
        polynomials: &twin.activations,
        reference: meant.as_ref(),
    };
    let comparison = both.compare(x.given(), precision)?;
    let input_said = preparation::said(&inputs, &loaded.network, [request.sample])?;
    Ok(Answer {
        input_said,
        loaded,
        twin,
        input_sha256: inputs.sha256,
        comparison,
    })
}
