//! The reader of a certificate: from a JSON tree to typed values, with the path of every error.

use crate::claims::Claim;
use crate::core::budget::Budget;
use crate::core::cascade::{Side, StageHint};
use crate::core::fault::Checked;
use crate::format::claims::MAX_CLAIMS;
use crate::format::hints::Reader;
use crate::format::json::{each, Tree};
use crate::format::numbers::parse_count;
use crate::format::rounding::Mode;
use crate::format::table::{constant, Table};

/// A certificate that was read, and proves nothing yet.
#[derive(Debug)]
pub(crate) struct CertificateDocument {
    pub(crate) table: Table,
    pub(crate) table_sha256: String,
    pub(crate) mode: Mode,
    pub(crate) precision: u64,
    /// Empty if the field is left out.
    pub(crate) branches: Vec<(Side, Vec<StageHint>)>,
    pub(crate) claims: Vec<Claim>,
}

/// Reads a certificate.
pub(crate) fn read(tree: Tree, budget: &Budget) -> Checked<CertificateDocument> {
    let mut fields = tree.object()?;
    fields.take("format", |t| constant(&t, "polycert-certificate/1"))?;
    let table = fields.take("table", |t| Table::read(t, budget))?;
    let table_sha256 = fields.take("table_sha256", |t| Ok(t.text()?.to_owned()))?;
    let mode = fields.take("coefficients", |t| Mode::parse(t.text()?))?;
    let precision = fields.take("precision", |t| parse_count(t.text()?, 64, 2048))?;
    let reader = Reader { precision, budget };
    let branches =
        fields.take_maybe("branches", |t| each(t.list_of(1, 2)?, |b| reader.branch(b)))?;
    let claims = fields.take("claims", |t| {
        each(t.list_of(1, MAX_CLAIMS)?, |c| reader.claim(c))
    })?;
    fields.finish()?;
    Ok(CertificateDocument {
        table,
        table_sha256,
        mode,
        precision,
        branches: branches.unwrap_or_default(),
        claims,
    })
}
