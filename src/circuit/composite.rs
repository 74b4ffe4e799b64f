//! Circuits of a table's composite: p itself, sign, ReLU, max, and a tournament of max.
//!
//! # Method
//! Stage i maps y_(i-1) to y_i = P_i(y_(i-1)). Its circuit works on `u = (y_(i-1) - m_i) / K_i`, where the
//! reach `K_i` bounds what arrives around the centre `m_i` with its noise, so that |T_j(u)| <= 1. That map is
//! part of the coefficients of the stage before; of the first one the division, that by B too, only changes
//! units and costs nothing, and `m_1` costs a constant that is added. What is made of a sign has centres of 0.
//! ReLU is `x (1 + p(x/B))/2`; the halves are part of the last stage's coefficients.

use crate::circuit::builder::Builder;
use crate::circuit::{stage, Circuit, Id};
use crate::error::{Error, Result};
use crate::poly::basis::to_chebyshev;
use rug::{Integer, Rational};
use std::ops::Range;

/// What is computed with p ~ sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// p(x/B), one input: a sign, or with B = 1 whatever p itself stands for.
    Sign,
    /// x (1 + p(x/B))/2, one input.
    Relu,
    /// ((a+b) + (a-b) p((a-b)/B))/2, two inputs.
    Max,
}

impl Output {
    /// Every shape, with the name used in files.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Sign, "sign"),
        (Self::Relu, "relu"),
        (Self::Max, "max"),
    ];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Relu => "relu",
            Self::Max => "max",
        }
    }

    /// Number of inputs.
    pub fn inputs(self) -> usize {
        1 + usize::from(self == Self::Max)
    }
}

/// One evaluation of the composite inside a circuit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it computes.
    pub shape: Output,
    /// The node of the argument x (max: a - b), in units of 1.
    pub argument: Id,
    /// Indices of its stages in [`Circuit::stages`].
    pub stages: Range<usize>,
    /// The node of the last stage, after the halves were added.
    pub sign: Id,
    /// The node of the result.
    pub output: Id,
}

/// The composite to evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The stages P_1, ..., P_k in powers of y.
    pub stages: Vec<Vec<Rational>>,
    /// `K_1, ..., K_k`: a bound of each stage's input, noise included.
    pub reaches: Vec<Rational>,
    /// `m_1, ..., m_k`: the middle of what each stage takes; 0 in units of B for all that is made of a sign.
    pub centres: Vec<Rational>,
    /// B: inputs are in [-B, B] (max: [0, B]).
    pub domain: Rational,
    /// The scale that every stage's input has; about the size of the primes.
    pub scale: Rational,
}

impl Plan {
    /// The scale of an input x in units of 1: `scale / (B K_1)`, so that the first stage's input has `scale`.
    pub fn input_scale(&self) -> Rational {
        Rational::from(&self.scale / &self.domain) / &self.reaches[0]
    }

    /// The depth of one evaluation.
    pub fn depth(&self, shape: Output) -> usize {
        let stages = (0..self.stages.len()).map(|i| self.stage(i, shape).depth());
        stages.sum::<usize>() + usize::from(shape != Output::Sign)
    }

    /// The same without the first stage.
    pub fn depth_behind(&self, shape: Output) -> usize {
        let first = self.stage(0, shape).depth();
        self.depth(shape) - first
    }

    /// A stage with the maps before and behind it.
    fn stage(&self, i: usize, shape: Output) -> Mapped {
        let last = i + 1 == self.stages.len();
        let divisor = match (self.reaches.get(i + 1), shape) {
            (Some(reach), _) => reach.clone(),
            (None, Output::Sign) => Rational::from(1),
            (None, _) => Rational::from(2),
        };
        let mut c = to_chebyshev(&self.stages[i], &self.centres[i], &self.reaches[i]);
        if let (Some(next), Some(constant)) = (self.centres.get(i + 1), c.first_mut()) {
            *constant -= next;
        }
        c.iter_mut().for_each(|c| *c /= &divisor);
        // The last product's rescale is to leave the scale of the argument, exactly.
        let square = match last && shape != Output::Sign {
            true => None,
            false => stage::as_square(&c),
        };
        Mapped {
            coefficients: c,
            square,
        }
    }

    /// One evaluation, its inputs at `level`.
    ///
    /// **Guarantee** the result's scale is exactly [`Self::input_scale`] (sign: `scale`, unless its last stage is a
    /// square), so that results can be fed to the next evaluation.
    ///
    /// # Errors
    /// A stage that cannot be evaluated, and more depth than there is: which stage, need and have.
    pub fn circuit(
        &self,
        moduli: &[Integer],
        level: usize,
        shape: Output,
    ) -> Result<(Circuit, Vec<Block>)> {
        self.circuit_to(moduli, level, shape, &self.scale)
    }

    /// The same, a sign's (or p's) result at another scale, where its last stage is no square: values beyond 1 do not fit
    /// the last primes otherwise.
    ///
    /// # Errors
    /// As [`Self::circuit`].
    pub fn circuit_to(
        &self,
        moduli: &[Integer],
        level: usize,
        shape: Output,
        sign_scale: &Rational,
    ) -> Result<(Circuit, Vec<Block>)> {
        let mut b = Builder::new(moduli);
        let inputs: Vec<Id> = (0..shape.inputs())
            .map(|_| b.input(level, self.input_scale()))
            .collect::<Result<_>>()?;
        let mut stages = 0;
        let block = self.block(&mut b, &inputs, (shape, sign_scale), &mut stages)?;
        let output = block.output;
        Ok((b.finish(output), vec![block]))
    }

    /// The maximum of `inputs` values by a tournament, each round one evaluation of max.
    ///
    /// Inputs x in [-R, R] are read as `x -> c x + 1/2`, which must be in [0, 1]: the domain B is 1.
    /// Players are paired in order, an odd one waits; the result is in units of `x`.
    ///
    /// # Errors
    /// As [`Self::circuit`].
    pub fn tournament(
        &self,
        moduli: &[Integer],
        level: usize,
        inputs: usize,
        input_scale: &Rational,
    ) -> Result<(Circuit, Vec<Block>)> {
        if inputs < 2 {
            return Err(Error::domain("a tournament needs two inputs at least"));
        }
        let mut b = Builder::new(moduli);
        let unit = Rational::from(input_scale.recip_ref());
        let mut players = Vec::with_capacity(inputs);
        let half = Rational::from((1, 2));
        for _ in 0..inputs {
            let x = b.input(level, self.input_scale() * input_scale)?;
            let y = b.units(x, &unit);
            players.push(b.add_constant(y, half.clone()));
        }
        let (mut blocks, mut stages) = (Vec::new(), 0);
        while players.len() > 1 {
            let mut next = Vec::with_capacity(players.len().div_ceil(2));
            for pair in players.chunks(2) {
                next.push(match pair {
                    [_, _] => {
                        let max = (Output::Max, &self.scale);
                        let block = self.block(&mut b, pair, max, &mut stages)?;
                        blocks.push(block.clone());
                        block.output
                    }
                    _ => pair[0],
                });
            }
            players = next;
        }
        let back = b.add_constant(players[0], -half);
        let output = b.units(back, input_scale);
        Ok((b.finish(output), blocks))
    }

    fn block(
        &self,
        b: &mut Builder,
        inputs: &[Id],
        (shape, sign_scale): (Output, &Rational),
        stages: &mut usize,
    ) -> Result<Block> {
        let k = self.stages.len();
        if k == 0 || self.reaches.len() != k || self.centres.len() != k {
            return Err(Error::domain(
                "a composite needs a reach and a centre for every stage",
            ));
        }
        let level = inputs.iter().map(|&i| b.level(i)).min().unwrap_or(0);
        let (need, have) = (self.depth(shape), level);
        if need > have {
            let stage = self.stage_without_level(have, shape);
            return Err(Error::unsupported(format!(
                "depth: the circuit needs {need} levels and {have} are left; they end in {stage}"
            )));
        }
        let inputs: Vec<Id> = inputs
            .iter()
            .map(|&i| b.drop_to(i, level))
            .collect::<Result<_>>()?;
        let argument = match shape {
            Output::Max => b.sub(inputs[0], inputs[1])?,
            _ => inputs[0],
        };
        let unit = Rational::from(&self.domain * &self.reaches[0]);
        let mut y = b.units(argument, &unit);
        if !self.centres[0].is_zero() {
            y = b.add_constant(y, Rational::from(-&self.centres[0]) / &self.reaches[0]);
        }
        let first = *stages;
        // The last product's rescale is to leave the scale of the argument.
        let last = |b: &Builder, end: usize| match shape {
            Output::Sign => Ok(sign_scale.clone()),
            _ => b.modulus(end),
        };
        let y = self.run(b, y, 0, (shape, &last))?;
        *stages += k;
        b.at("final product");
        let half = Rational::from((1, 2));
        let (sign, output) = match shape {
            Output::Sign => (y, y),
            Output::Relu => {
                let gate = b.add_constant(y, half);
                let product = b.mul(argument, gate)?;
                (gate, b.rescale(product)?)
            }
            Output::Max => {
                let product = b.mul(argument, y)?;
                let sum = b.add(inputs[0], inputs[1])?;
                let sum = b.drop_to(sum, b.level(product))?;
                let scale = b.scale(product).clone();
                let mean = b.mul_to_scale(sum, half, &scale);
                let whole = b.add(product, mean)?;
                (y, b.rescale(whole)?)
            }
        };
        Ok(Block {
            shape,
            argument,
            stages: first..*stages,
            sign,
            output,
        })
    }

    /// ReLU of x where the first stage's result is there already: the stages behind it.
    ///
    /// **Inputs** the node of x; the node of P_1(x/B), in units of 1; the scale that the result is to have. Centres are 0.
    /// **Guarantee** the result's scale is exactly that; the block's stages are those of the circuit from here on, one less than
    /// the composite has.
    ///
    /// # Errors
    /// As [`Self::circuit`].
    pub fn relu_behind(
        &self,
        b: &mut Builder,
        (argument, first): (Id, Id),
        scale: &Rational,
    ) -> Result<Block> {
        let (Some(reach), true) = (self.reaches.get(1), self.stages.len() > 1) else {
            return Err(Error::domain(
                "a composite of one stage has none behind its first",
            ));
        };
        let y = b.units(first, reach);
        let stages = b.stages();
        let x = b.scale(argument).clone();
        let last = |b: &Builder, end: usize| Ok(scale / x.clone() * b.modulus(end)?);
        let y = self.run(b, y, 1, (Output::Relu, &last))?;
        b.at("final product");
        let sign = b.add_constant(y, Rational::from((1, 2)));
        let product = b.mul(argument, sign)?;
        Ok(Block {
            shape: Output::Relu,
            argument,
            stages: stages..b.stages(),
            sign,
            output: b.rescale(product)?,
        })
    }

    /// The stages from one on.
    fn run(
        &self,
        b: &mut Builder,
        mut y: Id,
        from: usize,
        (shape, last): (Output, Last<'_>),
    ) -> Result<Id> {
        let k = self.stages.len();
        for i in from..k {
            b.at(format!("stage {}", i + 1));
            let mapped = self.stage(i, shape);
            let depth = mapped.depth();
            y = match mapped.square {
                Some(square) => stage::square(b, y, square)?,
                None => {
                    let scale = match i + 1 == k {
                        false => self.scale.clone(),
                        true => last(b, b.level(y).saturating_sub(depth))?,
                    };
                    stage::polynomial(b, y, &mapped.coefficients, &scale)?
                }
            };
        }
        Ok(y)
    }

    /// Where `have` levels end, in words.
    fn stage_without_level(&self, have: usize, shape: Output) -> String {
        let mut left = have;
        for i in 0..self.stages.len() {
            let mapped = self.stage(i, shape);
            let (degree, need) = (mapped.coefficients.len() - 1, mapped.depth());
            if need > left {
                return format!(
                    "stage {} (degree {degree}, {need} levels, {left} left)",
                    i + 1
                );
            }
            left -= need;
        }
        "the final product".to_owned()
    }
}

/// The scale of the last stage's result, by the level that it has.
type Last<'a> = &'a dyn Fn(&Builder, usize) -> Result<Rational>;

/// A stage in the Chebyshev basis of its u.
struct Mapped {
    coefficients: Vec<Rational>,
    /// a and b, where it is a u^2 + b and is evaluated so.
    square: Option<(Rational, Rational)>,
}

impl Mapped {
    fn depth(&self) -> usize {
        match self.square {
            Some(_) => 1,
            None => super::split::depth(self.coefficients.len() - 1),
        }
    }
}
