//! What happens at the coordination service.

use jurat_coordination::Retry;

/// A request to the coordination service that is going to be repeated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CoordinationRetry<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// Which attempt has failed, why, and when the next one follows.
    pub retry: &'a Retry,
}
