//! What the network commands share: arguments for the model, its polynomials, its inputs, and noise.

use crate::arith::rounding::CoefficientMode;
use crate::cli::terminal::{input_bound, rational, BOUND_BEFORE};
use crate::error::{Error, Result};
use crate::jobs::network::{Amount, InputFile, Model, NoiseLevels, Polynomials};
use crate::network::forward::compare::MOST_BITS;
use crate::network::read::input::Layout;
use crate::network::read::load::{numbers, reversed};
use rug::Rational;
use std::path::{Path, PathBuf};

/// The network's file.
#[derive(clap::Args)]
pub struct ModelArguments {
    /// Network: ONNX, safetensors (a CIFAR residual network by its names, or with a graph), or a folder with graph.json
    /// (polycert-graph/1) and a .txt, .csv or .npy for each array.
    network: PathBuf,
    /// Graph description (polycert-graph/1, JSON) for a safetensors file, or in place of a folder's own.
    #[arg(long, value_name = "FILE")]
    graph: Option<PathBuf>,
    /// The output of an ONNX graph that is meant, where it has several (or any value inside it).
    #[arg(long = "network-output", value_name = "NAME")]
    output_name: Option<String>,
    /// Values of an input of an ONNX graph that stay the same (.npy), where it has several; may be repeated.
    #[arg(long = "constant", value_name = "NAME=FILE", value_parser = constant)]
    constants: Vec<(String, PathBuf)>,
}

/// What every answer about a network says of its file and of its inputs, a line each.
pub fn notes(network: &[String], input: &[String]) -> String {
    let lines = |of: &'static str, all: &[String]| -> String {
        all.iter().map(|s| format!("{of}: {s}\n")).collect()
    };
    lines("network", network) + &lines("input", input)
}

fn constant(text: &str) -> std::result::Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.to_owned(), file.into()))
        }
        _ => Err("NAME=FILE".to_owned()),
    }
}

impl ModelArguments {
    /// What is read.
    pub fn files(&self) -> Vec<PathBuf> {
        self.request().files()
    }

    /// What the jobs are asked about.
    pub fn request(&self) -> Model {
        Model {
            network: self.network.clone(),
            graph: self.graph.clone(),
            output: self.output_name.clone(),
            constants: self.constants.clone(),
        }
    }
}

/// The polynomials of the twin.
#[derive(clap::Args)]
pub struct TwinArguments {
    /// Table (polycert-table/1) of the polynomial; repeat it to give one for each ReLU, max-pooling and smooth function, in order, or one for each
    /// kind of them (a smooth function takes a table of target smooth that states the same function). None for a
    /// network whose activations are polynomials already.
    #[arg(long = "table", value_name = "FILE")]
    tables: Vec<PathBuf>,
    /// B: each polynomial is used on [-B, B] (max-pool: on differences). One, or one for each
    /// ReLU and max-pooling separated by commas. None, or 1, for a table that is the function itself (target direct_relu).
    #[arg(long, alias = BOUND_BEFORE, value_name = "B")]
    bound: Option<String>,
    /// Coefficients as a program holds them: exact, f64, f32 or fixed:BITS.
    #[arg(long, default_value = "exact")]
    coefficients: CoefficientMode,
    /// Where the network's own polynomials are meant to be used, as the domain that they were fitted on: an input outside is
    /// OUTSIDE. One for all, or repeat it to give one for each, in order; if left out, what the network's file states.
    #[arg(long = "domain", value_name = "LO,HI", allow_hyphen_values = true)]
    domains: Vec<String>,
}

impl TwinArguments {
    /// What is read.
    pub fn files(&self) -> impl Iterator<Item = Option<&PathBuf>> {
        self.tables.iter().map(Some)
    }

    /// What the jobs are asked about.
    pub fn request(&self) -> Result<Polynomials> {
        Ok(Polynomials {
            tables: self.tables.clone(),
            scales: match &self.bound {
                Some(text) => text
                    .split(',')
                    .map(|b| input_bound(b.trim()).map_err(|words| Error::parse("--bound", words)))
                    .collect::<Result<_>>()?,
                None => Vec::new(),
            },
            coefficients: self.coefficients,
            domains: self
                .domains
                .iter()
                .map(|text| ends("--domain", text))
                .collect::<Result<_>>()?,
        })
    }
}

/// Two numbers.
fn ends(name: &str, text: &str) -> Result<(Rational, Rational)> {
    let both = numbers(text).map_err(|e| e.within(name))?;
    let [lo, hi] = <[Rational; 2]>::try_from(both)
        .map_err(|_| Error::domain(format!("{name} takes two numbers, LO,HI")))?;
    Ok((lo, hi))
}

/// What the twin is held against.
#[derive(clap::Args)]
pub struct ReferenceArguments {
    /// Network (ONNX, or safetensors with its graph) that is meant, as the one with ReLU that a polynomial network was
    /// trained from: its class is held against the polynomial network's, on the same prepared input.
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
}

impl ReferenceArguments {
    /// What the jobs are asked about.
    pub fn request(&self) -> Option<Model> {
        self.reference.clone().map(Model::new)
    }
}

/// The inputs.
#[derive(clap::Args)]
pub struct InputArguments {
    /// Input: .npy (one sample, or many along the first axis), PNG or JPEG of the network's size.
    #[arg(long, short, value_name = "FILE")]
    input: PathBuf,
    #[command(flatten)]
    preparation: PreparationArguments,
}

/// How a file's numbers become the network's input.
#[derive(clap::Args)]
pub struct PreparationArguments {
    /// Order of the axes, where the shape leaves it open, as that of flat samples of a network whose file takes channels last:
    /// nchw or nhwc.
    #[arg(long, value_parser = layout)]
    layout: Option<Layout>,
    /// Order of the network's three channels, where the samples are red, green, blue: rgb (taken as they are) or bgr (reversed,
    /// before --mean and --std, which are in the network's order). If left out: what the network's file states, else rgb.
    #[arg(long, value_name = "ORDER", value_parser = channels)]
    channels: Option<bool>,
    /// The input is (V * v - mean)/std for the file's number v. If left out: what the network's file
    /// states, else 1/255 for bytes and 1 for other numbers.
    #[arg(long, value_name = "V", value_parser = rational, allow_hyphen_values = true)]
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

/// Whether the file's channels are reversed.
fn channels(text: &str) -> std::result::Result<bool, String> {
    reversed(text).map_err(|_| "rgb or bgr".to_owned())
}

impl InputArguments {
    /// What is read.
    pub fn file(&self) -> Option<&PathBuf> {
        Some(&self.input)
    }

    /// What the jobs are asked about.
    pub fn request(&self) -> Result<InputFile> {
        self.preparation.request(&self.input)
    }
}

impl PreparationArguments {
    /// Whether anything is given.
    pub fn is_given(&self) -> bool {
        let given = [self.mean.is_some(), self.std.is_some()];
        self.layout.is_some()
            || self.channels.is_some()
            || self.value_scale.is_some()
            || self.input_domain.is_some()
            || given.contains(&true)
    }

    /// A file with this preparation.
    pub fn request(&self, file: &Path) -> Result<InputFile> {
        let list = |name: &str, text: &Option<String>| -> Result<Option<Vec<Rational>>> {
            let read = |text: &String| numbers(text).map_err(|e| e.within(name));
            text.as_ref().map(read).transpose()
        };
        let domain = self.input_domain.as_ref();
        let domain = domain
            .map(|text| ends("--input-domain", text))
            .transpose()?;
        Ok(InputFile {
            file: file.to_owned(),
            layout: self.layout,
            reversed: self.channels,
            value_scale: self.value_scale.clone(),
            mean: list("--mean", &self.mean)?,
            std: list("--std", &self.std)?,
            domain,
        })
    }
}

/// How far the precision is raised.
#[derive(clap::Args)]
pub struct PrecisionArguments {
    /// Most bits of the evaluations. f64 and pairs of f64 (106 bits) come first; where their error bounds do not decide, fixed
    /// point of 128 to 4,096 bits does, as many as an estimate asks for, and more until it decides or this is met.
    #[arg(long = "max-precision", value_name = "BITS", default_value_t = MOST_BITS,
          value_parser = clap::value_parser!(u32).range(106..=4_096))]
    pub most_bits: u32,
}

/// Noise at the activations.
#[derive(clap::Args)]
pub struct NoiseArguments {
    /// Bounds of |noise| in units of B, separated by commas: 2^-22,2^-24. Each is a level of its own: one amount, or one for each
    /// activation in order, joined by colons.
    #[arg(long, value_delimiter = ',', value_parser = amount, allow_hyphen_values = true)]
    worst: Vec<Amount>,
    /// Sub-Gaussian proxies of independent noise in units of B, as --worst; bounds hold with probability 1 - 2^-32.
    #[arg(long, value_delimiter = ',', value_parser = amount, allow_hyphen_values = true)]
    sigma: Vec<Amount>,
    /// Evaluation certificate (of `polycert evaluate`) of a table of the twin, composite or direct: the noise that it proves is
    /// one more level. Verified by the independent checker first. Repeat it where tables differ by layer: those that do not serve
    /// every activation are one level together, and each layer is served by one. A composite's serves every B, in units of it, or
    /// where several of one table are given its own B alone; a direct table's is about that table and its domain.
    #[arg(long = "evaluation", value_name = "FILE")]
    evaluations: Vec<PathBuf>,
}

/// Numbers joined by colons.
fn amount(text: &str) -> std::result::Result<Amount, String> {
    let numbers = text.split(':').map(|number| rational(number.trim()));
    Ok(Amount(numbers.collect::<std::result::Result<_, _>>()?))
}

impl NoiseArguments {
    /// What is read.
    pub fn files(&self) -> impl Iterator<Item = Option<&PathBuf>> {
        self.evaluations.iter().map(Some)
    }

    /// What the jobs are asked about.
    pub fn request(&self) -> NoiseLevels {
        NoiseLevels {
            worst: self.worst.clone(),
            sigma: self.sigma.clone(),
            evaluations: self.evaluations.clone(),
        }
    }
}
