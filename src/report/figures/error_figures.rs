//! The error curve under its proved bound: the whole domain, near 0, and at the end of the domain.

use crate::arith::number::decimal;
use crate::error::Result;
use crate::report::catalogue::columns::bound;
use crate::report::figures::claimed::{Quantity, Stretch};
use crate::report::figures::curve::{Column, Curve, Spacing, Window};
use crate::report::figures::error_words::{
    data, exact, float_log2, legend, log2, quantity, variable,
};
use crate::report::figures::figure::{Figure, Key};
use crate::report::figures::plot::{Axis, Beside, Layer, Plot, Role};
use rug::{Float, Rational};

/// Bits that the error axis spans below the bound.
const DEPTH: f64 = 12.0;
const HEIGHT: i32 = 300;

/// What the plots of one certificate need besides its curve.
pub struct Subject<'a> {
    /// Begins the ids and file names of the figures.
    pub prefix: &'a str,
    /// The target's function.
    pub function: &'a str,
    /// The stated bound of the error, if there is one.
    pub claim: Option<&'a Rational>,
}

/// How densely a page samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every window, for a page about one certificate.
    Full,
    /// The whole domain alone, for one of many.
    Brief,
}

/// The largest sampled error, and how it came about.
pub struct Measured {
    /// The largest sampled error.
    pub measure_max: Float,
    /// What it cannot exceed.
    pub bound_hi: Rational,
    /// Number of samples.
    pub samples: usize,
    /// Working precision in bits.
    pub precision: u32,
}

/// The figures of a curve, and what was sampled for them.
///
/// # Errors
/// A value that cannot be computed well enough to be drawn.
pub fn figures(
    curve: &Curve,
    subject: &Subject,
    detail: Detail,
) -> Result<(Vec<Figure>, Measured)> {
    let mut all = vec![whole(curve, subject, detail)?];
    if detail == Detail::Full {
        let zoomed = matches!(
            curve.claimed.quantity,
            Quantity::Deviation | Quantity::Closeness
        );
        for stretch in curve.stretches().into_iter().filter(|_| zoomed) {
            all.extend(near_zero(curve, subject, stretch)?);
            all.extend(at_the_end(curve, subject, stretch)?);
        }
    }
    let largest = all
        .iter()
        .map(|(_, max)| max)
        .fold(Float::new(64), |a, b| crate::arith::mp::max(a, b.0.clone()));
    let measured = Measured {
        measure_max: largest,
        bound_hi: curve.claimed.bound_hi.clone(),
        samples: all.iter().map(|(_, max)| max.1).sum(),
        precision: curve.precision(),
    };
    Ok((
        all.into_iter().map(|(figure, _)| figure).collect(),
        measured,
    ))
}

/// The largest error of a figure, and the number of its samples.
type Largest = (Float, usize);

fn whole(curve: &Curve, subject: &Subject, detail: Detail) -> Result<(Figure, Largest)> {
    let (columns, steps) = match detail {
        Detail::Full => (240, 6),
        Detail::Brief => (120, 6),
    };
    let stretches = curve.stretches();
    let columns = (columns / stretches.len().max(1)).max(24);
    let mut parts = Vec::new();
    for &stretch in &stretches {
        let window = Window {
            stretch,
            spacing: Spacing::Even,
            columns,
            steps,
        };
        parts.push((stretch.negative, curve.columns(&window)?));
    }
    let mirrored = curve.is_odd() && curve.claimed.quantity.is_even();
    let scale = curve.claimed.scale.to_f64();
    let name = variable(subject.function);
    let (words, lo) = if mirrored {
        (format!("|{name}| [input units]"), 0.0)
    } else {
        let first = stretches
            .iter()
            .map(|s| if s.negative { -s.hi } else { s.lo });
        (
            format!("{name} [input units]"),
            first.fold(f64::MAX, f64::min) * scale,
        )
    };
    let last = stretches
        .iter()
        .map(|s| if s.negative { -s.lo } else { s.hi });
    let axis = Axis::linear(&words, lo, last.fold(f64::MIN, f64::max) * scale);
    let x = &curve.claimed.bound_witness.0;
    let samples = parts.len() * (columns * steps + 1);
    let shape = Head {
        id: "error",
        title: "Error over the whole domain".to_owned(),
        axis,
        place: Place::Plain,
        witness: Some(if mirrored {
            x.to_f64().abs()
        } else {
            x.to_f64()
        }),
        note: if mirrored {
            format!("p is odd: {name} and \u{2212}{name} have the same error.")
        } else {
            String::new()
        },
    };
    Ok(build(curve, subject, shape, &parts, samples))
}

/// From well below the hump, or the gap's edge, upwards.
fn near_zero(
    curve: &Curve,
    subject: &Subject,
    stretch: Stretch,
) -> Result<Option<(Figure, Largest)>> {
    const BELOW: f64 = 32.0;
    const ABOVE: f64 = 4.0;
    let claimed = &curve.claimed;
    let (lo, hi) = match (&claimed.quantity, &claimed.envelope) {
        (Quantity::Closeness, _) => (stretch.lo, stretch.lo * ABOVE),
        (_, Some((_, zone))) => {
            let zone = zone.to_f64();
            (zone / BELOW, zone * ABOVE)
        }
        _ => {
            let x = Rational::from(&claimed.bound_witness.0 / &claimed.scale)
                .abs()
                .to_f64();
            (x / BELOW, x * ABOVE)
        }
    };
    let hi = hi.min(stretch.hi);
    // Where the hump is as wide as the domain, the whole domain shows it.
    if !(lo > 0.0 && lo < hi) || hi * 2.0 > stretch.hi {
        return Ok(None);
    }
    let w = Window {
        stretch: Stretch { lo, hi, ..stretch },
        spacing: Spacing::Ratio,
        columns: 240,
        steps: 4,
    };
    let columns = curve.columns(&w)?;
    let (name, scale) = (variable(subject.function), curve.claimed.scale.to_f64());
    let at = |x: f64| Float::with_val(64, x).log2().to_f64();
    let shape = Head {
        id: "near-zero",
        title: match claimed.quantity {
            Quantity::Closeness => "Zoom: the edge of the gap",
            _ => "Zoom: the hump near 0",
        }
        .to_owned(),
        axis: Axis::log2(
            &format!("|{name}| [input units], log scale"),
            at(lo * scale),
            at(hi * scale),
        ),
        place: Place::Log,
        witness: on_this_side(curve, &stretch),
        note: String::new(),
    };
    Ok(Some(one_side(curve, subject, shape, columns, &w)))
}

/// A stretch before the end that holds a few oscillations.
fn at_the_end(
    curve: &Curve,
    subject: &Subject,
    stretch: Stretch,
) -> Result<Option<(Figure, Largest)>> {
    let width = curve.width_of_a_few_oscillations(stretch)?;
    if width * 4.0 > stretch.hi {
        return Ok(None);
    }
    let w = Window {
        stretch: Stretch {
            lo: stretch.hi - width,
            ..stretch
        },
        spacing: Spacing::Even,
        columns: 240,
        steps: 4,
    };
    let columns = curve.columns(&w)?;
    let name = variable(subject.function);
    let end = curve.claimed.reach() * &curve.claimed.scale;
    let shape = Head {
        id: "at-the-end",
        title: format!("Zoom: the last oscillations before {}", bound(&end)),
        axis: Axis::linear(
            &format!("|{name}| \u{2212} {} [input units]", bound(&end)),
            -width * curve.claimed.scale.to_f64(),
            0.0,
        ),
        place: Place::Below(stretch.hi * curve.claimed.scale.to_f64()),
        witness: on_this_side(curve, &stretch),
        note: String::new(),
    };
    Ok(Some(one_side(curve, subject, shape, columns, &w)))
}

/// |x| of the witness, if it lies on this side.
fn on_this_side(curve: &Curve, stretch: &Stretch) -> Option<f64> {
    let x = &curve.claimed.bound_witness.0;
    let same = curve.is_odd() || (*x < 0u32) == stretch.negative;
    same.then(|| x.to_f64().abs())
}

fn one_side(
    curve: &Curve,
    subject: &Subject,
    mut shape: Head,
    columns: Vec<Column>,
    w: &Window,
) -> (Figure, Largest) {
    let (words, id) = match (curve.is_odd(), w.stretch.negative) {
        (true, _) => ("", ""),
        (false, false) => (", positive side", "-positive"),
        (false, true) => (", negative side", "-negative"),
    };
    shape.title.push_str(words);
    // On its own side |x| is drawn.
    let parts = [(false, columns)];
    let mut built = build(curve, subject, shape, &parts, w.columns * w.steps + 1);
    built.0.id.push_str(id);
    built
}

/// How |x| becomes a place on the horizontal axis.
#[derive(Debug, Clone, Copy)]
enum Place {
    Plain,
    Log,
    /// Its distance from here.
    Below(f64),
}

impl Place {
    fn of(self, x: f64) -> f64 {
        match self {
            Self::Plain => x,
            Self::Log => Float::with_val(64, x).log2().to_f64(),
            Self::Below(end) => x - end,
        }
    }
}

struct Head {
    id: &'static str,
    title: String,
    axis: Axis,
    place: Place,
    /// x of the witness as the axis has it, if it is on this side.
    witness: Option<f64>,
    note: String,
}

fn build(
    curve: &Curve,
    subject: &Subject,
    shape: Head,
    parts: &[(bool, Vec<Column>)],
    samples: usize,
) -> (Figure, Largest) {
    let claimed = &curve.claimed;
    let quantity = quantity(subject.function, &claimed.quantity);
    let hi = log2(&claimed.bound_hi);
    let top = subject
        .claim
        .map_or(hi, |c| log2(c).clamp(hi - 8.0, hi + 8.0))
        .max(hi);
    let top = (top + 0.4).ceil();
    let floor = hi.floor() - DEPTH;
    let mut layers = Vec::new();
    let mut largest = Float::new(64);
    for (negative, columns) in parts {
        let sign = if *negative { -1.0 } else { 1.0 };
        let mut band = Vec::with_capacity(columns.len());
        let mut line = Vec::with_capacity(columns.len());
        for c in columns {
            let x = sign * shape.place.of((c.x.0 + c.x.1) / 2.0);
            let (low, high) = (float_log2(&c.measure_min), float_log2(&c.measure_max));
            band.push((x, low.max(floor), high.max(floor)));
            line.push((x, high.max(floor)));
            largest = crate::arith::mp::max(largest, c.measure_max.clone());
        }
        layers.push(Layer::Band(Role::Measured, band));
        layers.push(Layer::Line(Role::Measured, line));
        if let Some(points) = envelope(curve, &shape, sign, hi) {
            layers.push(Layer::Line(Role::ProvedToo, points));
        }
    }
    let envelope_drawn = layers.len() > 2 * parts.len();
    let ends = [(shape.axis.lo, hi), (shape.axis.hi, hi)];
    layers.push(Layer::Line(Role::Proved, ends.to_vec()));
    let mut legend = legend(curve, envelope_drawn);
    if let Some(claim) = subject.claim {
        let y = log2(claim).clamp(floor, top);
        layers.push(Layer::Line(
            Role::Given,
            vec![(shape.axis.lo, y), (shape.axis.hi, y)],
        ));
        legend.push(Key {
            role: Role::Given,
            filled: false,
            words: format!("claim: {}", bound(claim)),
        });
    }
    let low = &claimed.bound_witness.1;
    let place = shape.witness.map(|x| shape.place.of(x));
    if let Some(place) =
        place.filter(|p| (shape.axis.lo..=shape.axis.hi).contains(p) && *low > 0u32)
    {
        layers.push(Layer::Dot(
            Role::Proved,
            (place, log2(low)),
            String::new(),
            Beside::Left,
        ));
        legend.push(Key {
            role: Role::Proved,
            filled: true,
            words: format!("proved: at the witness at least {}", decimal(low, 6, false)),
        });
    }
    let figure = Figure {
        id: format!("{}-{}", subject.prefix, shape.id),
        alternative: format!(
            "The sampled error {quantity} rises to {} and stays below the proved bound {}, drawn as a level line.",
            decimal(&exact(&largest), 6, false),
            decimal(&curve.claimed.bound_hi, 6, true),
        ),
        title: shape.title,
        caption: format!(
            "The lines named proved hold for every x in the domain. The sampled error is known at {samples} \
             points, computed at {} bits; the band spans its smallest and largest value in each of {} columns, \
             and says nothing between the points. {}",
            curve.precision(),
            parts.iter().map(|(_, c)| c.len()).sum::<usize>(),
            shape.note
        )
        .trim_end()
        .to_owned(),
        legend,
        data: data(curve, parts),
        plot: Plot {
            x: shape.axis,
            y: Axis::log2(&format!("{quantity} [output units], log scale"), floor, top),
            height: HEIGHT,
            layers,
        },
    };
    (figure, (largest, samples))
}

/// tau |x| where it is proved and below the bound.
fn envelope(curve: &Curve, shape: &Head, sign: f64, hi: f64) -> Option<Vec<(f64, f64)>> {
    const POINTS: usize = 120;
    if curve.claimed.quantity != Quantity::Deviation {
        return None;
    }
    let claimed = &curve.claimed;
    let (tau, zone) = claimed.envelope.as_ref()?;
    // In the target's units: f tau |x| / B.
    let slope = log2(&Rational::from(tau * &curve.claimed.factor)) - log2(&claimed.scale);
    let zone = Rational::from(zone * &curve.claimed.scale).to_f64();
    let end = claimed.reach().to_f64() * curve.claimed.scale.to_f64();
    let (from, to) = match shape.place {
        Place::Plain => (zone, end),
        Place::Log => (zone, end),
        Place::Below(_) => (end + shape.axis.lo, end),
    };
    // Where the axis ends, so does the line.
    let inside = |x: &f64| shape.place.of(*x) <= shape.axis.hi + 1e-12 * shape.axis.hi.abs();
    let ratio = Float::with_val(64, Float::with_val(64, to) / from).log2();
    let at = |i: usize| {
        let part = i as f64 / POINTS as f64;
        (Float::with_val(64, &ratio * part).exp2() * from)
            .to_f64()
            .min(to)
    };
    let points = (0..=POINTS).map(at).filter(|x| *x >= zone).filter(inside);
    let line = points.map(|x| {
        let y = Float::with_val(64, x).log2().to_f64() + slope;
        (sign * shape.place.of(x), y.min(hi))
    });
    Some(line.collect())
}
