//! Circuits on ciphertexts against their bounds and estimates. Rings are small and insecure: noise is what
//! is looked at. Tolerances, in bits:
//!
//! | what | tolerance |
//! |---|---|
//! | high probability | never exceeded |
//! | high probability above the largest seen, hard inputs included | 6 |
//! | average at the inputs measured, against measured | 0.25 |

use polycert::certificate::evaluation::{certify, Certified, Wanted};
use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::ckks::ring::Ring;
use polycert::ckks::scheme::encrypt::Encryption;
use polycert::function::target::{Function, Target};
use polycert::noise::composite::bound::Input;
use polycert::noise::measure::composite::{Domain, Experiment, Measured};
use polycert::noise::measure::operations::Lab;
use polycert::poly::table::Table;
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

/// Runs with inputs uniform in the domain, or where noise is expected to be largest.
fn seen(made: &Certified, parameters: &Parameters, hard: bool, runs: usize) -> Measured {
    let lab = Lab::on(&Ring::new(parameters).unwrap(), 3, u64::from(hard)).unwrap();
    let domain = Domain::of(&made.prepared);
    let mut experiment = Experiment::new(&made.prepared, lab, domain).unwrap();
    let max = domain.inputs == 2;
    let truth = |x: &[f64]| Some(if max { x[0].max(x[1]) } else { x[0].max(0.0) });
    let mut measured = Measured::default();
    for _ in 0..runs {
        let inputs = if hard {
            experiment.hardest()
        } else {
            experiment.uniform()
        };
        experiment.run(&inputs, &truth, &mut measured).unwrap();
    }
    measured
}

/// Levels of two primes, a scale above any of them.
fn paired(log_n: u32, levels: usize) -> Parameters {
    let q = [vec![50], [28, 29].repeat(levels)].concat();
    let mut literal = Literal::new(log_n, q, vec![49; 3], 57);
    literal.levels = Some([vec![1], vec![2; levels]].concat());
    literal.waiver = Waiver::Insecure;
    Parameters::new(&literal).unwrap()
}

fn compare(name: &str, function: Function, b: i32, parameters: &Parameters, runs: usize) {
    let log_n = parameters.log_n();
    for encryption in [Encryption::Public, Encryption::PublicExtended] {
        let mut target = Target::new(function);
        target.scale = Rational::from(b);
        let wanted = Wanted {
            target,
            input: Input::Fresh(encryption),
            within: None,
            k: Some(40),
            level: None,
            scale: None,
            margin: None,
        };
        let made = certify(&table(name), parameters, &wanted)
            .unwrap()
            .unwrap_or_else(|m| panic!("{m}"));
        let (bound_noise, bound_error) = (made.bound_noise.to_f64(), made.bound_error.to_f64());
        let mut largest = 0.0f64;
        for hard in [false, true] {
            let s = seen(&made, parameters, hard, runs);
            let (max, rms) = (s.noise.measure_max, s.noise.measure_rms());
            let line = format!(
                "{name} {} N=2^{log_n} {encryption:?} hard {hard}, {} runs: noise high {:.2} seen {:.2} \
                 average {:.2} rms {:.2}; error bound {:.2} seen {:.2}",
                function.name(),
                s.runs,
                bound_noise.log2(),
                max.log2(),
                s.estimate_rms().log2(),
                rms.log2(),
                bound_error.log2(),
                s.error.measure_max.log2()
            );
            eprintln!("{line}");
            assert!(
                max <= bound_noise && s.error.measure_max <= bound_error,
                "{line}"
            );
            assert!(
                (s.estimate_rms() / rms).log2().abs() <= AVERAGE_BITS,
                "{line}"
            );
            largest = largest.max(max);
        }
        let over = (bound_noise / largest).log2();
        assert!(over <= HIGH_PROBABILITY_BITS, "{over}");
    }
}

#[test]
fn relu_of_alpha_13() {
    compare("relu13", Function::Relu, 40, &small(12, 14), 5);
}

#[test]
fn relu_of_alpha_7() {
    compare("relu07", Function::Relu, 8, &small(11, 7), 10);
}

/// One level is left: q_0 alone has no room for a scale of 2^57.
#[test]
fn relu_at_levels_of_two_primes() {
    compare("relu07", Function::Relu, 8, &paired(11, 8), 10);
}

#[test]
fn max_of_alpha_7() {
    compare("relu07", Function::Max, 8, &small(11, 7), 10);
}
