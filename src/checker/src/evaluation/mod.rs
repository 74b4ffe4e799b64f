//! `polycert-evaluation/1`: what is decrypted after a composite was evaluated on ciphertexts.
//!
//! The contract is `certificates/EVALUATION.md`. The approximation error is that of an embedded
//! `polycert-certificate/1`, checked by its own rules; this part proves the noise, and adds the two.
//! Data flow: `document`, `parameters` (E1) -> `nodes`, `circuit`, `task`, `stage` (E2: levels, scales, what is
//! computed, exact polynomials) -> `noise` (E3: what one operation adds) -> `program` (E4: through the nodes) ->
//! `bound`, `slope` (E5: through the composite), led by `prove` -> the statement in `words`.

mod block;
mod bound;
mod chain;
pub(crate) mod circuit;
pub(crate) mod document;
mod maps;
mod nodes;
pub(crate) mod noise;
pub(crate) mod parameters;
mod prime;
mod program;
mod prove;
pub(crate) mod refresh;
mod slope;
mod stage;
pub(crate) mod task;
mod taylor;
mod words;

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Fixed;
use crate::evaluation::document::EvaluationDocument;
use crate::evaluation::task::EvaluationTask;
use crate::format::json::Tree;
use crate::format::table::constant;
use crate::words::report::Report;

/// The format tag.
pub(crate) const FORMAT: &str = "polycert-evaluation/1";

/// Units of work besides those of the embedded certificate, with which they make a second. An even polynomial of degree
/// 254 takes 623 million with its embedded certificate, a general one of degree 200 takes 415: a third for its nodes,
/// whose exact scales of 13,000 bits are read and written in decimals, the rest for E2 at 255 points and for E5.
const LIMIT: u64 = 700_000_000;

/// Whether a document has this format; anything else is read as a certificate.
pub(crate) fn is_meant(tree: &Tree) -> bool {
    match tree {
        Tree::Object(fields) => fields
            .iter()
            .any(|(key, value)| key == "format" && value.text().is_ok_and(|t| t == FORMAT)),
        _ => false,
    }
}

/// A document of this format that is proved.
pub(crate) struct Proved {
    /// What it says.
    pub(crate) report: Report,
    pub(crate) document: EvaluationDocument,
    pub(crate) task: EvaluationTask,
}

/// Checks a document of this format, the embedded certificate by its own rules.
pub(crate) fn run(tree: Tree, table_sha256: Option<&str>) -> Checked<Report> {
    prove(tree, table_sha256).map(|proved| proved.report)
}

/// [`run`], with what the document states.
pub(crate) fn prove(tree: Tree, table_sha256: Option<&str>) -> Checked<Proved> {
    let budget = Budget::of(LIMIT);
    let mut fields = tree.object()?;
    fields.take("format", |t| constant(&t, FORMAT))?;
    let mut report = fields.take("certificate", |t| {
        crate::certificate::certificate(t, table_sha256)
    })?;
    let document = document::read(&mut fields, &budget)?;
    fields.finish()?;
    let fixed = Fixed {
        precision: document.precision,
        budget,
    };
    let task = task::of(&report)?.within(document.within.as_ref())?;
    let noise = prove::prove(&document, &task, &report.polynomials, &fixed)?;
    if !bound::at_most(&noise, &document.noise, &fixed) {
        let text = "the noise is not proved to be at most the bound that is stated";
        return Err(Fault::rejected(Rule::Own("E5 noise"), text));
    }
    let sum = report.target.hi.plus(&document.noise);
    if sum > document.error {
        let text = "the stated error is below approximation and noise together";
        return Err(Fault::rejected(Rule::Own("E6 error"), text));
    }
    words::tell(&mut report, &document, &task, &fixed.budget)?;
    report.work = report.work.saturating_add(fixed.budget.used());
    Ok(Proved {
        report,
        document,
        task,
    })
}
