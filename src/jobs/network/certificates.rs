//! One checked certificate for each sample of an audit, and the list of them.

use crate::certificate::network::{certify as publish, Subject};
use crate::error::{Error, Result};
use crate::files::{read_bytes, replaced_in, sha256, write_atomically};
use crate::jobs::network::inputs::Inputs;
use crate::network::audit::Record;
use crate::network::forward::compare::{compare, estimate_checked_bits, Precision, Verdict};
use crate::network::forward::twin::Twin;
use crate::network::forward::Prepared;
use crate::network::model::exact::{input_text, network_text};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The format tag of the list.
const FORMAT: &str = "polycert-manifest/1";
/// The list's name.
pub const MANIFEST: &str = "manifest.json";
/// Most certificates of one list.
pub const MAX_CERTIFICATES: usize = 4_096;
/// Largest file of one: what the checker reads of a network.
const MAX_BYTES: usize = 1 << 28;

/// The certificates of an audit.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// SHA-256 of the list.
    pub manifest_sha256: String,
    /// So many certificates; the checker verified every one.
    pub count: usize,
    /// Samples whose class is proved without a certificate, and why.
    pub without: Vec<(usize, String)>,
}

/// Certificates of samples that are yet to be listed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    /// In the samples' order.
    pub entries: Vec<Entry>,
    /// As [`Certificates::without`].
    pub without: Vec<(usize, String)>,
}

/// One certificate in a list; the exact network and input are beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    class: String,
    file: String,
    input_sha256: String,
    network_sha256: String,
    sha256: String,
}

/// The files in the folder that [`make`] and [`list`] may replace.
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
pub(super) fn make(
    folder: &Path,
    prepared: &Prepared,
    twin: &Twin,
    inputs: &Inputs,
    records: &[Record],
    precision: Precision,
) -> Result<Made> {
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
            Err(e) => return Ok((sample, Err(e.to_string()))),
        };
        let file = name(sample);
        let beside = |end: &str| folder.join(format!("{file}.{end}"));
        write_atomically(&beside("network"), &network)?;
        write_atomically(&beside("input"), &input)?;
        write_atomically(&folder.join(&file), &certificate)?;
        let entry = Entry {
            class: class.to_string(),
            input_sha256: sha256(input.as_bytes()),
            network_sha256: network_sha256.clone(),
            sha256: sha256(certificate.as_bytes()),
            file,
        };
        Ok((sample, Ok(entry)))
    });
    let all: Vec<(usize, std::result::Result<Entry, String>)> = all.collect::<Result<_>>()?;
    let mut found = Made::default();
    for (sample, made) in all {
        match made {
            Ok(entry) => found.entries.push(entry),
            Err(why) => found.without.push((sample, why)),
        }
    }
    Ok(found)
}

/// The name of a sample's certificate.
fn name(sample: usize) -> String {
    format!("sample{sample:06}.cert.json")
}

/// Writes the list of the certificates in a folder.
///
/// # Errors
/// A folder that cannot be written to.
pub(super) fn list(folder: &Path, made: Made) -> Result<Certificates> {
    let manifest = json!({"format": FORMAT, "certificates": made.entries});
    let manifest = format!("{manifest:#}\n");
    write_atomically(&folder.join(MANIFEST), &manifest)?;
    Ok(Certificates {
        manifest_sha256: sha256(manifest.as_bytes()),
        count: made.entries.len(),
        without: made.without,
    })
}

impl Made {
    /// Joins what was made apart, and holds it to the files of a folder: every sample whose class is the same has its
    /// certificate, network and input there, or a word on why not.
    ///
    /// # Errors
    /// The first file that is missing, or is another one than was made.
    pub fn joined(folder: &Path, parts: Vec<Self>, records: &[Record]) -> Result<Self> {
        let (mut entries, mut without) = (BTreeMap::new(), BTreeMap::new());
        for part in parts {
            entries.extend(part.entries.into_iter().map(|e| (e.file.clone(), e)));
            without.extend(part.without);
        }
        let mut all = Self::default();
        for sample in records.iter().filter(|r| r.verdict == "same") {
            let sample = sample.sample;
            match (entries.remove(&name(sample)), without.remove(&sample)) {
                (Some(entry), None) => all.entries.push(entry),
                (None, Some(why)) => all.without.push((sample, why)),
                _ => {
                    return Err(Error::domain(format!(
                        "sample {sample} has neither a certificate nor a word on why it has none"
                    )))
                }
            }
        }
        let held = |entry: &Entry| -> Result<()> {
            for (end, digest) in [
                ("", &entry.sha256),
                (".network", &entry.network_sha256),
                (".input", &entry.input_sha256),
            ] {
                let path = folder.join(format!("{}{end}", entry.file));
                if sha256(&read_bytes(&path, MAX_BYTES)?) != *digest {
                    return Err(Error::domain(
                        "another file than the shard made: make the shard again",
                    )
                    .in_file(&path));
                }
            }
            Ok(())
        };
        all.entries.par_iter().try_for_each(held)?;
        Ok(all)
    }
}
