//! One checked certificate for each sample of an audit, and the list of them.

use crate::certificate::network::{certify as publish, Subject};
use crate::error::{Error, Result};
use crate::files::{replaced_in, sha256, write_atomically};
use crate::jobs::network::inputs::Inputs;
use crate::network::audit::Record;
use crate::network::forward::compare::{compare, estimate_checked_bits, Precision, Verdict};
use crate::network::forward::twin::Twin;
use crate::network::forward::Prepared;
use crate::network::model::exact::{input_text, network_text};
use rayon::prelude::*;
use serde_json::{json, Value};
use std::path::{Path, PathBuf};

/// The format tag of the list.
const FORMAT: &str = "polycert-manifest/1";
/// The list's name.
pub const MANIFEST: &str = "manifest.json";
/// Most certificates of one list.
pub const MAX_CERTIFICATES: usize = 4_096;

/// The certificates of an audit.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// SHA-256 of the list.
    pub manifest_sha256: String,
    /// So many certificates; the checker verified every one.
    pub count: usize,
    /// Samples whose class is proved without a certificate, and why.
    pub without: Vec<(usize, Error)>,
}

/// The files in the folder that [`write`] may replace.
pub(super) fn replaced(folder: &Path) -> Vec<PathBuf> {
    let certificate = |name: &str| name.starts_with("sample") && name.contains(".cert.json");
    replaced_in(folder, |name| name == MANIFEST || certificate(name))
}

/// Certifies the class of every sample on which both networks are proved to answer the same, without noise.
///
/// **Guarantee** each certificate was verified by the independent checker.
///
/// # Errors
/// A folder that cannot be written to.
pub(super) fn write(
    folder: &Path,
    prepared: &Prepared,
    twin: &Twin,
    inputs: &Inputs,
    records: &[Record],
    precision: Precision,
) -> Result<Certificates> {
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    let network = network_text(prepared.network());
    let network_sha256 = sha256(network.as_bytes());
    let (scales, units) = twin.scales();
    let one = |sample: usize| -> Result<(usize, String, String)> {
        let x = inputs.point(sample)?;
        let comparison = compare(prepared, &twin.activations, x.given(), precision)?;
        let Verdict::Same(class) = comparison.verdict else {
            return Err(Error::domain("the class is not proved again"));
        };
        let input = input_text(&x.exact);
        let subject = Subject {
            network: &network,
            input: &input,
            tables: &twin.tables,
            assigned: None,
            coefficients: twin.coefficients,
            scales: &scales,
            units: &units,
            estimate_bits: estimate_checked_bits(prepared, &twin.activations, &x.balls)?,
        };
        Ok((class, publish(&subject, &comparison)?.0, input))
    };
    let proved = records.iter().filter(|r| r.verdict == "same");
    let proved: Vec<usize> = proved.map(|r| r.sample).collect();
    let all = proved.into_par_iter().map(|sample| {
        let (class, certificate, input) = match one(sample) {
            Ok(made) => made,
            Err(e) => return Ok((sample, Err(e))),
        };
        let file = format!("sample{sample:06}.cert.json");
        let beside = |end: &str| folder.join(format!("{file}.{end}"));
        write_atomically(&beside("network"), &network)?;
        write_atomically(&beside("input"), &input)?;
        write_atomically(&folder.join(&file), &certificate)?;
        let entry = json!({
            "file": file,
            "sha256": sha256(certificate.as_bytes()),
            "network_sha256": network_sha256,
            "input_sha256": sha256(input.as_bytes()),
            "class": class.to_string(),
        });
        Ok((sample, Ok(entry)))
    });
    let all: Vec<(usize, Result<Value>)> = all.collect::<Result<_>>()?;
    let (mut entries, mut without) = (Vec::new(), Vec::new());
    for (sample, made) in all {
        match made {
            Ok(entry) => entries.push(entry),
            Err(e) => without.push((sample, e)),
        }
    }
    let count = entries.len();
    let manifest = format!("{:#}\n", json!({"format": FORMAT, "certificates": entries}));
    write_atomically(&folder.join(MANIFEST), &manifest)?;
    Ok(Certificates {
        manifest_sha256: sha256(manifest.as_bytes()),
        count,
        without,
    })
}
