//! The same polynomials by Sollya's `supnorm` and by the certifier, in one run: enclosures and times. Sollya, if it is
//! installed (Debian: `apt-get install sollya`), proves the relative accuracy 2^-40 as polycert does, and leaves nothing
//! to check. Words behind `--` choose cases: `cargo bench --bench sollya -- atan exp`. Seconds are the least of three runs inside each program, so without its start.

mod fits;

use fits::{fit, request};
use polycert::arith::rounding::CoefficientMode;
use polycert::certify::proof::prove;
use polycert::poly::table::Table;
use rug::{Float, Rational};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

const RUNS: usize = 3;

/// Function for polycert, for Sollya, domain, degree.
type Case = (&'static str, &'static str, [i32; 4], usize);

const CASES: [Case; 19] = [
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
    ("atan(x)", "atan(x)", [-1, 2, 1, 2], 13),
    ("softplus(x)", "log(1+exp(x))", [-2, 1, 2, 1], 12),
    ("exp(-x^2)", "exp(-x^2)", [-1, 1, 1, 1], 16),
    // Where it may give none.
    ("asin(x)", "asin(x)", [-1, 1, 1, 1], 31),
    ("sqrt(x)", "sqrt(x)", [0, 1, 1, 1], 20),
    ("cos(20*x)", "cos(20*x)", [-1, 1, 1, 1], 60),
    ("exp(x)", "exp(x)", [-1, 1, 1, 1], 63),
];

fn table(case: &Case) -> Table {
    let (function, _, [a, b, c, d], degree) = *case;
    let ends = (Rational::from((a, b)), Rational::from((c, d)));
    fit(function, ends, degree, if degree > 40 { 450 } else { 120 })
}

/// The polynomial in powers of x, as exact fractions in Horner's form.
fn text(table: &Table) -> String {
    let powers = table.components[0].powers(CoefficientMode::Exact);
    let powers = powers.expect("exact coefficients");
    let horner = powers.iter().rev();
    horner.fold("0".to_owned(), |text, c| format!("({text})*x+({c})"))
}

/// Seconds that Sollya is waited for.
const PATIENCE: u64 = 100;

/// What Sollya answers: enclosure and seconds; or why there is none.
fn sollya(case: &Case, table: &Table) -> Result<(String, f64), String> {
    let (_, function, [a, b, c, d], degree) = *case;
    // What the coefficients take, and some more.
    let prec = if degree > 40 { 1_000 } else { 200 };
    let mut program = format!("prec={prec}!;\np={};\ndisplay=decimal!;\n", text(table));
    for _ in 0..RUNS {
        program += &format!(
            "print(time({{s=supnorm(p,{function},[{a}/{b};{c}/{d}],absolute,2^(-40));}}));\n"
        );
    }
    program += "prec=80!;\nprint(round(inf(s),60,RD));\nprint(round(sup(s),60,RU));\nquit;\n";
    let child = Command::new("timeout")
        .arg(PATIENCE.to_string())
        .args(["sollya", "--noprompt", "--nocolor", "--warnonstderr"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.map_err(|e| e.to_string())?;
    let mut input = child.stdin.take().ok_or("no input")?;
    input
        .write_all(program.as_bytes())
        .map_err(|e| e.to_string())?;
    drop(input);
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let seconds: Vec<f64> = lines
        .by_ref()
        .take(RUNS)
        .filter_map(|l| l.parse().ok())
        .collect();
    let enclosure: Vec<&str> = lines.collect();
    let best = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    match enclosure.as_slice() {
        [lo, hi] if !lo.contains("error") && seconds.len() == RUNS => {
            Ok((format!("{lo} .. {hi}"), best))
        }
        _ if seconds.is_empty() => Err(format!("nothing in {PATIENCE} s")),
        _ => Err(format!("no enclosure (after {best:.2} s)")),
    }
}

fn main() {
    if Command::new("sollya").arg("--version").output().is_err() {
        println!("SKIPPED: sollya is not installed; nothing was compared");
        return;
    }
    println!("function, domain, degree: polycert's enclosure and seconds; Sollya's");
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|w| !w.starts_with('-'))
        .collect();
    let wanted =
        |case: &&Case| words.is_empty() || words.iter().any(|w| case.0.contains(w.as_str()));
    for case in CASES.iter().filter(wanted) {
        let table = table(case);
        let request = request(&table);
        let mut best = f64::INFINITY;
        let mut proof = None;
        for _ in 0..RUNS {
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
            Ok((enclosure, seconds)) => println!(
                "  sollya   {enclosure}  {:.2} ms, {:.1} times polycert's",
                seconds * 1e3,
                seconds / best
            ),
            Err(why) => println!("  sollya   {why}"),
        }
    }
}
