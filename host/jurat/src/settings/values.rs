//! The settings and their defaults.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use jurat_disk::Parents;
use jurat_engine::extract::ChunkLimits;
use jurat_http::{HostPattern, Http, Location};
use jurat_identity::Rates;
use jurat_model::{Bytes, Isolation, Limits, Secret, Suspension};
use jurat_repository::Trust;
use jurat_sandbox::{CompileSettings, SealedWasi};

use super::api::ApiSettings;
use super::server::ServerSettings;

/// The settings of one host.
///
/// # Defaults
/// [`Settings::new`] takes the location of the rules; [`Settings::EXAMPLE`] documents the rest.
///
/// ```
/// use std::time::Duration;
///
/// use jurat::Settings;
///
/// let mut settings = Settings::new("rules");
/// settings.poll = Duration::from_secs(10);
/// settings.state = Some("/var/lib/jurat".into());
/// assert!(settings.tenants.contains_key(Settings::DEFAULT_TENANT));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The tenants, by name. Never empty; a file that names none has one called
    /// [`DEFAULT_TENANT`](Self::DEFAULT_TENANT).
    pub tenants: BTreeMap<String, TenantSettings>,
    /// The number of threads that run rules, for all tenants together: as many as processors.
    pub workers: WorkerCount,
    /// The cache directory of fetched files; none = no cache.
    pub cache: Option<PathBuf>,
    /// The directory of the host's state: the metadata that it has seen, the releases that it has run, its pins and its key;
    /// none = only in memory.
    pub state: Option<PathBuf>,
    /// What may be above these two directories: only directories in which nobody else can replace them.
    pub parents: Parents,
    /// Interval of background polls of repositories: 60 s.
    pub poll: Duration,
    /// Interval of background reads of everything else, unsigned rules and the configuration of the coordination
    /// service: 1,800 s.
    pub max_age: Duration,
    /// The number of earlier releases of each tenant to keep for a rollback: 2.
    pub kept_releases: u32,
    /// What compiling the components of releases may use: two side by side, each with 30 s of processor time and 512 MiB of
    /// memory, 60 s for a release. Without a [`Compiler::Child`](crate::Compiler::Child), only the number holds.
    pub compile: CompileSettings,
    /// The settings of the HTTP client.
    pub http: Http,
    /// The settings of the server, under `server`.
    pub server: ServerSettings,
    /// The settings of the HTTP API, under `api`.
    pub api: ApiSettings,
    /// Values of headers, by the names under which the configuration of a coordination service refers to them.
    pub headers: BTreeMap<String, Secret>,
}

/// The settings of one tenant.
///
/// ```
/// use jurat::settings::{SealedWasi, Settings, TenantSettings, Unsigned};
///
/// // Two tenants: one with a directory of unsigned rules, for development.
/// let mut settings = Settings::new("rules/acme");
/// let trial = TenantSettings {
///     unsigned: Unsigned::Run { components: None },
///     sealed_wasi: SealedWasi::Granted,
///     ..TenantSettings::new("rules/trial")
/// };
/// settings.tenants.insert("trial".to_owned(), trial);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TenantSettings {
    /// The location of the rules: a signed repository, or a directory with the sources of a release.
    pub rules: Location,
    /// The trust settings; needed for a repository.
    pub trust: Option<Trust>,
    /// The policy for unsigned rules: they are refused.
    pub unsigned: Unsigned,
    /// The limits of a rule; a release can only lower them.
    pub limits: Limits,
    /// Whether a component may import WASI, with nothing behind it: no.
    pub sealed_wasi: SealedWasi,
    /// The isolation of records of one request: a chunk's records share an instance.
    pub isolation: Isolation,
    /// When a rule is suspended for the rest of a request: after 1,000 guilty records, or after 5,000,000,000 units of fuel that
    /// they have used together, each alone. That is what 500 records use that exhaust the default fuel.
    pub suspension: Suspension,
    /// The most records that are judged together.
    pub chunk: ChunkLimits,
    /// The longest record: 1 MiB.
    pub max_record: Bytes,
    /// The longest file of records: 50 MiB.
    pub max_file: Bytes,
    /// The most findings of one rule on one record in a result; further ones are counted: 100.
    pub max_findings: NonZeroU32,
    /// How much all clients of a server together may do with the tenant in a minute: [`Rates::USUAL`]. Applies to clients that show a
    /// credential or a certificate.
    pub rates: Rates,
    /// Whether commands count a record as good although a related entity could not be had.
    pub allow_unavailable: bool,
    /// The directories and servers that callers may have files of records read from.
    pub data: Data,
    /// The coordination service, for related entities that a request does not contain; none = no service.
    pub coordination: Option<CoordinationSource>,
}

/// The directories and servers that callers may have files of records read from.
///
/// ```
/// use jurat::settings::{Data, DataRoots, PrivateAddresses, Settings};
/// use jurat::url::Url;
///
/// let mut settings = Settings::new("rules");
/// for tenant in settings.tenants.values_mut() {
///     let origins = vec![Url::parse("https://data.example.com")?.origin()];
///     let roots = DataRoots::Listed(vec!["/srv/loans".into()]);
///     tenant.data = Data { roots, origins, private_addresses: PrivateAddresses::Refused };
/// }
/// # Ok::<(), jurat::url::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Data {
    /// Directories below which files may lie.
    pub roots: DataRoots,
    /// Servers from which files may be fetched.
    pub origins: Vec<url::Origin>,
    /// Whether those servers may have addresses that are not public ones: no.
    pub private_addresses: PrivateAddresses,
}

/// Directories below which files of records may lie.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum DataRoots {
    /// The working directory of the process, the default. Servers that listen on a port take it for none.
    #[default]
    WorkingDirectory,
    /// These.
    Listed(Vec<PathBuf>),
}

/// Whether connections to addresses of this machine and of private networks are permitted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PrivateAddresses {
    /// They are refused.
    #[default]
    Refused,
    /// They are permitted.
    Granted,
}

/// The location of the configuration of the coordination service, and what it may contain.
///
/// ```
/// use jurat::settings::{CoordinationSource, HostPattern, Location, ParseHostError, Settings};
///
/// let host: HostPattern = "refs.example.com".parse()?;
/// let config = Location::File("coordination-service.yaml".into());
/// let mut settings = Settings::new("rules");
/// for tenant in settings.tenants.values_mut() {
///     tenant.coordination = Some(CoordinationSource { config: config.clone(), hosts: vec![host.clone()] });
/// }
/// # Ok::<(), ParseHostError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CoordinationSource {
    /// The configuration.
    pub config: Location,
    /// Hosts to which records may be sent, with a port if it is not the default one.
    pub hosts: Vec<HostPattern>,
}

/// The policy for a directory of sources, which is unsigned.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Unsigned {
    /// It is refused.
    #[default]
    Refused,
    /// Its rules are run, and every result says that they are unsigned: for development.
    Run {
        /// The directory of built components; none = as `release.yaml` says.
        components: Option<PathBuf>,
    },
}

/// The number of threads that run rules.
///
/// ```
/// use std::num::NonZeroUsize;
///
/// use jurat::settings::{Settings, WorkerCount};
///
/// let mut settings = Settings::new("rules");
/// let workers = std::thread::available_parallelism()?.get() / 2;
/// settings.workers = NonZeroUsize::new(workers).map_or(WorkerCount::PerProcessor, WorkerCount::Exactly);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WorkerCount {
    /// As many as processors.
    #[default]
    PerProcessor,
    /// A fixed number.
    Exactly(NonZeroUsize),
}

impl Settings {
    /// The name of the only tenant, if the settings name none.
    pub const DEFAULT_TENANT: &'static str = "default";

    /// The defaults, for rules in the given directory.
    #[must_use]
    pub fn new(rules: impl Into<PathBuf>) -> Self {
        Self {
            tenants: BTreeMap::from([(Self::DEFAULT_TENANT.to_owned(), TenantSettings::new(rules))]),
            workers: WorkerCount::PerProcessor,
            cache: None,
            state: None,
            parents: Parents::Private,
            poll: Duration::from_secs(60),
            max_age: Duration::from_secs(1_800),
            kept_releases: 2,
            compile: CompileSettings::DEFAULT,
            http: Http::default(),
            server: ServerSettings::default(),
            api: ApiSettings::default(),
            headers: BTreeMap::new(),
        }
    }
}

impl TenantSettings {
    /// The defaults, for rules in the given directory.
    #[must_use]
    pub fn new(rules: impl Into<PathBuf>) -> Self {
        const MAX_FINDINGS: NonZeroU32 = NonZeroU32::new(100).unwrap();
        Self {
            rules: Location::File(rules.into()),
            trust: None,
            unsigned: Unsigned::Refused,
            limits: Limits::DEFAULT,
            sealed_wasi: SealedWasi::Refused,
            isolation: Isolation::Chunk,
            suspension: Suspension::DEFAULT,
            chunk: ChunkLimits::default(),
            max_record: Bytes::mebi(1),
            max_file: Bytes::mebi(50),
            max_findings: MAX_FINDINGS,
            rates: Rates::USUAL,
            allow_unavailable: false,
            data: Data::default(),
            coordination: None,
        }
    }
}

impl WorkerCount {
    /// The most threads that can be asked for: more than any machine has processors to run rules on, and fewer than what a
    /// system cannot start.
    pub const MOST: u16 = 1_024;

    /// The number of threads on a machine with this number of processors.
    #[must_use]
    pub fn on(self, processors: NonZeroUsize) -> NonZeroUsize {
        match self {
            Self::PerProcessor => processors,
            Self::Exactly(count) => count,
        }
    }
}
