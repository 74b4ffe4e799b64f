//! Bootstrapping: a ciphertext with no level left is made one with many, and what that does to its slots is known.
//!
//! **Method** Slots are put into coefficients first, at the lowest levels, where it is cheap; the modulus is raised; what is left
//! is to take every coefficient of t = I + m/2^r back to m, I a small integer:
//! ```text
//! level           what                                        file
//! s .. 0          real part, slots to coefficients            transform
//! 0 -> L          to a sparse secret and back, the modulus raised in between; trace to the subring      raise
//! L ..            coefficients to slots, real                 transform
//! ..              y = sin(2 pi t)/sin(2 pi/2^r) = sin(2 pi m/2^r)/sin(2 pi/2^r), which does not see I    mod1
//! ..              m = 2^r/(2 pi) arcsin(y sin(2 pi/2^r)), unless y itself is wanted
//! ```
//! A sign composite may take y itself: the sine is one stage more of it. So a message ratio of 2^4 costs no level.
//!
//! **Source** Cheon, Han, Kim, Kim, Song, "Bootstrapping for approximate homomorphic encryption", 2018; Bossuat,
//! Mouchet, Troncoso-Pastoriza, Hubaux, ePrint 2020/1203 (double hoisting); Bossuat, Troncoso-Pastoriza, Hubaux, ePrint
//! 2022/024 (the sparse secret in between).

pub mod literal;
pub mod mod1;
pub(in crate::ckks) mod raise;
pub mod refresh;
pub mod shape;
pub mod transform;
