//! Plots of one row for each of several things: places from the top, and the height.

/// Most rows of one plot; a page has more plots where there are more.
pub const MOST: usize = 32;

/// The place of row i of n.
pub fn place(i: usize, n: usize) -> f64 {
    (n - i) as f64 - 0.5
}

/// The nominal height of a plot of so many rows.
pub fn height(rows: usize) -> i32 {
    90 + 26 * rows.clamp(2, MOST) as i32
}
