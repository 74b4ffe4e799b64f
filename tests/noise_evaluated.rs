//! Circuits on ciphertexts against their bounds and estimates. Rings are small and insecure: noise is what
//! is looked at. Tolerances, in bits:
//!
//! | what | tolerance |
//! |---|---|
//! | high probability | never exceeded |
//! | high probability above the largest seen | 6 |
//! | average against measured | 0.25 |

use polycert::certificate::evaluation::{certify, Certified, Wanted};
use polycert::ckks::circuit::exact::Plain;
use polycert::ckks::noise::measure::{Lab, Sample};
use polycert::ckks::params::{Literal, Parameters};
use polycert::ckks::ring::Ring;
use polycert::ckks::run::run;
use polycert::ckks::security::Waiver;
use polycert::evaluation::average;
use polycert::evaluation::bound::Input;
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

/// Noise and error seen over runs with inputs uniform in the domain.
fn seen(
    made: &Certified,
    parameters: &Parameters,
    function: Function,
    runs: usize,
) -> (Sample, Sample) {
    let mut lab = Lab::on(&Ring::new(parameters).unwrap(), 3, 0).unwrap();
    let circuit = &made.prepared.circuit;
    let (level, scale) = (circuit.nodes[0].level, circuit.nodes[0].scale.clone());
    let b = made.prepared.request.domain.to_f64();
    let count = if function == Function::Max { 2 } else { 1 };
    let (mut noise, mut error) = (Sample::default(), Sample::default());
    for _ in 0..runs {
        let inputs: Vec<Vec<f64>> = (0..count)
            .map(|_| {
                lab.slots()
                    .into_iter()
                    .map(|u| {
                        if count == 2 {
                            (u + 1.0) / 2.0 * b
                        } else {
                            u * b
                        }
                    })
                    .collect()
            })
            .collect();
        let ciphers: Vec<_> = inputs
            .iter()
            .map(|x| lab.encrypt_at(x, level, &scale, false).unwrap())
            .collect();
        let result = run(circuit, &lab.evaluator, &ciphers).unwrap();
        let slots = lab
            .encoder
            .decode(&lab.secret.decrypt(&result).unwrap())
            .unwrap();
        for (slot, z) in slots.iter().enumerate() {
            let x: Vec<f64> = inputs.iter().map(|list| list[slot]).collect();
            let mut plain = Plain {
                inputs: &x,
                trace: vec![],
            };
            let meant = circuit.run(&mut plain).unwrap();
            noise.add([(z.re - meant).hypot(z.im)]);
            let truth = if count == 2 {
                x[0].max(x[1])
            } else {
                x[0].max(0.0)
            };
            error.add([(z.re - truth).hypot(z.im)]);
        }
    }
    (noise, error)
}

fn compare(name: &str, function: Function, b: i32, log_n: u32, levels: usize, runs: usize) {
    let parameters = small(log_n, levels);
    let mut target = Target::new(function);
    target.scale = Rational::from(b);
    let wanted = Wanted {
        target,
        input: Input::FreshPublic,
        k: Some(40),
        level: None,
    };
    let made = certify(&table(name), &parameters, &wanted)
        .unwrap()
        .unwrap_or_else(|m| panic!("{m}"));
    let (noise, error) = seen(&made, &parameters, function, runs);
    let model = made.prepared.model();
    let scale = made.prepared.circuit.nodes[0].scale.to_f64();
    let input = (model.estimate_fresh_public_variance() + model.estimate_rounding_variance())
        / scale
        / scale;
    let sources = average::estimate_sources(&made.prepared.circuit, model, input);
    let (mut sum, points) = (0.0, 4001);
    for i in 0..points {
        let u = f64::from(i) / f64::from(points - 1);
        let b = f64::from(b);
        // max: a grid of pairs that covers the square evenly.
        let x = if function == Function::Max {
            vec![u * b, (u * 1_597.0).fract() * b]
        } else {
            vec![(2.0 * u - 1.0) * b]
        };
        sum += average::estimate_variance(&made.prepared.circuit, &sources, &x).unwrap();
    }
    let estimate = (sum / f64::from(points)).sqrt();
    let (bound_noise, bound_error) = (made.bound_noise.to_f64(), made.bound_error.to_f64());
    let line = format!(
        "{name} {} N=2^{log_n}: noise bound {:.2} seen {:.2} rms {:.2} average {:.2}; error bound {:.2} seen {:.2}",
        function.name(), bound_noise.log2(), noise.measure_max.log2(), noise.measure_rms().log2(),
        estimate.log2(), bound_error.log2(), error.measure_max.log2()
    );
    eprintln!("{line}");
    assert!(
        noise.measure_max <= bound_noise && error.measure_max <= bound_error,
        "{line}"
    );
    assert!(
        (bound_noise / noise.measure_max).log2() <= HIGH_PROBABILITY_BITS,
        "{line}"
    );
    assert!(
        (estimate / noise.measure_rms()).log2().abs() <= AVERAGE_BITS,
        "{line}"
    );
}

#[test]
fn relu_of_alpha_13() {
    compare("relu13", Function::Relu, 40, 12, 14, 8);
}

#[test]
fn relu_of_alpha_7() {
    compare("relu07", Function::Relu, 8, 11, 7, 20);
}

#[test]
fn max_of_alpha_7() {
    compare("relu07", Function::Max, 8, 11, 7, 20);
}
