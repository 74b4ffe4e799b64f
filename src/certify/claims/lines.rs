//! A polynomial against lines: the enclosure of |p(x) - f(x)| for a piecewise linear f, and contractions.
//!
//! # Method
//! On each part of f the error G(x) = p(x) - (slope x + intercept) is a polynomial in one variable: once its
//! critical points are boxed (Descartes) its image is that of the ends and the boxes, exact but for
//! rounding. A composite is expanded first, exactly. For a contraction the same is done for the exact
//! quotient (p(b + u) - b)/u^m.

use crate::arith::mp::{max, Mp};
use crate::certify::claims::exact_maximum::{exact_maximum, ExactMaximum, OnPart};
use crate::certify::composite::witness::Witness;
use crate::certify::published;
use crate::certify::stage::expand::{minus_line, shifted};
use crate::certify::stage::pieces::Pieces;
use crate::certify::stage::polynomial::Polynomial;
use crate::error::{Error, ErrorKind, Result};
use crate::function::shape::Line;
use rug::float::Round;
use rug::{Float, Rational};

/// One part of f with the proof of its bound.
#[derive(Debug, Clone)]
pub struct Part {
    /// The line.
    pub line: Line,
    /// Monotone pieces of p minus the line.
    pub pieces: Pieces,
}

/// A proved enclosure of the maximum of |p - f|.
#[derive(Debug, Clone)]
pub struct Lines {
    /// The parts of f, in order.
    pub parts: Vec<Part>,
    /// Upper bound of the maximum.
    pub bound_hi: Float,
    /// Where, and how much at least.
    pub witness: Witness,
    /// The maximum itself, where it is attained at a rational point that was found.
    pub exact: Option<ExactMaximum>,
    /// Fractional bits with which a checker in fixed point comes to the same: an estimate.
    pub estimate_fixed_bits: u32,
}

impl Lines {
    /// The upper bound as it is published: the maximum itself where it is known.
    pub fn published_hi(&self) -> Rational {
        let rounded = || published::upper(&self.bound_hi);
        self.exact
            .as_ref()
            .map_or_else(rounded, |e| e.value.clone())
    }

    /// The lower bound as it is published: the maximum itself where the witness attains it.
    pub fn published_lo(&self) -> Rational {
        let attained = self.exact.as_ref().filter(|e| self.witness.x == e.at);
        let rounded = || published::lower(&self.witness.lo);
        attained.map_or_else(rounded, |e| e.value.clone())
    }
}

/// Proved: |p(x) - at| <= hi |x - at|^order for |x - at| <= radius, and hi radius^(order-1) < 1.
#[derive(Debug, Clone)]
pub struct Contraction {
    /// The fixed point.
    pub at: Rational,
    /// How far from it.
    pub radius: Rational,
    /// The order.
    pub order: usize,
    /// Upper bound of the quotient.
    pub bound_hi: Float,
    /// Monotone pieces of the quotient.
    pub pieces: Pieces,
}

/// Bits that evaluation of p on [-reach, reach] loses to cancellation, an upper estimate.
pub fn estimate_lost_bits(p: &[Rational], reach: &Rational) -> f64 {
    let reach = Float::with_val(64, reach);
    let zero = Float::with_val(64, 0);
    let sum = p
        .iter()
        .rev()
        .fold(zero, |s, c| s * &reach + Float::with_val(64, c).abs());
    sum.log2().to_f64().max(0.0)
}

/// The least working precision for p: a box of width w is enclosed to about w^2 times what cancels, so that its
/// w takes half the bits that cancel; and the sign of p' is still known at its ends.
pub fn first_precision(p: &[Rational], parts: &[Line]) -> u32 {
    let ends = parts.iter().flat_map(|l| [&l.from, &l.to]);
    let reach = ends.map(|x| x.clone().abs()).max().unwrap_or_default();
    let lost = estimate_lost_bits(p, &reach).min(1e4) as u32;
    (lost + lost / 2 + 140).next_multiple_of(64).max(128)
}

/// A polynomial with its pieces on an interval that holds [from, to].
struct Prepared {
    g: Polynomial,
    pieces: Pieces,
    /// Fractional bits for a checker: those of the boxes, and what Horner's scheme multiplies an error by.
    fixed_bits: u32,
}

impl Prepared {
    fn new(g: Vec<Rational>, from: &Rational, to: &Rational, prec: u32) -> Result<Self> {
        // The sign of G' at the ends of a box must be told from 0, which takes the bits that cancel.
        let most = from.clone().abs().max(to.clone().abs());
        let lost = estimate_lost_bits(&g, &most).min(1e5) as u32;
        let box_bits = prec.saturating_sub(lost + 40).clamp(24, prec / 2);
        let growth =
            (g.len() as f64 * Float::with_val(64, &most).log2().to_f64().max(0.0)).min(1e5);
        let fixed_bits = (growth as u32).max(lost) + box_bits + 80;
        // Short ends keep exact Bernstein transforms cheap; a critical point just inside an end
        // cannot be boxed, but for a wider interval.
        let mut last = None;
        for (bits, margin) in [(32, 0), (24, 1)] {
            let (lo, hi) = (
                outward(from, bits, margin, Round::Down),
                outward(to, bits, margin, Round::Up),
            );
            let reach = max(lo.clone().abs(), hi.clone().abs());
            let g = Polynomial::new(g.clone(), prec, reach.to_f64_round(Round::Up));
            let (dg, ddg) = (g.derivative(), g.derivative().derivative());
            match Pieces::find_carefully((&g, &dg, &ddg), (&lo, &hi), box_bits) {
                Ok(pieces) => {
                    return Ok(Self {
                        g,
                        pieces,
                        fixed_bits,
                    })
                }
                Err(e) => last = Some(e),
            }
        }
        let none = || ErrorKind::NotConverged("no interval was tried".into()).into();
        Err(last.unwrap_or_else(none))
    }

    /// Encloses G over [from, to].
    fn image(&self, from: &Rational, to: &Rational) -> Mp {
        let prec = self.g.prec();
        let over = Mp {
            lo: Float::with_val_round(prec, from, Round::Down).0,
            hi: Float::with_val_round(prec, to, Round::Up).0,
        };
        // Both ends rounded outward may leave the pieces by the last bit: the prepared ends are as far out.
        let (lo, hi) = (self.pieces.lo(), self.pieces.hi());
        let over = Mp {
            lo: max(over.lo, lo.clone()),
            hi: crate::arith::mp::min(over.hi, hi.clone()),
        };
        let mut image = self.g.at(&over.lo).hull(&self.g.at(&over.hi));
        self.pieces.extend(&over, &mut image);
        image
    }

    /// The point of [from, to] among ends and critical places where |G| is proved to be largest.
    fn witness(&self, from: &Rational, to: &Rational) -> Option<Witness> {
        let prec = self.g.prec();
        let ends = [inward(from, prec, Round::Up), inward(to, prec, Round::Down)];
        let criticals = self.pieces.criticals.iter().map(|c| c.place.ball().0);
        let inside = |x: &Float| *x >= *from && *x <= *to;
        let mut best: Option<Witness> = None;
        for x in ends.into_iter().chain(criticals).filter(inside) {
            let lo = self.g.at(&x).mignitude();
            if best.as_ref().is_none_or(|b| lo > b.lo) {
                best = Some(Witness { x, lo });
            }
        }
        best
    }
}

/// A short number beyond an end: `bits` significant bits, and `margin` units of the last one.
fn outward(x: &Rational, bits: u32, margin: u32, round: Round) -> Float {
    let mut end = Float::with_val_round(bits, x, round).0;
    for _ in 0..margin {
        if end.is_zero() {
            end = Float::with_val(bits, 1) >> bits;
            if round == Round::Down {
                end = -end;
            }
        } else if round == Round::Up {
            end.next_up();
        } else {
            end.next_down();
        }
    }
    end
}

/// An end on a grid of hint numbers, inside.
fn inward(x: &Rational, prec: u32, round: Round) -> Float {
    let scaled = Rational::from(x << (prec - 8));
    let whole = if round == Round::Up {
        scaled.ceil()
    } else {
        scaled.floor()
    };
    // Exact: numbers up to 2^64.
    Float::with_val(prec + 64, whole >> (prec - 8))
}

/// Encloses the maximum of |p - f| over the parts of f.
///
/// **Inputs** p in powers of x; parts in order, from < to in each.
/// **Guarantee** witness.lo <= maximum <= bound_hi.
/// **Cost** two Bernstein transforms a part where all critical points are real.
///
/// # Errors
/// Critical points that could not be boxed at this precision.
pub fn enclose(p: &[Rational], parts: &[Line], prec: u32) -> Result<Lines> {
    let mut proved = Vec::with_capacity(parts.len());
    let mut bound_hi = Float::new(prec);
    let mut witness: Option<Witness> = None;
    let mut estimate_fixed_bits = 0;
    for line in parts {
        let g = minus_line(p, &line.slope, &line.intercept);
        let prepared = Prepared::new(g, &line.from, &line.to, prec)?;
        bound_hi = max(bound_hi, prepared.image(&line.from, &line.to).magnitude());
        let found = prepared.witness(&line.from, &line.to);
        if let Some(w) = found.filter(|w| witness.as_ref().is_none_or(|b| w.lo > b.lo)) {
            witness = Some(w);
        }
        estimate_fixed_bits = prepared.fixed_bits.max(estimate_fixed_bits);
        proved.push(Part {
            line: line.clone(),
            pieces: prepared.pieces,
        });
    }
    let mut witness = witness.ok_or_else(|| {
        Error::from(ErrorKind::NotConverged(
            "no point to evaluate in the domain".into(),
        ))
    })?;
    let on_part = |part: &Part| minus_line(p, &part.line.slope, &part.line.intercept);
    let all = proved.iter().map(|part| OnPart {
        g: on_part(part),
        from: &part.line.from,
        to: &part.line.to,
        pieces: &part.pieces,
    });
    let exact = exact_maximum(&all.collect::<Vec<_>>());
    if let Some((exact, x)) = exact.as_ref().and_then(|e| Some((e, e.dyadic()?))) {
        let lo = Float::with_val_round(prec, &exact.value, Round::Down).0;
        witness = Witness { x, lo };
    }
    Ok(Lines {
        parts: proved,
        bound_hi,
        witness,
        exact,
        estimate_fixed_bits,
    })
}

/// Proves that p contracts towards a fixed point, to the highest order that divides.
///
/// **Guarantee** as documented at [`Contraction`].
///
/// # Errors
/// Critical points that could not be boxed; none where `at` is not a fixed point or p does not contract.
pub fn contraction(
    p: &[Rational],
    at: &Rational,
    radius: &Rational,
    prec: u32,
) -> Result<Option<Contraction>> {
    let mut moved = shifted(p, at);
    moved[0] -= at;
    let Some(order) = moved.iter().position(|c| !c.is_zero()).filter(|m| *m > 0) else {
        return Ok(None);
    };
    let least = Rational::from(-radius);
    let prepared = Prepared::new(moved.split_off(order), &least, radius, prec)?;
    let bound_hi = prepared.image(&least, radius).magnitude();
    // As it will be published: a little higher.
    let hi = published::upper(&bound_hi);
    let factor = (1..order).fold(hi, |factor, _| factor * radius);
    Ok((factor < 1u32).then(|| Contraction {
        at: at.clone(),
        radius: radius.clone(),
        order,
        bound_hi,
        pieces: prepared.pieces,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::shape::Shape;
    use crate::poly::composite::horner;

    fn q(c: &[(i64, i64)]) -> Vec<Rational> {
        c.iter().map(|&c| Rational::from(c)).collect()
    }

    fn parts(shape: Shape, lo: (i32, i32), hi: (i32, i32), gap: (i32, i32)) -> Vec<Line> {
        let f = shape.function(&Rational::new(), &(Rational::from(-1), Rational::from(1)));
        let r = |x: (i32, i32)| Rational::from(x);
        f.unwrap().on(&r(lo), &r(hi), &r(gap)).unwrap()
    }

    /// Random polynomials, every shape: exact values at many rational points lie below the bound, and the
    /// witness is one of them.
    #[test]
    fn bounds_hold_exact_values() {
        let mut seed = 5_u64;
        let mut random = |n: i64| {
            seed = seed
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (seed >> 33) as i64 % (2 * n + 1) - n
        };
        for shape in [
            Shape::Sign,
            Shape::Bit,
            Shape::Relu,
            Shape::Abs,
            Shape::Clip,
            Shape::Relu6,
        ] {
            let lines = parts(
                shape,
                (-7, 3),
                (9, 4),
                if shape.jumps() { (1, 10) } else { (0, 1) },
            );
            for degree in [0, 1, 2, 5, 9] {
                let p: Vec<Rational> = (0..=degree)
                    .map(|_| Rational::from((random(50), 49)))
                    .collect();
                let Ok(found) = enclose(&p, &lines, 192) else {
                    panic!("{shape:?} {p:?}");
                };
                let (lo, hi) = (&found.witness.lo, &found.bound_hi);
                assert!(lo <= hi);
                let gap = Float::with_val(192, hi - lo);
                assert!(
                    gap <= Float::with_val(192, hi) >> 40u32,
                    "{shape:?} {degree}"
                );
                for line in &lines {
                    for k in 0..=200 {
                        let width = Rational::from(&line.to - &line.from);
                        let x = width * Rational::from((k, 200)) + &line.from;
                        let f = Rational::from(&line.slope * &x) + &line.intercept;
                        assert!((horner(&p, &x) - f).abs() <= *hi);
                    }
                }
                let x = found.witness.x.to_rational().unwrap();
                let at = lines.iter().find(|l| x >= l.from && x <= l.to).unwrap();
                let f = Rational::from(&at.slope * &x) + &at.intercept;
                assert!((horner(&p, &x) - f).abs() >= *lo);
            }
        }
    }

    /// x/2 + a + b x^2 against ReLU is the error of |x|/2: known in closed form.
    #[test]
    fn a_known_error() {
        // x^2/2 + x/2 + 1/8 on [-1, 1]: exactly 1/8, at -1, 0 and 1.
        let p = q(&[(1, 8), (1, 2), (1, 2)]);
        let found = enclose(&p, &parts(Shape::Relu, (-1, 1), (1, 1), (0, 1)), 128).unwrap();
        assert_eq!(found.witness.lo.to_f64(), 0.125);
        assert!((found.bound_hi.to_f64() - 0.125).abs() < 1e-30);
    }

    fn r(n: i64, d: i64) -> Rational {
        Rational::from((n, d))
    }

    fn maximum(p: &[Rational], from: Rational, to: Rational) -> Option<(Rational, Rational)> {
        let line = Line {
            from,
            to,
            slope: Rational::new(),
            intercept: Rational::new(),
        };
        let found = enclose(p, &[line], 192).unwrap();
        let exact = found.exact.map(|e| (e.value, e.at));
        if let Some((value, _)) = &exact {
            assert!(found.witness.lo <= *value && found.bound_hi >= *value);
        }
        exact
    }

    #[test]
    fn maxima_at_ends_and_at_rational_critical_points() {
        // 2 x^2/3 - 1/7.
        let bowl = [r(-1, 7), r(0, 1), r(2, 3)];
        assert_eq!(
            maximum(&bowl, r(-1, 1), r(1, 2)),
            Some((r(11, 21), r(-1, 1)))
        );
        assert_eq!(
            maximum(&bowl, r(-1, 64), r(1, 64)),
            Some((r(1, 7), r(0, 1)))
        );
        assert_eq!(
            maximum(&bowl, r(-1, 3), r(2, 3)),
            Some((r(29, 189), r(2, 3)))
        );
        // 1/7 - (x - 1/3)^2.
        let hill = [r(1, 7) - r(1, 9), r(2, 3), r(-1, 1)];
        assert_eq!(maximum(&hill, r(1, 4), r(1, 2)), Some((r(1, 7), r(1, 3))));
        // Outside of the critical point an end is largest.
        assert_eq!(maximum(&hill, r(43, 128), r(1, 2)).unwrap().1, r(43, 128));
    }

    #[test]
    fn an_irrational_maximum_is_not_claimed() {
        // x^3/3 - x/5 + 1/9: at -sqrt(1/5) on [-1/2, 1/4].
        let wave = [r(1, 9), r(-1, 5), r(0, 1), r(1, 3)];
        assert_eq!(maximum(&wave, r(-1, 2), r(1, 4)), None);
        assert_eq!(
            maximum(&wave, r(-1, 1), r(1, 1)),
            Some((r(11, 45), r(1, 1)))
        );
        // T_8's interior extrema are as large as its ends, and irrational.
        let t8 = [1, 0, -32, 0, 160, 0, -256, 0, 128].map(|n| r(n, 1));
        assert_eq!(maximum(&t8, r(-1, 1), r(1, 1)), None);
    }

    #[test]
    fn cleaning_contracts_to_second_order() {
        let h = q(&[(0, 1), (0, 1), (3, 1), (-2, 1)]);
        let e = Rational::from((1, 4));
        for b in [0, 1] {
            let found = contraction(&h, &Rational::from(b), &e, 128)
                .unwrap()
                .unwrap();
            assert_eq!(found.order, 2);
            assert!(found.bound_hi >= 3.5 && found.bound_hi < 3.500_000_1);
        }
        // Beyond 1/4 it does not: 0.31 (3 + 0.62) > 1.
        let wide = Rational::from((31, 100));
        assert!(contraction(&h, &Rational::new(), &wide, 128)
            .unwrap()
            .is_none());
        // Nor with a coefficient that is off.
        let off = q(&[(0, 1), (0, 1), (3, 1), (-1999, 1000)]);
        assert!(contraction(&off, &Rational::from(1), &e, 128)
            .unwrap()
            .is_none());
    }
}
