//! Cost profiles: what an operation of a CKKS library costs at each level, where the figure is from, and what is assumed.
//!
//! | file | what |
//! |---|---|
//! | [`cost`] | a profile and its estimates |
//! | [`mod@file`] | `polycert-profile/1`, read strictly and written |
//! | [`built_in`] | the profiles that ship |
//! | [`fit`] | the cost model of this program's own evaluator, fitted to what was measured |
//! | [`bootstrap`] | what a bootstrap would cost by that model |
//! | [`circuit`] | what a circuit costs by a profile |
//! | [`forms`] | costs and parameters in the forms of other programs |
//!
//! A level is counted as a planner counts it: the rescalings that are left to a ciphertext.

pub mod bootstrap;
pub mod built_in;
pub mod circuit;
pub mod cost;
pub mod file;
pub mod fit;
pub mod forms;

pub use cost::{
    Bootstrap, BootstrapNoise, Entry, Memory, Operation, Profile, Status, MAX_LEVELS, OPERATIONS,
};
