//! The directory in which this host keeps what it last received, for when no server answers.
//!
//! Its content decides where records are sent and which rules judge them, so no other user may write there.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use jurat_model::Bytes;
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, Stat, fstat, fsync, mkdirat, openat, statat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::files::{self, ReadError};

mod error;
mod kept;
mod lock;
mod temporary;

pub use error::CacheDirError;
pub use lock::Lock;
use temporary::Temporary;

/// A directory that only this user can write.
///
/// # Limits
/// Files are whole or absent, also after a power cut. Processes and threads can share a directory; the last write wins.
#[derive(Debug)]
pub struct CacheDir {
    path: PathBuf,
    directory: OwnedFd,
}

/// A stamp of a file that changes with every write.
///
/// # Limits
/// A file that is written twice within one tick of the file system's clock, a few milliseconds, keeps its stamp, if its length
/// stays the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    inode: u64,
    length: i64,
    modified: (i64, u64),
    changed: (i64, u64),
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::RDONLY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);
/// The mode of directories: for this user only.
const PRIVATE: Mode = Mode::RWXU;

impl CacheDir {
    /// Opens a directory. Creates it and its parents if they are missing, for this user only.
    ///
    /// All checks are on open directories, which stay open. Every parent must belong to root or to this user, and no other
    /// user or group may write it; a sticky directory like `/tmp` may be a parent, but not the cache itself.
    ///
    /// # Errors
    /// See [`CacheDirError`].
    pub fn open(path: &Path) -> Result<Self, CacheDirError> {
        let failed = |cause: io::Error| CacheDirError::Failed { path: path.to_owned(), cause };
        let absolute = std::path::absolute(path).map_err(failed)?;
        let wrong = || CacheDirError::NotADirectory { path: path.to_owned() };
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else { return Err(wrong()) };
        check_links(path, parent)?;

        let mut missing = Vec::new();
        let mut existing = parent;
        let real = loop {
            match existing.canonicalize() {
                Ok(real) => break real,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let (Some(above), Some(name)) = (existing.parent(), existing.file_name()) else {
                        return Err(failed(error));
                    };
                    missing.push(name);
                    existing = above;
                }
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(wrong()),
                Err(error) => return Err(failed(error)),
            }
        };

        let mut at = openat(CWD, "/", DIRECTORY, Mode::empty()).map_err(|error| failed(error.into()))?;
        let mut walked = PathBuf::from("/");
        check_above(path, &walked, &at)?;
        let there = real.components().filter_map(|component| match component {
            Component::Normal(name) => Some((name, false)),
            _ => None,
        });
        for (name, is_missing) in there.chain(missing.into_iter().rev().map(|name| (name, true))) {
            at = descend(path, &at, name.as_ref(), is_missing)?;
            walked.push(name);
            check_above(path, &walked, &at)?;
        }
        let directory = descend(path, &at, name.as_ref(), true)?;
        Self::own(path.to_owned(), directory)
    }

    /// Opens a directory directly below this one, under the same conditions. Creates it if it is missing, for this user only.
    ///
    /// # Errors
    /// When the name is not plain; else see [`CacheDirError`].
    pub fn below(&self, name: &str) -> Result<Self, CacheDirError> {
        check_name(name)?;
        let path = self.path.join(name);
        let directory = descend(&path, &self.directory, name.as_ref(), true)?;
        Self::own(path, directory)
    }

    /// An open directory, if only this user can write it. Removes what killed processes were writing in it.
    fn own(path: PathBuf, directory: OwnedFd) -> Result<Self, CacheDirError> {
        let found = match fstat(&directory) {
            Ok(found) => found,
            Err(error) => return Err(CacheDirError::Failed { path, cause: error.into() }),
        };
        if found.st_uid != geteuid().as_raw() {
            return Err(CacheDirError::Foreign { path, owner: found.st_uid, user: geteuid().as_raw() });
        }
        if is_writable_by_others(&found) {
            return Err(CacheDirError::Shared { path, mode: permissions(&found) });
        }
        // It only takes space.
        let _ = temporary::sweep(directory.as_fd());
        Ok(Self { path, directory })
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, readable by this user only. When this returns it is on the disk; if it fails, the old file remains.
    ///
    /// # Errors
    /// When the name is not plain, or the system fails.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CacheDirError> {
        check_name(name)?;
        Temporary::make(self.directory.as_fd())
            .and_then(|temporary| temporary.put(name, bytes))
            .map_err(|cause| CacheDirError::Write { path: self.path.join(name), cause })
    }

    /// Reads a file of at most `cap`; none if it was never written.
    ///
    /// # Errors
    /// When the name is not plain, the file is not a regular one, belongs to another user or can be written by others, or the
    /// system fails.
    pub fn read(&self, name: &str, cap: Bytes) -> Result<Option<Vec<u8>>, CacheDirError> {
        check_name(name)?;
        let path = || self.path.join(name);
        let failed = |cause| CacheDirError::Read { path: path(), cause };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(&self.directory, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::MLINK) => return Err(failed(ReadError::Link)),
            Err(Errno::NXIO) => return Err(failed(ReadError::NotAFile)),
            Err(error) => return Err(failed(ReadError::Failed(error.into()))),
        };
        let found = fstat(&file).map_err(|error| failed(ReadError::Failed(error.into())))?;
        if !is_trusted(found.st_uid) {
            let (owner, user) = (found.st_uid, geteuid().as_raw());
            return Err(CacheDirError::ForeignFile { path: path(), owner, user });
        }
        if is_writable_by_others(&found) {
            return Err(CacheDirError::SharedFile { path: path(), mode: permissions(&found) });
        }
        files::read_regular(file, cap).map(Some).map_err(failed)
    }

    /// The stamp of a file, which differs between its versions; none if there is no such file. The file is not read.
    ///
    /// # Errors
    /// When the name is not plain, or the system fails.
    pub fn stamp(&self, name: &str) -> Result<Option<Stamp>, CacheDirError> {
        check_name(name)?;
        match statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(Stamp {
                inode: found.st_ino,
                length: found.st_size,
                modified: (found.st_mtime, found.st_mtime_nsec),
                changed: (found.st_ctime, found.st_ctime_nsec),
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => {
                let cause = ReadError::Failed(error.into());
                Err(CacheDirError::Read { path: self.path.join(name), cause })
            }
        }
    }

    /// Removes a file, if there is one. When this returns it is gone from the disk.
    ///
    /// # Errors
    /// When the name is not plain or one of a directory, or the system fails.
    pub fn remove(&self, name: &str) -> Result<(), CacheDirError> {
        check_name(name)?;
        match unlinkat(&self.directory, name, AtFlags::empty()) {
            Ok(()) => fsync(&self.directory),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error),
        }
        .map_err(|error| CacheDirError::Remove { path: self.path.join(name), cause: error.into() })
    }

    /// The sorted names of all files in it; files that are still being written are left out.
    ///
    /// # Errors
    /// When the system fails.
    pub fn list(&self) -> Result<Vec<String>, CacheDirError> {
        let list = || -> Result<Vec<String>, Errno> {
            let mut names = Vec::new();
            for entry in Dir::read_from(&self.directory)? {
                let entry = entry?;
                names.extend(entry.file_name().to_str().ok().filter(|name| is_plain(name)).map(str::to_owned));
            }
            names.sort_unstable();
            Ok(names)
        };
        list().map_err(|error| CacheDirError::List { path: self.path.clone(), cause: error.into() })
    }

    /// Takes the lock of a name, which is a file that is never removed; none if this or another process holds it for longer
    /// than the caller wants to wait.
    ///
    /// # Errors
    /// When the name is not plain, or the system fails.
    ///
    /// # Limits
    /// It is advisory. Waiting callers are not served in order.
    pub fn lock(&self, name: &str, patience: Duration) -> Result<Option<Lock>, CacheDirError> {
        check_name(name)?;
        lock::lock(self.directory.as_fd(), name, patience)
            .map_err(|cause| CacheDirError::Lock { path: self.path.join(name), cause })
    }
}

/// For callers that write files in another way; they must not follow links.
impl AsFd for CacheDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

fn check_name(name: &str) -> Result<(), CacheDirError> {
    if is_plain(name) { Ok(()) } else { Err(CacheDirError::Name { name: name.to_owned() }) }
}

/// Checks a name: letters, digits, `.`, `_` and `-`, a letter or digit first, and short.
fn is_plain(name: &str) -> bool {
    (1..=200).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Opens an entry of a directory, without following links.
fn descend(path: &Path, at: &OwnedFd, name: &Path, may_be_made: bool) -> Result<OwnedFd, CacheDirError> {
    let failed = |error: Errno| CacheDirError::Failed { path: path.to_owned(), cause: error.into() };
    if may_be_made {
        match mkdirat(at, name, PRIVATE) {
            // So that what is written into it is not lost with it.
            Ok(()) => fsync(at).map_err(failed)?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    openat(at, name, DIRECTORY, Mode::empty()).map_err(|error| match error {
        Errno::LOOP | Errno::MLINK => CacheDirError::Link { path: path.to_owned() },
        Errno::NOTDIR => match rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if rustix::fs::FileType::from_raw_mode(found.st_mode).is_symlink() => {
                CacheDirError::Link { path: path.to_owned() }
            }
            _ => CacheDirError::NotADirectory { path: path.to_owned() },
        },
        error => failed(error),
    })
}

/// Whether only root and this user can exchange entries of a parent directory of the cache.
fn check_above(path: &Path, above: &Path, directory: &OwnedFd) -> Result<(), CacheDirError> {
    let found =
        fstat(directory).map_err(|error| CacheDirError::Failed { path: path.to_owned(), cause: error.into() })?;
    let is_sticky = found.st_mode & Mode::SVTX.as_raw_mode() != 0;
    if is_trusted(found.st_uid) && (is_sticky || !is_writable_by_others(&found)) {
        return Ok(());
    }
    let (owner, mode) = (found.st_uid, permissions(&found));
    Err(CacheDirError::Exchangeable { path: path.to_owned(), above: above.to_owned(), owner, mode })
}

/// The owner of a link on the path decides where it leads.
fn check_links(path: &Path, parent: &Path) -> Result<(), CacheDirError> {
    for above in parent.ancestors() {
        if let Ok(found) = fs::symlink_metadata(above)
            && found.is_symlink()
            && !is_trusted(found.uid())
        {
            let (owner, mode) = (found.uid(), found.mode() & 0o7777);
            return Err(CacheDirError::Exchangeable { path: path.to_owned(), above: above.to_owned(), owner, mode });
        }
    }
    Ok(())
}

fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == geteuid().as_raw()
}

fn is_writable_by_others(found: &Stat) -> bool {
    found.st_mode & (Mode::WGRP | Mode::WOTH).as_raw_mode() != 0
}

fn permissions(found: &Stat) -> u32 {
    found.st_mode & 0o7777
}

#[cfg(test)]
mod tests;
