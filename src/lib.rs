//! polycert: proofs for polynomial approximations in encrypted neural networks.
pub mod arith;
pub mod error;
pub mod certify;
pub mod poly;
