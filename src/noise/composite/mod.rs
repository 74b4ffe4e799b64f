//! RIGOROUS bounds on what is decrypted after a composite was evaluated on ciphertexts.
//!
//! # Method
//! A ciphertext's slot is a number, on which the circuit acts exactly but for what each operation adds
//! ([`crate::noise`]). Going forward through the nodes of a whole composite would lose that the baby
//! steps share their noise, so noise is followed stage by stage: if the input of stage i is off by `e`,
//! ```text
//! |computed - P_i(y)| <= max |P_i'| e + F_i
//! ```
//! with the slope over all complex z within `e` of y, from the certified pieces of `P_i'` (`slope`), and
//! `F_i` what the stage's own operations and rounded constants add when its input is exact. This is done cell
//! by cell over the domain: near 0 the slopes are large, but the last product damps by x; elsewhere they are
//! small. For p itself cells are of x, over any interval, and stages take values around a centre.
//!
//! | module | what |
//! |---|---|
//! | [`fresh`] | F_i: what the nodes of a stage add |
//! | `slope` | the largest slope near an interval, for complex noise |
//! | `taylor` | a polynomial near an interval, without pieces |
//! | [`propagate`] | a cell: from the noise of the input to that of the result |
//! | `refine` | the cells, where the bound is largest |
//! | [`bound`] | the whole domain, both tiers, the refusals |
//! | [`average`] | the average case, an estimate |

pub mod average;
pub mod bound;
pub mod fresh;
pub mod propagate;
pub(in crate::noise) mod refine;
mod slope;
pub(in crate::noise) mod taylor;

/// Working precision of images and slopes.
const PREC: u32 = 128;
