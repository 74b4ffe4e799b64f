//! What `polycert network deviate` found on one sample, for people.

use crate::jobs::network::deviate::Sample;
use crate::network::model::words::decimal;
use std::fmt::Write as _;

/// For people.
pub fn words(found: &Sample, layers: &[String]) -> String {
    let (sample, seconds) = (found.sample, found.seconds);
    let network = match found.network {
        Some(c) if c == found.class => "as the plaintext network".to_owned(),
        Some(c) => format!("the plaintext network answers {c}"),
        None => "the plaintext network's class is not decided".to_owned(),
    };
    let mut out = format!(
            "sample {sample}: class {} ({network}), undisturbed margin at least {}; {} rows, {seconds:.1} s\n",
            found.class,
            decimal(found.bound_margin, false),
            found.computed
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
    for row in &found.rows {
        let vacuous = !row.bound.bound_deviation.is_finite();
        let verdict = if found.safe(row) {
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
    budget(found, layers, &mut out);
    out
}

/// The bits of noise that each layer has to spare.
fn budget(found: &Sample, layers: &[String], out: &mut String) {
    let budgets: Vec<_> = found.rows.iter().filter(|r| !r.spare.is_empty()).collect();
    if budgets.is_empty() {
        return;
    }
    let names: Vec<&str> = budgets.iter().map(|r| r.name.as_str()).collect();
    let _ = writeln!(
        out,
        "  bits to spare at each layer alone, the others as stated: proved (first order, an estimate), at {}",
        names.join("; ")
    );
    // Rounded down: what is printed is proved.
    let down = |b: f64| format!("{:.2}", (b * 100.0).floor() / 100.0);
    let show = |b: Option<f64>| b.map_or("-".to_owned(), down);
    for (k, name) in layers.iter().enumerate() {
        let _ = write!(out, "  {name:<24}");
        for row in &budgets {
            let spare = &row.spare[k];
            let estimate = spare
                .estimate_bits
                .map_or("-".to_owned(), |b| format!("{b:.2}"));
            let _ = write!(
                out,
                " {:>8} {:>10}",
                show(spare.bound_bits),
                format!("({estimate})")
            );
        }
        let _ = writeln!(out);
    }
}
