//! A request from its text to its results.
//!
//! The text is cut into windows of records. Workers judge windows side by side; results come out in the order of the input. As
//! many windows as there are workers, and a few more, are under way at a time: memory is bounded by that, not by the input.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use jurat_model::{Bytes, Run};
use thiserror::Error;

use crate::associated::Associated;
use crate::extract::{ChunkLimits, Plan};
use crate::json::{Entry, JsonError, Position, Records};
use crate::prepared::first_look;
use crate::release::Release;
use crate::results::{RecordResult, Summary};
use crate::routing::RouteError;
use crate::workers::Workers;

mod chunk;
mod message;
mod related;
mod render;
mod window;

use render::Renderer;
use window::WindowOutcome;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// The ruleset that judges.
    pub ruleset: String,
    /// The entity type of all records; none = each record says its own.
    pub entity_type: Option<String>,
    /// The fields whose values make up a record's id, with dots between keys.
    pub id_fields: Vec<String>,
    /// The time of the run, how much records share, and when a rule is parked.
    pub run: Run,
    /// How many records are judged together.
    pub chunk: ChunkLimits,
    /// The longest record.
    pub max_record: Bytes,
    /// Related entities.
    pub associated: Option<Arc<Associated>>,
}

impl Request {
    /// A request with the defaults: every record says its own entity type and has the field `id`, one instance for each chunk,
    /// rules parked after 1,000 guilty records, chunks of 1,024 records, records of 1 MiB, no related entities.
    ///
    /// `now` is the time of the run, in microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn new(ruleset: impl Into<String>, now: i64) -> Self {
        const PARK_AFTER: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        Self {
            ruleset: ruleset.into(),
            entity_type: None,
            id_fields: vec!["id".to_owned()],
            run: Run { now, isolation: jurat_model::Isolation::Chunk, park_after: PARK_AFTER },
            chunk: ChunkLimits::default(),
            max_record: crate::json::DEFAULT_MAX_RECORD,
            associated: None,
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
        /// The field as given.
        field: String,
    },
    /// The results could not be handed over; those before are whole.
    #[error("the results could not be written")]
    Output(#[source] io::Error),
    /// A worker broke off: a mistake of the program.
    #[error("a worker broke off; the log says why")]
    Worker,
}

/// What the windows of one request share.
#[derive(Debug)]
pub(crate) struct Context {
    release: Arc<Release>,
    request: Request,
    id_fields: Arc<[String]>,
    first_look: Arc<Plan>,
    text: Arc<[u8]>,
    /// For each rule, whether it is parked: a hint that spares work, set in the order of the input.
    parked: Box<[AtomicBool]>,
}

/// A part of the text in which a record should be.
#[derive(Clone, Debug)]
struct Place {
    at: Position,
    length: Result<usize, JsonError>,
}

/// Judges all records of a text and hands over one result for each, in their order.
///
/// # Errors
/// When the request cannot be served at all, or its results cannot be handed over. One bad record never fails a request.
pub fn judge(
    release: &Arc<Release>,
    workers: &Workers,
    request: &Request,
    text: Arc<[u8]>,
    sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
) -> Result<Summary, JudgeError> {
    // Says at once what would else be said of every record.
    release.router.routes(&request.ruleset, request.entity_type.as_deref())?;
    let first_look = first_look(&request.id_fields).map_err(|field| JudgeError::IdField { field })?;
    let context = Arc::new(Context {
        release: Arc::clone(release),
        request: request.clone(),
        id_fields: request.id_fields.as_slice().into(),
        first_look: Arc::new(first_look),
        text: Arc::clone(&text),
        parked: release.providers.iter().map(|_| AtomicBool::new(false)).collect(),
    });

    let mut places = Records::new(&text, request.max_record).map(|entry| place(&entry)).fuse();
    let rows = request.chunk.rows.max(1) as usize;
    let most = workers.count() * 2 + 1;
    let mut under_way: VecDeque<Receiver<WindowOutcome>> = VecDeque::with_capacity(most);
    let mut renderer = Renderer::new(Arc::clone(&context));
    loop {
        while under_way.len() < most {
            let window: Vec<Place> = places.by_ref().take(rows).collect();
            if window.is_empty() {
                break;
            }
            under_way.push_back(submit(&context, workers, window));
        }
        let Some(oldest) = under_way.pop_front() else { break };
        let outcome = oldest.recv().map_err(|_| JudgeError::Worker)?;
        renderer.render(&outcome, sink).map_err(JudgeError::Output)?;
    }
    Ok(renderer.finish())
}

fn place(entry: &Entry<'_>) -> Place {
    Place { at: entry.at, length: entry.text.as_ref().map(|text| text.len()).map_err(Clone::clone) }
}

fn submit(context: &Arc<Context>, workers: &Workers, places: Vec<Place>) -> Receiver<WindowOutcome> {
    let (sender, receiver) = sync_channel(1);
    let context = Arc::clone(context);
    workers.submit(move |worker| {
        let outcome = window::judge(&context, worker, places);
        // Nobody waits any more if the results could not be written.
        let _ = sender.send(outcome);
    });
    receiver
}

impl Context {
    /// The text of a record, or why there is none.
    fn record(&self, place: &Place) -> Result<&[u8], JsonError> {
        let start = usize::try_from(place.at.offset).unwrap_or(usize::MAX);
        let length = place.length.as_ref().map_err(Clone::clone)?;
        Ok(self.text.get(start..start.saturating_add(*length)).unwrap_or_default())
    }

    fn is_parked(&self, rule: usize) -> bool {
        self.parked.get(rule).is_some_and(|parked| parked.load(Ordering::Relaxed))
    }

    fn park(&self, rule: usize) {
        if let Some(parked) = self.parked.get(rule) {
            parked.store(true, Ordering::Relaxed);
        }
    }
}
