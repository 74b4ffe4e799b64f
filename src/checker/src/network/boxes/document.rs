//! The content of a `polycert-network-box/1` (certificates/NETWORK.md).

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::format::json::{each, parse, Tree};
use crate::format::numbers::parse_count;
use crate::format::table::constant;
use crate::network::boxes::fixed::{rounded_down, rounded_up, SLOPE_BITS};
use crate::network::boxes::lines::{Function, Range, Tilted};

/// The format's tag.
pub(crate) const FORMAT: &str = "polycert-network-box/1";
/// Most inputs, outputs, and functions of one activation.
const MAX_LIST: usize = 1 << 16;
/// Most activations.
const MAX_ACTIVATIONS: usize = 1_000;

/// What stands at one element of an activation.
pub(crate) enum Element {
    /// ReLU.
    Relu,
    /// Any function with these properties on this range, which is rounded inward.
    Any { range: Range, function: Function },
}

/// The certificate's content, over 2^precision.
pub(crate) struct BoxDocument {
    pub(crate) network_sha256: String,
    pub(crate) precision: u32,
    /// Rounded outward.
    pub(crate) sides: Vec<Range>,
    pub(crate) activations: Vec<Vec<Element>>,
    /// Rounded down: less is claimed than is stated to be.
    pub(crate) differences: Vec<i64>,
    /// As stated.
    pub(crate) stated: Vec<Rational>,
}

pub(crate) fn read(bytes: &[u8]) -> Checked<BoxDocument> {
    let budget = &Budget::new();
    let mut fields = parse(bytes)?.object()?;
    fields.take("format", |t| constant(&t, FORMAT))?;
    let precision = fields.take("precision", |t| parse_count(t.text()?, 16, 48))?;
    let precision = u32::try_from(precision).map_err(|_| Fault::internal("precision"))?;
    let network_sha256 = fields.take("network_sha256", |t| Ok(t.text()?.to_owned()))?;
    let sides = fields.take("box", |t| {
        each(t.list_of(1, MAX_LIST)?, |t| {
            let (lo, hi) = t.pair()?;
            let range = Range {
                lo: rounded_down(&number(&lo, budget)?, precision)?,
                hi: rounded_up(&number(&hi, budget)?, precision)?,
            };
            not_empty(range)
        })
    })?;
    let activations = fields.take("activations", |t| {
        each(t.list_of(0, MAX_ACTIVATIONS)?, |t| {
            each(t.list_of(1, MAX_LIST)?, |t| element(t, precision, budget))
        })
    })?;
    let stated = fields.take("differences", |t| {
        each(t.list_of(1, MAX_LIST)?, |t| number(&t, budget))
    })?;
    let down = stated.iter().map(|d| rounded_down(d, precision));
    let differences = down.collect::<Checked<_>>()?;
    fields.finish()?;
    Ok(BoxDocument {
        network_sha256,
        precision,
        sides,
        activations,
        differences,
        stated,
    })
}

fn number(t: &Tree, budget: &Budget) -> Checked<Rational> {
    Rational::parse(t.text()?, budget)
}

fn not_empty(range: Range) -> Checked<Range> {
    match range.lo <= range.hi {
        true => Ok(range),
        false => Err(Fault::unreadable("the interval is empty")),
    }
}

/// `relu`, or lo, hi, and the ends of f(x) - max(x, 0); and perhaps s and the ends of f(x) - s x.
fn element(t: Tree, precision: u32, budget: &Budget) -> Checked<Element> {
    if let Tree::Text(text) = &t {
        return match text.as_ref() {
            "relu" => Ok(Element::Relu),
            _ => Err(Fault::unreadable("relu or a list is expected")),
        };
    }
    let numbers = each(t.list_of(4, 7)?, |t| number(&t, budget))?;
    let down = |x: &Rational| rounded_down(x, precision);
    let up = |x: &Rational| rounded_up(x, precision);
    let (range, apart, tilted) = match numbers.as_slice() {
        [lo, hi, least, most] => ((lo, hi), (least, most), None),
        [lo, hi, least, most, s, below, above] => {
            let slope = Tilted {
                slope: slope(s)?,
                range: not_empty(Range {
                    lo: down(below)?,
                    hi: up(above)?,
                })?,
            };
            ((lo, hi), (least, most), Some(slope))
        }
        _ => return Err(Fault::unreadable("4 or 7 numbers are expected")),
    };
    let apart = Range {
        lo: down(apart.0)?,
        hi: up(apart.1)?,
    };
    let range = Range {
        lo: up(range.0)?,
        hi: down(range.1)?,
    };
    Ok(Element::Any {
        range,
        function: Function {
            apart: not_empty(apart)?,
            tilted,
        },
    })
}

/// A slope within 4 of 0, a multiple of 2^-30.
fn slope(s: &Rational) -> Checked<i64> {
    let (down, up) = (
        s.floor_at(u64::from(SLOPE_BITS)),
        s.ceil_at(u64::from(SLOPE_BITS)),
    );
    let slope = i64::try_from(&down)
        .ok()
        .filter(|s| s.abs() <= 4 << SLOPE_BITS);
    match slope {
        Some(slope) if down == up => Ok(slope),
        _ => Err(Fault::unreadable(
            "a slope is a multiple of 2^-30 within 4 of 0",
        )),
    }
}
