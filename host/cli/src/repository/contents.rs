//! All that hosts can ask a repository for, in the order in which it can be copied.

use std::collections::BTreeSet;

use jurat_model::Bytes;
use jurat_trust::publish::{Repository, Stability};
use jurat_trust::{Caps, Digest, Fetch, MetadataVersion, Role, SafePath, TargetPath};

use super::{read_exactly, read_manifest};
use crate::exit::{Exit, Failure};

/// The files of a repository: first what nobody looks for yet, last what tells of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    items: Vec<Item>,
}

/// A file, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) path: SafePath,
    pub(crate) length: u64,
    pub(crate) sha256: Digest,
    pub(crate) stability: Stability,
}

impl Contents {
    /// The files that follow from what is published, from the given root on. Each was read, and is what others say of it.
    ///
    /// # Limits
    /// Metadata of earlier versions is left out, but for roots: hosts do not ask for it.
    pub(crate) fn of(
        repository: &Repository,
        source: &impl Fetch,
        first_root: MetadataVersion,
    ) -> Result<Self, Failure> {
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
        // Tenants, targets, snapshot, root, timestamp: nothing is told of before it is there.
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
    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    fn add(&mut self, path: SafePath, bytes: &[u8]) {
        let is_timestamp = path == Role::Timestamp.file(MetadataVersion::FIRST);
        let stability = if is_timestamp { Stability::Mutable } else { Stability::Immutable };
        self.items.push(Item { path, length: bytes.len() as u64, sha256: Digest::of(bytes), stability });
    }
}

/// A repository as hosts see it.
pub(crate) fn published(repository: &Repository) -> Repository {
    let mut published = repository.clone();
    for file in repository.staged_files() {
        published.unstage(&file.role);
    }
    published
}

/// The releases of all tenants that are there.
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

fn broken(reason: String) -> Failure {
    Failure::new(Exit::Trust, reason)
}
