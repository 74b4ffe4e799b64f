//! Rules R1 and R2: monotone pieces of a polynomial, and the image of an interval.

use crate::core::bernstein::sign_changes;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::horner::FixedPoly;
use crate::core::polynomial::Polynomial;
use num_bigint::BigInt;

/// One segment of a hint: its ends, and the boxes that are said to hold the critical points.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) lo: BigInt,
    pub(crate) hi: BigInt,
    pub(crate) boxes: Vec<(BigInt, BigInt)>,
}

/// A box, or the gap between two segments, with an enclosure of G over it.
#[derive(Debug)]
struct Enclosed {
    u: BigInt,
    v: BigInt,
    image: Interval,
}

/// Proved pieces of a polynomial G: between consecutive boxes G is monotone.
#[derive(Debug)]
pub(crate) struct Pieces {
    lo: BigInt,
    hi: BigInt,
    /// In order: both ends never decrease.
    boxes: Vec<Enclosed>,
}

const R1: Rule = Rule::Pieces;

impl Pieces {
    /// R1: confirms a hint about G, where `slope` is G' exactly.
    ///
    /// # Errors
    /// A rejection if a condition of R1 is not met.
    pub(crate) fn prove(
        segments: &[Segment],
        g: &FixedPoly,
        slope: &Polynomial,
        fixed: &Fixed,
    ) -> Checked<Self> {
        let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
            return Err(Fault::rejected(R1, "there is no segment"));
        };
        let dg = FixedPoly::new(slope, fixed)?;
        let mut boxes: Vec<Enclosed> = Vec::new();
        let mut previous: Option<&BigInt> = None;
        for (i, segment) in segments.iter().enumerate() {
            if let Some(end) = previous {
                if *end > segment.lo {
                    return fail(i, "begins before the one before it ends");
                }
                boxes.push(enclose(end, &segment.lo, g, &dg, fixed)?);
            }
            check_order(i, segment)?;
            let changes = sign_changes(
                &slope.numerators,
                &segment.lo,
                &segment.hi,
                fixed.precision,
                &fixed.budget,
            )?;
            if changes != segment.boxes.len() {
                let n = segment.boxes.len();
                return fail(i, &format!("has {n} boxes for {changes} sign changes"));
            }
            for (j, (u, v)) in segment.boxes.iter().enumerate() {
                let signs = (dg.at(u, fixed)?.sign(), dg.at(v, fixed)?.sign());
                let opposite = matches!(signs, (Some(a), Some(b)) if a != b);
                if !opposite {
                    let text =
                        format!("box {j}: the slope has no proved opposite signs at its ends");
                    return fail(i, &text);
                }
                boxes.push(enclose(u, v, g, &dg, fixed)?);
            }
            previous = Some(&segment.hi);
        }
        Ok(Self {
            lo: first.lo.clone(),
            hi: last.hi.clone(),
            boxes,
        })
    }

    /// The ends of the domain.
    pub(crate) fn domain(&self) -> (&BigInt, &BigInt) {
        (&self.lo, &self.hi)
    }

    /// Boxes and gaps that meet y and whose enclosures are not within the limit.
    pub(crate) fn beyond<'a>(
        &'a self,
        y: &'a Interval,
        limit: &'a BigInt,
    ) -> impl Iterator<Item = (&'a BigInt, &'a BigInt)> {
        let met = self.boxes.iter().filter(|b| b.v >= y.lo && b.u <= y.hi);
        met.filter(move |b| b.image.mag() > *limit)
            .map(|b| (&b.u, &b.v))
    }

    /// R2: encloses G([y.lo, y.hi]).
    ///
    /// # Errors
    /// A rejection if the interval is not inside the domain.
    pub(crate) fn image(&self, y: &Interval, g: &FixedPoly, fixed: &Fixed) -> Checked<Interval> {
        if !y.inside(&self.lo, &self.hi) {
            return Err(Fault::rejected(
                Rule::Image,
                "an interval is not inside the domain of the pieces",
            ));
        }
        let mut image = g.at(&y.lo, fixed)?;
        if y.lo == y.hi {
            return Ok(image);
        }
        image.hull(&g.at(&y.hi, fixed)?);
        let first = self.boxes.partition_point(|b| b.v < y.lo);
        for b in self.boxes.iter().skip(first).take_while(|b| b.u <= y.hi) {
            fixed.budget.charge(30)?;
            image.hull(&b.image);
        }
        Ok(image)
    }
}

fn fail<T>(segment: usize, what: &str) -> Checked<T> {
    Err(Fault::rejected(R1, format!("segment {segment} {what}")))
}

/// lo <= u_1 < v_1 <= u_2 < ... < v_n <= hi, and lo < hi.
fn check_order(i: usize, segment: &Segment) -> Checked<()> {
    if segment.lo >= segment.hi {
        return fail(i, "is empty: its lo is not below its hi");
    }
    let mut reached = &segment.lo;
    for (j, (u, v)) in segment.boxes.iter().enumerate() {
        if u < reached || u >= v || *v > segment.hi {
            return fail(
                i,
                &format!("box {j} is out of order or outside the segment"),
            );
        }
        reached = v;
    }
    Ok(())
}

/// The mean value enclosure of G over [u, v], u <= v: G(m) + [-r, r] G'([u, v]).
///
/// Both ends are even multiples of 2^-precision (hint numbers), so that m and r are exact.
fn enclose(
    u: &BigInt,
    v: &BigInt,
    g: &FixedPoly,
    dg: &FixedPoly,
    fixed: &Fixed,
) -> Checked<Enclosed> {
    let sum: BigInt = u + v;
    let difference: BigInt = v - u;
    if sum.bit(0) || difference.bit(0) {
        return Err(Fault::internal("an odd hint number"));
    }
    let mut image = g.at(&(sum >> 1), fixed)?;
    let radius = difference >> 1;
    if u != v {
        let slope = dg.on(&Interval::new(u.clone(), v.clone()), fixed)?;
        let reach = fixed.mul_up(&radius, &slope.mag())?;
        image.lo -= &reach;
        image.hi += &reach;
    }
    Ok(Enclosed {
        u: u.clone(),
        v: v.clone(),
        image,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::core::number::Rational;

    const P: u64 = 64;

    fn fixed() -> Fixed {
        Fixed {
            precision: P,
            budget: Budget::new(),
        }
    }

    /// n/64 at the working precision.
    fn at(n: i64) -> BigInt {
        BigInt::from(n) << (P - 6)
    }

    fn segment(lo: i64, hi: i64, boxes: &[(i64, i64)]) -> Segment {
        Segment {
            lo: at(lo),
            hi: at(hi),
            boxes: boxes.iter().map(|(u, v)| (at(*u), at(*v))).collect(),
        }
    }

    /// (3 y - y^3)/2, critical points at -1 and 1; its image of [0, 1.5] is [-0, 1].
    fn cubic() -> Polynomial {
        let c = [0, 3, 0, -1].map(|n| Rational::raw(n.into(), 2.into()));
        let one = Rational::integer(1);
        Polynomial::from_basis(&c, false, &one, &Rational::integer(0), &Budget::new()).unwrap()
    }

    fn prove(segments: &[Segment]) -> Checked<(FixedPoly, Pieces, Fixed)> {
        let fixed = fixed();
        let p = cubic();
        let g = FixedPoly::new(&p, &fixed)?;
        let pieces = Pieces::prove(segments, &g, &p.derivative(), &fixed)?;
        Ok((g, pieces, fixed))
    }

    fn detail(segments: &[Segment]) -> String {
        match prove(segments) {
            Err(Fault::Rejected { detail, .. }) => detail,
            other => panic!("{:?}", other.map(|_| ())),
        }
    }

    /// Hints of every kind; random intervals and random exact points inside.
    #[test]
    fn images_hold_the_exact_values() {
        let hints = [
            vec![segment(-96, 128, &[(-65, -63), (60, 70)])],
            vec![segment(-96, 0, &[(-70, -60)]), segment(0, 128, &[(63, 65)])],
            vec![
                segment(-96, -65, &[]),
                segment(-63, 63, &[]),
                segment(66, 128, &[]),
            ],
            // A critical point on a common end: the gap is a single point, and still counts.
            vec![
                segment(-96, -64, &[]),
                segment(-64, 64, &[]),
                segment(64, 128, &[]),
            ],
        ];
        let mut seed = 5_u64;
        let mut random = |n: u64| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            ((seed >> 33) % n) as i64
        };
        for hint in hints {
            let (g, pieces, fixed) = prove(&hint).unwrap();
            for _ in 0..300 {
                let lo = random(225) - 96;
                let hi = (lo + random(60)).min(128);
                let image = pieces
                    .image(&Interval::new(at(lo), at(hi)), &g, &fixed)
                    .unwrap();
                for k in 0..=16 {
                    let y = Rational::dyadic((lo * (16 - k) + hi * k).into(), 10);
                    let cube = y.times(&y).times(&y).negated();
                    let value = Rational::integer(3).times(&y).plus(&cube);
                    assert!(Rational::dyadic(image.lo.clone(), P - 1) <= value);
                    assert!(value <= Rational::dyadic(image.hi.clone(), P - 1));
                }
            }
        }
    }

    #[test]
    fn the_image_is_tight() {
        let (g, pieces, fixed) = prove(&[segment(0, 96, &[(63, 65)])]).unwrap();
        let image = pieces
            .image(&Interval::new(at(0), at(96)), &g, &fixed)
            .unwrap();
        assert!(image.lo <= BigInt::from(0) && image.lo > at(-1));
        assert!(image.hi >= at(64) && image.hi < at(65));
    }

    #[test]
    fn every_condition_is_needed() {
        assert!(detail(&[segment(0, 96, &[])]).contains("0 boxes for 1 sign changes"));
        assert!(detail(&[segment(0, 96, &[(70, 80)])]).contains("no proved opposite signs"));
        assert!(detail(&[segment(0, 96, &[(64, 80)])]).contains("no proved opposite signs"));
        assert!(detail(&[segment(0, 96, &[(63, 97)])]).contains("outside the segment"));
        assert!(detail(&[segment(0, 96, &[(65, 63)])]).contains("out of order"));
        assert!(detail(&[segment(5, 5, &[])]).contains("not below its hi"));
        assert!(
            detail(&[segment(0, 9, &[]), segment(8, 10, &[])]).contains("before the one before")
        );
        assert!(detail(&[]).contains("no segment"));
        let (g, pieces, fixed) = prove(&[segment(0, 96, &[(63, 65)])]).unwrap();
        let outside = |lo, hi| pieces.image(&Interval::new(lo, hi), &g, &fixed).is_err();
        assert!(outside(at(0) - 1, at(96)) && outside(at(0), at(96) + 1));
    }

    #[test]
    fn constants_have_no_critical_points() {
        let fixed = fixed();
        let p = Polynomial {
            numerators: vec![7.into()],
            denominator: 1.into(),
        };
        let g = FixedPoly::new(&p, &fixed).unwrap();
        let pieces = Pieces::prove(&[segment(-5, 5, &[])], &g, &p.derivative(), &fixed).unwrap();
        let image = pieces
            .image(&Interval::new(at(-5), at(5)), &g, &fixed)
            .unwrap();
        assert_eq!(image, Interval::point(&(BigInt::from(7) << P)));
    }
}
