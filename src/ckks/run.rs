//! A circuit on ciphertexts: the reading that computes.

use super::cipher::Ciphertext;
use super::circuit::{Circuit, Id, Interpreter, Node, Op};
use super::evaluate::Evaluator;
use crate::error::{Error, ErrorKind, Result};

/// Runs a circuit on ciphertexts.
///
/// **Guarantee** every result has the level and the exact scale that the circuit says, or it is an error.
///
/// # Errors
/// Inputs of another level (lower) or scale than the circuit's, missing keys.
pub fn run(circuit: &Circuit, evaluator: &Evaluator, inputs: &[Ciphertext]) -> Result<Ciphertext> {
    circuit.run(&mut Runner { evaluator, inputs })
}

struct Runner<'a> {
    evaluator: &'a Evaluator,
    inputs: &'a [Ciphertext],
}

impl Interpreter for Runner<'_> {
    type Value = Ciphertext;

    fn apply(&mut self, id: Id, node: &Node, v: &[&Ciphertext]) -> Result<Ciphertext> {
        let e = self.evaluator;
        let out = match (&node.op, v) {
            (Op::Input(i), _) => match self.inputs.get(*i) {
                Some(x) => e.drop_to(x, node.level)?,
                None => return Err(Error::domain(format!("input {i} is missing"))),
            },
            (Op::MulConstant(_, c), [a]) => e.mul_constant(a, &c.integer, &c.factor)?,
            (Op::AddConstant(_, c), [a]) => e.add_constant(a, &c.integer)?,
            (Op::Add(..), [a, b]) => e.add(a, b)?,
            (Op::Sub(..), [a, b]) => e.sub(a, b)?,
            (Op::Mul(..), [a, b]) => e.mul(a, b)?,
            (Op::Rescale(_), [a]) => e.rescale(a)?,
            (Op::Drop(_), [a]) => e.drop_to(a, node.level)?,
            (Op::Units(_, unit), [a]) => {
                let mut out = (*a).clone();
                out.scale *= unit;
                out
            }
            _ => return Err(Error::domain("a node without its operands")),
        };
        if out.level() != node.level || out.scale != node.scale {
            let detail = format!(
                "node {id}: the ciphertext is at level {} and scale 2^{:.3}, the circuit says {} and 2^{:.3}",
                out.level(),
                super::cipher::scale_log2(&out.scale),
                node.level,
                super::cipher::scale_log2(&node.scale)
            );
            return Err(ErrorKind::Mismatch(detail).into());
        }
        Ok(out)
    }
}
