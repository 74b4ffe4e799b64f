//! Plans, `certificates/PLAN.md`: have the manifest of a folder checked before it is published.

use crate::certificate::publish::check_size;
use crate::error::{ErrorKind, Result};
use crate::files::read_bytes;
use polycert_checker::{check_plan, PlanOutcome};
use std::io;
use std::path::Path;

/// How a plan keeps within the checker's limits.
const SMALLER: &str = "fewer inputs (--select, --state) keep within it";

/// Has the independent checker verify a manifest with the files of its folder.
///
/// **Cost** that of all certificates in the folder, network certificates included.
///
/// # Errors
/// A manifest longer than the checker reads; [`ErrorKind::SelfCheck`] with the checker's words.
pub fn checked(text: &str, folder: &Path, progress: &mut dyn FnMut(&str)) -> Result<String> {
    check_size(text, SMALLER)?;
    let mut read = |name: &str, limit: usize| {
        read_bytes(&folder.join(name), limit).map_err(|e| io::Error::other(e.to_string()))
    };
    match check_plan(text.as_bytes(), &mut read, progress) {
        PlanOutcome::Verified(report) => Ok(report.to_string()),
        PlanOutcome::Rejected(detail) | PlanOutcome::Unreadable(detail) => {
            Err(ErrorKind::SelfCheck(detail).into())
        }
    }
}
