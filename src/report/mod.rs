//! Reports for people and programs: they read certificates that the independent checker has verified,
//! and never recompute what those prove. Error curves are sampled beside it.
//!
//! | module | what |
//! |---|---|
//! | [`catalogue`] | one row for every table of a folder, for people and programs |
//! | [`text`] | lines of CSV |
//! | [`page`] | the frame of every HTML page |
//! | [`pages`] | the page about one certificate, or about several |
//! | [`figures`] | what is drawn: plots with their words and data |
//! | [`audit`] | the page about the audit of a network |
//! | [`plan`] | the page about a plan |
//! | [`inference`] | the page about an encrypted network |
//!
//! **Words that do not mix** a column, box or line of a plot is proved, measured (sampled), an estimate,
//! or given (copied from the table or its author); its header says which, and none holds two of them.
//! Reports hold no dates and no names of machines: the same tables give the same bytes.

pub mod audit;
pub mod catalogue;
pub mod figures;
pub mod inference;
pub mod page;
pub mod pages;
pub mod plan;
pub mod text;

use crate::report::catalogue::Catalogue;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    /// Markdown tables.
    Markdown,
    /// One line a table, quoted as RFC 4180 has it.
    Csv,
    /// One object, every number as exact text.
    Json,
    /// One self-contained page without script.
    Html,
}

impl Exporter {
    /// The catalogue as text, ended by a newline.
    pub fn export(self, catalogue: &Catalogue) -> String {
        match self {
            Self::Markdown => catalogue::markdown::export(catalogue),
            Self::Csv => catalogue::csv::export(catalogue),
            Self::Json => catalogue::json::export(catalogue),
            Self::Html => catalogue::html::export(catalogue),
        }
    }
}
