//! A formula on a model of x, one operation after another.

use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::series::expression::Expression;
use crate::series::model::{Frame, Model};
use crate::series::names::Name;

/// What the names of a formula stand for on a cell.
pub(crate) struct Scope<'a> {
    x: &'a Model,
    /// For a formula in which p may occur.
    p: Option<&'a Model>,
    /// What is bound, in order.
    bound: &'a [Model],
}

impl<'a> Scope<'a> {
    /// That of a formula of x.
    pub(crate) fn of_x(x: &'a Model) -> Self {
        Self {
            x,
            p: None,
            bound: &[],
        }
    }

    /// That of a formula of x, p and what is bound.
    pub(crate) fn of(x: &'a Model, p: &'a Model, bound: &'a [Model]) -> Self {
        Self {
            x,
            p: Some(p),
            bound,
        }
    }
}

/// The formula's model.
pub(crate) fn evaluate(tree: &Expression, scope: &Scope, frame: &Frame) -> Checked<Model> {
    let of = |tree: &Expression| evaluate(tree, scope, frame);
    match tree {
        Expression::Number(q) => frame.constant(q),
        Expression::X => Ok(scope.x.clone()),
        Expression::P => match scope.p {
            Some(p) => Ok(p.clone()),
            None => Err(Fault::internal("p in a formula of x alone")),
        },
        Expression::Bound(i) => match scope.bound.get(*i) {
            Some(model) => Ok(model.clone()),
            None => Err(Fault::internal("a name that is not bound")),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::budget::Budget;
    use crate::core::fixed::Fixed;
    use crate::series::points::tests as other;
    use crate::series::points::tests::{number, random, W};
    use crate::series::points::Points;
    use num_bigint::BigInt;
    use num_traits::{One, Signed, Zero};

    /// The formula at x in units of 2^-W, in the other way of the tests; none where it is not defined, or so large
    /// that W bits are too few.
    fn value(tree: &Expression, x: &BigInt) -> Option<BigInt> {
        let of = |tree: &Expression| value(tree, x);
        let inverse = |b: BigInt| (b.bits() > W - 40).then(|| other::over(&other::one(), &b));
        let small = |a: BigInt| (a.bits() < W + 40).then_some(a);
        small(match tree {
            Expression::Number(q) => (q.numer() << W) / q.denom(),
            Expression::X => x.clone(),
            Expression::P | Expression::Bound(_) => return None,
            Expression::Pi => other::pi(),
            Expression::Sum(a, b) => of(a)? + of(b)?,
            Expression::Product(a, b) => other::times(&of(a)?, &of(b)?),
            Expression::Quotient(a, b) => other::times(&of(a)?, &inverse(of(b)?)?),
            Expression::Power(a, k) => {
                let a = of(a)?;
                (1..*k).try_fold(a.clone(), |power, _| small(other::times(&power, &a)))?
            }
            Expression::Root(m, a) => {
                let a = of(a)?;
                if a.is_negative() {
                    return None;
                }
                other::root(*m, &a)
            }
            Expression::Call(name, a) => called(*name, of(a)?)?,
        })
    }

    fn called(name: Name, a: BigInt) -> Option<BigInt> {
        let one = other::one();
        if a.abs() > &one * 24 {
            return None;
        }
        let half_gate = |t: BigInt| other::times(&a, &(&one + t)) / 2;
        let tanh = |a: &BigInt| &one - other::over(&(&one * 2), &(&one + other::exp(&(a * 2))));
        Some(match name {
            Name::Exp => other::exp(&a),
            Name::Log if a.bits() < W - 40 || !a.is_positive() => return None,
            Name::Log => other::log(&a),
            Name::Sqrt if a.is_negative() => return None,
            Name::Sqrt => other::root(2, &a),
            Name::Sin => other::sin_cos(&a).0,
            Name::Cos => other::sin_cos(&a).1,
            Name::Atan => other::atan(&a),
            Name::Asin | Name::Acos if a.abs() > one => return None,
            Name::Asin => other::asin(&a),
            Name::Acos => other::pi() / 2 - other::asin(&a),
            // Series without reduction: W bits are not enough for more.
            Name::Erf | Name::Gelu | Name::GeluTanh if a.abs() > &one * 6 => return None,
            Name::Erf => other::erf(&a),
            Name::Tanh => tanh(&a),
            Name::Sigmoid => other::over(&one, &(&one + other::exp(&-a))),
            Name::Softplus => other::log(&(&one + other::exp(&a))),
            Name::Silu => other::over(&a, &(&one + other::exp(&-&a))),
            Name::Gelu => half_gate(other::erf(&other::over(&a, &other::root(2, &(&one * 2))))),
            Name::GeluTanh => {
                let cube = other::times(&a, &other::times(&a, &a));
                let sum = &a + cube * 44_715 / 1_000_000;
                let factor = other::root(2, &other::over(&(&one * 2), &other::pi()));
                half_gate(tanh(&other::times(&factor, &sum)))
            }
        })
    }

    const ALL: [Name; 15] = [
        Name::Exp,
        Name::Log,
        Name::Sqrt,
        Name::Sin,
        Name::Cos,
        Name::Atan,
        Name::Asin,
        Name::Acos,
        Name::Erf,
        Name::Tanh,
        Name::Sigmoid,
        Name::Softplus,
        Name::Gelu,
        Name::GeluTanh,
        Name::Silu,
    ];

    /// A formula of random operations.
    fn tree(seed: &mut u64, depth: u32) -> Expression {
        let choice = random(seed) % 12;
        if depth == 0 {
            return match choice {
                0 => Expression::Pi,
                1..=3 => {
                    let n = BigInt::from(random(seed) % 2_001) - 1_000;
                    Expression::Number(Rational::raw(n, BigInt::from(1 + random(seed) % 999)))
                }
                _ => Expression::X,
            };
        }
        let part = |seed: &mut u64| Box::new(tree(seed, depth - 1));
        match choice {
            0 | 1 => Expression::Sum(part(seed), part(seed)),
            2 | 3 => Expression::Product(part(seed), part(seed)),
            4 => Expression::Quotient(part(seed), part(seed)),
            5 => Expression::Power(part(seed), 2 + u32::try_from(random(seed) % 5).unwrap()),
            6 => Expression::Root(2 + u32::try_from(random(seed) % 4).unwrap(), part(seed)),
            _ => {
                let part = part(seed);
                let name = ALL[usize::try_from(random(seed) % 15).unwrap()];
                Expression::Call(name, part)
            }
        }
    }

    /// Values of a formula on a model of x with a radius, against the other way, at points of the cell and at places
    /// in the radius. Returns how many values were compared, and whether a model was found.
    fn compared(tree: &Expression, seed: &mut u64) -> (usize, bool) {
        let precision = 64 + random(seed) % 3 * 50;
        let fixed = Fixed {
            precision,
            budget: Budget::new(),
        };
        let points = Points::new(&fixed);
        let frame = Frame {
            fixed: &fixed,
            points: &points,
            degree: usize::try_from(random(seed) % 24).unwrap(),
            slack: BigInt::one() << (precision / 2),
        };
        let middle = number(seed, precision, 2);
        let reach = number(seed, precision, 0) >> (1 + random(seed) % 5);
        let bend = number(seed, precision, 0) >> (4 + random(seed) % 60);
        let r = number(seed, precision, 0).abs() >> (8 + random(seed) % 60);
        let r = if random(seed) % 3 == 0 {
            BigInt::zero()
        } else {
            r
        };
        let x = frame.made(vec![middle, reach, bend], r.clone()).unwrap();
        let Ok(model) = evaluate(tree, &Scope::of_x(&x), &frame) else {
            return (0, false);
        };
        let mut count = 0;
        for k in -4_i32..=4 {
            // v = k/4, exactly.
            let at = |c: &[BigInt]| {
                let wide = c.iter().map(|c| c << (W - precision));
                let fold = |sum: BigInt, c: BigInt| ((sum * k) >> 2) + c;
                wide.rev().fold(BigInt::zero(), fold)
            };
            let shift = (&r << (W - precision)) * (BigInt::from(random(seed) % 201) - 100) / 100;
            let Some(value) = value(tree, &(at(&x.c) + shift)) else {
                continue;
            };
            let slip = BigInt::one() << (W - 300);
            let apart = (value - at(&model.c)).abs();
            assert!(
                apart <= (&model.r << (W - precision)) + slip,
                "{tree:?} of {x:?} at {k}/4, precision {precision}: {apart}"
            );
            count += 1;
        }
        (count, true)
    }

    #[test]
    fn models_hold_the_values_of_single_functions() {
        let mut seed = 7;
        for name in ALL {
            let tree = Expression::Call(name, Box::new(Expression::X));
            let (mut count, mut models) = (0, 0);
            for _ in 0..60 {
                let (n, found) = compared(&tree, &mut seed);
                count += n;
                models += usize::from(found);
            }
            // log, roots and asin are not defined at most of the arguments.
            assert!(models >= 10 && count >= 90, "{name:?}: {models} {count}");
        }
        for tree in [
            Expression::Quotient(Box::new(Expression::Pi), Box::new(Expression::X)),
            Expression::Root(7, Box::new(Expression::X)),
            Expression::Power(Box::new(Expression::X), 11),
        ] {
            let counts = (0..100).map(|_| compared(&tree, &mut seed).0);
            assert!(counts.sum::<usize>() >= 200, "{tree:?}");
        }
    }

    #[test]
    fn models_hold_the_values_of_random_formulas() {
        let mut seed = 11;
        let (mut count, mut models) = (0, 0);
        for _ in 0..1_500 {
            let depth = 1 + u32::try_from(random(&mut seed) % 3).unwrap();
            let (n, found) = compared(&tree(&mut seed, depth), &mut seed);
            count += n;
            models += usize::from(found);
        }
        assert!(models >= 400 && count >= 3_000, "{models} {count}");
    }

    /// Cells at the end of where a function is defined, whose model is a constant between the values at its ends.
    #[test]
    fn models_hold_the_values_at_the_ends_of_domains() {
        let fixed = Fixed {
            precision: 128,
            budget: Budget::new(),
        };
        let points = Points::new(&fixed);
        let mut seed = 17;
        let formulas = [
            "sqrt(x)",
            "root(5, x)",
            "asin(1 - x)",
            "asin(x - 1)",
            "acos(1 - x)",
            "1/(1 + sqrt(x))",
        ];
        for i in 0..600 {
            let text = formulas[i % formulas.len()];
            let formula = crate::series::expression::Formula::parse(text, &fixed.budget).unwrap();
            let frame = Frame {
                fixed: &fixed,
                points: &points,
                degree: 1 + i % 4,
                slack: BigInt::one() << 64_u32,
            };
            let h: BigInt = fixed.one() >> (1 + random(&mut seed) % 60);
            // The cell may begin a little beyond the end; and then x has a radius as well.
            let below = BigInt::from(random(&mut seed)) >> (random(&mut seed) % 50);
            let r = BigInt::from(random(&mut seed)) >> (random(&mut seed) % 60);
            let (below, r) = if i % 2 == 0 {
                (below, r)
            } else {
                (BigInt::zero(), BigInt::zero())
            };
            let x = frame.made(vec![&h - below, h], r).unwrap();
            let model = evaluate(&formula.tree, &Scope::of_x(&x), &frame).unwrap();
            for k in [-64_i32, -63, -60, -10, 0, 40, 64] {
                let at = |c: &[BigInt]| {
                    let wide = c.iter().map(|c| c << (W - 128));
                    wide.rev()
                        .fold(BigInt::zero(), |sum, c| ((sum * k) >> 6) + c)
                };
                let Some(value) = value(&formula.tree, &at(&x.c)) else {
                    continue;
                };
                let slip = BigInt::one() << (W - 280);
                assert!(
                    (value - at(&model.c)).abs() <= (&model.r << (W - 128)) + slip,
                    "{text}: {x:?}"
                );
            }
        }
    }

    /// Enough bits and degrees give narrow models: the tests above would pass with any radius.
    #[test]
    fn models_are_tight() {
        for (text, degree) in [
            ("exp(x)", 90),
            ("log(x)", 90),
            ("sqrt(x)", 90),
            ("root(5,x)", 90),
            ("sin(x)", 90),
            ("atan(x)", 90),
            ("asin(x/4)", 90),
            ("acos(x/4)", 90),
            ("erf(x)", 90),
            ("tanh(x)", 90),
            ("sigmoid(x)", 90),
            ("softplus(x)", 90),
            ("gelu(x)", 90),
            ("gelu_tanh(x)", 90),
            ("silu(x)", 90),
            ("1/x^3", 90),
        ] {
            let fixed = Fixed {
                precision: 128,
                budget: Budget::new(),
            };
            let points = Points::new(&fixed);
            let frame = Frame {
                fixed: &fixed,
                points: &points,
                degree,
                slack: BigInt::zero(),
            };
            let formula = crate::series::expression::Formula::parse(text, &fixed.budget).unwrap();
            // x from 1 to 2
            let half = fixed.one() >> 1_u32;
            let x = frame.made(vec![&half * 3, half], BigInt::zero()).unwrap();
            let model = evaluate(&formula.tree, &Scope::of_x(&x), &frame).unwrap();
            assert!(model.r.bits() < 30, "{text}: {} bits", model.r.bits());
        }
    }
}
