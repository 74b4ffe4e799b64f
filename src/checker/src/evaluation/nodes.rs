//! Rule E2, first part: the nodes of a circuit, read one kind a function. Levels and scales follow from the
//! operations.

use crate::core::budget::Budget;
use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::evaluation::circuit::{Circuit, CircuitNode, Constant, Op, RULE};
use crate::evaluation::parameters::Parameters;
use crate::format::json::{each, Tree};
use crate::format::numbers::parse_count;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::One;
use sha2::{Digest, Sha256};

/// Nodes of a circuit at most.
const MAX_NODES: usize = 4096;
/// Bits of a scale at most.
const MAX_SCALE_BITS: u64 = 1 << 14;

/// Reads the nodes and derives levels and scales.
pub(crate) fn read(tree: Tree, parameters: &Parameters, budget: &Budget) -> Checked<Circuit> {
    let mut circuit = Circuit {
        nodes: Vec::new(),
        lines: Sha256::new().chain_update("polycert-circuit/1\n"),
    };
    for (id, item) in tree.list_of(1, MAX_NODES)?.into_iter().enumerate() {
        let node = node(id, item, &circuit, parameters, budget);
        let (node, line) = node.map_err(|fault| fault.item(id))?;
        circuit.lines.update(line);
        circuit.nodes.push(node);
    }
    Ok(circuit)
}

fn node(
    id: usize,
    tree: Tree,
    circuit: &Circuit,
    parameters: &Parameters,
    budget: &Budget,
) -> Checked<(CircuitNode, String)> {
    let items = each(tree.list_of(2, 5)?, |t| Ok(t.text()?.to_owned()))?;
    let entries = Entries {
        id,
        items,
        circuit,
        parameters,
        budget,
    };
    let node = match entries.text(0)? {
        "input" => entries.input(),
        "mul_constant" => entries.mul_constant(),
        "add_constant" => entries.add_constant(),
        "add" => entries.sum(Op::Add),
        "sub" => entries.sum(Op::Sub),
        "mul" => entries.mul(),
        "rescale" => entries.rescale(),
        "drop" => entries.drop(),
        "units" => entries.units(),
        _ => Err(Fault::unreadable("an unknown operation").item(0)),
    }?;
    Ok((node, entries.line()?))
}

fn wrong<T>(id: usize, what: &str) -> Checked<T> {
    Err(Fault::rejected(RULE, format!("node {id}: {what}")))
}

/// The same value in lowest terms.
///
/// A scale is a power of two over a product of primes, or the other way round, and the two that are multiplied
/// differ in length: what is left without powers of two is short on one side, and a remainder brings the other
/// down to it.
fn lowest(x: Rational, budget: &Budget) -> Checked<Rational> {
    if x.bits() > 2 * MAX_SCALE_BITS {
        return Err(Fault::rejected(RULE, "a scale is longer than 2^14 bits"));
    }
    let twos = |n: &BigInt| n.trailing_zeros().unwrap_or(0);
    let shared = twos(x.numer()).min(twos(x.denom()));
    let (n, d) = (x.numer() >> shared, x.denom() >> shared);
    let (a, b) = (&n >> twos(&n), &d >> twos(&d));
    let (long, short) = if a.bits() > b.bits() { (a, b) } else { (b, a) };
    budget.product(long.bits(), short.bits())?;
    let rest = long % &short;
    let bits = rest.bits() + short.bits();
    budget.charge(2 * bits * (bits / 128 + 10))?;
    let divisor = rest.gcd(&short);
    if divisor.is_one() {
        return Ok(Rational::raw(n, d));
    }
    budget.product(n.bits(), divisor.bits())?;
    budget.product(d.bits(), divisor.bits())?;
    Ok(Rational::raw(n / &divisor, d / &divisor))
}

/// The entries of one node: its operation, then the operands.
struct Entries<'a> {
    id: usize,
    items: Vec<String>,
    /// The nodes before it.
    circuit: &'a Circuit,
    parameters: &'a Parameters,
    budget: &'a Budget,
}

impl Entries<'_> {
    fn text(&self, i: usize) -> Checked<&str> {
        let missing = || Fault::unreadable("an entry is missing");
        self.items.get(i).map(String::as_str).ok_or_else(missing)
    }

    /// The canonical line: the operation, then every number in lowest terms.
    fn line(&self) -> Checked<String> {
        let mut line = self.text(0)?.to_owned();
        for i in 1..self.items.len() {
            let x = self.value(i)?;
            // A decimal conversion is quadratic.
            let words = x.bits() / 64;
            self.budget.charge(words * words * 4 + 100)?;
            line += &format!(" {x}");
        }
        Ok(line + "\n")
    }

    fn count(&self, i: usize, most: usize) -> Checked<usize> {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let n = parse_count(self.text(i)?, 0, most).map_err(|fault| fault.item(i))?;
        Ok(usize::try_from(n).unwrap_or(usize::MAX))
    }

    fn value(&self, i: usize) -> Checked<Rational> {
        Rational::parse_long(self.text(i)?, self.budget).map_err(|fault| fault.item(i))
    }

    fn positive(&self, i: usize) -> Checked<Rational> {
        let x = self.value(i)?;
        if x.is_positive() {
            Ok(x)
        } else {
            Err(Fault::unreadable("not above 0").item(i))
        }
    }

    fn integer(&self, i: usize) -> Checked<Rational> {
        let x = self.value(i)?;
        if *x.denom() == BigInt::from(1) {
            Ok(x)
        } else {
            Err(Fault::unreadable("not an integer").item(i))
        }
    }

    /// A level of the modulus chain.
    fn level(&self, i: usize) -> Checked<usize> {
        self.count(i, self.parameters.top())
    }

    fn operand(&self, i: usize) -> Checked<(usize, &CircuitNode)> {
        let a = self.count(i, MAX_NODES)?;
        Ok((a, self.circuit.get(a)?))
    }

    fn size(&self, n: usize) -> Checked<()> {
        if self.items.len() == n {
            Ok(())
        } else {
            Err(Fault::unreadable(format!("{n} entries are expected")))
        }
    }

    fn same_level(&self, a: &CircuitNode, b: &CircuitNode) -> Checked<()> {
        if a.level != b.level {
            return wrong(self.id, "operands of different levels");
        }
        Ok(())
    }

    /// `input LEVEL SCALE`
    fn input(&self) -> Checked<CircuitNode> {
        self.size(3)?;
        Ok(CircuitNode {
            op: Op::Input,
            level: self.level(1)?,
            scale: self.positive(2)?,
        })
    }

    /// `mul_constant A INTEGER VALUE FACTOR`
    fn mul_constant(&self) -> Checked<CircuitNode> {
        self.size(5)?;
        let (a, x) = self.operand(1)?;
        let factor = self.positive(4)?;
        let held = self.integer(2)?.over(&factor);
        let value = self.value(3)?;
        Ok(CircuitNode {
            op: Op::MulConstant(a, Constant { held, value }),
            level: x.level,
            scale: lowest(x.scale.times(&factor), self.budget)?,
        })
    }

    /// `add_constant A INTEGER VALUE`
    fn add_constant(&self) -> Checked<CircuitNode> {
        self.size(4)?;
        let (a, x) = self.operand(1)?;
        let held = self.integer(2)?.over(&x.scale);
        let value = self.value(3)?;
        Ok(CircuitNode {
            op: Op::AddConstant(a, Constant { held, value }),
            level: x.level,
            scale: x.scale.clone(),
        })
    }

    /// `add A B`, `sub A B`
    fn sum(&self, op: impl FnOnce(usize, usize) -> Op) -> Checked<CircuitNode> {
        self.size(3)?;
        let ((a, x), (b, y)) = (self.operand(1)?, self.operand(2)?);
        self.same_level(x, y)?;
        if x.scale != y.scale {
            return wrong(self.id, "operands of different scales");
        }
        Ok(CircuitNode {
            op: op(a, b),
            level: x.level,
            scale: x.scale.clone(),
        })
    }

    /// `mul A B`
    fn mul(&self) -> Checked<CircuitNode> {
        self.size(3)?;
        let ((a, x), (b, y)) = (self.operand(1)?, self.operand(2)?);
        self.same_level(x, y)?;
        Ok(CircuitNode {
            op: Op::Mul(a, b),
            level: x.level,
            scale: lowest(x.scale.times(&y.scale), self.budget)?,
        })
    }

    /// `rescale A`
    fn rescale(&self) -> Checked<CircuitNode> {
        self.size(2)?;
        let (a, x) = self.operand(1)?;
        if x.level == 0 {
            return wrong(self.id, "no level is left to rescale");
        }
        let added = Parameters::product(self.parameters.added(x.level));
        let added = Rational::integer(added);
        Ok(CircuitNode {
            op: Op::Rescale(a),
            level: x.level.saturating_sub(1),
            scale: lowest(x.scale.over(&added), self.budget)?,
        })
    }

    /// `drop A LEVEL`
    fn drop(&self) -> Checked<CircuitNode> {
        self.size(3)?;
        let (a, x) = self.operand(1)?;
        let level = self.level(2)?;
        if level > x.level {
            return wrong(self.id, "dropped to a higher level");
        }
        Ok(CircuitNode {
            op: Op::Drop(a),
            level,
            scale: x.scale.clone(),
        })
    }

    /// `units A UNIT`
    fn units(&self) -> Checked<CircuitNode> {
        self.size(3)?;
        let (a, x) = self.operand(1)?;
        let unit = self.positive(2)?;
        Ok(CircuitNode {
            scale: lowest(x.scale.times(&unit), self.budget)?,
            op: Op::Units(a, unit),
            level: x.level,
        })
    }
}
