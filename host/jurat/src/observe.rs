//! Observing a service: typed events for metrics, stored decisions, traces and alerts, and guards that hold an answer back.
//!
//! An [`Observer`] is given by value to [`ServiceBuilder::with_observer`](crate::ServiceBuilder::with_observer), any number of
//! them. It gets each [`Event`] on the thread where it happens, and cannot change an answer: a panic in one observer is caught and
//! logged once, and the others still get the event. Without observers no event is made.
//!
//! A [`CallGuard`] can hold a call back, at admission and before the answer leaves: a quota, or a store that must have a decision
//! before its caller does.
//!
//! ```
//! use jurat::observe::{Event, Observer};
//!
//! struct Failures;
//!
//! impl Observer for Failures {
//!     fn observe(&self, event: &Event<'_>) {
//!         if let Event::CallEnded(ended) = event && let Some(error) = ended.outcome.error() {
//!             println!("{} failed: {error}", ended.call.operation());
//!         }
//!     }
//! }
//!
//! # fn open(settings: jurat::Settings) -> Result<jurat::Service, jurat::OpenError> {
//! jurat::Service::builder(settings).with_observer(Failures).open()
//! # }
//! ```
//!
//! # Limits
//! Observers and guards are called on threads that make or judge calls, so what they do is part of the time of a call: they should
//! count, or hand over to a queue, and never wait for long. They must not make calls on the service that they observe.

mod call;
mod event;
mod guard;
mod observer;
mod operator;
mod related;
mod release;
mod server;
mod window;

pub use call::{Call, CallEnded, CallId, Operation, Outcome};
pub use event::Event;
pub use guard::CallGuard;
pub(crate) use guard::Guards;
pub use observer::{Observer, Observers};
pub use operator::OperatorAction;
pub use related::{BreakerChanged, CoordinationRetry};
pub use release::{ReleasePolled, ReleasePrepared, ReleaseRefused, ReleaseSwitched, VectorCheck};
pub use server::{Authentication, LimitDecision, LimitEffect};
pub use window::{ChunkJudged, Fetched, RuleCalled, WindowJudged};
