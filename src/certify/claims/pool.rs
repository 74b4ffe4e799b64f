//! Max-pooling over n inputs by a tournament of m(a, b) = ((a+b) + (a-b) p(a-b))/2.
//!
//! Inputs in [-B, B] are mapped by x -> c x + 1/2. max is 1-Lipschitz in the sup norm, so each match
//! adds at most E, the ReLU error bound, to the depth of its deeper input, as long as the difference
//! of the two stays in the certified domain: 2cB + (i + j) E <= W for depths i, j. The result,
//! mapped back, is within L E/c of the maximum, L the final depth.
//!
//! The witness makes every match differ by the same d where the ReLU error is large, so that the
//! errors add up: winner and loser of each match are placed from the root down.

use crate::certify::claims::relu_error::{seek, ReluError};
use crate::certify::composite::cascade::Branch;
use crate::error::{Error, Result};
use crate::poly::composite::Side;
use rug::float::Round;
use rug::{Float, Rational};

/// Most inputs of a pool.
pub const MAX_INPUTS: usize = 1_024;

/// A proved bound for a tournament.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Number of inputs n.
    pub inputs: usize,
    /// B: inputs are in [-B, B].
    pub range: Rational,
    /// c of the input map.
    pub input_scale: Rational,
    /// Upper bound of |tournament - max|, in the inputs' units.
    pub bound_hi: Rational,
    /// Inputs with a large error, and how large at least (0 where none was found).
    pub witness: (Vec<Rational>, Rational),
}

/// A tournament as a tree.
pub(crate) enum Node {
    Leaf(usize),
    Match(Box<Node>, Box<Node>, usize),
}

impl Node {
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Leaf(_) => 0,
            Self::Match(_, _, depth) => *depth,
        }
    }
}

/// The tournament of n inputs.
///
/// # Errors
/// Fewer than 2 or more than 1,024 inputs.
pub(crate) fn tournament(n: usize) -> Result<Node> {
    if (2..=MAX_INPUTS).contains(&n) {
        return Ok(tree_of(n));
    }
    Err(Error::domain(format!(
        "a tournament takes 2 to {MAX_INPUTS} inputs, not {n}"
    )))
}

/// Neighbours are paired in each round, an odd last one passes on.
fn tree_of(n: usize) -> Node {
    let mut round: Vec<Node> = (0..n).map(Node::Leaf).collect();
    while round.len() > 1 {
        let mut next = Vec::with_capacity(round.len().div_ceil(2));
        let mut nodes = round.into_iter();
        while let Some(a) = nodes.next() {
            next.push(match nodes.next() {
                Some(b) => {
                    let depth = 1 + a.depth().max(b.depth());
                    Node::Match(Box::new(a), Box::new(b), depth)
                }
                None => a,
            });
        }
        round = next;
    }
    round.pop().unwrap_or(Node::Leaf(0))
}

/// The largest i + j over all matches.
pub(crate) fn widest(node: &Node) -> usize {
    match node {
        Node::Leaf(_) => 0,
        Node::Match(a, b, _) => (a.depth() + b.depth()).max(widest(a)).max(widest(b)),
    }
}

/// The greatest error E of max, on differences in [-1, 1], for which the tournament of inputs in [-1, 1] is
/// within `bound` at the largest input scale: L E / c = bound with c = (1 - w E)/2, w the largest i + j.
///
/// **Inputs** 2 to [`MAX_INPUTS`] inputs, `bound` > 0. Exact, but for the rounding of c in [`bound`](self::bound()).
pub fn needed_error(inputs: usize, bound: &Rational) -> Rational {
    let tree = tree_of(inputs);
    let (levels, widest) = (tree.depth() as u32, widest(&tree) as u32);
    let below = Rational::from(bound * widest) + 2 * levels;
    bound / below
}

/// Bounds the error of the tournament from that of the ReLU.
///
/// **Inputs** `relu_error` on |d| <= W; `range` B > 0; `input_scale` c, or none for the largest that
/// keeps every match in the domain (a dyadic just below it).
///
/// # Errors
/// Fewer than 2 or more than 1,024 inputs; a c for which matches leave the certified domain, with
/// the largest c that does not.
pub fn bound(
    branches: &[Branch],
    relu_error: &ReluError,
    (inputs, range, input_scale): (usize, &Rational, Option<&Rational>),
    e: &Rational,
) -> Result<Pool> {
    let tree = tournament(inputs)?;
    let w = relu_error.to.to_rational().unwrap_or_default();
    let c = self::input_scale(&tree, range, input_scale, &w, e)?;
    let bound_hi = Rational::from(e * tree.depth() as u32) / &c;
    let witness = witness(branches, &tree, inputs, range, &c)?;
    Ok(Pool {
        inputs,
        range: range.clone(),
        input_scale: c,
        bound_hi,
        witness,
    })
}

/// c of the input map: the given one, or the largest that keeps every match in [-w, w] (a dyadic just
/// below it).
///
/// # Errors
/// A c for which matches leave the domain, with the largest that does not.
pub(crate) fn input_scale(
    tree: &Node,
    range: &Rational,
    wanted: Option<&Rational>,
    w: &Rational,
    e: &Rational,
) -> Result<Rational> {
    let room = w.clone() - Rational::from(e * widest(tree) as u32);
    if room <= 0u32 {
        return Err(Error::domain("the error of max is too large for this tournament: no input scale keeps it in the domain"));
    }
    let largest = room / Rational::from(range * 2u32);
    match wanted {
        None => Ok(Float::with_val_round(24, &largest, Round::Down)
            .0
            .to_rational()
            .unwrap_or_default()),
        Some(c) if *c <= 0u32 || *c > largest => {
            let most = crate::arith::number::decimal(&largest, 12, false);
            Err(Error::domain(format!("input scale {c} lets a match leave the certified domain; at most {most} is possible")))
        }
        Some(c) => Ok(c.clone()),
    }
}

/// Inputs for which every match has nearly the difference d of a large ReLU error, and a proved
/// lower bound of the tournament's error there.
fn witness(
    branches: &[Branch],
    tree: &Node,
    n: usize,
    range: &Rational,
    c: &Rational,
) -> Result<(Vec<Rational>, Rational)> {
    let prec = branches[0].prec;
    let depth = tree.depth() as u32;
    // All inputs lie within about depth * d: d must leave room in the mapped width 2cB.
    let room = Rational::from(range * c) * 2u32 / (depth + 1);
    let (w, _) = seek(branches, &Float::with_val(prec, &room))?;
    let d = w.x.clone().abs();
    let Some(branch) = branches
        .iter()
        .find(|b| (b.side == Side::Negative) == w.x.is_sign_negative())
    else {
        return Ok((vec![Rational::new(); n], Rational::new()));
    };
    // m - max = d (q - 1)/2 for |a - b| = d.
    let q = branch.jet(&d)?.q().ball().0;
    let error = d.clone() * (q - 1u32) / 2u32;
    let first_wins = !w.x.is_sign_negative();
    let mut values = vec![Float::new(prec); n];
    place(
        tree,
        Float::with_val(prec, 0.5),
        (&error, &d),
        first_wins,
        &mut values,
    );
    // Centred, mapped back, on a grid of hint numbers inside [-B, B].
    let most = Rational::from(range << 64u32).floor() >> 64u32;
    let least = Rational::from(-&most);
    let x: Vec<Rational> = values
        .iter()
        .map(|u| {
            let x = (u.to_rational().unwrap_or_default() - Rational::from((1, 2))) / c;
            crate::arith::rounding::nearest_multiple(&x, -64).clamp(&least, &most)
        })
        .collect();
    let lo = evaluate(branches, &x, c)?;
    Ok((x, lo))
}

/// Gives leaves their values so that the node's output is `out`.
fn place(
    node: &Node,
    out: Float,
    (error, d): (&Float, &Float),
    first_wins: bool,
    values: &mut [Float],
) {
    match node {
        Node::Leaf(i) => values[*i] = out,
        Node::Match(a, b, _) => {
            let winner = out - error;
            let loser = winner.clone() - d;
            let (va, vb) = if first_wins {
                (winner, loser)
            } else {
                (loser, winner)
            };
            place(a, va, (error, d), first_wins, values);
            place(b, vb, (error, d), first_wins, values);
        }
    }
}

/// Proved lower bound of the tournament's absolute error at exact inputs (0 where undecided).
fn evaluate(branches: &[Branch], inputs: &[Rational], c: &Rational) -> Result<Rational> {
    use crate::arith::mp::Mp;
    let prec = branches[0].prec;
    let half = Rational::from((1, 2));
    let mapped = |x: &Rational| Mp::from_rational(prec, &(Rational::from(x * c) + &half));
    let mut round: Vec<Mp> = inputs.iter().map(mapped).collect();
    while round.len() > 1 {
        let mut next = Vec::with_capacity(round.len().div_ceil(2));
        for pair in round.chunks(2) {
            let [a, b] = pair else {
                next.push(pair[0].clone());
                continue;
            };
            let d = a.clone().minus(b);
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
            // (a + b + |a - b| q(|a - b|))/2 on either side.
            next.push(
                a.clone()
                    .plus(b)
                    .plus(&size.times(&images[images.len() - 1]))
                    .half(),
            );
        }
        round = next;
    }
    let most = inputs.iter().max().cloned().unwrap_or_default();
    let off = round[0]
        .clone()
        .minus(&mapped(&most))
        .mignitude()
        .to_rational()
        .unwrap_or_default();
    let lo = off / c;
    Ok(Float::with_val_round(64, &lo, Round::Down)
        .0
        .to_rational()
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_of_the_usual_windows() {
        for (n, depth, widest_match) in [
            (2, 1, 0),
            (4, 2, 2),
            (9, 4, 4),
            (16, 4, 6),
            (25, 5, 8),
            (3, 2, 1),
        ] {
            let t = tree_of(n);
            assert_eq!((t.depth(), widest(&t)), (depth, widest_match), "{n} inputs");
        }
    }
}
