//! Networks: import, the graph of layers, and rigorous evaluation of a network and its polynomial twin.
//!
//! | module | what |
//! |---|---|
//! | [`ops`], [`batch_norm`], [`graph`] | layers with exact weights; the network as a static graph |
//! | [`onnx`], [`safetensors`], [`description`], [`cifar_resnet`], [`load`] | reading networks |
//! | [`npy`], [`input`] | reading inputs, and their preprocessing |
//! | [`ball`], [`kernel`], [`tensor`], [`layers`], [`twin`] | arithmetic with proved rounding; layers; the polynomial |
//! | [`evaluate`], [`compare`] | the network and its twin on one input |
//! | [`audit`], [`interval`] | a data set |
//! | [`exact`] | the text that a network certificate is about |
//! | [`stages`] | small networks as dense stages |
//! | [`relax`] | linear relaxations propagated backward |
//! | [`deviation`] | what noise does to the twin's result, by backward rows |
//! | [`tournament`] | max-pooling as ReLU of differences |
//! | [`coupling`] | the output difference of small networks, slopes taken together |
//! | [`box_attack`] | searches for inputs that reach the bounds |
//! | [`box_analysis`] | ranges and output difference over a box of inputs |

pub mod audit;
pub mod boxes;
pub mod forward;
pub mod model;
pub mod read;
pub mod rows;

pub use model::graph::{Builder, Network, Node, NodeId, Preprocessing};
pub use model::ops::{Op, Shape, Window};
