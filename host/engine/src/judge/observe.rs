//! Observers of requests: what they are given, and when.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jurat_model::{CallContext, Usage};

use super::call::WindowOutcome;
use super::context::Context;
use super::stopwatch::Timing;
use super::view::JudgedWindow;

/// Observes requests.
///
/// It is called on workers: once when the first window begins, and once for each window that is final, whose results are handed
/// over exactly once. Windows come in no particular order. [`judge_windows`](crate::judge_windows) returns when all calls have returned. No method can change an
/// answer. A panic costs only its own event: it is caught and logged.
///
/// # Limits
/// A call holds up a worker, and keeps its window in memory. Windows that are being observed count among those that are under way,
/// so a slow observer slows its request down.
pub trait WindowObserver: Send + Sync {
    /// A worker has begun the first window of the request. Called before everything else. A request without records has no window.
    fn started(&self, call: &CallContext) {
        let _ = call;
    }

    /// A window is final.
    fn window(&self, window: &JudgedWindow<'_>) {
        let _ = window;
    }

    /// Related entities were fetched. Only called if the trace of the request is sampled, before [`Self::window`].
    fn fetched(&self, call: &CallContext, timing: &FetchTiming) {
        let _ = (call, timing);
    }

    /// A chunk was judged. Only called if the trace of the request is sampled, before [`Self::window`].
    fn chunk(&self, call: &CallContext, timing: &ChunkTiming<'_>) {
        let _ = (call, timing);
    }

    /// A rule was called with the records of a chunk. Only called if the trace of the request is sampled, before [`Self::window`].
    fn called(&self, call: &CallContext, timing: &CallTiming<'_>) {
        let _ = (call, timing);
    }
}

/// One call of the [`Supplier`](crate::Supplier).
#[derive(Clone, Copy, Debug)]
pub struct FetchTiming {
    /// How many records it was about.
    pub records: usize,
    /// How many terms they need, together.
    pub terms: usize,
    /// When it began, and how long it took.
    pub timing: Timing,
}

/// All rules on the records of one chunk.
#[derive(Clone, Copy, Debug)]
pub struct ChunkTiming<'a> {
    /// The entity type of the records.
    pub entity_type: &'a str,
    /// How many records there are.
    pub records: u32,
    /// When the first rule began, and how long all took, waits for other requests included.
    pub timing: Timing,
}

/// One rule on the records of one chunk, with all calls that finding guilty records took.
#[derive(Clone, Copy, Debug)]
pub struct CallTiming<'a> {
    /// The rule.
    pub rule_id: &'a str,
    /// The SHA-256 of the component that has the rule.
    pub component: Option<&'a str>,
    /// How many records it was called with; 0 if the host could not run it.
    pub records: u32,
    /// Its usage.
    pub usage: &'a Usage,
    /// When it began, and how long it took, waits for other requests included.
    pub timing: Timing,
}

/// Gives a final window to an observer.
pub(super) fn observe(observer: &dyn WindowObserver, context: &Context, outcome: &WindowOutcome) {
    if context.is_sampled {
        timings(observer, context, outcome);
    }
    guard(|| observer.window(&JudgedWindow::new(context, outcome)));
}

/// Tells an observer that the first window of its request has begun.
pub(super) fn start(observer: &dyn WindowObserver, context: &Context) {
    guard(|| observer.started(&context.call));
}

fn timings(observer: &dyn WindowObserver, context: &Context, outcome: &WindowOutcome) {
    for call in outcome.answers.calls() {
        let timing = FetchTiming { records: call.records, terms: call.terms, timing: call.timing };
        guard(|| observer.fetched(&context.call, &timing));
    }
    for chunk in &outcome.chunks {
        if let Some(timing) = chunk.timing {
            let entity_type = context.release.entity_types.get(chunk.route.entity_type);
            let entity_type = entity_type.map(|name| &**name).unwrap_or_default();
            let timing = ChunkTiming { entity_type, records: chunk.chunk.rows(), timing };
            guard(|| observer.chunk(&context.call, &timing));
        }
        for (node, said) in context.nodes(chunk.route).iter().zip(&chunk.nodes) {
            let Some(timing) = said.timing else { continue };
            let timing = CallTiming {
                rule_id: &node.rule_id,
                component: context.release.component_of(node).map(|digest| &**digest),
                records: said.called,
                usage: &said.usage,
                timing,
            };
            guard(|| observer.called(&context.call, &timing));
        }
    }
}

/// Calls an observer. A panic of it is not one of the request.
fn guard(call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!("an observer panicked");
    }
}
