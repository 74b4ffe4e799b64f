//! Upper bounds of |deviation| of every value of a node, one noise level at a time.
//!
//! Rounding of rows is paid for with them, so they may be loose: behind a linear layer an output's amount is
//! the greatest |weight| times the sum of the amounts that it reads. At activations' inputs they are the bounds that
//! the backward rows prove, if those are smaller.

use crate::core::fault::{Checked, Fault};
use crate::network::rows::plan::{Planned, RowStep, NOWHERE};
use crate::network::rows::upper::Upper;

/// Amounts of a node's elements, (place, channel), and what they amount to together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Amounts {
    pub(crate) each: Vec<Upper>,
    /// The sum of all.
    pub(crate) total: Option<Upper>,
}

impl Amounts {
    pub(crate) fn new(each: Vec<Upper>) -> Self {
        let total = each.iter().fold(Upper::ZERO, |sum, a| sum.plus(*a));
        Self {
            each,
            total: Some(total),
        }
    }

    fn get(&self, i: usize) -> Upper {
        // A node that no activation comes before does not deviate.
        match self.total {
            None => Upper::ZERO,
            Some(_) => self.each.get(i).copied().unwrap_or(Upper::INFINITE),
        }
    }

    fn greatest(&self) -> Upper {
        self.each.iter().copied().max().unwrap_or(Upper::ZERO)
    }
}

/// What a node that is no activation makes of its inputs' amounts; and the factor of the residual of
/// its weights' rounding: the greatest sum of the amounts that one output reads.
pub(crate) fn forward(
    node: &Planned,
    inputs: &[(&Amounts, [usize; 3])],
) -> Checked<(Amounts, Upper)> {
    let [channels, height, width] = node.shape;
    let Some(&(first, x)) = inputs.first() else {
        return Err(Fault::internal("no input"));
    };
    match &node.step {
        RowStep::Activation(_) => Err(Fault::internal("an activation is not linear")),
        RowStep::Linear(l) | RowStep::Means { sums: l, .. } => {
            let plane = x[1] * x[2];
            // Sums over the channels of a group, place by place.
            let mut sums = vec![Upper::ZERO; plane * l.groups];
            for (at, sum) in sums.iter_mut().enumerate() {
                let start = at * l.inputs;
                let all = (start..start + l.inputs).map(|i| first.get(i));
                *sum = all.fold(Upper::ZERO, Upper::plus);
            }
            let mut most = Upper::ZERO;
            let mut each = Vec::with_capacity(channels * height * width);
            for row in 0..height {
                for column in 0..width {
                    let places = l.geometry.places(x, row, column);
                    for group in 0..l.groups {
                        let read = places.iter().flatten();
                        let read = read.map(|p| {
                            let sum = sums.get(p * l.groups + group);
                            sum.copied().unwrap_or(Upper::INFINITE)
                        });
                        let field = read.fold(Upper::ZERO, Upper::plus);
                        most = most.max(field);
                        let amount = field.times(l.greatest);
                        each.extend(std::iter::repeat_n(amount, l.outputs));
                    }
                }
            }
            Ok((Amounts::new(each), most))
        }
        RowStep::Scale(factors) => {
            let scale = |(i, a): (usize, &Upper)| {
                let factor = factors.values.get(i % channels.max(1)).copied();
                let factor = factor.ok_or_else(|| Fault::internal("factor"))?;
                let size = Upper::new(factor.unsigned_abs().into(), factors.exponent);
                Ok(size.plus(factors.off).times(*a))
            };
            let each = first.each.iter().enumerate().map(scale);
            Ok((
                Amounts::new(each.collect::<Checked<_>>()?),
                first.greatest(),
            ))
        }
        RowStep::Add => {
            let count = channels * height * width;
            let sum = |i: usize| {
                let parts = inputs.iter().map(|(a, _)| a.get(i));
                parts.fold(Upper::ZERO, Upper::plus)
            };
            Ok((Amounts::new((0..count).map(sum).collect()), Upper::ZERO))
        }
        RowStep::Move(moves) => {
            let mut each = vec![Upper::ZERO; channels * height * width];
            for ((a, x), list) in inputs.iter().zip(&moves.lists) {
                let from = x[1] * x[2];
                let plane = height * width;
                for (i, &j) in list.iter().enumerate() {
                    if j == NOWHERE {
                        continue;
                    }
                    let j = j as usize;
                    let amount = a.get(j % from * x[0] + j / from);
                    let to = each.get_mut(i % plane * channels + i / plane);
                    *to.ok_or_else(|| Fault::internal("moved"))? = amount;
                }
            }
            Ok((Amounts::new(each), Upper::ZERO))
        }
    }
}
