//! Smooth functions: the error of a polynomial, or of what is computed from it, by Taylor models cell by cell.
//!
//! | module | what |
//! |---|---|
//! | `model` | a polynomial on integers with a radius: sums, products |
//! | `points` | functions at points |
//! | `elementary` | 1/A, roots, exp, sin and cos of a model |
//! | `integrals` | log, atan, erf and asin of a model; expressions |
//! | `subject` | the error of a table's polynomial as a model |
//! | `cells` | the choice of cells, degree and bits |
//! | [`claim`] | the enclosure of the maximum error |
//! | [`stages`] | what every stage of the value takes |
//! | [`mean_square`] | the mean squared error for a density |
//! | [`beyond`] | how far beyond the domain the error holds, and how large the value grows there |
//! | [`values`] | polynomial, function and error at points |

pub mod beyond;
mod cells;
pub mod claim;
mod elementary;
mod integrals;
pub mod mean_square;
mod model;
mod points;
pub mod stages;
mod subject;
pub mod values;
