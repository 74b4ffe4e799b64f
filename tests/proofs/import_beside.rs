//! What stands beside coefficients in JSON, how lists are laid out, and an export's own line.

use crate::import_program::{filled, import, read, refused};
use polycert::arith::rounding::CoefficientMode;
use polycert::interchange::{export, Format, Hints, Layout, Spelling};
use polycert::poly::component::Basis;
use polycert::poly::table::Output;
use rug::Rational;

#[test]
fn what_json_says_beside_coefficients_counts() {
    let plain = Hints::default();
    let components = "{\"components\": [[\"0\", \"1.5\", \"0\", \"-0.5\"]], ";
    for (rest, part) in [
        ("\"order\": \"weird\"", "--order"),
        ("\"activation\": \"relu\"", "--target direct_relu"),
        ("\"scale\": \"10\"", "--factor"),
        ("\"input_scale\": 4", "--factor"),
        ("\"domain\": \"nowhere\"", "--lo"),
        ("\"hi\": 40", "--hi"),
        (
            "\"order\": \"the stages as given, highest stage first\"",
            "--order",
        ),
        ("\"scale\": \"about 10\"", "--factor"),
        ("\"eps\": \"about 2^-4\"", "--eps"),
        ("\"domain\": \"x from -8 to 8\"", "--lo"),
        ("\"highest_first\": true", "--order"),
        ("\"reversed\": true", "--order"),
        ("\"coeffs_order\": \"desc\"", "--order"),
        ("\"poly_order\": \"desc\"", "--order"),
        ("\"degree_order\": \"desc\"", "--order"),
        ("\"convention\": \"x\"", "convention"),
        ("\"parity\": \"odd\"", "parity"),
        ("\"odd\": true", "zeros too"),
        ("\"denominator\": 8", "--factor"),
        ("\"divide_by\": 8", "--factor"),
        ("\"frac_bits\": 8", "--factor"),
        ("\"exponent\": -8", "--factor"),
        ("\"c0_halved\": true", "c0_halved"),
        ("\"application_order\": \"last first\"", "application_order"),
        ("\"eps\": 0.1", "--eps"),
        ("\"offset\": 0.1", "offset"),
        ("\"type\": \"chebyshev\"", "--basis"),
        (
            "\"domain\": [-4, 4], \"interval\": [-3, 3]",
            "second domain",
        ),
        ("\"order\": \"lowest\", \"order\": \"highest\"", "order"),
        ("\"target\": \"foo\"", "--target"),
    ] {
        refused(&format!("{{\"coeffs\": @L, {rest}}}"), None, &plain, part);
        refused(&format!("{components}{rest}}}"), None, &plain, part);
    }
    for start in ["{\"coeffs\": @L, ", components] {
        let of = |rest: &str| read(&format!("{start}{rest}}}"), None, &plain);
        assert_eq!(
            of("\"domain\": [-40, 40]").2,
            ["-40", "40", "1", "0"].map(str::to_owned)
        );
        assert_eq!(
            of("\"lo\": -3, \"hi\": \"40\"").2[..2],
            ["-3".to_owned(), "40".to_owned()]
        );
        let mapped = of("\"domain\": [\"-4\", \"4\"], \"basis\": \"chebyshev\"");
        assert_eq!(mapped.2, ["-4", "4", "1*2^-2", "0"].map(str::to_owned));
        for order in [
            "highest",
            "highest first",
            "high to low",
            "descending",
            "Highest degree first",
        ] {
            let got = of(&format!("\"order\": \"{order}\""));
            assert_eq!(got.1, [-0.5, 0.0, 1.5, 0.0], "{order}");
        }
        for domain in ["-4, 4", "(-4, 4)", "[-4, 4]"] {
            let got = of(&format!("\"domain\": \"{domain}\""));
            assert_eq!(got.2[..2], ["-4", "4"].map(str::to_owned), "{domain}");
        }
        for ends in [
            "\"domain_min\": -4, \"domain_max\": 4",
            "\"input_min\": -4, \"input_max\": 4",
            "\"x_range\": [-4, 4]",
            "\"approx_interval\": [-4, 4]",
        ] {
            assert_eq!(of(ends).2[..2], ["-4", "4"].map(str::to_owned), "{ends}");
        }
        // Nothing that is taken otherwise.
        for rest in [
            "\"min\": -0.01, \"max\": 0.01",
            "\"domain\": \"x/B in [-1,1]; sign on |x/B| in [eps,1]\"",
            "\"domain\": \"x near +-1\"",
            "\"order\": \"components[0] is applied first (innermost)\"",
            "\"order\": \"f runs before g, the reverse of f o g\"",
            "\"scale_conventions\": \"none at all\"",
            "\"reversed\": false, \"frac_bits\": 0, \"denominator\": 1",
        ] {
            let got = of(rest);
            assert_eq!(got.1, [0.0, 1.5, 0.0, -0.5], "{rest}");
            assert_eq!(got.2[..2], ["-1", "1"].map(str::to_owned), "{rest}");
        }
        let text = filled(&format!("{start}\"author\": \"x\", \"scale\": 1}}"));
        let read = import(&text, None, &plain).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert!(
            read.notes.iter().any(|n| n.contains("ignored: author")),
            "{:?}",
            read.notes
        );
    }
}

#[test]
fn pairs_ends_and_eps_are_asked() {
    let plain = Hints::default();
    let layout = |layout| Hints {
        layout: Some(layout),
        ..Hints::default()
    };
    for text in ["1,1.5\n3,-0.5\n", "[[1, 1.5], [3, -0.5]]"] {
        refused(text, None, &plain, "--layout degrees");
        assert_eq!(
            read(text, None, &layout(Layout::Degrees)).1,
            [0.0, 1.5, 0.0, -0.5]
        );
        let stages = import(text, None, &layout(Layout::Stages)).unwrap().table;
        assert_eq!(stages.degrees(), [1, 1]);
    }
    refused("[[1.5, 1], [-0.5, 3]]", None, &plain, "--layout");
    refused("[[3, -0.5]]", None, &plain, "--layout");
    refused("3,-0.5\n", None, &plain, "--layout");
    for text in ["[[1, 3], [1.5, -0.5]]", "p = [[1, 3], [1.5, -0.5]]"] {
        refused(text, None, &plain, "degrees and their coefficients");
        assert_eq!(
            read(text, None, &layout(Layout::Degrees)).1,
            [0.0, 1.5, 0.0, -0.5]
        );
    }
    refused(
        "[[1, 3], [2, 4]]",
        None,
        &layout(Layout::Degrees),
        "may be the first list",
    );
    refused(
        "[[0, 1.5], [0, 2]]",
        None,
        &layout(Layout::Degrees),
        "--layout",
    );
    // (x + x^2)/2 is 0 and 1 at -1 and 1: near ReLU, or a step?
    refused("[0, 0.5, 0.5]", None, &plain, "--last-stage");
    let direct = |eps| Hints {
        target: Some("direct_relu".parse().unwrap()),
        eps,
        ..Hints::default()
    };
    assert_eq!(
        read("[0, 0.5, 0.5]", None, &direct(None)).1,
        [0.0, 0.5, 0.5]
    );
    refused(
        "[0, 0.5, 0.5]",
        None,
        &direct(Some(Rational::from((1, 8)))),
        "--eps",
    );
    let step = import("[0.5, 0.75, 0, -0.25]", None, &plain).unwrap().table;
    assert_eq!(step.output, Output::Step);
}

#[test]
fn lists_that_are_hardly_stages_are_asked() {
    let plain = Hints::default();
    // A degree may stand in several stages, and complex numbers and columns look like stages too.
    for text in [
        "[[[1, 1.5], [3, -0.5]], [[1, 2], [3, -1]]]",
        "1,1.5\n3,-0.5\n1,2\n3,-1\n",
        "0,0\n1.5,2\n0,0\n-0.5,-1\n",
        "p = [[1.5, 1], [2.5, 1]]",
    ] {
        refused(text, None, &plain, "lists of two numbers: say by --layout");
    }
    let complex = "std::vector<std::complex<double>> c = {{0, 0}, {1.5, 0}, {0, 0}, {-0.5, 0}};";
    refused(complex, Some(Format::Cpp), &plain, "--layout");
    for text in ["[[0], [1.5], [0], [-0.5]]", "[[0, 1.5, 0, -0.5], [2]]"] {
        refused(text, None, &plain, "a list of one number is a constant");
    }
    let stages = Hints {
        layout: Some(Layout::Stages),
        ..Hints::default()
    };
    let got = import("[[1.5, 1], [2]]", None, &stages).unwrap().table;
    assert_eq!(got.degrees(), [1, 0]);
    let odd = Hints {
        degrees: Some(vec![3, 3]),
        ..Hints::default()
    };
    let got = import("[[1.5, -0.5], [2, -1]]", None, &odd).unwrap().table;
    assert_eq!(got.degrees(), [3, 3]);
}

#[test]
fn a_degree_a_basis_and_columns_by_name_count() {
    let plain = Hints::default();
    let of = |degree| Hints {
        degrees: Some(vec![degree]),
        ..Hints::default()
    };
    let odd = r#"{"coeffs": [1.5, -0.5], "degree": 3}"#;
    refused(odd, None, &plain, "degree: 3 is stated, and 2 numbers");
    assert_eq!(read(odd, None, &of(3)).1, [0.0, 1.5, 0.0, -0.5]);
    let odd = r#"{"components": [["1.5", "-0.5"]], "degree": 3}"#;
    refused(odd, None, &plain, "degree: 3 is stated");
    let all = r#"{"coeffs": [0, 1.5, 0, -0.5, 0], "degree": 3}"#;
    assert_eq!(read(all, None, &plain).1, [0.0, 1.5, 0.0, -0.5, 0.0]);
    let chebyshev = Hints {
        basis: Some(Basis::Chebyshev),
        ..Hints::default()
    };
    for text in [
        r#"{"chebyshev": [0, 1.125, 0, -0.125]}"#,
        "cheb_coeffs = [0, 1.125, 0, -0.125]",
    ] {
        refused(text, None, &plain, "its name names a basis");
        let got = import(text, None, &chebyshev).unwrap().table;
        assert_eq!(got.components[0].basis, Basis::Chebyshev);
    }
    let turned = "coefficient,degree\n0,0\n1.5,1\n0,2\n-0.5,3\n";
    assert_eq!(read(turned, None, &plain).1, [0.0, 1.5, 0.0, -0.5]);
    let gap = "coefficient,degree\n1.5,1\n";
    refused(gap, None, &plain, "line 2 column 5: expected degree 0");
    for ends in [r#"{"min": -8, "max": 8}"#, r#"{"lo": "-8", "hi": "8"}"#] {
        let text = format!(r#"{{"coeffs": [0, 1], "domain": {ends}}}"#);
        let got = import(&text, None, &plain).unwrap().table;
        let domain = (got.domain.lo, got.domain.hi);
        assert_eq!(domain, (Rational::from(-8), Rational::from(8)));
    }
}

#[test]
fn ends_of_a_clip_are_said() {
    let hints = |target: Option<&str>, lower: Option<i32>, upper: Option<i32>| Hints {
        target: target.map(|t| t.parse().unwrap()),
        lower: lower.map(Rational::from),
        upper: upper.map(Rational::from),
        ..Hints::default()
    };
    let clip = Some("direct_clip");
    let got = import("[0, 1, 1]", None, &hints(clip, Some(0), Some(6))).unwrap();
    let six = Some((Rational::new(), Rational::from(6)));
    assert_eq!(got.table.ends, six);
    for (asked, part) in [
        (hints(clip, Some(0), None), "go together"),
        (hints(clip, Some(3), Some(1)), "not below"),
        (hints(None, Some(0), Some(1)), "for --target direct_clip"),
    ] {
        refused("[0, 1, 1]", None, &asked, part);
    }
    // Bounds beside a clip may be its domain's.
    let text = r#"{"coeffs": [0, 1, 1], "function": "direct_clip", "lower": 0, "upper": 6}"#;
    refused(
        text,
        None,
        &Hints::default(),
        "of the clip or of the domain",
    );
    // What an export says is overruled with its target, and its digest still holds.
    let mut eps = import("[0.5, 0.75, 0, -0.25]", None, &Hints::default())
        .unwrap()
        .table;
    eps.domain.eps = Some(Rational::from((1, 16)));
    assert_eq!(eps.output, Output::Step);
    let direct = hints(Some("direct_relu"), None, None);
    for table in [&eps, &got.table] {
        for format in [Format::Json, Format::Csv, Format::Go, Format::C] {
            let form = (CoefficientMode::Exact, Spelling::Decimal);
            let text = export(table, format, form.0, form.1).unwrap().text;
            let whole = import(&text, None, &Hints::default()).unwrap().table;
            assert_eq!(whole.sha256(), table.sha256());
            let other = import(&text, None, &direct).unwrap();
            let kept = (other.table.domain.eps, other.table.ends);
            assert_eq!(kept, (None, None));
            assert_eq!(other.table.output, Output::Sign);
            assert!(other.notes.join(" ").contains("overruled with its target"));
            let broken = text.replace("-0.25", "-0.5").replace("0, 1, 1", "0, 1, 2");
            if broken != text {
                let error = import(&broken, None, &direct).unwrap_err();
                assert!(error.contains("SHA-256"), "{error}");
            }
        }
    }
}

#[test]
fn an_exports_line_is_found_wherever_it_stands() {
    let table = import("[0, 1.5, 0, -0.5]", None, &Hints::default())
        .unwrap()
        .table;
    let text = export(&table, Format::C, CoefficientMode::Exact, Spelling::Decimal)
        .unwrap()
        .text;
    let moved = format!("{}{text}", "# a licence\n".repeat(50));
    let got = import(&moved, None, &Hints::default()).unwrap();
    assert_eq!(got.table.sha256(), table.sha256());
    let changed = moved.replace("1.5", "1.25");
    assert!(import(&changed, None, &Hints::default())
        .unwrap_err()
        .contains("SHA-256"));
}
