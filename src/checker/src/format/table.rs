//! The embedded table: its reader, its digest and its polynomials.

use crate::claims::rounding::{Floating, Held, Scheme};
use crate::claims::shape::Shape;
use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::format::digest::hexadecimal;
use crate::format::formula::{formula, program, MAX_INTERVALS};
use crate::format::json::{each, Tree};
use crate::format::path::printable;
use crate::format::rounding::Mode;
use crate::series::expression::Formula;
use crate::series::program::Program;
use crate::series::stage::Stage;
use sha2::{Digest, Sha256};

const MAX_COMPONENTS: usize = 32;
const MAX_COEFFICIENTS: usize = 256;
const MAX_NAME: usize = 200;
const MAX_PROVENANCE: usize = 64;
const MAX_PROVENANCE_TEXT: usize = 4096;

/// One polynomial of the table, as written.
#[derive(Debug)]
struct Component {
    chebyshev: bool,
    scale: Rational,
    offset: Rational,
    coefficients: Vec<Rational>,
}

/// A table of coefficients.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) target: Function,
    pub(crate) lo: Rational,
    pub(crate) hi: Rational,
    eps: Option<Rational>,
    /// The last stage gives 0 or 1: 2 p - 1 is meant.
    pub(crate) step: bool,
    /// Of the leaky ReLU that p is itself, where it is stated.
    pub(crate) slope: Option<Rational>,
    /// Of the clip that p is itself, where they are stated.
    pub(crate) ends: Option<(Rational, Rational)>,
    /// What a smooth target is, and how its value is made of p where that is not p itself.
    pub(crate) smooth: Option<(Formula, Option<Program>)>,
    /// The intervals of a domain that is a union.
    segments: Vec<(Rational, Rational)>,
    components: Vec<Component>,
}

impl Table {
    /// Reads the `table` of a certificate.
    pub(crate) fn read(tree: Tree, budget: &Budget) -> Checked<Self> {
        let mut fields = tree.object()?;
        fields.take("format", |t| constant(&t, "polycert-table/1"))?;
        let name = fields.take("name", |t| short(&t, MAX_NAME))?;
        let target = fields.take("target", |t| {
            Function::parse(t.text()?)
                .ok_or_else(|| Fault::unreadable(format!("not one of {}", Function::names(" "))))
        })?;
        let is_smooth = target == Function::Smooth;
        let (lo, hi, eps, segments) = fields.take("domain", |t| domain(t, is_smooth, budget))?;
        let step = fields.take_maybe("output", |t| match t.text()? {
            "sign" => Ok(false),
            "step" if target.is_of_p_itself() => {
                Err(Fault::unreadable("step, of a function that p is itself"))
            }
            "step" => Ok(true),
            _ => Err(Fault::unreadable("not one of sign, step")),
        })?;
        let slope = fields.take_maybe("slope", |t| match target {
            Function::Direct(Shape::LeakyRelu) => number(&t, budget),
            _ => Err(Fault::unreadable("is of direct_leaky_relu alone")),
        })?;
        let end = |t: Tree| match target {
            Function::Direct(Shape::Clip) => number(&t, budget),
            _ => Err(Fault::unreadable("is of direct_clip alone")),
        };
        let (lower, upper) = (
            fields.take_maybe("lower", end)?,
            fields.take_maybe("upper", end)?,
        );
        let ends = match (lower, upper) {
            (None, None) => None,
            (Some(lower), Some(upper)) if lower < upper => Some((lower, upper)),
            (Some(_), Some(_)) => return Err(Fault::unreadable("is not below upper").at("lower")),
            _ => {
                return Err(Fault::unreadable(
                    "one of lower and upper without the other",
                ))
            }
        };
        let smooth = match is_smooth {
            true => {
                let function = fields.take("function", |t| formula(t.text()?, budget))?;
                let value = fields.take_maybe("value", |t| program(t.text()?, budget))?;
                Some((function, value))
            }
            false => {
                for name in ["function", "value"] {
                    let none = |_| Err::<(), _>(Fault::unreadable("is of smooth alone"));
                    fields.take_maybe(name, none)?;
                }
                None
            }
        };
        let components = fields.take("components", |t| {
            each(t.list_of(1, MAX_COMPONENTS)?, |c| component(c, budget))
        })?;
        fields.take("provenance", provenance)?;
        fields.finish()?;
        Ok(Self {
            name,
            target,
            lo,
            hi,
            eps,
            step: step.unwrap_or(false),
            slope,
            ends,
            smooth,
            segments,
            components,
        })
    }

    /// Whether the domain is several intervals, or stated as some.
    pub(crate) fn has_segments(&self) -> bool {
        !self.segments.is_empty()
    }

    /// SHA-256 of the canonical lines, in lower-case hexadecimal.
    pub(crate) fn digest(&self, budget: &Budget) -> Checked<String> {
        let mut hash = Sha256::new();
        let mut put = |text: &str| hash.update(text.as_bytes());
        let number = |x: &Rational| {
            // A decimal conversion is quadratic.
            let words = x.bits() / 64;
            budget.charge(words * words * 4 + 100)?;
            Ok::<_, Fault>(x.to_string())
        };
        put("polycert-table/1\n");
        put(&format!(
            "domain {} {}\n",
            number(&self.lo)?,
            number(&self.hi)?
        ));
        for (lo, hi) in &self.segments {
            put(&format!("segment {} {}\n", number(lo)?, number(hi)?));
        }
        match &self.eps {
            Some(eps) => put(&format!("eps {}\n", number(eps)?)),
            None => put("eps -\n"),
        }
        if self.step {
            put("output step\n");
        }
        if let Some(slope) = &self.slope {
            put(&format!("slope {}\n", number(slope)?));
        }
        if let Some((lower, upper)) = &self.ends {
            put(&format!("ends {} {}\n", number(lower)?, number(upper)?));
        }
        if let Some((function, value)) = &self.smooth {
            put(&format!("function {}\n", function.text()));
            if let Some(value) = value {
                put(&format!("value {}\n", value.text()));
            }
        }
        for c in &self.components {
            let basis = if c.chebyshev { "chebyshev" } else { "power" };
            let (scale, offset) = (number(&c.scale)?, number(&c.offset)?);
            let count = c.coefficients.len();
            put(&format!("component {basis} {scale} {offset} {count}\n"));
            for coefficient in &c.coefficients {
                put(&number(coefficient)?);
                put("\n");
            }
        }
        Ok(hexadecimal(hash))
    }

    /// The components with rounded coefficients, in powers of y.
    pub(crate) fn polynomials(&self, mode: Mode, budget: &Budget) -> Checked<Vec<Polynomial>> {
        let mut result = self.rounded(mode, budget, |c, rounded| {
            Polynomial::from_basis(&rounded, c.chebyshev, &c.scale, &c.offset, budget)
        })?;
        if let Some(last) = result.last_mut().filter(|_| self.step) {
            *last = last.doubled_minus_one();
        }
        Ok(result)
    }

    /// The components with rounded coefficients, in powers of scale y + offset.
    pub(crate) fn stages(&self, mode: Mode, budget: &Budget) -> Checked<Vec<Stage>> {
        self.rounded(mode, budget, |c, rounded| {
            let (scale, offset) = (c.scale.clone(), c.offset.clone());
            Stage::new(&rounded, c.chebyshev, scale, offset, budget)
        })
    }

    /// The only component as a program holds it; none of a composite.
    pub(crate) fn held(&self, mode: Mode, budget: &Budget) -> Checked<Option<Held>> {
        if self.components.len() != 1 {
            return Ok(None);
        }
        let made = self.rounded(mode, budget, |c, coefficients| {
            Ok(Held {
                scheme: match c.chebyshev {
                    true => Scheme::Clenshaw,
                    false => Scheme::Horner,
                },
                coefficients,
                scale: c.scale.clone(),
                offset: c.offset.clone(),
                format: match mode {
                    Mode::Binary64 => Some(Floating::F64),
                    Mode::Binary32 => Some(Floating::F32),
                    Mode::Exact | Mode::Fixed(_) => None,
                },
            })
        });
        Ok(made?.pop())
    }

    /// Something made of every component and its rounded coefficients.
    fn rounded<T>(
        &self,
        mode: Mode,
        budget: &Budget,
        make: impl Fn(&Component, Vec<Rational>) -> Checked<T>,
    ) -> Checked<Vec<T>> {
        let mut result = Vec::with_capacity(self.components.len());
        for (i, c) in self.components.iter().enumerate() {
            let mut rounded = Vec::with_capacity(c.coefficients.len());
            for (j, x) in c.coefficients.iter().enumerate() {
                let words = x.bits() / 64 + 40;
                budget.charge(words * words)?;
                let place = |fault: Fault| fault.item(j).at("coefficients").item(i);
                rounded.push(mode.round(x).map_err(|f| place(f).at("table.components"))?);
            }
            result.push(make(c, rounded)?);
        }
        Ok(result)
    }
}

/// A string that must have one value.
pub(crate) fn constant(tree: &Tree, expected: &str) -> Checked<()> {
    let text = tree.text()?;
    if text != expected {
        let text = printable(text);
        return Err(Fault::unreadable(format!(
            "`{text}` where `{expected}` is expected"
        )));
    }
    Ok(())
}

/// Any number.
pub(crate) fn number(tree: &Tree, budget: &Budget) -> Checked<Rational> {
    Rational::parse(tree.text()?, budget)
}

fn short(tree: &Tree, limit: usize) -> Checked<String> {
    let text = tree.text()?;
    if text.chars().count() > limit {
        return Err(Fault::unreadable(format!("longer than {limit} characters")));
    }
    Ok(text.to_owned())
}

/// lo, hi, eps and the segments; none of them where the domain is one interval.
type Domain = (
    Rational,
    Rational,
    Option<Rational>,
    Vec<(Rational, Rational)>,
);

fn domain(tree: Tree, is_smooth: bool, budget: &Budget) -> Checked<Domain> {
    let mut fields = tree.object()?;
    let lo = fields.take("lo", |t| number(&t, budget))?;
    let hi = fields.take("hi", |t| number(&t, budget))?;
    let eps = fields.take_maybe("eps", |t| number(&t, budget))?;
    let segments = fields.take_maybe("segments", |t| match is_smooth {
        true => each(t.list_of(1, MAX_INTERVALS)?, |pair| {
            let (lo, hi) = pair.pair()?;
            Ok((number(&lo, budget)?, number(&hi, budget)?))
        }),
        false => Err(Fault::unreadable("is of smooth alone")),
    })?;
    fields.finish()?;
    if lo >= hi {
        return Err(Fault::unreadable("lo is not below hi"));
    }
    if eps.as_ref().is_some_and(|e| !e.is_positive() || *e >= hi) {
        return Err(Fault::unreadable("eps is not between 0 and hi").at("eps"));
    }
    if let Some(segments) = &segments {
        check_segments(segments, &lo, &hi).map_err(|fault| fault.at("segments"))?;
    }
    Ok((lo, hi, eps, segments.unwrap_or_default()))
}

/// In order and apart, from lo to hi.
fn check_segments(segments: &[(Rational, Rational)], lo: &Rational, hi: &Rational) -> Checked<()> {
    for (i, (from, to)) in segments.iter().enumerate() {
        let wrong = |text| Err(Fault::unreadable(text).item(i));
        if from >= to {
            return wrong("lo is not below hi");
        }
        if segments.get(i + 1).is_some_and(|(next, _)| to >= next) {
            return wrong("ends at or beyond the beginning of the next");
        }
    }
    let ends = segments.first().zip(segments.last());
    match ends {
        Some(((first, _), (_, last))) if first == lo && last == hi => Ok(()),
        _ => Err(Fault::unreadable("do not reach from lo to hi")),
    }
}

fn component(tree: Tree, budget: &Budget) -> Checked<Component> {
    let mut fields = tree.object()?;
    let chebyshev = fields.take("basis", |t| match t.text()? {
        "power" => Ok(false),
        "chebyshev" => Ok(true),
        _ => Err(Fault::unreadable("not one of power, chebyshev")),
    })?;
    let map = fields.take_maybe("input_map", |t| {
        let mut fields = t.object()?;
        let scale = fields.take("scale", |t| match number(&t, budget)? {
            scale if scale.is_zero() => Err(Fault::unreadable("the scale is 0")),
            scale => Ok(scale),
        })?;
        let offset = fields.take("offset", |t| number(&t, budget))?;
        fields.finish()?;
        Ok((scale, offset))
    })?;
    let (scale, offset) = map.unwrap_or((Rational::integer(1), Rational::integer(0)));
    let coefficients = fields.take("coefficients", |t| {
        each(t.list_of(1, MAX_COEFFICIENTS)?, |c| number(&c, budget))
    })?;
    fields.finish()?;
    Ok(Component {
        chebyshev,
        scale,
        offset,
        coefficients,
    })
}

/// Descriptions: read for their form alone.
fn provenance(tree: Tree) -> Checked<()> {
    let entries = tree.object()?.all();
    if entries.len() > MAX_PROVENANCE {
        return Err(Fault::unreadable(format!(
            "more than {MAX_PROVENANCE} entries"
        )));
    }
    for (key, value) in &entries {
        let text = short(value, MAX_PROVENANCE_TEXT).map_err(|fault| fault.at(key))?;
        if key.chars().count() > MAX_PROVENANCE_TEXT {
            let limit = format!("a key longer than {MAX_PROVENANCE_TEXT} characters");
            return Err(Fault::unreadable(limit));
        }
        drop(text);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::parse;

    const TABLE: &str = r#"{"format":"polycert-table/1","name":"t","target":"relu",
        "domain":{"lo":"-1","hi":"1","eps":"6*2^-4"},
        "components":[{"basis":"power","coefficients":["0","2/4"]},
          {"basis":"chebyshev","input_map":{"scale":"1/2","offset":"-1"},"coefficients":["1"]}],
        "provenance":{"source":"a \" b"}}"#;

    fn read(text: &str) -> Checked<Table> {
        Table::read(parse(text.as_bytes())?, &Budget::new())
    }

    #[test]
    fn the_digest_is_of_the_canonical_lines() {
        let lines = "polycert-table/1\ndomain -1 1\neps 3/8\ncomponent power 1 0 2\n0\n1/2\n\
                     component chebyshev 1/2 -1 1\n1\n";
        let expected: String = Sha256::digest(lines)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let digest = |text: &str| read(text).unwrap().digest(&Budget::new()).unwrap();
        assert_eq!(digest(TABLE), expected);
        let explicit = TABLE.replace(
            "\"coefficients\":[\"0\"",
            "\"input_map\":{\"scale\":\"1\",\"offset\":\"0\"},\"coefficients\":[\"-0\"",
        );
        assert_eq!(digest(&explicit), expected);
        assert_ne!(digest(&TABLE.replace(",\"eps\":\"6*2^-4\"", "")), expected);
    }

    #[test]
    fn the_slope_of_a_leaky_relu_is_in_the_digest_and_of_no_other_target() {
        let leaky = TABLE.replace("\"relu\"", "\"direct_leaky_relu\"");
        let with = |slope: &str| {
            let field = format!("\"target\":\"direct_leaky_relu\",\"slope\":\"{slope}\"");
            leaky.replace("\"target\":\"direct_leaky_relu\"", &field)
        };
        let lines =
            "polycert-table/1\ndomain -1 1\neps 3/8\nslope 1/100\ncomponent power 1 0 2\n0\n1/2\n\
                     component chebyshev 1/2 -1 1\n1\n";
        let digest = |text: &str| read(text).unwrap().digest(&Budget::new()).unwrap();
        let expected = crate::format::digest::of_bytes(lines.as_bytes());
        assert_eq!(digest(&with("1/100")), expected);
        assert_eq!(digest(&with("2/200")), expected);
        for other in [leaky.clone(), with("0"), with("1/50")] {
            assert_ne!(digest(&other), expected);
        }
        for target in ["relu", "leaky_relu", "direct_relu", "direct_clip"] {
            let text = with("1/100").replace("direct_leaky_relu", target);
            match read(&text) {
                Err(Fault::Unreadable { detail, .. }) => {
                    assert!(detail.contains("direct_leaky_relu alone"), "{detail}");
                }
                other => panic!("{target}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_ends_of_a_clip_are_in_the_digest_and_of_no_other_target() {
        let with = |target: &str, fields: &str| {
            TABLE.replace(
                "\"target\":\"relu\"",
                &format!("\"target\":\"{target}\"{fields}"),
            )
        };
        let ends = ",\"lower\":\"-2/4\",\"upper\":\"2\"";
        let lines =
            "polycert-table/1\ndomain -1 1\neps 3/8\nends -1/2 2\ncomponent power 1 0 2\n0\n1/2\n\
                     component chebyshev 1/2 -1 1\n1\n";
        let digest = |text: &str| read(text).unwrap().digest(&Budget::new()).unwrap();
        let expected = crate::format::digest::of_bytes(lines.as_bytes());
        assert_eq!(digest(&with("direct_clip", ends)), expected);
        assert_ne!(digest(&with("direct_clip", "")), expected);
        for (target, fields, message) in [
            ("direct_relu6", ends, "direct_clip alone"),
            ("clip", ends, "direct_clip alone"),
            (
                "direct_clip",
                ",\"lower\":\"1\",\"upper\":\"1\"",
                "is not below upper",
            ),
            ("direct_clip", ",\"lower\":\"1\"", "without the other"),
        ] {
            match read(&with(target, fields)) {
                Err(Fault::Unreadable { detail, .. }) => {
                    assert!(detail.contains(message), "{detail}")
                }
                other => panic!("{target}: {other:?}"),
            }
        }
    }

    #[test]
    fn limits_are_named() {
        let many = |n: usize| vec!["\"0\""; n].join(",");
        for (from, to, message) in [
            ("\"2/4\"", many(256), "257 entries, where 1 to 256"),
            ("\"0\",\"2/4\"", String::new(), "0 entries, where 1 to 256"),
            ("relu", "gelu".into(), "not one of sign step"),
            ("\"1/2\"", "\"0\"".into(), "the scale is 0"),
            ("6*2^-4", "0".into(), "eps is not between"),
            ("6*2^-4", "1".into(), "eps is not between"),
            ("\"lo\":\"-1\"", "\"lo\":\"1\"".into(), "lo is not below hi"),
            (
                "\"t\"",
                format!("\"{}\"", "é".repeat(201)),
                "longer than 200",
            ),
            ("a \\\" b", "x".repeat(4097), "longer than 4096"),
            ("source", "x".repeat(4097), "a key longer than 4096"),
            ("chebyshev", "hermite".into(), "not one of power, chebyshev"),
            (
                "table/1",
                "table/2".into(),
                "where `polycert-table/1` is expected",
            ),
        ] {
            match read(&TABLE.replacen(from, &to, 1)) {
                Err(Fault::Unreadable { detail, .. }) => {
                    assert!(detail.contains(message), "{detail}")
                }
                other => panic!("{message}: {other:?}"),
            }
        }
    }
}
