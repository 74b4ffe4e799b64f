//! What an expression means, over anything that can be added, multiplied and put into seven functions.
//!
//! The derived names are exactly their expansions; an argument is evaluated once, however often its expansion has it.

use crate::function::expression::{Expression, Name};
use rug::Rational;

/// The functions that are not made of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    /// e^a.
    Exp,
    /// Natural logarithm.
    Log,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Arc tangent.
    Atan,
    /// Arc sine.
    Asin,
    /// 2/sqrt(pi) times the integral of e^(-t^2) from 0 to a.
    Erf,
}

/// Values with the operations of expressions.
pub trait Algebra {
    /// A value.
    type Value: Clone;
    /// Why an operation has no value.
    type Fault;

    /// An exact number.
    fn constant(&self, c: &Rational) -> Self::Value;
    /// The number pi.
    fn pi(&self) -> Self::Value;
    /// Sum.
    fn plus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// Difference.
    fn minus(&self, a: &Self::Value, b: &Self::Value) -> Self::Value;
    /// Product.
    ///
    /// # Errors
    /// A value that is too large.
    fn times(&self, a: &Self::Value, b: &Self::Value) -> Result<Self::Value, Self::Fault>;
    /// c a.
    ///
    /// # Errors
    /// As [`Algebra::times`].
    fn multiple(&self, c: &Rational, a: &Self::Value) -> Result<Self::Value, Self::Fault> {
        self.times(&self.constant(c), a)
    }
    /// 1/a.
    ///
    /// # Errors
    /// a may be 0.
    fn inverse(&self, a: &Self::Value) -> Result<Self::Value, Self::Fault>;
    /// The m-th root.
    ///
    /// # Errors
    /// a is below 0.
    fn root(&self, m: u32, a: &Self::Value) -> Result<Self::Value, Self::Fault>;
    /// A primitive function.
    ///
    /// # Errors
    /// a is not in its domain, or too large.
    fn apply(&self, f: Primitive, a: &Self::Value) -> Result<Self::Value, Self::Fault>;

    /// a^n for n >= 1.
    ///
    /// # Errors
    /// As [`Algebra::times`].
    fn power(&self, a: &Self::Value, n: u32) -> Result<Self::Value, Self::Fault> {
        let mut out = a.clone();
        // From the bit below the highest on.
        for bit in (0..31 - n.max(1).leading_zeros()).rev() {
            out = self.times(&out, &out)?;
            if n >> bit & 1 == 1 {
                out = self.times(&out, a)?;
            }
        }
        Ok(out)
    }
}

impl Expression {
    /// The value at x, where the polynomial has the value p.
    ///
    /// # Errors
    /// That of the first operation without a value.
    pub fn value<A: Algebra>(
        &self,
        algebra: &A,
        x: &A::Value,
        p: &A::Value,
    ) -> Result<A::Value, A::Fault> {
        self.value_with(algebra, x, p, &[])
    }

    /// The same where names are bound.
    pub(super) fn value_with<A: Algebra>(
        &self,
        algebra: &A,
        x: &A::Value,
        p: &A::Value,
        bound: &[A::Value],
    ) -> Result<A::Value, A::Fault> {
        let value = |e: &Self| e.value_with(algebra, x, p, bound);
        Ok(match self {
            Self::Constant(c) => algebra.constant(c),
            Self::Pi => algebra.pi(),
            Self::X => x.clone(),
            Self::P => p.clone(),
            Self::Bound(i, _) => bound[*i].clone(),
            Self::Plus(a, b) => algebra.plus(&value(a)?, &value(b)?),
            Self::Minus(a, b) => algebra.minus(&value(a)?, &value(b)?),
            Self::Times(a, b) => match (&**a, &**b) {
                (Self::Constant(c), e) | (e, Self::Constant(c)) => {
                    algebra.multiple(c, &value(e)?)?
                }
                _ => algebra.times(&value(a)?, &value(b)?)?,
            },
            Self::Over(a, b) => algebra.times(&value(a)?, &algebra.inverse(&value(b)?)?)?,
            Self::Power(a, n) => {
                let power = algebra.power(&value(a)?, n.unsigned_abs())?;
                if *n > 0 {
                    power
                } else {
                    algebra.inverse(&power)?
                }
            }
            Self::Root(m, a) => algebra.root(*m, &value(a)?)?,
            Self::Call(name, a) => call(algebra, *name, &value(a)?)?,
        })
    }
}

/// A function by name, through its expansion.
fn call<A: Algebra>(k: &A, name: Name, a: &A::Value) -> Result<A::Value, A::Fault> {
    let number = |n: i32| k.constant(&Rational::from(n));
    let over = |n: i32, d: i32, a: &A::Value| k.multiple(&Rational::from((n, d)), a);
    let one = number(1);
    // a (1 + t)/2
    let gated = |t: &A::Value| k.times(a, &over(1, 2, &k.plus(&one, t))?);
    match name {
        Name::Exp => k.apply(Primitive::Exp, a),
        Name::Log => k.apply(Primitive::Log, a),
        Name::Sqrt => k.root(2, a),
        Name::Sin => k.apply(Primitive::Sin, a),
        Name::Cos => k.apply(Primitive::Cos, a),
        Name::Atan => k.apply(Primitive::Atan, a),
        Name::Asin => k.apply(Primitive::Asin, a),
        Name::Acos => {
            let right = over(1, 2, &k.pi())?;
            Ok(k.minus(&right, &k.apply(Primitive::Asin, a)?))
        }
        Name::Erf => k.apply(Primitive::Erf, a),
        Name::Tanh => {
            let e = k.apply(Primitive::Exp, &over(2, 1, a)?)?;
            let part = over(2, 1, &k.inverse(&k.plus(&one, &e))?)?;
            Ok(k.minus(&one, &part))
        }
        Name::Sigmoid => {
            let e = k.apply(Primitive::Exp, &k.minus(&number(0), a))?;
            k.inverse(&k.plus(&one, &e))
        }
        Name::Softplus => {
            let e = k.apply(Primitive::Exp, a)?;
            k.apply(Primitive::Log, &k.plus(&one, &e))
        }
        Name::Gelu => {
            let root = k.root(2, &k.constant(&Rational::from((1, 2))))?;
            let inner = k.times(a, &root)?;
            gated(&k.apply(Primitive::Erf, &inner)?)
        }
        Name::GeluTanh => {
            let factor = k.root(2, &over(2, 1, &k.inverse(&k.pi())?)?)?;
            let cube = over(44_715, 1_000_000, &k.power(a, 3)?)?;
            let inner = k.times(&factor, &k.plus(a, &cube))?;
            gated(&call(k, Name::Tanh, &inner)?)
        }
        Name::Silu => k.times(a, &call(k, Name::Sigmoid, a)?),
    }
}
