//! Events about the coordination service.

use jurat_coordination::{BreakerState, Retry};

/// A request to the coordination service will be repeated.
///
/// ```
/// use jurat::observe::{CoordinationRetry, Event, Observer};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::CoordinationRetry(CoordinationRetry { tenant, retry, .. }) = event {
///             println!("{tenant}: {} failed attempts, the next one in {:?}", retry.attempt, retry.delay);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CoordinationRetry<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// Which attempt has failed, why, and when the next one follows.
    pub retry: &'a Retry,
}

/// The circuit breaker of a coordination service has changed its state.
///
/// ```
/// use jurat::BreakerState;
/// use jurat::observe::{BreakerChanged, Event, Observer};
///
/// struct Alert;
///
/// impl Observer for Alert {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::BreakerChanged(BreakerChanged { tenant, to: BreakerState::Open, .. }) = event {
///             println!("{tenant}: related entities cannot be had");
///         }
///     }
/// }
/// ```
///
/// # Limits
/// Observers are called after the change, without a lock: two changes at almost the same time may arrive in the other order.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BreakerChanged<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The state before.
    pub from: BreakerState,
    /// The state from now on.
    pub to: BreakerState,
}
