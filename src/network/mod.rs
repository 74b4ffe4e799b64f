//! Networks: import, the graph of layers, and rigorous evaluation of a network and its polynomial twin.
//!
//! | module | what |
//! |---|---|
//! | [`ops`] | layers with exact weights, and their shapes |
//! | [`graph`] | the network as a static graph in topological order |
//! | [`onnx`] | reading ONNX |
//! | [`stages`] | small networks as dense stages |
//! | [`relax`] | linear relaxations propagated backward |
//! | [`deviation`] | what noise does to the twin's result, by backward rows |
//! | [`tournament`] | max-pooling as ReLU of differences |
//! | [`coupling`] | the output difference of small networks, slopes taken together |
//! | [`box_attack`] | searches for inputs that reach the bounds |
//! | [`box_analysis`] | ranges and output difference over a box of inputs |

pub mod audit;
pub mod ball;
pub mod box_analysis;
pub mod box_attack;
pub mod cifar_resnet;
pub mod compare;
pub mod coupling;
pub mod description;
pub mod deviation;
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
pub mod relax;
pub mod safetensors;
pub mod stages;
pub mod tensor;
pub mod tournament;
pub mod twin;

pub use graph::{Builder, Network, Node, NodeId, Preprocessing};
pub use ops::{Op, Shape, Window};
