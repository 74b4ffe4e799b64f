//! The evaluator at N = 2^16, log Q 1310, log P 245: the speeds that the guide quotes.
//!
//! First the table of ratios: every operation against the time of its own transforms, which are
//! counted by formula (and the formula held to the ring's counter) and timed in alternation with it,
//! by the CPU time of one thread, so that a busy machine disturbs less. Then criterion's lines, by the
//! wall clock.

#![allow(missing_docs)] // criterion's macros make public functions

mod bootstrap;

use criterion::{criterion_group, criterion_main, Criterion};
use polycert::arith::rounding::CoefficientMode;
use polycert::circuit::composite::{Output, Plan};
use polycert::circuit::Circuit;
use polycert::ckks::evaluate::run::run;
use polycert::ckks::evaluate::Evaluator;
use polycert::ckks::parameters::rng::Rng;
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::ckks::ring::Ring;
use polycert::ckks::scheme::cipher::Ciphertext;
use polycert::ckks::scheme::encode::Encoder;
use polycert::ckks::scheme::encrypt::Encryption;
use polycert::ckks::scheme::keys::{key_bytes, SecretKey};
use polycert::noise::composite::average::Estimator;
use polycert::noise::composite::bound::{Input, Prepared, Request, Task, MARGINS};
use polycert::noise::formula::{Model, Tier};
use polycert::poly::composite::Composite;
use polycert::poly::table::Table;
use rug::Rational;
use rustix::time::{clock_gettime, ClockId};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use tfhe_ntt::prime64::Plan as Transform;

const STEPS: [i64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const ROUNDS: usize = 5;

/// Seconds of CPU time of this thread.
fn clock() -> f64 {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

/// The least time of several rounds of each of two works, in alternation.
fn alternate(mut a: impl FnMut(), mut b: impl FnMut()) -> [f64; 2] {
    let mut best = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for (best, work) in best.iter_mut().zip([&mut a as &mut dyn FnMut(), &mut b]) {
            let start = clock();
            work();
            *best = best.min(clock() - start);
        }
    }
    best
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads")
}

/// Everything the benches work on.
struct Bench {
    ring: Arc<Ring>,
    evaluator: Evaluator,
    fresh: Ciphertext,
    product: Ciphertext,
    circuit: Circuit,
    input: Ciphertext,
    transforms: Vec<Transform>,
}

fn table() -> Table {
    let text = include_str!("../certificates/relu13.json");
    Table::from_json(text).expect("the shipped table")
}

/// The composite sign {15,15,27} of the shipped table.
fn composite(params: &Parameters) -> Circuit {
    let composite = Composite::new(&table(), CoefficientMode::Exact).expect("exact coefficients");
    let stages = composite.branches[0].stages.clone();
    let plan = Plan {
        // A generous range of every stage: it costs the same.
        reaches: vec![Rational::from((5, 4)); stages.len()],
        centres: vec![Rational::new(); stages.len()],
        stages,
        domain: Rational::from(1),
        scale: params.scale(),
    };
    let circuit = plan.circuit(&params.moduli(), params.max_level(), Output::Sign);
    circuit.expect("28 levels are enough").0
}

fn prepare() -> Bench {
    let params = Parameters::new(&Literal::set_b()).expect("the preset");
    let ring = Ring::new(&params).expect("the ring");
    let mut rng = Rng::numbered(1, 0);
    let secret = SecretKey::generate(&ring, &mut rng);
    let three = secret.evaluation_keys(true, &STEPS[..2], false, &mut rng);
    println!(
        "memory: one relinearisation and two rotation keys take {:.0} MB, {:.0} MB in a file",
        three.bytes() as f64 / 1e6,
        three.bytes() as f64 / 2e6
    );
    let mut keys = three;
    keys.merge(secret.evaluation_keys(false, &STEPS[2..], false, &mut rng))
        .expect("one secret");
    let evaluator = Evaluator::new(&ring, keys).expect("one ring");
    let encoder = Encoder::new(&ring);
    let values: Vec<f64> = (0..params.n() / 2)
        .map(|i| (i as f64 * 0.1).sin())
        .collect();
    let log_slots = params.log_n() - 1;
    let top = params.max_level();
    let mut encrypt = |level, scale: &Rational| {
        let plain = encoder
            .encode_real(&values, log_slots, level, scale)
            .expect("small values");
        secret.encrypt(&plain, &mut rng).expect("one ring")
    };
    let fresh = encrypt(top, &params.scale());
    let circuit = composite(&params);
    let node = circuit.input(0).expect("one input").clone();
    let input = encrypt(node.level, &node.scale);
    let primes = params.q().iter().chain(params.p());
    Bench {
        product: evaluator.mul(&fresh, &fresh).expect("a product"),
        transforms: primes
            .map(|&p| Transform::try_new(params.n(), p).expect("a transform"))
            .collect(),
        ring,
        evaluator,
        fresh,
        circuit,
        input,
    }
}

impl Bench {
    fn mul_rescale(&self) -> Ciphertext {
        let product = self.evaluator.mul_rescale(&self.fresh, &self.fresh);
        product.expect("a level")
    }

    fn rotate(&self, steps: &[i64]) -> Vec<Ciphertext> {
        self.evaluator
            .rotate_many(&self.fresh, steps)
            .expect("keys")
    }

    fn composite(&self) -> Ciphertext {
        let inputs = std::slice::from_ref(&self.input);
        run(&self.circuit, &self.evaluator, inputs).expect("the circuit fits")
    }

    /// That many transforms, forth and back in the proportion of a key switch, over as many limbs as
    /// there are primes.
    fn own_transforms(&self, count: usize, limbs: &mut [Vec<u64>]) {
        for k in 0..count {
            let i = k % limbs.len();
            if k % 6 == 0 {
                self.transforms[i].inv(&mut limbs[i]);
            } else {
                self.transforms[i].fwd(&mut limbs[i]);
            }
        }
    }

    /// A limb for each prime.
    fn limbs(&self) -> Vec<Vec<u64>> {
        (0..self.transforms.len() as u64)
            .map(|i| {
                (0..self.ring.n() as u64)
                    .map(|j| (i + 1) * (j + 7) * 65_537)
                    .collect()
            })
            .collect()
    }

    /// Counts the transforms of a work, holds them to the formula, and times both.
    fn ratio(&self, name: &str, transforms: usize, work: impl Fn()) -> f64 {
        let before = self.ring.transforms();
        work();
        assert_eq!(self.ring.transforms() - before, transforms as u64, "{name}");
        let mut limbs = self.limbs();
        let [own, time] = alternate(|| self.own_transforms(transforms, &mut limbs), work);
        println!(
            "ratio: {name}: {:.1} ms of CPU, its {transforms} transforms {:.1} ms ({:.0} us each), \
             ratio {:.2}",
            time * 1e3,
            own * 1e3,
            own * 1e6 / transforms as f64,
            time / own
        );
        time
    }
}

/// The table of ratios, in a pool of one thread whose CPU time is read.
fn ratios(b: &Bench) {
    let params = b.ring.params();
    let top = params.max_level();
    let switch = params.switch_transforms(top);
    let to_divide = 2 * (params.q().len() + params.p().len());
    b.ratio("ct mul + relin + rescale", switch, || {
        black_box(b.mul_rescale());
    });
    let one = b.ratio("rotation", switch, || {
        black_box(b.rotate(&STEPS[..1]));
    });
    let eight = b.ratio("8 hoisted rotations", switch + 7 * to_divide, || {
        black_box(b.rotate(&STEPS));
    });
    println!("ratio: 8 hoisted rotations are {:.2} x one", eight / one);
    // What no further rotation can do without: its own division, and reading its key once.
    let key = vec![1u64; key_bytes(params).switching as usize / 8];
    let read = || {
        black_box(key.iter().fold(0u64, |sum, x| sum.wrapping_add(*x)));
    };
    let mut limbs = b.limbs();
    let [read, divide] = alternate(read, || b.own_transforms(to_divide, &mut limbs));
    println!(
        "ratio: every further rotation takes {:.1} ms: {to_divide} transforms {:.1} ms, reading the {:.0} MB \
         of its key {:.1} ms ({:.1} GB/s)",
        (eight - one) / 7.0 * 1e3,
        divide * 1e3,
        key.len() as f64 * 8e-6,
        read * 1e3,
        key.len() as f64 * 8e-9 / read
    );
    // One and eight rotations that are transforms and reading keys alone; and how fast keys would have to
    // be read for 3 x.
    let transform = divide / to_divide as f64;
    let floor = |n: usize| (switch + (n - 1) * to_divide) as f64 * transform + n as f64 * read;
    let wanted = (2 * switch - 7 * to_divide) as f64 * transform / 5.0;
    println!(
        "ratio: with transforms and reading keys alone 8 hoisted rotations are {:.2} x one; 3 x would take keys \
         read at {:.0} GB/s",
        floor(8) / floor(1),
        key.len() as f64 * 8e-9 / wanted
    );
    let before = b.ring.transforms();
    let mut best = f64::INFINITY;
    for _ in 0..2 {
        let start = clock();
        black_box(b.composite());
        best = best.min(clock() - start);
    }
    println!(
        "composite sign {{15,15,27}}: {:.2} s of CPU, {} products, {} transforms",
        best,
        b.circuit.products(),
        (b.ring.transforms() - before) / 2
    );
    for threads in [1, 2] {
        let pool = pool(threads);
        let wall = (0..2).map(|_| {
            let start = Instant::now();
            pool.install(|| black_box(b.composite()));
            start.elapsed().as_secs_f64()
        });
        let best = wall.fold(f64::INFINITY, f64::min);
        println!("composite sign {{15,15,27}}: {best:.2} s by the wall clock on {threads} threads");
    }
}

fn ckks(c: &mut Criterion) {
    let one = pool(1);
    let b = one.install(prepare);
    // `install` runs the closure in the pool's only thread, so its clock sees all the work.
    one.install(|| ratios(&b));
    let mut group = c.benchmark_group("ckks");
    group.sample_size(10);
    group.bench_function("floor: one transform", |bencher| {
        let mut limb: Vec<u64> = (0..b.ring.n() as u64).collect();
        bencher.iter(|| b.transforms[1].fwd(black_box(&mut limb)));
    });
    group.bench_function("ct mul + relin + rescale", |bencher| {
        one.install(|| bencher.iter(|| b.mul_rescale()));
    });
    group.bench_function("rescale", |bencher| {
        one.install(|| bencher.iter(|| b.evaluator.rescale(&b.product)));
    });
    group.bench_function("rotation", |bencher| {
        one.install(|| bencher.iter(|| b.rotate(&STEPS[..1])));
    });
    group.bench_function("8 hoisted rotations", |bencher| {
        one.install(|| bencher.iter(|| b.rotate(&STEPS)));
    });
    group.bench_function("noise bounds of relu13, all tiers", |bencher| {
        bencher.iter(|| noise_bounds(b.ring.params()));
    });
    group.finish();
    // Keys of 10 GB: after everything else is given back.
    drop(b);
    bootstrap::table();
}

/// The circuit of ReLU by the shipped table and its noise: worst case, high probability, average.
fn noise_bounds(params: &Parameters) -> [f64; 3] {
    let model = Model::new(params);
    let request = Request {
        task: Task::Single(Output::Relu),
        domain: Rational::from(40),
        input: Input::Fresh(Encryption::Secret),
        k: 40,
        within: None,
        level: None,
        scale: None,
        margin: MARGINS[0],
    };
    let input = request.input.clone();
    let prepared = Prepared::new(&table(), &model, request).expect("28 levels are enough");
    let bound = |tier| {
        let outcome = prepared.bound(tier).expect("a range");
        outcome.expect("margin enough").bound_noise
    };
    let (_, variance) = Estimator::new(&prepared.circuit, &model, &input).estimate(&[1.0]);
    [
        bound(Tier::WorstCase),
        bound(prepared.high_probability()),
        variance,
    ]
}

criterion_group!(benches, ckks);
criterion_main!(benches);
