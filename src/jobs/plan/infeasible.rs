//! Why there is no plan, and the cheapest cure of each kind.

use crate::error::Result;
use crate::jobs::plan::progress::Progress;
use crate::jobs::plan::request::{Goal, Kinds, Request};
use crate::jobs::plan::rows::bootstraps;
use crate::jobs::plan::solve::{solve, Solved};
use rug::Rational;

/// A request that would be answered, and what by.
#[derive(Debug, Clone, PartialEq)]
pub struct Cure {
    /// What to change, as options.
    pub option: String,
    /// Bootstraps of the plan.
    pub bootstraps: usize,
    /// Its milliseconds. *Estimate*.
    pub estimate_ms: f64,
}

/// No plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Infeasible {
    /// Why.
    pub why: String,
    /// What would help, one change at a time.
    pub cures: Vec<Cure>,
}

/// Says why, and tries one change at a time.
///
/// # Errors
/// What solving refuses.
pub fn infeasible(
    request: &Request,
    solved: &Solved,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Infeasible> {
    let n = solved.split.selected.len();
    let why = match solved.fits {
        false => too_few_levels(solved),
        true => {
            let finest: Vec<&str> = solved
                .designs
                .iter()
                .filter_map(|d| d.last())
                .map(|d| d.name.as_str())
                .collect();
            format!(
                "{}: the most precise designs ({}) keep it on {} of {n} inputs (estimate)",
                request.goal.words(),
                finest.first().copied().unwrap_or("-"),
                solved.estimate_most_kept
            )
        }
    };
    let mut changes: Vec<(String, Request)> = Vec::new();
    let with = |change: &dyn Fn(&mut Request)| {
        let mut other = request.clone();
        change(&mut other);
        other
    };
    let all = Kinds {
        composite: true,
        direct: true,
    };
    if request.designs != all {
        let other = with(&|r| r.designs = all);
        changes.push(("--designs composite,direct".to_owned(), other));
    }
    let most = solved.profile.usable_levels;
    if solved.top < most {
        let other = with(&|r| r.levels = None);
        changes.push((format!("--levels {most}"), other));
    }
    if let (Goal::Agreement(share), true) = (request.goal, solved.fits) {
        let reached = solved.estimate_most_kept as f64 / n as f64;
        // Rounded down, so that it is reached.
        let reached = (reached * 1e3).floor() / 1e3;
        if reached > 0.0 && reached < share {
            let other = with(&|r| r.goal = Goal::Agreement(reached));
            changes.push((format!("--agreement {reached}"), other));
        }
    }
    let less = Rational::from((5, 4));
    if request.margin > less && solved.fits {
        let other = with(&|r| r.margin = less.clone());
        changes.push((
            "--range-margin 1.25 (more inputs outside)".to_owned(),
            other,
        ));
    }
    let mut cures = Vec::new();
    for (option, other) in changes {
        progress(Progress::Step(format!("would {option} help?")));
        let tried = solve(&other, &|_| ())?;
        if let Some(found) = &tried.found {
            cures.push(Cure {
                option,
                bootstraps: bootstraps(&tried.flow, &found.plan),
                estimate_ms: found.plan.price,
            });
        }
    }
    cures.sort_by(|a, b| a.estimate_ms.total_cmp(&b.estimate_ms));
    Ok(Infeasible { why, cures })
}

/// The layer that needs the most levels at least, beside what there are.
fn too_few_levels(solved: &Solved) -> String {
    let least = solved
        .layers
        .iter()
        .zip(&solved.designs)
        .map(|(layer, designs)| {
            let depth = designs.iter().map(|d| d.block.cost().depth).min();
            (depth.unwrap_or(0), layer)
        });
    let bootstraps = match solved.profile.estimate_bootstrap_ms(solved.top) {
        Some(_) => "",
        None => " and no bootstraps",
    };
    match least.max_by_key(|(depth, _)| *depth) {
        Some((depth, layer)) => format!(
            "the profile {} has {} levels{bootstraps}, and no plan fits: layer {:?} alone takes {depth} at least",
            solved.profile.name, solved.top, layer.name
        ),
        None => "no plan fits".to_owned(),
    }
}
