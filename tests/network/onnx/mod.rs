//! ONNX files: every operator from its definition.

mod answers;
mod array;
mod draw;
mod elements;
pub mod file;
mod forms;
mod moved;
mod operators;
mod places;
mod random;
mod refused;
mod summed;
