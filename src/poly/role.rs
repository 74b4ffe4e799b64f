//! What a table may serve as: a sign that other functions are made of, or a function itself.

use crate::error::{Error, Result};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::poly::table::Table;

/// What p is, by the table's target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// p ~ sign: ReLU, max and the like are made of it.
    Sign,
    /// p ~ the function itself, on the table's own domain.
    Direct(Shape),
}

impl Table {
    /// What p is.
    pub fn role(&self) -> Role {
        match self.target {
            Function::Direct(shape) => Role::Direct(shape),
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

    /// Refuses a table that is no sign, where `user` makes other functions of one.
    ///
    /// # Errors
    /// A direct target.
    pub fn must_be_sign(&self, user: &str) -> Result<()> {
        match self.role() {
            Role::Sign => Ok(()),
            Role::Direct(_) => Err(Error::parse(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_direct_targets_are_no_sign() {
        for (target, name) in Function::ALL {
            let text = format!(
                r#"{{"format":"polycert-table/1","name":"t","target":"{name}","domain":{{"lo":"-1","hi":"1"}},
                "components":[{{"basis":"power","coefficients":["0","1"]}}]}}"#
            );
            let table = Table::from_json(&text).unwrap();
            let direct = name.starts_with("direct_");
            assert_eq!(table.role() == Role::Sign, !direct, "{target}");
            let refused = table.must_be_sign("this test").map_err(|e| e.to_string());
            assert_eq!(refused.is_err(), direct);
            assert!(refused.map_or_else(|e| e.contains(name), |()| true));
        }
    }
}
