//! A network and its polynomials made ready for bounds of deviation, and the margins of one input.

use crate::arith::ball::Ball;
use crate::certify::neuron::bend::Bend;
use crate::error::{Error, Result};
use crate::network::forward::compare::{decide, is_decided, Precision};
use crate::network::forward::stage::Runs;
use crate::network::forward::twin::Activation;
use crate::network::forward::{Evaluation, Given, Model, Outcome, Prepared, PAIR_BITS};
use crate::network::model::graph::{Network, NodeId};
use crate::network::model::ops::Op;
use crate::network::model::tensor::Tensor;
use crate::network::model::tournament::Expanded;
use crate::network::rows::asked::{Asked, Deviation, Functional, NoiseLevel};
use crate::network::rows::bound;
use crate::network::rows::plan::Plan;
use crate::network::rows::response::Response;
use crate::network::rows::sensitivity::{sensitivities, Sensitivity};
use crate::poly::composite::Composite;
use rug::Rational;

/// What stands undisturbed at the activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Centre {
    /// The polynomials; noise is added to them.
    Polynomial,
    /// ReLU; noise is all that a polynomial may differ from it.
    Relu,
}

/// The curvature of every different polynomial of a twin.
#[derive(Debug)]
pub struct Bends {
    made: Vec<Bend>,
    own: Vec<Runs>,
    /// For each activation of the network which of them.
    which: Vec<Which>,
}

/// Which function stands at an activation.
#[derive(Debug, Clone, Copy)]
enum Which {
    Table(usize),
    /// The network's own polynomials, and the unit of their noise.
    Own(usize, f64),
}

impl Bends {
    /// Bounds every different pair of table and B once.
    ///
    /// **Inputs** the network; one composite or one for each ReLU and max-pooling, as in the twin.
    ///
    /// # Errors
    /// A B that is no f64 number, and what [`Bend::new`] and [`Bend::direct`] refuse.
    pub fn new(network: &Network, composites: &[Composite], twin: &[Activation]) -> Result<Self> {
        let mut keys: Vec<(usize, &Rational)> = Vec::new();
        let (mut made, mut own, mut which) = (Vec::new(), Vec::new(), Vec::new());
        let mut replaced = 0;
        for (activation, id) in twin.iter().zip(network.activations()) {
            let node = &network.nodes[id];
            if let Op::Polynomial(p) = &node.op {
                which.push(Which::Own(own.len(), exact_scale(activation.scale())?));
                own.push(Runs::new(p, node.shape)?);
                continue;
            }
            let key = (replaced.min(composites.len() - 1), activation.scale());
            replaced += 1;
            let known = keys.iter().position(|k| *k == key);
            let index = match known {
                Some(k) => k,
                None => {
                    made.push(match activation.domain() {
                        Some(ends) => Bend::direct(&composites[key.0], ends)?,
                        None => Bend::new(&composites[key.0], exact_scale(key.1)?)?,
                    });
                    keys.push(key);
                    keys.len() - 1
                }
            };
            which.push(Which::Table(index));
        }
        Ok(Self { made, own, which })
    }
}

/// B as an f64, which it must be.
fn exact_scale(scale: &Rational) -> Result<f64> {
    let near = scale.to_f64();
    if Rational::from_f64(near).as_ref() == Some(scale) {
        return Ok(near);
    }
    Err(Error::unsupported(format!(
        "deviation bounds take a B that is an f64 number, not {scale}"
    )))
}

/// A network with polynomials, ready for rows. Max-pooling is its tournament, so one activation of the
/// original may be several here.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The network without max-pooling.
    pub network: &'a Network,
    /// It, ready to be evaluated.
    pub prepared: Prepared<'a>,
    /// It, ready for rows.
    pub plan: Plan,
    /// The polynomial of each activation.
    pub activations: Vec<Activation>,
    /// What stands at each activation.
    pub responses: Vec<Response<'a>>,
    /// For each activation the activation of the original network that it comes from.
    pub origins: &'a [usize],
    centre: Centre,
}

/// An input on which nothing can be said of noise, or what is said without any.
#[derive(Debug)]
pub enum Start {
    /// A polynomial is asked beyond [-B, B]: the layer, and an upper bound of |x| there.
    Outside(NodeId, f64),
    /// The precision does not tell whether a polynomial is asked beyond [-B, B]: the layer.
    Exhausted(NodeId),
    /// The undisturbed class is not decided.
    Undecided,
    /// Decided.
    Decided(Box<Undisturbed>),
}

/// The undisturbed trajectory of one input.
#[derive(Debug)]
pub struct Undisturbed {
    /// Inputs of the activations.
    pub centres: Vec<Tensor>,
    /// The class.
    pub class: usize,
    /// Each element of the result, then each difference of the class to another.
    pub targets: Vec<Functional>,
    /// Number of the target and lower bound of each such difference without noise.
    pub margins: Vec<(usize, f64)>,
}

impl<'a> Subject<'a> {
    /// Makes a network ready.
    ///
    /// **Inputs** the network as [`crate::network::model::tournament::expand`] writes it, the twin of the original.
    ///
    /// # Errors
    /// A layer that rows cannot pass.
    pub fn new(
        expanded: &'a Expanded,
        twin: &[Activation],
        bends: &'a Bends,
        centre: Centre,
    ) -> Result<Self> {
        if centre == Centre::Relu && !bends.own.is_empty() {
            return Err(Error::unsupported(
                "what may differ from ReLU says nothing of the network's own polynomials: leave the centre at them",
            ));
        }
        let nodes = &expanded.network.nodes;
        let response = |(&o, id): (&usize, NodeId)| {
            let bend = match bends.which[o] {
                Which::Own(k, scale) => return Response::Own(&bends.own[k], scale),
                Which::Table(k) => &bends.made[k],
            };
            // Of a polynomial that is a leaky ReLU itself the slope is its own.
            let below = match &nodes[id].op {
                Op::Relu { slope } if !twin[o].is_leaky() => *slope,
                _ => 0.0,
            };
            match (centre, below == 0.0) {
                (Centre::Polynomial, true) => Response::Polynomial(bend),
                (Centre::Polynomial, false) => Response::LeakyPolynomial(below, bend),
                (Centre::Relu, true) => Response::Relu(bend.scale()),
                (Centre::Relu, false) => Response::LeakyRelu(below, bend.scale()),
            }
        };
        let origins = expanded.origins.as_slice();
        if centre == Centre::Relu && twin.iter().any(|a| a.domain().is_some()) {
            return Err(Error::unsupported(
                "what may differ from ReLU is bounded on [-B, B], and a table of a direct target has a domain of its own: leave the \
                 centre at the polynomials",
            ));
        }
        Ok(Self {
            network: &expanded.network,
            prepared: Prepared::new(&expanded.network)?,
            plan: Plan::new(&expanded.network)?,
            activations: origins.iter().map(|&o| twin[o].clone()).collect(),
            responses: origins
                .iter()
                .zip(expanded.network.activations())
                .map(response)
                .collect(),
            origins,
            centre,
        })
    }

    /// Evaluates one input without noise, in about 106 bits, or in fixed point where these do not decide and the input is
    /// exact.
    ///
    /// **Guarantee** the class and the margins are proved.
    ///
    /// # Errors
    /// What the evaluation refuses.
    pub fn undisturbed<'g>(&self, x: impl Into<Given<'g>>) -> Result<Start> {
        let x = x.into();
        let mut centres = Vec::new();
        let model = match self.centre {
            Centre::Polynomial => Model::Twin(&self.activations),
            Centre::Relu => Model::Relu,
        };
        let mut keep = |_, z: &Tensor| centres.push(z.clone());
        let pairs = self.prepared.evaluate_with(x.balls, model, true, &mut keep);
        let done = match pairs {
            Ok(found) if x.exact.is_none() || is_decided(&found, model) => found,
            Err(e) if x.exact.is_none() => return Err(e),
            _ => {
                let (found, bits) = decide(&self.prepared, x, model, Precision::PAIRS)?;
                if bits == PAIR_BITS {
                    found
                } else {
                    centres.clear();
                    let mut keep = |_, z: &Tensor| centres.push(z.clone());
                    let prepared = &self.prepared;
                    prepared.evaluate_fixed_with(x, model, bits, &mut keep)?
                }
            }
        };
        let centre = match done {
            Outcome::Done(e) => e,
            Outcome::Lost(lost, _) => return Ok(Start::Exhausted(lost.node)),
            Outcome::Outside(ranges) => {
                let index = ranges.len().saturating_sub(1);
                return Ok(match (ranges.last(), self.activations.get(index)) {
                    (Some(r), Some(polynomial)) if polynomial.surely_outside(r).is_some() => {
                        Start::Outside(r.node, r.bound_reach)
                    }
                    (r, _) => Start::Exhausted(r.map_or(0, |r| r.node)),
                });
            }
        };
        Ok(match centre.class() {
            None => Start::Undecided,
            Some(class) => {
                let (targets, margins) = targets(&centre, class);
                Start::Decided(Box::new(Undisturbed {
                    centres,
                    class,
                    targets,
                    margins,
                }))
            }
        })
    }

    /// Bounds of the deviation of every target of an input, see [`bound`]; levels by layer list the activations of the original
    /// network.
    ///
    /// # Errors
    /// As there.
    pub fn bound(
        &self,
        at: &Undisturbed,
        noise: &[NoiseLevel],
        threads: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Deviation> {
        let asked = Asked::sharp(noise, &at.targets);
        self.bound_asked(at, asked, threads, progress)
    }

    /// [`Subject::bound`] of other targets, or with another share of the probability.
    ///
    /// # Errors
    /// As there.
    pub fn bound_asked(
        &self,
        at: &Undisturbed,
        asked: Asked,
        threads: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Deviation> {
        let (plan, responses) = (&self.plan, &self.responses);
        let spread = asked.noise.iter().map(|n| n.spread(self.origins));
        let noise: Vec<NoiseLevel> = spread.collect();
        let asked = Asked {
            noise: &noise,
            ..asked
        };
        bound(plan, &at.centres, responses, asked, threads, progress)
    }

    /// For each margin of an input, and each activation of the original network, its sensitivity.
    ///
    /// *Estimate*. **Cost** a slope for each neuron, and a backward pass.
    pub fn sensitivities(&self, at: &Undisturbed) -> Vec<Vec<Sensitivity>> {
        let slopes: Vec<Vec<f32>> = at
            .centres
            .iter()
            .zip(&self.responses)
            .map(|(z, r)| {
                let all = z.hi.iter().enumerate();
                all.map(|(i, &z)| r.estimate_slope(i, z)).collect()
            })
            .collect();
        let scales: Vec<f64> = self.responses.iter().map(|r| r.scale()).collect();
        let targets: Vec<Functional> = at.margins.iter().map(|m| at.targets[m.0].clone()).collect();
        let count = self.origins.last().map_or(0, |last| last + 1);
        let layers = |row: Vec<Sensitivity>| {
            let mut sums = vec![Sensitivity::default(); count];
            for (s, &o) in row.into_iter().zip(self.origins) {
                sums[o] = sums[o].with(s);
            }
            sums
        };
        let found = sensitivities(&self.plan, &slopes, &scales, &targets);
        found.into_iter().map(layers).collect()
    }

    /// The value of an activation's element in plain f64, for measurements.
    pub fn estimate_value(&self, activation: usize, element: usize, z: f64) -> f64 {
        let (z, polynomial) = (Ball::exact(z), &self.activations[activation]);
        match self.responses[activation] {
            Response::Own(all, _) => all.steepness(element).map_or(0.0, |p| p.estimate(z.hi)),
            Response::Relu(_) => z.hi.max(0.0),
            Response::LeakyRelu(a, _) => z.hi.max(0.0) + a * z.hi.min(0.0),
            Response::Polynomial(_) => polynomial.relu(z).hi,
            Response::LeakyPolynomial(a, _) => polynomial.leaky(z, a).hi,
        }
    }
}

impl Undisturbed {
    /// Lower bound of the margin without noise.
    pub fn bound_margin(&self) -> f64 {
        let margins = self.margins.iter().map(|m| m.1);
        margins.fold(f64::INFINITY, f64::min)
    }

    /// Lower bound of the margin that noise of a level leaves.
    pub fn bound_margin_under(&self, found: &Deviation, level: usize) -> f64 {
        let after =
            |&(t, m): &(usize, f64)| (m - found.targets[t][level].bound_deviation).next_down();
        let margins = self.margins.iter().map(after);
        margins.fold(f64::INFINITY, f64::min)
    }

    /// The targets that are elements of the result themselves.
    pub fn outputs(&self) -> usize {
        self.targets.len() - self.margins.len()
    }
}

/// Each output, then each difference of the class to another: with the lower bound of that margin.
fn targets(centre: &Evaluation, class: usize) -> (Vec<Functional>, Vec<(usize, f64)>) {
    let n = centre.logits.len();
    let unit = |j: usize| {
        (0..n)
            .map(|i| f32::from(u8::from(i == j)))
            .collect::<Functional>()
    };
    let mut all: Vec<Functional> = (0..n).map(unit).collect();
    let mut margins = Vec::new();
    if n == 1 {
        let sign = if class == 1 { 1.0 } else { -1.0 };
        margins.push((all.len(), centre.margin(class)));
        all.push(vec![sign]);
        return (all, margins);
    }
    for j in (0..n).filter(|&j| j != class) {
        let mut target = unit(class);
        target[j] = -1.0;
        let apart = centre.logits[class].plus(centre.logits[j].negated());
        margins.push((all.len(), apart.lower()));
        all.push(target);
    }
    (all, margins)
}
