//! Puts a circuit together: levels and scales follow from the operations, and are checked.

use crate::circuit::{Circuit, Constant, Id, Node, Op, StageSpan};
use crate::error::{Error, Result};
use rug::{Integer, Rational};

/// A circuit in the making.
#[derive(Debug, Clone)]
pub struct Builder {
    circuit: Circuit,
    inputs: usize,
    /// What is being built, for messages.
    place: String,
}

impl Builder {
    /// An empty circuit over a chain: what each level adds to the modulus, level 0 first.
    pub fn new(moduli: &[Integer]) -> Self {
        Self {
            circuit: Circuit {
                moduli: moduli.to_vec(),
                nodes: Vec::new(),
                output: 0,
                stages: Vec::new(),
            },
            inputs: 0,
            place: "circuit".to_owned(),
        }
    }

    /// Says what is being built, for messages.
    pub fn at(&mut self, place: impl Into<String>) {
        self.place = place.into();
    }

    /// The circuit with its result.
    pub fn finish(mut self, output: Id) -> Circuit {
        self.circuit.output = output;
        self.circuit
    }

    /// Remembers where a stage lies.
    pub(super) fn stage(&mut self, span: StageSpan) {
        self.circuit.stages.push(span);
    }

    /// Number of stages so far.
    pub(super) fn stages(&self) -> usize {
        self.circuit.stages.len()
    }

    /// Number of nodes so far, which is the next node's index.
    pub fn len(&self) -> usize {
        self.circuit.nodes.len()
    }

    /// Whether there is no node yet.
    pub fn is_empty(&self) -> bool {
        self.circuit.nodes.is_empty()
    }

    /// Level of a node.
    pub fn level(&self, a: Id) -> usize {
        self.circuit.nodes[a].level
    }

    /// Scale of a node.
    pub fn scale(&self, a: Id) -> &Rational {
        &self.circuit.nodes[a].scale
    }

    /// What a rescale from `level` divides by.
    ///
    /// # Errors
    /// No such level.
    pub fn modulus(&self, level: usize) -> Result<Rational> {
        match self.circuit.moduli.get(level) {
            Some(q) if level > 0 => Ok(Rational::from(q)),
            _ => Err(Error::unsupported(format!(
                "{}: no level is left to rescale; the chain has {} levels",
                self.place,
                self.circuit.moduli.len()
            ))),
        }
    }

    fn push(&mut self, op: Op, level: usize, scale: Rational) -> Id {
        self.circuit.nodes.push(Node { op, level, scale });
        self.len() - 1
    }

    fn like(&mut self, a: Id, op: Op) -> Id {
        let Node { level, scale, .. } = self.circuit.nodes[a].clone();
        self.push(op, level, scale)
    }

    /// The next input, at a level and a scale.
    ///
    /// # Errors
    /// A level that the chain does not have.
    pub fn input(&mut self, level: usize, scale: Rational) -> Result<Id> {
        if level >= self.circuit.moduli.len() || scale <= 0u32 {
            return Err(Error::unsupported(format!(
                "an input at level {level}; the chain has {} levels",
                self.circuit.moduli.len()
            )));
        }
        let index = self.inputs;
        self.inputs += 1;
        Ok(self.push(Op::Input(index), level, scale))
    }

    /// a times `value`, at a chosen factor.
    pub fn mul_constant(&mut self, a: Id, value: Rational, factor: Rational) -> Id {
        let Node { level, scale, .. } = &self.circuit.nodes[a];
        let (level, scale) = (*level, Rational::from(scale * &factor));
        self.push(
            Op::MulConstant(a, Constant::new(value, factor)),
            level,
            scale,
        )
    }

    /// a times `value`, so that the result has the given scale.
    pub fn mul_to_scale(&mut self, a: Id, value: Rational, scale: &Rational) -> Id {
        let factor = Rational::from(scale / self.scale(a));
        self.mul_constant(a, value, factor)
    }

    /// a + value.
    pub fn add_constant(&mut self, a: Id, value: Rational) -> Id {
        let constant = Constant::new(value, self.scale(a).clone());
        self.like(a, Op::AddConstant(a, constant))
    }

    fn same(&self, what: &str, a: Id, b: Id) -> Result<()> {
        let (x, y) = (&self.circuit.nodes[a], &self.circuit.nodes[b]);
        if x.level != y.level || x.scale != y.scale {
            return Err(Error::domain(format!(
                "{}: {what} of levels {} and {}, scales 2^{:.3} and 2^{:.3}",
                self.place,
                x.level,
                y.level,
                crate::arith::number::estimate_log2(&x.scale),
                crate::arith::number::estimate_log2(&y.scale),
            )));
        }
        Ok(())
    }

    /// a + b.
    ///
    /// # Errors
    /// Levels or scales that are not equal.
    pub fn add(&mut self, a: Id, b: Id) -> Result<Id> {
        self.same("a sum", a, b)?;
        Ok(self.like(a, Op::Add(a, b)))
    }

    /// a - b.
    ///
    /// # Errors
    /// Levels or scales that are not equal.
    pub fn sub(&mut self, a: Id, b: Id) -> Result<Id> {
        self.same("a difference", a, b)?;
        Ok(self.like(a, Op::Sub(a, b)))
    }

    /// a b, relinearised; the higher operand is dropped to the level of the lower.
    ///
    /// # Errors
    /// None beyond those of [`Self::drop_to`].
    pub fn mul(&mut self, a: Id, b: Id) -> Result<Id> {
        let level = self.level(a).min(self.level(b));
        let a = self.drop_to(a, level)?;
        let b = self.drop_to(b, level)?;
        let scale = Rational::from(self.scale(a) * self.scale(b));
        Ok(self.push(Op::Mul(a, b), level, scale))
    }

    /// a divided by what its level adds to the modulus.
    ///
    /// # Errors
    /// No level left.
    pub fn rescale(&mut self, a: Id) -> Result<Id> {
        let level = self.level(a);
        let modulus = self.modulus(level)?;
        let scale = self.scale(a) / modulus;
        Ok(self.push(Op::Rescale(a), level - 1, scale))
    }

    /// a at a lower level, or itself.
    ///
    /// # Errors
    /// A level above that of a.
    pub fn drop_to(&mut self, a: Id, level: usize) -> Result<Id> {
        let Node {
            level: at, scale, ..
        } = &self.circuit.nodes[a];
        if level == *at {
            return Ok(a);
        }
        if level > *at {
            return Err(Error::unsupported(format!(
                "{}: level {level} is needed and {at} is left",
                self.place
            )));
        }
        let scale = scale.clone();
        Ok(self.push(Op::Drop(a), level, scale))
    }

    /// a read in other units: value / unit.
    pub fn units(&mut self, a: Id, unit: &Rational) -> Id {
        let Node { level, scale, .. } = &self.circuit.nodes[a];
        let (level, scale) = (*level, Rational::from(scale * unit));
        self.push(Op::Units(a, unit.clone()), level, scale)
    }
}
