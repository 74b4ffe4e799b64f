//! Which elements of an activation have their mean and variance together.

use crate::error::{Error, Result};
use crate::network::model::shape::TensorShape;

/// The axes of an activation over which mean and variance are taken: elements that differ in their places along these axes
/// alone are one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// Channels.
    pub channels: bool,
    /// Rows.
    pub rows: bool,
    /// Columns.
    pub columns: bool,
}

impl Over {
    /// Each channel of its own, over rows and columns.
    pub const PIXELS: Self = Self::new([false, true, true]);
    /// Each pixel of its own, over channels; all of a flat vector.
    pub const CHANNELS: Self = Self::new([true, false, false]);
    /// Over rows.
    pub const ROWS: Self = Self::new([false, true, false]);

    /// Channels, rows and columns.
    pub const fn new([channels, rows, columns]: [bool; 3]) -> Self {
        Self {
            channels,
            rows,
            columns,
        }
    }

    /// Channels, rows and columns.
    pub fn axes(self) -> [bool; 3] {
        [self.channels, self.rows, self.columns]
    }

    /// The shape of one number for each group: 1 along the axes.
    pub fn reduced(self, x: TensorShape) -> TensorShape {
        let kept = |over: bool, size: usize| if over { 1 } else { size };
        TensorShape::new(
            kept(self.channels, x.channels),
            kept(self.rows, x.height),
            kept(self.columns, x.width),
        )
    }

    /// The number of elements of a group.
    pub fn size(self, x: TensorShape) -> usize {
        x.len() / self.reduced(x).len().max(1)
    }

    /// For each element, row-major, its group.
    pub fn groups(self, x: TensorShape) -> Vec<usize> {
        let to = self.reduced(x);
        let at = |over: bool, i: usize| if over { 0 } else { i };
        let of = |i: usize| {
            let (c, p) = (i / x.pixels(), i % x.pixels());
            let row = at(self.rows, p / x.width);
            (at(self.channels, c) * to.height + row) * to.width + at(self.columns, p % x.width)
        };
        (0..x.len()).map(of).collect()
    }

    /// The axes by their names.
    pub fn words(self) -> String {
        let names = ["channels", "rows", "columns"];
        let all = self.axes().into_iter().zip(names);
        let all: Vec<&str> = all.filter(|a| a.0).map(|a| a.1).collect();
        format!("over {}", all.join(", "))
    }

    /// # Errors
    /// Groups of fewer than two elements, whose variance is 0.
    pub fn check(self, x: TensorShape) -> Result<()> {
        match self.size(x) {
            2.. => Ok(()),
            n => Err(Error::domain(format!(
                "normalises groups of {n} element {} of {x}: mean and variance take 2 or more",
                self.words()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_what_the_axes_leave() {
        let x = TensorShape::new(2, 2, 3);
        for (axes, size, groups) in [
            (
                [true, false, false],
                2,
                vec![0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5],
            ),
            (
                [false, true, true],
                6,
                vec![0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
            ),
            (
                [false, false, true],
                3,
                vec![0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3],
            ),
            (
                [true, false, true],
                6,
                vec![0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1],
            ),
            ([true, true, true], 12, vec![0; 12]),
        ] {
            let over = Over::new(axes);
            assert_eq!((over.size(x), over.groups(x)), (size, groups), "{axes:?}");
        }
        assert!(Over::CHANNELS.check(TensorShape::new(1, 4, 4)).is_err());
        assert!(Over::new([false; 3]).check(x).is_err());
    }
}
