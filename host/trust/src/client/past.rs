//! Releases of earlier days: those that a host has kept to go back to.

use super::Client;
use super::error::UpdateError;
use super::listing::Listing;
use super::trusted::{Authority, Trusted};
use crate::digest::Digest;
use crate::metadata::TargetsMetadata;
use crate::name::TargetPath;
use crate::role::Role;
use crate::store::Store;

impl<S: Store> Client<S> {
    /// Finds a release in an envelope of earlier days, as [`Listing::envelope`] gave it then. It counts if a threshold of the keys have
    /// signed it to which the path is left now; that it has been replaced since, or has expired, does not matter.
    ///
    /// # Errors
    /// When no role that may list the release has signed the envelope, it does not list this manifest, or the manifest has been revoked:
    /// by the newest metadata that this host knows.
    pub fn find_past(&self, envelope: &[u8], target: &TargetPath, manifest: &Digest) -> Result<Listing, UpdateError> {
        self.past(envelope, target, manifest)
            .map_err(|cause| UpdateError::Past { release: target.clone(), cause: Box::new(cause) })
    }

    fn past(&self, envelope: &[u8], target: &TargetPath, manifest: &Digest) -> Result<Listing, UpdateError> {
        let Some(targets) = &self.targets else { return Err(UpdateError::Unrefreshed { role: Role::Targets }) };
        let roles = self.known_roles(target);
        let delegated = roles.iter().map(|(step, _)| (step.authority(), step.earliest.clone()));
        // If several roles may list it, the error is the first refusal.
        let mut refusal = None;
        for (authority, earliest) in delegated.chain([(self.targets_authority(), None)]) {
            let trusted = match self.verify_past(envelope, &authority) {
                Ok(trusted) => trusted,
                // Usually not signed by those: not worth a message.
                Err(UpdateError::Signatures { .. }) if authority.role == Role::Targets => continue,
                Err(cause) => {
                    refusal.get_or_insert(cause);
                    continue;
                }
            };
            match trusted.metadata.target(target) {
                Some(entry) if entry.sha256() == manifest => {
                    return self.listing_until(&authority.role, &trusted, earliest, target);
                }
                _ => {
                    let file = authority.role.file(trusted.metadata.version());
                    let release = target.clone();
                    refusal.get_or_insert(UpdateError::UnknownRelease { file, role: authority.role, release });
                }
            }
        }
        let file = Role::Targets.file(targets.metadata.version());
        Err(refusal.unwrap_or(UpdateError::NotDelegated { file, release: target.clone() }))
    }

    fn verify_past(&self, envelope: &[u8], authority: &Authority<'_>) -> Result<Trusted<TargetsMetadata>, UpdateError> {
        let (file, cap) = (authority.role.any_file(), self.caps.targets);
        Trusted::verify(&file, envelope.to_vec(), cap, authority, &self.repository)
    }
}
