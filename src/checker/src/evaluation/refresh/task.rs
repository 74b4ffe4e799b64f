//! Rule B7, first part: the circuit of a refreshed ReLU is EvalMod, the arcsine beside the composite, and their product.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::core::polynomial::Polynomial;
use crate::evaluation::bound::Block;
use crate::evaluation::circuit::{Circuit, Op};
use crate::evaluation::maps::Maps;
use crate::evaluation::refresh::document::Refresh;
use crate::evaluation::stage::{self, Span, Wanted};
use num_bigint::BigInt;

const RULE: Rule = Rule::Own("B7 activation");

fn fail<T>(detail: impl Into<String>) -> Checked<T> {
    Err(Fault::rejected(RULE, detail))
}

/// The polynomials of EvalMod.
#[derive(Debug)]
pub(crate) struct Polynomials {
    pub(crate) cosine: Polynomial,
    pub(crate) arcsine: Polynomial,
}

impl Polynomials {
    pub(crate) fn new(refresh: &Refresh, budget: &Budget) -> Checked<Self> {
        let (one, zero) = (Rational::integer(1), Rational::integer(0));
        let of = |c: &[Rational]| Polynomial::from_basis(c, true, &one, &zero, budget);
        Ok(Self {
            cosine: of(&refresh.cosine)?,
            arcsine: of(&refresh.arcsine)?,
        })
    }
}

/// The one input.
pub(crate) fn input(circuit: &Circuit) -> Checked<usize> {
    let is_input = |id: &usize| {
        circuit
            .get(*id)
            .is_ok_and(|node| matches!(node.op, Op::Input))
    };
    let mut inputs = (0..circuit.nodes.len()).filter(is_input);
    match (inputs.next(), inputs.next()) {
        (Some(input), None) => Ok(input),
        _ => fail("there is not one input"),
    }
}

/// Proves the shape of the circuit, and which nodes are some T_j of their stage's input.
pub(crate) fn prove(
    circuit: &Circuit,
    refresh: &Refresh,
    polynomials: &Polynomials,
    (block, output, domain): (&Block, usize, &Rational),
    maps: &Maps,
    budget: &Budget,
) -> Checked<Vec<usize>> {
    let mut cosines = eval_mod(circuit, refresh, polynomials, budget)?;
    let sine = refresh.sine()?;
    // The polynomial for x/B, read in units of 1.
    let inverse = refresh.inverse;
    if inverse.input != sine || inverse.first <= sine {
        return fail("the arcsine is not given the sine");
    }
    cosines.extend(equal(circuit, inverse, &polynomials.arcsine, None, budget)?);
    composite(circuit, refresh, (block, output, domain), maps)?;
    Ok(cosines)
}

/// A stage that is a polynomial of its input, over a divisor.
fn equal(
    circuit: &Circuit,
    span: Span,
    polynomial: &Polynomial,
    divisor: Option<&Rational>,
    budget: &Budget,
) -> Checked<Vec<usize>> {
    let (zero, one) = (Rational::integer(0), Rational::integer(1));
    let wanted = Wanted {
        polynomial,
        centre: &zero,
        reach: &one,
        shift: &zero,
        divisor: divisor.unwrap_or(&one),
    };
    stage::prove(circuit, span, &wanted, budget)
}

/// t to the sine.
fn eval_mod(
    circuit: &Circuit,
    refresh: &Refresh,
    polynomials: &Polynomials,
    budget: &Budget,
) -> Checked<Vec<usize>> {
    let input = input(circuit)?;
    let square = refresh.square;
    let good = match &circuit.get(square.input)?.op {
        Op::Units(a, unit) if *unit == refresh.reach() => match &circuit.get(*a)?.op {
            Op::AddConstant(t, c) => {
                let quarter = Rational::raw(BigInt::from(-1), 4.into());
                *t == input && c.value == quarter
            }
            _ => false,
        },
        _ => false,
    };
    if !good || square.input <= input {
        return fail("EvalMod is not given (t - 1/4)/K_1");
    }
    let twice = Polynomial::new([-1, 0, 2].map(BigInt::from).to_vec(), 1.into());
    // No node of a square is cut to [-1, 1]: they are followed one by one.
    equal(circuit, square, &twice, None, budget)?;
    let polynomial = refresh.polynomial;
    if polynomial.input != square.output || polynomial.first <= square.output {
        return fail("the polynomial for the cosine is not given y");
    }
    let cosines = equal(circuit, polynomial, &polynomials.cosine, None, budget)?;
    let mut before = polynomial.output;
    for (i, span) in refresh.doublings.iter().enumerate() {
        if span.input != before || span.first <= before {
            return fail(format!(
                "double angle {i} is not given the result before it"
            ));
        }
        let last = i + 1 == refresh.doublings.len();
        let divisor = last.then_some(&refresh.unit);
        equal(circuit, *span, &twice, divisor, budget)?;
        before = span.output;
    }
    Ok(cosines)
}

/// The stages behind the sine, and x (1/2 + s).
fn composite(
    circuit: &Circuit,
    refresh: &Refresh,
    (block, output, domain): (&Block, usize, &Rational),
    maps: &Maps,
) -> Checked<()> {
    let sine = refresh.sine()?;
    if block.argument != sine || block.output != output {
        return fail("the evaluation does not go from the sine to the output");
    }
    if maps.centres.len() != maps.reaches.len() || maps.centres.iter().any(|m| !m.is_zero()) {
        return fail("there are centres, and the target is made of a sign");
    }
    if block.spans.len() + 1 != maps.reaches.len() {
        return fail("there is not one stage for each component behind the first");
    }
    let mut before: Option<usize> = None;
    for (i, span) in block.spans.iter().enumerate() {
        let given = match before {
            None => match &circuit.get(span.input)?.op {
                // In units of its reach.
                Op::Units(a, unit) => *a == sine && unit == maps.of(1)?.reach && span.input > sine,
                _ => false,
            },
            Some(before) => span.input == before && span.first > before,
        };
        if !given || span.output > output {
            return fail(format!("stage {} is not given the result before it", i + 1));
        }
        before = Some(span.output);
    }
    let last = before.ok_or_else(|| Fault::rejected(RULE, "there is no stage behind the sine"))?;
    let last = circuit.source(last)?;
    let half = Rational::raw(1.into(), 2.into());
    let unit = Rational::integer(1).over(domain);
    let is_x = |id: usize| -> Checked<bool> {
        Ok(match &circuit.get(circuit.source(id)?)?.op {
            Op::Units(a, by) => {
                *by == unit && circuit.source(*a)? == circuit.source(refresh.inverse.output)?
            }
            _ => false,
        })
    };
    let is_gate = |id: usize| -> Checked<bool> {
        Ok(match &circuit.get(circuit.source(id)?)?.op {
            Op::AddConstant(g, c) => circuit.source(*g)? == last && c.value == half,
            _ => false,
        })
    };
    let good = match circuit.get(circuit.source(output)?)?.op {
        Op::Mul(a, b) => (is_x(a)? && is_gate(b)?) || (is_x(b)? && is_gate(a)?),
        _ => false,
    };
    if good {
        Ok(())
    } else {
        fail(format!("node {output} is not x (1/2 + s)"))
    }
}
