//! Rules E4 and E5: noise through the circuit, cell by cell.
//!
//! Every node has an interval of the values that are meant and a bound of how far a ciphertext's slot may be
//! off. A stage takes its values from the certified images of the composite, and the noise that it is
//! given through the slope of its polynomial; its own nodes are followed from an exact input.

use crate::cascade::{Branch, Side};
use crate::evaluation::circuit::{quotient, Circuit, Op};
use crate::evaluation::noise::Noise;
use crate::evaluation::parameters::Parameters;
use crate::evaluation::slope;
use crate::evaluation::stage::Span;
use crate::fault::{Checked, Fault};
use crate::fixed::{Fixed, Interval};
use crate::number::Rational;
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

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
enum Step {
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
    steps: Vec<Step>,
    added: Vec<BigInt>,
    room: Vec<BigInt>,
    cosines: Vec<bool>,
    fixed: &'a Fixed,
}

/// One evaluation of the composite.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) argument: usize,
    pub(crate) output: usize,
    pub(crate) spans: Vec<Span>,
    /// The ends of the cells of |x|/B, for each branch.
    pub(crate) cells: Vec<Vec<BigInt>>,
}

/// A rational as the smallest interval around it.
pub(crate) fn enclose(x: &Rational, fixed: &Fixed) -> Interval {
    Interval::new(x.floor_at(fixed.precision), x.ceil_at(fixed.precision))
}

impl<'a> Program<'a> {
    pub(crate) fn new(
        circuit: &Circuit,
        parameters: &Parameters,
        noise: &Noise,
        cosines: Vec<bool>,
        fixed: &'a Fixed,
    ) -> Checked<Self> {
        let bits = fixed.precision;
        let up = |x: &Rational| x.abs().ceil_at(bits);
        let rescale = noise.rescale();
        let switches: Vec<Rational> = (0..parameters.q.len())
            .map(|level| noise.key_switch(level))
            .collect();
        let (mut steps, mut added, mut room) = (Vec::new(), Vec::new(), Vec::new());
        for node in &circuit.nodes {
            let size = node.scale.bits() + bits;
            fixed.budget.charge(20 * size * (size / 128 + 10))?;
            let present = parameters.q.get(..=node.level).unwrap_or(&[]);
            let half = Rational::raw(Parameters::product(present), 2.into());
            room.push(quotient(&half, &node.scale).floor_at(bits));
            let mut own = BigInt::zero();
            steps.push(match &node.op {
                Op::Input => Step::Given,
                Op::MulConstant(a, c) => {
                    let off = up(&c.held.plus(&c.value.negated()));
                    Step::MulConstant(*a, enclose(&c.value, fixed), up(&c.held), off)
                }
                Op::AddConstant(a, c) => {
                    let off = up(&c.held.plus(&c.value.negated()));
                    Step::AddConstant(*a, enclose(&c.value, fixed), off)
                }
                Op::Add(a, b) => Step::Add(*a, *b),
                Op::Sub(a, b) => Step::Sub(*a, *b),
                Op::Mul(a, b) => {
                    let switch = switches.get(node.level);
                    let switch = switch.ok_or_else(|| Fault::internal("a level"))?;
                    own = up(&quotient(switch, &node.scale));
                    Step::Mul(*a, *b)
                }
                Op::Rescale(a) => {
                    own = up(&quotient(&rescale, &node.scale));
                    Step::Same(*a)
                }
                Op::Drop(a) => Step::Same(*a),
                Op::Units(a, unit) => {
                    let one = Rational::integer(1);
                    Step::Units(*a, enclose(&quotient(&one, unit), fixed))
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
                "E4 wrap",
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
            Step::Given => {
                return Err(Fault::rejected(
                    "E4 noise",
                    format!("node {id}: an input inside of an evaluation"),
                ))
            }
            Step::MulConstant(a, c, held, off) => {
                let a = at(*a)?;
                let error = fixed.mul_up(held, &a.error)? + fixed.mul_up(off, &a.size())?;
                let aside = fixed.mul_up(&c.mag(), &a.aside)?;
                (fixed.mul(&a.value, c)?, aside, error)
            }
            Step::AddConstant(a, c, off) => {
                let a = at(*a)?;
                (a.value.plus(c), a.aside.clone(), &a.error + off)
            }
            Step::Add(a, b) => {
                let (a, b) = (at(*a)?, at(*b)?);
                let aside = &a.aside + &b.aside;
                (a.value.plus(&b.value), aside, &a.error + &b.error)
            }
            Step::Sub(a, b) => {
                let (a, b) = (at(*a)?, at(*b)?);
                let aside = &a.aside + &b.aside;
                (a.value.minus(&b.value), aside, &a.error + &b.error)
            }
            Step::Mul(i, j) => {
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
            Step::Same(a) => {
                let a = at(*a)?;
                (a.value.clone(), a.aside.clone(), a.error.clone())
            }
            Step::Units(a, inverse) => {
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
    fn fresh(&self, span: &Span, u: Interval, aside: BigInt) -> Checked<BigInt> {
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

/// What a block needs besides its cells.
#[derive(Debug)]
pub(crate) struct Carrier<'a> {
    pub(crate) program: &'a Program<'a>,
    pub(crate) branches: &'a [Branch],
    /// `K_1, ..., K_k`.
    pub(crate) reaches: &'a [Rational],
    /// What the stages' results are divided by.
    pub(crate) divisors: &'a [Rational],
    /// B.
    pub(crate) domain: &'a Rational,
}

impl Carrier<'_> {
    /// E5: the result of a block from what is known up to its argument, worst over all cells.
    pub(crate) fn prove(&self, block: &Block, values: &mut [Option<Noisy>]) -> Checked<Noisy> {
        let fixed = self.program.fixed;
        if block.cells.len() != self.branches.len() {
            let text = "there is not one list of cells for each branch";
            return Err(Fault::rejected("E5 cells", text));
        }
        let whole = values.get(block.argument).cloned().flatten();
        let mut worst: Option<Noisy> = None;
        for (branch, points) in self.branches.iter().zip(&block.cells) {
            let covers = points.first().is_some_and(Zero::is_zero)
                && points.last() == Some(&fixed.one())
                && points.windows(2).all(|w| w.first() < w.last());
            if points.len() < 2 || !covers {
                let text = "the cells do not cover [0, 1] in order";
                return Err(Fault::rejected("E5 cells", text));
            }
            let signs: &[bool] = match branch.side {
                Side::Both => &[false, true],
                Side::Positive => &[false],
                Side::Negative => &[true],
            };
            for (j, pair) in points.windows(2).enumerate() {
                let [u, v] = pair else {
                    return Err(Fault::internal("cells"));
                };
                let cell = Interval::new(u.clone(), v.clone());
                for negative in signs {
                    let place = |fault: Fault| match fault {
                        Fault::Rejected {
                            claim,
                            rule,
                            detail,
                        } if rule != "limit" => {
                            let side = branch.side.name();
                            let detail = format!("branch {side}, cell {j}: {detail}");
                            Fault::Rejected {
                                claim,
                                rule,
                                detail,
                            }
                        }
                        other => other,
                    };
                    let r = self
                        .carry(block, branch, *negative, &cell, values)
                        .map_err(place)?;
                    worst = Some(match worst {
                        None => r,
                        Some(mut w) => {
                            w.value.hull(&r.value);
                            w.error = w.error.max(r.error);
                            w
                        }
                    });
                }
            }
        }
        // Whatever comes later knows the argument over all cells.
        if let Some(place) = values.get_mut(block.argument) {
            *place = whole;
        }
        worst.ok_or_else(|| Fault::internal("no branch"))
    }

    fn carry(
        &self,
        block: &Block,
        branch: &Branch,
        negative: bool,
        cell: &Interval,
        values: &mut [Option<Noisy>],
    ) -> Checked<Noisy> {
        let (program, fixed) = (self.program, self.program.fixed);
        let signed = |y: Interval| if negative { y.negated() } else { y };
        let images = branch.images(cell, fixed)?;
        let x = signed(fixed.mul(cell, &enclose(self.domain, fixed))?);
        match values.get_mut(block.argument) {
            Some(Some(argument)) => argument.value = x,
            _ => return Err(Fault::internal("an argument")),
        }
        let mut id = block.argument + 1;
        let mut exact = cell;
        while id <= block.output {
            let stage = block.spans.iter().position(|s| s.first == id);
            let v = match stage.and_then(|i| Some((i, block.spans.get(i)?, images.get(i)?))) {
                Some((i, span, image)) => {
                    let (Some(reach), Some(divisor)) = (self.reaches.get(i), self.divisors.get(i))
                    else {
                        return Err(Fault::internal("a reach"));
                    };
                    let given = known(values, span.input)?;
                    let reach_up = reach.ceil_at(fixed.precision);
                    let noise = fixed.mul_up(&given.error, &reach_up)?;
                    let held = Interval::new(&exact.lo - &noise, &exact.hi + &noise);
                    let slope = slope::near(branch, i, exact, &noise, fixed);
                    let slope = slope.map_err(|fault| margin(fault, i))?;
                    let inverse = enclose(&quotient(&Rational::integer(1), reach), fixed);
                    let u = fixed.mul(&held, &inverse)?;
                    if u.mag() > fixed.one() {
                        let text = "its inputs with noise exceed its reach";
                        return Err(margin(Fault::rejected("R2 image", text), i));
                    }
                    let aside = fixed.mul_up(&noise, &inverse.hi)?;
                    let fresh = program.fresh(span, signed(u), aside)?;
                    let over = enclose(&quotient(&Rational::integer(1), divisor), fixed);
                    let through = fixed.mul_up(&noise, &slope)?;
                    let v = Noisy {
                        value: signed(fixed.mul(image, &over)?),
                        aside: BigInt::zero(),
                        error: fixed.mul_up(&through, &over.hi)? + fresh,
                    };
                    exact = image;
                    id = span.output;
                    v
                }
                None => program.step(id, |a| known(values, a))?,
            };
            program.fits(id, &v)?;
            match values.get_mut(id) {
                Some(place) => *place = Some(v),
                None => return Err(Fault::internal("a node")),
            }
            id += 1;
        }
        known(values, block.output).cloned()
    }
}

/// What is known of a node.
pub(crate) fn known(values: &[Option<Noisy>], id: usize) -> Checked<&Noisy> {
    let text = || Fault::rejected("E4 noise", format!("node {id} is used before it is known"));
    values.get(id).and_then(Option::as_ref).ok_or_else(text)
}

/// A stage whose inputs with noise leave what was certified.
fn margin(fault: Fault, stage: usize) -> Fault {
    match fault {
        Fault::Rejected { rule, detail, .. } if rule == "R2 image" => Fault::rejected(
            "E5 margin",
            format!(
                "stage {stage}: {detail}; the noise needs a margin that the table does not have"
            ),
        ),
        other => other,
    }
}

/// Whether a bound holds: error <= limit.
pub(crate) fn at_most(error: &BigInt, limit: &Rational, fixed: &Fixed) -> bool {
    !error.is_negative() && *error <= limit.floor_at(fixed.precision)
}
