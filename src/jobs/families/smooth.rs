//! Minimax polynomials of smooth functions.

use crate::approx::fit::smooth::minimax;
use crate::arith::number::decimal;
use crate::arith::rounding::nearest_multiple;
use crate::error::{Error, Result};
use crate::function::point::Points;
use crate::function::target::Function;
use crate::jobs::families::answer::{table, Answer, FitEstimate};
use crate::jobs::families::request::Smooth;
use crate::poly::component::{Basis, Component};
use crate::poly::smooth::Smooth as Stated;
use crate::poly::table::Domain;
use rug::{Float, Rational};

/// What was fitted: the component on [lo, hi], the levelled error, and how level it is.
pub(super) struct Fitted {
    pub component: Component,
    pub estimate_error: Float,
    pub estimate_excess: f64,
}

fn shown(x: &Float) -> String {
    decimal(&x.to_rational().unwrap_or_default(), 12, false)
}

impl Smooth {
    /// The fit, with rounded coefficients.
    pub(super) fn fitted(&self) -> Result<Fitted> {
        let (lo, hi) = (&self.lo, &self.hi);
        if lo >= hi || lo.clone().abs().max(hi.clone().abs()) > 1_000_000u32 {
            return Err(Error::domain(format!(
                "the domain [{lo}, {hi}] is empty, or beyond 10^6"
            )));
        }
        let half = Rational::from(hi - lo) / 2u32;
        let middle = Rational::from(hi + lo) / 2u32;
        let f = |u: &Float| {
            let points = Points { prec: u.prec() };
            let x = Float::with_val(u.prec(), u * &half) + &middle;
            // Rounding may leave the domain by the last bit, and a function with an end has it there.
            let x = x.clamp(lo, hi);
            let place = crate::arith::mp::Mp::exact(&x);
            let value = self.function.expression().value(&points, &place, &place);
            let value = value.map_err(|why| {
                Error::domain(format!(
                    "{} is not defined at x = {}: {why}",
                    self.function,
                    shown(&x)
                ))
            })?;
            let (value, _) = value.ball();
            if self.relative && value.is_zero() {
                let detail = "a relative error is of functions without zeros";
                return Err(Error::domain(format!(
                    "{detail}: {} is 0 at {}",
                    self.function,
                    shown(&x)
                )));
            }
            let weight = match self.relative {
                true => value.clone().recip(),
                false => Float::with_val(u.prec(), 1),
            };
            Ok((value, weight))
        };
        let fit = minimax(&f, self.degree)?;
        let exact = |c: &Float| c.to_rational().unwrap_or_default();
        let rounded = fit.chebyshev.iter();
        let rounded = rounded.map(|c| nearest_multiple(&exact(c), -i64::from(self.bits)));
        let mut component = Component::new(Basis::Chebyshev, rounded.collect());
        component.scale = half.recip();
        component.offset = -middle * &component.scale;
        Ok(Fitted {
            component,
            estimate_error: fit.estimate_error,
            estimate_excess: fit.estimate_excess,
        })
    }

    /// The table.
    pub(super) fn table(&self) -> Result<Answer> {
        let fitted = self.fitted()?;
        let relative = if self.relative { ", relative" } else { "" };
        let words = format!(
            "minimax of {}, degree {}{relative}",
            self.function, self.degree
        );
        let about = [
            ("fit", words),
            (
                "estimate: minimax error",
                format!("{:.12e}", fitted.estimate_error),
            ),
            ("coefficients", format!("multiples of 2^-{}", self.bits)),
        ];
        let domain = Domain {
            lo: self.lo.clone(),
            hi: self.hi.clone(),
            eps: None,
        };
        let name: String = self.function.text().chars().take(150).collect();
        let name = format!("{name} minimax {}", self.degree);
        let mut table = table(
            name,
            Function::Smooth,
            domain,
            vec![fitted.component],
            &about,
        );
        table.smooth = Some(self.stated());
        Ok(Answer {
            table,
            estimate_fit: Some(FitEstimate {
                estimate_error: fitted.estimate_error.to_f64(),
                estimate_excess: fitted.estimate_excess,
            }),
            cost: None,
        })
    }

    /// What the table states besides its numbers.
    fn stated(&self) -> Stated {
        Stated {
            function: self.function.clone(),
            value: None,
            segments: Vec::new(),
        }
    }
}
