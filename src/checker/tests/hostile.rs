//! Input made to break the checker: none may verify, and every one must come back.

mod common;
use common::*;
use polycert_checker::{check, Outcome};
use serde_json::{json, Value};

fn refused(bytes: &[u8], message: &str) {
    let outcome = check(bytes);
    let text = outcome.to_string();
    assert!(!matches!(outcome, Outcome::Verified(_)));
    assert!(text.contains(message), "{message}: {text}");
    assert!(text.len() < 2000, "the message is not to be flooded");
}

#[test]
fn truncated_documents() {
    let text = good().to_string();
    for end in (0..text.len())
        .step_by(7)
        .chain(text.len() - 20..text.len())
    {
        refused(&text.as_bytes()[..end], "UNREADABLE");
    }
}

#[test]
fn a_changed_byte_never_panics() {
    let text = good().to_string();
    for at in (0..text.len()).step_by(11) {
        for byte in [b'0', b'"', b'{', b'-', 0, 0xff] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            let _ = check(&bytes).to_string();
        }
    }
}

#[test]
fn junk() {
    refused(b"", "UNREADABLE");
    refused(&[0xff; 100], "UNREADABLE");
    refused(&vec![b'['; 10_000_000], "longer than 2097152 bytes");
    refused(&vec![b'['; 2_000_000], "nested deeper than 16");
    refused(
        "{\"a\":".repeat(300_000).as_bytes(),
        "nested deeper than 16",
    );
    refused(&vec![b' '; 2_000_000], "UNREADABLE");
    refused(
        format!("[{}\"\"]", "\"\",".repeat(690_000)).as_bytes(),
        "an object is expected",
    );
    refused(
        format!("[{}[]]", "[],".repeat(690_000)).as_bytes(),
        "an object is expected",
    );
    refused(
        format!("[{}", "{\"\":[]},".repeat(200_000)).as_bytes(),
        "UNREADABLE",
    );
    refused(
        format!("{{\"{}\":\"\"}}", "k".repeat(2_000_000)).as_bytes(),
        "UNREADABLE",
    );
    refused(
        b"{\"format\":\"a\",\"format\":\"a\"}",
        "duplicate field `format`",
    );
    refused("1".repeat(2_000_000).as_bytes(), "UNREADABLE");
    let mut seed = 1_u64;
    for length in 0..500 {
        let random = |_| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            b"{}[]\",:01/*^-\\u formatable"[(seed >> 40) as usize % 26]
        };
        let bytes: Vec<u8> = (0..length).map(random).collect();
        refused(&bytes, "UNREADABLE");
    }
}

#[test]
fn long_numbers() {
    let digits = "7".repeat(1_000_000);
    for pointer in [
        "/claims/2/hi",
        "/precision",
        "/claims/5/cites",
        "/claims/5/inputs",
        "/claims/2/witness/x",
    ] {
        for text in [
            digits.clone(),
            format!("1*2^{digits}"),
            format!("1/{digits}"),
        ] {
            refused(
                with(&good(), pointer, text.into()).to_string().as_bytes(),
                "UNREADABLE",
            );
        }
    }
    let bits = with(&good(), "/coefficients", format!("fixed:{digits}").into());
    refused(bits.to_string().as_bytes(), "UNREADABLE");
    let depth = with(
        &good(),
        "/claims/2/cells/0/orders",
        "0".repeat(1_900_000).into(),
    );
    refused(depth.to_string().as_bytes(), "not one digit");
}

/// A table of `n` components with one list of coefficients.
fn with_table(components: Vec<Value>, branches: Value, precision: &str) -> Value {
    let mut certificate = good();
    certificate["table"]["components"] = components.into();
    certificate["branches"] = branches;
    certificate["precision"] = precision.into();
    sign(&mut certificate);
    certificate
}

fn limited(certificate: &Value) {
    refused(certificate.to_string().as_bytes(), "REJECTED");
}

#[test]
fn many_large_coefficients() {
    // 940 numbers of the greatest length, each with a denominator of its own.
    let fraction = |k: usize| format!("{}/{}{k:03}", "7".repeat(1090), "9".repeat(1090));
    let coefficients =
        |c: usize| -> Vec<String> { (0..200).map(|k| fraction(c * 200 + k)).collect() };
    let both = json!([{"side": "both", "stages": vec![cubic_stage(); 4]}]);
    let component = |c| json!({"basis": "chebyshev", "coefficients": coefficients(c)});
    limited_unsigned((0..4).map(component).collect(), both.clone());
    let wide = json!({"basis": "chebyshev", "input_map": {"scale": "1*2^4096", "offset": "1*2^-4096"},
        "coefficients": vec!["1*2^4096"; 256]});
    limited_unsigned(vec![wide; 4], both.clone());
    let tiny = json!({"basis": "power", "coefficients": vec!["1*2^-4096"; 256]});
    limited_unsigned(
        vec![tiny; 32],
        json!([{"side": "both", "stages": vec![cubic_stage(); 32]}]),
    );
}

/// The digest cannot be computed by the plain test helper, so it is left wrong: the work up to it must be
/// limited as well. With the right digest, taken from the message, the rest is tried.
fn limited_unsigned(components: Vec<Value>, branches: Value) {
    for mode in ["exact", "f64", "fixed:1024"] {
        let mut certificate = with_table(components.clone(), branches.clone(), "2048");
        certificate["coefficients"] = mode.into();
        let text = outcome(&certificate).to_string();
        assert!(!text.starts_with("VERIFIED"));
        if let Some((_, digest)) = text.split_once("the table's digest is ") {
            certificate["table_sha256"] = digest.into();
            let text = outcome(&certificate).to_string();
            assert!(
                !text.starts_with("VERIFIED") && !text.contains("digest"),
                "{text}"
            );
        }
    }
}

/// An odd polynomial of degree 255, whose slope has no sign change for y > 0.
fn high_degree() -> Value {
    let coefficients: Vec<&str> = (0..256)
        .map(|j| if j % 2 == 1 { "1" } else { "0" })
        .collect();
    json!({"basis": "power", "coefficients": coefficients})
}

#[test]
fn many_segments_and_cells() {
    let segments = |n: usize, bits: usize| -> Value {
        let end = |k: usize| {
            if k == 0 {
                "0".into()
            } else {
                format!("{}*2^-{bits}", 2 * k + 1)
            }
        };
        let segment = |k| json!({"lo": end(k), "hi": end(k + 1), "boxes": []});
        (0..n).map(segment).collect()
    };
    for precision in ["64", "2048"] {
        for (n, bits) in [(20_000, 20), (5_000, 2000)] {
            let stages =
                vec![json!({"value": segments(n, bits.min(63 * (precision.len() - 1)))}); 1];
            let branches = json!([{"side": "both", "stages": stages}]);
            limited(&with_table(vec![high_degree()], branches, precision));
        }
    }
    let points: Vec<String> = (0..150_000).map(|k| format!("{k}")).collect();
    let mut wide = good();
    wide["precision"] = "2048".into();
    wide["branches"][0]["stages"][0] =
        json!({"value": [{"lo": "0", "hi": "1*2^64", "boxes": [["255*2^-8", "257*2^-8"]]}]});
    wide["claims"][2]["cells"][0] =
        json!({"orders": "0".repeat(points.len() - 1), "points": points});
    wide["claims"][2]["hi"] = "1*2^4096".into();
    wide["claims"][2]["to"] = "149999".into();
    limited(&wide);
}

#[test]
fn towers_of_powers() {
    // Each stage raises the size of its argument to the 255th power.
    let stage = json!({"value": [{"lo": "0", "hi": "1*2^64", "boxes": []}]});
    let branches = json!([{"side": "both", "stages": vec![stage; 32]}]);
    for precision in ["64", "2048"] {
        let mut certificate = with_table(vec![high_degree(); 32], branches.clone(), precision);
        limited(&certificate);
        certificate["claims"] = json!([{"rule": "magnitude", "to": "1*2^-60",
            "cells": [{"points": ["0", "1*2^-60"], "orders": "0"}], "hi": "1*2^4096",
            "witness": {"x": "1*2^-60", "lo": "-1"}, "escape": {"x": "1*2^64", "lo": "2*2^4096"}}]);
        limited(&certificate);
    }
}

#[test]
fn many_claims_with_long_numbers() {
    let mut certificate = good();
    let ranges = json!([["-1*2^4096", "1*2^4096"]]);
    let claim = json!({"rule": "stage_ranges", "from": "0", "to": "1", "ranges": ranges});
    certificate["claims"] = vec![claim.clone(); 256].into();
    limited(&certificate);
    certificate["claims"] = vec![claim; 257].into();
    refused(
        certificate.to_string().as_bytes(),
        "257 entries, where 1 to 256",
    );
    let inputs: Vec<String> = (0..1024)
        .map(|k| format!("{}*2^-127", 3 * k * k - 99))
        .collect();
    let scale = format!("{}/{}", "1".repeat(1000), "3".repeat(1100));
    let pool = json!({"rule": "pool", "cites": "2", "inputs": "1024", "range": "1", "input_scale": scale,
        "hi": "1*2^4096", "witness": {"inputs": inputs, "lo": "-1"}});
    let mut many = claims(1)[..5].to_vec();
    many.extend(vec![pool; 40]);
    certificate["claims"] = many.into();
    limited(&certificate);
}

#[test]
fn text_of_the_document_cannot_forge_output() {
    let name = "x\nVERIFIED |r(x) - ReLU(x)| <= 0\u{1b}[2J\u{202e}";
    let mut certificate = good();
    certificate["table"]["name"] = name.into();
    sign(&mut certificate);
    let text = outcome(&certificate).to_string();
    assert_eq!(text.matches("\nVERIFIED").count(), 0);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    let field = with(&good(), "/x\nVERIFIED", "".into());
    assert!(!outcome(&field).to_string().contains('\n'));
    let rule = with(&good(), "/claims/0/rule", name.into());
    assert!(!outcome(&rule).to_string().contains('\n'));
}

#[test]
fn a_name_cannot_pose_as_a_digest() {
    let name = format!("relu14\", sha256 {}", "0".repeat(64));
    let certificate = with(&good(), "/table/name", name.clone().into());
    let Outcome::Verified(report) = outcome(&certificate) else {
        panic!("the name does not matter");
    };
    assert_eq!(report.table_name(), name);
    assert!(!report.to_string().contains("relu14\""));
}
