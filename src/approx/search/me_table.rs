//! The minimax error `ME_d(t)` of degree `d` on `[1 - t, 1 + t]`, its inverse, and the slope at 0, from
//! a grid of Remez fits.
//!
//! Coordinates: `u(t) = ln(2t / (1 - t^2)) = ln sinh(2 atanh t)`, for the half-width `t` and for the error
//! alike. In them `ME_d` is a smooth increasing curve with two straight ends: `t -> 0` has the error
//! `~ C t^k`, `k = (d + 1)/2`, slope `k`; `t -> 1` has `1 - ME ~ S (1 - t)`, slope 1. Between the ends
//! the curve is interpolated. Stages compose in them, at full relative accuracy at both ends.
//! *Estimate*: `u` to about `1e-6` for a step of the error by degree `k`, `ln P(0)` to `3e-5` (a test compares
//! with fits).

use crate::approx::fit::error::ApproxError;
use crate::approx::fit::remez::{minimax_odd, minimax_odd_from, Minimax, Settings};
use rug::Float;

/// The grid of `u` runs from `FIRST / PER_UNIT` in steps of `1 / PER_UNIT`.
const FIRST: i32 = -64;
const PER_UNIT: i32 = 8;
const NODES: usize = 8 * 22 + 1;

/// Points of a local interpolation.
const LOCAL: usize = 8;

/// Coordinate of a half-width or error `0 < t < 1`, given with `1 - t`.
pub fn coordinate(t: f64, one_less_t: f64) -> f64 {
    (2.0 * t / (one_less_t * (1.0 + t))).ln()
}

/// The curve of one degree.
#[derive(Debug, Clone)]
pub struct Curve {
    /// The odd degree.
    pub degree: usize,
    /// Coordinate of the error at every node.
    error: Vec<f64>,
    /// `ln P(0)` at every node, `P(0)` the slope of the fit at 0.
    slope: Vec<f64>,
}

impl Curve {
    /// Fits one degree on the whole grid.
    ///
    /// # Errors
    /// As [`minimax_odd`].
    pub fn new(degree: usize) -> Result<Self, ApproxError> {
        let settings = Settings {
            target_bits: 48,
            ..Settings::default()
        };
        let mut curve = Self {
            degree,
            error: Vec::with_capacity(NODES),
            slope: Vec::with_capacity(NODES),
        };
        let mut last: Option<Minimax> = None;
        for i in 0..NODES {
            let (a, b) = interval(FIRST + i as i32);
            let fit = match &last {
                Some(near) => minimax_odd_from(degree, &a, &b, near, &settings)?,
                None => minimax_odd(degree, &a, &b, &settings)?,
            };
            let one_less = Float::with_val(64, 1u32 - &fit.levelled_error).to_f64();
            let error = fit.levelled_error.to_f64();
            // An error below the range of f64 is no use to anybody, but the logarithm is.
            curve.error.push(if error < 1e-200 {
                fit.levelled_error.clone().ln().to_f64() + std::f64::consts::LN_2
            } else {
                coordinate(error, one_less)
            });
            let slope = fit.polynomial.coefficients()[0].clone();
            curve.slope.push(slope.ln().to_f64());
            last = Some(fit);
        }
        Ok(curve)
    }

    /// Coordinate of the error at the half-width of coordinate `u`.
    pub fn error(&self, u: f64) -> f64 {
        let k = self.degree.div_ceil(2) as f64;
        let (lo, hi) = (node(0), node(NODES - 1));
        if u < lo {
            self.error[0] + k * (u - lo)
        } else if u > hi {
            self.error[NODES - 1] + (u - hi)
        } else {
            local(&self.error, u)
        }
    }

    /// Coordinate of the half-width whose error has coordinate `e`.
    pub fn half_width(&self, e: f64) -> f64 {
        let k = self.degree.div_ceil(2) as f64;
        let (first, last) = (self.error[0], self.error[NODES - 1]);
        if e <= first {
            return node(0) + (e - first) / k;
        }
        if e >= last {
            return node(NODES - 1) + (e - last);
        }
        let i = self.error.partition_point(|x| *x < e);
        let (mut lo, mut hi) = (node(i - 1), node(i));
        let (mut at_lo, mut at_hi) = (self.error[i - 1] - e, self.error[i] - e);
        // Regula falsi that halves the end that stays (Illinois): the curve is nearly straight.
        let mut u = lo;
        for _ in 0..40 {
            u = hi - at_hi * (hi - lo) / (at_hi - at_lo);
            let at = local(&self.error, u) - e;
            if at.abs() < 1e-12 || hi - lo < 1e-13 {
                break;
            }
            if at > 0.0 {
                (hi, at_hi) = (u, at);
                at_lo /= 2.0;
            } else {
                (lo, at_lo) = (u, at);
                at_hi /= 2.0;
            }
        }
        u
    }

    /// `ln P(0)` at the half-width of coordinate `u`.
    pub fn slope(&self, u: f64) -> f64 {
        if u < node(0) {
            self.slope[0]
        } else if u > node(NODES - 1) {
            self.slope[NODES - 1]
        } else {
            local(&self.slope, u)
        }
    }
}

/// The curves of all odd degrees from 3 to `max_degree`, one thread a degree: at most 31, each short.
/// `progress` is told the share that is done, from 0 to 1, degrees weighted by their square.
///
/// # Errors
/// As [`Curve::new`].
pub fn curves(max_degree: usize, progress: &mut dyn FnMut(f64)) -> Result<Vec<Curve>, ApproxError> {
    let degrees: Vec<usize> = (3..=max_degree).step_by(2).collect();
    let work = |d: usize| (d * d) as f64;
    let total: f64 = degrees.iter().map(|&d| work(d)).sum();
    let (tell, told) = std::sync::mpsc::channel();
    let mut curves = std::thread::scope(|scope| {
        for &degree in &degrees {
            let tell = tell.clone();
            scope.spawn(move || {
                let _ = tell.send((degree, Curve::new(degree)));
            });
        }
        drop(tell);
        let mut done = 0.0;
        let mut curves = Vec::new();
        for (degree, curve) in told {
            done += work(degree);
            progress(done / total);
            curves.push(curve?);
        }
        Ok(curves)
    })?;
    curves.sort_by_key(|c: &Curve| c.degree);
    Ok(curves)
}

/// First line of a text of curves; the number changes with the grid, the fits and the text.
const FORMAT: &str = "polycert-me-tables/1";

/// Curves as text, to be kept: a format line with the grid, a digest of the rest, and for every degree
/// two lines of f64 bits.
pub fn to_text(curves: &[Curve]) -> String {
    let bits = |values: &[f64]| -> String {
        let all: Vec<String> = values
            .iter()
            .map(|v| format!("{:016x}", v.to_bits()))
            .collect();
        all.join(" ")
    };
    let mut rest = String::new();
    for c in curves {
        rest += &format!(
            "degree {}\n{}\n{}\n",
            c.degree,
            bits(&c.error),
            bits(&c.slope)
        );
    }
    let digest = crate::files::sha256(rest.as_bytes());
    format!("{}\nsha256 {digest}\n{rest}", first_line())
}

fn first_line() -> String {
    format!("{FORMAT} grid {FIRST} {PER_UNIT} {NODES}")
}

/// Curves of degrees 3, 5, ... from text.
///
/// # Errors
/// What is wrong with it, in words: another version, a digest that does not fit, numbers that are no curve.
pub fn from_text(text: &str) -> Result<Vec<Curve>, &'static str> {
    let (first, text) = text.split_once('\n').ok_or("it is cut off")?;
    if first != first_line() {
        return Err("it is of another version");
    }
    let (digest, rest) = text.split_once('\n').ok_or("it is cut off")?;
    if digest.strip_prefix("sha256 ") != Some(&crate::files::sha256(rest.as_bytes())) {
        return Err("its digest does not fit");
    }
    let numbers = |line: Option<&str>| -> Option<Vec<f64>> {
        let read = |t: &str| u64::from_str_radix(t, 16).ok().map(f64::from_bits);
        let all: Option<Vec<f64>> = line?.split(' ').map(read).collect();
        all.filter(|v| v.len() == NODES && v.iter().all(|x| x.is_finite()))
    };
    let mut lines = rest.lines();
    let mut curves = Vec::new();
    while let Some(line) = lines.next() {
        let degree = 3 + 2 * curves.len();
        let named = line == format!("degree {degree}");
        let (error, slope) = (numbers(lines.next()), numbers(lines.next()));
        match (named, error, slope) {
            (true, Some(error), Some(slope)) if error.is_sorted() => curves.push(Curve {
                degree,
                error,
                slope,
            }),
            _ => return Err("its numbers are no curves"),
        }
    }
    Ok(curves)
}

fn node(i: usize) -> f64 {
    f64::from(FIRST + i as i32) / f64::from(PER_UNIT)
}

/// `[1 - t, 1 + t]` at a node: `1 - t = 2 / (1 + e^(2v))`, `2v = asinh(e^u)`.
fn interval(i: i32) -> (Float, Float) {
    let prec = 160;
    let u = Float::with_val(prec, i) / PER_UNIT;
    let e2v = u.exp().asinh().exp();
    let a = 2u32 / Float::with_val(prec, &e2v + 1u32);
    let b = Float::with_val(prec, 2u32 - &a);
    (a, b)
}

/// Lagrange's polynomial through the [`LOCAL`] nodes about `u`.
fn local(values: &[f64], u: f64) -> f64 {
    let s = u * f64::from(PER_UNIT) - f64::from(FIRST);
    let first = (s.floor() as usize)
        .saturating_sub(LOCAL / 2 - 1)
        .min(NODES - LOCAL);
    let s = s - first as f64;
    // Weights (-1)^i C(n, i) of equidistant nodes, barycentric form.
    let weights = [1.0, -7.0, 21.0, -35.0, 35.0, -21.0, 7.0, -1.0];
    let (mut above, mut below) = (0.0, 0.0);
    for (i, weight) in weights.iter().enumerate() {
        let distance = s - i as f64;
        if distance == 0.0 {
            return values[first + i];
        }
        let w = weight / distance;
        above += w * values[first + i];
        below += w;
    }
    above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_curves_are_the_same_and_altered_ones_are_refused() {
        let mut shares = Vec::new();
        let curves = curves(7, &mut |share| shares.push(share)).unwrap();
        assert!(shares.is_sorted() && shares.len() == 3 && shares[2] == 1.0);
        let text = to_text(&curves);
        let back = from_text(&text).unwrap();
        assert_eq!(back.len(), 3);
        for (a, b) in curves.iter().zip(&back) {
            assert_eq!(
                (a.degree, &a.error, &a.slope),
                (b.degree, &b.error, &b.slope)
            );
        }
        let body = text.split_once("degree 3").unwrap().1;
        for (altered, why) in [
            (text.replace("tables/1", "tables/2"), "version"),
            (text.replacen(" 8 ", " 9 ", 1), "version"),
            (text.replace("degree 5", "degree 9"), "digest"),
            (text[..text.len() - 40].to_owned(), "digest"),
            ("".to_owned(), "cut off"),
        ] {
            assert_ne!(altered, text);
            assert!(from_text(&altered).unwrap_err().contains(why), "{why}");
        }
        // A fitting digest over nonsense.
        let rest = format!("degree 5{body}");
        let digest = crate::files::sha256(rest.as_bytes());
        let forged = format!("{}\nsha256 {digest}\n{rest}", first_line());
        assert!(from_text(&forged).unwrap_err().contains("no curves"));
    }

    #[test]
    fn curve_agrees_with_fits_and_inverts() {
        for degree in [3, 15, 31] {
            let curve = Curve::new(degree).unwrap();
            let mut worst = (0.0f64, 0.0f64, 0.0f64);
            for i in 0..200 {
                let u = -11.0 + 0.1377 * f64::from(i);
                let prec = 256;
                let e2v = Float::with_val(prec, u).exp().asinh().exp();
                let a = 2u32 / Float::with_val(prec, &e2v + 1u32);
                let b = Float::with_val(prec, 2u32 - &a);
                let fit = minimax_odd(degree, &a, &b, &Settings::default()).unwrap();
                let e = &fit.levelled_error;
                let square = Float::with_val(prec, e.square_ref());
                let exact = (Float::with_val(prec, e * 2u32) / (1u32 - square))
                    .ln()
                    .to_f64();
                let slope = fit.polynomial.coefficients()[0].clone().ln().to_f64();
                let k = degree.div_ceil(2) as f64;
                worst.0 = worst.0.max((curve.error(u) - exact).abs() / k);
                worst.1 = worst.1.max((curve.slope(u) - slope).abs());
                worst.2 = worst.2.max((curve.half_width(curve.error(u)) - u).abs());
            }
            assert!(
                worst.0 < 1e-6 && worst.1 < 3e-5 && worst.2 < 1e-9,
                "{degree}: {worst:?}"
            );
        }
    }
}
