//! An outcome as one line of JSON, for programs.

use crate::words::decrypted::Decrypted;
use crate::words::report::{Outcome, Report};

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(","))
}

impl Outcome {
    /// The fields of a JSON object, without its braces. `error_lo`, `error_hi` and `beyond` are of the polynomial
    /// without encryption, `decrypted_error_hi` is of what is decrypted.
    pub fn json_fields(&self) -> String {
        match self {
            Outcome::Verified(report) => verified(report),
            Outcome::Rejected {
                claim,
                rule,
                detail,
            } => {
                let claim = claim.map_or("null".to_owned(), |claim| quoted(&claim.to_string()));
                format!(
                    "\"outcome\":\"REJECTED\",\"claim\":{claim},\"rule\":{},\"detail\":{}",
                    quoted(rule),
                    quoted(detail)
                )
            }
            Outcome::Unreadable { path, detail } => format!(
                "\"outcome\":\"UNREADABLE\",\"path\":{},\"detail\":{}",
                quoted(path),
                quoted(detail)
            ),
        }
    }
}

fn verified(report: &Report) -> String {
    let verdict = report
        .verdict()
        .map_or("null".to_owned(), |v| quoted(v.name()));
    let (lo, hi) = report.enclosure();
    let decrypted = report.decrypted().map_or(String::new(), decrypted);
    format!(
        "\"outcome\":\"VERIFIED\",\"statement\":{},\"verdict\":{verdict},\
         \"error_lo\":{},\"error_hi\":{}{decrypted},\"statements\":{},\"beyond\":{},\"table\":{},\"table_output\":{},\"table_sha256\":{},\
         \"coefficients\":{},\"work\":\"{}\"",
        quoted(report.headline()),
        quoted(lo),
        quoted(hi),
        list(report.words()),
        list(report.beyond()),
        quoted(report.table_name()),
        quoted(match report.table_step {
            true => "step",
            false => "sign",
        }),
        quoted(report.table_sha256()),
        quoted(&report.mode().to_string()),
        report.work(),
    )
}

fn decrypted(decrypted: &Decrypted) -> String {
    let chance = decrypted
        .k
        .map_or("\"0\"".to_owned(), |k| format!("\"2^-{k}\""));
    let refresh = (decrypted.refresh_sha256.as_ref()).map_or(String::new(), |digest| {
        format!(",\"refresh_sha256\":{}", quoted(digest))
    });
    format!(
        ",\"decrypted_error_hi\":{},\"failure_probability\":{chance},\"assumptions\":{},\
         \"parameters_sha256\":{},\"circuit_sha256\":{}{refresh}",
        quoted(&decrypted.error_hi),
        list(&decrypted.assumptions),
        quoted(&decrypted.parameters_sha256),
        quoted(&decrypted.circuit_sha256)
    )
}
