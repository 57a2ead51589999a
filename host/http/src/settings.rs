//! Settings of the HTTP client.

use std::path::PathBuf;
use std::time::Duration;

use jurat_model::Secret;

/// The settings of the HTTP client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Http {
    /// The proxy for all requests; none = direct connections. It may contain a password.
    pub proxy: Option<Secret>,
    /// Files with certificates of authorities that are trusted besides those of the system.
    pub authorities: Vec<PathBuf>,
    /// A file with a certificate and its private key by which this host authenticates itself.
    pub client_certificate: Option<PathBuf>,
    /// The longest time for connecting: 30 s.
    pub connect_timeout: Duration,
    /// The longest time without a byte received: 60 s.
    pub read_timeout: Duration,
    /// The longest time for one file of a repository: 300 s.
    pub total_timeout: Duration,
    /// The lowest average rate of such a file, once it has begun; a slower download is aborted: 1,024 bytes per second.
    pub min_bytes_per_second: u32,
    /// Idle connections that stay open to each host: 10.
    pub idle_connections: u32,
    /// How long the addresses of a host are cached: 300 s.
    pub dns_cache: Duration,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            proxy: None,
            authorities: Vec::new(),
            client_certificate: None,
            connect_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(60),
            total_timeout: Duration::from_secs(300),
            min_bytes_per_second: 1_024,
            idle_connections: 10,
            dns_cache: Duration::from_secs(300),
        }
    }
}
