//! Levels and bootstraps over a graph: the exact dynamic programme.
//!
//! # Problem
//! Steps are done in order, each once. The level of a step's value is a number from 0 to L; what a step reads is first brought
//! down to one level for nothing. A linear step takes some levels, an activation takes one of several ways, each with a price
//! and a weight, and every value may be refreshed to a higher level, once, for a price. Wanted is the least price at which
//! the weights sum to no more than a budget; or the fewest levels that the chosen ways take, and of these the least price.
//!
//! # Method
//! A state behind a step is the level of every value that is still read, and the weight spent. A value that is refreshed is
//! refreshed where it is made: from there it can be brought down for nothing, so nothing is lost, and a value that two steps
//! read is refreshed once. So the state's best price tells all that matters of the past, and the least price over the last
//! states is the least of all plans (a test compares it with exhaustive search).
//!
//! Fewest levels are the same programme: a level is given a price above all that any plan can cost.
//!
//! With w values alive there are (L + 1)^w states times the budget's steps. Where that is more than [`MAX_STATES`], values
//! share a level, the lowest of theirs: still a plan, but perhaps not the cheapest one, and [`Plan::shared`] says so.
//!
//! Prices are *estimates*, and so is that a plan is the cheapest; that its levels fit is not.

use crate::error::{Error, Result};

/// Most states behind one step.
pub const MAX_STATES: usize = 1 << 21;
/// Most states behind all steps: 8 bytes each.
pub const MAX_TABLE: usize = 1 << 26;

/// A graph of steps.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The steps in order; each reads earlier ones only. The last one is the result.
    pub steps: Vec<Step>,
    /// L: the greatest level.
    pub top: usize,
    /// What is to be least.
    pub objective: Objective,
}

/// What is to be least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// The price.
    Cost,
    /// The levels of the ways that are chosen; of equally many the price.
    Levels,
}

impl Objective {
    /// What orders plans: the least is the best.
    pub fn key(self, plan: &Plan) -> (usize, f64) {
        match self {
            Self::Cost => (0, plan.price),
            Self::Levels => (plan.levels, plan.price),
        }
    }
}

/// One step and its value.
#[derive(Debug, Clone)]
pub struct Step {
    /// The steps whose values it reads.
    pub reads: Vec<usize>,
    /// What it does.
    pub kind: Kind,
    /// The price of a refresh of its value by the level that it then has; none where there is no such refresh.
    pub refresh: Vec<Option<f64>>,
    /// The least level from which its value can be refreshed.
    pub refresh_from: usize,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Kind {
    /// It is made at any level, for nothing.
    Input,
    /// It takes levels, for a price by the level that it begins at; none where it cannot begin.
    Linear {
        /// How many.
        levels: usize,
        /// By level.
        price: Vec<Option<f64>>,
    },
    /// One of several ways is chosen.
    Choice(Vec<Way>),
}

/// A way to do a step.
#[derive(Debug, Clone)]
pub struct Way {
    /// What it takes of the budget.
    pub weight: usize,
    /// The levels that it takes, whatever is refreshed inside.
    pub levels: usize,
    /// How it can go.
    pub passes: Vec<Pass>,
}

/// One passage of levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// The level that it begins at.
    pub enter: usize,
    /// The level of its value.
    pub leave: usize,
    /// Its price, refreshes inside included.
    pub price: f64,
    /// Refreshes inside: behind which part, and to what level.
    pub inside: Vec<(usize, usize)>,
}

/// What is done at a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The level at which it begins.
    pub enter: usize,
    /// The level at which it ends, before its value is refreshed.
    pub leave: usize,
    /// The way and the passage of it, of a choice.
    pub way: Option<(usize, usize)>,
    /// The level that its value is refreshed to.
    pub refreshed: Option<usize>,
    /// The price, that of the refresh included.
    pub price: f64,
}

/// The cheapest plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Its price.
    pub price: f64,
    /// The levels of the ways that are chosen.
    pub levels: usize,
    /// What is done at each step.
    pub steps: Vec<Done>,
    /// The most values that share one level because there are too many states; 1 where the plan is exact.
    pub shared: usize,
}

/// Where each value's level is kept.
struct Slots {
    /// By step.
    of: Vec<usize>,
    /// Slots in use behind each step.
    used: Vec<Vec<usize>>,
    /// Whether a step's value shares its slot when it is made.
    shares: Vec<bool>,
    shared: usize,
}

/// What a step may do from one level: the level behind, the weight, and what is to be least.
struct Move {
    weight: usize,
    level: usize,
    value: f64,
    done: Done,
}

impl Flow {
    /// The cheapest plan whose weights sum to no more than `budget`; none where levels do not suffice.
    ///
    /// **Cost** states times moves for each step; see the module's head.
    ///
    /// # Errors
    /// Steps that read later ones, or a budget of too many steps.
    pub fn cheapest(&self, budget: usize) -> Result<Option<Plan>> {
        self.check(budget)?;
        let slots = self.slots(budget);
        let level = self.price_of_a_level();
        let moves = self.steps.iter().map(|s| self.moves(s, level));
        let moves: Vec<Vec<Vec<Move>>> = moves.collect();
        let mut tables: Vec<Vec<f64>> = Vec::with_capacity(self.steps.len());
        let start = vec![0.0; budget + 1];
        for (s, of_step) in moves.iter().enumerate() {
            let before = tables.last().unwrap_or(&start);
            let mut table = vec![f64::INFINITY; self.states(&slots, s, budget)];
            self.advance(s, &slots, of_step, budget, |from, to, m, b| {
                let value = before[from * (budget + 1) + b] + m.value;
                let at = &mut table[to * (budget + 1) + b + m.weight];
                if value < *at {
                    *at = value;
                }
                false
            });
            tables.push(table);
        }
        Ok(self.back(&slots, &moves, &tables, &start, budget))
    }

    fn check(&self, budget: usize) -> Result<()> {
        let late = |(s, step): (usize, &Step)| step.reads.iter().any(|&r| r >= s).then_some(s);
        if let Some(s) = self.steps.iter().enumerate().find_map(late) {
            return Err(Error::domain(format!("step {s} reads a later one")));
        }
        if self.top == 0 || (budget + 1).saturating_mul(self.top + 1) > MAX_STATES {
            return Err(Error::unsupported(format!(
                "a budget of {budget} steps at {} levels",
                self.top
            )));
        }
        Ok(())
    }

    /// For each step the last that reads its value; the result is read at the end.
    fn last_reads(&self) -> Vec<usize> {
        let mut last: Vec<usize> = (0..self.steps.len()).collect();
        for (s, step) in self.steps.iter().enumerate() {
            step.reads.iter().for_each(|&r| last[r] = s);
        }
        if let Some(result) = last.last_mut() {
            *result = self.steps.len();
        }
        last
    }

    /// Gives each value a slot: its own where there are few enough, else that of the value that lives longest.
    fn slots(&self, budget: usize) -> Slots {
        let room = MAX_STATES.min(MAX_TABLE / self.steps.len().max(1)) / (budget + 1);
        let mut most = 1;
        while (self.top + 1)
            .checked_pow(most as u32 + 1)
            .is_some_and(|n| n <= room)
        {
            most += 1;
        }
        let last = self.last_reads();
        let mut alive: Vec<usize> = Vec::new();
        let mut slots = Slots {
            of: Vec::with_capacity(self.steps.len()),
            used: Vec::with_capacity(self.steps.len()),
            shares: Vec::with_capacity(self.steps.len()),
            shared: 1,
        };
        for s in 0..self.steps.len() {
            alive.retain(|&v| last[v] > s);
            let taken = |slot: &usize| alive.iter().any(|&v| slots.of[v] == *slot);
            let longest = alive.iter().max_by_key(|&&v| last[v]);
            let slot = match ((0..most).find(|slot| !taken(slot)), longest) {
                (Some(free), _) => free,
                (None, Some(&v)) => slots.of[v],
                (None, None) => 0,
            };
            slots.shares.push(taken(&slot));
            slots.of.push(slot);
            // A value that nothing reads is dropped at once.
            if last[s] > s {
                alive.push(s);
            }
            let mut used: Vec<usize> = alive.iter().map(|&v| slots.of[v]).collect();
            used.sort_unstable();
            used.dedup();
            for slot in &used {
                let sharing = alive.iter().filter(|&&v| slots.of[v] == *slot).count();
                slots.shared = slots.shared.max(sharing);
            }
            slots.used.push(used);
        }
        slots
    }

    fn states(&self, slots: &Slots, s: usize, budget: usize) -> usize {
        (self.top + 1).pow(slots.used[s].len() as u32) * (budget + 1)
    }

    /// What a level counts beside prices: nothing, or a power of two above the sum of every step's greatest price.
    fn price_of_a_level(&self) -> f64 {
        if self.objective == Objective::Cost {
            return 0.0;
        }
        let most = |all: &mut dyn Iterator<Item = f64>| all.fold(0.0, f64::max);
        let step = |step: &Step| {
            let own = match &step.kind {
                Kind::Input => 0.0,
                Kind::Linear { price, .. } => most(&mut price.iter().flatten().copied()),
                Kind::Choice(ways) => {
                    most(&mut ways.iter().flat_map(|w| &w.passes).map(|p| p.price))
                }
            };
            own + most(&mut step.refresh.iter().flatten().copied())
        };
        let all: f64 = self.steps.iter().map(step).sum();
        (all + 1.0).log2().ceil().exp2()
    }

    /// What a step may do, by the level of what it reads; no move that another one undercuts.
    fn moves(&self, step: &Step, price_of_a_level: f64) -> Vec<Vec<Move>> {
        let levels = self.top + 1;
        let mut all: Vec<Vec<Move>> = (0..levels).map(|_| Vec::new()).collect();
        let mut add = |(weight, takes): (usize, usize), done: Done, from: usize| {
            let refreshes = (done.leave + 1..levels)
                .filter(|_| done.leave >= step.refresh_from)
                .filter_map(|t| Some((t, (*step.refresh.get(t)?)?)));
            let stays = std::iter::once((done.leave, None, 0.0));
            for (level, refreshed, more) in
                stays.chain(refreshes.map(|(t, price)| (t, Some(t), price)))
            {
                let done = Done {
                    refreshed,
                    price: done.price + more,
                    ..done.clone()
                };
                all[from].push(Move {
                    weight,
                    level,
                    value: done.price + takes as f64 * price_of_a_level,
                    done,
                });
            }
        };
        for from in 0..levels {
            match &step.kind {
                Kind::Input => (0..=from).for_each(|leave| {
                    add((0, 0), Done::at(leave, leave, None, 0.0), from);
                }),
                Kind::Linear {
                    levels: takes,
                    price,
                } => (*takes..=from).for_each(|enter| {
                    if let Some(price) = price.get(enter).copied().flatten() {
                        add((0, 0), Done::at(enter, enter - takes, None, price), from);
                    }
                }),
                Kind::Choice(ways) => ways.iter().enumerate().for_each(|(w, way)| {
                    let passes = way.passes.iter().enumerate();
                    for (p, pass) in passes.filter(|(_, p)| p.enter <= from && p.leave < levels) {
                        let done = Done::at(pass.enter, pass.leave, Some((w, p)), pass.price);
                        add((way.weight, way.levels), done, from);
                    }
                }),
            }
        }
        all.iter_mut().for_each(undercut);
        all
    }

    /// Shows every move from every state to `take` (state before, state behind, the move, weight before), until it says that it
    /// has what it wants.
    fn advance(
        &self,
        s: usize,
        slots: &Slots,
        moves: &[Vec<Move>],
        budget: usize,
        mut take: impl FnMut(usize, usize, &Move, usize) -> bool,
    ) {
        let base = self.top + 1;
        let none = Vec::new();
        let before = if s == 0 { &none } else { &slots.used[s - 1] };
        let behind = &slots.used[s];
        let place = |slot: usize| before.iter().position(|&b| b == slot);
        let reads: Vec<usize> = self.steps[s]
            .reads
            .iter()
            .filter_map(|&r| place(slots.of[r]))
            .collect();
        let kept: Vec<Option<usize>> = behind.iter().map(|&slot| place(slot)).collect();
        let own = behind.iter().position(|&slot| slot == slots.of[s]);
        let mut levels = vec![0; before.len()];
        for from in 0..base.pow(before.len() as u32) {
            let mut rest = from;
            for level in &mut levels {
                *level = rest % base;
                rest /= base;
            }
            let least = reads.iter().map(|&r| levels[r]).min();
            for m in &moves[least.unwrap_or(self.top)] {
                let mut to = 0;
                for (i, kept) in kept.iter().enumerate().rev() {
                    let held = kept.map_or(0, |k| levels[k]);
                    let level = match own == Some(i) {
                        true if slots.shares[s] => held.min(m.level),
                        true => m.level,
                        false => held,
                    };
                    to = to * base + level;
                }
                if m.weight > budget {
                    continue;
                }
                for b in 0..=budget - m.weight {
                    if take(from, to, m, b) {
                        return;
                    }
                }
            }
        }
    }

    /// The plan that reached the least price.
    fn back(
        &self,
        slots: &Slots,
        moves: &[Vec<Vec<Move>>],
        tables: &[Vec<f64>],
        start: &[f64],
        budget: usize,
    ) -> Option<Plan> {
        let end = tables.last()?;
        let least = |best: usize, i: usize| if end[i] < end[best] { i } else { best };
        let mut at = (0..end.len()).fold(0, least);
        if !end[at].is_finite() {
            return None;
        }
        let mut steps = Vec::with_capacity(self.steps.len());
        for s in (0..self.steps.len()).rev() {
            let before = if s == 0 { start } else { &tables[s - 1] };
            let mut found = None;
            self.advance(s, slots, &moves[s], budget, |from, to, m, b| {
                let here = to * (budget + 1) + b + m.weight == at;
                // The same sum as on the way there, so the same number.
                if here && before[from * (budget + 1) + b] + m.value == tables[s][at] {
                    found = Some((from * (budget + 1) + b, m.done.clone()));
                    return true;
                }
                false
            });
            let (from, done) = found?;
            steps.push(done);
            at = from;
        }
        steps.reverse();
        let levels = self.steps.iter().zip(&steps);
        let levels = levels.filter_map(|(step, done)| match (&step.kind, done.way) {
            (Kind::Choice(ways), Some((way, _))) => Some(ways[way].levels),
            _ => None,
        });
        Some(Plan {
            price: steps.iter().map(|done| done.price).sum(),
            levels: levels.sum(),
            steps,
            shared: slots.shared,
        })
    }
}

impl Done {
    fn at(enter: usize, leave: usize, way: Option<(usize, usize)>, price: f64) -> Self {
        Self {
            enter,
            leave,
            way,
            refreshed: None,
            price,
        }
    }

    /// The level of the value that later steps read.
    pub fn level(&self) -> usize {
        self.refreshed.unwrap_or(self.leave)
    }
}

/// Drops moves that another one undercuts: no lower level, no more weight, no greater value.
fn undercut(moves: &mut Vec<Move>) {
    moves.sort_by(|a, b| {
        let value = a.value.total_cmp(&b.value);
        value
            .then(b.level.cmp(&a.level))
            .then(a.weight.cmp(&b.weight))
    });
    let mut kept: Vec<Move> = Vec::new();
    for m in moves.drain(..) {
        let worse = |k: &Move| k.level >= m.level && k.weight <= m.weight;
        if !kept.iter().any(worse) {
            kept.push(m);
        }
    }
    *moves = kept;
}

#[cfg(test)]
mod tests {
    // The programme against exhaustive search, and on graphs with known answers.
    use super::*;
    use proptest::prelude::*;

    /// The least of all by trying everything, step by step: nothing is left out as worse. Levels, if they count, and the price.
    fn exhaustive(flow: &Flow, budget: usize) -> Option<(usize, f64)> {
        fn try_from(
            flow: &Flow,
            s: usize,
            levels: &mut Vec<usize>,
            left: usize,
        ) -> Option<(usize, f64)> {
            let Some(step) = flow.steps.get(s) else {
                return Some((0, 0.0));
            };
            let counted = |way: &Way| match flow.objective {
                Objective::Cost => 0,
                Objective::Levels => way.levels,
            };
            let least = step.reads.iter().map(|&r| levels[r]).min();
            let least = least.unwrap_or(flow.top);
            let mut ends: Vec<(usize, usize, (usize, f64))> = Vec::new();
            match &step.kind {
                Kind::Input => ends.extend((0..=least).map(|l| (l, 0, (0, 0.0)))),
                Kind::Linear {
                    levels: takes,
                    price,
                } => {
                    for enter in *takes..=least {
                        if let Some(p) = price.get(enter).copied().flatten() {
                            ends.push((enter - takes, 0, (0, p)));
                        }
                    }
                }
                Kind::Choice(ways) => {
                    for way in ways {
                        let fits = way.passes.iter().filter(|p| p.enter <= least);
                        ends.extend(fits.map(|p| (p.leave, way.weight, (counted(way), p.price))));
                    }
                }
            }
            let mut best: Option<(usize, f64)> = None;
            for (leave, weight, (takes, price)) in ends {
                if weight > left {
                    continue;
                }
                for level in leave..=flow.top {
                    let more = match level == leave {
                        true => 0.0,
                        false if leave < step.refresh_from => continue,
                        false => match step.refresh.get(level).copied().flatten() {
                            Some(price) => price,
                            None => continue,
                        },
                    };
                    levels.push(level);
                    let rest = try_from(flow, s + 1, levels, left - weight);
                    levels.pop();
                    if let Some(rest) = rest {
                        let all = (takes + rest.0, price + more + rest.1);
                        best = Some(best.filter(|b| *b <= all).unwrap_or(all));
                    }
                }
            }
            best
        }
        try_from(flow, 0, &mut Vec::new(), budget)
    }

    /// Small graphs with shortcuts: whole prices, so that sums are exact whatever their order.
    fn flows() -> impl Strategy<Value = (Flow, usize)> {
        (2usize..=4, 2usize..=5, 0usize..=3).prop_flat_map(|(top, count, budget)| {
            let price = || proptest::option::weighted(0.9, 1u32..40);
            let prices = move || proptest::collection::vec(price(), top + 1);
            let pass = (1..=top, 1u32..40).prop_flat_map(|(enter, price)| {
                (0..=enter).prop_map(move |leave| Pass {
                    enter,
                    leave,
                    price: f64::from(price),
                    inside: Vec::new(),
                })
            });
            let way = (
                0usize..=2,
                0usize..=3,
                proptest::collection::vec(pass, 1..3),
            );
            let way = way.prop_map(|(weight, levels, passes)| Way {
                weight,
                levels,
                passes,
            });
            let linear = (0usize..=2, prices()).prop_map(|(levels, price)| Kind::Linear {
                levels,
                price: price.iter().map(|p| p.map(f64::from)).collect(),
            });
            let choice = proptest::collection::vec(way, 1..3).prop_map(Kind::Choice);
            let kind = prop_oneof![linear, choice];
            let step = (kind, prices(), 0usize..=1, any::<[u8; 2]>(), any::<bool>());
            let objective = prop_oneof![Just(Objective::Cost), Just(Objective::Levels)];
            let steps = proptest::collection::vec(step, count);
            (steps, objective).prop_map(move |(all, objective)| {
                let mut steps = vec![Step {
                    reads: vec![],
                    kind: Kind::Input,
                    refresh: vec![],
                    refresh_from: 0,
                }];
                for (kind, refresh, refresh_from, reads, two) in all {
                    let s = steps.len();
                    let mut from = vec![reads[0] as usize % s];
                    // The step before it is read more often: else most graphs fall apart.
                    if two {
                        from[0] = s - 1;
                        from.push(reads[1] as usize % s);
                    }
                    steps.push(Step {
                        reads: from,
                        kind,
                        refresh: refresh.iter().map(|p| p.map(f64::from)).collect(),
                        refresh_from,
                    });
                }
                let flow = Flow {
                    steps,
                    top,
                    objective,
                };
                (flow, budget)
            })
        })
    }

    /// Walks a plan through the graph: its levels fit, and its price is the sum of its steps'.
    fn walk(flow: &Flow, plan: &Plan, budget: usize) {
        let mut levels: Vec<usize> = Vec::new();
        let (mut price, mut weight, mut taken) = (0.0, 0, 0);
        for (s, (step, done)) in flow.steps.iter().zip(&plan.steps).enumerate() {
            let least = step.reads.iter().map(|&r| levels[r]).min();
            assert!(done.enter <= least.unwrap_or(flow.top), "step {s}");
            match (&step.kind, done.way) {
                (Kind::Input, None) => assert_eq!(done.enter, done.leave),
                (Kind::Linear { levels, .. }, None) => assert_eq!(done.enter - levels, done.leave),
                (Kind::Choice(ways), Some((w, p))) => {
                    let pass = &ways[w].passes[p];
                    assert_eq!((pass.enter, pass.leave), (done.enter, done.leave));
                    weight += ways[w].weight;
                    taken += ways[w].levels;
                }
                other => panic!("step {s}: {other:?}"),
            }
            if let Some(to) = done.refreshed {
                assert!(to > done.leave && done.leave >= step.refresh_from);
            }
            price += done.price;
            levels.push(done.level());
        }
        assert!(weight <= budget);
        assert_eq!((price, taken), (plan.price, plan.levels));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn the_programme_is_exhaustive_search((flow, budget) in flows()) {
            let plan = flow.cheapest(budget).unwrap();
            let least = plan.as_ref().map(|p| flow.objective.key(p));
            prop_assert_eq!(least, exhaustive(&flow, budget));
            if let Some(plan) = plan {
                prop_assert_eq!(plan.shared, 1);
                walk(&flow, &plan, budget);
            }
        }
    }

    /// A chain of steps that each take a level.
    fn chain(n: usize, top: usize, refresh: f64) -> Flow {
        let step = |s: usize| Step {
            reads: if s == 0 { vec![] } else { vec![s - 1] },
            kind: match s {
                0 => Kind::Input,
                _ => Kind::Linear {
                    levels: 1,
                    price: (0..=top).map(|l| Some(l as f64)).collect(),
                },
            },
            refresh: (0..=top)
                .map(|t| (s > 0 && t > 0).then_some(refresh))
                .collect(),
            refresh_from: 0,
        };
        Flow {
            steps: (0..n).map(step).collect(),
            top,
            objective: Objective::Cost,
        }
    }

    #[test]
    fn a_chain_is_refreshed_as_seldom_as_it_can_be() {
        // 10 steps of a level on 3 levels: 3 before, then three more for each refresh.
        let plan = chain(11, 3, 100.0).cheapest(0).unwrap().unwrap();
        let refreshes = plan.steps.iter().filter(|d| d.refreshed.is_some()).count();
        assert_eq!(refreshes, 3);
        walk(&chain(11, 3, 100.0), &plan, 0);
        // Without any the levels do not suffice.
        let mut none = chain(11, 3, 100.0);
        none.steps.iter_mut().for_each(|s| s.refresh.clear());
        assert_eq!(none.cheapest(0).unwrap(), None);
    }

    #[test]
    fn a_fork_is_refreshed_once() {
        // What two branches read is refreshed before it splits, where that saves a refresh.
        let mut flow = chain(3, 1, 100.0);
        let linear = flow.steps[1].clone();
        let read = |reads: Vec<usize>| Step {
            reads,
            ..linear.clone()
        };
        flow.steps.truncate(2);
        flow.steps.push(read(vec![1]));
        flow.steps.push(read(vec![1]));
        flow.steps.push(Step {
            reads: vec![2, 3],
            kind: Kind::Linear {
                levels: 0,
                price: vec![Some(0.0); 2],
            },
            ..linear.clone()
        });
        let plan = flow.cheapest(0).unwrap().unwrap();
        assert_eq!(plan.steps[1].refreshed, Some(1));
        assert_eq!(plan.price, 103.0);
    }

    #[test]
    fn a_graph_that_is_too_wide_shares_levels_and_says_so() {
        // 40 values are alive at once: the first ones wait for the sums at the end.
        let top = 15;
        let mut flow = chain(2, top, 50.0);
        let linear = flow.steps[1].clone();
        for s in 2..42 {
            flow.steps.push(Step {
                reads: vec![s - 1],
                ..linear.clone()
            });
        }
        for s in 2..42 {
            flow.steps.push(Step {
                reads: vec![flow.steps.len() - 1, s],
                kind: Kind::Linear {
                    levels: 0,
                    price: vec![Some(0.0); top + 1],
                },
                ..linear.clone()
            });
        }
        let plan = flow.cheapest(8).unwrap().unwrap();
        assert!(plan.shared > 30, "{}", plan.shared);
        let mut levels: Vec<usize> = Vec::new();
        for (step, done) in flow.steps.iter().zip(&plan.steps) {
            let least = step.reads.iter().map(|&r| levels[r]).min();
            assert!(done.enter <= least.unwrap_or(top));
            levels.push(done.level());
        }
        assert!(flow.cheapest(usize::MAX - 1).is_err());
    }
}
