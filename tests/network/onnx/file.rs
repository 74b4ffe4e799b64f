//! ONNX files, from the messages.

use polycert::network::read::onnx::messages::{
    Attribute, Dimension, Graph, Model, Node, Opset, Size, Tensor, TensorShape, TensorType, Type,
    ValueInfo,
};
use prost::Message as _;

pub fn attribute(name: &str) -> Attribute {
    Attribute {
        name: name.into(),
        ..Attribute::default()
    }
}

pub fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute {
        ints: values.to_vec(),
        ..attribute(name)
    }
}

pub fn int(name: &str, i: i64) -> Attribute {
    Attribute {
        i,
        ..attribute(name)
    }
}

pub fn float(name: &str, f: f32) -> Attribute {
    Attribute {
        f,
        ..attribute(name)
    }
}

/// A named array of floats without its values.
pub fn info(name: &str, dims: &[i64]) -> ValueInfo {
    let dims = dims
        .iter()
        .map(|&d| Dimension {
            size: Some(Size::Value(d)),
        })
        .collect();
    let tensor = TensorType {
        element: 1,
        shape: Some(TensorShape { dims }),
    };
    ValueInfo {
        name: name.into(),
        kind: Some(Type {
            tensor: Some(tensor),
        }),
    }
}

/// A node named after its first output; outputs are separated by blanks.
pub fn node(operator: &str, inputs: &[&str], outputs: &str, attributes: Vec<Attribute>) -> Node {
    let outputs: Vec<String> = outputs.split_whitespace().map(str::to_owned).collect();
    Node {
        inputs: inputs.iter().map(|s| (*s).to_owned()).collect(),
        name: format!("n_{}", outputs[0]),
        outputs,
        operator: operator.into(),
        attributes,
        ..Node::default()
    }
}

pub fn whole(name: &str, dims: &[i64], values: &[i64]) -> Tensor {
    Tensor {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 7,
        int64_data: values.to_vec(),
        ..Tensor::default()
    }
}

pub fn floats(name: &str, dims: &[i64], values: &[f32]) -> Tensor {
    Tensor {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 1,
        float_data: values.to_vec(),
        ..Tensor::default()
    }
}

/// A graph of one input "x" whose output is the last node's last.
pub fn graph(input: &[i64], nodes: Vec<Node>, initializers: Vec<Tensor>) -> Graph {
    let output = nodes.last().unwrap().outputs.last().unwrap().clone();
    Graph {
        nodes,
        initializers,
        inputs: vec![info("x", input)],
        outputs: vec![info(&output, &[])],
        ..Graph::default()
    }
}

/// The bytes of a file.
pub fn bytes(graph: Graph, version: i64) -> Vec<u8> {
    let model = Model {
        graph: Some(graph),
        opsets: vec![Opset {
            domain: String::new(),
            version,
        }],
    };
    model.encode_to_vec()
}

/// The bytes of such a graph, in opset 18.
pub fn file(input: &[i64], nodes: Vec<Node>, initializers: Vec<Tensor>) -> Vec<u8> {
    bytes(graph(input, nodes, initializers), 18)
}
