//! Destinations of outputs, and whether two of them are the same file.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jurat_model::Blame;
use rustix::fs::{FileType, Stat};

use crate::exit::CommandError;

/// The destination of an output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum OutputDestination {
    /// Standard output.
    Stdout,
    /// Something other than a regular file, such as a pipe.
    Direct(PathBuf),
    /// A regular file, which is written under another name and then renamed.
    Renamed {
        /// Its absolute path.
        path: PathBuf,
        /// Its name as the user wrote it.
        name: PathBuf,
    },
}

/// The identity of a file, whatever its name: device and inode.
pub(super) type FileId = (u64, u64);

impl OutputDestination {
    /// The destination that a path names.
    pub(super) fn of(path: &Path) -> Result<Self, CommandError> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let about = |error: io::Error| CommandError::about(Blame::Caller, path.display(), &error);
        match fs::metadata(path) {
            // `/dev/stdout`, under any name.
            Ok(_) if is_stdout(path) => Ok(Self::Stdout),
            Ok(metadata) if metadata.is_dir() => {
                Err(CommandError::usage(format!("{}: is a directory, and a file cannot replace it", path.display())))
            }
            // The target of a link is replaced, not the link.
            Ok(metadata) if metadata.is_file() => {
                let name = |target: &PathBuf| if path.is_symlink() { target.clone() } else { path.to_owned() };
                fs::canonicalize(path).map(|path| Self::Renamed { name: name(&path), path }).map_err(about)
            }
            Ok(_) => Ok(Self::Direct(path.to_owned())),
            Err(_) if path.is_symlink() => {
                Err(CommandError::usage(format!("{}: is a dangling symbolic link", path.display())))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::new_file(path),
            Err(error) => Err(about(error)),
        }
    }

    fn new_file(path: &Path) -> Result<Self, CommandError> {
        let name = path.file_name().filter(|_| !path.as_os_str().as_bytes().ends_with(b"/"));
        let name = name.ok_or_else(|| CommandError::usage(format!("`{}` is not a file name", path.display())))?;
        let directory = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        match fs::canonicalize(directory) {
            Ok(directory) => Ok(Self::Renamed { path: directory.join(name), name: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = path.display();
                Err(CommandError::usage(format!("{path}: its directory does not exist")))
            }
            Err(error) => Err(CommandError::about(Blame::Caller, path.display(), &error)),
        }
    }

    /// Its name for messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdout => "standard output".to_owned(),
            Self::Direct(name) | Self::Renamed { name, .. } => name.display().to_string(),
        }
    }

    /// All paths that are written for it.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        match self {
            Self::Stdout => Vec::new(),
            Self::Direct(path) => vec![path.clone()],
            Self::Renamed { path, .. } => vec![path.clone(), partial(path)],
        }
    }

    /// The identities of the files that are written for it.
    pub(super) fn ids(&self) -> Vec<FileId> {
        match self {
            Self::Stdout => id_of(io::stdout()).into_iter().collect(),
            Self::Direct(_) | Self::Renamed { .. } => self.paths().iter().filter_map(|path| id(path)).collect(),
        }
    }

    /// Whether both write the same file.
    pub(super) fn conflicts_with(&self, other: &Self) -> bool {
        let (paths, ids) = (self.paths(), self.ids());
        (self == other && self.paths().is_empty())
            || other.paths().iter().any(|path| paths.contains(path))
            || other.ids().iter().any(|id| ids.contains(id))
    }
}

/// The name of a file while it is incomplete.
pub(super) fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// The identity of a regular file; `None` if there is no such file.
pub(super) fn id(path: &Path) -> Option<FileId> {
    rustix::fs::stat(path).ok().and_then(|stat| file_id(&stat))
}

/// The identity of an open regular file.
pub(super) fn id_of(stream: impl AsFd) -> Option<FileId> {
    rustix::fs::fstat(stream).ok().and_then(|stat| file_id(&stat))
}

fn file_id(stat: &Stat) -> Option<FileId> {
    FileType::from_raw_mode(stat.st_mode).is_file().then_some((stat.st_dev, stat.st_ino))
}

/// Whether a path is standard output, as `/dev/stdout` is. Sharing `/dev/null` does not count.
fn is_stdout(path: &Path) -> bool {
    let found = |stat: Stat| (stat.st_dev, stat.st_ino);
    let [path, null] = [path, Path::new("/dev/null")].map(|path| rustix::fs::stat(path).ok().map(found));
    path.is_some() && path != null && path == rustix::fs::fstat(io::stdout()).ok().map(found)
}
