//! HEIR's `#ckks.scheme_param<logN = 14, Q = [...], P = [...], logDefaultScale = 45>`, alone or in a text of MLIR.

use crate::error::{Error, Result};
use crate::plan::profile::forms::form::Form;
use crate::plan::profile::forms::parameters::{list, whole, wholes, Kept, Parameters, Primes};

const MARK: &str = "#ckks.scheme_param<";

/// Whether a text has one.
#[must_use]
pub fn is_one(text: &str) -> bool {
    text.contains(MARK)
}

/// Reads the attribute; a text that has several must have the same each time.
///
/// # Errors
/// The field, and what is wrong with it.
pub fn read(text: &str) -> Result<Parameters> {
    let mut bodies = text
        .split(MARK)
        .skip(1)
        .map(|rest| rest.split_once('>').map(|(body, _)| body));
    let unended = || Error::parse(MARK, "has no end");
    let body = bodies.next().flatten().ok_or_else(unended)?;
    if bodies.any(|other| other != Some(body)) {
        return Err(Error::parse(MARK, "a second one that differs"));
    }
    let mut found: Vec<(&str, &str)> = Vec::new();
    for field in fields(body)? {
        let (key, value) = field
            .split_once('=')
            .map(|(k, v)| (k.trim(), v.trim()))
            .ok_or_else(|| Error::parse(MARK, format!("{:?} is no field", shown(field))))?;
        if found.iter().any(|(k, _)| *k == key) {
            return Err(Error::parse(key, "given twice"));
        }
        found.push((key, value));
    }
    let get = |key: &'static str| {
        let value = found.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        value.ok_or_else(|| Error::parse(key, "is missing"))
    };
    let primes = |key: &'static str| -> Result<Primes> {
        let inner = get(key)?
            .strip_prefix('[')
            .and_then(|v| v.strip_suffix(']'))
            .ok_or_else(|| Error::parse(key, "is no list"))?;
        Ok(Primes::Exact(wholes(key, inner)?))
    };
    let known = ["logN", "Q", "P", "logDefaultScale"];
    let mut kept = Vec::new();
    for (key, value) in found.iter().filter(|(k, _)| !known.contains(k)) {
        if *key != "encryptionTechnique" {
            return Err(Error::parse(shown(key), "is no field of ckks.scheme_param"));
        }
        if !["standard", "extended"].contains(value) {
            return Err(Error::parse(
                *key,
                format!("{:?}: standard or extended", shown(value)),
            ));
        }
        kept.push(Kept {
            path: (*key).to_owned(),
            text: (*value).to_owned(),
        });
    }
    let parameters = Parameters {
        form: Form::Heir,
        name: None,
        log_n: whole("logN", get("logN")?)?,
        q: primes("Q")?,
        p: primes("P")?,
        log_scale: whole("logDefaultScale", get("logDefaultScale")?)?,
        weight: None,
        boot_p: None,
        kept,
    };
    parameters.checked()
}

/// The attribute.
///
/// # Errors
/// Parameters without primes.
pub fn write(parameters: &Parameters) -> Result<String> {
    let (q, p) = parameters.exact(Form::Heir)?;
    let technique = parameters
        .kept(Form::Heir, "encryptionTechnique")
        .map_or(String::new(), |t| format!(", encryptionTechnique = {t}"));
    Ok(format!(
        "{MARK}logN = {}, Q = [{}], P = [{}], logDefaultScale = {}{technique}>\n",
        parameters.log_n,
        list(q),
        list(p),
        parameters.log_scale
    ))
}

/// Fields between commas outside of brackets.
fn fields(body: &str) -> Result<Vec<&str>> {
    const MOST: usize = 16;
    let (mut out, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (i, byte) in body.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                out.push(&body[start..i]);
                start = i + 1;
            }
            _ => {}
        }
        if out.len() > MOST {
            return Err(Error::parse(MARK, format!("more than {MOST} fields")));
        }
    }
    out.push(&body[start..]);
    Ok(out)
}

fn shown(text: &str) -> String {
    text.trim().chars().take(40).collect()
}
