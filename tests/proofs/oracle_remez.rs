//! Oracles of the approximation search: closed forms, alternation, dense sampling, published figures.

use crate::support::effort::multiplier;
use polycert::approx::{
    best_eps, composite, minimax_odd, minimax_odd_from, round_design, ApproxError, Design, Minimax,
    OddPolynomial, Scaling, Settings, DEFAULT_BITS,
};
use polycert::arith::rounding::CoefficientMode;
use polycert::poly::component::{Basis, Component};
use rug::{Float, Rational};

/// Precision of the checks' own inputs and closed forms.
const CHECK: u32 = 400;

fn float(x: f64) -> Float {
    Float::with_val(CHECK, x)
}

fn fit(degree: usize, a: &Float, b: &Float) -> Minimax {
    minimax_odd(degree, a, b, &Settings::default()).unwrap()
}

/// The fit's error at `x`, evaluated afresh with 128 bits more than the fit had.
fn error_at(fit: &Minimax, x: &Float) -> Float {
    let prec = fit.precision + 128;
    let coefficients = fit.polynomial.coefficients().iter();
    let wide = coefficients.map(|c| Float::with_val(prec, c)).collect();
    1 - OddPolynomial::new(wide).value(&Float::with_val(prec, x))
}

/// `|a - b| <= 2^-bits |b|`.
fn close(a: &Float, b: &Float, bits: u32) -> bool {
    let off = Float::with_val(CHECK, a - b).abs();
    off <= Float::with_val(CHECK, b.abs_ref()) >> bits
}

/// Splitmix64, uniform in `[0, 1)`.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Intervals of every kind: b/a up to 2^30, ordinary, and as short as 2^-80.
    fn interval(&mut self) -> (Float, Float) {
        let kind = (self.unit() * 3.0) as u32;
        match kind {
            0 => (float(1.0), float(2f64.powf(30.0 * self.unit()) + 1e-3)),
            1 => (float(0.02 + 0.9 * self.unit()), float(1.0 + self.unit())),
            _ => {
                let half = float(1.0 + self.unit()) >> (2.0 + 78.0 * self.unit()) as u32;
                (1 - half.clone(), 1 + half)
            }
        }
    }
}

/// Alternation from plus, levelled to 2^-100, and stationary inside: with de la Vallee-Poussin's
/// theorem, the smallest `|e_i|` on `k + 1` alternating points bounds the optimum from below.
fn check_alternation(fit: &Minimax) {
    let k = fit.degree().div_ceil(2);
    assert_eq!(fit.extrema.len(), k + 1);
    assert_eq!(fit.extrema[0], fit.lower);
    assert_eq!(fit.extrema[k], fit.upper);
    assert!(fit.extrema.windows(2).all(|pair| pair[0] < pair[1]));
    for (i, x) in fit.extrema.iter().enumerate() {
        let mut e = error_at(fit, x);
        if i % 2 == 1 {
            e = -e;
        }
        let what = (fit.degree(), fit.lower.to_f64(), fit.upper.to_f64(), i);
        assert!(close(&e, &fit.levelled_error, 100), "{what:?}");
    }
    assert!(Float::with_val(64, &fit.ratio - 1u32) < Float::with_val(64, 1) >> 100u32);
    assert!(fit.ratio >= 1);
}

#[test]
fn degree_one_is_two_over_the_sum() {
    for (a, b) in [(0.25, 1.0), (1e-9, 1.0), (0.75, 1.25), (3.0, 1e9)] {
        let (a, b) = (float(a), float(b));
        let fit = fit(1, &a, &b);
        let sum = Float::with_val(CHECK, &a + &b);
        assert!(close(
            &fit.polynomial.coefficients()[0],
            &(2 / sum.clone()),
            120
        ));
        let level = Float::with_val(CHECK, &b - &a) / sum;
        assert!(close(&fit.levelled_error, &level, 120));
    }
}

/// `p = c (3 m^2 x - x^3)`, with `3 m^2 = a^2 + ab + b^2` since `p(a) = p(b)`, and `p(a) + p(m) = 2`.
#[test]
fn degree_three_closed_form() {
    for (a, b) in [(0.25, 1.0), (1e-9, 1.0), (0.75, 1.25), (3.0, 1e9)] {
        let (a, b) = (float(a), float(b));
        let fit = fit(3, &a, &b);
        let ab = Float::with_val(CHECK, &a * &b);
        let three_m2 = a.clone().square() + b.clone().square() + ab;
        let m = (three_m2.clone() / 3u32).sqrt();
        let at_m = m.clone().square() * &m * 2u32;
        let at_a = Float::with_val(CHECK, &three_m2 * &a) - a.clone().square() * &a;
        let c: Float = 2 / Float::with_val(CHECK, &at_m + &at_a);
        let level = Float::with_val(CHECK, &at_m - &at_a) * &c / 2u32;
        assert!(close(&fit.extrema[1], &m, 60));
        assert!(close(&fit.levelled_error, &level, 120));
        let coefficients = fit.polynomial.coefficients();
        assert!(close(&coefficients[0], &(three_m2 * &c), 120));
        assert!(close(&coefficients[1], &-c, 120));
    }
}

#[test]
fn errors_alternate_and_are_level_for_all_degrees() {
    for degree in (1..=63).step_by(2) {
        for (a, b) in [(1.0 / 1024.0, 1.0), (0.4, 1.6), (0.99, 1.01)] {
            check_alternation(&fit(degree, &float(a), &float(b)));
        }
    }
}

#[test]
fn extreme_intervals() {
    let billion = float((1u64 << 30) as f64);
    for degree in [1, 3, 29, 63] {
        check_alternation(&fit(degree, &float(1.0), &billion));
    }
    for degree in [1, 3, 5] {
        let half = float(1.0) >> 80u32;
        let fit = fit(degree, &(1 - half.clone()), &(1 + half.clone()));
        check_alternation(&fit);
        // The error decays like half^k with k coefficients, up to a factor of order 1.
        let order = fit.levelled_error.log2().to_f64() / degree.div_ceil(2) as f64;
        assert!((order + 80.0).abs() < 1.0);
    }
}

#[test]
fn random_fits_never_exceed_their_level() {
    let mut random = Random(1);
    for _ in 0..30 * multiplier() {
        let degree = 2 * (32.0 * random.unit()) as usize + 1;
        let (a, b) = random.interval();
        let fit = fit(degree, &a, &b);
        check_alternation(&fit);
        let roof = Float::with_val(CHECK, &fit.levelled_error * (float(1.0) + 1e-25f64));
        for pair in fit.extrema.windows(2) {
            let gap = Float::with_val(fit.precision, &pair[1] - &pair[0]);
            for j in 0..8 {
                let share = (f64::from(j) + random.unit()) / 8.0;
                let x = Float::with_val(fit.precision, &gap * share) + &pair[0];
                let e = error_at(&fit, &x).abs();
                assert!(e <= roof, "degree {degree} on [{a:e}, {b:e}] at {x:e}");
            }
        }
    }
}

#[test]
fn error_falls_with_the_degree_and_grows_with_the_interval() {
    let one = float(1.0);
    for a in [0.01, 0.2] {
        let errors: Vec<Float> = (1..=41)
            .step_by(2)
            .map(|d| fit(d, &float(a), &one).levelled_error)
            .collect();
        assert!(errors.windows(2).all(|pair| pair[1] < pair[0]));
    }
    let wider = fit(15, &float(0.1), &one).levelled_error;
    assert!(fit(15, &float(0.2), &one).levelled_error < wider);
    // The fit depends on b/a only: p(x) on [a, b] is p(x/b) on [a/b, 1].
    let scaled = fit(15, &float(0.75), &float(7.5)).levelled_error;
    let unit = fit(15, &(float(0.75) / 7.5f64), &one).levelled_error;
    assert!(close(&scaled, &unit, 120));
}

#[test]
fn warm_start_reaches_the_same_fit() {
    let one = float(1.0);
    let near = fit(29, &float(0.010), &one);
    let cold = fit(29, &float(0.013), &one);
    let settings = Settings::default();
    let warm = minimax_odd_from(29, &float(0.013), &one, &near, &settings).unwrap();
    assert!(warm.iterations <= cold.iterations);
    assert!(close(&warm.levelled_error, &cold.levelled_error, 120));
    // A neighbour of another degree is no neighbour.
    let other = minimax_odd_from(27, &float(0.013), &one, &near, &settings).unwrap();
    assert_eq!(other, fit(27, &float(0.013), &one));
}

/// The bracket of each extremum must hold from any increasing points, however badly placed.
#[test]
fn bad_starts_converge_all_the_same() {
    let mut random = Random(2);
    let settings = Settings::default();
    for round in 0..20 * multiplier() {
        let degree = 2 * (24.0 * random.unit()) as usize + 3;
        let (a, b) = (float(0.003), float(1.0));
        let cold = fit(degree, &a, &b);
        let mut start = cold.clone();
        let last = start.extrema.len() - 1;
        let power = [0.2, 1.0, 6.0][round as usize % 3];
        let mut inner: Vec<f64> = (1..last).map(|_| random.unit().powf(power)).collect();
        inner.sort_by(f64::total_cmp);
        for (x, share) in start.extrema[1..last].iter_mut().zip(inner) {
            *x = float(0.003) + float(share) * float(0.997);
        }
        let fit = minimax_odd_from(degree, &a, &b, &start, &settings).unwrap();
        check_alternation(&fit);
        assert!(close(&fit.levelled_error, &cold.levelled_error, 120));
        // Points out of order are no start at all.
        start.extrema.reverse();
        let ignored = minimax_odd_from(degree, &a, &b, &start, &settings).unwrap();
        assert_eq!(ignored, cold);
    }
}

#[test]
fn refuses_bad_arguments() {
    let settings = Settings::default();
    let one = float(1.0);
    for degree in [0, 2, 129] {
        let refused = minimax_odd(degree, &float(0.5), &one, &settings);
        assert!(matches!(refused, Err(ApproxError::Parameters { .. })));
    }
    for a in [0.0, -1.0, 1.0, 2.0, f64::NAN] {
        let refused = minimax_odd(3, &float(a), &one, &settings);
        assert!(matches!(refused, Err(ApproxError::Domain { .. })));
    }
    let hurried = Settings {
        max_iterations: 2,
        ..Settings::default()
    };
    let refused = minimax_odd(29, &float(0.01), &one, &hurried);
    assert!(matches!(
        refused,
        Err(ApproxError::NotConverged { iterations: 2, .. })
    ));
}

/// Independent figures (400-bit Remez in ball arithmetic): log2 eps, stage errors, log2 ReLU error.
#[test]
fn best_eps_reproduces_the_table() {
    #[rustfmt::skip]
    let table: [(&[usize], f64, &[f64], f64); 4] = [
        (&[7, 7], -3.56868, &[0.400661, 0.0149932], -7.0596),
        (&[7, 7, 13], -6.33130, &[0.865071, 0.452465, 1.78400e-3], -10.1307),
        (&[15, 15, 27], -9.14962, &[0.956636, 0.588898, 2.17706e-4], -13.1653),
        (&[15, 27, 29], -9.988635, &[0.975467, 0.586736, 1.17253e-4], -14.0581),
    ];
    for (degrees, eps_log2, errors, relu_log2) in table {
        let design = best_eps(degrees, &Rational::new()).unwrap();
        assert!((design.eps_log2() - eps_log2).abs() < 5e-6, "{degrees:?}");
        for (stage, error) in design.stages.iter().zip(errors) {
            let off = (stage.levelled_error.to_f64() / error - 1.0).abs();
            // Six figures are given.
            assert!(off < 5e-6, "{degrees:?}: {error}");
        }
        let relu = design.estimate_relu_error_log2();
        assert!((relu - relu_log2).abs() < 5e-5, "{degrees:?}: {relu}");
    }
}

#[test]
fn best_eps_balances_every_listed_composite() {
    let composites: [&[usize]; 16] = [
        &[5],
        &[13],
        &[3, 7],
        &[7, 7],
        &[7, 15],
        &[15, 15],
        &[7, 7, 13],
        &[7, 7, 27],
        &[7, 15, 27],
        &[15, 15, 27],
        &[15, 27, 29],
        &[3],
        &[3, 3, 3, 3],
        &[31, 31, 31],
        &[5; 10],
        &[63],
    ];
    for eta in [Rational::new(), Rational::from((1, 1 << 22))] {
        for degrees in composites {
            let design = best_eps(degrees, &eta).unwrap();
            let ratio = design.estimate_left_hump().value / design.estimate_right_error();
            assert!((ratio - 1u32).abs() < 1e-9, "{degrees:?}");
            assert!(design.eps.numer().significant_bits() <= 40);
            // The same bytes as the composite at that eps.
            assert_eq!(composite(degrees, &design.eps, &eta).unwrap(), design);
        }
    }
}

#[test]
fn the_balanced_eps_is_the_best_in_its_neighbourhood() {
    let design = best_eps(&[7, 15, 27], &Rational::new()).unwrap();
    let best = design.estimate_relu_error();
    for factor in [(1023, 1024), (1025, 1024)] {
        let eps = Rational::from(&design.eps * &Rational::from(factor));
        let other = composite(&[7, 15, 27], &eps, &Rational::new()).unwrap();
        assert!(other.estimate_relu_error() > best);
    }
}

/// A large margin in every stage pushes the hump far below eps and makes it narrow.
#[test]
fn large_margins_balance_too() {
    let composites: [(&[usize], u32); 4] = [
        (&[5, 41, 5, 51, 51], 3),
        (&[15, 51, 59, 45, 17], 7),
        (&[23, 1, 15, 49, 49], 2),
        (&[15, 27, 29], 1),
    ];
    for (degrees, shift) in composites {
        let eta = Rational::from(1) >> shift;
        let design = best_eps(degrees, &eta).unwrap();
        let hump = design.estimate_left_hump();
        // eps is rounded up, so the hump is the larger.
        let ratio = design.estimate_right_error() / &hump.value;
        assert!(ratio <= 1u32 && ratio > 0.9, "{degrees:?} {eta}: {ratio}");
        for i in 1..=400u32 {
            let x = Float::with_val(400, &hump.x * i) / 100u32;
            let height = (1 - design.value(&x)) * x / 2u32;
            assert!(height <= hump.value, "{degrees:?} {eta}");
        }
    }
}

fn evaluate(components: &[Component], x: &Rational) -> Rational {
    components.iter().fold(x.clone(), |y, component| {
        let power = component.powers(CoefficientMode::Exact).unwrap();
        let value = power
            .iter()
            .rev()
            .fold(Rational::new(), |acc, c| acc * &y + c);
        // Cut the exact value to 200 bits: its size would be raised to the degree by each stage.
        Float::with_val(200, &value).to_rational().unwrap()
    })
}

fn table_design() -> Design {
    best_eps(&[7, 7, 13], &Rational::from((1, 1 << 20))).unwrap()
}

#[test]
fn bases_agree_to_within_the_rounding() {
    let design = table_design();
    let power = round_design(&design, Basis::Power, Scaling::None, DEFAULT_BITS);
    let chebyshev = round_design(&design, Basis::Chebyshev, Scaling::None, DEFAULT_BITS);
    for (p, c) in power.iter().zip(&chebyshev) {
        assert_eq!(p.coefficients.len(), c.coefficients.len());
        let other = c.powers(CoefficientMode::Exact).unwrap();
        // Coefficients of sum_j T_j, j <= d, are below 2.5^d in absolute value.
        let slack = Rational::from(1u32) >> DEFAULT_BITS;
        let slack = slack * Rational::from((5, 2)).to_f64().powi(13) as u64;
        for (j, (p, q)) in p.coefficients.iter().zip(&other).enumerate() {
            assert!(Rational::from(p - q).abs() <= slack, "degree {j}");
            if j % 2 == 0 {
                assert!(*p == 0 && *q == 0);
            }
        }
    }
}

#[test]
fn every_output_is_the_design_as_a_function() {
    let design = table_design();
    for basis in [Basis::Power, Basis::Chebyshev] {
        for scaling in [Scaling::None, Scaling::Normalized] {
            let components = round_design(&design, basis, scaling, DEFAULT_BITS);
            for i in 0..=64 {
                let x = Rational::from((i, 64));
                let exact = design.value(&Float::with_val(400, &x));
                let rounded = Float::with_val(400, evaluate(&components, &x));
                // Rounding errors of 2^-100 grow by the slopes of the later stages.
                assert!((rounded - exact).abs() < 1e-24, "{basis:?} {scaling:?} {x}");
            }
        }
    }
}

#[test]
fn coefficients_are_odd_multiples_of_the_grain() {
    let design = table_design();
    for basis in [Basis::Power, Basis::Chebyshev] {
        for scaling in [Scaling::None, Scaling::Normalized] {
            for (component, degree) in round_design(&design, basis, scaling, 60)
                .iter()
                .zip(&design.degrees)
            {
                assert_eq!(component.coefficients.len(), degree + 1);
                for (j, c) in component.coefficients.iter().enumerate() {
                    assert!(Rational::from(c << 60u32).is_integer());
                    assert_eq!(*c == 0, j % 2 == 0);
                }
            }
        }
    }
}

#[test]
fn normalized_stages_stay_in_the_unit_interval() {
    let design = table_design();
    let components = round_design(&design, Basis::Chebyshev, Scaling::Normalized, DEFAULT_BITS);
    let last = components.len() - 1;
    for component in &components {
        assert_eq!(component.scale, 1);
    }
    for i in 0..=256 {
        let x = Rational::from((i, 256));
        let y = evaluate(&components[..last], &x);
        assert!(y.abs() <= 1);
    }
}
