//! A reference RNS-CKKS evaluator over Z\[X\]/(X^N + 1), made so that its noise can be proved.
//!
//! Side channels are out of scope: nothing here is constant-time.

pub mod circuit;
pub mod noise;
pub mod params;
pub mod primes;
pub mod security;
