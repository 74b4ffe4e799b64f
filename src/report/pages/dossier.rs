//! Everything that a page says about one certificate. Proved, estimated and measured numbers stand in
//! boxes of their own.

use crate::arith::number::{decimal, parse};
use crate::certificate::checked::Checked;
use crate::certify::proof::Verdict;
use crate::error::Result;
use crate::function::target::Function;
use crate::poly::table::RawMap;
use crate::report::catalogue::columns::{bound, log2, r};
use crate::report::catalogue::{Origin, Row};
use crate::report::figures::curve::Curve;
use crate::report::figures::error_figures::{figures, Detail, Measured, Subject};
use crate::report::figures::figure::Figure;
use crate::report::figures::smooth_figures;
use crate::report::figures::stage_figure;
use crate::report::figures::stage_figure::subscript;
use crate::report::page::escape;
use crate::report::pages::front::Cost;
use rug::Rational;
use std::fmt::Write as _;

/// One certificate, read and drawn.
pub struct Dossier {
    /// The file as it was named.
    pub file: String,
    /// Its numbers.
    pub row: Row,
    /// Its cost, where the model knows it.
    pub cost: Option<Cost>,
    /// Its plots.
    pub figures: Vec<Figure>,
    checked: Checked,
    measured: Option<Measured>,
    /// Why a plot is missing.
    missing: Vec<String>,
}

impl Dossier {
    /// Reads a verified certificate and draws its plots; `prefix` begins their ids.
    ///
    /// A plot that cannot be drawn is left out, and the page says why.
    ///
    /// # Errors
    /// A number of the certificate that this program does not read.
    pub fn new(
        file: &str,
        checked: Checked,
        cost: Option<Cost>,
        prefix: &str,
        detail: Detail,
    ) -> Result<Self> {
        let row = Row::new(file, &checked, Origin::Beside, "its certificate")?;
        let subject = Subject {
            prefix,
            function: &row.target,
            claim: row.claim.as_ref().map(|c| &c.bound),
        };
        let mut missing = Vec::new();
        let drawn = match smooth_figures::figures(&checked, &subject, detail) {
            Ok(None) => Curve::new(&checked).and_then(|curve| figures(&curve, &subject, detail)),
            Ok(Some(drawn)) => Ok(drawn),
            Err(e) => Err(e),
        };
        let (mut all, measured) = match drawn {
            Ok((all, measured)) => (all, Some(measured)),
            Err(e) => {
                missing.push(format!("No error curve is drawn: {e}."));
                (Vec::new(), None)
            }
        };
        match stage_figure::figure(&checked, prefix) {
            Ok(Some(figure)) => all.push(figure),
            Ok(None) => missing.push("The certificate has no stage ranges to draw.".to_owned()),
            Err(e) => missing.push(format!("No stage ranges are drawn: {e}.")),
        }
        Ok(Self {
            file: file.to_owned(),
            row,
            cost,
            figures: all,
            checked,
            measured,
            missing,
        })
    }

    /// The statement, large, with what became of it.
    pub fn statement(&self) -> String {
        let (verdict, class) = match self.row.claim.as_ref().map(|c| c.verdict) {
            Some(Verdict::Proved) => ("PROVED", "proved"),
            Some(Verdict::Refuted) => ("REFUTED", "refuted"),
            Some(Verdict::Undecided) => ("UNDECIDED", "undecided"),
            None => ("VERIFIED", "proved"),
        };
        format!(
            "<div class=\"statement {class}\">\n<p class=\"claim\">{}</p>\n\
             <p class=\"verdict\"><strong class=\"badge {class}\">{verdict}</strong> \
             The independent checker verified this certificate when this page was made.</p>\n</div>\n",
            breakable(self.checked.statement()),
        )
    }

    /// The numbers, by what they are worth.
    pub fn numbers(&self) -> String {
        let row = &self.row;
        let mut proved = List::default();
        let (lo, hi) = self.checked.report().enclosure();
        proved.item("maximum error, at least", lo);
        proved.item("maximum error, at most", hi);
        let tightness = row
            .claim
            .as_ref()
            .and_then(|c| c.bound_tightness(&row.bound_hi));
        if let Some(t) = tightness {
            proved.item("bound / claim", &decimal(&t, 6, true));
        }
        if let Some(e) = &row.envelope {
            let (tau, zone) = (decimal(&e.bound_tau, 6, true), decimal(&e.zone, 6, true));
            proved.item("envelope", &format!("{tau} |x| from |x| = {zone}"));
        }
        if let Some(o) = &row.overflow {
            let margin = decimal(&o.bound_margin, 6, false);
            let words = format!(
                "x may leave the domain by {margin} before |{}| exceeds {}",
                r(&self.row),
                bound(&o.limit)
            );
            proved.item("overflow margin, of r", &words);
        }
        for line in self.checked.report().beyond() {
            proved.item("as the checker says it", line);
        }
        let mut estimated = List::default();
        estimated.item("log2 of the proved bound, rounded", &log2(&row.bound_hi));
        if let Some(cost) = &self.cost {
            estimated.item(
                "multiplicative depth",
                &format!("{} levels", cost.estimate_depth),
            );
            estimated.item(
                "non-scalar multiplications",
                &cost.estimate_mults.to_string(),
            );
        }
        for (key, value) in self.provenance(true) {
            let key = key
                .trim_start_matches("estimate")
                .trim_start_matches([':', ' ']);
            estimated.item(&format!("{key} (its author's)"), &value);
        }
        let mut measured = List::default();
        if let Some(m) = &self.measured {
            let max = m.measure_max.to_rational().unwrap_or_default();
            measured.item("largest sampled error", &decimal(&max, 8, false));
            let part = Rational::from(&max / &m.bound_hi);
            measured.item("part of the proved bound", &decimal(&part, 8, false));
            measured.item("samples", &m.samples.to_string());
            measured.item("computed at", &format!("{} bits", m.precision));
        } else {
            measured.item("samples", "none");
        }
        let boxes = [
            (
                "proved",
                "Proved",
                "Verified by the checker; decimals rounded to the safe side.",
                proved,
            ),
            (
                "estimated",
                "Estimated",
                "Models and roundings; not for use in a proof.",
                estimated,
            ),
            (
                "measured",
                "Measured",
                "Sampled at points; nothing is said between them.",
                measured,
            ),
        ];
        kinds(boxes)
    }

    /// The plots, and why one is missing.
    pub fn plots(&self) -> String {
        let mut out = "<div class=\"plots\">\n".to_owned();
        for figure in &self.figures {
            out.push_str(&figure.html());
        }
        out.push_str("</div>\n");
        for words in &self.missing {
            let _ = writeln!(out, "<p class=\"missing\">{}</p>", escape(words));
        }
        out
    }

    fn is_smooth(&self) -> bool {
        self.row.target == Function::Smooth.name()
    }

    /// Every proved statement in the checker's words.
    pub fn proved(&self) -> String {
        let mut out = "<ol class=\"words\">\n".to_owned();
        for words in self.checked.report().words() {
            // The stages of a smooth function have a line each.
            for line in words.lines() {
                let _ = writeln!(out, "<li>{}</li>", breakable(line.trim()));
            }
        }
        let p = match self.checked.document().is_step() {
            true => STEP,
            false => "Here p is the composite below",
        };
        if self.is_smooth() {
            return format!("{out}</ol>\n<p>{p}.</p>\n");
        }
        out + "</ol>\n<p>"
            + p
            + ", r(x) = x (1 + p(x))/2 and \
               m(a, b) = ((a + b) + (a \u{2212} b) p(a \u{2212} b))/2.</p>\n"
    }

    /// What the proof takes for granted, and what it is silent about.
    pub fn assumptions(&self) -> String {
        let held = match self.row.coefficients.as_str() {
            "exact" => "The coefficients are taken exactly as the table has them.".to_owned(),
            mode => format!(
                "The coefficients are those of the table, each rounded to {}; the checker rounds them itself.",
                escape(mode)
            ),
        };
        format!(
            "<ul>\n<li>Taken for granted: the checker (exact integers, about 7,500 lines), the crates num-bigint, \
             serde_json and sha2 behind it, the Rust compiler, and the machine that ran them. polycert itself, \
             its search and its number libraries are not trusted.</li>\n<li>{held}</li>\n\
             <li>Not covered: the rounding of the program that evaluates p, and the noise of encryption.</li>\n\
             <li>No probability is involved: the proved statements hold for every input named.</li>\n</ul>\n"
        )
    }

    /// The commands that check it again; `quoted` is the file as a shell takes it.
    pub fn check_again(&self, quoted: &str) -> String {
        format!(
            "<p>Nothing on this page need be believed. With the certificate at hand:</p>\n\
             <pre tabindex=\"0\">polycert-check {quoted}\nsha256sum {quoted}</pre>\n\
             <p>The first is the independent checker (<code>cargo run --release -p polycert-checker -- FILE</code> in \
             polycert\u{2019}s repository); the second must print the digest below. What a certificate \
             means is written in <code>certificates/FORMAT.md</code>.</p>\n",
            quoted = escape(quoted)
        )
    }

    /// Digests and provenance.
    pub fn origin(&self) -> String {
        let mut list = List::default();
        list.item("certificate", &self.file);
        list.code("certificate SHA-256", &self.row.certificate_sha256);
        list.code("table SHA-256", &self.row.table_sha256);
        let precision = &self.checked.document().precision;
        list.item("checked at", &format!("{precision} fractional bits"));
        for (key, value) in self.provenance(false) {
            list.item(&format!("{key} (its author\u{2019}s words)"), &value);
        }
        format!("<dl class=\"origin\">\n{}</dl>\n", list.0)
    }

    /// The stages of the composite.
    pub fn composite(&self) -> String {
        let id = format!(
            "{}-composite",
            self.figures.first().map_or("c", |f| f.id.as_str())
        );
        let mut out = format!(
            "<div class=\"scroll\" role=\"region\" aria-labelledby=\"{id}\" tabindex=\"0\">\n<table>\n\
             <caption><span id=\"{id}\">The composite, first stage applied first</span></caption>\n\
             <thead>\n<tr><th scope=\"col\">stage</th><th scope=\"col\">degree</th>\
             <th scope=\"col\">basis</th><th scope=\"col\">input map</th></tr>\n</thead>\n<tbody>\n",
            id = escape(&id)
        );
        let components = self.checked.document().components();
        for (i, c) in components.iter().enumerate() {
            let degree = c.coefficients.len().saturating_sub(1);
            let map = c.input_map.as_ref().map_or("y".to_owned(), input_map);
            let _ = writeln!(
                out,
                "<tr><th scope=\"row\">p{}</th><td>{degree}</td><td>{}</td><td>{}</td></tr>",
                subscript(i + 1),
                escape(&c.basis),
                escape(&map)
            );
        }
        out.push_str("</tbody>\n</table>\n</div>\n");
        if self.checked.document().is_step() {
            let _ = writeln!(
                out,
                "<p>{STEP}. The ranges of the last stage are those of p.</p>"
            );
        }
        out
    }

    /// The author's notes: those that call themselves estimates, or the others.
    fn provenance(&self, estimates: bool) -> Vec<(String, String)> {
        let all = self.checked.document().provenance().iter();
        all.filter(|(key, _)| key.starts_with("estimate") == estimates)
            .map(|(key, value)| (key.clone(), value.replace(',', ", ")))
            .collect()
    }
}

/// The input map for people: numbers exact if short.
fn input_map(map: &RawMap) -> String {
    let shown = |text: &str| parse(text).map_or_else(|_| text.to_owned(), |x| bound(&x));
    match (shown(&map.scale), shown(&map.offset)) {
        (scale, offset) if offset == "0" => format!("{scale} y"),
        (scale, offset) => format!("{scale} y + {offset}"),
    }
}

/// What a composite of 0 and 1 stands for.
const STEP: &str =
    "Output: step, h in {0, 1}, where h is the composite below; here p = 2 h \u{2212} 1";

/// Long numbers may break, so that a narrow page does not scroll.
fn breakable(words: &str) -> String {
    escape(words).replace("&lt;=", "\u{2264}")
}

/// Boxes of numbers by what they are worth: class, title, what it means, the numbers.
pub fn kinds<'a>(boxes: impl IntoIterator<Item = (&'a str, &'a str, &'a str, List)>) -> String {
    let mut out = "<div class=\"kinds\">\n".to_owned();
    for (class, title, words, list) in boxes {
        let _ = write!(
            out,
            "<section class=\"kind {class}\">\n<h3><span class=\"tag\">{title}</span></h3>\n<p>{words}</p>\n\
             <dl>\n{}</dl>\n</section>\n",
            list.0
        );
    }
    out + "</div>\n"
}

/// Entries of a definition list.
#[derive(Default)]
pub struct List(pub String);

impl List {
    /// Plain text.
    pub fn item(&mut self, term: &str, value: &str) {
        let _ = writeln!(
            self.0,
            "<dt>{}</dt><dd>{}</dd>",
            escape(term),
            escape(value)
        );
    }

    /// A digest.
    pub fn code(&mut self, term: &str, value: &str) {
        let _ = writeln!(
            self.0,
            "<dt>{}</dt><dd><code>{}</code></dd>",
            escape(term),
            escape(value)
        );
    }
}
