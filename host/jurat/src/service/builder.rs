//! Opens a service.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use jurat_disk::CacheDir;
use jurat_engine::Workers;
use jurat_model::{Bytes, CallContext, Cancellation, chain};
use jurat_repository::{Repository, Surroundings, shown};
use jurat_sandbox::{CodeCache, Compiler, Sandbox};

use super::clock::Clock;
use super::handle::Service;
use super::in_flight::{InFlight, Waiting};
use super::refresh;
use super::related::Network;
use super::releases::Releases;
use super::releases::refusals::Trigger;
use super::releases::upstream::Upstream;
use super::runtimes::{Runtimes, waiting_calls};
use super::shared::Shared;
use super::tenant::Tenant;
use crate::code_dir::{CodeDir, host_key};
use crate::data::DataSource;
use crate::error::OpenError;
use crate::observe::{CallGuard, Guards, Observer, Observers};
use crate::settings::Settings;
use crate::settings::check::check;

/// The longest wait at the start for a repository that does not answer, if there is a kept release.
const PATIENCE: Duration = Duration::from_secs(5);

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

    #[cfg(test)]
    pub(super) fn with_waiting_calls(self, waiting_calls: usize) -> Self {
        Self { waiting_calls, ..self }
    }

    /// Gets the releases that the settings name, checks that they are trusted, and makes their rules ready.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing is run unless everything is in order.
    pub fn open(self) -> Result<Service, OpenError> {
        let Self { settings, compiler, clock, observers, guards, waiting_calls } = self;
        let count = settings.workers.on(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
        check(&settings)?;
        let directories = Directories::open(&settings)?;
        let code = directories.code();
        let sandbox = sandbox(&settings, count, compiler, code).map_err(OpenError::Sandbox)?;
        let workers = Workers::start(count).map_err(OpenError::Workers)?;
        let mut shared = Shared {
            tenants: BTreeMap::new(),
            // Last, because it finds out whether there are enough threads, and would panic later.
            runtimes: Runtimes::start(waiting_calls).map_err(OpenError::Workers)?,
            workers,
            clock,
            in_flight: InFlight::default(),
            waiting: Waiting::default(),
            observers: Observers::new(observers),
            guards: Guards::new(guards),
            calls: AtomicU64::new(0),
        };
        shared.tenants = shared.open(&settings, &directories, &sandbox)?;
        shared.refuse_if_no_tenant_is_served()?;
        let shared = Arc::new(shared);
        if let Some(io) = shared.runtimes.io() {
            refresh::start(io, &shared, &settings);
        }
        let sole = if shared.tenants.len() == 1 { shared.tenants.values().next().cloned() } else { None };
        Ok(Service { shared, tenant: sole, context: CallContext::new(), cancellation: Cancellation::new() })
    }
}

impl Shared {
    /// Opens each tenant.
    fn open(
        &self,
        settings: &Settings,
        directories: &Directories,
        sandbox: &Sandbox,
    ) -> Result<BTreeMap<String, Arc<Tenant>>, OpenError> {
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
            let upstream = Upstream::new(name, tenant.clone(), repository, sandbox.clone(), self.observers.clone());
            let observers = self.observers.clone();
            let releases = Releases::new(name, upstream, self.clock.clone(), settings.kept_releases, observers);
            let queue = self.workers.queue(most);
            tenants.insert(name.clone(), Arc::new(Tenant::new(name, tenant.clone(), data, releases, queue)));
        }
        self.poll(&tenants)?;
        for tenant in tenants.values() {
            tenant.relate(&network)?;
            self.report(tenant);
        }
        Ok(tenants)
    }

    /// Polls for the releases of all tenants at once. A tenant with a kept release does not wait long for a newer one, which
    /// follows later.
    fn poll(&self, tenants: &BTreeMap<String, Arc<Tenant>>) -> Result<(), OpenError> {
        let threads = self.runtimes.calls().ok_or(OpenError::BrokenOff)?;
        let polls = tenants.values().map(|tenant| {
            let (sender, receiver) = sync_channel(1);
            let polled = Arc::clone(tenant);
            threads.spawn_blocking(move || {
                // Errors are in the tenant's status and in the errors of its calls.
                let _ = polled.releases.reload(Trigger::Timer);
                let _ = sender.send(());
            });
            (tenant, receiver)
        });
        let began = Instant::now();
        for (tenant, done) in polls.collect::<Vec<_>>() {
            if tenant.releases.repository().is_some_and(Repository::remembers) {
                if done.recv_timeout(PATIENCE.saturating_sub(began.elapsed())).is_err() {
                    let _ = tenant.releases.reconcile(Trigger::Timer);
                }
            } else {
                // The sender is dropped when the poll ends, even by a panic.
                let _ = done.recv();
            }
        }
        Ok(())
    }

    /// A tenant without rules does not prevent the others; without rules of any tenant, opening fails.
    fn refuse_if_no_tenant_is_served(&self) -> Result<(), OpenError> {
        let mut errors =
            self.tenants.values().map(|tenant| tenant.releases.snapshot().failure.map(|failure| failure.error));
        if self.tenants.values().any(|tenant| tenant.releases.serving().release().is_some()) {
            return Ok(());
        }
        match errors.next().flatten() {
            Some(error) => Err(OpenError::NobodyServed(error)),
            None => Err(OpenError::BrokenOff),
        }
    }
}

/// The directories of this host.
struct Directories {
    cache: Option<Arc<CacheDir>>,
    state: Option<Arc<CacheDir>>,
}

impl Directories {
    fn open(settings: &Settings) -> Result<Self, OpenError> {
        let open = |path| CacheDir::open_below(path, settings.parents);
        let cache = settings.cache.as_deref().map(open).transpose();
        let state = settings.state.as_deref().map(open).transpose();
        Ok(Self {
            cache: cache.map_err(OpenError::Cache)?.map(Arc::new),
            state: state.map_err(OpenError::State)?.map(Arc::new),
        })
    }

    /// The cache of compiled code: only if there is a state directory for its key. Without it, every start compiles, which is
    /// not an error.
    fn code(&self) -> Option<CodeCache> {
        let (cache, state) = self.cache.as_ref().zip(self.state.as_ref())?;
        let key = host_key(state).map_err(|error| chain(&error));
        let code = key.and_then(|key| Ok((key, cache.below("code").map_err(|error| chain(&error))?)));
        match code {
            Ok((key, directory)) => Some(CodeCache { key, store: Arc::new(CodeDir::new(directory, CodeDir::SIZE)) }),
            Err(reason) => {
                tracing::warn!(reason, "compiled code is not kept");
                None
            }
        }
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
