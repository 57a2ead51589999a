//! The health of a service, check by check.

use jurat_coordination::BreakerState;
use serde::Serialize;

use super::status::{Health, Status, TenantStatus};

/// The health of a service, check by check.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// for check in service.status().health_report().checks.iter().filter(|check| !check.passes()) {
///     println!("{}: {}", check.name, check.reasons.join("; "));
/// }
/// # }
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HealthReport {
    /// What the checks say together.
    pub status: HealthVerdict,
    /// The checks. Those of a tenant name it.
    pub checks: Vec<HealthCheck>,
}

/// What checks say together.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthVerdict {
    /// All pass.
    Healthy,
    /// Calls are served, but an operator should see why a check fails.
    Degraded,
    /// A critical check fails: no calls are served.
    Unhealthy,
}

/// What one check has found.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HealthCheck {
    /// Its name, which does not change: `serving`; of each tenant `release`, `update`, `trust`, and `coordination` if it has such a service.
    pub name: &'static str,
    /// The tenant that it is about; none if it is about all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Whether no calls are served while it fails.
    pub critical: bool,
    /// Why it fails, one sentence for each problem; empty if it passes.
    pub reasons: Vec<String>,
}

impl HealthCheck {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.reasons.is_empty()
    }

    fn of_tenant(name: &'static str, tenant: &TenantStatus, reasons: impl IntoIterator<Item: Into<String>>) -> Self {
        let reasons = reasons.into_iter().map(Into::into).collect();
        Self { name, tenant: Some(tenant.name.clone()), critical: false, reasons }
    }
}

impl Status {
    /// The health of the service, check by check.
    #[must_use]
    pub fn health_report(&self) -> HealthReport {
        let is_served = self.tenants.iter().any(|tenant| tenant.unavailable.is_empty());
        let reason = match self.health {
            Health::Closed => Some("the service is closed"),
            Health::Ok | Health::Degraded => (!is_served).then_some("no tenant has a release that serves"),
        };
        let reasons = reason.into_iter().map(str::to_owned).collect();
        let serving = HealthCheck { name: "serving", tenant: None, critical: true, reasons };
        let mut checks = vec![serving];
        checks.extend(self.tenants.iter().flat_map(TenantStatus::checks));
        let verdict = |check: &HealthCheck| match (check.passes(), check.critical) {
            (true, _) => HealthVerdict::Healthy,
            (false, false) => HealthVerdict::Degraded,
            (false, true) => HealthVerdict::Unhealthy,
        };
        let status = checks.iter().map(verdict).max().unwrap_or(HealthVerdict::Healthy);
        HealthReport { status, checks }
    }
}

impl TenantStatus {
    pub(super) fn is_degraded(&self) -> bool {
        !self.checks().iter().all(HealthCheck::passes)
    }

    fn checks(&self) -> Vec<HealthCheck> {
        let old = self.trust.as_ref().and_then(|trust| match (trust.stale, trust.due) {
            (true, _) => Some(format!("the metadata of the role {} has expired", trust.expiring)),
            (false, true) => Some(format!("the metadata of the role {} is due for renewal", trust.expiring)),
            (false, false) => None,
        });
        let failed = self.failure.iter().flat_map(|failure| failure.reasons.clone());
        let mut checks = vec![
            HealthCheck::of_tenant("release", self, self.unavailable.clone()),
            HealthCheck::of_tenant("update", self, failed),
            HealthCheck::of_tenant("trust", self, old),
        ];
        let is_left_alone = self.coordination.as_ref().is_some_and(|service| match service.breaker {
            BreakerState::Off | BreakerState::Closed => false,
            BreakerState::Open | BreakerState::HalfOpen => true,
        });
        if self.coordination.is_some() || !self.coordination_failure.is_empty() {
            let left_alone = is_left_alone.then(|| "it has failed too often, and is left alone for a while".to_owned());
            let reasons = self.coordination_failure.iter().cloned().chain(left_alone);
            checks.push(HealthCheck::of_tenant("coordination", self, reasons));
        }
        checks
    }
}
