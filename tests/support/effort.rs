//! How much the tests do.

/// The effort that `POLYCERT_TEST_MULTIPLIER` asks for, 1 by default.
pub fn multiplier() -> u64 {
    let set = std::env::var("POLYCERT_TEST_MULTIPLIER").ok();
    set.and_then(|m| m.parse().ok()).unwrap_or(1)
}
