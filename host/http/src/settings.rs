//! How servers are reached, as an operator decides it.

use std::path::PathBuf;
use std::time::Duration;

use jurat_model::Secret;

/// How this host speaks to servers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Http {
    /// A proxy for everything; none = servers are spoken to directly. It may hold a password.
    pub proxy: Option<Secret>,
    /// Files with certificates of authorities that are trusted besides those of the system.
    pub authorities: Vec<PathBuf>,
    /// A file with a certificate and its private key by which this host shows who it is.
    pub client_certificate: Option<PathBuf>,
    /// The longest time for getting a connection: 30 s.
    pub connect_timeout: Duration,
    /// The longest time in which nothing comes in: 60 s.
    pub read_timeout: Duration,
    /// The longest time for one file of a repository: 300 s.
    pub total_timeout: Duration,
    /// How much of such a file must come in on average, once it has begun; a server that gives less is given up: 1,024 bytes
    /// in a second.
    pub min_bytes_per_second: u32,
    /// Connections to each host that stay open while nothing is asked: 10.
    pub idle_connections: u32,
    /// How long the addresses of a host are believed: 300 s.
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
