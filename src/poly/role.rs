//! What a table may serve as: a sign that other functions are made of, or a function itself.

use crate::arith::number;
use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::poly::composite::Composite;
use crate::poly::table::{Domain, Output, Table};
use rug::{Float, Rational};

/// What p is, by the table's target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// p ~ sign: ReLU, max and the like are made of it.
    Sign,
    /// p ~ the function itself, on the table's own domain.
    Direct(Shape),
    /// p ~ a smooth function, or a part of it, on the table's own domain.
    Smooth,
}

impl Table {
    /// What p is.
    pub fn role(&self) -> Role {
        match self.target {
            Function::Direct(shape) => Role::Direct(shape),
            Function::Smooth => Role::Smooth,
            Function::Sign
            | Function::Step
            | Function::Relu
            | Function::LeakyRelu
            | Function::Abs
            | Function::Clip
            | Function::Relu6
            | Function::Max
            | Function::MaxPool
            | Function::Argmax => Role::Sign,
        }
    }

    /// Whether x is meant in [-1, 1], but for the margin that a search added for the error of a scheme.
    pub fn is_of_unit_domain(&self) -> bool {
        let eta = self.provenance.get("eta");
        let eta = eta.and_then(|e| number::parse(e).ok()).unwrap_or_default();
        let Domain { lo, hi, .. } = &self.domain;
        *hi == eta + 1u32 && Rational::from(-lo) == *hi
    }

    /// Refuses a table that is no sign on [-1, 1], where `user` applies one to x/B.
    ///
    /// # Errors
    /// A direct target, another domain.
    pub fn must_be_sign(&self, user: &str) -> Result<()> {
        match self.role() {
            Role::Sign if !self.is_of_unit_domain() => {
                let Domain { lo, hi, .. } = &self.domain;
                Err(Error::domain(format!(
                    "the table is meant for x in [{lo}, {hi}], {user} applies it to x/B in [-1, 1]: \
                     polycert import with --hi 1 if that is what it is for"
                )))
            }
            Role::Sign => Ok(()),
            Role::Direct(_) | Role::Smooth => Err(Error::parse(
                "target",
                format!(
                    "{} means that p(x) is the function itself; {user} takes a composite p ~ sign, a table whose \
                     target is sign, relu, max or another that is made of sign",
                    self.target
                ),
            )),
        }
    }
}

/// Of an estimate.
const BITS: u32 = 512;
/// How near to 0 and 1 the ends of a step are.
const NEAR: f64 = 0.125;

impl Table {
    /// *Estimate*: whether the last stage gives 0 and 1 where that of a composite p ~ sign gives -1 and 1, by its values
    /// at both ends of the domain.
    pub fn estimate_is_step(&self) -> bool {
        if self.role() != Role::Sign || self.output == Output::Step {
            return false;
        }
        let Ok(composite) = Composite::new(self, CoefficientMode::Exact) else {
            return false;
        };
        let value = |x: &Rational| {
            let stages = &composite.branches[0].stages;
            let start = Float::with_val(BITS, x);
            stages.iter().fold(start, |y, stage| {
                let terms = stage.iter().rev();
                terms.fold(Float::new(BITS), |v, c| v * &y + c)
            })
        };
        let (low, high) = (value(&self.domain.lo), value(&self.domain.hi));
        low.abs() <= NEAR && (high - 1u32).abs() <= NEAR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_direct_targets_are_no_sign() {
        for (target, name) in Function::ALL {
            let direct = target.is_itself();
            let function = match target {
                Function::Smooth => r#""function":"exp(x)","#,
                _ => "",
            };
            let text = format!(
                r#"{{"format":"polycert-table/1","name":"t",{function}"target":"{name}","domain":{{"lo":"-1","hi":"1"}},
                "components":[{{"basis":"power","coefficients":["0","1"]}}]}}"#
            );
            let table = Table::from_json(&text).unwrap();
            assert_eq!(table.role() == Role::Sign, !direct, "{target}");
            let refused = table.must_be_sign("this test").map_err(|e| e.to_string());
            assert_eq!(refused.is_err(), direct);
            assert!(refused.map_or_else(|e| e.contains(name), |()| true));
        }
    }
}
