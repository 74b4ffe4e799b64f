//! Untrusted search: odd minimax polynomials, composites of them, and exact coefficients.
//!
//! **Everything here is an estimate; nothing is proved.** Errors are read off at computed extrema in
//! round-to-nearest multiprecision arithmetic. Proofs about the coefficients that leave this module
//! belong to the certifier, which needs nothing from here but those coefficients.
//!
//! | module | what |
//! |---|---|
//! | [`fit`] | one polynomial: minimax by Remez, least squares, interpolation |
//! | [`mod@composite`] | chains of such fits that approximate sign; the choice of `eps`; exact coefficients |
//! | [`mod@search`] | the cheapest degrees that reach a precision |
//! | [`known`] | families given by formulas |
//!
//! Method: exchange on all extrema (Remez), levelled interpolation by divided differences in
//! `t = x^2`, extrema by Newton's method inside a bracket that cannot lose them. Accuracy: errors
//! are levelled to a relative `2^-128` by default, with a working precision derived from the degree
//! and the interval. Special cases: degree 1 needs no exchange; intervals with `b/a` up to `2^30`, and
//! intervals so short that the error is `2^-1000`, only cost precision.
//! All results are deterministic: MPFR rounds correctly, so the same input gives the same bits on
//! every machine.
//!
//! Sources: Remez 1934; Cheney, *Introduction to Approximation Theory*, ch. 3; composites after
//! arXiv 2105.10879 and ePrint 2020/834.

pub mod composite;
pub mod fit;
pub mod known;
pub mod search;

pub use composite::balance::{best_eps, best_eps_with};
pub use composite::design::Design;
pub use composite::design_fit::{design, Fit};
pub use composite::hump::Hump;
pub use composite::output::{round_design, Scaling, DEFAULT_BITS};
pub use composite::{composite, composite_with};
pub use fit::error::ApproxError;
pub use fit::odd::OddPolynomial;
pub use fit::remez::{minimax_odd, minimax_odd_from, Minimax, Settings, MAX_DEGREE};
