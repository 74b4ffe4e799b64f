//! Answers as JSON: what the commands print with `--json`, and what another language gets.
//!
//! Exact numbers are text (`3/8`, `5*2^-14`), all others are numbers as f64 holds them; `bound_` is proved. An audit's JSON is
//! its own file, a plan's its manifest.

mod certify;
#[cfg(feature = "full")]
mod deviate;
#[cfg(feature = "full")]
mod network;
#[cfg(feature = "full")]
mod plan;
#[cfg(feature = "full")]
mod ranges;
mod search;

pub use certify::certify;
#[cfg(feature = "full")]
pub use deviate::deviate;
#[cfg(feature = "full")]
pub use network::network;
#[cfg(feature = "full")]
pub use plan::infeasible;
#[cfg(feature = "full")]
pub use ranges::ranges;
pub use search::{search, search_smooth};
