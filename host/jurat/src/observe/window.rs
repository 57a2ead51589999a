//! Events about the records of a call, with durations.

use std::fmt;

use jurat_engine::{CallTiming, ChunkTiming, FetchTiming, JudgedWindow};

use super::call::Call;

/// The results of a window of records are final. Emitted once for each window, on the worker that made it final.
///
/// The window lends the bytes of its records, the inputs of each rule, related entities and where they came from, and what rules
/// used. Nothing of it outlives the event: clone from it what is needed later.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use jurat::observe::{Event, Observer};
///
/// struct Records(AtomicUsize);
///
/// impl Observer for Records {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::Window(judged) = event {
///             self.0.fetch_add(judged.window.records().count(), Ordering::Relaxed);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct WindowJudged<'a> {
    /// The call.
    pub call: &'a Call,
    /// The window.
    pub window: &'a JudgedWindow<'a>,
}

/// Related entities were fetched for records of a call. Emitted only if the trace of the call is sampled.
///
/// ```
/// use jurat::observe::{Event, Fetched, Observer};
///
/// struct Spans;
///
/// impl Observer for Spans {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::Fetched(Fetched { call, timing, .. }) = event {
///             println!("call {}: {} records in {:?}", call.id(), timing.records, timing.timing.elapsed);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Fetched<'a> {
    /// The call.
    pub call: &'a Call,
    /// The number of records, and the duration.
    pub timing: &'a FetchTiming,
}

/// A chunk of records was judged. Emitted only if the trace of the call is sampled.
///
/// ```
/// use jurat::observe::{ChunkJudged, Event, Observer};
///
/// struct Spans;
///
/// impl Observer for Spans {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::ChunkJudged(ChunkJudged { call, timing, .. }) = event {
///             println!("call {}: {} records in {:?}", call.id(), timing.records, timing.timing.elapsed);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ChunkJudged<'a> {
    /// The call.
    pub call: &'a Call,
    /// The number of records, and the duration.
    pub timing: &'a ChunkTiming<'a>,
}

/// A rule was called with the records of a chunk. Emitted only if the trace of the call is sampled.
///
/// ```
/// use jurat::observe::{Event, Observer, RuleCalled};
///
/// struct Spans;
///
/// impl Observer for Spans {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::RuleCalled(RuleCalled { call, timing, .. }) = event {
///             println!("call {}: {} took {:?}", call.id(), timing.rule_id, timing.timing.elapsed);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RuleCalled<'a> {
    /// The call.
    pub call: &'a Call,
    /// The rule, its usage, and the duration.
    pub timing: &'a CallTiming<'a>,
}

impl fmt::Debug for WindowJudged<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("WindowJudged").field("call", self.call).finish_non_exhaustive()
    }
}
