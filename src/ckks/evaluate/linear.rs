//! Linear maps of slots, sum_k d_k rot_k(x), by baby steps and giant steps that are hoisted twice.
//!
//! **Method** The shifts are k = g + b, g from few giant steps and b from few baby steps, and
//! ```text
//! sum_g rot_g( sum_b rot_-g(d_(g+b)) rot_b(x) )
//! ```
//! An [`Extended`] element stands for a ciphertext times P, mod Q_l P. The baby steps share the digits of x and are not divided
//! by P before they are multiplied; a giant step divides one half alone; the sum is divided once, by P, or by P and the primes
//! that the level adds.
//!
//! **Guarantee** With x = c_0 + c_1 s, in units of the result before its rescale,
//! ```text
//! a baby step adds    (sum_j d_j e_j)/P,               times the diagonals that it is multiplied by
//! a giant step adds   (sum_j d_j e_j)/P + rho s,       |rho| <= 1/2 + 2^-40 in every coefficient
//! the last division   rho_0 + rho_1 s
//! ```
//! Proof: for a baby step the element is sum_j d_j (b_j, a_j) + P (c_0, 0), of which the phase is P c + sum_j d_j e_j (`switch`).
//! A giant step takes (A_0, A_1) to sum_j d_j (b_j, a_j) + (A_0, 0), d_j the digits of (A_1 - r)/P, r the centred representative
//! of A_1 mod P: the phase is A_0 + A_1 s - r s + sum_j d_j e_j. Automorphisms move coefficients and change signs.
//!
//! **Cost** digits once for the baby steps and once a giant step; an inner product a step; 2 (l + 1 + k) products a diagonal.

use super::switch::Digits;
use super::Evaluator;
use crate::ckks::ring::divide::{by_special, by_special_and_last, runs, transpose};
use crate::ckks::ring::inner::{Inner, Plus, Row};
use crate::ckks::ring::{Poly, Ring};
use crate::ckks::scheme::cipher::{check_scale, same_ring, Ciphertext};
use crate::ckks::scheme::encode::{Complex, Encoder};
use crate::ckks::scheme::keys::SwitchingKey;
use crate::error::{Error, ErrorKind, Result};
use rayon::prelude::*;
use rug::Rational;
use std::collections::{BTreeMap, BTreeSet};

/// A ciphertext times P, mod Q_l P.
#[derive(Debug, Clone)]
pub struct Extended {
    parts: [Poly; 2],
    /// The ciphertext without its parts.
    shell: Ciphertext,
}

/// A linear map at a level, encoded.
#[derive(Debug)]
pub struct LinearMap {
    level: usize,
    scale: Rational,
    ring: [u8; 32],
    /// The baby steps, as shifts.
    babies: Vec<i64>,
    giants: Vec<Giant>,
    /// Values that follow each other and are the same in every diagonal.
    repeats: usize,
}

/// Of a baby step its index, and the diagonal that it is multiplied by, values said once.
type Term = (usize, Vec<Vec<u64>>);

/// A giant step: its shift, and the baby steps that it takes.
#[derive(Debug)]
struct Giant {
    shift: i64,
    terms: Vec<Term>,
}

fn refuse(detail: String) -> Error {
    ErrorKind::Mismatch(detail).into()
}

/// A shift as a giant and a baby step, of a stride and a number of baby steps.
pub(crate) fn split(shift: i64, (stride, babies): (i64, i64)) -> (i64, i64) {
    let baby = shift.rem_euclid(stride * babies);
    (shift - baby, baby)
}

/// The coefficients of a diagonal as it is encoded: turned back, so that the giant step brings it to its place.
///
/// # Errors
/// What the encoder refuses.
pub(crate) fn encoded(
    encoder: &Encoder,
    diagonal: &[Complex],
    giant: i64,
    scale: &Rational,
) -> Result<Vec<i128>> {
    let mut values = diagonal.to_vec();
    let period = values.len();
    values.rotate_right(giant.rem_euclid(period as i64) as usize);
    encoder.coefficients(&values, period.trailing_zeros(), scale)
}

impl LinearMap {
    /// Encodes sum_k d_k rot_k(x), for slots x at a level.
    ///
    /// **Inputs** the diagonals by their shifts, each of 2^log_period values that repeat along the slots; the shifts are
    /// multiples of a stride, of which `babies` are baby steps; the scale of the diagonals.
    ///
    /// # Errors
    /// Diagonals of another length, a shift that is no multiple of the stride, what the encoder refuses.
    pub fn new(
        encoder: &Encoder,
        diagonals: &BTreeMap<i64, Vec<Complex>>,
        (stride, babies): (i64, i64),
        level: usize,
        scale: &Rational,
    ) -> Result<Self> {
        let ring = encoder.ring();
        check_scale(scale, ring)?;
        let period = diagonals.values().next().map_or(0, Vec::len);
        if !period.is_power_of_two() || 2 * period > ring.n() {
            return Err(refuse(format!("linear map: diagonals of {period} values")));
        }
        if stride <= 0 || babies <= 0 || level > ring.params().max_level() {
            return Err(refuse(format!(
                "linear map: stride {stride}, {babies} baby steps, level {level}"
            )));
        }
        let split = |shift| split(shift, (stride, babies));
        for (&shift, values) in diagonals {
            if shift % stride != 0 || values.len() != period {
                return Err(refuse(format!(
                    "linear map: the diagonal of shift {shift} has {} values, stride {stride} and {period} values are due",
                    values.len()
                )));
            }
        }
        let steps: BTreeSet<i64> = diagonals.keys().map(|&shift| split(shift).1).collect();
        let babies: Vec<i64> = steps.into_iter().collect();
        let repeats = ring.repeats(period);
        let mut giants: BTreeMap<i64, Vec<Term>> = BTreeMap::new();
        let sub = ring.sub(period, ring.extended(level));
        let terms = diagonals.par_iter().map(|(&shift, values)| {
            let (giant, baby) = split(shift);
            let coefficients = encoded(encoder, values, giant, scale)?;
            let index = babies.binary_search(&baby).unwrap_or_default();
            Ok((giant, (index, sub.values(&coefficients))))
        });
        for (giant, term) in terms.collect::<Result<Vec<(i64, Term)>>>()? {
            giants.entry(giant).or_default().push(term);
        }
        Ok(Self {
            level,
            scale: scale.clone(),
            ring: ring.params().digest(),
            babies,
            giants: (giants.into_iter())
                .map(|(shift, terms)| Giant { shift, terms })
                .collect(),
            repeats,
        })
    }

    /// The rotations that it needs keys of, in slots to the left.
    #[must_use]
    pub fn steps(&self) -> Vec<i64> {
        let giants = self.giants.iter().map(|giant| giant.shift);
        let all: BTreeSet<i64> = self.babies.iter().copied().chain(giants).collect();
        all.into_iter().filter(|&k| k != 0).collect()
    }

    /// The level of its inputs.
    #[must_use]
    pub fn level(&self) -> usize {
        self.level
    }

    /// Bytes that it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let terms = self.giants.iter().flat_map(|giant| &giant.terms);
        let limbs = terms.flat_map(|(_, limbs)| limbs);
        limbs.map(|limb| 8 * limb.len() as u64).sum()
    }
}

impl Evaluator {
    /// A linear map, before it is divided by P.
    ///
    /// # Errors
    /// A ciphertext of degree 2 or of another level than the map's, a missing key.
    pub fn apply(&self, a: &Ciphertext, map: &LinearMap) -> Result<Extended> {
        const NAME: &str = "linear map";
        self.own(a, NAME)?;
        self.own_key(a, NAME)?;
        self.linear(a, NAME)?;
        same_ring(&map.ring, &a.ring, NAME)?;
        if a.level() != map.level {
            let (have, due) = (a.level(), map.level);
            return Err(refuse(format!(
                "{NAME}: level {due} is due, the ciphertext is at {have}"
            )));
        }
        let scale = self.product_scale(&a.scale, &map.scale)?;
        let shell = Ciphertext { scale, ..a.shell() };
        let keys = (map.babies.iter())
            .map(|&k| self.key(self.ring.rotation(k), a.level(), &format!("rotate by {k}")))
            .collect::<Result<Vec<_>>>()?;
        let mut total: Option<Extended> = None;
        for (giant, parts) in map.giants.iter().zip(self.baby_steps(a, map, &keys)) {
            let shell = shell.clone();
            let g = self.ring.rotation(giant.shift);
            let turned = self.turn(Extended { parts, shell }, g)?;
            total = Some(match total {
                Some(sum) => self.add_extended(sum, &turned)?,
                None => turned,
            });
        }
        total.ok_or_else(|| refuse(format!("{NAME}: it has no diagonal")))
    }

    /// For every giant step the sum of the baby steps times its diagonals.
    fn baby_steps(
        &self,
        a: &Ciphertext,
        map: &LinearMap,
        keys: &[Option<&SwitchingKey>],
    ) -> Vec<[Poly; 2]> {
        let ring = &*self.ring;
        let digits = Digits::new(ring, &a.parts[1], a.level());
        let p = ring.params().p_product();
        let primes = ring.extended(a.level());
        let places: Vec<Vec<u32>> = (map.babies.iter())
            .map(|&k| ring.automorphism_places(ring.rotation(k)))
            .collect();
        let halves = 2 * map.giants.len();
        let limbs = (runs(primes.len()).into_par_iter())
            .flat_map_iter(|run| {
                let residues = digits.residues(&primes[run.clone()]);
                let limbs = run.zip(residues).map(|(at, residues)| {
                    let m = ring.modulus(residues.i);
                    let p = m.of_integer(&p);
                    let inner = Inner::new(m, residues.limbs(), p, 0);
                    let own = |half: usize| a.parts[half].0.get(at).map(Vec::as_slice);
                    let baby = |(key, places): (&Option<&SwitchingKey>, &Vec<u32>)| match key {
                        Some(key) => {
                            let row = Row {
                                key: key.row(ring, residues.count(), residues.i),
                                plus: [own(0).map_or(Plus::Nothing, Plus::One), Plus::Nothing],
                                rests: None,
                            };
                            let mut sums = [ring.take(), ring.take()];
                            inner.fill(&row, &mut sums);
                            let moved = sums.each_ref().map(|half| ring.moved(half, places));
                            ring.give(sums);
                            moved
                        }
                        // Nothing is moved: P times the ciphertext.
                        None => [0, 1].map(|half| {
                            let mut out = ring.take();
                            match own(half) {
                                Some(x) => m.mul_constant(&mut out, x, p),
                                None => out.fill(0),
                            }
                            out
                        }),
                    };
                    let babies: Vec<[Vec<u64>; 2]> = keys.iter().zip(&places).map(baby).collect();
                    let mut out = Vec::with_capacity(halves);
                    for giant in &map.giants {
                        out.extend(sum_of_products(
                            ring,
                            at,
                            residues.i,
                            giant,
                            &babies,
                            map.repeats,
                        ));
                    }
                    ring.give(babies.into_iter().flatten());
                    out
                });
                limbs.collect::<Vec<_>>()
            })
            .collect();
        digits.done();
        let mut halves = transpose(halves, limbs).into_iter();
        let mut half = || ring.poly(halves.next().unwrap_or_default());
        map.giants.iter().map(|_| [half(), half()]).collect()
    }

    /// The ciphertext times P.
    ///
    /// # Errors
    /// A ciphertext of degree 2.
    pub fn extend(&self, a: &Ciphertext) -> Result<Extended> {
        self.own(a, "extend")?;
        self.linear(a, "extend")?;
        let ring = &*self.ring;
        let p = ring.params().p_product();
        let part = |part: &Poly| {
            let mut limbs: Vec<Vec<u64>> = (part.0.par_iter().enumerate())
                .map(|(i, limb)| {
                    let m = ring.modulus(i);
                    let mut out = ring.take();
                    m.mul_constant(&mut out, limb, m.of_integer(&p));
                    out
                })
                .collect();
            limbs.extend(ring.special().iter().map(|_| vec![0; ring.n()]));
            ring.poly(limbs)
        };
        Ok(Extended {
            parts: [part(&a.parts[0]), part(&a.parts[1])],
            shell: a.shell(),
        })
    }

    /// The automorphism X -> X^g of what is not divided by P yet.
    ///
    /// # Errors
    /// A missing key.
    pub fn turn(&self, a: Extended, g: u64) -> Result<Extended> {
        let Some(key) = self.key(g, a.shell.level(), &format!("turn by {g}"))? else {
            return Ok(a);
        };
        let ring = &*self.ring;
        let level = a.shell.level();
        let [first, second] = &a.parts;
        let divided = by_special(ring, std::slice::from_ref(second), level);
        let digits = Digits::new(ring, &divided[0], level);
        let primes = ring.extended(level);
        let places = ring.automorphism_places(g);
        let limbs = (runs(primes.len()).into_par_iter())
            .flat_map_iter(|run| {
                let residues = digits.residues(&primes[run.clone()]);
                let limbs = run.zip(residues).map(|(at, residues)| {
                    let m = ring.modulus(residues.i);
                    // What is added stands for P times something already.
                    let inner = Inner::new(m, residues.limbs(), 1, 0);
                    let row = Row {
                        key: key.row(ring, residues.count(), residues.i),
                        plus: [Plus::One(&*first.0[at]), Plus::Nothing],
                        rests: None,
                    };
                    let mut sums = [ring.take(), ring.take()];
                    inner.fill(&row, &mut sums);
                    let moved = sums.each_ref().map(|half| ring.moved(half, &places));
                    ring.give(sums);
                    Vec::from(moved)
                });
                limbs.collect::<Vec<_>>()
            })
            .collect();
        digits.done();
        let mut halves = transpose(2, limbs).into_iter();
        let mut half = || ring.poly(halves.next().unwrap_or_default());
        Ok(Extended {
            parts: [half(), half()],
            shell: a.shell,
        })
    }

    /// a + b, neither divided by P yet.
    ///
    /// # Errors
    /// Operands of different level or scale.
    pub fn add_extended(&self, mut a: Extended, b: &Extended) -> Result<Extended> {
        a.shell.fits(&b.shell, "add", true)?;
        let primes = self.ring.extended(a.shell.level());
        for (x, y) in a.parts.iter_mut().zip(&b.parts) {
            (x.0.par_iter_mut().zip(&y.0).zip(&primes))
                .for_each(|((x, y), &i)| self.ring.modulus(i).add_assign(x, y));
        }
        Ok(a)
    }

    /// Divides by P.
    #[must_use]
    pub fn divide(&self, a: &Extended) -> Ciphertext {
        let level = a.shell.level();
        Ciphertext {
            parts: by_special(&self.ring, &a.parts, level),
            ..a.shell.shell()
        }
    }

    /// Divides by P and rescales, at once.
    ///
    /// # Errors
    /// Level 0: there is no prime to drop.
    pub fn divide_rescale(&self, a: &Extended) -> Result<Ciphertext> {
        let level = a.shell.level();
        let scale = self.rescaled(level, &a.shell.scale)?;
        Ok(Ciphertext {
            parts: by_special_and_last(&self.ring, &a.parts, level),
            level: level - 1,
            scale,
            ..a.shell.shell()
        })
    }
}

/// sum_b diagonal_b baby_b mod a prime, for both halves; `at` is where the diagonals keep it.
fn sum_of_products(
    ring: &Ring,
    at: usize,
    prime: usize,
    giant: &Giant,
    babies: &[[Vec<u64>; 2]],
    repeats: usize,
) -> [Vec<u64>; 2] {
    let diagonals: Vec<Vec<u64>> = (giant.terms.iter())
        .map(|(_, limbs)| {
            let mut out = ring.take();
            for (out, &value) in out.chunks_exact_mut(repeats).zip(&limbs[at]) {
                out.fill(value);
            }
            out
        })
        .collect();
    let inner = Inner::new(
        ring.modulus(prime),
        diagonals.iter().map(Vec::as_slice).collect(),
        0,
        0,
    );
    let row = Row {
        key: (giant.terms.iter())
            .map(|&(baby, _)| babies[baby].each_ref().map(Vec::as_slice))
            .collect(),
        plus: [Plus::Nothing, Plus::Nothing],
        rests: None,
    };
    let mut out = [ring.take(), ring.take()];
    inner.fill(&row, &mut out);
    ring.give(diagonals);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::parameters::rng::Rng;
    use crate::ckks::parameters::security::Waiver;
    use crate::ckks::parameters::{Literal, Parameters};
    use crate::ckks::ring::Ring;
    use crate::ckks::scheme::keys::SecretKey;
    use rug::Integer;
    use std::sync::Arc;

    /// N = 2^10, levels of one prime and of two, digits as wide as P.
    fn ring() -> Arc<Ring> {
        let mut literal = Literal::new(10, vec![50, 40, 28, 29, 28, 29, 40], vec![48, 48], 40);
        literal.levels = Some(vec![1, 1, 2, 2, 1]);
        literal.waiver = Waiver::Insecure;
        Ring::new(&Parameters::new(&literal).unwrap()).unwrap()
    }

    struct Lab {
        encoder: Encoder,
        secret: SecretKey,
        evaluator: Evaluator,
        rng: Rng,
    }

    impl Lab {
        fn new(steps: &[i64]) -> Self {
            let ring = ring();
            let mut rng = Rng::numbered(11, 0);
            let secret = SecretKey::generate(&ring, &mut rng);
            let keys = secret.evaluation_keys(true, steps, true, &mut rng);
            Self {
                encoder: Encoder::new(&ring),
                evaluator: Evaluator::new(&ring, keys).unwrap(),
                secret,
                rng,
            }
        }

        fn values(&mut self, count: usize) -> Vec<Complex> {
            let mut unit = || self.rng.word() as i64 as f64 / 2f64.powi(63);
            let one = |_| Complex {
                re: unit(),
                im: unit(),
            };
            (0..count).map(one).collect()
        }

        fn encrypt(&mut self, values: &[Complex], log_slots: u32, level: usize) -> Ciphertext {
            let scale = self.evaluator.ring().params().scale();
            let plain = self.encoder.encode(values, log_slots, level, &scale);
            self.secret.encrypt(&plain.unwrap(), &mut self.rng).unwrap()
        }
    }

    #[test]
    fn a_turn_of_what_is_not_divided_is_a_rotation() {
        let mut lab = Lab::new(&[3]);
        for level in 0..=4 {
            let values = lab.values(64);
            let a = lab.encrypt(&values, 6, level);
            let e = &lab.evaluator;
            for (g, plain) in [
                (e.ring().rotation(3), e.rotate(&a, 3)),
                (e.ring().conjugation(), e.conjugate(&a)),
            ] {
                let turned = e.turn(e.extend(&a).unwrap(), g).unwrap();
                assert_eq!(e.divide(&turned), plain.unwrap(), "level {level}");
            }
        }
    }

    /// The map bit by bit by single steps, and its slots against the sum in numbers.
    #[test]
    fn a_map_is_the_sum_of_its_steps() {
        for (period, log_slots, stride, shifts) in [
            (64usize, 6u32, 1i64, vec![-5i64, -4, 0, 1, 2, 3, 6, 7]),
            (16, 6, 2, vec![-8, -2, 0, 6]),
            (512, 9, 4, vec![0, 4, 8]),
            (64, 6, 1, vec![9]),
        ] {
            let mut lab = Lab::new(&[]);
            let level = 3;
            let diagonals: BTreeMap<i64, Vec<Complex>> =
                (shifts.iter()).map(|&k| (k, lab.values(period))).collect();
            let scale = Rational::from(Integer::from(1) << 57);
            let map = LinearMap::new(&lab.encoder, &diagonals, (stride, 4), level, &scale).unwrap();
            // Values are said once where the ring's order lets them: N/(2 period) times less.
            let ring = lab.evaluator.ring().clone();
            let limbs = ring.extended(level).len();
            assert_eq!(map.bytes(), (shifts.len() * limbs * 8 * 2 * period) as u64);
            let keys = lab
                .secret
                .evaluation_keys(true, &map.steps(), true, &mut lab.rng);
            lab.evaluator = Evaluator::new(&ring, keys).unwrap();
            let slots = lab.values(1 << log_slots);
            let a = lab.encrypt(&slots, log_slots, level);
            let e = &lab.evaluator;
            let fast = e.apply(&a, &map).unwrap();

            let mut slow: Option<Extended> = None;
            for giant in &map.giants {
                let mut sum: Option<Extended> = None;
                for (baby, diagonal) in &giant.terms {
                    let g = ring.rotation(map.babies[*baby]);
                    let mut x = e.turn(e.extend(&a).unwrap(), g).unwrap();
                    x.shell.scale *= &scale;
                    for part in &mut x.parts {
                        for ((limb, d), &i) in
                            part.0.iter_mut().zip(diagonal).zip(&ring.extended(level))
                        {
                            let wide: Vec<u64> =
                                d.iter().flat_map(|&v| vec![v; map.repeats]).collect();
                            ring.modulus(i).mul_assign(limb, &wide);
                        }
                    }
                    sum = Some(match sum {
                        Some(sum) => e.add_extended(sum, &x).unwrap(),
                        None => x,
                    });
                }
                let turned = e.turn(sum.unwrap(), ring.rotation(giant.shift)).unwrap();
                slow = Some(match slow {
                    Some(sum) => e.add_extended(sum, &turned).unwrap(),
                    None => turned,
                });
            }
            let slow = slow.unwrap();
            assert_eq!(fast.parts, slow.parts);

            let out = e.divide_rescale(&fast).unwrap();
            assert_eq!(out.level(), level - 1);
            let plain = lab.secret.decrypt(&out).unwrap();
            let got = lab.encoder.decode(&plain).unwrap();
            let n = slots.len() as i64;
            for j in 0..n {
                let mut want = Complex::default();
                for (&k, d) in &diagonals {
                    let (d, x) = (
                        d[j as usize % period],
                        slots[(j + k).rem_euclid(n) as usize],
                    );
                    want.re += d.re * x.re - d.im * x.im;
                    want.im += d.re * x.im + d.im * x.re;
                }
                let got = got[j as usize];
                let off = (got.re - want.re).hypot(got.im - want.im);
                // 2^-24: an encryption at 2^40 and its noise.
                assert!(off < 2f64.powi(-24), "slot {j}: {got:?} {want:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut lab = Lab::new(&[1]);
        let diagonals = |k, count| BTreeMap::from([(k, vec![Complex::from(1.0); count])]);
        let scale = Rational::from(1 << 20);
        let new = |d: &BTreeMap<_, _>, steps| LinearMap::new(&lab.encoder, d, steps, 2, &scale);
        assert!(new(&diagonals(3, 64), (2, 4))
            .unwrap_err()
            .to_string()
            .contains("shift 3"));
        assert!(new(&diagonals(2, 60), (2, 4)).is_err());
        assert!(new(&BTreeMap::new(), (2, 4)).is_err());
        let map = new(&diagonals(2, 64), (1, 4)).unwrap();
        let a = lab.encrypt(&[], 6, 2);
        let e = lab.evaluator.apply(&a, &map).unwrap_err().to_string();
        assert!(e.contains("rotate by 2: there is no key for it"), "{e}");
        let a = lab.encrypt(&[], 6, 1);
        let e = lab.evaluator.apply(&a, &map).unwrap_err().to_string();
        assert!(e.contains("level 2 is due, the ciphertext is at 1"), "{e}");
    }

    /// A key made for a lower level is smaller, does the same there, and is refused above.
    #[test]
    fn a_key_serves_up_to_its_level() {
        let mut lab = Lab::new(&[]);
        let ring = lab.evaluator.ring().clone();
        let mut keys = lab.secret.evaluation_keys(false, &[], false, &mut lab.rng);
        let g = ring.rotation(5);
        lab.secret.add_automorphism(&mut keys, g, 2, &mut lab.rng);
        let limbs = ring.params().digits(2).len() * (4 + 2);
        assert_eq!(keys.bytes(), (2 * limbs * 8 * ring.n()) as u64);
        lab.evaluator = Evaluator::new(&ring, keys).unwrap();
        let values = lab.values(32);
        for level in 0..=2 {
            let a = lab.encrypt(&values, 5, level);
            let out = lab.evaluator.rotate(&a, 5).unwrap();
            let got = lab
                .encoder
                .decode(&lab.secret.decrypt(&out).unwrap())
                .unwrap();
            assert!((got[0].re - values[5].re).abs() < 1e-7);
        }
        let a = lab.encrypt(&values, 5, 3);
        let e = lab.evaluator.rotate(&a, 5).unwrap_err().to_string();
        assert!(
            e.contains("serves up to level 2, the ciphertext is at 3"),
            "{e}"
        );
    }
}
