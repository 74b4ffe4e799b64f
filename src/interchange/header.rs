//! What a list of numbers does not say, in one comment line of an exported file:
//! `polycert-export/1 {"format":...,"target":...,"lo":...,"hi":...,"components":[...],"sha256":...}`.

use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::interchange::format::Format;
use crate::poly::component::{Basis, Component};
use crate::poly::smooth::{Fields, Smooth};
use crate::poly::table::{Domain, Output, Table};
use rug::Rational;
use serde::{Deserialize, Serialize};

/// What the line begins with, after the mark of a comment.
const TAG: &str = "polycert-export/1 ";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    format: String,
    name: String,
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    lo: String,
    hi: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    eps: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segments: Option<Vec<[String; 2]>>,
    components: Vec<RawForm>,
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawForm {
    basis: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<String>,
}

/// The line, read.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub format: Format,
    pub name: String,
    pub target: Function,
    pub output: Output,
    pub slope: Option<Rational>,
    pub ends: Option<(Rational, Rational)>,
    pub smooth: Option<Smooth>,
    pub domain: Domain,
    /// Basis, scale and offset of every component.
    pub forms: Vec<(Basis, Rational, Rational)>,
    /// Digest of the table that the file holds.
    pub sha256: String,
}

impl Header {
    /// The comment of a table, without the mark of a comment and without a newline in it.
    pub fn write(table: &Table, format: Format) -> String {
        let w = number::write;
        let smooth = table.smooth.as_ref();
        let form = |c: &Component| RawForm {
            basis: c.basis.name().to_owned(),
            scale: (c.scale != 1u32).then(|| w(&c.scale)),
            offset: (!c.offset.is_zero()).then(|| w(&c.offset)),
        };
        let raw = Raw {
            format: format.name().to_owned(),
            name: table.name.clone(),
            target: table.target.name().to_owned(),
            output: (table.output == Output::Step).then(|| "step".to_owned()),
            slope: table.slope.as_ref().map(w),
            ends: table.ends.as_ref().map(|(l, u)| (w(l), w(u))),
            function: smooth.map(|s| s.function.text().to_owned()),
            value: smooth.and_then(Smooth::raw_value),
            segments: smooth.and_then(Smooth::raw_segments),
            lo: w(&table.domain.lo),
            hi: w(&table.domain.hi),
            eps: table.domain.eps.as_ref().map(w),
            components: table.components.iter().map(form).collect(),
            sha256: table.sha256(),
        };
        format!("{TAG}{}", serde_json::to_string(&raw).unwrap_or_default())
    }

    /// Finds and reads the line.
    ///
    /// # Errors
    /// A line with the tag that cannot be read.
    pub fn find(text: &str) -> Result<Option<Self>> {
        for (n, line) in text.lines().enumerate() {
            let comment = line.trim_start_matches(['/', '#', '*', ' ', '\t']);
            if let Some(rest) = comment.strip_prefix(TAG) {
                let place = format!("line {}", n + 1);
                return Self::read(rest.trim())
                    .map_err(|e| e.within(&place))
                    .map(Some);
            }
        }
        Ok(None)
    }

    fn read(text: &str) -> Result<Self> {
        let raw: Raw = serde_json::from_str(text)
            .map_err(|e| Error::parse("", format!("the line of polycert-export: {e}")))?;
        let number = |field: &str, t: &str| number::parse(t).map_err(|e| e.within(field));
        let form = |c: &RawForm| -> Result<(Basis, Rational, Rational)> {
            let basis = match c.basis.as_str() {
                "power" => Basis::Power,
                "chebyshev" => Basis::Chebyshev,
                other => return Err(Error::parse("basis", format!("{other:?} is unknown"))),
            };
            let scale = number("scale", c.scale.as_deref().unwrap_or("1"))?;
            Ok((
                basis,
                scale,
                number("offset", c.offset.as_deref().unwrap_or("0"))?,
            ))
        };
        let domain = Domain {
            lo: number("lo", &raw.lo)?,
            hi: number("hi", &raw.hi)?,
            eps: raw.eps.as_deref().map(|t| number("eps", t)).transpose()?,
        };
        let target = raw.target.parse()?;
        let stated = Fields {
            function: raw.function.as_deref(),
            value: raw.value.as_deref(),
            segments: raw.segments.as_deref(),
        };
        Ok(Self {
            format: raw.format.parse()?,
            target,
            smooth: Smooth::read(stated, target, domain.ends())?,
            output: Output::parse(raw.output.as_deref())?,
            slope: raw
                .slope
                .as_deref()
                .map(|t| number("slope", t))
                .transpose()?,
            ends: match &raw.ends {
                Some((l, u)) => Some((number("ends", l)?, number("ends", u)?)),
                None => None,
            },
            domain,
            forms: raw.components.iter().map(form).collect::<Result<_>>()?,
            name: raw.name,
            sha256: raw.sha256,
        })
    }
}
