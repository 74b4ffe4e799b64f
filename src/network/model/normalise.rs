//! Normalisation of a sample by its own mean and variance: layer, instance and group normalisation.
//!
//! gamma (x - mean)/sqrt(variance + epsilon) + beta is four layers of the graph: the variance of each group of elements plus
//! epsilon, 1/sqrt of it, the product of that and x - mean, and an affine map. The first and the third are polynomials of what they
//! read, which an encrypted network computes as they are; 1/sqrt alone is an activation, which a table replaces, and whose input,
//! variance + epsilon, has a range as other activations' inputs have.

use crate::error::{Error, Result};
use crate::function::formula::Formula;
use crate::network::model::graph::{Builder, NodeId};
use crate::network::model::ops::{Op, Over, TensorShape};

/// What stands between variance + epsilon and the factor of x - mean.
pub const INVERSE_ROOT: &str = "1/sqrt(x)";

/// Adds the layers of (x - mean)/sqrt(variance + epsilon), all by one name; the answer is the last.
///
/// # Errors
/// Groups of fewer than two elements, epsilon that is not above 0.
pub fn push(b: &mut Builder, name: &str, x: NodeId, over: Over, epsilon: f64) -> Result<NodeId> {
    let variance = b.push(name, Op::Variance { over, epsilon }, &[x])?;
    let inverse = Op::Smooth(Formula::function(INVERSE_ROOT)?);
    let inverse = b.push(name, inverse, &[variance])?;
    b.push(name, Op::Normalise(over), &[x, inverse])
}

/// Adds gamma x + beta, one number of each for every place of a group, row-major over the axes.
///
/// # Errors
/// Another number of them; numbers that are not finite.
pub fn scaled(
    b: &mut Builder,
    name: &str,
    (x, over): (NodeId, Over),
    gamma: &[f64],
    beta: &[f64],
) -> Result<NodeId> {
    let shape = b.shape(x);
    let n = over.size(shape);
    for (what, list) in [("weights", gamma), ("bias", beta)] {
        if list.len() != n {
            let detail = format!("{} numbers, where the groups have {n} elements", list.len());
            return Err(Error::parse(what, detail));
        }
    }
    // The place of an element in its group is its group along the other axes.
    let other = Over::new(over.axes().map(|a| !a));
    let places = other.groups(shape);
    let by_channel = |list: &[f64]| {
        (0..shape.channels)
            .map(|c| list[places[c * shape.pixels()]])
            .collect()
    };
    if !over.rows && !over.columns || shape.pixels() == 1 {
        let (scale, shift) = (by_channel(gamma), by_channel(beta));
        return b.push(name, Op::Affine { scale, shift }, &[x]);
    }
    let each = |list: &[f64]| places.iter().map(|&p| list[p]).collect();
    let (scale, shift) = (each(gamma), each(beta));
    let flat = b.push(name, Op::Reshape(TensorShape::flat(shape.len())), &[x])?;
    let done = b.push(name, Op::Affine { scale, shift }, &[flat])?;
    b.push(name, Op::Reshape(shape), &[done])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_of_places_in_a_group() {
        let mut b = Builder::new(TensorShape::new(2, 1, 3)).unwrap();
        let over = Over::new([false, false, true]);
        let y = scaled(&mut b, "n", (0, over), &[1.0, 2.0, 3.0], &[0.0; 3]).unwrap();
        let Op::Affine { scale, .. } = b.op(y - 1) else {
            panic!("an affine map");
        };
        assert_eq!(scale, &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
        let y = scaled(&mut b, "n", (0, Over::CHANNELS), &[4.0, 5.0], &[0.0; 2]).unwrap();
        assert!(matches!(b.op(y), Op::Affine { scale, .. } if scale == &[4.0, 5.0]));
        let error = scaled(&mut b, "n", (0, over), &[1.0; 2], &[0.0; 3]);
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("weights: 2 numbers, where the groups have 3"),
            "{error}"
        );
    }
}
