//! Encryption parameters as a certificate states them, and what the security tables say of them.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::chain::Chain;
use crate::evaluation::prime::is_prime;
use crate::format::digest::of_bytes;
use crate::format::json::{each, Tree};
use crate::format::numbers::parse_count;
use num_bigint::BigInt;
use num_traits::One;

const RULE: Rule = Rule::Own("E1 parameters");
/// Primes of Q at most: those that the evaluator can run (`src/ckks/parameters`), as all limits here.
const MAX_PRIMES: usize = 64;
/// Special primes at most: the sums of a base conversion stay exact.
const MAX_SPECIAL: usize = 8;
/// Moduli lie below 2^50.
const MAX_PRIME_BITS: u64 = 50;
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
    chain: Chain,
    /// The number of primes up to each level and with it.
    ends: Vec<usize>,
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
        let modulus = |t: Tree| parse_count(t.text()?, 0, u64::MAX);
        let q = fields.take("q", |t| each(t.list_of(1, MAX_PRIMES)?, modulus))?;
        let p = fields.take("p", |t| each(t.list_of(1, MAX_SPECIAL)?, modulus))?;
        let n = 1u64 << log_n;
        let weight = fields.take("secret", |t| match t.text()? {
            "ternary" => Ok(None),
            text => match text.strip_prefix("weight:") {
                Some(h) => parse_count(h, 1, n).map(Some),
                None => Err(Fault::unreadable("neither ternary nor weight:H")),
            },
        })?;
        let cbd = fields.take("cbd", |t| parse_count(t.text()?, 1, 32))?;
        let chain = Chain::read(&mut fields, q.len(), p.len())?;
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
        let ends = chain.ends(q.len());
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
            ends,
            chain,
            waiver,
        };
        parameters.moduli(budget)?;
        parameters.digits()?;
        parameters.security()?;
        Ok(parameters)
    }

    /// Every modulus is a prime, 1 mod 2N and below 2^50, and none occurs twice: so all are coprime.
    fn moduli(&self, budget: &Budget) -> Checked<()> {
        let named = |list: &'static str| move |(i, m): (usize, &u64)| (format!("{list}_{i}"), *m);
        let q = self.q.iter().enumerate().map(named("q"));
        let all: Vec<(String, u64)> = q.chain(self.p.iter().enumerate().map(named("p"))).collect();
        let wrong = |name: &str, m: u64, what: &str| {
            let text = format!("the modulus {name} = {m} {what}");
            Err(Fault::rejected(RULE, text))
        };
        for (i, (name, m)) in all.iter().enumerate() {
            // 12 bases, 64 squares each.
            budget.charge(50_000)?;
            if *m >= 1 << MAX_PRIME_BITS {
                return wrong(name, *m, "is not below 2^50, which the evaluator needs");
            }
            if !is_prime(*m) {
                return wrong(name, *m, "is not a prime");
            }
            if *m % (1 << (self.log_n + 1)) != 1 {
                return wrong(name, *m, "is not 1 mod 2N");
            }
            if let Some((before, _)) = all.iter().take(i).find(|(_, other)| other == m) {
                return wrong(name, *m, &format!("is {before} again"));
            }
        }
        Ok(())
    }

    /// No digit of the key switch is wider than 2 P, as the evaluator demands.
    fn digits(&self) -> Checked<()> {
        let twice = Self::product(&self.p) * 2u32;
        let mut digits = self.chain.cut(&self.q).into_iter();
        match digits.position(|digit| Self::product(digit) > twice) {
            Some(i) => {
                let text = format!("digit {i} of the key switch is more than twice P");
                Err(Fault::rejected(RULE, text))
            }
            None => Ok(()),
        }
    }

    /// The top level.
    pub(crate) fn top(&self) -> usize {
        self.ends.len().saturating_sub(1)
    }

    /// q_0.
    pub(crate) fn first(&self) -> u64 {
        self.q.first().copied().unwrap_or(1)
    }

    /// How many coefficients of the secret are not 0 at most.
    pub(crate) fn largest_weight(&self) -> u64 {
        match self.ternary {
            true => 1 << self.log_n,
            false => u64::try_from(self.weight.numer()).unwrap_or(u64::MAX),
        }
    }

    /// The primes of a level's modulus.
    pub(crate) fn present(&self, level: usize) -> &[u64] {
        let end = self.ends.get(level).copied().unwrap_or(0);
        self.q.get(..end).unwrap_or(&[])
    }

    /// The primes that a level adds: what a rescale from it divides by.
    pub(crate) fn added(&self, level: usize) -> &[u64] {
        let below = level
            .checked_sub(1)
            .map_or(0, |below| self.present(below).len());
        self.present(level).get(below..).unwrap_or(&[])
    }

    /// The digits of a key switch at a level.
    pub(crate) fn digits_at(&self, level: usize) -> Vec<&[u64]> {
        self.chain.cut(self.present(level))
    }

    /// The product of a run of moduli.
    pub(crate) fn product(primes: &[u64]) -> BigInt {
        primes.iter().fold(BigInt::one(), |m, q| m * *q)
    }

    /// log2(QP) rounded up.
    pub(crate) fn log_qp(&self) -> u64 {
        (Self::product(&self.q) * Self::product(&self.p)).bits()
    }

    /// The digest of the canonical lines (EVALUATION.md, section 1).
    pub(crate) fn digest(&self) -> String {
        let list = |name: &str, all: &[u64]| {
            let all: Vec<String> = all.iter().map(u64::to_string).collect();
            format!("{name} {}\n", all.join(" "))
        };
        let secret = match self.ternary {
            true => "ternary".to_owned(),
            false => format!("weight:{}", self.weight.numer()),
        };
        let text = format!(
            "polycert-parameters/1\nlog_n {}\n{}{}secret {secret}\ncbd {}\n{}",
            self.log_n,
            list("q", &self.q),
            list("p", &self.p),
            self.cbd,
            self.chain.lines()
        );
        of_bytes(text.as_bytes())
    }

    /// The distributions of keys and errors in words.
    pub(crate) fn distributions(&self) -> String {
        let secret = if self.ternary {
            "uniform ternary secret".to_owned()
        } else {
            format!("secret of weight {}", self.weight.numer())
        };
        format!(
            "{secret}, errors of twice {} bits, {}",
            self.cbd,
            self.chain.words()
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
                    return Err(Fault::rejected(RULE, text));
                }
                "a sparse secret as in Lattigo (weight >= 192, log2(QP) <= 1550), outside of the tables"
                    .to_owned()
            }
            (None, Waiver::None) => {
                let text = format!(
                    "log2(QP) is {log_qp} at log_n {}: insecure by the tables, and no waiver says so",
                    self.log_n
                );
                return Err(Fault::rejected(RULE, text));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::parse;

    const Q: [&str; 3] = ["1125899904679937", "1099510054913", "1099512938497"];
    const P: [&str; 2] = ["281474976317441", "281474975662081"];

    fn read(q: &[&str], p: &[&str], log_n: &str, digit_primes: &str) -> Checked<Parameters> {
        let list = |all: &[&str]| all.join("\",\"");
        let (q, p) = (list(q), list(p));
        let text = format!(
            "{{\"log_n\":\"{log_n}\",\"q\":[\"{q}\"],\"p\":[\"{p}\"],\"secret\":\"ternary\",\
             \"cbd\":\"21\",\"digit_primes\":\"{digit_primes}\",\"waiver\":\"none\"}}"
        );
        Parameters::read(parse(text.as_bytes())?, &Budget::new())
    }

    /// With other fields about levels and digits.
    fn with_chain(fields: &str) -> Checked<Parameters> {
        let (q, p) = (Q.join("\",\""), P.join("\",\""));
        let text = format!(
            "{{\"log_n\":\"15\",\"q\":[\"{q}\"],\"p\":[\"{p}\"],\"secret\":\"ternary\",\"cbd\":\"21\",\
             {fields},\"waiver\":\"none\"}}"
        );
        Parameters::read(parse(text.as_bytes())?, &Budget::new())
    }

    #[test]
    fn levels_and_digits_are_those_that_are_stated() {
        let good = r#""levels":["1","2"],"digits":["2","1"]"#;
        let parameters = with_chain(good).unwrap();
        assert_eq!(parameters.top(), 1);
        assert_eq!(parameters.added(1).len(), 2);
        assert_eq!(parameters.present(0).len(), 1);
        let lengths = |level| -> Vec<usize> {
            let digits = parameters.digits_at(level).into_iter();
            digits.map(<[u64]>::len).collect()
        };
        assert_eq!((lengths(1), lengths(0)), (vec![2, 1], vec![1]));
        let plain = with_chain(r#""digit_primes":"2""#).unwrap();
        assert!(plain.digest() != parameters.digest());
        for (fields, message) in [
            (
                r#""levels":["1","1"],"digit_primes":"2""#,
                "the levels have 2 primes and q has 3",
            ),
            (
                r#""levels":["1","3"],"digit_primes":"2""#,
                "an integer from 1 to 2",
            ),
            (
                r#""levels":["0","1","2"],"digit_primes":"2""#,
                "an integer from 1 to 2",
            ),
            (r#""levels":[],"digit_primes":"2""#, "0 entries"),
            (
                r#""levels":["1","1","1","1"],"digit_primes":"2""#,
                "4 entries",
            ),
            (
                r#""digits":["2","2"]"#,
                "the digits have 4 primes and q has 3",
            ),
            (r#""digits":["3","0"]"#, "an integer from 1 to 9"),
            (
                r#""digits":["3"]"#,
                "digit 0 of the key switch is more than twice P",
            ),
            (r#""digits":["2","1"],"digit_primes":"2""#, "digit_primes"),
            (r#""levels":["1","2"]"#, "digit_primes"),
        ] {
            let fault = with_chain(fields).unwrap_err();
            let text = format!("{fault:?}");
            assert!(text.contains(message), "{message}: {text}");
        }
    }

    /// Every condition of E1 on moduli has a bad set, and the message names the modulus.
    #[test]
    fn moduli_are_what_they_are_said_to_be() {
        read(&Q, &P, "15", "2").unwrap();
        let other = |list: &[&'static str], i: usize, m: &'static str| {
            let mut list = list.to_vec();
            list[i] = m;
            list
        };
        for (q, p, log_n, digit_primes, message) in [
            // 2^50 - 1, 2^48 - 1: composite.
            (
                other(&Q, 0, "1125899906842623"),
                P.to_vec(),
                "15",
                "2",
                "q_0 = 1125899906842623 is not a prime",
            ),
            (
                Q.to_vec(),
                other(&P, 1, "281474976710655"),
                "15",
                "2",
                "p_1 = 281474976710655 is not a prime",
            ),
            // A square of a prime, and a product of two primes that are 1 mod 2N.
            (
                other(&Q, 1, "4295098369"),
                P.to_vec(),
                "15",
                "2",
                "q_1 = 4295098369 is not a prime",
            ),
            (
                Q.to_vec(),
                other(&P, 0, "51540459521"),
                "15",
                "2",
                "p_0 = 51540459521 is not a prime",
            ),
            (
                other(&Q, 2, "0"),
                P.to_vec(),
                "15",
                "2",
                "q_2 = 0 is not a prime",
            ),
            (
                other(&Q, 2, "1"),
                P.to_vec(),
                "15",
                "2",
                "q_2 = 1 is not a prime",
            ),
            (
                other(&Q, 2, "1099511627776"),
                P.to_vec(),
                "15",
                "2",
                "q_2 = 1099511627776 is not a prime",
            ),
            // 2^50 - 27 and 2^48 - 59 are primes, and not 1 mod 2^16.
            (
                other(&Q, 2, "1125899906842597"),
                P.to_vec(),
                "15",
                "2",
                "q_2 = 1125899906842597 is not 1 mod 2N",
            ),
            (
                Q.to_vec(),
                other(&P, 0, "281474976710597"),
                "15",
                "2",
                "p_0 = 281474976710597 is not 1 mod 2N",
            ),
            // Beyond the evaluator: 3 q_0, and the prime 2^61 - 1.
            (
                Q.to_vec(),
                other(&P, 0, "3377699714039811"),
                "15",
                "2",
                "p_0 = 3377699714039811 is not below 2^50",
            ),
            (
                other(&Q, 1, "2305843009213693951"),
                P.to_vec(),
                "15",
                "2",
                "q_1 = 2305843009213693951 is not below 2^50",
            ),
            // Twice in Q, in P, and in both.
            (
                other(&Q, 2, Q[0]),
                P.to_vec(),
                "15",
                "2",
                "q_2 = 1125899904679937 is q_0 again",
            ),
            (
                Q.to_vec(),
                other(&P, 1, P[0]),
                "15",
                "2",
                "p_1 = 281474976317441 is p_0 again",
            ),
            (
                Q.to_vec(),
                other(&P, 0, Q[1]),
                "15",
                "2",
                "p_0 = 1099510054913 is q_1 again",
            ),
            // One prime of P under digits of two.
            (
                Q.to_vec(),
                vec![P[0]],
                "15",
                "2",
                "digit 0 of the key switch is more than twice P",
            ),
            (
                Q.to_vec(),
                vec![P[0]],
                "15",
                "8",
                "digit 0 of the key switch is more than twice P",
            ),
            (Q.to_vec(), P.to_vec(), "15", "9", "an integer from 1 to 8"),
            (Q.to_vec(), P.to_vec(), "15", "0", "an integer from 1 to 8"),
            (
                Q.to_vec(),
                vec![P[0]; 9],
                "15",
                "2",
                "9 entries, where 1 to 8",
            ),
            (
                vec![Q[0]; 65],
                P.to_vec(),
                "15",
                "2",
                "65 entries, where 1 to 64",
            ),
            (Q.to_vec(), P.to_vec(), "9", "2", "an integer from 10 to 17"),
            (
                Q.to_vec(),
                P.to_vec(),
                "18",
                "2",
                "an integer from 10 to 17",
            ),
            (Q.to_vec(), P.to_vec(), "12", "2", "insecure by the tables"),
        ] {
            let fault = read(&q, &p, log_n, digit_primes).unwrap_err();
            let (Fault::Rejected { detail, .. } | Fault::Unreadable { detail, .. }) = fault;
            assert!(detail.contains(message), "{message}: {detail}");
        }
    }
}
