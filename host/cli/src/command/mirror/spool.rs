//! Files of a repository as they were when they were first asked for.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Mutex, PoisonError};

use jurat_disk::files::Directory;
use jurat_model::Bytes;
use jurat_trust::{Fetch, FetchError, SafePath};
use tempfile::TempDir;

/// A repository that is asked once for each file, and never for one that hosts do not see. What it gave is kept on the disk.
pub(super) struct Spool {
    source: Box<dyn Fetch>,
    kept: Directory,
    missing: Mutex<BTreeSet<SafePath>>,
    /// What is kept goes with it.
    _place: TempDir,
}

impl Spool {
    /// A repository, and where its files may lie meanwhile.
    pub(super) fn new(source: Box<dyn Fetch>, place: TempDir) -> Self {
        Self { source, kept: Directory::new(place.path()), missing: Mutex::default(), _place: place }
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
