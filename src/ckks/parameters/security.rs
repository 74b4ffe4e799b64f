//! What the published security tables allow: the greatest log2(QP) for a ring and a uniform ternary
//! secret, errors of standard deviation 3.19 or more.
//!
//! **Source** "Security Guidelines for Implementing Homomorphic Encryption", ePrint 2024/463,
//! Table 5.2, classical attacks. Sparse secrets are outside of it.

/// Security level, in bits against classical attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Security {
    /// 128 bits.
    Bits128,
    /// 192 bits.
    Bits192,
    /// 256 bits.
    Bits256,
}

impl Security {
    /// All levels, weakest first.
    pub const ALL: [Self; 3] = [Self::Bits128, Self::Bits192, Self::Bits256];

    /// The number of bits.
    #[must_use]
    pub fn bits(self) -> u32 {
        match self {
            Self::Bits128 => 128,
            Self::Bits192 => 192,
            Self::Bits256 => 256,
        }
    }

    /// The greatest log2(QP) for rings of degree 2^log_n; `None` where the table has no entry.
    #[must_use]
    pub fn limit_log2(self, log_n: u32) -> Option<u32> {
        let row: [u32; 8] = match self {
            Self::Bits128 => [26, 53, 106, 214, 430, 868, 1747, 3523],
            Self::Bits192 => [0, 36, 73, 147, 297, 597, 1199, 2411],
            Self::Bits256 => [0, 27, 56, 114, 230, 462, 929, 1866],
        };
        let limit = *row.get(log_n.checked_sub(10)? as usize)?;
        (limit > 0).then_some(limit)
    }

    /// The level of that many bits.
    #[must_use]
    pub fn of_bits(bits: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.bits() == bits)
    }
}

/// A way around the tables. It is recorded with the parameters and in what is made under them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiver {
    /// None: the tables hold.
    None,
    /// Lattigo's sparse parameters: weight >= 192 at N = 2^16 with log2(QP) <= 1550, 128 bits by
    /// that library's own estimate.
    LattigoSparse192,
    /// No claim of security: for tests and experiments only.
    Insecure,
}

impl Waiver {
    /// The name in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::LattigoSparse192 => "lattigo-sparse-192",
            Self::Insecure => "insecure",
        }
    }
}
