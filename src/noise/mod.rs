//! What noise an encrypted computation adds: derived, bounded through a circuit, and seen, each apart.
//!
//! | module | what |
//! |---|---|
//! | [`formula`] | what one operation adds, derived; as rows of a table |
//! | [`composite`] | RIGOROUS bounds on what is decrypted after a composite |
//! | [`linear`] | RIGOROUS bounds on what linear maps between activations add |
//! | [`bootstrap`] | RIGOROUS bounds on what a bootstrapping adds |
//! | [`flooding`] | noise to add before a decryption is shared |
//! | [`measure`] | drawn from the model, and measured on ciphertexts |
//! | [`overflow`] | how likely a raised modulus overflows |
//!
//! # The view that everything rests on
//! A ciphertext of scale S stands at slot `zeta` (a primitive 2N-th root of unity) for the number
//! `(m + e)(zeta) / S`, and evaluation at zeta is a ring homomorphism. So sums and products act slot by
//! slot on these numbers *exactly*, noise included, and an operation only *adds* something of its own:
//! the rounding of a rescale, the noise of a key switch. A circuit's noise is what these additions, each
//! bounded here for all slots, become on their way through exact arithmetic.

pub mod bootstrap;
pub mod composite;
pub mod flooding;
pub mod formula;
pub mod linear;
pub mod measure;
pub mod overflow;
