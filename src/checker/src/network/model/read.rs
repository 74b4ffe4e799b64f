//! Readers of the exact network and the exact input (certificates/NETWORK.md): lines of text, every number
//! an integer, a fraction or a dyadic.

use crate::core::fault::{Checked, Fault};
use crate::format::numbers::parse_count;
use crate::format::path::printable;
use crate::network::model::layers::{Dyadic, Geometry, Layer, Network, NetworkNode};
use num_bigint::BigInt;
use num_traits::Zero;

/// Longest file in bytes.
pub const MAX_FILE_BYTES: usize = 1 << 28;
/// Most nodes.
const MAX_NODES: usize = 10_000;
/// Most elements of one activation.
pub(crate) const MAX_ELEMENTS: usize = 1 << 24;
/// Most elements of all activations together.
const MAX_TOTAL: usize = 1 << 24;
/// Most places of a window.
const MAX_WINDOW: usize = 1 << 20;
/// Most weights of all layers together.
const MAX_NUMBERS: usize = 1 << 24;
/// Exponents of dyadics are within this.
const MAX_EXPONENT: i64 = 1_200;

fn bad(line: usize, detail: impl Into<String>) -> Fault {
    Fault::unreadable(detail).at(&format!("line {}", line + 1))
}

fn count(text: &str, line: usize) -> Checked<usize> {
    let most = MAX_ELEMENTS as u64;
    let n = parse_count(text, 0, most).map_err(|_| {
        let text = printable(text);
        bad(line, format!("{text} is no count from 0 to {most}"))
    })?;
    usize::try_from(n).map_err(|_| bad(line, "a count is too large"))
}

/// `m` or `m*2^e`.
fn dyadic(text: &str, line: usize) -> Checked<Dyadic> {
    let wrong = || bad(line, format!("{} is no dyadic m*2^e", printable(text)));
    let (m, e) = text.split_once("*2^").unwrap_or((text, "0"));
    let digits = m.strip_prefix('-').unwrap_or(m);
    let plain =
        !digits.is_empty() && digits.len() <= 40 && digits.bytes().all(|b| b.is_ascii_digit());
    let exponent: i64 = e.parse().map_err(|_| wrong())?;
    if !plain || exponent.abs() > MAX_EXPONENT {
        return Err(wrong());
    }
    let mantissa = m.parse::<BigInt>().map_err(|_| wrong())?;
    Ok(Dyadic { mantissa, exponent })
}

/// The lines of a file that begins with a format tag.
struct TextLines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    /// Numbers read so far.
    numbers: usize,
}

impl<'a> TextLines<'a> {
    fn new(bytes: &'a [u8], tag: &str) -> Checked<Self> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(Fault::unreadable(format!(
                "the file is longer than {MAX_FILE_BYTES} bytes"
            )));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Fault::unreadable("the file is not UTF-8 text"))?;
        let mut lines = text.lines().enumerate();
        match lines.next() {
            Some((_, first)) if first == tag => Ok(Self { lines, numbers: 0 }),
            _ => Err(Fault::unreadable(format!(
                "the file does not begin with the line {tag}"
            ))),
        }
    }

    /// The words of the next line.
    fn next(&mut self) -> Option<(usize, std::str::Split<'a, char>)> {
        self.lines.next().map(|(i, line)| (i, line.split(' ')))
    }

    /// The next line: a name, then so many dyadics.
    fn numbers(&mut self, name: &str, wanted: usize) -> Checked<Vec<Dyadic>> {
        let Some((line, mut words)) = self.next() else {
            return Err(Fault::unreadable(format!("the file ends before {name}")));
        };
        if words.next() != Some(name) {
            return Err(bad(line, format!("{name} is expected")));
        }
        self.numbers = self.numbers.saturating_add(wanted);
        if self.numbers > MAX_NUMBERS {
            return Err(bad(line, format!("more than {MAX_NUMBERS} weights")));
        }
        let mut list = Vec::with_capacity(wanted);
        for word in words {
            if list.len() == wanted {
                return Err(bad(line, format!("more than {wanted} numbers")));
            }
            list.push(dyadic(word, line)?);
        }
        if list.len() != wanted {
            return Err(bad(
                line,
                format!("{} numbers, where {wanted} are needed", list.len()),
            ));
        }
        Ok(list)
    }
}

/// Takes exactly N counts.
fn take<const N: usize>(values: &[usize], line: usize) -> Checked<[usize; N]> {
    values.try_into().map_err(|_| {
        bad(
            line,
            format!("{} counts, where {N} are expected", values.len()),
        )
    })
}

/// Reads `polycert-exact-network/1`.
pub(crate) fn network(bytes: &[u8]) -> Checked<Network> {
    let mut lines = TextLines::new(bytes, "polycert-exact-network/1")?;
    let mut shapes: Vec<[usize; 3]> = Vec::new();
    let mut nodes = Vec::new();
    let mut total = 0usize;
    while let Some((line, mut words)) = lines.next() {
        let kind = words.next().unwrap_or("");
        let slope = if kind == "relu" {
            // relu INPUT SLOPE
            words.next_back().map(|w| dyadic(w, line)).transpose()?
        } else {
            None
        };
        let c: Vec<usize> = words.map(|w| count(w, line)).collect::<Checked<_>>()?;
        if kind == "output" {
            let [output] = take::<1>(&c, line)?;
            if lines.next().is_some() || output >= shapes.len() {
                return Err(bad(line, "output is the last line, and names a node"));
            }
            let Some(&input) = shapes.first() else {
                return Err(bad(line, "no input"));
            };
            return Ok(Network {
                input,
                nodes,
                output,
            });
        }
        if shapes.is_empty() {
            let shape = take::<3>(&c, line)?;
            if kind != "input" {
                return Err(bad(line, "the first node is the input"));
            }
            shapes.push(size(shape, line)?);
            continue;
        }
        if shapes.len() > MAX_NODES {
            return Err(bad(line, format!("more than {MAX_NODES} nodes")));
        }
        let node = node(kind, &c, slope, line, &shapes, &mut lines)?;
        shapes.push(size(node.shape, line)?);
        total += node.shape.iter().product::<usize>();
        if total > MAX_TOTAL {
            return Err(bad(
                line,
                format!("more than {MAX_TOTAL} elements in all activations"),
            ));
        }
        nodes.push(node);
    }
    Err(Fault::unreadable("the file ends before its output"))
}

fn size(shape: [usize; 3], line: usize) -> Checked<[usize; 3]> {
    let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    match n {
        Some(n) if (1..=MAX_ELEMENTS).contains(&n) => Ok(shape),
        _ => Err(bad(
            line,
            format!("a node has no element, or more than {MAX_ELEMENTS}"),
        )),
    }
}

fn node(
    kind: &str,
    c: &[usize],
    slope: Option<Dyadic>,
    line: usize,
    shapes: &[[usize; 3]],
    lines: &mut TextLines,
) -> Checked<NetworkNode> {
    let shape = |i: usize| {
        let known = shapes.get(i).copied();
        known.ok_or_else(|| bad(line, format!("node {i} is not before this one")))
    };
    let window = |kernel: [usize; 2], stride, dilation, padding, x| {
        if kernel[0].saturating_mul(kernel[1]) > MAX_WINDOW {
            return Err(bad(
                line,
                format!("a window of more than {MAX_WINDOW} places"),
            ));
        }
        let g = Geometry {
            kernel,
            stride,
            dilation,
            padding,
        };
        g.output(x)
            .map(|out| (g, out))
            .ok_or_else(|| bad(line, "the window does not fit"))
    };
    let make = |inputs: Vec<usize>, shape: [usize; 3], layer: Layer| NetworkNode {
        inputs,
        shape,
        layer,
    };
    match kind {
        "conv" => {
            let [i, out, groups, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr] = take(c, line)?;
            let x = shape(i)?;
            let (g, [h, w]) = window([kh, kw], [sh, sw], [dh, dw], [pt, pl, pb, pr], x)?;
            if groups == 0 || x[0] % groups != 0 || out % groups != 0 || out == 0 {
                return Err(bad(line, "the groups do not divide the channels"));
            }
            let each = x[0] / groups * kh * kw;
            let total = size([out, each, 1], line)?;
            let weights = lines.numbers("weights", total[0] * total[1])?;
            let bias = lines.numbers("bias", out)?;
            let layer = Layer::Conv {
                groups,
                geometry: g,
                weights,
                bias,
            };
            Ok(make(vec![i], [out, h, w], layer))
        }
        "dense" => {
            let [i, out] = take(c, line)?;
            let x = shape(i)?;
            let n = x[0] * x[1] * x[2];
            size([out, n, 1], line)?;
            let weights = lines.numbers("weights", out * n)?;
            let bias = lines.numbers("bias", out)?;
            Ok(make(vec![i], [out, 1, 1], Layer::Dense { weights, bias }))
        }
        "batch_norm" => {
            let [i] = take(c, line)?;
            let x = shape(i)?;
            let mut part = |name: &str, n: usize| lines.numbers(name, n);
            let layer = Layer::BatchNorm {
                gamma: part("gamma", x[0])?,
                beta: part("beta", x[0])?,
                mean: part("mean", x[0])?,
                variance: part("variance", x[0])?,
                epsilon: part("epsilon", 1)?,
            };
            Ok(make(vec![i], x, layer))
        }
        "affine" => {
            let [i] = take(c, line)?;
            let x = shape(i)?;
            let scale = lines.numbers("scale", x[0])?;
            let shift = lines.numbers("shift", x[0])?;
            Ok(make(vec![i], x, Layer::Affine { scale, shift }))
        }
        "add" => {
            let [i, j] = take(c, line)?;
            if shape(i)? != shape(j)? {
                return Err(bad(line, "the two shapes differ"));
            }
            Ok(make(vec![i, j], shape(i)?, Layer::Add))
        }
        "relu" => {
            let [i] = take(c, line)?;
            let slope = slope.ok_or_else(|| bad(line, "relu has a slope"))?;
            Ok(make(vec![i], shape(i)?, Layer::Relu { slope }))
        }
        "max_pool" | "avg_pool" => {
            let (c, inside) = match (kind, c) {
                ("avg_pool", [head @ .., flag]) if *flag <= 1 => (head, *flag == 0),
                ("avg_pool", _) => return Err(bad(line, "avg_pool ends with 0 or 1")),
                _ => (c, true),
            };
            let [i, kh, kw, sh, sw, pt, pl, pb, pr] = take(c, line)?;
            let x = shape(i)?;
            if pt >= kh || pb >= kh || pl >= kw || pr >= kw {
                return Err(bad(line, "the padding is not below the window"));
            }
            let (g, [h, w]) = window([kh, kw], [sh, sw], [1, 1], [pt, pl, pb, pr], x)?;
            let layer = if kind == "max_pool" {
                Layer::MaxPool { geometry: g }
            } else {
                Layer::AvgPool {
                    geometry: g,
                    inside,
                }
            };
            Ok(make(vec![i], [x[0], h, w], layer))
        }
        "subsample" => {
            let [i, sh, sw] = take(c, line)?;
            let x = shape(i)?;
            if sh == 0 || sw == 0 {
                return Err(bad(line, "a step of 0"));
            }
            let layer = Layer::Subsample { step: [sh, sw] };
            Ok(make(
                vec![i],
                [x[0], x[1].div_ceil(sh), x[2].div_ceil(sw)],
                layer,
            ))
        }
        "pad" => {
            let [i, c0, c1, pt, pl, pb, pr] = take(c, line)?;
            let x = shape(i)?;
            let layer = Layer::Pad {
                before: [c0, pt, pl],
            };
            Ok(make(
                vec![i],
                [x[0] + c0 + c1, x[1] + pt + pb, x[2] + pl + pr],
                layer,
            ))
        }
        "concat" => {
            let Some(&first) = c.first() else {
                return Err(bad(line, "concat of nothing"));
            };
            let x = shape(first)?;
            let mut channels = 0;
            for &i in c {
                let s = shape(i)?;
                if (s[1], s[2]) != (x[1], x[2]) {
                    return Err(bad(line, "the rows and columns differ"));
                }
                channels += s[0];
            }
            Ok(make(c.to_vec(), [channels, x[1], x[2]], Layer::Concat))
        }
        "reshape" => {
            let [i, a, h, w] = take(c, line)?;
            let x = shape(i)?;
            if size([a, h, w], line)?.iter().product::<usize>() != x.iter().product::<usize>() {
                return Err(bad(line, "the numbers of elements differ"));
            }
            Ok(make(vec![i], [a, h, w], Layer::Reshape))
        }
        other => Err(bad(line, format!("{} is no layer", printable(other)))),
    }
}

/// Reads `polycert-exact-input/1`: one number a line, as an integer over 2^precision, rounded down (off by
/// less than 1).
pub(crate) fn input(bytes: &[u8], wanted: usize, precision: u64) -> Checked<Vec<BigInt>> {
    let mut lines = TextLines::new(bytes, "polycert-exact-input/1")?;
    let mut list = Vec::with_capacity(wanted);
    while let Some((line, mut words)) = lines.next() {
        let (Some(word), None) = (words.next(), words.next()) else {
            return Err(bad(line, "one number a line is expected"));
        };
        let wrong = || {
            bad(
                line,
                format!("{} is neither integer nor fraction", printable(word)),
            )
        };
        if list.len() == wanted || word.len() > 1_000 {
            return Err(bad(
                line,
                format!("more than {wanted} numbers, or a longer number than 1000 digits"),
            ));
        }
        let (n, d) = word.split_once('/').unwrap_or((word, "1"));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(n.strip_prefix('-').unwrap_or(n)) || !digits(d) {
            return Err(wrong());
        }
        let (n, d): (BigInt, BigInt) = match (n.parse(), d.parse()) {
            (Ok(n), Ok(d)) => (n, d),
            _ => return Err(wrong()),
        };
        if d <= BigInt::zero() {
            return Err(wrong());
        }
        list.push(num_integer::Integer::div_floor(&(n << precision), &d));
    }
    if list.len() != wanted {
        return Err(Fault::unreadable(format!(
            "{} numbers, where the network takes {wanted}",
            list.len()
        )));
    }
    Ok(list)
}
