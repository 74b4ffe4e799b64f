//! A composite as one polynomial, exactly, for claims about p itself.

use crate::error::{Error, Result};
use rug::{Integer, Rational};

/// Largest degree of an expanded composite: that of the checker.
pub const MAX_DEGREE: usize = 255;
/// Most bits of a numerator or the denominator: that of the checker.
const MAX_BITS: u32 = 1 << 16;

/// P_k o ... o P_1 in powers of x, from degree 0 upwards.
///
/// **Cost** a product of polynomials for each degree of the later stages.
///
/// # Errors
/// A degree or numbers beyond the checker's limits.
///
/// ```
/// use polycert::certify::stage::expand::composite;
/// use rug::Rational;
/// let q = |c: &[i32]| c.iter().map(|&n| Rational::from(n)).collect::<Vec<_>>();
/// // (1 + 2x)^2 = 1 + 4x + 4x^2
/// assert_eq!(composite(&[q(&[1, 2]), q(&[0, 0, 1])])?, q(&[1, 4, 4]));
/// # Ok::<(), polycert::error::Error>(())
/// ```
pub fn composite(stages: &[Vec<Rational>]) -> Result<Vec<Rational>> {
    let Some((first, rest)) = stages.split_first() else {
        return Err(Error::domain("a composite needs a stage"));
    };
    let mut p = first.clone();
    for stage in rest {
        p = compose(stage, &p)?;
    }
    Ok(p)
}

fn compose(outer: &[Rational], inner: &[Rational]) -> Result<Vec<Rational>> {
    let degree = outer.len().saturating_sub(1) * inner.len().saturating_sub(1);
    if degree > MAX_DEGREE {
        return Err(Error::unsupported(format!(
            "used as it is, the composite has degree {degree}; the limit is {MAX_DEGREE}"
        )));
    }
    // With inner = I/d and outer = sum C_j y^j / D: D d^n outer(inner) = sum C_j d^(n-j) I^j.
    let (inner, d) = over_common_denominator(inner);
    let (outer, mut denominator) = over_common_denominator(outer);
    let mut power = Integer::from(1);
    let mut sum: Vec<Integer> = Vec::new();
    for (i, c) in outer.iter().rev().enumerate() {
        if i > 0 {
            let mut next = vec![Integer::new(); sum.len() + inner.len() - 1];
            for (j, x) in sum.iter().enumerate() {
                for (k, y) in inner.iter().enumerate() {
                    next[j + k] += x * y;
                }
            }
            sum = next;
            power *= &d;
            denominator *= &d;
            let bits = sum
                .iter()
                .chain([&denominator])
                .map(Integer::significant_bits);
            let most = bits.max().unwrap_or(0);
            if most > MAX_BITS {
                let detail = format!(
                    "the expanded composite has numbers of {most} bits; the limit is {MAX_BITS}"
                );
                return Err(Error::unsupported(detail));
            }
        }
        if sum.is_empty() {
            sum.push(Integer::new());
        }
        sum[0] += c * &power;
    }
    Ok(sum
        .into_iter()
        .map(|n| Rational::from((n, denominator.clone())))
        .collect())
}

fn over_common_denominator(c: &[Rational]) -> (Vec<Integer>, Integer) {
    let mut common = Integer::from(1);
    for c in c {
        common.lcm_mut(c.denom());
    }
    let over = |c: &Rational| Integer::from(&common / c.denom()) * c.numer();
    (c.iter().map(over).collect(), common)
}

/// The coefficients of p(at + u) in powers of u.
pub fn shifted(p: &[Rational], at: &Rational) -> Vec<Rational> {
    let mut c = p.to_vec();
    for i in 0..c.len() {
        for k in (i..c.len() - 1).rev() {
            let above = Rational::from(&c[k + 1] * at);
            c[k] += above;
        }
    }
    c
}

/// p(x) - (slope x + intercept).
pub fn minus_line(p: &[Rational], slope: &Rational, intercept: &Rational) -> Vec<Rational> {
    let mut c = p.to_vec();
    c.resize(c.len().max(2), Rational::new());
    c[0] -= intercept;
    c[1] -= slope;
    while c.len() > 1 && c.last().is_some_and(Rational::is_zero) {
        c.pop();
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::poly::composite::horner;

    #[test]
    fn values_are_kept() {
        let q = |c: &[(i32, i32)]| c.iter().map(|&c| Rational::from(c)).collect::<Vec<_>>();
        let a = q(&[(1, 3), (-2, 5), (0, 1), (7, 4)]);
        let b = q(&[(0, 1), (3, 2), (-1, 7)]);
        let c = q(&[(5, 6)]);
        let p = composite(&[a.clone(), b.clone(), a.clone()]).unwrap();
        assert_eq!(p.len(), 19);
        let at = Rational::from((3, 7));
        for n in -5..5 {
            let x = Rational::from((n, 3));
            let want = horner(&a, &horner(&b, &horner(&a, &x)));
            assert_eq!(horner(&p, &x), want);
            let u = Rational::from(&x - &at);
            assert_eq!(horner(&shifted(&p, &at), &u), want);
            let line = Rational::from(&x * &at) + 2u32;
            assert_eq!(
                horner(&minus_line(&p, &at, &Rational::from(2)), &x),
                want - line
            );
        }
        assert_eq!(composite(&[a.clone(), c.clone()]).unwrap(), c);
        assert_eq!(composite(&[c, b.clone()]).unwrap().len(), 1);
        assert!(composite(&[a.clone(), a.clone(), a.clone(), a.clone(), a.clone(), a]).is_err());
    }
}
