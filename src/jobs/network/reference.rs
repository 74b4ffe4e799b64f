//! The network that a polynomial one is held against.

use crate::error::{Error, Result};
use crate::jobs::network::model::Model;
use crate::network::model::graph::Network;
use crate::network::read::load::Loaded;

/// Reads the reference of a network, and notes in what is said of that what it is held against.
///
/// **Inputs** both take the same input, prepared as the network's is. The reference keeps its ReLU.
///
/// # Errors
/// What [`Model::load`] refuses; another shape of the input or another number of outputs; a reference that states another
/// preparation of its input.
pub fn load(reference: Option<&Model>, loaded: &mut Loaded) -> Result<Option<Loaded>> {
    let Some(model) = reference else {
        if loaded.network.replaced() == 0 {
            let what = match loaded.network.activations().is_empty() {
                true => "it has no activation",
                false => "its activations are polynomials already",
            };
            loaded.said.push(format!(
                "{what}: it is evaluated alone, and its class is what is proved"
            ));
        }
        return Ok(None);
    };
    let found = model.load()?;
    let named = |detail: String| Error::domain(detail).in_file(&model.network);
    let own = |n: &Network| (n.input_shape(), n.output_shape().len());
    let ((input, outputs), (its, theirs)) = (own(&loaded.network), own(&found.network));
    if input != its || outputs != theirs {
        return Err(named(format!(
            "--reference takes {its} and has {theirs} outputs, the network takes {input} and has {outputs}"
        )));
    }
    if found.states_preprocessing && found.network.preprocessing != loaded.network.preprocessing {
        return Err(named(
            "--reference states another preparation of its input than the network's file"
                .to_owned(),
        ));
    }
    let its = found
        .said
        .iter()
        .map(|said| format!("of the reference: {said}"));
    loaded.said.extend(its);
    loaded.said.push(format!(
        "it is held against the reference {} (file sha256 {}) instead of itself with its ReLU; both get the same prepared input",
        found.network.name, found.sha256
    ));
    Ok(Some(found))
}
