//! An encrypted computation as data: a straight-line program whose level and scale are exact.
//!
//! # Method
//! A ciphertext at level `l` (modulus q_0 ... q_l, each a prime or the product of a few) and scale `S` holds `S v` for every slot's value `v`.
//! Every constant of a program is an integer `k` that stands for a real `c` at a factor `f`, `k` the
//! integer nearest to `c f`: a product with it multiplies the scale by `f`, and `f` is a free rational
//! number. So the scale of every sum is met *exactly* by the constants on both of its sides, from the
//! output backwards, and no scale is ever set to a number that it is not. What remains of a rescale by a
//! prime that is not the scale is `|k/f - c| <= 1/(2f)`: known exactly, and counted.
//!
//! One program, several readings ([`Interpreter`]): ciphertexts, exact numbers, intervals, noise bounds.
//! What is bounded is therefore what is run.
//!
//! | module | what |
//! |---|---|
//! | [`builder`] | nodes with exact levels and scales; what does not fit is refused |
//! | [`split`] | baby-step giant-step: which products a polynomial needs at least depth |
//! | [`stage`] | one polynomial in the Chebyshev basis |
//! | [`composite`] | a table's composite itself, sign, ReLU and max of it |
//! | [`exact`] | readings in exact numbers and in f64 |

pub mod builder;
pub mod composite;
pub mod exact;
pub mod split;
pub mod stage;

use crate::error::Result;
use rug::{Integer, Rational};

/// The index of a node in its circuit.
pub type Id = usize;

/// An integer constant, the real number that it stands for, and at which factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// What is multiplied or added: the integer nearest to `value * factor`.
    pub integer: Integer,
    /// The real number that is meant.
    pub value: Rational,
    /// Units of the integer in 1.
    pub factor: Rational,
}

impl Constant {
    /// The constant `value` at `factor`, rounded to the nearest integer (ties away from 0).
    pub fn new(value: Rational, factor: Rational) -> Self {
        let integer = Rational::from(&value * &factor).round().numer().clone();
        Self {
            integer,
            value,
            factor,
        }
    }

    /// `integer / factor - value`, exactly: at most `1/(2 factor)` in absolute value.
    pub fn error(&self) -> Rational {
        Rational::from(&self.integer) / &self.factor - &self.value
    }
}

/// One operation; operands are earlier nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// The input with this index.
    Input(usize),
    /// Product with a constant: the scale is multiplied by the constant's factor.
    MulConstant(Id, Constant),
    /// Sum with a constant, whose factor is the operand's scale.
    AddConstant(Id, Constant),
    /// Sum of two ciphertexts of one level and scale.
    Add(Id, Id),
    /// Difference of two ciphertexts of one level and scale.
    Sub(Id, Id),
    /// Product of two ciphertexts of one level, relinearised: scales multiply.
    Mul(Id, Id),
    /// Division by what the level adds to the modulus: one level less, the scale divided by it.
    Rescale(Id),
    /// The same ciphertext at a lower level.
    Drop(Id),
    /// The same ciphertext read in other units: the value is divided by `unit`, the scale multiplied.
    Units(Id, Rational),
}

impl Op {
    /// The operands.
    pub fn operands(&self) -> Vec<Id> {
        match self {
            Self::Input(_) => vec![],
            Self::MulConstant(a, _)
            | Self::AddConstant(a, _)
            | Self::Rescale(a)
            | Self::Drop(a)
            | Self::Units(a, _) => vec![*a],
            Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) => vec![*a, *b],
        }
    }
}

/// An operation with the level and the exact scale of its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// The level.
    pub level: usize,
    /// Units of the ciphertext in 1.
    pub scale: Rational,
}

/// A straight-line program over one modulus chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    /// What each level adds to the modulus: a prime, or the product of a few.
    pub moduli: Vec<Integer>,
    /// The nodes; operands come before their use.
    pub nodes: Vec<Node>,
    /// The node of the result.
    pub output: Id,
    /// Where the polynomial stages lie, in the order of their application.
    pub stages: Vec<StageSpan>,
}

/// The nodes of one polynomial stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSpan {
    /// The node of the stage's input `u`, whose real part is in [-1, 1].
    pub input: Id,
    /// First node of the stage.
    pub first: Id,
    /// The node of the result, which is the last of the stage.
    pub output: Id,
    /// The nodes that hold some T_i(u).
    pub chebyshev: Vec<Id>,
    /// The coefficients that the stage means, in the Chebyshev basis of u.
    pub coefficients: Vec<Rational>,
}

/// One reading of a circuit.
pub trait Interpreter {
    /// What a node's result is in this reading.
    type Value;

    /// The result of one node from those of its operands, in the order of [`Op::operands`].
    ///
    /// # Errors
    /// Whatever the reading cannot do.
    fn apply(&mut self, id: Id, node: &Node, operands: &[&Self::Value]) -> Result<Self::Value>;
}

impl Circuit {
    /// Levels used from the highest input to the output.
    pub fn depth(&self) -> usize {
        let top = self.nodes.iter().map(|n| n.level).max().unwrap_or(0);
        top - self.nodes[self.output].level
    }

    /// Products of two ciphertexts.
    pub fn products(&self) -> usize {
        let product = |n: &&Node| matches!(n.op, Op::Mul(..));
        self.nodes.iter().filter(product).count()
    }

    /// The scale and level that input `index` must have.
    pub fn input(&self, index: usize) -> Option<&Node> {
        self.nodes.iter().find(|n| n.op == Op::Input(index))
    }

    /// Runs one reading, and returns its value of the output.
    ///
    /// A value is dropped after its last use, so that few ciphertexts are alive at a time.
    ///
    /// # Errors
    /// The interpreter's own.
    pub fn run<I: Interpreter>(&self, interpreter: &mut I) -> Result<I::Value> {
        let mut uses = vec![0usize; self.nodes.len()];
        for node in &self.nodes {
            for a in node.op.operands() {
                uses[a] += 1;
            }
        }
        uses[self.output] += 1;
        let mut values: Vec<Option<I::Value>> = Vec::with_capacity(self.nodes.len());
        for (id, node) in self.nodes.iter().enumerate() {
            if uses[id] == 0 {
                values.push(None);
                continue;
            }
            let ids = node.op.operands();
            let operands: Vec<&I::Value> = ids.iter().filter_map(|&a| values[a].as_ref()).collect();
            let value = interpreter.apply(id, node, &operands)?;
            values.push(Some(value));
            for a in ids {
                uses[a] -= 1;
                if uses[a] == 0 {
                    values[a] = None;
                }
            }
        }
        values
            .swap_remove(self.output)
            .ok_or_else(|| crate::error::Error::domain("a circuit without output"))
    }
}
