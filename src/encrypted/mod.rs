//! A user's network on ciphertexts: from its graph to steps that an evaluator takes, one ciphertext an activation.
//!
//! | module | what |
//! |---|---|
//! | [`layout`] | which slot holds which element of an activation |
//! | [`map`] | a linear map between layouts as diagonals |
//! | [`rows`] | linear maps of elements by rows, in pairs of f64 |
//! | [`program`] | a network as steps: linear maps of earlier values, then an activation |
//! | [`compile`] | from a network's graph to its program |
//! | [`levels`] | at which level every step is, and which activations are refreshed |
//! | [`simulate`] | a program in the clear, through its diagonals |
//! | [`activation`] | the polynomial at every activation as a circuit |
//! | [`cost`] | estimates of what steps cost |
//! | [`schedule`] | levels, bootstraps, keys, memory and time, before anything is encrypted |
//! | [`noise`] | its maps as what their noise depends on |
//! | [`scheme`] | the encryption parameters |
//! | [`client`] | inputs into ciphertexts, ciphertexts into outputs |
//! | [`run`] | a program on ciphertexts, step by step |
//! | [`resources`] | memory and disk |
//! | [`state`] | a run between two steps |
//! | [`binding`] | what files of a run are about |
//! | [`store`] | files of keys, inputs, outputs and values |
//! | [`checkpoint`] | what an interrupted run goes on from |
//!
//! All that is linear between two activations is one map for each value that it reads, at one level: convolutions, dense layers,
//! batch norms, shortcuts, means. Max-pooling is ReLU of differences.

pub mod activation;
pub mod binding;
pub mod checkpoint;
pub mod client;
pub mod compile;
pub mod cost;
pub mod layout;
pub mod levels;
pub mod map;
pub mod noise;
pub mod program;
pub mod resources;
pub mod rows;
pub mod run;
pub mod schedule;
pub mod scheme;
pub mod simulate;
pub mod state;
pub mod store;
