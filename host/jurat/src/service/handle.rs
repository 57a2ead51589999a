//! The handle of an application: its tenant, and what it can read without a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jurat_engine::{Release, Request};
use jurat_model::{Bytes, CallContext, Cancellation, Excerpt};

use super::releases::generation::Generation;
use super::shared::Shared;
use super::status::{Health, Status, TenantStatus};
use super::tenant::Tenant;
use crate::error::CallError;
use crate::observe::Observers;
use crate::release::Identity;
use crate::settings::TenantSettings;

/// The rules of one tenant or several, ready to judge.
///
/// A handle: cloning it is cheap, all clones are the same service, and any number of threads may call it at once. Calls wait for
/// their results on the thread that makes them; use [`Service::asynchronous`] on threads that must not block.
///
/// Releases are replaced while it runs, in the background or by [`Service::reload_logic`]. A call ends on the release that it
/// began with. Dropping the last handle ends the background work; [`Service::close`] also waits for calls.
///
/// # Limits
/// The number of calls is not limited. A server must limit its own calls, as `jurat rpc` does.
///
/// ```no_run
/// # fn f(service: &jurat::Service) -> Result<(), jurat::CallError> {
/// use jurat::{EntityType, RulesetName};
///
/// let result = service.validate(EntityType::new("loan"), r#"{"id": "LOAN-1"}"#, RulesetName::new("quick"))?;
/// println!("{}: {} rules", result.entity_id, result.results.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Service {
    pub(super) shared: Arc<Shared>,
    /// The tenant whose rules are used; none = there are several, and the handle is for all of them.
    pub(super) tenant: Option<Arc<Tenant>>,
    /// The context of the calls of this handle.
    pub(super) context: CallContext,
    /// What cancels them.
    pub(super) cancellation: Cancellation,
}

impl Service {
    /// The same service, with the rules of one tenant. Not needed if there is only one.
    ///
    /// # Errors
    /// When there is no tenant of that name.
    pub fn tenant(&self, name: &str) -> Result<Self, CallError> {
        let found = self.shared.tenants.get(name).cloned();
        let tenant = found.ok_or_else(|| CallError::UnknownTenant { name: Excerpt::of(name) })?;
        Ok(Self { tenant: Some(tenant), ..self.clone() })
    }

    /// The same service with a context: the caller, and the ids for logs, traces and observers. It changes no verdict.
    #[must_use]
    pub fn on_behalf_of(&self, context: CallContext) -> Self {
        Self { context, ..self.clone() }
    }

    /// The same service, with calls that end early when they are cancelled: with [`CallErrorKind::Cancelled`](crate::CallErrorKind), as
    /// soon as the calls of rules that have begun are over. Calls that do not judge run to their end.
    ///
    /// Applies to requests that this handle makes: see [`Service::request`].
    #[must_use]
    pub fn with_cancellation(&self, cancellation: Cancellation) -> Self {
        Self { cancellation, ..self.clone() }
    }

    /// The observers of the service: for code that has events of its own, such as a server.
    #[must_use]
    pub fn observers(&self) -> &Observers {
        &self.shared.observers
    }

    /// The time since the serving release was last known to be the newest.
    ///
    /// # Errors
    /// When there are several tenants, and the handle is for none of them.
    pub fn cache_age(&self) -> Result<Duration, CallError> {
        let checked = self.bound()?.releases.snapshot().checked;
        Ok(self.shared.age(checked))
    }

    /// The identity of the serving release, and what vouches for it.
    ///
    /// # Errors
    /// When there are several tenants, and the handle is for none of them.
    pub fn identity(&self) -> Result<Identity, CallError> {
        Ok(self.serving()?.identity.clone())
    }

    /// The release that serves.
    ///
    /// # Errors
    /// When there are several tenants, and the handle is for none of them, or no release serves.
    pub(super) fn release(&self) -> Result<Arc<Release>, CallError> {
        Ok(Arc::clone(&self.serving()?.release))
    }

    /// Whether calls are served: a release of a tenant serves, or of the one that this handle is for. Cheaper than the status.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        let now = self.shared.clock.now();
        !self.shared.in_flight.is_closed() && self.tenants().any(|tenant| tenant.releases.serving().at(now).is_ok())
    }

    /// The status of the service: of all tenants, or of the one that this handle is for.
    #[must_use]
    pub fn status(&self) -> Status {
        let tenants: Vec<_> = self.tenants().map(|tenant| self.shared.tenant_status(tenant)).collect();
        let health = if self.shared.in_flight.is_closed() {
            Health::Closed
        } else if tenants.iter().any(TenantStatus::is_degraded) {
            Health::Degraded
        } else {
            Health::Ok
        };
        Status {
            health,
            version: env!("CARGO_PKG_VERSION"),
            workers: self.shared.workers.count(),
            in_flight: self.shared.in_flight.count(),
            tenants,
        }
    }

    /// A request with the options of the settings, at the present time.
    ///
    /// # Errors
    /// When there are several tenants, and the handle is for none of them.
    pub fn request(&self, ruleset: impl Into<String>) -> Result<Request, CallError> {
        let TenantSettings { isolation, suspension, chunk, max_record, max_findings, .. } = self.bound()?.settings;
        Ok(Request::new(ruleset, self.shared.clock.now())
            .with_isolation(isolation)
            .with_suspension(suspension)
            .with_chunk(chunk)
            .with_max_record(max_record)
            .with_max_findings(max_findings)
            .with_context(self.context.clone())
            .with_cancellation(self.cancellation.clone()))
    }

    /// The longest file of records.
    ///
    /// # Errors
    /// When there are several tenants, and the handle is for none of them.
    pub fn max_file(&self) -> Result<Bytes, CallError> {
        Ok(self.bound()?.settings.max_file)
    }

    fn serving(&self) -> Result<Arc<Generation>, CallError> {
        Ok(Arc::clone(self.bound()?.releases.serving().at(self.shared.clock.now())?))
    }

    /// All tenants, or the one that this handle is for.
    pub(super) fn tenants(&self) -> impl Iterator<Item = &Arc<Tenant>> {
        let all = self.tenant.is_none().then(|| self.shared.tenants.values());
        self.tenant.iter().chain(all.into_iter().flatten())
    }

    /// The tenant whose rules are used.
    pub(super) fn bound(&self) -> Result<&Arc<Tenant>, CallError> {
        self.tenant.as_ref().ok_or(CallError::TenantNeeded)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.shared.tenants.keys().collect();
        out.debug_struct("Service").field("tenants", &names).field("tenant", &self.tenant).finish_non_exhaustive()
    }
}
