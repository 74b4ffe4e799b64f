//! What a search answers: the Pareto front, every error of it proved.

use super::{certified, claim, cost, degrees, inputs, Arguments};
use crate::approx::search::cost::Prices;
use crate::approx::search::{Found, Problem};
use crate::arith::number;
use crate::certify::proof::Proof;
use crate::error::Result;
use crate::poly::cost::Cost;
use crate::poly::table::Table;
use crate::poly::table::MAX_COMPONENTS;
use rug::Rational;

/// A line of the Pareto front.
pub(super) struct Row<'a> {
    found: &'a Found,
    /// Of the whole target.
    cost: Cost,
    /// Under the prices; of a max-pool the multiplications.
    price: u64,
    best: bool,
    /// The proved error; none for more components than a table holds.
    bound_hi: Option<Rational>,
}

impl<'a> Row<'a> {
    pub fn new(a: &Arguments, found: &'a Found, best: &Found) -> Result<Self> {
        let bound_hi = (found.design.degrees.len() <= MAX_COMPONENTS)
            .then(|| certified(a, found, true).map(|c| c.1.bound_hi))
            .transpose()?;
        Ok(Self {
            found,
            cost: cost(a, found),
            price: inputs(a).map_or(found.price, |_| cost(a, found).mults as u64),
            best: std::ptr::eq(found, best),
            bound_hi,
        })
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "degrees": self.found.design.degrees,
            "depth": self.cost.depth,
            "mults": self.cost.mults,
            "cost": self.price,
            "bound_hi": self.bound_hi.as_ref().map(number::write),
            "estimate_hi_log2": self.bound_hi.as_ref().map(number::estimate_log2),
        })
    }
}

pub(super) fn words(a: &Arguments, problem: &Problem, rows: &[Row], proof: &Proof) -> String {
    let priced = matches!(problem.prices, Prices::Table(_));
    let price = |found: &Found| {
        if priced {
            format!("  {:9}", found.price)
        } else {
            String::new()
        }
    };
    let verdict = proof.verdict.map_or_else(String::new, |v| v.to_string());
    let mut text = format!(
        "{verdict} {}{} error at most {}\nerror in [{}, {}] = 2^[{:.4}, {:.4}]\n",
        a.target,
        inputs(a).map_or_else(String::new, |n| format!(" of {n} inputs in [-1, 1],")),
        number::write(&claim(a)),
        number::decimal(&proof.bound_lo, 12, false),
        number::decimal(&proof.bound_hi, 12, true),
        number::estimate_log2(&proof.bound_lo),
        number::estimate_log2(&proof.bound_hi),
    );
    text.push_str("Pareto front, every error proved (* by the certificate above):\n");
    let heading = if priced { "       cost" } else { "" };
    text.push_str(&format!("  depth  mults{heading}  log2 bound  degrees\n"));
    for row in rows {
        let bound = row.bound_hi.as_ref().map_or_else(
            || "-".to_owned(),
            |b| format!("{:.4}", number::estimate_log2(b)),
        );
        text.push_str(&format!(
            "{} {:5}  {:5}{}  {bound:>10}  {}\n",
            if row.best { '*' } else { ' ' },
            row.cost.depth,
            row.cost.mults,
            price(row.found),
            degrees(row.found)
        ));
    }
    text
}

pub(super) fn json(a: &Arguments, rows: &[Row], table: &Table, proof: &Proof) -> String {
    let best = rows.iter().find(|r| r.best).map(Row::json);
    let answer = serde_json::json!({
        "target": a.target.name(),
        "alpha": a.alpha,
        "inputs": inputs(a),
        "objective": a.objective,
        "best": best,
        "bound_lo": number::write(&proof.bound_lo),
        "bound_hi": number::write(&proof.bound_hi),
        "estimate_hi_log2": number::estimate_log2(&proof.bound_hi),
        "verdict": proof.verdict.map(|v| v.to_string()),
        "table_sha256": table.sha256(),
        "front": rows.iter().map(Row::json).collect::<Vec<_>>(),
    });
    answer.to_string() + "\n"
}
