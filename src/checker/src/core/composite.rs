//! The claims of section 4: each is proved from the branches and from earlier claims.

use crate::claims::argmax;
use crate::claims::clip;
use crate::claims::direct;
use crate::claims::pool;
use crate::claims::statement::{Statement, Witness};
use crate::claims::target;
use crate::core::cascade::{Branch, Side};
use crate::core::cells::{g_at, Cells, Quantity};
use crate::core::fault::{Checked, Fault};
use crate::core::fixed::{Fixed, Interval};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::format::document::Claim;
use num_bigint::{BigInt, Sign};

/// What claims are proved from.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) fixed: Fixed,
    stages: usize,
    /// None if the certificate has no branches: claims about them must fail then, never hold of nothing.
    branches: Option<Vec<Branch>>,
    /// p as one polynomial, where a claim needs it.
    expanded: Option<Polynomial>,
}

impl Ground {
    /// What was proved of the branches, if there are any, and p itself.
    pub(crate) fn new(
        fixed: Fixed,
        stages: usize,
        branches: Vec<Branch>,
        expanded: Option<Polynomial>,
    ) -> Self {
        Self {
            fixed,
            stages,
            branches: (!branches.is_empty()).then_some(branches),
            expanded,
        }
    }

    fn branches(&self) -> Checked<&[Branch]> {
        let missing = || Fault::rejected("branches", "the certificate has none");
        self.branches.as_deref().ok_or_else(missing)
    }

    fn expanded(&self) -> Checked<&Polynomial> {
        let missing = || Fault::internal("p is not expanded");
        self.expanded.as_ref().ok_or_else(missing)
    }

    /// Encloses q_s at a number or a narrow interval, s being the sign of the side.
    pub(crate) fn branch(&self, negative: bool) -> Checked<&Branch> {
        let wanted = if negative {
            Side::Negative
        } else {
            Side::Positive
        };
        let fits = |b: &&Branch| b.side == Side::Both || b.side == wanted;
        let found = self.branches()?.iter().find(fits);
        found.ok_or_else(|| Fault::internal("no branch for a side"))
    }

    /// The sides that have a branch of their own.
    fn each(&self, mut check: impl FnMut(&Branch) -> Checked<()>) -> Checked<()> {
        self.branches()?.iter().try_for_each(&mut check)
    }

    /// Whether the smallest absolute value is at least `lo`.
    pub(crate) fn reaches(&self, quantity: &Interval, lo: &Rational) -> bool {
        quantity.mig() >= lo.ceil_at(self.fixed.precision)
    }
}

/// Proves one claim; `earlier` are the statements proved before it.
///
/// # Errors
/// A rejection if a condition of its rule is not met.
pub(crate) fn prove(claim: &Claim, earlier: &[Statement], ground: &Ground) -> Checked<()> {
    let fixed = &ground.fixed;
    match &claim.statement {
        Statement::StageRanges { from, to, ranges } => stage_ranges(from, to, ranges, ground),
        Statement::Closeness {
            from,
            to,
            hi,
            witness,
        } => {
            closeness(from, to, hi, ground)?;
            let y = distance(witness, "closeness", from, to)?;
            at_least(witness, "closeness", ground, |branch, _| {
                let y = y.floor_at(fixed.precision);
                Ok(fixed.one_minus(&branch.on(&Interval::point(&y), fixed)?))
            })
        }
        Statement::Deviation { to, hi, witness } => {
            over_cells(&claim.cells, to, Quantity::Deviation, hi, ground)?;
            distance(witness, "deviation", &Rational::integer(0), to)?;
            at_least(witness, "deviation", ground, |b, y| g_at(b, y, fixed))
        }
        Statement::Derivative { to, hi, witness } => {
            over_cells(&claim.cells, to, Quantity::Derivative, hi, ground)?;
            distance(witness, "derivative", &Rational::integer(0), to)?;
            at_least(witness, "derivative", ground, |branch, y| {
                let y = Interval::point(y);
                let (q, dq) = branch.with_slope_on(&y, fixed)?;
                Ok(q.plus(&fixed.mul(&y, &dq)?).half())
            })
        }
        Statement::Magnitude {
            to,
            hi,
            witness,
            escape,
        } => {
            over_cells(&claim.cells, to, Quantity::Magnitude, hi, ground)?;
            distance(witness, "magnitude", &Rational::integer(0), to)?;
            magnitude_at(witness, ground)?;
            match escape {
                Some(escape) => escapes(escape, to, hi, ground),
                None => Ok(()),
            }
        }
        Statement::Pool { .. } => pool::prove(&claim.statement, earlier, ground),
        Statement::Clip(clip) => clip::prove(clip, earlier, ground),
        Statement::Argmax(argmax) => argmax::prove(argmax, earlier, ground),
        Statement::Lines { parts, hi, witness } => {
            let p = ground.expanded()?;
            direct::lines(p, parts, &claim.pieces, hi, witness, fixed)
        }
        Statement::Contraction {
            at,
            radius,
            order,
            hi,
        } => {
            let hint = claim.pieces.first();
            let hint = hint.ok_or_else(|| Fault::internal("pieces"))?;
            let p = ground.expanded()?;
            direct::contraction(p, at, radius, *order, hint, hi, fixed)
        }
        Statement::Target(target) => target::prove(target, earlier),
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
            "stage_ranges",
            "there is not one range for each stage",
        ));
    }
    let p = ground.fixed.precision;
    let y = rounded(from, to, ground);
    ground.each(|branch| {
        let images = branch.images(&y, &ground.fixed)?;
        for (i, (image, (lo, hi))) in images.iter().zip(ranges).enumerate() {
            if !image.inside(&lo.ceil_at(p), &hi.floor_at(p)) {
                let side = branch.side.name();
                let detail = format!("branch {side}: the image of stage {i} is not in its range");
                return Err(Fault::rejected("stage_ranges", detail));
            }
        }
        Ok(())
    })
}

fn closeness(from: &Rational, to: &Rational, hi: &Rational, ground: &Ground) -> Checked<()> {
    let fixed = &ground.fixed;
    let y = rounded(from, to, ground);
    let limit = hi.floor_at(fixed.precision);
    ground.each(|branch| {
        let q = branch.on(&y, fixed)?;
        if fixed.one_minus(&q).mag() > limit {
            let side = branch.side.name();
            let detail = format!("branch {side}: q is not inside [1 - hi, 1 + hi]");
            return Err(Fault::rejected("closeness", detail));
        }
        Ok(())
    })
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
            "R5 cells",
            "there is not one list of cells for each branch",
        ));
    }
    for (branch, list) in branches.iter().zip(cells) {
        list.prove(branch, to, quantity, hi, &ground.fixed)?;
    }
    Ok(())
}

/// |x| of a witness, from `from` to `to`.
fn distance(witness: &Witness, rule: &str, from: &Rational, to: &Rational) -> Checked<Rational> {
    let y = witness.x.abs();
    if y < *from || y > *to {
        return Err(Fault::rejected(
            rule,
            "the witness is outside the range of the claim",
        ));
    }
    Ok(y)
}

/// Proves that a quantity at the witness is at least its `lo`.
fn at_least(
    witness: &Witness,
    rule: &str,
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
    at_least(witness, "magnitude", ground, |branch, y| {
        if negative {
            return g_at(branch, y, fixed);
        }
        let y = Interval::point(y);
        let q = branch.on(&y, fixed)?;
        Ok(fixed.mul(&y, &fixed.one_plus(&q))?.half())
    })
}

fn escapes(escape: &Witness, to: &Rational, hi: &Rational, ground: &Ground) -> Checked<()> {
    let fail = |detail| Err(Fault::rejected("magnitude", detail));
    if escape.x.abs() <= *to {
        return fail("the escape is not beyond `to`");
    }
    if escape.lo <= *hi {
        return fail("the escape's lo is not above hi");
    }
    magnitude_at(escape, ground)
}
