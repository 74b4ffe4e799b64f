//! Networks: reading, enclosures, bounds over boxes and under noise, against exact evaluation.

mod bounds;
mod box_layers;
mod enclosures;
mod encrypted;
mod exports;
mod fixed;
mod import;
mod inference;
mod noise;
mod normalise;
mod onnx;
mod polynomials;
mod ranges;
mod resnet;
mod smooth;
mod underflow;

/// What these tests use of the shared parts.
#[path = "../support"]
mod support {
    pub mod effort;
    pub mod random_networks;
    pub mod shared;
}
