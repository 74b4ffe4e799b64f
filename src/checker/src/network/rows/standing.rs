//! What stands at the activations of one table, in units of its reach: the polynomial u, and how u or r bends.
//!
//! Of a table made of sign the reach is B, and r(x) = x (1 + p(x/B))/2. Of one that is the activation itself, r(x) = p(x) on
//! its domain [lo, hi], which holds 0: the reach is R = 2^k, no smaller than -lo and hi, and u(y) = p(R y)/R, so that
//! r'(x) = u'(x/R) and R r''(x) = u''(x/R). Its first stage takes R y: the coefficient of y^j times 2^(k j); its last gives
//! u: divided by 2^k.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::network::activation::SignPolynomial;
use crate::network::rows::curve::{Curve, PLACE_BITS, SLOPE_PRECISION};
use num_bigint::BigInt;
use num_traits::ToPrimitive;

/// Domains reach to 2^this at most.
const REACH: usize = 64;

/// A table as rows need it.
pub(crate) struct RowsTable<'a> {
    pub(crate) polynomials: &'a [Polynomial],
    /// The domain, where p is the activation itself.
    pub(crate) domain: Option<&'a (Rational, Rational)>,
    /// Whether it is a leaky ReLU then.
    pub(crate) leaky: bool,
}

/// A table's polynomial, ready for slopes and remainders.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) polynomial: SignPolynomial,
    pub(crate) curve: Curve,
    /// Where p is the activation itself.
    pub(crate) own: Option<Own>,
}

/// p that is the activation itself.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) reach: Rational,
    /// The ends of the domain, places rounded inward.
    pub(crate) ends: (i128, i128),
    pub(crate) leaky: bool,
}

impl Standing {
    /// **Cost** that of [`Curve::new`].
    ///
    /// # Errors
    /// A rejection of a domain without 0, or beyond 2^64.
    pub(crate) fn new(table: &RowsTable, threads: usize) -> Checked<Self> {
        let (polynomials, own) = match table.domain {
            None => (table.polynomials.to_vec(), None),
            Some(domain) => {
                let k = reach(domain)?;
                let own = Own {
                    reach: Rational::integer(BigInt::from(1) << k),
                    ends: ends(domain, k)?,
                    leaky: table.leaky,
                };
                (scaled(table.polynomials, k), Some(own))
            }
        };
        // Slopes are taken at places.
        let one = Rational::integer(1);
        Ok(Self {
            polynomial: SignPolynomial::new(&polynomials, &one, SLOPE_PRECISION),
            curve: Curve::new(&polynomials, own.is_some(), threads)?,
            own,
        })
    }
}

/// The least k from 0 with -2^k <= lo <= 0 <= hi <= 2^k.
fn reach((lo, hi): &(Rational, Rational)) -> Checked<usize> {
    let zero = Rational::integer(0);
    let most = lo.abs().max(hi.abs());
    let inside = |k: &usize| most <= Rational::integer(BigInt::from(1) << *k);
    let k = (0..=REACH).find(inside);
    k.filter(|_| *lo <= zero && zero <= *hi).ok_or_else(|| {
        Fault::rejected(
            Rule::Own("activations"),
            format!("under noise the domain of a table that is the activation itself holds 0 and ends before 2^{REACH}"),
        )
    })
}

fn ends((lo, hi): &(Rational, Rational), k: usize) -> Checked<(i128, i128)> {
    // Fewer bits than the place of 1: k is at most 64.
    let bits = u64::from(PLACE_BITS).saturating_sub(k as u64);
    let ends = (lo.ceil_at(bits).to_i128(), hi.floor_at(bits).to_i128());
    match ends {
        (Some(lo), Some(hi)) => Ok((lo, hi)),
        _ => Err(Fault::internal("domain")),
    }
}

fn scaled(polynomials: &[Polynomial], k: usize) -> Vec<Polynomial> {
    let mut all = polynomials.to_vec();
    if let Some(first) = all.first_mut() {
        for (j, c) in first.numerators.iter_mut().enumerate() {
            *c <<= k * j;
        }
    }
    if let Some(last) = all.last_mut() {
        last.denominator <<= k;
    }
    all
}
