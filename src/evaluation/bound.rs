//! The noise of a composite over its whole domain, for both tiers; refusals with the margin that is missing.

use crate::arith::mp::Mp;
use crate::arith::rounding::CoefficientMode;
use crate::certify::cascade::Branch;
use crate::ckks::circuit::composite::{Block, Plan, Shape};
use crate::ckks::circuit::{Circuit, Id, Op};
use crate::ckks::noise::formula::{enclose, tail, Model, Tier};
use crate::error::{Error, ErrorKind, Result};
use crate::evaluation::fresh::Program;
use crate::evaluation::propagate::{Carrier, Margin};
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use inari::{interval, Interval};
use rug::float::Round;
use rug::{Float, Rational};
use std::collections::BTreeMap;

/// Working precision of images and slopes.
const PREC: u32 = 128;
/// Cells of a block that the refinement may use.
pub const MAX_CELLS: usize = 96;

/// What the inputs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Fresh encryptions by the public key, encoding included.
    FreshPublic,
    /// Fresh encryptions by the secret key, encoding included.
    FreshSecret,
    /// Ciphertexts whose slots are within this of what is meant, in units of x.
    Given(Rational),
}

/// What is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// One sign, ReLU or max.
    Single(Shape),
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
    /// B: x in [-B, B] (max: [0, B]; pools: 1).
    pub domain: Rational,
    /// The inputs.
    pub input: Input,
    /// k: high probability means but for 2^-k for the whole circuit.
    pub k: u32,
    /// The level of the inputs; none is the top.
    pub level: Option<usize>,
}

/// A circuit for a table under encryption parameters, and what its noise rests on.
pub struct Prepared {
    /// The polynomials and their reaches.
    pub plan: Plan,
    /// The circuit.
    pub circuit: Circuit,
    /// Its evaluations of the composite.
    pub blocks: Vec<Block>,
    /// The branches, proved over [0, `K_1`].
    pub branches: Vec<Branch>,
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
    /// For every block and branch the ends of the cells, of |x|/B.
    pub cells: Vec<Vec<Vec<f64>>>,
}

/// Bounded, or the margin that is missing.
pub type Outcome = std::result::Result<Bounded, Margin>;

fn size(x: f64) -> Interval {
    interval!(x, x).unwrap_or(Interval::ENTIRE)
}

/// x rounded up to 12 bits after a share of 2^-11 was added.
fn reach_of(x: &Float) -> Rational {
    let x = Float::with_val_round(PREC, x * 1.0005, Round::Up).0;
    Float::with_val_round(12, &x, Round::Up)
        .0
        .to_rational()
        .unwrap_or_else(|| Rational::from(1))
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
        if request.domain <= 0u32 {
            return Err(Error::domain("the domain B must be above 0"));
        }
        if matches!(request.task, Task::Pool { .. }) && request.domain != 1u32 {
            return Err(Error::domain("a pool has the domain B = 1"));
        }
        let composite = Composite::new(table, CoefficientMode::Exact)?;
        let mut prepared = Err(Error::domain("no reach"));
        for bits in [12u32, 15, 18, 22] {
            let first = Rational::from(1) + (Rational::from(1) >> bits);
            prepared = branches(&composite, &first).map(|b| (b, first));
            if prepared.is_ok() {
                break;
            }
        }
        let (branches, first) = prepared?;
        let whole = Mp {
            lo: Float::new(PREC),
            hi: Float::with_val(PREC, 1),
        };
        let stages = branches[0].stages.len();
        let mut reaches = vec![first];
        for i in 0..stages - 1 {
            let most = branches.iter().map(|b| b.images(&whole)[i].magnitude());
            let most = most.fold(Float::new(PREC), crate::arith::mp::max);
            reaches.push(reach_of(&most));
        }
        let parameters = model.parameters();
        let plan = Plan {
            stages: positive(&composite),
            reaches,
            domain: request.domain.clone(),
            scale: parameters.scale(),
        };
        let level = request.level.unwrap_or(parameters.max_level());
        let (circuit, blocks) = match &request.task {
            Task::Single(shape) => plan.circuit(parameters.q(), level, *shape)?,
            Task::Pool {
                inputs,
                input_scale,
            } => plan.tournament(parameters.q(), level, *inputs, input_scale)?,
        };
        Ok(Self {
            plan,
            circuit,
            blocks,
            branches,
            request,
            model: model.clone(),
        })
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
        // A bound of high probability for the encoder would need A2.
        let encode = m.bound_encode(Tier::WorstCase);
        let fresh = match &self.request.input {
            Input::Given(e) => return enclose(e).sup(),
            Input::FreshPublic => m.bound_fresh_public(tier),
            Input::FreshSecret => m.bound_fresh_secret(tier),
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
        let reaches: Vec<Interval> = self.plan.reaches.iter().map(enclose).collect();
        let mut noise: BTreeMap<Id, f64> = BTreeMap::new();
        let mut bound_input = 0.0f64;
        for (id, node) in self.circuit.nodes.iter().enumerate() {
            if let Op::Input(_) = node.op {
                let e = self.input_noise(tier, &node.scale);
                bound_input = bound_input.max(e);
                noise.insert(id, e);
            }
        }
        let (mut cells, mut bound_stages) = (Vec::new(), Vec::new());
        for block in &self.blocks {
            let carrier = Carrier {
                circuit: &self.circuit,
                program: &program,
                block,
                reaches: &reaches,
                domain: enclose(&self.plan.domain),
            };
            let input = self.noise_at(block.argument, &program, &noise)?;
            let mut worst = 0.0f64;
            let mut of_block = Vec::new();
            for branch in &self.branches {
                match refine(&carrier, branch, input)? {
                    Ok((points, bound, stages)) => {
                        if bound > worst {
                            (worst, bound_stages) = (bound, stages);
                        }
                        of_block.push(points);
                    }
                    Err(margin) => return Ok(Err(margin)),
                }
            }
            noise.insert(block.output, worst);
            cells.push(of_block);
        }
        let bound_noise = self.noise_at(self.circuit.output, &program, &noise)?;
        Ok(Ok(Bounded {
            tier,
            bound_input,
            bound_noise,
            bound_stages,
            cells,
        }))
    }

    /// The noise of a node that is an input or result, or one of these after trivial operations; of a
    /// difference, the larger of its operands'.
    fn noise_at(&self, id: Id, program: &Program, known: &BTreeMap<Id, f64>) -> Result<f64> {
        if let Some(e) = known.get(&id) {
            return Ok(*e);
        }
        match &self.circuit.nodes[id].op {
            Op::Drop(a) => self.noise_at(*a, program, known),
            Op::Units(a, unit) => {
                Ok((size(self.noise_at(*a, program, known)?) / enclose(unit)).sup())
            }
            Op::AddConstant(a, c) => {
                let off = enclose(&c.error()).mag();
                Ok((size(self.noise_at(*a, program, known)?) + size(off)).sup())
            }
            Op::Sub(a, b) => Ok(self
                .noise_at(*a, program, known)?
                .max(self.noise_at(*b, program, known)?)),
            _ => Err(Error::domain(format!("node {id} has no known noise"))),
        }
    }
}

/// The stages P_i themselves.
fn positive(composite: &Composite) -> Vec<Vec<Rational>> {
    composite.branches[0].stages.clone()
}

fn branches(composite: &Composite, reach: &Rational) -> Result<Vec<Branch>> {
    let reach = Float::with_val_round(PREC, reach, Round::Up).0;
    composite
        .branches
        .iter()
        .map(|b| Branch::new(b, &reach, PREC))
        .collect()
}

type Refined = std::result::Result<(Vec<f64>, f64, Vec<f64>), Margin>;

/// Cells of [0, 1], those with the largest bound halved again and again.
fn refine(carrier: &Carrier<'_>, branch: &Branch, input: f64) -> Result<Refined> {
    struct Cell {
        lo: f64,
        hi: f64,
        bound: f64,
        stages: Vec<f64>,
    }
    let carry = |lo: f64, hi: f64| -> Result<std::result::Result<Cell, Margin>> {
        let cell = Mp {
            lo: Float::with_val(PREC, lo),
            hi: Float::with_val(PREC, hi),
        };
        Ok(carrier.carry(branch, &cell, input)?.map(|c| Cell {
            lo,
            hi,
            bound: c.bound_noise,
            stages: c.bound_stages,
        }))
    };
    let mut done: Vec<Cell> = Vec::with_capacity(MAX_CELLS);
    let mut open = vec![(0.0f64, 1.0f64)];
    // Where a wide cell fails for want of margin, a narrow one may pass: halve to 2^-20.
    loop {
        while let Some((lo, hi)) = open.pop() {
            let made = match carry(lo, hi) {
                Ok(made) => made,
                // A wide cell may also seem to wrap.
                Err(e) if hi - lo < 2.0f64.powi(-14) || !matches!(e.kind, ErrorKind::Domain(_)) => {
                    return Err(e)
                }
                Err(_) => Err(Margin {
                    stage: 0,
                    bound_noise: 0.0,
                    reached: 0.0,
                    certified: 0.0,
                }),
            };
            match made {
                Ok(cell) => done.push(cell),
                Err(margin) => {
                    if hi - lo < 2.0f64.powi(-20) || done.len() + open.len() > MAX_CELLS {
                        return Ok(Err(margin));
                    }
                    let middle = (lo + hi) / 2.0;
                    open.push((middle, hi));
                    open.push((lo, middle));
                }
            }
        }
        let largest = (0..done.len()).max_by(|&a, &b| done[a].bound.total_cmp(&done[b].bound));
        let Some(largest) = largest else {
            return Err(Error::domain("no cells"));
        };
        if done.len() >= MAX_CELLS {
            let (bound, stages) = (done[largest].bound, done[largest].stages.clone());
            done.sort_by(|a, b| a.lo.total_cmp(&b.lo));
            let mut points: Vec<f64> = done.iter().map(|c| c.lo).collect();
            points.push(1.0);
            return Ok(Ok((points, bound, stages)));
        }
        let Cell { lo, hi, .. } = done.swap_remove(largest);
        let middle = (lo + hi) / 2.0;
        open.push((middle, hi));
        open.push((lo, middle));
    }
}
