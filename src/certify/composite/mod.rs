//! A composite as images of images: ranges, slopes, cells, witnesses.
//!
//! | module | what |
//! |---|---|
//! | [`cascade`] | a branch: ranges and slopes of the composite |
//! | [`interval`] | a composite over an interval of x: p itself, not a sign |
//! | [`fast`] | the same in f64 intervals, where they suffice |
//! | [`cells`] | cells on which the ReLU error is bounded |
//! | [`witness`] | points where it is large: untrusted search, proved value |

pub mod cascade;
pub mod cells;
pub mod fast;
pub mod interval;
pub mod witness;
