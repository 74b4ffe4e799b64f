//! Every homomorphic operation against exact arithmetic: phases are integers, compared mod Q_l.
//!
//! An operation that should add nothing to the phase must agree exactly; the noise of the others is
//! held to its deterministic bound, at every level. `runs.rs` has a thousand runs and the slots.

use crate::support::effort::multiplier;
use crate::support::phases::{
    almost_one, automorphism, close, difference, product, same, sum, times, zip,
};
use polycert::ckks::evaluate::Evaluator;
use polycert::ckks::parameters::rng::Rng;
use polycert::ckks::parameters::security::Waiver;
use polycert::ckks::parameters::{Literal, Parameters, Secret};
use polycert::ckks::ring::Ring;
use polycert::ckks::scheme::cipher::Ciphertext;
use polycert::ckks::scheme::encode::{Complex, Encoder};
use polycert::ckks::scheme::keys::{PublicKey, SecretKey};
use rug::{Integer, Rational};
use std::sync::Arc;

/// Everything one run needs.
struct Setting {
    ring: Arc<Ring>,
    encoder: Encoder,
    secret: SecretKey,
    public: PublicKey,
    evaluator: Evaluator,
    rng: Rng,
}

const STEPS: [i64; 3] = [1, -3, 100];

fn literal(log_n: u32, special: usize) -> Literal {
    let mut literal = Literal::new(log_n, vec![50, 40, 41, 40, 40, 42], vec![50; special], 40);
    literal.waiver = Waiver::Insecure;
    literal
}

fn setting(literal: &Literal, seed: u64) -> Setting {
    let params = Parameters::new(literal).unwrap();
    let ring = Ring::new(&params).unwrap();
    let mut rng = Rng::numbered(seed, 0);
    let secret = SecretKey::generate(&ring, &mut rng);
    Setting {
        public: secret.public_key(&mut rng),
        evaluator: Evaluator::new(&ring, secret.evaluation_keys(true, &STEPS, true, &mut rng))
            .unwrap(),
        encoder: Encoder::new(&ring),
        secret,
        ring,
        rng,
    }
}

impl Setting {
    fn values(&mut self, log_slots: u32) -> Vec<Complex> {
        let mut unit = || self.rng.word() as i64 as f64 / 2f64.powi(63);
        (0..1 << log_slots)
            .map(|_| Complex {
                re: unit(),
                im: unit(),
            })
            .collect()
    }

    fn encrypt(&mut self, values: &[Complex], level: usize) -> Ciphertext {
        let log_slots = values.len().trailing_zeros();
        let scale = self.ring.params().scale();
        let plain = self
            .encoder
            .encode(values, log_slots, level, &scale)
            .unwrap();
        self.public
            .encrypt(&self.ring, &plain, &mut self.rng)
            .unwrap()
    }

    fn phase(&self, c: &Ciphertext) -> Vec<Integer> {
        self.secret.phase(c).unwrap()
    }

    fn q(&self, level: usize) -> Integer {
        self.ring.params().q_product(level)
    }

    /// The most that a key switch adds to a coefficient: sum_j N |d_j| |e_j| / P, and a rounding.
    fn bound_switch(&self, level: usize) -> Rational {
        let params = self.ring.params();
        let mut sum = Rational::new();
        for digit in params.digits(level) {
            let d: Integer = params.q()[digit]
                .iter()
                .map(|&q| Integer::from(q))
                .product();
            sum += Rational::from((d, 2)) * params.cbd() * params.n() as u64 / params.p_product();
        }
        sum * almost_one() + self.bound_rescale()
    }

    /// The most that a rescale adds: |rho_0| + |rho_1 s|.
    fn bound_rescale(&self) -> Rational {
        let weight = self
            .secret
            .coefficients()
            .iter()
            .filter(|&&s| s != 0)
            .count();
        Rational::from((weight as u64 + 1, 2)) * almost_one()
    }

    fn slots(&self, c: &Ciphertext) -> Vec<Complex> {
        self.encoder
            .decode(&self.secret.decrypt(c).unwrap())
            .unwrap()
    }
}

#[test]
fn the_oracle_multiplies() {
    let x: Vec<Integer> = [3, -5, 7, 11].map(Integer::from).into();
    let y: Vec<Integer> = [-2, 4, 0, 1].map(Integer::from).into();
    // (3 - 5X + 7X^2 + 11X^3)(-2 + 4X + X^3) mod X^4 + 1.
    assert_eq!(product(&x, &y), [-45, 15, -45, 9].map(Integer::from));
}

/// All operations of one seed, against exact arithmetic.
fn run(s: &mut Setting, log_slots: u32) {
    let params = s.ring.params().clone();
    let (n, top) = (params.n() as u64, params.max_level());
    let (za, zb) = (s.values(log_slots), s.values(log_slots));

    // Fresh, under both keys.
    let scale = params.scale();
    let message = s.encoder.coefficients(&za, log_slots, &scale).unwrap();
    let message: Vec<Integer> = message.into_iter().map(Integer::from).collect();
    let plain = s.encoder.encode(&za, log_slots, top, &scale).unwrap();
    let a = s.public.encrypt(&s.ring, &plain, &mut s.rng).unwrap();
    let q = s.q(top);
    close(
        &s.phase(&a),
        &message,
        &q,
        &Rational::from(u64::from(params.cbd()) * (2 * n + 1)),
    );
    // Extended: rounded to (e v + e_0 + e_1 s)/P + rho_0 + rho_1 s, at every level.
    let fresh = Rational::from(u64::from(params.cbd()) * (2 * n + 1)) / params.p_product();
    for level in 0..=top {
        let plain = s.encoder.encode(&za, log_slots, level, &scale).unwrap();
        let extended = s.public.encrypt_extended(&s.ring, &plain, &mut s.rng);
        let bound = s.bound_rescale() + &fresh * almost_one();
        close(&s.phase(&extended.unwrap()), &message, &s.q(level), &bound);
    }
    let by_secret = s.secret.encrypt(&plain, &mut s.rng).unwrap();
    close(
        &s.phase(&by_secret),
        &message,
        &q,
        &Rational::from(params.cbd()),
    );
    let b = s.encrypt(&zb, top);

    // Operations that add nothing.
    let e = &s.evaluator;
    let (pa, pb) = (s.phase(&a), s.phase(&b));
    same(&s.phase(&e.add(&a, &b).unwrap()), &sum(&pa, &pb), &q);
    same(&s.phase(&e.sub(&a, &b).unwrap()), &difference(&pa, &pb), &q);
    same(
        &s.phase(&e.negate(&a).unwrap()),
        &zip(&pa, &pa, |x, _| Integer::from(-x)),
        &q,
    );
    same(
        &s.phase(&e.add_plain(&a, &plain).unwrap()),
        &sum(&pa, &message),
        &q,
    );
    let times_plain = e.mul_plain(&a, &plain).unwrap();
    same(&s.phase(&times_plain), &product(&pa, &message), &q);
    assert_eq!(times_plain.scale(), &(scale.clone() * &scale));
    let c = Integer::from(-123_456_789_012_345i64) << 3u32;
    let mut shifted = pa.clone();
    shifted[0] += &c;
    same(&s.phase(&e.add_constant(&a, &c).unwrap()), &shifted, &q);
    let constant = e.mul_constant(&a, &c, &Rational::from(1 << 20)).unwrap();
    same(&s.phase(&constant), &times(&pa, &c), &q);
    assert_eq!(constant.scale(), &(scale.clone() * (1 << 20)));
    let low = e.drop_to(&a, 2).unwrap();
    same(&s.phase(&low), &pa, &s.q(2));
    let square = e.tensor(&a, &b).unwrap();
    let exact = product(&pa, &pb);
    same(&s.phase(&square), &exact, &q);
    // Mixed degrees add up; a square minus itself is nothing.
    let mut wide = a.clone();
    wide = e.mul_constant(&wide, &Integer::from(1), &scale).unwrap();
    same(
        &s.phase(&e.sub(&wide, &square).unwrap()),
        &difference(&pa, &exact),
        &q,
    );

    // Key switches and rescales at every level, also where the last digit is short.
    for level in (1..=top).rev() {
        let (a, b) = (e.drop_to(&a, level).unwrap(), e.drop_to(&b, level).unwrap());
        let q = s.q(level);
        let ab = e.mul(&a, &b).unwrap();
        close(&s.phase(&ab), &exact, &q, &s.bound_switch(level));
        let rescaled = e.rescale(&ab).unwrap();
        let last = Integer::from(params.q()[level]);
        assert_eq!(rescaled.scale(), &(ab.scale().clone() / &last));
        assert_eq!(rescaled.level(), level - 1);
        // Times the prime, the rescaled phase is the phase plus the prime times the rounding.
        let back = times(&s.phase(&rescaled), &last);
        close(&back, &s.phase(&ab), &q, &(s.bound_rescale() * &last));
        // Both in one division: what the digits add, and one rounding of the two.
        let once = e.mul_rescale(&a, &b).unwrap();
        let digits = s.bound_switch(level) - s.bound_rescale();
        let times_last = |x: &Ciphertext| -> Vec<Integer> {
            let phase = s.phase(x);
            phase.iter().map(|x| Integer::from(x * &last)).collect()
        };
        let bound = digits + s.bound_rescale() * &last;
        close(&times_last(&once), &exact, &q, &bound);
        // Rounding twice is rounding once, as the prime is odd.
        assert_eq!(once, rescaled);
        assert_eq!(&e.relinearize_rescale(&ab).unwrap(), &rescaled);
        if level == 1 || level == 4 || level == top {
            let many = e.rotate_many(&a, &STEPS).unwrap();
            for (rotated, k) in many.iter().zip(STEPS) {
                assert_eq!(rotated, &e.rotate(&a, k).unwrap());
                let want = automorphism(&s.phase(&a), s.ring.rotation(k));
                close(&s.phase(rotated), &want, &q, &s.bound_switch(level));
            }
            let want = automorphism(&s.phase(&a), s.ring.conjugation());
            close(
                &s.phase(&e.conjugate(&a).unwrap()),
                &want,
                &q,
                &s.bound_switch(level),
            );
        }
    }

    // What a user sees: slots.
    let slots = za.len();
    let near = |c: &Ciphertext, want: &dyn Fn(usize) -> Complex| {
        for (j, z) in s.slots(c).iter().enumerate() {
            let w = want(j);
            assert!(
                (z.re - w.re).hypot(z.im - w.im) < 1e-5,
                "slot {j}: {z:?}, not {w:?}"
            );
        }
    };
    let both = |x: Complex, y: Complex| Complex {
        re: x.re * y.re - x.im * y.im,
        im: x.re * y.im + x.im * y.re,
    };
    near(&a, &|j| za[j]);
    near(&e.rescale(&e.mul(&a, &b).unwrap()).unwrap(), &|j| {
        both(za[j], zb[j])
    });
    near(&e.rotate(&a, -3).unwrap(), &|j| {
        za[(j as i64 - 3).rem_euclid(slots as i64) as usize]
    });
    near(&e.conjugate(&a).unwrap(), &|j| Complex {
        re: za[j].re,
        im: -za[j].im,
    });
    near(
        &e.add_constant(&a, &(Integer::from(3) << 40u32)).unwrap(),
        &|j| Complex {
            re: za[j].re + 3.0,
            im: za[j].im,
        },
    );
}

#[test]
fn operations_are_exact_up_to_their_bounds() {
    for (log_n, special, digit, runs) in [
        (11, 2, 2, 3),
        (11, 1, 1, 2),
        (11, 4, 3, 2),
        (12, 3, 3, 1),
        (13, 2, 2, 1),
    ] {
        let mut literal = literal(log_n, special);
        literal.digit_primes = Some(digit);
        for seed in 0..runs * multiplier() {
            let mut s = setting(&literal, seed);
            run(&mut s, log_n - 1 - (seed % 3) as u32 * 2);
        }
    }
}

/// Fewer runs where a run is dear: a sixteenth of the effort.
#[test]
fn operations_are_exact_in_large_rings() {
    for log_n in [14, 15, 16] {
        let mut literal = literal(log_n, 2);
        literal.digit_primes = Some(2);
        for seed in 0..multiplier().div_ceil(16) {
            run(&mut setting(&literal, seed), log_n - 1);
        }
    }
}

#[test]
fn sparse_secrets_work_too() {
    let mut literal = literal(11, 2);
    literal.secret = Secret::Weight(64);
    run(&mut setting(&literal, 5), 4);
}

#[test]
fn mismatches_are_named() {
    let mut s = setting(&literal(10, 2), 1);
    let z = s.values(3);
    let (a, b) = (s.encrypt(&z, 5), s.encrypt(&z, 4));
    let wide = s.values(4);
    let packed = s.encrypt(&wide, 5);
    let e = &s.evaluator;
    let text = |r: polycert::error::Result<Ciphertext>| r.unwrap_err().to_string();
    assert!(text(e.add(&a, &b)).contains("add: the levels differ: 5 and 4"));
    assert!(text(e.mul(&a, &b)).contains("multiply: the levels differ"));
    assert!(text(e.add(&a, &packed)).contains("numbers of slots differ: 2^3 and 2^4"));
    let ab = e.mul(&a, &a).unwrap();
    assert!(text(e.add(&a, &ab)).contains("add: the scales differ: 2^40 and 2^80"));
    let tensor = e.tensor(&a, &a).unwrap();
    assert!(text(e.rotate(&tensor, 1)).contains("relinearise it first"));
    assert!(text(e.mul(&tensor, &a)).contains("relinearise it first"));
    assert!(text(e.rotate(&a, 2)).contains("rotate by 2: there is no key"));
    let low = e.drop_to(&a, 0).unwrap();
    assert!(text(e.rescale(&low)).contains("rescale needs 1 levels and 0 are left"));
    assert!(text(e.mul_rescale(&low, &low)).contains("rescale needs 1 levels and 0 are left"));
    assert!(text(e.drop_to(&low, 1)).contains("level 0, below 1"));
    assert!(text(e.mul_constant(&a, &Integer::from(1), &Rational::new())).contains("positive"));
    assert_eq!(e.rotate(&a, 0).unwrap(), a);

    // Another secret in the same ring; another ring.
    let mut rng = Rng::numbered(2, 0);
    let other = SecretKey::generate(&s.ring, &mut rng);
    assert!(other
        .decrypt(&a)
        .unwrap_err()
        .to_string()
        .contains("the ciphertext is under key"));
    let plain = s
        .encoder
        .encode(&z, 3, 5, &s.ring.params().scale())
        .unwrap();
    let foreign = other.encrypt(&plain, &mut rng).unwrap();
    assert!(text(e.add(&a, &foreign)).contains("secret keys differ"));
    assert!(text(e.rotate(&foreign, 1)).contains("the evaluation keys are of"));
    let t = setting(&literal(11, 2), 1);
    assert!(text(t.evaluator.negate(&a)).contains("parameters (rings) differ"));
    assert!(t.encoder.decode(&plain).is_err());
    assert!(t.public.encrypt(&t.ring, &plain, &mut rng).is_err());
    assert!(Evaluator::new(&t.ring, e.keys().clone()).is_err());
    let bare = Evaluator::new(
        &s.ring,
        s.secret.evaluation_keys(false, &[], false, &mut rng),
    )
    .unwrap();
    assert!(text(bare.mul(&a, &a)).contains("no relinearisation key"));
    assert!(text(bare.mul_rescale(&a, &a)).contains("no relinearisation key"));
    assert!(text(bare.conjugate(&a)).contains("conjugate: there is no key"));
}
