//! The proved statements in words, one kind a function. Every number shown is exact, or rounded so that the
//! sentence stays true.

use crate::claims::argmax::Argmax;
use crate::claims::clip::Clip;
use crate::claims::direct::Part;
use crate::claims::rounding::Scheme;
use crate::claims::statement::Statement;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::statement::Witness;
use crate::words::numerals::Numerals;
use crate::words::phrases::{at, clipped, of_x};
use crate::words::series::{error_and_domain, stages};
use crate::words::target::subject;

/// A statement in words; `earlier` are the statements before it.
pub(crate) fn statement(
    statement: &Statement,
    earlier: &[Statement],
    budget: &Budget,
) -> Checked<String> {
    let n = Numerals(budget);
    match statement {
        Statement::StageRanges { from, to, ranges } => stage_ranges(from, to, ranges, &n),
        Statement::Closeness {
            from,
            to,
            hi,
            witness,
        } => closeness(from, to, hi, witness, &n),
        Statement::Deviation { to, hi, witness } => {
            bounded("|r(x) - ReLU(x)|", to, &n.up(hi)?, witness, &n)
        }
        Statement::Derivative { to, hi, witness } => {
            bounded("|r'(x) - 1/2|", to, &n.up(hi)?, witness, &n)
        }
        Statement::Magnitude {
            to,
            hi,
            witness,
            escape,
        } => magnitude(to, hi, witness, escape.as_ref(), &n),
        Statement::Pool {
            inputs,
            range,
            input_scale,
            hi,
            lo,
            ..
        } => Ok(format!(
            "the tournament of m over {inputs} inputs in [-{range}, {range}], mapped by x -> {} x + 1/2, \
             is within {} of their maximum; at the named inputs its error is at least {}",
            n.full(input_scale)?,
            n.up(hi)?,
            n.down(lo)?,
            range = n.down(range)?,
        )),
        Statement::Clip(clip) => clip_within(clip, &n),
        Statement::Argmax(a) => argmax(a, &n),
        Statement::Lines { parts, hi, witness } => lines(parts, hi, witness, &n),
        Statement::Contraction {
            at,
            radius,
            order,
            hi,
        } => contraction(at, radius, *order, hi, &n),
        Statement::Series(series) => {
            let (error, domain) = error_and_domain(series, &n)?;
            let x = at(&series.witness, &n)?;
            Ok(format!("{error} <= {} {domain}; {x}", n.up(&series.hi)?))
        }
        Statement::Stages(claim) => match earlier.get(claim.cites) {
            Some(Statement::Series(series)) => stages(claim, series, &n),
            _ => Err(Fault::internal("stages of no series claim")),
        },
        Statement::Rounding(r) => Ok(format!(
            "a program that evaluates p in {} by {} (rounding to nearest, in any order of the additions, with or without \
             fused multiply-add) is within {} of p(x) for every x of that format in [{}, {}]",
            r.format.name(),
            match r.scheme {
                Scheme::Horner => "Horner's scheme",
                Scheme::Clenshaw => "Clenshaw's recurrence",
            },
            n.up(&r.hi)?,
            n.up(&r.from)?,
            n.down(&r.to)?,
        )),
        Statement::Target(target) => {
            let (error, domain) = subject(target, earlier, &n)?;
            Ok(format!("{error} <= {} {domain}", n.up(&target.hi)?))
        }
    }
}

fn stage_ranges(
    from: &Rational,
    to: &Rational,
    ranges: &[(Rational, Rational)],
    n: &Numerals,
) -> Checked<String> {
    let mut text = format!(
        "for {} <= |x| <= {} the output of each stage, times the sign of x, lies in",
        n.up(from)?,
        n.down(to)?
    );
    for (i, (lo, hi)) in ranges.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        text += &format!("{comma} [{}, {}]", n.down(lo)?, n.up(hi)?);
    }
    Ok(text)
}

fn closeness(
    from: &Rational,
    to: &Rational,
    hi: &Rational,
    witness: &Witness,
    n: &Numerals,
) -> Checked<String> {
    let half = hi.times(&Rational::raw(1.into(), 2.into()));
    Ok(format!(
        "|p(x) - sign(x)| <= {} for {} <= |x| <= {}; {}; hence |r(x) - ReLU(x)| <= {} |x| there",
        n.up(hi)?,
        n.up(from)?,
        n.down(to)?,
        at(witness, n)?,
        n.up(&half)?
    ))
}

/// A quantity is at most `hi` for |x| <= to.
fn bounded(
    quantity: &str,
    to: &Rational,
    hi: &str,
    witness: &Witness,
    n: &Numerals,
) -> Checked<String> {
    Ok(format!(
        "{quantity} <= {hi} for |x| <= {}; {}",
        n.down(to)?,
        at(witness, n)?
    ))
}

fn magnitude(
    to: &Rational,
    hi: &Rational,
    witness: &Witness,
    escape: Option<&Witness>,
    n: &Numerals,
) -> Checked<String> {
    // "The bound fails" is proved of the exact bound, not of one rounded up.
    let hi = match escape {
        Some(_) => n.full(hi)?,
        None => n.up(hi)?,
    };
    let mut text = bounded("|r(x)|", to, &hi, witness, n)?;
    if let Some(escape) = escape {
        text += &format!("; beyond that range the bound fails: {}", at(escape, n)?);
    }
    Ok(text)
}

fn clip_within(clip: &Clip, n: &Numerals) -> Checked<String> {
    let (error, domain) = clipped(clip, n)?;
    let x = at(&clip.witness, n)?;
    Ok(format!("{error} <= {} {domain}; {x}", n.up(&clip.hi)?))
}

fn argmax(a: &Argmax, n: &Numerals) -> Checked<String> {
    Ok(format!(
        "the tournament over {} inputs in [-{range}, {range}], mapped by x -> {} x + 1/2: if one exceeds all \
         others by {} or more, then its weight is within {hi} of 1, and the others are within {hi} of 0; at the \
         named inputs a weight is off by at least {}",
        a.inputs,
        n.full(&a.input_scale)?,
        n.full(&a.gap)?,
        n.down(&a.lo)?,
        range = n.down(&a.range)?,
        hi = n.up(&a.hi)?,
    ))
}

fn lines(parts: &[Part], hi: &Rational, witness: &Witness, n: &Numerals) -> Checked<String> {
    let mut text = format!("|p(x) - f(x)| <= {} with f(x) =", n.up(hi)?);
    for (i, part) in parts.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let slope = of_x(&part.slope, n)?;
        let line = match (part.slope.is_zero(), part.intercept.is_zero()) {
            (true, _) => n.full(&part.intercept)?,
            (_, true) => slope,
            _ => format!("{slope} + {}", n.full(&part.intercept)?),
        };
        let (from, to) = (n.full(&part.from)?, n.full(&part.to)?);
        text += &format!("{comma} {line} on [{from}, {to}]");
    }
    Ok(format!("{text}; {}", at(witness, n)?))
}

fn contraction(
    at: &Rational,
    radius: &Rational,
    order: usize,
    hi: &Rational,
    n: &Numerals,
) -> Checked<String> {
    let (left, off) = match n.full(at)?.as_str() {
        "0" => ("p(x)".to_owned(), "x".to_owned()),
        b => (format!("p(x) - {b}"), format!("x - {b}")),
    };
    let power = match order {
        1 => String::new(),
        _ => format!("^{order}"),
    };
    // Towards the point alone: two other points need not come nearer to each other.
    Ok(format!(
        "|{left}| <= {} |{off}|{power} for |{off}| <= {}, a contraction towards {}",
        n.up(hi)?,
        n.down(radius)?,
        n.full(at)?
    ))
}
