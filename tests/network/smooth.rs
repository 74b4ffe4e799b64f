//! Smooth activations: read from files in all their forms, and enclosed at every precision: MPFR's own functions at 300 bits lie
//! inside.

use crate::onnx::file::{file, floats, node};
use polycert::arith::ball::Ball;
use polycert::function::formula::Formula;
use polycert::jobs::network::Polynomials;
use polycert::network::forward::{fixed, Evaluation, Given, Model, Outcome, Prepared};
use polycert::network::model::exact::network_text;
use polycert::network::model::graph::{Builder, Network, Preprocessing};
use polycert::network::model::ops::{Dense, Op, TensorShape};
use polycert::network::model::tensor::Tensor;
use polycert::network::read::onnx::messages::{Attribute, Node};
use polycert::network::read::onnx::{read_with, Options, Read};
use rug::float::Constant;
use rug::{Float, Rational};

const BITS: u32 = 300;
const NAMES: [&str; 8] = [
    "exp",
    "erf",
    "tanh",
    "sigmoid",
    "softplus",
    "gelu",
    "gelu_tanh",
    "silu",
];

/// A function by MPFR's own, not by the project's expressions.
fn function(name: &str, x: &Float) -> Float {
    let new = |v: f64| Float::with_val(BITS, v);
    let sigmoid = |x: &Float| (Float::with_val(BITS, -x).exp() + 1u32).recip();
    match name {
        "exp" => x.clone().exp(),
        "erf" => x.clone().erf(),
        "tanh" => x.clone().tanh(),
        "sigmoid" => sigmoid(x),
        "softplus" => x.clone().exp().ln_1p(),
        "gelu" => x * (Float::with_val(BITS, x / new(2.0).sqrt()).erf() + 1u32) / 2u32,
        "gelu_tanh" => {
            let root = (new(2.0) / Float::with_val(BITS, Constant::Pi)).sqrt();
            let cube = Float::with_val(BITS, x * x) * x * Rational::from((44_715, 1_000_000));
            x * ((root * (cube + x)).tanh() + 1u32) / 2u32
        }
        "silu" => x * sigmoid(x),
        other => panic!("{other}"),
    }
}

/// Small numbers from a seed, for the networks of this file and of layer normalisation.
pub struct Draw(pub u64);

impl Draw {
    pub fn next(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    /// Eighths, zeros among them.
    pub fn number(&mut self) -> f64 {
        (self.next(17) as f64 - 8.0) / 8.0
    }
}

/// Dense layers with smooth functions between them; the functions' names.
fn network(d: &mut Draw) -> (Network, Vec<&'static str>) {
    let mut width = 1 + d.next(4);
    let mut b = Builder::new(TensorShape::flat(width)).unwrap();
    let (mut last, mut names) = (0, vec![]);
    for k in 0..1 + d.next(3) {
        let outputs = 1 + d.next(4);
        let dense = Dense {
            weights: (0..outputs * width).map(|_| d.number()).collect(),
            bias: (0..outputs).map(|_| d.number()).collect(),
        };
        last = b.push(&format!("d{k}"), Op::Dense(dense), &[last]).unwrap();
        let name = NAMES[d.next(NAMES.len())];
        let op = Op::Smooth(Formula::named(name).unwrap());
        last = b.push(&format!("s{k}"), op, &[last]).unwrap();
        names.push(name);
        width = outputs;
    }
    (
        b.finish("n", last, Preprocessing::default()).unwrap(),
        names,
    )
}

/// The network in 300 bits: nearly exact.
fn exact(n: &Network, names: &[&str], x: &[Rational]) -> Vec<Float> {
    let mut y: Vec<Float> = x.iter().map(|x| Float::with_val(BITS, x)).collect();
    let mut names = names.iter();
    for node in &n.nodes {
        y = match &node.op {
            Op::Dense(d) => {
                let row = |m: usize| {
                    let start = Float::with_val(BITS, d.bias[m]);
                    let terms = y.iter().zip(&d.weights[m * y.len()..]);
                    terms.fold(start, |s, (y, w)| s + Float::with_val(BITS, y * w))
                };
                (0..d.bias.len()).map(row).collect()
            }
            Op::Smooth(_) => {
                let name = names.next().unwrap();
                y.iter().map(|y| function(name, y)).collect()
            }
            _ => y,
        };
    }
    y
}

#[track_caller]
fn inside(ball: &Ball, x: &Float, what: &str) {
    let (lo, hi) = ball.ends().unwrap();
    // The 300 bits round too.
    let slack = Rational::from(1) >> 270u32;
    let x = x.to_rational().unwrap();
    assert!(lo - &slack <= x && x <= hi + &slack, "{what}: {x} {ball:?}");
}

fn done(found: Outcome) -> Option<Evaluation> {
    match found {
        Outcome::Done(e) => Some(e),
        Outcome::Lost(..) => None,
        Outcome::Outside(_) => panic!("a network has no domain"),
    }
}

#[test]
fn values_of_300_bits_lie_inside_at_every_precision() {
    let (mut d, mut held) = (Draw(7), 0);
    for round in 0..400 {
        let (n, names) = network(&mut d);
        let prepared = Prepared::new(&n).unwrap();
        let shape = n.input_shape();
        let mids: Vec<Rational> = (0..shape.len())
            .map(|_| Rational::from((d.next(61) as i32 - 30, 7)))
            .collect();
        let radius = [0.0, 1e-12, 1e-3][d.next(3)];
        let balls = mids.iter().map(Ball::rational);
        let balls: Vec<Ball> = balls
            .map(|b| Ball::new(b.mid(), b.radius + radius))
            .collect();
        let input = Tensor::from_balls(shape, &balls);
        // Any point of the balls.
        let off = Rational::from_f64(radius).unwrap() * Rational::from((d.next(9) as i32 - 4, 5));
        let point: Vec<Rational> = mids.iter().map(|m| Rational::from(m + &off)).collect();
        let wanted = exact(&n, &names, &point);
        let given = Given {
            balls: &input,
            exact: (radius == 0.0).then_some(point.as_slice()),
        };
        let what = format!("{round} {names:?} {radius}");
        let mut found = vec![
            prepared.evaluate(&input, Model::Relu, false).unwrap(),
            prepared.evaluate(&input, Model::Relu, true).unwrap(),
            prepared
                .evaluate_wide(given, Model::Relu, 256)
                .unwrap()
                .unwrap(),
        ];
        for bits in &fixed::BITS[..4] {
            found.push(prepared.evaluate_fixed(given, Model::Relu, *bits).unwrap());
        }
        for (k, found) in found.into_iter().enumerate() {
            let Some(found) = done(found) else { continue };
            held += 1;
            for (ball, wanted) in found.logits.iter().zip(&wanted) {
                inside(ball, wanted, &format!("{what} reading {k}"));
                // Of exact inputs the enclosures are narrow: beside the values, and in fixed point absolutely.
                let size = wanted.to_f64().abs().max(1.0);
                if radius == 0.0 && k > 0 && size < 1e3 {
                    assert!(ball.radius < 1e-20 * size, "{what} reading {k}: {ball:?}");
                }
            }
        }
    }
    // Some exponentials of exponentials are beyond what is held.
    assert!(held > 2_400, "{held}");
}

fn read(nodes: Vec<Node>) -> polycert::error::Result<Read> {
    let one = |name: &str, v: f32| floats(name, &[], &[v]);
    let constants = vec![
        floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]),
        one("one", 1.0),
        one("half", 0.5),
        one("two", 2.0),
        one("three", 3.0),
        one("root", std::f32::consts::SQRT_2),
        one("inverse", std::f32::consts::FRAC_1_SQRT_2),
        one("c", 0.044_715),
        one("s", 0.797_884_6),
        floats("each", &[2], &[1.0, 2.0]),
    ];
    let bytes = file(&[1, 2], nodes, constants);
    read_with(&bytes, "m", Preprocessing::default(), &Options::default())
}

/// Nodes from lines `y = Mul a b`, on the layer `z`; the result is multiplied by a matrix.
fn lines(lines: &[&str]) -> Vec<Node> {
    let mut nodes = vec![node("MatMul", &["x", "w"], "z", vec![])];
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        nodes.push(node(words[2], &words[3..], words[0], vec![]));
    }
    nodes.push(node("MatMul", &["y", "w"], "out", vec![]));
    nodes
}

fn functions(n: &Network) -> Vec<String> {
    let ops = n.nodes.iter().map(|n| &n.op);
    let text = |op: &Op| match op {
        Op::Smooth(f) => Some(f.to_string()),
        _ => None,
    };
    ops.filter_map(text).collect()
}

#[test]
fn operators_and_written_out_forms_are_read() {
    let gelu = "1/2*x*(1 + erf(8388608/11863283*x))";
    let factor = "1/2*x*(1 + erf(11863283/16777216*x))";
    let tanh = "1/2*x*(1 + tanh(6693141/8388608*x + 80338380498831/2251799813685248*x^3))";
    for (text, wanted) in [
        (vec!["y = Tanh z"], "tanh(x)"),
        (vec!["y = Erf z"], "erf(x)"),
        (vec!["y = Exp z"], "exp(x)"),
        (vec!["y = Softplus z"], "softplus(x)"),
        (vec!["y = Gelu z"], "gelu(x)"),
        (vec!["y = Sigmoid z"], "sigmoid(x)"),
        (vec!["g = Sigmoid z", "y = Mul z g"], "silu(x)"),
        (vec!["g = Sigmoid z", "y = Mul g z"], "silu(x)"),
        (vec!["y = Swish z"], "silu(x)"),
        (
            vec![
                "d = Div z root",
                "e = Erf d",
                "p = Add e one",
                "q = Mul z p",
                "y = Mul q half",
            ],
            gelu,
        ),
        (
            vec![
                "d = Div z root",
                "e = Erf d",
                "p = Add one e",
                "q = Mul p half",
                "y = Mul z q",
            ],
            gelu,
        ),
        (
            vec![
                "d = Div z root",
                "e = Erf d",
                "p = Add e one",
                "h = Mul half z",
                "y = Mul h p",
            ],
            gelu,
        ),
        (
            vec![
                "d = Div z root",
                "e = Erf d",
                "p = Add e one",
                "q = Mul p z",
                "y = Div q two",
            ],
            gelu,
        ),
        (
            vec![
                "d = Mul z inverse",
                "e = Erf d",
                "p = Add e one",
                "h = Mul z half",
                "y = Mul h p",
            ],
            factor,
        ),
        (
            vec![
                "c3 = Pow z three",
                "d = Mul c3 c",
                "e = Add z d",
                "g = Mul e s",
                "t = Tanh g",
                "p = Add t one",
                "q = Mul z p",
                "y = Mul q half",
            ],
            tanh,
        ),
        (
            vec![
                "c2 = Mul z z",
                "c3 = Mul c2 z",
                "d = Mul c c3",
                "e = Add z d",
                "g = Mul s e",
                "t = Tanh g",
                "p = Add one t",
                "h = Mul half z",
                "y = Mul h p",
            ],
            tanh,
        ),
    ] {
        let n = read(lines(&text))
            .unwrap_or_else(|e| panic!("{text:?}: {e}"))
            .network;
        assert_eq!(functions(&n), [wanted], "{text:?}");
        // Input, dense, function, dense: nothing else is left of it.
        assert_eq!(n.nodes.len(), 4, "{text:?}");
        assert_eq!((n.replaced(), n.depth()), (1, 1));
        let stated = network_text(&n);
        assert!(
            stated.contains(&format!("smooth 1\nfunction {wanted}\n")),
            "{stated}"
        );
        Formula::function(wanted).unwrap();
    }
    let approximate = |s: &[u8]| {
        let attribute = Attribute {
            name: "approximate".into(),
            s: s.to_vec(),
            ..Attribute::default()
        };
        read(vec![
            node("Gelu", &["x"], "y", vec![attribute]),
            node("MatMul", &["y", "w"], "out", vec![]),
        ])
    };
    assert_eq!(
        functions(&approximate(b"tanh").unwrap().network),
        ["gelu_tanh(x)"]
    );
    assert_eq!(
        functions(&approximate(b"none").unwrap().network),
        ["gelu(x)"]
    );
    let error = approximate(b"fast").unwrap_err().to_string();
    assert!(error.contains("approximate = \"fast\""), "{error}");
}

/// A value that another layer reads stays, and what is no function of one layer's value is refused.
#[test]
fn products_of_different_layers_are_refused() {
    for text in [
        vec!["e = Erf z", "u = MatMul z w", "y = Mul u e"],
        vec!["u = Mul z each", "e = Erf u", "y = Mul z e"],
    ] {
        let error = read(lines(&text)).unwrap_err().to_string();
        assert!(error.contains("two different layers"), "{error}");
    }
    let twice = ["g = Sigmoid z", "q = Mul z g", "y = Add q g"];
    let n = read(lines(&twice)).unwrap().network;
    assert_eq!(functions(&n), ["sigmoid(x)", "silu(x)"]);
    // A factor is no part of a function that is no product.
    let n = read(lines(&["t = Tanh z", "y = Mul t half"]))
        .unwrap()
        .network;
    assert_eq!(functions(&n), ["tanh(x)"]);
    // The same function, whatever the file computes on the way.
    let input = Tensor::from_balls(
        TensorShape::flat(2),
        &[Ball::exact(0.5), Ball::exact(-0.25)],
    );
    let found = Prepared::new(&n)
        .unwrap()
        .evaluate(&input, Model::Relu, true);
    let [first, _] = done(found.unwrap()).unwrap().logits[..] else {
        panic!("two outputs");
    };
    let half = |x: f64| x.tanh() / 2.0;
    assert!((first.mid().0 - (half(-0.25) + 3.0 * half(0.0))).abs() < 1e-12);
}

/// One output that is above 0 always has no class.
#[test]
fn a_single_positive_output_is_refused() {
    let column = |end: Vec<Node>| {
        let nodes = [vec![node("MatMul", &["x", "w"], "l", vec![])], end].concat();
        let bytes = file(&[1, 2], nodes, vec![floats("w", &[2, 1], &[1.0, 2.0])]);
        read_with(&bytes, "m", Preprocessing::default(), &Options::default())
    };
    let plain = column(vec![node("Sigmoid", &["l"], "y", vec![])]).unwrap();
    assert_eq!(plain.said.len(), 1);
    assert!(functions(&plain.network).is_empty());
    for end in [
        vec![
            node("Sigmoid", &["l"], "s", vec![]),
            node("Flatten", &["s"], "y", vec![]),
        ],
        vec![node("Softplus", &["l"], "y", vec![])],
    ] {
        let error = column(end).unwrap_err().to_string();
        assert!(error.contains("above 0 whatever the class"), "{error}");
    }
    assert!(column(vec![node("Tanh", &["l"], "y", vec![])]).is_ok());
}

/// A table of target smooth, or of another one, in a file.
fn table(folder: &std::path::Path, name: &str, fields: &str) -> std::path::PathBuf {
    let text = format!(
        r#"{{"format":"polycert-table/1","name":"t",{fields},"domain":{{"lo":"-1","hi":"1"}},
        "components":[{{"basis":"power","coefficients":["0","3/2","0","-1/2"]}}]}}"#
    );
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// GELU, ReLU, GELU.
#[test]
fn tables_are_taken_by_their_kind_or_refused_by_name() {
    let mut b = Builder::new(TensorShape::flat(2)).unwrap();
    let gelu = || Op::Smooth(Formula::named("gelu").unwrap());
    let first = b.push("first", gelu(), &[0]).unwrap();
    let relu = b.push("relu", Op::Relu { slope: 0.0 }, &[first]).unwrap();
    let last = b.push("last", gelu(), &[relu]).unwrap();
    let n = b.finish("n", last, Preprocessing::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, fields: &str| table(folder.path(), name, fields);
    let of_gelu = path("gelu", r#""target":"smooth","function":"gelu( x )""#);
    let of_tanh = path("tanh", r#""target":"smooth","function":"tanh(x)""#);
    let of_value = path(
        "value",
        r#""target":"smooth","function":"gelu(x)","value":"x*p""#,
    );
    let of_relu = path("relu", r#""target":"relu""#);
    let direct = path("direct", r#""target":"direct_relu""#);
    let load = |tables: &[&std::path::PathBuf], scales: &[i32]| {
        let mut twin = Polynomials::none();
        twin.tables = tables.iter().map(|p| (*p).clone()).collect();
        twin.scales = scales.iter().map(|s| Rational::from(*s)).collect();
        twin.load(&n)
    };
    // One for each kind, in either order, or one for each activation; B is that of the table made of sign.
    for tables in [
        vec![&of_gelu, &of_relu],
        vec![&of_relu, &of_gelu],
        vec![&of_gelu, &of_relu, &of_gelu],
    ] {
        let twin = load(&tables, &[40]).unwrap();
        let scales: Vec<u32> = twin
            .activations
            .iter()
            .map(|a| a.scale().to_f64() as u32)
            .collect();
        assert_eq!(scales, [1, 40, 1]);
        let direct: Vec<bool> = twin
            .activations
            .iter()
            .map(|a| a.domain().is_some())
            .collect();
        assert_eq!(direct, [true, false, true]);
        assert_eq!(twin.tables.len(), 3);
    }
    assert!(load(&[&direct, &of_gelu], &[]).is_ok());
    for (tables, scales, parts) in [
        (
            vec![&of_relu],
            vec![40],
            ["first", "does not stand for the smooth function gelu(x)"],
        ),
        (vec![&of_gelu], vec![], ["relu", "does not stand for relu"]),
        (
            vec![&of_tanh, &of_relu],
            vec![40],
            ["none stands for first", "smooth, gelu(x)"],
        ),
        (
            vec![&of_tanh],
            vec![],
            ["first", "is for tanh(x), and the network has gelu(x)"],
        ),
        (
            vec![&of_value, &of_relu],
            vec![40],
            ["value", "computes a value from p"],
        ),
        (
            vec![&of_relu, &direct],
            vec![40],
            ["2 tables", "none stands for first"],
        ),
        (
            vec![&of_gelu, &of_relu, &of_gelu, &of_tanh],
            vec![40],
            ["4 tables", "2 stand for first"],
        ),
        (
            vec![&of_gelu, &of_relu],
            vec![],
            ["--bound B is needed", "p(x/B)"],
        ),
        (
            vec![&of_gelu, &direct],
            vec![2],
            ["--bound 2", "p(x) itself"],
        ),
    ] {
        let error = load(&tables, &scales).unwrap_err().to_string();
        assert!(
            parts.iter().all(|p| error.contains(p)),
            "{parts:?}: {error}"
        );
    }
}
