//! Search for a smooth function: one minimax polynomial, or a chain where the function has one; each proved.

use crate::approx::DEFAULT_BITS;
use crate::arith::number::f64_above;
use crate::certify::proof::Verdict;
use crate::error::{Error, ErrorKind, Result};
use crate::function::expression::{Expression, Name};
use crate::function::formula::{Formula, Measure};
use crate::jobs::certify::{certify, Answer as Certified, Request as Asked};
use crate::jobs::families::chains::inverse;
use crate::jobs::families::{
    family, DoubleAngle, Family, Iteration, Request as Made, Smooth, Squaring, Start,
};
use crate::jobs::search::request::Objective;
use crate::jobs::values::values;
use crate::poly::cost::Cost;
use crate::poly::table::Table;
use rug::{Float, Rational};
use std::fmt;

/// Highest degree that is fitted.
const MAX_DEGREE: usize = 127;
/// Most steps of a composite and of an iteration that are tried.
const MAX_STEPS: (u32, u32) = (12, 8);
/// Greatest precision in bits.
pub const MAX_PRECISION: u32 = 120;
/// How often the degree is raised where the estimate promised too much.
const MAX_RAISES: usize = 4;

/// A precision that is wanted of a smooth function.
#[derive(Debug, Clone)]
pub struct SmoothRequest {
    /// f(x).
    pub function: Formula,
    /// Least x.
    pub lo: Rational,
    /// Greatest x.
    pub hi: Rational,
    /// The error is to be at most 2^-precision, 1 to [`MAX_PRECISION`].
    pub precision: u32,
    /// Whether the relative error is meant, else the absolute one.
    pub relative: bool,
    /// Least depth, or least number of products.
    pub objective: Objective,
}

impl SmoothRequest {
    /// The error that is meant, in a word.
    pub fn measure(&self) -> &'static str {
        if self.relative {
            "relative"
        } else {
            "absolute"
        }
    }
}

/// How the function is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One minimax polynomial.
    Single,
    /// exp by so many squarings.
    Squaring(u32),
    /// cos or sin by so many double angles.
    DoubleAngle(u32),
    /// So many of Newton's steps.
    Newton(u32),
    /// So many of Goldschmidt's steps.
    Goldschmidt(u32),
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single => write!(f, "minimax polynomial"),
            Self::Squaring(k) => write!(f, "squaring, steps: {k}"),
            Self::DoubleAngle(k) => write!(f, "double angle, steps: {k}"),
            Self::Newton(n) => write!(f, "Newton, steps: {n}"),
            Self::Goldschmidt(n) => write!(f, "Goldschmidt, steps: {n}"),
        }
    }
}

/// A line of the Pareto front.
#[derive(Debug, Clone)]
pub struct SmoothRow {
    /// How.
    pub form: Form,
    /// Degree of the polynomial, or of the start.
    pub degree: usize,
    /// As [`chain`](crate::poly::chain) counts.
    pub cost: Cost,
    /// The proved error.
    pub bound_hi: Rational,
    /// Whether it is the best by the objective.
    pub best: bool,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct SmoothAnswer {
    /// The best table.
    pub table: Table,
    /// Its proof and certificate, verified by the independent checker.
    pub certified: Certified,
    /// The forms that no other undercuts in both depth and products.
    pub front: Vec<SmoothRow>,
}

/// A form at the least degree that seems to reach the precision.
struct Candidate {
    form: Form,
    degree: usize,
    table: Table,
    cost: Cost,
    proved: Option<Certified>,
    raises: usize,
}

/// Finds the cheapest ways to compute a smooth function to a precision, and proves that they do.
///
/// **Guarantee** every error in the answer is proved; that no other form is cheaper rests on the search, an *estimate*.
/// **Cost** a second, or half a minute where degrees reach 127: a fit for each degree that is tried, and a proof for each
/// line of the front.
///
/// # Errors
/// A request that makes no sense, a function that is not defined somewhere, a precision that is not reached.
///
/// ```
/// use polycert::function::formula::Formula;
/// use polycert::jobs::search::{search_smooth, Objective, SmoothRequest};
///
/// let request = SmoothRequest {
///     function: Formula::function("exp(x)")?,
///     lo: (-1).into(),
///     hi: 1.into(),
///     precision: 8,
///     relative: false,
///     objective: Objective::Depth,
/// };
/// let answer = search_smooth(&request, &mut |_| ())?;
/// assert!(answer.certified.proof.bound_hi <= request.claim());
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn search_smooth(request: &SmoothRequest, told: &mut dyn FnMut(&str)) -> Result<SmoothAnswer> {
    if !(1..=MAX_PRECISION).contains(&request.precision) {
        let precision = request.precision;
        let detail = format!("--precision {precision}: from 1 to {MAX_PRECISION} bits");
        return Err(Error::domain(detail));
    }
    if request.objective == Objective::Cost {
        return Err(Error::domain("--by is depth or products"));
    }
    let mut all = request.candidates(told)?;
    let mut refused = None;
    // What is on the front by its estimate is proved, or raised by a degree until it is.
    let open =
        |all: &[Candidate]| (0..all.len()).find(|i| all[*i].proved.is_none() && is_front(all, *i));
    while let Some(i) = open(&all) {
        let proof = match certify(&all[i].table, &request.asked(true)) {
            Ok(proof) => proof,
            // What the proof of one form would take is no limit of the others.
            Err(e) => {
                told(&format!(
                    "{}, degree {}: not proved: {e}",
                    all[i].form, all[i].degree
                ));
                all.remove(i);
                refused = Some(e);
                continue;
            }
        };
        let candidate = &mut all[i];
        let error = crate::arith::number::estimate_log2(&proof.proof.bound_hi);
        let (form, degree) = (candidate.form, candidate.degree);
        if proof.proof.verdict == Some(Verdict::Proved) {
            told(&format!("{form}, degree {degree}: proved 2^{error:.2}"));
            candidate.proved = Some(proof);
            continue;
        }
        told(&format!(
            "{form}, degree {degree}: proved 2^{error:.2} only"
        ));
        let raised = match candidate.raises < MAX_RAISES && degree < MAX_DEGREE {
            true => request.made(form, degree + 1).ok(),
            false => None,
        };
        match raised {
            Some((table, cost)) => {
                candidate.raises += 1;
                candidate.degree += 1;
                (candidate.table, candidate.cost) = (table, cost);
            }
            None => {
                all.remove(i);
            }
        }
    }
    let mut front: Vec<usize> = (0..all.len()).filter(|i| is_front(&all, *i)).collect();
    front.sort_by_key(|i| (all[*i].cost.depth, all[*i].cost.mults));
    let best = match request.objective {
        Objective::Depth => front.first(),
        Objective::Mults | Objective::Cost => front.last(),
    };
    let Some(best) = best.copied() else {
        if let Some(e) = refused {
            return Err(e);
        }
        let detail = format!(
            "no polynomial of degree {MAX_DEGREE} or less, and no chain, is proved to reach 2^-{} for {} on [{}, {}]",
            request.precision, request.function, request.lo, request.hi
        );
        return Err(ErrorKind::NotConverged(detail).into());
    };
    let rows = front.iter().filter_map(|i| {
        let c = &all[*i];
        Some(SmoothRow {
            form: c.form,
            degree: c.degree,
            cost: c.cost,
            bound_hi: c.proved.as_ref()?.proof.bound_hi.clone(),
            best: *i == best,
        })
    });
    let front = rows.collect();
    let table = all[best].table.clone();
    let certified = certify(&table, &request.asked(false))?;
    Ok(SmoothAnswer {
        table,
        certified,
        front,
    })
}

/// Whether no other candidate is as cheap in both, or cheaper; of equals the first counts.
fn is_front(all: &[Candidate], i: usize) -> bool {
    let own = &all[i].cost;
    all.iter().enumerate().all(|(j, other)| {
        let other = &other.cost;
        let undercuts = other.depth <= own.depth && other.mults <= own.mults;
        j == i || !undercuts || (other == own && j > i)
    })
}

impl SmoothRequest {
    /// The claimed bound: 2^-precision.
    pub fn claim(&self) -> Rational {
        Rational::from(1) >> self.precision
    }

    fn asked(&self, only_error: bool) -> Asked {
        Asked {
            claim: Some(self.claim()),
            error: self.relative.then_some(Measure::Relative),
            gap: Rational::from(1) >> 24u32,
            only_error,
            ..Asked::default()
        }
    }

    /// The forms that are known for the function, with steps from few to many.
    fn forms(&self) -> Vec<Vec<Form>> {
        let (composite, iteration) = (1..=MAX_STEPS.0, 1..=MAX_STEPS.1);
        let mut forms = vec![vec![Form::Single]];
        match self.function.expression() {
            Expression::Call(Name::Exp, _) => forms.push(composite.map(Form::Squaring).collect()),
            Expression::Call(Name::Cos | Name::Sin, _) => {
                forms.push(composite.map(Form::DoubleAngle).collect());
            }
            e if inverse(e).is_some() && self.lo > 0u32 => {
                forms.push(iteration.clone().map(Form::Newton).collect());
                forms.push(iteration.map(Form::Goldschmidt).collect());
            }
            _ => {}
        }
        forms
    }

    /// The least degree of every form that seems to reach the precision.
    fn candidates(&self, told: &mut dyn FnMut(&str)) -> Result<Vec<Candidate>> {
        let mut all: Vec<Candidate> = Vec::new();
        for forms in self.forms() {
            let mut before: Option<usize> = None;
            for form in forms {
                let Some(degree) = self.least(form, before)? else {
                    told(&format!("{form}: no degree up to {MAX_DEGREE}"));
                    continue;
                };
                let (table, cost) = self.made(form, degree)?;
                told(&format!(
                    "{form}: degree {degree}, depth {}, {} products",
                    cost.depth, cost.mults
                ));
                all.push(Candidate {
                    form,
                    degree,
                    table,
                    cost,
                    proved: None,
                    raises: 0,
                });
                // More steps from a line or a constant save nothing.
                if degree <= 1 || before == Some(degree) {
                    break;
                }
                before = Some(degree);
            }
        }
        Ok(all)
    }

    /// The least degree, by doubling and halving; more steps never need a higher one.
    fn least(&self, form: Form, most: Option<usize>) -> Result<Option<usize>> {
        let mut reached = most.unwrap_or(MAX_DEGREE);
        if most.is_none() {
            let mut degree = 2;
            while degree < MAX_DEGREE && !self.seems_to_reach(form, degree)? {
                degree = (2 * degree).min(MAX_DEGREE);
            }
            reached = degree;
        }
        if !self.seems_to_reach(form, reached)? {
            return Ok(None);
        }
        let mut missed: Option<usize> = None;
        loop {
            let least = missed.map_or(0, |m| m + 1);
            if least >= reached {
                return Ok(Some(reached));
            }
            let degree = usize::midpoint(least, reached);
            match self.seems_to_reach(form, degree)? {
                true => reached = degree,
                false => missed = Some(degree),
            }
        }
    }

    /// The table of a form, with its cost.
    fn made(&self, form: Form, degree: usize) -> Result<(Table, Cost)> {
        let steps = match form {
            Form::Single => 0,
            Form::Squaring(k) | Form::DoubleAngle(k) | Form::Newton(k) | Form::Goldschmidt(k) => k,
        };
        let bits = (self.precision + 24 + 2 * steps).max(DEFAULT_BITS);
        let start = Start {
            function: self.function.clone(),
            lo: self.lo.clone(),
            hi: self.hi.clone(),
            degree,
            bits,
        };
        let iteration = |iterations, goldschmidt| {
            Family::Iteration(Iteration {
                start: start.clone(),
                iterations,
                goldschmidt,
            })
        };
        let family_ = match form {
            Form::Single => Family::Smooth(Smooth {
                function: self.function.clone(),
                relative: self.relative,
                lo: self.lo.clone(),
                hi: self.hi.clone(),
                degree,
                bits,
            }),
            Form::Squaring(steps) => Family::Squaring(Squaring {
                start,
                steps,
                taylor: false,
            }),
            Form::DoubleAngle(steps) => Family::DoubleAngle(DoubleAngle { start, steps }),
            Form::Newton(n) => iteration(n, false),
            Form::Goldschmidt(n) => iteration(n, true),
        };
        let answer = family(&Made {
            name: None,
            family: family_,
        })?;
        let none = || Error::unsupported("a table that is no polynomial has no cost".to_owned());
        Ok((answer.table, answer.cost.ok_or_else(none)?))
    }

    /// *Estimate*: whether the error at points is within the precision. A start from which the steps do not lead, or that
    /// cannot be fitted, is none.
    fn seems_to_reach(&self, form: Form, degree: usize) -> Result<bool> {
        let table = match self.made(form, degree) {
            Ok((table, _)) => table,
            // Nothing converges for a function that is not defined: that is said at once.
            Err(e) if form == Form::Single && matches!(e.kind, ErrorKind::Domain(_)) => {
                return Err(e)
            }
            Err(_) => return Ok(false),
        };
        let count = 4 * (degree + 2);
        let middle = Rational::from(&self.lo + &self.hi) / 2u32;
        let half = Rational::from(&self.hi - &self.lo) / 2u32;
        let points: Vec<Rational> = (0..=count)
            .map(|i| {
                let v = -(std::f64::consts::PI * i as f64 / count as f64).cos();
                let v = (v * 65_536.0).round() as i32;
                Rational::from((v, 65_536)) * &half + &middle
            })
            .collect();
        let most = f64_above(&self.claim());
        let found = values(&table, &self.asked(true), &points)?;
        let sizes = found
            .iter()
            .map(|v| Float::with_val(64, v.error.magnitude()));
        Ok(sizes.fold(0.0, |most, e| e.to_f64().max(most)) <= most)
    }
}
