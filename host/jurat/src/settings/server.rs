//! The settings that all protocols of a server share, and their defaults.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use jurat_identity::{AuthSettings, Rates, Tenants};
use jurat_model::Bytes;

/// The settings that all protocols of a server share. Their keys are under `server`.
///
/// ```
/// use jurat::Bytes;
/// use jurat::identity::{AuthSettings, Tenants, TokenSettings};
/// use jurat::settings::{Secret, ServerSettings, Settings, Tls};
///
/// let mut settings = Settings::new("rules");
/// let secret = Secret::new("a token from the secret store");
/// let token = TokenSettings { secret, tenants: Tenants::listed([Settings::DEFAULT_TENANT]) };
/// settings.server = ServerSettings {
///     max_message: Bytes::mebi(16),
///     auth: AuthSettings { token: Some(token), ..AuthSettings::default() },
///     tls: Some(Tls::new("server.pem", "server.key")),
///     ..ServerSettings::default()
/// };
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerSettings {
    /// The calls and results of requests that do not say theirs: those of the first generation of validation-lib.
    pub compatibility: Compatibility,
    /// The longest request: 64 MiB.
    pub max_message: Bytes,
    /// The longest answer: 256 MiB.
    pub max_reply: Bytes,
    /// The most memory of all requests that are being read or worked on: 256 MiB.
    pub max_buffered: Bytes,
    /// Clients at a time: 256.
    pub max_connections: NonZeroU32,
    /// Requests of one client that are worked on at a time; it can send more, which wait: 16.
    pub max_in_flight: NonZeroU32,
    /// How long a client may take to agree on TLS: 10 s.
    pub handshake_timeout: Duration,
    /// How long a client may leave an answer unread before its connection is closed, on sockets: 30 s.
    pub write_timeout: Duration,
    /// The time that a stopping server gives to requests under way: 30 s.
    pub drain: Duration,
    /// How clients over TCP are authenticated: they must be, and by default nothing that they could show is accepted.
    pub auth: AuthSettings,
    /// How much one client may do in a minute, unless its API key has rates of its own: [`Rates::USUAL`].
    pub key_rates: Rates,
    /// How much the clients at one address may do together: [`Rates::USUAL`].
    pub address_rates: Rates,
    /// The certificate chain and the private key for clients from other machines, as PEM files.
    pub tls: Option<Tls>,
}

/// Which generation of validation-lib a call is made as, and its results look as.
///
/// ```
/// use jurat::settings::{Compatibility, Settings};
///
/// let mut settings = Settings::new("rules");
/// settings.server.compatibility = Compatibility::Envelopes;
/// assert_eq!(Compatibility::Envelopes.name(), "envelopes");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Compatibility {
    /// The first: results are lists, a batch has `entities`, and results have the records' own ids.
    #[default]
    Lists,
    /// The later one: results are objects with a `status`, a batch has `items`, and results have the `correlation_id` of these.
    Envelopes,
}

impl Compatibility {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Lists, Self::Envelopes];

    /// The name in settings and requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lists => "lists",
            Self::Envelopes => "envelopes",
        }
    }
}

/// The TLS identity of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tls {
    /// The file with the certificate and its intermediate certificates.
    pub certificate: PathBuf,
    /// The file with its private key.
    pub key: PathBuf,
    /// Files with certificates of authorities. If there are any, each client must show a certificate that one of them has signed.
    pub client_authorities: Vec<PathBuf>,
    /// The tenants that clients may use who show a certificate and nothing else.
    pub client_tenants: Tenants,
    /// How often the server looks whether these files were replaced: every 60 s.
    pub reload: Duration,
}

impl Tls {
    /// An identity, without certificates of clients.
    #[must_use]
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        let (certificate, key) = (certificate.into(), key.into());
        let client_tenants = Tenants::default();
        Self { certificate, key, client_authorities: Vec::new(), client_tenants, reload: Duration::from_secs(60) }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        const CONNECTIONS: NonZeroU32 = NonZeroU32::new(256).unwrap();
        const IN_FLIGHT: NonZeroU32 = NonZeroU32::new(16).unwrap();
        Self {
            compatibility: Compatibility::Lists,
            max_message: Bytes::mebi(64),
            max_reply: Bytes::mebi(256),
            max_buffered: Bytes::mebi(256),
            max_connections: CONNECTIONS,
            max_in_flight: IN_FLIGHT,
            handshake_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            auth: AuthSettings::default(),
            key_rates: Rates::USUAL,
            address_rates: Rates::USUAL,
            tls: None,
        }
    }
}
