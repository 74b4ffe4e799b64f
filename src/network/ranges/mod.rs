//! Ranges on trial: do the inputs of every activation stay in what is said of them?
//!
//! | module | what |
//! |---|---|
//! | [`judge`] | one activation's inputs against its range: held, violated with a witness, or not decided |
//! | [`sample`] | all activations on one sample, with as many bits as it takes |
//! | [`summary`] | many samples: counts, intervals of shares, the worst witness |

pub mod judge;
pub mod sample;
pub mod summary;
