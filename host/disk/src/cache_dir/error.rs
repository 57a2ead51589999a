//! Why a directory is not used, or a file in it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::files::ReadError;

/// Why a directory is not used, or a file in it.
#[derive(Debug, Error)]
pub enum CacheDirError {
    /// Others can write it.
    #[error(
        "`{}` is not used, because others can write it (mode {mode:03o}): find out who has, and remove it, or take their rights \
         away with `chmod -R go-rwx`; a volume with `fsGroup` also needs `fsGroupChangePolicy: OnRootMismatch`", path.display()
    )]
    Shared {
        /// The directory.
        path: PathBuf,
        /// The mode.
        mode: u32,
    },
    /// Others can write it, and it may be one that this host has used.
    #[error(
        "`{}` is not used, because others can write it (mode {mode:03o}), and it holds `{}` of this user: if this host has made \
         that, take their rights away with `chmod -R go-rwx` (a volume with `fsGroup` also needs `fsGroupChangePolicy: OnRootMismatch`); \
         else make the directory `{}` with mode 700",
        path.display(), entry.escape_debug(), own.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The mode.
        mode: u32,
        /// The name of an entry of this user.
        entry: String,
        /// The directory that this host would make in it.
        own: PathBuf,
    },
    /// It belongs to another user.
    #[error(
        "`{}` is not used, because it belongs to user {owner}, and this is user {user}: name a directory that no other user \
         can write",
        path.display()
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// The owner.
        owner: u32,
        /// This user.
        user: u32,
    },
    /// Others can replace it.
    #[error(
        "`{}` is not used, because others can put another one in its place: `{}` belongs to user {owner} and has \
         mode {mode:03o}; it must belong to root or to this user, and be sticky (as with `chmod +t`) or writable by no others. If all who \
         can write there may delete what this host has stored, set `allow_shared_parent: true`", path.display(), above.display()
    )]
    Exchangeable {
        /// The directory.
        path: PathBuf,
        /// The parent directory.
        above: PathBuf,
        /// Its owner.
        owner: u32,
        /// Its mode.
        mode: u32,
    },
    /// It is a symbolic link.
    #[error("`{}` is not used, because it is a symbolic link: name the directory that it leads to", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// It or a parent is not a directory, or its path does not end in a name.
    #[error("`{}` is not used, because it is not a directory", path.display())]
    NotADirectory {
        /// Its kind.
        path: PathBuf,
    },
    /// It cannot be opened or created.
    #[error("`{}` is not used, because it can neither be opened nor made", path.display())]
    Failed {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The name of a file is not plain.
    #[error(
        "`{name}` is not the name of a file of the host: at most 200 letters, digits, `.`, `_` and `-` are expected, a letter or \
         digit first"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A file in it cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file in it cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: ReadError,
    },
    /// A file in it can be written by others.
    #[error(
        "`{}` is not read, because others can write it (mode {mode:03o}): find out who has, and remove it, or take their \
         rights away", path.display()
    )]
    SharedFile {
        /// The file.
        path: PathBuf,
        /// The mode.
        mode: u32,
    },
    /// A file in it belongs to another user.
    #[error(
        "`{}` is not read, because it belongs to user {owner}, and this is user {user}: find out why, and remove it",
        path.display()
    )]
    ForeignFile {
        /// The file.
        path: PathBuf,
        /// The owner.
        owner: u32,
        /// This user.
        user: u32,
    },
    /// A file in it cannot be removed.
    #[error("`{}` cannot be removed", path.display())]
    Remove {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// It cannot be listed.
    #[error("`{}` cannot be listed", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A lock in it cannot be taken.
    #[error("`{}` cannot be locked", path.display())]
    Lock {
        /// The lock.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}
