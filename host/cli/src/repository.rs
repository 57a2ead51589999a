//! A repository as a directory: what the publisher's commands read and write.
//!
//! | Path | What |
//! |---|---|
//! | `metadata/targets.json` | what hosts read first; the one file that is ever replaced |
//! | `targets/...`, `blobs/...` | manifests and files, named by their digests; never replaced |
//! | `staged/targets.json` | metadata that has not enough signatures yet; hosts never look at it |

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jurat::files::{Directory, ReadError};
use jurat_model::Bytes;
use jurat_trust::{Caps, Envelope, Fetch, FetchError, SafePath, Targets};

use crate::exit::{Exit, Failure};

const PUBLISHED: &str = "metadata/targets.json";
const STAGED: &str = "staged/targets.json";

/// A repository in a directory.
#[derive(Debug)]
pub(crate) struct Repository {
    files: Directory,
}

/// An envelope of a repository, and what it says. Nobody has checked either.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    /// The file that it lies in.
    pub(crate) file: &'static str,
    pub(crate) envelope: Envelope,
    pub(crate) targets: Targets,
}

/// A repository with other metadata than it has: what hosts would see if that were published.
pub(crate) struct Overlay<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) envelope: &'a Envelope,
}

impl Repository {
    /// The repository in a directory, which need not exist yet.
    pub(crate) fn new(root: &Path) -> Self {
        Self { files: Directory::new(root) }
    }

    /// The repository in a directory.
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        if !root.is_dir() {
            return Err(Failure::usage(format!(
                "{}: there is no such directory; `jurat release build` makes repositories",
                root.display()
            )));
        }
        Ok(Self::new(root))
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        self.files.root()
    }

    /// Its files.
    pub(crate) fn files(&self) -> &Directory {
        &self.files
    }

    /// What hosts read; none if nothing has been published yet.
    pub(crate) fn published(&self) -> Result<Option<Metadata>, Failure> {
        self.metadata(PUBLISHED)
    }

    /// What waits for signatures; none if nothing does.
    pub(crate) fn staged(&self) -> Result<Option<Metadata>, Failure> {
        self.metadata(STAGED)
    }

    fn metadata(&self, file: &'static str) -> Result<Option<Metadata>, Failure> {
        let shown = || self.root().join(file).display().to_string();
        let path = path(file)?;
        let bytes = match self.files.read(&path, Caps::DEFAULT.metadata) {
            Ok(bytes) => bytes,
            Err(ReadError::NotFound) => return Ok(None),
            Err(error) => return Err(Failure::about(Exit::Usage, shown(), &error)),
        };
        let envelope = Envelope::parse(&bytes, Caps::DEFAULT.metadata)
            .map_err(|error| Failure::about(Exit::Trust, shown(), &error))?;
        let targets = Targets::parse(envelope.unverified_payload())
            .map_err(|error| Failure::about(Exit::Trust, shown(), &error))?;
        Ok(Some(Metadata { file, envelope, targets }))
    }

    /// Makes hosts see an envelope.
    pub(crate) fn publish(&self, envelope: &Envelope) -> Result<PathBuf, Failure> {
        let file = self.write(&path(PUBLISHED)?, &envelope.to_bytes())?;
        let staged = self.root().join(STAGED);
        match fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::about(Exit::Host, staged.display(), &error))
            }
            _ => {
                // Only if nothing else is in it.
                let _ = fs::remove_dir(self.root().join("staged"));
                Ok(file)
            }
        }
    }

    /// Keeps an envelope until it has enough signatures.
    pub(crate) fn stage(&self, envelope: &Envelope) -> Result<PathBuf, Failure> {
        self.write(&path(STAGED)?, &envelope.to_bytes())
    }

    /// Writes a file: whole or not at all, whatever happens meanwhile.
    pub(crate) fn write(&self, path: &SafePath, bytes: &[u8]) -> Result<PathBuf, Failure> {
        let file = self.root().join(path.as_str());
        replace(&file, bytes).map_err(|error| Failure::about(Exit::Host, file.display(), &error))?;
        Ok(file)
    }
}

impl Fetch for Overlay<'_> {
    fn get(&self, file: &SafePath, cap: Bytes) -> Result<Vec<u8>, FetchError> {
        if file.as_str() == PUBLISHED { Ok(self.envelope.to_bytes()) } else { self.repository.files.get(file, cap) }
    }
}

fn path(text: &str) -> Result<SafePath, Failure> {
    text.parse().map_err(|error| Failure::about(Exit::Host, text, &error))
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = directory.join(name);
    let written = File::create(&temporary).and_then(|mut out| {
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
