//! How this host speaks to servers: one way for everything, as the settings say, and without what nobody asked for.

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

/// Why servers cannot be spoken to as the settings say.
#[derive(Debug, Error)]
pub enum HttpError {
    /// A file that the settings name cannot be read.
    #[error("{what} `{}` cannot be read", path.display())]
    Read {
        /// What should be in it.
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
        /// What should be in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What would be right.
        expected: &'static str,
        /// Why, where that is known.
        #[source]
        cause: Option<reqwest::Error>,
    },
    /// The proxy is no URL of one. It is not shown, because it may hold a password.
    #[error("the proxy cannot be used: `http://` or `https://`, a host and perhaps a port are expected")]
    Proxy,
    /// Behind a proxy nobody here sees which addresses are spoken to.
    #[error(
        "behind a proxy it cannot be seen whether a server has a public address: set `data_private_addresses` to `granted`, so \
         that the proxy decides what can be reached, or leave `data_origins` empty"
    )]
    ProxyHides,
    /// The system lacks something.
    #[error("connections to servers cannot be made")]
    Failed(#[source] reqwest::Error),
}

/// A client for one kind of servers: it keeps connections and remembers addresses, so make one and keep it.
///
/// It follows no redirects, unpacks nothing, keeps no cookies, tells nobody where it comes from and does not look for a proxy in
/// the environment. TLS is that of `rustls`, with the authorities that the system trusts and those of the settings.
///
/// # Errors
/// When a file of the settings cannot be used; it is named.
///
/// # Limits
/// - [`Reach::PublicOnly`] is kept by whom the client connects to; a host that is written as an address needs
///   [`Addresses::check`] first. It cannot be kept behind a proxy, and is refused there.
/// - The system is asked for its authorities, and finds them where `SSL_CERT_FILE` and `SSL_CERT_DIR` say if they are set.
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
        // Everything else has been checked: this machine trusts nobody, which is no reason not to speak without TLS.
        let client = configured().tls_certs_only([]).build().map_err(HttpError::Failed)?;
        tracing::warn!(
            "this system has no certificates of authorities, so no server can be reached over https: \
             install them (often called `ca-certificates`), or name a file with them in the settings"
        );
        Ok(client)
    })
}

/// Without anything that a client does by itself.
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
    // Certificates are looked into only when a client is made; one with nothing else tells which file is wrong.
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
