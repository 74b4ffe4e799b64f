//! The maps between stages: stage i works on u = (y - m_i)/K_i, and gives (P_i(y) - m_(i+1))/D_i.

use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;

/// Of all stages.
#[derive(Debug)]
pub(crate) struct Maps<'a> {
    /// K_1, ..., K_k.
    pub(crate) reaches: &'a [Rational],
    /// m_1, ..., m_k.
    pub(crate) centres: &'a [Rational],
    /// D_1, ..., D_k.
    pub(crate) divisors: &'a [Rational],
}

/// Of one stage.
#[derive(Debug)]
pub(crate) struct Map<'a> {
    pub(crate) reach: &'a Rational,
    pub(crate) centre: &'a Rational,
    pub(crate) divisor: &'a Rational,
    /// m_(i+1), 0 behind the last stage.
    pub(crate) shift: Rational,
}

impl Maps<'_> {
    pub(crate) fn of(&self, i: usize) -> Checked<Map<'_>> {
        let missing = || Fault::internal("a reach");
        Ok(Map {
            reach: self.reaches.get(i).ok_or_else(missing)?,
            centre: self.centres.get(i).ok_or_else(missing)?,
            divisor: self.divisors.get(i).ok_or_else(missing)?,
            shift: self
                .centres
                .get(i + 1)
                .cloned()
                .unwrap_or(Rational::integer(0)),
        })
    }
}
