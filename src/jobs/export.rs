//! Export: a table in the form of another program, read back before it is handed out.

use crate::arith::rounding::CoefficientMode;
use crate::error::{ErrorKind, Result};
use crate::interchange::{self, read, Export, Format, Hints, Spelling};
use crate::poly::table::Table;

/// The form that is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    /// The program's form.
    pub format: Format,
    /// How the program holds numbers; the form's usual way if none.
    pub coefficients: Option<CoefficientMode>,
    /// Numbers as hex floats where the form has them, else as decimals with all digits.
    pub hex: bool,
}

/// The file, and which numbers lost digits.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The text, the table that comes back from it, and every number that changed.
    pub exported: Export,
    /// How the program holds numbers.
    pub coefficients: CoefficientMode,
}

/// Writes a table for another program.
///
/// **Guarantee** the text reads back as [`Export::table`], digest for digest.
///
/// # Errors
/// A table that the form cannot hold; [`ErrorKind::SelfCheck`] where it does not read back.
///
/// ```
/// use polycert::interchange::Format;
/// use polycert::jobs::export::{export, Request};
/// use polycert::poly::Table;
///
/// let path = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu04.json");
/// let request = Request { format: Format::Lattigo, coefficients: None, hex: false };
/// let answer = export(&Table::read(path.as_ref())?, &request)?;
/// assert!(answer.exported.text.contains("[][]string"));
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn export(table: &Table, request: &Request) -> Result<Answer> {
    let format = request.format;
    let coefficients = request.coefficients.unwrap_or(format.usual_mode());
    let spelling = match (request.hex, format.usual_spelling()) {
        (true, Spelling::Hex) => Spelling::Hex,
        _ => Spelling::Decimal,
    };
    let exported = interchange::export(table, format, coefficients, spelling)?;
    let back = read(&exported.text, Some(format), &Hints::default())?.table;
    if back.sha256() != exported.table.sha256() {
        let detail = "the file does not read back as the table".to_owned();
        return Err(ErrorKind::SelfCheck(detail).into());
    }
    Ok(Answer {
        exported,
        coefficients,
    })
}
