//! Plans: a polynomial, B and levels for every activation of a network, and what is proved of the choice. The contract is
//! `certificates/PLAN.md`.
//!
//! Data flow: `document` -> the files, by digest (P1) -> `tables` (P2) -> `levels` (P3) -> `noise` (P4, P5) -> `inputs` (P8, P6) ->
//! `interval` (P7) -> the statement in `report` (P9).

mod document;
mod inputs;
mod interval;
mod levels;
mod noise;
pub(crate) mod report;
mod tables;

use crate::check::check;
use crate::core::fault::{Checked, Fault, Rule};
use crate::format::digest::of_bytes;
use crate::format::json::MAX_BYTES;
use crate::network::check_network_with;
use crate::network::model::layers::Layer;
use crate::network::model::lines::MAX_FILE_BYTES;
use crate::network::model::read::network as read_network;
use crate::network::report::NetworkOutcome;
use crate::plan::document::{FileName, PlanDocument};
use crate::plan::noise::Evaluations;
use crate::plan::report::{PlanOutcome, PlanReport};
use crate::plan::tables::Stand;
use crate::words::report::{Outcome, Report};
use std::collections::HashMap;
use std::io;

/// Reads a file of the plan's folder, at most so many bytes and one.
pub type ReadFile<'a> = &'a mut dyn FnMut(&str, usize) -> io::Result<Vec<u8>>;

/// Checks a plan against the files of its folder.
///
/// **Guarantee** [`PlanOutcome::Verified`] only if every statement of the report is true of the files that it names.
///
/// **Cost** that of every certificate that is listed; the rules of the plan itself take seconds at most.
pub fn check_plan(plan: &[u8], read: ReadFile<'_>, progress: &mut dyn FnMut(&str)) -> PlanOutcome {
    prove(plan, read, progress).into()
}

const FILES: Rule = Rule::Own("P1 files");

/// Rule P1: a file as it is listed.
fn file(name: &FileName, limit: usize, read: ReadFile<'_>) -> Checked<Vec<u8>> {
    let path = &name.path;
    let bytes = read(path, limit)
        .map_err(|error| Fault::unreadable(format!("cannot read {path}: {error}")))?;
    if bytes.len() > limit {
        let detail = format!("{path}: longer than {limit} bytes");
        return Err(Fault::rejected(FILES, detail));
    }
    let digest = of_bytes(&bytes);
    match digest == name.sha256 {
        true => Ok(bytes),
        false => Err(Fault::rejected(
            FILES,
            format!("{path}: the file's sha256 is {digest}, not {}", name.sha256),
        )),
    }
}

/// Certificates of tables, each checked once.
#[derive(Default)]
struct Reports(HashMap<(String, String), Report>);

impl Reports {
    fn of(&mut self, name: &FileName, read: ReadFile<'_>) -> Checked<Report> {
        let key = (name.path.clone(), name.sha256.clone());
        if let Some(report) = self.0.get(&key) {
            return Ok(report.clone());
        }
        let bytes = file(name, MAX_BYTES, read)?;
        match check(&bytes) {
            Outcome::Verified(report) => {
                self.0.insert(key, report.clone());
                Ok(report)
            }
            other => Err(Fault::rejected(FILES, format!("{}: {other}", name.path))),
        }
    }
}

fn prove(plan: &[u8], read: ReadFile<'_>, progress: &mut dyn FnMut(&str)) -> Checked<PlanReport> {
    let document = document::read(plan)?;
    let exact = file(&document.network, MAX_FILE_BYTES, read)?;
    let network = read_network(&exact).map_err(|fault| fault.at(&document.network.path))?;
    let nodes = network.nodes.iter().enumerate();
    let bent = nodes.filter(|(_, node)| node.layer.is_activation());
    // The step of each activation, of which the input's is the first.
    let layers: Vec<(usize, &Layer)> = bent.map(|(i, node)| (i + 1, &node.layer)).collect();
    if layers.len() != document.activations.len() {
        let detail = format!(
            "{} activations, where the network has {}",
            document.activations.len(),
            layers.len()
        );
        return Err(Fault::rejected(Rule::Own("P2 tables"), detail));
    }
    let mut reports = Reports::default();
    let mut stands = Vec::new();
    for (activation, (_, layer)) in document.activations.iter().zip(&layers) {
        let report = reports.of(&activation.certificate, read)?;
        let table = file(&activation.table, MAX_BYTES, read)?;
        let stand = tables::prove(activation, layer, &table, &report)?;
        let levels = levels::rounds(layer) * stand.block.levels();
        if levels != activation.levels {
            let detail = format!(
                "{}: takes {levels} levels, where {} are stated",
                activation.name, activation.levels
            );
            return Err(Fault::rejected(Rule::Own("P3 levels"), detail));
        }
        stands.push(stand);
    }
    let blocks: Vec<_> = stands.iter().map(|s| s.block.clone()).collect();
    levels::prove(&network, &blocks, &document)?;
    let place = |(step, layer): &(usize, &Layer)| Place {
        step: *step,
        is_pool: matches!(layer, Layer::MaxPool { .. }),
    };
    let places: Vec<Place> = layers.iter().map(place).collect();
    drop(network);
    let stood = stands.iter().zip(&places);
    let evaluations = evaluations(&document, stood, &mut reports, read, progress)?;
    let repeated = inputs::repeated(&document)?;
    inputs::once(&document)?;
    let mut under_noise = 0;
    for (i, row) in document.certified.iter().enumerate() {
        progress(&format!(
            "{i} of {} certified inputs",
            document.certified.len()
        ));
        let name = &row.certificate;
        let bytes = file(name, MAX_BYTES, read)?;
        let path = FileName {
            path: format!("{}.input", name.path),
            sha256: row.input_sha256.clone(),
        };
        let input = file(&path, MAX_FILE_BYTES, read)?;
        match check_network_with(&bytes, &exact, &input, &mut |_, _| {}) {
            NetworkOutcome::Verified(report) => {
                under_noise += usize::from(inputs::certified(&document, &stands, row, &report)?);
            }
            NetworkOutcome::Rejected(why) | NetworkOutcome::Unreadable(why) => {
                return Err(Fault::rejected(FILES, format!("{}: {why}", name.path)));
            }
        }
    }
    file(&document.audit.file, MAX_FILE_BYTES, read)?;
    let audit = &document.audit;
    let stated = document.stated.len() as u64;
    if audit.same.min(audit.inside) < document.certified.len() as u64 {
        let detail =
            "more inputs are certified than the audit says keep their class, or stay inside";
        return Err(Fault::rejected(Rule::Own("P6 certified inputs"), detail));
    }
    let same = (audit.same, audit.different, stated);
    interval::prove("same", same, &document.same, &document.risk)?;
    let outside = (audit.outside, audit.inside, stated);
    interval::prove("outside", outside, &document.outside, &document.risk)?;
    report::report(document, &evaluations, &repeated, under_noise)
}

/// Where an activation is: its step, and whether it is a max-pooling.
struct Place {
    step: usize,
    is_pool: bool,
}

/// Rules P4 and P5, for the activations that state noise.
fn evaluations<'a>(
    document: &PlanDocument,
    stood: impl Iterator<Item = (&'a Stand, &'a Place)>,
    reports: &mut Reports,
    read: ReadFile<'_>,
    progress: &mut dyn FnMut(&str),
) -> Checked<Evaluations> {
    let mut found = Evaluations::default();
    for (activation, (stand, place)) in document.activations.iter().zip(stood) {
        if let Some(noise) = &activation.noise {
            progress(&format!("evaluation of {}", activation.name));
            let report = reports.of(&noise.evaluation, read)?;
            let step = document.steps.get(place.step);
            let step = step.ok_or_else(|| Fault::internal("a step"))?;
            let place = (stand, place.is_pool, step);
            noise::prove(document, activation, place, &report, &mut found)?;
        }
    }
    Ok(found)
}
