//! Orion's YAML: `ckks_params`, `boot_params`, and `orion` with its margin.
//!
//! Events of the parser are read, and no tree is built: aliases of a hostile file are refused, never expanded.

use crate::error::{Error, Result};
use crate::plan::profile::forms::form::Form;
use crate::plan::profile::forms::parameters::{list, whole, wholes, Kept, Parameters, Primes};
use std::fmt::Write as _;
use yaml_rust2::parser::{Event, MarkedEventReceiver, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};

/// Most fields of a file.
const MAX_FIELDS: usize = 256;

/// Fields by path, `section.key`, in their order; lists without their brackets.
#[derive(Default)]
struct Fields {
    /// For each open mapping the key that is being given a value, none while a key is read.
    open: Vec<Option<String>>,
    /// The list that is open.
    items: Option<Vec<String>>,
    found: Vec<(String, String, usize)>,
    fault: Option<(usize, &'static str)>,
}

impl Fields {
    fn refuse(&mut self, line: usize, why: &'static str) {
        self.fault.get_or_insert((line, why));
    }

    fn value(&mut self, text: String, line: usize) {
        let path: Vec<String> = self.open.iter().flatten().cloned().collect();
        if self.found.len() < MAX_FIELDS {
            self.found.push((path.join("."), text, line));
        } else {
            self.refuse(line, "more fields than 256");
        }
        if let Some(key) = self.open.last_mut() {
            *key = None;
        }
    }

    fn scalar(&mut self, text: &str, quoted: bool, line: usize) {
        let plain = text.chars().all(|c| !c.is_control()) && text.chars().count() <= 1_000;
        if !plain {
            return self.refuse(
                line,
                "a value with control characters, or of more than 1000",
            );
        }
        let text = match quoted {
            true => serde_json::Value::from(text).to_string(),
            false => text.to_owned(),
        };
        if let Some(items) = &mut self.items {
            if items.len() < MAX_FIELDS {
                items.push(text);
            } else {
                self.refuse(line, "a list of more than 256 numbers");
            }
            return;
        }
        match self.open.last_mut() {
            None => self.refuse(line, "is no mapping"),
            Some(key @ None) => {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                if !text.is_empty() && text.chars().all(word) {
                    *key = Some(text);
                } else {
                    self.refuse(line, "a key that is no word");
                }
            }
            Some(_) => self.value(text, line),
        }
    }
}

impl MarkedEventReceiver for Fields {
    fn on_event(&mut self, event: Event, mark: Marker) {
        let line = mark.line();
        if self.fault.is_some() {
            return;
        }
        match event {
            Event::MappingStart(anchor, _) => {
                let key = self.open.last().is_none_or(Option::is_some);
                if anchor != 0 || !key || self.items.is_some() || self.open.len() == 2 {
                    self.refuse(
                        line,
                        "a mapping deeper than section and key, or with an anchor",
                    );
                }
                self.open.push(None);
            }
            Event::MappingEnd => {
                self.open.pop();
                if let Some(key) = self.open.last_mut() {
                    *key = None;
                }
            }
            Event::SequenceStart(anchor, _) => {
                let value = self.open.last().is_some_and(Option::is_some);
                if anchor != 0 || !value || self.items.is_some() {
                    self.refuse(line, "a list that is no field's value, or with an anchor");
                }
                self.items = Some(Vec::new());
            }
            Event::SequenceEnd => {
                let items = self.items.take().unwrap_or_default();
                self.value(format!("[{}]", items.join(", ")), line);
            }
            Event::Scalar(text, style, anchor, _) => {
                if anchor != 0 {
                    self.refuse(line, "an anchor");
                }
                self.scalar(&text, style != TScalarStyle::Plain, line);
            }
            Event::Alias(_) => self.refuse(line, "an alias"),
            _ => {}
        }
    }
}

/// Reads a file.
///
/// # Errors
/// The field or line, and what is wrong with it.
pub fn read(text: &str) -> Result<Parameters> {
    let mut fields = Fields::default();
    Parser::new_from_str(text)
        .load(&mut fields, true)
        .map_err(|e| Error::parse(format!("line {}", e.marker().line()), e.info().to_owned()))?;
    if let Some((line, why)) = fields.fault {
        return Err(Error::parse(format!("line {line}"), why));
    }
    let found = fields.found;
    for (i, (path, _, line)) in found.iter().enumerate() {
        if found[..i].iter().any(|(p, _, _)| p == path) {
            return Err(Error::parse(
                format!("line {line}"),
                format!("{path} given twice"),
            ));
        }
    }
    let get = |path: &str| found.iter().find(|f| f.0 == path).map(|f| f.1.as_str());
    let need = |path: &str| get(path).ok_or_else(|| Error::parse(path, "is missing"));
    let sizes = |path: &str, text: &str| -> Result<Vec<u32>> {
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        wholes(path, inner.ok_or_else(|| Error::parse(path, "is no list"))?)
    };
    let bits = |path: &str| Ok::<_, Error>(Primes::Bits(sizes(path, need(path)?)?));
    let boot = get("boot_params.LogP").map(|t| sizes("boot_params.LogP", t));
    let weight = get("ckks_params.H").map(|t| whole("ckks_params.H", t));
    if let Some(margin) = get("orion.margin") {
        if !margin
            .parse::<f64>()
            .is_ok_and(|m| m > 0.0 && m.is_finite())
        {
            return Err(Error::parse("orion.margin", "is no number above 0"));
        }
    }
    let typed = |path: &str| TYPED.contains(&path);
    let kept = found.iter().filter(|f| !typed(&f.0)).map(|f| Kept {
        path: f.0.clone(),
        text: f.1.clone(),
    });
    let parameters = Parameters {
        form: Form::Orion,
        name: None,
        log_n: whole("ckks_params.LogN", need("ckks_params.LogN")?)?,
        q: bits("ckks_params.LogQ")?,
        p: bits("ckks_params.LogP")?,
        log_scale: whole("ckks_params.LogScale", need("ckks_params.LogScale")?)?,
        weight: weight.transpose()?,
        boot_p: boot.transpose()?,
        kept: kept.collect(),
    };
    parameters.checked()
}

const TYPED: [&str; 6] = [
    "ckks_params.LogN",
    "ckks_params.LogQ",
    "ckks_params.LogP",
    "ckks_params.LogScale",
    "ckks_params.H",
    "boot_params.LogP",
];

/// The text of a file.
#[must_use]
pub fn write(parameters: &Parameters) -> String {
    let kept: &[Kept] = match parameters.form {
        Form::Orion => &parameters.kept,
        _ => &[],
    };
    let mut out = String::new();
    for k in kept.iter().filter(|k| !k.path.contains('.')) {
        let _ = writeln!(out, "{}: {}", k.path, k.text);
    }
    let mut section = |name: &str, typed: Vec<(&str, String)>| {
        let own = kept.iter().filter_map(|k| {
            let (section, key) = k.path.split_once('.')?;
            (section == name).then(|| (key, k.text.clone()))
        });
        let lines: Vec<(&str, String)> = typed.into_iter().chain(own).collect();
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(out, "{}{name}:", if out.is_empty() { "" } else { "\n" });
        for (key, text) in lines {
            let _ = writeln!(out, "  {key}: {text}");
        }
    };
    let bits = |b: &[u32]| format!("[{}]", list(b));
    let mut ckks = vec![
        ("LogN", parameters.log_n.to_string()),
        ("LogQ", bits(&parameters.q.bits())),
        ("LogP", bits(&parameters.p.bits())),
        ("LogScale", parameters.log_scale.to_string()),
    ];
    ckks.extend(parameters.weight.map(|h| ("H", h.to_string())));
    section("ckks_params", ckks);
    let boot = parameters.boot_p.as_ref().map(|p| ("LogP", bits(p)));
    section("boot_params", boot.into_iter().collect());
    let mut others: Vec<&str> = Vec::new();
    for name in kept.iter().filter_map(|k| Some(k.path.split_once('.')?.0)) {
        if !["ckks_params", "boot_params"].contains(&name) && !others.contains(&name) {
            others.push(name);
        }
    }
    for name in others {
        section(name, Vec::new());
    }
    out
}
