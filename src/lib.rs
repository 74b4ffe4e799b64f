//! polycert

pub mod approx;
