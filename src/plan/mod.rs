//! The precision budget of an encrypted network: what its operations cost, where levels and bootstraps go.
//!
//! Everything here is an *estimate*: a plan chooses, and what is claimed of the choice is proved elsewhere.

pub mod profile;
