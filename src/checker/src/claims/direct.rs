//! The claims about p itself, over intervals of either sign: `lines` and `contraction`.
//!
//! Both expand p to one polynomial and prove pieces (R1) of an exact polynomial made from it, whose image
//! (R2) is the whole bound.

use crate::claims::exact;
use crate::claims::expand::{minus_line, quotient};

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::fixed::{Fixed, Interval};
use crate::core::horner::FixedPoly;
use crate::core::number::Rational;
use crate::core::pieces::{Pieces, Segment};
use crate::core::polynomial::Polynomial;
use crate::core::statement::Witness;

const LINES: Rule = Rule::Own("lines");
const CONTRACTION: Rule = Rule::Own("contraction");

fn fail<T>(rule: Rule, detail: impl Into<String>) -> Checked<T> {
    Err(Fault::rejected(rule, detail))
}

/// A line on an interval: one part of a piecewise linear function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Left end.
    pub from: Rational,
    /// Right end.
    pub to: Rational,
    /// The line is slope x + intercept.
    pub slope: Rational,
    /// The line is slope x + intercept.
    pub intercept: Rational,
}

impl Part {
    /// slope x + intercept.
    pub(crate) fn value(&self, x: &Rational) -> Rational {
        self.slope.times(x).plus(&self.intercept)
    }
}

/// Encloses G over [from, to], rounded outward, by R1 and R2.
fn image(
    g: &Polynomial,
    segments: &[Segment],
    from: &Rational,
    to: &Rational,
    fixed: &Fixed,
) -> Checked<Interval> {
    let over = Interval::new(from.floor_at(fixed.precision), to.ceil_at(fixed.precision));
    let values = FixedPoly::new(g, fixed)?;
    let pieces = Pieces::prove(segments, &values, &g.derivative(), fixed)?;
    pieces.image(&over, &values, fixed)
}

/// Whether |G| <= hi over [from, to], compared exactly where enclosures leave it open.
fn exactly(
    g: &Polynomial,
    segments: &[Segment],
    ends: (&Rational, &Rational),
    hi: &Rational,
    fixed: &Fixed,
) -> Checked<bool> {
    let values = FixedPoly::new(g, fixed)?;
    let pieces = Pieces::prove(segments, &values, &g.derivative(), fixed)?;
    exact::bounded(g, (segments, &pieces), ends, hi, fixed)
}

/// Proves |p(x) - (slope x + intercept)| <= hi on every part, and at least `lo` at the witness.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn lines(
    p: &Polynomial,
    parts: &[Part],
    hints: &[Vec<Segment>],
    hi: &Rational,
    witness: &Witness,
    fixed: &Fixed,
) -> Checked<()> {
    check_parts(parts)?;
    if parts.len() != hints.len() {
        return Err(Fault::internal("pieces"));
    }
    let limit = hi.floor_at(fixed.precision);
    let mut at_witness = None;
    for (i, (part, segments)) in parts.iter().zip(hints).enumerate() {
        let g = minus_line(p, &part.slope, &part.intercept, &fixed.budget)?;
        let error = image(&g, segments, &part.from, &part.to, fixed)
            .map_err(|fault| fault.inside(&format!("part {i}")))?;
        let ends = (&part.from, &part.to);
        if error.mag() > limit && !exactly(&g, segments, ends, hi, fixed)? {
            return fail(LINES, format!("part {i}: the error is not within hi"));
        }
        if part.from <= witness.x && witness.x <= part.to {
            at_witness = Some(g);
        }
    }
    let Some(g) = at_witness else {
        return fail(LINES, "the witness is in no part");
    };
    // A witness is a hint number: a multiple of 2^-precision.
    let x = witness.x.floor_at(fixed.precision);
    let error = FixedPoly::new(&g, fixed)?.at(&x, fixed)?;
    let budget = &fixed.budget;
    let at_least = |value: Rational| value.abs() >= witness.lo;
    if error.mig() < witness.lo.ceil_at(fixed.precision)
        && !at_least(exact::value(&g, &witness.x, budget)?)
    {
        let detail = "the quantity at the witness is not proved to be at least lo";
        return fail(LINES, detail);
    }
    Ok(())
}

/// Parts in order; where two touch, their lines meet: f is a function.
fn check_parts(parts: &[Part]) -> Checked<()> {
    for (i, part) in parts.iter().enumerate() {
        if part.from >= part.to {
            return fail(LINES, format!("part {i}: from is not below to"));
        }
        let Some(next) = parts.get(i + 1) else {
            continue;
        };
        if part.to > next.from {
            return fail(
                LINES,
                format!("part {i} ends beyond the beginning of the next"),
            );
        }
        if part.to == next.from && part.value(&part.to) != next.value(&part.to) {
            return fail(
                LINES,
                format!("part {i} and the next touch, and their lines do not meet"),
            );
        }
    }
    Ok(())
}

/// Proves |p(x) - at| <= hi |x - at|^order for |x - at| <= radius, with hi radius^(order-1) < 1.
///
/// # Errors
/// A rejection if a condition of the rule is not met.
pub(crate) fn contraction(
    p: &Polynomial,
    at: &Rational,
    radius: &Rational,
    order: usize,
    hint: &[Segment],
    hi: &Rational,
    fixed: &Fixed,
) -> Checked<()> {
    let mut factor = hi.clone();
    for _ in 1..order {
        fixed.budget.product(factor.bits(), radius.bits())?;
        factor = factor.times(radius);
    }
    if factor >= Rational::integer(1) {
        return fail(CONTRACTION, "hi radius^(order-1) is not below 1");
    }
    let g = quotient(p, at, order, &fixed.budget)?;
    let image = image(&g, hint, &radius.negated(), radius, fixed)?;
    if image.mag() > hi.floor_at(fixed.precision) {
        return fail(CONTRACTION, "the quotient is not within hi");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use num_bigint::BigInt;

    const P: u64 = 96;

    fn r(n: i64, d: i64) -> Rational {
        Rational::raw(n.into(), d.into())
    }

    fn at(n: i64) -> BigInt {
        BigInt::from(n) << (P - 6) // n/64
    }

    fn polynomial(c: &[Rational]) -> Polynomial {
        let one = Rational::integer(1);
        Polynomial::from_basis(c, false, &one, &r(0, 1), &Budget::new()).unwrap()
    }

    fn value(p: &Polynomial, y: &Rational) -> Rational {
        let c = p.coefficients();
        c.iter().rev().fold(r(0, 1), |sum, c| sum.times(y).plus(c))
    }

    fn fixed() -> Fixed {
        Fixed {
            precision: P,
            budget: Budget::new(),
        }
    }

    fn part(from: (i64, i64), to: (i64, i64), slope: (i64, i64), intercept: (i64, i64)) -> Part {
        Part {
            from: r(from.0, from.1),
            to: r(to.0, to.1),
            slope: r(slope.0, slope.1),
            intercept: r(intercept.0, intercept.1),
        }
    }

    /// p = x^2/2 + x/2 + 1/8 against ReLU on [-1, 1]: errors x^2/2 + x/2 + 1/8 for x < 0 (0 at -1/2, 1/8 at
    /// both ends) and x^2/2 - x/2 + 1/8: exactly 1/8 at most.
    #[test]
    fn the_bound_of_a_parabola_is_sharp_and_holds() {
        let p = polynomial(&[r(1, 8), r(1, 2), r(1, 2)]);
        let parts = [
            part((-1, 1), (0, 1), (0, 1), (0, 1)),
            part((0, 1), (1, 1), (1, 1), (0, 1)),
        ];
        let segment = |lo, hi, u, v| {
            vec![Segment {
                lo: at(lo),
                hi: at(hi),
                boxes: vec![(at(u), at(v))],
            }]
        };
        let hints = [segment(-64, 0, -33, -31), segment(0, 64, 31, 33)];
        let prove = |hi: Rational, x: Rational, lo: Rational| {
            lines(&p, &parts, &hints, &hi, &Witness { x, lo }, &fixed())
        };
        prove(r(1, 8), r(0, 1), r(1, 8)).unwrap();
        prove(r(1, 8), r(-1, 1), r(1, 8)).unwrap();
        prove(r(1, 8), r(1, 2), r(0, 1)).unwrap();
        assert!(prove(r(124, 1000), r(0, 1), r(0, 1)).is_err());
        assert!(prove(r(-1, 8), r(0, 1), r(0, 1)).is_err());
        assert!(prove(r(1, 8), r(0, 1), r(126, 1000)).is_err());
        assert!(prove(r(1, 8), r(65, 64), r(0, 1)).is_err());
        // The pieces of one part are not those of the other.
        let swapped = [segment(-64, 0, 31, 33), segment(0, 64, -33, -31)];
        let witness = Witness {
            x: r(0, 1),
            lo: r(0, 1),
        };
        assert!(lines(&p, &parts, &swapped, &r(1, 8), &witness, &fixed()).is_err());
    }

    /// 2 x^2/3 - 1/7 on [-1, 1]: 11/21 at the ends, which is not dyadic, and -1/7 at the critical point 0.
    #[test]
    fn a_maximum_that_is_rational_is_met_exactly() {
        let whole = |lo: i64, hi: i64, boxes: &[(i64, i64)]| Segment {
            lo: at(lo),
            hi: at(hi),
            boxes: boxes.iter().map(|(u, v)| (at(*u), at(*v))).collect(),
        };
        let prove =
            |p: &Polynomial, from, to, hint: Segment, hi: Rational, x: Rational, lo: Rational| {
                let parts = [part(from, to, (0, 1), (0, 1))];
                lines(p, &parts, &[vec![hint]], &hi, &Witness { x, lo }, &fixed())
            };
        let less = |x: Rational| x.plus(&Rational::raw((-1).into(), BigInt::from(1) << 400u32));
        // At an end of the domain.
        let bowl = polynomial(&[r(-1, 7), r(0, 1), r(2, 3)]);
        let hint = || whole(-64, 64, &[(-1, 1)]);
        prove(
            &bowl,
            (-1, 1),
            (1, 1),
            hint(),
            r(11, 21),
            r(1, 1),
            r(11, 21),
        )
        .unwrap();
        let short = prove(
            &bowl,
            (-1, 1),
            (1, 1),
            hint(),
            less(r(11, 21)),
            r(1, 1),
            r(0, 1),
        );
        assert!(short.is_err());
        let more = r(11, 21).plus(&less(r(0, 1)).negated());
        assert!(prove(&bowl, (-1, 1), (1, 1), hint(), r(11, 21), r(1, 1), more).is_err());
        // An end that is no dyadic number: the part alone counts, though the pieces reach further.
        prove(&bowl, (-1, 3), (2, 3), hint(), r(29, 189), r(0, 1), r(1, 7)).unwrap();
        assert!(prove(
            &bowl,
            (-1, 3),
            (2, 3),
            hint(),
            less(r(29, 189)),
            r(0, 1),
            r(0, 1)
        )
        .is_err());
        // At a rational critical point: 0, and 1/3 of -(x - 1/3)^2 + 1/7.
        prove(&bowl, (-1, 64), (1, 64), hint(), r(1, 7), r(0, 1), r(1, 7)).unwrap();
        assert!(prove(
            &bowl,
            (-1, 64),
            (1, 64),
            hint(),
            less(r(1, 7)),
            r(0, 1),
            r(0, 1)
        )
        .is_err());
        let hill = polynomial(&[r(1, 7).plus(&r(-1, 9)), r(2, 3), r(-1, 1)]);
        let hint = || whole(0, 64, &[(21, 22)]);
        prove(&hill, (1, 4), (1, 2), hint(), r(1, 7), r(1, 2), r(0, 1)).unwrap();
        assert!(prove(
            &hill,
            (1, 4),
            (1, 2),
            hint(),
            less(r(1, 7)),
            r(1, 2),
            r(0, 1)
        )
        .is_err());
        // A box at the end of the part: its critical point is outside, and does not count.
        prove(&hill, (43, 128), (1, 2), hint(), r(1, 7), r(1, 2), r(0, 1)).unwrap();
        // An irrational critical point, of x^3/3 - x/5 + 1/9 at sqrt(1/5), cannot be met exactly.
        let wave = polynomial(&[r(1, 9), r(-1, 5), r(0, 1), r(1, 3)]);
        let hint = || whole(0, 64, &[(28, 29)]);
        let close = prove(&wave, (0, 1), (1, 1), hint(), r(11, 45), r(1, 1), r(11, 45));
        close.unwrap();
        let tight = prove(
            &wave,
            (7, 16),
            (29, 64),
            hint(),
            r(51_487, 1_000_000),
            r(29, 64),
            r(0, 1),
        );
        assert!(tight.is_err());
    }

    /// Random cubics, lines and intervals: no exact value is outside the enclosure.
    #[test]
    fn enclosures_hold_exact_values() {
        let mut seed = 9_u64;
        let mut random = |n: i64| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as i64 % (2 * n + 1) - n
        };
        let mut proved = 0;
        for _ in 0..400 {
            let p = polynomial(&[
                r(random(9), 7),
                r(random(9), 4),
                r(random(9), 5),
                r(random(9), 3),
            ]);
            let (slope, intercept) = (r(random(5), 3), r(random(5), 2));
            let g = minus_line(&p, &slope, &intercept, &Budget::new()).unwrap();
            let lo = random(64);
            let hi = lo + 1 + random(30).abs();
            // No boxes: right whenever G is monotone by Descartes.
            let segments = [Segment {
                lo: at(lo),
                hi: at(hi),
                boxes: Vec::new(),
            }];
            let Ok(found) = image(&g, &segments, &r(lo, 64), &r(hi, 64), &fixed()) else {
                continue;
            };
            proved += 1;
            for k in 0..=16 {
                let y = Rational::dyadic((lo * (16 - k) + hi * k).into(), 10);
                let line = slope.times(&y).plus(&intercept);
                let v = value(&p, &y).plus(&line.negated());
                assert!(Rational::dyadic(found.lo.clone(), P) <= v);
                assert!(v <= Rational::dyadic(found.hi.clone(), P));
            }
        }
        assert!(proved > 100, "{proved}");
    }

    #[test]
    fn parts_make_a_function() {
        let zero = part((-1, 1), (0, 1), (0, 1), (0, 1));
        let one = part((0, 1), (1, 1), (0, 1), (1, 1));
        let rise = part((0, 1), (1, 1), (1, 1), (0, 1));
        let away = part((1, 9), (1, 1), (0, 1), (1, 1));
        check_parts(&[zero.clone(), rise.clone()]).unwrap();
        check_parts(&[zero.clone(), away]).unwrap();
        assert!(check_parts(&[zero.clone(), one]).is_err());
        assert!(check_parts(&[rise, zero]).is_err());
        assert!(check_parts(&[part((0, 1), (0, 1), (0, 1), (0, 1))]).is_err());
    }

    /// h = 3 x^2 - 2 x^3 at 1: the quotient is -3 - 2u, at most 7/2 in size for |u| <= 1/4.
    #[test]
    fn the_cleaning_cubic_contracts() {
        let h = polynomial(&[r(0, 1), r(0, 1), r(3, 1), r(-2, 1)]);
        let hint = |n: i64| {
            [Segment {
                lo: at(-n),
                hi: at(n),
                boxes: Vec::new(),
            }]
        };
        let prove = |b, radius, order, hi, n| {
            contraction(&h, &r(b, 1), &radius, order, &hint(n), &hi, &fixed())
        };
        for b in [0, 1] {
            prove(b, r(1, 4), 2, r(7, 2), 16).unwrap();
            // To first order the quotient is u (3 -+ 2u), monotone here and at most 7/8 in size.
            prove(b, r(1, 4), 1, r(7, 8), 16).unwrap();
            assert!(prove(b, r(1, 4), 1, r(6, 8), 16).is_err());
            assert!(prove(b, r(1, 4), 2, r(349, 100), 16).is_err());
            assert!(prove(b, r(1, 4), 3, r(9, 1), 16).is_err());
            // 1/3 (3 + 2/3) is beyond 1; pieces that do not cover; another point.
            assert!(prove(b, r(1, 3), 2, r(11, 3), 32).is_err());
            assert!(prove(b, r(1, 4), 2, r(7, 2), 15).is_err());
            assert!(prove(b + 2, r(1, 64), 2, r(7, 2), 16).is_err());
        }
    }
}
