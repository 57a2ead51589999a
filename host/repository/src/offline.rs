//! Sources for a client that sends no requests: it verifies what this host has.

use jurat_model::Bytes;
use jurat_trust::{Fetch, FetchError, SafePath};

/// An empty source.
pub(crate) struct Nobody;

impl Fetch for Nobody {
    fn get(&self, _: &SafePath, _: Bytes) -> Result<Vec<u8>, FetchError> {
        Err(FetchError::NotFound)
    }
}

/// A source that returns one file for every name.
pub(crate) struct Single<'a>(pub(crate) &'a [u8]);

impl Fetch for Single<'_> {
    fn get(&self, _: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        if self.0.len() > cap.to_usize() { Err(FetchError::TooLong) } else { Ok(self.0.to_vec()) }
    }
}
