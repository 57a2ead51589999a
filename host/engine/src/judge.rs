//! A request from its text to its results.
//!
//! The text is cut into windows of records. Related entities that have to be fetched are fetched before a window is judged; then
//! workers judge windows side by side and work out what is to become of the results, and that comes out in the order of the
//! input. As many windows as there are workers, and a few more, are under way at a time: memory is bounded by that, not by the
//! input.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use jurat_model::{Bytes, Run, Worker};
use thiserror::Error;

use crate::associated::Associated;
use crate::extract::ChunkLimits;
use crate::release::Release;
use crate::results::{Evidence, RecordResult, Summary};
use crate::routing::RouteError;
use crate::supplier::Supplier;
use crate::workers::{Lane, Ticket};

mod chunk;
mod collate;
mod context;
mod draft;
mod explain;
mod group;
mod identity;
mod input;
mod message;
mod related;
mod settle;
mod supply;
mod tally;
mod values;
mod view;
mod window;

use collate::{Checked, Collator, Finished};
use context::Context;
use input::Intake;
pub use input::{Input, Sample};
use supply::{Answers, Supply};
pub use view::{JudgedRecord, JudgedWindow, Standing};
use window::Window;

/// No further records are asked about while the related entities that were fetched take more bytes than this.
const FETCHED_BYTES: usize = 64 << 20;
/// The fields that may make up a record's id.
const MAX_ID_FIELDS: usize = 32;
/// The longest path to such a field, in bytes.
const MAX_ID_PATH: usize = 1_024;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The ruleset that judges.
    pub ruleset: String,
    /// The entity type of all records; none = each record says its own.
    pub entity_type: Option<String>,
    /// The fields whose values make up a record's id, with dots between keys.
    pub id_fields: Vec<String>,
    /// The time of the run, how much records share, and when a rule is suspended.
    pub run: Run,
    /// How many records are judged together.
    pub chunk: ChunkLimits,
    /// The longest record.
    pub max_record: Bytes,
    /// Related entities that come with the request.
    pub associated: Option<Arc<Associated>>,
    /// Gets those that do not.
    pub supplier: Option<Arc<dyn Supplier>>,
    /// How many findings of one rule on one record are kept; further ones are counted.
    pub max_findings: NonZeroU32,
    /// The entity types that records may have; empty = any. A record of another one becomes an entry with the code
    /// `unexpected_entity_type`. If there is exactly one, it is the type of the records that do not say their own.
    pub expected: Vec<String>,
    /// The signed release that judges, and what vouches for it, for the results to carry; none if nobody has signed it. The engine
    /// takes it at its word: whoever gives it must give the release that belongs to it.
    pub evidence: Option<Arc<Evidence>>,
    /// Whether results say how long rules took. Without, the same records and rules give the same results byte for byte.
    pub timings: bool,
}

impl Request {
    /// A request with the defaults: every record says its own entity type and has the field `id`, one instance for each chunk,
    /// rules suspended after 1,000 guilty records, chunks of 1,024 records, records of 1 MiB, no related entities and nobody to get
    /// them, 100 findings, any entity type, no evidence, with timings.
    ///
    /// `now` is the time of the run, in microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn new(ruleset: impl Into<String>, now: i64) -> Self {
        const SUSPEND_AFTER: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        const MAX_FINDINGS: NonZeroU32 = NonZeroU32::new(100).unwrap();
        Self {
            ruleset: ruleset.into(),
            entity_type: None,
            id_fields: vec!["id".to_owned()],
            run: Run { now, isolation: jurat_model::Isolation::Chunk, suspend_after: SUSPEND_AFTER },
            chunk: ChunkLimits::default(),
            max_record: crate::json::DEFAULT_MAX_RECORD,
            associated: None,
            supplier: None,
            max_findings: MAX_FINDINGS,
            expected: Vec::new(),
            evidence: None,
            timings: true,
        }
    }
}

/// Why a request as a whole gave no results, or not all of them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// The request names what the release does not have: the caller's mistake.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// An id field is no path.
    #[error("`{field}` is no path to an id field: write the keys that lead to it, with dots between them")]
    IdField {
        /// The beginning of the field as given.
        field: String,
    },
    /// Too many fields make up the id.
    #[error("an entity id is made of at most {MAX_ID_FIELDS} fields")]
    TooManyIdFields,
    /// The time of the run cannot be written as a date.
    #[error("the time of the run must lie between the years -9999 and 9999")]
    Now,
    /// A text cannot be opened, or not be read to its end; the results of what was read before that are whole.
    #[error("the input could not be read further than {offset} bytes")]
    Input {
        /// Which of the texts, from 0.
        source_index: usize,
        /// The bytes of it that were read.
        offset: u64,
        /// What whoever reads says.
        #[source]
        error: io::Error,
    },
    /// The results could not be handed over; those before are whole.
    #[error("the results could not be written")]
    Output(#[source] io::Error),
    /// A worker broke off: a mistake of the program.
    #[error("a worker broke off; the log says why")]
    Worker,
}

impl JudgeError {
    /// Whether the request is to blame, and not the host, or whoever gives the input or takes the results.
    #[must_use]
    pub fn blames_request(&self) -> bool {
        match self {
            Self::Route(_) | Self::IdField { .. } | Self::TooManyIdFields | Self::Now => true,
            Self::Input { .. } | Self::Output(_) | Self::Worker => false,
        }
    }
}

/// Judges all records of a text and hands over one result for each, in their order.
///
/// # Errors
/// When the request cannot be served at all, or its results cannot be handed over. One bad record never fails a request.
pub fn judge(
    release: &Arc<Release>,
    lane: &Lane,
    request: &Request,
    text: Arc<[u8]>,
    sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
) -> Result<Summary, JudgeError> {
    let results = |window: &JudgedWindow<'_>| window.records().map(|record| record.result()).collect::<Vec<_>>();
    judge_windows(release, lane, request, Input::text(text), results, &mut |results| {
        results.into_iter().try_for_each(&mut *sink)
    })
}

/// Judges any amount of records, and has what is wanted of their results worked out where they were judged.
///
/// `render` is called on the workers, with a window of records that follow each other, and what it makes of them goes to `sink` on
/// the calling thread, in the order of the input. It must depend on nothing but the window: now and then one is rendered again.
///
/// # Errors
/// When the request cannot be served at all, its input not be read to the end, or its results not be handed over; what was handed
/// over before is whole. One bad record never fails a request.
pub fn judge_windows<T: Send + 'static>(
    release: &Arc<Release>,
    lane: &Lane,
    request: &Request,
    input: Input<'_>,
    render: impl Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    sink: &mut dyn FnMut(T) -> io::Result<()>,
) -> Result<Summary, JudgeError> {
    let context = Arc::new(Context::new(release, request)?);
    let _waiting = Waiting(&context);
    let work = Work { context: &context, ticket: lane.ticket(), render: Arc::new(render) };
    let mut windows = Windows::new(&context, input);
    let mut collator = Collator::new(Arc::clone(&context));
    let mut under_way = UnderWay { windows: VecDeque::new(), fetched: 0, most: lane.workers() * 2 + 1 };
    let mut is_reading = true;
    let mut failure = None;
    loop {
        // Whatever is there goes out before more is read: that may take its time.
        while let Some(finished) = under_way.oldest_if_finished()? {
            sink(work.collate(&mut collator, finished)?).map_err(JudgeError::Output)?;
        }
        if is_reading && under_way.has_room() {
            match windows.next(FETCHED_BYTES.saturating_sub(under_way.fetched)) {
                Ok(Some((window, answers))) => {
                    under_way.add(answers.bytes(), work.judge(window, answers));
                    continue;
                }
                Ok(None) => is_reading = false,
                Err(error) => (is_reading, failure) = (false, Some(error)),
            }
        }
        let Some(finished) = under_way.oldest(&work.ticket)? else { break };
        sink(work.collate(&mut collator, finished)?).map_err(JudgeError::Output)?;
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(collator.finish()),
    }
}

/// Hands work of one request to the workers.
struct Work<'a, R> {
    context: &'a Arc<Context>,
    ticket: Ticket<'a>,
    render: Arc<R>,
}

impl<R> Work<'_, R> {
    /// Has a window judged and rendered.
    fn judge<T>(&self, window: Window, answers: Answers) -> Receiver<Finished<T>>
    where
        T: Send + 'static,
        R: Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    {
        self.submit(move |context, worker, render| Finished::new(context, worker, window, answers, render))
    }

    /// Takes the next window in the order of the input, and has it rendered again if it must be.
    fn collate<T>(&self, collator: &mut Collator, finished: Finished<T>) -> Result<T, JudgeError>
    where
        T: Send + 'static,
        R: Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
    {
        let finished = match collator.check(finished) {
            Checked::Right(finished) => finished,
            Checked::Changed(outcome) => {
                let again = self.submit(move |context, _, render| Some(Finished::of(context, outcome, render)));
                self.ticket.receive(&again).map_err(|_| JudgeError::Worker)?
            }
        };
        Ok(collator.add(finished))
    }

    fn submit<T>(
        &self,
        job: impl FnOnce(&Context, Worker, &R) -> Option<Finished<T>> + Send + 'static,
    ) -> Receiver<Finished<T>>
    where
        T: Send + 'static,
        R: Send + Sync + 'static,
    {
        let (sender, receiver) = sync_channel(1);
        let (context, render) = (Arc::clone(self.context), Arc::clone(&self.render));
        self.ticket.submit(move |worker| {
            if let Some(finished) = job(&context, worker, &render) {
                // Nobody waits any more if the results could not be written.
                let _ = sender.send(finished);
            }
        });
        receiver
    }
}

/// The windows that workers have, in the order of the input.
struct UnderWay<T> {
    /// Each with the bytes that were fetched for it.
    windows: VecDeque<(usize, Receiver<Finished<T>>)>,
    fetched: usize,
    most: usize,
}

impl<T> UnderWay<T> {
    fn has_room(&self) -> bool {
        self.windows.len() < self.most && self.fetched <= FETCHED_BYTES
    }

    fn add(&mut self, bytes: usize, window: Receiver<Finished<T>>) {
        self.fetched += bytes;
        self.windows.push_back((bytes, window));
    }

    /// The oldest, if workers are done with it.
    fn oldest_if_finished(&mut self) -> Result<Option<Finished<T>>, JudgeError> {
        let Some((_, window)) = self.windows.front() else { return Ok(None) };
        match window.try_recv() {
            Ok(finished) => {
                self.remove();
                Ok(Some(finished))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(JudgeError::Worker),
        }
    }

    /// The oldest, once workers are done with it; none if there is none.
    fn oldest(&mut self, ticket: &Ticket<'_>) -> Result<Option<Finished<T>>, JudgeError> {
        let Some((_, window)) = self.windows.front() else { return Ok(None) };
        let finished = ticket.receive(window).map_err(|_| JudgeError::Worker)?;
        self.remove();
        Ok(Some(finished))
    }

    fn remove(&mut self) {
        if let Some((bytes, _)) = self.windows.pop_front() {
            self.fetched -= bytes;
        }
    }
}

/// Windows with what was fetched for them.
struct Windows<'c, 'i> {
    context: &'c Context,
    intake: Intake<'i>,
    supply: Option<Supply<'c>>,
    /// Records for which there was no room left in the window before.
    left: Option<Window>,
}

impl<'c, 'i> Windows<'c, 'i> {
    fn new(context: &'c Context, input: Input<'i>) -> Self {
        let intake = Intake::new(input, context.request.max_record);
        Self { context, intake, supply: Supply::open(context), left: None }
    }

    /// The next window, for which at most about so many bytes are fetched; none at the end.
    fn next(&mut self, room: usize) -> Result<Option<(Window, Answers)>, JudgeError> {
        let next = match self.left.take() {
            Some(left) => Some(left),
            None => self.intake.next(self.context.request.chunk.rows)?,
        };
        let Some(mut window) = next else { return Ok(None) };
        let Some(supply) = &mut self.supply else { return Ok(Some((window, Answers::default()))) };
        let (answers, records) = supply.fetch(&window, room);
        self.left = window.split_off(records);
        Ok(Some((window, answers)))
    }
}

/// Somebody waits for the results; tells the workers when that ends.
struct Waiting<'a>(&'a Context);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
