//! Rules that are ready, behind a few calls.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jurat_engine::results::{RecordResult, Summary};
use jurat_engine::{
    DiscoveredRule, DiscoveredRuleset, Excerpt, Input, JudgedWindow, Release, Request, Workers, judge, judge_windows,
};
use jurat_model::{Bytes, Run};
use jurat_sandbox::Sandbox;

use crate::room::{self, Room};
use crate::settings::{Settings, TenantSettings};

mod asynchronous;
mod builder;
mod call;
mod clock;
mod decide;
mod error;
mod generation;
mod identity;
mod in_flight;
mod load;
mod pinning;
mod refresh;
mod related;
mod runtimes;
mod schema;
mod status;
mod tenant;
pub(crate) mod waiting;

pub use asynchronous::AsyncService;
pub use builder::ServiceBuilder;
pub use call::CallError;
pub use clock::Clock;
pub use error::OpenError;
pub use identity::{Identity, ReleaseStatus};
pub use load::read_public_key;
pub use status::{FailureStatus, Health, PinStatus, Status, TenantStatus, TrustStatus};

use generation::Generation;
use in_flight::InFlight;
use related::Related;
use runtimes::Runtimes;
use tenant::Tenant;
use waiting::wait_for;

/// The rules of one tenant or several, ready to judge.
///
/// A handle: cloning it is cheap, all clones are the same service, and any number of threads may call it at once. Calls wait for
/// their results on the thread that makes them; where that must not be, take [`Service::asynchronous`].
///
/// Releases are replaced while it runs, in the background or by [`Service::reload_logic`]. A call ends on the release that it
/// began with. Dropping the last handle ends the background work; [`Service::close`] also waits for calls.
///
/// # Limits
/// Any number of calls is taken. Whoever serves others bounds how many they make at once, as `jurat rpc` does.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
    /// The tenant whose rules are used; none = there are several, and nobody has said.
    tenant: Option<Arc<Tenant>>,
}

/// What [`Service::reload_logic`] found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reload {
    /// The release that serves is still the newest.
    Unchanged,
    /// Another release serves from now on.
    Switched,
}

struct Inner {
    tenants: BTreeMap<String, Arc<Tenant>>,
    sandbox: Sandbox,
    workers: Workers,
    clock: Clock,
    kept_releases: u32,
    in_flight: InFlight,
    runtimes: Runtimes,
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

    /// The same, with more to say.
    pub fn builder(settings: Settings) -> ServiceBuilder {
        ServiceBuilder::new(settings)
    }

    /// The same service, with the rules of one tenant. There is no need to say which if there is only one.
    ///
    /// # Errors
    /// When there is no tenant of that name.
    pub fn tenant(&self, name: &str) -> Result<Self, CallError> {
        let found = self.inner.tenants.get(name).cloned();
        let tenant = found.ok_or_else(|| CallError::UnknownTenant { name: Excerpt::of(name) })?;
        Ok(Self { inner: Arc::clone(&self.inner), tenant: Some(tenant) })
    }

    /// The same service, for callers that must not wait on their own thread.
    #[must_use]
    pub fn asynchronous(&self) -> AsyncService {
        AsyncService::new(self.clone())
    }

    /// Judges one record: a JSON object of the given entity type.
    ///
    /// # Errors
    /// When the record, or the call, cannot be judged.
    pub fn validate(&self, entity_type: &str, record: &str, ruleset: &str) -> Result<RecordResult, CallError> {
        let request = Request { entity_type: Some(entity_type.to_owned()), ..self.request(ruleset)? };
        self.judge_one(&request, record)
    }

    /// Judges a list of records: a JSON array. Each says itself what it is; one result for each, in their order.
    ///
    /// `id_fields` are the fields whose values name a record in the results, with dots between keys.
    ///
    /// # Errors
    /// When the call as a whole cannot be served. A record that cannot be judged is an entry that says why.
    pub fn batch_validate(
        &self,
        records: &str,
        id_fields: &[&str],
        ruleset: &str,
    ) -> Result<Vec<RecordResult>, CallError> {
        let request = Request { id_fields: owned(id_fields), ..self.request(ruleset)? };
        let mut results = Vec::new();
        self.judge_list(&request, records, &mut |result| {
            results.push(result);
            Ok(())
        })?;
        Ok(results)
    }

    /// Judges the records of a file: a JSON array, one object, or one on each line. One result for each, in their order.
    ///
    /// `uri` is a path or URL within what the settings allow. `entity_types` are those that the file may have; a record of another
    /// type is an entry that says so, and if there is one of them only, records need not say it. With none, all are welcome.
    ///
    /// # Errors
    /// When the file cannot be had, or the call as a whole cannot be served.
    pub fn batch_file_validate(
        &self,
        uri: &str,
        entity_types: &[&str],
        id_fields: &[&str],
        ruleset: &str,
    ) -> Result<Vec<RecordResult>, CallError> {
        let request = Request { expected: owned(entity_types), id_fields: owned(id_fields), ..self.request(ruleset)? };
        let mut results = Vec::new();
        self.judge(&request, self.read_data(uri, &room::enough())?, &mut |result| {
            results.push(result);
            Ok(())
        })?;
        Ok(results)
    }

    /// What would judge a record, and what it would read of it. Nothing is run.
    ///
    /// The record need not be whole: its `$schema` is all that is looked at. A JSON text, or no JSON at all, is taken for the URL
    /// of the schema itself.
    ///
    /// # Errors
    /// When there is no such ruleset, entity type or schema.
    pub fn discover_rules(
        &self,
        entity_type: &str,
        record_or_schema: &str,
        ruleset: &str,
    ) -> Result<Vec<DiscoveredRule>, CallError> {
        let _call = self.inner.in_flight.enter()?;
        let schema = schema::of(record_or_schema)?;
        Ok(self.release()?.discover_rules(ruleset, entity_type, schema.as_deref())?)
    }

    /// All rulesets, with what their authors say of them, and how much is in them.
    ///
    /// # Errors
    /// When the service is closed, or does not know whose rulesets are meant.
    pub fn discover_rulesets(&self) -> Result<Vec<DiscoveredRuleset>, CallError> {
        let _call = self.inner.in_flight.enter()?;
        Ok(self.release()?.discover_rulesets())
    }

    /// Looks for a newer release, and switches to it if it is in order; reads the configuration of the coordination service again.
    ///
    /// # Errors
    /// When either is not in order: the release that serves goes on serving, or the coordination service stays configured as it was.
    /// A newer release is switched to also where only that configuration is not in order; the status tells.
    pub fn reload_logic(&self) -> Result<Reload, CallError> {
        let _call = self.inner.in_flight.enter()?;
        let Inner { sandbox, clock, kept_releases, .. } = &*self.inner;
        let tenant = self.bound()?;
        let reload = tenant.reload(sandbox, clock, *kept_releases);
        self.inner.report(tenant);
        tenant.reread_related();
        let reload = reload.map_err(CallError::Reload)?;
        match tenant.related().map(Related::failure) {
            Some(reasons) if !reasons.is_empty() => Err(CallError::Coordination { reasons }),
            _ => Ok(reload),
        }
    }

    /// How long ago it was last known that the release that serves is the newest.
    ///
    /// # Errors
    /// When the service does not know whose release is meant.
    pub fn cache_age(&self) -> Result<Duration, CallError> {
        let checked = self.bound()?.snapshot().checked;
        Ok(self.inner.age(checked))
    }

    /// Which release serves, and what vouches for it.
    ///
    /// # Errors
    /// When the service does not know whose release is meant.
    pub fn identity(&self) -> Result<Identity, CallError> {
        Ok(self.serving()?.identity.clone())
    }

    /// The release that serves.
    ///
    /// # Errors
    /// When the service does not know whose release is meant.
    pub fn release(&self) -> Result<Arc<Release>, CallError> {
        Ok(Arc::clone(&self.serving()?.release))
    }

    /// How the service is: all tenants, or the one that this handle is for.
    #[must_use]
    pub fn status(&self) -> Status {
        let all = self.inner.tenants.values();
        let tenants: Vec<_> = match &self.tenant {
            Some(tenant) => vec![self.inner.tenant_status(tenant)],
            None => all.map(|tenant| self.inner.tenant_status(tenant)).collect(),
        };
        let health = if self.inner.in_flight.is_closed() {
            Health::Closed
        } else if tenants.iter().any(TenantStatus::is_degraded) {
            Health::Degraded
        } else {
            Health::Ok
        };
        Status {
            health,
            version: env!("CARGO_PKG_VERSION"),
            workers: self.inner.workers.count(),
            in_flight: self.inner.in_flight.count(),
            tenants,
        }
    }

    /// Takes no more calls, and waits for those that are being worked on.
    ///
    /// # Limits
    /// Waits as long as they take. A call must not close the service that it runs on: it would wait for itself.
    pub fn close(&self) {
        self.inner.in_flight.close();
    }

    /// A request as the settings have it, at the present time; change in it what should be different.
    ///
    /// # Errors
    /// When the service does not know whose settings are meant.
    pub fn request(&self, ruleset: impl Into<String>) -> Result<Request, CallError> {
        let TenantSettings { isolation, suspend_after, chunk, max_record, max_findings, .. } = self.bound()?.settings;
        let run = Run { now: self.inner.clock.now().as_microsecond(), isolation, suspend_after };
        Ok(Request { run, chunk, max_record, max_findings, ..Request::new(ruleset, run.now) })
    }

    /// Judges all records of a text and hands over one result for each, in their order: the call that all others are made of.
    ///
    /// Related entities that the request does not bring along are fetched, if the settings say from where.
    ///
    /// # Errors
    /// When the request cannot be served at all, or its results cannot be handed over. One bad record never fails a request.
    pub fn judge(
        &self,
        request: &Request,
        text: Arc<[u8]>,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        let _call = self.inner.in_flight.enter()?;
        let (tenant, release, request) = self.ready(request)?;
        Ok(judge(&release, &tenant.lane, &request, text, sink)?)
    }

    /// Judges any amount of records in constant memory, and has what is wanted of their results worked out on the threads that judge
    /// them.
    ///
    /// `render` is called there, with records that follow each other, and must depend on nothing else; what it makes of them goes to
    /// `sink` on the calling thread, in the order of the input.
    ///
    /// # Errors
    /// When the request cannot be served at all, its input not be read to the end, or its results not be handed over; what was handed
    /// over before is whole. One bad record never fails a request.
    pub fn judge_windows<T: Send + 'static>(
        &self,
        request: &Request,
        input: Input<'_>,
        render: impl Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
        sink: &mut dyn FnMut(T) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        let _call = self.inner.in_flight.enter()?;
        let (tenant, release, request) = self.ready(request)?;
        Ok(judge_windows(&release, &tenant.lane, &request, input, render, sink)?)
    }

    /// The same for a text that must be one record.
    ///
    /// # Errors
    /// Also when it is not, or when that record cannot be judged.
    pub fn judge_one(&self, request: &Request, record: &str) -> Result<RecordResult, CallError> {
        if !begins_with(record, '{') {
            return Err(CallError::NotOneRecord);
        }
        let mut results = Vec::new();
        self.judge(request, record.as_bytes().into(), &mut |result| {
            // More than two say no more than two.
            if results.len() < 2 {
                results.push(result);
            }
            Ok(())
        })?;
        let (Some(result), true) = (results.pop(), results.is_empty()) else { return Err(CallError::NotOneRecord) };
        match result.error {
            Some(error) => Err(CallError::Record(error)),
            None => Ok(result),
        }
    }

    /// The same for a text that must be a list of records.
    ///
    /// # Errors
    /// Also when it is not.
    pub fn judge_list(
        &self,
        request: &Request,
        records: &str,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        if !begins_with(records, '[') {
            return Err(CallError::NotAList);
        }
        self.judge(request, records.as_bytes().into(), sink)
    }

    /// Reads a file of records that a caller has named, within what the settings allow.
    ///
    /// Room is asked for before it is read: for twice what it holds, because text becomes what is judged by being copied once.
    ///
    /// # Errors
    /// When they do not allow it, or the file cannot be had.
    pub fn read_data(&self, uri: &str, room: &Room) -> Result<Arc<[u8]>, CallError> {
        let _call = self.inner.in_flight.enter()?;
        let (tenant, uri, room) = (Arc::clone(self.bound()?), uri.to_owned(), Arc::clone(room));
        let twice: Room = Arc::new(move |bytes| room(bytes.saturating_mul(2)));
        let io = self.inner.runtimes.io().ok_or(CallError::Closed)?;
        let read = wait_for(io, async move { tenant.data.read(&uri, &twice).await });
        Ok(read.ok_or(CallError::BrokenOff)??.into())
    }

    /// The longest file of records.
    ///
    /// # Errors
    /// When the service does not know whose settings are meant.
    pub fn max_file(&self) -> Result<Bytes, CallError> {
        Ok(self.bound()?.settings.max_file)
    }

    /// Who judges a request that begins now, by what, and the request with what belongs to that.
    fn ready(&self, request: &Request) -> Result<(&Arc<Tenant>, Arc<Release>, Request), CallError> {
        let tenant = self.bound()?;
        let now = self.inner.clock.now();
        let serving = Arc::clone(tenant.serving().at(now)?);
        let mut request = Request { evidence: serving.evidence(now), ..request.clone() };
        if let (Some(related), None) = (tenant.related(), &request.supplier) {
            request.supplier = Some(related.supplier());
        }
        Ok((tenant, Arc::clone(&serving.release), request))
    }

    fn serving(&self) -> Result<Arc<Generation>, CallError> {
        Ok(Arc::clone(self.bound()?.serving().at(self.inner.clock.now())?))
    }

    fn bound(&self) -> Result<&Arc<Tenant>, CallError> {
        self.tenant.as_ref().ok_or(CallError::TenantNeeded)
    }
}

impl Inner {
    fn age(&self, since: jiff::Timestamp) -> Duration {
        // Clocks are set back now and then.
        Duration::try_from(self.clock.now().duration_since(since)).unwrap_or_default()
    }

    fn tenant_status(&self, tenant: &Tenant) -> TenantStatus {
        TenantStatus::of(tenant, self.clock.now())
    }

    /// Writes down how a tenant is, for those who look from outside.
    fn report(&self, tenant: &Tenant) {
        if let Some(repository) = tenant.rules().repository() {
            repository.report(&self.tenant_status(tenant), self.clock.now());
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.inner.tenants.keys().collect();
        out.debug_struct("Service").field("tenants", &names).field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn begins_with(text: &str, bracket: char) -> bool {
    text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with(bracket)
}

#[cfg(test)]
mod tests;
