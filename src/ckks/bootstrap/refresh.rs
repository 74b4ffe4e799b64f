//! A ciphertext refreshed: the whole of bootstrapping for one parameter set.
//!
//! **Method** m is real, 2n values that repeat along the slots, |m| <= 1. Scales are exact rationals throughout: slots to
//! coefficients end at q_0/2^r, so that a coefficient is m q_0/2^r; raised it is read in units of q_0, as t = I + m/2^r; the trace
//! and the transforms leave it 2n N/(2n) times as large, which the scale says.

use super::literal::Literal;
use super::mod1::{Built, Value};
use super::raise::{trace, trace_steps, RaiseKeys};
use super::transform::{coefficients_to_slots, slots_to_coefficients, Diagonals};
use crate::circuit::Circuit;
use crate::ckks::evaluate::linear::{Extended, LinearMap};
use crate::ckks::evaluate::run::run;
use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::log2;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::cipher::{Ciphertext, KeyId};
use crate::ckks::scheme::encode::{Complex, Encoder};
use crate::ckks::scheme::keys::{EvaluationKeys, SecretKey};
use crate::error::{ErrorKind, Result};
use rug::{Integer, Rational};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

/// What the input is multiplied by, as an integer: at most what the lowest levels have room for and their diagonals can spare.
pub(crate) const GAIN: u32 = 16;

/// What a refresh is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Slots to coefficients.
    SlotsToCoefficients,
    /// The modulus is raised.
    Raise,
    /// The trace to the subring of the slots.
    Trace,
    /// Coefficients to slots.
    CoefficientsToSlots,
    /// The sine, and the arcsine where the message is wanted.
    Mod1,
}

/// A bootstrapping, its linear maps encoded.
#[derive(Debug)]
pub struct Refresher {
    ring: Arc<Ring>,
    literal: Literal,
    value: Value,
    to_coefficients: Arc<Vec<LinearMap>>,
    to_slots: Arc<Vec<LinearMap>>,
    circuit: Circuit,
    built: Built,
}

/// The keys of a bootstrapping beside an evaluator's.
#[derive(Debug)]
pub struct RefreshKeys {
    raise: RaiseKeys,
}

impl RefreshKeys {
    /// Bytes that the keys take in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.raise.bytes()
    }

    /// Draws the keys of a bootstrapping.
    #[must_use]
    pub fn generate(secret: &SecretKey, literal: &Literal, rng: &mut Rng) -> Self {
        let top = secret.ring.params().max_level();
        Self {
            raise: RaiseKeys::generate(secret, literal.weight, top, rng),
        }
    }

    /// Bytes of the keys in a stream.
    #[must_use]
    pub fn stream_bytes(params: &Parameters) -> u64 {
        let limbs = params.limbs(0) + 1 + params.limbs(params.max_level()) + params.p().len();
        64 + (8 * params.n() * limbs) as u64
    }

    /// Writes the keys to a stream.
    ///
    /// # Errors
    /// The output's refusal.
    pub fn write(&self, out: &mut dyn Write) -> Result<()> {
        self.raise.write(out)
    }

    /// Reads what [`Self::write`] wrote, of a secret's name.
    ///
    /// # Errors
    /// A stream that ends too early, residues that are not below their primes.
    pub fn read(ring: &Ring, id: KeyId, input: &mut dyn Read) -> Result<Self> {
        let raise = RaiseKeys::read(ring, id, ring.params().max_level(), input)?;
        Ok(Self { raise })
    }
}

impl Refresher {
    /// Makes the maps and the circuit.
    ///
    /// **Inputs** the ring of the literal's parameters; what is wanted of m.
    /// **Cost** some seconds and 0.5 GB at N = 2^16.
    ///
    /// # Errors
    /// A ring of other parameters, what [`Literal::check`] refuses, more depth than there is.
    pub fn new(ring: &Arc<Ring>, literal: &Literal, value: Value) -> Result<Self> {
        let params = ring.params();
        if Parameters::new(&literal.encryption)?.digest() != params.digest() {
            let detail = "bootstrapping: the ring is of other parameters than the literal's";
            return Err(ErrorKind::Mismatch(detail.into()).into());
        }
        literal.check(params)?;
        let encoder = Encoder::new(ring);
        let (down, up, t) = layouts(&encoder, literal);
        let moduli = params.moduli();
        let level = params.max_level() - literal.coefficients_to_slots;
        let (circuit, built) = literal.mod1.circuit(&moduli, level, t, &value)?;
        let encode = |maps: Vec<Layout>| -> Result<Vec<LinearMap>> {
            maps.iter().map(|map| map.encode(&encoder)).collect()
        };
        let (to_coefficients, to_slots) = (encode(down)?, encode(up)?);
        Ok(Self {
            ring: ring.clone(),
            literal: literal.clone(),
            value,
            to_coefficients: Arc::new(to_coefficients),
            to_slots: Arc::new(to_slots),
            circuit,
            built,
        })
    }

    /// The same bootstrapping for something else that is wanted of m: the maps are shared, and the keys serve both.
    ///
    /// # Errors
    /// More depth than there is.
    pub fn another(&self, value: Value) -> Result<Self> {
        let moduli = self.ring.params().moduli();
        let input = &self.circuit.nodes[0];
        let (level, t) = (input.level, input.scale.clone());
        let (circuit, built) = self.literal.mod1.circuit(&moduli, level, t, &value)?;
        Ok(Self {
            ring: self.ring.clone(),
            literal: self.literal.clone(),
            value,
            to_coefficients: self.to_coefficients.clone(),
            to_slots: self.to_slots.clone(),
            circuit,
            built,
        })
    }

    /// The level and the scale that m is taken at.
    #[must_use]
    pub fn input(&self) -> (usize, Rational) {
        let level = self.literal.slots_to_coefficients;
        (level, self.ring.params().scale())
    }

    /// The level and the scale of the result.
    #[must_use]
    pub fn output(&self) -> (usize, &Rational) {
        let node = &self.circuit.nodes[self.circuit.output];
        (node.level, &node.scale)
    }

    /// The circuit from t on.
    #[must_use]
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Bytes that the encoded maps take in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let maps = self.to_coefficients.iter().chain(self.to_slots.iter());
        maps.map(LinearMap::bytes).sum()
    }

    /// Bytes of keys that the rotations of the maps and of the trace read, and of the maps' diagonals, each once.
    #[must_use]
    pub fn bytes_read(&self) -> Vec<(Phase, u64)> {
        let params = self.ring.params();
        let key = |level| {
            let limbs = params.limbs(level) + params.p().len();
            (2 * params.digits(level).len() * limbs * 8 * params.n()) as u64
        };
        let maps = |maps: &[LinearMap]| -> u64 {
            let one = |map: &LinearMap| map.steps().len() as u64 * key(map.level()) + map.bytes();
            maps.iter().map(one).sum()
        };
        let conjugation = |map: Option<&LinearMap>| map.map_or(0, |map| key(map.level()));
        let trace = trace_steps(&self.ring, self.slots()).len() as u64;
        vec![
            (
                Phase::SlotsToCoefficients,
                maps(&self.to_coefficients) + conjugation(self.to_coefficients.first()),
            ),
            (Phase::Trace, trace * key(params.max_level())),
            (
                Phase::CoefficientsToSlots,
                maps(&self.to_slots) + conjugation(self.to_slots.last()),
            ),
        ]
    }

    /// The parameters.
    #[must_use]
    pub fn literal(&self) -> &Literal {
        &self.literal
    }

    /// What is wanted of m.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Where the circuit has what.
    #[must_use]
    pub fn built(&self) -> &Built {
        &self.built
    }

    /// The ring.
    #[must_use]
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The number of complex slots of the coefficients.
    fn slots(&self) -> usize {
        1 << (self.literal.log_values - 1)
    }

    /// Makes the keys that a refresh needs, each up to the highest level that it is used at.
    ///
    /// **Cost** at N = 2^16 some 40 keys, most of them of 300 MB.
    #[must_use]
    pub fn keys(&self, secret: &SecretKey, rng: &mut Rng) -> (EvaluationKeys, RefreshKeys) {
        let ring = &self.ring;
        let top = ring.params().max_level();
        // From the highest level down: a key serves all below.
        let trace = trace_steps(ring, self.slots());
        let mut wanted: Vec<(u64, usize)> =
            trace.iter().map(|&k| (ring.rotation(k), top)).collect();
        for map in self.to_slots.iter().chain(self.to_coefficients.iter()) {
            wanted.extend(map.steps().iter().map(|&k| (ring.rotation(k), map.level())));
        }
        let last = self.to_slots.last().map_or(top, LinearMap::level);
        wanted.push((ring.conjugation(), last));
        wanted.sort_by_key(|&(_, level)| std::cmp::Reverse(level));
        let mut keys = secret.relinearization_up_to(last - 1, rng);
        for (g, level) in wanted {
            secret.add_automorphism(&mut keys, g, level, rng);
        }
        (keys, RefreshKeys::generate(secret, &self.literal, rng))
    }

    /// Refreshes a ciphertext.
    ///
    /// **Inputs** m at [`Self::input`]'s level and scale, |m| <= 1 in every slot, what is not real being noise.
    ///
    /// # Errors
    /// Another level, scale or packing, missing keys.
    pub fn refresh(
        &self,
        evaluator: &Evaluator,
        keys: &RefreshKeys,
        a: &Ciphertext,
        phase: &mut dyn FnMut(Phase),
    ) -> Result<Ciphertext> {
        phase(Phase::SlotsToCoefficients);
        let raised = self.to_coefficients(evaluator, a)?;
        phase(Phase::Raise);
        let raised = self.raise(keys, &raised)?;
        phase(Phase::Trace);
        let raised = self.trace(evaluator, raised)?;
        phase(Phase::CoefficientsToSlots);
        let t = self.to_slots(evaluator, raised)?;
        phase(Phase::Mod1);
        run(&self.circuit, evaluator, &[t])
    }

    /// What the result is to be for an input m: of an activation x (1 + p(x/B))/2, x = B m.
    ///
    /// *Estimate* in f64.
    #[must_use]
    pub fn meant(&self, m: f64) -> f64 {
        let turn = 2.0 * std::f64::consts::PI / self.literal.mod1.ratio().to_f64();
        match &self.value {
            Value::Sine => (m * turn).sin() / turn.sin(),
            Value::Message => m,
            Value::Relu(activation) => activation.meant(m),
        }
    }

    /// I of every coefficient that is kept, read off with the secret key.
    ///
    /// # Errors
    /// As [`Self::refresh`].
    pub fn overflows(
        &self,
        evaluator: &Evaluator,
        keys: &RefreshKeys,
        secret: &SecretKey,
        a: &Ciphertext,
    ) -> Result<Vec<i64>> {
        let raised = keys
            .raise
            .raise(&self.ring, &self.to_coefficients(evaluator, a)?)?;
        let q0 = Integer::from(self.ring.params().q()[0]);
        let gap = self.ring.n() / (2 * self.slots());
        let phase = secret.phase(&raised)?;
        // |m| is far below q_0/2, so that the nearest multiple is I.
        let nearest = |x: &Integer| x.clone().div_rem_round(q0.clone()).0.to_i64();
        Ok(phase.iter().step_by(gap).filter_map(nearest).collect())
    }

    /// m in the coefficients, at level 0.
    pub(crate) fn to_coefficients(&self, e: &Evaluator, a: &Ciphertext) -> Result<Ciphertext> {
        let (level, scale) = self.input();
        a.stands_at(level, &scale, "the input of a refresh")?;
        if a.log_slots() != self.literal.log_values {
            return Err(ErrorKind::Mismatch(format!(
                "refresh: 2^{} slots are due, the ciphertext has 2^{}",
                self.literal.log_values,
                a.log_slots()
            ))
            .into());
        }
        // Noise is complex, and what is imaginary would be a part of other values' coefficients. Multiplied exactly beforehand, m
        // stands the higher above what the key switch adds.
        let a = e.mul_constant(a, &Integer::from(GAIN), &Rational::from(GAIN))?;
        let conjugate = e.conjugate(&a)?;
        let twice = e.add(&a, &conjugate)?;
        let twice = e.in_units(&twice, &Rational::from(2))?;
        let mut a = twice;
        for map in self.to_coefficients.iter() {
            a = e.divide_rescale(&e.apply(&a, map)?)?;
        }
        a.log_slots = self.literal.log_values - 1;
        Ok(a)
    }

    /// m + q_0 I in the coefficients, at the top.
    pub(crate) fn raise(&self, keys: &RefreshKeys, a: &Ciphertext) -> Result<Ciphertext> {
        keys.raise.raise(&self.ring, a)
    }

    /// t = I + m/2^r in the coefficients of the subring alone.
    pub(crate) fn trace(&self, e: &Evaluator, mut a: Ciphertext) -> Result<Ciphertext> {
        // m at the scale q_0/2^r is m/2^r at the scale q_0.
        a = e.in_units(&a, &self.literal.mod1.ratio())?;
        let copies = self.ring.n() / (2 * self.slots());
        let a = trace(e, a, self.slots())?;
        e.in_units(&a, &Rational::from(copies as u64))
    }

    /// t in 2n real slots.
    pub(crate) fn to_slots(&self, e: &Evaluator, mut a: Ciphertext) -> Result<Ciphertext> {
        let count = self.to_slots.len();
        for (i, map) in self.to_slots.iter().enumerate() {
            let mut image = e.apply(&a, map)?;
            if i + 1 == count {
                image = self.twice_real(e, image)?;
            }
            a = e.divide_rescale(&image)?;
        }
        a.log_slots = self.literal.log_values;
        e.in_units(&a, &Rational::from(2 * self.slots() as u64))
    }

    fn twice_real(&self, e: &Evaluator, a: Extended) -> Result<Extended> {
        let conjugate = e.turn(a.clone(), self.ring.conjugation())?;
        e.add_extended(a, &conjugate)
    }
}

/// A linear map before it is encoded.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// The diagonals by their shifts.
    pub diagonals: BTreeMap<i64, Vec<Complex>>,
    /// The stride, and how many multiples of it are baby steps.
    pub steps: (i64, i64),
    /// The level of its inputs.
    pub level: usize,
    /// The scale of the diagonals.
    pub scale: Rational,
}

impl Layout {
    fn encode(&self, encoder: &Encoder) -> Result<LinearMap> {
        LinearMap::new(
            encoder,
            &self.diagonals,
            self.steps,
            self.level,
            &self.scale,
        )
    }
}

/// The maps of slots to coefficients and those back, in the order of their application; the scale of t.
pub(crate) fn layouts(
    encoder: &Encoder,
    literal: &Literal,
) -> (Vec<Layout>, Vec<Layout>, Rational) {
    let params = encoder.ring().params();
    let moduli = params.moduli();
    let (top, values) = (params.max_level(), literal.log_values);
    let q0 = Rational::from(&moduli[0]);

    // The sum with the conjugate is twice m.
    let start = literal.slots_to_coefficients;
    let maps = slots_to_coefficients(encoder, values, start);
    let have = params.scale() * (2 * GAIN);
    let wanted = &q0 / literal.mod1.ratio();
    let down = layout(&maps, &moduli, start, (have, wanted));

    let maps = coefficients_to_slots(encoder, values, literal.coefficients_to_slots);
    let level = top - literal.coefficients_to_slots;
    let scale = Rational::from(Integer::from(1) << log2(&moduli[level]).round() as u32);
    let t = literal.mod1.input_scale(&scale);
    // 2n values, N/(2n) copies in the trace.
    let have = q0 * (params.n() as u64);
    let up = layout(&maps, &moduli, top, (have, t.clone()));
    (down, up, t)
}

/// Lays maps out from a level down, so that the scale goes from `have` to `wanted`.
///
/// **Method** What rounding the coefficients of a diagonal leaves in a slot grows as their number, and what it is multiplied by
/// falls as the square root of that (`noise::bootstrap::maps`): scales go as the square root of the periods of the entries.
fn layout(
    maps: &[Diagonals],
    moduli: &[Integer],
    level: usize,
    (have, wanted): (Rational, Rational),
) -> Vec<Layout> {
    let count = maps.len();
    let divided: Integer = moduli[level + 1 - count..=level].iter().product();
    let mut left = wanted * divided / have;
    let diagonals: Vec<_> = maps.iter().map(|map| shortest(map.values())).collect();
    let periods: Vec<f64> = (diagonals.iter())
        .map(|d| d.values().next().map_or(1, Vec::len).ilog2().into())
        .collect();
    let each = crate::arith::number::estimate_log2(&left) / count as f64;
    let mean = periods.iter().sum::<f64>() / count as f64;
    (maps.iter().zip(diagonals).enumerate())
        .map(|(i, (map, diagonals))| {
            // Powers of two; the last one is what is left.
            let log = each + (periods[i] - mean) / 2.0;
            let scale = match i + 1 == count {
                true => left.clone(),
                false => Rational::from(Integer::from(1) << log.round().max(0.0) as u32),
            };
            left /= &scale;
            Layout {
                steps: (map.stride() as i64, baby_steps(diagonals.len())),
                diagonals,
                level: level - i,
                scale,
            }
        })
        .collect()
}

/// Diagonals cut to the shortest period that all of them have.
fn shortest(mut diagonals: BTreeMap<i64, Vec<Complex>>) -> BTreeMap<i64, Vec<Complex>> {
    let repeats = |d: &Vec<Complex>| {
        let (first, second) = d.split_at(d.len() / 2);
        !second.is_empty() && first == second
    };
    while diagonals.values().all(repeats) {
        diagonals.values_mut().for_each(|d| d.truncate(d.len() / 2));
    }
    diagonals
}

/// How many baby steps: they are the cheaper ones.
fn baby_steps(diagonals: usize) -> i64 {
    let mut babies = 1;
    while babies * babies <= diagonals as i64 && babies < 16 {
        babies *= 2;
    }
    babies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::scheme::encode::Complex;

    struct Lab {
        refresher: Refresher,
        secret: SecretKey,
        evaluator: Evaluator,
        keys: RefreshKeys,
        encoder: Encoder,
        rng: Rng,
    }

    fn lab(log_n: u32, log_values: u32, value: Value, seed: u64) -> Lab {
        let literal = Literal::toy(log_n, log_values);
        let ring = Ring::new(&Parameters::new(&literal.encryption).unwrap()).unwrap();
        let refresher = Refresher::new(&ring, &literal, value).unwrap();
        let mut rng = Rng::numbered(16, seed);
        let secret = SecretKey::generate(&ring, &mut rng);
        let (evaluation, keys) = refresher.keys(&secret, &mut rng);
        Lab {
            refresher,
            secret,
            evaluator: Evaluator::new(&ring, evaluation).unwrap(),
            keys,
            encoder: Encoder::new(&ring),
            rng,
        }
    }

    /// Values at the ends of their range and within, refreshed in rings of full and of sparse packing. What is imaginary in a slot
    /// is no part of any value that comes back.
    #[test]
    fn values_come_back_at_many_levels() {
        for (log_n, log_values, value) in [
            (10, 9, Value::Message),
            (10, 5, Value::Sine),
            (11, 8, Value::Message),
        ] {
            let sine = value == Value::Sine;
            let mut lab = lab(log_n, log_values, value, 0);
            let (level, scale) = lab.refresher.input();
            let count = 1usize << log_values;
            let values: Vec<f64> = (0..count)
                .map(|i| 1.0 - 2.0 * i as f64 / (count - 1) as f64)
                .collect();
            let aside = |(i, &re): (usize, &f64)| Complex {
                re,
                im: (i as f64).sin() / 4.0,
            };
            let slots: Vec<Complex> = values.iter().enumerate().map(aside).collect();
            let plain = lab.encoder.encode(&slots, log_values, level, &scale);
            let a = lab.secret.encrypt(&plain.unwrap(), &mut lab.rng).unwrap();
            let mut phases = Vec::new();
            let out = (lab.refresher)
                .refresh(&lab.evaluator, &lab.keys, &a, &mut |phase| {
                    phases.push(phase)
                })
                .unwrap();
            assert_eq!(phases.len(), 5);
            assert_eq!((out.level(), out.scale()), lab.refresher.output());
            assert_eq!(out.level(), if sine { 17 } else { 13 });
            let got = lab
                .encoder
                .decode(&lab.secret.decrypt(&out).unwrap())
                .unwrap();
            let turn = std::f64::consts::PI / 8.0;
            for (got, &m) in got.iter().zip(&values) {
                let want = if sine {
                    (m * turn).sin() / turn.sin()
                } else {
                    m
                };
                let off = (got.re - want).hypot(got.im);
                assert!(
                    off < 2f64.powi(-27),
                    "{log_n} {log_values}: {want} became {got:?}"
                );
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut lab = lab(10, 6, Value::Sine, 1);
        let (level, scale) = lab.refresher.input();
        let mut error = |log_slots, level, scale: &Rational| {
            let plain = lab
                .encoder
                .encode_real(&[0.5], log_slots, level, scale)
                .unwrap();
            let a = lab.secret.encrypt(&plain, &mut lab.rng).unwrap();
            let out = (lab.refresher).refresh(&lab.evaluator, &lab.keys, &a, &mut |_| ());
            out.unwrap_err().to_string()
        };
        assert!(error(5, level, &scale).contains("2^6 slots are due, the ciphertext has 2^5"));
        assert!(error(6, level + 1, &scale).contains("levels differ"));
        assert!(error(6, level, &(scale.clone() + 1u32)).contains("scales differ"));
    }
}
