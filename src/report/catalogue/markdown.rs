//! The catalogue as Markdown: pipe tables, every cell escaped.

use crate::report::catalogue::columns::{Column, COLUMNS, LEGEND, SOURCES};
use crate::report::catalogue::{Catalogue, CHECKED};

/// The catalogue.
pub fn export(catalogue: &Catalogue) -> String {
    let mut out = format!(
        "# Catalogue of certified tables\n\n{CHECKED}\n\nMade by polycert {} with `{}`\n\n{}.\n\n",
        env!("CARGO_PKG_VERSION"),
        catalogue.command.replace(['`', '\n', '\r'], " "),
        catalogue.summary(),
    );
    table(&mut out, &COLUMNS, catalogue);
    let failures: Vec<_> = catalogue.failures().collect();
    if !failures.is_empty() {
        out.push_str("\n## Not certified\n\n| file | reason |\n|---|---|\n");
        for (file, error) in failures {
            out.push_str(&format!("| {} | {} |\n", escape(file), escape(error)));
        }
    }
    out.push_str("\n## How to read it\n\n");
    for (term, meaning) in LEGEND {
        out.push_str(&format!("- **{}**: {}\n", escape(term), escape(meaning)));
    }
    out.push_str("\n## Made from\n\n");
    for (file, digest) in &catalogue.inputs {
        out.push_str(&format!("- {}: SHA-256 {digest}\n", escape(file)));
    }
    if !catalogue.inputs.is_empty() {
        out.push('\n');
    }
    table(&mut out, &SOURCES, catalogue);
    if !catalogue.skipped.is_empty() {
        let names: Vec<String> = catalogue.skipped.iter().map(|s| escape(s)).collect();
        out.push_str(&format!(
            "\nNo tables, and left out: {}.\n",
            names.join(", ")
        ));
    }
    out
}

fn table(out: &mut String, columns: &[Column], catalogue: &Catalogue) {
    let heads: Vec<String> = columns.iter().map(head).collect();
    out.push_str(&format!("| {} |\n", heads.join(" | ")));
    out.push_str(&format!("|{}\n", "---|".repeat(columns.len())));
    for row in catalogue.rows() {
        let cells: Vec<String> = columns.iter().map(|c| escape(&(c.cell)(row))).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
}

fn head(column: &Column) -> String {
    let notes: Vec<&str> = [column.unit, column.kind.word()]
        .into_iter()
        .filter(|n| !n.is_empty())
        .collect();
    if notes.is_empty() {
        escape(column.header)
    } else {
        format!("{} ({})", escape(column.header), notes.join("; "))
    }
}

/// Text that stands for itself inside a cell. What cannot be markup where it stands is left as it is:
/// an underscore inside a word, a bracket that ends no link, a `<` that opens no tag.
fn escape(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or(' ');
    let mut out = String::with_capacity(text.len());
    for (i, &c) in chars.iter().enumerate() {
        let (before, after) = (i.checked_sub(1).map_or(' ', at), at(i + 1));
        let markup = match c {
            '\\' | '`' | '*' | '|' | '&' | '~' | '$' => true,
            '_' => !(before.is_alphanumeric() && after.is_alphanumeric()),
            ']' => after == '(' || after == '[',
            '<' => after.is_alphabetic() || "/!?".contains(after),
            _ => false,
        };
        if markup {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn a_cell_is_only_text() {
        assert_eq!(escape("a|b\nc"), "a\\|b c");
        assert_eq!(escape("<b>*x*`"), "\\<b>\\*x\\*\\`");
        assert_eq!(escape("</b> a <= 1 [0, 1]"), "\\</b> a <= 1 [0, 1]");
        assert_eq!(escape("relu_14 _em_"), "relu_14 \\_em\\_");
        assert_eq!(escape("\\|"), "\\\\\\|");
        assert_eq!(escape("[a](b)"), "[a\\](b)");
    }
}
