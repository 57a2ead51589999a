//! The HTTP client, runtime and directories that a repository uses.

use std::collections::BTreeMap;

use jurat_disk::CacheDir;
use jurat_http::Http;
use jurat_model::Secret;
use tokio::runtime::Handle;

/// The HTTP client, runtime and directories that a repository uses.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The client for servers; it follows no redirects.
    #[cfg(feature = "remote")]
    pub client: jurat_http::Client,
    /// A runtime for requests to servers.
    pub runtime: Handle,
    /// The settings of the HTTP client.
    pub http: &'a Http,
    /// The directory of fetched files; a repository on a server needs it.
    pub cache: Option<&'a CacheDir>,
    /// The state directory; none = in memory.
    pub state: Option<&'a CacheDir>,
    /// Values of headers, by name.
    pub secrets: &'a BTreeMap<String, Secret>,
    /// The number of earlier releases to keep.
    pub kept: u32,
    /// What this process is for.
    pub purpose: Purpose,
}

/// What a process with a state directory is for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Purpose {
    /// It serves until it is stopped: its status is that of the host.
    #[default]
    Serve,
    /// It does one thing and ends, beside a host that may serve: it leaves the status of that one alone.
    OneRun,
}

/// What a poll does while another process polls with the same directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Contention {
    /// It waits, up to 30 s.
    Wait,
    /// It waits up to 5 s, and leaves the rest to that process.
    Yield,
}
