//! A precision budget: which polynomial stands at each activation, at what levels, with what bootstraps.
//!
//! | module | what |
//! |---|---|
//! | [`profile`] | what operations and bootstraps cost on a machine |
//! | [`linear`] | operations of a linear layer |
//! | [`ways`] | how an activation takes its levels |
//! | [`levels`] | the exact dynamic programme over levels and bootstraps |
//! | [`flow`] | from a network to its graph |
//!
//! Levels are counted; all else is an *estimate*: a plan chooses, and what is claimed of the choice is proved elsewhere, by
//! the audit and by certificates.

pub mod flow;
pub mod levels;
pub mod linear;
pub mod profile;
pub mod ways;
