//! The directory in which a host keeps what it knows of one tenant's repository, so that a restart forgets nothing.
//!
//! | Name | What |
//! |---|---|
//! | `1.root.json`, `timestamp.json`, `clock.json`, ... | what [`Client`](jurat_trust::Client) keeps: envelopes as they were received |
//! | `lock` | held by whoever writes these |
//! | `releases/` | the releases that were run: [`Kept`] |
//! | `pin.json` | the release that this host was told to run: [`PinFile`] |
//! | `status.json` | how a running host is: [`StatusFile`] |
//!
//! Nothing in it is trusted: whoever reads it verifies it again. But it must not be lost unnoticed, because a host that has
//! forgotten what it knew can be given what is old. So a file that cannot be read is an error, and never an absent one.

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

/// The longest file that is kept: many times the longest metadata that a host accepts.
const MOST: Bytes = Bytes::mebi(16);
const LOCK: &str = "lock";
/// Whose files are not metadata.
const OTHERS: [&str; 3] = [LOCK, pin::NAME, status_file::NAME];

/// What a host keeps of one tenant's repository. Clones are one and the same.
///
/// Reading needs no permission; it finds each file as it was before some write or after it. Writing what the client keeps needs
/// [`Writing`], which one thread of one process has at a time.
///
/// # Limits
/// Between two reads, somebody else may write: what several files say together is true only for whoever has [`Writing`].
#[derive(Clone, Debug)]
pub(crate) struct StateDir {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    directory: Arc<CacheDir>,
    /// Whether somebody has [`Writing`] from here.
    is_held: AtomicBool,
}

/// The permission to write, until it is dropped or the process ends in whatever way.
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
    /// Somebody else is writing.
    #[error(
        "`{}` has been locked by another process or thread for more than {waited:?}; it is free as soon as that one has finished \
         or ended", path.display()
    )]
    Busy {
        /// The lock.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// Nobody has asked for the permission to write.
    #[error("`{}` is not written, because the lock of its directory is not held", path.display())]
    NotHeld {
        /// The file.
        path: PathBuf,
    },
    /// It would never be read back.
    #[error("`{}` is not written, because it has {length} bytes and no more than {MOST} are ever read back", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// How long it is.
        length: usize,
    },
}

impl StateDir {
    /// Opens what is kept for a tenant below the directory of all; it is made if it is missing, for this user only.
    ///
    /// # Errors
    /// When others could change what is in it, or the system fails.
    pub(crate) fn open(all: &CacheDir, tenant: &str) -> Result<Self, StateError> {
        let directory = Arc::new(all.below(tenant)?);
        Ok(Self { inner: Arc::new(Inner { directory, is_held: AtomicBool::new(false) }) })
    }

    /// Waits for the permission to write, but no longer than the caller is patient.
    ///
    /// # Errors
    /// When somebody else has it, or the system fails.
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

    /// The release that this host was told to run.
    pub(crate) fn pin(&self) -> PinFile {
        PinFile::new(Arc::clone(&self.inner.directory))
    }

    /// How the running host is.
    pub(crate) fn status(&self) -> StatusFile {
        StatusFile::new(Arc::clone(&self.inner.directory))
    }

    /// Forgets until when this host has been told the time: the way out after its clock was once far ahead.
    ///
    /// # Errors
    /// When somebody else is writing for longer than the caller is patient, or the system fails.
    pub(crate) fn forget_clock(&self, patience: Duration) -> Result<(), StateError> {
        let _alone = self.lock(patience)?;
        self.remove_file(&StateFile::Clock)
    }

    /// Forgets all metadata that was seen: the way out of state that cannot be read any more. The releases that were run stay, and the
    /// pin; nothing of them is trusted before it is verified anew.
    ///
    /// # Errors
    /// When somebody else is writing for longer than the caller is patient, or the system fails.
    pub(crate) fn forget_metadata(&self, patience: Duration) -> Result<(), StateError> {
        let _alone = self.lock(patience)?;
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

    /// The name of a file that may be changed now.
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
        // Before the lock itself, so that nobody's permission is taken away by mistake.
        self.inner.is_held.store(false, Ordering::Release);
    }
}

fn store_error(error: StateError) -> StoreError {
    StoreError(Box::new(error))
}

#[cfg(test)]
mod tests;
