//! Curves of a smooth certificate: the error over the domain, part by part, under its proved bound, and the value beside
//! the function: *measurements* at sampled points, computed from the table and the claim that the checker verified.

use crate::arith::mp::{max, min, Mp};
use crate::arith::number::decimal;
use crate::arith::rounding::CoefficientMode;
use crate::certificate::checked::Checked;
use crate::certificate::read::{number, Series};
use crate::certify::series::values::{values, PointValue};
use crate::error::{Error, ErrorKind, Result};
use crate::function::formula::{Difference, Formula, Measure};
use crate::function::program::Program;
use crate::poly::table::Table;
use crate::report::catalogue::columns::bound;
use crate::report::figures::error_figures::{Detail, Measured, Subject};
use crate::report::figures::error_words::{exact, float_log2, log2, plain};
use crate::report::figures::figure::{Data, Figure, Key};
use crate::report::figures::plot::{Axis, Beside, Layer, Plot, Role};
use rug::{Float, Rational};

/// Bits that the error axis spans below the bound.
const DEPTH: f64 = 12.0;
const HEIGHT: i32 = 300;
/// The error is known to this part of the proved bound.
const RESOLUTION_BITS: i32 = 20;
/// Largest sum of degrees that is sampled: beyond, a page would take seconds.
const MAX_DEGREES: usize = 2_000;
/// Most characters of a formula in words under a plot.
const MAX_WORDS: usize = 120;

/// The claim with its table, as numbers.
struct Claimed {
    table: Table,
    difference: Difference,
    mode: CoefficientMode,
    parts: Vec<(Rational, Rational)>,
    bound_hi: Rational,
    /// x, and what the error there is at least.
    bound_witness: (Rational, Rational),
}

/// Samples of a part, column by column; neighbours share a point.
struct Part {
    points: Vec<PointValue>,
    /// Samples in a column, less one.
    steps: usize,
}

/// A column: its ends, its smallest and its largest sampled error.
struct Column {
    x: (f64, f64),
    measure_min: Float,
    measure_max: Float,
}

/// The figures of a certificate whose target is a smooth function; none of another one.
///
/// *Measurement*: every value is enclosed to 2^-20 of the proved bound, at points; between them nothing is said.
/// **Cost** about 1,500 values of the polynomial and the function in multiprecision.
///
/// # Errors
/// A table that is too large, numbers that a plot cannot hold, a value that is not known well enough.
pub fn figures(
    checked: &Checked,
    subject: &Subject,
    detail: Detail,
) -> Result<Option<(Vec<Figure>, Measured)>> {
    let document = checked.document();
    let cited = document.cited(&document.target()?.cites);
    let Some(series) = cited.and_then(|claim| claim.as_series()) else {
        return Ok(None);
    };
    let claimed = Claimed::new(checked, series)?;
    let sampled = claimed.sampled(detail)?;
    let mut all = vec![claimed.error(subject, &sampled)];
    if detail == Detail::Full {
        all.push(claimed.beside(subject, &sampled));
    }
    let points = || sampled.iter().flat_map(|part| &part.points);
    let measured = Measured {
        measure_max: points().fold(Float::new(64), |so_far, p| max(so_far, size(&p.error))),
        bound_hi: claimed.bound_hi.clone(),
        samples: points().count(),
        precision: points().map(|p| p.error.prec()).min().unwrap_or(0),
    };
    Ok(Some((all, measured)))
}

fn size(error: &Mp) -> Float {
    error.ball().0.abs()
}

fn short(text: &str) -> String {
    match text.chars().count() > MAX_WORDS {
        true => text.chars().take(MAX_WORDS).chain(['\u{2026}']).collect(),
        false => text.to_owned(),
    }
}

impl Claimed {
    fn new(checked: &Checked, series: &Series) -> Result<Self> {
        let document = checked.document();
        let table = document.table()?;
        let degrees: usize = table.components.iter().map(|c| c.coefficients.len()).sum();
        if degrees > MAX_DEGREES {
            let detail = format!(
                "{degrees} coefficients are too many to sample, the limit is {MAX_DEGREES}"
            );
            return Err(Error::unsupported(detail));
        }
        let parts = series.parts.iter();
        let parts = parts.map(|p| Ok((number(&p.from, "from")?, number(&p.to, "to")?)));
        let claimed = Self {
            table,
            difference: Difference {
                function: Formula::function(&series.function)?,
                value: series.value.as_deref().map(Program::parse).transpose()?,
                measure: series.error.parse()?,
            },
            mode: document.coefficients.parse()?,
            parts: parts.collect::<Result<_>>()?,
            bound_hi: number(&series.hi, "hi")?,
            bound_witness: (
                number(&series.witness.x, "x")?,
                number(&series.witness.lo, "lo")?,
            ),
        };
        const LIMIT: f64 = 1e100;
        let fits = |x: &Rational| (1.0 / LIMIT..LIMIT).contains(&x.to_f64().abs());
        let ends = claimed.parts.iter().flat_map(|(from, to)| [from, to]);
        let ends = ends.filter(|x| !x.is_zero()).all(fits);
        if claimed.parts.is_empty() || !fits(&claimed.bound_hi) || !ends {
            return Err(Error::unsupported(format!(
                "numbers beyond {LIMIT:e}, or a bound of 0, are not drawn"
            )));
        }
        Ok(claimed)
    }

    /// The samples: as many columns in each part, the ends of the part among the points.
    fn sampled(&self, detail: Detail) -> Result<Vec<Part>> {
        let columns = match detail {
            Detail::Full => 240,
            Detail::Brief => 120,
        };
        let columns = (columns / self.parts.len()).max(1);
        // Of thousands of parts each is seen as a line.
        let steps = if columns == 1 { 2 } else { 6 };
        let limit = Float::with_val(64, &self.bound_hi) >> RESOLUTION_BITS;
        let part = |(from, to): &(Rational, Rational)| {
            let n = columns * steps;
            let width = Rational::from(to - from);
            let at = |i: usize| &width * Rational::from((i, n)) + from;
            let xs: Vec<Rational> = (0..=n).map(at).collect();
            let points = values(&self.table, &self.difference, self.mode, &xs)?;
            let vague = |p: &&PointValue| Float::with_val(64, &p.error.hi - &p.error.lo) > limit;
            if let Some(p) = points.iter().find(vague) {
                let detail = format!("the error at x = {} is not known well", bound(&p.x));
                return Err(ErrorKind::NotConverged(detail).into());
            }
            Ok(Part { points, steps })
        };
        self.parts.iter().map(part).collect()
    }

    fn axis(&self) -> Axis {
        let lo = self.parts.first().map_or(0.0, |p| p.0.to_f64());
        let hi = self.parts.last().map_or(1.0, |p| p.1.to_f64());
        Axis::linear("x [input units]", lo, hi)
    }

    /// The value in words: v(x) where something is computed from p.
    fn value(&self) -> &'static str {
        match self.difference.value {
            Some(_) => "v(x)",
            None => "p(x)",
        }
    }

    fn unit(&self) -> &'static str {
        match self.difference.measure {
            Measure::Absolute => "output units",
            Measure::Relative => "of f",
            Measure::Weight(_) => "weighted output units",
        }
    }

    fn quantity(&self) -> String {
        let v = self.value();
        match self.difference.measure {
            Measure::Absolute => format!("|{v} \u{2212} f(x)|"),
            Measure::Relative => format!("|{v}/f(x) \u{2212} 1|"),
            Measure::Weight(_) => format!("|w(x) ({v} \u{2212} f(x))|"),
        }
    }

    /// What the letters stand for.
    fn letters(&self) -> String {
        let mut words = format!("f(x) = {}", short(self.difference.function.text()));
        if let Some(value) = &self.difference.value {
            words.push_str(&format!(", v(x): {}", short(value.text())));
        }
        if let Measure::Weight(w) = &self.difference.measure {
            words.push_str(&format!(", w(x) = {}", short(w.text())));
        }
        words
    }

    /// The gaps in words, where there are any.
    fn gaps(&self) -> String {
        match self.parts.len() {
            1 => String::new(),
            n => format!(" The domain has {n} parts; between them nothing is proved or sampled."),
        }
    }

    fn error(&self, subject: &Subject, sampled: &[Part]) -> Figure {
        let hi = log2(&self.bound_hi);
        let claim = subject
            .claim
            .map(|c| (c, log2(c).clamp(hi - 8.0, hi + 8.0)));
        let top = (claim.map_or(hi, |(_, y)| y).max(hi) + 0.4).ceil();
        let floor = hi.floor() - DEPTH;
        let axis = self.axis();
        let mut layers = Vec::new();
        let mut rows = Vec::new();
        let mut largest = Float::new(64);
        for part in sampled {
            let (mut band, mut line) = (Vec::new(), Vec::new());
            for c in part.columns() {
                let x = (c.x.0 + c.x.1) / 2.0;
                let (low, high) = (float_log2(&c.measure_min), float_log2(&c.measure_max));
                band.push((x, low.max(floor), high.max(floor)));
                line.push((x, high.max(floor)));
                rows.push(vec![
                    plain(c.x.0),
                    plain(c.x.1),
                    decimal(&exact(&c.measure_min), 7, false),
                    decimal(&exact(&c.measure_max), 7, false),
                    decimal(&self.bound_hi, 7, true),
                ]);
                largest = max(largest, c.measure_max);
            }
            match line.as_slice() {
                // A part of one column is a bar from the axis.
                [(x, high)] => {
                    let ends = vec![(*x, floor), (*x, *high)];
                    layers.push(Layer::Line(Role::Measured, ends));
                }
                _ => {
                    layers.push(Layer::Band(Role::Measured, band));
                    layers.push(Layer::Line(Role::Measured, line));
                }
            }
        }
        // A part of hardly any width is still seen.
        let least = 0.004 * (axis.hi - axis.lo);
        for (from, to) in &self.parts {
            let from = from.to_f64();
            let ends = vec![(from, hi), (to.to_f64().max(from + least), hi)];
            layers.push(Layer::Line(Role::Proved, ends));
        }
        let key = |role, filled, words| Key {
            role,
            filled,
            words,
        };
        let proved = format!("proved: at most {}", decimal(&self.bound_hi, 6, true));
        let mut legend = vec![
            key(Role::Proved, false, proved),
            key(Role::Measured, true, "measured: sampled error".to_owned()),
        ];
        if let Some((claim, y)) = claim {
            let ends = vec![(axis.lo, y), (axis.hi, y)];
            layers.push(Layer::Line(Role::Given, ends));
            legend.push(key(Role::Given, false, format!("claim: {}", bound(claim))));
        }
        let (x, low) = &self.bound_witness;
        if *low > 0u32 {
            let place = (x.to_f64(), log2(low));
            layers.push(Layer::Dot(Role::Proved, place, String::new(), Beside::Left));
            let words = format!("proved: at the witness at least {}", decimal(low, 6, false));
            legend.push(key(Role::Proved, true, words));
        }
        let (quantity, unit) = (self.quantity(), self.unit());
        let samples: usize = sampled.iter().map(|p| p.points.len()).sum();
        Figure {
            id: format!("{}-error", subject.prefix),
            title: "Error over the whole domain".to_owned(),
            alternative: format!(
                "The sampled error {quantity} rises to {} and stays below the proved bound {}, drawn as a level line.",
                decimal(&exact(&largest), 6, false),
                decimal(&self.bound_hi, 6, true),
            ),
            caption: format!(
                "{}. The lines named proved hold for every x in the domain. The sampled error is known at {samples} points; \
                 the band spans its smallest and largest value in each of {} columns, and says nothing between the points.{}",
                self.letters(),
                rows.len(),
                self.gaps()
            ),
            legend,
            data: Data {
                header: vec![
                    "x_from [input units]".to_owned(),
                    "x_to [input units]".to_owned(),
                    format!("measure_error_min [{unit}]"),
                    format!("measure_error_max [{unit}]"),
                    format!("bound_error [{unit}]"),
                ],
                rows,
            },
            plot: Plot {
                x: axis,
                y: Axis::log2(&format!("{quantity} [{unit}], log scale"), floor, top),
                height: HEIGHT,
                layers,
            },
        }
    }

    fn beside(&self, subject: &Subject, sampled: &[Part]) -> Figure {
        let middle = |v: &Mp| v.ball().0.to_f64();
        let (mut layers, mut rows) = (Vec::new(), Vec::new());
        let (mut lo, mut hi) = (f64::MAX, f64::MIN);
        for role in [Role::Given, Role::Measured] {
            for part in sampled {
                let at = |p: &PointValue| {
                    let v = if role == Role::Given { &p.f } else { &p.value };
                    (p.x.to_f64(), middle(v).clamp(-1e100, 1e100))
                };
                let line: Vec<(f64, f64)> =
                    part.points.iter().step_by(part.steps).map(at).collect();
                for (_, y) in &line {
                    (lo, hi) = (lo.min(*y), hi.max(*y));
                }
                layers.push(Layer::Line(role, line));
            }
        }
        for p in sampled
            .iter()
            .flat_map(|s| s.points.iter().step_by(s.steps))
        {
            let cell = |v: &Mp| decimal(&exact(&v.ball().0), 12, false);
            rows.push(vec![plain(p.x.to_f64()), cell(&p.value), cell(&p.f)]);
        }
        // A constant is a line in the middle.
        let pad = (0.05 * (hi - lo))
            .max(0.01 * lo.abs().max(hi.abs()))
            .max(1e-100);
        let value = self.value();
        let key = |role, words: String| Key {
            role,
            filled: false,
            words,
        };
        Figure {
            id: format!("{}-value", subject.prefix),
            title: "The value beside the function".to_owned(),
            alternative: format!(
                "The value {value} and the function f(x), sampled over the domain; both between {lo:.3e} and {hi:.3e}."
            ),
            caption: format!(
                "{}. Both are sampled at {} points with straight lines between them; how far they are apart is what the plot \
                 of the error says.{}",
                self.letters(),
                rows.len(),
                self.gaps()
            ),
            legend: vec![
                key(Role::Measured, format!("measured: {value}")),
                key(Role::Given, "given: f(x), which the certificate states".to_owned()),
            ],
            data: Data {
                header: [
                    "x [input units]",
                    "measure_value [output units]",
                    "measure_function [output units]",
                ]
                .map(str::to_owned)
                .to_vec(),
                rows,
            },
            plot: Plot {
                x: self.axis(),
                y: Axis::linear(
                    &format!("{value}, f(x) [output units]"),
                    lo - pad,
                    hi + pad,
                ),
                height: HEIGHT,
                layers,
            },
        }
    }
}

impl Part {
    fn columns(&self) -> impl Iterator<Item = Column> + '_ {
        let count = (self.points.len() - 1) / self.steps;
        (0..count).map(|c| {
            let points = &self.points[c * self.steps..=(c + 1) * self.steps];
            let first = size(&points[0].error);
            let (measure_min, measure_max) =
                points.iter().fold((first.clone(), first), |(a, b), p| {
                    let e = size(&p.error);
                    (min(a, e.clone()), max(b, e))
                });
            Column {
                x: (points[0].x.to_f64(), points[self.steps].x.to_f64()),
                measure_min,
                measure_max,
            }
        })
    }
}
