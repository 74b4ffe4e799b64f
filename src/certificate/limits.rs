//! What the checker takes of a network, asked before the work instead of behind it.

use crate::certificate::publish::limit;
use crate::error::{Error, Result};
use crate::network::model::graph::Network;
use crate::network::model::ops::Op;
use crate::network::rows::plan::check_passed;
use polycert_checker::NetworkOutcome;

/// Most weights of all layers together, and most elements of all activations.
const MOST: usize = 1 << 24;
/// Most elements of all activations where noise is bounded.
const MOST_UNDER_NOISE: usize = 1 << 21;
/// Most outputs.
const MAX_OUTPUTS: usize = 4_096;
/// Most tables.
const MAX_TABLES: usize = 64;

/// How a network keeps within the checker's limits.
const SMALLER: &str =
    "`polycert network evaluate` and `audit` prove the class without a certificate";

/// Refuses a network that the checker would not read: one that is too large, or that has smooth activations under noise.
///
/// # Errors
/// The limit that is met, and how to go on.
pub fn check_network_limits(network: &Network, tables: usize, noise: bool) -> Result<()> {
    if noise {
        check_passed(network)?;
    }
    let mut smooth = network
        .nodes
        .iter()
        .filter(|n| matches!(n.op, Op::Smooth(_)));
    if let Some(node) = smooth.next().filter(|_| noise) {
        return Err(Error::unsupported(format!(
            "layer {:?} (smooth): certificates bound no noise through smooth activations; leave --worst, --sigma and \
             --evaluation out, or ask `polycert network deviate`",
            node.name
        )));
    }
    let weights = network.parameters();
    let elements = network.nodes.iter().map(|n| n.shape.len());
    let elements = elements.fold(0usize, usize::saturating_add);
    let outputs = network.output_shape().len();
    for (what, size, most) in [
        ("weights", weights, MOST),
        ("elements in all activations", elements, MOST),
        ("outputs", outputs, MAX_OUTPUTS),
        ("tables", tables, MAX_TABLES),
    ] {
        if size > most {
            return Err(limit(&format!("{size} {what}, {most} at most"), SMALLER));
        }
    }
    if noise && elements > MOST_UNDER_NOISE {
        let detail = format!(
            "{elements} elements in all activations, {MOST_UNDER_NOISE} at most under noise"
        );
        let advice = "leave --worst and --sigma away, or ask `polycert network deviate`";
        return Err(limit(&detail, advice));
    }
    Ok(())
}

/// Why the checker refuses a network certificate: a limit, with how to go on, or its own words as they are.
pub(in crate::certificate) fn of_network(outcome: &NetworkOutcome) -> Option<Error> {
    match outcome {
        NetworkOutcome::Rejected(text) => of_words(text),
        _ => None,
    }
}

/// The same of a refusal as it is told.
pub(in crate::certificate) fn of_words(text: &str) -> Option<Error> {
    let detail = text.strip_prefix("limit: ")?;
    Some(limit(detail, SMALLER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::graph::{Builder, Preprocessing};
    use crate::network::model::ops::TensorShape;

    #[test]
    fn a_network_beyond_the_limits_is_refused_with_what_helps() {
        let network = |elements: usize| {
            let mut b = Builder::new(TensorShape::flat(elements)).unwrap();
            let id = b.push("r", Op::Relu { slope: 0.0 }, &[0]).unwrap();
            b.finish("n", id, Preprocessing::default()).unwrap()
        };
        assert!(check_network_limits(&network(4_096), 1, true).is_ok());
        for (elements, tables, said) in [
            (4_097, 1, "4097 outputs, 4096 at most"),
            (1 << 24, 1, "elements in all activations"),
            (8, 65, "65 tables"),
        ] {
            let e = check_network_limits(&network(elements), tables, false);
            let e = e.unwrap_err().to_string();
            assert!(e.contains(said) && e.contains("network evaluate"), "{e}");
        }
        let refused = NetworkOutcome::Rejected("limit: too much".to_owned());
        assert!(of_network(&refused)
            .unwrap()
            .to_string()
            .contains("too much"));
        assert!(of_network(&NetworkOutcome::Rejected("noise: x".to_owned())).is_none());
    }
}
