//! Levels and bootstraps over a graph: the exact dynamic programme.
//!
//! # Problem
//! Steps are done in order, each once. The level of a step's value is a number from 0 to L; what a step reads is first brought
//! down to one level for nothing. A linear step takes some levels, an activation takes one of several ways, each with a price
//! and a weight, and every value may be refreshed to a higher level, once, for a price. Wanted is the least price at which
//! the weights sum to no more than a budget.
//!
//! # Method
//! A state behind a step is the level of every value that is still read, and the weight spent. A value that is refreshed is
//! refreshed where it is made: from there it can be brought down for nothing, so nothing is lost, and a value that two steps
//! read is refreshed once. So the state's best price tells all that matters of the past, and the least price over the last
//! states is the least of all plans (a test compares it with exhaustive search).
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
    shared: usize,
}

/// What a step may do from one level: the levels behind, the weight and the price.
struct Move {
    weight: usize,
    level: usize,
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
        let moves: Vec<Vec<Vec<Move>>> = self.steps.iter().map(|s| self.moves(s)).collect();
        let mut tables: Vec<Vec<f64>> = Vec::with_capacity(self.steps.len());
        let start = vec![0.0; budget + 1];
        for s in 0..self.steps.len() {
            let before = tables.last().unwrap_or(&start);
            let mut table = vec![f64::INFINITY; self.states(&slots, s, budget)];
            self.advance(s, &slots, &moves[s], budget, |from, to, m, b| {
                let price = before[from * (budget + 1) + b] + m.done.price;
                let at = &mut table[to * (budget + 1) + b + m.weight];
                if price < *at {
                    *at = price;
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

    /// What a step may do, by the level of what it reads; no move that another one undercuts.
    fn moves(&self, step: &Step) -> Vec<Vec<Move>> {
        let levels = self.top + 1;
        let mut all: Vec<Vec<Move>> = (0..levels).map(|_| Vec::new()).collect();
        let mut add = |weight: usize, done: Done, from: usize| {
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
                    done,
                });
            }
        };
        for from in 0..levels {
            match &step.kind {
                Kind::Input => (0..=from).for_each(|leave| {
                    add(0, Done::at(leave, leave, None, 0.0), from);
                }),
                Kind::Linear {
                    levels: takes,
                    price,
                } => (*takes..=from).for_each(|enter| {
                    if let Some(price) = price.get(enter).copied().flatten() {
                        add(0, Done::at(enter, enter - takes, None, price), from);
                    }
                }),
                Kind::Choice(ways) => ways.iter().enumerate().for_each(|(w, way)| {
                    let passes = way.passes.iter().enumerate();
                    for (p, pass) in passes.filter(|(_, p)| p.enter <= from && p.leave < levels) {
                        let done = Done::at(pass.enter, pass.leave, Some((w, p)), pass.price);
                        add(way.weight, done, from);
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
        // Whether the value's slot is another's too.
        let shares = self.shares(s, slots);
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
                        true if shares => held.min(m.level),
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

    /// Whether another value that is still read has the slot of the value of step s.
    fn shares(&self, s: usize, slots: &Slots) -> bool {
        let last = self.last_reads();
        (0..s).any(|v| slots.of[v] == slots.of[s] && last[v] > s)
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
        let price = end[at];
        if !price.is_finite() {
            return None;
        }
        let mut steps = Vec::with_capacity(self.steps.len());
        for s in (0..self.steps.len()).rev() {
            let before = if s == 0 { start } else { &tables[s - 1] };
            let mut found = None;
            self.advance(s, slots, &moves[s], budget, |from, to, m, b| {
                let here = to * (budget + 1) + b + m.weight == at;
                // The same sum as on the way there, so the same number.
                if here && before[from * (budget + 1) + b] + m.done.price == tables[s][at] {
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
        Some(Plan {
            price,
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

/// Drops moves that another one undercuts: no lower level, no more weight, no greater price.
fn undercut(moves: &mut Vec<Move>) {
    moves.sort_by(|a, b| {
        let price = a.done.price.total_cmp(&b.done.price);
        price
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
mod tests;
