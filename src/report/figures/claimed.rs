//! The error that a certificate bounds, as a function of one variable: what a curve of it is drawn from.

use crate::arith::number::{f64_above, f64_below};
use crate::certificate::checked::Checked;
use crate::certificate::read::{number, Certificate, Claim, Part, Target};
use crate::error::{Error, Result};
use rug::Rational;

/// What the error is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quantity {
    /// |x| |1 - q(|x|)|/2 = |r(x) - ReLU(x)|.
    Deviation,
    /// |1 - q(|x|)| = |p(x) - sign(x)|.
    Closeness,
    /// |lower + B r((x - lower)/B) - B r((x - upper)/B) - clip(x, lower, upper)|.
    Clip {
        /// B.
        scale: Rational,
        /// Lower end of the clip.
        lower: Rational,
        /// Upper end of the clip.
        upper: Rational,
    },
    /// |p(x) - line(x)|, stretch by stretch.
    Lines(Vec<Line>),
}

impl Quantity {
    /// Whether x and -x have the same error where p is odd.
    pub fn is_even(&self) -> bool {
        matches!(self, Self::Deviation | Self::Closeness)
    }
}

/// slope x + intercept on [from, to].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Least x.
    pub from: Rational,
    /// Greatest x.
    pub to: Rational,
    /// Slope.
    pub slope: Rational,
    /// Value at 0.
    pub intercept: Rational,
}

/// A stretch of the composite's domain on one side: |x| in [lo, hi]; of a clip x itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// 0; 1 for x < 0 where p is not odd.
    pub branch: usize,
    /// Whether x = -|x|.
    pub negative: bool,
    /// Index of the line.
    pub line: usize,
    /// Its beginning.
    pub lo: f64,
    /// Its end.
    pub hi: f64,
}

/// The error of a certificate's target in its own units, and what is proved of it.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// What the error is.
    pub quantity: Quantity,
    /// B: the input is B times the composite's.
    pub scale: Rational,
    /// The error is this factor times that of the composite.
    pub factor: Rational,
    /// Proved bound over the domain, in the target's units.
    pub bound_hi: Rational,
    /// Where the error is proved to be at least this, in the target's units: x, error.
    pub bound_witness: (Rational, Rational),
    /// |r - ReLU| <= tau |x| from |x| = zone is proved: (tau, zone), of the composite.
    pub envelope: Option<(Rational, Rational)>,
    /// Least and greatest |x| of the composite, or x of a clip.
    domain: (Rational, Rational),
}

impl Claimed {
    /// Reads the claim about one variable that the target follows from.
    ///
    /// # Errors
    /// A target that follows from no such claim, or numbers that a plot cannot hold.
    pub fn new(checked: &Checked) -> Result<Self> {
        let document = checked.document();
        let target = document.target()?;
        let (scale, factor) = units(target)?;
        let (quantity, domain, hi, witness) = match cited(document, target)? {
            Claim::Deviation(c) => {
                let domain = (Rational::new(), number(&c.to, "to")?);
                (Quantity::Deviation, domain, &c.hi, &c.witness)
            }
            Claim::Closeness(c) => {
                let domain = (number(&c.from, "from")?, number(&c.to, "to")?);
                (Quantity::Closeness, domain, &c.hi, &c.witness)
            }
            Claim::Clip(c) => {
                let quantity = Quantity::Clip {
                    scale: number(&c.scale, "scale")?,
                    lower: number(&c.lower, "lower")?,
                    upper: number(&c.upper, "upper")?,
                };
                let domain = (number(&c.from, "from")?, number(&c.to, "to")?);
                (quantity, domain, &c.hi, &c.witness)
            }
            Claim::Lines(c) => {
                let lines: Vec<Line> = c.parts.iter().map(line).collect::<Result<_>>()?;
                let ends = lines
                    .iter()
                    .flat_map(|l| [l.from.clone().abs(), l.to.clone().abs()]);
                let reach = ends.max().unwrap_or_default();
                let domain = (Rational::new(), reach);
                (Quantity::Lines(lines), domain, &c.hi, &c.witness)
            }
            other => {
                let detail = format!(
                    "the target follows from a claim {:?}, which is not drawn",
                    other.rule()
                );
                return Err(Error::unsupported(detail));
            }
        };
        let envelope = document
            .closeness()
            .map(|c| -> Result<_> { Ok((number(&c.hi, "hi")? / 2u32, number(&c.from, "from")?)) });
        let claimed = Self {
            quantity,
            bound_hi: number(hi, "hi")? * &factor,
            bound_witness: (
                number(&witness.x, "x")? * &scale,
                number(&witness.lo, "lo")? * &factor,
            ),
            envelope: envelope.transpose()?,
            scale,
            factor,
            domain,
        };
        claimed.check_sizes()?;
        Ok(claimed)
    }

    /// Greatest |x| that the composite is evaluated at.
    pub fn reach(&self) -> Rational {
        let (from, to) = &self.domain;
        match &self.quantity {
            Quantity::Clip {
                scale,
                lower,
                upper,
            } => {
                let left = Rational::from(upper - from).abs();
                let right = Rational::from(to - lower).abs();
                left.max(right) / scale
            }
            _ => to.clone(),
        }
    }

    /// The stretches of the domain; the two sides of an odd composite are one where x and -x have the
    /// same error.
    pub fn stretches(&self, odd: bool) -> Vec<Stretch> {
        let other = usize::from(!odd);
        let stretch = |negative: bool, line: usize, lo: &Rational, hi: &Rational| Stretch {
            branch: if negative { other } else { 0 },
            negative,
            line,
            lo: f64_above(lo),
            hi: f64_below(hi),
        };
        let zero = Rational::new();
        let (from, to) = &self.domain;
        let mut all = Vec::new();
        match &self.quantity {
            Quantity::Clip { .. } => all.push(stretch(false, 0, from, to)),
            Quantity::Lines(lines) => {
                for (i, l) in lines.iter().enumerate() {
                    if l.from < 0u32 {
                        let near = Rational::from(-&l.to).max(zero.clone());
                        all.push(stretch(true, i, &near, &Rational::from(-&l.from)));
                    }
                    if l.to > 0u32 {
                        let near = l.from.clone().max(zero.clone());
                        all.push(stretch(false, i, &near, &l.to));
                    }
                }
            }
            _ => {
                all.push(stretch(false, 0, from, to));
                if !odd {
                    all.push(stretch(true, 0, from, to));
                }
            }
        }
        all.retain(|s| s.lo < s.hi);
        all
    }

    /// What is proved of the error for |x| between two values in the units of the input: the bound,
    /// or the envelope where that is lower.
    pub fn bound_between(&self, (from, to): (f64, f64)) -> Rational {
        // The ends were rounded when they were scaled: a little to the safe side.
        const SAFE: f64 = 1e-12;
        let (from, to) = (from * (1.0 - SAFE), to * (1.0 + SAFE));
        let exact = |x: f64| Rational::from_f64(x).unwrap_or_default();
        let bound = self.bound_hi.clone();
        let envelope = self.envelope.as_ref().filter(|(_, zone)| {
            self.quantity == Quantity::Deviation
                && exact(from) >= Rational::from(zone * &self.scale)
        });
        envelope.map_or(bound.clone(), |(tau, _)| {
            let here = Rational::from(tau * &self.factor) / &self.scale * exact(to);
            bound.min(here)
        })
    }

    /// Numbers that a plot can hold.
    fn check_sizes(&self) -> Result<()> {
        const LIMIT: f64 = 1e100;
        let fits = |x: &Rational| (1.0 / LIMIT..LIMIT).contains(&x.to_f64().abs());
        let (from, to) = &self.domain;
        let reach = self.reach();
        let ends = [from, to].into_iter().all(|x| x.is_zero() || fits(x));
        let all = [&self.scale, &self.factor, &reach, &self.bound_hi];
        if ends && all.into_iter().all(fits) {
            return Ok(());
        }
        Err(Error::unsupported(format!(
            "numbers beyond {LIMIT:e}, or a bound or factor of 0, are not drawn"
        )))
    }
}

fn line(part: &Part) -> Result<Line> {
    Ok(Line {
        from: number(&part.from, "from")?,
        to: number(&part.to, "to")?,
        slope: number(&part.slope, "slope")?,
        intercept: number(&part.intercept, "intercept")?,
    })
}

/// The claim about one variable behind the target.
fn cited<'a>(document: &'a Certificate, target: &Target) -> Result<&'a Claim> {
    let claim = match document.cited(&target.cites) {
        // A pool follows from a deviation.
        Some(Claim::Pool(pool)) => document.cited(&pool.cites),
        other => other,
    };
    claim.ok_or_else(|| Error::unsupported("the target follows from no claim that is drawn"))
}

/// B and the factor of section 4 of the format. What is not known there is drawn as the composite's own.
fn units(target: &Target) -> Result<(Rational, Rational)> {
    let one = || Rational::from(1);
    let field = |text: &Option<String>, name| number(text.as_deref().unwrap_or(""), name);
    let scale = || field(&target.scale, "scale");
    Ok(match target.function.as_str() {
        "sign" => (scale()?, one()),
        "step" => (scale()?, Rational::from((1, 2))),
        "relu" | "max" => (scale()?, scale()?),
        "abs" => (scale()?, scale()? * 2u32),
        "leaky_relu" => {
            let slope = one() - field(&target.slope, "slope")?;
            (scale()?, scale()? * slope.abs())
        }
        _ => (one(), one()),
    })
}
