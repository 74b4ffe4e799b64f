//! Rule I4: what the evaluation certificates of a program say of its activations.

use crate::claims::target::Function;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::circuit::Op;
use crate::evaluation::document::{EvaluationDocument, Input};
use crate::evaluation::parameters::Parameters;
use crate::evaluation::Proved;
use crate::format::rounding::Mode;

const RULE: Rule = Rule::Own("I4 activation");

/// ReLU by a polynomial, on ciphertexts that are near what is meant.
#[derive(Debug)]
pub(super) struct Activation {
    pub(super) table_sha256: String,
    /// B.
    pub(super) b: Rational,
    /// |x| <= within.
    pub(super) within: Rational,
    /// How far slots may be from x, complex ones too unless the input is refreshed: then real parts.
    pub(super) off: Rational,
    pub(super) is_refreshed: bool,
    /// Level and scale of the input, and of the result, in units of x.
    pub(super) enters: (usize, Rational),
    pub(super) leaves: (usize, Rational),
    /// |decrypted - r(x)|.
    pub(super) noise: Rational,
    /// |decrypted| at most.
    pub(super) largest: Rational,
    /// But for 2^-k.
    pub(super) k: u64,
}

fn fail<T>(i: usize, text: &str) -> Checked<T> {
    Err(Fault::rejected(RULE, format!("evaluation {i}: {text}")))
}

/// What the evaluation of number i is about.
///
/// # Errors
/// A rejection of what is not about ReLU on ciphertexts that are near what is meant, or has other parameters than the first.
pub(super) fn of(
    i: usize,
    proved: &Proved,
    parameters: &Parameters,
    log_values: u64,
) -> Checked<Activation> {
    let Proved {
        report,
        document,
        task,
    } = proved;
    if document.parameters.digest() != parameters.digest() {
        return fail(i, "its parameters are others than the first one's");
    }
    if report.target.function != Function::Relu {
        return fail(i, "it is not about ReLU by a table that is made of sign");
    }
    if report.mode() != Mode::Exact {
        return fail(i, "its coefficients are not exact");
    }
    let Some(k) = document.k else {
        return fail(i, "it states no probability 2^-k");
    };
    let within = task.inputs.1.clone();
    let b = task.domain.clone();
    let (level, scale, off, is_refreshed) = match &document.input {
        Input::Refreshed(refresh) => {
            if refresh.log_values != log_values {
                return fail(i, "it is about another number of values in a ciphertext");
            }
            let level = refresh.to_coefficients.len();
            (level, refresh.scale.over(&b), refresh.off.clone(), true)
        }
        Input::Given(off) => {
            let (level, scale) = input(i, document)?;
            (level, scale, off.clone(), false)
        }
        _ => return fail(i, "its input is neither refreshed nor given"),
    };
    let output = document.circuit.get(document.output)?;
    Ok(Activation {
        table_sha256: report.table_sha256().to_owned(),
        largest: within.plus(&document.error),
        b,
        within,
        off,
        is_refreshed,
        enters: (level, scale),
        leaves: (output.level, output.scale.clone()),
        noise: document.noise.clone(),
        k,
    })
}

/// Level and scale of the one input.
fn input(i: usize, document: &EvaluationDocument) -> Checked<(usize, Rational)> {
    let nodes = document.circuit.nodes.iter();
    let mut inputs = nodes.filter(|node| matches!(node.op, Op::Input));
    match (inputs.next(), inputs.next()) {
        (Some(node), None) => Ok((node.level, node.scale.clone())),
        _ => fail(i, "it has not one input"),
    }
}
