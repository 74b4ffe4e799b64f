//! Weighted least squares for piecewise linear functions: Gaussian densities and histograms.
//!
//! Gaussian N(mu, sigma^2): with z = (x - mu)/sigma the Hermite polynomials He_k are orthogonal, so that
//! p = sum_k c_k He_k(z), c_k = E[f(X) He_k(Z)]/k!. On a piece from a to b (in z) every moment is closed:
//! the integral of He_k phi is He_(k-1)(a) phi(a) - He_(k-1)(b) phi(b) for k >= 1 and Phi(b) - Phi(a) for
//! k = 0, and z He_k = He_(k+1) + k He_(k-1).
//! Histogram: bins of constant density; the normal equations in powers of u on [-1, 1] have rational
//! entries, solved in multiprecision. Everything is an *estimate*: what a fit is worth the certifier says.

use super::general::solve;
use crate::arith::number;
use crate::error::{Error, Result};
use crate::function::shape::Line;
use rug::{Float, Rational};
use serde::Deserialize;

/// Largest degree of a Gaussian fit and of a histogram fit.
pub const MAX_DEGREE: usize = 31;
/// Most bins of a histogram.
pub const MAX_BINS: usize = 4_096;
/// Precision of moments and of the normal equations, whose condition is below 2^(6 degree).
const PREC: u32 = 768;

/// A histogram: increasing edges, and a weight of 0 or more for each bin between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// Edges, one more than weights.
    pub edges: Vec<Rational>,
    /// Weight of each bin: any unit, its share of the whole counts.
    pub weights: Vec<Rational>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    edges: Vec<String>,
    weights: Vec<String>,
}

impl Histogram {
    /// Reads `{"edges": ["-4", ...], "weights": ["0.1", ...]}`, every number as text.
    ///
    /// # Errors
    /// The line or field, and the limit that is broken.
    ///
    /// ```
    /// use polycert::approx::fit::least_squares::Histogram;
    /// let h = Histogram::read(r#"{"edges": ["-1", "0", "2"], "weights": ["3", "1"]}"#)?;
    /// assert_eq!(h.weights.len(), 2);
    /// assert!(Histogram::read(r#"{"edges": ["0", "0"], "weights": ["1"]}"#).is_err());
    /// # Ok::<(), polycert::error::Error>(())
    /// ```
    pub fn read(text: &str) -> Result<Self> {
        let raw: Raw = serde_json::from_str(text).map_err(|e| {
            let place = format!("line {} column {}", e.line(), e.column());
            let words = e.to_string();
            Error::parse(
                place,
                words.split(" at line ").next().unwrap_or(&words).to_owned(),
            )
        })?;
        let bins = raw.weights.len();
        if bins == 0 || bins > MAX_BINS {
            let detail = format!("{bins} bins; from 1 to {MAX_BINS} are accepted");
            return Err(Error::parse("weights", detail));
        }
        if raw.edges.len() != bins + 1 {
            let detail = format!(
                "{} edges for {bins} weights; one more is needed",
                raw.edges.len()
            );
            return Err(Error::parse("edges", detail));
        }
        let numbers = |field: &str, texts: &[String]| -> Result<Vec<Rational>> {
            let read = |(i, t): (usize, &String)| {
                number::parse(t).map_err(|e| e.within(&format!("{field}[{i}]")))
            };
            texts.iter().enumerate().map(read).collect()
        };
        let edges = numbers("edges", &raw.edges)?;
        let weights = numbers("weights", &raw.weights)?;
        if let Some(i) = edges.windows(2).position(|w| w[0] >= w[1]) {
            let detail = format!("edge {} is not above the one before", i + 1);
            return Err(Error::parse(format!("edges[{}]", i + 1), detail));
        }
        if let Some(i) = weights.iter().position(|w| *w < 0u32) {
            return Err(Error::parse(format!("weights[{i}]"), "is below 0"));
        }
        if weights.iter().all(Rational::is_zero) {
            return Err(Error::parse("weights", "are all 0"));
        }
        Ok(Self { edges, weights })
    }
}

fn check(degree: usize) -> Result<()> {
    if degree > MAX_DEGREE {
        return Err(Error::domain(format!(
            "degree {degree}; least squares go up to {MAX_DEGREE}"
        )));
    }
    Ok(())
}

/// The least-squares polynomial for X ~ N(mean, deviation^2), in powers of z = (x - mean)/deviation.
///
/// **Inputs** lines of f in order; the first is continued to the left for ever, the last to the right.
/// *Estimate*. **Cost** a few operations a degree and line. **Source**: Hermite series.
///
/// # Errors
/// A degree above 31; a deviation that is not positive.
pub fn gaussian(
    lines: &[Line],
    mean: &Rational,
    deviation: &Rational,
    degree: usize,
) -> Result<Vec<Float>> {
    check(degree)?;
    if *deviation <= 0u32 {
        return Err(Error::domain(format!(
            "a standard deviation of {deviation}: it must be above 0"
        )));
    }
    let float = |x: &Rational| Float::with_val(PREC, x);
    let mut moments = vec![Float::new(PREC); degree + 1];
    for (i, line) in lines.iter().enumerate() {
        let end = |x: &Rational| Edge::new(&(Rational::from(x - mean) / deviation), degree + 2);
        let a = (i > 0).then(|| end(&line.from));
        let b = (i + 1 < lines.len()).then(|| end(&line.to));
        // f = slope (mean + deviation z) + intercept
        let slope = float(&Rational::from(&line.slope * deviation));
        let constant = float(&(Rational::from(&line.slope * mean) + &line.intercept));
        let integral = |k: usize| -> Float {
            let at = |edge: &Option<Edge>, infinite: u32| match edge {
                Some(edge) => edge.below(k),
                None => Float::with_val(PREC, if k == 0 { infinite } else { 0 }),
            };
            at(&b, 1) - at(&a, 0)
        };
        let all: Vec<Float> = (0..=degree + 1).map(integral).collect();
        for k in 0..=degree {
            moments[k] += Float::with_val(PREC, &constant * &all[k]);
            let mut ramp = all[k + 1].clone();
            if k > 0 {
                ramp += Float::with_val(PREC, &all[k - 1] * k as u32);
            }
            moments[k] += ramp * &slope;
        }
    }
    // sum c_k He_k, in powers.
    let mut powers = vec![Float::new(PREC); degree + 1];
    let mut factorial = Float::with_val(PREC, 1);
    for (k, (he, moment)) in hermite(degree).into_iter().zip(moments).enumerate() {
        factorial *= (k as u32).max(1);
        let c = moment / &factorial;
        for (p, h) in powers.iter_mut().zip(he) {
            *p += Float::with_val(PREC, &c * h);
        }
    }
    Ok(powers)
}

/// He_0..He_n in powers of z.
fn hermite(n: usize) -> Vec<Vec<rug::Integer>> {
    let mut all = vec![
        vec![rug::Integer::from(1)],
        vec![rug::Integer::new(), rug::Integer::from(1)],
    ];
    for k in 1..n {
        // He_(k+1) = z He_k - k He_(k-1)
        let mut next = vec![rug::Integer::new()];
        next.extend(all[k].iter().cloned());
        for (x, y) in next.iter_mut().zip(&all[k - 1]) {
            *x -= rug::Integer::from(y * k as u32);
        }
        all.push(next);
    }
    all.truncate(n + 1);
    all
}

/// An end of a piece in z: integrals of He_k phi from minus infinity up to it.
struct Edge {
    integrals: Vec<Float>,
}

impl Edge {
    fn new(z: &Rational, n: usize) -> Self {
        let z = Float::with_val(PREC, z);
        let pi = Float::with_val(PREC, rug::float::Constant::Pi);
        let density =
            (-Float::with_val(PREC, z.square_ref()) / 2u32).exp() * (pi * 2u32).recip_sqrt();
        let root = Float::with_val(PREC, 2).sqrt();
        // Phi(z) = erfc(-z/sqrt 2)/2
        let mut integrals = vec![Float::with_val(PREC, -(z.clone() / root)).erfc() / 2u32];
        let (mut before, mut he) = (Float::new(PREC), Float::with_val(PREC, 1));
        for k in 0..n {
            integrals.push(-Float::with_val(PREC, &he * &density));
            let next = Float::with_val(PREC, &z * &he) - before * k as u32;
            before = std::mem::replace(&mut he, next);
        }
        Self { integrals }
    }

    /// The integral of He_k phi up to here.
    fn below(&self, k: usize) -> Float {
        self.integrals[k].clone()
    }
}

/// The least-squares polynomial for a histogram, in powers of u = (2x - lo - hi)/(hi - lo) with the histogram's
/// first and last edges.
///
/// **Inputs** lines of f in order, continued on both sides. *Estimate*.
/// **Cost** moments of every bin, a system of degree + 1 equations.
///
/// # Errors
/// A degree above 31, or more coefficients than the histogram determines.
pub fn histogram(lines: &[Line], h: &Histogram, degree: usize) -> Result<Vec<Float>> {
    check(degree)?;
    let (lo, hi) = (&h.edges[0], &h.edges[h.edges.len() - 1]);
    let (half, middle) = (
        Rational::from(hi - lo) / 2u32,
        Rational::from(hi + lo) / 2u32,
    );
    let in_u = |x: &Rational| Float::with_val(PREC, Rational::from(x - &middle) / &half);
    let n = degree + 1;
    // Integrals of u^j over the density, and of f u^j.
    let mut gram = vec![Float::new(PREC); 2 * n];
    let mut right = vec![Float::new(PREC); n];
    for (bin, weight) in h.edges.windows(2).zip(&h.weights) {
        if weight.is_zero() {
            continue;
        }
        let density = Float::with_val(PREC, weight / Rational::from(&bin[1] - &bin[0]));
        let last = lines.len() - 1;
        for (i, line) in lines.iter().enumerate() {
            let from = if i == 0 {
                bin[0].clone()
            } else {
                line.from.clone().max(bin[0].clone())
            };
            let to = if i == last {
                bin[1].clone()
            } else {
                line.to.clone().min(bin[1].clone())
            };
            if from >= to {
                continue;
            }
            let slope = Float::with_val(PREC, &Rational::from(&line.slope * &half));
            let constant = Float::with_val(
                PREC,
                Rational::from(&line.slope * &middle) + &line.intercept,
            );
            let moments = moments(&in_u(&from), &in_u(&to), 2 * n);
            for (g, m) in gram.iter_mut().zip(&moments) {
                *g += Float::with_val(PREC, m * &density);
            }
            for (j, r) in right.iter_mut().enumerate() {
                let value = Float::with_val(PREC, &slope * &moments[j + 1])
                    + Float::with_val(PREC, &constant * &moments[j]);
                *r += value * &density;
            }
        }
    }
    let rows = right.into_iter().enumerate().map(|(i, r)| {
        let mut row: Vec<Float> = gram[i..i + n].to_vec();
        row.push(r);
        row
    });
    solve(rows.collect())
}

/// Integrals of u^j from a to b, j < n.
fn moments(a: &Float, b: &Float, n: usize) -> Vec<Float> {
    let (mut low, mut high) = (a.clone(), b.clone());
    (1..=n as u32)
        .map(|j| {
            let m = Float::with_val(PREC, &high - &low) / j;
            low *= a;
            high *= b;
            m
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::shape::Shape;

    fn relu(lo: i32, hi: i32) -> Vec<Line> {
        let ends = (Rational::new(), Rational::from(1));
        let f = Shape::Relu.function(&Rational::new(), &ends).unwrap();
        f.on(&Rational::from(lo), &Rational::from(hi), &Rational::new())
            .unwrap()
    }

    /// N(0, 1), degree 2: 1/(2 sqrt(2 pi)) + x/2 + x^2/(2 sqrt(2 pi)).
    #[test]
    fn the_standard_normal_gives_the_hermite_expansion() {
        let c = gaussian(&relu(-9, 9), &Rational::new(), &Rational::from(1), 2).unwrap();
        let half = 0.5 / (2.0 * std::f64::consts::PI).sqrt();
        let found: Vec<f64> = c.iter().map(Float::to_f64).collect();
        for (x, y) in found.iter().zip([half, 0.5, half]) {
            assert!((x - y).abs() < 1e-15, "{found:?}");
        }
    }

    /// A fine histogram of a Gaussian gives nearly the Gaussian's fit; residuals are orthogonal to powers.
    #[test]
    fn two_methods_agree() {
        let (mean, sigma) = (Rational::from((1, 2)), Rational::from(2));
        let edges: Vec<Rational> = (-800..=900).map(|k| Rational::from((k, 50))).collect();
        let weights = edges
            .windows(2)
            .map(|w| {
                let z = (w[0].to_f64() + 0.01 - 0.5) / 2.0;
                Rational::from_f64((-z * z / 2.0).exp()).unwrap()
            })
            .collect();
        let h = Histogram { edges, weights };
        let a = gaussian(&relu(-16, 18), &mean, &sigma, 5).unwrap();
        let b = histogram(&relu(-16, 18), &h, 5).unwrap();
        let value = |c: &[Float], u: f64| c.iter().rev().fold(0.0, |s, c| s * u + c.to_f64());
        for k in -20..=20 {
            let x = f64::from(k) / 4.0;
            let (p, q) = (value(&a, (x - 0.5) / 2.0), value(&b, (x - 1.0) / 17.0));
            assert!((p - q).abs() < 1e-3, "{x}: {p} {q}");
        }
    }

    #[test]
    fn polynomials_are_reproduced() {
        // f = x on one line.
        let line = [Line {
            from: Rational::from(-1),
            to: Rational::from(3),
            slope: Rational::from(1),
            intercept: Rational::new(),
        }];
        let h =
            Histogram::read(r#"{"edges": ["-1", "0.5", "3"], "weights": ["2", "1/3"]}"#).unwrap();
        let c = histogram(&line, &h, 4).unwrap();
        // x = 1 + 2u.
        for (c, want) in c.iter().zip([1.0, 2.0, 0.0, 0.0, 0.0]) {
            assert!((c.to_f64() - want).abs() < 1e-60);
        }
        let c = gaussian(&line, &Rational::from(4), &Rational::from(3), 3).unwrap();
        for (c, want) in c.iter().zip([4.0, 3.0, 0.0, 0.0]) {
            assert!((c.to_f64() - want).abs() < 1e-60);
        }
    }

    #[test]
    fn bad_histograms_are_refused_by_name() {
        for (text, place) in [
            ("", "line 1"),
            ("[]", "line 1"),
            (r#"{"edges":["0","1"],"weights":[1]}"#, "line 1"),
            (r#"{"edges":["0","1"],"weights":["1"],"x":"1"}"#, "line 1"),
            (r#"{"edges":["0","1"],"weights":[]}"#, "weights"),
            (r#"{"edges":["0","1"],"weights":["1","1"]}"#, "edges"),
            (r#"{"edges":["0","x"],"weights":["1"]}"#, "edges[1]"),
            (r#"{"edges":["0","1","1"],"weights":["1","1"]}"#, "edges[2]"),
            (r#"{"edges":["0","1"],"weights":["-1"]}"#, "weights[0]"),
            (r#"{"edges":["0","1"],"weights":["0"]}"#, "weights"),
        ] {
            let error = Histogram::read(text).unwrap_err().to_string();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }
}
