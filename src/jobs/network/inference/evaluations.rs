//! The evaluation certificates behind the steps of a program: one for all steps that are refreshed with one polynomial within one
//! reach, one for each other step.

use crate::certificate::evaluation;
use crate::certificate::refresh;
use crate::ckks::parameters::Parameters;
use crate::encrypted::activation::MARGIN;
use crate::encrypted::run::Runner;
use crate::encrypted::schedule::near;
use crate::error::{Error, Result};
use crate::function::target::{Function, Target};
use crate::noise::bootstrap::activation::Refreshed;
use crate::noise::composite::bound::Input;
use crate::noise::composite::propagate::Margin;
use crate::poly::table::Table;
use rug::Rational;
use std::sync::Arc;

/// What stands behind a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Behind {
    /// The table that the network states.
    pub table: Arc<Table>,
    /// B.
    pub b: Rational,
    /// |x| <= within.
    pub within: Rational,
    /// Whether it is refreshed.
    pub refreshed: bool,
    /// The level of its input, where it is not.
    pub level: usize,
}

/// An evaluation certificate.
#[derive(Debug, Clone)]
pub(super) struct Made {
    behind: Behind,
    off: Rational,
    pub text: String,
    /// `bound` of the noise, and of noise and approximation together.
    pub bound_noise: Rational,
    pub bound_error: Rational,
}

/// All that were made.
pub(super) struct Evaluations<'a> {
    runner: &'a Runner,
    parameters: &'a Parameters,
    k: u32,
    all: Vec<Made>,
}

impl<'a> Evaluations<'a> {
    pub fn new(runner: &'a Runner, parameters: &'a Parameters, k: u32) -> Self {
        Self {
            runner,
            parameters,
            k,
            all: Vec::new(),
        }
    }

    /// The certificate for a step whose input is off by so much; the one there is, if it takes as much or more.
    ///
    /// # Errors
    /// A table whose margin the noise exceeds; what the certificates refuse; a circuit that is not the one that is run.
    pub fn of(&mut self, step: usize, behind: &Behind, off: &Rational) -> Result<Made> {
        let known = self.all.iter().position(|m| m.behind == *behind);
        if let Some(i) = known {
            if self.all[i].off >= *off {
                return Ok(self.all[i].clone());
            }
        }
        let (text, bound_noise, bound_error) = match behind.refreshed {
            true => self.refreshed(step, behind, off)?,
            false => self.plain(step, behind, off)?,
        };
        let made = Made {
            behind: behind.clone(),
            off: off.clone(),
            text,
            bound_noise,
            bound_error,
        };
        match known {
            Some(i) => self.all[i] = made.clone(),
            None => self.all.push(made.clone()),
        }
        Ok(made)
    }

    fn refreshed(
        &self,
        step: usize,
        behind: &Behind,
        off: &Rational,
    ) -> Result<(String, Rational, Rational)> {
        let Some(Ok(refresher)) = self.runner.activation(step) else {
            return Err(other());
        };
        let refreshed = Refreshed::new(&behind.table, refresher.literal(), &behind.b, MARGIN)?;
        if *refresher.value() != refreshed.value {
            return Err(other());
        }
        let wanted = refresh::Wanted {
            domain: behind.b.clone(),
            within: (behind.within != behind.b).then(|| behind.within.clone()),
            off: off.clone(),
            k: self.k,
        };
        let same = refresher.another(refreshed.value.clone())?;
        match refresh::certify_with(&refreshed, same, &wanted)?.0 {
            Ok(made) => Ok((made.text, made.bound_noise, made.bound_error)),
            Err(margin) => Err(missing(&margin)),
        }
    }

    fn plain(
        &self,
        step: usize,
        behind: &Behind,
        off: &Rational,
    ) -> Result<(String, Rational, Rational)> {
        let Some(Err(circuit)) = self.runner.activation(step) else {
            return Err(other());
        };
        let mut target = Target::new(Function::Relu);
        target.scale = behind.b.clone();
        let wanted = evaluation::Wanted {
            target,
            input: Input::Given(off.clone()),
            within: (behind.within != behind.b).then(|| behind.within.clone()),
            k: Some(self.k),
            level: Some(behind.level),
            scale: Some(near(&self.parameters.moduli(), behind.level)),
            margin: Some(MARGIN),
        };
        match evaluation::certify(&behind.table, self.parameters, &wanted)? {
            Ok(made) if made.prepared.circuit == *circuit => {
                Ok((made.text, made.bound_noise, made.bound_error))
            }
            Ok(_) => Err(other()),
            Err(margin) => Err(missing(&margin)),
        }
    }
}

fn other() -> Error {
    Error::domain("the circuit that is certified is not the one that is run")
}

fn missing(margin: &Margin) -> Error {
    Error::domain(format!(
        "{margin}: a table that is made for more noise, or a smaller reach (--within), is needed"
    ))
}
