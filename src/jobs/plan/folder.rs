//! The files of a plan's folder, and the tables with their certificates.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::files::{replaced_in, write_atomically};
use crate::jobs::certify;
use crate::jobs::network::certificates::MANIFEST;
use crate::jobs::network::Polynomials;
use crate::jobs::plan::ciphertexts::UNIFORM;
use crate::jobs::plan::closing::EVALUATION;
use crate::jobs::plan::progress::Progress;
use crate::jobs::plan::request::Request;
use crate::jobs::plan::rows::Row;
use rug::Rational;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The manifest.
pub const PLAN: &str = "plan.json";
/// The network, exactly.
pub const NETWORK: &str = "network.exact";
/// The audit of the samples that state.
pub const AUDIT: &str = "audits/stated.json";
/// The audit of those that have certificates.
pub const CERTIFIED: &str = "audits/certified.json";
/// The audit of the least margins under noise.
pub const NOISE: &str = "audits/noise.json";
/// The folder of their certificates.
pub const CERTIFICATES: &str = "network-certificates";

/// The folders in a plan's folder.
pub const PARTS: [&str; 6] = [
    "tables",
    "table-certificates",
    "audits",
    CERTIFICATES,
    EVALUATION,
    UNIFORM,
];

/// Whether a plan gives files such a name: `07-d62.json`, `sample000061.cert.json`.
pub fn is_ours(name: &str) -> bool {
    let numbered = |digits: usize, rest: &str| {
        let (number, rest) = (
            name.get(..digits),
            name.get(digits..).map(|r| r.starts_with(rest)),
        );
        number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())) && rest == Some(true)
    };
    let table = numbered(2, "-") && name.ends_with(".json");
    let named = [
        "stated.json",
        "certified.json",
        "noise.json",
        "manifest.json",
    ];
    table || name.starts_with("sample") && name.contains(".cert.json") || named.contains(&name)
}

/// Makes the folders, and removes what an earlier plan left in them, but for the journal of an audit that may go on: what
/// stays behind would look like a part of this one. The manifest goes first.
fn prepare(folder: &Path) -> Result<()> {
    let remove = |path: &Path| match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path, &e)),
        _ => Ok(()),
    };
    remove(&folder.join(PLAN))?;
    for part in PARTS {
        let path = folder.join(part);
        std::fs::create_dir_all(&path).map_err(|e| Error::io(&path, &e))?;
        for old in replaced_in(&path, is_ours) {
            remove(&old)?;
        }
    }
    Ok(())
}

/// A table with its certificate.
struct Written {
    table: String,
    certificate: String,
    /// The bound that the certificate proves, on the table's own domain.
    bound_error: Rational,
}

/// Writes each layer's table with its certificate, and says what the twin is made of. Layers with one table share a file.
///
/// # Errors
/// A folder that cannot be written, a table that cannot be certified.
pub fn tables(
    request: &Request,
    rows: &mut [Row],
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Polynomials> {
    let folder = &request.output;
    prepare(folder)?;
    let mut written: BTreeMap<String, Written> = BTreeMap::new();
    let mut scales = Vec::new();
    let mut files = Vec::new();
    for row in rows {
        let (table, scale) = row.design.on(&row.layer.b)?;
        row.table_sha256 = table.sha256();
        if !written.contains_key(&row.table_sha256) {
            let stem = format!("{:02}-{}", written.len(), file_name(&row.design.name));
            progress(Progress::Step(format!("certificate of {stem}")));
            let (table_file, certificate_file) = (
                format!("tables/{stem}.json"),
                format!("table-certificates/{stem}.cert.json"),
            );
            let asked = certify::Request {
                only_error: true,
                ..certify::Request::default()
            };
            let certified = certify::certify(&table, &asked)?;
            write_atomically(&folder.join(&table_file), &table.to_json())?;
            write_atomically(&folder.join(&certificate_file), &certified.certificate)?;
            let new = Written {
                table: table_file,
                certificate: certificate_file,
                bound_error: number::parse(&certified.report.target().hi.to_string())?,
            };
            written.insert(row.table_sha256.clone(), new);
        }
        let made = &written[&row.table_sha256];
        (row.table, row.certificate) = (made.table.clone(), made.certificate.clone());
        row.bound_error = row.bound_error_by(&made.bound_error);
        files.push(folder.join(&made.table));
        scales.push(scale);
    }
    Ok(Polynomials {
        tables: files,
        scales,
        ..Polynomials::none()
    })
}

/// Letters and digits of a design's name.
fn file_name(name: &str) -> String {
    let words: Vec<&str> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty())
        .collect();
    words.join("-")
}

/// A network certificate of a stated input.
#[derive(Debug, Clone)]
pub struct Certified {
    /// Its name in the plan's folder.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// SHA-256 of the exact input.
    pub input_sha256: String,
    /// The class.
    pub class: String,
}

/// Takes over the network certificates that an audit wrote: the plan lists them, and has the exact network once, so that their
/// own list and the network beside each of them go.
///
/// # Errors
/// A file that cannot be read or removed.
pub fn adopt(folder: &Path) -> Result<Vec<Certified>> {
    let certificates = folder.join(CERTIFICATES);
    let path = certificates.join(MANIFEST);
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, &e))?;
    let list: Value =
        serde_json::from_str(&text).map_err(|e| Error::parse(MANIFEST, e.to_string()))?;
    let of = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    let entries = list["certificates"].as_array().cloned().unwrap_or_default();
    let entry = |entry: &Value| Certified {
        file: format!("{CERTIFICATES}/{}", of(entry, "file")),
        sha256: of(entry, "sha256"),
        input_sha256: of(entry, "input_sha256"),
        class: of(entry, "class"),
    };
    let networks = replaced_in(&certificates, |name| name.ends_with(".cert.json.network"));
    for file in networks.iter().chain([&path]) {
        std::fs::remove_file(file).map_err(|e| Error::io(file, &e))?;
    }
    Ok(entries.iter().map(entry).collect())
}
