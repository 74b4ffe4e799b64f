//! F: what the nodes of a circuit add, from exact inputs of the stage, with the ranges of their values.
//!
//! # Method
//! For every node an interval of the values that are meant and a bound of how far the ciphertext is off:
//! ```text
//! k a         |k/f| e_a + |k/f - c| |a|            (k the integer held, c the real number meant)
//! a + k       e_a + |k/f - c|
//! a b         |a| e_b + |b| e_a + e_a e_b + key switch / scale
//! rescale a   e_a + rounding / scale
//! ```
//! While the input's error is 0, what is summed is exactly what the stage's own operations add. That input
//! is a complex number: a real u, |u| <= 1, and the noise so far. Values are therefore kept as an interval
//! of real ones, those of T_i(u) cut to [-1, 1], and how far aside of these a complex input can take them;
//! |a| is the sum of both.
//!
//! A ciphertext must not wrap: `2 (|value| + error) scale < Q_l` at every node, since the largest
//! coefficient of a polynomial is at most its largest slot.

use crate::arith::number::f64_below;
use crate::arith::{interval, Interval};
use crate::circuit::{Circuit, Id, Op};
use crate::error::{Error, Result};
use crate::noise::formula::{enclose, Model, Tier};
use rug::Rational;

/// A value as meant, and how far the ciphertext may be off.
#[derive(Debug, Clone, Copy)]
pub struct Noisy {
    /// Real values.
    pub value: Interval,
    /// `bound` of how far the value that is meant may be from such a real one: inside of a stage, whose
    /// input is complex.
    pub bound_aside: f64,
    /// `bound` of the distance of what is held to what is meant.
    pub bound_error: f64,
}

impl Noisy {
    /// The largest |value| that is meant.
    fn size(&self) -> Interval {
        size(self.value.mag()) + size(self.bound_aside)
    }
}

/// What a node does, in f64 intervals.
#[derive(Debug, Clone)]
enum Operation {
    /// Given from outside.
    Given,
    MulConstant(Id, Interval, f64, f64),
    AddConstant(Id, Interval, f64),
    Add(Id, Id),
    Sub(Id, Id),
    Mul(Id, Id),
    Same(Id),
    Units(Id, Interval),
}

/// A circuit prepared for one tier.
#[derive(Debug, Clone)]
pub struct Program {
    tier: Tier,
    steps: Vec<Operation>,
    /// What a node adds of its own, in units of its value.
    added: Vec<f64>,
    /// Largest |value| + error that does not wrap.
    room: Vec<f64>,
    /// Whether the node is some T_i(u).
    chebyshev: Vec<bool>,
}

/// Largest |value| whose coefficients at this scale stay below half the modulus, rounded down.
fn room_of(moduli: &[rug::Integer], scale: &Rational) -> f64 {
    let q: rug::Integer = moduli.iter().product();
    let room = Rational::from(q) / Rational::from(scale * 2u32);
    // Beyond the range of f64 this is its largest number.
    f64_below(&room)
}

fn up(x: Interval) -> f64 {
    x.sup()
}

fn size(x: f64) -> Interval {
    interval!(x, x).unwrap_or(Interval::ENTIRE)
}

impl Program {
    /// Prepares a circuit: constants, scales and added noise as f64 intervals.
    pub fn new(circuit: &Circuit, model: &Model, tier: Tier) -> Self {
        let rescale = size(model.bound_rescale(tier));
        let top = circuit.moduli.len();
        let mut switch: Vec<Option<f64>> = vec![None; top];
        let mut room = Vec::with_capacity(circuit.nodes.len());
        let mut added = Vec::with_capacity(circuit.nodes.len());
        let mut steps = Vec::with_capacity(circuit.nodes.len());
        for node in &circuit.nodes {
            let scale = enclose(&node.scale);
            room.push(room_of(&circuit.moduli[..=node.level], &node.scale));
            added.push(match node.op {
                Op::Mul(..) => {
                    let own = switch[node.level]
                        .get_or_insert_with(|| model.bound_key_switch(node.level, tier));
                    up(size(*own) / scale)
                }
                Op::Rescale(_) => up(rescale / scale),
                _ => 0.0,
            });
            let held = |c: &crate::circuit::Constant| {
                enclose(&(Rational::from(&c.integer) / &c.factor)).mag()
            };
            steps.push(match &node.op {
                Op::Input(_) => Operation::Given,
                Op::MulConstant(a, c) => Operation::MulConstant(
                    *a,
                    enclose(&c.value),
                    held(c),
                    enclose(&c.error()).mag(),
                ),
                Op::AddConstant(a, c) => {
                    Operation::AddConstant(*a, enclose(&c.value), enclose(&c.error()).mag())
                }
                Op::Add(a, b) => Operation::Add(*a, *b),
                Op::Sub(a, b) => Operation::Sub(*a, *b),
                Op::Mul(a, b) => Operation::Mul(*a, *b),
                Op::Rescale(a) | Op::Drop(a) => Operation::Same(*a),
                Op::Units(a, unit) => Operation::Units(*a, enclose(unit)),
            });
        }
        let mut chebyshev = vec![false; circuit.nodes.len()];
        for span in &circuit.stages {
            for &id in &span.chebyshev {
                chebyshev[id] = true;
            }
        }
        Self {
            tier,
            steps,
            added,
            room,
            chebyshev,
        }
    }

    /// The tier.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// What the node adds of its own, in units of its value.
    pub fn bound_added(&self, id: Id) -> f64 {
        self.added[id]
    }

    /// Refuses a value that could wrap at a node.
    ///
    /// # Errors
    /// The node, its value and its room.
    pub fn fits(&self, id: Id, v: &Noisy) -> Result<()> {
        let size = up(v.size() + size(v.bound_error));
        if size <= self.room[id] {
            return Ok(());
        }
        Err(Error::domain(format!(
            "node {id}: values up to {size:.4e} do not fit its modulus, which holds {:.4e} at its scale: \
             use a larger first prime or a smaller scale",
            self.room[id]
        )))
    }

    /// The nodes first ..= last, with `given` for the node `input` before them.
    ///
    /// # Errors
    /// A value that could wrap.
    pub fn run(&self, input: Id, given: Noisy, first: Id, last: Id) -> Result<Noisy> {
        self.fits(input, &given)?;
        let mut values: Vec<Noisy> = Vec::with_capacity(last + 1 - first);
        for id in first..=last {
            let at = |a: Id| -> &Noisy {
                if a == input {
                    &given
                } else {
                    &values[a - first]
                }
            };
            let mut v = self.step(id, at);
            if self.chebyshev[id] {
                let unit = crate::arith::const_interval!(-1.0, 1.0);
                v.value = v.value.intersection(unit);
            }
            self.fits(id, &v)?;
            values.push(v);
        }
        values
            .pop()
            .ok_or_else(|| Error::domain("a stage without nodes"))
    }

    /// One node from its operands.
    pub fn step<'a>(&self, id: Id, at: impl Fn(Id) -> &'a Noisy) -> Noisy {
        let own = size(self.added[id]);
        // x y off by as much as x and y are.
        let off = |x: Interval, e: f64, y: Interval, f: f64| {
            let (e, f) = (size(e), size(f));
            x * f + y * e + e * f
        };
        let (value, aside, error) = match &self.steps[id] {
            Operation::Given => (Interval::ENTIRE, Interval::ENTIRE, Interval::ENTIRE),
            Operation::MulConstant(a, c, held, off) => {
                let a = at(*a);
                (
                    a.value * *c,
                    size(c.mag()) * size(a.bound_aside),
                    size(*held) * size(a.bound_error) + size(*off) * a.size(),
                )
            }
            Operation::AddConstant(a, c, off) => {
                let a = at(*a);
                (
                    a.value + *c,
                    size(a.bound_aside),
                    size(a.bound_error) + size(*off),
                )
            }
            Operation::Add(a, b) | Operation::Sub(a, b) => {
                let negative = matches!(&self.steps[id], Operation::Sub(..));
                let (a, b) = (at(*a), at(*b));
                (
                    if negative {
                        a.value - b.value
                    } else {
                        a.value + b.value
                    },
                    size(a.bound_aside) + size(b.bound_aside),
                    size(a.bound_error) + size(b.bound_error),
                )
            }
            Operation::Mul(a, b) => {
                let square = a == b;
                let (a, b) = (at(*a), at(*b));
                let value = if square {
                    a.value.sqr()
                } else {
                    a.value * b.value
                };
                let (x, y) = (size(a.value.mag()), size(b.value.mag()));
                (
                    value,
                    off(x, a.bound_aside, y, b.bound_aside),
                    off(a.size(), a.bound_error, b.size(), b.bound_error),
                )
            }
            Operation::Same(a) => {
                let a = at(*a);
                (a.value, size(a.bound_aside), size(a.bound_error))
            }
            Operation::Units(a, unit) => {
                let a = at(*a);
                (
                    a.value / *unit,
                    size(a.bound_aside) / *unit,
                    size(a.bound_error) / *unit,
                )
            }
        };
        Noisy {
            value,
            bound_aside: up(aside),
            bound_error: up(error + own),
        }
    }
}
