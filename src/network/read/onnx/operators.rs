//! Which operator is read by what.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::read::onnx::tensor::Constant;
use crate::network::read::onnx::value::{Reader, Value};
use crate::network::read::onnx::{arithmetic, crop, layers, movement};

const SUPPORTED: &str = "Conv, BatchNormalization, Gemm, MatMul, Add, Sub, Mul, Div, Neg, Sum, Relu, LeakyRelu, \
    MaxPool, AveragePool, GlobalAveragePool, ReduceMean, Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Pad, Slice, \
    Concat, Constant, Identity, Dropout";

/// Adds the layers that a node is, or reads a constant.
///
/// # Errors
/// An operator, attribute or operand that is not supported, naming the node.
pub fn convert(r: &Reader, builder: &mut Builder) -> Result<Value> {
    if !matches!(r.node.domain.as_str(), "" | "ai.onnx") {
        return Err(r.fail(format!(
            "operators of domain {:?} are not supported",
            r.node.domain
        )));
    }
    let layer = match r.node.operator.as_str() {
        "Constant" => return constant(r).map(Value::Constant),
        "Identity" | "Dropout" => return movement::identity(r),
        "Conv" => layers::conv(r, builder),
        "BatchNormalization" => layers::batch_norm(r, builder),
        "Gemm" => layers::gemm(r, builder),
        "MatMul" => layers::matmul(r, builder),
        "Relu" | "LeakyRelu" => layers::relu(r, builder),
        "MaxPool" | "AveragePool" => layers::pool(r, builder),
        "GlobalAveragePool" | "ReduceMean" => layers::global_average(r, builder),
        "Add" | "Sub" | "Mul" | "Div" => arithmetic::arithmetic(r, builder),
        "Neg" => arithmetic::neg(r, builder),
        "Sum" => arithmetic::sum_of_all(r, builder),
        "Reshape" => movement::reshape(r, builder),
        "Flatten" => movement::flatten(r, builder),
        "Squeeze" => movement::squeeze(r, builder, false),
        "Unsqueeze" => movement::squeeze(r, builder, true),
        "Transpose" => movement::transpose(r, builder),
        "Concat" => movement::concat(r, builder),
        "Slice" => crop::slice(r, builder),
        "Pad" => crop::pad(r, builder),
        other => {
            let hint = match other {
                "Softmax" | "LogSoftmax" => "cut the network before it, where its logits are",
                "TensorShape" | "Gather" | "Cast" => {
                    "simplify the model (onnxsim) or export with static shapes"
                }
                "Sigmoid" | "Tanh" | "Gelu" | "Clip" => {
                    "only ReLU, leaky ReLU and max-pooling have polynomial twins here"
                }
                _ => "export the model without it",
            };
            return Err(r.fail(format!(
                "this operator is not supported; {hint}. Supported are {SUPPORTED}"
            )));
        }
    };
    layer.map(Value::Layer)
}

fn constant(r: &Reader) -> Result<Constant> {
    let [a] = r.node.attributes.as_slice() else {
        return Err(r.fail("a constant has one attribute"));
    };
    match (a.name.as_str(), &a.t) {
        ("value", Some(tensor)) => Constant::read(tensor),
        ("value_float", _) => Ok(Constant::floats(vec![], vec![f64::from(a.f)])),
        ("value_floats", _) => Ok(Constant::floats(
            vec![a.floats.len()],
            a.floats.iter().map(|&v| f64::from(v)).collect(),
        )),
        ("value_int", _) => Ok(Constant::ints(vec![], vec![a.i])),
        ("value_ints", _) => Ok(Constant::ints(vec![a.ints.len()], a.ints.clone())),
        (other, _) => Err(r.fail(format!("a constant given by {other:?} is not supported"))),
    }
}
