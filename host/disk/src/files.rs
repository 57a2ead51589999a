//! Bounded reads of untrusted files: regular files only, and only below one directory.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use jurat_model::Bytes;
use jurat_trust::{Fetch, FetchError, SafePath};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;

use crate::reserve_memory::ReserveMemory;

mod below;
mod error;

pub use below::PathBelow;
pub use error::ReadError;

/// A directory whose files are read by safe paths: a repository, or the sources of a release.
///
/// # Limits
/// Symbolic links inside of it are refused, wherever they lead; the directory itself may be reached through some.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// The files below a directory.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is something with this name directly below the directory.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.root.join(name).symlink_metadata().is_ok()
    }

    /// Reads a file of at most `cap`.
    ///
    /// Every part of the path is opened below the one before it without following links, so that no part can be exchanged
    /// between a check and its use.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read(&self, path: &SafePath, cap: Bytes) -> Result<Vec<u8>, ReadError> {
        read_regular(self.open(path.as_str().split('/'))?, cap)
    }

    /// Reads a file of at most `cap` whose name may be anything that the system accepts; else like [`read`](Self::read).
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read_below(&self, path: &PathBelow, cap: Bytes, reserve: &ReserveMemory) -> Result<Vec<u8>, ReadError> {
        read_reserving(&self.open(path.parts())?, cap, reserve)
    }

    fn open<'a>(&self, parts: impl Iterator<Item = &'a str>) -> Result<File, ReadError> {
        let mut at = openat(CWD, &self.root, DIRECTORY, Mode::empty()).map_err(failure)?;
        let mut parts = parts.peekable();
        while let Some(part) = parts.next() {
            // This check only explains a refusal, and avoids opening devices, which can have side effects. The open
            // file decides.
            let found = statat(&at, part, AtFlags::SYMLINK_NOFOLLOW).map_err(failure)?;
            let flags = match (FileType::from_raw_mode(found.st_mode), parts.peek()) {
                (FileType::Symlink, _) => return Err(ReadError::Link),
                (FileType::Directory, Some(_)) => DIRECTORY,
                (_, Some(_)) => return Err(ReadError::NotFound),
                (FileType::RegularFile, None) => FILE,
                (_, None) => return Err(ReadError::NotAFile),
            };
            at = openat(&at, part, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(failure)?;
        }
        Ok(File::from(at))
    }
}

impl Fetch for Directory {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        self.read(file, cap).map_err(|error| match error {
            ReadError::NotFound => FetchError::NotFound,
            ReadError::TooLong { .. } => FetchError::TooLong,
            error => FetchError::Failed(error.into()),
        })
    }
}

const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::RDONLY).union(OFlags::CLOEXEC);
/// Does not wait for a writer of a pipe, and does not take a terminal as the controlling one.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Reads a file that the user has named, of at most `cap`. Links are followed: the user is trusted.
///
/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path, cap: Bytes) -> Result<Vec<u8>, ReadError> {
    read_regular(File::from(openat(CWD, path, FILE, Mode::empty()).map_err(failure)?), cap)
}

/// Reads a text file that the user has named, of at most `cap` bytes.
///
/// # Errors
/// See [`ReadError`].
pub fn read_text(path: &Path, cap: u64) -> Result<String, ReadError> {
    let bytes = read(path, Bytes::new(cap))?;
    String::from_utf8(bytes).map_err(|error| ReadError::NotText { offset: error.utf8_error().valid_up_to() })
}

/// Reads a regular file that is open, of at most `cap`.
pub fn read_regular(file: File, cap: Bytes) -> Result<Vec<u8>, ReadError> {
    let found = fstat(&file).map_err(failure)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(ReadError::NotAFile);
    }
    let mut bytes = Vec::new();
    // The file may grow meanwhile, so its length proves nothing.
    file.take(cap.get().saturating_add(1)).read_to_end(&mut bytes).map_err(ReadError::Failed)?;
    if bytes.len() as u64 > cap.get() { Err(ReadError::TooLong { cap }) } else { Ok(bytes) }
}

/// Reads a file, and reserves memory first: for its length, and then for what it has grown by since.
fn read_reserving(file: &File, cap: Bytes, reserve: &ReserveMemory) -> Result<Vec<u8>, ReadError> {
    const STEP: u64 = 1 << 20;
    let most = cap.get().saturating_add(1);
    let found = fstat(file).map_err(failure)?;
    // One more byte shows that it ends.
    let mut wish = u64::try_from(found.st_size).unwrap_or_default().saturating_add(1).min(most);
    let (mut bytes, mut granted) = (Vec::new(), 0);
    loop {
        if !reserve(wish) {
            return Err(ReadError::NoMemory);
        }
        granted += wish;
        bytes.reserve_exact(usize::try_from(wish).unwrap_or(usize::MAX));
        file.take(wish).read_to_end(&mut bytes).map_err(ReadError::Failed)?;
        match bytes.len() as u64 {
            length if length > cap.get() => return Err(ReadError::TooLong { cap }),
            length if length < granted => return Ok(bytes),
            length => wish = STEP.min(most - length),
        }
    }
}

fn failure(error: Errno) -> ReadError {
    match error {
        // No file can have a name that is too long.
        Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG => ReadError::NotFound,
        Errno::LOOP | Errno::MLINK => ReadError::Link,
        Errno::NXIO | Errno::ISDIR => ReadError::NotAFile,
        error => ReadError::Failed(error.into()),
    }
}

#[cfg(test)]
mod tests;
