//! The catalogue of a folder: one row for every table, read from its verified certificate.

pub mod columns;
pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;

use crate::certificate::checked::{number, text, Checked};
use crate::certify::proof::Verdict;
use crate::error::Result;
use crate::poly::cost::Cost;
use crate::poly::table::Table;
use rug::Rational;
use serde_json::Value;

/// What was checked, in one sentence for every form of the report.
pub const CHECKED: &str = "The certificate of every row passed the independent checker (integer \
    arithmetic only, no code shared with the certifier); every proved column is read from it.";

/// All rows, and how they came about.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The command that made it.
    pub command: String,
    /// Files that the rows depend on besides the tables, with their SHA-256.
    pub inputs: Vec<(String, String)>,
    /// A row or an error for every table, by file name.
    pub entries: Vec<Entry>,
    /// JSON files of the folder that are no tables.
    pub skipped: Vec<String>,
}

/// What became of one file.
#[derive(Debug, Clone)]
pub enum Entry {
    /// Certified, and the certificate was verified.
    Row(Box<Row>),
    /// Could not be read or certified.
    Failed {
        /// The file's name.
        file: String,
        /// Why.
        error: String,
    },
}

/// One table. Fields named `bound_` are proved; the others are copied from the table, from its author's
/// claim, or follow from the coefficients' number.
#[derive(Debug, Clone)]
pub struct Row {
    /// The table's file name.
    pub file: String,
    /// The table's name.
    pub name: String,
    /// Nominal degrees, first applied first.
    pub degrees: Vec<usize>,
    /// Depth and multiplications; none for a target whose circuit is not known here.
    pub cost: Option<Cost>,
    /// `power`, `chebyshev` or `mixed`.
    pub basis: String,
    /// How coefficients are held: `exact`, `f64`, ...
    pub coefficients: String,
    /// Digest of the table.
    pub table_sha256: String,
    /// Digest of the certificate's bytes.
    pub certificate_sha256: String,
    /// Where the certificate comes from.
    pub origin: Origin,
    /// The function.
    pub target: String,
    /// What the statement is about besides the function, where it is not the usual: B, the slope, the
    /// inputs of a pool, eps, the end of the domain if it is not 1.
    pub parameters: Vec<(&'static str, Rational)>,
    /// Of a direct function: whether the statement is about the table's own domain, with its own gap.
    pub whole_domain: bool,
    /// The maximum error is at least this.
    pub bound_lo: Rational,
    /// The maximum error is at most this.
    pub bound_hi: Rational,
    /// |r(x) - ReLU(x)| <= tau |x| away from 0, if that was proved.
    pub envelope: Option<Envelope>,
    /// How far x may leave the domain, if that was proved.
    pub overflow: Option<Overflow>,
    /// Where the error is at least `bound_lo`: x, or the inputs of a max-pool.
    pub witness: Vec<Rational>,
    /// The claim with its verdict, if there is one.
    pub claim: Option<Claim>,
    /// The target statement in the checker's words.
    pub statement: String,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It stood beside the table.
    Beside,
    /// It was made for the catalogue.
    Made,
}

/// |r(x) - ReLU(x)| <= tau |x| for zone <= |x| <= the domain's end, of the composite itself (B = 1).
#[derive(Debug, Clone)]
pub struct Envelope {
    /// tau.
    pub bound_tau: Rational,
    /// The least |x| it holds from.
    pub zone: Rational,
}

/// |r(x)| <= limit while |x| is at most `bound_margin` beyond the domain, of the composite itself (B = 1).
#[derive(Debug, Clone)]
pub struct Overflow {
    /// The limit of |r|.
    pub limit: Rational,
    /// The margin.
    pub bound_margin: Rational,
}

/// A claim and what was proved of it.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The claimed bound of the maximum error.
    pub bound: Rational,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Where it is stated.
    pub source: &'static str,
}

impl Claim {
    /// The proved upper bound, relative to the claim; none for a claim of 0 or below.
    pub fn bound_tightness(&self, bound_hi: &Rational) -> Option<Rational> {
        (self.bound > 0u32).then(|| Rational::from(bound_hi / &self.bound))
    }
}

impl Row {
    /// Whether the row is about the function on [-1, 1] (a direct one: on the table's domain, without
    /// parameters of its own) with the table's own coefficients, as a claim without further words is.
    pub fn is_plain(&self) -> bool {
        let domain = |word: &str| matches!(word, "from" | "gap from" | "gap to" | "to");
        let own = |word: &str| self.whole_domain && domain(word);
        self.parameters.iter().all(|(word, _)| own(word)) && self.coefficients == "exact"
    }

    /// Reads the row of a table from its certificate; `source` says where the claim in it is stated.
    ///
    /// **Guarantee** every field named `bound_`, the witness and the verdict were verified.
    ///
    /// # Errors
    /// A number that this program does not read.
    pub fn new(
        file: &str,
        checked: &Checked,
        origin: Origin,
        source: &'static str,
    ) -> Result<Self> {
        let document = checked.document();
        let table = &document["table"];
        let target = checked.claim("target").unwrap_or(&Value::Null);
        let closeness = checked.claim("closeness");
        let (witness, to) = cited(checked, target)?;
        let envelope = |c: &Value| -> Result<Envelope> {
            Ok(Envelope {
                bound_tau: number(c, "hi")? / 2u32,
                zone: number(c, "from")?,
            })
        };
        Ok(Self {
            file: file.to_owned(),
            name: text(table, "name").to_owned(),
            degrees: components(table).map(degree).collect(),
            cost: cost(checked, target),
            basis: basis(table),
            coefficients: text(document, "coefficients").to_owned(),
            table_sha256: text(document, "table_sha256").to_owned(),
            certificate_sha256: checked.sha256(),
            origin,
            target: text(target, "function").to_owned(),
            parameters: parameters(checked, target)?,
            whole_domain: whole_domain(checked, target)?,
            bound_lo: number(target, "lo")?,
            bound_hi: number(target, "hi")?,
            envelope: closeness.map(envelope).transpose()?,
            overflow: to
                .and_then(|to| overflow(checked, &to).transpose())
                .transpose()?,
            witness,
            claim: claim(target, source)?,
            statement: checked.statement().to_owned(),
        })
    }
}

/// What a reader must know of the target besides its name; nothing for ReLU or max on [-1, 1].
fn parameters(checked: &Checked, target: &Value) -> Result<Vec<(&'static str, Rational)>> {
    let mut all = Vec::new();
    let mut field = |word, claim: Option<&Value>, name, usual: Option<u32>| -> Result<()> {
        if let Some(claim) = claim.filter(|c| c.get(name).is_some()) {
            let value = number(claim, name)?;
            if usual.is_none_or(|u| value != u) {
                all.push((word, value));
            }
        }
        Ok(())
    };
    field("B", Some(target), "scale", Some(1))?;
    field("slope", Some(target), "slope", None)?;
    match cited_rule(target) {
        "closeness" => {
            field("eps", checked.claim("closeness"), "from", None)?;
            field("to", checked.claim("closeness"), "to", Some(1))?;
        }
        "pool" => {
            field("inputs", checked.claim("pool"), "inputs", None)?;
            field("range", checked.claim("pool"), "range", Some(1))?;
        }
        "argmax" => {
            field("inputs", checked.claim("argmax"), "inputs", None)?;
            field("range", checked.claim("argmax"), "range", Some(1))?;
            field("gap", checked.claim("argmax"), "gap", None)?;
        }
        "clip" => {
            let clip = checked.claim("clip");
            for (word, name) in [
                ("lower", "lower"),
                ("upper", "upper"),
                ("from", "from"),
                ("to", "to"),
                ("B", "scale"),
            ] {
                field(word, clip, name, None)?;
            }
        }
        "lines" => {
            for name in ["lower", "upper"] {
                field(name, Some(target), name, None)?;
            }
            let parts = checked.claim("lines").and_then(|c| c["parts"].as_array());
            let parts = parts.map_or(&[][..], Vec::as_slice);
            field("from", parts.first(), "from", None)?;
            for pair in parts.windows(2).filter(|p| p[0]["to"] != p[1]["from"]) {
                field("gap from", Some(&pair[0]), "to", None)?;
                field("gap to", Some(&pair[1]), "from", None)?;
            }
            field("to", parts.last(), "to", None)?;
        }
        _ => field("to", checked.claim("deviation"), "to", Some(1))?,
    }
    Ok(all)
}

/// Whether the parts of a direct function are the table's domain, but for its eps around one jump at most.
fn whole_domain(checked: &Checked, target: &Value) -> Result<bool> {
    let Some(claim) = checked
        .claim("lines")
        .filter(|_| cited_rule(target) == "lines")
    else {
        return Ok(false);
    };
    let domain = &checked.document()["table"]["domain"];
    let parts = claim["parts"].as_array().map_or(&[][..], Vec::as_slice);
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Ok(false);
    };
    let mut gap = Rational::new();
    for pair in parts.windows(2) {
        gap += number(&pair[1], "from")? - number(&pair[0], "to")?;
    }
    let eps = match domain.get("eps") {
        Some(_) => number(domain, "eps")?,
        None => Rational::new(),
    };
    Ok(number(first, "from")? == number(domain, "lo")?
        && number(last, "to")? == number(domain, "hi")?
        && (gap.is_zero() || gap == eps * 2u32))
}

/// What evaluating the target costs.
fn cost(checked: &Checked, target: &Value) -> Option<Cost> {
    let table = Table::from_json(&checked.document()["table"].to_string()).ok()?;
    let composite = Cost::of(&table.components);
    match text(target, "function") {
        "sign" | "step" => Some(composite),
        "relu" | "leaky_relu" | "abs" | "max" => Some(composite.with_product()),
        direct if direct.starts_with("direct_") => Some(composite),
        "max_pool" => {
            let inputs = number(checked.claim("pool")?, "inputs").ok()?;
            let inputs = inputs.numer().to_usize()?;
            Some(composite.with_product().of_tournament(inputs))
        }
        _ => None,
    }
}

fn cited_rule(target: &Value) -> &'static str {
    match text(target, "function") {
        "sign" | "step" => "closeness",
        "max_pool" => "pool",
        "argmax" => "argmax",
        "clip" | "relu6" => "clip",
        direct if direct.starts_with("direct_") => "lines",
        _ => "deviation",
    }
}

/// The witness behind the target claim, and the end of the domain (none for a max-pool).
fn cited(checked: &Checked, target: &Value) -> Result<(Vec<Rational>, Option<Rational>)> {
    let Some(claim) = checked.claim(cited_rule(target)) else {
        return Ok((Vec::new(), None));
    };
    if let Some(inputs) = claim["witness"]["inputs"].as_array() {
        let read = |v: &Value| crate::arith::number::parse(v.as_str().unwrap_or(""));
        return Ok((inputs.iter().map(read).collect::<Result<_>>()?, None));
    }
    let x = number(&claim["witness"], "x")?;
    let symmetric = matches!(cited_rule(target), "closeness" | "deviation");
    let to = symmetric.then(|| number(claim, "to")).transpose()?;
    Ok((vec![x], to))
}

/// The last magnitude claim that reaches beyond the domain.
fn overflow(checked: &Checked, to: &Rational) -> Result<Option<Overflow>> {
    let Some(claim) = checked.claim("magnitude") else {
        return Ok(None);
    };
    let bound_margin = number(claim, "to")? - to;
    let limit = number(claim, "hi")?;
    Ok((bound_margin >= 0u32).then_some(Overflow {
        limit,
        bound_margin,
    }))
}

fn claim(target: &Value, source: &'static str) -> Result<Option<Claim>> {
    let Some(asked) = target.get("claim") else {
        return Ok(None);
    };
    // The checker knows these three words only.
    let verdict = match text(asked, "verdict") {
        "PROVED" => Verdict::Proved,
        "REFUTED" => Verdict::Refuted,
        _ => Verdict::Undecided,
    };
    Ok(Some(Claim {
        bound: number(asked, "bound")?,
        verdict,
        source,
    }))
}

fn components(table: &Value) -> impl Iterator<Item = &Value> {
    table["components"].as_array().into_iter().flatten()
}

fn degree(component: &Value) -> usize {
    let coefficients = component["coefficients"].as_array();
    coefficients.map_or(0, |c| c.len().saturating_sub(1))
}

fn basis(table: &Value) -> String {
    let mut all: Vec<&str> = components(table).map(|c| text(c, "basis")).collect();
    all.dedup();
    match all.as_slice() {
        [one] => (*one).to_owned(),
        _ => "mixed".to_owned(),
    }
}

impl Catalogue {
    /// The certified rows.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.entries.iter().filter_map(|e| match e {
            Entry::Row(row) => Some(row.as_ref()),
            Entry::Failed { .. } => None,
        })
    }

    /// The files that failed, with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|e| match e {
            Entry::Row(_) => None,
            Entry::Failed { file, error } => Some((file.as_str(), error.as_str())),
        })
    }

    /// 0; 1 if a claim was refuted or left undecided; 2 if a file failed.
    pub fn exit_code(&self) -> u8 {
        let proved = |c: &Claim| c.verdict == Verdict::Proved;
        if self.failures().next().is_some() {
            2
        } else {
            u8::from(!self.rows().filter_map(|r| r.claim.as_ref()).all(proved))
        }
    }

    /// The result in one line.
    pub fn summary(&self) -> String {
        let count = |v: Verdict| {
            let verdicts = self.rows().filter_map(|r| r.claim.as_ref());
            verdicts.filter(|c| c.verdict == v).count()
        };
        let without = self.rows().filter(|r| r.claim.is_none()).count();
        format!(
            "{} tables: {} claims proved, {} refuted, {} undecided, {without} without a claim, {} failed",
            self.entries.len(),
            count(Verdict::Proved),
            count(Verdict::Refuted),
            count(Verdict::Undecided),
            self.failures().count(),
        )
    }
}
