//! Tables whose polynomial is the function itself: circuits, bounds, certificates, ciphertexts. Rings are small and
//! insecure where something is encrypted: noise is what is looked at. Tolerances, in bits:
//!
//! | what | tolerance |
//! |---|---|
//! | high probability | never exceeded |
//! | high probability above the largest seen, hard inputs included | 7 |
//! | average at the inputs measured, against measured | 0.25 |

use polycert::circuit::composite::{Output, Plan};
use polycert::circuit::exact::{Constants, Exact};
use polycert::circuit::split;
use polycert::circuit::stage::as_square;
use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::function::target::Function;
use polycert::jobs::evaluate::{certify, measure, Inputs, Request, Task};
use polycert::poly::basis::to_chebyshev;
use polycert::poly::composite::horner;
use polycert::poly::table::Table;
use proptest::prelude::*;
use rug::{Integer, Rational};
use serde_json::{json, Value};

const HIGH_PROBABILITY_BITS: f64 = 7.0;
const AVERAGE_BITS: f64 = 0.25;

/// Coefficients of the Chebyshev interpolant on [lo, hi], in f64.
fn interpolant(f: impl Fn(f64) -> f64, (lo, hi): (f64, f64), degree: usize) -> Vec<f64> {
    let n = degree + 1;
    let angle = |k: usize| std::f64::consts::PI * (k as f64 + 0.5) / n as f64;
    let values: Vec<f64> = (0..n)
        .map(|k| f((lo + hi) / 2.0 + (hi - lo) / 2.0 * angle(k).cos()))
        .collect();
    let c = |j: usize| {
        let terms = values.iter().enumerate();
        let sum: f64 = terms.map(|(k, v)| v * (j as f64 * angle(k)).cos()).sum();
        sum * if j == 0 { 1.0 } else { 2.0 } / n as f64
    };
    (0..n).map(c).collect()
}

/// A component in the Chebyshev basis on [lo, hi], whole numbers; even and odd parts of no meaning are 0.
fn component(c: &[f64], (lo, hi): (i32, i32)) -> Value {
    let text = |c: &f64| match c.abs() < 1e-15 {
        true => "0".to_owned(),
        false => Rational::from_f64(*c).unwrap().to_string(),
    };
    json!({
        "basis": "chebyshev",
        "input_map": {"scale": format!("2/{}", hi - lo), "offset": format!("{}/{}", -(lo + hi), hi - lo)},
        "coefficients": c.iter().map(text).collect::<Vec<_>>(),
    })
}

fn table(target: &str, function: Option<&str>, domain: Value, components: Vec<Value>) -> Table {
    let mut all = json!({
        "format": "polycert-table/1", "name": "t", "target": target, "domain": domain, "components": components,
    });
    if let Some(function) = function {
        all["function"] = function.into();
    }
    Table::from_json(&all.to_string()).unwrap()
}

fn on(lo: i32, hi: i32) -> Value {
    json!({"lo": lo.to_string(), "hi": hi.to_string()})
}

fn relu(degree: usize) -> Table {
    let c = interpolant(|x| x.max(0.0), (-1.0, 1.0), degree);
    table("direct_relu", None, on(-1, 1), vec![component(&c, (-1, 1))])
}

fn smooth(function: &str, f: fn(f64) -> f64, (lo, hi): (i32, i32), degree: usize) -> Table {
    let c = interpolant(f, (f64::from(lo), f64::from(hi)), degree);
    table(
        "smooth",
        Some(function),
        on(lo, hi),
        vec![component(&c, (lo, hi))],
    )
}

/// cos on a union, by two double angles.
fn cos() -> Table {
    let c = interpolant(|x| (x / 4.0).cos(), (-7.0, 7.0), 14);
    let twice = json!({"basis": "power", "coefficients": ["-1", "0", "2"]});
    let domain =
        json!({"lo": "-7", "hi": "7", "segments": [["-7", "-1/3"], ["1/10", "2"], ["3", "7"]]});
    let parts = vec![component(&c, (-7, 7)), twice.clone(), twice];
    table("smooth", Some("cos(x)"), domain, parts)
}

/// (3y - y^3)/2 thrice: a sign away from 0.
fn sign() -> Table {
    let cubic = json!({"basis": "power", "coefficients": ["0", "3/2", "0", "-1/2"]});
    let domain = json!({"lo": "-1", "hi": "1", "eps": "1/4"});
    table("direct_sign", None, domain, vec![cubic; 3])
}

fn request(table: &Table, literal: Literal) -> Request {
    Request {
        parameters: Parameters::new(&literal).unwrap(),
        task: Task::new(table.target),
        k: 40,
        inputs: Inputs::Uniform(0),
        seed: Some(5),
    }
}

fn small(log_n: u32, levels: usize) -> Literal {
    let q = [vec![50], vec![40; levels]].concat();
    let mut literal = Literal::new(log_n, q, vec![48; 2], 40);
    literal.waiver = Waiver::Insecure;
    literal
}

/// Coefficients from degree 0 upwards of a polynomial of some parity, with zeros; the last is not 0.
fn polynomial() -> impl Strategy<Value = Vec<Rational>> {
    (1..=130usize, 0..4u8)
        .prop_flat_map(|(degree, parity)| {
            let each = prop_oneof![Just(0i32), -60..60i32];
            (
                proptest::collection::vec(each, degree),
                1..9i32,
                Just(parity),
            )
        })
        .prop_map(|(low, last, parity)| {
            let degree = low.len();
            let meant = |j: usize| match parity {
                0 => true,
                1 => j % 2 == 1,
                2 => j % 2 == 0,
                // x/2 and an even polynomial.
                _ => j % 2 == 0 || j == 1,
            };
            let c = |(j, c): (usize, i32)| if meant(j) { c } else { 0 };
            let low = low.into_iter().enumerate().map(c);
            let mut p: Vec<Rational> = low.map(|c| Rational::from((c, 64))).collect();
            p.push(Rational::from((last, 7)));
            assert_eq!(p.len(), degree + 1);
            p
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 120,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(40),
        ..ProptestConfig::default()
    })]

    /// The circuit with the constants that are meant is the polynomial, at least depth and the counted products.
    #[test]
    fn circuits_are_their_polynomials(p in polynomial(), m in -40..40i32, k in 1..90i32, x in -99..99i32) {
        // Primes near 2^40; the circuit only divides by them.
        let moduli: Vec<Integer> = (0..9).map(|i| Integer::from((1u64 << 40) + 1 + i * 7_919)).collect();
        let (centre, reach) = (Rational::from((m, 16)), Rational::from((k, 8)));
        let plan = Plan {
            stages: vec![p.clone()],
            reaches: vec![reach.clone()],
            centres: vec![centre.clone()],
            domain: Rational::from(1),
            scale: Rational::from(1u64 << 40),
        };
        let (circuit, _) = plan.circuit(&moduli, 8, Output::Sign).unwrap();
        let x = Rational::from((x, 50));
        let mut exact = Exact { inputs: std::slice::from_ref(&x), constants: Constants::Meant };
        prop_assert_eq!(circuit.run(&mut exact).unwrap(), horner(&p, &x));
        let degree = p.len() - 1;
        let square = as_square(&to_chebyshev(&p, &centre, &reach)).is_some();
        prop_assert_eq!(circuit.depth(), if square { 1 } else { split::depth(degree) });
        prop_assert!(square || circuit.nodes[circuit.output].scale == 1u64 << 40);
        let c = to_chebyshev(&p, &centre, &reach);
        prop_assert!(circuit.products() <= split::best(&split::support(&c)).unwrap().1);
    }
}

/// Bounds hold on ciphertexts for inputs uniform and hardest, and are not far off.
fn compare(name: &str, table: &Table, literal: Literal, runs: u64) {
    let mut request = request(table, literal);
    let made = certify(table, &request)
        .unwrap()
        .unwrap_or_else(|margin| panic!("{name}: {margin}"));
    eprintln!("{}", made.report.headline());
    let mut largest = 0.0f64;
    for inputs in [Inputs::Uniform(runs), Inputs::Hardest(runs)] {
        request.inputs = inputs;
        let answer = measure(&made, &request, &mut |_| ()).unwrap();
        let (noise, error) = (answer.measured.noise, answer.measured.error);
        let line = format!(
            "{name}: noise bound {:.2} seen {:.2} average {:.2} rms {:.2}; error bound {:.2} seen {:.2} in {} slots",
            answer.bound_noise.log2(),
            noise.measure_max.log2(),
            answer.measured.estimate_rms().log2(),
            noise.measure_rms().log2(),
            answer.bound_error.log2(),
            error.measure_max.log2(),
            error.count,
        );
        eprintln!("{line}");
        // The hardest inputs may all lie in a gap, where nothing is approximated.
        let measured = error.count > 0 || largest > 0.0;
        assert!(answer.within_bounds && measured, "{line}");
        let off = (answer.measured.estimate_rms() / noise.measure_rms()).log2();
        assert!(off.abs() <= AVERAGE_BITS, "{line}");
        largest = largest.max(noise.measure_max);
    }
    let over = (made.bound_noise.to_f64() / largest).log2();
    assert!(over <= HIGH_PROBABILITY_BITS, "{name}: {over}");
}

#[test]
fn direct_relu_on_ciphertexts() {
    compare("relu 62", &relu(62), small(12, 7), 3);
}

#[test]
fn direct_relu_of_degree_126_on_ciphertexts() {
    compare("relu 126", &relu(126), small(11, 8), 3);
}

/// Values up to 35 end at level 0, whose modulus holds them at a lower scale alone; and a composite's bound is as many units of
/// any other B, on ciphertexts too.
#[test]
fn other_units_on_ciphertexts() {
    let c = interpolant(|x| 35.0 * x.max(0.0), (-1.0, 1.0), 14);
    let wide = table(
        "direct_relu",
        None,
        on(-35, 35),
        vec![component(&c, (-35, 35))],
    );
    compare("relu 14 on [-35, 35]", &wide, small(11, 4), 3);
    // 2^50 at level 0 and 2^46: less than 16 fit at this scale.
    let mut literal = small(11, 4);
    literal.log_scale = 46;
    literal.chain = polycert::ckks::parameters::Chain::Bits {
        q: vec![50, 46, 46, 46, 46],
        p: vec![49; 2],
    };
    compare("relu 14 on [-35, 35] at level 0", &wide, literal, 3);
    let path = format!("{}/certificates/relu05.json", env!("CARGO_MANIFEST_DIR"));
    let composite = Table::read(path.as_ref()).unwrap();
    let mut asked = request(&composite, small(11, 10));
    let one = certify(&composite, &asked).unwrap().unwrap();
    for b in [3, 40] {
        asked.task.scale = Rational::from(b);
        for inputs in [Inputs::Uniform(2), Inputs::Hardest(2)] {
            asked.inputs = inputs;
            let made = certify(&composite, &asked).unwrap().unwrap();
            let measured = measure(&made, &asked, &mut |_| ()).unwrap().measured;
            let units = |bound: &Rational| Rational::from(bound * b).to_f64();
            let (noise, error) = (units(&one.bound_noise), units(&one.bound_error));
            assert!(measured.noise.measure_max <= noise && measured.error.measure_max <= error);
            // In f64 the bounds of both come to nearly the same.
            let off = (made.bound_noise.to_f64() / noise).log2();
            assert!(off.abs() < 1e-3, "{b}: {off}");
        }
    }
}

#[test]
fn smooth_functions_on_ciphertexts() {
    let sigmoid = smooth("sigmoid(x)", |x| 1.0 / (1.0 + (-x).exp()), (-8, 8), 31);
    compare("sigmoid", &sigmoid, small(11, 6), 4);
    let exp = smooth("exp(x)", f64::exp, (1, 4), 12);
    compare("exp", &exp, small(11, 5), 4);
    // Four levels for degree 14, and one for each double angle.
    compare("cos", &cos(), small(11, 6), 4);
    compare("sign", &sign(), small(11, 7), 4);
}

#[test]
fn slots_that_are_not_given_lie_in_the_domain() {
    let exp = smooth("exp(x)", f64::exp, (1, 4), 12);
    let mut request = request(&exp, small(10, 5));
    let made = certify(&exp, &request).unwrap().unwrap();
    request.inputs = Inputs::Given(vec![vec![1.0, 2.5, 4.0]]);
    let answer = measure(&made, &request, &mut |_| ()).unwrap();
    assert!(answer.within_bounds && answer.measured.error.count == 512);
}

/// The figures that are promised: depth, products, noise at preset B.
#[test]
fn degrees_62_to_254_at_preset_b() {
    // Neither even nor odd.
    let mut c = interpolant(|x| x.max(0.0), (-1.0, 1.0), 200);
    c.iter_mut().for_each(|c| *c += 1e-9);
    let general = table("direct_relu", None, on(-1, 1), vec![component(&c, (-1, 1))]);
    let full = split::best(&[true; 201]).unwrap().1;
    for (table, depth, products, bits) in [
        (relu(62), 6, 14, -21.0),
        (relu(126), 7, 19, -20.5),
        (relu(254), 8, 28, -19.0),
        (general, 8, full, -18.0),
    ] {
        let request = request(&table, Literal::set_b());
        let made = certify(&table, &request).unwrap();
        let made = made.unwrap_or_else(|margin| panic!("{margin}"));
        let circuit = &made.prepared.circuit;
        assert_eq!((circuit.depth(), circuit.products()), (depth, products));
        let noise = made.bound_noise.to_f64().log2();
        eprintln!(
            "degree {}: noise 2^{noise:.2}, {} bytes, {} units of work",
            table.components[0].degree(),
            made.text.len(),
            made.report.work()
        );
        assert!(noise <= bits, "{noise}");
    }
}

#[test]
fn what_has_no_circuit_is_refused_by_name() {
    let mut program = smooth("exp(x)", f64::exp, (0, 1), 5);
    let value = |text: &str| Some(polycert::function::program::Program::parse(text).unwrap());
    program.smooth.as_mut().unwrap().value = value("p^2");
    let refused = |table: &Table, function: Function| {
        let mut request = request(table, small(10, 5));
        request.task.target = function;
        match certify(table, &request) {
            Err(e) => e.to_string(),
            Ok(_) => panic!("{function}"),
        }
    };
    let text = refused(&program, Function::Smooth);
    assert!(
        text.contains("value") && text.contains("no circuit"),
        "{text}"
    );
    program.smooth.as_mut().unwrap().value = value("p");
    let request = request(&program, small(10, 5));
    assert!(certify(&program, &request).unwrap().is_ok());
    let text = refused(&relu(6), Function::Relu);
    assert!(text.contains("the function itself"), "{text}");
    let path = format!("{}/certificates/relu04.json", env!("CARGO_MANIFEST_DIR"));
    let made_of_sign = Table::read(path.as_ref()).unwrap();
    let direct = "direct_relu".parse().unwrap();
    let text = refused(&made_of_sign, direct);
    assert!(text.contains("relu is made of sign: direct_relu"), "{text}");
}

/// The shipped evaluation certificates are what is made today.
#[test]
fn shipped_certificates_are_made_again() {
    let at = |file: &str| format!("{}/certificates/{file}.json", env!("CARGO_MANIFEST_DIR"));
    for (table, made) in [
        ("evaluation/relu_minimax62", "evaluation/relu_minimax62.b"),
        ("smooth/gelu20", "evaluation/gelu20.b"),
    ] {
        let table = Table::read(at(table).as_ref()).unwrap();
        let request = request(&table, Literal::set_b());
        let again = certify(&table, &request).unwrap().unwrap();
        let shipped = std::fs::read_to_string(at(made)).unwrap();
        assert!(again.text == shipped, "{made} is not what is made today");
    }
}
