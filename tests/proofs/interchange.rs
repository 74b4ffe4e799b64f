//! Tables in the forms of other programs: round trips, robustness on any bytes, published tables, what
//! compilers make of the literals, and the commands.

use crate::support::program::{
    number as number_of, polycert, read as text_of, refused, Folder, F1,
};
use crate::support::shared::shared;
use polycert::arith::number::{parse, write};
use polycert::arith::rounding::CoefficientMode;
use polycert::function::target::Function;
use polycert::interchange::{export, read, Format, Hints, Spelling};
use polycert::poly::component::{Basis, Component};
use polycert::poly::composite::Composite;
use polycert::poly::table::{Domain, Table};
use proptest::prelude::*;
use rug::{Integer, Rational};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: proptest::test_runner::RngSeed::Fixed(31),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Numbers with corners: zeros, dyadics of many bits, decimals, fractions, tiny and large ones.
fn number() -> impl Strategy<Value = Rational> {
    let dyadic = |m: i64, e: i32| {
        let shift = e.unsigned_abs();
        let m = Rational::from(Integer::from(m));
        if e < 0 {
            m >> shift
        } else {
            m << shift
        }
    };
    prop_oneof![
        2 => Just(Rational::new()),
        3 => (any::<i64>(), -110..4i32).prop_map(move |(m, e)| dyadic(m, e)),
        1 => (-9..9i64, -400..200i32).prop_map(move |(m, e)| dyadic(m, e)),
        2 => (any::<i32>(), 0..15u32).prop_map(|(m, e)| Rational::from((m, 10i64.pow(e)))),
        1 => (any::<i32>(), 1..1000u32).prop_map(Rational::from),
    ]
}

fn component() -> impl Strategy<Value = Component> {
    let map = prop_oneof![
        4 => Just((Rational::from(1), Rational::new())),
        1 => (1..20i32, 1..20i32, -5..5i32).prop_map(|(n, d, o)| {
            (Rational::from((-n, d)), Rational::from((o, 8)))
        }),
    ];
    let basis = prop_oneof![Just(Basis::Power), Just(Basis::Chebyshev)];
    (basis, proptest::collection::vec(number(), 1..9), map).prop_map(|(basis, list, map)| {
        let mut c = Component::new(basis, list);
        (c.scale, c.offset) = map;
        c
    })
}

fn table() -> impl Strategy<Value = Table> {
    let eps = proptest::option::of((1..7i32).prop_map(|n| Rational::from((n, 64))));
    let parts = proptest::collection::vec(component(), 1..4);
    ("[ -~\\n\\u{e9}]{0,12}", parts, eps, 1..9u32).prop_map(|(name, components, eps, hi)| Table {
        name,
        target: Function::Sign,
        output: polycert::poly::table::Output::default(),
        slope: None,
        ends: None,
        smooth: None,
        domain: Domain {
            lo: Rational::from(-2),
            hi: Rational::from(hi),
            eps,
        },
        components,
        provenance: BTreeMap::new(),
    })
}

fn mode() -> impl Strategy<Value = CoefficientMode> {
    let modes = ["exact", "f64", "fixed:90", "fixed:20"];
    (0..modes.len()).prop_map(move |i| modes[i].parse().unwrap())
}

/// Stage by stage in powers: the same for tables without input maps, whatever their basis.
fn polynomials(table: &Table) -> Vec<Vec<Rational>> {
    let powers = |c: &Component| c.powers(CoefficientMode::Exact).unwrap();
    table.components.iter().map(powers).collect()
}

/// Values of the composite, exactly.
fn values(table: &Table) -> [Rational; 3] {
    let composite = Composite::new(table, CoefficientMode::Exact).unwrap();
    [(-1, 1), (2, 3), (5, 7)].map(|x| composite.eval_exact(&Rational::from(x)))
}

proptest! {
    #![proptest_config(config(300))]

    /// What is written reads back as exactly the table that the export names; and if no number is named
    /// as changed, as exactly the same polynomials.
    #[test]
    fn round_trips_are_exact_or_name_what_they_lose(
        table in table(), which in 0..8usize, mode in mode(), hex in any::<bool>()
    ) {
        let (format, name) = Format::ALL[which];
        let spelling = if hex { Spelling::Hex } else { Spelling::Decimal };
        let out = match export(&table, format, mode, spelling) {
            Ok(out) => out,
            // Only too many digits are a reason, and the number is named.
            Err(e) => {
                let e = e.to_string();
                prop_assert!(e.contains("limit is 500") && e.contains("components["), "{name}: {e}");
                return Ok(());
            }
        };
        let back = read(&out.text, Some(format), &Hints::default());
        let back = back.map_err(|e| TestCaseError::fail(format!("{name}: {e}\n{}", out.text)))?.table;
        prop_assert_eq!(back.sha256(), out.table.sha256());
        prop_assert_eq!(&back.name, &table.name);
        if out.changes.is_empty() {
            prop_assert_eq!(values(&back), values(&table), "{}", name);
            if matches!(format, Format::Csv) {
                prop_assert_eq!(back.sha256(), table.sha256());
            }
        } else {
            prop_assert!(!matches!((format, mode), (Format::Csv | Format::Json, CoefficientMode::Exact)));
            for change in &out.changes {
                prop_assert!(change.before != change.after);
            }
        }
        // Found out by itself.
        let again = read(&out.text, None, &Hints::default()).unwrap().table;
        prop_assert_eq!(again.sha256(), out.table.sha256());
    }

    /// No bytes make a reader panic or hang, whatever it is told that they are.
    #[test]
    fn readers_survive_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        survive(&text);
    }

    /// Nor does text made of the words and marks of the formats.
    #[test]
    fn readers_survive_likely_text(parts in proptest::collection::vec(0..WORDS.len(), 0..60)) {
        let text: String = parts.iter().map(|&i| WORDS[i]).collect();
        survive(&text);
    }

    /// Nor does an exported file with a few characters changed; a changed number is noticed.
    #[test]
    fn altered_exports_are_read_or_refused(table in table(), which in 0..8usize, at in any::<u16>(), c in any::<char>()) {
        let (format, _) = Format::ALL[which];
        let Ok(out) = export(&table, format, CoefficientMode::F64, format.usual_spelling()) else {
            return Ok(());
        };
        let mut text: Vec<char> = out.text.chars().collect();
        let n = usize::from(at) % text.len();
        text[n] = c;
        let text: String = text.into_iter().collect();
        if let Ok(read) = read(&text, Some(format), &Hints::default()) {
            // The digest holds domain and components to what was written, unless its line was hit.
            let told = text.contains(&out.table.sha256()) && text.contains("polycert-export/1 ")
                || format == Format::Json && text.contains(&out.table.sha256());
            prop_assert!(!told || read.table.sha256() == out.table.sha256() || format == Format::Json, "{text}");
        }
    }
}

const WORDS: [&str; 38] = [
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    ",",
    ".",
    "-",
    "+",
    "=",
    "*",
    "**",
    "\"",
    "'",
    "\n",
    " ",
    "0",
    "1.5",
    "0x1.8p-3",
    "0x3FF8000000000000",
    "1e400",
    "017",
    "1'0",
    "1_0",
    "f",
    "x",
    "//",
    "/*",
    "*/",
    "#",
    "double",
    "[]float64",
    "float_polynomial",
    "chebyshev_polynomial",
    ": f64",
    "polycert-export/1 {}",
    "CoeffsSignX2Cheby",
];

fn survive(text: &str) {
    let hints = Hints::default();
    for format in Format::ALL.map(|(f, _)| Some(f)).into_iter().chain([None]) {
        if let Ok(read) = read(text, format, &hints) {
            read.table.validate().unwrap();
        }
    }
}

#[test]
fn hostile_sizes_are_refused_at_once() {
    let hints = Hints::default();
    for (text, format) in [
        ("{".repeat(2_000_000), Format::C),
        ("[".repeat(2_000_000), Format::Json),
        ("{1,".repeat(500_000), Format::Go),
        (format!("{{{}}}", "9".repeat(2_000_000)), Format::C),
        (format!("{{{}}}", "1,".repeat(900_000)), Format::Lattigo),
        ("/*".repeat(1_000_000), Format::Cpp),
        (
            format!("float_polynomial<{}>", "x + ".repeat(400_000)),
            Format::Heir,
        ),
        ("x**99999999999".to_owned(), Format::Heir),
        ("1,".repeat(1_000_000), Format::Csv),
        ("{1e600,}".repeat(200_000), Format::C),
        ("a<".repeat(900_000) + "{", Format::C),
        (format!("{{{}", "a<".repeat(900_000)), Format::C),
        ("1".repeat(3_000_000), Format::C),
    ] {
        let error = read(&text, Some(format), &hints).unwrap_err().to_string();
        assert!(error.len() < 300, "{}", &error[..300]);
    }
}

#[test]
fn published_tables_survive_every_format() {
    let Some(folder) = shared("tables") else {
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        let table = read(&text_of(&path), None, &Hints::default())
            .unwrap()
            .table;
        for (format, name) in Format::ALL {
            let out = export(&table, format, CoefficientMode::Exact, Spelling::Decimal).unwrap();
            // Published decimals have an exact decimal in every basis: nothing is lost.
            assert!(out.changes.is_empty(), "{}: {name}", path.display());
            let back = read(&out.text, None, &Hints::default()).unwrap().table;
            assert_eq!(
                polynomials(&back),
                polynomials(&table),
                "{}: {name}",
                path.display()
            );
            let held = export(&table, format, CoefficientMode::F64, Spelling::Hex).unwrap();
            let back = read(&held.text, None, &Hints::default()).unwrap().table;
            assert_eq!(
                back.sha256(),
                held.table.sha256(),
                "{}: {name}",
                path.display()
            );
        }
        count += 1;
    }
    assert!(count >= 11, "{count} tables");
}

/// Lattigo's own declaration, with its named constant, is the published table.
#[test]
fn lattigos_source_is_its_table() {
    let Some(folder) = shared("tables") else {
        return;
    };
    let path = folder.join("lattigo_default_sign_alpha30.json");
    let table = read(&text_of(&path), None, &Hints::default())
        .unwrap()
        .table;
    let mut source =
        "package comparison\n\nvar DefaultCompositePolynomialForSign = [][]string{\n".to_owned();
    let value: serde_json::Value = serde_json::from_str(&text_of(&path)).unwrap();
    let lists = value["components"].as_array().unwrap();
    for list in &lists[..lists.len() - 1] {
        let list = list.to_string().replace(['[', ']'], "");
        source += &format!("\t{{{list}}},\n");
    }
    source += "\tminimax.CoeffsSignX4Cheby, // Quadruples the output precision\n}\n";
    for format in [None, Some(Format::Lattigo)] {
        let got = read(&source, format, &Hints::default()).unwrap().table;
        assert_eq!(got.components, table.components);
    }
}

/// A C and a C++ compiler hold exactly the numbers that the export says.
#[test]
fn compilers_hold_the_numbers_that_are_named() {
    let table = polycert::poly::table::Table::from_json(&text_of(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates/relu06.json"),
    ))
    .unwrap();
    for (format, compiler, name) in [
        (Format::C, "cc", "t.c"),
        (Format::Cpp, "c++", "t.cpp"),
        (Format::Openfhe, "c++", "t.cpp"),
    ] {
        for spelling in [Spelling::Hex, Spelling::Decimal] {
            let folder = Folder::new();
            let out = export(&table, format, CoefficientMode::F64, spelling).unwrap();
            let print = match format {
                Format::C => {
                    "for (int j = 0; j < sizeof relu06_p1 / sizeof *relu06_p1; j++) printf(\"%a\\n\", relu06_p1[j]);\n\
                     for (int j = 0; j < sizeof relu06_p2 / sizeof *relu06_p2; j++) printf(\"%a\\n\", relu06_p2[j]);"
                }
                Format::Cpp => "for (auto &l : relu06_p) for (double x : l) printf(\"%a\\n\", x);",
                _ => {
                    "for (double x : relu06_p1) printf(\"%a\\n\", x);\nfor (double x : relu06_p2) printf(\"%a\\n\", x);"
                }
            };
            let source = format!(
                "#include <stdio.h>\n{}\nint main() {{\n{print}\n}}\n",
                out.text
            );
            let path = folder.file(name, source);
            let program = folder.at("t");
            let built = Command::new(compiler)
                .args([&path, "-w", "-o", &program])
                .output();
            match built {
                Ok(built) if built.status.success() => {}
                Ok(built) => panic!("{}", String::from_utf8_lossy(&built.stderr)),
                Err(e) => {
                    return eprintln!("SKIPPED: no {compiler} ({e}): literals were NOT compiled")
                }
            }
            let run = Command::new(&program).output().unwrap();
            let mut held: Vec<Rational> = String::from_utf8(run.stdout)
                .unwrap()
                .lines()
                .map(|l| parse(l).unwrap())
                .collect();
            if format == Format::Openfhe {
                // As EvalChebyshevSeries halves them.
                held[0] /= 2u32;
                held[4] /= 2u32;
            }
            let named: Vec<Rational> = out
                .table
                .components
                .iter()
                .flat_map(|c| c.coefficients.clone())
                .collect();
            assert_eq!(held, named, "{name} {spelling:?}");
        }
    }
}

#[test]
fn the_commands_and_what_they_say() {
    let folder = Folder::new();
    let (table, power) = (folder.at("t.json"), folder.at("p.json"));
    polycert(&["generate", "--degrees", "3,5", "--name", "t", "-o", &table]).exits(0);
    polycert(&[
        "generate",
        "--degrees",
        "3,5",
        "--basis",
        "power",
        "-o",
        &power,
    ])
    .exits(0);
    let digest = |path: &str| Table::from_json(&text_of(path)).unwrap().sha256();
    for (format, exact) in [
        ("json", true),
        ("csv", true),
        ("lattigo", true),
        ("c", false),
        ("cpp", false),
        ("go", false),
        ("openfhe", false),
        ("heir", false),
    ] {
        let file = folder.at(&format!("out.{format}"));
        let all = ["export", &power, "--format", format, "-o", &file];
        let run = polycert(&all).exits(0);
        assert_eq!(run.out, "");
        let back = polycert(&["import", &file]).exits(0);
        let back = Table::from_json(&back.out).unwrap();
        let said = format!("comes back as sha256 {}", back.sha256());
        assert!(run.err.contains(&said), "{run:?}");
        assert_eq!(
            run.err.contains("all 10 numbers are exact"),
            exact,
            "{run:?}"
        );
        let same_basis = !matches!(format, "lattigo" | "openfhe");
        assert_eq!(
            back.sha256() == digest(&power),
            exact && same_basis,
            "{format}"
        );
        assert_eq!(
            run.err.contains("power to chebyshev basis, exactly"),
            !same_basis,
            "{run:?}"
        );
        if !exact {
            let said = "5 of 10 numbers rounded (f64); largest relative change";
            assert!(run.err.contains(said), "{run:?}");
            let listed = ["export", &power, "--format", format, "--losses"];
            let listed = polycert(&listed).exits(0);
            assert_eq!(listed.err.matches(" was ").count(), 5, "{listed:?}");
            // All digits on request, and then they come back.
            let whole = [
                &all[..],
                &["--coefficients", "exact", "--numbers", "decimal"],
            ]
            .concat();
            polycert(&whole).exits(0);
            let back = polycert(&["import", &file]).exits(0);
            let back = Table::from_json(&back.out).unwrap();
            assert_eq!(back.sha256() == digest(&power), same_basis, "{format}");
        }
        // A stage's input map: kept, or made by the stage before it.
        let run = polycert(&["export", &table, "--format", format, "-o", &file]).exits(0);
        let kept = matches!(format, "csv" | "openfhe");
        let form = "components[1]: the input map is made by the stage before it, exactly";
        assert_eq!(run.err.contains(form), !kept, "{run:?}");
        let back = polycert(&["import", &file]).exits(0);
        let path = folder.file("back.json", &back.out);
        let certify = |path: &str| polycert(&["certify", path, "--json"]).exits(0).json();
        let (a, b) = (certify(&path), certify(&table));
        let (a, b) = (number_of(&a, "bound_hi"), number_of(&b, "bound_hi"));
        assert!((Rational::from(&a - &b) / b).abs() < 1e-11, "{format}");
    }
    // What comes back from f64 literals is what f64 coefficients are.
    let go = folder.at("p.go");
    polycert(&["export", &power, "--format", "go", "-o", &go]).exits(0);
    let held = folder.file("held.json", polycert(&["import", &go]).exits(0).out);
    let bound = |path: &str, mode: &str| {
        let run = polycert(&["certify", path, "--coefficients", mode, "--json"]).exits(0);
        number_of(&run.json(), "bound_hi")
    };
    assert_eq!(bound(&held, "exact"), bound(&power, "f64"));
}

#[test]
fn series_over_an_interval() {
    let folder = Folder::new();
    let c = folder.file("c.cpp", "std::vector<double> c = {1.0, 0.5f, 0x1p-2};");
    let run = polycert(&[
        "import",
        &c,
        "--from",
        "openfhe",
        "--interval",
        "-5,3",
        "--target",
        "sign",
        "--eps",
        "1/8",
    ])
    .exits(0);
    assert!(run.err.contains("1 numbers are held as f32"), "{run:?}");
    let table = polycert::poly::table::Table::from_json(&run.out).unwrap();
    // c_0/2 + c_1 T_1(u) + c_2 T_2(u) at u = -1, 1.
    let composite = Composite::new(&table, CoefficientMode::Exact).unwrap();
    let at = |x: i32| write(&composite.eval_exact(&Rational::from(x)));
    assert_eq!((at(-5), at(3)), ("1*2^-2".to_owned(), "5*2^-2".to_owned()));
    let json = folder.file("t.json", &run.out);
    let out = folder.at("out.cpp");
    let run = polycert(&["export", &json, "--format", "openfhe", "-o", &out]).exits(0);
    assert!(run.err.contains("the table's own"), "{run:?}");
    assert!(text_of(&out).contains("EvalChebyshevSeries(ct, c_p1, -0x1.4p+2, 0x1.8p+1)"));
}

#[test]
fn bad_requests_name_file_line_and_column() {
    let folder = Folder::new();
    let c = folder.file("c.c", "double c[] = {\n  1.0, 2,0 3};\n");
    let ok = folder.file("ok.c", "double c[] = {0, 1};\n");
    let heir = folder.file("h.mlir", "#p = #polynomial.float_polynomial<1.0 x + >\n");
    let csv = folder.file(
        "c.csv",
        "component,basis,scale,offset,degree,coefficient\n1,power,1,0,0,x\n",
    );
    let json = folder.file("l.json", "[[0, 1.5],\n [0, 1.5x]]");
    let table = folder.file("t.json", F1);
    let deep = folder.file("deep.json", F1.replace("\"1.5\"", "\"1*2^-1800\""));
    let rows: [(&[&str], &[&str]); 12] = [
        (
            &["import", &c, "--from", "c"],
            &["c.c: line 2 column 12", "',' or '}'"],
        ),
        (&["import", &c], &["c.c: line 1", "--from"]),
        (
            &["import", &heir],
            &["h.mlir: line 1 column 43", "a monomial"],
        ),
        (
            &["import", &csv],
            &["c.csv: line 2 column 15", "not accepted"],
        ),
        (
            &["import", &json],
            &["l.json: line 2 column 6", "no JSON number"],
        ),
        (&["import", &ok, "--from", "fortran"], &["fortran", "heir"]),
        (
            &["import", &ok, "--from", "openfhe", "--basis", "power"],
            &["--basis", "openfhe"],
        ),
        (
            &["import", &ok, "--from", "openfhe", "--interval", "1,1"],
            &["--interval"],
        ),
        (
            &["import", &ok, "--interval", "0,1"],
            &["--interval needs --from openfhe"],
        ),
        (&["export", &table], &["--format"]),
        (&["export", &ok, "--format", "go"], &["ok.c: line 1"]),
        (
            &["export", &deep, "--format", "lattigo"],
            &[
                "components[0].coefficients[1]",
                "limit is 500",
                "--coefficients",
            ],
        ),
    ];
    for (line, parts) in rows {
        refused(&folder, line, parts);
    }
}

/// What an export's own line says of its basis is not overruled by an option.
#[test]
fn another_basis_than_an_exports_own_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates");
    let table = Table::read(&folder.join("relu04.json")).unwrap();
    let own = table.components[0].basis;
    let other = match own {
        Basis::Chebyshev => Basis::Power,
        Basis::Power => Basis::Chebyshev,
    };
    for format in [Format::C, Format::Csv, Format::Go] {
        let out = export(
            &table,
            format,
            CoefficientMode::F64,
            format.usual_spelling(),
        )
        .unwrap();
        let hints = |basis| Hints {
            basis: Some(basis),
            ..Hints::default()
        };
        let back = read(&out.text, None, &hints(own)).unwrap().table;
        assert_eq!(back.sha256(), out.table.sha256());
        let error = read(&out.text, None, &hints(other))
            .unwrap_err()
            .to_string();
        assert!(error.contains("--basis says"), "{format:?}: {error}");
    }
}
