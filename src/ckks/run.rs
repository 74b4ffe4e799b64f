//! Circuits run on ciphertexts: the reading that is measured.

use super::cipher::Ciphertext;
use super::circuit::{Circuit, Id, Interpreter, Node, Op};
use super::evaluate::Evaluator;
use crate::error::{ErrorKind, Result};

/// Runs a circuit on ciphertexts: [`Encrypted`] without progress.
///
/// # Errors
/// Inputs of another level or scale than the circuit's, missing keys.
pub fn run(circuit: &Circuit, evaluator: &Evaluator, inputs: &[Ciphertext]) -> Result<Ciphertext> {
    circuit.run(&mut Encrypted {
        evaluator,
        inputs,
        done: &mut |_| (),
    })
}

/// Reads a circuit in ciphertexts.
///
/// Every result is held to the level and the exact scale that the circuit states for it.
///
/// **Cost** one [`Evaluator::mul`] a product and one [`Evaluator::rescale`] a rescale; the rest is
/// little.
pub struct Encrypted<'a> {
    /// The evaluator; products need its relinearisation key.
    pub evaluator: &'a Evaluator,
    /// The inputs.
    pub inputs: &'a [Ciphertext],
    /// Told the index of every node that is done: for progress.
    pub done: &'a mut dyn FnMut(Id),
}

impl Interpreter for Encrypted<'_> {
    type Value = Ciphertext;

    fn apply(&mut self, id: Id, node: &Node, operands: &[&Ciphertext]) -> Result<Ciphertext> {
        let e = self.evaluator;
        let out = match (&node.op, operands) {
            (Op::Input(i), _) => {
                let missing = || ErrorKind::Domain(format!("the circuit's input {i} is missing"));
                self.inputs.get(*i).cloned().ok_or_else(missing)?
            }
            (Op::MulConstant(_, c), [a]) => e.mul_constant(a, &c.integer, &c.factor)?,
            (Op::AddConstant(_, c), [a]) => e.add_constant(a, &c.integer)?,
            (Op::Add(..), [a, b]) => e.add(a, b)?,
            (Op::Sub(..), [a, b]) => e.sub(a, b)?,
            (Op::Mul(..), [a, b]) => e.mul(a, b)?,
            (Op::Rescale(_), [a]) => e.rescale(a)?,
            (Op::Drop(_), [a]) => e.drop_to(a, node.level)?,
            (Op::Units(_, unit), [a]) => e.in_units(a, unit)?,
            _ => {
                let detail = format!("node {id} of the circuit has {} operands", operands.len());
                return Err(ErrorKind::Domain(detail).into());
            }
        };
        out.stands_at(
            node.level,
            &node.scale,
            &format!("node {id} of the circuit"),
        )?;
        (self.done)(id);
        Ok(out)
    }
}
