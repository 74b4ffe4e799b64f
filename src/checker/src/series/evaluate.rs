//! A formula on a model of x, one operation after another.

use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::series::expression::{Expression, Name};
use crate::series::model::{Frame, Model};

/// The formula's model; `p` is the polynomial's, for a formula in which it occurs.
pub(crate) fn evaluate(
    tree: &Expression,
    x: &Model,
    p: Option<&Model>,
    frame: &Frame,
) -> Checked<Model> {
    let of = |tree: &Expression| evaluate(tree, x, p, frame);
    match tree {
        Expression::Number(q) => frame.constant(q),
        Expression::X => Ok(x.clone()),
        Expression::P => match p {
            Some(p) => Ok(p.clone()),
            None => Err(Fault::internal("p in a formula of x alone")),
        },
        Expression::Pi => frame.enclosed(&frame.points.pi()?),
        Expression::Sum(a, b) => frame.sum(&of(a)?, &of(b)?),
        Expression::Product(a, b) => match &**a {
            Expression::Number(q) => frame.multiple(q, &of(b)?),
            _ => frame.product(&of(a)?, &of(b)?),
        },
        Expression::Quotient(a, b) => {
            let inverse = frame.inverse(&of(b)?)?;
            match &**a {
                Expression::Number(q) => frame.multiple(q, &inverse),
                _ => frame.product(&of(a)?, &inverse),
            }
        }
        Expression::Power(a, k) => frame.power(&of(a)?, *k),
        Expression::Root(m, a) => frame.root(*m, &of(a)?),
        Expression::Call(name, a) => call(*name, &of(a)?, frame),
    }
}

/// A function of a model; those that are derived are their definitions.
fn call(name: Name, a: &Model, frame: &Frame) -> Checked<Model> {
    let number = |n: i64, d: i64| Rational::raw(n.into(), d.into());
    let one = || frame.constant(&number(1, 1));
    match name {
        Name::Exp => frame.exp(a),
        Name::Log => frame.log(a),
        Name::Sqrt => frame.root(2, a),
        Name::Sin => Ok(frame.sin_cos(a)?.0),
        Name::Cos => Ok(frame.sin_cos(a)?.1),
        Name::Atan => frame.atan(a),
        Name::Asin => frame.asin(a),
        Name::Acos => frame.acos(a),
        Name::Erf => frame.erf(a),
        // 1 - 2/(1 + exp(2 A))
        Name::Tanh => {
            let e = frame.exp(&frame.multiple(&number(2, 1), a)?)?;
            let part = frame.inverse(&frame.sum(&one()?, &e)?)?;
            frame.sum(&one()?, &frame.multiple(&number(-2, 1), &part)?)
        }
        // 1/(1 + exp(-A))
        Name::Sigmoid => {
            let e = frame.exp(&frame.negated(a)?)?;
            frame.inverse(&frame.sum(&one()?, &e)?)
        }
        // log(1 + exp(A))
        Name::Softplus => frame.log(&frame.sum(&one()?, &frame.exp(a)?)?),
        // A sigmoid(A)
        Name::Silu => frame.product(a, &call(Name::Sigmoid, a, frame)?),
        // A (1 + erf(A/sqrt(2)))/2
        Name::Gelu => {
            let root = frame.root(2, &frame.constant(&number(1, 2))?)?;
            let inner = call(Name::Erf, &frame.product(a, &root)?, frame)?;
            half_gate(a, &inner, frame)
        }
        // A (1 + tanh(sqrt(2/pi) (A + 0.044715 A^3)))/2
        Name::GeluTanh => {
            let pi = frame.enclosed(&frame.points.pi()?)?;
            let two_over_pi = frame.multiple(&number(2, 1), &frame.inverse(&pi)?)?;
            let cube = frame.multiple(&number(44_715, 1_000_000), &frame.power(a, 3)?)?;
            let sum = frame.sum(a, &cube)?;
            let argument = frame.product(&frame.root(2, &two_over_pi)?, &sum)?;
            half_gate(a, &call(Name::Tanh, &argument, frame)?, frame)
        }
    }
}

/// A (1 + T)/2
fn half_gate(a: &Model, t: &Model, frame: &Frame) -> Checked<Model> {
    let one = frame.constant(&Rational::integer(1))?;
    let gate = frame.multiple(&Rational::raw(1.into(), 2.into()), &frame.sum(&one, t)?)?;
    frame.product(a, &gate)
}
