//! A Unix socket that only the user who runs the server can connect to.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, fchmod, flock, open};
use rustix::io::Errno;
use rustix::net::{SocketAddrUnix, connect};
use thiserror::Error;
use tokio::net::{UnixListener, UnixSocket};

/// The length of the accept queue.
const BACKLOG: u32 = 128;
/// How often a lock is tried again that another process removes at the same moment.
const ATTEMPTS: usize = 16;

/// Why the socket cannot be created.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UnixError {
    /// The path leads to something else.
    #[error("{}: the file exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// Another server listens there.
    #[error("{}: a server is listening there", .0.display())]
    InUse(PathBuf),
    /// Another process holds the lock.
    #[error("{}: another process holds this lock, as a server does while it creates its socket; try again, or choose another path", .0.display())]
    Locked(PathBuf),
    /// The path of the lock leads to something else.
    #[error("{}: the file exists and is not the lock of a server", .0.display())]
    NotALock(PathBuf),
    /// The system refuses.
    #[error("{}: the socket cannot be created", .path.display())]
    System {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
}

/// The file of a socket. Dropping this removes the file, unless another process has replaced it.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Makes way for a server that is about to start: removes the socket of a dead one.
pub(crate) fn clear(path: &Path) -> Result<(), UnixError> {
    let _lock = Lock::take(path)?;
    remove_dead(path)
}

/// Creates a socket that only this user can connect to, and replaces one that a dead server has left behind.
pub(crate) fn bind(path: &Path) -> Result<(UnixListener, SocketFile), UnixError> {
    let system = |cause| UnixError::System { path: path.to_owned(), cause };
    // Without it, two servers that start at once could find the socket of a dead one, and each replace what the other has created.
    let _lock = Lock::take(path)?;
    remove_dead(path)?;

    let socket = UnixSocket::new_stream().map_err(system)?;
    // On Linux, the file gets the mode that the socket has when it is bound, so it is never open to others.
    // Where sockets have no modes, this fails, and the file gets its mode right after it is bound.
    let _ = fchmod(&socket, Mode::RUSR | Mode::WUSR);
    socket.bind(path).map_err(system)?;
    let metadata = fs::symlink_metadata(path).map_err(system)?;
    let file = SocketFile { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(system)?;
    let listener = socket.listen(BACKLOG).map_err(system)?;
    Ok((listener, file))
}

/// Removes a socket that no process listens on.
fn remove_dead(path: &Path) -> Result<(), UnixError> {
    let system = |cause| UnixError::System { path: path.to_owned(), cause };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => return Err(UnixError::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    // This socket never blocks, not even where the accept queue of a server is full.
    let socket = UnixSocket::new_stream().map_err(system)?;
    let address = SocketAddrUnix::new(path).map_err(|error| system(error.into()))?;
    match connect(&socket, &address) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path).map_err(system),
        // A server with a full accept queue, or one that other users have closed off.
        _ => Err(UnixError::InUse(path.to_owned())),
    }
}

/// The right to create a socket: a locked file beside it. Dropping this removes the file.
///
/// Taking it never waits: another user may be able to hold such a lock for ever.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    fn take(socket: &Path) -> Result<Self, UnixError> {
        let mut name = socket.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let system = |cause: io::Error| UnixError::System { path: path.clone(), cause };
        for _ in 0..ATTEMPTS {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(|error| system(error.into()))?;
            let file = File::from(file);
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(UnixError::Locked(path)),
                Err(error) => return Err(system(error.into())),
            }
            let metadata = file.metadata().map_err(system)?;
            if !metadata.is_file() || metadata.len() > 0 {
                return Err(UnixError::NotALock(path));
            }
            // The process that held the lock before may have removed the file after it was opened here.
            if is_same(&path, metadata.dev(), metadata.ino()) {
                return Ok(Self { path, _file: file });
            }
        }
        Err(UnixError::Locked(path))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The next server uses a lock again that cannot be removed.
        let _ = fs::remove_file(&self.path);
    }
}

fn is_same(path: &Path, device: u64, inode: u64) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == (device, inode))
}

impl SocketFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if is_same(&self.path, self.device, self.inode) {
            // The next server replaces a socket that cannot be removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_its_user_can_connect_and_nothing_is_left_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let (listener, file) = bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(bind(&path), Err(UnixError::InUse(_))));
        drop((listener, file));
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_dead_servers_socket_is_replaced_and_anything_else_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        clear(&path).unwrap();
        assert!(!path.exists());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let (_listener, file) = bind(&path).unwrap();
        assert!(matches!(clear(&path), Err(UnixError::InUse(_))));

        // A file that another process has put there meanwhile stays.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "x").unwrap();
        drop(file);
        assert!(matches!(bind(&path), Err(UnixError::NotASocket(_))));
        assert_eq!(fs::read(&path).unwrap(), b"x");
        assert!(matches!(bind(&directory.path().join("no/s")), Err(UnixError::System { .. })));
    }

    #[tokio::test]
    async fn a_lock_of_another_process_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let lock = directory.path().join("s.lock");
        // Any user may lock a directory that others use as well.
        let parent = File::open(directory.path()).unwrap();
        flock(&parent, FlockOperation::LockExclusive).unwrap();
        let (listener, file) = bind(&path).unwrap();
        assert!(!lock.exists());
        drop((listener, file));

        let taken = Lock::take(&path).unwrap();
        assert_eq!(fs::metadata(&lock).unwrap().permissions().mode() & 0o777, 0o600);
        let refused = bind(&path).unwrap_err();
        assert!(matches!(&refused, UnixError::Locked(found) if *found == lock), "{refused}");
        assert!(refused.to_string().contains("s.lock"), "{refused}");
        drop(taken);
        bind(&path).unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_not_a_lock_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let lock = directory.path().join("s.lock");
        fs::write(&lock, "precious").unwrap();
        assert!(matches!(bind(&path), Err(UnixError::NotALock(_))));
        assert_eq!(fs::read(&lock).unwrap(), b"precious");
        fs::remove_file(&lock).unwrap();
        std::os::unix::fs::symlink("elsewhere", &lock).unwrap();
        assert!(matches!(bind(&path), Err(UnixError::System { .. })));
        assert!(!directory.path().join("elsewhere").exists());
    }

    #[tokio::test]
    async fn a_server_with_a_full_accept_queue_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&path).unwrap();
        let _listener = socket.listen(0).unwrap();
        let address = SocketAddrUnix::new(&path).unwrap();
        let mut waiting = Vec::new();
        // Until the accept queue is full.
        loop {
            let client = UnixSocket::new_stream().unwrap();
            if connect(&client, &address).is_err() {
                break;
            }
            waiting.push(client);
        }
        assert!(matches!(bind(&path), Err(UnixError::InUse(_))));
    }
}
