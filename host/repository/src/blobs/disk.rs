//! The directory with the files.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use jiff::Timestamp;
use jurat_disk::CacheDir;
use jurat_disk::files::{self, ReadError};
use jurat_model::Bytes;
use jurat_trust::{Digest, SafePath};
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW};
use rustix::fs::{flock, fstat, fsync, futimens, openat, statat, unlinkat};
use rustix::io::Errno;
use sha2::Sha256;

use super::error::BlobsError;

/// The suffix of incomplete files.
const PARTIAL: &str = ".partial";
/// Does not wait for a pipe, and does not take a terminal as the controlling one.
const FLAGS: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(super) struct Disk(CacheDir);

impl Disk {
    pub(super) fn new(directory: CacheDir) -> Self {
        Self(directory)
    }

    /// Whether there is a file with this digest; marks it as used. Removes anything else with its name. A file with the right
    /// digest but another length stays: the given length may be wrong.
    pub(super) fn has(&self, digest: &Digest, length: u64) -> Result<bool, BlobsError> {
        let name = digest.to_string();
        let file = match openat(self, &name, OFlags::RDONLY | FLAGS, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(false),
            Err(Errno::LOOP | Errno::MLINK | Errno::NXIO) => return self.remove(&name).map(|()| false),
            Err(error) => return Err(self.unread(&name, ReadError::Failed(error.into()))),
        };
        let failed = |cause: io::Error| self.unread(&name, ReadError::Failed(cause));
        let found = fstat(&file).map_err(|error| failed(error.into()))?;
        // First, so that no process removes it as unused.
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        futimens(&file, &Timestamps { last_access: now, last_modification: now })
            .map_err(|error| self.write_error(&name, error.into()))?;
        let (mut is_right, mut hashed) = (false, 0);
        if is_regular(&found) {
            let mut hasher = Sha256::default();
            hashed = hash(&mut (&file), &mut hasher).map_err(failed)?;
            is_right = is(hasher, digest);
        }
        if !is_right {
            tracing::warn!(path = %self.path(&name).display(), "a file was changed on this disk, and is fetched again");
            self.remove_this(&name, &found)?;
            return Ok(false);
        }
        if hashed != length {
            let (file, expected, found) = (SafePath::of_blob(digest), Bytes::new(length), Bytes::new(hashed));
            return Err(BlobsError::OtherLength { file, expected, found });
        }
        self.names(&name, &found)
    }

    /// The bytes of a file of at most `cap`, if their digest is right; none if there is no such file. Removes a damaged one.
    pub(super) fn read(&self, digest: &Digest, cap: Bytes) -> Result<Option<Vec<u8>>, BlobsError> {
        let name = digest.to_string();
        let file = match openat(self, &name, OFlags::RDONLY | FLAGS, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::MLINK) => return Err(self.unread(&name, ReadError::Link)),
            Err(Errno::NXIO) => return Err(self.unread(&name, ReadError::NotAFile)),
            Err(error) => return Err(self.unread(&name, ReadError::Failed(error.into()))),
        };
        let found = fstat(&file).map_err(|error| self.unread(&name, ReadError::Failed(error.into())))?;
        let bytes = files::read_regular(file, cap).map_err(|cause| self.unread(&name, cause))?;
        if Digest::of(&bytes) == *digest {
            return Ok(Some(bytes));
        }
        self.remove_this(&name, &found)?;
        Err(BlobsError::Damaged { path: self.path(&name) })
    }

    /// Removes old files that are not to be kept, and returns their number.
    pub(super) fn prune(&self, keep: &BTreeSet<Digest>, older_than: Timestamp) -> Result<usize, BlobsError> {
        let mut removed = 0;
        for name in self.0.list().map_err(BlobsError::Directory)? {
            let (whole, is_partial) = match name.strip_suffix(PARTIAL).and_then(|name| name.split_once('.')) {
                Some((whole, _)) => (whole, true),
                None => (&*name, false),
            };
            // Files with other names are not ours.
            let Ok(digest) = whole.parse::<Digest>() else { continue };
            if (is_partial || !keep.contains(&digest)) && self.prune_one(&name, is_partial, older_than)? {
                removed += 1;
            }
        }
        if removed > 0 {
            fsync(self).map_err(|error| self.write_error("", error.into()))?;
        }
        Ok(removed)
    }

    fn prune_one(&self, name: &str, is_partial: bool, older_than: Timestamp) -> Result<bool, BlobsError> {
        // It may have been removed meanwhile.
        let Ok(found) = statat(self, name, AtFlags::SYMLINK_NOFOLLOW) else { return Ok(false) };
        let modified = Timestamp::new(found.st_mtime, i32::try_from(found.st_mtime_nsec).unwrap_or_default());
        if !modified.is_ok_and(|modified| modified < older_than) {
            return Ok(false);
        }
        if is_partial {
            let Ok(file) = openat(self, name, OFlags::RDWR | FLAGS, Mode::empty()) else { return Ok(false) };
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() || !self.names(name, &found)? {
                return Ok(false);
            }
            return self.remove(name).map(|()| true);
        }
        self.remove(name).map(|()| true)
    }

    /// The name of an incomplete file: one for each concurrent fetch.
    pub(super) fn partial(digest: &Digest, writer: u32) -> String {
        format!("{digest}.{writer}{PARTIAL}")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Whether a name still refers to an open file.
    pub(super) fn names(&self, name: &str, file: &Stat) -> Result<bool, BlobsError> {
        match statat(self, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) => Ok((named.st_dev, named.st_ino) == (file.st_dev, file.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.unread(name, ReadError::Failed(error.into()))),
        }
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), BlobsError> {
        match unlinkat(self, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(self.write_error(name, error.into())),
        }
    }

    /// Removes a file, unless it was replaced meanwhile.
    fn remove_this(&self, name: &str, file: &Stat) -> Result<(), BlobsError> {
        if self.names(name, file)? { self.remove(name) } else { Ok(()) }
    }

    /// The error of a write.
    pub(super) fn unwritten(&self, digest: &Digest, cause: io::Error) -> BlobsError {
        self.write_error(&digest.to_string(), cause)
    }

    pub(super) fn write_error(&self, name: &str, cause: io::Error) -> BlobsError {
        let path = self.path(name);
        match cause.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                BlobsError::Full { path, cause }
            }
            _ => BlobsError::Write { path, cause },
        }
    }

    fn unread(&self, name: &str, cause: ReadError) -> BlobsError {
        BlobsError::Read { path: self.path(name), cause }
    }
}

impl AsFd for Disk {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

pub(super) fn is_regular(found: &Stat) -> bool {
    FileType::from_raw_mode(found.st_mode) == FileType::RegularFile
}

/// Hashes the rest of a file, and returns its length.
pub(super) fn hash(from: &mut impl Read, hasher: &mut Sha256) -> io::Result<u64> {
    use sha2::Digest as _;

    let (mut length, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(length),
            Ok(read) => {
                hasher.update(buffer.get(..read).unwrap_or_default());
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether the hashed bytes have this digest.
pub(super) fn is(hasher: Sha256, digest: &Digest) -> bool {
    use sha2::Digest as _;

    hasher.finalize().as_slice() == digest.as_bytes()
}

/// Runs blocking work on the disk.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobsError> + Send + 'static,
) -> Result<T, BlobsError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(BlobsError::Ended))
}
