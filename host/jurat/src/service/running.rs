//! A call under way: counted, reported to observers, and checked by guards.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::Instant;

use jurat_engine::Request;
use jurat_engine::results::Summary;

use super::handle::Service;
use super::shared::Shared;
use super::windows::Windows;
use crate::error::CallError;
use crate::observe::{Call, CallEnded, Event, Observers, Operation, Outcome};

/// A call under way, as the code that makes it sees it.
pub(super) struct Running<'s> {
    observers: &'s Observers,
    /// None if there are neither observers nor guards.
    watched: Option<Watched>,
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
        make: impl FnOnce(&Running<'_>) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let Shared { in_flight, observers, guards, .. } = &*self.shared;
        // Log lines of this thread have the id, at every level.
        let correlation = self.context.correlation();
        let _span = correlation.map(|id| tracing::error_span!("call", correlation_id = %id).entered());
        if observers.is_empty() && guards.is_empty() {
            let _counted = in_flight.enter().ok_or(CallError::Closed)?;
            return make(&Running { observers, watched: None });
        }
        let call = Arc::new(self.describe(operation, ruleset));
        // Dropped last, so that observers have had all events when the service is closed.
        let counted = in_flight.enter();
        let running = Running::watched(observers, Arc::clone(&call));
        let answer = match &counted {
            None => Err(CallError::Closed),
            Some(_) => guards.admit(&call).map_err(CallError::Held).and_then(|()| {
                running.admitted();
                let answer = make(&running);
                let outcome = running.outcome(answer.as_ref().err());
                let released = outcome.map_or(Ok(()), |outcome| guards.before_answer(&call, &outcome));
                released.map_err(CallError::Held).and(answer)
            }),
        };
        running.end(answer.as_ref().err());
        answer
    }

    fn describe(&self, operation: Operation, ruleset: Option<&str>) -> Call {
        let tenant = self.tenant.as_ref().map(|tenant| &*tenant.name);
        Call::new(self.shared.next_call(), operation, tenant, ruleset, &self.context)
    }
}

impl<'s> Running<'s> {
    fn watched(observers: &'s Observers, call: Arc<Call>) -> Self {
        let (summary, is_ended) = (OnceCell::new(), Cell::new(false));
        Self { observers, watched: Some(Watched { call, began: Instant::now(), summary, is_ended }) }
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

    fn end(&self, error: Option<&CallError>) {
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
    fn outcome<'a>(&'a self, error: Option<&'a CallError>) -> Outcome<'a> {
        Outcome::new(error, self.summary.get(), self.began.elapsed())
    }
}

impl Drop for Running<'_> {
    /// A call that panics also ends.
    fn drop(&mut self) {
        self.end(Some(&CallError::BrokenOff));
    }
}
