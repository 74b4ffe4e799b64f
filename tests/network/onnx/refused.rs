//! Forms in which runtimes differ, or whose arithmetic is not that of the reals.

use crate::onnx::file::{int, ints};
use polycert::network::model::graph::Preprocessing;
use polycert::network::read::onnx::messages::{
    Attribute, Dimension, Graph, Model, Node, Opset, Size, TensorShape, TensorType, Type, ValueInfo,
};
use polycert::network::read::onnx::read;
use prost::Message as _;

#[test]
fn doubtful_forms_are_refused() {
    let graph = |element: i32, attributes: Vec<Attribute>| {
        let dims = [1, 1, 2].map(|d| Dimension {
            size: Some(Size::Value(d)),
        });
        let tensor = TensorType {
            element,
            shape: Some(TensorShape {
                dims: dims.to_vec(),
            }),
        };
        let value = |name: &str| ValueInfo {
            name: name.into(),
            kind: Some(Type {
                tensor: Some(tensor.clone()),
            }),
        };
        let node = Node {
            inputs: vec!["x".into()],
            outputs: vec!["y".into()],
            operator: "Squeeze".into(),
            attributes,
            ..Node::default()
        };
        let model = Model {
            graph: Some(Graph {
                nodes: vec![node],
                inputs: vec![value("x")],
                outputs: vec![value("y")],
                ..Graph::default()
            }),
            opsets: vec![Opset {
                domain: String::new(),
                version: 11,
            }],
        };
        read(&model.encode_to_vec(), "m", Preprocessing::default())
    };
    assert!(graph(1, vec![ints("axes", &[0])]).is_ok());
    for (element, attributes, said) in [
        (1, vec![ints("axes", &[])], "empty list of axes"),
        (7, vec![ints("axes", &[0])], "element type 7"),
        (9, vec![ints("axes", &[0])], "element type 9"),
        (
            1,
            vec![ints("axes", &[0]), int("axis", 0)],
            "\"axis\" is not known",
        ),
    ] {
        let error = graph(element, attributes).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
