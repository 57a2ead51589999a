//! Ending a read from elsewhere.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends reading from elsewhere, as when somebody presses Ctrl-C. Cheap to clone; all clones are the same.
///
/// Once it is set, the next read fails, as does one that waits for a pipe or a terminal, and all reads after it.
///
/// # Limits
/// A read of a disk that does not answer, as of a server that is away, is waited for.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    is_set: AtomicBool,
    /// Ready for reading once it is set, for good: nobody reads what is in it.
    wake: PipeReader,
    bell: PipeWriter,
}

impl Interrupt {
    /// One that is not set.
    ///
    /// # Errors
    /// When the system has no pipe left.
    pub fn new() -> io::Result<Self> {
        let (wake, bell) = io::pipe()?;
        Ok(Self(Arc::new(Shared { is_set: AtomicBool::new(false), wake, bell })))
    }

    /// Sets it, for good. Never waits, and does nothing that a signal handler must not do.
    pub fn set(&self) {
        if !self.0.is_set.swap(true, Ordering::SeqCst) {
            // One byte always fits. Without it, what does not wait sees the flag all the same.
            let _ = (&self.0.bell).write(&[0]);
        }
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.is_set.load(Ordering::SeqCst)
    }

    pub(super) fn wake(&self) -> BorrowedFd<'_> {
        self.0.wake.as_fd()
    }
}
