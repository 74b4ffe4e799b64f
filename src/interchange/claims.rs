//! What is claimed of a table: the bound that somebody stated, and where they stated it.
//!
//! A claim is only a question to the certifier, so nothing unsound can come of reading one; but it must
//! be the author's own, so that a verdict on it says something about the author. Words are therefore
//! never interpreted, with one exception that has to be asked for: see [`from_alpha`].

use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::target::Function;
use crate::poly::table::{json_error, Table, MAX_BYTES};
use rug::Rational;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// What is stated of one table; what is left out is the table's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stated {
    /// The function that the bound is about.
    pub target: Option<Function>,
    /// The claimed bound of the maximum error.
    pub bound: Option<Rational>,
    /// sign and step: the error is meant for eps <= |x|.
    pub eps: Option<Rational>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    target: Option<String>,
    bound: Option<String>,
    eps: Option<String>,
}

/// Reads a file of claims: a JSON object, from a table's file name without `.json` to an object of the
/// texts `target`, `bound`, `eps`, each of which may be left out.
///
/// # Errors
/// The line or field that cannot be read; a table that is named twice.
///
/// ```
/// use polycert::interchange::claims::read;
/// let claims = read(r#"{"relu14": {"target": "relu", "bound": "2^-14"}}"#)?;
/// assert_eq!(claims["relu14"].bound, Some(polycert::arith::number::parse("2^-14")?));
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn read(text: &str) -> Result<BTreeMap<String, Stated>> {
    if text.len() > MAX_BYTES {
        let detail = format!("{} bytes are over the limit of {MAX_BYTES}", text.len());
        return Err(Error::parse("", detail));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let raw = reader
        .deserialize_map(Claims)
        .and_then(|raw| reader.end().map(|()| raw))
        .map_err(|e| json_error(&e))?;
    raw.into_iter()
        .map(|(name, raw)| {
            let stated = stated(raw).map_err(|e| e.within(&name))?;
            Ok((name, stated))
        })
        .collect()
}

fn stated(raw: Raw) -> Result<Stated> {
    let at = |field: &str, text: &Option<String>| {
        let read = |t: &String| number::parse(t).map_err(|e| e.within(field));
        text.as_ref().map(read).transpose()
    };
    Ok(Stated {
        target: raw.target.as_deref().map(str::parse).transpose()?,
        bound: at("bound", &raw.bound)?,
        eps: at("eps", &raw.eps)?,
    })
}

/// The map of claims, in which no table stands twice: which of the two was meant nobody knows.
struct Claims;

impl<'de> Visitor<'de> for Claims {
    type Value = BTreeMap<String, Raw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object from table names to claims")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut claims = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let raw = map.next_value::<Raw>()?;
            if claims.insert(name.clone(), raw).is_some() {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
        }
        Ok(claims)
    }
}

/// The claim that a table carries: a provenance entry `claim` that is a number and nothing else.
pub fn from_provenance(table: &Table) -> Option<Rational> {
    number::parse(table.provenance.get("claim")?).ok()
}

/// 2^-alpha, the precision parameter of arXiv 2105.10879: of ReLU, and only where the table's own
/// words say so.
///
/// Required is a provenance entry `alpha` that is an integer N from 1 to 1000, and an entry `claim` with the
/// words `ReLU(x)| <= 2^-N`. An alpha without these words may mean something else (a gap, for instance).
pub fn from_alpha(table: &Table) -> Option<Rational> {
    let alpha: u32 = table.provenance.get("alpha")?.parse().ok()?;
    let words = table.provenance.get("claim")?;
    let said = format!("ReLU(x)| <= 2^-{alpha}");
    let says = words.match_indices(&said).any(|(i, _)| {
        let next = words[i + said.len()..].chars().next();
        !next.is_some_and(|c| c.is_ascii_digit() || c == '.' || c == '/')
    });
    ((1..=1_000).contains(&alpha) && says).then(|| Rational::from(1) >> alpha)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::published::{import, Settings};

    fn table(fields: &str) -> Table {
        let settings = Settings {
            name: "t".into(),
            target: Function::Relu,
            basis: None,
            hi: Rational::from(1),
            eps: None,
            smooth: None,
        };
        import(
            &format!(r#"{{{fields}"components":[["0","1"]]}}"#),
            &settings,
        )
        .unwrap()
    }

    #[test]
    fn claims_are_read_or_refused_by_name() {
        let claims = read(r#"{"a":{"target":"sign","bound":"2^-20","eps":"1/8"},"b":{}}"#).unwrap();
        assert_eq!(claims["a"].target, Some(Function::Sign));
        assert_eq!(claims["a"].eps, Some(Rational::from((1, 8))));
        assert_eq!(claims["b"], Stated::default());
        for (text, place) in [
            ("{", "line 1"),
            ("[]", "line 1"),
            (r#"{"a":{"bound":0.5}}"#, "line 1"),
            (r#"{"a":{"bond":"1"}}"#, "line 1"),
            (r#"{"a":{},"a":{}}"#, "line 1"),
            (r#"{"a":{}} {}"#, "line 1"),
            (r#"{"a":{"bound":"x"}}"#, "a.bound"),
            (r#"{"a":{"target":"gelu"}}"#, "a.target"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }

    #[test]
    fn words_are_no_claim_unless_they_are_the_agreed_ones() {
        let bits = |fields: &str| from_alpha(&table(fields));
        let said = |n: &str, words: &str| format!(r#""alpha":{n},"claim":"{words}","#);
        let words = "|r_alpha(x)-ReLU(x)| <= 2^-7 for x in [-1,1]";
        assert_eq!(bits(&said("7", words)), Some(Rational::from((1, 128))));
        for (n, words) in [
            ("8", words),
            ("7", "alpha=7 minimax"),
            ("7", "|r_alpha(x)-ReLU(x)| <= 2^-70"),
            ("7", "|p(x)-sign(x)| <= 2^-7"),
            ("7.5", words),
        ] {
            assert_eq!(bits(&said(n, words)), None, "{n} {words}");
        }
        assert_eq!(bits(""), None);
        let own = |claim: &str| from_provenance(&table(&format!(r#""claim":"{claim}","#)));
        assert_eq!(own("2^-3"), Some(Rational::from((1, 8))));
        assert_eq!(own("at most 2^-3"), None);
        assert_eq!(from_provenance(&table("")), None);
    }
}
