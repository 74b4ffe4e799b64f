//! The error of a certified composite at sampled points: a *measurement*, drawn beside what is proved.
//!
//! The composite is the checker's own: the polynomials that its statements are about. Every value is
//! computed in intervals at a precision that is raised until the values are known to 2^-20 of the proved
//! bound at least; between the points nothing is said. Points and values hold no rounding of the machine's library, so that
//! the same certificate gives the same bytes everywhere.

use crate::arith::mp::Mp;
use crate::error::{Error, ErrorKind, Result};
use crate::poly::{Composite, Side};
use crate::report::branch::Branch;
use crate::report::checked::{number, text, Checked};
use rug::float::Round;
use rug::{Float, Rational};
use serde_json::Value;

/// Bits of the first attempt; doubled while the values are not known well enough.
const FIRST_PRECISION: u32 = 128;
/// Bits of the last attempt.
const LAST_PRECISION: u32 = 1_024;
/// The values are known to this part of the proved bound.
const RESOLUTION_BITS: i32 = 20;
/// Largest sum of degrees that is sampled: beyond, a page would take seconds.
const MAX_DEGREES: usize = 2_000;

/// What the error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// |x| |1 - q(|x|)|/2 = |r(x) - ReLU(x)|.
    Deviation,
    /// |1 - q(|x|)| = |p(x) - sign(x)|.
    Closeness,
}

/// The error of a certificate's target in its own units, ready to be sampled.
#[derive(Debug, Clone)]
pub struct Curve {
    branches: Vec<Branch>,
    /// What the error is.
    pub quantity: Quantity,
    /// B: the input is B times the composite's.
    pub scale: Rational,
    /// The error is this factor times that of the composite.
    pub factor: Rational,
    /// The composite's domain begins here (0 for a deviation).
    pub from: Rational,
    /// The composite's domain ends here.
    pub to: Rational,
    /// Proved bound over the domain, in the target's units.
    pub bound_hi: Rational,
    /// Where the error is proved to be at least this, in the target's units: x, error.
    pub bound_witness: (Rational, Rational),
    /// The stage closest to 0 where |r - ReLU| <= tau |x| is proved: (tau, zone), of the composite.
    pub envelope: Option<(Rational, Rational)>,
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

/// A stretch of |x| on one side, of the composite, and how finely it is sampled.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Index of the branch: 0 alone where p is odd; else 0 for x > 0, 1 for x < 0.
    pub branch: usize,
    /// First |x|.
    pub lo: f64,
    /// Last |x|.
    pub hi: f64,
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
        let target = checked.claim("target").unwrap_or(&Value::Null);
        let (claim, quantity) = cited(checked, target)?;
        let (scale, factor) = units(target)?;
        let from = match quantity {
            Quantity::Deviation => Rational::new(),
            Quantity::Closeness => number(claim, "from")?,
        };
        let to = number(claim, "to")?;
        let witness = &claim["witness"];
        let envelope = checked
            .claim("closeness")
            .map(|c| -> Result<_> { Ok((number(c, "hi")? / 2u32, number(c, "from")?)) });
        let mut curve = Self {
            branches: Vec::new(),
            quantity,
            bound_hi: number(claim, "hi")? * &factor,
            bound_witness: (
                number(witness, "x")? * &scale,
                number(witness, "lo")? * &factor,
            ),
            envelope: envelope.transpose()?,
            scale,
            factor,
            from,
            to,
        };
        curve.check_sizes()?;
        let composite = composite(checked)?;
        let mut precision = FIRST_PRECISION;
        loop {
            let reach = Float::with_val_round(precision, &curve.to, Round::Up).0;
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

    /// The sides that differ, and the sign of their x.
    pub fn sides(&self) -> impl Iterator<Item = (usize, Side)> + '_ {
        self.branches.iter().enumerate().map(|(i, b)| (i, b.side))
    }

    /// Working precision in bits.
    pub fn precision(&self) -> u32 {
        self.branches.first().map_or(0, |b| b.prec)
    }

    /// The end of the domain, rounded down.
    pub fn end(&self) -> f64 {
        down(&self.to)
    }

    /// The beginning of the domain, rounded up; 0 for a deviation.
    pub fn begin(&self) -> f64 {
        Float::with_val_round(53, &self.from, Round::Up).0.to_f64()
    }

    /// What is proved of the error for |x| between two values in the units of the input: the bound,
    /// or the envelope where that is lower.
    pub fn bound_between(&self, (from, to): (f64, f64)) -> Rational {
        // The ends were rounded when they were scaled: a little to the safe side.
        const SAFE: f64 = 1e-12;
        let (from, to) = (from * (1.0 - SAFE), to * (1.0 + SAFE));
        let exact = |x: f64| Rational::from_f64(x).unwrap_or_default();
        let envelope = self.envelope.as_ref().filter(|(_, zone)| {
            self.quantity == Quantity::Deviation
                && exact(from) >= Rational::from(zone * &self.scale)
        });
        let bound = self.bound_hi.clone();
        envelope.map_or(bound.clone(), |(tau, _)| {
            let here = Rational::from(tau * &self.factor) / &self.scale * exact(to);
            bound.min(here)
        })
    }

    /// Samples a window column by column; neighbours share a point.
    ///
    /// # Errors
    /// A value that is not known well enough.
    pub fn columns(&self, w: &Window) -> Result<Vec<Column>> {
        let n = w.columns * w.steps;
        let samples: Result<Vec<_>> = (0..=n).map(|i| self.sample(w, i, n)).collect();
        let samples = samples?;
        let scale = self.scale.to_f64();
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
    pub fn width_of_a_few_oscillations(&self, branch: usize) -> Result<f64> {
        const SAMPLES: usize = 96;
        const FEW: usize = 12;
        let hi = self.end();
        let mut width = hi - self.begin();
        for _ in 0..60 {
            let w = Window {
                branch,
                lo: hi - width,
                hi,
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
        let y = match w.spacing {
            Spacing::Even => w.lo + (w.hi - w.lo) * part,
            Spacing::Ratio => {
                // lo (hi/lo)^part, correctly rounded at 64 bits.
                let ratio = Float::with_val(64, w.hi) / w.lo;
                (Float::with_val(64, ratio.log2() * part).exp2() * w.lo).to_f64()
            }
        };
        let y = y.clamp(w.lo, w.hi);
        let error = self.error(w.branch, y)?;
        if !self.is_known(&error) {
            let detail = format!("the error at |x| = {y:e} is not known well");
            return Err(ErrorKind::NotConverged(detail).into());
        }
        Ok((y, error.ball().0.abs()))
    }

    /// Whether an error is known to 2^-20 of the bound.
    fn is_known(&self, error: &Mp) -> bool {
        let limit = Float::with_val(64, &self.bound_hi) >> RESOLUTION_BITS;
        Float::with_val(64, &error.hi - &error.lo) <= limit
    }

    /// The error at |x| = y of the composite, as an interval in the target's units.
    fn error(&self, branch: usize, y: f64) -> Result<Mp> {
        let branch = &self.branches[branch];
        let y = Float::with_val(branch.prec, y);
        let gap = Mp::int(branch.prec, 1).minus(&branch.at(&y)?);
        let own = match self.quantity {
            Quantity::Deviation => gap.times(&Mp::exact(&y)).half(),
            Quantity::Closeness => gap,
        };
        Ok(own.times(&Mp::from_rational(branch.prec, &self.factor)))
    }

    /// Whether probes over the domain are known well enough.
    fn is_resolved(&self) -> bool {
        const PROBES: u32 = 64;
        let (from, end) = (self.begin(), self.end());
        let known = |branch: usize, y: f64| self.error(branch, y).is_ok_and(|e| self.is_known(&e));
        (0..self.branches.len()).all(|branch| {
            (0..=PROBES).all(|i| {
                let even = from + (end - from) * (f64::from(i) / f64::from(PROBES));
                let near = end / (1u64 << (i / 2)) as f64;
                known(branch, even.min(end)) && (near < from || known(branch, near))
            })
        })
    }

    /// Numbers that a plot can hold.
    fn check_sizes(&self) -> Result<()> {
        const LIMIT: f64 = 1e100;
        let fits = |x: &Rational| (1.0 / LIMIT..LIMIT).contains(&x.to_f64());
        let ends = self.from.is_zero() || fits(&self.from);
        let all = [&self.scale, &self.factor, &self.to, &self.bound_hi];
        if ends && all.into_iter().all(fits) {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "numbers beyond {LIMIT:e}, or a bound or factor of 0, are not drawn"
        )))
    }
}

/// The largest f64 that is not above.
fn down(x: &Rational) -> f64 {
    Float::with_val_round(53, x, Round::Down).0.to_f64()
}

/// The claim about one variable behind the target.
fn cited<'a>(checked: &'a Checked, target: &Value) -> Result<(&'a Value, Quantity)> {
    let claims = checked.document()["claims"].as_array();
    let by_index = |v: &Value| {
        let i: usize = text(v, "cites").parse().ok()?;
        claims?.get(i)
    };
    let mut claim = by_index(target);
    // A pool follows from a deviation.
    if let Some(pool) = claim.filter(|c| c["rule"] == "pool") {
        claim = by_index(pool);
    }
    let rule = claim.map_or("no claim", |c| text(c, "rule"));
    match (claim, rule) {
        (Some(claim), "deviation") => Ok((claim, Quantity::Deviation)),
        (Some(claim), "closeness") => Ok((claim, Quantity::Closeness)),
        _ => Err(Error::unsupported(format!(
            "the target follows from {rule}, which is not drawn"
        ))),
    }
}

/// B and the factor of section 4 of the format. What is not known there is drawn as the composite's own.
fn units(target: &Value) -> Result<(Rational, Rational)> {
    let one = || Rational::from(1);
    let scale = || number(target, "scale");
    Ok(match text(target, "function") {
        "sign" => (scale()?, one()),
        "step" => (scale()?, Rational::from((1, 2))),
        "relu" | "max" => (scale()?, scale()?),
        "leaky_relu" => {
            let slope: Rational = one() - number(target, "slope")?;
            (scale()?, scale()? * slope.abs())
        }
        _ => (one(), one()),
    })
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
