//! The keys that may sign, and how many of them must.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{KeyId, KeyName, PublicKey};

/// The keys that may sign a role, and how many different ones must.
///
/// One key under two ids is one key: neither its signatures nor the threshold count it twice. Names for people decide nothing: sets that
/// differ only in these are equal, so that a name cannot pass for a change of keys.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: BTreeMap<KeyId, PublicKey>,
    // INVARIANT: of keys in this set, and no two that look alike.
    names: BTreeMap<KeyId, KeyName>,
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
    /// Two keys have names that look alike.
    #[error("two keys have the name `{name}`, or names that look alike: give each its own")]
    RepeatedName {
        /// The name.
        name: KeyName,
    },
    /// A key is listed twice.
    #[error("the key `{id}` is listed twice")]
    Repeated {
        /// Its name.
        id: KeyId,
    },
}

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        (&self.keys, self.threshold) == (&other.keys, other.threshold)
    }
}

impl Eq for KeySet {}

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
            _ => Ok(Self { keys: by_id, names: BTreeMap::new(), threshold }),
        }
    }

    /// The same keys with names for people. Names of keys that are not in the set are left out.
    ///
    /// # Errors
    /// When two names look alike.
    pub fn with_names(self, names: impl IntoIterator<Item = (KeyId, KeyName)>) -> Result<Self, KeySetError> {
        let mut by_id: BTreeMap<KeyId, KeyName> = BTreeMap::new();
        for (id, name) in names.into_iter().filter(|(id, _)| self.keys.contains_key(id)) {
            if by_id.iter().any(|(other, known)| *other != id && known.is_like(&name)) {
                return Err(KeySetError::RepeatedName { name });
            }
            by_id.insert(id, name);
        }
        Ok(Self { names: by_id, ..self })
    }

    /// What people call a key, if the set says so.
    #[must_use]
    pub fn name(&self, id: &KeyId) -> Option<&KeyName> {
        self.names.get(id)
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
