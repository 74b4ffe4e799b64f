//! Reading networks: the published ones, where they are at hand.

use crate::support::shared::shared;
use polycert::network::model::graph::{Network, Preprocessing};
use polycert::network::model::ops::TensorShape;
use polycert::network::read::onnx;

fn read_onnx(name: &str) -> Option<Network> {
    let bytes = std::fs::read(shared(name)?).unwrap();
    Some(onnx::read(&bytes, name, Preprocessing::default()).unwrap())
}

#[test]
fn published_onnx_networks_have_their_shapes() {
    for (name, input, output, parameters, depth, nodes) in [
        (
            "networks/heloc_23-64-32-1.onnx",
            TensorShape::flat(23),
            1,
            3_649,
            2,
            6,
        ),
        (
            "networks/mnist-net_256x4.onnx",
            TensorShape::new(784, 1, 1),
            10,
            400_906,
            4,
            10,
        ),
        (
            "networks/vnncomp21_resnet_2b.onnx",
            TensorShape::new(3, 32, 32),
            10,
            112_006,
            6,
            18,
        ),
    ] {
        let Some(n) = read_onnx(name) else { continue };
        assert_eq!(n.input_shape(), input, "{name}");
        assert_eq!(n.output_shape(), TensorShape::flat(output), "{name}");
        assert_eq!(
            (n.parameters(), n.depth(), n.nodes.len()),
            (parameters, depth, nodes),
            "{name}"
        );
    }
}
