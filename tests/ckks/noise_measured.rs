//! Bounds and estimates against ciphertexts and against draws from the model.
//!
//! All tolerances, in bits:
//! | what | tolerance |
//! |---|---|
//! | worst case, high probability | never exceeded |
//! | high probability above the largest seen, a primitive | 3 |
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

const HIGH_PROBABILITY_BITS: f64 = 3.0;
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
        // Of encoding no chance is bounded: its worst case stands in every tier.
        let chance = *primitive != Primitive::Encode;
        assert!(
            !chance || (high / max).log2() <= HIGH_PROBABILITY_BITS,
            "{line}"
        );
        assert!((average / rms).log2().abs() <= AVERAGE_BITS, "{line}");
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
