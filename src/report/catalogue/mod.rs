//! The catalogue of a folder: one row for every table, read from its verified certificate.

pub mod columns;
pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;

use crate::arith::number::parse;
use crate::certificate::checked::Checked;
use crate::certificate::read::{number, Certificate, Pool, Stretch, Target, Witness};
use crate::certify::proof::Verdict;
use crate::error::Result;
use crate::poly::chain;
use crate::poly::cost::Cost;
use rug::Rational;

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
    /// Of a direct or smooth function: whether the statement is about the table's own domain, with its own gap.
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

/// |B r(x/B) - ReLU(x)| <= tau |x| for zone <= |x| <= the domain's end, in the units of the input.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// tau.
    pub bound_tau: Rational,
    /// The least |x| it holds from.
    pub zone: Rational,
}

/// |B r(x/B)| <= limit while |x| is at most `bound_margin` beyond the domain, in the units of the input.
#[derive(Debug, Clone)]
pub struct Overflow {
    /// The limit of |B r(x/B)|.
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
        let target = document.target()?;
        let (witness, to) = cited(document, target)?;
        let unit = unit(document, target)?;
        let envelope = |c: &Stretch| -> Result<Envelope> {
            Ok(Envelope {
                bound_tau: number(&c.hi, "hi")? / 2u32,
                zone: number(&c.from, "from")? * &unit,
            })
        };
        let components = document.components().iter();
        Ok(Self {
            file: file.to_owned(),
            name: document.name().to_owned(),
            degrees: components
                .map(|c| c.coefficients.len().saturating_sub(1))
                .collect(),
            cost: cost(document, target),
            basis: basis(document),
            coefficients: document.coefficients.clone(),
            table_sha256: document.table_sha256.clone(),
            certificate_sha256: checked.sha256(),
            origin,
            target: target.function.clone(),
            parameters: parameters(document, target)?,
            whole_domain: whole_domain(document, target)?,
            bound_lo: number(&target.lo, "lo")?,
            bound_hi: number(&target.hi, "hi")?,
            envelope: document.closeness().map(envelope).transpose()?,
            overflow: to
                .and_then(|to| overflow(document, (&to, &unit)).transpose())
                .transpose()?,
            witness,
            claim: claim(target, source)?,
            statement: checked.statement().to_owned(),
        })
    }
}

/// What a reader must know of the target besides its name; nothing for ReLU or max on [-1, 1].
fn parameters(d: &Certificate, target: &Target) -> Result<Vec<(&'static str, Rational)>> {
    let mut all = Vec::new();
    let mut field = |word, text: Option<&String>, name, usual: Option<u32>| -> Result<()> {
        if let Some(text) = text {
            let value = number(text, name)?;
            if usual.is_none_or(|u| value != u) {
                all.push((word, value));
            }
        }
        Ok(())
    };
    field("B", target.scale.as_ref(), "scale", Some(1))?;
    field("slope", target.slope.as_ref(), "slope", None)?;
    match cited_rule(target) {
        "closeness" => {
            let c = d.closeness();
            field("eps", c.map(|c| &c.from), "from", None)?;
            field("to", c.map(|c| &c.to), "to", Some(1))?;
        }
        "pool" => {
            field("inputs", d.pool().map(|c| &c.inputs), "inputs", None)?;
            field("range", d.pool().map(|c| &c.range), "range", Some(1))?;
        }
        "argmax" => {
            let c = d.argmax();
            field("inputs", c.map(|c| &c.inputs), "inputs", None)?;
            field("range", c.map(|c| &c.range), "range", Some(1))?;
            field("gap", c.and_then(|c| c.gap.as_ref()), "gap", None)?;
        }
        "clip" => {
            let c = d.clip();
            field("lower", c.map(|c| &c.lower), "lower", None)?;
            field("upper", c.map(|c| &c.upper), "upper", None)?;
            field("from", c.map(|c| &c.from), "from", None)?;
            field("to", c.map(|c| &c.to), "to", None)?;
            field("B", c.map(|c| &c.scale), "scale", None)?;
        }
        "lines" => {
            field("lower", target.lower.as_ref(), "lower", None)?;
            field("upper", target.upper.as_ref(), "upper", None)?;
            let parts = d.lines().map_or(&[][..], |c| c.parts.as_slice());
            field("from", parts.first().map(|p| &p.from), "from", None)?;
            for pair in parts.windows(2).filter(|p| p[0].to != p[1].from) {
                field("gap from", Some(&pair[0].to), "to", None)?;
                field("gap to", Some(&pair[1].from), "from", None)?;
            }
            field("to", parts.last().map(|p| &p.to), "to", None)?;
        }
        "series" => {
            let parts = d.series().map_or(&[][..], |c| c.parts.as_slice());
            field("from", parts.first().map(|p| &p.from), "from", None)?;
            field("to", parts.last().map(|p| &p.to), "to", None)?;
        }
        _ => field("to", d.deviation().map(|c| &c.to), "to", Some(1))?,
    }
    Ok(all)
}

/// Whether the parts of a direct function are the table's domain, but for its eps around one jump at most; and those of a
/// smooth one the table's, with the absolute error.
fn whole_domain(document: &Certificate, target: &Target) -> Result<bool> {
    if let Some(series) = document.series().filter(|_| cited_rule(target) == "series") {
        let table = document.table()?;
        let Some(own) = table.smooth.filter(|_| series.error == "absolute") else {
            return Ok(false);
        };
        let mut parts = Vec::with_capacity(series.parts.len());
        for part in &series.parts {
            parts.push((number(&part.from, "from")?, number(&part.to, "to")?));
        }
        return Ok(own.parts(table.domain.ends()) == parts);
    }
    let lines = document.lines().filter(|_| cited_rule(target) == "lines");
    let Some(([first, ..], [.., last])) = lines.map(|c| (&c.parts[..], &c.parts[..])) else {
        return Ok(false);
    };
    let mut gap = Rational::new();
    for pair in lines.iter().flat_map(|c| c.parts.windows(2)) {
        gap += number(&pair[1].from, "from")? - number(&pair[0].to, "to")?;
    }
    let domain = document.domain();
    let eps = match &domain.eps {
        Some(eps) => number(eps, "eps")?,
        None => Rational::new(),
    };
    Ok(number(&first.from, "from")? == number(&domain.lo, "lo")?
        && number(&last.to, "to")? == number(&domain.hi, "hi")?
        && (gap.is_zero() || gap == eps * 2u32))
}

/// What evaluating the target costs.
fn cost(document: &Certificate, target: &Target) -> Option<Cost> {
    let table = document.table().ok()?;
    let composite = Cost::of(&table.components);
    match target.function.as_str() {
        "sign" | "step" => Some(composite),
        "relu" | "leaky_relu" | "abs" | "max" => Some(composite.with_product()),
        direct if direct.starts_with("direct_") => Some(composite),
        "max_pool" => {
            let inputs = number(&document.pool()?.inputs, "inputs").ok()?;
            let inputs = inputs.numer().to_usize()?;
            Some(composite.with_product().of_tournament(inputs))
        }
        // What it computes from p as well, which it states itself.
        "smooth" if table.smooth.is_some() => chain::cost(&table),
        _ => None,
    }
}

fn cited_rule(target: &Target) -> &'static str {
    match target.function.as_str() {
        "sign" | "step" => "closeness",
        "max_pool" => "pool",
        "argmax" => "argmax",
        "clip" | "relu6" => "clip",
        "smooth" => "series",
        direct if direct.starts_with("direct_") => "lines",
        _ => "deviation",
    }
}

/// The witness behind the target claim, and the end of the domain (none for a max-pool).
fn cited(document: &Certificate, target: &Target) -> Result<(Vec<Rational>, Option<Rational>)> {
    let at = |w: &Witness, to: Option<&String>| {
        let to = to.map(|to| number(to, "to")).transpose()?;
        Ok((vec![number(&w.x, "x")?], to))
    };
    let of_pool = |c: &Pool| {
        let inputs = c.witness.inputs.iter().map(|x| parse(x));
        Ok((inputs.collect::<Result<_>>()?, None))
    };
    let found = match cited_rule(target) {
        "closeness" => document.closeness().map(|c| at(&c.witness, Some(&c.to))),
        "pool" => document.pool().map(of_pool),
        "argmax" => document.argmax().map(of_pool),
        "clip" => document.clip().map(|c| at(&c.witness, None)),
        "lines" => document.lines().map(|c| at(&c.witness, None)),
        "series" => document.series().map(|c| at(&c.witness, None)),
        _ => document.deviation().map(|c| at(&c.witness, Some(&c.to))),
    };
    found.unwrap_or_else(|| Ok((Vec::new(), None)))
}

/// B, the unit of x/B in those of the input; 1 for tournaments, which map their inputs.
fn unit(document: &Certificate, target: &Target) -> Result<Rational> {
    let of_clip = || document.clip().map(|c| &c.scale);
    let scale = target.scale.as_ref().or_else(of_clip);
    scale.map_or(Ok(Rational::from(1)), |b| number(b, "scale"))
}

/// The last magnitude claim that reaches beyond the domain.
fn overflow(
    document: &Certificate,
    (to, unit): (&Rational, &Rational),
) -> Result<Option<Overflow>> {
    let Some(claim) = document.magnitude() else {
        return Ok(None);
    };
    let bound_margin = (number(&claim.to, "to")? - to) * unit;
    let limit = number(&claim.hi, "hi")? * unit;
    Ok((bound_margin >= 0u32).then_some(Overflow {
        limit,
        bound_margin,
    }))
}

fn claim(target: &Target, source: &'static str) -> Result<Option<Claim>> {
    let Some(asked) = &target.claim else {
        return Ok(None);
    };
    // The checker knows these three words only.
    let verdict = match asked.verdict.as_str() {
        "PROVED" => Verdict::Proved,
        "REFUTED" => Verdict::Refuted,
        _ => Verdict::Undecided,
    };
    Ok(Some(Claim {
        bound: number(&asked.bound, "bound")?,
        verdict,
        source,
    }))
}

fn basis(document: &Certificate) -> String {
    let components = document.components().iter();
    let mut all: Vec<&str> = components.map(|c| c.basis.as_str()).collect();
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
