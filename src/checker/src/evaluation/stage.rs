//! Rule E2, second part: a stage of the circuit, with the constants that are meant, is exactly
//! (P(centre + reach u) - shift)/divisor in its input u.
//!
//! A node is a polynomial in u of at most the degree that sums and products give it. So two of them are equal if
//! they are at one point more than that degree; the points are the integers 0, 1, -1, 2, -2, ..., at which a node
//! is an integer over a denominator that does not depend on the point.

use crate::core::budget::{size, Budget};
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::evaluation::circuit::{Circuit, Op};
use crate::format::json::Tree;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::One;

const RULE: Rule = Rule::Own("E2 stage");
/// Largest degree of a node.
const MAX_DEGREE: usize = 255;

/// Where a stage lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) input: usize,
    pub(crate) first: usize,
    pub(crate) output: usize,
}

impl Span {
    /// Reads one, `node` the reader of a node.
    pub(crate) fn read(tree: Tree, node: impl Fn(Tree) -> Checked<usize> + Copy) -> Checked<Self> {
        let mut fields = tree.object()?;
        let span = Self {
            input: fields.take("input", node)?,
            first: fields.take("first", node)?,
            output: fields.take("output", node)?,
        };
        fields.finish()?;
        Ok(span)
    }
}

/// What a stage is said to be: (P(centre + reach u) - shift)/divisor.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) polynomial: &'a Polynomial,
    pub(crate) centre: &'a Rational,
    pub(crate) reach: &'a Rational,
    pub(crate) shift: &'a Rational,
    pub(crate) divisor: &'a Rational,
}

/// How the numerator of a node follows from those of its operands; 0 is u, i + 1 the stage's node i.
#[derive(Debug)]
enum Step {
    /// n a
    Times(usize, BigInt),
    /// f a + n
    Shift(usize, BigInt, BigInt),
    /// f a + g b
    Sum(usize, BigInt, usize, BigInt),
    /// a b
    Product(usize, usize),
    /// a
    Same(usize),
}

/// A node of the stage at every point: its numerator is made by the step, the rest is the same for all points.
#[derive(Debug)]
struct Layout {
    step: Step,
    denominator: BigInt,
    degree: usize,
}

fn product(a: &BigInt, b: &BigInt, budget: &Budget) -> Checked<BigInt> {
    budget.product(a.bits(), b.bits())?;
    Ok(a * b)
}

/// What both denominators are multiplied by, and their least common multiple.
fn common(a: &BigInt, b: &BigInt, budget: &Budget) -> Checked<(BigInt, BigInt, BigInt)> {
    let bits = a.bits() + b.bits();
    size(bits)?;
    let twos = |x: &BigInt| x.trailing_zeros().unwrap_or(0);
    let divisor = if twos(a) + 1 == a.bits() || twos(b) + 1 == b.bits() {
        // One is a power of two: no more than that of the other divides it.
        BigInt::one() << twos(a).min(twos(b))
    } else {
        budget.charge(2 * bits * (bits / 128 + 10))?;
        a.gcd(b)
    };
    budget.charge(4 * (bits / 64 + 1) * (bits / 64 + 1) + 50)?;
    let (f, g) = (b / &divisor, a / &divisor);
    let whole = a * &f;
    Ok((f, g, whole))
}

/// The layouts of a stage's nodes, which may use each other and the input only; that of u first.
fn layouts(circuit: &Circuit, span: Span, budget: &Budget) -> Checked<Vec<Layout>> {
    let mut all = vec![Layout {
        step: Step::Same(0),
        denominator: BigInt::one(),
        degree: 1,
    }];
    for id in span.first..=span.output {
        let place = |a: usize| -> Checked<usize> {
            if a == span.input {
                return Ok(0);
            }
            let inner = a.checked_sub(span.first).map(|i| i + 1);
            inner.filter(|i| *i < all.len()).ok_or_else(|| {
                let text = format!("node {id} uses node {a}, which is outside of its stage");
                Fault::rejected(RULE, text)
            })
        };
        let at = |i: usize| all.get(i).ok_or_else(|| Fault::internal("a stage"));
        let layout = match &circuit.get(id)?.op {
            Op::MulConstant(a, c) => {
                let i = place(*a)?;
                Layout {
                    step: Step::Times(i, c.value.numer().clone()),
                    denominator: product(&at(i)?.denominator, c.value.denom(), budget)?,
                    degree: at(i)?.degree,
                }
            }
            Op::AddConstant(a, c) => {
                let i = place(*a)?;
                let (f, g, whole) = common(&at(i)?.denominator, c.value.denom(), budget)?;
                let n = product(c.value.numer(), &g, budget)?;
                Layout {
                    step: Step::Shift(i, f, n),
                    denominator: whole,
                    degree: at(i)?.degree,
                }
            }
            op @ (Op::Add(a, b) | Op::Sub(a, b)) => {
                let (i, j) = (place(*a)?, place(*b)?);
                let (f, g, whole) = common(&at(i)?.denominator, &at(j)?.denominator, budget)?;
                let g = match op {
                    Op::Sub(..) => -g,
                    _ => g,
                };
                Layout {
                    step: Step::Sum(i, f, j, g),
                    denominator: whole,
                    degree: at(i)?.degree.max(at(j)?.degree),
                }
            }
            Op::Mul(a, b) => {
                let (i, j) = (place(*a)?, place(*b)?);
                let degree = at(i)?.degree + at(j)?.degree;
                if degree > MAX_DEGREE {
                    return Err(Fault::rejected(RULE, "a node of a degree above 255"));
                }
                Layout {
                    step: Step::Product(i, j),
                    denominator: product(&at(i)?.denominator, &at(j)?.denominator, budget)?,
                    degree,
                }
            }
            Op::Rescale(a) | Op::Drop(a) => {
                let i = place(*a)?;
                Layout {
                    step: Step::Same(i),
                    denominator: at(i)?.denominator.clone(),
                    degree: at(i)?.degree,
                }
            }
            Op::Input | Op::Units(..) => {
                let text = format!("node {id} is an input or a change of units inside of a stage");
                return Err(Fault::rejected(RULE, text));
            }
        };
        all.push(layout);
    }
    Ok(all)
}

/// The numerators of u and all nodes at one point.
fn numerators(layouts: &[Layout], u: &BigInt, budget: &Budget) -> Checked<Vec<BigInt>> {
    let mut all: Vec<BigInt> = vec![u.clone()];
    for layout in layouts.iter().skip(1) {
        let at = |i: &usize| all.get(*i).ok_or_else(|| Fault::internal("a stage"));
        let n = match &layout.step {
            Step::Times(a, n) => product(at(a)?, n, budget)?,
            Step::Shift(a, f, n) => product(at(a)?, f, budget)? + n,
            Step::Sum(a, f, b, g) => product(at(a)?, f, budget)? + product(at(b)?, g, budget)?,
            Step::Product(a, b) => product(at(a)?, at(b)?, budget)?,
            Step::Same(a) => at(a)?.clone(),
        };
        budget.charge(n.bits() / 64)?;
        all.push(n);
    }
    Ok(all)
}

/// T_0, ..., T_n at an integer.
fn chebyshev(u: &BigInt, n: usize, budget: &Budget) -> Checked<Vec<BigInt>> {
    let mut all = vec![BigInt::one(), u.clone()];
    while let (true, [.., before, last]) = (all.len() <= n, all.as_slice()) {
        let next = product(last, u, budget)? * 2u32 - before;
        all.push(next);
    }
    Ok(all)
}

impl Wanted<'_> {
    /// Its value at an integer u, as a fraction.
    fn at(&self, u: &BigInt, budget: &Budget) -> Checked<(BigInt, BigInt)> {
        let (f, g, e) = common(self.centre.denom(), self.reach.denom(), budget)?;
        let step = product(self.reach.numer(), &g, budget)?;
        // y = a/e, and P = sum/(denominator e^d).
        let a = product(self.centre.numer(), &f, budget)? + product(&step, u, budget)?;
        let mut sum = BigInt::ZERO;
        let mut power = BigInt::one();
        for (i, n) in self.polynomial.numerators.iter().rev().enumerate() {
            if i > 0 {
                power = product(&power, &e, budget)?;
            }
            sum = product(&sum, &a, budget)? + product(n, &power, budget)?;
        }
        let whole = product(&self.polynomial.denominator, &power, budget)?;
        let shifted = product(&sum, self.shift.denom(), budget)?
            - product(&whole, self.shift.numer(), budget)?;
        let over = product(&whole, self.shift.denom(), budget)?;
        Ok((
            product(&shifted, self.divisor.denom(), budget)?,
            product(&over, self.divisor.numer(), budget)?,
        ))
    }
}

/// Proves that the stage is what is wanted, and says which of its nodes are some T_j(u).
///
/// The nodes of the stage may use each other and the input only.
pub(crate) fn prove(
    circuit: &Circuit,
    span: Span,
    wanted: &Wanted,
    budget: &Budget,
) -> Checked<Vec<usize>> {
    if span.input >= span.first || span.first > span.output {
        return Err(Fault::rejected(
            RULE,
            "input, first and output are out of order",
        ));
    }
    let layouts = layouts(circuit, span, budget)?;
    let own = wanted.polynomial.numerators.len().saturating_sub(1);
    let degree = layouts.iter().fold(own, |most, node| most.max(node.degree));
    // Which nodes are T of their degree, at all points so far.
    let mut cosines = vec![true; layouts.len()];
    for k in 0..=degree {
        let half = BigInt::from(k.div_ceil(2));
        let u = if k % 2 == 0 { -half } else { half };
        let values = numerators(&layouts, &u, budget)?;
        let (n, d) = wanted.at(&u, budget)?;
        let result = values.last().zip(layouts.last());
        let (value, layout) = result.ok_or_else(|| Fault::internal("an empty stage"))?;
        if product(value, &d, budget)? != product(&layout.denominator, &n, budget)? {
            let text = format!(
                "node {}: at u = {u} it is not the table's polynomial",
                span.output
            );
            return Err(Fault::rejected(RULE, text));
        }
        let chebyshev = chebyshev(&u, degree, budget)?;
        let nodes = cosines.iter_mut().zip(layouts.iter().zip(&values));
        for (is_cosine, (layout, value)) in nodes {
            if *is_cosine {
                let t = chebyshev.get(layout.degree);
                let t = t.ok_or_else(|| Fault::internal("a degree"))?;
                *is_cosine = *value == product(t, &layout.denominator, budget)?;
            }
        }
    }
    let marked = cosines.iter().skip(1).zip(span.first..);
    Ok(marked.filter(|(is, _)| **is).map(|(_, id)| id).collect())
}
