//! Import never guesses in silence: public tables whose first reading was wrong, forms that people have, bad
//! input, and any bytes.

use crate::support::program::{number as number_of, polycert, read as text_of, refused, Folder};
use crate::support::shared::shared;
use polycert::interchange::{list_bytes, read_bytes, Format, Hints, Order};
use polycert::poly::table::Table;
use rug::Rational;

/// Imports, and returns the table's path and what was said.
fn imported(folder: &Folder, file: &str, options: &[&str]) -> (String, String) {
    let out = folder.at("table.json");
    let line = [&["import", file, "-o", &out], options].concat();
    let run = polycert(&line).exits(0);
    (out, run.err)
}

/// [lo, hi] of the error that is proved.
fn error(table: &str, options: &[&str]) -> (f64, f64) {
    let line = [&["certify", table, "--only-error", "--json"], options].concat();
    let run = polycert(&line);
    let answer = run.json();
    let at = |name| number_of(&answer, name).to_f64();
    (at("bound_lo"), at("bound_hi"))
}

fn case(name: &str) -> Option<String> {
    let path = shared(&format!("cases/tables/{name}"))?;
    Some(path.to_str().unwrap().to_owned())
}

#[test]
fn a_stated_domain_is_kept() {
    let folder = Folder::new();
    // x^2 that stands for ReLU: |x| <= 10 is stated, and the bound does not hold there.
    let own = folder.file(
        "relu2_pm10.csv",
        "0\n0.500000000000111\n0.0263068516521283\n",
    );
    for file in [Some(own), case("relu2_pm10.csv")].into_iter().flatten() {
        let (table, said) = imported(&folder, &file, &["--hi", "10"]);
        assert!(said.contains("stated: domain [-10, 10]"), "{said}");
        assert!(said.contains("--target direct_relu"), "{said}");
        let parsed = Table::from_json(&text_of(&table)).unwrap();
        assert_eq!(
            (parsed.domain.lo, parsed.domain.hi),
            (Rational::from(-10), Rational::from(10))
        );
        let run = polycert(&["certify", &table, "--claim", "0.27"]).exits(1);
        assert!(run.out.starts_with("REFUTED"), "{run:?}");
        let (lo, _) = error(&table, &["--target", "direct_relu"]);
        assert!(lo > 0.27, "{lo}");
        // Asked for by name, [-1, 1] is certified as before.
        polycert(&["certify", &table, "--claim", "0.27", "--to", "1"]).exits(0);
        let lopsided = ["--lo", "-4", "--hi", "10"];
        let (table, _) = imported(&folder, &file, &lopsided);
        let run = polycert(&["certify", &table]).exits(2);
        assert!(
            run.err.contains("[-4, 10]") && run.err.contains("--to"),
            "{run:?}"
        );
    }
}

#[test]
fn a_table_near_0_and_1_may_be_a_step() {
    let folder = Folder::new();
    let table = folder.at("step.json");
    let text = |output: &str| {
        format!(
            r#"{{"format":"polycert-table/1","name":"t","target":"step",{output}
            "domain":{{"lo":"-1","hi":"1","eps":"1/16"}},
            "components":[{{"basis":"power","coefficients":["1/2","15/16","0","-10/16","0","3/16"]}}]}}"#
        )
    };
    std::fs::write(&table, text("")).unwrap();
    let run = polycert(&["certify", &table, "--only-error"]).exits(0);
    assert!(run
        .out
        .contains("hint: its values at the ends of the domain are about 0 and 1"));
    std::fs::write(&table, text(r#""output":"step","#)).unwrap();
    let run = polycert(&["certify", &table, "--only-error"]).exits(0);
    assert!(!run.out.contains("hint"));
}

#[test]
fn heirs_domain_is_read() {
    let Some(file) = case("heir_domain.mlir") else {
        return;
    };
    let folder = Folder::new();
    let (table, said) = imported(&folder, &file, &[]);
    assert!(
        said.contains("domain [-4, 4]") && said.contains("input maps of the file"),
        "{said}"
    );
    let (lo, hi) = error(&table, &["--target", "direct_relu"]);
    assert!(lo > 0.10923 && hi < 0.10925, "[{lo}, {hi}]");
}

#[test]
fn numbers_a_line_ask_for_degrees() {
    let Some(file) = case("no_blank_lines.txt") else {
        return;
    };
    let folder = Folder::new();
    refused(
        &folder,
        &["import", &file],
        &["no_blank_lines.txt: 16 numbers", "--degrees 7,7"],
    );
    refused(
        &folder,
        &["import", &file, "--degrees", "7,9"],
        &["--degrees", "16 numbers"],
    );
    let (table, said) = imported(&folder, &file, &["--degrees", "7,7"]);
    assert!(said.contains("degrees [7, 7]"), "{said}");
    let run = polycert(&["certify", &table, "--claim", "2^-7"]).exits(0);
    assert!(
        run.out.starts_with("PROVED") && run.out.contains("2^[-7.05"),
        "{run:?}"
    );
    // The odd ones only are the same table.
    let text = text_of(&file);
    let odd: Vec<&str> = text.lines().skip(1).step_by(2).collect();
    let odd = folder.file("odd.txt", odd.join("\n"));
    let digest = |path: &str| Table::from_json(&text_of(path)).unwrap().sha256();
    let whole = digest(&table);
    assert_eq!(
        digest(&imported(&folder, &odd, &["--degrees", "7,7"]).0),
        whole
    );
}

#[test]
fn the_highest_degree_may_be_first() {
    let text = "[-0.0011948958396784625, 2.4243385882280024e-17, 0.11715826899726353, 0.49999999999999917, 0.4102584046369538]";
    let folder = Folder::new();
    let own = folder.file("polyfit.json", text);
    for file in [Some(own), case("polyfit.json")].into_iter().flatten() {
        let usual = ["--target", "direct_relu", "--hi", "7"];
        let (table, said) = imported(
            &folder,
            &file,
            &[&usual[..], &["--order", "highest"]].concat(),
        );
        assert!(said.contains("from the highest degree downwards"), "{said}");
        let (lo, hi) = error(&table, &[]);
        assert!(lo > 0.410_258_3 && hi < 0.410_258_5, "[{lo}, {hi}]");
        // Read the other way the claim is refuted, and the reading that meets it is named.
        let (table, said) = imported(&folder, &file, &usual);
        assert!(said.contains("degree 0 upwards (--order)"), "{said}");
        let run = polycert(&["certify", &table, "--claim", "0.42"]).exits(1);
        assert!(run.out.starts_with("REFUTED"), "{run:?}");
        assert!(run.out.contains("--order highest"), "{run:?}");
        let run = polycert(&["certify", &table, "--claim", "0.42", "--json"]).exits(1);
        assert!(run.json()["other_readings"][0]
            .as_str()
            .unwrap()
            .contains("--order highest"));
    }
}

#[test]
fn several_arrays_are_the_users_to_choose() {
    let folder = Folder::new();
    let text = "// two activations in a file\nstd::vector<double> relu2 = {0.1, 0.5, 0.2};\n\
        std::vector<double> relu4 = {0.1, 0.5, 0.15, 0, -0.002};\nint strides[] = {1,2,1};\n";
    let file = case("multi.cpp").unwrap_or_else(|| folder.file("multi.cpp", text));
    let cpp = ["import", &file, "--from", "cpp"];
    refused(
        &folder,
        &cpp,
        &[
            "3 arrays",
            "--arrays",
            "relu2: 3 numbers, 0.1 ... 0.2",
            "strides",
        ],
    );
    let run = polycert(&[&cpp[..], &["--list"]].concat()).exits(0);
    assert_eq!(
        run.out.lines().nth(1).unwrap(),
        "2 relu4: 5 numbers, 0.1 ... -0.002"
    );
    for arrays in ["relu4,relu2", "2,1"] {
        let run = polycert(&[&cpp[..], &["--arrays", arrays]].concat()).exits(0);
        assert!(
            run.err.contains("degrees [4, 2]") && run.err.contains("arrays relu4, relu2"),
            "{run:?}"
        );
        assert!(run.err.contains("arrays passed over: strides"), "{run:?}");
    }
    refused(
        &folder,
        &[&cpp[..], &["--arrays", "relu8"]].concat(),
        &["relu8", "--list"],
    );
}

fn read(text: &str, hints: &Hints) -> Result<Vec<Vec<f64>>, String> {
    let table = read_bytes(text.as_bytes(), None, hints)
        .map_err(|e| e.to_string())?
        .table;
    let list = |c: &polycert::poly::component::Component| {
        c.coefficients.iter().map(Rational::to_f64).collect()
    };
    Ok(table.components.iter().map(list).collect())
}

#[test]
fn forms_that_people_have() {
    let one = vec![vec![0.0, 1.5, 0.0, -0.5]];
    let two = vec![vec![0.0, 1.5, 0.0, -0.5], vec![0.0, 2.0]];
    let odd = Hints {
        degrees: Some(vec![3]),
        ..Hints::default()
    };
    let order = Hints {
        order: Some(Order::Highest),
        ..Hints::default()
    };
    let ten = Hints {
        factors: Some(vec![Rational::from(10)]),
        ..Hints::default()
    };
    let arrays = |names: &str| Hints {
        arrays: Some(names.split(',').map(str::to_owned).collect()),
        ..Hints::default()
    };
    let plain = Hints::default();
    for (text, hints, want) in [
        ("[0, 3/2, 0, -0.5]", &plain, &one),
        ("coeffs = [0, 1.5, 0.0, -1/2,]  # f1", &plain, &one),
        (
            "import numpy as np\nf1 = np.array([0, 3.0 / 2, 0, -2**-1], dtype=np.float64)\n",
            &plain,
            &one,
        ),
        ("array([ 0. ,  1.5,  0. , -0.5])", &plain, &one),
        ("c = [[0, 1.5, 0, -0.5], [0, 2]]", &plain, &two),
        (
            "c = [np.array([0, 1.5, 0, -0.5]), np.array([0, 2])]",
            &plain,
            &two,
        ),
        ("{'f': [0, (1.5+0j), 0, complex(-0.5, 0)]}", &plain, &one),
        ("{3: [0, 1.5, 0, -0.5], 1: [0, 2]}", &arrays("3,1"), &two),
        (
            "{\"coeffs\": [0, 1.5, 0, -0.5], \"degree\": 3, \"basis\": \"power\"}",
            &plain,
            &one,
        ),
        (
            "{\"a\": [0, 2], \"b\": [0, 1.5, 0, -0.5]}",
            &arrays("b,a"),
            &two,
        ),
        (
            "package p\nvar c = []float64{0, 24.0/16.0, 0, -0.5}\n",
            &plain,
            &one,
        ),
        (
            "package p\nvar c = [][]float64{{0, float64(1.5), 0, -0.5}, {0, 2}}\n",
            &plain,
            &two,
        ),
        (
            "degree,coefficient\n0,0\n1,1.5\n2,0\n3,-0.5\n",
            &plain,
            &one,
        ),
        ("0,0\n1,3/2\n2,0\n3,-0.5\n", &plain, &one),
        ("0,1.5,0,-0.5\n0,2\n", &plain, &two),
        ("[1.5, -0.5]", &odd, &one),
        ("1.5\n-0.5\n", &odd, &one),
        ("[-0.5, 0, 1.5, 0]", &order, &one),
        ("scale = 10\nc = [0, 0.15, 0, -0.05]", &ten, &one),
        ("c = 10 * np.array([0, 0.15, 0, -0.05])", &ten, &one),
        ("\u{feff}[0, 1.5, 0, -0.5]", &plain, &one),
    ] {
        let got = read(text, hints).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(&got, want, "{text}");
    }
    let cpp = |text: &str| {
        let table = read_bytes(text.as_bytes(), Some(Format::Cpp), &Hints::default())
            .unwrap()
            .table;
        table.components[0]
            .coefficients
            .iter()
            .map(Rational::to_f64)
            .collect::<Vec<f64>>()
    };
    for text in [
        "void f() { std::vector<std::complex<double>> c = {0, std::complex<double>(1.5, 0), 0, -0.5}; }",
        "static const double c[4] = {0, (double)3 / 2, 0, -1.0/2.0};",
    ] {
        assert_eq!(cpp(text), one[0], "{text}");
    }
}

#[test]
fn what_nobody_says_is_asked_or_told() {
    for (text, part) in [
        ("a = [1, 2]\nb = [3, 4]", "2 arrays"),
        (
            "package p\nvar a = []float64{1, 2}\nvar b = []float64{1, 2}\n",
            "2 arrays",
        ),
        ("{\"a\": [1, 2], \"b\": [1]}", "2 arrays"),
        (
            "#a = #polynomial.float_polynomial<1.0 + x>\n#b = #polynomial.float_polynomial<x>",
            "2 arrays",
        ),
        ("0\n1\n0\n2\n", "--degrees 3"),
        ("SCALE = 10\nc = [0, 1]", "--factor 10"),
        ("{\"scale\": 10, \"c\": [0, 1]}", "--factor 10"),
        ("c = [0, 1] * 10", "--factor"),
        ("c = np.array([0, 1]) / 2", "--factor"),
        ("c = [0, 1+2j]", "imaginary"),
        ("package p\nvar c = []float64{0, 35/16}", "35.0/16.0"),
        ("{\"c\": [0, 1], \"basis\": \"fourier\"}", "basis"),
        ("c = ['x', 'y']", "line 1 column 6"),
    ] {
        let error = read(text, &Hints::default()).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
    let both = Hints {
        basis: Some(polycert::poly::component::Basis::Power),
        ..Hints::default()
    };
    for text in [
        "{\"c\": [0, 1], \"basis\": \"chebyshev\"}",
        "{\"components\": [[\"0\"]], \"basis\": \"chebyshev\"}",
    ] {
        assert!(read(text, &both)
            .unwrap_err()
            .contains("--basis says power"));
    }
    let file = Hints {
        file: Some("f.py".to_owned()),
        ..Hints::default()
    };
    let got = read_bytes(b"c = [0, 1]", None, &file).unwrap();
    let kept = |key: &str| got.table.provenance[key].clone();
    assert_eq!(kept("source file"), "f.py");
    assert!(kept("assumptions").contains("target relu"), "{got:?}");
    assert_eq!(
        kept("source sha256"),
        "132269a04a823f7eba37b6eba1b2a5ad129b2d36c51ff007f0519804c8787043"
    );
}

#[test]
fn numpy_files() {
    let npy = |kind: &str, shape: &str, data: &[u8]| {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(data);
        file
    };
    let f8 = |list: &[f64]| {
        list.iter()
            .flat_map(|x| x.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let hints = Hints::default();
    let one = read_bytes(&npy("<f8", "(2,)", &f8(&[0.0, 0.1])), None, &hints)
        .unwrap()
        .table;
    assert_eq!(one.components[0].coefficients[1], 0.1f64);
    let rows = npy("<f8", "(2, 3)", &f8(&[0.5, 1.5, 0.0, 0.5, 3.0, 1.0]));
    let two = read_bytes(&rows, None, &hints).unwrap().table;
    assert_eq!(two.degrees(), [2, 2]);
    // A column of coefficients is no composite of constants.
    let column = npy("<f8", "(3, 1)", &f8(&[0.0, 1.5, 1.0]));
    let error = read_bytes(&column, None, &hints).unwrap_err().to_string();
    assert!(error.contains("a constant as a stage"), "{error}");
    let ints: Vec<u8> = [3i32, -1].iter().flat_map(|x| x.to_le_bytes()).collect();
    let ints = read_bytes(&npy("<i4", "(2,)", &ints), Some(Format::Npy), &hints)
        .unwrap()
        .table;
    assert_eq!(ints.components[0].coefficients[1], -1);
    for (file, part) in [
        (
            npy("<f8", "(2,)", &f8(&[0.0, f64::NAN])),
            "not a finite number",
        ),
        (npy("<f8", "(1, 1, 1)", &f8(&[0.0])), "one dimension or two"),
        (npy("<f8", "(3,)", &f8(&[0.0])), "bytes of data"),
        (npy("<f8", "(0,)", &[]), "rows of 0"),
        (b"PK\x03\x04\xff".to_vec(), ".npz"),
    ] {
        let error = read_bytes(&file, None, &hints).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn bad_input_gets_a_sentence_that_helps() {
    let folder = Folder::new();
    let published = folder.file(
        "p.json",
        r#"{"basis":"power","components":[["0","1.5","0","-0.5"]]}"#,
    );
    refused(
        &folder,
        &["certify", &published],
        &["p.json: ", "polycert import"],
    );
    let source = folder.file("p.go", "package p\nvar c = []float64{0, 1}\n");
    refused(
        &folder,
        &["certify", &source],
        &["p.go: ", "polycert import"],
    );
    let (table, _) = imported(&folder, &published, &[]);
    refused(
        &folder,
        &["certify", &table, "--claim", "13"],
        &["did you mean 2^-13?"],
    );
    refused(
        &folder,
        &["certify", &table, "--claim", "-7"],
        &["did you mean 2^-7?"],
    );
    refused(
        &folder,
        &["certify", &table, "--bound", "2^40"],
        &["--log-scale 40", "[-B, B]"],
    );
    refused(
        &folder,
        &["import", &table, "--order", "highest"],
        &["--order", "a table already"],
    );
    let run = polycert(&["noise"]).exits(2);
    assert!(run.err.contains("--preset A"), "{run:?}");
    let missing = folder.at("no/such/folder/t.json");
    let run = polycert(&["import", &published, "-o", &missing]).exits(2);
    assert!(run.err.contains("does not exist: make it first"), "{run:?}");
    // A byte order mark is no error.
    let marked = folder.file("bom.json", format!("\u{feff}{}", text_of(&table)));
    polycert(&["certify", &marked, "--only-error"]).exits(0);
    let wide = folder.file("wide.txt", b"\xff\xfe1\x00");
    refused(
        &folder,
        &["import", &wide],
        &["UTF-16", "save the text as UTF-8"],
    );
}

/// 2,000 altered files of every form: read or refused, never a panic, never long.
#[test]
fn altered_files_never_panic() {
    let seeds = [
        "coeffs = {7: np.array([0, 35/16, -(2**-3)], dtype=float), 'b': [(1+0j), complex(0.5, 0)]}\nscale = 10\n",
        "namespace a { std::vector<std::vector<double>> c = {{0, (double)1 / 4.0f}, {0x1.8p-3}}; } double s = 2;",
        "package p\nvar (\n a = [][]string{{\"1\", `2`}, minimax.CoeffsSignX2Cheby}\n b = []float64{1.0 / 3}\n)\n",
        "{\"a\": [1, 2.5e-3], \"basis\": \"chebyshev\", \"b\": [[\"1\"], [\"2\"]]}",
        "[[0, 1.5], [0, 2]]",
        "degree,coefficient\n0,0\n1,1.5\n",
        "component,basis,scale,offset,degree,coefficient\n1,power,1,0,0,1/3\n",
        "0\n1.5\n\n# two\n0\n2\n",
        "#a = #polynomial.typed_chebyshev_polynomial<[1.0, 2.0 : f64]> : !p\n%0 = polynomial.eval #a, %x {domain_lower = -4.0 : f64, domain_upper = 4.0 : f64}",
        "\x01NUMPY",
    ];
    let marks: Vec<char> = "[]{}()<>,.:;=+-*/^'\"`#\\ \n019exjfi_%\u{e9}\u{feff}"
        .chars()
        .collect();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n as u64) as usize
    };
    for round in 0..2_000 {
        let mut text: Vec<char> = seeds[round % seeds.len()].chars().collect();
        for _ in 0..=random(4) {
            let at = random(text.len().max(1)).min(text.len());
            match random(5) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => text.insert(at, marks[random(marks.len())]),
                2 => text.truncate(at),
                3 => {
                    let mark = vec![marks[random(marks.len())]; 1 + random(3_000)];
                    drop(text.splice(at..at, mark));
                }
                _ => {
                    let end = at + random(20).min(text.len() - at);
                    let part = text[at..end].to_vec();
                    drop(text.splice(at..at, part));
                }
            }
        }
        let text: String = text.into_iter().collect();
        let hints = Hints {
            arrays: (random(3) == 0).then(|| vec!["a".to_owned(), "1".to_owned()]),
            degrees: (random(3) == 0).then(|| vec![random(300), 3]),
            order: (random(2) == 0).then_some(Order::Highest),
            factors: (random(2) == 0).then(|| vec![Rational::from(random(3))]),
            ..Hints::default()
        };
        let formats = Format::ALL
            .iter()
            .chain(&Format::READ_ONLY)
            .map(|(f, _)| Some(*f));
        let format = formats.chain([None]).nth(random(11)).flatten();
        for format in [format, None] {
            let _ = list_bytes(text.as_bytes(), format, &hints);
            if let Ok(read) = read_bytes(text.as_bytes(), format, &hints) {
                // What is read can be written and read again.
                let again = Table::from_json(&read.table.to_json())
                    .unwrap_or_else(|e| panic!("{text}: {e}"));
                assert_eq!(again.sha256(), read.table.sha256());
            }
        }
    }
}
