//! Networks as steps on slots, in the clear, beside their rigorous evaluation.

use polycert::arith::ball::Ball;
use polycert::encrypted::compile::compile;
use polycert::encrypted::simulate::simulate;
use polycert::jobs::network::{InputFile, Model, Polynomials};
use polycert::network::forward::{Model as Evaluated, Outcome, Prepared};

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
