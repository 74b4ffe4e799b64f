//! The network: layers with exact weights, as a static graph.
//!
//! | module | what |
//! |---|---|
//! | [`ops`], [`batch_norm`], [`polynomial`] | layers |
//! | [`shape`], [`over`] | shapes, and which elements are normalised together |
//! | [`normalise`] | layer normalisation as layers of the graph |
//! | [`graph`] | the network as a static graph |
//! | [`tournament`] | max-pooling as ReLU of differences |
//! | [`exact`] | the text that a network certificate is about |
//! | [`tensor`] | an array with its shape |
//! | [`words`] | names of layers and bounds for people |

pub mod batch_norm;
pub mod exact;
pub mod graph;
pub mod normalise;
pub mod ops;
pub mod over;
pub mod polynomial;
pub mod shape;
pub mod tensor;
pub mod tournament;
pub mod words;
