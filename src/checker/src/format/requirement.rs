//! What a certificate is held to, as a person writes it: `relu<=2^-13 on [-40,40]`.

use crate::claims::shape::Shape;
use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::format::numbers::parse_count;
use crate::format::path::printable;
use crate::series::expression::Formula;
use crate::series::program::Program;

/// Longest requirement in bytes.
const MAX_LENGTH: usize = 1_000;
/// Digits and exponent of a decimal, at most.
const MAX_DIGITS: usize = 200;
const MAX_POWER: u64 = 300;

/// A statement that a certificate must prove:
/// `[decrypted] FUNCTION[(P[,P])]<=BOUND [on [LO,HI]] [from EPS] [but 2^-K]`, or with `[relative] FORMULA [by VALUE]` as FUNCTION.
///
/// FUNCTION is a name of the format; its parameters are the slope of a leaky ReLU, lower and upper of a clip, the
/// number of inputs of max_pool and argmax. FORMULA is a smooth function of x; its name alone means the function of x.
/// Without `on` the domain is \[-1, 1\], for max \[0, 1\].
#[derive(Debug, Clone)]
pub struct Requirement {
    text: String,
    pub(crate) decrypted: bool,
    pub(crate) function: Function,
    pub(crate) parameters: Vec<Rational>,
    pub(crate) bound: Rational,
    pub(crate) domain: (Rational, Rational),
    pub(crate) from: Option<Rational>,
    pub(crate) k: Option<u64>,
    /// For a smooth target.
    pub(crate) smooth: Option<Smooth>,
}

/// A smooth function, what stands for it if that is not p itself, and whether its relative error is meant.
#[derive(Debug, Clone)]
pub(crate) struct Smooth {
    pub(crate) function: Formula,
    pub(crate) value: Option<Program>,
    pub(crate) relative: bool,
}

fn fail<T>(detail: impl Into<String>) -> Checked<T> {
    Err(Fault::unreadable(detail))
}

impl Requirement {
    /// Reads a requirement.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        read(text).map_err(|fault| match fault {
            Fault::Unreadable { detail, .. } | Fault::Rejected { detail, .. } => {
                format!("`{}`: {detail}", printable(text))
            }
        })
    }

    /// The requirement as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the function jumps: it is approximated only at a distance from there.
    pub(crate) fn jump(&self) -> Option<Rational> {
        jump(self.function)
    }
}

fn jump(function: Function) -> Option<Rational> {
    match function {
        Function::Sign | Function::Step | Function::Direct(Shape::Sign | Shape::Step) => {
            Some(Rational::integer(0))
        }
        Function::Direct(Shape::Bit) => Some(Rational::raw(1.into(), 2.into())),
        _ => None,
    }
}

/// Parameters that a function has.
fn arity(function: Function) -> usize {
    match function {
        Function::LeakyRelu
        | Function::Direct(Shape::LeakyRelu)
        | Function::MaxPool
        | Function::Argmax => 1,
        Function::Clip | Function::Direct(Shape::Clip) => 2,
        _ => 0,
    }
}

fn read(text: &str) -> Checked<Requirement> {
    if text.len() > MAX_LENGTH {
        return fail(format!("longer than {MAX_LENGTH} bytes"));
    }
    let budget = Budget::new();
    let Some((left, right)) = text.split_once("<=") else {
        return fail("FUNCTION<=BOUND is expected");
    };
    let left = left.trim();
    let (decrypted, left) = match left.strip_prefix("decrypted ") {
        Some(rest) => (true, rest.trim()),
        None => (false, left),
    };
    let (function, parameters, smooth) = match smooth(left, &budget)? {
        Some(smooth) => (Function::Smooth, Vec::new(), Some(smooth)),
        None => {
            let (function, parameters) = named(left, &budget)?;
            (function, parameters, None)
        }
    };
    let (bound, mut rest) = word(right);
    let bound = written(bound, &budget)?;
    let mut requirement = Requirement {
        text: text.trim().to_owned(),
        decrypted,
        function,
        parameters,
        bound,
        domain: match function {
            Function::Max => (Rational::integer(0), Rational::integer(1)),
            _ => (Rational::integer(-1), Rational::integer(1)),
        },
        from: None,
        k: None,
        smooth,
    };
    // Each part at most once, in this order.
    if let Some(after) = part(rest, "on") {
        let inside = after.strip_prefix('[').and_then(|t| t.split_once(']'));
        let Some((ends, after)) = inside else {
            return fail("`on` needs [LO,HI]");
        };
        match <[Rational; 2]>::try_from(numbers(ends, &budget)?) {
            Ok([lo, hi]) if lo < hi => requirement.domain = (lo, hi),
            _ => return fail("`on` needs [LO,HI], LO below HI"),
        }
        rest = after;
    }
    if let Some(after) = part(rest, "from") {
        let (number, after) = word(after);
        requirement.from = Some(written(number, &budget)?);
        rest = after;
    }
    if let Some(after) = part(rest, "but") {
        let (number, after) = word(after);
        let k = number.strip_prefix("2^-").unwrap_or("");
        requirement.k = match parse_count(k, 1, 1_000) {
            Ok(k) => Some(k),
            Err(_) => return fail("`but` needs 2^-K"),
        };
        rest = after;
    }
    if !rest.trim().is_empty() {
        return fail(format!("`{}` is not understood", printable(rest.trim())));
    }
    check(&requirement)?;
    Ok(requirement)
}

/// A name of the format, with parameters in brackets.
fn named(left: &str, budget: &Budget) -> Checked<(Function, Vec<Rational>)> {
    let (name, parameters) = match left.split_once('(') {
        None => (left, Vec::new()),
        Some((name, list)) => match list.strip_suffix(')') {
            Some(list) => (name.trim(), numbers(list, budget)?),
            None => return fail("`)` is missing"),
        },
    };
    let Some(function) = Function::parse(name) else {
        return fail(format!("not one of {}", Function::names(", ")));
    };
    let wanted = arity(function);
    if parameters.len() != wanted {
        return fail(format!("{name} has {wanted} parameters in brackets"));
    }
    Ok((function, parameters))
}

/// `[relative] FORMULA [by VALUE]`; none if the text begins with a name of the format.
fn smooth(left: &str, budget: &Budget) -> Checked<Option<Smooth>> {
    let (relative, text) = match left.strip_prefix("relative ") {
        Some(rest) => (true, rest.trim()),
        None => (false, left),
    };
    let (text, by) = match text.split_once(" by ") {
        Some((text, by)) => (text.trim(), Some(by)),
        None => (text, None),
    };
    let name = text.split('(').next().unwrap_or_default().trim();
    match Function::parse(name) {
        Some(Function::Smooth) => return fail("a smooth function is named itself, as exp or 1/x"),
        Some(_) if relative || by.is_some() => {
            return fail("`relative` and `by` are for a smooth function")
        }
        Some(_) => return Ok(None),
        None => {}
    }
    let alone = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let whole = match alone && text != "x" && text != "pi" {
        true => format!("{text}(x)"),
        false => text.to_owned(),
    };
    let value = match by.map(|by| Program::parse(by, budget)) {
        Some(Err(detail)) => return fail(format!("by: {detail}")),
        // p by its name is what is meant where none is named.
        Some(Ok(value)) if value.is_p() => None,
        value => value.and_then(Result::ok),
    };
    match Formula::parse(&whole, budget) {
        Ok(function) => Ok(Some(Smooth {
            function,
            value,
            relative,
        })),
        Err(_) if alone => fail(format!(
            "not one of {}, and no function of a formula",
            Function::names(", ")
        )),
        Err(detail) => fail(detail),
    }
}

/// `from` where the function needs it and nowhere else, a domain that it leaves something of, `but` for decrypted.
fn check(r: &Requirement) -> Checked<()> {
    let needs = r.jump().is_some() || r.function == Function::Argmax;
    match &r.from {
        None if needs => {
            return fail("`from EPS` is missing: how far from its jump the function is meant")
        }
        Some(_) if !needs => return fail("`from` is for functions that jump"),
        Some(from) if !from.is_positive() => return fail("`from` needs a number above 0"),
        _ => {}
    }
    if r.k.is_some() && !r.decrypted {
        return fail("`but` is for what is decrypted");
    }
    if r.parts().is_empty() {
        return fail("nothing is left of the domain");
    }
    Ok(())
}

impl Requirement {
    /// The intervals that are required: the domain, without what is nearer to a jump than `from`.
    pub(crate) fn parts(&self) -> Vec<(Rational, Rational)> {
        let (lo, hi) = self.domain.clone();
        let (Some(jump), Some(from)) = (self.jump(), &self.from) else {
            return vec![(lo, hi)];
        };
        let (left, right) = (
            jump.plus(&from.negated()).reduced(),
            jump.plus(from).reduced(),
        );
        let below = (lo.clone(), hi.clone().min(left));
        let above = (lo.max(right), hi);
        let both = [below, above].into_iter();
        both.filter(|(from, to)| from <= to).collect()
    }
}

/// The first word, and the rest.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// What follows a word, if the text begins with it.
fn part<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let rest = text.trim_start().strip_prefix(name)?;
    let apart = rest.starts_with(|c: char| c.is_whitespace() || c == '[');
    apart.then(|| rest.trim_start())
}

fn numbers(list: &str, budget: &Budget) -> Checked<Vec<Rational>> {
    let numbers = list.split(',').map(|n| written(n.trim(), budget));
    numbers.collect()
}

/// A number of the format, `2^E`, or a decimal such as 1.25e-3: exactly.
fn written(text: &str, budget: &Budget) -> Checked<Rational> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    if let Some(exponent) = rest.strip_prefix("2^") {
        return Rational::parse(&format!("{sign}1*2^{exponent}"), budget);
    }
    if !text.contains(['.', 'e', 'E']) {
        return Rational::parse(text, budget);
    }
    let wrong = || Fault::unreadable(format!("`{}` is no number", printable(text)));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{places}");
    let decimal = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let point_in_place = !whole.is_empty() && (!places.is_empty() || !mantissa.contains('.'));
    if !point_in_place || !decimal(&digits) || digits.len() > MAX_DIGITS {
        return Err(wrong());
    }
    let (down, power) = match exponent.strip_prefix('-') {
        Some(power) => (true, power),
        None => (false, exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    let power = parse_count(power, 0, MAX_POWER).map_err(|_| wrong())?;
    let canonical = digits.trim_start_matches('0');
    let canonical = if canonical.is_empty() { "0" } else { canonical };
    let zeros = |n: u64| format!("1{}", "0".repeat(usize::try_from(n).unwrap_or(0)));
    let ten_to = |n: u64| Rational::parse(&zeros(n), budget);
    let places = ten_to(u64::try_from(places.len()).unwrap_or(0))?;
    let power = ten_to(power)?;
    let value = Rational::parse(&format!("{sign}{canonical}"), budget)?;
    let value = value.over(&places);
    Ok(match down {
        true => value.over(&power),
        false => value.times(&power),
    }
    .reduced())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write() {
        for (text, bound, domain) in [
            ("relu<=2^-13", "1/8192", ("-1", "1")),
            (" relu <= 2^-13 on [-40,40] ", "1/8192", ("-40", "40")),
            (
                "relu<=5*2^-14 on[ -1/2 , 0.25 ]",
                "5/16384",
                ("-1/2", "1/4"),
            ),
            ("max<=1.25e-3", "1/800", ("0", "1")),
            ("max_pool(4)<=0.005 on [-1e1,1E+1]", "1/200", ("-10", "10")),
            ("leaky_relu(0.1)<=1/100", "1/100", ("-1", "1")),
            ("direct_clip(-1,1) <= 3", "3", ("-1", "1")),
            ("sign<=2^-7 on [-1,1] from 2^-6", "1/128", ("-1", "1")),
            ("argmax(10)<=2^-7 from 1/8", "1/128", ("-1", "1")),
            (
                "decrypted relu<=2^-7 on [-40,40] but 2^-40",
                "1/128",
                ("-40", "40"),
            ),
        ] {
            let r = Requirement::parse(text).unwrap();
            assert_eq!(r.bound.to_string(), bound, "{text}");
            assert_eq!(
                (r.domain.0.to_string(), r.domain.1.to_string()),
                (domain.0.to_owned(), domain.1.to_owned())
            );
        }
        let r = Requirement::parse("direct_bit<=1/8 on [-1/8,9/8] from 3/8").unwrap();
        let parts: Vec<String> = r.parts().iter().map(|(a, b)| format!("{a} {b}")).collect();
        assert_eq!(parts, ["-1/8 1/8", "7/8 9/8"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, message) in [
            ("relu", "FUNCTION<=BOUND"),
            ("geluu<=1", "not one of sign"),
            ("relu<1", "FUNCTION<=BOUND"),
            ("relu<=", "not an integer"),
            ("relu<=x", "not an integer"),
            ("relu<=.5", "is no number"),
            ("relu<=1.", "is no number"),
            ("relu<=1e999", "is no number"),
            ("relu<=1e", "is no number"),
            ("relu<=1 on", "is not understood"),
            ("relu<=1 on 3", "needs [LO,HI]"),
            ("relu<=1 on [3]", "needs [LO,HI]"),
            ("relu<=1 on [1,1]", "LO below HI"),
            ("relu<=1 on [1,2] on [1,2]", "is not understood"),
            ("relu<=1 from 1 on [1,2]", "is not understood"),
            ("relu<=1 from 1/2", "for functions that jump"),
            ("relu<=1 always", "is not understood"),
            ("sign<=1", "`from EPS` is missing"),
            ("sign<=1 from 0", "above 0"),
            ("sign<=1 on [-1,1] from 2", "nothing is left"),
            ("relu<=1 but 2^-40", "for what is decrypted"),
            ("decrypted relu<=1 but 1/4", "needs 2^-K"),
            ("leaky_relu<=1", "1 parameters"),
            ("clip(1)<=1", "2 parameters"),
            ("relu(1)<=1", "0 parameters"),
            ("clip(1,2<=1", "`)` is missing"),
        ] {
            let error = Requirement::parse(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        assert!(Requirement::parse(&"r".repeat(1001)).is_err());
        assert!(Requirement::parse(&format!("relu<={}.5", "1".repeat(300))).is_err());
    }
}
