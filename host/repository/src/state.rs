//! The state of one tenant's repository on the disk, which survives restarts.
//!
//! | Name | What |
//! |---|---|
//! | `1.root.json`, `timestamp.json`, `clock.json`, ... | what [`Client`](jurat_trust::Client) keeps: envelopes as they were received |
//! | `lock` | held by the process that writes these |
//! | `releases/` | the releases that were run: [`Kept`] |
//! | `pin.json` | the pinned release: [`PinFile`] |
//! | `status.json`, `serving.lock` | the status of a running host, and the lock of all that run: [`StatusFile`] |
//!
//! Nothing in it is trusted: readers verify it again. But it must not be lost unnoticed, because a host without its state
//! can be given old releases. So a file that cannot be read is an error, and never an absent one.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jurat_disk::{CacheDir, CacheDirError, Lock};
use jurat_model::Bytes;
use jurat_trust::{StateFile, Store, StoreError};
use thiserror::Error;

use crate::kept::{Kept, KeptError};
use crate::pin::{self, PinFile};
use crate::status_file::{self, StatusFile};

/// The longest file: many times the longest metadata that a host accepts.
const MOST: Bytes = Bytes::mebi(16);
const LOCK: &str = "lock";
/// Entries that are not metadata.
const OTHERS: [&str; 3] = [LOCK, pin::NAME, status_file::NAME];

/// The state of one tenant's repository. Clones share it.
///
/// Reads need no lock; they find each file as before or after a write. Writing the client's files needs [`Writing`], which one
/// thread of one process has at a time.
///
/// # Limits
/// Between two reads, another process may write: several files are consistent only for the holder of [`Writing`].
#[derive(Clone, Debug)]
pub(crate) struct StateDir {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    directory: Arc<CacheDir>,
    /// Whether a [`Writing`] of this value exists.
    is_held: AtomicBool,
}

/// The permission to write, until it is dropped or the process ends.
#[derive(Debug)]
#[must_use = "it is gone as soon as it is dropped"]
pub(crate) struct Writing {
    inner: Arc<Inner>,
    _lock: Lock,
}

/// Why state was not read or written.
#[derive(Debug, Error)]
pub(crate) enum StateError {
    /// The directory or a file in it is not as it must be, or the system failed.
    #[error(transparent)]
    Directory(#[from] CacheDirError),
    /// Another process is writing.
    #[error(
        "`{}` has been locked by another process or thread for more than {waited:?}; it is free as soon as that one has finished \
         or ended", path.display()
    )]
    Busy {
        /// The lock.
        path: PathBuf,
        /// How long this waited.
        waited: Duration,
    },
    /// The caller has no permission to write.
    #[error("`{}` is not written, because the lock of its directory is not held", path.display())]
    NotHeld {
        /// The file.
        path: PathBuf,
    },
    /// It is too long to be read back.
    #[error("`{}` is not written, because it has {length} bytes, and at most {MOST} are read back", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length.
        length: usize,
    },
}

impl StateDir {
    /// Opens the state of a tenant below the directory of all tenants. Creates it if it is missing, for this user only.
    ///
    /// # Errors
    /// When others could change what is in it, or the system fails.
    pub(crate) fn open(all: &CacheDir, tenant: &str) -> Result<Self, StateError> {
        let directory = Arc::new(all.below(tenant)?);
        Ok(Self { inner: Arc::new(Inner { directory, is_held: AtomicBool::new(false) }) })
    }

    /// Waits for the permission to write, for at most `patience`.
    ///
    /// # Errors
    /// When another process has it, or the system fails.
    pub(crate) fn lock(&self, patience: Duration) -> Result<Writing, StateError> {
        let directory = &self.inner.directory;
        let Some(lock) = directory.lock(LOCK, patience)? else {
            return Err(StateError::Busy { path: directory.path().join(LOCK), waited: patience });
        };
        self.inner.is_held.store(true, Ordering::Release);
        Ok(Writing { inner: Arc::clone(&self.inner), _lock: lock })
    }

    /// The releases that were run.
    ///
    /// # Errors
    /// When others could change them, or the system fails.
    pub(crate) fn kept(&self) -> Result<Kept, KeptError> {
        Kept::open(&self.inner.directory)
    }

    /// The pinned release.
    pub(crate) fn pin(&self) -> PinFile {
        PinFile::new(Arc::clone(&self.inner.directory))
    }

    /// The status of the running host.
    pub(crate) fn status(&self) -> StatusFile {
        StatusFile::new(Arc::clone(&self.inner.directory))
    }

    /// Forgets the latest time that this host has seen: the remedy after its clock was once far ahead.
    ///
    /// # Errors
    /// When another process writes for longer than `patience`, or the system fails.
    pub(crate) fn forget_clock(&self, patience: Duration) -> Result<(), StateError> {
        let _lock = self.lock(patience)?;
        self.remove_file(&StateFile::Clock)
    }

    /// Forgets all metadata: the remedy for state that cannot be read any more. The releases that were run and the pin stay; they
    /// are verified again before use.
    ///
    /// # Errors
    /// When another process writes for longer than `patience`, or the system fails.
    pub(crate) fn forget_metadata(&self, patience: Duration) -> Result<(), StateError> {
        let _lock = self.lock(patience)?;
        let directory = &self.inner.directory;
        for name in directory.list()? {
            if name.ends_with(".json") && !OTHERS.contains(&&*name) {
                directory.remove(&name)?;
            }
        }
        Ok(())
    }

    fn read_file(&self, file: &StateFile) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.inner.directory.read(&file.name(), MOST)?)
    }

    /// The name of a file, if it may be changed now.
    fn writable(&self, file: &StateFile) -> Result<String, StateError> {
        let name = file.name();
        if self.inner.is_held.load(Ordering::Acquire) {
            Ok(name)
        } else {
            Err(StateError::NotHeld { path: self.inner.directory.path().join(name) })
        }
    }

    fn write_file(&self, file: &StateFile, bytes: &[u8]) -> Result<(), StateError> {
        let name = self.writable(file)?;
        if bytes.len() as u64 > MOST.get() {
            return Err(StateError::TooLong { path: self.inner.directory.path().join(name), length: bytes.len() });
        }
        Ok(self.inner.directory.write(&name, bytes)?)
    }

    fn remove_file(&self, file: &StateFile) -> Result<(), StateError> {
        let name = self.writable(file)?;
        Ok(self.inner.directory.remove(&name)?)
    }
}

impl Store for StateDir {
    fn read(&self, file: &StateFile) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_file(file).map_err(store_error)
    }

    fn write(&mut self, file: &StateFile, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_file(file, bytes).map_err(store_error)
    }

    fn remove(&mut self, file: &StateFile) -> Result<(), StoreError> {
        self.remove_file(file).map_err(store_error)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // Before the lock itself, so that the next holder keeps its permission.
        self.inner.is_held.store(false, Ordering::Release);
    }
}

fn store_error(error: StateError) -> StoreError {
    StoreError(Box::new(error))
}

#[cfg(test)]
mod tests;
