//! Slots to coefficients and back, as products of few sparse linear maps.
//!
//! **Method** With n complex slots the embedding is F = B_h .. B_2 B_1 R (`encode`): R puts the coefficients, k and k + n paired
//! as one complex number, in bit-reversed order, and B_i pairs places at distance 2^(i-1):
//! ```text
//! (a, b) -> (a + zeta b, a - zeta b)     three diagonals: of the shifts 0, 2^(i-1) and -2^(i-1)
//! ```
//! Without R the coefficients stay in bit-reversed order, which nothing in between sees. The stages are multiplied together in
//! groups, and each group is a linear map of few diagonals.
//!
//! 2n real slots v are one vector of n complex ones, v_j + i v_(j+n): slots to coefficients works on both halves as they stand,
//! since no stage leaves its half, and its last group adds i times the second half to the first. Coefficients to slots takes t
//! with t_j = c_j + i c_(j+n) as a vector that repeats, and its first group multiplies by 1 in the first half and by -i in the
//! second: the sum of what comes out with its conjugate is twice n c.

use crate::ckks::parameters::double::{ComplexDouble, Double};
use crate::ckks::scheme::encode::{Complex, Encoder};
use std::collections::BTreeMap;

/// A linear map by its diagonals: slot j of the result is sum_k d_k\[j\] x\[j + k\], k modulo the period.
#[derive(Debug, Clone)]
pub struct Diagonals {
    period: usize,
    /// By shift, 0 <= k < period.
    values: BTreeMap<usize, Vec<ComplexDouble>>,
}

fn complex(re: f64, im: f64) -> ComplexDouble {
    ComplexDouble {
        re: Double::from(re),
        im: Double::from(im),
    }
}

impl Diagonals {
    fn new(period: usize) -> Self {
        Self {
            period,
            values: BTreeMap::new(),
        }
    }

    fn add(&mut self, shift: i64, place: usize, value: ComplexDouble) {
        let shift = shift.rem_euclid(self.period as i64) as usize;
        let diagonal = (self.values.entry(shift))
            .or_insert_with(|| vec![ComplexDouble::default(); self.period]);
        diagonal[place] = diagonal[place] + value;
    }

    /// First self, then `next`, of the same period.
    fn then(&self, next: &Self) -> Self {
        let mut out = Self::new(self.period);
        for (&k, d) in &next.values {
            for (&l, e) in &self.values {
                for (j, d) in d.iter().enumerate() {
                    let value = *d * e[(j + k) % self.period];
                    out.add((k + l) as i64, j, value);
                }
            }
        }
        // What is nothing but zeros costs a key and a product.
        let zero = ComplexDouble::default();
        out.values.retain(|_, d| d.iter().any(|v| *v != zero));
        out
    }

    /// The diagonals by their shifts, each entry the nearest f64s.
    #[must_use]
    pub fn values(&self) -> BTreeMap<i64, Vec<Complex>> {
        let round = |z: &ComplexDouble| Complex {
            re: z.re.to_f64(),
            im: z.im.to_f64(),
        };
        (self.values.iter())
            .map(|(&k, d)| (k as i64, d.iter().map(round).collect()))
            .collect()
    }

    /// The least distance between shifts: all are multiples of it.
    #[must_use]
    pub fn stride(&self) -> usize {
        let shifts = self.values.keys().filter(|&&k| k > 0);
        let bits = shifts.map(|k| k.trailing_zeros()).min();
        bits.map_or(1, |bits| 1 << bits)
    }
}

/// B_i for `half` = 2^(i-1), or its inverse times 2, on vectors of a period of which n divides.
fn stage(encoder: &Encoder, n: usize, period: usize, half: usize, inverse: bool) -> Diagonals {
    let mut out = Diagonals::new(period);
    let one = complex(1.0, 0.0);
    let half_shift = half as i64;
    for place in 0..period {
        let j = place % n % (2 * half);
        let upper = j >= half;
        let root = encoder.stage_root(2 * half, j % half);
        match (inverse, upper) {
            (false, false) => {
                out.add(0, place, one);
                out.add(half_shift, place, root);
            }
            (false, true) => {
                out.add(0, place, complex(0.0, 0.0) - root);
                out.add(-half_shift, place, one);
            }
            (true, false) => {
                out.add(0, place, one);
                out.add(half_shift, place, one);
            }
            (true, true) => {
                out.add(0, place, complex(0.0, 0.0) - root.conj());
                out.add(-half_shift, place, root.conj());
            }
        }
    }
    out
}

/// log2 of the stages of each group, as even as can be, the larger groups last.
fn groups(stages: u32, count: usize) -> Vec<u32> {
    let (each, more) = (stages / count as u32, stages as usize % count);
    (0..count)
        .map(|i| each + u32::from(i >= count - more))
        .collect()
}

fn product(maps: impl Iterator<Item = Diagonals>) -> Option<Diagonals> {
    maps.reduce(|all, next| all.then(&next))
}

/// 2n real slots to the coefficients of an element of n complex slots: maps in the order of their application.
///
/// **Inputs** log2 of 2n; how many maps. The maps' period is 2n.
#[must_use]
pub fn slots_to_coefficients(encoder: &Encoder, log_values: u32, count: usize) -> Vec<Diagonals> {
    let period = 1usize << log_values;
    let n = period / 2;
    let mut next = 0;
    let mut out: Vec<Diagonals> = (groups(log_values - 1, count).into_iter())
        .filter_map(|stages| {
            let halves = next..next + stages;
            next += stages;
            product(halves.map(|i| stage(encoder, n, period, 1 << i, false)))
        })
        .collect();
    let mut join = Diagonals::new(period);
    for place in 0..period {
        let (own, other) = match place < n {
            true => (complex(1.0, 0.0), complex(0.0, 1.0)),
            false => (complex(0.0, 1.0), complex(1.0, 0.0)),
        };
        join.add(0, place, own);
        join.add(n as i64, place, other);
    }
    match out.last_mut() {
        Some(last) => *last = last.then(&join),
        None => out.push(join),
    }
    out
}

/// The coefficients of an element of n complex slots to 2n slots of which the real parts are n times them: maps in the order of
/// their application.
///
/// **Inputs** log2 of 2n; how many maps. All but a first one of two or more have entries that repeat soon, whatever their period.
#[must_use]
pub fn coefficients_to_slots(encoder: &Encoder, log_values: u32, count: usize) -> Vec<Diagonals> {
    let n = 1usize << (log_values - 1);
    let mut left = log_values - 1;
    let mut sizes = groups(log_values - 1, count);
    // The highest stages wrap around, so that their group has half of the diagonals that others have.
    sizes.reverse();
    let mut out: Vec<Diagonals> = (sizes.into_iter().enumerate())
        .filter_map(|(i, stages)| {
            let halves = (left - stages..left).rev();
            left -= stages;
            // What comes in has the period n, and 2n from the first map on.
            let period = if i == 0 { n } else { 2 * n };
            product(halves.map(|i| stage(encoder, n, period, 1 << i, true)))
        })
        .collect();
    // No later stage leaves its half, so the second half may be turned as soon as there is one; and only the first map needs
    // entries of all the period, which it has as it is.
    if let Some(first) = out.first_mut() {
        let mut wide = Diagonals::new(2 * n);
        for (&k, d) in &first.values {
            // n divides the period of what comes in, so a shift may be taken modulo n.
            for (j, &value) in d.iter().enumerate() {
                wide.add(k as i64, j, value);
                wide.add(k as i64, j + n, value * complex(0.0, -1.0));
            }
        }
        *first = wide;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::parameters::rng::Rng;
    use crate::ckks::ring::tests::small_ring;
    use rug::{Integer, Rational};

    fn apply(d: &Diagonals, x: &[Complex]) -> Vec<Complex> {
        let mut out = vec![Complex::default(); x.len().max(d.period)];
        for (j, out) in out.iter_mut().enumerate() {
            for (&k, d) in &d.values() {
                let (a, b) = (d[j % d.len()], x[(j + k as usize) % x.len()]);
                out.re += a.re * b.re - a.im * b.im;
                out.im += a.re * b.im + a.im * b.re;
            }
        }
        out
    }

    /// Against the encoder's own embedding: the slots of an element, and its coefficients.
    #[test]
    fn maps_are_the_embedding_and_its_inverse() {
        let ring = small_ring();
        let encoder = Encoder::new(&ring);
        for (log_values, count) in [(2u32, 1usize), (5, 2), (7, 3), (9, 3), (9, 2)] {
            let n = 1usize << (log_values - 1);
            let mut rng = Rng::numbered(12, 0);
            let mut unit = || rng.word() as i64 as f64 / 2f64.powi(63);
            let v: Vec<Complex> = (0..2 * n).map(|_| unit().into()).collect();
            let reversed = |k: usize| match n {
                1 => 0,
                _ => k.reverse_bits() >> (usize::BITS - n.trailing_zeros()),
            };

            let mut x = v.clone();
            for map in slots_to_coefficients(&encoder, log_values, count) {
                x = apply(&map, &x);
            }
            // The element with the coefficients v in bit-reversed order.
            let gap = ring.n() / (2 * n);
            let one = Integer::from(1) << 60;
            let mut coefficients = vec![Integer::new(); ring.n()];
            for k in 0..n {
                let fixed = |x: f64| Integer::from((x * 2f64.powi(60)) as i64);
                coefficients[reversed(k) * gap] = fixed(v[k].re);
                coefficients[(reversed(k) + n) * gap] = fixed(v[k + n].re);
            }
            let slots = encoder.slots(&coefficients, log_values - 1, &Rational::from(one));
            for j in 0..2 * n {
                let (got, want) = (x[j], slots[j % n]);
                let off = (got.re - want.re).hypot(got.im - want.im);
                assert!(
                    off < 1e-11,
                    "{log_values} {count}: slot {j}, {got:?} {want:?}"
                );
            }

            let mut x = slots;
            for map in coefficients_to_slots(&encoder, log_values, count) {
                x = apply(&map, &x);
            }
            for j in 0..2 * n {
                let got = 2.0 * x[j].re / (2 * n) as f64;
                assert!(
                    (got - v[j].re).abs() < 1e-11,
                    "{log_values} {count}: value {j}"
                );
            }
        }
    }

    /// As many diagonals as the shape of the stages says.
    #[test]
    fn maps_have_few_diagonals() {
        let ring = small_ring();
        let encoder = Encoder::new(&ring);
        let count = |maps: Vec<Diagonals>| -> Vec<(usize, usize)> {
            let shape = |map: &Diagonals| (map.values.len(), map.stride());
            maps.iter().map(shape).collect()
        };
        // Eight stages: 3, 3 and 2 of them; 2^3 multiples of 32 modulo 256, then 15 and 7 shifts.
        let maps = coefficients_to_slots(&encoder, 9, 3);
        assert_eq!(count(maps), [(8, 32), (15, 4), (7, 1)]);
        // Four stages each: 31 shifts, then all multiples of 16 modulo 512.
        let maps = slots_to_coefficients(&encoder, 9, 2);
        assert_eq!(count(maps), [(31, 1), (32, 16)]);
    }
}
