//! Networks as steps on slots: in the clear beside their rigorous evaluation, and on ciphertexts.

use polycert::arith::ball::Ball;
use polycert::ckks::bootstrap::literal::Literal;
use polycert::ckks::evaluate::Evaluator;
use polycert::ckks::parameters::rng::Rng;
use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::Literal as Encryption;
use polycert::ckks::scheme::keys::SecretKey;
use polycert::encrypted::activation::{bends, computed};
use polycert::encrypted::compile::compile;
use polycert::encrypted::run::{Phase, Runner};
use polycert::encrypted::schedule::Schedule;
use polycert::encrypted::scheme::Scheme;
use polycert::encrypted::simulate::simulate;
use polycert::encrypted::state::State;
use polycert::jobs::network::{InputFile, Model, Polynomials};
use polycert::network::forward::{Model as Evaluated, Outcome, Prepared};
use polycert::network::model::graph::{Builder, Preprocessing};
use polycert::network::model::ops::{Conv, Dense};
use polycert::network::{Network, Op, TensorShape, Window};
use rug::Rational;
use std::sync::Arc;

/// The network that ships, residual and with max-pooling: the twin's outputs through diagonals are in its enclosures, but for the
/// rounding of f64.
#[test]
fn slots_of_the_fashion_network_give_its_twin() {
    let at = |file: &str| format!("{}/certificates/{file}", env!("CARGO_MANIFEST_DIR"));
    let loaded = Model::new(at("networks/fashion/network.safetensors"))
        .load()
        .unwrap();
    let network = &loaded.network;
    let twin = Polynomials::new(at("relu13.json"), 20)
        .load(network)
        .unwrap();
    let inputs = InputFile::new(at("networks/fashion/images.npy"))
        .load(&loaded)
        .unwrap();
    let program = compile(network, 1 << 14).unwrap();
    // A ReLU each, and three for every max-pooling of four.
    assert_eq!((program.activations(), program.period()), (12, 1 << 14));
    let prepared = Prepared::new(network).unwrap();
    for sample in 0..4 {
        let x = inputs.sample(sample).unwrap();
        let outcome = prepared.evaluate(&x, Evaluated::Twin(&twin.activations), true);
        let Outcome::Done(want) = outcome.unwrap() else {
            panic!("sample {sample} is outside");
        };
        let respond = |a: usize, v: f64| twin.activations[a].relu(Ball::exact(v)).hi;
        let got = simulate(&program, &x.hi, &respond).unwrap();
        for (got, want) in got.estimate_outputs.iter().zip(&want.logits) {
            assert!((got - want.hi).abs() < 1e-12, "{sample}: {got} {want:?}");
        }
        // What a twin without its approximation gives is elsewhere.
        let relu = simulate(&program, &x.hi, &|_, v| v.max(0.0)).unwrap();
        let apart = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-4;
        assert!(relu
            .estimate_outputs
            .iter()
            .zip(&got.estimate_outputs)
            .any(apart));
        assert!(got.estimate_sizes.iter().all(|&s| s < 20.0));
    }
}

/// Numbers without a pattern in [-1, 1] over a divisor.
fn numbers(n: usize, seed: u64, over: f64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 / 2f64.powi(52) - 1.0) / over
    };
    (0..n).map(|_| next()).collect()
}

fn conv(from: usize, to: usize, kernel: usize, stride: usize, seed: u64) -> Op {
    let pad = kernel / 2;
    Op::Conv(Conv {
        weights: numbers(to * from * kernel * kernel, seed, 2.0),
        bias: numbers(to, seed + 1, 4.0),
        groups: 1,
        window: Window {
            padding: [pad; 4],
            ..Window::new([kernel, kernel], [stride, stride])
        },
    })
}

/// A residual network of 6 x 6 pixels: two convolutions, a shortcut that a convolution makes smaller, two dense layers.
fn small() -> Network {
    let relu = || Op::Relu { slope: 0.0 };
    let mut b = Builder::new(TensorShape::new(1, 6, 6)).unwrap();
    let a = b.push("a", conv(1, 2, 3, 1, 1), &[0]).unwrap();
    let a = b.push("a_relu", relu(), &[a]).unwrap();
    let c = b.push("c", conv(2, 4, 3, 2, 3), &[a]).unwrap();
    let c = b.push("c_relu", relu(), &[c]).unwrap();
    let side = b.push("side", conv(2, 4, 1, 2, 5), &[a]).unwrap();
    let sum = b.push("sum", Op::Add, &[c, side]).unwrap();
    let d = b.push("d_relu", relu(), &[sum]).unwrap();
    let flat = b
        .push("flat", Op::Reshape(TensorShape::flat(36)), &[d])
        .unwrap();
    let dense = |from: usize, to: usize, seed: u64| {
        Op::Dense(Dense {
            weights: numbers(to * from, seed, 2.0),
            bias: numbers(to, seed + 1, 1.0),
        })
    };
    let e = b.push("e", dense(36, 5, 7), &[flat]).unwrap();
    let e = b.push("e_relu", relu(), &[e]).unwrap();
    let out = b.push("out", dense(5, 3, 9), &[e]).unwrap();
    b.finish("small", out, Preprocessing::default()).unwrap()
}

/// Runs a network on ciphertexts; the largest distance to its reading in the clear, and how many were refreshed.
fn encrypted(
    network: &Network,
    (table, scales): (&str, [u32; 4]),
    scheme: &Scheme,
) -> (f64, usize) {
    let at = |file: &str| format!("{}/certificates/{file}", env!("CARGO_MANIFEST_DIR"));
    let polynomials = Polynomials::new(at(table), 8).scaled(scales.map(Rational::from).to_vec());
    let twin = polynomials.load(network).unwrap();
    let program = compile(network, 1 << 7).unwrap();
    let runner = Runner::new(Arc::new(program), &twin, scheme).unwrap();
    let program = runner.program();
    let bends = bends(&twin, runner.ring().params(), scheme.bootstrapping()).unwrap();
    let schedule = Schedule::new(program, &bends, runner.ring(), scheme.bootstrapping()).unwrap();
    assert_eq!(schedule.levels, *runner.levels());
    let refreshed = schedule.levels.activations(program, bends.len());
    let computed = computed(&twin, &bends, &refreshed).unwrap();

    let x = numbers(network.input_shape().len(), 11, 1.0);
    let respond = |a: usize, v: f64| computed[a].relu(Ball::exact(v)).hi;
    let clear = simulate(program, &x, &respond).unwrap();
    assert!(clear.estimate_sizes.iter().all(|&s| s < 8.0));
    let mut rng = Rng::numbered(18, 0);
    let secret = SecretKey::generate(runner.ring(), &mut rng);
    let keys = runner.keys(&secret, &mut rng);
    let bytes = &schedule.bytes;
    assert_eq!(bytes.program_keys + bytes.other_keys, keys.bytes());
    // What is listed before anything is made is what is made.
    assert_eq!(schedule.keys, keys.evaluation.list());
    assert_eq!(schedule.raises, keys.refresh.is_some());
    let input = runner.client().encrypt(&secret, &x, &mut rng).unwrap();
    runner.client().takes(&input).unwrap();
    let evaluator = Evaluator::new(runner.ring(), keys.evaluation).unwrap();
    let mut state = State::new(input);
    while state.done() < program.steps.len() {
        state
            .step(&runner, (&evaluator, keys.refresh.as_ref()))
            .unwrap();
        let kept = (0..state.values.len()).filter(|&v| state.values[v].is_some());
        assert_eq!(kept.collect::<Vec<_>>(), program.live(state.done()));
    }
    let spent = state.spent.clone();
    let output = state.output(&runner).unwrap();
    let got = runner.client().decrypt(&secret, &output).unwrap();
    let off = (got.iter().zip(&clear.estimate_outputs)).map(|(a, b)| (a - b).abs());
    let took = |p: Phase| {
        spent
            .iter()
            .filter(move |s| s.measure_seconds[p as usize] > 0.0)
    };
    let refreshed = took(Phase::Refresh).count();
    assert_eq!(refreshed, schedule.levels.refreshes());
    assert_eq!(took(Phase::Linear).count(), 5);
    assert_eq!((got.len(), spent.len()), (3, 5));
    (off.fold(0.0, f64::max), refreshed)
}

/// A ring without security, the composite of alpha = 13: all activations but the first are refreshed, at the levels of the set R57; two sizes
/// of B share the maps of the bootstrapping.
#[test]
fn a_network_runs_on_ciphertexts() {
    let scheme = Scheme::Refreshed(Literal::toy(10, 7));
    let (off, refreshed) = encrypted(&small(), ("relu13.json", [8, 9, 8, 9]), &scheme);
    assert_eq!(refreshed, 3);
    assert!(off < 2f64.powi(-18), "{off:e}");
}

#[test]
fn a_long_chain_takes_no_refresh() {
    let q = [&[50][..], &[45; 22]].concat();
    let mut literal = Encryption::new(10, q, vec![50], 45);
    literal.waiver = Waiver::Insecure;
    let (off, refreshed) = encrypted(
        &small(),
        ("relu04.json", [8; 4]),
        &Scheme::Levelled(literal),
    );
    assert_eq!(refreshed, 0);
    assert!(off < 2f64.powi(-18), "{off:e}");
}
