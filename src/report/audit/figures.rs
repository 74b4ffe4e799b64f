//! The plots of an audit: ranges, margins against changes, sensitivities, and what is certified at each level.

use crate::arith::number::{self, estimate_log2};
use crate::report::audit::{Activation, Audit, Sensitivity, Spread};
use crate::report::figures::figure::{Data, Figure, Key};
use crate::report::figures::plot::{Axis, Beside, Layer, Plot, Role};
use crate::report::figures::rows::{height, place, MOST};
use rug::Rational;

/// A bound for people, rounded to the safe side.
pub fn shown(x: Option<f64>, up: bool) -> String {
    match x.and_then(Rational::from_f64) {
        Some(x) => number::decimal(&x, 6, up),
        None => "-".to_owned(),
    }
}

/// The plots, in the order of the page.
pub fn figures(audit: &Audit) -> Vec<Figure> {
    let mut all = Vec::new();
    all.extend(certified(audit));
    all.extend(margins(audit));
    let numbered: Vec<(usize, &Activation)> = audit.activations.iter().enumerate().collect();
    for part in numbered.chunks(MOST) {
        all.push(ranges(part));
        all.extend(sensitivities(part));
    }
    all
}

/// A name that fits beside an axis.
fn short(name: &str) -> String {
    if name.chars().count() <= 12 {
        return name.to_owned();
    }
    name.chars().take(11).chain(['\u{2026}']).collect()
}

/// Rows from the top: the place of row i of n, and the ticks of all.
fn rows(names: &[String]) -> (impl Fn(usize) -> f64, Vec<(f64, String)>) {
    let n = names.len();
    let at = move |i: usize| place(i, n);
    let ticks = names.iter().enumerate();
    (at, ticks.map(|(i, name)| (at(i), short(name))).collect())
}

/// B as a number, where it is one.
fn scale(a: &Activation) -> Option<f64> {
    let b = number::parse(&a.scale).ok()?.to_f64();
    (b > 0.0 && b.is_finite()).then_some(b)
}

fn ranges(part: &[(usize, &Activation)]) -> Figure {
    let names: Vec<String> = part.iter().map(|(_, a)| a.layer.clone()).collect();
    let (at, ticks) = rows(&names);
    let mut layers = Vec::new();
    let mut most = 1.0f64;
    for (i, (_, a)) in part.iter().enumerate() {
        let bars = [
            (a.bound_network_reach, Role::ProvedToo),
            (a.bound_twin_reach, Role::Proved),
        ];
        for (k, (reach, role)) in bars.into_iter().enumerate() {
            if let (Some(reach), Some(b)) = (reach, scale(a)) {
                let share = (reach / b).clamp(0.0, 4.0);
                most = most.max(share);
                let top = at(i) + 0.34 - 0.34 * k as f64;
                layers.push(Layer::Bar(role, (0.0, top), (share.max(0.004), top - 0.3)));
            }
        }
    }
    layers.push(Layer::Line(
        Role::Given,
        vec![(1.0, 0.0), (1.0, part.len() as f64)],
    ));
    let widest = part
        .iter()
        .filter_map(|(_, a)| Some((a, a.bound_twin_reach? / scale(a)?)));
    let widest = widest.max_by(|p, q| p.1.total_cmp(&q.1));
    Figure {
        id: format!("audit-ranges-{}", part[0].0 + 1),
        title: "Range of every activation's input".to_owned(),
        alternative: widest.map_or("No ranges.".to_owned(), |(a, _)| {
            format!(
                "Layer {} comes nearest to B: {} of {}.",
                a.layer,
                shown(a.bound_twin_reach, true),
                a.scale
            )
        }),
        caption: "Upper bounds of |x| over all samples, as a part of B: a polynomial that is asked beyond B (the dotted \
                  line) is proved nothing of. At max-pooling x is the difference of two elements."
            .to_owned(),
        legend: vec![
            Key::new(Role::ProvedToo, true, "proved: plaintext network"),
            Key::new(Role::Proved, true, "proved: polynomial twin"),
            Key::new(Role::Given, false, "B"),
        ],
        plot: Plot {
            x: Axis::linear("greatest |x|/B [1]", 0.0, most * 1.04),
            y: Axis::named("activation", 0.0, part.len() as f64, ticks),
            height: height(part.len()),
            layers,
        },
        data: Data::new(&[
                "layer",
                "B [input units]",
                "bound_network_reach [input units]",
                "bound_twin_reach [input units]",
            ], part
                .iter()
                .map(|(_, a)| {
                    vec![
                        crate::report::text::plain(&a.layer),
                        a.scale.clone(),
                        shown(a.bound_network_reach, true),
                        shown(a.bound_twin_reach, true),
                    ]
                })
                .collect()),
    }
}

fn sensitivities(part: &[(usize, &Activation)]) -> Option<Figure> {
    let found: Vec<(&Activation, &Sensitivity)> = part
        .iter()
        .filter_map(|(_, a)| Some((*a, a.sensitivity.as_ref()?)))
        .collect();
    let names: Vec<String> = found.iter().map(|(a, _)| a.layer.clone()).collect();
    let (at, ticks) = rows(&names);
    found.first()?;
    let mut layers = Vec::new();
    let mut most = 1.0f64;
    for (i, (_, s)) in found.iter().enumerate() {
        let pairs = [
            (s.estimate_worst_bits, Role::Estimate),
            (s.estimate_sigma_bits, Role::Quiet),
        ];
        for (k, (bits, role)) in pairs.into_iter().enumerate() {
            most = most.max(bits.greatest.min(1e4));
            let top = at(i) + 0.34 - 0.34 * k as f64;
            layers.push(Layer::Bar(role, (0.0, top), (bits.greatest, top - 0.3)));
            let middle = (bits.median, top - 0.15);
            layers.push(Layer::Dot(Role::Ink, middle, String::new(), Beside::Left));
        }
    }
    let top = found.iter().max_by(|p, q| {
        let bits = |s: &Sensitivity| s.estimate_worst_bits.greatest;
        bits(p.1).total_cmp(&bits(q.1))
    });
    let cells = |s: Spread| [s.greatest, s.median].map(|x| format!("{x:.4}"));
    Some(Figure {
        id: format!("audit-bits-{}", part[0].0 + 1),
        title: "Precision that every layer needs".to_owned(),
        alternative: top.map_or(String::new(), |(a, s)| {
            format!(
                "Layer {} needs most: {:.1} bits below B against noise in the worst direction, on the most delicate sample; \
                 half of the samples need {:.1} or fewer.",
                a.layer, s.estimate_worst_bits.greatest, s.estimate_worst_bits.median
            )
        }),
        caption: "Bits b such that noise of 2^-b B at every neuron of this layer moves each margin by no more than the \
                  margin divided by the number of layers, to first order along each sample's own trajectory. \
                  An estimate: what is certified stands at the levels of noise."
            .to_owned(),
        legend: vec![
            Key::new(Role::Estimate, true, "estimate: noise in the worst direction, most delicate sample"),
            Key::new(Role::Quiet, true, "estimate: independent noise, but for 2^-32"),
            Key::new(Role::Ink, true, "estimate: median of the samples"),
        ],
        plot: Plot {
            x: Axis::linear("bits below B [bits]", 0.0, most * 1.05),
            y: Axis::named("activation", 0.0, found.len() as f64, ticks),
            height: height(found.len()),
            layers,
        },
        data: Data::new(&[
                "layer",
                "estimate_worst greatest [logits at noise B]",
                "estimate_worst median [logits at noise B]",
                "estimate_sigma greatest [logits at noise B]",
                "estimate_sigma median [logits at noise B]",
                "estimate_worst_bits greatest [bits below B]",
                "estimate_worst_bits median [bits below B]",
                "estimate_sigma_bits greatest [bits below B]",
                "estimate_sigma_bits median [bits below B]",
            ], found
                .iter()
                .map(|(a, s)| {
                    let all = [
                        s.estimate_worst,
                        s.estimate_sigma,
                        s.estimate_worst_bits,
                        s.estimate_sigma_bits,
                    ];
                    let mut row = vec![crate::report::text::plain(&a.layer)];
                    row.extend(all.into_iter().flat_map(cells));
                    row
                })
                .collect()),
    })
}

/// log2 of a positive number by the multiprecision library: the same on every machine.
fn log2(x: Option<f64>) -> Option<f64> {
    let x = x.filter(|x| *x > 0.0).and_then(Rational::from_f64)?;
    Some(estimate_log2(&x))
}

fn margins(audit: &Audit) -> Option<Figure> {
    let points: Vec<(f64, f64)> = audit
        .samples
        .iter()
        .filter_map(|s| Some((log2(s.bound_network_margin)?, log2(s.bound_change)?)))
        .collect();
    points.first()?;
    let ends = |f: &dyn Fn(&(f64, f64)) -> f64| {
        let all = points.iter().map(f);
        let (lo, hi) = (
            all.clone().fold(f64::MAX, f64::min),
            all.fold(f64::MIN, f64::max),
        );
        ((lo - 0.5).floor(), (hi + 0.5).ceil())
    };
    let ((x_lo, x_hi), (y_lo, y_hi)) = (ends(&|p| p.0), ends(&|p| p.1));
    // Where the change is half of the margin: two logits that move against each other might meet.
    let (from, to) = (x_lo.max(y_lo + 1.0), x_hi.min(y_hi + 1.0));
    let mut layers = vec![Layer::Points(Role::Proved, points.clone())];
    let mut legend = vec![Key::new(Role::Proved, true, "proved: one sample")];
    if from < to {
        layers.push(Layer::Line(
            Role::Given,
            vec![(from, from - 1.0), (to, to - 1.0)],
        ));
        legend.push(Key::new(Role::Given, false, "change = margin/2"));
    }
    let s = &audit.summary;
    Some(Figure {
        id: "audit-margins".to_owned(),
        title: "Margins against changes".to_owned(),
        alternative: format!(
            "{} samples; the least margin is {}, the greatest change of a logit {}.",
            points.len(),
            shown(s.bound_least_margin, false),
            shown(s.bound_greatest_change, true)
        ),
        caption: "Each dot is a sample: the lower bound of the plaintext network's margin, and the upper bound of what the \
                  exact polynomials change any logit. To the right of the dotted line the class cannot change."
            .to_owned(),
        legend,
        plot: Plot {
            x: Axis::log2("margin of the network [logits], log scale", x_lo, x_hi),
            y: Axis::log2("greatest change of a logit [logits], log scale", y_lo, y_hi),
            height: 330,
            layers,
        },
        data: Data::new(&["sample", "bound_network_margin [logits]", "bound_change [logits]"], audit
                .samples
                .iter()
                .map(|s| {
                    vec![
                        s.sample.to_string(),
                        shown(s.bound_network_margin, false),
                        shown(s.bound_change, true),
                    ]
                })
                .collect()),
    })
}

fn certified(audit: &Audit) -> Option<Figure> {
    audit.levels.first()?;
    let n = audit.summary.samples as f64;
    let without = ("no noise", audit.summary.same, &audit.same_class_interval);
    let under = audit.levels.iter().map(|l| {
        let name = l.noise.strip_suffix(" B").unwrap_or(&l.noise);
        (name, l.found.certified, &l.certified_interval)
    });
    let all: Vec<_> = std::iter::once(without).chain(under).collect();
    let names: Vec<String> = all.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let (at, ticks) = rows(&names);
    let mut layers = Vec::new();
    for (i, (_, count, interval)) in all.iter().enumerate() {
        let (top, bottom) = (at(i) + 0.22, at(i) - 0.22);
        let right = interval.bound_hi.max(interval.bound_lo + 0.004);
        layers.push(Layer::Bar(
            Role::Measured,
            (interval.bound_lo, top),
            (right, bottom),
        ));
        let share = (*count as f64 / n, at(i));
        layers.push(Layer::Dot(Role::Proved, share, String::new(), Beside::Left));
    }
    let words = all
        .iter()
        .map(|(name, count, _)| format!("{name}: {count}"));
    Some(Figure {
        id: "audit-levels".to_owned(),
        title: "Certified at each level of noise".to_owned(),
        alternative: format!(
            "Of {} samples are certified: {}.",
            audit.summary.samples,
            words.collect::<Vec<_>>().join("; ")
        ),
        caption: "Dots: the share of these samples on which the class is proved to stay. Bands: Clopper-Pearson intervals of \
                  the share of all inputs, if the samples were drawn independently."
            .to_owned(),
        legend: vec![
            Key::new(Role::Proved, true, "proved: share of the samples"),
            Key::new(Role::Measured, true, "inferred from the samples: interval"),
        ],
        plot: Plot {
            x: Axis::linear("certified share [1]", 0.0, 1.02),
            y: Axis::named("noise at every activation, units of B", 0.0, all.len() as f64, ticks),
            height: height(all.len()),
            layers,
        },
        data: Data::new(&["noise", "certified [samples]", "interval_lo [1]", "interval_hi [1]"], all
                .iter()
                .map(|(name, count, interval)| {
                    vec![
                        crate::report::text::plain(name),
                        count.to_string(),
                        shown(Some(interval.bound_lo), false),
                        shown(Some(interval.bound_hi), true),
                    ]
                })
                .collect()),
    })
}
