//! Readings of a circuit in numbers: exactly, with or without its integer constants, and in f64.

use crate::circuit::{Constant, Id, Interpreter, Node, Op};
use crate::error::{Error, Result};
use rug::Rational;

/// Which constants are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constants {
    /// The real numbers that they stand for.
    Meant,
    /// The integers over their factors: what a ciphertext is multiplied by.
    Held,
}

impl Constants {
    fn of(self, c: &Constant) -> Rational {
        match self {
            Self::Meant => c.value.clone(),
            Self::Held => Rational::from(&c.integer) / &c.factor,
        }
    }
}

/// Exact values; numbers grow with the degree, so for tests and small circuits.
pub struct Exact<'a> {
    /// The inputs.
    pub inputs: &'a [Rational],
    /// Which constants are meant.
    pub constants: Constants,
}

impl Interpreter for Exact<'_> {
    type Value = Rational;

    fn apply(&mut self, _: Id, node: &Node, v: &[&Rational]) -> Result<Rational> {
        Ok(match (&node.op, v) {
            (Op::Input(i), _) => (self.inputs.get(*i).cloned())
                .ok_or_else(|| Error::domain(format!("no value for input {i}")))?,
            (Op::MulConstant(_, c), [a]) => self.constants.of(c) * *a,
            (Op::AddConstant(_, c), [a]) => self.constants.of(c) + *a,
            (Op::Add(..), [a, b]) => Rational::from(*a + *b),
            (Op::Sub(..), [a, b]) => Rational::from(*a - *b),
            (Op::Mul(..), [a, b]) => Rational::from(*a * *b),
            (Op::Units(_, unit), [a]) => Rational::from(*a / unit),
            (Op::Rescale(_) | Op::Drop(_), [a]) => (*a).clone(),
            _ => return Err(Error::domain("a node without its operands")),
        })
    }
}

/// Estimates in f64, with the constants that are meant.
pub struct Plain<'a> {
    /// The inputs.
    pub inputs: &'a [f64],
    /// Every node's value, for those who need them afterwards.
    pub trace: Vec<f64>,
}

impl Interpreter for Plain<'_> {
    type Value = f64;

    fn apply(&mut self, id: Id, node: &Node, v: &[&f64]) -> Result<f64> {
        let value = match (&node.op, v) {
            (Op::Input(i), _) => *(self.inputs.get(*i))
                .ok_or_else(|| Error::domain(format!("no value for input {i}")))?,
            (Op::MulConstant(_, c), [a]) => c.value.to_f64() * *a,
            (Op::AddConstant(_, c), [a]) => c.value.to_f64() + *a,
            (Op::Add(..), [a, b]) => *a + *b,
            (Op::Sub(..), [a, b]) => *a - *b,
            (Op::Mul(..), [a, b]) => *a * *b,
            (Op::Units(_, unit), [a]) => *a / unit.to_f64(),
            (Op::Rescale(_) | Op::Drop(_), [a]) => **a,
            _ => return Err(Error::domain("a node without its operands")),
        };
        self.trace.resize(id + 1, 0.0);
        self.trace[id] = value;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::composite::{Output, Plan};
    use crate::circuit::{split, Circuit};
    use crate::poly::basis::to_chebyshev;
    use rug::Integer;

    /// Some primes near 2^40; the circuit only divides by them.
    fn chain(levels: usize) -> Vec<Integer> {
        (0..=levels as u64)
            .map(|i| Integer::from((1u64 << 40) + 1 + (i * 7919) % 100_003))
            .collect()
    }

    fn odd(degree: usize) -> Vec<Rational> {
        (0..=degree)
            .map(|j| Rational::from((if j % 2 == 1 { 8 - j as i32 } else { 0 }, 16)))
            .collect()
    }

    fn horner(p: &[Rational], x: &Rational) -> Rational {
        p.iter().rev().fold(Rational::new(), |acc, c| acc * x + c)
    }

    fn plan(stages: Vec<Vec<Rational>>) -> Plan {
        Plan {
            reaches: stages.iter().map(|_| Rational::from((5, 4))).collect(),
            centres: vec![Rational::new(); stages.len()],
            stages,
            domain: Rational::from(40),
            scale: Rational::from(1u64 << 40),
        }
    }

    fn value(c: &Circuit, inputs: &[Rational], constants: Constants) -> Rational {
        c.run(&mut Exact { inputs, constants }).unwrap()
    }

    #[test]
    fn every_degree_is_exact_at_least_depth_and_cost() {
        let moduli = chain(9);
        for degree in (1..=63).chain([64, 100, 127]) {
            for is_odd in [true, false] {
                if is_odd && degree % 2 == 0 {
                    continue;
                }
                let mut p = odd(degree);
                if !is_odd {
                    p.iter_mut()
                        .enumerate()
                        .for_each(|(j, c)| *c += Rational::from((3 - (j % 5) as i32, 7)));
                    p[degree] = Rational::from((1, 9));
                } else {
                    p[degree] = Rational::from((1, 9));
                }
                let (c, _) = plan(vec![p.clone()])
                    .circuit(&moduli, 9, Output::Sign)
                    .unwrap();
                let x = Rational::from((-27, 2));
                let got = value(&c, std::slice::from_ref(&x), Constants::Meant);
                assert_eq!(got, horner(&p, &(x / 40u32)), "degree {degree}");
                assert_eq!(c.depth(), split::depth(degree));
                assert_eq!(
                    c.products(),
                    split::best(&split::support(&p)).unwrap().1,
                    "{degree} {is_odd}"
                );
                assert_eq!(c.nodes[c.output].scale, 1u64 << 40);
            }
        }
    }

    #[test]
    fn relu_and_max_are_what_they_say() {
        let p = plan(vec![odd(7), odd(3)]);
        let moduli = chain(12);
        let sign = |x: &Rational| horner(&p.stages[1], &horner(&p.stages[0], x));
        let (relu, blocks) = p.circuit(&moduli, 9, Output::Relu).unwrap();
        assert_eq!(
            (relu.depth(), blocks.len(), relu.products()),
            (6, 1, 5 + 2 + 1)
        );
        let x = Rational::from((31, 3));
        let want = &x * (sign(&Rational::from(&x / 40u32)) + 1u32) / 2u32;
        assert_eq!(
            value(&relu, std::slice::from_ref(&x), Constants::Meant),
            want
        );
        // What is held is what is meant, to the precision of the constants.
        let held = value(&relu, &[x], Constants::Held);
        assert!((held - want).abs() < Rational::from((1, 1u64 << 32)));
        assert_eq!(relu.nodes[relu.output].scale, p.input_scale());
        let one = Plan {
            domain: Rational::from(1),
            ..p.clone()
        };
        let m = |a: &Rational, b: &Rational| {
            let d = Rational::from(a - b);
            (Rational::from(a + b) + &d * sign(&d)) / 2u32
        };
        let c = Rational::from((1, 3));
        let (pool, blocks) = one.tournament(&moduli, 12, 3, &c).unwrap();
        let x: Vec<Rational> = [(1, 2), (-3, 4), (1, 5)].map(Rational::from).to_vec();
        let y: Vec<Rational> = x
            .iter()
            .map(|x| Rational::from(x * &c) + Rational::from((1, 2)))
            .collect();
        let want = (m(&m(&y[0], &y[1]), &y[2]) - Rational::from((1, 2))) / c;
        assert_eq!(value(&pool, &x, Constants::Meant), want);
        assert_eq!((blocks.len(), pool.depth()), (2, 12));
        let mut plain = Plain {
            inputs: &[0.5, -0.75, 0.2],
            trace: vec![],
        };
        assert!((pool.run(&mut plain).unwrap() - want.to_f64()).abs() < 1e-12);
    }

    #[test]
    fn too_little_depth_is_said() {
        let p = plan(vec![odd(15), odd(15), odd(27)]);
        assert_eq!(p.depth(Output::Relu), 14);
        let error = p
            .circuit(&chain(12), 12, Output::Relu)
            .unwrap_err()
            .to_string();
        assert!(error.contains("needs 14 levels and 12 are left"), "{error}");
        assert!(
            error.contains("stage 3 (degree 27, 5 levels, 4 left)"),
            "{error}"
        );
    }

    #[test]
    fn chebyshev_form_is_the_same_polynomial() {
        let p = odd(9);
        let (m, k) = (Rational::from((1, 3)), Rational::from((3, 2)));
        let c = to_chebyshev(&p, &m, &k);
        let u = Rational::from((2, 7));
        let (mut a, mut b) = (Rational::from(1), u.clone());
        let mut sum = Rational::new();
        for c in &c {
            sum += Rational::from(c * &a);
            let next = Rational::from(&u * &b) * 2u32 - &a;
            (a, b) = (b, next);
        }
        assert_eq!(sum, horner(&p, &(m + u * k)));
    }
}
