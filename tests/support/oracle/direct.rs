//! What p itself, clips and tournaments are worth, by the oracle alone.

use super::{rational, Ball, Oracle};
use polycert_checker::{Part, Shape};
use rug::Rational;

use super::judge::convert;

/// p(x).
pub fn value(oracle: &Oracle, x: &Rational) -> Ball {
    let mut q = oracle.at(x, false).q;
    // q is s p(x), s = -1 for x < 0.
    if *x < 0u32 {
        q.mid = -q.mid;
    }
    q
}

/// B r(x/B) = x (1 + p(x/B))/2.
pub fn relu(oracle: &Oracle, x: &Rational, scale: &Rational) -> Ball {
    let p = value(oracle, &Rational::from(x / scale));
    p.plus(&Ball::new(&Rational::from(1)))
        .times(&Ball::new(x))
        .half()
}

/// Points of [from, to], ends included, denser towards them.
pub fn points(from: &Rational, to: &Rational) -> Vec<Rational> {
    let width = Rational::from(to - from);
    let even = (0..=64).map(|k| Rational::from((k, 64)));
    let near = (7..=20).flat_map(|k| {
        let small = Rational::from(1) >> k as u32;
        [small.clone(), Rational::from(1) - small]
    });
    let odd = (1..9).map(|k| rational(f64::from(k) * 0.112_358));
    even.chain(near)
        .chain(odd)
        .map(|s| s * &width + from)
        .collect()
}

/// Whether the part's line is the function there: at its ends and in the middle, by the function's definition.
pub fn is_part(
    shape: Shape,
    slope: &Rational,
    ends: &(polycert_checker::Rational, polycert_checker::Rational),
    part: &Part,
) -> Result<(), String> {
    let zero = Rational::new();
    let (lower, upper) = (convert(&ends.0), convert(&ends.1));
    let (from, to) = (convert(&part.from), convert(&part.to));
    let clip = |x: &Rational, l: &Rational, u: &Rational| x.clone().max(l.clone()).min(u.clone());
    let step = |x: &Rational, jump: &Rational| Rational::from(i32::from(x > jump));
    let width = Rational::from(&to - &from);
    // The ends too: sign(0) is 0, and a step is 0 at its jump.
    for k in 0..=64 {
        let x = Rational::from((k, 64)) * &width + &from;
        let f = match shape {
            Shape::Sign => Rational::from(x.cmp0() as i32),
            Shape::Step => step(&x, &zero),
            Shape::Bit => step(&x, &Rational::from((1, 2))),
            Shape::Relu => x.clone().max(zero.clone()),
            Shape::LeakyRelu => x.clone().max(zero.clone()) + x.clone().min(zero.clone()) * slope,
            Shape::Abs => x.clone().abs(),
            Shape::Clip => clip(&x, &lower, &upper),
            Shape::Relu6 => clip(&x, &zero, &Rational::from(6)),
        };
        if convert(&part.slope) * &x + convert(&part.intercept) != f {
            return Err(format!("{shape:?} is not the line at {x}"));
        }
    }
    Ok(())
}

/// How far every weight of the tournament is off the exact one-hot, and by how much the greatest input exceeds
/// the others.
pub fn one_hot_error(oracle: &Oracle, inputs: &[Rational], c: &Rational) -> (Vec<Ball>, Rational) {
    let one = Ball::new(&Rational::from(1));
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by(|i, j| inputs[*j].cmp(&inputs[*i]));
    let margin = Rational::from(&inputs[order[0]] - &inputs[order[1]]);
    let half = Rational::from((1, 2));
    let mut round: Vec<(Ball, Vec<(usize, Ball)>)> = inputs
        .iter()
        .enumerate()
        .map(|(i, x)| {
            let value = Ball::new(&(Rational::from(x * c) + &half));
            (value, vec![(i, one.clone())])
        })
        .collect();
    while round.len() > 1 {
        let mut next = Vec::new();
        for pair in round.chunks(2) {
            let [a, b] = pair else {
                next.push(pair[0].clone());
                continue;
            };
            let p = super::at_ball(oracle, &a.0.minus(&b.0));
            let (s, rest) = (one.plus(&p).half(), one.minus(&p).half());
            let value = s.times(&a.0).plus(&rest.times(&b.0));
            let left = a.1.iter().map(|(i, w)| (*i, w.times(&s)));
            let right = b.1.iter().map(|(i, w)| (*i, w.times(&rest)));
            next.push((value, left.chain(right).collect()));
        }
        round = next;
    }
    let weights = round.pop().unwrap().1;
    let off = weights.into_iter().map(|(i, w)| {
        if i == order[0] {
            one.minus(&w).abs()
        } else {
            w.abs()
        }
    });
    (off.collect(), margin)
}
