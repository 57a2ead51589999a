//! Memory that is asked for before it is used.

use std::sync::Arc;

/// Asked for room for so many more bytes, before something is read that takes them; false ends the reading.
///
/// Whoever serves many callers bounds with it what all of them together have in memory. It must not block.
pub type Room = Arc<dyn Fn(u64) -> bool + Send + Sync>;

/// Room for everything: what is read is bounded by its own cap only.
pub fn enough() -> Room {
    Arc::new(|_| true)
}
