//! Noise that was seen: drawn from the model, and measured on ciphertexts.
//!
//! | module | what |
//! |---|---|
//! | [`simulate`] | drawn from the model |
//! | [`operations`] | measured on ciphertexts, one operation at a time |
//! | [`composite`] | the circuit of a composite on ciphertexts |
//! | [`refresh`] | bootstrapping on ciphertexts |

pub mod composite;
pub mod operations;
pub mod refresh;
pub mod simulate;
