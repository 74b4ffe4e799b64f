//! Certify: the certificate of one input, for the independent checker.

pub use crate::certificate::network::ErrorModel;

use crate::certificate::limits::check_network_limits;
use crate::certificate::network::{
    certify as publish, certify_noise, Level, Noise as Noisy, Sample, Subject, Targets,
};
use crate::error::{Error, Result};
use crate::jobs::network::inputs::InputFile;
use crate::jobs::network::levels::NoiseLevels;
use crate::jobs::network::model::Model;
use crate::jobs::network::preparation;
use crate::jobs::network::reference;
use crate::jobs::network::twin::Polynomials;
use crate::network::audit::level as audit;
use crate::network::forward::compare::{
    compare, estimate_checked_bits, Comparison, Precision, Verdict,
};
use crate::network::forward::twin::Twin;
use crate::network::forward::Prepared;
use crate::network::model::exact::{input_text, network_text};
use crate::network::model::graph::Network;
use crate::network::read::load::Loaded;
use crate::network::rows::subject::Centre;
use rug::Rational;

/// A network, its twin, one input, and the noise that the class is to survive.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials of the twin.
    pub twin: Polynomials,
    /// The file of samples.
    pub input: InputFile,
    /// Which of them, from 0.
    pub sample: usize,
    /// Noise at the activations.
    pub noise: Noise,
    /// Most bits of the evaluations ([`crate::network::forward::compare::MOST_BITS`]).
    pub most_bits: u32,
}

/// Noise at every activation's output, in units of its B. Without levels the networks are compared exactly.
#[derive(Debug, Clone)]
pub struct Noise {
    /// The levels; bounds under a sigma hold with probability 1 - 2^-32.
    pub levels: NoiseLevels,
    /// What stands undisturbed: the polynomials, or ReLU.
    pub error_model: ErrorModel,
    /// With ReLU, (tau, zone): besides, at most tau |x| wherever |x| >= zone B.
    pub envelope: Option<(Rational, Rational)>,
    /// Bound the class's logit minus each other, instead of every logit.
    pub margins: bool,
}

impl Default for Noise {
    fn default() -> Self {
        Self {
            levels: NoiseLevels::default(),
            error_model: ErrorModel::ExactCentre,
            envelope: None,
            margins: true,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The network.
    pub loaded: Loaded,
    /// How the samples' numbers became inputs, what was assumed and what looks forgotten: to be said with every answer.
    pub input_said: Vec<String>,
    /// What was proved without noise.
    pub comparison: Comparison,
    /// The certificate; none where no class is proved.
    pub certified: Option<Certified>,
}

/// A certificate that the checker verified, and the two files that it is about.
#[derive(Debug, Clone)]
pub struct Certified {
    /// The certificate's text.
    pub certificate: String,
    /// The exact network's text.
    pub network: String,
    /// The exact input's text.
    pub input: String,
    /// The checker's words.
    pub statement: String,
    /// Whether the class is proved to stay at every level.
    pub stays: bool,
}

/// Certifies that a network and its polynomial twin answer the same class on one input, under noise too.
///
/// **Guarantee** the independent checker evaluated both networks again, in integers, and verified it.
/// **Cost** seconds for small networks; `progress` is told (layer, layers) while noise is bounded.
///
/// # Errors
/// Files that cannot be read or do not fit together, levels outside [0, 1], and what the checker refuses.
///
/// ```
/// use polycert::jobs::network::{certify, InputFile, Model, Polynomials};
///
/// let at = |file: &str| format!("{}/certificates/{file}", env!("CARGO_MANIFEST_DIR"));
/// let request = certify::Request {
///     model: Model::new(at("networks/fashion/network.safetensors")),
///     twin: Polynomials::new(at("relu13.json"), 20),
///     input: InputFile::new(at("networks/fashion/images.npy")),
///     sample: 0,
///     noise: certify::Noise::default(),
///     most_bits: 1_024,
/// };
/// let answer = certify::certify(&request, &mut |_, _| ())?;
/// assert!(answer.certified.is_some_and(|c| c.stays));
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn certify(request: &Request, progress: &mut dyn FnMut(usize, usize)) -> Result<Answer> {
    let mut loaded = request.model.load()?;
    reference::load(None, &mut loaded)?;
    let twin = request.twin.load(&loaded.network)?;
    let inputs = request.input.load(&loaded)?;
    let x = inputs.point(request.sample)?;
    let noise = &request.noise;
    let levels = levels(noise, &loaded.network, &twin)?;
    check_network_limits(&loaded.network, twin.tables.len(), !levels.is_empty())
        .map_err(|e| e.in_file(&request.model.network))?;
    let prepared = Prepared::new(&loaded.network).map_err(|e| e.in_file(&request.model.network))?;
    let precision = Precision::PAIRS.up_to(request.most_bits);
    let comparison = compare(&prepared, &twin.activations, x.given(), precision)?;
    let decided = match noise.error_model {
        ErrorModel::ReluWithin => comparison.network.class().is_some(),
        ErrorModel::ExactCentre => matches!(comparison.verdict, Verdict::Same(_)),
    };
    let mut certified = None;
    if decided {
        let network = network_text(&loaded.network);
        let input = input_text(&x.exact);
        let (scales, units) = twin.scales();
        let subject = Subject {
            network: &network,
            input: &input,
            tables: &twin.tables,
            assigned: None,
            coefficients: twin.coefficients,
            scales: &scales,
            units: &units,
            estimate_bits: estimate_checked_bits(&prepared, &twin.activations, &x.balls)?,
        };
        let (certificate, statement, stays) = if levels.is_empty() {
            let (certificate, statement) = publish(&subject, &comparison)?;
            (certificate, statement, true)
        } else {
            let noise = Noisy {
                model: noise.error_model,
                levels: &levels,
                targets: match noise.margins && comparison.network.logits.len() > 1 {
                    true => Targets::Margins,
                    false => Targets::Logits,
                },
            };
            let sample = Sample {
                network: &loaded.network,
                composites: &twin.composites,
                twin: &twin.activations,
                input: x.given(),
            };
            certify_noise(&subject, sample, &comparison, &noise, progress)?
        };
        certified = Some(Certified {
            certificate,
            network,
            input,
            statement,
            stays,
        });
    }
    let input_said = preparation::said(&inputs, &loaded.network, [request.sample])?;
    Ok(Answer {
        input_said,
        loaded,
        comparison,
        certified,
    })
}

/// The levels with their exact numbers.
fn levels(noise: &Noise, network: &Network, twin: &Twin) -> Result<Vec<Level>> {
    let relu = noise.error_model == ErrorModel::ReluWithin;
    if noise.envelope.is_some() && !relu {
        return Err(Error::domain(
            "--envelope is of --error-model relu_within: an envelope around ReLU",
        ));
    }
    let centre = if relu {
        Centre::Relu
    } else {
        Centre::Polynomial
    };
    let made = noise.levels.levels(network, twin, centre)?;
    let level = |made: audit::Level| {
        let sigma = made.noise.listed().iter().any(|n| n.sigma > 0.0);
        let none = vec![Rational::new()];
        let (worst, sigma) = match sigma {
            true => (none, made.exact),
            false => (made.exact, none),
        };
        Level {
            worst,
            sigma,
            envelope: noise.envelope.clone(),
        }
    };
    let levels: Vec<Level> = made.into_iter().map(level).collect();
    if levels.is_empty() && relu {
        return Err(Error::domain(
            "--error-model relu_within needs --worst: how far a function may be from ReLU, in units of B",
        ));
    }
    if levels.len() > 8 {
        return Err(Error::domain(format!(
            "{} levels of noise; at most 8",
            levels.len()
        )));
    }
    for level in &levels {
        let (tau, zone) = level.envelope.clone().unwrap_or_default();
        if [&tau, &zone].iter().any(|x| **x < 0 || **x > 1) {
            return Err(Error::domain(
                "levels of noise are from 0 to 1, in units of B",
            ));
        }
    }
    Ok(levels)
}
