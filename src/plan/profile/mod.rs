//! Cost profiles: what an operation of a CKKS library costs at each level, where the figure is from, and what is assumed.
//!
//! | file | what |
//! |---|---|
//! | [`cost`] | a profile and its estimates |
//! | [`file`] | `polycert-profile/1`, read strictly and written |
//! | [`built_in`] | the profiles that ship |
//! | [`forms`] | costs and parameters in the forms of other programs |
//!
//! A level is counted as a planner counts it: the rescalings that are left to a ciphertext.

pub mod built_in;
pub mod cost;
pub mod file;
pub mod forms;

pub use cost::{
    Bootstrap, BootstrapNoise, Entry, Memory, Operation, Profile, Status, MAX_LEVELS, OPERATIONS,
};
