//! Draws of operators that sum: products with matrices, windows over maps, means, batch norms.

use crate::onnx::array::{broadcast, Array};
use crate::onnx::draw::Draw;
use crate::onnx::file::{float, int, ints};
use crate::support::random_networks::q;
use polycert::network::read::onnx::messages::Attribute;
use rug::Rational;

impl Draw {
    pub fn reduce_mean(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let axes: Vec<usize> = (0..rank).filter(|_| self.r.below(2) == 0).collect();
        let keep = self.r.below(2) == 0;
        (!axes.is_empty() && (keep || axes.len() < rank)).then_some(())?;
        let n: usize = axes.iter().map(|&i| a.dims[i]).product();
        let mut kept = a.dims.clone();
        axes.iter().for_each(|&i| kept[i] = 1);
        let mut sums = Array::new(&kept, |_| Rational::new());
        Array::new(&a.dims, |i| {
            let at: Vec<usize> = (0..rank)
                .map(|k| if kept[k] == 1 { 0 } else { i[k] })
                .collect();
            let place = at.iter().zip(&kept).fold(0, |p, (i, d)| p * d + i);
            sums.values[place] += a.at(i) / n as u32;
            Rational::new()
        });
        let dims: Vec<usize> = (0..rank)
            .filter(|i| keep || !axes.contains(i))
            .map(|i| kept[i])
            .collect();
        let y = sums.reshaped(&dims)?;
        let said: Vec<i64> = axes.iter().map(|&i| self.axis(i, rank, 11)).collect();
        let keep = int("keepdims", i64::from(keep));
        if self.opset < 18 {
            self.node("ReduceMean", vec![x], vec![ints("axes", &said), keep], y);
        } else {
            let s = self.integers(&said);
            self.node("ReduceMean", vec![x, s], vec![keep], y);
        }
        Some(())
    }

    pub fn product_from_left(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        (rank >= 2).then_some(())?;
        let (m, k) = (1 + self.r.below(3), a.dims[rank - 2]);
        let (w, b) = self.floats(&[m, k]);
        let mut dims = a.dims.clone();
        dims[rank - 2] = m;
        let y = Array::new(&dims, |i| {
            (0..k).fold(Rational::new(), |s, l| {
                let mut from = i.to_vec();
                from[rank - 2] = l;
                s + b.at(&[i[rank - 2], l]) * a.at(&from)
            })
        });
        self.node("MatMul", vec![w, x], vec![], y);
        Some(())
    }

    pub fn matmul(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let (k, n) = (a.dims[rank - 1], 1 + self.r.below(3));
        let gemm = rank == 2 && self.r.below(2) == 0;
        let turned = gemm && self.r.below(2) == 0;
        let (w, b) = if turned {
            self.floats(&[n, k])
        } else {
            self.floats(&[k, n])
        };
        let mut dims = a.dims.clone();
        dims[rank - 1] = n;
        let mut y = Array::new(&dims, |i| {
            (0..k).fold(Rational::new(), |s, l| {
                let mut from = i.to_vec();
                from[rank - 1] = l;
                let w = if turned {
                    b.at(&[i[rank - 1], l])
                } else {
                    b.at(&[l, i[rank - 1]])
                };
                s + a.at(&from) * w
            })
        });
        if !gemm {
            self.node("MatMul", vec![x, w], vec![], y);
            return Some(());
        }
        let mut inputs = vec![x, w];
        let m = a.dims[0];
        if self.r.below(3) > 0 {
            let shapes = [vec![n], vec![1, n], vec![m, n], vec![1], vec![m, 1]];
            let pick = self.r.below(5);
            let (c, bias) = self.floats(&shapes[pick]);
            y = broadcast(&y, &bias, |u, v| u + v)?;
            inputs.push(c);
        }
        let flags = if turned || self.r.below(2) == 0 {
            vec![int("transB", i64::from(turned))]
        } else {
            vec![]
        };
        self.node("Gemm", inputs, flags, y);
        Some(())
    }

    /// Kernel, stride, dilation and pads of a window, and the size of the result, an axis at a time.
    pub fn window(
        &mut self,
        sizes: &[usize],
        dilate: bool,
    ) -> Option<(Vec<[usize; 5]>, Vec<usize>)> {
        let (mut all, mut out) = (vec![], vec![]);
        for &size in sizes {
            let kernel = 1 + self.r.below(3);
            let stride = 1 + self.r.below(2);
            let dilation = if dilate { 1 + self.r.below(2) } else { 1 };
            let (before, after) = (self.r.below(kernel as u64), self.r.below(kernel as u64));
            let reach = (kernel - 1) * dilation + 1;
            out.push((size + before + after).checked_sub(reach)? / stride + 1);
            all.push([kernel, stride, dilation, before, after]);
        }
        Some((all, out))
    }

    pub fn said(&mut self, all: &[[usize; 5]]) -> Vec<Attribute> {
        let part = |k: usize| -> Vec<i64> { all.iter().map(|w| w[k] as i64).collect() };
        vec![
            ints("kernel_shape", &part(0)),
            ints("strides", &part(1)),
            ints("pads", &[part(3), part(4)].concat()),
        ]
    }

    /// The places of a window inside the operand, from the definition: output * stride + k * dilation - before.
    pub fn inside(
        all: &[[usize; 5]],
        sizes: &[usize],
        out: &[usize],
    ) -> Vec<(Vec<usize>, Vec<usize>)> {
        let mut places = vec![(vec![], vec![])];
        for (axis, w) in all.iter().enumerate() {
            let mut next = vec![];
            for (ks, at) in &places {
                for k in 0..w[0] {
                    let p = (out[axis] * w[1] + k * w[2]) as i64 - w[3] as i64;
                    if (0..sizes[axis] as i64).contains(&p) {
                        next.push((
                            [ks as &[usize], &[k]].concat(),
                            [at as &[usize], &[p as usize]].concat(),
                        ));
                    }
                }
            }
            places = next;
        }
        places
    }

    pub fn conv(&mut self, x: String, a: &Array) -> Option<()> {
        (a.dims.len() >= 3 && a.dims[0] == 1).then_some(())?;
        let channels = a.dims[1];
        let groups = if channels % 2 == 0 && self.r.below(2) == 0 {
            2
        } else {
            1
        };
        let outputs = groups * (1 + self.r.below(2));
        let sizes = a.dims[2..].to_vec();
        let (all, out) = self.window(&sizes, true)?;
        let kernel: Vec<usize> = all.iter().map(|w| w[0]).collect();
        let (w, weights) = self.floats(&[&[outputs, channels / groups][..], &kernel].concat());
        let (c, bias) = self.floats(&[outputs]);
        let y = Array::new(&[&[1, outputs][..], &out].concat(), |i| {
            let first = i[1] / (outputs / groups) * (channels / groups);
            let mut sum = bias.at(&[i[1]]);
            for ch in 0..channels / groups {
                for (ks, at) in Self::inside(&all, &sizes, &i[2..]) {
                    let w = weights.at(&[&[i[1], ch][..], &ks].concat());
                    sum += w * a.at(&[&[0, first + ch][..], &at].concat());
                }
            }
            sum
        });
        let mut said = self.said(&all);
        said.push(ints(
            "dilations",
            &all.iter().map(|w| w[2] as i64).collect::<Vec<_>>(),
        ));
        said.push(int("group", groups as i64));
        self.node("Conv", vec![x, w, c], said, y);
        Some(())
    }

    pub fn pool(&mut self, x: String, a: &Array) -> Option<()> {
        (a.dims.len() >= 3 && a.dims[0] == 1).then_some(())?;
        let sizes = a.dims[2..].to_vec();
        let (all, mut out) = self.window(&sizes, false)?;
        let (max, counted) = (self.r.below(2) == 0, self.r.below(2) == 0);
        let window: usize = all.iter().map(|w| w[0]).product();
        let ceil = self.opset >= 10 && self.r.below(2) == 0;
        if ceil {
            for ((n, size), w) in out.iter_mut().zip(&sizes).zip(&all) {
                // One more window where some of the padded axis is left over and it begins before the padding behind.
                let rest = size + w[3] + w[4] - w[0];
                if rest % w[1] != 0 {
                    *n += 1;
                    ((*n - 1) * w[1] < size + w[3]).then_some(())?;
                    (max || !counted).then_some(())?;
                }
            }
        }
        let dims = [&[1, a.dims[1]][..], &out].concat();
        let y = Array::new(&dims, |i| {
            let seen: Vec<Rational> = Self::inside(&all, &sizes, &i[2..])
                .iter()
                .map(|(_, at)| a.at(&[&[0, i[1]][..], at].concat()))
                .collect();
            if max {
                return seen.into_iter().max().unwrap();
            }
            let n = if counted { window } else { seen.len() };
            seen.iter().fold(Rational::new(), |s, v| s + v) / n as u32
        });
        let mut said = self.said(&all);
        if ceil {
            said.push(int("ceil_mode", 1));
        }
        if !max {
            said.push(int("count_include_pad", i64::from(counted)));
        }
        self.node(
            if max { "MaxPool" } else { "AveragePool" },
            vec![x],
            said,
            y,
        );
        Some(())
    }

    pub fn batch_norm(&mut self, x: String, a: &Array) -> Option<()> {
        (a.dims.len() >= 2 && a.dims[0] == 1 && a.dims.len() <= 4).then_some(())?;
        let c = a.dims[1];
        // Squares, so that the exact result is rational.
        let roots: Vec<f32> = (0..c).map(|_| (1 + self.r.below(4)) as f32 / 2.0).collect();
        let parts: Vec<(String, Array)> = (0..3).map(|_| self.floats(&[c])).collect();
        let variance = self.constant(&[c], roots.iter().map(|v| v * v).collect());
        let y = Array::new(&a.dims, |i| {
            let at = |k: usize| parts[k].1.at(&[i[1]]);
            at(0) * (a.at(i) - at(2)) / q(f64::from(roots[i[1]])) + at(1)
        });
        let mut inputs = vec![x];
        inputs.extend(parts.iter().map(|(n, _)| n.clone()));
        inputs.push(variance.0);
        let epsilon = float("epsilon", 0.0);
        self.node("BatchNormalization", inputs, vec![epsilon], y);
        Some(())
    }
}
