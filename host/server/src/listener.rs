//! Sockets on which a server accepts connections, and what it demands before it accepts them from other machines.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jurat::settings::ServerSettings;
use rustix::net::sockopt;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream, UnixStream, lookup_host};

use crate::authentication::{Authentication, Role};
use crate::connection::ConnectionOrigin;
use crate::tls::{Identity, TlsError};
use crate::unix::{self, SocketFile, UnixError};

/// After this time without traffic, the system probes whether a client is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// A socket on which a server accepts connections.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: String,
}

/// Whether other machines may connect, provided that a certificate and a token protect the connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Remote {
    /// They may not.
    #[default]
    Refused,
    /// They may.
    Allowed,
}

/// Why a server cannot listen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address is open to other machines, and something that this requires is missing.
    #[error("`{host}` is open to other machines, which also requires {missing}")]
    Remote {
        /// The address as given.
        host: String,
        /// What is missing.
        missing: String,
    },
    /// The address is unknown or taken.
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
    /// A token is empty.
    #[error("`server.token` or `server.operator_token` is empty")]
    EmptyToken,
    /// A port for operators needs a token.
    #[error("a port for operators requires the token that they show (`server.operator_token_file`)")]
    OperatorToken,
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The Unix socket cannot be created.
    #[error(transparent)]
    Unix(#[from] UnixError),
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp { listener: TcpListener, tls: Option<Arc<Identity>>, authentication: Authentication, role: Role },
    Unix { listener: tokio::net::UnixListener, _file: SocketFile },
}

/// The stream of a connection that was just accepted.
#[derive(Debug)]
pub(crate) enum Accepted {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Listens on a port; 0 = any free port.
    ///
    /// If the settings have a token, clients must show it first; if they have a certificate, connections use TLS. An address that is
    /// open to other machines requires both.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub async fn tcp(host: &str, port: u16, settings: &ServerSettings, remote: Remote) -> Result<Self, ListenError> {
        Self::bind(host, port, settings, remote, Role::Client).await
    }

    /// Listens on a port for operators, who must show their token, whatever the address.
    ///
    /// # Errors
    /// As [`Listener::tcp`]; also if the settings have no token of operators.
    pub async fn operators(
        host: &str,
        port: u16,
        settings: &ServerSettings,
        remote: Remote,
    ) -> Result<Self, ListenError> {
        if settings.operator_token.is_none() {
            return Err(ListenError::OperatorToken);
        }
        Self::bind(host, port, settings, remote, Role::Operator).await
    }

    async fn bind(
        host: &str,
        port: u16,
        settings: &ServerSettings,
        remote: Remote,
        role: Role,
    ) -> Result<Self, ListenError> {
        let error = |cause| ListenError::Tcp { host: host.to_owned(), port, cause };
        let addresses: Vec<SocketAddr> = lookup_host((host, port)).await.map_err(error)?.collect();
        let tokens = [&settings.token, &settings.operator_token];
        if tokens.into_iter().flatten().any(|token| token.reveal().is_empty()) {
            return Err(ListenError::EmptyToken);
        }
        if !addresses.iter().all(|address| address.ip().to_canonical().is_loopback()) {
            let is_authenticated = role == Role::Operator
                || settings.token.is_some()
                || settings.tls.as_ref().is_some_and(|tls| !tls.client_authorities.is_empty());
            let needed = [
                (remote == Remote::Allowed, "permission (`--allow-remote`)"),
                (settings.tls.is_some(), "a certificate and its key (`server.tls`)"),
                (
                    is_authenticated,
                    "a token that clients show (`server.token_file`) or authorities of their certificates (`server.tls.client_authorities`)",
                ),
            ];
            let missing: Vec<_> = needed.iter().filter(|(is_there, _)| !is_there).map(|(_, what)| *what).collect();
            if !missing.is_empty() {
                return Err(ListenError::Remote { host: host.to_owned(), missing: missing.join(", ") });
            }
        }
        let tls = settings.tls.as_ref().map(Identity::open).transpose()?.map(Arc::new);
        let listener = TcpListener::bind(addresses.as_slice()).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?.to_string();
        let has_authorities = settings.tls.as_ref().is_some_and(|tls| !tls.client_authorities.is_empty());
        let authentication = match (role, &settings.token, has_authorities) {
            (Role::Operator, ..) => Authentication::OperatorToken,
            (Role::Client, Some(_), _) => Authentication::Token,
            (Role::Client, None, true) => Authentication::Certificate,
            (Role::Client, None, false) => Authentication::NotRequired,
        };
        Ok(Self { socket: Socket::Tcp { listener, tls, authentication, role }, address })
    }

    /// Makes way for [`Listener::unix`], long before it: removes the file of a Unix socket that a dead server has left behind. Nobody can
    /// then take the file for that of a server which is still starting.
    ///
    /// # Errors
    /// See [`UnixError`]: another server listens there, or the file is something else.
    pub fn clear_unix(path: &Path) -> Result<(), ListenError> {
        Ok(unix::clear(path)?)
    }

    /// Listens on a Unix socket, which only this user can connect to. The listener removes its file when it is dropped.
    ///
    /// # Errors
    /// See [`UnixError`]. Must be called within a runtime.
    pub fn unix(path: &Path) -> Result<Self, ListenError> {
        let (listener, file) = unix::bind(path)?;
        let address = file.path().display().to_string();
        Ok(Self { socket: Socket::Unix { listener, _file: file }, address })
    }

    /// The address that clients connect to, with its port, or the path of the socket.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its TLS identity, if connections use TLS.
    pub(crate) fn tls(&self) -> Option<&Arc<Identity>> {
        match &self.socket {
            Socket::Tcp { tls, .. } => tls.as_ref(),
            Socket::Unix { .. } => None,
        }
    }

    /// What clients must show before they are served.
    pub(crate) fn authentication(&self) -> Authentication {
        match self.socket {
            Socket::Tcp { authentication, .. } => authentication,
            Socket::Unix { .. } => Authentication::NotRequired,
        }
    }

    /// Waits for a connection.
    pub(crate) async fn accept(&self) -> io::Result<(Accepted, ConnectionOrigin)> {
        match &self.socket {
            Socket::Tcp { listener, role, .. } => {
                let (stream, peer) = listener.accept().await?;
                // Both are improvements that a system may refuse.
                let _ = stream.set_nodelay(true);
                let _ = keep_alive(&stream);
                Ok((Accepted::Tcp(stream), ConnectionOrigin { role: *role, peer: Some(peer) }))
            }
            Socket::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok((Accepted::Unix(stream), ConnectionOrigin { role: Role::Operator, peer: None }))
            }
        }
    }
}

/// Has the system probe silent clients, so that one that has vanished does not keep its permit.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        sockopt::set_tcp_keepidle(stream, KEEP_ALIVE)?;
        sockopt::set_tcp_keepintvl(stream, KEEP_ALIVE / 4)?;
        sockopt::set_tcp_keepcnt(stream, 4)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_probes_silent_clients() {
        let listener = Listener::tcp("127.0.0.1", 0, &ServerSettings::default(), Remote::Refused).await.unwrap();
        let _client = TcpStream::connect(listener.address()).await.unwrap();
        let (Accepted::Tcp(stream), _) = listener.accept().await.unwrap() else { panic!("a client over TCP") };
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert!(stream.nodelay().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), KEEP_ALIVE);
    }
}
