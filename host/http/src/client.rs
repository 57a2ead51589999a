//! The HTTP client: built from the settings, without redirects, decompression, cookies or proxies of the environment.

use std::path::{Path, PathBuf};

use jurat_disk::files::{self, ReadError};
use jurat_model::Bytes;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Identity, Proxy};
use thiserror::Error;
use url::Url;
use zeroize::Zeroizing;

use crate::Http;
use crate::network::{Addresses, Reach};
use crate::resolver::Resolver;

/// The longest file with certificates.
const MAX_CERTIFICATES: Bytes = Bytes::mebi(4);

/// Why the settings of the HTTP client are invalid.
#[derive(Debug, Error)]
pub enum HttpError {
    /// A file that the settings name cannot be read.
    #[error("{what} `{}` cannot be read", path.display())]
    Read {
        /// The expected content.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: ReadError,
    },
    /// A file that the settings name holds something else.
    #[error("{what} `{}` cannot be used: {expected}", path.display())]
    File {
        /// The expected content.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is expected.
        expected: &'static str,
        /// The cause, if it is known.
        #[source]
        cause: Option<reqwest::Error>,
    },
    /// The URL of the proxy is invalid. It is not shown, because it may contain a password.
    #[error("the proxy cannot be used: `http://` or `https://`, a host and perhaps a port are expected")]
    Proxy,
    /// A proxy hides which addresses are connected to.
    #[error(
        "behind a proxy it cannot be seen whether a server has a public address: set `data_private_addresses` to `granted`, so \
         that the proxy decides what can be reached, or leave `data_origins` empty"
    )]
    ProxyHides,
    /// The system lacks something.
    #[error("connections to servers cannot be made")]
    Failed(#[source] reqwest::Error),
}

/// An HTTP client. It keeps connections and caches addresses, so make one and keep it.
///
/// It follows no redirects, decompresses nothing, keeps no cookies, sends no referrer and reads no proxy from the environment.
/// TLS is that of `rustls`, with the authorities that the system trusts and those of the settings.
///
/// # Errors
/// When a file of the settings cannot be used; it is named.
///
/// # Limits
/// - The resolver of the client enforces [`Reach::PublicOnly`]; a host that is written as an address needs
///   [`Addresses::check`] first. It cannot be enforced behind a proxy, and is refused there.
/// - The authorities of the system are those of `SSL_CERT_FILE` and `SSL_CERT_DIR` if they are set.
pub fn client(settings: &Http, reach: Reach) -> Result<Client, HttpError> {
    client_to(&Addresses::of_system(reach), settings)
}

/// A client for the given addresses; else like [`client`].
///
/// # Errors
/// See [`client`].
pub fn client_to(addresses: &Addresses, settings: &Http) -> Result<Client, HttpError> {
    let proxy = match &settings.proxy {
        Some(_) if addresses.reach == Reach::PublicOnly => return Err(HttpError::ProxyHides),
        Some(url) => Some(proxy(url.reveal())?),
        None => None,
    };
    let mut authorities = Vec::new();
    for path in &settings.authorities {
        authorities.extend(certificates(path)?);
    }
    let identity = settings.client_certificate.as_deref().map(identity).transpose()?;

    let resolver = Resolver::new(addresses.clone(), settings.dns_cache);
    let configured = || {
        let builder = bare()
            .user_agent(concat!("jurat/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .pool_max_idle_per_host(usize::try_from(settings.idle_connections).unwrap_or(usize::MAX))
            .dns_resolver(resolver.clone());
        let builder = proxy.iter().cloned().fold(builder, ClientBuilder::proxy);
        identity.iter().cloned().fold(builder, ClientBuilder::identity)
    };
    configured().tls_certs_merge(authorities.clone()).build().or_else(|error| {
        if !authorities.is_empty() {
            return Err(HttpError::Failed(error));
        }
        // The settings were checked, so this machine trusts no authority. Requests without TLS still work.
        let client = configured().tls_certs_only([]).build().map_err(HttpError::Failed)?;
        tracing::warn!(
            "this system has no certificates of authorities, so no server can be reached over https: \
             install them (often called `ca-certificates`), or name a file with them in the settings"
        );
        Ok(client)
    })
}

/// A client of a server on this machine that listens on a Unix socket. The host in URLs does not matter to it.
///
/// # Errors
/// When the system lacks something.
pub fn client_over_unix(socket: &Path) -> Result<Client, HttpError> {
    bare().unix_socket(socket).build().map_err(HttpError::Failed)
}

/// A builder without any default behaviour.
fn bare() -> ClientBuilder {
    Client::builder().tls_backend_rustls().no_proxy().redirect(Policy::none()).referer(false)
}

fn proxy(url: &str) -> Result<Proxy, HttpError> {
    let url = Url::parse(url).map_err(|_| HttpError::Proxy)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(HttpError::Proxy);
    }
    Proxy::all(url).map_err(|_| HttpError::Proxy)
}

/// The certificates of a file with authorities.
fn certificates(path: &Path) -> Result<Vec<Certificate>, HttpError> {
    const WHAT: &str = "the file with authorities";
    let wrong = |cause| HttpError::File {
        what: WHAT,
        path: path.to_owned(),
        expected: "certificates in PEM form are expected, `-----BEGIN CERTIFICATE-----`",
        cause,
    };
    let found = Certificate::from_pem_bundle(&read(WHAT, path)?).map_err(|error| wrong(Some(error)))?;
    if found.is_empty() {
        return Err(wrong(None));
    }
    // Certificates are parsed only when a client is made; a client with one file alone tells which file is wrong.
    bare().tls_certs_only(found.clone()).build().map_err(|error| wrong(Some(error)))?;
    Ok(found)
}

/// The certificate and the key of a file.
fn identity(path: &Path) -> Result<Identity, HttpError> {
    const WHAT: &str = "the client certificate";
    let wrong = |error| HttpError::File {
        what: WHAT,
        path: path.to_owned(),
        expected: "one file with a certificate and its unencrypted private key in PEM form is expected",
        cause: Some(error),
    };
    let identity = Identity::from_pem(&Zeroizing::new(read(WHAT, path)?)).map_err(wrong)?;
    bare().tls_certs_only([]).identity(identity.clone()).build().map_err(wrong)?;
    Ok(identity)
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, HttpError> {
    files::read(path, MAX_CERTIFICATES).map_err(|cause| HttpError::Read { what, path: path.to_owned(), cause })
}

#[cfg(test)]
mod tests;
