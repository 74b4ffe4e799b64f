//! Seeded random numbers, and an oracle that knows the values of a composite to some 900 bits with
//! a proved error, without any code of `certify`.

pub mod direct;
pub mod generator;
pub mod judge;

use polycert::poly::composite::Composite;
use rug::float::Round;
use rug::ops::{AddAssignRound, SubFromRound};
use rug::{Float, Rational};

/// Splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [-1, 1).
    pub fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    /// Uniform in 0..n.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// A rational near `size` times a number in [-1, 1), in one of five spellings.
    pub fn rational(&mut self, size: f64) -> Rational {
        let v = rational(self.signed() * size);
        match self.below(5) {
            0 => Rational::from((
                (v * (1u64 << 20)).round().numer().clone(),
                rug::Integer::from(1u64 << 20),
            )),
            1 => {
                let ten = rug::Integer::from(1_000_000_000_000u64);
                Rational::from(((v * &ten).round().numer().clone(), ten))
            }
            2 => v,
            3 => v * Rational::from((97, 1 + 2 * self.below(500) as u32)) / 97u32,
            _ => v + Rational::from(self.next()) / (Rational::from(1) << 124u32),
        }
    }
}

/// An f64 as a rational.
pub fn rational(x: f64) -> Rational {
    Rational::from_f64(x).unwrap_or_default()
}

/// Mantissa bits of the oracle.
const BITS: u32 = 1_024;
/// Radii are in units of 2^-900, an f64 each.
const UNIT: u32 = 900;

/// A number known to within a radius.
#[derive(Debug, Clone)]
pub struct Ball {
    pub mid: Float,
    rad: f64,
}

impl Ball {
    pub fn new(x: &Rational) -> Self {
        Self::rounded(Float::with_val(BITS, x), 0.0)
    }

    /// A midpoint that was just rounded to `BITS` bits, with the other errors `rad`.
    fn rounded(mid: Float, rad: f64) -> Self {
        let ulp = size(&mid) * 2.0f64.powi(UNIT as i32 - BITS as i32 + 1);
        let rad = (rad + ulp) * (1.0 + 1e-14);
        Self { mid, rad }
    }

    pub fn plus(&self, other: &Self) -> Self {
        let mid = Float::with_val(BITS, &self.mid + &other.mid);
        Self::rounded(mid, self.rad + other.rad)
    }

    pub fn minus(&self, other: &Self) -> Self {
        let mid = Float::with_val(BITS, &self.mid - &other.mid);
        Self::rounded(mid, self.rad + other.rad)
    }

    pub fn times(&self, other: &Self) -> Self {
        let mid = Float::with_val(BITS, &self.mid * &other.mid);
        let cross = self.rad * other.rad * 2.0f64.powi(-(UNIT as i32));
        let rad = size(&self.mid) * other.rad + size(&other.mid) * self.rad + cross;
        Self::rounded(mid, rad * (1.0 + 1e-14))
    }

    pub fn half(mut self) -> Self {
        self.mid >>= 1;
        self
    }

    pub fn abs(mut self) -> Self {
        self.mid.abs_mut();
        self
    }

    /// Whether the radius is small enough for the number to say anything.
    pub fn known(&self) -> bool {
        self.rad < 2.0f64.powi(UNIT as i32 - 200)
    }

    fn radius(&self) -> Float {
        Float::with_val(64, self.rad) >> UNIT
    }

    pub fn least(&self) -> Float {
        let mut x = self.radius();
        x.set_prec(BITS + 64);
        x.sub_from_round(&self.mid, Round::Down);
        x
    }

    pub fn most(&self) -> Float {
        let mut x = self.radius();
        x.set_prec(BITS + 64);
        x.add_assign_round(&self.mid, Round::Up);
        x
    }

    /// Proved to be greater than `bound`.
    pub fn above(&self, bound: &Rational) -> bool {
        self.known() && self.least() > *bound
    }

    /// Proved to be less than `bound`.
    pub fn below(&self, bound: &Rational) -> bool {
        self.known() && self.most() < *bound
    }

    pub fn holds(&self, x: &Rational) -> bool {
        self.least() <= *x && self.most() >= *x
    }
}

/// An f64 that is at least |x|.
fn size(x: &Float) -> f64 {
    Float::with_val_round(53, x.abs_ref(), Round::Up).0.to_f64()
}

/// Values of a composite: p(x), its stages and its derivative.
pub struct Oracle {
    stages: Vec<Vec<Ball>>,
    pub composite: Composite,
}

/// s p_i(...p_1(x)...) for every stage and s p(x), (s p(s y))' at y = |x|.
pub struct Values {
    pub stages: Vec<Ball>,
    pub q: Ball,
    pub slope: Ball,
    pub y: Ball,
}

impl Oracle {
    pub fn new(composite: Composite) -> Self {
        // The first branch is the composite itself.
        let stages = composite.branches[0].stages.iter();
        let balls = |c: &Vec<Rational>| c.iter().map(Ball::new).collect();
        Self {
            stages: stages.map(balls).collect(),
            composite,
        }
    }

    /// Everything at x, from the composite's own coefficients (never the mirrored branch).
    pub fn at(&self, x: &Rational, with_slope: bool) -> Values {
        let one = Ball::new(&Rational::from(1));
        let negative = *x < 0u32;
        let towards = |b: &Ball| {
            let mut b = b.clone();
            if negative {
                b.mid = -b.mid;
            }
            b
        };
        let mut at = Ball::new(x);
        let y = at.clone().abs();
        let mut slope = one;
        let mut stages = Vec::with_capacity(self.stages.len());
        for c in &self.stages {
            if with_slope {
                let zero = Ball::new(&Rational::new());
                let d = c
                    .iter()
                    .enumerate()
                    .skip(1)
                    .rev()
                    .fold(zero, |acc, (j, c)| {
                        let factor = Ball::new(&Rational::from(j));
                        acc.times(&at).plus(&factor.times(c))
                    });
                slope = slope.times(&d);
            }
            let mut steps = c.iter().rev();
            let first = steps.next().unwrap().clone();
            at = steps.fold(first, |acc, c| {
                let product = acc.times(&at);
                if c.mid.is_zero() {
                    product
                } else {
                    product.plus(c)
                }
            });
            stages.push(towards(&at));
        }
        let q = stages.last().unwrap().clone();
        Values {
            stages,
            q,
            slope,
            y,
        }
    }

    /// Product of the stages' degrees.
    pub fn total_degree(&self) -> usize {
        self.stages.iter().map(|s| s.len().max(2) - 1).product()
    }
}

impl Values {
    /// |p - sign|.
    pub fn closeness(&self) -> Ball {
        Ball::new(&Rational::from(1)).minus(&self.q).abs()
    }

    /// |r - ReLU|.
    pub fn deviation(&self) -> Ball {
        self.closeness().times(&self.y).half()
    }

    /// |r' - 1/2|.
    pub fn derivative(&self) -> Ball {
        self.q.plus(&self.y.times(&self.slope)).half().abs()
    }

    /// |r| at x of the given sign.
    pub fn magnitude(&self, negative: bool) -> Ball {
        let one = Ball::new(&Rational::from(1));
        let factor = if negative {
            one.minus(&self.q)
        } else {
            one.plus(&self.q)
        };
        self.y.times(&factor).half().abs()
    }
}

/// p(d) by the stages' own Horner scheme on a ball.
pub fn at_ball(oracle: &Oracle, d: &Ball) -> Ball {
    oracle.stages.iter().fold(d.clone(), |y, c| {
        let mut steps = c.iter().rev();
        let first = steps.next().unwrap().clone();
        steps.fold(first, |acc, c| acc.times(&y).plus(c))
    })
}

/// |tournament - max| for inputs mapped by x -> c x + 1/2, from the composite alone.
pub fn tournament_error(oracle: &Oracle, inputs: &[Rational], c: &Rational) -> Ball {
    let half = Rational::from((1, 2));
    let mapped = |x: &Rational| Ball::new(&(Rational::from(x * c) + &half));
    let mut round: Vec<Ball> = inputs.iter().map(mapped).collect();
    while round.len() > 1 {
        let mut next = Vec::new();
        for pair in round.chunks(2) {
            let [a, b] = pair else {
                next.push(pair[0].clone());
                continue;
            };
            let d = a.minus(b);
            let p = at_ball(oracle, &d);
            next.push(a.plus(b).plus(&d.times(&p)).half());
        }
        round = next;
    }
    let most = inputs.iter().max().unwrap();
    let off = round[0].minus(&mapped(most)).abs();
    let back = Ball::new(&Rational::from(c.recip_ref()));
    off.times(&back)
}
