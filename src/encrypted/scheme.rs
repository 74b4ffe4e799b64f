//! Encryption parameters of a run.

use crate::ckks::bootstrap::literal::Literal as Bootstrapping;
use crate::ckks::parameters::Literal;

/// Encryption parameters of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// A chain that is long enough.
    Levelled(Literal),
    /// With bootstrapping.
    Refreshed(Bootstrapping),
}

impl Scheme {
    /// Ring and chain.
    #[must_use]
    pub fn encryption(&self) -> &Literal {
        match self {
            Self::Levelled(literal) => literal,
            Self::Refreshed(literal) => &literal.encryption,
        }
    }

    /// The bootstrapping, if there is one.
    #[must_use]
    pub fn bootstrapping(&self) -> Option<&Bootstrapping> {
        match self {
            Self::Levelled(_) => None,
            Self::Refreshed(literal) => Some(literal),
        }
    }
}
