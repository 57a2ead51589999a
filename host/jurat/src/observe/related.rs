//! Events about the coordination service.

use jurat_coordination::Retry;

/// A request to the coordination service will be repeated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CoordinationRetry<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// Which attempt has failed, why, and when the next one follows.
    pub retry: &'a Retry,
}
