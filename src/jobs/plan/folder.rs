//! What a plan writes: tables, their certificates, the audit, and the manifest.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::files::{replaced_in, sha256, write_atomically};
use crate::jobs::certify;
use crate::jobs::network::Polynomials;
use crate::jobs::plan::answer::Answer;
use crate::jobs::plan::ciphertexts::UNIFORM;
use crate::jobs::plan::closing::EVALUATION;
use crate::jobs::plan::described::describe;
use crate::jobs::plan::progress::Progress;
use crate::jobs::plan::request::{Goal, Request};
use crate::jobs::plan::rows::Row;
use crate::network::model::exact::network_text;
use crate::plan::levels::Done;
use rug::Rational;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// The manifest's format tag.
pub const FORMAT: &str = "polycert-plan/1";
/// The manifest.
pub const PLAN: &str = "plan.json";
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
    let mut written: BTreeMap<String, (String, String)> = BTreeMap::new();
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
            written.insert(row.table_sha256.clone(), (table_file, certificate_file));
        }
        let (table_file, certificate_file) = &written[&row.table_sha256];
        (row.table, row.certificate) = (table_file.clone(), certificate_file.clone());
        files.push(folder.join(table_file));
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

/// Writes the manifest, last of all.
///
/// # Errors
/// A file that cannot be read or written.
pub fn manifest(request: &Request, answer: &Answer) -> Result<Value> {
    let solved = &answer.solved;
    let network = &solved.loaded.network;
    let text = |x: &Rational| number::write_canonical(x);
    let hash = |file: &str| -> Result<String> {
        let path = request.output.join(file);
        let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, &e))?;
        Ok(sha256(&bytes))
    };
    let mut activations = Vec::new();
    for row in &answer.rows {
        activations.push(json!({
            "node": row.layer.name,
            "activation": row.layer.activation,
            "B": text(&row.layer.b),
            "bound_reach_selected": row.layer.bound_reach,
            "design": row.design.name,
            "degrees": row.design.table.degrees(),
            "table": row.table,
            "table_sha256": row.table_sha256,
            "certificate": row.certificate,
            "certificate_sha256": hash(&row.certificate)?,
            "bound_error": text(&row.bound_error()),
            "levels": row.cost().depth,
            "products": row.cost().mults,
        }));
    }
    let steps = network.nodes.iter().zip(&answer.found.plan.steps);
    let step = |(node, done): (&crate::network::model::graph::Node, &Done)| {
        json!({
            "node": node.name,
            "enter": done.enter,
            "leave": done.leave,
            "refreshed": done.refreshed,
            "estimate_ms": done.price,
        })
    };
    let (summary, counted) = (&answer.audit.summary, answer.cost());
    let share = summary.bound_same_share(answer.risk);
    let inside = answer.bound_outside_share();
    let mut value = json!({
        "format": FORMAT,
        "version": env!("CARGO_PKG_VERSION"),
        "command": request.command,
        "network_sha256": solved.loaded.sha256,
        "exact_network_sha256": sha256(network_text(network).as_bytes()),
        "goal": match answer.goal {
            Goal::Agreement(share) => json!({"agreement": share}),
            Goal::Margin(share) => json!({"margin": share}),
            Goal::Logits(most) => json!({"logits": most}),
        },
        "profile": {
            "name": solved.profile.name,
            "log_n": solved.profile.log_n,
            "level_bits": solved.profile.level_bits,
            "usable_levels": solved.profile.usable_levels,
            "assumed": solved.profile.assumed(),
        },
        "range_margin": text(&request.margin),
        "activations": activations,
        "levels": steps.map(step).collect::<Vec<_>>(),
        "inside": answer.rows.iter().filter(|r| !r.inside.is_empty()).map(|r| json!({
            "node": r.layer.name,
            "refreshed": r.inside,
        })).collect::<Vec<_>>(),
        "inputs": {
            "data_sha256": solved.inputs.sha256,
            "seed": request.seed.to_string(),
            "repeated": solved.split.repeated,
            "selected": solved.split.selected_sha256,
            "stated": solved.split.stated_sha256,
        },
        "proved": {
            "same": summary.same,
            "different": summary.different,
            "of": summary.samples,
            "outside": summary.outside,
            "confidence": 1.0 - answer.risk,
            "bound_same_share": [share.0, share.1],
            "bound_outside_share": [inside.0, inside.1],
            "audit": AUDIT,
            "audit_sha256": hash(AUDIT)?,
            "certified": answer.certified,
            "noise": answer.stood.as_ref().map(|s| json!({
                "least_margins": s.samples.len(),
                "bits": s.bits,
                "kept": s.kept,
            })),
        },
        "assumed": answer.assumed(),
        "estimates": {
            "ms": answer.found.plan.price,
            "bootstraps": answer.bootstraps(),
            "kept_selected": answer.found.estimate_kept,
            "greatest_loss_of_a_margin": answer.found.estimate_loss,
            "sharing_levels": answer.found.plan.shared,
        },
        "counted": {"levels": counted.depth, "products": counted.mults, "top": answer.top_used()},
        "uniform": solved.uniform.as_ref().map(|u| json!({
            "design": u.design,
            "B": text(&u.b),
            "levels": u.cost.depth,
            "products": u.cost.mults,
            "bootstraps": u.bootstraps,
            "estimate_ms": u.estimate_ms,
        })),
    });
    describe(answer, &mut value);
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    write_atomically(&request.output.join(PLAN), &text)?;
    Ok(value)
}
