//! What a repository is reached with, and where things are kept.

use std::collections::BTreeMap;

use jurat_disk::CacheDir;
use jurat_http::Http;
use jurat_model::Secret;
use tokio::runtime::Handle;

/// What a repository is reached with, and where things are kept.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The client for servers; it follows no redirects.
    #[cfg(feature = "remote")]
    pub client: jurat_http::Client,
    /// A runtime whose threads may wait for servers.
    pub runtime: Handle,
    /// How servers are reached.
    pub http: &'a Http,
    /// Where fetched files are kept; a repository on a server needs it.
    pub cache: Option<&'a CacheDir>,
    /// Where what was seen is kept; none = in memory.
    pub state: Option<&'a CacheDir>,
    /// Values of headers, by name.
    pub secrets: &'a BTreeMap<String, Secret>,
    /// How many earlier releases are kept.
    pub kept: u32,
}
