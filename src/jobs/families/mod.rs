//! Families: tables that the field uses, other than searched composites.

mod answer;
mod approximated;
pub(in crate::jobs) mod chains;
mod interpolant;
mod request;
mod smooth;

pub use crate::approx::fit::least_squares::Histogram;
pub use crate::approx::known::Normalisation;
pub use answer::{Answer, FitEstimate};
pub use approximated::Approximated;
pub use chains::MAX_ITERATIONS;
pub use request::{
    Chebyshev, Clean, Composite, Density, DoubleAngle, Family, Hermite, Interpolant, Iteration,
    LeastSquares, Minimax, Request, Smooth, Squaring, Start,
};

use crate::approx::fit::general::{minimax, Basis as Fitted};
use crate::approx::fit::interpolant::chebyshev;
use crate::approx::fit::least_squares::{gaussian, histogram};
use crate::approx::known::{cleaning, hermite, stage};
use crate::arith::number::write;
use crate::error::{Error, Result};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::poly::chain;
use crate::poly::component::{Basis, Component};
use crate::poly::table::{Domain, MAX_COMPONENTS};
use answer::table;
use approximated::mapped;
use interpolant::{held, near, OPENFHE};
use rug::Rational;

/// Makes the table of a known family.
///
/// *Estimate*: certify the table to prove its error.
///
/// # Errors
/// Domains and degrees that the family does not have, naming the option; a fit that does not converge.
///
/// ```
/// use polycert::function::shape::Shape;
/// use polycert::jobs::families::{family, Approximated, Family, Minimax, Request};
///
/// let approximated = Approximated::new(Shape::Relu, 4);
/// let minimax = Minimax { approximated, degree: 8, even: true, zero: false };
/// let answer = family(&Request { name: None, family: Family::Minimax(minimax) })?;
/// assert_eq!(answer.table.degrees(), [8]);
/// assert!(answer.estimate_fit.unwrap().estimate_error < 0.08);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn family(request: &Request) -> Result<Answer> {
    let mut answer = match &request.family {
        Family::Composite(f) => f.table()?,
        Family::Minimax(f) => f.table()?,
        Family::Smooth(f) => f.table()?,
        Family::Squaring(f) => f.chain()?.table(&f.start),
        Family::DoubleAngle(f) => f.chain()?.table(&f.start),
        Family::Iteration(f) => f.chain()?.table(&f.start),
        Family::Chebyshev(f) => f.table()?,
        Family::Interpolant(f) => f.table()?,
        Family::LeastSquares(f) => f.table()?,
        Family::Hermite(f) => f.table()?,
        Family::Clean(f) => f.table()?,
    };
    if let Some(name) = &request.name {
        answer.table.name.clone_from(name);
    }
    answer.table.validate()?;
    if answer.table.smooth.is_some() {
        answer.cost = chain::cost(&answer.table);
    }
    Ok(answer)
}

impl Composite {
    fn table(&self) -> Result<Answer> {
        if self.target.is_itself() {
            let detail = format!(
                "--target: a composite approximates sign, so not {}",
                self.target
            );
            return Err(Error::domain(detail));
        }
        let n = self.stages.len();
        if n > MAX_COMPONENTS {
            let detail = format!("--stages: {n} components, the limit is {MAX_COMPONENTS}");
            return Err(Error::domain(detail));
        }
        let stages: Result<Vec<Component>> = self
            .stages
            .iter()
            .map(|name| Ok(Component::new(Basis::Power, stage(name)?)))
            .collect();
        let words = self.stages.join(",");
        let domain = Domain {
            lo: Rational::from(-1),
            hi: Rational::from(1),
            eps: self.eps.clone(),
        };
        let about = [
            ("stages", words.clone()),
            ("source", "ePrint 2019/1234".to_owned()),
        ];
        let name = format!("{} {words}", self.target);
        Ok(Answer::of(table(
            name,
            self.target,
            domain,
            stages?,
            &about,
        )))
    }
}

impl Minimax {
    fn table(&self) -> Result<Answer> {
        let a = &self.approximated;
        let (lo, hi) = a.ends();
        let ends = (&lo, &hi);
        let lines = a.lines(ends, true)?;
        let mut fitted = Fitted::All;
        let mut wanted = lines;
        let mut odd = Rational::new();
        if self.even {
            let even = matches!(a.function, Shape::Relu | Shape::LeakyRelu | Shape::Abs);
            if !even || Rational::from(&lo + &hi) != 0u32 {
                let detail = "--even is for relu, leaky_relu and abs on a symmetric domain";
                return Err(Error::domain(detail));
            }
            // f = odd x + k |x|: k |x| is fitted.
            let (left, right) = (wanted[0].slope.clone(), wanted[1].slope.clone());
            odd = Rational::from(&left + &right) / 2u32;
            for line in &mut wanted {
                line.slope -= &odd;
            }
            fitted = if self.zero {
                Fitted::EvenAtZero
            } else {
                Fitted::Even
            };
        }
        let fit = minimax(&wanted, ends, self.degree, fitted)?;
        let mut component = a.component(Basis::Chebyshev, &fit.chebyshev, ends);
        if self.even {
            // odd x = odd hi T_1, exactly.
            component
                .coefficients
                .resize(component.coefficients.len().max(2), Rational::new());
            component.coefficients[1] += odd * &hi;
            if self.zero {
                pin(&mut component.coefficients);
            }
        }
        let error = format!("{:.12e}", fit.estimate_error);
        let about = [
            (
                "fit",
                format!("minimax of {}, degree {}", a.words(), self.degree),
            ),
            ("estimate: minimax error", error),
            a.rounding(),
        ];
        let name = format!("{} minimax {}", Function::Direct(a.function), self.degree);
        let target = Function::Direct(a.function);
        let domain = a.domain((lo, hi));
        Ok(Answer {
            estimate_fit: Some(FitEstimate {
                estimate_error: fit.estimate_error.to_f64(),
                estimate_excess: fit.estimate_excess,
            }),
            table: a.stated(table(name, target, domain, vec![component], &about)),
            cost: None,
        })
    }
}

/// Makes the rounded polynomial exactly 0 at 0 by its constant: T_j(0) = 0, or (-1)^(j/2).
fn pin(c: &mut [Rational]) {
    let mut sum = Rational::new();
    for (j, c) in c.iter().enumerate().skip(2).step_by(2) {
        if j % 4 == 0 {
            sum += c;
        } else {
            sum -= c;
        }
    }
    c[0] = -sum;
}

impl Chebyshev {
    fn table(&self) -> Result<Answer> {
        let a = &self.approximated;
        let (lo, hi) = a.ends();
        let (lo, hi) = (held(&lo), held(&hi));
        // It samples the function wherever the nodes are, in a gap too.
        a.lines((&lo, &hi), false)?;
        let f = a.shape()?;
        let value = |x: f64| Ok(near(&f.value(&Rational::from_f64(x).unwrap_or_default())));
        let c = chebyshev(value, (near(&lo), near(&hi)), self.degree)?;
        let component = mapped(Component::new(Basis::Chebyshev, c), (&lo, &hi));
        let about = [
            (
                "fit",
                format!(
                    "Chebyshev interpolant of {}, degree {}",
                    a.words(),
                    self.degree
                ),
            ),
            ("source", OPENFHE.to_owned()),
        ];
        let target = Function::Direct(a.function);
        let name = format!("{target} Chebyshev {}", self.degree);
        let domain = a.domain((lo, hi));
        Ok(Answer::of(a.stated(table(
            name,
            target,
            domain,
            vec![component],
            &about,
        ))))
    }
}

impl LeastSquares {
    fn table(&self) -> Result<Answer> {
        let a = &self.approximated;
        let ends;
        let (component, density) = match &self.density {
            Density::Histogram(h) => {
                let [first, .., last] = h.edges.as_slice() else {
                    return Err(Error::domain("a histogram without bins"));
                };
                ends = (first.clone(), last.clone());
                let lines = a.lines((&ends.0, &ends.1), false)?;
                let c = histogram(&lines, h, self.degree)?;
                let component = a.component(Basis::Power, &c, (&ends.0, &ends.1));
                (component, format!("histogram of {} bins", h.weights.len()))
            }
            Density::Gaussian { mean, deviation } => {
                ends = a.ends();
                let lines = a.lines((&ends.0, &ends.1), false)?;
                let c = gaussian(&lines, mean, deviation, self.degree)?;
                // Powers of (x - mean)/deviation.
                let around = (
                    &Rational::from(mean - deviation),
                    &Rational::from(mean + deviation),
                );
                let component = a.component(Basis::Power, &c, around);
                let (mean, deviation) = (write(mean), write(deviation));
                (
                    component,
                    format!("Gaussian, mean {mean}, standard deviation {deviation}"),
                )
            }
        };
        let about = [
            (
                "fit",
                format!("least squares of {}, degree {}", a.words(), self.degree),
            ),
            ("density", density),
            a.rounding(),
        ];
        let target = Function::Direct(a.function);
        let name = format!("{target} least squares {}", self.degree);
        let domain = a.domain(ends);
        Ok(Answer::of(a.stated(table(
            name,
            target,
            domain,
            vec![component],
            &about,
        ))))
    }
}

impl Hermite {
    fn table(&self) -> Result<Answer> {
        let normalisation = &self.normalisation;
        let c = hermite(normalisation, self.bits)?;
        let list = |v: &[Rational]| v.iter().map(write).collect::<Vec<_>>().join(", ");
        let about = [
            (
                "fit",
                "quadratic Hermite expansion of relu, normalised by basis".to_owned(),
            ),
            ("means", list(&normalisation.mean)),
            ("variances", list(&normalisation.variance)),
            (
                "epsilon, gain, shift",
                list(&[
                    normalisation.epsilon.clone(),
                    normalisation.gain.clone(),
                    normalisation.shift.clone(),
                ]),
            ),
            ("coefficients", format!("multiples of 2^-{}", self.bits)),
            ("source", "arXiv 2201.06699".to_owned()),
        ];
        let domain = Domain {
            lo: Rational::from(-&self.range),
            hi: self.range.clone(),
            eps: None,
        };
        let target = Function::Direct(Shape::Relu);
        let components = vec![Component::new(Basis::Power, c)];
        let name = format!("{target} Hermite 2");
        Ok(Answer::of(table(name, target, domain, components, &about)))
    }
}

impl Clean {
    fn table(&self) -> Result<Answer> {
        let half = Rational::from((1, 2));
        if self.within <= 0u32 || self.within >= half {
            let detail = format!("--within is above 0 and below 1/2, not {}", self.within);
            return Err(Error::domain(detail));
        }
        let most = MAX_COMPONENTS as u32;
        if !(2..=16).contains(&self.order) || !(1..=most).contains(&self.times) {
            let (order, times) = (self.order, self.times);
            let detail = format!(
                "--order is from 2 to 16, --times from 1 to {most}, not {order} and {times}"
            );
            return Err(Error::domain(detail));
        }
        let component = Component::new(Basis::Power, cleaning(self.order - 1)?);
        let about = [(
            "fit",
            format!("cleaning of order {}, {} times", self.order, self.times),
        )];
        let domain = Domain {
            lo: Rational::from(-&self.within),
            hi: Rational::from(&self.within + 1u32),
            eps: Some(half - &self.within),
        };
        let target = Function::Direct(Shape::Bit);
        let components = vec![component; self.times as usize];
        let name = format!("cleaning {} x{}", self.order, self.times);
        Ok(Answer::of(table(name, target, domain, components, &about)))
    }
}
