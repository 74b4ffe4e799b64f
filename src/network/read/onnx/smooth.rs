//! Smooth activations: by their operators, or written out as products.
//!
//! An operator is its function over the reals, as ONNX defines it. A product of two layers is read where both are functions of
//! one layer's value (x sigmoid(x); x/2 (1 + erf(x/c))): it becomes one smooth function of the nearest such value. The
//! constants of the file are kept exactly as they are: an f32 next to sqrt(2) is not taken for sqrt(2), so the function is not
//! `gelu(x)`, and `network show` prints what it is.

use crate::error::{Error, Result};
use crate::function::expression::{Expression, Name};
use crate::function::formula::Formula;
use crate::network::model::graph::{Builder, Network, NodeId};
use crate::network::model::ops::Op;
use crate::network::read::onnx::messages::Node;
use crate::network::read::onnx::movement::plain;
use crate::network::read::onnx::polynomial::{meeting, reads_alone};
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::{Head, Layer, Value};
use rug::Rational;
use std::collections::HashMap;

/// Nodes that are looked back at.
const MAX_STEPS: usize = 10;
/// Largest expression that is followed.
const MAX_SIZE: usize = 200;

/// Gelu, Swish, and the functions that are operators by their own names.
///
/// # Errors
/// Attributes that are not known.
pub fn function(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    let x = || Expression::X;
    let call = |name: Name, e: Expression| Expression::Call(name, e.into());
    let (attributes, f): (&[&str], Expression) = match r.node.operator.as_str() {
        "Tanh" => (&[], call(Name::Tanh, x())),
        "Erf" => (&[], call(Name::Erf, x())),
        "Exp" => (&[], call(Name::Exp, x())),
        "Softplus" => (&[], call(Name::Softplus, x())),
        "Swish" => {
            let alpha = Rational::from_f64(r.float("alpha", 1.0));
            let alpha = alpha.ok_or_else(|| r.fail("alpha is not finite"))?;
            let gate = call(Name::Sigmoid, Expression::number(alpha).times(x()));
            (&["alpha"], x().times(gate))
        }
        _ => {
            let given = r.attribute("approximate").map(|a| a.s.as_slice());
            let name = match given {
                None | Some(b"none") => Name::Gelu,
                Some(b"tanh") => Name::GeluTanh,
                Some(other) => {
                    let other = String::from_utf8_lossy(other);
                    return Err(r.fail(format!(
                        "approximate = {:?}; none and tanh are known",
                        other.chars().take(40).collect::<String>()
                    )));
                }
            };
            (&["approximate"], call(name, x()))
        }
    };
    r.allow(attributes)?;
    let op = op(&f).map_err(|e| r.fail(e.to_string()))?;
    r.each(builder, op, r.carried(0)?)
}

fn op(f: &Expression) -> Result<Op> {
    Formula::function(&f.to_string()).map(Op::Smooth)
}

/// Takes a Sigmoid that the node reads as the layer that it is, where the network does not end behind it.
///
/// # Errors
/// What the builder refuses.
pub fn open(node: &Node, values: &mut HashMap<String, Value>, builder: &mut Builder) -> Result<()> {
    // Behind these it may still be the end.
    if matches!(
        node.operator.as_str(),
        "Cast" | "Identity" | "Dropout" | "ArgMax"
    ) {
        return Ok(());
    }
    for name in &node.inputs {
        let Some(Value::Head(head)) = values.get(name) else {
            continue;
        };
        if !is_sigmoid(head) {
            continue;
        }
        let f = op(&Expression::Call(Name::Sigmoid, Expression::X.into()))?;
        let id = builder.push(&head.label, f, &[head.logits.id])?;
        let layer = Value::Layer(head.logits.with(id));
        values.insert(name.clone(), layer);
    }
    Ok(())
}

fn is_sigmoid(head: &Head) -> bool {
    head.after.len() == 1 && head.after[0].starts_with("Sigmoid ")
}

/// A node's value as a function of the node `base`, element by element.
struct Seen {
    base: NodeId,
    f: Expression,
}

/// One node further back; whether there is one.
fn grow(builder: &Builder, chain: &mut Vec<Seen>) -> bool {
    let Some(last) = chain.last().filter(|_| chain.len() <= MAX_STEPS) else {
        return false;
    };
    let Some(&base) = builder.inputs(last.base).first() else {
        return false;
    };
    let f = match builder.op(last.base) {
        Op::Reshape(_) => last.f.clone(),
        op => match inner(op) {
            Some(inner) if last.f.size().saturating_mul(inner.size()) <= MAX_SIZE * MAX_SIZE => {
                last.f.of(&inner)
            }
            _ => return false,
        },
    };
    if f.size() > MAX_SIZE {
        return false;
    }
    chain.push(Seen { base, f });
    true
}

/// The one number that all are.
fn uniform(values: impl IntoIterator<Item = Option<Rational>>) -> Option<Rational> {
    let mut values = values.into_iter();
    let first = values.next()??;
    values.all(|v| v.as_ref() == Some(&first)).then_some(first)
}

/// A layer as a function of its input, the same for all elements.
fn inner(op: &Op) -> Option<Expression> {
    let exact = |x: &f64| Rational::from_f64(*x);
    let line = |scale: Rational, shift: Rational| {
        let scaled = Expression::number(scale).times(Expression::X);
        Expression::number(shift).plus(scaled)
    };
    match op {
        Op::Smooth(f) => Some(f.expression().clone()),
        Op::Affine { scale, shift } => Some(line(
            uniform(scale.iter().map(exact))?,
            uniform(shift.iter().map(exact))?,
        )),
        // A quotient by a number, as `arithmetic` has it.
        Op::BatchNorm(b) if b.epsilon == 0.0 => {
            let scale = |c: usize| {
                let root = b.variance[c].sqrt();
                let exactly = root.is_normal() && root.mul_add(root, -b.variance[c]) == 0.0;
                Some(exact(&b.gamma[c])? / exact(&root).filter(|_| exactly)?)
            };
            let mean = uniform(b.mean.iter().map(exact))?;
            let scale = uniform((0..b.gamma.len()).map(scale))?;
            let shift = uniform(b.beta.iter().map(exact))? - mean * &scale;
            Some(line(scale, shift))
        }
        Op::Polynomial(p) if !p.is_per_channel() => {
            let powers = p.channels.first()?.iter().enumerate();
            let terms = powers.filter(|(_, c)| !c.is_zero()).map(|(j, c)| {
                let power = match j {
                    0 => Expression::number(1),
                    1 => Expression::X,
                    j => Expression::Power(Expression::X.into(), j as i32),
                };
                Expression::number(c.clone()).times(power)
            });
            Some(terms.fold(Expression::number(0), Expression::plus))
        }
        _ => None,
    }
}

/// The nearest node that both are functions of, and these.
fn common(builder: &Builder, a: NodeId, b: NodeId) -> Option<(NodeId, Expression, Expression)> {
    let start = |base| {
        vec![Seen {
            base,
            f: Expression::X,
        }]
    };
    let grow = |seen: &mut Vec<Seen>| grow(builder, seen);
    let (left, right) = meeting((start(a), start(b)), |seen| seen.base, grow)?;
    Some((left.base, left.f, right.f))
}

/// A function of a node as a layer of the dimensions and order of `like`; none where it is too long to be written.
fn made(
    r: &Reader,
    builder: &mut Builder,
    base: NodeId,
    f: &Expression,
    like: &Layer,
) -> Result<Option<Layer>> {
    if f.size() > MAX_SIZE {
        return Ok(None);
    }
    let Ok(op) = op(f) else { return Ok(None) };
    let to = builder.shape(like.id);
    let mut id = builder.push(r.label, op, &[base])?;
    if builder.shape(id) != to {
        id = builder.push(r.label, Op::Reshape(to), &[id])?;
    }
    Ok(Some(like.with(id)))
}

/// The product of two layers that are functions of one layer's value; else none.
///
/// # Errors
/// What the builder refuses.
pub fn product(r: &Reader, builder: &mut Builder, a: &Layer, b: &Layer) -> Result<Option<Layer>> {
    if a.dims != b.dims {
        return Ok(None);
    }
    let (a, b) = match a.order == b.order {
        true => (a.clone(), b.clone()),
        false => (plain(r, builder, a)?, plain(r, builder, b)?),
    };
    match common(builder, a.id, b.id) {
        Some((base, f, g)) => made(r, builder, base, &f.times(g), &a),
        None => Ok(None),
    }
}

/// A factor of a product that nobody else reads, as one function.
///
/// **Inputs** `before` the operand, `x` what became of it.
///
/// # Errors
/// What the builder refuses.
pub fn folded(r: &Reader, builder: &mut Builder, before: &Layer, x: Layer) -> Result<Layer> {
    let mut smooth = before.id;
    while let (Op::Reshape(_), [id]) = (builder.op(smooth), builder.inputs(smooth)) {
        smooth = *id;
    }
    let f = match builder.op(smooth) {
        Op::Smooth(f) if matches!(f.expression(), Expression::Times(..)) => f.expression().clone(),
        _ => return Ok(x),
    };
    if !reads_alone(r, before.id) {
        return Ok(x);
    }
    // From what became of it to the function.
    let mut seen = vec![Seen {
        base: x.id,
        f: Expression::X,
    }];
    while seen.last().is_some_and(|s| s.base != smooth) {
        if !grow(builder, &mut seen) {
            return Ok(x);
        }
    }
    let factor = match seen.pop().map(|s| s.f) {
        Some(Expression::Times(c, rest)) if *rest == Expression::X => *c,
        _ => return Ok(x),
    };
    let base = builder.inputs(smooth)[0];
    let one = made(r, builder, base, &factor.times(f), &x)?;
    Ok(one.unwrap_or(x))
}

/// Refuses a network whose one output is above 0 whatever its class: the sign of a single logit is what tells it.
///
/// # Errors
/// That, naming the function.
pub fn check_end(network: &Network) -> Result<()> {
    let mut node = &network.nodes[network.output];
    while let (Op::Reshape(_), [id]) = (&node.op, node.inputs.as_slice()) {
        node = &network.nodes[*id];
    }
    let Op::Smooth(f) = &node.op else {
        return Ok(());
    };
    let positive = matches!(
        f.expression(),
        Expression::Call(Name::Sigmoid | Name::Exp | Name::Softplus, _)
    );
    if positive && network.output_shape().len() == 1 {
        return Err(Error::parse(
            format!("layer {:?}", node.name),
            format!(
                "the network's one output is {f}, which is above 0 whatever the class; name the layer before it by --network-output"
            ),
        ));
    }
    Ok(())
}
