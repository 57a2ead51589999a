//! Named policies for attempts and pauses.

use jurat_retry::RetryPolicy;

/// The policies by their names in the configuration.
pub(super) const POLICIES: [(&str, RetryPolicy); 4] = [
    ("default", RetryPolicy::DEFAULT),
    ("aggressive", RetryPolicy::AGGRESSIVE),
    ("conservative", RetryPolicy::CONSERVATIVE),
    ("quick", RetryPolicy::QUICK),
];
