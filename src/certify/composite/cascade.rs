//! A branch ready for bounds: the stages with their monotone pieces, images and slopes.
//!
//! # Method
//! The image of an interval under a stage is the hull of its values at both ends and at the
//! critical places inside; the image of the image is that of the composite, because a continuous
//! function maps intervals to intervals. No dependency is lost, so ranges are exact but for
//! rounding. The slope of the composite over a cell is the product of the stage slopes over the
//! images, each by the monotone pieces of the stage's derivative.

use crate::arith::mp::Mp;
use crate::certify::stage::pieces::Pieces;
use crate::certify::stage::polynomial::Polynomial;
use crate::error::{Error, ErrorKind, Result};
use crate::poly::composite::{Branch as Exact, Side};
use rug::float::Round;
use rug::Float;

/// Stage images beyond this are refused: the composite runs away on the domain asked for.
const MAX_IMAGE: f64 = 1e15;
/// The usual margin around a stage's inputs: 2^-12 of their magnitude.
const MARGIN_BITS: i32 = 12;
/// Coefficients beyond this are refused.
const MAX_COEFFICIENT: f64 = 1e60;

/// One stage F with its derivatives F', F'', F''' and the pieces of F and F'.
#[derive(Debug, Clone)]
pub struct Stage {
    /// F, F', F'', F'''.
    pub f: [Polynomial; 4],
    /// Monotone pieces of F over the stage's whole domain.
    pub value: Pieces,
    /// Monotone pieces of F' over the same domain.
    pub slope: Pieces,
}

/// q and its stages at one point y.
#[derive(Debug, Clone)]
pub struct Jet {
    /// The point, exact.
    pub y: Float,
    /// Enclosure of every stage's value; the last is q(y).
    pub values: Vec<Mp>,
    /// Enclosure of every stage's derivative at its input.
    pub slopes: Vec<Mp>,
}

impl Jet {
    /// Enclosure of q(y).
    pub fn q(&self) -> &Mp {
        &self.values[self.values.len() - 1]
    }

    /// Enclosure of q'(y).
    pub fn slope(&self) -> Mp {
        product(&self.slopes)
    }
}

/// Ranges of a branch over a cell.
#[derive(Debug, Clone)]
pub struct Range {
    /// Every stage's image; the last is that of q.
    pub values: Vec<Mp>,
    /// Every stage's slope over the cell's image.
    pub slopes: Vec<Mp>,
}

impl Range {
    /// Enclosure of q over the cell.
    pub fn q(&self) -> &Mp {
        &self.values[self.values.len() - 1]
    }

    /// Enclosure of q' over the cell.
    pub fn slope(&self) -> Mp {
        product(&self.slopes)
    }
}

fn product(slopes: &[Mp]) -> Mp {
    let mut p = slopes[0].clone();
    for s in &slopes[1..] {
        p = p.times(s);
    }
    p
}

/// One branch q of a composite, prepared on [0, `reach`].
#[derive(Debug, Clone)]
pub struct Branch {
    /// The side it speaks about.
    pub side: Side,
    /// The stages, first applied first.
    pub stages: Vec<Stage>,
    /// Working precision in bits.
    pub prec: u32,
}

impl Branch {
    /// Prepares a branch for y in [0, reach] at `prec` bits.
    ///
    /// **Cost** per stage two Bernstein transforms and some six evaluations a critical point.
    ///
    /// # Errors
    /// A stage whose critical points cannot be boxed, or whose image runs beyond 1e15.
    pub fn new(exact: &Exact, reach: &Float, prec: u32) -> Result<Self> {
        Self::with_margin(exact, reach, prec, MARGIN_BITS)
    }

    /// [`Self::new`] with a wider margin around every stage's inputs: 2^-`bits` of their magnitude.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_margin(exact: &Exact, reach: &Float, prec: u32, bits: i32) -> Result<Self> {
        let first = Self::first_stage(exact, reach, prec)?;
        Self::continued(exact, first, reach, bits)
    }

    /// The first stage, whose inputs are [0, reach] whatever margin the others have.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn first_stage(exact: &Exact, reach: &Float, prec: u32) -> Result<Stage> {
        // A composite that is not quite odd has an inflection point near, not at, 0: a margin below
        // 0 keeps it inside. An odd one has it at the end 0 exactly, where it does not count.
        let lo = match exact.side {
            Side::Both => 0.0,
            _ => -2.0f64.powi(-16),
        };
        let lo = Float::with_val(prec, lo);
        let hi = Float::with_val_round(prec, reach, Round::Up).0;
        Self::stage(&exact.stages[0], (&lo, &hi), prec, 0)
    }

    /// [`Self::with_margin`] behind a first stage that is prepared for the same reach.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn continued(exact: &Exact, first: Stage, reach: &Float, bits: i32) -> Result<Self> {
        let prec = first.value.hi().prec();
        let mut domain = Mp {
            lo: Float::new(prec),
            hi: Float::with_val_round(prec, reach, Round::Up).0,
        };
        let mut stages: Vec<Stage> = Vec::with_capacity(exact.stages.len());
        let mut next = Some(first);
        for (i, coefficients) in exact.stages.iter().enumerate() {
            let stage = match next.take() {
                Some(first) => first,
                None => {
                    let (lo, hi) = padded(&domain, bits);
                    Self::stage(coefficients, (&lo, &hi), prec, i)?
                }
            };
            domain = stage.image(0, &domain);
            let size = domain.magnitude();
            // The last stage feeds no other: however far it runs away, that is the result.
            let last = i + 1 == exact.stages.len();
            if !size.is_finite() || (!last && size > MAX_IMAGE) {
                return Err(Error::unsupported(format!(
                    "stage {}: values reach {:.3e} on |x| <= {:.6}, the limit is {MAX_IMAGE:e}",
                    i + 1,
                    domain.magnitude().to_f64(),
                    reach.to_f64()
                )));
            }
            stages.push(stage);
        }
        Ok(Self {
            side: exact.side,
            stages,
            prec,
        })
    }

    fn stage(
        c: &[rug::Rational],
        (lo, hi): (&Float, &Float),
        prec: u32,
        index: usize,
    ) -> Result<Stage> {
        let reach = lo
            .to_f64_round(Round::Down)
            .abs()
            .max(hi.to_f64_round(Round::Up).abs());
        if let Some(j) = c.iter().position(|c| c.clone().abs() > MAX_COEFFICIENT) {
            return Err(Error::unsupported(format!(
                "stage {}: the coefficient of y^{j} is beyond {MAX_COEFFICIENT:e}",
                index + 1
            )));
        }
        let f0 = Polynomial::new(c.to_vec(), prec, reach);
        let (f1, f2) = (f0.derivative(), f0.derivative().derivative());
        let f3 = f2.derivative();
        let bits = prec / 2;
        let named = |e: Error| match e.kind {
            ErrorKind::NotConverged(d) => {
                Error::from(ErrorKind::NotConverged(format!("stage {}: {d}", index + 1)))
            }
            _ => e,
        };
        let value = Pieces::find(&f0, &f1, &f2, (lo, hi), bits).map_err(named)?;
        let slope = Pieces::find(&f1, &f2, &f3, (lo, hi), bits).map_err(named)?;
        Ok(Stage {
            f: [f0, f1, f2, f3],
            value,
            slope,
        })
    }

    /// The largest y it is prepared for.
    pub fn reach(&self) -> &Float {
        self.stages[0].value.hi()
    }

    /// Every stage at one point.
    ///
    /// **Guarantee** enclosures of the exact values. **Cost** two evaluations a stage.
    ///
    /// # Errors
    /// y outside [0, reach].
    pub fn jet(&self, y: &Float) -> Result<Jet> {
        let y = Float::with_val(self.prec, y);
        let mut values: Vec<Mp> = Vec::with_capacity(self.stages.len());
        let mut slopes = Vec::with_capacity(self.stages.len());
        let mut at = Mp::exact(&y);
        for (i, stage) in self.stages.iter().enumerate() {
            if !stage.value.covers(&at) {
                return Err(Error::domain(format!(
                    "stage {}: the input at y = {:.17} leaves the domain that was certified",
                    i + 1,
                    y.to_f64()
                )));
            }
            let (value, slope) = stage.f[0].on_narrow(&at, &stage.f[1], &stage.f[2]);
            slopes.push(slope);
            at = value.clone();
            values.push(value);
        }
        Ok(Jet { y, values, slopes })
    }

    /// Ranges over the cell between two jets, u.y <= v.y.
    ///
    /// **Guarantee** every stage value and slope over the cell lies in its interval. While no
    /// critical place is met the ends of an image are the images of the ends, which the jets hold
    /// already; after that they cost two evaluations a stage.
    pub fn range(&self, u: &Jet, v: &Jet) -> Range {
        let mut values = Vec::with_capacity(self.stages.len());
        let mut slopes = Vec::with_capacity(self.stages.len());
        let mut at = Mp {
            lo: u.y.clone(),
            hi: v.y.clone(),
        };
        let mut ends_known = true;
        for (i, stage) in self.stages.iter().enumerate() {
            if i > 0 {
                at = stage.inside(at);
            }
            let (mut value, mut slope) = if ends_known {
                (
                    u.values[i].clone().hull(&v.values[i]),
                    u.slopes[i].clone().hull(&v.slopes[i]),
                )
            } else {
                (stage.ends(0, &at), stage.ends(1, &at))
            };
            ends_known &= !stage.value.extend(&at, &mut value);
            stage.slope.extend(&at, &mut slope);
            slopes.push(slope);
            at = value.clone();
            values.push(value);
        }
        Range { values, slopes }
    }

    /// Ranges of all stages over [a, b] (both inside [0, reach]), without slopes.
    pub fn images(&self, over: &Mp) -> Vec<Mp> {
        let mut values: Vec<Mp> = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            let image = match values.last() {
                Some(input) => stage.image(0, &stage.inside(input.clone())),
                None => stage.image(0, over),
            };
            values.push(image);
        }
        values
    }

    /// q(y) in f64, an estimate.
    pub fn estimate(&self, y: f64) -> f64 {
        self.stages
            .iter()
            .fold(y, |y, stage| stage.f[0].estimate(y))
    }
}

impl Stage {
    /// The part of an enclosure of this stage's inputs where its pieces are proved.
    ///
    /// Inputs from [0, reach] lie there: its ends were padded around an enclosure of all of them.
    fn inside(&self, mut y: Mp) -> Mp {
        if y.lo < *self.value.lo() {
            y.lo.clone_from(self.value.lo());
        }
        if y.hi > *self.value.hi() {
            y.hi.clone_from(self.value.hi());
        }
        y
    }

    /// Hull of F (level 0) or F' (level 1) at both ends of an interval.
    fn ends(&self, level: usize, y: &Mp) -> Mp {
        self.f[level].at(&y.lo).hull(&self.f[level].at(&y.hi))
    }

    /// Image of an interval inside the stage's domain under F (level 0) or F' (level 1).
    pub fn image(&self, level: usize, y: &Mp) -> Mp {
        let mut image = self.ends(level, y);
        let pieces = if level == 0 { &self.value } else { &self.slope };
        pieces.extend(y, &mut image);
        image
    }
}

/// The next stage's domain: the image with a margin, at short dyadic ends.
///
/// The margin lets later, slightly wider enclosures of the same range pass; ends with few bits keep
/// the exact Bernstein transforms cheap.
fn padded(image: &Mp, bits: i32) -> (Float, Float) {
    let prec = image.prec();
    // The unit: 2^-bits of the magnitude, rounded to a power of two.
    let exponent = image.magnitude().get_exp().unwrap_or(0).max(-200) - bits;
    let (up, down) = (exponent.max(0) as u32, (-exponent).max(0) as u32);
    let in_units = |x: &Float| (Float::with_val(prec, x) >> up) << down;
    let back = |x: Float| (x << up) >> down;
    // An odd stage at 0 gives exactly 0, which needs no margin.
    let lo = if image.lo.is_zero() {
        Float::new(prec)
    } else {
        back(in_units(&image.lo).floor() - 1u32)
    };
    (lo, back(in_units(&image.hi).ceil() + 1u32))
}

/// The largest y, rounded down, that all of the branches are prepared for.
pub fn common_reach(branches: &[Branch]) -> f64 {
    let ends = branches.iter().map(|b| b.reach().to_f64_round(Round::Down));
    ends.fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::Composite;
    use rug::Rational;

    fn branch() -> (Branch, Exact) {
        let q = |v: &[(i32, i32)]| v.iter().map(|&v| Rational::from(v)).collect::<Vec<_>>();
        let f = q(&[(0, 1), (15, 8), (0, 1), (-10, 8), (0, 1), (3, 8)]);
        let g = q(&[
            (0, 1),
            (3334, 1024),
            (0, 1),
            (-6108, 1024),
            (0, 1),
            (3796, 1024),
        ]);
        let c = Composite::from_stages(vec![g, f]);
        let exact = c.branches[0].clone();
        (
            Branch::new(&exact, &Float::with_val(128, 1), 128).unwrap(),
            exact,
        )
    }

    #[test]
    fn jets_and_ranges_hold_exact_values() {
        let (b, exact) = branch();
        let point = |n: i32| Float::with_val(128, n) / 64u32;
        for n in 0..64 {
            let (u, v) = (b.jet(&point(n)).unwrap(), b.jet(&point(n + 1)).unwrap());
            let range = b.range(&u, &v);
            assert!(range.slope().meets(&u.slope()) && range.slope().meets(&v.slope()));
            for k in 0..=8 {
                let y = Rational::from((8 * n + k, 512));
                let want = exact.eval_exact(&y);
                assert!(range.q().lo <= want && range.q().hi >= want);
            }
        }
    }

    #[test]
    fn images_are_tight() {
        let (b, exact) = branch();
        let whole = b.images(&Mp {
            lo: Float::new(128),
            hi: Float::with_val(128, 1),
        });
        let mut most = Rational::new();
        for n in 0..=4_096 {
            most = most.max(exact.eval_exact(&Rational::from((n, 4_096))));
        }
        let hi = whole[1].hi.to_rational().unwrap();
        assert!(hi >= most && hi - most < Rational::from((1, 100_000)));
    }
}
