//! One window of records, on one worker.

use std::sync::Arc;

use jurat_model::Worker;

use super::chunk::{self, Judged};
use super::related;
use super::{Context, Place};
use crate::extract::{Added, Chunk, ChunkBuilder, RelatedPlan, Tokens};
use crate::json::{JsonError, Scratch, unescape};
use crate::prepared::{ENTITY_TYPE, FIRST_ID, PlanKey, Prepared, SCHEMA};
use crate::results::RecordError;
use crate::routing::{Route, Routes};

/// The longest id that results carry, in bytes.
const ID_BYTES: usize = 256;

/// What became of the records of a window.
#[derive(Debug)]
pub(super) struct WindowOutcome {
    /// One for each record, in the order of the input.
    pub(super) records: Vec<RecordOutcome>,
    pub(super) judged: Vec<Judged>,
}

/// What became of one record.
#[derive(Debug)]
pub(super) struct RecordOutcome {
    pub(super) place: Place,
    pub(super) id: String,
    pub(super) fate: Fate,
}

#[derive(Debug)]
pub(super) enum Fate {
    /// It could not be judged.
    Unreadable(RecordError),
    /// It is a row of one of the window's chunks.
    Judged { chunk: usize, row: u32 },
}

/// A chunk that is ready to be judged.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) route: Route,
    pub(super) prepared: Arc<Prepared>,
    pub(super) chunk: Chunk,
    /// The records of the rows, as indices into the window.
    pub(super) rows: Vec<u32>,
    /// For each row, the terms behind which there is something, by their place in the plan, and how it was read. Rising.
    pub(super) entities: Vec<(u32, usize, Arc<RelatedPlan>)>,
    /// For each row, the terms behind which nothing can be read, and the reason. Rising.
    pub(super) bad_related: Vec<(u32, usize, String)>,
}

/// Reads, routes and judges the records of a window.
pub(super) fn judge(context: &Context, worker: Worker, places: Vec<Place>) -> WindowOutcome {
    let request = &context.request;
    let Ok(routes) = context.release.router.routes(&request.ruleset, request.entity_type.as_deref()) else {
        // Checked before the first window was made.
        return WindowOutcome { records: Vec::new(), judged: Vec::new() };
    };
    let mut reader = Reader {
        context,
        routes,
        scratch: Scratch::new(request.max_record),
        related_scratches: Vec::new(),
        groups: Vec::new(),
        last: None,
        chunks: Vec::new(),
    };
    let mut records = Vec::with_capacity(places.len());
    for (index, place) in (0..).zip(places) {
        let mut id = String::from("unknown");
        let fate = reader.read(index, &place, &mut id).unwrap_or_else(Fate::Unreadable);
        records.push(RecordOutcome { place, id, fate });
    }
    let chunks = reader.finish();
    let judged = chunks.into_iter().map(|filled| chunk::judge(context, worker, filled, &records)).collect();
    WindowOutcome { records, judged }
}

/// Records that go the same way.
struct Group {
    route: Route,
    prepared: Arc<Prepared>,
    builder: ChunkBuilder,
    rows: Vec<u32>,
    entities: Vec<(u32, usize, Arc<RelatedPlan>)>,
    bad_related: Vec<(u32, usize, String)>,
    /// The place of the chunk among the window's.
    chunk: usize,
}

struct Reader<'a> {
    context: &'a Context,
    routes: Routes<'a>,
    scratch: Scratch,
    related_scratches: Vec<Scratch>,
    groups: Vec<Group>,
    /// The group of the record before: the next one mostly goes the same way, and is then read only once.
    last: Option<usize>,
    /// The chunks so far; none where one is still being filled.
    chunks: Vec<Option<Filled>>,
}

impl Reader<'_> {
    /// Reads one record and adds it to the chunk of its group.
    fn read(&mut self, index: u32, place: &Place, id: &mut String) -> Result<Fate, RecordError> {
        let Self { context, routes, scratch, related_scratches, groups, last, chunks } = self;
        let whole = |error: JsonError| RecordError::new(error.code(), error.problem.to_string(), error.at);
        let here = |code, message| RecordError::new(code, message, place.at);
        let text = context.record(place).map_err(whole)?;

        let guess = last.and_then(|last| groups.get(last));
        let guessed = guess.map(|group| group.route);
        let plan = guess.map_or_else(|| Arc::clone(&context.first_look), |group| Arc::clone(&group.prepared.plan));
        let tokens = plan.scan(text, scratch).map_err(|error| whole(error.within(place.at)))?;
        entity_id(&tokens, context.id_fields.len(), id);
        let route = {
            let schema = text_of(&tokens, SCHEMA).map_err(|found| here("schema_not_text", found))?;
            let own = text_of(&tokens, ENTITY_TYPE).map_err(|found| here("entity_type_not_text", found))?;
            routes.find(schema.as_deref(), own.as_deref()).map_err(|error| here(error.code(), error.to_string()))?
        };

        let other;
        let (group, tokens) = if guessed == Some(route) {
            (*last, tokens)
        } else {
            let found = match groups.iter().position(|group| group.route == route) {
                Some(found) => found,
                None => {
                    let group =
                        Group::open(context, route, chunks).map_err(|reason| here("field_map_mismatch", reason))?;
                    groups.push(group);
                    groups.len() - 1
                }
            };
            other = groups.get(found).map_or(plan, |group| Arc::clone(&group.prepared.plan));
            *last = Some(found);
            (*last, other.scan(text, scratch).map_err(|error| whole(error.within(place.at)))?)
        };
        let group = group.and_then(|group| groups.get_mut(group));
        let group = group.ok_or_else(|| here("internal", "the record's group is missing".to_owned()))?;

        let found = related::find(context, &group.prepared, id, &mut Scratch::new(context.request.max_record));
        let entities = found.read(related_scratches, context);
        let mut added = group.builder.add(&tokens, &entities);
        if added == Added::Full {
            group.close(chunks);
            added = group.builder.add(&tokens, &entities);
        }
        if added != Added::Yes {
            let limit = context.request.chunk.bytes;
            return Err(here(
                "inputs_too_large",
                format!("what the rules read of this record takes more than {limit}"),
            ));
        }
        drop(entities);
        let row = group.builder.rows() - 1;
        group.rows.push(index);
        group.entities.extend(found.plans().map(|(term, plan)| (row, term, Arc::clone(plan))));
        group.bad_related.extend(found.bad.into_iter().map(|bad| (row, bad.term, bad.reason)));
        Ok(Fate::Judged { chunk: group.chunk, row })
    }

    fn finish(mut self) -> Vec<Filled> {
        for group in &mut self.groups {
            group.close(&mut self.chunks);
        }
        self.chunks.into_iter().flatten().collect()
    }
}

impl Group {
    fn open(context: &Context, route: Route, chunks: &mut Vec<Option<Filled>>) -> Result<Self, String> {
        let key = PlanKey {
            list: route.list,
            entity_type: route.entity_type,
            field_map: route.field_map,
            id_fields: Arc::clone(&context.id_fields),
        };
        let prepared = context.release.prepare(&key).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(|error| format!("{error}: {}", error.mismatch)).collect();
            errors.join("; ")
        })?;
        chunks.push(None);
        Ok(Self {
            route,
            builder: ChunkBuilder::new(Arc::clone(&prepared.plan), context.request.chunk, context.request.run.now),
            prepared,
            rows: Vec::new(),
            entities: Vec::new(),
            bad_related: Vec::new(),
            chunk: chunks.len() - 1,
        })
    }

    /// Puts the chunk where it belongs and begins the next one.
    fn close(&mut self, chunks: &mut Vec<Option<Filled>>) {
        let filled = Filled {
            route: self.route,
            prepared: Arc::clone(&self.prepared),
            chunk: self.builder.finish(),
            rows: std::mem::take(&mut self.rows),
            entities: std::mem::take(&mut self.entities),
            bad_related: std::mem::take(&mut self.bad_related),
        };
        if let Some(chunk) = chunks.get_mut(self.chunk) {
            *chunk = Some(filled);
        }
        chunks.push(None);
        self.chunk = chunks.len() - 1;
    }
}

/// A captured text; none if there is nothing or `null`.
pub(super) fn text_of<'a>(tokens: &Tokens<'a>, capture: usize) -> Result<Option<std::borrow::Cow<'a, str>>, String> {
    match tokens.capture(capture) {
        None | Some("null") => Ok(None),
        Some(token) => unescape(token).map(Some).ok_or_else(|| "it must be a text".to_owned()),
    }
}

/// The values of the id fields, joined with `-`. Left as it is if there is none of them.
fn entity_id(tokens: &Tokens<'_>, fields: usize, id: &mut String) {
    let mut is_first = true;
    for field in 0..fields {
        let value = match tokens.capture(FIRST_ID + field) {
            None | Some("null") => continue,
            Some(token) if token.starts_with(['{', '[']) => continue,
            Some(token) => unescape(token).unwrap_or(std::borrow::Cow::Borrowed(token)),
        };
        if is_first {
            id.clear();
        } else {
            id.push('-');
        }
        is_first = false;
        id.push_str(&value);
    }
    id.truncate(id.floor_char_boundary(ID_BYTES));
}
