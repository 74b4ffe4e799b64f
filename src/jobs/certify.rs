//! Certify: prove the maximum error of a table, and what else holds of it; have the checker verify the proof.

use crate::arith::rounding::CoefficientMode;
use crate::certificate::composite::document;
use crate::certificate::{publish, Report};
use crate::certify::proof::{prove, Proof, Request as Asked, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::function::formula::{Density, Difference, Formula, Measure};
use crate::function::program::Program;
use crate::function::target::{Function, Target};
use crate::jobs::{claim, readings};
use crate::poly::evaluation::Evaluation;
use crate::poly::table::{Output, Table};
use rug::Rational;

/// What is asked about a table. The default asks for everything about the table's own target on [-1, 1].
#[derive(Debug, Clone)]
pub struct Request {
    /// The function; the table's own if none.
    pub target: Option<Function>,
    /// Claimed bound of the maximum error, in the units of the scaled function.
    pub claim: Option<Rational>,
    /// How a program holds the coefficients.
    pub coefficients: CoefficientMode,
    /// `smooth`: a density of x, for the mean squared error.
    pub density: Option<Density>,
    /// `smooth`: also the largest domain on which the claim, or else the maximum, bounds the error.
    pub extend: bool,
    /// How a program evaluates p, for what its rounding adds.
    pub evaluation: Option<Evaluation>,
    /// B: inputs are in [-B, B], the composite is applied to x/B.
    pub scale: Rational,
    /// Slope of a leaky ReLU for x < 0 (that of a `direct_leaky_relu` table, else 1/100 if none).
    pub slope: Option<Rational>,
    /// K of a K x K max-pool window.
    pub window: Option<u32>,
    /// Lower end of a clip (that of a `direct_clip` table that states it, else -1 if none).
    pub lower: Option<Rational>,
    /// Upper end of a clip (that of a `direct_clip` table that states it, else 1 if none).
    pub upper: Option<Rational>,
    /// Number of inputs of an argmax (10 if none).
    pub inputs: Option<u32>,
    /// Argmax: the greatest input exceeds all others by this, in the inputs' units.
    pub input_gap: Option<Rational>,
    /// c of the input map x -> c x + 1/2 of max-pool and argmax (the largest possible if none).
    pub input_scale: Option<Rational>,
    /// `smooth`: f(x); the table's own if none.
    pub function: Option<Formula>,
    /// `smooth`: what is computed from x and p; the table's own if none, p if it has none.
    pub value: Option<Program>,
    /// `smooth`: how the error is measured; absolute if none.
    pub error: Option<Measure>,
    /// `smooth`: the domain; the table's own if none.
    pub range: Option<(Rational, Rational)>,
    /// Functions that jump: the error is meant this far from the jump or farther.
    pub eps: Option<Rational>,
    /// The composite's domain is [-to, to], before scaling: the table's own if none.
    pub to: Option<Rational>,
    /// Wanted relative gap (hi - lo)/lo of the enclosure.
    pub gap: Rational,
    /// The envelope is to hold for |x| >= zone.
    pub zone: Option<Rational>,
    /// Also bound |r| on |x| <= to + rho.
    pub rho: Option<Rational>,
    /// Overflow margin: the greatest rho with |r| <= limit on |x| <= to + rho (2 if none).
    pub limit: Option<Rational>,
    /// Only the enclosure: no ranges, envelope, slope or overflow margin.
    pub only_error: bool,
    /// Refuse any table but the one with this SHA-256 (64 hexadecimal digits).
    pub table_sha256: Option<String>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            target: None,
            claim: None,
            coefficients: CoefficientMode::Exact,
            density: None,
            extend: false,
            evaluation: None,
            scale: Rational::from(1),
            slope: None,
            window: None,
            lower: None,
            upper: None,
            inputs: None,
            input_gap: None,
            input_scale: None,
            function: None,
            value: None,
            error: None,
            range: None,
            eps: None,
            to: None,
            gap: Rational::from(1) >> 40,
            zone: None,
            rho: None,
            limit: None,
            only_error: false,
            table_sha256: None,
        }
    }
}

/// The format that coefficients are held in: as asked for, else that of the evaluation, else exactly.
pub fn held(asked: Option<CoefficientMode>, evaluation: Option<Evaluation>) -> CoefficientMode {
    let own = evaluation.map_or(CoefficientMode::Exact, |e| e.format);
    asked.unwrap_or(own)
}

/// What was proved.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The proof: bounds, verdict on the claim, witness.
    pub proof: Proof,
    /// The certificate's text.
    pub certificate: String,
    /// What the independent checker says of it.
    pub report: Report,
    /// A refuted claim of an imported table: other readings of its file that would meet it. A table whose values at the
    /// ends of its domain are those of a step, and that does not say so: that it may be one.
    pub other_readings: Vec<String>,
}

/// Certifies a table.
///
/// **Guarantee** the maximum error is in [`bound_lo`, `bound_hi`] of the proof, and the independent checker
/// has verified the certificate.
/// **Cost** milliseconds to a second; composites of many stages with everything asked for take longest.
///
/// # Errors
/// A table of another digest, an option that is not the function's, what [`prove`] refuses, and a
/// certificate that does not pass the checker. That a claim does not hold is no error but a verdict.
///
/// ```
/// use polycert::jobs::certify::{certify, Request};
/// use polycert::poly::Table;
///
/// let path = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu04.json");
/// let table = Table::read(path.as_ref())?;
/// let claim = Some(polycert::arith::number::parse("2^-4")?);
/// let answer = certify(&table, &Request { claim, ..Request::default() })?;
/// assert_eq!(answer.proof.verdict.unwrap().to_string(), "PROVED");
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn certify(table: &Table, request: &Request) -> Result<Answer> {
    if let Some(stated) = &request.table_sha256 {
        let computed = table.sha256();
        if *stated != computed {
            let stated = stated.clone();
            return Err(ErrorKind::Digest { stated, computed }.into());
        }
    }
    let asked = request.asked(table)?;
    let mut answer = certified(table, &asked)?;
    if answer.proof.verdict == Some(Verdict::Refuted) {
        answer.other_readings = readings::that_meet_the_claim(table, &asked);
    }
    if answer.other_readings.is_empty() {
        answer.other_readings.extend(readings::of_a_step(table));
    }
    Ok(answer)
}

/// The proof of a request, its certificate, and the checker's word on that.
pub(in crate::jobs) fn certified(table: &Table, asked: &Asked) -> Result<Answer> {
    let mut proof = prove(table, asked)?;
    let checked = match publish::checked(document(table, &proof)) {
        // Without the ranges of the stages, which may take it beyond a limit, the rest still stands.
        Err(_) if proof.stages.take().is_some() => publish::checked(document(table, &proof)),
        other => other,
    };
    let (certificate, report) = checked?;
    Ok(Answer {
        proof,
        certificate,
        report,
        other_readings: Vec::new(),
    })
}

/// The end of a composite's own domain, where that is not [-1, 1]; a direct function has its own anyway.
///
/// # Errors
/// A domain that is not symmetric: a composite for sign is certified on both signs. One that is not [-1, 1]
/// beside a scale: which of x and x/B is meant is then open.
pub(in crate::jobs) fn own_domain(
    table: &Table,
    function: Function,
    scale: &Rational,
) -> Result<Option<Rational>> {
    if function.is_itself() || table.is_of_unit_domain() {
        return Ok(None);
    }
    let (lo, hi) = (&table.domain.lo, &table.domain.hi);
    if function == Function::Max {
        return Err(Error::domain(format!(
            "the table is for [{lo}, {hi}], and max through sign is certified with p at differences in [-1, 1]: give --to 1"
        )));
    }
    if Rational::from(-lo) != *hi {
        return Err(Error::domain(format!(
            "the table is for [{lo}, {hi}], and {function} through sign is certified on [-TO, TO]: give --to"
        )));
    }
    if *scale != 1u32 {
        return Err(Error::domain(format!(
            "the table is for [{lo}, {hi}], and --bound {scale} applies p to x/{scale}: give --to 1 for inputs in \
             [-{scale}, {scale}], or leave --bound out for inputs in [{lo}, {hi}]"
        )));
    }
    Ok(Some(hi.clone()))
}

/// The usual parameters of a function, with B = 1: those that the table states, where it is its own target.
pub(in crate::jobs) fn usual(table: &Table, function: Function) -> Target {
    let mut target = Target::new(function);
    if function.has_slope() {
        let own = table.slope.clone().filter(|_| table.target == function);
        target.slope = own.unwrap_or_else(|| Rational::from((1, 100)));
    }
    if let Some(own) = table
        .smooth
        .as_ref()
        .filter(|_| function == Function::Smooth)
    {
        target.smooth = Some(Difference {
            function: own.function.clone(),
            value: own.value.clone(),
            measure: Measure::default(),
        });
    }
    if let Some(ends) = table.ends.as_ref().filter(|_| table.target == function) {
        target.ends.clone_from(ends);
    }
    target
}

impl Request {
    /// The request of the certifier.
    fn asked(&self, table: &Table) -> Result<Asked> {
        self.check(table)?;
        let function = self.target.unwrap_or(table.target);
        let mut target = usual(table, function);
        target.scale = self.scale.clone();
        if let Some(slope) = self.slope.as_ref().filter(|_| function.has_slope()) {
            target.slope.clone_from(slope);
        }
        if let Some(lower) = &self.lower {
            target.ends.0.clone_from(lower);
        }
        if let Some(upper) = &self.upper {
            target.ends.1.clone_from(upper);
        }
        if let Some(k) = self.window {
            target.inputs = (k as usize).saturating_mul(k as usize);
        }
        if let Some(n) = self.inputs {
            target.inputs = n as usize;
        }
        target.input_scale.clone_from(&self.input_scale);
        target.gap.clone_from(&self.input_gap);
        if function == Function::Smooth {
            target.smooth = Some(self.difference(table)?);
        }
        let to = match &self.to {
            Some(to) => Some(to.clone()),
            None => own_domain(table, function, &self.scale)?,
        };
        if let Some(bound) = &self.claim {
            claim::judge(bound, &target, table, to.as_ref())?;
        }
        Ok(Asked {
            coefficients: self.coefficients,
            gap: self.gap.to_f64(),
            range: self.range.clone(),
            eps: self.eps.clone(),
            to,
            claim: self.claim.clone(),
            zone: self.zone.clone(),
            rho: self.rho.clone(),
            limit: self.limit.clone().unwrap_or_else(|| Rational::from(2)),
            only_error: self.only_error,
            evaluation: self.evaluation,
            density: self.density.clone(),
            extend: self.extend,
            ..Asked::new(target)
        })
    }

    /// The value and the function of target `smooth`: the table's own, or those that are asked for.
    ///
    /// # Errors
    /// Neither states a function.
    pub(in crate::jobs) fn difference(&self, table: &Table) -> Result<Difference> {
        let measure = self.error.clone().unwrap_or_default();
        // What is asked for of such a table is what it states, or refused; `p` may be asked for and not stated.
        if let Some(own) = usual(table, Function::Smooth).smooth {
            return Ok(Difference { measure, ..own });
        }
        let Some(function) = self.function.clone() else {
            let detail = "target smooth needs --function, an expression of x such as \"exp(x)\": the table states none";
            return Err(Error::domain(detail));
        };
        let value = self.value.clone();
        Ok(Difference {
            function,
            value,
            measure,
        })
    }

    /// Refuses options that are not the function's, as [`certify`] does.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self, table: &Table) -> Result<()> {
        let function = self.target.unwrap_or(table.target);
        let direct = function.is_itself();
        if direct && table.output == Output::Step {
            return Err(Error::domain(format!(
                "{function} means p(x) itself, and the table's output is step: it stands for the sign 2 p - 1"
            )));
        }
        let (argmax, pool) = (function == Function::Argmax, function == Function::MaxPool);
        let (jumps, through_relu) = (function.needs_eps(), !direct && !argmax);
        let slopes = function.has_slope();
        let ends = function.has_ends();
        let smooth = function == Function::Smooth;
        let scaled = self.scale != 1u32;
        let sign = "targets that are made of sign";
        let own = "p(x) itself has its scale in its input maps";
        let max_to = "its differences are in [-1, 1] times B";
        let zone = "relu and other continuous targets that are made of sign";
        let known = |x: &Option<_>| x.is_some();
        // Which option is of use for which target: given, name, of use, for what, and why not.
        for (given, name, used, wanted, why) in [
            (scaled, "bound", !direct, sign, own),
            (known(&self.zone), "zone", through_relu && !jumps, zone, ""),
            (
                known(&self.rho),
                "rho",
                !direct || smooth,
                "smooth, and targets that are made of sign",
                "",
            ),
            (
                self.density.is_some(),
                "mean-square",
                smooth,
                "--target smooth",
                "",
            ),
            (self.extend, "extend", smooth, "--target smooth", ""),
            (known(&self.limit), "limit", !direct, sign, ""),
            (
                known(&self.eps),
                "eps",
                jumps,
                "sign, step and direct functions that jump",
                "",
            ),
            (
                // Elsewhere 1 is what is meant anyway; a smooth function's own domain need not be [-1, 1].
                self.to.as_ref().is_some_and(|to| smooth || *to != 1u32),
                "to",
                function != Function::Max && !smooth,
                "targets with a domain of their own",
                if smooth { "say --range=LO,HI" } else { max_to },
            ),
            (
                known(&self.slope),
                "slope",
                slopes,
                "--target leaky_relu",
                "",
            ),
            (
                self.function.is_some(),
                "function",
                smooth,
                "--target smooth",
                "",
            ),
            (self.value.is_some(), "value", smooth, "--target smooth", ""),
            (self.error.is_some(), "error", smooth, "--target smooth", ""),
            (self.range.is_some(), "range", smooth, "--target smooth", ""),
            (known(&self.lower), "lower", ends, "--target clip", ""),
            (known(&self.upper), "upper", ends, "--target clip", ""),
            (
                self.window.is_some(),
                "window",
                pool,
                "--target max_pool",
                "",
            ),
            (
                self.inputs.is_some(),
                "inputs",
                argmax,
                "--target argmax",
                "",
            ),
            (
                known(&self.input_gap),
                "input-gap",
                argmax,
                "--target argmax",
                "",
            ),
            (
                known(&self.input_scale),
                "input-scale",
                pool || argmax,
                "--target max_pool or argmax",
                "",
            ),
        ] {
            if given && !used {
                let why = if why.is_empty() {
                    String::new()
                } else {
                    format!(": {why}")
                };
                return Err(Error::domain(format!(
                    "--{name} is for {wanted}, not {function}{why}"
                )));
            }
        }
        for (given, name) in [
            (&self.zone, "zone"),
            (&self.rho, "rho"),
            (&self.limit, "limit"),
        ] {
            if given.is_some() && self.only_error {
                return Err(Error::domain(format!(
                    "--{name} asks for what --only-error leaves out: leave one of them out"
                )));
            }
        }
        if let (Some(asked), Some(own)) = (&self.slope, &table.slope) {
            if asked != own && table.target == function {
                return Err(Error::domain(format!(
                    "--slope {asked}: the table is for slope {own}; leave --slope out, or import the table with --slope \
                     if {own} is not what it is for"
                )));
            }
        }
        if let Some(own) = &table.smooth {
            let p = || "p".to_owned();
            let value = own.value.as_ref().map_or_else(p, ToString::to_string);
            let function = self.function.as_ref().map(ToString::to_string);
            let asked = self.value.as_ref().map(ToString::to_string);
            for (name, asked, own) in [
                ("function", function, own.function.to_string()),
                ("value", asked, value),
            ] {
                if let Some(asked) = asked.filter(|asked| *asked != own) {
                    return Err(Error::domain(format!(
                        "--{name} {asked:?}: the table is for {own:?}; leave --{name} out"
                    )));
                }
            }
        }
        if let Some(own) = table.ends.as_ref().filter(|_| table.target == function) {
            for (name, asked, own) in [
                ("lower", &self.lower, &own.0),
                ("upper", &self.upper, &own.1),
            ] {
                if let Some(asked) = asked.as_ref().filter(|asked| *asked != own) {
                    return Err(Error::domain(format!(
                        "--{name} {asked}: the table is for {name} {own}; leave --{name} out"
                    )));
                }
            }
        }
        Ok(())
    }
}
