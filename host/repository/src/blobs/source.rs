//! A source of cached files.

use std::sync::Arc;

use jurat_disk::files::ReadError;
use jurat_model::Bytes;
use jurat_trust::{Digest, Fetch, FetchError, SafePath};

use super::disk::Disk;
use crate::blobs::BlobsError;

/// The cached files, with the paths of a repository.
#[derive(Clone, Debug)]
pub(crate) struct BlobSource(Arc<Disk>);

impl BlobSource {
    pub(super) fn new(disk: Arc<Disk>) -> Self {
        Self(disk)
    }
}

/// A file is read whole, then hashed, and the same bytes are returned. A damaged one is removed, so that it is fetched again.
impl Fetch for BlobSource {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        let name = file.as_str().rsplit('/').next().unwrap_or_default();
        let Ok(digest) = name.parse::<Digest>() else { return Err(FetchError::NotFound) };
        if *file != SafePath::of_blob(&digest) {
            return Err(FetchError::NotFound);
        }
        match self.0.read(&digest, cap) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(FetchError::NotFound),
            Err(BlobsError::Read { cause: ReadError::TooLong { .. }, .. }) => Err(FetchError::TooLong),
            Err(error) => Err(FetchError::Failed(error.into())),
        }
    }
}
