//! The directory in which this host keeps what it was last given, for the time when nobody answers.
//!
//! What is read back from it decides where records are sent, so nobody else may be able to write there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jurat_model::Bytes;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, fsync, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::{geteuid, getpid};
use thiserror::Error;

use crate::files::{self, ReadError};

/// A directory that only this user can write.
///
/// # Limits
/// Files are whole or not there, also after a power cut. Two processes can share a directory; who writes last wins.
#[derive(Debug)]
pub(crate) struct CacheDir {
    path: PathBuf,
    directory: OwnedFd,
    /// Held while a file is written: there is one temporary name for each.
    writing: Mutex<()>,
}

/// Why a directory is not used, or a file in it.
#[derive(Debug, Error)]
pub(crate) enum CacheDirError {
    /// Others can write it.
    #[error(
        "`{}` is not used as cache, because others can write it (mode {mode:03o}): name a directory of its own, for which \
         nobody else has rights, as in `/var/cache/jurat`", path.display()
    )]
    Shared {
        /// The directory.
        path: PathBuf,
        /// Who may do what.
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error("`{}` is not used as cache, because it belongs to user {owner}, and this is user {user}", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who this is.
        user: u32,
    },
    /// Others can put something else in its place.
    #[error(
        "`{}` is not used as cache, because others can put another one in its place: `{}` belongs to user {owner} and has \
         mode {mode:03o}; it must belong to root or to this user, and nobody else may write it", path.display(), above.display()
    )]
    Exchangeable {
        /// The directory.
        path: PathBuf,
        /// What lies above it.
        above: PathBuf,
        /// Whose that is.
        owner: u32,
        /// Who may do what there.
        mode: u32,
    },
    /// It is a symbolic link.
    #[error("`{}` is not used as cache, because it is a symbolic link: name the directory that it leads to", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// It is a file, a device or the like, or lies below one, or its path has no name at its end.
    #[error("`{}` is not used as cache, because it is not a directory", path.display())]
    NotADirectory {
        /// What it is instead.
        path: PathBuf,
    },
    /// It cannot be opened or made.
    #[error("`{}` is not used as cache, because it can neither be opened nor made", path.display())]
    Failed {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file in it has no plain name.
    #[error("`{name}` is no name for a file in the cache")]
    Name {
        /// The name.
        name: String,
    },
    /// A file in it cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file in it cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: ReadError,
    },
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::RDONLY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);
/// Only for this user.
const PRIVATE: Mode = Mode::RWXU;

impl CacheDir {
    /// Opens a directory; it and those above it are made if they are missing, for this user only.
    ///
    /// Everything is checked on what is open, and held open. What lies above must belong to root or to this user, and nobody
    /// else may write it, not even a group, whoever is in it; but a directory like `/tmp`, in which people cannot touch what
    /// belongs to others, may lie above. It cannot be the cache itself.
    ///
    /// # Errors
    /// See [`CacheDirError`].
    pub(crate) fn open(path: &Path) -> Result<Self, CacheDirError> {
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
        let found = fstat(&directory).map_err(|error| failed(error.into()))?;
        if found.st_uid != geteuid().as_raw() {
            let (owner, user) = (found.st_uid, geteuid().as_raw());
            return Err(CacheDirError::Foreign { path: path.to_owned(), owner, user });
        }
        if is_writable_by_others(&found) {
            return Err(CacheDirError::Shared { path: path.to_owned(), mode: permissions(&found) });
        }
        Ok(Self { path: path.to_owned(), directory, writing: Mutex::new(()) })
    }

    /// Keeps a file, readable by this user only. When this returns it is on the disk; if it fails, what was there before is
    /// still there.
    ///
    /// # Errors
    /// When the name is not plain, or the system fails.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CacheDirError> {
        self.check_name(name)?;
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let temporary = format!(".{name}.{}", getpid().as_raw_nonzero());
        let write = || -> io::Result<()> {
            // Left over by a process of the same number that was killed.
            match unlinkat(&self.directory, &temporary, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file = File::from(openat(&self.directory, &temporary, flags, Mode::RUSR | Mode::WUSR)?);
            file.write_all(bytes)?;
            file.sync_all()?;
            renameat(&self.directory, &temporary, &self.directory, name)?;
            fsync(&self.directory)?;
            Ok(())
        };
        write().map_err(|cause| {
            // If this fails too, the next attempt takes care of it.
            let _ = unlinkat(&self.directory, &temporary, AtFlags::empty());
            CacheDirError::Write { path: self.path.join(name), cause }
        })
    }

    /// Reads a file of at most `cap`; none if it was never written.
    ///
    /// # Errors
    /// When the name is not plain, the file is something else, or the system fails.
    pub(crate) fn read(&self, name: &str, cap: Bytes) -> Result<Option<Vec<u8>>, CacheDirError> {
        self.check_name(name)?;
        let failed = |cause| CacheDirError::Read { path: self.path.join(name), cause };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&self.directory, name, flags, Mode::empty()) {
            Ok(file) => files::read_regular(File::from(file), cap).map(Some).map_err(failed),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::LOOP | Errno::MLINK) => Err(failed(ReadError::Link)),
            Err(error) => Err(failed(ReadError::Failed(error.into()))),
        }
    }

    /// A name is of letters, digits, `.`, `_` and `-`, a letter or digit first, and short enough for a temporary one.
    fn check_name(&self, name: &str) -> Result<(), CacheDirError> {
        let is_plain = (1..=200).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if is_plain { Ok(()) } else { Err(CacheDirError::Name { name: name.to_owned() }) }
    }
}

/// Opens what lies directly below a directory, without following links.
fn descend(path: &Path, at: &OwnedFd, name: &Path, may_be_made: bool) -> Result<OwnedFd, CacheDirError> {
    let failed = |error: Errno| CacheDirError::Failed { path: path.to_owned(), cause: error.into() };
    if may_be_made {
        match mkdirat(at, name, PRIVATE) {
            Ok(()) | Err(Errno::EXIST) => {}
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

/// Whether nobody but root and this user can exchange what lies in a directory above the cache.
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

/// A link on the way leads where its owner wants.
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
