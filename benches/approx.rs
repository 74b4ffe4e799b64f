//! Times of the approximation search: one fit, one composite, one balanced composite.

use criterion::Criterion;
use polycert::approx::{best_eps, composite, minimax_odd, Settings};
use rug::{Float, Rational};
use std::hint::black_box;

fn approx(c: &mut Criterion) {
    let settings = Settings::default();
    let (a, b) = (Float::with_val(64, 0.4), Float::with_val(64, 1.6));
    c.bench_function("approx/minimax degree 29", |bench| {
        bench.iter(|| minimax_odd(29, black_box(&a), black_box(&b), &settings).unwrap());
    });
    let none = Rational::new();
    let eps = Rational::from((1, 1024));
    let degrees = [15, 27, 29];
    c.bench_function("approx/composite {15,27,29}", |bench| {
        bench.iter(|| composite(black_box(&degrees), &eps, &none).unwrap());
    });
    c.bench_function("approx/best_eps {15,27,29}", |bench| {
        bench.iter(|| best_eps(black_box(&degrees), &none).unwrap());
    });
}

fn main() {
    // Spelled out: the macro would generate a public function without documentation.
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    approx(&mut criterion);
    criterion.final_summary();
}
