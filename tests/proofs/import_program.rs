//! What stands around and beside coefficients is honoured or refused: no other polynomial in silence.

use polycert::arith::number::write;
use polycert::interchange::{read_bytes, Format, Hints, Imported};
use polycert::poly::component::Basis;
use rug::Rational;

pub(super) const PY: Option<Format> = Some(Format::Python);
pub(super) const CPP: Option<Format> = Some(Format::Cpp);
pub(super) const GO: Option<Format> = Some(Format::Go);
pub(super) const OPENFHE: Option<Format> = Some(Format::Openfhe);

pub(super) fn import(
    text: &str,
    format: Option<Format>,
    hints: &Hints,
) -> Result<Imported, String> {
    read_bytes(text.as_bytes(), format, hints).map_err(|e| e.to_string())
}

/// L and B stand for the list 0, 3/2, 0, -1/2.
pub(super) fn filled(text: &str) -> String {
    text.replace("@L", "[0, 1.5, 0, -0.5]")
        .replace("@B", "{0, 1.5, 0, -0.5}")
}

/// Basis, coefficients, lower and upper end, of one component.
pub(super) fn read(
    text: &str,
    format: Option<Format>,
    hints: &Hints,
) -> (Basis, Vec<f64>, [String; 4]) {
    let text = filled(text);
    let table = import(&text, format, hints)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .table;
    let c = &table.components[0];
    let list = c.coefficients.iter().map(Rational::to_f64).collect();
    let ends = [&table.domain.lo, &table.domain.hi, &c.scale, &c.offset];
    (c.basis, list, ends.map(write))
}

pub(super) fn refused(text: &str, format: Option<Format>, hints: &Hints, part: &str) {
    let text = filled(text);
    match import(&text, format, hints) {
        Ok(read) => panic!("{text}: {:?}", read.table.components),
        Err(e) => assert!(e.contains(part), "{text}: {e}"),
    }
}

#[test]
fn what_computes_with_a_list_is_refused() {
    for text in [
        "p = np.negative(@L)",
        "p = np.flip(@L)",
        "p = np.cumsum(@L)",
        "p = np.divide(@L, 2)",
        "p = np.multiply(@L, 2)",
        "p = np.pad(@L, 2)",
        "p = np.sqrt(@L)",
        "p = np.concatenate([@L, @L])",
        "p = ~np.array(@L)",
        "p = @L[1:]",
        "p = @L[::-1]",
        "p = np.array(@L, dtype=int)",
        "p = np.array(@L, int)",
        "p = np.array(@L).astype(int)",
        "p = np.array(@L) + 1",
        "p = np.array(@L) ** 2",
        "p = 1 / np.array(@L)",
        "p = 1 - np.array(@L)",
        "p = np.array(@L) // 1",
        "p = np.array(@L) if x else None",
        "p = np.poly(@L)",
        "p = list(reversed(@L))",
        "p = @L + [1]",
        "p = np.array(@L).clip(0)",
        "p = torch.tensor(@L, dtype=torch.int32)",
        "p = Legendre(@L)",
        "p = x[@L]",
        "p = y or @L",
        "p = -Chebyshev(@L, domain=[-4, 4]) + 1",
    ] {
        refused(text, PY, &Hints::default(), "line 1: `p = ");
    }
    for text in [
        "p = -np.array(@L)",
        "p = np.array(@L) * 2**-3",
        "p = 2 * Chebyshev(@L, domain=[-4, 4])",
    ] {
        refused(text, PY, &Hints::default(), "--factor");
    }
    refused("p = @L \\\n  [1:]", PY, &Hints::default(), "line 2: `");
    refused(
        "p = [np.negative(@L)]",
        PY,
        &Hints::default(),
        "negative(...)",
    );
    for (text, format) in [
        ("auto c = -std::valarray<double>@B;", CPP),
        ("auto c = negate(@B);", CPP),
        ("int c[] = @B;", CPP),
        ("std::vector<int> c@B;", CPP),
        ("var c = append([]float64@B, 1)", GO),
        ("var c = []float64@B[1:]", GO),
    ] {
        refused(text, format, &Hints::default(), "line 1: `");
    }
    for text in [
        "#if 0\ndouble c[] = @B;\n#endif",
        "  #ifdef A\n#else\ndouble c[] = @B;\n  #endif",
    ] {
        refused(
            text,
            CPP,
            &Hints::default(),
            "under the condition of line 1",
        );
    }
    refused(
        "// \\\ndouble c[] = @B;\n",
        CPP,
        &Hints::default(),
        "no list",
    );
}

#[test]
fn a_list_that_is_changed_later_is_refused() {
    for (text, line) in [
        ("p = np.array(@L)\np = -p", 2),
        ("p = np.array(@L)\np /= 2", 2),
        ("p = @L\np.reverse()", 2),
        ("p = @L\np.sort()", 2),
        ("p = @L\nfor i in range(4): p[i] = -p[i]", 2),
        ("p = @L\nfor i in range(4):\n    p[i] = -p[i]", 3),
        ("p = np.array(@L)\nnp.negative(p, out=p)", 2),
        ("p = @L\nrandom.shuffle(p)", 2),
        ("p = @L\np[0], p[1] = p[1], p[0]", 2),
        ("p = @L\ndel p[0]", 2),
        ("p = torch.tensor(@L)\np.neg_()", 2),
        ("p = @L\np += [1]", 2),
        ("class A:\n  p = @L\n  def f(self):\n    self.p[1] *= 3", 4),
        ("d = {'a': @L}\nd['a'].reverse()", 2),
        ("d = {'a': @L}\nfor k in d: d[k] = d[k][::-1]", 2),
        ("a, p = 1, @L\np *= 2", 2),
    ] {
        refused(text, PY, &Hints::default(), &format!("line {line}: `"));
    }
    for body in [
        "for (int i = 0; i < 4; i++) c[i] = -c[i];",
        "std::reverse(c.begin(), c.end());",
        "c[0]++;",
        "*(c+1) = 3;",
        "c.push_back(3);",
        "c[0] /= 2;",
    ] {
        let text = format!("std::vector<double> c = @B;\nvoid f() {{ {body} }}");
        refused(&text, CPP, &Hints::default(), "line 2: `");
    }
    for body in [
        "for i := range c { c[i] = -c[i] }",
        "sort.Float64s(c)",
        "c = c[1:]",
        "c[0], c[1] = c[1], c[0]",
    ] {
        let text = format!("var c = []float64@B\nfunc f() {{\n {body}\n}}");
        refused(&text, GO, &Hints::default(), "line 3: `");
    }
}

#[test]
fn code_that_reads_a_list_leaves_it() {
    let want = vec![0.0, 1.5, 0.0, -0.5];
    for (text, format) in [
        ("p = np.array(@L, dtype=np.float64)\ny = np.sin(p)\nq = -np.array(p)\nprint(len(p), p[0] == 0)", PY),
        ("self.p = nn.Parameter(torch.tensor(@L, dtype=torch.float64, device='cuda'))", PY),
        ("self.register_buffer('c', torch.tensor(@L))", PY),
        ("p: list[float] = @L  # p = -p\n\"\"\"p.reverse()\"\"\"", PY),
        ("p = \\\n  @L", PY), ("a = b = @L", PY), ("d = {}\nd[3] = @L", PY), ("def f(x, c=@L):\n    return x", PY),
        ("p = np.array(@L).tolist()", PY),
        ("double c[] = @B;\nint main() { double y = f(c, 3); for (int i = 0; i < 4; i++) y += c[i]; if (c[0] > 3) y = 2; }", CPP),
        ("#ifndef A_H\n#define A_H\ndouble c[] = @B;\n#endif", CPP),
        ("std::vector<double> c(@B);\nfor (const auto& x : c) s += x;", CPP),
        ("#define N 3 \\\n  + {4}\ndouble c[] = @B;", CPP),
        ("var c = []float64@B\nfunc f() float64 {\n return c[0] + g(c)\n}", GO),
    ] {
        let (basis, list, _) = read(text, format, &Hints::default());
        assert_eq!((basis, list), (Basis::Power, want.clone()), "{text}");
    }
}

#[test]
fn constructors_and_evaluations_say_what_a_list_is() {
    let low = vec![0.0, 1.5, 0.0, -0.5];
    let high = vec![-0.5, 0.0, 1.5, 0.0];
    let (power, cheb) = (Basis::Power, Basis::Chebyshev);
    let plain = ["-1", "1", "1", "0"];
    let four = ["-4", "4", "1*2^-2", "0"];
    for (text, format, basis, list, ends) in [
        ("p = np.poly1d(@L)", PY, power, &high, plain),
        ("p = np.array(@L)\ny = np.polyval(p, x)", PY, power, &high, plain),
        ("p = np.array(@L)\ny = np.polyval(p[::-1], x)", PY, power, &low, plain),
        ("p = Chebyshev(@L)", PY, cheb, &low, plain),
        ("p = Chebyshev(@L, domain=[-4, 4])\ny = p.deriv()", PY, cheb, &low, four),
        ("p = Polynomial(@L, [-4.0, 4.0])", PY, power, &low, four),
        ("c = @L\nf = np.polynomial.Chebyshev(c, domain=(-4, 4))", PY, cheb, &low, four),
        ("c = @L\ny = C.chebval(x, c)", PY, cheb, &low, plain),
        ("y = cc.EvalChebyshevSeries(ct, @L, -4, 4)", PY, cheb, &low, four),
        ("p := bignum.NewPolynomial(bignum.Chebyshev, []float64@B, [2]float64{-4, 4})", GO, cheb, &low, four),
        ("c := []float64@B\np := bignum.NewPolynomial(bignum.Chebyshev, c, [2]float64{-4.0, 4.0})\ny := p.Evaluate(x)", GO, cheb, &low, four),
        ("p := bignum.NewPolynomial(bignum.Monomial, []float64@B, nil)", GO, power, &low, plain),
        ("auto y = cc->EvalChebyshevSeries(ct, @B, -4, 4);", CPP, cheb, &low, four),
        ("std::vector<double> c = @B;\ndouble a = -4, b = 4;\nauto y = cc->EvalChebyshevSeries(ct, c, a, b);", OPENFHE, cheb, &low, four),
        ("std::vector<double> c = @B;\nauto y = cc->EvalPoly(ct, c);", OPENFHE, power, &low, plain),
    ] {
        let got = read(text, format, &Hints::default());
        assert_eq!(got, (basis, list.clone(), ends.map(str::to_owned)), "{text}");
    }
    // The first coefficient is halved once.
    let (_, list, _) = read(
        "auto y = cc->EvalChebyshevSeries(ct, {2.0, 1.0}, -4, 4);",
        OPENFHE,
        &Hints::default(),
    );
    assert_eq!(list, [1.0, 1.0]);
    let interval = |a: i32, b: i32| Hints {
        interval: Some((Rational::from(a), Rational::from(b))),
        ..Hints::default()
    };
    let unread = "std::vector<double> c = @B;\nauto y = cc->EvalChebyshevSeries(ct, c, lo, hi);";
    refused(unread, OPENFHE, &Hints::default(), "--interval");
    assert_eq!(
        read(unread, OPENFHE, &interval(-4, 4)).2,
        four.map(str::to_owned)
    );
    let stated = "auto y = cc->EvalChebyshevSeries(ct, @B, -4, 4);";
    refused(stated, OPENFHE, &interval(-5, 5), "another interval");
    let basis = Hints {
        basis: Some(power),
        ..Hints::default()
    };
    refused("p = Chebyshev(@L)", PY, &basis, "--basis");
    for (text, format, part) in [
        ("p = np.poly1d(@L, True)", PY, "roots"),
        ("p = Chebyshev(@L, window=[0, 1])", PY, "window"),
        ("p = Chebyshev(@L, domain=dom)", PY, "interval"),
        (
            "c = @L\nf = Chebyshev(c)\ng = np.poly1d(c)",
            PY,
            "two polynomials",
        ),
        (
            "c := []float64@B\np := bignum.NewPolynomial(bignum.Chebyshev, c, iv)",
            GO,
            "interval",
        ),
        (
            "p := bignum.NewPolynomial(basis, []float64@B, nil)",
            GO,
            "basis",
        ),
    ] {
        refused(text, format, &Hints::default(), part);
    }
}
