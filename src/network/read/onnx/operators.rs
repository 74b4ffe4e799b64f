//! Which operator is read by what.

use crate::error::Result;
use crate::network::model::graph::Builder;
use crate::network::read::onnx::external::Beside;
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::smooth;
use crate::network::read::onnx::tensor::Constant;
use crate::network::read::onnx::value::Value;
use crate::network::read::onnx::{
    activation, arithmetic, crop, fold, head, layers, normalise, polynomial, pooling, rearrange,
};

const SUPPORTED: &str = "Conv, BatchNormalization, LayerNormalization, InstanceNormalization, Gemm, MatMul, Add, Sub, Mul, Div, Neg, Sum, Pow, Relu, LeakyRelu, PRelu, \
    Clip, Gelu, Sigmoid, Tanh, Erf, Exp, Softplus, Swish, MaxPool, AveragePool, GlobalAveragePool, ReduceMean, Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Pad, \
    Slice, Split, Gather, Concat, Shape, ConstantOfShape, Constant, Cast, Identity, Dropout; at the end Softmax, \
    LogSoftmax, ArgMax";

/// Adds the layers that a node is, or makes a constant: a value for each output that is read.
///
/// # Errors
/// An operator, attribute or operand that is not supported, naming the node.
pub fn convert(r: &Reader, builder: &mut Builder, beside: &mut Beside) -> Result<Vec<Value>> {
    if r.node.domain == normalise::WRITTEN_OUT {
        return Ok(vec![Value::Layer(normalise::written_out(r, builder)?)]);
    }
    if !matches!(r.node.domain.as_str(), "" | "ai.onnx") {
        return Err(r.fail(format!(
            "operators of domain {:?} are not supported",
            r.node.domain
        )));
    }
    if let Some(value) = fold::fold(r)? {
        return Ok(vec![value]);
    }
    let layer = match r.node.operator.as_str() {
        "Constant" => return Ok(vec![Value::Constant(constant(r, beside)?)]),
        "Identity" | "Dropout" => return Ok(vec![rearrange::identity(r)?]),
        "Cast" => return Ok(vec![cast(r)?]),
        "Softmax" | "LogSoftmax" | "Sigmoid" | "ArgMax" => return Ok(vec![head::head(r)?]),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => {
            return Ok(vec![rearrange::reshaping(r, builder)?])
        }
        "Transpose" => return Ok(vec![rearrange::transpose(r, builder)?]),
        "Gather" => return Ok(vec![rearrange::gather(r, builder)?]),
        "Concat" => return Ok(vec![rearrange::concat(r, builder)?]),
        "Slice" => return Ok(vec![crop::slice(r, builder)?]),
        "Split" => return crop::split(r, builder),
        "Conv" => layers::conv(r, builder),
        "BatchNormalization" => layers::batch_norm(r, builder),
        "LayerNormalization" => normalise::layer_norm(r, builder),
        "InstanceNormalization" => normalise::instance_norm(r, builder),
        "Gemm" => layers::gemm(r, builder),
        "MatMul" => layers::matmul(r, builder),
        "Relu" | "LeakyRelu" => activation::relu(r, builder),
        "Gelu" | "Tanh" | "Erf" | "Exp" | "Softplus" | "Swish" => smooth::function(r, builder),
        "PRelu" => activation::prelu(r, builder),
        "Clip" => activation::clip(r, builder),
        "MaxPool" | "AveragePool" => pooling::pool(r, builder),
        "GlobalAveragePool" => pooling::global_average(r, builder),
        "ReduceMean" => pooling::reduce_mean(r, builder),
        "Add" | "Sub" | "Mul" | "Div" => arithmetic::arithmetic(r, builder),
        "Neg" => arithmetic::neg(r, builder),
        "Sum" => arithmetic::sum_of_all(r, builder),
        "Pow" => polynomial::power(r, builder),
        "Pad" => crop::pad(r, builder),
        other => {
            let hint = match other {
                "Elu" | "Selu" | "HardSwish" | "HardSigmoid" | "Mish" | "Celu" => {
                    "only ReLU, leaky ReLU, clips, max-pooling and the smooth functions in this list have polynomial twins here"
                }
 "Sqrt" | "Reciprocal" | "RMSNormalization" | "GroupNormalization"
                | "MeanVarianceNormalization" | "LpNormalization" => {
                    "of what divides by a root, layer and instance normalisation are read, as operators or written out"
                }
                "If" | "Loop" | "Scan" => "export the model without control flow",
                "QuantizeLinear" | "DequantizeLinear" | "QLinearConv" => {
                    "export the model before it is quantised"
                }
                _ => "export the model without it",
            };
            return Err(r.fail(format!(
                "this operator is not supported; {hint}. Supported are {SUPPORTED}"
            )));
        }
    };
    Ok(vec![Value::Layer(layer?)])
}

/// Cast of what depends on the input: between float types nothing is changed but rounding, of which the network over
/// the reals has none.
fn cast(r: &Reader) -> Result<Value> {
    r.allow(&["to", "saturate", "round_mode"])?;
    let to = r.int("to", 0);
    match r.value(0)? {
        // The class as an integer is the class.
        Value::Head(head) if !head.open || fold::is_float(to) => {}
        Value::Layer(_) if fold::is_float(to) => {}
        _ => {
            return Err(r.fail(format!(
                "to element type {to} rounds what depends on the input"
            )))
        }
    }
    r.value(0).cloned()
}

fn constant(r: &Reader, beside: &mut Beside) -> Result<Constant> {
    let [a] = r.node.attributes.as_slice() else {
        return Err(r.fail("a constant has one attribute"));
    };
    match (a.name.as_str(), &a.t) {
        ("value", Some(tensor)) => Constant::read(tensor, beside),
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
