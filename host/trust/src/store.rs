//! The state that a host keeps of a repository, so that it cannot be made to go back.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use thiserror::Error;

use crate::name::RoleName;
use crate::version::MetadataVersion;

/// A store of the envelopes that a host has accepted, exactly as it received them.
///
/// It is read again at every start and verified from the [`Anchor`](crate::Anchor) up, so it is trusted with one thing only: to
/// remember. A person who can delete from it can bring the host back to an earlier state.
///
/// # Limits
/// One writer at a time; see to it before a [`Client`](crate::Client) is opened.
pub trait Store {
    /// The bytes of a file; none if it was never written, or was removed.
    ///
    /// # Errors
    /// When that cannot be told.
    fn read(&self, file: &StateFile) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes a file, and replaces what was there. When this returns, the bytes survive a loss of power; if it does not return,
    /// either the old bytes are there or the new ones.
    ///
    /// # Errors
    /// When it is not known to be written.
    fn write(&mut self, file: &StateFile, bytes: &[u8]) -> Result<(), StoreError>;

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// When it is not known to be gone.
    fn remove(&mut self, file: &StateFile) -> Result<(), StoreError>;
}

/// A file that a host keeps.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum StateFile {
    /// The root of that version; all of them are kept.
    Root(MetadataVersion),
    /// The newest timestamp.
    Timestamp,
    /// The newest snapshot.
    Snapshot,
    /// The newest metadata of the targets role.
    Targets,
    /// The newest metadata of a delegated role.
    Delegated(RoleName),
    /// The time of the last whole refresh.
    Clock,
}

/// The store has failed.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct StoreError(pub Box<dyn Error + Send + Sync>);

/// A store that forgets with the process.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MemoryStore {
    files: BTreeMap<StateFile, Vec<u8>>,
}

impl StateFile {
    /// A plain file name of `a-z`, `0-9`, `.`, `_` and `-`; two different files never have the same one.
    ///
    /// Delegated roles are named by others, so theirs cannot be the name of anything else in a directory.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Root(version) => format!("{version}.root.json"),
            Self::Timestamp => "timestamp.json".to_owned(),
            Self::Snapshot => "snapshot.json".to_owned(),
            Self::Targets => "targets.json".to_owned(),
            Self::Delegated(role) => format!("role.{role}.json"),
            Self::Clock => "clock.json".to_owned(),
        }
    }
}

impl fmt::Display for StateFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.name())
    }
}

impl<S: Store + ?Sized> Store for &mut S {
    fn read(&self, file: &StateFile) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).read(file)
    }

    fn write(&mut self, file: &StateFile, bytes: &[u8]) -> Result<(), StoreError> {
        (**self).write(file, bytes)
    }

    fn remove(&mut self, file: &StateFile) -> Result<(), StoreError> {
        (**self).remove(file)
    }
}

impl MemoryStore {
    /// Its files, in their order.
    pub fn files(&self) -> impl Iterator<Item = (&StateFile, &[u8])> {
        self.files.iter().map(|(file, bytes)| (file, bytes.as_slice()))
    }
}

impl Store for MemoryStore {
    fn read(&self, file: &StateFile) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.files.get(file).cloned())
    }

    fn write(&mut self, file: &StateFile, bytes: &[u8]) -> Result<(), StoreError> {
        self.files.insert(file.clone(), bytes.to_vec());
        Ok(())
    }

    fn remove(&mut self, file: &StateFile) -> Result<(), StoreError> {
        self.files.remove(file);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_can_have_the_name_of_another_file() {
        let role = |name: &str| StateFile::Delegated(name.parse().unwrap()).name();
        assert_eq!(StateFile::Root(MetadataVersion::FIRST).name(), "1.root.json");
        assert_eq!(role("t-acme"), "role.t-acme.json");
        let ours =
            [StateFile::Root(MetadataVersion::FIRST), StateFile::Clock, StateFile::Timestamp].map(|file| file.name());
        for name in ["1.root", "clock", "role", "role.timestamp"] {
            assert!(!ours.contains(&role(name)));
        }
    }
}
