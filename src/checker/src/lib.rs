//! The independent checker of polycert certificates.
//!
//! A certificate is one JSON document that proves statements about a composite polynomial p, such as
//! |r(x) - ReLU(x)| <= 2^-14 on \[-1, 1\] for r(x) = x (1 + p(x))/2. `certificates/FORMAT.md` defines it.
//! This crate reads the document, confirms its hints, and proves its claims one after another.
//!
//! **Method**: intervals of integers over 2^precision, rounded outward, and exact integers for
//! Descartes' rule; no floating point, no C, no code shared with the producer. Data flow: `json` (strict tree)
//! -> `document`, `table` (typed values) -> `rounding`, `polynomial` (the exact polynomials) -> `pieces`
//! (R1, R2), `cascade` (R3, R4), `cells` (R5), `expand` (p as one polynomial) -> `claims`, `pool`, `argmax`, `clip`,
//! `direct`, `target` -> `words`, `report`.
//!
//! **Guarantee**: [`check`] returns [`Outcome::Verified`] only if every statement of the report is true;
//! on any input it returns, without a panic, and its work is limited.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::disallowed_types
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod argmax;
mod bernstein;
mod budget;
mod cascade;
mod cells;
mod claims;
mod clip;
mod direct;
mod document;
mod evaluation;
mod expand;
mod fault;
mod fixed;
mod json;
mod network;
mod number;
mod numerals;
mod pieces;
mod poly;
mod polynomial;
mod pool;
mod report;
mod rounding;
mod shape;
mod statement;
mod table;
mod target;
mod words;

pub use json::MAX_BYTES;
pub use network::{
    bound_network, check_network, check_network_with, NetworkOutcome, NetworkReport, NoiseBounds,
    MAX_FILE_BYTES,
};
pub use number::Rational;
pub use report::{Outcome, Report};
pub use rounding::Mode;
pub use statement::{
    Argmax, Clip, Function, Part, Shape, StatedBound, Statement, Target, Verdict, Witness,
};

use budget::Budget;
use cascade::{Branch, Side};
use claims::Ground;
use document::Document;
use fault::{printable, Checked, Fault};
use fixed::Fixed;
use polynomial::{Parity, Polynomial};

/// Checks a certificate.
///
/// **Inputs**: the bytes of the document, at most [`MAX_BYTES`].
///
/// **Guarantee**: the statements of a [`Report`] are true of the polynomial that the certificate's table and
/// coefficient mode define. Anything else is an outcome that says why.
///
/// **Cost**: limited; below a second for any input.
///
/// ```
/// let outcome = polycert_checker::check(b"{\"format\": 1}");
/// assert!(outcome.to_string().starts_with("UNREADABLE"));
/// ```
pub fn check(bytes: &[u8]) -> Outcome {
    check_table(bytes, None)
}

/// [`check`], for a certificate that must be about the table with the given digest (64 hexadecimal
/// digits); one about another table is [`Outcome::Unreadable`], and the message names both digests.
pub fn check_table(bytes: &[u8], table_sha256: Option<&str>) -> Outcome {
    match run(bytes, table_sha256) {
        Ok(report) => Outcome::Verified(report),
        Err(fault) => fault.into(),
    }
}

fn run(bytes: &[u8], table_sha256: Option<&str>) -> Checked<Report> {
    let tree = json::parse(bytes)?;
    if evaluation::is_meant(&tree) {
        return evaluation::run(tree, table_sha256);
    }
    certificate(tree, table_sha256)
}

/// Checks a `polycert-certificate/1`.
fn certificate(tree: json::Tree, table_sha256: Option<&str>) -> Checked<Report> {
    let budget = Budget::new();
    let document = document::read(tree, &budget)?;
    let digest = document.table.digest(&budget)?;
    compare_digests(&digest, &document, table_sha256)?;
    let polynomials = document.table.polynomials(document.mode, &budget)?;
    check_shape(&document, &polynomials)?;

    let fixed = Fixed {
        precision: document.precision,
        budget,
    };
    let prove_branch =
        |(side, hints): &(Side, Vec<_>)| Branch::prove(*side, &polynomials, hints, &fixed);
    let branches: Checked<Vec<Branch>> = document.branches.iter().map(prove_branch).collect();
    let direct = |claim: &document::Claim| claim.statement.is_direct();
    let expanded = match document.claims.iter().any(direct) {
        true => Some(expand::composite(&polynomials, &fixed.budget)?),
        false => None,
    };
    let ground = Ground::new(fixed, polynomials.len(), branches?, expanded);
    prove_claims(document, polynomials, digest, &ground)
}

/// The forward pass over the claims: each may use what was proved before it.
fn prove_claims(
    document: Document,
    polynomials: Vec<Polynomial>,
    digest: String,
    ground: &Ground,
) -> Checked<Report> {
    let budget = &ground.fixed.budget;
    let mut statements: Vec<Statement> = Vec::with_capacity(document.claims.len());
    let mut words = Vec::with_capacity(document.claims.len());
    for (i, claim) in document.claims.into_iter().enumerate() {
        let rule = claim.statement.rule();
        let in_claim = |fault: Fault| fault.in_claim(i, rule);
        if matches!(statements.last(), Some(Statement::Target(_))) {
            return Err(in_claim(Fault::rejected(
                rule,
                "a claim follows the target claim",
            )));
        }
        claims::prove(&claim, &statements, ground).map_err(in_claim)?;
        let text = words::statement(&claim.statement, &statements, budget).map_err(in_claim)?;
        words.push(text);
        statements.push(claim.statement);
    }
    let Some(Statement::Target(target)) = statements.last() else {
        return Err(Fault::rejected(
            "target",
            "the last claim is not a target claim",
        ));
    };
    Ok(Report {
        table_name: document.table.name,
        table_sha256: digest,
        mode: document.mode,
        headline: words::headline(target, &statements, budget)?,
        enclosure: words::enclosure(target, budget)?,
        target: Box::new(target.clone()),
        work: budget.used(),
        evaluated: false,
        polynomials,
        statements,
        words,
    })
}

/// The table's digest must be the one that the certificate states, and the one that the caller asks for.
fn compare_digests(digest: &str, document: &Document, wanted: Option<&str>) -> Checked<()> {
    if document.table_sha256 != digest {
        let stated = printable(&document.table_sha256);
        let detail = format!("states {stated}, and the table's digest is {digest}");
        return Err(Fault::unreadable(detail).at("table_sha256"));
    }
    match wanted {
        Some(wanted) if !wanted.eq_ignore_ascii_case(digest) => {
            let wanted = printable(wanted);
            let detail = format!("the certificate is about the table {digest}, not {wanted}");
            Err(Fault::unreadable(detail).at("table_sha256"))
        }
        _ => Ok(()),
    }
}

/// One branch for an odd composite, or two; a stage for each component.
fn check_shape(document: &Document, polynomials: &[Polynomial]) -> Checked<()> {
    let sides: Vec<Side> = document.branches.iter().map(|(side, _)| *side).collect();
    match sides.as_slice() {
        // Left out: no claim may need them.
        [] => {}
        [Side::Both] => {
            if let Some(i) = polynomials.iter().position(|p| p.parity() != Parity::Odd) {
                return Err(Fault::rejected(
                    "branches",
                    format!("one branch for both sides, but component {i} is not odd"),
                ));
            }
        }
        [Side::Positive, Side::Negative] => {}
        _ => {
            let text = "neither one branch `both` nor the two branches `positive`, `negative`";
            return Err(Fault::unreadable(text).at("branches"));
        }
    }
    for (i, (_, stages)) in document.branches.iter().enumerate() {
        if stages.len() != polynomials.len() {
            let text = format!(
                "{} stages for {} components",
                stages.len(),
                polynomials.len()
            );
            return Err(Fault::unreadable(text).at("stages").item(i).at("branches"));
        }
    }
    Ok(())
}
