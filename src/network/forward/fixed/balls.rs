//! The reading of a network in fixed-point balls: with ReLU, or with its polynomial twin.

use crate::arith::ball::{up, Ball};
use crate::arith::fixed::{exp2, scaled_down, Fixed, MOST};
use crate::error::{Error, Result};
use crate::network::forward::balls::{polynomial, Model};
use crate::network::forward::evaluation::{Given, Lost};
use crate::network::forward::fixed::linear::Digits;
use crate::network::forward::fixed::normalise;
use crate::network::forward::fixed::polynomial::{greatest, mixed, own, size, Numbers, Polynomial};
use crate::network::forward::fixed::radii::Radii;
use crate::network::forward::fixed::smooth::smooth;
use crate::network::forward::layers::Packed;
use crate::network::forward::range::Range;
use crate::network::forward::twin::Activation;
use crate::network::forward::walk::{windows, Bend, Reading};
use crate::network::model::graph::{Node, NodeId};
use crate::network::model::ops::{Conv, Op, Over, TensorShape, Window};
use crate::network::model::tensor::Tensor;
use rug::Rational;

/// An activation in fixed point: every exact value is within its radius of its midpoint.
#[derive(Debug, Clone)]
pub struct FixedTensor<const N: usize> {
    mid: Vec<Fixed<N>>,
    radii: Radii,
    /// Upper bound of all |midpoints|.
    most: f64,
}

impl<const N: usize> FixedTensor<N> {
    fn new((mid, radii): Numbers<N>) -> Self {
        let most = greatest(&mid);
        Self { mid, radii, most }
    }

    /// Nothing is known.
    fn lost(len: usize) -> Self {
        Self::new((vec![Fixed::ZERO; len], Radii::ulps(f64::INFINITY, len)))
    }

    /// f64 balls around them: with the midpoint's leading part alone.
    fn near(&self) -> impl Iterator<Item = Ball> + '_ {
        let unit = self.radii.unit_of_one(Fixed::<N>::FRACTION);
        self.mid.iter().zip(&self.radii.values).map(move |(m, r)| {
            let near = m.near();
            if *r == 0.0 && Rational::from_f64(near).is_some_and(|near| near == m.exact()) {
                return Ball::exact(near);
            }
            // The leading part is within 4 u.
            Ball::new((near, 0.0), up(unit * r + near.abs() * exp2(-50)))
        })
    }

    /// Balls of pairs, as sharp as pairs are.
    pub fn balls(&self) -> Vec<Ball> {
        let unit = self.radii.unit_of_one(Fixed::<N>::FRACTION);
        let all = self.mid.iter().zip(&self.radii.values);
        all.map(|(m, r)| {
            let pair = Ball::rational(&m.exact());
            Ball::new(pair.mid(), up(pair.radius + unit * r))
        })
        .collect()
    }
}

/// Fixed-point balls on their way.
pub struct FixedBalls<'a, const N: usize> {
    given: Given<'a>,
    model: Model<'a>,
    /// Sees the input of each activation.
    seen: &'a mut dyn FnMut(NodeId, &Tensor),
    /// The ranges of the activations so far.
    pub ranges: Vec<Range>,
    /// Where the numbers were beyond what the bits hold.
    pub lost: Option<Lost>,
    /// The polynomial that was used last: most networks use one throughout.
    last: Option<Polynomial<'a, N>>,
}

impl<'a, const N: usize> FixedBalls<'a, N> {
    /// At the input.
    pub fn new(
        given: Given<'a>,
        model: Model<'a>,
        seen: &'a mut dyn FnMut(NodeId, &Tensor),
    ) -> Self {
        Self {
            given,
            model,
            seen,
            ranges: Vec::new(),
            lost: None,
            last: None,
        }
    }

    fn polynomial(&mut self, twin: &'a Activation) -> Result<&Polynomial<'a, N>> {
        if !self.last.as_ref().is_some_and(|p| p.is_of(twin)) {
            self.last = Polynomial::new(twin);
        }
        let beyond = || Error::unsupported("a coefficient or 1/B is beyond 2^61");
        self.last.as_ref().ok_or_else(beyond)
    }
}

impl<'a, const N: usize> Reading for FixedBalls<'a, N> {
    type Value = FixedTensor<N>;

    fn input(&self, node: &Node) -> Result<FixedTensor<N>> {
        let len = node.shape.len();
        let balls = self.given.balls;
        let exact = self.given.exact;
        if balls.shape != node.shape || exact.is_some_and(|x| x.len() != len) {
            return Err(Error::domain(format!(
                "the input has shape {}, the network takes {}",
                balls.shape, node.shape
            )));
        }
        let beyond = || Error::domain("an input is beyond 2^61");
        let wide = exact.is_none() && balls.radius.iter().any(|r| *r != 0.0);
        let mut mid = Vec::with_capacity(len);
        let mut held = true;
        for i in 0..len {
            let x = match exact {
                Some(x) => x[i].clone(),
                None => {
                    let q = |x: f64| Rational::from_f64(x).ok_or_else(beyond);
                    q(balls.hi[i])? + q(balls.lo[i])?
                }
            };
            let floor = Fixed::floor(&x).ok_or_else(beyond)?;
            held &= floor.exact() == x;
            mid.push(floor);
        }
        let mut radii = Radii::ulps(0.0, len);
        if wide {
            // In units of 1.
            radii.values.clone_from(&balls.radius);
            radii.unit = Fixed::<N>::FRACTION as i32;
        }
        let ulps = if held { 0.0 } else { 1.0 };
        Ok(FixedTensor::new((mid, radii.map(ulps, |_, r| r))))
    }

    fn conv(&self, c: &Conv, x: &Self::Value, from: TensorShape, node: &Node) -> Self::Value {
        let digits = Digits::new(&c.weights, &c.bias).filter(|d| d.holds(x.most));
        let Some(digits) = digits else {
            return FixedTensor::lost(node.shape.len());
        };
        let mid = digits.conv(c, &x.mid, from, node.shape);
        let radii = x.radii.conv(c, from, node.shape, digits.ulps(&x.mid));
        FixedTensor::new((mid, radii))
    }

    fn dense(&self, packed: &Packed, x: &Self::Value, node: &Node) -> Self::Value {
        let Op::Dense(d) = &node.op else {
            return FixedTensor::lost(node.shape.len());
        };
        let digits = Digits::new(&d.weights, &d.bias).filter(|d| d.holds(x.most));
        let Some(digits) = digits else {
            return FixedTensor::lost(node.shape.len());
        };
        let radii = x.radii.dense(packed, digits.ulps(&x.mid));
        FixedTensor::new((digits.dense(&x.mid), radii))
    }

    fn affine(&self, _: &[(Ball, Ball)], x: &Self::Value, node: &Node) -> Self::Value {
        let maps: Option<Vec<(Fixed<N>, Fixed<N>)>> = match &node.op {
            Op::BatchNorm(b) => (0..b.gamma.len())
                .map(|c| normalise::folded(b, c))
                .collect(),
            Op::Affine { scale, shift } => {
                let fixed = |x: &f64| Fixed::floor(&Rational::from_f64(*x)?);
                let both = scale.iter().zip(shift);
                both.map(|(s, t)| Some((fixed(s)?, fixed(t)?))).collect()
            }
            _ => None,
        };
        let fits = |(s, t): &(Fixed<N>, Fixed<N>)| up(size(s) + 1.0) * x.most + size(t) < MOST;
        let Some(maps) = maps.filter(|maps| maps.iter().all(fits)) else {
            return FixedTensor::lost(x.mid.len());
        };
        let pixels = node.shape.pixels();
        let mid = x.mid.iter().enumerate().map(|(i, x)| {
            let (s, t) = &maps[i / pixels];
            s.times(x).plus(t)
        });
        let mid = mid.collect();
        // Scale and shift are within two ulps.
        let thin = up(exp2(1 - Fixed::<N>::FRACTION as i32));
        let steep: Vec<f64> = maps.iter().map(|(s, _)| up(size(s) + thin)).collect();
        let ulps = up(Fixed::<N>::PRODUCT_ULPS + 2.0 * x.most + 2.0);
        let radii = x.radii.clone().map(ulps, |i, r| steep[i / pixels] * r);
        FixedTensor::new((mid, radii))
    }

    fn moved(&self, from: &[Option<usize>], x: &Self::Value, _: &Node) -> Self::Value {
        let mid = from.iter().map(|f| f.map_or(Fixed::ZERO, |i| x.mid[i]));
        FixedTensor::new((mid.collect(), x.radii.moved(from)))
    }

    fn add(&self, a: &Self::Value, b: &Self::Value) -> Self::Value {
        let mid = a.mid.iter().zip(&b.mid).map(|(a, b)| a.plus(b));
        FixedTensor::new((mid.collect(), Radii::plus(&a.radii, &b.radii)))
    }

    fn concat(&self, parts: &[&Self::Value], _: &Node) -> Self::Value {
        let mid = parts.iter().flat_map(|p| p.mid.iter().copied());
        let radii: Vec<&Radii> = parts.iter().map(|p| &p.radii).collect();
        FixedTensor::new((mid.collect(), Radii::concat(&radii)))
    }

    fn average(
        &self,
        (window, count_padding): (&Window, bool),
        x: &Self::Value,
        from: TensorShape,
        node: &Node,
    ) -> Self::Value {
        if window.len() as f64 * x.most >= MOST {
            return FixedTensor::lost(node.shape.len());
        }
        let all = windows(*window, from, node, |w| {
            let n = if count_padding { window.len() } else { w.len() }.max(1);
            let sum = w.iter().fold(Fixed::ZERO, |s, &i| s.plus(&x.mid[i]));
            let radius: f64 = w.iter().map(|&i| x.radii.values[i]).sum();
            let cover = 1.0 + w.len() as f64 * exp2(-50);
            (sum.over(n as u64), up(radius * cover / n as f64))
        });
        let (mid, radii) = all.into_iter().unzip();
        FixedTensor::new((mid, x.radii.gathered(radii, 1.0)))
    }

    fn variance(
        &self,
        variance: (Over, f64),
        x: &Self::Value,
        from: TensorShape,
        node: &Node,
    ) -> Self::Value {
        let found = normalise::variance(variance, (&x.mid, &x.radii, from));
        found.map_or_else(|| FixedTensor::lost(node.shape.len()), FixedTensor::new)
    }

    fn normalise(&self, over: Over, x: &Self::Value, s: &Self::Value, node: &Node) -> Self::Value {
        let given = (x.mid.as_slice(), &x.radii, node.shape);
        let found = normalise::normalised(over, given, (&s.mid, &s.radii));
        found.map_or_else(|| FixedTensor::lost(node.shape.len()), FixedTensor::new)
    }

    fn activation(
        &mut self,
        bend: Bend,
        x: &Self::Value,
        from: TensorShape,
        (id, node): (NodeId, &Node),
    ) -> Result<Option<Self::Value>> {
        let twin = polynomial(self.model, self.ranges.len(), bend)?;
        let near: Vec<Ball> = x.near().collect();
        let range = Range::of(near.iter().copied(), id);
        (self.seen)(id, &Tensor::from_balls(from, &near));
        match bend {
            Bend::Polynomial(runs) => {
                self.ranges.push(range);
                if twin.is_some_and(|twin| !twin.holds(&range)) {
                    return Ok(None);
                }
                let y = own(runs, &x.mid, &x.radii);
                let lost = || FixedTensor::lost(x.mid.len());
                Ok(Some(y.map_or_else(lost, FixedTensor::new)))
            }
            Bend::Smooth(f) => {
                self.ranges.push(range);
                let y = match twin {
                    None => smooth(f, &x.mid, &x.radii, &near),
                    Some(twin) if !twin.holds(&range) => return Ok(None),
                    Some(twin) => self.polynomial(twin)?.relu(&x.mid, &x.radii),
                };
                Ok(Some(FixedTensor::new(y)))
            }
            Bend::Relu(slope) => {
                self.ranges.push(range);
                let Some(twin) = twin else {
                    return Ok(Some(leaky(slope, x)));
                };
                if !twin.holds(&range) {
                    return Ok(None);
                }
                let y = self.polynomial(twin)?.leaky(&x.mid, &x.radii, slope);
                Ok(Some(FixedTensor::new(y)))
            }
            Bend::MaxPool(window) => {
                let all = windows(window, from, node, <[usize]>::to_vec);
                let mut range = range;
                range.forget_reach();
                let y = match twin {
                    None => Some(greatest_of(x, &all, &mut range)),
                    Some(twin) => self.tournament(twin, x, &all, &mut range)?,
                };
                self.ranges.push(range);
                Ok(y)
            }
        }
    }

    fn holds(&mut self, (node, _): (NodeId, &Node), x: &FixedTensor<N>) -> bool {
        let both = x.mid.iter().zip(&x.radii.values);
        let lost = |(m, r): (&Fixed<N>, &f64)| !r.is_finite() || size(m) >= MOST;
        let element = both.map(lost).position(|lost| lost);
        self.lost = element.map(|element| Lost {
            node,
            element,
            bits: Fixed::<N>::FRACTION,
        });
        element.is_none()
    }
}

impl<'a, const N: usize> FixedBalls<'a, N> {
    /// The maximum of each window by a tournament: all first matches, then all second ones.
    fn tournament(
        &mut self,
        twin: &'a Activation,
        x: &FixedTensor<N>,
        all: &[Vec<usize>],
        range: &mut Range,
    ) -> Result<Option<FixedTensor<N>>> {
        let gather = |values: &[f64]| -> Vec<Vec<f64>> {
            let list = |w: &Vec<usize>| w.iter().map(|&i| values[i]).collect();
            all.iter().map(list).collect()
        };
        let mut mids: Vec<Vec<Fixed<N>>> = all
            .iter()
            .map(|w| w.iter().map(|&i| x.mid[i]).collect())
            .collect();
        let (mut radii, mut unit) = (gather(&x.radii.values), x.radii.unit);
        while mids.iter().any(|w| w.len() > 1) {
            let (mut differences, mut theirs, mut whose) = (vec![], vec![], vec![]);
            for (i, (m, r)) in mids.iter().zip(&radii).enumerate() {
                for (m, r) in m.chunks_exact(2).zip(r.chunks_exact(2)) {
                    differences.push(m[0].minus(&m[1]));
                    let r = r[0] + r[1];
                    theirs.push(if r == 0.0 { 0.0 } else { up(r) });
                    whose.push(i);
                }
            }
            let theirs = Radii {
                values: theirs,
                unit,
            };
            let d = FixedTensor::new((differences, theirs));
            for (ball, &i) in d.near().zip(&whose) {
                range.see(ball, i);
            }
            if d.most >= MOST || !twin.holds(range) {
                return Ok(None);
            }
            let (won, of_won) = self.polynomial(twin)?.relu(&d.mid, &d.radii);
            // Losers and results in one unit.
            let common = unit.max(of_won.unit);
            let (down, down_won) = (unit - common, of_won.unit - common);
            unit = common;
            let mut won = won.iter().zip(&of_won.values);
            for (m, r) in mids.iter_mut().zip(&mut radii) {
                let (mut next, mut next_radii) = (vec![], vec![]);
                for (m, r) in m.chunks(2).zip(r.chunks(2)) {
                    let (b, of_b) = (m[m.len() - 1], up(scaled_down(r[r.len() - 1], down)));
                    if m.len() == 1 {
                        next.push(b);
                        next_radii.push(of_b);
                    } else if let Some((w, of_w)) = won.next() {
                        next.push(b.plus(w));
                        next_radii.push(up(of_b + scaled_down(*of_w, down_won)));
                    }
                }
                (*m, *r) = (next, next_radii);
            }
            if mids.iter().any(|w| greatest(w) >= MOST) {
                return Ok(Some(FixedTensor::lost(all.len())));
            }
        }
        let radii = Radii {
            values: radii.into_iter().flatten().collect(),
            unit,
        };
        let mid = mids.into_iter().flatten().collect();
        Ok(Some(FixedTensor::new((mid, radii.settled()))))
    }
}

/// max(x, 0) + slope min(x, 0).
fn leaky<const N: usize>(slope: f64, x: &FixedTensor<N>) -> FixedTensor<N> {
    let mut radii = x.radii.clone();
    let mut mid = x.mid.clone();
    for ((m, r), ball) in mid.iter_mut().zip(&mut radii.values).zip(x.near()) {
        if m.is_negative() {
            *m = Fixed::ZERO;
            // max is 1-Lipschitz; 0 for all of a ball below 0.
            if ball.upper() <= 0.0 {
                *r = 0.0;
            }
        }
    }
    if slope == 0.0 {
        return FixedTensor::new((mid, radii));
    }
    // slope x + (1 - slope) max(x, 0).
    FixedTensor::new(mixed(slope, (&x.mid, &x.radii), (&mid, &radii)))
}

/// The greatest midpoint and the greatest radius of each window: max is 1-Lipschitz in the sup norm.
fn greatest_of<const N: usize>(
    x: &FixedTensor<N>,
    all: &[Vec<usize>],
    range: &mut Range,
) -> FixedTensor<N> {
    let balls: Vec<Ball> = x.near().collect();
    let (mut mid, mut radii) = (vec![], vec![]);
    for (i, w) in all.iter().enumerate() {
        let mut top = w.first().map_or(Fixed::ZERO, |&k| x.mid[k]);
        let (mut radius, mut low, mut high) = (0.0f64, f64::INFINITY, f64::NEG_INFINITY);
        for &k in w {
            if top.minus(&x.mid[k]).is_negative() {
                top = x.mid[k];
            }
            radius = radius.max(x.radii.values[k]);
            low = low.min(balls[k].lower());
            high = high.max(balls[k].upper());
        }
        mid.push(top);
        radii.push(radius);
        range.see_within(up(high - low), i);
    }
    FixedTensor::new((mid, x.radii.gathered(radii, 0.0)))
}
