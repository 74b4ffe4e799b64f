//! What a report proves, held against what is required.

use crate::claims::statement::Statement;
use crate::claims::target::{Function, Target};
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::format::requirement::{Requirement, Smooth};
use crate::series::rule::Measure;
use crate::words::numerals::Numerals;
use crate::words::report::Report;
use crate::words::series::intervals;
use crate::words::target::covered_intervals;

/// Where a function's error is bounded, and the parameters of the function.
struct ProvedDomain {
    intervals: Vec<(Rational, Rational)>,
    parameters: Vec<Rational>,
    /// The lead that an argmax needs.
    gap: Option<Rational>,
}

impl Report {
    /// Why the statement that is proved is not at least as strong as what is required; none if it is: the same
    /// function with the same parameters, on a domain that holds the required one, with a bound at most as large.
    /// An evaluation certificate is held to it by what is decrypted.
    pub fn shortfall(&self, required: &Requirement) -> Option<String> {
        match self.weaker(required) {
            Ok(found) => found,
            Err(_) => Some("it cannot be compared with the statement".to_owned()),
        }
    }

    fn weaker(&self, required: &Requirement) -> Checked<Option<String>> {
        let budget = Budget::new();
        let n = Numerals(&budget);
        let target = &self.target;
        if target.function != required.function {
            let name = target.function.name();
            return Ok(Some(format!("the statement is about {name}")));
        }
        if let Some(other) = self.other_formula(target, required) {
            return Ok(Some(other));
        }
        let proved = self.proved()?;
        if proved.parameters != required.parameters {
            let found = proved.parameters.iter().map(|x| n.full(x));
            let found = found.collect::<Checked<Vec<String>>>()?.join(", ");
            return Ok(Some(format!("the statement is about {found}")));
        }
        let bound = match &self.decrypted {
            None if required.decrypted => {
                return Ok(Some("nothing is said of what is decrypted".to_owned()))
            }
            None => &target.hi,
            Some(decrypted) => {
                if let Some(k) = decrypted.k {
                    if required.k.is_none_or(|most| most > k) {
                        return Ok(Some(format!(
                            "the statement may fail with a probability of 2^-{k}"
                        )));
                    }
                }
                &decrypted.error
            }
        };
        for (lo, hi) in required.parts() {
            let holds = |(from, to): &(Rational, Rational)| *from <= lo && hi <= *to;
            if !proved.intervals.iter().any(holds) {
                let (lo, hi) = (n.full(&lo)?, n.full(&hi)?);
                return Ok(Some(format!(
                    "the statement does not reach all of [{lo}, {hi}]"
                )));
            }
        }
        if let Some(gap) = &proved.gap {
            if required.from.as_ref().is_none_or(|from| gap > from) {
                let gap = n.full(gap)?;
                return Ok(Some(format!(
                    "the statement is for a lead of {gap} or more"
                )));
            }
        }
        if *bound > required.bound {
            let bound = n.up(bound)?;
            return Ok(Some(format!("the proved bound is {bound}")));
        }
        Ok(None)
    }

    /// What a smooth target is about, if that is another function or another measure of the error.
    fn other_formula(&self, target: &Target, required: &Requirement) -> Option<String> {
        let Smooth {
            function,
            value,
            relative,
        } = required.smooth.as_ref()?;
        let Some(Statement::Series(series)) = self.statements.get(target.cites) else {
            return Some("the statement is about another function".to_owned());
        };
        let kind = match &series.error {
            Measure::Absolute if *relative => "the absolute",
            Measure::Relative if !*relative => "the relative",
            Measure::Weighted(_) => "a weighted",
            _ if series.function.tree != function.tree => {
                let text = series.function.text().trim();
                return Some(format!("the statement is about {text}"));
            }
            // Nothing but p itself, where no value is asked for: one of x alone would say nothing of the table.
            _ => {
                let stated = series.value.as_ref().filter(|value| !value.is_p());
                let same = match (stated, value) {
                    (Some(stated), Some(value)) => stated.is_same(value),
                    (stated, value) => stated.is_none() && value.is_none(),
                };
                if same {
                    return None;
                }
                let text = stated.map_or("p", |value| value.text().trim());
                return Some(format!("the statement is about the value {text}"));
            }
        };
        Some(format!("the statement is about {kind} error"))
    }

    fn proved(&self) -> Checked<ProvedDomain> {
        let target = &self.target;
        let b = &target.scale;
        let symmetric = |to: &Rational| vec![(to.negated(), to.clone())];
        let mut parameters = Vec::new();
        let mut gap = None;
        let count = |n: usize| Rational::integer(u64::try_from(n).unwrap_or(u64::MAX));
        let intervals = match self.statements.get(target.cites) {
            Some(Statement::Closeness { from, to, .. }) => {
                let (from, to) = (b.times(from), b.times(to));
                vec![(to.negated(), from.negated()), (from, to)]
            }
            Some(Statement::Deviation { to, .. }) => match target.function {
                Function::Max => vec![(Rational::integer(0), b.clone())],
                _ => symmetric(&b.times(to)),
            },
            Some(Statement::Pool { inputs, range, .. }) => {
                parameters.push(count(*inputs));
                symmetric(range)
            }
            Some(Statement::Clip(clip)) => {
                if target.function == Function::Clip {
                    parameters.extend([clip.lower.clone(), clip.upper.clone()]);
                }
                vec![(clip.from.clone(), clip.to.clone())]
            }
            Some(Statement::Argmax(argmax)) => {
                parameters.push(count(argmax.inputs));
                gap = Some(argmax.gap.clone());
                symmetric(&argmax.range)
            }
            Some(Statement::Series(series)) => intervals(&series.parts)
                .into_iter()
                .map(|(from, to)| (from.clone(), to.clone()))
                .collect(),
            Some(Statement::Lines { parts, .. }) => covered_intervals(parts)
                .into_iter()
                .map(|(from, to)| (from.clone(), to.clone()))
                .collect(),
            _ => return Err(Fault::internal("a target that cites nothing")),
        };
        let within = self.decrypted.as_ref().and_then(|d| d.within.as_ref());
        let intervals = match within {
            Some(most) => part(intervals, most),
            None => intervals,
        };
        if target.function.has_slope() {
            parameters.push(target.slope.clone());
        }
        if target.function.has_ends() {
            parameters.extend([target.ends.0.clone(), target.ends.1.clone()]);
        }
        Ok(ProvedDomain {
            intervals,
            parameters,
            gap,
        })
    }
}

/// What of intervals is within `most` of 0.
fn part(intervals: Vec<(Rational, Rational)>, most: &Rational) -> Vec<(Rational, Rational)> {
    let least = most.negated();
    let cut = |(lo, hi): (Rational, Rational)| (lo.max(least.clone()), hi.min(most.clone()));
    let parts = intervals.into_iter().map(cut);
    parts.filter(|(lo, hi)| lo <= hi).collect()
}
