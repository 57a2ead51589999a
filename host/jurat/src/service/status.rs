//! How the service is, for those who watch over it.

use serde::Serialize;

use super::identity::ReleaseStatus;
use crate::coordination::{BreakerState, CoordinationStatus};

/// How the service is.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// All in all.
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

/// How the service is, in a word.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Nothing is wrong.
    Ok,
    /// Calls are served, but somebody should look at [`Status`].
    Degraded,
    /// No calls are served any more.
    Closed,
}

/// How the service is for one tenant.
#[derive(Clone, Debug, Serialize)]
pub struct TenantStatus {
    /// The tenant.
    pub name: String,
    /// The release that serves.
    pub release: ReleaseStatus,
    /// How many releases have served since the start, that one included.
    pub generation: u64,
    /// Since when it serves, RFC 3339.
    pub since: String,
    /// When it was last known to be the newest, RFC 3339.
    pub checked: String,
    /// Seconds since then.
    pub cache_age: f64,
    /// Those before it that are still at hand, the last one first.
    pub previous: Vec<ReleaseStatus>,
    /// Why a newer release was not used, if the last look ended so.
    pub failure: Option<FailureStatus>,
    /// The service that related entities are fetched from, if there is one.
    pub coordination: Option<CoordinationStatus>,
    /// Why the present configuration of that service is not used, one sentence for each thing; empty if it is.
    pub coordination_failure: Vec<String>,
}

impl TenantStatus {
    pub(super) fn is_degraded(&self) -> bool {
        let is_left_alone = self.coordination.as_ref().is_some_and(|service| match service.breaker {
            BreakerState::Off | BreakerState::Closed => false,
            BreakerState::Open | BreakerState::HalfOpen => true,
        });
        self.failure.is_some() || !self.coordination_failure.is_empty() || is_left_alone
    }
}

/// Why a newer release was not used.
#[derive(Clone, Debug, Serialize)]
pub struct FailureStatus {
    /// When that was, RFC 3339.
    pub at: String,
    /// What was wrong with it, one sentence for each thing.
    pub reasons: Vec<String>,
}
