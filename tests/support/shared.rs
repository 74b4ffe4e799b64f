//! Tables, networks and pictures that belong to their authors and are no part of the repository.

use std::path::{Path, PathBuf};

/// A file or folder of theirs in `../shared` or `$POLYCERT_SHARED`; none, loudly, where it is not there.
pub fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("POLYCERT_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is not there: NOT tested", path.display());
    None
}
