//! A Unix socket that nobody but the user who runs the server can reach.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, fchmod, flock};
use thiserror::Error;
use tokio::net::{UnixListener, UnixSocket};

/// Clients that wait to be let in.
const BACKLOG: u32 = 128;

/// Why there is no socket.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UnixError {
    /// There is something else under its name.
    #[error("{}: it exists, and it is no socket", .0.display())]
    NotASocket(PathBuf),
    /// Another server is there.
    #[error("{}: a server is listening there", .0.display())]
    InUse(PathBuf),
    /// The system refuses.
    #[error("{}: no socket could be made there", .path.display())]
    System {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
}

/// The name of a socket; it goes when this is dropped, unless something else has it by then.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Makes a socket that only this user can connect to. One that a dead server has left behind is replaced.
pub(crate) fn bind(path: &Path) -> Result<(UnixListener, SocketFile), UnixError> {
    let system = |cause| UnixError::System { path: path.to_owned(), cause };
    // Two servers that start at once must not both find a dead one's socket, and each replace what the other has made.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = File::open(parent).map_err(system)?;
    flock(&directory, FlockOperation::LockExclusive).map_err(|error| system(error.into()))?;
    make_room(path)?;

    let socket = UnixSocket::new_stream().map_err(system)?;
    // On Linux the file gets the mode that the socket has when it is bound, so that it is never open to others.
    // Where sockets have no modes, this fails, and the file gets its mode right after.
    let _ = fchmod(&socket, Mode::RUSR | Mode::WUSR);
    socket.bind(path).map_err(system)?;
    let metadata = fs::symlink_metadata(path).map_err(system)?;
    let file = SocketFile { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(system)?;
    let listener = socket.listen(BACKLOG).map_err(system)?;
    Ok((listener, file))
}

/// Removes a socket that nobody listens on.
fn make_room(path: &Path) -> Result<(), UnixError> {
    let system = |cause| UnixError::System { path: path.to_owned(), cause };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => return Err(UnixError::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(UnixError::InUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(system),
        // Whoever is there has too many clients, or lets nobody else in.
        Err(_) => Err(UnixError::InUse(path.to_owned())),
    }
}

impl SocketFile {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let is_ours = |metadata: &fs::Metadata| (metadata.dev(), metadata.ino()) == (self.device, self.inode);
        if fs::symlink_metadata(&self.path).is_ok_and(|metadata| is_ours(&metadata)) {
            // What cannot be removed is replaced by the next server.
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
        let (_listener, file) = bind(&path).unwrap();

        // What another server has made meanwhile stays.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "x").unwrap();
        drop(file);
        assert!(matches!(bind(&path), Err(UnixError::NotASocket(_))));
        assert_eq!(fs::read(&path).unwrap(), b"x");
        assert!(matches!(bind(&directory.path().join("no/s")), Err(UnixError::System { .. })));
    }
}
