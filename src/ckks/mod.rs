//! A reference RNS-CKKS evaluator over Z\[X\]/(X^N + 1), made so that its noise can be proved.
//!
//! Every choice that a noise proof rests on is fixed here and derived in the file that makes it:
//!
//! | choice | file |
//! |---|---|
//! | errors are centred binomial: exact variance, exact bound, own variance as sub-Gaussian proxy | `rng` |
//! | encoding is the exactly scaled embedding, rounded to nearest | `encode` |
//! | scales are exact rationals; nothing changes one silently | `cipher` |
//! | base conversions are exact and centred: no bias | `convert` |
//! | division by a prime or by the special modulus rounds to nearest | `divide` |
//! | an extended encryption has the noise of a rescale | `encrypt` |
//! | a key switch adds (sum_j d_j e_j)/P and a rounding, no more | `switch` |
//! | linear maps divide by P once, and in giant steps one half | `linear` |
//! | a bootstrap raises the modulus exactly, under a sparse secret | `bootstrap` |
//!
//! ```text
//! params (checked, immutable) -> ring (transforms) -> keys -> encode, encrypt -> evaluate -> decrypt
//! ```
//! Side channels are out of scope: nothing here is constant-time. A decrypted value must not be
//! given to others without flooding (Li and Micciancio, ePrint 2020/1533).
//!
//! Work is shared out over the limbs by rayon, in the pool that the caller runs in; one thread is
//! `rayon::ThreadPoolBuilder::new().num_threads(1).build()?.install(|| ..)`.
//!
//! ```
//! use polycert::ckks::scheme::encode::Encoder;
//! use polycert::ckks::evaluate::Evaluator;
//! use polycert::ckks::scheme::keys::SecretKey;
//! use polycert::ckks::parameters::{Literal, Parameters};
//! use polycert::ckks::ring::Ring;
//! use polycert::ckks::parameters::rng::Rng;
//!
//! let params = Parameters::new(&Literal::new(13, vec![50, 40, 40], vec![50], 40))?;
//! let (ring, mut rng) = (Ring::new(&params)?, Rng::from_system()?);
//! let secret = SecretKey::generate(&ring, &mut rng);
//! let public = secret.public_key(&mut rng);
//! let evaluator = Evaluator::new(&ring, secret.evaluation_keys(true, &[1], false, &mut rng))?;
//! let encoder = Encoder::new(&ring);
//!
//! let x = encoder.encode_real(&[0.5, -0.25], 1, params.max_level(), &params.scale())?;
//! let x = public.encrypt(&ring, &x, &mut rng)?;
//! let square = evaluator.rescale(&evaluator.mul(&x, &x)?)?;
//! let slots = encoder.decode(&secret.decrypt(&square)?)?;
//! assert!((slots[0].re - 0.25).abs() < 1e-6 && (slots[1].re - 0.0625).abs() < 1e-6);
//! # Ok::<(), polycert::error::Error>(())
//! ```

pub mod bootstrap;
pub mod evaluate;
pub mod parameters;
pub mod ring;
pub mod scheme;
