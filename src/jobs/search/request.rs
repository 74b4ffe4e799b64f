//! What is asked of a search.

use crate::approx::search::cost::CostTable;
use crate::approx::search::Found;
use crate::function::target::Function;
use crate::jobs::cache;
use crate::poly::cost::{tournament, Cost};
use rug::Rational;
use std::path::PathBuf;

/// What makes a design the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// Least depth in levels.
    Depth,
    /// Least number of multiplications.
    Mults,
    /// Least price under [`Request::cost_table`].
    Cost,
}

/// How eps follows from the precision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// The best one for each design.
    Free,
    /// eps = zeta 2^-alpha (arXiv 2105.10879); zeta as text, which the table's provenance quotes.
    Zeta(String),
}

/// A precision that is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    /// alpha, in bits: ReLU and max on [-1, 1] to within 2^-alpha; sign to within 2^(1-alpha) on
    /// 2^-alpha <= |x| <= 1; max-pool in [-1, 1] to within 2^-alpha.
    pub alpha: u32,
    /// Sign, ReLU, max or max-pool.
    pub target: Function,
    /// Max-pool: K of a K x K window (2 if none).
    pub window: Option<u32>,
    /// What makes a design the best.
    pub objective: Objective,
    /// Prices of a multiplication by level, for [`Objective::Cost`].
    pub cost_table: Option<CostTable>,
    /// Greatest degree of a component.
    pub max_degree: usize,
    /// How eps follows from alpha; free for sign, where it is 2^-alpha.
    pub eps: Gap,
    /// Greatest depth in levels, the product x p(x) included (max-pool: of the whole tournament).
    pub depth: Option<usize>,
    /// Also list designs that are more precise, by whole bits.
    pub more_precise: bool,
    /// Folder that keeps the error curves; none to fit them each time (seconds).
    pub cache: Option<PathBuf>,
}

impl Request {
    /// The shallowest composite for ReLU with degrees up to 31; error curves in the user's cache folder.
    pub fn new(alpha: u32) -> Self {
        Self {
            alpha,
            target: Function::Relu,
            window: None,
            objective: Objective::Depth,
            cost_table: None,
            max_degree: 31,
            eps: Gap::Free,
            depth: None,
            more_precise: false,
            cache: cache::folder(),
        }
    }

    /// Inputs of a max-pool.
    pub fn inputs(&self) -> Option<usize> {
        let k = self.window.unwrap_or(2) as usize;
        (self.target == Function::MaxPool).then(|| k.saturating_mul(k))
    }

    /// The claimed bound of the maximum error: 2^-alpha, or 2^(1-alpha) for sign.
    pub fn claim(&self) -> Rational {
        let sign = self.target == Function::Sign;
        Rational::from(1) >> self.alpha.saturating_sub(u32::from(sign))
    }

    /// Levels of the tournament; 1 for all other targets.
    pub(super) fn levels(&self) -> usize {
        self.inputs().map_or(1, |n| tournament(n).0)
    }

    /// Depth and multiplications of the whole target.
    pub(super) fn cost(&self, found: &Found) -> Cost {
        let one = Cost {
            depth: found.depth,
            mults: found.mults,
        };
        self.inputs().map_or(one, |n| one.of_tournament(n))
    }

    /// The option that was asked for, in words.
    pub(super) fn asked(&self) -> String {
        match self.inputs() {
            Some(_) => format!(
                "--alpha {} --window {}",
                self.alpha,
                self.window.unwrap_or(2)
            ),
            None => format!("--alpha {}", self.alpha),
        }
    }
}
