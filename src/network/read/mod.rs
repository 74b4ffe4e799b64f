//! Reading networks and inputs from the files of others.
//!
//! | module | what |
//! |---|---|
//! | [`load`] | any network file, by what it holds |
//! | [`onnx`], [`safetensors`], [`folder`], [`description`], [`cifar_resnet`] | the formats |
//! | [`input`] | inputs, and their preprocessing |
//! | [`ranges`] | ranges of activations |

pub mod cifar_resnet;
pub mod description;
pub mod folder;
pub mod input;
mod layer_norm;
pub mod load;

pub mod onnx;
pub mod ranges;
pub mod safetensors;
