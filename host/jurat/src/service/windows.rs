//! Turns the engine's events of a request into events of its call.

use std::sync::Arc;

use jurat_engine::{CallTiming, ChunkTiming, FetchTiming, JudgedWindow, WindowObserver};
use jurat_model::CallContext;

use crate::observe::{Call, ChunkJudged, Event, Fetched, Observers, RuleCalled, WindowJudged};

/// Forwards the engine's events of one call to the observers of a service.
pub(super) struct Windows {
    call: Arc<Call>,
    observers: Observers,
    /// The observer of the request. It is called first.
    own: Option<Arc<dyn WindowObserver>>,
}

impl Windows {
    pub(super) fn new(call: Arc<Call>, observers: Observers, own: Option<Arc<dyn WindowObserver>>) -> Self {
        Self { call, observers, own }
    }
}

impl WindowObserver for Windows {
    fn started(&self, context: &CallContext) {
        if let Some(own) = &self.own {
            own.started(context);
        }
        self.observers.emit(|| Event::CallStarted(&self.call));
    }

    fn window(&self, window: &JudgedWindow<'_>) {
        if let Some(own) = &self.own {
            own.window(window);
        }
        self.observers.emit(|| Event::Window(WindowJudged { call: &self.call, window }));
    }

    fn fetched(&self, context: &CallContext, timing: &FetchTiming) {
        if let Some(own) = &self.own {
            own.fetched(context, timing);
        }
        self.observers.emit(|| Event::Fetched(Fetched { call: &self.call, timing }));
    }

    fn chunk(&self, context: &CallContext, timing: &ChunkTiming<'_>) {
        if let Some(own) = &self.own {
            own.chunk(context, timing);
        }
        self.observers.emit(|| Event::ChunkJudged(ChunkJudged { call: &self.call, timing }));
    }

    fn called(&self, context: &CallContext, timing: &CallTiming<'_>) {
        if let Some(own) = &self.own {
            own.called(context, timing);
        }
        self.observers.emit(|| Event::RuleCalled(RuleCalled { call: &self.call, timing }));
    }
}
