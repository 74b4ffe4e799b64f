//! Bounds of evaluated noise, without ciphertexts: targets of tightness against the average case, refusals.

use polycert::ckks::circuit::composite::Shape;
use polycert::ckks::noise::formula::{Model, Tier};
use polycert::ckks::params::{Literal, Parameters};
use polycert::evaluation::average;
use polycert::evaluation::bound::{Input, Prepared, Request, Task};
use polycert::poly::table::Table;
use rug::Rational;

fn table(name: &str) -> Table {
    let path = format!("{}/certificates/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Table::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn request(task: Task, b: i32) -> Request {
    Request {
        task,
        domain: Rational::from(b),
        input: Input::FreshPublic,
        k: 40,
        level: None,
    }
}

#[test]
fn alpha_13_on_both_presets() {
    for (literal, b) in [(Literal::set_a(), 40), (Literal::set_b(), 40)] {
        let model = Model::new(&Parameters::new(&literal).unwrap());
        let start = std::time::Instant::now();
        let p = Prepared::new(
            &table("relu13"),
            &model,
            request(Task::Single(Shape::Relu), b),
        )
        .unwrap();
        assert_eq!(p.circuit.depth(), 14);
        assert_eq!(p.circuit.products(), 27);
        eprintln!(
            "prepared {:?}, {} nodes",
            start.elapsed(),
            p.circuit.nodes.len()
        );
        for tier in [Tier::WorstCase, p.high_probability()] {
            let start = std::time::Instant::now();
            let bound = p.bound(tier).unwrap();
            match bound {
                Ok(bound) => eprintln!(
                    "{tier:?}: input 2^{:.2}, stages {:?}, result 2^{:.2}, {:?}",
                    bound.bound_input.log2(),
                    bound
                        .bound_stages
                        .iter()
                        .map(|s| (s.log2() * 100.0).round() / 100.0)
                        .collect::<Vec<_>>(),
                    bound.bound_noise.log2(),
                    start.elapsed()
                ),
                Err(m) => eprintln!("{tier:?}: {m:?} {:?}", start.elapsed()),
            }
        }
        let scale = p.plan.input_scale().to_f64();
        let input = (model.estimate_fresh_public_variance() + model.estimate_rounding_variance())
            / scale
            / scale;
        let sources = average::estimate_sources(&p.circuit, &model, input);
        let mut sum = 0.0;
        let mut most = 0.0f64;
        for i in 0..1001 {
            let x = f64::from(b) * (f64::from(i) / 500.0 - 1.0);
            let v = average::estimate_variance(&p.circuit, &sources, &[x]).unwrap();
            sum += v;
            most = most.max(v);
        }
        eprintln!(
            "average rms 2^{:.2}, largest 2^{:.2}",
            (sum / 1001.0).log2() / 2.0,
            most.log2() / 2.0
        );
    }
}

#[test]
fn certificates_pass_their_check() {
    use polycert::certificate::evaluation::{certify, Wanted};
    use polycert::poly::target::{Function, Target};
    let parameters = Parameters::new(&Literal::set_a()).unwrap();
    for function in [Function::Relu, Function::Max] {
        let mut target = Target::new(function);
        target.scale = Rational::from(40);
        let wanted = Wanted {
            target,
            input: Input::FreshPublic,
            k: Some(40),
            level: None,
        };
        let start = std::time::Instant::now();
        let made = certify(&table("relu13"), &parameters, &wanted)
            .unwrap()
            .unwrap();
        eprintln!(
            "{} bytes, {:?}\n{}",
            made.text.len(),
            start.elapsed(),
            polycert_checker::Outcome::Verified(made.report.clone())
        );
    }
    let wanted = Wanted {
        target: Target::new(Function::MaxPool),
        input: Input::FreshPublic,
        k: Some(40),
        level: None,
    };
    let parameters = Parameters::new(&Literal::set_b()).unwrap();
    let made = certify(&table("relu13"), &parameters, &wanted)
        .unwrap()
        .unwrap();
    eprintln!(
        "{} bytes\n{}",
        made.text.len(),
        polycert_checker::Outcome::Verified(made.report.clone())
    );
}
