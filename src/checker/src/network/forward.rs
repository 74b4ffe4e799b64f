//! The network or its twin from the input to the logits, and the stated enclosures beside them.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::network::activation;
use crate::network::balls::Balls;
use crate::network::linear;
use crate::network::model::layers::{Layer, Network};
use crate::network::polynomial;
use crate::network::smooth;
use crate::network::substitute::Substitute;

/// Values beyond 2^1100 are beyond what any program's numbers hold.
const MAX_BITS: u64 = 1_100;

/// The logits of the network (no polynomials), or of its twin; `trace` sees the input of every activation.
pub(crate) fn evaluate(
    network: &Network,
    input: &Balls,
    substitutes: Option<&[Substitute]>,
    precision: u64,
    trace: &mut dyn FnMut(&Balls),
) -> Checked<Balls> {
    let mut values: Vec<Balls> = vec![input.clone()];
    let mut shapes = vec![network.input];
    let spent = spent(network);
    let mut activation = 0;
    for (i, node) in network.nodes.iter().enumerate() {
        let mut x = Vec::new();
        for &k in &node.inputs {
            match (values.get(k), shapes.get(k)) {
                (Some(balls), Some(shape)) => x.push((balls, *shape)),
                _ => return Err(Fault::internal("node")),
            }
        }
        let Some(&(first, shape)) = x.first() else {
            return Err(Fault::internal("node without input"));
        };
        let mut next_substitute = || match substitutes {
            None => Ok(None),
            Some(all) => {
                activation += 1;
                let found = all.get(activation - 1);
                found.map(Some).ok_or_else(|| {
                    Fault::rejected(Rule::Own("activations"), "fewer than the network has")
                })
            }
        };
        let within = |fault: Fault| match fault {
            Fault::Rejected { rule, detail, .. } => {
                Fault::rejected(rule, format!("node {}: {detail}", i + 1))
            }
            other => other,
        };
        if node.layer.is_bent() {
            trace(first);
        }
        let y = match &node.layer {
            Layer::Relu { slope } => match next_substitute()? {
                Some(found) => found.relu(slope, first, precision).map_err(within)?,
                None => {
                    let r = activation::exact_relu(first);
                    activation::leaky(slope, first, r, precision)
                }
            },
            Layer::MaxPool { geometry } => {
                let windows = activation::windows(first, shape, node.shape, geometry)?;
                match next_substitute()? {
                    Some(found) => found.tournament(windows, &first.radius).map_err(within)?,
                    None => Balls {
                        mid: windows
                            .into_iter()
                            .filter_map(|w| w.into_iter().max())
                            .collect(),
                        radius: first.radius.clone(),
                    },
                }
            }
            Layer::Smooth { function } => match next_substitute()? {
                Some(found) => found.smooth(function, first).map_err(within)?,
                None => smooth::apply(function, first, precision).map_err(within)?,
            },
            Layer::Polynomial { channels } => {
                let plane = shape[1] * shape[2];
                polynomial::apply(channels, first, plane, precision).map_err(within)?
            }
            _ => linear::linear(node, &x, precision)?,
        };
        // Numbers that grow from layer to layer would make the work unbounded.
        if y.greatest().bits().max(y.radius.bits()) > precision + MAX_BITS {
            return Err(within(Fault::rejected(
                Rule::Limit,
                format!("numbers beyond 2^{MAX_BITS}"),
            )));
        }
        values.push(y);
        shapes.push(node.shape);
        for &k in spent.get(i).into_iter().flatten() {
            if let Some(value) = values.get_mut(k) {
                value.mid = Vec::new();
            }
        }
    }
    if substitutes.is_some_and(|all| all.len() != activation) {
        return Err(Fault::rejected(
            Rule::Own("activations"),
            "more than the network has",
        ));
    }
    if network.output >= values.len() {
        return Err(Fault::internal("output"));
    }
    Ok(values.swap_remove(network.output))
}

/// After each node, the values that no later one needs: 0 is the input, i + 1 what node i answers.
pub(crate) fn spent(network: &Network) -> Vec<Vec<usize>> {
    // What nobody needs is given back at once.
    let mut last: Vec<usize> = (0..=network.nodes.len())
        .map(|k| k.saturating_sub(1))
        .collect();
    for (i, node) in network.nodes.iter().enumerate() {
        for &k in &node.inputs {
            if let Some(last) = last.get_mut(k) {
                *last = i;
            }
        }
    }
    let mut spent = vec![Vec::new(); network.nodes.len()];
    for (k, &i) in last.iter().enumerate() {
        match spent.get_mut(i) {
            Some(here) if k != network.output => here.push(k),
            _ => {}
        }
    }
    spent
}

/// The stated enclosures hold the computed ones, and decide the class.
pub(crate) fn compare(
    computed: &Balls,
    stated: &[(Rational, Rational)],
    class: u64,
    place: Rule,
    precision: u64,
) -> Checked<()> {
    if computed.mid.len() != stated.len() {
        let n = computed.mid.len();
        return Err(Fault::rejected(
            place,
            format!("{} enclosures for {n} outputs", stated.len()),
        ));
    }
    for (i, (mid, (lo, hi))) in computed.mid.iter().zip(stated).enumerate() {
        // In units: ceil(lo) <= mid - radius and mid + radius <= floor(hi).
        let below = lo.ceil_at(precision) <= mid - &computed.radius;
        let above = mid + &computed.radius <= hi.floor_at(precision);
        if !(below && above) {
            return Err(Fault::rejected(
                place,
                format!("output {i} is not proved to lie in the stated enclosure at {precision} fractional bits"),
            ));
        }
    }
    let zero = Rational::integer(0);
    let decided = match stated {
        [(lo, hi)] => (class == 1 && *lo > zero) || (class == 0 && *hi < zero),
        _ => {
            let own = usize::try_from(class).ok().and_then(|c| stated.get(c));
            let others = || {
                stated
                    .iter()
                    .enumerate()
                    .filter(|(j, _)| *j as u64 != class)
            };
            own.is_some_and(|(lo, _)| others().all(|(_, (_, hi))| lo > hi))
        }
    };
    if decided {
        Ok(())
    } else {
        Err(Fault::rejected(
            place,
            format!("the enclosures do not decide class {class}"),
        ))
    }
}
