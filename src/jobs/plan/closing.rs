//! Whether what encrypted activations add is within what the least margins stand: bounds on both sides.
//!
//! Each activation has an evaluation certificate: its polynomial on ciphertexts under stated parameters, from fresh
//! encryptions at the level from which a plan evaluates it, is decrypted to within `bound_noise` of the polynomial. What is
//! allowed is 2^-k B at every activation, under which the least margins were proved to stay; or, since layers differ, 2^-k B
//! beside what is proved of each, under which they were proved to stay too. Both are in units of B, and what
//! is between them is left for all that no certificate speaks of: linear layers, bootstraps, and inputs that are noisier than
//! fresh encryptions, as it is seen at the outputs of activations.
//!
//! A composite is certified on [-1, 1], for every B at once (`jobs::network::evaluated` derives why that is exact). A
//! direct polynomial B p(x/B) is a table of its own on [-B, B], and so is its certificate; its bound is divided by B.
//!
//! # Levels
//! An activation of depth d that leaves at level l is evaluated from level l + d: its input is brought down to that first, if it
//! came in higher, which costs nothing. Of max-pooling that is the first round's level. With a bootstrap inside, what is
//! certified is the circuit without it, from the top level.

use crate::arith::number;
use crate::ckks::parameters::{log2, Chain, Literal, Parameters};
use crate::error::{Error, Result};
use crate::files::{sha256, write_atomically};
use crate::function::target::Function;
use crate::jobs::evaluate::{self, certify, Task};
use crate::jobs::plan::progress::Progress;
use crate::jobs::plan::request::{Encryption, Request};
use crate::jobs::plan::rows::{Row, Stood};
use crate::poly::table::Table;
use rayon::prelude::*;
use rug::{Integer, Rational};
use std::path::Path;

/// The folder of evaluation certificates.
pub const EVALUATION: &str = "evaluation";
/// Scales that are tried for certificates.
const TRIES: u32 = 4;
/// Bits between them where nothing is proved at the scale that was asked for.
const FAR: u32 = 4;
/// Largest primes, in bits.
const WIDEST: u32 = 50;

/// What is certified of an activation on ciphertexts.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The layer; of one design everywhere its name.
    pub name: String,
    /// The level of the input.
    pub level: usize,
    /// The certificate, or why there is none.
    pub certificate: std::result::Result<Proved, String>,
}

/// A certificate that the checker has verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Proved {
    /// Its file, in the plan's folder.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// `bound` of |decrypted - polynomial|, in units of B.
    pub bound_noise: Rational,
}

/// What activations add beside what margins stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// For each layer; of one design everywhere one.
    pub evaluated: Vec<Evaluated>,
    /// For each of them what is proved to leave the least margins, in units of B, all at once: 2^-k everywhere, or 2^-k more than
    /// is proved of each, whichever leaves more; none where no level does.
    pub allowed: Option<Vec<Rational>>,
    /// What would do where it does not close.
    pub needed: Option<Needed>,
}

/// A scale at which a budget closes.
#[derive(Debug, Clone, PartialEq)]
pub struct Needed {
    /// log2 of the scale, and bits of each prime that a rescale divides by.
    pub bits: u32,
    /// The greatest `bound` of all layers in units of B, by certificates under such parameters; none where the scale is an *estimate*.
    pub proved: Option<Rational>,
    /// These parameters in words.
    pub chain: String,
}

/// A table to certify.
struct Wanted {
    name: String,
    /// Where it goes, in the plan's folder.
    file: String,
    table: Table,
    /// Of the table's own unit: 1 of a composite, which is certified on [-1, 1].
    unit: Rational,
    level: usize,
}

/// What the verified certificate says, and its text; or the margin that is missing.
type Made = std::result::Result<(Rational, String), String>;

impl Wanted {
    /// Certifies it under parameters.
    fn make(&self, encryption: &Encryption) -> Result<Made> {
        let top = encryption.parameters.max_level();
        let named = |e: Error| Error::domain(format!("layer {:?}, on ciphertexts: {e}", self.name));
        if self.level > top {
            let words = format!(
                "it is evaluated from level {}, and the parameters have {top} levels",
                self.level
            );
            return Err(named(Error::domain(words)));
        }
        let target = match self.table.target.is_itself() {
            true => self.table.target,
            false => Function::Relu,
        };
        let asked = evaluate::Request {
            parameters: encryption.parameters.clone(),
            task: Task {
                level: Some(self.level),
                ..Task::new(target)
            },
            k: encryption.k,
            inputs: evaluate::Inputs::Uniform(0),
            seed: None,
        };
        Ok(match certify(&self.table, &asked).map_err(named)? {
            Ok(made) => Ok((made.bound_noise / &self.unit, made.text)),
            Err(margin) => Err(margin.to_string()),
        })
    }
}

/// The level from which a row's activation is evaluated.
fn level(row: &Row, top: usize) -> usize {
    match row.inside.is_empty() {
        true => row.levels.1 + row.cost().depth,
        false => top,
    }
}

/// What is to be certified: for each row the number of it, and each once.
fn wanted(rows: &[Row], top: usize) -> Result<(Vec<usize>, Vec<Wanted>)> {
    let (mut which, mut all): (Vec<usize>, Vec<(String, Wanted)>) = (Vec::new(), Vec::new());
    for row in rows {
        if row.layer.slope != 0.0 && row.design.block.product {
            return Err(Error::unsupported(format!(
                "layer {:?}: no evaluation certificate speaks of a leaky ReLU that is made of a composite: --designs direct",
                row.layer.name
            )));
        }
        let level = level(row, top);
        let same = |w: &(String, Wanted)| w.0 == row.table_sha256 && w.1.level == level;
        if let Some(at) = all.iter().position(same) {
            which.push(at);
            continue;
        }
        let (table, _) = row.design.on(&row.layer.b)?;
        let stem = Path::new(&row.table).file_stem().unwrap_or_default();
        let one = Wanted {
            name: row.layer.name.clone(),
            file: format!("{EVALUATION}/{}-from-{level}.json", stem.to_string_lossy()),
            unit: match row.design.block.product {
                true => Rational::from(1),
                false => row.layer.b.clone(),
            },
            table,
            level,
        };
        which.push(all.len());
        all.push((row.table_sha256.clone(), one));
    }
    Ok((which, all.into_iter().map(|(_, one)| one).collect()))
}

/// Writes a certificate, if there is one.
fn written(folder: &Path, file: &str, made: Made) -> Result<std::result::Result<Proved, String>> {
    let (bound_noise, text) = match made {
        Ok(made) => made,
        Err(why) => return Ok(Err(why)),
    };
    write_atomically(&folder.join(file), &text)?;
    Ok(Ok(Proved {
        file: file.to_owned(),
        sha256: sha256(text.as_bytes()),
        bound_noise,
    }))
}

/// Certifies every row's activation on ciphertexts, each table once for each level.
///
/// **Guarantee** the independent checker has verified every certificate.
///
/// # Errors
/// Parameters with too few levels, or into which values do not fit; a layer that no certificate speaks of.
pub fn evaluate(
    request: &Request,
    encryption: &Encryption,
    rows: &[Row],
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Vec<Evaluated>> {
    let (which, wanted) = wanted(rows, encryption.parameters.max_level())?;
    progress(Progress::Step(format!(
        "{} evaluation certificates",
        wanted.len()
    )));
    let made = wanted.par_iter().map(|one| one.make(encryption));
    let made: Vec<Made> = made.collect::<Result<_>>()?;
    let all = wanted.iter().zip(made);
    let all = all.map(|(one, made)| written(&request.output, &one.file, made));
    let all: Vec<std::result::Result<Proved, String>> = all.collect::<Result<_>>()?;
    let each = rows.iter().zip(which).map(|(row, at)| Evaluated {
        name: row.layer.name.clone(),
        level: wanted[at].level,
        certificate: all[at].clone(),
    });
    Ok(each.collect())
}

/// Certifies one composite from the top level.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_one(
    request: &Request,
    encryption: &Encryption,
    name: &str,
    table: &Table,
    file: &str,
) -> Result<Evaluated> {
    let one = composite(encryption, name, table, file);
    let made = one.make(encryption)?;
    Ok(Evaluated {
        name: name.to_owned(),
        level: one.level,
        certificate: written(&request.output, file, made)?,
    })
}

fn composite(encryption: &Encryption, name: &str, table: &Table, file: &str) -> Wanted {
    Wanted {
        name: name.to_owned(),
        file: file.to_owned(),
        table: table.clone(),
        unit: Rational::from(1),
        level: encryption.parameters.max_level(),
    }
}

/// The bounds of all layers in units of B; none where one has none.
pub fn bounds(evaluated: &[Evaluated]) -> Option<Vec<Rational>> {
    let bound = |e: &Evaluated| Some(e.certificate.as_ref().ok()?.bound_noise.clone());
    evaluated.iter().map(bound).collect()
}

/// What the margins stand at each layer.
fn allowed(evaluated: &[Evaluated], stood: Option<&Stood>) -> Option<Vec<Rational>> {
    let stood = stood?;
    let amount = |bits: u32| Rational::from(1) >> bits;
    let everywhere = stood.bits.map(amount);
    let beside = bounds(evaluated).zip(stood.beside_bits.map(amount));
    if let Some((bounds, more)) = beside {
        let most = bounds.iter().max().cloned().unwrap_or_default();
        let less = |w: &Rational| Rational::from(w - &most) < more;
        if everywhere.as_ref().is_none_or(less) {
            return Some(bounds.into_iter().map(|b| b + &more).collect());
        }
    }
    Some(vec![everywhere?; evaluated.len()])
}

impl Budget {
    /// Holds the rows' certificates against what was proved to leave the margins.
    ///
    /// # Errors
    /// What certifying refuses.
    pub fn of_rows(
        encryption: &Encryption,
        rows: &[Row],
        evaluated: Vec<Evaluated>,
        stood: Option<&Stood>,
    ) -> Result<Self> {
        let mut budget = Self::new(evaluated, stood);
        if !budget.closes() {
            let (_, all) = wanted(rows, encryption.parameters.max_level())?;
            budget.needed = budget.needed(encryption, &all);
        }
        Ok(budget)
    }

    /// The same of one composite everywhere.
    pub fn of_one(
        encryption: &Encryption,
        table: &Table,
        evaluated: Evaluated,
        stood: Option<&Stood>,
    ) -> Self {
        let one = composite(encryption, &evaluated.name, table, "");
        let mut budget = Self::new(vec![evaluated], stood);
        if !budget.closes() {
            budget.needed = budget.needed(encryption, &[one]);
        }
        budget
    }

    fn new(evaluated: Vec<Evaluated>, stood: Option<&Stood>) -> Self {
        Self {
            allowed: allowed(&evaluated, stood),
            evaluated,
            needed: None,
        }
    }

    /// The bound of a layer's noise, in units of B.
    fn bound(&self, layer: usize) -> Option<&Rational> {
        let found = self.evaluated[layer].certificate.as_ref();
        found.ok().map(|c| &c.bound_noise)
    }

    /// The layer with the greatest bound; one without any before all others.
    fn greatest(&self) -> usize {
        let greatest = (0..self.evaluated.len()).max_by(|&a, &b| {
            let (a, b) = (self.bound(a), self.bound(b));
            a.is_none().cmp(&b.is_none()).then(a.cmp(&b))
        });
        greatest.unwrap_or(0)
    }

    /// That layer.
    pub fn binding(&self) -> &Evaluated {
        &self.evaluated[self.greatest()]
    }

    /// What is allowed there.
    pub fn allowed_there(&self) -> Option<&Rational> {
        self.allowed.as_ref()?.get(self.greatest())
    }

    /// The greatest bound of all layers; none where one has none.
    pub fn bound_noise(&self) -> Option<&Rational> {
        self.binding()
            .certificate
            .as_ref()
            .ok()
            .map(|c| &c.bound_noise)
    }

    /// Whether layers are allowed different amounts.
    pub fn is_by_layer(&self) -> bool {
        let all = self.allowed.as_deref().unwrap_or_default();
        all.windows(2).any(|pair| pair[0] != pair[1])
    }

    /// What is left at every activation, in units of B; none where it does not close.
    pub fn left(&self) -> Option<Rational> {
        let left = Rational::from(self.allowed_there()? - self.bound_noise()?);
        Some(left).filter(|left| *left > 0)
    }

    /// Whether every activation's noise is below what is allowed.
    pub fn closes(&self) -> bool {
        self.left().is_some()
    }

    /// Bits between what is allowed and the greatest bound, for people.
    pub fn bits_left(&self) -> Option<f64> {
        let (allowed, bound) = (self.allowed_there()?, self.bound_noise()?);
        Some(number::estimate_log2(&Rational::from(allowed / bound)))
    }

    /// A scale at which it closes: by certificates of every table where such parameters are sound and secure.
    fn needed(&self, encryption: &Encryption, all: &[Wanted]) -> Option<Needed> {
        let allowed = self.allowed_there()?;
        let now = encryption.parameters.log_scale();
        // Noise is inversely as the scale, nearly; without a bound nothing tells how far to go.
        let (least, step) = match self.bound_noise() {
            Some(bound) => {
                let missing = number::estimate_log2(&Rational::from(bound / allowed));
                (now + missing.floor().max(0.0) as u32 + 1, 1)
            }
            None => (now + FAR, FAR),
        };
        for bits in (0..TRIES).map(|i| least + i * step) {
            let Ok(parameters) = at_scale(&encryption.parameters, bits) else {
                break;
            };
            let chain = in_words(&parameters);
            let other = Encryption {
                parameters,
                ..encryption.clone()
            };
            let made = all.par_iter().map(|one| one.make(&other).ok()?.ok());
            let bounds: Option<Vec<Rational>> = made.map(|m| m.map(|(b, _)| b)).collect();
            let most = bounds.and_then(|all| all.into_iter().max());
            if let Some(most) = most.filter(|most| most < allowed) {
                return Some(Needed {
                    bits,
                    proved: Some(most),
                    chain,
                });
            }
        }
        self.bound_noise().map(|_| Needed {
            bits: least,
            proved: None,
            chain: String::new(),
        })
    }
}

/// Sizes of primes in bits; those near a power of 2 are that power.
fn sizes(primes: &[u64]) -> Vec<u32> {
    let bits = |q: &u64| log2(&Integer::from(*q)).round() as u32;
    primes.iter().map(bits).collect()
}

/// The same chain at another scale: as many levels, and special primes that hold its digits.
///
/// # Errors
/// Primes that are too large, and what security forbids.
fn at_scale(parameters: &Parameters, bits: u32) -> Result<Parameters> {
    let more = bits.saturating_sub(parameters.log_scale());
    let wider = |size: u32| size + more;
    let mut q: Vec<u32> = sizes(parameters.q());
    q.iter_mut().skip(1).for_each(|size| *size = wider(*size));
    if let Some(first) = q.first_mut() {
        *first = wider(*first).min(WIDEST);
    }
    // P is to be no less than any digit of a key switch.
    let special = sizes(parameters.p());
    let digits = parameters.digits(parameters.max_level()).into_iter();
    let widest: u32 = (digits.map(|digit| q[digit].iter().sum()))
        .max()
        .unwrap_or(0);
    let least = widest.div_ceil(special.len().max(1) as u32);
    let p = special.into_iter().map(|size| size.max(least)).collect();
    Parameters::new(&Literal {
        log_n: parameters.log_n(),
        chain: Chain::Bits { q, p },
        log_scale: bits,
        secret: parameters.secret(),
        cbd: parameters.cbd(),
        levels: parameters.levels(),
        digit_primes: parameters.digit_primes(),
        security: parameters.security(),
        waiver: parameters.waiver(),
    })
}

/// `N = 2^16, Q = 50+28x47, P = 5x49`.
pub fn in_words(parameters: &Parameters) -> String {
    let runs = |primes: &[u64]| {
        let sizes = sizes(primes);
        let runs = sizes.chunk_by(|a, b| a == b).map(|run| match run {
            [one] => one.to_string(),
            many => format!("{}x{}", many.len(), many[0]),
        });
        runs.collect::<Vec<_>>().join("+")
    };
    format!(
        "N = 2^{}, Q = {}, P = {}",
        parameters.log_n(),
        runs(parameters.q()),
        runs(parameters.p())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(bounds: &[Option<i32>]) -> Vec<Evaluated> {
        let one = |(i, bound): (usize, &Option<i32>)| Evaluated {
            name: i.to_string(),
            level: 3,
            certificate: match bound {
                Some(bits) => Ok(Proved {
                    file: String::new(),
                    sha256: String::new(),
                    bound_noise: Rational::from(3) >> *bits as u32,
                }),
                None => Err("none".to_owned()),
            },
        };
        bounds.iter().enumerate().map(one).collect()
    }

    fn stood(bits: Option<u32>) -> Stood {
        Stood {
            samples: vec![4],
            bits,
            kept: Vec::new(),
            beside_bits: None,
            kept_beside: Vec::new(),
        }
    }

    #[test]
    fn the_greatest_bound_decides() {
        let budget =
            |bounds: &[Option<i32>], bits| Budget::new(evaluated(bounds), Some(&stood(bits)));
        let closes = budget(&[Some(24), Some(23), Some(25)], Some(20));
        assert_eq!(closes.binding().name, "1");
        // 2^-20 - 3 2^-23 = 5 2^-23.
        assert_eq!(closes.left(), Some(Rational::from(5) >> 23));
        assert!((closes.bits_left().unwrap() - (8f64 / 3.0).log2()).abs() < 1e-9);
        let open = budget(&[Some(21), Some(19)], Some(20));
        assert!(!open.closes() && open.binding().name == "1" && open.left().is_none());
        // Nothing left is not enough; nor is no bound, or nothing that is allowed.
        let mut equal = budget(&[Some(24)], Some(20));
        equal.allowed = equal.bound_noise().map(|b| vec![b.clone()]);
        assert!(!equal.closes());
        let none = budget(&[Some(24), None, Some(21)], Some(20));
        assert!(!none.closes() && none.binding().name == "1");
        assert!(!budget(&[Some(24)], None).closes());
    }

    #[test]
    fn what_is_beside_the_bounds_counts_where_it_is_more() {
        let budget = |bits, beside_bits| {
            let stood = Stood {
                beside_bits,
                ..stood(bits)
            };
            Budget::new(evaluated(&[Some(24), Some(22)]), Some(&stood))
        };
        let q = |n: i32, bits: u32| Rational::from(n) >> bits;
        // 2^-21 is less than 3 2^-22: only beside it something is left.
        let beside = budget(Some(21), Some(25));
        assert_eq!(
            beside.allowed,
            Some(vec![q(3, 24) + q(1, 25), q(3, 22) + q(1, 25)])
        );
        assert!(beside.closes() && beside.left() == Some(q(1, 25)));
        assert_eq!(budget(None, Some(25)).left(), Some(q(1, 25)));
        // 2^-20 leaves 2^-22 at the greatest.
        assert_eq!(budget(Some(20), Some(25)).allowed, Some(vec![q(1, 20); 2]));
        assert_eq!(budget(Some(20), Some(21)).left(), Some(q(1, 21)));
        assert!(!budget(Some(21), None).closes());
    }

    #[test]
    fn chains_are_widened_within_what_is_secure() {
        let b = Parameters::new(&Literal::set_b()).unwrap();
        assert_eq!(in_words(&b), "N = 2^16, Q = 50+28x45, P = 5x49");
        let wider = at_scale(&b, 47).unwrap();
        assert_eq!(in_words(&wider), "N = 2^16, Q = 50+28x47, P = 5x49");
        assert_eq!((wider.log_scale(), wider.digit_primes()), (47, Some(5)));
        // A digit of 50 and 4 times 49 bits needs special primes of 50.
        assert_eq!(
            in_words(&at_scale(&b, 49).unwrap()),
            "N = 2^16, Q = 50+28x49, P = 5x50"
        );
        // Primes have 50 bits at most.
        assert!(at_scale(&b, 51).is_err());
        let a = Parameters::new(&Literal::set_a()).unwrap();
        // log2(QP) = 50 + 18 43 + 2 48 = 920 is more than 2^15 bears.
        assert!(at_scale(&a, 43).is_err());
    }
}
