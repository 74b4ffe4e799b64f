//! Depth and products of what a table of a smooth function computes: its components one after the other, then its value.
//!
//! # How it is counted
//! A product of two ciphertexts is a product and takes a level. A product with a number takes a level and is no product
//! (as in [`cost`](crate::poly::cost)), but for integers: these are additions. Sums cost nothing, powers are computed bit
//! after bit, a step that has a name once. A component of degree 1 or 2 whose coefficients but for the constant are
//! integers (y^2, 2 y^2 - 1) takes no number: 0 or 1 levels. x is at hand at depth 0, and p at that of the components.

use crate::arith::rounding::CoefficientMode;
use crate::function::algebra::{Algebra, Primitive};
use crate::poly::component::Component;
use crate::poly::cost::Cost;
use crate::poly::table::Table;
use rug::Rational;
use std::cell::Cell;

/// Depth and products of the table's value; none where that is no polynomial in x and p.
///
/// # Examples
/// ```
/// use polycert::poly::{chain::cost, Cost, Table};
/// let newton = Table::from_json(r#"{"format":"polycert-table/1","name":"n","target":"smooth","function":"1/x",
///     "value":"y = p*(2 - x*p); y*(2 - x*y)","domain":{"lo":"1","hi":"2"},
///     "components":[{"basis":"power","coefficients":["17/12","-8/17"]}]}"#)?;
/// assert_eq!(cost(&newton), Some(Cost { depth: 5, mults: 4 }));
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn cost(table: &Table) -> Option<Cost> {
    let mut total = Cost { depth: 0, mults: 0 };
    for component in &table.components {
        let own =
            of_integers(component).unwrap_or_else(|| Cost::of(std::slice::from_ref(component)));
        total.depth += own.depth;
        total.mults += own.mults;
    }
    let value = table.smooth.as_ref().and_then(|s| s.value.as_ref());
    let Some(value) = value else {
        return Some(total);
    };
    let levels = Levels {
        products: Cell::new(total.mults),
    };
    let (x, p) = (Value::Encrypted(0), Value::Encrypted(total.depth));
    let (_, value) = value.values(&levels, &x, &p).ok()?;
    match value {
        Value::Encrypted(depth) => Some(Cost {
            depth,
            mults: levels.products.get(),
        }),
        Value::Number { .. } => None,
    }
}

/// Of a linear or quadratic polynomial of y itself with integer coefficients, but for the constant.
fn of_integers(component: &Component) -> Option<Cost> {
    if component.scale != 1u32 || !component.offset.is_zero() || component.degree() > 2 {
        return None;
    }
    let powers = component.powers(CoefficientMode::Exact).ok()?;
    let integers = powers.iter().skip(1).all(|c| *c.denom() == 1u32);
    let degree = powers.len().saturating_sub(1);
    let levels = usize::from(degree == 2);
    integers.then_some(Cost {
        depth: levels,
        mults: levels,
    })
}

/// What a value is, as far as its cost goes.
#[derive(Debug, Clone, Copy)]
enum Value {
    Number { integer: bool },
    Encrypted(usize),
}

/// Counts products, and levels on the way to a value.
struct Levels {
    products: Cell<usize>,
}

impl Levels {
    fn sum(a: Value, b: Value) -> Value {
        match (a, b) {
            (Value::Encrypted(a), Value::Encrypted(b)) => Value::Encrypted(a.max(b)),
            (Value::Encrypted(a), _) | (_, Value::Encrypted(a)) => Value::Encrypted(a),
            (Value::Number { integer: a }, Value::Number { integer: b }) => {
                Value::Number { integer: a && b }
            }
        }
    }
}

impl Algebra for Levels {
    type Value = Value;
    type Fault = ();

    fn constant(&self, c: &Rational) -> Value {
        Value::Number {
            integer: *c.denom() == 1u32,
        }
    }

    fn pi(&self) -> Value {
        Value::Number { integer: false }
    }

    fn plus(&self, a: &Value, b: &Value) -> Value {
        Self::sum(*a, *b)
    }

    fn minus(&self, a: &Value, b: &Value) -> Value {
        Self::sum(*a, *b)
    }

    fn times(&self, a: &Value, b: &Value) -> Result<Value, ()> {
        Ok(match (*a, *b) {
            (Value::Encrypted(a), Value::Encrypted(b)) => {
                self.products.set(self.products.get() + 1);
                Value::Encrypted(a.max(b) + 1)
            }
            (Value::Encrypted(a), Value::Number { integer })
            | (Value::Number { integer }, Value::Encrypted(a)) => {
                Value::Encrypted(a + usize::from(!integer))
            }
            (a, b) => Self::sum(a, b),
        })
    }

    fn inverse(&self, a: &Value) -> Result<Value, ()> {
        match a {
            Value::Number { .. } => Ok(Value::Number { integer: false }),
            Value::Encrypted(_) => Err(()),
        }
    }

    fn root(&self, _: u32, a: &Value) -> Result<Value, ()> {
        self.inverse(a)
    }

    fn apply(&self, _: Primitive, a: &Value) -> Result<Value, ()> {
        self.inverse(a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str, components: &str) -> Option<(usize, usize)> {
        let text = format!(
            r#"{{"format":"polycert-table/1","name":"n","target":"smooth","function":"x","value":"{value}",
            "domain":{{"lo":"1","hi":"2"}},"components":[{components}]}}"#
        );
        cost(&Table::from_json(&text).unwrap()).map(|c| (c.depth, c.mults))
    }

    #[test]
    fn levels_and_products() {
        let line = r#"{"basis":"power","coefficients":["1","1/2"]}"#;
        let square = r#"{"basis":"power","coefficients":["0","0","1"]}"#;
        let double = r#"{"basis":"chebyshev","coefficients":["0","0","1"]}"#;
        let half = r#"{"basis":"power","coefficients":["0","0","1/2"]}"#;
        for (value, components, wanted) in [
            ("p", line.to_owned(), Some((1, 0))),
            ("p", format!("{line},{square},{double}"), Some((3, 2))),
            ("p", format!("{line},{half}"), Some((3, 1))),
            ("x*p", line.to_owned(), Some((2, 1))),
            ("x/2*p", line.to_owned(), Some((2, 1))),
            ("x*p/2", line.to_owned(), Some((3, 1))),
            ("3*p - x", line.to_owned(), Some((1, 0))),
            ("pi*p", line.to_owned(), Some((2, 0))),
            ("sqrt(2)*p", line.to_owned(), Some((2, 0))),
            ("p^5", line.to_owned(), Some((4, 3))),
            // A step that is used twice is computed once.
            ("y = p*p; y*y + y", line.to_owned(), Some((3, 2))),
            ("p*p*(p*p) + p*p", line.to_owned(), Some((3, 4))),
            ("1/p", line.to_owned(), None),
            ("exp(p)", line.to_owned(), None),
        ] {
            assert_eq!(of(value, &components), wanted, "{value}");
        }
    }
}
