//! A snapshot of a repository: each file stays as it was when it was first read.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, PoisonError};

use jurat_disk::files::Directory;
use jurat_model::Bytes;
use jurat_trust::{Fetch, FetchError, SafePath};
use tempfile::TempDir;

/// Reads each file of a repository at most once, and only files that hosts can request. Keeps them on the disk.
pub(super) struct Spool {
    source: Box<dyn Fetch>,
    kept: Directory,
    missing: Mutex<BTreeSet<SafePath>>,
    /// Deleted with the spool.
    _directory: TempDir,
}

impl Spool {
    /// A spool of a repository in a temporary directory.
    pub(super) fn new(source: Box<dyn Fetch>, directory: TempDir) -> Self {
        Self { source, kept: Directory::new(directory.path()), missing: Mutex::default(), _directory: directory }
    }
}

impl Fetch for Spool {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        let missing = || self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        let is_served = ["metadata/", "targets/", "blobs/"].iter().any(|top| file.as_str().starts_with(top));
        if !is_served || missing().contains(file) {
            return Err(FetchError::NotFound);
        }
        match self.kept.get(file, cap) {
            Err(FetchError::NotFound) => {}
            kept => return kept,
        }
        let bytes = self.source.get(file, cap).inspect_err(|error| {
            if matches!(error, FetchError::NotFound) {
                missing().insert(file.clone());
            }
        })?;
        let path = self.kept.root().join(file.as_str());
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, &bytes));
        written.map_err(|error| FetchError::Failed(error.into()))?;
        Ok(bytes)
    }
}
