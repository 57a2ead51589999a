//! The keys that may sign, and how many of them must.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{KeyId, PublicKey};

/// The keys that may sign a role, and how many different ones must.
///
/// One key under two names is one key: neither its signatures nor the threshold count it twice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeySet {
    keys: BTreeMap<KeyId, PublicKey>,
    // INVARIANT: from 1 to the number of different keys.
    threshold: usize,
}

/// Why keys and a threshold do not make a key set.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeySetError {
    /// No signature would be needed.
    #[error("the threshold is 0: no signature would be needed")]
    ZeroThreshold,
    /// Nothing could ever be signed.
    #[error("the threshold is {threshold}, but there are only {keys} different keys")]
    TooFewKeys {
        /// How many keys must sign.
        threshold: usize,
        /// How many different keys there are.
        keys: usize,
    },
    /// A key is listed twice.
    #[error("the key `{id}` is listed twice")]
    Repeated {
        /// Its name.
        id: KeyId,
    },
}

impl KeySet {
    /// A set of keys under the names that [`KeyId::of`] gives.
    ///
    /// # Errors
    /// When the threshold is zero or can never be reached, or a key is listed twice.
    pub fn new(threshold: usize, keys: impl IntoIterator<Item = PublicKey>) -> Result<Self, KeySetError> {
        Self::with_ids(threshold, keys.into_iter().map(|key| (KeyId::of(&key), key)))
    }

    /// A set of keys under names that others gave them.
    ///
    /// # Errors
    /// When the threshold is zero or can never be reached, or a name is listed twice.
    pub fn with_ids(threshold: usize, keys: impl IntoIterator<Item = (KeyId, PublicKey)>) -> Result<Self, KeySetError> {
        let mut by_id = BTreeMap::new();
        for (id, key) in keys {
            if by_id.insert(id.clone(), key).is_some() {
                return Err(KeySetError::Repeated { id });
            }
        }
        let different = by_id.values().map(PublicKey::as_bytes).collect::<BTreeSet<_>>().len();
        match threshold {
            0 => Err(KeySetError::ZeroThreshold),
            _ if threshold > different => Err(KeySetError::TooFewKeys { threshold, keys: different }),
            _ => Ok(Self { keys: by_id, threshold }),
        }
    }

    /// How many different keys must sign.
    #[must_use]
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// The keys and their names, in the order of the names.
    pub fn keys(&self) -> impl Iterator<Item = (&KeyId, &PublicKey)> {
        self.keys.iter()
    }

    /// The key of that name.
    #[must_use]
    pub fn key(&self, id: &KeyId) -> Option<&PublicKey> {
        self.keys.get(id)
    }
}
