//! Argmax by a tournament: one-hot weights of the greatest of n inputs, and the gap that decides.
//!
//! Every match m(a, b) = s a + (1 - s) b, s = (1 + p(a - b))/2, also multiplies the weights under a by s and
//! those under b by 1 - s. If the greatest input exceeds all others by g, each of its matches has a
//! difference of at least c g - (i + j) E in size, where p is within eps of the sign: every weight is then
//! within (1 + eps/2)^L - 1, or eps/2 max((1 + M)/2, 1 + eps/2)^(L-1), of the exact one-hot, M = max |p|. The
//! derivation is in `certificates/FORMAT.md`, section 4.

use crate::arith::mp::{short, Mp};
use crate::certify::claims::closeness;
use crate::certify::claims::closeness::Closeness;
use crate::certify::claims::pool::{input_scale, tournament, widest};
use crate::certify::composite::cascade::Branch;
use crate::certify::published;
use crate::error::{Error, ErrorKind, Result};
use crate::function::target::Target;
use crate::poly::composite::Side;
use rug::float::Round;
use rug::{Float, Rational};

/// The weights' bound that a gap is looked for where neither a gap nor a claim is given: 2^-6.
const DEFAULT_BOUND: u32 = 6;

/// A proved bound of the weights' distance from the exact one-hot.
#[derive(Debug, Clone)]
pub struct Argmax {
    /// Number of inputs n.
    pub inputs: usize,
    /// B: inputs are in [-B, B].
    pub range: Rational,
    /// c of the input map x -> c x + 1/2.
    pub input_scale: Rational,
    /// The greatest input exceeds all others by this or more.
    pub gap: Rational,
    /// Upper bound of the distance.
    pub bound_hi: Rational,
    /// Inputs with that gap, and how far a weight is off at least (0 where none was found).
    pub witness: (Vec<Rational>, Rational),
}

/// Bounds the weights, with the closeness that they follow from.
///
/// **Inputs** `e` the published bound of the deviation on [-W, W], `to` = W; `most` the largest |p| there, as
/// published; `claim` the wanted bound, if there is one.
/// **Guarantee** witness <= largest distance <= bound_hi.
///
/// # Errors
/// A gap that the deviation does not resolve, with the least that it does; a bound that no gap reaches.
pub fn bound(
    branches: &[Branch],
    target: &Target,
    (e, to, most): (&Rational, &Rational, &Rational),
    claim: Option<&Rational>,
) -> Result<(Argmax, Closeness)> {
    let tree = tournament(target.inputs)?;
    let c = input_scale(&tree, &target.scale, target.input_scale.as_ref(), to, e)?;
    let drift = Rational::from(e * widest(&tree) as u32);
    let depth = tree.depth() as u32;
    let weights = |z: &Rational| -> Result<Rational> {
        let eps = published::upper(&closeness::bound(branches, z, to)?);
        Ok(distance(&eps, most, depth))
    };
    let (zone, gap) = match &target.gap {
        Some(gap) => {
            let zone = Rational::from(gap * &c) - &drift;
            // Rounded down, so that the checker's condition holds.
            let zone = short(&Float::with_val(128, &zone), 40, Round::Down);
            let widest = Rational::from(&target.scale * 2u32);
            if zone <= 0u32 || *gap > widest {
                let least = Rational::from(&drift / &c);
                return Err(Error::domain(format!(
                    "a gap of {gap} cannot be decided here: it must be above {} and at most {widest}",
                    crate::arith::number::decimal(&least, 6, true)
                )));
            }
            (zone, gap.clone())
        }
        None => {
            let usual = Rational::from(1) >> DEFAULT_BOUND;
            let zone = least_zone(to, claim.unwrap_or(&usual), &weights)?;
            let gap = Rational::from(&zone + &drift) / &c;
            (
                zone,
                short(
                    &Float::with_val_round(128, &gap, Round::Up).0,
                    24,
                    Round::Up,
                ),
            )
        }
    };
    let closeness = closeness::enclose(branches, &zone, to)?;
    let bound_hi = weights(&zone)?;
    let bound_hi = Float::with_val_round(published::BOUND_BITS, &bound_hi, Round::Up).0;
    let mut argmax = Argmax {
        inputs: target.inputs,
        range: target.scale.clone(),
        input_scale: c,
        gap,
        bound_hi: bound_hi.to_rational().unwrap_or_default(),
        witness: Default::default(),
    };
    argmax.witness = witness(branches, &argmax, &closeness)?;
    Ok((argmax, closeness))
}

/// The bound of the weights from the closeness eps and the largest |p|.
fn distance(eps: &Rational, most: &Rational, depth: u32) -> Rational {
    let one = Rational::from(1);
    let off = Rational::from(eps / 2u32);
    let winner = Rational::from(&one + &off);
    let share = Rational::from(most + &one) / 2u32;
    let factor = share.max(winner.clone());
    let power = |x: &Rational, n: u32| (0..n).fold(one.clone(), |p, _| p * x);
    let greatest = power(&winner, depth) - &one;
    greatest.max(off * power(&factor, depth.saturating_sub(1)))
}

/// The least zone found whose bound is at most `wanted`: a dyadic of 12 significant bits.
fn least_zone(
    to: &Rational,
    wanted: &Rational,
    weights: &impl Fn(&Rational) -> Result<Rational>,
) -> Result<Rational> {
    let top = to.to_f64();
    let exact = |z: f64| {
        Float::with_val_round(12, z, Round::Up)
            .0
            .to_rational()
            .unwrap_or_default()
    };
    let (mut bad, mut good) = (top * 2.0f64.powi(-40), top * 0.75);
    let best = weights(&exact(good))?;
    if best > *wanted {
        let reached = crate::arith::number::decimal(&best, 4, true);
        return Err(Error::domain(format!(
            "no gap brings the weights within {wanted} of the one-hot: {reached} is what this composite reaches"
        )));
    }
    while good > bad * (1.0 + 2.0f64.powi(-10)) {
        let middle = (good * bad).sqrt();
        if weights(&exact(middle))? <= *wanted {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Ok(exact(good))
}

/// Inputs with the gap, for which a weight is far off: the greatest first, its opponents in every round just
/// the same distance below, all others far below.
fn witness(
    branches: &[Branch],
    argmax: &Argmax,
    closeness: &Closeness,
) -> Result<(Vec<Rational>, Rational)> {
    let (b, c, gap) = (&argmax.range, &argmax.input_scale, &argmax.gap);
    let n = argmax.inputs;
    // Hint numbers are multiples of 2^-64 here.
    let grid = |x: Rational| (x << 64u32).floor() >> 64u32;
    let far = closeness.witness.x.to_rational().unwrap_or_default().abs() / c;
    let width = Rational::from(b * 2u32);
    let top = grid(b.clone());
    let bottom = Rational::from(-&top);
    let mut best = (vec![Rational::new(); n], Rational::new());
    // The gap, the distance of the worst closeness, and what lies between.
    let mut distances = vec![gap.clone(), far];
    distances.extend((1..32).map(|k| {
        let room = Rational::from(&width - gap);
        room * Rational::from((k * k, 32 * 32)) + gap
    }));
    for greatest_first in [true, false] {
        for distance in distances.iter().filter(|d| *d >= gap && **d <= width) {
            let mut x: Vec<Rational> = (0..n as u32)
                .map(|i| {
                    // Distinct values, so that every match has a sign.
                    let close = Rational::from(&top - distance) - (Rational::from(i) >> 40u32);
                    let step = Rational::from((i, 8 * n as u32)) * distance;
                    let low = (step + &bottom).min(close.clone());
                    let opponent = i.is_power_of_two();
                    grid(if opponent { close } else { low }).max(bottom.clone())
                })
                .collect();
            x[0].clone_from(&top);
            if !greatest_first {
                x.reverse();
            }
            let lo = evaluate(branches, &x, c, gap)?;
            if lo > best.1 {
                best = (x, lo);
            }
        }
    }
    if best.1.is_zero() {
        // Any inputs with the gap will do for the bound 0, as long as every match has a sign.
        let detail = "no inputs found whose weights are proved to be off";
        return Err(ErrorKind::NotConverged(detail.into()).into());
    }
    Ok(best)
}

/// Proved lower bound of the largest distance of a weight from the exact one-hot (0 where undecided).
fn evaluate(
    branches: &[Branch],
    inputs: &[Rational],
    c: &Rational,
    gap: &Rational,
) -> Result<Rational> {
    let prec = branches[0].prec;
    let half = Rational::from((1, 2));
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by(|i, j| inputs[*j].cmp(&inputs[*i]));
    let best = order[0];
    let second = Rational::from(&inputs[best] - &inputs[order[1]]);
    if second < *gap {
        return Ok(Rational::new());
    }
    type Entry = (Mp, Vec<(usize, Mp)>);
    let mut round: Vec<Entry> = inputs
        .iter()
        .enumerate()
        .map(|(i, x)| {
            let value = Mp::from_rational(prec, &(Rational::from(x * c) + &half));
            (value, vec![(i, Mp::int(prec, 1))])
        })
        .collect();
    while round.len() > 1 {
        let mut next = Vec::with_capacity(round.len().div_ceil(2));
        let mut entries = round.into_iter();
        while let Some(a) = entries.next() {
            let Some(b) = entries.next() else {
                next.push(a);
                break;
            };
            let d = a.0.clone().minus(&b.0);
            let Some(sign) = d.sign() else {
                return Ok(Rational::new());
            };
            let negative = sign == std::cmp::Ordering::Less;
            let side = branches
                .iter()
                .find(|k| k.side == Side::Both || (k.side == Side::Negative) == negative);
            let Some(branch) = side else {
                return Ok(Rational::new());
            };
            let size = if negative { d.negated() } else { d };
            if !branch.stages[0].value.covers(&size) {
                return Ok(Rational::new());
            }
            let images = branch.images(&size);
            let q = &images[images.len() - 1];
            let one = Mp::int(prec, 1);
            let (near, rest) = (one.clone().plus(q).half(), one.minus(q).half());
            let (first, second) = if negative { (rest, near) } else { (near, rest) };
            let value = first.times(&a.0).plus(&second.times(&b.0));
            let left = a.1.iter().map(|(i, w)| (*i, w.times(&first)));
            let right = b.1.iter().map(|(i, w)| (*i, w.times(&second)));
            next.push((value, left.chain(right).collect()));
        }
        round = next;
    }
    let mut most = Float::new(prec);
    for (i, w) in &round[0].1 {
        let off = if *i == best {
            Mp::int(prec, 1).minus(w)
        } else {
            w.clone()
        };
        most = crate::arith::mp::max(most, off.mignitude());
    }
    Ok(published::lower(&most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_the_bound() {
        let r = |n: i32, d: i32| Rational::from((n, d));
        // Closeness 1/3, |p| <= 1: the greatest input's weight decides.
        assert_eq!(distance(&r(1, 3), &r(1, 1), 2), r(13, 36));
        // |p| <= 4: (1/6) (5/2)^3.
        assert_eq!(distance(&r(1, 3), &r(4, 1), 4), r(125, 48));
    }
}
