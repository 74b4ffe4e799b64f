//! From what a file holds to a table: what is meant, and whether the file, an option or nobody says so.

use crate::arith::number::{self, MAX_CHARS};
use crate::error::{Error, Result};
use crate::interchange::arrange;
use crate::interchange::beside::{self, Beside};
use crate::interchange::facts::Facts;
use crate::interchange::format::Format;
use crate::interchange::header::Header;
use crate::interchange::hints::{Hints, Imported, Layout, Order};
use crate::interchange::remarks::{ignored, not_odd, seen};
use crate::interchange::smooth;
use crate::interchange::source::{Group, Item, Source};
use crate::interchange::stated::{
    confirm, domain, ends, eps, last_stage, no_basis_by_name, slope, target, Own,
};
use crate::poly::component::{Basis, Component};
use crate::poly::table::{Domain, Output, Table};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// From so many numbers on one list may be several components: 0, c_1, 0, c_3.
const LONG: usize = 4;

/// A file's lists.
#[derive(Debug)]
pub(super) struct Lists {
    pub source: Source,
    /// None: plain text.
    pub format: Option<Format>,
    pub header: Option<Header>,
    /// Whether the file says the degree of every coefficient.
    pub has_degrees: bool,
    /// What a JSON file says beside its lists.
    pub fields: Map<String, Value>,
}

impl Lists {
    pub fn plain(source: Source, format: Option<Format>) -> Self {
        Self {
            source,
            format,
            header: None,
            has_degrees: false,
            fields: Map::new(),
        }
    }
}

/// Everything holds that is asked of a table, and its file can be read again.
pub(super) fn validated(table: Table, notes: Vec<String>) -> Result<Imported> {
    table.validate()?;
    for (i, c) in table.components.iter().enumerate() {
        let numbers = c.coefficients.iter().chain([&c.scale, &c.offset]);
        if let Some(n) = numbers
            .map(|x| number::write(x).len())
            .find(|n| *n > MAX_CHARS)
        {
            let detail = format!("a number of {n} characters, the limit is {MAX_CHARS}");
            return Err(Error::parse(format!("components[{i}]"), detail));
        }
    }
    Ok(Imported { table, notes })
}

/// The table of a file's lists.
pub(super) fn table(lists: Lists, hints: &Hints, digest: &str) -> Result<Imported> {
    conventions(&lists, hints)?;
    let Lists {
        source,
        format,
        header,
        has_degrees,
        ..
    } = &lists;
    let every: Vec<String> = (1..=source.groups.len()).map(|i| i.to_string()).collect();
    let names = match header {
        Some(_) => Some(every.as_slice()),
        None => hints.arrays.as_deref(),
    };
    let (items, groups) = source.choose(names)?;
    if header.is_none() {
        told(&items, hints)?;
        unmatched(&lists, &items, hints)?;
        multiplied(source, &groups, hints)?;
        one_or_several(*format, &items, hints)?;
    }
    let mut facts = Facts::default();
    let said = match header {
        Some(_) => Beside::default(),
        None => beside::read(&lists.fields, hints)?,
    };
    let file_target = header.as_ref().map(|h| h.target).or(said.target);
    let target = target(hints, file_target, &mut facts);
    let own_smooth = header.as_ref().and_then(|h| h.smooth.clone());
    let smooth = smooth::fields(hints, own_smooth.clone(), target, &mut facts)?;
    let own = items.iter().all(|i| i.form.is_some());
    let done: Vec<bool> = items.iter().map(|i| i.form.is_some()).collect();
    let (basis, basis_stated) = basis(&lists, hints)?;
    if !own && !basis_stated {
        no_basis_by_name(&groups)?;
    }
    let first_domain = items.first().and_then(|i| i.form.as_ref()?.domain.clone());
    let paired = hints.layout == Some(Layout::Degrees);
    let items = match header.is_some() || *has_degrees {
        true => items,
        false => arrange::pairs(items, hints)?,
    };
    let ordered_by = hints.order.or(said.order);
    let mut components = arrange::components(
        items,
        basis,
        &Hints {
            order: ordered_by,
            ..hints.clone()
        },
    )?;
    arrange::mapped(&mut components, said.domain.as_ref())?;
    if hints.degrees.is_none() {
        arrange::of_degree(&components, said.degree)?;
    }
    if let Some(header) = header {
        described(&mut components, header, *format, hints)?;
    }
    if *format == Some(Format::Openfhe) {
        openfhe(&mut components, &done, hints)?;
    }
    facts.say(own || basis_stated, bases(&components), "--basis");
    let ordered = ordered_by.is_some() || own || *has_degrees || header.is_some() || paired;
    let order = match ordered_by {
        Some(Order::Highest) => "coefficients from the highest degree downwards",
        _ if groups.iter().any(|g| g.told.is_some()) => "coefficients in the order of the call",
        _ => "coefficients from degree 0 upwards",
    };
    facts.say(ordered, order.to_owned(), "--order");
    let stated = header
        .as_ref()
        .map(|h| (h.domain.lo.clone(), h.domain.hi.clone()));
    let stated = stated.or_else(|| hints.interval.clone());
    let stated = stated.or(first_domain).or(said.domain);
    let (lo, hi) = domain(hints, stated, &mut facts)?;
    structure(
        &components,
        hints,
        header.is_some() || groups.len() > 1 || paired,
        &mut facts,
    );
    written(&lists, &groups, own, &mut facts);
    if hints.arrays.is_some() {
        let chosen: Vec<String> = groups.iter().map(|g| g.title()).collect();
        facts.say(true, format!("arrays {}", chosen.join(", ")), "");
    }
    let name = hints
        .name
        .clone()
        .or_else(|| header.as_ref().map(|h| h.name.clone()));
    let own_eps = header.as_ref().and_then(|h| h.domain.eps.clone());
    let eps = eps(hints, own_eps.clone(), target, &mut facts)?;
    let origin = format.map_or("text", Format::name);
    let mut table = Table {
        name: name.unwrap_or_else(|| hints.default_name.clone()),
        target,
        output: Output::default(),
        slope: None,
        ends: None,
        smooth,
        domain: Domain { lo, hi, eps },
        components,
        provenance: BTreeMap::from([("imported from".to_owned(), origin.to_owned())]),
    };
    let output = header.as_ref().map(|h| h.output).or(said.output);
    last_stage(&mut table, output, hints, &mut facts)?;
    let own_slope = header.as_ref().and_then(|h| h.slope.clone());
    let own_slope = own_slope.or(said.slope);
    slope(&mut table, own_slope.clone(), hints, &mut facts)?;
    let own_ends = header.as_ref().and_then(|h| h.ends.clone());
    ends(&mut table, own_ends.clone(), hints, &mut facts)?;
    let mut notes = facts.publish(&mut table, hints, digest);
    notes.extend(groups.iter().filter_map(|g| g.told.clone()));
    notes.extend(ignored(&said.ignored));
    notes.extend(seen(source, &groups, hints, lists.fields.is_empty()));
    if hints.target().is_none() && header.is_none() {
        notes.extend(not_odd(&table));
    }
    table.validate()?;
    let stated = header.as_ref().map(|h| h.sha256.as_str());
    let own = Own {
        output: output.unwrap_or_default(),
        eps: own_eps,
        slope: own_slope,
        ends: own_ends,
        smooth: own_smooth,
    };
    confirm(&table, own, stated, hints)?;
    validated(table, notes)
}

/// Options that the form has no use for.
fn conventions(lists: &Lists, hints: &Hints) -> Result<()> {
    if lists.header.is_some() {
        let mut about = hints.clone();
        about.basis = None;
        about.no_lists("the file's line of polycert-export says what its lists are")?;
    }
    let format = lists.format;
    let own_basis = matches!(
        format,
        Some(Format::Lattigo | Format::Openfhe | Format::Heir)
    );
    let name = format.map_or("text", Format::name);
    if own_basis && hints.basis.is_some() {
        return Err(Error::domain(format!("--basis: {name} has its own")));
    }
    if format != Some(Format::Openfhe) && hints.interval.is_some() {
        let detail = "--interval is for the Chebyshev series of openfhe";
        return Err(Error::domain(detail));
    }
    let ordered = hints.order.is_some() || hints.degrees.is_some();
    if lists.has_degrees && ordered {
        let detail = "--order, --degrees: the file says the degree of every coefficient";
        return Err(Error::domain(detail));
    }
    Ok(())
}

/// Options against what the calls of a program say of their lists.
fn told(items: &[Item], hints: &Hints) -> Result<()> {
    if !items.iter().any(|i| i.form.is_some()) {
        return Ok(());
    }
    let mut about = hints.clone();
    (about.arrays, about.factors, about.interval) = (None, None, None);
    about.no_lists("the file says itself what its lists are")
}

/// Calls that say how coefficients are taken, and not certainly of which list.
fn unmatched(lists: &Lists, items: &[Item], hints: &Hints) -> Result<()> {
    let Some(call) = lists.source.unmatched.first() else {
        return Ok(());
    };
    let (said, how) = match lists.format {
        Some(Format::Openfhe) => (hints.interval.is_some(), "--interval"),
        Some(Format::Lattigo) => (hints.order.is_some(), "--order"),
        _ => (
            hints.basis.is_some() && hints.order.is_some(),
            "--basis and --order",
        ),
    };
    // Where other calls are of the lists, this one is taken to be of something else (`written`).
    if said || items.iter().all(|i| i.form.is_some()) {
        return Ok(());
    }
    let detail = format!(
        "{call} says how coefficients are taken, and not certainly of which list: say {how}"
    );
    Err(Error::parse("", detail))
}

/// What is taken for granted of the programs around lists.
fn written(lists: &Lists, groups: &[&Group], own: bool, facts: &mut Facts) {
    for group in groups {
        // An export's own program was made with its numbers, and its digest confirms them.
        let known = lists.header.is_some() && !group.mentioned && group.changed.is_none();
        let Some(assumed) = group.assumed.as_ref().filter(|_| !known) else {
            continue;
        };
        let change = group.changed.as_ref().map(|(at, _)| {
            let (line, text) = at.split_once(": ").unwrap_or((at, ""));
            format!(", and {line} changes it: {text}")
        });
        facts.assume(format!("{assumed}{}", change.unwrap_or_default()));
    }
    if let (Some(call), true) = (lists.source.unmatched.first(), own) {
        facts.assume(format!("{call} is of something else"));
    }
}

/// Numbers that multiply the arrays are not passed over.
fn multiplied(source: &Source, groups: &[&Group], hints: &Hints) -> Result<()> {
    if hints.factors.is_some() {
        return Ok(());
    }
    if let Some(group) = groups.iter().find(|g| g.operated) {
        let detail = format!(
            "the text computes with {}, as in [...] * 10: say by --factor what its numbers are multiplied by (1 for nothing)",
            group.title()
        );
        return Err(Error::parse(group.place(), detail));
    }
    if let Some(scalar) = source
        .scalars
        .iter()
        .find(|s| s.scales() && s.value != 1u32)
    {
        let value = number::decimal(&scalar.value, 10, false);
        let detail = format!(
            "{} = {value} stands beside the arrays: say by --factor {value} that the coefficients are multiplied by it, or by --factor 1 that they stand as they are",
            scalar.name
        );
        return Err(Error::parse(format!("line {}", scalar.line), detail));
    }
    Ok(())
}

/// One number a line: nothing says where a component ends.
fn one_or_several(format: Option<Format>, items: &[Item], hints: &Hints) -> Result<()> {
    match items {
        [only] if format.is_none() && only.count >= LONG && hints.degrees.is_none() => {
            let n = only.count;
            let halves = match (n % 4, n / 2) {
                (0, half) if n >= 8 => format!("--degrees {},{}", half - 1, half - 1),
                _ => "--degrees A,B,...".to_owned(),
            };
            let detail = format!(
                "{n} numbers, one a line and no blank line: one polynomial (--degrees {}) or several one after the other (such as {halves}) is for you to say",
                n - 1
            );
            Err(Error::parse("", detail))
        }
        _ => Ok(()),
    }
}

/// The basis of lists that have none of their own, and whether anybody states it.
fn basis(lists: &Lists, hints: &Hints) -> Result<(Basis, bool)> {
    let said = lists
        .source
        .texts
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("basis"));
    let said = match said.map(|(_, text)| text.to_ascii_lowercase()) {
        None => None,
        Some(text) if matches!(text.as_str(), "power" | "monomial") => Some(Basis::Power),
        Some(text) if text == "chebyshev" => Some(Basis::Chebyshev),
        Some(text) => {
            return Err(Error::parse(
                "basis",
                format!("{text:?}; expected power or chebyshev"),
            ));
        }
    };
    if let (Some(said), Some(asked)) = (said, hints.basis) {
        if said != asked {
            let detail = format!(
                "the file says {}, --basis says {}",
                said.name(),
                asked.name()
            );
            return Err(Error::parse("basis", detail));
        }
    }
    if matches!(lists.format, Some(Format::Lattigo | Format::Openfhe)) {
        return Ok((Basis::Chebyshev, true));
    }
    let stated = hints.basis.or(said);
    Ok((
        stated.unwrap_or(Basis::Power),
        stated.is_some() || lists.header.is_some(),
    ))
}

fn bases(components: &[Component]) -> String {
    let mut names: Vec<&str> = components.iter().map(|c| c.basis.name()).collect();
    names.dedup();
    format!("basis {}", names.join(", "))
}

/// How many components, and their input maps.
fn structure(components: &[Component], hints: &Hints, stated: bool, facts: &mut Facts) {
    let degrees: Vec<String> = components.iter().map(|c| c.degree().to_string()).collect();
    let what = match components {
        [_] => format!("one polynomial of degree {}", degrees[0]),
        _ => format!("degrees {}, first applied first", degrees.join(", ")),
    };
    facts.say(stated || hints.degrees.is_some(), what, "--degrees");
    maps(components, facts);
}

/// Whether there are input maps.
pub(super) fn maps(components: &[Component], facts: &mut Facts) {
    let mapped = components
        .iter()
        .any(|c| c.scale != 1u32 || !c.offset.is_zero());
    if mapped {
        facts.say(true, "input maps of the file".to_owned(), "");
    } else {
        facts.say(
            false,
            "x as it is, without an input map".to_owned(),
            "none is known",
        );
    }
}

/// What an export's first line says of its lists.
fn described(
    components: &mut [Component],
    header: &Header,
    format: Option<Format>,
    hints: &Hints,
) -> Result<()> {
    let (said, found) = (header.forms.len(), components.len());
    if said != found {
        let detail = format!("{found} components, the file's first lines say {said}");
        return Err(Error::parse("components", detail));
    }
    for (c, (basis, scale, offset)) in components.iter_mut().zip(&header.forms) {
        if let Some(asked) = hints.basis.filter(|asked| asked != basis) {
            let (said, asked) = (basis.name(), asked.name());
            let detail =
                format!("the file's line of polycert-export says {said}, --basis says {asked}");
            return Err(Error::parse("basis", detail));
        }
        if !matches!(format, Some(Format::Csv | Format::Heir)) {
            c.basis = *basis;
        }
        (c.scale, c.offset) = (scale.clone(), offset.clone());
    }
    Ok(())
}

/// Half of the first coefficient, and the map of [a, b].
fn openfhe(components: &mut [Component], done: &[bool], hints: &Hints) -> Result<()> {
    for (i, c) in components.iter_mut().enumerate() {
        if done.get(i) == Some(&true) {
            continue;
        }
        if let Some(first) = c.coefficients.first_mut() {
            *first /= 2u32;
        }
        if let Some((a, b)) = &hints.interval {
            if a >= b {
                return Err(Error::domain("--interval A,B has A below B"));
            }
            (c.scale, c.offset) = crate::poly::basis::interval_map(a, b);
        }
    }
    Ok(())
}
