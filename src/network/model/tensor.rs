//! An activation of the network as balls, plane by plane.

use crate::arith::ball::Ball;
use crate::network::model::ops::TensorShape;

/// One ball for each element, row-major, channels first.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Channels, rows and columns.
    pub shape: TensorShape,
    /// Leading parts of the midpoints.
    pub hi: Vec<f64>,
    /// Rests of the midpoints.
    pub lo: Vec<f64>,
    /// Radii.
    pub radius: Vec<f64>,
}

impl Tensor {
    /// Zeros.
    pub fn zeros(shape: TensorShape) -> Self {
        let zeros = vec![0.0; shape.len()];
        Self {
            shape,
            hi: zeros.clone(),
            lo: zeros.clone(),
            radius: zeros,
        }
    }

    /// A tensor from its balls.
    ///
    /// # Panics
    /// If the number of balls is not that of the shape.
    pub fn from_balls(shape: TensorShape, balls: &[Ball]) -> Self {
        assert_eq!(balls.len(), shape.len());
        Self {
            shape,
            hi: balls.iter().map(|b| b.hi).collect(),
            lo: balls.iter().map(|b| b.lo).collect(),
            radius: balls.iter().map(|b| b.radius).collect(),
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.hi.len()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.hi.is_empty()
    }

    /// An element.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Ball {
        Ball::new((self.hi[i], self.lo[i]), self.radius[i])
    }

    /// Replaces an element.
    #[inline(always)]
    pub fn set(&mut self, i: usize, ball: Ball) {
        self.hi[i] = ball.hi;
        self.lo[i] = ball.lo;
        self.radius[i] = ball.radius;
    }

    /// All elements.
    pub fn balls(&self) -> impl Iterator<Item = Ball> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The first element that overflowed.
    pub fn overflow(&self) -> Option<usize> {
        self.balls().position(|b| !b.is_finite())
    }

    /// Drops the rests into the radii.
    pub fn make_single(&mut self) {
        for i in 0..self.len() {
            self.set(i, self.get(i).single());
        }
    }
}
