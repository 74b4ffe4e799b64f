//! The field `refresh` of an evaluation certificate: the bootstrapping that its input comes from.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::evaluation::refresh::shape::{StatedMap, MAX_STAGES};
use crate::evaluation::stage::Span;
use crate::format::digest::of_bytes;
use crate::format::json::{each, Tree};
use crate::format::numbers::parse_count;
use crate::format::table::number;

/// Linear maps in one direction at most.
const MAX_MAPS: usize = 16;
/// Coefficients of a polynomial of EvalMod at most: degree 127.
const MAX_COEFFICIENTS: usize = 128;
/// Double angles at most.
const MAX_DOUBLINGS: usize = 8;
/// The greatest weight: tails are sums of powers of that degree.
const MAX_WEIGHT: u64 = 512;
/// The greatest K.
const MAX_OVERFLOW: u64 = 512;

/// What is stated of the security of the sparse secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiver {
    Insecure,
    Encapsulated32,
}

/// What is stated of it.
#[derive(Debug)]
pub(crate) struct Refresh {
    /// Whether it is stated that the sparse secret is outside of the tables, or that no security is claimed.
    pub(crate) waiver: Waiver,
    /// Coefficients of the sparse secret that are not 0.
    pub(crate) weight: u64,
    /// log2 of the number of real values, 2n.
    pub(crate) log_values: u64,
    /// The integer that the input is multiplied by.
    pub(crate) gain: u64,
    /// The scale of the input, in units of B.
    pub(crate) scale: Rational,
    pub(crate) to_coefficients: Vec<StatedMap>,
    pub(crate) to_slots: Vec<StatedMap>,
    /// K.
    pub(crate) overflow: u64,
    /// r.
    pub(crate) ratio_log2: u64,
    /// S'.
    pub(crate) unit: Rational,
    /// g and A, in the Chebyshev basis.
    pub(crate) cosine: Vec<Rational>,
    pub(crate) arcsine: Vec<Rational>,
    /// How many cells |m| <= most is cut into, for every I.
    pub(crate) cells: u64,
    /// The stages of EvalMod: y, g, the double angles, A.
    pub(crate) square: Span,
    pub(crate) polynomial: Span,
    pub(crate) doublings: Vec<Span>,
    pub(crate) inverse: Span,
    /// How far the real part of an input slot may be from what is meant, in units of x.
    pub(crate) off: Rational,
}

impl Refresh {
    /// Reads it; `nodes` is the number of nodes, `log_n` that of the ring, `off` what the input is off.
    pub(crate) fn read(
        tree: Tree,
        (nodes, log_n): (usize, u64),
        off: Rational,
        budget: &Budget,
    ) -> Checked<Self> {
        let mut fields = tree.object()?;
        let n = 1u64 << log_n;
        let positive = |t: Tree| {
            let x = number(&t, budget)?;
            if x.is_positive() {
                Ok(x)
            } else {
                Err(Fault::unreadable("not above 0"))
            }
        };
        let count = |lo, hi| move |t: Tree| parse_count(t.text()?, lo, hi);
        let map = |t: Tree| {
            let mut fields = t.object()?;
            let map = StatedMap {
                stages: fields.take("stages", count(1, MAX_STAGES))?,
                babies: fields.take("babies", count(1, n))?,
                scale: fields.take("scale", positive)?,
            };
            fields.finish()?;
            Ok(map)
        };
        let maps = |t: Tree| each(t.list_of(1, MAX_MAPS)?, map);
        let coefficients = |t: Tree| each(t.list_of(2, MAX_COEFFICIENTS)?, |t| number(&t, budget));
        let node = |t: Tree| {
            let most = u64::try_from(nodes.saturating_sub(1)).unwrap_or(0);
            parse_count(t.text()?, 0, most).map(|id| usize::try_from(id).unwrap_or(usize::MAX))
        };
        let span = |t: Tree| Span::read(t, node);
        let waiver = |t: Tree| match t.text()? {
            "encapsulated-32" => Ok(Waiver::Encapsulated32),
            "insecure" => Ok(Waiver::Insecure),
            _ => Err(Fault::unreadable("not one of encapsulated-32, insecure")),
        };
        let read = Self {
            waiver: fields.take("waiver", waiver)?,
            weight: fields.take("weight", count(1, n.min(MAX_WEIGHT)))?,
            log_values: fields.take("log_values", count(2, log_n - 1))?,
            gain: fields.take("gain", count(1, 1 << 20))?,
            scale: fields.take("scale", positive)?,
            to_coefficients: fields.take("to_coefficients", maps)?,
            to_slots: fields.take("to_slots", maps)?,
            overflow: fields.take("overflow", count(1, MAX_OVERFLOW))?,
            ratio_log2: fields.take("ratio_log2", count(3, 20))?,
            unit: fields.take("unit", positive)?,
            cosine: fields.take("cosine", coefficients)?,
            arcsine: fields.take("arcsine", coefficients)?,
            cells: fields.take("cells", count(1, 64))?,
            square: fields.take("square", span)?,
            polynomial: fields.take("polynomial", span)?,
            doublings: fields.take("doublings", |t| each(t.list_of(1, MAX_DOUBLINGS)?, span))?,
            inverse: fields.take("inverse", span)?,
            off,
        };
        fields.finish()?;
        Ok(read)
    }

    /// The digest of the canonical lines (EVALUATION.md, section 2).
    pub(crate) fn digest(&self) -> String {
        let mut lines = format!(
            "polycert-refresh/1\nweight {}\nlog_values {}\ngain {}\nscale {}\n",
            self.weight,
            self.log_values,
            self.gain,
            self.scale.reduced()
        );
        let all = [
            ("to_coefficients", &self.to_coefficients),
            ("to_slots", &self.to_slots),
        ];
        for (name, maps) in all {
            for map in maps {
                let scale = map.scale.reduced();
                lines += &format!("{name} {} {} {scale}\n", map.stages, map.babies);
            }
        }
        lines += &format!(
            "overflow {}\nratio_log2 {}\nunit {}\n",
            self.overflow,
            self.ratio_log2,
            self.unit.reduced()
        );
        of_bytes(lines.as_bytes())
    }

    /// The node of the sine.
    pub(crate) fn sine(&self) -> Checked<usize> {
        let last = self.doublings.last().map(|span| span.output);
        last.ok_or_else(|| Fault::internal("double angles"))
    }

    /// K_1 = K + 1/4 + 2^-r: |t - 1/4| is at most that.
    pub(crate) fn reach(&self) -> Rational {
        let quarter = Rational::raw((4 * self.overflow + 1).into(), 4.into());
        quarter.plus(&Rational::dyadic(1.into(), self.ratio_log2))
    }

    /// K_1/2^R: cos(2 pi turns w) is what g is near.
    pub(crate) fn turns(&self) -> Rational {
        let doublings = u64::try_from(self.doublings.len()).unwrap_or(0);
        self.reach().times(&Rational::dyadic(1.into(), doublings))
    }
}
