//! The reading of a small network in intervals of multiprecision floats, whose exponents have no limit that matters.
//!
//! f64 and pairs end at 1.8e308 and lose what is below 2^-1074; fixed point ends at 2^61 and loses what is below its last
//! bit. A composite may go through both and come back: 2^-660 in one stage, 1 after the next. Intervals cost about a
//! hundred times fixed point, so that they are asked last, and of networks of few products alone.
//!
//! Every operation is rounded outward, value by value; nothing is estimated.

use crate::arith::ball::Ball;
use crate::arith::mp::{max, Mp};
use crate::error::{Error, Result};
use crate::function::algebra::Algebra as _;
use crate::function::point::Points;
use crate::network::forward::balls::{polynomial, Model};
use crate::network::forward::evaluation::{Evaluation, Given, Lost, Outcome};
use crate::network::forward::layers::{Frame, Packed};
use crate::network::forward::range::Range;
use crate::network::forward::smooth;
use crate::network::forward::twin::Activation;
use crate::network::forward::walk::{windows, Bend, Reading, Walk};
use crate::network::model::graph::{Network, Node, NodeId};
use crate::network::model::ops::{BatchNorm, Conv, Op, Over, TensorShape, Window};
use rug::float::{Round, Special};
use rug::{Float, Rational};

/// Most products of one walk: below a second at 256 bits.
pub const MOST_PRODUCTS: usize = 1 << 20;
/// Significant bits of the intervals that are tried.
pub const BITS: [u32; 3] = [256, 1_024, 4_096];

/// Intervals on their way.
struct Wide<'a> {
    given: Given<'a>,
    model: Model<'a>,
    bits: u32,
    ranges: Vec<Range>,
    lost: Option<Lost>,
}

/// Evaluates with so many significant bits.
///
/// **Guarantee** that of [`Prepared::evaluate`](crate::network::forward::Prepared::evaluate); of the exact input, where it
/// is given.
///
/// # Errors
/// An input of another shape.
pub(super) fn evaluate(walk: &Walk, given: Given, model: Model, bits: u32) -> Result<Outcome> {
    let mut wide = Wide {
        given,
        model,
        bits,
        ranges: Vec::new(),
        lost: None,
    };
    let result = walk.run(&mut wide)?;
    let (ranges, lost) = (wide.ranges, wide.lost);
    Ok(match (result, lost) {
        (_, Some(lost)) => Outcome::Lost(lost, ranges),
        (None, _) => Outcome::Outside(ranges),
        (Some(result), _) => Outcome::Done(Evaluation {
            logits: result.iter().map(sharp).collect(),
            ranges,
            bits,
        }),
    })
}

/// Products of one walk. *Estimate* of the work.
pub(super) fn estimate_products(network: &Network, model: Model) -> usize {
    let degrees = |all: &[Activation]| {
        let of = |a: &Activation| a.stages().map(|(c, _)| c.len()).sum::<usize>();
        all.iter().map(of).max().unwrap_or(0)
    };
    let steps = match model {
        Model::Relu => 1,
        Model::Twin(all) => degrees(all) + 4,
    };
    let of = |node: &Node| match &node.op {
        Op::Conv(c) => node.shape.len() * (c.weights.len() / c.bias.len().max(1)),
        Op::Dense(d) => d.weights.len(),
        Op::Relu { .. } => node.shape.len() * steps,
        // An exponential takes as long as some dozens of products.
        Op::Smooth(_) => node.shape.len() * (steps + 256),
        Op::MaxPool(window) => node.shape.len() * window.len() * steps,
        Op::AvgPool { window, .. } => node.shape.len() * window.len(),
        Op::Polynomial(p) => {
            let longest = p.channels.iter().map(Vec::len).max().unwrap_or(0);
            node.shape.len() * longest
        }
        _ => node.shape.len(),
    };
    network.nodes.iter().map(of).sum()
}

/// The f64 ball around an interval, as sharp as pairs are; of infinite radius beyond f64.
fn sharp(x: &Mp) -> Ball {
    if !is_held(x) || x.magnitude() >= f64::MAX {
        return Ball::new((0.0, 0.0), f64::INFINITY);
    }
    // Any pair will do: the radius is measured from it, upward.
    let hi = x.lo.to_f64();
    let lo = Float::with_val(x.prec(), &x.lo - hi).to_f64();
    let pair = Mp::exact(&Float::with_val(x.prec(), hi)).plus(&Mp::exact(&Float::with_val(53, lo)));
    let apart = |end: &Float, other: &Float| {
        let d = Float::with_val_round(53, end - other, Round::Up).0;
        d.to_f64_round(Round::Up).max(0.0)
    };
    let radius = apart(&x.hi, &pair.lo).max(apart(&pair.hi, &x.lo));
    Ball::new((hi, lo), radius)
}

/// Whether both ends are numbers below 2^65536: powers of them, up to the greatest degree, are floats.
fn is_held(x: &Mp) -> bool {
    let held = |x: &Float| x.is_zero() || x.get_exp().is_some_and(|e| e <= 1 << 16);
    held(&x.lo) && held(&x.hi)
}

impl Wide<'_> {
    fn exact(&self, x: f64) -> Mp {
        Mp::exact(&Float::with_val(self.bits.max(53), x))
    }

    fn zero(&self) -> Mp {
        self.exact(0.0)
    }

    /// Nothing is known.
    fn line(&self) -> Mp {
        let end = |special| Float::with_val(self.bits, special);
        Mp {
            lo: end(Special::NegInfinity),
            hi: end(Special::Infinity),
        }
    }

    fn rational(&self, x: &Rational) -> Mp {
        Mp::from_rational(self.bits, x)
    }

    /// sum w x + b.
    fn sum<'x>(&self, terms: impl Iterator<Item = (&'x f64, Option<&'x Mp>)>, bias: f64) -> Mp {
        terms.fold(self.exact(bias), |s, (w, x)| match x {
            Some(x) if *w != 0.0 => s.plus(&x.times(&self.exact(*w))),
            _ => s,
        })
    }

    /// The stages, one after another; the whole line from where a number is not held.
    fn composed<'p>(&self, stages: impl Iterator<Item = &'p [Rational]>, x: &Mp) -> Mp {
        stages.fold(x.clone(), |y, powers| {
            if !is_held(&y) {
                return self.line();
            }
            let odd = powers.iter().step_by(2).all(Rational::is_zero) && powers.len() > 1;
            let (from, step) = if odd { (1, 2) } else { (0, 1) };
            let t = if odd { y.times(&y) } else { y.clone() };
            let used: Vec<&Rational> = powers.iter().skip(from).step_by(step).collect();
            let sum = used
                .iter()
                .rev()
                .fold(self.zero(), |s, c| s.times(&t).plus(&self.rational(c)));
            if odd {
                sum.times(&y)
            } else {
                sum
            }
        })
    }

    /// r(x) = x (1 + p(x/B))/2, or p(x) where that is meant.
    fn replaced(&self, twin: &Activation, x: &Mp) -> Mp {
        let stages = twin.stages().map(|(powers, _)| powers);
        if twin.domain().is_some() {
            return self.composed(stages, x);
        }
        let y = x.times(&self.rational(&Rational::from(twin.scale().recip_ref())));
        let p = self.composed(stages, &y);
        if !is_held(&p) {
            return self.line();
        }
        x.times(&self.exact(1.0).plus(&p).half())
    }

    fn rectified(&self, twin: Option<&Activation>, x: &Mp) -> Mp {
        let zero = || Float::with_val(self.bits, 0);
        match twin {
            Some(twin) => self.replaced(twin, x),
            None => Mp {
                lo: max(x.lo.clone(), zero()),
                hi: max(x.hi.clone(), zero()),
            },
        }
    }

    /// slope x + (1 - slope) r(x).
    fn leaky(&self, twin: Option<&Activation>, slope: f64, x: &Mp) -> Mp {
        let r = self.rectified(twin, x);
        if slope == 0.0 || twin.is_some_and(Activation::is_leaky) || !is_held(&r) {
            return r;
        }
        let slope = self.exact(slope);
        let rest = self.exact(1.0).minus(&slope);
        slope.times(x).plus(&rest.times(&r))
    }

    /// Each number minus the mean of its group.
    fn centred(&self, over: Over, x: &[Mp], shape: TensorShape) -> Vec<Mp> {
        let groups = over.groups(shape);
        let mut sums = vec![self.zero(); over.reduced(shape).len()];
        for (x, &g) in x.iter().zip(&groups) {
            sums[g] = std::mem::replace(&mut sums[g], self.zero()).plus(x);
        }
        let n = self.rational(&Rational::from((1, over.size(shape))));
        let means: Vec<Mp> = sums.iter().map(|s| s.times(&n)).collect();
        let each = x.iter().zip(groups);
        each.map(|(x, g)| x.clone().minus(&means[g])).collect()
    }

    /// gamma/sqrt(variance + epsilon) and beta - mean times it.
    fn folded(&self, b: &BatchNorm, c: usize) -> (Mp, Mp) {
        let v = self.exact(b.variance[c]).plus(&self.exact(b.epsilon));
        let points = Points { prec: self.bits };
        let inverse = points.root(2, &v).and_then(|root| points.inverse(&root));
        // Of a number above 0: the checks of a network see to it.
        let inverse = inverse.unwrap_or_else(|_| self.line());
        let scale = self.exact(b.gamma[c]).times(&inverse);
        let shift = self
            .exact(b.beta[c])
            .minus(&self.exact(b.mean[c]).times(&scale));
        (scale, shift)
    }
}

impl Reading for Wide<'_> {
    type Value = Vec<Mp>;

    fn input(&self, node: &Node) -> Result<Vec<Mp>> {
        let (balls, exact) = (self.given.balls, self.given.exact);
        if balls.shape != node.shape || exact.is_some_and(|x| x.len() != node.shape.len()) {
            return Err(Error::domain(format!(
                "the input has shape {}, the network takes {}",
                balls.shape, node.shape
            )));
        }
        let one = |i: usize| match exact {
            Some(x) => self.rational(&x[i]),
            None => smooth::interval(balls.get(i), self.bits),
        };
        Ok((0..balls.len()).map(one).collect())
    }

    fn conv(&self, c: &Conv, x: &Vec<Mp>, from: TensorShape, node: &Node) -> Vec<Mp> {
        let out = node.shape;
        let frame = Frame::new(&c.window, from.channels / c.groups, from, out);
        let padded = frame.pad((0..x.len()).map(Some), (&c.window, None), from);
        let (k, rows) = (frame.terms.len(), out.channels / c.groups);
        let of = |(o, start): (usize, &usize)| {
            let group = o / rows * frame.group;
            let places = frame.terms.iter().map(|t| padded[group + start + t]);
            let weights = &c.weights[o * k..(o + 1) * k];
            let terms = weights.iter().zip(places.map(|p| p.map(|i| &x[i])));
            self.sum(terms, c.bias[o])
        };
        let starts = &frame.starts;
        let all = (0..out.channels).flat_map(|o| starts.iter().map(move |s| (o, s)));
        all.map(of).collect()
    }

    fn dense(&self, _: &Packed, x: &Vec<Mp>, node: &Node) -> Vec<Mp> {
        let Op::Dense(d) = &node.op else {
            unreachable!("a dense layer is one");
        };
        let rows = d.weights.chunks(x.len().max(1)).zip(&d.bias);
        let of = |(row, bias): (&[f64], &f64)| self.sum(row.iter().zip(x.iter().map(Some)), *bias);
        rows.map(of).collect()
    }

    fn affine(&self, _: &[(Ball, Ball)], x: &Vec<Mp>, node: &Node) -> Vec<Mp> {
        let maps: Vec<(Mp, Mp)> = match &node.op {
            Op::BatchNorm(b) => (0..b.gamma.len()).map(|c| self.folded(b, c)).collect(),
            Op::Affine { scale, shift } => {
                let both = scale.iter().zip(shift);
                both.map(|(s, t)| (self.exact(*s), self.exact(*t)))
                    .collect()
            }
            _ => unreachable!("scale and shift of a channel"),
        };
        let pixels = node.shape.pixels();
        let of = |(i, x): (usize, &Mp)| {
            let (s, t) = &maps[i / pixels];
            s.times(x).plus(t)
        };
        x.iter().enumerate().map(of).collect()
    }

    fn moved(&self, from: &[Option<usize>], x: &Vec<Mp>, _: &Node) -> Vec<Mp> {
        let of = |f: &Option<usize>| f.map_or_else(|| self.zero(), |i| x[i].clone());
        from.iter().map(of).collect()
    }

    fn add(&self, a: &Vec<Mp>, b: &Vec<Mp>) -> Vec<Mp> {
        a.iter().zip(b).map(|(a, b)| a.clone().plus(b)).collect()
    }

    fn concat(&self, parts: &[&Vec<Mp>], _: &Node) -> Vec<Mp> {
        parts.iter().flat_map(|p| p.iter().cloned()).collect()
    }

    fn average(
        &self,
        (window, count_padding): (&Window, bool),
        x: &Vec<Mp>,
        from: TensorShape,
        node: &Node,
    ) -> Vec<Mp> {
        windows(*window, from, node, |w| {
            let n = if count_padding { window.len() } else { w.len() }.max(1);
            let sum = w.iter().fold(self.zero(), |s, &i| s.plus(&x[i]));
            sum.times(&self.rational(&Rational::from((1, n as u64))))
        })
    }

    fn variance(
        &self,
        (over, epsilon): (Over, f64),
        x: &Vec<Mp>,
        from: TensorShape,
        node: &Node,
    ) -> Vec<Mp> {
        let mut sums = vec![self.zero(); node.shape.len()];
        for (c, g) in self.centred(over, x, from).iter().zip(over.groups(from)) {
            sums[g] = std::mem::replace(&mut sums[g], self.zero()).plus(&c.times(c));
        }
        let n = self.rational(&Rational::from((1, over.size(from))));
        let epsilon = self.exact(epsilon);
        sums.iter().map(|s| s.times(&n).plus(&epsilon)).collect()
    }

    fn normalise(&self, over: Over, x: &Vec<Mp>, s: &Vec<Mp>, node: &Node) -> Vec<Mp> {
        let centred = self.centred(over, x, node.shape);
        let groups = over.groups(node.shape);
        centred
            .iter()
            .zip(groups)
            .map(|(c, g)| c.times(&s[g]))
            .collect()
    }

    fn activation(
        &mut self,
        bend: Bend,
        x: &Vec<Mp>,
        from: TensorShape,
        (id, node): (NodeId, &Node),
    ) -> Result<Option<Vec<Mp>>> {
        let twin = polynomial(self.model, self.ranges.len(), bend)?;
        let mut range = Range::of(x.iter().map(sharp), id);
        let y = match bend {
            Bend::Relu(slope) => x.iter().map(|x| self.leaky(twin, slope, x)).collect(),
            Bend::Smooth(f) => {
                let of = |x: &Mp| match twin {
                    Some(twin) => self.replaced(twin, x),
                    None => smooth::value(f, x).unwrap_or_else(|| self.line()),
                };
                x.iter().map(of).collect()
            }
            Bend::Polynomial(runs) => {
                let of = |(part, powers): (std::ops::Range<usize>, &[Rational])| {
                    let one = |x: &Mp| self.composed(std::iter::once(powers), x);
                    x[part].iter().map(one).collect::<Vec<_>>()
                };
                let parts = runs.parts().map(|(part, _, powers)| (part, powers));
                parts.flat_map(of).collect()
            }
            Bend::MaxPool(window) => {
                range.forget_reach();
                let mut asked = Vec::new();
                let all = windows(window, from, node, <[usize]>::to_vec);
                let mut pooled = Vec::with_capacity(all.len());
                for (element, list) in all.into_iter().enumerate() {
                    let mut round: Vec<Mp> = list.iter().map(|&i| x[i].clone()).collect();
                    while round.len() > 1 {
                        let of = |pair: &[Mp]| match pair {
                            [a, b] => {
                                let d = a.clone().minus(b);
                                asked.push((sharp(&d), element));
                                match twin {
                                    Some(_) => b.clone().plus(&self.rectified(twin, &d)),
                                    None => Mp {
                                        lo: max(a.lo.clone(), b.lo.clone()),
                                        hi: max(a.hi.clone(), b.hi.clone()),
                                    },
                                }
                            }
                            rest => rest[0].clone(),
                        };
                        round = round.chunks(2).map(of).collect();
                    }
                    pooled.push(round.pop().unwrap_or_else(|| self.zero()));
                }
                asked.into_iter().for_each(|(d, i)| range.see(d, i));
                pooled
            }
        };
        self.ranges.push(range);
        let outside = twin.is_some_and(|twin| !twin.holds(&range));
        Ok((!outside).then_some(y))
    }

    fn holds(&mut self, (node, _): (NodeId, &Node), value: &Vec<Mp>) -> bool {
        let element = value.iter().position(|x| !is_held(x));
        self.lost = element.map(|element| Lost {
            node,
            element,
            bits: self.bits,
        });
        element.is_none()
    }
}
