//! A thousand seeded runs of every homomorphic operation, in rings of N = 2^11 to 2^13, against exact
//! arithmetic and against the noise formulas. Every run has new randomness, inputs and levels; keys are new
//! every [`RUNS_PER_KEY`] runs.
//!
//! Phases are integers, compared mod Q_l with what the operation should have made of its operands' phases
//! (products by GMP): equal where nothing is added, else within the deterministic bound of a coefficient. The
//! slots of the very same differences are held to both bounds of [`Primitive`] and [`Model`].
//!
//! Tolerances, in bits, of every primitive in every ring:
//! | what | tolerance |
//! |---|---|
//! | worst case, high probability (2^-40) | never exceeded |
//! | high probability above the largest seen | 3 |
//! | the same of a key switch, whose digits and roundings are bounded whatever they are | 9 |
//! | average against the measured deviation | 0.1 |

use crate::support::effort::multiplier;
use crate::support::phases::{
    almost_one, automorphism, centre, close, difference, product, same, sum, times, zip,
};
use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::ckks::ring::Ring;
use polycert::ckks::scheme::cipher::Ciphertext;
use polycert::ckks::scheme::encode::Complex;
use polycert::ckks::scheme::encrypt::Encryption;
use polycert::noise::formula::operations::Primitive;
use polycert::noise::formula::{Model, Tier};
use polycert::noise::measure::operations::{Lab, Sample};
use rayon::prelude::*;
use rug::{Integer, Rational};
use std::sync::Arc;

/// log_n, and keys that are made there.
const RINGS: [(u32, u64); 3] = [(11, 60), (12, 28), (13, 12)];
const RUNS_PER_KEY: u64 = 10;
const HIGH_PROBABILITY_BITS: f64 = 3.0;
const KEY_SWITCH_BITS: f64 = 9.0;
const AVERAGE_BITS: f64 = 0.1;
/// Rotations with a key.
const STEPS: [i64; 2] = [1, -3];

fn parameters(log_n: u32) -> Parameters {
    // A digit of two primes is 2 bits narrower than P: d e and the rounding of a key switch weigh alike.
    let mut literal = Literal::new(log_n, vec![50, 40, 41, 40, 40], vec![46; 2], 40);
    literal.waiver = Waiver::Insecure;
    Parameters::new(&literal).unwrap()
}

/// What the slots of one primitive may be, and what they were.
#[derive(Clone, Copy, Default)]
struct Row {
    worst: f64,
    high: f64,
    sample: Sample,
}

/// Rows by primitive.
type Rows = Vec<Row>;

fn rows(model: &Model) -> Rows {
    let row = |(primitive, _): &(Primitive, &str)| Row {
        worst: primitive.bound(model, Tier::WorstCase).unwrap(),
        high: primitive
            .bound(model, primitive.high_probability(model, 40))
            .unwrap(),
        sample: Sample::default(),
    };
    Primitive::ALL.iter().map(row).collect()
}

/// One key's runs.
struct Bench<'a> {
    lab: Lab,
    model: &'a Model,
    rows: Rows,
    /// Deterministic bounds of a coefficient: what a rescale adds, what an encryption of zero holds.
    rescale: Rational,
    zero: Rational,
}

impl<'a> Bench<'a> {
    fn new(ring: &Arc<Ring>, model: &'a Model, seed: u64, key: u64) -> Self {
        let p = model.parameters();
        let lab = Lab::with_keys(ring, seed, key, &STEPS, true).unwrap();
        let weight = lab
            .secret
            .coefficients()
            .iter()
            .filter(|s| **s != 0)
            .count() as u64;
        Self {
            lab,
            model,
            rows: rows(model),
            rescale: Rational::from((weight + 1, 2)) * almost_one(),
            zero: Rational::from(u64::from(p.cbd()) * (2 * p.n() as u64 + 1)),
        }
    }

    /// The most that a key switch adds to a coefficient: sum_j N |d_j| |e_j| / P, and a rounding.
    fn switch(&self, level: usize) -> Rational {
        let p = self.model.parameters();
        let digit = |d: std::ops::Range<usize>| -> Integer {
            p.q()[d].iter().map(|&q| Integer::from(q)).product()
        };
        let digits: Integer = p.digits(level).into_iter().map(digit).sum();
        let sum = Rational::from((digits, 2)) * p.cbd() * p.n() as u64 / p.p_product();
        sum * almost_one() + &self.rescale
    }

    fn phase(&self, c: &Ciphertext) -> Vec<Integer> {
        self.lab.secret.phase(c).unwrap()
    }

    fn slots(&self, coefficients: &[Integer], scale: &Rational) -> Vec<Complex> {
        let all = self.lab.encoder.max_log_slots();
        self.lab.encoder.slots(coefficients, all, scale)
    }

    /// Holds |errors| to the bounds of a primitive.
    fn hold(&mut self, primitive: Primitive, errors: Vec<f64>) {
        let place = Primitive::ALL.iter().position(|(p, _)| *p == primitive);
        let row = &mut self.rows[place.unwrap()];
        let largest = errors.iter().copied().fold(0.0, f64::max);
        let name = primitive.name();
        assert!(
            largest <= row.worst,
            "{name}: {largest:e} > {:e}",
            row.worst
        );
        assert!(largest <= row.high, "{name}: {largest:e} > {:e}", row.high);
        row.sample.add(errors);
    }

    /// Holds what an operation added to a phase, in units of `scale`.
    fn hold_added(&mut self, primitive: Primitive, added: &[Integer], scale: &Rational) {
        let slots = self.slots(added, scale);
        self.hold(primitive, slots.iter().map(modulus).collect());
    }

    /// Holds the slots of a phase against what is meant.
    fn hold_slots(
        &mut self,
        primitive: Primitive,
        phase: &[Integer],
        scale: &Rational,
        meant: impl Fn(usize) -> f64,
    ) {
        let slots = self.slots(phase, scale).into_iter().enumerate();
        let off = slots.map(|(j, z)| (z.re - meant(j)).hypot(z.im));
        self.hold(primitive, off.collect());
    }

    /// All operations once.
    fn run(&mut self) {
        let p = self.model.parameters().clone();
        let (top, scale) = (p.max_level(), p.scale());
        let (q, log_slots) = (p.q_product(top), self.lab.encoder.max_log_slots());
        let (va, vb) = (self.lab.slots(), self.lab.slots());

        // Encoding, against 30 bits more.
        let complex: Vec<Complex> = va.iter().map(|&x| x.into()).collect();
        let coefficients = |scale: &Rational| -> Vec<Integer> {
            let c = self.lab.encoder.coefficients(&complex, log_slots, scale);
            c.unwrap().into_iter().map(Integer::from).collect()
        };
        let message = coefficients(&scale);
        let fine = Rational::from(&scale << 30u32);
        let rounded = zip(&message, &coefficients(&fine), |m, f| {
            Integer::from(m << 30u32) - f
        });
        self.hold_added(Primitive::Encode, &rounded, &fine);

        // Fresh, all ways: exactly the message and what the guarantee says.
        let plain = self.lab.encoder.encode_real(&va, log_slots, top, &scale);
        let plain = plain.unwrap();
        let extended = Rational::from(&self.zero / p.p_product()) * almost_one() + &self.rescale;
        let mut fresh = Vec::new();
        for (encryption, primitive, bound) in [
            (
                Encryption::Secret,
                Primitive::FreshSecret,
                Rational::from(p.cbd()),
            ),
            (
                Encryption::PublicExtended,
                Primitive::FreshPublicExtended,
                extended,
            ),
            (
                Encryption::Public,
                Primitive::FreshPublic,
                self.zero.clone(),
            ),
        ] {
            let c = self.lab.encrypt_at(&va, top, &scale, encryption).unwrap();
            let phase = self.phase(&c);
            close(&phase, &message, &q, &bound);
            self.hold_slots(primitive, &phase, &scale, |j| va[j]);
            fresh.push((c, phase));
        }
        let (a, pa) = fresh.pop().unwrap();
        let b = self.lab.encrypt(&vb, &scale).unwrap();
        let pb = self.phase(&b);

        // What adds nothing.
        let added = self.lab.evaluator.add(&a, &b).unwrap();
        let added = self.phase(&added);
        same(&added, &sum(&pa, &pb), &q);
        self.hold_slots(Primitive::Add, &added, &scale, |j| va[j] + vb[j]);
        let e = &self.lab.evaluator;
        let phase = |c: &Ciphertext| self.lab.secret.phase(c).unwrap();
        same(&phase(&e.sub(&a, &b).unwrap()), &difference(&pa, &pb), &q);
        same(
            &phase(&e.negate(&a).unwrap()),
            &times(&pa, &Integer::from(-1)),
            &q,
        );
        same(
            &phase(&e.add_plain(&b, &plain).unwrap()),
            &sum(&pb, &message),
            &q,
        );
        let c = Integer::from(self.lab.rng.word() as i64);
        let mut shifted = pa.clone();
        shifted[0] += &c;
        same(&phase(&e.add_constant(&a, &c).unwrap()), &shifted, &q);
        let unit = Rational::from(1);
        let scaled = e.mul_constant(&a, &c, &unit).unwrap();
        same(&phase(&scaled), &times(&pa, &c), &q);
        let low = (self.lab.rng.below(top as u64)) as usize;
        let dropped = e.drop_to(&a, low).unwrap();
        same(&phase(&dropped), &pa, &p.q_product(low));
        let same_message = e.mul_constant(&a, &Integer::from(1), &unit).unwrap();
        let same_message = phase(&same_message);
        let pb_plain = e.mul_plain(&b, &plain).unwrap();
        assert_eq!(*pb_plain.scale(), Rational::from(&scale * &scale));
        let pb_plain = phase(&pb_plain);
        let tensor = e.tensor(&a, &b).unwrap();
        let tensor_phase = phase(&tensor);
        same(&pb_plain, &product(&pb, &message), &q);
        let exact = product(&pa, &pb);
        same(&tensor_phase, &exact, &q);
        let square = Rational::from(&scale * &scale);
        self.hold_slots(Primitive::ConstantProduct, &same_message, &scale, |j| va[j]);
        self.hold_slots(Primitive::PlainProduct, &pb_plain, &square, |j| {
            va[j] * vb[j]
        });

        // Key switches and rescales: at the top in every other run, else at a level below.
        let level = match self.lab.rng.below(2) {
            0 => top,
            _ => 1 + self.lab.rng.below(top as u64 - 1) as usize,
        };
        let q = p.q_product(level);
        let (kappa, switch) = (
            Primitive::Product.high_probability(self.model, 40),
            self.switch(level),
        );
        let bounds = [Tier::WorstCase, kappa].map(|t| self.model.bound_key_switch(level, t));
        let [a, b] = [a, b].map(|c| self.lab.evaluator.drop_to(&c, level).unwrap());
        let ab = self.lab.evaluator.mul(&a, &b).unwrap();
        let p_ab = self.phase(&ab);
        let relinearised = close(&p_ab, &exact, &q, &switch);
        let rotated = self.lab.evaluator.rotate_many(&a, &STEPS).unwrap();
        assert_eq!(rotated[1], self.lab.evaluator.rotate(&a, STEPS[1]).unwrap());
        let turned =
            |g: u64, c: &Ciphertext| close(&self.phase(c), &automorphism(&pa, g), &q, &switch);
        let by_one = turned(self.lab.ring.rotation(STEPS[0]), &rotated[0]);
        let conjugate = self.lab.evaluator.conjugate(&a).unwrap();
        let conjugated = turned(self.lab.ring.conjugation(), &conjugate);
        // At every level within that level's bounds; the rows are of the top level.
        for added in [&relinearised, &by_one, &conjugated] {
            let slots = self.slots(added, &Rational::from(1));
            let largest = slots.iter().map(modulus).fold(0.0, f64::max);
            assert!(bounds.iter().all(|b| largest <= *b), "level {level}");
        }
        if level == top {
            self.hold_added(Primitive::Relinearise, &relinearised, &square);
            self.hold_added(Primitive::Rotate, &by_one, &scale);
            self.hold_added(Primitive::Rotate, &conjugated, &scale);
        }
        let p_ab: Vec<Integer> = p_ab.iter().map(|x| centre(x, &q)).collect();
        self.hold_slots(Primitive::Product, &p_ab, &square, |j| va[j] * vb[j]);
        let rescaled = self.lab.evaluator.rescale(&ab).unwrap();
        let last = Integer::from(p.q()[level]);
        assert_eq!(*rescaled.scale(), Rational::from(&square / &last));
        assert_eq!(rescaled.level(), level - 1);
        // Times the prime, the rescaled phase is the phase and the prime times the rounding.
        let back = times(&self.phase(&rescaled), &last);
        let bound = Rational::from(&self.rescale * &last);
        let rounding = close(&back, &p_ab, &q, &bound);
        self.hold_added(Primitive::Rescale, &rounding, &(scale * last));
    }
}

fn modulus(z: &Complex) -> f64 {
    z.re.hypot(z.im)
}

#[test]
fn a_thousand_runs_stay_within_all_bounds() {
    let mut total = 0;
    let mut loose = Vec::new();
    for (log_n, keys) in RINGS {
        let keys = keys * multiplier();
        let p = parameters(log_n);
        let model = Model::new(&p);
        let ring = Ring::new(&p).unwrap();
        let of_key = |key: u64| {
            let mut bench = Bench::new(&ring, &model, u64::from(log_n), key);
            (0..RUNS_PER_KEY).for_each(|_| bench.run());
            bench.rows
        };
        let merged = (0..keys).into_par_iter().map(of_key).reduce(
            || rows(&model),
            |mut left, right| {
                for (left, right) in left.iter_mut().zip(&right) {
                    left.sample.merge(&right.sample);
                }
                left
            },
        );
        let runs = keys * RUNS_PER_KEY;
        total += runs;
        eprintln!("N = 2^{log_n}: {runs} runs, {keys} keys; log2 of |error| in units of the slots");
        eprintln!(
            "{:<22} {:>10} {:>24} {:>12} {:>20} {:>12}",
            "primitive",
            "worst_case",
            "high_probability (2^-40)",
            "measure_max",
            "average_case (est.)",
            "measure_rms"
        );
        for ((primitive, name), row) in Primitive::ALL.iter().zip(&merged) {
            let (sample, average) = (row.sample, primitive.estimate_deviation(&model));
            let Some(average) = average.filter(|_| sample.count > 0) else {
                continue;
            };
            let (max, rms) = (sample.measure_max, sample.measure_rms());
            eprintln!(
                "{name:<22} {:>10.2} {:>24.2} {:>12.2} {:>20.2} {:>12.2}",
                row.worst.log2(),
                row.high.log2(),
                max.log2(),
                average.log2(),
                rms.log2()
            );
            let (over, off) = ((row.high / max).log2(), (average / rms).log2());
            // Of encoding no chance is bounded: its worst case stands in every tier.
            let chance = *primitive != Primitive::Encode;
            let most = match primitive {
                Primitive::Relinearise | Primitive::Rotate => KEY_SWITCH_BITS,
                _ => HIGH_PROBABILITY_BITS,
            };
            if chance && over > most || off.abs() > AVERAGE_BITS {
                loose.push(format!("N = 2^{log_n}, {name}: {over:.2} {off:.3}"));
            }
        }
        assert!(merged.iter().filter(|r| r.sample.count > 0).count() >= 11);
    }
    eprintln!("{total} runs");
    assert!(total >= 1000 * multiplier());
    assert!(loose.is_empty(), "{loose:#?}");
}
