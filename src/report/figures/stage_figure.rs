//! The proved ranges of all stages as an interval chart.

use crate::arith::number::{decimal, parse};
use crate::certificate::checked::Checked;
use crate::certificate::read::{number, Claim, StageRanges};
use crate::error::Result;
use crate::report::figures::figure::{Data, Figure, Key};
use crate::report::figures::plot::{Axis, Layer, Plot, Role};
use rug::Rational;

/// One claim: the output of every stage over a stretch of |x|.
struct Ranges {
    from: Rational,
    to: Rational,
    stages: Vec<(Rational, Rational)>,
}

/// The figure; none where the certificate claims no ranges, or where they are too wide to be drawn.
///
/// # Errors
/// A number that this program does not read.
pub fn figure(checked: &Checked, prefix: &str) -> Result<Option<Figure>> {
    let claims = checked.document().claims.iter();
    let all: Result<Vec<Ranges>> = claims
        .filter_map(|c| match c {
            Claim::StageRanges(ranges) => Some(read(ranges)),
            _ => None,
        })
        .collect();
    let all = all?;
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return Ok(None);
    };
    let shown = if all.len() == 1 {
        vec![first]
    } else {
        vec![first, last]
    };
    let ends = shown.iter().flat_map(|r| &r.stages);
    let (mut lo, mut hi) = (0.0f64, 1.0f64);
    for (a, b) in ends {
        (lo, hi) = (lo.min(a.to_f64()), hi.max(b.to_f64()));
    }
    if !(lo > -1e100 && hi < 1e100) {
        return Ok(None);
    }
    let n = first.stages.len();
    let pad = 0.03 * (hi - lo);
    let height = 0.62 / shown.len() as f64;
    let mut layers = Vec::new();
    let mut legend = Vec::new();
    for (k, (ranges, role)) in shown
        .iter()
        .zip([Role::ProvedToo, Role::Proved])
        .enumerate()
    {
        for (i, (a, b)) in ranges.stages.iter().enumerate() {
            let top = (n - i) as f64 - 0.19 - k as f64 * height;
            let (left, right) = (a.to_f64(), b.to_f64());
            // A range of one point is still seen.
            let right = right.max(left + 0.004 * (hi - lo));
            layers.push(Layer::Bar(role, (left, top), (right, top - height * 0.86)));
        }
        legend.push(Key {
            role,
            filled: true,
            words: format!(
                "proved: for {} <= |x| <= {}",
                decimal(&ranges.from, 4, true),
                decimal(&ranges.to, 6, false)
            ),
        });
    }
    layers.push(Layer::Line(Role::Given, vec![(1.0, 0.0), (1.0, n as f64)]));
    legend.push(Key {
        role: Role::Given,
        filled: false,
        words: "1, what the last stage aims at".to_owned(),
    });
    let ticks = (0..n).map(|i| ((n - i) as f64 - 0.5, format!("p{}", subscript(i + 1))));
    Ok(Some(Figure {
        id: format!("{prefix}-stages"),
        title: "Range of every stage".to_owned(),
        alternative: alternative(&shown),
        caption: "Every output of a stage, times the sign of x, lies in its bar: what decides the scales and \
                  the precision of an encrypted evaluation. All of it is proved; nothing is sampled."
            .to_owned(),
        legend,
        plot: Plot {
            x: Axis::linear("output of the stage, times the sign of x [stage units]", lo - pad, hi + pad),
            y: Axis::named("stage, first applied first", 0.0, n as f64, ticks.collect()),
            height: 110 + 34 * n.min(12) as i32,
            layers,
        },
        data: data(&all),
    }))
}

fn read(claim: &StageRanges) -> Result<Ranges> {
    let ends = |[lo, hi]: &[String; 2]| Ok((parse(lo)?, parse(hi)?));
    let stages: Result<Vec<_>> = claim.ranges.iter().map(ends).collect();
    Ok(Ranges {
        from: number(&claim.from, "from")?,
        to: number(&claim.to, "to")?,
        stages: stages?,
    })
}

fn alternative(shown: &[&Ranges]) -> String {
    let mut words = String::new();
    for r in shown {
        words.push_str(&format!("From |x| = {}:", decimal(&r.from, 4, true)));
        for (i, (a, b)) in r.stages.iter().enumerate() {
            let (a, b) = (decimal(a, 4, false), decimal(b, 4, true));
            words.push_str(&format!(" stage {} in [{a}, {b}];", i + 1));
        }
        words.push(' ');
    }
    words.trim_end_matches([' ', ';']).to_owned() + "."
}

fn data(all: &[Ranges]) -> Data {
    let header = [
        "stage",
        "x_from [composite units]",
        "x_to [composite units]",
        "bound_lo [stage units]",
        "bound_hi [stage units]",
    ];
    let mut rows = Vec::new();
    for r in all {
        for (i, (a, b)) in r.stages.iter().enumerate() {
            rows.push(vec![
                (i + 1).to_string(),
                decimal(&r.from, 12, true),
                decimal(&r.to, 12, false),
                decimal(a, 12, false),
                decimal(b, 12, true),
            ]);
        }
    }
    Data {
        header: header.map(str::to_owned).to_vec(),
        rows,
    }
}

/// An index in small lowered digits.
pub fn subscript(n: usize) -> String {
    const DIGITS: [char; 10] = ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇', '₈', '₉'];
    let digits = n.to_string();
    digits
        .chars()
        .filter_map(|c| c.to_digit(10))
        .map(|d| DIGITS[d as usize])
        .collect()
}
