//! The directory of a publisher.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use jurat_disk::files::Directory;
use jurat_model::{Blame, Bytes};
use jurat_trust::publish::{Mode, Repository, StagedFile};
use jurat_trust::{Digest, Manifest, Role, SafePath, TargetPath};
use rustix::fs::{CWD, FlockOperation, Mode as FileMode, OFlags, flock, openat};

use super::read::{read_anchor, read_exactly, read_manifest};
use super::writer::RepositoryWriter;
use crate::exit::CommandError;
use crate::output;

/// The directory of a publisher.
#[derive(Debug)]
pub(crate) struct WorkingCopy {
    writer: RepositoryWriter,
    /// No other process changes the directory while this is open.
    _lock: Option<OwnedFd>,
}

impl WorkingCopy {
    /// Opens an existing directory for reading.
    pub(crate) fn open(root: &Path) -> Result<Self, CommandError> {
        if !root.is_dir() {
            return Err(CommandError::usage(format!(
                "{}: no such directory; `jurat trust init` creates a repository",
                root.display()
            )));
        }
        Ok(Self { writer: RepositoryWriter::new(root), _lock: None })
    }

    /// Opens an existing directory for writing, and locks it.
    pub(crate) fn change(root: &Path) -> Result<Self, CommandError> {
        let copy = Self::open(root)?;
        Ok(Self { _lock: Some(lock(root)?), ..copy })
    }

    /// Opens a directory for writing, and creates it if necessary.
    pub(crate) fn create(root: &Path) -> Result<Self, CommandError> {
        RepositoryWriter::new(root).create()?;
        Self::change(root)
    }

    /// Its path.
    pub(crate) fn root(&self) -> &Path {
        self.files().root()
    }

    /// Its files.
    pub(crate) fn files(&self) -> &Directory {
        self.writer.files()
    }

    /// Writes its files.
    pub(crate) fn writer(&self) -> &RepositoryWriter {
        &self.writer
    }

    /// Reads its metadata, verified from its first root or the given one, except for its age.
    pub(crate) fn read(&self, root: Option<&Path>) -> Result<Repository, CommandError> {
        let repository = self.read_as(root, Mode::Production)?;
        // A repository for development has low thresholds.
        let is_development = repository.roles().iter().any(|status| {
            let is_guarded = matches!(status.role, Role::Root | Role::Targets);
            is_guarded && status.keys.as_ref().is_some_and(|keys| keys.threshold() < 2)
        });
        if is_development { self.read_as(root, Mode::Development) } else { Ok(repository) }
    }

    /// Reads its metadata in a given mode.
    pub(crate) fn read_as(&self, root: Option<&Path>, mode: Mode) -> Result<Repository, CommandError> {
        let anchor = root.map(read_anchor).transpose()?;
        Repository::read(self.files(), anchor, mode).map_err(|error| CommandError::of(self.root().display(), &error))
    }

    /// Stages metadata until it has enough signatures, and prints that.
    pub(crate) fn stage(&self, files: &[StagedFile]) -> Result<(), CommandError> {
        for file in files {
            let written = self.writer.replace(&file.path, &file.bytes)?;
            output::progress(&format!("staged      {} {}  {}", file.role, file.version, written.display()));
            match file.dropped_signatures {
                0 => {}
                1 => output::complain("warning", &format!("{}: one signature is void now", file.role)),
                many => output::complain("warning", &format!("{}: {many} signatures are void now", file.role)),
            }
        }
        Ok(())
    }

    /// Reads a manifest that metadata lists, and checks all files that it names.
    pub(crate) fn manifest(&self, target: &TargetPath, sha256: &Digest) -> Result<Manifest, CommandError> {
        let manifest = read_manifest(self.files(), target, sha256).map_err(|reason| self.broken(&reason))?;
        for file in manifest.files() {
            let path = SafePath::of_blob(&file.sha256);
            read_exactly(self.files(), &path, Bytes::new(file.length), &file.sha256)
                .map_err(|reason| self.broken(&reason))?;
        }
        Ok(manifest)
    }

    fn broken(&self, reason: &str) -> CommandError {
        CommandError::new(Blame::Source, format!("{}: {reason}", self.root().display()))
    }
}

/// Locks the directory. Does not wait: two publications at once are an error.
fn lock(root: &Path) -> Result<OwnedFd, CommandError> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let about = |error: io::Error| CommandError::about(Blame::Host, root.display(), &error);
    let opened = openat(CWD, root, flags, FileMode::empty()).map_err(|error| about(error.into()))?;
    match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(opened),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(CommandError::new(
            Blame::Host,
            format!("{}: another command is changing it; try again when that command has ended", root.display()),
        )),
        Err(error) => Err(about(error.into())),
    }
}

/// A directory as it is shown in a command to copy.
pub(crate) fn shown(root: &Path) -> PathBuf {
    if root.as_os_str().is_empty() { PathBuf::from(".") } else { root.to_owned() }
}
