//! RIGOROUS bounds on what a bootstrapping adds to the real parts of the slots that it is given.
//!
//! # Statement
//! Let u_j be the real parts of the N/2 slots that the input ciphertext stands for, |u_j| <= `most` <= 1, and let all be those of
//! one period by their mean over the copies. Every slot of `Refresher::refresh` is within the bound of
//! ```text
//! sin(2 pi u_j/2^r)/S'     (Value::Sine, and before a ReLU's composite)        u_j     (Value::Message)
//! ```
//! in absolute value, for the tier: for [`Tier::HighProbability`] but for 2^-k.
//!
//! # Assumed
//! - **K**: every raised coefficient is I + m/2^r in units of q_0 with |I| <= K. How probable that is stands apart.
//! - A1 and I of [`crate::noise::formula`], in the tier of high probability: A1 of rescales, also where one shares its division
//!   by P q_l with a linear map, and of c_1 mod q_0 where the modulus is raised, which the probability of K rests on too. With [`Residues::Uniform`] of every division by P as well.
//!
//! # Method
//! | source | where it lives | file |
//! |---|---|---|
//! | conjugation, slots to coefficients | slots, into a coefficient by rows of the inverse | `maps` |
//! | to the sparse secret and back | coefficients: the trace keeps those at multiples of the gap | here |
//! | trace | slots, into t by the rows of all that follows | here |
//! | coefficients to slots | slots, into t by the rows of what is left | `maps` |
//! | EvalMod, cell by cell; series | t, into the result | `cells`, `series` |
//!
//! Phases are congruences mod Q_l, so nothing need fit a modulus before the lift, and after it where EvalMod's circuit says.
//!
//! **Raise** In units of q_0: d e/p + rho_0 + rho_1 s' with d the centred c_1 mod q_0, then d e/P + rho_0 + rho_1 s; the lift is exact.
//! **Trace** Step i of T adds a key switch, which the T - i steps after it take to 2^(T-i) slots each; t is 1/n of n of the slots, over
//! N/(2n): n 2^(T-i) weights 1/n, for no two slots that are hit are the same.

pub mod activation;
mod cells;
mod maps;
mod row;
pub mod series;

use crate::arith::number::{f64_above, f64_below};
use crate::arith::upper::Upper;
use crate::circuit::Op;
use crate::ckks::bootstrap::refresh::{layouts, Refresher, GAIN};
use crate::ckks::parameters::Secret;
use crate::ckks::scheme::encode::Encoder;
use crate::error::{Error, Result};
use crate::noise::composite::fresh::Program;
use crate::noise::formula::{tail, Model, Tier};
use cells::Carrier;
pub(crate) use cells::CELLS;
pub(crate) use maps::Stated;
use maps::{above, Shape, Share};
pub use row::Residues;
use row::{Added, Row};
use rug::{Integer, Rational};

/// What a bootstrapping adds, by source. Those up to `bound_to_slots_encoding` are in units of u: times 2^-r they are what t is
/// off by.
#[derive(Debug, Clone)]
pub struct Budget {
    /// The tier.
    pub tier: Tier,
    /// What is assumed of divisions by P.
    pub residues: Residues,
    /// The key switch that makes the input real.
    pub bound_conjugation: f64,
    /// Keys and roundings of slots to coefficients.
    pub bound_to_coefficients: f64,
    /// Its encoded diagonals.
    pub bound_to_coefficients_encoding: f64,
    /// The switch to the sparse secret.
    pub bound_to_sparse: f64,
    /// The switch back.
    pub bound_from_sparse: f64,
    /// Key switches of the trace.
    pub bound_trace: f64,
    /// Keys and roundings of coefficients to slots.
    pub bound_to_slots: f64,
    /// Its encoded diagonals.
    pub bound_to_slots_encoding: f64,
    /// What EvalMod adds to an exact t, in units of the result; at the arcsine what the series leave before it is among it.
    pub bound_mod1: f64,
    /// What the polynomials are off, in units of the result: the last one, with the arcsine.
    pub bound_series: f64,
    /// All of it, in units of the result.
    pub bound_noise: f64,
}

impl Budget {
    /// `bound` of what the coefficients are off before the modulus is raised, in units of u.
    #[must_use]
    pub fn bound_coefficients(&self) -> f64 {
        let parts = [
            self.bound_conjugation,
            self.bound_to_coefficients,
            self.bound_to_coefficients_encoding,
        ];
        parts.into_iter().map(Upper::of).sum::<Upper>().get()
    }

    /// `bound` of what t is off, in units of u.
    #[must_use]
    pub fn bound_t(&self) -> f64 {
        let parts = [
            self.bound_coefficients(),
            self.bound_to_sparse,
            self.bound_from_sparse,
            self.bound_trace,
            self.bound_to_slots,
            self.bound_to_slots_encoding,
        ];
        parts.into_iter().map(Upper::of).sum::<Upper>().get()
    }

    /// Every source with its name.
    #[must_use]
    pub fn sources(&self) -> [(&'static str, f64); 10] {
        [
            ("conjugation", self.bound_conjugation),
            ("slots to coefficients", self.bound_to_coefficients),
            ("its diagonals", self.bound_to_coefficients_encoding),
            ("to the sparse secret", self.bound_to_sparse),
            ("back", self.bound_from_sparse),
            ("trace", self.bound_trace),
            ("coefficients to slots", self.bound_to_slots),
            ("its diagonals", self.bound_to_slots_encoding),
            ("EvalMod", self.bound_mod1),
            ("series", self.bound_series),
        ]
    }
}

/// A bootstrapping ready to be bounded, in both tiers.
pub struct Prepared<'a> {
    refresher: &'a Refresher,
    model: Model,
    down: Vec<Shape>,
    up: Vec<Shape>,
}

impl<'a> Prepared<'a> {
    /// Looks at the shapes of the maps.
    #[must_use]
    pub fn new(refresher: &'a Refresher) -> Self {
        let encoder = Encoder::new(refresher.ring());
        let (down, up, _) = layouts(&encoder, refresher.literal());
        Self {
            model: Model::new(refresher.ring().params()),
            down: down.iter().map(Shape::new).collect(),
            up: up.iter().map(Shape::new).collect(),
            refresher,
        }
    }

    /// Of slots to coefficients and of those back, in their order: stages, baby steps, the diagonals' scale.
    pub(crate) fn maps(&self) -> (Vec<Stated>, Vec<Stated>) {
        let all = |maps: &[Shape]| -> Vec<Stated> { maps.iter().map(Shape::stated).collect() };
        let mut down = all(&self.down);
        // What joins the halves has two entries in a row as well, and is no stage.
        if let Some((stages, ..)) = down.last_mut() {
            *stages -= 1;
        }
        (down, all(&self.up))
    }

    /// Operations that share the failure probability: products of baby steps, giant steps, key switches, rescales.
    #[must_use]
    pub fn operations(&self) -> usize {
        let maps = self.down.iter().chain(&self.up);
        // Every diagonal, at most as many giant steps, a rescale.
        let linear: usize = maps.map(|map| 2 * map.count + 1).sum();
        let counts = |op: &Op| matches!(op, Op::Input(_) | Op::Mul(..) | Op::Rescale(_));
        let nodes = self.refresher.circuit().nodes.iter();
        let log_n = self.model.parameters().log_n() as usize;
        // Two conjugations, two switches at the raise, fewer steps of the trace than log N.
        linear + 4 + log_n + nodes.filter(|node| counts(&node.op)).count()
    }

    /// The tier in which a bootstrapping fails with probability 2^-k at most.
    #[must_use]
    pub fn high_probability(&self, k: u32) -> Tier {
        let log_n = self.model.parameters().log_n();
        Tier::HighProbability {
            kappa: tail::kappa(k, self.operations(), log_n),
        }
    }

    /// Bounds what a bootstrapping adds.
    ///
    /// **Inputs** `most`: |u| <= most <= 1 in every slot. **Guarantee** the statement of the module.
    ///
    /// # Errors
    /// A bound of |u| that is not in (0, 1], a kappa beyond what tails were derived for, an angle that the series is not made
    /// for, a value that could wrap.
    pub fn bound(&self, most: &Rational, tier: Tier, residues: Residues) -> Result<Budget> {
        let overflow = self.refresher.literal().mod1.overflow;
        self.bound_for((most, &Rational::new()), tier, residues, overflow)
    }

    /// The same of inputs that are off: u is within `off` of a number of size `most`, and the result within the bound of what
    /// that one would give.
    ///
    /// # Errors
    /// As [`Self::bound`].
    pub fn bound_off(
        &self,
        (most, off): (&Rational, &Rational),
        tier: Tier,
        residues: Residues,
    ) -> Result<Budget> {
        let overflow = self.refresher.literal().mod1.overflow;
        self.bound_for((most, off), tier, residues, overflow)
    }

    fn bound_for(
        &self,
        (most, given): (&Rational, &Rational),
        tier: Tier,
        residues: Residues,
        overflow: u32,
    ) -> Result<Budget> {
        if *most <= 0u32 || *most > 1u32 || *given < 0u32 {
            return Err(Error::domain(
                "bootstrapping: the bound of |m| must be in (0, 1], and that of what it is off not below 0",
            ));
        }
        if matches!(tier, Tier::HighProbability { kappa } if kappa > tail::MAX_KAPPA) {
            return Err(Error::unsupported(format!(
                "bootstrapping: {tier:?} is beyond the limit of 2^-{} for each event",
                tail::MAX_KAPPA
            )));
        }
        let literal = self.refresher.literal();
        let parameters = self.model.parameters();
        let added = Added {
            model: &self.model,
            tier,
            residues,
        };
        let n = 2f64.powi(literal.log_values as i32 - 1);
        let slots = parameters.n() as f64 / 2.0;
        let ratio = literal.mod1.ratio();
        let in_u = ratio.to_f64();
        let given = above(given);
        let size = above(most) + given;
        let q0 = Rational::from(parameters.q()[0]);

        let (level, scale) = self.refresher.input();
        let twice = Rational::from(&scale * (2 * GAIN));
        let copies = slots / (2.0 * n);
        let both = Row::equal(2.0 * copies, 1.0 / copies);
        let conjugation = added.key_switch(level, both).over(f64_below(&twice));
        let off = added
            .key_switch(level, Row::equal(1.0, 1.0))
            .over(f64_below(&twice));
        let down = maps::to_coefficients(&added, &self.down, n, (twice, off, size));

        // The raise and the trace, in units of q_0.
        let lower = f64_below(&q0);
        let sparse = above(&Rational::from((
            Integer::from(1),
            Integer::from(parameters.p()[0]),
        )));
        let whole = above(&Rational::from((Integer::from(1), parameters.p_product())));
        let to_sparse = added.switched_coefficient(sparse)
            + added.divided_coefficient(literal.weight as f64).over(lower);
        let weight = match parameters.secret() {
            Secret::Ternary => parameters.n(),
            Secret::Weight(h) => h,
        } as f64;
        let from_sparse =
            added.switched_coefficient(whole) + added.divided_coefficient(weight).over(lower);
        let (mut trace, mut off) = (Upper::ZERO, Upper::ZERO);
        let top = parameters.max_level();
        let mut later = slots / n;
        let all = f64_below(&(q0.clone() * (slots / n) as u64));
        while later > 1.0 {
            later /= 2.0;
            trace += added
                .key_switch(top, Row::equal(n * later, 1.0 / n))
                .over(all);
            off += added
                .key_switch(top, Row::equal(1.0, 1.0))
                .scaled(later)
                .over(all);
        }

        let before = (conjugation + down.noise + down.encoding).over(in_u);
        let reach =
            Upper::of(f64::from(overflow)) + size.over(in_u) + before + to_sparse + from_sparse;
        let spread = maps::spread(tier, literal.weight as f64, n, from_sparse);
        let scale = q0 * (slots / n) as u64;
        let up = maps::to_slots(&added, &self.up, n, (scale, off, (reach, spread)));
        // The maps are exact but for what is counted, so that what comes in off goes into t as it is.
        let given = given.over(in_u);
        let t = given + before + to_sparse + from_sparse + trace + up.noise + up.encoding;

        let program = Program::new(self.refresher.circuit(), &self.model, tier);
        let carrier = Carrier::new(self.refresher, &program)?;
        let most = f64_above(most).min(1.0);
        let worst = carrier.worst(most, t, overflow)?;
        let exact = carrier.worst(most, Upper::ZERO, overflow)?;
        let u = |x: Upper| x.scaled(in_u).get();
        let Share { noise, encoding } = up;
        Ok(Budget {
            tier,
            residues,
            bound_conjugation: conjugation.get(),
            bound_to_coefficients: down.noise.get(),
            bound_to_coefficients_encoding: down.encoding.get(),
            bound_to_sparse: u(to_sparse),
            bound_from_sparse: u(from_sparse),
            bound_trace: u(trace),
            bound_to_slots: u(noise),
            bound_to_slots_encoding: u(encoding),
            bound_mod1: exact.noise.get(),
            bound_series: exact.series.get(),
            bound_noise: worst.all.get(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::bootstrap::literal::Literal;
    use crate::ckks::bootstrap::mod1::Value;
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
            let refresher = refresher(&Literal::r57(14), value.clone());
            let start = std::time::Instant::now();
            let prepared = Prepared::new(&refresher);
            println!(
                "prepared in {:?}, {} operations",
                start.elapsed(),
                prepared.operations()
            );
            let tier = prepared.high_probability(40);
            for residues in [Residues::Any, Residues::Uniform] {
                let budget = prepared.bound(&Rational::from(1), tier, residues).unwrap();
                print(&format!("{value:?}"), &budget);
                let near = match (&value, residues) {
                    (Value::Sine, Residues::Any) => -24.35,
                    (Value::Sine, Residues::Uniform) => -24.565,
                    (_, Residues::Any) => -24.2,
                    (_, Residues::Uniform) => -24.39,
                };
                let log = budget.bound_noise.log2();
                assert!((log - near).abs() < 0.02, "{log}");
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
        /// The same noise in its slots.
        raise_slots: f64,
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
            for z in self.encoder.slots(&off, all, &Rational::from(&q0)) {
                worse(&mut seen.raise_slots, z.re.hypot(z.im) * ratio);
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
                    _ => ((re * ratio / turn, t.im * ratio), u),
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

    /// What was seen of each part beside its bound, which is to be above it, and by no more bits than `slack`.
    fn compare(budget: &Budget, seen: &Seen, slack: f64) {
        let raise = budget.bound_to_sparse + budget.bound_from_sparse;
        // What is bounded in coefficients is no bound of slots: those are seen beyond it.
        assert!(seen.raise_slots > raise, "{} {raise}", seen.raise_slots);
        let t = budget.bound_trace + budget.bound_to_slots + budget.bound_to_slots_encoding;
        let mod1 = budget.bound_mod1 + budget.bound_series;
        for (part, bound, seen) in [
            (
                "coefficients",
                budget.bound_coefficients(),
                seen.coefficients,
            ),
            ("raise", raise, seen.raise),
            ("t", t, seen.t),
            ("EvalMod", mod1, seen.mod1),
            ("all", budget.bound_noise, seen.all),
        ] {
            let ratio = bits(bound, seen);
            let name = format!("{:?} {part}", budget.residues);
            println!(
                "{name:22} seen 2^{:.2}, bound {ratio:.2} bits above",
                seen.log2()
            );
            assert!((0.0..=slack).contains(&ratio), "{name}: {bound} {seen}");
        }
    }

    /// A quarter of the ring's degree as many values as R57 has, in a smaller ring.
    #[test]
    #[ignore = "a minute and 3 GB"]
    fn a_larger_ring_stays_within_its_bound() {
        for value in [Value::Sine, Value::Message] {
            let refresher = refresher(&Literal::toy(14, 12), value.clone());
            let prepared = Prepared::new(&refresher);
            let tier = prepared.high_probability(40);
            let mut lab = Lab::new(&refresher, 0);
            let seen = lab.refresh();
            println!("{value:?} {seen:?}");
            for (residues, slack) in [(Residues::Any, 10.0), (Residues::Uniform, 9.0)] {
                let budget = prepared.bound(&Rational::from(1), tier, residues).unwrap();
                print("2^14", &budget);
                compare(&budget, &seen, slack);
            }
        }
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
            let refresher = refresher(&literal, value.clone());
            let prepared = Prepared::new(&refresher);
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
                    most.raise_slots = most.raise_slots.max(seen.raise_slots);
                    most.t = most.t.max(seen.t);
                    most.mod1 = most.mod1.max(seen.mod1);
                    most.all = most.all.max(seen.all);
                }
            }
            compare(&budget, &most, 9.0);
            compare(&uniform, &most, 9.0);
            assert!(uniform.bound_noise <= budget.bound_noise);
        }
    }

    /// I = K + 1 is not what EvalMod was made for, and is refused.
    #[test]
    fn an_overflow_beyond_k_is_refused() {
        let refresher = refresher(&Literal::toy(10, 5), Value::Sine);
        let prepared = Prepared::new(&refresher);
        let (one, tier) = (Rational::from(1), prepared.high_probability(20));
        let at =
            |overflow| prepared.bound_for((&one, &Rational::new()), tier, Residues::Any, overflow);
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
}
