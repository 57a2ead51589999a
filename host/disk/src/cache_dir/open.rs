//! Opening the directory of this host: what is above it decides who can replace it.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use rustix::fs::{
    Access, AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, accessat, fstat, fsync, mkdirat, openat, statat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::error::CacheDirError;

/// What may be above the directory of this host.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Parents {
    /// Directories in which only root and this user can replace an entry.
    #[default]
    Private,
    /// Directories in which others can replace an entry, too, like the volume of a container that a group can write.
    ///
    /// # Limits
    /// Others can then take away the directory of this host, or put back an earlier one, between two starts. They can neither read nor
    /// write what is in it, nor make this user own a directory: one of theirs is refused.
    Shared,
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::RDONLY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);
/// The mode of directories: for this user only.
const PRIVATE: Mode = Mode::RWXU;

/// The name of the directory that this host makes for itself in one that others can write.
pub(super) const OWN: &str = "jurat";

/// The part of a path that exists, without its last name.
struct Walked {
    directory: OwnedFd,
    path: PathBuf,
    /// Directories that are missing below it, from the top.
    missing: Vec<OsString>,
    /// The last name of the path.
    name: OsString,
}

/// Opens the directory of this host. Gives its path, which is below the one that was asked for if others can write that one.
pub(super) fn open(path: &Path, parents: Parents) -> Result<(PathBuf, OwnedFd), CacheDirError> {
    let Walked { directory: mut at, path: mut walked, missing, name } = walk(path, parents)?;
    for name in missing {
        at = descend(path, &at, name.as_ref(), true)?;
        walked.push(name);
        check_above(path, &walked, &at, parents)?;
    }
    let directory = descend(path, &at, name.as_ref(), true)?;
    if is_shared(path, &directory)? {
        return in_shared(path, &directory, parents, true);
    }
    Ok((path.to_owned(), directory))
}

/// The directory that [`open`] would open, if it exists. Where it does not, checks that it could be made. Makes nothing.
pub(super) fn find(path: &Path, parents: Parents) -> Result<Option<(PathBuf, OwnedFd)>, CacheDirError> {
    let Walked { directory: at, missing, name, .. } = walk(path, parents)?;
    if !missing.is_empty() || !exists(path, &at, &name)? {
        return may_write(path, &at).map(|()| None);
    }
    let directory = descend(path, &at, name.as_ref(), false)?;
    if !is_shared(path, &directory)? {
        return Ok(Some((path.to_owned(), directory)));
    }
    if !exists(path, &directory, OWN.as_ref())? {
        check_unused(path, &directory)?;
        check_above(&path.join(OWN), path, &directory, parents)?;
        return may_write(path, &directory).map(|()| None);
    }
    in_shared(path, &directory, parents, false).map(Some)
}

fn exists(path: &Path, at: &OwnedFd, name: &OsStr) -> Result<bool, CacheDirError> {
    match statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(CacheDirError::Failed { path: path.to_owned(), cause: error.into() }),
    }
}

/// Checks that this user can write in a directory.
pub(super) fn may_write(path: &Path, directory: &OwnedFd) -> Result<(), CacheDirError> {
    accessat(directory, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)
        .map_err(|error| CacheDirError::Failed { path: path.to_owned(), cause: error.into() })
}

fn is_shared(path: &Path, directory: &OwnedFd) -> Result<bool, CacheDirError> {
    let found = fstat(directory);
    let found = found.map_err(|error| CacheDirError::Failed { path: path.to_owned(), cause: error.into() })?;
    Ok(is_writable_by_others(&found))
}

fn walk(path: &Path, parents: Parents) -> Result<Walked, CacheDirError> {
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
                missing.push(name.to_owned());
                existing = above;
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(wrong()),
            Err(error) => return Err(failed(error)),
        }
    };

    let mut at = openat(CWD, "/", DIRECTORY, Mode::empty()).map_err(|error| failed(error.into()))?;
    let mut walked = PathBuf::from("/");
    check_above(path, &walked, &at, parents)?;
    for component in real.components() {
        let Component::Normal(name) = component else { continue };
        at = descend(path, &at, name.as_ref(), false)?;
        walked.push(name);
        check_above(path, &walked, &at, parents)?;
    }
    missing.reverse();
    Ok(Walked { directory: at, path: walked, missing, name: name.to_owned() })
}

/// Opens the directory of this host in one that others can write.
fn in_shared(
    shared: &Path,
    directory: &OwnedFd,
    parents: Parents,
    may_be_made: bool,
) -> Result<(PathBuf, OwnedFd), CacheDirError> {
    let path = shared.join(OWN);
    check_unused(shared, directory)?;
    check_above(&path, shared, directory, parents)?;
    let own = descend(&path, directory, OWN.as_ref(), may_be_made)?;
    Ok((path, own))
}

/// Opens an entry of a directory, without following links.
pub(super) fn descend(path: &Path, at: &OwnedFd, name: &Path, may_be_made: bool) -> Result<OwnedFd, CacheDirError> {
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
        Errno::NOTDIR => match statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if FileType::from_raw_mode(found.st_mode).is_symlink() => {
                CacheDirError::Link { path: path.to_owned() }
            }
            _ => CacheDirError::NotADirectory { path: path.to_owned() },
        },
        error => failed(error),
    })
}

/// Whether only root and this user can exchange entries of a parent directory of the cache, or others may.
fn check_above(path: &Path, above: &Path, directory: &OwnedFd, parents: Parents) -> Result<(), CacheDirError> {
    let found =
        fstat(directory).map_err(|error| CacheDirError::Failed { path: path.to_owned(), cause: error.into() })?;
    let is_sticky = found.st_mode & Mode::SVTX.as_raw_mode() != 0;
    if parents == Parents::Shared || (is_trusted(found.st_uid) && (is_sticky || !is_writable_by_others(&found))) {
        return Ok(());
    }
    let (owner, mode) = (found.st_uid, permissions(&found));
    Err(CacheDirError::Exchangeable { path: path.to_owned(), above: above.to_owned(), owner, mode })
}

/// Whether a directory that others can write is not one that this host has used itself: one whose rights were widened later. A new
/// directory in it would be empty, and what this host has stored would count as absent.
fn check_unused(shared: &Path, directory: &OwnedFd) -> Result<(), CacheDirError> {
    let failed = |error: Errno| CacheDirError::Failed { path: shared.to_owned(), cause: error.into() };
    if statat(directory, OWN, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
        return Ok(());
    }
    for entry in Dir::read_from(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        // Another process may have made it just now.
        if matches!(name.to_bytes(), b"." | b"..") || name.to_bytes() == OWN.as_bytes() {
            continue;
        }
        match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if found.st_uid == geteuid().as_raw() => {
                let mode = permissions(&fstat(directory).map_err(failed)?);
                let entry = name.to_string_lossy().into_owned();
                return Err(CacheDirError::InUse { path: shared.to_owned(), mode, entry, own: shared.join(OWN) });
            }
            Ok(_) | Err(Errno::NOENT) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
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

pub(super) fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == geteuid().as_raw()
}

pub(super) fn is_writable_by_others(found: &Stat) -> bool {
    found.st_mode & (Mode::WGRP | Mode::WOTH).as_raw_mode() != 0
}

pub(super) fn permissions(found: &Stat) -> u32 {
    found.st_mode & 0o7777
}
