//! The input of an ONNX graph: which one it is, its dimensions, batch and layout.

use crate::arith::npy;
use crate::error::{Error, Result};
use crate::network::read::onnx::messages::{Dimension, Graph, Size, ValueInfo};
use crate::network::read::onnx::tensor::Constant;
use std::collections::HashSet;

/// What the file says of its input.
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its dimensions, with a batch of 1.
    pub dims: Vec<usize>,
    /// The batch that the file fixes, or 1.
    pub batch: usize,
    /// Whether it is of halves.
    pub half: bool,
    /// Whether the channels are its last axis.
    pub channels_last: bool,
}

/// The one input that is needed and given nowhere (older files list weights as inputs too).
///
/// # Errors
/// None or several; dimensions or an element type that are not supported.
pub fn input(graph: &Graph, given: impl Fn(&str) -> bool, needed: &HashSet<&str>) -> Result<Input> {
    let free: Vec<&ValueInfo> = graph
        .inputs
        .iter()
        .filter(|v| !given(&v.name) && needed.contains(v.name.as_str()))
        .collect();
    let [one] = free.as_slice() else {
        let names: Vec<&str> = free.iter().take(8).map(|v| v.name.as_str()).collect();
        return Err(Error::unsupported(format!(
            "{} inputs {names:?}; a network of one is read: give the others, --constant NAME=FILE",
            free.len()
        )));
    };
    let mut input = dims(one)?;
    input.channels_last = is_channels_last(graph, &input);
    Ok(input)
}

/// The dimensions; a first one of several that is not fixed is the batch, and read as 1, as one above 1 is.
fn dims(input: &ValueInfo) -> Result<Input> {
    let fail = |detail: String| Error::parse(format!("input {:?}", input.name), detail);
    let tensor = input.kind.as_ref().and_then(|k| k.tensor.as_ref());
    let element = tensor.map_or(1, |t| t.element);
    if ![1, 10, 11, 16].contains(&element) {
        // Integers wrap and round: the network would not be one over the reals.
        return Err(fail(format!(
            "element type {element}; read are float (1), double (11), float16 (10) and bfloat16 (16)"
        )));
    }
    let stated = tensor
        .and_then(|t| t.shape.as_ref())
        .ok_or_else(|| fail("has no shape; export the model with static shapes".into()))?;
    let mut dims = Vec::new();
    let mut batch = 1;
    for (axis, dim) in stated.dims.iter().enumerate() {
        let several = axis == 0 && stated.dims.len() > 1;
        match &dim.size {
            Some(Size::Value(n)) if *n > 1 && several => {
                batch = usize::try_from(*n)
                    .ok()
                    .filter(|n| *n <= 1 << 20)
                    .ok_or_else(|| fail(format!("a batch of {n}")))?;
                dims.push(1);
            }
            Some(Size::Value(n)) if *n > 0 => dims.push(*n as usize),
            _ if several => dims.push(1),
            Some(Size::Name(name)) => {
                return Err(fail(format!(
                    "axis {axis} has the dynamic size {name:?}; export the model with static shapes"
                )))
            }
            _ => {
                return Err(fail(format!(
                    "axis {axis} has no size; export the model with static shapes"
                )))
            }
        }
    }
    if !(1..=4).contains(&dims.len()) {
        return Err(fail(format!(
            "dimensions {dims:?}; read are [n], [batch,n], [batch,channels,length] and [batch,channels,rows,columns]"
        )));
    }
    Ok(Input {
        name: input.name.clone(),
        dims,
        batch,
        half: [10, 16].contains(&element),
        channels_last: false,
    })
}

/// Whether what is made of the input is transposed to channels first, before anything but arithmetic.
///
/// It chooses how samples are laid out for the network, and nothing of what the network computes.
fn is_channels_last(graph: &Graph, input: &Input) -> bool {
    // Samples of fewer axes do not tell their layout.
    let wanted = [0, 3, 1, 2];
    if input.dims.len() != 4 {
        return false;
    }
    let mut same: HashSet<&str> = HashSet::from([input.name.as_str()]);
    let mut found = false;
    for node in &graph.nodes {
        if !node.inputs.iter().any(|n| same.contains(n.as_str())) {
            continue;
        }
        match node.operator.as_str() {
            "Identity" | "Cast" | "Add" | "Sub" | "Mul" | "Div" | "Neg" => {
                same.extend(node.outputs.first().map(String::as_str));
            }
            "Transpose" => {
                let perm = node.attributes.iter().find(|a| a.name == "perm");
                if perm.is_none_or(|a| a.ints != wanted) {
                    return false;
                }
                found = true;
            }
            _ => return false,
        }
    }
    found
}

/// An input that stays the same, from an array.
///
/// # Errors
/// Other dimensions than the file states, or numbers that are not finite or of its type.
pub fn constant(stated: &ValueInfo, array: &npy::Array) -> Result<Constant> {
    let fail = |detail: String| Error::domain(format!("--constant {:?}: {detail}", stated.name));
    let tensor = stated.kind.as_ref().and_then(|k| k.tensor.as_ref());
    let sizes = tensor.and_then(|t| t.shape.as_ref()).map(|s| &s.dims);
    if let Some(sizes) = sizes {
        let fits = |(size, &d): (&Dimension, &usize)| match size.size {
            Some(Size::Value(n)) => n == d as i64,
            _ => true,
        };
        if sizes.len() != array.dims.len() || !sizes.iter().zip(&array.dims).all(fits) {
            return Err(fail(format!(
                "dimensions {:?} are not the file's",
                array.dims
            )));
        }
    }
    let values: Vec<f64> = (0..array.values.len())
        .map(|i| array.values.get(i))
        .collect();
    if values.iter().any(|v| !v.is_finite()) {
        return Err(fail("a number is not finite".into()));
    }
    match tensor.map_or(1, |t| t.element) {
        1 | 10 | 11 | 16 => Ok(Constant::floats(array.dims.clone(), values)),
        _ if values.iter().all(|v| v.fract() == 0.0 && v.abs() <= 9e15) => {
            let ints = values.iter().map(|&v| v as i64).collect();
            Ok(Constant::ints(array.dims.clone(), ints))
        }
        element => Err(fail(format!(
            "fractions where the file has element type {element}"
        ))),
    }
}
