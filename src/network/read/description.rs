//! `polycert-graph/1`: a small description of the graph whose weights are in a safetensors file or in a folder.
//!
//! JSON: the input's shape, then the layers in order. A layer reads the one before it, or those that
//! `input` or `inputs` name (`"input"` is the network's input). Fields that a layer does not know are
//! errors. Tensors that no layer reads are errors too, but for those that the list `unused` names. The description is a file of its own, or the entry `graph` of the header's `__metadata__`.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::formula::Formula;
use crate::network::model::graph::{Builder, Network, NodeId, Preprocessing};
use crate::network::model::ops::{BatchNorm, Conv, Dense, Op, Polynomials, TensorShape, Window};
use crate::network::model::polynomial::MAX_COEFFICIENTS;
use crate::network::read::layer_norm::{Axis, LayerNorm};
use crate::network::read::safetensors::Weights;
use rug::Rational;
use serde::Deserialize;
use std::collections::HashMap;

/// The format tag.
pub const FORMAT: &str = "polycert-graph/1";
/// Largest description, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

/// A graph, read but not yet joined with its weights.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    format: String,
    input: Vec<usize>,
    layers: Vec<Entry>,
    /// Tensors of the file that no layer reads, on purpose.
    #[serde(default)]
    unused: Vec<String>,
    /// Of a folder alone.
    files: Option<Files>,
}

/// What the graph of a folder says of its files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// How numbers in text are meant.
    pub numbers: Numbers,
    /// Dimensions of arrays whose file does not tell them.
    pub shapes: HashMap<String, Vec<usize>>,
    /// `scale`, `mean`, `std` and `channels`, as in the header of a safetensors file.
    pub preparation: HashMap<String, String>,
}

/// What a number in text stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// Itself; one that is no f64 is refused.
    #[default]
    Exact,
    /// The nearest f64.
    F64,
    /// The nearest f32.
    F32,
}

impl Numbers {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact | Self::F64 => "f64",
            Self::F32 => "f32",
        }
    }
}

impl Description {
    /// What is said of files, in the graph of a folder.
    pub fn files(&self) -> Option<&Files> {
        self.files.as_ref()
    }

    /// Arrays that no layer reads, on purpose.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }
}

/// One number for both axes, or two.
#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum Pair {
    One(usize),
    Two([usize; 2]),
}

impl Pair {
    fn get(self) -> [usize; 2] {
        match self {
            Self::One(n) => [n, n],
            Self::Two(p) => p,
        }
    }
}

/// One number for all sides, two for rows and columns, or four: top, left, bottom, right.
#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum Sides {
    One(usize),
    Two([usize; 2]),
    Four([usize; 4]),
}

impl Sides {
    fn get(self) -> [usize; 4] {
        match self {
            Self::One(n) => [n; 4],
            Self::Two([y, x]) => [y, x, y, x],
            Self::Four(s) => s,
        }
    }
}

#[derive(Deserialize)]
struct Entry {
    name: Option<String>,
    input: Option<String>,
    inputs: Option<Vec<String>>,
    #[serde(flatten)]
    layer: Layer,
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
enum Layer {
    Conv {
        weights: String,
        bias: Option<String>,
        stride: Option<Pair>,
        padding: Option<Sides>,
        dilation: Option<Pair>,
        groups: Option<usize>,
    },
    Dense {
        weights: String,
        bias: Option<String>,
    },
    BatchNorm {
        prefix: String,
        epsilon: String,
    },
    Relu {},
    LeakyRelu {
        slope: String,
    },
    MaxPool {
        kernel: Pair,
        stride: Option<Pair>,
        padding: Option<Sides>,
    },
    AvgPool {
        kernel: Pair,
        stride: Option<Pair>,
        padding: Option<Sides>,
        count_padding: Option<bool>,
    },
    GlobalAvgPool {},
    Subsample {
        stride: Pair,
    },
    Pad {
        channels: Option<[usize; 2]>,
        border: Option<Sides>,
    },
    Add {},
    Concat {},
    Flatten {},
    /// Layer normalisation over some axes, with one factor and offset for each place along them.
    #[serde(rename = "layer_norm")]
    Normalise {
        weights: Option<String>,
        bias: Option<String>,
        epsilon: String,
        axes: Option<Vec<Axis>>,
    },
    /// A smooth function, by its name or as an expression of x.
    Smooth {
        function: String,
    },
    Polynomial {
        coefficients: Coefficients,
        domain: Option<[String; 2]>,
    },
}

/// From degree 0: exact numbers for all channels, or a tensor [channels, degree + 1].
#[derive(Deserialize)]
#[serde(untagged)]
enum Coefficients {
    All(Vec<String>),
    Tensor(String),
}

/// Reads a description.
///
/// # Errors
/// The line that cannot be read.
pub fn parse(text: &str) -> Result<Description> {
    if text.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", text.len());
        return Err(Error::parse("graph", detail));
    }
    let description: Description = serde_json::from_str(text)
        .map_err(|e| Error::parse(format!("graph, line {}", e.line()), e.to_string()))?;
    if description.format != FORMAT {
        let detail = format!("is {:?}; expected {FORMAT}", description.format);
        return Err(Error::parse("graph.format", detail));
    }
    Ok(description)
}

/// Builds a network from its description and weights.
///
/// # Errors
/// The layer or tensor that does not fit.
pub fn build(
    description: &Description,
    weights: &Weights,
    name: &str,
    preprocessing: Preprocessing,
) -> Result<Network> {
    let shape = match description.input[..] {
        [n] => TensorShape::flat(n),
        [c, h, w] => TensorShape::new(c, h, w),
        _ => {
            let detail = "expected [features] or [channels, rows, columns]";
            return Err(Error::parse("graph.input", detail));
        }
    };
    let mut builder = Builder::new(shape)?;
    let mut names: HashMap<String, NodeId> = HashMap::from([("input".to_owned(), 0)]);
    let mut last = 0;
    for (i, entry) in description.layers.iter().enumerate() {
        let label = entry.name.clone().unwrap_or_else(|| format!("layers[{i}]"));
        let fail = |detail: String| Error::parse(format!("layer {label:?}"), detail);
        let wanted = match (&entry.input, &entry.inputs) {
            (Some(_), Some(_)) => return Err(fail("has both input and inputs".into())),
            (Some(one), None) => std::slice::from_ref(one),
            (None, Some(list)) => list,
            (None, None) => &[],
        };
        let find = |n: &String| {
            let known = names.get(n).copied();
            known.ok_or_else(|| fail(format!("reads {n:?}, which no layer before it is called")))
        };
        let mut inputs: Vec<NodeId> = wanted.iter().map(find).collect::<Result<_>>()?;
        if inputs.is_empty() {
            inputs.push(last);
        }
        let shape = builder.shape(inputs[0]);
        last = match operation(&entry.layer, weights, shape).map_err(|e| fail(e.to_string()))? {
            Made::One(op) => builder.push(&label, op, &inputs)?,
            Made::LayerNorm(norm) => {
                let [x] = inputs[..] else {
                    return Err(fail(format!(
                        "layer_norm does not take {} inputs",
                        inputs.len()
                    )));
                };
                norm.push(&mut builder, &label, x)
                    .map_err(|e| fail(e.to_string()))?
            }
        };
        if names.insert(label.clone(), last).is_some() {
            return Err(fail("two layers have this name".into()));
        }
    }
    weights.all_used(&description.unused)?;
    builder.finish(name, last, preprocessing)
}

/// What a line of the description is in the graph.
enum Made {
    One(Op),
    LayerNorm(LayerNorm),
}

fn operation(layer: &Layer, weights: &Weights, x: TensorShape) -> Result<Made> {
    let bias = |name: &Option<String>, n: usize| match name {
        Some(name) => weights.vector(name),
        None => Ok(vec![0.0; n]),
    };
    let window = |kernel: [usize; 2], stride: Option<Pair>, padding: Option<Sides>| Window {
        padding: padding.map_or([0; 4], Sides::get),
        ..Window::new(kernel, stride.map_or(kernel, Pair::get))
    };
    let matrix = |name: &str, axes: usize| {
        let w = weights.get(name)?;
        if w.dims.len() != axes {
            let detail = format!("dimensions {:?}; {axes} are expected", w.dims);
            return Err(Error::parse(format!("tensor {name:?}"), detail));
        }
        Ok(w)
    };
    Ok(Made::One(match layer {
        Layer::Conv {
            weights: name,
            bias: b,
            stride,
            padding,
            dilation,
            groups,
        } => {
            let w = matrix(name, 4)?;
            let one = Some(Pair::One(1));
            Op::Conv(Conv {
                weights: w.values.clone(),
                bias: bias(b, w.dims[0])?,
                groups: groups.unwrap_or(1),
                window: Window {
                    dilation: dilation.map_or([1, 1], Pair::get),
                    ..window([w.dims[2], w.dims[3]], stride.or(one), *padding)
                },
            })
        }
        Layer::Dense {
            weights: name,
            bias: b,
        } => {
            let w = matrix(name, 2)?;
            Op::Dense(Dense {
                weights: w.values.clone(),
                bias: bias(b, w.dims[0])?,
            })
        }
        Layer::BatchNorm { prefix, epsilon } => {
            let part = |field: &str| weights.vector(&format!("{prefix}.{field}"));
            Op::BatchNorm(BatchNorm {
                gamma: part("weight")?,
                beta: part("bias")?,
                mean: part("running_mean")?,
                variance: part("running_var")?,
                epsilon: number(epsilon).map_err(|e| e.within("epsilon"))?,
            })
        }
        Layer::Relu {} => Op::Relu { slope: 0.0 },
        Layer::LeakyRelu { slope } => Op::Relu {
            slope: number(slope).map_err(|e| e.within("slope"))?,
        },
        Layer::MaxPool {
            kernel,
            stride,
            padding,
        } => Op::MaxPool(window(kernel.get(), *stride, *padding)),
        Layer::AvgPool {
            kernel,
            stride,
            padding,
            count_padding,
        } => Op::AvgPool {
            window: window(kernel.get(), *stride, *padding),
            count_padding: count_padding.unwrap_or(true),
        },
        Layer::GlobalAvgPool {} => Op::AvgPool {
            window: Window::new([x.height, x.width], [1, 1]),
            count_padding: false,
        },
        Layer::Subsample { stride } => Op::Subsample {
            stride: stride.get(),
        },
        Layer::Pad { channels, border } => Op::Pad {
            channels: channels.unwrap_or([0; 2]),
            border: border.map_or([0; 4], Sides::get),
        },
        Layer::Normalise {
            weights: gamma,
            bias,
            epsilon,
            axes,
        } => {
            let epsilon = number(epsilon).map_err(|e| e.within("epsilon"))?;
            let list = |name: &Option<String>| name.as_ref().map(|n| weights.vector(n)).transpose();
            let lists = [list(gamma)?, list(bias)?];
            let norm = LayerNorm::new(axes.as_deref(), epsilon, lists, x);
            return norm.map(Made::LayerNorm);
        }
        Layer::Add {} => Op::Add,
        Layer::Concat {} => Op::Concat,
        Layer::Flatten {} => Op::Reshape(TensorShape::flat(x.len())),
        Layer::Smooth { function } => {
            Op::Smooth(Formula::named(function).map_err(|e| e.within("function"))?)
        }
        Layer::Polynomial {
            coefficients,
            domain,
        } => {
            let channels = match coefficients {
                Coefficients::All(list) => {
                    let n = list.len().saturating_mul(x.channels);
                    if n > MAX_COEFFICIENTS {
                        return Err(Error::unsupported(format!(
                            "{n} coefficients in all; {MAX_COEFFICIENTS} are read"
                        )));
                    }
                    let list = list.iter().map(|t| number::parse(t));
                    let list: Vec<Rational> = list
                        .collect::<Result<_>>()
                        .map_err(|e| e.within("coefficients"))?;
                    vec![list; x.channels]
                }
                Coefficients::Tensor(name) => {
                    let w = matrix(name, 2)?;
                    let exact = |x: &f64| Rational::from_f64(*x);
                    let row = |c: &[f64]| c.iter().map(exact).collect::<Option<Vec<_>>>();
                    let rows: Option<Vec<_>> = w.values.chunks(w.dims[1].max(1)).map(row).collect();
                    rows.ok_or_else(|| {
                        Error::domain(format!("{name:?} has a number that is not finite"))
                    })?
                }
            };
            let mut made = Polynomials::new(channels)?;
            if let Some([lo, hi]) = domain {
                let end = |t: &String| number::parse(t).map_err(|e| e.within("domain"));
                made.domain = Some((end(lo)?, end(hi)?));
            }
            Op::Polynomial(made)
        }
    }))
}

/// The f64 nearest to a number in text: what a training program holds of `1e-5`.
pub fn number(text: &str) -> Result<f64> {
    let exact = number::parse(text)?;
    Ok(rug::Float::with_val(53, &exact).to_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::read::safetensors::Array;

    fn weights() -> Weights {
        let mut w = Weights::default();
        for (name, dims) in [
            ("c.weight", vec![4, 1, 3, 3]),
            ("c.bias", vec![4]),
            ("d", vec![2, 4]),
        ] {
            let values = vec![0.5; dims.iter().product()];
            w.arrays.insert(name.to_owned(), Array { dims, values });
        }
        w
    }

    fn read(layers: &str) -> Result<Network> {
        let text = format!(r#"{{"format":"{FORMAT}","input":[1,6,6],"layers":[{layers}]}}"#);
        build(&parse(&text)?, &weights(), "n", Preprocessing::default())
    }

    #[test]
    fn layers_follow_each_other_or_name_their_inputs() {
        let n = read(
            r#"{"op":"conv","name":"c","weights":"c.weight","bias":"c.bias","padding":1},
            {"op":"relu","name":"r"}, {"op":"add","inputs":["c","r"]},
            {"op":"max_pool","kernel":2}, {"op":"global_avg_pool"}, {"op":"flatten"},
            {"op":"dense","weights":"d"}"#,
        );
        let n = n.unwrap();
        assert_eq!(n.nodes[4].shape, TensorShape::new(4, 3, 3));
        assert_eq!((n.output_shape(), n.depth()), (TensorShape::flat(2), 2));
    }

    #[test]
    fn polynomials_have_their_coefficients_for_all_channels_or_each() {
        let n = read(
            r#"{"op":"conv","weights":"c.weight","bias":"c.bias","padding":1}, {"op":"global_avg_pool"}, {"op":"flatten"},
            {"op":"polynomial","coefficients":["1/3","0.1","-2"],"domain":["-3","2.5"]},
            {"op":"dense","weights":"d"}, {"op":"polynomial","coefficients":"d"}"#,
        );
        let n = n.unwrap();
        let of = |id: usize| match &n.nodes[n.activations()[id]].op {
            Op::Polynomial(p) => p.clone(),
            op => panic!("{}", op.name()),
        };
        let (all, each) = (of(0), of(1));
        let q = |n: i32, d: i32| Rational::from((n, d));
        assert_eq!(all.channels, vec![vec![q(1, 3), q(1, 10), q(-2, 1)]; 4]);
        assert_eq!(all.domain, Some((q(-3, 1), q(5, 2))));
        assert_eq!(each.channels, vec![vec![q(1, 2); 4]; 2]);
        assert_eq!((n.replaced(), n.depth()), (0, 2));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (layers, said) in [
            (r#"{"op":"gelu"}"#, "unknown variant `gelu`"),
            (r#"{"op":"relu","slope":"1"}"#, "unknown field"),
            (
                r#"{"op":"dense","weights":"e"}"#,
                "tensor \"e\": no such tensor; the file has",
            ),
            (
                r#"{"op":"dense","weights":"d"}"#,
                "takes a flat vector, not 1x6x6",
            ),
            (
                r#"{"op":"add","inputs":["x","input"]}"#,
                "reads \"x\", which no layer before it",
            ),
            (
                r#"{"op":"polynomial","coefficients":["0","x"]}"#,
                "coefficients",
            ),
            (
                r#"{"op":"polynomial","coefficients":"d"}"#,
                "2 polynomials where the shapes need 1",
            ),
            (
                r#"{"op":"polynomial","coefficients":["0","1"],"domain":["1","-1"]}"#,
                "has no inside",
            ),
            (r#"{"op":"max_pool","kernel":7}"#, "does not fit into 6"),
            (
                r#"{"op":"conv","weights":"c.weight","stride":0}"#,
                "sizes go from 1",
            ),
            (
                r#"{"op":"relu","name":"input"}"#,
                "two layers have this name",
            ),
        ] {
            let error = read(layers).unwrap_err().to_string();
            assert!(error.contains(said), "{layers}: {error}");
        }
    }
}
