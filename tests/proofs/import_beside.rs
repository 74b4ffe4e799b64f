//! What stands beside coefficients in JSON, how lists are laid out, and an export's own line.

use crate::import_program::{filled, import, read, refused};
use polycert::arith::rounding::CoefficientMode;
use polycert::interchange::{export, Format, Hints, Layout, Spelling};
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
