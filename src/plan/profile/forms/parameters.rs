//! Encryption parameters as other programs state them: what their forms share, and what one of them alone has.

use crate::error::{Error, Result};
use crate::plan::profile::file::LOG_N;
use crate::plan::profile::forms::form::Form;

/// Most primes of Q or of P.
pub const MAX_PRIMES: usize = 256;

/// A modulus by its primes, or by their sizes alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Primes {
    /// Sizes in bits.
    Bits(Vec<u32>),
    /// The primes.
    Exact(Vec<u64>),
}

impl Primes {
    /// Sizes in bits; of a prime the nearest.
    #[must_use]
    pub fn bits(&self) -> Vec<u32> {
        match self {
            Self::Bits(bits) => bits.clone(),
            Self::Exact(primes) => primes
                .iter()
                .map(|&p| (p as f64).log2().round() as u32)
                .collect(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Bits(bits) => bits.len(),
            Self::Exact(primes) => primes.len(),
        }
    }
}

/// A field of one form alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its path.
    pub path: String,
    /// Its value as the form writes it.
    pub text: String,
}

/// Encryption parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The form that they were read from.
    pub form: Form,
    /// Their name, where they have one.
    pub name: Option<String>,
    /// log2 of the ring degree N.
    pub log_n: u32,
    /// The ciphertext modulus, level 0 first.
    pub q: Primes,
    /// The special primes.
    pub p: Primes,
    /// log2 of the scale.
    pub log_scale: u32,
    /// Hamming weight of the secret, where it is stated.
    pub weight: Option<u32>,
    /// Sizes of the special primes that bootstrapping has for its own, where they are stated.
    pub boot_p: Option<Vec<u32>>,
    /// Fields that only the form it was read from has, in their order.
    pub kept: Vec<Kept>,
}

impl Parameters {
    /// Holds what every form has to its limits.
    ///
    /// # Errors
    /// The field and the limit.
    pub fn checked(self) -> Result<Self> {
        let refuse = |field: &str, detail: String| Err(Error::parse(field, detail));
        if !LOG_N.contains(&self.log_n) {
            let (lo, hi) = (LOG_N.start(), LOG_N.end());
            return refuse(
                "log2 of N",
                format!("is {}: it goes from {lo} to {hi}", self.log_n),
            );
        }
        if !(1..=120).contains(&self.log_scale) {
            return refuse(
                "log2 of the scale",
                format!("is {}: it goes from 1 to 120", self.log_scale),
            );
        }
        let boot = Primes::Bits(self.boot_p.clone().unwrap_or_else(|| vec![1]));
        for (field, primes) in [("Q", &self.q), ("P", &self.p), ("boot P", &boot)] {
            let count = primes.len();
            if !(1..=MAX_PRIMES).contains(&count) {
                return refuse(field, format!("has {count} primes: 1 to {MAX_PRIMES}"));
            }
            let fits = match primes {
                Primes::Bits(bits) => bits.iter().all(|b| (1..=64).contains(b)),
                Primes::Exact(primes) => primes.iter().all(|&p| p > 2),
            };
            if !fits {
                return refuse(field, "has a prime that is not of 1 to 64 bits".to_owned());
            }
        }
        if self
            .weight
            .is_some_and(|h| h == 0 || u64::from(h) > 1 << self.log_n)
        {
            return refuse(
                "the secret's weight",
                format!("is not from 1 to 2^{}", self.log_n),
            );
        }
        Ok(self)
    }

    /// A kept field of the form that is written, if the parameters are of it.
    #[must_use]
    pub fn kept(&self, form: Form, path: &str) -> Option<&str> {
        let kept = self.kept.iter().filter(|_| self.form == form);
        kept.filter(|k| k.path == path)
            .map(|k| k.text.as_str())
            .next()
    }

    /// What is lost where the parameters are written in a form: paths of fields, and primes of which sizes are left.
    #[must_use]
    pub fn lost(&self, form: Form) -> Vec<String> {
        let mut lost = Vec::new();
        if form != self.form {
            lost.extend(self.kept.iter().map(|k| k.path.clone()));
            if form == Form::Orion && matches!(self.q, Primes::Exact(_)) {
                lost.push("the primes themselves (their sizes are written)".to_owned());
            }
        }
        if self.weight.is_some() && form == Form::Heir {
            lost.push("the weight of the secret".to_owned());
        }
        if self.boot_p.is_some() && form != Form::Orion && form != Form::Lattigo {
            lost.push("the special primes of bootstrapping".to_owned());
        }
        lost
    }

    /// The primes of Q and of P, for a form that states primes.
    ///
    /// # Errors
    /// Parameters that state sizes alone.
    pub fn exact(&self, form: Form) -> Result<(&[u64], &[u64])> {
        match (&self.q, &self.p) {
            (Primes::Exact(q), Primes::Exact(p)) => Ok((q, p)),
            _ => Err(Error::domain(format!(
                "the form {form} states primes, and {} stated their sizes alone",
                self.form
            ))),
        }
    }
}

/// A whole number, of at most 20 digits.
///
/// # Errors
/// Another text, naming the field.
pub fn whole<T: std::str::FromStr>(field: &str, text: &str) -> Result<T> {
    let text = text.trim();
    let digits = !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
    let value = digits.then(|| text.parse().ok()).flatten();
    value.ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Error::parse(field, format!("{shown:?} is no whole number in range"))
    })
}

/// Whole numbers between commas, of which the last may be followed by one.
///
/// # Errors
/// As [`whole`], and more than [`MAX_PRIMES`].
pub fn wholes<T: std::str::FromStr>(field: &str, text: &str) -> Result<Vec<T>> {
    let text = text.trim();
    let text = text.strip_suffix(',').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for part in text.split(',') {
        if out.len() == MAX_PRIMES {
            let detail = format!("more than {MAX_PRIMES} numbers");
            return Err(Error::parse(field, detail));
        }
        out.push(whole(field, part)?);
    }
    Ok(out)
}

/// Numbers with `, ` between them.
#[must_use]
pub fn list<T: ToString>(numbers: &[T]) -> String {
    let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    words.join(", ")
}
