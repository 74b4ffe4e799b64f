//! Lattigo's `ParametersLiteral`, Go: of a scheme, with that of bootstrapping beside it where there is one.

use crate::error::{Error, Result};
use crate::plan::profile::forms::form::Form;
use crate::plan::profile::forms::go::{literals, Literal};
use crate::plan::profile::forms::parameters::{list, whole, Kept, Parameters, Primes, MAX_PRIMES};
use std::fmt::Write as _;

const SUFFIX: &str = "ParametersLiteral";
/// Where fields of the literal of bootstrapping are kept.
const BOOT: &str = "bootstrapping.";

/// Whether a text has one.
#[must_use]
pub fn is_one(text: &str) -> bool {
    text.contains("ParametersLiteral{") || text.contains("ParametersLiteral {")
}

/// Reads a literal; `pick` names it where the text has several.
///
/// # Errors
/// The field or line, and what is wrong with it; several literals without a name to pick, with their names.
pub fn read(text: &str, pick: Option<&str>) -> Result<Parameters> {
    let all = literals(text, SUFFIX)?;
    let boots = |l: &Literal| l.kind.starts_with(BOOT);
    let schemes: Vec<usize> = (0..all.len())
        .filter(|&i| !boots(&all[i]) && !all[i].follows)
        .collect();
    let named = |i: &&usize| pick.is_none() || all[**i].name.as_deref() == pick;
    let chosen: Vec<&usize> = schemes.iter().filter(named).collect();
    let &[&at] = chosen.as_slice() else {
        let names = schemes
            .iter()
            .take(20)
            .filter_map(|&i| all[i].name.as_deref());
        let names: Vec<&str> = names.collect();
        let known = names.join(", ");
        return Err(Error::parse(
            SUFFIX,
            match (pick, chosen.len()) {
                (None, 0) => "there is no literal of parameters".to_owned(),
                (None, n) => format!("{n} literals: say which (--pick): {known}"),
                (Some(name), n) => {
                    let name: String = name.chars().take(60).collect();
                    format!("{n} literals are called {name:?}; there are {known}")
                }
            },
        ));
    };
    let boot = match all.get(at + 1) {
        Some(next) if next.follows => Some(next),
        _ if schemes.len() == 1 => all.iter().find(|l| boots(l)),
        _ => None,
    };
    of(&all[at], boot).map_err(|e| match all[at].name.as_deref() {
        Some(name) => e.within(name),
        None => e.within(&format!("the literal of line {}", all[at].line)),
    })
}

fn of(scheme: &Literal, boot: Option<&Literal>) -> Result<Parameters> {
    let get = |key: &str| {
        scheme
            .fields
            .iter()
            .find(|f| f.0 == key)
            .map(|f| f.1.as_str())
    };
    let primes = |sizes: &str, exact: &str| match (get(sizes), get(exact)) {
        (Some(text), None) => Ok(Primes::Bits(numbers(sizes, text, "[]int")?)),
        (None, Some(text)) => Ok(Primes::Exact(numbers(exact, text, "[]uint64")?)),
        (None, None) => Err(Error::parse(sizes, "is missing")),
        _ => Err(Error::parse(sizes, format!("is given, and {exact} too"))),
    };
    let need = |key: &'static str| get(key).ok_or_else(|| Error::parse(key, "is missing"));
    let log_scale = match get("DefaultScale") {
        Some(text) => {
            let bits = text.strip_prefix("1 << ");
            whole("DefaultScale", bits.unwrap_or("no power of two"))?
        }
        None => whole("LogDefaultScale", need("LogDefaultScale")?)?,
    };
    let weighed = |text: &str| {
        let inner = text.strip_prefix("ring.Ternary{H: ")?.strip_suffix('}')?;
        inner.parse::<u32>().ok()
    };
    let weight = get("Xs").and_then(weighed);
    let mut kept = vec![Kept {
        path: "type".to_owned(),
        text: scheme.kind.clone(),
    }];
    let typed = |key: &str| {
        ["LogN", "LogQ", "LogP", "Q", "P", "LogDefaultScale"].contains(&key)
            || key == "Xs" && weight.is_some()
    };
    let keep = |path: String, text: &String| Kept {
        path,
        text: text.clone(),
    };
    let others = scheme.fields.iter().filter(|f| !typed(&f.0));
    kept.extend(others.map(|(key, text)| keep(key.clone(), text)));
    let mut boot_p = None;
    if let Some(boot) = boot {
        kept.push(keep(BOOT.trim_end_matches('.').to_owned(), &String::new()));
        for (key, text) in &boot.fields {
            if key == "LogP" {
                boot_p = Some(numbers("LogP of bootstrapping", text, "[]int")?);
            } else {
                kept.push(keep(format!("{BOOT}{key}"), text));
            }
        }
    }
    let parameters = Parameters {
        form: Form::Lattigo,
        name: scheme.name.clone(),
        log_n: whole("LogN", need("LogN")?)?,
        q: primes("LogQ", "Q")?,
        p: primes("LogP", "P")?,
        log_scale,
        weight,
        boot_p,
        kept,
    };
    parameters.checked()
}

/// `[]int{60, 40}`; numbers may be hexadecimal.
fn numbers<T: TryFrom<u64>>(field: &str, text: &str, kind: &str) -> Result<Vec<T>> {
    let inner = text
        .strip_prefix(kind)
        .and_then(|t| t.strip_prefix('{')?.strip_suffix('}'))
        .ok_or_else(|| Error::parse(field, format!("is no {kind}{{...}} of numbers")))?;
    let mut out = Vec::new();
    for part in inner.split(", ").filter(|p| !p.is_empty()) {
        if out.len() == MAX_PRIMES {
            return Err(Error::parse(
                field,
                format!("more than {MAX_PRIMES} numbers"),
            ));
        }
        let value: u64 = match part.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => whole(field, part).ok(),
        }
        .ok_or_else(|| {
            let shown: String = part.chars().take(40).collect();
            Error::parse(field, format!("{shown:?} is no whole number in range"))
        })?;
        let narrow = T::try_from(value);
        out.push(narrow.map_err(|_| Error::parse(field, format!("{value} is too large")))?);
    }
    Ok(out)
}

/// The literals, to be pasted into a file of Go.
#[must_use]
pub fn write(parameters: &Parameters) -> String {
    let own: &[Kept] = match parameters.form {
        Form::Lattigo => &parameters.kept,
        _ => &[],
    };
    let name = parameters.name.as_deref().filter(|n| {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        n.chars().all(word) && n.starts_with(|c: char| c.is_ascii_alphabetic())
    });
    let name = name.unwrap_or("params");
    let kind = parameters.kept(Form::Lattigo, "type");
    let moduli = |sizes: &str, exact: &str, primes: &Primes| match primes {
        Primes::Bits(bits) => (sizes.to_owned(), format!("[]int{{{}}}", list(bits))),
        Primes::Exact(all) => (exact.to_owned(), format!("[]uint64{{{}}}", list(all))),
    };
    let mut fields = vec![
        ("LogN".to_owned(), parameters.log_n.to_string()),
        moduli("LogQ", "Q", &parameters.q),
        moduli("LogP", "P", &parameters.p),
    ];
    let weight = parameters.weight.map(|h| format!("ring.Ternary{{H: {h}}}"));
    fields.extend(weight.map(|w| ("Xs".to_owned(), w)));
    if parameters.kept(Form::Lattigo, "DefaultScale").is_none() {
        fields.push((
            "LogDefaultScale".to_owned(),
            parameters.log_scale.to_string(),
        ));
    }
    let boot_name = BOOT.trim_end_matches('.');
    let others = own
        .iter()
        .filter(|k| k.path != "type" && k.path != boot_name && !k.path.starts_with(BOOT));
    fields.extend(others.map(|k| (k.path.clone(), k.text.clone())));
    let mut out = String::new();
    literal(
        &mut out,
        name,
        kind.unwrap_or("ckks.ParametersLiteral"),
        &fields,
    );
    let boot_p = parameters.boot_p.as_ref();
    let boot_p = boot_p.map(|p| ("LogP".to_owned(), format!("[]int{{{}}}", list(p))));
    let kept = own.iter().filter_map(|k| {
        let key = k.path.strip_prefix(BOOT)?;
        Some((key.to_owned(), k.text.clone()))
    });
    let boot: Vec<(String, String)> = boot_p.into_iter().chain(kept).collect();
    if !boot.is_empty() || parameters.kept(Form::Lattigo, boot_name).is_some() {
        out.push('\n');
        let name = format!("{name}Bootstrapping");
        literal(&mut out, &name, "bootstrapping.ParametersLiteral", &boot);
    }
    out
}

fn literal(out: &mut String, name: &str, kind: &str, fields: &[(String, String)]) {
    if fields.is_empty() {
        let _ = writeln!(out, "var {name} = {kind}{{}}");
        return;
    }
    let width = fields.iter().map(|(k, _)| k.len()).max().unwrap_or(0) + 1;
    let _ = writeln!(out, "var {name} = {kind}{{");
    for (key, text) in fields {
        let _ = writeln!(out, "\t{:<width$} {text},", format!("{key}:"));
    }
    let _ = writeln!(out, "}}");
}
