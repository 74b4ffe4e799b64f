//! What to prove: a request, judged before anything is computed.

use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use crate::function::shape::{Line, Shape};
use crate::function::target::{Function, Target};
use crate::poly::evaluation::Evaluation;
use crate::poly::table::Table;
use rug::Rational;
use std::fmt;

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
    /// `smooth`: x is meant in this interval; on the table's own domain if none.
    pub range: Option<(Rational, Rational)>,
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
    /// Functions of p itself: also what rounding adds in a program that evaluates p so.
    pub evaluation: Option<Evaluation>,
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
            range: None,
            to: None,
            claim: None,
            zone: None,
            rho: None,
            limit: Rational::from(2),
            evaluation: None,
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

/// The request with the table's defaults filled in.
pub(crate) struct Plan {
    /// The domain |x| <= to.
    pub to: Rational,
    /// Least |x| of sign and step, where it is known.
    pub eps: Option<Rational>,
}

impl Plan {
    /// The parts of a smooth function's domain: the one asked for, or the table's own.
    ///
    /// # Errors
    /// An interval that is empty, or too far out for hint numbers.
    pub fn parts(table: &Table, request: &Request) -> Result<Vec<(Rational, Rational)>> {
        let parts = match (&request.range, &table.smooth) {
            (Some(range), _) => vec![range.clone()],
            (None, Some(smooth)) => smooth.parts(table.domain.ends()),
            (None, None) => vec![(table.domain.lo.clone(), table.domain.hi.clone())],
        };
        let most = Rational::from(1) << 60u32;
        for (lo, hi) in &parts {
            if lo >= hi {
                return Err(Error::domain(format!(
                    "the range [{lo}, {hi}] is empty or reversed"
                )));
            }
            if lo.clone().abs() > most || hi.clone().abs() > most {
                return Err(Error::domain(format!(
                    "the domain [{lo}, {hi}] reaches beyond 2^60"
                )));
            }
        }
        Ok(parts)
    }

    /// The function of a direct target, as lines on the table's domain (or [-to, to] if that is asked for).
    ///
    /// # Errors
    /// A jump without a gap, a gap or domain that leaves nothing.
    pub fn lines(&self, table: &Table, request: &Request, shape: Shape) -> Result<Vec<Line>> {
        let f = shape.function(&request.target.slope, &request.target.ends)?;
        let gap = match &self.eps {
            Some(eps) if shape.jumps() => eps.clone(),
            _ => Rational::new(),
        };
        let (lo, hi) = match &request.to {
            Some(to) => (Rational::from(-to), to.clone()),
            None => (table.domain.lo.clone(), table.domain.hi.clone()),
        };
        f.on(&lo, &hi, &gap)
    }

    /// Fills in and judges.
    ///
    /// # Errors
    /// The first parameter that makes no sense, and its limits.
    pub fn new(table: &Table, request: &Request) -> Result<Self> {
        let Target {
            function,
            scale,
            slope,
            ..
        } = &request.target;
        let direct = function.is_itself();
        if direct && *scale != 1u32 {
            return Err(Error::domain(
                "a table that is used as it is has its scale in its input maps: no other",
            ));
        }
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
        let least = Rational::from(1) >> 40u32;
        if to < least || to > 1_000_000u32 {
            return Err(Error::domain(format!(
                "the domain |x| <= to = {to} is empty or too small or too large: to is from 2^-40 to 10^6"
            )));
        }
        // Inputs of the pool's witness are multiples of 2^-64 up to 2^64.
        let most = Rational::from(1) << 40u32;
        let tournament = matches!(function, Function::MaxPool | Function::Argmax);
        if tournament && (*scale < least || *scale > most) {
            return Err(Error::unsupported(format!(
                "the scale B of a tournament is from 2^-40 to 2^40, not {scale}"
            )));
        }
        if request.limit <= 0u32 {
            return Err(Error::domain(format!(
                "the limit of |r| must be above 0, not {}",
                request.limit
            )));
        }
        let eps = request.eps.clone().or_else(|| table.domain.eps.clone());
        if function.needs_eps() && eps.is_none() {
            let detail = "a function that jumps is approximated away from the jump only: give --eps (the table names none)";
            return Err(Error::domain(detail));
        }
        if let Some(e) = eps
            .as_ref()
            .filter(|e| **e <= 0u32 || (**e >= to && !direct))
        {
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
        if let Some(evaluation) = request.evaluation {
            if !function.is_itself() {
                return Err(Error::unsupported(format!(
                    "--evaluation is of p itself (a direct target, or smooth), and {function} is reached through sign"
                )));
            }
            if request.coefficients != evaluation.format {
                return Err(Error::domain(format!(
                    "--evaluation {evaluation} holds the coefficients in {}, and --coefficients says {}",
                    evaluation.format, request.coefficients
                )));
            }
        }
        if !(request.gap >= 2.0f64.powi(-1_000) && request.gap <= 1.0) {
            return Err(Error::domain("the gap must be from 2^-1000 to 1"));
        }
        Ok(Self { to, eps })
    }
}
