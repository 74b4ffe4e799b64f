//! Draws of operators on single elements: activations, arithmetic, polynomials.

use crate::onnx::array::{broadcast, Array};
use crate::onnx::draw::Draw;
use crate::onnx::file::{attribute, float, int};
use crate::support::random_networks::q;
use polycert::network::read::onnx::messages::{Attribute, Tensor};
use rug::Rational;

impl Draw {
    pub fn clip(&mut self, x: String, a: &Array) -> Option<()> {
        let (lo, hi) = (self.number(), self.number());
        (lo < hi).then_some(())?;
        let ends = [q(f64::from(lo)), q(f64::from(hi))];
        let form = self.r.below(3);
        let y = Array::new(&a.dims, |i| {
            let mut v = a.at(i);
            if form != 1 {
                v = v.max(ends[0].clone());
            }
            if form != 2 {
                v = v.min(ends[1].clone());
            }
            v
        });
        if self.opset < 11 {
            let end = |name: &str, f: f32| Attribute {
                f,
                ..attribute(name)
            };
            let mut said = vec![];
            if form != 1 {
                said.push(end("min", lo));
            }
            if form != 2 {
                said.push(end("max", hi));
            }
            self.node("Clip", vec![x], said, y);
            return Some(());
        }
        let mut inputs = vec![x, String::new(), String::new()];
        if form != 1 {
            inputs[1] = self.constant(&[], vec![lo]).0;
        }
        if form != 2 {
            inputs[2] = self.constant(&[], vec![hi]).0;
        }
        self.node("Clip", inputs, vec![], y);
        Some(())
    }

    pub fn prelu(&mut self, x: String, a: &Array) -> Option<()> {
        let mut dims = a.dims.clone();
        for _ in 0..self.r.below(dims.len() as u64 + 1) {
            dims.remove(0);
        }
        for d in &mut dims {
            if self.r.below(2) == 0 {
                *d = 1;
            }
        }
        let (c, slopes) = self.floats(&dims);
        let y = broadcast(a, &slopes, |v, s| if v < 0 { v * s } else { v })?;
        self.node("PRelu", vec![x, c], vec![], y);
        Some(())
    }

    pub fn with_constant(&mut self, x: String, a: &Array) -> Option<()> {
        // Sizes of the operand's last axes, some of them 1, perhaps more axes in front.
        let mut dims: Vec<usize> = a.dims.clone();
        for _ in 0..self.r.below(dims.len() as u64 + 1) {
            dims.remove(0);
        }
        for d in &mut dims {
            if self.r.below(2) == 0 {
                *d = 1;
            }
        }
        if self.r.below(4) == 0 && dims.len() == a.dims.len() && dims.len() < 4 {
            dims.insert(0, 1 + self.r.below(2));
        }
        let (c, b) = self.floats(&dims);
        let (operator, f): (_, fn(Rational, Rational) -> Rational) = match self.r.below(3) {
            0 => ("Add", |u, v| u + v),
            1 => ("Sub", |u, v| u - v),
            _ => ("Mul", |u, v| u * v),
        };
        if self.r.below(2) == 0 {
            let y = broadcast(a, &b, f)?;
            self.node(operator, vec![x, c], vec![], y);
        } else {
            let y = broadcast(&b, a, f)?;
            self.node(operator, vec![c, x], vec![], y);
        }
        Some(())
    }

    /// An activation that is a polynomial: a square, a power, a quadratic of broadcast coefficients, a product of factors.
    pub fn polynomial(&mut self, x: String, a: &Array) -> Option<()> {
        // Numbers stay of a size at which pairs of f64 are far below the tolerance.
        a.values
            .iter()
            .all(|v| *v <= 16 && *v >= -16)
            .then_some(())?;
        let times = |a: &Array, b: &Array| broadcast(a, b, |a, b| a * b);
        let plus = |a: &Array, b: &Array| broadcast(a, b, |a, b| a + b);
        let last = |d: &mut Self, operator: &str, inputs: [&str; 2], y: Option<Array>| {
            let y = y.filter(|y| y.dims == a.dims)?;
            d.node(operator, inputs.map(str::to_owned).to_vec(), vec![], y);
            d.layers.last().cloned()
        };
        // One number, one a channel, or one an element.
        let coefficients = |d: &mut Self| {
            let dims: Vec<usize> = match d.r.below(3) {
                0 => vec![1],
                1 => a.dims.clone(),
                _ => {
                    let one = |(axis, n): (usize, &usize)| if axis == 1 { *n } else { 1 };
                    a.dims.iter().enumerate().map(one).collect()
                }
            };
            d.floats(&dims)
        };
        match self.r.below(4) {
            0 => {
                last(self, "Mul", [&x, &x], times(a, a))?;
            }
            1 => {
                let n = 1 + self.r.below(4);
                let power = if self.r.below(2) == 0 {
                    self.integers(&[n as i64])
                } else {
                    self.constant(&[], vec![n as f32]).0
                };
                let mut y = a.clone();
                for _ in 1..n {
                    y = times(&y, a)?;
                }
                last(self, "Pow", [&x, &power], Some(y))?;
            }
            2 => {
                let [p, q, r] = [(); 3].map(|()| coefficients(self));
                let (square, y) = last(self, "Mul", [&x, &x], times(a, a))?;
                let (scaled, y) = last(self, "Mul", [&p.0, &square], times(&y, &p.1))?;
                let (line, z) = last(self, "Mul", [&x, &q.0], times(a, &q.1))?;
                let (sum, y) = last(self, "Add", [&scaled, &line], plus(&y, &z))?;
                last(self, "Add", [&sum, &r.0], plus(&y, &r.1))?;
            }
            _ => {
                let [p, q] = [(); 2].map(|()| coefficients(self));
                let (up, y) = last(self, "Add", [&x, &p.0], plus(a, &p.1))?;
                let down = broadcast(&q.1, a, |q, a| q - a);
                let (down, z) = last(self, "Sub", [&q.0, &x], down)?;
                let (both, y) = last(self, "Mul", [&up, &down], times(&y, &z))?;
                if self.r.below(2) == 0 {
                    last(self, "Mul", [&both, &x], times(&y, a))?;
                }
            }
        }
        Some(())
    }
    pub fn leaky_relu(&mut self, x: String, a: &Array) {
        // None said is 0.01, as f32 holds it.
        let said = (self.r.below(3) > 0).then(|| self.number());
        let slope = q(f64::from(said.unwrap_or(0.01)));
        let y = Array::new(&a.dims, |i| {
            let v = a.at(i);
            if v < 0 {
                v * &slope
            } else {
                v
            }
        });
        let said = said.map(|alpha| float("alpha", alpha));
        self.node("LeakyRelu", vec![x], said.into_iter().collect(), y);
    }

    pub fn negative(&mut self, x: String, a: &Array) {
        let y = Array::new(&a.dims, |i| -a.at(i));
        self.node("Neg", vec![x], vec![], y);
    }

    /// By numbers whose reciprocals are no floats.
    pub fn divided(&mut self, x: String, a: &Array) -> Option<()> {
        let mut dims = a.dims.clone();
        for d in &mut dims {
            if self.r.below(2) == 0 {
                *d = 1;
            }
        }
        let n = dims.iter().product();
        let by: Vec<f32> = (0..n)
            .map(|_| [3.0, -0.5, 10.0, -7.0][self.r.below(4)])
            .collect();
        let (c, b) = self.constant(&dims, by);
        let y = broadcast(a, &b, |u, v| u / v)?;
        self.node("Div", vec![x, c], vec![], y);
        Some(())
    }

    /// Of one to four layers and constants.
    pub fn sum(&mut self, x: String, a: &Array) -> Option<()> {
        let (mut names, mut y) = (vec![x], a.clone());
        for _ in 0..self.r.below(4) {
            let (name, b) = if self.r.below(2) == 0 {
                self.floats(&a.dims)
            } else {
                let other = self.r.below(self.layers.len() as u64);
                self.layers[other].clone()
            };
            y = broadcast(&y, &b, |u, v| u + v)?;
            names.push(name);
        }
        self.node("Sum", names, vec![], y);
        Some(())
    }

    /// Operators that change no number of the reals.
    pub fn unchanged(&mut self, x: String, a: &Array) {
        let (operator, said) = match self.r.below(4) {
            0 => ("Identity", vec![]),
            1 => ("Dropout", vec![]),
            2 => ("Cast", vec![int("to", 1)]),
            _ => ("Cast", vec![int("to", 11)]),
        };
        self.node(operator, vec![x], said, a.clone());
    }

    /// Plus a constant that the file makes of the layer's own dimensions.
    pub fn filled(&mut self, x: String, a: &Array) -> Option<()> {
        (self.opset >= 9).then_some(())?;
        let value = self.number();
        let said = Attribute {
            t: Some(Tensor {
                dims: vec![1],
                data_type: 1,
                float_data: vec![value],
                ..Tensor::default()
            }),
            ..attribute("value")
        };
        let shape = self.inner("Shape", vec![x.clone()], vec![]);
        let filled = self.inner("ConstantOfShape", vec![shape], vec![said]);
        let y = Array::new(&a.dims, |i| a.at(i) + q(f64::from(value)));
        self.node("Add", vec![x, filled], vec![], y);
        Some(())
    }
}
