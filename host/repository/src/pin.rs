//! The pinned release: it runs, whatever the repository lists, until it is unpinned.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jurat_model::Bytes;
use jurat_trust::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use jurat_disk::{CacheDir, CacheDirError, Stamp};

pub(super) const NAME: &str = "pin.json";
const MOST: Bytes = Bytes::kibi(16);
/// The longest reason, in bytes.
const MOST_REASON: usize = 1_000;

/// A pinned release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pin {
    /// Its manifest.
    pub manifest: Digest,
    /// When it was pinned.
    pub at: Timestamp,
    /// The interface through which it was pinned.
    pub by: PinnedBy,
    /// The reason, in the operator's words.
    pub reason: Option<String>,
}

/// The interface through which a release was pinned.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PinnedBy {
    /// The command line.
    Cli,
    /// A server, over JSON-RPC.
    Rpc,
    /// A server, over HTTP.
    Http,
    /// The application that embeds the service.
    Library,
}

/// The file of the pinned release. Any process with write access may change it, whether hosts run or not.
#[derive(Clone, Debug)]
pub(crate) struct PinFile {
    directory: Arc<CacheDir>,
}

/// Detects changes of the pin.
#[derive(Debug)]
pub(crate) struct PinWatch {
    directory: Arc<CacheDir>,
    /// None before the first poll.
    last: Option<Option<Stamp>>,
}

/// Whether the pin may have changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// It may have, or this was the first poll.
    Changed,
    /// It has not.
    Unchanged,
}

/// Why the pin cannot be read or written.
///
/// It never means that no release is pinned: the caller keeps the serving release, and reports the error.
#[derive(Debug, Error)]
pub(crate) enum PinError {
    /// The directory or the file is invalid, or the system failed.
    #[error(transparent)]
    Directory(#[from] CacheDirError),
    /// The file is malformed.
    #[error("`{}` does not say which release is pinned; what serves stays until it is pinned again, or unpinned", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
    /// A part of the file is invalid.
    #[error(
        "`{}` does not say which release is pinned, because its `{key}` is not {expected}; what serves stays until it is pinned \
         again, or unpinned", path.display()
    )]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The part.
        key: &'static str,
        /// What is expected.
        expected: &'static str,
    },
    /// The reason is too long.
    #[error("the reason has {length} bytes, and at most {MOST_REASON} are kept: say it in fewer words")]
    LongReason {
        /// Its length.
        length: usize,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Record {
    manifest: String,
    at: String,
    by: PinnedBy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl PinFile {
    pub(super) fn new(directory: Arc<CacheDir>) -> Self {
        Self { directory }
    }

    /// The pinned release, if there is one.
    ///
    /// # Errors
    /// When the file is invalid.
    pub(crate) fn read(&self) -> Result<Option<Pin>, PinError> {
        let Some(bytes) = self.directory.read(NAME, MOST)? else { return Ok(None) };
        let path = || self.directory.path().join(NAME);
        let record: Record =
            serde_json::from_slice(&bytes).map_err(|cause| PinError::Malformed { path: path(), cause })?;
        let invalid = |key, expected| PinError::Invalid { path: path(), key, expected };
        if record.reason.as_ref().is_some_and(|reason| reason.len() > MOST_REASON) {
            return Err(invalid("reason", "at most 1000 bytes long"));
        }
        Ok(Some(Pin {
            manifest: record
                .manifest
                .parse()
                .map_err(|_| invalid("manifest", "the SHA-256 of a manifest, in 64 lower-case hexadecimal digits"))?,
            at: record.at.parse().map_err(|_| invalid("at", "a time like `2026-11-01T00:00:00Z`"))?,
            by: record.by,
            reason: record.reason,
        }))
    }

    /// Pins a release instead of the previous one. When this returns it is on the disk.
    ///
    /// # Errors
    /// When the reason is too long, or the system fails.
    ///
    /// # Limits
    /// It checks neither that the release exists nor that it may run.
    pub(crate) fn write(&self, pin: &Pin) -> Result<(), PinError> {
        if let Some(length) = pin.reason.as_ref().map(String::len).filter(|length| *length > MOST_REASON) {
            return Err(PinError::LongReason { length });
        }
        let record = Record {
            manifest: pin.manifest.to_string(),
            at: pin.at.to_string(),
            by: pin.by,
            reason: pin.reason.clone(),
        };
        let bytes = serde_json::to_vec(&record)
            .map_err(|cause| PinError::Malformed { path: self.directory.path().join(NAME), cause })?;
        Ok(self.directory.write(NAME, &bytes)?)
    }

    /// Unpins the release, also if the file is invalid.
    ///
    /// # Errors
    /// When the system fails.
    pub(crate) fn remove(&self) -> Result<(), PinError> {
        Ok(self.directory.remove(NAME)?)
    }

    /// A watch on the pin. Its first poll counts as a change.
    pub(crate) fn watch(&self) -> PinWatch {
        PinWatch { directory: Arc::clone(&self.directory), last: None }
    }
}

impl PinWatch {
    /// Whether the file may have changed since the last poll. Cheap: the file is not read.
    ///
    /// # Errors
    /// When the system fails. The next poll that succeeds then counts as a change.
    ///
    /// # Limits
    /// Two changes within one tick of the file system's clock, a few milliseconds, may count as one.
    pub(crate) fn poll(&mut self) -> Result<Change, PinError> {
        let last = self.last.take();
        let now = self.directory.stamp(NAME)?;
        self.last = Some(now);
        Ok(if last == Some(now) { Change::Unchanged } else { Change::Changed })
    }
}

impl fmt::Display for PinnedBy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Cli => "cli",
            Self::Rpc => "rpc",
            Self::Http => "http",
            Self::Library => "library",
        })
    }
}

#[cfg(test)]
mod tests;
