//! Gauges of a service.

use jurat_engine::QueueLoad;

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
    /// Those of them that have a window, of whatever tenant.
    pub busy_workers: usize,
    /// Each tenant that this handle is for, by name.
    pub tenants: Vec<TenantGauges>,
}

/// Gauges of one tenant.
///
/// ```no_run
/// # fn f(service: &jurat::Service) {
/// for tenant in service.gauges().tenants {
///     println!("{}: {} windows wait, {} are judged", tenant.name, tenant.queued_windows, tenant.running_windows);
/// }
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TenantGauges {
    /// The tenant.
    pub name: String,
    /// Windows that wait for a worker.
    pub queued_windows: usize,
    /// Windows that workers have.
    pub running_windows: usize,
    /// Requests to the coordination service that are under way.
    pub fetching: u64,
}

impl Service {
    /// The present gauges: of all tenants, or of the one that this handle is for.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let tenants = self.tenants().map(|tenant| {
            let QueueLoad { queued, running } = tenant.queue.load();
            TenantGauges {
                name: tenant.name.clone(),
                queued_windows: queued,
                running_windows: running,
                fetching: tenant.related().map_or(0, Related::in_flight),
            }
        });
        Gauges {
            in_flight: self.shared.in_flight.count(),
            waiting: self.shared.waiting.count(),
            workers: self.shared.workers.count(),
            busy_workers: self.shared.tenants.values().map(|tenant| tenant.queue.load().running).sum(),
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
