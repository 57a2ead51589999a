//! A request from its text to its results.
//!
//! The text is cut into windows of records. Related entities that have to be fetched are fetched while a window is filled; then
//! workers judge windows side by side, and results come out in the order of the input. As many windows as there are workers, and
//! a few more, are under way at a time: memory is bounded by that, not by the input.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use jurat_model::{Bytes, Run};
use thiserror::Error;

use crate::associated::Associated;
use crate::excerpt::Excerpt;
use crate::extract::{ChunkLimits, Plan, PlanError};
use crate::json::{Entry, JsonError, Position, Records};
use crate::prepared::{PlanKey, Prepared, first_look};
use crate::release::Release;
use crate::results::{Evidence, RecordResult, Summary};
use crate::routing::{Route, RouteError, Routes};
use crate::supplier::Supplier;
use crate::workers::{Workers, receive};

mod chunk;
mod draft;
mod explain;
mod group;
mod identity;
mod message;
mod related;
mod render;
mod supply;
mod tally;
mod values;
mod window;

use render::Renderer;
use supply::{Answers, Supply};
use window::WindowOutcome;

/// A window ends behind the record with which its texts exceed this many bytes.
const WINDOW_BYTES: usize = 4 << 20;
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
    /// The time of the run, how much records share, and when a rule is parked.
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
}

impl Request {
    /// A request with the defaults: every record says its own entity type and has the field `id`, one instance for each chunk,
    /// rules parked after 1,000 guilty records, chunks of 1,024 records, records of 1 MiB, no related entities and nobody to get
    /// them, 100 findings, any entity type, no evidence.
    ///
    /// `now` is the time of the run, in microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn new(ruleset: impl Into<String>, now: i64) -> Self {
        const PARK_AFTER: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
        const MAX_FINDINGS: NonZeroU32 = NonZeroU32::new(100).unwrap();
        Self {
            ruleset: ruleset.into(),
            entity_type: None,
            id_fields: vec!["id".to_owned()],
            run: Run { now, isolation: jurat_model::Isolation::Chunk, park_after: PARK_AFTER },
            chunk: ChunkLimits::default(),
            max_record: crate::json::DEFAULT_MAX_RECORD,
            associated: None,
            supplier: None,
            max_findings: MAX_FINDINGS,
            expected: Vec::new(),
            evidence: None,
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
    /// The results could not be handed over; those before are whole.
    #[error("the results could not be written")]
    Output(#[source] io::Error),
    /// A worker broke off: a mistake of the program.
    #[error("a worker broke off; the log says why")]
    Worker,
}

impl JudgeError {
    /// Whether the request is to blame, and not the host or whoever takes the results.
    #[must_use]
    pub fn blames_request(&self) -> bool {
        match self {
            Self::Route(_) | Self::IdField { .. } | Self::TooManyIdFields | Self::Now => true,
            Self::Output(_) | Self::Worker => false,
        }
    }
}

/// What the windows of one request share.
#[derive(Debug)]
pub(crate) struct Context {
    release: Arc<Release>,
    request: Request,
    id_fields: Arc<[String]>,
    first_look: Arc<Plan>,
    /// The time of the run as results write it.
    now: Arc<str>,
    /// The same as a JSON token, where it is shown among others.
    now_token: String,
    text: Arc<[u8]>,
    /// For each rule, whether it is parked: a hint that spares work, set in the order of the input.
    parked: Box<[AtomicBool]>,
    /// Nobody waits for results any more: another hint.
    is_abandoned: AtomicBool,
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
    let context = Arc::new(Context::new(release, request, text)?);
    let _waiting = Waiting(&context);
    let mut places = Records::new(&context.text, request.max_record).map(|entry| place(&entry)).fuse();
    let most = workers.count() * 2 + 1;
    let mut under_way: VecDeque<(Receiver<WindowOutcome>, usize)> = VecDeque::with_capacity(most);
    let mut fetched = 0;
    let mut renderer = Renderer::new(Arc::clone(&context));
    let mut supply = Supply::open(&context);
    loop {
        while under_way.len() < most && fetched <= FETCHED_BYTES {
            let (window, answers) = match &mut supply {
                None => (next_window(&mut places, request.chunk.rows, |_| true), Answers::default()),
                Some(supply) => {
                    let mut order = supply.order(FETCHED_BYTES.saturating_sub(fetched));
                    let window = next_window(&mut places, request.chunk.rows, |place| order.add(place));
                    (window, order.finish())
                }
            };
            if window.is_empty() {
                break;
            }
            let bytes = answers.bytes();
            fetched += bytes;
            under_way.push_back((submit(&context, workers, window, answers), bytes));
        }
        let Some((oldest, bytes)) = under_way.pop_front() else { break };
        let outcome = receive(&oldest).map_err(|_| JudgeError::Worker)?;
        renderer.render(outcome, sink).map_err(JudgeError::Output)?;
        fetched -= bytes;
    }
    Ok(renderer.finish())
}

fn place(entry: &Entry<'_>) -> Place {
    Place { at: entry.at, length: entry.text.as_ref().map(|text| text.len()).map_err(Clone::clone) }
}

/// The next records, as many as fit a chunk, or fewer if they are long; none behind one with which there is `room` no more. Where
/// windows end changes no result.
fn next_window(
    places: &mut impl Iterator<Item = Place>,
    rows: u32,
    mut room: impl FnMut(&Place) -> bool,
) -> Vec<Place> {
    let mut window = Vec::new();
    let (mut bytes, mut has_room) = (0, true);
    while has_room && bytes <= WINDOW_BYTES && window.len() < rows.max(1) as usize {
        let Some(place) = places.next() else { break };
        bytes += place.length.as_ref().copied().unwrap_or_default();
        has_room = room(&place);
        window.push(place);
    }
    window
}

fn submit(context: &Arc<Context>, workers: &Workers, places: Vec<Place>, answers: Answers) -> Receiver<WindowOutcome> {
    let (sender, receiver) = sync_channel(1);
    let context = Arc::clone(context);
    workers.submit(move |worker| {
        let outcome = window::judge(&context, worker, places, answers);
        // Nobody waits any more if the results could not be written.
        let _ = sender.send(outcome);
    });
    receiver
}

/// Somebody waits for the results; tells the workers when that ends.
struct Waiting<'a>(&'a Context);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.is_abandoned.store(true, Ordering::Relaxed);
    }
}

impl Context {
    /// Checks at once what would else be said of every record.
    fn new(release: &Arc<Release>, request: &Request, text: Arc<[u8]>) -> Result<Self, JudgeError> {
        release.router.routes(&request.ruleset, request.entity_type.as_deref())?.expecting(&request.expected)?;
        if request.id_fields.len() > MAX_ID_FIELDS {
            return Err(JudgeError::TooManyIdFields);
        }
        if let Some(field) = request.id_fields.iter().find(|field| field.len() > MAX_ID_PATH) {
            return Err(JudgeError::IdField { field: Excerpt::of(field).to_string() });
        }
        // Looked at for every window: each name once, however often the caller gives it.
        let mut expected = request.expected.clone();
        expected.sort_unstable();
        expected.dedup();
        let first_look = first_look(&request.id_fields);
        let first_look = first_look.map_err(|field| JudgeError::IdField { field: field.to_string() })?;
        let now = jiff::Timestamp::from_microsecond(request.run.now).map_err(|_| JudgeError::Now)?;
        Ok(Self {
            release: Arc::clone(release),
            request: Request { expected, ..request.clone() },
            id_fields: request.id_fields.as_slice().into(),
            first_look: Arc::new(first_look),
            now: Arc::from(now.to_string()),
            now_token: format!("\"{now}\""),
            text,
            parked: release.providers.iter().map(|_| AtomicBool::new(false)).collect(),
            is_abandoned: AtomicBool::new(false),
        })
    }

    /// The routes of the request. The names that it gives are those of [`Context::new`], so this does not fail.
    fn routes(&self) -> Result<Routes<'_>, RouteError> {
        let Request { ruleset, entity_type, expected, .. } = &self.request;
        self.release.router.routes(ruleset, entity_type.as_deref())?.expecting(expected)
    }

    /// How records of a route are judged.
    fn prepare(&self, route: Route) -> Result<Arc<Prepared>, Vec<PlanError>> {
        self.release.prepare(&PlanKey {
            list: route.list,
            entity_type: route.entity_type,
            field_map: route.field_map,
            id_fields: Arc::clone(&self.id_fields),
        })
    }

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

    fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }
}
