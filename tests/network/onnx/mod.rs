//! ONNX files: every operator from its definition.

mod array;
mod draw;
mod elements;
pub mod file;
mod forms;
mod moved;
mod operators;
mod random;
mod refused;
mod summed;
