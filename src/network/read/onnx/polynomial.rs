//! Activations that are polynomials in the graph: products and powers of one layer's value, and what is added to them.
//!
//! A node's value may be a polynomial of an earlier node's, element by element: by factors, by sums with numbers, by sums
//! and products of such values. A chain of them goes back from a node, as far as it is needed. A product of two layers is
//! read where both are polynomials of one node: then the product is one, over the nearest such node (so that a composite stays
//! one, and is not multiplied out). Coefficients are exact rationals. Nodes that nobody reads any more are dropped in the
//! end.

use crate::error::Result;
use crate::network::model::graph::{Builder, NodeId};
use crate::network::model::ops::{Op, Polynomials, TensorShape};
use crate::network::model::polynomial::{
    composed, product as multiplied, sum as added, MAX_COEFFICIENTS, MAX_DEGREE,
};
use crate::network::read::onnx::movement::plain;
use crate::network::read::onnx::reader::Reader;
use crate::network::read::onnx::value::{Layer, Value};
use rug::Rational;

/// Nodes that are looked back at.
const MAX_STEPS: usize = 6;
/// Products of coefficients that one file may cost, and one step.
pub const MAX_WORK: usize = 1 << 26;
const MAX_STEP: usize = 1 << 21;

/// Why a product is refused.
pub const DIFFERENT: &str = "multiplies the values of two different layers; a product is read where both are polynomials, or \
    smooth functions, of one layer's value, as activations are";

/// A node's value as polynomials of the node `base`: one for each of equal parts of its elements, in row-major order.
struct Seen {
    base: NodeId,
    parts: Vec<Vec<Rational>>,
}

/// What a node is of itself, and further back as it is asked for.
fn chain(id: NodeId) -> Vec<Seen> {
    vec![Seen {
        base: id,
        parts: vec![vec![Rational::new(), Rational::from(1)]],
    }]
}

/// One node further back; whether there is one.
fn grow(r: &Reader, builder: &Builder, chain: &mut Vec<Seen>) -> bool {
    let Some(last) = chain.last().filter(|_| chain.len() <= MAX_STEPS) else {
        return false;
    };
    let Some(&before) = builder.inputs(last.base).first() else {
        return false;
    };
    let channels = builder.shape(last.base).channels;
    let parts = match builder.op(last.base) {
        Op::Reshape(_) => Some(last.parts.clone()),
        _ if channels > MAX_COEFFICIENTS || !charge(r, channels) => None,
        op => inner(op).and_then(|inner| {
            combined(r, &last.parts, &inner, composed, |p, q| {
                (p - 1) * (q - 1) + 1
            })
        }),
    };
    let Some(parts) = parts else { return false };
    chain.push(Seen {
        base: before,
        parts,
    });
    true
}

/// Takes work from what the file may still cost; whether there was enough.
fn charge(r: &Reader, work: usize) -> bool {
    let left = r.work.get().checked_sub(work);
    r.work.set(left.unwrap_or(0));
    left.is_some()
}

/// The polynomials that a layer is, channel by channel.
fn inner(op: &Op) -> Option<Vec<Vec<Rational>>> {
    let exact = |x: f64| Rational::from_f64(x);
    match op {
        Op::Polynomial(p) => Some(p.channels.clone()),
        Op::Affine { scale, shift } => {
            let both = scale.iter().zip(shift);
            both.map(|(s, t)| Some(vec![exact(*t)?, exact(*s)?]))
                .collect()
        }
        // A quotient by a number, as `arithmetic` has it: the root of the variance is an f64.
        Op::BatchNorm(b) if b.epsilon == 0.0 => (0..b.gamma.len())
            .map(|c| {
                let root = b.variance[c].sqrt();
                let exactly = root.is_normal() && root.mul_add(root, -b.variance[c]) == 0.0;
                let scale = exact(b.gamma[c])? / exact(root).filter(|_| exactly)?;
                let shift = exact(b.beta[c])? - exact(b.mean[c])? * &scale;
                Some(vec![shift, scale])
            })
            .collect(),
        _ => None,
    }
}

/// Both lists part by part; none where the result is too large, or the work.
fn combined(
    r: &Reader,
    a: &[Vec<Rational>],
    b: &[Vec<Rational>],
    f: impl Fn(&[Rational], &[Rational]) -> Vec<Rational>,
    terms: impl Fn(usize, usize) -> usize,
) -> Option<Vec<Vec<Rational>>> {
    let longest = |list: &[Vec<Rational>]| list.iter().map(Vec::len).max().unwrap_or(0);
    let terms = terms(longest(a), longest(b));
    let parts = a.len().max(b.len());
    // Parts are equal: the coarser list is that of the finer one's neighbours.
    if parts % a.len().min(b.len()).max(1) != 0 || terms > MAX_DEGREE + 1 {
        return None;
    }
    let step = parts.saturating_mul(terms * terms);
    let left = r
        .work
        .get()
        .checked_sub(step)
        .filter(|_| step <= MAX_STEP)?;
    r.work.set(left);
    let at = |list: &[Vec<Rational>], i: usize| i / (parts / list.len());
    let made: Vec<Vec<Rational>> = (0..parts).map(|i| f(&a[at(a, i)], &b[at(b, i)])).collect();
    Polynomials::new(made.clone()).is_ok().then_some(made)
}

/// The nearest node that both are polynomials of, and these.
fn common(r: &Reader, builder: &Builder, a: NodeId, b: NodeId) -> Option<(Seen, Seen)> {
    let grow = |seen: &mut Vec<Seen>| grow(r, builder, seen);
    meeting((chain(a), chain(b)), |seen| seen.base, grow)
}

/// The first of the left list whose node is one of the right list's, and that one; both lists grow towards the input until
/// they meet. `grow` says whether it found one more.
pub(super) fn meeting<S>(
    (mut left, mut right): (Vec<S>, Vec<S>),
    base: impl Fn(&S) -> NodeId,
    grow: impl Fn(&mut Vec<S>) -> bool,
) -> Option<(S, S)> {
    loop {
        let place = |one: &S| right.iter().position(|other| base(other) == base(one));
        let found = left
            .iter()
            .enumerate()
            .find_map(|(i, s)| Some((i, place(s)?)));
        if let Some((i, k)) = found {
            return Some((left.swap_remove(i), right.swap_remove(k)));
        }
        let (more, yet) = (grow(&mut left), grow(&mut right));
        if !more && !yet {
            return None;
        }
    }
}

/// Polynomials of a node as a layer of the dimensions and order of `like`.
fn made(
    r: &Reader,
    builder: &mut Builder,
    base: NodeId,
    mut parts: Vec<Vec<Rational>>,
    like: &Layer,
) -> Result<Layer> {
    let (shape, to) = (builder.shape(base), builder.shape(like.id));
    if parts.windows(2).all(|w| w[0] == w[1]) {
        parts.truncate(1);
    }
    let (mut id, mut at) = (base, shape);
    let terms = parts.iter().map(Vec::len).max().unwrap_or(0);
    let many = shape.channels.saturating_mul(terms) > MAX_COEFFICIENTS;
    if shape.channels % parts.len() != 0 || many {
        at = TensorShape::new(parts.len(), shape.len() / parts.len(), 1);
        id = builder.push(r.label, Op::Reshape(at), &[id])?;
    }
    let each = at.channels / parts.len();
    let channels = parts
        .iter()
        .flat_map(|p| std::iter::repeat_n(p.clone(), each));
    let op = Polynomials::new(channels.collect()).map_err(|e| r.fail(e.to_string()))?;
    id = builder.push(r.label, Op::Polynomial(op), &[id])?;
    if at != to {
        id = builder.push(r.label, Op::Reshape(to), &[id])?;
    }
    Ok(like.with(id))
}

/// The product of two layers that are polynomials of one layer's value; none where they are not.
///
/// # Errors
/// Other dimensions, a degree above [`MAX_DEGREE`], and coefficients beyond the limits.
pub fn product(r: &Reader, builder: &mut Builder, a: &Layer, b: &Layer) -> Result<Option<Layer>> {
    if a.dims != b.dims {
        return Err(r.fail(format!(
            "{DIFFERENT} (dimensions {:?} and {:?})",
            a.dims, b.dims
        )));
    }
    let (a, b) = match a.order == b.order {
        true => (a.clone(), b.clone()),
        false => (plain(r, builder, a)?, plain(r, builder, b)?),
    };
    let Some((p, q)) = common(r, builder, a.id, b.id) else {
        return Ok(None);
    };
    let parts = combined(r, &p.parts, &q.parts, multiplied, |p, q| p + q - 1);
    let parts = parts.ok_or_else(|| {
        r.fail(format!(
            "makes a polynomial of a degree above {MAX_DEGREE}, or with more or longer coefficients than are read"
        ))
    })?;
    made(r, builder, p.base, parts, &a).map(Some)
}

/// The sum of two layers that are polynomials of one layer's value, one of them of degree 2 or more; else none.
///
/// # Errors
/// What the builder refuses.
pub fn sum(r: &Reader, builder: &mut Builder, a: &Layer, b: &Layer) -> Result<Option<Layer>> {
    if a.order != b.order {
        return Ok(None);
    }
    let Some((p, q)) = common(r, builder, a.id, b.id) else {
        return Ok(None);
    };
    let bent = |s: &Seen| s.parts.iter().any(|p| p.len() > 2);
    if !bent(&p) && !bent(&q) {
        return Ok(None);
    }
    match combined(r, &p.parts, &q.parts, added, |p, q| p.max(q)) {
        Some(parts) => made(r, builder, p.base, parts, a).map(Some),
        None => Ok(None),
    }
}

/// A factor and an offset of a polynomial that nobody else reads, as one polynomial.
///
/// **Inputs** `before` the operand, `x` what became of it.
///
/// # Errors
/// What the builder refuses.
pub fn folded(r: &Reader, builder: &mut Builder, before: &Layer, x: Layer) -> Result<Layer> {
    let mut polynomial = before.id;
    while let (Op::Reshape(_), [id]) = (builder.op(polynomial), builder.inputs(polynomial)) {
        polynomial = *id;
    }
    if !matches!(builder.op(polynomial), Op::Polynomial(_)) || !reads_alone(r, before.id) {
        return Ok(x);
    }
    // From what became of it to what the polynomial reads.
    let mut seen = chain(x.id);
    while seen.last().is_some_and(|s| s.base != polynomial) {
        if !grow(r, builder, &mut seen) {
            return Ok(x);
        }
    }
    match (grow(r, builder, &mut seen), seen.pop()) {
        (true, Some(seen)) => made(r, builder, seen.base, seen.parts, &x),
        _ => Ok(x),
    }
}

/// Whether the node that is read has no other reader.
pub fn reads_alone(r: &Reader, id: NodeId) -> bool {
    let names = |v: &Value| matches!(v, Value::Layer(l) if l.id == id);
    let mut known = r.values.iter().filter(|(_, v)| names(v));
    match (known.next(), known.next()) {
        (None, _) => true,
        (Some((name, _)), None) => r.uses.get(name) == Some(&1) && r.node.inputs.contains(name),
        _ => false,
    }
}

/// Pow with a constant exponent.
///
/// # Errors
/// An exponent that is no integer from 1 to [`MAX_DEGREE`], or exponents that differ.
pub fn power(r: &Reader, builder: &mut Builder) -> Result<Layer> {
    r.allow(&[])?;
    let (x, exponents) = (r.carried(0)?, r.constant(1)?);
    let one = exponents.numbers().and_then(|all| {
        let first = *all.first()?;
        all.iter().all(|v| *v == first).then_some(first)
    });
    let whole = one.filter(|n| n.fract() == 0.0 && (1.0..=MAX_DEGREE as f64).contains(n));
    let (Some(n), true) = (whole, fits(&exponents.dims, &x.dims)) else {
        return Err(r.fail(format!(
            "is read with one constant exponent, an integer from 1 to {MAX_DEGREE}"
        )));
    };
    if n == 1.0 {
        return Ok(x.clone());
    }
    let mut powers = vec![Rational::new(); n as usize + 1];
    powers[n as usize] = Rational::from(1);
    made(r, builder, x.id, vec![powers], x)
}

/// Whether a constant of these dimensions leaves a layer's as they are.
pub fn fits(constant: &[usize], layer: &[usize]) -> bool {
    let pairs = constant.iter().rev().zip(layer.iter().rev());
    let mut same = pairs.map(|(c, l)| *c == 1 || c == l);
    constant.len() <= layer.len() && same.all(|same| same)
}
