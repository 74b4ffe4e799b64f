//! What is encrypted and by which keys; nothing is computed on ciphertexts here.
//!
//! | module | what |
//! |---|---|
//! | [`cipher`] | plaintexts and ciphertexts: level, exact scale, slots |
//! | [`encode`] | the exactly scaled embedding, rounded to nearest |
//! | [`keys`] | secret, public and switching keys |
//! | [`encrypt`] | encryption and decryption |
//! | [`serial`] | files of keys and ciphertexts |
//! | [`stream`] | switching keys one after the other |

pub mod cipher;
pub mod encode;
pub mod encrypt;
pub mod keys;
pub mod serial;
pub mod stream;
