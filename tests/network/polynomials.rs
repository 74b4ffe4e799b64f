//! Networks whose activations are polynomials already: what is read of a graph, and what noise does to them.

use crate::support::effort::multiplier;
use crate::support::random_networks::{conv_network, exact_graph, q, Random};
use polycert::network::forward::twin::Activation;
use polycert::network::model::graph::{Network, Preprocessing};
use polycert::network::model::ops::{Op, Polynomials};
use polycert::network::model::tensor::Tensor as Input;
use polycert::network::model::tournament;
use polycert::network::read::onnx::messages::{
    Dimension, Graph, Model, Node, Opset, Size, Tensor, TensorShape, TensorType, Type, ValueInfo,
};
use polycert::network::read::onnx::read;
use polycert::network::rows::subject::{Bends, Centre, Start, Subject};
use polycert::network::rows::Noise;
use prost::Message as _;
use rug::Rational;

/// A graph of lines `out = operator a b`, on x of dimensions 1, 2, 1, 3; constants by name.
fn graph(lines: &[&str], constants: &[(&str, &[i64], &[f32])]) -> polycert::error::Result<Network> {
    let node = |line: &&str| {
        let (out, rest) = line.split_once(" = ").unwrap();
        let mut words = rest.split(' ').map(str::to_owned);
        let operator = words.next().unwrap();
        Node {
            name: out.to_owned(),
            operator,
            inputs: words.collect(),
            outputs: vec![out.to_owned()],
            ..Node::default()
        }
    };
    let info = |name: &str| {
        let dims = [1, 2, 1, 3].map(|d| Dimension {
            size: Some(Size::Value(d)),
        });
        let shape = Some(TensorShape {
            dims: dims.to_vec(),
        });
        let tensor = Some(TensorType { element: 1, shape });
        ValueInfo {
            name: name.into(),
            kind: Some(Type { tensor }),
        }
    };
    let initializers = constants.iter().map(|(name, dims, values)| Tensor {
        dims: dims.to_vec(),
        data_type: 1,
        float_data: values.to_vec(),
        name: (*name).to_owned(),
        ..Tensor::default()
    });
    let model = Model {
        graph: Some(Graph {
            nodes: lines.iter().map(node).collect(),
            inputs: vec![info("x")],
            outputs: vec![info("y")],
            initializers: initializers.collect(),
            ..Graph::default()
        }),
        opsets: vec![Opset {
            domain: String::new(),
            version: 13,
        }],
    };
    read(&model.encode_to_vec(), "g", Preprocessing::default())
}

fn of(network: &Network) -> Vec<&Polynomials> {
    let ops = network.nodes.iter().map(|n| &n.op);
    ops.filter_map(|op| match op {
        Op::Polynomial(p) => Some(p),
        _ => None,
    })
    .collect()
}

fn r(n: i64, d: i64) -> Rational {
    Rational::from((n, d))
}

const CONSTANTS: [(&str, &[i64], &[f32]); 7] = [
    ("one", &[], &[1.0]),
    ("two", &[1], &[2.0]),
    ("three", &[], &[3.0]),
    ("half", &[], &[0.5]),
    ("channels", &[1, 2, 1, 1], &[3.0, -0.5]),
    ("columns", &[3], &[1.0, 2.0, 4.0]),
    ("sixty", &[], &[60.0]),
];

/// Every form is one node with the exact coefficients, and nothing else is left.
#[test]
fn activations_become_one_polynomial_each() {
    for (lines, channels) in [
        (
            &["y = Mul x x"][..],
            vec![vec![r(0, 1), r(0, 1), r(1, 1)]; 2],
        ),
        (
            &["y = Pow x three"],
            vec![vec![r(0, 1), r(0, 1), r(0, 1), r(1, 1)]; 2],
        ),
        // (x^2 - 1)/3, whose coefficients are no f64.
        (
            &["s = Mul x x", "t = Sub s one", "y = Div t three"],
            vec![vec![r(-1, 3), r(0, 1), r(1, 3)]; 2],
        ),
        // a x^2 + x/2 + 1, a of each channel.
        (
            &[
                "s = Pow x two",
                "a = Mul channels s",
                "b = Mul x half",
                "c = Add a b",
                "y = Add c one",
            ],
            vec![
                vec![r(1, 1), r(1, 2), r(3, 1)],
                vec![r(1, 1), r(1, 2), r(-1, 2)],
            ],
        ),
        // x (x + 1) (2 - x)
        (
            &[
                "u = Add x one",
                "v = Sub two x",
                "w = Mul u v",
                "y = Mul x w",
            ],
            vec![vec![r(0, 1), r(2, 1), r(1, 1), r(-1, 1)]; 2],
        ),
        // Horner's scheme.
        (
            &[
                "a = Mul x three",
                "b = Add a two",
                "c = Mul b x",
                "d = Sub c one",
                "e = Mul d x",
                "y = Neg e",
            ],
            vec![vec![r(0, 1), r(1, 1), r(-2, 1), r(-3, 1)]; 2],
        ),
    ] {
        let n = graph(lines, &CONSTANTS).unwrap();
        assert_eq!(n.nodes.len(), 2, "{lines:?}");
        assert_eq!((n.activations(), n.replaced()), (vec![1], 0), "{lines:?}");
        assert_eq!(of(&n)[0].channels, channels, "{lines:?}");
    }
    // One polynomial for each column: the elements in another shape, and back.
    let n = graph(&["s = Mul x x", "y = Mul s columns"], &CONSTANTS).unwrap();
    let squares: Vec<Rational> = of(&n)[0].channels.iter().map(|c| c[2].clone()).collect();
    assert_eq!(squares, [1, 2, 4, 1, 2, 4]);
    assert_eq!(n.output_shape(), n.input_shape());
}

/// A composite stays one: the degree of the whole is nowhere multiplied out, and a value that is read twice stays.
#[test]
fn a_composite_is_not_multiplied_out() {
    let odd = |out: &str, x: &str| {
        [
            format!("{out}s = Mul {x} {x}"),
            format!("{out}t = Mul {out}s half"),
            format!("{out}u = Sub three {out}t"),
            format!("{out} = Mul {x} {out}u"),
        ]
    };
    let mut lines: Vec<String> = Vec::new();
    for (out, x) in [("a", "x"), ("b", "a"), ("c", "b"), ("d", "c"), ("y", "d")] {
        lines.extend(odd(out, x));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let n = graph(&lines, &CONSTANTS).unwrap();
    let degrees: Vec<usize> = of(&n).iter().map(|p| p.degree()).collect();
    assert_eq!(degrees, [3; 5]);
    assert_eq!(n.depth(), 5);
}

#[test]
fn other_products_are_refused_by_name() {
    for (lines, said) in [
        (
            &["a = Relu x", "y = Mul a x"][..],
            "layer \"y\" (Mul): multiplies the values of two different layers",
        ),
        (
            &["a = Relu x", "b = Relu x", "y = Mul a b"],
            "two different layers",
        ),
        (
            &["y = Pow x half"],
            "layer \"y\" (Pow): is read with one constant exponent",
        ),
        (&["y = Pow x columns"], "an integer from 1 to 63"),
        (&["y = Pow x x"], "depends on the input"),
        (
            &[
                "a = Pow x sixty",
                "b = Pow x three",
                "c = Mul b x",
                "y = Mul a c",
            ],
            "a degree above 63",
        ),
        (&["y = Div one x"], "divides by a layer"),
    ] {
        let error = graph(lines, &CONSTANTS).unwrap_err().to_string();
        assert!(error.contains(said), "{lines:?}: {error}");
    }
    // Exact coefficients that no text holds: 3^k squared again and again.
    let mut lines = vec!["a0 = Mul x columns".to_owned()];
    for k in 0..30 {
        lines.push(format!("b{k} = Mul a{k} long"));
        lines.push(format!("a{} = Mul b{k} long", k + 1));
    }
    lines.push("y = Mul a30 x".to_owned());
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut constants = CONSTANTS.to_vec();
    constants.push(("long", &[], &[1.234_567_9]));
    let error = graph(&lines, &constants).unwrap_err().to_string();
    assert!(error.contains("layer \"y\" (Mul)"), "{error}");
}

/// Residual networks with polynomials for ReLU, under noise at their outputs: exact rationals never move further than
/// is proved.
#[test]
fn noise_moves_polynomial_networks_no_further_than_is_proved() {
    let mut draw = Random(77);
    let (mut cases, mut tight) = (0, 0.0f64);
    for round in 0..80 * multiplier() {
        let mut network = conv_network(&mut draw);
        for node in &mut network.nodes {
            if matches!(node.op, Op::Relu { .. }) {
                let terms = 3 + draw.below(3);
                let channel =
                    |draw: &mut Random| draw.list(terms).iter().map(|c| q(*c) / 3u32).collect();
                let all = (0..node.shape.channels).map(|_| channel(&mut draw));
                node.op = Op::Polynomial(Polynomials::new(all.collect()).unwrap());
            }
        }
        let scale = [1.0, 8.0][draw.below(2)];
        let end = q(scale);
        let domain = (Rational::from(-&end), end.clone());
        let own = match scale {
            8.0 => Activation::own(Some((&domain.0, &domain.1))),
            _ => Activation::own(None),
        };
        let twin = vec![own; 2];
        let expanded = tournament::expand(&network).unwrap();
        let bends = Bends::new(&network, &[], &twin).unwrap();
        assert!(Subject::new(&expanded, &twin, &bends, Centre::Relu).is_err());
        let subject = Subject::new(&expanded, &twin, &bends, Centre::Polynomial).unwrap();
        let x = draw.list(network.input_shape().len());
        let mut input = Input::zeros(network.input_shape());
        input.hi.clone_from(&x);
        let Start::Decided(at) = subject.undisturbed(&input).unwrap() else {
            continue;
        };
        let levels = [1e-7, 1e-3, 0.05].map(|worst| Noise {
            worst,
            ..Noise::default()
        });
        let found = subject
            .bound(&at, &levels.map(Into::into), 1, &mut |_, _| {})
            .unwrap();
        let x: Vec<Rational> = x.iter().map(|v| q(*v)).collect();
        let still = exact_graph(&network, &x, |_, _, y| y.clone());
        for (level, noise) in levels.iter().enumerate() {
            for _ in 0..3 {
                let e = q(noise.worst) * &end;
                let moved = exact_graph(&network, &x, |_, _, y| {
                    if draw.below(2) == 0 {
                        Rational::from(y + &e)
                    } else {
                        Rational::from(y - &e)
                    }
                });
                for (target, bounds) in at.targets.iter().zip(&found.targets) {
                    let parts = target.iter().zip(moved.iter().zip(&still));
                    let by = parts.fold(Rational::new(), |s, (t, (a, b))| {
                        s + q(f64::from(*t)) * Rational::from(a - b)
                    });
                    let bound = bounds[level].bound_deviation;
                    if bound.is_finite() {
                        cases += 1;
                        let by = by.abs();
                        assert!(by <= q(bound), "{round} {level}: {} > {bound}", by.to_f64());
                        tight = tight.max(by.to_f64() / bound);
                    }
                }
            }
        }
    }
    assert!(cases > 500 && tight > 0.4, "{cases} {tight}");
}
