//! Several certificates against each other: cost and proved error, and which of them nothing beats.

use crate::arith::number::estimate_log2;
use crate::report::catalogue::columns::{log2, target};
use crate::report::catalogue::Row;
use crate::report::figures::figure::{Data, Figure, Key};
use crate::report::figures::plot::{Axis, Beside, Layer, Plot, Role};
use crate::report::text::plain;

/// What an encrypted evaluation costs, by a model: an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Multiplicative depth.
    pub estimate_depth: usize,
    /// Non-scalar multiplications.
    pub estimate_mults: usize,
}

/// Most targets that get a pair of plots.
const MOST_TARGETS: usize = 4;

struct Point<'a> {
    row: &'a Row,
    cost: Cost,
    /// log2 of the proved bound, rounded for display.
    estimate_log2: f64,
}

/// Two plots (depth, multiplications) for every target with two certificates at least.
pub fn figures(rows: &[(&Row, Option<Cost>)]) -> Vec<Figure> {
    let mut targets: Vec<String> = rows.iter().map(|(row, _)| target(row)).collect();
    targets.sort();
    targets.dedup();
    let mut all = Vec::new();
    for words in targets {
        let points: Vec<Point> = rows
            .iter()
            .filter(|(row, _)| target(row) == words && row.bound_hi > 0u32)
            .filter_map(|(row, cost)| {
                Some(Point {
                    row,
                    cost: (*cost)?,
                    estimate_log2: estimate_log2(&row.bound_hi),
                })
            })
            .collect();
        if points.len() < 2 || all.len() >= 2 * MOST_TARGETS {
            continue;
        }
        let number = all.len() / 2 + 1;
        let depth = |c: &Cost| c.estimate_depth;
        let mults = |c: &Cost| c.estimate_mults;
        all.push(figure(
            &points,
            &words,
            number,
            ("depth", "multiplicative depth", "levels"),
            depth,
        ));
        all.push(figure(
            &points,
            &words,
            number,
            ("mults", "non-scalar multiplications", "count"),
            mults,
        ));
    }
    all
}

fn figure(
    points: &[Point],
    target: &str,
    number: usize,
    (name, words, unit): (&str, &str, &str),
    cost: impl Fn(&Cost) -> usize,
) -> Figure {
    let x = |p: &Point| cost(&p.cost) as f64;
    let y = |p: &Point| p.estimate_log2;
    let beaten = |p: &Point| {
        let better = |o: &&Point| {
            x(o) <= x(p)
                && o.row.bound_hi <= p.row.bound_hi
                && (x(o) < x(p) || o.row.bound_hi < p.row.bound_hi)
        };
        points.iter().any(|o| better(&o))
    };
    let mut front: Vec<&Point> = points.iter().filter(|p| !beaten(p)).collect();
    front.sort_by(|a, b| x(a).total_cmp(&x(b)).then(a.row.name.cmp(&b.row.name)));
    let fold = |f: fn(f64, f64) -> f64, from: f64, of: &dyn Fn(&Point) -> f64| {
        points.iter().map(of).fold(from, f)
    };
    let (x_lo, x_hi) = (fold(f64::min, f64::MAX, &x), fold(f64::max, f64::MIN, &x));
    let (y_lo, y_hi) = (fold(f64::min, f64::MAX, &y), fold(f64::max, f64::MIN, &y));
    // Names stand to the left of their dots, where no dot of a front can be.
    let room = (0.2 * (x_hi - x_lo)).max(1.5);
    let (x_axis, y_axis) = (
        Axis::count(
            &format!("{words} [{unit}], estimated by a model"),
            x_lo - room,
            x_hi + 1.0,
        ),
        Axis::log2(
            "proved maximum error [output units], log scale",
            (y_lo - 0.6).floor(),
            (y_hi + 0.9).ceil(),
        ),
    );
    let mut stairs = Vec::new();
    for pair in front.windows(2) {
        stairs.extend([(x(pair[0]), y(pair[0])), (x(pair[1]), y(pair[0]))]);
    }
    stairs.extend(front.last().map(|p| (x(p), y(p))));
    let mut layers = vec![Layer::Line(Role::Estimate, stairs)];
    layers.extend(points.iter().map(|p| {
        let role = if is_on(p, &front) {
            Role::Proved
        } else {
            Role::Quiet
        };
        Layer::Dot(role, (x(p), y(p)), String::new(), Beside::Left)
    }));
    let close = |p: &Point, o: &Point| {
        (y(p) - y(o)).abs() < 0.06 * (y_hi - y_lo + 2.5) && (x(p) - x(o)).abs() < room
    };
    let mut beside = Beside::Left;
    for (i, p) in front.iter().enumerate() {
        // Two names that would meet stand on either side.
        let crowded = i > 0 && close(p, front[i - 1]);
        beside = match beside {
            Beside::Left if crowded => Beside::Right,
            _ => Beside::Left,
        };
        layers.push(Layer::Dot(
            Role::Proved,
            (x(p), y(p)),
            short(&p.row.name),
            beside,
        ));
    }
    let names: Vec<String> = front.iter().map(|p| short(&p.row.name)).collect();
    Figure {
        id: format!("front-{number}-{name}"),
        title: format!("{target}: proved error against {words}"),
        alternative: format!(
            "{} certificates; nothing beats {}.",
            points.len(),
            names.join(", ")
        ),
        caption: format!(
            "Height is proved (its logarithm rounded for display). The cost, {words}, is an estimate: the model of \
             ePrint 2020/834 for odd stages. Beaten: another certificate here costs no more and \
             is proved to err no more."
        ),
        legend: vec![
            Key::new(Role::Proved, true, "proved error, not beaten"),
            Key::new(Role::Quiet, true, "proved error, beaten"),
            Key::new(Role::Estimate, false, "front, estimated cost"),
        ],
        plot: Plot {
            x: x_axis,
            y: y_axis,
            height: 340,
            layers,
        },
        data: data(points, &front),
    }
}

fn data(points: &[Point], front: &[&Point]) -> Data {
    let header = [
        "name",
        "degrees",
        "estimate_depth [levels]",
        "estimate_mults [count]",
        "bound_error [output units]",
        "estimate_error_log2 [bits]",
        "on_front",
        "certificate_sha256",
    ];
    let rows = points.iter().map(|p| {
        let degrees: Vec<String> = p.row.degrees.iter().map(usize::to_string).collect();
        vec![
            plain(&p.row.name),
            degrees.join(" "),
            p.cost.estimate_depth.to_string(),
            p.cost.estimate_mults.to_string(),
            crate::arith::number::decimal(&p.row.bound_hi, 12, true),
            log2(&p.row.bound_hi),
            if is_on(p, front) { "yes" } else { "no" }.to_owned(),
            p.row.certificate_sha256.clone(),
        ]
    });
    Data {
        header: header.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn is_on(p: &Point, front: &[&Point]) -> bool {
    front.iter().any(|f| std::ptr::eq(*f, p))
}

/// A name that fits beside a dot.
fn short(name: &str) -> String {
    const MOST: usize = 12;
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.chars().count() <= MOST {
        return name;
    }
    name.chars().take(MOST - 1).chain(['\u{2026}']).collect()
}
