//! Reads the records of a window: finds each record's route, and lays its values into a chunk.

use std::sync::Arc;

use super::context::Context;
use super::error::Bug;
use super::fetch::Answers;
use super::identity::Id;
use super::pacer::{Interrupted, Pacer};
use super::route::{Refusal, route};
use super::window::{NoRecord, Slot, Window};
use crate::error_kind::EngineErrorKind;
use crate::extract::Plan;
use crate::json::{JsonError, Scratch};
use crate::results::RecordError;
use crate::routing::{Route, Routes};

mod group;
mod related;
mod rows;

use group::{Chunks, Group};
use related::Buffers;
pub(super) use related::Known;
pub(super) use rows::{FilledChunk, ReadRecord, ReadWindow, RelatedRows, RowIndex, Unreadable};

/// Reads the records of a window.
pub(super) fn read(
    context: &Context,
    pacer: &mut Pacer<'_>,
    window: &Window,
    answers: &Answers,
) -> Result<ReadWindow, Interrupted> {
    let mut reader = RecordReader::new(context, answers)?;
    let mut records = Vec::with_capacity(window.slots.len());
    for (index, slot) in (0..).zip(&window.slots) {
        let mut id = Id::unknown();
        let row = reader.read(index, (slot, window.record(slot)), &mut id);
        records.push(ReadRecord { id, row });
        pacer.record(slot.length.as_ref().map_or(0, |length| *length))?;
    }
    Ok(ReadWindow { records, chunks: reader.finish()? })
}

/// Reads records one after the other.
struct RecordReader<'a> {
    context: &'a Context,
    routes: Routes<'a>,
    answers: &'a Answers,
    groups: Vec<Group>,
    /// The route of the record before, and the index of its group: the next record mostly has the same route, and is then read
    /// only once.
    current: Option<(Route, usize)>,
    /// The plan of that group.
    plan: Arc<Plan>,
    chunks: Chunks,
    scratch: Scratch,
    related: Buffers,
}

impl<'a> RecordReader<'a> {
    fn new(context: &'a Context, answers: &'a Answers) -> Result<Self, Bug> {
        Ok(Self {
            context,
            routes: context.routes()?,
            answers,
            groups: Vec::new(),
            current: None,
            plan: Arc::clone(&context.first_look),
            chunks: Chunks::default(),
            scratch: Scratch::new(context.options.max_record),
            related: Buffers::new(context.options.max_record),
        })
    }

    /// Reads one record and adds it to the chunk of its group. The id is set as soon as it is known.
    fn read(
        &mut self,
        index: u32,
        (slot, text): (&Slot, Result<&[u8], NoRecord>),
        id: &mut Id,
    ) -> Result<RowIndex, RecordError> {
        let here = |(kind, message)| RecordError::new(kind, message, slot.at);
        let within = |error: JsonError| broken(&error.within(slot.at));
        let text = text.map_err(|error| match error {
            NoRecord::Broken(error) => broken(&error),
            NoRecord::Bug(bug) => RecordError::bug(bug.0, slot.at),
        })?;

        let tokens = self.plan.scan(text, &mut self.scratch).map_err(within)?;
        *id = self.context.id(&tokens);
        let route = route(&mut self.routes, &tokens).map_err(here)?;
        let tokens = if self.current.is_some_and(|(current, _)| current == route) {
            tokens
        } else {
            self.turn_to(route).map_err(here)?;
            self.plan.scan(text, &mut self.scratch).map_err(within)?
        };

        let group = self.current.and_then(|(_, group)| self.groups.get_mut(group));
        let group = group.ok_or_else(|| RecordError::bug(Bug::new("a record's group is missing").0, slot.at))?;
        let known = Known { context: self.context, answers: self.answers, record: index, id: id.key() };
        let found = related::find(known, group.prepared(), &mut self.related);
        group.add(index, &tokens, found, &mut self.related, &mut self.chunks).ok_or_else(|| {
            let limit = self.context.options.max_record;
            here((
                EngineErrorKind::InputsTooLarge,
                format!("what the rules read of this record, or of an entity related to it, takes more than {limit} (`max_record`)"),
            ))
        })
    }

    /// Makes the group of the route the current one.
    fn turn_to(&mut self, route: Route) -> Result<(), Refusal> {
        let known = self.groups.iter().position(|group| group.route() == route);
        let index = known.unwrap_or(self.groups.len());
        if known.is_none() {
            self.groups.push(Group::open(self.context, route)?);
        }
        self.current = Some((route, index));
        if let Some(group) = self.groups.get(index) {
            self.plan = Arc::clone(&group.prepared().plan);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<FilledChunk>, Bug> {
        for group in &mut self.groups {
            group.close(&mut self.chunks);
        }
        self.chunks.finish()
    }
}

fn broken(error: &JsonError) -> RecordError {
    RecordError::new(error.kind(), error.problem.to_string(), error.at)
}
