//! The polynomials that libraries make for EvalMod, constructed in exact arithmetic: their coefficients as intervals.
//!
//! Every one stands for cos(2 pi (t - 1/4)/2^r), of which r double angles z -> 2 z^2 - 1 make sin(2 pi t); or, with r = 0, for
//! that sine. A library's factor (2 pi)^(-2^-r) at the cosine comes out of the double angles as 1/(2 pi), exactly where its
//! constants are exact, so that it is divided off here.

use crate::arith::mp::Mp;
use crate::certify::evalmod::series::{over, Series};
use rug::float::{Constant, Round};
use rug::{Float, Rational};

/// A polynomial in t.
#[derive(Debug, Clone)]
pub enum Polynomial {
    /// sum c_k T_k((t - shift)/half_width).
    Chebyshev {
        /// Coefficients, c_0 first and whole.
        coefficients: Vec<Mp>,
        /// Middle of the interval.
        shift: Rational,
        /// Half of its width.
        half_width: u32,
    },
    /// The even part in t - 1/4 of Newton's interpolant.
    Even {
        /// Nodes, less 1/4.
        nodes: Vec<Mp>,
        /// Divided differences, of the first node first.
        differences: Vec<Mp>,
    },
}

/// What a Chebyshev interpolant stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wave {
    /// cos(2 pi (t - 1/4)/2^r) on the interval with 1/4 in its middle (Lattigo's `CosContinuous`).
    Centred,
    /// The same on the interval with 0 in its middle (OpenFHE).
    Quarter,
    /// sin(2 pi t), no double angles (Lattigo's `SinContinuous`).
    Sine,
}

/// Bits for Clenshaw's scheme, which widens intervals by 1 + sqrt(2) < 2^1.3 a degree.
fn precision(degree: u32) -> u32 {
    320 + 2 * degree
}

/// Bits for divided differences, which lose those of the distances between nodes.
fn precision_of_nodes(nodes: u32) -> u32 {
    512 + 6 * nodes
}

impl Polynomial {
    /// The interpolant at the degree + 1 Chebyshev nodes of [shift - K, shift + K].
    pub fn interpolant(wave: Wave, k: u32, degree: u32, double_angles: u32) -> Self {
        let (n, prec) = (degree + 1, precision(degree));
        // cos(pi i/(2 n)) for i = 0 .. 4 n - 1, a whole turn.
        let turn: Vec<Mp> = (0..4 * n)
            .map(|i| cosine_of_turns(&Rational::from((i, 4 * n)), prec))
            .collect();
        let quarter = Mp::from_rational(prec, &Rational::from((1, 4)));
        let values: Vec<Mp> = (0..n)
            .map(|i| {
                let t = turn[(2 * i + 1) as usize].times(&Mp::int(prec, k as i32));
                match wave {
                    Wave::Centred => shrunk(t, double_angles),
                    Wave::Quarter | Wave::Sine => shrunk(t.minus(&quarter), double_angles),
                }
            })
            .map(|turns| cosine(&turns.times(&two_pi(prec))))
            .collect();
        let coefficients = (0..n).map(|j| {
            let mut sum = Mp::int(prec, 0);
            for (i, value) in (0u32..).zip(&values) {
                sum = sum.plus(&value.times(&turn[(j * (2 * i + 1) % (4 * n)) as usize]));
            }
            let twice = if j == 0 { 1 } else { 2 };
            over(&sum.times(&Mp::int(prec, twice)), n)
        });
        // The library drops what is 0 by symmetry: so does an interval around 0.
        let kept = coefficients.enumerate().map(|(j, c)| match (wave, j % 2) {
            (Wave::Centred, 1) | (Wave::Sine, 0) => Mp::int(prec, 0),
            _ => c,
        });
        Self::Chebyshev {
            coefficients: kept.collect(),
            shift: match wave {
                Wave::Centred => Rational::from((1, 4)),
                Wave::Quarter | Wave::Sine => Rational::new(),
            },
            half_width: k,
        }
    }

    /// A table of c_k on [-K, K] that carries the factor (2 pi)^(-2^-r), which is divided off; c_0 whole.
    pub fn stored(coefficients: &[Rational], k: u32, double_angles: u32) -> Self {
        let prec = precision(coefficients.len() as u32);
        // (2 pi)^(2^-r): r roots, each rounded outward.
        let mut factor = two_pi(prec);
        for _ in 0..double_angles {
            let root = |x: &Float, round| Float::with_val_round(prec, x.sqrt_ref(), round).0;
            factor = Mp {
                lo: root(&factor.lo, Round::Down),
                hi: root(&factor.hi, Round::Up),
            };
        }
        let exact = |c: &Rational| Mp::from_rational(prec, c).times(&factor);
        Self::Chebyshev {
            coefficients: coefficients.iter().map(exact).collect(),
            shift: Rational::new(),
            half_width: k,
        }
    }

    /// Lattigo's `CosDiscrete`: interpolated at points of |t - i| <= 1/ratio for |i| <= K - 1, then the even part in t - 1/4.
    ///
    /// Its nodes are i + cos(pi j/n_i)/ratio for j = 0 .. n_i - 1 and what they are negated (`utils/cosine`, version 6): a
    /// single node of a cell stands at its end, not in its middle.
    pub fn discrete(k: u32, degree: u32, log_ratio: u32, double_angles: u32) -> Self {
        let counts = nodes_of_cells(k, degree, log_ratio);
        let prec = precision_of_nodes(counts.iter().map(|&n| 2 * n).sum());
        let mut nodes = Vec::new();
        if counts[0] % 2 == 1 {
            nodes.push(Mp::int(prec, 0));
        }
        for (i, &n) in counts.iter().enumerate().rev() {
            let own = if i == 0 { n / 2 } else { n };
            for j in 0..own {
                let cos = cosine_of_turns(&Rational::from((j, 2 * n)), prec);
                let mut node = cos;
                for _ in 0..log_ratio {
                    node = node.half();
                }
                let node = node.plus(&Mp::int(prec, i as i32));
                nodes.extend([node.clone(), node.negated()]);
            }
        }
        let quarter = Mp::from_rational(prec, &Rational::from((1, 4)));
        let nodes: Vec<Mp> = nodes.into_iter().map(|x| x.minus(&quarter)).collect();
        let value = |x: &Mp| cosine(&shrunk(x.clone(), double_angles).times(&two_pi(prec)));
        let mut differences: Vec<Mp> = nodes.iter().map(value).collect();
        for order in 1..nodes.len() {
            for i in (order..nodes.len()).rev() {
                let rise = differences[i].clone().minus(&differences[i - 1]);
                let run = nodes[i].clone().minus(&nodes[i - order]);
                differences[i] = quotient(&rise, &run);
            }
        }
        Self::Even { nodes, differences }
    }

    /// Its bits.
    pub fn prec(&self) -> u32 {
        match self {
            Self::Chebyshev { coefficients, .. } => coefficients[0].prec(),
            Self::Even { nodes, .. } => nodes[0].prec(),
        }
    }

    /// Its degree.
    pub fn degree(&self) -> usize {
        match self {
            Self::Chebyshev { coefficients, .. } => coefficients.len() - 1,
            Self::Even { nodes, .. } => nodes.len() - 1,
        }
    }

    /// Its value.
    pub fn at(&self, t: &Series) -> Series {
        let prec = self.prec();
        let number = Series::constant;
        match self {
            Self::Chebyshev {
                coefficients,
                shift,
                half_width,
            } => {
                let shift = Mp::from_rational(prec, shift).negated();
                let x = t.clone().plus(&number(shift));
                let x = x.scaled(&over(&Mp::int(prec, 1), *half_width));
                let twice = x.scaled(&Mp::int(prec, 2));
                // Clenshaw's scheme.
                let zero = number(Mp::int(prec, 0));
                let (mut b, mut before) = (zero.clone(), zero);
                for c in coefficients[1..].iter().rev() {
                    let next = twice.times(&b).plus(&before.negated());
                    (b, before) = (next.plus(&number(c.clone())).trimmed(prec), b);
                }
                let last = x.times(&b).plus(&before.negated());
                last.plus(&number(coefficients[0].clone()))
            }
            Self::Even { nodes, differences } => {
                let quarter = Mp::from_rational(prec, &Rational::from((-1, 4)));
                let x = t.clone().plus(&number(quarter));
                let newton = |x: &Series| {
                    let all = nodes.iter().zip(differences).rev();
                    all.fold(number(Mp::int(prec, 0)), |sum, (node, d)| {
                        let far = x.clone().plus(&number(node.clone().negated()));
                        sum.times(&far).plus(&number(d.clone())).trimmed(prec)
                    })
                };
                let both = newton(&x).plus(&newton(&x.negated()));
                both.scaled(&Mp::from_rational(prec, &Rational::from((1, 2))))
            }
        }
    }
}

/// How many nodes the cells around 0, 1, .. K - 1 have: one each, and a further one or pair where Lattigo's estimate of the error
/// is largest as long as degree + 1 allows it.
fn nodes_of_cells(k: u32, degree: u32, log_ratio: u32) -> Vec<u32> {
    let (cells, allowed) = (k as usize, degree + 1);
    let half = 2f64.powi(-(log_ratio as i32));
    let log2_turn = (2.0 * std::f64::consts::PI).log2();
    let mut counts = vec![1; cells];
    let mut total = 2 * k - 1;
    let mut start = 0.0;
    for i in 1..=total {
        start -= f64::from(i).log2();
    }
    start += f64::from(total) * log2_turn;
    start += half.log2();
    let far = |i: usize| (i as f64 + half).log2();
    let mut error: Vec<f64> = (0..cells)
        .map(|i| {
            let left = (1..cells - i).fold(start, |sum, j| sum + far(j));
            (1..cells + i).fold(left, |sum, j| sum + far(j))
        })
        .collect();
    while total < allowed {
        let worst = (1..cells).fold(0, |w, i| if error[i] > error[w] { i } else { w });
        let own = half.log2() - 1.0;
        let more = if worst == 0 { 1 } else { 2 };
        if total + more > allowed {
            break;
        }
        for (i, e) in error.iter_mut().enumerate() {
            for n in 1..=more {
                *e += log2_turn - f64::from(total + n).log2();
            }
            *e += match (worst, i == worst) {
                (0, true) => own,
                (0, false) => far(i),
                (_, true) => own + far(2 * i),
                (_, false) => far(i.abs_diff(worst)) + far(i + worst),
            };
        }
        total += more;
        counts[worst] += 1;
    }
    counts
}

/// 2 pi.
pub fn two_pi(prec: u32) -> Mp {
    let pi = |round| Float::with_val_round(prec, Constant::Pi, round).0 << 1u32;
    Mp {
        lo: pi(Round::Down),
        hi: pi(Round::Up),
    }
}

/// cos(2 pi x); the turns are taken off exactly.
fn cosine_of_turns(x: &Rational, prec: u32) -> Mp {
    let part = x.clone().fract_floor(rug::Integer::new()).0;
    cosine(&Mp::from_rational(prec, &part).times(&two_pi(prec)))
}

/// The cosine moves by no more than its argument; half an ulp of a value up to 1 is below 2^-prec.
fn cosine(x: &Mp) -> Mp {
    let (middle, radius) = x.ball();
    let prec = middle.prec();
    let value = Mp::around(middle.cos(), radius);
    value.widened(&(Float::with_val(prec, 1) >> prec))
}

fn shrunk(mut x: Mp, double_angles: u32) -> Mp {
    for _ in 0..double_angles {
        x = x.half();
    }
    x
}

/// a/b for b that is nowhere 0; nothing is known where it may be.
fn quotient(a: &Mp, b: &Mp) -> Mp {
    let prec = a.prec();
    if b.sign().is_none() {
        let end = |s| Float::with_val(prec, s);
        return Mp {
            lo: end(rug::float::Special::NegInfinity),
            hi: end(rug::float::Special::Infinity),
        };
    }
    let inverse = |x: &Float, round| Float::with_val_round(prec, x.recip_ref(), round).0;
    a.times(&Mp {
        lo: inverse(&b.hi, Round::Down),
        hi: inverse(&b.lo, Round::Up),
    })
}
