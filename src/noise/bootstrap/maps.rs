//! Slots to coefficients and back: what keys, roundings and encoded diagonals add to a coefficient, and to t.
//!
//! # Method
//! Stages B_i pair places at distance 2^(i-1), of h = log2 n (`ckks::bootstrap::transform`); their entries have modulus 1, and
//! B_i/sqrt 2 is unitary. A map is a product of some stages; after it m of the h are done.
//!
//! **To coefficients** (maps F, stages upwards). The raised coefficient k is the one of an element at a multiple of the gap: the
//! mean over all copies, by the trace, of row k of the inverse B_1^-1 .. B_h^-1 of all stages. What is added after m stages passes
//! B_h .. B_(m+1) first, so the row is that of B_1^-1 .. B_m^-1: 2^m entries of modulus 2^-m. Before the last map halves are
//! joined still, c_k = Re v_k - Im v_(k+n): two such rows, in N/(4n) copies. After the last map all N/2 slots have the weight 2/N.
//!
//! **To slots** (maps E, stages downwards, each twice its inverse). What is added after m stages passes h - m more, each of
//! rows of 2 entries of modulus 1, and t is its real part over n: a row of 2^(h-m) entries of modulus 1/n.
//!
//! **Keys and roundings** of a map with diagonals d_k, encoded at the scale D, from the scale sigma to sigma D/q:
//! ```text
//! every diagonal of a baby step that is no identity    max |d_k| (sum_j d_j e_j/P)/sigma
//! every giant step that is no identity                 (sum_j d_j e_j/P + rho s)/(sigma D)
//! the rescale                                          (rho_0 + rho_1 s)/(sigma D/q)
//! ```
//! each as its [`Row`] has it: a diagonal multiplies weights by at most max |d_k|.
//!
//! **Encoded diagonals** are off by delta_k in slots: the integers that are encoded are known, and so are their slots, to within
//! [`MARGIN`] of the exact roots. The map adds E_j = sum_k delta_k\[j\] y\[j + k\], y what comes in with its noise, and
//! |E_j| <= delta sqrt(sum_k |y\[j + k\]|^2), delta the largest 2-norm of a row of delta.
//! - To coefficients, before the last map: delta sqrt K sup |y|, K diagonals, with |a|_1 = 2; sup |y| <= 2^m' after m' stages.
//! - The last one: the mean over all j is at most delta sqrt(K mean |y|^2), mean |y|^2 = 2^m' mean |v|^2.
//! - To slots: 1/n sum_j |E_j| <= delta/n sqrt(2^(h-m)) sqrt(sum_j sum_k |y\[j + k\]|^2), j in a block of 2^(h-m) places and shifts k
//!   multiples of that: every place is hit once at most. For the first map all n are, and hold n sum |c|^2 <= 2 n^2 T^2, T the
//!   largest |t|. Later on they are in three aligned blocks of 2^(h-m'), of which each holds
//!   4^m' 2^(h-m') sum |c|^2 <= 2 n^2 T^2, c the 2^(h-m') numbers t_k + i t_(k+n) that it is made of.
//! - The same in the tier of high probability: it is a sum of W_i t_i, and as what y is made of c by has n 2^m' times the norms of
//!   c, |W|_2 <= delta sqrt(2^(h-m) 2^m'/n). With t = (c_1 s' + c_0)/q_0, c_1 uniform (A1), it is at most |W|_2 [`spread`].

use super::row::{Added, Row};
use crate::arith::number::{f64_above, f64_below};
use crate::arith::upper::Upper;
use crate::ckks::bootstrap::refresh::Layout;
use crate::ckks::evaluate::linear::{encoded, split};
use crate::ckks::scheme::encode::Encoder;
use crate::error::Result;
use crate::noise::formula::{tail, Tier};
use rayon::prelude::*;
use rug::{Integer, Rational};
use std::collections::BTreeSet;

/// An encoded diagonal's slots are known to within that, for entries of modulus 1: `Encoder::slots` states 2^-52 of a part, its
/// f64 entries are the nearest to the products of roots, which are off by 2^-95.
const MARGIN: f64 = 1.0 / (1u64 << 50) as f64;

/// What is known of an encoded map.
pub(super) struct Encoded {
    level: usize,
    /// Its diagonals' scale.
    scale: Rational,
    /// How many diagonals.
    pub count: usize,
    /// sum of max |d_k| over the diagonals of baby steps that are no identity.
    babies: Upper,
    /// Giant steps that are no identity.
    giants: usize,
    /// The largest 1-norm of a row.
    row: Upper,
    /// delta.
    pub off: Upper,
}

impl Encoded {
    /// Encodes every diagonal as the map does, and looks at its slots.
    ///
    /// **Cost** two transforms a diagonal.
    pub fn new(encoder: &Encoder, layout: &Layout) -> Result<Self> {
        struct One {
            most: Upper,
            sizes: Vec<f64>,
            squares: Vec<f64>,
        }
        let one = |(&shift, diagonal): (&i64, &Vec<_>)| -> Result<One> {
            let (giant, _) = split(shift, layout.steps);
            let coefficients = encoded(encoder, diagonal, giant, &layout.scale)?;
            let coefficients: Vec<Integer> = coefficients.into_iter().map(Integer::from).collect();
            let log_period = diagonal.len().trailing_zeros();
            let mut held = encoder.slots(&coefficients, log_period, &layout.scale);
            let period = held.len() as i64;
            held.rotate_left(giant.rem_euclid(period) as usize);
            let mut out = One {
                most: Upper::ZERO,
                sizes: Vec::with_capacity(held.len()),
                squares: Vec::with_capacity(held.len()),
            };
            for (held, meant) in held.iter().zip(diagonal) {
                let size = Upper::norm(&[held.re, held.im]) + Upper::of(MARGIN);
                // A difference of two f64s is off by half a unit in its last place.
                let parts = [held.re - meant.re, held.im - meant.im];
                let off = Upper::norm(&parts).scaled(1.0 + 2f64.powi(-50)) + Upper::of(MARGIN);
                out.most = out.most.max(size);
                out.sizes.push(size.get());
                out.squares.push((off * off).get());
            }
            Ok(out)
        };
        let diagonals: Vec<_> = layout.diagonals.iter().collect();
        let all: Vec<One> = diagonals.into_par_iter().map(one).collect::<Result<_>>()?;
        let period = all.first().map_or(0, |one| one.sizes.len());
        let sum = |f: fn(&One) -> &Vec<f64>| {
            let at = |j: usize| all.iter().map(|one| Upper::of(f(one)[j])).sum::<Upper>();
            (0..period).map(at).fold(Upper::ZERO, Upper::max)
        };
        let steps = layout
            .diagonals
            .keys()
            .map(|&shift| split(shift, layout.steps));
        let turned = steps.clone().zip(&all).filter(|((_, baby), _)| *baby != 0);
        let giants: BTreeSet<i64> = steps.map(|(giant, _)| giant).collect();
        Ok(Self {
            level: layout.level,
            scale: layout.scale.clone(),
            count: all.len(),
            babies: turned.map(|(_, one)| one.most).sum(),
            giants: giants.iter().filter(|&&giant| giant != 0).count(),
            row: sum(|one| &one.sizes),
            off: sum(|one| &one.squares).sqrt(),
        })
    }

    /// sqrt K.
    fn root(&self) -> Upper {
        Upper::of(self.count as f64).sqrt()
    }
}

/// What maps add.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share {
    /// By keys and roundings.
    pub noise: Upper,
    /// By what diagonals are off.
    pub encoding: Upper,
}

/// A chain of maps as it goes.
struct Going<'a> {
    added: &'a Added<'a>,
    moduli: &'a [Integer],
    /// The scale of what comes in.
    scale: Rational,
    /// How far a slot may be off what is meant.
    off: Upper,
    share: Share,
}

impl Going<'_> {
    /// One map; `inner` is the row of what is added before the division, `outer` that of the rescale, `(mean, sup)` what E
    /// comes to in the end and in a slot.
    fn map(&mut self, map: &Encoded, (inner, outer): (Row, Row), (mean, sup): (Upper, Upper)) {
        let added = self.added;
        let product = Rational::from(&self.scale * &map.scale);
        let after = Rational::from(&product / &self.moduli[map.level]);
        let noise = |inner: Row, outer: Row| {
            let giants = added.key_switch(map.level, inner).scaled(map.giants as f64);
            let babies = added.switched(map.level, inner) * map.babies;
            babies.over(f64_below(&self.scale))
                + giants.over(f64_below(&product))
                + added.rescaled(outer).over(f64_below(&after))
        };
        self.share.noise += noise(inner, outer);
        self.share.encoding += mean;
        let slot = Row::equal(1.0, 1.0);
        self.off = map.row * self.off + noise(slot, slot) + sup;
        self.scale = after;
    }
}

/// The stages that are done after each map.
fn stages<'a>(maps: impl Iterator<Item = &'a Layout>) -> Vec<u32> {
    // A map of g stages has entries at 2^g places of a row, the last of those to coefficients at twice as many.
    let entries = |map: &Layout| {
        let first = map.diagonals.values();
        first.filter(|d| d[0].re != 0.0 || d[0].im != 0.0).count()
    };
    let mut done = 0;
    maps.map(|map| {
        done += entries(map).max(1).ilog2();
        done
    })
    .collect()
}

/// What slots to coefficients adds, in units of m, to any of the coefficients that are raised.
///
/// **Inputs** the maps and what is known of them; n; the scale that 2 m comes in at; how far slots are off already (m), and `bound`
/// of |m| in every slot.
pub(super) fn to_coefficients(
    added: &Added,
    maps: &[(Layout, Encoded)],
    n: f64,
    (scale, off, most): (Rational, Upper, Upper),
) -> Share {
    let parameters = added.model.parameters();
    let (slots, moduli) = (parameters.n() as f64 / 2.0, parameters.moduli());
    let done = stages(maps.iter().map(|(layout, _)| layout));
    let mut going = Going {
        added,
        moduli: &moduli,
        scale,
        off,
        share: Share::default(),
    };
    let copies = slots / (2.0 * n);
    let mut before = 0;
    for (i, (_, map)) in maps.iter().enumerate() {
        let width = 2f64.powi(before as i32);
        if i + 1 == maps.len() {
            let row = Row::equal(slots, 1.0 / slots);
            let rms = most.scaled(width.sqrt().next_up()) + going.off;
            let sup = (most.scaled(width) + going.off) * map.off * map.root();
            going.map(map, (row, row), (map.off * map.root() * rms, sup));
        } else {
            let each = 2f64.powi(done[i] as i32);
            let row = Row::equal(2.0 * each * copies, 1.0 / (each * copies));
            let sup = (most.scaled(width) + going.off) * map.off * map.root();
            going.map(map, (row, row), (sup.scaled(2.0), sup));
        }
        before = done[i];
    }
    going.share
}

/// What coefficients to slots adds to t.
///
/// **Inputs** the maps and what is known of them; n; the scale of the coefficients; how far slots are off already, `bound` of
/// |t| in every coefficient and of its [`spread`].
pub(super) fn to_slots(
    added: &Added,
    maps: &[(Layout, Encoded)],
    n: f64,
    (scale, off, (most, spread)): (Rational, Upper, (Upper, Upper)),
) -> Share {
    let moduli = added.model.parameters().moduli();
    let h = n.log2().round() as i32;
    let done = stages(maps.iter().map(|(layout, _)| layout));
    let mut going = Going {
        added,
        moduli: &moduli,
        scale,
        off,
        share: Share::default(),
    };
    let mut before = 0;
    for (i, (_, map)) in maps.iter().enumerate() {
        let left = 2f64.powi(h - done[i] as i32);
        let row = Row::equal(left, 1.0 / n);
        let blocks = if before == 0 { 2.0 } else { 6.0 };
        // sqrt(2 or 6) n T, and the noise at every place that is hit.
        let meant = Upper::of(blocks).sqrt().scaled(n) * most;
        let noise = |places: f64| going.off * Upper::of(places).sqrt();
        // The norm of y over that of c is sqrt(n 2^m').
        let likely = Upper::of(n * 2f64.powi(before as i32)).sqrt() * spread;
        let each = map.off * Upper::of(left).sqrt().over(n);
        let mean = each * (meant.min(likely) + noise(map.count as f64 * left));
        let sup = map.off * (meant + noise(map.count as f64));
        let outer = if i + 1 == maps.len() {
            // The conjugate is one giant step more; the rescale comes after the sum with it.
            let product = Rational::from(&going.scale * &map.scale);
            let half = Row::equal(1.0, 0.5 / n);
            going.share.noise += added.key_switch(map.level, half).over(f64_below(&product));
            half
        } else {
            row
        };
        going.map(map, (row, outer), (mean, sup));
        before = done[i];
    }
    going.share
}

/// `bound` of |sum_i W_i t_i|/|W|_2, but for the tier's probability; of 2n coefficients t_i = (c_1 s' + c_0)/q_0.
///
/// c_1/q_0 has proxy 1/12, and c_1 s' the weights of s' W, of which the norm is at most |s'|_1 |W|_2, |s'|_1 the `weight`. A
/// coefficient of c_1 that is off by one unit ([`tail::STRAYS`]) moves it by |s'|_2 |W|_2 at most. Of c_0 nothing is used but
/// |c_0| <= (1/2 + 2^-40) q_0, by Cauchy and Schwarz; and so of `more`, what else is in a coefficient.
pub(super) fn spread(tier: Tier, weight: f64, n: f64, more: Upper) -> Upper {
    let Tier::HighProbability { kappa } = tier else {
        return Upper::INFINITE;
    };
    let x = Upper::of(tail::exponent(kappa).sup());
    let uniform = x.scaled(2.0).over(12.0).sqrt().scaled(weight);
    let strays = Upper::of(weight).sqrt().scaled(tail::STRAYS);
    let rest = Upper::of(0.5 + 2f64.powi(-40)) + more;
    uniform + strays + rest * Upper::of(2.0 * n).sqrt()
}

/// f64 above a rational, as a bound.
pub(super) fn above(x: &Rational) -> Upper {
    Upper::of(f64_above(x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::bootstrap::literal::Literal;
    use crate::ckks::bootstrap::refresh::layouts;
    use crate::ckks::parameters::Parameters;
    use crate::ckks::ring::Ring;

    /// Shapes of the maps, and diagonals that are off by what rounding n coefficients makes of a slot.
    #[test]
    fn encoded_diagonals_are_off_by_their_roundings() {
        let literal = Literal::toy(10, 8);
        let ring = Ring::new(&Parameters::new(&literal.encryption).unwrap()).unwrap();
        let encoder = Encoder::new(&ring);
        let (down, up, t) = layouts(&encoder, &literal);
        assert_eq!(stages(down.iter())[0], 3);
        assert_eq!(stages(up.iter()), [3, 5, 7]);
        for map in down.iter().chain(&up) {
            let encoded = Encoded::new(&encoder, map).unwrap();
            let period = map.diagonals.values().next().unwrap().len() as f64;
            // At most 2 period coefficients of variance 1/12, the diagonals independent; fewer where values repeat within.
            let root = (encoded.count as f64 * 2.0 * period / 12.0).sqrt() / map.scale.to_f64();
            let off = encoded.off.get() / root;
            assert!((0.1..2.5).contains(&off), "{off}");
            // Entries have modulus 1; no row has fewer than two.
            let least = encoded.babies.get() / encoded.count as f64;
            assert!((0.5..1.0).contains(&least), "{least}");
            let row = encoded.row.get();
            assert!(
                (row / row.round() - 1.0).abs() < 1e-6 && row >= 2.0,
                "{row}"
            );
        }
        // The scales end at that of t, 2n times as large.
        let parameters = ring.params();
        let moduli = parameters.moduli();
        let start = Rational::from(parameters.q()[0]) * parameters.n() as u64;
        let end = up
            .iter()
            .fold(start, |scale, map| scale * &map.scale / &moduli[map.level]);
        assert_eq!(end, t);
    }

    /// The diagonals of a map that is off by more are seen to be.
    #[test]
    fn a_smaller_scale_is_a_larger_error() {
        let literal = Literal::toy(10, 6);
        let ring = Ring::new(&Parameters::new(&literal.encryption).unwrap()).unwrap();
        let encoder = Encoder::new(&ring);
        let (mut down, _, _) = layouts(&encoder, &literal);
        let fine = Encoded::new(&encoder, &down[0]).unwrap().off.get();
        down[0].scale >>= 10;
        let coarse = Encoded::new(&encoder, &down[0]).unwrap().off.get();
        assert!(
            (512.0..2048.0).contains(&(coarse / fine)),
            "{fine} {coarse}"
        );
    }
}
