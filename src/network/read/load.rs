//! A network from a file of either format, by its content.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::network::model::graph::{Network, Preprocessing};
use crate::network::read::description;
use crate::network::read::safetensors::Weights;
use crate::network::read::{cifar_resnet, onnx, safetensors};
use rug::Rational;
use std::path::Path;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 512 << 20;

/// A network with what its file says of its input.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The network.
    pub network: Network,
    /// SHA-256 of the file's bytes; with files of weights beside it, of the line that lists all digests.
    pub sha256: String,
    /// What every answer about the network must say: what of the file is left out, or taken in another way.
    pub said: Vec<String>,
    /// `onnx`, `safetensors` or `folder`.
    pub format: &'static str,
    /// Text entries of the header.
    pub metadata: Vec<(String, String)>,
    /// Whether the file itself says how its input is to be prepared.
    pub states_preprocessing: bool,
    /// Whether the file itself takes channels last: the order of a flat sample is then open.
    pub channels_last: bool,
}

/// Reads a network.
///
/// **Inputs** `graph`, the text of a description, for safetensors that carry none of their own and are not
/// one of the built-in networks; `options`, what an ONNX file leaves open. ONNX weights in files of their own are read
/// from the folder of `path`.
///
/// # Errors
/// What the readers refuse, naming the place.
pub fn load(
    bytes: &[u8],
    path: &Path,
    graph: Option<&str>,
    options: &onnx::Options,
) -> Result<Loaded> {
    read(bytes, path, graph, options).map_err(|e| e.in_file(path))
}

fn read(bytes: &[u8], path: &Path, graph: Option<&str>, options: &onnx::Options) -> Result<Loaded> {
    if bytes.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", bytes.len());
        return Err(Error::parse("", detail));
    }
    let name = path
        .file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    let sha256 = crate::files::sha256(bytes);
    if !looks_like_safetensors(bytes) {
        if graph.is_some() {
            let detail =
                "a graph description belongs to a safetensors file; ONNX has its own graph";
            return Err(Error::parse("", detail));
        }
        let mut options = options.clone();
        if path != Path::new("-") {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
            options.folder = Some(folder.unwrap_or(Path::new(".")));
        }
        let read = onnx::read_with(bytes, &name, Preprocessing::default(), &options)?;
        let mut digest = sha256;
        if !read.weights.is_empty() {
            for (file, sha256) in &read.weights {
                digest.push_str(&format!(" {file:?} {sha256}"));
            }
            digest = crate::files::sha256(digest.as_bytes());
        }
        let entry = |(file, sha256): (String, String)| (format!("weights {file}"), sha256);
        return Ok(Loaded {
            network: read.network,
            sha256: digest,
            said: read.said,
            format: "onnx",
            metadata: read.weights.into_iter().map(entry).collect(),
            states_preprocessing: false,
            channels_last: read.channels_last,
        });
    }
    if options.output.is_some() || !options.constants.is_empty() {
        let detail =
            "--network-output and --constant belong to ONNX; a safetensors file has its own graph";
        return Err(Error::parse("", detail));
    }
    let weights = safetensors::read(bytes)?;
    let (preprocessing, states_preprocessing) = preprocessing(&weights)?;
    let own = weights.metadata.get("graph").map(String::as_str);
    let network = match graph.or(own) {
        Some(text) => {
            let description = description::parse(text)?;
            if description.files().is_some() {
                let detail = "belongs to a folder of arrays; this is a safetensors file";
                return Err(Error::parse("graph.files", detail));
            }
            description::build(&description, &weights, &name, preprocessing)?
        }
        None if cifar_resnet::is_one(&weights) => {
            let epsilon = weights.metadata.get("bn_eps").map_or("1e-5", String::as_str);
            let epsilon = description::number(epsilon).map_err(|e| e.within("__metadata__.bn_eps"))?;
            cifar_resnet::build(&weights, &name, epsilon, preprocessing)?
        }
        None => {
            return Err(Error::parse(
                "",
                "the file has weights but no graph: give one with --graph (polycert-graph/1), or in __metadata__.graph",
            ))
        }
    };
    let mut metadata: Vec<(String, String)> = weights.metadata.into_iter().collect();
    metadata.sort();
    Ok(Loaded {
        network,
        sha256,
        said: vec![],
        format: "safetensors",
        metadata,
        states_preprocessing,
        channels_last: false,
    })
}

/// A length of the header, then its JSON object.
fn looks_like_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

/// `scale`, `mean`, `std` of the header: exact numbers, separated by commas; `channels`: rgb or bgr.
///
/// # Errors
/// The entry that is none.
pub fn preprocessing(weights: &Weights) -> Result<(Preprocessing, bool)> {
    let mut p = Preprocessing::default();
    let entry = |key: &str| weights.metadata.get(key);
    if let Some(text) = entry("scale") {
        p.scale = number::parse(text).map_err(|e| e.within("__metadata__.scale"))?;
    } else if entry("mean").is_some() || entry("std").is_some() {
        // Pictures in bytes are what such means are stated for.
        p.scale = Rational::from((1, 255));
    }
    if let Some(text) = entry("channels") {
        p.reversed = reversed(text).map_err(|e| e.within("__metadata__.channels"))?;
    }
    for (key, list) in [("mean", &mut p.mean), ("std", &mut p.deviation)] {
        if let Some(text) = entry(key) {
            *list = numbers(text).map_err(|e| e.within(&format!("__metadata__.{key}")))?;
        }
    }
    let stated = ["scale", "mean", "std"].iter().any(|k| entry(k).is_some());
    Ok((p, stated))
}

/// Whether the channels of a network are those of a picture, last first: `rgb` no, `bgr` yes.
///
/// # Errors
/// Any other word.
pub fn reversed(text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "rgb" => Ok(false),
        "bgr" => Ok(true),
        _ => Err(Error::parse("", format!("{text:?} is not rgb or bgr"))),
    }
}

/// Exact numbers separated by commas.
///
/// # Errors
/// The first that is no number.
pub fn numbers(text: &str) -> Result<Vec<Rational>> {
    text.split(',').map(|t| number::parse(t.trim())).collect()
}
