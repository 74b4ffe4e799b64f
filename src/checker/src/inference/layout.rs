//! Rule I2, first part: which slot holds which element of a value.

use crate::core::fault::{Checked, Fault, Rule};
use crate::format::json::{each, Tree};
use crate::format::numbers::parse_count;

pub(super) const RULE: Rule = Rule::Own("I2 layout");

/// Slots at most, and elements: those of the largest ring.
const MAX_SLOTS: u64 = 1 << 16;

/// The slots of a value: planes of a grid, in each of which gap^2 channels are interleaved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    shape: [usize; 3],
    gap: usize,
    grid: [usize; 2],
}

impl Layout {
    /// `[C, H, W, gap, rows, columns]`
    pub(super) fn read(tree: Tree) -> Checked<Self> {
        let count = |t: Tree| {
            let n = parse_count(t.text()?, 1, MAX_SLOTS)?;
            usize::try_from(n).map_err(|_| Fault::internal("count"))
        };
        let all = each(tree.list_of(6, 6)?, count)?;
        match *all.as_slice() {
            [c, h, w, gap, rows, columns] => Ok(Self {
                shape: [c, h, w],
                gap,
                grid: [rows, columns],
            }),
            _ => Err(Fault::internal("layout")),
        }
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Slots after which it repeats: the power of two that holds all planes.
    ///
    /// # Errors
    /// A rejection of rows or columns that do not fit the grid, and of too many slots.
    pub(super) fn period(&self) -> Checked<usize> {
        let [channels, height, width] = self.shape;
        let fits =
            |size: usize, slots: usize| size.checked_mul(self.gap).is_some_and(|n| n <= slots);
        let each = self.gap.checked_mul(self.gap);
        let planes = each.map(|each| channels.div_ceil(each));
        let plane = self.grid.iter().try_fold(1usize, |n, &g| n.checked_mul(g));
        let slots = planes.zip(plane).and_then(|(n, m)| n.checked_mul(m));
        let period = slots.and_then(usize::checked_next_power_of_two);
        let period = period.filter(|&n| n <= 1 << 16);
        match period {
            Some(n) if fits(height, self.grid[0]) && fits(width, self.grid[1]) => Ok(n),
            _ => Err(Fault::rejected(
                RULE,
                format!(
                    "{channels}x{height}x{width} with a gap of {} does not fit into planes of {}x{}",
                    self.gap, self.grid[0], self.grid[1]
                ),
            )),
        }
    }

    /// The slot of every element, channels first and row-major.
    ///
    /// # Errors
    /// A rejection where two elements share a slot, or one is beyond the period.
    pub(super) fn slots(&self) -> Checked<Vec<usize>> {
        let period = self.period()?;
        let [channels, height, width] = self.shape;
        let each = self.gap * self.gap;
        let plane = self.grid[0] * self.grid[1];
        let mut taken = vec![false; period];
        let mut slots = Vec::with_capacity(channels * height * width);
        for channel in 0..channels {
            let (place, within) = (channel / each, channel % each);
            for row in 0..height {
                let row = row * self.gap + within / self.gap;
                for column in 0..width {
                    let column = column * self.gap + within % self.gap;
                    let slot = place * plane + row * self.grid[1] + column;
                    match taken.get_mut(slot) {
                        Some(taken) if !*taken => *taken = true,
                        _ => {
                            let text =
                                format!("two elements in slot {slot}, or one beyond {period}");
                            return Err(Fault::rejected(RULE, text));
                        }
                    }
                    slots.push(slot);
                }
            }
        }
        Ok(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(shape: [usize; 3], gap: usize, grid: [usize; 2]) -> Layout {
        Layout { shape, gap, grid }
    }

    #[test]
    fn every_element_has_a_slot_of_its_own() {
        let wide = layout([9, 3, 3], 2, [8, 8]);
        // Three planes make four.
        assert_eq!(wide.period().unwrap(), 256);
        let slots = wide.slots().unwrap();
        assert_eq!(slots[6 * 9 + 3 + 2], 64 + (2 + 1) * 8 + 4);
        for wrong in [
            layout([1, 5, 3], 2, [8, 8]),
            layout([1, 3, 5], 2, [8, 8]),
            layout([1, 1, 1], 1 << 16, [1 << 16, 1 << 16]),
            layout([1 << 16, 2, 1], 1, [2, 1]),
        ] {
            assert!(wrong.slots().is_err(), "{wrong:?}");
        }
    }
}
