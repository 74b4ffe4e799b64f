//! Chains: a polynomial to begin with, and steps that square its accuracy or widen its domain.
//!
//! | family | steps | what is computed |
//! |---|---|---|
//! | squaring | exp(A) = exp(A/2^K)^(2^K) | y near exp(A/2^K), then y^2, K times |
//! | double angle | cos(2t) = 2 cos(t)^2 - 1 | y near cos(A/2^K), then 2 y^2 - 1, K times; sin(A) = cos(A - pi/2) |
//! | Newton | y (2 - x y); y (3 - x y^2)/2 | y near 1/x or 1/sqrt(x); the relative error is about squared |
//! | Goldschmidt | the same values | 1 - x y, or half of 1 - x y^2, beside y: fewer levels, or all products at hand |
//!
//! The first two are composites; an iteration has x in every step, so it is the `value` of the table, step by step.

use crate::arith::rounding::nearest_multiple;
use crate::error::{Error, Result};
use crate::function::expression::{Expression, Name};
use crate::function::formula::Formula;
use crate::function::program::Program;
use crate::function::target::Function;
use crate::jobs::families::answer::{table, Answer, FitEstimate};
use crate::jobs::families::request::{DoubleAngle, Iteration, Smooth, Squaring, Start};
use crate::poly::component::{Basis, Component};
use crate::poly::smooth::Smooth as Stated;
use crate::poly::table::{Domain, MAX_COMPONENTS};
use rug::{Float, Rational};

/// Most steps of an iteration.
pub const MAX_ITERATIONS: u32 = 16;

/// What a chain consists of.
pub(super) struct Chain {
    components: Vec<Component>,
    stated: Stated,
    /// Of the beginning; none for a Taylor polynomial.
    estimate_error: Option<(Float, f64)>,
    /// For names and notes.
    words: String,
}

impl Chain {
    /// The table.
    pub(super) fn table(self, start: &Start) -> Answer {
        let mut about = vec![
            ("fit", format!("{}, {}", start.function, self.words)),
            ("coefficients", format!("multiples of 2^-{}", start.bits)),
        ];
        if let Some((error, _)) = &self.estimate_error {
            about.push(("estimate: error at the start", format!("{error:.12e}")));
        }
        let domain = Domain {
            lo: start.lo.clone(),
            hi: start.hi.clone(),
            eps: None,
        };
        let name: String = start.function.text().chars().take(120).collect();
        let name = format!("{name} {}", self.words);
        let mut table = table(name, Function::Smooth, domain, self.components, &about);
        table.smooth = Some(self.stated);
        let estimate_fit = self.estimate_error.map(|(error, excess)| FitEstimate {
            estimate_error: error.to_f64(),
            estimate_excess: excess,
        });
        Answer {
            table,
            estimate_fit,
            cost: None,
        }
    }
}

/// Functions of which iterations are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::jobs) enum Inverse {
    /// 1/x.
    Whole,
    /// 1/sqrt(x).
    Root,
}

/// Which one a function is, in any of its spellings.
pub(in crate::jobs) fn inverse(e: &Expression) -> Option<Inverse> {
    let spelled = |text: &str| Expression::parse(text, false).is_ok_and(|s| s == *e);
    let root = [
        "1/sqrt(x)",
        "sqrt(x)^-1",
        "1/root(2, x)",
        "root(2, x)^-1",
        "sqrt(1/x)",
    ];
    match () {
        () if spelled("1/x") || spelled("x^-1") => Some(Inverse::Whole),
        () if root.iter().any(|text| spelled(text)) => Some(Inverse::Root),
        () => None,
    }
}

impl Start {
    /// The minimax polynomial of another function on the same interval, and its error.
    fn of(&self, text: &str, relative: bool) -> Result<(Component, Float, f64)> {
        let smooth = Smooth {
            function: Formula::function(text)?,
            relative,
            lo: self.lo.clone(),
            hi: self.hi.clone(),
            degree: self.degree,
            bits: self.bits,
        };
        let fitted = smooth.fitted()?;
        Ok((
            fitted.component,
            fitted.estimate_error,
            fitted.estimate_excess,
        ))
    }

    fn stated(&self, value: Option<Program>) -> Stated {
        Stated {
            function: self.function.clone(),
            value,
            segments: Vec::new(),
        }
    }

    fn refused(&self, family: &str, known: &str) -> Error {
        let function = &self.function;
        Error::domain(format!(
            "--function {function}: {family} is known for {known}"
        ))
    }
}

/// Refuses more steps than a table has room for.
fn room(steps: u32) -> Result<()> {
    if steps as usize >= MAX_COMPONENTS {
        let most = MAX_COMPONENTS - 1;
        return Err(Error::domain(format!(
            "--steps {steps}: a table has room for {most}"
        )));
    }
    Ok(())
}

/// A power of y.
fn square(constant: i32, factor: i32) -> Component {
    let c = [constant, 0, factor].map(Rational::from);
    Component::new(Basis::Power, c.to_vec())
}

impl Squaring {
    pub(super) fn chain(&self) -> Result<Chain> {
        room(self.steps)?;
        let Expression::Call(Name::Exp, a) = self.start.function.expression() else {
            return Err(self.start.refused("squaring", "exp"));
        };
        let (k, degree) = (self.steps, self.start.degree);
        let (first, error, how) = if self.taylor {
            if **a != Expression::X {
                return Err(self.start.refused("a Taylor polynomial", "exp(x)"));
            }
            if degree > 127 {
                let detail = format!("--degree {degree}; up to 127 are made");
                return Err(Error::domain(detail));
            }
            let mut c = vec![Rational::from(1)];
            for j in 1..=degree {
                let next = Rational::from(&c[j - 1] / j as u32) >> k;
                c.push(next);
            }
            if degree > 1 {
                let bits = -i64::from(self.start.bits);
                c = c.iter().map(|c| nearest_multiple(c, bits)).collect();
            }
            (Component::new(Basis::Power, c), None, "Taylor")
        } else {
            let (first, error, excess) = self.start.of(&format!("exp(({a})/2^{k})"), true)?;
            (first, Some((error, excess)), "minimax")
        };
        let mut components = vec![first];
        components.resize(1 + k as usize, square(0, 1));
        Ok(Chain {
            components,
            stated: self.start.stated(None),
            estimate_error: error,
            words: format!("squaring {k} of {how} {degree}"),
        })
    }
}

impl DoubleAngle {
    pub(super) fn chain(&self) -> Result<Chain> {
        room(self.steps)?;
        let k = self.steps;
        let text = match self.start.function.expression() {
            Expression::Call(Name::Cos, a) => format!("cos(({a})/2^{k})"),
            Expression::Call(Name::Sin, a) => format!("cos((({a}) - pi/2)/2^{k})"),
            _ => return Err(self.start.refused("the double angle", "cos and sin")),
        };
        let (first, error, excess) = self.start.of(&text, false)?;
        let mut components = vec![first];
        components.resize(1 + k as usize, square(-1, 2));
        Ok(Chain {
            components,
            stated: self.start.stated(None),
            estimate_error: Some((error, excess)),
            words: format!("double angle {k} of minimax {}", self.start.degree),
        })
    }
}

impl Iteration {
    pub(super) fn chain(&self) -> Result<Chain> {
        let name = if self.goldschmidt {
            "goldschmidt"
        } else {
            "newton"
        };
        let Some(which) = inverse(self.start.function.expression()) else {
            return Err(self.start.refused(name, "1/x and 1/sqrt(x)"));
        };
        if self.iterations > MAX_ITERATIONS {
            let detail = format!("--iterations {}: up to {MAX_ITERATIONS}", self.iterations);
            return Err(Error::domain(detail));
        }
        if self.start.lo <= 0u32 {
            return Err(Error::domain(format!(
                "--range: {} is not above 0, where {} is iterated",
                self.start.lo, self.start.function
            )));
        }
        let text = self.start.function.text().to_owned();
        let (first, error, excess) = self.start.of(&text, true)?;
        // 1 - x y is squared; (1 - x y^2) falls where it is below 1 in size: for y above by less than sqrt(2) - 1 as well.
        let most = match which {
            Inverse::Whole => 1.0,
            Inverse::Root => 0.414,
        };
        if self.iterations > 0 && error >= most {
            return Err(Error::domain(format!(
                "--start-degree {}: the relative error at the start is about {:.3}, and the iteration needs less than {most}",
                self.start.degree,
                error.to_f64()
            )));
        }
        let value = self.value(which);
        let value = value.map(|text| Program::parse(&text)).transpose()?;
        Ok(Chain {
            components: vec![first],
            stated: self.start.stated(value),
            estimate_error: Some((error, excess)),
            words: format!(
                "{name} {} of minimax {}",
                self.iterations, self.start.degree
            ),
        })
    }

    /// The steps; none where the start is all.
    fn value(&self, which: Inverse) -> Option<String> {
        let n = self.iterations;
        let mut text = String::new();
        let mut y = "p".to_owned();
        for i in 1..=n {
            let last = i == n;
            let next = match (self.goldschmidt, which) {
                (false, Inverse::Whole) => format!("{y}*(2 - x*{y})"),
                (false, Inverse::Root) => format!("3/2*{y} - (x/2*{y})*{y}^2"),
                (true, Inverse::Whole) => {
                    text += &match i {
                        1 => "e1 = 1 - x*p; ".to_owned(),
                        _ => format!("e{i} = e{}^2; ", i - 1),
                    };
                    format!("{y}*(1 + e{i})")
                }
                (true, Inverse::Root) => {
                    text += &match i {
                        1 => "g1 = x/2*p; ".to_owned(),
                        _ => format!("g{i} = g{j} + g{j}*r{j}; ", j = i - 1),
                    };
                    text += &format!("r{i} = 1/2 - g{i}*{y}; ");
                    format!("{y} + {y}*r{i}")
                }
            };
            if last {
                return Some(text + &next);
            }
            text += &format!("y{i} = {next}; ");
            y = format!("y{i}");
        }
        None
    }
}
