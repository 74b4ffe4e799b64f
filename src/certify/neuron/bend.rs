//! The ReLU polynomial r as a smooth function: its slope at a point, and how far it is from a line.
//!
//! For x = s B y, y >= 0, the branch q_s gives r(x) = (x + B y q_s(y))/2, so
//! r' = 1/2 + s (q + y q')/2 and B r'' = (2 q' + y q'')/2. Cells in y with a proved bound of |B r''| cover
//! [0, 1]; they are narrow near 0, where r turns, and at most 2^-14 wide where it ripples.
//!
//! A polynomial that is the activation itself, r = p on [lo, hi], is taken as u(y) = p(B y)/B with B = max(|lo|, |hi|), so that
//! r' = u' and B r'' = u''; the branches q_s(y) = s u(s y) have q' = u'(s y) and |q''| = |u''(s y)|.

use crate::arith::mp::Mp;
use crate::arith::number::{f64_above, f64_below};
use crate::arith::upper::Upper;
use crate::certify::composite::cascade::Branch;
use crate::certify::composite::fast::FastBranch;
use crate::error::{Error, Result};
use crate::poly::composite::{Composite, Side};
use rug::float::Round;
use rug::{Float, Rational};

/// Working precision of slopes, in bits.
const PREC: u32 = 128;
/// Cells are at most this wide, and at most 1/256 of their place, but never below the least width.
const WIDEST: f64 = 1.0 / 16_384.0;
const LEAST: f64 = 1.0 / 1_048_576.0;
/// Slopes that f64 intervals give to within this are good enough: 2^-23, twice what an f32 is off near 1.
const FAST_OFF: f64 = 1.0 / 8_388_608.0;

/// Slopes and curvature of r(x) = x (1 + p(x/B))/2 on [-B, B], or of p itself on its own domain.
#[derive(Debug)]
pub struct Bend {
    scale: f64,
    /// Where r is known.
    domain: (f64, f64),
    /// Whether r is p itself.
    direct: bool,
    branches: Vec<Branch>,
    /// The same in f64 intervals.
    fast: Vec<FastBranch>,
    /// Ends of the cells, from 0 to 1.
    edges: Vec<f64>,
    /// For each branch, maxima of |B r''| over 2^k cells from each, k = 0, 1, ...
    bound_bends: Vec<Vec<Vec<f64>>>,
}

impl Bend {
    /// Bounds the curvature of r for a composite and B > 0.
    ///
    /// **Cost** some 18,000 cells: about a second.
    ///
    /// # Errors
    /// A B that is no f64, or a composite whose critical points cannot be boxed.
    pub fn new(composite: &Composite, scale: f64) -> Result<Self> {
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(Error::domain(format!(
                "B = {scale} is not above 0 and finite"
            )));
        }
        Self::made(composite, scale, (-scale, scale), false)
    }

    /// The same of r = p itself on [lo, hi], which holds 0.
    ///
    /// **Guarantee** as of [`Self::new`], with B = max(|lo|, |hi|) rounded up.
    ///
    /// # Errors
    /// As there, and a domain without 0.
    pub fn direct(composite: &Composite, (lo, hi): (&Rational, &Rational)) -> Result<Self> {
        if *lo > 0 || *hi < 0 || lo == hi {
            return Err(Error::unsupported(format!(
                "noise at the activations is bounded for a table of a direct target whose domain holds 0, not for [{lo}, {hi}]"
            )));
        }
        let scale = f64_above(lo).abs().max(f64_above(hi)).next_up();
        let exact = Rational::from_f64(scale);
        let exact = exact.ok_or_else(|| Error::domain(format!("B = {scale} is not finite")))?;
        let mut stages = composite.branches[0].stages.clone();
        if let Some(first) = stages.first_mut() {
            let mut power = Rational::from(1);
            for c in first {
                *c *= &power;
                power *= &exact;
            }
        }
        if let Some(last) = stages.last_mut() {
            last.iter_mut().for_each(|c| *c /= &exact);
        }
        let made = Composite::from_stages(stages);
        Self::made(&made, scale, (f64_above(lo), f64_below(hi)), true)
    }

    fn made(composite: &Composite, scale: f64, domain: (f64, f64), direct: bool) -> Result<Self> {
        let one = Float::with_val(PREC, 1);
        let mut edges = vec![0.0f64];
        let mut last = 0.0f64;
        while last < 1.0 {
            last = (last + (last / 256.0).clamp(LEAST, WIDEST)).min(1.0);
            edges.push(last);
        }
        let (mut branches, mut quick) = (Vec::new(), Vec::new());
        let mut bound_bends = Vec::new();
        for exact in &composite.branches {
            let branch = Branch::new(exact, &one, PREC)?;
            let fast = FastBranch::with_second_derivatives(&branch)?;
            let cell = |w: &[f64]| match fast.second_order(w[0], w[1]) {
                Some([_, first, second]) => {
                    let y = crate::arith::interval!(w[0], w[1])
                        .unwrap_or(crate::arith::Interval::ENTIRE);
                    if direct {
                        return second.mag();
                    }
                    let bend = (first + first + y * second).mag() / 2.0;
                    bend.next_up()
                }
                None => f64::INFINITY,
            };
            let mut levels = vec![edges.windows(2).map(cell).collect::<Vec<f64>>()];
            let mut step = 1;
            while 2 * step <= levels[0].len() {
                let below = &levels[levels.len() - 1];
                let next = below
                    .iter()
                    .zip(&below[step..])
                    .map(|(a, b)| a.max(*b))
                    .collect();
                levels.push(next);
                step *= 2;
            }
            branches.push(branch);
            quick.push(fast);
            bound_bends.push(levels);
        }
        Ok(Self {
            scale,
            domain,
            direct,
            branches,
            fast: quick,
            edges,
            bound_bends,
        })
    }

    /// B.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// What noise at the output is measured in: B, and 1 where r is p itself.
    pub fn unit(&self) -> f64 {
        if self.direct {
            1.0
        } else {
            self.scale
        }
    }

    fn branch(&self, negative: bool) -> usize {
        usize::from(negative && self.branches.len() > 1)
    }

    /// The slope r'(x): an f32, and an upper bound of its distance to the exact slope.
    ///
    /// # Errors
    /// x outside the domain.
    pub fn slope(&self, x: f64) -> Result<(f32, f64)> {
        // The division below is off by 2^-128 relative, which moves the slope by at most y |B r''|. An x outside the domain is
        // refused here: the fast way might find something there.
        let shift = Upper::of(self.bound_bend(x, x)?).scaled(2.0f64.powi(-125));
        if let Some(found) = self.fast_slope(x) {
            return Ok(found);
        }
        let branch = &self.branches[self.branch(x < 0.0)];
        debug_assert!(branch.side != Side::Negative || x < 0.0);
        // y = |x|/B is taken as a ball.
        let y = Float::with_val(PREC, x.abs()) / self.scale;
        let jet = branch.jet(&y)?;
        let (slope, radius) = if self.direct {
            let (middle, radius) = jet.slope().ball();
            (middle, Upper::of(radius))
        } else {
            let product = jet.slope().times(&Mp::around(y.clone(), 0.0));
            let sum = jet.q().clone().plus(&product);
            let (middle, radius) = sum.ball();
            let sign = if x < 0.0 { -0.5 } else { 0.5 };
            let slope = Float::with_val(PREC, &middle * sign) + 0.5f64;
            (slope, Upper::of(radius).scaled(0.5))
        };
        let rounded = slope.to_f32();
        // The product by 1/2 and the sum, in PREC bits.
        let size = Upper::size(slope.to_f64_round(Round::AwayZero)) + Upper::ONE;
        let last = size.scaled(2.0f64.powi(2 - PREC as i32));
        let off = Float::with_val(PREC, slope - rounded)
            .to_f64_round(Round::AwayZero)
            .abs();
        let all = Upper::of(off) + radius + shift + last;
        Ok((rounded, all.get()))
    }

    /// [`Self::slope`] in f64 intervals, some ten times faster; none where they are wider than an f32
    /// tells apart, or leave the domain.
    fn fast_slope(&self, x: f64) -> Option<(f32, f64)> {
        let point = |x: f64| crate::arith::interval!(x, x).ok();
        let y = point(x.abs())? / point(self.scale)?;
        let (q, first) = self.fast[self.branch(x < 0.0)].range(y.inf(), y.sup())?;
        let slope = if self.direct {
            first
        } else {
            (q + y * first) / point(if x < 0.0 { -2.0 } else { 2.0 })? + point(0.5)?
        };
        let rounded = slope.mid() as f32;
        let off = (slope - point(f64::from(rounded))?).mag();
        (off <= FAST_OFF).then_some((rounded, off))
    }

    /// Upper bound of |B r''| on [lo, hi].
    ///
    /// # Errors
    /// [lo, hi] is not inside the domain: how far it goes.
    pub fn bound_bend(&self, lo: f64, hi: f64) -> Result<f64> {
        // Exactly: B is an f64, and ends that are none are rounded inward.
        let (from, to) = self.domain;
        if !(lo <= hi && hi <= to && lo >= from) {
            return Err(Error::domain(format!(
                "[{lo}, {hi}] leaves the polynomial's domain [{from}, {to}]"
            )));
        }
        let mut most = 0.0f64;
        if hi >= 0.0 {
            most = self.over(self.branch(false), lo.max(0.0), hi);
        }
        if lo < 0.0 {
            most = most.max(self.over(self.branch(true), (-hi).max(0.0), -lo));
        }
        Ok(most)
    }

    /// Over lo <= |x| <= hi on one side.
    fn over(&self, branch: usize, lo: f64, hi: f64) -> f64 {
        let levels = &self.bound_bends[branch];
        let cells = levels[0].len();
        let (u, v) = (
            (lo / self.scale).next_down(),
            Upper::of(hi).over(self.scale).get(),
        );
        let first = self
            .edges
            .partition_point(|e| *e <= u)
            .saturating_sub(1)
            .min(cells - 1);
        // The cell that ends at or after v.
        let last = self
            .edges
            .partition_point(|e| *e < v)
            .saturating_sub(1)
            .clamp(first, cells - 1);
        let level = (last - first + 1).ilog2() as usize;
        levels[level][first].max(levels[level][last + 1 - (1 << level)])
    }
}
