//! Where an output goes, and what else is the same place.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Stat};

use super::outlet::partial;
use crate::exit::{Exit, Failure};

/// Where an output goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Destination {
    /// Standard output.
    Stdout,
    /// Something that is no regular file.
    Direct(PathBuf),
    /// A regular file, which is written beside its place.
    Beside {
        /// Its path from the root.
        path: PathBuf,
        /// How it is called.
        name: PathBuf,
    },
}

/// What tells files apart, whatever they are called.
pub(super) type FileId = (u64, u64);

impl Destination {
    /// What a user means by a path.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let about = |error: io::Error| Failure::about(Exit::Usage, path.display(), &error);
        match fs::metadata(path) {
            // `/dev/stdout`, under whatever name.
            Ok(_) if is_stdout(path) => Ok(Self::Stdout),
            Ok(metadata) if metadata.is_dir() => {
                Err(Failure::usage(format!("{}: it is a directory, and no file can take its place", path.display())))
            }
            // What a link leads to is replaced, not the link.
            Ok(metadata) if metadata.is_file() => {
                let name = |target: &PathBuf| if path.is_symlink() { target.clone() } else { path.to_owned() };
                fs::canonicalize(path).map(|path| Self::Beside { name: name(&path), path }).map_err(about)
            }
            Ok(_) => Ok(Self::Direct(path.to_owned())),
            Err(_) if path.is_symlink() => {
                Err(Failure::usage(format!("{}: it is a link that leads nowhere", path.display())))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::new_file(path),
            Err(error) => Err(about(error)),
        }
    }

    fn new_file(path: &Path) -> Result<Self, Failure> {
        let name = path.file_name().filter(|_| !path.as_os_str().as_bytes().ends_with(b"/"));
        let name = name.ok_or_else(|| Failure::usage(format!("`{}` is no name of a file", path.display())))?;
        let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        match fs::canonicalize(directory) {
            Ok(directory) => Ok(Self::Beside { path: directory.join(name), name: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = path.display();
                Err(Failure::usage(format!("{path}: the directory that it should be in does not exist")))
            }
            Err(error) => Err(Failure::about(Exit::Usage, path.display(), &error)),
        }
    }

    /// How it is called.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdout => "standard output".to_owned(),
            Self::Direct(name) | Self::Beside { name, .. } => name.display().to_string(),
        }
    }

    /// The paths that are written on the way to it.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        match self {
            Self::Stdout => Vec::new(),
            Self::Direct(path) => vec![path.clone()],
            Self::Beside { path, .. } => vec![path.clone(), partial(path)],
        }
    }

    pub(super) fn ids(&self) -> Vec<FileId> {
        match self {
            Self::Stdout => id_of(io::stdout()).into_iter().collect(),
            Self::Direct(_) | Self::Beside { .. } => self.paths().iter().filter_map(|path| id(path)).collect(),
        }
    }

    /// Whether writing one means writing the other.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let (paths, ids) = (self.paths(), self.ids());
        (self == other && self.paths().is_empty())
            || other.paths().iter().any(|path| paths.contains(path))
            || other.ids().iter().any(|id| ids.contains(id))
    }
}

/// What tells a regular file from others; none if there is none.
pub(super) fn id(path: &Path) -> Option<FileId> {
    rustix::fs::stat(path).ok().and_then(|stat| file_id(&stat))
}

pub(super) fn id_of(stream: impl AsFd) -> Option<FileId> {
    rustix::fs::fstat(stream).ok().and_then(|stat| file_id(&stat))
}

fn file_id(stat: &Stat) -> Option<FileId> {
    FileType::from_raw_mode(stat.st_mode).is_file().then_some((stat.st_dev, stat.st_ino))
}

/// Whether a path leads to standard output, as `/dev/stdout` does. It does not matter of `/dev/null`.
fn is_stdout(path: &Path) -> bool {
    let found = |stat: Stat| (stat.st_dev, stat.st_ino);
    let [path, null] = [path, Path::new("/dev/null")].map(|path| rustix::fs::stat(path).ok().map(found));
    path.is_some() && path != null && path == rustix::fs::fstat(io::stdout()).ok().map(found)
}
