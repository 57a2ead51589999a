//! Writes the files of a repository: each completely or not at all, even after a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jurat_disk::files::Directory;
use jurat_model::{Blame, Bytes};
use jurat_trust::publish::{Stability, Upload};
use jurat_trust::{Fetch, FetchError, SafePath};

use crate::exit::CommandError;

/// Writes files into a directory.
#[derive(Clone, Debug)]
pub(crate) struct RepositoryWriter {
    files: Directory,
}

impl RepositoryWriter {
    /// A directory, which need not exist yet.
    pub(crate) fn new(root: &Path) -> Self {
        Self { files: Directory::new(root) }
    }

    /// Its files.
    pub(crate) fn files(&self) -> &Directory {
        &self.files
    }

    /// Creates the directory, if it does not exist.
    pub(crate) fn create(&self) -> Result<(), CommandError> {
        let root = self.files.root();
        create(root).map_err(|error| CommandError::about(Blame::Host, root.display(), &error))
    }

    /// Writes a file of a publication. Returns whether it is new.
    pub(crate) fn put(&self, upload: &Upload) -> Result<bool, CommandError> {
        match upload.stability {
            Stability::Immutable => self.add(&upload.path, &upload.bytes),
            Stability::Mutable => self.replace(&upload.path, &upload.bytes).map(|_| true),
        }
    }

    /// Writes a file that is never replaced. Returns whether it is new.
    pub(crate) fn add(&self, path: &SafePath, bytes: &[u8]) -> Result<bool, CommandError> {
        match self.files.get(path, Bytes::new(bytes.len() as u64)) {
            Ok(existing) if existing == bytes => Ok(false),
            Ok(_) | Err(FetchError::TooLong) => Err(CommandError::new(
                Blame::Source,
                format!("{}: exists with other content, and is never replaced", self.path(path).display()),
            )),
            Err(FetchError::NotFound) => self.replace(path, bytes).map(|_| true),
            Err(FetchError::Failed(cause)) => Err(CommandError::about(Blame::Host, self.path(path).display(), &*cause)),
        }
    }

    /// Writes a file, and replaces an existing one.
    pub(crate) fn replace(&self, path: &SafePath, bytes: &[u8]) -> Result<PathBuf, CommandError> {
        let file = self.path(path);
        replace(&file, bytes).map_err(|error| CommandError::about(Blame::Host, file.display(), &error))?;
        Ok(file)
    }

    /// Removes a file, if it exists, and its directory, if that is empty then.
    pub(crate) fn remove(&self, path: &SafePath) -> Result<(), CommandError> {
        let file = self.path(path);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(CommandError::about(Blame::Host, file.display(), &error))
            }
            _ => {
                if let Some(directory) = file.parent() {
                    let _ = fs::remove_dir(directory);
                }
                Ok(())
            }
        }
    }

    /// The path of a file.
    pub(crate) fn path(&self, path: &SafePath) -> PathBuf {
        self.files.root().join(path.as_str())
    }
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    create(directory)?;
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().ok_or(io::ErrorKind::InvalidFilename)?);
    name.push(".tmp");
    let temporary = directory.join(name);
    // A crash may have left it behind.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = OpenOptions::new().write(true).create_new(true).open(&temporary).and_then(|mut out| {
        out.write_all(bytes)?;
        out.sync_all()?;
        fs::rename(&temporary, file)?;
        // Without this, the new name may not survive a loss of power.
        File::open(directory)?.sync_all()
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Creates a directory and its parents, so that they survive a loss of power.
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
    fn an_immutable_file_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let writer = RepositoryWriter::new(&directory.path().join("a/b"));
        let path: SafePath = "blobs/sha256/x".parse().unwrap();
        assert!(writer.add(&path, b"one").unwrap());
        assert!(!writer.add(&path, b"one").unwrap());
        for other in [&b"two"[..], b"on", b"one more"] {
            let refused = writer.add(&path, other).unwrap_err();
            assert!(refused.messages().concat().contains("never replaced"));
        }
        assert_eq!(fs::read(writer.path(&path)).unwrap(), b"one");
        writer.replace(&path, b"two").unwrap();
        assert_eq!(fs::read(writer.path(&path)).unwrap(), b"two");
    }

    #[test]
    fn a_temporary_file_of_a_crashed_write_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".x.tmp"), "half").unwrap();
        let writer = RepositoryWriter::new(directory.path());
        writer.replace(&"x".parse().unwrap(), b"whole").unwrap();
        let names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["x"]);
    }
}
