//! The coordination service of one tenant: a client whose configuration may change while the service runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jurat_coordination::{Config, Coordination, CoordinationEvent, CoordinationStatus, OnEvent, Permitted, Session};
use jurat_disk::CacheDir;
use jurat_engine::Supplier;
use jurat_http::{Http, Reach, wait_for};
use jurat_model::{Bytes, Secret};
use tokio::runtime::Handle;
use url::Url;

use crate::error::OpenError;
use crate::observe::{BreakerChanged, CoordinationRetry, Event, Observers};
use crate::settings::{CoordinationSource, HostPattern, Location, Settings};
use crate::source::Source;

/// The longest configuration.
const CONFIG: Bytes = Bytes::kibi(256);

/// The HTTP client, cache and runtime that all tenants share.
pub(super) struct Network {
    pub(super) client: jurat_http::Client,
    http: Http,
    pub(super) runtime: Handle,
    pub(super) cache: Option<Arc<CacheDir>>,
    pub(super) secrets: BTreeMap<String, Secret>,
    pub(super) observers: Observers,
}

impl Network {
    /// One client for all servers.
    ///
    /// # Errors
    /// When the settings of the HTTP client are invalid.
    pub(super) fn new(
        settings: &Settings,
        runtime: Handle,
        cache: Option<Arc<CacheDir>>,
        observers: Observers,
    ) -> Result<Self, OpenError> {
        let client = jurat_http::client(&settings.http, Reach::Anywhere);
        let client = client.map_err(|error| OpenError::Http(error.into()))?;
        let (http, secrets) = (settings.http.clone(), settings.headers.clone());
        Ok(Self { client, http, runtime, cache, secrets, observers })
    }

    /// The session of one service. It begins with the client of all servers; a service that fails again and again gets its own.
    fn session(&self) -> Session {
        let http = self.http.clone();
        Session::new(self.client.clone(), move || jurat_http::client(&http, Reach::Anywhere))
    }
}

/// The coordination service of one tenant.
pub(super) struct Related {
    tenant: String,
    source: Arc<Source>,
    location: Location,
    hosts: Vec<HostPattern>,
    secrets: BTreeMap<String, Secret>,
    runtime: Handle,
    client: ArcSwap<Coordination>,
    /// Why the present configuration is not used; none if it is.
    failure: Mutex<Option<Arc<OpenError>>>,
}

impl Related {
    /// Reads the configuration; without a valid one the tenant is not served.
    pub(super) fn open(
        tenant: &str,
        source: &CoordinationSource,
        network: &Network,
        signed: Option<&Url>,
    ) -> Result<Self, OpenError> {
        let Network { client, runtime, cache, secrets, observers, .. } = network;
        let name = format!("coordination-{tenant}.yaml");
        let reader = Arc::new(Source::new(source.config.clone(), client.clone(), cache.clone(), &name));
        let permitted = Permitted { hosts: &source.hosts, signed_base_url: signed, secrets };
        let (config, stale) = config(&reader, &source.config, runtime, &permitted)?;
        let client = Coordination::new(config, network.session(), runtime.clone(), on_event(tenant, observers));
        Ok(Self {
            tenant: tenant.to_owned(),
            source: reader,
            location: source.config.clone(),
            hosts: source.hosts.clone(),
            secrets: secrets.clone(),
            runtime: runtime.clone(),
            client: ArcSwap::from_pointee(client),
            failure: Mutex::new(stale.map(Arc::new)),
        })
    }

    /// Reads the configuration again. If that fails, the client does not change.
    ///
    /// `signed` is the URL in the serving release.
    pub(super) fn reread(&self, signed: Option<&Url>) {
        let permitted = Permitted { hosts: &self.hosts, signed_base_url: signed, secrets: &self.secrets };
        let failure = match config(&self.source, &self.location, &self.runtime, &permitted) {
            Ok((config, stale)) => {
                let client = self.client.load().reconfigured(config);
                self.client.store(Arc::new(client));
                stale
            }
            Err(error) => {
                let (tenant, reasons) = (&*self.tenant, error.messages().join("; "));
                tracing::error!(tenant, reasons, "the coordination service stays configured as it was");
                Some(error)
            }
        };
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure.map(Arc::new);
    }

    /// The present client.
    pub(super) fn supplier(&self) -> Arc<dyn Supplier> {
        self.client.load_full()
    }

    /// The number of requests under way.
    pub(super) fn in_flight(&self) -> u64 {
        self.client.load().in_flight()
    }

    pub(super) fn status(&self) -> CoordinationStatus {
        self.client.load().status()
    }

    /// Why the present configuration is not used; none if it is.
    pub(super) fn failure(&self) -> Option<Arc<OpenError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Related {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Related").field("client", &self.client.load()).finish_non_exhaustive()
    }
}

/// Reports events of the client to observers; none if there are no observers.
fn on_event(tenant: &str, observers: &Observers) -> Option<OnEvent> {
    if observers.is_empty() {
        return None;
    }
    let (tenant, observers) = (tenant.to_owned(), observers.clone());
    Some(Arc::new(move |event| match event {
        CoordinationEvent::Retry(retry) => {
            observers.emit(|| Event::CoordinationRetry(CoordinationRetry { tenant: &tenant, retry }));
        }
        CoordinationEvent::Breaker(change) => {
            observers
                .emit(|| Event::BreakerChanged(BreakerChanged { tenant: &tenant, from: change.from, to: change.to }));
        }
        _ => {}
    }))
}

/// Reads the configuration, and keeps its text if it is valid. If it uses the last good one, also returns the reason.
fn config(
    source: &Arc<Source>,
    location: &Location,
    runtime: &Handle,
    permitted: &Permitted<'_>,
) -> Result<(Config, Option<OpenError>), OpenError> {
    let reader = Arc::clone(source);
    let read = wait_for(runtime, async move { reader.read(CONFIG).await }).ok_or(OpenError::BrokenOff)?;
    let fetched = read.map_err(|error| OpenError::Coordination(error.into()))?;
    let shown = match location {
        Location::File(path) => path.display().to_string(),
        Location::Url(url) => url.to_string(),
    };
    let config = Config::parse(&fetched.text, &shown, permitted)?;
    if let Some(error) = fetched.stale {
        return Ok((config, Some(OpenError::OldCoordination(error.into()))));
    }
    let (reader, text) = (Arc::clone(source), fetched.text);
    wait_for(runtime, async move { reader.keep(&text).await }).ok_or(OpenError::BrokenOff)?;
    Ok((config, None))
}
