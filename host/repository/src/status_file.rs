//! The status of a running host, in a file for other processes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jurat_model::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use jurat_disk::{CacheDir, CacheDirError, Lock};

pub(super) const NAME: &str = "status.json";
/// The lock that each process which serves shares, as long as it lives.
pub(super) const SERVING: &str = "serving.lock";
const MOST: Bytes = Bytes::mebi(1);
/// How long to ask whether a process serves: others that ask, or write a status, have the lock for less.
const PROBE: Duration = Duration::from_millis(300);
/// How long to wait for a process that only asks whether another serves.
const PATIENCE: Duration = Duration::from_secs(10);

/// The file with the status of a running host.
///
/// # Limits
/// If several hosts that serve share a directory, it is about the last writer. A killed host leaves it behind: readers check when it
/// was written, and whether a process serves.
#[derive(Clone, Debug)]
pub(crate) struct StatusFile {
    directory: Arc<CacheDir>,
}

/// That this process serves, for other processes to know; until it is dropped, or the process ends in whatever way.
#[derive(Debug)]
#[must_use = "it is gone as soon as it is dropped"]
pub(crate) struct Presence {
    _shared: Lock,
}

/// The last status of a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StatusReport {
    /// The host's process.
    pub(crate) pid: u32,
    /// When it wrote the status.
    pub(crate) at: Timestamp,
    /// The status.
    pub(crate) status: Value,
}

/// Why the status cannot be read or written.
#[derive(Debug, Error)]
pub(crate) enum StatusError {
    /// The directory or the file is invalid, or the system failed.
    #[error(transparent)]
    Directory(#[from] CacheDirError),
    /// The file was not written by a host.
    #[error("`{}` is not the status of a host: remove it; a running host writes a new one", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
    /// Another process keeps this one from telling that it serves.
    #[error("`{}` has been locked by another process for more than {PATIENCE:?}; it is free as soon as that one has ended", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// The time in it is invalid.
    #[error("`{}` does not say when it was written: remove it; a running host writes a new one", path.display())]
    Undated {
        /// The file.
        path: PathBuf,
    },
    /// It is too long to be read back.
    #[error("`{}` is not written, because it would have {length} bytes, and at most {MOST} are read back", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        length: usize,
    },
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Record<S> {
    pid: u32,
    at: String,
    status: S,
}

impl StatusFile {
    pub(super) fn new(directory: Arc<CacheDir>) -> Self {
        Self { directory }
    }

    /// Tells other processes that this one serves.
    ///
    /// # Errors
    /// When the system fails.
    pub(crate) fn announce(&self) -> Result<Presence, StatusError> {
        match self.directory.lock_shared(SERVING, PATIENCE)? {
            Some(shared) => Ok(Presence { _shared: shared }),
            None => Err(StatusError::Busy { path: self.directory.path().join(SERVING) }),
        }
    }

    /// Whether a process serves, this one included.
    ///
    /// # Errors
    /// When the system fails.
    pub(crate) fn is_served(&self) -> Result<bool, StatusError> {
        Ok(self.directory.lock(SERVING, PROBE)?.is_none())
    }

    /// Like [`StatusFile::write`], unless another process serves: the status is that one's.
    ///
    /// # Errors
    /// As [`StatusFile::write`].
    pub(crate) fn write_unless_served(&self, status: &Value, now: Timestamp) -> Result<(), StatusError> {
        match self.directory.lock(SERVING, PROBE)? {
            Some(_alone) => self.write(status, now),
            None => Ok(()),
        }
    }

    /// Writes the present status of this process.
    ///
    /// # Errors
    /// When it is too long, or the system fails. Then the old status remains.
    pub(crate) fn write(&self, status: &Value, now: Timestamp) -> Result<(), StatusError> {
        let record = Record { pid: std::process::id(), at: now.to_string(), status };
        let path = || self.directory.path().join(NAME);
        let bytes = serde_json::to_vec(&record).map_err(|cause| StatusError::Malformed { path: path(), cause })?;
        if bytes.len() as u64 > MOST.get() {
            return Err(StatusError::TooLong { path: path(), length: bytes.len() });
        }
        Ok(self.directory.write(NAME, &bytes)?)
    }

    /// The last status of the host, if there is one.
    ///
    /// # Errors
    /// When the file is invalid.
    pub(crate) fn read(&self) -> Result<Option<StatusReport>, StatusError> {
        let Some(bytes) = self.directory.read(NAME, MOST)? else { return Ok(None) };
        let path = || self.directory.path().join(NAME);
        let record: Record<Value> =
            serde_json::from_slice(&bytes).map_err(|cause| StatusError::Malformed { path: path(), cause })?;
        let at = record.at.parse().map_err(|_| StatusError::Undated { path: path() })?;
        Ok(Some(StatusReport { pid: record.pid, at, status: record.status }))
    }
}

#[cfg(test)]
mod tests;
