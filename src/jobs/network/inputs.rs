//! The inputs of a network: a file of samples, and how its numbers become inputs.

use crate::arith::npy;
use crate::arith::number;
use crate::error::{Error, Result};
use crate::files::{read_bytes, sha256};
use crate::network::forward::Point;
use crate::network::model::graph::Preprocessing;
use crate::network::model::tensor::Tensor;
use crate::network::read::input::{Layout, Samples};
use crate::network::read::load::Loaded;
use rug::Rational;
use std::path::PathBuf;

/// Most samples of one run.
const MAX_SAMPLES: usize = 1 << 20;

/// A file of samples.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// .npy (one sample, or many along the first axis), PNG or JPEG of the network's size.
    pub file: PathBuf,
    /// Order of the axes, where the shape leaves it open.
    pub layout: Option<Layout>,
    /// Whether the network's channels are the file's, last first: RGB pixels into a network of BGR. If none: what the network's
    /// file states, else not.
    pub reversed: Option<bool>,
    /// The input is (V v - mean)/std for the file's number v: V. If none: what the network's file states, else
    /// 1/255 for bytes and 1 for other numbers.
    pub value_scale: Option<Rational>,
    /// Mean of each channel, or of all.
    pub mean: Option<Vec<Rational>>,
    /// Standard deviation of each channel, or of all.
    pub std: Option<Vec<Rational>>,
    /// Refuse numbers outside [lo, hi] after the scale. If none: [0, 1] for bytes and stated preparations.
    pub domain: Option<(Rational, Rational)>,
}

/// Samples with their preprocessing.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The samples.
    pub samples: Samples,
    /// How they become inputs.
    pub preprocessing: Preprocessing,
    /// Allowed numbers after the scale.
    pub domain: Option<(Rational, Rational)>,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What is to be said of them with every answer: the formula, and what was assumed.
    pub said: Vec<String>,
    /// What the result depends on, as text.
    pub settings: String,
    file: PathBuf,
}

impl Inputs {
    /// The sample of a number from 0, as the network takes it; refuses a number that the file does not have.
    ///
    /// # Errors
    /// No such sample, and values that are not finite or outside the domain, naming the file.
    pub fn sample(&self, sample: usize) -> Result<Tensor> {
        let have = self.samples.len();
        if sample >= have {
            let detail = format!("--sample {sample}: the file has {have}, from 0");
            return Err(Error::domain(detail).in_file(&self.file));
        }
        let domain = self.domain.as_ref();
        self.samples
            .input(sample, &self.preprocessing, domain)
            .map_err(|e| e.in_file(&self.file))
    }
}

impl Inputs {
    /// [`Self::sample`] with its exact numbers.
    ///
    /// # Errors
    /// As there.
    pub fn point(&self, sample: usize) -> Result<Point> {
        Ok(Point {
            balls: self.sample(sample)?,
            exact: self.samples.exact(sample, &self.preprocessing),
        })
    }
}

impl Inputs {
    /// The numbers of `count` samples from one on, of all that follow if none.
    ///
    /// # Errors
    /// None, samples that the file does not have, and more than 2^20.
    pub fn numbers(&self, from: usize, count: Option<usize>) -> Result<Vec<usize>> {
        let have = self.samples.len();
        let end = count.map_or(Some(have), |n| from.checked_add(n));
        match end.filter(|&end| end <= have && from < end) {
            Some(end) if end - from <= MAX_SAMPLES => Ok((from..end).collect()),
            Some(_) => Err(Error::unsupported(format!(
                "more than {MAX_SAMPLES} samples"
            ))),
            None => Err(Error::domain(format!(
                "--from {from} and --count {}: the file has {have} samples, from 0",
                count.map_or("all".to_owned(), |n| n.to_string())
            ))
            .in_file(&self.file)),
        }
    }
}

impl InputFile {
    /// A file, prepared as the network's own file says.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            layout: None,
            reversed: None,
            value_scale: None,
            mean: None,
            std: None,
            domain: None,
        }
    }

    /// Reads the inputs of a network.
    ///
    /// # Errors
    /// Files of another kind or shape, and preparations that the network's channels do not have.
    pub fn load(&self, loaded: &Loaded) -> Result<Inputs> {
        let bytes = read_bytes(&self.file, npy::MAX_BYTES)?;
        let sha256 = sha256(&bytes);
        let shape = loaded.network.input_shape();
        let samples = if bytes.starts_with(b"\x93NUMPY") {
            npy::read(&bytes)
                .and_then(|a| Samples::from_array(a, shape, self.layout, loaded.channels_last))
        } else if bytes.starts_with(b"\x89PNG") || bytes.starts_with(&[0xff, 0xd8]) {
            Samples::from_picture(&bytes, shape)
        } else {
            Err(Error::parse("", "is neither .npy nor PNG nor JPEG"))
        };
        let samples = samples.map_err(|e| e.in_file(&self.file))?;
        let mut preprocessing = loaded.network.preprocessing.clone();
        let stated = loaded.states_preprocessing || self.mean.is_some() || self.std.is_some();
        let mut assumed = None;
        match &self.value_scale {
            Some(scale) => preprocessing.scale = scale.clone(),
            None if !loaded.states_preprocessing && samples.are_bytes() => {
                preprocessing.scale = Rational::from((1, 255));
                assumed = (!stated).then(|| {
                    "assumed: bytes are pixels, divided by 255; neither the network's file nor an option states mean and std"
                        .to_owned()
                });
            }
            None if !samples.are_bytes() && preprocessing.scale != 1 => {
                assumed = Some(format!(
                    "assumed: these numbers, which are no bytes, are in [0, 1] already; the scale {} that the network's file \
                     states is left out",
                    preprocessing.scale
                ));
                preprocessing.scale = Rational::from(1);
            }
            None => {}
        }
        if let Some(reversed) = self.reversed {
            if shape.channels != 3 {
                return Err(Error::domain(format!(
                    "--channels: the network's input has {} channels, not 3",
                    shape.channels
                )));
            }
            preprocessing.reversed = reversed;
        }
        if let Some(mean) = &self.mean {
            preprocessing.mean.clone_from(mean);
        }
        if let Some(std) = &self.std {
            preprocessing.deviation.clone_from(std);
        }
        preprocessing.check(shape.channels)?;
        let domain = match &self.domain {
            Some((lo, hi)) if lo > hi => {
                return Err(Error::domain(format!("--input-domain {lo},{hi} is empty")));
            }
            Some(ends) => Some(ends.clone()),
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
            "data {sha256} layout {:?}\nreversed {}\nvalue_scale {}\nmean {}\nstd {}\ninput_domain {}\n",
            self.layout,
            preprocessing.reversed,
            number::write_canonical(&preprocessing.scale),
            list(&preprocessing.mean),
            list(&preprocessing.deviation),
            list(&domain.iter().flat_map(|(lo, hi)| [lo.clone(), hi.clone()]).collect::<Vec<_>>())
        );
        let order = samples.words(preprocessing.reversed);
        let said = [Some(format!("{}, {order}", preprocessing.words())), assumed];
        Ok(Inputs {
            said: said.into_iter().flatten().collect(),
            samples,
            preprocessing,
            domain,
            sha256,
            settings,
            file: self.file.clone(),
        })
    }
}
