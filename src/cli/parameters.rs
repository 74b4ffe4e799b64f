//! Encryption parameters on the command line.

use crate::ckks::params::{Chain, Literal, Parameters, Secret};
use crate::ckks::security::Waiver;
use crate::error::{Error, Result};

/// Which encryption parameters.
#[derive(clap::Args, Debug, Clone)]
pub struct Chosen {
    /// A preset: A (N = 2^15, Q = 50 + 18 x 40 bits) or B (N = 2^16, Q = 50 + 28 x 45 bits).
    #[arg(long, value_name = "NAME", default_value = "A", conflicts_with_all = ["log_n", "q", "p"])]
    preset: String,
    /// log2 of the ring degree, 10 to 17; with --q and --p.
    #[arg(long, value_name = "N", requires_all = ["q", "p"])]
    log_n: Option<u32>,
    /// Bits of the primes of Q, level 0 first: 50,40x18.
    #[arg(long, value_name = "BITS", requires = "log_n")]
    q: Option<String>,
    /// Bits of the special primes: 48x2.
    #[arg(long, value_name = "BITS", requires = "log_n")]
    p: Option<String>,
    /// log2 of the scale; that of the preset, or the bits of the last prime of Q.
    #[arg(long, value_name = "BITS")]
    log_scale: Option<u32>,
    /// The secret: ternary, or weight:H.
    #[arg(long, value_name = "KIND", default_value = "ternary")]
    secret: String,
    /// Take parameters that the security tables do not allow; written into every certificate.
    #[arg(long)]
    insecure: bool,
}

/// 50,40x18 as a list of 19 numbers.
fn sizes(field: &str, text: &str) -> Result<Vec<u32>> {
    let mut out = Vec::new();
    for part in text.split(',') {
        let (bits, count) = part.split_once('x').unwrap_or((part, "1"));
        let (Ok(bits), Ok(count)) = (bits.trim().parse::<u32>(), count.trim().parse::<usize>())
        else {
            return Err(Error::parse(
                field,
                format!("{part:?}; expected 50 or 40x18"),
            ));
        };
        if count > 64 {
            return Err(Error::parse(
                field,
                format!("{count} primes; the limit is 64"),
            ));
        }
        out.extend(std::iter::repeat_n(bits, count));
    }
    Ok(out)
}

impl Chosen {
    /// The checked parameters.
    ///
    /// # Errors
    /// What cannot be read, and what is refused.
    pub fn parameters(&self) -> Result<Parameters> {
        let mut literal = match (self.log_n, &self.q, &self.p) {
            (Some(log_n), Some(q), Some(p)) => {
                let (q, p) = (sizes("--q", q)?, sizes("--p", p)?);
                let scale = q.last().copied().unwrap_or(40);
                Literal::new(log_n, q, p, scale)
            }
            _ => Literal::preset(&self.preset).ok_or_else(|| {
                Error::parse("--preset", format!("{:?}; expected A or B", self.preset))
            })?,
        };
        if let Some(scale) = self.log_scale {
            literal.log_scale = scale;
        }
        literal.secret = match self.secret.as_str() {
            "ternary" => Secret::Ternary,
            text => {
                let weight = text.strip_prefix("weight:").and_then(|h| h.parse().ok());
                Secret::Weight(weight.ok_or_else(|| {
                    Error::parse(
                        "--secret",
                        format!("{text:?}; expected ternary or weight:H"),
                    )
                })?)
            }
        };
        if self.insecure {
            literal.waiver = Waiver::Insecure;
        }
        debug_assert!(matches!(literal.chain, Chain::Bits { .. }));
        Parameters::new(&literal)
    }
}

/// The parameters in one line.
pub fn describe(p: &Parameters) -> String {
    let log_qp = crate::ckks::params::log2(&(p.q_product(p.max_level()) * p.p_product()));
    let security = match (p.reached_security(), p.waiver()) {
        (Some(s), _) => format!("{} bits of security by the tables", s.bits()),
        (None, Waiver::Insecure) => "INSECURE".to_owned(),
        (None, w) => format!("outside of the security tables ({})", w.name()),
    };
    format!(
        "N = 2^{}, {} primes in Q, {} in P, log2(QP) = {log_qp:.1}, scale 2^{}; {security}",
        p.log_n(),
        p.q().len(),
        p.p().len(),
        p.log_scale(),
    )
}
