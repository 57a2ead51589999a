//! Files that are not whole yet.
//!
//! Each has a name of its own, so that writers never meet, in whatever process, container or machine. Its writer holds a lock on
//! it, so that what nobody is writing any more can be told from what somebody is.

use std::ffi::CStr;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Dir, FlockOperation, Mode, OFlags, flock, fstat, fsync, openat, renameat, unlinkat};
use rustix::io::Errno;

/// How often a name is tried. That one is taken, or swept away before it is locked, is next to impossible.
const ATTEMPTS: u32 = 16;
/// No name for a file ends like this, and none begins with a dot.
const END: &str = ".part";

/// A file that is being written. It is gone when this is, unless it was [put](Self::put) where it belongs.
pub(super) struct Temporary<'a> {
    directory: BorrowedFd<'a>,
    name: String,
    file: File,
    is_put: bool,
}

impl<'a> Temporary<'a> {
    /// An empty file, for this user only.
    pub(super) fn make(directory: BorrowedFd<'a>) -> io::Result<Self> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for _ in 0..ATTEMPTS {
            let name = format!(".{:016x}{END}", RandomState::new().hash_one(std::process::id()));
            let file = match openat(directory, &name, flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => File::from(file),
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(error.into()),
            };
            let temporary = Self { directory, name, file, is_put: false };
            // Somebody is sweeping it away. Where there are no locks, nothing is swept.
            if flock(&temporary.file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
                continue;
            }
            if fstat(&temporary.file)?.st_nlink > 0 {
                return Ok(temporary);
            }
        }
        Err(io::Error::other("no name for a temporary file is free"))
    }

    /// Writes the whole of it, and gives it its name. It is on the disk then.
    pub(super) fn put(mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_all()?;
        renameat(self.directory, &self.name, self.directory, name)?;
        self.is_put = true;
        fsync(self.directory)?;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_put {
            // If this fails too, the next sweep takes care of it.
            let _ = unlinkat(self.directory, &self.name, AtFlags::empty());
        }
    }
}

/// Removes what killed processes were writing.
pub(super) fn sweep(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let is_temporary = entry.file_name().to_str().is_ok_and(|name| name.starts_with('.') && name.ends_with(END));
        if is_temporary {
            // One that is whole by now, or swept by somebody else, is no concern of ours.
            let _ = sweep_one(directory, entry.file_name());
        }
    }
    Ok(())
}

fn sweep_one(directory: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::empty())?;
    flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive)?;
    // Its name is never given twice, so this is what was locked.
    unlinkat(directory, name, AtFlags::empty())
}
