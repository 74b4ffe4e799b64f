//! From what a file holds to a table: what is meant, and whether the file, an option or nobody says so.

use crate::arith::number::{self, MAX_CHARS};
use crate::error::{Error, Result};
use crate::interchange::arrange;
use crate::interchange::facts::Facts;
use crate::interchange::format::Format;
use crate::interchange::header::Header;
use crate::interchange::hints::{Hints, Imported, Order};
use crate::interchange::remarks::{not_odd, seen};
use crate::interchange::source::{Group, Item, Source};
use crate::interchange::stated::{confirm, domain, last_stage, slope, target};
use crate::poly::component::{Basis, Component};
use crate::poly::table::{Domain, Output, Table};
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
}

impl Lists {
    pub fn plain(source: Source, format: Option<Format>) -> Self {
        Self {
            source,
            format,
            header: None,
            has_degrees: false,
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
    } = &lists;
    let every: Vec<String> = (1..=source.groups.len()).map(|i| i.to_string()).collect();
    let names = match header {
        Some(_) => Some(every.as_slice()),
        None => hints.arrays.as_deref(),
    };
    let (items, groups) = source.choose(names)?;
    if header.is_none() {
        multiplied(source, &groups, hints)?;
        one_or_several(*format, &items, hints)?;
    }
    let mut facts = Facts::default();
    let file_target = header.as_ref().map(|h| h.target);
    let target = target(hints, file_target, &mut facts);
    let own = items.iter().all(|i| i.form.is_some());
    let (basis, basis_stated) = basis(&lists, hints)?;
    let first_domain = items.first().and_then(|i| i.form.as_ref()?.domain.clone());
    let mut components = arrange::components(items, basis, hints)?;
    if let Some(header) = header {
        described(&mut components, header, *format, hints)?;
    }
    if *format == Some(Format::Openfhe) {
        openfhe(&mut components, hints)?;
    }
    facts.say(own || basis_stated, bases(&components), "--basis");
    let ordered = hints.order.is_some() || *has_degrees || header.is_some();
    let order = match hints.order {
        Some(Order::Highest) => "coefficients from the highest degree downwards",
        _ => "coefficients from degree 0 upwards",
    };
    facts.say(ordered, order.to_owned(), "--order");
    let stated = header
        .as_ref()
        .map(|h| (h.domain.lo.clone(), h.domain.hi.clone()));
    let stated = stated.or_else(|| hints.interval.clone()).or(first_domain);
    let (lo, hi) = domain(hints, stated, &mut facts)?;
    structure(
        &components,
        hints,
        header.is_some() || groups.len() > 1,
        &mut facts,
    );
    if hints.arrays.is_some() {
        let chosen: Vec<String> = groups.iter().map(|g| g.title()).collect();
        facts.say(true, format!("arrays {}", chosen.join(", ")), "");
    }
    let name = hints
        .name
        .clone()
        .or_else(|| header.as_ref().map(|h| h.name.clone()));
    let eps = hints
        .eps
        .clone()
        .or_else(|| header.as_ref().and_then(|h| h.domain.eps.clone()));
    let origin = format.map_or("text", Format::name);
    let mut table = Table {
        name: name.unwrap_or_else(|| hints.default_name.clone()),
        target,
        output: Output::default(),
        slope: None,
        ends: header
            .as_ref()
            .and_then(|h| h.ends.clone())
            .filter(|_| target.name() == "direct_clip"),
        domain: Domain { lo, hi, eps },
        components,
        provenance: BTreeMap::from([("imported from".to_owned(), origin.to_owned())]),
    };
    let said = header.as_ref().map(|h| h.output);
    last_stage(&mut table, said, hints, &mut facts)?;
    let own_slope = header.as_ref().and_then(|h| h.slope.clone());
    slope(&mut table, own_slope.clone(), hints, &mut facts)?;
    let mut notes = facts.publish(&mut table, hints, digest);
    notes.extend(seen(source, &groups, hints));
    if hints.target.is_none() && header.is_none() {
        notes.extend(not_odd(&table));
    }
    table.validate()?;
    let stated = header.as_ref().map(|h| h.sha256.as_str());
    confirm(&table, own_slope, stated, hints)?;
    validated(table, notes)
}

/// Options that the form has no use for.
fn conventions(lists: &Lists, hints: &Hints) -> Result<()> {
    if lists.header.is_some() {
        let mut about = hints.clone();
        (about.basis, about.interval) = (None, None);
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
    if let Some(scalar) = source.scalars.iter().find(|s| s.scales()) {
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
    let mapped = components
        .iter()
        .any(|c| c.scale != 1u32 || !c.offset.is_zero());
    if mapped {
        facts.say(true, "input maps of the file".to_owned(), "");
    } else {
        facts.say(
            hints.interval.is_some(),
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
        if hints.basis.is_none() && !matches!(format, Some(Format::Csv | Format::Heir)) {
            c.basis = *basis;
        }
        (c.scale, c.offset) = (scale.clone(), offset.clone());
    }
    Ok(())
}

/// Half of the first coefficient, and the map of [a, b].
fn openfhe(components: &mut [Component], hints: &Hints) -> Result<()> {
    for c in components {
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
