//! An incomplete file.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::sync::Arc;

use bytes::Bytes as Chunk;
use jurat_model::Bytes;
use jurat_trust::{Digest, SafePath};
use rustix::fs::{FlockOperation, Mode, OFlags, flock, fstat, fsync, openat, renameat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::disk::{self, Disk, on_disk};
use super::error::BlobsError;
use crate::remote::Sink;

/// The most concurrent fetches of the same file.
const WRITERS: u32 = 1_024;

/// The beginning of a file on the disk, locked by this process. It stays there for the next fetch.
#[derive(Debug)]
pub(super) struct Partial {
    disk: Arc<Disk>,
    digest: Digest,
    length: u64,
    name: String,
    /// None after a write has failed or was cancelled.
    open: Option<Open>,
    held: u64,
    received: u64,
    is_old: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    hasher: Sha256,
}

impl Partial {
    /// Opens and locks the incomplete file, which may be empty.
    pub(super) fn open(disk: Arc<Disk>, digest: Digest, length: u64) -> Result<Self, BlobsError> {
        for writer in 0..WRITERS {
            let name = Disk::partial(&digest, writer);
            let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let failed = |cause: io::Error| disk.write_error(&name, cause);
            let file = openat(&*disk, &name, flags, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => continue,
                Err(error) => return Err(failed(error.into())),
            }
            let mut open = Open { file: File::from(file), hasher: Sha256::default() };
            let found = fstat(&open.file).map_err(|error| failed(error.into()))?;
            // The previous holder may have completed it, and then it must not be written any more.
            if !disk::is_regular(&found) || !disk.names(&name, &found)? {
                continue;
            }
            let mut held = 0;
            if u64::try_from(found.st_size).is_ok_and(|found| found <= length) {
                held = disk::hash(&mut open.file, &mut open.hasher).map_err(failed)?;
            } else {
                open.restart().map_err(failed)?;
            }
            let (open, is_old) = (Some(open), held > 0);
            return Ok(Self { disk, digest, length, name, open, held, received: 0, is_old });
        }
        Err(disk.unwritten(&digest, io::ErrorKind::ResourceBusy.into()))
    }

    pub(super) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Whether it is complete.
    pub(super) fn is_whole(&self) -> bool {
        self.held == self.length
    }

    /// Whether it contains bytes of an earlier fetch.
    pub(super) fn is_old(&self) -> bool {
        self.is_old
    }

    /// The bytes received.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Whether it has the expected digest.
    pub(super) fn check(&self) -> Result<(), BlobsError> {
        let file = || SafePath::of_blob(&self.digest);
        let (expected, found) = (Bytes::new(self.length), Bytes::new(self.held));
        let Some(open) = self.open.as_ref().filter(|_| self.is_whole()) else {
            return Err(BlobsError::TooShort { file: file(), expected, found });
        };
        if disk::is(open.hasher.clone(), &self.digest) {
            return Ok(());
        }
        let found = open.hasher.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Err(BlobsError::Altered { file: file(), found })
    }

    /// Renames it to its final name. It is then on the disk as a whole, or not at all.
    pub(super) async fn finish(self) -> Result<(), BlobsError> {
        on_disk(move || {
            let name = self.digest.to_string();
            let finish = || -> io::Result<()> {
                self.open.as_ref().ok_or_else(interrupted)?.file.sync_all()?;
                renameat(&*self.disk, &self.name, &*self.disk, &name)?;
                fsync(&*self.disk)?;
                Ok(())
            };
            finish().map_err(|cause| {
                // If this fails too, it stays until a fetch resumes it, or it is pruned.
                let _ = self.disk.remove(&self.name);
                self.disk.write_error(&name, cause)
            })
        })
        .await
    }

    /// Removes it.
    pub(super) async fn discard(&mut self) {
        let (disk, name, open) = (Arc::clone(&self.disk), self.name.clone(), self.open.take());
        // If this fails, it stays until a fetch resumes it, or it is pruned.
        let _ = on_disk(move || {
            let removed = disk.remove(&name);
            drop(open);
            removed
        })
        .await;
    }

    /// Runs blocking work on the file.
    async fn change(&mut self, change: impl FnOnce(&mut Open) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        let mut open = self.open.take().ok_or_else(interrupted)?;
        let changed = tokio::task::spawn_blocking(move || change(&mut open).map(|()| open)).await;
        self.open = Some(changed.map_err(io::Error::other)??);
        Ok(())
    }
}

impl Sink for Partial {
    fn cap(&self) -> Bytes {
        Bytes::new(self.length)
    }

    fn held(&self) -> u64 {
        self.held
    }

    async fn restart(&mut self) -> io::Result<()> {
        if self.held > 0 {
            self.change(Open::restart).await?;
        }
        (self.held, self.is_old) = (0, false);
        Ok(())
    }

    async fn append(&mut self, chunk: Chunk) -> io::Result<()> {
        let length = chunk.len() as u64;
        self.change(move |open| {
            open.file.write_all(&chunk)?;
            open.hasher.update(&chunk);
            Ok(())
        })
        .await?;
        self.held += length;
        self.received += length;
        Ok(())
    }
}

impl Open {
    fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.hasher = Sha256::default();
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Unlocked explicitly, because a child that is just being started may still have the file open.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

fn interrupted() -> io::Error {
    io::Error::other("an earlier attempt to write it has not ended")
}
