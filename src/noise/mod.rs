//! What noise is added by which operation: derived ([`formula`]), as rows of a table ([`primitive`]), drawn from the model ([`simulate`]), and
//! measured on ciphertexts ([`measure`]), each apart from the others.
//!
//! # The view that everything rests on
//! A ciphertext of scale S stands at slot `zeta` (a primitive 2N-th root of unity) for the number
//! `(m + e)(zeta) / S`, and evaluation at zeta is a ring homomorphism. So sums and products act slot by
//! slot on these numbers *exactly*, noise included, and an operation only *adds* something of its own:
//! the rounding of a rescale, the noise of a key switch. A circuit's noise is what these additions, each
//! bounded here for all slots, become on their way through exact arithmetic.

pub mod composite;
pub mod flooding;
pub mod formula;
pub mod measure;
