//! The target statement in words: the error of a function, where it is meant, and the verdict.

use crate::claims::direct::Part;
use crate::claims::shape::Shape;
use crate::claims::statement::Statement;
use crate::claims::target::{Function, Target};
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::statement::Verdict;
use crate::words::numerals::Numerals;
use crate::words::phrases::{bracketed, clipped};
use crate::words::series::error_and_domain;

/// The first line of a report, after `VERIFIED `.
pub(crate) fn headline(target: &Target, earlier: &[Statement], budget: &Budget) -> Checked<String> {
    let n = Numerals(budget);
    let (error, domain) = subject(target, earlier, &n)?;
    let Some(claim) = &target.claim else {
        return Ok(format!("{error} <= {} {domain}", n.up(&target.hi)?));
    };
    Ok(match claim.verdict {
        Verdict::Proved => format!("{error} <= {} {domain}", n.up(&claim.bound)?),
        Verdict::Refuted => format!(
            "the claim {error} <= {} {domain} is FALSE: at {} the error is at least {}; {}",
            n.full(&claim.bound)?,
            place(target, earlier, &n)?,
            n.down(&target.lo)?,
            missed(&claim.bound, &target.lo, &n)?
        ),
        Verdict::Undecided => format!(
            "the claim {error} <= {} {domain} is UNDECIDED: the proved enclosure of the maximum error holds the bound",
            n.full(&claim.bound)?
        ),
    })
}

/// How far an error is beyond a bound, both numbers rounded down.
fn missed(bound: &Rational, lo: &Rational, n: &Numerals) -> Checked<String> {
    let by = n.decimal(&lo.plus(&bound.negated()), false)?;
    if !bound.is_positive() {
        return Ok(format!("it is missed by {by} or more"));
    }
    let ratio = lo.over(bound);
    let ratio = n.decimal(&ratio, false)?;
    Ok(format!(
        "it is missed by {by} or more, {ratio} times the bound"
    ))
}

/// The proved enclosure of the maximum error, as decimals rounded outward.
pub(crate) fn enclosure(target: &Target, budget: &Budget) -> Checked<(String, String)> {
    let n = Numerals(budget);
    Ok((n.decimal(&target.lo, false)?, n.decimal(&target.hi, true)?))
}

/// The error that a target claim is about, and where.
///
/// The domain is exact: a smaller one would be safe for an upper bound of the error and wrong for a
/// lower one, since the witness may lie at its very end.
pub(crate) fn subject(
    target: &Target,
    earlier: &[Statement],
    n: &Numerals,
) -> Checked<(String, String)> {
    let scale = &target.scale;
    let plain = *scale == Rational::integer(1);
    let b = n.full(scale)?;
    let (times, over) = if plain {
        (String::new(), String::new())
    } else {
        let b = bracketed(b);
        (format!("{b} "), format!("/{b}"))
    };
    let symmetric = |to: &Rational| -> Checked<String> {
        let end = n.full(&scale.times(to))?;
        Ok(format!("on [-{end}, {end}]"))
    };
    Ok(match (target.function, earlier.get(target.cites)) {
        (function, Some(Statement::Closeness { from, to, .. })) => {
            let error = match function {
                Function::Step => format!("|(1 + p(x{over}))/2 - [x > 0]|"),
                _ => format!("|p(x{over}) - sign(x)|"),
            };
            let (from, to) = (scale.times(from), scale.times(to));
            (
                error,
                format!("for {} <= |x| <= {}", n.full(&from)?, n.full(&to)?),
            )
        }
        (Function::Abs, Some(Statement::Deviation { to, .. })) => {
            (format!("|x p(x{over}) - |x||"), symmetric(to)?)
        }
        (Function::LeakyRelu, Some(Statement::Deviation { to, .. })) => (
            format!("|s x + (1-s) {times}r(x{over}) - LeakyReLU(x)|"),
            format!(
                "{} with slope s = {}",
                symmetric(to)?,
                n.full(&target.slope)?
            ),
        ),
        (Function::Max, Some(Statement::Deviation { .. })) => (
            format!("|{times}m(a{over}, b{over}) - max(a, b)|"),
            format!("for a, b in [0, {}]", n.full(scale)?),
        ),
        (_, Some(Statement::Deviation { to, .. })) => {
            (format!("|{times}r(x{over}) - ReLU(x)|"), symmetric(to)?)
        }
        (
            _,
            Some(Statement::Pool {
                inputs,
                range,
                input_scale,
                ..
            }),
        ) => (
            "|tournament of m - maximum|".to_owned(),
            format!(
                "for {inputs} inputs in [-{range}, {range}], mapped by x -> {} x + 1/2",
                n.full(input_scale)?,
                range = n.full(range)?
            ),
        ),
        (_, Some(Statement::Series(series))) => error_and_domain(series, n)?,
        (_, Some(Statement::Clip(clip))) => clipped(clip, n)?,
        (_, Some(Statement::Argmax(a))) => (
            "|one-hot weight of the tournament - exact one-hot|".to_owned(),
            format!(
                "for {} inputs in [-{range}, {range}], the greatest by {} or more, mapped by x -> {} x + 1/2",
                a.inputs,
                n.full(&a.gap)?,
                n.full(&a.input_scale)?,
                range = n.full(&a.range)?
            ),
        ),
        (Function::Direct(shape), Some(Statement::Lines { parts, .. })) => {
            let name = match shape {
                Shape::Sign => "sign(x)".to_owned(),
                Shape::Step => "[x > 0]".to_owned(),
                Shape::Bit => "[x > 1/2]".to_owned(),
                Shape::Relu => "ReLU(x)".to_owned(),
                Shape::LeakyRelu => format!("LeakyReLU(x), slope {},", n.full(&target.slope)?),
                Shape::Abs => "|x|".to_owned(),
                Shape::Clip => {
                    let (lower, upper) = &target.ends;
                    format!("clip(x, {}, {})", n.full(lower)?, n.full(upper)?)
                }
                Shape::Relu6 => "ReLU6(x)".to_owned(),
            };
            (format!("|p(x) - {name}|"), covered(parts, n)?)
        }
        _ => return Err(Fault::internal("a target that cites nothing")),
    })
}

/// The intervals that the parts cover; parts that touch are one interval.
pub(crate) fn covered_intervals(parts: &[Part]) -> Vec<(&Rational, &Rational)> {
    let mut intervals: Vec<(&Rational, &Rational)> = Vec::new();
    for part in parts {
        match intervals.last_mut() {
            Some((_, to)) if **to == part.from => *to = &part.to,
            _ => intervals.push((&part.from, &part.to)),
        }
    }
    intervals
}

/// Where the parts are, in words.
fn covered(parts: &[Part], n: &Numerals) -> Checked<String> {
    let mut text = String::from("on");
    for (i, (from, to)) in covered_intervals(parts).into_iter().enumerate() {
        let and = if i == 0 { "" } else { " and" };
        text += &format!("{and} [{}, {}]", n.full(from)?, n.full(to)?);
    }
    Ok(text)
}

/// Where the error is large.
fn place(target: &Target, earlier: &[Statement], n: &Numerals) -> Checked<String> {
    let name = match target.function {
        Function::Max => "a - b",
        _ => "x",
    };
    match earlier.get(target.cites) {
        Some(Statement::Closeness { witness, .. } | Statement::Deviation { witness, .. }) => {
            let x = n.full(&witness.x.times(&target.scale))?;
            Ok(format!("{name} = {x}"))
        }
        Some(Statement::Lines { witness, .. }) => Ok(format!("x = {}", n.full(&witness.x)?)),
        Some(Statement::Series(s)) => Ok(format!("x = {}", n.full(&s.witness.x)?)),
        Some(Statement::Clip(clip)) => Ok(format!("x = {}", n.full(&clip.witness.x)?)),
        _ => Ok(format!("the inputs named by claim {}", target.cites)),
    }
}
