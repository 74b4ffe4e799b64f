//! Cheddar's parameters, JSON: primes in three groups, and for each level how many of the main and of the terminal primes
//! its modulus has (rational rescaling).

use crate::error::{Error, Result};
use crate::plan::profile::file::{compact, json_fault};
use crate::plan::profile::forms::form::Form;
use crate::plan::profile::forms::parameters::{Kept, Parameters, Primes, MAX_PRIMES};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    log_degree: u32,
    log_default_scale: u32,
    boot: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dense_hamming_weight: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sparse_hamming_weight: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    num_cts_levels: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    num_stc_levels: Option<u32>,
    terminal_primes: Vec<u64>,
    main_primes: Vec<u64>,
    auxiliary_primes: Vec<u64>,
    default_encryption_level: u32,
    level_config: Vec<[u32; 2]>,
    additional_base: [u32; 2],
}

/// Whether a JSON text is one.
#[must_use]
pub fn is_one(text: &str) -> bool {
    text.contains("\"main_primes\"")
}

/// Reads a file.
///
/// # Errors
/// The field or line, and what is wrong with it.
pub fn read(text: &str) -> Result<Parameters> {
    let raw: Raw = serde_json::from_str(text).map_err(|e| json_fault(&e))?;
    let levels = raw.level_config.len();
    if !(1..=MAX_PRIMES).contains(&levels) || raw.terminal_primes.len() > MAX_PRIMES {
        let detail = format!("{levels} levels: 1 to {MAX_PRIMES}, and at most as many primes");
        return Err(Error::parse("level_config", detail));
    }
    let most = [raw.main_primes.len(), raw.terminal_primes.len()];
    for (level, counts) in raw.level_config.iter().enumerate() {
        if counts.iter().zip(most).any(|(&c, most)| c as usize > most) {
            let place = format!("level_config[{level}]");
            let detail = format!("{counts:?} primes of {most:?}");
            return Err(Error::parse(place, detail));
        }
    }
    if raw.default_encryption_level as usize >= levels {
        let detail = format!("is {} of {levels} levels", raw.default_encryption_level);
        return Err(Error::parse("default_encryption_level", detail));
    }
    let keep = |path: &str, value: Value| Kept {
        path: path.to_owned(),
        text: value.to_string(),
    };
    let mut kept = vec![keep("boot", raw.boot.into())];
    let optional = [
        ("sparse_hamming_weight", raw.sparse_hamming_weight),
        ("num_cts_levels", raw.num_cts_levels),
        ("num_stc_levels", raw.num_stc_levels),
    ];
    for (path, value) in optional {
        kept.extend(value.map(|v| keep(path, v.into())));
    }
    kept.push(keep("terminal_primes", raw.terminal_primes.into()));
    let level = raw.default_encryption_level;
    kept.push(keep("default_encryption_level", level.into()));
    let config: Vec<Value> = raw.level_config.iter().map(|c| c.to_vec().into()).collect();
    kept.push(keep("level_config", config.into()));
    kept.push(keep("additional_base", raw.additional_base.to_vec().into()));
    let parameters = Parameters {
        form: Form::Cheddar,
        name: None,
        log_n: raw.log_degree,
        q: Primes::Exact(raw.main_primes),
        p: Primes::Exact(raw.auxiliary_primes),
        log_scale: raw.log_default_scale,
        weight: raw.dense_hamming_weight,
        boot_p: None,
        kept,
    };
    parameters.checked()
}

/// Whether every level has one prime more than the one below: other forms know nothing else.
///
/// # Errors
/// Levels that share terminal primes, or of several primes.
pub fn plain(parameters: &Parameters) -> Result<()> {
    let Some(config) = parameters.kept(Form::Cheddar, "level_config") else {
        return Ok(());
    };
    let config: Vec<[usize; 2]> = serde_json::from_str(config).unwrap_or_default();
    if config.iter().enumerate().all(|(i, c)| *c == [i + 1, 0]) {
        return Ok(());
    }
    Err(Error::domain(
        "the levels of level_config are not one prime each (rational rescaling): no other form states that",
    ))
}

/// The text of a file.
///
/// # Errors
/// Parameters without primes.
pub fn write(parameters: &Parameters) -> Result<String> {
    let (q, p) = parameters.exact(Form::Cheddar)?;
    let kept = |path: &str| parameters.kept(Form::Cheddar, path);
    let number = |path: &str| kept(path).and_then(|t| t.parse::<u32>().ok());
    let numbers = |path: &str| kept(path).and_then(|t| serde_json::from_str(t).ok());
    let config = kept("level_config").and_then(|t| serde_json::from_str(t).ok());
    let raw = Raw {
        log_degree: parameters.log_n,
        log_default_scale: parameters.log_scale,
        boot: kept("boot") == Some("true"),
        dense_hamming_weight: parameters.weight,
        sparse_hamming_weight: number("sparse_hamming_weight"),
        num_cts_levels: number("num_cts_levels"),
        num_stc_levels: number("num_stc_levels"),
        terminal_primes: numbers("terminal_primes").unwrap_or_default(),
        main_primes: q.to_vec(),
        auxiliary_primes: p.to_vec(),
        default_encryption_level: number("default_encryption_level")
            .unwrap_or(q.len().saturating_sub(1) as u32),
        level_config: config.unwrap_or_else(|| (1..=q.len() as u32).map(|i| [i, 0]).collect()),
        additional_base: kept("additional_base")
            .and_then(|t| serde_json::from_str(t).ok())
            .unwrap_or_default(),
    };
    Ok(compact(
        &serde_json::to_string_pretty(&raw).unwrap_or_default(),
    ))
}
