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
    // A catalogue has a row of it.
    let rows = polycert(&["catalogue", &f.at(""), "--format", "json"])
        .exits(0)
        .out;
    assert!(
        rows.contains("\"smooth\"") && rows.contains("PROVED"),
        "{rows}"
    );
}

/// The curves hold what is proved: every sample below the bound, the largest near it, no sample in a gap.
#[test]
fn a_page_draws_error_and_value_part_by_part() {
    let f = Folder::new();
    let mut parts = exp();
    parts["domain"]["segments"] = json!([["-1", "-1/2"], ["1/4", "1"]]);
    let mut steps = parts.clone();
    steps["value"] = "y = p/2; 2*y + 1/8".into();
    for (name, table, error, measure, quantity) in [
        (
            "whole",
            exp(),
            "absolute",
            "output units",
            "|p(x) \u{2212} f(x)|",
        ),
        ("parts", parts, "relative", "of f", "|p(x)/f(x) \u{2212} 1|"),
        (
            "steps",
            steps,
            "weight:exp(-x)",
            "weighted output units",
            "|w(x) (v(x) \u{2212} f(x))|",
        ),
    ] {
        let segments = table["domain"]["segments"].as_array().map_or(1, Vec::len);
        let table = f.file(&format!("{name}.json"), table.to_string());
        let certificate = f.at(&format!("{name}.cert.json"));
        let line = [
            "certify",
            &table,
            "--error",
            error,
            "-o",
            &certificate,
            "--json",
        ];
        let hi = number(&polycert(&line).exits(0).json(), "bound_hi").to_f64();
        let (page, csv) = (f.at(&format!("{name}.html")), f.at(name));
        let line = ["report", &certificate, "-o", &page, "--csv", &csv];
        polycert(&line).exits(0);
        let page = read(&page);
        assert_eq!(page.matches("<svg").count(), 2, "{name}");
        assert!(
            page.contains(quantity) && !page.contains("m(a, b)"),
            "{name}"
        );
        let mut files: Vec<_> = std::fs::read_dir(&csv)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        files.sort();
        let [errors, values] = files.as_slice() else {
            panic!("{files:?}");
        };
        let rows = |path: &std::path::Path| -> Vec<Vec<f64>> {
            let text = std::fs::read_to_string(path).unwrap();
            let cells = |line: &str| line.split(',').map(|c| c.parse().unwrap()).collect();
            text.lines().skip(1).map(cells).collect()
        };
        let head = std::fs::read_to_string(errors).unwrap();
        assert!(
            head.contains(&format!("measure_error_max [{measure}]")),
            "{head}"
        );
        let found = rows(errors);
        let largest = found.iter().map(|r| r[3]).fold(0.0, f64::max);
        assert!(
            largest <= hi && largest > 0.999 * hi,
            "{name}: {largest} {hi}"
        );
        assert!(found.iter().all(|r| r[2] <= r[3] && r[3] <= r[4]));
        let in_gap = |r: &&Vec<f64>| segments > 1 && r[0] < 0.25 && r[1] > -0.5;
        assert_eq!(found.iter().find(in_gap), None);
        // The value at the samples, by this machine's own functions.
        let more = if name == "steps" { 0.125 } else { 0.0 };
        for r in rows(values) {
            let (x, value, function) = (r[0], r[1], r[2]);
            assert!((value - (1.0 + x + x * x / 2.0) - more).abs() < 1e-10);
            assert!((function - x.exp()).abs() < 1e-10);
        }
    }
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
        (vec!["certify", &e, "--bound", "2"], "--bound"),
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
            vec![
                "family",
                "least-squares",
                "--function",
                "gelu",
                "--degree",
                "5",
            ],
            "minimax and chebyshev alone",
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
