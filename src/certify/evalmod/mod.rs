//! EvalMod of CKKS bootstrapping: how far what a library evaluates is from t mod 1, for every overflow I, by power series.
//!
//! On the cell t = I + a v/ratio, |v| <= 1, the message is a v/ratio, where a is 1 or what messages are known to keep to. The polynomial, its double angles and the arcsine are carried
//! through as a power series in v with a remainder; sin(2 pi t) = sin(2 pi a v/ratio) is one too; the sums of |coefficients| of the
//! differences on pieces of the cell bound them from above, their values in the middles of pieces from below.
//!
//! **Guarantee** for the polynomial in exact arithmetic; noise and roundings of ciphertexts are apart.
//!
//! **Source** the constructions: tuneinsight/lattigo v6, `circuits/ckks/mod1` and `utils/cosine`; openfheorg/openfhe-development,
//! `ckksrns-fhe.h`; Han and Ki, ePrint 2019/688, for the nodes.

mod polynomial;
mod series;

pub use polynomial::{Polynomial, Wave};
pub use series::Bounds;

use crate::arith::mp::Mp;
use polynomial::two_pi;
use rug::{Float, Rational};
use series::Series;

/// Pieces of a cell.
const PIECES: u32 = 16;

/// What a library evaluates for t mod 1.
#[derive(Debug, Clone)]
pub struct EvalMod {
    /// Stands for the cosine or sine.
    pub polynomial: Polynomial,
    /// z -> 2 z^2 - 1 so many times.
    pub double_angles: u32,
    /// Degree of the Taylor polynomial of the arcsine after it; 0 is none.
    pub arcsine_degree: u32,
    /// log2 of q_0 over the unit of messages' coefficients.
    pub log_ratio: u32,
    /// a: coefficients are at most this in that unit.
    pub message: Rational,
}

/// What is proved on a cell, in units of q_0/ratio.
#[derive(Debug, Clone)]
pub struct Cell {
    /// I.
    pub overflow: i32,
    /// |z - sin(2 pi t)| ratio/(2 pi), for z before the arcsine.
    pub polynomial: Bounds,
    /// |result - a v|.
    pub whole: Bounds,
}

impl EvalMod {
    /// The cell of an overflow.
    pub fn cell(&self, overflow: i32) -> Cell {
        let prec = self.polynomial.prec();
        let size = Mp::from_rational(prec, &self.message);
        let width = Mp::from_rational(prec, &(self.message.clone() >> self.log_ratio));
        let ratio = Mp::from_rational(prec, &(Rational::from(1) << self.log_ratio));
        let t = Series::linear(Mp::int(prec, overflow), width.clone());
        let minus_one = Series::constant(Mp::int(prec, -1));
        let mut z = self.polynomial.at(&t).trimmed(prec / 2);
        for _ in 0..self.double_angles {
            let square = z.times(&z).trimmed(prec / 2);
            z = square.scaled(&Mp::int(prec, 2)).plus(&minus_one);
        }
        // ratio/(2 pi), a quotient of a power of two.
        let turn = two_pi(prec);
        let inverse = |x: &Float, round| Float::with_val_round(prec, x.recip_ref(), round).0;
        let unit = ratio.times(&Mp {
            lo: inverse(&turn.hi, rug::float::Round::Down),
            hi: inverse(&turn.lo, rug::float::Round::Up),
        });
        let sine = Series::sine(&turn.times(&width));
        let off = z.clone().plus(&sine.negated()).scaled(&unit);
        let message = Series::linear(Mp::int(prec, 0), size.negated());
        let whole = self.arcsine(z).scaled(&unit).plus(&message);
        Cell {
            overflow,
            polynomial: off.trimmed(200).bounds(PIECES),
            whole: whole.trimmed(200).bounds(PIECES),
        }
    }

    /// sum a_i z^i over odd i: a_1 = 1, a_i = a_(i-2) (i - 2)^2/(i (i - 1)).
    fn arcsine(&self, z: Series) -> Series {
        if self.arcsine_degree < 3 {
            return z;
        }
        let prec = self.polynomial.prec();
        let square = z.times(&z).trimmed(prec / 2);
        let mut all = vec![Rational::from(1)];
        for i in (3..=self.arcsine_degree).step_by(2) {
            let last = &all[all.len() - 1];
            let next = last * Rational::from(((i - 2) * (i - 2), i * (i - 1)));
            all.push(next);
        }
        let start = Series::constant(Mp::int(prec, 0));
        let sum = all.iter().rev().fold(start, |sum, a| {
            let a = Series::constant(Mp::from_rational(prec, a));
            sum.times(&square).trimmed(prec / 2).plus(&a)
        });
        sum.times(&z)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rug::float::Constant;

    const PREC: u32 = 600;

    fn number(x: impl Into<Rational>) -> Float {
        Float::with_val(PREC, x.into())
    }

    fn pi() -> Float {
        Float::with_val(PREC, Constant::Pi)
    }

    /// Lagrange's interpolant through the nodes, at x: no coefficient, no divided difference.
    fn lagrange(nodes: &[Float], values: &[Float], x: &Float) -> Float {
        let mut sum = number(0);
        for (i, value) in values.iter().enumerate() {
            let mut term = value.clone();
            for (_, other) in nodes.iter().enumerate().filter(|(j, _)| *j != i) {
                term *= Float::with_val(PREC, x - other) / Float::with_val(PREC, &nodes[i] - other);
            }
            sum += term;
        }
        sum
    }

    /// What is held against the bounds: a polynomial through nodes, its even part or not, double angles, the arcsine.
    struct Sampled {
        nodes: Vec<Float>,
        values: Vec<Float>,
        shift: Rational,
        even: bool,
    }

    impl Sampled {
        /// (before the arcsine, after it), in units of q_0/ratio, off at t = i + a v/ratio.
        fn off(&self, e: &EvalMod, i: i32, v: &Rational) -> [Float; 2] {
            let message = Rational::from(v * &e.message);
            let mu = message.clone() >> e.log_ratio;
            let x = number(Rational::from(i + &mu) - &self.shift);
            let mut z = lagrange(&self.nodes, &self.values, &x);
            if self.even {
                z = (z + lagrange(&self.nodes, &self.values, &-x)) / 2u32;
            }
            for _ in 0..e.double_angles {
                z = Float::with_val(PREC, z.square_ref()) * 2u32 - 1u32;
            }
            let unit = number(Rational::from(1) << e.log_ratio) / (pi() * 2u32);
            let sine = (pi() * 2u32 * number(mu)).sin();
            let before = (z.clone() - sine) * &unit;
            let (mut power, mut a, mut sum) = (z.clone(), number(1), z.clone());
            for n in (3..=e.arcsine_degree).step_by(2) {
                power *= Float::with_val(PREC, z.square_ref());
                a = a * ((n - 2) * (n - 2)) / (n * (n - 1));
                sum += Float::with_val(PREC, &a * &power);
            }
            [before.abs(), (sum * unit - number(message)).abs()]
        }
    }

    fn wave(t: &Float, double_angles: u32) -> Float {
        let quarter = Float::with_val(PREC, t - 0.25);
        (pi() * 2u32 * quarter / (1u32 << double_angles)).cos()
    }

    /// Dense samples are never beyond the bounds, and come near to them.
    #[track_caller]
    fn held(e: &EvalMod, s: &Sampled, overflows: &[i32]) {
        for &i in overflows {
            let cell = e.cell(i);
            let samples: Vec<[Float; 2]> = (-60..=60)
                .map(|n| s.off(e, i, &Rational::from((n, 60))))
                .collect();
            for (which, bounds) in [&cell.polynomial, &cell.whole].into_iter().enumerate() {
                let all = || samples.iter().map(|s| s[which].to_f64());
                let most = all().fold(0.0, f64::max);
                let least = all().fold(f64::INFINITY, f64::min);
                let (lower, upper) = (bounds.lower.to_f64(), bounds.upper.to_f64());
                assert!(
                    upper >= most && lower <= upper,
                    "{i} {which}: {most} {bounds:?}"
                );
                assert!(
                    upper <= 1.25 * most && lower >= 0.9 * most,
                    "{i} {which}: {most} {bounds:?}"
                );
                assert!(
                    bounds.least.to_f64() <= least,
                    "{i} {which}: {least} {bounds:?}"
                );
            }
        }
    }

    fn chebyshev(wave_kind: Wave, k: u32, degree: u32, r: u32) -> (Polynomial, Sampled) {
        let n = degree + 1;
        let shift = match wave_kind {
            Wave::Centred => Rational::from((1, 4)),
            _ => Rational::new(),
        };
        let x: Vec<Float> = (0..n)
            .map(|i| (pi() * (2 * i + 1) / (2 * n)).cos() * k)
            .collect();
        let values = x
            .iter()
            .map(|x| wave(&Float::with_val(PREC, x + number(shift.clone())), r));
        let sampled = Sampled {
            values: values.collect(),
            nodes: x,
            shift,
            even: false,
        };
        (Polynomial::interpolant(wave_kind, k, degree, r), sampled)
    }

    fn with(polynomial: Polynomial, r: u32, arcsine_degree: u32, log_ratio: u32) -> EvalMod {
        EvalMod {
            polynomial,
            double_angles: r,
            arcsine_degree,
            log_ratio,
            message: Rational::from(1),
        }
    }

    #[test]
    fn chebyshev_interpolants_are_enclosed() {
        for (kind, k, degree, r, arcsine, ratio) in [
            (Wave::Quarter, 28, 44, 3, 0, 7),
            (Wave::Centred, 12, 30, 3, 0, 8),
            (Wave::Centred, 12, 30, 3, 7, 4),
            (Wave::Sine, 3, 31, 0, 5, 3),
        ] {
            let (polynomial, sampled) = chebyshev(kind, k, degree, r);
            let mut e = with(polynomial, r, arcsine, ratio);
            let k = k as i32;
            held(&e, &sampled, &[-k, -k / 2, 0, 1, k]);
            e.message = Rational::from((1, 5));
            held(&e, &sampled, &[-1, k]);
        }
    }

    /// The nodes of one cell each: 0, and the ends of all other cells.
    #[test]
    fn nodes_near_integers_are_enclosed() {
        let (k, ratio) = (9, 5);
        let mut nodes = vec![number(0)];
        for i in 1..k {
            let node = number(Rational::from(i) + (Rational::from(1) >> ratio));
            nodes.extend([node.clone(), -node]);
        }
        let nodes: Vec<Float> = nodes.into_iter().map(|x| x - 0.25).collect();
        let values = nodes
            .iter()
            .map(|x| wave(&Float::with_val(PREC, x + 0.25), 2));
        let sampled = Sampled {
            values: values.collect(),
            nodes,
            shift: Rational::from((1, 4)),
            even: true,
        };
        let e = with(Polynomial::discrete(k, 16, ratio, 2), 2, 0, ratio);
        assert_eq!(e.polynomial.degree(), 16);
        held(&e, &sampled, &[-9, -8, -1, 0, 3, 8, 9]);
        // No node at K: it is far off there, and near before.
        let at = |i| e.cell(i).polynomial;
        assert!(at(9).least > 0.02 && at(3).upper < at(9).lower.clone() >> 8u32);
    }

    /// More nodes where the estimate asks for them, in the middle too, and no more than the degree allows.
    #[test]
    fn more_degree_is_less_error() {
        let error = |degree| {
            let p = Polynomial::discrete(6, degree, 8, 2);
            assert!(p.degree() <= degree as usize && p.degree() + 2 > degree as usize);
            with(p, 2, 0, 8).cell(0).polynomial.upper.to_f64()
        };
        let all = [11, 15, 20, 27].map(error);
        assert!(all.windows(2).all(|w| w[1] < w[0]), "{all:?}");
    }

    /// A stored table carries the factor that the double angles turn to 1/(2 pi).
    #[test]
    fn a_stored_table_is_the_same_but_for_its_rounding() {
        let (polynomial, _) = chebyshev(Wave::Quarter, 8, 24, 2);
        let Polynomial::Chebyshev { coefficients, .. } = &polynomial else {
            panic!();
        };
        let factor = (pi() * 2u32).root(4).recip();
        let stored: Vec<Rational> = coefficients
            .iter()
            .map(|c| Float::with_val(53, &c.lo * &factor).to_rational().unwrap())
            .collect();
        let made = with(polynomial.clone(), 2, 0, 8).cell(5).polynomial;
        let read = with(Polynomial::stored(&stored, 8, 2), 2, 0, 8)
            .cell(5)
            .polynomial;
        assert!((made.upper.to_f64() - read.upper.to_f64()).abs() < 1e-12 && made.upper > 1e-11);
    }
}
