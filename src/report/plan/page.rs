//! The page about a plan: what is proved, what is assumed and what is estimated, never in one box.

use crate::arith::number;
use crate::report::page::{escape, grid, page};
use crate::report::pages::document::{data, made, Document, Origin, STYLE};
use crate::report::pages::dossier::{kinds, List};
use crate::report::plan::figures::figures;
use crate::report::plan::Plan;
use std::fmt::Write as _;

/// The page and the data of its plots.
pub fn document(plan: &Plan, origin: &Origin) -> Document {
    let figures = figures(plan);
    let folder = origin.quoted.first().map_or("", String::as_str);
    let mut out = format!(
        "<header>\n<p class=\"eyebrow\">polycert report</p>\n<h1>Plan for {} activations</h1>\n{}</header>\n{}",
        plan.rows.len(),
        statement(plan),
        numbers(plan)
    );
    out.push_str("<h2>Plots</h2>\n<div class=\"plots\">\n");
    figures.iter().for_each(|f| out.push_str(&f.html()));
    out.push_str("</div>\n");
    let _ = write!(out, "<h2>Layer by layer</h2>\n{}", layers(plan));
    let _ = write!(
        out,
        "<h2>On inputs that did not choose</h2>\n{}",
        held_out(plan)
    );
    let _ = write!(
        out,
        "<h2>In the checker\u{2019}s words</h2>\n<pre tabindex=\"0\">{}</pre>\n",
        escape_lines(&plan.said)
    );
    let _ = write!(
        out,
        "<h2>Check it again</h2>\n<pre tabindex=\"0\">polycert-check {}</pre>\n\
         <p>The checker reads every file of the folder, verifies each certificate by its own rules, and walks the levels over the \
         exact network (certificates/PLAN.md).</p>\n",
        escape(folder)
    );
    let _ = write!(
        out,
        "<h2>Digests and origin</h2>\n{}",
        digests(plan, folder)
    );
    out.push_str(&made(origin));
    Document {
        data: data(figures.iter()),
        html: page("Plan: polycert report", STYLE, &out),
    }
}

/// Text of several lines.
fn escape_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escape).collect();
    lines.join("\n")
}

fn statement(plan: &Plan) -> String {
    let claim = format!(
        "{} levels in activations and {} bootstraps, from level {} at most; the class stays on {} of {} inputs that did not choose the plan",
        plan.levels, plan.bootstraps, plan.top, plan.counts[0], plan.inputs.1
    );
    let worth = match plan.certified {
        n if n == plan.inputs.1 => {
            "Every one of these inputs has a certificate that it verified.".to_owned()
        }
        0 => "The classes are by the producer\u{2019}s audit, which it did not check.".to_owned(),
        n => format!(
            "{n} of these inputs have certificates that it verified; the other classes are by the producer\u{2019}s audit."
        ),
    };
    format!(
        "<div class=\"statement proved\">\n<p class=\"claim\">{}.</p>\n<p class=\"verdict\"><strong class=\"badge proved\">VERIFIED\
         </strong> The independent checker verified this plan with all files of its folder when this page was made. {worth}</p>\n\
         </div>\n",
        escape(&claim)
    )
}

fn interval((lo, hi): &(String, String)) -> String {
    format!("[{lo}, {hi}]")
}

fn numbers(plan: &Plan) -> String {
    let [same, different, outside, _] = plan.counts;
    let stated = plan.inputs.1;
    let mut proved = List::default();
    proved.item("activations", &plan.rows.len().to_string());
    proved.item("levels in activations", &plan.levels.to_string());
    proved.item("bootstraps of values", &plan.bootstraps.to_string());
    proved.item(
        "inputs with certificates",
        &format!("{} of {stated}", plan.certified),
    );
    if let Some(rest) = &plan.rest {
        let most = number::decimal(rest, 6, true);
        proved.item("left for linear layers and bootstraps [B]", &most);
    }
    let mut estimated = List::default();
    if let Some(seconds) = plan.estimate_seconds {
        estimated.item("time by the cost profile [s]", &format!("{seconds:.2}"));
    }
    estimated.item("twins tried", &plan.estimate_tried.len().to_string());
    let mut reported = List::default();
    reported.item("class stays", &format!("{same} of {stated}"));
    reported.item("share of all inputs", &interval(&plan.same));
    reported.item("another class", &different.to_string());
    reported.item("outside [\u{2212}B, B]", &format!("{outside} of {stated}"));
    reported.item("share of all inputs", &interval(&plan.outside));
    let risk = format!(
        "By the audit in the folder, for inputs drawn independently; intervals of Clopper and Pearson, risk {}, which the checker \
         computed from these counts.",
        escape(&plan.risk)
    );
    kinds([
        (
            "proved",
            "Proved",
            "By the independent checker, of the files in the folder.",
            proved,
        ),
        (
            "estimated",
            "Estimated",
            "By the cost profile and in floating point; not for use in a proof.",
            estimated,
        ),
        ("measured", "Stated on other inputs", &risk, reported),
    ])
}

fn layers(plan: &Plan) -> String {
    let columns = [
        ("activation", "", ""),
        ("design", "", ""),
        ("B", "input units", "proved"),
        ("seen", "input units", "proved"),
        ("error, at most", "input units", "proved"),
        ("levels", "", "proved"),
        ("begins at", "level", "proved"),
        ("ends at", "level", "proved"),
        ("bootstraps to", "levels", "proved"),
        ("noise, at most", "B", "proved"),
        ("noise allowed", "B", ""),
        ("time", "s", "estimate"),
    ];
    let row = |row: &crate::report::plan::Row| {
        let step = plan.steps.iter().find(|s| s.name == row.name);
        let level = |pick: fn(&(usize, usize)) -> usize| {
            step.map_or("-".to_owned(), |s| pick(&s.levels).to_string())
        };
        let to: Vec<String> = step
            .iter()
            .flat_map(|s| s.inside.iter().copied().chain(s.refreshed))
            .map(|to| to.to_string())
            .collect();
        let noise = |x: Option<&rug::Rational>, up: bool| {
            x.map_or("-".to_owned(), |x| number::decimal(x, 5, up))
        };
        vec![
            row.name.clone(),
            row.design.clone(),
            number::decimal(&row.b, 6, true),
            row.bound_reach
                .map_or("-".to_owned(), |x| format!("{x:.4}")),
            number::decimal(&row.bound_error, 5, true),
            row.levels.to_string(),
            level(|l| l.0),
            level(|l| l.1),
            if to.is_empty() {
                "-".to_owned()
            } else {
                to.join(", ")
            },
            noise(row.noise.as_ref().map(|n| &n.0), true),
            noise(row.noise.as_ref().map(|n| &n.1), false),
            step.and_then(|s| s.estimate_seconds)
                .map_or("-".to_owned(), |s| format!("{s:.3}")),
        ]
    };
    let rows: Vec<Vec<String>> = plan.rows.iter().map(row).collect();
    grid("layers", "What stands at every activation", &columns, &rows)
}

fn held_out(plan: &Plan) -> String {
    let [same, different, outside, inside] = plan.counts;
    let columns = [
        ("of the stated inputs", "", ""),
        ("inputs", "", ""),
        ("share of all inputs", "interval", ""),
    ];
    let undecided = plan.inputs.1 - same - different;
    let rows = vec![
        vec![
            "class stays".to_owned(),
            same.to_string(),
            interval(&plan.same),
        ],
        vec![
            "another class".to_owned(),
            different.to_string(),
            "-".to_owned(),
        ],
        vec![
            "not decided".to_owned(),
            undecided.to_string(),
            "-".to_owned(),
        ],
        vec![
            "outside [\u{2212}B, B]".to_owned(),
            outside.to_string(),
            interval(&plan.outside),
        ],
        vec!["inside".to_owned(), inside.to_string(), "-".to_owned()],
    ];
    let mut out = grid(
        "held-out",
        "Inputs that did not choose the plan: an interval computed on those that did would be false",
        &columns,
        &rows,
    );
    let _ = writeln!(
        out,
        "<p>{} inputs chose, {} others state; {} of the latter have certificates.</p>",
        plan.inputs.0, plan.inputs.1, plan.certified
    );
    out
}

fn digests(plan: &Plan, folder: &str) -> String {
    let mut list = List::default();
    list.item("plan", folder);
    list.code("manifest SHA-256", &plan.sha256);
    list.code("exact network SHA-256", &plan.network_sha256);
    for (name, text) in plan.producer.iter().filter(|(name, _)| name != "command") {
        list.item(name, text);
    }
    let command = plan.producer.iter().find(|(name, _)| name == "command");
    format!(
        "<dl class=\"origin\">\n{}</dl>\n<p>The plan was made with</p>\n<pre tabindex=\"0\">{}</pre>\n",
        list.0,
        escape(command.map_or("", |(_, text)| text))
    )
}
