//! Opens a service.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

use jurat_disk::CacheDir;
use jurat_engine::Workers;
use jurat_model::{Bytes, CallContext, Cancellation, chain};
use jurat_repository::{Purpose, Repository, Surroundings, shown};
use jurat_sandbox::{CodeCache, CodeKey, Compiler, Sandbox};

use super::clock::Clock;
use super::first_polls::FirstPolls;
use super::handle::Service;
use super::in_flight::Waiting;
use super::refresh;
use super::related::Network;
use super::releases::Releases;
use super::releases::prepare::Tried;
use super::releases::upstream::Upstream;
use super::runtimes::{Runtimes, waiting_calls};
use super::shared::Shared;
use super::tenant::Tenant;
use crate::code_dir::{CodeDir, host_key};
use crate::data::DataSource;
use crate::error::OpenError;
use crate::observe::{CallGuard, Guards, Observer, Observers};
use crate::proofs::Proofs;
use crate::settings::Settings;
use crate::settings::check::check;

/// How long a start takes at most for the first releases of tenants while another tenant is served.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service that is about to be opened.
///
/// # Defaults
/// Compiles components in this process, uses the system's clock, has no observers or guards, and resolves relative paths of
/// callers from the working directory.
///
/// ```no_run
/// # fn f(settings: jurat::Settings) -> Result<(), jurat::OpenError> {
/// use jurat::{Clock, Compiler, Service};
///
/// let service = Service::builder(settings)
///     .with_compiler(Compiler::InProcess)
///     .with_clock(Clock::default())
///     .open()?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct ServiceBuilder {
    settings: Settings,
    compiler: Compiler,
    clock: Clock,
    observers: Vec<Box<dyn Observer>>,
    guards: Vec<Box<dyn CallGuard>>,
    waiting_calls: usize,
    patience: Duration,
    purpose: Purpose,
}

impl Service {
    /// Gets the releases that the settings name, checks that they are trusted, and makes their rules ready.
    ///
    /// Takes the time from the system, and compiles in this process; [`Service::builder`] has the choice.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing is run unless everything is in order.
    pub fn open(settings: Settings) -> Result<Self, OpenError> {
        Self::builder(settings).open()
    }

    /// Like [`Service::open`], with options.
    pub fn builder(settings: Settings) -> ServiceBuilder {
        let waiting_calls = waiting_calls(&settings.server);
        ServiceBuilder {
            settings,
            compiler: Compiler::InProcess,
            clock: Clock::default(),
            observers: Vec::new(),
            guards: Vec::new(),
            waiting_calls,
            patience: PATIENCE,
            purpose: Purpose::Serve,
        }
    }
}

impl ServiceBuilder {
    /// Sets where components are compiled: in a child process, if the program supports that.
    pub fn with_compiler(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
    }

    /// Sets the clock.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Sets what the service is for. One for a single run, such as a batch, leaves the status of a host alone that serves with the same
    /// `state_dir`; without this, a service is a host that serves.
    pub fn with_purpose(self, purpose: Purpose) -> Self {
        Self { purpose, ..self }
    }

    /// Adds an observer: it gets all events of the service.
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Adds a guard: it can hold calls back, at admission and before their answers leave.
    pub fn with_guard(mut self, guard: impl CallGuard + 'static) -> Self {
        self.guards.push(Box::new(guard));
        self
    }

    /// Sets how long [`ServiceBuilder::open`] takes at most for the first releases of tenants while another tenant is served: 60 s unless
    /// set. Then calls of those tenants fail with `not_ready` until their releases are there.
    ///
    /// # Limits
    /// It waits for a tenant without limit if nobody is served before it, or if its coordination service cannot be set up without its
    /// release, which may say where that is. Tenants with a kept release get up to 5 s for a newer one in any case; then their kept
    /// releases are made ready, one after the other.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    #[cfg(test)]
    pub(super) fn with_waiting_calls(self, waiting_calls: usize) -> Self {
        Self { waiting_calls, ..self }
    }

    /// Gets the releases that the settings name, checks that they are trusted, and makes their rules ready.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing is run unless everything is in order.
    pub fn open(self) -> Result<Service, OpenError> {
        let Self { settings, compiler, clock, observers, guards, waiting_calls, patience, purpose } = self;
        let count = settings.workers.on(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
        check(&settings)?;
        let directories = Directories::open(&settings, purpose)?;
        let code = directories.code();
        let sandbox = sandbox(&settings, count, compiler, code).map_err(OpenError::Sandbox)?;
        let tried = Tried { proofs: directories.proofs(&sandbox).map(Arc::new), sandbox };
        let workers = Workers::start(count).map_err(OpenError::Workers)?;
        let mut shared = Shared {
            tenants: BTreeMap::new(),
            // Last, because it finds out whether there are enough threads, and would panic later.
            runtimes: Runtimes::start(settings.tenants.len(), waiting_calls).map_err(OpenError::Workers)?,
            workers,
            clock,
            in_flight: Arc::default(),
            waiting: Waiting::default(),
            observers: Observers::new(observers),
            guards: Guards::new(guards),
            calls: AtomicU64::new(0),
        };
        let (tenants, polls) = shared.open(&settings, &directories, &tried, patience)?;
        shared.tenants = tenants;
        shared.refuse_if_no_tenant_is_served()?;
        let shared = Arc::new(shared);
        polls.follow(&shared);
        if let Some(io) = shared.runtimes.io() {
            refresh::start(io, &shared, &settings);
        }
        let sole = if shared.tenants.len() == 1 { shared.tenants.values().next().cloned() } else { None };
        Ok(Service { shared, tenant: sole, context: CallContext::new(), cancellation: Cancellation::new() })
    }
}

impl Shared {
    /// Opens each tenant. Some may still be polled for the first time.
    fn open(
        &self,
        settings: &Settings,
        directories: &Directories,
        tried: &Tried,
        patience: Duration,
    ) -> Result<(BTreeMap<String, Arc<Tenant>>, FirstPolls), OpenError> {
        let runtime = self.runtimes.io().ok_or(OpenError::BrokenOff)?;
        let network = Network::new(settings, runtime.clone(), directories.cache.clone(), self.observers.clone())?;
        let surroundings = Surroundings {
            #[cfg(feature = "remote")]
            client: network.client.clone(),
            runtime: runtime.clone(),
            http: &settings.http,
            cache: directories.cache.as_deref(),
            state: directories.state.as_deref(),
            secrets: &settings.headers,
            kept: settings.kept_releases,
            purpose: directories.purpose,
        };
        // Without one, relative paths of callers are refused.
        let working_directory = std::env::current_dir().ok();
        // Beside other tenants that are busy it has one less.
        let most = NonZeroUsize::new(self.workers.count()).unwrap_or(NonZeroUsize::MIN);
        let mut tenants = BTreeMap::new();
        for (name, tenant) in &settings.tenants {
            let data = DataSource::new(&tenant.data, tenant.max_file, working_directory.clone(), &settings.http);
            let data = data.map_err(|error| OpenError::Http(error.into()))?;
            let repository = tenant.trust.as_ref();
            let repository = repository
                .map(|trust| Repository::open(name, &tenant.rules, trust, &surroundings))
                .transpose()
                .map_err(|cause| OpenError::Trust { repository: shown(&tenant.rules), cause: Box::new(cause) })?;
            let upstream = Upstream::new(name, tenant.clone(), repository, tried.clone(), self.observers.clone());
            let observers = self.observers.clone();
            let releases = Releases::new(name, upstream, self.clock.clone(), settings.kept_releases, observers);
            let queue = self.workers.queue(most);
            tenants.insert(name.clone(), Arc::new(Tenant::new(name, tenant.clone(), data, releases, queue)));
        }
        let threads = self.runtimes.background().ok_or(OpenError::BrokenOff)?;
        let mut polls = FirstPolls::start(threads, &tenants);
        polls.wait(&tenants, patience);
        for tenant in tenants.values() {
            polls.relate(tenant, &network)?;
            self.report(tenant);
        }
        Ok((tenants, polls))
    }

    /// A tenant without rules does not prevent the others; without rules of any tenant, opening fails.
    fn refuse_if_no_tenant_is_served(&self) -> Result<(), OpenError> {
        let mut errors =
            self.tenants.values().map(|tenant| tenant.releases.snapshot().failure.map(|failure| failure.error));
        if self.tenants.values().any(|tenant| tenant.is_served()) {
            return Ok(());
        }
        match errors.next().flatten() {
            Some(error) => Err(OpenError::NobodyServed(error)),
            None => Err(OpenError::BrokenOff),
        }
    }
}

/// The directories of this host, and what it uses them for.
struct Directories {
    purpose: Purpose,
    cache: Option<Arc<CacheDir>>,
    state: Option<Arc<CacheDir>>,
}

impl Directories {
    fn open(settings: &Settings, purpose: Purpose) -> Result<Self, OpenError> {
        let open = |path| CacheDir::open_below(path, settings.parents);
        let cache = settings.cache.as_deref().map(open).transpose();
        let state = settings.state.as_deref().map(open).transpose();
        Ok(Self {
            purpose,
            cache: cache.map_err(OpenError::Cache)?.map(Arc::new),
            state: state.map_err(OpenError::State)?.map(Arc::new),
        })
    }

    /// The cache of compiled code. Without it, every start compiles, which is not an error.
    fn code(&self) -> Option<CodeCache> {
        match self.authenticated("code")? {
            Ok((key, directory)) => Some(CodeCache { key, store: Arc::new(CodeDir::new(directory, CodeDir::SIZE)) }),
            Err(reason) => {
                tracing::warn!(reason, "compiled code is not kept");
                None
            }
        }
    }

    /// The proofs that test vectors hold. Without them, every start runs the vectors, which is not an error.
    fn proofs(&self, sandbox: &Sandbox) -> Option<Proofs> {
        let found = self
            .authenticated("proofs")?
            .and_then(|(key, directory)| Proofs::new(key, directory, sandbox).map_err(|error| chain(&error)));
        found.inspect_err(|reason| tracing::warn!(reason, "it is not kept that test vectors hold")).ok()
    }

    /// A directory in the cache for what has a MAC, and the key: only if there is a state directory for the key.
    fn authenticated(&self, name: &str) -> Option<Result<(CodeKey, CacheDir), String>> {
        let (cache, state) = self.cache.as_ref().zip(self.state.as_ref())?;
        let key = host_key(state).map_err(|error| chain(&error));
        Some(key.and_then(|key| Ok((key, cache.below(name).map_err(|error| chain(&error))?))))
    }
}

fn sandbox(
    settings: &Settings,
    workers: NonZeroUsize,
    compiler: Compiler,
    code: Option<CodeCache>,
) -> Result<Sandbox, jurat_sandbox::OpenError> {
    let compile = settings.compile;
    let sandbox = jurat_sandbox::Settings::new(workers).with_compiler(compiler);
    let sandbox = jurat_sandbox::Settings { code, compile, ..sandbox };
    let most = settings.tenants.values().map(|tenant| tenant.limits.memory).max().unwrap_or(Bytes::new(0));
    Sandbox::open(jurat_sandbox::Settings { memory_ceiling: sandbox.memory_ceiling.max(most), ..sandbox })
}

impl fmt::Debug for ServiceBuilder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ServiceBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
