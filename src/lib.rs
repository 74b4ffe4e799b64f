//! polycert replaces trust by proof wherever a neural network runs on encrypted data.
//!
//! Under CKKS, ReLU and max are replaced by compositions of polynomials that approximate sign. This
//! library generates such composites, certifies the maximum error of any coefficient table by
//! interval arithmetic (or refutes a claim with an exact witness), and writes certificates that the
//! independent crate `polycert-checker` verifies with integers alone.
//!
//! # Data flow
//! ```text
//! arith -> function -> poly -> interchange               <-> table files
//!                           -> approx (untrusted search)  -> table
//!                           -> certify (rigorous)         -> certificate -> polycert-checker
//!                           -> circuit -> ckks            -> ciphertexts
//!                                      -> noise           -> certificate
//!                           -> network (a ReLU network and its polynomial twin) -> certificate
//! certificate -> report (reads; samples curves beside what is proved)
//! jobs (one verb a file: request in, answer out) -> all of these
//! cli (words only) -> jobs
//! ```
//! Each module uses only those above it in this table; only `jobs` uses `approx`, and only `certificate` and the
//! command `check` call the checker. Start with a verb in [`jobs`].
//!
//! | module | what |
//! |---|---|
//! | [`error`], [`files`] | the one error type; files read up to a limit, written whole |
//! | [`arith`] | exact numbers, coefficient rounding, intervals, balls |
//! | [`function`] | targets: the functions that polynomials stand for |
//! | [`poly`] | components, composites, tables; costs |
//! | [`interchange`] | tables in the forms of other programs |
//! | [`approx`] | UNTRUSTED search: Remez, composites, best eps, rounding of coefficients |
//! | [`certify`] | RIGOROUS bounds on a given composite or polynomial |
//! | [`circuit`] | an encrypted computation as data |
//! | [`ckks`] | encryption parameters, keys and evaluator |
//! | [`noise`] | RIGOROUS bounds on what is decrypted after an evaluation; measurements apart |
//! | [`network`] | a network: reading, rigorous evaluation with its polynomial twin, boxes, noise, audits |
//! | [`certificate`] | a proof written down; checked before it is published |
//! | [`report`] | catalogues and pages with plots, from checked certificates |
//! | [`jobs`] | one verb a file: what a library and the command line call |
//! | [`cli`] | the command line, one file a subcommand: arguments to requests, answers to words |
//!
//! # Words that do not mix
//! `bound_` is proved, `estimate_` is a heuristic or rounded for display, `measure_` is sampled.

pub mod approx;
pub mod arith;
pub mod certificate;
pub mod certify;
pub mod circuit;
pub mod ckks;
pub mod cli;
pub mod error;
pub mod files;
pub mod function;
pub mod interchange;
pub mod jobs;
pub mod network;
pub mod noise;
pub mod poly;
pub mod report;

// Types of these crates are in public functions: whoever calls them needs the same versions.
pub use {rug, serde_json};
