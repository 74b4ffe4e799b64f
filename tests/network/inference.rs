//! What linear maps add on real ciphertexts, beside its bound; and encrypted networks inside their certificates.

use polycert::arith::ball::Ball;
use polycert::ckks::evaluate::Evaluator;
use polycert::ckks::parameters::rng::Rng;
use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::Literal;
use polycert::ckks::scheme::cipher::Ciphertext;
use polycert::ckks::scheme::encode::Encoder;
use polycert::ckks::scheme::keys::SecretKey;
use polycert::encrypted::compile::compile;
use polycert::encrypted::noise::maps;
use polycert::encrypted::run::Runner;
use polycert::encrypted::scheme::Scheme;
use polycert::encrypted::simulate::simulate;
use polycert::jobs::network::compiled::Chosen;
use polycert::jobs::network::inference::{certify, Request};
use polycert::jobs::network::{InputFile, Model as NetworkFile, Polynomials};
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
        assert!((0.0..14.0).contains(&bits), "case {case}: {most} {bound}");
    }
}

/// A small network in a folder: a convolution, one with a stride and a batch norm beside a shortcut, and a dense layer.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, list: &[f64]| {
        let text: Vec<String> = list.iter().map(|x| format!("{x:e}\n")).collect();
        std::fs::write(folder.path().join(format!("{name}.txt")), text.concat()).unwrap();
    };
    for (name, n, seed) in [
        ("c1", 4 * 9, 1),
        ("b1", 4, 2),
        ("c2", 8 * 4 * 9, 3),
        ("b2", 8, 4),
        ("s", 8 * 4, 5),
        ("t", 8, 6),
        ("d", 3 * 32, 7),
        ("bn.weight", 8, 9),
        ("bn.bias", 8, 10),
        ("bn.running_mean", 8, 11),
    ] {
        write(name, &numbers(n, seed));
    }
    // A margin that a coarse polynomial leaves.
    write("e", &[4.0, 0.0, -4.0]);
    write("bn.running_var", &[1.0, 2.0, 0.5, 1.0, 3.0, 1.0, 0.75, 1.5]);
    let graph = r#"{"format":"polycert-graph/1","input":[1,4,4],"layers":[
        {"op":"conv","name":"one","weights":"c1","bias":"b1","padding":1},{"op":"relu","name":"a1"},
        {"op":"conv","name":"two","weights":"c2","bias":"b2","stride":2,"padding":1},
        {"op":"batch_norm","name":"bn","prefix":"bn","epsilon":"1e-5"},
        {"op":"conv","name":"short","weights":"s","bias":"t","stride":2,"input":"a1"},
        {"op":"add","inputs":["bn","short"]},{"op":"relu","name":"a2"},
        {"op":"flatten"},{"op":"dense","weights":"d","bias":"e"}],
        "files":{"numbers":"f64","shapes":{"c1":[4,1,3,3],"c2":[8,4,3,3],"s":[8,4,1,1],"d":[3,32]}}}"#;
    std::fs::write(folder.path().join("graph.json"), graph).unwrap();
    folder
}

/// One sample of 16 numbers, as numpy writes it.
fn sample(folder: &std::path::Path) -> std::path::PathBuf {
    let mut header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 4, 4), }".to_owned();
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(numbers(16, 12).iter().flat_map(|x| x.to_le_bytes()));
    let file = folder.join("x.npy");
    std::fs::write(&file, bytes).unwrap();
    file
}

/// At every activation of a run, with and without a refresh: what is decrypted is within the certified noise of the polynomial of
/// the exact linear function of what is decrypted before it, in every slot; and the result within its bound of the twin's.
#[test]
fn every_activation_is_within_its_certified_noise() {
    let at = |file: &str| format!("{}/certificates/{file}", env!("CARGO_MANIFEST_DIR"));
    let (folder, samples) = (folder(), tempfile::tempdir().unwrap());
    let levelled = Literal {
        waiver: Waiver::Insecure,
        ..Literal::new(10, [vec![50], vec![40; 24]].concat(), vec![50, 50], 40)
    };
    let small = Chosen::Preset {
        name: "R57".to_owned(),
        log_n: Some(10),
        insecure: true,
    };
    for (parameters, table, refreshes) in [
        (Chosen::Chain(levelled), "relu05.json", 0),
        (small, "relu13.json", 1),
    ] {
        let request = Request {
            model: NetworkFile::new(folder.path()),
            polynomials: Polynomials::new(at(table), 16),
            parameters,
            input: InputFile::new(sample(samples.path())),
            samples: vec![0],
            within: Vec::new(),
            k: 30,
            measure_decrypted: vec![None],
            most_bits: 1_024,
        };
        let answer = certify(&request, &mut |_| ()).unwrap();
        let made = answer.samples[0].certified.as_ref().unwrap();
        let compiled = &answer.compiled;
        assert_eq!(compiled.schedule.levels.refreshes(), refreshes);
        let program = &compiled.program;
        let runner = Runner::new(program.clone(), &compiled.twin, &compiled.scheme).unwrap();
        let encoder = Encoder::new(runner.ring());
        for seed in 0..2 {
            let mut rng = Rng::numbered(41, seed);
            let secret = SecretKey::generate(runner.ring(), &mut rng);
            let keys = runner.keys(&secret, &mut rng);
            let evaluator = Evaluator::new(runner.ring(), keys.evaluation).unwrap();
            let x = numbers(16, 12);
            let input = runner.client().encrypt(&secret, &x, &mut rng).unwrap();
            let decode = |c: &Ciphertext| encoder.decode(&secret.decrypt(c).unwrap()).unwrap();
            let mut decrypted = vec![decode(&input)];
            let mut values = vec![Some(input)];
            for (i, step) in program.steps.iter().enumerate() {
                let of = (&evaluator, keys.refresh.as_ref());
                let out = runner.step(of, i, &values, &mut |_| ()).unwrap();
                let slots = decode(&out);
                let mut meant = step.bias.clone();
                for term in &step.terms {
                    let from = &decrypted[term.value][..term.map.from];
                    let real: Vec<f64> = from.iter().map(|z| z.re).collect();
                    let part = term.map.estimate(&real);
                    meant.iter_mut().zip(part).for_each(|(m, p)| *m += p);
                }
                let mut most = 0f64;
                let bound = match step.activation {
                    Some(a) => answer.program.bound_noise[a].to_f64(),
                    None => answer.program.bound_error.to_f64(),
                };
                for (j, z) in slots.iter().enumerate() {
                    let u = meant[j % meant.len()];
                    let off = match step.activation {
                        Some(a) => {
                            assert!(u.abs() <= answer.program.within[a].to_f64());
                            // Beside the real parts of an input that is not refreshed imaginary ones come in.
                            let r = compiled.computed[a].relu(Ball::exact(u)).hi;
                            (z.re - r).hypot(z.im)
                        }
                        None => (z.re - u).abs(),
                    };
                    most = most.max(off);
                }
                let bits = (bound / most).log2();
                println!(
                    "{table} step {i}: seen 2^{:.2}, bound {bits:.2} bits above",
                    most.log2()
                );
                assert!(
                    (0.0..20.0).contains(&bits),
                    "{table} step {i}: {most} {bound}"
                );
                decrypted.push(slots);
                values.push(Some(out));
            }
            let out = values[program.output].as_ref().unwrap();
            let got = runner.client().decrypt(&secret, out).unwrap();
            let twin = answer.samples[0].comparison.twin.as_ref().unwrap();
            for ((got, twin), bound) in got.iter().zip(&twin.logits).zip(&made.bound_logits) {
                assert!((got - twin.hi).abs() <= bound.to_f64());
            }
            // The steps in the clear, within the same bounds.
            let respond = |a: usize, v: f64| compiled.computed[a].relu(Ball::exact(v)).hi;
            let clear = simulate(program, &x, &respond).unwrap().estimate_outputs;
            for ((got, clear), bound) in got.iter().zip(&clear).zip(&made.bound_logits) {
                assert!((got - clear).abs() <= bound.to_f64());
            }
        }
    }
}
