//! How radii grow along a network: the cheap pass that a precision is chosen from. *Estimates* throughout.
//!
//! Midpoints are plain f64, so the trajectory is a guess, if a good one. Radii are those of the fixed-point reading, to
//! first order, in ulps: they do not depend on the number of bits. Beside them goes the one radius for all elements of a
//! tensor that the independent checker carries (rules N1 to N5 of certificates/NETWORK.md): it grows faster, and tells the
//! precision that a certificate needs.

use crate::arith::ball::Ball;
use crate::error::Result;
use crate::network::forward::balls::{polynomial, Model};
use crate::network::forward::fixed::radii::Radii;
use crate::network::forward::layers::{self, Packed};
use crate::network::forward::normalise;
use crate::network::forward::range::Range;
use crate::network::forward::smooth;
use crate::network::forward::stage::Runs;
use crate::network::forward::steepness::Steepness;
use crate::network::forward::twin::Activation;
use crate::network::forward::walk::{windows, Bend, Reading, Walk};
use crate::network::model::graph::{Node, NodeId};
use crate::network::model::ops::{Conv, Op, Over, TensorShape, Window};
use crate::network::model::tensor::Tensor;

/// Error of a product that is reckoned with, in ulps: eight limbs.
const PRODUCT: f64 = 8.0;
/// Bits that a radius should be below 1 at every activation, so that it grows to first order only: the second
/// derivative of a composite of 2^-13 on [-B, B] is some 2^13.
const FIRST_ORDER: f64 = 24.0;
/// Bits that a radius should be below the margin of the class.
const MARGIN: f64 = 4.0;

/// What is estimated of the radii, log2 of ulps.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// The greatest at each activation's input, as far as the trajectory stays in [-B, B].
    pub estimate_activations: Vec<f64>,
    /// The greatest at the logits; none where the trajectory left [-B, B].
    pub estimate_logits: Option<f64>,
    /// The checker's greatest, of all activations and the logits.
    pub estimate_uniform: f64,
    /// log2 of the margin of the class in f64.
    pub estimate_margin: f64,
}

impl Growth {
    /// Bits behind the point that should decide; u32::MAX where none do.
    pub fn estimate_bits(&self) -> u32 {
        let greatest = self.estimate_activations.iter().copied();
        let activations = greatest.fold(0.0, f64::max) + FIRST_ORDER;
        let logits = self
            .estimate_logits
            .map_or(0.0, |l| l - self.estimate_margin + MARGIN);
        activations.max(logits).ceil() as u32
    }

    /// Bits behind the point with which the checker's radius should fit enclosures that are f64 numbers.
    pub fn estimate_checked_bits(&self) -> u32 {
        // An f64 of a logit leaves some 2^-50 of room.
        (self.estimate_uniform + 56.0).ceil().max(64.0) as u32
    }
}

/// An activation on its way.
#[derive(Debug, Clone)]
struct Grown {
    mid: Vec<f64>,
    radii: Radii,
    /// The checker's radius, log2 of ulps.
    uniform: f64,
}

struct Reader<'a> {
    input: &'a Tensor,
    model: Model<'a>,
    activations: Vec<f64>,
    uniform: f64,
    used: usize,
}

/// log2 (2^a + 2^b).
fn sum(a: f64, b: f64) -> f64 {
    let (high, low) = (a.max(b), a.min(b));
    if low == f64::NEG_INFINITY {
        return high;
    }
    high + (low - high).exp2().ln_1p() / std::f64::consts::LN_2
}

/// Follows an input.
///
/// # Errors
/// An input of another shape.
pub fn estimate(walk: &Walk, input: &Tensor, model: Model) -> Result<Growth> {
    let mut reader = Reader {
        input,
        model,
        activations: Vec::new(),
        uniform: 0.0,
        used: 0,
    };
    let result = walk.run(&mut reader)?;
    let margin = result.as_ref().map_or(1.0, |r| margin(&r.mid));
    Ok(Growth {
        estimate_activations: reader.activations,
        estimate_uniform: result
            .as_ref()
            .map_or(reader.uniform, |r| reader.uniform.max(r.uniform)),
        estimate_logits: result.map(|r| r.radii.estimate_log2()),
        estimate_margin: margin.log2(),
    })
}

fn margin(logits: &[f64]) -> f64 {
    let mut sorted = logits.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    match sorted.as_slice() {
        [one] => one.abs(),
        [first, second, ..] => first - second,
        [] => 0.0,
    }
}

/// The greatest sum of |weights| of a row.
fn norm(weights: &[f64], rows: usize) -> f64 {
    let rows = weights.chunks((weights.len() / rows.max(1)).max(1));
    let sums = rows.map(|row| row.iter().map(|w| w.abs()).sum::<f64>());
    sums.fold(0.0, f64::max)
}

impl Reading for Reader<'_> {
    type Value = Grown;

    fn input(&self, node: &Node) -> Result<Grown> {
        Ok(Grown {
            mid: self.input.hi.clone(),
            radii: Radii::ulps(1.0, node.shape.len()),
            uniform: 0.0,
        })
    }

    fn conv(&self, c: &Conv, x: &Grown, from: TensorShape, node: &Node) -> Grown {
        Grown {
            mid: layers::plain_conv(c, &x.mid, from, node.shape),
            radii: x.radii.conv(c, from, node.shape, 2.0),
            uniform: sum(x.uniform + norm(&c.weights, c.bias.len()).log2(), 1.0),
        }
    }

    fn dense(&self, packed: &Packed, x: &Grown, node: &Node) -> Grown {
        let norm = match &node.op {
            Op::Dense(d) => norm(&d.weights, d.bias.len()),
            _ => 1.0,
        };
        let mut mid = packed.plain(&x.mid);
        mid.truncate(node.shape.len());
        Grown {
            mid,
            radii: x.radii.dense(packed, 2.0),
            uniform: sum(x.uniform + norm.log2(), 1.0),
        }
    }

    fn affine(&self, maps: &[(Ball, Ball)], x: &Grown, node: &Node) -> Grown {
        let pixels = node.shape.pixels();
        let map = |i: usize| maps[i / pixels];
        let mid = x.mid.iter().enumerate();
        let mid = mid.map(|(i, v)| v.mul_add(map(i).0.hi, map(i).1.hi));
        let steepest = maps.iter().map(|m| m.0.hi.abs()).fold(0.0, f64::max);
        Grown {
            mid: mid.collect(),
            radii: x
                .radii
                .clone()
                .map(2.0 * PRODUCT, |i, r| r * map(i).0.hi.abs()),
            uniform: sum(x.uniform + steepest.log2(), 5.0),
        }
    }

    fn moved(&self, from: &[Option<usize>], x: &Grown, _: &Node) -> Grown {
        Grown {
            mid: from.iter().map(|f| f.map_or(0.0, |i| x.mid[i])).collect(),
            radii: x.radii.moved(from),
            uniform: x.uniform,
        }
    }

    fn add(&self, a: &Grown, b: &Grown) -> Grown {
        Grown {
            mid: a.mid.iter().zip(&b.mid).map(|(a, b)| a + b).collect(),
            radii: Radii::plus(&a.radii, &b.radii),
            uniform: sum(a.uniform, b.uniform),
        }
    }

    fn concat(&self, parts: &[&Grown], _: &Node) -> Grown {
        let radii: Vec<&Radii> = parts.iter().map(|p| &p.radii).collect();
        Grown {
            mid: parts.iter().flat_map(|p| p.mid.iter().copied()).collect(),
            radii: Radii::concat(&radii),
            uniform: parts.iter().map(|p| p.uniform).fold(0.0, f64::max),
        }
    }

    fn average(
        &self,
        (window, padding): (&Window, bool),
        x: &Grown,
        from: TensorShape,
        node: &Node,
    ) -> Grown {
        let mean = |values: &[f64]| {
            windows(*window, from, node, |w| {
                let n = if padding { window.len() } else { w.len() };
                w.iter().map(|&i| values[i]).sum::<f64>() / n as f64
            })
        };
        Grown {
            mid: mean(&x.mid),
            radii: x.radii.gathered(mean(&x.radii.values), 1.0),
            uniform: sum(x.uniform, 0.0),
        }
    }

    fn variance(
        &self,
        (over, epsilon): (Over, f64),
        x: &Grown,
        from: TensorShape,
        node: &Node,
    ) -> Grown {
        let (centred, variances) = normalise::estimate(over, &x.mid, from);
        let mut slips = vec![0.0; node.shape.len()];
        let each = centred.iter().zip(&x.radii.values).zip(over.groups(from));
        each.for_each(|((c, r), g)| slips[g] += 2.0 * c.abs() * r / over.size(from) as f64);
        let steepest = 2.0 * variances.iter().copied().fold(0.0, f64::max).sqrt();
        Grown {
            mid: variances.iter().map(|v| v + epsilon).collect(),
            radii: x.radii.gathered(slips, PRODUCT),
            uniform: sum(x.uniform + steepest.log2(), 1.0),
        }
    }

    fn normalise(&self, over: Over, x: &Grown, s: &Grown, node: &Node) -> Grown {
        let (centred, _) = normalise::estimate(over, &x.mid, node.shape);
        let (radii, of_s) = Radii::aligned(&x.radii, &s.radii);
        let most = |v: &[f64]| v.iter().map(|v| v.abs()).fold(0.0, f64::max);
        let widest = most(&radii.values);
        let groups = over.groups(node.shape);
        let each = centred.iter().zip(&groups);
        // The mean of the radii, at most the widest.
        let slips = each.map(|(c, &g)| c.abs() * of_s.values[g] + 2.0 * s.mid[g].abs() * widest);
        let slips = slips.collect();
        let turned = x.uniform + 1.0 + most(&s.mid).log2();
        Grown {
            mid: centred
                .iter()
                .zip(&groups)
                .map(|(c, &g)| c * s.mid[g])
                .collect(),
            radii: radii.gathered(slips, PRODUCT),
            uniform: sum(sum(s.uniform + most(&centred).log2(), turned), 0.0),
        }
    }

    fn activation(
        &mut self,
        bend: Bend,
        x: &Grown,
        from: TensorShape,
        (_, node): (NodeId, &Node),
    ) -> Result<Option<Grown>> {
        let twin = polynomial(self.model, self.used, bend)?;
        self.used += 1;
        self.activations.push(x.radii.estimate_log2());
        self.uniform = self.uniform.max(x.uniform);
        let outside = |twin: &Activation| {
            let holds = |v: &f64| twin.holds(&Range::estimate_of(*v));
            !x.mid.iter().all(holds)
        };
        let twin = match (bend, twin) {
            (Bend::Polynomial(_), Some(twin)) if outside(twin) => return Ok(None),
            (Bend::Polynomial(runs), _) => return Ok(Some(own(runs, x))),
            (_, None) => return Ok(Some(straight(bend, x, from, node))),
            (_, Some(twin)) => twin,
        };
        Ok(match bend {
            Bend::Polynomial(_) => None,
            Bend::Smooth(_) => bent(twin, 0.0, &x.mid, &x.radii, x.uniform),
            Bend::Relu(slope) => bent(twin, slope, &x.mid, &x.radii, x.uniform),
            Bend::MaxPool(window) => {
                // As one match of the two outer ones: every element passes at most log2 of the window more.
                let pooled = straight(bend, x, from, node);
                let least = windows(window, from, node, |w| {
                    w.iter().map(|&i| x.mid[i]).fold(f64::INFINITY, f64::min)
                });
                let apart: Vec<f64> = pooled.mid.iter().zip(&least).map(|(a, b)| a - b).collect();
                let rounds = f64::from(window.len().max(2).ilog2() + 1);
                let grown = bent(twin, 0.0, &apart, &pooled.radii, x.uniform + 1.0);
                grown.map(|g| Grown {
                    mid: pooled.mid,
                    radii: g.radii.map(0.0, |_, r| r * rounds.exp2()),
                    uniform: g.uniform + rounds,
                })
            }
        })
    }

    fn holds(&mut self, _: (NodeId, &Node), _: &Grown) -> bool {
        true
    }
}

/// ReLU and max themselves.
fn straight(bend: Bend, x: &Grown, from: TensorShape, node: &Node) -> Grown {
    let (mid, radii) = match bend {
        Bend::Relu(slope) => (
            x.mid
                .iter()
                .map(|v| v.max(0.0) + slope * v.min(0.0))
                .collect(),
            x.radii.clone().map(0.0, |i, r| {
                r * if x.mid[i] > 0.0 { 1.0 } else { slope.abs() }
            }),
        ),
        Bend::MaxPool(window) => {
            let most = |values: &[f64]| {
                windows(window, from, node, |w| {
                    w.iter().map(|&i| values[i]).fold(f64::MIN, f64::max)
                })
            };
            (most(&x.mid), x.radii.gathered(most(&x.radii.values), 0.0))
        }
        Bend::Polynomial(runs) => return own(runs, x),
        Bend::Smooth(f) => {
            let each: Vec<(f64, f64)> = x.mid.iter().map(|v| smooth::estimate(f, *v)).collect();
            let steepest = each.iter().map(|e| e.1).fold(0.0, f64::max);
            return Grown {
                mid: each.iter().map(|e| e.0).collect(),
                radii: x.radii.clone().map(2.0, |i, r| r * each[i].1),
                uniform: sum(x.uniform + steepest.log2(), PRODUCT.log2()),
            };
        }
    };
    Grown {
        mid,
        radii,
        uniform: x.uniform,
    }
}

/// P(y), |P'(y)|, and the rounding at the end, from that before it.
fn stage(steep: &Steepness, y: f64, off: f64) -> (f64, f64, f64) {
    let here = steep.over(y, 0.0, (0.0, 0.0));
    let most = y.abs().max(1.0).powi(steep.terms() as i32);
    let rounding = PRODUCT * (steep.curves(y.abs()) / 6.0 + (steep.terms() + 2) as f64 * most);
    (steep.estimate(y), here, off * here + rounding)
}

/// What the network's own polynomials make of numbers.
fn own(runs: &Runs, x: &Grown) -> Grown {
    let parts = runs.parts();
    let each = parts.flat_map(|(part, p, _)| {
        let steep = p.steepness();
        x.mid[part].iter().map(move |&y| stage(steep, y, 0.0))
    });
    let each: Vec<(f64, f64, f64)> = each.collect();
    let most = |f: fn(&(f64, f64, f64)) -> f64| each.iter().map(f).fold(0.0, f64::max);
    let (steepest, rounding) = (most(|e| e.1), most(|e| e.2));
    Grown {
        mid: each.iter().map(|e| e.0).collect(),
        radii: x.radii.clone().map(rounding, |i, r| r * each[i].1),
        uniform: sum(x.uniform + steepest.log2(), rounding.log2()),
    }
}

/// What a polynomial makes of numbers; none where one leaves its domain.
fn bent(twin: &Activation, leak: f64, x: &[f64], radii: &Radii, uniform: f64) -> Option<Grown> {
    let scale = twin.scale().to_f64();
    let direct = twin.domain().is_some();
    if x.iter().any(|v| !twin.holds(&Range::estimate_of(*v))) {
        return None;
    }
    let mut mid = Vec::with_capacity(x.len());
    let (mut slopes, mut rounding) = (Vec::with_capacity(x.len()), 0.0f64);
    for &v in x {
        let (mut y, mut slope, mut off) = (v / scale, 1.0 / scale, PRODUCT + v.abs());
        for (_, steep) in twin.stages() {
            let (next, here, more) = stage(steep, y, off);
            (y, slope, off) = (next, slope * here, more);
        }
        if !direct {
            slope = 0.5 * (v.abs() * slope + (1.0 + y).abs());
            off = off * v.abs() * 0.5 + PRODUCT;
            y = 0.5 * v * (1.0 + y);
        }
        if leak != 0.0 && !twin.is_leaky() {
            slope = leak.abs() + (1.0 - leak).abs() * slope;
            y = leak * v + (1.0 - leak) * y;
        }
        rounding = rounding.max(off);
        slopes.push(slope);
        mid.push(y);
    }
    let steepest = slopes.iter().copied().fold(0.0, f64::max);
    Some(Grown {
        mid,
        radii: radii.clone().map(rounding, |i, r| r * slopes[i]),
        uniform: sum(uniform + steepest.log2(), rounding.log2()),
    })
}
