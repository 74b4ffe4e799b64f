//! Smooth targets from the command line: certified, shown, checked, refused by those who have no use for them.

use crate::support::program::{number, polycert, read, Folder, F1};
use serde_json::{json, Value};

/// 1 + x + x^2/2 for exp on [-1, 1]: the error is e - 5/2 at 1.
fn exp() -> Value {
    json!({"format": "polycert-table/1", "name": "e", "target": "smooth", "function": "exp(x)",
        "domain": {"lo": "-1", "hi": "1"}, "components": [{"basis": "power", "coefficients": ["1", "1", "1/2"]}]})
}

#[test]
fn a_smooth_table_is_certified_shown_and_checked() {
    let f = Folder::new();
    let table = f.file("e.json", exp().to_string());
    let certificate = f.at("e.cert.json");
    let line = ["certify", &table, "--claim", "0.219", "-o", &certificate];
    let said = polycert(&line).exits(0).out;
    assert!(
        said.starts_with("PROVED claim 219/1000\n") && said.contains("|p(x) - exp(x)| <="),
        "{said}"
    );
    polycert(&["check", &certificate]).exits(0);
    assert!(polycert(&["show", &certificate])
        .exits(0)
        .out
        .contains("exp(x)"));
    assert!(polycert(&["show", &table])
        .exits(0)
        .out
        .contains("function     exp(x)\nvalue        p\n"));
    let j = polycert(&["certify", &table, "--claim", "0.218", "--json"])
        .exits(1)
        .json();
    assert_eq!(
        (&j["verdict"], &j["witness_x"]),
        (&json!("REFUTED"), &json!("1"))
    );
    assert_eq!(
        (&j["function"], &j["value"], &j["error"]),
        (&json!("exp(x)"), &json!("p"), &json!("absolute"))
    );
    let e = 1.0f64.exp() - 2.5;
    for field in ["bound_lo", "bound_hi"] {
        assert!((number(&j, field).to_f64() - e).abs() < 1e-12);
    }
    // A catalogue has a row of it, a report a page without a curve.
    let rows = polycert(&["catalogue", &f.at(""), "--format", "json"])
        .exits(0)
        .out;
    assert!(
        rows.contains("\"smooth\"") && rows.contains("PROVED"),
        "{rows}"
    );
    let page = f.at("page.html");
    polycert(&["report", &certificate, "-o", &page]).exits(0);
    assert!(read(&page).contains("No error curve is drawn"));
}

#[test]
fn function_value_error_and_range_of_any_table() {
    let f = Folder::new();
    let mut other = exp();
    other["target"] = "direct_relu".into();
    other.as_object_mut().unwrap().remove("function");
    let table = f.file("t.json", other.to_string());
    let line = [
        "certify",
        &table,
        "--target",
        "smooth",
        "--function",
        "exp(x)",
        "--range=-1/2,1/2",
        "--json",
    ];
    let j = polycert(&line).exits(0).json();
    let e = 0.5f64.exp() - 1.625;
    assert!((number(&j, "bound_hi").to_f64() - e).abs() < 1e-12);
    let more = [
        "--value",
        "p - 1",
        "--function",
        "exp(x) - 1",
        "--error",
        "weight:exp(-x)",
    ];
    let line = [
        &[
            "certify",
            &table,
            "--target",
            "smooth",
            "--range=-1,1",
            "--json",
        ],
        &more[..],
    ]
    .concat();
    let j = polycert(&line).exits(0).json();
    // At -1: (1/e - 1/2) e.
    assert!((number(&j, "bound_hi").to_f64() - (1.0f64.exp() / 2.0 - 1.0)).abs() < 1e-12);
    // What a table states may be asked for by name, p too where it states no value.
    let own = f.file("own.json", exp().to_string());
    let line = ["certify", &own, "--function", "exp(x)", "--value", "p"];
    polycert(&line).exits(0);
    // An error that is 0 whatever p is.
    let line = ["certify", &own, "--error", "weight:x - x", "--json"];
    assert!(number(&polycert(&line).exits(0).json(), "bound_hi").to_f64() < 1e-30);
    let values = polycert(&[
        "values",
        &f.file("e.json", exp().to_string()),
        "--at",
        "0.5,-1/3",
        "--json",
    ]);
    let j = values.exits(0).json();
    assert_eq!(
        (&j[0]["p_lo"], &j[0]["p_hi"], &j[1]["x"]),
        (&json!("1.625"), &json!("1.625"), &json!("-1/3"))
    );
    let f_lo: f64 = j[0]["f_lo"].as_str().unwrap().parse().unwrap();
    assert!((f_lo - 0.5f64.exp()).abs() < 1e-15);
}

#[test]
fn minimax_of_a_smooth_function_is_certified() {
    let f = Folder::new();
    let table = f.at("g.json");
    let line = [
        "family",
        "minimax",
        "--function",
        "gelu",
        "--range=-8,8",
        "--degree",
        "24",
        "-o",
        &table,
    ];
    let said = polycert(&line).exits(0).err;
    let estimate: f64 = said
        .split("error ")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let j = polycert(&["certify", &table, "--json"]).exits(0).json();
    assert_eq!(j["function"], "gelu(x)");
    assert!(
        (number(&j, "bound_hi").to_f64() / estimate - 1.0).abs() < 1e-6,
        "{said}"
    );
    let line = [
        "family",
        "minimax",
        "--function",
        "exp(x)",
        "--range",
        "1",
        "--degree",
        "5",
        "--relative",
        "-o",
        &table,
    ];
    polycert(&line).exits(0);
    let j = polycert(&["certify", &table, "--error", "relative", "--json"])
        .exits(0)
        .json();
    let found = number(&j, "bound_hi").to_f64();
    assert!(found > 4.5e-5 / 2.0 && found < 4.5e-5 * 2.0, "{found}");
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let f = Folder::new();
    let (e, f1) = (f.file("e.json", exp().to_string()), f.file("f1.json", F1));
    let bad = f.file("b.json", exp().to_string().replace("exp(x)", "exp(2x)"));
    for (line, part) in [
        (vec!["certify", &e, "--to", "2"], "--range=LO,HI"),
        (vec!["certify", &e, "--to", "1"], "--range=LO,HI"),
        (vec!["certify", &e, "--scale", "2"], "--scale"),
        (vec!["certify", &e, "--eps", "1/4"], "--eps"),
        (
            vec!["certify", &e, "--function", "sin(x)"],
            "the table is for \"exp(x)\"",
        ),
        (
            vec!["certify", &e, "--value", "2*p"],
            "the table is for \"p\"",
        ),
        (vec!["certify", &e, "--function", "exp(x"], "expected )"),
        (vec!["certify", &e, "--range=2,1"], "not below"),
        (
            vec!["certify", &e, "--error", "square"],
            "expected absolute, relative",
        ),
        (vec!["certify", &f1, "--target", "smooth"], "--function"),
        (
            vec!["certify", &f1, "--function", "exp(x)"],
            "--target smooth",
        ),
        (
            vec!["certify", &f1, "--target", "smooth", "--function", "1/x"],
            "a divisor is 0",
        ),
        (vec!["certify", &bad], "character 6"),
        (vec!["import", &f1, "--target", "smooth"], "--function EXPR"),
        (
            vec![
                "generate",
                "--degrees",
                "3",
                "--alpha",
                "4",
                "--zeta",
                "4",
                "--target",
                "smooth",
            ],
            "smooth",
        ),
        (
            vec!["family", "chebyshev", "--function", "gelu", "--degree", "5"],
            "minimax alone",
        ),
        (
            vec!["family", "minimax", "--function", "log", "--degree", "5"],
            "not defined at x = -1",
        ),
        (vec!["values", &f1, "--at", "1"], "--function"),
        (
            vec!["values", &e, "--at", "1", "--value", "2*p"],
            "the table is for",
        ),
    ] {
        let said = polycert(&line).exits(2);
        assert!(
            said.out.is_empty() && said.err.contains(part),
            "{line:?}: {}",
            said.err
        );
    }
}
