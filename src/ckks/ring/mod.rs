//! The ring of a parameter set: transforms mod every prime, base conversions, automorphisms.
//!
//! Elements are kept as transforms: the values at the 2N-th roots of unity zeta^e, e odd, mod each
//! prime. X -> X^g moves the value at zeta^(e g) to the place of zeta^e: a permutation of places,
//! the same for every prime, as the transforms of all primes list the exponents in one order (the
//! values of X are read off and checked when the ring is made).

pub(in crate::ckks) mod convert;
pub(in crate::ckks) mod divide;
pub(in crate::ckks) mod inner;
pub(in crate::ckks) mod lift;
pub(in crate::ckks) mod sub;
pub(in crate::ckks) mod sums;

use super::parameters::modular::Modulus;
use super::parameters::rng::{Rng, Seed};
use super::parameters::Parameters;
use super::ring::convert::Converter;
use crate::error::{Error, ErrorKind, Result};
use rayon::prelude::*;
use rug::Integer;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tfhe_ntt::prime64::Plan;

/// An element as transforms mod q_0 .. q_l, and mod the special primes after these where it has them.
#[derive(Debug, Clone)]
pub struct Poly(pub(in crate::ckks) Vec<Vec<u64>>, Arc<Pool>);

impl Poly {
    /// The number of primes.
    #[must_use]
    pub fn limbs(&self) -> usize {
        self.0.len()
    }
}

impl PartialEq for Poly {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Drop for Poly {
    fn drop(&mut self) {
        self.1.give(self.0.drain(..));
    }
}

/// Limbs that are kept for reuse, so that a key switch does not ask the system for memory.
#[derive(Debug, Default)]
struct Pool(Mutex<Vec<Vec<u64>>>);

/// Most bytes that a pool keeps: about two ciphertexts and the digits of one at N = 2^16.
const POOL_BYTES: usize = 256 << 20;

impl Pool {
    fn give(&self, limbs: impl Iterator<Item = Vec<u64>>) {
        if let Ok(mut pool) = self.0.lock() {
            for limb in limbs {
                if (pool.len() + 1) * limb.len() * 8 <= POOL_BYTES {
                    pool.push(limb);
                }
            }
        }
    }
}

/// Transforms and constants of a parameter set. Shared by keys, encoder and evaluator.
#[derive(Debug)]
pub struct Ring {
    params: Parameters,
    /// q_0 .. q_L, then the special primes.
    moduli: Vec<Modulus>,
    plans: Vec<Plan>,
    /// Converters from the digit that holds q_i, cut after q_i, to all primes.
    digits: Vec<Converter>,
    /// Converters from the primes that each level adds.
    own: Vec<Converter>,
    /// Converter from the special primes.
    special: Converter,
    /// Converter from the first special prime alone.
    narrow: Converter,
    /// Converters from the special primes and those that each level adds.
    special_and_own: Vec<Converter>,
    /// The odd exponent e of zeta at each place, relative to the first place.
    exponents: Vec<u32>,
    /// The place of exponent e at index e/2.
    places: Vec<u32>,
    transforms: AtomicU64,
    pool: Arc<Pool>,
}

impl Ring {
    /// Makes the transforms and constants.
    ///
    /// **Cost** some 40 bytes a coefficient and prime; 0.1 s at N = 2^16 with 34 primes.
    ///
    /// # Errors
    /// A prime without transform, which checked parameters do not have.
    pub fn new(params: &Parameters) -> Result<Arc<Self>> {
        let n = params.n();
        let primes: Vec<u64> = params.q().iter().chain(params.p()).copied().collect();
        let moduli: Vec<Modulus> = primes.iter().map(|&p| Modulus::new(p)).collect();
        let plans = (primes.par_iter())
            .map(|&p| {
                Plan::try_new(n, p).ok_or_else(|| {
                    Error::from(ErrorKind::Parameters(format!("no transform mod {p}")))
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let q_len = params.q().len();
        let digits = (params.digits(params.max_level()).into_par_iter())
            .flat_map_iter(|digit| {
                let cut = |i| Converter::new(&moduli[digit.start..=i], &moduli);
                digit.clone().map(cut).collect::<Vec<_>>()
            })
            .collect();
        let levels = 0..=params.max_level();
        let own = (levels.clone())
            .map(|level| Converter::new(&moduli[params.level_primes(level)], &moduli))
            .collect();
        let special = Converter::new(&moduli[q_len..], &moduli);
        let narrow = Converter::new(&moduli[q_len..=q_len], &moduli);
        let special_and_own = (levels.into_par_iter())
            .map(|level| {
                let own = &moduli[params.level_primes(level)];
                Converter::new(&[&moduli[q_len..], own].concat(), &moduli)
            })
            .collect();
        let (exponents, places) = places(n, &moduli, &plans)?;
        Ok(Arc::new(Self {
            params: params.clone(),
            moduli,
            plans,
            digits,
            own,
            special,
            narrow,
            special_and_own,
            exponents,
            places,
            transforms: AtomicU64::new(0),
            pool: Arc::default(),
        }))
    }

    /// The parameters.
    #[must_use]
    pub fn params(&self) -> &Parameters {
        &self.params
    }

    /// The ring degree.
    #[must_use]
    pub fn n(&self) -> usize {
        self.params.n()
    }

    /// How many transforms of one limb were made so far: what benches hold times against.
    #[must_use]
    pub fn transforms(&self) -> u64 {
        self.transforms.load(Ordering::Relaxed)
    }

    pub(in crate::ckks) fn modulus(&self, index: usize) -> &Modulus {
        &self.moduli[index]
    }

    /// Indices of the primes of level l, then those of the special primes.
    pub(in crate::ckks) fn extended(&self, level: usize) -> Vec<usize> {
        (0..self.params.limbs(level))
            .chain(self.special())
            .collect()
    }

    /// The product of primes.
    pub(in crate::ckks) fn product(&self, indices: impl IntoIterator<Item = usize>) -> Integer {
        let primes = indices.into_iter().map(|i| self.moduli[i].value());
        primes.map(Integer::from).product()
    }

    /// Indices of the special primes.
    pub(in crate::ckks) fn special(&self) -> Vec<usize> {
        (self.params.q().len()..self.moduli.len()).collect()
    }

    /// Where an element with so many primes of Q, and special ones behind them, keeps its residues mod a prime.
    #[inline]
    pub(in crate::ckks) fn place(&self, index: usize, own: usize) -> usize {
        match index.checked_sub(self.params.q().len()) {
            Some(special) => own + special,
            None => index,
        }
    }

    /// The converter from the digit that ends with q_i.
    pub(in crate::ckks) fn digit_converter(&self, last: usize) -> &Converter {
        &self.digits[last]
    }

    /// The converter from the primes that a level adds.
    pub(in crate::ckks) fn own_converter(&self, level: usize) -> &Converter {
        &self.own[level]
    }

    /// The converter from the special primes, or from the first alone.
    pub(in crate::ckks) fn special_converter(&self, narrow: bool) -> &Converter {
        if narrow {
            &self.narrow
        } else {
            &self.special
        }
    }

    /// The converter from the special primes, then those that a level adds.
    pub(in crate::ckks) fn special_and_own_converter(&self, level: usize) -> &Converter {
        &self.special_and_own[level]
    }

    /// Coefficients to values, in place.
    pub(in crate::ckks) fn forward(&self, index: usize, limb: &mut [u64]) {
        self.transforms.fetch_add(1, Ordering::Relaxed);
        self.plans[index].fwd(limb);
    }

    /// Values to coefficients, times a constant, in place.
    pub(in crate::ckks) fn inverse_times(&self, index: usize, limb: &mut [u64], c: u64) {
        self.transforms.fetch_add(1, Ordering::Relaxed);
        self.plans[index].inv(limb);
        // The plan leaves the factor N.
        let m = &self.moduli[index];
        m.mul_constant_assign(limb, m.mul(c, m.invert(self.n() as u64 % m.value())));
    }

    /// A limb of any content.
    pub(in crate::ckks) fn take(&self) -> Vec<u64> {
        let kept = self.pool.0.lock().ok().and_then(|mut p| p.pop());
        kept.unwrap_or_else(|| vec![0; self.n()])
    }

    /// Gives limbs back for reuse; elements do so by themselves.
    pub(in crate::ckks) fn give(&self, limbs: impl IntoIterator<Item = Vec<u64>>) {
        self.pool.give(limbs.into_iter());
    }

    /// An element of these limbs.
    pub(in crate::ckks) fn poly(&self, limbs: Vec<Vec<u64>>) -> Poly {
        Poly(limbs, self.pool.clone())
    }

    /// A copy of a limb in reused memory.
    pub(in crate::ckks) fn copy(&self, limb: &[u64]) -> Vec<u64> {
        let mut out = self.take();
        out.copy_from_slice(limb);
        out
    }

    /// Small coefficients as an element mod the primes of the given indices.
    pub(in crate::ckks) fn small(&self, coefficients: &[i64], indices: &[usize]) -> Poly {
        self.element(indices, |m| {
            coefficients.iter().map(|&c| m.of_i64(c)).collect()
        })
    }

    /// Wide coefficients as an element.
    pub(in crate::ckks) fn wide(&self, coefficients: &[i128], indices: &[usize]) -> Poly {
        self.element(indices, |m| {
            coefficients.iter().map(|&c| m.of_i128(c)).collect()
        })
    }

    fn element(&self, indices: &[usize], residues: impl Fn(&Modulus) -> Vec<u64> + Sync) -> Poly {
        let limb = |&i: &usize| {
            let mut limb = residues(&self.moduli[i]);
            self.forward(i, &mut limb);
            limb
        };
        self.poly(indices.par_iter().map(limb).collect())
    }

    /// The uniform element of a seed: stream `domain` 2^16 + index gives the limb of a prime.
    /// Values at roots are uniform as coefficients are, so no transform is needed.
    pub(in crate::ckks) fn uniform(&self, seed: &Seed, domain: u64, indices: &[usize]) -> Poly {
        let limb = |&i: &usize| {
            Rng::stream(seed, (domain << 16) | i as u64).uniform(self.n(), &self.moduli[i])
        };
        self.poly(indices.par_iter().map(limb).collect())
    }

    /// Applies `f(prime, x, y)` to the limbs of x and y, in place of x.
    pub(in crate::ckks) fn update(
        &self,
        x: &mut Poly,
        y: &Poly,
        f: impl Fn(&Modulus, &mut [u64], &[u64]) + Sync,
    ) {
        (x.0.par_iter_mut().zip(&y.0).zip(&self.moduli)).for_each(|((x, y), m)| f(m, x, y));
    }

    /// The element that `f(prime, out, x)` fills from the limbs of x.
    pub(in crate::ckks) fn map(
        &self,
        x: &Poly,
        f: impl Fn(&Modulus, &mut [u64], &[u64]) + Sync,
    ) -> Poly {
        let limb = |(x, m): (&Vec<u64>, &Modulus)| {
            let mut out = self.take();
            f(m, &mut out, x);
            out
        };
        self.poly(x.0.par_iter().zip(&self.moduli).map(limb).collect())
    }

    /// The element that `f(prime, out, x, y)` fills from the limbs of x and y.
    pub(in crate::ckks) fn map_two(
        &self,
        x: &Poly,
        y: &Poly,
        f: impl Fn(&Modulus, &mut [u64], &[u64], &[u64]) + Sync,
    ) -> Poly {
        let limb = |((x, y), m): ((&Vec<u64>, &Vec<u64>), &Modulus)| {
            let mut out = self.take();
            f(m, &mut out, x, y);
            out
        };
        self.poly(
            x.0.par_iter()
                .zip(&y.0)
                .zip(&self.moduli)
                .map(limb)
                .collect(),
        )
    }

    /// The automorphism that rotates slots by `steps` to the left: g = 5^steps mod 2N.
    #[must_use]
    pub fn rotation(&self, steps: i64) -> u64 {
        let order = self.n() as i64 / 2;
        let two_n = 2 * self.n() as u64;
        (0..steps.rem_euclid(order)).fold(1, |g, _| g * 5 % two_n)
    }

    /// The automorphism that conjugates slots: g = -1 mod 2N.
    #[must_use]
    pub fn conjugation(&self) -> u64 {
        2 * self.n() as u64 - 1
    }

    /// The inverse of an odd g mod 2N.
    #[must_use]
    pub fn inverse_automorphism(&self, g: u64) -> u64 {
        // Newton's iteration doubles the bits of x g = 1; five steps give all 64.
        let mut x = g;
        for _ in 0..5 {
            x = x.wrapping_mul(2u64.wrapping_sub(g.wrapping_mul(x)));
        }
        x % (2 * self.n() as u64)
    }

    /// How many values that follow each other are the same in every element of X^(N/(2 period)), of which the slots repeat with
    /// that period: those whose exponents are the same mod 4 period.
    pub(in crate::ckks) fn repeats(&self, period: usize) -> usize {
        let mask = 4 * period as u32 - 1;
        let most = self.n() / (2 * period);
        let holds = |length: &usize| {
            (self.exponents.chunks_exact(*length))
                .all(|run| run.iter().all(|e| (e ^ run[0]) & mask == 0))
        };
        let lengths = std::iter::successors(Some(most), |length| Some(length / 2));
        lengths
            .take_while(|&length| length > 1)
            .find(holds)
            .unwrap_or(1)
    }

    /// The places that X -> X^g takes values from.
    pub(in crate::ckks) fn automorphism_places(&self, g: u64) -> Vec<u32> {
        let mask = 2 * self.n() as u64 - 1;
        (self.exponents.iter())
            .map(|&e| self.places[(((u64::from(e) * g) & mask) / 2) as usize])
            .collect()
    }

    /// A limb with its values taken from other places.
    pub(in crate::ckks) fn moved(&self, limb: &[u64], places: &[u32]) -> Vec<u64> {
        let mut out = self.take();
        for (out, &from) in out.iter_mut().zip(places) {
            *out = limb[from as usize];
        }
        out
    }

    /// X -> X^g.
    pub(in crate::ckks) fn automorphism(&self, x: &Poly, g: u64) -> Poly {
        let places = self.automorphism_places(g);
        let limbs = x.0.par_iter().map(|limb| self.moved(limb, &places));
        self.poly(limbs.collect())
    }
}

/// The exponent at each place and the place of each exponent, the same for every prime.
fn places(n: usize, moduli: &[Modulus], plans: &[Plan]) -> Result<(Vec<u32>, Vec<u32>)> {
    let values = |plan: &Plan| {
        let mut x = vec![0; n];
        x[1] = 1;
        plan.fwd(&mut x);
        x
    };
    // Powers zeta^1, zeta^3, .. of the root at the first place; sorted, to look exponents up.
    let first = values(&plans[0]);
    let (m, root) = (&moduli[0], first[0]);
    let square = m.mul(root, root);
    let mut powers: Vec<(u64, u32)> = Vec::with_capacity(n);
    let mut power = root;
    for e in 0..n as u32 {
        powers.push((power, 2 * e + 1));
        power = m.mul(power, square);
    }
    powers.sort_unstable();
    let broken = || {
        Error::from(ErrorKind::Unsupported(
            "the transform lists its roots in no known order".into(),
        ))
    };
    let exponents = (first.iter())
        .map(|v| {
            let found = powers.binary_search_by_key(v, |(value, _)| *value);
            found.map(|i| powers[i].1).map_err(|_| broken())
        })
        .collect::<Result<Vec<u32>>>()?;
    let mut places = vec![u32::MAX; n];
    for (place, &e) in exponents.iter().enumerate() {
        places[e as usize / 2] = place as u32;
    }
    if places.contains(&u32::MAX) {
        return Err(broken());
    }
    let same = (moduli.par_iter().zip(plans)).all(|(m, plan)| {
        let x = values(plan);
        let square = m.mul(x[0], x[0]);
        let mut power = x[0];
        places.iter().all(|&place| {
            let fits = x[place as usize] == power;
            power = m.mul(power, square);
            fits
        })
    });
    same.then_some((exponents, places)).ok_or_else(broken)
}

#[cfg(test)]
pub(in crate::ckks) mod tests {
    use super::*;
    use crate::ckks::parameters::security::Waiver;
    use crate::ckks::parameters::Literal;

    /// A small ring for tests: N = 2^10, four primes of Q, digits of two primes.
    pub fn small_ring() -> Arc<Ring> {
        let mut literal = Literal::new(10, vec![50, 40, 40, 40], vec![48, 48], 40);
        literal.waiver = Waiver::Insecure;
        Ring::new(&Parameters::new(&literal).unwrap()).unwrap()
    }

    #[test]
    fn transforms_multiply_as_schoolbook_does() {
        let ring = small_ring();
        let n = ring.n();
        for i in 0..ring.moduli.len() {
            let m = ring.modulus(i);
            let mut rng = Rng::numbered(7, i as u64);
            let (a, b) = (rng.uniform(n, m), rng.uniform(n, m));
            let mut product = vec![0u64; n];
            for (j, &a) in a.iter().enumerate() {
                for (k, &b) in b.iter().enumerate() {
                    let term = m.mul(a, b);
                    let sum = &mut product[(j + k) % n];
                    let negative = j + k >= n;
                    *sum = (*sum + if negative { m.value() - term } else { term }) % m.value();
                }
            }
            let (mut x, mut y) = (a.clone(), b);
            ring.forward(i, &mut x);
            ring.forward(i, &mut y);
            m.mul_assign(&mut x, &y);
            assert!(x.iter().all(|&v| v < m.value()));
            ring.inverse_times(i, &mut x, 1);
            assert_eq!(x, product);
        }
        assert_eq!(ring.transforms(), 3 * 6);
    }

    #[test]
    fn automorphisms_move_coefficients() {
        let ring = small_ring();
        let n = ring.n();
        let c: Vec<i64> = (0..n as i64).map(|i| i - 300).collect();
        let indices = ring.extended(3);
        for g in [5, ring.rotation(3), ring.rotation(-1), ring.conjugation()] {
            let mut moved = vec![0; n];
            for (i, &c) in c.iter().enumerate() {
                let e = i as u64 * g % (2 * n as u64);
                let (place, sign) = (e as usize % n, if e as usize >= n { -1 } else { 1 });
                moved[place] = sign * c;
            }
            let x = ring.small(&c, &indices);
            assert_eq!(ring.automorphism(&x, g), ring.small(&moved, &indices));
            let back = ring.inverse_automorphism(g);
            assert_eq!(ring.automorphism(&ring.automorphism(&x, g), back), x);
        }
    }

    #[test]
    fn conversion_is_exact_and_centred() {
        let ring = small_ring();
        conversions(
            &ring,
            [
                (vec![0, 1], ring.digit_converter(1)),
                (vec![2], ring.digit_converter(2)),
                (vec![4, 5], ring.special_converter(false)),
                (vec![3], ring.own_converter(3)),
                (vec![4, 5, 2], ring.special_and_own_converter(2)),
            ],
        );
        // The widest primes, and as many as there may be: sums do not fit, and residues are added up.
        let mut literal = Literal::new(10, vec![50; 4], vec![50; 8], 40);
        literal.waiver = Waiver::Insecure;
        let ring = Ring::new(&Parameters::new(&literal).unwrap()).unwrap();
        conversions(
            &ring,
            [
                (vec![0, 1, 2, 3], ring.digit_converter(3)),
                ((4..12).collect(), ring.special_converter(false)),
                (
                    (4..12).chain([3]).collect(),
                    ring.special_and_own_converter(3),
                ),
            ],
        );
    }

    fn conversions<const C: usize>(ring: &Ring, cases: [(Vec<usize>, &Converter); C]) {
        let n = ring.n();
        for (source, converter) in cases {
            let d: Integer = source
                .iter()
                .map(|&i| Integer::from(ring.modulus(i).value()))
                .product();
            let half = Integer::from(&d / 2u32);
            let mut rng = Rng::numbered(3, 0);
            let mut x: Vec<Integer> = (0..n)
                .map(|_| {
                    let words = [(); 8].map(|()| rng.word());
                    let wide = Integer::from_digits(&words, rug::integer::Order::Lsf);
                    wide % &d - &half
                })
                .collect();
            let edges = [
                Integer::new(),
                Integer::from(1),
                Integer::from(-1),
                half.clone(),
                Integer::from(-&half),
                Integer::from(&half - 1u32),
            ];
            x[..6].clone_from_slice(&edges);
            let limbs: Vec<Vec<u64>> = (source.iter().enumerate())
                .map(|(k, &i)| {
                    let m = ring.modulus(i);
                    x.iter()
                        .map(|v| m.mul(m.of_integer(v), converter.hat_inverse(k)))
                        .collect()
                })
                .collect();
            let mut targets: Vec<_> = (0..6).map(|i| (i, vec![0; n])).collect();
            converter.convert(&limbs, &mut targets);
            // Within 2^-40 of +-D/2 either representative is right, the same at every target.
            let slack = Integer::from(&d >> 40u32);
            for place in 0..n {
                let near = x[place].clone().abs() > Integer::from(&half - &slack);
                let shifts: &[i32] = if near { &[-1, 0, 1] } else { &[0] };
                let fits = shifts.iter().any(|&shift| {
                    let candidate = Integer::from(&d * shift) + &x[place];
                    (targets.iter())
                        .all(|(i, out)| out[place] == ring.modulus(*i).of_integer(&candidate))
                });
                assert!(fits, "{source:?} {place} {}", x[place]);
            }
        }
    }
}
