//! Gauges of a service.

use super::asynchronous::AsyncService;
use super::handle::Service;
use super::related::Related;

/// Gauges of a service. Cheap to read at any rate.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// let gauges = service.gauges();
/// println!("{} calls, {} more wait for a thread", gauges.in_flight, gauges.waiting);
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Gauges {
    /// Calls that are being worked on.
    pub in_flight: usize,
    /// Asynchronous calls that wait for a thread.
    pub waiting: usize,
    /// Threads that run rules.
    pub workers: usize,
    /// Each tenant that this handle is for, by name.
    pub tenants: Vec<TenantGauges>,
}

/// Gauges of one tenant.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// for tenant in service.gauges().tenants {
///     println!("{}: {} requests to the coordination service", tenant.name, tenant.fetching);
/// }
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenantGauges {
    /// The tenant.
    pub name: String,
    /// Requests to the coordination service that are under way.
    pub fetching: u64,
}

impl Service {
    /// The present gauges: of all tenants, or of the one that this handle is for.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let tenants = self.tenants().map(|tenant| TenantGauges {
            name: tenant.name.clone(),
            fetching: tenant.related().map_or(0, Related::in_flight),
        });
        Gauges {
            in_flight: self.shared.in_flight.count(),
            waiting: self.shared.waiting.count(),
            workers: self.shared.workers.count(),
            tenants: tenants.collect(),
        }
    }
}

impl AsyncService {
    /// See [`Service::gauges`]. It does not wait.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        self.blocking().gauges()
    }
}
