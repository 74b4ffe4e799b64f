//! Rows go back side by side: how many, and their numbers at one element.

/// Rows that go together.
pub const LANES: usize = 16;
/// One number for each row.
pub type Lane = [f32; LANES];
