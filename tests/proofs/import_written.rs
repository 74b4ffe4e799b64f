//! A list of a program is read as it is written: what the rest of the program may say of it is said or asked.

use crate::import_program::{filled, import, read, refused, CPP, GO, OPENFHE, PY};
use polycert::interchange::{Format, Hints, Order};
use polycert::poly::component::Basis;
use rug::Rational;

/// Coefficients and what is assumed of a list.
fn assumed(text: &str, format: Option<Format>, hints: &Hints) -> (Vec<f64>, String) {
    let text = filled(text);
    let got = import(&text, format, hints).unwrap_or_else(|e| panic!("{text}: {e}"));
    let list = &got.table.components[0].coefficients;
    let list = list.iter().map(Rational::to_f64).collect();
    let kept = got.table.provenance["assumptions"].clone();
    assert!(got.notes.contains(&format!("assumed: {kept}")), "{text}");
    (list, kept)
}

fn arrays(name: &str) -> Hints {
    Hints {
        arrays: Some(vec![name.to_owned()]),
        ..Hints::default()
    }
}

#[test]
fn a_list_is_read_as_it_is_written_and_that_is_said() {
    let low = vec![0.0, 1.5, 0.0, -0.5];
    let lines = |numbers: &str| {
        format!("the list `c` as it is written on line 1: what the rest of the program does with it is not followed (it is mentioned on {numbers})")
    };
    for (text, format, numbers) in [
        ("c = @L\nprint(1)\nnp.negative(c, c)", PY, "line 3"),
        ("c = @L\nlist.reverse(c)", PY, "line 2"),
        (
            "c = @L\nheapq.heapify(c)\ngetattr(c, 'reverse')()",
            PY,
            "lines 2, 3",
        ),
        ("c = @L\nq = c\nq.reverse()", PY, "line 2"),
        ("c = @L\nfrom coeffs import c", PY, "line 2"),
        ("c = @L\ndef c(): pass", PY, "line 2"),
        ("c = @L\nfor c in \"abc\": pass", PY, "line 2"),
        ("c = @L\ns = c[-1]; s *= x", PY, "line 2"),
        ("c = @L\nparams[\"c\"] = c", PY, "line 2"),
        ("c = @L # c\n\"\"\"c\nc\"\"\"\nd = c + c", PY, "line 4"),
        ("c = @L\nc = np.array(c)", PY, "line 2"),
        (
            "c = @L\n1\nc\nc\nc\nc\nc\nc\nc\nc\nc",
            PY,
            "lines 3, 4, 5, 6, 7, 8, 9, 10 and 1 more",
        ),
        (
            "std::vector<double> c = @B;\nvoid f() { for (auto& x : c) x = -x; }",
            CPP,
            "line 2",
        ),
        (
            "std::vector<double> c = @B;\nvoid f() { auto *q = c.data(); *q = 1; }",
            CPP,
            "line 2",
        ),
        (
            "const double c[] = @B;\ndouble f() { const double *p = c; return *p++; }",
            CPP,
            "line 2",
        ),
        (
            "std::vector<double> c = @B;\nvoid f() { memcpy(c.data(), d, 8); }",
            CPP,
            "line 2",
        ),
        (
            "var c = []float64@B\nfunc f() {\n for i := 0; i < 4; i++ { y += c[i] }\n}",
            GO,
            "line 3",
        ),
        (
            "var c = []float64@B\nfunc f() {\n for i := 3; i >= 0; i-- { y += c[i] }\n}",
            GO,
            "line 3",
        ),
    ] {
        let (list, said) = assumed(text, format, &Hints::default());
        assert_eq!(list, low, "{text}");
        assert!(said.contains(&lines(numbers)), "{text}: {said}");
    }
    let (_, said) = assumed("c = @L\nprint(1)", PY, &Hints::default());
    let others =
        "the list `c` as it is written on line 1: the program's other statements are not followed";
    assert!(said.contains(others), "{said}");
    for (text, format) in [
        ("c = @L  # c", PY),
        ("static const double c[4] = @B;", CPP),
        ("{\"c\": @L}", None),
        ("@L", None),
    ] {
        let (_, said) = assumed(text, format, &Hints::default());
        assert!(!said.contains("as it is written"), "{text}: {said}");
    }
}

#[test]
fn a_changed_list_is_read_where_the_user_says_so() {
    let plain = Hints::default();
    for (text, format, change) in [
        ("c = @L\nc = -c", PY, "line 2 changes it: `c = -c`"),
        (
            "c = @L\nc.reverse()",
            PY,
            "line 2 changes it: `c.reverse()`",
        ),
        (
            "std::vector<double> c = @B;\nvoid f() { c[0]++; }",
            CPP,
            "line 2 changes it: `void f() { c[0]++; }`",
        ),
        (
            "var c = []float64@B\nfunc f() {\n c[1] = 2\n}",
            GO,
            "line 3 changes it: `c[1] = 2`",
        ),
    ] {
        refused(
            text,
            format,
            &plain,
            "if the list as written is meant, say so with --arrays c",
        );
        let (list, said) = assumed(text, format, &arrays("c"));
        assert_eq!(list, [0.0, 1.5, 0.0, -0.5], "{text}");
        assert!(said.contains(change), "{text}: {said}");
    }
    let twice = "D = {'relu': @L, 'relu': [1, 2]}";
    for name in ["1", "2"] {
        refused(
            twice,
            PY,
            &arrays(name),
            "the key \"relu\" stands in its dictionary again",
        );
    }
}

#[test]
fn a_call_of_no_certain_list_asks_for_basis_and_order() {
    let plain = Hints::default();
    let both = Hints {
        basis: Some(Basis::Chebyshev),
        order: Some(Order::Highest),
        ..Hints::default()
    };
    for (text, format) in [
        ("c = @L\ny = np.polyval(list(c), x)", PY),
        ("c = @L\ny = np.polyval(c.copy(), x)", PY),
        ("c = @L\nf = np.poly1d(np.array(c))", PY),
        ("c = @L\nf = np.poly1d(-c)", PY),
        ("c = @L\nf = Polynomial(list(reversed(c)))", PY),
        ("c = @L\np = np.array(c)\ny = np.polyval(p, x)", PY),
        ("c = @L\nf = Chebyshev(get(), domain=[-4, 4])", PY),
        ("coeffs = @L\ndef ev(c, x): return chebval(x, c)", PY),
        ("D = {'relu': @L}\ny = np.polyval(D['relu'], x)", PY),
        ("c = @L\ny = np.polyval(c[1:], x)", PY),
        ("c = @L\nq = cheb2poly(c)", PY),
        ("c = @L\ny = legval(x, d)", PY),
        ("c = @L\nf = sympy.Poly(c, x)", PY),
        ("c := []float64@B\nfor j := range c {\n d[j] = complex(c[j]/2, 0)\n}\np := NewPolynomial(Chebyshev, d, nil)", GO),
        ("std::vector<double> c = @B;\nauto y = ev(c);\nauto z = cc->EvalPoly(ct, k);", CPP),
    ] {
        refused(text, format, &plain, "say --basis and --order");
        for half in [
            Hints { basis: None, ..both.clone() },
            Hints { order: None, ..both.clone() },
        ] {
            refused(text, format, &half, "say --basis and --order");
        }
        let (basis, list, _) = read(text, format, &both);
        assert_eq!((basis, list), (Basis::Chebyshev, vec![-0.5, 0.0, 1.5, 0.0]), "{text}");
    }
    // A list that is changed is not that of the call.
    let changed = "c = @L\nc = c[::-1]\ny = np.polyval(c, x)";
    refused(changed, PY, &arrays("c"), "say --basis and --order");
    let helper = "Ciphertext ev(Ciphertext ct, std::vector<double> k) { return cc->EvalChebyshevSeries(ct, k, -4, 4); }\nstd::vector<double> c = @B;\nauto y = ev(ct, c);";
    refused(helper, OPENFHE, &plain, "say --interval");
    for text in [
        "c = @L\ny = legval(x, c)",
        "c = @L\nf = HermiteE(c)",
        "c = @L\ny = L.lagval(x, c)",
    ] {
        refused(text, PY, &both, "a basis that no table here has");
    }
    // Keywords are read.
    assert_eq!(
        read("c = @L\ny = np.polyval(p=c, x=x)", PY, &plain).1,
        [-0.5, 0.0, 1.5, 0.0]
    );
    assert_eq!(
        read("f = Chebyshev(coef=@L)", PY, &plain).0,
        Basis::Chebyshev
    );
}

#[test]
fn an_interval_by_names_is_read_where_they_are_certain() {
    let of = |declared: &str| {
        format!("std::vector<double> c = @B;\n{declared}\nauto y = cc->EvalChebyshevSeries(ct, c, a, b);")
    };
    let ends = |text: &str| {
        let (_, _, [lo, hi, ..]) = read(text, OPENFHE, &Hints::default());
        [lo, hi]
    };
    for declared in [
        "double a = -4, b = 4;",
        "const double a = -4.0; constexpr int b = 4;",
        "float a = -4.0f; double b = +4;",
    ] {
        assert_eq!(ends(&of(declared)), ["-4", "4"], "{declared}");
    }
    for declared in [
        "double a = -4, b = 4; b = 2*b;",
        "double a = -4, b = 4; b = g();",
        "double a = -4, b = 4; b++;",
        "double a = -4, b = 4; std::cin >> b;",
        "double a = -4, b = x > 0 ? 4 : 8;",
        "double a = -4, b = 4 ? x : y;",
        "double a = -4, b = 4 << 1;",
        "double a = -4; int b = 4.7;",
        "double a = -4; float b = 4.1;",
        "void f(double a = -4, double b = 4);",
        "double a = -4; auto b = 4.1f;",
    ] {
        refused(&of(declared), OPENFHE, &Hints::default(), "--interval");
    }
    let python = "c = @L\na = -4.0\nb = 4.0 if q else 8.0\nf = Chebyshev(c, domain=[a, b])";
    refused(python, PY, &Hints::default(), "interval");
    assert_eq!(
        ends(&of("double a = -4, b = 4;").replace(
            "auto y",
            "auto z = cc->EvalChebyshevSeries(ct, c, a, b);\nauto y"
        )),
        ["-4", "4"]
    );
}

#[test]
fn types_and_conditions_of_a_program_count() {
    let note = |text: &str| {
        let got = import(&filled(text), PY, &Hints::default());
        got.unwrap_or_else(|e| panic!("{text}: {e}"))
            .notes
            .join("\n")
    };
    for (text, single) in [
        ("p = torch.tensor(@L)", true),
        ("p = nn.Parameter(torch.Tensor(@L))", true),
        ("p = tf.constant(@L)", true),
        ("p = jnp.array(@L)", true),
        ("p = np.array(@L, dtype=np.float32)", true),
        ("p = torch.tensor(@L, dtype=torch.float64)", false),
        ("p = torch.tensor(np.array(@L))", false),
        ("p = jnp.array(@L, dtype=jnp.float64)", false),
        ("p = np.array(@L)", false),
    ] {
        assert_eq!(
            note(text).contains("4 numbers are held as f32"),
            single,
            "{text}"
        );
    }
    for text in [
        "#ifndef A_H\n\n#define A_H\ndouble c[] = @B;\n#endif",
        "#if 1\ndouble c[] = @B;\n#endif",
    ] {
        read(text, CPP, &Hints::default());
    }
    let other = "#if 1\ndouble c[] = @B;\n#else\n#endif";
    refused(other, CPP, &Hints::default(), "condition of line 1");
    for name in ["batch_norm_eps", "lr_factor"] {
        read(&format!("{name} = 3\nc = @L"), PY, &Hints::default());
    }
    for name in ["norm", "factor", "input_factor", "coeff_scale", "scaling"] {
        refused(
            &format!("{name} = 3\nc = @L"),
            PY,
            &Hints::default(),
            "--factor",
        );
    }
    for text in [
        "c := []interface{}@B",
        "c := []*big.Float{big.NewFloat(0.5), x}",
    ] {
        let got = import(&filled(text), GO, &Hints::default());
        assert!(!got.is_err_and(|e| e.contains("an empty list")), "{text}");
    }
}
