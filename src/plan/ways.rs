//! How an activation takes its levels: one passage for each level that it can begin at, and refreshes inside.
//!
//! A composite x (1 + p(x/B))/2, p = P_k o ... o P_1, is its stages and a product. Its intermediate value y_i may be refreshed
//! behind any stage; x waits at the level where the composite began, and must have one level left for the product. A
//! direct polynomial is one stage alone. Max-pooling is rounds of matches, each such a block; what a round leaves may be
//! refreshed before the next one.
//!
//! Prices count the products of two ciphertexts, each with its rescale, as [`crate::poly::cost`] counts them at the least
//! depth, and refreshes; products with numbers and sums are left out. *Estimates* throughout.

use crate::plan::levels::Pass;
use crate::poly::cost::{depth, general_price, price, Cost};

/// A polynomial to be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Odd.
    Odd(usize),
    /// A multiple of x and an even polynomial: one in T_2(x) of half the degree.
    EvenAndLinear(usize),
    /// Any other.
    General(usize),
}

/// What is evaluated in place of ReLU.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Block {
    /// First applied first.
    pub stages: Vec<Stage>,
    /// Whether x (1 + p)/2 is computed from the last one.
    pub product: bool,
}

/// A round of matches, in ciphertexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Round {
    /// Matches.
    pub matches: usize,
    /// What plays in it or waits for the next one.
    pub players: usize,
}

impl Round {
    /// The one of a ReLU.
    pub fn relu(ciphertexts: usize) -> Self {
        Self {
            matches: ciphertexts,
            players: ciphertexts,
        }
    }
}

/// What an operation costs, in milliseconds. *Estimates*.
#[derive(Debug, Clone)]
pub struct Prices {
    /// A product of two ciphertexts that begins at a level, rescale included; none at level 0.
    pub product: Vec<Option<f64>>,
    /// A refresh, by the level that it ends at.
    pub refresh: Vec<Option<f64>>,
    /// The least level from which one is possible.
    pub refresh_from: usize,
}

impl Stage {
    /// Levels.
    pub fn depth(self) -> usize {
        match self {
            Self::Odd(d) | Self::EvenAndLinear(d) | Self::General(d) => depth(d),
        }
    }

    /// Products of two ciphertexts.
    pub fn mults(self) -> usize {
        self.sum(&|_| 1) as usize
    }

    /// The sum of prices of its products, by the depth at which each is ready.
    fn sum(self, weight: &dyn Fn(usize) -> u64) -> u64 {
        match self {
            Self::Odd(d) => price(d, weight),
            Self::General(d) => general_price(d, weight),
            Self::EvenAndLinear(d) if d < 2 => 0,
            // T_2 is ready at depth 1.
            Self::EvenAndLinear(d) => weight(1) + general_price(d / 2, &|j| weight(j + 1)),
        }
    }

    /// Milliseconds from each level on; none where levels do not suffice.
    fn estimates_ms(self, top: usize, prices: &Prices) -> Vec<Option<f64>> {
        (0..=top)
            .map(|enter| self.estimate_ms(enter, prices))
            .collect()
    }

    fn estimate_ms(self, enter: usize, prices: &Prices) -> Option<f64> {
        const UNITS: f64 = 1e6; // nanoseconds, so that whole numbers will do
        if self.depth() > enter {
            return None;
        }
        let weight = |ready: usize| {
            let at = prices.product.get((enter + 1).saturating_sub(ready));
            at.copied()
                .flatten()
                .map_or(1 << 50, |ms| (ms * UNITS) as u64)
        };
        let sum = self.sum(&weight);
        (sum < 1 << 50).then_some(sum as f64 / UNITS)
    }
}

impl Block {
    /// Levels, and products of two ciphertexts.
    pub fn cost(&self) -> Cost {
        let stages = Cost {
            depth: self.stages.iter().map(|s| s.depth()).sum(),
            mults: self.stages.iter().map(|s| s.mults()).sum(),
        };
        match self.product {
            true => stages.with_product(),
            false => stages,
        }
    }

    /// Every passage of `rounds` of matches: by beginning and end the cheapest one.
    ///
    /// All that plays or waits in a round is refreshed before it, or nothing is.
    ///
    /// **Inputs** the rounds (ReLU: one); `top`, the greatest level.
    pub fn passes(&self, rounds: &[Round], top: usize, prices: &Prices) -> Vec<Pass> {
        let each = self.stages.iter().map(|s| s.estimates_ms(top, prices));
        let each: Vec<Vec<Option<f64>>> = each.collect();
        let mut done: Vec<Pass> = (0..=top)
            .map(|level| Pass {
                enter: level,
                leave: level,
                price: 0.0,
                inside: Vec::new(),
            })
            .collect();
        for (r, round) in rounds.iter().enumerate() {
            let first = r * (self.stages.len() + 1);
            let mut next = Vec::new();
            for before in &done {
                let behind = (r > 0).then_some(first);
                for start in refreshed(before, behind, round.players, top, prices) {
                    next.extend(self.round(&start, first, round.matches, (top, prices, &each)));
                }
            }
            done = cheapest(next, top);
        }
        done.sort_by_key(|p| (p.enter, p.leave));
        done
    }

    /// One match from where `start` ends; parts are numbered from `first`.
    fn round(
        &self,
        start: &Pass,
        first: usize,
        ciphertexts: usize,
        (top, prices, each): (usize, &Prices, &[Vec<Option<f64>>]),
    ) -> Vec<Pass> {
        let held = start.leave;
        let many = ciphertexts as f64;
        let mut done = vec![start.clone()];
        for (i, stage) in self.stages.iter().enumerate() {
            let mut next = Vec::new();
            for before in &done {
                let behind = (i > 0).then_some(first + i);
                for at in refreshed(before, behind, ciphertexts, top, prices) {
                    // A value that was brought down costs less.
                    let prices = each[i].iter().enumerate().take(at.leave + 1);
                    for (level, price) in prices {
                        if let Some(ms) = price {
                            let mut pass = at.clone();
                            pass.leave = level - stage.depth();
                            pass.price += many * ms;
                            next.push(pass);
                        }
                    }
                }
            }
            done = cheapest(next, top);
        }
        if !self.product {
            return done;
        }
        let behind = first + self.stages.len();
        let mut out = Vec::new();
        for before in &done {
            for mut at in refreshed(before, Some(behind), ciphertexts, top, prices) {
                let level = at.leave.min(held);
                if let Some(ms) = prices
                    .product
                    .get(level)
                    .copied()
                    .flatten()
                    .filter(|_| level > 0)
                {
                    at.leave = level - 1;
                    at.price += many * ms;
                    out.push(at);
                }
            }
        }
        cheapest(out, top)
    }
}

/// A passage as it is, and with its value refreshed behind a part, if it may be.
fn refreshed(
    pass: &Pass,
    behind: Option<usize>,
    ciphertexts: usize,
    top: usize,
    prices: &Prices,
) -> Vec<Pass> {
    let mut all = vec![pass.clone()];
    let Some(part) = behind.filter(|_| pass.leave >= prices.refresh_from) else {
        return all;
    };
    for to in pass.leave + 1..=top {
        if let Some(ms) = prices.refresh.get(to).copied().flatten() {
            let mut next = pass.clone();
            next.leave = to;
            next.price += ciphertexts as f64 * ms;
            next.inside.push((part, to));
            all.push(next);
        }
    }
    all
}

/// By beginning and end the cheapest; none that ends lower at no less.
fn cheapest(passes: Vec<Pass>, top: usize) -> Vec<Pass> {
    let mut best: Vec<Vec<Option<Pass>>> = vec![vec![None; top + 1]; top + 1];
    for pass in passes {
        let at = &mut best[pass.enter][pass.leave];
        if at.as_ref().is_none_or(|b| pass.price < b.price) {
            *at = Some(pass);
        }
    }
    let mut kept = Vec::new();
    for row in best {
        let mut least = f64::INFINITY;
        for pass in row.into_iter().rev().flatten() {
            if pass.price < least {
                least = pass.price;
                kept.push(pass);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(top: usize) -> Prices {
        Prices {
            product: (0..=top).map(|l| (l > 0).then_some(l as f64)).collect(),
            refresh: (0..=top).map(|t| (t > 0).then_some(100.0)).collect(),
            refresh_from: 0,
        }
    }

    #[test]
    fn depths_and_products_are_those_of_the_literature() {
        let c13 = Block {
            stages: vec![Stage::Odd(15), Stage::Odd(15), Stage::Odd(27)],
            product: true,
        };
        assert_eq!((c13.cost().depth, c13.cost().mults), (14, 27));
        let even = |d| Stage::EvenAndLinear(d);
        assert_eq!([14, 30, 62, 126].map(|d| even(d).mults()), [6, 9, 14, 19]);
        assert_eq!([14, 30, 62, 126].map(|d| even(d).depth()), [4, 5, 6, 7]);
    }

    #[test]
    fn a_composite_that_is_deeper_than_the_chain_is_refreshed_inside() {
        let block = Block {
            stages: vec![Stage::Odd(7), Stage::Odd(15)],
            product: true,
        };
        assert_eq!(block.cost().depth, 8);
        let passes = block.passes(&[Round::relu(1)], 6, &prices(6));
        assert!(!passes.is_empty());
        for pass in &passes {
            assert!(!pass.inside.is_empty() && pass.price > 100.0, "{pass:?}");
            // x waits where the block began.
            assert!(pass.leave < pass.enter);
        }
        // A direct polynomial of depth 6 fits.
        let direct = Block {
            stages: vec![Stage::EvenAndLinear(62)],
            product: false,
        };
        let passes = direct.passes(&[Round::relu(1)], 6, &prices(6));
        assert_eq!(passes.len(), 1);
        assert_eq!((passes[0].enter, passes[0].leave), (6, 0));
        // Products at least depth: the first at the top level, the last at level 1.
        assert!(passes[0].price > 14.0 && passes[0].price < 6.0 * 14.0);
    }

    #[test]
    fn rounds_of_a_pool_follow_each_other() {
        let block = Block {
            stages: vec![Stage::Odd(7)],
            product: true,
        };
        // Four players, two matches, then one; and three players, of which one waits.
        let round = |matches, players| Round { matches, players };
        let (four, three) = ([round(2, 4), round(1, 2)], [round(1, 3), round(1, 2)]);
        for rounds in [four, three] {
            let passes = block.passes(&rounds, 9, &prices(9));
            let plain = passes.iter().rfind(|p| p.inside.is_empty() && p.enter == 9);
            assert_eq!(plain.map(|p| p.leave), Some(1));
            // Between the rounds, not before the first one: both players of the second match are refreshed.
            let short = block.passes(&rounds, 5, &prices(5));
            for pass in &short {
                let between = pass.inside.iter().filter(|(part, _)| *part == 2).count();
                let inside = pass.inside.len() - between;
                assert!(between + inside > 0 && pass.inside.iter().all(|(part, _)| *part > 0));
                let least = 200.0 * between as f64 + 100.0 * inside as f64;
                assert!(pass.price > least, "{pass:?}");
            }
        }
    }
}
