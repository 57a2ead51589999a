//! Sizes, ages and modes of files, for a directory of limited size.

use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_NOW, statat, utimensat};
use rustix::io::Errno;

use super::{CacheDir, CacheDirError, Stamp, check_name, permissions};
use crate::files::ReadError;

impl Stamp {
    /// The length of the file in bytes.
    pub fn length(&self) -> u64 {
        u64::try_from(self.length).unwrap_or_default()
    }

    /// When it was written or [touched](CacheDir::touch), by the file system's clock: seconds and nanoseconds.
    pub fn modified(&self) -> (i64, u64) {
        self.modified
    }
}

impl CacheDir {
    /// Marks a file as used just now, if there is one.
    ///
    /// # Errors
    /// When the name is not plain, or the system fails.
    pub fn touch(&self, name: &str) -> Result<(), CacheDirError> {
        check_name(name)?;
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let now = Timestamps { last_access: now, last_modification: now };
        match utimensat(&self.directory, name, &now, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(CacheDirError::Write { path: self.path.join(name), cause: error.into() }),
        }
    }

    /// The mode of a file; none if there is no such file.
    ///
    /// # Errors
    /// When the name is not plain, or the system fails.
    pub fn mode(&self, name: &str) -> Result<Option<u32>, CacheDirError> {
        check_name(name)?;
        match statat(&self.directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(permissions(&found))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => {
                let cause = ReadError::Failed(error.into());
                Err(CacheDirError::Read { path: self.path.join(name), cause })
            }
        }
    }
}
