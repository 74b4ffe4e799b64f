//! Encryption parameters: a literal that anybody may write, checked into an immutable value.
//!
//! The primes of Q are q_0, q_1 and so on; a level has one of them more than the one below it, or a few (`chain`). Those of P
//! are the special primes of the key switch, whose digits are runs of primes of Q.
//!
//! The error distribution is centred binomial: the difference of the sums of two times `cbd` fair
//! bits. Its variance is exactly cbd/2, it never exceeds cbd in absolute value, and it is
//! sub-Gaussian with its own variance as proxy. 21, the default, has standard
//! deviation 3.24, above the 3.19 of the security tables.

pub mod chain;
pub(in crate::ckks) mod double;
pub(in crate::ckks) mod modular;
pub mod primes;
pub mod rng;
pub mod security;

use super::parameters::chain::{fault, in_range, Shape, MAX_P_PRIMES};
use super::parameters::security::{Security, Waiver};
use crate::error::Result;
use rug::{Integer, Rational};
use sha2::{Digest as _, Sha256};
use std::ops::Range;
use std::sync::Arc;

/// Rings of degree 2^10 ..
pub const MIN_LOG_N: u32 = 10;
/// .. to 2^17.
pub const MAX_LOG_N: u32 = 17;
/// Most primes of Q.
pub const MAX_Q_PRIMES: usize = 64;
/// The least `cbd` of which the standard deviation sqrt(cbd/2) is that of the security tables.
pub const MIN_SECURE_CBD: u32 = 21;
/// The greatest `cbd`: its bits are drawn as one word.
pub const MAX_CBD: u32 = 32;

/// The distribution of the secret key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// Each coefficient -1, 0 or 1 with probability 1/3.
    Ternary,
    /// Exactly this many coefficients are not 0, each -1 or 1.
    Weight(usize),
}

/// Primes by their sizes in bits, or themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// Sizes in bits of the primes of Q (level 0 first) and of P.
    Bits {
        /// Sizes of the primes of Q.
        q: Vec<u32>,
        /// Sizes of the special primes.
        p: Vec<u32>,
    },
    /// The primes.
    Primes {
        /// Primes of Q.
        q: Vec<u64>,
        /// Special primes.
        p: Vec<u64>,
    },
}

/// Parameters as written, unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// log2 of the ring degree N.
    pub log_n: u32,
    /// The modulus chain.
    pub chain: Chain,
    /// log2 of the default scale.
    pub log_scale: u32,
    /// The secret's distribution.
    pub secret: Secret,
    /// Half the number of bits in an error; its variance is cbd/2.
    pub cbd: u32,
    /// How many primes each level adds, level 0 first; `None`: one each.
    pub levels: Option<Vec<usize>>,
    /// Primes of Q in a digit of the key switch; `None`: as many as there are special primes, or with levels of several primes
    /// as many as leave eight bits to P.
    pub digit_primes: Option<usize>,
    /// The security level that logQP is held to.
    pub security: Security,
    /// A way around the security tables, recorded.
    pub waiver: Waiver,
}

impl Literal {
    /// Parameters with a ternary secret and the defaults: 128 bits, cbd 21, digits as wide as P.
    #[must_use]
    pub fn new(log_n: u32, q: Vec<u32>, p: Vec<u32>, log_scale: u32) -> Self {
        Self {
            log_n,
            chain: Chain::Bits { q, p },
            log_scale,
            secret: Secret::Ternary,
            cbd: MIN_SECURE_CBD,
            levels: None,
            digit_primes: None,
            security: Security::Bits128,
            waiver: Waiver::None,
        }
    }

    /// N = 2^15, Q = 50 + 18 x 40 bits, P = 2 x 48 bits: 18 levels, 128 bits of security.
    #[must_use]
    pub fn set_a() -> Self {
        let q = std::iter::once(50).chain([40; 18]).collect();
        Self::new(15, q, vec![48; 2], 40)
    }

    /// N = 2^16, Q = 50 + 28 x 45 bits, P = 5 x 49 bits: 28 levels, 128 bits of security.
    #[must_use]
    pub fn set_b() -> Self {
        let q = std::iter::once(50).chain([45; 28]).collect();
        Self::new(16, q, vec![49; 5], 45)
    }

    /// A preset by its name: `A` or `B`.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "A" | "a" => Some(Self::set_a()),
            "B" | "b" => Some(Self::set_b()),
            _ => None,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Checked {
    log_n: u32,
    q: Vec<u64>,
    p: Vec<u64>,
    log_scale: u32,
    secret: Secret,
    cbd: u32,
    shape: Shape,
    security: Security,
    waiver: Waiver,
    digest: [u8; 32],
}

/// Checked parameters; cheap to clone, impossible to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters(Arc<Checked>);

impl Parameters {
    /// Checks a literal.
    ///
    /// **Guarantee** the primes are distinct primes below 2^50, 1 mod 2N; logQP is within the table
    /// of the security level and the secret is ternary, unless the waiver says otherwise.
    ///
    /// # Errors
    /// Which parameter breaks which limit; for primes the nearest that would do.
    ///
    /// ```
    /// use polycert::ckks::parameters::{Literal, Parameters};
    /// let parameters = Parameters::new(&Literal::set_a())?;
    /// assert_eq!((parameters.n(), parameters.max_level()), (32_768, 18));
    /// let mut large = Literal::set_a();
    /// large.log_n = 14;
    /// assert!(Parameters::new(&large).unwrap_err().to_string().contains("log2(QP)"));
    /// # Ok::<(), polycert::error::Error>(())
    /// ```
    pub fn new(literal: &Literal) -> Result<Self> {
        let l = literal;
        in_range(
            "log_n",
            l.log_n as usize,
            MIN_LOG_N as usize,
            MAX_LOG_N as usize,
        )?;
        let n = 1usize << l.log_n;
        let (q_len, p_len) = match &l.chain {
            Chain::Bits { q, p } => (q.len(), p.len()),
            Chain::Primes { q, p } => (q.len(), p.len()),
        };
        in_range("the number of primes of Q", q_len, 1, MAX_Q_PRIMES)?;
        in_range("the number of special primes", p_len, 1, MAX_P_PRIMES)?;
        in_range("log_scale", l.log_scale as usize, 1, 100)?;
        in_range("cbd", l.cbd as usize, 1, MAX_CBD as usize)?;
        if let Secret::Weight(h) = l.secret {
            in_range("the Hamming weight of the secret", h, 1, n)?;
        }
        let (q, p) = match &l.chain {
            Chain::Bits { q, p } => primes::choose(l.log_n, q, p)?,
            Chain::Primes { q, p } => {
                let all = || q.iter().chain(p);
                all().try_for_each(|&prime| primes::check(l.log_n, prime))?;
                let twice = all().find(|&x| all().filter(|&y| x == y).count() > 1);
                if let Some(prime) = twice {
                    return Err(fault(format!("the modulus {prime} occurs twice")));
                }
                (q.clone(), p.clone())
            }
        };
        let shape = Shape::new(&q, &p, l.levels.as_deref(), l.digit_primes)?;
        let mut checked = Checked {
            log_n: l.log_n,
            q,
            p,
            log_scale: l.log_scale,
            secret: l.secret,
            cbd: l.cbd,
            shape,
            security: l.security,
            waiver: l.waiver,
            digest: [0; 32],
        };
        checked.digest = Sha256::digest(canonical(&checked)).into();
        let parameters = Self(Arc::new(checked));
        parameters.hold_security()?;
        parameters.hold_key_switch()?;
        Ok(parameters)
    }

    /// Holds logQP, the secret and the error to the tables, unless a waiver is given.
    fn hold_security(&self) -> Result<()> {
        const WAY_OUT: &str =
            "or state insecure parameters explicitly (--insecure), for experiments";
        let qp = self.q_product(self.max_level()) * self.p_product();
        let log_qp = log2(&qp);
        let (log_n, bits) = (self.log_n(), self.0.security.bits());
        let within = |limit: u32| qp <= (Integer::from(1) << limit);
        match self.0.waiver {
            Waiver::Insecure => Ok(()),
            Waiver::LattigoSparse192 => {
                let weight = match self.0.secret {
                    Secret::Weight(h) => h,
                    Secret::Ternary => self.n(),
                };
                let fits = log_n == 16 && weight >= 192 && within(1550);
                if fits && bits == 128 && self.0.cbd >= MIN_SECURE_CBD {
                    return Ok(());
                }
                Err(fault(format!(
                    "the exception lattigo-sparse-192 is for log_n 16, weight >= 192, log2(QP) <= \
                     1550, 128 bits, cbd >= {MIN_SECURE_CBD}; here log_n {log_n}, weight {weight}, \
                     log2(QP) {log_qp:.2}, {bits} bits, cbd {}",
                    self.0.cbd
                )))
            }
            Waiver::None => {
                if let Secret::Weight(h) = self.0.secret {
                    return Err(fault(format!(
                        "a secret of weight {h} is outside of the security tables: take a ternary \
                         one, the named exception lattigo-sparse-192, {WAY_OUT}"
                    )));
                }
                if self.0.cbd < MIN_SECURE_CBD {
                    return Err(fault(format!(
                        "cbd {} gives errors of standard deviation {:.2}, below the 3.19 of the \
                         security tables: take {MIN_SECURE_CBD}, {WAY_OUT}",
                        self.0.cbd,
                        (f64::from(self.0.cbd) / 2.0).sqrt()
                    )));
                }
                match self.0.security.limit_log2(log_n) {
                    Some(limit) if within(limit) => Ok(()),
                    Some(limit) => {
                        let larger = (log_n..=MAX_LOG_N)
                            .find(|&m| self.0.security.limit_log2(m).is_some_and(within));
                        let advice = larger.map_or_else(
                            || "use fewer or smaller primes".to_owned(),
                            |m| format!("use fewer or smaller primes, log_n {m}"),
                        );
                        Err(fault(format!(
                            "log2(QP) is {log_qp:.2} and {bits} bits of security allow {limit} at \
                             log_n {log_n}: {advice}, {WAY_OUT}"
                        )))
                    }
                    None => Err(fault(format!(
                        "no ring of log_n {log_n} has {bits} bits of security: use a larger one, \
                         {WAY_OUT}"
                    ))),
                }
            }
        }
    }

    /// A digit much wider than P would drown the message in the noise of a key switch.
    fn hold_key_switch(&self) -> Result<()> {
        let p = self.p_product();
        for (j, digit) in self.digits(self.max_level()).into_iter().enumerate() {
            let width: Integer = self.0.q[digit].iter().map(|&x| Integer::from(x)).product();
            if width > Integer::from(&p << 1) {
                return Err(fault(format!(
                    "digit {j} of the key switch has log2 {:.2} and P has {:.2}: use more special \
                     primes or fewer primes in a digit",
                    log2(&width),
                    log2(&p)
                )));
            }
        }
        Ok(())
    }

    /// log2 of the ring degree.
    #[must_use]
    pub fn log_n(&self) -> u32 {
        self.0.log_n
    }

    /// The ring degree N.
    #[must_use]
    pub fn n(&self) -> usize {
        1 << self.0.log_n
    }

    /// The primes of Q, level 0 first.
    #[must_use]
    pub fn q(&self) -> &[u64] {
        &self.0.q
    }

    /// The special primes.
    #[must_use]
    pub fn p(&self) -> &[u64] {
        &self.0.p
    }

    /// The top level L: a fresh ciphertext can be rescaled L times.
    #[must_use]
    pub fn max_level(&self) -> usize {
        self.0.shape.levels() - 1
    }

    /// How many primes each level adds, where some level adds more than one.
    #[must_use]
    pub fn levels(&self) -> Option<Vec<usize>> {
        self.0.shape.counts()
    }

    /// The number of primes of a level's modulus.
    #[must_use]
    pub fn limbs(&self, level: usize) -> usize {
        self.0.shape.limbs(level)
    }

    /// The primes that a level adds, by their indices: what a rescale from it divides by.
    #[must_use]
    pub fn level_primes(&self, level: usize) -> Range<usize> {
        self.0.shape.own(level)
    }

    /// The product of the primes that each level adds, level 0 first.
    #[must_use]
    pub fn moduli(&self) -> Vec<Integer> {
        let product = |level| {
            let own = self.0.q[self.level_primes(level)].iter();
            own.map(|&x| Integer::from(x)).product()
        };
        (0..=self.max_level()).map(product).collect()
    }

    /// Q_l, the product of the primes up to level l and with it.
    #[must_use]
    pub fn q_product(&self, level: usize) -> Integer {
        self.0.q[..self.limbs(level)]
            .iter()
            .map(|&x| Integer::from(x))
            .product()
    }

    /// P, the product of the special primes.
    #[must_use]
    pub fn p_product(&self) -> Integer {
        self.0.p.iter().map(|&x| Integer::from(x)).product()
    }

    /// log2 of the default scale.
    #[must_use]
    pub fn log_scale(&self) -> u32 {
        self.0.log_scale
    }

    /// The default scale 2^log_scale.
    #[must_use]
    pub fn scale(&self) -> Rational {
        Rational::from(Integer::from(1) << self.0.log_scale)
    }

    /// The secret's distribution.
    #[must_use]
    pub fn secret(&self) -> Secret {
        self.0.secret
    }

    /// h: the number of coefficients of the secret that are not 0, expected (2N/3) or exact.
    #[must_use]
    pub fn weight(&self) -> Rational {
        match self.0.secret {
            Secret::Ternary => Rational::from((2 * self.n() as u64, 3u32)),
            Secret::Weight(h) => Rational::from(h as u64),
        }
    }

    /// `bound` of |s(zeta)|^2 that key generation holds every secret to: 18 h.
    ///
    /// For one zeta a ternary secret exceeds it with probability `18 e^-17` at most, some 2^-20.
    #[must_use]
    pub fn bound_secret_squared(&self) -> Rational {
        self.weight() * 18u32
    }

    /// Errors are at most this in absolute value and have variance cbd/2.
    #[must_use]
    pub fn cbd(&self) -> u32 {
        self.0.cbd
    }

    /// Primes of Q in a digit of the key switch; `None` where they are cut by width instead.
    #[must_use]
    pub fn digit_primes(&self) -> Option<usize> {
        self.0.shape.digit_primes()
    }

    /// The digits of a key switch at a level: runs of indices of primes of Q. The last may be short.
    #[must_use]
    pub fn digits(&self, level: usize) -> Vec<Range<usize>> {
        self.0.shape.digits(self.limbs(level))
    }

    /// Transforms of one limb that a key switch at a level makes: L back and d (L + k) - L forth to
    /// decompose (a digit's own residues are known), 2 (k + L) to divide both halves by P; L the
    /// primes of the level, k special primes, d digits.
    #[must_use]
    pub fn switch_transforms(&self, level: usize) -> usize {
        let (l, k) = (self.limbs(level), self.0.p.len());
        let to_decompose = l + self.digits(level).len() * (l + k) - l;
        to_decompose + 2 * (k + l)
    }

    /// Transforms that a rescale of a ciphertext of degree 1 at a level makes.
    #[must_use]
    pub fn rescale_transforms(&self, level: usize) -> usize {
        2 * self.limbs(level)
    }

    /// The security level that logQP was held to, unless there is a [waiver](Self::waiver).
    #[must_use]
    pub fn security(&self) -> Security {
        self.0.security
    }

    /// The way around the security tables, if one was stated.
    #[must_use]
    pub fn waiver(&self) -> Waiver {
        self.0.waiver
    }

    /// The strongest level of which the table allows these parameters, whatever was asked for.
    #[must_use]
    pub fn reached_security(&self) -> Option<Security> {
        let qp = self.q_product(self.max_level()) * self.p_product();
        let table = self.secret() == Secret::Ternary && self.cbd() >= MIN_SECURE_CBD;
        let allowed = |s: &Security| {
            s.limit_log2(self.log_n())
                .is_some_and(|limit| qp <= (Integer::from(1) << limit))
        };
        Security::ALL
            .into_iter()
            .rev()
            .filter(|_| table)
            .find(allowed)
    }

    /// SHA-256 of the canonical text: names the parameters in keys, ciphertexts and certificates.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.0.digest
    }

    /// The canonical text of the parameters, of which [`Self::digest`] is the SHA-256.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical(&self.0)
    }
}

fn canonical(c: &Checked) -> String {
    let secret = match c.secret {
        Secret::Ternary => "ternary".to_owned(),
        Secret::Weight(h) => format!("weight {h}"),
    };
    format!(
        "polycert-ckks/1\nlog_n {}\nq {:?}\np {:?}\nlog_scale {}\nsecret {secret}\ncbd {}\n\
         {}security {}\nwaiver {}\n",
        c.log_n,
        c.q,
        c.p,
        c.log_scale,
        c.cbd,
        c.shape.canonical(),
        c.security.bits(),
        c.waiver.name(),
    )
}

/// log2 of a positive integer, rounded for display.
#[must_use]
pub fn log2(x: &Integer) -> f64 {
    let (mantissa, exponent) = x.to_f64_exp();
    mantissa.log2() + f64::from(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl Fn(&mut Literal)) -> String {
        let mut literal = Literal::new(13, vec![50, 40, 40], vec![50], 40);
        literal.digit_primes = Some(1);
        assert!(Parameters::new(&literal).is_ok());
        change(&mut literal);
        Parameters::new(&literal).unwrap_err().to_string()
    }

    #[test]
    fn the_presets_are_secure_and_as_described() {
        let a = Parameters::new(&Literal::set_a()).unwrap();
        assert_eq!(
            (a.n(), a.max_level(), a.digits(18).len()),
            (1 << 15, 18, 10)
        );
        assert!(log2(&(a.q_product(18) * a.p_product())) <= 868.0);
        let b = Parameters::new(&Literal::set_b()).unwrap();
        assert_eq!((b.n(), b.max_level(), b.digits(28).len()), (1 << 16, 28, 6));
        assert_eq!(b.digits(7), [0..5, 5..8]);
        assert_eq!(b.reached_security(), Some(Security::Bits128));
        assert_ne!(a.digest(), b.digest());
        let again = Parameters::new(&Literal {
            chain: Chain::Primes {
                q: a.q().to_vec(),
                p: a.p().to_vec(),
            },
            ..Literal::set_a()
        });
        assert_eq!(again.unwrap().digest(), a.digest());
    }

    #[test]
    fn insecure_parameters_are_refused() {
        let e = refusal(|l| l.log_n = 11);
        assert!(
            e.contains("log2(QP) is 180.00 and 128 bits of security allow 53"),
            "{e}"
        );
        let e = refusal(|l| l.security = Security::Bits192);
        assert!(e.contains("allow 147"), "{e}");
        assert!(refusal(|l| l.secret = Secret::Weight(64)).contains("lattigo-sparse-192"));
        assert!(refusal(|l| l.cbd = 8).contains("standard deviation 2.00"));
        assert!(refusal(|l| l.waiver = Waiver::LattigoSparse192).contains("log_n 16"));
        let mut sparse = Literal::set_b();
        sparse.secret = Secret::Weight(192);
        sparse.chain = Chain::Bits {
            q: vec![45; 27],
            p: vec![49; 5],
        };
        assert!(Parameters::new(&sparse).is_err());
        sparse.waiver = Waiver::LattigoSparse192;
        let sparse = Parameters::new(&sparse).unwrap();
        assert_eq!(
            (sparse.waiver(), sparse.reached_security()),
            (Waiver::LattigoSparse192, None)
        );
    }

    #[test]
    fn bad_values_are_named() {
        assert!(refusal(|l| l.log_n = 9).contains("log_n is 9: it goes from 10 to 17"));
        assert!(refusal(|l| l.secret = Secret::Weight(0)).contains("Hamming weight"));
        assert!(refusal(|l| l.cbd = 33).contains("cbd is 33"));
        assert!(refusal(|l| l.digit_primes = Some(2)).contains("digit 0"));
        assert!(refusal(|l| l.digit_primes = Some(0)).contains("digit_primes is 0"));
        assert!(refusal(|l| l.chain = Chain::Bits {
            q: vec![],
            p: vec![50]
        })
        .contains("primes of Q is 0"));
        let e = refusal(|l| {
            l.chain = Chain::Primes {
                q: vec![65537, 65537],
                p: vec![65537],
            }
        });
        assert!(e.contains("65537 occurs twice"), "{e}");
        let e = refusal(|l| {
            l.chain = Chain::Primes {
                q: vec![65538],
                p: vec![65537],
            }
        });
        assert!(
            e.contains("65538 is not 1 mod 16384") && e.contains("65537"),
            "{e}"
        );
    }
}
