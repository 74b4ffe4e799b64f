//! The primitives as rows of a table: a bound in each tier and an average, in units of the slots.
//!
//! Inputs are fresh encryptions by the public key of messages with slots in [-1, 1] at the default scale
//! and top level, uniform for the average; a failure probability 2^-k is that of one operation at all
//! slots.

use super::{tail, Model, Tier};
use crate::ckks::scheme::encrypt::Encryption;
use crate::error::Result;

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    /// Encoding.
    Encode,
    /// Encoding and encryption by the secret key.
    FreshSecret,
    /// Encoding and encryption by the public key.
    FreshPublic,
    /// Encoding and extended encryption by the public key.
    FreshPublicExtended,
    /// The sum of two fresh ciphertexts.
    Add,
    /// A fresh ciphertext times a plaintext.
    PlainProduct,
    /// A fresh ciphertext times a constant c, |c| <= 1: c = 1 in the bounds and the average.
    ConstantProduct,
    /// The product of two fresh ciphertexts, relinearised.
    Product,
    /// What relinearisation alone adds to a product.
    Relinearise,
    /// What a rotation alone adds.
    Rotate,
    /// What a rescale to the default scale alone adds.
    Rescale,
    /// What a level drop alone adds.
    Drop,
    /// What decoding to f64 alone adds.
    Decode,
}

impl Primitive {
    /// Every primitive, with its name.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Encode, "encode"),
        (Self::FreshSecret, "fresh_secret"),
        (Self::FreshPublic, "fresh_public"),
        (Self::FreshPublicExtended, "fresh_public_extended"),
        (Self::Add, "add"),
        (Self::PlainProduct, "plain_product"),
        (Self::ConstantProduct, "constant_product"),
        (Self::Product, "product"),
        (Self::Relinearise, "relinearise"),
        (Self::Rotate, "rotate"),
        (Self::Rescale, "rescale"),
        (Self::Drop, "drop"),
        (Self::Decode, "decode"),
    ];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        let entry = Self::ALL.iter().find(|(p, _)| *p == self);
        entry.map_or("", |(_, name)| name)
    }

    /// Encryptions, key switches and roundings in it, which share the failure probability.
    pub fn operations(self) -> usize {
        match self {
            Self::Add | Self::Product => 3,
            _ => 2,
        }
    }

    /// `bound` of |error| at every slot, in units of the slots.
    ///
    /// **Guarantee** for the tier. What `Encode` rounds away is the message's, not chance: its bound is the worst case
    /// in every tier.
    ///
    /// # Errors
    /// None for checked parameters.
    pub fn bound(self, model: &Model, tier: Tier) -> Result<f64> {
        let p = model.parameters();
        let scale = p.scale().to_f64();
        let level = p.max_level();
        // f64 sums of a few positive terms, each off by 2^-53 of itself at most.
        let up = |x: f64| x * (1.0 + 2f64.powi(-48));
        let encode = model.bound_encode();
        let fresh = |encryption| (encode + model.bound_fresh(encryption, tier)) / scale;
        let public = up(fresh(Encryption::Public));
        let switch = model.bound_key_switch(level, tier) / scale;
        // w1 e1 + w2 e2 of two encryptions, |w| <= 1. Given s and both v, it is again a sum of independent
        // errors, and w1 v1 + w2 v2 has at most twice the proxy: sqrt 2 times the bound of one.
        let factor = match tier {
            Tier::WorstCase => 2.0,
            Tier::HighProbability { .. } => std::f64::consts::SQRT_2,
        };
        let two = up((2.0 * encode + factor * model.bound_fresh(Encryption::Public, tier)) / scale);
        Ok(up(match self {
            Self::Encode => encode / scale,
            Self::FreshSecret => fresh(Encryption::Secret),
            Self::FreshPublicExtended => fresh(Encryption::PublicExtended),
            Self::FreshPublic | Self::ConstantProduct => public,
            Self::Add => two,
            Self::PlainProduct => public + (1.0 + public) * encode / scale,
            Self::Product => two + public * public + switch / scale,
            Self::Relinearise => switch / scale,
            Self::Rotate => switch,
            Self::Rescale => model.bound_rescale(tier) / scale,
            Self::Drop => 0.0,
            // encode.rs: 2^-52 of the larger of |z| and the coefficients' norm over the scale, which is
            // at most the largest slot.
            Self::Decode => 2f64.powi(-52) * (1.0 + public) * std::f64::consts::SQRT_2,
        }))
    }

    /// *Estimate*: the standard deviation of |error| over slots in units of the slots; none where the
    /// error is no random number.
    pub fn estimate_deviation(self, model: &Model) -> Option<f64> {
        let p = model.parameters();
        let scale = p.scale().to_f64();
        let encode = model.estimate_rounding_variance();
        let fresh = |encryption| encode + model.estimate_fresh_variance(encryption);
        let public = fresh(Encryption::Public);
        let switch = model.estimate_key_switch_variance(p.max_level());
        // The mean of v^2 for v uniform in [-1, 1].
        let third = 1.0 / 3.0;
        let variance = match self {
            Self::Encode => encode,
            Self::FreshSecret => fresh(Encryption::Secret),
            Self::FreshPublicExtended => fresh(Encryption::PublicExtended),
            Self::FreshPublic | Self::ConstantProduct => public,
            Self::Add => 2.0 * public,
            Self::PlainProduct => third * (public + encode),
            Self::Product => {
                2.0 * third * public + public * public / scale / scale + switch / scale / scale
            }
            Self::Relinearise => switch / scale / scale,
            Self::Rotate => switch,
            Self::Rescale => model.estimate_rescale_variance(),
            Self::Drop | Self::Decode => return None,
        };
        Some(variance.sqrt() / scale)
    }

    /// The tier of high probability, 2^-k for this operation at all slots.
    pub fn high_probability(self, model: &Model, k: u32) -> Tier {
        Tier::HighProbability {
            kappa: tail::kappa(k, self.operations(), model.parameters().log_n()),
        }
    }
}
