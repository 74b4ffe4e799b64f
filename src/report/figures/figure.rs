//! A plot with its words, its data and its text alternative: one figure of a page.

use crate::report::figures::plot::{Plot, Role};
use crate::report::page::escape;
use crate::report::text::line;
use std::fmt::Write as _;

/// Data behind a plot, as it is given away.
#[derive(Debug, Clone)]
pub struct Data {
    /// Name and unit of every column; `bound_` is proved, `measure_` sampled, `estimate_` a model.
    pub header: Vec<String>,
    /// Rows of the header's length.
    pub rows: Vec<Vec<String>>,
}

impl Data {
    /// Rows under these names.
    pub fn new(header: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            header: header.iter().map(|n| (*n).to_owned()).collect(),
            rows,
        }
    }

    /// RFC 4180, one line a row.
    pub fn csv(&self) -> String {
        let lines = std::iter::once(&self.header).chain(&self.rows);
        lines.map(|cells| line(cells.clone())).collect()
    }
}

/// One entry of the legend under a plot.
#[derive(Debug, Clone)]
pub struct Key {
    /// Colour and line style.
    pub role: Role,
    /// Whether it is a filled area rather than a line.
    pub filled: bool,
    /// What it is.
    pub words: String,
}

impl Key {
    /// An entry.
    pub fn new(role: Role, filled: bool, words: &str) -> Self {
        Self {
            role,
            filled,
            words: words.to_owned(),
        }
    }
}

/// A figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Unique in the page; also the name of the CSV file.
    pub id: String,
    /// Heading.
    pub title: String,
    /// The picture in words, for who does not see it.
    pub alternative: String,
    /// What is proved and what is sampled in it.
    pub caption: String,
    /// Colours and what they mean.
    pub legend: Vec<Key>,
    /// The picture.
    pub plot: Plot,
    /// What it was drawn from.
    pub data: Data,
}

impl Figure {
    /// The file name of its data.
    pub fn file(&self) -> String {
        format!("{}.csv", self.id)
    }

    /// The figure with its data inside, as a link that needs no network.
    pub fn html(&self) -> String {
        let id = escape(&self.id);
        let mut out = format!(
            "<figure class=\"plot\">\n<h3>{}</h3>\n",
            escape(&self.title)
        );
        if let Some((view, elements)) = self.plot.svg() {
            let _ = write!(
                out,
                "<svg viewBox=\"{view}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\n\
                 <title id=\"{id}-t\">{}</title>\n<desc id=\"{id}-d\">{}</desc>\n{elements}</svg>\n",
                escape(&self.title),
                escape(&self.alternative),
            );
        }
        out.push_str("<ul class=\"legend\">\n");
        for key in &self.legend {
            let _ = writeln!(
                out,
                "<li><span class=\"{} {}\" aria-hidden=\"true\"></span>{}</li>",
                if key.filled { "patch" } else { "stroke" },
                key.role.class(),
                escape(&key.words)
            );
        }
        let _ = write!(
            out,
            "</ul>\n<figcaption>{} <a download=\"{}\" href=\"data:text/csv;charset=utf-8,{}\">Data: {} rows, \
             CSV</a></figcaption>\n</figure>\n",
            escape(&self.caption),
            escape(&self.file()),
            percent(&self.data.csv()),
            self.data.rows.len()
        );
        out
    }
}

/// Text as it may stand in a `data:` link.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~,()*+;:=|/[]^".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_hold_any_text() {
        assert_eq!(percent("x [1],\"é\"\r\n"), "x%20[1],%22%C3%A9%22%0D%0A");
    }
}
