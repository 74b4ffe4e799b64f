//! What calls say of a list is honoured: basis, order, interval, half of the first coefficient.

use crate::error::{Error, Result};
use crate::interchange::ends::Interval;
use crate::interchange::source::{Form, Group};
use crate::interchange::tokens::Tokens;
use crate::interchange::uses::Use;
use crate::poly::basis::interval_map;
use crate::poly::component::Basis;
use rug::Rational;

/// What to do about a list that is not read.
pub(super) const HOW: &str = "write the resulting numbers into a file of their own and import that";

/// Basis, order and interval of the calls that have a list.
pub(super) fn honour(
    t: &Tokens,
    uses: &[Use],
    asked: Option<&(Rational, Rational)>,
    group: &mut Group,
) -> Result<()> {
    let Some(first) = uses.first() else {
        return Ok(());
    };
    if let Some(foreign) = uses.iter().find(|u| u.foreign) {
        let name = t.word(foreign.at).unwrap_or("");
        let detail = format!(
            "{}: {name} is of a basis that no table here has (power and chebyshev): convert the list",
            t.quote(foreign.at)
        );
        return Err(Error::parse("", detail));
    }
    let same = |u: &&Use| {
        (u.basis, u.highest, u.halved, &u.interval)
            == (first.basis, first.highest, first.halved, &first.interval)
    };
    if let Some(second) = uses.iter().find(|u| !same(u)) {
        let detail = format!(
            "the list of {} is taken for two polynomials, at {} and at {}: {HOW}",
            group.place(),
            t.quote(first.at),
            t.quote(second.at)
        );
        return Err(Error::parse("", detail));
    }
    let asked = asked.filter(|_| first.halved);
    let interval = match (&first.interval, asked) {
        (Some(Interval::Known(a, b)), Some((lo, hi))) if (a, b) != (lo, hi) => {
            let detail = format!(
                "{} says another interval than --interval",
                t.quote(first.at)
            );
            return Err(Error::parse("", detail));
        }
        (Some(Interval::Known(a, b)), _) => Some((a.clone(), b.clone())),
        (_, Some(asked)) => Some(asked.clone()),
        (Some(Interval::Unread), None) => {
            let option = match first.halved {
                true => ": say it by --from openfhe --interval A,B",
                false => ": write its numbers into the call",
            };
            let detail = format!(
                "{}: its interval is not two numbers{option}",
                t.quote(first.at)
            );
            return Err(Error::parse("", detail));
        }
        (None, None) => None,
    };
    let (scale, offset) = match &interval {
        Some((a, b)) => interval_map(a, b),
        None => (Rational::from(1), Rational::new()),
    };
    for item in &mut group.items {
        if item.count > item.values.len() {
            continue;
        }
        if first.highest {
            item.values.reverse();
        }
        if first.halved {
            if let Some(c) = item.values.first_mut() {
                *c /= 2u32;
            }
        }
        item.form = Some(Form {
            basis: first.basis,
            scale: scale.clone(),
            offset: offset.clone(),
            domain: interval.clone(),
        });
    }
    group.told = Some(told(t, first));
    Ok(())
}

fn told(t: &Tokens, first: &Use) -> String {
    let basis = match first.basis {
        Basis::Power => "powers",
        Basis::Chebyshev => "a Chebyshev series",
    };
    let order = match first.highest {
        true => ", the highest degree first",
        false => "",
    };
    let half = match first.halved {
        true => ", the first coefficient halved",
        false => "",
    };
    format!("{} takes it for {basis}{order}{half}", t.quote(first.at))
}
