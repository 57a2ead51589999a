//! The directory in which this host keeps what it last received, for when no server answers.
//!
//! Its content decides where records are sent and which rules judge them, so no other user may write there.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jurat_model::Bytes;
use rustix::fs::{AtFlags, Dir, Mode, OFlags, fstat, fsync, openat, statat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::files::{self, ReadError};

mod error;
mod kept;
mod lock;
mod open;
mod temporary;

pub use error::CacheDirError;
pub use lock::Lock;
use lock::Sharing;
pub use open::Parents;
use open::{descend, is_trusted, is_writable_by_others, permissions};
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

impl CacheDir {
    /// The name of the directory that this host makes for itself where it is given one that others can write, such as the root of a
    /// volume.
    pub const OWN: &str = open::OWN;

    /// Opens a directory, with [`Parents::Private`]. See [`CacheDir::open_below`].
    ///
    /// # Errors
    /// See [`CacheDirError`].
    pub fn open(path: &Path) -> Result<Self, CacheDirError> {
        Self::open_below(path, Parents::Private)
    }

    /// Opens a directory. Creates it and its parents if they are missing, for this user only.
    ///
    /// All checks are on open directories, which stay open. Every parent must belong to root or to this user, and no other
    /// user or group may write it, unless they may be [`Parents::Shared`]; a sticky directory like `/tmp` may be a parent anyway.
    /// If others can write the directory itself, it is such a parent, and the directory is [`CacheDir::OWN`] in it.
    ///
    /// # Errors
    /// See [`CacheDirError`].
    pub fn open_below(path: &Path, parents: Parents) -> Result<Self, CacheDirError> {
        let (path, directory) = open::open(path, parents)?;
        Self::own(path, directory)
    }

    /// Checks that [`CacheDir::open_below`] would succeed, and makes nothing.
    ///
    /// # Errors
    /// As [`CacheDir::open_below`], and when this user cannot write in it.
    pub fn check_below(path: &Path, parents: Parents) -> Result<(), CacheDirError> {
        let Some((path, directory)) = open::find(path, parents)? else { return Ok(()) };
        check_own(&path, &directory)?;
        open::may_write(&path, &directory)
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
        check_own(&path, &directory)?;
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
        self.lock_as(name, Sharing::Alone, patience)
    }

    /// Like [`CacheDir::lock`], but any number of holders share it. While there is one, nobody has the lock alone.
    ///
    /// # Errors
    /// As [`CacheDir::lock`].
    pub fn lock_shared(&self, name: &str, patience: Duration) -> Result<Option<Lock>, CacheDirError> {
        self.lock_as(name, Sharing::Shared, patience)
    }

    fn lock_as(&self, name: &str, sharing: Sharing, patience: Duration) -> Result<Option<Lock>, CacheDirError> {
        check_name(name)?;
        lock::lock(self.directory.as_fd(), name, sharing, patience)
            .map_err(|cause| CacheDirError::Lock { path: self.path.join(name), cause })
    }
}

/// For callers that write files in another way; they must not follow links.
impl AsFd for CacheDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

/// Checks that only this user can write a directory.
fn check_own(path: &Path, directory: &OwnedFd) -> Result<(), CacheDirError> {
    let path = path.to_owned();
    let found = match fstat(directory) {
        Ok(found) => found,
        Err(error) => return Err(CacheDirError::Failed { path, cause: error.into() }),
    };
    if found.st_uid != geteuid().as_raw() {
        return Err(CacheDirError::Foreign { path, owner: found.st_uid, user: geteuid().as_raw() });
    }
    if is_writable_by_others(&found) {
        return Err(CacheDirError::Shared { path, mode: permissions(&found) });
    }
    Ok(())
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

#[cfg(test)]
mod tests;
