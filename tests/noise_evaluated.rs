//! Circuits on ciphertexts against their bounds and estimates. Rings are small and insecure: noise is what
//! is looked at. Tolerances, in bits:
//!
//! | what | tolerance |
//! |---|---|
//! | high probability | never exceeded |
//! | high probability above the largest seen, hard inputs included | 6 |
//! | average at the inputs measured, against measured | 0.25 |

use polycert::certificate::evaluation::{certify, Certified, Wanted};
use polycert::ckks::circuit::composite::Shape;
use polycert::ckks::encrypt::Encryption;
use polycert::ckks::noise::measure::{Lab, Sample};
use polycert::ckks::params::{Literal, Parameters};
use polycert::ckks::ring::Ring;
use polycert::ckks::run::run;
use polycert::ckks::security::Waiver;
use polycert::evaluation::average::Estimator;
use polycert::evaluation::bound::{Input, Task};
use polycert::poly::table::Table;
use polycert::poly::target::{Function, Target};
use rug::Rational;

const HIGH_PROBABILITY_BITS: f64 = 6.0;
const AVERAGE_BITS: f64 = 0.25;

fn table(name: &str) -> Table {
    let path = format!("{}/certificates/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Table::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn small(log_n: u32, levels: usize) -> Parameters {
    let q = [vec![50], vec![40; levels]].concat();
    let mut literal = Literal::new(log_n, q, vec![48; 2], 40);
    literal.waiver = Waiver::Insecure;
    Parameters::new(&literal).unwrap()
}

/// What was seen over runs.
struct Seen {
    noise: Sample,
    error: Sample,
    /// The average case at the inputs of the runs.
    estimate: f64,
}

/// Runs with inputs uniform in the domain, or where noise is expected to be largest.
fn seen(made: &Certified, parameters: &Parameters, hard: bool, runs: usize) -> Seen {
    let mut lab = Lab::on(&Ring::new(parameters).unwrap(), 3, u64::from(hard)).unwrap();
    let prepared = &made.prepared;
    let circuit = &prepared.circuit;
    let mut estimator = Estimator::new(circuit, prepared.model(), &prepared.request.input);
    let (level, scale) = (circuit.nodes[0].level, circuit.nodes[0].scale.clone());
    let b = prepared.request.domain.to_f64();
    let max = prepared.request.task == Task::Single(Shape::Max);
    let (lo, count) = if max { (0.0, 2) } else { (-b, 1) };
    let hardest = estimator.hardest((lo, b), &vec![0.0; count - 1], 16);
    let (mut noise, mut error) = (Sample::default(), Sample::default());
    let mut sum = 0.0;
    for _ in 0..runs {
        let inputs: Vec<Vec<f64>> = (0..count)
            .map(|i| {
                let uniform = lab.slots().into_iter().enumerate();
                uniform
                    .map(|(slot, u)| match (hard, i) {
                        (true, 0) => hardest[slot % hardest.len()],
                        (true, _) => 0.0,
                        _ => lo + (b - lo) * (u + 1.0) / 2.0,
                    })
                    .collect()
            })
            .collect();
        let ciphers: Vec<_> = inputs
            .iter()
            .map(|x| {
                lab.encrypt_at(x, level, &scale, Encryption::Public)
                    .unwrap()
            })
            .collect();
        let result = run(circuit, &lab.evaluator, &ciphers).unwrap();
        let slots = lab
            .encoder
            .decode(&lab.secret.decrypt(&result).unwrap())
            .unwrap();
        for (slot, z) in slots.iter().enumerate() {
            let x: Vec<f64> = inputs.iter().map(|list| list[slot]).collect();
            let (meant, variance) = estimator.estimate(&x);
            sum += variance;
            noise.add([(z.re - meant).hypot(z.im)]);
            let truth = if max { x[0].max(x[1]) } else { x[0].max(0.0) };
            error.add([(z.re - truth).hypot(z.im)]);
        }
    }
    Seen {
        noise,
        error,
        estimate: (sum / noise.count as f64).sqrt(),
    }
}

fn compare(name: &str, function: Function, b: i32, log_n: u32, levels: usize, runs: usize) {
    let parameters = small(log_n, levels);
    let mut target = Target::new(function);
    target.scale = Rational::from(b);
    let wanted = Wanted {
        target,
        input: Input::Fresh(Encryption::Public),
        k: Some(40),
        level: None,
    };
    let made = certify(&table(name), &parameters, &wanted)
        .unwrap()
        .unwrap_or_else(|m| panic!("{m}"));
    let (bound_noise, bound_error) = (made.bound_noise.to_f64(), made.bound_error.to_f64());
    let mut largest = 0.0f64;
    for hard in [false, true] {
        let s = seen(&made, &parameters, hard, runs);
        let (max, rms) = (s.noise.measure_max, s.noise.measure_rms());
        let line = format!(
            "{name} {} N=2^{log_n} hard {hard}: noise bound {:.2} seen {:.2} rms {:.2} average {:.2}; \
             error bound {:.2} seen {:.2}",
            function.name(), bound_noise.log2(), max.log2(), rms.log2(),
            s.estimate.log2(), bound_error.log2(), s.error.measure_max.log2()
        );
        eprintln!("{line}");
        assert!(
            max <= bound_noise && s.error.measure_max <= bound_error,
            "{line}"
        );
        assert!((s.estimate / rms).log2().abs() <= AVERAGE_BITS, "{line}");
        largest = largest.max(max);
    }
    let over = (bound_noise / largest).log2();
    assert!(over <= HIGH_PROBABILITY_BITS, "{over}");
}

#[test]
fn relu_of_alpha_13() {
    compare("relu13", Function::Relu, 40, 12, 14, 5);
}

#[test]
fn relu_of_alpha_7() {
    compare("relu07", Function::Relu, 8, 11, 7, 10);
}

#[test]
fn max_of_alpha_7() {
    compare("relu07", Function::Max, 8, 11, 7, 10);
}
