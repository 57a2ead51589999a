//! Events about the coordination service.

use jurat_coordination::{BreakerState, Retry};

/// A request to the coordination service will be repeated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CoordinationRetry<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// Which attempt has failed, why, and when the next one follows.
    pub retry: &'a Retry,
}

/// The circuit breaker of a coordination service has changed its state.
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
