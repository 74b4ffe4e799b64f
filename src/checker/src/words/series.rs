//! The error of what stands for a smooth function, and where, in words.

use crate::core::fault::Checked;
use crate::core::number::Rational;
use crate::series::expression::{Expression, Formula};
use crate::series::mean_square::MeanSquare;
use crate::series::program::Program;
use crate::series::rule::{Measure, Series};
use crate::series::stages::{names, Stages};
use crate::words::numerals::Numerals;

/// Intervals that are all written out; of more, the first few and the last, with their number.
const MAX_SHOWN: usize = 6;

/// The error, and the domain.
pub(crate) fn error_and_domain(series: &Series, n: &Numerals) -> Checked<(String, String)> {
    let f = atom(&series.function);
    let p = || "p(x)".to_owned();
    let value = series.value.as_ref().map(Program::result);
    let error = match &series.error {
        Measure::Relative => format!("|{}/{f} - 1|", value.map_or_else(p, atom)),
        other => {
            let g = value.map_or_else(p, |value| value.text().trim().to_owned());
            match other {
                Measure::Weighted(weight) => format!("|{} ({g} - {f})|", atom(weight)),
                // How large a value is, is its error against 0.
                _ if series.function.text().trim() == "0" => format!("|{g}|"),
                _ => format!("|{g} - {f}|"),
            }
        }
    };
    let covered = covered(&series.parts, n)?;
    let defined = defined(series);
    let steps = series.value.as_ref().map_or(&[][..], Program::bindings);
    let mut bound = String::new();
    for (i, (name, formula)) in steps.iter().enumerate() {
        let before = if i == 0 { ", with " } else { ", " };
        bound += &format!("{before}{name} = {}", formula.text());
    }
    Ok((error, format!("for x in {covered}{defined}{bound}")))
}

/// What is added where something in a claim may be defined up to an end only.
fn defined(series: &Series) -> &'static str {
    let weight = match &series.error {
        Measure::Weighted(weight) => Some(weight),
        _ => None,
    };
    let mut formulas = std::iter::once(&series.function).chain(weight);
    let value = series.value.as_ref();
    match formulas.any(Formula::has_ends) || value.is_some_and(Program::has_ends) {
        true => ", where this is defined",
        false => "",
    }
}

/// What every stage takes, a line each. A name is bound in its own line again: another claim may bind it to something else.
pub(crate) fn stages(stages: &Stages, series: &Series, n: &Numerals) -> Checked<String> {
    let covered = covered(&series.parts, n)?;
    let defined = defined(series);
    let bound = series.value.as_ref().map_or(&[][..], Program::bindings);
    let names = names(series, stages.ranges.len());
    let own = names.len().saturating_sub(bound.len());
    let with = std::iter::repeat_n(None, own).chain(bound.iter().map(Some));
    let lines = names.iter().zip(&stages.ranges).zip(with);
    let lines = lines.map(|((name, (lo, hi)), with)| {
        let (lo, hi) = (n.down(lo)?, n.up(hi)?);
        let with = with.map_or_else(String::new, |(name, formula)| {
            format!(", with {name} = {}", formula.text())
        });
        Ok(format!(
            "{name} lies in [{lo}, {hi}] for x in {covered}{defined}{with}"
        ))
    });
    Ok(lines.collect::<Checked<Vec<String>>>()?.join("\n  "))
}

/// The mean squared error for a density.
pub(crate) fn mean_square(mean: &MeanSquare, series: &Series, n: &Numerals) -> Checked<String> {
    let (error, domain) = error_and_domain(series, n)?;
    Ok(format!(
        "the integral of {} {error}^2 {domain} is at least {} and at most {}",
        atom(&mean.density),
        n.down(&mean.lo)?,
        n.up(&mean.hi)?
    ))
}

/// The text, in brackets unless it is one name with its argument.
///
/// The text counts as well as the tree: `1*exp(x)` is exp(x) to the rule, but `p(x)/1*exp(x)` would read as a product.
fn atom(formula: &Formula) -> String {
    let text = formula.text().trim();
    let mut depth = 0_u32;
    let plain = text.bytes().all(|c| match c {
        b'(' => {
            depth += 1;
            true
        }
        b')' => {
            depth = depth.saturating_sub(1);
            true
        }
        b'+' | b'-' | b'*' | b'/' | b'^' => depth > 0,
        _ => true,
    });
    match formula.tree {
        Expression::X
        | Expression::P
        | Expression::Pi
        | Expression::Call(..)
        | Expression::Root(..)
            if plain =>
        {
            text.to_owned()
        }
        _ => format!("({text})"),
    }
}

/// The intervals that the parts cover; parts that touch are one interval.
pub(crate) fn intervals(parts: &[(Rational, Rational)]) -> Vec<(&Rational, &Rational)> {
    let mut intervals: Vec<(&Rational, &Rational)> = Vec::new();
    for (from, to) in parts {
        match intervals.last_mut() {
            Some((_, end)) if *end == from => *end = to,
            _ => intervals.push((from, to)),
        }
    }
    intervals
}

fn covered(parts: &[(Rational, Rational)], n: &Numerals) -> Checked<String> {
    let all = intervals(parts);
    let text =
        |(from, to): &(&Rational, &Rational)| Ok(format!("[{}, {}]", n.full(from)?, n.full(to)?));
    if all.len() <= MAX_SHOWN {
        let all: Checked<Vec<String>> = all.iter().map(text).collect();
        return Ok(all?.join(" and "));
    }
    let first: Checked<Vec<String>> = all.iter().take(2).map(text).collect();
    let last: Checked<Vec<String>> = all.iter().last().map(text).into_iter().collect();
    Ok(format!(
        "{} intervals: {}, ..., {}",
        all.len(),
        first?.join(", "),
        last?.join("")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;

    /// Whatever a sentence puts before or after a formula, the formula is read as one thing.
    #[test]
    fn operators_outside_brackets_are_put_in_brackets() {
        for (text, shown) in [
            ("exp(x)", "exp(x)"),
            (" root(3, x + 1) ", "root(3, x + 1)"),
            ("(exp(x))", "(exp(x))"),
            ("x", "x"),
            ("1*exp(x)", "(1*exp(x))"),
            ("1*x", "(1*x)"),
            ("x/1", "(x/1)"),
            ("x^1", "(x^1)"),
            ("1*1*(sqrt(x))", "(1*1*(sqrt(x)))"),
            ("(x)*(1)", "((x)*(1))"),
            ("x + 1", "(x + 1)"),
            ("2", "(2)"),
        ] {
            let formula = Formula::parse(text, &Budget::new()).unwrap();
            assert_eq!(atom(&formula), shown, "{text}");
        }
    }
}
