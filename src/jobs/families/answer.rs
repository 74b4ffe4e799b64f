//! What a family gives: a table with its provenance, and what its fit says of itself.

use crate::function::target::Function;
use crate::poly::component::Component;
use crate::poly::cost::Cost;
use crate::poly::table::{Domain, Output, Table};
use std::collections::BTreeMap;

/// A table. *Estimate*: nothing about it is proved before it is certified.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The table.
    pub table: Table,
    /// What the fit says of itself, where it is iterated: of a chain the fit that it begins with.
    pub estimate_fit: Option<FitEstimate>,
    /// Of a smooth function: depth and products of what is computed, as [`chain`](crate::poly::chain) counts them.
    pub cost: Option<Cost>,
}

/// What an exchange reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitEstimate {
    /// Levelled error, in the function's units.
    pub estimate_error: f64,
    /// Largest over least error at the extrema, less 1.
    pub estimate_excess: f64,
}

impl Answer {
    pub(super) fn of(table: Table) -> Self {
        Self {
            table,
            estimate_fit: None,
            cost: None,
        }
    }
}

/// A table with its provenance.
pub(super) fn table(
    name: String,
    target: Function,
    domain: Domain,
    components: Vec<Component>,
    about: &[(&str, String)],
) -> Table {
    let generator = format!("polycert {} family", env!("CARGO_PKG_VERSION"));
    let mut provenance = BTreeMap::from([("generator".to_owned(), generator)]);
    provenance.extend(about.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    Table {
        name,
        target,
        output: Output::default(),
        slope: None,
        ends: None,
        smooth: None,
        domain,
        components,
        provenance,
    }
}
