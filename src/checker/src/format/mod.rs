//! Strict reading: bytes to a tree (`json`), a tree to typed values (`document`, `table`, `claims`, `series`, `hints`,
//! `numbers`, `formula`), each fault with its `path`; and the coefficients that a program would hold (`rounding`).

pub(crate) mod claims;
pub(crate) mod digest;
pub(crate) mod document;
pub(crate) mod formula;
pub(crate) mod hints;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod numbers;
pub(crate) mod path;
pub(crate) mod requirement;
pub(crate) mod rounding;
pub(crate) mod series;
pub(crate) mod table;
