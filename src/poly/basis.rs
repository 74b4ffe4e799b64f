//! Exact changes of form: into Chebyshev polynomials, without an input map, over an interval [a, b].

use crate::arith::rounding::CoefficientMode;
use crate::error::Result;
use crate::poly::component::{Basis, Component};
use rug::{Complete, Integer, Rational};

/// Chebyshev coefficients from those in powers: `y^m = 2^(1-m) sum_(i <= m/2) C(m, i) T_(m-2i)`, the term
/// with `T_0` halved.
///
/// **Guarantee** exact; as many coefficients as given.
pub fn power_to_chebyshev(power: &[Rational]) -> Vec<Rational> {
    let mut chebyshev = vec![Rational::new(); power.len()];
    for (m, c) in power.iter().enumerate().filter(|(_, c)| !c.is_zero()) {
        let m = m as u32;
        for i in 0..=m / 2 {
            let count = Integer::binomial_u(m, i).complete();
            let mut term = Rational::from(c * count) >> m;
            if 2 * i < m {
                term <<= 1;
            }
            chebyshev[(m - 2 * i) as usize] += term;
        }
    }
    chebyshev
}

/// The coefficients of P(centre + reach u) in the Chebyshev basis of u, exactly; trailing zeros are removed.
///
/// **Cost** some d^2 sums and products of integers.
pub fn to_chebyshev(powers: &[Rational], centre: &Rational, reach: &Rational) -> Vec<Rational> {
    // Integers: centre + reach u = (a + b u)/e, and the coefficients of P over one denominator.
    let e = centre.denom().clone().lcm(reach.denom());
    let over = |x: &Rational, e: &Integer| Integer::from(e / x.denom()) * x.numer();
    let (a, b) = (over(centre, &e) * 2u32, over(reach, &e));
    let mut common = Integer::from(1);
    powers.iter().for_each(|c| common.lcm_mut(c.denom()));
    // Horner: multiply by 2 (a + b u), where 2 u T_0 = 2 T_1 and 2 u T_j = T_(j+1) + T_(j-1).
    let mut out: Vec<Integer> = Vec::with_capacity(powers.len());
    let mut scale = Integer::from(1);
    for (i, c) in powers.iter().rev().enumerate() {
        if i > 0 {
            scale *= Integer::from(&e * 2u32);
        }
        let mut next = vec![Integer::new(); out.len() + 1];
        for (j, n) in out.iter().enumerate() {
            let side = Integer::from(n * &b);
            if j == 0 {
                next[1] += Integer::from(&side * 2u32);
            } else {
                next[j + 1] += &side;
                next[j - 1] += &side;
            }
            next[j] += Integer::from(n * &a);
        }
        next[0] += over(c, &common) * &scale;
        out = next;
    }
    let whole = common * scale;
    while out.len() > 1 && out.last().is_some_and(Integer::is_zero) {
        out.pop();
    }
    let ratio = |n: Integer| Rational::from((n, whole.clone()));
    out.into_iter().map(ratio).collect()
}

/// The same polynomial in a basis, without an input map.
///
/// **Guarantee** exact, with the nominal degree kept; the component itself where it is so already.
///
/// # Errors
/// As [`Component::powers`].
pub fn plain(component: &Component, basis: Basis) -> Result<Component> {
    let mapped = component.scale != 1u32 || !component.offset.is_zero();
    if component.basis == basis && !mapped {
        return Ok(component.clone());
    }
    let mut powers = component.powers(CoefficientMode::Exact)?;
    powers.resize(component.coefficients.len(), Rational::new());
    Ok(Component::new(
        basis,
        match basis {
            Basis::Power => powers,
            Basis::Chebyshev => power_to_chebyshev(&powers),
        },
    ))
}

/// The same composite without input maps: each is made by the stage before it, s P + o in place of P, as
/// Lattigo has it; that of the first stage is multiplied out.
///
/// **Guarantee** exact.
///
/// # Errors
/// As [`Component::powers`].
pub fn without_maps(components: &[Component]) -> Result<Vec<Component>> {
    let mut all = components.to_vec();
    for i in 1..all.len() {
        let (before, after) = all.split_at_mut(i);
        let (Some(previous), Some(c)) = (before.last_mut(), after.first_mut()) else {
            continue;
        };
        let scale = std::mem::replace(&mut c.scale, Rational::from(1));
        let offset = std::mem::take(&mut c.offset);
        for x in &mut previous.coefficients {
            *x *= &scale;
        }
        // The first polynomial of either basis is 1.
        if let Some(x) = previous.coefficients.first_mut() {
            *x += offset;
        }
    }
    if let Some(first) = all.first_mut() {
        *first = plain(first, first.basis)?;
    }
    Ok(all)
}

/// The same polynomial as sum c_k T_k(2 (x - a)/(b - a) - 1), with a < b: the components's input map if it
/// is in the Chebyshev basis, else [-1, 1].
///
/// **Guarantee** exact.
///
/// # Errors
/// As [`Component::powers`].
pub fn over_interval(component: &Component) -> Result<(Component, (Rational, Rational))> {
    if component.basis == Basis::Power {
        return Ok((
            plain(component, Basis::Chebyshev)?,
            (Rational::from(-1), Rational::from(1)),
        ));
    }
    let mut c = component.clone();
    if c.scale < 0u32 {
        // T_k(-u) = (-1)^k T_k(u).
        c.scale = -c.scale;
        c.offset = -c.offset;
        for odd in c.coefficients.iter_mut().skip(1).step_by(2) {
            *odd = Rational::from(-&*odd);
        }
    }
    // u = s x + o is -1 at a and 1 at b.
    let a = Rational::from(-1 - &c.offset) / &c.scale;
    let b = Rational::from(1 - &c.offset) / &c.scale;
    Ok((c, (a, b)))
}

/// The input map u = s x + o that takes [a, b] to [-1, 1], a < b.
pub fn interval_map(a: &Rational, b: &Rational) -> (Rational, Rational) {
    let width = Rational::from(b - a);
    let scale = Rational::from(2) / &width;
    let offset = -(Rational::from(a + b) / width);
    (scale, offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::horner;

    fn q(values: &[(i32, u32)]) -> Vec<Rational> {
        values
            .iter()
            .map(|&(n, d)| Rational::from((n, d)))
            .collect()
    }

    #[test]
    fn the_published_cleaning_polynomials() {
        // 1.5 x - 0.5 x^3 = 1.125 T_1 - 0.125 T_3 (tuneinsight/lattigo, CoeffsSignX2Cheby).
        let c = power_to_chebyshev(&q(&[(0, 1), (3, 2), (0, 1), (-1, 2)]));
        assert_eq!(c, q(&[(0, 1), (9, 8), (0, 1), (-1, 8)]));
        assert_eq!(power_to_chebyshev(&q(&[(5, 1)])), q(&[(5, 1)]));
        assert!(power_to_chebyshev(&[]).is_empty());
    }

    #[test]
    fn every_form_is_the_same_polynomial() {
        let mut c = Component::new(
            Basis::Chebyshev,
            q(&[(1, 3), (-2, 1), (5, 7), (0, 1), (1, 9)]),
        );
        c.scale = Rational::from((-2, 3));
        c.offset = Rational::from((1, 5));
        let want = c.powers(CoefficientMode::Exact).unwrap();
        for basis in [Basis::Power, Basis::Chebyshev] {
            let p = plain(&c, basis).unwrap();
            assert_eq!((p.basis, p.coefficients.len()), (basis, 5));
            assert_eq!(p.powers(CoefficientMode::Exact).unwrap(), want);
        }
        let (mut over, (a, b)) = over_interval(&c).unwrap();
        assert!(a < b);
        (over.scale, over.offset) = interval_map(&a, &b);
        assert_eq!(over.powers(CoefficientMode::Exact).unwrap(), want);
        let x = Rational::from((3, 11));
        let (power, (a, b)) = over_interval(&plain(&c, Basis::Power).unwrap()).unwrap();
        assert_eq!((a, b), (Rational::from(-1), Rational::from(1)));
        let same = power.powers(CoefficientMode::Exact).unwrap();
        assert_eq!(horner(&same, &x), horner(&want, &x));
    }
}
