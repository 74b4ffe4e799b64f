//! The parts of the certifier, each tested by containment: draw exact rationals inside the input,
//! and the output must hold the exact result.
//!
//! Intervals come from corner-biased generators (zeros, signs, tiny, huge, equal ends), polynomials
//! from ones whose derivative has known rational roots, some of them multiple. Pieces must box every
//! critical point, images and jets of branches must hold exact values of the composite.

use crate::support::effort::multiplier;
use crate::support::oracle::generator::with_derivative_roots;
use crate::support::oracle::{rational, Random};
use polycert::arith::mp::Mp;
use polycert::certify::claims::closeness;
use polycert::certify::composite::cascade::Branch;
use polycert::certify::stage::pieces::Pieces;
use polycert::certify::stage::polynomial::Polynomial;
use polycert::error::ErrorKind;
use polycert::poly::composite::horner;
use polycert::poly::composite::Composite;
use proptest::prelude::*;
use rug::float::Round;
use rug::{Float, Rational};

const PREC: u32 = 128;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases * multiplier() as u32,
        // Seeded, so that a failure is the same failure next time; nothing is written anywhere.
        rng_seed: proptest::test_runner::RngSeed::Fixed(20),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A float with corners: zeros of both signs, units, tiny, huge, full mantissas.
fn corner() -> impl Strategy<Value = Float> {
    let float = |x: f64| Float::with_val(PREC, x);
    prop_oneof![
        2 => Just(float(0.0)),
        1 => Just(float(-0.0)),
        2 => prop_oneof![Just(1.0), Just(-1.0), Just(0.5), Just(-2.0)].prop_map(float),
        3 => (-1.0..1.0f64).prop_map(float),
        3 => (-1.0..1.0f64, -1.0..1.0f64).prop_map(move |(a, b)| float(a) + (float(b) >> 60)),
        2 => (-1.0..1.0f64, -900..900i32).prop_map(move |(a, e)| float(a) << e),
    ]
}

fn interval() -> impl Strategy<Value = Mp> {
    prop_oneof![
        1 => corner().prop_map(|a| Mp::exact(&a)),
        4 => (corner(), corner()).prop_map(|(a, b)| Mp::new(a, b)),
        2 => (corner(), 1..200u32).prop_map(|(a, k)| {
            let b = a.clone() + (Float::with_val(PREC, 1) >> k);
            Mp::new(a, b)
        }),
    ]
}

fn exact(x: &Float) -> Rational {
    x.to_rational().unwrap()
}

/// Points of an interval: both ends, the point nearest 0, and others.
fn inside(x: &Mp) -> Vec<Rational> {
    let (lo, hi) = (exact(&x.lo), exact(&x.hi));
    let width = Rational::from(&hi - &lo);
    let mut points = vec![lo.clone(), hi.clone()];
    points.push(Rational::new().clamp(&lo, &hi));
    points.extend([(1, 3), (1, 2), (6, 7)].map(|f| Rational::from(f) * &width + &lo));
    points
}

fn holds(x: &Mp, value: &Rational) -> bool {
    x.lo <= *value && x.hi >= *value
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn interval_operations_hold_exact_results(a in interval(), b in interval(), n in -9..9i32) {
        let (sum, difference) = (a.clone().plus(&b), a.clone().minus(&b));
        let product = a.times(&b);
        let hull = a.clone().hull(&b);
        let (negated, half) = (a.clone().negated(), a.clone().half());
        let (big, small) = (exact(&a.magnitude()), exact(&a.mignitude()));
        for x in inside(&a) {
            prop_assert!(holds(&negated, &Rational::from(-&x)));
            prop_assert!(holds(&half, &(x.clone() / 2u32)));
            let size = x.clone().abs();
            prop_assert!(small <= size && size <= big);
            if let Some(sign) = a.sign() {
                prop_assert_eq!(x.cmp0(), sign);
            }
            prop_assert!(holds(&hull, &x));
            for y in inside(&b) {
                prop_assert!(holds(&sum, &Rational::from(&x + &y)));
                prop_assert!(holds(&difference, &Rational::from(&x - &y)));
                prop_assert!(holds(&product, &Rational::from(&x * &y)));
                if x == y {
                    prop_assert!(a.meets(&b));
                }
            }
        }
        let (m, r) = a.ball();
        if r.is_finite() {
            let around = Mp::around(m, r);
            prop_assert!(around.contains(&a));
        }
        prop_assert!(Mp::int(PREC, n).lo == n && Mp::int(PREC, n).hi == n);
    }

    #[test]
    fn rationals_enter_intervals_tightly(n in any::<i64>(), d in 1..u32::MAX, prec in 24..200u32) {
        let x = Rational::from((n, d));
        let mp = Mp::from_rational(prec, &x);
        prop_assert!(holds(&mp, &x));
        let mut next = mp.lo.clone();
        next.next_up();
        prop_assert!(mp.hi <= next);
    }
}

/// A random polynomial, corner-biased: zeros, tiny and large coefficients, one parity or both.
fn polynomial(random: &mut Random) -> Vec<Rational> {
    let n = 1 + random.below(16);
    let parity = random.below(3);
    let spread = random.pick(&[0.0, 10.0, 60.0]);
    (0..n)
        .map(|j| {
            if j % 2 == parity || random.chance(0.15) {
                return Rational::new();
            }
            let size = (spread * random.signed()).exp2();
            random.rational(size)
        })
        .collect()
}

/// A float of at most 100 bits in [-1, 1) times `size`, sometimes a corner.
fn point(random: &mut Random, size: f64) -> Float {
    let corners = [0.0, 1.0, -1.0, 0.5, 2.0f64.powi(-90)];
    let unit = if random.chance(0.3) {
        random.pick(&corners)
    } else {
        random.signed()
    };
    Float::with_val(PREC, unit * 0.999) * size + (Float::with_val(PREC, random.signed()) >> 100)
}

#[test]
fn evaluations_hold_exact_values() {
    let mut random = Random(31);
    for case in 0..20_000 * multiplier() {
        let c = polynomial(&mut random);
        let reach = random.pick(&[1.0, 1.25, 0.03, 7.0]);
        let f = Polynomial::new(c.clone(), PREC, reach);
        let (d, dd) = (f.derivative(), f.derivative().derivative());
        let y = point(&mut random, reach * 0.99);
        let want = horner(&c, &exact(&y));
        assert!(holds(&f.at(&y), &want), "case {case}: {c:?} at {y}");
        let off = (exact(&f.approximate(&y)) - &want).abs();
        let size = y.to_f64_round(Round::AwayZero).abs();
        assert!(off <= rational(f.bound_error(size)), "case {case}");
        assert!(
            want.abs() <= rational(f.bound_magnitude(size)),
            "case {case}"
        );
        // A narrow or not so narrow interval around it.
        let width = Float::with_val(PREC, reach * 0.005) >> random.below(80) as u32;
        let place = Mp::new(y.clone(), y + width);
        let (value, _) = f.on_narrow(&place, &d, &dd);
        for x in inside(&place) {
            assert!(
                holds(&value, &horner(&c, &x)),
                "case {case}: {c:?} on {place:?}"
            );
        }
    }
}

/// Pieces of F on [lo, hi] with the derivatives that they need.
fn pieces(c: &[Rational], lo: &Float, hi: &Float) -> polycert::error::Result<(Polynomial, Pieces)> {
    let reach = lo.to_f64().abs().max(hi.to_f64().abs());
    let f = Polynomial::new(c.to_vec(), PREC, reach);
    let (d, dd) = (f.derivative(), f.derivative().derivative());
    let pieces = Pieces::find(&f, &d, &dd, (lo, hi), PREC / 2)?;
    Ok((f, pieces))
}

#[test]
fn every_known_critical_point_lies_in_a_critical_place() {
    let mut random = Random(32);
    let (mut found, mut roots_seen, mut refused) = (0, 0, 0);
    let cases = 8_000 * multiplier();
    for case in 0..cases {
        let (c, roots) = with_derivative_roots(&mut random, 1.0);
        // Ends off the roots: a root at an end cannot be separated, and is refused.
        let lo = random.pick(&[-1.25, -0.703125, -0.01]);
        let hi = random.pick(&[1.25, 0.84375, 0.33]);
        let (lo, hi) = (Float::with_val(PREC, lo), Float::with_val(PREC, hi));
        let (f, pieces) = match pieces(&c, &lo, &hi) {
            Ok(both) => both,
            Err(e) => {
                assert!(
                    matches!(e.kind, ErrorKind::NotConverged(_)),
                    "case {case}: {e}"
                );
                refused += 1;
                continue;
            }
        };
        found += 1;
        for root in roots.iter().filter(|r| lo < **r && hi > **r) {
            roots_seen += 1;
            let place = pieces.criticals.iter().find(|c| holds(&c.place, root));
            let place = place.unwrap_or_else(|| panic!("case {case}: {root} of {roots:?} is lost"));
            assert!(
                holds(&place.value, &horner(&c, root)),
                "case {case}: value at {root}"
            );
        }
        // The image of an interval holds every value, the exact values at the roots included.
        let (a, b) = (point(&mut random, 0.9), point(&mut random, 0.9));
        let over = Mp::new(a, b);
        let over = Mp {
            lo: over.lo.max(&lo),
            hi: over.hi.min(&hi),
        };
        if over.lo > over.hi {
            continue;
        }
        let mut image = f.at(&over.lo).hull(&f.at(&over.hi));
        let met = pieces.extend(&over, &mut image);
        let inner = roots.iter().filter(|r| holds(&over, r)).cloned();
        let inner: Vec<Rational> = inner.collect();
        assert!(met || inner.is_empty(), "case {case}: nothing met");
        let even = (1..24).map(|k| {
            let (lo, hi) = (exact(&over.lo), exact(&over.hi));
            Rational::from((k, 24)) * (hi - &lo) + lo
        });
        for x in inner.into_iter().chain(even) {
            assert!(
                holds(&image, &horner(&c, &x)),
                "case {case}: {x} outside the image"
            );
        }
    }
    println!("{found} boxed with {roots_seen} roots inside, {refused} refused");
    assert!(found * 10 >= cases * 9 && roots_seen > cases);
}

/// A composite of 1 to 3 stages, each of them at most about 1.2 for |y| <= 1.2.
fn composite(random: &mut Random) -> Composite {
    let stage = |random: &mut Random, odd: bool| -> Vec<Rational> {
        let n = 2 + random.below(6);
        let c: Vec<Rational> = if random.chance(0.3) && !odd {
            with_derivative_roots(random, 1.0).0
        } else {
            (0..n)
                .map(|j| {
                    if odd && j % 2 == 0 {
                        Rational::new()
                    } else {
                        random.rational(1.0)
                    }
                })
                .collect()
        };
        let sizes = (0..)
            .zip(&c)
            .map(|(j, c)| c.to_f64().abs() * 1.2f64.powi(j));
        let sum: f64 = sizes.sum();
        let factor = rational((-(sum.log2().ceil().max(-30.0))).exp2());
        c.into_iter().map(|c| c * &factor).collect()
    };
    let odd = random.chance(0.5);
    let stages = (0..1 + random.below(3))
        .map(|_| stage(random, odd))
        .collect();
    Composite::from_stages(stages)
}

/// Exact values and slopes of every stage of a branch.
fn exact_stages(stages: &[Vec<Rational>], y: &Rational) -> Vec<(Rational, Rational)> {
    let mut at = y.clone();
    let mut all = Vec::new();
    for c in stages {
        let derivative: Vec<Rational> = (1u32..)
            .zip(&c[1..])
            .map(|(j, c)| Rational::from(c * j))
            .collect();
        let slope = horner(&derivative, &at);
        at = horner(c, &at);
        all.push((at.clone(), slope));
    }
    all
}

#[test]
fn ranges_images_and_jets_hold_exact_values() {
    let mut random = Random(33);
    let (mut prepared, mut tight, cases) = (0, 0, 2_000 * multiplier() as usize);
    for case in 0..cases {
        let composite = composite(&mut random);
        let reach = Float::with_val(PREC, random.pick(&[1.0, 1.125, 0.3]));
        for exact_branch in &composite.branches {
            let Ok(branch) = Branch::new(exact_branch, &reach, PREC) else {
                continue;
            };
            prepared += 1;
            let unit = |random: &mut Random| match random.below(8) {
                0 => Float::new(PREC),
                1 => reach.clone(),
                2 => Float::with_val(PREC, 1) >> 80,
                _ => reach.clone() * random.unit(),
            };
            let (a, b) = (unit(&mut random), unit(&mut random));
            let cell = if random.chance(0.4) {
                let near = Float::with_val(PREC, &a * (1.0 + (-40.0 * random.unit()).exp2()));
                Mp::new(a, near.min(&reach))
            } else {
                Mp::new(a, b)
            };
            let (u, v) = (branch.jet(&cell.lo).unwrap(), branch.jet(&cell.hi).unwrap());
            let range = branch.range(&u, &v);
            let images = branch.images(&cell);
            let slope = range.slope();
            for x in inside(&cell) {
                let want = exact_stages(&exact_branch.stages, &x);
                let chain = want.iter().fold(Rational::from(1), |p, w| p * &w.1);
                assert!(holds(&slope, &chain), "case {case}: slope at {x}");
                for (i, (value, slope)) in want.iter().enumerate() {
                    assert!(holds(&images[i], value), "case {case}: image {i} at {x}");
                    assert!(
                        holds(&range.values[i], value),
                        "case {case}: value {i} at {x}"
                    );
                    assert!(
                        holds(&range.slopes[i], slope),
                        "case {case}: slope {i} at {x}"
                    );
                }
            }
            for jet in [&u, &v] {
                let want = exact_stages(&exact_branch.stages, &exact(&jet.y));
                let chain = want.iter().fold(Rational::from(1), |p, w| p * &w.1);
                assert!(holds(&jet.slope(), &chain), "case {case}");
                for (i, (value, slope)) in want.iter().enumerate() {
                    assert!(holds(&jet.values[i], value), "case {case}: jet value {i}");
                    assert!(holds(&jet.slopes[i], slope), "case {case}: jet slope {i}");
                }
            }
            // By another method: the point of an extreme that `closeness` follows back.
            let (from, to) = (exact(&reach) >> 3u32, exact(&reach));
            let one = [branch];
            if let Ok(c) = closeness::enclose(&one, &from, &to) {
                let y = exact(&c.witness.x).abs();
                let off = (Rational::from(1) - exact_branch.eval_exact(&y)).abs();
                assert!(c.witness.lo <= off && c.bound_hi >= off, "case {case}");
                let gap = Float::with_val_round(53, &c.bound_hi - &off, Round::Up).0;
                tight += usize::from(gap <= 1e-9);
            }
        }
    }
    println!("{prepared} branches prepared, {tight} with a witness within 1e-9 of the bound");
    assert!(prepared * 10 >= cases * 9 && tight * 10 >= prepared * 8);
}
