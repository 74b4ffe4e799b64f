//! Shared by the integration tests: seeded random numbers and composites, and an oracle that knows
//! the values of a composite to some 900 bits with a proved error, without any code of `certify`.

#![allow(dead_code)] // every test file uses its own part

use polycert::approx::{design, round_design, Fit, Scaling};
use polycert::arith::rounding::CoefficientMode;
use polycert::poly::{Basis, Component, Composite, Domain, Function, Table};
use rug::float::Round;
use rug::ops::{AddAssignRound, SubFromRound};
use rug::{Float, Rational};
use std::collections::BTreeMap;

/// The effort that the environment asks for, 1 by default.
pub fn multiplier() -> usize {
    let set = std::env::var("POLYCERT_TEST_MULTIPLIER").ok();
    set.and_then(|m| m.parse().ok()).unwrap_or(1)
}

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

    pub fn of(table: &Table, mode: CoefficientMode) -> Self {
        Self::new(Composite::new(table, mode).unwrap())
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
            // p(d) by the stages' own Horner scheme on a ball.
            let p = oracle.stages.iter().fold(d.clone(), |y, c| {
                let mut steps = c.iter().rev();
                let first = steps.next().unwrap().clone();
                steps.fold(first, |acc, c| acc.times(&y).plus(c))
            });
            next.push(a.plus(b).plus(&d.times(&p)).half());
        }
        round = next;
    }
    let most = inputs.iter().max().unwrap();
    let off = round[0].minus(&mapped(most)).abs();
    let back = Ball::new(&Rational::from(c.recip_ref()));
    off.times(&back)
}

/// Kinds of random composites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Odd minimax composites and the like, perturbed.
    SignLike,
    /// The same with tiny even coefficients.
    NotQuiteOdd,
    /// Random coefficients of a tame size, odd, even or mixed, both bases, with input maps.
    Random,
    /// Constants, degrees 0 and 1, multiple critical points.
    Degenerate,
    /// Stages that may explode.
    Wild,
}

/// Coefficients from numerators over a common denominator, odd degrees only.
fn odd(numerators: &[i64], denominator: i64) -> Vec<Rational> {
    let mut c = Vec::new();
    for &n in numerators {
        c.push(Rational::new());
        c.push(Rational::from((n, denominator)));
    }
    c
}

/// The polynomials f_1..f_4 and g_1..g_4 of CKK19 (f_n has critical points of order n at -1 and 1).
pub fn ckk19() -> Vec<Component> {
    [
        odd(&[3, -1], 2),
        odd(&[15, -10, 3], 8),
        odd(&[35, -35, 21, -5], 16),
        odd(&[315, -420, 378, -180, 35], 128),
        odd(&[2126, -1359], 1 << 10),
        odd(&[3334, -6108, 3796], 1 << 10),
        odd(&[4589, -16577, 25614, -12860], 1 << 10),
        odd(&[5850, -34974, 97015, -113492, 46623], 1 << 10),
    ]
    .into_iter()
    .map(|c| Component::new(Basis::Power, c))
    .collect()
}

/// Minimax composites to start from.
pub fn designs() -> Vec<Vec<Component>> {
    let mut all = Vec::new();
    for (i, (degrees, eps)) in [
        (vec![3], (1, 4)),
        (vec![7], (1, 8)),
        (vec![31], (1, 32)),
        (vec![3, 5], (1, 16)),
        (vec![7, 7], (1, 64)),
        (vec![15, 15], (1, 1 << 9)),
        (vec![5, 5, 5], (1, 1 << 6)),
        (vec![3, 3, 5, 7], (1, 1 << 7)),
    ]
    .into_iter()
    .enumerate()
    {
        let eta = Rational::from((i as u32 % 2, 1u32 << 20));
        let found = design(&degrees, &Fit::Eps(Rational::from(eps)), &eta).unwrap();
        for basis in [Basis::Power, Basis::Chebyshev] {
            all.push(round_design(&found, basis, Scaling::None, 60));
        }
        all.push(round_design(
            &found,
            Basis::Chebyshev,
            Scaling::Normalized,
            40,
        ));
    }
    all
}

/// Makes random composites.
pub struct Generator {
    pub random: Random,
    designs: Vec<Vec<Component>>,
    families: Vec<Component>,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            designs: designs(),
            families: ckk19(),
        }
    }

    pub fn table(&mut self, kind: Kind) -> Table {
        let components = match kind {
            Kind::SignLike => self.sign_like(),
            Kind::NotQuiteOdd => {
                let mut components = self.sign_like();
                let bits = 4 + self.random.below(140) as u32;
                for c in &mut components {
                    for a in c.coefficients.iter_mut().step_by(2) {
                        if self.random.chance(0.4) {
                            *a += self.random.rational(1.0) >> bits;
                        }
                    }
                }
                components
            }
            Kind::Random => self.chain(4, Self::tame),
            Kind::Degenerate => self.chain(4, Self::degenerate),
            Kind::Wild => {
                let n = 1 + self.random.below(4);
                (0..n).map(|_| self.wild()).collect()
            }
        };
        let eps = Rational::from((1 + self.random.below(20) as u32, 64u32));
        Table {
            name: format!("{kind:?}"),
            target: Function::Relu,
            domain: Domain {
                lo: Rational::from(-1),
                hi: Rational::from(1),
                eps: Some(eps),
            },
            components,
            provenance: BTreeMap::new(),
        }
    }

    fn sign_like(&mut self) -> Vec<Component> {
        let r = &mut self.random;
        let mut components = if r.chance(0.6) {
            r.pick(&self.designs)
        } else {
            (0..1 + r.below(4))
                .map(|_| r.pick(&self.families))
                .collect()
        };
        if r.chance(0.6) {
            let bits = 4 + r.below(50) as u32;
            for c in &mut components {
                for a in c.coefficients.iter_mut().skip(1).step_by(2) {
                    let size = a.to_f64().abs();
                    *a += r.rational(size) >> bits;
                }
            }
        }
        components
    }

    /// 1 to `most` stages, each told the size of its input and telling that of its output.
    fn chain(
        &mut self,
        most: usize,
        stage: fn(&mut Self, f64) -> (Component, f64),
    ) -> Vec<Component> {
        let n = 1 + self.random.below(most);
        let mut size = 1.0;
        let mut components = Vec::new();
        for _ in 0..n {
            let (component, out) = stage(self, size);
            components.push(component);
            size = out.max(2.0f64.powi(-30));
        }
        components
    }

    /// |P| <= about 2 for |y| <= size.
    fn tame(&mut self, size: f64) -> (Component, f64) {
        let r = &mut self.random;
        let degree = if r.chance(0.2) {
            r.below(32)
        } else {
            r.below(10)
        };
        let parity = r.below(4);
        let decay = 0.4 + 0.7 * r.unit();
        let (out, power) = (0.5 + 1.5 * r.unit(), r.chance(0.5));
        let mut c: Vec<f64> = (0..=degree)
            .map(|j| match (parity, j % 2) {
                (0, 0) | (1, 1) => 0.0,
                _ => r.signed() * decay.powi(j as i32),
            })
            .collect();
        let sum: f64 = c.iter().map(|c| c.abs()).sum();
        for (j, c) in c.iter_mut().enumerate() {
            *c *= out / sum.max(1e-9) / if power { size.powi(j as i32) } else { 1.0 };
        }
        let exact = c.iter().map(|&c| {
            if c == 0.0 {
                Rational::new()
            } else {
                rational(c) + (r.rational(c) >> 30u32)
            }
        });
        let exact = exact.collect();
        let mut component = Component::new(
            if power {
                Basis::Power
            } else {
                Basis::Chebyshev
            },
            exact,
        );
        if !power {
            // u = scale y + offset in [-1, 1].
            let offset = if r.chance(0.5) { 0.0 } else { 0.9 * r.signed() };
            let scale = (1.0 - f64::abs(offset)) / size * if r.chance(0.2) { -1.0 } else { 1.0 };
            component.scale = rational((scale * 1024.0).trunc() / 1024.0);
            if component.scale.is_zero() {
                component.scale = Rational::from((1, 1024));
            }
            component.offset = rational((offset * 64.0).trunc() / 64.0);
        }
        (component, out)
    }

    fn degenerate(&mut self, size: f64) -> (Component, f64) {
        let r = &mut self.random;
        let power = |c: Vec<Rational>| Component::new(Basis::Power, c);
        match r.below(6) {
            0 => (power(vec![r.rational(1.0)]), 1.0),
            1 => (
                power(vec![
                    r.rational(1.0),
                    r.rational(1.0) + Rational::from((1, 3)),
                ]),
                1.5 * size + 1.0,
            ),
            2 => (power(vec![Rational::new(), r.rational(1.5)]), 1.5 * size),
            3 if size <= 1.0 => (r.pick(&self.families[..4]), 1.2),
            4 => {
                let mut c = vec![Rational::new(); 2 + r.below(9)];
                let n = c.len() - 1;
                c[n] = rational(size.powi(-(n as i32)));
                (power(c), 1.0)
            }
            _ => {
                let c = with_derivative_roots(r, size).0;
                let sum: f64 = (0..)
                    .zip(&c)
                    .map(|(j, c)| c.to_f64().abs() * size.powi(j))
                    .sum();
                let factor = rational((2.0f64).powi(-(sum.log2().ceil().max(-60.0) as i32)));
                (power(c.into_iter().map(|c| c * &factor).collect()), 1.0)
            }
        }
    }

    fn wild(&mut self) -> Component {
        let r = &mut self.random;
        let degree = r.below(32);
        let spread = r.pick(&[2.0, 8.0, 40.0]);
        let c = (0..=degree)
            .map(|_| {
                let size = (spread * r.signed()).exp2();
                r.rational(size)
            })
            .collect();
        let mut component = Component::new(r.pick(&[Basis::Power, Basis::Chebyshev]), c);
        if r.chance(0.3) {
            component.scale = r.rational(2.0) + Rational::from((1, 1_000_003));
            component.offset = r.rational(2.0);
        }
        component
    }
}

/// A polynomial in powers whose derivative has known rational roots, some multiple, and the roots.
pub fn with_derivative_roots(r: &mut Random, size: f64) -> (Vec<Rational>, Vec<Rational>) {
    let mut derivative = vec![Rational::from(1)];
    let mut roots = Vec::new();
    for _ in 0..1 + r.below(4) {
        let root = match r.below(5) {
            0 => Rational::new(),
            1 => rational(size),
            2 => Rational::from((r.below(41) as i32 - 20, 21)) * rational(size),
            _ => Rational::from((r.below(33) as i32 - 16, 16)) * rational(size),
        };
        for _ in 0..r.pick(&[1, 1, 1, 2, 3]) {
            derivative.push(Rational::new());
            for i in (0..derivative.len()).rev() {
                let mut v = Rational::from(&derivative[i] * &root);
                v = -v;
                if i > 0 {
                    v += &derivative[i - 1];
                }
                derivative[i] = v;
            }
        }
        roots.push(root);
    }
    let mut c = vec![r.rational(1.0)];
    if r.chance(0.5) {
        c[0] = Rational::new();
    }
    c.extend(
        derivative
            .into_iter()
            .zip(1u32..)
            .map(|(d, j)| d / Rational::from(j)),
    );
    (c, roots)
}
