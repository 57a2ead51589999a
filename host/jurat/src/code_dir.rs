//! A cache of compiled rules on the disk, and the key that authenticates them. Proofs that test vectors hold are kept in the same way.
//!
//! They are stored apart: the code in the cache directory, which may be shared and lost, the key in the host's own state directory.

use jurat_model::{Bytes, chain};
use jurat_sandbox::CodeStore;

use jurat_disk::{CacheDir, CacheDirError};

mod key;

pub(crate) use key::host_key;

/// The most bytes of one entry. A component at all caps becomes some ten megabytes of machine code.
const ENTRY: Bytes = Bytes::mebi(128);

/// A directory for compiled rules or for proofs, of limited size: the least recently used entry is evicted first.
///
/// # Limits
/// Processes that share it and write at once can exceed its size by what they are writing.
#[derive(Debug)]
pub(crate) struct CodeDir {
    directory: CacheDir,
    size: Bytes,
}

impl CodeDir {
    /// The default size: 1 GiB, enough for a thousand components.
    pub(crate) const SIZE: Bytes = Bytes::mebi(1_024);

    /// A cache of at most `size` bytes in a directory of its own: anything beyond that is removed.
    pub(crate) fn new(directory: CacheDir, size: Bytes) -> Self {
        Self { directory, size }
    }

    /// Evicts the least recently used entries until a new one fits. Returns whether it fits.
    fn evict(&self, name: &str, length: u64) -> Result<bool, CacheDirError> {
        let mut others = Vec::new();
        for other in self.directory.list()?.into_iter().filter(|other| other != name) {
            // An entry that is gone by now takes no space.
            if let Some(stamp) = self.directory.stamp(&other)? {
                others.push((stamp.modified(), other, stamp.length()));
            }
        }
        others.sort_unstable();
        let mut total = others.iter().fold(length, |sum, (_, _, length)| sum.saturating_add(*length));
        for (_, other, length) in others {
            if total <= self.size.get() {
                break;
            }
            match self.directory.remove(&other) {
                Ok(()) => total = total.saturating_sub(length),
                Err(error) => tracing::warn!(
                    error = chain(&error),
                    "what was kept for the next start, and is old, cannot be removed"
                ),
            }
        }
        Ok(total <= self.size.get())
    }
}

impl CodeStore for CodeDir {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let found = self.directory.read(name, ENTRY).unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "what was kept for this start cannot be read, and is made again");
            None
        })?;
        if let Err(error) = self.directory.touch(name) {
            // Its age is then overestimated, nothing else.
            tracing::debug!(error = chain(&error), "what was kept for this start was used, and it cannot be noted");
        }
        Some(found)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let length = bytes.len() as u64;
        if length > ENTRY.min(self.size).get() {
            tracing::warn!(entry = name, length, "an entry is too large to be kept for the next start");
            return;
        }
        let kept = self.evict(name, length).and_then(|fits| match fits {
            true => self.directory.write(name, bytes),
            false => {
                tracing::warn!(entry = name, length, "there is no room to keep an entry for the next start");
                Ok(())
            }
        });
        if let Err(error) = kept {
            tracing::warn!(error = chain(&error), "an entry cannot be kept for the next start");
        }
    }

    fn remove(&self, name: &str) {
        if let Err(error) = self.directory.remove(name) {
            tracing::warn!(error = chain(&error), "an entry that is of no use cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests;
