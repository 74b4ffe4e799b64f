//! What an analysis of a box is asked.

use crate::jobs::network::inputs::InputFile;
use crate::jobs::network::model::Model;
use rug::Rational;
use std::path::PathBuf;

/// A network of linear layers, ReLU and max-pooling, a box, and polynomials for its neurons.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// Degrees of the neurons' polynomials, 1 to 400; a run for each, which keeps the twin of a lower degree in this
    /// list if that has the smaller bound.
    pub degrees: Vec<usize>,
    /// Tables of composites; a run for each.
    pub tables: Vec<PathBuf>,
    /// Lower end of every side of the box, before the mean and standard deviation that the preparation has, if any.
    pub lo: Rational,
    /// Upper end of every side.
    pub hi: Rational,
    /// The box is the part of that which is near a sample.
    pub near: Option<Near>,
    /// Starts of the search for inputs that reach the bounds; 0: none.
    pub attack: usize,
    /// Folder for the polynomials as tables, with an index: what the bounds are about, written down.
    pub tables_folder: Option<PathBuf>,
    /// Also make a certificate; for one degree or table. Its ranges have some room, and the slopes of small networks are
    /// not bounded together: the bound may be a little larger than without.
    pub certificate: bool,
}

/// The neighbourhood of a sample.
#[derive(Debug, Clone)]
pub struct Near {
    /// Samples, and how they are prepared.
    pub file: InputFile,
    /// Which sample, from 0.
    pub sample: usize,
    /// L-infinity distance, 0 or more; as the ends, before mean and standard deviation.
    pub radius: Option<Rational>,
    /// Make the polynomials for the ranges over the whole box, as a network that serves all inputs has them,
    /// and bound the difference within the radius.
    pub whole: bool,
}

impl Request {
    /// One degree over [0, 1] in every input.
    pub fn new(model: Model, degree: usize) -> Self {
        Self {
            model,
            degrees: vec![degree],
            tables: Vec::new(),
            lo: Rational::new(),
            hi: Rational::from(1),
            near: None,
            attack: 0,
            tables_folder: None,
            certificate: false,
        }
    }
}
