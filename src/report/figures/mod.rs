//! Plots with their words and data.
//!
//! | module | what |
//! |---|---|
//! | [`figure`], [`plot`] | a plot with its words and data; its drawing as SVG |
//! | [`rows`] | plots of one row for each of several things |
//! | [`claimed`] | the error that a certificate bounds, as a function of x |
//! | [`branch`], [`curve`] | the error at sampled points: a measurement |
//! | [`error_figures`], [`stage_figure`], [`smooth_figures`] | what is drawn |

pub mod branch;
pub mod claimed;
pub mod curve;
pub mod error_figures;
mod error_words;
pub mod figure;
pub mod plot;
pub mod rows;
pub mod smooth_figures;
pub mod stage_figure;
