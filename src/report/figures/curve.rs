//! The error of a certified composite at sampled points: a *measurement*, drawn beside what is proved.
//!
//! The composite is the checker's own: the polynomials that its statements are about. Every value is
//! computed in intervals at a precision that is raised until the values are known to 2^-20 of the proved
//! bound at least; between the points nothing is said. Points and values hold no rounding of the machine's
//! library, so that the same certificate gives the same bytes everywhere.

use crate::arith::mp::Mp;
use crate::certificate::checked::Checked;
use crate::error::{Error, ErrorKind, Result};
use crate::poly::composite::Composite;
use crate::report::figures::branch::Branch;
use crate::report::figures::claimed::{Claimed, Quantity, Stretch};
use rug::float::Round;
use rug::{Float, Rational};
use std::cmp::Ordering;

/// Bits of the first attempt; doubled while the values are not known well enough.
const FIRST_PRECISION: u32 = 128;
/// Bits of the last attempt.
const LAST_PRECISION: u32 = 1_024;
/// The values are known to this part of the proved bound.
const RESOLUTION_BITS: i32 = 20;
/// Largest sum of degrees that is sampled: beyond, a page would take seconds.
const MAX_DEGREES: usize = 2_000;

/// The error of a certificate's target in its own units, ready to be sampled.
#[derive(Debug, Clone)]
pub struct Curve {
    branches: Vec<Branch>,
    /// What is proved of it.
    pub claimed: Claimed,
}

/// Smallest and largest of some samples.
#[derive(Debug, Clone)]
pub struct Column {
    /// First and last sampled |x|, in the units of the input.
    pub x: (f64, f64),
    /// Smallest sampled error.
    pub measure_min: Float,
    /// Largest sampled error.
    pub measure_max: Float,
}

/// How sample points lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// At equal distances.
    Even,
    /// At equal ratios.
    Ratio,
}

/// Where samples lie.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Within this stretch of the domain, of which `lo` and `hi` are used.
    pub stretch: Stretch,
    /// How sample points lie.
    pub spacing: Spacing,
    /// Columns.
    pub columns: usize,
    /// Steps between samples in a column.
    pub steps: usize,
}

impl Curve {
    /// Prepares the error that the target claim is about.
    ///
    /// # Errors
    /// In words, why there is no such curve: the target follows from a claim that is no function of
    /// one variable, the composite is too large, or its values cannot be resolved.
    pub fn new(checked: &Checked) -> Result<Self> {
        let mut curve = Self {
            branches: Vec::new(),
            claimed: Claimed::new(checked)?,
        };
        let composite = composite(checked)?;
        let mut precision = FIRST_PRECISION;
        loop {
            let reach = Float::with_val_round(precision, curve.claimed.reach(), Round::Up).0;
            let branches = composite.branches.iter();
            let branches: Result<Vec<Branch>> = branches
                .map(|b| Branch::new(b, &reach, precision))
                .collect();
            match branches {
                Ok(branches) => {
                    curve.branches = branches;
                    if curve.is_resolved() {
                        return Ok(curve);
                    }
                }
                Err(e) if precision >= LAST_PRECISION => return Err(e),
                Err(_) => {}
            }
            if precision >= LAST_PRECISION {
                let detail = format!("its values are not known well at {precision} bits");
                return Err(ErrorKind::NotConverged(detail).into());
            }
            precision *= 2;
        }
    }

    /// Whether p is odd, so that x and -x have the same error.
    pub fn is_odd(&self) -> bool {
        self.branches.len() == 1
    }

    /// The stretches of the domain; the two sides of an odd composite are one.
    pub fn stretches(&self) -> Vec<Stretch> {
        self.claimed.stretches(self.is_odd())
    }

    /// Working precision in bits.
    pub fn precision(&self) -> u32 {
        self.branches.first().map_or(0, |b| b.prec)
    }

    /// Samples a window column by column; neighbours share a point.
    ///
    /// # Errors
    /// A value that is not known well enough.
    pub fn columns(&self, w: &Window) -> Result<Vec<Column>> {
        let n = w.columns * w.steps;
        let samples: Result<Vec<_>> = (0..=n).map(|i| self.sample(w, i, n)).collect();
        let samples = samples?;
        let scale = self.claimed.scale.to_f64();
        let column = |c: usize| {
            let part = &samples[c * w.steps..=(c + 1) * w.steps];
            let mut all = part.iter().map(|(_, e)| e.clone());
            let first = all.next().unwrap_or_else(|| Float::new(64));
            let (min, max) = all.fold((first.clone(), first), |(min, max), e| {
                (
                    crate::arith::mp::min(min, e.clone()),
                    crate::arith::mp::max(max, e),
                )
            });
            Column {
                x: (part[0].0 * scale, part[w.steps].0 * scale),
                measure_min: min,
                measure_max: max,
            }
        };
        Ok((0..w.columns).map(column).collect())
    }

    /// A width for which the stretch before `to` holds few oscillations, so that each is seen.
    ///
    /// # Errors
    /// A value that is not known well enough.
    pub fn width_of_a_few_oscillations(&self, stretch: Stretch) -> Result<f64> {
        const SAMPLES: usize = 96;
        const FEW: usize = 12;
        let hi = stretch.hi;
        let mut width = hi - stretch.lo;
        for _ in 0..60 {
            let w = Window {
                stretch: Stretch {
                    lo: hi - width,
                    ..stretch
                },
                spacing: Spacing::Even,
                columns: SAMPLES,
                steps: 1,
            };
            let samples: Result<Vec<_>> =
                (0..=SAMPLES).map(|i| self.sample(&w, i, SAMPLES)).collect();
            let samples = samples?;
            let turns = samples
                .windows(3)
                .filter(|s| s[1].1 < s[0].1 && s[1].1 < s[2].1);
            if turns.count() <= FEW || width < hi * 1e-12 {
                break;
            }
            width /= 2.0;
        }
        Ok(width)
    }

    fn sample(&self, w: &Window, i: usize, n: usize) -> Result<(f64, Float)> {
        let part = i as f64 / n as f64;
        let Stretch { lo, hi, .. } = w.stretch;
        let y = match w.spacing {
            Spacing::Even => lo + (hi - lo) * part,
            Spacing::Ratio => {
                // lo (hi/lo)^part, correctly rounded at 64 bits.
                let ratio = Float::with_val(64, hi) / lo;
                (Float::with_val(64, ratio.log2() * part).exp2() * lo).to_f64()
            }
        };
        let y = y.clamp(lo, hi);
        let error = self.error(&w.stretch, y)?;
        if !self.is_known(&error) {
            let detail = format!("the error at |x| = {y:e} is not known well");
            return Err(ErrorKind::NotConverged(detail).into());
        }
        Ok((y, error.ball().0.abs()))
    }

    /// Whether an error is known to 2^-20 of the bound.
    fn is_known(&self, error: &Mp) -> bool {
        let limit = Float::with_val(64, &self.claimed.bound_hi) >> RESOLUTION_BITS;
        Float::with_val(64, &error.hi - &error.lo) <= limit
    }

    /// The error at a point of a stretch, as an interval in the target's units.
    fn error(&self, stretch: &Stretch, y: f64) -> Result<Mp> {
        let branch = &self.branches[stretch.branch];
        let prec = branch.prec;
        let q = |x: &Rational| Mp::from_rational(prec, x);
        let y = Mp::exact(&Float::with_val(prec, y));
        let gap =
            |branch: &Branch, y: &Mp| -> Result<Mp> { Ok(Mp::int(prec, 1).minus(&branch.at(y)?)) };
        // ReLU(d) - r(d) for the composite's d, of either sign.
        let deviation = |d: Mp| -> Result<Mp> {
            let (y, side) = match d.sign() {
                Some(Ordering::Less) => (d.negated(), self.branches.len() - 1),
                _ => (d, 0),
            };
            // Where the sign is not known, y is as good as 0.
            let y = Mp::new(y.lo.max(&Float::new(prec)), y.hi);
            Ok(gap(&self.branches[side], &y)?.times(&y).half())
        };
        let own = match &self.claimed.quantity {
            Quantity::Deviation => gap(branch, &y)?.times(&y).half(),
            Quantity::Closeness => gap(branch, &y)?,
            Quantity::Clip {
                scale,
                lower,
                upper,
            } => {
                let over = q(&Rational::from(scale.recip_ref()));
                let at = |end: &Rational| deviation(y.clone().minus(&q(end)).times(&over));
                at(lower)?.minus(&at(upper)?).times(&q(scale))
            }
            Quantity::Lines(lines) => {
                let line = &lines[stretch.line];
                // p(x) = s q(|x|), x = s |x|.
                let (value, x) = (branch.at(&y)?, y);
                let (value, x) = if stretch.negative {
                    (value.negated(), x.negated())
                } else {
                    (value, x)
                };
                value
                    .minus(&q(&line.slope).times(&x))
                    .minus(&q(&line.intercept))
            }
        };
        Ok(own.times(&q(&self.claimed.factor)))
    }

    /// Whether probes over the domain are known well enough.
    fn is_resolved(&self) -> bool {
        const PROBES: u32 = 64;
        self.stretches().iter().all(|stretch| {
            let (from, end) = (stretch.lo, stretch.hi);
            let known = |y: f64| self.error(stretch, y).is_ok_and(|e| self.is_known(&e));
            (0..=PROBES).all(|i| {
                let even = from + (end - from) * (f64::from(i) / f64::from(PROBES));
                let near = end / (1u64 << (i / 2)) as f64;
                known(even.min(end)) && (near < from || near > end || known(near))
            })
        })
    }
}

/// The composite that the checker proved its statements about.
fn composite(checked: &Checked) -> Result<Composite> {
    let stages = checked.report().components();
    let degrees: usize = stages.iter().map(Vec::len).sum();
    if degrees > MAX_DEGREES {
        let detail =
            format!("{degrees} coefficients are too many to sample, the limit is {MAX_DEGREES}");
        return Err(Error::unsupported(detail));
    }
    let exact = |c: &_| -> Result<Rational> {
        let text = format!("{c}");
        let read = Rational::from_str_radix(&text, 10);
        read.map_err(|e| Error::parse("coefficients", e.to_string()))
    };
    let stages: Result<Vec<Vec<Rational>>> = stages
        .iter()
        .map(|s| s.iter().map(exact).collect())
        .collect();
    Ok(Composite::from_stages(stages?))
}
