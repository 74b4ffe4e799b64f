//! Bounds and estimates against ciphertexts and against draws from the model.
//!
//! All tolerances, in bits:
//! | what | tolerance |
//! |---|---|
//! | worst case, high probability | never exceeded |
//! | high probability above the largest seen, a primitive | 3 |
//! | the same of a key switch, whose digits and roundings are bounded whatever they are | 9 |
//! | average against measured, a primitive | 0.1 |
//! | average against simulated | 0.1 |

use polycert::ckks::parameters::rng::Rng;
use polycert::ckks::parameters::{Literal, Parameters};
use polycert::ckks::ring::Ring;
use polycert::ckks::scheme::encode::Encoder;
use polycert::noise::formula::operations::Primitive;
use polycert::noise::formula::{Model, Tier};
use polycert::noise::measure::operations::{Lab, Sample};
use polycert::noise::measure::simulate::Simulation;
use rug::{Integer, Rational};

const HIGH_PROBABILITY_BITS: f64 = 3.0;
const KEY_SWITCH_BITS: f64 = 9.0;
const AVERAGE_BITS: f64 = 0.1;

fn small() -> Parameters {
    Parameters::new(&Literal::new(12, vec![36, 30], vec![36], 30)).unwrap()
}

#[test]
fn primitives_on_ciphertexts() {
    let p = small();
    let model = Model::new(&p);
    let ring = Ring::new(&p).unwrap();
    let mut samples = [Sample::default(); Primitive::ALL.len()];
    for key in 0..8 {
        let mut lab = Lab::on(&ring, 1, key).unwrap();
        // The model rests on it: key generation draws until it holds.
        let largest = lab.encoder.largest_slot_squared(lab.secret.coefficients());
        assert!(largest <= p.bound_secret_squared().to_f64());
        for _ in 0..5 {
            for ((primitive, _), sample) in Primitive::ALL.iter().zip(&mut samples) {
                sample.add(lab.measure(*primitive).unwrap());
            }
        }
    }
    for ((primitive, name), sample) in Primitive::ALL.iter().zip(&samples) {
        let worst = primitive.bound(&model, Tier::WorstCase).unwrap();
        let high = primitive
            .bound(&model, primitive.high_probability(&model, 40))
            .unwrap();
        let Some(average) = primitive.estimate_deviation(&model) else {
            continue;
        };
        let (max, rms) = (sample.measure_max, sample.measure_rms());
        let line = format!(
            "{name}: worst {:.2} high {:.2} seen {:.2}; average {:.2} rms {:.2}",
            worst.log2(),
            high.log2(),
            max.log2(),
            average.log2(),
            rms.log2()
        );
        eprintln!("{line}");
        assert!(max <= worst && max <= high, "{line}");
        let above = match primitive {
            // Of encoding no chance is bounded: its worst case stands in every tier.
            Primitive::Encode => f64::INFINITY,
            Primitive::Relinearise | Primitive::Rotate => KEY_SWITCH_BITS,
            _ => HIGH_PROBABILITY_BITS,
        };
        assert!((high / max).log2() <= above, "{line}");
        assert!((average / rms).log2().abs() <= AVERAGE_BITS, "{line}");
    }
}

/// A message all of whose coefficients are just below 1/2, signed so that they add up at slot 0: it is encoded as 0,
/// and its first slot is lost entirely. The bound holds for it in every tier, and no smaller one would.
#[test]
fn a_message_chooses_what_encoding_rounds_away() {
    let p = small();
    let (n, scale) = (p.n(), p.scale().clone());
    let encoder = Encoder::new(&Ring::new(&p).unwrap());
    let coefficient = |k: usize| match (k, 2 * k == n) {
        (_, true) => 0,
        (k, _) if 2 * k < n => 4_999,
        _ => -4_999,
    };
    let message: Vec<Integer> = (0..n).map(|k| coefficient(k).into()).collect();
    let parts = Rational::from(&scale * 10_000);
    let slots = encoder.slots(&message, encoder.max_log_slots(), &parts);
    let encoded = encoder
        .coefficients(&slots, encoder.max_log_slots(), &scale)
        .unwrap();
    assert!(encoded.iter().all(|c| *c == 0));
    let lost = slots.iter().map(|z| z.re.hypot(z.im)).fold(0.0, f64::max);
    let model = Model::new(&p);
    for tier in [
        Tier::WorstCase,
        Primitive::Encode.high_probability(&model, 40),
    ] {
        let bound = Primitive::Encode.bound(&model, tier).unwrap();
        assert!(lost <= bound && bound <= 1.01 * lost, "{lost} {bound}");
    }
}

#[test]
fn draws_from_the_model() {
    let p = small();
    let model = Model::new(&p);
    let ring = Ring::new(&p).unwrap();
    let encoder = Encoder::new(&ring);
    let scale = p.scale().to_f64();
    for (primitive, name) in Primitive::ALL {
        let mut sample = Sample::default();
        for index in 0..20 {
            let mut simulation = Simulation::new(&p, &encoder, Rng::numbered(2, index));
            let Some(draw) = simulation.draw(primitive) else {
                break;
            };
            sample.add(draw.into_iter().map(|e| e / scale));
        }
        if sample.count == 0 {
            continue;
        }
        let over = if primitive == Primitive::Relinearise {
            scale
        } else {
            1.0
        };
        let high = primitive
            .bound(&model, primitive.high_probability(&model, 40))
            .unwrap();
        let average = primitive.estimate_deviation(&model).unwrap();
        let line = format!(
            "{name}: seen {:.2} rms {:.2}",
            sample.measure_max.log2(),
            sample.measure_rms().log2()
        );
        eprintln!("{line}");
        assert!(sample.measure_max / over <= high, "{line}");
        assert!(
            (average * over / sample.measure_rms()).log2().abs() <= AVERAGE_BITS,
            "{line}"
        );
    }
}
