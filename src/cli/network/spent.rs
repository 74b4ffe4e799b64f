//! What the steps of runs took: a table of seconds by layer and phase, and as JSON.

use crate::encrypted::run::Phase;
use crate::encrypted::state::Spent;
use crate::jobs::network::compiled::Compiled;
use serde_json::{json, Map, Value};
use std::fmt::Write as _;

fn phase(p: Phase) -> &'static str {
    match p {
        Phase::Encode => "plaintexts",
        Phase::Linear => "maps",
        Phase::Refresh => "refreshes",
        Phase::Activation => "polynomials",
    }
}

/// Seconds of wall time in each phase.
pub fn phases(spent: &[Spent]) -> [f64; 4] {
    let sum = |i: usize| spent.iter().map(|s| s.measure_seconds[i]).sum();
    std::array::from_fn(sum)
}

/// The phases in JSON, by their words.
pub fn phases_document(seconds: [f64; 4]) -> Value {
    let all = Phase::ALL.iter().zip(seconds);
    let one = |(p, s): (&Phase, f64)| (phase(*p).to_owned(), json!(s));
    Value::Object(all.map(one).collect::<Map<_, _>>())
}

/// The steps in JSON: each with its seconds by phase, and the memory at its end.
pub fn document(compiled: &Compiled, spent: &[Spent]) -> Vec<Value> {
    let lines = compiled.schedule.lines.iter().zip(spent);
    let one = |(line, s): (&crate::encrypted::schedule::Line, &Spent)| {
        json!({
            "layer": line.name,
            "refreshed": line.refreshed,
            "measure_seconds": s.measure_sum(),
            "measure_phases": phases_document(s.measure_seconds),
            "measure_peak_bytes": s.measure_peak_bytes,
        })
    };
    lines.map(one).collect()
}

/// A table of the seconds of all runs together, by layer and phase, and the most memory.
pub fn table(compiled: &Compiled, runs: &[&[Spent]]) -> String {
    let mut out = format!("{:>4} {:<24}", "", "layer");
    for p in Phase::ALL {
        let _ = write!(out, " {:>11}", phase(p));
    }
    let _ = writeln!(out, " {:>10} {:>11}", "seconds", "memory");
    let mut all = Vec::new();
    for (i, line) in compiled.schedule.lines.iter().enumerate() {
        let steps: Vec<Spent> = runs.iter().filter_map(|r| r.get(i)).copied().collect();
        all.extend(steps.iter().copied());
        let name = line.name.escape_debug().to_string();
        row(&mut out, &(i + 1).to_string(), &name, &steps);
    }
    row(&mut out, "", "all", &all);
    out
}

fn row(out: &mut String, number: &str, name: &str, steps: &[Spent]) {
    let seconds = phases(steps);
    let _ = write!(out, "{number:>4} {name:<24}");
    for s in seconds {
        let _ = write!(out, " {s:>11.2}");
    }
    let peak = steps.iter().filter_map(|s| s.measure_peak_bytes).max();
    let peak = peak.map_or("unknown".to_owned(), |b| {
        format!("{:.2} GB", b as f64 / 1e9)
    });
    let _ = writeln!(out, " {:>10.2} {peak:>11}", seconds.iter().sum::<f64>());
}
