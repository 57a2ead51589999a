//! What is already at the place to which a repository is copied. Nothing there is ever older afterwards.

use std::error::Error;
use std::path::Path;

use jiff::Timestamp;
use jurat_model::{Blame, Bytes};
use jurat_trust::publish::Upload;
use jurat_trust::{
    Anchor, Caps, Client, Demands, Digest, Fetch, FetchError, MemoryStore, MetadataVersion, Role, SafePath, StateFile,
    Store, UpdateError,
};

use super::working_copy::WorkingCopy;
use crate::exit::CommandError;

/// A source as it will be after a publication.
pub(crate) struct AfterUploads<'a, S> {
    pub(crate) source: &'a S,
    pub(crate) uploads: &'a [Upload],
}

impl<S: Fetch> Fetch for AfterUploads<'_, S> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        // While keys change hands, a plan has the timestamp twice.
        match self.uploads.iter().rfind(|upload| upload.path == *file) {
            Some(upload) if upload.bytes.len() as u64 > cap.get() => Err(FetchError::TooLong),
            Some(upload) => Ok(upload.bytes.to_vec()),
            None => self.source.get(file, cap),
        }
    }
}

/// A host that has seen what is at a destination. It refuses what would take the destination back.
///
/// # Errors
/// When another repository is there, or its files cannot be read.
pub(crate) fn host_of(destination: &WorkingCopy, anchor: Anchor) -> Result<Client<MemoryStore>, CommandError> {
    let refused = |error| CommandError::of(destination.root().display(), &error);
    let mut host = Client::open(anchor, Demands::default(), MemoryStore::default()).map_err(refused)?;
    // Expired metadata has versions, too.
    match host.refresh(destination.files(), Timestamp::UNIX_EPOCH) {
        Ok(_) => Ok(host),
        // The directory is empty. Or an earlier copy was interrupted after it wrote a root that replaces the keys of the timestamp:
        // hosts forget versions that the old keys have signed.
        Err(UpdateError::Missing { .. }) => Ok(host),
        Err(UpdateError::Signatures { role: Role::Timestamp | Role::Snapshot | Role::Targets, .. }) => Ok(host),
        Err(error) => Err(refused(error)),
    }
}

/// Checks that what is published is not older than what is at the destination, nor something else of the same version.
///
/// # Errors
/// When it is, with advice.
pub(crate) fn check_destination(
    destination: &WorkingCopy,
    anchor: Anchor,
    new: &impl Fetch,
    origin: &Path,
) -> Result<(), CommandError> {
    check_repository(destination, new)?;
    let mut host = host_of(destination, anchor.clone())?;
    let about = |error| CommandError::of(origin.display(), &error);
    let mut fresh = Client::open(anchor, Demands::default(), MemoryStore::default()).map_err(about)?;
    fresh.refresh(new, Timestamp::UNIX_EPOCH).map_err(about)?;
    let (known, found) = (host.versions().root, fresh.versions().root);
    if found < known {
        return Err(is_newer(destination, origin, &Role::Root, known, found));
    }
    match host.refresh(new, Timestamp::UNIX_EPOCH) {
        Ok(_) => match conflicting_timestamp(&host, new, origin)? {
            None => Ok(()),
            Some(version) => {
                let has = format!("has another timestamp of the same version {version}");
                Err(refusal(destination, origin, &has))
            }
        },
        Err(UpdateError::Rollback { role, known, found, .. }) => {
            Err(is_newer(destination, origin, &role, known, found))
        }
        Err(error) => Err(CommandError::of(destination.root().display(), &error)),
    }
}

/// Checks that no other repository is there.
fn check_repository(destination: &WorkingCopy, new: &impl Fetch) -> Result<(), CommandError> {
    let root = Role::Root.file(MetadataVersion::FIRST);
    match new.get(&root, Caps::DEFAULT.root) {
        Ok(bytes) => check_immutable(destination, std::iter::once((&root, bytes.len() as u64, Digest::of(&bytes)))),
        // It was the anchor, and so was read just now.
        Err(error) => Err(CommandError::about(Blame::Host, root, &error)),
    }
}

/// The version of a new timestamp, if a host that has seen the destination keeps another one: of two with the same version, it keeps
/// the first.
///
/// # Errors
/// When the new one cannot be read.
pub(crate) fn conflicting_timestamp(
    host: &Client<MemoryStore>,
    new: &impl Fetch,
    origin: &Path,
) -> Result<Option<MetadataVersion>, CommandError> {
    let file = Role::Timestamp.file(MetadataVersion::FIRST);
    let about = |error: &(dyn Error + 'static)| CommandError::about(Blame::Host, origin.display(), error);
    let accepted = host.store().read(&StateFile::Timestamp).map_err(|error| about(&error))?;
    let new = new.get(&file, Caps::DEFAULT.timestamp).map_err(|error| about(&error))?;
    Ok(host.versions().timestamp.filter(|_| accepted.is_some_and(|accepted| accepted != new)))
}

/// Checks that no file that is never replaced is in the way of another one with its name.
pub(crate) fn check_immutable<'a>(
    destination: &WorkingCopy,
    files: impl Iterator<Item = (&'a SafePath, u64, Digest)>,
) -> Result<(), CommandError> {
    for (path, length, sha256) in files {
        let what = destination.writer().path(path);
        match destination.files().get(path, Bytes::new(length)) {
            Err(FetchError::NotFound) => {}
            Err(FetchError::Failed(cause)) => return Err(CommandError::about(Blame::Host, what.display(), &*cause)),
            Ok(bytes) if Digest::of(&bytes) == sha256 => {}
            Ok(_) | Err(FetchError::TooLong) => {
                let message = format!("{}: exists with other content, and is never replaced", what.display());
                return Err(CommandError::new(Blame::Source, message));
            }
        }
    }
    Ok(())
}

fn is_newer(
    destination: &WorkingCopy,
    origin: &Path,
    role: &Role,
    known: MetadataVersion,
    found: MetadataVersion,
) -> CommandError {
    refusal(destination, origin, &format!("has version {known} of {role}, and this would be version {found}"))
}

fn refusal(destination: &WorkingCopy, origin: &Path, has: &str) -> CommandError {
    let (there, origin) = (destination.root().display(), origin.display());
    let message = format!(
        "{there}: {has}: another copy of the repository was published there, and nothing was written. Publish from that copy; or copy \
         `metadata`, `targets` and `blobs` from {there} to {origin}, and run the command again"
    );
    CommandError::new(Blame::Source, message)
}
