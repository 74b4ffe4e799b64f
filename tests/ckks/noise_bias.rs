//! No biased slot: a base conversion that is not centred leaves a mean that depends on the key and is
//! coherent at the roots nearest 1. 12 keys, 12 encryptions of 0 each, rotated with 1, 3 and 4 special primes.
//!
//! | what | limit |
//! |---|---|
//! | a slot | its bound of high probability (2^-40) |
//! | a slot's mean over the encryptions | F(2, 22) = 61, which chance exceeds once in 10^9 slots; 10^5 are seen |

use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::ckks::ring::Ring;
use polycert::noise::formula::operations::Primitive;
use polycert::noise::formula::Model;
use polycert::noise::measure::operations::Lab;

const KEYS: u64 = 12;
const RUNS: usize = 12;
/// P(F(2, 2(n-1)) > f) = (1 + f/(n-1))^-(n-1).
const LARGEST_F: f64 = 61.0;

/// n (n-1) |mean|^2 / sum |z - mean|^2, the F statistic of a complex mean.
fn statistic(z: &[(f64, f64)]) -> f64 {
    let n = z.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| z.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|z| z.0), mean(|z| z.1));
    let spread: f64 = z
        .iter()
        .map(|z| (z.0 - x).powi(2) + (z.1 - y).powi(2))
        .sum();
    n * (n - 1.0) * (x * x + y * y) / spread
}

#[test]
fn a_bias_would_be_seen() {
    let noise = |i: usize| {
        (
            (i * 37 % 17) as f64 / 17.0 - 0.5,
            (i * 53 % 19) as f64 / 19.0 - 0.5,
        )
    };
    let biased: Vec<_> = (0..RUNS).map(|i| (noise(i).0 + 2.0, noise(i).1)).collect();
    assert!(statistic(&biased) > LARGEST_F);
    let fair: Vec<_> = (0..RUNS).map(noise).collect();
    assert!(statistic(&fair) < LARGEST_F);
}

#[test]
fn rotations_of_zero_have_no_biased_slot() {
    for special in [1usize, 3, 4] {
        let mut literal = Literal::new(11, vec![45; 8], vec![46; special], 40);
        literal.waiver = Waiver::Insecure;
        let parameters = Parameters::new(&literal).unwrap();
        let model = Model::new(&parameters);
        let ring = Ring::new(&parameters).unwrap();
        let rotate = Primitive::Rotate;
        let scale = parameters.scale();
        let bound = rotate
            .bound(&model, rotate.high_probability(&model, 40))
            .unwrap();
        let slots = parameters.n() / 2;
        let (mut largest, mut seen) = (0.0f64, 0.0f64);
        for key in 0..KEYS {
            let mut lab = Lab::on(&ring, 40 + special as u64, key).unwrap();
            let mut of_slot = vec![Vec::with_capacity(RUNS); slots];
            for _ in 0..RUNS {
                let zero = lab.encrypt(&vec![0.0; slots], &scale).unwrap();
                let rotated = lab.evaluator.rotate(&zero, 1).unwrap();
                let slots_of = |c| {
                    let phase = lab.secret.phase(c).unwrap();
                    lab.encoder
                        .slots(&phase, lab.encoder.max_log_slots(), &scale)
                };
                let (mut before, after) = (slots_of(&zero), slots_of(&rotated));
                before.rotate_left(1);
                for (slot, (a, b)) in after.iter().zip(&before).enumerate() {
                    let z = (a.re - b.re, a.im - b.im);
                    seen = seen.max(z.0.hypot(z.1));
                    of_slot[slot].push(z);
                }
            }
            largest = of_slot.iter().map(|z| statistic(z)).fold(largest, f64::max);
        }
        eprintln!(
            "{special} special primes: seen 2^{:.2}, bound 2^{:.2}, largest F {largest:.1}",
            seen.log2(),
            bound.log2()
        );
        assert!(seen <= bound, "{special}: {seen:e} > {bound:e}");
        assert!(largest <= LARGEST_F, "{special}: F = {largest}");
    }
}
