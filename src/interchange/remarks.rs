//! What a reader should know of an import, in words.

use crate::arith::number;
use crate::interchange::hints::Hints;
use crate::interchange::source::{Group, Source};
use crate::poly::table::Table;

/// What else a reader should know of the file; its scalars too, where they are no fields that were read.
pub(super) fn seen(
    source: &Source,
    groups: &[&Group],
    hints: &Hints,
    scalars: bool,
) -> Vec<String> {
    let mut notes = Vec::new();
    if source.singles > 0 {
        notes.push(format!(
            "{} numbers are held as f32, by a suffix or by the type of their array (certify --coefficients f32)",
            source.singles
        ));
    }
    let others = source
        .groups
        .iter()
        .filter(|g| !groups.iter().any(|c| std::ptr::eq(*c, *g)));
    let others: Vec<String> = others.take(8).map(Group::title).collect();
    if !others.is_empty() {
        notes.push(format!("arrays passed over: {}", others.join(", ")));
    }
    let passed = source.scalars.iter().take(8).filter(|_| scalars);
    let scalars: Vec<String> = passed
        .map(|s| format!("{} = {}", s.name, number::decimal(&s.value, 10, false)))
        .collect();
    if !scalars.is_empty() && hints.arrays.is_none() {
        notes.push(format!("numbers passed over: {}", scalars.join(", ")));
    }
    notes
}

/// What a JSON file says beside the coefficients that was not read.
pub(super) fn ignored(list: &[String]) -> Option<String> {
    let shown: Vec<&str> = list.iter().take(12).map(String::as_str).collect();
    (!shown.is_empty()).then(|| format!("assumed to change nothing, ignored: {}", shown.join("; ")))
}

/// A polynomial that is far from odd hardly stands for sign.
pub(super) fn not_odd(table: &Table) -> Option<String> {
    let [c] = table.components.as_slice() else {
        return None;
    };
    let size = |j: usize| {
        c.coefficients
            .iter()
            .skip(j)
            .step_by(2)
            .map(|x| x.clone().abs())
            .max()
    };
    let (even, odd) = (size(0)?, size(1).unwrap_or_default());
    let far = even > odd / 1_000_000u32;
    far.then(|| {
        "its even coefficients are not 0: if it stands for ReLU itself and not for sign, say --target direct_relu".to_owned()
    })
}
