//! Networks: import, the graph of layers, and rigorous evaluation of a network and its polynomial twin.
//!
//! | module | what |
//! |---|---|
//! | [`model`] | layers with exact weights; the network as a static graph |
//! | [`read`] | networks, inputs and their preprocessing from the files of others |
//! | [`forward`] | the network and its twin on one input, in arithmetic with proved rounding |
//! | [`rows`] | what noise does to the twin's result, by backward rows |
//! | [`boxes`] | ranges and output difference over a box of inputs |
//! | [`ranges`] | stated ranges of activations on trial |
//! | [`audit`] | a data set |

pub mod audit;
pub mod boxes;
pub mod forward;
pub mod model;
pub mod ranges;
pub mod read;
pub mod rows;

pub use model::graph::{Builder, Network, Node, NodeId, Preprocessing};
pub use model::ops::{Op, TensorShape, Window};
