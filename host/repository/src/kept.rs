//! The releases that this host has run, so that it can return to one of them while the repository is unavailable.
//!
//! For each it keeps the proof: the envelope that listed it, and its manifest. The files are in the cache of blobs.

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jurat_model::Bytes;
use jurat_trust::{Digest, ReleaseName, ReleaseVersion, TargetPath};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use jurat_disk::{CacheDir, CacheDirError};

const NAME: &str = "releases";
const SCHEMA: &str = "jurat.kept/1";
const END: &str = ".json";
/// The longest file: several times an envelope and a manifest.
const MOST: Bytes = Bytes::mebi(16);
/// The most releases. Far more than any host keeps.
const MOST_RELEASES: usize = 256;
/// The longest name of a role.
const MOST_ROLE: usize = 64;

/// The releases that this host has run.
///
/// # Limits
/// It verifies only that files are whole: readers verify the rest again. Processes that add and prune at the same time may keep
/// one release more or less.
#[derive(Debug)]
pub(crate) struct Kept {
    directory: CacheDir,
}

/// A release that this host has run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct KeptRelease {
    /// The name under which it was listed.
    pub(crate) target: TargetPath,
    /// The digest of its manifest.
    pub(crate) manifest_sha256: Digest,
    /// Its name.
    pub(crate) name: ReleaseName,
    /// Its version.
    pub(crate) version: ReleaseVersion,
    /// The role that listed it.
    pub(crate) role: String,
    /// The versions of the metadata at that time.
    pub(crate) versions: KeptVersions,
    /// When the first of these expires.
    pub(crate) expires: Timestamp,
    /// When it began to serve.
    pub(crate) activated: Timestamp,
    /// The role's envelope, as it was received.
    pub(crate) envelope: Vec<u8>,
    /// The manifest, as it was received.
    pub(crate) manifest: Vec<u8>,
}

/// The versions of the metadata at some time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptVersions {
    /// Of the root.
    pub(crate) root: u64,
    /// Of the timestamp.
    pub(crate) timestamp: u64,
    /// Of the snapshot.
    pub(crate) snapshot: u64,
    /// Of the targets.
    pub(crate) targets: u64,
    /// Of the role that listed the release.
    pub(crate) role: u64,
}

/// All kept releases.
#[derive(Debug, Default)]
pub(crate) struct KeptList {
    /// The readable releases, the last one first.
    pub(crate) releases: Vec<KeptRelease>,
    /// Why the others cannot be read.
    pub(crate) broken: Vec<KeptError>,
}

/// Why a release is not kept, or not read back.
#[derive(Debug, Error)]
pub(crate) enum KeptError {
    /// The directory or a file in it is not as it must be, or the system failed.
    #[error(transparent)]
    Directory(#[from] CacheDirError),
    /// A file is cut short, or was never one of these.
    #[error("`{}` is not a kept release: remove it", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
    /// A part of the file is invalid.
    #[error("`{}` is not a kept release: its {what} is invalid; remove it", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The part.
        what: &'static str,
    },
    /// The manifest is another one.
    #[error("the manifest in `{}` has another SHA-256, {found}: remove the file", path.display())]
    Altered {
        /// The file.
        path: PathBuf,
        /// The digest found.
        found: Digest,
    },
    /// It is too long to be read back.
    #[error("`{}` is not written, because it would have more than {MOST}, the most that is read back", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// There are too many.
    #[error("`{}` holds {found} files, and only the first {MOST_RELEASES} are read: remove what does not belong there", path.display())]
    TooMany {
        /// The directory.
        path: PathBuf,
        /// Their number.
        found: usize,
    },
}

/// A release, and its position in the sequence of additions.
struct Entry {
    serial: u64,
    release: KeptRelease,
}

/// The format of a release on the disk.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Record {
    schema: String,
    /// A sequence number, because clocks may be set back.
    serial: u64,
    target: String,
    manifest_sha256: String,
    name: String,
    version: String,
    role: String,
    versions: KeptVersions,
    expires: String,
    activated: String,
    envelope: String,
    manifest: String,
}

impl Kept {
    /// Opens the directory of a tenant's kept releases. Creates it if it is missing.
    ///
    /// # Errors
    /// When others could change what is in it, or the system fails.
    pub(super) fn open(tenant: &CacheDir) -> Result<Self, KeptError> {
        Ok(Self { directory: tenant.below(NAME)? })
    }

    /// Keeps a release as the newest one; if it was kept already, it becomes the newest. When this returns it is on the disk.
    ///
    /// # Errors
    /// When its manifest is another one or it is too long, or the system fails. What was kept before still is.
    pub(crate) fn add(&self, release: &KeptRelease) -> Result<(), KeptError> {
        let name = file_name(&release.manifest_sha256);
        let path = self.directory.path().join(&name);
        check(release, &path)?;
        let (entries, _) = self.entries()?;
        let serial = entries.first().map_or(0, |newest| newest.serial.saturating_add(1));
        let bytes = serde_json::to_vec(&Record::of(release, serial))
            .map_err(|cause| KeptError::Malformed { path: path.clone(), cause })?;
        if bytes.len() as u64 > MOST.get() {
            return Err(KeptError::TooLong { path });
        }
        Ok(self.directory.write(&name, &bytes)?)
    }

    /// The release with a manifest; none if it is not kept.
    ///
    /// # Errors
    /// When it is kept, but cannot be read.
    pub(crate) fn get(&self, manifest: &Digest) -> Result<Option<KeptRelease>, KeptError> {
        Ok(self.entry(&file_name(manifest))?.map(|entry| entry.release))
    }

    /// All releases. One that cannot be read does not hide the others.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(crate) fn list(&self) -> Result<KeptList, KeptError> {
        let (entries, broken) = self.entries()?;
        Ok(KeptList { releases: entries.into_iter().map(|entry| entry.release).collect(), broken })
    }

    /// Forgets all but the newest few and the pinned one, and returns those that it forgot. Unreadable files stay for inspection.
    ///
    /// # Errors
    /// When the system fails.
    pub(crate) fn prune(&self, keep: NonZeroUsize, pinned: Option<&Digest>) -> Result<Vec<Digest>, KeptError> {
        let (entries, _) = self.entries()?;
        let mut removed = Vec::new();
        for Entry { release, .. } in entries.into_iter().skip(keep.get()) {
            if pinned != Some(&release.manifest_sha256) {
                self.directory.remove(&file_name(&release.manifest_sha256))?;
                removed.push(release.manifest_sha256);
            }
        }
        Ok(removed)
    }

    /// The readable releases, the newest first, and why the others cannot be read.
    fn entries(&self) -> Result<(Vec<Entry>, Vec<KeptError>), KeptError> {
        let names = self.directory.list()?;
        let (mut entries, mut broken) = (Vec::new(), Vec::new());
        if names.len() > MOST_RELEASES {
            broken.push(KeptError::TooMany { path: self.directory.path().to_owned(), found: names.len() });
        }
        for name in names.iter().take(MOST_RELEASES) {
            match self.entry(name) {
                // If it has gone meanwhile, another process has pruned it.
                Ok(entry) => entries.extend(entry),
                Err(error) => broken.push(error),
            }
        }
        let order = |Entry { serial, release }: &Entry| (*serial, release.activated, release.manifest_sha256);
        entries.sort_unstable_by_key(|entry| Reverse(order(entry)));
        Ok((entries, broken))
    }

    fn entry(&self, name: &str) -> Result<Option<Entry>, KeptError> {
        let Some(bytes) = self.directory.read(name, MOST)? else { return Ok(None) };
        let path = self.directory.path().join(name);
        let record: Record = match serde_json::from_slice(&bytes) {
            Ok(record) => record,
            Err(cause) => return Err(KeptError::Malformed { path, cause }),
        };
        let serial = record.serial;
        let release = record.parse().map_err(|what| KeptError::Invalid { path: path.clone(), what })?;
        if name != file_name(&release.manifest_sha256) {
            return Err(KeptError::Invalid { path, what: "name" });
        }
        check(&release, &path)?;
        Ok(Some(Entry { serial, release }))
    }
}

impl Record {
    fn of(release: &KeptRelease, serial: u64) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            serial,
            target: release.target.to_string(),
            manifest_sha256: release.manifest_sha256.to_string(),
            name: release.name.to_string(),
            version: release.version.to_string(),
            role: release.role.clone(),
            versions: release.versions,
            expires: release.expires.to_string(),
            activated: release.activated.to_string(),
            envelope: STANDARD.encode(&release.envelope),
            manifest: STANDARD.encode(&release.manifest),
        }
    }

    /// The release, or the name of the invalid part.
    fn parse(self) -> Result<KeptRelease, &'static str> {
        if self.schema != SCHEMA {
            return Err("schema");
        }
        Ok(KeptRelease {
            target: self.target.parse().map_err(|_| "target")?,
            manifest_sha256: self.manifest_sha256.parse().map_err(|_| "manifest_sha256")?,
            name: self.name.parse().map_err(|_| "name")?,
            version: self.version.parse().map_err(|_| "version")?,
            role: self.role,
            versions: self.versions,
            expires: self.expires.parse().map_err(|_| "expires")?,
            activated: self.activated.parse().map_err(|_| "activated")?,
            envelope: STANDARD.decode(self.envelope).map_err(|_| "envelope")?,
            manifest: STANDARD.decode(self.manifest).map_err(|_| "manifest")?,
        })
    }
}

/// Checks a release, before writing and after reading.
fn check(release: &KeptRelease, path: &Path) -> Result<(), KeptError> {
    let invalid = |what| Err(KeptError::Invalid { path: path.to_owned(), what });
    if release.role.is_empty() || release.role.len() > MOST_ROLE {
        return invalid("role");
    }
    if release.name != *release.target.name() {
        return invalid("name");
    }
    let found = Digest::of(&release.manifest);
    if found != release.manifest_sha256 {
        return Err(KeptError::Altered { path: path.to_owned(), found });
    }
    Ok(())
}

fn file_name(manifest: &Digest) -> String {
    format!("{manifest}{END}")
}

#[cfg(test)]
mod tests;
