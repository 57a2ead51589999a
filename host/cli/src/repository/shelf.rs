//! A directory that is written to: each file whole or not at all, whatever happens meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jurat_disk::files::Directory;
use jurat_model::Bytes;
use jurat_trust::publish::{Stability, Upload};
use jurat_trust::{Fetch, FetchError, SafePath};

use crate::exit::{Exit, Failure};

/// A directory for files of a repository.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    files: Directory,
}

impl Shelf {
    /// A directory, which need not be there yet.
    pub(crate) fn new(root: &Path) -> Self {
        Self { files: Directory::new(root) }
    }

    /// What is in it.
    pub(crate) fn files(&self) -> &Directory {
        &self.files
    }

    /// Makes the directory, if it is not there.
    pub(crate) fn create(&self) -> Result<(), Failure> {
        let root = self.files.root();
        create(root).map_err(|error| Failure::about(Exit::Host, root.display(), &error))
    }

    /// Puts a file of a publication there. Says whether it was not there yet.
    pub(crate) fn put(&self, upload: &Upload) -> Result<bool, Failure> {
        match upload.stability {
            Stability::Immutable => self.add(&upload.path, &upload.bytes),
            Stability::Mutable => self.replace(&upload.path, &upload.bytes).map(|_| true),
        }
    }

    /// Writes a file that is never replaced. Says whether it was not there yet.
    pub(crate) fn add(&self, path: &SafePath, bytes: &[u8]) -> Result<bool, Failure> {
        match self.files.get(path, Bytes::new(bytes.len() as u64)) {
            Ok(there) if there == bytes => Ok(false),
            Ok(_) | Err(FetchError::TooLong) => Err(Failure::new(
                Exit::Trust,
                format!("{}: it says something else already, and is never replaced", self.path(path).display()),
            )),
            Err(FetchError::NotFound) => self.replace(path, bytes).map(|_| true),
            Err(FetchError::Failed(cause)) => Err(Failure::about(Exit::Host, self.path(path).display(), &*cause)),
        }
    }

    /// Writes a file, in the place of what is there.
    pub(crate) fn replace(&self, path: &SafePath, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let file = self.path(path);
        replace(&file, bytes).map_err(|error| Failure::about(Exit::Host, file.display(), &error))?;
        Ok(file)
    }

    /// Removes a file, if it is there, and its directory, if nothing else is in that.
    pub(crate) fn remove(&self, path: &SafePath) -> Result<(), Failure> {
        let file = self.path(path);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::about(Exit::Host, file.display(), &error))
            }
            _ => {
                if let Some(directory) = file.parent() {
                    let _ = fs::remove_dir(directory);
                }
                Ok(())
            }
        }
    }

    /// Where a file is.
    pub(crate) fn path(&self, path: &SafePath) -> PathBuf {
        self.files.root().join(path.as_str())
    }
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    create(directory)?;
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".tmp");
    let temporary = directory.join(name);
    // One that was broken off has left it behind.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = OpenOptions::new().write(true).create_new(true).open(&temporary).and_then(|mut out| {
        out.write_all(bytes)?;
        out.sync_all()?;
        fs::rename(&temporary, file)?;
        // Without this, the new name may not outlive a loss of power.
        File::open(directory)?.sync_all()
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Makes a directory with all above it, each of which outlives a loss of power.
fn create(directory: &Path) -> io::Result<()> {
    if directory.as_os_str().is_empty() || directory.is_dir() {
        return Ok(());
    }
    let above = directory.parent().unwrap_or(Path::new("/"));
    create(above)?;
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
    File::open(above)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_replaced_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(&directory.path().join("a/b"));
        let path: SafePath = "blobs/sha256/x".parse().unwrap();
        assert!(shelf.add(&path, b"one").unwrap());
        assert!(!shelf.add(&path, b"one").unwrap());
        for other in [&b"two"[..], b"on", b"one more"] {
            let refused = shelf.add(&path, other).unwrap_err();
            assert!(refused.messages().concat().contains("never replaced"));
        }
        assert_eq!(fs::read(shelf.path(&path)).unwrap(), b"one");
        shelf.replace(&path, b"two").unwrap();
        assert_eq!(fs::read(shelf.path(&path)).unwrap(), b"two");
    }

    #[test]
    fn what_was_left_behind_by_a_write_that_broke_off_is_no_hindrance() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".x.tmp"), "half").unwrap();
        let shelf = Shelf::new(directory.path());
        shelf.replace(&"x".parse().unwrap(), b"whole").unwrap();
        let names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["x"]);
    }
}
