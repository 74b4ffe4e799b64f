//! Tables of latency: HEIR's `orbit-cost-model` and DaCapo's profiles, one family.
//!
//! Both are JSON with `latencyTable`: for each operation microseconds by level, 0 where there is no figure. DaCapo's index
//! is the level and its names are `earth.mul_double` (two ciphertexts), `earth.mul_single` (a plaintext); in HEIR's index i
//! is level i + 1, and its names are `mulCtCt`, `mulCtPt`. A bootstrap's index is the level that it ends at. HEIR had DaCapo's
//! names once, over its own levels: such a table shows by its row of bootstraps, which has as many figures as the highest
//! level that a bootstrap ends at, where levels from 0 are one more.

use crate::error::{Error, Result};
use crate::plan::profile::cost::{Bootstrap, Entry, Operation, Profile, Status, MAX_LEVELS};
use crate::plan::profile::file::{compact, json_fault, LOG_N};
use crate::plan::profile::forms::form::Form;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;
use std::collections::BTreeMap;
use std::fmt;

/// HEIR's name, DaCapo's, and what of a profile it is.
const NAMES: [(Option<&str>, &str, Option<Operation>); 9] = [
    (Some("bootstrap"), "earth.bootstrap_single", None),
    (
        Some("rescale"),
        "earth.rescale_single",
        Some(Operation::Rescale),
    ),
    (Some("addCtCt"), "earth.add_double", Some(Operation::Add)),
    (
        Some("addCtPt"),
        "earth.add_single",
        Some(Operation::AddPlain),
    ),
    (Some("mulCtCt"), "earth.mul_double", Some(Operation::Mul)),
    (
        Some("mulCtPt"),
        "earth.mul_single",
        Some(Operation::MulPlain),
    ),
    (
        Some("rotate"),
        "earth.rotate_single",
        Some(Operation::Rotate),
    ),
    (Some("negate"), "earth.negate_single", None),
    (None, "earth.modswitch_single", None),
];

/// A file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Greatest level that a bootstrap is not needed or possible below, as the program has it.
    #[serde(
        rename = "bootstrapLevelLowerBound",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub bootstrap_lower: Option<usize>,
    /// Highest level that a bootstrap ends at.
    #[serde(
        rename = "bootstrapLevelUpperBound",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub bootstrap_upper: Option<usize>,
    /// Microseconds, by operation as the file names it.
    #[serde(rename = "latencyTable")]
    pub table: Table,
    #[serde(
        rename = "levelLowerBound",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    level_lower: Option<usize>,
    #[serde(
        rename = "levelUpperBound",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    level_upper: Option<usize>,
    #[serde(
        rename = "noiseTable",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    noise: Option<Table>,
    /// The ring degree N.
    #[serde(
        rename = "polynomialDegree",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub degree: Option<u64>,
    /// log2 of the scale.
    #[serde(
        rename = "rescalingFactor",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub rescaling: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runtime: Option<String>,
}

/// Numbers by name, in the order of the file; a name that occurs twice is refused.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table(pub Vec<(String, Vec<Number>)>);

impl Table {
    fn get(&self, name: &str) -> Option<&[Number]> {
        let row = self.0.iter().find(|(n, _)| n == name);
        row.map(|(_, numbers)| numbers.as_slice())
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Table;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of lists of numbers")
            }
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Table, A::Error> {
                let mut rows: Vec<(String, Vec<Number>)> = Vec::new();
                while let Some((name, numbers)) = map.next_entry::<String, Vec<Number>>()? {
                    if rows.iter().any(|(n, _)| *n == name) {
                        return Err(serde::de::Error::custom(format!("{name:?} given twice")));
                    }
                    if !NAMES
                        .iter()
                        .any(|(h, d, _)| *h == Some(&*name) || *d == name)
                    {
                        let shown: String = name.chars().take(60).collect();
                        let detail = format!("{shown:?} is no operation of the form");
                        return Err(serde::de::Error::custom(detail));
                    }
                    rows.push((name, numbers));
                }
                Ok(Table(rows))
            }
        }
        deserializer.deserialize_map(Rows)
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, numbers) in &self.0 {
            map.serialize_entry(name, numbers)?;
        }
        map.end()
    }
}

/// Whether a JSON text is one.
#[must_use]
pub fn is_one(text: &str) -> bool {
    text.contains("\"latencyTable\"")
}

impl Latency {
    /// Reads a file of either form.
    ///
    /// # Errors
    /// The field or line, and what is wrong with it: unknown names, both forms' names, times below 0, too many levels.
    pub fn read(text: &str) -> Result<Self> {
        let file: Self = serde_json::from_str(text).map_err(|e| json_fault(&e))?;
        let rows = file
            .table
            .0
            .iter()
            .chain(file.noise.iter().flat_map(|n| &n.0));
        for (name, numbers) in rows {
            if numbers.len() > MAX_LEVELS {
                let detail = format!("{} numbers: at most {MAX_LEVELS}", numbers.len());
                return Err(Error::parse(name, detail));
            }
            let fits = |n: &Number| n.as_f64().is_some_and(|x| (0.0..=1e15).contains(&x));
            if let Some(i) = numbers.iter().position(|n| !fits(n)) {
                let place = format!("{name}[{i}]");
                return Err(Error::parse(
                    place,
                    format!("is {}: it goes from 0 to 1e15", numbers[i]),
                ));
            }
        }
        let dacapo = file
            .table
            .0
            .iter()
            .filter(|(n, _)| n.starts_with("earth."))
            .count();
        if dacapo != 0 && dacapo != file.table.0.len() {
            return Err(Error::parse(
                "latencyTable",
                "has names of HEIR and of DaCapo",
            ));
        }
        if file.table.0.is_empty() {
            return Err(Error::parse("latencyTable", "is empty"));
        }
        Ok(file)
    }

    /// The form that its names are of.
    #[must_use]
    pub fn form(&self) -> Form {
        match self.table.0.iter().all(|(n, _)| n.starts_with("earth.")) {
            true => Form::Dacapo,
            false => Form::Orbit,
        }
    }

    /// Levels below index 0.
    fn shift(&self) -> usize {
        let row = self.table.get(NAMES[0].1).map(<[_]>::len);
        let orbit = self.form() == Form::Orbit || row.is_some() && row == self.bootstrap_upper;
        usize::from(orbit)
    }

    /// The text in a form, and what is lost.
    ///
    /// # Errors
    /// HEIR's form without an operation that HEIR requires.
    pub fn write(&self, form: Form) -> Result<(String, Vec<String>)> {
        let mut file = self.clone();
        let mut lost = Vec::new();
        if form != self.form() {
            let mut rows = Vec::new();
            for (heir, dacapo, _) in NAMES {
                let (from, to) = match form {
                    Form::Dacapo => (heir, Some(dacapo)),
                    _ => (Some(dacapo), heir),
                };
                let Some(numbers) = from.and_then(|n| self.table.get(n)) else {
                    continue;
                };
                let Some(to) = to else {
                    lost.push(from.unwrap_or("").to_owned());
                    continue;
                };
                let numbers = match (form, self.shift()) {
                    (Form::Dacapo, _) => [&[Number::from(0)], numbers].concat(),
                    (_, 0) => numbers[1.min(numbers.len())..].to_vec(),
                    _ => numbers.to_vec(),
                };
                rows.push((to.to_owned(), numbers));
            }
            file.table = Table(rows);
            if form == Form::Orbit {
                lost.extend(file.noise.take().map(|_| "noiseTable".to_owned()));
            }
        }
        if form == Form::Orbit {
            let missing = NAMES
                .iter()
                .filter_map(|(heir, _, _)| *heir)
                .find(|n| file.table.get(n).is_none_or(<[_]>::is_empty));
            if let Some(name) = missing.filter(|_| form != self.form()) {
                return Err(Error::parse(
                    name,
                    "HEIR requires it, and there is no figure",
                ));
            }
        }
        let text = compact(&serde_json::to_string_pretty(&file).unwrap_or_default());
        Ok((text, lost))
    }

    /// The profile that it is.
    ///
    /// **Inputs** the source that is named for it, and log2 of N where the file does not state N.
    ///
    /// # Errors
    /// A file without N where none is given, or without a figure that a profile could have.
    pub fn profile(&self, source: &str, log_n: Option<u32>) -> Result<Profile> {
        let stated = self.degree.filter(|n| n.is_power_of_two()).map(u64::ilog2);
        if self.degree.is_some() && stated.is_none() {
            return Err(Error::parse("polynomialDegree", "is no power of two"));
        }
        let log_n = match (stated, log_n) {
            (Some(a), Some(b)) if a != b => {
                return Err(Error::parse(
                    "polynomialDegree",
                    format!("is 2^{a}, and --log-n says {b}"),
                ));
            }
            (a, b) => a.or(b).ok_or_else(|| {
                Error::parse(
                    "polynomialDegree",
                    "is not stated: say log2 of it (--log-n)",
                )
            })?,
        };
        if !LOG_N.contains(&log_n) {
            let (lo, hi) = (LOG_N.start(), LOG_N.end());
            return Err(Error::parse(
                "polynomialDegree",
                format!("2^{log_n}: from 2^{lo} to 2^{hi}"),
            ));
        }
        let shift = self.shift();
        let row = |(heir, dacapo, _): &(Option<&str>, &str, Option<Operation>)| {
            let found = self
                .table
                .get(dacapo)
                .or_else(|| self.table.get((*heir)?))?;
            let known = found
                .iter()
                .map(|n| n.as_f64().filter(|&x| x > 0.0).map(|x| x / 1e3));
            Some(
                std::iter::repeat_n(None, shift)
                    .chain(known)
                    .collect::<Vec<Option<f64>>>(),
            )
        };
        let rows: Vec<(Operation, Vec<Option<f64>>)> = NAMES
            .iter()
            .filter_map(|n| Some((n.2?, row(n)?)))
            .filter(|(_, ms)| ms.iter().any(Option::is_some))
            .collect();
        let boots = row(&NAMES[0]).filter(|ms| ms.iter().any(Option::is_some));
        let longest = rows.iter().map(|(_, ms)| ms.len()).max().unwrap_or(0);
        let most = longest.saturating_sub(1);
        let levels = match &boots {
            // What lies above is for bootstrapping itself.
            Some(ms) => most.min(ms.len() - 1),
            None => most,
        };
        if levels == 0 {
            return Err(Error::parse(
                "latencyTable",
                "no operation has a figure above level 0",
            ));
        }
        let fitted = |mut ms: Vec<Option<f64>>| {
            ms.resize(levels + 1, None);
            ms
        };
        let entry = |ms| Entry {
            status: Status::Published,
            ms: fitted(ms),
            assumed_levels: Vec::new(),
            note: None,
        };
        let operations: BTreeMap<Operation, Entry> =
            rows.into_iter().map(|(o, ms)| (o, entry(ms))).collect();
        let from_level = self.bootstrap_lower.unwrap_or(0).min(levels);
        let runtime = self.runtime.as_deref().filter(|r| !r.is_empty());
        let printed = runtime
            .unwrap_or("imported")
            .chars()
            .filter(|c| !c.is_control());
        let runtime: String = printed.take(100).collect();
        let made = Profile {
            source: format!("{source}: latencyTable of the form {}", self.form()),
            name: runtime,
            log_n,
            level_bits: self.rescaling.map(f64::from),
            usable_levels: levels,
            operations,
            bootstrap: boots.map(|ms| Bootstrap {
                status: Status::Published,
                from_level,
                ms: fitted(ms),
                noise: None,
                note: None,
            }),
            memory: None,
        };
        // What a profile may not be is said in its own words.
        Profile::from_json(&made.to_json())
    }

    /// The table of a profile, in DaCapo's form, and what is lost.
    #[must_use]
    pub fn of(profile: &Profile) -> (Self, Vec<String>) {
        let us = |ms: &[Option<f64>]| -> Vec<Number> {
            // A thousandth of a microsecond is beyond every clock.
            let one = |x: &Option<f64>| (x.unwrap_or(0.0) * 1e6).round() / 1e3;
            ms.iter()
                .map(|x| match one(x) {
                    y if y.fract() == 0.0 => Number::from(y as u64),
                    y => Number::from_f64(y).unwrap_or_else(|| 0.into()),
                })
                .collect()
        };
        let mut rows: Vec<(String, Vec<Number>)> = Vec::new();
        if let Some(b) = &profile.bootstrap {
            rows.push((NAMES[0].1.to_owned(), us(&b.ms)));
        }
        for (_, name, operation) in NAMES {
            if let Some(entry) = operation.and_then(|o| profile.operations.get(&o)) {
                rows.push((name.to_owned(), us(&entry.ms)));
            }
        }
        let mut lost = vec!["sources, and what is assumed".to_owned()];
        // Signs are changed word by word, as a plaintext is added.
        if let Some(entry) = profile.operations.get(&Operation::AddPlain) {
            rows.push(("earth.negate_single".to_owned(), us(&entry.ms)));
            lost.push("(a negation is taken to cost what add_plain does)".to_owned());
        }
        for operation in [Operation::MulRescale, Operation::RotateHoisted] {
            if profile.operations.contains_key(&operation) {
                lost.push(operation.name().to_owned());
            }
        }
        lost.extend(profile.memory.as_ref().map(|_| "memory".to_owned()));
        lost.extend(
            profile
                .bootstrap_noise()
                .map(|_| "noise of a bootstrap".to_owned()),
        );
        let file = Self {
            bootstrap_lower: profile.bootstrap.as_ref().map(|b| b.from_level),
            bootstrap_upper: profile.bootstrap.as_ref().map(|_| profile.usable_levels),
            table: Table(rows),
            level_lower: Some(1),
            level_upper: Some(profile.usable_levels),
            noise: None,
            degree: Some(1 << profile.log_n),
            rescaling: profile.level_bits.map(|b| b.round() as u32),
            runtime: Some(profile.name.clone()),
        };
        (file, lost)
    }
}
