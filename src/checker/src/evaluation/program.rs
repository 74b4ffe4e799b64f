//! Rule E4: noise through the nodes of a circuit.
//!
//! Every node has an interval of the values that are meant and a bound of how far a ciphertext's slot may be
//! off.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::number::Rational;
use crate::evaluation::circuit::{Circuit, Op};
use crate::evaluation::noise::OperationNoise;
use crate::evaluation::parameters::Parameters;
use crate::evaluation::stage::Span;
use num_bigint::BigInt;
use num_traits::Zero;

/// What is known of a node.
#[derive(Debug, Clone)]
pub(crate) struct Noisy {
    /// Real values.
    pub(crate) value: Interval,
    /// How far the value that is meant may be from such a real one: inside of a stage, whose input is complex.
    pub(crate) aside: BigInt,
    /// How far a slot may be from the value that is meant.
    pub(crate) error: BigInt,
}

impl Noisy {
    /// The largest |value| that is meant.
    fn size(&self) -> BigInt {
        self.value.mag() + &self.aside
    }
}

/// A node in fixed point.
#[derive(Debug)]
enum NodeStep {
    Given,
    MulConstant(usize, Interval, BigInt, BigInt),
    AddConstant(usize, Interval, BigInt),
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
    Same(usize),
    Units(usize, Interval),
}

/// The circuit in fixed point.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    steps: Vec<NodeStep>,
    added: Vec<BigInt>,
    room: Vec<BigInt>,
    cosines: Vec<bool>,
    pub(crate) fixed: &'a Fixed,
}

/// A rational as the smallest interval around it.
pub(crate) fn enclose(x: &Rational, fixed: &Fixed) -> Interval {
    Interval::new(x.floor_at(fixed.precision), x.ceil_at(fixed.precision))
}

impl<'a> Program<'a> {
    pub(crate) fn new(
        circuit: &Circuit,
        parameters: &Parameters,
        noise: &OperationNoise,
        cosines: Vec<bool>,
        fixed: &'a Fixed,
    ) -> Checked<Self> {
        let bits = fixed.precision;
        let up = |x: &Rational| x.abs().ceil_at(bits);
        let rescale = noise.rescale();
        let modulus_limbs = Parameters::product(&parameters.q).bits() / 64 + 1;
        let switches: Vec<Rational> = (0..=parameters.top())
            .map(|level| noise.key_switch(level))
            .collect();
        let (mut steps, mut added, mut room) = (Vec::new(), Vec::new(), Vec::new());
        for node in &circuit.nodes {
            // Products and divisions of numbers that are no longer than all of these together.
            let constant = match &node.op {
                Op::MulConstant(_, c) | Op::AddConstant(_, c) => c.held.bits() + c.value.bits(),
                _ => 0,
            };
            let limbs = (node.scale.bits() + constant + bits) / 64 + modulus_limbs;
            fixed.budget.charge(limbs * limbs + 500)?;
            let present = Parameters::product(parameters.present(node.level));
            let half = Rational::raw(present, 2.into());
            room.push(half.over(&node.scale).floor_at(bits));
            let mut own = BigInt::zero();
            steps.push(match &node.op {
                Op::Input => NodeStep::Given,
                Op::MulConstant(a, c) => {
                    let off = up(&c.held.plus(&c.value.negated()));
                    NodeStep::MulConstant(*a, enclose(&c.value, fixed), up(&c.held), off)
                }
                Op::AddConstant(a, c) => {
                    let off = up(&c.held.plus(&c.value.negated()));
                    NodeStep::AddConstant(*a, enclose(&c.value, fixed), off)
                }
                Op::Add(a, b) => NodeStep::Add(*a, *b),
                Op::Sub(a, b) => NodeStep::Sub(*a, *b),
                Op::Mul(a, b) => {
                    let switch = switches.get(node.level);
                    let switch = switch.ok_or_else(|| Fault::internal("a level"))?;
                    own = up(&switch.over(&node.scale));
                    NodeStep::Mul(*a, *b)
                }
                Op::Rescale(a) => {
                    own = up(&rescale.over(&node.scale));
                    NodeStep::Same(*a)
                }
                Op::Drop(a) => NodeStep::Same(*a),
                Op::Units(a, unit) => {
                    let one = Rational::integer(1);
                    NodeStep::Units(*a, enclose(&one.over(unit), fixed))
                }
            });
            added.push(own);
        }
        Ok(Self {
            steps,
            added,
            room,
            cosines,
            fixed,
        })
    }

    /// Refuses a value whose coefficients could wrap around the modulus.
    pub(crate) fn fits(&self, id: usize, v: &Noisy) -> Checked<()> {
        let size = v.size() + &v.error;
        match self.room.get(id) {
            Some(room) if size <= *room => Ok(()),
            _ => Err(Fault::rejected(
                Rule::Own("E4 wrap"),
                format!("node {id}: value and noise do not fit half the modulus at this scale"),
            )),
        }
    }

    /// A node from its operands.
    pub(crate) fn step<'n>(
        &self,
        id: usize,
        at: impl Fn(usize) -> Checked<&'n Noisy>,
    ) -> Checked<Noisy> {
        let fixed = self.fixed;
        fixed.budget.charge(100)?;
        let Some((step, own)) = self.steps.get(id).zip(self.added.get(id)) else {
            return Err(Fault::internal("a node"));
        };
        let (value, aside, error) = match step {
            NodeStep::Given => {
                return Err(Fault::rejected(
                    Rule::Own("E4 noise"),
                    format!("node {id}: an input inside of an evaluation"),
                ))
            }
            NodeStep::MulConstant(a, c, held, off) => {
                let a = at(*a)?;
                let error = fixed.mul_up(held, &a.error)? + fixed.mul_up(off, &a.size())?;
                let aside = fixed.mul_up(&c.mag(), &a.aside)?;
                (fixed.mul(&a.value, c)?, aside, error)
            }
            NodeStep::AddConstant(a, c, off) => {
                let a = at(*a)?;
                (a.value.plus(c), a.aside.clone(), &a.error + off)
            }
            NodeStep::Add(a, b) => {
                let (a, b) = (at(*a)?, at(*b)?);
                let aside = &a.aside + &b.aside;
                (a.value.plus(&b.value), aside, &a.error + &b.error)
            }
            NodeStep::Sub(a, b) => {
                let (a, b) = (at(*a)?, at(*b)?);
                let aside = &a.aside + &b.aside;
                (a.value.minus(&b.value), aside, &a.error + &b.error)
            }
            NodeStep::Mul(i, j) => {
                let (a, b) = (at(*i)?, at(*j)?);
                let value = if i == j {
                    fixed.square(&a.value)?
                } else {
                    fixed.mul(&a.value, &b.value)?
                };
                // x y off by as much as x and y are.
                let off = |x: &BigInt, e: &BigInt, y: &BigInt, f: &BigInt| -> Checked<BigInt> {
                    Ok(fixed.mul_up(x, f)? + fixed.mul_up(y, e)? + fixed.mul_up(e, f)?)
                };
                let aside = off(&a.value.mag(), &a.aside, &b.value.mag(), &b.aside)?;
                let error = off(&a.size(), &a.error, &b.size(), &b.error)?;
                (value, aside, error)
            }
            NodeStep::Same(a) => {
                let a = at(*a)?;
                (a.value.clone(), a.aside.clone(), a.error.clone())
            }
            NodeStep::Units(a, inverse) => {
                let a = at(*a)?;
                (
                    fixed.mul(&a.value, inverse)?,
                    fixed.mul_up(&inverse.hi, &a.aside)?,
                    fixed.mul_up(&inverse.hi, &a.error)?,
                )
            }
        };
        let mut noisy = Noisy {
            value,
            aside,
            error: error + own,
        };
        if self.cosines.get(id) == Some(&true) {
            let one = fixed.one();
            let lo = noisy.value.lo.max(-&one);
            let hi = noisy.value.hi.min(one);
            noisy.value = Interval::new(lo, hi);
        }
        Ok(noisy)
    }

    /// What the nodes of a stage add, from an exact input: a complex one within `aside` of a real u.
    pub(crate) fn fresh(&self, span: &Span, u: Interval, aside: BigInt) -> Checked<BigInt> {
        let given = Noisy {
            value: u,
            aside,
            error: BigInt::zero(),
        };
        self.fits(span.input, &given)?;
        let mut values: Vec<Noisy> = Vec::new();
        for id in span.first..=span.output {
            let v = self.step(id, |a| {
                if a == span.input {
                    return Ok(&given);
                }
                let inner = a.checked_sub(span.first).and_then(|i| values.get(i));
                inner.ok_or_else(|| Fault::internal("a stage"))
            })?;
            self.fits(id, &v)?;
            values.push(v);
        }
        let last = values.pop();
        Ok(last.ok_or_else(|| Fault::internal("a stage"))?.error)
    }
}

/// What is known of a node.
pub(crate) fn known(values: &[Option<Noisy>], id: usize) -> Checked<&Noisy> {
    let text = || {
        Fault::rejected(
            Rule::Own("E4 noise"),
            format!("node {id} is used before it is known"),
        )
    };
    values.get(id).and_then(Option::as_ref).ok_or_else(text)
}
