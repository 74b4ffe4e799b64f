//! Rule B7, second part: from the sine to the result, cell by cell as in E5.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::Interval;
use crate::core::polynomial::Polynomial;
use crate::evaluation::block::Block;
use crate::evaluation::circuit::Circuit;
use crate::evaluation::maps::Maps;
use crate::evaluation::program::{Noisy, Program};
use crate::evaluation::stage::{self, Span, Wanted};
use crate::evaluation::taylor::Powers;
use num_bigint::BigInt;
use num_traits::Zero;

/// A sine that stands for the first stage of a composite, and x made of it.
#[derive(Debug)]
pub(crate) struct Behind {
    /// How far the sine as it is held is from the first stage.
    pub(crate) error: BigInt,
    /// The stage for x/B.
    pub(crate) inverse: Span,
    pub(crate) arcsine: Powers,
    /// How far the first stage is from the sine of m.
    pub(crate) stage: BigInt,
    /// How far the polynomial of that sine is from m, for sines in [-1, 1].
    pub(crate) series: BigInt,
    /// The slope of the arcsine a little beyond 1: 3/10 2^r S'.
    pub(crate) steepest: BigInt,
}

impl Behind {
    /// The sine over a cell; `image` is that of the first stage.
    pub(crate) fn given(&self, image: Interval) -> Noisy {
        Noisy {
            value: image,
            aside: BigInt::zero(),
            error: self.error.clone(),
        }
    }

    /// x/B = m from it: |A(Y) - m| <= |A(Y) - A(G)| + |A(G) - A(s)| + |A(s) - m|, s the sine of m.
    ///
    /// B5 bounds the last for s in [-1, 1]. Where s may be beyond by eta, S' being above its sine or G not knowing better, both A and
    /// the arcsine change by their slopes times eta at most; the arcsine's is 2^r S'/(2 pi sqrt(1 - (S' (1 + eta))^2)), at most
    /// 3/10 2^r S' for S' <= 3/4 and eta <= 1/8.
    ///
    /// **Inputs** the image of the first stage, and the cell of m, both signed.
    pub(crate) fn inverse(
        &self,
        program: &Program,
        (image, m): (Interval, Interval),
    ) -> Checked<Noisy> {
        let fixed = program.fixed;
        let beyond = (image.mag() + &self.stage - fixed.one()).max(BigInt::zero());
        if &beyond << 3u32 > fixed.one() {
            let text = "the first stage leaves [-9/8, 9/8]: it is no sine over its unit";
            return Err(Fault::rejected(Rule::Own("B7 activation"), text));
        }
        let off = &self.error + &self.stage + &beyond;
        let slope = self.arcsine.around(&image, fixed)?.slope(&off, fixed)?;
        let outside = fixed.mul_up(&beyond, &self.steepest)?;
        // Some nodes are cut to [-1, 1], which is right near arguments of that interval alone.
        let one = fixed.one();
        let cut = |y: &BigInt| y.clone().clamp(-&one, one.clone());
        let within = Interval::new(cut(&image.lo), cut(&image.hi));
        let fresh = program.fresh(&self.inverse, within, &self.error + &beyond)?;
        Ok(Noisy {
            value: m,
            aside: BigInt::zero(),
            error: fixed.mul_up(&slope, &off)? + fresh + &self.series + outside,
        })
    }
}

/// E2 of the stages behind the first: which nodes are some T_j.
pub(crate) fn stages(
    circuit: &Circuit,
    block: &Block,
    polynomials: &[Polynomial],
    maps: &Maps,
    budget: &Budget,
) -> Checked<Vec<usize>> {
    let mut marks = Vec::new();
    let behind = block.spans.iter().zip(polynomials.iter().skip(1));
    for (i, (span, polynomial)) in behind.enumerate() {
        let map = maps.of(i + 1)?;
        let wanted = Wanted {
            polynomial,
            centre: map.centre,
            reach: map.reach,
            shift: &map.shift,
            divisor: map.divisor,
        };
        marks.extend(stage::prove(circuit, *span, &wanted, budget)?);
    }
    Ok(marks)
}
