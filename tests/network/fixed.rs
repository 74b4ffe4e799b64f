//! Fixed point of many limbs: on exact rational inputs, across precisions, and where precision decides.

use crate::enclosures::{composite, exact, inside, network, point, twin_of, Source, B};
use crate::support::effort::multiplier;
use polycert::arith::ball::Ball;
use polycert::network::forward::compare::{compare, Precision, Verdict};
use polycert::network::forward::fixed::BITS;
use polycert::network::forward::twin::Activation;
use polycert::network::forward::{Given, Model, Outcome, Point, Prepared};
use polycert::network::model::graph::{Builder, Network, Preprocessing};
use polycert::network::model::ops::{Dense, Op, TensorShape};
use polycert::network::model::tensor::Tensor;
use polycert::poly::composite::Composite;
use rug::Rational;

/// An input that no f64 and no pair is.
fn thirds(n: &Network, s: &mut Source) -> Point {
    let exact: Vec<Rational> = s
        .numbers(n.input_shape().len())
        .iter()
        .map(|&x| Rational::from_f64(x).unwrap() / 3u32)
        .collect();
    let balls: Vec<Ball> = exact.iter().map(Ball::rational).collect();
    Point {
        balls: Tensor::from_balls(n.input_shape(), &balls),
        exact,
    }
}

/// Enclosures at all precisions hold the exact values; a higher precision is narrower, and nearly in proportion.
#[test]
fn enclosures_hold_the_exact_values_and_narrow_with_precision() {
    let p = composite();
    let mut compared = [0, 0];
    for seed in 0..150 * multiplier() {
        let twin = seed % 2 == 1;
        let mut s = Source {
            state: seed + (7 << 40),
            extreme: false,
        };
        let n = network(&mut s, if twin { 2 } else { 5 });
        let prepared = Prepared::new(&n).unwrap();
        let point = thirds(&n, &mut s);
        let polynomials = twin_of(&n, &Activation::new(&p, &Rational::from(B)).unwrap());
        let model = if twin {
            Model::Twin(&polynomials)
        } else {
            Model::Relu
        };
        let (logits, _) = exact(&n, &point.exact, twin.then_some(&p));
        let mut wider: Option<Vec<Ball>> = None;
        for bits in BITS.into_iter().filter(|b| *b <= 1_024) {
            let found = prepared.evaluate_fixed(point.given(), model, bits).unwrap();
            let Outcome::Done(e) = found else { continue };
            for (i, (ball, value)) in e.logits.iter().zip(&logits).enumerate() {
                inside(ball, value, &format!("seed {seed}, {bits} bits"));
                // A ball is a pair, which rounds to 2^-106 of itself.
                let Some(before) = wider.as_ref().map(|w| w[i]) else {
                    continue;
                };
                let apart = before.plus(Ball::new((-ball.hi, -ball.lo), 0.0));
                assert!(apart.hi.abs() <= before.radius + ball.radius + apart.radius);
                let pair = 2.0f64.powi(-104) * ball.hi.abs();
                assert!(
                    ball.radius <= before.radius + pair,
                    "seed {seed}, {bits} bits"
                );
                compared[usize::from(twin)] += 1;
            }
            if bits >= 192 {
                let rounding = 2.0f64.powi(-100);
                let wide = |b: &Ball| b.radius > rounding * b.hi.abs().max(1e-3);
                assert!(!e.logits.iter().any(wide), "seed {seed}, {bits} bits");
            }
            wider = Some(e.logits);
        }
    }
    assert!(compared.iter().all(|n| *n > 600), "{compared:?}");
}

/// A chain of matrices whose entries grow a number without bound, and take it back: only bits help.
fn steep(layers: usize) -> Network {
    let mut b = Builder::new(TensorShape::flat(2)).unwrap();
    let mut x = 0;
    // (a, b) -> (2a + b, a + b), whose inverse is (a - b, 2b - a): |.| has norm 3 in both directions.
    for (k, weights) in [[2.0, 1.0, 1.0, 1.0], [1.0, -1.0, -1.0, 2.0]]
        .into_iter()
        .enumerate()
    {
        for layer in 0..layers {
            let dense = Op::Dense(Dense {
                weights: weights.to_vec(),
                bias: vec![0.0; 2],
            });
            x = b.push(&format!("d{k}.{layer}"), dense, &[x]).unwrap();
        }
    }
    let relu = b.push("relu", Op::Relu { slope: 0.0 }, &[x]).unwrap();
    b.finish("steep", relu, Preprocessing::default()).unwrap()
}

#[test]
fn precision_is_raised_until_it_decides_or_the_limit_is_met() {
    let p = composite();
    let twin = vec![Activation::new(&p, &Rational::from(B)).unwrap()];
    let exact = vec![Rational::from((2, 3)), Rational::from((1, 3))];
    let balls: Vec<Ball> = exact.iter().map(Ball::rational).collect();
    let mut least = 0;
    for layers in [2, 30, 40, 43] {
        let n = steep(layers);
        let prepared = Prepared::new(&n).unwrap();
        let point = Point {
            balls: Tensor::from_balls(n.input_shape(), &balls),
            exact: exact.clone(),
        };
        let c = compare(&prepared, &twin, point.given(), Precision::BY_NEED).unwrap();
        assert!(
            matches!(c.verdict, Verdict::Same(0)),
            "{layers}: {:?}",
            c.verdict
        );
        assert!(c.network.bits >= least, "{layers}");
        least = c.network.bits;
        if layers == 43 {
            // The estimate of the growth is that of the proof, but for second orders and the size of a product's error.
            let growth = prepared.estimate_growth(&point.balls, Model::Relu).unwrap();
            let found = prepared
                .evaluate_fixed(point.given(), Model::Relu, 192)
                .unwrap();
            let Outcome::Done(e) = found else { panic!() };
            let radius = e.logits.iter().map(|b| b.radius).fold(0.0, f64::max);
            let off = growth.estimate_logits.unwrap() - 192.0 - radius.log2();
            assert!((-1.0..3.0).contains(&off), "{off}");
            assert!((128..=256).contains(&least), "{least}");
            let short =
                compare(&prepared, &twin, point.given(), Precision::PAIRS.up_to(106)).unwrap();
            assert!(
                !matches!(short.verdict, Verdict::Same(_)),
                "{:?}",
                short.verdict
            );
            // Numbers beyond 2^61 are lost, not wrapped: what pairs found stands, until floats of any exponent may be asked.
            let wide = steep(60);
            let prepared = Prepared::new(&wide).unwrap();
            let found = prepared
                .evaluate_fixed(point.given(), Model::Relu, 1_024)
                .unwrap();
            let Outcome::Lost(lost, _) = found else {
                panic!("{found:?}")
            };
            assert!(lost.words(&wide).contains("beyond what 1024 bits"));
            for (most, decided) in [(192, false), (1_024, true)] {
                let precision = Precision::PAIRS.up_to(most);
                let c = compare(&prepared, &twin, point.given(), precision).unwrap();
                let found = matches!(c.verdict, Verdict::Same(0));
                assert_eq!(found, decided, "{:?}", c.verdict);
            }
        }
    }
}

/// A number that leaves [-B, B] is told from a radius that does, once there are bits for it.
#[test]
fn more_bits_turn_exhausted_into_outside() {
    let mut b = Builder::new(TensorShape::flat(1)).unwrap();
    let relu = b.push("relu", Op::Relu { slope: 0.0 }, &[0]).unwrap();
    let n = b.finish("n", relu, Preprocessing::default()).unwrap();
    let prepared = Prepared::new(&n).unwrap();
    let twin = [Activation::new(&composite(), &Rational::from(B)).unwrap()];
    let at = |x: Rational| {
        let point = Point {
            balls: Tensor::from_balls(n.input_shape(), &[Ball::rational(&x)]),
            exact: vec![x],
        };
        compare(&prepared, &twin, point.given(), Precision::PAIRS)
            .unwrap()
            .verdict
    };
    // The very ends are inside; a number that no bits hold exactly is not told from its neighbours.
    assert!(matches!(at(Rational::from(B)), Verdict::Same(1)));
    assert!(!matches!(
        at(-Rational::from(B)),
        Verdict::Exhausted(_) | Verdict::Outside(_)
    ));
    let near = Rational::from(B) + (Rational::from(1) >> 2_000u32) / 3u32;
    assert!(matches!(at(near), Verdict::Exhausted(_)));
    assert!(matches!(at(Rational::from(B) * 2u32), Verdict::Outside(_)));
    assert!(matches!(at(Rational::from(1)), Verdict::Same(1)));
}

/// A table may ask for numbers beyond the limbs inside [-B, B]: they are refused, not wrapped.
#[test]
fn polynomials_beyond_the_limbs_are_refused() {
    let mut b = Builder::new(TensorShape::flat(1)).unwrap();
    let relu = b.push("relu", Op::Relu { slope: 0.0 }, &[0]).unwrap();
    let n = b.finish("n", relu, Preprocessing::default()).unwrap();
    let prepared = Prepared::new(&n).unwrap();
    let zero = Rational::new;
    let power = |e: i32| Rational::from(1) << e;
    // x (1 + p)/2 of 2^87; Horner's scheme of an ulp times 2^(20 * 28) where the exact coefficient is -2^-600.
    let mut thin = vec![zero(); 21];
    thin[20] = -power(-600);
    let cases = [
        (vec![vec![zero(), power(50)]], 40, 39),
        (vec![vec![zero(), power(28)], thin], 3, 3),
    ];
    for (stages, scale, x) in cases {
        let p = Composite::from_stages(stages);
        let twin = [Activation::new(&p, &power(scale)).unwrap()];
        let x = power(x) * Rational::from((7, 8));
        let given = Point {
            balls: Tensor::from_balls(n.input_shape(), &[Ball::rational(&x)]),
            exact: vec![x.clone()],
        };
        let p_of_x = p.eval_exact(&(&x / power(scale)));
        let exact = (p_of_x + 1u32) * &x / 2u32;
        for bits in BITS {
            match prepared.evaluate_fixed(given.given(), Model::Twin(&twin), bits) {
                Err(e) => assert!(e.to_string().contains("beyond"), "{e}"),
                Ok(Outcome::Lost(lost, _)) => assert_eq!(lost.bits, bits),
                Ok(Outcome::Done(e)) => inside(&e.logits[0], &exact, &format!("{bits} bits")),
                Ok(Outcome::Outside(r)) => panic!("{r:?}"),
            }
        }
    }
}

/// Weights and inputs of all exponents, radii of their own: refused or held.
#[test]
fn extremes_are_held_or_refused() {
    let p = composite();
    let (mut done, mut refused) = (0, 0);
    for seed in 0..300 * multiplier() {
        let mut s = Source {
            state: seed + (9 << 40),
            extreme: true,
        };
        let n = network(&mut s, 3);
        let prepared = Prepared::new(&n).unwrap();
        let radius = s.of(&[0.0, 5e-324, 1e-250, 1e-20, 1.0]);
        let ball = |x: f64| Ball::new((if x.abs() < 1e18 { x } else { 1e-300 }, 0.0), radius);
        let numbers = s.numbers(n.input_shape().len());
        let balls: Vec<Ball> = numbers.into_iter().map(ball).collect();
        let input = Tensor::from_balls(n.input_shape(), &balls);
        let polynomials = twin_of(&n, &Activation::new(&p, &Rational::from(B)).unwrap());
        let (model, sign) = match seed % 2 {
            0 => (Model::Relu, None),
            _ => (Model::Twin(&polynomials), Some(&p)),
        };
        let x: Vec<Rational> = balls.iter().map(|b| point(&mut s, b)).collect();
        let (logits, _) = exact(&n, &x, sign);
        for bits in [128, 256, 768, 1_024, 1_536, 4_096] {
            match prepared.evaluate_fixed(Given::from(&input), model, bits) {
                Ok(Outcome::Done(e)) => {
                    done += 1;
                    for (ball, value) in e.logits.iter().zip(&logits) {
                        if ball.is_finite() {
                            inside(ball, value, &format!("seed {seed}, {bits} bits"));
                        }
                    }
                }
                Ok(Outcome::Outside(_)) => {}
                Ok(Outcome::Lost(..)) | Err(_) => refused += 1,
            }
        }
    }
    assert!(done > 100 && refused > 20, "{done} {refused}");
}

/// Noise around a trajectory that pairs do not reach: `deviate` raises the precision like `evaluate`.
#[test]
fn deviate_goes_beyond_pairs() {
    use polycert::jobs::network::{deviate, InputFile, Model as File, NoiseLevels, Polynomials};
    use polycert::network::rows::subject::Centre;
    let layers = 40;
    let folder = tempfile::tempdir().unwrap();
    let mut list: Vec<serde_json::Value> = (0..2 * layers)
        .map(|k| {
            let weights = if k < layers { "there" } else { "back" };
            serde_json::json!({"op": "dense", "name": format!("d{k}"), "weights": weights})
        })
        .collect();
    list.push(serde_json::json!({"op": "relu", "name": "act"}));
    let graph =
        serde_json::json!({"format": "polycert-graph/1", "input": [2], "layers": list}).to_string();
    let array = |from: usize| serde_json::json!({"dtype": "F32", "shape": [2, 2], "data_offsets": [from, from + 16]});
    let header =
        serde_json::json!({"__metadata__": {"graph": graph}, "there": array(0), "back": array(16)})
            .to_string();
    let data = |v: &[f32]| -> Vec<u8> { v.iter().flat_map(|x| x.to_le_bytes()).collect() };
    let weights = data(&[2.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, 2.0]);
    let length = (header.len() as u64).to_le_bytes();
    let network = [&length[..], header.as_bytes(), &weights].concat();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("n.safetensors"), network).unwrap();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,2,)}\n";
    let length = (header.len() as u16).to_le_bytes();
    let start = [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes()].concat();
    std::fs::write(file("x.npy"), [start, data(&[0.75, 0.25])].concat()).unwrap();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/certificates/relu13.json");
    for centre in [Centre::Polynomial, Centre::Relu] {
        let request = deviate::Request {
            model: File::new(file("n.safetensors")),
            twin: Polynomials::new(table, 4),
            input: InputFile::new(file("x.npy")),
            from: 0,
            count: 1,
            noise: NoiseLevels {
                worst: vec![(Rational::from(1) >> 20u32).into()],
                ..NoiseLevels::default()
            },
            centre,
            budget: false,
            attack: 0,
            threads: Some(1),
        };
        let found = deviate::deviate(&request, &mut |_| ()).unwrap();
        let sample = &found.samples[0];
        assert_eq!((sample.network, sample.class), (Some(0), 0));
        assert!((0.49..0.51).contains(&sample.bound_margin));
        // One noise of at most 2^-20 B for each logit.
        let moved = sample.rows[0].bound.bound_deviation;
        assert!((4.0 / f64::from(1 << 20)..5e-6).contains(&moved), "{moved}");
        assert_eq!(found.certified(), 1);
    }
}
