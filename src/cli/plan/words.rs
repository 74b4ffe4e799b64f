//! A plan in words: what is proved, what is assumed, what is an estimate, in this order and never in one line.

mod amounts;
mod noise;

use self::amounts::power;
use crate::arith::number;
use crate::error::{Error, Result};
use crate::jobs::plan::{seconds, Answer, Infeasible, Row};
use crate::plan::levels::Objective;
use std::fmt::Write as _;
use std::path::Path;

/// Most layers that are listed one by one.
const LISTED: usize = 24;

/// The levels of a layer: `9: 12 -> 3, 1 inside`.
fn levels(row: &Row) -> String {
    let mut text = format!("{}: {} -> {}", row.cost().depth, row.levels.0, row.levels.1);
    if !row.inside.is_empty() {
        let _ = write!(text, ", {} inside", row.inside.len());
    }
    if let Some(to) = row.refreshed {
        let _ = write!(text, ", then to {to}");
    }
    text
}

/// One screen.
pub fn screen(answer: &Answer, folder: &Path, all: bool) -> String {
    let solved = &answer.solved;
    let mut text = String::new();
    for line in &solved.loaded.said {
        let _ = writeln!(text, "network: {line}");
    }
    for line in &solved.input_said {
        let _ = writeln!(text, "input: {line}");
    }
    let (select, state) = (&solved.split.selected, &solved.split.stated);
    let _ = writeln!(
        text,
        "chosen on {} inputs, stated on {} others (--seed, --select, --state); {}{}",
        select.len(),
        state.len(),
        answer.goal.words(),
        match solved.flow.objective {
            Objective::Cost => "",
            Objective::Levels => "; of fewest levels",
        }
    );
    let (profile, cost) = (&solved.profile, answer.cost());
    let bits = profile
        .level_bits
        .map_or_else(String::new, |b| format!(" x {b} bits"));
    let _ = writeln!(
        text,
        "PLAN  {} levels{bits}, N = 2^{} ({})   {} bootstraps   {} levels and {} products in activations",
        answer.top_used(),
        profile.log_n,
        profile.name,
        answer.bootstraps(),
        cost.depth,
        cost.mults,
    );
    if let Some(u) = &solved.uniform {
        let _ = writeln!(
            text,
            "      one design everywhere, {} with B = {}: {} bootstraps   {} levels and {} products; keeps {} of {}",
            u.design,
            number::decimal(&u.b, 6, true),
            u.bootstraps,
            u.cost.depth,
            u.cost.mults,
            u.estimate_kept,
            select.len()
        );
    }
    let width = answer.rows.iter().map(|r| r.layer.name.chars().count());
    let width = width.max().unwrap_or(5).clamp(5, 30);
    let _ = writeln!(
        text,
        "\n{:width$}  {:>9}  {:<18} {:>9}  {:>8}  {}levels",
        "layer",
        "B",
        "design",
        "error/B",
        "seen",
        if answer.closing.is_some() {
            "noise proved / allowed  "
        } else {
            ""
        }
    );
    let shown = if all { answer.rows.len() } else { LISTED };
    for (l, row) in answer.rows.iter().enumerate().take(shown) {
        let closing = answer.closing.as_ref();
        let noise = closing.map_or_else(String::new, |c| format!("{:<22}  ", noise::row(c, l)));
        let _ = writeln!(
            text,
            "{:width$}  {:>9}  {:<18} {:>9}  {:>8}  {noise}{}",
            row.layer.name,
            number::decimal(&row.layer.b, 6, true),
            row.design.name,
            power(number::estimate_log2(&row.design.bound_error)),
            format!("{:.4}", row.layer.bound_reach),
            levels(row)
        );
    }
    if answer.rows.len() > shown {
        let _ = writeln!(text, "... {} more (--all)", answer.rows.len() - shown);
    }
    text.push('\n');
    text.push_str(&proved(answer, folder));
    text
}

/// What is proved, assumed and estimated.
fn proved(answer: &Answer, folder: &Path) -> String {
    let summary = &answer.audit.summary;
    let confidence = 1.0 - answer.risk;
    let (lo, hi) = summary.bound_same_share(answer.risk);
    let outside = answer.bound_outside_share();
    let mut text = String::new();
    let _ = writeln!(
        text,
        "PROVED    class stays on {} of {} inputs that did not choose: share in [{lo:.4}, {hi:.4}] with confidence {confidence}",
        summary.same, summary.samples
    );
    let open = summary.undecided + summary.exhausted + summary.failed;
    if summary.different + open > 0 {
        let _ = writeln!(
            text,
            "          another class on {} (proved), undecided on {open}",
            summary.different
        );
    }
    let _ = writeln!(
        text,
        "          outside [-B, B] on {} of {}: share in [{:.4}, {:.4}]",
        summary.outside, summary.samples, outside.0, outside.1
    );
    if summary.labelled > 0 {
        let (right, wrong) = (summary.twin_right, summary.twin_wrong);
        let accuracy = summary.bound_accuracy(right, wrong, answer.risk);
        let _ = writeln!(
            text,
            "          accuracy: {right} of {} right (the network: {}), share in [{:.4}, {:.4}]",
            summary.labelled, summary.network_right, accuracy.0, accuracy.1
        );
    }
    let _ = writeln!(
        text,
        "PROVED    each polynomial is within its error on [-B, B]: {}/table-certificates",
        folder.display()
    );
    if !answer.certified.is_empty() {
        let _ = writeln!(
            text,
            "PROVED    {} inputs by certificates that the independent checker verified: {}/network-certificates",
            answer.certified.len(),
            folder.display()
        );
    }
    if let Some(stood) = &answer.stood {
        let n = stood.samples.len();
        let _ = match stood.bits {
            Some(bits) => writeln!(
                text,
                "PROVED    noise of at most 2^-{bits} B at every activation leaves the class on the {n} least margins"
            ),
            None => writeln!(
                text,
                "          no noise level down to 2^-{} B is proved to leave the class on all of the {n} least margins",
                stood.kept.last().map_or(0, |(bits, _)| *bits)
            ),
        };
    }
    if let Some(closing) = &answer.closing {
        text.push_str(&noise::proved(closing, folder));
    }
    for line in answer.assumed() {
        let _ = writeln!(text, "ASSUMED   {line}");
    }
    for line in answer.estimates() {
        let _ = writeln!(text, "ESTIMATE  {line}");
    }
    if let Some(closing) = &answer.closing {
        text.push_str(&noise::estimated(closing));
    }
    let _ = writeln!(text, "wrote {}/plan.json", folder.display());
    text
}

/// Why a layer has its design.
///
/// # Errors
/// A name that no layer has.
pub fn explain(answer: &Answer, name: &str) -> Result<String> {
    let rows = answer.rows.iter().enumerate();
    let Some((l, row)) = rows.into_iter().find(|(_, r)| r.layer.name == name) else {
        let names: Vec<&str> = answer.rows.iter().map(|r| r.layer.name.as_str()).collect();
        return Err(Error::domain(format!(
            "--explain {name}: no such layer; the layers are {}",
            names.join(", ")
        )));
    };
    let mut text = format!(
        "\n{name}: greatest |input| {:.6} on the inputs that chose, B = {}; {} levels\n",
        row.layer.bound_reach,
        number::write(&row.layer.b),
        levels(row)
    );
    let _ = writeln!(
        text,
        "  {:<18} {:>6} {:>8} {:>9}  with it here and all else as it is",
        "design", "levels", "products", "error/B"
    );
    for (d, design) in answer.solved.designs[l].iter().enumerate() {
        let (why, cost) = (answer.why(l, d), row.cost_of(design));
        let _ = writeln!(
            text,
            "{} {:<18} {:>6} {:>8} {:>9}  {why}",
            if d == answer.found.designs[l] {
                '*'
            } else {
                ' '
            },
            design.name,
            cost.depth,
            cost.mults,
            power(number::estimate_log2(&design.bound_error)),
        );
    }
    Ok(text)
}

/// Why there is no plan.
pub fn infeasible(found: &Infeasible) -> String {
    let mut text = format!("NO PLAN   {}\n", found.why);
    for cure in &found.cures {
        let _ = writeln!(
            text,
            "ESTIMATE  {} would do: {} bootstraps, {}",
            cure.option,
            cure.bootstraps,
            seconds(cure.estimate_ms)
        );
    }
    if found.cures.is_empty() {
        text.push_str("          none of the changes that were tried helps alone\n");
    }
    text
}
