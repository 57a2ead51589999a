//! Correlation ids: by them, an answer, the log and events speak of the same request.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use jurat_model::CorrelationId;

/// Makes correlation ids that differ within a process, and between processes.
#[derive(Debug)]
pub(crate) struct Correlations {
    process: u32,
    next: AtomicU64,
}

impl Correlations {
    pub(crate) fn new() -> Self {
        // The seeds of hash tables are random, which is enough to tell processes apart.
        let [a, b, c, d, ..] = RandomState::new().hash_one(0_u8).to_be_bytes();
        Self { process: u32::from_be_bytes([a, b, c, d]), next: AtomicU64::new(1) }
    }

    /// The id of the next request.
    pub(crate) fn next(&self) -> CorrelationId {
        CorrelationId::numbered(self.process, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_ids_differ() {
        let correlations = Correlations::new();
        assert_ne!(correlations.next(), correlations.next());
    }
}
