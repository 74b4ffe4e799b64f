//! Values: a table's polynomial at points, beside the function that it stands for.

use crate::certify::series::values::{values as enclosed, PointValue};
use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::jobs::certify::Request;
use crate::poly::table::Table;
use rug::Rational;

/// Most points.
pub const MAX_POINTS: usize = 100_000;

/// Encloses p(x), f(x) and the error at points; function, value, measure and coefficients are those of the request, or the
/// table's own.
///
/// **Guarantee** every interval holds the exact value; the points need not lie in the table's domain.
///
/// # Errors
/// A table and a request without a function, a point at which something is not defined, too many points.
///
/// ```
/// use polycert::function::formula::Formula;
/// use polycert::function::target::Function;
/// use polycert::jobs::{certify::Request, values::values};
/// use polycert::poly::Table;
///
/// let table = Table::from_json(r#"{"format":"polycert-table/1","name":"t","target":"smooth","function":"exp(x)",
///     "domain":{"lo":"-1","hi":"1"},"components":[{"basis":"power","coefficients":["1","1","1/2"]}]}"#)?;
/// let found = values(&table, &Request::default(), &[rug::Rational::from(1)])?;
/// assert_eq!(found[0].p.lo, 2.5);
/// assert!(found[0].f.lo > 2.718281828 && found[0].f.hi < 2.718281829);
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn values(table: &Table, request: &Request, points: &[Rational]) -> Result<Vec<PointValue>> {
    if points.len() > MAX_POINTS {
        let detail = format!("--at: {} points, the limit is {MAX_POINTS}", points.len());
        return Err(Error::unsupported(detail));
    }
    let request = Request {
        target: Some(Function::Smooth),
        ..request.clone()
    };
    request.check(table)?;
    let difference = request.difference(table)?;
    enclosed(table, &difference, request.coefficients, points)
}
