//! What a JSON file says beside its coefficients: what is certain is honoured, what could change the
//! meaning is asked, the rest is named.
//!
//! A value is read where it is a number, a pair of numbers or a known word. Known keys come first; text for
//! people under them is asked where it may say something else than what is taken (`prose.rs`). Other text is no
//! statement that a program can hold a table to, and is named as not read.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::interchange::hints::{Hints, Order};
use crate::interchange::prose;
use crate::interchange::source::scales;
use crate::poly::table::Output;
use rug::Rational;
use serde_json::{Map, Value};

const DOMAINS: [&str; 10] = [
    "domain",
    "interval",
    "range",
    "inputrange",
    "inputdomain",
    "bounds",
    "support",
    "limits",
    "xrange",
    "approxinterval",
];
/// Names of the lower and the upper end, in pairs.
const ENDS: [(&str, &str); 12] = [
    ("lo", "hi"),
    ("low", "high"),
    ("lower", "upper"),
    ("xmin", "xmax"),
    ("minx", "maxx"),
    ("left", "right"),
    ("a", "b"),
    ("domainlower", "domainupper"),
    ("domainmin", "domainmax"),
    ("inputmin", "inputmax"),
    ("lowerbound", "upperbound"),
    ("start", "end"),
];
/// Pairs that may as well be the ends of a clip.
const CLIPS: [&str; 5] = ["lower", "lo", "low", "lowerbound", "a"];
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

/// What changes the meaning in a way that a value alone does not say; and what to do about it, by an option or by
/// hand.
const CHANGES: [(&[&str], Remedy); 4] = [
    (
        &[
            "highestfirst",
            "lowestfirst",
            "reversed",
            "coeffsorder",
            "polyorder",
            "degreeorder",
        ],
        Remedy::Order,
    ),
    (
        &["denominator", "divideby", "fracbits", "exponent"],
        Remedy::Factor,
    ),
    (&["parity", "odd", "exponents"], Remedy::Zeros),
    (
        &["convention", "c0halved", "applicationorder"],
        Remedy::Hand,
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Remedy {
    Order,
    Factor,
    Zeros,
    Hand,
}

impl Remedy {
    fn of(name: &str) -> Option<Self> {
        let found = CHANGES.iter().find(|(names, _)| names.contains(&name));
        found.map(|(_, remedy)| *remedy)
    }

    fn is_given(self, hints: &Hints) -> bool {
        match self {
            Self::Order => hints.order.is_some(),
            Self::Factor => hints.factors.is_some(),
            Self::Zeros => hints.degrees.is_some(),
            Self::Hand => false,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Order => "say by --order which coefficient stands first",
            Self::Factor => "say by --factor what the coefficients are multiplied by (1 for nothing)",
            Self::Zeros => {
                "write every coefficient from degree 0 upwards, zeros too, and leave this out; or say the degrees by --degrees"
            }
            Self::Hand => {
                "write the resulting coefficients, components first applied first, and leave this out"
            }
        }
    }
}

/// What is said, as far as it is certain.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub domain: Option<(Rational, Rational)>,
    pub order: Option<Order>,
    pub target: Option<Function>,
    pub output: Option<Output>,
    pub slope: Option<Rational>,
    /// The degree of its one polynomial.
    pub degree: Option<Rational>,
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
    ends || scales(key)
        || name == "basis"
        || Remedy::of(name).is_some()
        || lists.iter().any(|l| l.contains(&name))
}

fn numeric(value: &Value) -> Option<Rational> {
    match value {
        Value::Number(n) => number::parse(&n.to_string()).ok(),
        Value::String(text) => number::parse(text.trim()).ok(),
        _ => None,
    }
}

/// Two numbers: a list or a text of them, or an object of the names of ends.
pub(super) fn pair(value: &Value) -> Option<(Rational, Rational)> {
    let parsed;
    let list = match value {
        Value::Array(list) => list,
        Value::Object(fields) => {
            let of = |wanted: &str| fields.iter().find(|(k, _)| plain(k) == wanted);
            let both = |(lo, hi): &(&str, &str)| Some((of(lo)?.1, of(hi)?.1));
            let (lo, hi) = ENDS.iter().chain(&[("min", "max")]).find_map(both)?;
            return Some((numeric(lo)?, numeric(hi)?)).filter(|_| fields.len() == 2);
        }
        Value::String(text) => {
            let text = text.trim();
            let within = |a, b| text.strip_prefix(a)?.strip_suffix(b);
            let inner = within('[', ']')
                .or_else(|| within('(', ')'))
                .unwrap_or(text);
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
    let mut clips = None;
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
        let nothing = matches!(text.as_str(), "none" | "no" | "false" | "nothing")
            || *value == Value::Bool(false);
        let prose = is_prose(value) && pair(value).is_none();
        if DOMAINS.contains(&name) {
            if prose && (hints.hi.is_some() || !prose::says_an_interval(&text)) {
                ignore();
                continue;
            }
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
                    clips = clips.or(Some(key).filter(|_| CLIPS.contains(&name)));
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
            said.order = match prose::order(&text) {
                Some(order) => Some(order),
                None if hints.order.is_some() || prose && !prose::says_an_order(&text) => {
                    ignore();
                    continue;
                }
                None => {
                    return fail(format!(
                        "{shown}; expected lowest or highest: say it by --order"
                    ));
                }
            };
        } else if TARGETS.contains(&name) && !prose {
            target(key, &text, hints, &mut said)?;
        } else if matches!(name, "output" | "laststage") && !prose {
            said.output = match text.as_str() {
                "sign" => Some(Output::Sign),
                "step" => Some(Output::Step),
                _ if hints.output.is_some() => None,
                _ => return fail(format!("{shown}: say by --last-stage what it means")),
            };
        } else if matches!(name, "slope" | "negativeslope") && number.is_some() {
            said.slope = number;
        } else if matches!(name, "degree" | "deg" | "polydegree") && number.is_some() {
            said.degree = number;
        } else if matches!(name, "eps" | "epsilon" | "gap") {
            if hints.eps.is_none() && hints.target().is_none_or(Function::needs_eps) {
                return fail(format!(
                    "{shown}: say by --eps from which |x| on the polynomial is meant, or by --target that it does not stand for sign"
                ));
            }
            ignore();
        } else if scales(key)
            && number != Some(Rational::from(1))
            && !nothing
            && !(prose && prose::is_remark(key))
        {
            if hints.factors.is_none() {
                return fail(format!(
                    "{shown} stands beside the coefficients: say by --factor what they are multiplied by (1 for nothing)"
                ));
            }
            ignore();
        } else if let Some(remedy) = Remedy::of(name).filter(|_| !nothing) {
            let neutral = match name {
                "denominator" | "divideby" => number == Some(Rational::from(1)),
                "fracbits" | "exponent" => number.is_some_and(|n| n.is_zero()),
                _ => false,
            };
            if !neutral && !remedy.is_given(hints) {
                return fail(format!(
                    "{shown} changes what the coefficients mean: {}",
                    remedy.words()
                ));
            }
            ignore();
        } else if SHIFTS.contains(&name)
            && !prose
            && !number.as_ref().is_some_and(Rational::is_zero)
        {
            return fail(format!(
                "{shown}: no option says what it does to the polynomial; write its resulting coefficients, and leave this out"
            ));
        } else if hints.basis.is_none() && !prose && names_a_basis(&text) {
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
    let target = hints.target().or(said.target);
    let clip = matches!(target, Some(Function::Clip | Function::Direct(Shape::Clip)));
    if let Some(key) = clips.filter(|_| clip && hints.hi.is_none()) {
        let detail = "may be an end of the clip or of the domain: say both, by --lower, --upper and --lo, --hi";
        return Err(Error::parse(key.clone(), detail));
    }
    Ok(said)
}

/// Whether a name or a text in lower case names a basis of polynomials.
pub(super) fn names_a_basis(text: &str) -> bool {
    ["cheb", "monomial", "legendre", "hermite", "bernstein"]
        .iter()
        .any(|basis| text.contains(basis))
}

/// The function that the file names: "relu" alone may be the polynomial itself, or by way of sign.
fn target(key: &str, text: &str, hints: &Hints, said: &mut Beside) -> Result<()> {
    let own = text.parse::<Function>().ok();
    let direct = format!("direct_{text}").parse::<Function>().ok();
    if hints.target().is_some() {
        if own != hints.target() && direct != hints.target() {
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
            let detail = format!("{text:?} is no function known here: say by --target what the polynomial stands for, of a smooth function of x by --function");
            return Err(Error::parse(key, detail));
        }
    };
    Ok(())
}
