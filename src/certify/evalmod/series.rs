//! Power series in v with a remainder, on |v| <= 1: what a cell of EvalMod is carried through.

use crate::arith::mp::{max, min, Mp};
use rug::float::Round;
use rug::ops::{AddAssignRound, MulAssignRound};
use rug::{Float, Rational};

/// Most coefficients that are kept; what is beyond goes to the remainder.
const TERMS: usize = 40;
/// Bits of remainders and norms, which are rounded up.
const BITS: u32 = 64;

/// All functions that are within `rest` of sum c_k v^k for some c_k of the intervals, on |v| <= 1.
#[derive(Debug, Clone)]
pub struct Series {
    c: Vec<Mp>,
    rest: Float,
}

/// Proved bounds of |f| on |v| <= 1.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// |f| is somewhere at least this.
    pub lower: Float,
    /// |f| is nowhere more.
    pub upper: Float,
    /// |f| is nowhere less.
    pub least: Float,
}

impl Series {
    /// A constant.
    pub fn constant(a: Mp) -> Self {
        Self::linear_of(vec![a])
    }

    /// a + b v.
    pub fn linear(a: Mp, b: Mp) -> Self {
        Self::linear_of(vec![a, b])
    }

    fn linear_of(c: Vec<Mp>) -> Self {
        let rest = Float::new(BITS);
        Self { c, rest }
    }

    /// sin(a v), by its Taylor series: what is left out is at most |a|^n/n! with n the first odd power left out.
    pub fn sine(a: &Mp) -> Self {
        let prec = a.prec();
        let square = a.times(a);
        let (mut c, mut term) = (vec![Mp::int(prec, 0)], a.clone());
        loop {
            c.push(term.clone());
            let n = c.len() as u32;
            term = term.times(&square).negated();
            term = over(&term, n * (n + 1));
            if c.len() + 1 >= TERMS {
                return Self {
                    c,
                    rest: up(&term.magnitude()),
                };
            }
            c.push(Mp::int(prec, 0));
        }
    }

    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        let zero = Mp::int(self.c[0].prec(), 0);
        self.c.resize(self.c.len().max(other.c.len()), zero);
        for (a, b) in self.c.iter_mut().zip(&other.c) {
            *a = a.clone().plus(b);
        }
        self.rest.add_assign_round(&other.rest, Round::Up);
        self
    }

    #[must_use]
    pub fn negated(self) -> Self {
        let c = self.c.into_iter().map(Mp::negated).collect();
        Self { c, ..self }
    }

    #[must_use]
    pub fn scaled(&self, a: &Mp) -> Self {
        let c = self.c.iter().map(|c| c.times(a)).collect();
        let mut rest = self.rest.clone();
        rest.mul_assign_round(up(&a.magnitude()), Round::Up);
        Self { c, rest }
    }

    /// (f + r)(g + s) = f g + (|f| s + |g| r + r s), where f g loses its terms beyond the first.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let zero = Mp::int(self.c[0].prec(), 0);
        let mut c = vec![zero; self.c.len() + other.c.len() - 1];
        for (i, a) in self.c.iter().enumerate() {
            for (j, b) in other.c.iter().enumerate() {
                c[i + j] = std::mem::replace(&mut c[i + j], Mp::int(2, 0)).plus(&a.times(b));
            }
        }
        let product = |a: &Float, b: &Float| {
            let mut p = a.clone();
            p.mul_assign_round(b, Round::Up);
            p
        };
        let mut rest = product(&norm(&self.c), &other.rest);
        let far = norm(&other.c);
        rest.add_assign_round(product(&far, &self.rest), Round::Up);
        rest.add_assign_round(product(&self.rest, &other.rest), Round::Up);
        let beyond = c.split_off(c.len().min(TERMS));
        rest.add_assign_round(norm(&beyond), Round::Up);
        Self { c, rest }
    }

    /// The same with trailing coefficients below 2^-bits in the remainder.
    #[must_use]
    pub fn trimmed(mut self, bits: u32) -> Self {
        let least = Float::with_val(BITS, 1) >> bits;
        while self.c.len() > 1 && self.c.last().is_some_and(|c| c.magnitude() < least) {
            let last = self.c.pop().into_iter().collect::<Vec<Mp>>();
            self.rest.add_assign_round(norm(&last), Round::Up);
        }
        self
    }

    /// On pieces v = v_0 + w/n, |w| <= 1: |f| is at most the sum of |coefficients| in w, at least |f(v_0)|, and so at the ends.
    pub fn bounds(&self, pieces: u32) -> Bounds {
        let mut bounds = Bounds {
            lower: Float::new(BITS),
            upper: Float::new(BITS),
            least: Float::with_val(BITS, rug::float::Special::Infinity),
        };
        for i in 0..pieces {
            let middle = Rational::from((2 * i64::from(i) + 1 - i64::from(pieces), pieces));
            let mut shifted = self.moved(&middle);
            bounds.lower = max(bounds.lower, less(&shifted[0], &self.rest));
            let mut scale = Mp::int(shifted[0].prec(), 1);
            for c in &mut shifted {
                *c = c.times(&scale);
                scale = over(&scale, pieces);
            }
            let mut swing = norm(&shifted[1..]);
            swing.add_assign_round(&self.rest, Round::Up);
            let mut upper = up(&shifted[0].magnitude());
            upper.add_assign_round(&swing, Round::Up);
            bounds.upper = max(bounds.upper, upper);
            bounds.least = min(bounds.least, less(&shifted[0], &swing));
        }
        for end in [-1, 1] {
            let value = &self.moved(&Rational::from(end))[0];
            bounds.lower = max(bounds.lower, less(value, &self.rest));
        }
        bounds
    }

    /// Coefficients in w, v = at + w: Horner's scheme, again and again.
    fn moved(&self, at: &Rational) -> Vec<Mp> {
        let mut c = self.c.clone();
        let at = Mp::from_rational(c[0].prec(), at);
        for first in 0..c.len() {
            for k in (first..c.len() - 1).rev() {
                c[k] = c[k].clone().plus(&c[k + 1].times(&at));
            }
        }
        c
    }
}

/// a/n.
pub fn over(a: &Mp, n: u32) -> Mp {
    let prec = a.prec();
    Mp {
        lo: Float::with_val_round(prec, &a.lo / n, Round::Down).0,
        hi: Float::with_val_round(prec, &a.hi / n, Round::Up).0,
    }
}

/// |value| - off, rounded down; 0 at least.
fn less(value: &Mp, off: &Float) -> Float {
    let size = Float::with_val_round(BITS, value.mignitude(), Round::Down).0;
    let left = Float::with_val_round(BITS, &size - off, Round::Down).0;
    max(left, Float::new(BITS))
}

fn up(x: &Float) -> Float {
    Float::with_val_round(BITS, x, Round::Up).0
}

fn norm(c: &[Mp]) -> Float {
    c.iter().fold(Float::new(BITS), |mut sum, c| {
        sum.add_assign_round(up(&c.magnitude()), Round::Up);
        sum
    })
}
