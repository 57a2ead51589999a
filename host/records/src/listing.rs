//! Listing of files and directories within a budget, for directories and for patterns.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jurat_model::Bytes;

use crate::input_location::InputLocation;
use crate::{InputError, InputReason};

/// A text that can be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found {
    pub(super) location: InputLocation,
    /// Its length on the disk; none unless it is a file.
    pub(super) length: Option<u64>,
}

/// A directory among the arguments.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Directory {
    /// Its name, as the argument has it.
    pub name: String,
    /// How many of the files in and below it are read.
    pub read: usize,
    /// How many other entries there are that have no dot before their name: files with other endings, links to directories.
    pub unread: usize,
    /// The paths of the first ten of those, sorted.
    pub unread_names: Vec<String>,
}

/// The most files and bytes of paths that may be found, and those found so far.
#[derive(Clone, Debug)]
pub(super) struct ListingBudget {
    most_files: usize,
    most_paths: Bytes,
    files: usize,
    paths: u64,
}

/// The entries of a directory, in no order.
pub(super) fn entries(
    directory: &Path,
) -> Result<impl Iterator<Item = Result<DirEntry, InputError>> + use<'_>, InputError> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let entries = fs::read_dir(directory).map_err(|error| failure(directory, error))?;
    Ok(entries.map(|entry| entry.map_err(|error| failure(directory, error))))
}

/// An error of the system about a path.
pub(super) fn failure(path: &Path, error: io::Error) -> InputError {
    InputError::new(path.to_string_lossy(), error.into())
}

pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b".")
}

impl Found {
    /// A file, or anything else that can be read like one.
    pub(super) fn file(path: PathBuf, metadata: &Metadata, budget: &mut ListingBudget) -> Result<Self, InputError> {
        budget.take(&path)?;
        let length = metadata.is_file().then_some(metadata.len());
        Ok(Self { location: InputLocation::Path(path), length })
    }
}

impl Directory {
    const NAMES: usize = 10;

    pub(super) fn new(name: String) -> Self {
        Self { name, read: 0, unread: 0, unread_names: Vec::new() }
    }

    /// Counts an entry that is not read. Which names are kept does not depend on the order in which they come.
    pub(super) fn leave_out(&mut self, path: &Path) {
        self.unread += 1;
        let name = path.to_string_lossy();
        let index = self.unread_names.partition_point(|known| **known < *name);
        if index < Self::NAMES {
            self.unread_names.insert(index, name.into_owned());
            self.unread_names.truncate(Self::NAMES);
        }
    }
}

impl ListingBudget {
    pub(super) fn new(most_files: usize, most_paths: Bytes) -> Self {
        Self { most_files, most_paths, files: 0, paths: 0 }
    }

    /// Charges a file or a directory.
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

impl Default for ListingBudget {
    fn default() -> Self {
        Self::new(1_000_000, Bytes::mebi(256))
    }
}
