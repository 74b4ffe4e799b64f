//! Bootstrapping on ciphertexts, in rings small enough to do it often.

use crate::support::effort::multiplier;
use polycert::ckks::bootstrap::literal::Literal;
use polycert::ckks::bootstrap::mod1::Value;
use polycert::noise::measure::refresh::{Experiment, Measured};
use rug::ops::Pow as _;
use rug::{Integer, Rational};

/// P(k - 1/2 < |S| < k + 1/2) for a sum S of h variables uniform on [-1/2, 1/2], exactly, then rounded: with
/// P(S <= x) = sum_j (-1)^j C(h, j) (x + h/2 - j)_+^h / h!
fn law(h: u32) -> Vec<f64> {
    let below = |x: Rational| -> Rational {
        let mut sum = Rational::new();
        for j in 0..=h {
            let base = &x + Rational::from((h, 2u32)) - j;
            if base > 0 {
                let term = base.pow(h) * Integer::from(h).binomial(j);
                sum += if j % 2 == 0 { term } else { -term };
            }
        }
        sum / Integer::from(Integer::factorial(h))
    };
    let within = |x: Rational| below(x.clone()) - below(-x);
    (0..h / 2)
        .map(|k| {
            let outer = within(Rational::from((2 * k + 1, 2)));
            let inner = if k == 0 {
                Rational::new()
            } else {
                within(Rational::from((2 * k - 1, 2)))
            };
            (outer - inner).to_f64()
        })
        .collect()
}

/// No value is lost, noise is what it is at the large ring but for the ring's size, and overflows follow their law: 32 uniform
/// summands, not 33.
#[test]
fn bootstraps_lose_nothing_and_overflows_follow_their_law() {
    for (log_n, value, runs) in [(12, Value::Message, 4), (13, Value::Sine, 2)] {
        let literal = Literal::toy(log_n, log_n - 1);
        let mut experiment = Experiment::new(&literal, value, u64::from(log_n)).unwrap();
        let mut measured = Measured::default();
        for _ in 0..runs * multiplier() {
            experiment.run(1.0, true, &mut measured).unwrap();
        }
        assert_eq!(measured.lost, 0);
        // sqrt(N h/12 ..): 2^-32.9 at N = 2^16, two bits less for each quarter of the ring.
        let (rms, max) = (measured.noise.measure_rms(), measured.noise.measure_max);
        assert!(
            rms < 2f64.powi(-32) && max < 2f64.powi(-28),
            "{rms:e} {max:e}"
        );
        assert!(rms > 2f64.powi(-45), "{rms:e}");

        let total: u64 = measured.overflows.values().sum();
        assert_eq!(total, measured.runs << (log_n - 1));
        let square = |law: &[f64]| {
            let expected = |k: usize| law[k] * total as f64;
            let cells = (0..law.len()).filter(|&k| expected(k) >= 20.0);
            let seen = |k: usize| measured.overflows.get(&(k as u64)).copied().unwrap_or(0) as f64;
            let terms: Vec<f64> = cells
                .map(|k| (seen(k) - expected(k)).powi(2) / expected(k))
                .collect();
            (terms.iter().sum::<f64>(), terms.len() as f64)
        };
        // Mean and variance of a chi square: the number of cells, twice it; eight deviations.
        let (sum, cells) = square(&law(32));
        println!("N = 2^{log_n}: rms {rms:e}, max {max:e}, chi square {sum:.1} of {cells} cells");
        assert!(sum < cells + 8.0 * (2.0 * cells).sqrt(), "{sum} {cells}");
        // With as many summands as c_0 would make if it were free, or some more, they do not.
        let (wrong, _) = square(&law(if total > 500_000 { 33 } else { 36 }));
        assert!(wrong > sum + 8.0 * (2.0 * cells).sqrt(), "{wrong} {sum}");
    }
}
