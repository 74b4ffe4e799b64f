//! The circuit as data: what every node does, and the level and the scale that follow.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::format::digest::hexadecimal;
use sha2::{Digest, Sha256};

pub(crate) const RULE: Rule = Rule::Own("E2 circuit");
/// A constant: held as integer/factor, meant as value.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) held: Rational,
    pub(crate) value: Rational,
}

/// What a node does.
#[derive(Debug)]
pub(crate) enum Op {
    Input,
    MulConstant(usize, Constant),
    AddConstant(usize, Constant),
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
    Rescale(usize),
    Drop(usize),
    Units(usize, Rational),
}

/// A node with what follows of it.
#[derive(Debug)]
pub(crate) struct CircuitNode {
    pub(crate) op: Op,
    pub(crate) level: usize,
    pub(crate) scale: Rational,
}

/// The nodes; operands come before their use.
#[derive(Debug)]
pub(crate) struct Circuit {
    pub(crate) nodes: Vec<CircuitNode>,
    /// The nodes' canonical lines so far.
    pub(crate) lines: Sha256,
}

impl Circuit {
    /// The digest of the canonical lines: the nodes', and which one is the output.
    pub(crate) fn digest(&self, output: usize) -> String {
        let last = format!("output {output}\n");
        hexadecimal(self.lines.clone().chain_update(last))
    }

    /// A node that was read already.
    pub(crate) fn get(&self, id: usize) -> Checked<&CircuitNode> {
        let missing =
            || Fault::rejected(RULE, format!("node {id} is not defined where it is used"));
        self.nodes.get(id).ok_or_else(missing)
    }

    /// The node whose value this one repeats: level drops and rescales are seen through.
    pub(crate) fn source(&self, mut id: usize) -> Checked<usize> {
        // Operands come before their use, so this ends.
        while let Op::Drop(a) | Op::Rescale(a) = self.get(id)?.op {
            id = a;
        }
        Ok(id)
    }
}
