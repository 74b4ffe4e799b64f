//! The function that a family approximates, and where.

use crate::approx::DEFAULT_BITS;
use crate::arith::number::write;
use crate::arith::rounding::nearest_multiple;
use crate::error::{Error, Result};
use crate::function::shape;
use crate::function::shape::{Line, Shape};
use crate::function::target::Function;
use crate::poly::component::{Basis, Component};
use crate::poly::table::{Domain, Table};
use rug::{Float, Rational};

/// A function on [lo, hi], and how coefficients are rounded.
#[derive(Debug, Clone)]
pub struct Approximated {
    /// The function.
    pub function: Shape,
    /// Least x.
    pub lo: Rational,
    /// Greatest x.
    pub hi: Rational,
    /// Functions that jump are meant this far from the jump or farther.
    pub eps: Option<Rational>,
    /// Slope of a leaky ReLU for x < 0.
    pub slope: Rational,
    /// Lower end of a clip.
    pub lower: Rational,
    /// Upper end of a clip.
    pub upper: Rational,
    /// Coefficients are multiples of 2^-bits.
    pub bits: u32,
}

impl Approximated {
    /// A function on [-range, range], with the usual slope 1/100, ends -1 and 1, and bits.
    pub fn new(function: Shape, range: impl Into<Rational>) -> Self {
        let hi = range.into();
        Self {
            function,
            lo: Rational::from(-&hi),
            hi,
            eps: None,
            slope: Rational::from((1, 100)),
            lower: Rational::from(-1),
            upper: Rational::from(1),
            bits: DEFAULT_BITS,
        }
    }

    pub(super) fn ends(&self) -> (Rational, Rational) {
        (self.lo.clone(), self.hi.clone())
    }

    pub(super) fn shape(&self) -> Result<shape::Function> {
        self.function
            .function(&self.slope, &(self.lower.clone(), self.upper.clone()))
    }

    /// The lines of the function on [lo, hi], without the gap around a jump if `gap` is set.
    pub(super) fn lines(&self, (lo, hi): (&Rational, &Rational), gap: bool) -> Result<Vec<Line>> {
        if lo >= hi || lo.clone().abs().max(hi.clone().abs()) > 1_000_000u32 {
            return Err(Error::domain(format!(
                "the domain [{lo}, {hi}] is empty, or beyond 10^6"
            )));
        }
        let eps = match (&self.eps, gap && self.function.jumps()) {
            (Some(eps), true) if *eps > 0u32 => eps.clone(),
            (_, true) => {
                let detail =
                    "a function that jumps is approximated away from the jump: give --eps above 0";
                return Err(Error::domain(detail));
            }
            _ => Rational::new(),
        };
        self.shape()?.on(lo, hi, &eps)
    }

    pub(super) fn domain(&self, (lo, hi): (Rational, Rational)) -> Domain {
        Domain {
            lo,
            hi,
            eps: self.eps.clone().filter(|_| self.function.jumps()),
        }
    }

    /// The table with the function's own slope or ends, where these are parameters.
    pub(super) fn stated(&self, mut table: Table) -> Table {
        table.slope = (self.function == Shape::LeakyRelu).then(|| self.slope.clone());
        table.ends =
            (self.function == Shape::Clip).then(|| (self.lower.clone(), self.upper.clone()));
        table
    }

    /// What the function is, for the provenance.
    pub(super) fn words(&self) -> String {
        let name = Function::Direct(self.function).name();
        let name = name.strip_prefix("direct_").unwrap_or(name);
        match self.function {
            Shape::LeakyRelu => format!("{name}, slope {}", write(&self.slope)),
            Shape::Clip => format!("{name} to [{}, {}]", write(&self.lower), write(&self.upper)),
            _ => name.to_owned(),
        }
    }

    /// sum c_j phi_j((2x - lo - hi)/(hi - lo)), coefficients rounded.
    pub(super) fn component(
        &self,
        basis: Basis,
        c: &[Float],
        (lo, hi): (&Rational, &Rational),
    ) -> Component {
        let exact = |c: &Float| c.to_rational().unwrap_or_default();
        let rounded = c
            .iter()
            .map(|c| nearest_multiple(&exact(c), -i64::from(self.bits)));
        mapped(Component::new(basis, rounded.collect()), (lo, hi))
    }

    pub(super) fn rounding(&self) -> (&'static str, String) {
        ("coefficients", format!("multiples of 2^-{}", self.bits))
    }
}

/// The component on [lo, hi] in place of [-1, 1].
pub(super) fn mapped(mut component: Component, (lo, hi): (&Rational, &Rational)) -> Component {
    let width = Rational::from(hi - lo);
    component.scale = Rational::from(2) / &width;
    component.offset = -Rational::from(hi + lo) / width;
    component
}
