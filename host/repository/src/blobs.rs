//! The files of releases, by digest: fetched once, stored across restarts, shared by releases, tenants and processes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jurat_disk::{CacheDir, CacheDirError};
use jurat_trust::{Digest, SafePath};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::remote::{Remote, RemoteCause, RemoteError, Sink};

mod disk;
mod error;
mod partial;
mod source;

use disk::{Disk, on_disk};
pub(crate) use error::BlobsError;
use partial::Partial;
pub(crate) use source::BlobSource;

/// The most files that are fetched at a time.
const AT_A_TIME: usize = 4;

/// Files in a directory, each named by its SHA-256. Cheap to clone.
///
/// A file gets its name when all of it is on the disk and was hashed. It is still hashed again at every use, and removed if it is
/// wrong. Incomplete files stay, and fetching resumes from them.
///
/// # Limits
/// Processes can share a directory. Two that want the same file at the same time may both fetch it.
#[derive(Clone, Debug)]
pub(crate) struct Blobs {
    disk: Arc<Disk>,
    turns: Arc<Semaphore>,
}

/// The result of fetching.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Fetched {
    /// The number of files.
    pub(crate) files: usize,
    /// The bytes received for them.
    pub(crate) bytes: u64,
}

impl Blobs {
    /// The files in `blobs/sha256` below a directory.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub(crate) fn open(cache: &CacheDir) -> Result<Self, CacheDirError> {
        let disk = Disk::new(cache.below("blobs")?.below("sha256")?);
        Ok(Self { disk: Arc::new(disk), turns: Arc::new(Semaphore::new(AT_A_TIME)) })
    }

    /// Fetches those files, of the given lengths, that are missing or damaged. Sends no request if there are none.
    ///
    /// Fetches four at a time. Each has the time limit of one file.
    ///
    /// # Errors
    /// With the first error; the next call resumes the other files. See [`BlobsError`].
    ///
    /// # Limits
    /// It blocks the calling thread, which must not belong to the runtime of the repository.
    pub(crate) fn fetch_missing(&self, remote: &Remote, wanted: &[(Digest, u64)]) -> Result<Fetched, BlobsError> {
        let wanted: BTreeMap<_, _> = wanted.iter().copied().collect();
        let (blobs, from) = (self.clone(), remote.clone());
        remote.wait_for(async move { blobs.fetch(from, wanted).await }).unwrap_or(Err(BlobsError::Ended))
    }

    /// Removes the files that were neither fetched nor used since a point in time, except for those to keep.
    ///
    /// # Errors
    /// When the directory cannot be read, or a file not removed.
    ///
    /// # Limits
    /// Use by other processes shows only in the times of files: leave them a day.
    pub(crate) fn keep_only(&self, keep: &BTreeSet<Digest>, older_than: Timestamp) -> Result<usize, BlobsError> {
        self.disk.prune(keep, older_than)
    }

    /// A source of these files only, which sends no request.
    pub(crate) fn source(&self) -> BlobSource {
        BlobSource::new(Arc::clone(&self.disk))
    }

    async fn fetch(self, remote: Remote, mut wanted: BTreeMap<Digest, u64>) -> Result<Fetched, BlobsError> {
        let disk = Arc::clone(&self.disk);
        let missing = on_disk(move || {
            // This reads the disk, and removes damaged files.
            let mut missing = Vec::new();
            while let Some((digest, length)) = wanted.pop_first() {
                if !disk.has(&digest, length)? {
                    missing.push((digest, length));
                }
            }
            Ok(missing)
        })
        .await?;
        let mut fetched = Fetched::default();
        if missing.is_empty() {
            return Ok(fetched);
        }
        let (files, bytes) =
            (missing.len(), missing.iter().fold(0_u64, |sum, (_, length)| sum.saturating_add(*length)));
        tracing::info!(files, bytes, "files of a release are fetched");
        let begin = Instant::now();
        let mut tasks = JoinSet::new();
        for (digest, length) in missing {
            tasks.spawn(self.clone().fetch_one(remote.clone(), digest, length));
        }
        while let Some(done) = tasks.join_next().await {
            fetched.files += 1;
            // Dropping the set ends the remaining tasks.
            fetched.bytes += done.unwrap_or(Err(BlobsError::Ended))?;
        }
        let took = begin.elapsed();
        tracing::info!(files, bytes = fetched.bytes, seconds = took.as_secs_f32(), "files of a release were fetched");
        Ok(fetched)
    }

    /// Fetches one file, and returns the bytes received.
    async fn fetch_one(self, remote: Remote, digest: Digest, length: u64) -> Result<u64, BlobsError> {
        let Ok(_turn) = self.turns.acquire().await else { return Err(BlobsError::Ended) };
        let (file, begin) = (SafePath::of_blob(&digest), Instant::now());
        let disk = Arc::clone(&self.disk);
        let mut partial = on_disk(move || Partial::open(disk, digest, length)).await?;
        tracing::debug!(%file, bytes = length, held = partial.held(), "a file is fetched");
        loop {
            if !partial.is_whole()
                && let Err(error) = remote.download(&file, &mut partial).await
            {
                return Err(self.given_up(&mut partial, error).await);
            }
            match partial.check() {
                Ok(()) => break,
                // The resumed beginning may be what is wrong.
                Err(_) if partial.is_old() => {
                    partial.restart().await.map_err(|cause| self.disk.unwritten(&digest, cause))?
                }
                Err(error) => {
                    partial.discard().await;
                    return Err(error);
                }
            }
        }
        let received = partial.received();
        partial.finish().await?;
        tracing::debug!(%file, bytes = received, seconds = begin.elapsed().as_secs_f32(), "a file was fetched");
        Ok(received)
    }

    /// Keeps a partial file only if fetching can resume from it.
    async fn given_up(&self, partial: &mut Partial, error: RemoteError) -> BlobsError {
        match error.cause {
            RemoteCause::NotKept(cause) => {
                partial.discard().await;
                self.disk.unwritten(partial.digest(), cause)
            }
            RemoteCause::TooLong { .. } => {
                partial.discard().await;
                BlobsError::Remote(error)
            }
            _ => BlobsError::Remote(error),
        }
    }
}

#[cfg(test)]
mod tests;
