//! The polynomial that stands in for ReLU, on balls.
//!
//! r(x) = x (1 + p(x/B))/2 on [-B, B], p = P_k o ... o P_1 with the exact coefficients of a table; or r = p itself on the
//! table's own domain, where its target is the function itself.
//!
//! How a stage is evaluated: [`stage`](crate::network::forward::stage); p itself of one stage, on its domain:
//! [`clenshaw`](crate::network::forward::clenshaw).

use crate::arith::ball::Ball;
use crate::arith::number::{f64_above, f64_below};
use crate::arith::rounding::CoefficientMode;
use crate::error::{Error, Result};
use crate::network::forward::clenshaw::Clenshaw;
use crate::network::forward::range::{Extreme, Range};
use crate::network::forward::stage::PairStage;
use crate::network::forward::steepness::Steepness;
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use rug::Rational;
use std::sync::Arc;

/// r(x) = x (1 + p(x/B))/2 with a table's p, or p itself; or what stays as it is.
#[derive(Debug, Clone)]
pub struct Activation {
    stages: Vec<PairStage>,
    /// The stages' exact coefficients, from degree 0.
    powers: Arc<Vec<Vec<Rational>>>,
    /// B, exactly and as an f64 that is not above it.
    scale: Rational,
    limit: f64,
    inverse: Ball,
    direct: Option<Direct>,
    /// The network's own polynomials stay.
    own: bool,
}

/// p(x) itself on [lo, hi].
#[derive(Debug, Clone)]
struct Direct {
    /// p by its Chebyshev series on the domain, where it has one stage.
    series: Option<Arc<Clenshaw>>,
    /// Exactly, and as f64 numbers that lie inside.
    domain: (Rational, Rational),
    inside: (f64, f64),
    /// p stands for a leaky ReLU, and not for ReLU.
    leaky: bool,
}

impl Activation {
    /// The activation for a composite and B > 0.
    ///
    /// # Errors
    /// B is not above 0, or a number is beyond what f64 can hold.
    pub fn new(composite: &Composite, scale: &Rational) -> Result<Self> {
        if *scale <= 0 {
            return Err(Error::domain(format!("B = {scale} is not above 0")));
        }
        let inverse = Ball::rational(&Rational::from(scale.recip_ref()));
        let limit = f64_below(scale);
        if !(inverse.is_finite() && inverse.hi > 1e-200 && limit > 1e-200) {
            return Err(Error::unsupported("B is beyond 1e-200 .. 1e200"));
        }
        let stages = composite.branches[0].stages.iter();
        let stages: Vec<PairStage> = stages
            .enumerate()
            .map(|(i, s)| {
                PairStage::new(s)
                    .map_err(|e| Error::parse(format!("components[{i}]"), e.to_string()))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            stages,
            powers: Arc::new(composite.branches[0].stages.clone()),
            scale: scale.clone(),
            limit,
            inverse,
            direct: None,
            own: false,
        })
    }

    /// The network's own polynomials stay; a domain that is stated for them is held.
    ///
    /// B, the unit of noise, is then the greatest number of the domain, or 1 if there is none.
    pub fn own(domain: Option<(&Rational, &Rational)>) -> Self {
        let direct = domain.map(|(lo, hi)| Direct {
            series: None,
            domain: (lo.clone(), hi.clone()),
            inside: (f64_above(lo), f64_below(hi)),
            leaky: false,
        });
        let one = Rational::from(1);
        let scale = domain.map(|(lo, hi)| Rational::from(-lo).max(hi.clone()));
        let inside = direct.as_ref().map(|d| d.inside.1.min(-d.inside.0));
        Self {
            stages: Vec::new(),
            powers: Arc::default(),
            scale: scale.filter(|s| *s > 0).unwrap_or(one),
            limit: inside.unwrap_or(f64::INFINITY),
            inverse: Ball::exact(1.0),
            direct,
            own: true,
        }
    }

    /// Whether the network's own polynomials stay.
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// p itself on [lo, hi], for ReLU and max, or for a leaky ReLU.
    ///
    /// # Errors
    /// A number is beyond what f64 can hold.
    pub fn direct(
        composite: &Composite,
        (lo, hi): (&Rational, &Rational),
        leaky: bool,
    ) -> Result<Self> {
        let inside = (f64_above(lo), f64_below(hi));
        let mut made = Self::new(composite, &Rational::from(1))?;
        made.limit = inside.1.min(-inside.0);
        let series = match made.powers.as_slice() {
            [one] => Clenshaw::new(one, (lo, hi)).map(Arc::new),
            _ => None,
        };
        made.direct = Some(Direct {
            series,
            domain: (lo.clone(), hi.clone()),
            inside,
            leaky,
        });
        Ok(made)
    }

    /// B; 1 where p itself is meant.
    pub fn scale(&self) -> &Rational {
        &self.scale
    }

    /// The exact coefficients of each stage, first applied first, from degree 0; and its slopes.
    pub fn stages(&self) -> impl Iterator<Item = (&[Rational], &Steepness)> {
        let powers = self.powers.iter().map(Vec::as_slice);
        powers.zip(self.stages.iter().map(PairStage::steepness))
    }

    /// Whether the other one is the same by construction.
    pub fn is_alike(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.powers, &other.powers)
            && self.scale == other.scale
            && self.direct.is_some() == other.direct.is_some()
            && self.is_leaky() == other.is_leaky()
            && self.own == other.own
    }

    /// Whether p stands for a leaky ReLU itself.
    pub fn is_leaky(&self) -> bool {
        self.direct.as_ref().is_some_and(|d| d.leaky)
    }

    /// The domain of p, where p itself is meant.
    pub fn domain(&self) -> Option<(&Rational, &Rational)> {
        self.direct.as_ref().map(|d| (&d.domain.0, &d.domain.1))
    }

    /// B, or the domain of p itself, in words.
    pub fn place(&self) -> String {
        match self.domain() {
            None if self.own => "-".to_owned(),
            None => self.scale.to_string(),
            Some((lo, hi)) => format!("[{lo}, {hi}]"),
        }
    }

    /// The same polynomial, wherever it is asked: [`Self::holds`] is true of every number.
    #[must_use]
    pub fn unlimited(&self) -> Self {
        let mut free = self.clone();
        free.limit = f64::INFINITY;
        if let Some(direct) = &mut free.direct {
            direct.inside = (f64::NEG_INFINITY, f64::INFINITY);
        }
        free
    }

    /// Upper bound of |x| that is surely where the polynomial is meant to be used.
    pub fn limit(&self) -> f64 {
        self.limit
    }

    /// The f64 numbers where the polynomial is meant to be used: the least and the greatest of them.
    fn inside(&self) -> (f64, f64) {
        let limit = (-self.limit, self.limit);
        self.direct.as_ref().map_or(limit, |d| d.inside)
    }

    /// Whether all that the polynomial is asked is surely where it is meant to be used.
    pub fn holds(&self, asked: &Range) -> bool {
        let (lo, hi) = self.inside();
        asked.least.bound_outer >= lo && asked.greatest.bound_outer <= hi
    }

    /// The end of the domain that something asked is surely beyond, if one is: the element, and a bound that it reaches.
    pub fn surely_outside(&self, asked: &Range) -> Option<Extreme> {
        // An f64 below the least one inside is below the domain's end itself.
        let (lo, hi) = self.inside();
        let above = asked.greatest.bound_inner > hi;
        let below = asked.least.bound_inner < lo;
        above
            .then_some(asked.greatest)
            .or(below.then_some(asked.least))
    }

    /// The element of what is asked that is farthest beyond an end of the domain.
    pub fn doubtful(&self, asked: &Range) -> usize {
        let (lo, hi) = self.inside();
        if asked.greatest.bound_outer - hi >= lo - asked.least.bound_outer {
            asked.greatest.neuron
        } else {
            asked.least.neuron
        }
    }

    /// p(x/B).
    fn sign(&self, x: Ball) -> Ball {
        let y = x.times(self.inverse);
        self.composed(y)
    }

    fn composed(&self, y: Ball) -> Ball {
        self.stages.iter().fold(y, |y, stage| stage.apply(y))
    }

    /// r(x).
    ///
    /// **Guarantee** the ball holds r of every number in `x`, also outside the domain (where r is of no use).
    pub fn relu(&self, x: Ball) -> Ball {
        if let Some(direct) = &self.direct {
            // Powers where they round less, as near 0 on a wide domain, and where x is not surely in the domain.
            let (powers, m) = (self.stages.first(), x.magnitude());
            let better = |series: &&Arc<Clenshaw>| {
                powers.is_none_or(|p| series.bound_rounding() < p.bound_rounding(m))
            };
            let series = direct.series.as_ref().filter(better);
            let found = series.and_then(|series| series.apply(x));
            return found.unwrap_or_else(|| self.composed(x));
        }
        x.times(Ball::exact(1.0).plus(self.sign(x)).half())
    }

    /// slope x + (1 - slope) r(x); p(x) where p is a leaky ReLU itself.
    pub fn leaky(&self, x: Ball, slope: f64) -> Ball {
        if slope == 0.0 || self.is_leaky() {
            return self.relu(x);
        }
        let slope = Ball::exact(slope);
        let rest = Ball::exact(1.0).plus(slope.negated());
        slope.times(x).plus(rest.times(self.relu(x)))
    }

    /// The maximum of a list by a tournament of max(a, b) ~ b + r(a - b): neighbours are paired in each
    /// round, an odd last one passes on. `seen` is shown every a - b.
    pub fn tournament(&self, round: &mut Vec<Ball>, seen: &mut dyn FnMut(Ball)) {
        while round.len() > 1 {
            let matched = round.chunks(2).map(|pair| match *pair {
                [a, b] => {
                    let d = a.plus(b.negated());
                    seen(d);
                    b.plus(self.relu(d))
                }
                _ => pair[0],
            });
            let next: Vec<Ball> = matched.collect();
            *round = next;
        }
    }
}

/// The twin's polynomials, and what they were made from.
#[derive(Debug, Clone)]
pub struct Twin {
    /// The tables' composites: one, or one for each activation.
    pub composites: Vec<Composite>,
    /// One for each activation.
    pub activations: Vec<Activation>,
    /// The tables.
    pub tables: Vec<Table>,
    /// SHA-256 of each table.
    pub digests: Vec<String>,
    /// How coefficients are held.
    pub coefficients: CoefficientMode,
    /// What the result depends on, as text.
    pub settings: String,
}

impl Twin {
    /// B of what tables replace, and of the network's own polynomials, each in order.
    pub fn scales(&self) -> (Vec<Rational>, Vec<Rational>) {
        let of = |own: bool| {
            let all = self.activations.iter().filter(|a| a.is_own() == own);
            all.map(|a| a.scale().clone()).collect()
        };
        (of(false), of(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::ball::up;

    fn q(n: i64, d: i64) -> Rational {
        Rational::from((n, d))
    }

    fn composite(odd: bool) -> Composite {
        let even = i64::from(!odd);
        Composite::from_stages(vec![
            vec![
                q(even, 90),
                q(17, 7),
                q(0, 1),
                q(-22, 9),
                q(even, 33),
                q(1, 1),
            ],
            vec![q(0, 1), q(3, 2), q(even, 50), q(-1, 2)],
        ])
    }

    #[test]
    fn the_ball_holds_the_exact_polynomial() {
        for odd in [true, false] {
            let c = composite(odd);
            let b = q(40, 3);
            let r = Activation::new(&c, &b).unwrap();
            for n in -50..=50i64 {
                for (width, denominator) in [(0, 1i64), (1, 1 << 50), (1, 10)] {
                    let x = Ball::rational(&q(n * 13, 49));
                    let x = Ball::new(x.mid(), up(x.radius + width as f64 / denominator as f64));
                    let y = r.relu(x);
                    let (lo, hi) = y.ends().unwrap();
                    let (from, to) = x.ends().unwrap();
                    for k in 0..=4 {
                        let point = &from + Rational::from(&to - &from) * q(k, 4);
                        let p = c.eval_exact(&Rational::from(&point / &b));
                        let exact = &point * (p + 1u32) / 2u32;
                        assert!(lo <= exact && exact <= hi, "{n} {width}/{denominator} {k}");
                    }
                    if width == 0 {
                        assert!(y.radius < 1e-28, "{y:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_direct_polynomial_is_itself_on_its_own_domain() {
        for odd in [true, false] {
            let c = composite(odd);
            let (from, to) = (q(-7, 3), q(5, 4));
            let r = Activation::direct(&c, (&from, &to), false).unwrap();
            for n in -20..=20i64 {
                for (width, denominator) in [(0, 1i64), (1, 1 << 50), (1, 10)] {
                    let x = Ball::rational(&q(n * 13, 177));
                    let x = Ball::new(x.mid(), up(x.radius + width as f64 / denominator as f64));
                    let (lo, hi) = r.relu(x).ends().unwrap();
                    let (a, b) = x.ends().unwrap();
                    for k in 0..=4 {
                        let point = &a + Rational::from(&b - &a) * q(k, 4);
                        let exact = c.eval_exact(&point);
                        assert!(lo <= exact && exact <= hi, "{n} {width}/{denominator} {k}");
                        // Beside a slope: a x + (1 - a) p(x).
                        let (lo, hi) = r.leaky(x, 0.25).ends().unwrap();
                        let exact = point.clone() / 4u32 + exact * 3u32 / 4u32;
                        assert!(lo <= exact && exact <= hi);
                    }
                }
            }
            let asked = |all: &[(f64, f64)]| {
                let ball = |&(mid, radius): &(f64, f64)| Ball::new((mid, 0.0), radius);
                Range::of(all.iter().map(ball), 0)
            };
            let exact = |all: &[f64]| {
                let all: Vec<_> = all.iter().map(|x| (*x, 0.0)).collect();
                asked(&all)
            };
            // Both ends, each its own: -2 is farther from 0 than 3/2, and inside.
            assert!(r.holds(&exact(&[-2.333, 1.25])) && !r.holds(&exact(&[-2.334, 1.0])));
            assert!(!r.holds(&exact(&[0.0, 1.26])) && !r.holds(&exact(&[0.0, f64::NAN])));
            let beyond = r.surely_outside(&exact(&[-2.0, 1.5])).unwrap();
            assert_eq!((beyond.neuron, beyond.bound_inner), (1, 1.5));
            let beyond = r.surely_outside(&exact(&[1.0, 0.0, -2.5])).unwrap();
            assert_eq!((beyond.neuron, beyond.bound_inner), (2, -2.5));
            assert_eq!(r.surely_outside(&exact(&[-2.333, 1.25])), None);
            assert_eq!(r.surely_outside(&asked(&[(1.5, 0.25)])), None);
            assert_eq!(r.surely_outside(&asked(&[(0.0, f64::INFINITY)])), None);
            let mut round = vec![Ball::exact(1.0), Ball::exact(0.25)];
            r.tournament(&mut round, &mut |d| {
                assert!(d.lower() <= 0.75 && d.upper() >= 0.75)
            });
            let (lo, hi) = round[0].ends().unwrap();
            let exact = q(1, 4) + c.eval_exact(&q(3, 4));
            assert!(round.len() == 1 && lo <= exact && exact <= hi);
            let leaky = Activation::direct(&c, (&from, &to), true).unwrap();
            let x = Ball::exact(0.5);
            assert_eq!(leaky.leaky(x, 0.25), r.relu(x));
        }
    }

    #[test]
    fn tournaments_pass_the_odd_one_on() {
        let r = Activation::new(&composite(true), &q(40, 3)).unwrap();
        let exact = |x: f64| Ball::exact(x);
        let mut round = vec![exact(1.0), exact(4.0), exact(-2.0)];
        let mut seen = Vec::new();
        r.tournament(&mut round, &mut |d| seen.push(d));
        let first = exact(4.0).plus(r.relu(exact(1.0).plus(exact(-4.0))));
        let last = exact(-2.0).plus(r.relu(first.plus(exact(2.0))));
        assert_eq!(round, [last]);
        assert_eq!(seen, [exact(1.0).plus(exact(-4.0)), first.plus(exact(2.0))]);
    }
}
