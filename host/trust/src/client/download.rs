//! Files from a source that is not trusted.

use jurat_model::Bytes;

use super::error::UpdateError;
use crate::digest::Digest;
use crate::fetch::{Fetch, FetchError};
use crate::metadata::MetaFile;
use crate::name::SafePath;
use crate::release::VerifiedBytes;

/// A file of which nothing is known but how long it may be.
pub(super) fn fetch(source: &impl Fetch, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, UpdateError> {
    fetch_if_there(source, file, cap)?.ok_or_else(|| UpdateError::Missing { file: file.clone() })
}

/// The same; none if the source says that it does not exist.
pub(super) fn fetch_if_there(source: &impl Fetch, file: &SafePath, cap: Bytes) -> Result<Option<Vec<u8>>, UpdateError> {
    let too_long = || UpdateError::TooLong { file: file.clone(), expected: cap.get() };
    match source.get(file, cap) {
        // The source is not trusted to have counted.
        Ok(bytes) if bytes.len() as u64 > cap.get() => Err(too_long()),
        Ok(bytes) => Ok(Some(bytes)),
        Err(FetchError::NotFound) => Ok(None),
        Err(FetchError::TooLong) => Err(too_long()),
        Err(FetchError::Failed(cause)) => Err(UpdateError::Source { file: file.clone(), cause }),
    }
}

/// A metadata file that other metadata lists.
pub(super) fn fetch_listed(
    source: &impl Fetch,
    file: &SafePath,
    listed: &MetaFile,
    cap: Bytes,
) -> Result<Vec<u8>, UpdateError> {
    let bytes = match listed.length {
        Some(length) => fetch_length(source, file, length, cap)?,
        None => fetch(source, file, cap)?,
    };
    if let Some(expected) = listed.sha256 {
        check_digest(file, expected, Digest::of(&bytes))?;
    }
    Ok(bytes)
}

/// A file of which length and digest are signed.
pub(super) fn fetch_exactly(
    source: &impl Fetch,
    file: &SafePath,
    length: u64,
    sha256: &Digest,
    cap: Bytes,
) -> Result<VerifiedBytes, UpdateError> {
    let bytes = VerifiedBytes::new(fetch_length(source, file, length, cap)?);
    check_digest(file, *sha256, *bytes.sha256())?;
    Ok(bytes)
}

fn fetch_length(source: &impl Fetch, file: &SafePath, length: u64, cap: Bytes) -> Result<Vec<u8>, UpdateError> {
    if length > cap.get() {
        return Err(UpdateError::OverCap { file: file.clone(), length, cap });
    }
    let bytes = fetch(source, file, Bytes::new(length))?;
    let found = bytes.len() as u64;
    if found < length {
        return Err(UpdateError::Truncated { file: file.clone(), expected: length, found });
    }
    Ok(bytes)
}

fn check_digest(file: &SafePath, expected: Digest, found: Digest) -> Result<(), UpdateError> {
    if found == expected {
        return Ok(());
    }
    Err(UpdateError::Altered { file: file.clone(), expected, found })
}
