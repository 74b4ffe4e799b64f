//! One activation's inputs against the range that is stated of them.

use crate::arith::ball::Ball;
use crate::arith::number::{f64_above, f64_below};
use crate::network::forward::balls::exact_max;
use crate::network::forward::twin::Activation;
use crate::network::forward::walk::windows;
use crate::network::model::graph::Node;
use crate::network::model::ops::Op;
use crate::network::model::tensor::Tensor;
use crate::network::read::ranges::{Extent, Span};
use serde::Serialize;

/// A neuron beyond its range, or not proved to be inside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Witness {
    /// The neuron, from 0: of the input; of a max-pool, of its output.
    pub neuron: usize,
    /// Its channel, row and column.
    pub place: (usize, usize, usize),
    /// Lower bound of the value (of a max-pool, of a difference in its tournament).
    pub bound_lo: f64,
    /// Upper bound of the value.
    pub bound_hi: f64,
    /// Lower bound of its distance to the range: above 0 only if it surely lies outside.
    pub bound_beyond: f64,
}

/// What was proved of one activation on one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judgement {
    /// Proved: every input lies in the range.
    Holds,
    /// Proved: this one does not. Of several, that which is furthest outside.
    Violated(Witness),
    /// The enclosure of this one crosses an end of the range.
    Undecided(Witness),
}

/// An activation's inputs, seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What was proved.
    pub judgement: Judgement,
    /// Lower bound of every input.
    pub bound_lo: f64,
    /// Upper bound of every input.
    pub bound_hi: f64,
    /// Lower bound of the greatest |input|.
    pub bound_least_reach: f64,
    /// For each channel the same.
    pub channels: Vec<(f64, f64)>,
}

/// A range in f64: what is surely inside, and what is surely outside.
struct Ends {
    inside: (f64, f64),
    outside: (f64, f64),
}

impl Ends {
    fn new(span: &Span) -> Self {
        Self {
            inside: (f64_above(&span.lo), f64_below(&span.hi)),
            outside: (f64_below(&span.lo), f64_above(&span.hi)),
        }
    }

    /// Lower bound of the distance to the range, above 0 only if the value surely lies outside.
    fn distance(&self, (lo, hi): (f64, f64)) -> f64 {
        // A difference of f64 numbers is above 0 where they are in that order; one ulp less is a lower bound, and so is
        // the least f64 above 0, of which differences that small are multiples.
        let apart = (lo - self.outside.1).max(self.outside.0 - hi);
        if apart > 0.0 {
            apart.next_down().max(f64::from_bits(1))
        } else {
            0.0
        }
    }

    fn holds(&self, (lo, hi): (f64, f64)) -> bool {
        self.inside.0 <= lo && hi <= self.inside.1
    }
}

/// Judges the inputs of an activation.
///
/// **Inputs** `x`, the balls of its inputs; `node`, the activation; `twin`, the polynomial in its place, none for the
/// activation itself: of a max-pool the differences a - b in the matches of its tournament are judged, and they depend
/// on it.
///
/// **Guarantee** [`Judgement::Holds`] and [`Judgement::Violated`] are proved of every point of the balls.
pub fn judge(node: &Node, x: &Tensor, twin: Option<&Activation>, stated: &Extent) -> Seen {
    let ends: Vec<Ends> = match stated {
        Extent::All(span) => vec![Ends::new(span)],
        Extent::Channels(all) => all.iter().map(Ends::new).collect(),
    };
    let mut reader = Reader {
        ends: &ends,
        channels: vec![(f64::INFINITY, f64::NEG_INFINITY); node.shape.channels],
        least_reach: 0.0,
        worst: None,
        open: None,
    };
    let pixels = node.shape.pixels();
    let place = |i: usize| {
        let (channel, pixel) = (i / pixels, i % pixels);
        let width = node.shape.width;
        (channel, pixel / width, pixel % width)
    };
    if let Op::MaxPool(window) = node.op {
        let lists = windows(window, x.shape, node, |list| list.to_vec());
        for (i, list) in lists.into_iter().enumerate() {
            let mut round: Vec<Ball> = list.into_iter().map(|k| x.get(k)).collect();
            let mut see = |d: Ball| reader.see(i, place(i), (d.lower(), d.upper()));
            match twin {
                Some(polynomial) => {
                    polynomial.tournament(&mut round, &mut see);
                }
                None => tournament(&mut round, &mut see),
            }
        }
    } else {
        for i in 0..x.len() {
            let ball = x.get(i);
            reader.see(i, place(i), (ball.lower(), ball.upper()));
        }
    }
    reader.seen()
}

/// The matches of a tournament of maxima, as [`Activation::tournament`] pairs them.
fn tournament(round: &mut Vec<Ball>, seen: &mut dyn FnMut(Ball)) {
    while round.len() > 1 {
        let next = round.chunks(2).map(|pair| match *pair {
            [a, b] => {
                seen(a.plus(b.negated()));
                exact_max(a, b)
            }
            _ => pair[0],
        });
        *round = next.collect();
    }
}

struct Reader<'a> {
    ends: &'a [Ends],
    channels: Vec<(f64, f64)>,
    least_reach: f64,
    worst: Option<Witness>,
    open: Option<Witness>,
}

impl Reader<'_> {
    fn see(&mut self, neuron: usize, place: (usize, usize, usize), value: (f64, f64)) {
        // NaN is no bound.
        let value = (
            if value.0.is_nan() {
                f64::NEG_INFINITY
            } else {
                value.0
            },
            if value.1.is_nan() {
                f64::INFINITY
            } else {
                value.1
            },
        );
        self.least_reach = self.least_reach.max(value.0).max(-value.1);
        let channel = place.0;
        let known = &mut self.channels[channel];
        *known = (known.0.min(value.0), known.1.max(value.1));
        let ends = &self.ends[channel.min(self.ends.len() - 1)];
        if ends.holds(value) {
            return;
        }
        let witness = Witness {
            neuron,
            place,
            bound_lo: value.0,
            bound_hi: value.1,
            bound_beyond: ends.distance(value),
        };
        if witness.bound_beyond > 0.0 {
            let known = self.worst.map_or(0.0, |w| w.bound_beyond);
            if witness.bound_beyond > known {
                self.worst = Some(witness);
            }
        } else if self.open.is_none() {
            self.open = Some(witness);
        }
    }

    fn seen(self) -> Seen {
        let judgement = match (self.worst, self.open) {
            (Some(w), _) => Judgement::Violated(w),
            (None, Some(w)) => Judgement::Undecided(w),
            (None, None) => Judgement::Holds,
        };
        let all = self.channels.iter();
        let (bound_lo, bound_hi) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |a, c| {
            (a.0.min(c.0), a.1.max(c.1))
        });
        Seen {
            judgement,
            bound_lo,
            bound_hi,
            bound_least_reach: self.least_reach,
            channels: self.channels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::model::ops::{TensorShape, Window};
    use rug::Rational;

    fn span(lo: (i64, i64), hi: (i64, i64)) -> Span {
        Span::new(Rational::from(lo), Rational::from(hi)).unwrap()
    }

    fn node(op: Op, shape: TensorShape) -> Node {
        Node {
            name: "a".into(),
            op,
            inputs: vec![0],
            shape,
        }
    }

    fn tensor(shape: TensorShape, values: &[(f64, f64)]) -> Tensor {
        let balls: Vec<Ball> = values
            .iter()
            .map(|&(m, r)| Ball::new((m, 0.0), r))
            .collect();
        Tensor::from_balls(shape, &balls)
    }

    #[test]
    fn what_lies_at_an_end_holds_and_what_crosses_it_is_open() {
        let shape = TensorShape::flat(3);
        let relu = node(Op::Relu { slope: 0.0 }, shape);
        let of = |values: [(f64, f64); 3], stated: Span| {
            judge(&relu, &tensor(shape, &values), None, &Extent::All(stated)).judgement
        };
        let half = span((-1, 2), (3, 1));
        assert_eq!(
            of([(-0.5, 0.0), (3.0, 0.0), (0.0, 0.0)], half.clone()),
            Judgement::Holds
        );
        let crossing = of([(0.0, 0.0), (3.0, 0.1), (1.0, 0.0)], half.clone());
        assert!(matches!(crossing, Judgement::Undecided(w) if w.neuron == 1));
        let out = of([(-0.75, 0.1), (3.0, 0.1), (5.0, 0.5)], half);
        assert!(
            matches!(out, Judgement::Violated(w) if w.neuron == 2 && w.bound_lo <= 4.5 && 4.4 < w.bound_lo)
        );
        // 1/10 is no f64: the f64 next to it decides on its own side.
        let tenth = span((-1, 10), (1, 10));
        assert!(matches!(
            of([(0.1, 0.0); 3], tenth.clone()),
            Judgement::Undecided(_) | Judgement::Violated(_)
        ));
        assert_eq!(
            of([(0.1f64.next_down(), 0.0); 3], tenth.clone()),
            Judgement::Holds
        );
        assert!(matches!(
            of([(0.1f64.next_up(), 0.0); 3], tenth),
            Judgement::Violated(_)
        ));
        let wide = of([(f64::NAN, 0.0); 3], span((-1, 1), (1, 1)));
        assert!(matches!(wide, Judgement::Undecided(_)));
    }

    #[test]
    fn channels_have_ranges_of_their_own() {
        let shape = TensorShape::new(2, 1, 2);
        let relu = node(Op::Relu { slope: 0.0 }, shape);
        let x = tensor(shape, &[(1.0, 0.0), (2.0, 0.0), (4.0, 0.0), (5.0, 0.0)]);
        let stated = Extent::Channels(vec![span((0, 1), (2, 1)), span((0, 1), (9, 2))]);
        let seen = judge(&relu, &x, None, &stated);
        assert!(matches!(seen.judgement, Judgement::Violated(w) if w.place == (1, 0, 1)));
        assert_eq!((seen.bound_lo, seen.bound_hi), (1.0, 5.0));
        assert_eq!(seen.channels, [(1.0, 2.0), (4.0, 5.0)]);
    }

    /// 1, 4, -2: the matches are 1 - 4 and max(1, 4) - (-2) = 6.
    #[test]
    fn of_a_max_pool_the_matches_are_judged() {
        let window = Window {
            kernel: [1, 3],
            stride: [1, 1],
            dilation: [1, 1],
            padding: [0; 4],
        };
        let pool = node(Op::MaxPool(window), TensorShape::flat(1));
        let x = tensor(
            TensorShape::new(1, 1, 3),
            &[(1.0, 0.0), (4.0, 0.0), (-2.0, 0.0)],
        );
        // A difference is rounded: 6 + 2^-20 is above it, 6 - 2^-20 below.
        let of = |b: (i64, i64)| {
            let stated = span((-b.0, b.1), b);
            judge(&pool, &x, None, &Extent::All(stated)).judgement
        };
        assert_eq!(of(((6 << 20) + 1, 1 << 20)), Judgement::Holds);
        let left = of(((6 << 20) - 1, 1 << 20));
        assert!(
            matches!(left, Judgement::Violated(w) if w.bound_lo <= 6.0 && 6.0 <= w.bound_hi && w.neuron == 0)
        );
    }
}
