//! What a parameter set promises, and what is proved of it: overflow, EvalMod's error at every overflow, and the two together.

use crate::certify::evalmod::{Cell, EvalMod, Polynomial, Wave};
use crate::error::{Error, Result};
use crate::jobs::bootstrap::set::{Claims, Kind, Set};
use crate::noise::overflow::{beyond, some_beyond, Probability};
use rayon::prelude::*;
use rug::float::Round;
use rug::ops::Pow;
use rug::{Float, Integer, Rational};

/// What is to be judged.
#[derive(Debug, Clone)]
pub struct Request {
    /// The set.
    pub set: Set,
    /// How many bootstraps the probability is for.
    pub bootstraps: u64,
    /// Coefficients of messages with their noise are at most this in units of q_0/ratio; in (0, 1].
    pub message: Rational,
    /// What is claimed; the set's own where it is none here.
    pub claims: Claims,
}

/// What is proved of overflows of one size.
#[derive(Debug, Clone)]
pub struct Row {
    /// |I|.
    pub overflow: u32,
    /// EvalMod at I = |I| and at -|I|.
    pub cells: Vec<Cell>,
    /// Expected number of coefficients that are beyond, in all bootstraps: a bound of the probability that one is.
    pub beyond: Probability,
}

impl Row {
    fn most(&self, of: impl Fn(&Cell) -> &Float) -> Float {
        let zero = Float::new(64);
        self.cells
            .iter()
            .map(of)
            .fold(zero, |m, x| if *x > m { x.clone() } else { m })
    }

    /// The polynomial is nowhere farther off, in units of q_0/ratio.
    #[must_use]
    pub fn bound_polynomial(&self) -> Float {
        self.most(|c| &c.polynomial.upper)
    }

    /// Somewhere it is at least so far off.
    #[must_use]
    pub fn lower_polynomial(&self) -> Float {
        self.most(|c| &c.polynomial.lower)
    }

    /// The result is nowhere farther from the message, the sine's own error included.
    #[must_use]
    pub fn bound_whole(&self) -> Float {
        self.most(|c| &c.whole.upper)
    }

    /// Whatever the message, at either sign, the polynomial is at least so far off.
    #[must_use]
    pub fn least_polynomial(&self) -> Float {
        let all = self.cells.iter().map(|c| &c.polynomial.least);
        let least = all.reduce(|m, x| if x < m { x } else { m });
        least.cloned().unwrap_or_else(|| Float::new(64))
    }
}

/// Whether a claim is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is proved.
    Holds,
    /// The contrary is proved.
    DoesNotHold,
    /// Neither.
    NotProved,
}

impl Verdict {
    /// As it is printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "HOLDS",
            Self::DoesNotHold => "DOES NOT HOLD",
            Self::NotProved => "NOT PROVED",
        }
    }
}

/// A claim beside what is proved.
#[derive(Debug, Clone)]
pub struct Claim {
    /// `failure`, `precision` or `failure_at_precision`.
    pub name: &'static str,
    /// Bits that are claimed: 2^-bits.
    pub bits: Rational,
    /// |I| up to which what is proved is meant.
    pub overflow: Option<u32>,
    /// log2 of the upper end of what is proved, rounded up; of 0 minus infinity.
    pub bound_log2: f64,
    /// log2 of its lower end, rounded down.
    pub lower_log2: Option<f64>,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// What became of a set.
#[derive(Debug)]
pub struct Judgement {
    /// The set.
    pub set: Set,
    /// How many bootstraps the probabilities are for.
    pub bootstraps: u64,
    /// What coefficients of messages keep to, in units of q_0/ratio.
    pub message: Rational,
    /// By |I|, from 0 to K.
    pub rows: Vec<Row>,
    /// Claims beside what is proved.
    pub claims: Vec<Claim>,
}

impl Judgement {
    /// Largest k with the polynomial at most 2^-bits off for all |I| <= k.
    #[must_use]
    pub fn precise_up_to(&self, bits: &Rational) -> Option<u32> {
        let holds = |row: &&Row| log2(&row.bound_polynomial(), Round::Up) <= -bits.to_f64();
        let rows = self.rows.iter().take_while(holds);
        rows.last().map(|row| row.overflow)
    }

    /// Least k with the polynomial more than 2^-bits off, whatever the message, for all k <= |I| <= K.
    #[must_use]
    pub fn imprecise_from(&self, bits: &Rational) -> Option<u32> {
        let fails = |row: &&Row| log2(&row.least_polynomial(), Round::Down) > -bits.to_f64();
        let rows = self.rows.iter().rev().take_while(fails);
        rows.last().map(|row| row.overflow)
    }
}

/// Judges a set.
///
/// **Guarantee** every number is exact or a proved bound, under the assumption of [`crate::noise::overflow`], for messages whose
/// coefficients with their noise are at most `message` q_0/ratio; EvalMod in exact arithmetic, so that noise comes on top.
///
/// # Errors
/// Parameters beyond what is judged.
pub fn judge(request: &Request) -> Result<Judgement> {
    let set = &request.set;
    if request.bootstraps == 0 || request.bootstraps > 1 << 40 {
        return Err(Error::domain("--bootstraps: 1 to 2^40"));
    }
    if request.message <= 0 || request.message > 1 || *request.message.denom() > 1u64 << 40 {
        return Err(Error::domain(
            "--message: in (0, 1], with a denominator of at most 2^40",
        ));
    }
    let eval_mod = eval_mod(set, &request.message);
    let mut cells: Vec<Cell> = (-(set.k as i32)..=set.k as i32)
        .into_par_iter()
        .map(|i| eval_mod.cell(i))
        .collect();
    let positive = cells.split_off(set.k as usize);
    cells.reverse();
    let mut negative = cells.into_iter();
    let rows = (0u32..).zip(positive).map(|(overflow, cell)| {
        let other = if overflow > 0 { negative.next() } else { None };
        Row {
            overflow,
            cells: std::iter::once(cell).chain(other).collect(),
            beyond: expected(request, overflow),
        }
    });
    let mut judgement = Judgement {
        set: set.clone(),
        bootstraps: request.bootstraps,
        message: request.message.clone(),
        rows: rows.collect(),
        claims: Vec::new(),
    };
    let claimed = Claims {
        failure_bits: request
            .claims
            .failure_bits
            .clone()
            .or_else(|| set.claims.failure_bits.clone()),
        precision_bits: request
            .claims
            .precision_bits
            .clone()
            .or_else(|| set.claims.precision_bits.clone()),
    };
    judgement.claims = claims(&judgement, &claimed);
    Ok(judgement)
}

fn eval_mod(set: &Set, message: &Rational) -> EvalMod {
    let (k, degree, r) = (set.k, set.degree, set.double_angles);
    let polynomial = match (set.kind, &set.coefficients) {
        (_, Some(coefficients)) => Polynomial::stored(coefficients, k, r),
        (Kind::CosDiscrete, _) => Polynomial::discrete(k, degree, set.log_ratio, r),
        (Kind::CosContinuous, _) => Polynomial::interpolant(Wave::Centred, k, degree, r),
        (Kind::SinContinuous, _) => Polynomial::interpolant(Wave::Sine, k, degree, 0),
        (Kind::ChebyshevCosine, _) => Polynomial::interpolant(Wave::Quarter, k, degree, r),
    };
    EvalMod {
        polynomial,
        double_angles: r,
        arcsine_degree: set.arcsine_degree,
        log_ratio: set.log_ratio,
        message: message.clone(),
    }
}

/// Of all coefficients and bootstraps: the expected number is an upper bound of the probability; the lower one is of a bootstrap.
fn expected(request: &Request, k: u32) -> Probability {
    let set = &request.set;
    let mu = request.message.clone() >> set.log_ratio;
    let q0 = Integer::from(2).pow(set.q_bits[0] - 1);
    let one = beyond(set.raised_under(), k, &mu, &q0);
    let many = (Rational::from(request.bootstraps) * set.iterations) << (set.log_slots + 1);
    Probability {
        lower: some_beyond(set.raised_under(), k, &mu, &q0, 1 << (set.log_slots + 1)),
        upper: one.upper * many,
    }
}

fn claims(j: &Judgement, claimed: &Claims) -> Vec<Claim> {
    let mut out = Vec::new();
    let row = |k: u32| &j.rows[k as usize];
    let failure = |name, bits: &Rational, upper: Option<u32>, lower: Option<u32>| {
        // A claim is of one bootstrap.
        let share = |p: &Rational, round| log2_of(&Rational::from(p / j.bootstraps), round);
        let bound_log2 = upper.map_or(f64::INFINITY, |k| share(&row(k).beyond.upper, Round::Up));
        let lower = lower.and_then(|k| row(k).beyond.lower.as_ref());
        let lower_log2 = lower.map(|p| log2_of(p, Round::Down));
        Claim {
            name,
            bits: bits.clone(),
            overflow: upper,
            bound_log2,
            lower_log2,
            verdict: verdict(bits, bound_log2, lower_log2),
        }
    };
    if let Some(bits) = &claimed.failure_bits {
        let k = j.set.made_for();
        out.push(failure("failure", bits, Some(k), Some(k)));
    }
    let Some(precision) = &claimed.precision_bits else {
        return out;
    };
    let last = row(j.set.made_for());
    let all = &j.rows[..=last.overflow as usize];
    let worst = |of: &dyn Fn(&Row) -> f64| all.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    let bound_log2 = worst(&|r| log2(&r.bound_polynomial(), Round::Up));
    let lower_log2 = worst(&|r| log2(&r.lower_polynomial(), Round::Down));
    out.push(Claim {
        name: "precision",
        bits: precision.clone(),
        overflow: Some(last.overflow),
        bound_log2,
        lower_log2: Some(lower_log2),
        verdict: verdict(precision, bound_log2, Some(lower_log2)),
    });
    if let Some(bits) = &claimed.failure_bits {
        let good = j.precise_up_to(precision);
        let bad = j.imprecise_from(precision).map(|k| k.saturating_sub(1));
        out.push(failure("failure_at_precision", bits, good, bad));
    }
    out
}

fn verdict(bits: &Rational, bound_log2: f64, lower_log2: Option<f64>) -> Verdict {
    // To f64, a claim such as 138.7 moves by 2^-45: toward what is harder to prove.
    let claim = -bits.to_f64();
    if bound_log2 <= claim.next_down() {
        Verdict::Holds
    } else if lower_log2.is_some_and(|l| l > claim.next_up()) {
        Verdict::DoesNotHold
    } else {
        Verdict::NotProved
    }
}

/// log2, rounded as asked; of 0 minus infinity.
#[must_use]
pub fn log2_of(x: &Rational, round: Round) -> f64 {
    log2(&Float::with_val_round(64, x, round).0, round)
}

/// The same of a float.
#[must_use]
pub fn log2(x: &Float, round: Round) -> f64 {
    Float::with_val_round(64, x.log2_ref(), round)
        .0
        .to_f64_round(round)
}
