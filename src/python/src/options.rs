//! A dictionary of options. Each has the name of the command's option, so that errors name it in one way.

use crate::error::exception;
use polycert::arith::number;
use polycert::error::{Error, Result};
use polycert::jobs::network::{Amount, InputFile, Layout, Model, NoiseLevels, Polynomials};
use polycert::rug::Rational;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Two exact numbers as text.
type Ends = (String, String);

/// Options by their names; each is taken once.
pub struct Options<'py>(Bound<'py, PyDict>);

impl<'py> Options<'py> {
    /// The options of a call.
    pub fn new(options: &Bound<'py, PyDict>) -> PyResult<Self> {
        options.copy().map(Self)
    }

    /// A value as Python gives it; none where it is left out or `None`.
    pub fn take<T: for<'a> FromPyObject<'a, 'py, Error = PyErr>>(
        &self,
        name: &str,
    ) -> PyResult<Option<T>> {
        let Some(value) = self.0.get_item(name)? else {
            return Ok(None);
        };
        self.0.del_item(name)?;
        if value.is_none() {
            return Ok(None);
        }
        let wrong = |e: PyErr| PyTypeError::new_err(format!("{name}: {e}"));
        value.extract().map(Some).map_err(wrong)
    }

    /// A text, read by the library.
    pub fn read<T, E: Display>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> std::result::Result<T, E>,
    ) -> PyResult<Option<T>> {
        let text = self.take::<String>(name)?;
        let parsed = text.map(|text| parse(&text)).transpose();
        parsed.map_err(|e| self.named(name, e))
    }

    /// An exact number.
    pub fn number(&self, name: &str) -> PyResult<Option<Rational>> {
        self.read(name, number::parse)
    }

    /// Exact numbers.
    pub fn numbers(&self, name: &str) -> PyResult<Option<Vec<Rational>>> {
        let all = self.take::<Vec<String>>(name)?;
        let parsed = all.map(|all| all.iter().map(|text| number::parse(text)).collect());
        parsed.transpose().map_err(|e: Error| self.named(name, e))
    }

    /// An interval.
    pub fn ends(&self, name: &str) -> PyResult<Option<(Rational, Rational)>> {
        let both = self.take::<Ends>(name)?;
        let parsed = both.map(|both| pair(&both)).transpose();
        parsed.map_err(|e| self.named(name, e))
    }

    /// A whole number of a range.
    pub fn whole(&self, name: &str, range: RangeInclusive<u32>) -> PyResult<Option<u32>> {
        let Some(value) = self.take::<i64>(name)? else {
            return Ok(None);
        };
        let fits = u32::try_from(value).ok().filter(|v| range.contains(v));
        let (from, to) = range.into_inner();
        let wrong = || self.named(name, format!("{value} is not from {from} to {to}"));
        fits.map(Some).ok_or_else(wrong)
    }

    /// Threads.
    pub fn threads(&self) -> PyResult<Option<usize>> {
        let threads = self.whole("threads", 1..=1_024)?;
        Ok(threads.map(|n| n as usize))
    }

    /// The network's file.
    pub fn model(&self) -> PyResult<Model> {
        let network: PathBuf = self.take("network")?.unwrap_or_default();
        Ok(Model {
            graph: self.take("graph")?,
            output: self.take("network_output")?,
            constants: self.take("constants")?.unwrap_or_default(),
            ..Model::new(network)
        })
    }

    /// The file of samples, and how its numbers become inputs.
    pub fn input(&self) -> PyResult<InputFile> {
        let file: PathBuf = self.take("input")?.unwrap_or_default();
        let layout = |text: &str| match text {
            "nchw" => Ok(Layout::Nchw),
            "nhwc" => Ok(Layout::Nhwc),
            _ => Err("nchw or nhwc"),
        };
        let channels = |text: &str| match text {
            "rgb" => Ok(false),
            "bgr" => Ok(true),
            _ => Err("rgb or bgr"),
        };
        Ok(InputFile {
            layout: self.read("layout", layout)?,
            reversed: self.read("channels", channels)?,
            value_scale: self.number("value_scale")?,
            mean: self.numbers("mean")?,
            std: self.numbers("std")?,
            domain: self.ends("input_domain")?,
            ..InputFile::new(file)
        })
    }

    /// The polynomials of the twin.
    pub fn twin(&self) -> PyResult<Polynomials> {
        let domains: Vec<Ends> = self.take("domain")?.unwrap_or_default();
        let domains: Result<Vec<_>> = domains.iter().map(pair).collect();
        let none = Polynomials::none();
        Ok(Polynomials {
            tables: self.take("tables")?.unwrap_or_default(),
            scales: self.numbers("bound")?.unwrap_or_default(),
            coefficients: self
                .read("coefficients", str::parse)?
                .unwrap_or(none.coefficients),
            domains: domains.map_err(|e| self.named("domain", e))?,
        })
    }

    /// Levels of noise.
    pub fn noise(&self) -> PyResult<NoiseLevels> {
        let levels = |name: &str| -> PyResult<Vec<Amount>> {
            let all: Vec<Vec<String>> = self.take(name)?.unwrap_or_default();
            let amount = |each: &Vec<String>| -> Result<Amount> {
                let each = each.iter().map(|text| number::parse(text));
                Ok(Amount(each.collect::<Result<_>>()?))
            };
            let all: Result<_> = all.iter().map(amount).collect();
            all.map_err(|e| self.named(name, e))
        };
        Ok(NoiseLevels {
            worst: levels("worst")?,
            sigma: levels("sigma")?,
            evaluations: self.take("evaluations")?.unwrap_or_default(),
        })
    }

    /// Refuses options that nothing took.
    pub fn finish(&self) -> PyResult<()> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(PyTypeError::new_err(format!(
                "no such options: {}",
                self.0.keys()
            ))),
        }
    }

    fn named(&self, name: &str, detail: impl Display) -> PyErr {
        let place = format!("--{}", name.replace('_', "-"));
        exception(self.0.py(), &Error::parse(place, detail.to_string()))
    }
}

fn pair((lo, hi): &Ends) -> Result<(Rational, Rational)> {
    Ok((number::parse(lo)?, number::parse(hi)?))
}
