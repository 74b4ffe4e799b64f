//! The exact network and the exact input: what they are, and how they are read.

pub(crate) mod expand;
pub(crate) mod layers;
pub(crate) mod lines;
pub(crate) mod nodes;
pub(crate) mod read;
