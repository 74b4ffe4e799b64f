//! The claims about the composite, section 4 of the format: each is proved from the branches, by R3 to R5.

use crate::core::cascade::Branch;
use crate::core::cells::{g_at, Cells, Quantity};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Interval;
use crate::core::ground::Ground;
use crate::core::number::Rational;
use crate::core::statement::{CompositeClaim, Witness};
use num_bigint::{BigInt, Sign};

const STAGE_RANGES: Rule = Rule::Own("stage_ranges");
const CLOSENESS: Rule = Rule::Own("closeness");
const DEVIATION: Rule = Rule::Own("deviation");
const DERIVATIVE: Rule = Rule::Own("derivative");
const MAGNITUDE: Rule = Rule::Own("magnitude");

/// Proves one claim; `cells` has one list for each branch where the rule has cells.
///
/// # Errors
/// A rejection if a condition of its rule is not met.
pub(crate) fn prove(claim: CompositeClaim, cells: &[Cells], ground: &Ground) -> Checked<()> {
    let fixed = &ground.fixed;
    let zero = Rational::integer(0);
    match claim {
        CompositeClaim::StageRanges { from, to, ranges } => stage_ranges(from, to, ranges, ground),
        CompositeClaim::Closeness {
            from,
            to,
            hi,
            witness,
        } => {
            closeness(from, to, hi, ground)?;
            within(witness, CLOSENESS, from, to)?;
            at_least(witness, CLOSENESS, ground, |branch, y| {
                Ok(fixed.one_minus(&branch.on(&Interval::point(y), fixed)?))
            })
        }
        CompositeClaim::Deviation { to, hi, witness } => {
            over_cells(cells, to, Quantity::Deviation, hi, ground)?;
            within(witness, DEVIATION, &zero, to)?;
            at_least(witness, DEVIATION, ground, |b, y| g_at(b, y, fixed))
        }
        CompositeClaim::Derivative { to, hi, witness } => {
            over_cells(cells, to, Quantity::Derivative, hi, ground)?;
            within(witness, DERIVATIVE, &zero, to)?;
            at_least(witness, DERIVATIVE, ground, |branch, y| {
                let y = Interval::point(y);
                let (q, dq) = branch.with_slope_on(&y, fixed)?;
                Ok(q.plus(&fixed.mul(&y, &dq)?).half())
            })
        }
        CompositeClaim::Magnitude {
            to,
            hi,
            witness,
            escape,
        } => {
            over_cells(cells, to, Quantity::Magnitude, hi, ground)?;
            within(witness, MAGNITUDE, &zero, to)?;
            magnitude_at(witness, ground)?;
            match escape {
                Some(escape) => escapes(escape, to, hi, ground),
                None => Ok(()),
            }
        }
    }
}

/// [from, to], `from` rounded down and `to` up.
fn rounded(from: &Rational, to: &Rational, ground: &Ground) -> Interval {
    let p = ground.fixed.precision;
    Interval::new(from.floor_at(p), to.ceil_at(p))
}

fn stage_ranges(
    from: &Rational,
    to: &Rational,
    ranges: &[(Rational, Rational)],
    ground: &Ground,
) -> Checked<()> {
    if ranges.len() != ground.stages {
        return Err(Fault::rejected(
            STAGE_RANGES,
            "there is not one range for each stage",
        ));
    }
    let p = ground.fixed.precision;
    let y = rounded(from, to, ground);
    for branch in ground.branches()? {
        let images = branch.images(&y, &ground.fixed)?;
        for (i, (image, (lo, hi))) in images.iter().zip(ranges).enumerate() {
            if !image.inside(&lo.ceil_at(p), &hi.floor_at(p)) {
                let side = branch.side.name();
                let detail = format!("branch {side}: the image of stage {i} is not in its range");
                return Err(Fault::rejected(STAGE_RANGES, detail));
            }
        }
    }
    Ok(())
}

fn closeness(from: &Rational, to: &Rational, hi: &Rational, ground: &Ground) -> Checked<()> {
    let fixed = &ground.fixed;
    let y = rounded(from, to, ground);
    let limit = hi.floor_at(fixed.precision);
    for branch in ground.branches()? {
        let q = branch.on(&y, fixed)?;
        if fixed.one_minus(&q).mag() > limit {
            let side = branch.side.name();
            let detail = format!("branch {side}: q is not inside [1 - hi, 1 + hi]");
            return Err(Fault::rejected(CLOSENESS, detail));
        }
    }
    Ok(())
}

fn over_cells(
    cells: &[Cells],
    to: &Rational,
    quantity: Quantity,
    hi: &Rational,
    ground: &Ground,
) -> Checked<()> {
    let branches = ground.branches()?;
    if cells.len() != branches.len() {
        return Err(Fault::rejected(
            Rule::Cells,
            "there is not one list of cells for each branch",
        ));
    }
    for (branch, list) in branches.iter().zip(cells) {
        list.prove(branch, to, quantity, hi, &ground.fixed)?;
    }
    Ok(())
}

/// |x| of a witness is from `from` to `to`.
fn within(witness: &Witness, rule: Rule, from: &Rational, to: &Rational) -> Checked<()> {
    let y = witness.x.abs();
    if y < *from || y > *to {
        let detail = "the witness is outside the range of the claim";
        return Err(Fault::rejected(rule, detail));
    }
    Ok(())
}

/// Proves that a quantity at the witness is at least its `lo`.
fn at_least(
    witness: &Witness,
    rule: Rule,
    ground: &Ground,
    quantity: impl FnOnce(&Branch, &BigInt) -> Checked<Interval>,
) -> Checked<()> {
    let negative = witness.x.numer().sign() == Sign::Minus;
    // A witness is a hint number: a multiple of 2^-precision.
    let y = witness.x.abs().floor_at(ground.fixed.precision);
    let value = quantity(ground.branch(negative)?, &y)?;
    if !ground.reaches(&value, &witness.lo) {
        return Err(Fault::rejected(
            rule,
            "the quantity at the witness is not proved to be at least lo",
        ));
    }
    Ok(())
}

/// |r(x)|: y |1 + q(y)|/2 for x > 0, and y |1 - q(y)|/2 for x < 0.
fn magnitude_at(witness: &Witness, ground: &Ground) -> Checked<()> {
    let fixed = &ground.fixed;
    let negative = witness.x.numer().sign() == Sign::Minus;
    at_least(witness, MAGNITUDE, ground, |branch, y| {
        if negative {
            return g_at(branch, y, fixed);
        }
        let y = Interval::point(y);
        let q = branch.on(&y, fixed)?;
        Ok(fixed.mul(&y, &fixed.one_plus(&q))?.half())
    })
}

fn escapes(escape: &Witness, to: &Rational, hi: &Rational, ground: &Ground) -> Checked<()> {
    let fail = |detail| Err(Fault::rejected(MAGNITUDE, detail));
    if escape.x.abs() <= *to {
        return fail("the escape is not beyond `to`");
    }
    if escape.lo <= *hi {
        return fail("the escape's lo is not above hi");
    }
    magnitude_at(escape, ground)
}
