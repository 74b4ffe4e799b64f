//! Degree search: the cheapest composites that reach a precision.
//!
//! # Problem
//! Degrees `d_1, ..., d_k` (odd, 3 to a maximum) are wanted, least depth and least price (multiplications,
//! or a user's prices by level), such that the sign error on `[eps, 1]` is at most `2^(1 - alpha)`, where
//! * *fixed eps*: comparison has `eps = 2^-alpha`; ReLU and max in the convention of arXiv 2105.10879
//!   have `eps = zeta 2^-alpha`;
//! * *free eps* (ReLU and max): any eps whose hump `max x (1 - p(x))/2` on `[0, eps]` is at most `2^-alpha`.
//!
//! # Method
//! The dynamic programme of ePrint 2020/834, from the last stage back. A suffix of stages that brings
//! `[1 - t, 1 + t]` to the wanted error is a label: depth, price, `t` (coordinate `u`, [`super::search::me_table`]).
//! Adding degree `d` in front gives `IME_d(t)`; the paper's `h(m, n)` is the greatest `t` among the labels
//! of at most `m` multiplications and depth `n`. With fixed eps a label is dropped when another of its
//! depth has no greater price and no smaller `t`, which is that programme exactly.
//! With eps free the hump matters too. With `S` the slope of `p` at 0, `p(x) <= S x` gives
//! `hump >= 1/(8S)`, hence an optimistic precision for given degrees in microseconds. The true one lay below
//! it by 0.040 bits at alpha = 4, rising to 0.104 at 20, and among designs of one alpha the difference
//! varied by less than 0.003 bits (`estimate_shape_bits` stays below all that was seen). So a label carries
//! `ln S` too and is dropped only when another has no smaller `t` and `ln S` greater by `hump_slack`;
//! designs of one cost are balanced by [`best_eps`], the most promising first, until no other can be
//! better.
//!
//! Every multiplication deepens by at most one, so a price bounds the depth: the search ends where the
//! cheapest design found leaves no label. *Estimate* throughout; the certifier proves what is chosen.

pub mod cost;
pub mod me_table;

use super::composite::balance::best_eps;
use super::composite::composite;
use super::composite::design::Design;
use super::fit::error::ApproxError;
use super::search::cost::Prices;
use super::search::me_table::{coordinate, Curve};
use rug::Rational;

/// Largest precision that can be asked for, in bits.
pub const MAX_ALPHA: u32 = 100;

/// Largest depth that is searched, product included.
pub const MAX_DEPTH: usize = 200;

/// How far `ln(hump * S)` varies between designs of one alpha, with room; see the module's head. Beyond 16
/// bits the labels would be too many: without room the fronts of 20, 21, 24, 26, 28 and 32 bits were the same.
fn hump_slack(alpha: f64) -> f64 {
    if alpha <= 16.0 {
        0.01
    } else {
        0.0
    }
}

/// Optimism for the error of the curves, in bits.
const CURVE_SLACK: f64 = 1e-4;

/// How eps is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eps {
    /// Given; the hump is not looked at.
    Fixed(Rational),
    /// The best for each design of ReLU or max; adds the final product `x p(x)` to the cost.
    Free,
}

/// What is searched.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Precision in bits, 2 to [`MAX_ALPHA`]: the sign error is at most `2^(1 - alpha)`.
    pub alpha: f64,
    /// How eps is chosen.
    pub eps: Eps,
    /// Whether the cost has the final product `x p(x)`.
    pub product: bool,
    /// What a multiplication costs.
    pub prices: Prices,
    /// Greatest depth, product included.
    pub max_depth: usize,
}

/// How far a search has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Depth that was searched last.
    pub depth: usize,
    /// Partial designs kept at that depth.
    pub labels: usize,
    /// Designs found.
    pub found: usize,
}

/// A design with its cost.
#[derive(Debug, Clone)]
pub struct Found {
    /// The fitted design.
    pub design: Design,
    /// Depth, product included.
    pub depth: usize,
    /// Non-scalar multiplications, product included.
    pub mults: usize,
    /// Price under the problem's prices (equal to `mults` for [`Prices::Unit`]).
    pub price: u64,
}

impl Found {
    /// Precision in bits: `-log2` of the ReLU error with eps free, else `1 - log2` of the sign error.
    /// *Estimate*.
    pub fn estimate_alpha(&self, eps: &Eps) -> f64 {
        match eps {
            Eps::Free => -self.design.estimate_relu_error_log2(),
            Eps::Fixed(_) => 1.0 - self.design.estimate_sign_error().clone().log2().to_f64(),
        }
    }
}

/// A suffix of stages.
#[derive(Debug, Clone)]
struct Label {
    /// Coordinate of the greatest half-width that it takes.
    u: f64,
    /// `ln` of its slope at 0.
    slope: f64,
    price: u64,
    /// Degrees, the last applied first in the list.
    reversed: Vec<u8>,
}

impl Label {
    fn degrees(&self) -> Vec<usize> {
        self.reversed.iter().rev().map(|&d| d.into()).collect()
    }
}

/// A label that may be a whole design.
struct Candidate {
    price: u64,
    /// What designs of one cost are sorted by, greatest first.
    rank: f64,
    degrees: Vec<usize>,
}

/// The search, with the curves of all degrees allowed.
#[derive(Debug, Clone)]
pub struct Search {
    curves: Vec<Curve>,
}

impl Search {
    /// Prepares the curves of degrees 3 to `max_degree` (at most [`cost::MAX_DEGREE`]).
    ///
    /// **Cost**: about 0.4 s up to degree 31, 4 s up to 63, on one core.
    ///
    /// # Errors
    /// [`ApproxError::Parameters`] for a maximum out of range; as [`Curve::new`].
    pub fn new(max_degree: usize) -> Result<Self, ApproxError> {
        Self::check_degree(max_degree)?;
        Ok(Self::from_curves(me_table::curves(
            max_degree,
            &mut |_| (),
        )?))
    }

    /// A search over the degrees of given curves.
    pub fn from_curves(curves: Vec<Curve>) -> Self {
        Self { curves }
    }

    /// Whether curves up to this degree can be made.
    ///
    /// # Errors
    /// [`ApproxError::Parameters`] for a maximum out of range.
    pub fn check_degree(max_degree: usize) -> Result<(), ApproxError> {
        if !(3..=cost::MAX_DEGREE).contains(&max_degree) {
            return Err(ApproxError::Parameters {
                what: format!(
                    "the greatest degree is from 3 to {}, not {max_degree}",
                    cost::MAX_DEGREE
                ),
            });
        }
        Ok(())
    }

    /// The designs that reach the precision and that no other undercuts in both depth and price, by
    /// increasing depth: the first has least depth, the last least price. Each is the most precise of
    /// its cost. Empty where none reaches it within the depth.
    ///
    /// # Errors
    /// As [`best_eps`] and [`composite`]; [`ApproxError::Parameters`] for a problem out of range.
    pub fn front(&self, problem: &Problem) -> Result<Vec<Found>, ApproxError> {
        self.front_with(problem, &mut |_| ())
    }

    /// As [`Self::front`], told after every depth how far it has come.
    ///
    /// # Errors
    /// As [`Self::front`].
    pub fn front_with(
        &self,
        problem: &Problem,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Vec<Found>, ApproxError> {
        check(problem)?;
        let mut layers: Vec<Vec<Label>> = Vec::new();
        let mut front: Vec<Found> = Vec::new();
        let mut limit = u64::MAX;
        for depth in 0..=problem.max_depth {
            let labels = self.layer(&layers, depth, problem, limit);
            let cheaper = labels.iter().filter(|l| l.price < limit);
            let mut able: Vec<Candidate> =
                cheaper.filter_map(|l| self.candidate(l, problem)).collect();
            able.sort_by(|a, b| a.price.cmp(&b.price).then(b.rank.total_cmp(&a.rank)));
            for group in able.chunk_by(|a, b| a.price == b.price) {
                if let Some(found) = verify(group, problem)? {
                    limit = found.price;
                    front.push(found);
                    break;
                }
            }
            progress(Progress {
                depth,
                labels: labels.len(),
                found: front.len(),
            });
            layers.push(labels);
            // A stage is at most 6 deep: nothing comes after as many empty layers.
            let reach = cost::depth(cost::MAX_DEGREE);
            if depth > reach && layers.iter().rev().take(reach).all(Vec::is_empty) {
                break;
            }
        }
        Ok(front)
    }

    /// The most precise design of ReLU or max within a depth, whatever its price.
    ///
    /// # Errors
    /// As [`Self::front`].
    pub fn most_precise(&self, problem: &Problem) -> Result<Option<Found>, ApproxError> {
        check(problem)?;
        let able = |alpha: u32| {
            let problem = Problem {
                alpha: alpha.into(),
                ..problem.clone()
            };
            let mut layers: Vec<Vec<Label>> = Vec::new();
            let mut able: Vec<Candidate> = Vec::new();
            for depth in 0..=problem.max_depth {
                let labels = self.layer(&layers, depth, &problem, u64::MAX);
                able.extend(labels.iter().filter_map(|l| self.candidate(l, &problem)));
                layers.push(labels);
            }
            able.sort_by(|a, b| b.rank.total_cmp(&a.rank));
            (problem, able)
        };
        // The greatest alpha with a design that really reaches it: precision falls with alpha.
        let (mut reached, mut beyond) = (0, problem.alpha.ceil() as u32 + 1);
        let mut best = None;
        while beyond - reached > 1 {
            let middle = (reached + beyond) / 2;
            let (problem, candidates) = able(middle);
            match verify(&candidates, &problem)? {
                Some(found) => {
                    reached = middle;
                    best = Some(found);
                }
                None => beyond = middle,
            }
        }
        Ok(best)
    }

    /// Precision of given degrees at their best eps if the hump were `1/(8S)`: an upper bound up to the
    /// accuracy of the curves, in microseconds. *Estimate*. `None` for a degree without a curve.
    pub fn estimate_optimistic_alpha(&self, degrees: &[usize]) -> Option<f64> {
        let curves: Vec<&Curve> = degrees
            .iter()
            .map(|d| self.curves.iter().find(|c| c.degree == *d))
            .collect::<Option<_>>()?;
        let (mut lo, mut hi) = (0.0f64, 100.0f64);
        let mut hump = 0.0;
        // The hump falls and the error of the right region rises with -ln eps.
        for _ in 0..50 {
            let middle = (lo + hi) / 2.0;
            let mut u = coordinate_of_eps(-middle);
            let mut slope = first_stage_scale(-middle);
            for curve in &curves {
                slope += curve.slope(u);
                u = curve.error(u);
            }
            hump = -slope - 8f64.ln();
            // E from its coordinate: ln E = u - ln(1 + sqrt(1 + e^2u)) for t = tanh(asinh(e^u)/2).
            let right = ln_error(u) - 2f64.ln();
            if right < hump {
                lo = middle;
            } else {
                hi = middle;
            }
        }
        Some(-hump / 2f64.ln())
    }

    /// Labels of one depth, from those before it.
    fn layer(
        &self,
        layers: &[Vec<Label>],
        depth: usize,
        problem: &Problem,
        limit: u64,
    ) -> Vec<Label> {
        let base = usize::from(problem.product);
        if depth == base {
            let e = (1.0 - problem.alpha).exp2();
            return vec![Label {
                u: coordinate(e, 1.0 - e),
                slope: 0.0,
                price: if problem.product {
                    problem.prices.product()
                } else {
                    0
                },
                reversed: Vec::new(),
            }];
        }
        let mut all: Vec<Label> = Vec::new();
        for curve in &self.curves {
            let Some(after) = depth.checked_sub(cost::depth(curve.degree)) else {
                continue;
            };
            let Some(price) = problem.prices.stage(curve.degree, after) else {
                continue;
            };
            for label in &layers[after] {
                let price = label.price + price;
                if price > limit {
                    continue;
                }
                let u = curve.half_width(label.u);
                let mut reversed = label.reversed.clone();
                reversed.push(curve.degree as u8);
                all.push(Label {
                    u,
                    slope: label.slope + curve.slope(u),
                    price,
                    reversed,
                });
            }
        }
        let free = matches!(problem.eps, Eps::Free);
        undominated(all, free.then(|| hump_slack(problem.alpha)))
    }

    fn candidate(&self, label: &Label, problem: &Problem) -> Option<Candidate> {
        let degrees = label.degrees();
        let rank = (!degrees.is_empty())
            .then(|| self.rank(label, problem))
            .flatten()?;
        Some(Candidate {
            price: label.price,
            rank,
            degrees,
        })
    }

    /// What designs of one cost are sorted by, `None` if out of reach: the coordinate of the interval, or
    /// the optimistic precision.
    fn rank(&self, label: &Label, problem: &Problem) -> Option<f64> {
        match &problem.eps {
            Eps::Fixed(eps) => {
                let wanted = coordinate_of_eps(eps.to_f64().ln());
                (label.u >= wanted).then_some(label.u)
            }
            Eps::Free => {
                let ln_eps = ln_eps(label.u);
                let slope = label.slope + first_stage_scale(ln_eps);
                let alpha = (slope + 8f64.ln()) / 2f64.ln();
                let able = |alpha: f64| alpha - estimate_shape_bits(problem.alpha) >= problem.alpha;
                if !able(alpha + CURVE_SLACK) {
                    return None;
                }
                let alpha = self.estimate_optimistic_alpha(&label.degrees())? + CURVE_SLACK;
                // What is more precise than asked has a flatter hump: the least correction will do.
                Some(alpha - estimate_shape_bits(problem.alpha))
            }
        }
    }
}

/// The best of a group that really reaches the precision; the group is sorted by falling rank.
fn verify(group: &[Candidate], problem: &Problem) -> Result<Option<Found>, ApproxError> {
    let none = Rational::new();
    let mut best: Option<(f64, Found)> = None;
    for Candidate {
        price,
        rank,
        degrees,
    } in group
    {
        let least = best.as_ref().map_or(problem.alpha, |b| b.0);
        let design = match &problem.eps {
            Eps::Fixed(eps) => composite(degrees, eps, &none)?,
            Eps::Free if *rank < least => break,
            Eps::Free => best_eps(degrees, &none)?,
        };
        let found = Found {
            depth: cost::composite_depth(degrees, problem.product),
            mults: cost::composite_mults(degrees, problem.product),
            price: *price,
            design,
        };
        let alpha = found.estimate_alpha(&problem.eps);
        if alpha >= least {
            best = Some((alpha, found));
            if matches!(problem.eps, Eps::Fixed(_)) {
                break;
            }
        }
    }
    Ok(best.map(|b| b.1))
}

/// Drops labels that another of the same depth makes useless.
fn undominated(mut all: Vec<Label>, slack: Option<f64>) -> Vec<Label> {
    all.sort_by(|a, b| a.price.cmp(&b.price).then(b.u.total_cmp(&a.u)));
    let mut kept: Vec<Label> = Vec::new();
    for label in all {
        let flatter = |k: &Label| slack.is_none_or(|slack| k.slope >= label.slope + slack);
        let useless = kept.iter().any(|k| k.u >= label.u && flatter(k));
        if !useless {
            kept.push(label);
        }
    }
    kept
}

/// Bits by which the true precision is below the optimistic one, at least: `log2(8 S hump)`.
fn estimate_shape_bits(alpha: f64) -> f64 {
    // Seen at whole numbers of bits, rising: the value of the whole number below is below all after it.
    (0.118 - 0.32 / alpha.floor()).max(0.0)
}

fn check(problem: &Problem) -> Result<(), ApproxError> {
    let what = if !(2.0..=f64::from(MAX_ALPHA)).contains(&problem.alpha) {
        format!("alpha is from 2 to {MAX_ALPHA}, not {}", problem.alpha)
    } else if problem.max_depth > MAX_DEPTH {
        format!(
            "the depth is at most {MAX_DEPTH}, not {}",
            problem.max_depth
        )
    } else {
        match &problem.eps {
            Eps::Fixed(eps) if *eps <= 0u32 || *eps >= 1u32 => {
                format!("eps is between 0 and 1, not {eps}")
            }
            _ => return Ok(()),
        }
    };
    Err(ApproxError::Parameters { what })
}

/// Coordinate of the half-width of `[eps, 1]` scaled to be about 1: `(1/eps - eps)/2 = e^u`.
fn coordinate_of_eps(ln_eps: f64) -> f64 {
    -ln_eps + (-(2.0 * ln_eps).exp()).ln_1p() - std::f64::consts::LN_2
}

/// `ln eps` from the coordinate of the half-width.
fn ln_eps(u: f64) -> f64 {
    -u.exp().asinh()
}

/// `[eps, 1]` is `[1 - t, 1 + t]` shrunk by `2/(1 + eps)`, by which the slope grows.
fn first_stage_scale(ln_eps: f64) -> f64 {
    std::f64::consts::LN_2 - ln_eps.exp().ln_1p()
}

/// `ln t` from its coordinate: `t = e^u / (1 + sqrt(1 + e^(2u)))`.
fn ln_error(u: f64) -> f64 {
    if u > 0.0 {
        let inverse = (-u).exp();
        -(inverse + (1.0 + inverse * inverse).sqrt()).ln()
    } else {
        u - (1.0 + (1.0 + (2.0 * u).exp()).sqrt()).ln()
    }
}
