//! What a plan is: designs, levels, bootstraps, and what was proved of it.

use crate::jobs::network::audit;
use crate::jobs::plan::choose::Found;
use crate::jobs::plan::ciphertexts::Closing;
use crate::jobs::plan::folder::Certified;
use crate::jobs::plan::request::Goal;
use crate::jobs::plan::rows::{bootstraps, Row, Stood};
use crate::jobs::plan::solve::Solved;
use crate::network::audit::summary::accuracy;
use crate::poly::cost::Cost;

/// Milliseconds as seconds.
pub fn seconds(ms: f64) -> String {
    match ms < 1e4 {
        true => format!("{:.2} s", ms / 1e3),
        false => format!("{:.1} s", ms / 1e3),
    }
}

/// A plan whose statement is proved; its folder is written.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it was chosen from.
    pub solved: Solved,
    /// What was wanted.
    pub goal: Goal,
    /// A line for each layer.
    pub rows: Vec<Row>,
    /// The choice.
    pub found: Found,
    /// The audit of the samples that state.
    pub audit: audit::Answer,
    /// Certificates that were written for samples that state.
    pub certified: Vec<Certified>,
    /// What noise the least margins stand; none where it was not asked, or no class stays.
    pub stood: Option<Stood>,
    /// What activations add on ciphertexts; none where it was not asked.
    pub closing: Option<Closing>,
    /// 1 - confidence of the intervals.
    pub risk: f64,
    /// The manifest.
    pub manifest: serde_json::Value,
}

impl Answer {
    /// Levels, and products of two ciphertexts, in all activations.
    pub fn cost(&self) -> Cost {
        Cost::sum(self.rows.iter().map(Row::cost))
    }

    /// Bootstraps of tensors: inside activations and of values between layers.
    pub fn bootstraps(&self) -> usize {
        bootstraps(&self.solved.flow, &self.found.plan)
    }

    /// The greatest level that is used.
    pub fn top_used(&self) -> usize {
        let levels = self.found.plan.steps.iter();
        levels.map(|s| s.enter.max(s.level())).max().unwrap_or(0)
    }

    /// Interval of the share of inputs that some activation is asked outside [-B, B], for samples drawn independently.
    pub fn bound_outside_share(&self) -> (f64, f64) {
        let s = &self.audit.summary;
        accuracy(s.outside, s.inside(), s.samples, self.risk)
    }

    /// What the plan rests on that nothing here proves.
    pub fn assumed(&self) -> Vec<String> {
        let mut all = vec![
            match self.solved.split.repeated {
                0 => "the samples are drawn independently from one distribution".to_owned(),
                n => format!(
                    "the samples are drawn independently from one distribution, though {n} of those that state are the same as others"
                ),
            },
            "a convolution, a dense layer and a batch norm of its own take one level each, by a layout that does so".to_owned(),
        ];
        all.extend(match &self.closing {
            Some(closing) => closing.assumed(&self.rows, &self.solved.loaded.network),
            None => vec![
                "activations, linear layers and bootstraps together add no more noise than is stated here: --preset certifies that \
                 of activations"
                    .to_owned(),
            ],
        });
        let profile = self.solved.profile.assumed();
        if !profile.is_empty() {
            all.push(format!(
                "of the profile {}: {}",
                self.solved.profile.name,
                profile.join("; ")
            ));
        }
        all
    }

    /// What is no more than an estimate, in words.
    pub fn estimates(&self) -> Vec<String> {
        let found = &self.found;
        let price = found.plan.price;
        let compared = self.solved.uniform.as_ref().map_or_else(String::new, |u| {
            format!(
                " ({} with one design, {:.2} of it)",
                seconds(u.estimate_ms),
                price / u.estimate_ms
            )
        });
        let mut all = vec![
            format!(
                "{}{compared}: operations and bootstraps by the profile {}",
                seconds(price),
                self.solved.profile.name
            ),
            format!(
                "kept on {} of the {} inputs that chose; to first order at most {:.2} of a margin is lost; {} twins tried",
                found.estimate_kept,
                self.solved.split.selected.len(),
                found.estimate_loss,
                found.tried.len()
            ),
        ];
        if found.plan.shared > 1 {
            all.push(format!(
                "the graph is too wide for the exact programme: up to {} values share a level, so a cheaper plan may exist",
                found.plan.shared
            ));
        }
        all
    }

    /// Whether the noise of ciphertexts is within what the margins stand, if it was asked.
    pub fn closes(&self) -> bool {
        self.closing.as_ref().is_none_or(|c| c.budget.closes())
    }

    /// Whether the class is proved to stay on every sample that states.
    pub fn stays(&self) -> bool {
        self.audit.stays()
    }

    /// What a design at a layer would change, in words. *Estimates*.
    pub fn why(&self, layer: usize, design: usize) -> String {
        let all = &self.solved.estimate_alternatives[layer];
        let (price, loss) = all[design];
        let Some(price) = price else {
            return "no plan: its levels do not fit".to_owned();
        };
        let more = (price - self.found.plan.price) / 1e3;
        format!("{more:+.2} s, at most {loss:.3} of a margin lost (estimates)")
    }
}
