//! Smooth functions: the rule `series`, Taylor models on integers whose remainders are proved afterwards.
//!
//! `expression` reads a formula, of the words in `names`; `points` encloses elementary functions at numbers; `model` is the arithmetic of
//! Taylor models, `elementary` and `integrals` what is proved of 1/A, roots, exp, sin, log, atan, erf and asin of a
//! model; `stage` is the table's polynomial on a model, `evaluate` a formula, `program` a value that is computed in
//! steps; `rule` is the claim about the error, `stages` that about what every step takes, `cells` what both go through.

pub(crate) mod cells;
pub(crate) mod elementary;
pub(crate) mod evaluate;
pub(crate) mod expression;
pub(crate) mod integrals;
pub(crate) mod model;
pub(crate) mod names;
pub(crate) mod points;
pub(crate) mod program;
pub(crate) mod rule;
pub(crate) mod stage;
pub(crate) mod stages;
pub(crate) mod units;
