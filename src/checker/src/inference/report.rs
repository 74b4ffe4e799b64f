//! What the check of an encrypted network says.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::evaluation::refresh::words;
use crate::inference::document::{Encryption, ProgramDocument};
use crate::inference::prove::Bent;
use crate::inference::statement::Found;
use crate::words::judged::Judged;
use crate::words::numerals::Numerals;
use std::fmt;

/// The result of [`check_program`](crate::check_program).
pub type ProgramOutcome = Judged<ProgramReport>;
/// The result of [`check_inference`](crate::check_inference).
pub type InferenceOutcome = Judged<InferenceReport>;

/// What a program proves, whatever the input is.
#[derive(Debug)]
pub struct ProgramReport {
    headline: String,
    lines: Vec<String>,
}

/// What an inference proves of one input.
#[derive(Debug)]
pub struct InferenceReport {
    class: u64,
    /// A bound of how far any decrypted margin of the class is from the twin's.
    margin: Rational,
    headline: String,
    lines: Vec<String>,
}

impl InferenceReport {
    /// The class that is decrypted, which is the network's.
    pub fn class(&self) -> u64 {
        self.class
    }

    /// How far any difference of the class's decrypted logit to another is from the twin's, at most.
    pub fn margin(&self) -> &Rational {
        &self.margin
    }
}

/// What a program is about.
pub(super) fn program(document: &ProgramDocument, bent: &[Bent]) -> Checked<ProgramReport> {
    let budget = Budget::new();
    let n = Numerals(&budget);
    let mut lines = vec![
        "what is decrypted at an activation is within its noise of r(x), x the network's linear function of what is decrypted before it, \
         if |x| is within its reach there and at all activations before"
            .to_owned(),
    ];
    for (i, bent) in bent.iter().enumerate() {
        lines.push(format!(
            "  activation {i}: B = {}, |x| <= {}, noise {} at most{}",
            n.full(&bent.b)?,
            n.full(&bent.within)?,
            n.up(&bent.noise)?,
            if bent.refreshed { ", refreshed" } else { "" }
        ));
    }
    lines.push(format!(
        "the decrypted result is then within {} of the linear function of what is decrypted before it",
        n.up(&document.error)?
    ));
    lines.extend(common(document, &n)?);
    Ok(ProgramReport {
        headline: format!(
            "VERIFIED the network runs encrypted as the program says, for every input within {} of 0 that keeps activations within their reach, \
             but for a probability of 2^-{} in all",
            n.full(&document.input.bound)?,
            document.k
        ),
        lines,
    })
}

/// What both say of the encryption, and what is assumed.
fn common(document: &ProgramDocument, n: &Numerals) -> Checked<Vec<String>> {
    let input = match document.input.encryption {
        Encryption::Public => "fresh, by the public key",
        Encryption::PublicExtended => "fresh, by the public key mod Q P, divided by P",
        Encryption::Secret => "fresh, by the secret key",
    };
    let mut lines = vec![format!(
        "input: {input}, at level {} and scale {}, its elements the nearest f64 or their neighbours, zeros in all other slots",
        document.input.level,
        n.up(&document.input.scale)?
    )];
    let mut assumed: Vec<&String> = Vec::new();
    for proved in &document.evaluations {
        let Some(decrypted) = &proved.report.decrypted else {
            return Err(Fault::internal("an evaluation"));
        };
        if lines.len() == 1 {
            lines.push(format!(
                "{}; sha256 of the parameters {}",
                decrypted.security, decrypted.parameters_sha256
            ));
        }
        let mut held = None;
        if let Some(refresh) = proved.document.refresh() {
            let said = words::security(&proved.document, refresh);
            if !lines.contains(&said) {
                lines.push(said);
            }
            held = Some(words::held(refresh));
        }
        for text in decrypted.assumptions() {
            // What is proved here of the inputs of a refresh is no assumption.
            if held != Some(text) && !assumed.contains(&text) {
                assumed.push(text);
            }
        }
    }
    lines.extend(assumed.into_iter().map(|text| format!("assumed: {text}")));
    lines.push(
        "assumed: the evaluator's linear maps are those of INFERENCE.md, section 3, their factors within 2^-52 of themselves of the network's, \
         coefficients of what is encoded within 1/2 + 2^-13 of the exact ones; what is rounded where a map's division is a rescale is uniform"
            .to_owned(),
    );
    if document.input.encryption == Encryption::PublicExtended {
        lines.push(
            "assumed: the residues that the input's encryption rounds away are uniform (RLWE)"
                .to_owned(),
        );
    }
    lines.push(
        "assumed: the errors of all keys, those for rotations too, are independent of the halves c_1 of all ciphertexts, and keys for the secret \
         under itself are secure (circular)"
            .to_owned(),
    );
    lines.push("decoding to machine numbers comes on top".to_owned());
    Ok(lines)
}

/// The statement about one input.
pub(super) fn inference(
    document: &ProgramDocument,
    bent: &[Bent],
    found: &Found,
) -> Checked<InferenceReport> {
    let budget = Budget::new();
    let n = Numerals(&budget);
    let deviation = &found.deviation;
    let refreshed = bent.iter().filter(|b| b.refreshed).count();
    let margin = found.margins.iter().max().cloned();
    let margin = margin.ok_or_else(|| Fault::internal("margins"))?;
    let mut lines = vec![
        "the twin has the polynomials that are evaluated in place of ReLU, in exact arithmetic"
            .to_owned(),
    ];
    for (i, (lo, hi)) in deviation.twin.iter().enumerate() {
        let bound = found
            .logits
            .get(i)
            .ok_or_else(|| Fault::internal("logits"))?;
        let measured = match found.decrypted.as_ref().and_then(|d| d.get(i)) {
            Some(x) => format!("; {} was decrypted", n.decimal(x, false)?),
            None => String::new(),
        };
        lines.push(format!(
            "logit {i}: within {} of the twin's, which is in [{}, {}]{measured}",
            n.decimal(bound, true)?,
            n.decimal(lo, false)?,
            n.decimal(hi, true)?
        ));
    }
    lines.push(format!(
        "{} activations, {refreshed} of them refreshed, none asked beyond its reach",
        bent.len()
    ));
    lines.extend(common(document, &n)?);
    for (what, digest) in [
        ("exact network", &found.network_sha256),
        ("exact input", &found.input_sha256),
        ("program", &found.program_sha256),
    ] {
        lines.push(format!("{what} sha256 {digest}"));
    }
    Ok(InferenceReport {
        class: deviation.class,
        headline: format!(
            "VERIFIED encrypted, this input decrypts to class {}, which is the network's; every logit within {} of the polynomial twin's, \
             every margin of the class within {}, but for a probability of 2^-{} in all",
            deviation.class,
            n.decimal(found.logits.iter().max().unwrap_or(&margin), true)?,
            n.decimal(&margin, true)?,
            document.k
        ),
        margin,
        lines,
    })
}

fn tell(f: &mut fmt::Formatter<'_>, headline: &str, lines: &[String]) -> fmt::Result {
    f.write_str(headline)?;
    lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
}

impl fmt::Display for ProgramReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tell(f, &self.headline, &self.lines)
    }
}

impl fmt::Display for InferenceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tell(f, &self.headline, &self.lines)
    }
}
