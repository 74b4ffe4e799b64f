//! Hand-written certificates about (3 y - y^3)/2, whose quantities are easy to work out on paper.
#![allow(dead_code)] // Each test file uses a part.

pub mod mutations;
pub mod smooth;

use polycert_checker::{check, Outcome, Report};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

/// The digest of a table whose numbers are written in lowest terms.
pub fn digest(table: &Value) -> String {
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    let domain = &table["domain"];
    let mut lines = format!(
        "polycert-table/1\ndomain {} {}\n",
        text(&domain["lo"]),
        text(&domain["hi"])
    );
    for segment in domain["segments"].as_array().unwrap_or(&Vec::new()) {
        lines += &format!("segment {} {}\n", text(&segment[0]), text(&segment[1]));
    }
    lines += &format!("eps {}\n", text(&domain["eps"]));
    for name in ["function", "value"] {
        if let Some(formula) = table.get(name) {
            lines += &format!("{name} {}\n", text(formula));
        }
    }
    for c in table["components"].as_array().unwrap() {
        let (scale, offset) = match c.get("input_map") {
            Some(map) => (text(&map["scale"]), text(&map["offset"])),
            None => ("1".into(), "0".into()),
        };
        let coefficients = c["coefficients"].as_array().unwrap();
        let count = coefficients.len();
        lines += &format!("component {} {scale} {offset} {count}\n", text(&c["basis"]));
        for coefficient in coefficients {
            lines += &format!("{}\n", text(coefficient));
        }
    }
    let hash = Sha256::digest(lines);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A table of components in powers.
pub fn table(components: &[&[&str]]) -> Value {
    let component = |c: &&[&str]| json!({"basis": "power", "coefficients": c});
    let components: Vec<Value> = components.iter().map(component).collect();
    json!({
        "format": "polycert-table/1", "name": "cubic", "target": "relu",
        "domain": {"lo": "-1", "hi": "1", "eps": "1/2"},
        "components": components, "provenance": {"source": "written by hand"}
    })
}

pub fn certificate(table: Value, branches: Value, claims: Value) -> Value {
    json!({
        "format": "polycert-certificate/1", "table_sha256": digest(&table), "table": table,
        "coefficients": "exact", "precision": "128", "branches": branches, "claims": claims
    })
}

/// Puts the right digest back after a change of the table.
pub fn sign(certificate: &mut Value) {
    certificate["table_sha256"] = digest(&certificate["table"]).into();
}

pub const CUBIC: &[&str] = &["0", "3/2", "0", "-1/2"];

/// Pieces of (3 y - y^3)/2 on [0, 5], which turns at 1, and of its slope, which is monotone.
pub fn cubic_stage() -> Value {
    json!({
        "value": [{"lo": "0", "hi": "5", "boxes": [["255*2^-8", "257*2^-8"]]}],
        "slope": [{"lo": "0", "hi": "5", "boxes": []}]
    })
}

/// 64 cells on [0, 1], every third of order 1 if wanted.
pub fn cells(mixed: bool) -> Value {
    let points: Vec<String> = (0..=64).map(|k| format!("{k}*2^-6")).collect();
    let order = |k| if mixed && k % 3 == 0 { '1' } else { '0' };
    let orders: String = (0..64).map(order).collect();
    json!({"points": points, "orders": orders})
}

/// With q = (3 y - y^3)/2: 1 - q(1/2) = 5/16; y (1 - q)/2 peaks at 0.4226 with 0.0853; (q + y q')/2 peaks
/// at 0.7071 with 0.7071; r(1) = 1, r(4) = -50, r(-4) = -54.
pub fn claims(lists: usize) -> Vec<Value> {
    let mixed = vec![cells(true); lists];
    let plain = vec![cells(false); lists];
    vec![
        json!({"rule": "stage_ranges", "from": "1/2", "to": "1", "ranges": [["2/3", "11/10"]]}),
        json!({"rule": "closeness", "from": "1/2", "to": "1", "hi": "1/3",
            "witness": {"x": "1*2^-1", "lo": "3/10"}}),
        json!({"rule": "deviation", "to": "1", "cells": mixed, "hi": "19/200",
            "witness": {"x": "-27*2^-6", "lo": "17/200"}}),
        json!({"rule": "derivative", "to": "1", "cells": plain, "hi": "3/4",
            "witness": {"x": "-45*2^-6", "lo": "69/100"}}),
        json!({"rule": "magnitude", "to": "1", "cells": plain, "hi": "33/32",
            "witness": {"x": "1", "lo": "98/100"}, "escape": {"x": "-4", "lo": "53"}}),
        json!({"rule": "pool", "cites": "2", "inputs": "4", "range": "1", "input_scale": "1/4",
            "hi": "19/25", "witness": {"inputs": ["1", "-3*2^-2", "-1", "-1"], "lo": "67/100"}}),
        json!({"rule": "target", "cites": "2", "function": "relu", "scale": "2", "lo": "17/100",
            "hi": "19/100", "claim": {"bound": "1/5", "verdict": "PROVED"}}),
    ]
}

/// The certificate of one cubic stage, with a claim of every rule.
pub fn good() -> Value {
    let branches = json!([{"side": "both", "stages": [cubic_stage()]}]);
    certificate(table(&[CUBIC]), branches, claims(1).into())
}

/// Two branches: (3 y - y^3)/2 + y^2/64 turns at 1.0105 and -0.9896, its slope at 0.0104.
pub fn uneven() -> Value {
    let stage = |u: &str, v: &str, bends: Value| {
        json!({"value": [{"lo": "0", "hi": "5", "boxes": [[u, v]]}],
            "slope": [{"lo": "0", "hi": "5", "boxes": bends}]})
    };
    let positive = stage("129*2^-7", "130*2^-7", json!([["1*2^-7", "2*2^-7"]]));
    let negative = stage("126*2^-7", "127*2^-7", json!([]));
    let branches = json!([
        {"side": "positive", "stages": [positive]},
        {"side": "negative", "stages": [negative]}
    ]);
    let table = table(&[&["0", "3/2", "1/64", "-1/2"]]);
    certificate(table, branches, claims(2).into())
}

pub fn outcome(certificate: &Value) -> Outcome {
    check(certificate.to_string().as_bytes())
}

pub fn verified(certificate: &Value) -> Report {
    match outcome(certificate) {
        Outcome::Verified(report) => report,
        other => panic!("{other}"),
    }
}

/// Replaces the value at a JSON pointer.
pub fn with(certificate: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = certificate.clone();
    match changed.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            changed.pointer_mut(parent).unwrap()[key] = value;
        }
    }
    changed
}

/// Each row: where, the new value, and what the outcome must say.
pub fn refused(certificate: &Value, rows: &[(&str, Value, &str)]) {
    verified(certificate);
    for (pointer, value, message) in rows {
        let text = outcome(&with(certificate, pointer, value.clone())).to_string();
        assert!(text.contains(message), "{pointer} {value}: {text}");
        assert!(
            text.starts_with("REJECTED") || text.starts_with("UNREADABLE"),
            "{text}"
        );
    }
}

/// The same for the table, whose digest is put right.
pub fn refused_table(rows: &[(&str, Value, &str)]) {
    for (pointer, value, message) in rows {
        let mut certificate = with(&good(), pointer, value.clone());
        sign(&mut certificate);
        let text = outcome(&certificate).to_string();
        assert!(text.contains(message), "{pointer} {value}: {text}");
    }
}
