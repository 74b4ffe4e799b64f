//! One request, one proof: everything that is claimed about a table, with its hints.
//!
//! The precision is chosen by need: 128 bits first, more when the enclosure's gap is wider than
//! asked and more bits narrow it.

use crate::arith::mp::short;
use crate::arith::rounding::CoefficientMode;
use crate::certify::cascade::Branch;
use crate::certify::closeness::{self, Closeness};
use crate::certify::deviation::{self, Deviation};
use crate::certify::growth::{self, Growth};
use crate::certify::polynomial::Polynomial;
use crate::certify::pool::{self, Pool};
use crate::error::{Error, ErrorKind, Result};
use crate::poly::{Composite, Function, Table, Target};
use rug::float::Round;
use rug::{Float, Rational};
use std::fmt;

/// Working precisions tried, in bits.
const PRECISIONS: [u32; 6] = [128, 192, 256, 384, 512, 1_024];
/// Significant bits of published bounds.
const BOUND_BITS: u32 = 80;

/// What to prove.
#[derive(Debug, Clone)]
pub struct Request {
    /// The function and its parameters.
    pub target: Target,
    /// How coefficients are held.
    pub coefficients: CoefficientMode,
    /// Wanted relative gap of the enclosure.
    pub gap: f64,
    /// The sign is meant for eps <= |x|: the table's, if none.
    pub eps: Option<Rational>,
    /// x is meant in [-to, to]: 1 if none.
    pub to: Option<Rational>,
    /// A claimed bound of the error, in the units of the scaled function.
    pub claim: Option<Rational>,
    /// Left end of the envelope; chosen if none.
    pub zone: Option<Rational>,
    /// Also bound |r| on |x| <= to + rho.
    pub rho: Option<Rational>,
    /// The overflow margin is the largest rho with |r| <= limit on |x| <= to + rho.
    pub limit: Rational,
    /// Only the error: no ranges, envelope, slope or overflow margin.
    pub only_error: bool,
}

impl Request {
    /// The function on its whole domain at relative gap 2^-40.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            coefficients: CoefficientMode::Exact,
            gap: 2.0f64.powi(-40),
            eps: None,
            to: None,
            claim: None,
            zone: None,
            rho: None,
            limit: Rational::from(2),
            only_error: false,
        }
    }
}

/// What became of a claimed bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The error is at most the claim.
    Proved,
    /// The error is above the claim, at a witness.
    Refuted,
    /// The claim lies inside the enclosure.
    Undecided,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proved => "PROVED",
            Self::Refuted => "REFUTED",
            Self::Undecided => "UNDECIDED",
        })
    }
}

/// Ranges of every stage over from <= |x| <= to.
#[derive(Debug, Clone)]
pub struct StageRanges {
    /// Least |x|.
    pub from: Rational,
    /// Greatest |x|.
    pub to: Rational,
    /// [lo, hi] for every stage, of s p_i(...p_1(x)...), s = sign x.
    pub bound_ranges: Vec<(Rational, Rational)>,
}

/// A proof of everything a request asked for.
#[derive(Debug, Clone)]
pub struct Proof {
    /// What was asked.
    pub request: Request,
    /// The branches with their pieces.
    pub branches: Vec<Branch>,
    /// The composite's deviation from ReLU, unless the function is sign or step.
    pub deviation: Option<Deviation>,
    /// The tournament, for a max-pool.
    pub pool: Option<Pool>,
    /// Closeness to sign: the function's own for sign and step, else the envelope.
    pub closeness: Option<Closeness>,
    /// Ranges over [0, to] and over the closeness interval.
    pub ranges: Vec<StageRanges>,
    /// Bound of |r' - 1/2|.
    pub slope: Option<Growth>,
    /// Bound of |r| on |x| <= to + rho.
    pub magnitude: Option<Growth>,
    /// The overflow margin.
    pub overflow: Option<Growth>,
    /// Lower bound of the function's maximum error.
    pub bound_lo: Rational,
    /// Upper bound of the function's maximum error.
    pub bound_hi: Rational,
    /// The verdict on the claim, if there was one.
    pub verdict: Option<Verdict>,
}

impl Proof {
    /// (hi - lo)/lo of the function's enclosure, an estimate for display; infinite where lo is 0.
    pub fn estimate_gap(&self) -> f64 {
        if self.bound_lo.is_zero() {
            return f64::INFINITY;
        }
        let difference = Rational::from(&self.bound_hi - &self.bound_lo);
        Float::with_val(64, difference / &self.bound_lo).to_f64()
    }
}

/// Proves what a request asks about a table.
///
/// **Guarantee** every value named `bound_` in the result is proved; where the gap could not be
/// reached the enclosure is wider, never wrong.
/// **Cost** for ReLU at gap 2^-40: about 60 evaluations of the composite and its slope.
///
/// # Errors
/// A table or request that makes no sense (domain, eps, scale), a composite that runs away, a bound
/// that could not be brought within a factor 2 of its witness.
pub fn prove(table: &Table, request: &Request) -> Result<Proof> {
    let plan = Plan::new(table, request)?;
    let composite = Composite::new(table, request.coefficients)?;
    let mut best: Option<Proof> = None;
    let mut last_error: Option<Error> = None;
    for prec in PRECISIONS {
        match plan.attempt(&composite, request, prec) {
            Ok(proof) => {
                let gap = proof.estimate_gap();
                let reached = gap <= request.gap;
                // More bits that do not narrow the gap by half are not what it lacks.
                let stalled = best.as_ref().is_some_and(|b| gap > 0.5 * b.estimate_gap());
                if best.as_ref().is_none_or(|b| gap < b.estimate_gap()) {
                    best = Some(proof);
                }
                if reached || stalled {
                    break;
                }
            }
            Err(e) if matches!(e.kind, ErrorKind::NotConverged(_)) => last_error = Some(e),
            Err(e) => return Err(e),
        }
    }
    let fallback = || ErrorKind::NotConverged("no precision was tried".into()).into();
    best.ok_or_else(|| last_error.unwrap_or_else(fallback))
}

/// The request with the table's defaults filled in.
struct Plan {
    to: Rational,
    eps: Option<Rational>,
}

impl Plan {
    fn new(table: &Table, request: &Request) -> Result<Self> {
        let Target {
            function,
            scale,
            slope,
            ..
        } = &request.target;
        if *scale <= 0u32 {
            return Err(Error::domain(format!(
                "the scale B must be above 0, not {scale}"
            )));
        }
        if *function == Function::LeakyRelu && *slope == 1u32 {
            return Err(Error::domain(
                "a leaky ReLU of slope 1 is x itself: nothing to approximate",
            ));
        }
        let to = request.to.clone().unwrap_or_else(|| Rational::from(1));
        if to <= 0u32 || to > 1_000_000u32 {
            return Err(Error::domain(format!(
                "the domain |x| <= {to} is empty or beyond 10^6"
            )));
        }
        let eps = request.eps.clone().or_else(|| table.domain.eps.clone());
        if function.needs_eps() && eps.is_none() {
            let detail = "sign and step are approximated away from 0 only: give --eps (the table names none)";
            return Err(Error::domain(detail));
        }
        if let Some(e) = eps.as_ref().filter(|e| **e <= 0u32 || **e >= to) {
            if function.needs_eps() {
                return Err(Error::domain(format!(
                    "eps = {e} is not between 0 and {to}"
                )));
            }
        }
        if request
            .rho
            .as_ref()
            .is_some_and(|r| *r < 0u32 || *r > 1_000u32)
        {
            return Err(Error::domain("rho must be from 0 to 1000"));
        }
        if matches!(function, Function::Max | Function::MaxPool) && to < 1u32 {
            return Err(Error::domain(
                "max needs the composite on the whole of [-1, 1]",
            ));
        }
        // Beyond 1 the error of the composite may be larger, and no difference of a, b leads there.
        if *function == Function::Max && to > 1u32 {
            return Err(Error::domain(
                "max of a, b in [0, B] has differences up to B only: the domain cannot be beyond 1",
            ));
        }
        if !(request.gap > 0.0 && request.gap <= 1.0) {
            return Err(Error::domain("the gap must be above 0 and at most 1"));
        }
        Ok(Self { to, eps })
    }

    /// The branches, prepared on [0, to + rho] and on to where |r| exceeds the limit, if they can be.
    fn branches(&self, composite: &Composite, request: &Request, prec: u32) -> Result<Vec<Branch>> {
        let up = |x: &Rational| Float::with_val_round(53, x, Round::Up).0.to_f64();
        let to = up(&self.to);
        let rho = request.rho.clone().unwrap_or_default();
        let needed = up(&Rational::from(&self.to + &rho));
        let prepare = |reach: f64| -> Result<Vec<Branch>> {
            let reach = Float::with_val(prec, reach);
            composite
                .branches
                .iter()
                .map(|b| Branch::new(b, &reach, prec))
                .collect()
        };
        if !request.only_error {
            let overflow = estimate_overflow(composite, to, request.limit.to_f64());
            // A composite of huge degree may run away within the last bit: then without.
            if let Some(branches) = (overflow > needed)
                .then(|| prepare(overflow))
                .and_then(Result::ok)
            {
                return Ok(branches);
            }
        }
        prepare(needed)
    }

    fn attempt(&self, composite: &Composite, request: &Request, prec: u32) -> Result<Proof> {
        let function = request.target.function;
        let branches = self.branches(composite, request, prec)?;
        let to = Float::with_val_round(prec, &self.to, Round::Up).0;
        let mut proof = Proof {
            request: request.clone(),
            branches,
            deviation: None,
            pool: None,
            closeness: None,
            ranges: Vec::new(),
            slope: None,
            magnitude: None,
            overflow: None,
            bound_lo: Rational::new(),
            bound_hi: Rational::new(),
            verdict: None,
        };
        let branches = &proof.branches;
        if function.needs_eps() {
            let eps = self.eps.clone().unwrap_or_default();
            proof.closeness = Some(closeness::enclose(branches, &eps, &self.to)?);
        } else {
            let mut deviation = deviation::enclose(branches, &to, request.gap)?;
            deviation.bound_hi =
                Float::with_val_round(BOUND_BITS, &deviation.bound_hi, Round::Up).0;
            if !request.only_error {
                let zone = match &request.zone {
                    Some(z) if *z <= 0u32 || *z >= self.to => {
                        return Err(Error::domain(format!(
                            "zone {z} is not between 0 and {}",
                            self.to
                        )));
                    }
                    Some(z) => Some(z.clone()),
                    None => closeness::zone(branches, &self.to, &deviation.bound_hi)?,
                };
                proof.closeness = zone
                    .map(|z| closeness::enclose(branches, &z, &self.to))
                    .transpose()?;
            }
            if function == Function::MaxPool {
                let t = &request.target;
                let e = deviation.bound_hi.to_rational().unwrap_or_default();
                let shape = (t.inputs, &t.scale, t.input_scale.as_ref());
                proof.pool = Some(pool::bound(branches, &deviation, shape, &e)?);
            }
            proof.deviation = Some(deviation);
        }
        if !request.only_error {
            self.context(&mut proof)?;
        }
        proof.conclude();
        Ok(proof)
    }

    /// Ranges, slope, magnitude and overflow margin.
    fn context(&self, proof: &mut Proof) -> Result<()> {
        let branches = &proof.branches;
        let mut intervals = vec![(Rational::new(), self.to.clone())];
        intervals.extend(
            proof
                .closeness
                .as_ref()
                .map(|c| (c.from.clone(), c.to.clone())),
        );
        for (from, to) in intervals {
            let ranges = closeness::stage_ranges(branches, &from, &to)?;
            let bound_ranges = ranges
                .iter()
                .map(|r| (lower(&r.lo), upper(&r.hi)))
                .collect();
            proof.ranges.push(StageRanges {
                from,
                to,
                bound_ranges,
            });
        }
        // Where a slope or margin is out of reach of the method the rest still stands.
        proof.slope = growth::slope(branches, &self.to).ok();
        if let Some(rho) = &proof.request.rho {
            proof.magnitude = Some(growth::magnitude(
                branches,
                &Rational::from(&self.to + rho),
            )?);
        }
        proof.overflow = growth::overflow(branches, &self.to, &proof.request.limit)?;
        Ok(())
    }
}

/// Significant bits dropped so that another checker's rounding still passes: outward by 2^-72.
fn upper(x: &Float) -> Rational {
    let slack = Float::with_val(x.prec(), 1) >> 72u32;
    short(&(x.clone() + slack), BOUND_BITS, Round::Up)
}

fn lower(x: &Float) -> Rational {
    let slack = Float::with_val(x.prec(), 1) >> 72u32;
    short(&(x.clone() - slack), BOUND_BITS, Round::Down)
}

impl Proof {
    /// The function's enclosure from the composite's, and the verdict.
    fn conclude(&mut self) {
        let target = &self.request.target;
        let one = Rational::from(1);
        let (lo, hi) = if let Some(pool) = &self.pool {
            (pool.witness.1.clone(), pool.bound_hi.clone())
        } else {
            let (lo, hi) = match (&self.deviation, &self.closeness) {
                (Some(d), _) => (
                    lower_exact(&d.witness.lo),
                    d.bound_hi.to_rational().unwrap_or_default(),
                ),
                (None, Some(c)) => (lower_exact(&c.witness.lo), published(&c.bound_hi)),
                (None, None) => return,
            };
            let factor = match target.function {
                Function::Sign => one.clone(),
                Function::Step => Rational::from((1, 2)),
                Function::LeakyRelu => Rational::from(&one - &target.slope).abs() * &target.scale,
                _ => target.scale.clone(),
            };
            (lo * &factor, hi * &factor)
        };
        (self.bound_lo, self.bound_hi) = (lo, hi);
        self.verdict = self.request.claim.as_ref().map(|claim| {
            if self.bound_hi <= *claim {
                Verdict::Proved
            } else if self.bound_lo > *claim {
                Verdict::Refuted
            } else {
                Verdict::Undecided
            }
        });
    }
}

/// The published lower bound of a witness: shortened downward, with room for another checker's
/// rounding (relative 2^-60).
pub fn lower_exact(x: &Float) -> Rational {
    let factor = Float::with_val(x.prec(), 1) - (Float::with_val(x.prec(), 1) >> 60u32);
    short(&(x.clone() * factor), BOUND_BITS, Round::Down)
}

/// The published upper bound of a closeness: shortened upward, with room for another checker's
/// rounding (relative 2^-60).
pub fn published(x: &Float) -> Rational {
    let factor = Float::with_val(x.prec(), 1) + (Float::with_val(x.prec(), 1) >> 60u32);
    short(&(x.clone() * factor), BOUND_BITS, Round::Up)
}

/// Where |r| first exceeds the limit beyond `to`: a search at 128 bits, an estimate. The composite
/// may explode just beyond, so the point returned is as close as an f64 can say.
fn estimate_overflow(composite: &Composite, to: f64, limit: f64) -> f64 {
    let prec = PRECISIONS[0];
    let prepare = |c: &Vec<Rational>| Polynomial::new(c.clone(), prec, to);
    let branches: Vec<Vec<Polynomial>> = composite
        .branches
        .iter()
        .map(|b| b.stages.iter().map(prepare).collect())
        .collect();
    let above = |y: f64| {
        branches.iter().any(|stages| {
            let start = Float::with_val(prec, y);
            let q = stages.iter().fold(start, |y, s| s.approximate(&y)).to_f64();
            let size = y * (1.0 + q.abs()) / 2.0;
            size.is_nan() || size > limit
        })
    };
    let mut rho = 2.0f64.powi(-40);
    while rho < 1.0 && !above(to * (1.0 + rho)) {
        rho *= 1.5;
    }
    if rho >= 1.0 {
        return to * 2.0;
    }
    let (mut good, mut bad) = (to * (1.0 + rho / 1.5), to * (1.0 + rho));
    for _ in 0..64 {
        let middle = (good + bad) / 2.0;
        if middle <= good || middle >= bad {
            break;
        }
        if above(middle) {
            bad = middle;
        } else {
            good = middle;
        }
    }
    bad
}
