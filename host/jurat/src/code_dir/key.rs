//! The key of this host.

use std::path::PathBuf;
use std::time::Duration;

use jurat_model::Bytes;
use jurat_sandbox::CodeKey;
use thiserror::Error;
use zeroize::Zeroizing;

use jurat_disk::{CacheDir, CacheDirError};

const NAME: &str = "host.key";
/// The lock of the process that makes the key.
const LOCK: &str = "host.key.lock";
const LENGTH: usize = 32;
/// How long to wait for another process that makes it. That takes a write to the disk.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no key.
#[derive(Debug, Error)]
pub(crate) enum HostKeyError {
    /// The directory, or the file in it, cannot be used.
    #[error(transparent)]
    Directory(#[from] CacheDirError),
    /// Others can read it.
    #[error(
        "`{}` is not used, because others can read it (mode {mode:03o}): remove it, and a new one is made, with which \
         rules are compiled once more", path.display()
    )]
    Readable {
        /// The file.
        path: PathBuf,
        /// The mode.
        mode: u32,
    },
    /// It is not a key.
    #[error(
        "`{}` has {found} bytes instead of {LENGTH}: remove it, and a new one is made, with which rules are compiled once more",
        path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// The length found.
        found: u64,
    },
    /// Another process is making it, and takes too long.
    #[error("`{}` is being made by another process, which does not come to an end", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers to make a key from")]
    Random(#[source] getrandom::Error),
}

/// The key of this host, made when there is none. Processes that start at once get the same one.
///
/// # Errors
/// See [`HostKeyError`]. A key that cannot be used is left as it is: who has read or cut it is for people to find out.
pub(crate) fn host_key(state_dir: &CacheDir) -> Result<CodeKey, HostKeyError> {
    Ok(CodeKey::new(&*bytes(state_dir)?))
}

/// The bytes of the key, the same for all who ask.
pub(super) fn bytes(state_dir: &CacheDir) -> Result<Zeroizing<[u8; LENGTH]>, HostKeyError> {
    if let Some(key) = read(state_dir)? {
        return Ok(key);
    }
    let busy = || HostKeyError::Busy { path: state_dir.path().join(NAME) };
    let _lock = state_dir.lock(LOCK, PATIENCE)?.ok_or_else(busy)?;
    // The previous holder of the lock has made it.
    if let Some(key) = read(state_dir)? {
        return Ok(key);
    }
    let mut fresh = Zeroizing::new([0; LENGTH]);
    getrandom::fill(&mut *fresh).map_err(HostKeyError::Random)?;
    state_dir.write(NAME, &*fresh)?;
    Ok(fresh)
}

fn read(state_dir: &CacheDir) -> Result<Option<Zeroizing<[u8; LENGTH]>>, HostKeyError> {
    let path = || state_dir.path().join(NAME);
    let (Some(mode), Some(stamp)) = (state_dir.mode(NAME)?, state_dir.stamp(NAME)?) else { return Ok(None) };
    if mode & 0o077 != 0 {
        return Err(HostKeyError::Readable { path: path(), mode });
    }
    let length = |found| HostKeyError::Length { path: path(), found };
    if stamp.length() != LENGTH as u64 {
        return Err(length(stamp.length()));
    }
    let Some(found) = state_dir.read(NAME, Bytes::new(LENGTH as u64))? else { return Ok(None) };
    let found = Zeroizing::new(found);
    let mut key = Zeroizing::new([0; LENGTH]);
    if found.len() != key.len() {
        return Err(length(found.len() as u64));
    }
    key.copy_from_slice(&found);
    Ok(Some(key))
}
