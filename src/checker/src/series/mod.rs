//! Smooth functions: the rule `series`, Taylor models on integers whose remainders are proved afterwards.
//!
//! `expression` reads a formula; `points` encloses elementary functions at numbers; `model` is the arithmetic of
//! Taylor models, `elementary` and `integrals` what is proved of 1/A, roots, exp, sin, log, atan, erf and asin of a
//! model; `stage` is the table's polynomial on a model, `evaluate` a formula; `rule` is the claim.

pub(crate) mod elementary;
pub(crate) mod evaluate;
pub(crate) mod expression;
pub(crate) mod integrals;
pub(crate) mod model;
pub(crate) mod points;
pub(crate) mod rule;
pub(crate) mod stage;
pub(crate) mod units;
