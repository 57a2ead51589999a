//! A lock across threads and processes.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, flock, fstat, openat, statat};
use rustix::io::Errno;

/// The first pause between two attempts, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// A lock that is held until this is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    file: OwnedFd,
}

/// Whether others may hold a lock at the same time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sharing {
    /// Nobody else.
    Alone,
    /// Others that share it too.
    Shared,
}

/// Takes a lock; none if another holder keeps it for longer than the caller wants to wait.
pub(super) fn lock(
    directory: BorrowedFd<'_>,
    name: &str,
    sharing: Sharing,
    patience: Duration,
) -> io::Result<Option<Lock>> {
    let begin = Instant::now();
    let (mut pause, longest) = PAUSES;
    loop {
        if let Some(lock) = attempt(directory, name, sharing)? {
            return Ok(Some(lock));
        }
        let left = patience.saturating_sub(begin.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        // The system has no wait with a time-out, so this tries at intervals.
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(longest);
    }
}

fn attempt(directory: BorrowedFd<'_>, name: &str, sharing: Sharing) -> io::Result<Option<Lock>> {
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::RUSR | Mode::WUSR)?;
    let operation = match sharing {
        Sharing::Alone => FlockOperation::NonBlockingLockExclusive,
        Sharing::Shared => FlockOperation::NonBlockingLockShared,
    };
    match flock(&file, operation) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let lock = Lock { file };
    // If the file was removed while locked, a second one may exist, which is then the one that counts.
    let ours = fstat(&lock.file)?;
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(named) => Ok(((named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino)).then_some(lock)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Unlocked explicitly, because a child that is just being started may still have the file open.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}
