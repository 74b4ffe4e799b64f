//! A run between two steps: the ciphertexts that are still read, and what the finished steps took.

use crate::ckks::bootstrap::refresh::RefreshKeys;
use crate::ckks::evaluate::Evaluator;
use crate::ckks::scheme::cipher::Ciphertext;
use crate::encrypted::resources::measure_peak_bytes;
use crate::encrypted::run::{Phase, Runner};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// What a step took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// Seconds of wall time in each of [`Phase::ALL`].
    pub measure_seconds: [f64; 4],
    /// The most bytes of memory that the process had until then, where the system says so.
    pub measure_peak_bytes: Option<u64>,
}

impl Spent {
    /// Seconds in all.
    #[must_use]
    pub fn measure_sum(&self) -> f64 {
        self.measure_seconds.iter().sum()
    }
}

/// A run between two steps.
#[derive(Debug)]
pub struct State {
    /// The values so far; none where nothing reads them any more.
    pub values: Vec<Option<Ciphertext>>,
    /// What each finished step took.
    pub spent: Vec<Spent>,
}

impl State {
    /// Before the first step.
    #[must_use]
    pub fn new(input: Ciphertext) -> Self {
        Self {
            values: vec![Some(input)],
            spent: Vec::new(),
        }
    }

    /// How many steps are finished.
    #[must_use]
    pub fn done(&self) -> usize {
        self.spent.len()
    }

    /// Runs the next step.
    ///
    /// # Errors
    /// As [`Runner::step`].
    pub fn step(
        &mut self,
        runner: &Runner,
        keys: (&Evaluator, Option<&RefreshKeys>),
    ) -> Result<()> {
        let i = self.done();
        let mut spent = Spent::default();
        let mut last: Option<(Phase, Instant)> = None;
        let mut end = |last: Option<(Phase, Instant)>| {
            if let Some((phase, begun)) = last {
                spent.measure_seconds[phase as usize] += begun.elapsed().as_secs_f64();
            }
        };
        let value = runner.step(keys, i, &self.values, &mut |phase| {
            end(last.replace((phase, Instant::now())));
        })?;
        end(last);
        spent.measure_peak_bytes = measure_peak_bytes();
        self.values.push(Some(value));
        self.spent.push(spent);
        let live = runner.program().live(self.done());
        for (v, value) in self.values.iter_mut().enumerate() {
            if !live.contains(&v) {
                *value = None;
            }
        }
        Ok(())
    }

    /// The result, behind the last step.
    ///
    /// # Errors
    /// A program without a result.
    pub fn output(mut self, runner: &Runner) -> Result<Ciphertext> {
        let output = self.values.get_mut(runner.program().output);
        let output = output.and_then(Option::take);
        output.ok_or_else(|| Error::domain("a program without a result"))
    }
}
