//! What the reader of a file knows better than the file, and what comes of reading it.

use crate::error::{Error, Result};
use crate::function::formula::Formula;
use crate::function::program::Program;
use crate::function::target::Function;
use crate::poly::component::Basis;
use crate::poly::table::{Output, Table};
use rug::Rational;
use std::str::FromStr;

/// Which coefficient stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// That of degree 0.
    Lowest,
    /// That of the highest degree, as `numpy.polyfit` gives them.
    Highest,
}

impl FromStr for Order {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "lowest" => Ok(Self::Lowest),
            "highest" => Ok(Self::Highest),
            _ => Err(Error::parse(
                "order",
                format!("{text:?}; expected lowest or highest"),
            )),
        }
    }
}

/// What lists of one or two numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A degree and its coefficient.
    Degrees,
    /// A component, of degree 0 or 1.
    Stages,
}

impl FromStr for Layout {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "degrees" => Ok(Self::Degrees),
            "stages" => Ok(Self::Stages),
            _ => Err(Error::parse(
                "layout",
                format!("{text:?}; expected degrees or stages"),
            )),
        }
    }
}

/// What the reader knows better than the file.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Name of the table.
    pub name: Option<String>,
    /// Name where nothing gives one.
    pub default_name: String,
    /// Name of the file, for the table's provenance.
    pub file: Option<String>,
    /// Intended use.
    pub target: Option<Function>,
    /// The smooth function that the polynomial stands for; says target `smooth` too.
    pub function: Option<Formula>,
    /// What is computed from x and the polynomial p, where that stands for a smooth function.
    pub value: Option<Program>,
    /// Basis.
    pub basis: Option<Basis>,
    /// x is meant in [lo, hi]; lo is -hi if none.
    pub lo: Option<Rational>,
    /// x is meant up to hi.
    pub hi: Option<Rational>,
    /// The sign is meant for eps <= |x|.
    pub eps: Option<Rational>,
    /// What the last stage gives; where nobody says it, 0 and 1 are recognised at the ends of the domain.
    pub output: Option<Output>,
    /// The slope for x < 0 of a leaky ReLU that the polynomial is itself.
    pub slope: Option<Rational>,
    /// The lower end of a clip that the polynomial is itself.
    pub lower: Option<Rational>,
    /// Its upper end.
    pub upper: Option<Rational>,
    /// OpenFHE's [a, b], of every component.
    pub interval: Option<(Rational, Rational)>,
    /// The arrays that are meant, by name or number, first applied first.
    pub arrays: Option<Vec<String>>,
    /// The degree of every component, where lists do not say where one ends.
    pub degrees: Option<Vec<usize>>,
    /// Which coefficient stands first.
    pub order: Option<Order>,
    /// What lists of two numbers are.
    pub layout: Option<Layout>,
    /// What the coefficients are multiplied by: one number for all components, or one for each.
    pub factors: Option<Vec<Rational>>,
}

impl Hints {
    /// The target that an option says: a function says that it is a smooth one.
    pub(super) fn target(&self) -> Option<Function> {
        let smooth = self.function.as_ref().map(|_| Function::Smooth);
        self.target.or(smooth)
    }

    /// Refuses options about lists, where a file already says what its components are.
    ///
    /// # Errors
    /// The first of them.
    pub(super) fn no_lists(&self, what: &str) -> Result<()> {
        let given = [
            ("--arrays", self.arrays.is_some()),
            ("--degrees", self.degrees.is_some()),
            ("--order", self.order.is_some()),
            ("--layout", self.layout.is_some()),
            ("--factor", self.factors.is_some()),
            ("--basis", self.basis.is_some()),
            ("--interval", self.interval.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(Error::domain(format!("{name}: {what}"))),
            None => Ok(()),
        }
    }
}

/// A table that was read.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The table.
    pub table: Table,
    /// What a reader should know, in words: first what was taken for granted.
    pub notes: Vec<String>,
}
