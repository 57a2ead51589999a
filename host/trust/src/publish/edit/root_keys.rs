//! Changes of the keys of the top roles.

use crate::key::{KeyId, KeySet, PublicKey};
use crate::publish::error::EditError;
use crate::publish::repository::{Repository, StagedFile};
use crate::role::TopRole;

use super::Clock;

impl Repository {
    /// Gives a top role one more key.
    ///
    /// # Errors
    /// When it has the key already, or a rule would be broken.
    pub fn add_root_key(&mut self, role: TopRole, key: PublicKey, clock: Clock) -> Result<StagedFile, EditError> {
        self.edit_keys(role, clock, |keys| {
            if holds(keys, &key) {
                return Err(EditError::KnownKey { role: role.into(), key: KeyId::of(&key) });
            }
            key_set(role, keys.threshold(), others(keys, None).chain([key]))
        })
    }

    /// Takes a key from a top role.
    ///
    /// # Errors
    /// When it does not have the key, too few would be left, or a rule would be broken.
    pub fn remove_root_key(&mut self, role: TopRole, key: &PublicKey, clock: Clock) -> Result<StagedFile, EditError> {
        self.edit_keys(role, clock, |keys| {
            check_held(role, keys, key)?;
            key_set(role, keys.threshold(), others(keys, Some(key)))
        })
    }

    /// Replaces an old key by a new one.
    ///
    /// # Errors
    /// When the role does not have the old key, has the new one already, or a rule would be broken.
    pub fn rotate_root_key(
        &mut self,
        role: TopRole,
        old: &PublicKey,
        new: PublicKey,
        clock: Clock,
    ) -> Result<StagedFile, EditError> {
        self.edit_keys(role, clock, |keys| {
            check_held(role, keys, old)?;
            if holds(keys, &new) {
                return Err(EditError::KnownKey { role: role.into(), key: KeyId::of(&new) });
            }
            key_set(role, keys.threshold(), others(keys, Some(old)).chain([new]))
        })
    }

    /// Sets how many keys of a top role must sign.
    ///
    /// # Errors
    /// When there are not as many keys, or a rule would be broken.
    pub fn set_root_threshold(
        &mut self,
        role: TopRole,
        threshold: usize,
        clock: Clock,
    ) -> Result<StagedFile, EditError> {
        self.edit_keys(role, clock, |keys| key_set(role, threshold, others(keys, None)))
    }

    fn edit_keys(
        &mut self,
        role: TopRole,
        clock: Clock,
        edit: impl FnOnce(&KeySet) -> Result<KeySet, EditError>,
    ) -> Result<StagedFile, EditError> {
        self.edit_root(clock, |root| {
            let keys = edit(root.keys(role))?;
            Ok(root.with_keys(role, keys))
        })
    }
}

fn holds(keys: &KeySet, key: &PublicKey) -> bool {
    keys.keys().any(|(_, known)| known == key)
}

fn check_held(role: TopRole, keys: &KeySet, key: &PublicKey) -> Result<(), EditError> {
    if holds(keys, key) {
        return Ok(());
    }
    Err(EditError::UnknownKey { role: role.into(), key: KeyId::of(key) })
}

fn others<'a>(keys: &'a KeySet, without: Option<&'a PublicKey>) -> impl Iterator<Item = PublicKey> + 'a {
    keys.keys().map(|(_, key)| key).filter(move |key| Some(*key) != without).cloned()
}

fn key_set(role: TopRole, threshold: usize, keys: impl IntoIterator<Item = PublicKey>) -> Result<KeySet, EditError> {
    KeySet::new(threshold, keys).map_err(|cause| EditError::KeySet { role: role.into(), cause })
}
