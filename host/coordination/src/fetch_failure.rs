//! Why a request to the coordination service failed.

use std::sync::Arc;

use jurat_engine::UnavailableCause;
use jurat_retry::Again;

/// Why a record has no related entities. Its text is for people, and contains no secret and no part of the record or the answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct FetchFailure {
    pub(super) kind: FetchFailureKind,
    pub(super) reason: Arc<str>,
    pub(super) again: Again,
}

/// The kinds of failures. Callers see the codes, so they never change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FetchFailureKind {
    /// No service is configured.
    Disabled,
    /// The service did not answer in time.
    Timeout,
    /// The service could not be reached, broke off, or answered with a server error.
    Unavailable,
    /// The service is overloaded.
    Throttled,
    /// The service rejects the request.
    Refused,
    /// The breaker is open: the service has failed too often.
    BreakerOpen,
    /// The answer does not have the specified format.
    Malformed,
    /// The answer is longer than the limit.
    Oversized,
    /// The answer lacks a term.
    TermMissing,
}

impl FetchFailureKind {
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

    /// Whether the service is down: then a stale answer is better than none, and a later request may succeed.
    pub(super) fn is_outage(self) -> bool {
        matches!(self, Self::Timeout | Self::Unavailable | Self::Throttled | Self::BreakerOpen)
    }

    /// What it means for the record that needs the entity.
    pub(super) fn cause(self) -> UnavailableCause {
        match self {
            Self::TermMissing => UnavailableCause::NoEntity,
            kind if kind.is_outage() => UnavailableCause::Outage,
            _ => UnavailableCause::Failure,
        }
    }

    /// Whether this failure shows that the service is alive, so that the breaker need not open.
    pub(super) fn is_sign_of_life(self) -> bool {
        matches!(self, Self::Throttled | Self::Refused | Self::Malformed | Self::Oversized | Self::TermMissing)
    }
}

impl FetchFailure {
    /// A permanent failure.
    pub(super) fn new(kind: FetchFailureKind, reason: impl Into<Arc<str>>) -> Self {
        Self { kind, reason: reason.into(), again: Again::No }
    }

    pub(super) fn malformed(reason: impl Into<Arc<str>>) -> Self {
        Self::new(FetchFailureKind::Malformed, reason)
    }

    /// A temporary failure.
    pub(super) fn passing(kind: FetchFailureKind, reason: impl Into<Arc<str>>, again: Again) -> Self {
        Self { again, ..Self::new(kind, reason) }
    }

    /// The failure after a number of attempts.
    pub(super) fn of_attempts(mut self, attempts: u32) -> Self {
        if attempts > 1 {
            self.reason = format!("{}, the last of {attempts} attempts", self.reason).into();
        }
        self
    }
}
