//! The exact network and the exact input as text: what a network certificate is about
//! (`certificates/NETWORK.md`). Every number is written as it is, nothing is rounded.

use crate::network::model::graph::Network;
use crate::network::model::ops::{Op, Over, Window};
use rug::Rational;
use std::fmt::Write as _;

/// An f64 as `m*2^e`, m odd (or `0`).
fn dyadic(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let bits = x.to_bits();
    let field = (bits >> 52 & 0x7ff) as i64;
    let fraction = bits & ((1 << 52) - 1);
    let (m, e) = if field == 0 {
        (fraction, -1074)
    } else {
        (fraction | 1 << 52, field - 1075)
    };
    let zeros = m.trailing_zeros();
    let sign = if x < 0.0 { "-" } else { "" };
    match e + i64::from(zeros) {
        0 => format!("{sign}{}", m >> zeros),
        e => format!("{sign}{}*2^{e}", m >> zeros),
    }
}

fn line(out: &mut String, name: &str, values: &[f64]) {
    out.push_str(name);
    for &v in values {
        out.push(' ');
        out.push_str(&dyadic(v));
    }
    out.push('\n');
}

fn window(w: &Window) -> String {
    let ([kh, kw], [sh, sw], [pt, pl, pb, pr]) = (w.kernel, w.stride, w.padding);
    format!("{kh} {kw} {sh} {sw} {pt} {pl} {pb} {pr}")
}

/// 1 for each axis that is normalised over: channels, rows, columns.
fn flags(over: Over) -> String {
    let [c, r, w] = over.axes().map(u8::from);
    format!("{c} {r} {w}")
}

/// `polycert-exact-network/1`: the graph with every weight exactly.
pub fn network_text(n: &Network) -> String {
    let mut out = String::from("polycert-exact-network/1\n");
    for (id, node) in n.nodes.iter().enumerate() {
        let inputs: Vec<String> = node.inputs.iter().map(ToString::to_string).collect();
        let from = inputs.join(" ");
        let s = node.shape;
        match &node.op {
            Op::Input => {
                let _ = writeln!(out, "input {} {} {}", s.channels, s.height, s.width);
            }
            Op::Conv(c) => {
                let ([kh, kw], [sh, sw], [dh, dw]) =
                    (c.window.kernel, c.window.stride, c.window.dilation);
                let [pt, pl, pb, pr] = c.window.padding;
                let _ = writeln!(
                    out,
                    "conv {from} {} {} {kh} {kw} {sh} {sw} {dh} {dw} {pt} {pl} {pb} {pr}",
                    s.channels, c.groups
                );
                line(&mut out, "weights", &c.weights);
                line(&mut out, "bias", &c.bias);
            }
            Op::Dense(d) => {
                let _ = writeln!(out, "dense {from} {}", s.channels);
                line(&mut out, "weights", &d.weights);
                line(&mut out, "bias", &d.bias);
            }
            Op::BatchNorm(b) => {
                let _ = writeln!(out, "batch_norm {from}");
                line(&mut out, "gamma", &b.gamma);
                line(&mut out, "beta", &b.beta);
                line(&mut out, "mean", &b.mean);
                line(&mut out, "variance", &b.variance);
                line(&mut out, "epsilon", &[b.epsilon]);
            }
            Op::Affine { scale, shift } => {
                let _ = writeln!(out, "affine {from}");
                line(&mut out, "scale", scale);
                line(&mut out, "shift", shift);
            }
            Op::Add => {
                let _ = writeln!(out, "add {from}");
            }
            Op::Relu { slope } => {
                let _ = writeln!(out, "relu {from} {}", dyadic(*slope));
            }
            Op::MaxPool(w) => {
                let _ = writeln!(out, "max_pool {from} {}", window(w));
            }
            Op::AvgPool {
                window: w,
                count_padding,
            } => {
                let _ = writeln!(
                    out,
                    "avg_pool {from} {} {}",
                    window(w),
                    u8::from(*count_padding)
                );
            }
            Op::Subsample { stride } => {
                let _ = writeln!(out, "subsample {from} {} {}", stride[0], stride[1]);
            }
            Op::Pad { channels, border } => {
                let ([c0, c1], [pt, pl, pb, pr]) = (channels, border);
                let _ = writeln!(out, "pad {from} {c0} {c1} {pt} {pl} {pb} {pr}");
            }
            Op::Concat => {
                let _ = writeln!(out, "concat {from}");
            }
            // No file has it: tournaments are written for rows alone.
            Op::Gather { .. } => {
                let _ = writeln!(out, "gather {from}");
            }
            Op::Polynomial(p) => {
                let _ = writeln!(out, "polynomial {from} {}", p.degree());
                out.push_str("coefficients");
                for c in p.channels.iter().flatten() {
                    let _ = write!(out, " {c}");
                }
                out.push('\n');
            }
            Op::Smooth(f) => {
                let _ = writeln!(out, "smooth {from}");
                let _ = writeln!(out, "function {f}");
            }
            Op::Variance { over, epsilon } => {
                let _ = writeln!(out, "variance {from} {}", flags(*over));
                line(&mut out, "epsilon", &[*epsilon]);
            }
            Op::Normalise(over) => {
                let _ = writeln!(out, "normalise {from} {}", flags(*over));
            }
            Op::Reshape(_) => {
                let _ = writeln!(
                    out,
                    "reshape {from} {} {} {}",
                    s.channels, s.height, s.width
                );
            }
        }
        debug_assert!(id == 0 || !node.inputs.is_empty());
    }
    let _ = writeln!(out, "output {}", n.output);
    out
}

/// `polycert-exact-input/1`: one number a line, channels first.
pub fn input_text(values: &[Rational]) -> String {
    let mut out = String::from("polycert-exact-input/1\n");
    for v in values {
        let _ = writeln!(out, "{v}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arith::number;

    #[test]
    fn floats_are_written_exactly() {
        for x in [
            1.0,
            -0.1,
            3e-310,
            5e-324,
            f64::MAX,
            6.0,
            -2f64.powi(-70),
            0.0,
        ] {
            let read = number::parse(&dyadic(x)).unwrap();
            assert_eq!(read, Rational::from_f64(x).unwrap(), "{x}");
        }
        assert_eq!(dyadic(6.0), "3*2^1");
        assert_eq!(dyadic(1.0), "1");
    }
}
