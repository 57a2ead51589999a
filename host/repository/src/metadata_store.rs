//! The store of a client's metadata: on the disk, or in this process only.

use jurat_trust::{MemoryStore, StateFile, Store, StoreError};

use crate::state::StateDir;

/// The store of a client's metadata.
#[derive(Debug)]
pub(crate) enum MetadataStore {
    Disk(StateDir),
    Process(MemoryStore),
}

impl Store for MetadataStore {
    fn read(&self, file: &StateFile) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Disk(state) => state.read(file),
            Self::Process(store) => store.read(file),
        }
    }

    fn write(&mut self, file: &StateFile, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Disk(state) => state.write(file, bytes),
            Self::Process(store) => store.write(file, bytes),
        }
    }

    fn remove(&mut self, file: &StateFile) -> Result<(), StoreError> {
        match self {
            Self::Disk(state) => state.remove(file),
            Self::Process(store) => store.remove(file),
        }
    }
}
