//! The published ResNet-20 on the published images, where they are at hand.

use polycert::arith::rounding::CoefficientMode;
use polycert::network::evaluate::{Model, Outcome, Prepared};
use polycert::network::input::Samples;
use polycert::network::twin::Activation;
use polycert::network::{cifar_resnet, npy, safetensors, Network, Preprocessing};
use polycert::poly::{Composite, Table};
use rug::Rational;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn shared(name: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(name);
    if !path.exists() {
        eprintln!("SKIPPED: {} is not there: NOT tested", path.display());
        return None;
    }
    Some(path)
}

fn resnet20() -> Option<Network> {
    let bytes = std::fs::read(shared("networks/akamaster_resnet20_cifar10.safetensors")?).unwrap();
    let weights = safetensors::read(&bytes).unwrap();
    let q = |n: i32| Rational::from((n, 1000));
    let preprocessing = Preprocessing {
        scale: Rational::from((1, 255)),
        mean: [485, 456, 406].map(q).to_vec(),
        deviation: [229, 224, 225].map(q).to_vec(),
    };
    Some(cifar_resnet::build(&weights, "resnet20", 1e-5, preprocessing).unwrap())
}

#[test]
fn the_class_of_the_twin_is_that_of_the_network() {
    let Some(network) = resnet20() else { return };
    let prepared = Prepared::new(&network).unwrap();
    let images = std::fs::read(shared("images/cifar10_test_000_099_u8_nhwc.npy").unwrap()).unwrap();
    let samples =
        Samples::from_array(npy::read(&images).unwrap(), network.input_shape(), None).unwrap();
    let table = std::fs::read_to_string(root().join("certificates/relu13.json")).unwrap();
    let table = Table::from_json(&table).unwrap();
    let composite = Composite::new(&table, CoefficientMode::Exact).unwrap();
    let twin = vec![Activation::new(&composite, &Rational::from(40)).unwrap(); 19];
    for i in 0..2 {
        let x = samples.input(i, &network.preprocessing, None).unwrap();
        let t = std::time::Instant::now();
        let plain = prepared.estimate_plain(&x.hi);
        let base = t.elapsed();
        eprintln!("{i} plain {base:?} {plain:.6?}");
        for (model, double) in [
            (Model::Relu, false),
            (Model::Relu, true),
            (Model::Twin(&twin), true),
        ] {
            let t = std::time::Instant::now();
            let out = prepared.evaluate(&x, model, double).unwrap();
            let d = t.elapsed();
            let Outcome::Done(e) = out else { panic!() };
            eprintln!(
                "{double} {d:?} ratio {:.1}",
                d.as_secs_f64() / base.as_secs_f64()
            );
            for l in &e.logits {
                eprint!("{:.6}+-{:.2e} ", l.hi, l.radius);
            }
            eprintln!("class {:?}", e.class());
        }
    }
}
