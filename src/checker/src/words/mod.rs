//! What is said of a check: sentences with every number on the safe side, and the report.
//!
//! `numerals` writes numbers, `sentences` the statements, `target` the first line; `report` is what a caller gets.

pub(crate) mod beyond;
pub(crate) mod decrypted;
pub(crate) mod judged;
pub(crate) mod machine;
pub(crate) mod numerals;
pub(crate) mod phrases;
pub(crate) mod proved;
pub(crate) mod report;
pub(crate) mod sentences;
pub(crate) mod series;
pub(crate) mod target;
