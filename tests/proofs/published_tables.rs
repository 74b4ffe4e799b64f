//! Published tables against what they claim.
//!
//! The tables belong to their authors and are no part of the repository: the test reads them from a
//! folder of published tables, `../shared/tables` or `$POLYCERT_SHARED/tables`, and says so loudly
//! where there is none. Verdicts are pinned. What is refuted is confirmed by an evaluation of its
//! own: the published decimals, plain Horner or Chebyshev sums, exact rationals.

use crate::support::shared::shared;
use polycert::arith::number::{decimal, estimate_log2};
use polycert::arith::rounding::CoefficientMode;
use polycert::certificate::composite::document;
use polycert::certificate::publish;
use polycert::certify::proof::{prove, Proof, Request, Verdict};
use polycert::function::target::{Function, Target};
use polycert::interchange::published::{import, Settings};
use polycert::poly::table::Table;
use rug::{ops::Pow, Float, Integer, Rational};
use serde_json::Value;
use std::path::Path;

fn load(folder: &Path, name: &str) -> (Published, Table) {
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let settings = Settings {
        name: name.to_owned(),
        target: Function::Relu,
        basis: None,
        hi: Rational::from(1),
        eps: None,
        smooth: None,
    };
    (Published::read(&text), import(&text, &settings).unwrap())
}

/// The composite as this test reads it, with nothing of the library.
struct Published {
    chebyshev: bool,
    components: Vec<Vec<Rational>>,
    decimals: Vec<Vec<String>>,
}

impl Published {
    fn read(text: &str) -> Self {
        let value: Value = serde_json::from_str(text).unwrap();
        let decimals: Vec<Vec<String>> =
            serde_json::from_value(value["components"].clone()).unwrap();
        Self {
            chebyshev: value["basis"] == "chebyshev",
            components: decimals
                .iter()
                .map(|c| c.iter().map(|t| exact_decimal(t)).collect())
                .collect(),
            decimals,
        }
    }

    /// The same, as a program that parses the decimals to f64 or f32 holds it (Rust's parser rounds
    /// correctly, and every float is a rational).
    fn held(&self, single: bool) -> Self {
        let hold = |t: &String| {
            let wide = if single {
                f64::from(t.parse::<f32>().unwrap())
            } else {
                t.parse().unwrap()
            };
            Rational::from_f64(wide).unwrap()
        };
        Self {
            chebyshev: self.chebyshev,
            components: self
                .decimals
                .iter()
                .map(|c| c.iter().map(hold).collect())
                .collect(),
            decimals: self.decimals.clone(),
        }
    }

    /// p(x), exactly.
    fn at(&self, x: &Rational) -> Rational {
        self.components.iter().fold(x.clone(), |y, c| {
            if !self.chebyshev {
                return c.iter().rev().fold(Rational::new(), |s, c| s * &y + c);
            }
            // T_0 = 1, T_1 = y, T_(j+1) = 2 y T_j - T_(j-1).
            let (mut t, mut next) = (Rational::from(1), y.clone());
            let mut sum = Rational::new();
            for c in c {
                sum += Rational::from(c * &t);
                let after = Rational::from(&next * &y) * 2u32 - &t;
                t = std::mem::replace(&mut next, after);
            }
            sum
        })
    }

    /// The same in floats of 4,000 bits, for composites whose exact values have no room in memory.
    fn near(&self, x: &Rational) -> Float {
        const BITS: u32 = 4_000;
        assert!(self.chebyshev);
        self.components
            .iter()
            .fold(Float::with_val(BITS, x), |y, c| {
                let (mut t, mut next) = (Float::with_val(BITS, 1), y.clone());
                let mut sum = Float::new(BITS);
                for c in c {
                    sum += Float::with_val(BITS, c) * &t;
                    let after = Float::with_val(BITS, &next * &y) * 2u32 - &t;
                    t = std::mem::replace(&mut next, after);
                }
                sum
            })
    }

    /// |x (1 + p(x))/2 - max(x, 0)|, exactly.
    fn relu_error(&self, x: &Rational) -> Rational {
        let relu = x.clone().max(Rational::new());
        ((self.at(x) + 1u32) * x / 2u32 - relu).abs()
    }
}

/// A plain decimal with optional exponent.
fn exact_decimal(text: &str) -> Rational {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let n: Integer = format!("{whole}{part}").parse().unwrap();
    let shift = exponent.parse::<i32>().unwrap() - part.len() as i32;
    let power = Integer::from(10).pow(shift.unsigned_abs());
    if shift >= 0 {
        Rational::from(n * power)
    } else {
        Rational::from((n, power))
    }
}

fn power_of_two(e: i32) -> Rational {
    Rational::from(1) >> -e
}

fn rational(x: &Float) -> Rational {
    x.to_rational().unwrap()
}

/// Proved, and verified by the checker.
fn certify(table: &Table, request: &Request) -> Proof {
    let proof = prove(table, request).unwrap_or_else(|e| panic!("{}: {e}", table.name));
    publish::checked(document(table, &proof)).unwrap();
    proof
}

fn interval(lo: &Rational, hi: &Rational) -> String {
    format!(
        "[{}, {}] = 2^{:.4}",
        decimal(lo, 13, false),
        decimal(hi, 13, true),
        estimate_log2(hi)
    )
}

/// name, bits of the claim if it is a number, verdict, log2 of the error (pinned to 1e-3).
const RELU: [(&str, Option<i32>, Option<Verdict>, f64); 11] = [
    (
        "approxcnn_alpha04",
        Some(4),
        Some(Verdict::Refuted),
        -3.7088,
    ),
    ("approxcnn_alpha07", Some(7), Some(Verdict::Proved), -7.0436),
    (
        "approxcnn_alpha10",
        Some(10),
        Some(Verdict::Proved),
        -10.1128,
    ),
    (
        "approxcnn_alpha13",
        Some(13),
        Some(Verdict::Proved),
        -13.0834,
    ),
    (
        "approxcnn_alpha14",
        Some(14),
        Some(Verdict::Proved),
        -14.0166,
    ),
    ("smartpaf_a7", Some(7), Some(Verdict::Proved), -7.0436),
    ("smartpaf_f1g2", None, None, -3.5486),
    ("smartpaf_f2g2", None, None, -3.7885),
    ("smartpaf_2f12g1", None, None, -4.3684),
    ("lattigo_signx4", None, None, -4.0382),
    ("lattigo_default_sign_alpha30", None, None, -35.5884),
];

#[test]
fn relu_claims() {
    let Some(folder) = shared("tables") else {
        return;
    };
    println!("table | claim | verdict | max |r - ReLU| on [-1, 1] | envelope | overflow margin | witness");
    let mut wrong = Vec::new();
    for (name, bits, verdict, log2) in RELU {
        let (published, table) = load(&folder, name);
        let mut request = Request::new(Target::new(Function::Relu));
        request.claim = bits.map(|b| power_of_two(-b));
        let proof = certify(&table, &request);
        let deviation = proof.relu_error.as_ref().unwrap();
        let x = rational(&deviation.witness.x);
        let envelope = proof.closeness.as_ref().map_or("none".into(), |c| {
            let from = decimal(&c.from, 6, true);
            let tau = decimal(&(rational(&c.bound_hi) / 2u32), 6, true);
            format!("{tau} |x| for |x| >= {from}")
        });
        let margin = proof
            .overflow
            .as_ref()
            .map_or("none".into(), |g| decimal(&(g.to.clone() - 1u32), 6, false));
        println!(
            "{name} | {} | {} | {} | {envelope} | {margin} | x = {}",
            bits.map_or("-".into(), |b| format!("2^-{b}")),
            proof.verdict.map_or("-".into(), |v| v.to_string()),
            interval(&proof.bound_lo, &proof.bound_hi),
            decimal(&x, 10, false),
        );
        let measured = estimate_log2(&proof.bound_hi);
        if proof.verdict != verdict || (measured - log2).abs() > 1e-3 {
            wrong.push(format!("{name}: {:?}, 2^{measured:.4}", proof.verdict));
        }
        if proof.verdict == Some(Verdict::Refuted) {
            let error = published.relu_error(&x);
            assert!(error > request.claim.unwrap(), "{name}");
            assert!(proof.bound_lo <= error && error <= proof.bound_hi, "{name}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The four-bit table misses its claim by far more than any rounding, near |x| = 0.3205.
#[test]
fn the_four_bit_table_is_refuted_by_hand() {
    let Some(folder) = shared("tables") else {
        return;
    };
    let (published, _) = load(&folder, "approxcnn_alpha04");
    let x = Rational::from((3_205, 10_000));
    let error = published.relu_error(&x);
    assert!(error > Rational::from((6, 5)) * power_of_two(-4), "{error}");
}

#[test]
fn sign_claims_of_the_default_composite() {
    let Some(folder) = shared("tables") else {
        return;
    };
    let (mut published, mut table) = load(&folder, "lattigo_default_sign_alpha30");
    let mut request = Request::new(Target::new(Function::Sign));
    request.eps = Some(power_of_two(-30));
    request.claim = Some(power_of_two(-80));
    let proof = certify(&table, &request);
    println!(
        "lattigo_default_sign_alpha30, 9 components, |p - sign| on [2^-30, 1] | 2^-80 | {} | {}",
        proof.verdict.unwrap(),
        interval(&proof.bound_lo, &proof.bound_hi)
    );
    assert_eq!(proof.verdict, Some(Verdict::Proved));
    let x = rational(&proof.closeness.as_ref().unwrap().witness.x);
    let error = rational(&(published.near(&x) - 1u32).abs());
    assert!(proof.bound_lo <= error && error <= proof.bound_hi);

    // Without the last component: the stated 21.926741 bits are those of the levelled error of a
    // composite that was divided by the upper end of its range, so of (max - min)/(max + min); from
    // sign itself it is off by about twice that.
    table.components.truncate(8);
    published.components.truncate(8);
    request.claim = None;
    let proof = certify(&table, &request);
    let (least, most) = proof.ranges.last().unwrap().bound_ranges[7].clone();
    let spread = Rational::from(&most - &least) / Rational::from(&most + &least);
    let (levelled, off) = (estimate_log2(&spread), estimate_log2(&proof.bound_hi));
    println!(
        "the same, first 8 components: |p - sign| {} = 2^{off:.6}; (max - min)/(max + min) = 2^{levelled:.6}",
        interval(&proof.bound_lo, &proof.bound_hi),
    );
    assert!((levelled + 21.926_741).abs() < 1e-6, "{levelled}");
    assert!((off + 20.926_658).abs() < 1e-6, "{off}");
    let x = rational(&proof.closeness.as_ref().unwrap().witness.x);
    let error = rational(&(published.near(&x) - 1u32).abs());
    assert!(proof.bound_lo <= error && error <= proof.bound_hi);
}

/// What a program that parses the coefficients to f64 or f32 gets. The certified bound must hold at
/// sampled points, and the witness must reach its bound, both exactly evaluated.
#[test]
fn coefficients_in_machine_floats() {
    let Some(folder) = shared("tables") else {
        return;
    };
    // In f32 the table of 13 bits loses ten of them, and that of 14 bits runs away to 2^171.
    let singles = [
        Some(Verdict::Refuted),
        Some(Verdict::Proved),
        Some(Verdict::Proved),
        Some(Verdict::Refuted),
        Some(Verdict::Refuted),
    ];
    for ((name, bits, verdict, _), narrow) in RELU.iter().zip(singles) {
        let (published, table) = load(&folder, name);
        let mut request = Request::new(Target::new(Function::Relu));
        request.claim = bits.map(|b| power_of_two(-b));
        let exact = certify(&table, &request);
        for (mode, single) in [(CoefficientMode::F64, false), (CoefficientMode::F32, true)] {
            let held = published.held(single);
            let mut points: Vec<Rational> = (-16..=16).map(|k| Rational::from((k, 16))).collect();
            points.extend((1..12).map(|k| power_of_two(-k) * 3u32 / 4u32));
            let largest = points.iter().map(|x| held.relu_error(x)).max().unwrap();
            request.coefficients = mode;
            let proof = certify(&table, &request);
            println!(
                "{name} {mode}: {} {}, {} times the exact table's error",
                proof.verdict.unwrap(),
                interval(&proof.bound_lo, &proof.bound_hi),
                decimal(&(proof.bound_hi.clone() / &exact.bound_hi), 10, true)
            );
            let pinned = if single { narrow } else { *verdict };
            assert_eq!(proof.verdict, pinned, "{name} {mode}");
            assert!(largest <= proof.bound_hi, "{name} {mode}");
            let x = rational(&proof.relu_error.as_ref().unwrap().witness.x);
            assert!(held.relu_error(&x) >= proof.bound_lo, "{name} {mode}");
        }
    }
}
