//! The independent checker of polycert certificates.
//!
//! A certificate is one JSON document that proves statements about a composite polynomial p, such as
//! |r(x) - ReLU(x)| <= 2^-14 on \[-1, 1\] for r(x) = x (1 + p(x))/2. `certificates/FORMAT.md` defines it.
//! This crate reads the document, confirms its hints, and proves its claims one after another.
//!
//! **Method**: intervals of integers over 2^precision, rounded outward, and exact integers for
//! Descartes' rule; no floating point, no C, no code shared with the producer.
//!
//! **Guarantee**: [`check`] returns [`Outcome::Verified`] only if every statement of the report is true;
//! on any input it returns, without a panic, and its work is limited.
//!
//! # Rooms
//! A room uses only the rooms above it; the core uses none, and no crate but exact integers.
//!
//! | room | what it is |
//! |---|---|
//! | `core` | rules R1 to R5 and the claims about one composite: typed values in, proved or not |
//! | `series` | smooth functions: Taylor models on integers, and the rule that bounds an error by them |
//! | `claims` | families of functions: pools, argmax, clip, p as it is, the target of any function; a claim's data and its proof in one file |
//! | `format` | strict reading: JSON to a tree, the tree to typed values, the rounding of coefficients |
//! | `words` | sentences with every number on the safe side, and the report |
//! | `evaluation` | what is decrypted after encrypted evaluation: rules E1 to E6; refreshed activations, B1 to B7 |
//! | `network` | networks: `model` (the exact network), balls (N1 to N6), `rows` (noise, N7 to N10) |
//! | `inference` | an encrypted network: its program (I1 to I5), and what is decrypted of one input (I6) |
//! | `plan` | a plan's folder: P1 to P9, with all of the above |
//!
//! `certificate.rs` leads a `polycert-certificate/1` through the first five; `evaluation` starts from it.
//! `check.rs` tells the kinds of documents apart, `front.rs` answers a command line: files, folders and manifests (`format/manifest.rs`), `request.rs` is what it asks, `beside.rs` finds the files of networks, and what they are held to
//! (`format/requirement.rs`, `words/proved.rs`).
//!
//! # What an auditor reads
//! - **A composite** (stage ranges, closeness, deviation, derivative, magnitude; sign, step, ReLU, leaky ReLU, abs
//!   and max): `core`, about 1,400 lines; `certificate.rs`; and that what is read and printed is what is meant:
//!   `format`, `words`.
//! - **Pools, argmax, clip, functions of p itself**: also the claim's file in `claims`, with `tournament.rs` or with
//!   `expand.rs`, `exact.rs` and `shape.rs`, and `target.rs`.
//! - **Smooth functions** (exp, sigmoid, GELU, ...): of the core the numbers and R1, R2 (`fixed`, `polynomial`, `horner`,
//!   `bernstein`, `pieces`); all of `series`, and `target.rs` of `claims`.
//! - **Encrypted evaluation**: also `evaluation`, in the order `parameters`, `nodes`, `task`, `stage`, `noise`,
//!   `program`, `slope`, `bound`, `prove`.
//! - **Networks**: of the core the numbers and polynomials alone (`number.rs`, `polynomial.rs`, `fault.rs`,
//!   `budget.rs`; under noise also `fixed.rs`); `format`, and `words/numerals.rs`; `network`, without noise all but
//!   `rows` and `noise.rs`.
//!
//! # A coefficient on its way
//! 1. `format/json.rs` reads `"7/2"` as text, never as a JSON number; `format/table.rs` finds it in its component,
//!    `format/numbers.rs` makes it an exact rational, and the table's digest is taken over it.
//! 2. `format/rounding.rs` rounds it as a program would hold it (`exact`, `f64`, `f32`, `fixed:BITS`), exactly.
//! 3. `core/polynomial.rs` works the basis and the input map in: integers over one denominator, in powers of y.
//! 4. `core/cascade.rs` turns the polynomial to the side of a branch. As it is, exactly, it decides in
//!    `core/bernstein.rs` how many critical points there can be; enclosed over 2^precision, in `core/horner.rs`, it
//!    gives values. Both meet in `core/pieces.rs` (R1, R2).
//! 5. `core/cascade.rs` (R3, R4) carries intervals through all stages, `core/cells.rs` (R5) bounds errors over cells,
//!    `core/composite.rs` compares them with what the claim states, and `core/target.rs`, by way of
//!    `claims/target.rs`, with the error of the function.
//! 6. `words/sentences.rs` and `words/target.rs` say what was proved; [`Report::components`] gives the polynomial
//!    that it was proved of.
//!
//! # A limb on its way
//! 1. A prime of the modulus chain is read in `evaluation/parameters.rs` (E1), where the product of all of them is
//!    held against the security tables.
//! 2. `evaluation/nodes.rs` (E2) divides a scale by the prime of the level where a node rescales, and takes the level
//!    off.
//! 3. `evaluation/noise.rs` (E3) has it in what a key switch adds, whose digits are groups of the primes that are left.
//! 4. `evaluation/program.rs` (E4) divides that by the scale of the node, and demands that value and noise fit half the
//!    product of the primes that are left.
//! 5. `evaluation/bound.rs` and `evaluation/slope.rs` (E5) carry the noise through the composite, and
//!    `evaluation/mod.rs` holds the result against the stated noise, and with the approximation's error against the
//!    stated error (E6); `evaluation/words.rs` says so.
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::disallowed_types
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod answer;
mod beside;
mod certificate;
mod check;
mod claims;
mod core;
mod evaluation;
mod folder;
mod format;
mod front;
mod inference;
mod network;
mod plan;
mod request;
mod series;
mod words;

pub use crate::answer::on_one_line;
pub use crate::check::{check, check_table, kind, sha256, Kind};
pub use crate::claims::argmax::Argmax;
pub use crate::claims::clip::Clip;
pub use crate::claims::direct::Part;
pub use crate::claims::rounding::{Floating, Rounding, Scheme};
pub use crate::claims::shape::Shape;
pub use crate::claims::statement::Statement;
pub use crate::claims::target::{Function, Target};
pub use crate::core::number::Rational;
pub use crate::core::statement::{StatedBound, Verdict, Witness};
pub use crate::format::json::MAX_BYTES;
pub use crate::format::manifest::{Entry, Manifest, Subject};
pub use crate::format::requirement::Requirement;
pub use crate::format::rounding::Mode;
pub use crate::front::check_paths;
pub use crate::inference::report::{
    InferenceOutcome, InferenceReport, ProgramOutcome, ProgramReport,
};
pub use crate::inference::{check_inference, check_program};
pub use crate::network::boxes::check_box;
pub use crate::network::boxes::report::{BoxOutcome, BoxReport};
pub use crate::network::model::lines::MAX_FILE_BYTES;
pub use crate::network::noise::NoiseBounds;
pub use crate::network::report::{NetworkOutcome, NetworkReport};
pub use crate::network::{bound_network, check_network, check_network_with};
pub use crate::plan::check_plan;
pub use crate::plan::report::{PlanOutcome, PlanReport};
pub use crate::request::{Request, Streams};
pub use crate::series::expression::Formula;
pub use crate::series::mean_square::MeanSquare;
pub use crate::series::program::Program;
pub use crate::series::rule::{Measure, Series};
pub use crate::series::stages::Stages;
pub use crate::words::decrypted::Decrypted;
pub use crate::words::judged::Judged;
pub use crate::words::report::{Outcome, Report};
