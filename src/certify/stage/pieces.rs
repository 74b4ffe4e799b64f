//! Monotone pieces of a polynomial G on an interval: boxes that hold every critical point.
//!
//! # Method
//! Approximate roots of G' come from a sign scan in f64 and Newton steps at working precision;
//! nobody trusts them. A segment is proved when the number of sign changes of the Bernstein
//! coefficients of G' equals the number of its boxes over which G' provably changes sign: then
//! (Descartes) each box holds exactly one root and there is no other. Where the numbers differ the
//! segment is halved; what is still open at the least width (a multiple root, such as that of a
//! cleaning polynomial at 1) stays as an open gap between two segments, which serves as a box.
//! For a minimax component all roots of G' are real, so one segment suffices.

use crate::arith::mp::Mp;
use crate::certify::stage::descartes::{variations, DyadicInterval};
use crate::certify::stage::polynomial::Polynomial;
use crate::error::{Error, ErrorKind, Result};
use rug::{Float, Integer};

/// Most segments tried for one polynomial before giving up.
const MAX_SEGMENTS: usize = 4_096;

/// A segment on which the count of Bernstein sign changes equals the number of boxes.
#[derive(Debug, Clone)]
pub struct Segment {
    /// Left end.
    pub lo: Float,
    /// Right end.
    pub hi: Float,
    /// Boxes [u, v], in order, over which G' changes sign.
    pub boxes: Vec<(Float, Float)>,
}

/// A place where G may turn, with the values that it takes there.
#[derive(Debug, Clone)]
pub struct Critical {
    /// The box or gap.
    pub place: Mp,
    /// An interval that holds G over the whole place.
    pub value: Mp,
}

/// G is monotone between consecutive [`Critical`] places of [lo, hi].
#[derive(Debug, Clone)]
pub struct Pieces {
    /// The proof: segments in order, with gaps between them.
    pub segments: Vec<Segment>,
    /// Boxes and gaps, in order.
    pub criticals: Vec<Critical>,
}

impl Pieces {
    /// Boxes the critical points of `g` on [lo, hi], given its first two derivatives.
    ///
    /// **Inputs** lo < hi dyadic; `box_bits`: boxes have ends that are multiples of 2^-box_bits.
    /// **Guarantee** every y in [lo, hi] with G'(y) = 0 lies in one of the `criticals`.
    /// **Cost** one Bernstein transform where all roots of G' are real.
    ///
    /// # Errors
    /// Not converged: roots that could not be separated, or that sit on an end of the interval.
    pub fn find(
        g: &Polynomial,
        dg: &Polynomial,
        ddg: &Polynomial,
        ends: (&Float, &Float),
        box_bits: u32,
    ) -> Result<Self> {
        Self::search((g, dg, ddg), ends, box_bits, false)
    }

    /// [`Pieces::find`] with a scan at working precision: for polynomials of such degrees that f64 sees
    /// nothing but cancellation.
    ///
    /// **Cost** some 10 evaluations a degree more.
    ///
    /// # Errors
    /// As [`Pieces::find`].
    pub fn find_carefully(
        all: (&Polynomial, &Polynomial, &Polynomial),
        ends: (&Float, &Float),
        box_bits: u32,
    ) -> Result<Self> {
        Self::search(all, ends, box_bits, true)
    }

    fn search(
        (g, dg, ddg): (&Polynomial, &Polynomial, &Polynomial),
        (lo, hi): (&Float, &Float),
        box_bits: u32,
        careful: bool,
    ) -> Result<Self> {
        let mut search = Search {
            dg,
            ddg,
            box_bits,
            careful,
            integers: dg.integers(),
            segments: Vec::new(),
            tried: 0,
        };
        let boxes = search.scan(lo, hi);
        search.prove(lo, hi, boxes)?;
        let segments = search.segments;
        let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
            return Err(open_end(lo));
        };
        if first.lo != *lo || last.hi != *hi {
            return Err(open_end(if first.lo == *lo { hi } else { lo }));
        }
        let mut criticals = Vec::new();
        for (i, segment) in segments.iter().enumerate() {
            let gap = i
                .checked_sub(1)
                .map(|j| (segments[j].hi.clone(), segment.lo.clone()));
            for (u, v) in gap.into_iter().chain(segment.boxes.iter().cloned()) {
                let place = Mp { lo: u, hi: v };
                let (value, _) = g.on_narrow(&place, dg, ddg);
                criticals.push(Critical { place, value });
            }
        }
        Ok(Self {
            segments,
            criticals,
        })
    }

    /// Left end of the interval that the pieces cover.
    pub fn lo(&self) -> &Float {
        &self.segments[0].lo
    }

    /// Right end of the interval that the pieces cover.
    pub fn hi(&self) -> &Float {
        &self.segments[self.segments.len() - 1].hi
    }

    /// Whether [l, h] lies in the interval that the pieces cover.
    pub fn covers(&self, y: &Mp) -> bool {
        *self.lo() <= y.lo && y.hi <= *self.hi()
    }

    /// Extends `image`, which holds G at both ends of y, to hold G over all of y.
    ///
    /// Returns whether a critical place was met, so that the extremes may lie inside.
    pub fn extend(&self, y: &Mp, image: &mut Mp) -> bool {
        let mut met = false;
        for c in &self.criticals {
            if c.place.lo > y.hi {
                break;
            }
            if c.place.meets(y) {
                met = true;
                *image = image.clone().hull(&c.value);
            }
        }
        met
    }
}

fn open_end(at: &Float) -> Error {
    ErrorKind::NotConverged(format!(
        "a critical point could not be separated from the interval's end {at:.10}"
    ))
    .into()
}

struct Search<'a> {
    dg: &'a Polynomial,
    ddg: &'a Polynomial,
    box_bits: u32,
    /// Whether the scan is at working precision.
    careful: bool,
    integers: Vec<Integer>,
    segments: Vec<Segment>,
    tried: usize,
}

type Box = (Float, Float);

impl Search<'_> {
    /// Boxes at the sign changes of G' that an f64 scan sees: many more points than the degree,
    /// denser toward the ends, where critical points of approximants crowd; and, in a wider
    /// interval, another scan of [-2, 2], where they live.
    fn scan(&self, lo: &Float, hi: &Float) -> Vec<Box> {
        let (a, b) = (lo.to_f64(), hi.to_f64());
        let n = 10 * self.integers.len() + 16;
        let spread = |a: f64, b: f64| {
            (0..=n).map(move |i| {
                let s = i as f64 / n as f64;
                a + (b - a) * (s * s * (3.0 - 2.0 * s))
            })
        };
        let mut points: Vec<f64> = spread(a, b).collect();
        let (low, high) = (a.max(-2.0), b.min(2.0));
        if b - a > 6.0 && low < high {
            points.extend(spread(low, high));
            points.sort_by(f64::total_cmp);
        }
        let value = |x: f64| {
            if self.careful {
                self.dg
                    .approximate(&Float::with_val(self.dg.prec(), x))
                    .to_f64()
            } else {
                self.dg.estimate(x)
            }
        };
        let mut boxes: Vec<Box> = Vec::new();
        let (mut x0, mut f0) = (a, value(a));
        for &x1 in &points[1..] {
            let f1 = value(x1);
            if f0 * f1 < 0.0 {
                let start = secant(value, (x0, f0), (x1, f1));
                if let Some(found) = self.box_near(Float::with_val(self.dg.prec(), start), lo, hi) {
                    if boxes.last().is_none_or(|last| last.1 <= found.0) {
                        boxes.push(found);
                    }
                }
            }
            (x0, f0) = (x1, f1);
        }
        boxes
    }

    /// A box around the root of G' near `start`, if one is proved there inside [lo, hi].
    fn box_near(&self, start: Float, lo: &Float, hi: &Float) -> Option<Box> {
        let mut x = start;
        for _ in 0..12 {
            let slope = self.ddg.approximate(&x);
            if slope.is_zero() {
                break;
            }
            let step = self.dg.approximate(&x) / slope;
            x -= &step;
            // Newton converges quadratically: a step of half the digits leaves none to gain.
            let small = |e| e < -(self.box_bits as i32) / 2 - 8;
            if step.is_zero() || step.get_exp().is_some_and(small) {
                break;
            }
        }
        (x > *lo && x < *hi)
            .then(|| self.boxed(&x, lo, hi))
            .flatten()
    }

    /// The narrowest box around x, of widths 2^-box_bits times powers of 2^8, with proved signs.
    fn boxed(&self, x: &Float, lo: &Float, hi: &Float) -> Option<Box> {
        let prec = self.dg.prec();
        for widen in [0, 8, 16, 24] {
            let bits = self.box_bits.checked_sub(widen)?;
            let cell = (Float::with_val(prec, x) << bits).floor() >> bits;
            let unit = Float::with_val(prec, 1) >> bits;
            let u = Float::with_val(prec, &cell - &unit);
            let v = cell + unit * 2u32;
            if u < *lo || v > *hi {
                return None;
            }
            if self.changes_sign(&u, &v) {
                return Some((u, v));
            }
        }
        None
    }

    fn changes_sign(&self, u: &Float, v: &Float) -> bool {
        match (self.dg.at(u).sign(), self.dg.at(v).sign()) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        }
    }

    /// Proves [lo, hi] segment by segment, left to right.
    fn prove(&mut self, lo: &Float, hi: &Float, mut boxes: Vec<Box>) -> Result<()> {
        self.tried += 1;
        let most = if self.careful {
            MAX_SEGMENTS / 16
        } else {
            MAX_SEGMENTS
        };
        if self.tried > most {
            let detail = format!(
                "critical points not separated after {most} segments: the stage oscillates too closely; a lower degree, \
                 or several stages in its place, can be certified"
            );
            return Err(ErrorKind::NotConverged(detail).into());
        }
        let rational = |x: &Float| x.to_rational().unwrap_or_default();
        let count = variations(
            &self.integers,
            &DyadicInterval::new(&rational(lo), &rational(hi)),
        );
        if count == 1 && boxes.is_empty() {
            boxes.extend(self.isolated(lo, hi));
        }
        if count == boxes.len() {
            self.segments.push(Segment {
                lo: lo.clone(),
                hi: hi.clone(),
                boxes,
            });
            return Ok(());
        }
        match self.middle(lo, hi, &boxes) {
            Some(middle) => {
                let right = boxes.split_off(boxes.partition_point(|b| b.1 <= middle));
                self.prove(lo, &middle, boxes)?;
                self.prove(&middle, hi, right)
            }
            None => Ok(()), // stays open: a gap between its neighbours
        }
    }

    /// A point that halves [lo, hi] without cutting a box; none at the least width.
    fn middle(&self, lo: &Float, hi: &Float, boxes: &[Box]) -> Option<Float> {
        let prec = self.dg.prec();
        let width = Float::with_val(prec, hi - lo);
        let mut middle = Float::with_val(prec, lo + hi) >> 1u32;
        // A tidy middle: two significant bits of the width are enough, and keep transforms cheap.
        if let Some(e) = width.get_exp() {
            let bits = 3 - e;
            let shifted = if bits >= 0 {
                middle << bits as u32
            } else {
                middle >> (-bits) as u32
            };
            let rounded = shifted.round();
            middle = if bits >= 0 {
                rounded >> bits as u32
            } else {
                rounded << (-bits) as u32
            };
            if bits > self.box_bits as i32 {
                return None;
            }
        }
        if let Some((u, v)) = boxes.iter().find(|b| b.0 < middle && middle < b.1) {
            middle.clone_from(if v < hi { v } else { u });
        }
        (middle > *lo && middle < *hi).then_some(middle)
    }

    /// A box for the single root in (lo, hi), where the ends have proved opposite signs.
    fn isolated(&self, lo: &Float, hi: &Float) -> Option<Box> {
        let prec = self.dg.prec();
        let (left, right) = (self.dg.at(lo).sign()?, self.dg.at(hi).sign()?);
        if left == right {
            return None;
        }
        let (mut a, mut b) = (lo.clone(), hi.clone());
        for _ in 0..24 {
            let m = Float::with_val(prec, &a + &b) >> 1u32;
            if self.dg.approximate(&m).cmp0() == Some(left) {
                a = m;
            } else {
                b = m;
            }
        }
        self.box_near(Float::with_val(prec, &a + &b) >> 1u32, lo, hi)
    }
}

/// A few steps of regula falsi (Illinois) in f64 inside a sign change.
fn secant(f: impl Fn(f64) -> f64, (mut a, mut fa): (f64, f64), (mut b, mut fb): (f64, f64)) -> f64 {
    for _ in 0..12 {
        let x = (a * fb - b * fa) / (fb - fa);
        if !(x > a && x < b) || (b - a) <= 1e-7 * (a.abs() + b.abs()) {
            break;
        }
        let fx = f(x);
        if fx * fb < 0.0 {
            (a, fa) = (b, fb);
        } else {
            fa /= 2.0;
        }
        (b, fb) = (x, fx);
        if a > b {
            std::mem::swap(&mut a, &mut b);
            std::mem::swap(&mut fa, &mut fb);
        }
    }
    let x = (a * fb - b * fa) / (fb - fa);
    if x > a && x < b {
        x
    } else {
        (a + b) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::Rational;

    fn pieces(c: &[(i64, i64)], lo: f64, hi: f64) -> Result<Pieces> {
        let exact = c.iter().map(|&(n, d)| Rational::from((n, d))).collect();
        let g = Polynomial::new(exact, 128, lo.abs().max(hi.abs()));
        let (dg, ddg) = (g.derivative(), g.derivative().derivative());
        let f = |x: f64| Float::with_val(128, x);
        Pieces::find(&g, &dg, &ddg, (&f(lo), &f(hi)), 60)
    }

    #[test]
    fn simple_roots_take_one_segment() {
        // T_7: six critical points in (-1, 1), value +-1.
        let t7 = [
            (0, 1),
            (-7, 1),
            (0, 1),
            (56, 1),
            (0, 1),
            (-112, 1),
            (0, 1),
            (64, 1),
        ];
        let p = pieces(&t7, -1.0, 1.0).unwrap();
        assert_eq!(p.segments.len(), 1);
        assert_eq!(p.criticals.len(), 6);
        for c in &p.criticals {
            let (m, r) = c.value.ball();
            assert!((m.to_f64().abs() - 1.0).abs() < 1e-15 && r < 1e-30);
        }
        assert_eq!(pieces(&t7, 0.0, 1.0).unwrap().criticals.len(), 3);
    }

    #[test]
    fn multiple_roots_stay_as_narrow_gaps() {
        // 35 x - 35 x^3 + 21 x^5 - 5 x^7: G' = 35 (1 - x^2)^3, a triple root at 1 inside [0, 2].
        let f3 = [
            (0, 1),
            (35, 1),
            (0, 1),
            (-35, 1),
            (0, 1),
            (21, 1),
            (0, 1),
            (-5, 1),
        ];
        let p = pieces(&f3, 0.0, 2.0).unwrap();
        assert!(p
            .criticals
            .iter()
            .any(|c| c.place.lo <= 1 && c.place.hi >= 1));
        for c in &p.criticals {
            assert!((c.place.hi.to_f64() - c.place.lo.to_f64()) < 1e-8);
            let far = c.place.hi < 0.9 || c.place.lo > 1.1;
            assert!(far || c.place.lo == c.place.hi || (c.value.lo.to_f64() - 16.0).abs() < 1e-6);
        }
        // f2: a double root, where G' does not change sign.
        let f2 = [(0, 1), (15, 1), (0, 1), (-10, 1), (0, 1), (3, 1)];
        let p = pieces(&f2, 0.0, 1.5).unwrap();
        assert!(p
            .criticals
            .iter()
            .any(|c| c.place.lo <= 1 && c.place.hi >= 1));
        // At the very end of the interval it is no critical point inside.
        assert!(pieces(&f2, 0.0, 1.0).unwrap().criticals.is_empty());
    }

    #[test]
    fn complex_roots_are_separated_by_halving() {
        // G' = (x^2 - x + 0.26) has no real root but two sign changes on [0, 1].
        let g = [(0, 1), (26, 100), (-1, 2), (1, 3)];
        let p = pieces(&g, 0.0, 1.0).unwrap();
        assert!(p.segments.len() > 1);
        assert!(
            p.criticals.iter().all(|c| c.place.lo == c.place.hi),
            "only touching ends are left"
        );
    }

    #[test]
    fn constants_have_no_critical_points() {
        assert!(pieces(&[(3, 1)], 0.0, 1.0).unwrap().criticals.is_empty());
    }
}
