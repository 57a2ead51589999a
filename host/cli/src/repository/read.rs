//! Reads single files of a repository.

use std::path::Path;

use jurat_disk::files;
use jurat_model::{Blame, Bytes};
use jurat_trust::{Anchor, Caps, Digest, Fetch, FetchError, Manifest, SafePath, TargetPath};

use crate::exit::CommandError;

/// Reads the root that hosts have pinned.
pub(crate) fn read_anchor(file: &Path) -> Result<Anchor, CommandError> {
    let bytes = files::read(file, Caps::DEFAULT.root)
        .map_err(|error| CommandError::about(Blame::Caller, file.display(), &error))?;
    Anchor::parse(&bytes, None).map_err(|error| CommandError::about(Blame::Source, file.display(), &error))
}

/// Reads a manifest by its digest.
pub(crate) fn read_manifest(source: &impl Fetch, target: &TargetPath, sha256: &Digest) -> Result<Manifest, String> {
    let path = target.location(sha256);
    let bytes = read_exactly(source, &path, Caps::DEFAULT.manifest, sha256)?;
    Manifest::parse(&bytes).map_err(|error| format!("`{path}`: {}", jurat::chain(&error)))
}

/// Reads a file by its digest.
pub(crate) fn read_exactly(
    source: &impl Fetch,
    path: &SafePath,
    cap: Bytes,
    sha256: &Digest,
) -> Result<Vec<u8>, String> {
    let bytes = source.get(path, cap).map_err(|error| match error {
        FetchError::NotFound => format!("`{path}` does not exist"),
        FetchError::TooLong => format!("`{path}` is altered: it is longer than {cap}"),
        FetchError::Failed(cause) => format!("`{path}` cannot be read: {}", jurat::chain(&*cause)),
    })?;
    let found = Digest::of(&bytes);
    if found == *sha256 {
        return Ok(bytes);
    }
    Err(format!("`{path}` is altered: its SHA-256 is `{found}` instead of `{sha256}`"))
}
