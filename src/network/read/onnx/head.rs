//! Ends of networks that leave the class as it is: Softmax, LogSoftmax, Sigmoid, ArgMax.
//!
//! Each is monotone in every logit against every other: softmax_i < softmax_j exactly where logit_i < logit_j, the same
//! for their logarithms; the logistic function increases strictly, and is above 1/2 exactly where its argument is above
//! 0, as the class of a single logit is meant here. So the logits before them are the result, and what is proved is the
//! class. In between Softmax, LogSoftmax and ArgMax are refused: they are no functions of one number.
//! A Sigmoid in between is a smooth activation (`smooth`).

use crate::error::Result;
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::{count, Head, Value};

/// An operator that ends a network.
///
/// # Errors
/// One over a part of the numbers only, or after another that does not tell the class's logit.
pub fn head(r: &Reader) -> Result<Value> {
    let operator = r.node.operator.as_str();
    r.allow(match operator {
        "Softmax" | "LogSoftmax" => &["axis"],
        "ArgMax" => &["axis", "keepdims", "select_last_index"],
        _ => &[],
    })?;
    // Equal logits have no class here in any case.
    let (logits, mut after) = match r.value(0)? {
        Value::Head(head) if head.open && operator == "ArgMax" => {
            (&head.logits, head.after.clone())
        }
        Value::Constant(_) | Value::Layer(_) => (r.carried(0)?, vec![]),
        Value::Head(head) => return Err(r.head(0, head)),
    };
    let dims = &logits.dims;
    let n = count(dims)?;
    if operator != "Sigmoid" {
        let flattened = operator != "ArgMax" && r.opset < 13;
        let axis = match operator {
            "ArgMax" => r.int("axis", 0),
            _ => r.int("axis", if flattened { 1 } else { -1 }),
        };
        let axis = r.axis(axis, dims.len(), 11)?;
        r.not_batch(axis)?;
        let along = if flattened {
            count(&dims[axis..])?
        } else {
            dims[axis]
        };
        if along != n || n < 2 {
            return Err(r.fail(format!(
                "over {along} of the {n} numbers of dimensions {dims:?}; it is read where it is over all classes, two or more"
            )));
        }
    }
    after.push(format!("{operator} {:?}", r.label));
    Ok(Value::Head(Head {
        logits: logits.clone(),
        after,
        label: r.label.to_owned(),
        open: operator != "ArgMax",
    }))
}
