//! Where clients come in, and what is asked of those from other machines.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jurat::settings::ServerSettings;
use rustix::net::sockopt;
use rustls::ServerConfig;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream, UnixStream, lookup_host};

use super::tls::{self, TlsError};
use super::unix::{self, SocketFile, UnixError};

/// After so long a silence, the system looks whether a client is still there.
const SILENCE: Duration = Duration::from_secs(60);

/// A socket on which clients are let in.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: String,
}

/// Whether other machines may come in, if all that protects them is there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Remote {
    /// They may not.
    #[default]
    Refused,
    /// They may.
    Allowed,
}

/// What a client must show before it is let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Door {
    /// Nothing.
    Open,
    /// A token.
    Guarded,
}

/// Why no clients can be let in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address would let other machines in, and something is missing for that.
    #[error("`{host}` lets other machines in, and for that there is missing: {missing}")]
    Remote {
        /// The address as given.
        host: String,
        /// What is missing.
        missing: String,
    },
    /// The address is not known, or not free.
    #[error("`{host}:{port}` cannot be listened on")]
    Tcp {
        /// The address as given.
        host: String,
        /// The port as given.
        port: u16,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The token is empty.
    #[error("`rpc.token` is empty")]
    EmptyToken,
    /// The server cannot show who it is.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The Unix socket cannot be made.
    #[error(transparent)]
    Unix(#[from] UnixError),
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp { listener: TcpListener, tls: Option<Arc<ServerConfig>>, door: Door },
    Unix { listener: tokio::net::UnixListener, _file: SocketFile },
}

/// A client that wants to come in.
pub(crate) enum Caller {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Listens on a port; 0 = one that is free.
    ///
    /// If a token is set, clients must show it first; if a certificate is set, they are spoken to over TLS. Where the address lets other
    /// machines in, both must be set.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub async fn tcp(host: &str, port: u16, settings: &ServerSettings, remote: Remote) -> Result<Self, ListenError> {
        let error = |cause| ListenError::Tcp { host: host.to_owned(), port, cause };
        let addresses: Vec<SocketAddr> = lookup_host((host, port)).await.map_err(error)?.collect();
        if settings.token.as_ref().is_some_and(|token| token.reveal().is_empty()) {
            return Err(ListenError::EmptyToken);
        }
        if !addresses.iter().all(|address| address.ip().to_canonical().is_loopback()) {
            let needed = [
                (remote == Remote::Allowed, "the permission to do so (`--allow-remote`)"),
                (settings.tls.is_some(), "a certificate and its key (`rpc.tls`)"),
                (settings.token.is_some(), "a token that clients show (`rpc.token`)"),
            ];
            let missing: Vec<_> = needed.iter().filter(|(is_there, _)| !is_there).map(|(_, what)| *what).collect();
            if !missing.is_empty() {
                return Err(ListenError::Remote { host: host.to_owned(), missing: missing.join(", ") });
            }
        }
        let tls = settings.tls.as_ref().map(tls::config).transpose()?;
        let listener = TcpListener::bind(addresses.as_slice()).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?.to_string();
        let door = if settings.token.is_some() { Door::Guarded } else { Door::Open };
        Ok(Self { socket: Socket::Tcp { listener, tls, door }, address })
    }

    /// Listens on a Unix socket, which only this user can connect to. Its name goes when the server ends.
    ///
    /// # Errors
    /// See [`UnixError`]. Must be called within a runtime.
    pub fn unix(path: &Path) -> Result<Self, ListenError> {
        let (listener, file) = unix::bind(path)?;
        let address = file.path().display().to_string();
        Ok(Self { socket: Socket::Unix { listener, _file: file }, address })
    }

    /// Where clients find it: an address with its port, or a path.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn tls(&self) -> Option<&Arc<ServerConfig>> {
        match &self.socket {
            Socket::Tcp { tls, .. } => tls.as_ref(),
            Socket::Unix { .. } => None,
        }
    }

    pub(crate) fn door(&self) -> Door {
        match self.socket {
            Socket::Tcp { door, .. } => door,
            Socket::Unix { .. } => Door::Open,
        }
    }

    pub(crate) async fn accept(&self) -> io::Result<Caller> {
        match &self.socket {
            Socket::Tcp { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                // Where the system does not want this, it works as well.
                let _ = stream.set_nodelay(true);
                let _ = notice_absence(&stream);
                Ok(Caller::Tcp(stream))
            }
            Socket::Unix { listener, .. } => Ok(Caller::Unix(listener.accept().await?.0)),
        }
    }
}

/// Has the system look whether a silent client is still there, so that one that has vanished does not keep its place.
fn notice_absence(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        sockopt::set_tcp_keepidle(stream, SILENCE)?;
        sockopt::set_tcp_keepintvl(stream, SILENCE / 4)?;
        sockopt::set_tcp_keepcnt(stream, 4)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_looks_whether_silent_clients_are_there() {
        let listener = Listener::tcp("127.0.0.1", 0, &ServerSettings::default(), Remote::Refused).await.unwrap();
        let _client = TcpStream::connect(listener.address()).await.unwrap();
        let Caller::Tcp(stream) = listener.accept().await.unwrap() else { panic!("a client over TCP") };
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert!(stream.nodelay().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), SILENCE);
    }
}
