//! Files that are not whole yet.
//!
//! Each has a unique name, so that writers never collide, in whatever process, container or machine. Its writer locks it, so
//! that abandoned files can be told from those being written.

use std::ffi::CStr;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Dir, FlockOperation, Mode, OFlags, flock, fstat, fsync, openat, renameat, unlinkat};
use rustix::io::Errno;

/// How many names are tried. That a name is taken, or its file swept before it is locked, is next to impossible.
const ATTEMPTS: u32 = 16;
/// The suffix of temporary files. Plain names neither end in it nor begin with a dot.
const END: &str = ".part";

/// A file that is being written. Dropping this removes it, unless it was [put](Self::put).
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
            // If this fails, another process is sweeping it. Without locks nothing is swept.
            if flock(&temporary.file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
                continue;
            }
            if fstat(&temporary.file)?.st_nlink > 0 {
                return Ok(temporary);
            }
        }
        Err(io::Error::other("no name for a temporary file is free"))
    }

    /// Writes the whole file, and renames it. It is on the disk when this returns.
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
            // If this fails too, the next sweep removes it.
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
            // It may be complete by now, or swept by another process.
            let _ = sweep_one(directory, entry.file_name());
        }
    }
    Ok(())
}

fn sweep_one(directory: BorrowedFd<'_>, name: &CStr) -> Result<(), Errno> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, name, flags, Mode::empty())?;
    flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive)?;
    // Names are unique, so this is the file that was locked.
    unlinkat(directory, name, AtFlags::empty())
}
