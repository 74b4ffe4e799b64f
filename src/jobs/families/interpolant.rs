//! Chebyshev interpolants of smooth functions: what OpenFHE's `EvalChebyshevFunction` evaluates.
//!
//! Its caller gives f as a C++ function of a double, a, b and a degree, and no coefficients: OpenFHE computes them when it
//! runs. Here they are computed in the same order of f64 operations, and f at a node is the f64 nearest to its value,
//! which a C library and a formula of several operations meet to some last bits: the coefficients differ from those of a
//! run by as much.

use crate::approx::fit::interpolant::chebyshev;
use crate::arith::mp::Mp;
use crate::error::{Error, Result};
use crate::function::point::Points;
use crate::function::target::Function;
use crate::jobs::families::answer::{table, Answer};
use crate::jobs::families::approximated::mapped;
use crate::jobs::families::request::Interpolant;
use crate::poly::component::{Basis, Component};
use crate::poly::smooth::Smooth as Stated;
use crate::poly::table::Domain;
use rug::{Float, Rational};

/// Source of such a table, for its provenance.
pub(super) const OPENFHE: &str = "the convention of OpenFHE's EvalChebyshevFunction, in f64";

/// Bits that a value is computed with at first, and at most: then the middle of what encloses it is taken.
const BITS: (u32, u32) = (128, 1_024);

/// The f64 nearest to x.
pub(super) fn near(x: &Rational) -> f64 {
    Float::with_val(53, x).to_f64()
}

/// An end of the interval as OpenFHE holds it, in f64.
pub(super) fn held(x: &Rational) -> Rational {
    Rational::from_f64(near(x)).unwrap_or_default()
}

impl Interpolant {
    /// The table.
    pub(super) fn table(&self) -> Result<Answer> {
        let (lo, hi) = (held(&self.lo), held(&self.hi));
        if lo >= hi || lo.clone().abs().max(hi.clone().abs()) > 1_000_000u32 {
            let (lo, hi) = (&self.lo, &self.hi);
            return Err(Error::domain(format!(
                "the domain [{lo}, {hi}] is empty in f64, or beyond 10^6"
            )));
        }
        let ends = (near(&lo), near(&hi));
        let c = chebyshev(|x| self.at(x), ends, self.degree)?;
        let component = mapped(Component::new(Basis::Chebyshev, c), (&lo, &hi));
        let words = format!(
            "Chebyshev interpolant of {}, degree {}",
            self.function, self.degree
        );
        let about = [("fit", words), ("source", OPENFHE.to_owned())];
        let name: String = self.function.text().chars().take(150).collect();
        let name = format!("{name} Chebyshev {}", self.degree);
        let domain = Domain { lo, hi, eps: None };
        let mut table = table(name, Function::Smooth, domain, vec![component], &about);
        table.smooth = Some(Stated {
            function: self.function.clone(),
            value: None,
            segments: Vec::new(),
        });
        Ok(Answer::of(table))
    }

    /// The f64 nearest to f(x).
    fn at(&self, x: f64) -> Result<f64> {
        let mut prec = BITS.0;
        loop {
            let place = Mp::exact(&Float::with_val(prec, x));
            let value = self.function.expression();
            let value = value.value(&Points { prec }, &place, &place);
            let value = value.map_err(|why| {
                let f = &self.function;
                Error::domain(format!("{f} is not defined at the node x = {x}: {why}"))
            })?;
            let nearest = value.lo.to_f64();
            if nearest == value.hi.to_f64() || prec >= BITS.1 {
                let nearest = value.ball().0.to_f64();
                return match nearest.is_finite() {
                    true => Ok(nearest),
                    false => Err(Error::domain(format!(
                        "{} at the node x = {x} is beyond f64",
                        self.function
                    ))),
                };
            }
            prec *= 2;
        }
    }
}
