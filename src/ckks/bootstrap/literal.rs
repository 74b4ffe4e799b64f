//! Parameters of a bootstrapping: a literal that anybody may write, and the sets with a name.

use super::mod1::{Mod1, Value};
use crate::ckks::parameters::security::Waiver;
use crate::ckks::parameters::{log2, Literal as Encryption, Parameters};
use crate::error::{Error, ErrorKind, Result};
use rug::Integer;

/// The least number of coefficients of the sparse secret that are not 0, without a waiver.
pub const MIN_SPARSE_WEIGHT: usize = 32;
/// log2 of the largest modulus that anything is encrypted under the sparse secret with, without a waiver.
pub const MAX_SPARSE_LOG2: u32 = 100;

/// The waiver that states that an ephemeral secret of weight 32 or more is outside of the tables.
pub const ENCAPSULATED: &str = "encapsulated-32";

/// Parameters as written, unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Ring, chain and secret.
    pub encryption: Encryption,
    /// log2 of the number of real values in a ciphertext, 2n.
    pub log_values: u32,
    /// Levels of slots to coefficients: inputs are taken at that level.
    pub slots_to_coefficients: usize,
    /// Levels of coefficients to slots: the highest ones.
    pub coefficients_to_slots: usize,
    /// The number of coefficients of the sparse secret that are not 0.
    pub weight: usize,
    /// States that the sparse secret is outside of the security tables (`encapsulated-32`): without it nothing is taken but what
    /// states to be insecure.
    pub encapsulated: bool,
    /// The reduction modulo 1.
    pub mod1: Mod1,
}

impl Literal {
    /// N = 2^16 with 14 levels of 49 bits above a convolution's, for 2^log_values real values, up to 2^15: EvalMod at a scale of
    /// 2^57, log2(QP) 1740.
    #[must_use]
    pub fn r57(log_values: u32) -> Self {
        let mut q = vec![50, 47, 47, 47];
        q.extend([49; 14]);
        q.extend([32, 33]);
        q.extend([28, 29].repeat(7));
        q.extend([50, 50, 50]);
        let mut encryption = Encryption::new(16, q, vec![50; 5], 47);
        let levels = [vec![1; 18], vec![2; 8], vec![1; 3]].concat();
        encryption.levels = Some(levels);
        Self {
            encryption,
            log_values,
            slots_to_coefficients: 2,
            coefficients_to_slots: 3,
            weight: MIN_SPARSE_WEIGHT,
            encapsulated: true,
            mod1: Mod1 {
                overflow: 13,
                ratio_log2: 4,
                degree: 30,
                doublings: 3,
                arcsine: 11,
            },
        }
    }

    /// The same circuit in a small ring, without any security: for tests.
    #[must_use]
    pub fn toy(log_n: u32, log_values: u32) -> Self {
        let mut out = Self::r57(log_values);
        out.encryption.log_n = log_n;
        out.encryption.waiver = Waiver::Insecure;
        out
    }

    /// A set by its name.
    #[must_use]
    pub fn preset(name: &str, log_values: u32) -> Option<Self> {
        match name {
            "R57" | "r57" => Some(Self::r57(log_values)),
            _ => None,
        }
    }

    /// Checks the literal against the parameters of its encryption.
    ///
    /// # Errors
    /// Which number breaks which limit, need and have of levels.
    pub fn check(&self, parameters: &Parameters) -> Result<()> {
        let fault = |detail: String| -> Result<()> {
            let detail = format!("bootstrapping: {detail}");
            Err(Error::from(ErrorKind::Parameters(detail)))
        };
        self.mod1.check()?;
        if !(1..parameters.log_n()).contains(&self.log_values) {
            return fault(format!(
                "2^{} real values: a ring of degree 2^{} takes 2^1 to 2^{}",
                self.log_values,
                parameters.log_n(),
                parameters.log_n() - 1
            ));
        }
        let stages = self.log_values.max(2) as usize - 1;
        for (name, levels) in [
            ("slots to coefficients", self.slots_to_coefficients),
            ("coefficients to slots", self.coefficients_to_slots),
        ] {
            if !(1..=stages).contains(&levels) {
                return fault(format!("{name} in {levels} levels: 1 to {stages}"));
            }
        }
        let own = self.slots_to_coefficients + self.coefficients_to_slots;
        let need = own + self.mod1.depth(&Value::Sine);
        let have = parameters.max_level();
        if need > have {
            return fault(format!("it takes {need} levels and the chain has {have}"));
        }
        if !(1..=parameters.n()).contains(&self.weight) {
            return fault(format!("a sparse secret of weight {}", self.weight));
        }
        if parameters.limbs(0) != 1 {
            return fault(format!(
                "level 0 has {} primes: the modulus is raised from one",
                parameters.limbs(0)
            ));
        }
        let sparse = Integer::from(parameters.q()[0]) * parameters.p()[0];
        let stated = parameters.waiver() == Waiver::Insecure;
        let small = sparse <= Integer::from(1) << MAX_SPARSE_LOG2;
        let good = parameters.log_n() == 16 && self.weight >= MIN_SPARSE_WEIGHT && small;
        if good && !self.encapsulated && !stated {
            return fault(format!(
                "{}: state it by the waiver {ENCAPSULATED}",
                self.sparse_sentence(parameters)
            ));
        }
        if !good && !stated {
            return fault(format!(
                "a sparse secret of weight {} mod 2^{:.2} in a ring of degree 2^{}: taken are weight {MIN_SPARSE_WEIGHT} or more, \
                 at most 2^{MAX_SPARSE_LOG2}, degree 2^16; or state insecure parameters explicitly (--insecure), for experiments",
                self.weight,
                log2(&sparse),
                parameters.log_n(),
            ));
        }
        Ok(())
    }

    /// What is said of its security beside the tables.
    #[must_use]
    pub fn sparse_sentence(&self, parameters: &Parameters) -> String {
        let sparse = Integer::from(parameters.q()[0]) * parameters.p()[0];
        format!(
            "the ephemeral secret of weight {} mod 2^{:.1} is outside the security tables (ePrint 2022/024; waiver {})",
            self.weight,
            log2(&sparse),
            self.sparse_waiver()
        )
    }

    /// The waiver that stands for the sparse secret.
    #[must_use]
    pub fn sparse_waiver(&self) -> &'static str {
        match self.encryption.waiver {
            Waiver::Insecure => "insecure",
            _ => ENCAPSULATED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_set_is_within_the_tables() {
        let literal = Literal::r57(14);
        let parameters = Parameters::new(&literal.encryption).unwrap();
        literal.check(&parameters).unwrap();
        let qp = parameters.q_product(28) * parameters.p_product();
        assert!(log2(&qp) < 1747.0, "{}", log2(&qp));
        assert_eq!((parameters.max_level(), parameters.limbs(28)), (28, 37));
        let lengths = parameters.digits(28).into_iter().map(|digit| digit.len());
        assert_eq!(lengths.collect::<Vec<_>>(), [5, 4, 4, 4, 7, 8, 5]);
        assert_eq!(literal.mod1.depth(&Value::Sine), 8);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let error = |change: fn(&mut Literal)| {
            let mut literal = Literal::r57(14);
            change(&mut literal);
            let parameters = Parameters::new(&literal.encryption).unwrap();
            literal.check(&parameters).unwrap_err().to_string()
        };
        assert!(error(|l| l.log_values = 16).contains("2^16 real values"));
        let e = error(|l| {
            l.encryption.levels = Some([vec![2], vec![1; 16], vec![2; 8], vec![1; 3]].concat());
        });
        assert!(e.contains("level 0 has 2 primes"), "{e}");
        assert!(error(|l| l.weight = 16).contains("weight 16 mod 2^"));
        let e = error(|l| l.encapsulated = false);
        assert!(
            e.contains("outside the security tables") && e.contains("waiver encapsulated-32"),
            "{e}"
        );
        assert!(error(|l| l.coefficients_to_slots = 0).contains("1 to 13"));
        let e = error(|l| {
            l.mod1.doublings = 8;
            l.slots_to_coefficients = 13;
        });
        assert!(e.contains("it takes 29 levels and the chain has 28"), "{e}");
    }
}
