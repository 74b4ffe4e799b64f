//! Rule E2, second part: a stage of the circuit, with the constants that are meant, is exactly
//! P(reach u)/divisor in its input u.

use crate::core::budget::{size, Budget};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::evaluation::circuit::{Circuit, Op};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Zero};

const RULE: Rule = Rule::Own("E2 stage");
/// Largest degree of a node.
const MAX_DEGREE: usize = 255;

/// A polynomial in u: integers over one denominator.
#[derive(Debug, Clone)]
struct InU {
    numerators: Vec<BigInt>,
    denominator: BigInt,
}

/// Where a stage lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) input: usize,
    pub(crate) first: usize,
    pub(crate) output: usize,
}

impl InU {
    fn constant(c: &Rational) -> Self {
        Self {
            numerators: vec![c.numer().clone()],
            denominator: c.denom().clone(),
        }
    }

    fn identity() -> Self {
        Self {
            numerators: vec![BigInt::zero(), BigInt::one()],
            denominator: BigInt::one(),
        }
    }

    /// Trailing zeros removed, in lowest terms.
    fn lowest(mut self, budget: &Budget) -> Checked<Self> {
        while self.numerators.len() > 1 && self.numerators.last().is_some_and(Zero::is_zero) {
            self.numerators.pop();
        }
        let mut divisor = self.denominator.clone();
        for n in &self.numerators {
            if divisor.is_one() {
                break;
            }
            let bits = divisor.bits() + n.bits();
            size(bits)?;
            budget.charge(2 * bits * (bits / 128 + 10))?;
            divisor = divisor.gcd(n);
        }
        if !divisor.is_one() {
            for n in &mut self.numerators {
                *n /= &divisor;
            }
            self.denominator /= &divisor;
        }
        Ok(self)
    }

    fn plus(&self, other: &Self, negative: bool, budget: &Budget) -> Checked<Self> {
        let length = self.numerators.len().max(other.numerators.len());
        let zero = BigInt::zero();
        let mut numerators = Vec::with_capacity(length);
        for i in 0..length {
            let a = self.numerators.get(i).unwrap_or(&zero);
            let b = other.numerators.get(i).unwrap_or(&zero);
            budget.product(a.bits(), other.denominator.bits())?;
            budget.product(b.bits(), self.denominator.bits())?;
            let (a, b) = (a * &other.denominator, b * &self.denominator);
            numerators.push(if negative { a - b } else { a + b });
        }
        budget.product(self.denominator.bits(), other.denominator.bits())?;
        Self {
            numerators,
            denominator: &self.denominator * &other.denominator,
        }
        .lowest(budget)
    }

    fn times(&self, other: &Self, budget: &Budget) -> Checked<Self> {
        let length = self.numerators.len() + other.numerators.len() - 1;
        if length > MAX_DEGREE + 1 {
            return Err(Fault::rejected(RULE, "a node of a degree above 255"));
        }
        let mut numerators = vec![BigInt::zero(); length];
        for (i, a) in self
            .numerators
            .iter()
            .enumerate()
            .filter(|(_, a)| !a.is_zero())
        {
            for (j, b) in other
                .numerators
                .iter()
                .enumerate()
                .filter(|(_, b)| !b.is_zero())
            {
                budget.product(a.bits(), b.bits())?;
                if let Some(sum) = numerators.get_mut(i + j) {
                    *sum += a * b;
                }
            }
        }
        budget.product(self.denominator.bits(), other.denominator.bits())?;
        Self {
            numerators,
            denominator: &self.denominator * &other.denominator,
        }
        .lowest(budget)
    }
}

/// T_0, ..., T_n as integers.
fn chebyshev(n: usize, budget: &Budget) -> Checked<Vec<Vec<BigInt>>> {
    let mut all: Vec<Vec<BigInt>> = vec![vec![BigInt::one()], vec![BigInt::zero(), BigInt::one()]];
    while all.len() <= n {
        budget.charge(100 * u64::try_from(all.len()).unwrap_or(u64::MAX))?;
        let k = all.len();
        let (Some(last), Some(before)) = (all.get(k - 1), all.get(k - 2)) else {
            return Err(Fault::internal("Chebyshev polynomials"));
        };
        let mut next = vec![BigInt::zero(); k + 1];
        for (to, c) in next.iter_mut().skip(1).zip(last) {
            *to += c * 2;
        }
        for (to, c) in next.iter_mut().zip(before) {
            *to -= c;
        }
        all.push(next);
    }
    Ok(all)
}

/// Proves that the stage is P(reach u)/divisor, and says which of its nodes are some T_j(u).
///
/// The nodes of the stage may use each other and the input only.
pub(crate) fn prove(
    circuit: &Circuit,
    span: Span,
    p: &Polynomial,
    reach: &Rational,
    divisor: &Rational,
    budget: &Budget,
) -> Checked<Vec<usize>> {
    let mut known: Vec<InU> = Vec::new();
    let mut bounded = Vec::new();
    if span.input >= span.first || span.first > span.output {
        return Err(Fault::rejected(
            RULE,
            "input, first and output are out of order",
        ));
    }
    let cosines = chebyshev(p.numerators.len().min(MAX_DEGREE), budget)?;
    let identity = InU::identity();
    for id in span.first..=span.output {
        let at = |a: usize| -> Checked<&InU> {
            if a == span.input {
                return Ok(&identity);
            }
            let inner = a.checked_sub(span.first).and_then(|i| known.get(i));
            let outside = || {
                let text = format!("node {id} uses node {a}, which is outside of its stage");
                Fault::rejected(RULE, text)
            };
            inner.ok_or_else(outside)
        };
        let poly = match &circuit.get(id)?.op {
            Op::MulConstant(a, c) => at(*a)?.times(&InU::constant(&c.value), budget)?,
            Op::AddConstant(a, c) => at(*a)?.plus(&InU::constant(&c.value), false, budget)?,
            Op::Add(a, b) => at(*a)?.plus(at(*b)?, false, budget)?,
            Op::Sub(a, b) => at(*a)?.plus(at(*b)?, true, budget)?,
            Op::Mul(a, b) => at(*a)?.times(at(*b)?, budget)?,
            Op::Rescale(a) | Op::Drop(a) => at(*a)?.clone(),
            Op::Input | Op::Units(..) => {
                let text = format!("node {id} is an input or a change of units inside of a stage");
                return Err(Fault::rejected(RULE, text));
            }
        };
        let is_cosine = poly.denominator.is_one()
            && cosines
                .get(poly.numerators.len().saturating_sub(1))
                .is_some_and(|t| *t == poly.numerators);
        if is_cosine {
            bounded.push(id);
        }
        known.push(poly);
    }
    let Some(result) = known.pop() else {
        return Err(Fault::internal("an empty stage"));
    };
    // P(reach u)/divisor.
    let mut power = Rational::raw(divisor.denom().clone(), divisor.numer().clone());
    let length = result.numerators.len().max(p.numerators.len());
    let zero = BigInt::zero();
    for i in 0..length {
        let (a, b) = (
            p.numerators.get(i).unwrap_or(&zero),
            result.numerators.get(i).unwrap_or(&zero),
        );
        for (x, y, z) in [
            (a, power.numer(), &result.denominator),
            (b, power.denom(), &p.denominator),
        ] {
            budget.product(x.bits(), y.bits())?;
            budget.product(x.bits().saturating_add(y.bits()), z.bits())?;
        }
        let wanted = a * power.numer() * &result.denominator;
        let have = b * power.denom() * &p.denominator;
        if wanted != have {
            let text = format!(
                "node {}: the coefficient of u^{i} is not the table's",
                span.output
            );
            return Err(Fault::rejected(RULE, text));
        }
        size(power.bits() + reach.bits())?;
        budget.charge(power.bits().saturating_mul(reach.bits()) / 2048 + 100)?;
        power = power.times(reach);
    }
    Ok(bounded)
}
