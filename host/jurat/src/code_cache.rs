//! Compiled rules on the disk, and the key without which they are worth nothing.
//!
//! The two never lie together: the code is in the cache, which may be shared and lost, the key with what this host alone keeps.

use jurat_model::{Bytes, chain};
use jurat_sandbox::CodeStore;

use jurat_disk::{CacheDir, CacheDirError};

mod key;

pub(crate) use key::host_key;

/// The most bytes of one entry. A component at all caps becomes some ten megabytes of machine code.
const ENTRY: Bytes = Bytes::mebi(128);

/// A directory for compiled rules, of limited size: what was not used for longest makes room.
///
/// # Limits
/// Processes that share it and write at once can exceed its size by what they are writing.
#[derive(Debug)]
pub(crate) struct CodeDir {
    directory: CacheDir,
    size: Bytes,
}

impl CodeDir {
    /// How large it is if nobody says anything else: 1 GiB, which is room for a thousand components.
    pub(crate) const SIZE: Bytes = Bytes::mebi(1_024);

    /// Keeps so many bytes in a directory, which must be for nothing else: what is too much is removed, whatever it is.
    pub(crate) fn new(directory: CacheDir, size: Bytes) -> Self {
        Self { directory, size }
    }

    /// Removes what was not used for longest, until there is room for an entry. Says whether there is.
    fn make_room(&self, name: &str, length: u64) -> Result<bool, CacheDirError> {
        let mut others = Vec::new();
        for other in self.directory.list()?.into_iter().filter(|other| other != name) {
            // One that is gone by now takes no room.
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
                Err(error) => tracing::warn!(error = chain(&error), "what lies among compiled code cannot make room"),
            }
        }
        Ok(total <= self.size.get())
    }
}

impl CodeStore for CodeDir {
    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let found = self.directory.read(name, ENTRY).unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "compiled code cannot be read, and is compiled anew");
            None
        })?;
        if let Err(error) = self.directory.touch(name) {
            // It is taken for older than it is, that is all.
            tracing::debug!(error = chain(&error), "compiled code was used, and it cannot be noted");
        }
        Some(found)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let length = bytes.len() as u64;
        if length > ENTRY.min(self.size).get() {
            tracing::warn!(entry = name, length, "compiled code is too large to be kept for the next start");
            return;
        }
        let kept = self.make_room(name, length).and_then(|has_room| match has_room {
            true => self.directory.write(name, bytes),
            false => {
                tracing::warn!(entry = name, length, "there is no room to keep compiled code for the next start");
                Ok(())
            }
        });
        if let Err(error) = kept {
            tracing::warn!(error = chain(&error), "compiled code cannot be kept for the next start");
        }
    }

    fn remove(&self, name: &str) {
        if let Err(error) = self.directory.remove(name) {
            tracing::warn!(error = chain(&error), "compiled code that is of no use cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests;
