//! Taylor models on integers: a polynomial in v, -1 <= v <= 1, and a radius, both in units of 2^-bits.
//!
//! # Method
//! A model (c, r) of a function g on a cell stands for |g(v) - sum_j c_j v^j| <= r wherever g is defined and |v| <= 1.
//! Every operation is pointwise, so nothing of g but that is used. The size of a polynomial is bounded by its norm, the
//! sum of its coefficients' sizes. Coefficients are rounded down to the grid, and each such rounding adds a unit to the
//! radius; what exceeds the degree goes there by its norm.
//!
//! **Product.** a b - A B = A (b - B) + B (a - A) + (a - A)(b - B) for the polynomials A, B of a, b: at most
//! |A| r_b + |B| r_a + r_a r_b.

use rug::{Integer, Rational};

/// Why there is no model on a cell.
pub(super) type Fault = &'static str;

/// No coefficient or radius is above 2^this.
const MAX_EXPONENT: u32 = 8_192;

/// A polynomial with a radius.
#[derive(Debug, Clone)]
pub(super) struct Model {
    /// Coefficients by rising degree; the last one is not 0.
    pub c: Vec<Integer>,
    /// At least 0.
    pub r: Integer,
}

/// What the models of a cell have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// Fractional bits.
    pub bits: u32,
    /// Largest degree.
    pub degree: usize,
    /// Whether what seems to lie a little beyond the end of where a root or arc sine is defined may be taken for that end:
    /// on cells, which speak of the points at which all is defined; not where a value has to exist.
    pub slack: bool,
}

/// Sum of sizes.
pub(super) fn norm(c: &[Integer]) -> Integer {
    let mut sum = Integer::new();
    for x in c {
        if *x < 0 {
            sum -= x;
        } else {
            sum += x;
        }
    }
    sum
}

/// x/2^shift rounded up.
pub(super) fn shift_up(x: Integer, shift: u32) -> Integer {
    -(-x >> shift)
}

/// a/b rounded up, b > 0.
pub(super) fn ceil(a: Integer, b: &Integer) -> Integer {
    a.div_rem_ceil(b.clone()).0
}

/// The sum of a_j q_(k-j) for j >= 1.
pub(super) fn convolved(a: &[Integer], q: &[Integer], k: usize) -> Integer {
    let mut sum = Integer::new();
    let first = (k + 1).saturating_sub(q.len()).max(1);
    for (j, x) in a.iter().enumerate().take(k + 1).skip(first) {
        sum += x * &q[k - j];
    }
    sum
}

impl Model {
    /// The value of the polynomial in the middle.
    pub fn middle(&self) -> Integer {
        self.c.first().cloned().unwrap_or_default()
    }

    /// The polynomial without the radius.
    pub fn exactly(&self) -> Self {
        Self {
            c: self.c.clone(),
            r: Integer::new(),
        }
    }

    /// A bound of |g|.
    pub fn magnitude(&self) -> Integer {
        norm(&self.c) + &self.r
    }

    /// A bound of |g| as that of a box over a little more than [-1, 1]: the value in its middle and the size of the slope,
    /// with (1 + 2^-16)^240 < 1 + 2^-8.
    pub fn as_box(&self) -> Integer {
        let slope = norm(&self.slopes());
        let beyond = Integer::from(&slope >> 8u32) + 1u32;
        self.middle().abs() + slope + beyond + &self.r
    }

    /// How far g may be from its polynomial's middle.
    pub fn swing(&self) -> Integer {
        norm(self.c.get(1..).unwrap_or_default()) + &self.r
    }

    /// j c_j.
    pub fn slopes(&self) -> Vec<Integer> {
        let all = self.c.iter().enumerate();
        all.map(|(j, c)| Integer::from(c * j as u32)).collect()
    }
}

impl Frame {
    /// 1.
    pub fn one(&self) -> Integer {
        Integer::from(1) << self.bits
    }

    /// A model without zeros at its end.
    pub fn made(&self, mut c: Vec<Integer>, r: Integer) -> Model {
        while c.last().is_some_and(Integer::is_zero) {
            c.pop();
        }
        Model { c, r }
    }

    /// A model of numbers that are not too large.
    pub fn limited(&self, c: Vec<Integer>, r: Integer) -> Result<Model, Fault> {
        let bits = c.iter().map(Integer::significant_bits).max().unwrap_or(0);
        if bits.max(r.significant_bits()) > self.bits + MAX_EXPONENT {
            return Err("a value is too large");
        }
        Ok(self.made(c, r))
    }

    /// A number that lies in an interval.
    pub fn enclosed(&self, lo: &Integer, hi: &Integer) -> Model {
        let middle = Integer::from(lo + hi) >> 1u32;
        let r = Integer::from(hi - &middle);
        self.made(vec![middle], r)
    }

    /// An exact number.
    pub fn number(&self, q: &Rational) -> Model {
        let scaled = Rational::from(q << self.bits);
        let lo = scaled.clone().floor().into_numer_denom().0;
        let hi = scaled.ceil().into_numer_denom().0;
        self.enclosed(&lo, &hi)
    }

    /// Sum.
    pub fn sum(&self, a: &Model, b: &Model) -> Model {
        let (long, short) = if a.c.len() < b.c.len() {
            (b, a)
        } else {
            (a, b)
        };
        let mut c = long.c.clone();
        for (x, y) in c.iter_mut().zip(&short.c) {
            *x += y;
        }
        self.made(c, Integer::from(&a.r + &b.r))
    }

    /// Opposite.
    pub fn negated(&self, a: &Model) -> Model {
        Model {
            c: a.c.iter().map(|x| Integer::from(-x)).collect(),
            r: a.r.clone(),
        }
    }

    /// q a, every coefficient rounded down.
    pub fn scaled(&self, q: &Rational, a: &Model) -> Model {
        let whole = *q.denom() == 1u32;
        let times = |x: &Integer| {
            let product = Integer::from(x * q.numer());
            match whole {
                true => product,
                false => product.div_rem_floor(q.denom().clone()).0,
            }
        };
        let size = Integer::from(q.numer().abs_ref());
        let mut r = ceil(Integer::from(&a.r * &size), q.denom());
        if !whole {
            r += a.c.len();
        }
        self.made(a.c.iter().map(times).collect(), r)
    }

    /// a b/2^(shift - bits) of degree `cap` at most.
    pub fn product(&self, a: &Model, b: &Model, shift: u32, cap: usize) -> Result<Model, Fault> {
        let (outer, inner) = if a.c.len() < b.c.len() {
            (a, b)
        } else {
            (b, a)
        };
        let length = (outer.c.len() + inner.c.len()).saturating_sub(1);
        let mut c = vec![Integer::new(); length.min(cap + 1)];
        for (i, x) in outer.c.iter().enumerate().filter(|(_, x)| !x.is_zero()) {
            for (sum, y) in c.iter_mut().skip(i).zip(&inner.c) {
                *sum += x * y;
            }
        }
        let mut beyond = norm(&outer.c) * &inner.r + (norm(&inner.c) + &inner.r) * &outer.r;
        if length > cap + 1 {
            // Of every x_i the sizes of the y_j with i + j > cap.
            let mut rest = Integer::new();
            let mut next = inner.c.len();
            for (i, x) in outer.c.iter().enumerate() {
                let first = (cap + 1).saturating_sub(i);
                while next > first {
                    next -= 1;
                    rest += Integer::from(inner.c[next].abs_ref());
                }
                beyond += Integer::from(x.abs_ref()) * &rest;
            }
        }
        for x in &mut c {
            *x >>= shift;
        }
        let r = shift_up(beyond, shift) + c.len();
        self.limited(c, r)
    }

    /// a b.
    pub fn times(&self, a: &Model, b: &Model) -> Result<Model, Fault> {
        self.product(a, b, self.bits, self.degree)
    }
}
