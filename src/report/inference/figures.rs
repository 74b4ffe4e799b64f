//! The plots of an encrypted network.

use crate::arith::number::{self, estimate_log2};
use crate::report::figures::figure::{Data, Figure, Key};
use crate::report::figures::plot::{Axis, Beside, Layer, Plot, Role};
use crate::report::figures::rows::{height, place, MOST};
use crate::report::inference::{Encrypted, Sample};
use crate::report::text::plain;
use rug::Rational;

/// The plots, in the order of the page.
pub fn figures(all: &Encrypted) -> Vec<Figure> {
    let mut figures = vec![levels(all)];
    let steps: Vec<usize> = (0..all.steps.len()).collect();
    for part in steps.chunks(MOST) {
        figures.extend(noise(all, part));
        figures.extend(seconds(all, part));
    }
    for part in all.samples.chunks(MOST) {
        figures.push(margins(part));
    }
    figures
}

/// Levels over the steps, refreshes as dots.
fn levels(all: &Encrypted) -> Figure {
    let (mut layers, mut dots, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = all.input_level;
    let mut top = at;
    for (i, step) in all.steps.iter().enumerate() {
        let x = i as f64;
        let down = step.level.saturating_sub(1);
        layers.push(Layer::Line(
            Role::Grid,
            vec![(x, at as f64), (x, step.level as f64)],
        ));
        layers.push(Layer::Line(
            Role::Quiet,
            vec![(x, step.level as f64), (x + 0.3, down as f64)],
        ));
        let behind = all.behind(step);
        let end = behind.map_or(down, |e| e.leaves);
        if let Some(evaluation) = behind {
            let role = if evaluation.refreshed {
                Role::ProvedToo
            } else {
                Role::Proved
            };
            layers.push(Layer::Line(
                role,
                vec![(x + 0.3, down as f64), (x + 1.0, end as f64)],
            ));
            if evaluation.refreshed {
                let place = (x + 1.0, end as f64);
                dots.push(Layer::Dot(
                    Role::ProvedToo,
                    place,
                    String::new(),
                    Beside::Right,
                ));
            }
        }
        (at, top) = (end, top.max(step.level).max(end));
        rows.push(vec![
            (i + 1).to_string(),
            plain(&all.name(i)),
            step.level.to_string(),
            down.to_string(),
            end.to_string(),
            behind
                .map_or("", |e| if e.refreshed { "yes" } else { "no" })
                .to_owned(),
        ]);
    }
    layers.extend(dots);
    Figure {
        id: "encrypted-levels".to_owned(),
        title: "Levels over the steps".to_owned(),
        alternative: format!(
            "{} steps, {} of them refreshed; the input is encrypted at level {}.",
            all.steps.len(),
            all.refreshes(),
            all.input_level
        ),
        caption: "The level of the ciphertext: maps take one level, an activation its depth, and a refreshed one (dot) leaves its result \
                  at a level of its own, whatever came in. The checker verified these levels."
            .to_owned(),
        legend: vec![
            Key::new(Role::Quiet, false, "proved: maps"),
            Key::new(Role::Proved, false, "proved: an activation"),
            Key::new(Role::ProvedToo, true, "proved: an activation behind a bootstrapping"),
        ],
        plot: Plot {
            x: Axis::count("step, by number", 0.0, all.steps.len() as f64),
            y: Axis::count("level", 0.0, top as f64 + 0.5),
            height: 300,
            layers,
        },
        data: Data::new(
            &["step", "layer", "maps at [level]", "activation at [level]", "result at [level]", "refreshed"],
            rows,
        ),
    }
}

/// Bits below B.
fn bits(x: &Rational, b: &Rational) -> f64 {
    (-estimate_log2(&Rational::from(x / b))).max(0.0)
}

/// The noise of activations, and what the maps before them add, in bits below B.
fn noise(all: &Encrypted, part: &[usize]) -> Option<Figure> {
    let known: Vec<(usize, &crate::report::inference::Evaluation)> = part
        .iter()
        .filter_map(|&i| Some((i, all.behind(&all.steps[i])?)))
        .collect();
    let n = known.len();
    if n == 0 {
        return None;
    }
    let (mut layers, mut rows, mut most) = (Vec::new(), Vec::new(), 1.0f64);
    for (row, (i, e)) in known.iter().enumerate() {
        let at = place(row, n);
        for (k, (x, role)) in [
            (&e.bound_noise, Role::Proved),
            (&e.bound_off, Role::ProvedToo),
        ]
        .into_iter()
        .enumerate()
        {
            let long = bits(x, &e.b);
            most = most.max(long);
            let top = at + 0.34 - 0.34 * k as f64;
            layers.push(Layer::Bar(role, (0.0, top), (long, top - 0.3)));
        }
        rows.push(vec![
            (i + 1).to_string(),
            plain(&all.name(*i)),
            number::write(&e.b),
            number::write(&e.within),
            number::decimal(&e.bound_noise, 6, true),
            number::decimal(&e.bound_off, 6, true),
        ]);
    }
    let ticks = known
        .iter()
        .enumerate()
        .map(|(row, (i, _))| (place(row, n), short(&all.name(*i))));
    Some(Figure {
        id: format!("encrypted-noise-{}", part.first().map_or(0, |i| i + 1)),
        title: "Noise by step".to_owned(),
        alternative: format!("{n} activations with the bounds of their noise."),
        caption: "Bits below B: longer is finer. What is decrypted at an activation differs from its polynomial by at most the upper bar, \
                  if its inputs are within its reach; its input is off by at most the lower one, which the maps before it add."
            .to_owned(),
        legend: vec![
            Key::new(Role::Proved, true, "proved: noise of the activation, all before it included"),
            Key::new(Role::ProvedToo, true, "proved: what its maps add"),
        ],
        plot: Plot {
            x: Axis::linear("bits below B", 0.0, (most + 1.0).ceil()),
            y: Axis::named("", 0.0, n as f64, ticks.collect()),
            height: height(n),
            layers,
        },
        data: Data::new(
            &["step", "layer", "B [input units]", "reach [input units]", "bound_noise [input units]", "bound_off [input units]"],
            rows,
        ),
    })
}

/// Seconds by step, where a run told them.
fn seconds(all: &Encrypted, part: &[usize]) -> Option<Figure> {
    if all.took.is_empty() {
        return None;
    }
    let n = part.len();
    let (mut layers, mut rows, mut most) = (Vec::new(), Vec::new(), 0.1f64);
    for (row, &i) in part.iter().enumerate() {
        let took = &all.took[i];
        most = most.max(took.measure_seconds);
        let top = place(row, n) + 0.3;
        layers.push(Layer::Bar(
            Role::Measured,
            (0.0, top),
            (took.measure_seconds, top - 0.6),
        ));
        rows.push(vec![
            (i + 1).to_string(),
            plain(&took.layer),
            format!("{:.3}", took.measure_seconds),
            took.measure_peak_bytes
                .map_or(String::new(), |b| b.to_string()),
        ]);
    }
    let ticks = part
        .iter()
        .enumerate()
        .map(|(row, &i)| (place(row, n), short(&all.name(i))));
    let sum: f64 = all.took.iter().map(|t| t.measure_seconds).sum();
    Some(Figure {
        id: format!("encrypted-seconds-{}", part.first().map_or(0, |i| i + 1)),
        title: "Seconds by step".to_owned(),
        alternative: format!("{sum:.1} seconds in all."),
        caption: format!("Wall time of one run on one machine, {sum:.1} s in all; the data have the most memory so far."),
        legend: vec![Key::new(Role::Measured, true, "measured: seconds")],
        plot: Plot {
            x: Axis::linear("seconds", 0.0, most * 1.1),
            y: Axis::named("", 0.0, n as f64, ticks.collect()),
            height: height(n),
            layers,
        },
        data: Data::new(&["step", "layer", "measure_seconds", "measure_peak_bytes"], rows),
    })
}

/// The least margin of every input, and how far it may move.
fn margins(part: &[Sample]) -> Figure {
    let n = part.len();
    let (mut layers, mut dots, mut rows, mut most) = (Vec::new(), Vec::new(), Vec::new(), 0.0f64);
    for (row, sample) in part.iter().enumerate() {
        let Some((margin, moves)) = sample.least() else {
            continue;
        };
        let (long, off) = (margin.to_f64(), moves.to_f64());
        most = most.max(long);
        let top = place(row, n) + 0.3;
        layers.push(Layer::Bar(Role::Proved, (0.0, top), (long, top - 0.6)));
        dots.push(Layer::Dot(
            Role::Ink,
            (off, place(row, n)),
            String::new(),
            Beside::Right,
        ));
        rows.push(vec![
            plain(&sample.file),
            sample.class.to_string(),
            number::decimal(&margin, 8, false),
            number::decimal(moves, 8, true),
        ]);
    }
    layers.extend(dots);
    let ticks = part.iter().enumerate().map(|(row, s)| {
        (
            place(row, n),
            short(
                s.file
                    .trim_start_matches("sample")
                    .trim_end_matches(".json"),
            ),
        )
    });
    Figure {
        id: "encrypted-margins".to_owned(),
        title: "Margins and how far they move".to_owned(),
        alternative: format!("{n} inputs; every margin is above what the noise moves it by."),
        caption: "The twin\u{2019}s least difference of the class to another, by its enclosures (bar), and how far the noise of all \
                  activations may move it (dot): the class stays where the bar is longer."
            .to_owned(),
        legend: vec![
            Key::new(Role::Proved, true, "proved: least margin of the twin"),
            Key::new(Role::Ink, true, "proved: what is decrypted is this near"),
        ],
        plot: Plot {
            x: Axis::linear("difference of logits", 0.0, most * 1.05 + 0.01),
            y: Axis::named("", 0.0, n as f64, ticks.collect()),
            height: height(n),
            layers,
        },
        data: Data::new(&["certificate", "class", "bound_margin", "bound_moves"], rows),
    }
}

/// A name that fits beside an axis.
fn short(name: &str) -> String {
    let count = name.chars().count();
    match count <= 12 {
        true => name.to_owned(),
        false => std::iter::once('\u{2026}')
            .chain(name.chars().skip(count - 11))
            .collect(),
    }
}
