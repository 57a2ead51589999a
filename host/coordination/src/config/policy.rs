//! Named numbers of attempts and pauses.

use std::num::NonZeroU32;
use std::time::Duration;

use jurat_http::Backoff;

/// Named numbers of attempts and pauses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Policy {
    Default,
    Aggressive,
    Conservative,
    Quick,
}

impl Policy {
    pub(super) fn values(self) -> (NonZeroU32, Backoff) {
        const TWO: NonZeroU32 = NonZeroU32::new(2).unwrap();
        const THREE: NonZeroU32 = NonZeroU32::new(3).unwrap();
        const FIVE: NonZeroU32 = NonZeroU32::new(5).unwrap();
        let (attempts, base, cap) = match self {
            Self::Default => (THREE, 500, 5_000),
            Self::Aggressive => (FIVE, 200, 10_000),
            Self::Conservative => (THREE, 1_000, 5_000),
            Self::Quick => (TWO, 100, 1_000),
        };
        (attempts, Backoff { base: Duration::from_millis(base), cap: Duration::from_millis(cap) })
    }
}
