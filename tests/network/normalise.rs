//! Layer normalisation: read in all its forms as one network, and enclosed at every precision: values of 400 bits lie inside, of
//! the network and of its twin.

use crate::onnx::file::{bytes, float, floats, graph, int, ints, node, whole};
use crate::smooth::Draw;
use polycert::arith::ball::Ball;
use polycert::network::forward::twin::Activation;
use polycert::network::forward::{fixed, Evaluation, Given, Model, Outcome, Prepared};
use polycert::network::model::exact::network_text;
use polycert::network::model::graph::{Builder, Network, Preprocessing};
use polycert::network::model::normalise::{push, scaled};
use polycert::network::model::ops::{Dense, Op, Over, TensorShape};
use polycert::network::model::tensor::Tensor;
use polycert::network::read::onnx::messages::{Attribute, Node};
use polycert::network::read::onnx::{read_with, Options, Read};
use polycert::poly::composite::Composite;
use rug::{Float, Rational};

const BITS: u32 = 400;

/// Normalisations over random axes with factors and offsets, dense layers between them.
fn network(d: &mut Draw) -> Network {
    let shape = TensorShape::new(1 + d.next(4), 1 + d.next(3), 1 + d.next(3));
    let mut b = Builder::new(shape).unwrap();
    let (mut last, mut shape) = (0, shape);
    for k in 0..1 + d.next(2) {
        let over = Over::new([(); 3].map(|()| d.next(2) == 1));
        let n = over.size(shape);
        if n >= 2 {
            let epsilon = [1e-5f32 as f64, 0.125, 1e-12][d.next(3)];
            let name = format!("n{k}");
            last = push(&mut b, &name, last, over, epsilon).unwrap();
            let mut list = || (0..n).map(|_| d.number()).collect::<Vec<f64>>();
            let (gamma, beta) = (list(), list());
            last = scaled(&mut b, &name, (last, over), &gamma, &beta).unwrap();
        }
        let outputs = 2 + d.next(3);
        let flat = Op::Reshape(TensorShape::flat(shape.len()));
        last = b.push(&format!("f{k}"), flat, &[last]).unwrap();
        let dense = Dense {
            weights: (0..outputs * shape.len()).map(|_| d.number()).collect(),
            bias: (0..outputs).map(|_| d.number()).collect(),
        };
        last = b.push(&format!("d{k}"), Op::Dense(dense), &[last]).unwrap();
        shape = TensorShape::flat(outputs);
    }
    b.finish("n", last, Preprocessing::default()).unwrap()
}

fn new(x: impl Into<f64>) -> Float {
    Float::with_val(BITS, x.into())
}

/// The network in 400 bits, from the definitions; `inverse` stands for 1/sqrt. Also what it was asked.
fn reference(
    n: &Network,
    x: &[Rational],
    inverse: &dyn Fn(&Float) -> Float,
) -> (Vec<Float>, Vec<f64>) {
    let mut values: Vec<Vec<Float>> = vec![];
    let mut asked = vec![];
    for node in &n.nodes {
        let v = |k: usize| &values[node.inputs[k]];
        let from = node
            .inputs
            .first()
            .map_or(node.shape, |&i| n.nodes[i].shape);
        // Places along the axes that stay.
        let key = |over: Over, i: usize| {
            let place = [
                i / from.pixels(),
                i % from.pixels() / from.width,
                i % from.width,
            ];
            let kept = over.axes();
            [0, 1, 2].map(|a| if kept[a] { 0 } else { place[a] })
        };
        let mean = |over: Over, i: usize, of: &dyn Fn(usize) -> Float| {
            let own = (0..from.len()).filter(|j| key(over, *j) == key(over, i));
            let list: Vec<Float> = own.map(of).collect();
            let count = list.len() as u32;
            list.into_iter().fold(new(0.0), |s, v| s + v) / count
        };
        let centred = |over: Over, i: usize| {
            let mean = mean(over, i, &|j| v(0)[j].clone());
            Float::with_val(BITS, &v(0)[i] - &mean)
        };
        let y: Vec<Float> = match &node.op {
            Op::Input => x.iter().map(|x| Float::with_val(BITS, x)).collect(),
            Op::Dense(d) => {
                let row = |m: usize| {
                    let weights = &d.weights[m * v(0).len()..];
                    let terms = v(0).iter().zip(weights);
                    terms.fold(new(d.bias[m]), |s, (y, w)| s + Float::with_val(BITS, y * w))
                };
                (0..d.bias.len()).map(row).collect()
            }
            Op::Reshape(_) => v(0).clone(),
            Op::Affine { scale, shift } => {
                let at = |i: usize| {
                    let c = i / from.pixels();
                    Float::with_val(BITS, &v(0)[i] * scale[c]) + shift[c]
                };
                (0..from.len()).map(at).collect()
            }
            Op::Variance { over, epsilon } => {
                let mut keys = vec![];
                let mut list = vec![];
                for i in 0..from.len() {
                    if !keys.contains(&key(*over, i)) {
                        keys.push(key(*over, i));
                        list.push(mean(*over, i, &|j| centred(*over, j).square()) + *epsilon);
                    }
                }
                list
            }
            Op::Normalise(over) => {
                let mut keys = vec![];
                let at = |i: usize| {
                    let own = key(*over, i);
                    let place = keys.iter().position(|k| *k == own).unwrap_or_else(|| {
                        keys.push(own);
                        keys.len() - 1
                    });
                    centred(*over, i) * &v(1)[place]
                };
                (0..from.len()).map(at).collect()
            }
            Op::Smooth(_) => {
                asked.extend(v(0).iter().map(Float::to_f64));
                v(0).iter().map(inverse).collect()
            }
            op => panic!("{}", op.name()),
        };
        assert_eq!(y.len(), node.shape.len());
        values.push(y);
    }
    (values[n.output].clone(), asked)
}

#[track_caller]
fn inside(ball: &Ball, x: &Float, what: &str) {
    let (lo, hi) = ball.ends().unwrap();
    // The 400 bits round too.
    let slack = Rational::from(1) >> 340u32;
    let x = x.to_rational().unwrap();
    assert!(lo - &slack <= x && x <= hi + &slack, "{what}: {x} {ball:?}");
}

fn done(found: Outcome) -> Option<Evaluation> {
    match found {
        Outcome::Done(e) => Some(e),
        Outcome::Lost(..) | Outcome::Outside(_) => None,
    }
}

#[test]
fn values_of_400_bits_lie_inside_at_every_precision() {
    let q = |n: i64, d: i64| Rational::from((n, d));
    // Near 1/sqrt(x) at 1.
    let composite = Composite::from_stages(vec![vec![q(15, 8), q(-5, 4), q(3, 8)]]);
    let (lo, hi) = (Rational::new(), q(10_000, 1));
    let twin = Activation::direct(&composite, (&lo, &hi), false).unwrap();
    let polynomial = |x: &Float| {
        let line = Float::with_val(BITS, x * q(3, 8)) - q(5, 4);
        line * x + q(15, 8)
    };
    let inverse = |x: &Float| x.clone().sqrt().recip();
    let (mut d, mut held, mut narrow, mut found_ranges) = (Draw(7), [0; 2], 0, 0);
    for round in 0..250 {
        let n = network(&mut d);
        let prepared = Prepared::new(&n).unwrap();
        let shape = n.input_shape();
        let mids: Vec<Rational> = (0..shape.len())
            .map(|_| q(d.next(61) as i64 - 30, 7))
            .collect();
        let radius = [0.0, 1e-12, 1e-4][d.next(3)];
        let balls = mids.iter().map(Ball::rational);
        let balls: Vec<Ball> = balls
            .map(|b| Ball::new(b.mid(), b.radius + radius))
            .collect();
        let input = Tensor::from_balls(shape, &balls);
        let mut within = || {
            let part = q(d.next(9) as i64 - 4, 5);
            Rational::from_f64(radius).unwrap() * part
        };
        let point: Vec<Rational> = mids.iter().map(|m| within() + m).collect();
        let given = Given {
            balls: &input,
            exact: (radius == 0.0).then_some(point.as_slice()),
        };
        let all = vec![twin.clone(); n.activations().len()];
        for (k, model) in [Model::Relu, Model::Twin(&all)].into_iter().enumerate() {
            let f: &dyn Fn(&Float) -> Float = [&inverse as _, &polynomial as _][k];
            let (wanted, asked) = reference(&n, &point, f);
            let mut found = vec![
                prepared.evaluate(&input, model, false).unwrap(),
                prepared.evaluate(&input, model, true).unwrap(),
                prepared.evaluate_wide(given, model, 512).unwrap().unwrap(),
            ];
            for bits in &fixed::BITS[..4] {
                found.push(prepared.evaluate_fixed(given, model, *bits).unwrap());
            }
            for (reading, found) in found.into_iter().enumerate() {
                let what = format!("{round} {k} {radius} reading {reading}");
                let Some(found) = done(found) else { continue };
                held[k] += 1;
                for (ball, wanted) in found.logits.iter().zip(&wanted) {
                    inside(ball, wanted, &what);
                    // Groups that are all alike have 1/sqrt(epsilon) as their factor, up to 10^6, and slopes of 10^17.
                    let tame = asked.iter().all(|v| (1e-2..1e2).contains(v));
                    if radius == 0.0 && reading > 0 && tame {
                        narrow += 1;
                        let size = wanted.to_f64().abs().max(1.0);
                        assert!(ball.radius < 1e-22 * size, "{what}: {ball:?} {asked:?}");
                    }
                }
                // What 1/sqrt was asked lies in its range.
                let mut asked = asked.iter();
                for (range, id) in found.ranges.iter().zip(n.activations()) {
                    for v in asked.by_ref().take(n.nodes[id].shape.len()) {
                        let slack = 1e-14 * v.abs();
                        found_ranges += 1;
                        assert!(
                            range.bound_lo - slack <= *v && *v <= range.bound_hi + slack,
                            "{what}"
                        );
                    }
                }
            }
        }
    }
    assert!(held[0] > 1_300 && held[1] > 1_200, "{held:?}");
    assert!(
        narrow > 500 && found_ranges > 2_000,
        "{narrow} {found_ranges}"
    );
}

/// x of these dimensions, weights `w` behind it, numbers for normalisations.
fn read(dims: &[i64], nodes: Vec<Node>) -> polycert::error::Result<Read> {
    let one = |name: &str, v: f32| floats(name, &[], &[v]);
    let last = *dims.last().unwrap();
    let ramp = |n: i64| (0..n).map(|i| 0.5 + i as f32).collect::<Vec<f32>>();
    let constants = vec![
        one("epsilon", 1e-3),
        one("zero", 0.0),
        one("minus", -1.0),
        one("nan", f32::NAN),
        one("one", 1.0),
        one("two", 2.0),
        one("three", 3.0),
        one("half", 0.5),
        one("mhalf", -0.5),
        floats("pair", &[2], &[1.0, 2.0]),
        floats("gamma", &[last], &ramp(last)),
        floats("beta", &[last], &ramp(last)),
        floats("longer", &[last + 1], &ramp(last + 1)),
        floats("channels", &[dims[1]], &ramp(dims[1])),
        whole("last", &[1], &[-1]),
        whole("first", &[1], &[0]),
        whole("matrix", &[2], &[4, 6]),
        whole("flat", &[2], &[1, 24]),
        whole("groups", &[3], &[0, 3, -1]),
        whole("shape", &[4], &[1, 6, 2, 2]),
        floats("three_ones", &[3], &[1.0; 3]),
        floats("three_zeros", &[3], &[0.0; 3]),
    ];
    // Axes are an attribute before opset 18.
    let old = nodes
        .iter()
        .flat_map(|n| &n.attributes)
        .any(|a| a.name == "axes" && !a.ints.is_empty());
    let bytes = bytes(graph(dims, nodes, constants), if old { 13 } else { 18 });
    read_with(&bytes, "m", Preprocessing::default(), &Options::default())
}

/// Nodes from lines `y = Mul a b`; a ReduceMean has its axes as `[-1]` behind its operand.
fn lines(lines: &[&str]) -> Vec<Node> {
    let one = |line: &&str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (axes, operands): (Vec<&str>, Vec<&str>) =
            words[3..].iter().copied().partition(|w| w.starts_with('['));
        let axes = axes.iter().map(|a| {
            let list = a.trim_matches(['[', ']']).split(',');
            ints(
                "axes",
                &list.map(|n| n.parse().unwrap()).collect::<Vec<i64>>(),
            )
        });
        node(words[2], &operands, words[0], axes.collect())
    };
    lines.iter().map(one).collect()
}

const WRITTEN: [&str; 9] = [
    "m = ReduceMean x [-1]",
    "d = Sub x m",
    "p = Pow d two",
    "v = ReduceMean p [-1]",
    "e = Add v epsilon",
    "s = Sqrt e",
    "q = Div d s",
    "g = Mul q gamma",
    "y = Add g beta",
];

fn layer_norm(operands: &[&str], attributes: Vec<Attribute>) -> Vec<Node> {
    vec![node("LayerNormalization", operands, "y", attributes)]
}

/// All lines of the exact network: names are no part of it.
fn meaning(read: polycert::error::Result<Read>) -> String {
    network_text(&read.unwrap().network)
}

#[test]
fn written_out_it_is_the_same_network() {
    for dims in [&[1, 6][..], &[1, 5, 6], &[1, 2, 3, 6]] {
        let epsilon = || float("epsilon", 1e-3);
        let operands = ["x", "gamma", "beta"];
        let fused = meaning(read(dims, layer_norm(&operands, vec![epsilon()])));
        assert_eq!(fused.matches("variance").count(), 1, "{fused}");
        let last = dims.len() as i64 - 1;
        let named = vec![epsilon(), int("axis", last), int("stash_type", 1)];
        assert_eq!(fused, meaning(read(dims, layer_norm(&operands, named))));
        // Each line in another way of writing it.
        for others in [
            &[][..],
            &["p = Mul d d"],
            &["p = Pow d2 two", "d2 = Sub x m"],
            &["p = Mul d2 d2", "d2 = Sub x m2", "m2 = ReduceMean x [-1]"],
            &["e = Add epsilon v"],
            &["s = Pow e half"],
            &["s = Sqrt e", "q = Mul d r", "r = Reciprocal s"],
            &["q = Mul r d", "r = Reciprocal s"],
            &["q = Mul d r", "r = Div one s"],
            &["q = Mul d r", "r = Pow e mhalf"],
            &["g = Mul gamma q", "y = Add beta g"],
        ] {
            let mut text: Vec<&str> = Vec::new();
            for line in WRITTEN {
                let name = |l: &str| l.split(' ').next().unwrap().to_owned();
                let new = others.iter().find(|o| name(o) == name(line));
                // What a line reads comes before it.
                let more = others.iter().rev().filter(|o| {
                    let known = WRITTEN.iter().any(|w| name(w) == name(o));
                    let reads = new.is_some_and(|n| n.split(' ').skip(3).any(|w| w == name(o)))
                        || name(o) == "m2" && name(line) == "p";
                    !known && reads
                });
                text.extend(more);
                text.push(new.unwrap_or(&line));
            }
            assert_eq!(meaning(read(dims, lines(&text))), fused, "{text:?}");
            let text: Vec<String> = text.iter().map(|l| l.replace("[-1]", "last")).collect();
            let text: Vec<&str> = text.iter().map(String::as_str).collect();
            assert_eq!(meaning(read(dims, lines(&text))), fused, "{text:?}");
        }
        // Without factor and offset three layers are left; a factor alone is one of them.
        let bare = meaning(read(
            dims,
            lines(&[&WRITTEN[..6], &["y = Div d s"]].concat()),
        ));
        assert!(!bare.contains("affine"), "{bare}");
        let factor = meaning(read(dims, layer_norm(&["x", "gamma"], vec![epsilon()])));
        assert_eq!(factor.matches("affine").count(), 1, "{factor}");
    }
}

/// In plain f64, from the definition: the last axes of an array, normalised.
fn plain(x: &[f64], n: usize) -> Vec<f64> {
    let one = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / n as f64;
        let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
        let factor = (variance + f64::from(1e-3f32)).sqrt();
        row.iter()
            .map(|v| (v - mean) / factor)
            .collect::<Vec<f64>>()
    };
    x.chunks(n).flat_map(one).collect()
}

#[test]
fn any_axes_of_any_layout_are_normalised() {
    let epsilon = || float("epsilon", 1e-3);
    let ones = "one";
    let perm = |p: &[i64]| vec![ints("perm", p)];
    // x of 1 x 2 x 3 x 4; the order of its axes when it is normalised, and over how many of the last.
    let dims = [1, 2, 3, 4];
    let x: Vec<f64> = (0..24)
        .map(|i| f64::from((i * i * 7 + 3 * i) % 23) / 4.0)
        .collect();
    for (order, axis, n) in [
        ([0, 1, 2, 3], 3, 4),
        ([0, 1, 2, 3], -2, 12),
        ([0, 1, 2, 3], 1, 24),
        ([0, 2, 3, 1], -1, 2),
        ([0, 3, 2, 1], 2, 6),
        ([0, 2, 1, 3], 2, 8),
    ] {
        let nodes = vec![
            node("Transpose", &["x"], "t", perm(&order)),
            node(
                "LayerNormalization",
                &["t", ones],
                "y",
                vec![int("axis", axis), epsilon()],
            ),
        ];
        let n_read = read(&dims, nodes).unwrap().network;
        let found = Prepared::new(&n_read).unwrap().estimate_plain(&x);
        let strides = [24, 12, 4, 1];
        let sizes = order.map(|a: i64| dims[a as usize] as usize);
        let mut moved = vec![];
        for i in 0..24 {
            let mut rest = i;
            let mut at = 0;
            for k in (0..4).rev() {
                at += rest % sizes[k] * strides[order[k] as usize];
                rest /= sizes[k];
            }
            moved.push(x[at]);
        }
        let wanted = plain(&moved, n);
        let close = found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(
            close && found.len() == 24,
            "{order:?} {axis}: {found:?} {wanted:?}"
        );
    }
    // Instance normalisation: each channel over its rows and columns, factors by channel.
    let nodes = vec![node(
        "InstanceNormalization",
        &["x", "channels", "channels"],
        "y",
        vec![epsilon()],
    )];
    let instance = read(&dims, nodes).unwrap().network;
    let found = Prepared::new(&instance).unwrap().estimate_plain(&x);
    let wanted = plain(&x, 12);
    for (i, v) in found.iter().enumerate() {
        let c = [0.5, 1.5][i / 12];
        assert!((v - (wanted[i] * c + c)).abs() < 1e-9, "{i}");
    }
    // Group normalisation as programs export it: three groups of two channels by four pixels, as rows of one.
    let nodes = vec![
        node("Reshape", &["x", "groups"], "r", vec![]),
        node(
            "InstanceNormalization",
            &["r", "three_ones", "three_zeros"],
            "i",
            vec![epsilon()],
        ),
        node("Reshape", &["i", "shape"], "y", vec![]),
    ];
    let grouped = read(&[1, 6, 2, 2], nodes).unwrap().network;
    let found = Prepared::new(&grouped).unwrap().estimate_plain(&x);
    let wanted = plain(&x, 8);
    assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-9));
    // Rows of a matrix without a batch, and columns.
    for (axes, turned) in [("last", false), ("first", true)] {
        let mut text = vec!["r = Reshape x matrix".to_owned()];
        text.extend(
            WRITTEN[..7]
                .iter()
                .map(|l| l.replace(" x", " r").replace("[-1]", axes)),
        );
        let mut nodes = lines(&text.iter().map(String::as_str).collect::<Vec<_>>());
        nodes.push(node("Reshape", &["q", "flat"], "y", vec![]));
        let n = read(&[1, 24], nodes).unwrap().network;
        let found = Prepared::new(&n).unwrap().estimate_plain(&x);
        let at = |i: usize| if turned { i % 4 * 6 + i / 4 } else { i };
        let moved: Vec<f64> = (0..24).map(|i| x[at(i)]).collect();
        let wanted = plain(&moved, if turned { 4 } else { 6 });
        let close = |i: usize| (found[at(i)] - wanted[i]).abs() < 1e-9;
        assert!((0..24).all(close), "{axes}: {found:?} {wanted:?}");
    }
    // Written out over both of the last axes.
    let text = WRITTEN.map(|l| l.replace("[-1]", "[2,3]"));
    let text: Vec<&str> = text.iter().map(String::as_str).collect();
    let y = [&text[..6], &["y = Div d s"]].concat();
    let found = read(&dims, lines(&y)).unwrap().network;
    let found = Prepared::new(&found).unwrap().estimate_plain(&x);
    let wanted = plain(&x, 12);
    assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn what_is_no_normalisation_is_refused() {
    let with = |attributes: Vec<Attribute>| layer_norm(&["x", "gamma", "beta"], attributes);
    let replaced = |from: &str, to: &'static str| {
        let text: Vec<&str> = WRITTEN
            .iter()
            .map(|l| if l.starts_with(from) { to } else { l })
            .collect();
        lines(&text)
    };
    let flat: &[i64] = &[1, 6];
    for (dims, nodes, part) in [
        (
            flat,
            with(vec![float("epsilon", 0.0)]),
            "epsilon is 0, not above 0",
        ),
        (flat, with(vec![float("epsilon", -1e-3)]), "not above 0"),
        (
            flat,
            with(vec![float("epsilon", f32::NAN)]),
            "epsilon[0] is NaN",
        ),
        (
            flat,
            with(vec![int("axis", 2)]),
            "axis 2 of an operand of 2 axes",
        ),
        (
            flat,
            with(vec![int("axis", -3)]),
            "axis -3 of an operand of 2 axes",
        ),
        (
            flat,
            with(vec![int("axes", 1)]),
            "attribute \"axes\" is not known",
        ),
        (&[1, 6, 1], with(vec![]), "normalises groups of 1 element"),
        (flat, layer_norm(&["x"], vec![]), "operand 1 is missing"),
        (
            flat,
            layer_norm(&["x", "longer"], vec![]),
            "scale of dimensions [7] on dimensions [1, 6]",
        ),
        (
            flat,
            layer_norm(&["x", "gamma", "longer"], vec![]),
            "bias of dimensions [7]",
        ),
        (flat, layer_norm(&["x", "nan"], vec![]), "NaN"),
        (
            flat,
            layer_norm(&["x", "x"], vec![]),
            "depends on the input",
        ),
        (
            flat,
            replaced("e =", "e = Add v zero"),
            "epsilon is 0, not above 0",
        ),
        (flat, replaced("e =", "e = Add v minus"), "not above 0"),
        (flat, replaced("e =", "e = Add v nan"), "NaN"),
        (flat, replaced("e =", "e = Add v pair"), "several numbers"),
        (flat, replaced("e =", "e = Add v v"), "depends on the input"),
        (flat, replaced("p =", "p = Pow d three"), "Sqrt"),
        (flat, replaced("p =", "p = Pow x two"), "Sqrt"),
        (flat, replaced("v =", "v = ReduceMean p [0]"), "Sqrt"),
        (flat, replaced("d =", "d = Sub m x"), "Sqrt"),
        (flat, replaced("s =", "s = Reciprocal e"), "Reciprocal"),
        (
            &[1, 2, 3, 4],
            vec![node("RMSNormalization", &["x", "gamma"], "y", vec![])],
            "layer and instance normalisation",
        ),
        (
            &[1, 6],
            vec![node(
                "InstanceNormalization",
                &["x", "channels", "channels"],
                "y",
                vec![],
            )],
            "rows or columns are needed",
        ),
        (
            &[1, 2, 3, 4],
            vec![node(
                "InstanceNormalization",
                &["x", "gamma", "gamma"],
                "y",
                vec![],
            )],
            "where [2] is needed",
        ),
    ] {
        let error = read(dims, nodes.clone())
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
    // An attribute of a part that nobody knows is not passed over.
    let mut strange = lines(&WRITTEN);
    strange[1].attributes.push(int("broadcast", 1));
    let error = read(flat, strange).unwrap_err().to_string();
    assert!(
        error.contains("attribute \"broadcast\" is not known"),
        "{error}"
    );
    // Axes beyond the operand's; and a file that uses the domain of nodes of our own.
    let text = WRITTEN.map(|l| l.replace("[-1]", "[2]"));
    let text: Vec<&str> = text.iter().map(String::as_str).collect();
    let error = read(flat, lines(&text)).unwrap_err().to_string();
    assert!(error.contains("axis 2 of an operand of 2 axes"), "{error}");
    let mut own = layer_norm(&["x", "epsilon"], vec![ints("axes", &[1])]);
    own[0].domain = "polycert.written_out".into();
    let error = read(flat, own).unwrap_err().to_string();
    assert!(error.contains("operators of domain"), "{error}");
}
