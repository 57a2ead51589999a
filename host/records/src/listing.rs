//! Files and directories, as far as there is room for them: what searching below a directory and matching a pattern share.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jurat_model::Bytes;

use crate::place::Place;
use crate::{InputError, InputReason};

/// A text that can be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found {
    pub(super) place: Place,
    /// How long it is on the disk; none unless it is there.
    pub(super) length: Option<u64>,
}

/// How much more may be found.
#[derive(Clone, Debug)]
pub(super) struct Room {
    most_files: usize,
    most_paths: Bytes,
    files: usize,
    paths: u64,
}

/// What is in a directory, in no order.
pub(super) fn entries(
    directory: &Path,
) -> Result<impl Iterator<Item = Result<DirEntry, InputError>> + use<'_>, InputError> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let entries = fs::read_dir(directory).map_err(|error| failure(directory, error))?;
    Ok(entries.map(|entry| entry.map_err(|error| failure(directory, error))))
}

/// What the system says about a path.
pub(super) fn failure(path: &Path, error: io::Error) -> InputError {
    InputError::new(path.to_string_lossy(), error.into())
}

pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

impl Found {
    /// A file, and whatever is none but can be read like one.
    pub(super) fn file(path: PathBuf, metadata: &Metadata, room: &mut Room) -> Result<Self, InputError> {
        room.take(&path)?;
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self { place: Place::Path(path), length })
    }
}

impl Room {
    pub(super) fn new(most_files: usize, most_paths: Bytes) -> Self {
        Self { most_files, most_paths, files: 0, paths: 0 }
    }

    /// Makes room for a file or a directory.
    pub(super) fn take(&mut self, path: &Path) -> Result<(), InputError> {
        self.files += 1;
        self.paths += path.as_os_str().len() as u64;
        let about = |reason| Err(InputError::new(path.to_string_lossy(), reason));
        if self.files > self.most_files {
            about(InputReason::TooManyFiles { most: self.most_files })
        } else if self.paths > self.most_paths.get() {
            about(InputReason::TooManyPaths { most: self.most_paths })
        } else {
            Ok(())
        }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new(1_000_000, Bytes::mebi(256))
    }
}
