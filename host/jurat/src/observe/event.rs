//! The events of a service.

use super::call::{Call, CallEnded};
use super::operator::OperatorAction;
use super::related::{BreakerChanged, CoordinationRetry};
use super::release::{ReleasePolled, ReleasePrepared, ReleaseRefused, ReleaseSwitched};
use super::server::{Authentication, LimitDecision};
use super::window::{ChunkJudged, Fetched, RuleCalled, WindowJudged};

/// Something that happened.
///
/// The events of a call come in this order: [`CallAdmitted`](Self::CallAdmitted), [`CallQueued`](Self::CallQueued) if it judges
/// records, [`CallStarted`](Self::CallStarted), [`Window`](Self::Window) for each window, [`CallEnded`](Self::CallEnded). A call
/// that was refused at admission has only the last one, so each call ends exactly once.
///
/// ```
/// use jurat::observe::Event;
///
/// /// The tenant that an event is about, for a label of a metric.
/// fn tenant<'a>(event: &Event<'a>) -> Option<&'a str> {
///     match event {
///         Event::CallAdmitted(call) => call.tenant(),
///         Event::ReleaseSwitched(switched) => Some(switched.tenant),
///         _ => None,
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The service takes a call.
    CallAdmitted(&'a Call),
    /// The records of a call are read from now on, and wait for a worker.
    CallQueued(&'a Call),
    /// Work on a call has begun: a worker has its first window, or the call judges nothing. A call without records does not start.
    CallStarted(&'a Call),
    /// A call has ended, or was refused at admission.
    CallEnded(CallEnded<'a>),
    /// The results of a window of records are final.
    Window(WindowJudged<'a>),
    /// Related entities were fetched. Emitted only if the trace of the call is sampled, as are the next two.
    Fetched(Fetched<'a>),
    /// A chunk of records was judged.
    ChunkJudged(ChunkJudged<'a>),
    /// A rule was called with the records of a chunk.
    RuleCalled(RuleCalled<'a>),
    /// A server has decided whether a client is who it says it is.
    Authentication(Authentication<'a>),
    /// A limit of a server has refused or delayed something.
    Limit(LimitDecision<'a>),
    /// An operator has pinned, rolled back, unpinned, reloaded or closed something, or tried to.
    Operator(OperatorAction<'a>),
    /// A poll for a newer release has ended.
    ReleasePolled(ReleasePolled<'a>),
    /// A release is ready to serve: verified, compiled, checked and tried on its test vectors.
    ReleasePrepared(ReleasePrepared<'a>),
    /// Another release serves from now on, or none.
    ReleaseSwitched(ReleaseSwitched<'a>),
    /// A release is not used.
    ReleaseRefused(ReleaseRefused<'a>),
    /// A request to the coordination service will be repeated.
    CoordinationRetry(CoordinationRetry<'a>),
    /// A circuit breaker has changed its state: requests stop, one goes out as a probe, or all go out again.
    BreakerChanged(BreakerChanged<'a>),
}
