//! The tournament that pools and argmax share: who plays whom, and what the inputs are mapped to.

use crate::core::fault::{Checked, Fault};
use crate::core::fixed::Interval;
use crate::core::ground::Ground;
use crate::core::number::Rational;
use num_bigint::BigInt;

/// Plays the tournament: neighbours are paired in every round, an odd last value passes on.
pub(crate) fn tournament<T>(
    mut values: Vec<T>,
    mut play: impl FnMut(T, T) -> Checked<T>,
) -> Checked<T> {
    loop {
        let mut next = Vec::with_capacity(values.len() / 2 + 1);
        let mut rest = values.into_iter();
        while let Some(a) = rest.next() {
            next.push(match rest.next() {
                Some(b) => play(a, b)?,
                None => a,
            });
        }
        if next.len() <= 1 {
            let last = next.pop();
            return last.ok_or_else(|| Fault::internal("an empty tournament"));
        }
        values = next;
    }
}

/// Encloses c x + 1/2.
pub(crate) fn map_input(x: &Rational, scale: &Rational, ground: &Ground) -> Checked<Interval> {
    let fixed = &ground.fixed;
    fixed
        .budget
        .product(x.bits() + fixed.precision, scale.bits())?;
    let work = (x.bits() + scale.bits() + fixed.precision) / 64 + 1;
    fixed.budget.charge(work * work)?;
    let product = x.times(scale);
    let half = BigInt::from(1) << (fixed.precision - 1);
    Ok(Interval::new(
        product.floor_at(fixed.precision) + &half,
        product.ceil_at(fixed.precision) + half,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_and_order() {
        for (n, depth, worst) in [
            (2, 1, 0),
            (3, 2, 1),
            (4, 2, 2),
            (5, 3, 2),
            (9, 4, 4),
            (1024, 10, 18),
        ] {
            let mut deepest = 0;
            let found = tournament(vec![0_u32; n], |i, j| {
                deepest = deepest.max(i + j);
                Ok(1 + i.max(j))
            });
            assert_eq!((found.unwrap(), deepest), (depth, worst), "{n}");
        }
        let names: Vec<String> = ["a", "b", "c", "d", "e"].map(String::from).into();
        let played = tournament(names, |a, b| Ok(format!("({a}{b})"))).unwrap();
        assert_eq!(played, "(((ab)(cd))e)");
    }
}
