//! The difference of twin and network, bounded by rows that carry two lists of coefficients: of the differences and of
//! the ReLU network's own values.
//!
//! # Method
//! With z, u = z + d before an activation, p(u) - relu(z) lies between planes alpha d + beta z + gamma. Where the range
//! of u is short against a wave of the polynomial, p is close to a line s u + t there though s is not ReLU's slope, and
//! the neuron adds (s - 1) z (or s z) to the difference: taken alone that is as large as the slopes' difference times the
//! range; as a function of the input it cancels against the other neurons'. So rows go back through the differences and
//! the network side by side, and the box ends the second. With beta = 0 everywhere this is the relaxation in d alone.
//!
//! Every choice of planes that hold is sound; per neuron the pair that is closest together in the middle is taken.

use crate::arith::upper::{gamma, Upper, UNIT};
use crate::error::Result;
use crate::network::boxes::bounds::{added, negative, Bounds, Replacement};
use crate::network::boxes::relax::{
    chord_above, in_chunks, starts, Knowledge, Lines, Side, Totals,
};
use crate::network::boxes::stages::Stage;

/// A plane alpha d + beta z + gamma.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    pub(super) d: f64,
    pub(super) z: f64,
    pub(super) offset: f64,
}

/// Planes above and below p(u) - relu(z).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planes {
    pub(super) above: Plane,
    pub(super) below: Plane,
}

impl Planes {
    /// As lines in d, of planes that do not depend on z.
    pub(super) fn lines(&self) -> Lines {
        Lines {
            above: (self.above.d, self.above.offset),
            below: (self.below.d, self.below.offset),
        }
    }
}

/// Planes of a stage without ReLU.
pub(super) const EQUAL: Planes = {
    let same = Plane {
        d: 1.0,
        z: 0.0,
        offset: 0.0,
    };
    Planes {
        above: same,
        below: same,
    }
};

/// Bounds of the differences of one stage.
///
/// **Inputs** the stages; what is known of the differences and of the ReLU network in all stages before `target`, and
/// the planes of their activations; the input's box.
/// **Guarantee** for every input in the box the value is at most the bound. **Cost** four rows for each neuron.
///
/// # Errors
/// A bound beyond [`super::relax::MAX_MAGNITUDE`].
pub fn bound_both_signs(
    stages: &[Stage],
    difference: &[Knowledge],
    relu: &[Knowledge],
    planes: &[Vec<Planes>],
    input: &[Bounds],
    target: usize,
) -> Result<Vec<Bounds>> {
    let n = stages[target].size;
    let some = |chunk: &[(usize, f64)]| {
        let mut apart = Side::new(stages, difference, None);
        let mut network = Side::new(stages, relu, Some(input));
        let mut totals = Totals::new(chunk.len());
        apart.through_matrices(target, &starts(chunk, n), &mut totals);
        for k in (1..target).rev() {
            let Some(mut rows) = apart.take(k) else {
                continue;
            };
            let mut own = network.take(k);
            if stages[k].relu {
                let own = own.get_or_insert_with(|| vec![0.0; rows.len()]);
                let known = (&difference[k], &relu[k]);
                through_activation(known, &planes[k], &mut rows, own, &mut totals);
            }
            apart.through_matrices(k, &rows, &mut totals);
            if let Some(own) = own.filter(|own| own.iter().any(|q| *q != 0.0)) {
                network.through_matrices(k, &own, &mut totals);
            }
        }
        network.at_input(&mut totals);
        totals.bounds(&stages[target].name)
    };
    in_chunks(&stages[target], some)
}

/// From coefficients of p(u) - relu(z) and relu(z) to coefficients of d and z, in place.
///
/// Of d one product is rounded, of z two and their sum.
fn through_activation(
    (difference, relu): (&Knowledge, &Knowledge),
    planes: &[Planes],
    rows: &mut [f64],
    own: &mut [f64],
    totals: &mut Totals,
) {
    let n = planes.len();
    let both = rows.chunks_exact_mut(n).zip(own.chunks_exact_mut(n));
    for (r, (row, own)) in both.enumerate() {
        let (mut sum, mut size, mut lost, mut lost_own) = (0.0, 0.0, 0.0, 0.0);
        for (i, (q, v)) in row.iter_mut().zip(own).enumerate() {
            let planes = &planes[i];
            let plane = if *q >= 0.0 {
                planes.above
            } else {
                planes.below
            };
            let lines = &relu.lines[i];
            let (slope, offset) = if *v >= 0.0 { lines.above } else { lines.below };
            let (one, other) = (*q * plane.offset, *v * offset);
            sum += one + other;
            size += one.abs() + other.abs();
            let (turned, kept) = (*q * plane.z, *v * slope);
            *v = turned + kept;
            lost_own += (turned.abs() + kept.abs()) * relu.bound_before[i];
            *q *= plane.d;
            lost += q.abs() * difference.bound_before[i];
        }
        let offsets = gamma(n + 1, UNIT) * Upper::computed(size, n + 1);
        let slopes = Upper::of(UNIT) * Upper::computed(lost, n);
        let turned = gamma(2, UNIT) * Upper::computed(lost_own, n + 2);
        totals.add(r, sum, offsets + slopes + turned);
    }
}

/// Planes of p(u) - relu(z), where what is known of p is `replacement` (none: p is ReLU).
pub(super) fn planes(z: Bounds, u: Bounds, d: Bounds, p: Option<&Replacement>) -> Planes {
    let apart = p.map_or((0.0, 0.0), |p| p.bound_apart);
    let alone = in_difference(z, u, d, apart);
    let Some((slope, (least, most))) = p.and_then(|p| p.bound_tilted) else {
        return alone;
    };
    // p(u) in s u + [least, most], relu(z) between t z and t z + rise: s d + (s - t) z and what is left.
    let (t, rise) = if z.0 >= 0.0 {
        (1.0, 0.0)
    } else if z.1 <= 0.0 {
        (0.0, 0.0)
    } else {
        chord_above((z.0, 0.0), (z.1, z.1))
    };
    let turned = slope - t;
    // s - t is rounded: what that may change times z.
    let off =
        (Upper::of(UNIT) * Upper::size(turned) * Upper::size(z.0).max(Upper::size(z.1))).get();
    let plane = |offset: f64| Plane {
        d: slope,
        z: turned,
        offset,
    };
    let both = Planes {
        above: plane(added(most, off)),
        below: plane(-added(added(-least, rise), off)),
    };
    let middle = d.0 / 2.0 + d.1 / 2.0;
    let gap = |p: &Planes| (p.above.d - p.below.d) * middle + p.above.offset - p.below.offset;
    if gap(&both) < gap(&alone) {
        both
    } else {
        alone
    }
}

/// Planes in d = u - z alone, for p - relu within `apart`.
pub(super) fn in_difference(z: Bounds, u: Bounds, d: Bounds, apart: Bounds) -> Planes {
    // Above: the least of convex functions that holds here; below: the mirror image.
    let above = bend(z, u, d);
    let (slope, offset) = bend(u, z, negative(d));
    let plane = |slope: f64, offset: f64| Plane {
        d: slope,
        z: 0.0,
        offset,
    };
    // relu(z) - relu(u) <= slope (-d) + offset, so relu(u) - relu(z) >= slope d - offset.
    Planes {
        above: plane(above.0, added(above.1, apart.1)),
        below: plane(slope, -added(offset, -apart.0)),
    }
}

/// A line above relu(z + d) - relu(z), where u = z + d.
fn bend(z: Bounds, u: Bounds, d: Bounds) -> (f64, f64) {
    let chord = |f: &dyn Fn(f64) -> f64| chord_above((d.0, f(d.0)), (d.1, f(d.1)));
    if u.0 >= 0.0 {
        // u - relu(z) <= u - z.
        (1.0, 0.0)
    } else if u.1 <= 0.0 {
        // -relu(z) <= 0.
        (0.0, 0.0)
    } else if z.0 >= 0.0 {
        // max(z + d, 0) - z = max(d, -z) <= max(d, -z_lo).
        chord(&|d| d.max(-z.0))
    } else if z.1 <= 0.0 {
        // max(z + d, 0) <= max(d + z_hi, 0).
        chord(&|d| added(d, z.1).max(0.0))
    } else {
        chord(&|d| d.max(0.0))
    }
}
