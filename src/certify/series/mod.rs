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
//! | [`values`] | polynomial, function and error at points |

mod cells;
pub mod claim;
mod elementary;
mod integrals;
mod model;
mod points;
pub mod stages;
mod subject;
pub mod values;
