//! Opens a service.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use jurat_engine::Workers;
use jurat_model::Bytes;
use jurat_sandbox::{Compiler, Sandbox};

use super::in_flight::InFlight;
use super::related::Network;
use super::runtimes::{Runtimes, waiting_calls};
use super::tenant::Tenant;
use super::{Clock, Inner, OpenError, Service, refresh};
use crate::cache_dir::CacheDir;
use crate::coordination::OnRetry;
use crate::data::DataSource;
use crate::http::{self, Reach};
use crate::settings::Settings;

/// A service that is about to be opened.
///
/// # Defaults
/// Components are compiled in this process, the time is that of the system, nobody is told of retries, and relative paths of
/// callers begin at the working directory of the process.
#[must_use]
pub struct ServiceBuilder {
    settings: Settings,
    compiler: Compiler,
    clock: Clock,
    on_retry: Option<OnRetry>,
    waiting_calls: usize,
}

impl ServiceBuilder {
    pub(super) fn new(settings: Settings) -> Self {
        let waiting_calls = waiting_calls(&settings.rpc);
        Self { settings, compiler: Compiler::InProcess, clock: Clock::default(), on_retry: None, waiting_calls }
    }

    /// Where components are compiled: a child process, if the program has a way to be one.
    pub fn with_compiler(self, compiler: Compiler) -> Self {
        Self { compiler, ..self }
    }

    /// Where the time comes from.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Who is told when a request to the coordination service is tried again.
    pub fn with_on_retry(self, on_retry: OnRetry) -> Self {
        Self { on_retry: Some(on_retry), ..self }
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
        let Self { settings, compiler, clock, on_retry, waiting_calls } = self;
        let count = settings.workers.on(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
        let mut inner = Inner {
            tenants: BTreeMap::new(),
            sandbox: sandbox(&settings, count, compiler).map_err(OpenError::Sandbox)?,
            runtimes: Runtimes::start(waiting_calls).map_err(OpenError::Workers)?,
            workers: Workers::start(count).map_err(OpenError::Workers)?,
            clock,
            kept_releases: settings.kept_releases,
            in_flight: InFlight::default(),
        };
        inner.tenants = inner.open(&settings, on_retry)?;
        let inner = Arc::new(inner);
        if let Some(io) = inner.runtimes.io() {
            io.spawn(refresh::run(Arc::downgrade(&inner), settings.max_age));
        }
        let sole = if inner.tenants.len() == 1 { inner.tenants.values().next().cloned() } else { None };
        Ok(Service { inner, tenant: sole })
    }
}

impl Inner {
    /// Opens what each tenant has.
    fn open(&self, settings: &Settings, on_retry: Option<OnRetry>) -> Result<BTreeMap<String, Arc<Tenant>>, OpenError> {
        let runtime = self.runtimes.io().ok_or(OpenError::BrokenOff)?;
        let cache = settings.cache.as_deref().map(CacheDir::open).transpose();
        let network = Network {
            client: http::client(&settings.http, Reach::Anywhere).map_err(|error| OpenError::Http(error.into()))?,
            runtime: runtime.clone(),
            cache: cache.map_err(|error| OpenError::Cache(error.into()))?.map(Arc::new),
            secrets: settings.headers.clone(),
            on_retry,
        };
        // Without one, relative paths of callers lead nowhere.
        let working_directory = std::env::current_dir().ok();
        let mut tenants = BTreeMap::new();
        for (name, tenant) in &settings.tenants {
            let data = DataSource::new(&tenant.data, tenant.max_file, working_directory.clone(), &settings.http);
            let data = data.map_err(|error| OpenError::Http(error.into()))?;
            let opened = Tenant::open(name, tenant, &self.sandbox, self.clock.now(), (data, &network))?;
            tenants.insert(name.clone(), Arc::new(opened));
        }
        Ok(tenants)
    }
}

fn sandbox(
    settings: &Settings,
    workers: NonZeroUsize,
    compiler: Compiler,
) -> Result<Sandbox, jurat_sandbox::OpenError> {
    let sandbox = jurat_sandbox::Settings::new(workers).with_compiler(compiler);
    let most = settings.tenants.values().map(|tenant| tenant.limits.memory).max().unwrap_or(Bytes::new(0));
    Sandbox::open(jurat_sandbox::Settings { memory_ceiling: sandbox.memory_ceiling.max(most), ..sandbox })
}

impl fmt::Debug for ServiceBuilder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ServiceBuilder").field("settings", &self.settings).finish_non_exhaustive()
    }
}
