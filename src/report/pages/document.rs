//! The page about one certificate, or about several against each other.

use crate::report::catalogue::columns::{Column, Kind, COLUMNS};
use crate::report::catalogue::html::{table, More};
use crate::report::catalogue::Row;
use crate::report::figures::figure::Figure;
use crate::report::page::{escape, page};
use crate::report::pages::dossier::Dossier;
use crate::report::pages::front;
use std::fmt::Write as _;

/// What this page needs besides the catalogue's style.
pub const STYLE: &str = include_str!("report.css");

/// A page and the data of its plots.
#[derive(Debug, Clone)]
pub struct Document {
    /// The page.
    pub html: String,
    /// File name and content of the data of every plot.
    pub data: Vec<(String, String)>,
}

/// How the page came about.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The command that made it.
    pub command: String,
    /// The certificate files as a shell takes them, in order.
    pub quoted: Vec<String>,
}

/// The page about one certificate or several, in their order; at least one.
pub fn document(dossiers: &[Dossier], origin: &Origin) -> Document {
    match dossiers {
        [one] => single(one, origin),
        several => comparison(several, origin),
    }
}

/// The data of figures, as files.
pub fn data<'a>(figures: impl Iterator<Item = &'a Figure>) -> Vec<(String, String)> {
    figures.map(|f| (f.file(), f.data.csv())).collect()
}

fn single(d: &Dossier, origin: &Origin) -> Document {
    let quoted = origin.quoted.first().map_or("", String::as_str);
    let mut out = format!(
        "<header>\n<p class=\"eyebrow\">polycert report</p>\n<h1>{}</h1>\n{}</header>\n",
        escape(&d.row.name),
        d.statement()
    );
    out.push_str(&d.numbers());
    let _ = write!(out, "<h2>Plots</h2>\n{}", d.plots());
    let _ = write!(
        out,
        "<h2>Every proved statement, in the checker\u{2019}s words</h2>\n{}",
        d.proved()
    );
    let _ = write!(out, "<h2>The composite</h2>\n{}", d.composite());
    let _ = write!(out, "<h2>Assumptions</h2>\n{}", d.assumptions());
    let _ = write!(out, "<h2>Check it again</h2>\n{}", d.check_again(quoted));
    let _ = write!(out, "<h2>Digests and origin</h2>\n{}", d.origin());
    out.push_str(&made(origin));
    Document {
        html: page(&format!("{}: polycert report", d.row.name), STYLE, &out),
        data: data(d.figures.iter()),
    }
}

/// The catalogue's columns that tell certificates apart.
fn columns() -> Vec<Column> {
    const WANTED: [&str; 8] = [
        "table",
        "verdict",
        "claim",
        "maximum error [lo, hi]",
        "log2 hi",
        "degrees",
        "target",
        "overflow margin",
    ];
    let all = COLUMNS.into_iter();
    all.filter(|c| WANTED.contains(&c.header)).collect()
}

fn comparison(dossiers: &[Dossier], origin: &Origin) -> Document {
    let rows: Vec<(&Row, Option<front::Cost>)> =
        dossiers.iter().map(|d| (&d.row, d.cost)).collect();
    let fronts = front::figures(&rows);
    let mut out = format!(
        "<header>\n<p class=\"eyebrow\">polycert report</p>\n<h1>{} certificates compared</h1>\n\
         <p>The independent checker verified every one of them when this page was made; every proved number \
         is read from its certificate.</p>\n</header>\n",
        dossiers.len()
    );
    if !fronts.is_empty() {
        out.push_str("<h2>Cost against proved error</h2>\n<div class=\"plots\">\n");
        for figure in &fronts {
            out.push_str(&figure.html());
        }
        out.push_str("</div>\n");
    }
    out.push_str("<h2>Side by side</h2>\n");
    let cost = |header, unit, of: fn(front::Cost) -> usize| More {
        header,
        unit,
        kind: Kind::Estimate,
        cells: dossiers
            .iter()
            .map(|d| d.cost.map_or("-".to_owned(), |c| of(c).to_string()))
            .collect(),
    };
    let more = [
        cost("depth", "levels", |c| c.estimate_depth),
        cost("multiplications", "count", |c| c.estimate_mults),
    ];
    let caption = "What is proved of each table, and what it costs";
    let rows = dossiers.iter().map(|d| &d.row);
    table(&mut out, "rows", caption, &columns(), rows, &more);
    out.push_str("<h2>Each certificate</h2>\n");
    for (d, quoted) in dossiers.iter().zip(&origin.quoted) {
        let _ = write!(
            out,
            "<details class=\"one\">\n<summary><span class=\"name\">{}</span> <span class=\"words\">{}</span></summary>\n",
            escape(&d.row.name),
            escape(&d.row.statement).replace("&lt;=", "\u{2264}")
        );
        let _ = write!(
            out,
            "{}{}{}<h3>Every proved statement</h3>\n{}<h3>Check it again</h3>\n{}<h3>Digests and origin</h3>\n{}</details>\n",
            d.statement(),
            d.numbers(),
            d.plots(),
            d.proved(),
            d.check_again(quoted),
            d.origin()
        );
    }
    if let Some(first) = dossiers.first() {
        let _ = write!(out, "<h2>Assumptions</h2>\n{}", first.assumptions());
    }
    out.push_str(&made(origin));
    let figures = fronts
        .iter()
        .chain(dossiers.iter().flat_map(|d| &d.figures));
    Document {
        data: data(figures),
        html: page("Certificates compared: polycert report", STYLE, &out),
    }
}

/// The foot: how the page was made.
pub fn made(origin: &Origin) -> String {
    format!(
        "<footer>\n<p>Made by polycert {} with</p>\n<pre tabindex=\"0\">{}</pre>\n</footer>\n",
        env!("CARGO_PKG_VERSION"),
        escape(&origin.command)
    )
}
