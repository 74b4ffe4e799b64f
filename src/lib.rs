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
//!                                      -> plan (levels, bootstraps, cost)
//!                                      -> encrypted (the network on ciphertexts)
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
//! | [`plan`] | a precision budget: levels and bootstraps of a network; ESTIMATES of what operations cost |
//! | [`encrypted`] | a network on ciphertexts: slots, steps, schedule, runs |
//! | [`report`] | catalogues and pages with plots, from checked certificates |
//! | [`jobs`] | one verb a file: what a library and the command line call |
//! | [`cli`] | the command line, one file a subcommand: arguments to requests, answers to words |
//! | [`guide`] | the guide: a page a task, with commands that tests run |
//!
//! # Five walks for a newcomer
//! **A coefficient**, `polycert certify relu14.json --claim 2^-14`:
//! 1. [`arith::number`] reads `"7/2"` as an exact rational; [`poly::table`] finds its component, [`poly::component`]
//!    rounds it as a program would hold it ([`arith::rounding`]) and changes basis and input map to powers, exactly;
//!    [`poly::composite`] makes the branch of x > 0 and, where p is not odd, that of x < 0.
//! 2. [`certify::stage`]: the polynomial with its derivatives, boxes around all its critical points, Descartes' rule
//!    that there are no others. [`certify::composite`]: images of images, in f64 intervals first (`fast`), then in
//!    multiprecision; cells at the hump; witnesses.
//! 3. [`certify::claims`]: the error's enclosure and what else is claimed; [`certify::proof`] chooses the precision
//!    and gives the verdict.
//! 4. [`certificate::composite`] writes the document, [`certificate::publish`] has the checker verify it, and
//!    [`jobs::certify`](mod@jobs::certify) hands both to `cli/certify.rs`. How the checker reads the same coefficient: its crate
//!    documentation, "A coefficient on its way".
//!
//! **A pre-activation**, `polycert network audit model.onnx --table relu13.json --bound 40 --input images.npy`:
//! 1. `network/read/onnx` or `network/read/safetensors.rs` gives layers with exact weights (`network/model/ops.rs`) in a
//!    graph (`network/model/graph.rs`); `network/read/input.rs` makes a picture a tensor of balls (`arith/ball.rs`).
//! 2. `network/forward/walk.rs` goes through the layers once for each reading: balls (`balls.rs`, with `layers.rs` and
//!    `kernel.rs`) or plain numbers (`plain.rs`). At an activation the pre-activation is held against \[-B, B\], and
//!    `twin.rs` gives x (1 + p(x/B))/2.
//! 3. `network/forward/compare.rs` compares the classes; `network/rows` goes back from the logits and says what noise
//!    at each activation moves; `network/audit` counts a data set.
//! 4. [`jobs::network::audit`] answers; `certificate/network.rs` writes one input's certificate, which the checker's
//!    room `network` proves again in integers.
//!
//! **A limb**, one prime of a ciphertext, `polycert evaluate relu13.json --preset A --runs 1`:
//! 1. `ckks/parameters` chooses the prime and holds the whole chain to the security tables; `ckks/ring` has its
//!    transforms, conversions and divisions; `ckks/scheme` encodes, makes keys and encrypts.
//! 2. `circuit/composite.rs` lays the composite out as nodes with exact scales (`circuit/stage.rs` splits a stage, baby steps
//!    and giant steps); `ckks/evaluate/run.rs` runs them, `ckks/evaluate/switch.rs` switches keys limb by limb, and a rescale takes
//!    the last limb away (`ckks/ring/divide.rs`).
//! 3. `noise/formula` derives what each operation adds; `noise/composite` carries it through the same circuit to a
//!    bound in every slot; `noise/measure` decrypts and looks.
//! 4. `certificate/evaluation.rs` writes it down; the checker: "A limb on its way".
//!
//! **A weight on ciphertexts**, `polycert network encrypt model.onnx --table relu13.json --bound 40 --input x.npy`:
//! 1. `encrypted/compile/layers.rs` makes a row of it (`encrypted/rows.rs`), multiplied by its batch norm's factor;
//!    `encrypted/compile/mod.rs` chooses the slots (`encrypted/layout.rs`), and `encrypted/map.rs` puts it on a diagonal.
//! 2. `encrypted/levels.rs` says at which level and which activations are refreshed, `encrypted/schedule.rs` what that takes;
//!    `encrypted/simulate.rs` runs it in the clear.
//! 3. `encrypted/run.rs` encodes the diagonal when its step comes; `ckks/evaluate/linear.rs` multiplies, `ckks/bootstrap`
//!    refreshes with ReLU at once, and [`jobs::network::encrypt`](mod@jobs::network::encrypt) sets what is decrypted beside the
//!    twin.
//!
//! **A certificate**, `polycert report relu14.cert.json -o relu14.html`:
//! 1. `files.rs` reads it up to a limit; [`certificate::checked`] has the checker verify its bytes, or there is nothing to
//!    report; [`certificate::read`] gives the claims with types.
//! 2. `report/catalogue` makes a row of it, `report/figures` draws the error under its bound, `report/pages` sets the page;
//!    [`jobs::report`](mod@jobs::report) answers, and `files.rs` writes it whole or not at all.
//! 3. An auditor runs `polycert-check relu14.cert.json` instead: `src/checker/src/main.rs`, `certificate.rs`, `core`.
//!
//! # Words that do not mix
//! `bound_` is proved, `estimate_` is a heuristic or rounded for display, `measure_` is sampled.

// Without the feature `full` only tables and their certificates are left; what only the rest calls is idle.
#![cfg_attr(not(feature = "full"), allow(dead_code, unused_imports))]

pub mod approx;
pub mod arith;
pub mod certificate;
pub mod certify;
#[cfg(feature = "full")]
pub mod circuit;
#[cfg(feature = "full")]
pub mod ckks;
pub mod cli;
#[cfg(feature = "full")]
pub mod encrypted;
pub mod error;
pub mod files;
pub mod function;
// Not in other builds, which would be made again whenever a page changes.
#[cfg(any(doc, doctest))]
pub mod guide;
pub mod interchange;
pub mod jobs;
#[cfg(feature = "full")]
pub mod network;
#[cfg(feature = "full")]
pub mod noise;
#[cfg(feature = "full")]
pub mod plan;
pub mod poly;
#[cfg(feature = "full")]
pub mod report;

// Types of these crates are in public functions: whoever calls them needs the same versions.
pub use {rug, serde_json};
