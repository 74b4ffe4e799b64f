//! A `polycert-certificate/1` from its tree to its report: rules R1 to R5, then one claim after another.

use crate::claims::expand::composite;
use crate::claims::statement::Statement;
use crate::claims::target::Target;
use crate::claims::{prove, Claim, Itself};
use crate::core::budget::Budget;
use crate::core::cascade::{Branch, Side};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Fixed;
use crate::core::ground::Ground;
use crate::core::polynomial::{Parity, Polynomial};
use crate::format::document::{read, CertificateDocument};
use crate::format::json::Tree;
use crate::format::path::printable;
use crate::format::table::Table;
use crate::words::beyond::beyond;
use crate::words::report::Report;
use crate::words::sentences;
use crate::words::target::{enclosure, headline};

/// Checks a `polycert-certificate/1`.
pub(crate) fn certificate(tree: Tree, table_sha256: Option<&str>) -> Checked<Report> {
    let budget = Budget::new();
    let document = read(tree, &budget)?;
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
    let itself = |claim: &Claim| claim.statement.is_of_p_itself();
    if let Some(i) = document
        .claims
        .iter()
        .position(itself)
        .filter(|_| document.table.step)
    {
        let rule = Rule::Own("table.output");
        let detail =
            "is step, so that p is 2 h - 1 of the table's h: not what is meant by p as it is";
        return Err(Fault::rejected(rule, detail).in_claim(i, rule));
    }
    let direct = |claim: &Claim| claim.statement.is_direct();
    let expanded = match document.claims.iter().any(direct) {
        true => Some(composite(&polynomials, &fixed.budget)?),
        false => None,
    };
    let series = |claim: &Claim| matches!(claim.statement, Statement::Series(_));
    let stages = match document.claims.iter().any(series) {
        true => document.table.stages(document.mode, &fixed.budget)?,
        false => Vec::new(),
    };
    let rounding = |claim: &Claim| matches!(claim.statement, Statement::Rounding(_));
    let held = match document.claims.iter().any(rounding) {
        true => document.table.held(document.mode, &fixed.budget)?,
        false => None,
    };
    let p = Itself {
        expanded,
        stages,
        held,
    };
    let ground = Ground::new(fixed, polynomials.len(), branches?);
    prove_claims(document, polynomials, &p, digest, &ground)
}

/// The forward pass over the claims: each may use what was proved before it.
fn prove_claims(
    document: CertificateDocument,
    polynomials: Vec<Polynomial>,
    p: &Itself,
    digest: String,
    ground: &Ground,
) -> Checked<Report> {
    let budget = &ground.fixed.budget;
    let mut statements: Vec<Statement> = Vec::with_capacity(document.claims.len());
    let mut words = Vec::with_capacity(document.claims.len());
    for (i, claim) in document.claims.into_iter().enumerate() {
        let rule = Rule::Own(claim.statement.rule());
        let in_claim = |fault: Fault| fault.in_claim(i, rule);
        if matches!(statements.last(), Some(Statement::Target(_))) {
            return Err(in_claim(Fault::rejected(
                rule,
                "a claim follows the target claim",
            )));
        }
        prove(&claim, &statements, ground, p).map_err(in_claim)?;
        let text = sentences::statement(&claim.statement, &statements, budget).map_err(in_claim)?;
        words.push(text);
        statements.push(claim.statement);
    }
    let Some(Statement::Target(target)) = statements.last() else {
        return Err(Fault::rejected(
            Rule::Own("target"),
            "the last claim is not a target claim",
        ));
    };
    check_stated(&document.table, target, &statements)?;
    Ok(Report {
        table_step: document.table.step,
        table_name: document.table.name,
        table_sha256: digest,
        mode: document.mode,
        headline: headline(target, &statements, budget)?,
        enclosure: enclosure(target, budget)?,
        beyond: beyond(target, &statements, budget)?,
        target: Box::new(target.clone()),
        work: budget.used(),
        decrypted: None,
        polynomials,
        statements,
        words,
    })
}

/// The table's digest must be the one that the certificate states, and the one that the caller asks for.
fn compare_digests(
    digest: &str,
    document: &CertificateDocument,
    wanted: Option<&str>,
) -> Checked<()> {
    if document.table_sha256 != digest {
        let stated = printable(&document.table_sha256);
        let detail = format!("states {stated}, and the table's digest is {digest}");
        return Err(Fault::unreadable(detail).at("table_sha256"));
    }
    match wanted {
        Some(wanted) if !wanted.eq_ignore_ascii_case(digest) => {
            let wanted = printable(wanted);
            let detail = format!("the certificate is about the table {digest}, not {wanted}");
            Err(Fault::rejected(Rule::Own("table_sha256"), detail))
        }
        _ => Ok(()),
    }
}

/// A table that states the slope or the ends of its own target is certified for these, and for no others.
fn check_stated(table: &Table, target: &Target, statements: &[Statement]) -> Checked<()> {
    if table.target != target.function {
        return Ok(());
    }
    let slope = table.slope.as_ref();
    let other = match &table.ends {
        _ if slope.is_some_and(|own| *own != target.slope) => "slope",
        Some(own) if *own != target.ends => "ends",
        _ if !is_of_table(table, statements.get(target.cites)) => "function or value",
        _ => return Ok(()),
    };
    let name = target.function.name();
    let detail = format!("the table is for {name} of another {other} than the target claim's");
    Err(Fault::rejected(Rule::Own("target"), detail))
}

/// Whether a smooth target follows from a claim about the function and the value that the table states, as written.
fn is_of_table(table: &Table, cited: Option<&Statement>) -> bool {
    let Some((function, value)) = &table.smooth else {
        return true;
    };
    match cited {
        Some(Statement::Series(series)) => series.function == *function && series.value == *value,
        _ => false,
    }
}

/// One branch for an odd composite, or two; a stage for each component.
fn check_shape(document: &CertificateDocument, polynomials: &[Polynomial]) -> Checked<()> {
    let sides: Vec<Side> = document.branches.iter().map(|(side, _)| *side).collect();
    match sides.as_slice() {
        // Left out: no claim may need them.
        [] => {}
        [Side::Both] => {
            if let Some(i) = polynomials.iter().position(|p| p.parity() != Parity::Odd) {
                return Err(Fault::rejected(
                    Rule::Branches,
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
