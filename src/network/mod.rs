//! Networks: import, the graph of layers, and rigorous evaluation of a network and its polynomial twin.
//!
//! | module | what |
//! |---|---|
//! | [`ops`] | layers with exact weights, and their shapes |
//! | [`graph`] | the network as a static graph in topological order |
//! | [`onnx`] | reading ONNX |

pub mod audit;
pub mod ball;
pub mod cifar_resnet;
pub mod compare;
pub mod description;
pub mod evaluate;
pub mod exact;
pub mod graph;
pub mod input;
pub mod interval;
pub mod kernel;
pub mod layers;
pub mod load;
pub mod npy;
pub mod onnx;
pub mod ops;
pub mod safetensors;
pub mod tensor;
pub mod twin;

pub use graph::{Builder, Network, Node, NodeId, Preprocessing};
pub use ops::{Op, Shape, Window};
