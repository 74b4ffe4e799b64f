//! `polycert-table/1`: a coefficient table as a file, and its digest.
//!
//! The digest covers what the table means (domain, components) in a canonical text, not its name or
//! provenance, and not how its numbers are spelled: see `certificates/FORMAT.md`, section 2.1.

use crate::arith::number;
use crate::error::{Error, ErrorKind, Result};
use crate::files::{read_text, sha256};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::poly::component::{Basis, Component};
use crate::poly::smooth::{Fields, Smooth};
use rug::Rational;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// The format tag of table files.
pub const FORMAT: &str = "polycert-table/1";
/// Largest table file, in bytes.
pub const MAX_BYTES: usize = 2 << 20;
/// Most components of a composite.
pub const MAX_COMPONENTS: usize = 32;
/// Longest name, in characters.
pub const MAX_NAME: usize = 200;
/// Most provenance entries.
pub const MAX_PROVENANCE: usize = 64;
/// Longest provenance key or value, in characters.
pub const MAX_TEXT: usize = 4_096;

/// Where a composite is meant to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Least x.
    pub lo: Rational,
    /// Greatest x.
    pub hi: Rational,
    /// The sign is meant for eps <= |x| only; `None` where it is not known.
    pub eps: Option<Rational>,
}

impl Domain {
    /// Both ends.
    pub fn ends(&self) -> (&Rational, &Rational) {
        (&self.lo, &self.hi)
    }
}

/// What the last stage of a composite gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Output {
    /// Close to -1 and 1.
    #[default]
    Sign,
    /// Close to 0 and 1: the composite that is meant is 2 p - 1.
    Step,
}

impl Output {
    /// As files and options spell it; sign where nothing is said.
    ///
    /// # Errors
    /// Another word.
    pub fn parse(text: Option<&str>) -> Result<Self> {
        match text {
            None | Some("sign") => Ok(Self::Sign),
            Some("step") => Ok(Self::Step),
            Some(other) => Err(Error::parse(
                "output",
                format!("{other:?}; expected sign or step"),
            )),
        }
    }
}

/// A coefficient table: exact numbers with their meaning and their origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// A short name.
    pub name: String,
    /// Intended use.
    pub target: Function,
    /// What the last stage gives; [`Output::Sign`] where the target is the function itself.
    pub output: Output,
    /// Target `direct_leaky_relu`: the slope of that function for x < 0, where it is stated.
    pub slope: Option<Rational>,
    /// Target `direct_clip`: the ends lower < upper of that function, where they are stated.
    pub ends: Option<(Rational, Rational)>,
    /// Target `smooth`: the function, and what goes with it; of no other target.
    pub smooth: Option<Smooth>,
    /// Intended domain.
    pub domain: Domain,
    /// The components, first applied first.
    pub components: Vec<Component>,
    /// Where it comes from, in words.
    pub provenance: BTreeMap<String, String>,
}

/// The table as it stands in JSON: every number is text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTable {
    pub format: String,
    pub name: String,
    pub target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub domain: RawDomain,
    pub components: Vec<RawComponent>,
    #[serde(default)]
    pub provenance: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawDomain {
    pub lo: String,
    pub hi: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Vec<[String; 2]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eps: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawComponent {
    pub basis: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_map: Option<RawMap>,
    pub coefficients: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMap {
    pub scale: String,
    pub offset: String,
}

impl Table {
    /// Reads the table in a file; `-` is standard input.
    ///
    /// # Errors
    /// What [`crate::files::read_text`] and [`Table::from_json`] refuse, naming the path.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path, MAX_BYTES)?;
        Self::from_json(&text).map_err(|e| e.in_file(path))
    }

    /// Reads a table file.
    ///
    /// # Errors
    /// The field and the limit, where the text is not a table of this format; a digest error where
    /// the file states a `sha256` that its content does not have.
    pub fn from_json(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(Error::parse(
                "",
                format!("{} bytes are over the limit of {MAX_BYTES}", text.len()),
            ));
        }
        let raw: RawTable =
            serde_json::from_str(text).map_err(|e| foreign(json_error(&e), text))?;
        let stated = raw.sha256.clone();
        let table = Self::from_raw(raw)?;
        match stated {
            Some(stated) if stated != table.sha256() => Err(ErrorKind::Digest {
                stated,
                computed: table.sha256(),
            }
            .into()),
            _ => Ok(table),
        }
    }

    /// The file: JSON, numbers as exact text, the digest included, ended by a newline.
    pub fn to_json(&self) -> String {
        let mut raw = self.to_raw();
        raw.sha256 = Some(self.sha256());
        let mut text = serde_json::to_string_pretty(&raw).unwrap_or_default();
        text.push('\n');
        text
    }

    /// SHA-256 of the canonical text, as 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        sha256(self.canonical().as_bytes())
    }

    fn canonical(&self) -> String {
        let w = number::write_canonical;
        let mut t = format!(
            "{FORMAT}\ndomain {} {}\n",
            w(&self.domain.lo),
            w(&self.domain.hi)
        );
        if let Some(smooth) = &self.smooth {
            smooth.digest_segments(&mut t);
        }
        let _ = writeln!(
            t,
            "eps {}",
            self.domain.eps.as_ref().map_or("-".to_owned(), w)
        );
        if self.output == Output::Step {
            t.push_str("output step\n");
        }
        if let Some(slope) = &self.slope {
            let _ = writeln!(t, "slope {}", w(slope));
        }
        if let Some((lower, upper)) = &self.ends {
            let _ = writeln!(t, "ends {} {}", w(lower), w(upper));
        }
        if let Some(smooth) = &self.smooth {
            smooth.digest_texts(&mut t);
        }
        for c in &self.components {
            c.digest(&mut t);
        }
        t
    }

    /// The nominal degrees, first applied first.
    pub fn degrees(&self) -> Vec<usize> {
        self.components.iter().map(Component::degree).collect()
    }

    /// The caps and conditions of the format.
    ///
    /// # Errors
    /// The first one that is broken, with its field.
    pub fn validate(&self) -> Result<()> {
        let over = |field: &str, n: usize, max: usize, what: &str| {
            Err(Error::parse(
                field,
                format!("{n} {what}, the limit is {max}"),
            ))
        };
        if self.name.chars().count() > MAX_NAME {
            return over("name", self.name.chars().count(), MAX_NAME, "characters");
        }
        if self.provenance.len() > MAX_PROVENANCE {
            return over(
                "provenance",
                self.provenance.len(),
                MAX_PROVENANCE,
                "entries",
            );
        }
        for (key, value) in &self.provenance {
            let longest = key.chars().count().max(value.chars().count());
            if longest > MAX_TEXT {
                return over("provenance", longest, MAX_TEXT, "characters in an entry");
            }
        }
        let Domain { lo, hi, eps } = &self.domain;
        if lo >= hi {
            return Err(Error::parse(
                "domain",
                format!("lo = {lo} is not below hi = {hi}: empty or reversed"),
            ));
        }
        if let Some(eps) = eps {
            if *eps <= 0u32 || eps >= hi {
                return Err(Error::parse(
                    "domain.eps",
                    format!("eps = {eps} is not between 0 and hi = {hi}"),
                ));
            }
        }
        if self.output == Output::Step && self.target.is_itself() {
            return Err(Error::parse(
                "output",
                format!(
                    "step is of composites p ~ sign, not of target {}",
                    self.target
                ),
            ));
        }
        if self.slope.is_some() && self.target != Function::Direct(Shape::LeakyRelu) {
            let detail = format!("is of target direct_leaky_relu, not of {}", self.target);
            return Err(Error::parse("slope", detail));
        }
        if let Some((lower, upper)) = &self.ends {
            if self.target != Function::Direct(Shape::Clip) {
                let detail = format!("is of target direct_clip, not of {}", self.target);
                return Err(Error::parse("lower", detail));
            }
            if lower >= upper {
                let detail = format!("lower = {lower} is not below upper = {upper}");
                return Err(Error::parse("lower", detail));
            }
        }
        Smooth::suits(self.smooth.as_ref(), self.target, self.domain.ends())?;
        let n = self.components.len();
        if n == 0 || n > MAX_COMPONENTS {
            return Err(Error::parse(
                "components",
                format!("{n} components; from 1 to {MAX_COMPONENTS} are accepted"),
            ));
        }
        for (i, c) in self.components.iter().enumerate() {
            c.validate()
                .map_err(|e| e.within(&format!("components[{i}]")))?;
        }
        Ok(())
    }

    pub(crate) fn from_raw(raw: RawTable) -> Result<Self> {
        if raw.format != FORMAT {
            return Err(Error::parse(
                "format",
                format!("{:?}; this version reads {FORMAT:?}", raw.format),
            ));
        }
        let at = |field: &str, text: &str| number::parse(text).map_err(|e| e.within(field));
        let domain = Domain {
            lo: at("domain.lo", &raw.domain.lo)?,
            hi: at("domain.hi", &raw.domain.hi)?,
            eps: raw
                .domain
                .eps
                .as_deref()
                .map(|t| at("domain.eps", t))
                .transpose()?,
        };
        let target = raw.target.parse()?;
        let fields = Fields {
            function: raw.function.as_deref(),
            value: raw.value.as_deref(),
            segments: raw.domain.segments.as_deref(),
        };
        let smooth = Smooth::read(fields, target, domain.ends())?;
        let components = raw
            .components
            .into_iter()
            .enumerate()
            .map(|(i, c)| read_component(c).map_err(|e| e.within(&format!("components[{i}]"))))
            .collect::<Result<_>>()?;
        let ends = match (&raw.lower, &raw.upper) {
            (None, None) => None,
            (Some(lower), Some(upper)) => Some((at("lower", lower)?, at("upper", upper)?)),
            (lower, _) => {
                let (there, missing) = match lower {
                    Some(_) => ("lower", "upper"),
                    None => ("upper", "lower"),
                };
                let detail = format!("is stated without {missing}: a clip has both ends");
                return Err(Error::parse(there, detail));
            }
        };
        let table = Self {
            ends,
            smooth,
            name: raw.name,
            target,
            output: Output::parse(raw.output.as_deref())?,
            slope: raw.slope.as_deref().map(|t| at("slope", t)).transpose()?,
            domain,
            components,
            provenance: raw.provenance,
        };
        table.validate()?;
        Ok(table)
    }

    pub(crate) fn to_raw(&self) -> RawTable {
        let w = number::write;
        RawTable {
            format: FORMAT.to_owned(),
            name: self.name.clone(),
            target: self.target.name().to_owned(),
            output: (self.output == Output::Step).then(|| "step".to_owned()),
            slope: self.slope.as_ref().map(w),
            lower: self.ends.as_ref().map(|e| w(&e.0)),
            upper: self.ends.as_ref().map(|e| w(&e.1)),
            function: self.smooth.as_ref().map(|s| s.function.to_string()),
            value: self.smooth.as_ref().and_then(Smooth::raw_value),
            domain: RawDomain {
                segments: self.smooth.as_ref().and_then(Smooth::raw_segments),
                lo: w(&self.domain.lo),
                hi: w(&self.domain.hi),
                eps: self.domain.eps.as_ref().map(w),
            },
            components: self
                .components
                .iter()
                .map(|c| RawComponent {
                    basis: c.basis.name().to_owned(),
                    input_map: (c.scale != 1u32 || !c.offset.is_zero()).then(|| RawMap {
                        scale: w(&c.scale),
                        offset: w(&c.offset),
                    }),
                    coefficients: c.coefficients.iter().map(w).collect(),
                })
                .collect(),
            provenance: self.provenance.clone(),
            sha256: None,
        }
    }
}

/// Names `polycert import`, where the text is the form of somebody else.
fn foreign(mut e: Error, text: &str) -> Error {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let other = |format: &&str| !format.starts_with("polycert-table/");
    if let Some(format) = value["format"].as_str().filter(other) {
        let detail = format!("{format:?} is no table ({FORMAT}): give the table that it is about; `polycert show` says what it is");
        return Error::parse("format", detail);
    }
    if let (ErrorKind::Parse { detail, .. }, false) = (&mut e.kind, text.contains("polycert-")) {
        detail.push_str(if text.contains("\"components\"") {
            "; this is a published form, not a table file: polycert import FILE -o table.json makes one of it"
        } else {
            "; this is no table file: polycert import reads the forms of other programs"
        });
    }
    e
}

/// serde_json's message with its line and column as the place.
pub(crate) fn json_error(e: &serde_json::Error) -> Error {
    let text = e.to_string();
    let detail = text.split(" at line ").next().unwrap_or(&text).to_owned();
    Error::parse(format!("line {} column {}", e.line(), e.column()), detail)
}

fn read_component(raw: RawComponent) -> Result<Component> {
    let n = raw.coefficients.len();
    if n > crate::poly::component::MAX_COEFFICIENTS {
        // Refused before a single number is read.
        let limit = crate::poly::component::MAX_COEFFICIENTS;
        return Err(Error::parse(
            "coefficients",
            format!("{n} coefficients, the limit is {limit}"),
        ));
    }
    let basis = match raw.basis.as_str() {
        "power" => Basis::Power,
        "chebyshev" => Basis::Chebyshev,
        other => {
            return Err(Error::parse(
                "basis",
                format!("{other:?}; expected power or chebyshev"),
            ))
        }
    };
    let coefficients = raw
        .coefficients
        .iter()
        .enumerate()
        .map(|(j, t)| number::parse(t).map_err(|e| e.within(&format!("coefficients[{j}]"))))
        .collect::<Result<_>>()?;
    let mut component = Component::new(basis, coefficients);
    if let Some(map) = raw.input_map {
        component.scale = number::parse(&map.scale).map_err(|e| e.within("input_map.scale"))?;
        component.offset = number::parse(&map.offset).map_err(|e| e.within("input_map.offset"))?;
    }
    Ok(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"format":"polycert-table/1","name":"f1","target":"relu",
        "domain":{"lo":"-1","hi":"1"},
        "components":[{"basis":"power","coefficients":["0","1.5","0","-0.5"]}]}"#;

    #[test]
    fn round_trip_and_digest() {
        let t = Table::from_json(SMALL).unwrap();
        assert_eq!(Table::from_json(&t.to_json()).unwrap(), t);
        // The digest sees values, not spellings, and neither name nor provenance.
        let spelled = SMALL
            .replace("\"1.5\"", "\"3/2\"")
            .replace("\"f1\"", "\"other\"");
        assert_eq!(Table::from_json(&spelled).unwrap().sha256(), t.sha256());
        let other = SMALL.replace("-0.5", "-0.25");
        assert_ne!(Table::from_json(&other).unwrap().sha256(), t.sha256());
    }

    #[test]
    fn the_slope_of_a_leaky_relu_is_in_the_digest_and_of_no_other_target() {
        let plain = SMALL.replace("\"relu\"", "\"direct_leaky_relu\"");
        let stated =
            |slope: &str| plain.replace("\"domain\"", &format!("\"slope\":\"{slope}\",\"domain\""));
        let read = |text: &str| Table::from_json(text).unwrap();
        let t = read(&stated("0.01"));
        assert_eq!(t.slope, Some(Rational::from((1, 100))));
        assert_eq!(read(&t.to_json()), t);
        assert_eq!(read(&stated("1/100")).sha256(), t.sha256());
        let lines = "polycert-table/1\ndomain -1 1\neps -\nslope 1/100\ncomponent power 1 0 4\n0\n3/2\n0\n-1/2\n";
        assert_eq!(sha256(lines.as_bytes()), t.sha256());
        for other in [plain.clone(), stated("1/50"), stated("0")] {
            assert_ne!(read(&other).sha256(), t.sha256());
        }
        for (target, slope, part) in [
            (
                "relu",
                "1/100",
                "slope: is of target direct_leaky_relu, not of relu",
            ),
            ("leaky_relu", "1/100", "not of leaky_relu"),
            ("direct_leaky_relu", "1/0", "slope"),
        ] {
            let text = stated(slope).replace("direct_leaky_relu", target);
            let error = Table::from_json(&text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_ends_of_a_clip_are_in_the_digest_and_of_no_other_target() {
        let plain = SMALL.replace("\"relu\"", "\"direct_clip\"");
        let stated = |fields: &str| plain.replace("\"domain\"", &format!("{fields},\"domain\""));
        let read = |text: &str| Table::from_json(text).unwrap();
        let t = read(&stated("\"lower\":\"-0.5\",\"upper\":\"2\""));
        assert_eq!(t.ends, Some((Rational::from((-1, 2)), Rational::from(2))));
        assert_eq!(read(&t.to_json()), t);
        let lines = "polycert-table/1\ndomain -1 1\neps -\nends -1/2 2\ncomponent power 1 0 4\n0\n3/2\n0\n-1/2\n";
        assert_eq!(sha256(lines.as_bytes()), t.sha256());
        assert_ne!(read(&plain).sha256(), t.sha256());
        for (target, fields, part) in [
            (
                "direct_clip",
                "\"lower\":\"1\",\"upper\":\"1\"",
                "lower = 1 is not below upper = 1",
            ),
            (
                "direct_clip",
                "\"lower\":\"1\"",
                "lower: is stated without upper",
            ),
            (
                "direct_clip",
                "\"upper\":\"1\"",
                "upper: is stated without lower",
            ),
            (
                "clip",
                "\"lower\":\"0\",\"upper\":\"1\"",
                "direct_clip, not of clip",
            ),
            (
                "direct_relu6",
                "\"lower\":\"0\",\"upper\":\"6\"",
                "not of direct_relu6",
            ),
        ] {
            let text = stated(fields).replace("direct_clip", target);
            let error = Table::from_json(&text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn errors_name_the_field() {
        for (from, to, place) in [
            ("\"1.5\"", "\"x\"", "components[0].coefficients[1]"),
            ("\"1.5\"", "\"1/0\"", "components[0].coefficients[1]"),
            ("\"power\"", "\"fourier\"", "components[0].basis"),
            ("\"lo\":\"-1\"", "\"lo\":\"1\"", "domain"),
            ("\"relu\"", "\"gelu\"", "target"),
            ("table/1", "table/2", "format"),
            ("\"name\"", "\"naem\"", "line 1"),
            (
                "[{\"basis\":\"power\",\"coefficients\":[\"0\",\"1.5\",\"0\",\"-0.5\"]}]",
                "[]",
                "components",
            ),
            ("\"hi\":\"1\"", "\"hi\":\"1\",\"hi\":\"1\"", "line 2"),
            ("\"1.5\"", "1.5", "line 3"),
        ] {
            let text = SMALL.replace(from, to);
            assert_ne!(text, SMALL);
            let error = Table::from_json(&text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
        assert!(Table::from_json(&SMALL[..SMALL.len() - 3]).is_err());
    }

    #[test]
    fn a_stated_digest_must_match() {
        let text = SMALL.replacen('{', &format!("{{\"sha256\":\"{}\",", "0".repeat(64)), 1);
        assert!(matches!(
            Table::from_json(&text).unwrap_err().kind,
            ErrorKind::Digest { .. }
        ));
    }
}
