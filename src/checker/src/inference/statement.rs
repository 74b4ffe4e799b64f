//! Rule I6: from a program and what noise does on one input to the statement about what is decrypted.

use crate::claims::target::Function;
use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::format::digest::of_bytes;
use crate::format::json::{each, parse, Tree};
use crate::format::path::printable;
use crate::format::table::{constant, number};
use crate::inference::document::ProgramDocument;
use crate::inference::prove::Bent;
use crate::network::document::MAX_OUTPUTS;
use crate::network::{deviation, Deviation};

/// The format tag.
pub(crate) const FORMAT: &str = "polycert-inference/1";
const RULE: Rule = Rule::Own("I6 statement");

/// What an inference states, its deviation certificate still to be read.
pub(super) struct Stated<'a> {
    program_sha256: String,
    deviation: Tree<'a>,
    /// For each logit in order without the class, and for each logit.
    margins: Vec<Rational>,
    logits: Vec<Rational>,
    /// What was decrypted, if it was run.
    decrypted: Option<Vec<Rational>>,
}

/// What is proved.
pub(super) struct Found {
    pub(super) deviation: Deviation,
    pub(super) margins: Vec<Rational>,
    pub(super) logits: Vec<Rational>,
    pub(super) decrypted: Option<Vec<Rational>>,
    pub(super) program_sha256: String,
    pub(super) network_sha256: String,
    pub(super) input_sha256: String,
}

/// Reads an inference.
pub(super) fn read(bytes: &[u8]) -> Checked<Stated<'_>> {
    let budget = Budget::new();
    let mut fields = parse(bytes)?.object()?;
    fields.take("format", |t| constant(&t, FORMAT))?;
    let numbers = |t: Tree| each(t.list_of(1, MAX_OUTPUTS)?, |t| number(&t, &budget));
    let stated = Stated {
        program_sha256: fields.take("program_sha256", |t| Ok(t.text()?.to_owned()))?,
        deviation: fields.take("deviation", Ok)?,
        margins: fields.take("margins", numbers)?,
        logits: fields.take("logits", numbers)?,
        decrypted: fields.take_maybe("decrypted", numbers)?,
    };
    fields.finish()?;
    Ok(stated)
}

/// Refuses another program than the one that is cited.
pub(super) fn cites(stated: &Stated, program: &[u8]) -> Checked<()> {
    let digest = of_bytes(program);
    match digest == stated.program_sha256 {
        true => Ok(()),
        false => {
            let cited = printable(&stated.program_sha256);
            let text =
                format!("the program file's sha256 is {digest}, the inference is about {cited}");
            Err(Fault::rejected(Rule::Own("digest"), text))
        }
    }
}

fn fail<T>(text: impl Into<String>) -> Checked<T> {
    Err(Fault::rejected(RULE, text))
}

/// Proves the statement.
pub(super) fn prove(
    stated: Stated,
    (program, bent): (&ProgramDocument, &[Bent]),
    (network, input): (&[u8], &[u8]),
    progress: &mut dyn FnMut(usize, usize),
) -> Checked<Found> {
    let known = deviation(stated.deviation, network, input, progress)?;
    if known.input > program.input.bound {
        return fail("the input is beyond the bound that the program takes");
    }
    if known.uses.len() != bent.len() {
        return fail("the deviation is about another number of activations");
    }
    let rows = known
        .uses
        .iter()
        .zip(bent)
        .zip(&known.worst)
        .zip(&known.reach);
    for (i, ((((table, function, b), bent), worst), reach)) in rows.enumerate() {
        if *table != bent.table_sha256 || *function != Function::Relu || *b != bent.b {
            return fail(format!(
                "activation {i}: the deviation is about another polynomial than is evaluated"
            ));
        }
        if bent.noise > worst.times(b) {
            return fail(format!(
                "activation {i}: its noise is beyond what the deviation takes"
            ));
        }
        if *reach > bent.within {
            return fail(format!(
                "activation {i}: its inputs are not within what its evaluation takes"
            ));
        }
    }
    let twice = program.error.plus(&program.error);
    for (what, list, moved, more) in [
        ("margins", &stated.margins, &known.margins, &twice),
        ("logits", &stated.logits, &known.logits, &program.error),
    ] {
        let held = list.len() == moved.len()
            && list
                .iter()
                .zip(moved)
                .all(|(bound, moved)| *bound >= moved.plus(more));
        if !held {
            return fail(format!(
                "{what}: a bound is missing, or below what is proved"
            ));
        }
    }
    let class = usize::try_from(known.class).unwrap_or(usize::MAX);
    let Some((lo, _)) = known.twin.get(class) else {
        return fail("there is no such class");
    };
    let others = known.twin.iter().enumerate().filter(|(j, _)| *j != class);
    let stays =
        |((_, (_, hi)), bound): ((usize, &(Rational, Rational)), &Rational)| *lo > hi.plus(bound);
    if !others.zip(&stated.margins).all(stays) {
        return fail(format!("the bounds do not decide class {class}"));
    }
    if let Some(decrypted) = &stated.decrypted {
        let inside = |((x, (lo, hi)), bound): ((&Rational, &(Rational, Rational)), &Rational)| {
            x.plus(bound) >= *lo && *x <= hi.plus(bound)
        };
        let mut all = decrypted.iter().zip(&known.twin).zip(&stated.logits);
        if decrypted.len() != known.twin.len() || !all.all(inside) {
            return fail("what was decrypted is not within the bounds: another program was run, or an assumption does not hold");
        }
    }
    Ok(Found {
        deviation: known,
        margins: stated.margins,
        logits: stated.logits,
        decrypted: stated.decrypted,
        program_sha256: stated.program_sha256,
        network_sha256: of_bytes(network),
        input_sha256: of_bytes(input),
    })
}
