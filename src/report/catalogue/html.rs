//! The catalogue as one page: no script, no network, light and dark, wide tables scroll in their own box.

use crate::report::catalogue::columns::{Column, Kind, COLUMNS, LEGEND, SOURCES};
use crate::report::catalogue::{Catalogue, Row, CHECKED};
use crate::report::page::{escape, page};

/// The catalogue.
pub fn export(catalogue: &Catalogue) -> String {
    let mut out = format!(
        "<h1>Catalogue of certified tables</h1>\n<p>{}</p>\n<p class=\"summary\">{}.</p>\n",
        escape(CHECKED),
        escape(&catalogue.summary()),
    );
    let caption = "Certified error of every table against its stated claim";
    table(&mut out, "rows", caption, &COLUMNS, catalogue.rows(), &[]);
    failures(&mut out, catalogue);
    out.push_str("<h2>How to read it</h2>\n<dl>\n");
    for (term, meaning) in LEGEND {
        out.push_str(&format!(
            "<dt class=\"{}\">{}</dt><dd>{}</dd>\n",
            if term == Kind::Estimate.word() {
                "estimate"
            } else {
                "term"
            },
            escape(term),
            escape(meaning)
        ));
    }
    out.push_str("</dl>\n<h2>Made from</h2>\n");
    out.push_str(&format!(
        "<p>Made by polycert {} with</p>\n<pre tabindex=\"0\">{}</pre>\n",
        env!("CARGO_PKG_VERSION"),
        escape(&catalogue.command)
    ));
    for (file, digest) in &catalogue.inputs {
        let file = escape(file);
        out.push_str(&format!("<p>{file}: SHA-256 <code>{digest}</code></p>\n"));
    }
    let caption = "Tables and certificates by digest, and what each certificate states";
    table(
        &mut out,
        "sources",
        caption,
        &SOURCES,
        catalogue.rows(),
        &[],
    );
    if !catalogue.skipped.is_empty() {
        let names = escape(&catalogue.skipped.join(", "));
        out.push_str(&format!("<p>No tables, and left out: {names}.</p>\n"));
    }
    page("Catalogue of certified tables", "", &out)
}

/// A column that is not of the catalogue, with a cell for every row.
pub struct More {
    /// Header.
    pub header: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// One for every row.
    pub cells: Vec<String>,
}

/// A table of rows in a box that scrolls, with more columns to the right.
pub fn table<'a>(
    out: &mut String,
    id: &str,
    caption: &str,
    columns: &[Column],
    rows: impl Iterator<Item = &'a Row>,
    more: &[More],
) {
    // A box that scrolls must be reachable by keyboard, and have a name.
    out.push_str(&format!(
        "<div class=\"scroll\" role=\"region\" aria-labelledby=\"{id}\" tabindex=\"0\">\n<table>\n\
         <caption><span id=\"{id}\">{}</span></caption>\n<thead>\n<tr>",
        escape(caption)
    ));
    let own = columns.iter().map(|c| (c.header, c.unit, c.kind));
    for (header, unit, kind) in own.chain(more.iter().map(|m| (m.header, m.unit, m.kind))) {
        out.push_str(&format!("<th scope=\"col\">{}", escape(header)));
        for (class, note) in [("unit", unit), (kind.word(), kind.word())] {
            if !note.is_empty() {
                out.push_str(&format!(" <span class=\"{class}\">{}</span>", escape(note)));
            }
        }
        out.push_str("</th>");
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for (k, row) in rows.enumerate() {
        out.push_str("<tr>");
        for (i, c) in columns.iter().enumerate() {
            out.push_str(&cell(i, c, row));
        }
        for m in more {
            let text = m.cells.get(k).map_or("-", String::as_str);
            let class = if m.kind == Kind::Estimate {
                " estimate"
            } else {
                ""
            };
            out.push_str(&format!(
                "<td class=\"number{class}\">{}</td>",
                escape(text)
            ));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

fn cell(i: usize, column: &Column, row: &Row) -> String {
    let text = escape(&(column.cell)(row));
    if i == 0 {
        return format!("<th scope=\"row\">{text}</th>");
    }
    match column.header {
        "verdict" if row.claim.is_some() => format!(
            "<td><strong class=\"{}\">{text}</strong></td>",
            text.to_lowercase()
        ),
        header if header.ends_with("SHA-256") => format!("<td><code>{text}</code></td>"),
        _ if column.kind == Kind::Estimate => format!("<td class=\"number estimate\">{text}</td>"),
        "the checker's words" => format!("<td>{text}</td>"),
        _ if matches!(column.kind, Kind::Proved | Kind::Counted) => {
            format!("<td class=\"number\">{text}</td>")
        }
        _ => format!("<td>{text}</td>"),
    }
}

fn failures(out: &mut String, catalogue: &Catalogue) {
    if catalogue.failures().next().is_none() {
        return;
    }
    out.push_str(
        "<h2>Not certified</h2>\n\
         <div class=\"scroll\" role=\"region\" aria-labelledby=\"failures\" tabindex=\"0\">\n<table>\n\
         <caption><span id=\"failures\">Files that could not be read or certified</span></caption>\n\
         <thead>\n<tr><th scope=\"col\">file</th><th scope=\"col\">reason</th></tr>\n</thead>\n<tbody>\n",
    );
    for (file, error) in catalogue.failures() {
        out.push_str(&format!(
            "<tr><th scope=\"row\">{}</th><td class=\"reason\">{}</td></tr>\n",
            escape(file),
            escape(error)
        ));
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}
