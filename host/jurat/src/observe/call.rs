//! Calls as observers and guards see them.

use std::fmt;
use std::time::Duration;

use jurat_engine::results::Summary;
use jurat_model::{Blame, CallContext};

use crate::error::{CallError, CallErrorKind};

/// A call of the service.
///
/// ```
/// use jurat::observe::{Event, Observer};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::CallStarted(call) = event {
///             println!("{} {} for {:?}", call.id(), call.operation(), call.context().principal());
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Call {
    id: CallId,
    operation: Operation,
    tenant: Option<String>,
    ruleset: Option<String>,
    context: CallContext,
}

/// The id of a call, unique in its process.
///
/// ```
/// use std::collections::HashMap;
/// use std::time::Instant;
///
/// use jurat::observe::{Call, CallId};
///
/// /// The calls that are being worked on, and since when.
/// fn started(calls: &mut HashMap<CallId, Instant>, call: &Call) {
///     calls.insert(call.id(), Instant::now());
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CallId(u64);

/// The operation of a call.
///
/// ```
/// use jurat::observe::Operation;
///
/// let audited = [Operation::Pin, Operation::Rollback, Operation::Unpin];
/// assert!(audited.iter().all(|operation| !operation.judges()));
/// assert_eq!(Operation::BatchValidate.name(), "batch_validate");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// To judge one record.
    Validate,
    /// To judge a list of records.
    BatchValidate,
    /// To read a file of records, and to judge them.
    BatchFileValidate,
    /// To judge any amount of records, in whatever form.
    Judge,
    /// To read a file of records.
    ReadData,
    /// To say what would judge a record.
    DiscoverRules,
    /// To list the rulesets.
    DiscoverRulesets,
    /// To poll for a newer release.
    ReloadLogic,
    /// To pin a release.
    Pin,
    /// To go back to an earlier release.
    Rollback,
    /// To unpin a release.
    Unpin,
    /// To end the service.
    Close,
}

/// A call that has ended.
///
/// ```
/// use jurat::Blame;
/// use jurat::observe::CallEnded;
///
/// /// Whether a call counts against the objectives of the service: errors of callers do not.
/// fn is_bad(CallEnded { outcome, .. }: &CallEnded<'_>) -> bool {
///     outcome.blame().is_some_and(|blame| blame != Blame::Caller)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallEnded<'a> {
    /// The call.
    pub call: &'a Call,
    /// The outcome.
    pub outcome: Outcome<'a>,
}

/// The outcome of a call.
///
/// ```
/// use jurat::observe::{Event, Observer};
///
/// struct Log;
///
/// impl Observer for Log {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::CallEnded(ended) = event {
///             let outcome = ended.outcome;
///             println!("{:?}, {} records in {:?}", outcome.kind(), outcome.records(), outcome.duration());
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    error: Option<&'a CallError>,
    summary: Option<&'a Summary>,
    duration: Duration,
}

impl Call {
    pub(crate) fn new(
        id: CallId,
        operation: Operation,
        tenant: Option<&str>,
        ruleset: Option<&str>,
        context: &CallContext,
    ) -> Self {
        let [tenant, ruleset] = [tenant, ruleset].map(|name| name.map(str::to_owned));
        Self { id, operation, tenant, ruleset, context: context.clone() }
    }

    /// The id that all events of this call share.
    #[must_use]
    pub fn id(&self) -> CallId {
        self.id
    }

    /// The operation.
    #[must_use]
    pub fn operation(&self) -> Operation {
        self.operation
    }

    /// The tenant whose rules it uses; none = the call names none, and there are several.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The ruleset, as the call names it: there need not be one of that name. None = it needs none.
    #[must_use]
    pub fn ruleset(&self) -> Option<&str> {
        self.ruleset.as_deref()
    }

    /// The caller, and the ids for logs and traces.
    #[must_use]
    pub fn context(&self) -> &CallContext {
        &self.context
    }
}

impl CallId {
    pub(crate) fn new(number: u64) -> Self {
        Self(number)
    }

    /// The id as a number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

impl Operation {
    /// A stable name: that of the method of [`Service`](crate::Service).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::BatchValidate => "batch_validate",
            Self::BatchFileValidate => "batch_file_validate",
            Self::Judge => "judge",
            Self::ReadData => "read_data",
            Self::DiscoverRules => "discover_rules",
            Self::DiscoverRulesets => "discover_rulesets",
            Self::ReloadLogic => "reload_logic",
            Self::Pin => "pin",
            Self::Rollback => "rollback",
            Self::Unpin => "unpin",
            Self::Close => "close",
        }
    }

    /// Whether it judges records.
    #[must_use]
    pub fn judges(self) -> bool {
        matches!(self, Self::Validate | Self::BatchValidate | Self::BatchFileValidate | Self::Judge)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl<'a> Outcome<'a> {
    pub(crate) fn new(error: Option<&'a CallError>, summary: Option<&'a Summary>, duration: Duration) -> Self {
        Self { error, summary, duration }
    }

    /// Why there is no answer; none if there is one.
    #[must_use]
    pub fn error(&self) -> Option<&'a CallError> {
        self.error
    }

    /// That reason, for programs.
    #[must_use]
    pub fn kind(&self) -> Option<CallErrorKind> {
        self.error.map(CallError::kind)
    }

    /// Who can fix that.
    #[must_use]
    pub fn blame(&self) -> Option<Blame> {
        self.error.map(CallError::blame)
    }

    /// The summary of the records, if the call judged some and completed.
    #[must_use]
    pub fn summary(&self) -> Option<&'a Summary> {
        self.summary
    }

    /// The number of records judged, if the call completed.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.summary.map_or(0, |summary| summary.records)
    }

    /// The time since the call was made.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }
}
