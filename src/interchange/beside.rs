//! What a JSON file says beside its coefficients: what is certain is honoured, what could change the
//! meaning is asked, the rest is named.
//!
//! A value is read where it is a number, a pair of numbers or one known word. Text for people ("x near +-1")
//! is no statement that a program can hold a table to, and is named as not read.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::interchange::hints::{Hints, Order};
use crate::interchange::source::Scalar;
use crate::poly::table::Output;
use rug::Rational;
use serde_json::{Map, Value};

const DOMAINS: [&str; 8] = [
    "domain",
    "interval",
    "range",
    "inputrange",
    "inputdomain",
    "bounds",
    "support",
    "limits",
];
/// Names of the lower and the upper end, in pairs.
const ENDS: [(&str, &str); 11] = [
    ("lo", "hi"),
    ("low", "high"),
    ("lower", "upper"),
    ("min", "max"),
    ("xmin", "xmax"),
    ("minx", "maxx"),
    ("left", "right"),
    ("a", "b"),
    ("domainlower", "domainupper"),
    ("lowerbound", "upperbound"),
    ("start", "end"),
];
const ORDERS: [&str; 5] = [
    "order",
    "ordering",
    "coefficientorder",
    "coefficientsorder",
    "coefforder",
];
const TARGETS: [&str; 7] = [
    "target",
    "function",
    "func",
    "activation",
    "activationfunction",
    "activ",
    "approximates",
];
/// What shifts or maps the variable, for which there is no option.
const SHIFTS: [&str; 12] = [
    "offset", "shift", "bias", "center", "centre", "mean", "window", "std", "stddev", "map",
    "inputmap", "bound",
];

/// What is said, as far as it is certain.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub domain: Option<(Rational, Rational)>,
    pub order: Option<Order>,
    pub target: Option<Function>,
    pub output: Option<Output>,
    pub slope: Option<Rational>,
    /// What is not read.
    pub ignored: Vec<String>,
}

/// A key without case, blanks and underscores.
fn plain(key: &str) -> String {
    let letters = key.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Whether an array of this name is a domain rather than coefficients.
pub(super) fn is_domain(key: &str) -> bool {
    DOMAINS.contains(&plain(key).as_str())
}

/// Whether two values under this name would be two meanings.
pub(super) fn matters(key: &str) -> bool {
    let name = plain(key);
    let name = name.as_str();
    let ends = ENDS.iter().any(|(a, b)| *a == name || *b == name);
    let lists: [&[&str]; 4] = [&DOMAINS, &ORDERS, &TARGETS, &SHIFTS];
    ends || scales(name) || name == "basis" || lists.iter().any(|l| l.contains(&name))
}

fn numeric(value: &Value) -> Option<Rational> {
    match value {
        Value::Number(n) => number::parse(&n.to_string()).ok(),
        Value::String(text) => number::parse(text.trim()).ok(),
        _ => None,
    }
}

fn pair(value: &Value) -> Option<(Rational, Rational)> {
    let parsed;
    let list = match value {
        Value::Array(list) => list,
        Value::String(text) => {
            let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
            parsed = inner.split(',').map(|t| Value::from(t.trim())).collect();
            &parsed
        }
        _ => return None,
    };
    match list.as_slice() {
        [lo, hi] => Some((numeric(lo)?, numeric(hi)?)),
        _ => None,
    }
}

/// Text for people: several words.
fn is_prose(value: &Value) -> bool {
    value.as_str().is_some_and(|t| t.trim().contains(' '))
}

/// Reads what stands beside the coefficients.
///
/// # Errors
/// At its key: what could change the meaning and is not certain, where no option says it; what cannot be
/// honoured; two statements of one thing.
pub(super) fn read(fields: &Map<String, Value>, hints: &Hints) -> Result<Beside> {
    let mut said = Beside::default();
    for (key, value) in fields {
        let name = plain(key);
        let name = name.as_str();
        let fail = |detail: String| Err(Error::parse(key.clone(), detail));
        let text = value.as_str().unwrap_or("").trim().to_ascii_lowercase();
        let shown: String = value.to_string().chars().take(60).collect();
        let mut ignore = || said.ignored.push(format!("{key}: {shown}"));
        let number = numeric(value);
        if name == "basis" || name == "components" || name == "format" || value.is_null() {
            continue;
        }
        if is_prose(value) && pair(value).is_none() {
            ignore();
        } else if DOMAINS.contains(&name) {
            let Some(ends) = pair(value).filter(|(lo, hi)| lo < hi) else {
                if hints.hi.is_some() {
                    ignore();
                    continue;
                }
                return fail(format!(
                    "{shown} is no interval [lo, hi]: say by --lo, --hi where x is meant"
                ));
            };
            if said.domain.replace(ends).is_some() {
                return fail("a second domain".to_owned());
            }
        } else if let Some((low, high)) = ENDS
            .iter()
            .find(|(a, b)| (*a == name || *b == name) && number.is_some())
        {
            let of = |wanted: &str| {
                let found = fields.iter().find(|(k, _)| plain(k) == wanted);
                found.and_then(|(_, v)| numeric(v))
            };
            match (of(low), of(high)) {
                (Some(lo), Some(hi)) if lo < hi && *low == name => {
                    if said.domain.replace((lo, hi)).is_some() {
                        return fail("a second domain".to_owned());
                    }
                }
                (Some(lo), Some(hi)) if lo < hi => {}
                _ if hints.hi.is_some() => ignore(),
                _ => {
                    return fail(format!(
                        "{shown} may be an end of the domain: say it by --lo, --hi"
                    ));
                }
            }
        } else if ORDERS.contains(&name) && value.is_string() {
            said.order = match text.replace(['-', ' '], "_").as_str() {
                "lowest" | "lowest_first" | "ascending" | "increasing" | "low_to_high" => {
                    Some(Order::Lowest)
                }
                "highest" | "highest_first" | "descending" | "decreasing" | "high_to_low" => {
                    Some(Order::Highest)
                }
                _ if hints.order.is_some() => None,
                _ => {
                    return fail(format!(
                        "{shown}; expected lowest or highest: say it by --order"
                    ));
                }
            };
        } else if TARGETS.contains(&name) {
            target(key, &text, hints, &mut said)?;
        } else if matches!(name, "output" | "laststage") {
            said.output = match text.as_str() {
                "sign" => Some(Output::Sign),
                "step" => Some(Output::Step),
                _ if hints.output.is_some() => None,
                _ => return fail(format!("{shown}: say by --last-stage what it means")),
            };
        } else if matches!(name, "slope" | "negativeslope") && number.is_some() {
            said.slope = number;
        } else if matches!(name, "eps" | "epsilon" | "gap") {
            if hints.eps.is_none() && hints.target.is_none_or(Function::needs_eps) {
                return fail(format!(
                    "{shown}: say by --eps from which |x| on the polynomial is meant, or by --target that it does not stand for sign"
                ));
            }
            ignore();
        } else if scales(name) && number != Some(Rational::from(1)) && text != "none" {
            if hints.factors.is_none() {
                return fail(format!(
                    "{shown} stands beside the coefficients: say by --factor what they are multiplied by (1 for nothing)"
                ));
            }
            ignore();
        } else if SHIFTS.contains(&name) && !number.as_ref().is_some_and(Rational::is_zero) {
            return fail(format!(
                "{shown}: no option says what it does to the polynomial; write its resulting coefficients, and leave this out"
            ));
        } else if name != "basis" && hints.basis.is_none() && names_a_basis(&text) {
            return fail(format!(
                "{shown} names a basis: say by --basis power or chebyshev"
            ));
        } else if !value.is_array() && !value.is_object() {
            ignore();
        }
    }
    if let (Some(own), Some(asked)) = (said.order, hints.order) {
        if own != asked {
            let detail = "the file says the other order than --order";
            return Err(Error::parse("order", detail));
        }
    }
    Ok(said)
}

fn scales(name: &str) -> bool {
    let scalar = Scalar {
        name: name.to_owned(),
        value: Rational::new(),
        line: 0,
    };
    scalar.scales()
}

fn names_a_basis(text: &str) -> bool {
    ["cheb", "monomial", "legendre", "hermite", "bernstein"]
        .iter()
        .any(|basis| text.contains(basis))
}

/// The function that the file names: "relu" alone may be the polynomial itself, or by way of sign.
fn target(key: &str, text: &str, hints: &Hints, said: &mut Beside) -> Result<()> {
    let own = text.parse::<Function>().ok();
    let direct = format!("direct_{text}").parse::<Function>().ok();
    if hints.target.is_some() {
        if own != hints.target && direct != hints.target {
            said.ignored.push(format!("{key}: {text}"));
        }
        return Ok(());
    }
    said.target = match (own, direct) {
        // What the composite is; which function is made of it the file does not say.
        (Some(Function::Sign), _) => None,
        (Some(one), None) | (None, Some(one)) => Some(one),
        (Some(_), Some(_)) => {
            let detail = format!(
                "{text:?}: say by --target direct_{text} that the polynomial is {text} itself, or by --target {text} that it stands for sign"
            );
            return Err(Error::parse(key, detail));
        }
        (None, None) => {
            let detail = format!("{text:?} is no function known here: say by --target what the polynomial stands for");
            return Err(Error::parse(key, detail));
        }
    };
    Ok(())
}
