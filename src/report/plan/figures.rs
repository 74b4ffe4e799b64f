//! The plots of a plan: levels over the network, error and noise by layer, cost by layer, cost against what was kept.

use crate::arith::number::{self, estimate_log2};
use crate::report::figures::figure::{Data, Figure, Key};
use crate::report::figures::plot::{Axis, Beside, Layer, Plot, Role};
use crate::report::figures::rows::{height, place, MOST};
use crate::report::plan::{Plan, Row, Step};
use crate::report::text::plain;
use rug::Rational;

/// Most steps of one staircase.
const STAIRS: usize = 48;

/// The plots, in the order of the page.
pub fn figures(plan: &Plan) -> Vec<Figure> {
    let numbered: Vec<(usize, &Step)> = plan.steps.iter().enumerate().collect();
    let stairs = numbered.chunks(STAIRS);
    let mut all: Vec<Figure> = stairs.map(|part| staircase(plan, part)).collect();
    let rows: Vec<(usize, &Row)> = plan.rows.iter().enumerate().collect();
    for part in rows.chunks(MOST) {
        all.push(budgets(part));
        all.extend(costs(plan, part));
    }
    all.extend(tried(plan));
    all
}

/// A name that fits beside an axis.
fn short(name: &str) -> String {
    match name.chars().count() <= 12 {
        true => name.to_owned(),
        false => {
            let skipped = name.chars().count() - 11;
            std::iter::once('\u{2026}')
                .chain(name.chars().skip(skipped))
                .collect()
        }
    }
}

/// The level of the value at every step, activations as bars, refreshes as dots.
fn staircase(plan: &Plan, part: &[(usize, &Step)]) -> Figure {
    let mut layers = Vec::new();
    let mut dots = Vec::new();
    let mut rows = Vec::new();
    let mut at = part.first().map_or(0.0, |(_, step)| step.levels.0 as f64);
    for (i, step) in part {
        let x = *i as f64;
        let (enter, leave) = (step.levels.0 as f64, step.levels.1 as f64);
        // What it reads may stand higher, or be another branch's.
        layers.push(Layer::Line(Role::Grid, vec![(x, at), (x, enter)]));
        let role = match step.is_activation {
            true => Role::Proved,
            false => Role::Quiet,
        };
        layers.push(Layer::Line(role, vec![(x, enter), (x + 1.0, leave)]));
        let inside = step.inside.len() as f64 + 1.0;
        let mut refreshed = |x: f64, from: f64, to: usize| {
            let to = (x, to as f64);
            layers.push(Layer::Line(Role::ProvedToo, vec![(x, from), to]));
            dots.push(Layer::Dot(
                Role::ProvedToo,
                to,
                String::new(),
                Beside::Right,
            ));
        };
        for (k, to) in step.inside.iter().enumerate() {
            let part = (k as f64 + 1.0) / inside;
            refreshed(x + part, enter + (leave - enter) * part, *to);
        }
        at = leave;
        if let Some(to) = step.refreshed {
            refreshed(x + 1.0, leave, to);
            at = to as f64;
        }
        let inside: Vec<String> = step.inside.iter().map(usize::to_string).collect();
        rows.push(vec![
            i.to_string(),
            plain(&step.name),
            step.levels.0.to_string(),
            step.levels.1.to_string(),
            step.refreshed.map_or(String::new(), |to| to.to_string()),
            inside.join(" "),
        ]);
    }
    let first = part.first().map_or(0, |(i, _)| *i);
    let last = part.last().map_or(1, |(i, _)| *i + 1);
    layers.extend(dots);
    Figure {
        id: format!("plan-levels-{}", first + 1),
        title: "Levels over the network".to_owned(),
        alternative: format!(
            "{} levels in activations and {} bootstraps; greatest level {}.",
            plan.levels, plan.bootstraps, plan.top
        ),
        caption: "The level of the value at each layer, in the order of evaluation; a dot is a bootstrap behind a layer or inside an \
                  activation. The checker walked these levels over the exact network; \
                  a branch of a shortcut waits at its own level."
            .to_owned(),
        legend: vec![
            Key::new(Role::Proved, false, "proved: level over an activation"),
            Key::new(Role::Quiet, false, "proved: level over a linear layer"),
            Key::new(Role::ProvedToo, true, "proved: bootstrap, and the level behind it"),
        ],
        plot: Plot {
            x: Axis::count("layer, by number", first as f64, last as f64),
            y: Axis::count("level", 0.0, plan.top as f64 + 0.5),
            height: 300,
            layers,
        },
        data: Data::new(&["number", "layer", "begins [level]", "ends [level]", "refreshed to [level]", "refreshed inside to [levels]"], rows),
    }
}

/// Bits below B of a bound.
fn bits(x: &Rational) -> f64 {
    (-estimate_log2(x)).max(0.0)
}

fn budgets(part: &[(usize, &Row)]) -> Figure {
    let n = part.len();
    let at = |i: usize| place(i, n);
    let ticks = part
        .iter()
        .enumerate()
        .map(|(i, (_, row))| (at(i), short(&row.name)));
    let (mut layers, mut dots) = (Vec::new(), Vec::new());
    let mut most = 1.0f64;
    let mut rows = Vec::new();
    for (i, (_, row)) in part.iter().enumerate() {
        let error = Rational::from(&row.bound_error / &row.b);
        let mut bars = vec![(bits(&error), Role::Proved)];
        if let Some((proved, allowed)) = &row.noise {
            bars.push((bits(proved), Role::ProvedToo));
            dots.push(Layer::Dot(
                Role::Ink,
                (bits(allowed), at(i) - 0.15),
                String::new(),
                Beside::Right,
            ));
            most = most.max(bits(allowed));
        }
        for (k, (bits, role)) in bars.into_iter().enumerate() {
            most = most.max(bits);
            let top = at(i) + 0.34 - 0.34 * k as f64;
            layers.push(Layer::Bar(role, (0.0, top), (bits, top - 0.3)));
        }
        let noise = |pick: fn(&(Rational, Rational)) -> &Rational, up: bool| {
            let noise = row.noise.as_ref().map(pick);
            noise.map_or(String::new(), |x| number::decimal(x, 6, up))
        };
        rows.push(vec![
            plain(&row.name),
            number::write(&row.b),
            number::decimal(&row.bound_error, 6, true),
            noise(|n| &n.0, true),
            noise(|n| &n.1, false),
        ]);
    }
    layers.extend(dots);
    let mut legend = vec![Key::new(
        Role::Proved,
        true,
        "proved: error of the polynomial",
    )];
    if part.iter().any(|(_, row)| row.noise.is_some()) {
        legend.push(Key::new(
            Role::ProvedToo,
            true,
            "proved: noise of its encrypted evaluation",
        ));
        legend.push(Key::new(Role::Ink, true, "allowed noise"));
    }
    let worst = part
        .iter()
        .map(|(_, r)| (r, Rational::from(&r.bound_error / &r.b)));
    let worst = worst.max_by(|a, b| a.1.cmp(&b.1));
    Figure {
        id: format!("plan-budgets-{}", part.first().map_or(0, |(i, _)| *i) + 1),
        title: "Error and noise of every activation".to_owned(),
        alternative: worst.map_or(String::new(), |(row, share)| {
            format!(
                "{} has the coarsest polynomial: within 2^-{:.2} B.",
                row.name,
                bits(&share)
            )
        }),
        caption: "Bits below B: longer is finer. The polynomial\u{2019}s greatest error; where evaluation certificates are part of the \
                  plan, the noise that an encrypted activation adds, and what is allowed (dot)."
            .to_owned(),
        legend,
        plot: Plot {
            x: Axis::linear("bits below B [bits]", 0.0, most * 1.05),
            y: Axis::named("activation", 0.0, n as f64, ticks.collect()),
            height: height(n),
            layers,
        },
        data: Data::new(&["activation", "B [input units]", "bound_error [input units]", "bound_noise [B]", "allowed [B]"], rows),
    }
}

fn costs(plan: &Plan, part: &[(usize, &Row)]) -> Option<Figure> {
    let cost = |row: &Row| {
        let step = plan.steps.iter().find(|s| s.name == row.name)?;
        step.estimate_seconds
    };
    let n = part.len();
    let at = |i: usize| place(i, n);
    let mut layers = Vec::new();
    let mut rows = Vec::new();
    let mut most = 0.0f64;
    for (i, (_, row)) in part.iter().enumerate() {
        let seconds = cost(row)?;
        most = most.max(seconds);
        let (top, bottom) = (at(i) + 0.3, at(i) - 0.3);
        layers.push(Layer::Bar(Role::Estimate, (0.0, top), (seconds, bottom)));
        rows.push(vec![
            plain(&row.name),
            plain(&row.design),
            format!("{seconds:.4}"),
        ]);
    }
    let ticks = part
        .iter()
        .enumerate()
        .map(|(i, (_, row))| (at(i), short(&row.name)));
    let all: f64 = plan.steps.iter().filter_map(|s| s.estimate_seconds).sum();
    Some(Figure {
        id: format!("plan-costs-{}", part.first().map_or(0, |(i, _)| *i) + 1),
        title: "What activations cost".to_owned(),
        alternative: format!("All layers together take {all:.1} seconds by the profile."),
        caption: "Seconds by the cost profile, bootstraps inside and behind an activation included. An estimate.".to_owned(),
        legend: vec![Key::new(Role::Estimate, true, "estimate: seconds")],
        plot: Plot {
            x: Axis::linear("time [s]", 0.0, (most * 1.05).max(1e-3)),
            y: Axis::named("activation", 0.0, n as f64, ticks.collect()),
            height: height(n),
            layers,
        },
        data: Data::new(&["activation", "design", "estimate_seconds [s]"], rows),
    })
}

fn tried(plan: &Plan) -> Option<Figure> {
    let points = &plan.estimate_tried;
    points.first()?;
    let most = points.iter().map(|p| p.0).fold(0.0, f64::max);
    let least = points.iter().map(|p| p.1).fold(1.0, f64::min);
    let mut layers = vec![Layer::Points(Role::Estimate, points.clone())];
    if let Some(seconds) = plan.estimate_seconds {
        let kept = points.iter().find(|p| p.0 == seconds).map_or(1.0, |p| p.1);
        layers.push(Layer::Dot(
            Role::Ink,
            (seconds, kept),
            "the plan".to_owned(),
            Beside::Left,
        ));
    }
    Some(Figure {
        id: "plan-tried".to_owned(),
        title: "Cost against what was kept".to_owned(),
        alternative: format!("{} twins were tried on the inputs that chose.", points.len()),
        caption: "Each dot is a whole twin that was tried in floating point on the inputs that chose the plan: its cost by the \
                  profile, and the share of these inputs on which it did what was wanted. Estimates; what is proved is \
                  proved on other inputs."
            .to_owned(),
        legend: vec![
            Key::new(Role::Estimate, true, "estimate: a twin that was tried"),
            Key::new(Role::Ink, true, "the plan"),
        ],
        plot: Plot {
            x: Axis::linear("time [s]", 0.0, most * 1.08),
            y: Axis::linear("share kept [1]", (least - 0.05).max(0.0), 1.02),
            height: 260,
            layers,
        },
        data: Data::new(&["estimate_seconds [s]", "estimate_kept [1]"], points.iter().map(|(s, k)| vec![format!("{s:.4}"), format!("{k:.4}")]).collect()),
    })
}
