//! Tables in the forms of other programs: read and written, exactly or with every lost digit told.
//!
//! | format | what | basis | numbers |
//! |---|---|---|---|
//! | `json` | `{"components": [["0", "3*2^-1"], ...]}`; also `[[0, 1.5], ...]` on reading | either | exact |
//! | `csv` | a line for every coefficient; also a line for every component on reading | either | exact |
//! | `c`, `cpp`, `go` | array literals of doubles | either | f64 |
//! | `lattigo` | `[][]string` for `minimax.NewPolynomial` | Chebyshev on [-1, 1] | decimals |
//! | `openfhe` | `std::vector<double>` for `EvalChebyshevSeries(ct, c, a, b)`, c_0 doubled | Chebyshev on [a, b] | f64 |
//! | `heir` | `float_polynomial`, `chebyshev_polynomial` | either | f64 |
//!
//! **Lattigo.** `NewPolynomial` takes decimal strings in the Chebyshev basis on [-1, 1] and evaluates the
//! components one after the other without any scaling of its own. Its generator divides every component but
//! the last by the upper end of the next one's interval, and fits that next one over [-1, 1] accordingly;
//! so the scaling between stages is inside the coefficients. A table is read as it stands; on writing, the
//! input map s x + o of a stage is made by the stage before it, which is the same composite and, where maps
//! take each stage's range to [-1, 1] as those of `generate` do, Lattigo's convention. `CoeffsSignX2Cheby` and
//! `CoeffsSignX4Cheby` may stand for their lists. **Source** tuneinsight/lattigo,
//! circuits/ckks/minimax/minimax_composite_polynomial.go, circuits/ckks/comparison/comparison.go (a9f43f0).
//!
//! **OpenFHE.** `EvalChebyshevSeries` maps x to -1 + 2 (x - a)/(b - a) and adds *half* of the first
//! coefficient, as `EvalChebyshevCoefficients` returns them: the list has 2 c_0, c_1, c_2, ...
//! **Source** openfheorg/openfhe-development, src/pke/lib/scheme/ckksrns/ckksrns-advancedshe.cpp (02a8e9c),
//! src/core/lib/math/chebyshev.cpp (148255e).
//!
//! **HEIR.** See `heir.rs`.
//!
//! An exported file says in one comment line what its numbers do not: the domain, the bases, and the digest
//! of the table that it holds, which reading confirms.

mod arrays;
pub mod claims;
mod csv;
mod export;
pub mod format;
mod header;
mod heir;
mod lexer;
mod literal;
pub mod published;
pub mod spell;

pub use arrays::MAX_NESTING;
pub use export::{export, Change, Export};
pub use format::Format;
pub use spell::Spelling;

use crate::error::{Error, ErrorKind, Result};
use crate::function::target::Function;
use crate::interchange::published::Settings;
use crate::poly::component::{Basis, Component};
use crate::poly::table::{Domain, Table, MAX_BYTES};
use header::Header;
use lexer::Syntax;
use rug::Rational;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the reader knows better than the file.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Name of the table.
    pub name: Option<String>,
    /// Name where nothing gives one.
    pub default_name: String,
    /// Intended use.
    pub target: Option<Function>,
    /// Basis.
    pub basis: Option<Basis>,
    /// x is meant in [-hi, hi].
    pub hi: Option<Rational>,
    /// The sign is meant for eps <= |x|.
    pub eps: Option<Rational>,
    /// OpenFHE's [a, b], of every component.
    pub interval: Option<(Rational, Rational)>,
}

/// A table that was read.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The table.
    pub table: Table,
    /// What a reader should know, in words.
    pub notes: Vec<String>,
}

/// Lattigo's constants: (3x - x^3)/2 and (35x - 35x^3 + 21x^5 - 5x^7)/16 in the Chebyshev basis.
const LATTIGO_NAMED: [arrays::Named; 2] = [
    ("CoeffsSignX2Cheby", &["0", "1.125", "0", "-0.125"]),
    (
        "CoeffsSignX4Cheby",
        &[
            "0",
            "1.1962890625",
            "0",
            "-0.2392578125",
            "0",
            "0.0478515625",
            "0",
            "-0.0048828125",
        ],
    ),
];

/// Reads a table; `None` finds the format out where that is unambiguous (`c` and `openfhe` look alike).
///
/// **Guarantee** every number is read exactly as it is written.
/// **Cost** one pass over at most [`MAX_BYTES`].
///
/// # Errors
/// With line and column or field: what cannot be read, and the limit that was broken; a digest where the
/// numbers are not those that were exported.
pub fn read(text: &str, format: Option<Format>, hints: &Hints) -> Result<Imported> {
    if text.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", text.len());
        return Err(Error::parse("", detail));
    }
    let header = if text.trim_start().starts_with(['{', '[']) {
        None
    } else {
        Header::find(text)?
    };
    let said = header.as_ref().map(|h| h.format);
    let alike =
        |a, b| a == b || matches!((a, b), (Format::C | Format::Cpp, Format::C | Format::Cpp));
    if let (Some(asked), Some(said)) = (format, said) {
        if !alike(asked, said) {
            let detail = format!(
                "the file says that it is {}, not {}",
                said.name(),
                asked.name()
            );
            return Err(Error::domain(detail));
        }
    }
    let Some(format) = format.or(said).or_else(|| detect(text)) else {
        return plain_text(text, hints);
    };
    let trimmed = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if format == Format::Json && !trimmed.starts_with('[') {
        return object(text, hints);
    }
    listed(text, format, header, hints)
}

/// The format, where only one fits.
fn detect(text: &str) -> Option<Format> {
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let json = start.starts_with('{') || start.starts_with('[') && !start.starts_with("[]");
    let found = [
        (json, Format::Json),
        (start.starts_with("component,basis,"), Format::Csv),
        (
            text.contains("float_polynomial") || text.contains("chebyshev_polynomial"),
            Format::Heir,
        ),
        (text.contains("[]string{"), Format::Lattigo),
        (text.contains("[]float64{"), Format::Go),
    ];
    found.iter().find(|(fits, _)| *fits).map(|(_, f)| *f)
}

fn plain_text(text: &str, hints: &Hints) -> Result<Imported> {
    let unsure = text.contains(['{', ',']);
    let table = published::import(text, &settings(hints, None, None)).map_err(|mut e| {
        if let (ErrorKind::Parse { detail, .. }, true) = (&mut e.kind, unsure) {
            detail.push_str("; name the format by --from if this is no plain text");
        }
        e
    })?;
    done(table, Vec::new())
}

fn settings(hints: &Hints, target: Option<Function>, domain: Option<&Domain>) -> Settings {
    Settings {
        name: hints
            .name
            .clone()
            .unwrap_or_else(|| hints.default_name.clone()),
        target: hints.target.or(target).unwrap_or(Function::Relu),
        basis: hints.basis,
        hi: hints
            .hi
            .clone()
            .or_else(|| domain.map(|d| d.hi.clone()))
            .unwrap_or_else(|| Rational::from(1)),
        eps: hints
            .eps
            .clone()
            .or_else(|| domain.and_then(|d| d.eps.clone())),
    }
}

fn done(table: Table, notes: Vec<String>) -> Result<Imported> {
    table.validate()?;
    Ok(Imported { table, notes })
}

/// A JSON object: the table format, the published form, or what `export` makes of a table.
fn object(text: &str, hints: &Hints) -> Result<Imported> {
    let peek: Option<BTreeMap<String, Value>> = serde_json::from_str(text).ok();
    let field = |name: &str| peek.as_ref().and_then(|p| p.get(name));
    let exported = field("format").and_then(Value::as_str) == Some(export::JSON_FORMAT);
    if !exported {
        let table = published::import(text, &settings(hints, None, None))?;
        return done(table, Vec::new());
    }
    let word = |name: &str| field(name).and_then(Value::as_str);
    let number = |name: &str| {
        let value = &peek.as_ref().map_or(&Value::Null, |p| &p["domain"])[name];
        let text = value.as_str().unwrap_or("");
        crate::arith::number::parse(text).map_err(|e| e.within(&format!("domain.{name}")))
    };
    if field("domain").is_none() {
        return Err(Error::parse("domain", "is missing"));
    }
    let domain = Domain {
        lo: number("lo")?,
        hi: number("hi")?,
        eps: field("domain")
            .is_some_and(|d| d.get("eps").is_some())
            .then(|| number("eps"))
            .transpose()?,
    };
    let target = word("target").map(str::parse).transpose()?;
    let mut table = published::import(text, &settings(hints, target, Some(&domain)))?;
    if hints.hi.is_none() {
        table.domain.lo = domain.lo;
    }
    if let (None, Some(name)) = (&hints.name, word("name")) {
        table.name = name.to_owned();
    }
    for taken in ["format", "name", "target", "domain", "sha256"] {
        table.provenance.remove(taken);
    }
    table.validate()?;
    confirm(&table, word("sha256"), hints)?;
    done(table, Vec::new())
}

/// The digest that the file states, unless an option says otherwise than the file.
fn confirm(table: &Table, stated: Option<&str>, hints: &Hints) -> Result<()> {
    let overruled = hints.basis.is_some()
        || hints.hi.is_some()
        || hints.eps.is_some()
        || hints.interval.is_some();
    match stated {
        Some(stated) if !overruled && stated != table.sha256() => Err(ErrorKind::Digest {
            stated: stated.to_owned(),
            computed: table.sha256(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// Lists of numbers, or attributes.
fn listed(text: &str, format: Format, header: Option<Header>, hints: &Hints) -> Result<Imported> {
    let own_basis = matches!(format, Format::Lattigo | Format::Openfhe | Format::Heir);
    if own_basis && hints.basis.is_some() {
        let detail = format!("--basis: {} has its own", format.name());
        return Err(Error::domain(detail));
    }
    if format != Format::Openfhe && hints.interval.is_some() {
        let detail = "--interval is for the Chebyshev series of openfhe";
        return Err(Error::domain(detail));
    }
    let mut notes = Vec::new();
    let usual = match format {
        Format::Lattigo | Format::Openfhe => Basis::Chebyshev,
        _ => hints.basis.unwrap_or(Basis::Power),
    };
    let mut lists = |syntax, named: &[arrays::Named]| -> Result<Vec<Component>> {
        let found = arrays::read(text, syntax, named)?;
        if found.singles > 0 {
            notes.push(format!(
                "{} literals have the suffix of a float: a program holds them as f32 (certify --coefficients f32)",
                found.singles
            ));
        }
        let component = |list| Component::new(usual, list);
        Ok(found.lists.into_iter().map(component).collect())
    };
    let mut components = match format {
        Format::Json => lists(Syntax::Json, &[])?,
        Format::C | Format::Cpp | Format::Openfhe => lists(Syntax::C, &[])?,
        Format::Go => lists(Syntax::Go, &[])?,
        Format::Lattigo => lists(Syntax::Go, &LATTIGO_NAMED)?,
        Format::Csv => csv::read(text, usual)?,
        Format::Heir => heir::read(text)?,
    };
    if let Some(header) = &header {
        let (said, found) = (header.forms.len(), components.len());
        if said != found {
            let detail = format!("{found} components, the file's first lines say {said}");
            return Err(Error::parse("components", detail));
        }
        for (c, (basis, scale, offset)) in components.iter_mut().zip(&header.forms) {
            if hints.basis.is_none() && !matches!(format, Format::Csv | Format::Heir) {
                c.basis = *basis;
            }
            (c.scale, c.offset) = (scale.clone(), offset.clone());
        }
    }
    if format == Format::Openfhe {
        for c in &mut components {
            if let Some(first) = c.coefficients.first_mut() {
                *first /= 2u32;
            }
            if let Some((a, b)) = &hints.interval {
                if a >= b {
                    return Err(Error::domain("--interval A,B has A below B"));
                }
                (c.scale, c.offset) = crate::poly::basis::interval_map(a, b);
            }
        }
    }
    let domain = header.as_ref().map(|h| &h.domain);
    let settings = settings(hints, header.as_ref().map(|h| h.target), domain);
    let lo = match (&hints.hi, domain) {
        (None, Some(domain)) => domain.lo.clone(),
        _ => Rational::from(-&settings.hi),
    };
    let name = match (&hints.name, &header) {
        (None, Some(header)) => header.name.clone(),
        _ => settings.name,
    };
    let origin = ("imported from".to_owned(), format.name().to_owned());
    let table = Table {
        name,
        target: settings.target,
        domain: Domain {
            lo,
            hi: settings.hi,
            eps: settings.eps,
        },
        components,
        provenance: BTreeMap::from([origin]),
    };
    table.validate()?;
    confirm(&table, header.as_ref().map(|h| h.sha256.as_str()), hints)?;
    done(table, notes)
}
