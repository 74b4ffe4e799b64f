//! Which slot holds which element of an activation: multiplexed packing.
//!
//! **Method** A plane is a grid of slots, row-major. With gap g it holds g^2 channels: the element (row, column) of each stands at
//! g row, g column, moved by the channel's place among the g^2. So rows and columns of a feature map keep their places when a
//! stride makes them fewer, and one rotation serves all channels of a plane. Planes follow each other; the whole is of a period
//! that is a power of two, and repeats itself along the slots of a ciphertext. What a slot without an element holds is read by
//! nothing.
//!
//! **Source** Lee et al., ePrint 2021/1688, section 4.

use crate::error::{Error, Result};
use crate::network::TensorShape;

/// The slots of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Channels, rows and columns.
    pub shape: TensorShape,
    /// Distance of neighbouring rows and of neighbouring columns of one channel, in slots of the grid.
    pub gap: usize,
    /// Rows and columns of a plane.
    pub grid: [usize; 2],
}

impl Layout {
    /// A layout with a gap, in planes of a grid.
    ///
    /// # Errors
    /// A shape that the grid does not hold.
    pub fn new(shape: TensorShape, gap: usize, grid: [usize; 2]) -> Result<Self> {
        let fits = |size: usize, slots: usize| size.checked_mul(gap).is_some_and(|n| n <= slots);
        if gap == 0 || !fits(shape.height, grid[0]) || !fits(shape.width, grid[1]) {
            return Err(Error::domain(format!(
                "{shape} with a gap of {gap} does not fit into a grid of {}x{}",
                grid[0], grid[1]
            )));
        }
        Ok(Self { shape, gap, grid })
    }

    /// Every channel a plane of its own, of powers of two, so that channels are a rotation apart modulo the period.
    #[must_use]
    pub fn plain(shape: TensorShape) -> Self {
        Self {
            shape,
            gap: 1,
            grid: [
                shape.height.next_power_of_two(),
                shape.width.next_power_of_two(),
            ],
        }
    }

    /// Another activation in the same grid, its rows and columns `factor` times as far apart.
    #[must_use]
    pub fn spread(&self, shape: TensorShape, factor: usize) -> Option<Self> {
        Self::new(shape, self.gap.checked_mul(factor)?, self.grid).ok()
    }

    /// Slots of a plane.
    fn plane(&self) -> usize {
        self.grid[0] * self.grid[1]
    }

    /// The slot of an element, elements counted row-major, channels first.
    #[inline]
    #[must_use]
    pub fn slot(&self, element: usize) -> usize {
        let (channel, place) = (element / self.shape.pixels(), element % self.shape.pixels());
        let (row, column) = (place / self.shape.width, place % self.shape.width);
        let each = self.gap * self.gap;
        let (plane, within) = (channel / each, channel % each);
        let row = row * self.gap + within / self.gap;
        plane * self.plane() + row * self.grid[1] + column * self.gap + within % self.gap
    }

    /// Slots after which it repeats: a power of two.
    #[must_use]
    pub fn period(&self) -> usize {
        let planes = self.shape.channels.div_ceil(self.gap * self.gap);
        (planes * self.plane()).next_power_of_two()
    }

    /// One period of slots that hold these elements, zeros where there is none.
    ///
    /// # Errors
    /// Another number of elements.
    pub fn pack(&self, elements: &[f64]) -> Result<Vec<f64>> {
        if elements.len() != self.shape.len() {
            return Err(Error::domain(format!(
                "{} numbers for an activation of {}",
                elements.len(),
                self.shape
            )));
        }
        let mut slots = vec![0.0; self.period()];
        for (element, &value) in elements.iter().enumerate() {
            slots[self.slot(element)] = value;
        }
        Ok(slots)
    }

    /// The elements of slots, of one period at least.
    ///
    /// # Errors
    /// Fewer slots.
    pub fn unpack(&self, slots: &[f64]) -> Result<Vec<f64>> {
        if slots.len() < self.period() {
            return Err(Error::domain(format!(
                "{} slots for an activation that takes {}",
                slots.len(),
                self.period()
            )));
        }
        let elements = 0..self.shape.len();
        Ok(elements.map(|element| slots[self.slot(element)]).collect())
    }
}

impl std::fmt::Display for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.shape)?;
        if self.gap > 1 {
            write!(f, " gap {}", self.gap)?;
        }
        write!(f, " in 2^{}", self.period().trailing_zeros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_a_slot_of_its_own() {
        let plain = Layout::plain(TensorShape::new(3, 5, 7));
        assert_eq!((plain.grid, plain.period()), ([8, 8], 256));
        let wide = Layout::new(TensorShape::new(9, 3, 3), 2, [8, 8]).unwrap();
        // Nine channels are three planes, which make four.
        assert_eq!(wide.period(), 256);
        // Channel 6 is the third of the second plane: one row down.
        assert_eq!(wide.slot(6 * 9 + 3 + 2), 64 + (2 + 1) * 8 + 4);
        let flat = Layout::plain(TensorShape::flat(10));
        assert_eq!((flat.slot(7), flat.period()), (7, 16));
        for layout in [plain, wide, flat] {
            let elements: Vec<f64> = (1..=layout.shape.len()).map(|i| i as f64).collect();
            let slots = layout.pack(&elements).unwrap();
            let held = slots.iter().filter(|&&v| v != 0.0).count();
            assert_eq!(held, elements.len());
            assert_eq!(layout.unpack(&slots).unwrap(), elements);
            assert!(layout.pack(&elements[1..]).is_err());
            assert!(layout.unpack(&slots[1..]).is_err());
        }
    }

    #[test]
    fn a_stride_keeps_places() {
        let x = Layout::plain(TensorShape::new(16, 32, 32));
        let y = x.spread(TensorShape::new(32, 16, 16), 2).unwrap();
        assert_eq!((x.period(), y.period()), (1 << 14, 1 << 13));
        // Row 3, column 5 of channel 0 stands where row 6, column 10 stood.
        assert_eq!(y.slot(3 * 16 + 5), x.slot(6 * 32 + 10));
        let z = y.spread(TensorShape::new(64, 8, 8), 2).unwrap();
        assert_eq!((z.gap, z.period()), (4, 1 << 12));
        assert!(z.spread(TensorShape::new(64, 9, 8), 1).is_none());
        assert_eq!(z.to_string(), "64x8x8 gap 4 in 2^12");
    }
}
