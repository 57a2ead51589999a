//! One record, judged by one worker from its values to its result. No thread need wait for that.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use bytes::Bytes;

use super::collate::{Checked, Collator, Finished, WindowJob};
use super::context::Context;
use super::error::{Bug, JudgeError};
use super::fetch::{Answers, FetchedWindow, Fetcher};
use super::input::{Next, WindowReader};
use super::observe::WindowObserver;
use super::pacer::Pacer;
use super::request::Request;
use super::source::RecordSource;
use super::view::JudgedWindow;
use crate::release::VouchedRelease;
use crate::results::{RecordResult, Summary};
use crate::workers::{RequestQueue, TenantQueue, Turn, caught};

/// The result of a text that is one record, with its summary; none if the text is not exactly one record.
pub type JudgedOne = Result<Option<(RecordResult, Summary)>, JudgeError>;

/// Judges a text that is one record. Nothing is judged of a text that is not.
///
/// # Errors
/// When the request cannot be served at all, or is cancelled. A record that cannot be judged is a result that says so.
pub fn judge_one(release: impl Into<VouchedRelease>, queue: &TenantQueue, request: &Request, text: Bytes) -> JudgedOne {
    let queue = queue.request();
    let (sender, receiver) = sync_channel(1);
    let done = move |judged| {
        // The receiver waits below.
        let _ = sender.send(judged);
    };
    submit(&queue, release.into(), request, text, done);
    queue.receive(&receiver).unwrap_or(Err(JudgeError::Worker))
}

/// Like [`judge_one`], for callers that do not wait: the worker that has judged the record calls `done`.
///
/// Finds the record, and what its request needs, on the calling thread. That does not wait, unless
/// [`Request::waits_for_supplier`]. What cannot be served calls `done` at once, on the calling thread.
///
/// # Limits
/// The worker can do nothing else while `done` runs, so it must not wait for anything. Once the [`Workers`](crate::Workers) have ended, it
/// is dropped without a call.
pub fn submit_one(
    release: impl Into<VouchedRelease>,
    queue: &TenantQueue,
    request: &Request,
    text: Bytes,
    done: impl FnOnce(JudgedOne) + Send + 'static,
) {
    submit(&queue.request(), release.into(), request, text, done);
}

fn submit(
    queue: &RequestQueue<'_>,
    release: VouchedRelease,
    request: &Request,
    text: Bytes,
    done: impl FnOnce(JudgedOne) + Send + 'static,
) {
    match Single::read(release, request, text) {
        Ok(Some(single)) => queue.submit_small(move |turn| {
            let judged = caught(|| single.judge(turn));
            done(judged.unwrap_or(Err(JudgeError::Worker)));
        }),
        Ok(None) => done(Ok(None)),
        Err(error) => done(Err(error)),
    }
}

/// A record that is ready to be judged.
struct Single {
    context: Arc<Context>,
    fetched: FetchedWindow,
    observer: Option<Arc<dyn WindowObserver>>,
}

impl Single {
    /// Finds the record of a text, and fetches what it needs; none if the text is not exactly one record.
    fn read(release: VouchedRelease, request: &Request, text: Bytes) -> Result<Option<Self>, JudgeError> {
        let observer = request.observer().cloned();
        let call = (request.context(), request.cancellation());
        let context = Arc::new(Context::new(release, request.options(), call, observer.is_some())?);
        context.check_cancellation()?;
        let mut reader = WindowReader::new(RecordSource::bytes(text), &context.options);
        let Next::Item(window) = reader.next(1)? else { return Ok(None) };
        if !matches!(reader.next(1)?, Next::End) {
            return Ok(None);
        }
        let answers = match Fetcher::open(&context)? {
            Some(mut fetcher) => fetcher.fetch(&window, usize::MAX)?.0,
            None => Answers::default(),
        };
        context.check_cancellation()?;
        Ok(Some(Self { context, fetched: FetchedWindow { window, answers }, observer }))
    }

    fn judge(self, turn: &mut dyn Turn) -> JudgedOne {
        let Self { context, fetched, observer } = self;
        let results = |window: &JudgedWindow<'_>| window.records().map(|record| record.result()).collect::<Vec<_>>();
        let job = WindowJob { fetched, is_first: true, is_small: true, observer };
        let judged = Finished::judge(&context, Pacer::new(&context, turn), job, &results);
        let finished = judged.map_err(|interrupted| interrupted.as_error(&context))?;
        let mut collator = Collator::new(Arc::clone(&context));
        let Checked::Final(finished) = collator.check(finished) else {
            return Err(Bug::new("the only window of a request is said to be resolved before another").into());
        };
        let (results, _) = collator.add(*finished);
        collator.check_readable()?;
        context.check_cancellation()?;
        match results.into_iter().flatten().next() {
            Some(result) => Ok(Some((result, collator.finish()))),
            None => Err(Bug::new("a record that was judged has no result").into()),
        }
    }
}
