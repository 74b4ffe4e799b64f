//! An activation that is refreshed: bootstrapping and ReLU as one circuit.
//!
//! # Statement
//! With u_j as in [`super`], |u_j| <= `most`: every slot of the result is within `bound_noise` of x (1 + p(x/B))/2, x = B u_j, p the
//! composite of [`Refreshed::table`]: a polynomial G for the sine in front of the stages of the table that was given.
//!
//! # Method
//! EvalMod gives Y, |Y - sin(2 pi m/2^r)/S'| <= e for every overflow and |m| <= most (`cells`), so |Y - G(m)| <= e + g. From
//! there on it is a composite whose first stage was G: cell by cell, the polynomial for x/B beside the stages
//! (`noise::composite::propagate`).

use super::{series, Budget, Prepared, Residues};
use crate::arith::number::f64_above;
use crate::arith::rounding::CoefficientMode;
use crate::arith::upper::Upper;
use crate::arith::Interval;
use crate::certify::composite::cascade::Branch;
use crate::circuit::composite::{Block, Plan};
use crate::ckks::bootstrap::literal::Literal;
use crate::ckks::bootstrap::mod1::{Activation, Value};
use crate::ckks::parameters::{log2, Parameters};
use crate::error::{Error, Result};
use crate::noise::composite::bound::Begun;
use crate::noise::composite::fresh::{Noisy, Program};
use crate::noise::composite::propagate::{Before, Carrier, Map, Margin};
use crate::noise::composite::refine::refine;
use crate::noise::formula::{enclose, Tier};
use crate::poly::component::{Basis, Component};
use crate::poly::table::Table;
use rug::{Integer, Rational};
use std::sync::Arc;

/// Cells of a branch: what comes in is off by more than fresh inputs are, and the slopes of a cell matter more.
const MAX_CELLS: usize = 600;

/// A table's ReLU behind a bootstrapping.
pub struct Refreshed {
    /// The table with the sine in front: what is evaluated, in value.
    pub table: Table,
    /// What a refresher is made of.
    pub value: Value,
    /// The branches, proved over [0, `K_1`].
    pub branches: Vec<Branch>,
    /// Fractional bits with which a checker in fixed point comes to the same: an estimate.
    pub estimate_fixed_bits: u32,
}

/// What is proved of it.
#[derive(Debug, Clone)]
pub struct Bounded {
    /// Up to the sine, in units of it: what EvalMod adds and all before.
    pub budget: Budget,
    /// `bound` of the noise of the result, in units of x.
    pub bound_noise: f64,
    /// For each branch the ends of the cells, of |x|/B.
    pub cells: Vec<Vec<f64>>,
}

impl Refreshed {
    /// Puts the sine in front of a table, and finds the reaches of its stages.
    ///
    /// **Inputs** a composite for sign; B; room that every stage leaves for noise, 2^-margin of its inputs.
    ///
    /// # Errors
    /// A table that is no sign's or cannot be prepared, a domain of 0, parameters that are refused.
    pub fn new(table: &Table, literal: &Literal, domain: &Rational, margin: i32) -> Result<Self> {
        table.must_be_sign("a refreshed activation")?;
        if *domain <= 0u32 {
            return Err(Error::domain("the domain B must be above 0"));
        }
        let parameters = Parameters::new(&literal.encryption)?;
        let mut table = table.clone();
        let sine = Component::new(Basis::Power, literal.mod1.sine());
        table.components.insert(0, sine);
        table.domain.eps = None;
        table.name = format!("{} behind a bootstrapping", table.name);
        let mut begun = Begun::new(&table)?;
        let stages = begun.signs(margin)?;
        // The scale of the primes that the composite uses.
        let level = parameters.max_level()
            - literal.coefficients_to_slots
            - literal.mod1.depth(&Value::Sine);
        let prime = log2(&parameters.moduli()[level]).round() as u32;
        let plan = Plan {
            stages: begun.polynomials(),
            reaches: stages.reaches,
            centres: stages.centres,
            domain: domain.clone(),
            scale: Rational::from(Integer::from(1) << prime),
        };
        let scale = parameters.scale() / domain;
        Ok(Self {
            table,
            value: Value::Relu(Arc::new(Activation { plan, scale })),
            branches: stages.branches,
            estimate_fixed_bits: stages.estimate_fixed_bits,
        })
    }

    /// p and B.
    pub(crate) fn plan(&self) -> Option<&Plan> {
        match &self.value {
            Value::Relu(activation) => Some(&activation.plan),
            _ => None,
        }
    }

    /// Bounds what is decrypted, for a refresher that was made of [`Self::value`].
    ///
    /// **Inputs** `bound` of |x|, a part of [-B, B], and of how far the ciphertext's slots are from x. **Guarantee** the statement of the module; the inner error is the margin that
    /// is missing.
    ///
    /// # Errors
    /// As [`Prepared::bound`]; a refresher of another value.
    pub fn bound(
        &self,
        prepared: &Prepared,
        (within, off): (&Rational, &Rational),
        tier: Tier,
    ) -> Result<std::result::Result<Bounded, Margin>> {
        let refresher = prepared.refresher;
        let (Value::Relu(activation), Some(block), true) = (
            &self.value,
            &refresher.built().block,
            *refresher.value() == self.value,
        ) else {
            return Err(Error::domain("the refresher is of another activation"));
        };
        let share = Rational::from(within / &activation.plan.domain);
        let off = Rational::from(off / &activation.plan.domain);
        let budget = prepared.bound_off((&share, &off), tier, Residues::Any)?;
        let (circuit, mod1) = (refresher.circuit(), &refresher.literal().mod1);
        let program = Program::new(circuit, &prepared.model, tier);
        let plan = &activation.plan;
        let maps: Vec<Map> = (plan.reaches.iter().zip(&plan.centres))
            .map(Map::new)
            .collect();
        let before = before(prepared, plan, block)?;
        let carrier = Carrier {
            circuit,
            program: &program,
            block,
            maps: &maps,
            domain: enclose(&plan.domain),
            before: Some(&before),
        };
        let nothing = Noisy {
            value: Interval::ENTIRE,
            bound_aside: 0.0,
            bound_error: f64::INFINITY,
        };
        let mut values = vec![nothing; circuit.nodes.len()];
        let sine = Upper::of(budget.bound_noise) + series::bound_sine(mod1, &plan.stages[0]);
        values[before.sine].bound_error = sine.get();
        let mut bounded = Bounded {
            budget,
            bound_noise: 0.0,
            cells: Vec::new(),
        };
        let ends = (0.0, f64_above(&share).min(1.0));
        for branch in &self.branches {
            match refine(&carrier, branch, (ends, MAX_CELLS), false, &mut values)? {
                Ok(refined) => {
                    let error = refined.result.bound_error;
                    bounded.bound_noise = bounded.bound_noise.max(error);
                    bounded.cells.push(refined.points);
                }
                Err(margin) => return Ok(Err(margin)),
            }
        }
        Ok(Ok(bounded))
    }
}

/// The polynomial for x/B and what is known of the sine.
fn before(prepared: &Prepared, plan: &Plan, block: &Block) -> Result<Before> {
    let refresher = prepared.refresher;
    let (circuit, built) = (refresher.circuit(), refresher.built());
    let mod1 = &refresher.literal().mod1;
    // The stage before those of the block.
    let arcsine = (block.stages.start.checked_sub(1))
        .and_then(|i| circuit.stages.get(i))
        .ok_or_else(|| Error::domain("the circuit has no arcsine"))?
        .clone();
    let component = Component::new(Basis::Chebyshev, arcsine.coefficients.clone());
    Ok(Before {
        sine: built.sine,
        powers: component.powers(CoefficientMode::Exact)?,
        arcsine,
        bound_stage: series::bound_sine(mod1, &plan.stages[0]).get(),
        bound_arcsine: series::bound_arcsine(mod1).get(),
        bound_steepest: f64_above(&(mod1.sine_unit() * mod1.ratio() * Rational::from((3, 10)))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::bootstrap::refresh::Refresher;
    use crate::ckks::evaluate::Evaluator;
    use crate::ckks::parameters::rng::Rng;
    use crate::ckks::ring::Ring;
    use crate::ckks::scheme::encode::Encoder;
    use crate::ckks::scheme::keys::SecretKey;

    fn table(name: &str) -> Table {
        let path = format!("{}/certificates/{name}.json", env!("CARGO_MANIFEST_DIR"));
        Table::read(path.as_ref()).unwrap()
    }

    fn refresher(literal: &Literal, refreshed: &Refreshed) -> Refresher {
        let ring = Ring::new(&Parameters::new(&literal.encryption).unwrap()).unwrap();
        Refresher::new(&ring, literal, refreshed.value.clone()).unwrap()
    }

    #[test]
    #[ignore = "half a minute and 1 GB"]
    fn budget_of_r57() {
        let literal = Literal::r57(14);
        let b = Rational::from(40);
        let refreshed = Refreshed::new(&table("relu13"), &literal, &b, 12).unwrap();
        let refresher = refresher(&literal, &refreshed);
        let prepared = Prepared::new(&refresher);
        let tier = prepared.high_probability(40);
        for (share, near) in [((19, 20), -23.15), ((9, 10), -23.38), ((1, 2), -23.78)] {
            let within = Rational::from(share) * 40u32;
            let bounded = refreshed
                .bound(&prepared, (&within, &Rational::new()), tier)
                .unwrap()
                .unwrap();
            let log = (bounded.bound_noise / 40.0).log2();
            println!(
                "{share:?}: B 2^{log:.3}, the sine 2^{:.3}, {:?} cells, result at level {}",
                bounded.budget.bound_noise.log2(),
                bounded.cells.iter().map(Vec::len).collect::<Vec<_>>(),
                refresher.output().0,
            );
            assert!((log - near).abs() < 0.02, "{log}");
        }
    }

    /// ReLU on refreshed ciphertexts: every slot within its bound, and the bound not out of sight.
    #[test]
    fn refreshed_activations_stay_within_their_bound() {
        let b = Rational::from(8);
        for (name, log_n, log_values) in [("relu07", 10, 9), ("relu13", 10, 5), ("relu07", 11, 7)] {
            let literal = Literal::toy(log_n, log_values);
            let refreshed = Refreshed::new(&table(name), &literal, &b, 12).unwrap();
            let refresher = refresher(&literal, &refreshed);
            let prepared = Prepared::new(&refresher);
            let tier = prepared.high_probability(20);
            let within = Rational::from((15, 2));
            let bounded = refreshed
                .bound(&prepared, (&within, &Rational::new()), tier)
                .unwrap()
                .unwrap();
            let mut most = 0f64;
            for seed in 0..3 {
                let mut rng = Rng::numbered(23, seed);
                let secret = SecretKey::generate(refresher.ring(), &mut rng);
                let (evaluation, keys) = refresher.keys(&secret, &mut rng);
                let evaluator = Evaluator::new(refresher.ring(), evaluation).unwrap();
                let encoder = Encoder::new(refresher.ring());
                let (level, scale) = refresher.input();
                let end = 15.0 / 16.0 * (1.0 - 2f64.powi(-20));
                let values: Vec<f64> = (0..1usize << log_values)
                    .map(|i| match i {
                        0 => end,
                        1 => -end,
                        2 => 0.0,
                        _ => end * (rng.word() as i64 as f64) / 2f64.powi(63),
                    })
                    .collect();
                let plain = encoder.encode_real(&values, log_values, level, &scale);
                let a = secret.encrypt(&plain.unwrap(), &mut rng).unwrap();
                let inputs = encoder.decode(&secret.decrypt(&a).unwrap()).unwrap();
                let out = refresher
                    .refresh(&evaluator, &keys, &a, &mut |_| ())
                    .unwrap();
                // Back at the scale of the input, in units of B.
                assert_eq!(Rational::from(out.scale() * &b), scale);
                let got = encoder.decode(&secret.decrypt(&out).unwrap()).unwrap();
                for (got, m) in got.iter().zip(&inputs) {
                    let off = (got.re - refresher.meant(m.re)).hypot(got.im);
                    most = most.max(off);
                }
            }
            let bits = (bounded.bound_noise / most).log2();
            println!(
                "{name} {log_n} {log_values}: seen 2^{:.2}, bound {bits:.2} bits above",
                most.log2()
            );
            assert!((0.0..9.0).contains(&bits), "{} {most}", bounded.bound_noise);
        }
    }
}
