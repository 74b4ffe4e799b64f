//! Tables of smooth functions and other programs: what lists do not say is kept beside them, an option says it of other
//! lists, and what OpenFHE computes from a function itself is made and certified.

use crate::support::program::{number, polycert, read as text_of, refused, Folder};
use polycert::function::formula::Formula;
use polycert::function::program::Program;
use polycert::function::target::Function;
use polycert::interchange::{export, read, Format, Hints};
use polycert::jobs;
use polycert::poly::table::Table;

/// A composite with a map, a value with a step, two segments, provenance under the names of fields.
const FULL: &str = r#"{"format":"polycert-table/1","name":"g \"x","target":"smooth","function":"gelu_tanh( x)",
    "value":"y = p - 1/3; x/2 + y","domain":{"lo":"-2","hi":"2","segments":[["-2","-1/2"],["1/2","2"]]},
    "components":[{"basis":"chebyshev","input_map":{"scale":"1/2","offset":"0"},"coefficients":["1/3","1.5","-3*2^-7"]},
    {"basis":"power","coefficients":["0","1","0.25"]}],"provenance":{"value":"p","function":"z"}}"#;

const FORMATS: [Format; 8] = [
    Format::Json,
    Format::Csv,
    Format::C,
    Format::Cpp,
    Format::Go,
    Format::Lattigo,
    Format::Openfhe,
    Format::Heir,
];

fn exported(table: &Table, format: Format) -> String {
    let (mode, spelling) = (format.usual_mode(), format.usual_spelling());
    let exported = export(table, format, mode, spelling).unwrap();
    assert_eq!(exported.table.smooth, table.smooth);
    exported.text
}

#[test]
fn function_value_and_segments_come_back_from_every_form() {
    let full = Table::from_json(FULL).unwrap();
    let mut plain = full.clone();
    let fields = plain.smooth.as_mut().unwrap();
    (fields.value, fields.segments) = (None, Vec::new());
    for table in [full, plain] {
        for format in FORMATS {
            let request = jobs::export::Request {
                format,
                coefficients: None,
                hex: true,
            };
            let answer = jobs::export::export(&table, &request).unwrap();
            let back = read(&answer.exported.text, None, &Hints::default())
                .or_else(|_| read(&answer.exported.text, Some(format), &Hints::default()));
            let back = back.unwrap().table;
            assert_eq!(
                (back.target, &back.smooth, &back.name),
                (Function::Smooth, &table.smooth, &table.name),
                "{}",
                format.name()
            );
            assert_eq!(back.sha256(), answer.exported.table.sha256());
        }
    }
}

/// The digest covers them: a file whose function was changed by hand is not what was exported, an option may say another.
#[test]
fn a_changed_function_is_seen_and_an_option_overrules_it() {
    let table = Table::from_json(FULL).unwrap();
    for format in FORMATS {
        let text = exported(&table, format);
        for (from, to) in [
            ("gelu_tanh( x)", "gelu( x)"),
            ("x/2 + y", "x/3 + y"),
            ("1*2^-1\"", "3*2^-2\""),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            let found = read(&changed, Some(format), &Hints::default());
            let error = found.unwrap_err().to_string();
            assert!(error.contains("SHA-256"), "{}: {error}", format.name());
        }
        let hints = Hints {
            function: Some(Formula::named("silu").unwrap()),
            value: Some(Program::parse("p").unwrap()),
            ..Hints::default()
        };
        let found = read(&text, Some(format), &hints).unwrap();
        let fields = found.table.smooth.unwrap();
        assert_eq!((fields.function.text(), fields.value), ("silu(x)", None));
        assert_eq!(fields.segments.len(), 2);
        let hints = Hints {
            target: Some("direct_relu".parse().unwrap()),
            ..Hints::default()
        };
        let found = read(&text, Some(format), &hints).unwrap();
        assert_eq!(found.table.smooth, None);
        let told = found.notes.join("\n");
        assert!(
            told.contains("own function gelu_tanh( x) is overruled"),
            "{told}"
        );
    }
}

#[test]
fn options_say_the_function_of_any_list() {
    let f = Folder::new();
    let list = f.file("even.txt", "0\n0\n0.398\n");
    let table = f.at("t.json");
    let line = [
        "import",
        &list,
        "--function",
        "gelu",
        "--value",
        "x/2 + p",
        "--hi",
        "1",
        "-o",
        &table,
    ];
    let told = polycert(&line).exits(0).err;
    assert!(told.contains("function gelu(x); value x/2 + p"), "{told}");
    let j = polycert(&["certify", &table, "--json"]).exits(0).json();
    assert_eq!(
        (&j["function"], &j["value"]),
        (&"gelu(x)".into(), &"x/2 + p".into())
    );
    // At 1: 1/2 + 0.398 - 0.84134...
    let bound = number(&j, "bound_hi").to_f64();
    assert!((0.0566..0.0567).contains(&bound), "{bound}");
    for (options, part) in [
        (&["--target", "smooth"][..], "say it by --function EXPR"),
        (
            &["--target", "relu", "--function", "gelu"],
            "not for target relu",
        ),
        (&["--value", "x + p"], "not for target relu"),
        (&["--function", "gelu(x"], "expected )"),
        (&["--function", "gelu(p)"], "p, the polynomial"),
        (&["--function", "gelu", "--value", "x"], "has no p"),
        (
            &["--function", "gelu", "--eps", "1/4"],
            "not for target smooth",
        ),
        (
            &["--function", "gelu", "--slope", "1/4"],
            "not for target smooth",
        ),
    ] {
        let line = [&["import", &list], options].concat();
        refused(&f, &line, &[part]);
    }
    // Whose author names a function that is none of the targets is asked by name.
    let stated = f.file("s.json", r#"{"function":"gelu","components":[["0","1"]]}"#);
    refused(&f, &["import", &stated], &["function", "--function"]);
    polycert(&["import", &stated, "--function", "gelu", "-o", &table]).exits(0);
    assert!(text_of(&table).contains("\"function\": \"gelu(x)\""));
}

#[test]
fn damaged_fields_are_named() {
    let f = Folder::new();
    let table = Table::from_json(FULL).unwrap();
    let (json, csv) = (
        exported(&table, Format::Json),
        exported(&table, Format::Csv),
    );
    let many = "[\"0\",\"1\"],".repeat(5_000);
    for (i, (text, part)) in [
        (
            json.replacen("gelu_tanh( x)", "gelu_tanh( p)", 1),
            "function",
        ),
        (
            json.replacen("\"function\": \"gelu_tanh( x)\",", "", 1),
            "function: is missing",
        ),
        (
            json.replacen("\"gelu_tanh( x)\"", "[1]", 1),
            "function: expected a string",
        ),
        (
            json.replacen("\"segments\": [", "\"segments\": [[],", 1),
            "domain.segments",
        ),
        (
            json.replacen("\"segments\": [", &format!("\"segments\": [{many}"), 1),
            "domain.segments: 5002 segments",
        ),
        (csv.replacen("\"gelu_tanh( x)\"", "\"exp(\"", 1), "function"),
        (
            csv.replacen("\"function\":\"gelu_tanh( x)\",", "", 1),
            "function: is missing",
        ),
        (
            csv.replacen("\"smooth\"", "\"relu\"", 1),
            "is of target smooth, not of relu",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let path = f.file(&format!("{i}"), text);
        refused(&f, &["import", &path], &[part]);
    }
}

/// OpenFHE's loop over f64, with this machine's own exp and cos.
fn openfhe(f: impl Fn(f64) -> f64, a: f64, b: f64, degree: usize) -> Vec<f64> {
    let total = degree as f64 + 1.0;
    let (minus, plus) = (0.5 * (b - a), 0.5 * (b + a));
    let angle = std::f64::consts::PI / total;
    let points: Vec<f64> = (0..=degree)
        .map(|i| f((angle * (i as f64 + 0.5)).cos() * minus + plus))
        .collect();
    let sum = |i: usize| -> f64 {
        let terms = points.iter().enumerate();
        terms
            .map(|(j, p)| p * (angle * i as f64 * (j as f64 + 0.5)).cos())
            .sum()
    };
    (0..=degree).map(|i| sum(i) * 2.0 / total).collect()
}

#[test]
fn what_evalchebyshevfunction_evaluates_is_made_and_certified() {
    let f = Folder::new();
    let table = f.at("t.json");
    for (function, own, a, b, degree, most) in [
        (
            "1/(1 + exp(-x))",
            (|x: f64| 1.0 / (1.0 + (-x).exp())) as fn(f64) -> f64,
            -8.0,
            8.0,
            27,
            1e-3,
        ),
        ("log(x)", f64::ln, 1.0, 4.0, 13, 1e-6),
        ("sqrt(x)", f64::sqrt, 0.0, 1.0, 59, 1e-2),
    ] {
        let (range, degrees) = (format!("--range={a},{b}"), degree.to_string());
        let line = [
            "family",
            "chebyshev",
            "--function",
            function,
            &range,
            "--degree",
            &degrees,
            "-o",
            &table,
        ];
        polycert(&line).exits(0);
        let made = Table::from_json(&text_of(&table)).unwrap();
        assert_eq!(made.smooth.as_ref().unwrap().function.text(), function);
        let want = openfhe(own, a, b, degree);
        let c = &made.components[0].coefficients;
        assert_eq!(c.len(), want.len());
        for (j, (c, want)) in c.iter().zip(want).enumerate() {
            let want = if j == 0 { want / 2.0 } else { want };
            assert!((c.to_f64() - want).abs() < 1e-14, "{function} {j}");
        }
        let j = polycert(&["certify", &table, "--json"]).exits(0).json();
        let bound = number(&j, "bound_hi").to_f64();
        assert!(bound < most && bound > most / 100.0, "{function} {bound}");
        // The list of EvalChebyshevSeries, its first number doubled, is the same polynomial.
        let list = f.at("t.cpp");
        let told = polycert(&["export", &table, "--format", "openfhe", "-o", &list]);
        assert!(told.exits(0).err.contains("(the table's own)"));
    }
    for (line, part) in [
        (
            ["log(x)", "--range=-1,1", "5"],
            "log(x) is not defined at the node x = -0.2588",
        ),
        (["exp(x)", "--range=0,1000", "5"], "is beyond f64"),
        (["exp(x)", "--range=0,1", "256"], "degree 256"),
        (["exp(x)", "--range=0,2000000", "5"], "beyond 10^6"),
    ] {
        let [function, range, degree] = line;
        let line = [
            "family",
            "chebyshev",
            "--function",
            function,
            range,
            "--degree",
            degree,
        ];
        refused(&f, &line, &[part]);
    }
}
