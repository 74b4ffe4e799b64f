//! Certificates of networks under noise: random small networks whose noisy trajectories, evaluated in dyadic
//! numbers (exactly, but for 256 fractional bits behind polynomials), must stay within what the checker
//! proves, and whatever is not proved is rejected.

use num_bigint::BigInt;
use polycert_checker::{bound_network, check_network, NoiseBounds};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::fmt::Write as _;

/// m 2^e, exactly.
#[derive(Clone, Debug)]
struct D(BigInt, i64);

impl D {
    fn new(m: i64, e: i64) -> Self {
        Self(m.into(), e)
    }
    fn plus(&self, o: &Self) -> Self {
        let e = self.1.min(o.1);
        let at = |x: &Self| &x.0 << (x.1 - e) as u64;
        Self(at(self) + at(o), e)
    }
    fn times(&self, o: &Self) -> Self {
        Self(&self.0 * &o.0, self.1 + o.1)
    }
    fn minus(&self, o: &Self) -> Self {
        self.plus(&Self(-&o.0, o.1))
    }
    fn abs(&self) -> Self {
        Self(self.0.magnitude().clone().into(), self.1)
    }
    fn cmp(&self, o: &Self) -> Ordering {
        self.minus(o).0.cmp(&BigInt::from(0))
    }
    fn text(&self) -> String {
        format!("{}*2^{}", self.0, self.1)
    }
    /// A short interval around it.
    fn around(&self) -> String {
        let low = match u64::try_from(self.1 + 80) {
            Ok(up) => &self.0 << up,
            Err(_) => &self.0 >> (-(self.1 + 80)) as u64,
        };
        format!(r#"["{}*2^-80","{}*2^-80"]"#, &low - 1, &low + 2)
    }
    /// To a multiple of 2^-256: far below any bound's own rounding.
    fn rounded(self) -> Self {
        match u64::try_from(-256 - self.1) {
            Ok(down) => Self(self.0 >> down, -256),
            Err(_) => self,
        }
    }
    /// Reads the checker's number.
    fn of(text: &str) -> Self {
        let (m, e) = text.split_once("*2^").unwrap_or((text, "0"));
        Self(m.parse().unwrap(), e.parse().unwrap())
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }
    /// From -8/16 to 8/16, or a third of them 0.
    fn weight(&mut self) -> D {
        match self.below(3) {
            0 => D::new(0, 0),
            _ => D::new(self.below(17) as i64 - 8, -4),
        }
    }
}

/// A layer of the test's own evaluator.
enum Layer {
    Conv {
        w: Vec<D>,
        b: Vec<D>,
        k: usize,
        pad: usize,
        out: usize,
        groups: usize,
    },
    /// scale/2 (x - mean) + beta.
    Norm {
        scale: Vec<D>,
        shift: Vec<D>,
    },
    Add(usize),
    /// The slope below 0.
    Relu(D),
    /// Kernel, stride, padding on every side.
    Max(usize, usize, usize),
    /// A polynomial of the network's own for each channel, from degree 0.
    Own(Vec<Vec<D>>),
    Mean(usize),
    /// 2x2 windows that reach one place beyond the input, over what is inside.
    UnevenMean,
    Subsample,
    Pad,
    Reshape,
    Concat(usize),
}

type Shape = [usize; 3];

struct Network {
    text: String,
    input: Shape,
    /// Layer, what it reads, its shape; node i + 1.
    nodes: Vec<(Layer, usize, Shape)>,
}

impl Network {
    fn shape(&self, i: usize) -> Shape {
        i.checked_sub(1).map_or(self.input, |i| self.nodes[i].2)
    }
    fn numbers(&mut self, name: &str, list: &[D]) {
        self.text += name;
        for x in list {
            let _ = write!(self.text, " {}", x.text());
        }
        self.text += "\n";
    }
    fn push(&mut self, layer: Layer, from: usize) -> usize {
        let x = self.shape(from);
        let shape = match &layer {
            Layer::Conv { k, pad, out, .. } => {
                [*out, x[1] + 2 * pad + 1 - k, x[2] + 2 * pad + 1 - k]
            }
            Layer::Max(k, s, p) => {
                let places = |n: usize| (n + 2 * p - k) / s + 1;
                [x[0], places(x[1]), places(x[2])]
            }
            Layer::UnevenMean => [x[0], x[1] + 1, x[2] + 1],
            Layer::Mean(k) => [x[0], x[1] / k, x[2] / k],
            Layer::Subsample => [x[0], x[1].div_ceil(2), x[2].div_ceil(2)],
            Layer::Pad => [x[0] + 2, x[1], x[2]],
            Layer::Reshape => [x[0] * x[1] * x[2], 1, 1],
            Layer::Concat(other) => [x[0] + self.shape(*other)[0], x[1], x[2]],
            _ => x,
        };
        let line = match &layer {
            Layer::Conv {
                k,
                pad,
                out,
                groups,
                ..
            } => {
                format!("conv {from} {out} {groups} {k} {k} 1 1 1 1 {pad} {pad} {pad} {pad}")
            }
            Layer::Norm { .. } => format!("batch_norm {from}"),
            Layer::Add(other) => format!("add {from} {other}"),
            Layer::Relu(slope) => format!("relu {from} {}", slope.text()),
            Layer::Max(k, s, p) => format!("max_pool {from} {k} {k} {s} {s} {p} {p} {p} {p}"),
            Layer::UnevenMean => format!("avg_pool {from} 2 2 1 1 1 1 1 1 0"),
            Layer::Own(c) => format!("polynomial {from} {}", c[0].len() - 1),
            Layer::Mean(k) => format!("avg_pool {from} {k} {k} {k} {k} 0 0 0 0 1"),
            Layer::Subsample => format!("subsample {from} 2 2"),
            Layer::Pad => format!("pad {from} 1 1 0 0 0 0"),
            Layer::Reshape => format!("reshape {from} {} 1 1", shape[0]),
            Layer::Concat(other) => format!("concat {from} {other}"),
        };
        self.text += &(line + "\n");
        match &layer {
            Layer::Conv { w, b, .. } => {
                self.numbers("weights", w);
                self.numbers("bias", b);
            }
            Layer::Own(channels) => {
                self.text += "coefficients";
                for c in channels.iter().flatten() {
                    let _ = write!(self.text, " {}/{}", c.0, 1_u64 << -c.1);
                }
                self.text += "\n";
            }
            Layer::Norm { scale, shift } => {
                let n = scale.len();
                self.numbers("gamma", scale);
                self.numbers("beta", shift);
                self.numbers("mean", &vec![D::new(1, -2); n]);
                self.numbers("variance", &vec![D::new(15, -2); n]);
                self.numbers("epsilon", &[D::new(1, -2)]);
            }
            _ => {}
        }
        self.nodes.push((layer, from, shape));
        self.nodes.len()
    }
    fn conv(&mut self, r: &mut Random, from: usize, out: usize, k: usize, groups: usize) -> usize {
        let x = self.shape(from);
        let (w, b) = (
            (0..out * (x[0] / groups) * k * k)
                .map(|_| r.weight())
                .collect(),
            (0..out).map(|_| r.weight()).collect(),
        );
        self.push(
            Layer::Conv {
                w,
                b,
                k,
                pad: k / 2,
                out,
                groups,
            },
            from,
        )
    }
    fn dense(&mut self, r: &mut Random, from: usize, out: usize) -> usize {
        let x = self.shape(from);
        let k = x[1];
        let w = (0..out * x[0] * k * k).map(|_| r.weight()).collect();
        let b = (0..out).map(|_| r.weight()).collect();
        let layer = Layer::Conv {
            w,
            b,
            k,
            pad: 0,
            out,
            groups: 1,
        };
        let node = self.push(layer, from);
        // The same layer under its own name.
        let old = format!("conv {from} {out} 1 {k} {k} 1 1 1 1 0 0 0 0");
        self.text = self.text.replacen(&old, &format!("dense {from} {out}"), 1);
        node
    }
}

/// max(x, 0), or x (1 + p(x/8))/2 with p(y) = (3 y - y^3)/2 once or twice, or (x + 8)^2/32 itself on [-9, 8].
#[derive(Clone, Copy, PartialEq)]
enum Model {
    Relu,
    Polynomial(usize),
    Direct,
}

fn activate(x: &D, model: Model) -> D {
    match model {
        Model::Relu if x.0 > BigInt::from(0) => x.clone(),
        Model::Relu => D::new(0, 0),
        Model::Direct => {
            let y = x.plus(&D::new(8, 0));
            y.times(&y).times(&D::new(1, -5)).rounded()
        }
        Model::Polynomial(stages) => {
            let mut y = x.times(&D::new(1, -3));
            for _ in 0..stages {
                let cube = y.times(&y).times(&y);
                y = D::new(3, -1)
                    .times(&y)
                    .minus(&D::new(1, -1).times(&cube))
                    .rounded();
            }
            x.times(&y.plus(&D::new(1, 0)))
                .times(&D::new(1, -1))
                .rounded()
        }
    }
}

/// The result, and the greatest |input| of an activation; `noise` is called for every activation's output.
fn run(n: &Network, input: &[D], model: Model, noise: &mut dyn FnMut() -> D) -> (Vec<D>, D) {
    let mut values = vec![input.to_vec()];
    let mut greatest = D::new(0, 0);
    let none = D::new(0, 0);
    let noise = std::cell::RefCell::new(noise);
    let noise = || (noise.borrow_mut())();
    let mut act = |x: &D, slope: &D| {
        if x.abs().cmp(&greatest) == Ordering::Greater {
            greatest = x.abs();
        }
        let rest = D::new(1, 0).minus(slope);
        let value = slope.times(x).plus(&rest.times(&activate(x, model)));
        value.plus(&noise())
    };
    for (layer, from, shape) in &n.nodes {
        let (v, x) = (&values[*from], n.shape(*from));
        let [c, h, w] = *shape;
        let at = |a: usize, y: usize, z: usize| &v[(a * x[1] + y) * x[2] + z];
        let each = |f: &mut dyn FnMut(usize, usize, usize) -> D| -> Vec<D> {
            let places = (0..c * h * w).map(|i| (i / (h * w), i / w % h, i % w));
            places.map(|(o, y, z)| f(o, y, z)).collect()
        };
        let out = match layer {
            Layer::Conv {
                w,
                b,
                k,
                pad,
                out,
                groups,
            } => each(&mut |o, y, z| {
                let mut sum = b[o].clone();
                let per = x[0] / groups;
                for i in 0..per {
                    for a in 0..*k {
                        for e in 0..*k {
                            let (p, q) = (y + a, z + e);
                            if p < *pad || q < *pad || p - pad >= x[1] || q - pad >= x[2] {
                                continue;
                            }
                            let channel = o / (out / groups) * per + i;
                            let weight = &w[((o * per + i) * k + a) * k + e];
                            sum = sum.plus(&weight.times(at(channel, p - pad, q - pad)));
                        }
                    }
                }
                sum
            }),
            Layer::Norm { scale, shift } => each(&mut |o, y, z| {
                let moved = at(o, y, z).minus(&D::new(1, -2));
                moved.times(&scale[o]).times(&D::new(1, -1)).plus(&shift[o])
            }),
            Layer::Add(other) => v
                .iter()
                .zip(&values[*other])
                .map(|(a, b)| a.plus(b))
                .collect(),
            Layer::Relu(slope) => v.iter().map(|x| act(x, slope)).collect(),
            Layer::Own(channels) => each(&mut |o, y, z| {
                let value = at(o, y, z);
                let next = |sum: D, c: &D| sum.times(value).plus(c).rounded();
                let value = channels[o].iter().rev().fold(D::new(0, 0), next);
                value.plus(&noise())
            }),
            // The window's elements in row-major order, those in the padding left out, round by round.
            Layer::Max(k, s, p) => each(&mut |o, y, z| {
                let places = (0..k * k).map(|i| (y * s + i / k, z * s + i % k));
                let inside =
                    places.filter(|&(a, e)| a >= *p && e >= *p && a - p < x[1] && e - p < x[2]);
                let mut w: Vec<D> = inside.map(|(a, e)| at(o, a - p, e - p).clone()).collect();
                while w.len() > 1 {
                    let pairs = w.chunks(2).map(|pair| match pair {
                        [a, b] => b.plus(&act(&a.minus(b), &none)),
                        odd => odd[0].clone(),
                    });
                    w = pairs.collect();
                }
                w.swap_remove(0)
            }),
            Layer::UnevenMean => each(&mut |o, y, z| {
                let (mut sum, mut n) = (D::new(0, 0), 0_u64);
                for (a, e) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let (a, e) = (y + a, z + e);
                    if a >= 1 && e >= 1 && a <= x[1] && e <= x[2] {
                        sum = sum.plus(at(o, a - 1, e - 1));
                        n += 1;
                    }
                }
                sum.times(&D::new(1, -(n.ilog2() as i64)))
            }),
            Layer::Mean(k) => each(&mut |o, y, z| {
                let mut sum = D::new(0, 0);
                for i in 0..k * k {
                    sum = sum.plus(at(o, y * k + i / k, z * k + i % k));
                }
                sum.times(&D::new(1, -(((k * k) as u64).ilog2() as i64)))
            }),
            Layer::Subsample => each(&mut |o, y, z| at(o, 2 * y, 2 * z).clone()),
            Layer::Pad => each(&mut |o, y, z| match o.checked_sub(1) {
                Some(o) if o < x[0] => at(o, y, z).clone(),
                _ => D::new(0, 0),
            }),
            Layer::Reshape => v.clone(),
            Layer::Concat(other) => v.iter().chain(&values[*other]).cloned().collect(),
        };
        values.push(out);
    }
    (values.pop().unwrap(), greatest)
}

/// Without a slope below 0, or with one of 1/8, or -1/4.
fn relu(r: &mut Random) -> Layer {
    let slopes = [D::new(0, 0), D::new(0, 0), D::new(1, -3), D::new(-1, -2)];
    Layer::Relu(slopes[r.below(4) as usize].clone())
}

/// ReLU, or, where there may be such, polynomials of the network's own; some of them steep.
fn bend(n: &mut Network, r: &mut Random, at: usize, own: bool) -> usize {
    if !own || r.below(3) == 0 {
        let relu = relu(r);
        return n.push(relu, at);
    }
    let (terms, steep) = (3 + r.below(2), r.below(4) == 0);
    let mut channel = || -> Vec<D> {
        let mut all: Vec<D> = (0..terms)
            .map(|_| D::new(r.weight().0.try_into().unwrap(), -4))
            .collect();
        if steep {
            all[1] = D::new(601, -4);
        }
        all
    };
    let channels = (0..n.shape(at)[0]).map(|_| channel()).collect();
    n.push(Layer::Own(channels), at)
}

/// A random network of every kind of layer that rows pass.
fn network(r: &mut Random, own: bool) -> Network {
    let mut n = Network {
        text: "polycert-exact-network/1\ninput 2 4 4\n".to_owned(),
        input: [2, 4, 4],
        nodes: Vec::new(),
    };
    let channels = 2 + 2 * r.below(2) as usize;
    let mut at = n.conv(r, 0, channels, 3, 1);
    let norm = |n: &mut Network, r: &mut Random, at: usize| {
        let c = n.shape(at)[0];
        let scale = (0..c).map(|_| D::new(2 + r.below(6) as i64, -1)).collect();
        let shift = (0..c).map(|_| r.weight()).collect();
        n.push(Layer::Norm { scale, shift }, at)
    };
    if r.below(2) == 0 {
        at = norm(&mut n, r, at);
    }
    at = bend(&mut n, r, at, own);
    for _ in 0..1 + r.below(2) {
        let x = n.shape(at);
        at = match r.below(8) {
            0 => {
                let inner = n.conv(r, at, x[0], 3, 2 - x[0] % 2);
                let inner = norm(&mut n, r, inner);
                n.push(Layer::Add(at), inner)
            }
            1 if x[1] >= 4 => n.push(Layer::Max(2, 2, 0), at),
            2 if x[1] >= 3 => n.push(Layer::Max(3, 1, 0), at),
            5 => n.push(Layer::UnevenMean, at),
            6 if x[1] >= 2 => n.push(Layer::Max(3, 2, 1), at),
            7 => n.push(Layer::Max(2, 1, 1), at),
            3 if x[1] % 2 == 0 => n.push(Layer::Mean(2), at),
            4 => {
                let small = n.push(Layer::Subsample, at);
                let wide = n.push(Layer::Pad, small);
                let other = n.conv(r, small, 2, 1, 1);
                n.push(Layer::Concat(wide), other)
            }
            _ => n.conv(r, at, 3, 1, 1),
        };
        if r.below(3) > 0 {
            at = bend(&mut n, r, at, own);
        }
    }
    if r.below(2) == 0 {
        at = n.push(Layer::Reshape, at);
    }
    let last = n.dense(r, at, 3);
    let _ = writeln!(n.text, "output {last}");
    n
}

fn sha(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// A network, its input, its results, and the certificate without its levels.
struct Case {
    network: Network,
    input: Vec<D>,
    input_text: String,
    model: Model,
    centre: Vec<D>,
    class: usize,
    margins: bool,
    head: String,
}

fn case(r: &mut Random, model: Model, own: bool) -> Option<Case> {
    let network = network(r, own);
    let input: Vec<D> = (0..32)
        .map(|_| D::new(r.below(257) as i64 - 128, -7))
        .collect();
    let mut input_text = "polycert-exact-input/1\n".to_owned();
    for x in &input {
        // Integers and fractions are read.
        let _ = writeln!(input_text, "{}/128", x.0);
    }
    let (plain, _) = run(&network, &input, Model::Relu, &mut || D::new(0, 0));
    let (centre, reach) = run(&network, &input, model, &mut || D::new(0, 0));
    let best = |v: &[D]| (0..v.len()).max_by(|&a, &b| v[a].cmp(&v[b])).unwrap();
    let class = best(&plain);
    // The polynomials' domain, with some room; one class for both.
    if reach.cmp(&D::new(7, 0)) == Ordering::Greater || best(&centre) != class {
        return None;
    }
    let margins = r.below(2) == 0;
    let activations = network
        .nodes
        .iter()
        .filter(|n| matches!(n.0, Layer::Relu(_) | Layer::Max(..)));
    let activations = activations.count();
    let enclosures = |v: &[D]| v.iter().map(D::around).collect::<Vec<_>>().join(",");
    let mut head = format!(
        r#""format":"polycert-network-deviation/1","network_sha256":"{}","input_sha256":"{}","precision":"192",
"class":"{class}","network_logits":[{}],"targets":"{}","#,
        sha(&network.text),
        sha(&input_text),
        enclosures(&plain),
        if margins { "margins" } else { "logits" },
    );
    let own = |n: &&(Layer, usize, Shape)| matches!(n.0, Layer::Own(_));
    let own = network.nodes.iter().filter(own).count();
    let units = |unit: &str| vec![format!("\"{unit}\""); own].join(",");
    match model {
        Model::Relu => {
            let list = vec![r#""8""#; activations].join(",");
            let _ = write!(
                head,
                r#""error_model":"relu_within","activations":[{list}],"#
            );
        }
        Model::Direct => {
            let list = vec![r#"["0","1"]"#; activations].join(",");
            let own = units("1");
            let _ = write!(
                head,
                r#""error_model":"exact_centre","activations":[{list}],"polynomials":[{own}],"twin_logits":[{}],
"tables":[{{"table":{{"format":"polycert-table/1","name":"t","target":"direct_relu","domain":{{"lo":"-9","hi":"8"}},
"components":[{{"basis":"power","coefficients":["2","1/2","1/32"]}}],"provenance":{{}}}},"coefficients":"exact"}}],"#,
                enclosures(&centre),
            );
        }
        Model::Polynomial(stages) => {
            let list = vec![r#"["0","8"]"#; activations].join(",");
            let own = units("8");
            let stage = r#"{"basis":"power","coefficients":["0","3*2^-1","0","-1*2^-1"]}"#;
            let _ = write!(
                head,
                r#""error_model":"exact_centre","activations":[{list}],"polynomials":[{own}],"twin_logits":[{}],
"tables":[{{"table":{{"format":"polycert-table/1","name":"t","target":"relu","domain":{{"lo":"-1","hi":"1"}},
"components":[{}],"provenance":{{}}}},"coefficients":"exact"}}],"#,
                enclosures(&centre),
                vec![stage; stages].join(","),
            );
        }
    }
    Some(Case {
        network,
        input,
        input_text,
        model,
        centre,
        class,
        margins,
        head,
    })
}

impl Case {
    fn draft(&self, levels: &str) -> String {
        format!(r#"{{{}"levels":[{levels}]}}"#, self.head)
    }
    fn bounds(&self, levels: &str) -> Result<Vec<NoiseBounds>, String> {
        let (network, input) = (self.network.text.as_bytes(), self.input_text.as_bytes());
        let draft = self.draft(levels);
        bound_network(draft.as_bytes(), network, input, &mut |_, _| {}).map_err(|e| e.to_string())
    }
    fn said(&self, certificate: &str) -> String {
        let (network, input) = (self.network.text.as_bytes(), self.input_text.as_bytes());
        check_network(certificate.as_bytes(), network, input).to_string()
    }
    /// |deviation| of every target under noise.
    fn deviations(&self, noise: &mut dyn FnMut() -> D) -> Vec<D> {
        let (noisy, _) = run(&self.network, &self.input, self.model, noise);
        let moved: Vec<D> = noisy
            .iter()
            .zip(&self.centre)
            .map(|(a, b)| a.minus(b))
            .collect();
        if !self.margins {
            return moved.iter().map(D::abs).collect();
        }
        let own = &moved[self.class];
        let others = moved.iter().enumerate().filter(|(j, _)| *j != self.class);
        others.map(|(_, m)| own.minus(m).abs()).collect()
    }
    /// The sign of each neuron's effect on target 0, by moving it alone.
    fn signs(&self) -> Vec<i64> {
        let mut count = 0;
        run(&self.network, &self.input, self.model, &mut || {
            count += 1;
            D::new(0, 0)
        });
        let small = D::new(1, -30);
        let effect = |k: usize| {
            let mut i = 0;
            let (noisy, _) = run(&self.network, &self.input, self.model, &mut || {
                i += 1;
                if i - 1 == k {
                    small.clone()
                } else {
                    D::new(0, 0)
                }
            });
            let j = if self.class == 0 { 1 } else { 0 };
            let of = |v: &[D]| {
                if self.margins {
                    v[self.class].minus(&v[j])
                } else {
                    v[0].clone()
                }
            };
            if of(&noisy).cmp(&of(&self.centre)) == Ordering::Less {
                -1
            } else {
                1
            }
        };
        (0..count).map(effect).collect()
    }
}

fn level(worst: &str, sigma: &str, bounds: &NoiseBounds) -> String {
    let list = |v: &[String]| format!("\"{}\"", v.join("\",\""));
    format!(
        r#"{{"worst":"{worst}","sigma":"{sigma}","layers":[{}],"deviations":[{}],"class":"{}"}}"#,
        list(&bounds.layers),
        list(&bounds.deviations),
        if bounds.stays { "stays" } else { "open" }
    )
}

fn effort(n: usize) -> usize {
    let multiplier = std::env::var("POLYCERT_TEST_MULTIPLIER").ok();
    n * multiplier.and_then(|m| m.parse().ok()).unwrap_or(1)
}

#[test]
fn noisy_trajectories_stay_within_what_is_proved_and_less_is_rejected() {
    let mut r = Random(20);
    let (mut done, mut small, mut tight) = (0, 0, 0);
    let (mut seen, mut owns) = ([0; 5], 0);
    while done < effort(54) {
        let models = [
            Model::Relu,
            Model::Polynomial(1),
            Model::Polynomial(2),
            Model::Direct,
        ];
        // The last two again with polynomials of the network's own.
        let own = done % 6 > 3;
        let model = models[done % 6 - 2 * usize::from(own)];
        let Some(case) = case(&mut r, model, own) else {
            continue;
        };
        // B is 8, noise of 2^-e B = 2^(3 - e); and 1 where the polynomial is the activation itself.
        let e = [28, 14, 10][r.below(3) as usize];
        let worst = format!("1*2^-{e}");
        let draft = format!(r#"{{"worst":"{worst}","sigma":"0"}}"#);
        let bounds = match case.bounds(&draft) {
            Ok(bounds) => bounds,
            // Noise that carries a neuron out of its domain.
            Err(said) => {
                assert!(said.contains("vacuous"), "{said}");
                continue;
            }
        };
        done += 1;
        for (layer, ..) in &case.network.nodes {
            let kinds = [
                matches!(layer, Layer::Concat(_)),
                matches!(layer, Layer::UnevenMean),
                matches!(layer, Layer::Max(_, _, 1)),
                matches!(layer, Layer::Max(_, _, 0)),
                matches!(layer, Layer::Relu(slope) if slope.0 != BigInt::from(0)),
            ];
            for (seen, kind) in seen.iter_mut().zip(kinds) {
                *seen += usize::from(kind);
            }
        }
        owns += usize::from(case.network.text.contains("polynomial"));
        let bound = &bounds[0];
        let size = D::new(1, if model == Model::Direct { -e } else { 3 - e });
        let signs = case.signs();
        let mut attained = D::new(0, 0);
        for attempt in 0..6 {
            let mut i = 0;
            let deviations = case.deviations(&mut || {
                i += 1;
                let sign = match attempt {
                    0 => signs[i - 1],
                    1 => -signs[i - 1],
                    _ => [-1, 1][r.below(2) as usize],
                };
                // Whole, or a part of it.
                let part = if attempt < 4 { 16 } else { r.below(17) as i64 };
                D::new(sign * part, -4).times(&size)
            });
            for (d, b) in deviations.iter().zip(&bound.deviations) {
                assert!(
                    d.cmp(&D::of(b)) != Ordering::Greater,
                    "{}\n{d:?} {b:?}",
                    case.network.text
                );
            }
            if deviations[0].cmp(&attained) == Ordering::Greater {
                attained = deviations[0].clone();
            }
        }
        let first = D::of(&bound.deviations[0]);
        if e == 28 {
            small += 1;
            tight += usize::from(first.cmp(&attained.times(&D::new(33, -5))) == Ordering::Less);
        }
        // The bounds are accepted; below what was attained, or a little below what is proved, they are not.
        let good = case.draft(&level(&worst, "0", bound));
        assert!(
            case.said(&good).starts_with("VERIFIED"),
            "{}",
            case.said(&good)
        );
        let proved = format!("\"{}\"", bound.deviations[0]);
        for less in [
            attained.times(&D::new((1 << 20) - 1, -20)),
            first.times(&D::new((1 << 20) - 1, -20)),
        ] {
            let bad = good.replace(&proved, &format!("\"{}\"", less.text()));
            let said = case.said(&bad);
            assert!(
                bad == good || said.contains("below what is proved"),
                "{said}"
            );
        }
    }
    // Where the noise is small its effect is linear, and the attack attains what is proved but for 3 %.
    assert!(owns * 4 > effort(30), "{owns}");
    assert!(small > 3 && tight * 4 > small * 3, "{tight} of {small}");
    assert!(seen.iter().all(|n| *n > 2), "{seen:?}");
}

/// One ReLU at 1/2 between dense layers: what moves the results is plain.
fn single(error_model: &str, levels: &str) -> (String, String, String) {
    let network = "polycert-exact-network/1\ninput 1 1 1\ndense 0 1\nweights 1\nbias 0\nrelu 1 0\n\
dense 2 2\nweights 3 -1\nbias 0 0\noutput 3\n";
    let input = "polycert-exact-input/1\n1/2\n";
    let c = format!(
        r#"{{"format":"polycert-network-deviation/1","network_sha256":"{}","input_sha256":"{}","precision":"128",
"class":"0","network_logits":[["1","2"],["-1","0"]],"targets":"margins","error_model":"{error_model}",
"activations":["4"],"levels":[{levels}]}}"#,
        sha(network),
        sha(input)
    );
    (network.to_owned(), input.to_owned(), c)
}

fn check_single(levels: &str) -> String {
    let (network, input, c) = single("relu_within", levels);
    check_network(c.as_bytes(), network.as_bytes(), input.as_bytes()).to_string()
}

/// Margin 3 e + e: 4 B worst = 2^-6 for worst = 2^-10; and kappa sigma B 4 with kappa^2 = 2 ln 2 (4 + 32).
#[test]
fn one_neuron_by_hand() {
    let stated = |worst: &str, sigma: &str, d: &str, class: &str| {
        let level = format!(
            r#"{{"worst":"{worst}","sigma":"{sigma}","layers":["0"],"deviations":["{d}"],"class":"{class}"}}"#
        );
        check_single(&level)
    };
    let good = stated("1*2^-10", "0", "1*2^-6", "stays");
    assert!(
        good.starts_with("VERIFIED the network answers class 0"),
        "{good}"
    );
    assert!(
        good.contains("|noise| <= 2^-10 B: logit 0 minus any other moves by at most"),
        "{good}"
    );
    let bad = stated("1*2^-10", "0", "16777215*2^-30", "stays");
    assert_eq!(
        bad,
        "REJECTED noise: level 0: deviations 0: the stated bound is below what is proved"
    );
    // 7.0644 < kappa < 7.0645: n = t = 1 is 8 events, 2 ln 2 (3 + 32) < kappa^2 = 2 ln 2 (4 + 32).
    let good = stated("0", "1*2^-10", "70645/640000", "stays");
    assert!(good.contains("with probability 1 - 2^-32"), "{good}");
    assert!(stated("0", "1*2^-10", "70644/640000", "stays").starts_with("REJECTED noise"));
    // A margin between 1 - 0 and 2 + 1 decides up to a deviation of 1.
    assert!(stated("1*2^-10", "0", "999/1000", "stays").starts_with("VERIFIED"));
    let bad = stated("1*2^-10", "0", "1", "stays");
    assert!(bad.contains("the bounds do not decide class 0"), "{bad}");
    assert!(stated("1*2^-10", "0", "1", "open").contains("whether the class stays is not proved"));
}

/// Two ReLU at 1/2 in a row, then 3 and -1: the margin moves by 4 (e_1 + e_2), each |e_k| <= 4 w_k.
#[test]
fn noise_by_layer_by_hand() {
    let network = "polycert-exact-network/1\ninput 1 1 1\ndense 0 1\nweights 1\nbias 0\nrelu 1 0\n\
dense 2 1\nweights 1\nbias 0\nrelu 3 0\ndense 4 2\nweights 3 -1\nbias 0 0\noutput 5\n";
    let input = "polycert-exact-input/1\n1/2\n";
    let check = |worst: &str, sigma: &str, layer: &str, d: &str| {
        let c = format!(
            r#"{{"format":"polycert-network-deviation/1","network_sha256":"{}","input_sha256":"{}","precision":"128",
"class":"0","network_logits":[["1","2"],["-1","0"]],"targets":"margins","error_model":"relu_within",
"activations":["4","4"],"levels":[{{"worst":{worst},"sigma":{sigma},"layers":["0","{layer}"],"deviations":["{d}"],
"class":"stays"}}]}}"#,
            sha(network),
            sha(input)
        );
        check_network(c.as_bytes(), network.as_bytes(), input.as_bytes()).to_string()
    };
    let by_layer = r#"["1*2^-10","1*2^-12"]"#;
    let good = check(by_layer, r#""0""#, "1/256", "5/256");
    assert!(
        good.contains("|noise| <= what is listed for each activation, 2^-12 to 2^-10 B: logit 0"),
        "{good}"
    );
    for (layer, d) in [("1/256", "4999/256000"), ("999/256000", "5/256")] {
        let said = check(by_layer, r#""0""#, layer, d);
        assert!(said.contains("below what is proved"), "{said}");
    }
    // Turned round the first has less: its own bound holds, and the margin's is the same.
    let turned = r#"["1*2^-12","1*2^-10"]"#;
    assert!(check(turned, r#""0""#, "1/1024", "5/256").starts_with("VERIFIED"));
    assert!(check(by_layer, r#""0""#, "1/1024", "5/256").starts_with("REJECTED noise"));
    // kappa^2 = 2 ln 2 (4 + 32), 7.0644 < kappa < 7.0645; 4 kappa sqrt((4 3 u)^2 + (4 4 u)^2) = 80 kappa u, u = 2^-12.
    let proxies = r#"["3*2^-12","4*2^-12"]"#;
    let good = check(r#""0""#, proxies, "847740/40960000", "5651600/40960000");
    assert!(
        good.contains("proxy what is listed for each activation"),
        "{good}"
    );
    let less = check(r#""0""#, proxies, "847740/40960000", "5651520/40960000");
    assert!(less.starts_with("REJECTED noise"), "{less}");
    for (list, words) in [
        (
            r#"["1/8"]"#,
            "UNREADABLE levels[0].worst: 1 numbers, where there are 2 activations",
        ),
        (r#"["1/8","0","0"]"#, "3 numbers, where there are 2"),
        (r#"["1/8","2"]"#, "a number from 0 to 1 is expected"),
        (r#"[["1/8"],"0"]"#, "a string is expected"),
    ] {
        let said = check(list, r#""0""#, "1", "1");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn what_is_malformed_or_not_proved_is_named() {
    let good =
        r#"{"worst":"1*2^-10","sigma":"0","layers":["0"],"deviations":["1*2^-6"],"class":"stays"}"#;
    assert!(check_single(good).starts_with("VERIFIED"));
    for (from, to, words) in [
        (
            "\"0\",\"layers\"",
            "\"2\",\"layers\"",
            "UNREADABLE levels[0].sigma: a number from 0 to 1",
        ),
        ("1*2^-10", "-1*2^-10", "UNREADABLE levels[0].worst"),
        ("\"stays\"", "\"remains\"", "neither stays nor open"),
        ("[\"0\"]", "[\"-1\"]", "a bound below 0"),
        ("[\"0\"]", "[]", "0 layers, where there are 1"),
        (
            "[\"1*2^-6\"]",
            "[\"1*2^-6\",\"1\"]",
            "2 deviations, where there are 1",
        ),
        (r#""layers":["0"],"#, "", "the field is unknown here"),
        (
            r#","layers":["0"],"deviations":["1*2^-6"],"class":"stays""#,
            "",
            "UNREADABLE levels[0].layers: the field is missing",
        ),
        (good, "", "0 entries, where 1 to 8 are allowed"),
        (
            good,
            &[good; 9].join(","),
            "9 entries, where 1 to 8 are allowed",
        ),
        // 1/2 + 4 worst stays in [-4, 4] whatever worst; an activation behind it would not.
        ("1*2^-10", "1", "the stated bound is below what is proved"),
    ] {
        let said = check_single(&good.replacen(from, to, 1));
        assert!(said.contains(words), "{to}: {said}");
    }
    let (network, input, c) = single("relu_within", good);
    let check =
        |c: &str, n: &str| check_network(c.as_bytes(), n.as_bytes(), input.as_bytes()).to_string();
    for (from, to, words) in [
        ("\"margins\"", "\"all\"", "UNREADABLE targets"),
        (
            "relu_within",
            "exact_centre",
            "UNREADABLE tables: the field is missing",
        ),
        (
            "relu_within",
            "sup",
            "exact_centre or relu_within is expected",
        ),
        ("[\"4\"]", "[\"0\"]", "B is not above 0"),
        ("[\"4\"]", "[\"1/4\"]", "REJECTED domain"),
        ("[\"4\"]", "[]", "fewer than the network has"),
        (
            "\"class\":\"0\",\"network",
            "\"class\":\"1\",\"network",
            "do not decide class 1",
        ),
        (
            "[\"1\",\"2\"]",
            "[\"8/5\",\"2\"]",
            "REJECTED network_logits",
        ),
        ("network-deviation/1", "network/1", "UNREADABLE error_model"),
    ] {
        let said = check(&c.replacen(from, to, 1), &network);
        assert!(said.contains(words), "{to}: {said}");
    }
    // What is too large for rows.
    let wide = "pad 0 0 0 0 0 1499 1499\nsubsample 1 1500 1500\ndense 2 1";
    let changed = network
        .replacen("dense 0 1", wide, 1)
        .replace("relu 1", "relu 3")
        .replace("dense 2 2", "dense 4 2")
        .replace("output 3", "output 5");
    let c = c.replace(&sha(&network), &sha(&changed));
    let said = check(&c, &changed);
    assert!(
        said.contains("of all nodes, the limit under noise"),
        "{said}"
    );
}

/// Any function within tau |x| beyond the zone: the ReLU at 1/2 with B = 4 is beyond zone 1/16.
/// z/B is -2^27: as an integer over 2^100 the least that 128 bits hold, whose absolute value they do not.
#[test]
fn the_least_place_is_outside_too() {
    let network =
        "polycert-exact-network/1\ninput 1 1 1\nrelu 0 0\naffine 1\nscale 1\nshift 1\noutput 2\n";
    for z in [-134_217_728_i64, 134_217_728, -134_217_727, 2, -2] {
        let input = format!("polycert-exact-input/1\n{z}\n");
        let twice = 2 * (z.max(0) + 1);
        let c = format!(
            r#"{{"format":"polycert-network-deviation/1","network_sha256":"{}","input_sha256":"{}","precision":"64",
"class":"1","network_logits":[["{}/2","{}/2"]],"targets":"logits","error_model":"relu_within","activations":["1"],
"levels":[{{"worst":"0","sigma":"0","layers":["0"],"deviations":["0"],"class":"stays"}}]}}"#,
            sha(network),
            sha(&input),
            twice - 1,
            twice + 1
        );
        let said = check_network(c.as_bytes(), network.as_bytes(), input.as_bytes()).to_string();
        assert!(said.starts_with("REJECTED domain"), "{z}: {said}");
    }
}

#[test]
fn an_envelope_is_used_where_it_holds() {
    let level = |zone: &str, d: &str| {
        check_single(&format!(
            r#"{{"worst":"1*2^-10","sigma":"0","envelope":["1*2^-20","{zone}"],"layers":["0"],"deviations":["{d}"],"class":"stays"}}"#
        ))
    };
    // 4 tau/2 = 2^-19 there, and 2^-6 where the zone is not reached.
    let said = level("1/16", "1000001/524288000000");
    assert!(
        said.starts_with("VERIFIED") && said.contains("for |x| >= 1/16 B"),
        "{said}"
    );
    assert!(level("1/16", "999999/524288000000").starts_with("REJECTED noise"));
    assert!(level("1/7", "1*2^-19").starts_with("REJECTED noise"));
    assert!(level("1/7", "1*2^-6").starts_with("VERIFIED"));
}

/// Two squares of 1/2, then 3 y + 1 and -y: noise e at both moves the margin by 4 times what it moves y by.
#[test]
fn one_square_by_hand() {
    let network = "polycert-exact-network/1\ninput 1 1 1\npolynomial 0 2\ncoefficients 0 0 1\npolynomial 1 2\n\
coefficients 0 0 1\ndense 2 2\nweights 3 -1\nbias 1 0\noutput 3\n";
    let input = "polycert-exact-input/1\n1/2\n";
    let said = |units: &str, deviation: &str, model: &str| {
        let levels = format!(
            r#"{{"worst":"1*2^-10","sigma":"0","layers":["0","1*2^-8"],"deviations":["{deviation}"],"class":"stays"}}"#
        );
        let rest = match model {
            "exact_centre" => {
                r#""activations":[],"tables":[],"twin_logits":[["1","2"],["-1","0"]],"#
            }
            _ => r#""activations":[],"#,
        };
        let c = format!(
            r#"{{"format":"polycert-network-deviation/1","network_sha256":"{}","input_sha256":"{}","precision":"128",
"class":"0","network_logits":[["1","2"],["-1","0"]],"targets":"margins","error_model":"{model}",{rest}
{units}"levels":[{levels}]}}"#,
            sha(network),
            sha(input)
        );
        check_network(c.as_bytes(), network.as_bytes(), input.as_bytes()).to_string()
    };
    // y = (1/4 + e)^2 + e: 4 (e/2 + e^2 + e) = 1540/65536 with e = 2^-8, and a little for rounding.
    let units = r#""polynomials":["4","4"],"#;
    let good = said(units, "1541/65536", "exact_centre");
    assert!(
        good.starts_with("VERIFIED the polynomial network answers class 0"),
        "{good}"
    );
    assert!(good.contains("class 0 stays"), "{good}");
    let bad = said(units, "1539/65536", "exact_centre");
    assert!(bad.contains("below what is proved"), "{bad}");
    for (units, model, words) in [
        (
            r#""polynomials":["4"],"#,
            "exact_centre",
            "1 units of noise of polynomials of the network's own, which has 2",
        ),
        ("", "exact_centre", "0 units of noise"),
        (
            r#""polynomials":["4","0"],"#,
            "exact_centre",
            "B is not above 0",
        ),
        (
            r#""polynomials":["4","4"],"#,
            "relu_within",
            "says nothing of polynomials",
        ),
    ] {
        let out = said(units, "1", model);
        assert!(out.contains(words), "{words}: {out}");
    }
}
