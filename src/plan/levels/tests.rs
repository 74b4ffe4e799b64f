//! The programme against exhaustive search, and on graphs with known answers.

use super::*;
use proptest::prelude::*;

/// The least price by trying everything, step by step: nothing is left out as worse.
fn exhaustive(flow: &Flow, budget: usize) -> Option<f64> {
    fn try_from(flow: &Flow, s: usize, levels: &mut Vec<usize>, left: usize) -> Option<f64> {
        let Some(step) = flow.steps.get(s) else {
            return Some(0.0);
        };
        let least = step.reads.iter().map(|&r| levels[r]).min();
        let least = least.unwrap_or(flow.top);
        let mut ends: Vec<(usize, usize, f64)> = Vec::new();
        match &step.kind {
            Kind::Input => ends.extend((0..=least).map(|l| (l, 0, 0.0))),
            Kind::Linear {
                levels: takes,
                price,
            } => {
                for enter in *takes..=least {
                    if let Some(p) = price[enter] {
                        ends.push((enter - takes, 0, p));
                    }
                }
            }
            Kind::Choice(ways) => {
                for way in ways {
                    let fits = way.passes.iter().filter(|p| p.enter <= least);
                    ends.extend(fits.map(|p| (p.leave, way.weight, p.price)));
                }
            }
        }
        let mut best: Option<f64> = None;
        for (leave, weight, price) in ends {
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
                    let all = price + more + rest;
                    best = Some(best.map_or(all, |b: f64| b.min(all)));
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
        let way = (0usize..=2, proptest::collection::vec(pass, 1..3))
            .prop_map(|(weight, passes)| Way { weight, passes });
        let linear = (0usize..=2, prices()).prop_map(|(levels, price)| Kind::Linear {
            levels,
            price: price.iter().map(|p| p.map(f64::from)).collect(),
        });
        let choice = proptest::collection::vec(way, 1..3).prop_map(Kind::Choice);
        let kind = prop_oneof![linear, choice];
        let step = (kind, prices(), 0usize..=1, any::<[u8; 2]>(), any::<bool>());
        proptest::collection::vec(step, count).prop_map(move |all| {
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
            (Flow { steps, top }, budget)
        })
    })
}

/// Walks a plan through the graph: its levels fit, and its price is the sum of its steps'.
fn walk(flow: &Flow, plan: &Plan, budget: usize) {
    let mut levels: Vec<usize> = Vec::new();
    let (mut price, mut weight) = (0.0, 0);
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
    assert_eq!(price, plan.price);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_programme_is_exhaustive_search((flow, budget) in flows()) {
        let plan = flow.cheapest(budget).unwrap();
        prop_assert_eq!(plan.as_ref().map(|p| p.price), exhaustive(&flow, budget));
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
