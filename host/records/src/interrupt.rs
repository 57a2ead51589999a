//! Ends reads from another thread.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Ends reading from another thread, as on Ctrl-C. Cheap to clone; all clones share it.
///
/// Once it is set, the next read fails, as does one that waits for a pipe or a terminal, and all reads after it.
///
/// # Limits
/// It does not end a read of a disk that does not answer, such as that of a file server that is away.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    is_set: AtomicBool,
    /// Readable for good once it is set: its byte is never read.
    wake: PipeReader,
    bell: PipeWriter,
}

impl Interrupt {
    /// An interrupt that is not set.
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
            // One byte always fits. Even without it, reads that do not wait see the flag.
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
