//! Compose: what follows for softmax and LayerNorm from verified certificates of the functions that they are made of.
//!
//! All values are those of exact arithmetic in the clear; noise and rounding of an evaluation are not in these bounds.
//!
//! # Softmax
//! y_i = exp(x_i)/sum_j exp(x_j), computed as E(x_i) I(S) with S = sum_j E(x_j). Proved: E(x) = exp(x)(1 + d), |d| <= e1 < 1
//! on [a, b], and I(s) = (1 + d')/s, |d'| <= e2 on [c, d]. S lies between (1 - e1) and (1 + e1) times the exact sum, so in
//! [N (1 - e1) exp(a), N (1 + e1) exp(b)], which has to lie in [c, d]. Then the computed y_i is y_i times
//! (1 + d_i)(1 + d') / (S / exact sum), which is between (1 - e1)(1 - e2)/(1 + e1) and (1 + e1)(1 + e2)/(1 - e1). The second
//! is farther from 1: (2 e1 + e2 + e1 e2)/(1 - e1) against (2 e1 + e2 - e1 e2)/(1 + e1). (Where e2 > 1 the least is
//! -(1 + e1)(e2 - 1)/(1 - e1), which is nearer to 1 as well, by 2 (1 + e1)/(1 - e1) - 2.)
//!
//! # LayerNorm
//! y_i = (x_i - m)/sqrt(v + E) with the mean m and the variance v = sum_j (x_j - m)^2/N, computed with R(v + E) in place of
//! 1/sqrt(v + E), R(s) = (1 + d)/sqrt(s), |d| <= e on [c, d], which has to hold [v_lo + E, v_hi + E]. The error of y_i is
//! |x_i - m| |d|/sqrt(v + E). With t_j = x_j - m, the sum of which is 0: t_i = -sum_(j != i) t_j, so by Cauchy and Schwarz
//! t_i^2 <= (N - 1) sum_(j != i) t_j^2 = (N - 1)(N v - t_i^2), that is t_i^2 <= (N - 1) v. So the error is at most
//! sqrt((N - 1) v/(v + E)) e, which rises with v.

use crate::arith::mp::Mp;
use crate::arith::number;
use crate::certificate::checked::Checked;
use crate::certificate::read::{number as read_number, Series};
use crate::error::{Error, ErrorKind, Result};
use crate::function::algebra::{Algebra, Primitive};
use crate::function::expression::Expression;
use crate::function::point::{Points, MAX_EXPONENT};
use crate::function::program::Program;
use crate::jobs::families::chains::{inverse, Inverse};
use rug::{Integer, Rational};

/// Most inputs.
pub const MAX_LENGTH: u32 = 1 << 24;

/// Bits of the enclosures of exp at the ends of its domain, and of square roots.
const BITS: u32 = 128;

/// exp and 1/x to softmax.
#[derive(Debug, Clone)]
pub struct Softmax {
    /// Text of a certificate of exp(x), relative error.
    pub exp: String,
    /// Text of a certificate of 1/x, relative error.
    pub inverse: String,
    /// Number of inputs N, 1 to [`MAX_LENGTH`].
    pub length: u32,
}

/// 1/sqrt(x) to LayerNorm.
#[derive(Debug, Clone)]
pub struct LayerNorm {
    /// Text of a certificate of 1/sqrt(x), relative error.
    pub inverse_sqrt: String,
    /// Number of inputs N, 1 to [`MAX_LENGTH`].
    pub length: u32,
    /// The variance is in [lo, hi], 0 <= lo <= hi.
    pub variance: (Rational, Rational),
    /// What is added to it, 0 or more.
    pub epsilon: Rational,
}

/// A certificate that the answer follows from.
#[derive(Debug, Clone)]
pub struct Part {
    /// `exp`, `inverse` or `inverse-sqrt`, as the option is called.
    pub role: &'static str,
    /// What the checker says of it.
    pub statement: String,
    /// SHA-256 of the certificate.
    pub sha256: String,
    /// SHA-256 of its table.
    pub table_sha256: String,
    /// How its coefficients are held: `exact`, `f64`, ... What follows is of that polynomial alone.
    pub coefficients: String,
    /// Proved bound of its relative error.
    pub bound: Rational,
}

/// What follows.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The bound: of the relative error of every output of softmax, of the absolute one of LayerNorm.
    pub bound: Rational,
    /// What the last function of the chain takes: the sum, or the variance with epsilon; it lies in that one's domain.
    pub bound_argument: (Rational, Rational),
    /// The statement in words, with its assumptions.
    pub statement: String,
    /// The certificates, verified.
    pub parts: Vec<Part>,
}

/// A verified certificate of a relative error.
struct Known {
    part: Part,
    domain: (Rational, Rational),
}

/// Verifies a certificate, which has to be about the relative error of one of these functions on one interval.
fn known(
    text: &str,
    role: &'static str,
    function: &str,
    is: impl Fn(&Expression) -> bool,
) -> Result<Known> {
    let checked = Checked::alone(text.to_owned()).map_err(|e| match e.kind {
        ErrorKind::SelfCheck(words) => {
            ErrorKind::SelfCheck(format!("{words} (the certificate of --{role})")).into()
        }
        _ => e.within(&format!("--{role}")),
    })?;
    let refused = |detail: String| Err(Error::domain(format!("--{role}: {detail}")));
    let document = checked.document();
    let cited = document.cited(&document.target()?.cites);
    let Some(Series {
        function: stated,
        value,
        error,
        parts,
        hi,
        ..
    }) = cited.and_then(|c| c.as_series())
    else {
        return refused(format!(
            "the certificate is not about the smooth function {function}"
        ));
    };
    // The checker has read it by the same grammar.
    if !Expression::parse(stated, false).is_ok_and(|e| is(&e)) {
        return refused(format!(
            "the certificate is about {stated}, and {function} is needed"
        ));
    }
    // Such a value need not exist at every point.
    let whole = value.as_ref().map(|text| Program::parse(text));
    if !whole.is_none_or(|read| read.is_ok_and(|program| !program.has_ends())) {
        return refused(
            "its value has a root, asin or acos, and may not be defined everywhere".to_owned(),
        );
    }
    if error != "relative" {
        return refused(format!(
            "the certificate bounds the {error} error, and the relative one is needed: certify the table with --error relative"
        ));
    }
    let mut ends: Option<(Rational, Rational)> = None;
    for part in parts {
        let (from, to) = (
            read_number(&part.from, "from")?,
            read_number(&part.to, "to")?,
        );
        ends = match ends {
            None => Some((from, to)),
            Some((lo, end)) if end == from => Some((lo, to)),
            Some((_, end)) => {
                return refused(format!(
                    "its domain is a union: nothing is proved between {end} and {from}"
                ))
            }
        };
    }
    let Some(domain) = ends else {
        return refused("it has no domain".to_owned());
    };
    Ok(Known {
        part: Part {
            role,
            statement: checked.statement().to_owned(),
            sha256: checked.sha256(),
            table_sha256: document.table_sha256.clone(),
            coefficients: document.coefficients.clone(),
            bound: read_number(hi, "hi")?,
        },
        domain,
    })
}

fn length(n: u32) -> Result<Rational> {
    if !(1..=MAX_LENGTH).contains(&n) {
        return Err(Error::domain(format!(
            "--length {n}: from 1 to {MAX_LENGTH}"
        )));
    }
    Ok(Rational::from(n))
}

/// An interval that something is assumed or proved on, exactly: rounded outward it would say more than is proved, and
/// rounded inward it may be empty.
fn exactly((lo, hi): &(Rational, Rational)) -> String {
    let exact = |x: &Rational| {
        let below = number::decimal(x, 12, false);
        match below == number::decimal(x, 12, true) {
            true => below,
            false => number::write(x),
        }
    };
    format!("[{}, {}]", exact(lo), exact(hi))
}

/// Decimals of an interval that something lies in, rounded outward.
fn shown((lo, hi): &(Rational, Rational)) -> String {
    format!(
        "[{}, {}]",
        number::decimal(lo, 12, false),
        number::decimal(hi, 12, true)
    )
}

/// Whether what a function is applied to lies in its domain.
fn inside(argument: &(Rational, Rational), last: &Known, what: &str) -> Result<()> {
    if last.domain.0 <= argument.0 && argument.1 <= last.domain.1 {
        return Ok(());
    }
    Err(Error::domain(format!(
        "--{}: proved on {}, and {what} lies in {}: a certificate for that range is needed",
        last.part.role,
        exactly(&last.domain),
        shown(argument)
    )))
}

/// Bounds the relative error of every output of a softmax of N inputs, each in the domain of exp.
///
/// **Guarantee** |computed y_i - y_i| <= bound y_i for all inputs in the domain, in exact arithmetic.
///
/// # Errors
/// A certificate that is not verified, or of something else; a sum that leaves the domain of 1/x, with the range needed.
pub fn softmax(asked: &Softmax) -> Result<Answer> {
    let n = length(asked.length)?;
    let exp = |e: &Expression| Expression::parse("exp(x)", false).is_ok_and(|s| s == *e);
    let exp = known(&asked.exp, "exp", "exp(x)", exp)?;
    let inverse = known(&asked.inverse, "inverse", "1/x", |e| {
        inverse(e) == Some(Inverse::Whole)
    })?;
    let (e1, e2) = (exp.part.bound.clone(), inverse.part.bound.clone());
    if e1 >= 1u32 {
        let e1 = number::decimal(&e1, 6, true);
        return Err(Error::domain(format!(
            "--exp: a relative error of {e1}, and less than 1 is needed"
        )));
    }
    let k = Points { prec: BITS };
    let exp_of = |x: &Rational| -> Result<(Rational, Rational)> {
        if x.clone().abs() > MAX_EXPONENT {
            return Err(Error::domain(format!(
                "--exp: its domain reaches beyond {MAX_EXPONENT}"
            )));
        }
        let Mp { lo, hi } = k
            .apply(Primitive::Exp, &k.constant(x))
            .map_err(Error::domain)?;
        Ok((
            lo.to_rational().unwrap_or_default(),
            hi.to_rational().unwrap_or_default(),
        ))
    };
    let (lo, hi) = (exp_of(&exp.domain.0)?.0, exp_of(&exp.domain.1)?.1);
    let below = Rational::from(1 - &e1);
    let above = Rational::from(1 + &e1);
    let sum = (lo * &n * &below, hi * &n * &above);
    let what = format!("the sum of {n} values");
    inside(&sum, &inverse, &what)?;
    let bound = above * (e2 + 1u32) / below - 1u32;
    let statement = format!(
        "softmax of {n} inputs, each in {}: every output y has |computed y - y| <= {} y; the sum lies in {}",
        exactly(&exp.domain),
        number::decimal(&bound, 12, true),
        shown(&sum)
    );
    Ok(Answer {
        bound,
        bound_argument: sum,
        statement,
        parts: vec![exp.part, inverse.part],
    })
}

/// Bounds the error of every output of a LayerNorm of N inputs whose variance is in a range, before gain and shift.
///
/// **Guarantee** |computed y_i - y_i| <= bound for all such inputs, in exact arithmetic.
///
/// # Errors
/// A certificate that is not verified, or of something else; a variance that leaves its domain, with the range needed.
pub fn layernorm(asked: &LayerNorm) -> Result<Answer> {
    let n = length(asked.length)?;
    let (lo, hi) = &asked.variance;
    if *lo < 0u32 || lo > hi {
        return Err(Error::domain(format!(
            "--variance {lo},{hi}: 0 <= LO <= HI is needed"
        )));
    }
    if asked.epsilon < 0u32 {
        return Err(Error::domain(format!(
            "--epsilon {}: below 0",
            asked.epsilon
        )));
    }
    let root = known(&asked.inverse_sqrt, "inverse-sqrt", "1/sqrt(x)", |e| {
        inverse(e) == Some(Inverse::Root)
    })?;
    let argument = (
        Rational::from(lo + &asked.epsilon),
        Rational::from(hi + &asked.epsilon),
    );
    inside(&argument, &root, "the variance with epsilon")?;
    if argument.0 <= 0u32 {
        return Err(ErrorKind::Domain("the variance with epsilon may be 0".to_owned()).into());
    }
    // (N - 1) v/(v + E) at the greatest v.
    let square = Rational::from(&n - 1u32) * hi / &argument.1;
    let bound = root_above(&square) * &root.part.bound;
    let statement = format!(
        "LayerNorm of {n} inputs of variance in {}, epsilon {}: every output has |computed y - y| <= {} (before gain and shift)",
        exactly(&asked.variance),
        number::write(&asked.epsilon),
        number::decimal(&bound, 12, true)
    );
    Ok(Answer {
        bound,
        bound_argument: argument,
        statement,
        parts: vec![root.part],
    })
}

/// A number whose square is x or more, and nearly x.
fn root_above(x: &Rational) -> Rational {
    let scaled = Rational::from(x << (2 * BITS)).ceil().into_numer_denom().0;
    let root: Integer = scaled.clone().sqrt();
    let exact = Integer::from(root.square_ref()) == scaled;
    Rational::from(root + u32::from(!exact)) >> BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No digit more or less of what is assumed, whichever way its decimals would be rounded.
    #[test]
    fn assumptions_are_written_exactly() {
        let third = Rational::from((1, 3));
        let domain = (Rational::from(-&third), third);
        assert_eq!(exactly(&domain), "[-1/3, 1/3]");
        assert_eq!(shown(&domain), "[-0.333333333334, 0.333333333334]");
        let point = Rational::from((1, 8));
        assert_eq!(exactly(&(point.clone(), point + 1u32)), "[0.125, 1.125]");
        let above = Rational::from(1) + (Rational::from(1) >> 50u32);
        let end = number::write(&above);
        assert_eq!(exactly(&(Rational::new(), above)), format!("[0, {end}]"));
    }

    #[test]
    fn roots_are_above_and_near() {
        for (n, d) in [
            (0, 1),
            (1, 1),
            (2, 1),
            (767, 1),
            (9, 4),
            (1, 3),
            (123_456, 789),
        ] {
            let x = Rational::from((n, d));
            let root = root_above(&x);
            let square = Rational::from(root.square_ref());
            assert!(square >= x && Rational::from(&square - &x) <= Rational::from(1) >> 100u32);
        }
        assert_eq!(root_above(&Rational::from((9, 4))), Rational::from((3, 2)));
    }
}
