//! The nodes of the exact network, read one layer a function.

use crate::core::fault::{Checked, Fault};
use crate::core::number::Rational;
use crate::format::path::printable;
use crate::network::model::layers::{Dyadic, Geometry, Layer, NetworkNode, Over};
use crate::network::model::lines::{bad, size, take, TextLines};
use num_traits::Signed;

/// Most places of a window.
const MAX_WINDOW: usize = 1 << 20;
/// Highest degree of a polynomial, and most coefficients of a layer of them.
const MAX_DEGREE: usize = 63;
const MAX_COEFFICIENTS: usize = 1 << 18;

/// A node's line: the layer's name and its counts, and the lines of numbers behind it.
pub(crate) struct NodeLine<'a, 'b> {
    /// From 0.
    pub(crate) line: usize,
    pub(crate) counts: &'a [usize],
    /// Of a ReLU.
    pub(crate) slope: Option<Dyadic>,
    /// The shapes of the nodes before it.
    pub(crate) shapes: &'a [[usize; 3]],
    pub(crate) lines: &'a mut TextLines<'b>,
}

fn made(inputs: Vec<usize>, shape: [usize; 3], layer: Layer) -> NetworkNode {
    NetworkNode {
        inputs,
        shape,
        layer,
    }
}

impl NodeLine<'_, '_> {
    /// The node.
    pub(crate) fn node(self, kind: &str) -> Checked<NetworkNode> {
        match kind {
            "conv" => self.conv(),
            "dense" => self.dense(),
            "batch_norm" => self.batch_norm(),
            "affine" => self.affine(),
            "add" => self.add(),
            "relu" => self.relu(),
            "max_pool" => self.max_pool(),
            "avg_pool" => self.avg_pool(),
            "subsample" => self.subsample(),
            "pad" => self.pad(),
            "concat" => self.concat(),
            "reshape" => self.reshape(),
            "polynomial" => self.polynomial(),
            "smooth" => self.smooth(),
            "variance" => self.variance(),
            "normalise" => self.normalise(),
            other => Err(self.bad(format!("{} is no layer", printable(other)))),
        }
    }

    fn bad(&self, detail: impl Into<String>) -> Fault {
        bad(self.line, detail)
    }

    fn take<const N: usize>(&self) -> Checked<[usize; N]> {
        take(self.counts, self.line)
    }

    fn shape(&self, i: usize) -> Checked<[usize; 3]> {
        let known = self.shapes.get(i).copied();
        known.ok_or_else(|| self.bad(format!("node {i} is not before this one")))
    }

    /// A window that fits, and the rows and columns of its output.
    fn window(&self, geometry: Geometry, x: [usize; 3]) -> Checked<[usize; 2]> {
        let [rows, columns] = geometry.kernel;
        if rows.saturating_mul(columns) > MAX_WINDOW {
            return Err(self.bad(format!("a window of more than {MAX_WINDOW} places")));
        }
        let output = geometry.output(x);
        output.ok_or_else(|| self.bad("the window does not fit"))
    }

    /// `conv INPUT CHANNELS GROUPS`, kernel, stride, dilation, padding
    fn conv(self) -> Checked<NetworkNode> {
        let [i, out, groups, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr] = self.take()?;
        let x = self.shape(i)?;
        let geometry = Geometry {
            kernel: [kh, kw],
            stride: [sh, sw],
            dilation: [dh, dw],
            padding: [pt, pl, pb, pr],
        };
        let [h, w] = self.window(geometry, x)?;
        if groups == 0 || x[0] % groups != 0 || out % groups != 0 || out == 0 {
            return Err(self.bad("the groups do not divide the channels"));
        }
        let each = x[0] / groups * kh * kw;
        let total = size([out, each, 1], self.line)?;
        let layer = Layer::Conv {
            groups,
            geometry,
            weights: self.lines.numbers("weights", total[0] * total[1])?,
            bias: self.lines.numbers("bias", out)?,
        };
        Ok(made(vec![i], [out, h, w], layer))
    }

    /// `dense INPUT OUTPUTS`
    fn dense(self) -> Checked<NetworkNode> {
        let [i, out] = self.take()?;
        let x = self.shape(i)?;
        let n = x[0] * x[1] * x[2];
        size([out, n, 1], self.line)?;
        let weights = self.lines.numbers("weights", out * n)?;
        let bias = self.lines.numbers("bias", out)?;
        Ok(made(vec![i], [out, 1, 1], Layer::Dense { weights, bias }))
    }

    /// `batch_norm INPUT`
    fn batch_norm(self) -> Checked<NetworkNode> {
        let [i] = self.take()?;
        let x = self.shape(i)?;
        let mut part = |name: &str, n: usize| self.lines.numbers(name, n);
        let layer = Layer::BatchNorm {
            gamma: part("gamma", x[0])?,
            beta: part("beta", x[0])?,
            mean: part("mean", x[0])?,
            variance: part("variance", x[0])?,
            epsilon: part("epsilon", 1)?,
        };
        Ok(made(vec![i], x, layer))
    }

    /// `affine INPUT`
    fn affine(self) -> Checked<NetworkNode> {
        let [i] = self.take()?;
        let x = self.shape(i)?;
        let scale = self.lines.numbers("scale", x[0])?;
        let shift = self.lines.numbers("shift", x[0])?;
        Ok(made(vec![i], x, Layer::Affine { scale, shift }))
    }

    /// `add INPUT INPUT`
    fn add(self) -> Checked<NetworkNode> {
        let [i, j] = self.take()?;
        if self.shape(i)? != self.shape(j)? {
            return Err(self.bad("the two shapes differ"));
        }
        Ok(made(vec![i, j], self.shape(i)?, Layer::Add))
    }

    /// `relu INPUT SLOPE`
    fn relu(mut self) -> Checked<NetworkNode> {
        let [i] = self.take()?;
        let slope = self.slope.take();
        let slope = slope.ok_or_else(|| self.bad("relu has a slope"))?;
        Ok(made(vec![i], self.shape(i)?, Layer::Relu { slope }))
    }

    /// `max_pool INPUT`, kernel, stride, padding
    fn max_pool(self) -> Checked<NetworkNode> {
        let (i, shape, geometry) = self.pool()?;
        Ok(made(vec![i], shape, Layer::MaxPool { geometry }))
    }

    /// `avg_pool INPUT`, kernel, stride, padding, and 1 if padding counts in the divisor
    fn avg_pool(mut self) -> Checked<NetworkNode> {
        let (head, inside) = match self.counts {
            [head @ .., flag] if *flag <= 1 => (head, *flag == 0),
            _ => return Err(self.bad("avg_pool ends with 0 or 1")),
        };
        self.counts = head;
        let (i, shape, geometry) = self.pool()?;
        let layer = Layer::AvgPool { geometry, inside };
        Ok(made(vec![i], shape, layer))
    }

    /// What both poolings have: the input, the shape of the output, and the window.
    fn pool(&self) -> Checked<(usize, [usize; 3], Geometry)> {
        let [i, kh, kw, sh, sw, pt, pl, pb, pr] = self.take()?;
        let x = self.shape(i)?;
        if pt >= kh || pb >= kh || pl >= kw || pr >= kw {
            return Err(self.bad("the padding is not below the window"));
        }
        let geometry = Geometry {
            kernel: [kh, kw],
            stride: [sh, sw],
            dilation: [1, 1],
            padding: [pt, pl, pb, pr],
        };
        let [h, w] = self.window(geometry, x)?;
        Ok((i, [x[0], h, w], geometry))
    }

    /// `subsample INPUT`, steps of rows and columns
    fn subsample(self) -> Checked<NetworkNode> {
        let [i, sh, sw] = self.take()?;
        let x = self.shape(i)?;
        if sh == 0 || sw == 0 {
            return Err(self.bad("a step of 0"));
        }
        let shape = [x[0], x[1].div_ceil(sh), x[2].div_ceil(sw)];
        let layer = Layer::Subsample { step: [sh, sw] };
        Ok(made(vec![i], shape, layer))
    }

    /// `pad INPUT`, channels before and behind, then top, left, bottom, right
    fn pad(self) -> Checked<NetworkNode> {
        let [i, c0, c1, pt, pl, pb, pr] = self.take()?;
        let x = self.shape(i)?;
        let shape = [x[0] + c0 + c1, x[1] + pt + pb, x[2] + pl + pr];
        let before = [c0, pt, pl];
        Ok(made(vec![i], shape, Layer::Pad { before }))
    }

    /// `concat INPUT...`
    fn concat(self) -> Checked<NetworkNode> {
        let Some(&first) = self.counts.first() else {
            return Err(self.bad("concat of nothing"));
        };
        let x = self.shape(first)?;
        let mut channels = 0;
        for &i in self.counts {
            let s = self.shape(i)?;
            if (s[1], s[2]) != (x[1], x[2]) {
                return Err(self.bad("the rows and columns differ"));
            }
            channels += s[0];
        }
        let shape = [channels, x[1], x[2]];
        Ok(made(self.counts.to_vec(), shape, Layer::Concat))
    }

    /// `polynomial INPUT DEGREE`
    fn polynomial(self) -> Checked<NetworkNode> {
        let [i, degree] = self.take()?;
        let x = self.shape(i)?;
        if !(1..=MAX_DEGREE).contains(&degree) {
            return Err(self.bad(format!("the degree is not from 1 to {MAX_DEGREE}")));
        }
        let terms = degree + 1;
        let wanted = x[0].saturating_mul(terms);
        if wanted > MAX_COEFFICIENTS {
            return Err(self.bad(format!("more than {MAX_COEFFICIENTS} coefficients")));
        }
        let all = self.lines.fractions("coefficients", wanted)?;
        let channels = all.chunks(terms).map(<[Rational]>::to_vec).collect();
        Ok(made(vec![i], x, Layer::Polynomial { channels }))
    }

    /// `smooth INPUT`, then the line `function EXPR`
    fn smooth(self) -> Checked<NetworkNode> {
        let [i] = self.take()?;
        let x = self.shape(i)?;
        let function = self.lines.formula("function")?;
        Ok(made(vec![i], x, Layer::Smooth { function }))
    }

    /// `variance INPUT`, 1 for each axis that a group goes along (channels, rows, columns), then the line `epsilon E`
    fn variance(self) -> Checked<NetworkNode> {
        let [i, axes @ ..] = self.take::<4>()?;
        let x = self.shape(i)?;
        let over = self.over(axes, x)?;
        let epsilon = self.lines.numbers("epsilon", 1)?.pop();
        let epsilon = epsilon.filter(|e| e.mantissa.is_positive());
        let epsilon = epsilon.ok_or_else(|| bad(self.line, "epsilon is not above 0"))?;
        let size = over.size(x);
        let layer = Layer::Variance {
            over,
            epsilon,
            size,
        };
        Ok(made(vec![i], over.reduced(x), layer))
    }

    /// `normalise INPUT INPUT`, the axes
    fn normalise(self) -> Checked<NetworkNode> {
        let [i, j, axes @ ..] = self.take::<5>()?;
        let x = self.shape(i)?;
        let over = self.over(axes, x)?;
        if self.shape(j)? != over.reduced(x) {
            return Err(self.bad("the second input has not one number for each group"));
        }
        Ok(made(vec![i, j], x, Layer::Normalise { over }))
    }

    /// Axes along which groups have two elements or more.
    fn over(&self, axes: [usize; 3], x: [usize; 3]) -> Checked<Over> {
        if axes.iter().any(|flag| *flag > 1) {
            return Err(self.bad("an axis is marked by 0 or 1"));
        }
        let over = Over(axes.map(|flag| flag == 1));
        match over.size(x) {
            2.. => Ok(over),
            _ => Err(self.bad("a group has fewer than two elements")),
        }
    }

    /// `reshape INPUT`, a shape
    fn reshape(self) -> Checked<NetworkNode> {
        let [i, a, h, w] = self.take()?;
        let x = self.shape(i)?;
        let elements = size([a, h, w], self.line)?.iter().product::<usize>();
        if elements != x.iter().product::<usize>() {
            return Err(self.bad("the numbers of elements differ"));
        }
        Ok(made(vec![i], [a, h, w], Layer::Reshape))
    }
}
