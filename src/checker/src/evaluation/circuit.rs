//! Rule E2: the circuit. Levels and scales follow from the operations; every stage, with the constants that
//! are meant, is exactly its polynomial.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::parameters::Parameters;
use crate::format::json::{each, Tree};
use crate::format::numbers::parse_count;
use crate::format::table::number;
use num_bigint::BigInt;

const RULE: Rule = Rule::Own("E2 circuit");
/// Nodes of a circuit at most.
const MAX_NODES: usize = 4096;
/// Bits of a scale at most.
const MAX_SCALE_BITS: u64 = 1 << 14;

/// A constant: held as integer/factor, meant as value.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) held: Rational,
    pub(crate) value: Rational,
}

/// What a node does.
#[derive(Debug)]
pub(crate) enum Op {
    Input,
    MulConstant(usize, Constant),
    AddConstant(usize, Constant),
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
    Rescale(usize),
    Drop(usize),
    Units(usize, Rational),
}

/// A node with what follows of it.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) level: usize,
    pub(crate) scale: Rational,
}

/// The nodes; operands come before their use.
#[derive(Debug)]
pub(crate) struct Circuit {
    pub(crate) nodes: Vec<Node>,
}

fn wrong<T>(id: usize, what: &str) -> Checked<T> {
    Err(Fault::rejected(RULE, format!("node {id}: {what}")))
}

/// a/b for b > 0.
pub(crate) fn quotient(a: &Rational, b: &Rational) -> Rational {
    a.times(&Rational::raw(b.denom().clone(), b.numer().clone()))
}

fn lowest(x: Rational, budget: &Budget) -> Checked<Rational> {
    let bits = x.bits();
    if bits > 2 * MAX_SCALE_BITS {
        return Err(Fault::rejected(RULE, "a scale is longer than 2^14 bits"));
    }
    budget.charge(2 * bits * (bits / 128 + 10))?;
    Ok(x.reduced())
}

impl Circuit {
    /// Reads the nodes and derives levels and scales.
    pub(crate) fn read(tree: Tree, parameters: &Parameters, budget: &Budget) -> Checked<Self> {
        let mut circuit = Self { nodes: Vec::new() };
        for (id, item) in tree.list_of(1, MAX_NODES)?.into_iter().enumerate() {
            let node = circuit.node(id, item, parameters, budget);
            let node = node.map_err(|fault| fault.item(id))?;
            circuit.nodes.push(node);
        }
        Ok(circuit)
    }

    /// A node that was read already.
    pub(crate) fn get(&self, id: usize) -> Checked<&Node> {
        let missing =
            || Fault::rejected(RULE, format!("node {id} is not defined where it is used"));
        self.nodes.get(id).ok_or_else(missing)
    }

    fn node(&self, id: usize, tree: Tree, p: &Parameters, budget: &Budget) -> Checked<Node> {
        let items = each(tree.list_of(2, 5)?, |t| Ok(t.text()?.to_owned()))?;
        let text = |i: usize| -> Checked<&str> {
            let missing = || Fault::unreadable("an entry is missing");
            items.get(i).map(String::as_str).ok_or_else(missing)
        };
        let count = |i: usize, most: usize| -> Checked<usize> {
            let most = u64::try_from(most).unwrap_or(u64::MAX);
            let n = parse_count(text(i)?, 0, most).map_err(|fault| fault.item(i))?;
            Ok(usize::try_from(n).unwrap_or(usize::MAX))
        };
        let value = |i: usize| -> Checked<Rational> {
            let tree = Tree::Text(text(i)?.into());
            number(&tree, budget).map_err(|fault| fault.item(i))
        };
        let positive = |i: usize| -> Checked<Rational> {
            let x = value(i)?;
            if x.is_positive() {
                Ok(x)
            } else {
                Err(Fault::unreadable("not above 0").item(i))
            }
        };
        let integer = |i: usize| -> Checked<Rational> {
            let x = value(i)?;
            if *x.denom() == BigInt::from(1) {
                Ok(x)
            } else {
                Err(Fault::unreadable("not an integer").item(i))
            }
        };
        let top = p.q.len().saturating_sub(1);
        let operand = |i: usize| -> Checked<(usize, &Node)> {
            let a = count(i, MAX_NODES)?;
            Ok((a, self.get(a)?))
        };
        let size = |n: usize| {
            if items.len() == n {
                Ok(())
            } else {
                Err(Fault::unreadable(format!("{n} entries are expected")))
            }
        };
        let both = |a: &Node, b: &Node| -> Checked<()> {
            if a.level != b.level {
                return wrong(id, "operands of different levels");
            }
            Ok(())
        };
        let equal = |a: &Node, b: &Node| -> Checked<()> {
            both(a, b)?;
            if a.scale != b.scale {
                return wrong(id, "operands of different scales");
            }
            Ok(())
        };
        Ok(match text(0)? {
            "input" => {
                size(3)?;
                Node {
                    op: Op::Input,
                    level: count(1, top)?,
                    scale: positive(2)?,
                }
            }
            "mul_constant" => {
                size(5)?;
                let (a, x) = operand(1)?;
                let factor = positive(4)?;
                let held = quotient(&integer(2)?, &factor);
                Node {
                    op: Op::MulConstant(
                        a,
                        Constant {
                            held,
                            value: value(3)?,
                        },
                    ),
                    level: x.level,
                    scale: lowest(x.scale.times(&factor), budget)?,
                }
            }
            "add_constant" => {
                size(4)?;
                let (a, x) = operand(1)?;
                let held = quotient(&integer(2)?, &x.scale);
                Node {
                    op: Op::AddConstant(
                        a,
                        Constant {
                            held,
                            value: value(3)?,
                        },
                    ),
                    level: x.level,
                    scale: x.scale.clone(),
                }
            }
            name @ ("add" | "sub") => {
                size(3)?;
                let ((a, x), (b, y)) = (operand(1)?, operand(2)?);
                equal(x, y)?;
                Node {
                    op: if name == "add" {
                        Op::Add(a, b)
                    } else {
                        Op::Sub(a, b)
                    },
                    level: x.level,
                    scale: x.scale.clone(),
                }
            }
            "mul" => {
                size(3)?;
                let ((a, x), (b, y)) = (operand(1)?, operand(2)?);
                both(x, y)?;
                Node {
                    op: Op::Mul(a, b),
                    level: x.level,
                    scale: lowest(x.scale.times(&y.scale), budget)?,
                }
            }
            "rescale" => {
                size(2)?;
                let (a, x) = operand(1)?;
                let Some(prime) = p.q.get(x.level).filter(|_| x.level > 0) else {
                    return wrong(id, "no level is left to rescale");
                };
                let prime = Rational::integer(*prime);
                Node {
                    op: Op::Rescale(a),
                    level: x.level.saturating_sub(1),
                    scale: lowest(quotient(&x.scale, &prime), budget)?,
                }
            }
            "drop" => {
                size(3)?;
                let (a, x) = operand(1)?;
                let level = count(2, top)?;
                if level > x.level {
                    return wrong(id, "dropped to a higher level");
                }
                Node {
                    op: Op::Drop(a),
                    level,
                    scale: x.scale.clone(),
                }
            }
            "units" => {
                size(3)?;
                let (a, x) = operand(1)?;
                let unit = positive(2)?;
                Node {
                    scale: lowest(x.scale.times(&unit), budget)?,
                    op: Op::Units(a, unit),
                    level: x.level,
                }
            }
            _ => return Err(Fault::unreadable("an unknown operation").item(0)),
        })
    }

    /// The node whose value this one repeats: level drops and rescales are seen through.
    pub(crate) fn source(&self, mut id: usize) -> Checked<usize> {
        // Operands come before their use, so this ends.
        while let Op::Drop(a) | Op::Rescale(a) = self.get(id)?.op {
            id = a;
        }
        Ok(id)
    }
}
