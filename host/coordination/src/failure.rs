//! Why nothing came of a request to the coordination service.

use std::sync::Arc;
use std::time::Duration;

/// Why a record has no related entities. Its words are for people: they hold no secret and nothing of the record or the answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) reason: Arc<str>,
    pub(super) again: Again,
}

/// Everything that can be the matter. Callers see the codes, so they never change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FailureKind {
    /// The configuration says that there is no service.
    Disabled,
    /// There was no answer in time.
    Timeout,
    /// The service could not be reached, broke off, or said that it is not well.
    Unavailable,
    /// The service has too much to do just now.
    Throttled,
    /// The service does not want the request as it is.
    Refused,
    /// The service has failed so often that it is left alone for a while.
    BreakerOpen,
    /// The answer is not what was agreed.
    Malformed,
    /// The answer is longer than what is read.
    Oversized,
    /// The answer says nothing of a term.
    TermMissing,
}

/// Whether the same request may do better a moment later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Again {
    /// It would not.
    Never,
    /// It may, after a while of our choice.
    Soon,
    /// It may; the service has said how long to wait at least.
    After(Duration),
}

impl FailureKind {
    pub(super) const ALL: [Self; 9] = [
        Self::Disabled,
        Self::Timeout,
        Self::Unavailable,
        Self::Throttled,
        Self::Refused,
        Self::BreakerOpen,
        Self::Malformed,
        Self::Oversized,
        Self::TermMissing,
    ];

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Disabled => "coordination_disabled",
            Self::Timeout => "coordination_timeout",
            Self::Unavailable | Self::Throttled => "coordination_unavailable",
            Self::Refused => "coordination_refused",
            Self::BreakerOpen => "coordination_breaker_open",
            Self::Malformed => "coordination_malformed",
            Self::Oversized => "coordination_oversized",
            Self::TermMissing => "coordination_term_missing",
        }
    }

    /// Whether it is the service that is down: an older answer is better than none, and another moment may bring a new one.
    pub(super) fn is_outage(self) -> bool {
        matches!(self, Self::Timeout | Self::Unavailable | Self::Throttled | Self::BreakerOpen)
    }

    /// Whether a service that fails like this is alive, so that there is no reason to leave it alone.
    pub(super) fn is_sign_of_life(self) -> bool {
        matches!(self, Self::Throttled | Self::Refused | Self::Malformed | Self::Oversized | Self::TermMissing)
    }
}

impl Failure {
    /// A failure that will not pass by itself.
    pub(super) fn new(kind: FailureKind, reason: impl Into<Arc<str>>) -> Self {
        Self { kind, reason: reason.into(), again: Again::Never }
    }

    pub(super) fn malformed(reason: impl Into<Arc<str>>) -> Self {
        Self::new(FailureKind::Malformed, reason)
    }

    /// A failure that may pass.
    pub(super) fn passing(kind: FailureKind, reason: impl Into<Arc<str>>, again: Again) -> Self {
        Self { again, ..Self::new(kind, reason) }
    }

    /// The same, as the end of so many attempts.
    pub(super) fn of_attempts(mut self, attempts: u32) -> Self {
        if attempts > 1 {
            self.reason = format!("{}, the last of {attempts} attempts", self.reason).into();
        }
        self
    }
}
