//! What settings say, and what they say where nobody has said anything.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use jurat_engine::extract::ChunkLimits;
use jurat_http::{HostPattern, Http, Location};
use jurat_model::{Bytes, Isolation, Limits, Secret};
use jurat_repository::Trust;
use jurat_sandbox::SealedWasi;

/// The settings of one host.
///
/// # Defaults
/// [`Settings::new`] takes where the rules are; [`Settings::EXAMPLE`] says what the rest is and means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Whose rules are run, by name. Never empty; a file that does not name any has one that is called
    /// [`DEFAULT_TENANT`](Self::DEFAULT_TENANT).
    pub tenants: BTreeMap<String, TenantSettings>,
    /// How many threads run rules, for all tenants together: as many as there are processors.
    pub workers: WorkerCount,
    /// Where what was fetched is kept for the next start; none = nowhere.
    pub cache: Option<PathBuf>,
    /// Where this host keeps what it must not forget: which metadata it has seen, which releases it has run, its pins and its
    /// key; none = only in memory, as long as it runs.
    pub state: Option<PathBuf>,
    /// How often it is looked, in the background, whether a repository has something newer: 60 s.
    pub poll: Duration,
    /// After what time everything else is read again, in the background: unsigned rules, and the configuration of the
    /// coordination service: 1,800 s.
    pub max_age: Duration,
    /// How many earlier releases of each tenant are kept, to go back to: 2.
    pub kept_releases: u32,
    /// How this host speaks to servers.
    pub http: Http,
    /// How this host serves other programs, under `rpc`.
    pub server: ServerSettings,
    /// Values for headers that a coordination service wants, by the names under which its configuration asks for them.
    pub headers: BTreeMap<String, Secret>,
}

/// What can be different for each tenant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TenantSettings {
    /// Where the rules are: a signed repository, or the directory with the sources of a release.
    pub rules: Location,
    /// Whom to trust; needed for a repository.
    pub trust: Option<Trust>,
    /// What happens with rules that nobody has signed: they are refused.
    pub unsigned: Unsigned,
    /// What a rule may use; a release can only lower it.
    pub limits: Limits,
    /// Whether a component may import WASI, with nothing behind it: no.
    pub sealed_wasi: SealedWasi,
    /// How much records of one request share while a rule runs: a chunk's records share an instance.
    pub isolation: Isolation,
    /// After how many guilty records a rule is not run on the rest of a request: 1,000.
    pub suspend_after: NonZeroU32,
    /// How many records are judged together.
    pub chunk: ChunkLimits,
    /// The longest record: 1 MiB.
    pub max_record: Bytes,
    /// The longest file of records: 50 MiB.
    pub max_file: Bytes,
    /// How many findings of one rule on one record are told; further ones are counted: 100.
    pub max_findings: NonZeroU32,
    /// Where callers may have files of records read from.
    pub data: Data,
    /// Where related entities are fetched from that a request does not bring along; none = nowhere.
    pub coordination: Option<CoordinationSource>,
}

/// Where callers may have files of records read from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Data {
    /// Directories below which files may lie.
    pub roots: DataRoots,
    /// Servers that files may be fetched from.
    pub origins: Vec<url::Origin>,
    /// Whether those servers may have addresses that are not public ones: no.
    pub private_addresses: PrivateAddresses,
}

/// Directories below which files of records may lie.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum DataRoots {
    /// The working directory of the process, as nothing else was said. Servers that listen on a port take it for none.
    #[default]
    WorkingDirectory,
    /// These.
    Listed(Vec<PathBuf>),
}

/// Whether addresses of this machine and of private networks may be spoken to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PrivateAddresses {
    /// They are refused.
    #[default]
    Refused,
    /// They are like all others.
    Granted,
}

/// Where the configuration of the coordination service is, and what it may say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CoordinationSource {
    /// The configuration.
    pub config: Location,
    /// Hosts, with a port where it is not the usual one, to which records may be sent.
    pub hosts: Vec<HostPattern>,
}

/// How this host serves other programs: what all protocols of a server have in common. Its keys stand under `rpc`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerSettings {
    /// The longest request: 64 MiB.
    pub max_message: Bytes,
    /// The longest answer: 256 MiB.
    pub max_reply: Bytes,
    /// What all requests that are being read or worked on may take together: 256 MiB.
    pub max_buffered: Bytes,
    /// Clients at a time: 256.
    pub max_connections: NonZeroU32,
    /// Requests of one client that are worked on at a time; it can send more, which wait: 16.
    pub max_in_flight: NonZeroU32,
    /// How long a client may leave an answer unread before its connection is closed, on sockets: 30 s.
    pub write_timeout: Duration,
    /// How long requests may take that were there when the server was told to stop: 30 s.
    pub drain: Duration,
    /// What clients from other machines must show first. Those are refused if there is none.
    pub token: Option<Secret>,
    /// The certificate chain and the private key with which clients from other machines are spoken to, as PEM files.
    pub tls: Option<Tls>,
}

/// Who this server is, to clients from other machines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tls {
    /// The file with the certificate, and those between it and an authority.
    pub certificate: PathBuf,
    /// The file with its private key.
    pub key: PathBuf,
}

/// What happens with a directory of sources, which nobody has signed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Unsigned {
    /// It is refused.
    #[default]
    Refused,
    /// Its rules are run, and every result says that they are unsigned: for development.
    Run {
        /// Where built components are; none = where `release.yaml` says.
        components: Option<PathBuf>,
    },
}

/// How many threads run rules.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WorkerCount {
    /// As many as there are processors.
    #[default]
    PerProcessor,
    /// So many.
    Exactly(NonZeroUsize),
}

impl Settings {
    /// The name of the tenant that there is where nobody has named any.
    pub const DEFAULT_TENANT: &'static str = "default";

    /// The defaults, for rules in the given directory.
    #[must_use]
    pub fn new(rules: impl Into<PathBuf>) -> Self {
        Self {
            tenants: BTreeMap::from([(Self::DEFAULT_TENANT.to_owned(), TenantSettings::new(rules))]),
            workers: WorkerCount::PerProcessor,
            cache: None,
            state: None,
            poll: Duration::from_secs(60),
            max_age: Duration::from_secs(1_800),
            kept_releases: 2,
            http: Http::default(),
            server: ServerSettings::default(),
            headers: BTreeMap::new(),
        }
    }
}

impl TenantSettings {
    /// The defaults, for rules in the given directory.
    #[must_use]
    pub fn new(rules: impl Into<PathBuf>) -> Self {
        const SUSPEND_AFTER: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        const MAX_FINDINGS: NonZeroU32 = NonZeroU32::new(100).unwrap();
        Self {
            rules: Location::File(rules.into()),
            trust: None,
            unsigned: Unsigned::Refused,
            limits: Limits::DEFAULT,
            sealed_wasi: SealedWasi::Refused,
            isolation: Isolation::Chunk,
            suspend_after: SUSPEND_AFTER,
            chunk: ChunkLimits::default(),
            max_record: Bytes::mebi(1),
            max_file: Bytes::mebi(50),
            max_findings: MAX_FINDINGS,
            data: Data::default(),
            coordination: None,
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        const CONNECTIONS: NonZeroU32 = NonZeroU32::new(256).unwrap();
        const IN_FLIGHT: NonZeroU32 = NonZeroU32::new(16).unwrap();
        Self {
            max_message: Bytes::mebi(64),
            max_reply: Bytes::mebi(256),
            max_buffered: Bytes::mebi(256),
            max_connections: CONNECTIONS,
            max_in_flight: IN_FLIGHT,
            write_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            token: None,
            tls: None,
        }
    }
}

impl WorkerCount {
    /// The most threads that can be asked for: more than any machine has processors to run rules on, and fewer than what a
    /// system cannot start.
    pub const MOST: u16 = 1_024;

    /// The number, on a machine with so many processors.
    #[must_use]
    pub fn on(self, processors: NonZeroUsize) -> NonZeroUsize {
        match self {
            Self::PerProcessor => processors,
            Self::Exactly(count) => count,
        }
    }
}
