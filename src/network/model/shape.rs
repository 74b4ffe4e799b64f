//! Channels, rows and columns of an activation.

use crate::error::{Error, Result};

/// Most numbers in one activation.
pub const MAX_FEATURES: usize = 1 << 26;

/// Channels, rows and columns of an activation; a flat vector is (n, 1, 1). Row-major, channels first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TensorShape {
    /// Channels, or features of a flat vector.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl TensorShape {
    /// A shape from its three sizes.
    pub fn new(channels: usize, height: usize, width: usize) -> Self {
        Self {
            channels,
            height,
            width,
        }
    }

    /// A flat vector.
    pub fn flat(n: usize) -> Self {
        Self::new(n, 1, 1)
    }

    /// The number of elements.
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether it has no element.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Rows times columns.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }

    /// # Errors
    /// An empty shape, or one over [`MAX_FEATURES`].
    pub fn check(self) -> Result<Self> {
        let n = self
            .channels
            .checked_mul(self.height)
            .and_then(|n| n.checked_mul(self.width));
        match n {
            Some(n) if (1..=MAX_FEATURES).contains(&n) => Ok(self),
            _ => Err(Error::unsupported(format!(
                "shape {self} has no element, or more than {MAX_FEATURES}"
            ))),
        }
    }
}

impl std::fmt::Display for TensorShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.pixels() == 1 {
            write!(f, "{}", self.channels)
        } else {
            write!(f, "{}x{}x{}", self.channels, self.height, self.width)
        }
    }
}
