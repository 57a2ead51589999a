//! A reservation of memory before a read uses it.

use std::sync::Arc;

/// Reserves a number of bytes before a read uses them; false ends the read.
///
/// A server bounds with it the memory of all its callers together. It must not block.
pub type ReserveMemory = Arc<dyn Fn(u64) -> bool + Send + Sync>;

/// Grants every reservation: only the cap of a read bounds it.
pub fn unlimited() -> ReserveMemory {
    Arc::new(|_| true)
}
