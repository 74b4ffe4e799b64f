//! Rule E5: noise through an evaluation of the composite, cell by cell.
//!
//! A stage takes its values from the certified images of the composite, and the noise that it is given through
//! the slope of its polynomial; its own nodes are followed from an exact input.

use crate::core::cascade::{Branch, Side};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::number::Rational;
use crate::evaluation::block::Block;
use crate::evaluation::maps::Maps;
use crate::evaluation::program::{enclose, known, Noisy, Program};
use crate::evaluation::refresh::behind::Behind;
use crate::evaluation::slope;
use num_bigint::BigInt;
use num_traits::Signed;

/// What a block needs besides its cells.
#[derive(Debug)]
pub(crate) struct Carrier<'a> {
    pub(crate) program: &'a Program<'a>,
    pub(crate) branches: &'a [Branch],
    pub(crate) maps: &'a Maps<'a>,
    /// B.
    pub(crate) domain: &'a Rational,
    /// What the cells cover.
    pub(crate) cells: (Rational, Rational),
    /// What stands for the first stage, if it is not evaluated.
    pub(crate) behind: Option<&'a Behind>,
}

impl Carrier<'_> {
    /// E5: the result of a block from what is known up to its argument, worst over all cells.
    pub(crate) fn prove(&self, block: &Block, values: &mut [Option<Noisy>]) -> Checked<Noisy> {
        let fixed = self.program.fixed;
        if block.cells.len() != self.branches.len() {
            let text = "there is not one list of cells for each branch";
            return Err(Fault::rejected(Rule::Own("E5 cells"), text));
        }
        let whole = values.get(block.argument).cloned().flatten();
        let mut worst: Option<Noisy> = None;
        for (branch, points) in self.branches.iter().zip(&block.cells) {
            let (lo, hi) = &self.cells;
            let (lo, hi) = (lo.floor_at(fixed.precision), hi.ceil_at(fixed.precision));
            let covers = points.first().is_some_and(|first| *first <= lo)
                && points.last().is_some_and(|last| *last >= hi)
                && points.windows(2).all(|w| w.first() < w.last());
            if points.len() < 2 || !covers {
                let text = "the cells do not cover the domain in order";
                return Err(Fault::rejected(Rule::Own("E5 cells"), text));
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
                    let place = format!("branch {}, cell {j}", branch.side.name());
                    let r = self.carry(block, branch, *negative, &cell, values);
                    let r = r.map_err(|fault| fault.in_place(&place))?;
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
        let mut exact = cell;
        // Stages of the composite that are no stages of the circuit.
        let mut skipped = 0;
        match (self.behind, values.get_mut(block.argument)) {
            (Some(behind), Some(argument)) => {
                exact = images.first().ok_or_else(|| Fault::internal("an image"))?;
                skipped = 1;
                *argument = Some(behind.given(signed(exact.clone())));
            }
            (None, Some(Some(argument))) => {
                argument.value = signed(fixed.mul(cell, &enclose(self.domain, fixed))?);
            }
            _ => return Err(Fault::internal("an argument")),
        }
        let mut id = block.argument + 1;
        while id <= block.output {
            let inverse = self.behind.filter(|behind| behind.inverse.first == id);
            let stage = block.spans.iter().position(|s| s.first == id);
            let place = |at: usize| {
                let i = at + skipped;
                Some((i, block.spans.get(at)?, images.get(i)?))
            };
            let v = match stage.and_then(place) {
                Some((i, span, image)) => {
                    let map = self.maps.of(i)?;
                    let given = known(values, span.input)?;
                    let reach_up = map.reach.ceil_at(fixed.precision);
                    let noise = fixed.mul_up(&given.error, &reach_up)?;
                    let held = Interval::new(&exact.lo - &noise, &exact.hi + &noise);
                    let slope = slope::near(branch, i, exact, &noise, fixed);
                    let slope = slope.map_err(|fault| margin(fault, i))?;
                    let inverse = enclose(&Rational::integer(1).over(map.reach), fixed);
                    let from_centre = held.minus(&enclose(map.centre, fixed));
                    let u = fixed.mul(&from_centre, &inverse)?;
                    if u.mag() > fixed.one() {
                        let text = "its inputs with noise exceed its reach";
                        return Err(margin(Fault::rejected(Rule::Image, text), i));
                    }
                    let aside = fixed.mul_up(&noise, &inverse.hi)?;
                    let fresh = program.fresh(span, signed(u), aside)?;
                    let over = enclose(&Rational::integer(1).over(map.divisor), fixed);
                    let through = fixed.mul_up(&noise, &slope)?;
                    let shifted = signed(image.clone()).minus(&enclose(&map.shift, fixed));
                    let v = Noisy {
                        value: fixed.mul(&shifted, &over)?,
                        aside: BigInt::ZERO,
                        error: fixed.mul_up(&through, &over.hi)? + fresh,
                    };
                    exact = image;
                    id = span.output;
                    v
                }
                None => match (inverse, images.first()) {
                    (Some(behind), Some(image)) => {
                        id = behind.inverse.output;
                        let m = signed(cell.clone());
                        behind.inverse(program, (signed(image.clone()), m))?
                    }
                    _ => program.step(id, |a| known(values, a))?,
                },
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

/// A stage whose inputs with noise leave what was certified.
fn margin(fault: Fault, stage: usize) -> Fault {
    match fault {
        Fault::Rejected {
            rule: Rule::Image,
            detail,
            ..
        } => Fault::rejected(
            Rule::Own("E5 margin"),
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
