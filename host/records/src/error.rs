//! Why a text was not read.

use std::error::Error;
use std::sync::Arc;
use std::{fmt, io};

use jurat_model::{Blame, Bytes};
use rustix::io::Errno;

/// Why a text was not read, or what an argument names was not found.
#[derive(Clone, Debug)]
pub struct InputError {
    name: String,
    reason: InputReason,
}

/// The reason.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum InputReason {
    /// There is no such file.
    NotFound,
    /// This user may not read it.
    Forbidden,
    /// It is a loop of links.
    Circle,
    /// Its path is longer than the system accepts.
    PathTooLong,
    /// It is a socket, or a device without anything behind it.
    NotReadable,
    /// It has become a directory since it was found.
    Directory,
    /// It is not a file, and an invalid pattern.
    Malformed(&'static str),
    /// It is not a file, and no file matches it as a pattern.
    NoMatch,
    /// It is standard input, a second time.
    Twice,
    /// With it, there are too many files.
    TooManyFiles {
        /// The limit.
        most: usize,
    },
    /// With it, the paths take too much memory.
    TooManyPaths {
        /// The limit.
        most: Bytes,
    },
    /// Its compressed data end too early.
    Cut(Compression),
    /// Its compressed data are damaged.
    Damaged(Compression),
    /// Its compressed data are followed by something else.
    Trailing(Compression),
    /// Its compressed data need more memory than they may have.
    Window {
        /// The memory that they need, saturated.
        needed: Bytes,
        /// The limit.
        most: Bytes,
    },
    /// Its compressed data need a dictionary.
    Dictionary,
    /// Nothing has come for as long as a read may wait: it may be repeated. See [`Inputs::with_patience`](super::Inputs::with_patience).
    NotYet,
    /// An [`Interrupt`](super::Interrupt) was set.
    Interrupted,
    /// The system failed.
    Failed(Arc<io::Error>),
}

/// The compression of a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstandard,
}

impl InputError {
    pub(super) fn new(name: impl Into<String>, reason: InputReason) -> Self {
        Self { name: name.into(), reason }
    }

    /// The error inside an error of reading, if it came from this crate.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// The path, the pattern, or `standard input`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &InputReason {
        &self.reason
    }

    /// Who can fix it. An [interrupt](Self::is_interrupt) comes from this host.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self.reason {
            InputReason::Interrupted | InputReason::NotYet | InputReason::Failed(_) => Blame::Host,
            _ => Blame::Caller,
        }
    }

    /// Whether it is only an interrupt.
    #[must_use]
    pub fn is_interrupt(&self) -> bool {
        matches!(self.reason, InputReason::Interrupted)
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` is not read: {}", self.name, self.reason)
    }
}

impl Error for InputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            InputReason::Failed(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<InputError> for io::Error {
    /// Never of kind `Interrupted`, which makes readers retry.
    fn from(error: InputError) -> Self {
        let kind = match error.reason {
            InputReason::NotFound => io::ErrorKind::NotFound,
            InputReason::Forbidden => io::ErrorKind::PermissionDenied,
            InputReason::NotYet => io::ErrorKind::WouldBlock,
            InputReason::Cut(_) | InputReason::Damaged(_) | InputReason::Trailing(_) => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for InputReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => out.write_str("it does not exist"),
            Self::Forbidden => out.write_str("permission is denied; let this user read it"),
            Self::Circle => out.write_str("it is a link that leads in circles"),
            Self::PathTooLong => out.write_str("its path is longer than the system allows"),
            Self::NotReadable => out.write_str("it is a socket, or a device that is not there"),
            Self::Directory => out.write_str("it is a directory"),
            Self::Malformed(why) => write!(out, "it does not exist, and is not a pattern: {why}"),
            Self::NoMatch => out.write_str("no file matches it"),
            Self::Twice => out.write_str("it is named twice, and can be read only once"),
            Self::TooManyFiles { most } => {
                write!(out, "there are more than {most} files and directories; read them in parts, or join small files")
            }
            Self::TooManyPaths { most } => {
                write!(out, "the paths of the files have more than {most}; read them in parts, or join small files")
            }
            Self::Cut(by) => write!(
                out,
                "its {by} data end too early, so the rest of its records is missing; copy or compress it once more"
            ),
            Self::Damaged(by) => write!(out, "its {by} data are damaged; copy or compress it once more"),
            Self::Trailing(by) => {
                write!(out, "its {by} data are followed by something else; remove that, or compress it once more")
            }
            Self::Window { needed, most } => write!(
                out,
                "its zstd data need a window of {needed}, and {most} is the most; compress it with `--long=27` or less"
            ),
            Self::Dictionary => out.write_str("its zstd data need a dictionary; compress it without one"),
            Self::NotYet => out.write_str("nothing has come yet"),
            Self::Interrupted => out.write_str("reading was interrupted"),
            Self::Failed(_) => out.write_str("the system failed"),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstandard => "zstd",
        })
    }
}

impl From<Errno> for InputReason {
    fn from(error: Errno) -> Self {
        match error {
            Errno::NOENT | Errno::NOTDIR => Self::NotFound,
            Errno::ACCESS | Errno::PERM => Self::Forbidden,
            Errno::LOOP => Self::Circle,
            Errno::NAMETOOLONG => Self::PathTooLong,
            Errno::NXIO | Errno::NODEV => Self::NotReadable,
            Errno::ISDIR => Self::Directory,
            error => Self::Failed(Arc::new(error.into())),
        }
    }
}

impl From<io::Error> for InputReason {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(error) => error.into(),
            // Such as a name with a NUL inside.
            None if error.kind() == io::ErrorKind::InvalidInput => Self::NotFound,
            None => Self::Failed(Arc::new(error)),
        }
    }
}
