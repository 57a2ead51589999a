//! A repository in a directory, as its publisher keeps it: what hosts see, and what waits for signatures.
//!
//! | Path | What |
//! |---|---|
//! | `metadata/timestamp.json` | what hosts read first; the one file that is ever replaced |
//! | `metadata/...`, `targets/...`, `blobs/...` | what follows from it; never replaced |
//! | `staged/...` | metadata that has not enough signatures yet; hosts never look at it |
//! | `publisher.json` | what this publisher has decided for good; hosts never look at it |

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use jurat_disk::files::{self, Directory};
use jurat_model::Bytes;
use jurat_trust::publish::{Mode, Repository, StagedFile};
use jurat_trust::{Anchor, Caps, Digest, Fetch, FetchError, Manifest, Role, SafePath, TargetPath};
use rustix::fs::{CWD, FlockOperation, Mode as FileMode, OFlags, flock, openat};

use crate::exit::{Exit, Failure};
use crate::output;

mod contents;
mod failure;
mod settings;
mod shelf;

pub(crate) use contents::{Contents, Item, published, releases};
pub(crate) use failure::refused;
pub(crate) use settings::PublisherSettings;
pub(crate) use shelf::Shelf;

/// A publisher's directory.
#[derive(Debug)]
pub(crate) struct WorkingCopy {
    shelf: Shelf,
    /// Nobody else changes anything while this is open.
    _lock: Option<OwnedFd>,
}

impl WorkingCopy {
    /// A directory that is there, to be looked at.
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        if !root.is_dir() {
            return Err(Failure::usage(format!(
                "{}: there is no such directory; `jurat trust init` makes repositories",
                root.display()
            )));
        }
        Ok(Self { shelf: Shelf::new(root), _lock: None })
    }

    /// A directory that is there, to be changed, which one process does at a time.
    pub(crate) fn change(root: &Path) -> Result<Self, Failure> {
        let copy = Self::open(root)?;
        Ok(Self { _lock: Some(lock(root)?), ..copy })
    }

    /// A directory that need not be there, to be changed.
    pub(crate) fn create(root: &Path) -> Result<Self, Failure> {
        let shelf = Shelf::new(root);
        shelf.create()?;
        Self::change(root)
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        self.files().root()
    }

    /// Its files.
    pub(crate) fn files(&self) -> &Directory {
        self.shelf.files()
    }

    /// Where files are written to.
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Its metadata, verified but for its age, from its first root or the given one on.
    pub(crate) fn read(&self, root: Option<&Path>) -> Result<Repository, Failure> {
        let repository = self.read_as(root, Mode::Production)?;
        // One that is for development already says so by its thresholds.
        let is_development = repository.roles().iter().any(|status| {
            let is_guarded = matches!(status.role, Role::Root | Role::Targets);
            is_guarded && status.keys.as_ref().is_some_and(|keys| keys.threshold() < 2)
        });
        if is_development { self.read_as(root, Mode::Development) } else { Ok(repository) }
    }

    /// The same, where it is known what it is for.
    pub(crate) fn read_as(&self, root: Option<&Path>, mode: Mode) -> Result<Repository, Failure> {
        let anchor = root.map(read_anchor).transpose()?;
        Repository::read(self.files(), anchor, mode).map_err(|error| failure::of_read(self.root(), &error))
    }

    /// Keeps metadata until it has enough signatures, and says so.
    pub(crate) fn stage(&self, files: &[StagedFile]) -> Result<(), Failure> {
        for file in files {
            let written = self.shelf.replace(&file.path, &file.bytes)?;
            output::progress(&format!("staged      {} {}  {}", file.role, file.version, written.display()));
            match file.dropped_signatures {
                0 => {}
                1 => output::complain("warning", &format!("{}: it had a signature, which is void now", file.role)),
                many => {
                    output::complain("warning", &format!("{}: it had {many} signatures, which are void now", file.role))
                }
            }
        }
        Ok(())
    }

    /// A manifest that some metadata lists, checked with all files that it names.
    pub(crate) fn manifest(&self, target: &TargetPath, sha256: &Digest) -> Result<Manifest, Failure> {
        let manifest = read_manifest(self.files(), target, sha256).map_err(|reason| self.broken(&reason))?;
        for file in manifest.files() {
            let path = SafePath::of_blob(&file.sha256);
            read_exactly(self.files(), &path, Bytes::new(file.length), &file.sha256)
                .map_err(|reason| self.broken(&reason))?;
        }
        Ok(manifest)
    }

    fn broken(&self, reason: &str) -> Failure {
        Failure::new(Exit::Trust, format!("{}: {reason}", self.root().display()))
    }
}

/// The root that hosts have pinned.
pub(crate) fn read_anchor(file: &Path) -> Result<Anchor, Failure> {
    let bytes =
        files::read(file, Caps::DEFAULT.root).map_err(|error| Failure::about(Exit::Usage, file.display(), &error))?;
    Anchor::parse(&bytes, None).map_err(|error| Failure::about(Exit::Trust, file.display(), &error))
}

/// A manifest by its digest.
pub(crate) fn read_manifest(source: &impl Fetch, target: &TargetPath, sha256: &Digest) -> Result<Manifest, String> {
    let path = target.location(sha256);
    let bytes = read_exactly(source, &path, Caps::DEFAULT.manifest, sha256)?;
    Manifest::parse(&bytes).map_err(|error| format!("`{path}`: {}", jurat::chain(&error)))
}

/// A file by its digest.
pub(crate) fn read_exactly(
    source: &impl Fetch,
    path: &SafePath,
    cap: Bytes,
    sha256: &Digest,
) -> Result<Vec<u8>, String> {
    let bytes = source.get(path, cap).map_err(|error| match error {
        FetchError::NotFound => format!("`{path}` does not exist"),
        FetchError::TooLong => format!("`{path}` is altered: it is longer than {cap}"),
        FetchError::Failed(cause) => format!("`{path}` cannot be read: {}", jurat::chain(&*cause)),
    })?;
    let found = Digest::of(&bytes);
    if found == *sha256 {
        return Ok(bytes);
    }
    Err(format!("`{path}` is altered: its SHA-256 is `{found}` instead of `{sha256}`"))
}

/// Waits for nobody: two people who publish at once do not mean it.
fn lock(root: &Path) -> Result<OwnedFd, Failure> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let about = |error: io::Error| Failure::about(Exit::Host, root.display(), &error);
    let opened = openat(CWD, root, flags, FileMode::empty()).map_err(|error| about(error.into()))?;
    match flock(&opened, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(opened),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Failure::new(
            Exit::Host,
            format!("{}: another command is changing it; try again when that one is done", root.display()),
        )),
        Err(error) => Err(about(error.into())),
    }
}

/// Where a directory is, when it is shown in a command to copy.
pub(crate) fn shown(root: &Path) -> PathBuf {
    if root.as_os_str().is_empty() { PathBuf::from(".") } else { root.to_owned() }
}
