//! One request, one proof: everything that is claimed about a table, with its hints.
//!
//! The precision is chosen by need: 128 bits first, more when the enclosure's gap is wider than
//! asked and more bits narrow it.

use crate::arith::mp::Mp;
use crate::arith::number::f64_above;
use crate::certify::claims::argmax;
use crate::certify::claims::argmax::Argmax;
use crate::certify::claims::clip;
use crate::certify::claims::clip::Clip;
use crate::certify::claims::closeness;
use crate::certify::claims::closeness::Closeness;
use crate::certify::claims::growth;
use crate::certify::claims::growth::Growth;
use crate::certify::claims::lines;
use crate::certify::claims::lines::{Contraction, Lines};
use crate::certify::claims::pool;
use crate::certify::claims::pool::Pool;
use crate::certify::claims::relu_error;
use crate::certify::claims::relu_error::ReluError;
use crate::certify::claims::rounding::{self, Rounding};
use crate::certify::claims::validity::{self, Validity};
use crate::certify::composite::cascade::Branch;
use crate::certify::narrowest::{narrowest, FINEST_GAP};
use crate::certify::published::{self, BOUND_BITS};
use crate::certify::request::Plan;
pub use crate::certify::request::{Request, Verdict};
use crate::certify::series::beyond;
use crate::certify::series::claim::{self as series, Series};
use crate::certify::series::mean_square::{self, MeanSquare};
use crate::certify::series::stages::{self, Stages};
use crate::certify::stage::expand;
use crate::error::{Error, Result};
use crate::function::shape::{Line, Shape};
use crate::function::target::Function;
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use rug::float::Round;
use rug::{Float, Rational};

/// Working precisions tried, in bits.
const PRECISIONS: [u32; 6] = [128, 192, 256, 384, 512, 1_024];

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
    /// The error of the composite's ReLU, unless the function is sign or step.
    pub relu_error: Option<ReluError>,
    /// The tournament, for a max-pool.
    pub pool: Option<Pool>,
    /// The clip, for clip and ReLU6.
    pub clip: Option<Clip>,
    /// The one-hot weights, for argmax.
    pub argmax: Option<Argmax>,
    /// The error of p itself, for direct functions; there are no branches then.
    pub lines: Option<Lines>,
    /// The error of what is computed from p, for a smooth function; there are no branches then.
    pub series: Option<Series>,
    /// What the stages of that value take; none where it has none, or no cells are found for them.
    pub stages: Option<Stages>,
    /// Its mean square for a density, where one is asked for.
    pub mean_square: Option<MeanSquare>,
    /// The same error beside the domain, where that is asked for and it is bounded there.
    pub extended: Option<Series>,
    /// How large the value is on the domain and `rho` beyond it, where that is asked for.
    pub growth: Option<Series>,
    /// What rounding adds to p, where an evaluation is asked for.
    pub rounding: Option<Rounding>,
    /// Fixed points that p contracts to, for the bit.
    pub contractions: Vec<Contraction>,
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
    /// How far beyond the domain the proved claim, or else the proved maximum, still bounds the error; of functions
    /// whose error is the composite's, times a factor.
    pub validity: Option<Validity>,
    /// Lower bound of the function's maximum error.
    pub bound_lo: Rational,
    /// Upper bound of the function's maximum error.
    pub bound_hi: Rational,
    /// The verdict on the claim, if there was one.
    pub verdict: Option<Verdict>,
}

impl Proof {
    /// (hi - lo)/lo of the function's enclosure, an estimate for display; infinite where lo is 0
    /// (no error could be told from 0) and hi is not.
    pub fn estimate_gap(&self) -> f64 {
        if self.bound_lo.is_zero() {
            return if self.bound_hi.is_zero() {
                0.0
            } else {
                f64::INFINITY
            };
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
    if request.target.function == Function::Smooth {
        return smooth(table, request);
    }
    if let Function::Direct(shape) = request.target.function {
        let parts = plan.lines(table, request, shape)?;
        let p = expand::composite(&composite.branches[0].stages)?;
        let first = lines::first_precision(&p, &parts);
        let precisions = [first, first / 2 * 3, first * 2];
        let mut proof = narrowest(request.gap, &precisions, Proof::estimate_gap, |prec| {
            direct(&p, &parts, request, prec)
        })?;
        if let (Some(evaluation), Some(lines)) = (request.evaluation, &proof.lines) {
            if let (Some(first), Some(last)) = (parts.first(), parts.last()) {
                let ends = (&first.from, &last.to);
                let bits = lines.estimate_fixed_bits;
                proof.rounding = Some(rounding::enclose(table, evaluation, ends, bits)?);
            }
        }
        return Ok(proof);
    }
    narrowest(request.gap, &PRECISIONS, Proof::estimate_gap, |prec| {
        plan.attempt(&composite, request, prec)
    })
}

/// The proof about what is computed from p, against a smooth function; at a finer gap where the claim is within the first.
fn smooth(table: &Table, request: &Request) -> Result<Proof> {
    let Some(difference) = &request.target.smooth else {
        let detail = "target smooth: give --function, an expression of x";
        return Err(Error::domain(detail));
    };
    let parts = Plan::parts(table, request)?;
    // Published bounds show no difference below 2^-60.
    let asked = (-request.gap.log2()).ceil().clamp(1.0, 57.0) as u32;
    let mut proof = Proof::empty(request, Vec::new());
    for gap_bits in [asked, 57] {
        let found = series::enclose(table, difference, request.coefficients, &parts, gap_bits);
        match found {
            Ok(found) => proof.series = Some(found),
            // What was proved already stands.
            Err(_) if proof.series.is_some() => {}
            Err(e) => return Err(e),
        }
        proof.conclude();
        if proof.verdict != Some(Verdict::Undecided) || gap_bits == 57 {
            break;
        }
    }
    if let Some(error) = proof.series.as_ref().filter(|_| !request.only_error) {
        proof.stages = stages::ranges(table, request.coefficients, error)?;
    }
    let mode = request.coefficients;
    if let (Some(density), Some(error)) = (&request.density, &proof.series) {
        let density = density.over(&parts)?;
        proof.mean_square = Some(mean_square::mean_square(table, mode, error, &density)?);
    }
    if request.extend {
        let claim = request.claim.as_ref();
        let claim = claim.filter(|_| proof.verdict == Some(Verdict::Proved));
        let limit = claim.unwrap_or(&proof.bound_hi);
        proof.extended = beyond::extended(table, mode, difference, &parts, limit)?;
    }
    if let (Some(rho), Some(first), Some(last)) = (&request.rho, parts.first(), parts.last()) {
        let interval = (
            Rational::from(&first.0 - rho),
            Rational::from(&last.1 + rho),
        );
        proof.growth = Some(beyond::growth(table, mode, difference, interval)?);
    }
    if let (Some(evaluation), Some(series)) = (request.evaluation, &proof.series) {
        if let (Some((from, _)), Some((_, to))) = (parts.first(), parts.last()) {
            let bound = rounding::enclose(table, evaluation, (from, to), series.bits)?;
            proof.rounding = Some(bound);
        }
    }
    Ok(proof)
}

/// The proof about p itself.
fn direct(p: &[Rational], parts: &[Line], request: &Request, prec: u32) -> Result<Proof> {
    let mut proof = Proof::empty(request, Vec::new());
    proof.lines = Some(lines::enclose(p, parts, prec)?);
    if request.target.function == Function::Direct(Shape::Bit) && !request.only_error {
        for part in parts {
            // The fixed point is the part's value; as far as the part reaches to both sides.
            let at = &part.intercept;
            let radius = Rational::from(at - &part.from).min(Rational::from(&part.to - at));
            if radius > 0u32 {
                proof
                    .contractions
                    .extend(lines::contraction(p, at, &radius, prec)?);
            }
        }
    }
    proof.conclude();
    Ok(proof)
}

impl Plan {
    /// The branches, prepared on [0, to + rho] and on to where |r| exceeds the limit, if they can be.
    fn branches(&self, composite: &Composite, request: &Request, prec: u32) -> Result<Vec<Branch>> {
        let to = f64_above(&self.to);
        let rho = request.rho.clone().unwrap_or_default();
        let needed = f64_above(&Rational::from(&self.to + &rho));
        let prepare = |reach: f64| -> Result<Vec<Branch>> {
            let reach = Float::with_val(prec, reach);
            composite
                .branches
                .iter()
                .map(|b| Branch::new(b, &reach, prec))
                .collect()
        };
        if !request.only_error {
            let overflow = growth::estimate_overflow(composite, to, request.limit.to_f64());
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
        let mut proof = Proof::empty(request, branches);
        let branches = &proof.branches;
        if function.needs_eps() {
            let eps = self.eps.clone().unwrap_or_default();
            proof.closeness = Some(closeness::enclose(branches, &eps, &self.to)?);
        } else {
            // Differences of a, b in [0, B] end at B: an error beyond is none of max.
            let to = if function == Function::Max {
                Float::with_val(prec, 1)
            } else {
                to
            };
            let mut relu_error = relu_error::enclose(branches, &to, request.gap.max(FINEST_GAP))?;
            relu_error.bound_hi =
                Float::with_val_round(BOUND_BITS, &relu_error.bound_hi, Round::Up).0;
            if function == Function::Argmax {
                self.argmax(&mut proof, &relu_error)?;
            } else if !request.only_error {
                let zone = match &request.zone {
                    Some(z) if *z <= 0u32 || *z >= self.to => {
                        return Err(Error::domain(format!(
                            "zone {z} is not between 0 and {}",
                            self.to
                        )));
                    }
                    Some(z) => Some(z.clone()),
                    None => closeness::zone(&proof.branches, &self.to, &relu_error.bound_hi)?,
                };
                proof.closeness = zone
                    .map(|z| closeness::enclose(&proof.branches, &z, &self.to))
                    .transpose()?;
            }
            if matches!(function, Function::Clip | Function::Relu6) {
                let e = relu_error.bound_hi.to_rational().unwrap_or_default();
                proof.clip = Some(clip::bound(
                    &proof.branches,
                    &relu_error,
                    &request.target,
                    &e,
                )?);
            }
            if function == Function::MaxPool {
                let t = &request.target;
                let e = relu_error.bound_hi.to_rational().unwrap_or_default();
                let shape = (t.inputs, &t.scale, t.input_scale.as_ref());
                proof.pool = Some(pool::bound(&proof.branches, &relu_error, shape, &e)?);
            }
            proof.relu_error = Some(relu_error);
        }
        if !request.only_error {
            self.context(&mut proof)?;
        }
        proof.conclude();
        if !request.only_error {
            proof.validity = validity(&proof)?;
        }
        Ok(proof)
    }

    /// One-hot weights, with the ranges and the closeness that they follow from.
    fn argmax(&self, proof: &mut Proof, relu_error: &ReluError) -> Result<()> {
        let ranges = self.ranges(proof, Rational::new(), self.to.clone())?;
        let last = ranges.bound_ranges.last().cloned().unwrap_or_default();
        let most = last.0.abs().max(last.1.abs());
        let e = relu_error.bound_hi.to_rational().unwrap_or_default();
        let request = &proof.request;
        let known = (&e, &self.to, &most);
        let claim = request.claim.as_ref();
        let (argmax, closeness) = argmax::bound(&proof.branches, &request.target, known, claim)?;
        proof.argmax = Some(argmax);
        proof.closeness = Some(closeness);
        proof.ranges.push(ranges);
        Ok(())
    }

    /// Ranges of every stage over from <= |x| <= to, as they are published.
    fn ranges(&self, proof: &Proof, from: Rational, to: Rational) -> Result<StageRanges> {
        let ranges = closeness::stage_ranges(&proof.branches, &from, &to)?;
        let published = |r: &Mp| (published::range_lower(&r.lo), published::range_upper(&r.hi));
        Ok(StageRanges {
            from,
            to,
            bound_ranges: ranges.iter().map(published).collect(),
        })
    }

    /// Ranges, slope, magnitude and overflow margin.
    fn context(&self, proof: &mut Proof) -> Result<()> {
        let mut intervals = vec![(Rational::new(), self.to.clone())];
        intervals.extend(
            proof
                .closeness
                .as_ref()
                .map(|c| (c.from.clone(), c.to.clone())),
        );
        // Those that argmax follows from are there already.
        for (from, to) in intervals.into_iter().skip(proof.ranges.len()) {
            let ranges = self.ranges(proof, from, to)?;
            proof.ranges.push(ranges);
        }
        let branches = &proof.branches;
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

/// How far the claim itself holds, of a function whose error is the composite's, times a factor.
fn validity(proof: &Proof) -> Result<Option<Validity>> {
    let target = &proof.request.target;
    let claim = proof.request.claim.as_ref();
    let claim = claim.filter(|_| proof.verdict == Some(Verdict::Proved));
    // In the composite's units; a slope of 1 leaves no error.
    let bound = |own: Rational| match claim {
        Some(claim) if target.factor() > 0u32 => own.max(claim / target.factor()),
        _ => own,
    };
    match (target.function, &proof.relu_error, &proof.closeness) {
        (Function::Relu | Function::LeakyRelu | Function::Abs | Function::Max, Some(e), _) => {
            let own = e.bound_hi.to_rational().unwrap_or_default();
            validity::of_relu(&proof.branches, e, &bound(own))
        }
        (Function::Sign | Function::Step, _, Some(c)) => {
            let own = published::upper(&c.bound_hi);
            validity::of_closeness(&proof.branches, c, &bound(own))
        }
        _ => Ok(None),
    }
}

impl Proof {
    /// Nothing proved yet.
    fn empty(request: &Request, branches: Vec<Branch>) -> Self {
        Self {
            request: request.clone(),
            branches,
            relu_error: None,
            pool: None,
            clip: None,
            argmax: None,
            lines: None,
            series: None,
            stages: None,
            mean_square: None,
            extended: None,
            growth: None,
            rounding: None,
            contractions: Vec::new(),
            closeness: None,
            ranges: Vec::new(),
            slope: None,
            magnitude: None,
            overflow: None,
            validity: None,
            bound_lo: Rational::new(),
            bound_hi: Rational::new(),
            verdict: None,
        }
    }

    /// The function's enclosure from the composite's, and the verdict.
    fn conclude(&mut self) {
        let target = &self.request.target;
        let (lo, hi) = if let Some(pool) = &self.pool {
            (pool.witness.1.clone(), pool.bound_hi.clone())
        } else if let Some(argmax) = &self.argmax {
            (argmax.witness.1.clone(), argmax.bound_hi.clone())
        } else if let Some(clip) = &self.clip {
            (published::lower(&clip.witness.lo), clip.bound_hi.clone())
        } else if let Some(lines) = &self.lines {
            (lines.published_lo(), lines.published_hi())
        } else if let Some(series) = &self.series {
            (series.bound_lo.clone(), series.bound_hi.clone())
        } else {
            let (lo, hi) = match (&self.relu_error, &self.closeness) {
                (Some(d), _) => (
                    published::lower(&d.witness.lo),
                    d.bound_hi.to_rational().unwrap_or_default(),
                ),
                (None, Some(c)) => (
                    published::lower(&c.witness.lo),
                    published::upper(&c.bound_hi),
                ),
                (None, None) => return,
            };
            let factor = target.factor();
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
