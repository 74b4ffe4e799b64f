//! What the network commands share: the model, its polynomials, its inputs.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::cli::rational;
use crate::error::{Error, Result};
use crate::files::{read_bytes, read_text};
use crate::network::forward::compare;
use crate::network::forward::twin::Activation;
use crate::network::model::graph::{Network, Preprocessing};
use crate::network::model::ops::Op;
use crate::network::read::input::{Layout, Samples};
use crate::network::read::load;
use crate::network::read::load::Loaded;
use crate::network::read::{description, npy};
use crate::poly::composite::Composite;
use crate::poly::table;
use crate::poly::table::Table;
use rug::Rational;
use std::path::PathBuf;

/// The network's file.
#[derive(clap::Args)]
pub struct ModelArguments {
    /// Network: ONNX, or safetensors (a CIFAR residual network by its names, or with a graph).
    pub network: PathBuf,
    /// Graph description (polycert-graph/1, JSON) for a safetensors file.
    #[arg(long, value_name = "FILE")]
    pub graph: Option<PathBuf>,
}

impl ModelArguments {
    /// Reads the network.
    pub fn load(&self) -> Result<Loaded> {
        let bytes = read_bytes(&self.network, load::MAX_BYTES)?;
        let graph = match &self.graph {
            Some(path) => Some(read_text(path, description::MAX_BYTES)?),
            None => None,
        };
        load::load(&bytes, &self.network, graph.as_deref())
    }
}

/// The polynomials of the twin.
#[derive(clap::Args)]
pub struct TwinArguments {
    /// Table (polycert-table/1) of the polynomial; repeat it to give one for each activation, in order.
    #[arg(long = "table", value_name = "FILE", required = true)]
    tables: Vec<PathBuf>,
    /// B: each polynomial is used on [-B, B] (max-pool: on differences). One, or one for each
    /// activation separated by commas.
    #[arg(long, value_name = "B", required = true)]
    scale: String,
    /// Coefficients as a program holds them: exact, f64, f32 or fixed:BITS.
    #[arg(long, default_value = "exact")]
    coefficients: CoefficientMode,
}

/// The twin's polynomials, and what they were made from.
pub struct Twin {
    /// The tables' composites: one, or one for each activation.
    pub composites: Vec<Composite>,
    /// One for each activation.
    pub activations: Vec<Activation>,
    /// The tables.
    pub tables: Vec<Table>,
    /// SHA-256 of each table.
    pub digests: Vec<String>,
    /// How coefficients are held.
    pub coefficients: CoefficientMode,
    /// What the result depends on, as text.
    pub settings: String,
}

impl TwinArguments {
    /// Reads the tables.
    pub fn load(&self, network: &Network) -> Result<Twin> {
        let mut composites = Vec::new();
        let mut tables = Vec::new();
        let mut digests = Vec::new();
        for path in &self.tables {
            let text = read_text(path, table::MAX_BYTES)?;
            let table = Table::from_json(&text).map_err(|e| e.in_file(path))?;
            // x/B goes over all of [-1, 1].
            let one = Rational::from(1);
            if table.domain.hi < one || table.domain.lo > -one {
                return Err(Error::domain(format!(
                    "the table is meant for [{}, {}], the network needs all of [-1, 1] (x/B)",
                    table.domain.lo, table.domain.hi
                ))
                .in_file(path));
            }
            let composite =
                Composite::new(&table, self.coefficients).map_err(|e| e.in_file(path))?;
            composites.push(composite);
            digests.push(table.sha256());
            tables.push(table);
        }
        let scales = load::numbers(&self.scale).map_err(|e| e.within("--scale"))?;
        let count = network.activations().len();
        let activations = compare::twin(count, &composites, &scales)?;
        let written: Vec<String> = scales.iter().map(number::write_canonical).collect();
        let settings = format!(
            "tables {}\nscale {}\ncoefficients {}\n",
            digests.join(" "),
            written.join(" "),
            self.coefficients
        );
        Ok(Twin {
            composites,
            activations,
            tables,
            digests,
            coefficients: self.coefficients,
            settings,
        })
    }
}

/// The inputs.
#[derive(clap::Args)]
pub struct InputArguments {
    /// Input: .npy (one sample, or many along the first axis), PNG or JPEG of the network's size.
    #[arg(long, short, value_name = "FILE")]
    pub input: PathBuf,
    /// Order of the axes, where the shape leaves it open: nchw or nhwc.
    #[arg(long, value_parser = layout)]
    layout: Option<Layout>,
    /// The input is (V * v - mean)/std for the file's number v. If left out: what the network's file
    /// states, else 1/255 for bytes and 1 for other numbers.
    #[arg(long, value_name = "V", value_parser = rational)]
    value_scale: Option<Rational>,
    /// Mean of each channel, or of all: numbers separated by commas.
    #[arg(long, allow_hyphen_values = true)]
    mean: Option<String>,
    /// Standard deviation of each channel, or of all.
    #[arg(long)]
    std: Option<String>,
    /// Refuse numbers outside LO,HI after the scale (0,1 for bytes and for stated preprocessing; any
    /// finite number otherwise).
    #[arg(long, value_name = "LO,HI", allow_hyphen_values = true)]
    input_domain: Option<String>,
}

fn layout(text: &str) -> std::result::Result<Layout, String> {
    match text.to_ascii_lowercase().as_str() {
        "nchw" => Ok(Layout::Nchw),
        "nhwc" => Ok(Layout::Nhwc),
        _ => Err("nchw or nhwc".to_owned()),
    }
}

/// Samples with their preprocessing.
pub struct Inputs {
    /// The samples.
    pub samples: Samples,
    /// How they become inputs.
    pub preprocessing: Preprocessing,
    /// Allowed numbers after the scale.
    pub domain: Option<(Rational, Rational)>,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What the result depends on, as text.
    pub settings: String,
}

impl InputArguments {
    /// A file, prepared as the network's own file says.
    pub fn plain(input: PathBuf) -> Self {
        Self {
            input,
            layout: None,
            value_scale: None,
            mean: None,
            std: None,
            input_domain: None,
        }
    }

    /// Reads the inputs.
    pub fn load(&self, loaded: &Loaded) -> Result<Inputs> {
        let bytes = read_bytes(&self.input, npy::MAX_BYTES)?;
        let sha256 = crate::files::sha256(&bytes);
        let shape = loaded.network.input_shape();
        let samples = if bytes.starts_with(b"\x93NUMPY") {
            npy::read(&bytes).and_then(|a| Samples::from_array(a, shape, self.layout))
        } else if bytes.starts_with(b"\x89PNG") || bytes.starts_with(&[0xff, 0xd8]) {
            Samples::from_picture(&bytes, shape)
        } else {
            Err(Error::parse("", "is neither .npy nor PNG nor JPEG"))
        };
        let samples = samples.map_err(|e| e.in_file(&self.input))?;
        let mut preprocessing = loaded.network.preprocessing.clone();
        let stated = loaded.states_preprocessing || self.mean.is_some() || self.std.is_some();
        match &self.value_scale {
            Some(scale) => preprocessing.scale = scale.clone(),
            None if !loaded.states_preprocessing && samples.are_bytes() => {
                preprocessing.scale = Rational::from((1, 255));
            }
            // Floats beside a header that speaks of bytes are taken to be in [0, 1] already.
            None if !samples.are_bytes() => preprocessing.scale = Rational::from(1),
            None => {}
        }
        for (name, text, list) in [
            ("--mean", &self.mean, &mut preprocessing.mean),
            ("--std", &self.std, &mut preprocessing.deviation),
        ] {
            if let Some(text) = text {
                *list = load::numbers(text).map_err(|e| e.within(name))?;
            }
        }
        preprocessing.check(shape.channels)?;
        let domain = match &self.input_domain {
            Some(text) => {
                let ends = load::numbers(text).map_err(|e| e.within("--input-domain"))?;
                let [lo, hi] = <[Rational; 2]>::try_from(ends)
                    .map_err(|_| Error::domain("--input-domain takes two numbers, LO,HI"))?;
                if lo > hi {
                    return Err(Error::domain(format!("--input-domain {lo},{hi} is empty")));
                }
                Some((lo, hi))
            }
            None if stated || samples.are_bytes() => Some((Rational::new(), Rational::from(1))),
            None => None,
        };
        let list = |v: &[Rational]| {
            v.iter()
                .map(number::write_canonical)
                .collect::<Vec<_>>()
                .join(" ")
        };
        let settings = format!(
            "data {sha256} layout {:?}\nvalue_scale {}\nmean {}\nstd {}\n",
            self.layout,
            number::write_canonical(&preprocessing.scale),
            list(&preprocessing.mean),
            list(&preprocessing.deviation)
        );
        Ok(Inputs {
            samples,
            preprocessing,
            domain,
            sha256,
            settings,
        })
    }
}

/// A proved bound for people: rounded outward to six digits.
pub fn decimal(x: f64, up: bool) -> String {
    match Rational::from_f64(x) {
        Some(x) => number::decimal(&x, 6, up),
        None => x.to_string(),
    }
}

/// "max_pool pool1", for a table of layers.
pub fn layer_name(network: &Network, node: usize) -> String {
    let node = &network.nodes[node];
    let kind = match node.op {
        Op::MaxPool(_) => " (differences)",
        _ => "",
    };
    format!("{}{kind}", node.name.escape_debug())
}
