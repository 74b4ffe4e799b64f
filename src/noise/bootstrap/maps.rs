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
//! **Encoded diagonals** are off by delta_k in slots. Entries repeat with the period P, so a diagonal is an element of 2 P
//! coefficients, each off by at most rho/D, rho = 1/2 + 2^-13 + D 2^-52 (the encoder's, and that of entries in f64). With all its 2 P
//! embeddings in pairs of equal modulus, over the places j of a period
//! ```text
//! sum_j |delta_k[j]|^2 = P sum_c (error of coefficient c)^2 <= 2 (P rho/D)^2 = eps^2
//! ```
//! The map adds E_j = sum_k delta_k\[j\] y\[j + k\], y what comes in with its noise; K diagonals; sup |E_j| <= K eps sup |y|.
//! - To coefficients, before the last map: twice the mean of |E_j| over an aligned block of 2^m places, m the stages done after it,
//!   which is a period: at most 2 K eps 2^(-m/2) sup |y|, and sup |y| <= 2^m' after m' stages.
//! - The last one: the mean over all j is at most K eps/sqrt P sqrt(mean |y|^2), mean |y|^2 = 2^m' mean |v|^2.
//! - To slots: 1/n sum_j |E_j| <= sqrt K eps/n sqrt(sum_k sum_j |y\[j + k\]|^2), j in a block of 2^(h-m) places and shifts k
//!   multiples of that: every place is hit once at most. For the first map all n are, and hold n sum |c|^2 <= 2 n^2 T^2, T the
//!   largest |t|. Later on they are in three aligned blocks of 2^(h-m'), of which each holds
//!   4^m' 2^(h-m') sum |c|^2 <= 2 n^2 T^2, c the 2^(h-m') numbers t_k + i t_(k+n) that it is made of.
//! - The same in the tier of high probability: it is a sum of W_i t_i, and as what y is made of c by has n 2^m' times the norms of
//!   c, |W|_2 <= sqrt K eps sqrt(2^m'/n). With t = (c_1 s' + c_0)/q_0, c_1 uniform (A1), it is at most |W|_2 [`spread`].

use super::row::{Added, Row};
use crate::arith::number::{f64_above, f64_below};
use crate::arith::upper::Upper;
use crate::ckks::bootstrap::refresh::Layout;
use crate::ckks::evaluate::linear::split;
use crate::noise::formula::{tail, Tier};
use rug::{Integer, Rational};
use std::collections::BTreeSet;

/// Stages of a map, its baby steps, the scale of its diagonals.
pub(crate) type Stated = (u32, i64, Rational);

/// What is known of an encoded map.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    level: usize,
    /// Its diagonals' scale.
    scale: Rational,
    /// How many diagonals.
    pub count: usize,
    /// How many multiples of the stride are baby steps.
    steps: i64,
    /// Diagonals of baby steps that are no identity.
    babies: usize,
    /// Giant steps that are no identity.
    giants: usize,
    /// Stages: a row has 2 to the power of them entries of modulus 1.
    stages: u32,
    /// P.
    period: usize,
}

impl Shape {
    pub fn new(layout: &Layout) -> Self {
        let steps = layout
            .diagonals
            .keys()
            .map(|&shift| split(shift, layout.steps));
        let giants: BTreeSet<i64> = steps.clone().map(|(giant, _)| giant).collect();
        let first = layout.diagonals.values();
        let entries = first.filter(|d| d[0].re != 0.0 || d[0].im != 0.0).count();
        Self {
            level: layout.level,
            scale: layout.scale.clone(),
            count: layout.diagonals.len(),
            steps: layout.steps.1,
            babies: steps.filter(|&(_, baby)| baby != 0).count(),
            giants: giants.iter().filter(|&&giant| giant != 0).count(),
            stages: entries.max(1).ilog2(),
            period: layout.diagonals.values().next().map_or(1, Vec::len),
        }
    }

    /// As it is written down.
    pub fn stated(&self) -> Stated {
        (self.stages, self.steps, self.scale.clone())
    }

    /// eps.
    fn off(&self) -> Upper {
        let scale = above(&self.scale);
        let rho = Upper::of(0.5 + 2f64.powi(-13)) + scale.scaled(2f64.powi(-52));
        let all = Upper::of(2.0).sqrt() * rho.scaled(self.period as f64);
        all.over(f64_below(&self.scale))
    }

    /// The largest |entry| that is encoded.
    fn most(&self) -> Upper {
        Upper::ONE + self.off()
    }

    /// The largest 1-norm of a row that is encoded.
    fn row(&self) -> Upper {
        Upper::of(2f64.powi(self.stages as i32)) + self.off().scaled(self.count as f64)
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
    moduli: Vec<Integer>,
    /// The scale of what comes in.
    scale: Rational,
    /// How far a slot may be off what is meant.
    off: Upper,
    /// Stages that are done.
    done: u32,
    share: Share,
}

impl<'a> Going<'a> {
    fn new(added: &'a Added, scale: Rational, off: Upper) -> Self {
        Self {
            added,
            moduli: added.model.parameters().moduli(),
            scale,
            off,
            done: 0,
            share: Share::default(),
        }
    }

    /// One map; `inner` is the row of what is added before the division, `outer` that of the rescale, `(mean, sup)` what E
    /// comes to in the end and in a slot.
    fn map(&mut self, map: &Shape, (inner, outer): (Row, Row), (mean, sup): (Upper, Upper)) {
        let added = self.added;
        let product = Rational::from(&self.scale * &map.scale);
        let after = Rational::from(&product / &self.moduli[map.level]);
        let noise = |inner: Row, outer: Row| {
            let giants = added.key_switch(map.level, inner).scaled(map.giants as f64);
            let babies = added.switched(map.level, inner) * map.most().scaled(map.babies as f64);
            babies.over(f64_below(&self.scale))
                + giants.over(f64_below(&product))
                + added.rescaled(outer).over(f64_below(&after))
        };
        self.share.noise += noise(inner, outer);
        self.share.encoding += mean;
        let slot = Row::equal(1.0, 1.0);
        self.off = map.row() * self.off + noise(slot, slot) + sup;
        self.scale = after;
        self.done += map.stages;
    }
}

/// What slots to coefficients adds, in units of m, to any of the coefficients that are raised.
///
/// **Inputs** the maps; n; the scale that 2 m comes in at; how far slots are off already (m), and `bound` of |m| in every slot.
pub(super) fn to_coefficients(
    added: &Added,
    maps: &[Shape],
    n: f64,
    (scale, off, most): (Rational, Upper, Upper),
) -> Share {
    let slots = added.model.parameters().n() as f64 / 2.0;
    let copies = slots / (2.0 * n);
    let mut going = Going::new(added, scale, off);
    for (i, map) in maps.iter().enumerate() {
        let width = 2f64.powi(going.done as i32);
        let all = map.off().scaled(map.count as f64);
        let sup = all * (most.scaled(width) + going.off);
        if i + 1 == maps.len() {
            let row = Row::equal(slots, 1.0 / slots);
            let rms = most.scaled(width.sqrt().next_up()) + going.off;
            let mean = (all * rms) * Upper::of(1.0 / map.period as f64).sqrt();
            going.map(map, (row, row), (mean, sup));
        } else {
            let block = 2f64.powi((going.done + map.stages) as i32);
            let row = Row::equal(2.0 * block * copies, 1.0 / (block * copies));
            let mean = sup.scaled(2.0) * Upper::of(1.0 / block).sqrt();
            going.map(map, (row, row), (mean, sup));
        }
    }
    going.share
}

/// What coefficients to slots adds to t.
///
/// **Inputs** the maps; n; the scale of the coefficients; how far slots are off already, `bound` of |t| in every coefficient and
/// of its [`spread`].
pub(super) fn to_slots(
    added: &Added,
    maps: &[Shape],
    n: f64,
    (scale, off, (most, spread)): (Rational, Upper, (Upper, Upper)),
) -> Share {
    let mut going = Going::new(added, scale, off);
    for (i, map) in maps.iter().enumerate() {
        let before = 2f64.powi(going.done as i32);
        let left = n / before / 2f64.powi(map.stages as i32);
        let row = Row::equal(left, 1.0 / n);
        let blocks = if i == 0 { 2.0 } else { 6.0 };
        // sqrt(2 or 6) n T, and the noise at every place that is hit.
        let meant = Upper::of(blocks).sqrt().scaled(n) * most;
        let noise = |places: f64| going.off * Upper::of(places).sqrt();
        // The norm of y over that of c is sqrt(n 2^m').
        let likely = Upper::of(n * before).sqrt() * spread;
        let each = map.off() * map.root();
        let mean = each.over(n) * (meant.min(likely) + noise(map.count as f64 * left));
        let sup = each * (meant + noise(map.count as f64));
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
    use crate::ckks::evaluate::linear::encoded;
    use crate::ckks::parameters::Parameters;
    use crate::ckks::ring::Ring;
    use crate::ckks::scheme::encode::Encoder;

    /// Shapes of the maps, and what diagonals as they are encoded are off: never beyond eps, and not far below it.
    #[test]
    fn encoded_diagonals_are_off_by_their_roundings() {
        let literal = Literal::toy(10, 8);
        let ring = Ring::new(&Parameters::new(&literal.encryption).unwrap()).unwrap();
        let encoder = Encoder::new(&ring);
        let (down, up, t) = layouts(&encoder, &literal);
        let stages = |maps: &[Layout]| -> Vec<(u32, usize)> {
            let shapes = maps.iter().map(Shape::new);
            shapes.map(|s| (s.stages, s.period)).collect()
        };
        // Of 2n = 256 values; the join of slots to coefficients is one more.
        assert_eq!(stages(&down), [(3, 8), (5, 256)]);
        assert_eq!(stages(&up), [(3, 256), (2, 16), (2, 4)]);
        for map in down.iter().chain(&up) {
            let shape = Shape::new(map);
            let (mut most, mut sum) = (0f64, 0f64);
            for (&shift, diagonal) in &map.diagonals {
                let (giant, _) = split(shift, map.steps);
                let coefficients = encoded(&encoder, diagonal, giant, &map.scale).unwrap();
                let coefficients: Vec<Integer> =
                    coefficients.into_iter().map(Integer::from).collect();
                let log_period = diagonal.len().trailing_zeros();
                let mut held = encoder.slots(&coefficients, log_period, &map.scale);
                held.rotate_left(giant.rem_euclid(diagonal.len() as i64) as usize);
                let pairs = held.iter().zip(diagonal);
                let off = pairs.map(|(a, b)| (a.re - b.re).powi(2) + (a.im - b.im).powi(2));
                let off = off.sum::<f64>();
                (most, sum) = (most.max(off), sum + off);
            }
            let eps = shape.off().get();
            assert!(most.sqrt() <= eps, "{} {eps}", most.sqrt());
            // Uniform roundings have a third of the energy of the largest; half of those diagonals hold a few roots alone.
            let mean = (sum / shape.count as f64).sqrt();
            assert!(mean >= 0.2 * eps, "{mean} {eps}");
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
}
