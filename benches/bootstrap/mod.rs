//! Bootstrapping at R57: every phase beside its own transforms and beside what it reads.

use polycert::ckks::bootstrap::literal::Literal;
use polycert::ckks::bootstrap::mod1::Value;
use polycert::ckks::parameters::Parameters;
use polycert::noise::measure::refresh::{Experiment, Measured};
use std::hint::black_box;
use std::time::Instant;
use tfhe_ntt::prime64::Plan as Transform;

const RUNS: u64 = 4;

/// Seconds of the fastest of several.
fn fastest(mut work: impl FnMut()) -> f64 {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..5).map(once).fold(f64::INFINITY, f64::min)
}

/// Prints the table, on one thread and on two.
pub fn table() {
    let literal = Literal::r57(14);
    let params = Parameters::new(&literal.encryption).expect("the set");
    // One transform at a prime of 49 bits, and reading memory.
    let prime = params.q()[5];
    let plan = Transform::try_new(params.n(), prime).expect("a transform");
    let mut limb: Vec<u64> = (0..params.n() as u64).collect();
    let transform = fastest(|| (0..64).for_each(|_| plan.fwd(&mut limb))) / 64.0;
    let memory = vec![1u64; 1 << 25];
    let read = fastest(|| {
        black_box(memory.iter().fold(0u64, |sum, x| sum.wrapping_add(*x)));
    }) / (8 * memory.len()) as f64;

    let mut experiment = Experiment::new(&literal, Value::Message, 1).expect("the set");
    println!(
        "bootstrap R57, 2^14 values: keys {:.2} GB, maps {:.2} GB; one transform {:.0} us, memory read at {:.1} GB/s",
        experiment.key_bytes() as f64 / 1e9,
        experiment.refresher().bytes() as f64 / 1e9,
        transform * 1e6,
        1e-9 / read
    );
    let bytes = experiment.refresher().bytes_read();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        let mut best: Option<Measured> = None;
        for _ in 0..RUNS {
            let mut one = Measured::default();
            pool.install(|| experiment.run(1.0, false, &mut one))
                .expect("a bootstrap");
            let faster = best
                .as_ref()
                .is_none_or(|b| one.measure_time() < b.measure_time());
            if faster {
                best = Some(one);
            }
        }
        let best = best.expect("a run");
        println!(
            "bootstrap R57 on {threads} threads: {:.2} s by the wall clock",
            best.measure_time().as_secs_f64()
        );
        for (phase, spent) in &best.phases {
            let own = spent.transforms as f64 * transform / threads as f64;
            let time = spent.time.as_secs_f64();
            print!(
                "  {phase:?}: {time:.2} s, its {} transforms {own:.2} s, ratio {:.2}",
                spent.transforms,
                time / own
            );
            match bytes.iter().find(|(of, _)| of == phase) {
                Some((_, bytes)) => println!(
                    "; reads {:.2} GB of keys and diagonals, {:.2} s",
                    *bytes as f64 / 1e9,
                    *bytes as f64 * read
                ),
                None => println!(),
            }
        }
    }
}
