//! Schedule: what running a network on ciphertexts takes, before anything is encrypted.

use crate::error::Result;
use crate::jobs::network::compiled::{Chosen, Compiled};
use crate::jobs::network::model::Model;
use crate::jobs::network::twin::Polynomials;

/// A network and how it is run.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials.
    pub polynomials: Polynomials,
    /// The encryption parameters.
    pub parameters: Chosen,
}

/// Compiles a network and lays out its run: levels, bootstraps, keys, memory, and an *estimate* of the time.
///
/// **Cost** seconds for a ResNet-20, and its diagonals in memory.
///
/// # Errors
/// Files that cannot be read, layers that are not run on ciphertexts, more depth or slots than there are.
///
/// ```
/// use polycert::ckks::parameters::{security::Waiver, Literal};
/// use polycert::jobs::network::compiled::Chosen;
/// use polycert::jobs::network::{schedule, Model, Polynomials};
///
/// let at = |file: &str| format!("{}/certificates/{file}", env!("CARGO_MANIFEST_DIR"));
/// let compiled = schedule::schedule(&schedule::Request {
///     model: Model::new(at("networks/fashion/network.safetensors")),
///     polynomials: Polynomials::new(at("relu08.json"), 20),
///     parameters: Chosen::Preset { name: "R57".into(), log_n: Some(15), insecure: true },
/// })?;
/// assert_eq!(compiled.program.activations(), 12);
/// assert!(compiled.schedule.levels.refreshes() < 12);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn schedule(request: &Request) -> Result<Compiled> {
    Compiled::new(&request.model, &request.polynomials, &request.parameters)
}
