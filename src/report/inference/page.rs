//! The page about an encrypted network: what is proved, what is assumed, what was measured.

use crate::arith::number;
use crate::report::inference::figures::figures;
use crate::report::inference::{Encrypted, Sample};
use crate::report::page::{escape, grid, page};
use crate::report::pages::document::{data, made, Document, Origin, STYLE};
use crate::report::pages::dossier::{kinds, List};
use rug::Rational;
use std::fmt::Write as _;

/// The page and the data of its plots.
pub fn document(all: &Encrypted, origin: &Origin) -> Document {
    let figures = figures(all);
    let folder = origin.quoted.first().map_or("", String::as_str);
    let mut out = format!(
        "<header>\n<p class=\"eyebrow\">polycert report</p>\n<h1>Encrypted network of {} steps</h1>\n{}</header>\n{}",
        all.steps.len(),
        statement(all),
        numbers(all)
    );
    out.push_str("<h2>Plots</h2>\n<div class=\"plots\">\n");
    figures.iter().for_each(|f| out.push_str(&f.html()));
    out.push_str("</div>\n");
    let _ = write!(out, "<h2>Step by step</h2>\n{}", steps(all));
    for sample in &all.samples {
        let _ = write!(out, "<h2>{}</h2>\n{}", escape(&sample.file), logits(sample));
    }
    let words: Vec<&str> = std::iter::once(all.said.as_str())
        .chain(all.samples.first().map(|s| s.said.as_str()))
        .collect();
    let words: Vec<String> = words.join("\n").lines().map(escape).collect();
    let _ = write!(
        out,
        "<h2>In the checker\u{2019}s words</h2>\n<pre tabindex=\"0\">{}</pre>\n",
        words.join("\n")
    );
    let _ = write!(
        out,
        "<h2>Check it again</h2>\n<pre tabindex=\"0\">polycert-check {}</pre>\n\
         <p>The checker makes every map of the program from the exact network, bounds what each operation adds, and computes how far \
         that moves the logits of every input (certificates/INFERENCE.md).</p>\n",
        escape(folder)
    );
    let mut list = List::default();
    list.code("program SHA-256", &all.sha256[0]);
    list.code("exact network SHA-256", &all.sha256[1]);
    let _ = write!(
        out,
        "<h2>Digests and origin</h2>\n<dl class=\"origin\">\n{}</dl>\n",
        list.0
    );
    out.push_str(&made(origin));
    Document {
        data: data(figures.iter()),
        html: page("Encrypted network: polycert report", STYLE, &out),
    }
}

/// The largest of bounds, rounded up to a few digits.
fn most<'a>(list: impl Iterator<Item = &'a Rational>) -> String {
    list.max()
        .map_or("-".to_owned(), |x| number::decimal(x, 4, true))
}

fn statement(all: &Encrypted) -> String {
    let n = all.samples.len();
    let claim = match n {
        0 => "The network runs encrypted as the program says, within the noise of every step".to_owned(),
        _ => format!(
            "Encrypted, each of {n} inputs decrypts to the network\u{2019}s own class, every margin within {} of the polynomial twin\u{2019}s",
            most(all.samples.iter().flat_map(|s| &s.bound_margins))
        ),
    };
    format!(
        "<div class=\"statement proved\">\n<p class=\"claim\">{}, but for a probability of 2<sup>\u{2212}{}</sup>.</p>\n\
         <p class=\"verdict\"><strong class=\"badge proved\">VERIFIED</strong> The independent checker verified the program and every \
         inference when this page was made.</p>\n</div>\n",
        escape(&claim),
        all.k
    )
}

fn numbers(all: &Encrypted) -> String {
    let mut proved = List::default();
    proved.item("inputs", &all.samples.len().to_string());
    proved.item("steps", &all.steps.len().to_string());
    proved.item("of them refreshed", &all.refreshes().to_string());
    proved.item(
        "values in a ciphertext",
        &format!("{}", 1u64 << all.log_values.min(63)),
    );
    let margins = all.samples.iter().flat_map(|s| &s.bound_margins);
    proved.item("margins, at most off", &most(margins));
    let logits = all
        .samples
        .iter()
        .flat_map(|s| s.logits.iter().map(|l| &l.bound_moves));
    proved.item("logits, at most off", &most(logits));
    let mut measured = List::default();
    let apart = all.samples.iter().flat_map(|s| &s.logits).filter_map(|l| {
        let x = l.measure_decrypted.as_ref()?;
        let (lo, hi) = &l.bound_twin;
        Some(
            Rational::from(x - lo)
                .abs()
                .max(Rational::from(x - hi).abs()),
        )
    });
    let apart: Vec<Rational> = apart.collect();
    if !apart.is_empty() {
        measured.item("decrypted logits, at most off", &most(apart.iter()));
    }
    let seconds: f64 = all.took.iter().map(|t| t.measure_seconds).sum();
    if seconds > 0.0 {
        measured.item("one input [s]", &format!("{seconds:.1}"));
    }
    let peak = all.took.iter().filter_map(|t| t.measure_peak_bytes).max();
    if let Some(bytes) = peak {
        measured.item("memory [GB]", &format!("{:.2}", bytes as f64 / 1e9));
    }
    let proved = (
        "proved",
        "Proved",
        "By the independent checker, under the assumptions that it lists below.",
        proved,
    );
    let run = !measured.0.is_empty();
    let measured = (
        "measured",
        "Measured",
        "On one machine; what was decrypted lies within what is proved.",
        measured,
    );
    match run {
        true => kinds([proved, measured]),
        false => kinds([proved]),
    }
}

fn steps(all: &Encrypted) -> String {
    let columns = [
        ("step", "", ""),
        ("layer", "", ""),
        ("reads", "values", ""),
        ("slots", "", "proved"),
        ("maps at", "level", "proved"),
        ("result at", "level", "proved"),
        ("B", "input units", "proved"),
        ("reach", "input units", "proved"),
        ("noise, at most", "input units", "proved"),
        ("refreshed", "", "proved"),
        ("time", "s", "measured"),
    ];
    let row = |(i, step): (usize, &crate::report::inference::Step)| {
        let behind = all.behind(step);
        let reads: Vec<String> = step.reads.iter().map(usize::to_string).collect();
        let shown = |x: Option<String>| x.unwrap_or_else(|| "-".to_owned());
        vec![
            (i + 1).to_string(),
            all.took.get(i).map_or("-".to_owned(), |t| t.layer.clone()),
            reads.join(", "),
            step.slots(),
            step.level.to_string(),
            behind
                .map_or(step.level.saturating_sub(1), |e| e.leaves)
                .to_string(),
            shown(behind.map(|e| number::decimal(&e.b, 6, true))),
            shown(behind.map(|e| number::decimal(&e.within, 6, false))),
            shown(behind.map(|e| number::decimal(&e.bound_noise, 4, true))),
            shown(behind.map(|e| if e.refreshed { "yes" } else { "no" }.to_owned())),
            shown(all.took.get(i).map(|t| format!("{:.2}", t.measure_seconds))),
        ]
    };
    // Layer and time are told by a run.
    let last = columns.len() - 1;
    let kept = |(i, _): &(usize, String)| !all.took.is_empty() || *i != 1 && *i != last;
    let rows = all.steps.iter().enumerate().map(row);
    let rows: Vec<Vec<String>> = rows
        .map(|row| {
            row.into_iter()
                .enumerate()
                .filter(kept)
                .map(|(_, cell)| cell)
                .collect()
        })
        .collect();
    let columns: Vec<_> = (columns.into_iter().enumerate())
        .filter(|(i, _)| kept(&(*i, String::new())))
        .map(|(_, column)| column)
        .collect();
    grid(
        "steps",
        "Value 0 is the encrypted input, value i the result of step i",
        &columns,
        &rows,
    )
}

fn logits(sample: &Sample) -> String {
    let columns = [
        ("logit", "", ""),
        ("twin, from", "", "proved"),
        ("to", "", "proved"),
        ("decrypted within", "", "proved"),
        ("decrypted", "", "measured"),
    ];
    let row = |(j, logit): (usize, &crate::report::inference::Logit)| {
        let name = match j == sample.class {
            true => format!("{j} (the class)"),
            false => j.to_string(),
        };
        let decrypted = logit.measure_decrypted.as_ref();
        vec![
            name,
            number::decimal(&logit.bound_twin.0, 10, false),
            number::decimal(&logit.bound_twin.1, 10, true),
            number::decimal(&logit.bound_moves, 4, true),
            decrypted.map_or("not run".to_owned(), |x| number::decimal(x, 10, false)),
        ]
    };
    let rows: Vec<Vec<String>> = sample.logits.iter().enumerate().map(row).collect();
    let id = format!("logits-{}", escape(&sample.file));
    grid(
        &id,
        "What is decrypted is this near to the twin\u{2019}s logits",
        &columns,
        &rows,
    )
}
