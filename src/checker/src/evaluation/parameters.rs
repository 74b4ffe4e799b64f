//! Encryption parameters as a certificate states them, and what the security tables say of them.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::format::json::{each, Tree};
use crate::format::numbers::parse_count;
use num_bigint::BigInt;
use num_traits::One;

/// Primes of a chain at most.
const MAX_PRIMES: usize = 64;
/// Errors that the tables were made for: 2 x variance at least.
const SECURE_CBD: u64 = 21;
/// Greatest log2(QP) for a ternary secret, log_n 10 ..= 17, at 128, 192 and 256 bits (ePrint 2024/463,
/// Table 5.2, classical); 0 where the table has none.
const TABLE: [(u64, [u64; 8]); 3] = [
    (256, [0, 27, 56, 114, 230, 462, 929, 1866]),
    (192, [0, 36, 73, 147, 297, 597, 1199, 2411]),
    (128, [26, 53, 106, 214, 430, 868, 1747, 3523]),
];

/// What the noise depends on.
#[derive(Debug)]
pub(crate) struct Parameters {
    pub(crate) log_n: u64,
    pub(crate) q: Vec<u64>,
    pub(crate) p: Vec<u64>,
    /// h, the (expected) number of coefficients of the secret that are not 0.
    pub(crate) weight: Rational,
    ternary: bool,
    /// The error's variance is cbd/2, its largest value cbd.
    pub(crate) cbd: u64,
    /// Primes in a digit of the key switch.
    pub(crate) digit_primes: usize,
    waiver: Waiver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiver {
    None,
    Insecure,
    Sparse192,
}

impl Parameters {
    /// Reads and checks them.
    pub(crate) fn read(tree: Tree, budget: &Budget) -> Checked<Self> {
        let mut fields = tree.object()?;
        let log_n = fields.take("log_n", |t| parse_count(t.text()?, 10, 17))?;
        let prime = |t: Tree| {
            let prime = parse_count(t.text()?, 3, 1 << 62)?;
            if prime % 2 == 0 {
                return Err(Fault::unreadable("an even modulus"));
            }
            Ok(prime)
        };
        let q = fields.take("q", |t| each(t.list_of(1, MAX_PRIMES)?, prime))?;
        let p = fields.take("p", |t| each(t.list_of(1, MAX_PRIMES)?, prime))?;
        let mut all: Vec<u64> = q.iter().chain(&p).copied().collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        if all.len() < count {
            return Err(Fault::unreadable("a modulus occurs twice").at("q"));
        }
        let n = 1u64 << log_n;
        let weight = fields.take("secret", |t| match t.text()? {
            "ternary" => Ok(None),
            text => match text.strip_prefix("weight:") {
                Some(h) => parse_count(h, 1, n).map(Some),
                None => Err(Fault::unreadable("neither ternary nor weight:H")),
            },
        })?;
        let cbd = fields.take("cbd", |t| parse_count(t.text()?, 1, 32))?;
        let digit_primes = fields.take("digit_primes", |t| parse_count(t.text()?, 1, 8))?;
        let waiver = fields.take("waiver", |t| match t.text()? {
            "none" => Ok(Waiver::None),
            "insecure" => Ok(Waiver::Insecure),
            "lattigo-sparse-192" => Ok(Waiver::Sparse192),
            _ => Err(Fault::unreadable(
                "not one of none, insecure, lattigo-sparse-192",
            )),
        })?;
        fields.finish()?;
        budget.charge(10_000)?;
        let parameters = Self {
            log_n,
            q,
            p,
            ternary: weight.is_none(),
            weight: match weight {
                Some(h) => Rational::integer(h),
                None => Rational::raw((2 * n).into(), 3.into()),
            },
            cbd,
            digit_primes: usize::try_from(digit_primes).unwrap_or(1),
            waiver,
        };
        parameters.security()?;
        Ok(parameters)
    }

    /// The product of a run of moduli.
    pub(crate) fn product(primes: &[u64]) -> BigInt {
        primes.iter().fold(BigInt::one(), |m, q| m * *q)
    }

    /// log2(QP) rounded up.
    pub(crate) fn log_qp(&self) -> u64 {
        (Self::product(&self.q) * Self::product(&self.p)).bits()
    }

    /// The distributions of keys and errors in words.
    pub(crate) fn distributions(&self) -> String {
        let secret = if self.ternary {
            "uniform ternary secret".to_owned()
        } else {
            format!("secret of weight {}", self.weight.numer())
        };
        format!(
            "{secret}, errors of twice {} bits, {} primes a digit",
            self.cbd, self.digit_primes
        )
    }

    /// The security in words.
    ///
    /// # Errors
    /// A rejection of parameters beyond the tables without a waiver.
    pub(crate) fn security(&self) -> Checked<String> {
        let log_qp = self.log_qp();
        let column = usize::try_from(self.log_n.saturating_sub(10)).unwrap_or(usize::MAX);
        let reached = TABLE.iter().find(|(_, limits)| {
            // 2^limit itself has limit + 1 bits, and QP is odd.
            self.ternary
                && self.cbd >= SECURE_CBD
                && limits.get(column).is_some_and(|limit| log_qp <= *limit)
        });
        let tables = "by the tables of ePrint 2024/463 (classical)";
        Ok(match (reached, self.waiver) {
            (Some((bits, _)), _) => format!("{bits} bits of security {tables}"),
            (None, Waiver::Insecure) => "INSECURE: no security is claimed".to_owned(),
            (None, Waiver::Sparse192) => {
                let weighty = self.weight >= Rational::integer(192);
                if self.log_n != 16 || log_qp > 1550 || !weighty || self.cbd < SECURE_CBD {
                    let text =
                        "lattigo-sparse-192 is for log_n 16, weight >= 192, log2(QP) <= 1550";
                    return Err(Fault::rejected(Rule::Own("E1 parameters"), text));
                }
                "a sparse secret as in Lattigo (weight >= 192, log2(QP) <= 1550), outside of the tables"
                    .to_owned()
            }
            (None, Waiver::None) => {
                let text = format!(
                    "log2(QP) is {log_qp} at log_n {}: insecure by the tables, and no waiver says so",
                    self.log_n
                );
                return Err(Fault::rejected(Rule::Own("E1 parameters"), text));
            }
        })
    }
}
