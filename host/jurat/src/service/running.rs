//! A call under way: counted, reported to observers, and checked by guards.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::Instant;

use jurat_engine::Request;
use jurat_engine::results::Summary;
use tracing::Span;

use super::handle::Service;
use super::in_flight;
use super::shared::Shared;
use super::windows::Windows;
use crate::error::CallError;
use crate::observe::{Call, CallEnded, Event, Observers, Operation, Outcome};

/// A call under way, as the code that makes it sees it. It may end on another thread than the one on which it began.
pub(super) struct Running {
    observers: Observers,
    /// None if there are neither observers nor guards.
    watched: Option<Watched>,
    // Dropped last, so that observers have had all events when the service is closed.
    counted: Option<in_flight::Call>,
}

struct Watched {
    call: Arc<Call>,
    began: Instant,
    summary: OnceCell<Summary>,
    is_ended: Cell<bool>,
}

impl Service {
    /// Makes a call. It ends in exactly one [`Event::CallEnded`], whatever happens.
    pub(super) fn call<T>(
        &self,
        operation: Operation,
        ruleset: Option<&str>,
        make: impl FnOnce(&Running) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let _span = self.span().entered();
        let running = self.begin(operation, ruleset)?;
        let answer = make(&running);
        let released = match (&running.watched, running.outcome(answer.as_ref().err())) {
            (Some(watched), Some(outcome)) => self.shared.guards.before_answer(&watched.call, &outcome),
            _ => Ok(()),
        };
        running.end(released.map_err(CallError::Held).and(answer))
    }

    /// Begins a call that ends in [`Running::end`]. Its answer may leave without a guard, so there must be none.
    pub(super) fn begin_unguarded(&self, operation: Operation, ruleset: Option<&str>) -> Result<Running, CallError> {
        debug_assert!(self.shared.guards.is_empty(), "a guard would not be asked");
        self.begin(operation, ruleset)
    }

    /// Log lines of a thread that has entered this have the id of the call, at every level.
    pub(super) fn span(&self) -> Span {
        let correlation = self.context.correlation();
        correlation.map_or_else(Span::none, |id| tracing::error_span!("call", correlation_id = %id))
    }

    fn begin(&self, operation: Operation, ruleset: Option<&str>) -> Result<Running, CallError> {
        let Shared { in_flight, observers, guards, .. } = &*self.shared;
        let is_watched = !observers.is_empty() || !guards.is_empty();
        let watched = is_watched.then(|| Watched::new(self.describe(operation, ruleset)));
        let running = Running { observers: observers.clone(), watched, counted: in_flight.enter() };
        let admitted = match (&running.counted, &running.watched) {
            (None, _) => Err(CallError::Closed),
            (Some(_), Some(watched)) => guards.admit(&watched.call).map_err(CallError::Held),
            (Some(_), None) => Ok(()),
        };
        match admitted {
            Ok(()) => {
                running.admitted();
                Ok(running)
            }
            Err(error) => running.end(Err(error)),
        }
    }

    fn describe(&self, operation: Operation, ruleset: Option<&str>) -> Call {
        let tenant = self.tenant.as_ref().map(|tenant| &*tenant.name);
        Call::new(self.shared.next_call(), operation, tenant, ruleset, &self.context)
    }
}

impl Running {
    /// Ends the call with its answer.
    pub(super) fn end<T>(self, answer: Result<T, CallError>) -> Result<T, CallError> {
        self.report_end(answer.as_ref().err());
        answer
    }

    /// The request, with an observer of its windows.
    pub(super) fn observed(&self, request: Request) -> Request {
        match &self.watched {
            Some(watched) if !self.observers.is_empty() => {
                let own = request.observer().cloned();
                let windows = Windows::new(Arc::clone(&watched.call), self.observers.clone(), own);
                request.with_observer(Arc::new(windows))
            }
            _ => request,
        }
    }

    /// Reports that its records wait for workers.
    pub(super) fn queued(&self) {
        self.emit(|call| Event::CallQueued(call));
    }

    /// Records the summary of its records.
    pub(super) fn judged(&self, summary: &Summary) {
        if let Some(watched) = &self.watched {
            let is_first = watched.summary.set(summary.clone()).is_ok();
            debug_assert!(is_first, "a call judges its records once");
        }
    }

    fn admitted(&self) {
        self.emit(|call| Event::CallAdmitted(call));
        if self.watched.as_ref().is_some_and(|watched| !watched.call.operation().judges()) {
            self.emit(|call| Event::CallStarted(call));
        }
    }

    fn report_end(&self, error: Option<&CallError>) {
        let Some(watched) = self.watched.as_ref().filter(|watched| !watched.is_ended.replace(true)) else { return };
        let outcome = watched.outcome(error);
        self.observers.emit(|| Event::CallEnded(CallEnded { call: &watched.call, outcome }));
    }

    fn outcome<'a>(&'a self, error: Option<&'a CallError>) -> Option<Outcome<'a>> {
        self.watched.as_ref().map(|watched| watched.outcome(error))
    }

    fn emit(&self, event: impl FnOnce(&Call) -> Event<'_>) {
        if let Some(watched) = &self.watched {
            self.observers.emit(|| event(&watched.call));
        }
    }
}

impl Watched {
    fn new(call: Call) -> Self {
        Self { call: Arc::new(call), began: Instant::now(), summary: OnceCell::new(), is_ended: Cell::new(false) }
    }

    fn outcome<'a>(&'a self, error: Option<&'a CallError>) -> Outcome<'a> {
        Outcome::new(error, self.summary.get(), self.began.elapsed())
    }
}

impl Drop for Running {
    /// A call that panics also ends.
    fn drop(&mut self) {
        self.report_end(Some(&CallError::BrokenOff));
    }
}
