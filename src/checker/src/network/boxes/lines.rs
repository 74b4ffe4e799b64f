//! Lines and planes around activations on proved ranges (rule B2).
//!
//! A convex function is below its chord; any slope will do for a chord whose offset is then raised until it lies above
//! at both ends. So slopes are rounded as they come, and offsets are rounded up.

use crate::core::fault::Checked;
use crate::network::boxes::fixed::{product, shift_up, value, ONE, SLOPE_BITS};

/// An interval over 2^precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) lo: i64,
    pub(crate) hi: i64,
}

impl Range {
    pub(crate) const ZERO: Self = Self { lo: 0, hi: 0 };

    /// The greatest |x|.
    pub(crate) fn size(&self) -> i64 {
        self.lo.abs().max(self.hi.abs())
    }

    pub(crate) fn negative(&self) -> Self {
        Self {
            lo: -self.hi,
            hi: -self.lo,
        }
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            lo: self.lo + other.lo,
            hi: self.hi + other.hi,
        }
    }

    /// What both have in common; both hold the same number, so there is something unless a claim about a function is
    /// none that a function can meet, and then nothing is at stake: the first stays.
    pub(crate) fn meet(&self, other: &Self) -> Self {
        let both = Self {
            lo: self.lo.max(other.lo),
            hi: self.hi.min(other.hi),
        };
        if both.lo <= both.hi {
            both
        } else {
            *self
        }
    }
}

/// f(x) - s x within a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tilted {
    pub(crate) slope: i64,
    pub(crate) range: Range,
}

/// What is assumed of the function in place of one ReLU, on its range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    /// f(x) - max(x, 0).
    pub(crate) apart: Range,
    pub(crate) tilted: Option<Tilted>,
}

impl Function {
    /// Whether some function has all properties on the range. With a <= f - relu <= b and c <= f - s x <= d that is
    /// c - b <= relu(x) - s x <= d - a, and relu(x) - s x is convex with one bend: greatest at an end, least there or at 0.
    pub(crate) fn exists_on(&self, range: &Range) -> bool {
        let Some(tilted) = &self.tilted else {
            return true;
        };
        let between = |a: i64, b: i64| (i128::from(a) - i128::from(b)) << SLOPE_BITS;
        let least = between(tilted.range.lo, self.apart.hi);
        let most = between(tilted.range.hi, self.apart.lo);
        let middle = range.lo.max(0).min(range.hi);
        [range.lo, middle, range.hi].iter().all(|x| {
            let off = between((*x).max(0), 0) - product(tilted.slope, *x);
            least <= off && off <= most
        })
    }
}

/// slope x + offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) slope: i64,
    pub(crate) offset: i64,
}

/// A line above and a line below.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines {
    pub(crate) above: Line,
    pub(crate) below: Line,
}

/// Of a difference: lines in d, and the slope of z that both have besides; and lines in d alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planes {
    pub(crate) lines: Lines,
    pub(crate) z: i64,
    pub(crate) alone: Lines,
}

impl Planes {
    fn alone(lines: Lines) -> Self {
        Self {
            lines,
            z: 0,
            alone: lines,
        }
    }

    /// Whether the lines in d alone are others.
    pub(crate) fn differ(&self) -> bool {
        let Lines { above, below } = self.lines;
        self.z != 0 || above != self.alone.above || below != self.alone.below
    }
}

/// The line above a convex function that has these values at the ends of the range, or less.
fn chord(range: &Range, at_lo: i64, at_hi: i64) -> Checked<Line> {
    let width = i128::from(range.hi) - i128::from(range.lo);
    let rise = (i128::from(at_hi) - i128::from(at_lo)) << SLOPE_BITS;
    let slope = value(rise.checked_div(width).unwrap_or(0))?;
    above(range, slope, at_lo, at_hi)
}

/// The same with a given slope.
fn above(range: &Range, slope: i64, at_lo: i64, at_hi: i64) -> Checked<Line> {
    let need = |x: i64, v: i64| i128::from(v) + shift_up(-product(slope, x), SLOPE_BITS);
    let offset = value(need(range.lo, at_lo).max(need(range.hi, at_hi)))?;
    Ok(Line { slope, offset })
}

/// Around f = max(x, 0) + e on a range, e within `apart`.
fn of_relu(range: &Range, apart: &Range) -> Checked<Lines> {
    let flat = |slope: i64| Line { slope, offset: 0 };
    let (above, below) = if range.lo >= 0 {
        (flat(ONE), flat(ONE))
    } else if range.hi <= 0 {
        (flat(0), flat(0))
    } else {
        let steep = if range.hi > -range.lo { ONE } else { 0 };
        (chord(range, 0, range.hi)?, flat(steep))
    };
    raised(above, below, apart)
}

fn raised(above: Line, below: Line, apart: &Range) -> Checked<Lines> {
    let moved = |line: Line, by: i64| {
        let offset = value(i128::from(line.offset) + i128::from(by))?;
        Ok(Line { offset, ..line })
    };
    Ok(Lines {
        above: moved(above, apart.hi)?,
        below: moved(below, apart.lo)?,
    })
}

/// Of ReLU itself.
pub(crate) fn relu(range: &Range) -> Checked<Lines> {
    of_relu(range, &Range::ZERO)
}

/// Twice the distance of the two lines in the middle of the range, over 2^30.
fn gap(range: &Range, lines: &Lines) -> i128 {
    let turned = i128::from(lines.above.slope) - i128::from(lines.below.slope);
    let apart = i128::from(lines.above.offset) - i128::from(lines.below.offset);
    turned * (i128::from(range.lo) + i128::from(range.hi)) + (apart << (SLOPE_BITS + 1))
}

/// Of the function in place of ReLU.
pub(crate) fn function(range: &Range, f: &Function) -> Checked<Lines> {
    let lines = of_relu(range, &f.apart)?;
    let Some(tilted) = &f.tilted else {
        return Ok(lines);
    };
    let line = |offset: i64| Line {
        slope: tilted.slope,
        offset,
    };
    let own = Lines {
        above: line(tilted.range.hi),
        below: line(tilted.range.lo),
    };
    Ok(if gap(range, &own) < gap(range, &lines) {
        own
    } else {
        lines
    })
}

/// Of f(u) - max(z, 0), u = z + d.
pub(crate) fn difference(z: &Range, u: &Range, d: &Range, f: &Function) -> Checked<Planes> {
    let up = bend(z, u, d)?;
    // relu(z) - relu(u) <= slope (-d) + offset.
    let down = bend(u, z, &d.negative())?;
    let mirrored = Line {
        slope: down.slope,
        offset: -down.offset,
    };
    let alone = raised(up, mirrored, &f.apart)?;
    let Some(tilted) = &f.tilted else {
        return Ok(Planes::alone(alone));
    };
    // f(u) is s u and something, max(z, 0) between t z and t z + rise.
    let chord = if z.lo >= 0 {
        Line {
            slope: ONE,
            offset: 0,
        }
    } else if z.hi <= 0 {
        Line {
            slope: 0,
            offset: 0,
        }
    } else {
        let chord = chord(z, 0, z.hi)?;
        above(z, chord.slope.clamp(0, ONE), 0, z.hi)?
    };
    let line = |offset: i128| {
        Ok(Line {
            slope: tilted.slope,
            offset: value(offset)?,
        })
    };
    let both = Lines {
        above: line(i128::from(tilted.range.hi))?,
        below: line(i128::from(tilted.range.lo) - i128::from(chord.offset))?,
    };
    Ok(if gap(d, &both) < gap(d, &alone) {
        Planes {
            lines: both,
            z: tilted.slope - chord.slope,
            alone,
        }
    } else {
        Planes::alone(alone)
    })
}

/// A line in d above relu(z + d) - relu(z).
fn bend(z: &Range, u: &Range, d: &Range) -> Checked<Line> {
    let flat = |slope: i64| Ok(Line { slope, offset: 0 });
    if u.lo >= 0 {
        // u - relu(z) <= u - z.
        flat(ONE)
    } else if u.hi <= 0 {
        flat(0)
    } else if z.lo >= 0 {
        // max(z + d, 0) - z = max(d, -z) <= max(d, -z_lo).
        chord(d, d.lo.max(-z.lo), d.hi.max(-z.lo))
    } else if z.hi <= 0 {
        // max(z + d, 0) <= max(d + z_hi, 0).
        chord(d, (d.lo + z.hi).max(0), (d.hi + z.hi).max(0))
    } else {
        chord(d, d.lo.max(0), d.hi.max(0))
    }
}
