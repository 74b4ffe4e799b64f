//! Bounds against bootstrappings in toy rings.

use super::*;
use crate::ckks::bootstrap::literal::Literal;
use crate::ckks::bootstrap::refresh::RefreshKeys;
use crate::ckks::evaluate::run::run;
use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::cipher::Ciphertext;
use crate::ckks::scheme::encode::Complex;
use crate::ckks::scheme::keys::SecretKey;
use rug::Integer;

fn refresher(literal: &Literal, value: Value) -> Refresher {
    let ring = Ring::new(&Parameters::new(&literal.encryption).unwrap()).unwrap();
    Refresher::new(&ring, literal, value).unwrap()
}

fn print(name: &str, budget: &Budget) {
    println!("{name} {:?} {:?}", budget.tier, budget.residues);
    for (source, bound) in budget.sources() {
        println!("  {source:24} 2^{:.2}", bound.log2());
    }
    println!("  {:24} 2^{:.2}", "all", budget.bound_noise.log2());
}

#[test]
#[ignore = "a minute and 2 GB"]
fn budget_of_r57() {
    for value in [Value::Sine, Value::Message] {
        let refresher = refresher(&Literal::r57(14), value);
        let start = std::time::Instant::now();
        let prepared = Prepared::new(&refresher).unwrap();
        println!(
            "prepared in {:?}, {} operations",
            start.elapsed(),
            prepared.operations()
        );
        let tier = prepared.high_probability(40);
        for residues in [Residues::Any, Residues::Uniform] {
            let budget = prepared.bound(&Rational::from(1), tier, residues).unwrap();
            print(&format!("{value:?}"), &budget);
            let near = match residues {
                Residues::Any => -23.1,
                Residues::Uniform => -24.7,
            };
            let log = budget.bound_noise.log2();
            assert!((log - near).abs() < 0.15, "{log}");
        }
    }
}

struct Lab<'a> {
    refresher: &'a Refresher,
    secret: SecretKey,
    evaluator: Evaluator,
    keys: RefreshKeys,
    encoder: Encoder,
    rng: Rng,
}

/// What was seen, in the units of the budget.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    coefficients: f64,
    raise: f64,
    t: f64,
    mod1: f64,
    all: f64,
    overflow: i64,
}

impl<'a> Lab<'a> {
    fn new(refresher: &'a Refresher, seed: u64) -> Self {
        let ring = refresher.ring();
        let mut rng = Rng::numbered(17, seed);
        let secret = SecretKey::generate(ring, &mut rng);
        let (evaluation, keys) = refresher.keys(&secret, &mut rng);
        Lab {
            refresher,
            secret,
            evaluator: Evaluator::new(ring, evaluation).unwrap(),
            keys,
            encoder: Encoder::new(ring),
            rng,
        }
    }

    /// The slots of a ciphertext, all or the means over copies.
    fn slots(&self, a: &Ciphertext, log_slots: u32) -> Vec<Complex> {
        self.encoder
            .slots(&self.secret.phase(a).unwrap(), log_slots, a.scale())
    }

    /// Coefficients at the multiples of the gap by the value that they hold, over a scale.
    fn held(&self, phase: &[Integer], scale: &Rational) -> Vec<f64> {
        let log_values = self.refresher.literal().log_values;
        let n = 1usize << (log_values - 1);
        let gap = phase.len() / (2 * n);
        (0..2 * n)
            .map(|k| {
                let reversed = (k % n).reverse_bits() >> (usize::BITS - (log_values - 1));
                let c = &phase[(reversed + k / n * n) * gap];
                (Rational::from(c) / scale).to_f64()
            })
            .collect()
    }

    /// A bootstrapping of random values in [-1, 1], the ends among them, step by step.
    fn refresh(&mut self) -> Seen {
        let literal = self.refresher.literal().clone();
        let (log_values, count) = (literal.log_values, 1usize << literal.log_values);
        let (level, scale) = self.refresher.input();
        let most = 1.0 - 2f64.powi(-25);
        let values: Vec<f64> = (0..count)
            .map(|i| match i {
                0 => most,
                1 => -most,
                _ => most * (self.rng.word() as i64 as f64) / 2f64.powi(63),
            })
            .collect();
        let plain = self
            .encoder
            .encode_real(&values, log_values, level, &scale)
            .unwrap();
        let a = self.secret.encrypt(&plain, &mut self.rng).unwrap();
        let all = self.encoder.max_log_slots();
        assert!(self.slots(&a, all).iter().all(|z| z.re.abs() <= 1.0));
        let u: Vec<f64> = self.slots(&a, log_values).iter().map(|z| z.re).collect();
        let mut seen = Seen::default();
        let worse = |most: &mut f64, off: f64| *most = most.max(off);

        let low = self.refresher.to_coefficients(&self.evaluator, &a).unwrap();
        let before = self.secret.phase(&low).unwrap();
        for (got, u) in self.held(&before, low.scale()).iter().zip(&u) {
            worse(&mut seen.coefficients, (got - u).abs());
        }

        let raised = self.refresher.raise(&self.keys, &low).unwrap();
        let after = self.secret.phase(&raised).unwrap();
        let q0 = Integer::from(self.refresher.ring().params().q()[0]);
        let ratio = literal.mod1.ratio().to_f64();
        let mut off = Vec::new();
        for (before, after) in before.iter().zip(&after) {
            let (_, rest) = Integer::from(after - before).div_rem_round(q0.clone());
            off.push(rest);
        }
        for rest in self.held(&off, &Rational::from(&q0)) {
            worse(&mut seen.raise, rest.abs() * ratio);
        }
        let t = self.held(&after, &Rational::from(&q0));
        seen.overflow = t.iter().map(|t| t.abs().round() as i64).max().unwrap();

        let traced = self.refresher.trace(&self.evaluator, raised).unwrap();
        let slots = self.refresher.to_slots(&self.evaluator, traced).unwrap();
        let held = self.slots(&slots, all);
        for (j, z) in held.iter().enumerate() {
            worse(&mut seen.t, (z.re - t[j % count]).hypot(z.im) * ratio);
        }

        let out = run(self.refresher.circuit(), &self.evaluator, &[slots]).unwrap();
        let turn = 2.0 * std::f64::consts::PI;
        let unit = literal.mod1.sine_unit().to_f64();
        for (j, (got, t)) in self.slots(&out, all).iter().zip(&held).enumerate() {
            // The sine of a complex t, without I.
            let (re, im) = (turn * (t.re - t.re.round()), turn * t.im);
            let sine = (re.sin() * im.cosh() / unit, re.cos() * im.sinh() / unit);
            let u = u[j % count];
            let (own, want) = match self.refresher.value() {
                Value::Sine => (sine, (u * turn / ratio).sin() / unit),
                // To first order in the imaginary part.
                Value::Message => ((re * ratio / turn, t.im * ratio), u),
            };
            worse(&mut seen.mod1, (got.re - own.0).hypot(got.im - own.1));
            worse(&mut seen.all, (got.re - want).hypot(got.im));
        }
        seen
    }
}

fn bits(bound: f64, seen: f64) -> f64 {
    (bound / seen).log2()
}

/// Every slot, every stage, several keys: never beyond the bound, and the bound is not out of sight.
#[test]
fn bootstrappings_stay_within_every_part_of_the_bound() {
    for (log_n, log_values, value) in [
        (10, 9, Value::Message),
        (10, 5, Value::Sine),
        (11, 8, Value::Message),
        (12, 11, Value::Sine),
    ] {
        let literal = Literal::toy(log_n, log_values);
        let refresher = refresher(&literal, value);
        let prepared = Prepared::new(&refresher).unwrap();
        let tier = prepared.high_probability(20);
        let one = Rational::from(1);
        let budget = prepared.bound(&one, tier, Residues::Any).unwrap();
        print(&format!("{log_n} {log_values} {value:?}"), &budget);
        let uniform = prepared.bound(&one, tier, Residues::Uniform).unwrap();
        let mut most = Seen::default();
        for seed in 0..3 {
            let mut lab = Lab::new(&refresher, seed);
            for _ in 0..2 {
                let seen = lab.refresh();
                // K is assumed: it is seen to hold here.
                assert!(seen.overflow <= i64::from(literal.mod1.overflow));
                most.coefficients = most.coefficients.max(seen.coefficients);
                most.raise = most.raise.max(seen.raise);
                most.t = most.t.max(seen.t);
                most.mod1 = most.mod1.max(seen.mod1);
                most.all = most.all.max(seen.all);
            }
        }
        for (name, budget, slack) in [("any", &budget, 9.0), ("uniform", &uniform, 7.0)] {
            let raise = budget.bound_to_sparse + budget.bound_from_sparse;
            let t = budget.bound_trace + budget.bound_to_slots + budget.bound_to_slots_encoding;
            let mod1 = budget.bound_mod1 + budget.bound_series;
            for (part, bound, seen) in [
                (
                    "coefficients",
                    budget.bound_coefficients(),
                    most.coefficients,
                ),
                ("raise", raise, most.raise),
                ("t", t, most.t),
                ("EvalMod", mod1, most.mod1),
                ("all", budget.bound_noise, most.all),
            ] {
                let ratio = bits(bound, seen);
                println!(
                    "{name:8} {part:14} seen 2^{:.2}, bound {ratio:.2} bits above",
                    seen.log2()
                );
                assert!(ratio >= 0.0, "{name} {part}: {bound} {seen}");
                assert!(ratio <= slack, "{name} {part}: {bound} {seen}");
            }
        }
        assert!(uniform.bound_noise <= budget.bound_noise);
    }
}

/// I = K + 1 is not what EvalMod was made for, and is refused.
#[test]
fn an_overflow_beyond_k_is_refused() {
    let refresher = refresher(&Literal::toy(10, 5), Value::Sine);
    let prepared = Prepared::new(&refresher).unwrap();
    let (one, tier) = (Rational::from(1), prepared.high_probability(20));
    let at = |overflow| prepared.bound_for(&one, tier, Residues::Any, overflow);
    assert!(at(13).is_ok());
    let error = at(14).unwrap_err().to_string();
    assert!(error.contains("t goes beyond K = 13"), "{error}");
    // Fewer I are no worse.
    assert!(at(2).unwrap().bound_noise <= at(13).unwrap().bound_noise);
    for most in [
        Rational::from(0),
        Rational::from((-1, 2)),
        Rational::from((17, 16)),
    ] {
        let error = prepared.bound(&most, tier, Residues::Any).unwrap_err();
        assert!(error.to_string().contains("must be in (0, 1]"), "{error}");
    }
    let tier = Tier::HighProbability { kappa: 91 };
    let error = prepared.bound(&one, tier, Residues::Any).unwrap_err();
    assert!(
        error.to_string().contains("beyond the limit of 2^-90"),
        "{error}"
    );
    // For every outcome: more, and still a number.
    let worst = prepared
        .bound(&one, Tier::WorstCase, Residues::Any)
        .unwrap();
    let high = prepared
        .bound(&one, prepared.high_probability(20), Residues::Any)
        .unwrap();
    assert!(worst.bound_noise > high.bound_noise && worst.bound_noise.is_finite());
}
