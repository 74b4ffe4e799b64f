//! JSON objects that say what their components are: tables, published tables, what `export` makes.

use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::interchange::arrange;
use crate::interchange::beside::{self, Beside};
use crate::interchange::export::JSON_FORMAT;
use crate::interchange::facts::Facts;
use crate::interchange::hints::{Hints, Imported, Order};
use crate::interchange::meaning;
use crate::interchange::published::{self, Settings};
use crate::interchange::remarks;
use crate::interchange::smooth;
use crate::interchange::stated::{self, Own};
use crate::poly::table::{Domain, Output, Table, FORMAT};
use rug::Rational;
use serde_json::Value;
use std::collections::BTreeMap;

/// Whether a text is to be read as one: an object with components or with a format of ours. What is no
/// JSON at all, but begins like one that has them, is one too, and its error will say so.
pub(super) fn is_one(text: &str) -> bool {
    if !text.trim_start().starts_with('{') {
        return false;
    }
    match serde_json::from_str::<BTreeMap<String, Value>>(text) {
        Ok(fields) => {
            fields.contains_key("components") || ours(&fields).is_some() || !text.contains('[')
        }
        Err(_) => text.contains("\"components\"") || !text.contains('['),
    }
}

fn ours(fields: &BTreeMap<String, Value>) -> Option<&str> {
    let format = fields.get("format").and_then(Value::as_str);
    format.filter(|f| f.starts_with("polycert-"))
}

/// The table of such an object.
pub(super) fn table(text: &str, hints: &Hints, digest: &str) -> Result<Imported> {
    let fields: BTreeMap<String, Value> = serde_json::from_str(text).unwrap_or_default();
    match ours(&fields) {
        Some(FORMAT) => whole(text, &fields, hints),
        Some(JSON_FORMAT) => exported(text, &fields, hints, digest),
        _ => stated_by_its_author(text, &fields, hints, digest),
    }
}

/// A table file: options may say what it is for.
fn whole(text: &str, fields: &BTreeMap<String, Value>, hints: &Hints) -> Result<Imported> {
    hints.no_lists("the file is a table already, which says so itself")?;
    let mut table = Table::from_json(text)?;
    if let Some(name) = &hints.name {
        table.name.clone_from(name);
    }
    table.target = hints.target().unwrap_or(table.target);
    if let Some(hi) = &hints.hi {
        table.domain.hi.clone_from(hi);
        table.domain.lo = Rational::from(-hi);
    }
    if let Some(lo) = &hints.lo {
        table.domain.lo.clone_from(lo);
    }
    // The rest the file says itself.
    let mut facts = Facts::default();
    let own = table.smooth.take();
    table.smooth = smooth::fields(hints, own, table.target, &mut facts)?;
    table.domain.eps = stated::eps(hints, table.domain.eps.take(), table.target, &mut facts)?;
    let said = fields.contains_key("output").then_some(table.output);
    stated::last_stage(&mut table, said, hints, &mut facts)?;
    let own = table.slope.take();
    stated::slope(&mut table, own, hints, &mut facts)?;
    let own = table.ends.take();
    stated::ends(&mut table, own, hints, &mut facts)?;
    meaning::validated(table, facts.notes().to_vec())
}

fn settings(hints: &Hints, said: &Beside, facts: &mut Facts) -> Result<(Settings, Rational)> {
    let target = stated::target(hints, said.target, facts);
    let (lo, hi) = stated::domain(hints, said.domain.clone(), facts)?;
    let name = hints.name.clone();
    let settings = Settings {
        name: name.unwrap_or_else(|| hints.default_name.clone()),
        target,
        basis: hints.basis,
        hi,
        eps: stated::eps(hints, None, target, facts)?,
        smooth: smooth::fields(hints, None, target, facts)?,
    };
    Ok((settings, lo))
}

/// The published form: components, and a basis.
fn stated_by_its_author(
    text: &str,
    fields: &BTreeMap<String, Value>,
    hints: &Hints,
    digest: &str,
) -> Result<Imported> {
    let mut about = hints.clone();
    (about.order, about.factors, about.basis) = (None, None, None);
    about.no_lists("the file says what its components are")?;
    let said = fields.get("basis").and_then(Value::as_str);
    if let (Some(said), Some(asked)) = (said, hints.basis) {
        if said != asked.name() {
            let detail = format!("the file says {said}, --basis says {}", asked.name());
            return Err(Error::parse("basis", detail));
        }
    }
    let mut facts = Facts::default();
    let about = beside::read(&fields.clone().into_iter().collect(), hints)?;
    let (settings, lo) = settings(hints, &about, &mut facts)?;
    let mut table = published::import(text, &settings)?;
    table.domain.lo = lo;
    let order = hints.order.or(about.order);
    arrange::reorder(&mut table.components, order);
    arrange::mapped(&mut table.components, about.domain.as_ref())?;
    arrange::multiply(&mut table.components, hints)?;
    let basis = table.components.first().map_or("", |c| c.basis.name());
    let stated = said.is_some() || hints.basis.is_some();
    facts.say(stated, format!("basis {basis}"), "--basis");
    let words = match order {
        Some(Order::Highest) => "coefficients from the highest degree downwards",
        _ => "coefficients from degree 0 upwards",
    };
    facts.say(order.is_some(), words.to_owned(), "--order");
    meaning::maps(&table.components, &mut facts);
    stated::last_stage(&mut table, about.output, hints, &mut facts)?;
    stated::slope(&mut table, about.slope, hints, &mut facts)?;
    stated::ends(&mut table, None, hints, &mut facts)?;
    arrange::of_degree(&table.components, about.degree)?;
    let mut notes = facts.publish(&mut table, hints, digest);
    notes.extend(remarks::ignored(&about.ignored));
    meaning::validated(table, notes)
}

/// What `export` made: everything is stated.
fn exported(
    text: &str,
    fields: &BTreeMap<String, Value>,
    hints: &Hints,
    digest: &str,
) -> Result<Imported> {
    let mut about = hints.clone();
    about.basis = None;
    about.no_lists("the file says what its components are")?;
    let word = |name: &str| fields.get(name).and_then(Value::as_str);
    let Some(stated) = fields.get("domain") else {
        return Err(Error::parse("domain", "is missing"));
    };
    let number = |name: &str| {
        let text = stated[name].as_str().unwrap_or("");
        crate::arith::number::parse(text).map_err(|e| e.within(&format!("domain.{name}")))
    };
    let eps = stated.get("eps").map(|_| number("eps")).transpose()?;
    let own = Domain {
        lo: number("lo")?,
        hi: number("hi")?,
        eps,
    };
    let mut facts = Facts::default();
    let own_target = word("target").map(str::parse).transpose()?;
    let target = stated::target(hints, own_target, &mut facts);
    let own_smooth = match own_target {
        Some(Function::Smooth) => Some(smooth::read(|name| fields.get(name), own.ends())?),
        _ => None,
    };
    let is_smooth = own_smooth.is_some();
    let (lo, hi) = stated::domain(hints, Some((own.lo.clone(), own.hi.clone())), &mut facts)?;
    let settings = Settings {
        name: hints.default_name.clone(),
        target,
        basis: hints.basis,
        hi,
        eps: stated::eps(hints, own.eps.clone(), target, &mut facts)?,
        smooth: smooth::fields(hints, own_smooth.clone(), target, &mut facts)?,
    };
    let mut table = published::import(text, &settings)?;
    table.domain.lo = lo;
    if let Some(name) = hints.name.as_deref().or_else(|| word("name")) {
        name.clone_into(&mut table.name);
    }
    for taken in [
        "format", "name", "target", "output", "slope", "lower", "upper", "domain", "sha256",
    ] {
        table.provenance.remove(taken);
    }
    if is_smooth {
        for taken in ["function", "value"] {
            table.provenance.remove(taken);
        }
    }
    let said = Output::parse(word("output"))?;
    stated::last_stage(&mut table, Some(said), hints, &mut facts)?;
    let slope = match word("slope") {
        Some(text) => Some(crate::arith::number::parse(text).map_err(|e| e.within("slope"))?),
        None => None,
    };
    stated::slope(&mut table, slope.clone(), hints, &mut facts)?;
    let end = |field: &str, t| crate::arith::number::parse(t).map_err(|e| e.within(field));
    let ends = match (word("lower"), word("upper")) {
        (Some(lower), Some(upper)) => Some((end("lower", lower)?, end("upper", upper)?)),
        _ => None,
    };
    stated::ends(&mut table, ends.clone(), hints, &mut facts)?;
    table.validate()?;
    let own = Own {
        output: said,
        eps: own.eps,
        slope,
        ends,
        smooth: own_smooth,
    };
    stated::confirm(&table, own, word("sha256"), hints)?;
    let notes = facts.publish(&mut table, hints, digest);
    meaning::validated(table, notes)
}
