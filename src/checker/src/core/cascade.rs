//! Rules R3 and R4: a branch of the composite over an interval, and at a number [y, y].

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::horner::FixedPoly;
use crate::core::pieces::{Pieces, Segment};
use crate::core::polynomial::Polynomial;

/// The hints for one stage.
#[derive(Debug)]
pub(crate) struct StageHint {
    pub(crate) value: Vec<Segment>,
    pub(crate) slope: Option<Vec<Segment>>,
}

/// F_i with proved pieces of F_i and, if the certificate has them, of F_i'.
#[derive(Debug)]
struct ProvedStage {
    f: FixedPoly,
    df: FixedPoly,
    value: Pieces,
    slope: Option<Pieces>,
}

/// Which x a branch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Both,
    Positive,
    Negative,
}

impl Side {
    /// The name in the format.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Positive => "positive",
            Self::Negative => "negative",
        }
    }
}

/// The function q(y) = s p(s y), y >= 0, of one side s, or of both if p is odd.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) side: Side,
    stages: Vec<ProvedStage>,
}

impl Branch {
    /// Confirms the hints of a branch by R1; there is one for each polynomial.
    ///
    /// # Errors
    /// A rejection if R1 fails for one of them.
    pub(crate) fn prove(
        side: Side,
        polynomials: &[Polynomial],
        hints: &[StageHint],
        fixed: &Fixed,
    ) -> Checked<Self> {
        if polynomials.len() != hints.len() {
            return Err(Fault::internal("stages"));
        }
        let mut stages = Vec::with_capacity(hints.len());
        for (i, (p, hint)) in polynomials.iter().zip(hints).enumerate() {
            let exact = p.seen_from(side == Side::Negative);
            let slope = exact.derivative();
            let f = FixedPoly::new(&exact, fixed)?;
            let df = FixedPoly::new(&slope, fixed)?;
            let name = |what| move |fault| place(fault, side, i, what);
            let value =
                Pieces::prove(&hint.value, &f, &slope, fixed).map_err(name("value pieces"))?;
            let slope = match &hint.slope {
                Some(segments) => Some(
                    Pieces::prove(segments, &df, &slope.derivative(), fixed)
                        .map_err(name("slope pieces"))?,
                ),
                None => None,
            };
            stages.push(ProvedStage {
                f,
                df,
                value,
                slope,
            });
        }
        Ok(Self { side, stages })
    }

    /// R3: encloses the image of every stage, for y in the interval.
    pub(crate) fn images(&self, y: &Interval, fixed: &Fixed) -> Checked<Vec<Interval>> {
        let mut images: Vec<Interval> = Vec::with_capacity(self.stages.len());
        for (i, stage) in self.stages.iter().enumerate() {
            let input = images.last().unwrap_or(y);
            let image = stage.value.image(input, &stage.f, fixed);
            images.push(image.map_err(|fault| place(fault, self.side, i, "value pieces"))?);
        }
        Ok(images)
    }

    /// F_i' of one stage, and its proved pieces.
    pub(crate) fn slope(&self, i: usize) -> Checked<(&FixedPoly, &Pieces)> {
        let stage = self.stages.get(i);
        let slope = stage.and_then(|s| Some((&s.df, s.slope.as_ref()?)));
        slope.ok_or_else(|| {
            let fault = Fault::rejected(Rule::Cascade, "there are none");
            place(fault, self.side, i, "slope pieces")
        })
    }

    /// R3: encloses q over the interval.
    pub(crate) fn on(&self, y: &Interval, fixed: &Fixed) -> Checked<Interval> {
        let last = self.images(y, fixed)?.pop();
        last.ok_or_else(|| Fault::internal("no stage"))
    }

    /// R3 and the slope cascade: encloses q and q' over the interval.
    pub(crate) fn with_slope_on(
        &self,
        y: &Interval,
        fixed: &Fixed,
    ) -> Checked<(Interval, Interval)> {
        let mut images = self.images(y, fixed)?;
        let mut product = Interval::point(&fixed.one());
        let inputs = std::iter::once(y).chain(&images);
        for (i, input) in (0..self.stages.len()).zip(inputs) {
            let (df, pieces) = self.slope(i)?;
            let slope = pieces.image(input, df, fixed);
            let slope = slope.map_err(|fault| place(fault, self.side, i, "slope pieces"))?;
            product = fixed.mul(&product, &slope)?;
        }
        let last = images.pop();
        Ok((last.ok_or_else(|| Fault::internal("no stage"))?, product))
    }
}

/// Says where a shared rule failed.
fn place(fault: Fault, side: Side, stage: usize, what: &str) -> Fault {
    fault.inside(&format!("branch {}, stage {stage}, {what}", side.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::core::number::Rational;
    use num_bigint::BigInt;

    const P: u64 = 80;

    /// n/64 at the working precision.
    fn at(n: i64) -> BigInt {
        BigInt::from(n) << (P - 6)
    }

    fn polynomial(c: &[i64]) -> Polynomial {
        let c: Vec<_> = c
            .iter()
            .map(|n| Rational::raw((*n).into(), 2.into()))
            .collect();
        let one = Rational::integer(1);
        Polynomial::from_basis(&c, false, &one, &Rational::integer(0), &Budget::new()).unwrap()
    }

    fn exact(p: &Polynomial, y: &Rational) -> Rational {
        let zero = Rational::integer(0);
        p.coefficients()
            .iter()
            .rev()
            .fold(zero, |sum, c| sum.times(y).plus(c))
    }

    fn contains(x: &Interval, value: &Rational) -> bool {
        Rational::dyadic(x.lo.clone(), P) <= *value && *value <= Rational::dyadic(x.hi.clone(), P)
    }

    /// Two stages that are not odd, (1 + 6y + 2y^2 - 2y^3)/2 and (3y - y^3)/2, seen from both sides: all
    /// four enclosures against s p(s y) and p'(s y) in exact rationals.
    #[test]
    fn the_cascade_holds_exact_values_on_both_sides() {
        let fixed = Fixed {
            precision: P,
            budget: Budget::new(),
        };
        let ps = [polynomial(&[1, 6, 2, -2]), polynomial(&[0, 3, 0, -1])];
        for side in [Side::Positive, Side::Negative] {
            let segment = |lo, hi, boxes: &[(i64, i64)]| Segment {
                lo: at(lo),
                hi: at(hi),
                boxes: boxes.iter().map(|(u, v)| (at(*u), at(*v))).collect(),
            };
            // F_1' = 3 +- 2y - 3y^2 has its positive root at 1.387 (88.8/64) or 0.721 (46.1/64), and the
            // critical point of F_1' is at +-1/3 (21.3/64).
            let (peak, bend) = match side {
                Side::Negative => ((45, 47), vec![]),
                _ => ((88, 90), vec![(21, 22)]),
            };
            let hints = [
                StageHint {
                    value: vec![segment(
                        0,
                        64,
                        &if peak.1 < 64 { vec![peak] } else { vec![] },
                    )],
                    slope: Some(vec![segment(0, 64, &bend)]),
                },
                StageHint {
                    value: vec![segment(-256, 256, &[(-65, -63), (63, 65)])],
                    slope: Some(vec![segment(-256, 256, &[(-2, 3)])]),
                },
            ];
            let branch = Branch::prove(side, &ps, &hints, &fixed).unwrap();
            let s = Rational::integer(if side == Side::Negative { -1 } else { 1 });
            for (lo, hi) in [
                (0, 1),
                (0, 64),
                (20, 23),
                (44, 50),
                (63, 64),
                (30, 31),
                (7, 7),
            ] {
                let y = Interval::new(at(lo), at(hi));
                let (q, dq) = branch.with_slope_on(&y, &fixed).unwrap();
                assert_eq!(branch.on(&y, &fixed).unwrap(), q);
                for k in 0..=16 {
                    let y = Rational::dyadic((lo * (16 - k) + hi * k).into(), 10);
                    let x = s.times(&y);
                    let inner = exact(&ps[0], &x);
                    let value = s.times(&exact(&ps[1], &inner));
                    let slope =
                        exact(&ps[1].derivative(), &inner).times(&exact(&ps[0].derivative(), &x));
                    assert!(contains(&q, &value) && contains(&dq, &slope));
                    let point = Interval::point(&y.floor_at(P));
                    let (q, dq) = branch.with_slope_on(&point, &fixed).unwrap();
                    assert!(contains(&q, &value) && contains(&dq, &slope));
                    assert!((&q.hi - &q.lo).bits() < 20);
                    assert_eq!(branch.on(&point, &fixed).unwrap(), q);
                }
            }
            let outside = branch.on(&Interval::new(at(0), at(65)), &fixed);
            assert!(matches!(
                outside,
                Err(Fault::Rejected {
                    rule: Rule::Image,
                    ..
                })
            ));
        }
    }
}
