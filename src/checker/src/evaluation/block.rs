//! Where a circuit evaluates the composite.

use crate::evaluation::stage::Span;
use num_bigint::BigInt;

/// One evaluation of the composite.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) argument: usize,
    pub(crate) output: usize,
    pub(crate) spans: Vec<Span>,
    /// The ends of the cells of |x|/B, for each branch; of x for p itself.
    pub(crate) cells: Vec<Vec<BigInt>>,
}
