//! A request from its text to its results.
//!
//! The modules are in the order in which a record passes through them; none imports from one below it.
//!
//! 1. [`request`]: what is asked, checked once for all records ([`context`]).
//! 2. [`source`], [`input`]: texts are cut into [`window`]s of records.
//! 3. [`fetch`]: related entities that rules need and the request does not give.
//! 4. [`read`]: each record's id and route ([`identity`], [`route`]), and its values as rows of chunks.
//! 5. [`call`]: every rule judges the rows that its parent and its inputs leave it. The session halves calls that fault.
//! 6. [`resolve`]: what suspension and the hierarchy make of that.
//! 7. [`view`], [`tally`]: results in words and as JSON, and counts of them.
//! 8. [`collate`], [`dispatch`]: windows are judged side by side by the workers, and come out in the order of the input.
//!
//! As many windows as there are workers, and a few more, are under way at a time: that bounds memory, not the length of the input.

use std::io;
use std::sync::Arc;

use crate::release::Release;
use crate::results::{RecordResult, Summary};
use crate::workers::TenantQueue;

mod call;
mod collate;
mod context;
mod dispatch;
mod error;
mod fetch;
mod identity;
mod input;
mod read;
mod request;
mod resolve;
mod route;
mod source;
mod tally;
mod view;
mod window;

use collate::Collator;
use context::Context;
use dispatch::{Dispatcher, UnderWay};
pub use error::JudgeError;
use fetch::{Answers, Fetcher};
use input::WindowReader;
pub use request::Request;
pub use source::{RecordSource, Sample};
pub use view::{JudgedRecord, JudgedWindow};
use window::Window;

/// Judges all records of a text and hands over one result for each, in their order.
///
/// # Errors
/// When the request cannot be served at all, or its results cannot be handed over. One bad record never fails a request.
pub fn judge(
    release: &Arc<Release>,
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
/// `render` is called on the workers, with a window of records that follow each other. What it returns goes to `sink` on the calling
/// thread, in the order of the input. It must depend on nothing but the window: some windows are rendered twice.
///
/// # Errors
/// When the request cannot be served at all, its input cannot be read to the end, or its results cannot be handed over. What was
/// handed over before is complete. One bad record never fails a request.
pub fn judge_windows<T: Send + 'static>(
    release: &Arc<Release>,
    queue: &TenantQueue,
    request: &Request,
    source: RecordSource<'_>,
    render: impl Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    sink: &mut dyn FnMut(T) -> io::Result<()>,
) -> Result<Summary, JudgeError> {
    let context = Arc::new(Context::new(release, request)?);
    let _waiting = Waiting(&context);
    let dispatcher = Dispatcher { context: &context, queue: queue.request(), render: Arc::new(render) };
    let mut windows = Windows::open(&context, source)?;
    let mut collator = Collator::new(Arc::clone(&context));
    let mut under_way = UnderWay::new(queue.workers() * 2 + 1);
    let mut is_reading = true;
    let mut failure = None;
    loop {
        // Finished windows go out before more is read: reading may take long.
        while let Some(finished) = under_way.oldest_if_finished()? {
            sink(dispatcher.collate(&mut collator, finished)?).map_err(JudgeError::Output)?;
        }
        if is_reading && under_way.has_room() {
            match windows.next(under_way.room()) {
                Ok(Some((window, answers))) => {
                    under_way.add(answers.bytes(), dispatcher.judge(window, answers));
                    continue;
                }
                Ok(None) => is_reading = false,
                Err(error) => (is_reading, failure) = (false, Some(error)),
            }
        }
        let Some(finished) = under_way.oldest(&dispatcher.queue)? else { break };
        sink(dispatcher.collate(&mut collator, finished)?).map_err(JudgeError::Output)?;
    }
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
    /// Records for which there was no room left in the window before.
    rest: Option<Window>,
}

impl<'c, 's> Windows<'c, 's> {
    fn open(context: &'c Context, source: RecordSource<'s>) -> Result<Self, JudgeError> {
        let reader = WindowReader::new(source, context.request.max_record);
        Ok(Self { context, reader, fetcher: Fetcher::open(context)?, rest: None })
    }

    /// The next window, for which about `room` bytes are fetched at most; none at the end.
    fn next(&mut self, room: usize) -> Result<Option<(Window, Answers)>, JudgeError> {
        let next = match self.rest.take() {
            Some(rest) => Some(rest),
            None => self.reader.next(self.context.request.chunk.rows)?,
        };
        let Some(mut window) = next else { return Ok(None) };
        let Some(fetcher) = &mut self.fetcher else { return Ok(Some((window, Answers::default()))) };
        let (answers, records) = fetcher.fetch(&window, room)?;
        self.rest = window.split_off(records);
        Ok(Some((window, answers)))
    }
}

/// The caller waits for results. Tells the workers when that ends.
struct Waiting<'a>(&'a Context);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
