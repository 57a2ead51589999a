//! Times of single steps, for requests whose trace is sampled.

use std::time::{Duration, Instant};

/// When a step began, and how long it took.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// When it began.
    pub begun: Instant,
    /// How long it took.
    pub elapsed: Duration,
}

/// Times one step. Reads no clock unless the request is sampled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch(Option<Instant>);

impl Stopwatch {
    pub(super) fn start(is_sampled: bool) -> Self {
        Self(is_sampled.then(Instant::now))
    }

    /// The time since the start; none if the request is not sampled.
    pub(super) fn stop(self) -> Option<Timing> {
        self.0.map(|begun| Timing { begun, elapsed: begun.elapsed() })
    }
}
