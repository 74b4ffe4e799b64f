//! The same polynomials by Sollya's `supnorm` and by the certifier, in one run: enclosures and times. Sollya, if it is
//! installed (Debian: `apt-get install sollya`), proves the relative accuracy 2^-40 as polycert does, and leaves nothing
//! to check. Seconds are the least of five runs inside each program, so without its start.

use polycert::certify::proof::prove;
use polycert::certify::request::Request;
use polycert::function::formula::{Difference, Formula, Measure};
use polycert::function::target::{Function, Target};
use polycert::jobs::families::{family, Family, Request as Asked, Smooth};
use polycert::poly::component::Basis;
use polycert::poly::table::Table;
use rug::{Float, Rational};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Function for polycert, for Sollya, domain, degree.
type Case = (&'static str, &'static str, [i32; 4], usize);

const CASES: [Case; 16] = [
    ("exp(x)", "exp(x)", [-1, 1, 1, 1], 10),
    ("exp(x)", "exp(x)", [-1, 1, 1, 1], 30),
    ("sin(x)", "sin(x)", [-2, 1, 2, 1], 15),
    ("cos(x)", "cos(x)", [-16, 5, 16, 5], 16),
    ("log(x)", "log(x)", [1, 2, 2, 1], 12),
    ("sigmoid(x)", "1/(1+exp(-x))", [-8, 1, 8, 1], 23),
    ("tanh(x)", "tanh(x)", [-4, 1, 4, 1], 21),
    ("erf(x)", "erf(x)", [-3, 1, 3, 1], 19),
    ("gelu(x)", "x*(1+erf(x/sqrt(2)))/2", [-5, 1, 5, 1], 24),
    ("silu(x)", "x/(1+exp(-x))", [-8, 1, 8, 1], 24),
    ("1/x", "1/x", [1, 1, 4, 1], 14),
    ("1/sqrt(x)", "1/sqrt(x)", [1, 4, 4, 1], 16),
    // Where it may give none.
    ("asin(x)", "asin(x)", [-1, 1, 1, 1], 31),
    ("sqrt(x)", "sqrt(x)", [0, 1, 1, 1], 20),
    ("cos(20*x)", "cos(20*x)", [-1, 1, 1, 1], 60),
    ("exp(x)", "exp(x)", [-1, 1, 1, 1], 63),
];

fn table(case: &Case) -> Table {
    let (function, _, [a, b, c, d], degree) = *case;
    let smooth = Smooth {
        function: Formula::function(function).expect("an expression"),
        relative: false,
        lo: Rational::from((a, b)),
        hi: Rational::from((c, d)),
        degree,
        bits: if degree > 40 { 450 } else { 120 },
    };
    let asked = Asked {
        name: None,
        family: Family::Smooth(smooth),
    };
    family(&asked).expect("the fit converges").table
}

/// The polynomial in powers of x, as exact fractions in Horner's form.
fn text(table: &Table) -> String {
    let component = &table.components[0];
    assert_eq!(component.basis, Basis::Chebyshev);
    let (scale, offset) = (&component.scale, &component.offset);
    // Clenshaw's recurrence on polynomials in x.
    let times_u = |p: &[Rational]| {
        let mut out = vec![Rational::new(); p.len() + 1];
        for (i, c) in p.iter().enumerate() {
            out[i] += Rational::from(c * offset);
            out[i + 1] += Rational::from(c * scale);
        }
        out
    };
    let minus = |a: &[Rational], b: &[Rational]| {
        let at = |p: &[Rational], i: usize| p.get(i).cloned().unwrap_or_default();
        (0..a.len().max(b.len()))
            .map(|i| at(a, i) - at(b, i))
            .collect::<Vec<_>>()
    };
    let (mut b1, mut b2) = (Vec::new(), Vec::new());
    for (j, c) in component.coefficients.iter().enumerate().rev() {
        let moved = times_u(&b1);
        let twice: Vec<_> = moved
            .iter()
            .map(|m| Rational::from(m * if j == 0 { 1 } else { 2 }))
            .collect();
        let mut b0 = minus(&twice, &b2);
        b0[0] += c;
        b2 = std::mem::replace(&mut b1, b0);
    }
    let horner = b1.iter().rev();
    horner.fold("0".to_owned(), |text, c| format!("({text})*x+({c})"))
}

/// The absolute error of the function that the table states.
fn request(table: &Table) -> Request {
    let stated = table.smooth.clone().expect("a smooth table");
    let mut target = Target::new(Function::Smooth);
    target.smooth = Some(Difference {
        function: stated.function,
        value: stated.value,
        measure: Measure::Absolute,
    });
    Request::new(target)
}

/// What Sollya answers: enclosure and seconds.
fn sollya(case: &Case, table: &Table) -> Option<(String, f64)> {
    let (_, function, [a, b, c, d], _) = *case;
    let mut program = format!("prec=1200!;\np={};\ndisplay=decimal!;\n", text(table));
    for _ in 0..5 {
        program += &format!(
            "print(time({{s=supnorm(p,{function},[{a}/{b};{c}/{d}],absolute,2^(-40));}}));\n"
        );
    }
    program += "prec=80!;\nprint(inf(s));\nprint(sup(s));\nquit;\n";
    let mut child = Command::new("sollya")
        .args(["--noprompt", "--nocolor", "--warnonstderr"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(program.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    let seconds = lines
        .iter()
        .take(5)
        .filter_map(|l| l.trim().parse::<f64>().ok());
    let best = seconds.fold(f64::INFINITY, f64::min);
    let enclosure = lines.iter().skip(5).map(|l| l.trim()).collect::<Vec<_>>();
    Some((enclosure.join(" .. "), best))
}

fn main() {
    if Command::new("sollya").arg("--version").output().is_err() {
        println!("SKIPPED: sollya is not installed; nothing was compared");
        return;
    }
    println!("function, domain, degree: polycert's enclosure and seconds; Sollya's");
    for case in &CASES {
        let table = table(case);
        let request = request(&table);
        let mut best = f64::INFINITY;
        let mut proof = None;
        for _ in 0..5 {
            let start = Instant::now();
            proof = Some(prove(&table, &request).expect("the table is certified"));
            best = best.min(start.elapsed().as_secs_f64());
        }
        let proved = proof.and_then(|p| p.series).expect("an enclosure");
        let shown = |x: &Rational| Float::with_val(80, x).to_string_radix(10, Some(17));
        let (lo, hi) = (shown(&proved.bound_lo), shown(&proved.bound_hi));
        let (function, _, [a, b, c, d], degree) = case;
        println!("{function} on [{a}/{b}, {c}/{d}], degree {degree}");
        println!("  polycert {lo} .. {hi}  {:.2} ms", best * 1e3);
        match sollya(case, &table) {
            Some((enclosure, seconds)) if seconds.is_finite() => println!(
                "  sollya   {enclosure}  {:.2} ms, {:.1} times polycert's",
                seconds * 1e3,
                seconds / best
            ),
            other => println!("  sollya   no answer: {other:?}"),
        }
    }
}
