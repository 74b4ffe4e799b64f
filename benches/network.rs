//! Rigorous evaluation of a network and its twin beside plain f64 inference by the same kernels.
//!
//! Prints the ratio of one run, in CPU time of the thread where the system tells it. The network is the
//! published ResNet-20 where `../shared` is, else one of the same shape with made-up weights.

use criterion::Criterion;
use polycert::arith::rounding::CoefficientMode;
use polycert::network::forward::twin::Activation;
use polycert::network::forward::{Model, Outcome, Prepared};
use polycert::network::model::graph::{Network, Preprocessing};
use polycert::network::model::tensor::Tensor;
use polycert::network::read::cifar_resnet;
use polycert::network::read::load;
use polycert::network::read::onnx::Options;
use polycert::network::read::safetensors::{Array, Weights};
use polycert::poly::composite::Composite;
use polycert::poly::table::Table;
use rug::Rational;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

const ROUNDS: u32 = 6;

/// CPU time of this thread (Linux), or else the time of day.
fn cpu_seconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = stat.and_then(|s| s.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(
        || START.get_or_init(Instant::now).elapsed().as_secs_f64(),
        |n| n * 1e-9,
    )
}

fn network() -> (Network, &'static str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/networks/akamaster_resnet20_cifar10.safetensors");
    match std::fs::read(&path) {
        Ok(bytes) => (
            load::load(&bytes, &path, None, &Options::default())
                .unwrap()
                .network,
            "published",
        ),
        Err(_) => (made_up(), "MADE UP, the published weights are not there"),
    }
}

/// The shape of ResNet-20 with small pseudorandom weights.
fn made_up() -> Network {
    let mut state = 1u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    let mut w = Weights::default();
    let mut put = |name: String, dims: Vec<usize>, size: f64, offset: f64| {
        let values = (0..dims.iter().product())
            .map(|_| next() * size + offset)
            .collect();
        w.arrays.insert(name, Array { dims, values });
    };
    let mut conv = |at: &str, norm: &str, out: usize, from: usize| {
        put(
            format!("{at}.weight"),
            vec![out, from, 3, 3],
            1.0 / (3.0 * (from as f64).sqrt()),
            0.0,
        );
        for (part, size, offset) in [
            ("weight", 0.2, 1.0),
            ("bias", 0.2, 0.0),
            ("running_mean", 0.2, 0.0),
            ("running_var", 0.2, 1.0),
        ] {
            put(format!("{norm}.{part}"), vec![out], size, offset);
        }
    };
    conv("conv1", "bn1", 16, 3);
    let mut from = 16;
    for stage in 1..=3usize {
        let out = 8 << stage;
        for j in 0..3 {
            let at = format!("layer{stage}.{j}");
            conv(&format!("{at}.conv1"), &format!("{at}.bn1"), out, from);
            conv(&format!("{at}.conv2"), &format!("{at}.bn2"), out, out);
            from = out;
        }
    }
    put("linear.weight".into(), vec![10, 64], 1.0, 0.0);
    put("linear.bias".into(), vec![10], 1.0, 0.0);
    cifar_resnet::build(&w, "made up", 1e-5, Preprocessing::default()).unwrap()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let (network, origin) = network();
    let table = include_str!("../certificates/relu13.json");
    let composite =
        Composite::new(&Table::from_json(table).unwrap(), CoefficientMode::Exact).unwrap();
    let twin = vec![
        Activation::new(&composite, &Rational::from(40)).unwrap();
        network.activations().len()
    ];
    let prepared = Prepared::new(&network).unwrap();
    let shape = network.input_shape();
    let balls: Vec<_> = (0..shape.len())
        .map(|i| polycert::arith::ball::Ball::exact(((i * 37) % 255) as f64 / 64.0 - 2.0))
        .collect();
    let input = Tensor::from_balls(shape, &balls);
    let rigorous = |model: Model| {
        let outcome = prepared.evaluate(&input, model, true).unwrap();
        assert!(matches!(outcome, Outcome::Done(_)));
    };
    // Interleaved, so that what else the machine does falls on all alike.
    let mut spent = [0.0; 3];
    for _ in 0..ROUNDS {
        let mut time = |k: usize, repeat: u32, f: &dyn Fn()| {
            let start = cpu_seconds();
            (0..repeat).for_each(|_| f());
            spent[k] += (cpu_seconds() - start) / f64::from(repeat * ROUNDS);
        };
        time(0, 20, &|| {
            assert_eq!(prepared.estimate_plain(&input.hi).len(), 10)
        });
        time(1, 4, &|| rigorous(Model::Relu));
        time(2, 2, &|| rigorous(Model::Twin(&twin)));
    }
    println!("ResNet-20 ({origin}), one image, one thread, CPU time, mean of {ROUNDS} interleaved rounds:");
    println!("  plain f64 inference         {:8.2} ms", spent[0] * 1e3);
    for (k, what) in [
        (1, "rigorous, ReLU (106 bits)"),
        (2, "rigorous, twin (106 bits)"),
    ] {
        println!(
            "  {what}   {:8.2} ms, {:.1} times plain",
            spent[k] * 1e3,
            spent[k] / spent[0]
        );
    }
    criterion.bench_function("network/plain", |b| {
        b.iter(|| prepared.estimate_plain(&input.hi))
    });
    criterion.bench_function("network/twin", |b| b.iter(|| rigorous(Model::Twin(&twin))));
    criterion.final_summary();
}
