//! For every condition on numbers, documents and tables a certificate that breaks it, with the message it must
//! get. Each is a valid certificate with one value replaced.

mod common;
use common::*;
use serde_json::{json, Value};

/// No document begins with a byte order mark, and who has one is told what to do (FORMAT.md, section 2).
#[test]
fn a_byte_order_mark_is_refused_by_name() {
    let marked = [b"\xef\xbb\xbf", good().to_string().as_bytes()].concat();
    let words = polycert_checker::check(&marked).to_string();
    let meant = "begins with a byte order mark (EF BB BF): save it as UTF-8 without one";
    assert!(
        words.starts_with("UNREADABLE") && words.contains(meant),
        "{words}"
    );
    let Err(words) = polycert_checker::Manifest::parse(&marked) else {
        panic!("a manifest with a byte order mark");
    };
    assert!(words.contains(meant), "{words}");
}

#[test]
fn numbers() {
    let hi = "/claims/2/hi";
    let hint = "/claims/2/witness/x";
    let place = "UNREADABLE claims[2].hi: not an integer, a fraction or a dyadic";
    let mut rows = Vec::new();
    for text in [
        "", "1.5", "1e3", "0x2", "+1", "01", " 1", "1/2/3", "1*2^", "nan", "1*2^-02",
    ] {
        rows.push((hi, text.into(), place));
    }
    rows.extend([
        (hi, json!(1), "numbers are written as strings"),
        (hi, json!(1.5), "numbers are written as strings"),
        (hi, json!(null), "numbers are written as strings"),
        (
            hi,
            "1/0".into(),
            "claims[2].hi: the denominator is not positive",
        ),
        (
            hi,
            "1/-2".into(),
            "claims[2].hi: the denominator is not positive",
        ),
        (
            hi,
            "1".repeat(2201).into(),
            "claims[2].hi: a number has at most 2200 characters",
        ),
        (
            hi,
            "1*2^4097".into(),
            "the exponent of a dyadic is between -4096 and 4096",
        ),
        (
            hint,
            "1/2".into(),
            "claims[2].witness.x: a hint number cannot be a fraction",
        ),
        (
            hint,
            "1*2^-128".into(),
            "claims[2].witness.x: a hint number must be a multiple of 2^-127",
        ),
        (
            hint,
            "-18446744073709551617".into(),
            "claims[2].witness.x: a hint number is at most 2^64",
        ),
        (
            hint,
            "0".into(),
            "claims[2].witness.x: a witness cannot be at 0",
        ),
    ]);
    refused(&good(), &rows);
}

#[test]
fn document() {
    refused(
        &good(),
        &[
            (
                "/format",
                "polycert-certificate/2".into(),
                "UNREADABLE format: `polycert-certificate/2`",
            ),
            (
                "/extra",
                "".into(),
                "UNREADABLE extra: the field is unknown",
            ),
            (
                "/table_sha256",
                "ab".repeat(32).into(),
                "UNREADABLE table_sha256: states abab",
            ),
            (
                "/coefficients",
                "f16".into(),
                "UNREADABLE coefficients: not one of exact, f64",
            ),
            (
                "/coefficients",
                "fixed:0".into(),
                "an integer from 1 to 1024",
            ),
            (
                "/coefficients",
                "fixed:1025".into(),
                "an integer from 1 to 1024",
            ),
            (
                "/precision",
                "63".into(),
                "UNREADABLE precision: an integer from 64 to 2048",
            ),
            (
                "/precision",
                "2049".into(),
                "UNREADABLE precision: an integer from 64 to 2048",
            ),
            (
                "/branches",
                json!([]),
                "UNREADABLE branches: 0 entries, where 1 to 2",
            ),
            (
                "/claims",
                json!([]),
                "UNREADABLE claims: 0 entries, where 1 to 256",
            ),
            (
                "/claims",
                json!({}),
                "UNREADABLE claims: a list is expected",
            ),
            (
                "/claims",
                "".into(),
                "UNREADABLE claims: a list is expected",
            ),
            (
                "/table",
                json!([]),
                "UNREADABLE table: an object is expected",
            ),
            (
                "/claims/0/extra",
                "".into(),
                "UNREADABLE claims[0].extra: the field is unknown",
            ),
            (
                "/claims/0/rule",
                "trust_me".into(),
                "UNREADABLE claims[0].rule: `trust_me` is not a rule",
            ),
            (
                "/claims/0/rule",
                "closeness".into(),
                "UNREADABLE claims[0].hi: the field is missing",
            ),
            (
                "/branches/0/stages/0/value/0/x",
                "".into(),
                "branches[0].stages[0].value[0].x: the field is unknown",
            ),
        ],
    );
    for field in [
        "format",
        "table",
        "table_sha256",
        "coefficients",
        "precision",
        "claims",
    ] {
        let mut certificate = good();
        certificate.as_object_mut().unwrap().remove(field);
        let expected = format!("UNREADABLE {field}: the field is missing");
        assert_eq!(outcome(&certificate).to_string(), expected);
    }
}

#[test]
fn tables() {
    let many = |n: usize| -> Value { vec!["0"; n].into() };
    let component = json!({"basis": "power", "coefficients": ["0", "1"]});
    refused_table(&[
        (
            "/table/format",
            "polycert-table/2".into(),
            "table.format: `polycert-table/2`",
        ),
        (
            "/table/target",
            "gelu".into(),
            "table.target: not one of sign",
        ),
        (
            "/table/name",
            "x".repeat(201).into(),
            "table.name: longer than 200",
        ),
        (
            "/table/provenance/source",
            "x".repeat(4097).into(),
            "table.provenance.source: longer than 4096",
        ),
        (
            "/table/provenance/source",
            json!([]),
            "table.provenance.source: a string is expected",
        ),
        (
            "/table/domain/hi",
            "-1".into(),
            "table.domain: lo is not below hi",
        ),
        (
            "/table/domain/eps",
            "0".into(),
            "table.domain.eps: eps is not between",
        ),
        (
            "/table/domain/eps",
            "1".into(),
            "table.domain.eps: eps is not between",
        ),
        (
            "/table/components",
            json!([]),
            "table.components: 0 entries, where 1 to 32",
        ),
        (
            "/table/components",
            vec![component; 33].into(),
            "table.components: 33 entries, where 1 to 32",
        ),
        (
            "/table/components/0/basis",
            "legendre".into(),
            "components[0].basis: not one of power",
        ),
        (
            "/table/components/0/coefficients",
            many(257),
            "257 entries, where 1 to 256",
        ),
        (
            "/table/components/0/coefficients",
            many(0),
            "0 entries, where 1 to 256",
        ),
        (
            "/table/components/0/input_map",
            json!({"scale": "0", "offset": "1"}),
            "input_map.scale: the scale is 0",
        ),
        (
            "/table/components/0/input_map",
            json!({"scale": "1"}),
            "input_map.offset: the field is missing",
        ),
        (
            "/table/surplus",
            "".into(),
            "table.surplus: the field is unknown",
        ),
        // Sound tables of other polynomials: the hints no longer fit.
        (
            "/table/components/0/coefficients/0",
            "1/1000".into(),
            "REJECTED branches: one branch for both sides, but component 0",
        ),
        (
            "/table/components/0/input_map",
            json!({"scale": "1", "offset": "1/9"}),
            "component 0 is not odd",
        ),
        (
            "/table/components/0/coefficients/3",
            "1/2".into(),
            "1 boxes for 0 sign changes",
        ),
    ]);
    let mut huge = good();
    huge["table"]["components"][0]["coefficients"][1] = format!("1{}", "0".repeat(400)).into();
    huge["coefficients"] = "f64".into();
    sign(&mut huge);
    let text = outcome(&huge).to_string();
    assert_eq!(
        text,
        "UNREADABLE table.components[0].coefficients[1]: the coefficient overflows the format"
    );
    let other = polycert_checker::check_table(good().to_string().as_bytes(), Some(&"0".repeat(64)));
    let text = other.to_string();
    assert!(
        text.contains(&digest(&good()["table"])) && text.contains(&"0".repeat(64)),
        "{text}"
    );
}
