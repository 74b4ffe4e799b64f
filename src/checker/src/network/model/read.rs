//! Readers of the exact network and the exact input (certificates/NETWORK.md): lines of text, every number
//! an integer, a fraction or a dyadic.

use crate::core::fault::{Checked, Fault};
use crate::format::path::printable;
use crate::network::model::layers::Network;
use crate::network::model::lines::{bad, count, dyadic, size, take, TextLines};
use crate::network::model::nodes::NodeLine;
use num_bigint::BigInt;
use num_traits::Zero;

/// Most nodes.
const MAX_NODES: usize = 10_000;
/// Most elements of all activations together.
const MAX_TOTAL: usize = 1 << 24;

/// Reads `polycert-exact-network/1`.
pub(crate) fn network(bytes: &[u8]) -> Checked<Network> {
    let mut lines = TextLines::new(bytes, "polycert-exact-network/1")?;
    let mut shapes: Vec<[usize; 3]> = Vec::new();
    let mut nodes = Vec::new();
    let mut total = 0usize;
    while let Some((line, mut words)) = lines.next() {
        let kind = words.next().unwrap_or("");
        let slope = if kind == "relu" {
            // relu INPUT SLOPE
            words.next_back().map(|w| dyadic(w, line)).transpose()?
        } else {
            None
        };
        let c: Vec<usize> = words.map(|w| count(w, line)).collect::<Checked<_>>()?;
        if kind == "output" {
            let [output] = take::<1>(&c, line)?;
            if lines.next().is_some() || output >= shapes.len() {
                return Err(bad(line, "output is the last line, and names a node"));
            }
            let Some(&input) = shapes.first() else {
                return Err(bad(line, "no input"));
            };
            return Ok(Network {
                input,
                nodes,
                output,
            });
        }
        if shapes.is_empty() {
            let shape = take::<3>(&c, line)?;
            if kind != "input" {
                return Err(bad(line, "the first node is the input"));
            }
            shapes.push(size(shape, line)?);
            continue;
        }
        if shapes.len() > MAX_NODES {
            return Err(bad(line, format!("more than {MAX_NODES} nodes")));
        }
        let node = NodeLine {
            line,
            counts: &c,
            slope,
            shapes: &shapes,
            lines: &mut lines,
        };
        let node = node.node(kind)?;
        shapes.push(size(node.shape, line)?);
        total += node.shape.iter().product::<usize>();
        if total > MAX_TOTAL {
            return Err(bad(
                line,
                format!("more than {MAX_TOTAL} elements in all activations"),
            ));
        }
        nodes.push(node);
    }
    Err(Fault::unreadable("the file ends before its output"))
}

/// Reads `polycert-exact-input/1`: one number a line, as an integer over 2^precision, rounded down (off by
/// less than 1); and whether one was rounded.
pub(crate) fn input(bytes: &[u8], wanted: usize, precision: u64) -> Checked<(Vec<BigInt>, bool)> {
    let mut lines = TextLines::new(bytes, "polycert-exact-input/1")?;
    let mut list = Vec::with_capacity(wanted);
    let mut rounded = false;
    while let Some((line, mut words)) = lines.next() {
        let (Some(word), None) = (words.next(), words.next()) else {
            return Err(bad(line, "one number a line is expected"));
        };
        let wrong = || {
            bad(
                line,
                format!("{} is neither integer nor fraction", printable(word)),
            )
        };
        if list.len() == wanted || word.len() > 1_000 {
            return Err(bad(
                line,
                format!("more than {wanted} numbers, or a longer number than 1000 digits"),
            ));
        }
        let (n, d) = word.split_once('/').unwrap_or((word, "1"));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(n.strip_prefix('-').unwrap_or(n)) || !digits(d) {
            return Err(wrong());
        }
        let (n, d): (BigInt, BigInt) = match (n.parse(), d.parse()) {
            (Ok(n), Ok(d)) => (n, d),
            _ => return Err(wrong()),
        };
        if d <= BigInt::zero() {
            return Err(wrong());
        }
        let (floor, rest) = num_integer::Integer::div_mod_floor(&(n << precision), &d);
        rounded |= !rest.is_zero();
        list.push(floor);
    }
    if list.len() != wanted {
        return Err(Fault::unreadable(format!(
            "{} numbers, where the network takes {wanted}",
            list.len()
        )));
    }
    Ok((list, rounded))
}
