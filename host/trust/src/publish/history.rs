//! What a tenant's role has listed over time, as far as a source still has the metadata of earlier versions.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::digest::Digest;
use crate::fetch::Fetch;
use crate::key::{KeyId, KeySet};
use crate::metadata::TargetsMetadata;
use crate::name::{ReleaseVersion, RoleName, TargetPath};
use crate::role::{Role, TopRole};
use crate::version::MetadataVersion;

use super::error::ReadError;
use super::published::{self, Signed};
use super::repository::Repository;

/// The most versions of a role that are read.
const MOST: usize = 1_000;

/// The history of a role.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The versions that are there and signed, the newest first.
    pub versions: Vec<PastVersion>,
    /// Versions that are there, but that no keys of the tenant have signed, or that cannot be read: they count for nothing.
    pub unverified: Vec<MetadataVersion>,
    /// Whether the oldest versions were left out, because there are more than 1,000.
    pub is_cut: bool,
}

/// One version of a role's metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct PastVersion {
    /// Its version.
    pub version: MetadataVersion,
    /// When it expires, or has expired.
    pub expires: Timestamp,
    /// The keys of the tenant whose signatures hold.
    pub signers: Vec<KeyId>,
    /// The releases that it lists, by their paths, with the digests of their manifests.
    pub releases: Vec<(TargetPath, Digest, Option<ReleaseVersion>)>,
}

impl Repository {
    /// What a tenant's role has listed, from the published version back. A version counts if a threshold of the keys has signed it that
    /// some signed version of targets has named for the tenant.
    ///
    /// # Errors
    /// When the source fails. A version that is missing is left out.
    pub fn history(&self, source: &impl Fetch, tenant: &RoleName) -> Result<History, ReadError> {
        let role = Role::Delegated(tenant.clone());
        let Some(newest) = self.published_targets_of(&role).map(TargetsMetadata::version) else {
            return Ok(History::default());
        };
        let sets = self.past_keys(source, tenant)?;
        let mut history = History { is_cut: newest.get() > MOST as u64, ..History::default() };
        for version in back_from(newest) {
            match published::read(source, &role.file(version), TargetsMetadata::parse) {
                Ok(None) => {}
                Ok(Some(found)) => match self.past_version(version, &found, &sets) {
                    Some(past) => history.versions.push(past),
                    None => history.unverified.push(version),
                },
                Err(error @ ReadError::Source { .. }) => return Err(error),
                Err(_) => history.unverified.push(version),
            }
        }
        Ok(history)
    }

    /// All manifests that a tenant has revoked, as published.
    #[must_use]
    pub fn revoked(&self, tenant: &RoleName) -> BTreeSet<Digest> {
        let roles = [Role::Delegated(tenant.clone()), Role::Targets];
        let published = roles.iter().filter_map(|role| self.published_targets_of(role));
        published.flat_map(|targets| targets.revoked().iter().copied()).collect()
    }

    fn past_version(
        &self,
        version: MetadataVersion,
        found: &Signed<TargetsMetadata>,
        sets: &[KeySet],
    ) -> Option<PastVersion> {
        let Signed { payload, envelope, .. } = found;
        if payload.version() != version || Some(payload.repository()) != self.id() {
            return None;
        }
        let signed = sets.iter().find_map(|keys| envelope.verify(keys).ok())?;
        let releases = payload.releases().map(|(path, target)| (path, *target.sha256(), target.release_version()));
        Some(PastVersion {
            version,
            expires: payload.expires(),
            signers: signed.signers().to_vec(),
            releases: releases.collect(),
        })
    }

    /// The sets of keys that any version of targets has named for a tenant, the newest first. A version of targets counts if the targets
    /// keys of any root have signed it.
    fn past_keys(&self, source: &impl Fetch, tenant: &RoleName) -> Result<Vec<KeySet>, ReadError> {
        let Some(targets) = self.published_targets_of(&Role::Targets) else { return Ok(Vec::new()) };
        let mut sets: Vec<KeySet> = Vec::new();
        for version in back_from(targets.version()) {
            let found = match published::read(source, &Role::Targets.file(version), TargetsMetadata::parse) {
                Ok(Some(found)) => found,
                Err(error @ ReadError::Source { .. }) => return Err(error),
                Ok(None) | Err(_) => continue,
            };
            let is_signed =
                self.roots.iter().any(|root| found.envelope.verify(root.payload.keys(TopRole::Targets)).is_ok());
            let is_its = found.payload.version() == version && Some(found.payload.repository()) == self.id();
            if let Some(delegation) = found.payload.delegation(tenant).filter(|_| is_signed && is_its)
                && !sets.contains(&delegation.keys)
            {
                sets.push(delegation.keys.clone());
            }
        }
        Ok(sets)
    }
}

/// A version and those before it.
fn back_from(newest: MetadataVersion) -> impl Iterator<Item = MetadataVersion> {
    std::iter::successors(Some(newest), |version| version.previous()).take(MOST)
}
