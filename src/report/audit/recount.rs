//! Totals and intervals of an audit, counted again from its rows: a file's own sums are never taken on trust.

use crate::error::{Error, Result};
use crate::network::audit::clopper_pearson::{clopper_pearson, LEAST_RISK};
use crate::network::audit::summary::accuracy;
use crate::report::audit::{Audit, Interval, Sample};

/// Counts the rows, refuses other totals, and replaces the intervals and the extremes by those of the rows.
///
/// # Errors
/// Rows that contradict themselves or do not follow one another, totals that are not theirs, no confidence.
pub fn recount(a: &mut Audit) -> Result<()> {
    let bad = |field: &str, detail: String| Err(Error::parse(field.to_owned(), detail));
    if a.samples.is_empty() || a.summary.samples != a.samples.len() {
        let detail = format!(
            "{} samples, the rows have {}",
            a.summary.samples,
            a.samples.len()
        );
        return bad("summary", detail);
    }
    for (i, row) in a.samples.iter().enumerate() {
        if let Some(detail) = contradiction(row, a.from.checked_add(i)) {
            return bad(&format!("samples[{i}]"), detail);
        }
    }
    let rows = &a.samples;
    let verdict = |word: &str| rows.iter().filter(|r| r.verdict == word).count();
    let known = |class: fn(&Sample) -> Option<usize>, right: bool| {
        let pairs = rows.iter().filter_map(|r| Some((r.label?, class(r)?)));
        pairs.filter(|(l, c)| (*l == *c as u64) == right).count()
    };
    let s = &mut a.summary;
    // Wrong answers are not in the earlier format: they are the rows' alone.
    s.network_wrong = known(|r| r.network_class, false);
    s.twin_wrong = known(|r| r.twin_class, false);
    for (what, stated, counted) in [
        ("same", s.same, verdict("same")),
        ("different", s.different, verdict("different")),
        ("undecided", s.undecided, verdict("undecided")),
        ("outside", s.outside, verdict("outside")),
        ("exhausted", s.exhausted, verdict("exhausted")),
        ("failed", s.failed, verdict("failed")),
        (
            "labelled",
            s.labelled,
            rows.iter().filter(|r| r.label.is_some()).count(),
        ),
        (
            "right of the network",
            s.network_right,
            known(|r| r.network_class, true),
        ),
        (
            "right of the twin",
            s.twin_right,
            known(|r| r.twin_class, true),
        ),
    ] {
        if stated != counted {
            return bad(
                "summary",
                format!("{stated} {what}, the rows have {counted}"),
            );
        }
    }
    let least = |all: &mut dyn Iterator<Item = f64>| all.reduce(f64::min);
    s.bound_least_margin = least(&mut rows.iter().filter_map(|r| r.bound_network_margin));
    let changes = rows.iter().filter_map(|r| r.bound_change);
    s.bound_greatest_change = changes.reduce(f64::max);
    let n = rows.len();
    for (k, level) in a.levels.iter_mut().enumerate() {
        let margin = |r: &Sample| {
            let margin = r.bound_noise_margins.get(k).copied().flatten()?;
            (r.verdict == "same" && margin > 0.0).then_some(margin)
        };
        let certified = rows.iter().filter_map(margin).count();
        if level.found.certified != certified {
            let stated = level.found.certified;
            return bad(
                "levels",
                format!("{stated} certified, the rows have {certified}"),
            );
        }
        level.found.bound_least_margin = least(&mut rows.iter().filter_map(margin));
        set(&mut level.certified_interval, |risk| {
            clopper_pearson(certified, n, risk)
        })?;
    }
    let s = &a.summary;
    set(&mut a.same_class_interval, |risk| {
        accuracy(s.same, s.different, n, risk)
    })?;
    let risk = 1.0 - a.same_class_interval.confidence;
    let assumes = a.same_class_interval.assumes.clone();
    let share = |right, wrong| -> Result<Option<Interval>> {
        if s.labelled == 0 {
            return Ok(None);
        }
        let (bound_lo, bound_hi) = accuracy(right, wrong, s.labelled, risk);
        Ok(Some(Interval {
            confidence: 1.0 - risk,
            bound_lo,
            bound_hi,
            assumes: assumes.clone(),
        }))
    };
    a.network_accuracy_interval = share(s.network_right, s.network_wrong)?;
    a.twin_accuracy_interval = share(s.twin_right, s.twin_wrong)?;
    Ok(())
}

/// What is wrong with a row alone.
fn contradiction(row: &Sample, number: Option<usize>) -> Option<String> {
    if Some(row.sample) != number {
        let follows = number.map_or("none".to_owned(), |n| n.to_string());
        return Some(format!("number {} where {follows} follows", row.sample));
    }
    let (network, twin) = (row.network_class, row.twin_class);
    let both = network.zip(twin);
    let fits = match row.verdict.as_str() {
        "same" => both.is_some_and(|(a, b)| a == b),
        "different" => both.is_some_and(|(a, b)| a != b),
        "undecided" => both.is_none(),
        "outside" | "exhausted" => twin.is_none(),
        "failed" => network.is_none() && twin.is_none(),
        other => return Some(format!("{other:?} is no verdict")),
    };
    (!fits).then(|| {
        format!(
            "{:?} with the classes {network:?} and {twin:?}",
            row.verdict
        )
    })
}

/// The ends by the interval's own confidence.
fn set(interval: &mut Interval, ends: impl Fn(f64) -> (f64, f64)) -> Result<()> {
    let risk = 1.0 - interval.confidence;
    if !(LEAST_RISK..1.0).contains(&risk) {
        let detail = format!("a confidence of {}", interval.confidence);
        return Err(Error::parse("same_class_interval or levels", detail));
    }
    (interval.bound_lo, interval.bound_hi) = ends(risk);
    Ok(())
}
