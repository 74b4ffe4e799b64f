//! Numbers over all exponents of f64: what underflows is inside the enclosures too.

use crate::enclosures::{exact, inside, network, point, Source, B};
use crate::support::effort::multiplier;
use crate::support::shared::shared;
use polycert::arith::ball::Ball;
use polycert::arith::rounding::CoefficientMode;
use polycert::network::forward::twin::Activation;
use polycert::network::forward::{Given, Model, Outcome, Prepared};
use polycert::network::model::tensor::Tensor;
use polycert::poly::composite::Composite;
use polycert::poly::table::Table;
use rug::Rational;

/// Networks of every kind of layer, their weights and inputs from 2^-1074 to 2^996.
#[test]
fn layers_hold_their_exact_values_at_all_exponents() {
    let (mut done, mut sharp) = (0, 0);
    for seed in 0..2_000 * multiplier() {
        let mut s = Source {
            state: seed + (1 << 41),
            extreme: true,
        };
        let n = network(&mut s, 3);
        let numbers = s.numbers(n.input_shape().len());
        let radius = s.of(&[0.0, 1e-310, 1e-200]);
        let balls = numbers.iter().map(|&x| Ball::new((x, 0.0), radius));
        let balls: Vec<Ball> = balls.collect();
        let input = Tensor::from_balls(n.input_shape(), &balls);
        let prepared = Prepared::new(&n).unwrap();
        let x: Vec<Rational> = balls.iter().map(|b| point(&mut s, b)).collect();
        let values = exact(&n, &x, None).0;
        let wide = prepared.evaluate_wide(Given::from(&input), Model::Relu, 256);
        let Ok(Some(Outcome::Done(e))) = wide else {
            panic!("seed {seed}: {wide:?}");
        };
        let held = |(ball, _): &(&Ball, &Rational)| ball.is_finite();
        for (ball, value) in e.logits.iter().zip(&values).filter(held) {
            inside(ball, value, &format!("seed {seed}, wide"));
            sharp += usize::from(ball.radius <= ball.hi.abs() * 1e-20);
        }
        for double in [false, true] {
            // Beyond the largest f64: an error, not a verdict.
            let Ok(Outcome::Done(e)) = prepared.evaluate(&input, Model::Relu, double) else {
                continue;
            };
            done += 1;
            for (ball, value) in e.logits.iter().zip(&values) {
                inside(ball, value, &format!("seed {seed}, double {double}"));
            }
        }
    }
    assert!(done as u64 > 1_500 * multiplier(), "{done}");
    assert!(sharp as u64 > 1_500 * multiplier(), "{sharp}");
}

/// Stages whose coefficients are from 2^-660 to 2^660 on numbers from 2^-1000 to 2^10.
#[test]
fn polynomials_hold_their_exact_values_at_all_exponents() {
    let mut s = Source {
        state: 77,
        extreme: false,
    };
    let mut narrow = 0;
    for seed in 0..3_000 * multiplier() {
        let stage = |s: &mut Source| -> Vec<Rational> {
            let odd = s.next(2) == 0;
            let degree = 1 + s.next(5);
            let coefficient = |j: usize| {
                let c = s.next(1 << 20) as i32 - (1 << 19);
                let e = s.next(1_280) as i32 - 660;
                let none = odd && j % 2 == 0 || s.next(4) == 0;
                let c = Rational::from(if none { 0 } else { c }) / (1 << 19);
                c << e
            };
            (0..=degree).map(coefficient).collect()
        };
        let p = Composite::from_stages(vec![stage(&mut s), stage(&mut s)]);
        let Ok(activation) = Activation::new(&p, &Rational::from(B)) else {
            continue;
        };
        let mid =
            (Rational::from(1 + s.next(1 << 30) as u32) / 7u32) << (s.next(1_010) as i32 - 1_030);
        let x = Ball::rational(&mid);
        let x = Ball::new(x.mid(), x.radius + s.of(&[0.0, 1e-320, x.hi * 1e-9]));
        let y = activation.relu(x);
        if !y.is_finite() {
            continue;
        }
        narrow += usize::from(y.radius < 1e-9 * y.hi.abs());
        let at = point(&mut s, &x);
        let sign = p.eval_exact(&Rational::from(&at / B));
        inside(&y, &(at * (sign + 1u32) / 2u32), &format!("{seed}"));
    }
    assert!(narrow as u64 > 500 * multiplier(), "{narrow}");
}

/// A composite whose first stage underflows and whose later ones bring it back: class 1, not class 0.
#[test]
fn a_value_that_underflows_between_stages_comes_back() {
    let Some(file) = shared("cases/onnx/under.json") else {
        return;
    };
    let table = Table::read(&file).unwrap();
    let p = Composite::new(&table, CoefficientMode::Exact).unwrap();
    let activation = Activation::new(&p, &Rational::from(1)).unwrap();
    for k in 0..64u32 {
        for e in 440..640u32 {
            let x = (Rational::from(64 + k) / 64u32) >> e;
            let y = activation.relu(Ball::rational(&x));
            if y.is_finite() {
                let sign = p.eval_exact(&x);
                inside(&y, &(x * (sign + 1u32) / 2u32), &format!("{k} {e}"));
            }
        }
    }
}
