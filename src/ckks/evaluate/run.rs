//! Circuits run on ciphertexts: the reading that is measured.
//!
//! **Method** The relinearisation of a product waits for the rescale. Between the two a circuit has
//! sums and products with integers alone, and these work on ciphertexts of degree 2 as well: so a sum
//! of several products is relinearised once, and in the same division as it is rescaled
//! ([`Evaluator::relinearize_rescale`]).
//!
//! **Guarantee** What is bounded for the circuit as it is written holds for this evaluation. Let the
//! nodes between some products and their rescale make sum_i k_i x_i of the products x_i, k_i integers.
//! As written, relinearisations add sum_i k_i (t_i + r_i), t_i = (sum_j d_ij e_j)/P and r_i a rounding.
//! Here only t, made of the digits of the whole sum's square part, is added: within the bound of any one
//! t_i + r_i, at the same level. Some k_i is not 0 or that square part is 0, and t with it; so |t| is
//! within the sum of |k_i| times the bounds. Every node that is not written to wait (a factor, a dropped
//! one, one that is read twice, the output) is relinearised where it stands.

use super::Evaluator;
use crate::circuit::{Circuit, Id, Interpreter, Node, Op};
use crate::ckks::scheme::cipher::Ciphertext;
use crate::error::{ErrorKind, Result};

/// Runs a circuit on ciphertexts: [`Encrypted`] without progress.
///
/// # Errors
/// Inputs of another level or scale than the circuit's, missing keys.
pub fn run(circuit: &Circuit, evaluator: &Evaluator, inputs: &[Ciphertext]) -> Result<Ciphertext> {
    circuit.run(&mut Encrypted::new(circuit, evaluator, inputs, &mut |_| ()))
}

/// Reads a circuit in ciphertexts.
///
/// Every result is held to the level and the exact scale that the circuit states for it.
///
/// **Cost** one key switch a rescale of products, or a product that cannot wait; the rest is little.
pub struct Encrypted<'a> {
    evaluator: &'a Evaluator,
    inputs: &'a [Ciphertext],
    waits: Vec<bool>,
    done: &'a mut dyn FnMut(Id),
}

impl<'a> Encrypted<'a> {
    /// A reading of this circuit.
    ///
    /// **Inputs** the evaluator, of which products need the relinearisation key; the inputs; who is told
    /// the index of every node that is done.
    pub fn new(
        circuit: &Circuit,
        evaluator: &'a Evaluator,
        inputs: &'a [Ciphertext],
        done: &'a mut dyn FnMut(Id),
    ) -> Self {
        Self {
            evaluator,
            inputs,
            waits: waits(circuit),
            done,
        }
    }
}

/// For each node whether its relinearisation waits: its only reader is a rescale, or a sum or a product
/// with a constant that waits itself.
#[must_use]
pub fn waits(circuit: &Circuit) -> Vec<bool> {
    let count = circuit.nodes.len();
    let mut readers = vec![0usize; count];
    let mut waits = vec![false; count];
    readers[circuit.output] += 1;
    // From the last node back: a node's readers come after it.
    for (id, node) in circuit.nodes.iter().enumerate().rev() {
        let (linear, rescale) = match node.op {
            Op::MulConstant(..) | Op::AddConstant(..) | Op::Add(..) | Op::Sub(..) => (true, false),
            Op::Rescale(_) => (false, true),
            _ => (false, false),
        };
        let product = matches!(node.op, Op::Mul(..));
        waits[id] = waits[id] && readers[id] == 1 && (linear || product);
        for a in node.op.operands() {
            readers[a] += 1;
            waits[a] = rescale || (linear && waits[id]);
        }
    }
    waits
}

impl Interpreter for Encrypted<'_> {
    type Value = Ciphertext;

    fn apply(&mut self, id: Id, node: &Node, operands: &[&Ciphertext]) -> Result<Ciphertext> {
        let e = self.evaluator;
        let waits = self.waits.get(id).copied().unwrap_or(false);
        let out = match (&node.op, operands) {
            (Op::Input(i), _) => {
                let missing = || ErrorKind::Domain(format!("the circuit's input {i} is missing"));
                self.inputs.get(*i).cloned().ok_or_else(missing)?
            }
            (Op::MulConstant(_, c), [a]) => e.mul_constant(a, &c.integer, &c.factor)?,
            (Op::AddConstant(_, c), [a]) => e.add_constant(a, &c.integer)?,
            (Op::Add(..), [a, b]) => e.add(a, b)?,
            (Op::Sub(..), [a, b]) => e.sub(a, b)?,
            (Op::Mul(..), [a, b]) if waits => e.tensor(a, b)?,
            (Op::Mul(..), [a, b]) => e.mul(a, b)?,
            (Op::Rescale(_), [a]) => e.relinearize_rescale(a)?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::builder::Builder;
    use crate::ckks::parameters::rng::Rng;
    use crate::ckks::ring::tests::small_ring;
    use crate::ckks::scheme::encode::Encoder;
    use crate::ckks::scheme::keys::SecretKey;
    use rug::Rational;

    /// z = 2 x y - 1 + x x; then z z, read twice, and z z, dropped before it is rescaled.
    #[test]
    fn products_wait_for_their_rescale() {
        let ring = small_ring();
        let params = ring.params();
        let top = params.max_level();
        let mut b = Builder::new(&params.moduli());
        let (x, y) = (
            b.input(top, params.scale()).unwrap(),
            b.input(top, params.scale()).unwrap(),
        );
        let one = b.mul(x, y).unwrap();
        let twice = b.mul_constant(one, Rational::from(2), Rational::from(1));
        let less = b.add_constant(twice, Rational::from(-1));
        let square = b.mul(x, x).unwrap();
        let sum = b.add(less, square).unwrap();
        let z = b.rescale(sum).unwrap();
        let shared = b.mul(z, z).unwrap();
        let both = b.add(shared, shared).unwrap();
        let low = b.rescale(both).unwrap();
        let product = b.mul(z, z).unwrap();
        let dropped = b.drop_to(product, 1).unwrap();
        let scale = b.scale(dropped).clone();
        let same = b.mul_to_scale(low, Rational::from(1), &scale);
        let last = b.add(dropped, same).unwrap();
        let output = b.rescale(last).unwrap();
        let circuit = b.finish(output);
        let expected = [one, twice, less, square, sum, both, same, last];
        let found: Vec<Id> = (0..circuit.nodes.len())
            .filter(|&id| waits(&circuit)[id])
            .collect();
        assert_eq!(found, expected);

        // A key switch for the sum and one for each square; the other rescales are plain.
        let mut rng = Rng::numbered(5, 0);
        let secret = SecretKey::generate(&ring, &mut rng);
        let keys = secret.evaluation_keys(true, &[], false, &mut rng);
        let evaluator = Evaluator::new(&ring, keys).unwrap();
        let encoder = Encoder::new(&ring);
        let mut encrypt = |v: f64| {
            let plain = encoder.encode_real(&[v], 0, top, &params.scale()).unwrap();
            secret.encrypt(&plain, &mut rng).unwrap()
        };
        let inputs = [encrypt(0.5), encrypt(-0.25)];
        let before = ring.transforms();
        let out = run(&circuit, &evaluator, &inputs).unwrap();
        let expected = params.switch_transforms(top)
            + 2 * params.switch_transforms(top - 1)
            + params.rescale_transforms(top - 1)
            + params.rescale_transforms(1);
        assert_eq!(ring.transforms() - before, expected as u64);
        // z = 2 (1/2)(-1/4) - 1 + 1/4 = -1, and 2 z^2 + z^2 = 3.
        let decoded = encoder.decode(&secret.decrypt(&out).unwrap()).unwrap();
        assert!((decoded[0].re - 3.0).abs() < 1e-6, "{:?}", decoded[0]);
    }
}
