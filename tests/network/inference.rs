//! What linear maps add on real ciphertexts, beside its bound; and encrypted networks inside their certificates.

use polycert::ckks::evaluate::Evaluator;
use polycert::ckks::parameters::rng::Rng;
use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::Literal;
use polycert::ckks::scheme::encode::Encoder;
use polycert::ckks::scheme::keys::SecretKey;
use polycert::encrypted::compile::compile;
use polycert::encrypted::noise::maps;
use polycert::encrypted::run::Runner;
use polycert::encrypted::scheme::Scheme;
use polycert::encrypted::simulate::simulate;
use polycert::jobs::network::Polynomials;
use polycert::network::model::graph::{Builder, Preprocessing};
use polycert::network::model::ops::{Conv, Dense};
use polycert::network::{Network, Op, TensorShape, Window};
use polycert::noise::formula::{tail, Model, Tier};
use polycert::noise::linear::{bound_sum, operations, Value};
use std::sync::Arc;

/// Numbers without a pattern in [-1, 1].
fn numbers(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / 2f64.powi(52) - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn conv(from: usize, to: usize, stride: usize) -> Op {
    Op::Conv(Conv {
        weights: numbers(to * from * 9, 5),
        bias: numbers(to, 6),
        groups: 1,
        window: Window {
            padding: [1; 4],
            ..Window::new([3, 3], [stride, stride])
        },
    })
}

fn dense(from: usize, to: usize) -> Op {
    Op::Dense(Dense {
        weights: numbers(from * to, 7),
        bias: numbers(to, 8),
    })
}

/// A network without an activation: one step.
fn network(input: TensorShape, ops: &[Op]) -> Network {
    let mut b = Builder::new(input).unwrap();
    let mut last = 0;
    for (i, op) in ops.iter().enumerate() {
        last = b.push(&format!("n{i}"), op.clone(), &[last]).unwrap();
    }
    b.finish("linear", last, Preprocessing::default()).unwrap()
}

/// Convolutions with a gap, few outputs of many inputs, and both as one map: within the bound, and the bound not out of sight.
#[test]
fn linear_maps_on_ciphertexts_stay_within_their_bound() {
    let image = TensorShape::new(2, 8, 8);
    let flat = Op::Reshape(TensorShape::flat(4 * 16));
    let cases = [
        vec![conv(2, 4, 2)],
        vec![conv(2, 4, 1), conv(4, 4, 2)],
        vec![conv(2, 4, 2), flat, dense(64, 10)],
    ];
    let literal = Literal {
        waiver: Waiver::Insecure,
        ..Literal::new(11, vec![50, 40, 40], vec![50], 40)
    };
    for (case, ops) in cases.iter().enumerate() {
        let network = network(image, ops);
        let twin = Polynomials::none().load(&network).unwrap();
        let program = Arc::new(compile(&network, 1 << 10).unwrap());
        let runner =
            Runner::new(program.clone(), &twin, &Scheme::Levelled(literal.clone())).unwrap();
        let model = Model::new(runner.ring().params());
        let step = &maps(&program)[0];
        let k = 30;
        let kappa = tail::kappa(k, operations(&step.maps), 11);
        let value = Value {
            scale: runner.value_scale(0).clone(),
            bound_largest: 1.0 + 1e-6,
            // Beside the decrypted input.
            bound_off: 0.0,
            bound_aside: 0.0,
        };
        let at = (runner.levels().maps[0], runner.sum_scale(0));
        let terms = [(&value, step.maps[0])];
        let tier = Tier::HighProbability { kappa };
        let bound = bound_sum(&model, tier, at, &terms, step.bound_bias).bound_off;
        let mut most = 0f64;
        for seed in 0..4 {
            let mut rng = Rng::numbered(31, seed);
            let secret = SecretKey::generate(runner.ring(), &mut rng);
            let keys = runner.keys(&secret, &mut rng);
            let evaluator = Evaluator::new(runner.ring(), keys.evaluation).unwrap();
            let x = numbers(image.len(), 100 + seed);
            let a = runner.client().encrypt(&secret, &x, &mut rng).unwrap();
            let slots = Encoder::new(runner.ring()).decode(&secret.decrypt(&a).unwrap());
            let real: Vec<f64> = slots.unwrap().iter().map(|z| z.re).collect();
            let x = program.input.unpack(&real).unwrap();
            let want = simulate(&program, &x, &|_, v| v).unwrap().estimate_outputs;
            let out = runner.step((&evaluator, None), 0, &[Some(a)], &mut |_| ());
            let got = runner.client().decrypt(&secret, &out.unwrap()).unwrap();
            for (got, want) in got.iter().zip(&want) {
                most = most.max((got - want).abs());
            }
        }
        let bits = (bound / most).log2();
        println!(
            "case {case}: seen 2^{:.2}, bound {bits:.2} bits above",
            most.log2()
        );
        assert!((0.0..10.0).contains(&bits), "case {case}: {most} {bound}");
    }
}
