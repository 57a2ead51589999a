//! Sockets on which a server accepts connections, and what it demands before it accepts them from other machines.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jurat::identity::{Grant, Principal, Requirement, Scope};
use jurat::settings::ServerSettings;
use rustix::net::sockopt;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream, UnixStream, lookup_host};

use crate::authentication::Authentication;
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
    /// Clients must be authenticated, and the settings have nothing that they could show.
    #[error(
        "clients over TCP must be authenticated, and there is nothing that they could show: make API keys (`server.api_keys`, \
         `jurat apikey create`), or set `server.token_file`, `server.jwt` or `server.tls.client_authorities`; `server.auth: none` \
         serves everybody on this machine"
    )]
    Unauthenticated,
    /// A port for operators needs a credential.
    #[error(
        "a port for operators requires a credential that they show: `server.operator_token_file`, `server.api_keys` or `server.jwt`"
    )]
    Operators,
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The Unix socket cannot be created.
    #[error(transparent)]
    Unix(#[from] UnixError),
}

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp { listener: TcpListener, tls: Option<Arc<Identity>>, authentication: Authentication },
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
    /// Clients are authenticated as the settings say; if these have a certificate, connections use TLS. An address that is open to
    /// other machines requires both.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub async fn tcp(host: &str, port: u16, settings: &ServerSettings, remote: Remote) -> Result<Self, ListenError> {
        let authentication = of_clients(settings).ok_or(ListenError::Unauthenticated);
        Self::bind(host, port, settings, remote, authentication).await
    }

    /// Listens on a port for operators, who must show a credential, whatever the address.
    ///
    /// # Errors
    /// As [`Listener::tcp`]; also if the settings have none that an operator could have.
    pub async fn operators(
        host: &str,
        port: u16,
        settings: &ServerSettings,
        remote: Remote,
    ) -> Result<Self, ListenError> {
        let has_some = settings.auth.has_credentials_of_operators();
        let authentication = has_some.then_some(Authentication::Credential).ok_or(ListenError::Operators);
        Self::bind(host, port, settings, remote, authentication).await
    }

    async fn bind(
        host: &str,
        port: u16,
        settings: &ServerSettings,
        remote: Remote,
        authentication: Result<Authentication, ListenError>,
    ) -> Result<Self, ListenError> {
        let error = |cause| ListenError::Tcp { host: host.to_owned(), port, cause };
        let addresses: Vec<SocketAddr> = lookup_host((host, port)).await.map_err(error)?.collect();
        let token = settings.auth.token.as_ref().map(|token| &token.secret);
        if token.into_iter().chain(&settings.auth.operator_token).any(|token| token.reveal().is_empty()) {
            return Err(ListenError::EmptyToken);
        }
        if !addresses.iter().all(|address| address.ip().to_canonical().is_loopback()) {
            let is_authenticated = authentication.as_ref().is_ok_and(Authentication::is_some);
            let needed = [
                (remote == Remote::Allowed, "permission (`--allow-remote`)"),
                (settings.tls.is_some(), "a certificate and its key (`server.tls`)"),
                (
                    is_authenticated,
                    "something that clients show: API keys (`server.api_keys`), a token (`server.token_file`), JSON Web Tokens \
                     (`server.jwt`) or certificates (`server.tls.client_authorities`)",
                ),
            ];
            let missing: Vec<_> = needed.iter().filter(|(is_there, _)| !is_there).map(|(_, what)| *what).collect();
            if !missing.is_empty() {
                return Err(ListenError::Remote { host: host.to_owned(), missing: missing.join(", ") });
            }
        }
        let authentication = authentication?;
        let tls = settings.tls.as_ref().map(Identity::open).transpose()?.map(Arc::new);
        let listener = TcpListener::bind(addresses.as_slice()).await.map_err(error)?;
        let address = listener.local_addr().map_err(error)?.to_string();
        Ok(Self { socket: Socket::Tcp { listener, tls, authentication }, address })
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

    /// Waits for a connection.
    pub(crate) async fn accept(&self) -> io::Result<(Accepted, ConnectionOrigin)> {
        match &self.socket {
            Socket::Tcp { listener, authentication, .. } => {
                let (stream, peer) = listener.accept().await?;
                // Both are improvements that a system may refuse.
                let _ = stream.set_nodelay(true);
                let _ = keep_alive(&stream);
                Ok((
                    Accepted::Tcp(stream),
                    ConnectionOrigin { authentication: authentication.clone(), peer: Some(peer) },
                ))
            }
            Socket::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                // No other user can reach the socket.
                let authentication = Authentication::Connection(Arc::new(Principal::operator()));
                Ok((Accepted::Unix(stream), ConnectionOrigin { authentication, peer: None }))
            }
        }
    }
}

/// What tells who clients are; none if nothing could.
fn of_clients(settings: &ServerSettings) -> Option<Authentication> {
    let certificates = settings.tls.as_ref().filter(|tls| !tls.client_authorities.is_empty());
    let auth = &settings.auth;
    let must_show = auth.requirement == Requirement::Required;
    let principal = if must_show && auth.has_credentials_of_clients() {
        return Some(Authentication::Credential);
    } else if let Some(tls) = certificates {
        let scopes = [Scope::Validate, Scope::Discover].into_iter().collect();
        Principal::new("certificate", [Grant { scopes, tenants: tls.client_tenants.clone() }])
    } else if !must_show {
        Principal::anonymous()
    } else {
        // Operators are clients too.
        return auth.has_credentials_of_operators().then_some(Authentication::Credential);
    };
    Some(Authentication::Connection(Arc::new(principal)))
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
    use jurat::identity::AuthSettings;

    use super::*;

    #[tokio::test]
    async fn the_system_probes_silent_clients() {
        let auth = AuthSettings { requirement: Requirement::None, ..AuthSettings::default() };
        let settings = ServerSettings { auth, ..ServerSettings::default() };
        let listener = Listener::tcp("127.0.0.1", 0, &settings, Remote::Refused).await.unwrap();
        let _client = TcpStream::connect(listener.address()).await.unwrap();
        let (Accepted::Tcp(stream), _) = listener.accept().await.unwrap() else { panic!("a client over TCP") };
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert!(stream.nodelay().unwrap());
        #[cfg(target_os = "linux")]
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), KEEP_ALIVE);
    }
}
