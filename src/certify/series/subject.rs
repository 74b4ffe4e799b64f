//! What is bounded: the error of a value that is computed from a table's polynomial, as a model on a cell.

use crate::arith::mp::Mp;
use crate::arith::rounding::CoefficientMode;
use crate::certify::series::model::{norm, Fault, Frame, Model};
use crate::error::Result;
use crate::function::algebra::Algebra;
use crate::function::formula::{Difference, Measure};
use crate::function::point::Points;
use crate::function::program::Program;
use crate::poly::component::Component;
use crate::poly::table::Table;
use rug::{Integer, Rational};

/// P(y) = Q(scale y + offset), Q in powers with the coefficients as they are held.
#[derive(Debug, Clone)]
struct Stage {
    scale: Rational,
    offset: Rational,
    powers: Vec<Rational>,
}

/// The error of a value of p against a function.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    stages: Vec<Stage>,
    difference: Difference,
}

impl Subject {
    /// That of a table's polynomial.
    ///
    /// # Errors
    /// A coefficient that overflows the format of `mode`, numbers that grow beyond the limits.
    pub fn new(table: &Table, difference: &Difference, mode: CoefficientMode) -> Result<Self> {
        let mut stages = Vec::with_capacity(table.components.len());
        for (i, c) in table.components.iter().enumerate() {
            let plain = Component::new(c.basis, c.coefficients.clone());
            let powers = plain.powers(mode);
            stages.push(Stage {
                scale: c.scale.clone(),
                offset: c.offset.clone(),
                powers: powers.map_err(|e| e.within(&format!("components[{i}]")))?,
            });
        }
        Ok(Self {
            stages,
            difference: difference.clone(),
        })
    }

    /// An estimate of how many products of whole models the error takes.
    pub fn operations(&self) -> u64 {
        let Difference {
            function, value, ..
        } = &self.difference;
        let later = self.stages.iter().skip(1).map(|s| s.powers.len());
        let texts = function.text().len() + value.as_ref().map_or(0, |v| v.text().len());
        (4 + later.sum::<usize>() + texts / 4) as u64
    }

    /// Whether something in it may be defined up to an end only: a root, arc sine or arc cosine.
    pub fn has_ends(&self) -> bool {
        let Difference {
            function,
            value,
            measure,
        } = &self.difference;
        let weight = match measure {
            Measure::Weight(w) => Some(w),
            _ => None,
        };
        let all = [Some(function), weight];
        all.into_iter().flatten().any(|f| f.expression().has_ends())
            || value.as_ref().is_some_and(Program::has_ends)
    }

    /// The model of the error where x = middle + reach v, both in units of 2^-bits.
    pub fn error(
        &self,
        frame: &Frame,
        middle: &Integer,
        reach: &Integer,
    ) -> std::result::Result<Model, Fault> {
        let x = frame.made(vec![middle.clone(), reach.clone()], Integer::new());
        let mut p = x.clone();
        for stage in &self.stages {
            p = stage.on(&p, frame)?;
        }
        let value = self.value(frame, &x, &p)?;
        let f = self.difference.function.expression();
        self.measured(frame, &x, &value, &f.value(frame, &x, &p)?)
    }

    /// The names of the stages of the value: the components but for the last, p where something is computed from it, and
    /// what that binds.
    pub fn stage_names(&self) -> Vec<String> {
        let own = self.difference.value.as_ref().map(|value| {
            let names = value.bindings().iter().map(|(name, _)| name.clone());
            std::iter::once("p".to_owned()).chain(names)
        });
        let before = (1..self.stages.len()).map(|i| format!("p_{i}"));
        before.chain(own.into_iter().flatten()).collect()
    }

    /// The models of the stages of [`Subject::stage_names`].
    pub fn stage_models(
        &self,
        frame: &Frame,
        middle: &Integer,
        reach: &Integer,
    ) -> std::result::Result<Vec<Model>, Fault> {
        let x = frame.made(vec![middle.clone(), reach.clone()], Integer::new());
        let mut models: Vec<Model> = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            let model = stage.on(models.last().unwrap_or(&x), frame)?;
            models.push(model);
        }
        match (&self.difference.value, models.last()) {
            (Some(value), Some(p)) => {
                let bound = value.values(frame, &x, p)?.0;
                models.extend(bound);
            }
            _ => {
                models.pop();
            }
        }
        Ok(models)
    }

    /// p, the value, f and the error at a point, enclosed.
    pub fn at(&self, x: &Rational, prec: u32) -> std::result::Result<[Mp; 4], String> {
        let k = Points { prec };
        let x = k.constant(x);
        let mut p = x.clone();
        for stage in &self.stages {
            let u = k
                .multiple(&stage.scale, &p)?
                .plus(&k.constant(&stage.offset));
            let mut sum = k.constant(&Rational::new());
            for c in stage.powers.iter().rev() {
                sum = k.times(&sum, &u)?.plus(&k.constant(c));
            }
            p = sum;
        }
        let f = self.difference.function.expression().value(&k, &x, &p)?;
        let value = self.value(&k, &x, &p)?;
        let error = self.measured(&k, &x, &value, &f)?;
        Ok([p, value, f, error])
    }

    fn value<A: Algebra>(
        &self,
        k: &A,
        x: &A::Value,
        p: &A::Value,
    ) -> std::result::Result<A::Value, A::Fault> {
        match &self.difference.value {
            Some(value) => Ok(value.values(k, x, p)?.1),
            None => Ok(p.clone()),
        }
    }

    fn measured<A: Algebra>(
        &self,
        k: &A,
        x: &A::Value,
        value: &A::Value,
        f: &A::Value,
    ) -> std::result::Result<A::Value, A::Fault> {
        let difference = k.minus(value, f);
        match &self.difference.measure {
            Measure::Absolute => Ok(difference),
            Measure::Relative => k.times(&difference, &k.inverse(f)?),
            // A weight is a formula of x alone.
            Measure::Weight(w) => k.times(&difference, &w.expression().value(k, x, x)?),
        }
    }
}

impl Stage {
    /// Horner's scheme in u/2^e, which is 1 in size at most, so that the roundings of a step are not multiplied by the
    /// steps behind it. Of a line the full degree is kept on the way: what is on the way is far larger than the result.
    fn on(&self, y: &Model, frame: &Frame) -> std::result::Result<Model, Fault> {
        let u = frame.sum(
            &frame.multiple(&self.scale, y)?,
            &frame.number(&self.offset),
        );
        let size = norm(&u.c) + &u.r;
        let e = size.significant_bits().saturating_sub(frame.bits);
        let cap = match u.c.len() {
            0..=2 => frame.degree.max(self.powers.len()),
            _ => frame.degree,
        };
        let mut sum = frame.made(Vec::new(), Integer::new());
        for (j, c) in self.powers.iter().enumerate().rev() {
            if !sum.c.is_empty() || !sum.r.is_zero() {
                sum = frame.product(&sum, &u, frame.bits + e, cap)?;
            }
            if c.is_zero() {
                continue;
            }
            let scaled = Rational::from(c << (frame.bits + e * j as u32));
            let whole = *scaled.denom() == 1u32;
            let floor = scaled.floor().into_numer_denom().0;
            match sum.c.first_mut() {
                Some(first) => *first += floor,
                None => sum.c.push(floor),
            }
            sum.r += u32::from(!whole);
        }
        let keep = (frame.degree + 1).min(sum.c.len());
        let rest = sum.c.split_off(keep);
        frame.limited(sum.c, sum.r + norm(&rest))
    }
}
