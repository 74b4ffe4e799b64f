//! A certificate of one run: ranges with a little room, so that the checker, which rounds in its own way, proves them.

use crate::certificate::network_box::{certify, Checked, Function, Subject};
use crate::error::{ErrorKind, Result};
use crate::network::boxes::bounds::SMALL;
use crate::network::boxes::stages::placed;
use crate::network::boxes::{Bounds, StageBounds};
use crate::network::model::exact::network_text;
use crate::network::model::graph::Network;

/// Room around ranges, relative to their size, until the checker proves them.
const ROOMS: [f64; 3] = [1.0 / 16_384.0, 1.0 / 1_024.0, 1.0 / 64.0];

/// A certificate that the independent checker verified, and its network.
#[derive(Debug, Clone)]
pub struct Certified {
    /// `polycert-network-box/1`.
    pub certificate: String,
    /// `polycert-exact-network/1`.
    pub network: String,
    /// The checker's words.
    pub statement: String,
}

/// The run with as much room as its certificate needs.
///
/// **Inputs** the network, the box, and the analysis with a given share of room.
///
/// # Errors
/// What the analysis says; layers that the checker's boxes do not pass, and its limits.
pub(super) fn certified<T>(
    network: &Network,
    sides: &[Bounds],
    mut analyse: impl FnMut(f64) -> Result<(Vec<StageBounds>, T)>,
    progress: &mut dyn FnMut(&str, usize, usize),
) -> Result<(Vec<StageBounds>, T, Certified)> {
    let text = network_text(network);
    let (_, places) = placed(network)?;
    let mut said = String::new();
    for room in ROOMS {
        let (found, chosen) = analyse(room)?;
        let activations = places
            .iter()
            .flatten()
            .map(|&stage| functions(&found[stage]));
        let last = found.last().map_or(&[][..], |s| &s.bound_difference);
        // A difference of about 0, as where the last ReLU is dead, has room for what rows round off too.
        let values = found.iter().flat_map(|s| &s.bound_relu);
        let size = |(lo, hi): &Bounds| lo.abs().max(hi.abs());
        let greatest = values.map(size).fold(0.0, f64::max);
        let differences = last.iter().map(|d| {
            let least = greatest * SMALL * SMALL * room;
            (size(d) * (1.0 + room)).next_up().max(least)
        });
        let subject = Subject {
            network: &text,
            sides,
            activations: activations.collect(),
            differences: differences.collect(),
        };
        let mut checked = |done, all| progress("activations checked", done, all);
        match certify(&subject, &mut checked)? {
            Checked::Verified(certificate, statement) => {
                let network = text;
                let certified = Certified {
                    certificate,
                    network,
                    statement,
                };
                return Ok((found, chosen, certified));
            }
            Checked::Tighter(detail) => said = detail,
        }
    }
    Err(ErrorKind::SelfCheck(said).into())
}

fn functions(stage: &StageBounds) -> Vec<Option<Function>> {
    let each = stage.bound_twin.iter().zip(&stage.replaced);
    let function = |(range, replaced): (&Bounds, &Option<_>)| {
        replaced
            .as_ref()
            .map(|r: &crate::network::boxes::Replacement| Function {
                range: *range,
                apart: r.bound_apart,
                tilted: r.bound_tilted,
            })
    };
    each.map(function).collect()
}
