//! The polynomials that stand in for a network's activations.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use crate::network::forward::compare;
use crate::network::forward::twin::Twin;
use crate::network::model::graph::Network;
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use rug::Rational;
use std::path::PathBuf;

/// The twin: r(x) = x (1 + p(x/B))/2 for ReLU.
#[derive(Debug, Clone)]
pub struct Polynomials {
    /// Tables: one, or one for each activation in order.
    pub tables: Vec<PathBuf>,
    /// B: each polynomial is used on [-B, B] (max-pool: on differences). One, or one for each activation.
    pub scales: Vec<Rational>,
    /// How a program holds the coefficients.
    pub coefficients: CoefficientMode,
}

impl Polynomials {
    /// One table on [-B, B] for every activation, with exact coefficients.
    pub fn new(table: impl Into<PathBuf>, scale: impl Into<Rational>) -> Self {
        Self {
            tables: vec![table.into()],
            scales: vec![scale.into()],
            coefficients: CoefficientMode::Exact,
        }
    }

    /// Reads the tables and makes the twin of a network.
    ///
    /// # Errors
    /// Tables that are not meant for all of [-1, 1], and as many of them or of B as the network has no use for.
    pub fn load(&self, network: &Network) -> Result<Twin> {
        let mut composites = Vec::new();
        let mut tables = Vec::new();
        let mut digests = Vec::new();
        for path in &self.tables {
            let table = Table::read(path)?;
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
        let count = network.activations().len();
        let activations = compare::twin(count, &composites, &self.scales)?;
        let written: Vec<String> = self.scales.iter().map(number::write_canonical).collect();
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
