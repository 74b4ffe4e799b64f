//! An encrypted network: what is decrypted in the end, and that it is what the network answers. The contract is
//! `certificates/INFERENCE.md`.
//!
//! Two documents: a program (`polycert-program/1`), of a network and encryption parameters whatever the input is, and an inference
//! (`polycert-inference/1`) of one input. Data flow: `document` (the evaluations in it by their own rules) -> `rows`, `layers`, `sums`,
//! `reading` (what is linear between two activations, I1) -> `layout`, `place` (I2) -> `activation`, `maps` (I3, I4), led by `prove`
//! (I5) -> with a deviation certificate of the input the statement (I6) in `statement` -> `report`.

mod activation;
mod document;
mod layers;
mod layout;
mod maps;
mod place;
mod prove;
mod reading;
pub(crate) mod report;
mod rows;
mod statement;
mod sums;

pub(crate) use document::FORMAT as PROGRAM_FORMAT;
pub(crate) use statement::FORMAT as INFERENCE_FORMAT;

use crate::core::fault::{Checked, Fault, Rule};
use crate::format::digest::of_bytes;
use crate::format::path::printable;
use crate::inference::document::ProgramDocument;
use crate::inference::prove::Bent;
use crate::inference::report::{InferenceOutcome, ProgramOutcome};
use crate::network::model::expand::expand;
use crate::network::model::read;

/// Checks a program against the exact network that it is about.
///
/// **Guarantee** verified only if every statement of the report is true under the assumptions that it lists.
///
/// **Cost** seconds, and some 500 MB for a ResNet-20; limited.
pub fn check_program(program: &[u8], network: &[u8]) -> ProgramOutcome {
    let proved = prove(program, network);
    proved
        .and_then(|(document, bent)| report::program(&document, &bent))
        .into()
}

/// Checks an inference against its program, the exact network and the exact input.
///
/// **Guarantee** as [`check_program`].
///
/// **Cost** that of [`check_program`] and of the deviation certificate in it.
pub fn check_inference(
    inference: &[u8],
    program: &[u8],
    (network, input): (&[u8], &[u8]),
    progress: &mut dyn FnMut(usize, usize),
) -> InferenceOutcome {
    let checked = statement::read(inference).and_then(|stated| {
        statement::cites(&stated, program)?;
        let (document, bent) = prove(program, network)?;
        let found = statement::prove(stated, (&document, &bent), (network, input), progress)?;
        report::inference(&document, &bent, &found)
    });
    checked.into()
}

/// A program whose every rule is met.
fn prove(program: &[u8], network: &[u8]) -> Checked<(ProgramDocument, Vec<Bent>)> {
    let document = document::read(program)?;
    let digest = of_bytes(network);
    if digest != document.network_sha256 {
        let stated = printable(&document.network_sha256);
        return Err(Fault::rejected(
            Rule::Own("digest"),
            format!("the network file's sha256 is {digest}, the program is about {stated}"),
        ));
    }
    let network = read::network(network).map_err(|fault| fault.at("network"))?;
    let expanded = expand(network)?;
    let bent = prove::prove(&document, &expanded)?;
    Ok((document, bent))
}
