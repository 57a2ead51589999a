//! The progress of reading.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The progress of reading, for another thread to watch. Cheap to clone; all clones share it.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    bytes: AtomicU64,
    /// The number of the text that was opened last, counted from 1; 0 before the first.
    opened: AtomicUsize,
}

impl Progress {
    /// The bytes read from the disk: of a compressed file, compressed bytes.
    ///
    /// # Limits
    /// It may exceed [`Inputs::total_bytes`](super::Inputs::total_bytes): a file may grow.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// The text that was opened last, counted from 0; none before the first.
    #[must_use]
    pub fn source(&self) -> Option<usize> {
        self.0.opened.load(Ordering::Relaxed).checked_sub(1)
    }

    pub(super) fn begin(&self, source: usize) {
        self.0.opened.store(source.saturating_add(1), Ordering::Relaxed);
    }

    pub(super) fn add(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
