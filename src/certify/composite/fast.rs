//! Ranges and slopes of a branch in f64 intervals, where their accuracy suffices.
//!
//! A bound that is only wanted to a part in a thousand needs thousands of ranges, not digits. The
//! monotone pieces come from a branch prepared in multiprecision, rounded outward, so everything
//! here is as rigorous as there; it is only wider, by about 2^-53 sum |c_i| |y|^i a stage (2^-20 for
//! degree 29). Where that is too wide, callers go back to multiprecision.

use crate::arith::mp::Mp;
use crate::arith::{interval, Interval};
use crate::certify::composite::cascade::{Branch, Stage};
use crate::certify::stage::pieces::Pieces;
use crate::error::Result;
use rug::float::Round;
use rug::{Float, Rational};

/// One branch in f64 intervals.
#[derive(Debug)]
pub struct FastBranch {
    stages: Vec<FastStage>,
}

#[derive(Debug)]
struct FastStage {
    value: FastPieces,
    slope: FastPieces,
    /// Only where it was asked for.
    bend: Option<FastPieces>,
}

/// A polynomial with the places where it may turn.
#[derive(Debug)]
struct FastPieces {
    /// Coefficients; only every second one if `parity` says so.
    coefficients: Vec<Interval>,
    /// 0 even, 1 odd: Horner in y^2; none: Horner in y.
    parity: Option<usize>,
    domain: Interval,
    /// (place, values there), in order.
    criticals: Vec<(Interval, Interval)>,
}

fn outward(x: &Mp) -> Interval {
    interval!(x.lo.to_f64_round(Round::Down), x.hi.to_f64_round(Round::Up))
        .unwrap_or(Interval::ENTIRE)
}

fn enclose(c: &Rational) -> Interval {
    outward(&Mp {
        lo: Float::with_val_round(53, c, Round::Down).0,
        hi: Float::with_val_round(53, c, Round::Up).0,
    })
}

fn exactly(x: f64) -> Interval {
    interval!(x, x).unwrap_or(Interval::ENTIRE)
}

impl FastBranch {
    /// Derives it from a prepared branch.
    pub fn new(branch: &Branch) -> Self {
        let stage = |s: &Stage| FastStage {
            value: FastPieces::new(&s.f[0].exact, &s.value),
            slope: FastPieces::new(&s.f[1].exact, &s.slope),
            bend: None,
        };
        Self {
            stages: branch.stages.iter().map(stage).collect(),
        }
    }

    /// Also prepares second derivatives.
    ///
    /// # Errors
    /// A stage whose inflection points cannot be boxed.
    pub fn with_second_derivatives(branch: &Branch) -> Result<Self> {
        let mut fast = Self::new(branch);
        for (stage, s) in fast.stages.iter_mut().zip(&branch.stages) {
            let [_, _, f2, f3] = &s.f;
            let ends = (s.value.lo(), s.value.hi());
            let pieces = Pieces::find(f2, f3, &f3.derivative(), ends, branch.prec / 2)?;
            stage.bend = Some(FastPieces::new(&f2.exact, &pieces));
        }
        Ok(fast)
    }

    /// q, q' and q'' over [u, v], for a branch prepared with second derivatives.
    ///
    /// **Guarantee** as [`Self::range`]; (F o q)'' = F''(q) q'^2 + F'(q) q''.
    pub fn second_order(&self, u: f64, v: f64) -> Option<[Interval; 3]> {
        let mut at = interval!(u, v).ok()?;
        let (mut first, mut second) = (exactly(1.0), exactly(0.0));
        for stage in &self.stages {
            let slope = stage.slope.image(at)?;
            second = stage.bend.as_ref()?.image(at)? * first.sqr() + slope * second;
            first *= slope;
            at = stage.value.image(at)?;
        }
        Some([at, first, second])
    }

    /// q and q' over [u, v].
    ///
    /// **Guarantee** both intervals hold every value; none where an image leaves the domain that the
    /// pieces cover, as it may by rounding.
    pub fn range(&self, u: f64, v: f64) -> Option<(Interval, Interval)> {
        let mut at = interval!(u, v).ok()?;
        let mut product = exactly(1.0);
        for stage in &self.stages {
            product *= stage.slope.image(at)?;
            at = stage.value.image(at)?;
        }
        Some((at, product))
    }
}

impl FastPieces {
    fn new(exact: &[Rational], pieces: &Pieces) -> Self {
        let zero_at = |first: usize| exact.iter().skip(first).step_by(2).all(Rational::is_zero);
        let parity = if zero_at(1) {
            Some(0)
        } else if zero_at(0) {
            Some(1)
        } else {
            None
        };
        let kept = exact
            .iter()
            .skip(parity.unwrap_or(0))
            .step_by(if parity.is_some() { 2 } else { 1 });
        // The domain shrinks to f64 numbers inside: an image beyond them is given up.
        let domain = interval!(
            pieces.lo().to_f64_round(Round::Up),
            pieces.hi().to_f64_round(Round::Down)
        );
        Self {
            coefficients: kept.map(enclose).collect(),
            parity,
            domain: domain.unwrap_or(Interval::EMPTY),
            criticals: pieces
                .criticals
                .iter()
                .map(|c| (outward(&c.place), outward(&c.value)))
                .collect(),
        }
    }

    fn at(&self, y: f64) -> Interval {
        let y = exactly(y);
        let x = if self.parity.is_some() { y * y } else { y };
        let mut steps = self.coefficients.iter().rev();
        let first = steps.next().copied().unwrap_or(exactly(0.0));
        let sum = steps.fold(first, |acc, c| acc * x + *c);
        if self.parity == Some(1) {
            sum * y
        } else {
            sum
        }
    }

    fn image(&self, y: Interval) -> Option<Interval> {
        if !y.subset(self.domain) {
            return None;
        }
        let mut image = self.at(y.inf()).convex_hull(self.at(y.sup()));
        for (place, value) in &self.criticals {
            if place.inf() > y.sup() {
                break;
            }
            if !place.disjoint(y) {
                image = image.convex_hull(*value);
            }
        }
        Some(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::Composite;

    #[test]
    fn ranges_hold_exact_values() {
        let q = |v: &[(i32, i32)]| v.iter().map(|&v| Rational::from(v)).collect::<Vec<_>>();
        for even in [0, 1] {
            let f = q(&[(0, 1), (15, 8), (even, 64), (-10, 8), (0, 1), (3, 8)]);
            let g = q(&[
                (0, 1),
                (3334, 1024),
                (0, 1),
                (-6108, 1024),
                (even, 99),
                (3796, 1024),
            ]);
            let c = Composite::from_stages(vec![g, f]);
            for exact in &c.branches {
                let b = Branch::new(exact, &Float::with_val(128, 1), 128).unwrap();
                let fast = FastBranch::new(&b);
                for n in 0..60 {
                    let (u, v) = (f64::from(n) / 61.0, f64::from(n + 1) / 61.0);
                    let (range, slope) = fast.range(u, v).unwrap();
                    let jet = b.jet(&Float::with_val(128, (u + v) / 2.0)).unwrap();
                    let within = |i: Interval, m: &Mp| m.lo <= i.sup() && m.hi >= i.inf();
                    assert!(within(range, jet.q()) && within(slope, &jet.slope()));
                    for y in [u, (u + v) / 2.0, v] {
                        let want = exact.eval_exact(&Rational::from_f64(y).unwrap());
                        assert!(want >= range.inf() && want <= range.sup());
                    }
                }
            }
        }
    }
}
