//! How often something may happen.

use std::num::NonZeroU64;
use std::time::Duration;

/// How often something may happen: as often as the capacity says at once, and as often again in each window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    capacity: NonZeroU64,
    /// In nanoseconds.
    window: NonZeroU64,
}

impl Rate {
    /// A rate. None if the window is shorter than a nanosecond, or longer than 500 years.
    #[must_use]
    pub fn new(capacity: NonZeroU64, window: Duration) -> Option<Self> {
        let window = u64::try_from(window.as_nanos()).ok().and_then(NonZeroU64::new)?;
        Some(Self { capacity, window })
    }

    /// The rate with this capacity and a window of a minute.
    #[must_use]
    pub const fn per_minute(capacity: NonZeroU64) -> Self {
        const MINUTE: NonZeroU64 = NonZeroU64::new(60_000_000_000).unwrap();
        Self { capacity, window: MINUTE }
    }

    /// How often it may happen at once, and in each window.
    #[must_use]
    pub fn capacity(self) -> NonZeroU64 {
        self.capacity
    }

    /// The time in which an empty bucket becomes full.
    #[must_use]
    pub fn window(self) -> Duration {
        Duration::from_nanos(self.window.get())
    }

    pub(crate) fn window_nanos(self) -> NonZeroU64 {
        self.window
    }
}
