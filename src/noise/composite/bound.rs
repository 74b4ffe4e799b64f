//! The noise of a composite over its whole domain, for both tiers; refusals with the margin that is missing.

use crate::arith::mp::Mp;
use crate::arith::number::{f64_above, f64_below};
use crate::arith::rounding::CoefficientMode;
use crate::arith::{const_interval, interval, Interval};
use crate::certify::composite::cascade::{Branch, Stage};
use crate::certify::composite::interval;
use crate::circuit::composite::{Block, Output, Plan};
use crate::circuit::{Circuit, Id, Op};
use crate::ckks::scheme::encrypt::Encryption;
use crate::error::{Error, Result};
use crate::noise::composite::fresh::{Noisy, Program};
use crate::noise::composite::propagate::{Carrier, Map, Margin};
use crate::noise::composite::refine::{refine, MAX_CELLS};
use crate::noise::composite::PREC;
use crate::noise::formula::{enclose, tail, Model, Tier};
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use rug::float::Round;
use rug::{Float, Rational};

/// What the inputs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Fresh encryptions, encoding included.
    Fresh(Encryption),
    /// Ciphertexts whose slots are within this of what is meant, in units of x.
    Given(Rational),
}

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// One sign, ReLU or max.
    Single(Output),
    /// p itself, B being 1.
    Itself {
        /// The least input.
        lo: Rational,
        /// The greatest.
        hi: Rational,
    },
    /// The maximum of `inputs` values, read as c x + 1/2.
    Pool {
        /// Number of inputs.
        inputs: usize,
        /// c.
        input_scale: Rational,
    },
}

/// What to bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is evaluated.
    pub task: Task,
    /// B: x in [-B, B] (max: [0, B]; pools and p itself: 1).
    pub domain: Rational,
    /// The inputs.
    pub input: Input,
    /// Inputs are within this of 0, in the domain; all of it if none. Not of pools.
    pub within: Option<Rational>,
    /// k: high probability means but for 2^-k for the whole circuit.
    pub k: u32,
    /// The level of the inputs; none is the top.
    pub level: Option<usize>,
    /// The scale that stages have; none is the parameters' own.
    pub scale: Option<Rational>,
    /// Room that every stage leaves for noise: 2^-margin of its inputs. [`MARGINS`] are sensible.
    pub margin: i32,
}

/// Margins to try, narrowest first: a wider one makes a stage's coefficients, and their noise, larger.
pub const MARGINS: [i32; 4] = [12, 9, 7, 5];

/// A circuit for a table under encryption parameters, and what its noise rests on.
pub struct Prepared {
    /// The polynomials and their reaches.
    pub plan: Plan,
    /// The circuit.
    pub circuit: Circuit,
    /// Its evaluations of the composite.
    pub blocks: Vec<Block>,
    /// The branches, proved over [0, `K_1`]; for p itself one, over all inputs.
    pub branches: Vec<Branch>,
    /// Fractional bits with which a checker in fixed point comes to the same: an estimate.
    pub estimate_fixed_bits: u32,
    /// The request.
    pub request: Request,
    model: Model,
}

/// The noise of one tier.
#[derive(Debug, Clone)]
pub struct Bounded {
    /// The tier.
    pub tier: Tier,
    /// `bound` of the noise of each input.
    pub bound_input: f64,
    /// `bound` of the noise of the result, at every slot.
    pub bound_noise: f64,
    /// `bound` of the noise of every stage of the last block, in units of that stage.
    pub bound_stages: Vec<f64>,
    /// For every block and branch the ends of the cells, of |x|/B (p itself: of x).
    pub cells: Vec<Vec<Vec<f64>>>,
}

/// Bounded, or the margin that is missing.
pub type Outcome = std::result::Result<Bounded, Margin>;

fn size(x: f64) -> Interval {
    interval!(x, x).unwrap_or(Interval::ENTIRE)
}

/// x with a margin, rounded up to 12 bits.
fn reach_of(x: &Float, margin: i32) -> Rational {
    let x = Float::with_val_round(PREC, x * (1.0 + 2f64.powi(-margin)), Round::Up).0;
    Float::with_val_round(12, &x, Round::Up)
        .0
        .to_rational()
        .unwrap_or_else(|| Rational::from(1))
}

/// A table whose circuits differ in their margin alone: what they share is prepared once.
pub struct Begun {
    composite: Composite,
    /// Which of [`FIRST_REACHES`] is in use; a wider margin needs no wider one, and those before it failed.
    reach: usize,
    /// The first stage of each branch for that reach: no margin stands before it.
    first: Vec<Stage>,
}

/// The stages of a table with a margin: pieces, and which inputs each takes.
pub(in crate::noise) struct Stages {
    pub branches: Vec<Branch>,
    pub reaches: Vec<Rational>,
    pub centres: Vec<Rational>,
    pub estimate_fixed_bits: u32,
    /// Of p itself, the greatest |value| of the last stage.
    result: f64,
}

/// Bits that a checker in fixed point needs beyond a branch's precision.
const EXTRA_BITS: u32 = 64;

/// `K_1 = 1 + 2^-bits`, to be tried in this order.
const FIRST_REACHES: [u32; 4] = [12, 15, 18, 22];

impl Begun {
    /// Reads the polynomials of a table.
    ///
    /// # Errors
    /// A table that is no composite.
    pub fn new(table: &Table) -> Result<Self> {
        Ok(Self {
            composite: Composite::new(table, CoefficientMode::Exact)?,
            reach: 0,
            first: Vec::new(),
        })
    }

    /// [`Prepared::new`], after narrower margins.
    ///
    /// # Errors
    /// As there.
    pub fn with(&mut self, model: &Model, request: Request) -> Result<Prepared> {
        if request.domain <= 0u32 {
            return Err(Error::domain("the domain B must be above 0"));
        }
        let scaled = matches!(request.task, Task::Single(_));
        if !scaled && request.domain != 1u32 {
            return Err(Error::domain("a pool and p itself have the domain B = 1"));
        }
        let stages = match &request.task {
            Task::Itself { lo, hi } => self.itself((lo, hi), request.margin)?,
            _ => self.signs(request.margin)?,
        };
        let parameters = model.parameters();
        let plan = Plan {
            stages: positive(&self.composite),
            reaches: stages.reaches,
            centres: stages.centres,
            domain: request.domain.clone(),
            scale: request.scale.clone().unwrap_or_else(|| parameters.scale()),
        };
        let level = request.level.unwrap_or(parameters.max_level());
        let (circuit, blocks) = match &request.task {
            Task::Single(shape) => plan.circuit(&parameters.moduli(), level, *shape)?,
            Task::Itself { .. } => {
                let scale = result_scale(&plan, (parameters.q(), level), stages.result);
                plan.circuit_to(&parameters.moduli(), level, Output::Sign, &scale)?
            }
            Task::Pool {
                inputs,
                input_scale,
            } => plan.tournament(&parameters.moduli(), level, *inputs, input_scale)?,
        };
        Ok(Prepared {
            plan,
            circuit,
            blocks,
            branches: stages.branches,
            estimate_fixed_bits: stages.estimate_fixed_bits,
            request,
            model: model.clone(),
        })
    }

    /// p itself over an interval of x.
    fn itself(&self, ends: (&Rational, &Rational), margin: i32) -> Result<Stages> {
        let prepared = interval::prepare(&positive(&self.composite), ends, margin)?;
        let maps = prepared.maps.into_iter();
        let (centres, reaches) = maps.map(|map| (map.centre, map.reach)).unzip();
        let whole = Mp {
            lo: Float::with_val_round(PREC, ends.0, Round::Down).0,
            hi: Float::with_val_round(PREC, ends.1, Round::Up).0,
        };
        let last = prepared.branch.images(&whole).pop();
        Ok(Stages {
            result: last.map_or(0.0, |y| y.magnitude().to_f64_round(Round::Up)),
            branches: vec![prepared.branch],
            reaches,
            centres,
            estimate_fixed_bits: prepared.estimate_fixed_bits,
        })
    }

    /// The stages P_i themselves.
    pub(in crate::noise) fn polynomials(&self) -> Vec<Vec<Rational>> {
        positive(&self.composite)
    }

    /// What is made of a sign.
    pub(in crate::noise) fn signs(&mut self, margin: i32) -> Result<Stages> {
        let (branches, first) = self.branches(margin)?;
        let whole = Mp {
            lo: Float::new(PREC),
            hi: Float::with_val(PREC, 1),
        };
        let stages = branches[0].stages.len();
        let mut reaches = vec![first];
        for i in 0..stages - 1 {
            let most = branches.iter().map(|b| b.images(&whole)[i].magnitude());
            let most = most.fold(Float::new(PREC), crate::arith::mp::max);
            reaches.push(reach_of(&most, margin));
        }
        Ok(Stages {
            result: 1.0,
            centres: vec![Rational::new(); stages],
            estimate_fixed_bits: branches[0].prec + EXTRA_BITS,
            branches,
            reaches,
        })
    }

    /// The branches with a margin, over the widest [0, `K_1`] that they bear.
    fn branches(&mut self, margin: i32) -> Result<(Vec<Branch>, Rational)> {
        loop {
            let first = Rational::from(1) + (Rational::from(1) >> FIRST_REACHES[self.reach]);
            let error = match self.branches_over(&first, margin) {
                Ok(branches) => return Ok((branches, first)),
                Err(error) => error,
            };
            if self.reach + 1 == FIRST_REACHES.len() {
                return Err(error);
            }
            self.reach += 1;
            self.first.clear();
        }
    }

    fn branches_over(&mut self, reach: &Rational, margin: i32) -> Result<Vec<Branch>> {
        let reach = Float::with_val_round(PREC, reach, Round::Up).0;
        let all = &self.composite.branches;
        if self.first.is_empty() {
            let first = all.iter().map(|b| Branch::first_stage(b, &reach, PREC));
            self.first = first.collect::<Result<_>>()?;
        }
        let pairs = all.iter().zip(&self.first);
        pairs
            .map(|(b, first)| Branch::continued(b, first.clone(), &reach, margin - 1))
            .collect()
    }
}

impl Prepared {
    /// Builds the circuit of a table.
    ///
    /// **Cost** milliseconds. The first stage may take inputs up to `K_1 = 1 + 2^-12` (less, for a table
    /// that runs away there).
    ///
    /// # Errors
    /// A depth that the chain does not have, a table that cannot be prepared, a domain of 0.
    pub fn new(table: &Table, model: &Model, request: Request) -> Result<Self> {
        Begun::new(table)?.with(model, request)
    }

    /// The noise model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Operations that share the failure probability: inputs, products and rescales.
    pub fn operations(&self) -> usize {
        let counts = |op: &Op| matches!(op, Op::Input(_) | Op::Mul(..) | Op::Rescale(_));
        self.circuit.nodes.iter().filter(|n| counts(&n.op)).count()
    }

    /// The tier of high probability for this circuit.
    pub fn high_probability(&self) -> Tier {
        let log_n = self.model.parameters().log_n();
        Tier::HighProbability {
            kappa: tail::kappa(self.request.k, self.operations(), log_n),
        }
    }

    /// The noise of an input in units of x.
    fn input_noise(&self, tier: Tier, scale: &Rational) -> f64 {
        let m = &self.model;
        let encode = m.bound_encode();
        let fresh = match &self.request.input {
            Input::Given(e) => return enclose(e).sup(),
            Input::Fresh(encryption) => m.bound_fresh(*encryption, tier),
        };
        ((size(encode) + size(fresh)) / enclose(scale)).sup()
    }

    /// Bounds the noise of the result.
    ///
    /// **Guarantee** for every slot: if all inputs are in the domain, the result is within `bound_noise`
    /// of the exact composite's, for the tier.
    ///
    /// # Errors
    /// A value that could wrap around its modulus; a kappa beyond what the tails were derived for.
    pub fn bound(&self, tier: Tier) -> Result<Outcome> {
        if let Tier::HighProbability { kappa } = tier {
            if kappa > tail::MAX_KAPPA {
                return Err(Error::unsupported(format!(
                    "2^-{} for the circuit needs 2^-{kappa} for each event; the limit is 2^-{}",
                    self.request.k,
                    tail::MAX_KAPPA
                )));
            }
        }
        let program = Program::new(&self.circuit, &self.model, tier);
        let maps: Vec<Map> = self
            .plan
            .reaches
            .iter()
            .zip(&self.plan.centres)
            .map(Map::new)
            .collect();
        let whole = enclose(&self.plan.domain);
        let ends = self.cells();
        let enough = matches!(self.request.task, Task::Itself { .. });
        let nothing = Noisy {
            value: Interval::ENTIRE,
            bound_aside: 0.0,
            bound_error: f64::INFINITY,
        };
        let mut values = vec![nothing; self.circuit.nodes.len()];
        let mut bound_input = 0.0f64;
        let mut first = 0;
        let (mut cells, mut bound_stages) = (Vec::new(), Vec::new());
        for block in &self.blocks {
            // Nodes up to the block's argument: inputs, and what becomes of earlier results.
            self.leading(first, block.argument + 1, &program, &mut values, whole)?;
            let carrier = Carrier {
                circuit: &self.circuit,
                program: &program,
                block,
                maps: &maps,
                domain: whole,
                before: None,
            };
            let whole_argument = values[block.argument];
            let mut worst: Option<Noisy> = None;
            let mut of_block = Vec::new();
            for branch in &self.branches {
                match refine(&carrier, branch, (ends, MAX_CELLS), enough, &mut values)? {
                    Ok(refined) => {
                        let r = refined.result;
                        let before = worst.unwrap_or(r);
                        if worst.is_none() || r.bound_error > before.bound_error {
                            bound_stages = refined.bound_stages;
                        }
                        worst = Some(Noisy {
                            value: r.value.convex_hull(before.value),
                            bound_aside: 0.0,
                            bound_error: r.bound_error.max(before.bound_error),
                        });
                        of_block.push(refined.points);
                    }
                    Err(margin) => return Ok(Err(margin)),
                }
            }
            // Whatever comes later knows the argument over all cells.
            values[block.argument] = whole_argument;
            values[block.output] = worst.ok_or_else(|| Error::domain("no branch"))?;
            cells.push(of_block);
            first = block.output + 1;
        }
        self.leading(
            first,
            self.circuit.nodes.len(),
            &program,
            &mut values,
            whole,
        )?;
        for (id, node) in self.circuit.nodes.iter().enumerate() {
            if matches!(node.op, Op::Input(_)) {
                bound_input = bound_input.max(values[id].bound_error);
            }
        }
        Ok(Ok(Bounded {
            tier,
            bound_input,
            bound_noise: values[self.circuit.output].bound_error,
            bound_stages,
            cells,
        }))
    }

    /// The nodes from `first` to before `end`, which are no stage's.
    fn leading(
        &self,
        first: Id,
        end: Id,
        program: &Program,
        values: &mut [Noisy],
        domain: Interval,
    ) -> Result<()> {
        for id in first..end {
            let node = &self.circuit.nodes[id];
            values[id] = match node.op {
                Op::Input(_) => Noisy {
                    value: self.input_range(domain),
                    bound_aside: 0.0,
                    bound_error: self.input_noise(program.tier(), &node.scale),
                },
                _ => program.step(id, |a| &values[a]),
            };
            program.fits(id, &values[id])?;
        }
        Ok(())
    }

    /// What the cells cover: [0, 1] of |x|/B, or all x of p itself, rounded outward.
    fn cells(&self) -> (f64, f64) {
        let most = self.request.within.as_ref();
        match &self.request.task {
            Task::Itself { lo, hi } => match most {
                Some(most) => (f64_below(lo).max(-f64_above(most)), f64_above(most)),
                None => (f64_below(lo), f64_above(hi)),
            },
            _ => {
                let share = most.map(|most| Rational::from(most / &self.request.domain));
                (0.0, share.map_or(1.0, |share| f64_above(&share).min(1.0)))
            }
        }
    }

    /// The inputs that are meant: [-B, B], for max [0, B], for a pool what c x + 1/2 maps to [0, 1].
    fn input_range(&self, domain: Interval) -> Interval {
        let both = const_interval!(-1.0, 1.0);
        let domain = match &self.request.within {
            Some(most) => enclose(most),
            None => domain,
        };
        match &self.request.task {
            Task::Single(Output::Max) => domain * const_interval!(0.0, 1.0),
            Task::Single(_) => domain * both,
            Task::Itself { lo, hi } => match self.request.within {
                Some(_) => enclose(lo).convex_hull(domain).intersection(domain * both),
                None => enclose(lo).convex_hull(enclose(hi)),
            },
            Task::Pool { input_scale, .. } => {
                both * const_interval!(0.5, 0.5) / enclose(input_scale)
            }
        }
    }
}

/// The scale of what p itself gives: the plan's, or a power of 2 less where values up to `size`, and as much again for
/// noise and room, would not fit the level at which they end.
fn result_scale(plan: &Plan, (primes, level): (&[u64], usize), size: f64) -> Rational {
    let end = level.saturating_sub(plan.depth(Output::Sign));
    let modulus: Rational = primes
        .iter()
        .take(end + 1)
        .fold(Rational::from(1), |all, &q| all * q);
    let mut scale = plan.scale.clone();
    // 4 |value| S <= Q_l; images are at most 10^15 before the last stage, so this ends soon for all that is bounded.
    let size = Rational::from_f64(size).unwrap_or_default() * 4u32;
    while Rational::from(&size * &scale) > modulus && scale > 1u32 {
        scale >>= 1;
    }
    scale
}

/// The stages P_i themselves.
fn positive(composite: &Composite) -> Vec<Vec<Rational>> {
    composite.branches[0].stages.clone()
}
