//! What is proved beyond the domain, in the units of the function's input: where the very bound of the error still
//! holds, and where r stays bounded though the error may not. The second says nothing about the first.

use crate::claims::statement::Statement;
use crate::claims::target::{follows, Function, Target};
use crate::core::budget::Budget;
use crate::core::fault::Checked;
use crate::core::number::Rational;
use crate::core::statement::Verdict;
use crate::words::numerals::Numerals;
use crate::words::phrases::bracketed;

/// The lines, of functions whose error is the composite's times a factor; none for others.
pub(crate) fn beyond(
    target: &Target,
    statements: &[Statement],
    budget: &Budget,
) -> Checked<Vec<String>> {
    let n = Numerals(budget);
    let Some(cited) = statements.get(target.cites) else {
        return Ok(Vec::new());
    };
    let (Statement::Closeness { to: end, .. } | Statement::Deviation { to: end, .. }) = cited
    else {
        return Ok(Vec::new());
    };
    let mut lines = Vec::new();
    let x = match target.function {
        Function::Max => "|a - b|",
        _ => "|x|",
    };
    if let Some((to, bound)) = valid(target, cited, statements, budget)? {
        let to = n.down(&target.scale.times(to))?;
        let bound = n.up(bound)?;
        lines.push(format!(
            "beyond the domain the error stays within {bound} up to {x} = {to}"
        ));
    }
    let farther = |s: &&Statement| matches!(s, Statement::Magnitude { to, .. } if to > end);
    let bounded: Vec<&Statement> = statements.iter().filter(farther).collect();
    if lines.is_empty() && !bounded.is_empty() {
        lines.push("beyond the domain nothing is proved of this error".to_owned());
    }
    for statement in bounded {
        let Statement::Magnitude { to, hi, .. } = statement else {
            continue;
        };
        let value = match target.scale == Rational::integer(1) {
            true => "|r(x)|".to_owned(),
            false => {
                let b = bracketed(n.full(&target.scale)?);
                format!("|{b} r(x/{b})|")
            }
        };
        let hi = n.up(&target.scale.times(hi))?;
        let to = n.down(&target.scale.times(to))?;
        lines.push(format!(
            "beyond the domain r stays bounded, {value} <= {hi} up to |x| = {to}, whatever the error{}",
            match target.function {
                Function::Relu => String::new(),
                other => format!(" (of r, not of what stands for {})", other.name()),
            }
        ));
    }
    Ok(lines)
}

/// The farthest proved statement of the same error within the same bound, and that bound: the claim if it is proved,
/// else the proved maximum.
fn valid<'a>(
    target: &'a Target,
    cited: &Statement,
    statements: &'a [Statement],
    budget: &Budget,
) -> Checked<Option<(&'a Rational, &'a Rational)>> {
    let bound = match &target.claim {
        Some(claim) if claim.verdict == Verdict::Proved => &claim.bound,
        _ => &target.hi,
    };
    let factor = follows(target, cited.cited())?.factor;
    let mut farthest: Option<&Rational> = None;
    for statement in statements {
        let (to, hi) = match (cited, statement) {
            (Statement::Deviation { to: end, .. }, Statement::Deviation { to, hi, .. })
                if to > end =>
            {
                (to, hi)
            }
            (
                Statement::Closeness {
                    from: first,
                    to: end,
                    ..
                },
                Statement::Closeness { from, to, hi, .. },
            ) if to > end && from <= first => (to, hi),
            _ => continue,
        };
        budget.product(factor.bits(), hi.bits())?;
        if factor.times(hi) <= *bound && farthest.is_none_or(|f| to > f) {
            farthest = Some(to);
        }
    }
    Ok(farthest.map(|to| (to, bound)))
}
