//! Every family: a shipped table and its certificate, and a slightly wrong coefficient, which must be refuted
//! with a witness; and the limits of `polycert family`.

use polycert::arith::number;
use polycert::arith::rounding::CoefficientMode;
use polycert::certificate::composite::document;
use polycert::certificate::publish;
use polycert::certify::proof::{prove, Proof, Request, Verdict};
use polycert::function::shape::Shape;
use polycert::function::target::{Function, Target};
use polycert::poly::composite::Composite;
use polycert::poly::table::Table;
use polycert_checker::{check, Outcome, Report};
use rug::Rational;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A shipped table for every family that stands for itself, and what its certificate is about besides the function.
const SHIPPED: [(&str, &[(&str, &str)]); 16] = [
    ("relu_g3g3f2", &[]),
    ("relu_minimax8", &[]),
    ("relu_minimax8_zero", &[]),
    ("leaky_minimax6", &[("slope", "1/100")]),
    ("abs_minimax10", &[]),
    ("clip_minimax9", &[("lower", "-1"), ("upper", "1")]),
    ("relu6_minimax9", &[]),
    ("relu_chebyshev59", &[]),
    ("sign_chebyshev27", &[]),
    ("relu_gauss4", &[]),
    ("relu_histogram4", &[]),
    ("relu_hermite2", &[]),
    ("clean2", &[]),
    ("clean2x2", &[]),
    ("clean3", &[]),
    ("relu13", &[]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates")
}

fn shipped(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn table(name: &str) -> Table {
    Table::from_json(&shipped(&format!("{name}.json"))).unwrap()
}

fn request(table: &Table, parameters: &[(&str, &str)]) -> Request {
    let mut target = Target::new(table.target);
    for (name, value) in parameters {
        let value = number::parse(value).unwrap();
        match *name {
            "slope" => target.slope = value,
            "lower" => target.ends.0 = value,
            _ => target.ends.1 = value,
        }
    }
    let mut request = Request::new(target);
    request.only_error = true;
    request
}

fn certified(table: &Table, request: &Request) -> (Proof, Report) {
    let proof = prove(table, request).unwrap();
    let (_, report) = publish::checked(document(table, &proof)).unwrap();
    (proof, report)
}

/// Coefficient j of a component, off by `by`.
fn off(table: &Table, component: usize, j: usize, by: &Rational) -> Table {
    let mut wrong = table.clone();
    wrong.components[component].coefficients[j] += by;
    wrong
}

/// The largest proved error is the claim; a coefficient that is off by a part in 2^30, one way or the other, exceeds
/// it, and the old certificate does not fit the new table.
#[test]
fn a_slightly_wrong_coefficient_is_refuted() {
    for (name, parameters) in SHIPPED {
        let table = table(name);
        let mut request = request(&table, parameters);
        let (proof, _) = certified(&table, &request);
        request.claim = Some(proof.bound_hi.clone());
        let (proof, _) = certified(&table, &request);
        assert_eq!(proof.verdict, Some(Verdict::Proved), "{name}");
        // The two largest coefficients of the last stage: one of them counts where the error is largest.
        let last = table.components.len() - 1;
        let c = &table.components[last].coefficients;
        let mut order: Vec<usize> = (0..c.len()).collect();
        order.sort_by_key(|j| std::cmp::Reverse(c[*j].clone().abs()));
        let steps = order[..2].iter().flat_map(|j| {
            let step = Rational::from(&c[*j] >> 30u32);
            [(*j, step.clone()), (*j, -step)]
        });
        let mut refuted = 0;
        for (j, by) in steps {
            let wrong = off(&table, last, j, &by);
            let (proof, report) = certified(&wrong, &request);
            if proof.verdict == Some(Verdict::Refuted) {
                refuted += 1;
                assert!(
                    report.headline().contains("is FALSE: at x = "),
                    "{name}: {}",
                    report.headline()
                );
            }
            // The certificate of the right table, with the wrong one and its digest put in.
            let mut old: Value =
                serde_json::from_str(&shipped(&format!("{name}.cert.json"))).unwrap();
            let raw: Value = serde_json::from_str(&wrong.to_json()).unwrap();
            old["table"]["components"] = raw["components"].clone();
            let tight = |old: &mut Value| {
                old["table_sha256"] = wrong.sha256().into();
                // Claims as tight as proved for the right table.
                let n = old["claims"].as_array().unwrap().len();
                old["claims"][n - 1]["claim"] = serde_json::json!(
                    {"bound": number::write(request.claim.as_ref().unwrap()), "verdict": "PROVED"});
            };
            tight(&mut old);
            if proof.verdict == Some(Verdict::Refuted) {
                let outcome = check(old.to_string().as_bytes());
                assert!(
                    matches!(outcome, Outcome::Rejected { .. }),
                    "{name}: {outcome}"
                );
            }
        }
        assert!(refuted > 0, "{name}: a wrong coefficient passed");
    }
}

/// Functions through ReLU: the bound of clip and argmax is no maximum, so that a coefficient must be off by more.
#[test]
fn wrong_coefficients_are_refuted_for_functions_through_relu() {
    let right = table("relu13");
    for (function, scale, bits) in [
        (Function::LeakyRelu, 1, 30),
        (Function::Abs, 1, 30),
        (Function::Clip, 8, 9),
        (Function::Relu6, 12, 9),
        (Function::Argmax, 1, 8),
    ] {
        let mut target = Target::new(function);
        target.scale = Rational::from(scale);
        target.slope = Rational::from((i32::from(function == Function::LeakyRelu), 100));
        if function == Function::Argmax {
            target.gap = Some(Rational::from((1, 10)));
        }
        let mut request = Request::new(target);
        request.only_error = true;
        let (proof, _) = certified(&right, &request);
        request.claim = Some(proof.bound_hi);
        assert_eq!(certified(&right, &request).0.verdict, Some(Verdict::Proved));
        let c = &right.components[2].coefficients[1];
        let refuted = [1, -1].into_iter().any(|sign| {
            let wrong = off(&right, 2, 1, &(Rational::from(c * sign) >> bits as u32));
            prove(&wrong, &request).is_ok_and(|p| p.verdict == Some(Verdict::Refuted))
        });
        assert!(refuted, "{function}");
    }
}

/// Contractions vanish with a wrong coefficient: 0 or 1 is no fixed point any more.
#[test]
fn cleaning_with_a_wrong_coefficient_does_not_contract() {
    for name in ["clean2", "clean2x2", "clean3"] {
        let right = table(name);
        let mut request = request(&right, &[]);
        request.only_error = false;
        assert_eq!(
            prove(&right, &request).unwrap().contractions.len(),
            2,
            "{name}"
        );
        let top = right.components[0].coefficients.len() - 1;
        let wrong = off(&right, 0, top, &(Rational::from(1) >> 40u32));
        let (proof, report) = certified(&wrong, &request);
        assert!(proof.contractions.len() < 2, "{name}");
        assert!(!report.to_string().contains("|p(x) - 1|"), "{name}");
    }
}

/// The largest degree that OpenFHE's depths name, with its kink: proved, and checked within the limits.
#[test]
fn a_degree_of_247_is_certified() {
    use polycert::approx::fit::interpolant::chebyshev;
    let mut wide = table("relu_chebyshev59");
    wide.components[0].coefficients = chebyshev(|x| Ok(x.max(0.0)), (-5.0, 5.0), 247).unwrap();
    let (proof, report) = certified(&wide, &request(&wide, &[]));
    assert!(
        report
            .headline()
            .starts_with("|p(x) - ReLU(x)| <= 1.0080847"),
        "{}",
        report.headline()
    );
    assert!(proof.estimate_gap() < 1e-12);
}

/// Proved errors of random direct tables against exact values: no point beyond, the witness as good as said.
#[test]
fn bounds_of_composites_used_directly_hold_exact_values() {
    let ends = (Rational::from((-1, 2)), Rational::from((3, 4)));
    for shape in [
        Shape::Sign,
        Shape::Step,
        Shape::Relu,
        Shape::LeakyRelu,
        Shape::Abs,
        Shape::Clip,
    ] {
        let mut table = table("relu_g3g3f2");
        table.components.truncate(2);
        table.domain.lo = Rational::from((-2, 3));
        table.domain.eps = Some(Rational::from((1, 7)));
        let mut target = Target::new(Function::Direct(shape));
        target.ends = ends.clone();
        target.slope = Rational::from((1, 3));
        let f = shape.function(&target.slope, &ends).unwrap();
        let request = Request::new(target);
        let (proof, _) = certified(&table, &request);
        let composite = Composite::new(&table, CoefficientMode::Exact).unwrap();
        let error = |x: &Rational| (composite.eval_exact(x) - f.value(x)).abs();
        for k in 0..=300 {
            let x = Rational::from((k, 180)) - Rational::from((2, 3));
            if shape.jumps() && x.clone().abs() < Rational::from((1, 7)) {
                continue;
            }
            assert!(error(&x) <= proof.bound_hi, "{shape:?} {x}");
        }
        let x = proof.lines.unwrap().witness.x.to_rational().unwrap();
        assert!(error(&x) >= proof.bound_lo, "{shape:?}");
    }
}

fn polycert(words: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_polycert"))
        .args(words.split_whitespace())
        .output()
        .unwrap()
}

#[test]
fn requests_that_make_no_sense_say_what_to_do() {
    let histogram = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        histogram.path(),
        "{\"edges\": [\"0\", \"0\"], \"weights\": [\"1\"]}",
    )
    .unwrap();
    let file = histogram.path().display().to_string();
    for (words, message) in [
        ("composite --stages g5", "a stage is f1 to f15 or g1 to g4"),
        (
            "composite --stages f1 --target direct_relu",
            "a composite approximates sign",
        ),
        ("minimax --degree 0", "from 1 to 127"),
        ("minimax --degree 128", "from 1 to 127"),
        ("minimax --degree 4 --range 0", "the domain [0, 0] is empty"),
        (
            "minimax --degree 4 --from 2 --to 1",
            "the domain [2, 1] is empty",
        ),
        (
            "minimax --degree 4 --function celu",
            "expected relu, leaky_relu",
        ),
        ("minimax --degree 4 --function sign", "give --eps above 0"),
        (
            "minimax --degree 4 --function sign --eps 2",
            "nothing is left of [-1, 1]",
        ),
        (
            "minimax --degree 4 --function clip --even",
            "--even is for relu, leaky_relu and abs",
        ),
        (
            "minimax --degree 4 --from -1 --to 2 --even",
            "--even is for relu",
        ),
        (
            "minimax --degree 4 --function clip --lower 1 --upper 1",
            "the lower end is not below the upper",
        ),
        ("chebyshev --degree 256", "degree 1 to 255"),
        ("least-squares --degree 32", "least squares go up to 31"),
        (
            "least-squares --degree 2 --deviation 0",
            "it must be above 0",
        ),
        (
            "least-squares --degree 2 --histogram nowhere.json",
            "nowhere.json",
        ),
        (
            &format!("least-squares --degree 2 --histogram {file}"),
            "edges[1]: edge 1 is not above",
        ),
        ("hermite --means 1,2", "--means: 2 numbers"),
        ("hermite --variances 1,0,1", "the variance of basis 1"),
        ("clean --within 1/2", "--within is above 0 and below 1/2"),
        ("clean --order 1", "1 is not in 2..=16"),
    ] {
        let run = polycert(&format!("family {words}"));
        let complaint = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{words}: {complaint}");
        assert!(complaint.contains(message), "{words}: {complaint}");
        assert!(run.stdout.is_empty(), "{words}");
    }
    for (words, message) in [
        (
            "relu_minimax8.json --bound 2",
            "has its scale in its input maps",
        ),
        (
            "relu_minimax8.json --lower 1",
            "--lower is for --target clip",
        ),
        (
            "relu13.json --target direct_relu",
            "used as it is, the composite has degree",
        ),
        (
            "relu13.json --target clip --lower 2",
            "is not below the upper",
        ),
        ("relu13.json --target relu6", "take --bound above 3"),
        (
            "relu13.json --target argmax --input-gap 1/5000",
            "cannot be decided here",
        ),
        ("relu13.json --target argmax --input-gap 3", "at most 2"),
        (
            "relu07.json --target argmax --inputs 16",
            "no gap brings the weights within",
        ),
        (
            "relu13.json --target relu --inputs 3",
            "--inputs is for --target argmax",
        ),
        ("relu_minimax8.json --target direct_sign", "give --eps"),
    ] {
        let run = polycert(&format!("certify {}/{words}", folder().display()));
        let complaint = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{words}: {complaint}");
        assert!(complaint.contains(message), "{words}: {complaint}");
    }
}

/// Random tables for every continuous function: what is published, rounded or exact, passes the checker; where it is
/// exact a claim of it is proved, and of anything less is not.
#[test]
fn exact_maxima_of_random_tables_pass_the_checker() {
    let mut seed = 11_u64;
    let mut random = |n: i64| {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 33) as i64 % (2 * n + 1) - n
    };
    let shapes = [
        Shape::Relu,
        Shape::LeakyRelu,
        Shape::Abs,
        Shape::Clip,
        Shape::Relu6,
    ];
    let (mut exact, mut rounded) = (0, 0);
    for round in 0..150 {
        let shape = shapes[round % shapes.len()];
        let degree = 1 + random(4).unsigned_abs() as usize;
        let coefficients: Vec<String> = (0..=degree)
            .map(|_| format!("{}/{}", random(50), 1 + random(30).abs()))
            .collect();
        let (lo, width) = (random(9), 1 + random(20).abs());
        let denominator = 1 + random(6).abs();
        let text = serde_json::json!({
            "format": "polycert-table/1", "name": "random", "target": Function::Direct(shape).name(),
            "domain": {"lo": format!("{lo}/{denominator}"), "hi": format!("{}/{denominator}", lo + width)},
            "components": [{"basis": "power", "coefficients": coefficients}],
        });
        let table = Table::from_json(&text.to_string()).unwrap();
        let mut asked = request(
            &table,
            &[("slope", "1/7"), ("lower", "-1/3"), ("upper", "1/3")],
        );
        let proof = prove(&table, &asked).unwrap();
        let hi = proof.bound_hi.clone();
        publish::checked(document(&table, &proof)).unwrap_or_else(|e| panic!("{text}: {e}"));
        let Some(found) = &proof.lines.as_ref().unwrap().exact else {
            rounded += 1;
            continue;
        };
        exact += 1;
        assert_eq!(found.value, hi);
        for (claim, proved) in [
            (hi.clone(), true),
            (hi - (Rational::from(1) >> 300u32), false),
        ] {
            asked.claim = Some(claim);
            let proof = prove(&table, &asked).unwrap();
            assert_eq!(proof.verdict == Some(Verdict::Proved), proved, "{text}");
            publish::checked(document(&table, &proof)).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
    }
    assert!(exact > 50 && rounded > 5, "{exact} {rounded}");
}
