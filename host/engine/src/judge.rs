//! A request from its text to its results.
//!
//! The modules are in the order in which a record passes through them; none imports from one below it.
//!
//! 1. [`options`]: how the records are judged, checked once for all of them ([`context`]).
//! 2. [`source`], [`input`]: texts are cut into [`window`]s of records.
//! 3. [`identity`], [`route`]: what a record says of itself, and which rules and field map it gets for that.
//! 4. [`fetch`]: related entities that rules need and the request does not give.
//! 5. [`read`]: the values of records become rows of chunks.
//! 6. [`call`]: every rule judges the rows that its parent and its inputs leave it. The session halves calls that fault.
//! 7. [`resolve`]: what suspension and the hierarchy make of that.
//! 8. [`view`], [`tally`]: results in words and as JSON, and counts of them.
//! 9. [`observe`]: final windows are given to an observer.
//! 10. [`request`]: the ruleset, the caller and the observer.
//! 11. [`collate`], [`dispatch`]: windows are judged side by side by the workers, and come out in the order of the input.
//!     [`single`]: one record, for which no thread waits.
//!
//! All of them that work long ask [`pacer`] whether they must give way to other work.
//!
//! As many windows as there are workers, and a few more, are under way at a time: that bounds memory, not the length of the input.

use std::io;
use std::sync::Arc;

use crate::footprint::Footprint;
use crate::release::VouchedRelease;
use crate::results::{RecordResult, Summary};
use crate::workers::TenantQueue;

mod error;
mod options;
mod stopwatch;

mod context;

mod pacer;

mod input;
mod source;
mod window;

mod identity;
mod route;

mod fetch;

mod read;

mod call;

mod resolve;

mod tally;
mod view;

mod observe;

mod request;

mod collate;
mod dispatch;
mod single;

use collate::{Collator, Finished};
use context::Context;
use dispatch::{Dispatcher, UnderWay};
pub use error::JudgeError;
use fetch::{Answers, FetchedWindow, Fetcher};
use input::{Next, WindowReader};
pub use observe::{CallTiming, ChunkTiming, FetchTiming, WindowObserver};
pub use request::Request;
pub use single::{JudgedOne, judge_one, submit_one};
pub use source::{RecordSource, Sample};
pub use stopwatch::Timing;
pub use view::{
    JudgedInput, JudgedRecord, JudgedResults, JudgedRule, JudgedWindow, RecordItem, RelatedEntity, RuleUsage,
};
use window::Window;

/// Judges all records of a text and hands over one result for each, in their order.
///
/// # Errors
/// When the request cannot be served at all, or its results cannot be handed over. One bad record never fails a request.
pub fn judge(
    release: impl Into<VouchedRelease>,
    queue: &TenantQueue,
    request: &Request,
    text: Arc<[u8]>,
    sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
) -> Result<Summary, JudgeError> {
    let results = |window: &JudgedWindow<'_>| window.records().map(|record| record.result()).collect::<Vec<_>>();
    judge_windows(release, queue, request, RecordSource::text(text), results, &mut |results| {
        results.into_iter().try_for_each(&mut *sink)
    })
}

/// Judges any number of records, and renders their results on the workers.
///
/// `render` is called on the workers, with records that follow each other: a window, or a part of one, at a time. What it returns
/// goes to `sink` on the calling thread, in the order of the input. It must depend on nothing but those records: some are rendered
/// twice. Records whose results take more memory than [`ChunkLimits::results`](crate::extract::ChunkLimits::results) are judged again, fewer
/// at a time, and then rendered again.
///
/// # Errors
/// When the request cannot be served at all or is cancelled, its input cannot be read to the end, or its results cannot be handed
/// over. What was handed over before is complete. One bad record never fails a request.
pub fn judge_windows<T: Footprint + Send + 'static>(
    release: impl Into<VouchedRelease>,
    queue: &TenantQueue,
    request: &Request,
    source: RecordSource<'_>,
    render: impl Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    sink: &mut dyn FnMut(T) -> io::Result<()>,
) -> Result<Summary, JudgeError> {
    let (options, observer) = (request.options(), request.observer());
    let call = (request.context(), request.cancellation());
    let context = Arc::new(Context::new(release.into(), options, call, observer.is_some())?);
    let _waiting = Waiting(&context);
    let (queue_of_request, render) = (queue.request(), Arc::new(render));
    let dispatcher = Dispatcher { context: &context, queue: queue_of_request, render, observer: observer.cloned() };
    let mut windows = Windows::open(&context, source)?;
    let mut collator = Collator::new(Arc::clone(&context));
    let mut under_way = UnderWay::new(&context, queue.workers() * 2 + 1);
    let mut hand_over = |under_way: &mut UnderWay<T>, (bytes, mut finished): (usize, Finished<T>)| {
        let rest = finished.take_rest();
        let (rendered, observation) = dispatcher.collate(&mut collator, finished)?;
        under_way.close(if rest.is_some() { 0 } else { bytes }, observation);
        rendered.into_iter().try_for_each(&mut *sink).map_err(JudgeError::Output)?;
        collator.check_readable()?;
        if let Some(rest) = rest {
            under_way.resume(bytes, dispatcher.judge(rest, false));
        }
        Ok::<(), JudgeError>(())
    };
    let (mut is_reading, mut is_first, mut failure) = (true, true, None);
    loop {
        // Finished windows go out before more is read: reading may take long.
        while let Some(finished) = under_way.oldest_if_finished()? {
            hand_over(&mut under_way, finished)?;
        }
        context.check_cancellation()?;
        if is_reading && under_way.has_room() {
            match windows.next(under_way.budget()) {
                Ok(Next::Item(fetched)) => {
                    under_way.add(fetched.answers.bytes(), dispatcher.judge(fetched, is_first));
                    is_first = false;
                    continue;
                }
                Ok(Next::Later) => continue,
                Ok(Next::End) => is_reading = false,
                Err(error) => (is_reading, failure) = (false, Some(error)),
            }
        }
        match under_way.oldest(&dispatcher.queue)? {
            Some(finished) => hand_over(&mut under_way, finished)?,
            // Windows that are being observed take all the memory.
            None if is_reading => drop(under_way.await_observation()),
            None => break,
        }
    }
    drop(under_way);
    match failure {
        Some(failure) => Err(failure),
        None => Ok(collator.finish()),
    }
}

/// Windows with what was fetched for them.
struct Windows<'c, 's> {
    context: &'c Context,
    reader: WindowReader<'s>,
    fetcher: Option<Fetcher<'c>>,
    /// Records that the window before had no memory left for.
    rest: Option<Window>,
}

impl<'c, 's> Windows<'c, 's> {
    fn open(context: &'c Context, source: RecordSource<'s>) -> Result<Self, JudgeError> {
        let reader = WindowReader::new(source, &context.options);
        Ok(Self { context, reader, fetcher: Fetcher::open(context)?, rest: None })
    }

    /// The next window, for which about `budget` bytes are fetched at most.
    fn next(&mut self, budget: usize) -> Result<Next<FetchedWindow>, JudgeError> {
        let next = match self.rest.take() {
            Some(rest) => Next::Item(rest),
            None => self.reader.next(self.context.records())?,
        };
        let mut window = match next {
            Next::Item(window) => window,
            Next::Later => return Ok(Next::Later),
            Next::End => return Ok(Next::End),
        };
        let Some(fetcher) = &mut self.fetcher else {
            return Ok(Next::Item(FetchedWindow { window, answers: Answers::default() }));
        };
        let (answers, records) = fetcher.fetch(&window, budget)?;
        self.context.check_cancellation()?;
        self.rest = window.split_off(records);
        Ok(Next::Item(FetchedWindow { window, answers }))
    }
}

/// The caller waits for results. Tells the workers when that ends.
struct Waiting<'a>(&'a Context);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
