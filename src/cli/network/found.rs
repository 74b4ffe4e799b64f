//! What `polycert network deviate` found on one sample, for people and programs.

use crate::cli::network::setup::decimal;
use crate::network::rows::Bound;
use serde_json::{json, Value};
use std::fmt::Write as _;

/// One level on one sample.
pub struct Row {
    pub name: String,
    pub bound: Bound,
    pub bound_margin: f64,
    pub estimate_observed: Option<f64>,
    pub estimate_attacked: Option<f64>,
}

/// What was found on one sample.
pub struct Found {
    /// Class of the plaintext network, if it is decided.
    pub network: Option<usize>,
    /// Class of the centre.
    pub class: usize,
    pub bound_margin: f64,
    pub rows: Vec<Row>,
    pub computed: usize,
}

impl Found {
    /// Whether the class is proved to stay at a level.
    fn safe(&self, row: &Row) -> bool {
        row.bound_margin > 0.0 && self.network == Some(self.class)
    }

    /// Whether the class is proved to stay at every level.
    pub fn certified(&self) -> bool {
        self.rows.iter().all(|r| self.safe(r))
    }

    /// For people.
    pub fn words(&self, sample: usize, seconds: f64) -> String {
        let network = match self.network {
            Some(c) if c == self.class => "as the plaintext network".to_owned(),
            Some(c) => format!("the plaintext network answers {c}"),
            None => "the plaintext network's class is not decided".to_owned(),
        };
        let mut out = format!(
            "sample {sample}: class {} ({network}), undisturbed margin at least {}; {} rows, {seconds:.1} s\n",
            self.class,
            decimal(self.bound_margin, false),
            self.computed
        );
        let _ = writeln!(
            out,
            "  {:<24} {:>12} {:>12} {:>12} {:>14} {:>14}  verdict",
            "noise", "observed", "first order", "proved <=", "attacked", "proved"
        );
        let _ = writeln!(
            out,
            "  {:<24} {:>12} {:>12} {:>12} {:>14} {:>14}",
            "", "(measured)", "(estimate)", "", "margin (est.)", "margin >="
        );
        let show = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.5}"));
        for row in &self.rows {
            let vacuous = !row.bound.bound_deviation.is_finite();
            let verdict = if self.safe(row) {
                "CERTIFIED"
            } else if row.estimate_attacked.is_some_and(|m| m < 0.0) {
                "not certified: the attack changes the class"
            } else {
                "not certified"
            };
            let _ = writeln!(
                out,
                "  {:<24} {:>12} {:>12.5} {:>12} {:>14} {:>14}  {verdict}",
                row.name,
                show(row.estimate_observed),
                row.bound.estimate_first_order,
                if vacuous {
                    "vacuous".to_owned()
                } else {
                    decimal(row.bound.bound_deviation, true)
                },
                show(row.estimate_attacked),
                if vacuous {
                    "-".to_owned()
                } else {
                    decimal(row.bound_margin, false)
                },
            );
        }
        out
    }

    /// For programs.
    pub fn json(&self, sample: usize, seconds: f64) -> Value {
        let finite = |x: f64| x.is_finite().then_some(x);
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|r| {
                json!({
                    "noise": r.name,
                    "measure_observed": r.estimate_observed,
                    "estimate_first_order": r.bound.estimate_first_order,
                    "bound_deviation": finite(r.bound.bound_deviation),
                    "estimate_attacked_margin": r.estimate_attacked,
                    "bound_margin": finite(r.bound_margin),
                    "certified": self.safe(r),
                })
            })
            .collect();
        json!({
            "sample": sample,
            "class": self.class,
            "network_class": self.network,
            "bound_undisturbed_margin": self.bound_margin,
            "rows": self.computed,
            "seconds": seconds,
            "levels": rows,
        })
    }
}
