//! All files that hosts can request from a repository, in an order in which they can be copied.

use std::collections::BTreeSet;

use jurat_model::{Blame, Bytes};
use jurat_trust::publish::{Repository, Stability};
use jurat_trust::{Caps, Digest, Fetch, MetadataVersion, Role, SafePath, TargetPath};

use super::read::{read_exactly, read_manifest};
use crate::exit::CommandError;

/// The files of a repository. A file comes before the files that refer to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    files: Vec<PublishedFile>,
}

/// A file of a repository.
#[derive(Clone, Debug)]
pub(crate) struct PublishedFile {
    pub(crate) path: SafePath,
    pub(crate) length: u64,
    pub(crate) sha256: Digest,
    pub(crate) stability: Stability,
}

impl Contents {
    /// Lists the published files, from the given root on. Each was read, and matches its digest.
    ///
    /// # Limits
    /// Earlier versions of metadata are left out, except roots: hosts do not request them.
    pub(crate) fn of(
        repository: &Repository,
        source: &impl Fetch,
        first_root: MetadataVersion,
    ) -> Result<Self, CommandError> {
        let published = published(repository);
        let mut contents = Self::default();
        let (mut blobs, mut manifests) = (BTreeSet::new(), Vec::new());
        for (target, sha256) in releases(&published) {
            let manifest = read_manifest(source, &target, &sha256).map_err(broken)?;
            manifests.push((target.location(&sha256), sha256));
            blobs.extend(manifest.files().iter().map(|file| (file.sha256, file.length)));
        }
        for (sha256, length) in blobs {
            let path = SafePath::of_blob(&sha256);
            let bytes = read_exactly(source, &path, Bytes::new(length), &sha256).map_err(broken)?;
            contents.add(path, &bytes);
        }
        for (path, sha256) in manifests {
            let bytes = read_exactly(source, &path, Caps::DEFAULT.manifest, &sha256).map_err(broken)?;
            contents.add(path, &bytes);
        }
        let mut versions: Vec<_> = published
            .roles()
            .into_iter()
            .filter_map(|status| status.published.map(|(version, _)| (status.role, version)))
            .collect();
        // Tenants, targets, snapshot, root, timestamp: a file comes before the files that refer to it.
        versions.sort_by_key(|(role, _)| rank(role));
        for (role, version) in versions {
            let first = if role == Role::Root { first_root } else { version };
            let mut next = Some(first);
            while let Some(now) = next.filter(|now| *now <= version) {
                let path = role.file(now);
                let bytes = source.get(&path, Caps::DEFAULT.targets);
                let bytes = bytes.map_err(|error| broken(format!("`{path}`: {}", jurat::chain(&error))))?;
                contents.add(path, &bytes);
                next = now.next();
            }
        }
        Ok(contents)
    }

    /// The files, in order.
    pub(crate) fn files(&self) -> &[PublishedFile] {
        &self.files
    }

    fn add(&mut self, path: SafePath, bytes: &[u8]) {
        let is_timestamp = path == Role::Timestamp.file(MetadataVersion::FIRST);
        let stability = if is_timestamp { Stability::Mutable } else { Stability::Immutable };
        self.files.push(PublishedFile { path, length: bytes.len() as u64, sha256: Digest::of(bytes), stability });
    }
}

/// A repository as hosts see it, without staged files.
pub(crate) fn published(repository: &Repository) -> Repository {
    let mut published = repository.clone();
    for file in repository.staged_files() {
        published.unstage(&file.role);
    }
    published
}

/// The releases of all tenants.
pub(crate) fn releases(repository: &Repository) -> Vec<(TargetPath, Digest)> {
    let roles = repository.roles().into_iter().filter(|status| status.keys.is_some());
    let tenants = roles.filter_map(|status| match status.role {
        Role::Delegated(name) => Some(name),
        _ => None,
    });
    let releases = tenants.flat_map(|name| repository.releases(&name));
    releases.map(|(path, target)| (path, *target.sha256())).collect()
}

fn rank(role: &Role) -> u8 {
    match role {
        Role::Delegated(_) => 0,
        Role::Targets => 1,
        Role::Snapshot => 2,
        Role::Root => 3,
        Role::Timestamp => 4,
    }
}

fn broken(reason: String) -> CommandError {
    CommandError::new(Blame::Source, reason)
}
