//! A plot as inline SVG, drawn by plotters and coloured by the page.
//!
//! plotters writes fixed colours, pixel sizes and fonts. Here every colour stands for a role, and is
//! replaced by a class, so that the page's style sheet decides (light and dark); sizes become a view box, so
//! that the plot scales with the page. Coordinates are drawn at ten times the nominal size, because
//! the backend rounds them to whole numbers. Axes have explicit ticks: no logarithm of the machine's
//! library reaches the bytes.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// Drawn units for one unit of the nominal size.
const UNIT: i32 = 10;
/// Nominal width; on a telephone it is shown at 0.75 of it, on a desk at about 1.
const WIDTH: i32 = 480;
/// Height of a letter.
const LETTER: i32 = 13;

/// What a mark stands for; the page has one colour and line style for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Verified by the checker.
    Proved,
    /// Verified by the checker, the second such thing in a plot.
    ProvedToo,
    /// Sampled.
    Measured,
    /// An estimate or a model.
    Estimate,
    /// Copied from the certificate's author.
    Given,
    /// Words beside dots.
    Ink,
    /// Axes and their words.
    Quiet,
    /// Lines at the ticks.
    Grid,
}

/// Every role with the name of its class; its place is its colour's red part.
const ROLES: [(Role, &str); 8] = [
    (Role::Proved, "proved"),
    (Role::ProvedToo, "proved-too"),
    (Role::Measured, "measured"),
    (Role::Estimate, "estimated"),
    (Role::Given, "given"),
    (Role::Ink, "ink"),
    (Role::Quiet, "quiet"),
    (Role::Grid, "grid"),
];

impl Role {
    /// The name of its class in the style sheet.
    pub fn class(self) -> &'static str {
        ROLES
            .iter()
            .find(|(role, _)| *role == self)
            .map_or("ink", |(_, name)| name)
    }

    fn color(self) -> RGBColor {
        let place = ROLES.iter().position(|(role, _)| *role == self);
        RGBColor(place.unwrap_or(0) as u8 + 1, 0, 0)
    }
}

/// One thing drawn; coordinates are those of the axes.
#[derive(Debug, Clone)]
pub enum Layer {
    /// A line through points.
    Line(Role, Vec<(f64, f64)>),
    /// Between a lower and an upper line: x, lower, upper.
    Band(Role, Vec<(f64, f64, f64)>),
    /// A dot, with words beside it (none if empty).
    Dot(Role, (f64, f64), String, Beside),
    /// Small dots without words.
    Points(Role, Vec<(f64, f64)>),
    /// A filled rectangle between two corners.
    Bar(Role, (f64, f64), (f64, f64)),
}

/// Where the words of a dot stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// To the left and a little below.
    Left,
    /// To the right and a little above.
    Right,
}

/// An axis with explicit ticks, increasing from `lo` to `hi`; values beyond are drawn at the ends.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Left or lower end.
    pub lo: f64,
    /// Right or upper end.
    pub hi: f64,
    /// Places and words.
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Ticks at round numbers; a power of ten common to all goes into the label.
    ///
    /// **Inputs** finite lo < hi.
    pub fn linear(label: &str, lo: f64, hi: f64) -> Self {
        const MOST: f64 = 6.0;
        let size = lo.abs().max(hi.abs());
        let width = (hi - lo).max(f64::MIN_POSITIVE);
        // 10^e <= width/6 < 10^(e+1), from decimal powers that are exact to rounding.
        let mut e = -300;
        while e < 300 && power_of_ten(e + 1) <= width / MOST {
            e += 1;
        }
        let fits = |m: &f64| width / (m * power_of_ten(e)) <= MOST;
        let (m, e) = match [1.0, 2.0, 5.0].into_iter().find(fits) {
            Some(m) => (m, e),
            None => (1.0, e + 1),
        };
        let plain = (1e-3..1e5).contains(&size);
        let shared = if plain {
            0
        } else {
            (-300..300)
                .find(|&k| power_of_ten(k + 1) > size)
                .unwrap_or(0)
        };
        let step = m * power_of_ten(e);
        let (first, last) = ((lo / step).ceil() as i64, (hi / step).floor() as i64);
        let ticks = (first..=last)
            .map(|n| {
                (
                    n as f64 * step,
                    decimal(n.saturating_mul(m as i64), e - shared),
                )
            })
            .collect();
        let label = if shared == 0 {
            label.to_owned()
        } else {
            format!("{label}, in units of 10{}", superscript(shared))
        };
        Self {
            label,
            lo,
            hi,
            ticks,
        }
    }

    /// Values are base-2 logarithms; ticks at powers of two.
    pub fn log2(label: &str, lo: f64, hi: f64) -> Self {
        let (first, last) = (lo.ceil() as i32, hi.floor() as i32);
        let step = ((last - first) / 7 + 1).max(1);
        let ticks = (first..=last)
            .filter(|n| n.rem_euclid(step) == 0)
            .map(|n| (f64::from(n), format!("2^{n}")))
            .collect();
        Self {
            label: label.to_owned(),
            lo,
            hi,
            ticks,
        }
    }

    /// Whole numbers from 0.
    pub fn count(label: &str, lo: f64, hi: f64) -> Self {
        let (first, last) = (lo.ceil().max(0.0) as i32, hi.floor() as i32);
        let step = ((last - first) / 9 + 1).max(1);
        let ticks = (first..=last)
            .filter(|n| n.rem_euclid(step) == 0)
            .map(|n| (f64::from(n), n.to_string()))
            .collect();
        Self {
            label: label.to_owned(),
            lo,
            hi,
            ticks,
        }
    }

    /// Named places.
    pub fn named(label: &str, lo: f64, hi: f64, ticks: Vec<(f64, String)>) -> Self {
        Self {
            label: label.to_owned(),
            lo,
            hi,
            ticks,
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (a, b): (i32, i32)) -> i32 {
        let part = (value.clamp(self.lo, self.hi) - self.lo) / (self.hi - self.lo);
        a + (f64::from(b - a) * part).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.lo..self.hi
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(at, _)| at == value);
        tick.map(|(_, words)| words.clone()).unwrap_or_default()
    }
}

/// A plot without words about it.
#[derive(Debug, Clone)]
pub struct Plot {
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Nominal height, the width being 480.
    pub height: i32,
    /// From back to front.
    pub layers: Vec<Layer>,
}

impl Plot {
    /// The elements of the plot, and its view box; class names of [`Role`] with `s-` for strokes and `f-`
    /// for fills.
    pub fn svg(&self) -> Option<(String, String)> {
        let size = (WIDTH * UNIT, self.height * UNIT);
        let mut text = String::new();
        self.draw(&mut text, (size.0 as u32, size.1 as u32)).ok()?;
        Some((format!("0 0 {} {}", size.0, size.1), themed(&text)))
    }

    fn draw(
        &self,
        text: &mut String,
        size: (u32, u32),
    ) -> Result<(), Box<dyn std::error::Error + '_>> {
        let letter = |role: Role| {
            ("sans-serif", LETTER * UNIT)
                .into_font()
                .color(&role.color())
        };
        let root = SVGBackend::with_string(text, size).into_drawing_area();
        // The label of the vertical axis stands above it, level and in full.
        root.draw_text(&self.y.label, &letter(Role::Quiet), (4 * UNIT, 3 * UNIT))?;
        let widest = self.y.ticks.iter().map(|(_, t)| t.chars().count()).max();
        let left = 14 + 7 * widest.unwrap_or(0).clamp(2, 12) as i32;
        let mut chart = ChartBuilder::on(&root)
            .margin_top(30 * UNIT)
            .margin_right(18 * UNIT)
            .margin_left(2 * UNIT)
            .x_label_area_size(42 * UNIT)
            .y_label_area_size(left * UNIT)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        chart
            .configure_mesh()
            .bold_line_style(Role::Grid.color())
            .axis_style(Role::Quiet.color())
            .label_style(letter(Role::Quiet))
            .axis_desc_style(letter(Role::Quiet))
            .x_desc(&self.x.label)
            .set_all_tick_mark_size(4 * UNIT)
            .draw()?;
        for layer in &self.layers {
            match layer {
                Layer::Line(role, points) => {
                    chart.draw_series(LineSeries::new(points.iter().copied(), role.color()))?;
                }
                Layer::Band(role, points) => {
                    let upper = points.iter().map(|&(x, _, hi)| (x, hi));
                    let lower = points.iter().rev().map(|&(x, lo, _)| (x, lo));
                    let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
                    let band = Polygon::new(outline, role.color().filled());
                    chart.draw_series(std::iter::once(band))?;
                }
                Layer::Dot(role, at, words, beside) => {
                    let (side, x, y) = match beside {
                        Beside::Left => (HPos::Right, -6 * UNIT, 5 * UNIT),
                        Beside::Right => (HPos::Left, 6 * UNIT, -7 * UNIT),
                    };
                    let style = letter(Role::Ink).pos(Pos::new(side, VPos::Center));
                    let dot = EmptyElement::at(*at)
                        + Circle::new((0, 0), 4 * UNIT, role.color().filled())
                        + Text::new(words.clone(), (x, y), style);
                    chart.draw_series(std::iter::once(dot))?;
                }
                Layer::Points(role, points) => {
                    let dot = |at: &(f64, f64)| Circle::new(*at, 2 * UNIT, role.color().filled());
                    chart.draw_series(points.iter().map(dot))?;
                }
                Layer::Bar(role, a, b) => {
                    let bar = Rectangle::new([*a, *b], role.color().filled());
                    chart.draw_series(std::iter::once(bar))?;
                }
            }
        }
        root.present()?;
        Ok(())
    }
}

/// The elements with classes in place of colours, and without what the style sheet says.
fn themed(svg: &str) -> String {
    let body = svg.split_once(">\n").map_or(svg, |(_, rest)| rest);
    let mut out = body.replace("</svg>", "");
    for (i, (_, name)) in ROLES.iter().enumerate() {
        for (attribute, kind) in [("stroke", "s"), ("fill", "f")] {
            let color = format!("{attribute}=\"#{:02X}0000\"", i + 1);
            out = out.replace(&color, &format!("class=\"{kind}-{name}\""));
        }
    }
    for noise in [
        " opacity=\"1\"",
        " fill=\"none\"",
        " stroke=\"none\"",
        " font-family=\"sans-serif\"",
    ] {
        out = out.replace(noise, "");
    }
    for attribute in [" stroke-width=\"", " font-size=\""] {
        out = without(&out, attribute);
    }
    // An element without words, from a dot that has none.
    let lines = out.replace(">\n", ">").replace("\n</text>", "</text>");
    let lines = lines.replace(" \"/>", "\"/>").replace("/><", "/>\n<");
    let lines = lines.replace("</text><", "</text>\n<");
    let shown = lines.lines().filter(|l| !l.ends_with("\"></text>"));
    shown.map(|l| l.to_owned() + "\n").collect()
}

/// The text without an attribute, wherever it stands.
fn without(text: &str, attribute: &str) -> String {
    let mut parts = text.split(attribute);
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        out.push_str(part.split_once('"').map_or("", |(_, rest)| rest));
    }
    out
}

/// 10^e by repeated products: the same on every machine.
fn power_of_ten(e: i32) -> f64 {
    let power = (0..e.unsigned_abs()).fold(1.0, |p, _| p * 10.0);
    if e < 0 {
        1.0 / power
    } else {
        power
    }
}

/// n 10^e as a decimal.
fn decimal(n: i64, e: i32) -> String {
    let sign = if n < 0 { "\u{2212}" } else { "" };
    let digits = n.unsigned_abs().to_string();
    if n == 0 || e >= 0 {
        let zeros = if n == 0 { 0 } else { e as usize };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    }
    let places = e.unsigned_abs() as usize;
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, part) = padded.split_at(padded.len() - places);
    format!("{sign}{whole}.{part}")
}

/// An exponent in small raised digits.
fn superscript(n: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| match c.to_digit(10) {
        Some(d) => DIGITS[d as usize],
        None => '⁻',
    };
    n.to_string().chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, t)| t.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            words(&Axis::linear("x", -1.0, 1.0)),
            ["−1.0", "−0.5", "0.0", "0.5", "1.0"].map(|t| if t == "0.0" { "0" } else { t })
        );
        let tiny = Axis::linear("x", -4.2e-5, 0.0);
        assert_eq!(words(&tiny), ["−4", "−3", "−2", "−1", "0"]);
        assert_eq!(tiny.label, "x, in units of 10⁻⁵");
        assert_eq!(words(&Axis::log2("e", -27.5, -13.0)).last(), Some(&"2^-15"));
        for (lo, hi) in [(0.0, 1e-290), (-1e9, 3e14), (0.0, 7.0), (1.0, 1.0001)] {
            let n = Axis::linear("x", lo, hi).ticks.len();
            assert!((2..=7).contains(&n), "{lo} {hi}: {n}");
        }
    }

    #[test]
    fn colours_and_sizes_are_left_to_the_page() {
        let plot = Plot {
            x: Axis::linear("x [1]", 0.0, 1.0),
            y: Axis::log2("error [1]", -8.0, 0.0),
            height: 300,
            layers: vec![
                Layer::Band(Role::Measured, vec![(0.0, -8.0, -3.0), (1.0, -8.0, -2.0)]),
                Layer::Line(Role::Proved, vec![(0.0, -1.0), (1.0, -1.0)]),
                Layer::Dot(
                    Role::Proved,
                    (0.5, -2.0),
                    "a < b & c".to_owned(),
                    Beside::Left,
                ),
                Layer::Dot(Role::Given, (0.6, -2.0), String::new(), Beside::Right),
                Layer::Bar(Role::ProvedToo, (0.1, -3.0), (0.2, -2.0)),
            ],
        };
        let (view, svg) = plot.svg().unwrap();
        assert_eq!(view, "0 0 4800 3000");
        for fixed in [
            "#",
            "font",
            "stroke-width",
            "opacity",
            "http",
            "<svg",
            "></text>",
        ] {
            assert!(!svg.contains(fixed), "{fixed}: {svg}");
        }
        for wanted in [
            "s-proved\"",
            "f-measured\"",
            "f-proved-too\"",
            "a &lt; b &amp; c",
            "error [1]",
            "s-grid",
        ] {
            assert!(svg.contains(wanted), "{wanted}: {svg}");
        }
    }
}
