//! Certifying and checking {15,27,29} at best eps: the speeds that the guide quotes.
//!
//! `floor/...` times the operations that the work cannot do without, so that the ratio of two lines
//! of one run says how far the code is from its own limit.

#![allow(missing_docs)] // criterion's macros make public functions

use criterion::{criterion_group, criterion_main, Criterion};
use polycert::approx::{best_eps, round_design, Scaling, DEFAULT_BITS};
use polycert::certificate::composite::document;
use polycert::certificate::publish;
use polycert::certify::composite::cascade::Branch;
use polycert::certify::proof::{prove, Proof, Request};
use polycert::function::target::{Function, Target};
use polycert::poly::component::Basis;
use polycert::poly::composite::Composite;
use polycert::poly::table::{Domain, Table};
use rug::{Float, Rational};
use std::collections::BTreeMap;
use std::hint::black_box;

fn table() -> Table {
    let design = best_eps(&[15, 27, 29], &Rational::new()).expect("the search converges");
    Table {
        name: "relu 15,27,29".into(),
        target: Function::Relu,
        output: polycert::poly::Output::default(),
        slope: None,
        ends: None,
        smooth: None,
        domain: Domain {
            lo: Rational::from(-1),
            hi: Rational::from(1),
            eps: Some(design.eps.clone()),
        },
        components: round_design(&design, Basis::Chebyshev, Scaling::None, DEFAULT_BITS),
        provenance: BTreeMap::new(),
    }
}

fn proof(table: &Table, only_error: bool) -> Proof {
    let mut request = Request::new(Target::new(Function::Relu));
    request.only_error = only_error;
    prove(table, &request).expect("the table is certified")
}

/// Composite-with-slope evaluations that the enclosure needs: one a cell end.
fn evaluations(proof: &Proof) -> usize {
    proof
        .relu_error
        .as_ref()
        .map_or(0, |d| d.cells.iter().map(|c| c.points.len()).sum())
}

fn certify(c: &mut Criterion) {
    let table = table();
    let mut group = c.benchmark_group("certify");
    group.bench_function("relu 15,27,29 gap 2^-40", |b| {
        b.iter(|| proof(black_box(&table), true))
    });
    group.bench_function("relu 15,27,29 with ranges, envelope, slope, margin", |b| {
        b.iter(|| proof(black_box(&table), false));
    });
    group.finish();

    let full = proof(&table, true);
    let branch = &full.branches[0];
    let y = Float::with_val(branch.prec, 0.000_5);
    let mut group = c.benchmark_group("floor");
    println!("floor: the enclosure has {} cell ends", evaluations(&full));
    group.bench_function("one composite with slope, 128 bits", |b| {
        b.iter(|| branch.jet(black_box(&y)))
    });
    let composite =
        Composite::new(&table, full.request.coefficients).expect("coefficients are exact");
    let reach = Float::with_val(128, 1);
    group.bench_function("monotone pieces of all stages", |b| {
        b.iter(|| Branch::new(black_box(&composite.branches[0]), &reach, 128));
    });
    group.finish();
}

fn check(c: &mut Criterion) {
    let table = table();
    let mut group = c.benchmark_group("check");
    for (name, only_error) in [
        ("relu 15,27,29", true),
        ("relu 15,27,29 with all claims", false),
    ] {
        let text = publish::text(&document(&table, &proof(&table, only_error)));
        if let polycert_checker::Outcome::Verified(report) =
            polycert_checker::check(text.as_bytes())
        {
            // The checker meters limb operations beforehand, in units of about a nanosecond.
            println!(
                "check: {name}: {} bytes, {} units of work",
                text.len(),
                report.work()
            );
        }
        group.bench_function(name, |b| {
            b.iter(|| polycert_checker::check(black_box(text.as_bytes())))
        });
    }
    group.finish();
}

criterion_group!(benches, certify, check);
criterion_main!(benches);
