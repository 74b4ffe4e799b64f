//! Certifying and checking tables of smooth functions: the speeds that the guide quotes. The tables are made here, so that
//! every number comes from this one command.

#![allow(missing_docs)] // criterion's macros make public functions

mod fits;

use criterion::{criterion_group, criterion_main, Criterion};
use fits::{fit, request};
use polycert::certificate::composite::document;
use polycert::certificate::publish;
use polycert::certify::proof::prove;
use polycert::function::formula::Formula;
use polycert::function::program::Program;
use polycert::poly::component::{Basis, Component};
use polycert::poly::table::Table;
use rug::Rational;
use std::hint::black_box;

fn exp(degree: usize) -> Table {
    fit(
        "exp(x)",
        (Rational::from(-1), Rational::from(1)),
        degree,
        450,
    )
}

/// cos(2 pi x) near the integers from -16 to 16: cos(2 pi x/8) by degree 30, then the angle doubled three times.
fn eval_mod() -> Table {
    let (lo, hi) = (Rational::from((-1025, 64)), Rational::from((1025, 64)));
    let mut table = fit("cos(2*pi*x/8)", (lo, hi), 30, 100);
    let double = [-1, 0, 2].map(Rational::from).to_vec();
    for _ in 0..3 {
        table
            .components
            .push(Component::new(Basis::Power, double.clone()));
    }
    let near = |k: i32| {
        (
            Rational::from((64 * k - 1, 64)),
            Rational::from((64 * k + 1, 64)),
        )
    };
    let stated = table.smooth.as_mut().expect("a smooth table");
    stated.function = Formula::function("cos(2*pi*x)").expect("an expression");
    stated.segments = (-16..=16).map(near).collect();
    table
}

/// GELU in its tanh form on [-8, 8]: tanh(u/6) by degree 27, then tanh(6 artanh(y)) by degree 31.
fn gelu() -> Table {
    let eight = || (Rational::from(-8), Rational::from(8));
    let inner = "tanh(sqrt(2/pi)*(x + 0.044715*x^3)/6)";
    let mut table = fit(inner, eight(), 27, 60);
    let (plus, minus) = ("(1 + x)^6", "(1 - x)^6");
    let outer = format!("({plus} - {minus})/({plus} + {minus})");
    let one = (Rational::from((-33, 32)), Rational::from((33, 32)));
    table.components.extend(fit(&outer, one, 31, 60).components);
    let stated = table.smooth.as_mut().expect("a smooth table");
    stated.function = Formula::function("gelu_tanh(x)").expect("an expression");
    stated.value = Some(Program::parse("x*(1 + p)/2").expect("a value"));
    table
}

fn smooth(c: &mut Criterion) {
    for (name, table) in [
        ("exp, degree 63, [-1, 1]", exp(63)),
        ("exp, degree 15, [-1, 1]", exp(15)),
        (
            "cos, degree 30 and 3 double angles, |x - k| <= 1/64, |k| <= 16",
            eval_mod(),
        ),
        ("gelu, 31 after 27, [-8, 8]", gelu()),
    ] {
        let request = request(&table);
        let proof = prove(&table, &request).expect("the table is certified");
        let text = publish::text(&document(&table, &proof));
        let error = proof.series.as_ref().expect("an enclosure");
        println!(
            "{name}: error at most {:.6e}, {} cells",
            error.bound_hi.to_f64(),
            error.parts.iter().map(|p| p.cells.len()).sum::<usize>()
        );
        let verified = polycert_checker::check(text.as_bytes());
        assert!(
            matches!(verified, polycert_checker::Outcome::Verified(_)),
            "{name}"
        );
        let mut group = c.benchmark_group("smooth");
        group.bench_function(format!("certify {name}"), |b| {
            b.iter(|| prove(black_box(&table), &request));
        });
        group.bench_function(format!("check {name}"), |b| {
            b.iter(|| polycert_checker::check(black_box(text.as_bytes())));
        });
        group.finish();
    }
}

criterion_group!(benches, smooth);
criterion_main!(benches);
