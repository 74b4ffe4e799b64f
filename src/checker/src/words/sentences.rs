//! The proved statements in words. Every number shown is exact, or rounded so that the sentence stays true.

use crate::claims::clip::Clip;
use crate::claims::direct::Part;
use crate::claims::shape::Shape;
use crate::claims::statement::Statement;
use crate::claims::target::{Function, Target};
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::statement::{Verdict, Witness};
use crate::words::numerals::Numerals;

/// A statement in words; `earlier` are the statements before it.
pub(crate) fn statement(
    statement: &Statement,
    earlier: &[Statement],
    budget: &Budget,
) -> Checked<String> {
    let n = Numerals(budget);
    let at = |witness: &Witness| -> Checked<String> {
        Ok(format!(
            "at x = {} it is at least {}",
            n.full(&witness.x)?,
            n.down(&witness.lo)?
        ))
    };
    Ok(match statement {
        Statement::StageRanges { from, to, ranges } => {
            let mut text = format!(
                "for {} <= |x| <= {} the output of each stage, times the sign of x, lies in",
                n.up(from)?,
                n.down(to)?
            );
            for (i, (lo, hi)) in ranges.iter().enumerate() {
                let comma = if i == 0 { "" } else { "," };
                text += &format!("{comma} [{}, {}]", n.down(lo)?, n.up(hi)?);
            }
            text
        }
        Statement::Closeness {
            from,
            to,
            hi,
            witness,
        } => {
            let half = hi.times(&Rational::raw(1.into(), 2.into()));
            format!(
                "|p(x) - sign(x)| <= {} for {} <= |x| <= {}; {}; hence |r(x) - ReLU(x)| <= {} |x| there",
                n.up(hi)?,
                n.up(from)?,
                n.down(to)?,
                at(witness)?,
                n.up(&half)?
            )
        }
        Statement::Deviation { to, hi, witness } => format!(
            "|r(x) - ReLU(x)| <= {} for |x| <= {}; {}",
            n.up(hi)?,
            n.down(to)?,
            at(witness)?
        ),
        Statement::Derivative { to, hi, witness } => format!(
            "|r'(x) - 1/2| <= {} for |x| <= {}; {}",
            n.up(hi)?,
            n.down(to)?,
            at(witness)?
        ),
        Statement::Magnitude {
            to,
            hi,
            witness,
            escape,
        } => {
            // "The bound fails" is proved of the exact bound, not of one rounded up.
            let hi = match escape {
                Some(_) => n.full(hi)?,
                None => n.up(hi)?,
            };
            let mut text = format!(
                "|r(x)| <= {hi} for |x| <= {}; {}",
                n.down(to)?,
                at(witness)?
            );
            if let Some(escape) = escape {
                text += &format!("; beyond that range the bound fails: {}", at(escape)?);
            }
            text
        }
        Statement::Pool {
            inputs,
            range,
            input_scale,
            hi,
            lo,
            ..
        } => format!(
            "the tournament of m over {inputs} inputs in [-{range}, {range}], mapped by x -> {} x + 1/2, \
             is within {} of their maximum; at the named inputs its error is at least {}",
            n.full(input_scale)?,
            n.up(hi)?,
            n.down(lo)?,
            range = n.down(range)?,
        ),
        Statement::Clip(clip) => {
            let (error, domain) = clipped(clip, &n)?;
            let x = at(&clip.witness)?;
            format!("{error} <= {} {domain}; {x}", n.up(&clip.hi)?)
        }
        Statement::Argmax(a) => format!(
            "the tournament over {} inputs in [-{range}, {range}], mapped by x -> {} x + 1/2: if one exceeds all \
             others by {} or more, then its weight is within {hi} of 1, and the others are within {hi} of 0; at the \
             named inputs a weight is off by at least {}",
            a.inputs,
            n.full(&a.input_scale)?,
            n.full(&a.gap)?,
            n.down(&a.lo)?,
            range = n.down(&a.range)?,
            hi = n.up(&a.hi)?,
        ),
        Statement::Lines { parts, hi, witness } => {
            let mut text = format!("|p(x) - f(x)| <= {} with f(x) =", n.up(hi)?);
            for (i, part) in parts.iter().enumerate() {
                let comma = if i == 0 { "" } else { "," };
                let slope = match n.full(&part.slope)?.as_str() {
                    "1" => "x".to_owned(),
                    "-1" => "-x".to_owned(),
                    other => format!("{other} x"),
                };
                let line = match (part.slope.is_zero(), part.intercept.is_zero()) {
                    (true, _) => n.full(&part.intercept)?,
                    (_, true) => slope,
                    _ => format!("{slope} + {}", n.full(&part.intercept)?),
                };
                let (from, to) = (n.full(&part.from)?, n.full(&part.to)?);
                text += &format!("{comma} {line} on [{from}, {to}]");
            }
            format!("{text}; {}", at(witness)?)
        }
        Statement::Contraction {
            at,
            radius,
            order,
            hi,
        } => {
            let (left, off) = match n.full(at)?.as_str() {
                "0" => ("p(x)".to_owned(), "x".to_owned()),
                b => (format!("p(x) - {b}"), format!("x - {b}")),
            };
            let power = if *order == 1 { String::new() } else { format!("^{order}") };
            // Towards the point alone: two other points need not come nearer to each other.
            format!(
                "|{left}| <= {} |{off}|{power} for |{off}| <= {}, a contraction towards {}",
                n.up(hi)?,
                n.down(radius)?,
                n.full(at)?
            )
        }
        Statement::Target(target) => {
            let (error, domain) = subject(target, earlier, &n)?;
            format!("{error} <= {} {domain}", n.up(&target.hi)?)
        }
    })
}

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
            "the claim {error} <= {} {domain} is FALSE: at {} the error is at least {}",
            n.full(&claim.bound)?,
            place(target, earlier, &n)?,
            n.down(&target.lo)?
        ),
        Verdict::Undecided => format!(
            "the claim {error} <= {} {domain} is UNDECIDED: the proved enclosure of the maximum error holds the bound",
            n.full(&claim.bound)?
        ),
    })
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
fn subject(target: &Target, earlier: &[Statement], n: &Numerals) -> Checked<(String, String)> {
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

/// The error of a clip, and where.
fn clipped(clip: &Clip, n: &Numerals) -> Checked<(String, String)> {
    let (from, to) = (n.full(&clip.from)?, n.full(&clip.to)?);
    let (lower, upper) = (n.full(&clip.lower)?, n.full(&clip.upper)?);
    let b = bracketed(n.full(&clip.scale)?);
    Ok((
        "|l + R(x - l) - R(x - u) - clip(x, l, u)|".to_owned(),
        format!("on [{from}, {to}] with l = {lower}, u = {upper}, R(x) = {b} r(x/{b})"),
    ))
}

/// A factor or divisor, in brackets unless it is an integer.
fn bracketed(number: String) -> String {
    if number.contains(['/', '*', '^']) {
        format!("({number})")
    } else {
        number
    }
}

/// The intervals that the parts cover; parts that touch are one interval.
fn covered(parts: &[Part], n: &Numerals) -> Checked<String> {
    let mut intervals: Vec<(&Rational, &Rational)> = Vec::new();
    for part in parts {
        match intervals.last_mut() {
            Some((_, to)) if **to == part.from => *to = &part.to,
            _ => intervals.push((&part.from, &part.to)),
        }
    }
    let mut text = String::from("on");
    for (i, (from, to)) in intervals.into_iter().enumerate() {
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
        Some(Statement::Clip(clip)) => Ok(format!("x = {}", n.full(&clip.witness.x)?)),
        _ => Ok(format!("the inputs named by claim {}", target.cites)),
    }
}
