//! CKKS: circuits and their noise.

pub mod circuit;
pub mod noise;
