//! One window of records, on one worker: read, sorted by the way they go, judged.

use std::sync::Arc;

use bytes::Bytes;
use jurat_model::Worker;

use super::chunk::{self, Judged};
use super::context::Context;
use super::group::{Filled, Group};
use super::identity::{self, Id, NotText};
use super::related::{self, Known};
use super::supply::Answers;
use crate::error_kind::EngineErrorKind;
use crate::extract::{Plan, Tokens};
use crate::json::{JsonError, Position, Scratch};
use crate::results::RecordError;
use crate::routing::{Route, RouteError, Routes};

/// Records of one text that follow each other.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// A part of the text, or all of it.
    pub(super) text: Bytes,
    /// Where that part begins.
    pub(super) base: u64,
    /// Which of the request's texts it is, from 0.
    pub(super) source: usize,
    pub(super) places: Vec<Place>,
}

/// A part of the text in which a record should be.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Where it begins in the whole text.
    pub(super) at: Position,
    pub(super) length: Result<usize, JsonError>,
}

/// What became of the records of a window.
#[derive(Debug)]
pub(super) struct WindowOutcome {
    pub(super) window: Window,
    /// One for each record, in the order of the input.
    pub(super) records: Vec<RecordOutcome>,
    pub(super) judged: Vec<Judged>,
    /// What was fetched for the records.
    pub(super) answers: Answers,
}

/// What became of one record.
#[derive(Debug)]
pub(super) struct RecordOutcome {
    pub(super) id: Id,
    pub(super) fate: Fate,
}

#[derive(Debug)]
pub(super) enum Fate {
    /// It could not be judged.
    Unreadable(RecordError),
    /// It is a row of one of the window's chunks.
    Judged { chunk: usize, row: u32 },
}

/// Why a record cannot be judged: code and words.
type Reason = (EngineErrorKind, String);

/// Reads, routes and judges the records of a window.
pub(super) fn judge(context: &Context, worker: Worker, window: Window, answers: Answers) -> WindowOutcome {
    let (Ok(routes), false) = (context.routes(), context.is_abandoned()) else {
        // The names were checked before the first window was made, so nobody waits for this one any more.
        return WindowOutcome { window, records: Vec::new(), judged: Vec::new(), answers };
    };
    let mut reader = Reader::new(context, routes, &answers);
    let mut records = Vec::with_capacity(window.places.len());
    for (index, place) in (0..).zip(&window.places) {
        let mut id = Id::unknown();
        let fate = reader.read(index, (place, window.record(place)), &mut id).unwrap_or_else(Fate::Unreadable);
        records.push(RecordOutcome { id, fate });
    }
    let chunks = reader.finish();
    let judged = chunks.into_iter().map(|filled| chunk::judge(context, worker, filled, &window)).collect();
    WindowOutcome { window, records, judged, answers }
}

impl Window {
    /// The text of a record, or why there is none.
    pub(super) fn record(&self, place: &Place) -> Result<&[u8], JsonError> {
        let start = usize::try_from(place.at.offset.saturating_sub(self.base)).unwrap_or(usize::MAX);
        let length = place.length.as_ref().map_err(Clone::clone)?;
        Ok(self.text.get(start..start.saturating_add(*length)).unwrap_or_default())
    }

    /// The text of a record, given by its place in the window; none where there is none.
    pub(super) fn text(&self, index: u32) -> Option<&[u8]> {
        self.places.get(index as usize).and_then(|place| self.record(place).ok())
    }

    /// Cuts off everything behind so many records.
    pub(super) fn split_off(&mut self, records: usize) -> Option<Self> {
        let rest = self.places.split_off(records.min(self.places.len()));
        (!rest.is_empty()).then(|| Self { text: self.text.clone(), base: self.base, source: self.source, places: rest })
    }
}

/// Reads records one after the other.
struct Reader<'a> {
    context: &'a Context,
    routes: Routes<'a>,
    answers: &'a Answers,
    groups: Vec<Group>,
    /// The route of the record before, and its group: the next record mostly goes the same way, and is then read only once.
    current: Option<(Route, usize)>,
    /// The plan of that group.
    plan: Arc<Plan>,
    /// The chunks so far, in the order in which they were begun; none where one is still being filled.
    chunks: Vec<Option<Filled>>,
    scratch: Scratch,
    related: related::Buffers,
}

impl<'a> Reader<'a> {
    fn new(context: &'a Context, routes: Routes<'a>, answers: &'a Answers) -> Self {
        Self {
            context,
            routes,
            answers,
            groups: Vec::new(),
            current: None,
            plan: Arc::clone(&context.first_look),
            chunks: Vec::new(),
            scratch: Scratch::new(context.request.max_record),
            related: related::Buffers::new(context.request.max_record),
        }
    }

    /// Reads one record and adds it to the chunk of its group. The id is set as soon as it is known.
    fn read(
        &mut self,
        index: u32,
        (place, text): (&Place, Result<&[u8], JsonError>),
        id: &mut Id,
    ) -> Result<Fate, RecordError> {
        let here = |(kind, message)| RecordError::new(kind, message, place.at);
        let within = |error: JsonError| broken(&error.within(place.at));
        let text = text.map_err(|error| broken(&error))?;

        let tokens = self.plan.scan(text, &mut self.scratch).map_err(within)?;
        *id = Id::of(&tokens, self.context.id_fields.len());
        let route = route(&mut self.routes, &tokens).map_err(here)?;
        let tokens = if self.current.is_some_and(|(current, _)| current == route) {
            tokens
        } else {
            self.turn_to(route).map_err(here)?;
            self.plan.scan(text, &mut self.scratch).map_err(within)?
        };

        let group = self.current.and_then(|(_, group)| self.groups.get_mut(group));
        let group =
            group.ok_or_else(|| here((EngineErrorKind::Internal, "the record's group is missing".to_owned())))?;
        let known = Known { context: self.context, answers: self.answers, record: index, id: id.key() };
        let found = related::find(known, group.prepared(), &mut self.related);
        let added = group.add(index, &tokens, found, &mut self.related, &mut self.chunks);
        added.map(|(chunk, row)| Fate::Judged { chunk, row }).ok_or_else(|| {
            let limit = self.context.request.chunk.bytes;
            here((
                EngineErrorKind::InputsTooLarge,
                format!("what the rules read of this record takes more than {limit}"),
            ))
        })
    }

    /// Makes the group of the route the current one.
    fn turn_to(&mut self, route: Route) -> Result<(), Reason> {
        let known = self.groups.iter().position(|group| group.route() == route);
        let place = known.unwrap_or(self.groups.len());
        if known.is_none() {
            self.groups.push(Group::open(self.context, route)?);
        }
        self.current = Some((route, place));
        if let Some(group) = self.groups.get(place) {
            self.plan = Arc::clone(&group.prepared().plan);
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Filled> {
        for group in &mut self.groups {
            group.close(&mut self.chunks);
        }
        // INVARIANT: every chunk that was begun is closed now, so that no place moves.
        self.chunks.into_iter().flatten().collect()
    }
}

/// Where a record goes, by what it says of itself.
pub(super) fn route(routes: &mut Routes<'_>, tokens: &Tokens<'_>) -> Result<Route, Reason> {
    let not_text = |kind, name| (kind, format!("`{name}` must be a text"));
    let schema = identity::schema(tokens).map_err(|_| not_text(EngineErrorKind::SchemaNotText, "$schema"))?;
    let (found, is_text) = match identity::entity_type(tokens) {
        Ok(own) => (routes.find(schema.as_deref(), own.as_deref()), true),
        Err(NotText) => (routes.find_without_default(schema.as_deref(), None), false),
    };
    found.map_err(|error| match error {
        RouteError::NoEntityType if !is_text => not_text(EngineErrorKind::EntityTypeNotText, "entity_type"),
        error => (error.kind(), error.to_string()),
    })
}

fn broken(error: &JsonError) -> RecordError {
    RecordError::new(error.kind(), error.problem.to_string(), error.at)
}
