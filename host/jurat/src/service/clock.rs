//! The clock of a service.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// The clock of a service: for expiry, for ages, and for the `now` of rules.
///
/// # Defaults
/// The clock of the system.
///
/// ```
/// use jurat::Clock;
///
/// // Runs can be repeated at the same moment.
/// let now = Clock::default().now();
/// let still = Clock::new(move || now);
/// assert_eq!(still.now(), now);
/// ```
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A custom clock: a fixed time makes runs repeatable.
    #[must_use]
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(Timestamp::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Clock")
    }
}
