//! The proved statements in words. Every number shown is exact, or rounded so that the sentence stays true.

use crate::budget::Budget;
use crate::fault::{Checked, Fault};
use crate::number::Rational;
use crate::numerals::Numerals;
use crate::statement::{Function, Statement, Target, Verdict, Witness};

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
        let bracketed = if b.contains(['/', '*', '^']) {
            format!("({b})")
        } else {
            b
        };
        (format!("{bracketed} "), format!("/{bracketed}"))
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
        (_, Some(Statement::Pool { inputs, range, .. })) => (
            "|tournament of m - maximum|".to_owned(),
            format!(
                "for {inputs} inputs in [-{range}, {range}]",
                range = n.full(range)?
            ),
        ),
        _ => return Err(Fault::internal("a target that cites nothing")),
    })
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
        _ => Ok(format!("the inputs named by claim {}", target.cites)),
    }
}
