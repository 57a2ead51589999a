//! The status of a service, for operators.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jurat_coordination::CoordinationStatus;
use jurat_repository::{Pin, PinnedBy, Repository};
use jurat_trust::Digest;
use serde::Serialize;

use super::related::Related;
use super::releases::generation::{Absence, Serving};
use super::releases::vouching::Vouching;
use super::tenant::Tenant;
use crate::release::{ReleaseStatus, roles};

/// The status of a service.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// let status = service.status();
/// println!("{:?}: {} calls, {} workers", status.health, status.in_flight, status.workers);
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The overall health.
    pub health: Health,
    /// The version of the program.
    pub version: &'static str,
    /// Threads that run rules.
    pub workers: usize,
    /// Calls that are being worked on.
    pub in_flight: usize,
    /// Each tenant, by name.
    pub tenants: Vec<TenantStatus>,
}

/// The health of a service.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// use jurat::Health;
///
/// let is_ready = service.status().health != Health::Closed;
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// No problem is known.
    Ok,
    /// Calls are served, but an operator should check [`Status`].
    Degraded,
    /// No calls are served any more.
    Closed,
}

/// The status of one tenant.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// for tenant in service.status().tenants {
///     println!("{}: generation {}, {} s old", tenant.name, tenant.generation, tenant.cache_age);
/// }
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TenantStatus {
    /// The tenant.
    pub name: String,
    /// The release that serves; none if there is none.
    pub release: Option<ReleaseStatus>,
    /// What vouches for it, and until when; none if it is unsigned.
    pub trust: Option<TrustStatus>,
    /// Why calls are not served, one sentence for each problem; empty if they are.
    pub unavailable: Vec<String>,
    /// The release that is pinned; none if the newest one is to serve.
    pub pin: Option<PinStatus>,
    /// The number of releases that have served since the start, including the present one.
    pub generation: u64,
    /// When it began to serve.
    pub since: Option<Timestamp>,
    /// When it was last known to be the newest.
    pub checked: Timestamp,
    /// Seconds since then.
    pub cache_age: f64,
    /// The earlier releases that are still available, the last one first.
    pub previous: Vec<ReleaseStatus>,
    /// Why a newer release was not used, if the last poll ended so.
    pub failure: Option<FailureStatus>,
    /// The service that related entities are fetched from, if there is one.
    pub coordination: Option<CoordinationStatus>,
    /// Why the present configuration of that service is not used, one sentence for each thing; empty if it is.
    pub coordination_failure: Vec<String>,
}

impl TenantStatus {
    pub(super) fn of(tenant: &Tenant, now: Timestamp) -> Self {
        let snapshot = tenant.releases.snapshot();
        let serving = snapshot.serving.release();
        let vouching = serving.and_then(|generation| generation.vouching.as_ref());
        // A clock may be set back.
        let age = std::time::Duration::try_from(now.duration_since(snapshot.checked)).unwrap_or_default();
        Self {
            name: tenant.name.clone(),
            release: serving.map(|generation| generation.identity.status()),
            trust: vouching.map(|vouching| TrustStatus::of(vouching, now)),
            unavailable: unavailable(&snapshot.serving, now),
            pin: snapshot.pin.as_ref().map(|pin| PinStatus::of(pin, tenant.releases.repository())),
            generation: snapshot.generations,
            since: serving.map(|generation| generation.since),
            checked: snapshot.checked,
            cache_age: age.as_secs_f64(),
            previous: snapshot.earlier.iter().map(|generation| generation.identity.status()).collect(),
            failure: snapshot
                .failure
                .map(|failure| FailureStatus { at: failure.at, reasons: failure.error.messages() }),
            coordination: tenant.related().map(Related::status),
            coordination_failure: tenant
                .related()
                .and_then(Related::failure)
                .map(|error| error.messages())
                .unwrap_or_default(),
        }
    }
}

/// What vouches for the release that serves, and until when.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// for trust in service.status().tenants.iter().filter_map(|tenant| tenant.trust.as_ref()) {
///     println!("{} expires at {}, stale: {}", trust.expiring, trust.expires, trust.stale);
/// }
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TrustStatus {
    /// The newest versions of the repository's metadata that this host has seen, for each role.
    pub roles: BTreeMap<String, u64>,
    /// When the first of them expires.
    pub expires: Timestamp,
    /// The role of that metadata.
    pub expiring: String,
    /// Whether it has expired: the last good release serves on.
    pub stale: bool,
    /// Whether it should have been renewed by now, as half of its time is over.
    pub due: bool,
    /// Until when calls are served if nothing newer comes.
    pub ends: Timestamp,
}

impl TrustStatus {
    fn of(vouching: &Vouching, now: Timestamp) -> Self {
        Self {
            roles: roles(&vouching.provenance),
            expires: vouching.expires,
            expiring: vouching.expiring.to_string(),
            stale: vouching.is_stale(now),
            due: vouching.is_due(now),
            ends: vouching.ends,
        }
    }
}

/// Why calls are not served, one sentence for each problem.
fn unavailable(serving: &Serving, now: Timestamp) -> Vec<String> {
    match serving {
        Serving::Nothing(Absence::NotReady(error)) => error.messages(),
        _ => serving.at(now).err().map(|error| error.to_string()).into_iter().collect(),
    }
}

/// A release that is pinned.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// for pin in service.status().tenants.iter().filter_map(|tenant| tenant.pin.as_ref()) {
///     println!("{} is pinned since {} by {}", pin.manifest, pin.at, pin.by);
/// }
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct PinStatus {
    /// The SHA-256 of its manifest.
    pub manifest: Digest,
    /// When it was pinned.
    pub at: Timestamp,
    /// Through which interface.
    pub by: PinnedBy,
    /// Why, in the operator's words.
    pub reason: Option<String>,
    /// Whether it was revoked since: then another release serves.
    pub revoked: bool,
}

impl PinStatus {
    fn of(pin: &Pin, repository: Option<&Repository>) -> Self {
        let Pin { manifest, at, by, reason } = pin.clone();
        let revoked = repository.is_some_and(|repository| repository.is_revoked(&manifest));
        Self { manifest, at, by, reason, revoked }
    }
}

/// Why a newer release was not used.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// for failure in service.status().tenants.iter().filter_map(|tenant| tenant.failure.as_ref()) {
///     println!("{}: {}", failure.at, failure.reasons.join("; "));
/// }
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FailureStatus {
    /// When that was.
    pub at: Timestamp,
    /// What was wrong with it, one sentence for each problem.
    pub reasons: Vec<String>,
}
