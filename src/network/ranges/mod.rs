//! Ranges on trial: do the inputs of every activation stay in what is said of them?
//!
//! | module | what |
//! |---|---|
//! | [`judge`] | one activation's inputs against its range: held, violated with a witness, or not decided |
//! | [`sample`] | all activations on one sample, with as many bits as it takes |
//! | [`response`] | how large a polynomial's answer is, beyond what it is made for |
//! | [`summary`] | many samples: counts, intervals of shares, the worst witness |

pub mod judge;
pub mod response;
pub mod sample;
pub mod summary;
