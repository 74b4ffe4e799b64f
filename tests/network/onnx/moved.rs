//! Draws of operators that move numbers: reshapes, transpositions, parts, joins, padding.

use crate::onnx::array::Array;
use crate::onnx::draw::{signed, Draw};
use crate::onnx::file::{int, ints};
use crate::support::random_networks::Random;
use rug::Rational;

impl Draw {
    pub fn gather(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let axis = self.r.below(rank as u64);
        let size = a.dims[axis];
        let at: Vec<usize> = (0..1 + self.r.below(3))
            .map(|_| self.r.below(size as u64))
            .collect();
        let mut dims = a.dims.clone();
        dims[axis] = at.len();
        let y = Array::new(&dims, |i| {
            let mut from = i.to_vec();
            from[axis] = at[i[axis]];
            a.at(&from)
        });
        let said: Vec<i64> = at.iter().map(|&i| self.axis(i, size, 11)).collect();
        let s = self.integers(&said);
        let axis = self.axis(axis, rank, 11);
        self.node("Gather", vec![x, s], vec![int("axis", axis)], y);
        Some(())
    }

    /// Two axes joined as exporters write it: Shape, Gather, Mul, Unsqueeze, Concat, Reshape.
    pub fn shape_chain(&mut self, x: String, a: &Array) -> Option<()> {
        (self.opset >= 5 && a.dims.len() >= 2).then_some(())?;
        let y = a.reshaped(&[a.dims[0], a.values.len() / a.dims[0]])?;
        let opset = self.opset;
        let axes = ints("axes", &[0]);
        let shape = self.inner("Shape", vec![x.clone()], vec![]);
        let zero = self.integers(&[0]);
        let first = self.inner("Gather", vec![shape, zero], vec![int("axis", 0)]);
        let first = if opset < 13 {
            self.inner("Squeeze", vec![first], vec![axes.clone()])
        } else {
            let zero = self.integers(&[0]);
            self.inner("Squeeze", vec![first, zero], vec![])
        };
        let first = if opset < 13 {
            self.inner("Unsqueeze", vec![first], vec![axes])
        } else {
            let zero = self.integers(&[0]);
            self.inner("Unsqueeze", vec![first, zero], vec![])
        };
        let free = self.integers(&[-1]);
        let whole = self.inner("Concat", vec![first, free], vec![int("axis", 0)]);
        self.node("Reshape", vec![x, whole], vec![], y);
        Some(())
    }

    pub fn reshape(&mut self, x: String, a: &Array) -> Option<()> {
        (self.opset >= 5).then_some(())?;
        let mut dims = vec![a.values.len()];
        for _ in 0..self.r.below(4) {
            let i = self.r.below(dims.len() as u64);
            let n = dims[i];
            let d = (1..=n)
                .filter(|d| n % d == 0)
                .nth(self.r.below(4))
                .unwrap_or(1);
            dims.splice(i..=i, [d, n / d]);
        }
        dims.truncate(4);
        let y = a.reshaped(&dims)?;
        let mut said = signed(&dims);
        for (i, v) in said.iter_mut().enumerate() {
            if i < a.dims.len() && a.dims[i] == dims[i] && self.r.below(3) == 0 {
                *v = 0;
            }
        }
        if self.r.below(2) == 0 {
            let i = self.r.below(said.len() as u64);
            said[i] = -1;
        }
        let s = self.integers(&said);
        self.node("Reshape", vec![x, s], vec![], y);
        Some(())
    }

    pub fn slice(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let mut taken: Vec<Vec<usize>> = a.dims.iter().map(|&d| (0..d).collect()).collect();
        let (mut starts, mut ends, mut axes, mut steps) = (vec![], vec![], vec![], vec![]);
        for (axis, taken) in taken.iter_mut().enumerate() {
            if self.r.below(2) == 0 {
                continue;
            }
            let n = a.dims[axis] as i64;
            let step = if self.opset >= 10 {
                [1, 1, 2, -1, -2][self.r.below(5)]
            } else {
                1
            };
            let end_of = |r: &mut Random| r.below(2 * n as u64 + 5) as i64 - n - 2;
            let (start, end) = (end_of(&mut self.r), end_of(&mut self.r));
            // Straight from the definition: negative ends count from the last, then both are clamped.
            let wrap = |v: i64| if v < 0 { v + n } else { v };
            let (lo, hi) = if step > 0 { (0, n) } else { (-1, n - 1) };
            let from = wrap(start).clamp(0, if step > 0 { n } else { n - 1 });
            let to = wrap(end).clamp(lo, hi);
            let list: Vec<usize> = (0..)
                .map(|i| from + i * step)
                .take_while(|v| if step > 0 { *v < to } else { *v > to })
                .map(|v| v as usize)
                .collect();
            if list.is_empty() {
                continue;
            }
            *taken = list;
            starts.push(start);
            ends.push(end);
            axes.push(self.axis(axis, rank, 10));
            steps.push(step);
        }
        (!starts.is_empty()).then_some(())?;
        let dims: Vec<usize> = taken.iter().map(Vec::len).collect();
        let y = Array::new(&dims, |i| {
            a.at(&i.iter().zip(&taken).map(|(i, t)| t[*i]).collect::<Vec<_>>())
        });
        if self.opset < 10 {
            let list = vec![
                ints("starts", &starts),
                ints("ends", &ends),
                ints("axes", &axes),
            ];
            self.node("Slice", vec![x], list, y);
        } else {
            let operands: Vec<String> = [starts, ends, axes, steps]
                .iter()
                .map(|l| self.integers(l))
                .collect();
            self.node("Slice", [vec![x], operands].concat(), vec![], y);
        }
        Some(())
    }

    pub fn pad(&mut self, x: String, a: &Array) -> Option<()> {
        let rank = a.dims.len();
        let some = self.opset >= 18 && self.r.below(2) == 0;
        let axes: Vec<usize> = (0..rank)
            .filter(|_| !some || self.r.below(2) == 0)
            .collect();
        (!axes.is_empty()).then_some(())?;
        let amounts: Vec<i64> = (0..2 * axes.len())
            .map(|_| [0, 0, 1, 2, -1][self.r.below(5)])
            .collect();
        let (mut before, mut after) = (vec![0; rank], vec![0; rank]);
        for (k, &axis) in axes.iter().enumerate() {
            (before[axis], after[axis]) = (amounts[k], amounts[k + axes.len()]);
        }
        let mut dims = vec![];
        for axis in 0..rank {
            let size = a.dims[axis] as i64 + before[axis] + after[axis];
            // Taking away more than there is on one side is another matter.
            (size > 0
                && a.dims[axis] as i64 + before[axis] > 0
                && a.dims[axis] as i64 + after[axis] > 0)
                .then_some(())?;
            dims.push(size as usize);
        }
        let y = Array::new(&dims, |i| {
            let from: Option<Vec<usize>> = (0..rank)
                .map(|axis| {
                    usize::try_from(i[axis] as i64 - before[axis])
                        .ok()
                        .filter(|v| *v < a.dims[axis])
                })
                .collect();
            from.map_or(Rational::new(), |f| a.at(&f))
        });
        if self.opset < 11 {
            self.node("Pad", vec![x], vec![ints("pads", &amounts)], y);
            return Some(());
        }
        let mut inputs = vec![x, self.integers(&amounts)];
        if some {
            let said: Vec<i64> = axes.iter().map(|&axis| self.axis(axis, rank, 18)).collect();
            inputs.push(String::new());
            inputs.push(self.integers(&said));
        }
        self.node("Pad", inputs, vec![], y);
        Some(())
    }

    pub fn concat(&mut self, x: String, a: &Array) -> Option<()> {
        let axis = self.r.below(a.dims.len() as u64);
        let fits = |b: &Array| {
            b.dims.len() == a.dims.len()
                && (0..a.dims.len()).all(|i| i == axis || a.dims[i] == b.dims[i])
        };
        let all: Vec<(String, Array)> = self
            .layers
            .iter()
            .filter(|(_, b)| fits(b))
            .cloned()
            .collect();
        let mut parts = vec![(x, a.clone())];
        for _ in 0..=self.r.below(2) {
            parts.push(all[self.r.below(all.len() as u64)].clone());
        }
        let mut dims = a.dims.clone();
        dims[axis] = parts.iter().map(|(_, b)| b.dims[axis]).sum();
        let y = Array::new(&dims, |i| {
            let mut i = i.to_vec();
            for (_, b) in &parts {
                if i[axis] < b.dims[axis] {
                    return b.at(&i);
                }
                i[axis] -= b.dims[axis];
            }
            unreachable!()
        });
        let said = self.axis(axis, dims.len(), 11);
        let names = parts.into_iter().map(|(n, _)| n).collect();
        self.node("Concat", names, vec![int("axis", said)], y);
        Some(())
    }

    pub fn squeeze(&mut self, x: String, a: &Array) -> Option<()> {
        let insert = self.r.below(2) == 0 && a.dims.len() < 4;
        let (axes, dims): (Vec<usize>, Vec<usize>) = if insert {
            let at = self.r.below(a.dims.len() as u64 + 1);
            let mut dims = a.dims.clone();
            dims.insert(at, 1);
            (vec![at], dims)
        } else {
            let axes: Vec<usize> = (0..a.dims.len()).filter(|&i| a.dims[i] == 1).collect();
            let keep = |i: &usize| !axes.contains(i);
            let dims = (0..a.dims.len()).filter(keep).map(|i| a.dims[i]).collect();
            (axes, dims)
        };
        (!dims.is_empty() && !axes.is_empty()).then_some(())?;
        let rank = if insert { dims.len() } else { a.dims.len() };
        let said: Vec<i64> = axes.iter().map(|&axis| self.axis(axis, rank, 11)).collect();
        let operator = if insert { "Unsqueeze" } else { "Squeeze" };
        let y = a.reshaped(&dims)?;
        if self.opset < 13 {
            self.node(operator, vec![x], vec![ints("axes", &said)], y);
        } else {
            let s = self.integers(&said);
            self.node(operator, vec![x, s], vec![], y);
        }
        Some(())
    }
    /// Parts of an axis: of one size, or of the sizes that an attribute or an operand states.
    pub fn split(&mut self, x: String, a: &Array) -> Option<()> {
        let axis = self.r.below(a.dims.len() as u64);
        let size = a.dims[axis];
        (size >= 2).then_some(())?;
        let first = 1 + self.r.below(size as u64 - 1);
        let equal = size % 2 == 0 && self.r.below(2) == 0;
        let mut sizes = if equal {
            vec![size / 2; 2]
        } else {
            vec![first, size - first]
        };
        let mut said = vec![int("axis", self.axis(axis, a.dims.len(), 11))];
        let mut inputs = vec![x];
        match (equal, self.opset) {
            (true, 18..) => said.push(int("num_outputs", 2)),
            (true, _) => {}
            // The last part is the smaller one.
            (false, 18..) if self.r.below(2) == 0 => {
                let each = size.div_ceil(2);
                sizes = vec![each, size - each];
                said.push(int("num_outputs", 2));
            }
            (false, 13..) => inputs.push(self.integers(&signed(&sizes))),
            (false, _) => said.push(ints("split", &signed(&sizes))),
        }
        let names = self.several("Split", inputs, said, 2);
        let mut begin = 0;
        for (name, n) in names.into_iter().zip(sizes) {
            let mut dims = a.dims.clone();
            dims[axis] = n;
            let part = Array::new(&dims, |i| {
                let mut from = i.to_vec();
                from[axis] += begin;
                a.at(&from)
            });
            self.layers.push((name, part));
            begin += n;
        }
        Some(())
    }
}
