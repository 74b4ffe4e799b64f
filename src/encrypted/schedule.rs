//! What running a program takes, before anything is encrypted: levels, bootstraps, keys, memory, and an estimate of time.

use crate::circuit::composite::{Output, Plan};
use crate::ckks::bootstrap::literal::Literal as Bootstrapping;
use crate::ckks::bootstrap::mod1::{Mod1, Value};
use crate::ckks::bootstrap::shape::{MapShape, Shapes};
use crate::ckks::parameters::{log2, Parameters};
use crate::ckks::ring::Ring;
use crate::ckks::scheme::stream::KeyList;
use crate::encrypted::activation::Bend;
use crate::encrypted::cost::{Costs, Work};
use crate::encrypted::layout::Layout;
use crate::encrypted::levels::{Chain, Levels, Refresh};
use crate::encrypted::program::{Program, Step, Term};
use crate::error::Result;
use rug::{Integer, Rational};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A power of two near what a level adds to the modulus: the scale that an activation's stages have there.
#[must_use]
pub fn near(moduli: &[Integer], level: usize) -> Rational {
    let bits = moduli.get(level).map_or(0.0, |q| log2(q).round());
    Rational::from(Integer::from(1) << bits as u32)
}

/// What a chain offers to these activations.
#[must_use]
pub fn chain(
    parameters: &Parameters,
    bends: &[Arc<Bend>],
    bootstrapping: Option<&Bootstrapping>,
) -> Chain {
    let depths = bends.iter().map(|b| b.plan.depth(Output::Relu)).collect();
    let top = parameters.max_level();
    let Some(literal) = bootstrapping else {
        return Chain {
            top,
            depths,
            refresh: None,
        };
    };
    // Above, relinearisation has no keys.
    let top = top.saturating_sub(literal.coefficients_to_slots);
    let output = |bend: &Arc<Bend>| {
        let value = bend.refreshed.as_ref().map(|b| &b.value);
        value.map_or(0, |v| top.saturating_sub(literal.mod1.depth(v)))
    };
    Chain {
        top,
        depths,
        refresh: Some(Refresh {
            input: literal.slots_to_coefficients,
            outputs: bends.iter().map(output).collect(),
        }),
    }
}

/// The rotations of a program's maps, each with the highest level that it is used at.
#[must_use]
pub fn rotations(program: &Program, levels: &Levels) -> BTreeMap<i64, usize> {
    let mut all: BTreeMap<i64, usize> = BTreeMap::new();
    for (step, &level) in program.steps.iter().zip(&levels.maps) {
        for map in step.terms.iter().map(|t| &t.map) {
            let (babies, giants) = map.steps(map.babies());
            let steps = babies.into_iter().chain(giants).chain(map.folds());
            for k in steps.filter(|&k| k != 0) {
                let highest = all.entry(k as i64).or_insert(level);
                *highest = level.max(*highest);
            }
        }
    }
    all
}

/// A step, and what it takes. Times are *estimates*, see [`Costs`].
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The layer.
    pub name: String,
    /// The slots of the result.
    pub layout: Layout,
    /// The values that it reads.
    pub reads: Vec<usize>,
    /// Its maps.
    pub work: Work,
    /// The level of its maps.
    pub level: usize,
    /// The level of the result.
    pub result: usize,
    /// Whether its activation is refreshed.
    pub refreshed: bool,
    /// Milliseconds of making its diagonals plaintexts.
    pub estimate_encode_ms: f64,
    /// Milliseconds of its maps.
    pub estimate_linear_ms: f64,
    /// Milliseconds of the refresh, up to EvalMod.
    pub estimate_refresh_ms: f64,
    /// Milliseconds of the activation's polynomial, and of EvalMod where it is refreshed.
    pub estimate_activation_ms: f64,
}

impl Line {
    /// *Estimate*: milliseconds in all.
    #[must_use]
    pub fn estimate_ms(&self) -> f64 {
        self.estimate_encode_ms
            + self.estimate_linear_ms
            + self.estimate_refresh_ms
            + self.estimate_activation_ms
    }
}

/// Bytes in memory, exact by the shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes {
    /// Keys of the program's rotations, beyond those of the bootstrapping.
    pub program_keys: u64,
    /// Keys of the bootstrapping, and of products.
    pub other_keys: u64,
    /// Diagonals of the bootstrapping.
    pub bootstrapping: u64,
    /// The program's diagonals in f64.
    pub program: u64,
    /// The most encoded diagonals of a map.
    pub encoded: u64,
    /// The most ciphertexts that are kept between steps.
    pub ciphertexts: u64,
}

impl Bytes {
    /// All.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.program_keys
            + self.other_keys
            + self.bootstrapping
            + self.program
            + self.encoded
            + self.ciphertexts
    }

    /// All but what a compiled program has already.
    #[must_use]
    pub fn to_come(&self) -> u64 {
        self.sum() - self.program
    }
}

/// What running a program takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The levels.
    pub levels: Levels,
    /// The steps.
    pub lines: Vec<Line>,
    /// The rotations of the maps, each with the highest level that it is used at.
    pub rotations: BTreeMap<i64, usize>,
    /// The number of keys of the bootstrapping that rotate or conjugate.
    pub bootstrapping_keys: usize,
    /// All keys, each with the highest level that it is used at.
    pub keys: KeyList,
    /// Whether keys of the bootstrapping are needed beside them.
    pub raises: bool,
    /// Memory.
    pub bytes: Bytes,
}

impl Schedule {
    /// The schedule of a program.
    ///
    /// **Inputs** for each activation its polynomial; the parameters' ring, and the bootstrapping if there is one.
    ///
    /// # Errors
    /// More depth than there is, and what the bootstrapping's parameters refuse.
    pub fn new(
        program: &Program,
        bends: &[Arc<Bend>],
        ring: &Arc<Ring>,
        bootstrapping: Option<&Bootstrapping>,
    ) -> Result<Self> {
        let parameters = ring.params();
        let chain = chain(parameters, bends, bootstrapping);
        let levels = Levels::new(program, &chain)?;
        let costs = Costs::new(parameters);
        let used = bootstrapping.filter(|_| levels.refreshes() > 0);
        let refreshing = used
            .map(|literal| Refreshing::new(ring, literal, &costs))
            .transpose()?;
        let moduli = parameters.moduli();
        let mut lines = Vec::with_capacity(program.steps.len());
        for (i, step) in program.steps.iter().enumerate() {
            let works = step.terms.iter().map(|t| Work::of(&t.map));
            let work = works.reduce(Work::plus).unwrap_or_default();
            let level = levels.maps[i];
            let bend = step.activation.map(|a| &bends[a]);
            let (refresh, activation) = match (bend, &refreshing) {
                (None, _) => (0.0, 0.0),
                (Some(bend), Some(refreshing)) if levels.refreshed[i] => {
                    let behind = bend.refreshed.as_ref();
                    let ms =
                        behind.map(|b| refreshing.estimate_circuit_ms(&b.value, &moduli, &costs));
                    (refreshing.estimate_ms, ms.transpose()?.unwrap_or(0.0))
                }
                (Some(bend), _) => {
                    let plan = Plan {
                        scale: near(&moduli, level - 1),
                        ..Plan::clone(&bend.plan)
                    };
                    let circuit = plan.circuit(&moduli, level - 1, Output::Relu)?.0;
                    (0.0, costs.estimate_circuit_ms(&circuit))
                }
            };
            lines.push(Line {
                name: step.name.clone(),
                layout: step.layout,
                reads: step.terms.iter().map(|t| t.value).collect(),
                work,
                level,
                result: levels.values[i + 1],
                refreshed: levels.refreshed[i],
                estimate_encode_ms: encode_ms(step, &costs, level),
                estimate_linear_ms: costs.estimate_linear_ms(&work, level),
                estimate_refresh_ms: refresh,
                estimate_activation_ms: activation,
            });
        }
        let rotations = rotations(program, &levels);
        let own = refreshing.as_ref().map(|r| &r.keys);
        // A key that serves higher takes the place of one that does not.
        let program_keys = (rotations.iter())
            .map(|(k, &level)| {
                let have = own.and_then(|keys| keys.get(k));
                let have = have.map_or(0, |&have| costs.key_bytes(have));
                costs.key_bytes(level).saturating_sub(have)
            })
            .sum();
        let relinearization = match used {
            Some(literal) => parameters.max_level() - literal.coefficients_to_slots,
            None => parameters.max_level(),
        };
        let mut keys = KeyList {
            relinearization: Some(relinearization),
            ..KeyList::default()
        };
        for (&k, &level) in rotations.iter().chain(own.into_iter().flatten()) {
            keys.add(ring.rotation(k), level);
        }
        if used.is_some() {
            keys.add(ring.conjugation(), relinearization + 1);
        }
        let other = refreshing.as_ref().map_or(0, |r| r.key_bytes);
        let bytes = Bytes {
            program_keys,
            other_keys: other + costs.key_bytes(relinearization),
            bootstrapping: refreshing.as_ref().map_or(0, |r| r.map_bytes),
            program: program_bytes(program),
            encoded: encoded_bytes(program, &levels, &costs),
            ciphertexts: ciphertext_bytes(program, &levels, &costs),
        };
        Ok(Self {
            lines,
            rotations,
            bootstrapping_keys: own.map_or(0, |keys| keys.len() + 1),
            bytes,
            levels,
            keys,
            raises: used.is_some(),
        })
    }

    /// *Estimate*: milliseconds of one input on one thread.
    #[must_use]
    pub fn estimate_ms(&self) -> f64 {
        self.lines.iter().map(Line::estimate_ms).sum()
    }
}

fn encode_ms(step: &Step, costs: &Costs, level: usize) -> f64 {
    let one = |t: &Term| {
        let period = t.map.from.max(t.map.to);
        costs.estimate_encode_ms(t.map.diagonals.len(), period, level)
    };
    step.terms.iter().map(one).sum()
}

fn program_bytes(program: &Program) -> u64 {
    let terms = program.steps.iter().flat_map(|s| &s.terms);
    let values = terms.flat_map(|t| t.map.diagonals.values());
    values.map(|d| 8 * d.len() as u64).sum()
}

fn encoded_bytes(program: &Program, levels: &Levels, costs: &Costs) -> u64 {
    let steps = program.steps.iter().zip(&levels.maps);
    let maps = steps.flat_map(|(s, &level)| s.terms.iter().map(move |t| (&t.map, level)));
    let bytes = maps.map(|(map, level)| {
        let one = costs.diagonal_bytes(map.from.max(map.to), level);
        map.diagonals.len() as u64 * one
    });
    bytes.max().unwrap_or(0)
}

/// The most that is kept: what is read later, and what a step makes.
fn ciphertext_bytes(program: &Program, levels: &Levels, costs: &Costs) -> u64 {
    let last = program.last_uses();
    let kept = (0..program.steps.len()).map(|i| {
        let alive = (0..=i + 1).filter(|&v| last[v].is_none_or(|l| l >= i));
        alive
            .map(|v| costs.ciphertext_bytes(levels.values[v]))
            .sum()
    });
    kept.max().unwrap_or(0)
}

/// What a bootstrapping takes.
struct Refreshing {
    /// Of all but the circuit.
    estimate_ms: f64,
    mod1: Mod1,
    /// The level of the circuit's input.
    level: usize,
    /// Rotations with their levels.
    keys: BTreeMap<i64, usize>,
    key_bytes: u64,
    map_bytes: u64,
}

impl Refreshing {
    fn new(ring: &Arc<Ring>, literal: &Bootstrapping, costs: &Costs) -> Result<Self> {
        let parameters = ring.params();
        let shapes = Shapes::new(ring, literal)?;
        let top = parameters.max_level();
        let maps = || shapes.to_coefficients.iter().chain(&shapes.to_slots);
        let mut keys: BTreeMap<i64, usize> = BTreeMap::new();
        let steps = |m: &MapShape| -> Vec<(i64, usize)> {
            let all = m.babies.iter().chain(&m.giants);
            all.map(|&k| (k, m.level)).collect()
        };
        let trace = shapes.trace.iter().map(|&k| (k, top));
        for (k, level) in trace.chain(maps().flat_map(steps)) {
            let highest = keys.entry(k).or_insert(level);
            *highest = level.max(*highest);
        }
        let work = |m: &MapShape| Work {
            values: 1,
            diagonals: m.diagonals,
            babies: m.babies.len(),
            giants: m.giants.len(),
            folds: 0,
        };
        let linear = maps().map(|m| costs.estimate_linear_ms(&work(m), m.level));
        let level = top - literal.coefficients_to_slots;
        // Conjugations, the two switches of the raise and the trace.
        let rotations = costs.estimate_rotation_ms(level + 1)
            + costs.estimate_rotation_ms(literal.slots_to_coefficients)
            + (1 + shapes.trace.len()) as f64 * costs.estimate_rotation_ms(top);
        let own: u64 = keys.values().map(|&level| costs.key_bytes(level)).sum();
        let digits = parameters.digits(top).len() as u64;
        // One digit each: to the sparse secret mod q_0 and one special prime, and back at the top.
        let down = (4 * 8 * parameters.n()) as u64;
        let raise = down + costs.key_bytes(top) / digits.max(1);
        let diagonals = |m: &MapShape| m.diagonals as u64 * costs.diagonal_bytes(m.period, m.level);
        Ok(Self {
            estimate_ms: linear.sum::<f64>() + rotations,
            mod1: literal.mod1.clone(),
            level,
            key_bytes: own + costs.key_bytes(level + 1) + raise,
            keys,
            map_bytes: maps().map(diagonals).sum(),
        })
    }

    fn estimate_circuit_ms(&self, value: &Value, moduli: &[Integer], costs: &Costs) -> Result<f64> {
        let t = self.mod1.input_scale(&near(moduli, self.level));
        let (circuit, _) = self.mod1.circuit(moduli, self.level, t, value)?;
        Ok(costs.estimate_circuit_ms(&circuit))
    }
}
