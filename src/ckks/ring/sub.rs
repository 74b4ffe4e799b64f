//! Transforms in a subring: polynomials in X^gap, whose values repeat.
//!
//! **Method** Values of f(X^gap) at the roots of X^N + 1 are those of f at the roots of Y^(N/gap) + 1, each gap times. Where the large
//! transform lists the equal ones next to each other, and in the order in which a small one lists them, the small one serves. That
//! is looked at, not assumed: the values of X^gap are compared with those of Y, and every other element is a polynomial in it.

use super::Ring;
use rayon::prelude::*;
use tfhe_ntt::prime64::Plan;

/// Transforms of the elements whose slots repeat with a period.
#[derive(Debug)]
pub(in crate::ckks) struct Sub<'a> {
    ring: &'a Ring,
    /// The primes.
    indices: Vec<usize>,
    /// Distance of coefficients.
    gap: usize,
    /// Values that follow each other and are the same.
    repeats: usize,
    /// Small transforms, if they serve.
    plans: Option<Vec<Plan>>,
}

impl Ring {
    /// Transforms mod these primes of elements whose slots repeat with a period.
    pub(in crate::ckks) fn sub(&self, period: usize, indices: Vec<usize>) -> Sub<'_> {
        let (gap, repeats) = (self.n() / (2 * period), self.repeats(period));
        let plan = |&i: &usize| {
            let size = 2 * period;
            let plan = Plan::try_new(size, self.modulus(i).value())?;
            let (mut large, mut small) = (vec![0; self.n()], vec![0; size]);
            large[gap] = 1;
            small[1] = 1;
            self.forward(i, &mut large);
            plan.fwd(&mut small);
            let same = large.iter().step_by(gap).eq(&small);
            same.then_some(plan)
        };
        let all = || indices.par_iter().map(plan).collect::<Option<Vec<Plan>>>();
        let plans = if gap > 1 && gap == repeats {
            all()
        } else {
            None
        };
        Sub {
            ring: self,
            gap,
            repeats,
            plans,
            indices,
        }
    }
}

impl Sub<'_> {
    /// The values of an element by its coefficients, of which those between multiples of the gap are 0: what is
    /// [`Ring::repeats`] times the same is said once.
    pub fn values(&self, coefficients: &[i128]) -> Vec<Vec<u64>> {
        let Some(plans) = &self.plans else {
            let full = self.ring.wide(coefficients, &self.indices);
            let once = |limb: &Vec<u64>| limb.iter().step_by(self.repeats).copied().collect();
            return full.0.iter().map(once).collect();
        };
        let limb = |(&i, plan): (&usize, &Plan)| {
            let m = self.ring.modulus(i);
            let own = coefficients.iter().step_by(self.gap);
            let mut limb: Vec<u64> = own.map(|&c| m.of_i128(c)).collect();
            plan.fwd(&mut limb);
            limb
        };
        self.indices.par_iter().zip(plans).map(limb).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::small_ring;

    /// As the large transform does it, bit by bit; and the small one is used.
    #[test]
    fn values_are_those_of_the_whole_ring() {
        let ring = small_ring();
        let indices: Vec<usize> = ring.extended(ring.params().max_level());
        for period in [16, 64, ring.n() / 4, ring.n() / 2] {
            let gap = ring.n() / (2 * period);
            let mut coefficients = vec![0i128; ring.n()];
            for (k, c) in coefficients.iter_mut().step_by(gap).enumerate() {
                *c = (k as i128 * 0x1234_5678_9abc_def1) * (1 << 30) - (1 << 90);
            }
            let sub = ring.sub(period, indices.clone());
            assert_eq!(sub.plans.is_some(), gap > 1, "{period}");
            let full = ring.wide(&coefficients, &indices);
            let once = sub.values(&coefficients);
            for (full, once) in full.0.iter().zip(&once) {
                let all = once
                    .iter()
                    .flat_map(|&v| std::iter::repeat_n(v, ring.repeats(period)));
                assert!(full.iter().copied().eq(all), "{period}");
            }
        }
    }
}
