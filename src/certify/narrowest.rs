//! The choice of a precision by need: the enclosure that is narrow enough, or the narrowest.

use crate::error::{Error, ErrorKind, Result};

/// Relative gap below which published bounds cannot show a difference: 2^-60.
pub const FINEST_GAP: f64 = 1.0 / (1u64 << 60) as f64;

/// Attempts at rising precisions until the gap is reached or more bits do not help.
///
/// **Inputs** the wanted relative gap, precisions in bits, the gap of what was found.
///
/// # Errors
/// The first error that is no lack of precision; the last of those if nothing is found.
pub fn narrowest<T>(
    wanted: f64,
    precisions: &[u32],
    gap: impl Fn(&T) -> f64,
    attempt: impl Fn(u32) -> Result<T>,
) -> Result<T> {
    let mut best: Option<T> = None;
    let mut last_error: Option<Error> = None;
    for prec in precisions {
        match attempt(*prec) {
            Ok(found) => {
                let here = gap(&found);
                let reached = here <= wanted.max(2.0 * FINEST_GAP);
                // More bits that do not narrow the gap by half are not what it lacks.
                let stalled = best.as_ref().is_some_and(|b| here >= 0.5 * gap(b));
                if best.as_ref().is_none_or(|b| here < gap(b)) {
                    best = Some(found);
                }
                if reached || stalled {
                    break;
                }
            }
            Err(e) if matches!(e.kind, ErrorKind::NotConverged(_)) => last_error = Some(e),
            Err(e) => return Err(e),
        }
    }
    let fallback = || ErrorKind::NotConverged("no precision was tried".into()).into();
    best.ok_or_else(|| last_error.unwrap_or_else(fallback))
}
