//! Signing what is staged, and the signatures that are still missing.

use crate::envelope::{Envelope, SignError};
use crate::key::{KeyId, PublicKey, Signer};
use crate::policy::Caps;
use crate::role::Role;

use super::demand::{Demand, Missing};
use super::error::SigningError;
use super::repository::{Repository, StagedFile};

impl Repository {
    /// The staged roles that this key may sign, and has not signed yet.
    #[must_use]
    pub fn signable_by(&self, key: &PublicKey) -> Vec<Role> {
        let staged = self.staged.iter().filter(|(role, staged)| {
            self.permitted(role).any(|permitted| permitted == key) && !staged.envelope.is_signed_by(key)
        });
        staged.map(|(role, _)| role.clone()).collect()
    }

    /// The signatures that a staged role lacks, as things are staged now; none if it is not staged.
    ///
    /// A role whose keys change in a root or in targets that are staged too is counted under these.
    #[must_use]
    pub fn missing_signatures(&self, role: &Role) -> Option<Missing> {
        let staged = self.staged.get(role)?;
        Some(Missing::of(&staged.envelope, &self.demands(role)))
    }

    /// Has a staged role signed. The signature is checked before it is taken.
    ///
    /// # Errors
    /// When nothing is staged for the role, the key may not sign it or has signed it, or the signature does not hold.
    pub fn sign(&mut self, role: &Role, signer: &dyn Signer) -> Result<StagedFile, SigningError> {
        self.change(role, &signer.public(), |envelope| envelope.sign(signer))
    }

    /// Adds a signature that was made elsewhere.
    ///
    /// # Errors
    /// Those of [`Repository::sign`].
    pub fn add_signature(
        &mut self,
        role: &Role,
        key: &PublicKey,
        signature: &[u8; 64],
    ) -> Result<StagedFile, SigningError> {
        self.change(role, key, |envelope| envelope.add_signature(key, signature))
    }

    /// Takes the signatures over from another copy of a staged envelope, as far as they hold and are by keys that may sign.
    ///
    /// # Errors
    /// When nothing is staged for the role, or the copy is not an envelope or has another payload.
    pub fn merge(&mut self, role: &Role, copy: &[u8]) -> Result<StagedFile, SigningError> {
        let copy = Envelope::parse(copy, Caps::DEFAULT.targets)?;
        let permitted: Vec<_> = self.permitted(role).cloned().collect();
        let staged = self.staged.get_mut(role).ok_or_else(|| SigningError::NotStaged { role: role.clone() })?;
        if copy.unverified_payload() != staged.envelope.unverified_payload() {
            return Err(SigningError::OtherPayload { role: role.clone() });
        }
        for key in &permitted {
            staged.envelope.take_signature(key, &copy);
        }
        Ok(staged.file(role))
    }

    fn change(
        &mut self,
        role: &Role,
        key: &PublicKey,
        change: impl FnOnce(&mut Envelope) -> Result<(), SignError>,
    ) -> Result<StagedFile, SigningError> {
        let is_permitted = self.permitted(role).any(|permitted| permitted == key);
        let staged = self.staged.get_mut(role).ok_or_else(|| SigningError::NotStaged { role: role.clone() })?;
        if !is_permitted {
            return Err(SigningError::NotPermitted { role: role.clone(), key: KeyId::of(key) });
        }
        change(&mut staged.envelope).map_err(|cause| SigningError::Sign { role: role.clone(), cause })?;
        Ok(staged.file(role))
    }

    /// Whose signatures a role needs as things are staged now.
    fn demands(&self, role: &Role) -> Vec<Demand<'_>> {
        let newest = self.newest();
        let of_newest = newest.and_then(|view| view.demand(role));
        let of_old = self.published().filter(|_| *role == Role::Root).and_then(|view| view.demand(role));
        of_old.into_iter().chain(of_newest).collect()
    }

    /// The keys whose signatures a role may carry: those that count now, and those that will.
    fn permitted(&self, role: &Role) -> impl Iterator<Item = &PublicKey> {
        let views = [self.published(), self.newest()].into_iter().flatten();
        let sets: Vec<_> = views.filter_map(|view| view.demand(role)).map(|demand| demand.keys).collect();
        sets.into_iter().flat_map(|keys| keys.keys().map(|(_, key)| key))
    }
}
