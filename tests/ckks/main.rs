//! Encryption against exact arithmetic, and noise against its bounds.

mod bootstrap;
mod circuit;
mod itself;
mod itself_forged;
mod noise_bias;
mod noise_bounds;
mod noise_evaluated;
mod noise_measured;
mod operations;
mod runs;

/// What these tests use of the shared parts.
#[path = "../support"]
mod support {
    pub mod effort;
    pub mod phases;
}
