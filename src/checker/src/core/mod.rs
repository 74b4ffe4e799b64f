//! The core: rules R1 to R5, and the claims about one composite that follow from them.
//!
//! Typed values come in, and are proved or not; nothing is read or put into words here. `fixed`, `number`,
//! `polynomial` and `horner` compute; `bernstein` and `pieces` are R1 and R2, `cascade` R3 and R4, `cells` R5;
//! `composite` and `target` are the claims, `statement` says what they mean.

pub(crate) mod bernstein;
pub(crate) mod budget;
pub(crate) mod cascade;
pub(crate) mod cells;
pub(crate) mod composite;
pub(crate) mod fault;
pub(crate) mod fixed;
pub(crate) mod ground;
pub(crate) mod horner;
pub(crate) mod number;
pub(crate) mod pieces;
pub(crate) mod polynomial;
pub(crate) mod statement;
pub(crate) mod target;
